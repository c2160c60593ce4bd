//! The ready procedures on the whole suite: approved by the DAO, run by a signal or the council, and back to normal.

use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{RestrictionAdded, RuleTripped, Scope, SignalFailed};
use firebreak_messages::derivatives_vault::{
    ExecuteMsg as VaultMsg, MarketConfig, MarketSettlementScheduled, OrderFilled,
};
use firebreak_messages::guardian::{
    CouncilAction, DelayClass, ExecuteMsg, IncidentAdvanced, IncidentOpened, IncidentStatus, OperationExecuted,
    OperationScheduled, PlaybookApproved, PlaybookStarted, PlaybookStep, PlaybookUndone, RunStatus, SignalTrigger,
    Step, StepOutcome,
};
use firebreak_messages::insurance_fund::Injected;
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedResponse, QueryMsg as OracleQuery};
use firebreak_messages::{MarketId, Reason, RuleId, Source};
use firebreak_risk::{Amount, Level, MarginParams, Ratio, Size};
use firebreak_testing::*;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A world whose DAO has approved one ready procedure for BTC, with calm prices since.
fn approved(name: &str) -> World {
    let mut world = World::builder().trader("alice", usd(50_000)).build();
    let playbook = world.template(BTC, name);
    let outcome = world.approve(vec![playbook]).done();
    assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Roles);
    calm(&mut world, "60000");
    world
}

/// Five minutes at one price, so that the mean is where the price is.
fn calm(world: &mut World, at: &str) {
    for _ in 0..31 {
        world.advance(5);
        world.report(&[(BTC, price(at)), (ETH, price("3000"))]).done();
        world.next_block();
    }
}

fn config(world: &World) -> MarketConfig {
    world.market(BTC).config
}

/// What happened when, for people.
struct Timeline(u64, Vec<String>);

impl Timeline {
    fn new(world: &World) -> Self {
        Self(world.now(), vec![])
    }
    fn note(&mut self, world: &World, what: &str) {
        let (level, config) = (world.effective(BTC).posture.level, config(world));
        let line = format!(
            "{:>8} s  {:<12} cap {:>8}  {what}",
            world.now() - self.0,
            level.to_string(),
            config.open_interest_max.to_string()
        );
        self.1.push(line);
    }
    fn print(&self) {
        println!("{}", self.1.join("\n"));
    }
}

