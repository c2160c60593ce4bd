//! Sentinels, heartbeats and the list of powers.

use crate::common::*;
use cosmwasm_std::Addr;
use cw_multi_test::{Executor, IntoAddr};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_messages::{MarketId, Source};
use firebreak_risk::{Level, Phase, Posture};

fn sentinel(address: &Addr, level: Level, duration_seconds: u64) -> Sentinel {
    let step = Tightening { scope: Scope::Market(BTC), level, duration_seconds };
    Sentinel { address: address.to_string(), step }
}

fn named(chain: &mut Chain) -> Addr {
    let watch = "watch".into_addr();
    let call = chain.own(&ExecuteMsg::SetSentinel(sentinel(&watch, Level::ReduceOnly, HOUR)));
    assert_eq!(chain.class_of(call.clone()).class, DelayClass::Roles);
    assert_eq!(chain.govern(call), OperationStatus::Executed);
    watch
}

/// What a named sentinel sends who has read the query.
fn acceptance(chain: &Chain, address: &Addr) -> ExecuteMsg {
    let one = all(chain).into_iter().find(|one| one.sentinel.address == *address.as_str());
    ExecuteMsg::AcceptSentinel(one.expect("a sentinel").sentinel.step)
}

fn accept(chain: &mut Chain, address: &Addr) -> SentinelSet {
    let msg = acceptance(chain, address);
    only(&chain.send(address, &msg).unwrap())
}

/// Named, and accepted by its own key.
fn armed(chain: &mut Chain) -> Addr {
    let watch = named(chain);
    let armed = accept(chain, &watch);
    assert_eq!(armed, SentinelSet { address: watch.to_string(), armed: true });
    watch
}

fn all(chain: &Chain) -> Vec<SentinelResponse> {
    chain.ask::<SentinelsResponse>(QueryMsg::Sentinels {}).sentinels
}

fn powers(chain: &Chain) -> Vec<Power> {
    chain.ask::<PowersResponse>(QueryMsg::Powers {}).powers
}

// R-12
#[test]
fn a_sentinel_takes_one_small_step_once_and_is_armed_again_by_the_timelock_only() {
    let mut chain = Chain::new();
    let watch = armed(&mut chain);
    let now = chain.now();
    let tripped = only::<SentinelTripped>(&chain.send(&watch, &ExecuteMsg::Trip {}).unwrap());
    assert_eq!(tripped, SentinelTripped { address: watch.to_string(), incident: 1, until: now + HOUR });
    let wanted = circuit_breaker::ExecuteMsg::Restrict {
        scope: Scope::Market(BTC),
        source: Source::Procedure,
        phases: vec![Phase { until: now + HOUR, posture: Posture::preset(Level::ReduceOnly) }],
        incident: 1,
    };
    let received = chain.received(&chain.suite.circuit_breaker);
    assert_eq!((received.len(), received[0].message::<circuit_breaker::ExecuteMsg>()), (1, wanted));
    let incident = chain.incident(1);
    assert_eq!((incident.causes, incident.status), (vec!["sentinel".to_string()], IncidentStatus::Contained));
    chain.wait(30 * DAY);
    let spent = || ContractError::SentinelSpent { address: watch.to_string(), tripped_at: now };
    chain.refused(&watch, &ExecuteMsg::Trip {}, spent());
    assert_eq!((all(&chain)[0].armed, all(&chain)[0].tripped_at), (false, now));
    // Not by itself, nor by a proposer without the delay.
    for stranger in [watch.clone(), chain.dao.clone(), chain.alice.clone()] {
        let wanted = ContractError::Unauthorized { wanted: chain.guardian.to_string(), found: stranger.to_string() };
        chain.refused(&stranger, &ExecuteMsg::SetSentinel(sentinel(&watch, Level::Guarded, 60)), wanted);
    }
    // The same key, which needs not accept again.
    assert_eq!(named(&mut chain), watch);
    assert_eq!((all(&chain).len(), all(&chain)[0].armed, all(&chain)[0].accept_until), (1, true, 0));
    chain.send(&watch, &ExecuteMsg::Trip {}).unwrap();
}

