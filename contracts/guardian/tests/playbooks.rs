//! Playbooks: what may be approved, how long that takes, when they run, and what is left when a step fails.

use crate::common::*;
use cosmwasm_std::{Addr, Binary};
use cw_multi_test::IntoAddr;
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_messages::{derivatives_vault, insurance_fund, oracle, FeedId, MarketId, RuleId, Source};
use firebreak_risk::{Level, Phase, Posture, Ratio};

fn guarded() -> Step {
    restricts(Scope::Market(BTC), Level::Guarded, HOUR)
}

fn out(what: &'static str, wanted: &str, found: &str) -> ContractError {
    ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }
}

/// A playbook that a signal of reduce-only starts.
fn by_signal(name: &str, steps: Vec<Step>) -> Playbook {
    let signals = vec![SignalTrigger { market: None, rule: None, level: Level::ReduceOnly }];
    Playbook { signals, council: false, ..playbook(name, steps) }
}

#[test]
fn the_council_runs_what_was_approved_step_by_step() {
    let mut chain = Chain::new();
    let rules = step(chain.guard(2));
    let both = Playbook {
        undo: vec![step(chain.guard(3))],
        undo_after_seconds: 600,
        ..playbook("both", vec![restricts(Scope::Market(BTC), Level::Frozen, 60), rules])
    };
    chain.approve(both.clone());
    let approved = chain.playbooks();
    assert_eq!((approved.len(), &approved[0].playbook, approved[0].runs, approved[0].stale), (1, &both, 0, false));
    let response = chain.run_playbook("both").unwrap();
    let now = chain.now();
    let started = only::<PlaybookStarted>(&response);
    assert_eq!(started, PlaybookStarted { playbook: "both".into(), run: 1, incident: 1, undo_at: now + 600 });
    let steps = PlaybookStep::all(&response.events);
    let done = |step| PlaybookStep { run: 1, step, undo: false, outcome: StepOutcome::Done };
    assert_eq!(steps, [done(0), done(1)]);
    let received = chain.received(&chain.suite.circuit_breaker);
    assert!(received.iter().all(|received| received.sender == chain.guardian.as_str()));
    let wanted = circuit_breaker::ExecuteMsg::Restrict {
        scope: Scope::Market(BTC),
        source: Source::Procedure,
        phases: vec![Phase { until: now + 60, posture: Posture::preset(Level::Frozen) }],
        incident: 1,
    };
    assert_eq!(received[0].message::<circuit_breaker::ExecuteMsg>(), wanted);
    assert_eq!(received[1].message::<circuit_breaker::ExecuteMsg>(), set_market(2));
    let run = Run {
        run: 1,
        playbook: "both".into(),
        incident: 1,
        started_at: now,
        undo_at: now + 600,
        status: RunStatus::Active,
        steps: vec![StepOutcome::Done; 2],
        undo: vec![StepOutcome::Waiting],
    };
    assert_eq!(chain.runs(), [run]);
    let incident = chain.incident(1);
    assert_eq!(
        (incident.causes, incident.market, incident.level_max),
        (vec!["both".to_string()], Some(BTC), Level::Frozen)
    );
    assert_eq!((incident.status, incident.contained_at), (IncidentStatus::Contained, now));
    // Until its restriction ends: as long as that lasts the incident is not over.
    let action = IncidentAction { at: now, source: Source::Procedure, level: Level::Normal, until: now + 60, run: 1 };
    assert_eq!(incident.actions, [action]);
}

// R-24
#[test]
fn a_step_that_fails_undoes_neither_the_others_nor_the_signal() {
    let mut chain = Chain::new();
    let bad = step(execute(&chain.suite.circuit_breaker, &set_market(666)));
    chain.approve(by_signal("half", vec![guarded(), bad, step(chain.guard(2))]));
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
    let response = chain.send(&breaker, &msg).unwrap();
    assert_eq!(IncidentOpened::all(&response.events).len(), 1);
    let outcomes: Vec<_> = PlaybookStep::all(&response.events).into_iter().map(|fact| fact.outcome).collect();
    assert_eq!(outcomes, [StepOutcome::Done, StepOutcome::Failed, StepOutcome::Done]);
    assert_eq!(chain.runs()[0].steps, outcomes);
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 2);
    // The run belongs to the signal's incident.
    assert_eq!((chain.runs()[0].incident, chain.incident(1).signals, chain.incident(1).actions.len()), (1, 1, 1));
}

#[test]
fn a_council_run_whose_steps_all_fail_contains_nothing() {
    let mut chain = Chain::new();
    let bad = step(execute(&chain.suite.circuit_breaker, &set_market(666)));
    chain.approve(playbook("bad", vec![bad]));
    chain.run_playbook("bad").unwrap();
    let incident = chain.incident(1);
    assert_eq!((incident.status, incident.contained_at, incident.market), (IncidentStatus::Detected, 0, None));
    assert_eq!(chain.runs()[0].status, RunStatus::Ended);
}

