//! Sources on chain: another contract's price, read by a query and taken as a report like any other.

mod pyth;

use crate::error::ContractError;
use cosmwasm_std::QuerierWrapper;
use firebreak_messages::oracle::Feeder;
use firebreak_risk::Price;
use pyth::Pyth;

/// What a source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    pub price: Price,
    /// Half-width within which the source holds its price to be; zero when it names none.
    pub confidence: Price,
    /// By the source's own clock, seconds. How old it may be is the feed's to say, as for every report.
    pub published_at: u64,
}

/// A contract that has a price. One query, no message: it is read, never called to act.
pub trait Source {
    /// Errors: [`ContractError::SourceUnusable`] when it does not answer or what it says is no price.
    fn observe(&self, querier: &QuerierWrapper) -> Result<Observed, ContractError>;
}

/// The on-chain source that a feeder stands for; `None` for one that reports by itself.
pub fn of(feeder: &Feeder) -> Option<impl Source + '_> {
    (!feeder.pyth_id.is_empty()).then_some(Pyth { contract: &feeder.address, id: &feeder.pyth_id })
}
