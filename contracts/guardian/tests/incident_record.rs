//! What an incident's record says: its causes, and how long each step took.

use crate::common::*;
use cosmwasm_std::{Addr, Binary};
use cw_multi_test::IntoAddr;
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::{Level, Ratio};

/// A rule trips now; the causes that the guardian notes beside what it knew.
fn trip(chain: &mut Chain, market: MarketId, rule: RuleId) -> Vec<IncidentCause> {
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let (level, moved, observed_at) = (Level::Guarded, Ratio::percent(80), chain.now());
    let msg = ExecuteMsg::Signal { market, rule, level, moved, observed_at };
    IncidentCause::all(&chain.send(&breaker, &msg).unwrap().events)
}

fn cause(incident: u64, rule: RuleId) -> Vec<IncidentCause> {
    vec![IncidentCause { incident, cause: rule.to_string() }]
}

#[test]
fn every_rule_that_continues_an_incident_is_one_of_its_causes() {
    let mut chain = Chain::new();
    assert_eq!(trip(&mut chain, BTC, RuleId::Velocity), []);
    chain.wait(60);
    assert_eq!(trip(&mut chain, BTC, RuleId::Band), cause(1, RuleId::Band));
    // A third time, by rules that are on record.
    for rule in [RuleId::Velocity, RuleId::Band] {
        assert_eq!(trip(&mut chain, BTC, rule), []);
    }
    let incident = chain.incident(1);
    assert_eq!((&*incident.causes, incident.signals), (&["velocity".to_string(), "band".to_string()][..], 4));
    // Another market's incident is another record, and so is the next one of the same market.
    assert_eq!(trip(&mut chain, ETH, RuleId::Band), []);
    assert_eq!(trip(&mut chain, ETH, RuleId::Surprise), cause(2, RuleId::Surprise));
    assert_eq!(chain.incident(1), incident);
    chain.wait(HOUR);
    assert_eq!(trip(&mut chain, BTC, RuleId::Surprise), []);
    assert_eq!((chain.incident(1), chain.incident(3).causes), (incident, vec!["surprise".to_string()]));
}

#[test]
fn the_ninth_cause_is_dropped() {
    let mut chain = Chain::new();
    let rules = [
        RuleId::Band,
        RuleId::Velocity,
        RuleId::Surprise,
        RuleId::Flow,
        RuleId::HourMove,
        RuleId::DayMove,
        RuleId::Liquidations,
        RuleId::PoolDrawdown,
    ];
    for (at, rule) in rules.into_iter().enumerate() {
        let wanted = if at == 0 { vec![] } else { cause(1, rule) };
        assert_eq!(trip(&mut chain, BTC, rule), wanted);
    }
    let full = rules.map(|rule| rule.to_string()).to_vec();
    assert_eq!((chain.incident(1).causes, full.len()), (full.clone(), CAUSES_MAX));
    assert_eq!(trip(&mut chain, BTC, RuleId::Outflow), []);
    let incident = chain.incident(1);
    assert_eq!((incident.causes, incident.signals), (full, 9));
}

fn times(chain: &Chain, incident: u64) -> IncidentTimesResponse {
    chain.ask(QueryMsg::IncidentTimes { incident })
}

fn closing(incident: u64, false_alarm: bool, began_at: Option<u64>) -> Closing {
    Closing { incident, false_alarm, post_mortem: Some(Binary::from([7; 32])), began_at }
}

/// Alice raises it, bob decides six seconds later.
fn slowly(chain: &mut Chain, action: &CouncilAction) {
    let (alice, bob, nonce) = (chain.alice.clone(), chain.bob.clone(), chain.council().nonce);
    chain.confirm(&alice, action, nonce).unwrap();
    chain.wait(6);
    chain.confirm(&bob, action, nonce).unwrap();
}

fn by_rule(chain: &mut Chain) {
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::Guarded, chain.now() - 4);
    chain.send(&breaker, &msg).unwrap();
}

fn by_council(chain: &mut Chain) {
    slowly(chain, &restrict(Scope::Market(BTC), Level::Frozen, HOUR));
}

fn by_word(chain: &mut Chain) {
    let (scope, began_at) = (Scope::All, chain.now() - 100);
    slowly(chain, &CouncilAction::Open { scope, cause: "a rumour".into(), began_at });
}

fn by_sentinel(chain: &mut Chain) {
    chain.send(&"watch".into_addr(), &ExecuteMsg::Trip {}).unwrap();
}

fn by_playbook(chain: &mut Chain) {
    slowly(chain, &CouncilAction::Run { playbook: "guard".into() });
}

fn by_failing_playbook(chain: &mut Chain) {
    slowly(chain, &CouncilAction::Run { playbook: "vain".into() });
}

