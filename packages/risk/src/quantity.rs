//! The quantities of a perpetual-futures venue, and the few products of them that mean something.
//!
//! Bounds are enforced where values enter ([`Size::checked`], [`Price::checked`]); inside them no intermediate overflows.
//! `docs/formulas.md` lists unit, decimals and largest value of each type.

use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, mul_div_signed, quantity, Rounding, MICRO, ONE, ONE_SIGNED};

/// Largest price: 10^12 quote units for one base unit.
pub const PRICE_MAX: Price = Price::from_atoms(1_000_000_000_000 * ONE);
/// Largest size, and largest open interest of one side: 10^13 base units.
pub const SIZE_MAX: u128 = 10_000_000_000_000 * ONE;
/// Divisor that takes (size atoms x price atoms) to micro-units of the settlement coin.
pub(crate) const NOTIONAL_DIVISOR: u128 = ONE * (ONE / MICRO);
/// The same, signed.
pub(crate) const NOTIONAL_DIVISOR_SIGNED: i128 = 1_000_000_000_000_000_000_000_000_000_000;

quantity!(/// Quote currency for one unit of base; the settlement coin is the quote currency. 18 decimals.
    Price, u128, fixed, "a decimal text of at most 18 decimals, never negative: quote units for one base unit");
quantity!(/// Signed quantity of the base asset: long is positive. 18 decimals.
    Size, i128, fixed, "a decimal text of at most 18 decimals: base units, long is positive");
quantity!(/// A share of something, a rate or a factor: never negative. 18 decimals.
    Ratio, u128, fixed, "a decimal text of at most 18 decimals, never negative: a ratio, 0.05 is five percent");
quantity!(/// A ratio that may be negative: premiums, funding rates per day. 18 decimals.
    SignedRatio, i128, fixed, "a decimal text of at most 18 decimals: a signed ratio");
quantity!(/// Settlement coin in its smallest (micro) unit. Never negative.
    Amount, u128, integer, "an integer text, never negative: micro-units of the settlement coin");
quantity!(/// Settlement coin that may be owed: equity, profit and loss, cash that a loss took below zero.
    SignedAmount, i128, integer, "an integer text: micro-units of the settlement coin, negative is owed");
quantity!(/// Shares of the liquidity pool, in their smallest unit.
    PoolShares, u128, integer, "an integer text, never negative: shares of the liquidity pool");
quantity!(/// Shares of the insurance fund's stakers, in their smallest unit.
    FundShares, u128, integer, "an integer text, never negative: shares of the insurance fund");
quantity!(/// Nominal size n = q/A of a position or of a side (F9b): no index move rewrites it. 18 decimals, signed.
    Nominal, i128, fixed, "a decimal text of at most 18 decimals: nominal size, long is positive");
quantity!(/// Scale A of a side (F9b): starts at 1, only falls within an epoch. 18 decimals.
    Scale, u128, fixed, "a decimal text of at most 18 decimals, never negative: the scale of a side");
quantity!(/// Cash index C of a side (F9b): quote units for one nominal unit. 18 decimals, signed.
    CashIndex, i128, fixed, "a decimal text of at most 18 decimals: quote units for one nominal unit");

