//! What happened, in order: detected, restricted, liquidated, covered, re-opened.
//!
//! Thousands of messages become a page: what repeats within ten minutes is one line that adds up.

use firebreak_messages::circuit_breaker::RuleTripped;
use firebreak_messages::derivatives_vault::Payer;
use firebreak_messages::RuleId;
use firebreak_risk::{Level, MICRO};

/// Repetitions within this many seconds of the line's last one are added to it.
const MERGE_SECONDS: u64 = 600;

#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A rule reached a step of its ladder: the move in shares of maintenance margin.
    Detected {
        rule: RuleId,
        moved: String,
        level: Level,
    },
    /// The market's level rose, or fell without being normal again.
    Restricted {
        from: Level,
        to: Level,
        reason: String,
    },
    Reopened {
        from: Level,
    },
    Liquidated {
        count: u64,
        notional: u128,
    },
    /// Micro-units by payer.
    Covered {
        payers: Vec<(Payer, u128)>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Seconds since 1970; of the first and the last that the line adds up.
    pub at: u64,
    pub last_at: u64,
    pub what: Happened,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timeline {
    pub lines: Vec<Line>,
    /// Detected since the market was normal: said once for each rule and level.
    detected: Vec<(RuleId, Level)>,
}

impl Timeline {
    pub fn tripped(&mut self, at: u64, fact: &RuleTripped) {
        let key = (fact.rule, fact.level.0);
        if self.detected.contains(&key) {
            return;
        }
        self.detected.push(key);
        self.add(
            at,
            Happened::Detected { rule: fact.rule, moved: two_decimals(fact.moved.atoms()), level: fact.level.0 },
        );
    }

    pub fn level_changed(&mut self, at: u64, from: Level, to: Level, reason: String) {
        if to == Level::Normal {
            self.detected.clear();
            self.add(at, Happened::Reopened { from });
        } else {
            self.add(at, Happened::Restricted { from, to, reason });
        }
    }

    pub fn liquidated(&mut self, at: u64, more: u128) {
        match self.recent(at, |what| matches!(what, Happened::Liquidated { .. })) {
            Some(Happened::Liquidated { count, notional }) => {
                *count += 1;
                *notional += more;
            }
            _ => self.add(at, Happened::Liquidated { count: 1, notional: more }),
        }
    }

    pub fn covered(&mut self, at: u64, payer: Payer, amount: u128) {
        match self.recent(at, |what| matches!(what, Happened::Covered { .. })) {
            Some(Happened::Covered { payers }) => match payers.iter_mut().find(|(known, _)| *known == payer) {
                Some((_, sum)) => *sum += amount,
                None => payers.push((payer, amount)),
            },
            _ => self.add(at, Happened::Covered { payers: vec![(payer, amount)] }),
        }
    }

    fn add(&mut self, at: u64, what: Happened) {
        self.lines.push(Line { at, last_at: at, what });
    }

    /// The latest line of a kind, if it is recent; it now lasts until `at`.
    fn recent(&mut self, at: u64, kind: impl Fn(&Happened) -> bool) -> Option<&mut Happened> {
        let line = self.lines.iter_mut().rev().find(|line| kind(&line.what))?;
        if at > line.last_at + MERGE_SECONDS {
            return None;
        }
        line.last_at = at;
        Some(&mut line.what)
    }
}

impl Line {
    pub fn describe(&self) -> String {
        match &self.what {
            Happened::Detected { rule, moved, level } => {
                format!("detected    {rule} rule: {moved} x maintenance margin, calls for {level}")
            }
            Happened::Restricted { from, to, reason } if to > from => {
                format!("restricted  {from} -> {to} ({reason})")
            }
            Happened::Restricted { from, to, .. } => format!("loosened    {from} -> {to}"),
            Happened::Reopened { from } => format!("re-opened   {from} -> normal"),
            Happened::Liquidated { count, notional } => {
                format!("liquidated  {count} positions, {} of notional{}", money(*notional), self.until())
            }
            Happened::Covered { payers } => {
                let parts: Vec<String> =
                    payers.iter().map(|(payer, amount)| format!("{} by {payer}", money(*amount))).collect();
                format!("covered     {}{}", parts.join(", "), self.until())
            }
        }
    }

    fn until(&self) -> String {
        if self.last_at == self.at {
            return String::new();
        }
        format!(", until {}", &utc(self.last_at)[11..])
    }
}

/// Micro-units as units with two decimals and thousands separated.
pub fn money(micro: u128) -> String {
    let hundredths = (micro + MICRO / 200) / (MICRO / 100);
    let digits = (hundredths / 100).to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{:02}", hundredths % 100)
}

fn two_decimals(atoms: u128) -> String {
    let hundredths = atoms / (firebreak_risk::ONE / 100);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Seconds since 1970 as a date and a time, UTC.
pub fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60)
}

