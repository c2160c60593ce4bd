//! Feeders report, the oracle publishes, the breaker evaluates.

use super::{Suite, PLENTY};
use firebreak_chain::{ChainError, Gas, Tx};
use firebreak_messages::derivatives_vault::{QueryMsg as VaultQuery, StatusResponse};
use firebreak_messages::oracle::{ExecuteMsg, FeedReport, PriceResponse, QueryMsg};
use firebreak_messages::{MarketId, Reason};
use firebreak_risk::{Amount, Level, Price};
use firebreak_testing::feed_of;

/// Seconds between rounds, as long as a block of many chains takes.
pub const BEAT_SECONDS: u64 = 5;
const FEEDERS: usize = 3;

impl Suite {
    /// Five seconds pass, then all feeders report one market. Gives the transaction that publishes.
    #[track_caller]
    pub fn price(&mut self, market: MarketId, price: Price) -> Tx {
        self.report(&[(market, price)])
    }

    /// The last prices again, so that none is old.
    #[track_caller]
    pub fn refresh(&mut self) -> Tx {
        let prices: Vec<_> = self.prices.iter().map(|(market, price)| (*market, *price)).collect();
        self.report(&prices)
    }

    /// Five seconds pass, then each feeder reports several markets in one message.
    #[track_caller]
    pub fn report(&mut self, prices: &[(MarketId, Price)]) -> Tx {
        self.try_report(prices, PLENTY).unwrap()
    }

    /// The same, with so much gas for the transaction that publishes.
    #[track_caller]
    pub fn try_report(&mut self, prices: &[(MarketId, Price)], gas: Gas) -> Result<Tx, ChainError> {
        self.advance(BEAT_SECONDS);
        let earlier: Vec<_> = (0..FEEDERS - 1).map(|feeder| self.submit_report(feeder, prices, PLENTY)).collect();
        let last = self.submit_report(FEEDERS - 1, prices, gas);
        for hash in earlier {
            self.committed(&hash).unwrap();
        }
        self.published(prices, &last)
    }

    /// The last feeder reports; the others have.
    #[track_caller]
    pub fn publish(&mut self, prices: &[(MarketId, Price)], gas: Gas) -> Result<Tx, ChainError> {
        let last = self.submit_report(FEEDERS - 1, prices, gas);
        self.published(prices, &last)
    }

    fn published(&mut self, prices: &[(MarketId, Price)], hash: &str) -> Result<Tx, ChainError> {
        let tx = self.committed(hash)?;
        self.prices.extend(prices.iter().copied());
        Ok(tx)
    }

    #[track_caller]
    pub fn submit_report(&mut self, feeder: usize, prices: &[(MarketId, Price)], gas: Gas) -> String {
        let published_at = self.now();
        let reports =
            prices.iter().map(|(market, price)| FeedReport { feed: feed_of(*market), price: *price, published_at });
        let msg = ExecuteMsg::Report { reports: reports.collect() };
        let oracle = self.at.oracle.clone();
        self.submit(&format!("feeder-{feeder}"), &oracle, &msg, Amount::ZERO, gas)
    }

    pub fn last_price(&self, market: MarketId) -> Price {
        self.prices[&market]
    }

    /// The latest round as the oracle tells it.
    #[track_caller]
    pub fn round(&self, market: MarketId) -> PriceResponse {
        self.query(&self.at.oracle, &QueryMsg::Price { feed: feed_of(market) })
    }

    #[track_caller]
    pub fn status(&self, market: MarketId) -> StatusResponse {
        self.query(&self.at.derivatives_vault, &VaultQuery::Status { market })
    }

    /// The level on which the vault acts, and why.
    #[track_caller]
    pub fn level(&self, market: MarketId) -> (Level, Option<Reason>) {
        let effective = self.status(market).effective;
        (effective.posture.level, effective.reason)
    }
}