// R-25
#[test]
fn an_approval_waits_as_long_as_the_slowest_of_its_steps() {
    let chain = Chain::new();
    let class = |playbook: Playbook| chain.class_of(chain.own(&ExecuteMsg::SetPlaybook(playbook))).class;
    let roles = DelayClass::Roles;
    // Even what waits an hour by itself: who may run it is a power.
    assert_eq!(class(playbook("restricts", vec![guarded()])), roles);
    assert_eq!(class(playbook("parameters", vec![step(chain.guard(1))])), roles);
    let feed = step(execute(&chain.suite.oracle, &set_feed(1)));
    assert_eq!(class(playbook("feed", vec![feed.clone()])), roles);
    assert_eq!(class(playbook("contest", vec![Step::Contest { market: BTC, seconds: DAY }])), roles);
    // Only the slowest class cuts what was contested.
    let cut = execute(&chain.suite.derivatives_vault, &derivatives_vault::ExecuteMsg::CutContested(BTC));
    assert_eq!(chain.class_of(cut).class, DelayClass::Code);
    // In the slowest class: what governs nothing, and what its target does not have today.
    let sweep = step(execute(&chain.suite.derivatives_vault, &derivatives_vault::ExecuteMsg::SweepFees {}));
    let unknown = step(raw(&chain.suite.derivatives_vault, r#"{"brand_new":{}}"#));
    for slow in [sweep, unknown] {
        assert_eq!(class(playbook("slow", vec![guarded(), slow.clone()])), DelayClass::Code);
        // The undo counts like a step.
        let undone =
            Playbook { undo: vec![slow], undo_after_seconds: 60, ..playbook("undo", vec![step(chain.guard(1))]) };
        assert_eq!(class(undone), DelayClass::Code);
    }
    assert_eq!(chain.class_of(chain.own(&ExecuteMsg::RemovePlaybook { playbook: "x".into() })).class, roles);
}

// R-25, R-12
#[test]
fn some_messages_are_no_step() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let suite = chain.suite.clone();
    let lift = circuit_breaker::ExecuteMsg::Lift { scope: Scope::All, source: Source::Council };
    let restrict = circuit_breaker::ExecuteMsg::Restrict {
        scope: Scope::All,
        source: Source::Governance,
        phases: vec![],
        incident: 0,
    };
    let register = insurance_fund::ExecuteMsg::RegisterVault { vault: chain.stranger.to_string() };
    let contest = derivatives_vault::ExecuteMsg::ContestMarket { market: BTC, until: 1 };
    let cut = derivatives_vault::ExecuteMsg::CutContested(BTC);
    let other = "a message to another contract than oracle, breaker, fund and vault";
    for (call, what) in [
        (execute(&suite.circuit_breaker, &lift), "lift"),
        (execute(&suite.circuit_breaker, &restrict), "restrict"),
        (execute(&suite.circuit_breaker, &circuit_breaker::ExecuteMsg::SetGuardian { guardian: None }), "set_guardian"),
        (execute(&suite.oracle, &oracle::ExecuteMsg::SetHook { hook: None }), "set_hook"),
        (execute(&suite.oracle, &oracle::ExecuteMsg::DemoteFallback { feed: FeedId(1) }), "demote_fallback"),
        (execute(&suite.insurance_fund, &register), "register_vault"),
        (execute(&suite.derivatives_vault, &contest), "contest_market"),
        (execute(&suite.derivatives_vault, &cut), "cut_contested"),
        (execute(chain.stranger.as_str(), &lift), other),
        (chain.own(&ExecuteMsg::SetDelays { delays: delays() }), other),
        (chain.own(&ExecuteMsg::SetCouncil { council: chain.council().config }), other),
    ] {
        // Neither as a step nor as an undo.
        let refused = ContractError::StepNotAllowed { what };
        let as_step = playbook("no", vec![step(call.clone())]);
        let as_undo = Playbook { undo: vec![step(call)], undo_after_seconds: 60, ..playbook("no", vec![guarded()]) };
        for no in [as_step, as_undo] {
            let msg = chain.schedule_msg(vec![chain.own(&ExecuteMsg::SetPlaybook(no))]);
            chain.refused(&dao, &msg, refused_again(&refused));
        }
    }
    // A feed may be set, and whoever may undo must not set it back.
    let promote = oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) };
    for feed in [set_feed(1), promote].map(|msg| step(execute(&suite.oracle, &msg))) {
        let back =
            Playbook { undo: vec![feed.clone()], undo_after_seconds: 60, ..playbook("back", vec![feed.clone()]) };
        let msg = chain.schedule_msg(vec![chain.own(&ExecuteMsg::SetPlaybook(back))]);
        chain.refused(&dao, &msg, ContractError::StepNotAllowed { what: "a feed in an undo" });
        let there = chain.own(&ExecuteMsg::SetPlaybook(playbook("there", vec![feed])));
        assert_eq!(chain.class_of(there).class, DelayClass::Roles);
    }
    let twice = step(raw(&suite.circuit_breaker, r#"{"evaluate":{"feeds":[]},"lift":{}}"#));
    let msg = chain.schedule_msg(vec![chain.own(&ExecuteMsg::SetPlaybook(playbook("no", vec![twice])))]);
    chain.refused(&dao, &msg, ContractError::SeveralMessages { found: 2 });
}

/// A message in other words than the contracts', which say the same to their target: spaces, an escaped name, another order.
fn in_other_words(plain: &str) -> Vec<String> {
    let escaped = |at: usize| {
        let (head, tail) = plain.split_at(at);
        format!("{head}\\u{:04x}{}", tail.as_bytes()[0], &tail[1..])
    };
    let name = plain.find(":{").unwrap() + 2;
    let field = plain[name..].find(':').unwrap() + name + 1;
    let mut words: Vec<_> = [0, 1, name - 1, name].map(|at| format!("{} {}", &plain[..at], &plain[at..])).into();
    words.extend([escaped(2), escaped(name + 1)]);
    // Behind a number's colon; of parameters the name is what it is about.
    if plain.as_bytes()[field].is_ascii_digit() {
        words.push(format!("{} {}", &plain[..field], &plain[field..]));
    }
    let body = plain[name..].strip_suffix("}}").unwrap();
    if let Some((first, rest)) = body.split_once(",\"").filter(|(first, _)| !first.contains('{')) {
        words.push(format!("{}\"{rest},{first}}}}}", &plain[..name]));
    }
    words
}

// R-18, R-25: what a run changes, and what is stale of it, is told by the text.
#[test]
fn a_step_is_written_as_the_contracts_write_it() {
    use derivatives_vault::ExecuteMsg as Vault;
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = chain.suite.clone();
    let approval = |chain: &Chain, call: &Call, undo: bool| {
        let call = step(call.clone());
        let approved = if undo {
            Playbook { undo: vec![call], undo_after_seconds: 60, ..playbook("words", vec![guarded()]) }
        } else {
            playbook("words", vec![call])
        };
        chain.schedule_msg(vec![chain.own(&ExecuteMsg::SetPlaybook(approved))])
    };
    let settles = Vault::SettleMarket { market: BTC, at: 4_000_000_000 };
    for (call, words) in [
        (chain.guard(2), 8),
        (chain.configure_market(1, market_config()), 8),
        (execute(&derivatives_vault, &settles), 8),
        (execute(&oracle, &set_feed(1)), 8),
        (execute(&oracle, &oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) }), 7),
        (configures_vault(&chain), 6),
    ] {
        let Call::Execute { contract, msg, .. } = &call else { panic!("a migration") };
        let plain = std::str::from_utf8(msg).unwrap();
        let in_other_words = in_other_words(plain);
        assert_eq!(in_other_words.len(), words, "{plain}");
        for other in in_other_words {
            for undo in [false, true] {
                let sent = chain.send(&dao, &approval(&chain, &raw(contract, &other), undo)).map(|_| ());
                let what = "a message that is not as the contracts write it";
                assert_eq!(sent, Err(ContractError::StepNotAllowed { what }), "{other}");
            }
        }
        chain.send(&dao, &approval(&chain, &call, false)).unwrap();
    }
    // Of what is about no one market or feed the name alone is read.
    let amount = firebreak_risk::Amount::from_units(1);
    let inject = insurance_fund::ExecuteMsg::Inject { vault: derivatives_vault.clone(), amount };
    for call in [
        execute(&insurance_fund, &inject),
        execute(&insurance_fund, &insurance_fund::ExecuteMsg::Configure { config: fund_config() }),
        raw(&circuit_breaker, r#"{"evaluate":{"feeds":[]}}"#),
        execute(&derivatives_vault, &Vault::SettleVault { at: 4_000_000_000 }),
        raw(&insurance_fund, r#"{"configure": {"config": {}}}"#),
        raw(&derivatives_vault, r#"{"brand_new":{ }}"#),
    ] {
        for undo in [false, true] {
            chain.send(&dao, &approval(&chain, &call, undo)).unwrap();
        }
    }
}

// R-18, R-21: whoever is stolen executes what is old and ready.
#[test]
fn an_old_operation_neither_brings_a_removed_playbook_back_nor_removes_a_newer_one() {
    let mut chain = Chain::new();
    let about = "the playbook decided";
    let set = ExecuteMsg::SetPlaybook(playbook("decided", vec![guarded()]));
    let newer = ExecuteMsg::SetPlaybook(playbook("decided", vec![guarded(), guarded()]));
    let remove = ExecuteMsg::RemovePlaybook { playbook: "decided".into() };
    let other = ExecuteMsg::SetPlaybook(playbook("other", vec![guarded()]));
    chain.approve(playbook("decided", vec![guarded()]));
    let scheduled = [&set, &other, &remove, &remove, &newer].map(|msg| chain.schedule(vec![chain.own(msg)]));
    let [old_set, another, removed, old_removal, new_set] = scheduled;
    let steps = |chain: &Chain| -> Vec<_> {
        let all = chain.playbooks().into_iter().map(|one| one.playbook);
        all.map(|playbook| (playbook.name, playbook.steps.len())).collect()
    };
    let is = |name: &str, steps| (name.to_string(), steps);
    chain.wait(DAY);
    chain.run(removed).unwrap();
    assert_eq!(steps(&chain), []);
    chain.too_old(old_set, &set, about, removed);
    chain.run(new_set).unwrap();
    chain.too_old(old_removal, &remove, about, new_set);
    // What is about another one is not in its way.
    chain.run(another).unwrap();
    assert_eq!(steps(&chain), [is("decided", 2), is("other", 1)]);
    // What one operation says of it was decided together: the last call holds.
    for (calls, left) in
        [([&remove, &set], vec![is("other", 1), is("decided", 1)]), ([&set, &remove], vec![is("other", 1)])]
    {
        let calls = calls.map(|msg| chain.own(msg)).to_vec();
        assert_eq!((chain.govern_all(calls), steps(&chain)), (OperationStatus::Executed, left));
    }
}

fn refused_again(error: &ContractError) -> ContractError {
    match error {
        ContractError::StepNotAllowed { what } => ContractError::StepNotAllowed { what },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_playbook_has_bounds() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let good = || playbook("good", vec![guarded()]);
    let signal = SignalTrigger { market: None, rule: None, level: Level::Guarded };
    let undoes = || Playbook { undo: vec![step(chain.guard(1))], undo_after_seconds: 60, ..good() };
    let long = Step::Call { contract: chain.suite.oracle.clone(), msg: Binary::from(vec![b' '; 4_097]) };
    let frozen = |seconds| vec![restricts(Scope::All, Level::Frozen, seconds)];
    let cases = [
        (Playbook { name: String::new(), ..good() }, out("bytes of the playbook's name", "1 to 32", "0")),
        (Playbook { name: "n".repeat(33), ..good() }, out("bytes of the playbook's name", "1 to 32", "33")),
        (Playbook { council: false, ..good() }, out("signals", "1 to 8", "0")),
        (Playbook { signals: vec![signal; 9], ..good() }, out("signals", "0 to 8", "9")),
        (Playbook { steps: vec![], ..good() }, out("steps", "1 to 4", "0")),
        (Playbook { steps: vec![guarded(); 5], ..good() }, out("steps", "1 to 4", "5")),
        (Playbook { steps: vec![long], ..good() }, out("bytes of a step", "1 to 4096", "4097")),
        (Playbook { steps: frozen(86_401), ..good() }, out("duration_seconds", "1 to 86400", "86401")),
        (
            Playbook { steps: vec![restricts(Scope::All, Level::ReduceOnly, 604_801)], ..good() },
            out("duration_seconds", "1 to 604800", "604801"),
        ),
        (
            Playbook { steps: vec![restricts(Scope::All, Level::Normal, 60)], ..good() },
            out("level", "guarded, reduce-only or frozen", "normal"),
        ),
        (
            Playbook { steps: vec![Step::Settle { scope: Scope::All, notice_seconds: 3_599 }], ..good() },
            out("notice_seconds", "3600 to 2592000", "3599"),
        ),
        (
            Playbook { steps: vec![Step::Contest { market: BTC, seconds: 0 }], ..good() },
            out("seconds", "1 to 1209600", "0"),
        ),
        (
            Playbook { steps: vec![Step::Contest { market: BTC, seconds: 1_209_601 }], ..good() },
            out("seconds", "1 to 1209600", "1209601"),
        ),
        (
            Playbook { undo: vec![Step::Contest { market: BTC, seconds: 1 }], undo_after_seconds: 60, ..good() },
            ContractError::StepNotAllowed { what: "anything but a call in an undo" },
        ),
        (Playbook { undo_after_seconds: 1, ..good() }, out("undo_after_seconds", "0 to 0", "1")),
        (Playbook { undo_after_seconds: 59, ..undoes() }, out("undo_after_seconds", "60 to 2592000", "59")),
        (
            Playbook { undo: vec![guarded()], undo_after_seconds: 60, ..good() },
            ContractError::StepNotAllowed { what: "anything but a call in an undo" },
        ),
        (Playbook { runs_max: 0, ..good() }, out("runs_max", "1 to 8", "0")),
        (Playbook { runs_max: 9, ..good() }, out("runs_max", "1 to 8", "9")),
        (Playbook { window_seconds: 3_599, ..good() }, out("window_seconds", "3600 to 2592000", "3599")),
        (Playbook { cool_down_seconds: 59, ..good() }, out("cool_down_seconds", "60 to 86400", "59")),
        (Playbook { cool_down_seconds: DAY + 1, ..good() }, out("cool_down_seconds", "60 to 86400", "86401")),
        (Playbook { step_gas_limit: 99_999, ..good() }, out("step_gas_limit", "100000 to 2000000", "99999")),
    ];
    for (bad, wanted) in cases {
        // Found out when it is scheduled, not after the wait.
        let msg = chain.schedule_msg(vec![chain.own(&ExecuteMsg::SetPlaybook(bad))]);
        chain.refused(&dao, &msg, wanted);
    }
    // R-18: the approval ends.
    let guardian = chain.guardian.clone();
    let (least, most) = (chain.now() + 1, chain.now() + 31_622_400);
    for not_after in [chain.now(), most + 1] {
        let wanted = out("not_after", &format!("{least} to {most}"), &not_after.to_string());
        chain.refused(&guardian, &ExecuteMsg::SetPlaybook(Playbook { not_after, ..good() }), wanted);
    }
}

#[test]
fn only_the_timelock_approves_and_removes() {
    let mut chain = Chain::new();
    chain.approve(playbook("kept", vec![guarded()]));
    for stranger in [chain.alice.clone(), chain.dao.clone(), chain.veto.clone()] {
        let wanted = || ContractError::Unauthorized { wanted: chain.guardian.to_string(), found: stranger.to_string() };
        let (first, second) = (wanted(), wanted());
        chain.refused(&stranger, &ExecuteMsg::SetPlaybook(playbook("mine", vec![guarded()])), first);
        chain.refused(&stranger, &ExecuteMsg::RemovePlaybook { playbook: "kept".into() }, second);
    }
    let guardian = chain.guardian.clone();
    let unknown = ContractError::UnknownPlaybook { playbook: "other".into() };
    chain.refused(&guardian, &ExecuteMsg::RemovePlaybook { playbook: "other".into() }, unknown);
    for number in 1..16 {
        let many = playbook(&format!("number {number}"), vec![guarded()]);
        chain.send(&guardian, &ExecuteMsg::SetPlaybook(many)).unwrap();
    }
    let more = ExecuteMsg::SetPlaybook(playbook("one more", vec![guarded()]));
    chain.refused(&guardian, &more, ContractError::TooManyPlaybooks { max: 16 });
    // Replacing one is no further one.
    chain.send(&guardian, &ExecuteMsg::SetPlaybook(playbook("kept", vec![guarded(), guarded()]))).unwrap();
    chain.send(&guardian, &ExecuteMsg::RemovePlaybook { playbook: "kept".into() }).unwrap();
    chain.send(&guardian, &more).unwrap();
    assert_eq!(chain.playbooks().len(), 16);
}

#[test]
fn the_council_runs_only_what_is_its_to_run_within_budget_and_time() {
    let mut chain = Chain::new();
    chain.approve(by_signal("of signals", vec![guarded()]));
    let not_after = chain.now() + 4 * DAY;
    chain.approve(Playbook { not_after, ..playbook("of the council", vec![guarded()]) });
    let alice = chain.alice.clone();
    let run = |chain: &mut Chain, name: &str| chain.run_playbook(name);
    let error = run(&mut chain, "unheard of").unwrap_err();
    assert_eq!(error, ContractError::UnknownPlaybook { playbook: "unheard of".into() });
    let error = run(&mut chain, "of signals").unwrap_err();
    assert_eq!(error, ContractError::NotForCouncil { playbook: "of signals".into() });
    let name = || String::from("of the council");
    let first = chain.now();
    run(&mut chain, &name()).unwrap();
    // Cool-down.
    chain.wait(HOUR - 1);
    let (free_at, now) = (first + HOUR, chain.now());
    assert_eq!(run(&mut chain, &name()).unwrap_err(), ContractError::PlaybookWaits { playbook: name(), free_at, now });
    assert_eq!(chain.playbooks()[1].free_at, free_at);
    chain.wait(1);
    run(&mut chain, &name()).unwrap();
    // Two within a day.
    chain.wait(2 * HOUR);
    let (free_at, now) = (first + DAY, chain.now());
    assert_eq!(run(&mut chain, &name()).unwrap_err(), ContractError::PlaybookWaits { playbook: name(), free_at, now });
    assert_eq!((chain.playbooks()[1].runs, chain.playbooks()[1].last_run), (2, 2));
    // A new approval does not begin the budget anew.
    let guardian = chain.guardian.clone();
    let again = Playbook { not_after, ..playbook("of the council", vec![guarded()]) };
    chain.send(&guardian, &ExecuteMsg::SetPlaybook(again)).unwrap();
    assert_eq!(run(&mut chain, &name()).unwrap_err(), ContractError::PlaybookWaits { playbook: name(), free_at, now });
    chain.wait(first + DAY - chain.now());
    run(&mut chain, &name()).unwrap();
    // R-18: the approval ends.
    chain.wait(not_after + 1 - chain.now());
    let now = chain.now();
    assert_eq!(
        run(&mut chain, &name()).unwrap_err(),
        ContractError::PlaybookExpired { playbook: name(), not_after, now }
    );
    let long = ExecuteMsg::Confirm { action: CouncilAction::Run { playbook: "n".repeat(33) }, nonce: 3 };
    chain.refused(&alice, &long, out("bytes of the playbook's name", "1 to 32", "33"));
}

#[test]
fn a_signal_starts_what_waits_for_it_and_passes_over_the_rest() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let only = |market, rule, level| vec![SignalTrigger { market, rule, level }];
    for (name, signals) in [
        ("of eth", only(Some(ETH), None, Level::Guarded)),
        ("of velocity", only(None, Some(RuleId::Velocity), Level::Guarded)),
        ("too mild", only(Some(BTC), Some(RuleId::Band), Level::Frozen)),
        ("first", only(Some(BTC), Some(RuleId::Band), Level::Guarded)),
        ("second", only(None, None, Level::ReduceOnly)),
        ("third", only(None, None, Level::ReduceOnly)),
    ] {
        let waiting = Playbook { signals, ..by_signal(name, vec![guarded()]) };
        chain.send(&guardian, &ExecuteMsg::SetPlaybook(waiting)).unwrap();
    }
    let signal = |chain: &mut Chain, level| {
        let msg = chain.signal_msg(BTC, level, chain.now());
        let response = chain.send(&breaker, &msg).unwrap();
        let started = PlaybookStarted::all(&response.events).into_iter();
        started.map(|fact| (fact.playbook, fact.incident)).collect::<Vec<_>>()
    };
    let names = |names: &[&str]| names.iter().map(|name| (String::from(*name), 1)).collect::<Vec<_>>();
    // At most two for one signal; the next signal starts the third, since the others cool down.
    assert_eq!(signal(&mut chain, Level::ReduceOnly), names(&["first", "second"]));
    chain.wait(5);
    assert_eq!(signal(&mut chain, Level::ReduceOnly), names(&["third"]));
    assert_eq!(signal(&mut chain, Level::ReduceOnly), names(&[]));
    chain.wait(HOUR - 5);
    assert_eq!(signal(&mut chain, Level::Guarded), names(&["first"]));
    // Budget used up, and expired ones: the incident goes on all the same.
    chain.wait(HOUR - 1);
    assert_eq!(signal(&mut chain, Level::Guarded), names(&[]));
    assert_eq!(chain.incident(1).signals, 5);
    assert_eq!(chain.runs().len(), 4);
}

#[test]
fn what_is_stale_through_and_through_takes_no_others_place_at_a_signal() {
    let mut chain = Chain::new();
    let configures = step(chain.guard(2));
    for (name, steps) in [
        ("first", vec![configures.clone()]),
        ("second", vec![configures.clone(), configures.clone()]),
        ("in part", vec![configures, guarded()]),
        ("last", vec![guarded()]),
    ] {
        chain.approve(by_signal(name, steps));
    }
    assert_eq!(chain.govern(chain.guard(2)), OperationStatus::Executed);
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
    chain.send(&breaker, &msg).unwrap();
    let runs: Vec<_> = chain.runs().into_iter().map(|run| (run.playbook, run.steps)).collect();
    let in_part = vec![StepOutcome::Stale, StepOutcome::Done];
    assert_eq!(runs, [("in part".to_string(), in_part), ("last".to_string(), vec![StepOutcome::Done])]);
}

#[test]
fn anyone_undoes_a_run_when_it_is_time() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let undoes = Playbook {
        undo: vec![step(chain.guard(7)), step(chain.guard(8))],
        undo_after_seconds: 600,
        ..playbook("undoes", vec![step(chain.guard(2))])
    };
    chain.approve(undoes);
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 1 }, ContractError::UnknownRun { run: 1 });
    chain.run_playbook("undoes").unwrap();
    let undo_at = chain.now() + 600;
    chain.wait(599);
    let wanted = ContractError::TooEarlyToUndo { run: 1, undo_at, now: undo_at - 1 };
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 1 }, wanted);
    chain.wait(1);
    let response = chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
    let wanted = PlaybookUndone { playbook: "undoes".into(), run: 1, incident: 1 };
    assert_eq!(only::<PlaybookUndone>(&response), wanted);
    let received = chain.received(&chain.suite.circuit_breaker);
    assert_eq!(received[1].message::<circuit_breaker::ExecuteMsg>(), set_market(7));
    assert_eq!(received[2].message::<circuit_breaker::ExecuteMsg>(), set_market(8));
    let run = &chain.runs()[0];
    assert_eq!((run.status, run.undo.clone()), (RunStatus::Ended, vec![StepOutcome::Done; 2]));
    let wanted = ContractError::RunOver { run: 1, found: RunStatus::Ended };
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 1 }, wanted);
}

