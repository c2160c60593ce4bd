//! Two ready procedures do what their names say: `pool-drain` closes the vault's buckets down to their floor, `chain-gap` waits for rounds
//! that agree and leaves users a grace behind its freeze. And a quorum of observers starts one of them, in its own transaction.

use firebreak_messages::circuit_breaker::{ObservedSignal, RestrictionAdded, RuleConfig, RuleMode, RuleTripped, Scope};
use firebreak_messages::derivatives_vault::{
    ConfigResponse, ExecuteMsg as VaultMsg, OutflowResponse, ParkedId, PositionLiquidated, QueryMsg as VaultQuery,
    VaultParameters,
};
use firebreak_messages::guardian::{
    DelayClass, IncidentAdvanced, IncidentOpened, IncidentStatus, OperationScheduled, PlaybookStarted, PlaybookStep,
    PlaybookUndone, QueryMsg, RunStatus, SignalTrigger, StepOutcome,
};
use firebreak_messages::{RuleId, Source};
use firebreak_risk::{Amount, Level, MaxLoss, Price, Ratio, Stolen, REACTION_SECONDS};
use firebreak_testing::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

const COUNCIL: Stolen =
    Stolen { proposers: false, cancellers: false, council: true, sentinels: false, feeders: false, observers: false };
const FEEDERS: Stolen = Stolen { council: false, feeders: true, ..COUNCIL };
const BOTH: Stolen = Stolen { feeders: true, ..COUNCIL };

/// 5 % of what the vault holds in an hour, 100,000 at least.
fn limited(builder: WorldBuilder) -> WorldBuilder {
    builder.vault(|vault| {
        (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(100_000), ratio("0.05"));
        (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(300_000), ratio("0.15"));
    })
}

fn parameters(world: &World) -> VaultParameters {
    world.query::<ConfigResponse>(Code::Vault, &VaultQuery::Config {}).config.parameters
}

/// What traders may take out now.
fn capacity(world: &World) -> Amount {
    world.query::<OutflowResponse>(Code::Vault, &VaultQuery::Outflow {}).traders
}

fn bound(world: &World, stolen: Stolen, horizon_seconds: Option<u64>) -> MaxLoss {
    world.query(Code::Guardian, &QueryMsg::MaxLoss { stolen, horizon_seconds })
}

fn outcomes(outcome: &Outcome) -> Vec<StepOutcome> {
    outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect()
}

// F14
#[test]
fn a_drained_pool_lets_out_its_floor_until_the_limiter_is_given_back() {
    let mut world = limited(World::builder()).trader("mallory", usd(3_000_000)).build();
    let playbook = world.template(BTC, "pool-drain");
    let approved = world.approve(vec![playbook]).fact::<OperationScheduled>();
    assert_eq!(approved.class, DelayClass::Roles);
    // The limiter goes by the least that the vault held in a day.
    world.advance(2 * HOUR);
    world.refresh().done();
    let normal = parameters(&world);
    // Half of 5 % of some 13,000,000: the traders' part, and what is shared.
    let before = capacity(&world);
    assert!(before > usd(300_000), "{before}");

    let outcome = world.run_playbook("pool-drain").done();
    let started = outcome.fact::<PlaybookStarted>();
    assert_eq!(outcomes(&outcome), [StepOutcome::Done; 3]);
    let mut wanted = normal.clone();
    (wanted.outflow.hour_ratio, wanted.outflow.day_ratio) = (Ratio::ZERO, Ratio::ZERO);
    assert_eq!(parameters(&world), wanted);
    // Frozen: nothing leaves, and what is asked for is parked.
    world.withdraw("mallory", usd(1_000_000)).done();
    assert_eq!(world.balance("mallory"), Amount::ZERO);
    // Reduce-only: a quarter of the floor, not of what the vault holds.
    world.advance(3 * HOUR);
    world.refresh().done();
    assert_eq!((world.effective(BTC).posture.level, capacity(&world)), (Level::ReduceOnly, usd(50_000)));
    let parked = ParkedId { account: world.account_id("mallory"), liquidity: false };
    world.send("anyone", Code::Vault, &VaultMsg::CollectParked(parked), Amount::ZERO).done();
    assert_eq!(world.balance("mallory"), usd(12_500));
    // Unrestricted a moment before the undo: the floor.
    world.advance_to(started.undo_at);
    world.refresh().done();
    assert_eq!((world.effective(BTC).posture.level, capacity(&world)), (Level::Normal, usd(50_000)));
    let undone = world.advance_incident(started.incident).done();
    assert_eq!(undone.fact::<PlaybookUndone>().run, started.run);
    assert_eq!(parameters(&world), normal);
    // The buckets refill within the hour.
    world.advance(HOUR);
    world.refresh().done();
    let after = capacity(&world);
    assert!(after > before.saturating_minus(usd(1_000)), "{after} {before}");
    let closed = world.advance_incident(started.incident).fact::<IncidentAdvanced>();
    assert_eq!(closed.status, IncidentStatus::Resolved);
}

