//! Placing an order: it waits for the first price published after it (F16, R-32).

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::health::{evaluate, Purpose};
use crate::state::ORDERS;
use crate::trade::position_size;
use crate::vesting::{claims_margin, is_contested};
use cosmwasm_std::{Deps, MessageInfo};
use firebreak_messages::derivatives_vault::{Account, Order, OrderId, OrderPlaced, Queue, ORDERS_PER_ACCOUNT_MAX};
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, Action, MarketId};
use firebreak_risk::{Amount, Price, Ratio, Rounding, Size, PRICE_MAX};

/// `ExecuteMsg::PlaceOrder`, taken apart.
pub struct OrderRequest {
    pub subaccount: u8,
    pub market: MarketId,
    pub size: Size,
    pub price_bound: Price,
    pub reduce_only: bool,
}

/// Escrows the execution fee, holds the order's margin and queues it. Margin is checked again at the price it fills at.
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
    account.cash = account.cash.plus_amount(paid)?.minus_amount(execution_fee)?;
    let margin_held = match queue {
        Queue::Increase => margin_to_hold(deps, &desk, &account, &request, size)?,
        Queue::Reduce => Amount::ZERO,
    };
    ensure_affordable(&desk, &id, &account, queue, execution_fee, margin_held)?;
    account.margin_held = account.margin_held.plus(margin_held)?;
    desk.pool.escrow = desk.pool.escrow.plus(execution_fee)?;

    let (placed_at, placed_height) = (desk.now, desk.height);
    // The market's record stays as it was: what a trade changes in it is written when the order fills.
    let order_id = OrderId { market: request.market, queue, sequence: desk.pool.next_order };
    desk.pool.next_order = desk.pool.next_order.saturating_add(1);
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
        margin_held,
        cancel_requested_at: None,
    };
    Ok((order_id, order, Done::new(desk)))
}

/// Initial margin of what the order would add, with the fees of opening and closing it, at the worse of its bound and the
/// mark. Held from now until the order is popped: whoever could take the margin away, or add it at the last moment, would hold
/// an option for nothing.
///
/// Counted on top of what waits already, as if all of it filled first: each of eight orders alone may only turn a position
/// around, for no margin at all, and together they open seven times its size.
fn margin_to_hold(
    deps: Deps,
    desk: &Desk,
    account: &Account,
    request: &OrderRequest,
    size: Size,
) -> Result<Amount, ContractError> {
    let market = desk.market(request.market)?;
    let before = exposure_when_all_filled(deps, desk, account, request.market, size)?;
    let towards = |exposure: Size| if exposure.is_long() == size.is_long() { exposure } else { Size::ZERO };
    let (before, after) = (towards(before), towards(before.plus(size)?));
    if after.is_zero() {
        return Ok(Amount::ZERO);
    }
    // A buy fills at its bound at worst; a bound of "any price" counts as a tenth above the mark. A sale has no highest
    // price: it is held for at the mark, and the fill allows for the drift (`fill`).
    let worst = market.mark().times(Ratio::percent(110), Rounding::Ceil)?;
    let price = if size.is_long() { request.price_bound.min(worst).max(market.mark()) } else { market.mark() };
    let crowd = market.open_interest_ratio()?;
    let margin = |size: Size| {
        let posture = &market.effective.posture;
        market.config.margin.initial_margin(size, price, market.config.skew_scale, posture, crowd)
    };
    let mut added = margin(after)?.saturating_minus(margin(before)?);
    if !before.is_zero() {
        // What it adds to may be gone by then, and the smallest margin with it.
        added = added.plus(market.config.margin.margin_min)?;
    }
    let fee = size.notional(price, Rounding::Ceil)?.times(market.config.taker_fee_ratio, Rounding::Ceil)?;
    Ok(added.plus(fee)?.plus(fee)?)
}

/// The account's exposure in a market once every waiting order that goes the way of `size` has filled. Reduce orders close at
/// most the position. Bounded by `ORDERS_PER_ACCOUNT_MAX`.
fn exposure_when_all_filled(
    deps: Deps,
    desk: &Desk,
    account: &Account,
    market: MarketId,
    size: Size,
) -> Result<Size, ContractError> {
    let position = position_size(desk, account, market)?;
    let (mut raising, mut reducing) = (Size::ZERO, Size::ZERO);
    for id in account.orders.iter().filter(|id| id.market == market) {
        let order = ORDERS.load(deps.storage, id.key())?;
        if order.size.is_long() != size.is_long() {
            continue;
        }
        match id.queue {
            Queue::Increase => raising = raising.plus(order.size)?,
            Queue::Reduce => reducing = reducing.plus(order.size)?,
        }
    }
    if reducing.magnitude() > position.magnitude() {
        reducing = position.negated()?;
    }
    Ok(position.plus(reducing)?.plus(raising)?)
}

/// The health check of placing: the fee and the held margin lower what the account may use.
///
/// An order that may raise exposure leaves initial margin and everything held. A reduce order leaves maintenance margin where
/// the account can be judged, so that fees cannot bleed it into liquidation, and may take cash below zero against an open
/// profit, but against none that is unvested or of a contested market; where a price is invalid it needs the cash, and no price: the exit stays open.
fn ensure_affordable(
    desk: &Desk,
    id: &AccountId,
    account: &Account,
    queue: Queue,
    execution_fee: Amount,
    margin_held: Amount,
) -> Result<(), ContractError> {
    let judged = account
        .positions
        .iter()
        .all(|position| desk.market(position.market).is_ok_and(|market| market.validity < Validity::Invalid));
    let open_profit_pays = judged && queue == Queue::Reduce && !is_contested(desk, account);
    if account.cash.is_negative() && !open_profit_pays {
        let found = account.cash.plus_amount(execution_fee)?;
        return Err(ContractError::InsufficientCash { account: id.clone(), wanted: execution_fee, found });
    }
    if queue == Queue::Reduce && !judged {
        return Ok(());
    }
    let (health, _) = evaluate(desk, account, Purpose::Trading, None)?;
    let (wanted, found) = match queue {
        Queue::Increase => {
            (health.initial_margin.plus(account.margin_held)?.plus(margin_held)?, health.equity_for_initial)
        }
        // The fee leaves the vault: no profit that has not vested pays it.
        Queue::Reduce if account.cash.is_negative() => {
            (health.maintenance_margin, health.equity.minus_amount(claims_margin(desk, account)?)?)
        }
        Queue::Reduce => (health.maintenance_margin, health.equity),
    };
    if found < wanted.signed()? {
        return Err(ContractError::MarginTooLow { account: id.clone(), wanted, found });
    }
    Ok(())
}