#[test]
fn what_failed_of_an_undo_is_tried_again_and_what_succeeded_is_not() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let bad = step(execute(&chain.suite.circuit_breaker, &set_market(666)));
    let undo = vec![step(chain.guard(7)), bad];
    chain.approve(Playbook { undo, undo_after_seconds: 60, ..playbook("half", vec![step(chain.guard(2))]) });
    chain.run_playbook("half").unwrap();
    chain.wait(60);
    for received in [2, 2] {
        let response = chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
        assert_eq!(PlaybookUndone::all(&response.events), []);
        let run = &chain.runs()[0];
        assert_eq!((run.status, run.undo[0], run.undo[1]), (RunStatus::Active, StepOutcome::Done, StepOutcome::Failed));
        assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), received);
    }
}

#[test]
fn an_undo_that_names_one_target_twice_is_run_and_undone() {
    for by_council in [true, false] {
        let mut chain = Chain::new();
        let anyone = "anyone".into_addr();
        let undo = vec![step(chain.guard(3)); 2];
        let twice = by_signal("twice", vec![step(chain.guard(3))]);
        chain.approve(Playbook { council: true, undo, undo_after_seconds: 600, ..twice });
        chain.approve(playbook("other", vec![step(chain.guard(3))]));
        let started = if by_council {
            chain.run_playbook("twice").unwrap()
        } else {
            let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
            let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
            chain.send(&breaker, &msg).unwrap()
        };
        assert_eq!(only::<PlaybookStarted>(&started).run, 1);
        chain.run_playbook("other").unwrap();
        chain.wait(HOUR);
        let undone = chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
        assert_eq!(only::<PlaybookUndone>(&undone).run, 1);
        chain.run_playbook("other").unwrap();
        let runs = chain.runs();
        assert_eq!((runs[0].status, &runs[0].undo), (RunStatus::Ended, &vec![StepOutcome::Done; 2]));
        // Its target is held until then, and nobody's afterwards.
        assert_eq!([runs[1].steps[0], runs[2].steps[0]], [StepOutcome::Claimed, StepOutcome::Done]);
        assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 4);
    }
}

