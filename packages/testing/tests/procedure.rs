//! The four tiers together, on the whole suite: limits, reflex, procedure, deliberation.

use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{
    ExecuteMsg as BreakerMsg, RestrictionAdded, RestrictionLifted, RuleTripped, Scope,
};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, ConfigResponse, ExecuteMsg as VaultMsg, OrderFilled, QueryMsg as VaultQuery,
};
use firebreak_messages::guardian::{
    Call, Closing, CouncilAccepted, CouncilAction, CouncilChanged, CouncilConfig, CouncilNamed, DelayClass,
    ExecuteMsg as GuardianMsg, IncidentAdvanced, IncidentCause, IncidentOpened, IncidentStatus, IncidentTimesResponse,
    OperationExecuted, OperationFailed, OperationScheduled, OperationStatus, Playbook, Sentinel, Step, Tightening,
};
use firebreak_messages::{Action, MarketId, Reason, RuleId, Source};
use firebreak_risk::{Amount, Level, Ratio};
use firebreak_testing::*;

#[test]
fn a_bootstrap_with_another_admin_than_the_guardian_itself_fails() {
    let error = World::builder().bootstrap_admin("somebody").try_build().err().expect("the bootstrap must fail");
    let found = error.downcast_ref::<GuardianError>();
    assert!(matches!(found, Some(GuardianError::AdminNotSelf { found }) if found.starts_with("wasm1")), "{error:#}");
}

#[test]
fn every_contract_of_the_suite_is_administered_by_the_guardian() {
    let world = World::builder().build();
    let guardian = world.addresses.guardian.clone();
    for code in [Code::Oracle, Code::Breaker, Code::Insurance, Code::Guardian, Code::Vault] {
        assert_eq!(world.admin_of(code), Some(guardian.clone()), "{}", code.name());
    }
}

#[test]
fn a_crash_is_detected_contained_and_reopened_without_anybody() {
    let mut world = World::builder().trader("alice", usd(50_000)).build();
    world.open("alice", BTC, size("1")).done();
    // Calm for five minutes, so that the mean is where the price is.
    for _ in 0..20 {
        world.advance(10);
        world.price(BTC, price("60000")).done();
    }
    // 4 % within a minute, 1.6 maintenance margins: the velocity rule's second step.
    let outcome = world.price(BTC, price("57600")).done();
    let trips: Vec<_> = outcome.facts::<RuleTripped>().into_iter().map(|fact| (fact.rule, fact.level.0)).collect();
    assert!(trips.contains(&(RuleId::Velocity, Level::ReduceOnly)), "{trips:?}");
    assert!(outcome.has::<RestrictionAdded>());
    // Detected, contained, recorded in the transaction that carried the price.
    let incident = world.incidents().pop().expect("an incident");
    assert_eq!(incident.market, Some(BTC));
    assert!(incident.contained_at - incident.detected_at <= world.block_seconds());

    // the status and the refusal give level, cause, since, until and what stays allowed.
    let status = world.status(BTC).effective;
    assert_eq!((status.posture.level, status.reason), (Level::ReduceOnly, Some(Reason::Velocity)));
    assert!(status.since > 0 && status.until > world.now());
    world.place("alice", BTC, size("0.1")).refused_with(VaultError::Restricted {
        action: Action::IncreaseExposure,
        level: Level::ReduceOnly,
        reason: Reason::Velocity,
        since: status.since,
        until: status.until,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    });
    // The way out stays open, in that market too.
    world.add_collateral("alice", usd(100)).done();
    world.place_reduce("alice", BTC, size("-0.4")).done();
    world.advance(10);
    world.price(BTC, price("57600")).done();
    assert_eq!(world.execute(BTC).fact::<OrderFilled>().size_after, size("0.6"));

    // Nobody does anything but report prices: the market re-opens in steps.
    let mut levels = vec![];
    for _ in 0..120 {
        world.advance(25);
        world.price(BTC, price("57600")).done();
        let level = world.effective(BTC).posture.level;
        if levels.last() != Some(&level) {
            levels.push(level);
        }
    }
    assert_eq!(levels, [Level::ReduceOnly, Level::Guarded, Level::Normal]);
    world.open("alice", BTC, size("0.1")).fact::<OrderFilled>();
}