#[test]
fn a_crash_runs_its_procedure_in_the_transaction_of_the_price_and_heals() {
    let mut world = approved("price-crash");
    world.open("alice", BTC, size("1")).done();
    calm(&mut world, "60000");
    let normal = config(&world);
    let mut timeline = Timeline::new(&world);
    timeline.note(&world, "calm");

    // 4 % within a minute: reduce-only by the velocity rule, and the procedure in the same transaction.
    let outcome = world.price(BTC, price("57600")).done();
    timeline.note(&world, "4 % down: rule, incident, procedure");
    assert!(outcome.facts::<RuleTripped>().iter().any(|fact| fact.level.0 == Level::ReduceOnly));
    let opened = outcome.facts::<IncidentOpened>();
    let started = outcome.fact::<PlaybookStarted>();
    assert_eq!((opened.len(), started.incident), (1, opened[0].incident));
    let steps: Vec<_> = outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect();
    assert_eq!(steps, [StepOutcome::Done; 3]);
    assert_eq!(outcome.fact::<Injected>().asked, usd(10_000));
    let procedure = outcome.facts::<RestrictionAdded>().into_iter().find(|fact| fact.source == Source::Procedure);
    assert_eq!(procedure.map(|fact| fact.incident), Some(started.incident));
    let cautious = config(&world);
    assert_eq!(cautious.open_interest_max.atoms(), normal.open_interest_max.atoms() / 2);
    assert_eq!(cautious.order_size_max.atoms(), normal.order_size_max.atoms() / 4);
    let incident = world.incidents().pop().unwrap();
    assert_eq!((incident.status, incident.actions.len()), (IncidentStatus::Contained, 1));
    let times = world.incident_times(incident.incident);
    assert!(times.time_to_contain.unwrap() <= world.block_seconds(), "{times:?}");

    // The rule's restriction ramps down; the procedure keeps the market guarded for six hours.
    let mut recovering_at = 0;
    for _ in 0..70 {
        world.advance(295);
        world.report(&[(BTC, price("57600")), (ETH, price("3000"))]).done();
        world.next_block();
        let advanced = world.advance_incident(incident.incident).done();
        if advanced.facts::<IncidentAdvanced>().iter().any(|fact| fact.status == IncidentStatus::Recovering) {
            recovering_at = world.now();
            timeline.note(&world, "milder: recovering");
        }
    }
    assert!(recovering_at > 0);
    assert_eq!(world.effective(BTC).posture.level, Level::Guarded);
    assert_eq!(world.effective(BTC).reason, Some(Reason::Procedure));
    world.advance_to(started.undo_at - DAY + 6 * HOUR + 1);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    timeline.note(&world, "restrictions are over, the cap is still low");
    // Unrestricted and quiet, but not undone: still open.
    world.advance_incident(incident.incident).done();
    assert_eq!(world.incidents()[0].status, IncidentStatus::Recovering);
    let now = world.now();
    let early = GuardianError::TooEarlyToUndo { run: started.run, undo_at: started.undo_at, now };
    world.undo(started.run).refused_with(early);

    // When it is due anyone's update undoes it, and the next one closes the incident.
    world.advance_to(started.undo_at);
    world.refresh().done();
    let undone = world.advance_incident(incident.incident).done();
    assert_eq!(undone.fact::<PlaybookUndone>().run, started.run);
    assert_eq!(config(&world), normal);
    timeline.note(&world, "undone");
    let closed = world.advance_incident(incident.incident).fact::<IncidentAdvanced>();
    assert_eq!(closed.status, IncidentStatus::Resolved);
    timeline.note(&world, "resolved");
    timeline.print();
    let incident = world.incidents().pop().unwrap();
    // Nobody lost more than the account had: the fund paid nothing.
    assert_eq!(incident.paid, Some(firebreak_risk::Amount::ZERO));
    let times = world.incident_times(incident.incident);
    assert!(times.time_to_recover.unwrap() >= DAY, "{times:?}");
    assert_eq!(world.runs()[0].status, RunStatus::Ended);
    world.open("alice", BTC, size("0.1")).fact::<OrderFilled>();
}

#[test]
fn a_crash_that_the_guardian_did_not_hear_of_runs_its_procedure_with_a_later_price() {
    let mut world = approved("price-crash");
    // A call too deep for the chain fails just so.
    world.break_contract(Code::Guardian);
    let outcome = world.price(BTC, price("57600")).done();
    assert_eq!(outcome.facts::<SignalFailed>().len(), 1);
    world.repair_contract(Code::Guardian);
    assert_eq!((world.effective(BTC).posture.level, world.incidents()), (Level::ReduceOnly, vec![]));
    let tripped_at = world.now() - world.block_seconds();

    // The same price again, a minute later: no rule has anything to say, and the incident is opened as it was seen.
    world.advance(60);
    let outcome = world.refresh().done();
    assert_eq!(outcome.facts::<RuleTripped>(), vec![]);
    let (opened, started) = (outcome.fact::<IncidentOpened>(), outcome.fact::<PlaybookStarted>());
    assert_eq!(started.incident, opened.incident);
    let steps: Vec<_> = outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect();
    assert_eq!(steps, [StepOutcome::Done; 3]);
    let incident = world.incidents().pop().unwrap();
    assert_eq!((incident.detected_at, incident.level_max), (tripped_at, Level::ReduceOnly));
}

