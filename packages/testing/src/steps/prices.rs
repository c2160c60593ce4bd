//! Feeders report, the oracle publishes, the breaker evaluates.

use crate::ledger::Nature;
use crate::outcome::Attempt;
use crate::units::feed_of;
use crate::world::World;
use firebreak_messages::circuit_breaker;
use firebreak_messages::oracle::{ExecuteMsg, FeedReport};
use firebreak_messages::{FeedId, MarketId};
use firebreak_risk::Price;

impl World {
    /// All feeders report a market's price at block time: a round is published and evaluated. Then one block passes.
    pub fn price(&mut self, market: MarketId, price: Price) -> Attempt {
        let attempt = self.report(&[(market, price)]);
        self.next_block();
        attempt
    }

    /// The last price of every market again, so that none is old. Then one block passes.
    pub fn refresh(&mut self) -> Attempt {
        let prices: Vec<(MarketId, Price)> = self.prices.iter().map(|(market, price)| (*market, *price)).collect();
        let attempt = self.report(&prices);
        self.next_block();
        attempt
    }

    /// All feeders report several markets, each feeder in one message. No block passes.
    pub fn report(&mut self, prices: &[(MarketId, Price)]) -> Attempt {
        let mut attempt = self.nothing();
        let feeders = self.setup.feeds.first().map_or(0, |setup| setup.config.feeders.len());
        for feeder in 0..feeders {
            attempt = attempt.and(|| self.report_of(feeder, prices));
        }
        if attempt.is_done() {
            self.prices.extend(prices.iter().copied());
        }
        attempt
    }

    /// One feeder reports. With the default quorum nothing is published before the last of them.
    pub fn report_of(&mut self, feeder: usize, prices: &[(MarketId, Price)]) -> Attempt {
        let published_at = self.now();
        let reports = prices
            .iter()
            .map(|(market, price)| FeedReport { feed: feed_of(*market), price: *price, published_at })
            .collect();
        let sender = self.address(&format!("feeder-{feeder}"));
        let oracle = self.addresses.oracle.clone();
        self.transact(
            &sender,
            &oracle,
            &ExecuteMsg::Report { reports },
            firebreak_risk::Amount::ZERO,
            Nature::TightensOnly,
        )
    }

    /// Anyone asks the breaker to evaluate a market's feed.
    pub fn evaluate(&mut self, name: &str, market: MarketId) -> Attempt {
        let feeds: Vec<FeedId> = vec![feed_of(market)];
        let sender = self.address(name);
        let breaker = self.addresses.circuit_breaker.clone();
        self.transact(
            &sender,
            &breaker,
            &circuit_breaker::ExecuteMsg::Evaluate { feeds },
            firebreak_risk::Amount::ZERO,
            Nature::TightensOnly,
        )
    }

    /// The price that the feeders reported last.
    pub fn last_price(&self, market: MarketId) -> Price {
        self.prices.get(&market).copied().unwrap_or(Price::ZERO)
    }
}
