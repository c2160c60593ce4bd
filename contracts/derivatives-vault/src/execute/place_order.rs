//! Placing an order: it waits for the first price published after it (F16, R-32).

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::health::{evaluate, Purpose};
use crate::trade::position_size;
use cosmwasm_std::{Deps, MessageInfo};
use firebreak_messages::derivatives_vault::{Order, OrderId, OrderPlaced, Queue, ORDERS_PER_ACCOUNT_MAX};
use firebreak_messages::{AccountId, Action, MarketId};
use firebreak_risk::{Amount, Price, Size, PRICE_MAX};

/// `ExecuteMsg::PlaceOrder`, taken apart.
pub struct OrderRequest {
    pub subaccount: u8,
    pub market: MarketId,
    pub size: Size,
    pub price_bound: Price,
    pub reduce_only: bool,
}

/// Escrows the execution fee and queues the order. Margin is checked at the price it fills at, not here.
///
/// Errors: a bound of zero, a size out of bounds, a restricted market, an unusable price (only for orders that may
/// raise exposure), no position to reduce, too many orders, too little cash for the fee.
pub fn place_order(
    deps: Deps,
    mut desk: Desk,
    info: MessageInfo,
    paid: Amount,
    request: OrderRequest,
) -> Result<(OrderId, Order, Done), ContractError> {
    let size = request.size.checked()?;
    if request.price_bound.is_zero() || request.price_bound > PRICE_MAX {
        return Err(ContractError::PriceBoundMissing { max: PRICE_MAX });
    }
    let id = AccountId { owner: info.sender.into_string(), subaccount: request.subaccount };
    desk.load_account(deps, &id)?;
    desk.load_market(deps, request.market)?;
    let mut account = desk.account(&id);
    if account.orders.len() >= ORDERS_PER_ACCOUNT_MAX {
        return Err(ContractError::TooManyOrders { account: id, max: ORDERS_PER_ACCOUNT_MAX });
    }

    let market = desk.market(request.market)?;
    let (queue, placed_round) = if request.reduce_only {
        // Needs no price and no open market: it waits for the next valid price.
        let position = position_size(&desk, &account, request.market)?;
        if position.atoms().signum() != size.atoms().signum().saturating_neg() {
            return Err(ContractError::NothingToReduce { account: id, market: request.market, size });
        }
        (Queue::Reduce, market.last_round())
    } else {
        ensure_allows(&market.effective, Action::IncreaseExposure)?;
        market.ensure_valid_price(Action::IncreaseExposure, desk.now)?;
        let wanted = market.config.order_size_max;
        // The posture's smaller cap is asked when the order fills: here only what can never fill is refused.
        if size.magnitude() > wanted.magnitude() {
            return Err(ContractError::OrderTooLarge { market: request.market, wanted, found: size });
        }
        (Queue::Increase, market.last_round())
    };

    let execution_fee = desk.config.parameters.execution_fee;
    account.cash = account.cash.plus_amount(paid)?;
    let cash_left = account.cash.minus_amount(execution_fee)?;
    if cash_left.is_negative() {
        return Err(ContractError::InsufficientCash { account: id, wanted: execution_fee, found: account.cash });
    }
    account.cash = cash_left;
    // The fee lowers equity, so an order that may raise exposure passes the health check of opening already here. A
    // reduce order does not: it must be possible without a price, and the margin that it frees outweighs its fee.
    if queue == Queue::Increase && !account.positions.is_empty() {
        let (health, _) = evaluate(&desk, &account, Purpose::Trading, None)?;
        if !health.may_raise_exposure() {
            let (wanted, found) = (health.initial_margin, health.equity_for_initial);
            return Err(ContractError::MarginTooLow { account: id, wanted, found });
        }
    }
    desk.pool.escrow = desk.pool.escrow.plus(execution_fee)?;

    let (placed_at, placed_height) = (desk.now, desk.height);
    let market = desk.market_mut(request.market)?;
    let ends = match queue {
        Queue::Reduce => &mut market.state.reduce,
        Queue::Increase => &mut market.state.increase,
    };
    let order_id = OrderId { market: request.market, queue, sequence: ends.tail };
    ends.tail = ends.tail.saturating_add(1);
    market.mark_changed();
    account.orders.push(order_id);
    desk.put_account(&id, account)?;

    let placed =
        OrderPlaced { order: order_id, account: id.clone(), size, price_bound: request.price_bound, execution_fee };
    desk.events.push(placed.into());
    let order = Order {
        account: id,
        size,
        price_bound: request.price_bound,
        placed_at,
        placed_height,
        placed_round,
        execution_fee,
        cancel_requested_at: None,
    };
    Ok((order_id, order, Done::new(desk)))
}
