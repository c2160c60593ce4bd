//! F1: the skew price. A trade pays the average of the premium before it and the premium after it.
//!
//! Opening and closing are one formula: whoever moves the book away from balance pays what whoever moves it back earns.
//! The cost is the integral of `P * (1 + k/S)` over the trade, so it does not depend on how a trade is cut into pieces.
//! A round trip at one price therefore costs nothing before fees: fees and next-price execution (F16) are what stops a
//! loop in one block, not this formula (R-01).

use crate::error::{RiskError, RiskResult};
use crate::number::{sum_of_products, Rounding};
use crate::quantity::{Price, SignedAmount, Size, NOTIONAL_DIVISOR_SIGNED};

/// The price a trade of `delta` pays at skew `skew`: `P * (1 + (2K + delta) / (2S))`.
///
/// Units: quote for one base unit, 18 decimals. Rounding: up for a buy, down for a sale, at the last step only.
/// Errors: [`RiskError::FillPriceNotPositive`] where others clamp (a price of zero is a defect, not a trade),
/// [`RiskError::OutOfBounds`] for a skew scale of zero or less, [`RiskError::Overflow`]. Source: `docs/formulas.md#f1-skew-price`.
pub fn fill_price(price: Price, skew: Size, delta: Size, skew_scale: Size) -> RiskResult<Price> {
    let what = "a fill price";
    let premium = Premium::of(skew, delta, skew_scale)?;
    let rounding = if delta.is_short() { Rounding::Floor } else { Rounding::Ceil };
    let fill = sum_of_products(&[&[price.signed_atoms()?, premium.numerator]], &[premium.denominator], rounding, what)?;
    match u128::try_from(fill) {
        Ok(atoms) if atoms > 0 => Ok(Price::from_atoms(atoms)),
        _ => Err(RiskError::FillPriceNotPositive),
    }
}

/// What a trade of `delta` costs: `delta * P * (1 + (2K + delta) / (2S))`. A buyer pays (positive), a seller receives.
///
/// Units: settlement coin. Rounding: up, once, on the exact product and not through [`fill_price`]: a buyer pays the
/// next unit, a seller receives the lower one. Errors: as [`fill_price`]. Source: `docs/formulas.md#f1-skew-price`.
///
/// ```
/// # use firebreak_risk::*;
/// // 10 units at 2,000 with skew 100 and scale 10,000: premium (200 + 10) / 20,000 = 1.05 %
/// let cost = trade_cost(Price::from_units(2_000), Size::from_units(100), Size::from_units(10), Size::from_units(10_000))?;
/// assert_eq!(cost, SignedAmount::from_atoms(20_210_000_000)); // 20,210
/// # Ok::<(), RiskError>(())
/// ```
pub fn trade_cost(price: Price, skew: Size, delta: Size, skew_scale: Size) -> RiskResult<SignedAmount> {
    let what = "the cost of a trade";
    let premium = Premium::of(skew, delta, skew_scale)?;
    sum_of_products(
        &[&[delta.atoms(), price.signed_atoms()?, premium.numerator]],
        &[premium.denominator, NOTIONAL_DIVISOR_SIGNED],
        Rounding::Ceil,
        what,
    )
    .map(SignedAmount::from_atoms)
}

/// What closing `size` now would pay its owner: `-trade_cost(-size)`. Negative for a short, who pays to buy back.
///
/// Units: settlement coin. Rounding: down. Errors: as [`fill_price`]; a market keeps its open interest well below its
/// skew scale, so that no position's exit price can reach zero. Source: `docs/formulas.md#f1-skew-price`.
pub fn exit_value(price: Price, skew: Size, size: Size, skew_scale: Size) -> RiskResult<SignedAmount> {
    trade_cost(price, skew, size.negated()?, skew_scale)?.negated()
}

/// `1 + (2K + delta) / (2S)` as a fraction of positive numbers.
struct Premium {
    numerator: i128,
    denominator: i128,
}

impl Premium {
    fn of(skew: Size, delta: Size, skew_scale: Size) -> RiskResult<Self> {
        ensure_skew_scale(skew_scale)?;
        let overflow = || RiskError::Overflow { what: "a skew premium" };
        let denominator = skew_scale.atoms().checked_mul(2).ok_or_else(overflow)?;
        let numerator = skew
            .atoms()
            .checked_mul(2)
            .and_then(|twice| twice.checked_add(delta.atoms()))
            .and_then(|sum| sum.checked_add(denominator))
            .ok_or_else(overflow)?;
        if numerator <= 0 {
            return Err(RiskError::FillPriceNotPositive);
        }
        Ok(Self { numerator, denominator })
    }
}

/// Refuses a skew scale that is not positive.
pub(crate) fn ensure_skew_scale(skew_scale: Size) -> RiskResult<()> {
    if skew_scale.is_long() {
        return Ok(());
    }
    Err(RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: skew_scale.to_string() })
}

#[cfg(test)]
mod tests;
