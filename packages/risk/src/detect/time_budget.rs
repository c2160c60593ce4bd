//! How long a level may be held: at most so many seconds in any window, with a state of bounded size.

use crate::error::{RiskError, RiskResult};
use serde::{Deserialize, Serialize};

/// At most `allowance_seconds` in any `window_seconds`.
///
/// Time is counted in buckets, and a bucket counts as long as any of it may lie in the window: an allowance returns up
/// to one bucket late, never early, so no choice of edges yields more than the allowance. A list of intervals would be
/// exact, but grows with every short trip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetRule {
    pub window_seconds: u64,
    /// Bounds: above 0; divides the window.
    pub bucket_seconds: u64,
    pub allowance_seconds: u64,
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// `Frozen` from all sources, per market.
pub const FROZEN_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 7 * DAY, bucket_seconds: 6 * HOUR, allowance_seconds: DAY };
/// `ReduceOnly` or tighter from the council, per market, and again from its playbooks: each message ends within a week, but a new one
/// may follow, and a council could keep liquidity providers from leaving for ever, one week after the other.
pub const COUNCIL_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 28 * DAY, bucket_seconds: DAY, allowance_seconds: 7 * DAY };
/// `ReduceOnly` from reflex sources, per market, all rules and observers together: a rule that trips all day long must not close a
/// market by persistence.
pub const REDUCE_ONLY_BUDGET: BudgetRule =
    BudgetRule { window_seconds: DAY, bucket_seconds: HOUR, allowance_seconds: 6 * HOUR };
/// What all that are no rules of the price draw of it: what trades, liquidations or observers can feed leaves the price four hours.
pub const FED_BUDGET: BudgetRule = BudgetRule { allowance_seconds: 2 * HOUR, ..REDUCE_ONLY_BUDGET };
/// The longest restriction of the timelock, seconds. No budget counts these: its word comes with a delay, in which a canceller may stop it.
pub const GOVERNANCE_RESTRICTION_SECONDS: u64 = 30 * DAY;

/// Seconds spent within one bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentBucket {
    /// Number of the bucket: its start divided by its width.
    pub index: u64,
    pub seconds: u64,
}

/// What was spent of a [`BudgetRule`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeBudget {
    /// Everything up to here is paid for. Grants start at their time, so the paid part of the future has no holes.
    pub committed_until: u64,
    /// Oldest first. Bounds: the buckets of one window and of one allowance.
    pub spent: Vec<SpentBucket>,
}

/// The answer to a request for `[now, end)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How far the request is granted: between `now` (not at all) and the asked end.
    pub until: u64,
    /// What is spent then.
    pub budget: TimeBudget,
}

impl TimeBudget {
    /// Grants as much of the start of `[now, end)` as the rule leaves. What an earlier grant covers costs nothing: two
    /// sources that hold the level at the same time spend once.
    ///
    /// Units: seconds. Rounding: against the request, by at most one bucket. Errors: [`RiskError::DivisionByZero`] for
    /// an empty bucket; [`RiskError::Overflow`].
    pub fn grant(&self, rule: &BudgetRule, now: u64, end: u64) -> RiskResult<Grant> {
        let overflow = || RiskError::Overflow { what: "a time budget" };
        let buckets = rule
            .window_seconds
            .checked_div(rule.bucket_seconds)
            .ok_or(RiskError::DivisionByZero { what: "buckets of a time budget" })?;
        let bucket_of = |time: u64| time.checked_div(rule.bucket_seconds).ok_or_else(overflow);
        let oldest = bucket_of(now)?.saturating_sub(buckets);
        let mut budget = self.clone();
        budget.spent.retain(|bucket| bucket.index >= oldest);
        let mut cursor = now.max(self.committed_until);
        // Bounded: every turn spends into another bucket, and what a window may hold ends it.
        while cursor < end {
            let index = bucket_of(cursor)?;
            let border =
                index.checked_add(1).and_then(|next| next.checked_mul(rule.bucket_seconds)).ok_or_else(overflow)?;
            let wanted = border.min(end).checked_sub(cursor).ok_or_else(overflow)?;
            let left = rule.allowance_seconds.saturating_sub(budget.spent_since(index.saturating_sub(buckets))?);
            let granted = wanted.min(left);
            budget.spend(index, granted)?;
            cursor = cursor.checked_add(granted).ok_or_else(overflow)?;
            if granted < wanted {
                break;
            }
        }
        budget.committed_until = cursor.max(self.committed_until);
        Ok(Grant { until: cursor.min(end).max(now), budget })
    }

    fn spent_since(&self, oldest: u64) -> RiskResult<u64> {
        self.spent
            .iter()
            .filter(|bucket| bucket.index >= oldest)
            .try_fold(0u64, |sum, bucket| sum.checked_add(bucket.seconds))
            .ok_or(RiskError::Overflow { what: "a time budget" })
    }

