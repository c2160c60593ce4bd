//! The circuit breaker: watches prices, and restricts what a market allows, for a while.
//!
//! Every new round of a feed is judged by the rules of its markets (`firebreak_risk::detect`): moves in shares of maintenance
//! margin, surprise with a false-alarm rate that is a theorem, order flow, what the venue loses. A rule that
//! reaches a step of its ladder adds a restriction that expires by itself and re-opens in steps; a rule in `shadow` is only
//! written down. The *cage* sets margin and leverage before the move. The record that the
//! vault reads raw holds these restrictions, one slot a source, and the *lease*: the last round that was evaluated. A
//! vault that sees a newer round than that acts as in `ReduceOnly`, so a dead breaker leaves no market open.
//!
//! Observers attest what they see elsewhere, signed off chain and relayed by anyone: a quorum of three with three sources and more than a
//! third of the weight answers like a rule, less than that by a small step.
//!
//! Anyone may ask for an evaluation; nobody can make it loosen. A reflex reaches `ReduceOnly` at most, and for at most 6
//! of 24 hours, once for the rules of the price and once for all others. The only message that loosens is `Lift`, and only the owner (the guardian's timelock) sends it. Nothing
//! here moves funds, and nothing that one market's rules do stops the others.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::float_arithmetic
    )
)]

pub mod contract;
mod error;
mod execute;
mod market;
mod migrate;
pub mod observers;
mod query;
mod reading;
mod response;
mod restrictions;
mod signal;
pub mod state;
mod unsent;
mod validate;

pub use error::ContractError;
