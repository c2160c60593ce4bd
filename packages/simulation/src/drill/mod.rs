//! `firebreak drill`: one trouble, met without its procedure and with it, on two embedded chains side by side.
//!
//! Both runs see the same trouble, the same limits and the same rules; the only difference is whether the playbook that the DAO
//! approved runs. So what a drill shows is what the procedure adds, not what the suite is.

mod page;
mod stage;
mod stories;

pub use stage::{Course, Line};

use crate::error::InputError;
use std::str::FromStr;

/// The six ready procedures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drill {
    OracleCompromise,
    PriceCrash,
    PoolDrain,
    MarketQuarantine,
    ChainGap,
    OrderlyWindDown,
}

impl Drill {
    pub const ALL: [Self; 6] = [
        Self::OracleCompromise,
        Self::PriceCrash,
        Self::PoolDrain,
        Self::MarketQuarantine,
        Self::ChainGap,
        Self::OrderlyWindDown,
    ];

    /// The name of its playbook.
    pub fn name(self) -> &'static str {
        match self {
            Self::OracleCompromise => "oracle-compromise",
            Self::PriceCrash => "price-crash",
            Self::PoolDrain => "pool-drain",
            Self::MarketQuarantine => "market-quarantine",
            Self::ChainGap => "chain-gap",
            Self::OrderlyWindDown => "orderly-wind-down",
        }
    }

    /// What goes wrong.
    pub fn trouble(self) -> &'static str {
        match self {
            Self::OracleCompromise => {
                "all feeders of one market raise its price by half a percent a minute; mallory is long"
            }
            Self::PriceCrash => "a market falls by 4 % within a minute and stays there",
            Self::PoolDrain => "who should not have them takes coins out as fast as the limiter lets it",
            Self::MarketQuarantine => "a crowd builds up exposure in one market, order by order",
            Self::ChainGap => "the chain stands for two hours; the first price behind it makes alice liquidatable",
            Self::OrderlyWindDown => "the venue has no future; its traders are still in",
        }
    }

    /// What is measured, in units of the settlement coin.
    pub fn measured(self) -> &'static str {
        match self {
            Self::OracleCompromise => "what mallory's account has gained on the false price",
            Self::PriceCrash => "open interest that the market still takes on one side",
            Self::PoolDrain => "coins that left within a day",
            Self::MarketQuarantine => "open interest built up in three hours",
            Self::ChainGap => "notional of alice that was liquidated",
            Self::OrderlyWindDown => "open interest that is left after a day",
        }
    }

    /// Runs it twice.
    pub fn run(self) -> Outcome {
        Outcome { drill: self, without: stories::run(self, false), with: stories::run(self, true) }
    }
}

impl FromStr for Drill {
    type Err = InputError;

    fn from_str(name: &str) -> Result<Self, InputError> {
        let known = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|drill| drill.name() == name);
        found.ok_or_else(|| InputError::UnknownDrill { found: name.chars().take(64).collect(), known: known() })
    }
}

/// Both runs.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub drill: Drill,
    pub without: Course,
    pub with: Course,
}
