//! F6 and F8: how much of a position a liquidation closes, and who gets the penalty.

use crate::error::{RiskError, RiskResult};
use crate::margin::{covers, MarginParams};
use crate::number::{divide, square_root, wide_sum, Rounding, ONE_SIGNED};
use crate::pricing::ensure_skew_scale;
use crate::quantity::{signed, Amount, Price, Ratio, SignedAmount, Size, NOTIONAL_DIVISOR_SIGNED};
use bnum::BInt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How liquidations of a market go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LiquidationParams {
    /// What is kept is healthy with this much to spare: maintenance margin times `1 + buffer`.
    pub buffer: Ratio,
    /// Share of the closed notional that the account pays. Bounds: at most the smallest maintenance ratio less the taker fee.
    pub penalty_ratio: Ratio,
    /// Share of the penalty that goes to the keeper.
    pub keeper_share: Ratio,
    /// The keeper gets at least this, from the insurance fund where the penalty falls short.
    pub keeper_min: Amount,
    /// The keeper gets at most this. Bounds: at least `keeper_min`.
    pub keeper_max: Amount,
    /// A rest below this size is closed too.
    pub size_min: Size,
    /// F7: the window of the throttle, seconds. 0 turns it off. Bounds: at most 3,600.
    pub throttle_seconds: u64,
    /// F7: the cap of a window is `taker fee * skew scale * throttle_multiplier * throttle_seconds`.
    pub throttle_multiplier: Ratio,
    /// F7: |skew| / skew scale below which a used-up throttle gives one burst more in a block.
    pub throttle_relief_skew: Ratio,
    /// Delay after which the keeper's share is the whole penalty; grows in proportion before, inside `keeper_max`. 0: no growth.
    pub keeper_growth_seconds: u64,
}

/// The largest part of `size` that the account can keep and be healthy at the buffer: the largest `y <= |size|` with
/// `(1+b)*(MM(y) + MM_others) + f*(|size| - y)*P <= equity`, a quadratic in `y` because margin grows with size. ("Deficit
/// over freed margin" closes nearly twice too much there.)
///
/// `equity` is the account's before the close, at skew exit prices: as F1 does not depend on the order, closing a part moves
/// it by the penalty only. Units: base, a magnitude (positive or zero). Rounding: down; what is kept passes the test in
/// whole micro-units, and a piece more whose margin is worth 6 micro-units does not.
/// Errors: [`RiskError::OutOfBounds`] for a skew scale of zero or less, [`RiskError::Overflow`].
/// Source: `docs/formulas.md#f6-partial-liquidation`.
pub fn largest_keepable_size(
    equity: SignedAmount,
    maintenance_margin_others: Amount,
    size: Size,
    price: Price,
    margin: &MarginParams,
    skew_scale: Size,
    params: &LiquidationParams,
) -> RiskResult<Size> {
    ensure_skew_scale(skew_scale)?;
    let whole = Size::from_atoms(signed(size.magnitude(), "a size to keep")?);
    let case = Case { equity, others: maintenance_margin_others, whole, price, margin, skew_scale, params };
    if whole.is_zero() || case.keeps(whole)? {
        return Ok(whole);
    }
    // The exact root first; where rounding up each figure to a micro-unit tips the balance, a little less.
    let exact = case.root(0)?;
    if exact.is_zero() || case.keeps(exact)? {
        return Ok(exact);
    }
    let spared = case.root(ROUNDING_ALLOWANCE)?;
    if spared.is_zero() || case.keeps(spared)? {
        return Ok(spared);
    }
    // Out of reach for a buffer and a penalty below 100 %, but closing everything is always an answer.
    Ok(Size::ZERO)
}

/// How much of `size` a liquidation closes, signed like the position: what [`largest_keepable_size`] cannot keep, all of it
/// when the rest would be below `size_min`, zero when the account is healthy at the buffer.
///
/// Units: base. Rounding and errors: as [`largest_keepable_size`]. Source: `docs/formulas.md#f6-partial-liquidation`.
pub fn close_size(
    equity: SignedAmount,
    maintenance_margin_others: Amount,
    size: Size,
    price: Price,
    margin: &MarginParams,
    skew_scale: Size,
    params: &LiquidationParams,
) -> RiskResult<Size> {
    let kept = largest_keepable_size(equity, maintenance_margin_others, size, price, margin, skew_scale, params)?;
    if kept.magnitude() == size.magnitude() {
        return Ok(Size::ZERO);
    }
    if kept < params.size_min {
        return Ok(size);
    }
    size.minus(if size.is_short() { kept.negated()? } else { kept })
}

