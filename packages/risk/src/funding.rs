//! F2: velocity funding. The rate drifts with the skew, inside a band, and the area under it is charged exactly.

use crate::error::{RiskError, RiskResult};
use crate::number::{divide, mul_div_signed, sum_of_products, wide_sum, Rounding, ONE_SIGNED};
use crate::pricing::ensure_skew_scale;
use crate::quantity::{signed, Price, Ratio, SignedAmount, SignedRatio, Size, NOTIONAL_DIVISOR};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The day that rates are quoted for.
pub const SECONDS_PER_DAY: u64 = 86_400;
const DAY: i128 = 86_400;

/// How fast and how far the funding rate moves, and what the pool's coins cost (F3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FundingParams {
    /// Change of the daily rate in one day at `|skew| >= skew_scale`.
    pub velocity_max: Ratio,
    /// Largest daily rate in either direction.
    pub rate_max: Ratio,
    /// F3: daily borrow rate for each unit of utilisation below the kink.
    pub borrow_low: Ratio,
    /// The same above the kink.
    pub borrow_high: Ratio,
    /// Utilisation at which the slope changes.
    pub borrow_kink: Ratio,
}

/// The rate after an interval and what the interval cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FundingStep {
    /// Per day; positive: longs pay.
    pub rate: SignedRatio,
    /// Quote units for one base unit, positive: each long unit pays this and each short unit receives it. The pool
    /// keeps the rest, `skew * per_unit`. A side takes it as `accrue(-per_unit)` (long), `accrue(per_unit)` (short).
    pub per_unit: SignedRatio,
}

/// Moves the rate over `elapsed_seconds` at a constant skew and price, and integrates it: with `v = clamp(K/S) * v_max`,
/// `r1 = clamp(r0 + v*t)`, the cost is `P * (r0 + r1)/2 * t`, and once the clamp `c` is reached `P * (c*t - (c - r0)^2 / (2v))`
/// (a trapezoid over the whole interval would be wrong there, R-15).
///
/// Call it with the **old** skew before a trade changes it, and at each price, or a silent interval is charged at one price.
/// No time leaves everything as it was. A rate outside a lowered `rate_max` starts at the clamp.
///
/// Units: rate per day and quote for one base unit, 18 decimals. Rounding: both towards the sign of the skew, so that the
/// pool's `skew * per_unit` is never short and nobody can hold the rate still by calling each second.
/// Errors: [`RiskError::OutOfBounds`] for a skew scale of zero or less, [`RiskError::Overflow`].
/// Source: `docs/formulas.md#f2-funding`.
pub fn accrue_funding(
    rate: SignedRatio,
    skew: Size,
    skew_scale: Size,
    params: &FundingParams,
    price: Price,
    elapsed_seconds: u64,
) -> RiskResult<FundingStep> {
    let what = "funding";
    ensure_skew_scale(skew_scale)?;
    if elapsed_seconds == 0 {
        return Ok(FundingStep { rate, per_unit: SignedRatio::ZERO });
    }
    let overflow = || RiskError::Overflow { what };
    let scale = skew_scale.atoms();
    let start = rate.clamped(params.rate_max)?.atoms();
    let seconds = i128::from(elapsed_seconds);
    let price = price.signed_atoms()?;
    let rounding = if skew.is_short() { Rounding::Floor } else { Rounding::Ceil };

    // v = pull * velocity / scale, per day and day.
    let pull = skew.atoms().clamp(scale.checked_neg().ok_or_else(overflow)?, scale);
    let velocity = signed(params.velocity_max.atoms(), what)?;
    let unclamped =
        sum_of_products(&[&[start, scale, DAY], &[pull, velocity, seconds]], &[scale, DAY], rounding, what)?;
    let end = SignedRatio::from_atoms(unclamped).clamped(params.rate_max)?;

    let area = if end.atoms() == unclamped {
        // (r0 + v*t/2) * t * P
        sum_of_products(
            &[&[2, start, scale, DAY, seconds, price], &[pull, velocity, seconds, seconds, price]],
            &[2, scale, DAY, DAY, ONE_SIGNED],
            rounding,
            what,
        )?
    } else {
        // (c*t - (c - r0)^2 / (2v)) * P. The rate moved past a clamp, so pull and velocity are not zero.
        let clamp = end.atoms();
        let rise = clamp.checked_sub(start).ok_or_else(overflow)?;
        let direction = pull.signum();
        let minus_direction = direction.checked_neg().ok_or_else(overflow)?;
        let numerator = wide_sum::<8>(
            &[
                &[direction, 2, pull, velocity, clamp, seconds, price],
                &[minus_direction, rise, rise, scale, DAY, price],
            ],
            what,
        )?;
        let divisor = wide_sum::<8>(&[&[direction, 2, pull, velocity, DAY, ONE_SIGNED]], what)?;
        i128::try_from(divide(numerator, divisor, rounding, what)?).map_err(|_| overflow())?
    };
    Ok(FundingStep { rate: end, per_unit: SignedRatio::from_atoms(area) })
}

/// What `size` pays when one unit pays `per_unit`: `size * per_unit`, signed. With the skew as the size it is what longs pay
/// more than shorts receive, the residual that the pool keeps.
///
/// Units: settlement coin. Rounding: down, so the pool never claims a part of a unit that nobody paid.
/// Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f2-funding`.
pub fn funding_of(size: Size, per_unit: SignedRatio) -> RiskResult<SignedAmount> {
    mul_div_signed(size.atoms(), per_unit.atoms(), NOTIONAL_DIVISOR, Rounding::Floor, "funding of a size")
        .map(SignedAmount::from_atoms)
}

#[cfg(test)]
mod tests;
