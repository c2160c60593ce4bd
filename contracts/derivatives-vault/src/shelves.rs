//! Where a batch finds resting orders by what ends their rest: a price, their account's health, the end of their time.
//!
//! One entry for each, under `shelf`, market, shelf, rank, sequence; its value is the order's queue. The rank grows in the order in
//! which a market's move triggers the orders, so a batch reads from the front and stops at the first one that is not triggered:
//! what it costs does not grow with the number of resting orders.

use crate::error::ContractError;
use cosmwasm_std::{Order as Direction, Storage};
use firebreak_messages::derivatives_vault::{Order, OrderId, Queue};
use firebreak_messages::oracle::{Round, Validity};
use firebreak_messages::MarketId;
use firebreak_risk::{trigger_edge, Price};

const NAMESPACE: &[u8] = b"shelf";
/// The shelf of orders that were cancelled or that expire, by the second of it.
const LEAVING: u8 = 254;

/// One shelf of a market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Stops or limit orders that wait for a rise (`above`) or a fall.
    Price {
        queue: Queue,
        above: bool,
    },
    /// Orders that wait for an account's health, in the order of placing.
    Health,
    Leaving,
}

impl Shelf {
    const fn key(self) -> u8 {
        match self {
            Self::Price { queue, above: false } => queue.key().wrapping_mul(2),
            Self::Price { queue, above: true } => queue.key().wrapping_mul(2).wrapping_add(1),
            Self::Health => Queue::Health.key().wrapping_mul(2),
            Self::Leaving => LEAVING,
        }
    }
}

/// An order on a shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub rank: u128,
    pub order: OrderId,
}

/// The rank of a price: what a move reaches first comes first.
fn rank_of(price: Price, above: bool) -> u128 {
    if above {
        price.atoms()
    } else {
        u128::MAX.wrapping_sub(price.atoms())
    }
}

fn prefix(market: MarketId, shelf: u8) -> Vec<u8> {
    let [high, low] = market.0.to_be_bytes();
    let mut key = NAMESPACE.to_vec();
    key.extend_from_slice(&[high, low, shelf]);
    key
}

fn place(market: MarketId, shelf: Shelf, rank: u128, sequence: u64) -> Vec<u8> {
    let mut key = prefix(market, shelf.key());
    key.extend_from_slice(&rank.to_be_bytes());
    key.extend_from_slice(&sequence.to_be_bytes());
    key
}

/// The entry by which a resting order is triggered.
fn trigger_key(id: OrderId, order: &Order) -> Vec<u8> {
    match order.waits_above() {
        Some(above) => {
            let shelf = Shelf::Price { queue: id.queue, above };
            place(id.market, shelf, rank_of(order.trigger_price, above), id.sequence)
        }
        None => place(id.market, Shelf::Health, 0, id.sequence),
    }
}

/// The entry by which it leaves, if something ends it. By the second of the request and not by that of its effect: the delay
/// between them is configuration and may change.
fn leaving_key(id: OrderId, order: &Order) -> Option<Vec<u8>> {
    let at = order.cancel_requested_at.unwrap_or(u64::MAX).min(order.expires_at.unwrap_or(u64::MAX));
    (at < u64::MAX).then(|| place(id.market, Shelf::Leaving, at.into(), id.sequence))
}

/// Puts a resting order on its shelves. Others have none.
pub fn put(storage: &mut dyn Storage, id: OrderId, order: &Order) {
    if id.queue.rests() {
        storage.set(&trigger_key(id, order), &[id.queue.key()]);
        if let Some(key) = leaving_key(id, order) {
            storage.set(&key, &[id.queue.key()]);
        }
    }
}

/// Takes a resting order off its shelves.
pub fn remove(storage: &mut dyn Storage, id: OrderId, order: &Order) {
    if id.queue.rests() {
        storage.remove(&trigger_key(id, order));
        if let Some(key) = leaving_key(id, order) {
            storage.remove(&key);
        }
    }
}

/// The farthest rank that a round of the ring has reached: no order behind it has been triggered by any of them.
pub fn farthest(rounds: &[Round], above: bool) -> Option<u128> {
    let valid = rounds.iter().filter(|round| round.validity == Validity::Valid);
    valid.map(|round| rank_of(trigger_edge(round.price, round.band, above), above)).max()
}

/// Whether any order rests in the market: one look for a batch that has no resting order to serve.
pub fn any(storage: &dyn Storage, market: MarketId) -> bool {
    let (start, end) = (prefix(market, 0), prefix(market, u8::MAX));
    storage.range(Some(&start), Some(&end), Direction::Ascending).next().is_some()
}

/// A shelf's orders from the front, or behind a sequence of the first rank. Read one by one as they are asked for; callers bound
/// how many.
pub fn walk(
    storage: &dyn Storage,
    market: MarketId,
    shelf: Shelf,
    behind: Option<u64>,
) -> impl Iterator<Item = Result<Entry, ContractError>> + '_ {
    let first = prefix(market, shelf.key());
    let length = first.len();
    let end = prefix(market, shelf.key().wrapping_add(1));
    let start = behind.map_or(first, |sequence| place(market, shelf, 0, sequence.saturating_add(1)));
    storage
        .range(Some(&start), Some(&end), Direction::Ascending)
        .map(move |(key, value)| read(market, key.get(length..).unwrap_or_default(), &value))
}

fn read(market: MarketId, rest: &[u8], value: &[u8]) -> Result<Entry, ContractError> {
    let parts = rest.split_first_chunk::<16>().and_then(|(rank, rest)| {
        let sequence = <[u8; 8]>::try_from(rest).ok()?;
        let queue = Queue::ALL.get(usize::from(*value.first()?))?;
        Some((u128::from_be_bytes(*rank), u64::from_be_bytes(sequence), *queue))
    });
    match parts {
        Some((rank, sequence, queue)) => Ok(Entry { rank, order: OrderId { market, queue, sequence } }),
        None => Err(ContractError::MalformedShelf { market }),
    }
}