#[test]
fn the_council_resolves_sooner_and_undoes_what_the_playbook_allows() {
    let mut world = approved("price-crash");
    let normal = config(&world);
    let started = world.price(BTC, price("57600")).fact::<PlaybookStarted>();
    assert_ne!(config(&world), normal);
    let incident = started.incident;
    // Not while anything is restricted: a fast role does not loosen.
    let quiet_since = world.incidents()[0].last_signal_at;
    let now = world.now();
    let close = CouncilAction::Close(firebreak_messages::guardian::Closing {
        incident,
        false_alarm: false,
        post_mortem: Some(cosmwasm_std::Binary::from([7; 32])),
        began_at: None,
    });
    let not_over = GuardianError::NotOver { incident, found: Level::ReduceOnly, quiet_since, now };
    world.council_decides(&close).refused_with(not_over);
    // A false alarm says what it was; it takes nothing back.
    world.close_incident(incident, true).done();
    assert_eq!(world.incidents()[0].status, IncidentStatus::FalseAlarm);
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    assert_ne!(config(&world), normal);

    // The next crash: another incident, resolved by the council after the restrictions' end.
    world.advance(7 * HOUR);
    world.report(&[(BTC, price("57600")), (ETH, price("3000"))]).done();
    world.next_block();
    calm(&mut world, "57600");
    let started = world.price(BTC, price("55000")).fact::<PlaybookStarted>();
    let incident = started.incident;
    assert_eq!(world.runs()[0].status, RunStatus::Superseded);
    world.advance(7 * HOUR);
    world.report(&[(BTC, price("55000")), (ETH, price("3000"))]).done();
    world.next_block();
    let close = CouncilAction::Close(firebreak_messages::guardian::Closing {
        incident,
        false_alarm: false,
        post_mortem: Some(cosmwasm_std::Binary::from([7; 32])),
        began_at: None,
    });
    let closed = world.council_decides(&close).done();
    assert_eq!(closed.fact::<PlaybookUndone>().run, started.run);
    assert_eq!(closed.fact::<IncidentAdvanced>().status, IncidentStatus::Resolved);
    assert_eq!(config(&world), normal);
    let record = world.incidents().pop().unwrap();
    assert_eq!(record.post_mortem, Some(cosmwasm_std::Binary::from([7; 32])));
}

/// A price in free fall for so many steps of twenty minutes.
fn falls(world: &mut World, steps: u32) {
    for step in 1..=steps {
        world.advance(HOUR / 3);
        world.refresh().done();
        world.advance(30);
        world.price(BTC, price(&(60_000 * 93_u64.pow(step) / 100_u64.pow(step)).to_string())).done();
        world.next_block();
    }
}

// the council's own incident, of no market, is quiet while signals come to that of the run whose undo its run took over.
#[test]
fn what_a_signal_took_is_not_given_back_before_its_time_while_the_market_is_restricted() {
    let mut world = World::builder().build();
    let normal = config(&world);
    let tight = MarketConfig { open_interest_max: Size::from_atoms(1), ..normal.clone() };
    let step = |config: &MarketConfig| {
        let msg = VaultMsg::ConfigureMarket { market: BTC, config: config.clone() };
        let firebreak_messages::guardian::Call::Execute { contract, msg, .. } = world.call(Code::Vault, &msg) else {
            panic!("a migration")
        };
        Step::Call { contract, msg }
    };
    let mut caps = world.template(BTC, "price-crash");
    (caps.steps, caps.undo, caps.cool_down_seconds) = (vec![step(&tight)], vec![step(&normal)], 60);
    world.approve(vec![caps]).done();
    world.refresh().done();
    falls(&mut world, 1);
    assert_eq!((world.runs().len(), config(&world)), (1, tight.clone()));
    world.advance(60);
    let again = world.run_playbook("price-crash").fact::<PlaybookStarted>();
    falls(&mut world, 4);
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    let closed = world.close_incident(again.incident, false).done();
    assert_eq!(closed.fact::<IncidentAdvanced>().status, IncidentStatus::Resolved);
    assert_eq!((closed.facts::<PlaybookUndone>(), config(&world)), (vec![], tight));
    let (run, undo_at) = (again.run, again.undo_at);
    world.undo(run).refused_with(GuardianError::TooEarlyToUndo { run, undo_at, now: world.now() });
    world.advance_to(undo_at);
    assert_eq!(world.undo(run).fact::<PlaybookUndone>().run, run);
    assert_eq!(config(&world), normal);
}

