//! Everything that crosses a border in Firebreak: messages, events, shared types, and the storage keys that one contract
//! may read of another without calling it.
//!
//! The rules of this crate: all amounts are unsigned types; no tuples and no floats in messages; packed enums grow
//! only at the end; a storage key that others read is declared in a `layout` module and never reused.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod circuit_breaker;
pub mod derivatives_vault;
pub mod event;
pub mod guardian;
pub mod ids;
pub mod insurance_fund;
pub mod migration;
pub mod oracle;
pub mod packed;
mod signed_bytes;
pub mod time;

use cosmwasm_std::SubMsgResult;
pub use firebreak_risk::enum_text;
pub use ids::{
    AccountId, Action, FeedId, MarketId, Reason, RuleId, Source, FEEDS_MAX, MARKETS_MAX, MARKETS_PER_ACCOUNT_MAX,
};
/// What a reply is told of a call that failed because contracts called each other too deep: wasmd's error 30, by its registered number.
/// Consensus decides the text, so every node sees the same. No contract fails with it of its own will: what a contract says is error 5.
/// On a chain that words it otherwise such a failure is like any other.
pub const CALLED_TOO_DEEP: &str = "codespace: wasm, code: 30";

/// Whether a call failed so ([`CALLED_TOO_DEEP`]).
pub fn is_called_too_deep(result: &SubMsgResult) -> bool {
    matches!(result, SubMsgResult::Err(error) if error == CALLED_TOO_DEEP)
}

pub use packed::{PackedError, PackedItem, PackedMap};
