//! F4: margin that grows with size, and the health of a cross account.

use crate::error::RiskResult;
use crate::number::{sum_of_products, Rounding, ONE_SIGNED};
use crate::posture::Posture;
use crate::pricing::ensure_skew_scale;
use crate::quantity::{signed, Amount, Price, Ratio, SignedAmount, Size, NOTIONAL_DIVISOR_SIGNED};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// [`BasisPoints`](crate::BasisPoints) in one.
const BASIS_POINTS: i128 = 10_000;
/// Hundredths of leverage in one.
const LEVERAGE_HUNDREDTHS: i128 = 100;

/// The margin a market asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MarginParams {
    /// Share of the notional to open the smallest position.
    pub initial_margin_ratio: Ratio,
    /// Added to the ratio at `|size| = skew_scale`, in proportion below and above.
    pub initial_margin_slope: Ratio,
    /// Maintenance margin as a share of initial margin. Bounds: below 1.
    pub maintenance_scalar: Ratio,
    /// Added to both for each open position: what a liquidation costs at least.
    pub margin_min: Amount,
    /// Notional of the larger side up to which open interest asks for nothing more.
    pub open_interest_low: Amount,
    /// From here on initial margin is all of the notional. Bounds: above `open_interest_low`.
    pub open_interest_high: Amount,
}

impl MarginParams {
    /// Share of the notional that a market's open interest asks for: `ratio + (1 - ratio) * (OI - low) / (high - low)` between
    /// the two bounds, nothing below and everything above them (R-42). `open_notional` is the larger side's. Asked of whoever
    /// opens and never of maintenance margin: a crowded market grows no further, and liquidates nobody for being crowded.
    ///
    /// Rounding: up. Errors: [`RiskError::DivisionByZero`](crate::RiskError::DivisionByZero) for bounds that do not grow,
    /// [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f4-margin`.
    pub fn open_interest_ratio(&self, open_notional: Amount) -> RiskResult<Ratio> {
        if open_notional <= self.open_interest_low {
            return Ok(Ratio::ZERO);
        }
        if open_notional >= self.open_interest_high {
            return Ok(Ratio::ONE);
        }
        let above = open_notional.minus(self.open_interest_low)?;
        let span = self.open_interest_high.minus(self.open_interest_low)?;
        let rest = Ratio::from_atoms(Ratio::ONE.atoms().saturating_sub(self.initial_margin_ratio.atoms()));
        let share = Ratio::of(above.atoms(), span.atoms(), Rounding::Ceil)?;
        self.initial_margin_ratio.plus(rest.times(share, Rounding::Ceil)?)
    }

    /// What must be there to open: `max(|q|*P*imr*factor, |q|*P*open_interest_ratio, |q|*P/leverage_max) + margin_min`,
    /// `imr = ratio + slope*|q|/S`. Factor and leverage come from the posture: tightening acts here and never on maintenance
    /// margin. A leverage of 0 counts as 1x. `open_interest_ratio` is [`Self::open_interest_ratio`].
    ///
    /// Units: settlement coin. Rounding: up. Errors: [`RiskError::OutOfBounds`](crate::RiskError::OutOfBounds) for a skew
    /// scale of zero or less, [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f4-margin`.
    pub fn initial_margin(
        &self,
        size: Size,
        price: Price,
        skew_scale: Size,
        posture: &Posture,
        open_interest_ratio: Ratio,
    ) -> RiskResult<Amount> {
        let what = "an initial margin";
        if size.is_zero() {
            return Ok(Amount::ZERO);
        }
        let scaled =
            self.scaled(size, price, skew_scale, posture.initial_margin_factor.0.into(), BASIS_POINTS, what)?;
        let capped = match posture.leverage_max {
            u16::MAX => Amount::ZERO,
            leverage => {
                let leverage = if leverage == 0 { LEVERAGE_HUNDREDTHS } else { i128::from(leverage) };
                let magnitude = signed(size.magnitude(), what)?;
                let margin = sum_of_products(
                    &[&[magnitude, price.signed_atoms()?, LEVERAGE_HUNDREDTHS]],
                    &[leverage, NOTIONAL_DIVISOR_SIGNED],
                    Rounding::Ceil,
                    what,
                )?;
                Amount::from_atoms(margin.unsigned_abs())
            }
        };
        let crowded = match open_interest_ratio {
            Ratio::ZERO => Amount::ZERO,
            ratio => size.notional(price, Rounding::Ceil)?.times(ratio, Rounding::Ceil)?,
        };
        scaled.max(capped).max(crowded).plus(self.margin_min)
    }

