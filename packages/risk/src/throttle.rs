//! F7: how much a market liquidates in a while, so that a cascade does not sell into itself.

use crate::error::RiskResult;
use crate::liquidation::LiquidationParams;
use crate::number::{sum_of_products, Rounding, ONE_SIGNED};
use crate::quantity::{signed, Ratio, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Owners that are told apart within one block; whoever comes after them waits for the next one.
pub const THROTTLE_OWNERS_MAX: usize = 8;

/// What one market liquidated lately: a bucket that empties, and the shares of this block's owners. All of them, and not only of the
/// last one: two owners who take turns would else each forget the other's half.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Throttle {
    /// What of the burst was in use at `at`.
    pub used: Size,
    /// Seconds.
    pub at: u64,
    pub height: u64,
    /// What was free when the block `height` first asked.
    pub free_at_height: Size,
    /// At most [`THROTTLE_OWNERS_MAX`].
    pub owners: Vec<OwnerShare>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnerShare {
    pub owner: String,
    pub used: Size,
}

/// One close that asks for room.
#[derive(Debug, Clone, Copy)]
pub struct ThrottledClose<'a> {
    pub owner: &'a str,
    /// A magnitude.
    pub size: Size,
    pub skew: Size,
    pub skew_scale: Size,
    pub fee_ratio: Ratio,
    pub now: u64,
    pub height: u64,
}

impl Throttle {
    /// Takes room for a close and returns how much of it may go now, a magnitude.
    ///
    /// `cap = fee * S * multiplier * seconds` for each window: half of it at once, the other half comes back over the window, so that
    /// no window of any position sees more than the cap. One owner gets at most half of what is free when the block first
    /// asks. When less than `size_min` is free and |K|/S is below `throttle_relief_skew`, the block's first close finds the burst
    /// whole again: a balanced book can take it. A close of at most `size_min` needs no room.
    ///
    /// Units: base. Rounding: down. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
    /// Source: `docs/formulas.md#f7-liquidation-throttle`.
    pub fn take(&mut self, close: ThrottledClose, params: &LiquidationParams) -> RiskResult<Size> {
        let what = "the room of a throttle";
        if close.size <= params.size_min || params.throttle_seconds == 0 {
            return Ok(close.size);
        }
        let fee = signed(close.fee_ratio.atoms(), what)?;
        let multiplier = signed(params.throttle_multiplier.atoms(), what)?;
        // Half of the cap for each `over` seconds that passed of the window.
        let half_of_cap = |seconds: u64| {
            sum_of_products(
                &[&[fee, close.skew_scale.atoms(), multiplier, seconds.into()]],
                &[2, ONE_SIGNED, ONE_SIGNED],
                Rounding::Floor,
                what,
            )
            .map(Size::from_atoms)
        };
        let burst = half_of_cap(params.throttle_seconds)?;
        let came_back = half_of_cap(close.now.saturating_sub(self.at).min(params.throttle_seconds))?;
        self.used = self.used.minus(came_back)?.max(Size::ZERO);
        self.at = close.now;
        if close.height != self.height || self.owners.is_empty() {
            let skew = Ratio::of(close.skew.magnitude(), close.skew_scale.magnitude(), Rounding::Ceil)?;
            if burst.minus(self.used)? < params.size_min && skew < params.throttle_relief_skew {
                self.used = Size::ZERO;
            }
            self.height = close.height;
            self.free_at_height = burst.minus(self.used)?;
            self.owners.clear();
        }
        let place = self.owners.iter().position(|share| share.owner == close.owner);
        let taken = place.and_then(|place| self.owners.get(place)).map_or(Size::ZERO, |share| share.used);
        if place.is_none() && self.owners.len() >= THROTTLE_OWNERS_MAX {
            return Ok(Size::ZERO);
        }
        let half = self.free_at_height.times(Ratio::percent(50))?;
        let free = burst.minus(self.used)?.min(half.minus(taken)?).max(Size::ZERO);
        let granted = close.size.min(free);
        if granted.is_zero() {
            return Ok(granted);
        }
        self.used = self.used.plus(granted)?;
        let share = OwnerShare { owner: close.owner.into(), used: taken.plus(granted)? };
        match place.and_then(|place| self.owners.get_mut(place)) {
            Some(known) => *known = share,
            None => self.owners.push(share),
        }
        Ok(granted)
    }
}

#[cfg(test)]
mod tests;