#[test]
fn a_run_takes_the_undo_of_the_run_before_over() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let undo = vec![step(chain.guard(7))];
    chain.approve(Playbook { undo, undo_after_seconds: 2 * HOUR, ..playbook("twice", vec![step(chain.guard(2))]) });
    chain.run_playbook("twice").unwrap();
    chain.wait(HOUR);
    chain.run_playbook("twice").unwrap();
    chain.wait(HOUR);
    // Due by the first run, and it would loosen under the second.
    let wanted = ContractError::RunOver { run: 1, found: RunStatus::Superseded };
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 1 }, wanted);
    let (undo_at, now) = (chain.now() + HOUR, chain.now());
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 2 }, ContractError::TooEarlyToUndo { run: 2, undo_at, now });
    chain.wait(HOUR);
    chain.send(&anyone, &ExecuteMsg::Undo { run: 2 }).unwrap();
    assert_eq!(chain.runs()[1].status, RunStatus::Ended);
}

#[test]
fn the_timelock_speaks_last() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let configures = |chain: &Chain| Playbook {
        undo: vec![step(chain.guard(7))],
        undo_after_seconds: 7 * DAY,
        ..playbook("configures", vec![guarded(), step(chain.guard(2))])
    };
    let approved = configures(&chain);
    // Approved together with a configuration: not older than it.
    let calls = vec![chain.own(&ExecuteMsg::SetPlaybook(approved)), chain.guard(1)];
    assert_eq!(chain.govern_all(calls), OperationStatus::Executed);
    assert!(!chain.playbooks()[0].stale);
    chain.run_playbook("configures").unwrap();
    assert_eq!(chain.runs()[0].steps, [StepOutcome::Done, StepOutcome::Done]);
    // Then the timelock decides something about the breaker's rules: neither the undo of the run nor a later run
    // overwrites it. Restrictions are no parameters, so they still work.
    assert_eq!(chain.govern_all(vec![chain.guard(2), chain.guard(7)]), OperationStatus::Executed);
    assert!(chain.playbooks()[0].stale);
    let before = chain.received(&chain.suite.circuit_breaker).len();
    chain.wait(7 * DAY);
    let response = chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
    assert_eq!(only::<PlaybookStep>(&response).outcome, StepOutcome::Stale);
    assert_eq!(
        (chain.runs()[0].status, chain.received(&chain.suite.circuit_breaker).len()),
        (RunStatus::Ended, before)
    );
    chain.run_playbook("configures").unwrap();
    assert_eq!(chain.runs()[1].steps, [StepOutcome::Done, StepOutcome::Stale]);
    // A replaced or removed playbook leaves its run to the timelock.
    assert_eq!(chain.runs()[1].status, RunStatus::Ended);
    let (again, and_again) = (configures(&chain), configures(&chain));
    let guardian = chain.guardian.clone();
    chain.send(&guardian, &ExecuteMsg::SetPlaybook(again)).unwrap();
    chain.wait(HOUR);
    chain.run_playbook("configures").unwrap();
    assert_eq!(chain.runs()[2].status, RunStatus::Active);
    chain.send(&guardian, &ExecuteMsg::SetPlaybook(and_again)).unwrap();
    let wanted = ContractError::RunOver { run: 3, found: RunStatus::Superseded };
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 3 }, wanted);
}

