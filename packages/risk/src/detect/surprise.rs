//! Surprise: moves that are out of proportion to what the market has shown, and moves that keep their direction.
//!
//! **Guarantee.** Mean number of observations to a false alarm at threshold `g` is at least `g`. **Assumption**, for each
//! wager: given any past, the move exceeds the wager's level with probability `p0` at most; for the directional wager, in
//! either direction. Moves that are independent and scaled right keep it with a wide margin, even with Student's t of
//! three degrees. Volatility that clusters breaks it for some blocks after a large move: that is what the memory of the
//! last two moves, the faster of two scales and generous `p0` are for, and what `firebreak calibrate` measures. A volatility of three
//! times the usual one is an ordinary state of a market: this detector stays silent about it on purpose, and
//! [`super::Cage`] raises the margin instead.

use super::evidence::{fused, Evidence, Wager, MILLION};
use super::scale::{above, next_mean, Memory};
use serde::{Deserialize, Serialize};

/// Levels of the undirected wagers.
pub const SHOCK_WAGERS: usize = 2;

/// What a size is compared with, and what is bet on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShockParams {
    /// The scale is the larger of two means: the fast one follows a busy hour, the slow one does not forget it.
    pub fast: Memory,
    pub slow: Memory,
    /// What the scale starts with, in units of the sizes. Large errs to the side of no alarm.
    pub scale_start: u64,
    /// The scale counts as this at least: a feed that repeats its price for an hour must not make the next tick a shock.
    pub scale_floor: u64,
    pub wagers: [Wager; SHOCK_WAGERS],
}

/// Undirected surprise: sizes above several times their own scale. Also used for the width of the oracle's band.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shock {
    /// Means of the sizes; zero before the first.
    pub fast: u64,
    pub slow: u64,
    pub evidence: [Evidence; SHOCK_WAGERS],
}

impl Shock {
    /// The scale that the next size is compared with: known before it.
    pub fn scale(&self, params: &ShockParams) -> u64 {
        let scale = if self.slow == 0 { params.scale_start } else { self.fast.max(self.slow) };
        scale.max(params.scale_floor)
    }

    /// Takes in a size: bets first, learns after.
    ///
    /// Rounding: down for evidence, up for scales. Errors: none.
    pub fn observe(&mut self, size: u64, params: &ShockParams) {
        let scale = self.scale(params);
        for (evidence, wager) in self.evidence.iter_mut().zip(&params.wagers) {
            let hit = size > above(wager.level, scale);
            *evidence = evidence.after(wager.e_value(hit), Evidence::from_whole(wager.cap));
        }
        if self.slow == 0 {
            (self.fast, self.slow) = (scale, scale);
        }
        self.fast = next_mean(self.fast, size, params.fast, params.scale_floor);
        // Never zero again: zero means that nothing was seen.
        self.slow = next_mean(self.slow, size, params.slow, params.scale_floor).max(1);
    }

    /// The weighted mean of the wagers. Mean time to a false alarm at `g`: at least `g` observations, while each wager's level is exceeded with
    /// probability `p0` at most in every state of the past.
    pub fn evidence(&self, params: &ShockParams) -> Evidence {
        let [low, high] = self.evidence;
        let [low_wager, high_wager] = &params.wagers;
        fused(&[(low_wager.weight, low), (high_wager.weight, high)])
    }

    /// Forgets the evidence, keeps the scale: after an alarm was answered.
    pub fn reset(&mut self) {
        self.evidence = Default::default();
    }
}

/// Directional surprise: several moves in a row, each large, all of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftParams {
    /// Mean of the moves before the last two, so that a run of three is measured with what was known before it began.
    pub delayed: Memory,
    /// A move counts if it is at least so many thousandths of the larger of the last two, whatever their direction. After one huge
    /// move volatility stays high, and two more of a tenth of it mean nothing; a run of moves of one size does.
    pub relative: u32,
    /// Its weight is shared by both directions.
    pub wager: Wager,
}

/// See [`DriftParams`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Mean of the sizes before the last two; zero before the first.
    pub delayed: u64,
    /// Sizes of the last two moves, the newer first.
    pub recent: [u64; 2],
    pub up: Evidence,
    pub down: Evidence,
}

