//! Another council in two steps: named by an operation, in power when its own members have accepted.

use crate::common::*;
use cosmwasm_std::Addr;
use cw_multi_test::{ContractWrapper, Executor, IntoAddr};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_risk::Level;

/// What a member sends who has read the query.
fn acceptance(chain: &Chain) -> ExecuteMsg {
    let shown = chain.council();
    ExecuteMsg::AcceptCouncil(shown.candidate.map_or(shown.config, |candidate| candidate.config))
}

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

fn accepts(chain: &mut Chain, name: &str) -> CouncilAccepted {
    only(&chain.send(&name.into_addr(), &acceptance(chain)).unwrap())
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
        assert_eq!(accepts(&mut chain, "dora"), CouncilAccepted { member: "dora".into_addr().into(), weight: 1 });
        assert_eq!(accepted(&chain), [("dora".into_addr().to_string(), 1)]);
    }
    assert_eq!(chain.council().config, before);
    let accept = acceptance(&chain);
    let response = chain.send(&"emil".into_addr(), &accept).unwrap();
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
    let accept = acceptance(&chain);
    chain.refused(&"fay".into_addr(), &accept, ContractError::NoCouncilCandidate { expires_at: 0 });
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
    let accept = acceptance(&chain);
    chain.refused(&"a typing error".into_addr(), &accept, ContractError::NoCouncilCandidate { expires_at });
    let shown = chain.council();
    assert_eq!((shown.config, shown.candidate), (before, None));
    chain.decide(&freeze()).unwrap();
    // And the DAO names the right one.
    let right = group(&mut chain, &[("dora", 1)], true);
    let council = config(&chain, &right, 1);
    name(&mut chain, &council);
    accepts(&mut chain, "dora");
    assert_eq!(chain.council().config, council);
}

// what an attacker may try, who is a stranger, the old council or the new one.
#[test]
fn only_the_new_groups_members_accept_and_nobody_is_the_council_before() {
    let mut chain = Chain::new();
    let (alice, bob, dao, guardian) =
        (chain.alice.clone(), chain.bob.clone(), chain.dao.clone(), chain.guardian.clone());
    let accept = acceptance(&chain);
    chain.refused(&alice, &accept, ContractError::NoCouncilCandidate { expires_at: 0 });
    let new = group(&mut chain, &[("dora", 2), ("emil", 1), ("silent", 0)], true);
    let council = config(&chain, &new, 3);
    // By an operation alone.
    for stranger in [dao.clone(), alice.clone(), "dora".into_addr()] {
        let wanted = ContractError::Unauthorized { wanted: guardian.to_string(), found: stranger.to_string() };
        chain.refused(&stranger, &ExecuteMsg::SetCouncil { council: council.clone() }, wanted);
    }
    name(&mut chain, &council);
    for stranger in [alice, dao.clone(), "silent".into_addr(), guardian, "mallory".into_addr()] {
        let accept = acceptance(&chain);
        chain.refused(&stranger, &accept, ContractError::NotMember { found: stranger.to_string() });
    }
    let msg = chain.schedule_msg(vec![chain.own(&acceptance(&chain))]);
    chain.refused(&dao, &msg, ContractError::OwnMessage { message: "accept_council" });
    let dora = "dora".into_addr();
    accepts(&mut chain, "dora");
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
    accepts(&mut chain, "dora");
    let emil = "emil".into_addr();
    let accept = acceptance(&chain);
    chain.refused(&emil, &accept, ContractError::NoHook { group: new.to_string() });
    // Another hook is not the guardian's.
    let addr = chain.stranger.to_string();
    of_group(&mut chain, &new, cw4_group::msg::ExecuteMsg::AddHook { addr });
    let accept = acceptance(&chain);
    chain.refused(&emil, &accept, ContractError::NoHook { group: new.to_string() });
    assert_eq!(chain.council().config, before.config);
    hook(&mut chain, &new);
    let accept = acceptance(&chain);
    chain.send(&emil, &accept).unwrap();
    assert_eq!((chain.council().config, chain.council().hooked), (council, true));
}

#[test]
fn weights_count_as_they_are_when_the_council_takes_over() {
    let mut chain = Chain::new();
    // One that does not tell the guardian: its members' acceptances stay, and are weighed.
    let new = group(&mut chain, &[("dora", 1), ("emil", 1), ("fay", 1)], false);
    let council = config(&chain, &new, 2);
    name(&mut chain, &council);
    accepts(&mut chain, "dora");
    // Who left weighs nothing.
    change(&mut chain, &new, &["dora"], &[]);
    assert_eq!(accepted(&chain), [("dora".into_addr().to_string(), 0)]);
    assert_eq!(accepts(&mut chain, "emil").weight, 1);
    assert_eq!(accepted(&chain), [("emil".into_addr().to_string(), 1)]);
    change(&mut chain, &new, &[], &[("emil", 2)]);
    hook(&mut chain, &new);
    assert_eq!(accepts(&mut chain, "emil").weight, 2);
    assert_eq!(chain.council().config, council);
}

