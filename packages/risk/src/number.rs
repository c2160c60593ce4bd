//! The one fixed-point representation of the suite, and the integer arithmetic under it.
//!
//! Two shapes exist. *Fixed* quantities carry 18 decimals in 128 bits ([`ONE`] atoms are one unit) and read as a
//! decimal text in JSON (`"-1.5"`). *Integer* quantities count the smallest unit of a coin or of shares and read as an
//! integer text (`"1500000"`). In packed records (postcard) both are plain integers: `is_human_readable()` decides.
//! Intermediates are 256 bits wide, 512 where three and more quantities are multiplied, 1024 under the square root.

use crate::error::{RiskError, RiskResult};
use bnum::BInt;

/// Atoms in one unit of a fixed quantity.
pub const ONE: u128 = 1_000_000_000_000_000_000;
/// The same, signed.
pub const ONE_SIGNED: i128 = 1_000_000_000_000_000_000;
/// Settlement micro-units in one unit of quote currency.
pub const MICRO: u128 = 1_000_000;
const DECIMALS: usize = 18;

/// Which way a lossy result goes. For signed results `Floor` is towards minus infinity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    Floor,
    Ceil,
}

impl Rounding {
    /// The opposite direction: what the other side of the same transfer uses.
    pub fn opposite(self) -> Self {
        match self {
            Self::Floor => Self::Ceil,
            Self::Ceil => Self::Floor,
        }
    }
}

/// `a * b / d` with a 256-bit product.
///
/// Errors: [`RiskError::DivisionByZero`], [`RiskError::Overflow`].
pub fn mul_div(a: u128, b: u128, d: u128, rounding: Rounding, what: &'static str) -> RiskResult<u128> {
    let product = BInt::<4>::from(a).checked_mul(BInt::from(b)).ok_or(RiskError::Overflow { what })?;
    let quotient = divide(product, BInt::from(d), rounding, what)?;
    u128::try_from(quotient).map_err(|_| RiskError::Overflow { what })
}

/// `a * b / d` for signed numbers; `d` must be positive.
///
/// Errors: [`RiskError::DivisionByZero`], [`RiskError::Overflow`].
pub fn mul_div_signed(a: i128, b: i128, d: u128, rounding: Rounding, what: &'static str) -> RiskResult<i128> {
    let product = BInt::<4>::from(a).checked_mul(BInt::from(b)).ok_or(RiskError::Overflow { what })?;
    let quotient = divide(product, BInt::from(d), rounding, what)?;
    i128::try_from(quotient).map_err(|_| RiskError::Overflow { what })
}

/// A sum of products, exact, in `64 * N` bits. At most a handful of terms and factors.
///
/// Errors: [`RiskError::Overflow`].
pub(crate) fn wide_sum<const N: usize>(terms: &[&[i128]], what: &'static str) -> RiskResult<BInt<N>> {
    let mut sum = BInt::<N>::ZERO;
    for factors in terms {
        let mut product = BInt::<N>::ONE;
        for factor in *factors {
            product = product.checked_mul(BInt::from(*factor)).ok_or(RiskError::Overflow { what })?;
        }
        sum = sum.checked_add(product).ok_or(RiskError::Overflow { what })?;
    }
    Ok(sum)
}

/// A sum of products over a product of positive divisors, in 512 bits, rounded **once**.
///
/// For values of three and more factors (`n * A * P`): rounding an inner product first could cost more than one unit.
///
/// Errors: [`RiskError::DivisionByZero`], [`RiskError::Overflow`].
pub(crate) fn sum_of_products(
    terms: &[&[i128]],
    divisors: &[i128],
    rounding: Rounding,
    what: &'static str,
) -> RiskResult<i128> {
    let quotient = divide(wide_sum::<8>(terms, what)?, wide_sum::<8>(&[divisors], what)?, rounding, what)?;
    i128::try_from(quotient).map_err(|_| RiskError::Overflow { what })
}

/// `numerator / divisor`; the divisor must be positive.
///
/// Errors: [`RiskError::DivisionByZero`], [`RiskError::Overflow`].
pub(crate) fn divide<const N: usize>(
    numerator: BInt<N>,
    divisor: BInt<N>,
    rounding: Rounding,
    what: &'static str,
) -> RiskResult<BInt<N>> {
    if !divisor.is_positive() {
        return Err(RiskError::DivisionByZero { what });
    }
    let overflow = RiskError::Overflow { what };
    let Some(floor) = numerator.checked_div_euclid(divisor) else {
        return Err(overflow);
    };
    // |floor * divisor| is at most |numerator| + divisor; a product is cheaper than a second division.
    let exact = floor.checked_mul(divisor) == Some(numerator);
    match rounding {
        Rounding::Ceil if !exact => floor.checked_add(BInt::ONE).ok_or(overflow),
        Rounding::Ceil | Rounding::Floor => Ok(floor),
    }
}

