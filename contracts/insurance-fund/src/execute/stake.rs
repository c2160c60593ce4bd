//! Buying stakers' shares.

use crate::check::Done;
use crate::error::ContractError;
use crate::state::{Fund, STAKERS};
use cosmwasm_std::{Env, MessageInfo, Response, Storage};
use firebreak_messages::insurance_fund::Staked;
use firebreak_messages::time::now;
use firebreak_risk::{fund_shares_for_deposit, Amount, FundShares};

/// Buys shares at the value of now. Shares that exist but are worth nothing have no price: the message
/// that takes the last coin ends them, so that the next staker's coins are neither refused nor shared with them.
///
/// Errors: [`ContractError::TooFewShares`], [`firebreak_risk::RiskError::PoolWorthless`].
pub fn stake(
    storage: &mut dyn Storage,
    env: &Env,
    mut fund: Fund,
    info: &MessageInfo,
    paid: Amount,
    shares_min: FundShares,
) -> Result<Done, ContractError> {
    let shares = fund_shares_for_deposit(paid, fund.staked.signed()?, fund.shares)?;
    // At least one even when the sender asks for none: a deposit that buys nothing is a loss without a message (F10).
    let wanted = shares_min.max(FundShares::from_atoms(1));
    if shares < wanted {
        return Err(ContractError::TooFewShares { wanted, found: shares });
    }
    let key = info.sender.to_string();
    let mut staker = STAKERS.may_load(storage, key.clone())?.unwrap_or_default().current(fund.generation, now(env))?;
    staker.shares = staker.shares.plus(shares)?;
    STAKERS.save(storage, key.clone(), &staker)?;
    fund.staked = fund.staked.plus(paid)?;
    fund.shares = fund.shares.plus(shares)?;
    let fact = Staked { staker: key, amount: paid, shares };
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}
