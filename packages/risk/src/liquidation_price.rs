//! F5: at which price of one market an account becomes liquidatable, everything else as it is.

use crate::error::{RiskError, RiskResult};
use crate::margin::{AccountHealth, MarginParams};
use crate::number::{divide, wide_sum, Rounding, ONE_SIGNED};
use crate::pricing::ensure_skew_scale;
use crate::quantity::{signed, Price, Ratio, Size, NOTIONAL_DIVISOR_SIGNED};

/// `P - (equity - MM) / (q*(1 + a) - |q|*(mmr + f))`, `a = (2K - q) / (2S)` the premium of the exit, `f` the exit fee's ratio,
/// `health` the whole account's at `price`. Equity and margin are linear in the price, so this is exact; other prices, the
/// skew and funding stay where they are. `None`: no price above zero makes the account liquidatable.
///
/// Rounding: up for a long, down for a short: to the side on which it happens earlier. Errors: [`RiskError::OutOfBounds`] for a
/// skew scale of zero or less, [`RiskError::Overflow`]. Source: `docs/formulas.md#f5-liquidation-price`.
pub fn liquidation_price(
    size: Size,
    price: Price,
    skew: Size,
    skew_scale: Size,
    margin: &MarginParams,
    exit_fee_ratio: Ratio,
    health: &AccountHealth,
) -> RiskResult<Option<Price>> {
    let what = "a liquidation price";
    let overflow = || RiskError::Overflow { what };
    ensure_skew_scale(skew_scale)?;
    let spare = health.equity.minus_amount(health.maintenance_margin)?.atoms();
    let (size_atoms, scale) = (size.atoms(), skew_scale.atoms());
    let magnitude = signed(size.magnitude(), what)?;
    let minus_magnitude = magnitude.checked_neg().ok_or_else(overflow)?;
    let atoms_of = |ratio: Ratio| signed(ratio.atoms(), what);
    let (slope, ratio) = (atoms_of(margin.initial_margin_slope)?, atoms_of(margin.initial_margin_ratio)?);
    let (scalar, fee) = (atoms_of(margin.maintenance_scalar)?, atoms_of(exit_fee_ratio)?);
    // Of the spare per unit of price, over 2 * S * 10^36.
    let steepness = wide_sum::<16>(
        &[
            &[2, size_atoms, scale, ONE_SIGNED, ONE_SIGNED],
            &[2, size_atoms, skew.atoms(), ONE_SIGNED, ONE_SIGNED],
            &[size_atoms, size_atoms.checked_neg().ok_or_else(overflow)?, ONE_SIGNED, ONE_SIGNED],
            &[2, minus_magnitude, magnitude, slope, scalar],
            &[2, minus_magnitude, ratio, scalar, scale],
            &[2, minus_magnitude, fee, scale, ONE_SIGNED],
        ],
        what,
    )?;
    // A market in which a move towards the owner costs more margin and fee than it brings has no such price.
    if steepness.is_zero() || steepness.is_negative() != size.is_short() {
        return Ok(None);
    }
    let spare = wide_sum::<16>(&[&[spare, 2, scale, ONE_SIGNED, ONE_SIGNED, NOTIONAL_DIVISOR_SIGNED]], what)?;
    let price = wide_sum::<16>(&[&[price.signed_atoms()?]], what)?;
    let found = if size.is_short() {
        let distance = divide(spare, steepness.checked_neg().ok_or_else(overflow)?, Rounding::Floor, what)?;
        price.checked_add(distance)
    } else {
        let distance = divide(spare, steepness, Rounding::Floor, what)?;
        price.checked_sub(distance)
    }
    .ok_or_else(overflow)?;
    // Past the bounds of a price it cannot happen.
    let found = u128::try_from(found).ok().map(Price::from_atoms);
    Ok(found.filter(|price| price.checked().is_ok()))
}

#[cfg(test)]
mod tests;