/// Integer square root, rounded down, of a number that is not negative.
///
/// Errors: [`RiskError::Overflow`] below zero or when the root's first guess does not fit.
pub(crate) fn square_root<const N: usize>(value: BInt<N>, what: &'static str) -> RiskResult<BInt<N>> {
    if value.is_negative() {
        return Err(RiskError::Overflow { what });
    }
    if value.is_zero() {
        return Ok(value);
    }
    let overflow = || RiskError::Overflow { what };
    // Newton from above: the start is a power of two that is at least the root, so the sequence falls until it is the
    // floor. Bounded: each step halves the distance at first and squares it later, some 20 steps for 1024 bits.
    let mut root = BInt::ONE.checked_shl(value.bits().div_ceil(2)).ok_or_else(overflow)?;
    loop {
        let next = value
            .checked_div(root)
            .and_then(|quotient| root.checked_add(quotient))
            .and_then(|sum| sum.checked_div(BInt::TWO))
            .ok_or_else(overflow)?;
        if next >= root {
            return Ok(root);
        }
        root = next;
    }
}

/// Reads `[-]digits[.digits]` into atoms; at most 18 decimals.
pub(crate) fn parse_fixed(text: &str, wanted: &'static str) -> RiskResult<i128> {
    let refuse = || RiskError::Parse { wanted, found: text.chars().take(64).collect() };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || fraction.len() > DECIMALS {
        return Err(refuse());
    }
    let whole: i128 = whole.parse().map_err(|_| refuse())?;
    let fraction: i128 = format!("{fraction:0<DECIMALS$}").parse().map_err(|_| refuse())?;
    let magnitude = whole.checked_mul(ONE_SIGNED).and_then(|atoms| atoms.checked_add(fraction)).ok_or_else(refuse)?;
    if negative {
        magnitude.checked_neg().ok_or_else(refuse)
    } else {
        Ok(magnitude)
    }
}

/// Writes atoms as a decimal text without trailing zeros.
pub(crate) fn write_fixed(f: &mut std::fmt::Formatter<'_>, negative: bool, magnitude: u128) -> std::fmt::Result {
    let whole = magnitude.checked_div(ONE).unwrap_or(0);
    let fraction = magnitude.checked_rem(ONE).unwrap_or(0);
    let sign = if negative { "-" } else { "" };
    if fraction == 0 {
        return f.pad(&format!("{sign}{whole}"));
    }
    let decimals = format!("{fraction:018}");
    f.pad(&format!("{sign}{whole}.{}", decimals.trim_end_matches('0')))
}

