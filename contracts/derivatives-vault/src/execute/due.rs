//! The orders that wait in front of the pool: what it pays out comes behind those that are due, and who comes pays for what they may make
//! of the skew.
//!
//! Whoever executes could else choose which comes first, the claims or an order that they drop for want of reserve, when the prices behind
//! the order's own are known (a late cancel, R-32); and who provides in front of an order that tilts the book would pay for a move of
//! the skew of before.

use super::fill::reducing_part;
use super::turn::{is_late, next_turn, Turn};
use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::shelves::{self, Shelf};
use crate::state::{ACCOUNTS, ORDERS};
use crate::trade::position_size;
use cosmwasm_std::Deps;
use firebreak_messages::derivatives_vault::{Order, OrderId, Queue, LOOKS_MAX};
use firebreak_messages::{AccountId, Action, MarketId};
use firebreak_risk::Size;

/// Of each price shelf claims look at so many orders. Those in front that a price has reached and that wait for another one are few:
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
    /// What is left to close of the positions whose reductions were counted.
    positions: Vec<(AccountId, Size)>,
}

/// What the pool pays out comes behind the orders that are due and that may raise exposure, in all markets, which are loaded: no reduction is dropped
/// for want of the pool's coins. Bounded by MARKETS_MAX.
///
/// Errors: [`ContractError::OrdersFirst`]. Anyone ends it by `ExecuteOrders`, in the message before. A market whose orders nobody can
/// execute now holds nobody up, and no order does for more than four rounds.
pub fn ensure_no_order_due(deps: Deps, desk: &Desk) -> Result<(), ContractError> {
    for id in &desk.config.markets {
        let market = desk.market(*id)?;
        if market.settled_price().is_none() && executes(market) && waiting(deps, desk, *id, false)?.due {
            return Err(ContractError::OrdersFirst { market: *id });
        }
    }
    Ok(())
}

fn executes(market: &OpenMarket) -> bool {
    ensure_allows(&market.effective, Action::ExecuteOrders).is_ok()
}

/// The lowest and the highest skew of a loaded market that its waiting orders can leave, those that a price has triggered included. A reduction
/// counts up to its position, whatever its size, and no order beyond what the market can have.
///
/// Errors: [`ContractError::OrdersFirst`] where more wait than one look goes through and anyone may execute them.
pub fn skews_ahead(deps: Deps, desk: &Desk, id: MarketId) -> Result<[Size; 2], ContractError> {
    let waiting = waiting(deps, desk, id, true)?;
    let market = desk.market(id)?;
    if waiting.is_full && executes(market) {
        return Err(ContractError::OrdersFirst { market: id });
    }
    let skew = market.skew()?;
    // Entries take the skew to its cap at most and no side beyond its own, reductions close what is open.
    let (long, short) = (market.state.long.open_interest()?, market.state.short.open_interest()?);
    let (most, cap) = (long.minus(short)?.plus(market.config.skew_max)?, market.config.open_interest_max);
    let (lowest, highest) = (most.min(cap.max(short.negated()?)).negated()?, most.min(cap.max(long)));
    Ok([skew.plus(waiting.short)?.max(lowest), skew.plus(waiting.long)?.min(highest)])
}

/// Bounded by LOOKS_MAX orders of two queues and of eight shelves. Without `all`: entries alone, until one is due.
#[inline(never)]
fn waiting(deps: Deps, desk: &Desk, id: MarketId, all: bool) -> Result<Waiting, ContractError> {
    let mut waiting = Waiting::default();
    let queues: &[Queue] = if all { &[Queue::Reduce, Queue::Increase] } else { &[Queue::Increase] };
    for queue in queues {
        let mut looks = 0usize;
        for next in ORDERS.under(deps.storage, (id.0, queue.key()), None) {
            if looks >= LOOKS_MAX {
                waiting.is_full = true;
                break;
            }
            looks = looks.saturating_add(1);
            let (sequence, order) = next?;
            let has_price = waiting.count(deps, desk, OrderId { market: id, queue: *queue, sequence }, &order)?;
            if !all && (waiting.due || !has_price) {
                break;
            }
        }
    }
    if (waiting.due && !all) || !shelves::any(deps.storage, id) {
        return Ok(waiting);
    }
    let market = desk.market(id)?;
    let reductions: &[Queue] = if all { &[Queue::ReduceStop, Queue::ReduceLimit] } else { &[] };
    let entries: &[Queue] = if market.may_take_entries() { &[Queue::IncreaseStop, Queue::IncreaseLimit] } else { &[] };
    for queue in reductions.iter().chain(entries) {
        for above in [true, false] {
            let Some(farthest) = shelves::farthest(market.rounds(), above) else { continue };
            let shelf = Shelf::Price { queue: *queue, above };
            let mut looks = 0usize;
            for entry in shelves::walk(deps.storage, id, shelf, None).take(LOOKS_MAX) {
                let entry = entry?;
                if entry.rank > farthest || (looks >= SHELF_LOOKS_MAX && !all) {
                    break;
                }
                let order = ORDERS.load(deps.storage, entry.order.key())?;
                // What was placed behind the last round has no price of its own, whatever its bound: it must not hide those behind it.
                if order.placed_round < market.last_round() {
                    looks = looks.saturating_add(1);
                }
                waiting.count(deps, desk, entry.order, &order)?;
            }
        }
    }
    Ok(waiting)
}

impl Waiting {
    /// Counts an order; returns whether it has its price.
    fn count(&mut self, deps: Deps, desk: &Desk, id: OrderId, order: &Order) -> Result<bool, ContractError> {
        let size = if id.queue.reduces() { self.closes(deps, desk, order, id.market)? } else { order.size };
        let side = if size.is_long() { &mut self.long } else { &mut self.short };
        *side = side.plus(size)?;
        let has_price = !matches!(next_turn(desk, id, order)?, Turn::Wait);
        if has_price {
            let market = desk.market(id.market)?;
            // By another price of its block, or by a market that nobody watches: executing it does nothing now.
            let held_up = order.is_passed_over() && (market.is_unwatched() || order.passed_over_height == desk.height);
            let late = is_late(market.rounds(), order, desk.config.parameters.order_delay_seconds);
            self.due |= !held_up && !late;
        }
        Ok(has_price)
    }

    /// The part of a reduction that its account still has a position for.
    fn closes(&mut self, deps: Deps, desk: &Desk, order: &Order, market: MarketId) -> Result<Size, ContractError> {
        let at = match self.positions.iter().position(|(account, _)| *account == order.account) {
            Some(at) => at,
            None => {
                let key = (order.account.owner.clone(), order.account.subaccount);
                let account = ACCOUNTS.may_load(deps.storage, key)?.unwrap_or_default();
                // A stake of a side that has been closed since is nothing to close.
                let position = position_size(desk, &account, market).unwrap_or_default();
                self.positions.push((order.account.clone(), position));
                self.positions.len().saturating_sub(1)
            }
        };
        let Some((_, position)) = self.positions.get_mut(at) else { return Ok(Size::ZERO) };
        let size = reducing_part(order.size, *position).unwrap_or_default();
        *position = position.plus(size)?;
        Ok(size)
    }
}
