//! Solvency: what costs the venue, whatever is usual. No statistics, no scale that adapts: a slow grind that trains every
//! adaptive detector still reaches these.
//!
//! Moves are counted in shares of maintenance margin against the extremes of a window; money in shares of what it is taken from. Which
//! shares are answered, and how, is the ladders' of [`super::RuleConfig`].

use super::episode::{move_in_margins, step_reached};
use super::extreme_window::{ExtremeBucket, ExtremeWindow, EXTREME_BUCKETS};
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::posture::Level;
use crate::quantity::{Amount, Price, Ratio};
use serde::{Deserialize, Serialize};

/// From which share a rule answers, and how. Bounds: above 0, growing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    pub guarded: Ratio,
    pub reduce_only: Ratio,
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

#[cfg(test)]
#[path = "solvency/tests.rs"]
mod tests;
