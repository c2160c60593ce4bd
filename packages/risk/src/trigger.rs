//! When a resting order is triggered: by a price that its whole band has carried past the trigger, or by a thin account.

use crate::error::RiskResult;
use crate::margin::AccountHealth;
use crate::number::{sum_of_products, Rounding};
use crate::pricing::ensure_skew_scale;
use crate::quantity::{Price, Ratio, Size};

/// The price that a trigger is compared with: the edge of a round's band that lies nearer to where the price came from.
///
/// `above`: the trigger waits for a rise, so the lower edge counts, else the upper one. A limit order fills at just this edge
/// (a buy waits below and pays the upper edge), so what triggers it is what it pays but for the skew; a stop waits until the
/// price has certainly crossed. Units: quote for one base unit. Rounding: none; below zero is zero, above 128 bits the largest.
pub fn trigger_edge(price: Price, band: Price, above: bool) -> Price {
    Price::from_atoms(if above {
        price.atoms().saturating_sub(band.atoms())
    } else {
        price.atoms().saturating_add(band.atoms())
    })
}

/// Whether an edge ([`trigger_edge`]) has reached a trigger; reaching it exactly is enough.
pub fn reaches(edge: Price, trigger: Price, above: bool) -> bool {
    if above {
        edge >= trigger
    } else {
        edge <= trigger
    }
}

/// The price at which a trade of `size` fills just within `bound` when the book is balanced: `bound * 2S / (2S + size)`, F1 at
/// `K = 0` solved for P.
///
/// A limit order rests at this price and not at its bound: at one skew the orders of a side then fill in the order in which
/// they rest, whatever their sizes, and one that misses its bound stands before others that would miss theirs, too.
///
/// Units: quote for one base unit. Rounding: away from the fill (down for a buy, up for a sale), so that it is not triggered in
/// vain. Errors: [`RiskError::OutOfBounds`](crate::RiskError::OutOfBounds) for a scale that is not positive,
/// [`RiskError::FillPriceNotPositive`](crate::RiskError::FillPriceNotPositive) for a sale of twice the scale or more,
/// [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f1-skew-price`.
///
/// ```
/// # use firebreak_risk::*;
/// // 200 of a scale of 10,000 pay 1 % more: a bound of 2,020 is reached at 2,000.
/// let rests_at = limit_trigger(Price::from_units(2_020), Size::from_units(200), Size::from_units(10_000))?;
/// assert_eq!(rests_at, Price::from_units(2_000));
/// # Ok::<(), RiskError>(())
/// ```
pub fn limit_trigger(bound: Price, size: Size, skew_scale: Size) -> RiskResult<Price> {
    let what = "the trigger of a limit order";
    ensure_skew_scale(skew_scale)?;
    let overflow = || crate::RiskError::Overflow { what };
    let twice = skew_scale.atoms().checked_mul(2).ok_or_else(overflow)?;
    let denominator = twice.checked_add(size.atoms()).ok_or_else(overflow)?;
    if denominator <= 0 {
        return Err(crate::RiskError::FillPriceNotPositive);
    }
    let rounding = if size.is_short() { Rounding::Ceil } else { Rounding::Floor };
    let price = sum_of_products(&[&[bound.signed_atoms()?, twice]], &[denominator], rounding, what)?;
    u128::try_from(price).map(Price::from_atoms).map_err(|_| overflow())
}

/// Whether equity is below `ratio` times maintenance margin. An account without a position is not thin.
///
/// Rounding: the multiple up. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
pub fn is_thin(health: &AccountHealth, ratio: Ratio) -> RiskResult<bool> {
    if health.notional.is_zero() {
        return Ok(false);
    }
    let wanted = health.maintenance_margin.times(ratio, Rounding::Ceil)?;
    Ok(health.equity < wanted.signed()?)
}

#[cfg(test)]
mod tests;
