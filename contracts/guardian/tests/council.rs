//! The council: k of n, at once, tighter only. The group is a real cw4-group, read raw.

use crate::common::*;
use cosmwasm_std::{from_json, Addr, Api};
use cw_multi_test::{Executor, IntoAddr};
use firebreak_guardian::state::{Ballot, Pending};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_messages::packed::{from_packed, to_packed};
use firebreak_messages::{MarketId, Source};
use firebreak_risk::{Level, Phase, Posture};

fn freeze_btc() -> CouncilAction {
    restrict(Scope::Market(BTC), Level::Frozen, HOUR)
}

// R-20
#[test]
fn the_second_of_two_confirmations_restricts_in_its_own_transaction() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let raised_at = chain.now();
    let response = chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    let wanted = ActionConfirmed { member: alice.to_string(), weight: 1 };
    assert_eq!(only::<ActionConfirmed>(&response), wanted);
    assert_eq!(chain.received(&chain.suite.circuit_breaker), []);
    chain.wait(6);
    let response = chain.confirm(&bob, &freeze_btc(), 0).unwrap();
    let until = chain.now() + HOUR;
    let opened = only::<IncidentOpened>(&response);
    let wanted =
        IncidentOpened { incident: 1, scope: Scope::Market(BTC), cause: "council".to_string(), detected_at: raised_at };
    assert_eq!(opened, wanted);
    let received = chain.received(&chain.suite.circuit_breaker);
    assert_eq!((received.len(), received[0].sender.clone()), (1, chain.guardian.to_string()));
    let wanted = circuit_breaker::ExecuteMsg::Restrict {
        scope: Scope::Market(BTC),
        source: Source::Council,
        phases: vec![Phase { until, posture: Posture::preset(Level::Frozen) }],
        incident: 1,
    };
    assert_eq!(received[0].message::<circuit_breaker::ExecuteMsg>(), wanted);
    let wanted = Incident {
        incident: 1,
        market: Some(BTC),
        causes: vec!["council".into()],
        status: IncidentStatus::Contained,
        began_at: raised_at,
        detected_at: raised_at,
        contained_at: raised_at + 6,
        recovering_at: 0,
        closed_at: 0,
        last_signal_at: raised_at + 6,
        signals: 0,
        level_max: Level::Frozen,
        actions: vec![IncidentAction {
            at: raised_at + 6,
            source: Source::Council,
            level: Level::Frozen,
            until,
            run: 0,
        }],
        paid_before: None,
        paid: None,
        post_mortem: None,
    };
    assert_eq!(chain.incident(1), wanted);
    let council = chain.council();
    assert_eq!((council.nonce, council.pending), (1, vec![]));
}

#[test]
fn an_incident_of_all_markets_names_none() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let action = restrict(Scope::All, Level::ReduceOnly, HOUR);
    chain.confirm(&alice, &action, 0).unwrap();
    let opened = only::<IncidentOpened>(&chain.confirm(&bob, &action, 0).unwrap());
    assert_eq!((opened.scope, chain.incident(opened.incident).market), (Scope::All, None));
}

// R-18
#[test]
fn a_counted_action_voids_every_older_confirmation() {
    let mut chain = Chain::new();
    let (alice, bob, carol) = (chain.alice.clone(), chain.bob.clone(), chain.carol.clone());
    let other = restrict(Scope::All, Level::Guarded, HOUR);
    chain.confirm(&carol, &other, 0).unwrap();
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    chain.confirm(&bob, &freeze_btc(), 0).unwrap();
    // Carol's is gone, and what was signed for the old nonce is refused.
    let old = ExecuteMsg::Confirm { action: other.clone(), nonce: 0 };
    chain.refused(&alice, &old, ContractError::StaleNonce { wanted: 1, found: 0 });
    let future = ExecuteMsg::Confirm { action: other.clone(), nonce: 2 };
    chain.refused(&alice, &future, ContractError::StaleNonce { wanted: 1, found: 2 });
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&alice, &other, 1).unwrap());
    assert_eq!(confirmed.weight, 1);
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 1);
}

