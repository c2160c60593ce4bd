//! The guardian: owner and wasm admin of the suite and of itself, and the only place where people act on it.
//!
//! | who | what, and when |
//! |---|---|
//! | proposers: a DAO, a multisig, x/gov | schedule anything; it runs after the delay of its class |
//! | cancellers, who are never proposers | cancel what is scheduled, nothing else |
//! | council: k of n weights of a cw4 group | restrict, within a budget of time, and run playbooks, in the k-th confirmation's transaction |
//! | sentinels | restrict once, a little; armed again by the timelock |
//! | circuit breaker | reports a trip, which becomes an incident and starts the playbooks that wait for it |
//! | anyone | runs an operation that is ready, completes a role that was accepted and has waited, undoes a run that is due, steps leverage down while the fund is thin |
//!
//! The delay class is a function of (target, message), never of the person.
//!
//! # What the guardian cannot do
//! - The council cannot loosen, lift, configure, migrate or move coins: its message has no such variant, and every
//!   restriction it adds carries its end. A playbook that it runs may, as the DAO approved it.
//! - Nobody can skip a delay, and nobody can shorten one sooner than that delay; floors are in code.
//! - A scheduled call cannot speak as the council or as a rule of the breaker, nor call the guardian's own messages but
//!   those that govern it: `RunCalls` or `Signal` by timelock would go around their own checks.
//! - A playbook does what was approved and nothing else, no sooner approved than its slowest step would be scheduled; it
//!   cannot end a restriction, and it does not overwrite what the timelock decided after its approval.
//! - What a revoked proposer scheduled cannot run, and no operation runs twice, half, or after its
//!   `not_after`.
//! - A role cannot go to an address that did not accept it; the last proposer and the last canceller cannot be
//!   revoked, and no address is ever both.
//! - No message, in any class, takes a user's coins to somebody else: the contracts that hold them have none.
//!
//! Left open on purpose: a canceller can hold up every operation, the one that revokes it included. A veto that the
//! vetoed can overrule is none; cancellers should therefore be few, independent, and a multisig each.

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

mod bootstrap;
mod changes;
pub mod class;
pub mod contract;
mod error;
mod execute;
mod harm;
mod incident;
mod json;
mod margins;
mod max_loss;
mod migrate;
mod playbook;
mod powers;
mod present;
mod query;
mod reply;
pub mod state;
mod step;
mod validate;
mod weights;
mod written;

pub use error::ContractError;