// the incident is of all markets, and no rule restricts those; one restricts the market that is configured.
#[test]
fn a_resolved_gap_is_undone_before_its_time_in_a_calm_market_alone() {
    for (steps, level, undone) in [(0, Level::Normal, true), (4, Level::ReduceOnly, false)] {
        let mut world = World::builder().build();
        let gap = world.template(BTC, "chain-gap");
        world.approve(vec![gap]).done();
        world.refresh().done();
        let normal = config(&world);
        let started = world.run_playbook("chain-gap").fact::<PlaybookStarted>();
        let gapped = config(&world);
        assert_eq!((normal.gap_rounds, gapped.gap_rounds), (0, 6));
        falls(&mut world, steps);
        world.advance_to(world.now().max(started.undo_at - DAY + HOUR));
        world.refresh().done();
        assert_eq!(world.effective(BTC).posture.level, level);
        let closed = world.close_incident(started.incident, false).done();
        assert_eq!(closed.fact::<IncidentAdvanced>().status, IncidentStatus::Resolved);
        assert_eq!(closed.has::<PlaybookUndone>(), undone);
        assert_eq!(config(&world), if undone { normal } else { gapped });
    }
}

#[test]
fn a_compromised_oracle_is_replaced_by_its_fallback() {
    let mut world = approved("oracle-compromise");
    let feeders = |world: &World| {
        let feed: FeedResponse = world.query(Code::Oracle, &OracleQuery::Feed { feed: feed_of(BTC) });
        feed.config.feeders.into_iter().map(|feeder| feeder.address).collect::<Vec<_>>()
    };
    let own = feeders(&world);
    let outcome = world.run_playbook("oracle-compromise").done();
    let started = outcome.fact::<PlaybookStarted>();
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    assert_eq!(world.effective(ETH).posture.level, Level::Normal);
    let fallback: Vec<_> = (0..3).map(|index| world.address(&format!("fallback-{index}")).to_string()).collect();
    assert_eq!(feeders(&world), fallback);
    // The old feeders' word counts nothing; the market is reduce-only, and exits stay open.
    assert!(!world.report_of(0, &[(BTC, price("1"))]).is_done());
    world.add_collateral("alice", usd(10)).done();
    let incident = world.incidents().pop().unwrap();
    assert_eq!((&*incident.causes, incident.market), (&["oracle-compromise".to_string()][..], Some(BTC)));
    assert_eq!((incident.status, incident.level_max), (IncidentStatus::Contained, Level::ReduceOnly));
    // Two hours later the restriction is over. The sources that were thought compromised come back through the timelock alone.
    world.advance(2 * HOUR);
    let over = GuardianError::RunOver { run: started.run, found: RunStatus::Ended };
    world.undo(started.run).refused_with(over);
    assert_eq!(feeders(&world), fallback);
    let config = world.setup().feeds.iter().find(|setup| setup.feed == feed_of(BTC)).unwrap().config.clone();
    let call = world.call(Code::Oracle, &OracleMsg::SetFeed { feed: feed_of(BTC), config });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    world.advance_to(scheduled.ready_at);
    world.execute_operation(scheduled.operation).done();
    assert_eq!(feeders(&world), own);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
}

