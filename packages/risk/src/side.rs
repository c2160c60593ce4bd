//! F9b: one side of a market in five numbers that no index move rewrites.
//!
//! A position is a **nominal** size `n` and a **basis** fixed when it traded; two indices carry everything that happens to
//! the whole side at once. The scale `A` falls when the side is deleveraged, the cash index `C` collects funding, borrow
//! fees and the proceeds of deleveraging:
//!
//! ```text
//! true size = n * A        value = n * (A*P + C) - basis        V_side = N * (A*P + C) - B,   N = sum n,  B = sum basis
//! ```
//!
//! `N` and `B` are changed by the very integers that change a position, so the sums are exact for ever and `N = 0` means
//! `B = 0`. (Scaling the sums themselves drifts: 60 deleveragings of 20,000 positions left 26,846 units that nobody held.)
//!
//! An **epoch** ends when the side is empty, or when `A` is used up and what is left is closed at one price:
//!
//! ```text
//! running --last leave--> restarted (nobody left)      running --A < SCALE_MIN--> roll: stakes settle from ClosedEpoch
//! ```

use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, mul_div_signed, sum_of_products, Rounding, ONE, ONE_SIGNED};
use crate::quantity::{
    signed, Amount, CashIndex, Nominal, Price, Ratio, Scale, SignedAmount, SignedRatio, Size, NOTIONAL_DIVISOR_SIGNED,
    SIZE_MAX,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Below this scale nothing enters and the epoch is due to be rolled. It keeps `n` within 128 bits: the largest size
/// over the smallest scale is 10^37 atoms.
pub const SCALE_MIN: Scale = Scale::from_atoms(1_000_000_000_000);
/// `NOTIONAL_DIVISOR / ONE`: from 18 decimals to micro-units.
const MICRO_DIVISOR: i128 = 1_000_000_000_000;
/// `n * A * P` has 54 decimals, a micro-unit has 6: the divisor is the square of this.
const VALUE_DIVISOR_ROOT: i128 = 1_000_000_000_000_000_000_000_000;

/// The long or the short half of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// A: the share of each nominal unit that is still open.
    pub scale: Scale,
    /// C: quote units for one nominal unit, collected since the epoch began.
    pub cash_index: CashIndex,
    /// N: sum of the nominal sizes; negative for the short side.
    pub nominal: Nominal,
    /// B: sum of the bases.
    pub basis: SignedAmount,
    pub epoch: u32,
}

/// One account's part of a side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PositionStake {
    pub nominal: Nominal,
    /// What the position cost, with the cash index at entry inside.
    pub basis: SignedAmount,
    /// The epoch of the side that `nominal` and `basis` refer to.
    pub epoch: u32,
}

/// What an epoch that was rolled with positions inside leaves behind; kept for each market, side and epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosedEpoch {
    /// The scale just before the roll closed the rest: for the record.
    pub scale: Scale,
    /// The cash index with the closing at the roll's price inside: a stake is owed `n * cash_index - basis`.
    pub cash_index: CashIndex,
}

impl PositionStake {
    /// `n * A` at a scale that its side had: what the position was then.
    ///
    /// Units: base. Rounding: towards zero. Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f9b-side-indices`.
    pub fn size_at(&self, scale: Scale) -> RiskResult<Size> {
        true_size(self.nominal, scale)
    }
}

impl Default for Side {
    fn default() -> Self {
        Self::new()
    }
}

impl Side {
    /// An empty side: scale 1, index 0, epoch 0.
    pub fn new() -> Self {
        Self {
            scale: Scale::ONE,
            cash_index: CashIndex::ZERO,
            nominal: Nominal::ZERO,
            basis: SignedAmount::ZERO,
            epoch: 0,
        }
    }

    /// `N * A`, signed: negative for the short side.
    ///
    /// Units: base. Rounding: towards zero. Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f9b-side-indices`.
    pub fn open_interest(&self) -> RiskResult<Size> {
        true_size(self.nominal, self.scale)
    }

