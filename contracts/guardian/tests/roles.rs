//! Roles: proposed by an operation, accepted by the new key, effective after a delay, and never both.

use crate::common::*;
use cosmwasm_std::Addr;
use cw_multi_test::IntoAddr;
use firebreak_guardian::ContractError;
use firebreak_messages::guardian::*;

fn propose(role: Role, candidate: &Addr, replaces: Option<&Addr>) -> ExecuteMsg {
    ExecuteMsg::ProposeRole { role, candidate: candidate.to_string(), replaces: replaces.map(Addr::to_string) }
}

fn revoke(role: Role, address: &Addr) -> ExecuteMsg {
    ExecuteMsg::RevokeRole { role, address: address.to_string() }
}

//
#[test]
fn a_role_is_proposed_accepted_and_then_waits() {
    let mut chain = Chain::new();
    let (dao, new, anyone) = (chain.dao.clone(), "new dao".into_addr(), "anyone".into_addr());
    let role = Role::Proposer;
    let msg = propose(role, &new, Some(&dao));
    // Nobody takes it directly.
    for stranger in [dao.clone(), new.clone()] {
        let wanted = ContractError::Unauthorized { wanted: chain.guardian.to_string(), found: stranger.to_string() };
        chain.refused(&stranger, &msg, wanted);
    }
    chain.refused(&new, &ExecuteMsg::AcceptRole { role }, ContractError::NoCandidate { role });
    assert_eq!(chain.govern(chain.own(&msg)), OperationStatus::Executed);
    assert_eq!(chain.roles().proposers, [dao.to_string()]);
    // Not before it accepts, and nobody accepts in its place.
    let candidate = new.to_string();
    chain.refused(
        &anyone,
        &ExecuteMsg::CompleteRole { role },
        ContractError::NotAccepted { role, candidate: candidate.clone() },
    );
    let wanted = ContractError::NotCandidate { role, wanted: candidate.clone(), found: dao.to_string() };
    chain.refused(&dao, &ExecuteMsg::AcceptRole { role }, wanted);
    let accepted = only::<RoleAccepted>(&chain.send(&new, &ExecuteMsg::AcceptRole { role }).unwrap());
    let effective_at = chain.now() + DAY;
    assert_eq!(accepted, RoleAccepted { role, candidate: candidate.clone(), effective_at });
    let wanted = ContractError::AlreadyAccepted { role, candidate: candidate.clone(), effective_at };
    chain.refused(&new, &ExecuteMsg::AcceptRole { role }, wanted);
    chain.wait(DAY - 1);
    let wanted = ContractError::NotEffective { role, candidate: candidate.clone(), effective_at, now: chain.now() };
    chain.refused(&anyone, &ExecuteMsg::CompleteRole { role }, wanted);
    chain.wait(1);
    let changed = only::<RoleChanged>(&chain.send(&anyone, &ExecuteMsg::CompleteRole { role }).unwrap());
    assert_eq!(changed, RoleChanged { role, granted: candidate.clone(), revoked: dao.to_string() });
    assert_eq!((chain.roles().proposers, chain.roles().candidates), (vec![candidate], vec![]));
}

//
#[test]
fn a_wrong_address_locks_nothing() {
    let mut chain = Chain::new();
    let (dao, role) = (chain.dao.clone(), Role::Proposer);
    let nobody = "nobody has this key".into_addr();
    assert_eq!(chain.govern(chain.own(&propose(role, &nobody, Some(&dao)))), OperationStatus::Executed);
    chain.wait(30 * DAY);
    // The old one still proposes, and the right candidate takes the place of the wrong one.
    let right = "right".into_addr();
    assert_eq!(chain.govern(chain.own(&propose(role, &right, Some(&dao)))), OperationStatus::Executed);
    let candidates = chain.roles().candidates;
    assert_eq!((candidates.len(), candidates[0].candidate.clone()), (1, right.to_string()));
    // Or the candidacy is just ended.
    assert_eq!(chain.govern(chain.own(&revoke(role, &right))), OperationStatus::Executed);
    assert_eq!(chain.roles().candidates, []);
    assert_eq!(chain.roles().proposers, [dao.to_string()]);
}

