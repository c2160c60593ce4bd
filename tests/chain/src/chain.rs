//! A chain with the suite on it, as the story sees it.

use cosmwasm_std::{Addr, Event, QuerierWrapper};
use firebreak_messages::{circuit_breaker, derivatives_vault, guardian, insurance_fund, oracle};
use firebreak_risk::Amount;
use firebreak_testing::{Addresses, Code, Nature};
use serde::Serialize;
use std::fmt;

/// A chain with the suite on it, and time that passes only when it is told to.
pub trait Chain {
    /// Where the contracts are.
    fn suite(&self) -> &Addresses;

    /// The address behind an actor's name.
    fn address(&self, actor: &str) -> Addr;

    /// One transaction of one message; returns when it is in a block, with its events.
    ///
    /// Errors: [`Refused`]; then nothing has moved.
    fn send(&mut self, actor: &str, message: &Message, coins: Amount) -> Result<Vec<Event>, Refused>;

    /// Transactions of several actors, in this order. They may be in one block.
    ///
    /// Errors: that of the first one that is refused; those after it may have gone through.
    fn send_each(&mut self, messages: &[(String, Message)]) -> Result<Vec<Event>, Refused>;

    /// Queries of contracts, smart and raw, and of balances.
    fn querier(&self) -> QuerierWrapper<'_>;

    /// Block time, seconds since 1970.
    fn now(&self) -> u64;

    /// Moves block time forward.
    fn advance(&mut self, seconds: u64);

    /// The code id of the vault's next version.
    fn next_vault(&self) -> u64;
}

/// A transaction that was refused.
#[derive(Debug, Clone)]
pub struct Refused {
    /// The contract's own words, with what this chain puts around them.
    pub text: String,
}

impl Refused {
    /// Asserts the contract's error, word by word.
    #[track_caller]
    pub fn with(&self, wanted: impl fmt::Display) {
        let wanted = wanted.to_string();
        assert!(self.text.contains(&wanted), "wanted the refusal\n  {wanted}\nfound\n  {}", self.text);
    }
}

/// A message with the contract that it is for.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one at a time")]
pub enum Message {
    Oracle(oracle::ExecuteMsg),
    Breaker(circuit_breaker::ExecuteMsg),
    Insurance(insurance_fund::ExecuteMsg),
    Guardian(guardian::ExecuteMsg),
    Vault(derivatives_vault::ExecuteMsg),
    /// The DAO's multisig.
    Dao(cw3_flex_multisig::msg::ExecuteMsg),
}

impl Message {
    pub fn code(&self) -> Code {
        match self {
            Self::Oracle(_) => Code::Oracle,
            Self::Breaker(_) => Code::Breaker,
            Self::Insurance(_) => Code::Insurance,
            Self::Guardian(_) => Code::Guardian,
            Self::Vault(_) => Code::Vault,
            Self::Dao(_) => Code::Multisig,
        }
    }

    /// What the invariants allow it to do.
    pub fn nature(&self) -> Nature {
        match self {
            Self::Oracle(
                oracle::ExecuteMsg::Report { .. }
                | oracle::ExecuteMsg::ReportSigned { .. }
                | oracle::ExecuteMsg::Pull { .. },
            )
            | Self::Breaker(circuit_breaker::ExecuteMsg::Evaluate { .. })
            | Self::Guardian(guardian::ExecuteMsg::Confirm { .. }) => Nature::TightensOnly,
            Self::Guardian(guardian::ExecuteMsg::Execute { .. }) => Nature::Governs,
            _ => Nature::Any,
        }
    }
}

macro_rules! message_from {
    ($($variant:ident: $type:ty),+ $(,)?) => {$(
        impl From<$type> for Message {
            fn from(msg: $type) -> Self {
                Self::$variant(msg)
            }
        }
    )+};
}
message_from! {
    Oracle: oracle::ExecuteMsg,
    Breaker: circuit_breaker::ExecuteMsg,
    Insurance: insurance_fund::ExecuteMsg,
    Guardian: guardian::ExecuteMsg,
    Vault: derivatives_vault::ExecuteMsg,
    Dao: cw3_flex_multisig::msg::ExecuteMsg,
}