// A council that could never act is refused when it is named, and again when it takes over.
#[test]
fn a_threshold_out_of_reach_is_refused_twice() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    let names: Vec<_> = (0..16).map(|number| format!("member {number}")).collect();
    let members: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let new = group(&mut chain, &members, false);
    let council = config(&chain, &new, 16);
    let out = || ContractError::OutOfBounds { what: "threshold", wanted: "1 to 15".into(), found: "16".into() };
    chain.refused(&guardian, &ExecuteMsg::SetCouncil { council: council.clone() }, out());
    change(&mut chain, &new, &[], &[("member 0", 2)]);
    name(&mut chain, &council);
    change(&mut chain, &new, &[], &[("member 0", 1)]);
    for member in &names[..15] {
        accepts(&mut chain, member);
    }
    let accept = acceptance(&chain);
    chain.refused(&names[15].as_str().into_addr(), &accept, out());
    change(&mut chain, &new, &[], &[("member 0", 2)]);
    hook(&mut chain, &new);
    assert_eq!(accepts(&mut chain, &names[15]).weight, 17);
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
        accepts(&mut chain, member);
    }
    let accept = acceptance(&chain);
    chain.refused(&names[15].as_str().into_addr(), &accept, ContractError::TooManyConfirmations { max: 15 });
    assert_eq!(accepts(&mut chain, "dora").weight, 114);
    let kept = accepted(&chain);
    assert_eq!((kept.len(), kept.contains(&(names[0].as_str().into_addr().to_string(), 1))), (15, false));
    assert_eq!(accepts(&mut chain, "emil").weight, 214);
    assert_eq!(chain.council().config, council);
}

#[test]
fn the_last_word_of_the_timelock_holds() {
    let mut chain = Chain::new();
    let guardian = chain.guardian.clone();
    let new = group(&mut chain, &[("dora", 1), ("emil", 1)], true);
    let two = config(&chain, &new, 2);
    let first = name(&mut chain, &two).expires_at;
    accepts(&mut chain, "dora");
    // Named anew: who accepted other figures accepts again.
    chain.wait(DAY);
    let stricter = CouncilConfig { frozen_seconds_max: 60, ..two.clone() };
    assert_eq!(name(&mut chain, &stricter).expires_at, first + DAY);
    assert_eq!(accepted(&chain), []);
    accepts(&mut chain, "dora");
    // The present one with other figures: at once, and nobody waits any more.
    let present = CouncilConfig { frozen_seconds_max: 0, ..chain.council().config };
    let response = chain.send(&guardian, &ExecuteMsg::SetCouncil { council: present.clone() }).unwrap();
    assert_eq!(CouncilNamed::all(&response.events), []);
    let changed = only::<CouncilChanged>(&response);
    assert_eq!((changed.frozen_seconds_max_before, changed.frozen_seconds_max), (6 * HOUR, 0));
    let shown = chain.council();
    assert_eq!((shown.config, shown.nonce, shown.candidate), (present.clone(), 1, None));
    let accept = acceptance(&chain);
    chain.refused(&"emil".into_addr(), &accept, ContractError::NoCouncilCandidate { expires_at: 0 });
    // Both in one operation, in this order.
    let calls = [present, two.clone()].map(|council| chain.own(&ExecuteMsg::SetCouncil { council }));
    assert_eq!(chain.govern_all(calls.to_vec()), OperationStatus::Executed);
    accepts(&mut chain, "dora");
    accepts(&mut chain, "emil");
    assert_eq!(chain.council().config, two);
}

fn set(chain: &Chain, council: &CouncilConfig) -> Call {
    chain.own(&ExecuteMsg::SetCouncil { council: council.clone() })
}

/// An operation of the DAO about the present council, ready and not executed; and after it another one, which names dora and
/// emil. Returns both, what the first wants and what the second wants.
fn an_old_one_and_its_successor(chain: &mut Chain) -> (u64, u64, CouncilConfig, CouncilConfig) {
    let old = CouncilConfig { frozen_seconds_max: 60, ..chain.council().config };
    let new = group(chain, &[("dora", 1), ("emil", 1)], true);
    let new = config(chain, &new, 2);
    let first = chain.schedule(vec![set(chain, &old)]);
    chain.wait(HOUR);
    let second = chain.schedule(vec![set(chain, &new)]);
    chain.wait(DAY);
    (first, second, old, new)
}

/// The operation fails, since another one has decided about the council.
fn too_old(chain: &mut Chain, operation: u64, council: &CouncilConfig, wanted: u64) {
    chain.too_old(operation, &ExecuteMsg::SetCouncil { council: council.clone() }, "the council", wanted);
}

// whoever is stolen executes what is old and ready.
#[test]
fn an_old_operation_does_not_give_a_replaced_council_its_seat_back() {
    let mut chain = Chain::new();
    let (first, second, old, new) = an_old_one_and_its_successor(&mut chain);
    only::<CouncilNamed>(&chain.run(second).unwrap());
    // One that was scheduled while the group was about to be the council is older than its seat, too.
    chain.wait(30);
    let between = chain.schedule(vec![set(&chain, &old)]);
    chain.wait(30);
    accepts(&mut chain, "dora");
    accepts(&mut chain, "emil");
    too_old(&mut chain, first, &old, between + 1);
    chain.wait(DAY);
    too_old(&mut chain, between, &old, between + 1);
    let shown = chain.council();
    assert_eq!((shown.config, shown.candidate), (new.clone(), None));
    let stricter = CouncilConfig { frozen_seconds_max: 0, ..new };
    let call = set(&chain, &stricter);
    assert_eq!(chain.govern(call), OperationStatus::Executed);
    assert_eq!(chain.council().config, stricter);
}