//
#[test]
fn a_candidacy_ends_after_thirty_days_and_again_thirty_days_after_its_delay() {
    let mut chain = Chain::new();
    let (new, guardian, anyone, role) =
        ("new dao".into_addr(), chain.guardian.clone(), "anyone".into_addr(), Role::Proposer);
    let candidate = new.to_string();
    chain.send(&guardian, &propose(role, &new, None)).unwrap();
    let expires_at = chain.now() + 30 * DAY;
    assert_eq!(chain.roles().candidates[0].expires_at, expires_at);
    chain.wait(30 * DAY);
    let expired = |expires_at| ContractError::CandidacyExpired {
        role,
        candidate: candidate.clone(),
        expires_at,
        now: expires_at,
    };
    chain.refused(&new, &ExecuteMsg::AcceptRole { role }, expired(expires_at));
    chain.send(&guardian, &propose(role, &new, None)).unwrap();
    chain.wait(30 * DAY - 1);
    chain.send(&new, &ExecuteMsg::AcceptRole { role }).unwrap();
    let expires_at = chain.now() + 31 * DAY;
    assert_eq!(chain.roles().candidates[0].expires_at, expires_at);
    chain.wait(31 * DAY);
    chain.refused(&anyone, &ExecuteMsg::CompleteRole { role }, expired(expires_at));
    assert_eq!(chain.roles().proposers, [chain.dao.to_string()]);
}

//
#[test]
fn what_a_revoked_proposer_scheduled_stays_dead_when_it_comes_back() {
    let mut ground = Ground::new();
    ground.msg.roles.proposers.push("second dao".into_addr().to_string());
    let mut chain = Chain::on(ground);
    let (dao, second, guardian, role) =
        (chain.dao.clone(), "second dao".into_addr(), chain.guardian.clone(), Role::Proposer);
    let come_back = |chain: &mut Chain, replaces: Option<&Addr>, address: &Addr| {
        chain.send(&guardian, &propose(role, address, replaces)).unwrap();
        chain.send(address, &ExecuteMsg::AcceptRole { role }).unwrap();
        chain.wait(DAY);
        chain.send(address, &ExecuteMsg::CompleteRole { role }).unwrap();
    };
    let schedule = |chain: &mut Chain| {
        let msg = chain.schedule_msg(vec![chain.quick(1)]);
        only::<OperationScheduled>(&chain.send(&second, &msg).unwrap()).operation
    };
    let dead = |chain: &mut Chain, operation: u64| {
        let wanted = ContractError::ProposerRevoked { operation, proposer: second.to_string() };
        chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
    };
    let first = schedule(&mut chain);
    chain.send(&guardian, &revoke(role, &second)).unwrap();
    come_back(&mut chain, None, &second);
    dead(&mut chain, first);
    // Replaced is revoked too.
    let later = schedule(&mut chain);
    come_back(&mut chain, Some(&second), &"third dao".into_addr());
    dead(&mut chain, later);
    come_back(&mut chain, None, &second);
    dead(&mut chain, first);
    dead(&mut chain, later);
    // What it schedules now runs.
    chain.wait(1);
    let fresh = schedule(&mut chain);
    chain.wait(HOUR);
    chain.run(fresh).unwrap();
    assert_eq!(chain.operation(fresh).status, OperationStatus::Executed);
}