impl Drift {
    /// Takes in a move of `size`, upwards or not. `slow` is the slow mean of the undirected detector before this move.
    ///
    /// Rounding: down for evidence, up for scales. Errors: none.
    pub fn observe(&mut self, size: u64, upwards: bool, slow: u64, floor: u64, params: &DriftParams) {
        if self.delayed == 0 {
            *self = Self { delayed: slow.max(1), recent: [slow; 2], ..*self };
        }
        let [newer, older] = self.recent;
        let bar = above(params.wager.level, self.delayed.max(slow).max(floor));
        let hit = size > bar.max(above(params.relative, newer.max(older)));
        let cap = Evidence::from_whole(params.wager.cap);
        let (won, lost) = (params.wager.e_value(true), params.wager.e_value(false));
        self.up = self.up.after(if hit && upwards { won } else { lost }, cap);
        self.down = self.down.after(if hit && !upwards { won } else { lost }, cap);
        self.delayed = next_mean(self.delayed, older, params.delayed, floor).max(1);
        self.recent = [size, newer];
    }

    /// The mean of both directions, times the wager's weight. Mean time to a false alarm: see [`super::surprise`].
    fn terms(&self, params: &DriftParams) -> [(u32, Evidence); 2] {
        let half = params.wager.weight.checked_div(2).unwrap_or(0);
        [(half, self.up), (half, self.down)]
    }

    pub fn reset(&mut self) {
        (self.up, self.down) = (Evidence::ZERO, Evidence::ZERO);
    }
}

/// Both channels of a price. Weights of all three wagers add up to one million at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurpriseParams {
    pub shock: ShockParams,
    pub drift: DriftParams,
}

/// Surprise of one price series: sizes are moves per block, in units of 10^-12.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surprise {
    pub shock: Shock,
    pub drift: Drift,
}

impl Surprise {
    /// Takes in one move. `O(1)`, no allocation. Errors: none.
    pub fn observe(&mut self, size: u64, upwards: bool, params: &SurpriseParams) {
        let floor = params.shock.scale_floor;
        let slow = if self.shock.slow == 0 { params.shock.scale_start } else { self.shock.slow };
        self.drift.observe(size, upwards, slow, floor, &params.drift);
        self.shock.observe(size, &params.shock);
    }

    /// Evidence that this market's moves are no longer its own.
    ///
    /// Mean time to a false alarm at `g`: at least `g` observations, assuming that in every state of the past a move
    /// exceeds each level with probability `p0` at most. Rounding: down.
    pub fn evidence(&self, params: &SurpriseParams) -> Evidence {
        let [low, high] = self.shock.evidence;
        let [low_wager, high_wager] = &params.shock.wagers;
        let [up, down] = self.drift.terms(&params.drift);
        fused(&[(low_wager.weight, low), (high_wager.weight, high), up, down])
    }

    /// Forgets the evidence, keeps the scales.
    pub fn reset(&mut self) {
        self.shock.reset();
        self.drift.reset();
    }
}

impl SurpriseParams {
    /// The shipped figures, for moves in units of 10^-12 per block of 6 s. `docs/detection.md` says what they reach.
    pub const STANDARD: Self = Self {
        shock: ShockParams {
            fast: Memory { length: 36, cut: 3_000 },
            slow: Memory { length: 512, cut: 3_000 },
            // 4 and 0.5 basis points a block: volatility of about 115 % and 14 % a year.
            scale_start: 400_000_000,
            scale_floor: 50_000_000,
            wagers: [
                Wager { level: 5_000, p0: 50_000, p1: 400_000, weight: MILLION / 4, cap: 200_000 },
                Wager { level: 9_000, p0: 15_000, p1: 400_000, weight: MILLION / 4, cap: 200_000 },
            ],
        },
        drift: DriftParams {
            delayed: Memory { length: 16, cut: 20_000 },
            relative: 750,
            wager: Wager { level: 10_000, p0: 3_000, p1: 970_000, weight: MILLION / 2, cap: u64::MAX },
        },
    };
}

#[cfg(test)]
#[path = "surprise/tests.rs"]
mod tests;