impl LiquidationParams {
    /// The same with the penalty that closing a unit costs the account's margin: the penalty, less the exit fee that equity has in it
    /// already, and the part of the position's profit that is no margin once it is realised and vests (F17).
    ///
    /// `margin_lost` is of closing all of `notional`. Rounding: up. Errors: [`RiskError::DivisionByZero`], [`RiskError::Overflow`].
    pub fn costing(&self, fee_ratio: Ratio, margin_lost: Amount, notional: Amount) -> RiskResult<Self> {
        let above_fee = Ratio::from_atoms(self.penalty_ratio.atoms().saturating_sub(fee_ratio.atoms()));
        let lost = match margin_lost {
            Amount::ZERO => Ratio::ZERO,
            lost => Ratio::of(lost.atoms(), notional.atoms(), Rounding::Ceil)?,
        };
        Ok(Self { penalty_ratio: above_fee.plus(lost)?, ..self.clone() })
    }
}

/// Micro-units by which rounding up can raise the requirement above its exact value: one each for the margin (times
/// `1 + b`), the sum, the notional (times `f`) and the penalty; below 6 for a buffer up to 200 %.
const ROUNDING_ALLOWANCE: i128 = 6;

struct Case<'a> {
    equity: SignedAmount,
    others: Amount,
    whole: Size,
    price: Price,
    margin: &'a MarginParams,
    skew_scale: Size,
    params: &'a LiquidationParams,
}

impl Case<'_> {
    /// The test itself, each figure rounded as the contract will round it.
    fn keeps(&self, kept: Size) -> RiskResult<bool> {
        let margins = self.margin.maintenance_margin(kept, self.price, self.skew_scale)?.plus(self.others)?;
        let closed = self.whole.minus(kept)?.notional(self.price, Rounding::Ceil)?;
        let required = margins
            .times(Ratio::ONE.plus(self.params.buffer)?, Rounding::Ceil)?
            .plus(closed.times(self.params.penalty_ratio, Rounding::Ceil)?)?;
        Ok(covers(self.equity, required))
    }

    /// The largest `y` in `[0, whole]` with `quadratic*y^2 + linear*y <= rest`, in exact arithmetic over the common divisor
    /// `S * 10^84`; `allowance` micro-units are held back from the rest.
    fn root(&self, allowance: i128) -> RiskResult<Size> {
        let what = "the largest size to keep";
        let overflow = || RiskError::Overflow { what };
        let (price, scale, whole) = (self.price.signed_atoms()?, self.skew_scale.atoms(), self.whole.atoms());
        let buffered = signed(Ratio::ONE.plus(self.params.buffer)?.atoms(), what)?;
        let penalty = signed(self.params.penalty_ratio.atoms(), what)?;
        let minus_penalty = penalty.checked_neg().ok_or_else(overflow)?;
        let scalar = signed(self.margin.maintenance_scalar.atoms(), what)?;
        let slope = signed(self.margin.initial_margin_slope.atoms(), what)?;
        let ratio = signed(self.margin.initial_margin_ratio.atoms(), what)?;
        let fixed = self.others.plus(self.margin.margin_min)?.signed()?.negated()?.atoms();
        let equity = self.equity.atoms().checked_sub(allowance).ok_or_else(overflow)?;
        const E18: i128 = ONE_SIGNED;
        const E30: i128 = NOTIONAL_DIVISOR_SIGNED;

        let quadratic = wide_sum::<16>(&[&[buffered, price, slope, scalar]], what)?;
        let linear = wide_sum::<16>(
            &[&[buffered, price, ratio, scalar, scale], &[minus_penalty, price, scale, E18, E18]],
            what,
        )?;
        let rest = wide_sum::<16>(
            &[
                &[equity, scale, E30, E18, E18, E18],
                &[buffered, fixed, scale, E30, E18, E18],
                &[minus_penalty, whole, price, scale, E18, E18],
            ],
            what,
        )?;
        let largest = if quadratic.is_zero() {
            return self.linear_root(linear, rest);
        } else {
            let discriminant = linear
                .checked_mul(linear)
                .zip(quadratic.checked_mul(rest).and_then(|product| product.checked_mul(BInt::from(4))))
                .and_then(|(square, product)| square.checked_add(product))
                .ok_or_else(overflow)?;
            if discriminant.is_negative() {
                return Ok(Size::ZERO);
            }
            let numerator = square_root(discriminant, what)?.checked_sub(linear).ok_or_else(overflow)?;
            let divisor = quadratic.checked_mul(BInt::TWO).ok_or_else(overflow)?;
            divide(numerator, divisor, Rounding::Floor, what)?
        };
        self.within(largest)
    }

    /// Without a slope: `linear * y <= rest`.
    fn linear_root(&self, linear: BInt<16>, rest: BInt<16>) -> RiskResult<Size> {
        if linear.is_positive() {
            return self.within(divide(rest, linear, Rounding::Floor, "the largest size to keep")?);
        }
        // Keeping more costs less than closing it: all or nothing, and all of it was refused already.
        Ok(Size::ZERO)
    }

    fn within(&self, size: BInt<16>) -> RiskResult<Size> {
        if size.is_negative() {
            return Ok(Size::ZERO);
        }
        // A root that does not fit is larger than any position.
        Ok(i128::try_from(size).map_or(self.whole, |atoms| Size::from_atoms(atoms).min(self.whole)))
    }
}

