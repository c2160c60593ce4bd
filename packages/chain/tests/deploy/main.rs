//! Deployments: configuration, keys, state; prediction and self-check on an embedded chain; and (`#[ignore]`) all of it on
//! a real one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chain;
mod config;
mod embedded;
mod files;
mod keys;
mod self_check;
mod state;
