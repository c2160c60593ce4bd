//! All tests of the circuit breaker in one program: each program would link the embedded chain again.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod configuration;
mod detectors;
mod failures;
mod observers;
mod only_time_loosens;
mod restrictions;
mod rules;
mod setup;
mod verdicts;
