//! Asking to cancel: an order like any other, since a free late cancel is an option against the pool (F16).

use crate::desk::Desk;
use crate::error::ContractError;
use crate::shelves;
use crate::state::{ACCOUNTS, ORDERS};
use cosmwasm_std::{DepsMut, MessageInfo, Response, Storage};
use firebreak_messages::derivatives_vault::{CancelRequested, Order, OrderId};
use firebreak_messages::MarketId;

/// Marks the order. It leaves when it is popped: filled by a price published before `now + order_delay_seconds`, dropped
/// otherwise. A keeper who pops it from a queue gets its execution fee either way; a resting order that no price triggered gets
/// it back. Touches no balance, so the last frame has nothing to compare.
#[inline(never)]
pub fn cancel_order(deps: DepsMut, desk: &Desk, info: &MessageInfo, id: OrderId) -> Result<Response, ContractError> {
    let order = ORDERS.may_load(deps.storage, id.key())?.ok_or(ContractError::UnknownOrder { order: id })?;
    if info.sender.as_str() != order.account.owner {
        return Err(ContractError::Unauthorized { wanted: order.account.owner, found: info.sender.to_string() });
    }
    if let Some(requested_at) = order.cancel_requested_at {
        return Err(ContractError::AlreadyCanceled { order: id, requested_at });
    }
    Ok(Response::new().add_event(mark(deps.storage, desk.now, id, order)?))
}

/// The same for all orders of the sender's account, or for those of one market, that are not marked yet. Bounded by
/// `ORDERS_PER_ACCOUNT_MAX`; none at all is no error, a keeper may have been faster.
#[inline(never)]
pub fn cancel_orders(
    deps: DepsMut,
    desk: &Desk,
    info: MessageInfo,
    subaccount: u8,
    market: Option<MarketId>,
) -> Result<Response, ContractError> {
    let account = ACCOUNTS.may_load(deps.storage, (info.sender.into_string(), subaccount))?.unwrap_or_default();
    let mut response = Response::new();
    for id in account.orders.into_iter().filter(|id| market.is_none_or(|market| id.market == market)) {
        let order = ORDERS.load(deps.storage, id.key())?;
        if order.cancel_requested_at.is_none() {
            response = response.add_event(mark(deps.storage, desk.now, id, order)?);
        }
    }
    Ok(response)
}

fn mark(storage: &mut dyn Storage, now: u64, id: OrderId, mut order: Order) -> Result<CancelRequested, ContractError> {
    shelves::remove(storage, id, &order);
    order.cancel_requested_at = Some(now);
    shelves::put(storage, id, &order);
    ORDERS.save(storage, id.key(), &order)?;
    Ok(CancelRequested { order: id, requested_at: now })
}