/// Somebody's incident, with what took how long: to detect, to contain, to recover.
type Case = (&'static str, fn(&mut Chain), u64, Option<u64>, Option<u64>);

#[test]
fn times_to_contain_and_to_recover_are_those_of_whoever_opened_the_incident() {
    let cases: [Case; 6] = [
        // The evidence was four seconds old. Closed six seconds and an hour after the restriction.
        ("rule", by_rule, 0, Some(4), Some(HOUR + 6)),
        ("council", by_council, 0, Some(6), Some(HOUR + 6)),
        // Nothing was restricted.
        ("word", by_word, 100, None, None),
        ("sentinel", by_sentinel, 0, Some(0), Some(HOUR + 6)),
        ("playbook", by_playbook, 0, Some(6), Some(HOUR + 6)),
        ("playbook in vain", by_failing_playbook, 0, None, None),
    ];
    for (name, open, time_to_detect, time_to_contain, time_to_recover) in cases {
        let mut chain = Chain::new();
        let sentinel = Sentinel {
            address: "watch".into_addr().to_string(),
            step: Tightening { scope: Scope::Market(BTC), level: Level::Guarded, duration_seconds: HOUR },
        };
        let accept = ExecuteMsg::AcceptSentinel(sentinel.step.clone());
        assert_eq!(chain.govern(chain.own(&ExecuteMsg::SetSentinel(sentinel))), OperationStatus::Executed);
        chain.send(&"watch".into_addr(), &accept).unwrap();
        chain.approve(playbook("guard", vec![restricts(Scope::Market(BTC), Level::Guarded, HOUR)]));
        chain.approve(playbook("vain", vec![step(execute(&chain.suite.oracle, &set_feed(666)))]));
        open(&mut chain);
        let wanted = |time_to_recover| IncidentTimesResponse {
            incident: 1,
            time_to_detect,
            time_to_contain,
            time_to_ease: None,
            time_to_recover,
        };
        assert_eq!(times(&chain, 1), wanted(None), "{name}");
        chain.wait(HOUR);
        slowly(&mut chain, &CouncilAction::Close(closing(1, true, None)));
        assert_eq!(times(&chain, 1), wanted(time_to_recover), "{name}");
        // The correction of a verdict moves no end.
        chain.wait(HOUR);
        slowly(&mut chain, &CouncilAction::Close(closing(1, false, None)));
        assert_eq!(times(&chain, 1), wanted(time_to_recover), "{name}");
        assert_eq!(chain.incident(1).status, IncidentStatus::Resolved, "{name}");
    }
}

#[test]
fn the_verdict_says_when_the_trouble_really_began_and_a_correction_may_say_it_better() {
    let mut chain = Chain::new();
    by_rule(&mut chain);
    let (detected_at, contained_at) = (chain.now() - 4, chain.now());
    assert_eq!((times(&chain, 1).time_to_detect, chain.incident(1).began_at), (0, detected_at));
    chain.wait(HOUR);
    let close = |began_at| CouncilAction::Close(closing(1, true, began_at));
    // One second before anything was detected is the first that says more; later is no beginning.
    let out =
        |wanted: String, found: u64| ContractError::OutOfBounds { what: "began_at", wanted, found: found.to_string() };
    let late = chain.decide(&close(Some(detected_at + 1))).unwrap_err();
    assert_eq!(late, out(format!("1 to {detected_at}"), detected_at + 1));
    // No confirmation waits for what can never be.
    let (alice, now) = (chain.alice.clone(), chain.now());
    for never in [0, now + 1] {
        let msg = ExecuteMsg::Confirm { action: close(Some(never)), nonce: 0 };
        chain.refused(&alice, &msg, out(format!("1 to {now}"), never));
    }
    chain.decide(&close(Some(detected_at - 900))).unwrap();
    let closed = chain.incident(1);
    assert_eq!(
        (closed.began_at, closed.detected_at, closed.contained_at),
        (detected_at - 900, detected_at, contained_at)
    );
    let found = times(&chain, 1);
    assert_eq!((found.time_to_detect, found.time_to_contain, found.time_to_recover), (900, Some(4), Some(HOUR)));
    // Corrected: another verdict and an earlier beginning. One that names none leaves it.
    chain.wait(DAY);
    for (began_at, wanted) in [(Some(detected_at - 5_000), 5_000), (None, 5_000), (Some(detected_at), 0)] {
        chain.decide(&CouncilAction::Close(closing(1, false, began_at))).unwrap();
        let found = times(&chain, 1);
        assert_eq!((found.time_to_detect, found.time_to_recover), (wanted, Some(HOUR)));
    }
}

// It would never be over, since nobody could read what restricts it. The stub's breaker watches none.
#[test]
fn no_incident_is_of_a_market_that_nobody_watches() {
    let mut chain = Chain::new();
    let open = |market: u16, began_at| CouncilAction::Open {
        scope: Scope::Market(MarketId(market)),
        cause: "a typo".into(),
        began_at,
    };
    let (alice, bob, now) = (chain.alice.clone(), chain.bob.clone(), chain.now());
    chain.confirm(&alice, &open(999, now), 0).unwrap();
    let refused = ContractError::OutOfBounds {
        what: "the market of an incident",
        wanted: "one that the breaker watches".into(),
        found: "999".into(),
    };
    chain.refused(&bob, &ExecuteMsg::Confirm { action: open(999, now), nonce: 0 }, refused);
}
