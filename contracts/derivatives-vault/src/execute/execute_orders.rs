//! Executing a market's next orders: by anyone, in price-time order, without choosing among them or among prices.

use super::fill::fill_or_undo;
use super::turn::{is_late, next_turn, Turn, PASSED_OVER_BLOCKS_MAX};
use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::gate::ensure_allows;
use crate::health::{evaluate, Purpose};
use crate::shelves::{self, Shelf};
use crate::state::ORDERS;
use crate::trade::position_size;
use cosmwasm_std::{Deps, MessageInfo, Storage};
use firebreak_messages::derivatives_vault::{
    DropReason, Order, OrderDropped, OrderId, OrderSkipped, OrderTriggered, Queue, Trigger, BATCH_MAX,
    HEALTH_LOOKS_MAX, LEAVING_LOOKS_MAX, LOOKS_MAX,
};
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, MarketId};
use firebreak_risk::{is_thin, Amount};

/// What a batch does to stored orders.
#[derive(Default)]
pub struct Changes {
    removed: Vec<(OrderId, Order)>,
    saved: Vec<(OrderId, Order)>,
}

impl Changes {
    pub fn store(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        for (id, order) in self.removed {
            ORDERS.remove(storage, id.key());
            shelves::remove(storage, id, &order);
        }
        for (id, order) in self.saved {
            ORDERS.save(storage, id.key(), &order)?;
            shelves::put(storage, id, &order);
        }
        Ok(())
    }

    /// The order was served or changed by this very batch: storage knows it as it was before.
    fn touched(&self, id: OrderId) -> bool {
        self.removed.iter().chain(&self.saved).any(|(touched, _)| *touched == id)
    }
}

/// What became of an order that was looked at.
#[derive(PartialEq, Eq)]
enum Look {
    Popped,
    /// It, and whatever was placed after it, has no price of its own yet.
    Waits,
    /// It stays, for a reason of its own.
    Stays,
}

struct Batch<'a> {
    deps: Deps<'a>,
    desk: Desk,
    market: MarketId,
    limit: usize,
    popped: usize,
    fees: Amount,
    returned: Amount,
    changes: Changes,
}

/// Pops up to `limit` orders. Every popped order pays its fee, filled or not, in one payment to the sender; only a resting order
/// that its owner cancelled and that no price triggered gets it back.
///
/// Every queue and shelf has its own number of looks, so orders that wait in one never stand in the way of another. One order
/// that cannot be computed is dropped with an event: it must not stop the queue behind it.
#[inline(never)]
pub fn execute_orders(
    deps: Deps,
    mut desk: Desk,
    info: &MessageInfo,
    market: MarketId,
    limit: u32,
) -> Result<(Changes, Done), ContractError> {
    if limit > BATCH_MAX {
        let wanted = format!("at most {BATCH_MAX}");
        return Err(ContractError::OutOfBounds { what: "limit", wanted, found: limit.to_string() });
    }
    desk.load_market(deps, market)?;
    desk.close_step()?;
    // A batch of none serves nobody, whatever the level: it keeps what a freeze finds while the ring still knows it.
    if limit > 0 {
        ensure_allows(&desk.market(market)?.effective, Action::ExecuteOrders)?;
    }
    let mut batch = Batch {
        deps,
        desk,
        market,
        limit: limit as usize,
        popped: 0,
        fees: Amount::ZERO,
        returned: Amount::ZERO,
        changes: Changes::default(),
    };
    let anything_rests = shelves::any(deps.storage, market);
    batch.serve_queue(Queue::Reduce)?;
    if anything_rests {
        batch.serve_shelves(Queue::ReduceStop)?;
        batch.serve_shelves(Queue::ReduceLimit)?;
        batch.look_at_health()?;
    }
    batch.serve_queue(Queue::Increase)?;
    if anything_rests {
        // Where nothing that raises exposure is taken, or no price is good enough for it, its shelves are not even looked at.
        if batch.desk.market(market)?.may_take_entries() {
            batch.serve_shelves(Queue::IncreaseStop)?;
            batch.serve_shelves(Queue::IncreaseLimit)?;
        }
        batch.let_leave()?;
    }
    let Batch { mut desk, fees, returned, changes, .. } = batch;
    // Even an empty batch keeps what it accrued: anybody may bring funding up to date.
    desk.market_mut(market)?.mark_changed();
    desk.pool.escrow = desk.pool.escrow.minus(fees)?.minus(returned)?;
    Ok((changes, Done::new(desk).paying(info.sender.as_str(), fees)?))
}

