//! Another council in two steps: named by an operation, in power when its own members have accepted.

use crate::common::*;
use cosmwasm_std::Addr;
use cw_multi_test::{ContractWrapper, Executor, IntoAddr};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_risk::Level;

const ACCEPT: ExecuteMsg = ExecuteMsg::AcceptCouncil {};

fn freeze() -> CouncilAction {
    restrict(Scope::All, Level::Frozen, HOUR)
}

fn of_group(chain: &mut Chain, group: &Addr, msg: cw4_group::msg::ExecuteMsg) {
    chain.app.execute_contract("group admin".into_addr(), group.clone(), &msg, &[]).unwrap();
}

fn hook(chain: &mut Chain, group: &Addr) {
    let addr = chain.guardian.to_string();
    of_group(chain, group, cw4_group::msg::ExecuteMsg::AddHook { addr });
}

/// Another real group, with the guardian among its hooks or not.
fn group(chain: &mut Chain, members: &[(&str, u64)], hooked: bool) -> Addr {
    let code = chain.app.store_code(Box::new(ContractWrapper::new(
        cw4_group::contract::execute,
        cw4_group::contract::instantiate,
        cw4_group::contract::query,
    )));
    let admin = "group admin".into_addr();
    let members = members.iter().map(|(name, weight)| member(&name.into_addr(), *weight)).collect();
    let msg = cw4_group::msg::InstantiateMsg { admin: Some(admin.to_string()), members };
    let group = chain.app.instantiate_contract(code, admin, &msg, &[], "another council", None).unwrap();
    if hooked {
        hook(chain, &group);
    }
    group
}

/// Other members of any group.
fn change(chain: &mut Chain, group: &Addr, remove: &[&str], add: &[(&str, u64)]) {
    let remove = remove.iter().map(|name| name.into_addr().to_string()).collect();
    let add = add.iter().map(|(name, weight)| member(&name.into_addr(), *weight)).collect();
    of_group(chain, group, cw4_group::msg::ExecuteMsg::UpdateMembers { remove, add });
}

fn config(chain: &Chain, group: &Addr, threshold: u64) -> CouncilConfig {
    CouncilConfig { group: group.to_string(), threshold, frozen_seconds_max: 2 * HOUR, ..chain.council().config }
}

/// As an operation does it after its delay.
fn name(chain: &mut Chain, council: &CouncilConfig) -> CouncilNamed {
    let guardian = chain.guardian.clone();
    only(&chain.send(&guardian, &ExecuteMsg::SetCouncil { council: council.clone() }).unwrap())
}

fn accept(chain: &mut Chain, name: &str) -> CouncilAccepted {
    only(&chain.send(&name.into_addr(), &ACCEPT).unwrap())
}

/// Who has accepted, and with what weight.
fn accepted(chain: &Chain) -> Vec<(String, u64)> {
    let candidate = chain.council().candidate.expect("a candidate");
    candidate.accepted.into_iter().map(|Acceptance { member, weight }| (member, weight)).collect()
}