// R-25, F14
#[test]
fn what_an_operation_configures_of_a_market_takes_the_undo_of_a_drain_from_nobody() {
    let mut world = limited(World::builder()).build();
    let playbook = world.template(BTC, "pool-drain");
    world.approve(vec![playbook]).done();
    let mut ether = world.market(ETH).config;
    ether.gap_rounds = 3;
    let msg = VaultMsg::ConfigureMarket { market: ETH, config: ether.clone() };
    let ready = world.schedule(vec![world.call(Code::Vault, &msg)]).fact::<OperationScheduled>();
    world.advance_to(ready.ready_at);
    world.refresh().done();
    let normal = parameters(&world);
    let started = world.run_playbook("pool-drain").fact::<PlaybookStarted>();
    // By anyone, an operation that waited already.
    world.execute_operation(ready.operation).done();
    assert_eq!(world.market(ETH).config, ether);
    // It still counts as what holds exits up.
    assert!(bound(&world, COUNCIL, Some(HOUR)).trader_exit_seconds >= HOUR + DAY);
    world.advance_to(started.undo_at);
    world.refresh().done();
    assert_eq!(outcomes(&world.undo(started.run).done()), [StepOutcome::Done]);
    assert_eq!(parameters(&world), normal);
}

//
#[test]
fn a_limiter_at_its_floor_takes_from_nobody_and_keeps_everybody_waiting() {
    let mut world = limited(World::builder()).trader("alice", usd(100_000)).build();
    let none = [bound(&world, COUNCIL, Some(HOUR)), bound(&world, COUNCIL, None)];
    let mut playbook = world.template(BTC, "pool-drain");
    // The limiter alone.
    playbook.steps.drain(..2);
    world.approve(vec![playbook.clone()]).done();
    world.refresh().done();
    let repaired = DAY + REACTION_SECONDS;
    let held = |world: &World, before: &MaxLoss, stolen: Stolen, horizon: Option<u64>| {
        let found = bound(world, stolen, horizon);
        assert_eq!(found.total, before.total);
        let (trader, provider) = (found.trader_exit_seconds, found.provider_exit_seconds);
        assert_eq!(trader - before.trader_exit_seconds, provider - before.provider_exit_seconds);
        trader - before.trader_exit_seconds
    };
    // Run after run the undo moves on; the last run is made with the horizon's end.
    assert_eq!(none[0].total, Amount::ZERO);
    assert_eq!(held(&world, &none[0], COUNCIL, Some(HOUR)), HOUR + DAY);
    assert_eq!(held(&world, &none[1], COUNCIL, None), repaired + DAY);
    // Not with keys that run nothing.
    assert_eq!(bound(&world, Stolen { council: false, ..COUNCIL }, None).trader_exit_seconds, 0);

    // In force it is the same, and what leaves by the feeders' hand is counted at the limiter that the undo gives back.
    let leaves = [BOTH, FEEDERS].map(|stolen| bound(&world, stolen, Some(DAY)).leaves);
    world.run_playbook("pool-drain").done();
    assert_eq!(parameters(&world).outflow.hour_ratio, Ratio::ZERO);
    assert_eq!(held(&world, &none[0], COUNCIL, Some(HOUR)), HOUR + DAY);
    // Whoever has the feeders' keys waits for an undo that anyone sends.
    assert_eq!([BOTH, FEEDERS].map(|stolen| bound(&world, stolen, Some(DAY)).leaves), leaves);

    // Without an undo the DAO gives it back: what it needs to see it and to vote, and a delay of `code`, for it is more than one step.
    playbook.undo.clear();
    (playbook.undo_after_seconds, playbook.undo_when_resolved) = (0, false);
    let normal = world.call(Code::Vault, &VaultMsg::Configure { parameters: world.setup().vault.clone() });
    world.govern(vec![normal]).done();
    world.approve(vec![playbook.clone()]).done();
    let given_back = world.setup().delays.code + REACTION_SECONDS;
    assert_eq!(held(&world, &none[0], COUNCIL, Some(HOUR)), HOUR + given_back);
    let stolen = Stolen { cancellers: true, ..COUNCIL };
    assert_eq!(bound(&world, stolen, Some(HOUR)).trader_exit_seconds, u64::MAX);

    // One more figure of the same step, and it may take from anybody.
    let mut changed = world.setup().vault.clone();
    (changed.outflow.hour_ratio, changed.outflow.small_exit_max) = (Ratio::ZERO, Amount::ZERO);
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: changed });
    let firebreak_messages::guardian::Call::Execute { contract, msg, .. } = call else { panic!("a migration") };
    playbook.steps = vec![firebreak_messages::guardian::Step::Call { contract, msg }];
    world.approve(vec![playbook]).done();
    let harmful = bound(&world, COUNCIL, Some(HOUR));
    assert_eq!((harmful.total, harmful.trader_exit_seconds), (usd(100_000), none[0].trader_exit_seconds));
}