impl LiquidationParams {
    /// The keeper's share of the penalty after a delay. Rounding: down. Errors: [`RiskError::Overflow`].
    fn keeper_share_after(&self, delay_seconds: u64) -> RiskResult<Ratio> {
        let growth = self.keeper_growth_seconds;
        if growth == 0 || self.keeper_share >= Ratio::ONE {
            return Ok(self.keeper_share);
        }
        let passed = Ratio::of(delay_seconds.min(growth).into(), growth.into(), Rounding::Floor)?;
        self.keeper_share.plus(Ratio::ONE.minus(self.keeper_share)?.times(passed, Rounding::Floor)?)
    }
}

/// Where a liquidation penalty goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiquidationFee {
    /// What the account pays: `keeper + insurance`.
    pub penalty: Amount,
    /// The keeper's part of the penalty, without the top-up.
    pub keeper: Amount,
    pub insurance: Amount,
    /// What the insurance fund adds so that the keeper gets `keeper_min`.
    pub keeper_top_up: Amount,
}

/// `penalty = min(notional * ratio, equity)`, capped by what the account still has, so that a fee never makes a deficit;
/// `keeper = clamp(penalty * share, keeper_min, keeper_max)`, the rest to the insurance fund. The share grows with the delay:
/// `share + (1 - share) * min(delay, growth) / growth`. Growth stays inside the penalty, which the account itself pays, so nobody
/// farms it.
///
/// `equity_after` is the account's after the close and before the penalty; `settled` is what of it is cash: the keeper is paid out of
/// nothing else, because its coins leave the venue and a profit that is open, or has not vested, must not leave with them. Units: settlement coin. Rounding: the penalty
/// up, the keeper's share down. Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f8-liquidation-fee`.
pub fn split_liquidation_fee(
    notional: Amount,
    equity_after: SignedAmount,
    settled: Amount,
    params: &LiquidationParams,
    delay_seconds: u64,
) -> RiskResult<LiquidationFee> {
    let penalty = notional.times(params.penalty_ratio, Rounding::Ceil)?.min(equity_after.positive_part());
    let share = penalty.times(params.keeper_share_after(delay_seconds)?, Rounding::Floor)?;
    let wanted = share.max(params.keeper_min).min(params.keeper_max);
    let keeper = wanted.min(penalty).min(settled);
    Ok(LiquidationFee {
        penalty,
        keeper,
        insurance: penalty.minus(keeper)?,
        keeper_top_up: params.keeper_min.saturating_minus(keeper),
    })
}

#[cfg(test)]
mod tests;
