//! One measured message.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Whose coins pay for the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Payer {
    Anyone,
    Trader,
    Provider,
    Keeper,
    Feeder,
    Council,
    Dao,
    Deployer,
}

impl fmt::Display for Payer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Anyone => "anyone",
            Self::Trader => "trader",
            Self::Provider => "provider",
            Self::Keeper => "keeper",
            Self::Feeder => "feeder",
            Self::Council => "council",
            Self::Dao => "DAO",
            Self::Deployer => "deployer",
        })
    }
}

/// Gas of one message as a whole transaction, as the block says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub message: String,
    pub payer: Payer,
    pub gas: u64,
}

/// Gas of one message, with codes that are not pinned and with codes that are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub message: String,
    pub payer: Payer,
    pub unpinned: u64,
    pub pinned: u64,
}

impl Row {
    /// One message to a contract as one transaction: what can be compared with an empty one. Shares, sums, bank sends and
    /// uploads cannot.
    pub fn is_execute(&self) -> bool {
        let sum = self.message.contains(", each") || self.message.contains(": place");
        !sum && self.payer != Payer::Deployer && !self.message.starts_with("bank send")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_message_to_a_contract_is_compared_with_an_empty_one() {
        for (message, payer, wanted) in [
            ("add collateral", Payer::Trader, true),
            ("execute ten orders that open", Payer::Keeper, true),
            ("execute an operation: lift a restriction", Payer::Anyone, true),
            ("execute ten orders that open, each", Payer::Keeper, false),
            ("liquidate in part, each further account", Payer::Keeper, false),
            ("open: place with funds, one of ten executed", Payer::Trader, false),
            ("bank send", Payer::Anyone, false),
            ("store the five codes", Payer::Deployer, false),
        ] {
            let row = Row { message: message.into(), payer, unpinned: 1, pinned: 1 };
            assert_eq!(row.is_execute(), wanted, "{message}");
        }
    }
}