// behind a feed that somebody has just set nothing configures the vault; the restrictions run.
#[test]
fn behind_a_feed_that_was_set_a_drain_restricts_and_leaves_the_limiter_alone() {
    let mut world = limited(World::builder()).build();
    let playbooks = ["oracle-compromise", "pool-drain"].map(|name| world.template(BTC, name));
    world.approve(playbooks.into()).done();
    world.refresh().done();
    let normal = parameters(&world);
    world.run_playbook("oracle-compromise").done();
    let outcome = world.run_playbook("pool-drain").done();
    assert_eq!(outcomes(&outcome), [StepOutcome::Held, StepOutcome::Done, StepOutcome::Done]);
    assert_eq!((world.effective(ETH).posture.level, parameters(&world)), (Level::Frozen, normal));
}

// what the timelock decides is newer; what another procedure holds only gets tighter.
#[test]
fn a_drain_passes_over_what_the_timelock_or_another_procedure_decided() {
    let mut world = limited(World::builder()).build();
    let mut other = world.template(BTC, "pool-drain");
    other.name = "longer".into();
    other.steps.drain(..2);
    other.undo_after_seconds = 2 * DAY;
    let playbooks = vec![world.template(BTC, "pool-drain"), other];
    world.approve(playbooks.clone()).done();
    world.refresh().done();
    let normal = parameters(&world);
    let first = world.run_playbook("pool-drain").fact::<PlaybookStarted>();
    // As tight already: the second one's is the undo that counts.
    let second = world.run_playbook("longer").fact::<PlaybookStarted>();
    world.advance_to(first.undo_at);
    world.refresh().done();
    assert_eq!(outcomes(&world.undo(first.run).done()), [StepOutcome::Claimed]);
    assert_eq!(parameters(&world).outflow.hour_ratio, Ratio::ZERO);
    world.advance_to(second.undo_at);
    world.refresh().done();
    world.undo(second.run).fact::<PlaybookUndone>();
    assert_eq!(parameters(&world), normal);
    let mut later = normal.clone();
    later.grace_seconds = 500;
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: later.clone() });
    assert_eq!(world.govern(vec![call]).fact::<OperationScheduled>().class, DelayClass::Roles);
    world.refresh().done();
    let outcome = world.run_playbook("pool-drain").done();
    assert_eq!(outcomes(&outcome), [StepOutcome::Stale, StepOutcome::Done, StepOutcome::Done]);
    assert_eq!(parameters(&world), later);
}

