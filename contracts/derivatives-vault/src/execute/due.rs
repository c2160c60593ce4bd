//! The orders that wait in front of the pool: what it pays out comes behind those that are due, and who comes pays for what they may make
//! of the skew.
//!
//! Whoever executes could else choose which comes first, the claims or an order that they drop for want of reserve, when the prices behind
//! the order's own are known (a late cancel, R-32); and who provides in front of an order that tilts the book would pay for a move of
//! the skew of before.

use super::turn::{is_late, next_turn, Turn};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::shelves::{self, Shelf};
use crate::state::ORDERS;
use cosmwasm_std::Deps;
use firebreak_messages::derivatives_vault::{Order, OrderId, Queue, LOOKS_MAX};
use firebreak_messages::{Action, MarketId};
use firebreak_risk::Size;

/// Of each price shelf so many orders are looked at. Those in front that a price has reached and that wait for another one are few:
/// limit orders that missed their bound by the skew.
const SHELF_LOOKS_MAX: usize = 10;

/// Orders of a market at the next price, and those that a price has triggered.
#[derive(Default)]
struct Waiting {
    /// One of them could be executed now.
    due: bool,
    /// Buys and sales, as if all were filled whole.
    long: Size,
    short: Size,
    /// A queue has more of them than one look goes through.
    is_full: bool,
}

/// What the pool pays out comes behind the orders that are due, in all markets, which are loaded. Bounded by MARKETS_MAX.
///
/// Errors: [`ContractError::OrdersFirst`]. Anyone ends it by `ExecuteOrders`, in the message before. A market whose orders nobody can
/// execute now holds nobody up, and no order does for longer than it waits for another market of its account.
pub fn ensure_no_order_due(deps: Deps, desk: &Desk) -> Result<(), ContractError> {
    for id in &desk.config.markets {
        let market = desk.market(*id)?;
        let executes = ensure_allows(&market.effective, Action::ExecuteOrders).is_ok();
        if market.settled_price().is_none() && executes && waiting(deps, desk, *id, false)?.due {
            return Err(ContractError::OrdersFirst { market: *id });
        }
    }
    Ok(())
}

/// The lowest and the highest skew of a loaded market that its waiting orders can leave, those that a price has triggered included.
///
/// Errors: [`ContractError::OrdersFirst`] where more wait than one look goes through.
pub fn skews_ahead(deps: Deps, desk: &Desk, id: MarketId) -> Result<[Size; 2], ContractError> {
    let waiting = waiting(deps, desk, id, true)?;
    if waiting.is_full {
        return Err(ContractError::OrdersFirst { market: id });
    }
    let skew = desk.market(id)?.skew()?;
    Ok([skew.plus(waiting.short)?, skew.plus(waiting.long)?])
}

/// Bounded by LOOKS_MAX orders of two queues and `SHELF_LOOKS_MAX` of eight shelves; without `all` it ends at the first that is due.
#[inline(never)]
fn waiting(deps: Deps, desk: &Desk, id: MarketId, all: bool) -> Result<Waiting, ContractError> {
    let mut waiting = Waiting::default();
    for queue in [Queue::Reduce, Queue::Increase] {
        let mut looks = 0usize;
        for next in ORDERS.under(deps.storage, (id.0, queue.key()), None) {
            if looks >= LOOKS_MAX {
                waiting.is_full = true;
                break;
            }
            looks = looks.saturating_add(1);
            let (sequence, order) = next?;
            let has_price = waiting.count(desk, OrderId { market: id, queue, sequence }, &order, true)?;
            if !all && (waiting.due || !has_price) {
                break;
            }
        }
    }
    if (waiting.due && !all) || !shelves::any(deps.storage, id) {
        return Ok(waiting);
    }
    let market = desk.market(id)?;
    let entries: &[Queue] = if market.may_take_entries() { &[Queue::IncreaseStop, Queue::IncreaseLimit] } else { &[] };
    for queue in [Queue::ReduceStop, Queue::ReduceLimit].iter().chain(entries) {
        for above in [true, false] {
            let Some(farthest) = shelves::farthest(market.rounds(), above) else { continue };
            let shelf = Shelf::Price { queue: *queue, above };
            for entry in shelves::walk(deps.storage, id, shelf, None).take(SHELF_LOOKS_MAX) {
                let entry = entry?;
                if entry.rank > farthest {
                    break;
                }
                let order = ORDERS.load(deps.storage, entry.order.key())?;
                waiting.count(desk, entry.order, &order, false)?;
            }
        }
    }
    Ok(waiting)
}

impl Waiting {
    /// Counts an order, which `may_wait` for its price; returns whether it has one.
    fn count(&mut self, desk: &Desk, id: OrderId, order: &Order, may_wait: bool) -> Result<bool, ContractError> {
        let has_price = !matches!(next_turn(desk, id, order)?, Turn::Wait);
        if has_price || may_wait {
            let side = if order.size.is_long() { &mut self.long } else { &mut self.short };
            *side = side.plus(order.size)?;
        }
        if has_price {
            let market = desk.market(id.market)?;
            // By another price of its block, or by a market that nobody watches: executing it does nothing now.
            let unwatched = !id.queue.reduces() && market.is_unwatched();
            let held_up = order.is_passed_over() && (unwatched || order.passed_over_height == desk.height);
            let late = is_late(market.rounds(), order, desk.config.parameters.order_delay_seconds);
            self.due |= !held_up && !late;
        }
        Ok(has_price)
    }
}
