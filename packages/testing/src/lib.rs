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
//! - **Drills**: [`World::break_contract`] replaces a contract by one that always fails; [`WorldBuilder::wrapped`] runs one inside
//!   another, as a seeded bug.
//!
//! # What there is
//!
//! Actors are names (`"alice"`); [`World::address`] is the address behind one, [`World::account_id`] its first account. `lp` and
//! `treasury` provided the pool and the fund, `keeper` executes and liquidates, `feeder-0..2` report, `council-0..2` confirm,
//! `dao-0..2` vote, `canceller` cancels. Coins are created for whoever adds, provides or stakes.
//!
//! | for | steps | reads |
//! |---|---|---|
//! | time | [`World::next_block`], [`World::advance`], [`World::advance_to`] | [`World::now`], [`World::height`], [`World::chain_id`] |
//! | prices | [`World::price`] and [`World::refresh`] (then a block passes), [`World::report`], [`World::report_of`], [`World::evaluate`] | [`World::last_price`], [`World::price_record`] |
//! | orders | [`World::place`], [`World::place_reduce`], [`World::place_bounded`], [`World::cancel`], [`World::execute`], [`World::execute_by`]; whole: [`World::open`], [`World::close`], [`World::fill`] | [`World::account`], [`World::position_size`], [`World::market`] |
//! | accounts | [`World::add_collateral`], [`World::withdraw`], [`World::liquidate`], [`World::liquidate_by`] | [`World::account_record`], [`World::account_records`], [`World::losses`] |
//! | liquidity | [`World::provide`], [`World::request_withdrawal`], [`World::cancel_withdrawal`], [`World::claim_withdrawal`], [`World::execute_claims`], [`World::leave_pool`] | [`World::pool`], [`World::pool_record`], [`World::provider`] |
//! | fund | [`World::add_first_loss`], [`World::stake`], [`World::sweep_fees`] | [`World::insurance`], [`World::solvency`] |
//! | council | [`World::council_restrict`], [`World::confirm`] | [`World::council`], [`World::status`], [`World::effective`], [`World::incidents`] |
//! | procedures | [`World::approve`], [`World::run_playbook`], [`World::undo`], [`World::advance_incident`], [`World::close_incident`] | [`World::templates`], [`World::playbooks`], [`World::runs`], [`World::incident_times`] |
//! | DAO | [`World::govern`], [`World::schedule`], [`World::execute_operation`], [`World::cancel_operation`], [`World::call`] | [`World::operation`] |
//! | drills | [`World::break_contract`], [`World::repair_contract`], [`World::leak`] | [`World::is_broken`] |
//! | many futures | [`World::moment`], [`World::go_back_to`] | [`World::fingerprint`] |
//! | anything | [`World::send`], [`World::transact`], [`World::store_next`] | [`World::query`], [`World::querier`], [`World::storage`], [`World::storage_mut`] |
//!
//! [`WorldBuilder::from_setup`], [`WorldBuilder::named`] and [`WorldBuilder::idle`] put a given suite with given addresses there and
//! do nothing more.
//!
//! A long replay takes [`WorldBuilder::checking`], [`WorldBuilder::recording_violations`], [`WorldBuilder::scaled_market`] and reads
//! [`World::tally`] and [`World::totals`]; [`World::check_everything`] at its end. A World is not `Send`: build each one in the thread
//! that runs it.
//!
//! Native code, so: gas limits, out-of-gas and panics are not simulated here; they are tested on a real chain.

mod bootstrap;
mod builder;
mod code;
mod contracts;
mod dice;
pub mod invariants;
mod ledger;
mod meter;
mod metered;
mod moment;
mod names;
mod outcome;
mod setup;
pub mod snapshot;
mod steps;
mod units;
mod world;

pub use builder::WorldBuilder;
pub use code::{Code, CODES};
pub use dice::Dice;
pub use invariants::Violation;
pub use ledger::{Checking, Nature, Tally};
pub use meter::{Meter, Touched, Usage};
pub use metered::Broken;
pub use moment::Moment;
pub use outcome::{Attempt, Outcome, Refusal};
pub use setup::{Guards, Scale, Setup};
pub use steps::{observers, sign_as_observer, Saying};
pub use units::*;
pub use world::{Addresses, Totals, World, DENOM};

#[cfg(test)]
mod listed;
