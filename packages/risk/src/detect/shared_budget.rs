//! One budget for all who restrict a market by reflex, of which some draw a part at most, and some of those less.

use super::time_budget::{BudgetRule, TimeBudget};
use crate::error::RiskResult;
use serde::{Deserialize, Serialize};

/// How many parts are kept.
pub const PARTS: usize = 2;

/// What was spent: by everybody together, and of it by those who are bounded further.
///
/// Whoever trades can feed some rules and no others. With one budget for all of them, who feeds those would leave nothing to the rules
/// of the price; with one budget each, the market would be closed for the sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBudget {
    pub all: TimeBudget,
    pub parts: [TimeBudget; PARTS],
}

impl SharedBudget {
    /// Grants and spends as much of the start of `[now, end)` as is left; the answer is how far. `parts` bound a request
    /// of those who draw a part; who is in several is bounded by each.
    ///
    /// In any window of `all` the union of what was granted is at most its allowance, and what requests under a part spent of it at most
    /// the allowance of that part: if both have the same windows and buckets, the others are never short by more than that. What is
    /// paid for already, by whomever, costs nothing.
    ///
    /// Units: seconds. Rounding: against the request, by one bucket at most. Errors: those of [`TimeBudget::grant`].
    pub fn draw(
        &mut self,
        all: &BudgetRule,
        parts: [Option<&BudgetRule>; PARTS],
        now: u64,
        end: u64,
    ) -> RiskResult<u64> {
        // The paid part of the future has no holes: a request pays from here on.
        let start = now.max(self.all.committed_until);
        if start >= end {
            return Ok(end.max(now));
        }
        let mut wanted = end;
        for (part, rule) in self.parts.iter().zip(parts) {
            if let Some(rule) = rule {
                wanted = part.grant(rule, start, wanted)?.until;
            }
        }
        let granted = self.all.grant(all, now, wanted)?;
        for (part, rule) in self.parts.iter_mut().zip(parts) {
            if let Some(rule) = rule {
                *part = part.grant(rule, start, granted.until)?.budget;
            }
        }
        self.all = granted.budget;
        Ok(granted.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    const ALL: BudgetRule = BudgetRule { window_seconds: DAY, bucket_seconds: HOUR, allowance_seconds: 6 * HOUR };
    const PART: BudgetRule = BudgetRule { allowance_seconds: 2 * HOUR, ..ALL };
    const LESS: BudgetRule = BudgetRule { allowance_seconds: HOUR, ..ALL };
    const START: u64 = 1_000 * HOUR;

    fn draw(budget: &mut SharedBudget, is_part: bool, now: u64, seconds: u64) -> u64 {
        budget.draw(&ALL, [is_part.then_some(&PART), None], now, now + seconds).unwrap() - now
    }

    #[test]
    fn who_is_in_two_parts_leaves_the_others_of_the_larger_one_theirs() {
        let mut budget = SharedBudget::default();
        let mut of_both =
            |now: u64, seconds: u64| budget.draw(&ALL, [Some(&PART), Some(&LESS)], now, now + seconds).unwrap() - now;
        assert_eq!((of_both(START, 3 * HOUR), of_both(START + 3 * HOUR, HOUR)), (HOUR, 0));
        assert_eq!(draw(&mut budget, true, START + 4 * HOUR, 3 * HOUR), HOUR);
        assert_eq!(draw(&mut budget, false, START + 8 * HOUR, 5 * HOUR), 4 * HOUR);
        // Spent by others, the larger one leaves it nothing.
        let mut budget = SharedBudget::default();
        draw(&mut budget, true, START, 2 * HOUR);
        let later = START + 3 * HOUR;
        assert_eq!(budget.draw(&ALL, [Some(&PART), Some(&LESS)], later, later + HOUR).unwrap(), later);
    }

    #[test]
    fn a_part_is_drawn_of_the_whole_and_leaves_the_rest() {
        let mut budget = SharedBudget::default();
        assert_eq!(draw(&mut budget, true, START, 3 * HOUR), 2 * HOUR);
        assert_eq!(draw(&mut budget, true, START + 3 * HOUR, HOUR), 0);
        assert_eq!(draw(&mut budget, false, START + 4 * HOUR, 5 * HOUR), 4 * HOUR);
        assert_eq!(draw(&mut budget, false, START + 9 * HOUR, HOUR), 0);
    }

    #[test]
    fn who_draws_of_the_whole_may_draw_all_of_it() {
        let mut budget = SharedBudget::default();
        assert_eq!(draw(&mut budget, false, START, 7 * HOUR), 6 * HOUR);
        assert_eq!(draw(&mut budget, true, START + 7 * HOUR, HOUR), 0);
        assert_eq!(budget.parts[0].spent, []);
    }

    #[test]
    fn what_somebody_has_paid_for_costs_neither_budget() {
        let mut budget = SharedBudget::default();
        draw(&mut budget, false, START, 3 * HOUR);
        assert_eq!(draw(&mut budget, true, START + HOUR, 2 * HOUR), 2 * HOUR);
        assert_eq!(budget.parts[0], TimeBudget::default());
        // An hour beyond it costs an hour.
        assert_eq!(draw(&mut budget, true, START + HOUR, 3 * HOUR), 3 * HOUR);
        assert_eq!(budget.parts[0].spent.iter().map(|bucket| bucket.seconds).sum::<u64>(), HOUR);
        assert_eq!(draw(&mut budget, false, START + HOUR, 3 * HOUR), 3 * HOUR);
    }

    /// Seconds of `spans` within any window that begins or ends at an edge of one: the most of all windows.
    fn most(spans: &[(u64, u64)]) -> u64 {
        let mut union: Vec<(u64, u64)> = vec![];
        for (start, end) in spans {
            match union.last_mut() {
                Some(last) if last.1 >= *start => last.1 = last.1.max(*end),
                _ => union.push((*start, *end)),
            }
        }
        let inside = |from: u64| {
            let to = from + DAY;
            union.iter().map(|(start, end)| (*end).min(to).saturating_sub((*start).max(from))).sum::<u64>()
        };
        let edges = union.iter().flat_map(|(start, end)| [*start, *end]);
        edges.flat_map(|edge| [edge, edge - DAY]).map(inside).max().unwrap_or(0)
    }

    proptest! {
        // six hours in any day for all together, two of them for what others can feed, and four for the price whatever those do.
        #[test]
        fn no_day_holds_more_than_all_may_nor_leaves_the_price_less_than_its_own(
            requests in prop::collection::vec((any::<bool>(), 0u64..3 * HOUR, 1u64..7 * HOUR), 1..60),
        ) {
            let mut budget = SharedBudget::default();
            let mut now = START + 1_234;
            let (mut held, mut by_part, mut by_price) = (vec![], vec![], vec![]);
            for (is_part, pause, seconds) in requests {
                now += pause;
                let paid = budget.all.committed_until.max(now);
                let until = now + draw(&mut budget, is_part, now, seconds);
                prop_assert!(until <= now + seconds);
                // Paid: whatever was granted, and nothing beyond what was asked.
                prop_assert!(until <= budget.all.committed_until.max(now));
                held.push((now, until));
                let of_its_own: &mut Vec<(u64, u64)> = if is_part { &mut by_part } else { &mut by_price };
                if until > paid {
                    of_its_own.push((paid, until));
                }
                if !is_part {
                    let oldest = now.saturating_sub(DAY + HOUR);
                    let spent: u64 = by_price.iter().map(|(from, to): &(u64, u64)| to.saturating_sub((*from).max(oldest))).sum();
                    prop_assert!(until - now >= seconds.min(4 * HOUR) || spent >= 4 * HOUR, "{} s granted, {spent} s spent", until - now);
                }
            }
            prop_assert!(most(&held) <= ALL.allowance_seconds, "{} s in a day", most(&held));
            prop_assert!(most(&by_part) <= PART.allowance_seconds, "{} s of the part", most(&by_part));
            prop_assert!(budget.all.spent.len() <= 32 && budget.parts[0].spent.len() <= 32);
        }
    }
}
