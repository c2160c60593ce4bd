//! Collateral in and out.

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exits;
use crate::health::{evaluate, Purpose};
use cosmwasm_std::{Deps, DepsMut, MessageInfo};
use firebreak_messages::derivatives_vault::{CollateralAdded, CollateralWithdrawn};
use firebreak_messages::{AccountId, Action};
use firebreak_risk::{Amount, ExitClass, Ratio, Rounding};

/// What a withdrawal leaves of the margin of waiting orders. Whoever knows that positions are about to lose could else take out so
/// much that an order fails for want of margin, just when it would have been a loss, too: a late cancel for nothing. Four times
/// initial margin is what `withdrawal_margin_ratio` asks of positions, a fifth of their notional at a margin of a twentieth.
const HELD_MULTIPLE: Ratio = Ratio::percent(400);

/// Adds coins to an account: needs no price and no posture, so it works at every level.
#[inline(never)]
pub fn add_collateral(
    deps: Deps,
    mut desk: Desk,
    info: MessageInfo,
    paid: Amount,
    account: Option<AccountId>,
    subaccount: u8,
) -> Result<Done, ContractError> {
    let id = match account {
        Some(account) => AccountId { owner: deps.api.addr_validate(&account.owner)?.into_string(), ..account },
        None => AccountId { owner: info.sender.into_string(), subaccount },
    };
    // The account alone: a market that cannot be read must not keep collateral out.
    desk.load_account_record(deps, &id)?;
    let mut account = desk.account(&id);
    account.cash = account.cash.plus_amount(paid)?;
    desk.events.push(CollateralAdded { account: id.clone(), amount: paid, cash: account.cash }.into());
    desk.put_account(&id, account)?;
    Ok(Done::new(desk))
}

/// Pays free collateral to the account's owner, and to nobody else. What the outflow limiter does not allow now leaves the account
/// too and is parked (F14).
///
/// Open profit counts nothing here, and what stays covers the larger of initial margin at today's posture and
/// `withdrawal_margin_ratio` of the notional, and [`HELD_MULTIPLE`] of what is held for waiting orders.
#[inline(never)]
pub fn withdraw_collateral(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    subaccount: u8,
    amount: Amount,
) -> Result<Done, ContractError> {
    let id = AccountId { owner: info.sender.to_string(), subaccount };
    if amount.is_zero() {
        return Err(ContractError::OutOfBounds { what: "amount", wanted: "above 0".into(), found: "0".into() });
    }
    desk.load_account(deps.as_ref(), &id)?;
    let mut account = desk.account(&id);
    for position in &account.positions {
        let market = desk.market(position.market)?;
        market.ensure_valid_price(Action::WithdrawCollateral, desk.now)?;
    }
    let left = account.cash.minus_amount(amount)?;
    if left.is_negative() {
        return Err(ContractError::InsufficientCash { account: id, wanted: amount, found: account.cash });
    }
    account.cash = left;
    let (health, _) = evaluate(&desk, &account, Purpose::Trading, None)?;
    let held = account.margin_held.times(HELD_MULTIPLE, Rounding::Ceil)?;
    let wanted = health.withdrawal_margin(desk.config.parameters.withdrawal_margin_ratio)?.plus(held)?;
    if health.equity_for_initial < wanted.signed()? {
        return Err(ContractError::MarginTooLow { account: id, wanted, found: health.equity_for_initial });
    }
    let factors = exits::factors_of_account(&desk, &account)?;
    let paid = exits::leave(deps.storage, &mut desk, ExitClass::Traders, &id, amount, factors)?;
    if !paid.is_zero() {
        desk.events.push(CollateralWithdrawn { account: id.clone(), amount: paid, cash: left }.into());
    }
    desk.put_account(&id, account)?;
    Done::new(desk).paying(info.sender.as_str(), paid)
}