/// Years are walked from 1970 on, then months: a few thousand steps at most for a time that a price file may hold.
fn date(mut days: u64) -> (u64, u64, u64) {
    let is_leap = |year: u64| (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    let mut year = 1_970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let lengths = [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use firebreak_messages::circuit_breaker::{LevelText, RuleMode};
    use firebreak_messages::MarketId;
    use firebreak_risk::Ratio;

    #[test]
    fn times_and_money_read_as_people_write_them() {
        assert_eq!(utc(1_583_971_200), "2020-03-12 00:00:00");
        assert_eq!(utc(1_709_251_199), "2024-02-29 23:59:59");
        assert_eq!(utc(0), "1970-01-01 00:00:00");
        for (micro, text) in
            [(0, "0.00"), (1_234_567_890_000, "1,234,567.89"), (999_995_000, "1,000.00"), (5_000, "0.01")]
        {
            assert_eq!(money(micro), text);
        }
    }

    #[test]
    fn what_repeats_is_one_line() {
        let mut timeline = Timeline::default();
        timeline.liquidated(0, 1_000_000);
        timeline.covered(5, Payer::Insurance, 2_000_000);
        timeline.liquidated(600, 1_000_000);
        timeline.covered(10, Payer::Insurance, 1_000_000);
        timeline.covered(10, Payer::Pool, 500_000);
        timeline.liquidated(1_201, 1_000_000);
        let texts: Vec<String> = timeline.lines.iter().map(Line::describe).collect();
        assert_eq!(
            texts,
            [
                "liquidated  2 positions, 2.00 of notional, until 00:10:00",
                "covered     3.00 by insurance, 0.50 by pool, until 00:00:10",
                "liquidated  1 positions, 1.00 of notional",
            ]
        );
    }

    #[test]
    fn a_rule_is_named_once_until_the_market_is_normal_again() {
        let fact = RuleTripped {
            market: MarketId(1),
            rule: RuleId::Band,
            mode: RuleMode::Enforce,
            moved: Ratio::percent(215),
            level: LevelText(Level::ReduceOnly),
            round: 7,
        };
        let mut timeline = Timeline::default();
        timeline.tripped(0, &fact);
        timeline.level_changed(0, Level::Normal, Level::ReduceOnly, "band-rule".into());
        timeline.tripped(15, &fact);
        timeline.level_changed(300, Level::ReduceOnly, Level::Guarded, "band-rule".into());
        timeline.level_changed(600, Level::Guarded, Level::Normal, String::new());
        timeline.tripped(700, &fact);
        let texts: Vec<String> = timeline.lines.iter().map(Line::describe).collect();
        assert_eq!(
            texts,
            [
                "detected    band rule: 2.15 x maintenance margin, calls for reduce-only",
                "restricted  normal -> reduce-only (band-rule)",
                "loosened    reduce-only -> guarded",
                "re-opened   guarded -> normal",
                "detected    band rule: 2.15 x maintenance margin, calls for reduce-only",
            ]
        );
    }
}
