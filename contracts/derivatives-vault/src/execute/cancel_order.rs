//! Asking to cancel: an order like any other, since a free late cancel is an option against the pool (F16).

use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::ORDERS;
use cosmwasm_std::{DepsMut, MessageInfo, Response};
use firebreak_messages::derivatives_vault::{CancelRequested, OrderId};

/// Marks the order. It leaves the queue when it is popped: filled by a price published before `now + order_delay_seconds`,
/// dropped otherwise. Its execution fee goes to the keeper either way. Touches no balance, so the last frame has nothing to
/// compare.
pub fn cancel_order(deps: DepsMut, desk: &Desk, info: MessageInfo, id: OrderId) -> Result<Response, ContractError> {
    let key = id.key();
    let mut order = ORDERS.may_load(deps.storage, key)?.ok_or(ContractError::UnknownOrder { order: id })?;
    if info.sender.as_str() != order.account.owner {
        return Err(ContractError::Unauthorized { wanted: order.account.owner, found: info.sender.into_string() });
    }
    if let Some(requested_at) = order.cancel_requested_at {
        return Err(ContractError::AlreadyCanceled { order: id, requested_at });
    }
    order.cancel_requested_at = Some(desk.now);
    ORDERS.save(deps.storage, key, &order)?;
    Ok(Response::new().add_event(CancelRequested { order: id, requested_at: desk.now }))
}