// lower shares for an exit are no notice of an hour, whoever asks for them; and far lower ones take the longest.
#[test]
fn shares_that_may_leave_are_a_matter_of_the_class_of_roles_or_a_slower_one_either_way() {
    let mut world = limited(World::builder()).build();
    for (share, class) in [
        (Ratio::ZERO, DelayClass::Code),
        (ratio("0.04"), DelayClass::Roles),
        (ratio("0.06"), DelayClass::Roles),
        (ratio("0.07"), DelayClass::Code),
    ] {
        let mut changed = parameters(&world);
        changed.outflow.hour_ratio = share;
        let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: changed });
        assert_eq!(world.schedule(vec![call]).fact::<OperationScheduled>().class, class, "{share}");
    }
    let mut rounds = world.market(BTC).config;
    rounds.gap_rounds += 1;
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: rounds });
    assert_eq!(world.schedule(vec![call]).fact::<OperationScheduled>().class, DelayClass::Roles);
}

/// Every market at this price of BTC, and a block.
fn report(world: &mut World, bitcoin: Price) {
    world.report(&[(BTC, bitcoin), (ETH, price("3000"))]).done();
    world.next_block();
}

/// Five minutes at one price.
fn calm(world: &mut World, at: Price) {
    for _ in 0..31 {
        world.advance(5);
        report(world, at);
    }
}

fn is_liquidated(world: &mut World, name: &str) -> bool {
    !world.liquidate(name).facts::<PositionLiquidated>().is_empty()
}

/// A market that waits for two rounds behind a gap, and its procedure.
fn watchful() -> World {
    let mut world = World::builder()
        .with_market(BTC, |config| config.gap_rounds = 2)
        .trader("alice", usd(6_000))
        .trader("eve", usd(4_000))
        .build();
    let playbook = world.template(BTC, "chain-gap");
    assert_eq!(world.approve(vec![playbook]).fact::<OperationScheduled>().class, DelayClass::Roles);
    calm(&mut world, price("60000"));
    world
}

/// The chain stands for half an hour, and comes back with a price that makes alice liquidatable: the round with which she is.
fn rounds_behind_a_gap(world: &mut World) -> usize {
    world.advance(30 * MINUTE);
    let found = (1..=10).find(|_| {
        world.advance(10);
        report(world, price("55200"));
        is_liquidated(world, "alice")
    });
    found.expect("nobody is liquidated")
}

//
#[test]
fn behind_a_gap_nobody_is_liquidated_before_six_rounds_agree() {
    let mut world = watchful();
    world.open("alice", BTC, size("1")).done();
    calm(&mut world, price("60000"));
    assert_eq!(rounds_behind_a_gap(&mut world), 2, "without the procedure");

    let mut world = watchful();
    let normal = world.market(BTC).config;
    let outcome = world.run_playbook("chain-gap").done();
    assert_eq!(outcomes(&outcome), [StepOutcome::Done; 3]);
    let started = outcome.fact::<PlaybookStarted>();
    let mut wanted = normal.clone();
    wanted.gap_rounds = 6;
    assert_eq!(world.market(BTC).config, wanted);
    // Freeze, grace and reduce-only are over; the rule holds for the next gap of the day.
    world.advance(2 * HOUR);
    calm(&mut world, price("60000"));
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    world.open("alice", BTC, size("1")).done();
    calm(&mut world, price("60000"));
    assert_eq!(rounds_behind_a_gap(&mut world), 6, "with the procedure");
    world.advance_to(started.undo_at);
    world.refresh().done();
    world.undo(started.run).fact::<PlaybookUndone>();
    assert_eq!(world.market(BTC).config, normal);
    // Rounds behind a gap force nobody out of anything: nothing of the council's counts.
    for horizon in [Some(HOUR), Some(DAY), None] {
        assert_eq!(bound(&world, COUNCIL, horizon).total, Amount::ZERO);
    }
}