//
#[test]
fn an_old_operation_does_not_withdraw_who_was_named_since() {
    let mut chain = Chain::new();
    let (first, second, old, _) = an_old_one_and_its_successor(&mut chain);
    let before = chain.council().config;
    only::<CouncilNamed>(&chain.run(second).unwrap());
    accepts(&mut chain, "dora");
    too_old(&mut chain, first, &old, second);
    assert_eq!((chain.council().config, accepted(&chain).len()), (before, 1));
    // Scheduled anew, in the very block too, it is the last word.
    let again = chain.schedule(vec![set(&chain, &old)]);
    chain.wait(DAY);
    only::<CouncilChanged>(&chain.run(again).unwrap());
    assert_eq!((chain.council().config, chain.council().candidate), (old, None));
    // Nor does it, executed at the last moment, keep out the one that comes after it.
    let mut chain = Chain::new();
    let (first, second, old, new) = an_old_one_and_its_successor(&mut chain);
    only::<CouncilChanged>(&chain.run(first).unwrap());
    only::<CouncilNamed>(&chain.run(second).unwrap());
    assert_eq!((chain.council().config, chain.council().candidate.unwrap().config), (old, new));
}

// an acceptance says of what.
#[test]
fn an_acceptance_of_other_figures_or_another_group_counts_for_nothing() {
    let mut chain = Chain::new();
    let (dora, emil) = ("dora".into_addr(), "emil".into_addr());
    let one = group(&mut chain, &[("dora", 1), ("emil", 1)], true);
    let other = group(&mut chain, &[("dora", 1), ("emil", 1)], true);
    let (one, other) = (config(&chain, &one, 2), config(&chain, &other, 2));
    name(&mut chain, &one);
    let late = acceptance(&chain);
    chain.send(&dora, &late).unwrap();
    let looser = CouncilConfig { threshold: 1, ..one.clone() };
    for named in [looser, CouncilConfig { restriction_seconds_max: 60, ..one.clone() }, other] {
        name(&mut chain, &named);
        chain.refused(&emil, &late, ContractError::NotAsNamed { address: named.group.clone() });
        assert_eq!(accepted(&chain), []);
    }
    name(&mut chain, &one);
    chain.send(&dora, &late).unwrap();
    chain.send(&emil, &late).unwrap();
    assert_eq!(chain.council().config, one);
}

//
#[test]
fn other_members_of_the_group_that_waits_accept_anew() {
    let mut chain = Chain::new();
    let new = group(&mut chain, &[("dora", 1), ("emil", 1), ("fay", 1)], true);
    let council = config(&chain, &new, 2);
    let expires_at = name(&mut chain, &council).expires_at;
    accepts(&mut chain, "dora");
    chain.wait(DAY);
    // A stranger's word, the DAO's or a member's voids nothing.
    for stranger in [chain.stranger.clone(), chain.dao.clone(), "dora".into_addr()] {
        chain.send(&stranger, &ExecuteMsg::MemberChangedHook { diffs: vec![] }).unwrap();
    }
    assert_eq!(accepted(&chain).len(), 1);
    let nonce = chain.council().nonce;
    let named = only::<CouncilNamed>(&chain.send(&new, &ExecuteMsg::MemberChangedHook { diffs: vec![] }).unwrap());
    assert_eq!(named, CouncilNamed { group: new.to_string(), threshold: 2, expires_at });
    assert_eq!((accepted(&chain), chain.council().nonce), (vec![], nonce));
    // Who left and came back has not accepted.
    accepts(&mut chain, "dora");
    change(&mut chain, &new, &["dora"], &[]);
    change(&mut chain, &new, &[], &[("dora", 1)]);
    assert_eq!(accepts(&mut chain, "emil").weight, 1);
    assert_eq!(accepts(&mut chain, "dora").weight, 2);
    assert_eq!(chain.council().config, council);
}

// nobody could add the hook, and there is nothing to tell.
#[test]
fn a_group_that_nobody_can_change_takes_over_without_a_hook() {
    let mut chain = Chain::new();
    let new = group(&mut chain, &[("dora", 1)], false);
    let council = config(&chain, &new, 1);
    name(&mut chain, &council);
    let (dora, accept) = ("dora".into_addr(), acceptance(&chain));
    chain.refused(&dora, &accept, ContractError::NoHook { group: new.to_string() });
    of_group(&mut chain, &new, cw4_group::msg::ExecuteMsg::UpdateAdmin { admin: None });
    chain.send(&dora, &accept).unwrap();
    assert_eq!((chain.council().config, chain.council().hooked), (council, false));
}