// R-18
#[test]
fn a_confirmation_counts_for_its_whole_action_its_nonce_and_its_guardian_alone() {
    let mut chain = Chain::new();
    let (alice, bob, carol) = (chain.alice.clone(), chain.bob.clone(), chain.carol.clone());
    // Each differs from the one that is confirmed in a single word.
    let same = (Scope::Market(BTC), Level::ReduceOnly, HOUR);
    let action = restrict(same.0, same.1, same.2);
    chain.confirm(&alice, &action, 0).unwrap();
    let others = [
        restrict(Scope::Market(MarketId(2)), same.1, same.2),
        restrict(Scope::All, same.1, same.2),
        restrict(same.0, Level::Guarded, same.2),
        restrict(same.0, same.1, same.2 + 1),
    ];
    for other in &others {
        let confirmed = only::<ActionConfirmed>(&chain.confirm(&bob, other, 0).unwrap());
        assert_eq!(confirmed.weight, 1, "{other:?}");
    }
    let old = ExecuteMsg::Confirm { action: action.clone(), nonce: 7 };
    chain.refused(&bob, &old, ContractError::StaleNonce { wanted: 0, found: 7 });
    // Another guardian on the same chain, of the same group and with the same nonce.
    let first = chain.guardian.clone();
    let second = twin(&mut chain);
    assert_ne!(first, second);
    chain.guardian = second;
    let there = only::<ActionConfirmed>(&chain.confirm(&bob, &action, 0).unwrap());
    assert_eq!((there.weight, chain.council().pending.len()), (1, 1));
    chain.guardian = first;
    assert_eq!((chain.council().nonce, chain.received(&chain.suite.circuit_breaker)), (0, vec![]));
    let raised = chain.council().pending.into_iter().find(|pending| pending.action == action).unwrap();
    assert_eq!(raised.confirmations, [alice.to_string()]);
    // The very same, here: it decides.
    let decided = only::<ActionConfirmed>(&chain.confirm(&carol, &action, 0).unwrap());
    assert_eq!((decided.weight, chain.council().nonce), (2, 1));
    let again = ExecuteMsg::Confirm { action, nonce: 0 };
    chain.refused(&bob, &again, ContractError::StaleNonce { wanted: 1, found: 0 });
}

/// A second guardian with the same council.
fn twin(chain: &mut Chain) -> Addr {
    let code = chain.app.wrap().query_wasm_contract_info(&chain.guardian).unwrap().code_id;
    let checksum = chain.app.wrap().query_wasm_code_info(code).unwrap().checksum;
    let deployer = "another deployer".into_addr();
    let canonical = chain.app.api().addr_canonicalize(deployer.as_str()).unwrap();
    let own = cosmwasm_std::instantiate2_address(checksum.as_slice(), &canonical, b"guardian").unwrap();
    let own = chain.app.api().addr_humanize(&own).unwrap();
    let mut msg = Ground::new().msg;
    msg.council.group = chain.group.to_string();
    let child = chain.app.wrap().query_wasm_contract_info(&chain.suite.oracle).unwrap().code_id;
    let SuiteCodes { oracle, circuit_breaker, insurance_fund, derivatives_vault } = &mut msg.codes;
    for found in [oracle, circuit_breaker, insurance_fund, derivatives_vault] {
        *found = child;
    }
    let salt = cosmwasm_std::Binary::from(b"guardian");
    chain.app.instantiate2_contract(code, deployer, &msg, &[], "guardian", Some(own.to_string()), salt).unwrap()
}

