//! What every chapter uses: steps in a line each.

use crate::chain::{Chain, Message, Refused};
use crate::journal::Journal;
use crate::reads::Reads;
use crate::summary::Summary;
use cosmwasm_std::Event;
use firebreak_messages::derivatives_vault::{self, OrderId, OrderPlaced, OrderRequest, BATCH_MAX};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{self, FeedReport};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Price, Size};
use firebreak_testing::{feed_of, price, size, BTC, ETH};
use std::time::Instant;

const FEEDERS: usize = 3;

/// A chain and the journal of what was done there.
pub struct Scene<'a> {
    chain: &'a mut dyn Chain,
    journal: Journal,
}

impl<'a> Scene<'a> {
    pub fn new(chain: &'a mut dyn Chain) -> Self {
        let journal = Journal::new(chain);
        Self { chain, journal }
    }

    pub fn end(self) -> Summary {
        Summary::of(self.chain, &self.journal)
    }

    /// Tells a chapter, and says how long it took.
    pub fn chapter<T>(&mut self, name: &str, tell: impl FnOnce(&mut Self) -> T) -> T {
        let begin = Instant::now();
        let told = tell(self);
        let solvency = self.reads().solvency();
        assert!(solvency.held >= solvency.owed, "after {name}: {solvency:?}");
        println!("{name}: {:.1} s", begin.elapsed().as_secs_f64());
        told
    }

    pub fn chain(&self) -> &dyn Chain {
        self.chain
    }

    pub fn reads(&self) -> Reads<'_> {
        Reads::of(self.chain)
    }

    pub fn now(&self) -> u64 {
        self.chain.now()
    }

    pub fn account(&self, actor: &str) -> AccountId {
        self.reads().account_id(actor)
    }

    pub fn advance(&mut self, seconds: u64) {
        self.chain.advance(seconds);
    }

    pub fn advance_to(&mut self, moment: u64) {
        self.advance(moment - self.now());
    }

    /// A step that goes through. Panics when it is refused.
    #[track_caller]
    pub fn done(&mut self, actor: &str, message: impl Into<Message>, coins: Amount) -> Vec<Event> {
        let message = message.into();
        match self.chain.send(actor, &message, coins) {
            Ok(events) => {
                self.journal.record(self.chain.now(), actor, &message, &events);
                events
            }
            Err(refused) => panic!("{actor} was refused {message:?}: {}", refused.text),
        }
    }

    /// A step that is refused. Panics when it goes through.
    #[track_caller]
    pub fn refused(&mut self, actor: &str, message: impl Into<Message>) -> Refused {
        let message = message.into();
        match self.chain.send(actor, &message, Amount::ZERO) {
            Ok(events) => panic!("{message:?} of {actor} went through: {events:?}"),
            Err(refused) => refused,
        }
    }

    /// Three feeders report bitcoin and ether at this second: a round of each is published and evaluated.
    #[track_caller]
    pub fn price(&mut self, bitcoin: &str, ether: &str) -> Vec<Event> {
        let published_at = self.now();
        let report = |market, text| FeedReport { feed: feed_of(market), price: price(text), published_at };
        let message =
            Message::from(oracle::ExecuteMsg::Report { reports: vec![report(BTC, bitcoin), report(ETH, ether)] });
        let reports: Vec<_> = (0..FEEDERS).map(|index| (format!("feeder-{index}"), message.clone())).collect();
        match self.chain.send_each(&reports) {
            Ok(events) => {
                self.journal.record(published_at, "feeders", &message, &events);
                events
            }
            Err(refused) => panic!("the feeders were refused: {}", refused.text),
        }
    }

    /// An order of the actor's first account. It waits for its price.
    #[track_caller]
    pub fn place(&mut self, actor: &str, market: MarketId, order: &str, bound: &str) -> OrderId {
        let events = self.done(actor, order_of(market, order, bound, false), Amount::ZERO);
        the::<OrderPlaced>(&events).order
    }

    /// The same for an order that only reduces.
    #[track_caller]
    pub fn place_reduce(&mut self, actor: &str, market: MarketId, order: &str, bound: &str) -> OrderId {
        let events = self.done(actor, order_of(market, order, bound, true), Amount::ZERO);
        the::<OrderPlaced>(&events).order
    }

    /// The keeper executes a market's orders in one batch.
    #[track_caller]
    pub fn execute(&mut self, market: MarketId) -> Vec<Event> {
        let message = derivatives_vault::ExecuteMsg::ExecuteOrders { market, limit: BATCH_MAX };
        self.done("keeper", message, Amount::ZERO)
    }

    /// The keeper tries to liquidate the first accounts of these actors.
    #[track_caller]
    pub fn liquidate(&mut self, actors: &[&str]) -> Vec<Event> {
        let accounts = actors.iter().map(|actor| self.account(actor)).collect();
        self.done("keeper", derivatives_vault::ExecuteMsg::Liquidate { accounts }, Amount::ZERO)
    }
}

/// A market's order with its size and worst price.
pub fn order_of(market: MarketId, order: &str, bound: &str, reduce_only: bool) -> derivatives_vault::ExecuteMsg {
    let (size, price_bound): (Size, Price) = (size(order), price(bound));
    derivatives_vault::ExecuteMsg::PlaceOrder(OrderRequest::market(0, market, size, price_bound, reduce_only))
}

/// The one fact of a type among the events. Panics when there is none or more than one.
#[track_caller]
pub fn the<T: Fact>(events: &[Event]) -> T {
    let mut facts = T::all(events);
    assert_eq!(facts.len(), 1, "one {} was wanted among {events:?}", T::NAME);
    facts.remove(0)
}

/// Micro-units of the settlement coin.
pub fn micro(atoms: u128) -> Amount {
    Amount::from_atoms(atoms)
}