// R-25: whoever may run a playbook may not bring an older configuration back by running it and undoing it.
#[test]
fn an_undo_leaves_what_was_configured_between_approval_and_run() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let steps = vec![guarded(), step(chain.guard(2))];
    let undo = vec![step(chain.guard(7))];
    chain.approve(Playbook { undo, undo_after_seconds: 2 * HOUR, runs_max: 8, ..playbook("old", steps) });
    chain.run_playbook("old").unwrap();
    chain.wait(HOUR);
    assert_eq!(chain.govern_all(vec![chain.guard(2), chain.guard(7)]), OperationStatus::Executed);
    // The run's restriction works, its call is older than the timelock's. It takes over what the run before changed.
    chain.run_playbook("old").unwrap();
    let run = &chain.runs()[1];
    assert_eq!((run.status, run.steps.clone()), (RunStatus::Active, vec![StepOutcome::Done, StepOutcome::Stale]));
    let before = chain.received(&chain.suite.circuit_breaker).len();
    chain.wait(2 * HOUR);
    let response = chain.send(&anyone, &ExecuteMsg::Undo { run: 2 }).unwrap();
    assert_eq!(only::<PlaybookStep>(&response).outcome, StepOutcome::Stale);
    let run = &chain.runs()[1];
    assert_eq!((run.status, run.undo.clone()), (RunStatus::Ended, vec![StepOutcome::Stale]));
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), before);
}

