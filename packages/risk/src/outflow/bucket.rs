//! One limiter's capacity, in four parts that refill each towards its own share of the baseline.

use super::{factor_of, ExitClass};
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::posture::BasisPoints;
use crate::quantity::Amount;
use serde::{Deserialize, Serialize};

const TRADERS_PERCENT: u128 = 40;
const PROVIDERS_PERCENT: u128 = 40;
const SHARED_PERCENT: u128 = 10;
const RESERVE_PERCENT: u128 = 10;

/// What may leave now. At rest 40 % of it is for traders, 40 % for providers, 10 % for whichever of them comes first, and 10 %
/// for small exits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    pub traders: Amount,
    pub providers: Amount,
    pub shared: Amount,
    pub reserve: Amount,
}

impl Bucket {
    /// A bucket at rest.
    pub(super) fn full(baseline: Amount) -> RiskResult<Self> {
        let part = |percent| baseline.times_fraction(percent, 100, Rounding::Floor);
        Ok(Self {
            traders: part(TRADERS_PERCENT)?,
            providers: part(PROVIDERS_PERCENT)?,
            shared: part(SHARED_PERCENT)?,
            reserve: part(RESERVE_PERCENT)?,
        })
    }

    /// Moves every part towards its share of the baseline.
    pub(super) fn leak(&mut self, rest: &Self, elapsed: u64, period: u64) -> RiskResult<()> {
        for (level, target) in [
            (&mut self.traders, rest.traders),
            (&mut self.providers, rest.providers),
            (&mut self.shared, rest.shared),
            (&mut self.reserve, rest.reserve),
        ] {
            *level = leak(*level, target, elapsed, period)?;
        }
        Ok(())
    }

    pub(super) fn own(&mut self, class: ExitClass) -> &mut Amount {
        match class {
            ExitClass::Traders => &mut self.traders,
            ExitClass::Providers => &mut self.providers,
        }
    }

    /// What a class may take at a factor: of its own part, and of the shared one.
    pub(super) fn usable(&self, rest: &Self, class: ExitClass, factor: BasisPoints) -> RiskResult<(Amount, Amount)> {
        let (level, target) = match class {
            ExitClass::Traders => (self.traders, rest.traders),
            ExitClass::Providers => (self.providers, rest.providers),
        };
        Ok((usable(level, target, factor)?, usable(self.shared, rest.shared, factor)?))
    }

    pub(super) fn usable_reserve(&self, rest: &Self, factor: BasisPoints) -> RiskResult<Amount> {
        usable(self.reserve, rest.reserve, factor)
    }

    /// Takes out of the class's own part first.
    pub(super) fn charge(&mut self, class: ExitClass, amount: Amount, own_usable: Amount) -> RiskResult<()> {
        let from_own = amount.min(own_usable);
        let own = self.own(class);
        *own = own.minus(from_own)?;
        self.shared = self.shared.minus(amount.minus(from_own)?)?;
        Ok(())
    }
}

/// `max(target, level - target) * elapsed / period` towards the target and never past it. Rounding: against who leaves.
fn leak(level: Amount, target: Amount, elapsed: u64, period: u64) -> RiskResult<Amount> {
    if elapsed >= period {
        return Ok(target);
    }
    let (elapsed, period) = (u128::from(elapsed), u128::from(period));
    if level < target {
        let step = target.times_fraction(elapsed, period, Rounding::Floor)?;
        return Ok(level.plus(step)?.min(target));
    }
    let step = target.max(level.minus(target)?).times_fraction(elapsed, period, Rounding::Ceil)?;
    Ok(level.saturating_minus(step).max(target))
}

/// A factor lowers capacity, not the level: what has left counts in full. So the same exits do not fit again and again, each
/// of them at a share of what the last one left.
fn usable(level: Amount, target: Amount, factor: BasisPoints) -> RiskResult<Amount> {
    let held_back = target.minus(factor_of(target, factor)?)?;
    Ok(factor_of(level, factor)?.min(level.saturating_minus(held_back)))
}