//
#[test]
fn the_second_confirmation_restricts_in_its_own_transaction() {
    let mut world = World::builder().build();
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, 3_600);
    let nonce = world.council().nonce;
    let (sender, height) = ("council-0", world.height());
    world.confirm(sender, &action, nonce).done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    let acted = world.confirm("council-2", &action, nonce).done();
    assert_eq!(acted.fact::<RestrictionAdded>().source, Source::Council);
    assert_eq!(world.height(), height);
    for market in [BTC, ETH] {
        assert_eq!(world.effective(market).posture.level, Level::ReduceOnly);
    }
    // the nonce is used up.
    let again = world.confirm("council-1", &action, nonce).refusal();
    assert_eq!(again.error_as(), Some(&GuardianError::StaleNonce { wanted: nonce + 1, found: nonce }));
    let stranger = world.address("mallory").to_string();
    let refused = world.confirm("mallory", &action, nonce + 1).refusal();
    assert_eq!(refused.error_as(), Some(&GuardianError::NotMember { found: stranger }));
}

// R-20, F14
#[test]
fn a_market_that_is_restricted_by_name_is_reduce_only_with_all_others_and_free_collateral_leaves() {
    // Of 4,000 an hour traders have half; a quarter of that at reduce-only.
    let floor = |vault: &mut firebreak_messages::derivatives_vault::VaultParameters| {
        let outflow = &mut vault.outflow;
        (outflow.hour_min, outflow.hour_ratio) = (usd(4_000), Ratio::ZERO);
        (outflow.day_min, outflow.day_ratio) = (usd(96_000), Ratio::ZERO);
    };
    let mut world = World::builder().vault(floor).trader("alice", usd(10_000)).trader("bob", usd(10_000)).build();
    world.open("alice", ETH, size("1")).done();
    // What came in counts as capacity, and has flowed off.
    world.advance(6 * 3_600);
    world.refresh().done();
    world.council_restrict(Scope::Market(ETH), Level::Guarded, 2 * 3_600).done();
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, 3_600);
    let (nonce, height) = (world.council().nonce, world.height());
    world.confirm("council-0", &action, nonce).done();
    let levels = |world: &World| [BTC, ETH].map(|market| world.effective(market).posture.level);
    assert_eq!(levels(&world), [Level::Normal, Level::Guarded]);
    let decided = world.confirm("council-2", &action, nonce).done();
    assert_eq!(decided.fact::<RestrictionAdded>().scope, Scope::All);
    assert_eq!((levels(&world), world.height()), ([Level::ReduceOnly; 2], height));
    for market in [BTC, ETH] {
        assert_eq!(world.effective(market).reason, Some(Reason::Council));
        let refused = world.place("alice", market, size("0.1")).refusal();
        assert!(matches!(
            refused.error_as::<VaultError>(),
            Some(VaultError::Restricted { action: Action::IncreaseExposure, level: Level::ReduceOnly, .. })
        ));
    }
    // In the same block: with a position in the market of that name, and without any, until the limiter has no more.
    assert_eq!(world.withdraw("alice", usd(100)).fact::<CollateralWithdrawn>().amount, usd(100));
    assert_eq!(world.withdraw("bob", usd(2_000)).fact::<CollateralWithdrawn>().amount, usd(400));
    assert_eq!((world.balance("alice"), world.balance("bob")), (usd(100), usd(400)));
    world.place_reduce("alice", ETH, size("-1")).done();
    world.advance(10);
    world.refresh().done();
    assert!(world.execute(ETH).fact::<OrderFilled>().size_after.is_zero());
    // Its own restriction is still there when that of all is over.
    world.advance(3_600);
    world.refresh().done();
    assert_eq!(levels(&world), [Level::Normal, Level::Guarded]);
}