//
#[test]
fn nobody_becomes_proposer_and_canceller_at_any_step() {
    let mut chain = Chain::new();
    let (dao, veto, both, guardian) =
        (chain.dao.clone(), chain.veto.clone(), "both".into_addr(), chain.guardian.clone());
    for (role, address) in [(Role::Canceller, &dao), (Role::Proposer, &veto)] {
        let wanted = ContractError::RolesOverlap { role, address: address.to_string() };
        chain.refused(&guardian, &propose(role, address, None), wanted);
    }
    let wanted = ContractError::RoleOfSelf { role: Role::Canceller, address: guardian.to_string() };
    chain.refused(&guardian, &propose(Role::Canceller, &guardian, None), wanted);
    let wanted = ContractError::AlreadyHolder { role: Role::Proposer, address: dao.to_string() };
    chain.refused(&guardian, &propose(Role::Proposer, &dao, None), wanted);
    // A candidate for both, while it is neither: the second completion is refused, and so is a second acceptance.
    chain.send(&guardian, &propose(Role::Proposer, &both, None)).unwrap();
    chain.send(&guardian, &propose(Role::Canceller, &both, None)).unwrap();
    chain.send(&both, &ExecuteMsg::AcceptRole { role: Role::Proposer }).unwrap();
    chain.send(&both, &ExecuteMsg::AcceptRole { role: Role::Canceller }).unwrap();
    chain.wait(DAY);
    chain.send(&both, &ExecuteMsg::CompleteRole { role: Role::Proposer }).unwrap();
    let wanted = ContractError::RolesOverlap { role: Role::Canceller, address: both.to_string() };
    chain.refused(&both, &ExecuteMsg::CompleteRole { role: Role::Canceller }, wanted);
    chain.send(&guardian, &propose(Role::Canceller, &"other".into_addr(), None)).unwrap();
    let roles = chain.roles();
    assert!(roles.proposers.iter().all(|address| !roles.cancellers.contains(address)));
}

#[test]
fn the_last_of_a_role_stays() {
    let mut chain = Chain::new();
    let (dao, veto, guardian) = (chain.dao.clone(), chain.veto.clone(), chain.guardian.clone());
    for (role, address) in [(Role::Proposer, &dao), (Role::Canceller, &veto)] {
        let wanted = ContractError::LastHolder { role, address: address.to_string() };
        chain.refused(&guardian, &revoke(role, address), wanted);
        let wanted = ContractError::Unauthorized { wanted: guardian.to_string(), found: dao.to_string() };
        chain.refused(&dao, &revoke(role, address), wanted);
    }
    let wanted = ContractError::NotHolder { role: Role::Canceller, address: dao.to_string() };
    chain.refused(&guardian, &revoke(Role::Canceller, &dao), wanted);
    // Through the timelock it is a failed operation.
    assert_eq!(chain.govern(chain.own(&revoke(Role::Proposer, &dao))), OperationStatus::Failed);
}

#[test]
fn a_role_has_at_most_eight_holders() {
    let mut ground = Ground::new();
    ground.msg.roles.cancellers = (0..8).map(|n| format!("veto {n}").as_str().into_addr().to_string()).collect();
    let mut chain = Chain::on(ground);
    let (guardian, ninth, role) = (chain.guardian.clone(), "ninth".into_addr(), Role::Canceller);
    chain.refused(&guardian, &propose(role, &ninth, None), ContractError::TooManyHolders { role, max: 8 });
    let stranger = "stranger".into_addr();
    let wanted = ContractError::TooManyHolders { role, max: 8 };
    chain.refused(&guardian, &propose(role, &ninth, Some(&stranger)), wanted);
    chain.send(&guardian, &propose(role, &ninth, Some(&"veto 3".into_addr()))).unwrap();
    chain.send(&ninth, &ExecuteMsg::AcceptRole { role }).unwrap();
    chain.wait(DAY);
    chain.send(&ninth, &ExecuteMsg::CompleteRole { role }).unwrap();
    assert_eq!(chain.roles().cancellers.len(), 8);
}