/// A feed that names a fallback: the procedure promotes it, and only the timelock brings the feed's own sources back.
#[test]
fn a_compromised_oracle_gives_way_to_its_fallback_feed() {
    let mut world = World::builder().feed(BTC, |config| config.fallback = Some(feed_of(ETH))).build();
    let playbook = world.template(BTC, "oracle-compromise");
    world.approve(vec![playbook]).done();
    world.refresh().done();
    world.run_playbook("oracle-compromise").fact::<PlaybookStarted>();
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    // The compromised feeders' word is passed over.
    world.report(&[(BTC, price("1"))]).done();
    world.next_block();
    let before = world.price_record(BTC).unwrap().latest().unwrap().clone();
    assert_ne!(before.price, price("1"));
    world.price(ETH, price("3000")).done();
    let after = world.price_record(BTC).unwrap().latest().unwrap().clone();
    assert_eq!((after.round, after.price), (before.round + 1, price("3000")));
    // No playbook demotes; the DAO does.
    let demote = OracleMsg::DemoteFallback { feed: feed_of(BTC) };
    let call = world.call(Code::Oracle, &demote);
    world.govern(vec![call]).done();
    world.price(BTC, price("60000")).done();
    assert_eq!(world.price_record(BTC).unwrap().latest().unwrap().price, price("60000"));
}

// in both orders, and the approved response to sources that lie waits for neither.
#[test]
fn a_fallback_is_promoted_right_after_a_configuration_and_the_timelocks_feed_waits() {
    let mut world = World::builder().feed(BTC, |config| config.fallback = Some(feed_of(ETH))).build();
    let playbook = world.template(BTC, "oracle-compromise");
    world.approve(vec![playbook]).done();
    let parameters = world.setup().vault.clone();
    let configuration = world.call(Code::Vault, &VaultMsg::Configure { parameters });
    let promotion = world.call(Code::Oracle, &OracleMsg::PromoteFallback { feed: feed_of(BTC) });
    let second = world.schedule(vec![configuration.clone()]).fact::<OperationScheduled>();
    let feed = world.schedule(vec![promotion]).fact::<OperationScheduled>();
    world.govern(vec![configuration]).done();
    let (free_at, now, feed) = (feed.ready_at + DAY, world.now(), feed.operation);
    let held = GuardianError::VaultConfigured { operation: feed, free_at, now };
    world.execute_operation(feed).refused_with(held);
    let outcome = world.run_playbook("oracle-compromise").done();
    let steps: Vec<_> = outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect();
    assert_eq!(steps, [StepOutcome::Done; 2]);
    // From then on the first order holds, too.
    let (operation, free_at, now) = (second.operation, world.now() + DAY, world.now());
    world.execute_operation(operation).refused_with(GuardianError::FeedChanged { operation, free_at, now });
    world.advance_to(free_at);
    assert_eq!(world.execute_operation(operation).fact::<OperationExecuted>(), OperationExecuted { operation });
    // In sight for both delays by now: no further configuration holds it up.
    world.execute_operation(feed).done();
}

#[test]
fn a_market_is_quarantined_and_the_others_go_on() {
    let mut world = approved("market-quarantine");
    world.open("alice", BTC, size("1")).done();
    let normal = config(&world);
    let started = world.run_playbook("market-quarantine").fact::<PlaybookStarted>();
    assert_eq!(config(&world).open_interest_max, Size::from_atoms(1));
    assert_eq!(
        (world.effective(BTC).posture.level, world.effective(ETH).posture.level),
        (Level::ReduceOnly, Level::Normal)
    );
    // After the restriction's end the caps still keep new exposure out, and the way out is open all the time.
    world.close("alice", BTC).fact::<OrderFilled>();
    world.advance(DAY);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    assert!(!world.place("alice", BTC, size("0.1")).is_done());
    world.open("alice", ETH, size("1")).fact::<OrderFilled>();
    world.advance_to(started.undo_at);
    world.undo(started.run).fact::<PlaybookUndone>();
    assert_eq!(config(&world), normal);
    // the raised cap ramps from where it stood, a quarter of it a day.
    world.advance(DAY);
    world.refresh().done();
    world.open("alice", BTC, size("0.1")).fact::<OrderFilled>();
}

/// The levels of a market from now on, each once, with the seconds at which they were seen.
fn levels(world: &mut World, market: MarketId, seconds: u64, step: u64) -> Vec<Level> {
    let (mut levels, end) = (vec![], world.now() + seconds);
    while world.now() < end {
        let level = world.effective(market).posture.level;
        if levels.last() != Some(&level) {
            levels.push(level);
        }
        world.advance(step);
        world.refresh().done();
    }
    levels
}

