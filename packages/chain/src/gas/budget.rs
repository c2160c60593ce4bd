//! What each message may cost: set before anything was measured, for whole transactions with unpinned codes.
//!
//! The yardstick was what other perpetual venues cost on the same node (`docs/gas.md`, "Other venues"): the best of them
//! opens a position for 434,000 and closes it for 573,000.

/// Most gas of a message, as a whole transaction with unpinned codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// The row's name.
    pub message: &'static str,
    pub gas: u64,
}

const fn budget(message: &'static str, gas: u64) -> Budget {
    Budget { message, gas }
}

/// Budgets of rows; a row that is not here has none.
pub const BUDGETS: [Budget; 22] = [
    budget("bootstrap of two markets", 2_000_000),
    budget("add collateral, new account", 140_000),
    budget("add collateral", 140_000),
    budget("place an order with funds, new account", 150_000),
    budget("place an order with funds", 150_000),
    budget("place an order without funds", 130_000),
    budget("place a reduce order", 130_000),
    budget("execute ten orders that open, each", 40_000),
    budget("execute ten orders that close, each", 40_000),
    budget("open: place with funds, one of ten executed", 190_000),
    budget("close: place, one of ten executed", 170_000),
    budget("provide liquidity, first time", 150_000),
    budget("provide liquidity", 150_000),
    budget("report that publishes, quiet", 260_000),
    budget("report that publishes and trips both rules", 420_000),
    budget("report that publishes, dead breaker, fourth", 120_000),
    budget("report that publishes, dead breaker, fifth", 120_000),
    budget("liquidate in part", 170_000),
    budget("liquidate in part, each further account", 60_000),
    budget("liquidate with insurance cover", 270_000),
    budget("liquidate with insurance cover, each further account", 60_000),
    budget("confirm, restricts all markets", 220_000),
];

/// The budget of a row.
pub fn of(message: &str) -> Option<u64> {
    BUDGETS.iter().find(|budget| budget.message == message).map(|budget| budget.gas)
}