#[test]
fn the_dao_changes_a_parameter_after_its_delay_and_not_before() {
    let mut world = World::builder().build();
    let mut parameters = world.setup().vault.clone();
    parameters.execution_fee = Amount::from_atoms(250_000);
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    assert_eq!(scheduled.class, DelayClass::Roles);
    let (operation, now) = (scheduled.operation, world.now());
    world.execute_operation(operation).refused_with(GuardianError::NotReady {
        operation,
        ready_at: scheduled.ready_at,
        now,
    });
    world.advance_to(scheduled.ready_at);
    world.execute_operation(operation).fact::<OperationExecuted>();
    let config: ConfigResponse = world.query(Code::Vault, &VaultQuery::Config {});
    assert_eq!(config.config.parameters.execution_fee, Amount::from_atoms(250_000));
}

#[test]
fn only_the_timelock_lifts_what_the_council_set() {
    let mut world = World::builder().build();
    world.council_restrict(Scope::Market(ETH), Level::ReduceOnly, 200_000).done();
    // The council cannot take it back, not even by a shorter one.
    world.council_restrict(Scope::Market(ETH), Level::Guarded, 60).done();
    world.advance(120);
    world.refresh().done();
    assert_eq!(world.effective(ETH).posture.level, Level::ReduceOnly);

    let lift = BreakerMsg::Lift { scope: Scope::Market(ETH), source: Source::Council };
    let refused = world.send("council-0", Code::Breaker, &lift, Amount::ZERO);
    assert!(!refused.is_done());
    let call = world.call(Code::Breaker, &lift);
    let outcome = world.govern(vec![call]).done();
    assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Roles);
    assert_eq!(outcome.fact::<RestrictionLifted>().level.0, Level::Normal);
    assert_eq!(world.effective(ETH).posture.level, Level::Normal);
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
}

//
#[test]
fn an_operation_whose_second_call_fails_writes_nothing() {
    let mut world = World::builder().build();
    let mut parameters = world.setup().vault.clone();
    let fee = parameters.execution_fee;
    parameters.execution_fee = Amount::from_atoms(250_000);
    let good = world.call(Code::Vault, &VaultMsg::Configure { parameters: parameters.clone() });
    // Past the documented bounds.
    parameters.order_delay_seconds = 1;
    let bad = world.call(Code::Vault, &VaultMsg::Configure { parameters });
    let outcome = world.govern(vec![good, bad]).done();
    let failed = outcome.fact::<OperationFailed>();
    assert_eq!(world.operation(failed.operation).status, OperationStatus::Failed);
    let config: ConfigResponse = world.query(Code::Vault, &VaultQuery::Config {});
    assert_eq!(config.config.parameters.execution_fee, fee);
}

#[test]
fn code_is_migrated_through_the_slowest_class_and_the_guardian_migrates_itself() {
    let mut world = World::builder().trader("alice", usd(10_000)).build();
    world.open("alice", BTC, size("1")).done();
    let msg = cosmwasm_std::to_json_binary(&firebreak_messages::derivatives_vault::MigrateMsg {}).unwrap();
    for code in [Code::Vault, Code::Oracle, Code::Breaker, Code::Insurance, Code::Guardian] {
        let contract = world.addresses.of(code).to_string();
        let call = Call::Migrate { contract, code_id: world.code_id(code), msg: msg.clone() };
        let outcome = world.govern(vec![call]).done();
        assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Code);
        assert!(outcome.has::<OperationExecuted>(), "{}", code.name());
    }
    world.close("alice", BTC).fact::<OrderFilled>();
}

#[test]
fn the_canceller_cancels_and_the_proposer_does_not() {
    let mut world = World::builder().build();
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: world.setup().vault.clone() });
    let operation = world.schedule(vec![call]).fact::<OperationScheduled>().operation;
    assert!(!world.dao_executes(&GuardianMsg::Cancel { operation }).is_done());
    world.cancel_operation(operation).done();
    world.advance(10_000);
    world
        .execute_operation(operation)
        .refused_with(GuardianError::NotScheduled { operation, found: OperationStatus::Canceled });
}

