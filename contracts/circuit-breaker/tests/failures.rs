//! Failures: of a market, of the guardian, of a caller.

use crate::setup::{empty_market, guard, guard_of, phase, pool, Setup, BTC, BTC_FEED, ETH, ETH_FEED};
use cosmwasm_std::{coin, Addr};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::{
    effective_posture, EvaluationFailed, ExecuteMsg, MarketSetup, RestrictionAdded, RuleConfig, RuleMode, RuleTripped,
    Scope, SignalConfig, SignalFailed, SignalHealthResponse,
};
use firebreak_messages::derivatives_vault::Pool;
use firebreak_messages::event::Fact;
use firebreak_messages::{guardian, FeedId, Reason, RuleId, Source};
use firebreak_risk::{Level, Ratio, SignedAmount};

#[test]
fn evaluating_without_a_new_round_changes_nothing() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 9_000);
    setup.evaluate(&[]); // the second rule's signal, which had to wait
    setup.advance(10_000); // restrictions have ended; nobody prunes them for nothing
    let before = setup.storage();
    for feeds in [&[][..], &[BTC_FEED], &[FeedId(99)], &[BTC_FEED, BTC_FEED, ETH_FEED]] {
        let events = setup.evaluate(feeds);
        assert_eq!((RuleTripped::all(&events), RestrictionAdded::all(&events)), (vec![], vec![]));
    }
    // ETH's feed has no price record: that is a failure, recorded with ETH alone.
    let after = setup.storage();
    let changed: Vec<_> = before.iter().filter(|entry| !after.contains(entry)).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(setup.status(ETH).failures_in_a_row, 1);
}

#[test]
fn a_feed_named_twice_counts_once_and_too_many_are_refused() {
    let mut setup = Setup::new();
    setup.publish(BTC_FEED, 10_000);
    setup.evaluate(&[BTC_FEED, BTC_FEED, BTC_FEED]);
    assert_eq!(setup.record(BTC).evaluated_round, 1);
    let anyone = setup.anyone.clone();
    let many = ExecuteMsg::Evaluate { feeds: (0..33).map(FeedId).collect() };
    assert_eq!(
        setup.send(&anyone, &many, &[]),
        Err(ContractError::OutOfBounds { what: "feeds", wanted: "at most 32".into(), found: "33".into() })
    );
}

#[test]
fn a_market_whose_rule_overflows_keeps_its_old_lease_and_leaves_the_others_alone() {
    let mut setup = Setup::new();
    let config = firebreak_messages::circuit_breaker::GuardConfig {
        maintenance_margin_ratio: Ratio::from_atoms(1),
        ..guard(BTC_FEED, RuleMode::Enforce, RuleMode::Off)
    };
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config: config.clone() }).unwrap();
    setup.publish(BTC_FEED, 10_000);
    setup.publish(ETH_FEED, 1_000);
    setup.evaluate(&[BTC_FEED, ETH_FEED]);
    setup.advance(5);
    // 500 times the price, in shares of 10^-18: no ratio holds that.
    setup.publish(BTC_FEED, 5_000_000);
    setup.publish(ETH_FEED, 1_001);
    let failing_since = setup.now();
    let failed = |failures_in_a_row| EvaluationFailed { market: BTC, failing_since, failures_in_a_row };
    assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED, ETH_FEED])), vec![failed(1)]);
    setup.advance(5);
    assert_eq!(EvaluationFailed::all(&setup.evaluate(&[ETH_FEED, BTC_FEED])), vec![failed(2)]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.record(ETH).evaluated_round), (1, 2));
    let status = setup.status(BTC);
    assert_eq!((status.failures_in_a_row, status.failing_since), (2, failing_since));
    // What the vault makes of it: that market, and only that one, is reduce-only.
    let effective = |market, round| {
        effective_posture(Some(&setup.record(market)), Some(&setup.record_of_all()), round, setup.now())
    };
    assert_eq!(effective(BTC, 2).posture.level, Level::ReduceOnly);
    assert_eq!(effective(BTC, 2).reason, Some(Reason::LeaseExpired));
    assert_eq!(effective(ETH, 2).posture.level, Level::Normal);
    // Repaired by the owner, it goes on.
    let config =
        firebreak_messages::circuit_breaker::GuardConfig { maintenance_margin_ratio: Ratio::percent(4), ..config };
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap();
    setup.evaluate(&[BTC_FEED]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.status(BTC).failures_in_a_row), (2, 0));
}

#[test]
fn a_missing_price_record_fails_its_market_only_until_it_is_there() {
    let mut setup = Setup::new();
    setup.publish(ETH_FEED, 1_000);
    let events = setup.evaluate(&[BTC_FEED, ETH_FEED]);
    let facts = EvaluationFailed::all(&events);
    assert_eq!(facts.iter().map(|fact| fact.market).collect::<Vec<_>>(), vec![BTC]);
    assert_eq!(setup.record(ETH).evaluated_round, 1);
    setup.publish(BTC_FEED, 10_000);
    setup.evaluate(&[BTC_FEED]);
    assert_eq!((setup.record(BTC).evaluated_round, setup.status(BTC).failures_in_a_row), (1, 0));
    setup.lose_price(BTC_FEED);
    assert_eq!(EvaluationFailed::all(&setup.evaluate(&[BTC_FEED]))[0].failures_in_a_row, 1);
}