// behind a gap the crash's caps only tighten; behind a crash the six rounds are there already, and the gap's caps would be wider.
#[test]
fn a_crash_behind_a_gap_works_and_a_gap_behind_a_crash_leaves_the_market_to_it() {
    for (first, then, passed_over) in [("chain-gap", "price-crash", 0), ("price-crash", "chain-gap", 1)] {
        let mut world = watchful();
        let playbook = world.template(BTC, "price-crash");
        world.approve(vec![playbook]).done();
        world.refresh().done();
        let normal = world.market(BTC).config;
        let held = world.run_playbook(first).fact::<PlaybookStarted>();
        let changed = world.market(BTC).config;
        assert_ne!(changed, normal, "{first}");
        let outcome = world.run_playbook(then).done();
        let second = outcome.fact::<PlaybookStarted>();
        let found = outcomes(&outcome);
        let claimed = found.iter().filter(|outcome| **outcome == StepOutcome::Claimed).count();
        assert_eq!((claimed, found.len()), (passed_over, 3), "{then}: {found:?}");
        assert!(found.iter().all(|outcome| matches!(outcome, StepOutcome::Claimed | StepOutcome::Done)), "{found:?}");
        let both = world.market(BTC).config;
        assert_eq!(both.gap_rounds, 6);
        assert_eq!(both == changed, passed_over == 1, "{then}");
        assert!(both.open_interest_max < normal.open_interest_max, "{then}");
        world.advance_to(second.undo_at.max(held.undo_at));
        world.refresh().done();
        world.undo(held.run).fact::<PlaybookUndone>();
        if passed_over == 0 {
            assert_eq!(world.market(BTC).config, both);
            world.undo(second.run).fact::<PlaybookUndone>();
        }
        assert_eq!(world.market(BTC).config, normal);
    }
}

/// Alice is healthy when the chain stands, eve is not: who of them is liquidated in the ten minutes behind the freeze, and afterwards.
fn behind_the_thaw(procedure: bool) -> [(bool, bool); 2] {
    let mut world = watchful();
    for name in ["alice", "eve"] {
        world.open(name, BTC, size("1")).done();
    }
    calm(&mut world, price("60000"));
    // No keeper looks; the market's mark is kept.
    report(&mut world, price("57000"));
    world.execute_by("keeper", BTC, 0).done();
    world.advance(2 * HOUR);
    report(&mut world, price("55200"));
    if procedure {
        world.run_playbook("chain-gap").done();
    }
    // More than six rounds, at the end of which the freeze is over.
    for _ in 0..20 {
        world.advance(30);
        report(&mut world, price("55200"));
        assert!(!procedure || world.liquidate("alice").facts::<PositionLiquidated>().is_empty(), "in the freeze");
    }
    let liquidated = |world: &mut World| (is_liquidated(world, "alice"), is_liquidated(world, "eve"));
    let thawed = liquidated(&mut world);
    for _ in 0..22 {
        world.advance(30);
        report(&mut world, price("55200"));
    }
    [thawed, liquidated(&mut world)]
}

//
#[test]
fn behind_the_freeze_of_a_gap_only_those_are_liquidated_who_were_unhealthy_before() {
    let [without, _] = behind_the_thaw(false);
    assert_eq!(without, (true, true), "alice and eve, without the procedure");
    let [in_grace, after_it] = behind_the_thaw(true);
    assert_eq!(in_grace, (false, true), "alice and eve, within the grace");
    assert!(after_it.0, "alice, after the grace");
}

// ---- Observers

const OBSERVERS: u8 = 6;
/// More than a third of six.
const QUORUM: u8 = 3;