// a council that was taken is replaced by one whose keys somebody holds, and by no other.
#[test]
fn another_council_takes_over_when_its_own_members_accept() {
    let mut world = World::builder().build();
    let before = world.council();
    assert!(before.hooked);
    let named = |world: &mut World, group: String| {
        let council = CouncilConfig { group, ..world.council().config };
        let call = world.call(Code::Guardian, &GuardianMsg::SetCouncil { council });
        let outcome = world.govern(vec![call]).done();
        assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Roles);
        outcome.fact::<CouncilNamed>()
    };
    // Keys that nobody holds: it never takes over, and the council in power goes on.
    let nobody = world.another_group(&["nobody-0", "nobody-1"], true);
    let expires_at = named(&mut world, nobody.to_string()).expires_at;
    world.council_restrict(Scope::Market(ETH), Level::Guarded, 60).done();
    world.advance_to(expires_at);
    world.accept_council("nobody-0").refused_with(GuardianError::NoCouncilCandidate { expires_at });
    let still = world.council();
    assert_eq!((still.config, still.candidate), (before.config.clone(), None));
    // The right one, which forgot its hook.
    let group = world.another_group(&["new-0", "new-1", "new-2"], false);
    named(&mut world, group.to_string());
    let (freeze, nonce) = (CouncilAction::restrict(Scope::All, Level::Frozen, 3_600), world.council().nonce);
    world.confirm("council-0", &freeze, nonce).done();
    // Neither the old council, nor who proposes, nor a stranger speaks for it; nor is it the council before.
    for name in ["council-0", "canceller", "mallory"] {
        let found = world.address(name).to_string();
        world.accept_council(name).refused_with(GuardianError::NotMember { found });
    }
    let found = world.address("new-0").to_string();
    world.confirm("new-0", &freeze, nonce).refused_with(GuardianError::NotMember { found });
    assert!(!world.accept_council("new-0").done().has::<CouncilChanged>());
    world.accept_council("new-1").refused_with(GuardianError::NoHook { group: group.to_string() });
    world.hook(&group);
    // What one of the old council has confirmed waits, and ends with its power.
    assert_eq!(world.council().pending.len(), 1);
    let outcome = world.accept_council("new-1").done();
    assert_eq!(outcome.fact::<CouncilAccepted>().weight, 2);
    let changed = outcome.fact::<CouncilChanged>();
    assert_eq!((changed.group_before, changed.group), (before.config.group, group.to_string()));
    let now = world.council();
    assert_eq!((now.nonce, now.pending, now.hooked), (nonce + 1, vec![], true));
    world
        .confirm("council-1", &freeze, nonce)
        .refused_with(GuardianError::StaleNonce { wanted: nonce + 1, found: nonce });
    let found = world.address("council-1").to_string();
    world.confirm("council-1", &freeze, nonce + 1).refused_with(GuardianError::NotMember { found });
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    // The new one acts, and other members void what waits.
    world.confirm("new-0", &freeze, nonce + 1).done();
    let leave = cw4_group::msg::ExecuteMsg::UpdateMembers { remove: vec![world.address("new-0").into()], add: vec![] };
    let admin = world.address("deployer");
    world.transact(&admin, &group, &leave, Amount::ZERO, Nature::Any).done();
    assert_eq!((world.council().nonce, world.council().pending), (nonce + 2, vec![]));
    world.confirm("new-1", &freeze, nonce + 2).done();
    world.confirm("new-2", &freeze, nonce + 2).done();
    assert_eq!(world.effective(BTC).posture.level, Level::Frozen);
}

