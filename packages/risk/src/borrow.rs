//! F3: the borrow fee, a "kinked gradient": what both sides pay for the pool's coins that back them.

use crate::error::RiskResult;
use crate::funding::{FundingParams, SECONDS_PER_DAY};
use crate::number::{sum_of_products, Rounding, ONE_SIGNED};
use crate::quantity::{signed, Amount, Price, Ratio, SignedAmount, SignedRatio, Size, NOTIONAL_DIVISOR_SIGNED};

/// How much of the pool's coins is spoken for: `reserved / coins`, at most 1. A pool without coins that backs anything is used up.
///
/// Rounding: up, to the pool. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
/// Source: `docs/formulas.md#f3-borrow-fee`.
pub fn utilisation(reserved: Amount, coins: SignedAmount) -> RiskResult<Ratio> {
    let coins = coins.positive_part();
    if reserved.is_zero() {
        return Ok(Ratio::ZERO);
    }
    if reserved >= coins {
        return Ok(Ratio::ONE);
    }
    Ratio::of(reserved.atoms(), coins.atoms(), Rounding::Ceil)
}

impl FundingParams {
    /// `low * min(u, kink) + high * max(u - kink, 0)`, for each day.
    ///
    /// Rounding: up, to the pool. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
    /// Source: `docs/formulas.md#f3-borrow-fee`.
    pub fn borrow_rate(&self, utilisation: Ratio) -> RiskResult<Ratio> {
        let below = utilisation.min(self.borrow_kink);
        let above = utilisation.minus(below)?;
        self.borrow_low.times(below, Rounding::Ceil)?.plus(self.borrow_high.times(above, Rounding::Ceil)?)
    }
}

/// What one base unit pays over an interval at a daily rate: `P * rate * t / day`. Linear in time, so that one interval costs what
/// its parts cost. No time costs nothing.
///
/// Units: quote for one base unit. Rounding: up, to the pool. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
/// Source: `docs/formulas.md#f3-borrow-fee`.
pub fn borrow_fee(daily_rate: Ratio, price: Price, elapsed_seconds: u64) -> RiskResult<SignedRatio> {
    let what = "a borrow fee";
    sum_of_products(
        &[&[signed(daily_rate.atoms(), what)?, price.signed_atoms()?, elapsed_seconds.into()]],
        &[SECONDS_PER_DAY.into(), ONE_SIGNED],
        Rounding::Ceil,
        what,
    )
    .map(SignedRatio::from_atoms)
}

/// What the pool earns when a long unit pays `funding + borrow` and a short unit `borrow - funding`:
/// `L*(f + b) + |S|*(b - f)`. `short` is negative, as a side's open interest is.
///
/// Units: settlement coin. Rounding: down, once. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
/// Source: `docs/formulas.md#f3-borrow-fee`.
pub fn carry_of(long: Size, short: Size, funding: SignedRatio, borrow: SignedRatio) -> RiskResult<SignedAmount> {
    let (paid_by_longs, received_by_shorts) = (funding.plus(borrow)?, funding.minus(borrow)?);
    sum_of_products(
        &[&[long.atoms(), paid_by_longs.atoms()], &[short.atoms(), received_by_shorts.atoms()]],
        &[NOTIONAL_DIVISOR_SIGNED],
        Rounding::Floor,
        "what a side's units pay",
    )
    .map(SignedAmount::from_atoms)
}

#[cfg(test)]
mod tests;