    /// Below this the account may be liquidated: `|q|*P*imr*maintenance_scalar + margin_min`. It takes no posture on purpose:
    /// no tightening can make anybody liquidatable.
    ///
    /// Units: settlement coin. Rounding: up, so dust never makes an account look healthier. Errors: as
    /// [`Self::initial_margin`]. Source: `docs/formulas.md#f4-margin`.
    ///
    /// ```
    /// # use firebreak_risk::*;
    /// let params = MarginParams {
    ///     initial_margin_ratio: Ratio::percent(5),
    ///     initial_margin_slope: Ratio::percent(20),
    ///     maintenance_scalar: Ratio::percent(60),
    ///     margin_min: Amount::from_units(1),
    ///     open_interest_low: Amount::from_units(1_000_000),
    ///     open_interest_high: Amount::from_units(2_000_000),
    /// };
    /// // 100 of a scale of 10,000: ratio 5 % + 20 % / 100 = 5.2 %; 100 * 2,000 * 5.2 % * 60 % + 1
    /// let margin =
    ///     params.maintenance_margin(Size::from_units(-100), Price::from_units(2_000), Size::from_units(10_000))?;
    /// assert_eq!(margin, Amount::from_units(6_241));
    /// # Ok::<(), RiskError>(())
    /// ```
    pub fn maintenance_margin(&self, size: Size, price: Price, skew_scale: Size) -> RiskResult<Amount> {
        let what = "a maintenance margin";
        if size.is_zero() {
            return Ok(Amount::ZERO);
        }
        let scalar = signed(self.maintenance_scalar.atoms(), what)?;
        self.scaled(size, price, skew_scale, scalar, ONE_SIGNED, what)?.plus(self.margin_min)
    }

    /// `|q| * P * (ratio + slope*|q|/S) * factor / factor_one`, rounded up once.
    fn scaled(
        &self,
        size: Size,
        price: Price,
        skew_scale: Size,
        factor: i128,
        factor_one: i128,
        what: &'static str,
    ) -> RiskResult<Amount> {
        ensure_skew_scale(skew_scale)?;
        let (magnitude, price, scale) = (signed(size.magnitude(), what)?, price.signed_atoms()?, skew_scale.atoms());
        let slope = signed(self.initial_margin_slope.atoms(), what)?;
        let ratio = signed(self.initial_margin_ratio.atoms(), what)?;
        let margin = sum_of_products(
            &[&[magnitude, price, factor, slope, magnitude], &[magnitude, price, factor, ratio, scale]],
            &[scale, factor_one, ONE_SIGNED, NOTIONAL_DIVISOR_SIGNED],
            Rounding::Ceil,
            what,
        )?;
        Ok(Amount::from_atoms(margin.unsigned_abs()))
    }
}

/// One position as its account's health sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PositionHealth {
    pub size: Size,
    pub price: Price,
    /// Open profit or loss at the skew exit price (not the oracle price), funding and borrow fees inside.
    pub pnl: SignedAmount,
    /// The fee that closing the position would cost.
    pub exit_fee: Amount,
    pub initial_margin: Amount,
    pub maintenance_margin: Amount,
    pub notional: Amount,
}

