//! F10: the price of a share, with a virtual offset that makes inflating it unprofitable.
//!
//! The pool and the insurance fund use the same two formulas with share types that do not mix. The value is internal
//! cash accounting: coins that somebody sends to the contract never move it.

use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding};
use crate::quantity::{Amount, FundShares, PoolShares, SignedAmount};

/// Shares that belong to nobody: the first depositor starts at this many shares for one unit.
pub const VIRTUAL_SHARES: u128 = 1_000_000;
/// The micro-unit that stands behind them.
pub const VIRTUAL_AMOUNT: u128 = 1;

/// Shares of the pool for a deposit: `amount * (supply + 10^6) / (value + 1)`, at the pool's **deposit** value.
///
/// Units: shares. Rounding: down; the caller refuses zero and less than the depositor's minimum. Errors:
/// [`RiskError::PoolWorthless`] when shares exist and the value is not positive, or when it is negative;
/// [`RiskError::Overflow`]. Source: `docs/formulas.md#f10-share-price`.
pub fn shares_for_deposit(amount: Amount, value: SignedAmount, supply: PoolShares) -> RiskResult<PoolShares> {
    mint(amount, value, supply.atoms()).map(PoolShares::from_atoms)
}

/// What shares of the pool pay: `shares * (value + 1) / (supply + 10^6)`, at the pool's **withdraw** value.
///
/// Units: settlement coin. Rounding: down. Errors: as [`shares_for_deposit`], and [`RiskError::OutOfBounds`] for more shares
/// than exist. Source: `docs/formulas.md#f10-share-price`.
pub fn amount_for_shares(shares: PoolShares, value: SignedAmount, supply: PoolShares) -> RiskResult<Amount> {
    redeem(shares.atoms(), value, supply.atoms())
}

/// [`shares_for_deposit`] for stakers of the insurance fund.
pub fn fund_shares_for_deposit(amount: Amount, value: SignedAmount, supply: FundShares) -> RiskResult<FundShares> {
    mint(amount, value, supply.atoms()).map(FundShares::from_atoms)
}

/// [`amount_for_shares`] for stakers of the insurance fund.
pub fn fund_amount_for_shares(shares: FundShares, value: SignedAmount, supply: FundShares) -> RiskResult<Amount> {
    redeem(shares.atoms(), value, supply.atoms())
}

fn mint(amount: Amount, value: SignedAmount, supply: u128) -> RiskResult<u128> {
    let offset = Offset::of(value, supply)?;
    mul_div(amount.atoms(), offset.shares, offset.amount, Rounding::Floor, "shares for a deposit")
}

fn redeem(shares: u128, value: SignedAmount, supply: u128) -> RiskResult<Amount> {
    if shares > supply {
        return Err(RiskError::OutOfBounds {
            what: "shares",
            wanted: format!("at most {supply}"),
            found: shares.to_string(),
        });
    }
    let offset = Offset::of(value, supply)?;
    mul_div(shares, offset.amount, offset.shares, Rounding::Floor, "the value of shares").map(Amount::from_atoms)
}

/// Supply and value with the virtual part.
struct Offset {
    shares: u128,
    amount: u128,
}

impl Offset {
    fn of(value: SignedAmount, supply: u128) -> RiskResult<Self> {
        if value.is_negative() || (supply > 0 && value.is_zero()) {
            return Err(RiskError::PoolWorthless { value: value.to_string(), supply: supply.to_string() });
        }
        let what = "shares with the virtual offset";
        Ok(Self {
            shares: supply.checked_add(VIRTUAL_SHARES).ok_or(RiskError::Overflow { what })?,
            amount: value.positive_part().atoms().checked_add(VIRTUAL_AMOUNT).ok_or(RiskError::Overflow { what })?,
        })
    }
}

#[cfg(test)]
mod tests;