// R-21
#[test]
fn a_sentinel_is_armed_by_its_own_key_alone() {
    let mut chain = Chain::new();
    let (dao, veto, guardian, mallory) =
        (chain.dao.clone(), chain.veto.clone(), chain.guardian.clone(), "mallory".into_addr());
    let watch = named(&mut chain);
    let accept_until = chain.now() + 30 * DAY;
    let waits = |chain: &Chain| {
        let [one] = &all(chain)[..] else { panic!("one sentinel") };
        (one.armed, one.accept_until)
    };
    assert_eq!(waits(&chain), (false, accept_until));
    let row = |chain: &Chain| {
        let power = powers(chain).into_iter().find(|power| power.holder == Holder::Sentinel).unwrap();
        (power.what, power.ready)
    };
    assert_eq!(row(&chain), ("restrict once, after its acceptance".into(), false));
    let not_yet =
        |accept_until| ContractError::SentinelNotAccepted { address: "watch".into_addr().into(), accept_until };
    chain.refused(&watch, &ExecuteMsg::Trip {}, not_yet(accept_until));
    // Not by somebody else, nor by a heartbeat, nor for another step than the one that was named.
    let accepts = acceptance(&chain, &watch);
    let nobody = |found: &Addr| ContractError::NotNamed { found: found.to_string() };
    for stranger in [mallory, dao, veto, guardian.clone()] {
        chain.refused(&stranger, &accepts, nobody(&stranger));
    }
    chain.refused(&watch, &ExecuteMsg::Heartbeat {}, ContractError::NoHeartbeat { found: watch.to_string() });
    let longer = Tightening { scope: Scope::All, ..sentinel(&watch, Level::ReduceOnly, HOUR).step };
    let other = ContractError::NotAsNamed { address: watch.to_string() };
    chain.refused(&watch, &ExecuteMsg::AcceptSentinel(longer), other);
    assert_eq!(waits(&chain), (false, accept_until));
    // Nor by being named twice, which begins the time anew.
    chain.wait(DAY);
    named(&mut chain);
    let accept_until = chain.now() + 30 * DAY;
    assert_eq!(waits(&chain), (false, accept_until));
    // To the second, and then never, until it is named again.
    chain.wait(30 * DAY);
    chain.refused(&watch, &accepts, nobody(&watch));
    chain.refused(&watch, &ExecuteMsg::Trip {}, not_yet(accept_until));
    named(&mut chain);
    chain.wait(30 * DAY - 1);
    chain.send(&watch, &accepts).unwrap();
    assert_eq!((waits(&chain), row(&chain)), ((true, 0), ("restrict once".into(), true)));
    // A further one is a sign of life and no more, of a spent one too.
    let again = chain.send(&watch, &ExecuteMsg::Heartbeat {}).unwrap();
    assert_eq!(SentinelSet::all(&again.events), []);
    chain.refused(&watch, &accepts, nobody(&watch));
    chain.send(&watch, &ExecuteMsg::Trip {}).unwrap();
    chain.refused(&watch, &accepts, nobody(&watch));
    let again = chain.send(&watch, &ExecuteMsg::Heartbeat {}).unwrap();
    assert_eq!((SentinelSet::all(&again.events), waits(&chain)), (vec![], (false, 0)));
    // Whoever was removed is a stranger.
    chain.send(&guardian, &ExecuteMsg::RemoveSentinel { address: watch.to_string() }).unwrap();
    named(&mut chain);
    assert_eq!(waits(&chain), (false, chain.now() + 30 * DAY));
}

// R-30: a canceller who never accepted to be a sentinel too is one no less.
#[test]
fn a_heartbeat_of_a_canceller_counts_whatever_else_was_offered_to_him() {
    let mut chain = Chain::new();
    let (veto, guardian) = (chain.veto.clone(), chain.guardian.clone());
    chain.send(&guardian, &ExecuteMsg::SetSentinel(sentinel(&veto, Level::Guarded, 60))).unwrap();
    let accept_until = all(&chain)[0].accept_until;
    // Nor does the heartbeat that he gives as a canceller accept it unseen.
    for seconds in [0, DAY, 30 * DAY] {
        chain.wait(seconds);
        let beat = chain.send(&veto, &ExecuteMsg::Heartbeat {}).unwrap();
        assert_eq!(SentinelSet::all(&beat.events), []);
        assert_eq!((all(&chain)[0].armed, all(&chain)[0].accept_until), (false, accept_until));
    }
}