/// Six observers of one weight whose rule restricts, and a drain that waits for it.
fn observed() -> World {
    let mut world = limited(World::builder())
        .setup(|setup| setup.observers = observers(OBSERVERS))
        .guard(BTC, |guard| guard.rules.push(RuleConfig::standard(RuleId::Observers, RuleMode::Enforce)))
        .trader("alice", usd(10_000))
        .build();
    let mut playbook = world.template(BTC, "pool-drain");
    playbook.signals = vec![SignalTrigger { market: None, rule: Some(RuleId::Observers), level: Level::Guarded }];
    world.approve(vec![playbook]).done();
    calm(&mut world, price("60000"));
    world
}

/// The first so many observers say that money flows out of a market as it should not; anyone relays their words.
fn attest(world: &mut World, observers: std::ops::Range<u8>) -> Attempt {
    let saying = Saying { market: BTC, signal: ObservedSignal::Flow, severity: 2, seconds: 300 };
    world.attest("anyone", saying, observers, sign_as_observer)
}

//
#[test]
fn a_quorum_of_observers_runs_a_procedure_in_its_own_transaction() {
    let mut world = observed();
    let normal = parameters(&world);
    // One too few: a small step of theirs, and nobody's incident.
    let warned = attest(&mut world, 0..QUORUM - 1).done();
    assert_eq!((warned.facts::<RuleTripped>().len(), warned.facts::<IncidentOpened>().len()), (0, 0));
    assert_eq!((warned.facts::<PlaybookStarted>().len(), world.incidents().len()), (0, 0));
    assert_eq!((world.runs(), parameters(&world)), (vec![], normal.clone()));
    assert!(world.effective(BTC).posture.level <= Level::Guarded);

    // The one more.
    let height = world.height();
    let outcome = attest(&mut world, QUORUM - 1..QUORUM).done();
    assert_eq!(world.height(), height);
    let tripped = outcome.fact::<RuleTripped>();
    assert_eq!(tripped.rule, RuleId::Observers);
    let opened = outcome.fact::<IncidentOpened>();
    let started = outcome.fact::<PlaybookStarted>();
    assert_eq!((started.incident, started.playbook.as_str()), (opened.incident, "pool-drain"));
    assert_eq!(outcomes(&outcome), [StepOutcome::Done; 3]);
    let sources: Vec<_> =
        outcome.facts::<RestrictionAdded>().into_iter().map(|fact| (fact.source, fact.scope)).collect();
    assert!(sources.contains(&(Source::Observers, Scope::Market(BTC))), "{sources:?}");
    assert_eq!(sources.iter().filter(|found| **found == (Source::Procedure, Scope::All)).count(), 2);
    assert_eq!(parameters(&world).outflow.day_ratio, Ratio::ZERO);
    let incident = world.incidents().pop().unwrap();
    assert_eq!((incident.market, incident.causes), (Some(BTC), vec!["observers".to_string()]));
    assert_eq!((incident.status, incident.level_max), (IncidentStatus::Contained, Level::Frozen));
    let run = world.runs().pop().unwrap();
    assert_eq!((run.incident, run.steps, run.status), (opened.incident, vec![StepOutcome::Done; 3], RunStatus::Active));
    // Who has no position leaves after the freeze, at the floor.
    world.withdraw("alice", usd(10_000)).done();
    assert_eq!((world.effective(ETH).posture.level, world.balance("alice")), (Level::Frozen, Amount::ZERO));
    world.advance(3 * HOUR);
    world.refresh().done();
    assert_eq!(world.effective(ETH).posture.level, Level::ReduceOnly);
    world.advance_to(started.undo_at);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    let undone = world.advance_incident(opened.incident).done();
    assert_eq!(undone.fact::<PlaybookUndone>().run, started.run);
    assert_eq!(parameters(&world), normal);
    let closed = world.advance_incident(opened.incident).fact::<IncidentAdvanced>();
    assert_eq!((closed.status, world.runs()[0].status), (IncidentStatus::Resolved, RunStatus::Ended));
}