//
#[test]
fn another_group_is_the_council_when_its_members_have_accepted() {
    let mut chain = Chain::new();
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let before = chain.council().config;
    let new = group(&mut chain, &[("dora", 1), ("emil", 1), ("fay", 1)], true);
    let council = config(&chain, &new, 2);
    let call = chain.own(&ExecuteMsg::SetCouncil { council: council.clone() });
    assert_eq!(chain.class_of(call.clone()).class, DelayClass::Roles);
    let operation = chain.schedule(vec![call]);
    chain.wait(DAY);
    let named = only::<CouncilNamed>(&chain.run(operation).unwrap());
    let expires_at = chain.now() + 30 * DAY;
    assert_eq!(named, CouncilNamed { group: new.to_string(), threshold: 2, expires_at });
    // The old one is in power, with what it had confirmed.
    chain.confirm(&alice, &freeze(), 0).unwrap();
    let shown = chain.council();
    assert_eq!((shown.config, shown.nonce, shown.pending.len()), (before.clone(), 0, 1));
    let candidate = CouncilCandidateResponse { config: council.clone(), accepted: vec![], expires_at };
    assert_eq!(shown.candidate, Some(candidate));
    let power = |chain: &Chain| {
        let powers = chain.ask::<PowersResponse>(QueryMsg::Powers {}).powers;
        powers.into_iter().find(|power| power.what == "be the council once its members accept")
    };
    let row = power(&chain).unwrap();
    assert_eq!((row.holder, row.address, row.ready), (Holder::Council, new.to_string(), false));
    // One is not enough, twice is once.
    for _ in 0..2 {
        assert_eq!(accept(&mut chain, "dora"), CouncilAccepted { member: "dora".into_addr().into(), weight: 1 });
        assert_eq!(accepted(&chain), [("dora".into_addr().to_string(), 1)]);
    }
    assert_eq!(chain.council().config, before);
    let response = chain.send(&"emil".into_addr(), &ACCEPT).unwrap();
    let wanted = CouncilAccepted { member: "emil".into_addr().into(), weight: 2 };
    assert_eq!(only::<CouncilAccepted>(&response), wanted);
    let changed = only::<CouncilChanged>(&response);
    assert_eq!((changed.group_before, changed.group), (before.group.clone(), new.to_string()));
    assert_eq!((changed.frozen_seconds_max_before, changed.frozen_seconds_max), (6 * HOUR, 2 * HOUR));
    assert_eq!(changed.nonce, 1);
    let shown = chain.council();
    assert_eq!((shown.config, shown.nonce, shown.pending), (council, 1, vec![]));
    assert_eq!((shown.candidate, shown.hooked, power(&chain)), (None, true, None));
    // What the old one has confirmed, or signed, is void; and it is nobody now.
    let old = ExecuteMsg::Confirm { action: freeze(), nonce: 0 };
    chain.refused(&bob, &old, ContractError::StaleNonce { wanted: 1, found: 0 });
    let now = ExecuteMsg::Confirm { action: freeze(), nonce: 1 };
    chain.refused(&bob, &now, ContractError::NotMember { found: bob.to_string() });
    chain.refused(&bob, &ExecuteMsg::Heartbeat {}, ContractError::NoHeartbeat { found: bob.to_string() });
    chain.refused(&"fay".into_addr(), &ACCEPT, ContractError::NoCouncilCandidate { expires_at: 0 });
    // Whose members change is the new group's business alone.
    chain.confirm(&"dora".into_addr(), &freeze(), 1).unwrap();
    let old_group = chain.group.clone();
    hook(&mut chain, &old_group);
    change(&mut chain, &old_group, &["carol"], &[]);
    assert_eq!((chain.council().nonce, chain.council().pending.len()), (1, 1));
    change(&mut chain, &new, &["dora"], &[]);
    assert_eq!((chain.council().nonce, chain.council().pending.len()), (2, 0));
    chain.confirm(&"emil".into_addr(), &freeze(), 2).unwrap();
    let decided = chain.confirm(&"fay".into_addr(), &freeze(), 2).unwrap();
    assert_eq!(only::<IncidentOpened>(&decided).incident, 1);
}

//
#[test]
fn a_council_whose_keys_nobody_holds_never_takes_over() {
    let mut chain = Chain::new();
    let before = chain.council().config;
    let nobody = group(&mut chain, &[("a typing error", 1)], true);
    let council = config(&chain, &nobody, 1);
    let expires_at = name(&mut chain, &council).expires_at;
    chain.wait(30 * DAY - 1);
    assert!(chain.council().candidate.is_some());
    chain.wait(1);
    // Not a second longer, should the key be found one day.
    chain.refused(&"a typing error".into_addr(), &ACCEPT, ContractError::NoCouncilCandidate { expires_at });
    let shown = chain.council();
    assert_eq!((shown.config, shown.candidate), (before, None));
    chain.decide(&freeze()).unwrap();
    // And the DAO names the right one.
    let right = group(&mut chain, &[("dora", 1)], true);
    let council = config(&chain, &right, 1);
    name(&mut chain, &council);
    accept(&mut chain, "dora");
    assert_eq!(chain.council().config, council);
}