#[test]
fn a_step_that_the_breaker_refuses_leaves_the_sentinel_armed() {
    let mut chain = Chain::new();
    let (watch, guardian) = ("watch".into_addr(), chain.guardian.clone());
    let step = Tightening { scope: Scope::Market(MarketId(666)), level: Level::Guarded, duration_seconds: 60 };
    chain.send(&guardian, &ExecuteMsg::SetSentinel(Sentinel { address: watch.to_string(), step })).unwrap();
    accept(&mut chain, &watch);
    let before = chain.picture();
    assert!(chain.app.execute_contract(watch, guardian, &ExecuteMsg::Trip {}, &[]).is_err());
    assert_eq!((chain.picture(), all(&chain)[0].armed), (before, true));
}

#[test]
fn a_sentinel_has_bounds() {
    let mut chain = Chain::new();
    let (dao, guardian, watch) = (chain.dao.clone(), chain.guardian.clone(), "watch".into_addr());
    let out = |what, wanted: &str, found: &str| ContractError::OutOfBounds {
        what,
        wanted: wanted.into(),
        found: found.into(),
    };
    for (level, seconds, wanted) in [
        (Level::Frozen, 60, out("level", "guarded or reduce-only", "frozen")),
        (Level::Normal, 60, out("level", "guarded, reduce-only or frozen", "normal")),
        (Level::ReduceOnly, 3_601, out("duration_seconds", "1 to 3600", "3601")),
        (Level::Guarded, 21_601, out("duration_seconds", "1 to 21600", "21601")),
        (Level::Guarded, 0, out("duration_seconds", "1 to 21600", "0")),
    ] {
        let call = chain.own(&ExecuteMsg::SetSentinel(sentinel(&watch, level, seconds)));
        let msg = chain.schedule_msg(vec![call]);
        chain.refused(&dao, &msg, wanted);
    }
    for number in 0..8 {
        let one = format!("watch {number}").as_str().into_addr();
        chain.send(&guardian, &ExecuteMsg::SetSentinel(sentinel(&one, Level::Guarded, 60))).unwrap();
    }
    let more = ExecuteMsg::SetSentinel(sentinel(&watch, Level::Guarded, 60));
    chain.refused(&guardian, &more, ContractError::TooManySentinels { max: 8 });
    let first = "watch 0".into_addr();
    chain.send(&guardian, &ExecuteMsg::RemoveSentinel { address: first.to_string() }).unwrap();
    chain.refused(&first, &ExecuteMsg::Trip {}, ContractError::NotSentinel { found: first.to_string() });
    let gone = ExecuteMsg::RemoveSentinel { address: first.to_string() };
    chain.refused(&guardian, &gone, ContractError::NotSentinel { found: first.to_string() });
    chain.send(&guardian, &more).unwrap();
    // Who has let the time pass makes room, who has accepted does not.
    let second = "watch 1".into_addr();
    accept(&mut chain, &second);
    chain.wait(30 * DAY - 1);
    let late = ExecuteMsg::SetSentinel(sentinel(&"late".into_addr(), Level::Guarded, 60));
    chain.refused(&guardian, &late, ContractError::TooManySentinels { max: 8 });
    chain.wait(1);
    chain.send(&guardian, &late).unwrap();
    let names: Vec<_> = all(&chain).into_iter().map(|one| one.sentinel.address).collect();
    assert_eq!(names, [second.to_string(), "late".into_addr().to_string()]);
}

