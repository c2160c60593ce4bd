//! Two procedures at once on one market: until the last of them is undone, it is as tight as the tightest says.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use firebreak_messages::circuit_breaker::RuleTripped;
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::{
    Playbook, PlaybookStarted, PlaybookStep, PlaybookUndone, Run, RunStatus, StepOutcome,
};
use firebreak_risk::{Level, Size};
use firebreak_testing::*;
use proptest::prelude::*;
use StepOutcome::{Claimed, Done};

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A world whose DAO has approved a crash's procedure and the quarantine for BTC, with calm prices since.
fn approved() -> World {
    let mut world = World::builder().trader("alice", usd(50_000)).build();
    let playbooks = ["price-crash", "market-quarantine"].map(|name| world.template(BTC, name)).to_vec();
    world.approve(playbooks).done();
    for _ in 0..31 {
        world.advance(5);
        world.refresh().done();
    }
    world
}

fn config(world: &World) -> MarketConfig {
    world.market(BTC).config
}

fn run(world: &World, run: u64) -> Run {
    world.runs().into_iter().find(|record| record.run == run).unwrap()
}

fn steps(outcome: &Outcome) -> Vec<StepOutcome> {
    outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect()
}

//
#[test]
fn a_crash_within_a_quarantine_neither_opens_the_market_nor_ends_it_sooner() {
    let mut world = approved();
    let normal = config(&world);
    let quarantine = world.run_playbook("market-quarantine").fact::<PlaybookStarted>();
    let closed = config(&world);
    assert_eq!((closed.open_interest_max, closed.order_size_max), (Size::from_atoms(1), Size::from_atoms(1)));
    // Half the open interest would be more than the quarantine says.
    let outcome = world.price(BTC, price("57600")).done();
    assert!(outcome.facts::<RuleTripped>().iter().any(|fact| fact.level.0 == Level::ReduceOnly));
    let crash = outcome.fact::<PlaybookStarted>();
    assert_eq!(run(&world, crash.run).steps, [Done, Claimed, Done]);
    assert_eq!(config(&world), closed);
    // Its injection made it active. Undone it gives back nothing that the quarantine holds, and is over.
    assert_eq!(run(&world, crash.run).status, RunStatus::Active);
    world.advance_to(crash.undo_at);
    let undone = world.undo(crash.run).done();
    assert_eq!((undone.fact::<PlaybookUndone>().run, steps(&undone)), (crash.run, vec![Claimed]));
    assert_eq!(run(&world, crash.run).status, RunStatus::Ended);
    assert_eq!(config(&world), closed);
    // By the council's word neither.
    let again = world.run_playbook("price-crash").fact::<PlaybookStarted>();
    assert_eq!(run(&world, again.run).steps[1], Claimed);
    assert_eq!(config(&world), closed);
    world.advance_to(quarantine.undo_at);
    let undone = world.undo(quarantine.run).done();
    assert_eq!((undone.fact::<PlaybookUndone>().run, steps(&undone)), (quarantine.run, vec![Done]));
    assert_eq!(config(&world), normal);
}

#[test]
fn a_quarantine_within_a_crash_closes_the_market_and_gives_it_back() {
    let mut world = approved();
    let normal = config(&world);
    let outcome = world.price(BTC, price("57600")).done();
    let crash = outcome.fact::<PlaybookStarted>();
    assert_eq!(steps(&outcome), [Done; 3]);
    // It only tightens.
    let outcome = world.run_playbook("market-quarantine").done();
    let quarantine = outcome.fact::<PlaybookStarted>();
    assert_eq!(steps(&outcome), [Done; 2]);
    let closed = config(&world);
    assert_eq!(closed.open_interest_max, Size::from_atoms(1));
    world.advance_to(crash.undo_at);
    assert_eq!(steps(&world.undo(crash.run).done()), [Claimed]);
    assert_eq!((run(&world, crash.run).status, config(&world)), (RunStatus::Ended, closed));
    world.advance_to(quarantine.undo_at);
    assert_eq!(steps(&world.undo(quarantine.run).done()), [Done]);
    assert_eq!((run(&world, quarantine.run).status, config(&world)), (RunStatus::Ended, normal));
}