#[test]
fn a_guardian_that_fails_is_recorded_and_the_restriction_stands() {
    let mut setup = Setup::with_modes(RuleMode::Enforce, RuleMode::Off);
    setup.break_guardian(true);
    setup.calm(BTC_FEED, 10_000);
    let failing_since = setup.now();
    let callee = setup.guardian.to_string();
    let events = setup.round(BTC_FEED, 9_890);
    let failed = |failures_in_a_row| SignalFailed { callee: callee.clone(), failing_since, failures_in_a_row };
    assert_eq!(SignalFailed::all(&events), vec![failed(1)]);
    assert_eq!(setup.level(BTC), Level::Guarded);
    assert_eq!(SignalFailed::all(&setup.round(BTC_FEED, 9_600)), vec![failed(2)]);
    assert_eq!(setup.signal_health(), SignalHealthResponse { failures_total: 2, failures_in_a_row: 2, failing_since });
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
    // The first success ends the row.
    setup.break_guardian(false);
    setup.advance(1_000);
    setup.calm(BTC_FEED, 9_600);
    setup.round(BTC_FEED, 9_300);
    assert_eq!(setup.signals().len(), 1);
    assert_eq!(setup.signal_health(), SignalHealthResponse { failures_total: 2, ..Default::default() });
}

/// One market's band rule, told to nobody: the guardian fails while the price trips it.
fn unheard() -> (Setup, guardian::ExecuteMsg) {
    let mut setup = Setup::with_modes(RuleMode::Enforce, RuleMode::Off);
    setup.calm(BTC_FEED, 10_000);
    setup.break_guardian(true);
    let observed_at = setup.now();
    assert_eq!(SignalFailed::all(&setup.round(BTC_FEED, 9_800)).len(), 1);
    setup.break_guardian(false);
    let (rule, level, moved) = (RuleId::Band, Level::ReduceOnly, Ratio::percent(50));
    (setup, guardian::ExecuteMsg::Signal { market: BTC, rule, level, moved, observed_at })
}

// Whoever relays a price chooses how deep contracts call each other, and so whether the guardian can be reached.
#[test]
fn what_the_guardian_did_not_hear_is_said_again_once_by_any_later_message() {
    let (mut setup, signal) = unheard();
    // Not within a minute of the failure.
    setup.advance(54);
    setup.evaluate(&[BTC_FEED]);
    assert_eq!(setup.signals(), vec![]);
    setup.advance(1);
    let before = setup.record(BTC);
    setup.evaluate(&[]);
    assert_eq!((setup.signals(), setup.record(BTC)), (vec![signal.clone()], before));
    assert_eq!(setup.signal_health().failures_in_a_row, 0);
    setup.advance(60);
    setup.evaluate(&[BTC_FEED]);
    assert_eq!(setup.signals(), vec![signal]);
}

#[test]
fn a_restriction_that_has_ended_is_no_news() {
    let (mut setup, _) = unheard();
    setup.advance(10_000);
    assert_eq!(setup.level(BTC), Level::Normal);
    setup.evaluate(&[]);
    assert_eq!(setup.signals(), vec![]);
    // Nothing is left to try: the next message writes nothing.
    let before = setup.storage();
    setup.evaluate(&[]);
    assert_eq!(setup.storage(), before);
}

#[test]
fn a_new_guardian_hears_what_the_old_one_did_not() {
    let (mut setup, signal) = unheard();
    let guardian = Some(SignalConfig { contract: setup.guardian.to_string(), gas_limit: 500_000 });
    setup.as_owner(&ExecuteMsg::SetGuardian { guardian }).unwrap();
    setup.evaluate(&[]);
    assert_eq!(setup.signals(), vec![signal]);
}

#[test]
fn a_dead_guardian_is_tried_once_a_minute() {
    let (mut setup, signal) = unheard();
    setup.break_guardian(true);
    let mut failed = 0;
    // Three minutes, a price every five seconds.
    for _ in 0..36 {
        failed += SignalFailed::all(&setup.round(BTC_FEED, 9_800)).len();
    }
    assert_eq!(failed, 3);
    setup.break_guardian(false);
    setup.advance(60);
    setup.evaluate(&[]);
    assert_eq!(setup.signals(), vec![signal]);
}

#[test]
fn a_milder_answer_of_the_same_slot_keeps_no_rule_from_being_heard() {
    let mut setup = hour_and_outflow();
    capital_leaves(&mut setup);
    setup.round(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 9_700);
    assert_eq!(told(&setup), [(RuleId::Outflow, Level::Guarded), (RuleId::HourMove, Level::Guarded)]);
}

