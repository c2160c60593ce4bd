//! Placing orders: each waits for the first price published after it, or for one that triggers it (F16, R-32).

use crate::check::Done;
use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::grace::{felt_by, is_spared};
use crate::health::{evaluate, Purpose};
use crate::shelves;
use crate::state::ORDERS;
use crate::trade::position_size;
use crate::vesting::{claims_margin, is_contested};
use cosmwasm_std::{Deps, DepsMut, MessageInfo};
use firebreak_messages::derivatives_vault::{
    Account, Order, OrderId, OrderPlaced, OrderRequest, Queue, Trigger, HEALTH_RATIO_MAX, ORDERS_PER_ACCOUNT_MAX,
};
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, Action, MarketId, MARKETS_PER_ACCOUNT_MAX};
use firebreak_risk::{limit_trigger, reaches, trigger_edge, Amount, Price, Ratio, Rounding, Size, PRICE_MAX};

/// Adds what was paid to the first order's account, then places all orders, or none.
///
/// Errors: [`ContractError::BatchSize`], and whatever refuses one of them.
#[inline(never)]
pub fn place_orders(
    mut deps: DepsMut,
    mut desk: Desk,
    info: &MessageInfo,
    paid: Amount,
    requests: Vec<OrderRequest>,
) -> Result<Done, ContractError> {
    let (wanted, max, found) = (1, ORDERS_PER_ACCOUNT_MAX, requests.len());
    if found < wanted || found > max {
        return Err(ContractError::BatchSize { wanted, max, found });
    }
    let first = requests.first().map_or(0, |request| request.subaccount);
    if !paid.is_zero() {
        let id = AccountId { owner: info.sender.to_string(), subaccount: first };
        desk.load_account_record(deps.as_ref(), &id)?;
        let mut account = desk.account(&id);
        account.cash = account.cash.plus_amount(paid)?;
        desk.put_account(&id, account)?;
    }
    let mut brought = paid;
    for request in requests {
        // What came to the first account pays one order's fee once.
        let rest = brought.minus(desk.config.parameters.execution_fee).ok().filter(|_| request.subaccount == first);
        brought = rest.unwrap_or(brought);
        place_order(deps.branch(), &mut desk, info, request, rest.is_some())?;
    }
    Ok(Done::new(desk))
}

/// Escrows the execution fee, which came with the message if `brings_fee`, holds the order's margin and puts it where it waits. Margin is
/// checked again at the price it fills at.
///
/// Errors: a bound of zero, a size out of bounds, a trigger that cannot be or that the price has reached, a time that
/// is over before any price may fill it, a restricted market, an unusable price, a market too many (only for orders that may raise exposure), no
/// position to reduce, too many orders, too little cash for the fee.
fn place_order(
    deps: DepsMut,
    desk: &mut Desk,
    info: &MessageInfo,
    request: OrderRequest,
    brings_fee: bool,
) -> Result<(), ContractError> {
    let size = request.size.checked()?;
    if request.price_bound.is_zero() || request.price_bound > PRICE_MAX {
        return Err(ContractError::PriceBoundMissing { max: PRICE_MAX });
    }
    ensure_not_over(desk, &request)?;
    let id = AccountId { owner: info.sender.to_string(), subaccount: request.subaccount };
    desk.load_account(deps.as_ref(), &id)?;
    desk.load_market(deps.as_ref(), request.market)?;
    let mut account = desk.account(&id);
    if account.orders.len() >= ORDERS_PER_ACCOUNT_MAX {
        return Err(ContractError::TooManyOrders { account: id, max: ORDERS_PER_ACCOUNT_MAX });
    }

    let market = desk.market(request.market)?;
    let queue = queue_of(&request)?;
    let trigger_price = trigger_price(market, &request)?;
    let placed_round = market.last_round();
    let mut position = None;
    if queue.reduces() {
        // Needs no price and no open market: it waits for the next valid price.
        ensure_reduces(desk, &id, &account, queue, &request)?;
        if queue.rests() {
            let held = account.positions.iter().find(|position| position.market == request.market);
            position = held.map(|held| held.opened_height);
        }
    } else {
        ensure_has_room(&account, request.market)?;
        ensure_allows(&market.effective, Action::IncreaseExposure)?;
        if let Some(felt) = felt_by(desk, &account) {
            ensure_allows(&felt.effective, Action::IncreaseExposure)?;
        }
        market.ensure_valid_price(Action::IncreaseExposure, desk.now)?;
        let wanted = market.config.order_size_max;
        // The posture's smaller cap is asked when the order fills: here only what can never fill is refused.
        if size.magnitude() > wanted.magnitude() {
            return Err(ContractError::OrderTooLarge { market: request.market, wanted, found: size });
        }
    }

    let execution_fee = desk.config.parameters.execution_fee;
    account.cash = account.cash.minus_amount(execution_fee)?;
    let margin_held = if queue.reduces() {
        Amount::ZERO
    } else {
        margin_to_hold(deps.as_ref(), desk, &account, &request, trigger_price)?
    };
    ensure_affordable(desk, &id, &account, (request.market, queue), (execution_fee, brings_fee), margin_held)?;
    account.margin_held = account.margin_held.plus(margin_held)?;
    desk.pool.escrow = desk.pool.escrow.plus(execution_fee)?;

    // The market's record stays as it was: what a trade changes in it is written when the order fills.
    let order_id = OrderId { market: request.market, queue, sequence: desk.pool.next_order };
    desk.pool.next_order = desk.pool.next_order.saturating_add(1);
    account.orders.push(order_id);
    desk.put_account(&id, account)?;

    let price_bound = request.price_bound;
    desk.events.push(OrderPlaced { order: order_id, account: id.clone(), size, price_bound, execution_fee }.into());
    let order = Order {
        account: id,
        size,
        price_bound,
        placed_at: desk.now,
        placed_height: desk.height,
        placed_round,
        execution_fee,
        margin_held,
        cancel_requested_at: None,
        trigger: request.trigger,
        trigger_price,
        expires_at: request.expires_at,
        position,
        passed_over_height: 0,
    };
    ORDERS.save(deps.storage, order_id.key(), &order)?;
    shelves::put(deps.storage, order_id, &order);
    Ok(())
}