/// Declares a quantity: a newtype over a 128-bit integer with checked addition and subtraction and nothing else.
/// Products exist only as named methods, where the meaning and the rounding are stated.
macro_rules! quantity {
    ($(#[$doc:meta])* $name:ident, $inner:tt, $format:ident, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            pub const ZERO: Self = Self(0);

            /// From the smallest unit (atoms of 10^-18 for fixed quantities, the coin's or share's unit otherwise).
            pub const fn from_atoms(atoms: $inner) -> Self {
                Self(atoms)
            }
            /// The number of smallest units.
            pub const fn atoms(self) -> $inner {
                self.0
            }
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }
            /// Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
            pub fn plus(self, other: Self) -> $crate::RiskResult<Self> {
                self.0
                    .checked_add(other.0)
                    .map(Self)
                    .ok_or($crate::RiskError::Overflow { what: concat!("a sum of ", stringify!($name)) })
            }
            /// Errors: [`RiskError::Overflow`](crate::RiskError::Overflow), below zero too where the type is unsigned.
            pub fn minus(self, other: Self) -> $crate::RiskResult<Self> {
                self.0
                    .checked_sub(other.0)
                    .map(Self)
                    .ok_or($crate::RiskError::Overflow { what: concat!("a difference of ", stringify!($name)) })
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::RiskError;
            fn from_str(text: &str) -> $crate::RiskResult<Self> {
                quantity!(@parse $format, $inner, text, $wanted).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                quantity!(@write $format, f, self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serde::Serialize::serialize(&self.0, serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::string::String as serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <$inner as serde::Deserialize>::deserialize(deserializer).map(Self)
                }
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::string::String {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::gen::SchemaGenerator) -> schemars::schema::Schema {
                let mut schema = std::string::String::json_schema(generator).into_object();
                schema.metadata().description = Some($wanted.into());
                schema.into()
            }
        }
    };
    (@parse fixed, u128, $text:expr, $wanted:literal) => {
        $crate::number::parse_fixed($text, $wanted).and_then(|atoms| {
            u128::try_from(atoms)
                .map_err(|_| $crate::RiskError::Parse { wanted: $wanted, found: $text.chars().take(64).collect() })
        })
    };
    (@parse fixed, i128, $text:expr, $wanted:literal) => {
        $crate::number::parse_fixed($text, $wanted)
    };
    (@parse integer, $inner:tt, $text:expr, $wanted:literal) => {{
        // Rust accepts a leading plus; the wire format does not.
        let text: &str = $text;
        match text.parse::<$inner>() {
            Ok(value) if !text.starts_with('+') => Ok(value),
            _ => Err($crate::RiskError::Parse { wanted: $wanted, found: text.chars().take(64).collect() }),
        }
    }};
    (@write fixed, $f:expr, $value:expr) => {{
        let value = $value;
        #[allow(unused_comparisons)]
        let negative = value < 0;
        $crate::number::write_fixed($f, negative, quantity!(@magnitude value))
    }};
    (@write integer, $f:expr, $value:expr) => {
        std::fmt::Display::fmt(&$value, $f)
    };
    (@magnitude $value:expr) => {
        $crate::number::Magnitude::magnitude($value)
    };
}
pub(crate) use quantity;

/// The absolute value as an unsigned number; never overflows.
pub(crate) trait Magnitude {
    fn magnitude(self) -> u128;
}
impl Magnitude for u128 {
    fn magnitude(self) -> u128 {
        self
    }
}
impl Magnitude for i128 {
    fn magnitude(self) -> u128 {
        self.unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_as_named() {
        for (name, a, b, d, floor, ceil) in [
            ("exact", 6, 2, 3, 4, 4),
            ("positive", 7, 1, 2, 3, 4),    // 3.5
            ("negative", -7, 1, 2, -4, -3), // -3.5
            ("negative exact", -6, 1, 2, -3, -3),
            ("zero", 0, 5, 2, 0, 0),
        ] {
            assert_eq!(mul_div_signed(a, b, d, Rounding::Floor, "test"), Ok(floor), "{name}");
            assert_eq!(mul_div_signed(a, b, d, Rounding::Ceil, "test"), Ok(ceil), "{name}");
        }
    }

    #[test]
    fn wide_products_do_not_overflow_until_the_result_does() {
        assert_eq!(mul_div(u128::MAX >> 1, 4, 4, Rounding::Floor, "test"), Ok(u128::MAX >> 1));
        assert_eq!(mul_div(u128::MAX, 2, 1, Rounding::Floor, "test"), Err(RiskError::Overflow { what: "test" }));
        assert_eq!(mul_div(1, 1, 0, Rounding::Floor, "test"), Err(RiskError::DivisionByZero { what: "test" }));
    }

    #[test]
    fn sums_of_products_round_once() {
        // (1*1*1 + 1*1*1) / 2 = 1 exactly; rounding each term first would give 0 or 2.
        let terms: [&[i128]; 2] = [&[1, 1, 1], &[1, 1, 1]];
        assert_eq!(sum_of_products(&terms, &[1, 2], Rounding::Floor, "test"), Ok(1));
        assert_eq!(sum_of_products(&[&[-1, 1, 1]], &[1, 2], Rounding::Floor, "test"), Ok(-1));
        assert_eq!(sum_of_products(&[&[-1, 1, 1]], &[1, 2], Rounding::Ceil, "test"), Ok(0));
        let big = i128::MAX;
        assert_eq!(sum_of_products(&[&[big, big, 1]], &[i128::MAX, 1], Rounding::Floor, "test"), Ok(big));
    }

    type I512 = BInt<8>;

    #[test]
    fn square_roots_are_floors() {
        for (value, root) in [(0i64, 0i64), (1, 1), (2, 1), (3, 1), (4, 2), (99, 9), (100, 10), (101, 10)] {
            assert_eq!(square_root(I512::from(value), "test"), Ok(I512::from(root)), "{value}");
        }
        let root = I512::from(u64::MAX);
        assert_eq!(square_root(root * root, "test"), Ok(root));
        assert_eq!(square_root(root * root - I512::ONE, "test"), Ok(root - I512::ONE));
    }

    #[test]
    fn fixed_texts_round_trip_and_refuse_what_they_do_not_mean() {
        for (text, atoms) in
            [("1", ONE_SIGNED), ("-1.5", -1_500_000_000_000_000_000), ("0.000000000000000001", 1), ("0", 0)]
        {
            assert_eq!(parse_fixed(text, "a number"), Ok(atoms), "{text}");
        }
        for text in ["", "-", ".5", "1.", "+1", "1e3", "1.0000000000000000001", "1_000", " 1", "--1", "NaN"] {
            assert!(matches!(parse_fixed(text, "a number"), Err(RiskError::Parse { .. })), "{text}");
        }
    }
}
