//! Which price is an order's own (F16), and what happens to the order now.

use crate::desk::Desk;
use crate::error::ContractError;
use crate::validity::PriceUse;
use firebreak_messages::derivatives_vault::{DropReason, Order, OrderId, Queue};
use firebreak_messages::oracle::{Round, Validity, ROUNDS_KEPT};
use firebreak_messages::Action;
use firebreak_risk::{first_eligible_round, reaches, trigger_edge, Eligibility, RoundTime};

/// No feed takes a report that is older: no round is published before this many seconds ago any more.
const REPORT_AGE_MAX_SECONDS: u64 = 600;

/// Behind its end an order that was passed over is open for so long at most: whoever held it up for all of that pays for a reduction in every
/// block, and who cancelled it before a freeze gets no position by it after the thaw.
const PASSED_OVER_SECONDS_MAX: u64 = 3_600;

/// For so many rounds behind its own an order waits for what others can take away and give back in a moment.
const PATIENCE_ROUNDS: usize = ROUNDS_KEPT / 2;

/// For so many blocks after it was passed over an order waits for another market of its account: minutes, in which whoever finds that market's
/// price valid fills it, at the worst since its own. For ever, and a few accounts with dust in a market whose feed died would hold up another's queue.
pub const PASSED_OVER_BLOCKS_MAX: u64 = 100;

/// What happens to an order that is looked at.
pub enum Turn {
    /// Stays: no price is its own yet.
    Wait,
    Fill(Round),
    Drop(DropReason),
}

/// The first round that was published late enough, recorded late enough and reaches the order's trigger decides, whoever looks
/// and whenever: neither its owner nor a keeper chooses among rounds.
///
/// Where rounds that may have been its own have left the ring, an order that raises exposure at the next price is dropped. A
/// reduce order is somebody's way out, and a resting order is not expected to be looked at before its trigger: both get
/// the round of the ring that is worst for their owner, among those that neither a cancel nor their own time keeps from them,
/// which is no option for anyone. The same holds for an order that was passed over, until an hour behind its end.
pub fn next_turn(desk: &Desk, id: OrderId, order: &Order) -> Result<Turn, ContractError> {
    let market = desk.market(id.market)?;
    let rounds = market.rounds();
    let delay = desk.config.parameters.order_delay_seconds;
    let ends_at = order.ends_at(delay);
    let ended =
        if order.expires_at.is_some_and(|at| at <= ends_at) { DropReason::Expired } else { DropReason::Canceled };
    // While the latest price is stale nothing raises exposure, and nothing at all is settled at an invalid one: the orders
    // wait, and their own round waits in the ring with them.
    let action = if id.queue.reduces() { Action::ReduceExposure } else { Action::IncreaseExposure };
    let usable = market.price_use(action) == PriceUse::AdverseEdge;
    let times: Vec<RoundTime> = rounds.iter().map(|round| round_time(round, order)).collect();
    let eligibility = first_eligible_round(
        &times,
        rounds.len() >= ROUNDS_KEPT,
        order.placed_at,
        order.placed_height,
        delay,
        order.placed_round,
    );
    let own = match eligibility {
        Eligibility::NotYet => None,
        Eligibility::First { index } if order.is_passed_over() => {
            worst_round(rounds.get(index..).unwrap_or_default(), order, delay, ends_at)
        }
        Eligibility::First { index } => rounds.get(index),
        Eligibility::Missed if id.queue == Queue::Increase && !order.is_passed_over() => {
            return Ok(if usable { Turn::Drop(DropReason::RoundMissed) } else { Turn::Wait })
        }
        Eligibility::Missed => worst_round(rounds, order, delay, ends_at),
    };
    match own {
        Some(_) if order.is_passed_over() && is_over(rounds, ends_at) => {
            Ok(if usable { Turn::Drop(ended) } else { Turn::Wait })
        }
        Some(round) if round.published_at >= ends_at && !order.is_passed_over() => Ok(Turn::Drop(ended)),
        Some(round) if usable => Ok(Turn::Fill(round.clone())),
        Some(_) => Ok(Turn::Wait),
        // Whatever is published from now on comes too late for it.
        None if ends_at <= last_published(rounds).max(desk.now.saturating_sub(REPORT_AGE_MAX_SECONDS)) => {
            Ok(Turn::Drop(ended))
        }
        None => Ok(Turn::Wait),
    }
}

fn is_over(rounds: &[Round], ends_at: u64) -> bool {
    rounds.first().is_some_and(|oldest| oldest.published_at >= ends_at.saturating_add(PASSED_OVER_SECONDS_MAX))
}

fn last_published(rounds: &[Round]) -> u64 {
    rounds.last().map_or(0, |round| round.published_at)
}

fn round_time(round: &Round, order: &Order) -> RoundTime {
    RoundTime {
        round: round.round,
        published_at: round.published_at,
        recorded_height: round.recorded_height,
        valid: round.validity == Validity::Valid && round.round > order.placed_round && is_reached(round, order),
    }
}

/// A market order waits for no trigger, and an order that waits for health gets no price before it is one.
fn is_reached(round: &Round, order: &Order) -> bool {
    match order.waits_above() {
        Some(above) => reaches(trigger_edge(round.price, round.band, above), order.trigger_price, above),
        None => order.trigger.is_none(),
    }
}

fn may_be_its_own(round: &Round, order: &Order, delay: u64) -> bool {
    round.validity == Validity::Valid
        && round.round > order.placed_round
        && round.published_at >= order.placed_at.saturating_add(delay)
        && round.recorded_height > order.placed_height
}

/// So many rounds have come behind one that may have been its own that this one is about to leave the ring.
pub fn is_late(rounds: &[Round], order: &Order, delay: u64) -> bool {
    let mut early = rounds.iter().rev().skip(PATIENCE_ROUNDS);
    early.any(|round| may_be_its_own(round, order, delay) && is_reached(round, order))
}

/// Of a passed-over order every later price counts, beyond its trigger and its end too.
fn worst_round<'a>(rounds: &'a [Round], order: &Order, delay: u64, ends_at: u64) -> Option<&'a Round> {
    let eligible = rounds.iter().filter(|round| {
        may_be_its_own(round, order, delay)
            && (order.is_passed_over() || (is_reached(round, order) && round.published_at < ends_at))
    });
    if order.size.is_long() {
        eligible.max_by_key(|round| round.price)
    } else {
        eligible.min_by_key(|round| round.price)
    }
}