// what an attacker may try, who is a stranger, the old council or the new one.
#[test]
fn only_the_new_groups_members_accept_and_nobody_is_the_council_before() {
    let mut chain = Chain::new();
    let (alice, bob, dao, guardian) =
        (chain.alice.clone(), chain.bob.clone(), chain.dao.clone(), chain.guardian.clone());
    chain.refused(&alice, &ACCEPT, ContractError::NoCouncilCandidate { expires_at: 0 });
    let new = group(&mut chain, &[("dora", 2), ("emil", 1), ("silent", 0)], true);
    let council = config(&chain, &new, 3);
    // By an operation alone.
    for stranger in [dao.clone(), alice.clone(), "dora".into_addr()] {
        let wanted = ContractError::Unauthorized { wanted: guardian.to_string(), found: stranger.to_string() };
        chain.refused(&stranger, &ExecuteMsg::SetCouncil { council: council.clone() }, wanted);
    }
    name(&mut chain, &council);
    for stranger in [alice, dao.clone(), "silent".into_addr(), guardian, "mallory".into_addr()] {
        chain.refused(&stranger, &ACCEPT, ContractError::NotMember { found: stranger.to_string() });
    }
    let msg = chain.schedule_msg(vec![chain.own(&ACCEPT)]);
    chain.refused(&dao, &msg, ContractError::OwnMessage { message: "accept_council" });
    let dora = "dora".into_addr();
    accept(&mut chain, "dora");
    let confirm = ExecuteMsg::Confirm { action: freeze(), nonce: 0 };
    chain.refused(&dora, &confirm, ContractError::NotMember { found: dora.to_string() });
    chain.refused(&dora, &ExecuteMsg::Heartbeat {}, ContractError::NoHeartbeat { found: dora.to_string() });
    // Its group's word voids nothing of the council in power.
    chain.confirm(&bob, &freeze(), 0).unwrap();
    change(&mut chain, &new, &["silent"], &[]);
    assert_eq!((chain.council().nonce, chain.council().pending.len()), (0, 1));
}

//
#[test]
fn a_group_that_does_not_tell_the_guardian_does_not_take_over() {
    let mut chain = Chain::new();
    let before = chain.council();
    assert!(!before.hooked);
    let new = group(&mut chain, &[("dora", 1), ("emil", 1)], false);
    let council = config(&chain, &new, 2);
    name(&mut chain, &council);
    accept(&mut chain, "dora");
    let emil = "emil".into_addr();
    chain.refused(&emil, &ACCEPT, ContractError::NoHook { group: new.to_string() });
    // Another hook is not the guardian's.
    let addr = chain.stranger.to_string();
    of_group(&mut chain, &new, cw4_group::msg::ExecuteMsg::AddHook { addr });
    chain.refused(&emil, &ACCEPT, ContractError::NoHook { group: new.to_string() });
    assert_eq!(chain.council().config, before.config);
    hook(&mut chain, &new);
    chain.send(&emil, &ACCEPT).unwrap();
    assert_eq!((chain.council().config, chain.council().hooked), (council, true));
}

#[test]
fn weights_count_as_they_are_when_the_council_takes_over() {
    let mut chain = Chain::new();
    let new = group(&mut chain, &[("dora", 1), ("emil", 1), ("fay", 1)], true);
    let council = config(&chain, &new, 2);
    name(&mut chain, &council);
    accept(&mut chain, "dora");
    // Who left weighs nothing.
    change(&mut chain, &new, &["dora"], &[]);
    assert_eq!(accepted(&chain), [("dora".into_addr().to_string(), 0)]);
    assert_eq!(accept(&mut chain, "emil").weight, 1);
    assert_eq!(accepted(&chain), [("emil".into_addr().to_string(), 1)]);
    change(&mut chain, &new, &[], &[("emil", 2)]);
    assert_eq!(accept(&mut chain, "emil").weight, 2);
    assert_eq!(chain.council().config, council);
}