// R-18
#[test]
fn a_removed_members_confirmation_counts_nothing() {
    let mut chain = Chain::new();
    let (alice, bob, carol) = (chain.alice.clone(), chain.bob.clone(), chain.carol.clone());
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    // A swap that leaves the total unchanged.
    let dave = "dave".into_addr();
    chain.update_group(&[&alice], vec![member(&dave, 1)]);
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&bob, &freeze_btc(), 0).unwrap());
    assert_eq!(confirmed.weight, 1);
    let msg = ExecuteMsg::Confirm { action: freeze_btc(), nonce: 0 };
    chain.refused(&alice, &msg, ContractError::NotMember { found: alice.to_string() });
    assert_eq!(chain.council().pending[0].confirmations, [bob.to_string()]);
    chain.confirm(&carol, &freeze_btc(), 0).unwrap();
    assert_eq!(chain.council().nonce, 1);
}

#[test]
fn weights_count_as_they_are_when_they_are_counted() {
    let mut chain = Chain::new();
    let (alice, bob, carol) = (chain.alice.clone(), chain.bob.clone(), chain.carol.clone());
    let council = CouncilConfig { threshold: 3, ..chain.council().config };
    chain.send(&chain.guardian.clone(), &ExecuteMsg::SetCouncil { council }).unwrap();
    chain.confirm(&alice, &freeze_btc(), 1).unwrap();
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&bob, &freeze_btc(), 1).unwrap());
    assert_eq!(confirmed.weight, 2);
    chain.update_group(&[], vec![member(&alice, 2), member(&carol, 0)]);
    // Weight zero is a member of the group and none of the council.
    let msg = ExecuteMsg::Confirm { action: freeze_btc(), nonce: 1 };
    chain.refused(&carol, &msg, ContractError::NotMember { found: carol.to_string() });
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&bob, &freeze_btc(), 1).unwrap());
    assert_eq!(confirmed.weight, 3);
    assert_eq!(chain.council().nonce, 2);
}

#[test]
fn confirmations_must_come_together() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    let expires_at = chain.now() + 600;
    assert_eq!(chain.council().pending[0].expires_at, expires_at);
    chain.wait(600);
    assert_eq!(chain.council().pending, []);
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&bob, &freeze_btc(), 0).unwrap());
    assert_eq!(confirmed.weight, 1);
    assert_eq!(chain.council().nonce, 0);
}

#[test]
fn a_member_has_one_open_confirmation() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    // The same one twice is one.
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&alice, &freeze_btc(), 0).unwrap());
    assert_eq!(confirmed.weight, 1);
    // Another one takes the place of the first: twenty actions fill nothing.
    for seconds in 1..=20 {
        chain.confirm(&alice, &restrict(Scope::All, Level::Guarded, seconds), 0).unwrap();
    }
    let pending = chain.council().pending;
    assert_eq!((pending.len(), pending[0].confirmations.clone()), (1, vec![alice.to_string()]));
    // A different duration is a different action.
    let confirmed =
        only::<ActionConfirmed>(&chain.confirm(&bob, &restrict(Scope::All, Level::Guarded, 21), 0).unwrap());
    assert_eq!(confirmed.weight, 1);
}

#[test]
fn sixteen_actions_wait_at_most() {
    let mut chain = Chain::new();
    let many: Vec<_> = (0..17).map(|n| format!("member {n}").as_str().into_addr()).collect();
    chain.update_group(&[], many.iter().map(|address| member(address, 1)).collect());
    for (address, seconds) in many.iter().zip(1..).take(16) {
        chain.confirm(address, &restrict(Scope::All, Level::Guarded, seconds), 0).unwrap();
    }
    let msg = ExecuteMsg::Confirm { action: restrict(Scope::All, Level::Guarded, 17), nonce: 0 };
    chain.refused(&many[16], &msg, ContractError::TooManyPending { max: 16 });
    // Joining one of them works, and reaches the threshold.
    chain.confirm(&many[16], &restrict(Scope::All, Level::Guarded, 3), 0).unwrap();
    assert_eq!((chain.council().nonce, chain.council().pending), (1, vec![]));
}

