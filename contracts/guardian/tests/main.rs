//! All tests of the guardian in one program: each program would link the embedded chain again.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bootstrap;
mod changes;
mod common;
mod council;
mod dao;
mod feed_after_vault;
mod incident_record;
mod playbooks;
mod roles;
mod sentinels;
mod signal;
mod takeover;
mod timelock;
mod too_deep;
mod witnesses;