// the procedure of a gap switches no other one off.
#[test]
fn a_crash_and_a_quarantine_within_the_day_of_a_gap_close_the_market_and_give_it_back() {
    for (name, last_is_gap) in [("price-crash", false), ("price-crash", true), ("market-quarantine", false)] {
        let mut world =
            World::builder().with_market(BTC, |config| config.gap_rounds = 2).trader("alice", usd(50_000)).build();
        let playbooks = ["chain-gap", name].map(|name| world.template(BTC, name)).to_vec();
        world.approve(playbooks).done();
        let normal = config(&world);
        let gap = world.run_playbook("chain-gap").fact::<PlaybookStarted>();
        assert_eq!(config(&world).gap_rounds, 6);
        world.advance(2 * HOUR);
        for _ in 0..31 {
            world.advance(5);
            world.refresh().done();
        }
        let outcome = if name == "price-crash" {
            world.price(BTC, price("57600")).done()
        } else {
            world.run_playbook(name).done()
        };
        let second = outcome.fact::<PlaybookStarted>();
        assert!(!steps(&outcome).is_empty() && steps(&outcome).iter().all(|outcome| *outcome == Done), "{name}");
        let closed = config(&world);
        assert!(closed.open_interest_max < normal.open_interest_max && closed.order_size_max < normal.order_size_max);
        assert_eq!(closed.gap_rounds, 6);
        // The first undo leaves what the other run holds, the last one gives the market back.
        world.advance_to(second.undo_at);
        let (first, last) = if last_is_gap { (second.run, gap.run) } else { (gap.run, second.run) };
        assert_eq!(steps(&world.undo(first).done()), [Claimed]);
        assert_eq!(config(&world), closed);
        assert_eq!(steps(&world.undo(last).done()), [Done]);
        assert_eq!(config(&world), normal);
    }
}

/// Three procedures with caps of their own: which one runs, or is undone, or how long nothing happens.
#[derive(Debug, Clone, Copy)]
enum Turn {
    Run(usize),
    Undo(u64),
    Pass(u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => (0..3usize).prop_map(Turn::Run),
        4 => (0..12u64).prop_map(Turn::Undo),
        3 => (1..30u64).prop_map(|hours| Turn::Pass(hours * HOUR)),
    ];
    proptest::collection::vec(turn, 6..24)
}

/// Caps of the three, units: 1 is the tightest.
const CAPS: [i32; 3] = [100, 10, 1];
const UNDO_AFTER: [u64; 3] = [2 * DAY, DAY, 3 * DAY];

fn three(world: &World) -> Vec<Playbook> {
    let least = world.template(BTC, "market-quarantine");
    let with = |index: usize| {
        let mut playbook = least.clone();
        playbook.name = format!("cap-{index}");
        let config = MarketConfig { open_interest_max: Size::from_units(CAPS[index]), ..config(world) };
        playbook.steps = vec![configures(world, config)];
        Playbook { undo_after_seconds: UNDO_AFTER[index], runs_max: 8, cool_down_seconds: 60, ..playbook }
    };
    (0..3).map(with).collect()
}

fn configures(world: &World, config: MarketConfig) -> firebreak_messages::guardian::Step {
    use firebreak_messages::derivatives_vault::ExecuteMsg;
    use firebreak_messages::guardian::{Call, Step};
    match world.call(Code::Vault, &ExecuteMsg::ConfigureMarket { market: BTC, config }) {
        Call::Execute { contract, msg, .. } => Step::Call { contract, msg },
        Call::Migrate { .. } => panic!("a migration"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    //
    #[test]
    fn a_market_is_as_tight_as_the_tightest_active_run_says_and_opens_with_the_last(turns in turns()) {
        let mut world = World::builder().build();
        let normal = config(&world);
        let playbooks = three(&world);
        world.approve(playbooks).done();
        let mut before = normal.open_interest_max;
        for turn in turns {
            match turn {
                // Whether it may is the guardian's to say.
                Turn::Run(index) => drop(world.run_playbook(&format!("cap-{index}"))),
                Turn::Undo(run) => drop(world.undo(run + 1)),
                Turn::Pass(seconds) => world.advance(seconds),
            }
            let runs = world.runs();
            let active: Vec<_> = runs.iter().filter(|run| run.status == RunStatus::Active).collect();
            let cap = config(&world).open_interest_max;
            let said = active.iter().filter(|run| run.steps == [Done]).map(|run| {
                Size::from_units(CAPS[run.playbook.trim_start_matches("cap-").parse::<usize>().unwrap()])
            });
            let tightest = said.min().unwrap_or(normal.open_interest_max);
            prop_assert!(cap <= tightest, "{turn:?}: {cap} with {active:?}");
            // What an undone run leaves tight is opened by the last undo, or by a run that says so; nothing stays tight without a run.
            prop_assert!(cap <= before || cap == tightest, "{turn:?}: {before} to {cap} with {active:?}");
            prop_assert!(cap == normal.open_interest_max || !active.is_empty(), "{turn:?}: {cap} for ever");
            before = cap;
        }
        // Never wedged: each one that is left is undone when it is due.
        world.advance(3 * DAY);
        for run in world.runs().iter().filter(|run| run.status == RunStatus::Active) {
            world.undo(run.run).fact::<PlaybookUndone>();
        }
        prop_assert_eq!(config(&world), normal);
    }
}