    /// `n * A`: what the stake's position is now, after all deleveraging.
    ///
    /// Units: base. Rounding: towards zero. Errors: [`RiskError::StaleEpoch`], [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn size_of(&self, stake: &PositionStake) -> RiskResult<Size> {
        self.ensure_current(stake)?;
        true_size(stake.nominal, self.scale)
    }

    /// `N * (A*P + C) - B`: what the pool owes the side at the oracle price (negative: what the side owes).
    ///
    /// Units: settlement coin. Rounding: up, it is a liability. Errors: [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn value(&self, price: Price) -> RiskResult<SignedAmount> {
        self.valued(self.nominal, self.basis, price, Rounding::Ceil)
    }

    /// `n * (A*P + C) - basis`: open profit or loss at the oracle price, funding and borrow fees inside.
    ///
    /// Units: settlement coin. Rounding: down. Errors: [`RiskError::StaleEpoch`], [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn value_of(&self, stake: &PositionStake, price: Price) -> RiskResult<SignedAmount> {
        self.ensure_current(stake)?;
        self.valued(stake.nominal, stake.basis, price, Rounding::Floor)
    }

    /// Gives every unit of the side `per_unit`: positive is received, negative is paid, **for longs and shorts alike**
    /// (a borrow fee is `accrue(-fee)` on both sides; funding `u` is `accrue(-u)` on the long and `accrue(u)` on the short).
    /// An empty side stays as it is.
    ///
    /// Returns what the rounding of the index gives the pool: with 10^12 nominal units and more it is no longer below a unit, and
    /// the equality of F9 must know of it.
    ///
    /// Units: quote for one base unit of true size. Rounding: against the holders, 10^-18 for one nominal unit; the gift up.
    /// Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f9b-side-indices`.
    pub fn accrue(&mut self, per_unit: SignedRatio) -> RiskResult<Amount> {
        // A short's nominal is negative: what it receives lowers the index.
        let factor = if self.nominal.atoms() < 0 {
            per_unit.negated()?
        } else if self.nominal.is_zero() {
            return Ok(Amount::ZERO);
        } else {
            per_unit
        };
        let (index, gift) = self.moved_index(factor.atoms(), self.scale)?;
        self.cash_index = index;
        Ok(gift)
    }

    /// Adds `size` at the signed `cost` of the trade (F1: a buyer pays, positive) to the side and to the stake.
    ///
    /// Nothing is realised: the cost and the index at entry go into the basis. Rounding: the nominal towards zero, so
    /// that the true size never exceeds the order; the basis up. A long pays for the whole order, a short receives
    /// the price of its true size only.
    /// Errors: [`RiskError::SizeNotHeld`] for a size of zero or of the other side, [`RiskError::StaleEpoch`],
    /// [`RiskError::ScaleExhausted`], [`RiskError::OutOfBounds`] above [`SIZE_MAX`], [`RiskError::Overflow`]; nothing has
    /// changed then. Source: `docs/formulas.md#f9b-side-indices`.
    pub fn enter(&mut self, stake: &mut PositionStake, size: Size, cost: SignedAmount) -> RiskResult<()> {
        self.ensure_current(stake)?;
        let mut side = self.clone();
        if side.nominal.is_zero() && side.needs_roll() {
            side.restart()?;
        }
        let direction = size.atoms().signum();
        // The stake is asked too: one of the other side whose size was deleveraged to zero still holds cash.
        let fits = |nominal: Nominal| nominal.is_zero() || nominal.atoms().signum() == direction;
        if size.is_zero() || !fits(side.nominal) || !fits(stake.nominal) {
            return Err(RiskError::SizeNotHeld { size, held: side.open_interest()? });
        }
        if side.scale < SCALE_MIN {
            return Err(RiskError::ScaleExhausted { scale: side.scale });
        }
        let what = "a nominal size";
        let magnitude = mul_div(size.magnitude(), ONE, side.scale.atoms(), Rounding::Floor, what)?;
        let nominal = Nominal::from_atoms(like(size, magnitude, what)?);
        // A stake without a size could neither be closed nor liquidated.
        if true_size(stake.nominal.plus(nominal)?, side.scale)?.is_zero() {
            return Err(RiskError::OutOfBounds {
                what: "a size",
                wanted: format!("more than what a scale of {} rounds to nothing", side.scale),
                found: size.to_string(),
            });
        }
        let basis = side.charge(cost, SignedAmount::ZERO, size, nominal, nominal.atoms())?;

        side.nominal = side.nominal.plus(nominal)?;
        side.basis = side.basis.plus(basis)?;
        let open_interest = side.open_interest()?;
        if open_interest.magnitude() > SIZE_MAX {
            return Err(RiskError::OutOfBounds {
                what: "open interest",
                wanted: "at most 10000000000000 units".into(),
                found: open_interest.to_string(),
            });
        }
        let held = if stake.nominal.is_zero() { PositionStake::default() } else { stake.clone() };
        *stake =
            PositionStake { nominal: held.nominal.plus(nominal)?, basis: held.basis.plus(basis)?, epoch: side.epoch };
        *self = side;
        Ok(())
    }

    /// Takes `size` (signed like the position, at most all of it) out of the side and the stake, and returns the profit or
    /// loss that this realises: `-cost - removed basis + removed n * C`, where `cost = trade_cost(-size)` is signed like
    /// every cost: negative when a long sells, positive when a short buys back.
    ///
    /// The pool pays the result in cash and its liability falls by the same figure, so at one price its equity stays
    /// or grows by less than two units (and 10^-18 base units, where the scale does not divide the size). All of the position removes all of `n` and basis, so nothing is left behind;
    /// when it was the last one, the side restarts in a new epoch.
    ///
    /// Units: settlement coin. Rounding: the result down; the removed nominal away from zero, so that never more
    /// remains than the size minus what was removed; the removed share of the basis down, so that the rest is not better
    /// off; a short pays for the true size that left.
    /// Errors: [`RiskError::SizeNotHeld`], [`RiskError::StaleEpoch`], [`RiskError::Overflow`]; nothing has changed then.
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn leave(&mut self, stake: &mut PositionStake, size: Size, cost: SignedAmount) -> RiskResult<SignedAmount> {
        let what = "a removed nominal size";
        let held = self.size_of(stake)?;
        let whole = size == held;
        let part = size.atoms().signum() == held.atoms().signum() && size.magnitude() < held.magnitude();
        if stake.nominal.is_zero() || !(whole || part) {
            return Err(RiskError::SizeNotHeld { size, held });
        }
        let (nominal, basis) = if whole {
            (stake.nominal, stake.basis)
        } else {
            let magnitude = mul_div(size.magnitude(), ONE, self.scale.atoms(), Rounding::Ceil, what)?;
            let share = signed(magnitude, what)?;
            let basis = mul_div_signed(stake.basis.atoms(), share, stake.nominal.magnitude(), Rounding::Floor, what)?;
            (Nominal::from_atoms(like(size, magnitude, what)?), SignedAmount::from_atoms(basis))
        };
        let removed_index = nominal.atoms().checked_neg().ok_or(RiskError::Overflow { what })?;
        let pnl = self.charge(cost, basis, size, nominal, removed_index)?.negated()?;

        let mut side = self.clone();
        side.nominal = side.nominal.minus(nominal)?;
        side.basis = side.basis.minus(basis)?;
        let rest = PositionStake {
            nominal: stake.nominal.minus(nominal)?,
            basis: stake.basis.minus(basis)?,
            epoch: stake.epoch,
        };
        if side.nominal.is_zero() {
            side.restart()?;
        }
        *stake = rest;
        *self = side;
        Ok(pnl)
    }

    /// Closes the share `1 - kept` of every position of the side at `price`, in constant time: `C += (A - A') * price`,
    /// `A' = A * kept`. An empty side stays as it is.
    ///
    /// Rounding: the scale down; the index against the holders. The index pays for the scale that really left, so at
    /// `price` nobody's value moves by more than the index's last digit. Returns what that gives the pool, as [`Self::accrue`].
    /// Errors: [`RiskError::OutOfBounds`] for a share above 1, [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn deleverage(&mut self, kept: Ratio, price: Price) -> RiskResult<Amount> {
        if kept > Ratio::ONE {
            return Err(RiskError::OutOfBounds {
                what: "kept share",
                wanted: "at most 1".into(),
                found: kept.to_string(),
            });
        }
        if self.nominal.is_zero() {
            return Ok(Amount::ZERO);
        }
        let scale = mul_div(self.scale.atoms(), kept.atoms(), ONE, Rounding::Floor, "a scale")?;
        let scale = Scale::from_atoms(scale);
        let closed = self.scale.minus(scale)?;
        let (index, gift) = self.moved_index(price.signed_atoms()?, closed)?;
        self.cash_index = index;
        self.scale = scale;
        Ok(gift)
    }

    /// The scale is used up, or an empty side still carries an index.
    pub fn needs_roll(&self) -> bool {
        let used = self.scale != Scale::ONE || !self.cash_index.is_zero();
        self.scale < SCALE_MIN || (self.nominal.is_zero() && used)
    }

    /// Ends the epoch: closes what is left of every position at `price` and restarts the side empty. The second result is
    /// what the stakes of the closed epoch are owed together, from now on a fixed liability; each collects its part
    /// through [`Self::settle_closed`], and the parts never exceed the total.
    ///
    /// Units: settlement coin. Rounding: the index against the holders (what that gives the pool: [`Self::gift_of_roll`]), the
    /// liability up. Errors: [`RiskError::Overflow`]; nothing has changed then. Source: `docs/formulas.md#f9b-side-indices`.
    pub fn roll(&mut self, price: Price) -> RiskResult<(ClosedEpoch, SignedAmount)> {
        let (cash_index, _) = self.moved_index(price.signed_atoms()?, self.scale)?;
        let closed = ClosedEpoch { scale: self.scale, cash_index };
        let liability = closed_value(closed.cash_index, self.nominal, self.basis, Rounding::Ceil)?;
        self.restart()?;
        Ok((closed, liability))
    }

    /// What the rounding of the index in a [`Self::roll`] at `price` gives the pool.
    ///
    /// Errors: [`RiskError::Overflow`].
    pub fn gift_of_roll(&self, price: Price) -> RiskResult<Amount> {
        self.moved_index(price.signed_atoms()?, self.scale).map(|(_, gift)| gift)
    }

    /// `n * C_end - basis`: what a stake of a rolled epoch is owed (negative: what it owes).
    ///
    /// Units: settlement coin. Rounding: down. Errors: [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f9b-side-indices`.
    pub fn settle_closed(closed: &ClosedEpoch, stake: &PositionStake) -> RiskResult<SignedAmount> {
        closed_value(closed.cash_index, stake.nominal, stake.basis, Rounding::Floor)
    }

    /// Empty again, one epoch later. The sums are exact, so with `N = 0` the basis already is 0.
    fn restart(&mut self) -> RiskResult<()> {
        let epoch = self.epoch.checked_add(1).ok_or(RiskError::Overflow { what: "an epoch" })?;
        *self = Self { epoch, ..Self::new() };
        Ok(())
    }

    fn ensure_current(&self, stake: &PositionStake) -> RiskResult<()> {
        if stake.epoch != self.epoch && !stake.nominal.is_zero() {
            return Err(RiskError::StaleEpoch { stake: stake.epoch, side: self.epoch });
        }
        Ok(())
    }

    /// A lower index is worse for longs, a higher one for shorts.
    fn index_rounding(&self) -> Rounding {
        if self.nominal.atoms() < 0 {
            Rounding::Ceil
        } else {
            Rounding::Floor
        }
    }

    /// `C + factor * scale`, and `N` times what its rounding left out.
    fn moved_index(&self, factor: i128, scale: Scale) -> RiskResult<(CashIndex, Amount)> {
        let what = "a cash index";
        let scale = signed(scale.atoms(), what)?;
        let change = mul_div_signed(factor, scale, ONE, self.index_rounding(), what)?;
        let index = self.cash_index.plus(CashIndex::from_atoms(change))?;
        if scale == ONE_SIGNED {
            return Ok((index, Amount::ZERO));
        }
        let nominal = self.nominal.atoms();
        let minus = nominal.checked_neg().ok_or(RiskError::Overflow { what })?;
        let gift = sum_of_products(
            &[&[nominal, factor, scale], &[minus, change, ONE_SIGNED]],
            &[ONE_SIGNED, NOTIONAL_DIVISOR_SIGNED],
            Rounding::Ceil,
            what,
        )?;
        Ok((index, SignedAmount::from_atoms(gift).positive_part()))
    }

    fn valued(
        &self,
        nominal: Nominal,
        basis: SignedAmount,
        price: Price,
        rounding: Rounding,
    ) -> RiskResult<SignedAmount> {
        let what = "the value of a side or a position";
        let (nominal, basis) = (nominal.atoms(), basis.negated()?.atoms());
        sum_of_products(
            &[
                &[nominal, signed(self.scale.atoms(), what)?, price.signed_atoms()?],
                &[nominal, self.cash_index.atoms(), ONE_SIGNED],
                &[basis, VALUE_DIVISOR_ROOT, VALUE_DIVISOR_ROOT],
            ],
            &[VALUE_DIVISOR_ROOT, VALUE_DIVISOR_ROOT],
            rounding,
            what,
        )
        .map(SignedAmount::from_atoms)
    }

    /// `cost' + basis + indexed * C`, rounded up once: what goes into a basis at entry, and minus what an exit realises.
    ///
    /// `nominal` is what `size` became. Where `n * A` is not exactly `size`, a long's cost stands (it paid for more or sold
    /// less than moved) and a short's is taken at its own price for `n * A`: either way the difference, below 10^-18
    /// base units, goes to the pool.
    fn charge(
        &self,
        cost: SignedAmount,
        basis: SignedAmount,
        size: Size,
        nominal: Nominal,
        indexed: i128,
    ) -> RiskResult<SignedAmount> {
        let what = "a basis";
        let (cost, basis, index) = (cost.atoms(), basis.atoms(), self.cash_index.atoms());
        let charge = if size.is_short() {
            let (moved, asked) = (signed(nominal.magnitude(), what)?, signed(size.magnitude(), what)?);
            sum_of_products(
                &[
                    &[cost, moved, signed(self.scale.atoms(), what)?, MICRO_DIVISOR],
                    &[basis, asked, NOTIONAL_DIVISOR_SIGNED],
                    &[indexed, index, asked],
                ],
                &[asked, NOTIONAL_DIVISOR_SIGNED],
                Rounding::Ceil,
                what,
            )
        } else {
            sum_of_products(
                &[&[cost, NOTIONAL_DIVISOR_SIGNED], &[basis, NOTIONAL_DIVISOR_SIGNED], &[indexed, index]],
                &[NOTIONAL_DIVISOR_SIGNED],
                Rounding::Ceil,
                what,
            )
        };
        charge.map(SignedAmount::from_atoms)
    }
}