/// A cause, and who is it: each holds BTC guarded for ten minutes.
type Opening = (&'static str, fn(&mut World) -> Attempt);
const OPENINGS: [Opening; 3] = [
    ("council", |world| world.council_restrict(Scope::Market(BTC), Level::Guarded, 600)),
    ("sentinel", |world| world.send("sentinel", Code::Guardian, &GuardianMsg::Trip {}, Amount::ZERO)),
    ("hold", |world| world.run_playbook("hold")),
];

#[test]
fn an_incident_took_as_long_as_the_breakers_records_say_whoever_contained_it() {
    for (cause, open) in OPENINGS {
        let mut world = World::builder().build();
        let step = Tightening { scope: Scope::Market(BTC), level: Level::Guarded, duration_seconds: 600 };
        let sentinel = Sentinel { address: world.address("sentinel").to_string(), step: step.clone() };
        let call = world.call(Code::Guardian, &GuardianMsg::SetSentinel(sentinel));
        world.govern(vec![call]).done();
        world.send("sentinel", Code::Guardian, &GuardianMsg::AcceptSentinel(step.clone()), Amount::ZERO).done();
        let playbook = Playbook {
            name: "hold".into(),
            council: true,
            steps: vec![Step::Restrict(step)],
            undo: vec![],
            undo_after_seconds: 0,
            ..world.template(BTC, "chain-gap")
        };
        world.approve(vec![playbook]).done();
        let opened_at = world.now();
        let incident = open(&mut world).fact::<IncidentOpened>().incident;
        let status = |world: &mut World, seconds| {
            world.advance_to(opened_at + seconds);
            world.advance_incident(incident).facts::<IncidentAdvanced>().pop().map(|fact| fact.status)
        };
        assert_eq!(status(&mut world, 599), None, "{cause}");
        assert_eq!(status(&mut world, 600), Some(IncidentStatus::Recovering), "{cause}");
        assert_eq!(status(&mut world, 3_599), None, "{cause}");
        assert_eq!(status(&mut world, 3_600), Some(IncidentStatus::Resolved), "{cause}");
        let wanted = |time_to_detect| IncidentTimesResponse {
            incident,
            time_to_detect,
            time_to_contain: Some(0),
            time_to_ease: Some(600),
            time_to_recover: Some(3_600),
        };
        assert_eq!(world.incident_times(incident), wanted(0), "{cause}");
        assert_eq!(world.incidents()[0].causes, [cause]);
        // The report says that it began a quarter of an hour before.
        world.advance(86_400);
        let closing = Closing { incident, false_alarm: false, post_mortem: None, began_at: Some(opened_at - 900) };
        world.council_decides(&CouncilAction::Close(closing)).done();
        assert_eq!(world.incident_times(incident), wanted(900), "{cause}");
    }
}

// One of a market that nobody watches would be open for ever, since nobody could read what restricts it.
#[test]
fn an_incident_is_opened_of_a_watched_market_and_ends() {
    let mut world = World::builder().build();
    let began_at = world.now();
    let open = |market| CouncilAction::Open { scope: Scope::Market(market), cause: "a rumour".into(), began_at };
    let refused = GuardianError::OutOfBounds {
        what: "the market of an incident",
        wanted: "one that the breaker watches".into(),
        found: "999".into(),
    };
    world.council_decides(&open(MarketId(999))).refused_with(refused);
    assert_eq!(world.incidents(), []);
    let opened = world.council_decides(&open(BTC)).fact::<IncidentOpened>();
    assert_eq!(world.incidents()[0].market, Some(BTC));
    world.advance(3_600);
    let advanced = world.advance_incident(opened.incident).fact::<IncidentAdvanced>();
    assert_eq!(advanced.status, IncidentStatus::Resolved);
}

#[test]
fn rules_that_trip_after_each_other_are_causes_of_one_incident() {
    let mut world = World::builder().build();
    for _ in 0..31 {
        world.advance(5);
        world.price(BTC, price("60000")).done();
    }
    let (mut causes, mut opened) = (vec![], 0);
    for at in ["59000", "58000", "57000", "56000", "55000", "54000"] {
        let outcome = world.price(BTC, price(at)).done();
        opened += outcome.facts::<IncidentOpened>().len();
        causes.extend(outcome.facts::<IncidentOpened>().into_iter().map(|fact| fact.cause));
        causes.extend(outcome.facts::<IncidentCause>().into_iter().map(|fact| fact.cause));
    }
    let incident = world.incidents().pop().unwrap();
    assert_eq!((opened, &incident.causes), (1, &causes));
    for rule in [RuleId::Velocity, RuleId::Band] {
        assert!(causes.contains(&rule.to_string()), "{causes:?}");
    }
    assert!(incident.signals >= causes.len() as u64);
}
