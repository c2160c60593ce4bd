//! The settlement of one market: announced by the owner, priced by code, executed by anyone (F18).

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::execute::configure::ensure_owner;
use crate::settlement::close_market;
use crate::shelves;
use crate::state::{CONFIG, MARKETS, ORDERS, SETTLEMENT_WINDOWS};
use crate::validate::within;
use cosmwasm_std::{DepsMut, Env, Event, MessageInfo, Response, Storage};
use firebreak_messages::derivatives_vault::{
    DropReason, MarketSettlement, MarketSettlementScheduled, Order, OrderDropped, OrderId, Queue, SettlementPostponed,
    BATCH_MAX, SETTLEMENT_MISSES_MAX, SETTLEMENT_NOTICE_MAX_SECONDS,
};
use firebreak_messages::oracle::Validity;
use firebreak_messages::{time, MarketId};
use firebreak_risk::SETTLEMENT_WINDOW_SECONDS;

/// Announces the settlement of a market. The notice is at least the window, so all of the window lies in the time in which nobody
/// adds exposure, and who announces it does not know its price.
///
/// Errors: not the owner, an unknown market, a time out of bounds, [`ContractError::SettlementScheduled`]: who could move the window
/// would choose among prices.
#[inline(never)]
pub fn schedule_market(
    deps: DepsMut,
    env: &Env,
    info: MessageInfo,
    market: MarketId,
    at: u64,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, &info)?;
    let event = schedule(deps.storage, market, at, time::now(env))?;
    Ok(Response::new().add_event(event))
}

/// Writes one market's settlement.
pub(super) fn schedule(storage: &mut dyn Storage, market: MarketId, at: u64, now: u64) -> Result<Event, ContractError> {
    let mut state = MARKETS.may_load(storage, market.0)?.ok_or(ContractError::UnknownMarket { market })?;
    if let Some(settlement) = state.settlement {
        return Err(ContractError::SettlementScheduled { market, at: settlement.at });
    }
    let earliest = now.saturating_add(SETTLEMENT_WINDOW_SECONDS);
    within("at", at, earliest, now.saturating_add(SETTLEMENT_NOTICE_MAX_SECONDS))?;
    state.settlement = Some(MarketSettlement { since: now, at, misses: 0, price: None });
    MARKETS.save(storage, market.0, &state)?;
    Ok(MarketSettlementScheduled { market, at }.into())
}

/// `ExecuteOrders` of a market in its window or behind it: sees the rounds of the ring, settles when the window has ended, gives
/// waiting orders back afterwards. No posture is asked: nothing fast can turn this off.
#[inline(never)]
pub fn advance_settlement(deps: DepsMut, mut desk: Desk, market: MarketId, limit: u32) -> Result<Done, ContractError> {
    within("limit", u64::from(limit), 0, u64::from(BATCH_MAX))?;
    if desk.market(market)?.settled_price().is_some() {
        give_orders_back(deps.storage, &mut desk, market, limit as usize)?;
    } else {
        observe(deps.storage, &mut desk, market)?;
    }
    Ok(Done::new(desk))
}

/// Adds the ring's rounds to the window, and settles the market once the window has ended.
///
/// When a round is seen does not matter, only that it is before it leaves the ring (eight rounds), and anyone may look: so nobody
/// chooses the rounds. After the window's end nothing is added to it, so nobody gains by settling late.
fn observe(storage: &mut dyn Storage, desk: &mut Desk, id: MarketId) -> Result<(), ContractError> {
    let now = desk.now;
    let open = desk.market_mut(id)?;
    open.mark_changed();
    let Some(settlement) = open.state.settlement.clone() else { return Ok(()) };
    let mut window = SETTLEMENT_WINDOWS.may_load(storage, id.0)?.unwrap_or_default();
    let mut changed = false;
    // Bounded by ROUNDS_KEPT.
    for round in open.rounds().iter().filter(|round| round.validity == Validity::Valid) {
        changed |= window.observe(round.price, round.published_at, settlement.at)?;
    }
    if now < settlement.at {
        if changed {
            SETTLEMENT_WINDOWS.save(storage, id.0, &window)?;
        }
        return Ok(());
    }
    SETTLEMENT_WINDOWS.remove(storage, id.0);
    let median = window.price(settlement.at)?;
    // With nobody inside any price will do; and a feed that was silent for a day of windows has said its last word.
    let no_median_needed = settlement.misses >= SETTLEMENT_MISSES_MAX || !open.state.has_open_interest()?;
    match median.or(no_median_needed.then(|| open.mark())) {
        Some(price) => close_market(desk, id, price),
        None => {
            // A whole new window from now on, announced like the first: to let one fail chooses no price.
            let at = now.saturating_add(SETTLEMENT_WINDOW_SECONDS);
            let misses = settlement.misses.saturating_add(1);
            open.state.settlement = Some(MarketSettlement { at, misses, ..settlement });
            let covered_seconds = window.covered_seconds();
            desk.events.push(SettlementPostponed { market: id, at, covered_seconds }.into());
            Ok(())
        }
    }
}

/// Takes waiting and resting orders of a settled market out of their queues, without a fee.
fn give_orders_back(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    market: MarketId,
    limit: usize,
) -> Result<(), ContractError> {
    let mut orders: Vec<(OrderId, Order)> = vec![];
    // Bounded by BATCH_MAX.
    for queue in Queue::ALL {
        let left = limit.saturating_sub(orders.len());
        for next in ORDERS.under(storage, (market.0, queue.key()), None).take(left) {
            let (sequence, order) = next?;
            orders.push((OrderId { market, queue, sequence }, order));
        }
    }
    for (id, order) in orders {
        give_back(storage, desk, id, &order)?;
    }
    Ok(())
}

/// Returns an order's execution fee and held margin to its account.
pub(super) fn give_back(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    id: OrderId,
    order: &Order,
) -> Result<(), ContractError> {
    desk.load_stored_account(storage, &order.account)?;
    let mut account = desk.account(&order.account);
    account.orders.retain(|waiting| *waiting != id);
    account.margin_held = account.margin_held.saturating_minus(order.margin_held);
    account.cash = account.cash.plus_amount(order.execution_fee)?;
    desk.pool.escrow = desk.pool.escrow.minus(order.execution_fee)?;
    desk.put_account(&order.account, account)?;
    ORDERS.remove(storage, id.key());
    shelves::remove(storage, id, order);
    let (account, reason, size) = (order.account.clone(), DropReason::Settled, order.size);
    desk.events.push(OrderDropped { order: id, account, reason, size }.into());
    Ok(())
}