impl Batch<'_> {
    fn is_full(&self) -> bool {
        self.popped >= self.limit
    }

    /// Orders at the next price, in the order of placing.
    fn serve_queue(&mut self, queue: Queue) -> Result<(), ContractError> {
        let market = self.market;
        let mut looks = 0usize;
        let storage = self.deps.storage;
        for next in ORDERS.under(storage, (market.0, queue.key()), None) {
            if self.is_full() || looks >= LOOKS_MAX {
                break;
            }
            let (sequence, order) = next?;
            match self.look_at(OrderId { market, queue, sequence }, order)? {
                // Who was placed later has no earlier price.
                Look::Waits => break,
                Look::Stays => looks = looks.saturating_add(1),
                Look::Popped => {}
            }
        }
        Ok(())
    }

    /// Both shelves of a kind: what rose far enough, what fell far enough, each from the first trigger on.
    fn serve_shelves(&mut self, queue: Queue) -> Result<(), ContractError> {
        for above in [true, false] {
            let rounds = self.desk.market(self.market)?.rounds();
            let Some(farthest) = shelves::farthest(rounds, above) else { continue };
            self.serve_shelf(Shelf::Price { queue, above }, farthest, LOOKS_MAX)?;
        }
        Ok(())
    }

    /// Cancelled and expired resting orders: last, and with looks of their own.
    fn let_leave(&mut self) -> Result<(), ContractError> {
        let now = self.desk.now.into();
        self.serve_shelf(Shelf::Leaving, now, LEAVING_LOOKS_MAX)
    }

    fn serve_shelf(&mut self, shelf: Shelf, farthest: u128, looks_max: usize) -> Result<(), ContractError> {
        let mut looks = 0usize;
        let storage = self.deps.storage;
        for entry in shelves::walk(storage, self.market, shelf, None) {
            let entry = entry?;
            if entry.rank > farthest || self.is_full() || looks >= looks_max {
                break;
            }
            // Another shelf has had it in this batch.
            if self.changes.touched(entry.order) {
                continue;
            }
            let order = ORDERS.load(storage, entry.order.key())?;
            if self.look_at(entry.order, order)? != Look::Popped {
                looks = looks.saturating_add(1);
            }
        }
        Ok(())
    }

    /// One order: filled, dropped, or left where it is with the reason in an event.
    fn look_at(&mut self, id: OrderId, mut order: Order) -> Result<Look, ContractError> {
        let mut used_rounds = false;
        let unwatched = !id.queue.reduces() && self.desk.market(self.market)?.is_unwatched();
        // Every turn of the loop uses up a round of the ring.
        loop {
            let (reason, round) = match next_turn(&self.desk, id, &order)? {
                Turn::Wait => {
                    if used_rounds {
                        self.changes.saved.push((id, order));
                        return Ok(Look::Stays);
                    }
                    return Ok(Look::Waits);
                }
                Turn::Drop(reason) => (Some(reason), 0),
                // It has been held up already and told so: no more than a look until somebody evaluates.
                Turn::Fill(_) if order.is_passed_over() && unwatched => return Ok(Look::Stays),
                Turn::Fill(round) => (fill_or_undo(self.deps, &mut self.desk, id, &order, &round)?, round.round),
            };
            // The bound of a limit order is what it waits for. This round is no longer its own, or it would fill at it
            // when the skew comes back, whatever the price is then.
            let next_round = reason == Some(DropReason::BoundMissed) && id.queue.is_limit();
            let delay = self.desk.config.parameters.order_delay_seconds;
            let late = is_late(self.desk.market(self.market)?.rounds(), &order, delay);
            // What somebody can bring about and end from one moment to the next, who knows the prices behind the order's own, must not drop
            // it, or it would be a late cancel. Of another market that counts until the order is late, and one that was passed over for
            // a while from then on, so that a feed that died holds nobody's queue up.
            let stays = match reason {
                Some(DropReason::AnotherPrice) => true,
                Some(DropReason::Restricted) => unwatched,
                Some(DropReason::PriceUnusable) => {
                    !late || self.desk.height < order.passed_over_height.saturating_add(PASSED_OVER_BLOCKS_MAX)
                }
                _ => next_round,
            };
            let (Some(reason), true) = (reason, stays) else {
                self.pop(id, order, reason)?;
                return Ok(Look::Popped);
            };
            let account = order.account.clone();
            self.desk.events.push(OrderSkipped { order: id, account, reason, round }.into());
            if !next_round {
                // A stream of small reductions, which come first, could hold it up block after block. They cannot hold up one of
                // their own queue: what is before it there has earlier prices and is gone when they are served. An unwatched
                // market holds up what raises exposure, and keeps its own price for it for a while.
                let held_up = late || reason == DropReason::AnotherPrice;
                if held_up && id.queue != Queue::Reduce && !order.is_passed_over() {
                    order.passed_over_height = self.desk.height;
                    used_rounds = true;
                }
                if used_rounds {
                    self.changes.saved.push((id, order));
                }
                return Ok(Look::Stays);
            }
            // Of what came while it was held up nothing is its own any more.
            order.placed_round =
                if order.is_passed_over() { self.desk.market(self.market)?.last_round() } else { round };
            order.passed_over_height = 0;
            used_rounds = true;
        }
    }

    fn pop(&mut self, id: OrderId, order: Order, reason: Option<DropReason>) -> Result<(), ContractError> {
        if let Some(reason) = reason {
            let account = order.account.clone();
            self.desk.events.push(OrderDropped { order: id, account, reason, size: order.size }.into());
        }
        self.desk.load_account_record(self.deps, &order.account)?;
        let mut account = self.desk.account(&order.account);
        account.orders.retain(|waiting| *waiting != id);
        account.margin_held = account.margin_held.saturating_minus(order.margin_held);
        // Given back only where it has rested at its owner's risk for a delay at least: an order that is cancelled before any price
        // could have been its own takes a keeper's look like any other, and a crowd of them would hide others' stops for nothing.
        let delay = self.desk.config.parameters.order_delay_seconds;
        let rested = order.cancel_requested_at.is_some_and(|at| at >= order.placed_at.saturating_add(delay));
        if reason == Some(DropReason::Canceled) && id.queue.rests() && rested {
            account.cash = account.cash.plus_amount(order.execution_fee)?;
            self.returned = self.returned.plus(order.execution_fee)?;
        } else {
            self.fees = self.fees.plus(order.execution_fee)?;
        }
        self.desk.put_account(&order.account, account)?;
        self.changes.removed.push((id, order));
        self.popped = self.popped.saturating_add(1);
        Ok(())
    }

    /// The next few accounts whose health an order waits for, in turn: each batch goes on where the last one stopped, so no
    /// healthy account keeps a batch from a thin one behind it.
    fn look_at_health(&mut self) -> Result<(), ContractError> {
        let (storage, market) = (self.deps.storage, self.market);
        let cursor = self.desk.market(market)?.state.health_cursor;
        let mut last = cursor;
        let behind = shelves::walk(storage, market, Shelf::Health, Some(cursor));
        let front = shelves::walk(storage, market, Shelf::Health, None)
            .take_while(|entry| entry.as_ref().is_ok_and(|entry| entry.order.sequence <= cursor));
        for entry in behind.chain(front).take(HEALTH_LOOKS_MAX) {
            if self.is_full() {
                break;
            }
            let id = entry?.order;
            last = id.sequence;
            let order = ORDERS.load(storage, id.key())?;
            if order.ends_at(0) > self.desk.now && self.is_reached_by_health(&order)? {
                self.trigger(id, order)?;
            }
        }
        self.desk.market_mut(market)?.state.health_cursor = last;
        Ok(())
    }

    /// An account that cannot be judged, because a price of it is not valid or its figures cannot be computed, is not thin.
    fn is_reached_by_health(&mut self, order: &Order) -> Result<bool, ContractError> {
        let Some(Trigger::Health(ratio)) = order.trigger else { return Ok(false) };
        let before_loading = self.desk.savepoint(Some(&order.account));
        if self.desk.load_account(self.deps, &order.account).and_then(|()| self.desk.close_step()).is_err() {
            self.desk.roll_back(Some(&order.account), before_loading);
            return Ok(false);
        }
        let account = self.desk.account(&order.account);
        let valid = |market| self.desk.market(market).is_ok_and(|market| market.validity == Validity::Valid);
        if !account.positions.iter().all(|position| valid(position.market)) {
            return Ok(false);
        }
        let Ok((health, _)) = evaluate(&self.desk, &account, Purpose::Trading, None) else { return Ok(false) };
        Ok(is_thin(&health, ratio).unwrap_or(false))
    }

    /// An owner can make an account thin at will, by taking collateral out; were the order filled at a price that is known by
    /// then, this would be an option. So it becomes a market order, placed in this block, like any that the owner could place.
    fn trigger(&mut self, id: OrderId, order: Order) -> Result<(), ContractError> {
        let mut account = self.desk.account(&order.account);
        let position = position_size(&self.desk, &account, self.market)?;
        if position.is_zero() || position.is_long() == order.size.is_long() {
            return self.pop(id, order, Some(DropReason::NothingToReduce));
        }
        let becomes = OrderId { market: id.market, queue: Queue::Reduce, sequence: self.desk.pool.next_order };
        self.desk.pool.next_order = self.desk.pool.next_order.saturating_add(1);
        for waiting in account.orders.iter_mut().filter(|waiting| **waiting == id) {
            *waiting = becomes;
        }
        self.desk.put_account(&order.account, account)?;
        let triggered = OrderTriggered { order: id, account: order.account.clone(), becomes };
        self.desk.events.push(triggered.into());
        let placed_round = self.desk.market(self.market)?.last_round();
        let (placed_at, placed_height) = (self.desk.now, self.desk.height);
        let becomes_order = Order { trigger: None, placed_at, placed_height, placed_round, ..order.clone() };
        self.changes.removed.push((id, order));
        self.changes.saved.push((becomes, becomes_order));
        Ok(())
    }
}