impl Price {
    /// `units` whole quote units.
    ///
    /// Errors: none; a number past [`PRICE_MAX`] is refused by [`Self::checked`].
    #[expect(clippy::arithmetic_side_effects, reason = "a 32-bit or 64-bit factor times a constant fits 128 bits")]
    pub const fn from_units(units: u32) -> Self {
        Self::from_atoms((units as u128) * ONE)
    }
    /// Refuses zero and whatever is above [`PRICE_MAX`].
    pub fn checked(self) -> RiskResult<Self> {
        if self.is_zero() || self > PRICE_MAX {
            return Err(RiskError::OutOfBounds {
                what: "price",
                wanted: format!("above 0 and at most {PRICE_MAX}"),
                found: self.to_string(),
            });
        }
        Ok(self)
    }
    /// `price * (1 + ratio)`; never below zero.
    ///
    /// Errors: [`RiskError::Overflow`], also when the result would be negative.
    pub fn scaled(self, ratio: SignedRatio, rounding: Rounding) -> RiskResult<Self> {
        let what = "a scaled price";
        let factor = signed(ONE, what)?.checked_add(ratio.atoms()).ok_or(RiskError::Overflow { what })?;
        let factor = u128::try_from(factor).map_err(|_| RiskError::Overflow { what })?;
        mul_div(self.atoms(), factor, ONE, rounding, what).map(Self::from_atoms)
    }
    /// `price * ratio`.
    pub fn times(self, ratio: Ratio, rounding: Rounding) -> RiskResult<Self> {
        mul_div(self.atoms(), ratio.atoms(), ONE, rounding, "a share of a price").map(Self::from_atoms)
    }
    /// `|self - other|`.
    pub fn distance(self, other: Self) -> Self {
        Self::from_atoms(self.atoms().abs_diff(other.atoms()))
    }
    /// `self / other` as a ratio.
    pub fn ratio_to(self, other: Self, rounding: Rounding) -> RiskResult<Ratio> {
        mul_div(self.atoms(), ONE, other.atoms(), rounding, "a ratio of prices").map(Ratio::from_atoms)
    }
    /// The price as a signed number of atoms, for products with signed sizes.
    pub(crate) fn signed_atoms(self) -> RiskResult<i128> {
        signed(self.atoms(), "a signed price")
    }
}

impl Size {
    /// `units` whole base units.
    #[expect(clippy::arithmetic_side_effects, reason = "a 32-bit or 64-bit factor times a constant fits 128 bits")]
    pub const fn from_units(units: i32) -> Self {
        Self::from_atoms((units as i128) * ONE_SIGNED)
    }
    /// Refuses zero and whatever is above [`SIZE_MAX`] in either direction.
    pub fn checked(self) -> RiskResult<Self> {
        if self.is_zero() || self.magnitude() > SIZE_MAX {
            return Err(RiskError::OutOfBounds {
                what: "size",
                wanted: "not 0 and at most 10000000000000 units".into(),
                found: self.to_string(),
            });
        }
        Ok(self)
    }
    /// `|self|` in atoms.
    pub const fn magnitude(self) -> u128 {
        self.atoms().unsigned_abs()
    }
    pub const fn is_long(self) -> bool {
        self.atoms() > 0
    }
    pub const fn is_short(self) -> bool {
        self.atoms() < 0
    }
    /// The same size on the other side.
    pub fn negated(self) -> RiskResult<Self> {
        self.atoms().checked_neg().map(Self::from_atoms).ok_or(RiskError::Overflow { what: "a negated size" })
    }
    /// `|self| * price`: the quote value of the position, never negative.
    pub fn notional(self, price: Price, rounding: Rounding) -> RiskResult<Amount> {
        mul_div(self.magnitude(), price.atoms(), NOTIONAL_DIVISOR, rounding, "a notional").map(Amount::from_atoms)
    }
    /// `self * price`, signed: what a buyer of `self` pays.
    pub fn signed_notional(self, price: Price, rounding: Rounding) -> RiskResult<SignedAmount> {
        mul_div_signed(self.atoms(), price.signed_atoms()?, NOTIONAL_DIVISOR, rounding, "a signed notional")
            .map(SignedAmount::from_atoms)
    }
    /// `self * ratio`, towards zero: never more than was asked for.
    pub fn times(self, ratio: Ratio) -> RiskResult<Self> {
        let what = "a share of a size";
        let magnitude = mul_div(self.magnitude(), ratio.atoms(), ONE, Rounding::Floor, what)?;
        let magnitude = signed(magnitude, what)?;
        Ok(Self::from_atoms(if self.is_short() { magnitude.wrapping_neg() } else { magnitude }))
    }
}

impl Nominal {
    /// `|self|` in atoms.
    pub const fn magnitude(self) -> u128 {
        self.atoms().unsigned_abs()
    }
}

impl Scale {
    /// A fresh side.
    pub const ONE: Self = Self::from_atoms(ONE);
}

impl Ratio {
    pub const ONE: Self = Self::from_atoms(ONE);

