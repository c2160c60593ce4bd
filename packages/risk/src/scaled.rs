//! Prices of other systems: an integer and a power of ten.

use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding, ONE};
use crate::quantity::Price;

/// Beyond this many digits every mantissa of 64 bits is out of the bounds of a price, or below its last decimal.
const EXPONENT_MAX: u32 = 38;

/// `mantissa * 10^exponent`.
///
/// Units: quote for one base unit. Rounding: as asked, to 10^-18. Errors: [`RiskError::Overflow`] beyond what a price can be; zero is
/// no error here, [`Price::checked`] refuses it.
///
/// ```
/// # use firebreak_risk::*;
/// assert_eq!(scaled_price(6_012_345, -2, Rounding::Floor)?, "60123.45".parse()?);
/// # Ok::<(), RiskError>(())
/// ```
pub fn scaled_price(mantissa: u64, exponent: i32, rounding: Rounding) -> RiskResult<Price> {
    let what = "a price and its exponent";
    let digits = exponent.unsigned_abs();
    if exponent >= 0 {
        let power = 10u128.checked_pow(digits).and_then(|power| power.checked_mul(ONE));
        let atoms = power.and_then(|power| power.checked_mul(u128::from(mantissa)));
        return atoms.map(Price::from_atoms).ok_or(RiskError::Overflow { what });
    }
    // A divisor that no integer holds leaves less than one atom of any mantissa.
    let power = 10u128.checked_pow(digits.min(EXPONENT_MAX)).ok_or(RiskError::Overflow { what })?;
    mul_div(mantissa.into(), ONE, power, rounding, what).map(Price::from_atoms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_with_an_exponent_is_a_price() {
        let atom = Price::from_atoms(1);
        for (name, mantissa, exponent, floor, ceil) in [
            ("as it is", 7, 0, Price::from_units(7), Price::from_units(7)),
            (
                "eight decimals",
                123_456_789,
                -8,
                Price::from_atoms(1_234_567_890_000_000_000),
                Price::from_atoms(1_234_567_890_000_000_000),
            ),
            ("thousands", 3, 3, Price::from_units(3_000), Price::from_units(3_000)),
            ("the last decimal", 1, -18, atom, atom),
            ("below the last decimal", 15, -19, atom, Price::from_atoms(2)),
            ("far below it", u64::MAX, -60, Price::ZERO, atom),
            ("the smallest exponent", 1, i32::MIN, Price::ZERO, atom),
            ("nothing", 0, 0, Price::ZERO, Price::ZERO),
        ] {
            assert_eq!(scaled_price(mantissa, exponent, Rounding::Floor), Ok(floor), "{name}");
            assert_eq!(scaled_price(mantissa, exponent, Rounding::Ceil), Ok(ceil), "{name}");
        }
        let what = "a price and its exponent";
        for (mantissa, exponent) in [(u64::MAX, 2), (1, 39), (1, i32::MAX)] {
            assert_eq!(scaled_price(mantissa, exponent, Rounding::Floor), Err(RiskError::Overflow { what }));
        }
    }
}
