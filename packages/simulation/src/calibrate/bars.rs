//! What the detectors are held to, and whether they reach it.

use super::adversary::AttackOutcome;
use super::delay::{DelayCell, Shift};
use super::nulls::PriceNull;
use super::{FalseAlarms, Model, BLOCKS_PER_TIER};

/// Blocks within which nearly every shift must be found.
pub const SOON: u32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Met,
    Missed,
    /// Too few blocks to tell.
    NotJudged,
}

impl Verdict {
    fn of(met: bool) -> Self {
        if met {
            Self::Met
        } else {
            Self::Missed
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
            Self::NotJudged => "not judged",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub name: String,
    pub wanted: String,
    pub found: String,
    pub verdict: Verdict,
}

/// Mean time to a false alarm at least the nominal one, in every null model, by the lower 95 % Poisson bound.
pub fn false_alarm_bars(cells: &[FalseAlarms]) -> Vec<Bar> {
    cells
        .iter()
        .map(|cell| Bar {
            name: format!("{}, {}, {}", cell.channel.name(), cell.model.name(), cell.tier),
            wanted: format!("mean time >= {}", cell.threshold),
            found: format!(">= {:.0}", cell.lower_bound()),
            verdict: match (cell.is_judged(), cell.is_met()) {
                // Too short to pass is not long enough to fail, unless it fails by counting.
                (false, _) => Verdict::NotJudged,
                (true, met) => Verdict::of(met),
            },
        })
        .collect()
}

/// A tenfold volatility in 8 blocks and nearly always within 60 on a day's evidence; a tenfold rate and a drift of ten
/// sigmas in 3 blocks on a year's. Judged in Gaussian and t4 markets; in GARCH ones a tenfold volatility is part of the null.
pub fn delay_bars(cells: &[DelayCell]) -> Vec<Bar> {
    let mut bars = vec![];
    for cell in cells {
        let (blocks, share) = match (cell.shift, cell.model, cell.tier) {
            (_, Model::Price(PriceNull::GarchT4 | PriceNull::StudentT3), _) => continue,
            (Shift::Volatility(10.0), Model::Price(_), "day") => (8, Some(0.95)),
            (Shift::Drift(10.0), Model::Price(_), "year") => (3, None),
            (Shift::Rate(10.0), Model::Flow(_), "year") => (3, None),
            _ => continue,
        };
        let median = cell.delays.median();
        let within = cell.delays.share_within(SOON);
        let met = median.is_some_and(|median| median <= blocks) && share.is_none_or(|share| within >= share);
        let share_text = |share: f64| format!(", {:.1} % within {SOON}", share * 100.0);
        bars.push(Bar {
            name: format!("{}, {}, {}", cell.shift.name(), cell.model.name(), cell.tier),
            wanted: format!("median <= {blocks}{}", share.map(share_text).unwrap_or_default()),
            found: format!("{}{}", median.map_or("never".into(), |median| median.to_string()), share_text(within)),
            verdict: Verdict::of(met),
        });
    }
    bars
}

/// The venue acts before the price has moved by one maintenance margin within any hour.
pub fn attack_bars(outcomes: &[AttackOutcome]) -> Vec<Bar> {
    outcomes
        .iter()
        .map(|outcome| Bar {
            name: outcome.attack.name(),
            wanted: "acts before a move of 1 margin".into(),
            found: format!("{:.2}", outcome.at_first_action),
            verdict: Verdict::of(outcome.at_first_action < 1.0),
        })
        .collect()
}

/// Blocks that the longest tier needs to be judged.
pub fn blocks_needed(threshold: u64) -> u64 {
    BLOCKS_PER_TIER * threshold
}