    #[expect(clippy::arithmetic_side_effects, reason = "a 32-bit or 64-bit factor times a constant fits 128 bits")]
    pub const fn percent(percent: u32) -> Self {
        Self::from_atoms((percent as u128) * (ONE / 100))
    }
    #[expect(clippy::arithmetic_side_effects, reason = "a 32-bit or 64-bit factor times a constant fits 128 bits")]
    pub const fn from_basis_points(basis_points: u32) -> Self {
        Self::from_atoms((basis_points as u128) * (ONE / 10_000))
    }
    pub fn times(self, other: Self, rounding: Rounding) -> RiskResult<Self> {
        mul_div(self.atoms(), other.atoms(), ONE, rounding, "a product of ratios").map(Self::from_atoms)
    }
    /// `numerator / denominator`.
    pub fn of(numerator: u128, denominator: u128, rounding: Rounding) -> RiskResult<Self> {
        mul_div(numerator, ONE, denominator, rounding, "a ratio").map(Self::from_atoms)
    }
}

impl SignedRatio {
    /// The same, for the other side of the transfer.
    pub fn negated(self) -> RiskResult<Self> {
        self.atoms().checked_neg().map(Self::from_atoms).ok_or(RiskError::Overflow { what: "a negated ratio" })
    }
    /// Clamps to `[-bound, bound]`.
    pub fn clamped(self, bound: Ratio) -> RiskResult<Self> {
        let bound = signed(bound.atoms(), "a clamp")?;
        Ok(Self::from_atoms(self.atoms().clamp(bound.wrapping_neg(), bound)))
    }
}

impl Amount {
    /// `units` whole quote units of a coin with six decimals.
    #[expect(clippy::arithmetic_side_effects, reason = "a 32-bit or 64-bit factor times a constant fits 128 bits")]
    pub const fn from_units(units: u64) -> Self {
        Self::from_atoms((units as u128) * MICRO)
    }
    pub fn times(self, ratio: Ratio, rounding: Rounding) -> RiskResult<Self> {
        mul_div(self.atoms(), ratio.atoms(), ONE, rounding, "a share of an amount").map(Self::from_atoms)
    }
    /// `self * numerator / denominator`.
    pub fn times_fraction(self, numerator: u128, denominator: u128, rounding: Rounding) -> RiskResult<Self> {
        mul_div(self.atoms(), numerator, denominator, rounding, "a fraction of an amount").map(Self::from_atoms)
    }
    /// Never below zero.
    pub const fn saturating_minus(self, other: Self) -> Self {
        Self::from_atoms(self.atoms().saturating_sub(other.atoms()))
    }
    pub fn signed(self) -> RiskResult<SignedAmount> {
        signed(self.atoms(), "a signed amount").map(SignedAmount::from_atoms)
    }
}

impl SignedAmount {
    /// The amount if it is positive, else zero.
    pub const fn positive_part(self) -> Amount {
        Amount::from_atoms(if self.atoms() > 0 { self.atoms().unsigned_abs() } else { 0 })
    }
    /// What is owed if it is negative, else zero.
    pub const fn negative_part(self) -> Amount {
        Amount::from_atoms(if self.atoms() < 0 { self.atoms().unsigned_abs() } else { 0 })
    }
    pub const fn magnitude(self) -> Amount {
        Amount::from_atoms(self.atoms().unsigned_abs())
    }
    pub const fn is_negative(self) -> bool {
        self.atoms() < 0
    }
    pub fn plus_amount(self, amount: Amount) -> RiskResult<Self> {
        self.plus(amount.signed()?)
    }
    pub fn minus_amount(self, amount: Amount) -> RiskResult<Self> {
        self.minus(amount.signed()?)
    }
    pub fn negated(self) -> RiskResult<Self> {
        self.atoms().checked_neg().map(Self::from_atoms).ok_or(RiskError::Overflow { what: "a negated amount" })
    }
}

pub(crate) fn signed(value: u128, what: &'static str) -> RiskResult<i128> {
    i128::try_from(value).map_err(|_| RiskError::Overflow { what })
}

#[cfg(test)]
mod tests;