// R-30: a pause window that had run out is why some pools could not be paused on 2025-11-03. Here the pause expires, the
// ability to pause does not; and who may have lost a key is seen long before.
#[test]
fn silence_is_shown_and_takes_no_power_away() {
    let mut chain = Chain::new();
    let watch = armed(&mut chain);
    let accepted_at = chain.now();
    let (alice, bob, veto, mallory) =
        (chain.alice.clone(), chain.bob.clone(), chain.veto.clone(), "mallory".into_addr());
    for pauser in [&watch, &alice, &veto] {
        let given = only::<HeartbeatGiven>(&chain.send(pauser, &ExecuteMsg::Heartbeat {}).unwrap());
        assert_eq!((given.address, given.before), (pauser.to_string(), if *pauser == watch { accepted_at } else { 0 }));
    }
    for stranger in [mallory, chain.dao.clone()] {
        let wanted = ContractError::NoHeartbeat { found: stranger.to_string() };
        chain.refused(&stranger, &ExecuteMsg::Heartbeat {}, wanted);
    }
    let silent = |chain: &Chain| {
        let silent = powers(chain).into_iter().filter(|power| power.silent);
        silent.map(|power| power.address).collect::<Vec<_>>()
    };
    let mut never = vec![bob.to_string(), chain.carol.to_string()];
    let mut found = silent(&chain);
    never.sort();
    found.sort();
    assert_eq!(found, never);
    chain.wait(31 * DAY);
    assert_eq!(silent(&chain).len(), 5);
    chain.send(&bob, &ExecuteMsg::Heartbeat {}).unwrap();
    assert!(!silent(&chain).contains(&bob.to_string()));
    // A year of silence later everybody can still do what they could.
    chain.wait(366 * DAY);
    chain.send(&watch, &ExecuteMsg::Trip {}).unwrap();
    let freeze = restrict(Scope::All, Level::Frozen, HOUR);
    chain.decide(&freeze).unwrap();
    let operation = chain.schedule(vec![chain.quick(1)]);
    chain.send(&veto, &ExecuteMsg::Cancel { operation }).unwrap();
}

#[test]
fn the_powers_say_who_can_do_what_how_fast_and_for_how_long() {
    let mut chain = Chain::new();
    let watch = armed(&mut chain);
    let signals = vec![SignalTrigger { market: None, rule: None, level: Level::ReduceOnly }];
    let both = Playbook { signals, ..playbook("freeze", vec![restricts(Scope::All, Level::Frozen, 2 * HOUR)]) };
    chain.approve(both);
    let promote = firebreak_messages::oracle::ExecuteMsg::PromoteFallback { feed: firebreak_messages::FeedId(1) };
    let switch = step(execute(&chain.suite.oracle, &promote));
    chain.approve(playbook("switch", vec![switch]));
    let rows: Vec<_> = powers(&chain)
        .into_iter()
        .map(|power| (power.holder, power.what, power.level, power.delay_seconds, power.seconds_max, power.ready))
        .collect();
    let row = |holder, what: &str, level, delay, seconds| (holder, what.to_string(), level, delay, seconds, true);
    let normal = Level::Normal;
    let mut wanted = vec![
        row(Holder::Proposer, "schedule what tightens", normal, HOUR, 0),
        row(Holder::Proposer, "schedule parameters, roles, feeds, playbooks, what loosens", normal, DAY, 0),
        row(Holder::Proposer, "schedule code and everything else", normal, 2 * DAY, 0),
        row(Holder::Canceller, "cancel what is scheduled", normal, 0, 0),
        row(Holder::Council, "restrict", Level::ReduceOnly, 0, 2 * DAY),
        row(Holder::Council, "restrict", Level::Frozen, 0, 6 * HOUR),
        row(Holder::Council, "run freeze", Level::Frozen, 0, 2 * HOUR),
        row(Holder::Rules, "run freeze", Level::Frozen, 0, 2 * HOUR),
        // What no undo takes back is for good.
        row(Holder::Council, "run switch", normal, 0, 0),
        row(Holder::Sentinel, "restrict once", Level::ReduceOnly, 0, HOUR),
    ];
    wanted.extend((0..3).map(|_| row(Holder::Member, "confirm with 1 of 2", normal, 0, 0)));
    let owns = "be the council: name its members";
    wanted.push(row(Holder::GroupAdmin, owns, Level::Frozen, 0, 2 * DAY));
    wanted.push(row(Holder::Rules, "restrict where the evidence says so", Level::ReduceOnly, 0, 6 * HOUR));
    wanted.push(row(Holder::Feeders, "report: a quorum makes a feed's price", normal, 0, 0));
    wanted.push(row(Holder::Observers, "attest: a quorum restricts by its rule", Level::ReduceOnly, 0, 6 * HOUR));
    wanted.push(row(Holder::Anyone, "step leverage down while the fund is thin", Level::Guarded, 0, HOUR));
    for what in ["execute what is ready", "undo a run that is due", "complete a role that has waited"] {
        wanted.push(row(Holder::Anyone, what, normal, 0, 0));
    }
    assert_eq!(rows, wanted);
    let admin = |chain: &Chain| {
        let mut admins = powers(chain).into_iter().filter(|power| power.holder == Holder::GroupAdmin);
        admins.next().map(|power| power.address)
    };
    assert_eq!(admin(&chain), Some("group admin".into_addr().to_string()));
    chain.group_admin(None);
    assert_eq!(admin(&chain), None);
    // What is spent, or cools down, is not ready.
    chain.send(&watch, &ExecuteMsg::Trip {}).unwrap();
    chain.run_playbook("freeze").unwrap();
    let unready: Vec<_> = powers(&chain).into_iter().filter(|power| !power.ready).map(|power| power.holder).collect();
    assert_eq!(unready, [Holder::Council, Holder::Rules, Holder::Sentinel]);
}