/// Rule and level of every signal that the guardian has heard.
fn told(setup: &Setup) -> Vec<(RuleId, Level)> {
    let told = |signal| match signal {
        guardian::ExecuteMsg::Signal { rule, level, .. } => (rule, level),
        other => panic!("{other:?}"),
    };
    setup.signals().into_iter().map(told).collect()
}

/// A market of two rules of one slot, and a pool that capital may leave.
fn hour_and_outflow() -> Setup {
    let rule = |rule| RuleConfig::standard(rule, RuleMode::Enforce);
    let config = guard_of(BTC_FEED, vec![rule(RuleId::HourMove), rule(RuleId::Outflow)]);
    let mut setup = Setup::with_markets(vec![MarketSetup { market: BTC, config }]).unwrap();
    setup.set_vault(BTC, &empty_market(), &pool());
    setup.calm(BTC_FEED, 10_000);
    setup
}

fn capital_leaves(setup: &mut Setup) {
    let cash = SignedAmount::from_atoms(7_000_000_000_000);
    setup.set_vault(BTC, &empty_market(), &Pool { cash, ..pool() });
}

// Whoever keeps the guardian from hearing must not choose when a procedure starts: what anybody with capital holds of the same slot keeps no
// other rule's signal alive.
#[test]
fn what_another_rule_holds_keeps_no_old_signal_alive() {
    let mut setup = hour_and_outflow();
    setup.break_guardian(true);
    setup.round(BTC_FEED, 9_000);
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
    setup.advance(7_200);
    assert_eq!(setup.level(BTC), Level::Normal);
    capital_leaves(&mut setup);
    assert_eq!(SignalFailed::all(&setup.round(BTC_FEED, 9_000)).len(), 1);
    assert_eq!(setup.level(BTC), Level::Guarded);
    setup.break_guardian(false);
    for _ in 0..3 {
        setup.advance(60);
        setup.evaluate(&[]);
    }
    assert_eq!(told(&setup), [(RuleId::Outflow, Level::Guarded)]);
}

#[test]
fn a_guardian_that_does_not_exist_or_none_at_all_stops_nothing() {
    for guardian in [None, Some("nobody")] {
        let mut setup = Setup::with_modes(RuleMode::Enforce, RuleMode::Off);
        let guardian =
            guardian.map(|name| SignalConfig { contract: setup.app.api().addr_make(name).into(), gas_limit: 100_000 });
        setup.as_owner(&ExecuteMsg::SetGuardian { guardian: guardian.clone() }).unwrap();
        setup.calm(BTC_FEED, 10_000);
        let events = setup.round(BTC_FEED, 9_000);
        assert_eq!(setup.level(BTC), Level::ReduceOnly);
        assert_eq!(SignalFailed::all(&events).len(), usize::from(guardian.is_some()));
    }
}

#[test]
fn only_the_owner_restricts_lifts_and_configures() {
    let mut setup = Setup::new();
    let (anyone, owner) = (setup.anyone.clone(), setup.owner.clone());
    let before = setup.storage();
    let until = setup.now() + 60;
    let refused = |found: &Addr| ContractError::Unauthorized { wanted: owner.to_string(), found: found.to_string() };
    for message in [
        ExecuteMsg::SetMarket { market: BTC, config: guard(BTC_FEED, RuleMode::Off, RuleMode::Off) },
        ExecuteMsg::Restrict {
            scope: Scope::All,
            source: Source::Council,
            phases: vec![phase(until, Level::Frozen)],
            incident: 1,
        },
        ExecuteMsg::Lift { scope: Scope::All, source: Source::Council },
        ExecuteMsg::SetGuardian { guardian: None },
    ] {
        // The guardian is not the owner here: receiving signals gives no right.
        for sender in [anyone.clone(), setup.guardian.clone()] {
            assert_eq!(setup.send(&sender, &message, &[]), Err(refused(&sender)));
        }
    }
    assert_eq!(setup.storage(), before);
}

#[test]
fn coins_are_refused_with_every_message() {
    let mut setup = Setup::new();
    let owner = setup.owner.clone();
    let gift = coin(5, "uusdc");
    let minted = cw_multi_test::SudoMsg::Bank(cw_multi_test::BankSudo::Mint {
        to_address: owner.to_string(),
        amount: vec![gift.clone()],
    });
    setup.app.sudo(minted).unwrap();
    for message in [
        ExecuteMsg::Evaluate { feeds: vec![] },
        ExecuteMsg::SetMarket { market: BTC, config: guard(BTC_FEED, RuleMode::Off, RuleMode::Off) },
        ExecuteMsg::Restrict { scope: Scope::All, source: Source::Council, phases: vec![], incident: 0 },
        ExecuteMsg::Lift { scope: Scope::All, source: Source::Council },
        ExecuteMsg::SetGuardian { guardian: None },
    ] {
        assert_eq!(
            setup.send(&owner, &message, std::slice::from_ref(&gift)),
            Err(ContractError::UnexpectedFunds { found: "5uusdc".into() })
        );
    }
}
