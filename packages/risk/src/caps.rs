//! Caps that grow slowly and shrink at once.

use crate::error::RiskResult;
use crate::funding::SECONDS_PER_DAY;
use crate::number::{sum_of_products, Rounding, ONE_SIGNED};
use crate::quantity::{signed, Ratio, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a cap stood when its target was last set. The cap of a moment is computed when it is read: nobody has to move it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CapRamp {
    pub from: Size,
    /// Seconds.
    pub since: u64,
}

impl CapRamp {
    /// A new market: nothing may be opened until the ramp has run for a while.
    pub const fn from_zero(now: u64) -> Self {
        Self { from: Size::ZERO, since: now }
    }

    /// `min(target, from + target * daily * elapsed / day)`.
    ///
    /// Units: base. Rounding: down. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
    pub fn cap(&self, target: Size, daily: Ratio, now: u64) -> RiskResult<Size> {
        let what = "a cap on its way";
        if self.from >= target {
            return Ok(target);
        }
        let elapsed = i128::from(now.saturating_sub(self.since));
        let grown = sum_of_products(
            &[&[target.atoms(), signed(daily.atoms(), what)?, elapsed]],
            &[SECONDS_PER_DAY.into(), ONE_SIGNED],
            Rounding::Floor,
            what,
        )?;
        Ok(self.from.plus(Size::from_atoms(grown))?.min(target))
    }

    /// The ramp towards another target: from the cap of now, so that a raise never jumps; a lower target acts at once.
    pub fn towards(&self, before: Size, daily: Ratio, after: Size, now: u64) -> RiskResult<Self> {
        Ok(Self { from: self.cap(before, daily, now)?.min(after), since: now })
    }
}

#[cfg(test)]
mod tests;