// R-18, R-21: whoever is stolen executes what is old and ready.
#[test]
fn an_old_operation_neither_arms_a_removed_sentinel_nor_removes_a_named_one() {
    let mut chain = Chain::new();
    let (watch, other) = (armed(&mut chain), "other watch".into_addr());
    let about = format!("the sentinel {watch}");
    let set = ExecuteMsg::SetSentinel(sentinel(&watch, Level::ReduceOnly, HOUR));
    let remove = ExecuteMsg::RemoveSentinel { address: watch.to_string() };
    let another = ExecuteMsg::SetSentinel(sentinel(&other, Level::Guarded, HOUR));
    let scheduled = [&set, &another, &remove, &remove, &set].map(|msg| chain.schedule(vec![chain.own(msg)]));
    let [old_set, another, removed, old_removal, new_set] = scheduled;
    chain.wait(DAY);
    chain.run(removed).unwrap();
    assert_eq!(all(&chain), []);
    chain.too_old(old_set, &set, &about, removed);
    let gone = ContractError::NotSentinel { found: watch.to_string() };
    chain.refused(&watch, &ExecuteMsg::Trip {}, gone);
    chain.run(new_set).unwrap();
    accept(&mut chain, &watch);
    chain.too_old(old_removal, &remove, &about, new_set);
    assert!(all(&chain)[0].armed);
    // What is about another one is not in its way.
    chain.run(another).unwrap();
    assert_eq!((chain.operation(another).status, all(&chain).len()), (OperationStatus::Executed, 2));
    // What one operation says of it was decided together: the last call holds.
    for (calls, left) in [([&remove, &set], 2), ([&set, &remove], 1)] {
        let calls = calls.map(|msg| chain.own(msg)).to_vec();
        assert_eq!((chain.govern_all(calls), all(&chain).len()), (OperationStatus::Executed, left));
    }
}

// R-56, R-12: elsewhere one flag of the same key switched an operation off and on again. Here no message of a fast role can
// even say "less": each is read as the guardian's own type, and there is no such variant.
#[test]
fn what_a_fast_role_set_it_cannot_take_back() {
    let mut chain = Chain::new();
    let watch = armed(&mut chain);
    chain.send(&watch, &ExecuteMsg::Trip {}).unwrap();
    chain.decide(&restrict(Scope::Market(BTC), Level::Frozen, HOUR)).unwrap();
    for body in [
        r#"{"untrip":{}}"#,
        r#"{"confirm":{"nonce":1,"action":{"lift":{"scope":"all","source":"council"}}}}"#,
        r#"{"confirm":{"nonce":1,"action":{"unpause":{}}}}"#,
    ] {
        assert!(cosmwasm_std::from_json::<ExecuteMsg>(body.as_bytes()).is_err(), "{body}");
    }
    // A milder one on top is another restriction, and the breaker joins them.
    let alice = chain.alice.clone();
    let normal = ExecuteMsg::Confirm { action: restrict(Scope::Market(BTC), Level::Normal, 60), nonce: 1 };
    let wanted = ContractError::OutOfBounds {
        what: "level",
        wanted: "guarded, reduce-only or frozen".into(),
        found: "normal".into(),
    };
    chain.refused(&alice, &normal, wanted);
}
