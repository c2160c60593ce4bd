//! Parked exits: collected by anyone for their owner, taken back by their owner.

use super::liquidity::{buy_shares, load_pool_markets};
use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exits;
use crate::gate::ensure_allows;
use crate::state::OUTFLOW;
use cosmwasm_std::{DepsMut, MessageInfo};
use firebreak_messages::derivatives_vault::{ParkedCanceled, ParkedCollected, ParkedId};
use firebreak_messages::Action;
use firebreak_risk::Amount;

/// Pays what is served, to the owner.
///
/// Errors: [`ContractError::Restricted`] while a market of the account's positions or unvested profits, for liquidity any market with open interest,
/// lets nothing out; [`ContractError::TooLittlePaid`] when nothing is served.
#[inline(never)]
pub fn collect_parked(deps: DepsMut, mut desk: Desk, id: ParkedId) -> Result<Done, ContractError> {
    let (class, mut parked) = exits::load(deps.storage, &id)?;
    let factors = if id.liquidity {
        load_pool_markets(deps.as_ref(), &mut desk, Action::CollectParked)?;
        exits::factors_of_pool(&desk)?
    } else {
        desk.load_account(deps.as_ref(), &id.account)?;
        let account = desk.account(&id.account);
        for market in exits::markets_of(&account) {
            ensure_allows(&desk.market(market)?.effective, Action::CollectParked)?;
        }
        exits::factors_of_account(&desk, &account)?
    };
    let mut limiter = exits::limiter(deps.storage)?;
    let at = exits::moment(&desk)?;
    let amount = limiter.collect(class, &mut parked, factors, at, &desk.config.parameters.outflow)?;
    if amount.is_zero() {
        return Err(ContractError::TooLittlePaid { wanted: Amount::from_atoms(1), found: amount });
    }
    OUTFLOW.save(deps.storage, &limiter)?;
    exits::save(deps.storage, &id, &parked)?;
    desk.pool.parked = desk.pool.parked.minus(amount)?;
    let ParkedId { account, liquidity } = id;
    let owner = account.owner.clone();
    desk.events.push(ParkedCollected { account, liquidity, amount, left: parked.amount }.into());
    Done::new(desk).paying(&owner, amount)
}

/// Takes back what is not served: collateral into its account, which needs no price; liquidity into shares at the deposit value of
/// now, as if it had been paid and provided again, unless orders or claims in front of it make that much dearer.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::TooLittlePaid`] when all of it is served, for liquidity those of
/// providing it.
#[inline(never)]
pub fn cancel_parked(deps: DepsMut, mut desk: Desk, info: MessageInfo, id: ParkedId) -> Result<Done, ContractError> {
    if info.sender.as_str() != id.account.owner {
        return Err(ContractError::Unauthorized { wanted: id.account.owner, found: info.sender.into_string() });
    }
    let (class, mut parked) = exits::load(deps.storage, &id)?;
    let mut limiter = exits::limiter(deps.storage)?;
    let everything = parked.amount;
    let amount = limiter.take_back(class, &mut parked, everything)?;
    if amount.is_zero() {
        return Err(ContractError::TooLittlePaid { wanted: Amount::from_atoms(1), found: amount });
    }
    OUTFLOW.save(deps.storage, &limiter)?;
    exits::save(deps.storage, &id, &parked)?;
    desk.pool.parked = desk.pool.parked.minus(amount)?;
    let ParkedId { account: id, liquidity } = id;
    if liquidity {
        ensure_allows(&desk.effective_of_all(), Action::ProvideLiquidity)?;
        buy_shares(deps, &mut desk, id.owner.clone(), amount, None)?;
    } else {
        desk.load_account_record(deps.as_ref(), &id)?;
        let mut account = desk.account(&id);
        account.cash = account.cash.plus_amount(amount)?;
        desk.put_account(&id, account)?;
    }
    desk.events.push(ParkedCanceled { account: id, liquidity, amount, left: parked.amount }.into());
    Ok(Done::new(desk))
}
