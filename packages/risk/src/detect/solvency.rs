//! Solvency: what costs the venue, whatever is usual. No statistics, no scale that adapts: a slow grind that trains every
//! adaptive detector still reaches these.
//!
//! Moves are counted in shares of maintenance margin against the extremes of the last hour and of the last day; money in shares of what
//! it is taken from. Each rule answers with a level of its own; the harshest counts.

use super::episode::{move_in_margins, step_reached};
use super::extreme_window::{ExtremeBucket, ExtremeWindow, EXTREME_BUCKETS};
use super::sum_window::AmountWindow;
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::posture::Level;
use crate::quantity::{Amount, Price, Ratio};
use serde::{Deserialize, Serialize};

const HOUR_SECONDS: u64 = 3_600;
const DAY_SECONDS: u64 = 86_400;

/// From which share a rule answers, and how. Bounds: above 0, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    pub guarded: Ratio,
    pub reduce_only: Ratio,
}

impl Thresholds {
    /// The level that a share asks for.
    pub fn level(&self, share: Ratio) -> Level {
        if share >= self.reduce_only {
            Level::ReduceOnly
        } else if share >= self.guarded {
            Level::Guarded
        } else {
            Level::Normal
        }
    }
}

/// `part / whole`, where nothing of nothing is nothing, and something of nothing is everything and more.
///
/// Rounding: up, towards tripping. Errors: none.
pub fn share_of(part: Amount, whole: Amount) -> Ratio {
    if part.is_zero() {
        return Ratio::ZERO;
    }
    Ratio::of(part.atoms(), whole.atoms(), Rounding::Ceil).unwrap_or(Ratio::from_atoms(u128::MAX))
}

/// What was answered to moves of one direction: the highest step, and until when it is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// 1 for the first step, 2 for the second; 0 is none.
    pub step: u8,
    pub until: u64,
}

/// The move of a price away from the extremes of a window.
///
/// The extremes themselves are never re-anchored: an attacker who trips the first step on purpose, or moves the price to and fro,
/// still meets the second one at its full distance from where any hour began. Only *repeats* are counted from the last trip, so that a
/// price which stays where it is trips nothing more (the wedge of SIP-65).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveWatch {
    pub window: ExtremeWindow,
    /// Extremes since the last trip; its `index` is when that was, seconds.
    pub since: Option<ExtremeBucket>,
    /// Answers to falls from the window's high, and to rises from its low.
    pub fallen: Answered,
    pub risen: Answered,
}

impl MoveWatch {
    /// Takes in a price. A trip needs a step of the window's own move that was not answered yet, or a new move from the extremes since the last
    /// trip that reaches the first step; its level is that of the larger.
    ///
    /// Units: seconds; the move in shares of maintenance margin. Rounding: up. Errors: those of [`ExtremeWindow::observe`] and
    /// [`move_in_margins`].
    pub fn observe(
        &mut self,
        at: u64,
        price: Price,
        window_seconds: u64,
        thresholds: &Thresholds,
        maintenance_margin_ratio: Ratio,
    ) -> RiskResult<(Level, Ratio)> {
        let extremes = self.window.observe(at, price, window_seconds)?;
        let ladder = [thresholds.guarded, thresholds.reduce_only];
        let moved = |reference| move_in_margins(price, reference, maintenance_margin_ratio);
        let step = |moved| step_reached(&ladder, moved).map_or(0u8, |step| step.saturating_add(1));
        let (fall, rise) = (moved(extremes.high)?, moved(extremes.low)?);
        // The extremes that a trip answered have left the window by then, and what the window holds came after it.
        let memory = window_seconds.saturating_add(window_seconds.div_ceil(EXTREME_BUCKETS));
        self.since = self.since.filter(|since| at < since.index.saturating_add(memory));
        let repeats = match &mut self.since {
            Some(since) => {
                since.low = since.low.min(price);
                since.high = since.high.max(price);
                step(moved(since.high)?).max(step(moved(since.low)?))
            }
            None => 0,
        };
        let until = at.saturating_add(memory);
        let mut answer = 0;
        for (answered, moved) in [(&mut self.fallen, fall), (&mut self.risen, rise)] {
            let known = if at < answered.until { answered.step } else { 0 };
            let reached = step(moved);
            if reached > known || (repeats > 0 && reached > 0) {
                *answered = Answered { step: reached.max(known), until };
                answer = answer.max(reached);
            }
        }
        let level = match answer.max(repeats) {
            0 => Level::Normal,
            1 => Level::Guarded,
            _ => Level::ReduceOnly,
        };
        if level > Level::Normal {
            self.since = Some(ExtremeBucket { index: at, low: price, high: price });
        }
        Ok((level, fall.max(rise)))
    }
}

/// Which rule speaks. Grows only at the end: the order is part of packed formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SolvencyRule {
    HourMove,
    DayMove,
    /// Liquidated notional of the last hour, as a share of open interest.
    Liquidations,
    /// Fall of the value of a pool share from the day's highest.
    PoolDrawdown,
    /// What left in the last hour above what came, as a share of the pool.
    Outflow,
    /// Fall of the insurance fund from the day's highest.
    FundDrawdown,
    /// What no source covered in the last day, as a share of the pool.
    BadDebt,
}

