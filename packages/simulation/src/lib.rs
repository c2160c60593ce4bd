//! `firebreak replay`: real prices, real contracts, agents; with the breaker and without.
//!
//! ```text
//! scenarios, prices  ->  path within each bar  ->  replay: World + agents  ->  figures  ->  table, timeline, JSON
//! ```
//!
//! | module | idea |
//! |---|---|
//! | [`prices`] | bars, the CSV reader, the path within a bar, the seeded bridge |
//! | [`scenarios`] | the built-in price tables |
//! | [`parameters`] | `agents.toml`: everything about agents and venue that is a choice |
//! | [`agents`] | what traders, liquidity providers and keepers decide: no chain, no I/O |
//! | [`mirror`] | what a keeper knows of accounts without asking the chain each time |
//! | [`replay`] | one run: drives the World point by point |
//! | [`figures`] | what a run is summed up in: the JSON object, field by field |
//! | [`timeline`], [`report`] | what people read |
//! | [`breaker`] | the circuit breaker on a storage of its own |
//! | [`detection`] | `firebreak detect`: a price file through it |
//! | [`calibrate`] | `firebreak calibrate`: null models, shifts, attacks, and the bars |
//! | [`drill`] | `firebreak drill`: one trouble with its procedure and without |
//! | [`chart`] | SVG |
//!
//! One seed decides everything but the wall clock: same seed, same figures. Floating point numbers appear only in what
//! agents decide; amounts that are reported come from the contracts, in micro-units.

pub mod agents;
pub mod breaker;
pub mod calibrate;
pub mod chart;
pub mod cli;
pub mod detection;
pub mod drill;
pub mod error;
pub mod figures;
pub mod mirror;
pub mod parameters;
pub mod prices;
pub mod replay;
pub mod report;
pub mod scenarios;
pub mod timeline;