/// An order whose time ends before a price may fill it would only ever be dropped.
fn ensure_not_over(desk: &Desk, request: &OrderRequest) -> Result<(), ContractError> {
    let earliest = desk.now.saturating_add(desk.config.parameters.order_delay_seconds);
    match request.expires_at {
        Some(at) if at <= earliest => Err(out_of_bounds("expires_at", format!("after {earliest}"), at.to_string())),
        _ => Ok(()),
    }
}

/// Where an order waits. Errors: a health trigger of an order that is not reduce-only.
fn queue_of(request: &OrderRequest) -> Result<Queue, ContractError> {
    Ok(match (request.trigger, request.reduce_only) {
        (None, true) => Queue::Reduce,
        (None, false) => Queue::Increase,
        (Some(Trigger::Limit), true) => Queue::ReduceLimit,
        (Some(Trigger::Limit), false) => Queue::IncreaseLimit,
        (Some(Trigger::Above(_) | Trigger::Below(_)), true) => Queue::ReduceStop,
        (Some(Trigger::Above(_) | Trigger::Below(_)), false) => Queue::IncreaseStop,
        (Some(Trigger::Health(_)), true) => Queue::Health,
        (Some(Trigger::Health(_)), false) => {
            return Err(out_of_bounds("reduce_only", "true with a health trigger".into(), "false".into()))
        }
    })
}

/// The price at which the order rests; zero where no price triggers it. A stop that the latest price has reached would be an
/// order at the next price by another name, most likely a mistake; a limit order may be.
fn trigger_price(market: &OpenMarket, request: &OrderRequest) -> Result<Price, ContractError> {
    let (trigger, above) = match request.trigger {
        None => return Ok(Price::ZERO),
        Some(Trigger::Health(ratio)) => {
            if ratio.is_zero() || ratio > HEALTH_RATIO_MAX {
                let wanted = format!("above 0 and at most {HEALTH_RATIO_MAX}");
                return Err(out_of_bounds("health trigger", wanted, ratio.to_string()));
            }
            return Ok(Price::ZERO);
        }
        Some(Trigger::Limit) => return Ok(limit_trigger(request.price_bound, request.size, market.config.skew_scale)?),
        Some(Trigger::Above(price)) => (price.checked()?, true),
        Some(Trigger::Below(price)) => (price.checked()?, false),
    };
    let edge = trigger_edge(market.mark(), market.band(), above);
    if market.validity == Validity::Valid && reaches(edge, trigger, above) {
        let wanted = format!("{} {edge}", if above { "above" } else { "below" });
        return Err(out_of_bounds("trigger", wanted, trigger.to_string()));
    }
    Ok(trigger)
}

/// Asked here and not when the order fills, or whoever executes would pick which of two orders takes the last place. Nothing else takes
/// one: only an order opens a position, and only a position leaves a claim.
fn ensure_has_room(account: &Account, market: MarketId) -> Result<(), ContractError> {
    let (max, found) = (MARKETS_PER_ACCOUNT_MAX, account.markets_with(market));
    if found > max {
        return Err(out_of_bounds("markets of the account", format!("at most {max}"), found.to_string()));
    }
    Ok(())
}

#[cold]
fn out_of_bounds(what: &'static str, wanted: String, found: String) -> ContractError {
    ContractError::OutOfBounds { what, wanted, found }
}

