//! The World: the real suite on an embedded chain, with actors, a meter and invariants.
//!
//! ```no_run
//! use firebreak_testing::*;
//! use firebreak_messages::derivatives_vault::OrderFilled;
//!
//! let mut world = World::builder().pool(usd(1_000_000)).trader("alice", usd(10_000)).build();
//! world.price(BTC, price("60000")).done();
//! let filled = world.open("alice", BTC, size("1")).fact::<OrderFilled>();
//! assert_eq!(filled.size_after, size("1"));
//! ```
//!
//! - **Setup** ([`WorldBuilder`]): one guardian message bootstraps oracle, breaker, insurance fund and vault, as on a real
//!   chain; a real cw4-group is the council, a real cw3-flex-multisig over another group is the DAO. Closures adjust any
//!   configuration before it.
//! - **Steps** (`steps/`): one message or one everyday sequence each. A step returns an [`Attempt`]: `.done()` gives the
//!   [`Outcome`] with typed facts, `.refused::<E>()` the contract's own error.
//! - **Invariants** ([`invariants`]): checked after every step, by default all of them, and a violation panics with its
//!   name and figures. A long replay samples the ones that look at every account ([`Checking`]).
//! - **Meter** ([`Usage`]): reads, writes, bytes, distinct codes, and the gas that they come to on a real chain.
//! - **Drills**: [`World::break_contract`] replaces a contract by one that always fails.
//!
//! Native code, so: gas limits, out-of-gas and panics are not simulated here; they are tested on a real chain.

mod builder;
mod code;
pub mod invariants;
mod meter;
mod metered;
mod outcome;
pub mod snapshot;
mod steps;
mod units;
mod world;

pub use builder::{Guards, Setup, WorldBuilder};
pub use code::{Code, CODES};
pub use invariants::{Checking, Tally, Violation};
pub use meter::{Meter, Touched, Usage};
pub use metered::Broken;
pub use outcome::{Attempt, Outcome, Refusal};
pub use units::*;
pub use world::{Addresses, World, DENOM};