// A council that could never act is refused when it is named, and again when it takes over.
#[test]
fn a_threshold_out_of_reach_is_refused_twice() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    let names: Vec<_> = (0..16).map(|number| format!("member {number}")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let new = group(&mut chain, &members, true);
    let council = config(&chain, &new, 16);
    let out = || ContractError::OutOfBounds { what: "threshold", wanted: "1 to 15".into(), found: "16".into() };
    chain.refused(&guardian, &ExecuteMsg::SetCouncil { council: council.clone() }, out());
    change(&mut chain, &new, &[], &[("member 0", 2)]);
    name(&mut chain, &council);
    change(&mut chain, &new, &[], &[("member 0", 1)]);
    for member in &names[..15] {
        accept(&mut chain, member);
    }
    chain.refused(&names[15].as_str().into_addr(), &ACCEPT, out());
    change(&mut chain, &new, &[], &[("member 0", 2)]);
    assert_eq!(accept(&mut chain, &names[15]).weight, 17);
    assert_eq!(chain.council().config, council);
}

#[test]
fn fifteen_light_members_do_not_keep_heavy_ones_out() {
    let mut chain = Chain::new();
    let names: Vec<_> = (0..16).map(|number| format!("light {number}")).collect();
    let mut members: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    members.extend([("dora", 100), ("emil", 100)]);
    let new = group(&mut chain, &members, true);
    let council = config(&chain, &new, 200);
    name(&mut chain, &council);
    for member in &names[..15] {
        accept(&mut chain, member);
    }
    chain.refused(&names[15].as_str().into_addr(), &ACCEPT, ContractError::TooManyConfirmations { max: 15 });
    assert_eq!(accept(&mut chain, "dora").weight, 114);
    let kept = accepted(&chain);
    assert_eq!((kept.len(), kept.contains(&(names[0].as_str().into_addr().to_string(), 1))), (15, false));
    assert_eq!(accept(&mut chain, "emil").weight, 214);
    assert_eq!(chain.council().config, council);
}

#[test]
fn the_last_word_of_the_timelock_holds() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    let new = group(&mut chain, &[("dora", 1), ("emil", 1)], true);
    let two = config(&chain, &new, 2);
    let first = name(&mut chain, &two).expires_at;
    accept(&mut chain, "dora");
    // Named anew: who accepted other figures accepts again.
    chain.wait(DAY);
    let stricter = CouncilConfig { frozen_seconds_max: 60, ..two.clone() };
    assert_eq!(name(&mut chain, &stricter).expires_at, first + DAY);
    assert_eq!(accepted(&chain), []);
    accept(&mut chain, "dora");
    // The present one with other figures: at once, and nobody waits any more.
    let present = CouncilConfig { frozen_seconds_max: 0, ..chain.council().config };
    let response = chain.send(&guardian, &ExecuteMsg::SetCouncil { council: present.clone() }).unwrap();
    assert_eq!(CouncilNamed::all(&response.events), []);
    let changed = only::<CouncilChanged>(&response);
    assert_eq!((changed.frozen_seconds_max_before, changed.frozen_seconds_max), (6 * HOUR, 0));
    let shown = chain.council();
    assert_eq!((shown.config, shown.nonce, shown.candidate), (present.clone(), 1, None));
    chain.refused(&"emil".into_addr(), &ACCEPT, ContractError::NoCouncilCandidate { expires_at: 0 });
    // Both in one operation, in this order.
    let calls = [present, two.clone()].map(|council| chain.own(&ExecuteMsg::SetCouncil { council }));
    assert_eq!(chain.govern_all(calls.to_vec()), OperationStatus::Executed);
    accept(&mut chain, "dora");
    accept(&mut chain, "emil");
    assert_eq!(chain.council().config, two);
}
