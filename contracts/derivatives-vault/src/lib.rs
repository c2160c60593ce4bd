//! The derivatives vault: perpetual futures, cross margin per account, a liquidity pool as counterparty.
//!
//! A message passes four places: the **gate** (what does it do to risk, are its funds expected), its **handler** (one
//! file in `execute/`), the **desk** (the records it works on: one account, one market, one pool, each under one key) and
//! the **last frame** (`check`), which compares the coins held with the coins owed and the pool's equity with the trade's own
//! figures before anything is final. Arithmetic lives in `firebreak-risk`.
//!
//! There is no message that moves a user's funds to somebody else, and none that pauses liquidation or exits for ever.

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

mod caps;
pub mod check;
mod closed;
pub mod contract;
pub mod desk;
mod error;
pub mod execute;
mod exit_reserve;
mod exits;
mod gate;
mod grace;
mod health;
mod migrate;
mod query;
mod reply;
mod settlement;
pub mod shelves;
pub mod state;
mod throttle;
mod trade;
mod validate;
mod validity;
mod vesting;
mod waterfall;

pub use error::ContractError;