#[test]
fn an_action_has_fifteen_confirmations_at_most() {
    let mut chain = Chain::new();
    let many: Vec<_> = (0..16).map(|n| format!("member {n}").as_str().into_addr()).collect();
    let alice = chain.alice.clone();
    let mut members: Vec<_> = many.iter().map(|address| member(address, 1)).collect();
    members.push(member(&alice, 4));
    chain.update_group(&[], members);
    // 4 of alice and 14 times 1 reach it.
    let council = CouncilConfig { threshold: 18, ..chain.council().config };
    chain.send(&chain.guardian.clone(), &ExecuteMsg::SetCouncil { council }).unwrap();
    for address in &many[..15] {
        chain.confirm(address, &freeze_btc(), 1).unwrap();
    }
    let msg = ExecuteMsg::Confirm { action: freeze_btc(), nonce: 1 };
    chain.refused(&many[15], &msg, ContractError::TooManyConfirmations { max: 15 });
    // The one that decides comes on top: 15 + 4.
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&alice, &freeze_btc(), 1).unwrap());
    assert_eq!((confirmed.weight, chain.council().nonce), (19, 2));
}

/// A council of this many members of weight 1 and these heavier ones, beside alice, bob and carol of weight 1.
fn crowd(chain: &mut Chain, light: usize, heavy: &[u64], threshold: u64) -> (Vec<Addr>, Vec<Addr>) {
    let light: Vec<_> = (0..light).map(|n| format!("light {n}").as_str().into_addr()).collect();
    let (weights, heavy) = (heavy, (0..heavy.len()).map(|n| format!("heavy {n}").as_str().into_addr()));
    let heavy: Vec<_> = heavy.collect();
    let mut members: Vec<_> = light.iter().map(|address| member(address, 1)).collect();
    members.extend(heavy.iter().zip(weights).map(|(address, weight)| member(address, *weight)));
    chain.update_group(&[], members);
    let council = CouncilConfig { threshold, ..chain.council().config };
    chain.send(&chain.guardian.clone(), &ExecuteMsg::SetCouncil { council }).unwrap();
    (light, heavy)
}

#[test]
fn sixteen_light_members_with_an_action_each_do_not_keep_heavy_ones_out() {
    let mut chain = Chain::new();
    let (light, heavy) = crowd(&mut chain, 16, &[100, 100, 100], 200);
    for (address, seconds) in light.iter().zip(1..) {
        chain.confirm(address, &restrict(Scope::All, Level::Guarded, seconds), 1).unwrap();
    }
    // The action of the lightest, and of these the first, makes room.
    chain.confirm(&heavy[0], &freeze_btc(), 1).unwrap();
    let pending = chain.council().pending;
    assert_eq!((pending.len(), pending[0].action.clone()), (16, restrict(Scope::All, Level::Guarded, 2)));
    assert_eq!(pending[15].confirmations, [heavy[0].to_string()]);
    // A light one does not push a heavy one out.
    let msg = ExecuteMsg::Confirm { action: restrict(Scope::All, Level::Guarded, 99), nonce: 1 };
    chain.refused(&light[0], &msg, ContractError::TooManyPending { max: 16 });
    chain.confirm(&heavy[1], &freeze_btc(), 1).unwrap();
    assert_eq!(chain.council().nonce, 2);
}

#[test]
fn a_member_who_decides_alone_needs_no_room() {
    let mut chain = Chain::new();
    let (light, heavy) = crowd(&mut chain, 16, &[200], 200);
    for (address, seconds) in light.iter().zip(1..) {
        chain.confirm(address, &restrict(Scope::All, Level::Guarded, seconds), 1).unwrap();
    }
    chain.confirm(&heavy[0], &freeze_btc(), 1).unwrap();
    assert_eq!((chain.council().nonce, chain.received(&chain.suite.circuit_breaker).len()), (2, 1));
}

#[test]
fn fifteen_light_confirmations_do_not_keep_heavy_ones_out() {
    let mut chain = Chain::new();
    let (light, heavy) = crowd(&mut chain, 15, &[50, 60], 110);
    for address in &light {
        chain.confirm(address, &freeze_btc(), 1).unwrap();
    }
    // 14 light ones and 50.
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&heavy[0], &freeze_btc(), 1).unwrap());
    assert_eq!(confirmed.weight, 64);
    let confirmations = &chain.council().pending[0].confirmations;
    assert_eq!((confirmations.len(), confirmations.contains(&light[0].to_string())), (15, false));
    let confirmed = only::<ActionConfirmed>(&chain.confirm(&heavy[1], &freeze_btc(), 1).unwrap());
    assert_eq!((confirmed.weight, chain.council().nonce), (124, 2));
}