//
#[test]
fn a_drained_pool_and_a_gap_freeze_everything_and_reopen_in_steps() {
    for (name, seconds, step) in [("pool-drain", 25 * HOUR, 1_800), ("chain-gap", 2 * HOUR, 120)] {
        let mut world = approved(name);
        let normal = config(&world);
        let outcome = world.run_playbook(name).done();
        let started = outcome.fact::<PlaybookStarted>();
        let steps: Vec<_> = outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect();
        assert_eq!(steps, [StepOutcome::Done; 3]);
        // Collateral in, requests and reduce orders are taken even now.
        world.add_collateral("alice", usd(10)).done();
        assert_eq!(levels(&mut world, BTC, seconds, step), [Level::Frozen, Level::ReduceOnly, Level::Normal], "{name}");
        let incident = world.incidents().pop().unwrap();
        assert_eq!((incident.market, incident.level_max), (None, Level::Frozen));
        // Quiet for long, and over when what was configured is as before: by anyone when it is due.
        world.advance_to(world.now().max(started.undo_at));
        world.refresh().done();
        let advanced = world.advance_incident(incident.incident).done();
        assert_eq!(advanced.fact::<IncidentAdvanced>().status, IncidentStatus::Recovering);
        assert_eq!(advanced.fact::<PlaybookUndone>().run, started.run);
        let advanced = world.advance_incident(incident.incident).fact::<IncidentAdvanced>();
        assert_eq!((advanced.status, config(&world)), (IncidentStatus::Resolved, normal));
        let times = world.incident_times(incident.incident);
        assert_eq!(
            (times.time_to_contain, times.time_to_recover),
            (Some(0), Some(world.now() - incident.contained_at))
        );
        // A closed one stays closed.
        assert!(world.advance_incident(incident.incident).facts::<IncidentAdvanced>().is_empty());
    }
}

// who liquidates himself in a thin market reaches reduce-only too, and that moves no coins of the fund.
#[test]
fn a_crash_is_what_prices_say_and_nothing_that_a_trader_can_feed() {
    let mut world = approved("price-crash");
    let (breaker, guardian) = (world.addresses.circuit_breaker.clone(), world.addresses.guardian.clone());
    let mut started = |rule: RuleId| {
        let (level, moved, observed_at) = (Level::ReduceOnly, Ratio::ONE, world.now());
        let signal = ExecuteMsg::Signal { market: BTC, rule, level, moved, observed_at };
        let outcome = world.transact(&breaker, &guardian, &signal, Amount::ZERO, Nature::Any).done();
        outcome.facts::<PlaybookStarted>().len()
    };
    use RuleId::*;
    for rule in [Flow, Liquidations, PoolDrawdown, Outflow, FundDrawdown, BadDebt, Concentration, Observers, Silence] {
        assert_eq!(started(rule), 0, "{rule}");
    }
    assert_eq!(started(Surprise), 1);
    let rules: Vec<_> = world.template(BTC, "price-crash").signals.into_iter().map(|signal| signal.rule).collect();
    assert_eq!(rules, [Band, Velocity, Surprise, HourMove, DayMove].map(Some));
    let others = world.templates(BTC).into_iter().filter(|playbook| playbook.name != "price-crash");
    assert!(others.into_iter().all(|playbook| playbook.council && playbook.signals.is_empty()));
}