// R-25: another market's configuration takes no undo away.
#[test]
fn an_operation_makes_stale_what_is_about_the_same_market_feed_or_parameters() {
    use firebreak_messages::derivatives_vault::ExecuteMsg as Vault;
    use firebreak_messages::oracle::ExecuteMsg as Oracle;
    use firebreak_messages::FeedId;
    let at = 4_000_000_000;
    let chain = Chain::new();
    let (vault, oracle) = (&chain.suite.derivatives_vault, &chain.suite.oracle);
    let market = |number| chain.configure_market(number, market_config());
    let parameters = || configures_vault(&chain);
    let settles = |number| execute(vault, &Vault::SettleMarket { market: MarketId(number), at });
    let settles_all = || execute(vault, &Vault::SettleVault { at });
    // Not as the contracts write it.
    let spaced = |number: u16| raw(vault, &format!(r#"{{"settle_market": {{"market":{number},"at":{at}}}}}"#));
    let promotes = || execute(oracle, &Oracle::PromoteFallback { feed: FeedId(1) });
    let feed = |number| execute(oracle, &set_feed(number));
    let contests = |number| execute(vault, &Vault::ContestMarket { market: MarketId(number), until: at });
    let cuts = || execute(vault, &Vault::CutContested(MarketId(1)));
    let fund = &chain.suite.insurance_fund;
    let injects = || {
        let amount = firebreak_risk::Amount::from_units(1);
        execute(fund, &firebreak_messages::insurance_fund::ExecuteMsg::Inject { vault: vault.to_string(), amount })
    };
    for (index, (call, configured, stale)) in [
        // These decide no parameter.
        (market(1), contests(1), false),
        (market(1), cuts(), false),
        (parameters(), cuts(), false),
        (injects(), injects(), false),
        (market(1), market(1), true),
        (market(1), market(2), false),
        (market(1), market(11), false),
        (market(1), parameters(), false),
        (market(1), settles(1), true),
        (market(1), settles(2), false),
        (market(1), spaced(2), true),
        (market(1), settles_all(), true),
        (market(1), feed(1), false),
        (parameters(), market(1), false),
        (parameters(), parameters(), true),
        (parameters(), settles(1), false),
        (parameters(), spaced(1), true),
        (parameters(), settles_all(), true),
        (promotes(), feed(1), true),
        (promotes(), feed(2), false),
        (promotes(), execute(oracle, &Oracle::SetHook { hook: None }), true),
        (promotes(), market(1), false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut chain = Chain::new();
        chain.govern(chain.configure_market(1, market_config()));
        chain.approve(playbook("steps", vec![step(call)]));
        assert!(!chain.playbooks()[0].stale);
        chain.wait(DAY);
        assert_eq!(chain.govern(configured), OperationStatus::Executed, "{index}");
        assert_eq!(chain.playbooks()[0].stale, stale, "{index}");
    }
}

#[test]
fn a_run_without_a_call_that_succeeded_has_nothing_to_undo() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let bad = step(execute(&chain.suite.circuit_breaker, &set_market(666)));
    for (run, name, steps) in [(1, "restricts", vec![guarded()]), (2, "fails", vec![guarded(), bad])] {
        let undo = vec![step(chain.guard(7))];
        chain.approve(Playbook { undo, undo_after_seconds: 60, ..playbook(name, steps) });
        chain.run_playbook(name).unwrap();
        chain.wait(60);
        let over = ContractError::RunOver { run, found: RunStatus::Ended };
        chain.refused(&anyone, &ExecuteMsg::Undo { run }, over);
    }
}

// R-19
#[test]
fn a_feed_that_a_playbook_sets_holds_configurations_of_the_vault_up() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let feed = step(execute(&chain.suite.oracle, &set_feed(1)));
    let configure = execute(
        &chain.suite.derivatives_vault,
        &derivatives_vault::ExecuteMsg::Configure { parameters: vault_parameters() },
    );
    chain.approve(playbook("feed", vec![feed]));
    let undo = vec![step(configure.clone())];
    let steps = vec![guarded(), step(configure.clone())];
    chain.approve(Playbook { undo, undo_after_seconds: 60, ..playbook("caps", steps) });
    chain.run_playbook("caps").unwrap();
    let operation = chain.schedule(vec![configure]);
    chain.wait(DAY);
    chain.run_playbook("feed").unwrap();
    let (free_at, now) = (chain.now() + DAY, chain.now());
    chain.refused(&anyone, &ExecuteMsg::Execute { operation }, ContractError::FeedChanged { operation, free_at, now });
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 1 }, ContractError::UndoAfterFeed { run: 1, free_at, now });
    // A run restricts all the same, and passes over what configures the vault.
    chain.run_playbook("caps").unwrap();
    assert_eq!(chain.runs()[2].steps, [StepOutcome::Done, StepOutcome::Held]);
    chain.wait(DAY);
    chain.send(&anyone, &ExecuteMsg::Undo { run: 3 }).unwrap();
    chain.run(operation).unwrap();
    assert_eq!(chain.operation(operation).status, OperationStatus::Executed);
}

