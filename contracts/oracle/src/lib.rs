//! The oracle: turns what registered feeders report into rounds that the suite trusts.
//!
//! A round is published as soon as fresh reports reach the feed's quorum (more than two thirds of all weight): its price
//! is their weighted median, its band their weighted median absolute deviation, its time the weighted median of their
//! times. With more than two thirds counted, liars of less than a third are less than half of any quorum: they move
//! neither price nor time out of the honest range. Reports of more than 5 s before the round's time do not make its
//! price, so that nobody pairs an old price with a new time. The last 8 rounds of a feed are one record that others read raw.
//!
//! Reports come by message, signed off chain in one relayed message (`execute/signed.rs`), or are read from a contract
//! (`source.rs`). A feed may also be made of others' rounds: a composite of them, or its promoted fallback's (`publication.rs`). What makes
//! a round doubtful is one table (`validity.rs`); sources that stray or are silent are not counted until they earn their return.
//!
//! After each message that published, the circuit breaker is told in a sub-message of bounded gas. Its failure is
//! recorded and never takes a price back; only who reports from so deep that it cannot act is refused (`hook.rs`). Nobody, the owner included, has a message that sets a price.

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
mod hook;
mod migrate;
mod publication;
mod query;
mod round;
mod source;
mod sources;
pub mod state;
mod validate;
mod validity;

pub use error::ContractError;