fn true_size(nominal: Nominal, scale: Scale) -> RiskResult<Size> {
    let what = "a true size";
    let magnitude = signed(mul_div(nominal.magnitude(), scale.atoms(), ONE, Rounding::Floor, what)?, what)?;
    let atoms = if nominal.atoms() < 0 { magnitude.checked_neg() } else { Some(magnitude) };
    atoms.map(Size::from_atoms).ok_or(RiskError::Overflow { what })
}

/// `magnitude` with the sign of `size`.
fn like(size: Size, magnitude: u128, what: &'static str) -> RiskResult<i128> {
    let magnitude = signed(magnitude, what)?;
    let atoms = if size.is_short() { magnitude.checked_neg() } else { Some(magnitude) };
    atoms.ok_or(RiskError::Overflow { what })
}

fn closed_value(
    index: CashIndex,
    nominal: Nominal,
    basis: SignedAmount,
    rounding: Rounding,
) -> RiskResult<SignedAmount> {
    let what = "a settled stake";
    sum_of_products(
        &[&[nominal.atoms(), index.atoms()], &[basis.negated()?.atoms(), NOTIONAL_DIVISOR_SIGNED]],
        &[NOTIONAL_DIVISOR_SIGNED],
        rounding,
        what,
    )
    .map(SignedAmount::from_atoms)
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