    fn spend(&mut self, index: u64, seconds: u64) -> RiskResult<()> {
        if seconds == 0 {
            return Ok(());
        }
        match self.spent.last_mut() {
            Some(bucket) if bucket.index == index => {
                bucket.seconds =
                    bucket.seconds.checked_add(seconds).ok_or(RiskError::Overflow { what: "a time budget" })?;
            }
            Some(_) | None => self.spent.push(SpentBucket { index, seconds }),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULE: BudgetRule =
        BudgetRule { window_seconds: 24 * HOUR, bucket_seconds: HOUR, allowance_seconds: 6 * HOUR };
    const START: u64 = 1_000 * HOUR;

    #[test]
    fn the_budgets_are_a_day_of_a_week_a_week_of_four_and_six_hours_of_a_day() {
        let seconds = |rule: BudgetRule| [rule.window_seconds, rule.bucket_seconds, rule.allowance_seconds];
        assert_eq!(seconds(FROZEN_BUDGET), [604_800, 21_600, 86_400]);
        assert_eq!(seconds(COUNCIL_BUDGET), [2_419_200, 86_400, 604_800]);
        assert_eq!(seconds(REDUCE_ONLY_BUDGET), [86_400, 3_600, 21_600]);
        assert_eq!(seconds(FED_BUDGET), [86_400, 3_600, 7_200]);
        assert_eq!(GOVERNANCE_RESTRICTION_SECONDS, 2_592_000);
    }

    #[test]
    fn a_fresh_budget_grants_its_whole_allowance_and_no_more() {
        let fresh = TimeBudget::default();
        assert_eq!(fresh.grant(&RULE, START, START + 6 * HOUR).unwrap().until, START + 6 * HOUR);
        let all = fresh.grant(&RULE, START, START + 9 * HOUR).unwrap();
        assert_eq!(all.until, START + 6 * HOUR);
        // Asked again at once: nothing is left; what was granted is still paid for.
        assert_eq!(all.budget.grant(&RULE, START + 6 * HOUR, START + 7 * HOUR).unwrap().until, START + 6 * HOUR);
        assert_eq!(all.budget.grant(&RULE, START + HOUR, START + 2 * HOUR).unwrap().until, START + 2 * HOUR);
        // A day later, plus one bucket, all of it is back.
        let later = START + 31 * HOUR;
        assert_eq!(all.budget.grant(&RULE, later, later + 6 * HOUR).unwrap().until, later + 6 * HOUR);
    }

    #[test]
    fn what_is_spent_within_one_bucket_is_one_bucket() {
        let first = TimeBudget::default().grant(&RULE, START, START + 600).unwrap().budget;
        let second = first.grant(&RULE, START + 700, START + 1_200).unwrap().budget;
        assert_eq!(second.spent, [SpentBucket { index: START / HOUR, seconds: 1_100 }]);
        let third = second.grant(&RULE, START + HOUR, START + HOUR + 60).unwrap().budget;
        assert_eq!(third.spent.len(), 2);
    }

    #[test]
    fn what_is_covered_already_costs_nothing() {
        let first = TimeBudget::default().grant(&RULE, START, START + HOUR).unwrap().budget;
        let second = first.grant(&RULE, START + 10, START + HOUR).unwrap();
        assert_eq!((second.until, second.budget), (START + HOUR, first.clone()));
        let third = first.grant(&RULE, START + 10, START + HOUR + 10).unwrap();
        assert_eq!(third.budget.spent.iter().map(|bucket| bucket.seconds).sum::<u64>(), HOUR + 10);
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_the_allowance_and_the_state_is_bounded(
            requests in prop::collection::vec((1u64..4 * HOUR, 1u64..7 * HOUR), 1..60),
        ) {
            let mut budget = TimeBudget::default();
            let mut now = START + 1_234;
            let mut held: Vec<(u64, u64)> = Vec::new();
            for (pause, length) in requests {
                now += pause;
                let grant = budget.grant(&RULE, now, now + length).unwrap();
                prop_assert!(now <= grant.until && grant.until <= now + length);
                held.push((now, grant.until));
                budget = grant.budget;
                prop_assert!(budget.spent.len() <= 24 + 1 + 7);
            }
            // The union of what was held, then every window that starts or ends at an edge.
            let mut union: Vec<(u64, u64)> = Vec::new();
            for (start, end) in held {
                match union.last_mut() {
                    Some(last) if last.1 >= start => last.1 = last.1.max(end),
                    _ => union.push((start, end)),
                }
            }
            let edges = union.iter().flat_map(|(start, end)| [*start, *end]);
            let starts = edges.flat_map(|edge| [edge, edge.saturating_sub(RULE.window_seconds)]);
            for start in starts {
                let end = start + RULE.window_seconds;
                let inside: u64 = union.iter().map(|(s, e)| (*e).min(end).saturating_sub((*s).max(start))).sum();
                prop_assert!(inside <= RULE.allowance_seconds, "{inside} s in a day");
            }
        }
    }
}