#[test]
fn a_threshold_must_be_within_reach_of_the_fifteen_heaviest() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    // 43 members, two pages: 3 + 40 times 1 and none above.
    let (_, heavy) = crowd(&mut chain, 39, &[5], 19);
    let config = chain.council().config;
    let msg = |threshold| ExecuteMsg::SetCouncil { council: CouncilConfig { threshold, ..config.clone() } };
    // 5 + 14, where all together weigh 47.
    let wanted = ContractError::OutOfBounds { what: "threshold", wanted: "1 to 19".into(), found: "20".into() };
    chain.refused(&guardian, &msg(20), wanted);
    chain.update_group(&[&heavy[0]], vec![]);
    let wanted = ContractError::OutOfBounds { what: "threshold", wanted: "1 to 15".into(), found: "16".into() };
    chain.refused(&guardian, &msg(16), wanted);
    chain.send(&guardian, &msg(15)).unwrap();
}

// R-12
#[test]
fn the_council_only_tightens_for_a_bounded_time() {
    let mut chain = Chain::new();
    let alice = chain.alice.clone();
    let out = |what, wanted: &str, found: &str| ContractError::OutOfBounds {
        what,
        wanted: wanted.into(),
        found: found.into(),
    };
    for (level, seconds, wanted) in [
        (Level::Normal, 60, out("level", "guarded, reduce-only or frozen", "normal")),
        (Level::Settlement, 60, out("level", "guarded, reduce-only or frozen", "settlement")),
        (Level::Frozen, 0, out("duration_seconds", "1 to 21600", "0")),
        (Level::Frozen, 6 * HOUR + 1, out("duration_seconds", "1 to 21600", "21601")),
        (Level::ReduceOnly, 2 * DAY + 1, out("duration_seconds", "1 to 172800", "172801")),
        (Level::Guarded, u64::MAX, out("duration_seconds", "1 to 172800", "18446744073709551615")),
    ] {
        let msg = ExecuteMsg::Confirm { action: restrict(Scope::All, level, seconds), nonce: 0 };
        chain.refused(&alice, &msg, wanted);
    }
    // There is no other action to confirm: what is not a restriction is not a message.
    for body in [
        r#"{"confirm":{"nonce":0,"action":{"lift":{"scope":"all","source":"council"}}}}"#,
        r#"{"confirm":{"nonce":0,"action":{"restrict":{"scope":"all","level":"frozen"}}}}"#,
    ] {
        assert!(from_json::<ExecuteMsg>(body.as_bytes()).is_err(), "{body}");
    }
    let whole =
        r#"{"confirm":{"nonce":0,"action":{"restrict":{"scope":"all","level":"frozen","duration_seconds":60}}}}"#;
    assert!(from_json::<ExecuteMsg>(whole.as_bytes()).is_ok());
}

#[test]
fn strangers_do_not_confirm() {
    let mut chain = Chain::new();
    let msg = ExecuteMsg::Confirm { action: freeze_btc(), nonce: 0 };
    for stranger in [chain.dao.clone(), chain.veto.clone(), chain.guardian.clone()] {
        chain.refused(&stranger, &msg, ContractError::NotMember { found: stranger.to_string() });
    }
}

#[test]
fn a_refusal_of_the_breaker_spends_nothing() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let action = restrict(Scope::Market(MarketId(666)), Level::Guarded, HOUR);
    chain.confirm(&alice, &action, 0).unwrap();
    let before = chain.picture();
    let msg = ExecuteMsg::Confirm { action, nonce: 0 };
    let guardian = chain.guardian.clone();
    let error = chain.app.execute_contract(bob, guardian, &msg, &[]).unwrap_err();
    assert!(error.root_cause().to_string().contains("market 666"), "{error:?}");
    assert_eq!(chain.picture(), before);
}

