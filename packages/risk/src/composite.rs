//! A price made of several: one rational, rounded once. Rounding after each leg is how false liquidations were made.

use crate::error::{RiskError, RiskResult};
use crate::number::{divide, wide_sum, Rounding, ONE_SIGNED};
use crate::quantity::Price;

/// Legs of one composite price: four prices of 10^12 still fit the 512 bits of the product.
pub const LEGS_MAX: usize = 4;

/// Which way a leg's price enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegDirection {
    /// ATOM/OSMO times OSMO/USD.
    Multiply,
    /// USDC/USD turned around.
    Divide,
}

/// The product of the legs that multiply over the product of the legs that divide.
///
/// Units: quote for one base unit. Rounding: as asked, once: less than one atom off. Errors: [`RiskError::OutOfBounds`] without
/// legs, with more than [`LEGS_MAX`], for a leg or a result out of the bounds of a price. Source: own.
pub fn composite_price(legs: &[(Price, LegDirection)], rounding: Rounding) -> RiskResult<Price> {
    let what = "a composite price";
    if legs.is_empty() || legs.len() > LEGS_MAX {
        let wanted = format!("1 to {LEGS_MAX}");
        return Err(RiskError::OutOfBounds { what: "legs", wanted, found: legs.len().to_string() });
    }
    let mut above = vec![ONE_SIGNED];
    let mut below = vec![];
    for (price, direction) in legs {
        let price = price.checked()?.signed_atoms()?;
        let (factor, divisor) = match direction {
            LegDirection::Multiply => (price, ONE_SIGNED),
            LegDirection::Divide => (ONE_SIGNED, price),
        };
        above.push(factor);
        below.push(divisor);
    }
    let quotient = divide(wide_sum::<8>(&[&above], what)?, wide_sum::<8>(&[&below], what)?, rounding, what)?;
    let atoms = u128::try_from(quotient).map_err(|_| RiskError::Overflow { what })?;
    Price::from_atoms(atoms).checked()
}

/// One leg with its band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandedLeg {
    pub price: Price,
    pub band: Price,
    pub direction: LegDirection,
}

/// A composite price and the half-width that holds it wherever in their bands the legs are.
///
/// Units: quote for one base unit. Rounding: the price down, once; the band up. A band that no figure holds, because a leg that
/// divides may be zero or an edge is beyond the bounds of a price, is as wide as the price: nobody should trust it.
/// Errors: as [`composite_price`]. Source: own.
pub fn composite_with_band(legs: &[BandedLeg]) -> RiskResult<(Price, Price)> {
    let at = |edge: fn(&BandedLeg) -> Option<Price>, rounding| {
        let legs: Option<Vec<_>> = legs.iter().map(|leg| Some((edge(leg)?, leg.direction))).collect();
        legs.map(|legs| composite_price(&legs, rounding))
    };
    let low_edge = |leg: &BandedLeg| match leg.direction {
        LegDirection::Multiply => leg.price.minus(leg.band).ok(),
        LegDirection::Divide => leg.price.plus(leg.band).ok(),
    };
    let high_edge = |leg: &BandedLeg| match leg.direction {
        LegDirection::Multiply => leg.price.plus(leg.band).ok(),
        LegDirection::Divide => leg.price.minus(leg.band).ok(),
    };
    let legs_at_price: Vec<_> = legs.iter().map(|leg| (leg.price, leg.direction)).collect();
    let price = composite_price(&legs_at_price, Rounding::Floor)?;
    let band = match (at(low_edge, Rounding::Floor), at(high_edge, Rounding::Ceil)) {
        (Some(Ok(low)), Some(Ok(high))) => price.distance(low).max(high.distance(price)),
        _ => price,
    };
    Ok((price, band))
}

#[cfg(test)]
mod tests;
