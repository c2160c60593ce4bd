//! The contest of a market by a procedure: it stops the vesting of profits, takes nothing, and ends by itself.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::derivatives_vault::{
    AccountResponse, ContestedCut, ExecuteMsg as VaultMsg, MarketContested, OrderFilled,
};
use firebreak_messages::guardian::{
    DelayClass, OperationScheduled, Playbook, PlaybookStarted, QueryMsg, RunStatus, Step, StepOutcome,
};
use firebreak_risk::{MaxLoss, Stolen};
use firebreak_testing::*;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A procedure that contests BTC for so long.
fn contest(world: &World, name: &str, seconds: u64) -> Playbook {
    let steps = vec![Step::Contest { market: BTC, seconds }];
    let ready = world.template(BTC, "orderly-wind-down");
    Playbook { name: name.into(), steps, ..ready }
}

/// Alice has won, and closed; bob stands at the other end with little to lose.
fn won() -> World {
    let mut world = World::builder()
        .with_market(BTC, |config| config.vesting_half_life_seconds = DAY)
        .trader("alice", usd(50_000))
        .trader("bob", usd(5_000))
        .build();
    let playbooks = vec![contest(&world, "long", 3 * DAY), contest(&world, "short", HOUR)];
    let scheduled = world.approve(playbooks).fact::<OperationScheduled>();
    assert_eq!(scheduled.class, DelayClass::Roles);
    world.refresh().done();
    world.open("alice", BTC, size("1")).done();
    world.open("bob", BTC, size("-0.5")).done();
    for at in ["60300", "60600", "60900"] {
        world.advance(60);
        world.price(BTC, price(at)).done();
    }
    world.close("alice", BTC).fact::<OrderFilled>();
    assert!(!world.account("alice").unvested.is_zero());
    world
}

/// What a margin is judged by.
fn standing(world: &World) -> Vec<(AccountResponse, bool)> {
    let accounts = ["alice", "bob"].map(|name| world.account(name));
    accounts.into_iter().map(|account| (account.clone(), account.liquidatable)).collect()
}

//
#[test]
fn the_council_stops_the_vesting_of_a_market_and_makes_nobody_liquidatable() {
    let mut world = won();
    let before = standing(&world);
    let outcome = world.run_playbook("long").done();
    let started = outcome.fact::<PlaybookStarted>();
    let until = started.undo_at + 3 * DAY;
    assert_eq!(outcome.fact::<MarketContested>(), MarketContested { market: BTC, until });
    let after = standing(&world);
    assert_eq!(before, after);
    assert!(after.iter().all(|(_, liquidatable)| !liquidatable));
    // It has nothing to undo, and costs nobody anything that the bound would have to count.
    let run = world.runs().pop().unwrap();
    assert_eq!((run.status, run.steps), (RunStatus::Ended, vec![StepOutcome::Done]));
    let over = GuardianError::RunOver { run: run.run, found: RunStatus::Ended };
    world.undo(run.run).refused_with(over);
    let stolen = Stolen { council: true, ..Stolen::default() };
    let bound: MaxLoss = world.query(Code::Guardian, &QueryMsg::MaxLoss { stolen, horizon_seconds: None });
    assert!(bound.total.is_zero(), "{bound:?}");
    // Budget and cool-down are those of its playbook.
    let (playbook, free_at, now) = (String::from("long"), world.now() + HOUR, world.now());
    world.run_playbook("long").refused_with(GuardianError::PlaybookWaits { playbook, free_at, now });
    // A shorter one leaves the longer one.
    world.advance(DAY);
    world.refresh().done();
    let shorter = world.run_playbook("short").fact::<MarketContested>();
    assert_eq!(shorter.until, until);
    let contested = world.account("alice").unvested;
    assert_eq!(contested, before[0].0.unvested);
    // It ends by itself, and vests on where it stood.
    world.advance_to(until + DAY);
    world.refresh().done();
    let half = world.account("alice").unvested;
    assert!(half.atoms().abs_diff(contested.atoms() / 2) < contested.atoms() / 1_000, "{half} of {contested}");
}

#[test]
fn only_the_slowest_operation_cuts_what_was_contested() {
    let mut world = won();
    world.run_playbook("long").done();
    let contested = world.account("alice");
    let cut = world.call(Code::Vault, &VaultMsg::CutContested(BTC));
    let scheduled = world.schedule(vec![cut]).fact::<OperationScheduled>();
    assert_eq!(scheduled.class, DelayClass::Code);
    // The ruling takes longer than one contest: the council contests again.
    while world.now() + 2 * DAY < scheduled.ready_at {
        world.advance(2 * DAY);
        world.refresh().done();
        world.run_playbook("long").fact::<MarketContested>();
    }
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    let taken = world.execute_operation(scheduled.operation).fact::<ContestedCut>().amount;
    let left = world.account("alice");
    let junior = contested.unvested.atoms() / 2;
    assert!(taken.atoms() <= junior && taken.atoms() > junior - junior / 5_000, "{taken} of {junior}");
    assert_eq!((left.liquidatable, left.equity), (false, contested.equity));
    assert!(left.unvested.atoms().abs_diff(contested.unvested.atoms() - taken.atoms()) <= 2);
}