#[test]
fn a_new_council_starts_without_the_old_ones_confirmations() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    let before = chain.council().config;
    let council = CouncilConfig { threshold: 1, ..before.clone() };
    let call = chain.own(&ExecuteMsg::SetCouncil { council: council.clone() });
    let operation = chain.schedule(vec![call]);
    chain.wait(DAY);
    let response = chain.run(operation).unwrap();
    let fact = only::<CouncilChanged>(&response);
    assert_eq!((fact.threshold_before, fact.threshold, fact.nonce), (2, 1, 1));
    assert_eq!((chain.council().config, chain.council().pending), (council, vec![]));
    let msg = ExecuteMsg::Confirm { action: freeze_btc(), nonce: 0 };
    chain.refused(&bob, &msg, ContractError::StaleNonce { wanted: 1, found: 0 });
    // Not by the council itself, and never with a threshold that it cannot reach.
    let wanted = ContractError::Unauthorized { wanted: chain.guardian.to_string(), found: alice.to_string() };
    chain.refused(&alice, &ExecuteMsg::SetCouncil { council: before.clone() }, wanted);
    let guardian = chain.guardian.clone();
    let wanted = ContractError::OutOfBounds { what: "threshold", wanted: "1 to 3".into(), found: "4".into() };
    chain.refused(&guardian, &ExecuteMsg::SetCouncil { council: CouncilConfig { threshold: 4, ..before } }, wanted);
}

#[test]
fn a_council_decision_is_an_incident_of_its_own() {
    let mut chain = Chain::new();
    let breaker = cosmwasm_std::Addr::unchecked(chain.suite.circuit_breaker.clone());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let msg = chain.signal_msg(BTC, Level::Guarded, chain.now());
    chain.send(&breaker, &msg).unwrap();
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    assert_eq!(only::<IncidentOpened>(&chain.confirm(&bob, &freeze_btc(), 0).unwrap()).incident, 2);
    // The breaker's next signal goes on with its own.
    let response = chain.send(&breaker, &msg).unwrap();
    assert_eq!(IncidentOpened::all(&response.events), []);
    assert_eq!((chain.incident(1).signals, chain.incident(2).signals), (2, 0));
}

// R-20: what the deciding confirmation reads and writes is packed, since a byte written costs 30 gas.
#[test]
fn the_records_of_the_council_have_these_bytes() {
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let pending =
        Pending { action: freeze_btc(), confirmations: vec!["a".into(), "b".into()], raised_at: 5, expires_at: 65 };
    let ballot = Ballot { nonce: 1, epoch: 2, pending: vec![pending] };
    // version | nonce, epoch | 1 action: restrict, its market, level, seconds | 2 confirmations | raised, expires
    assert_eq!(hex(to_packed("ballot", 1, &ballot).unwrap()), "0101020100010103901c02016101620541");
    let council = CouncilConfig {
        group: "g".into(),
        threshold: 2,
        frozen_seconds_max: DAY,
        restriction_seconds_max: 7 * DAY,
        confirmation_window_seconds: HOUR,
    };
    // version | group | threshold | frozen, others, window
    assert_eq!(hex(to_packed("council", 1, &council).unwrap()), "0101670280a30580f524901c");
    // As they are stored.
    let mut chain = Chain::new();
    let alice = chain.alice.clone();
    chain.confirm(&alice, &freeze_btc(), 0).unwrap();
    let stored = |key: &str| chain.app.wrap().query_wasm_raw(&chain.guardian, key.as_bytes()).unwrap().unwrap();
    let ballot: Ballot = from_packed("ballot", 1, &stored("ballot")).unwrap();
    assert_eq!((ballot.nonce, ballot.pending[0].confirmations.clone()), (0, vec![alice.to_string()]));
    assert_eq!(from_packed::<CouncilConfig>("council", 1, &stored("council")).unwrap(), chain.council().config);
}