/// A cross account in five sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountHealth {
    /// Against maintenance margin: cash and open profit and loss in full, less exit fees.
    pub equity: SignedAmount,
    /// Against initial margin and for withdrawals: open profit counts nothing (R-33).
    pub equity_for_initial: SignedAmount,
    pub initial_margin: Amount,
    pub maintenance_margin: Amount,
    pub notional: Amount,
}

/// Adds up an account. `cash` is everything that counts as margin beside the positions. Bounded by the account's positions.
///
/// Units: settlement coin. Rounding: none, the parts are rounded. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
/// Source: `docs/formulas.md#f4-margin`.
pub fn account_health(cash: SignedAmount, positions: &[PositionHealth]) -> RiskResult<AccountHealth> {
    let mut health = AccountHealth {
        equity: cash,
        equity_for_initial: cash,
        initial_margin: Amount::ZERO,
        maintenance_margin: Amount::ZERO,
        notional: Amount::ZERO,
    };
    for position in positions {
        let loss = position.pnl.min(SignedAmount::ZERO);
        health.equity = health.equity.plus(position.pnl)?.minus_amount(position.exit_fee)?;
        health.equity_for_initial = health.equity_for_initial.plus(loss)?.minus_amount(position.exit_fee)?;
        health.initial_margin = health.initial_margin.plus(position.initial_margin)?;
        health.maintenance_margin = health.maintenance_margin.plus(position.maintenance_margin)?;
        health.notional = health.notional.plus(position.notional)?;
    }
    Ok(health)
}

impl AccountHealth {
    /// Strictly below maintenance margin. Without a position there is nothing to liquidate, whatever is owed.
    pub fn is_liquidatable(&self) -> bool {
        let has_positions = !self.maintenance_margin.is_zero() || !self.notional.is_zero();
        has_positions && !covers(self.equity, self.maintenance_margin)
    }

    /// Flat, or with nothing but stakes that deleveraging has made too small to have a size, and below zero: a deficit that waits to
    /// be booked.
    pub fn owes_without_position(&self) -> bool {
        self.maintenance_margin.is_zero() && self.notional.is_zero() && self.equity.is_negative()
    }

    /// An order that raises exposure leaves at least initial margin.
    pub fn may_raise_exposure(&self) -> bool {
        covers(self.equity_for_initial, self.initial_margin)
    }

    /// What a withdrawal leaves at least: `max(initial margin, notional_share * notional)` (R-37).
    ///
    /// Rounding: up. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
    pub fn withdrawal_margin(&self, notional_share: Ratio) -> RiskResult<Amount> {
        Ok(self.notional.times(notional_share, Rounding::Ceil)?.max(self.initial_margin))
    }

    /// Equity covers [`Self::withdrawal_margin`].
    pub fn may_withdraw(&self, notional_share: Ratio) -> RiskResult<bool> {
        Ok(covers(self.equity_for_initial, self.withdrawal_margin(notional_share)?))
    }
}

/// A reduction may execute: `equity - maintenance margin` is not lower than before, and equity is not negative afterwards.
/// It may leave the account below initial margin, even liquidatable: closing is how an owner gets out (R-49). An account
/// whose equity is negative is for liquidation, which knows who pays the deficit.
///
/// Source: `docs/formulas.md#f4-margin`.
pub fn allows_reduction(before: &AccountHealth, after: &AccountHealth) -> bool {
    if after.equity.is_negative() {
        return false;
    }
    let distance = |health: &AccountHealth| health.equity.minus_amount(health.maintenance_margin);
    match (distance(before), distance(after)) {
        (Ok(before), Ok(after)) => after >= before,
        // Figures that do not fit cannot be compared: refused.
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// `equity >= requirement`, without a subtraction that could overflow.
pub(crate) fn covers(equity: SignedAmount, requirement: Amount) -> bool {
    !equity.is_negative() && equity.positive_part() >= requirement
}

#[cfg(test)]
mod tests;