#[test]
fn a_replaced_holder_that_was_revoked_meanwhile_is_no_obstacle() {
    let mut ground = Ground::new();
    ground.msg.roles.proposers.push("second dao".into_addr().to_string());
    let mut chain = Chain::on(ground);
    let (guardian, second, new, role) =
        (chain.guardian.clone(), "second dao".into_addr(), "new".into_addr(), Role::Proposer);
    chain.refused(
        &guardian,
        &propose(role, &new, Some(&new)),
        ContractError::NotHolder { role, address: new.to_string() },
    );
    chain.send(&guardian, &propose(role, &new, Some(&second))).unwrap();
    chain.send(&new, &ExecuteMsg::AcceptRole { role }).unwrap();
    chain.send(&guardian, &revoke(role, &second)).unwrap();
    chain.wait(DAY);
    let changed = only::<RoleChanged>(&chain.send(&new, &ExecuteMsg::CompleteRole { role }).unwrap());
    assert_eq!(changed, RoleChanged { role, granted: new.to_string(), revoked: String::new() });
    assert_eq!(chain.roles().proposers, [chain.dao.to_string(), new.to_string()]);
}

// whoever is stolen executes what is old and ready.
#[test]
fn an_old_operation_does_not_take_the_place_of_who_was_named_since() {
    for (role, other, about) in [
        (Role::Proposer, Role::Canceller, "the next proposer"),
        (Role::Canceller, Role::Proposer, "the next canceller"),
    ] {
        let mut chain = Chain::new();
        let (old_key, new_key, other_key) = ("old choice".into_addr(), "new choice".into_addr(), "other".into_addr());
        let (old, new) = (propose(role, &old_key, None), propose(role, &new_key, None));
        let scheduled = [&old, &propose(other, &other_key, None), &new].map(|msg| chain.schedule(vec![chain.own(msg)]));
        let [first, another, second] = scheduled;
        chain.wait(DAY);
        chain.run(second).unwrap();
        chain.send(&new_key, &ExecuteMsg::AcceptRole { role }).unwrap();
        chain.too_old(first, &old, about, second);
        // That of the other role is another question.
        chain.run(another).unwrap();
        assert_eq!((chain.operation(another).status, chain.roles().candidates.len()), (OperationStatus::Executed, 2));
        chain.wait(DAY);
        let changed = only::<RoleChanged>(&chain.send(&new_key, &ExecuteMsg::CompleteRole { role }).unwrap());
        assert_eq!(changed, RoleChanged { role, granted: new_key.to_string(), revoked: String::new() });
        // Both in one operation were decided together: the second holds.
        let calls = [&old, &propose(role, &"last choice".into_addr(), None)].map(|msg| chain.own(msg)).to_vec();
        assert_eq!(chain.govern_all(calls), OperationStatus::Executed);
        let named = chain.roles().candidates.into_iter().find(|one| one.role == role).map(|one| one.candidate);
        assert_eq!(named, Some("last choice".into_addr().to_string()));
    }
}

//
#[test]
fn a_revoked_candidate_does_not_come_back_by_an_older_word() {
    let role = Role::Canceller;
    let mut chain = Chain::new();
    let (key, other) = ("watch".into_addr(), "another watch".into_addr());
    assert_eq!(chain.govern(chain.own(&propose(role, &key, None))), OperationStatus::Executed);
    // Named again, for a longer time; then its key is stolen and the DAO takes it off.
    let again = propose(role, &key, None);
    let old = chain.schedule(vec![chain.own(&again)]);
    let off = chain.schedule(vec![chain.own(&revoke(role, &key))]);
    chain.wait(DAY);
    chain.run(off).unwrap();
    assert_eq!((chain.operation(off).status, chain.roles().candidates.len()), (OperationStatus::Executed, 0));
    chain.too_old(old, &again, &format!("the role of {key}"), off);
    // Later, and of others, the timelock may say what it will.
    for key in [other, key] {
        assert_eq!(chain.govern(chain.own(&propose(role, &key, None))), OperationStatus::Executed);
    }
}
