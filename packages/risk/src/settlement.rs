//! F18: the price that a market is settled at, and what a shortage leaves of each class of claims.
//!
//! The price is a median of minute means over a window that ends at the trigger. A mean uses every round that was seen, so
//! nobody gains by moving the price at the one moment of a minute that would be sampled; the median over minutes ignores
//! whoever moves the price for less than half of the window. A round counts for at most [`ROUND_WEIGHT_SECONDS_MAX`]: a
//! feed that falls silent does not decide by its last word.

use crate::error::{RiskError, RiskResult};
use crate::median::{weighted_median, Weighted};
use crate::number::Rounding;
use crate::quantity::{Amount, Price, SignedAmount};
use serde::{Deserialize, Serialize};

/// Length of the window, seconds.
pub const SETTLEMENT_WINDOW_SECONDS: u64 = 3_600;
/// Seconds for which one round counts at most.
pub const ROUND_WEIGHT_SECONDS_MAX: u64 = 60;
/// Seconds of the window that rounds must cover, or their median is no price.
pub const SETTLEMENT_COVER_SECONDS_MIN: u64 = 1_800;
const MINUTE: u64 = 60;

/// What one minute of the window saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowMinute {
    /// Since the window's start.
    pub minute: u16,
    /// Sum over rounds of price (atoms) times seconds in force; below 2^107 at the highest price.
    pub price_seconds: u128,
    /// At most 60.
    pub seconds: u16,
}

/// The rounds of a window, in at most 60 minutes however many rounds there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementWindow {
    /// The last round seen: in force until the next one. A price of zero is none.
    pub last_price: Price,
    pub last_published_at: u64,
    /// Ascending. Bounds: at most `SETTLEMENT_WINDOW_SECONDS / 60`.
    pub minutes: Vec<WindowMinute>,
}

impl SettlementWindow {
    /// Adds a round, oldest first; one that is not newer than the last seen, or later than `end`, changes nothing. A round
    /// published before the window is the price at its start. Returns whether anything changed.
    ///
    /// Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f18-settlement`.
    pub fn observe(&mut self, price: Price, published_at: u64, end: u64) -> RiskResult<bool> {
        if published_at <= self.last_published_at || published_at > end {
            return Ok(false);
        }
        self.count_last_until(published_at, end)?;
        self.last_price = price;
        self.last_published_at = published_at;
        Ok(true)
    }

    /// Seconds of the window that rounds cover so far.
    pub fn covered_seconds(&self) -> u64 {
        self.minutes.iter().fold(0, |sum, minute| sum.saturating_add(u64::from(minute.seconds)))
    }

    /// The settlement price of the window that ended at `end`; `None` when rounds covered less than
    /// [`SETTLEMENT_COVER_SECONDS_MIN`] of it.
    ///
    /// Units: quote for one unit of base. Rounding: each minute's mean down, 10^-18. Errors: [`RiskError::Overflow`].
    /// Source: `docs/formulas.md#f18-settlement`.
    pub fn price(&self, end: u64) -> RiskResult<Option<Price>> {
        let mut window = self.clone();
        window.count_last_until(end, end)?;
        if window.covered_seconds() < SETTLEMENT_COVER_SECONDS_MIN {
            return Ok(None);
        }
        let mut means = Vec::with_capacity(window.minutes.len());
        for minute in &window.minutes {
            let what = "a minute's mean price";
            let mean = minute.price_seconds.checked_div(u128::from(minute.seconds));
            let value = Price::from_atoms(mean.ok_or(RiskError::DivisionByZero { what })?);
            means.push(Weighted { value, weight: u64::from(minute.seconds) });
        }
        weighted_median(&means).map(Some)
    }

    /// Counts the last round for the seconds of the window in which it was in force.
    fn count_last_until(&mut self, until: u64, end: u64) -> RiskResult<()> {
        let what = "the seconds of a price";
        let overflow = || RiskError::Overflow { what };
        if self.last_price.is_zero() {
            return Ok(());
        }
        let start = end.saturating_sub(SETTLEMENT_WINDOW_SECONDS);
        let until = until.min(self.last_published_at.saturating_add(ROUND_WEIGHT_SECONDS_MAX)).min(end);
        let mut from = self.last_published_at.max(start);
        // Bounded: at most 60 s, so at most two minutes.
        while from < until {
            let minute = from.saturating_sub(start).checked_div(MINUTE).ok_or_else(overflow)?;
            let next = start.saturating_add(minute.saturating_add(1).saturating_mul(MINUTE));
            let seconds = until.min(next).saturating_sub(from);
            let added = self.last_price.atoms().checked_mul(u128::from(seconds)).ok_or_else(overflow)?;
            let minute = u16::try_from(minute).map_err(|_| overflow())?;
            let seconds = u16::try_from(seconds).map_err(|_| overflow())?;
            match self.minutes.last_mut() {
                Some(last) if last.minute == minute => {
                    last.price_seconds = last.price_seconds.checked_add(added).ok_or_else(overflow)?;
                    last.seconds = last.seconds.saturating_add(seconds);
                }
                _ => self.minutes.push(WindowMinute { minute, price_seconds: added, seconds }),
            }
            from = until.min(next);
        }
        Ok(())
    }
}

/// What each class of claims is paid together when a vault is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payable {
    pub principal: Amount,
    pub profit: Amount,
    pub liquidity: Amount,
    pub fees: Amount,
}

/// Splits what there is over the classes, in their order: principal first, then profit, then providers of liquidity, then what
/// the insurance fund's stakers were still owed in fees. `pool_cash` below zero is the shortage: the pool has nothing then, and the
/// shortage takes fees first, then profit, then principal.
///
/// Units: settlement coin. Rounding: none; `principal + profit + liquidity + fees` is the sum of the claims and `pool_cash`, or zero
/// where that is negative. Source: `docs/formulas.md#f18-settlement`.
pub fn payable(principal: Amount, profit: Amount, fees: Amount, pool_cash: SignedAmount) -> Payable {
    let mut short = pool_cash.negative_part();
    let mut left_of = |claims: Amount| {
        let left = claims.saturating_minus(short);
        short = short.saturating_minus(claims);
        left
    };
    let fees = left_of(fees);
    let profit = left_of(profit);
    let principal = left_of(principal);
    Payable { principal, profit, liquidity: pool_cash.positive_part(), fees }
}

/// `claim * payable / total`: one claim of its class, at the fraction that is the same for all of them.
///
/// Units: settlement coin. Rounding: down, so the parts never exceed `payable`, whatever their order. Errors:
/// [`RiskError::Overflow`]. Source: `docs/formulas.md#f18-settlement`.
pub fn share_of_class(claim: Amount, payable: Amount, total: Amount) -> RiskResult<Amount> {
    if total.is_zero() {
        return Ok(Amount::ZERO);
    }
    claim.times_fraction(payable.atoms(), total.atoms(), Rounding::Floor)
}

#[cfg(test)]
mod tests;