// a playbook runs without a dry run, so it cannot do what a dry run is for.
#[test]
fn a_playbook_asks_for_no_more_maintenance_margin_and_no_higher_fee_than_at_its_approval() {
    let mut world = World::builder().build();
    let now = config(&world);
    let today = now.margin.clone();
    let of = |margin: MarginParams| MarketConfig { margin, ..now.clone() };
    let with = |world: &World, config: MarketConfig, undo: bool| {
        let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
        let firebreak_messages::guardian::Call::Execute { contract, msg, .. } = call else { panic!("a migration") };
        let mut playbook = world.template(BTC, "market-quarantine");
        let steps = if undo { &mut playbook.undo } else { &mut playbook.steps };
        *steps = vec![Step::Call { contract, msg }];
        playbook
    };
    let up = |ratio: Ratio| Ratio::from_atoms(ratio.atoms() + 1);
    let higher = [
        MarginParams { initial_margin_ratio: up(today.initial_margin_ratio), ..today.clone() },
        MarginParams { initial_margin_slope: up(today.initial_margin_slope), ..today.clone() },
        MarginParams { maintenance_scalar: up(today.maintenance_scalar), ..today.clone() },
        MarginParams { margin_min: Amount::from_atoms(today.margin_min.atoms() + 1), ..today.clone() },
    ];
    // What closing costs counts against the maintenance margin.
    let dearer = MarketConfig { taker_fee_ratio: up(now.taker_fee_ratio), ..now.clone() };
    for config in higher.map(of).into_iter().chain([dearer]) {
        for undo in [false, true] {
            let playbook = with(&world, config.clone(), undo);
            let guardian = world.addresses.guardian.clone();
            let approval = ExecuteMsg::SetPlaybook(playbook);
            let refused = GuardianError::StepNotAllowed { what: "a higher maintenance margin or fee than today's" };
            world.transact(&guardian, &guardian, &approval, Amount::ZERO, Nature::Any).refused_with(refused);
        }
    }
    // More initial margin, of which a smaller share has to stay.
    let cautious = MarginParams {
        initial_margin_ratio: Ratio::from_atoms(today.initial_margin_ratio.atoms() * 2),
        maintenance_scalar: Ratio::from_atoms(today.maintenance_scalar.atoms() / 2),
        ..today.clone()
    };
    let cheaper = MarketConfig { taker_fee_ratio: Ratio::from_atoms(now.taker_fee_ratio.atoms() / 2), ..now.clone() };
    for config in [of(today), of(cautious), cheaper] {
        let playbook = with(&world, config, false);
        world.approve(vec![playbook]).fact::<PlaybookApproved>();
    }
}

#[test]
fn an_incident_that_nobody_contained_is_resolved_by_anyone_when_it_was_quiet() {
    let mut world = World::builder().build();
    let (scope, began_at) = (Scope::All, world.now());
    let open = CouncilAction::Open { scope, cause: "a rumour".into(), began_at };
    let opened = world.council_decides(&open).fact::<IncidentOpened>();
    world.advance(HOUR - 1);
    assert!(world.advance_incident(opened.incident).facts::<IncidentAdvanced>().is_empty());
    world.advance(1);
    let advanced = world.advance_incident(opened.incident).fact::<IncidentAdvanced>();
    assert_eq!((advanced.status_before, advanced.status), (IncidentStatus::Detected, IncidentStatus::Resolved));
    assert_eq!(world.incident_times(opened.incident).time_to_recover, None);
}

#[test]
fn an_incident_lasts_as_long_as_a_mild_step_of_its_own() {
    let mut world = World::builder().build();
    let mut playbook = world.template(BTC, "chain-gap");
    let step = |scope, duration_seconds| {
        Step::Restrict(firebreak_messages::guardian::Tightening { scope, level: Level::Guarded, duration_seconds })
    };
    playbook.steps = vec![step(Scope::All, 6 * HOUR), step(Scope::Market(BTC), HOUR)];
    world.approve(vec![playbook]).done();
    let run = world.run_playbook("chain-gap").done();
    let incident = run.fact::<IncidentOpened>().incident;
    for (wait, wanted) in [(3 * HOUR, IncidentStatus::Contained), (3 * HOUR, IncidentStatus::Resolved)] {
        world.advance(wait);
        world.refresh().done();
        world.advance_incident(incident).done();
        assert_eq!(world.incidents()[0].status, wanted);
    }
}

