//! Short ways to write figures in tests. They panic on a text that is not one: a test that mistypes a figure is wrong.

use firebreak_messages::{AccountId, FeedId, MarketId};
use firebreak_risk::{Amount, Price, Ratio, Size};

/// The World's first market: bitcoin.
pub const BTC: MarketId = MarketId(1);
/// The World's second market: ether.
pub const ETH: MarketId = MarketId(2);

/// The feed that prices a market: the World gives both the same number.
pub fn feed_of(market: MarketId) -> FeedId {
    FeedId(market.0)
}

/// Quote units for one base unit: `price("60000.5")`.
#[track_caller]
pub fn price(text: &str) -> Price {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Base units, long is positive: `size("-1.5")`.
#[track_caller]
pub fn size(text: &str) -> Size {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A share or factor: `ratio("0.05")`.
#[track_caller]
pub fn ratio(text: &str) -> Ratio {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Whole units of the settlement coin.
pub fn usd(units: u64) -> Amount {
    Amount::from_units(units)
}

/// The first subaccount of an actor's address.
pub fn account_of(owner: &str) -> AccountId {
    AccountId { owner: owner.into(), subaccount: 0 }
}