fn configures_vault(chain: &Chain) -> Call {
    let parameters = vault_parameters();
    execute(&chain.suite.derivatives_vault, &derivatives_vault::ExecuteMsg::Configure { parameters })
}

/// When an operation that configures the vault may be executed, if R-19 holds it up now.
fn held_until(chain: &mut Chain, operation: u64) -> Option<u64> {
    match chain.run(operation) {
        Ok(_) => None,
        Err(ContractError::FeedChanged { free_at, .. }) => Some(free_at),
        Err(other) => panic!("{other:?}"),
    }
}

// R-19
#[test]
fn a_step_that_sets_no_feed_holds_nothing_up() {
    let mut chain = Chain::new();
    let refused = step(execute(&chain.suite.oracle, &set_feed(666)));
    let stale = step(execute(&chain.suite.oracle, &set_feed(1)));
    chain.approve(playbook("refused", vec![refused]));
    let operation = chain.schedule(vec![configures_vault(&chain)]);
    chain.wait(DAY);
    chain.run_playbook("refused").unwrap();
    assert_eq!(chain.runs()[0].steps, [StepOutcome::Failed]);
    assert_eq!(held_until(&mut chain, operation), None);
    chain.approve(playbook("stale", vec![stale]));
    let unrelated = execute(&chain.suite.oracle, &oracle::ExecuteMsg::SetHook { hook: None });
    assert_eq!(chain.govern(unrelated), OperationStatus::Executed);
    let operation = chain.schedule(vec![configures_vault(&chain)]);
    chain.wait(DAY);
    chain.run_playbook("stale").unwrap();
    assert_eq!(chain.runs()[1].steps, [StepOutcome::Stale]);
    assert_eq!(held_until(&mut chain, operation), None);
}