// what provokes playbooks does not spend the council's budget, nor freeze for ever.
#[test]
fn procedures_have_a_budget_of_their_own() {
    let mut world = World::builder().build();
    let week = Step::Restrict(firebreak_messages::guardian::Tightening {
        scope: firebreak_messages::circuit_breaker::Scope::Market(BTC),
        level: Level::ReduceOnly,
        duration_seconds: 7 * DAY,
    });
    let mut playbook = world.template(BTC, "chain-gap");
    playbook.steps = vec![week];
    playbook.signals = vec![SignalTrigger { market: None, rule: None, level: Level::Guarded }];
    world.approve(vec![playbook]).done();
    world.run_playbook("chain-gap").done();
    assert_eq!(world.runs()[0].steps, [StepOutcome::Done]);
    world.advance(2 * HOUR);
    world.refresh().done();
    // The seven days of any 28 are spent: the next run's step is refused by the breaker, and the run stands.
    world.run_playbook("chain-gap").done();
    assert_eq!(world.runs()[1].steps, [StepOutcome::Failed]);
    let scope = firebreak_messages::circuit_breaker::Scope::Market(BTC);
    world.council_restrict(scope, Level::ReduceOnly, 7 * DAY).done();
}

//
#[test]
fn a_change_of_members_voids_open_confirmations() {
    let mut world = World::builder().build();
    let scope = firebreak_messages::circuit_breaker::Scope::All;
    let action = CouncilAction::restrict(scope, Level::Frozen, 600);
    let council = world.council();
    world.confirm("council-0", &action, council.nonce).done();
    assert_eq!(world.council().pending.len(), 1);
    // Who confirmed leaves and comes back: its old confirmation would count again without this.
    let group = world.addresses.council_group.clone();
    let admin = world.address("deployer");
    let member = world.address("council-0").to_string();
    let change = |remove: Vec<String>, add: Vec<cw4::Member>| cw4_group::msg::ExecuteMsg::UpdateMembers { remove, add };
    let leave = change(vec![member.clone()], vec![]);
    world.transact(&admin, &group, &leave, firebreak_risk::Amount::ZERO, Nature::Any).done();
    let back = change(vec![], vec![cw4::Member { addr: member, weight: 1 }]);
    world.transact(&admin, &group, &back, firebreak_risk::Amount::ZERO, Nature::Any).done();
    let now = world.council();
    assert_eq!((now.nonce, now.epoch, now.pending), (council.nonce + 2, council.epoch + 2, vec![]));
    let (wanted, found) = (now.nonce, council.nonce);
    world.confirm("council-1", &action, council.nonce).refused_with(GuardianError::StaleNonce { wanted, found });
    // With the nonce of now the second member is the first to confirm, and decides nothing.
    world.confirm("council-1", &action, now.nonce).done();
    assert_eq!(world.council().pending[0].confirmations, [world.address("council-1").to_string()]);
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    // A stranger's word about members changes nothing, and is no error.
    let hook = ExecuteMsg::MemberChangedHook { diffs: vec![] };
    world.send("mallory", Code::Guardian, &hook, firebreak_risk::Amount::ZERO).done();
    assert_eq!(world.council().nonce, now.nonce);
}

#[test]
fn an_orderly_wind_down_is_announced_with_notice() {
    let mut world = World::builder().build();
    let playbook = world.template(BTC, "orderly-wind-down");
    let outcome = world.approve(vec![playbook]).done();
    // The end of a vault is never approved sooner than it could be scheduled.
    assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Code);
    let outcome = world.run_playbook("orderly-wind-down").done();
    let steps: Vec<_> = outcome.facts::<PlaybookStep>().into_iter().map(|fact| fact.outcome).collect();
    assert_eq!(steps, [StepOutcome::Done; 2]);
    let announced = outcome.facts::<MarketSettlementScheduled>();
    assert_eq!(
        announced.iter().map(|fact| (fact.market, fact.at)).collect::<Vec<_>>(),
        [(BTC, world.now() + 2 * HOUR), (ETH, world.now() + 2 * HOUR)]
    );
    assert_eq!(world.effective(ETH).posture.level, Level::ReduceOnly);
}