/// Rules of [`SolvencyRule`], in its order.
pub const SOLVENCY_RULES: usize = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SolvencyParams {
    pub maintenance_margin_ratio: Ratio,
    /// In shares of maintenance margin, from the extremes of an hour and of a day.
    pub hour_move: Thresholds,
    pub day_move: Thresholds,
    pub liquidations: Thresholds,
    pub pool_drawdown: Thresholds,
    pub outflow: Thresholds,
    pub fund_drawdown: Thresholds,
    pub bad_debt: Thresholds,
}

const fn percent(guarded: u32, reduce_only: u32) -> Thresholds {
    Thresholds { guarded: Ratio::percent(guarded), reduce_only: Ratio::percent(reduce_only) }
}

impl SolvencyParams {
    /// The shipped figures for a maintenance margin of 2.5 %. The first step is at half a margin within an hour, so that leverage is cut and margin raised
    /// before a position at its limit is worth less than nothing; the second is a move that calm months do not have.
    pub const STANDARD: Self = Self {
        maintenance_margin_ratio: Ratio::from_basis_points(250),
        hour_move: percent(50, 150),
        day_move: percent(200, 400),
        liquidations: percent(5, 15),
        pool_drawdown: percent(3, 8),
        outflow: percent(10, 25),
        fund_drawdown: percent(10, 30),
        bad_debt: Thresholds { guarded: Ratio::from_basis_points(1), reduce_only: Ratio::from_basis_points(50) },
    };
}

/// What happened to the venue's money since the last observation, and what there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Money {
    pub open_interest: Amount,
    pub liquidated: Amount,
    /// Value of a fixed number of pool shares: deposits and withdrawals do not move it.
    pub pool_share_value: Amount,
    pub pool: Amount,
    pub left: Amount,
    pub came: Amount,
    /// Value of a fixed number of the fund's shares.
    pub fund_share_value: Amount,
    pub uncovered: Amount,
}

/// What the rules remember: seven rings of at most seven buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solvency {
    pub hour: MoveWatch,
    pub day: MoveWatch,
    pub liquidated: AmountWindow,
    pub pool: AmountWindow,
    pub left: AmountWindow,
    pub came: AmountWindow,
    pub fund: AmountWindow,
    pub uncovered: AmountWindow,
}

/// What every rule says: its level and the share that it saw, kept for the post-mortem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolvencyVerdict {
    pub rules: [(SolvencyRule, Level, Ratio); SOLVENCY_RULES],
}

impl SolvencyVerdict {
    /// The harshest rule; the first of equals.
    pub fn harshest(&self) -> (SolvencyRule, Level, Ratio) {
        self.rules.iter().fold((SolvencyRule::HourMove, Level::Normal, Ratio::ZERO), |harshest, rule| {
            if rule.1 > harshest.1 {
                *rule
            } else {
                harshest
            }
        })
    }
}

impl Solvency {
    /// Takes in a price and what happened to the money since the last one.
    ///
    /// Units: seconds, quote, settlement coin. Rounding: shares up, towards tripping. Errors: time that goes back, a price of zero; see
    /// [`MoveWatch::observe`], [`AmountWindow::add`]. Bounded: eight rings of seven buckets.
    pub fn observe(
        &mut self,
        at: u64,
        price: Price,
        money: &Money,
        params: &SolvencyParams,
    ) -> RiskResult<SolvencyVerdict> {
        let margin = params.maintenance_margin_ratio;
        let hour = self.hour.observe(at, price, HOUR_SECONDS, &params.hour_move, margin)?;
        let day = self.day.observe(at, price, DAY_SECONDS, &params.day_move, margin)?;
        let sum = |window: &mut AmountWindow, amount: Amount, seconds| {
            window.add(at, amount.atoms(), seconds).map(Amount::from_atoms)
        };
        let liquidated = share_of(sum(&mut self.liquidated, money.liquidated, HOUR_SECONDS)?, money.open_interest);
        let left = sum(&mut self.left, money.left, HOUR_SECONDS)?;
        let came = sum(&mut self.came, money.came, HOUR_SECONDS)?;
        // A deposit and a withdrawal of one coin are no outflow; whoever pays in to hide a run has paid in.
        let outflow = share_of(left.saturating_minus(came), money.pool);
        let uncovered = share_of(sum(&mut self.uncovered, money.uncovered, DAY_SECONDS)?, money.pool);
        let pool = drawdown(&mut self.pool, at, money.pool_share_value)?;
        let fund = drawdown(&mut self.fund, at, money.fund_share_value)?;
        let by = |rule, thresholds: &Thresholds, share| (rule, thresholds.level(share), share);
        Ok(SolvencyVerdict {
            rules: [
                (SolvencyRule::HourMove, hour.0, hour.1),
                (SolvencyRule::DayMove, day.0, day.1),
                by(SolvencyRule::Liquidations, &params.liquidations, liquidated),
                by(SolvencyRule::PoolDrawdown, &params.pool_drawdown, pool),
                by(SolvencyRule::Outflow, &params.outflow, outflow),
                by(SolvencyRule::FundDrawdown, &params.fund_drawdown, fund),
                by(SolvencyRule::BadDebt, &params.bad_debt, uncovered),
            ],
        })
    }
}

/// Fall from the day's highest figure. Rounding: up.
fn drawdown(window: &mut AmountWindow, at: u64, value: Amount) -> RiskResult<Ratio> {
    let highest = Amount::from_atoms(window.highest(at, value.atoms(), DAY_SECONDS)?);
    Ok(share_of(highest.saturating_minus(value), highest))
}

#[cfg(test)]
#[path = "solvency/tests.rs"]
mod tests;