// R-19: the delay holds up, it is not the council's veto.
#[test]
fn setting_the_feed_again_and_again_lets_configurations_pass_in_between() {
    let mut chain = Chain::new();
    let feed = step(execute(&chain.suite.oracle, &set_feed(1)));
    chain.approve(Playbook { runs_max: 8, ..playbook("feed", vec![feed]) });
    let calls = configures_vault(&chain);
    let (first, second) = (chain.schedule(vec![calls.clone()]), chain.schedule(vec![calls]));
    chain.wait(DAY);
    let start = chain.now();
    let run = |chain: &mut Chain, at: u64| {
        chain.wait(start + at - chain.now());
        chain.run_playbook("feed").unwrap();
    };
    for at in [0, 10 * HOUR, 23 * HOUR] {
        run(&mut chain, at);
        assert_eq!(held_until(&mut chain, first), Some(start + DAY), "{at}");
    }
    for at in [DAY, 2 * DAY - 1] {
        run(&mut chain, at);
    }
    assert_eq!(held_until(&mut chain, first), None);
    // Over for as long as it lasted: a feed that is set now holds up again.
    run(&mut chain, 2 * DAY + HOUR);
    assert_eq!(held_until(&mut chain, second), Some(start + 3 * DAY + HOUR));
}

// R-19
#[test]
fn what_one_signal_starts_beside_a_feed_leaves_the_vault_alone() {
    let mut chain = Chain::new();
    let feed = step(execute(&chain.suite.oracle, &set_feed(1)));
    let caps = vec![guarded(), step(configures_vault(&chain))];
    let guardian = chain.guardian.clone();
    for approved in [by_signal("feed", vec![feed]), by_signal("caps", caps)] {
        chain.send(&guardian, &ExecuteMsg::SetPlaybook(approved)).unwrap();
    }
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
    chain.send(&breaker, &msg).unwrap();
    let steps: Vec<_> = chain.runs().into_iter().map(|run| run.steps).collect();
    assert_eq!(steps, [vec![StepOutcome::Done], vec![StepOutcome::Done, StepOutcome::Held]]);
}

#[test]
fn a_step_that_provokes_the_signal_again_runs_once() {
    let mut chain = Chain::new();
    // The oracle's stub relays a signal through the breaker's: as if the step itself tripped a rule.
    let signal = ExecuteMsg::Signal {
        market: BTC,
        rule: RuleId::Band,
        level: Level::ReduceOnly,
        moved: Ratio::percent(80),
        observed_at: 1,
    };
    let relay = |contract: &str, msg: &str| format!(r#"{{"relay":{{"contract":"{contract}","msg":"{msg}"}}}}"#);
    let inner = cosmwasm_std::to_json_binary(&signal).unwrap().to_base64();
    let provokes = step(raw(&chain.suite.circuit_breaker, &relay(chain.guardian.as_str(), &inner)));
    chain.approve(by_signal("loop", vec![provokes]));
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let response = chain.send(&breaker, &signal).unwrap();
    assert_eq!(PlaybookStarted::all(&response.events).len(), 1);
    assert_eq!((chain.runs().len(), chain.runs()[0].steps[0]), (1, StepOutcome::Done));
    assert_eq!(chain.incident(1).signals, 2);
    let _ = (FeedId(1), MarketId(1));
}