/// A reduce order goes against a position. One that rests may wait for a position that an order before it is to open, in a market
/// that still takes such orders: one that can close nothing carries nothing but its fee, to a keeper and out of the vault.
fn ensure_reduces(
    desk: &Desk,
    id: &AccountId,
    account: &Account,
    queue: Queue,
    request: &OrderRequest,
) -> Result<(), ContractError> {
    let position = position_size(desk, account, request.market)?;
    let opposite = position.atoms().signum() == request.size.atoms().signum().saturating_neg();
    let entry_waits = || account.orders.iter().any(|order| order.market == request.market && !order.queue.reduces());
    let settles = desk.market(request.market)?.state.settlement.is_some();
    if opposite || (position.is_zero() && queue.rests() && !settles && entry_waits()) {
        return Ok(());
    }
    Err(ContractError::NothingToReduce { account: id.clone(), market: request.market, size: request.size })
}

/// Initial margin of what the order would add, with the fees of opening and closing it, at the worse of its bound and the
/// mark. Held from now until the order is popped: whoever could take the margin away, or add it at the last moment, would hold
/// an option for nothing.
///
/// Counted on top of what waits already, as if all of it filled first: each of eight orders alone may be small. A position on the
/// other side counts as gone: whoever closes it by another order, or by a smaller one, would have one that opens without margin.
fn margin_to_hold(
    deps: Deps,
    desk: &Desk,
    account: &Account,
    request: &OrderRequest,
    trigger_price: Price,
) -> Result<Amount, ContractError> {
    let size = request.size;
    let market = desk.market(request.market)?;
    let before = exposure_when_all_filled(deps, desk, account, request.market, size)?;
    let after = before.plus(size)?;
    // A buy fills at its bound at worst; a bound of "any price" counts as a tenth above the mark. A sale has no highest
    // price: it is held for at the mark, and the fill allows for the drift (`fill`). An order that waits for a rise fills above
    // its trigger.
    let expected = market.mark().max(trigger_price);
    let worst = expected.times(Ratio::percent(110), Rounding::Ceil)?;
    let price = if size.is_long() { request.price_bound.min(worst).max(market.mark()) } else { expected };
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

/// The most that the account may have on the side of `size` before it: its position there, and every order that waits to open more.
/// Bounded by `ORDERS_PER_ACCOUNT_MAX`.
fn exposure_when_all_filled(
    deps: Deps,
    desk: &Desk,
    account: &Account,
    market: MarketId,
    size: Size,
) -> Result<Size, ContractError> {
    let towards = |exposure: Size| if exposure.is_long() == size.is_long() { exposure } else { Size::ZERO };
    let mut exposure = towards(position_size(desk, account, market)?);
    for id in account.orders.iter().filter(|id| id.market == market && !id.queue.reduces()) {
        exposure = exposure.plus(towards(ORDERS.load(deps.storage, id.key())?.size))?;
    }
    Ok(exposure)
}

/// The health check of placing: the fee and the held margin lower what the account may use.
///
/// An order that may raise exposure leaves initial margin and everything held, and so does a reduce order while anything is held,
/// but the first of a market at the next price: if fees could take what a waiting order needs, and a cancel of those that rest bring
/// them back, they would be a late cancel for nothing. Any other reduce order leaves maintenance margin where
/// the account can be judged, so that fees cannot bleed it into liquidation, and may take cash below zero against an open
/// profit, but against none that is unvested or of a contested market; where a price is invalid it needs the cash, and no
/// price: the exit stays open. A fee that came with the message takes nothing of the account, whatever cash is.
fn ensure_affordable(
    desk: &Desk,
    id: &AccountId,
    account: &Account,
    (market, queue): (MarketId, Queue),
    (execution_fee, brings_fee): (Amount, bool),
    margin_held: Amount,
) -> Result<(), ContractError> {
    let judged = account
        .positions
        .iter()
        .all(|position| desk.market(position.market).is_ok_and(|market| market.validity < Validity::Invalid));
    let waits = account.orders.iter().any(|order| order.market == market && order.queue == Queue::Reduce);
    let is_exit = queue == Queue::Reduce && !waits;
    let keeps_held = !queue.reduces() || !(is_exit || account.margin_held.is_zero());
    let takes_profit = account.cash.is_negative() && (keeps_held || !brings_fee);
    let open_profit_pays = judged && !keeps_held && !is_contested(desk, account);
    if takes_profit && !open_profit_pays {
        let found = account.cash.plus_amount(execution_fee)?;
        return Err(ContractError::InsufficientCash { account: id.clone(), wanted: execution_fee, found });
    }
    if !keeps_held && !judged {
        return Ok(());
    }
    let (health, _) = evaluate(desk, account, Purpose::Trading, None)?;
    let (wanted, found) = if keeps_held {
        (health.initial_margin.plus(account.margin_held)?.plus(margin_held)?, health.equity_for_initial)
    } else if takes_profit {
        // The fee leaves the vault: no profit that has not vested pays it.
        (health.maintenance_margin, health.equity.minus_amount(claims_margin(desk, account)?)?)
    } else {
        (health.maintenance_margin, health.equity)
    };
    // Whom nobody may liquidate may reduce, by one order of a market at a time, or fees would eat what is left.
    if found < wanted.signed()? && !(is_exit && !found.is_negative() && is_spared(desk, account)?) {
        return Err(ContractError::MarginTooLow { account: id.clone(), wanted, found });
    }
    Ok(())
}
