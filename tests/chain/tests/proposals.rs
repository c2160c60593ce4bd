//! Decisions on the chain: its own governance and the DAO schedule at the timelock, the council restricts, nobody else
//! does either.
//!
//! A proposal of x/gov runs at the end of a block, outside of any transaction: contracts see no `env.transaction`
//! there.

mod common;

use common::governance::{dao_vote, proposal_id};
use common::{fact, Suite};
use cosmrs::proto::cosmos::gov::v1::ProposalStatus;
use firebreak_chain::{message, Localnet};
use firebreak_chain_tests::Codes;
use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::circuit_breaker::{RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, ExecuteMsg as VaultMsg, OrderFilled, OrderId, OrderPlaced, OrdersResponse,
    QueryMsg as VaultQuery, Queue, VaultParameters,
};
use firebreak_messages::guardian::{
    ActionConfirmed, Call, CouncilAction, ExecuteMsg, Incident, OperationCanceled, OperationScheduled, OperationStatus,
    QueryMsg, Role,
};
use firebreak_messages::{Action, Reason, Source};
use firebreak_risk::Level;
use firebreak_testing::{account_of, size, usd, BTC, ETH};

/// What a council's confirmation that restricts may cost, gas of the whole transaction. A key's first transaction ever,
/// which stores its public key, costs some 13,000 more than the later ones; that is within.
const RESTRICTING_GAS_MAX: u64 = 220_000;

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_chains_own_governance_schedules_a_change_and_anyone_executes_it_after_the_delay() {
    let (mut suite, gov) = Suite::start_with_gov();
    let (guardian, wanted) = (suite.at.guardian.clone(), suite.slower_orders());
    let call = suite.call(&suite.at.derivatives_vault, &VaultMsg::Configure { parameters: wanted.clone() });
    let schedule = suite.scheduling(vec![call]);
    // The same call from ordinary keys, the one that deployed everything among them.
    for name in ["mallory", "deployer", "val", "canceller", "dao-0"] {
        let address = suite.address(name);
        suite.refused(name, &guardian, &schedule).says(GuardianError::NotHolder { role: Role::Proposer, address });
    }
    let message = message::execute(&gov, guardian.as_str(), &schedule, &[]).unwrap();
    let passed = suite.net().govern("slower orders", vec![message]).unwrap();
    assert_eq!((passed.status, passed.failed_reason.as_str()), (ProposalStatus::Passed, ""));
    assert_eq!(suite.operation(1).proposer, gov);
    suite.waits_and_is_executed_by_anyone(1);
    assert_eq!(suite.parameters(), wanted);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_dao_schedules_a_change_by_its_vote_and_anyone_executes_it_after_the_delay() {
    let mut suite = Suite::start();
    let (dao, guardian, wanted) = (suite.at.dao.clone(), suite.at.guardian.clone(), suite.slower_orders());
    let call = suite.call(&suite.at.derivatives_vault, &VaultMsg::Configure { parameters: wanted.clone() });
    let schedule = suite.scheduling(vec![call]);
    let propose = suite.dao_proposal(&schedule);
    suite.refused("mallory", &dao, &propose).says(cw3_flex_multisig::ContractError::Unauthorized {});
    let proposal_id = proposal_id(&suite.send("dao-0", &dao, &propose));
    let execute = cw3_flex_multisig::msg::ExecuteMsg::Execute { proposal_id };
    suite.refused("dao-0", &dao, &execute).says(cw3_flex_multisig::ContractError::WrongExecuteStatus {});
    suite.refused("mallory", &dao, &dao_vote(proposal_id)).says(cw3_flex_multisig::ContractError::Unauthorized {});
    suite.send("dao-1", &dao, &dao_vote(proposal_id));
    let scheduled: OperationScheduled = fact(&suite.send("dao-0", &dao, &execute));
    assert_eq!((scheduled.operation, scheduled.proposer), (1, dao.to_string()));
    // A member by itself is nobody to the timelock.
    let address = suite.address("dao-0");
    suite.refused("dao-0", &guardian, &schedule).says(GuardianError::NotHolder { role: Role::Proposer, address });
    suite.waits_and_is_executed_by_anyone(1);
    assert_eq!(suite.parameters(), wanted);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_cancelled_operation_is_never_executed() {
    let mut suite = Suite::start();
    let (guardian, before) = (suite.at.guardian.clone(), suite.parameters());
    let call = suite.call(&suite.at.derivatives_vault, &VaultMsg::Configure { parameters: suite.slower_orders() });
    let OperationScheduled { operation, ready_at, .. } = suite.schedule(vec![call]);
    let cancel = ExecuteMsg::Cancel { operation };
    for name in ["mallory", "dao-0"] {
        let address = suite.address(name);
        suite.refused(name, &guardian, &cancel).says(GuardianError::NotHolder { role: Role::Canceller, address });
    }
    let canceller = suite.address("canceller");
    let canceled = suite.send("canceller", &guardian, &cancel);
    assert_eq!(fact::<OperationCanceled>(&canceled), OperationCanceled { operation, canceller });
    suite.advance_to(ready_at);
    suite
        .refused("dao-0", &guardian, &ExecuteMsg::Execute { operation })
        .says(GuardianError::NotScheduled { operation, found: OperationStatus::Canceled });
    assert_eq!(suite.parameters(), before);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_proposal_whose_second_message_is_refused_leaves_nothing_of_its_first() {
    let (mut suite, gov) = Suite::start_with_gov();
    let (guardian, before) = (suite.at.guardian.clone(), suite.storage(&suite.at.guardian));
    let call = suite.call(&suite.at.derivatives_vault, &VaultMsg::Configure { parameters: suite.slower_orders() });
    let message = |msg: &ExecuteMsg| message::execute(&gov, guardian.as_str(), msg, &[]).unwrap();
    let first = message(&suite.scheduling(vec![call]));
    let second = message(&suite.scheduling(vec![]));
    let passed = suite.net().govern("one good, one bad", vec![first, second]).unwrap();
    assert_eq!(passed.status, ProposalStatus::Failed);
    let wanted = GuardianError::OutOfBounds { what: "calls", wanted: "1 to 8".into(), found: "0".into() };
    assert!(passed.failed_reason.contains(&wanted.to_string()), "{}", passed.failed_reason);
    assert_eq!(suite.storage(&guardian), before);
}

/// two in one transaction differ, and what runs at a block's end has no transaction at all.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn ids_differ_within_a_transaction_and_without_one() {
    let (mut suite, gov) = Suite::start_with_gov();
    let (guardian, vault) = (suite.at.guardian.to_string(), suite.at.derivatives_vault.clone());
    let for_gov = VaultMsg::AddCollateral { account: Some(account_of(&gov)), subaccount: 0 };
    suite.pay("alice", &vault, &for_gov, usd(20_000));
    suite.add_collateral("alice", usd(20_000));

    let order = |suite: &Suite, amount: &str| suite.order(BTC, size(amount), false);
    let calls = |seconds| {
        let parameters = VaultParameters { order_delay_seconds: seconds, ..suite.bootstrap.vault.clone() };
        vec![suite.call(&vault, &VaultMsg::Configure { parameters })]
    };
    let operations = [calls(11), calls(12)];
    let schedule =
        |calls: &Vec<Call>| message::execute(&gov, &guardian, &suite.scheduling(calls.clone()), &[]).unwrap();
    let place = |amount| message::execute(&gov, vault.as_str(), &order(&suite, amount), &[]).unwrap();
    let messages = vec![schedule(&operations[0]), schedule(&operations[1]), place("0.1"), place("0.2")];
    suite.net().govern("two of each", messages).unwrap().ensure().unwrap();
    for (id, calls) in (1..).zip(operations) {
        assert_eq!((suite.operation(id).operation, suite.operation(id).calls), (id, calls));
    }

    let address = suite.address("alice");
    let messages =
        ["0.3", "0.4"].map(|amount| message::execute(&address, vault.as_str(), &order(&suite, amount), &[]).unwrap());
    let placed = suite.net().send("alice", &messages, common::PLENTY).unwrap().facts::<OrderPlaced>();
    let id = |sequence: u64| OrderId { market: BTC, queue: Queue::Increase, sequence };
    let of_alice: Vec<_> = placed.iter().map(|placed| (placed.order, placed.size)).collect();
    assert_eq!(of_alice, [(id(2), size("0.3")), (id(3), size("0.4"))]);

    let waiting: OrdersResponse =
        suite.query(&vault, &VaultQuery::Orders { market: BTC, start_after: None, limit: None });
    let waiting: Vec<_> =
        waiting.orders.into_iter().map(|found| (found.order, found.details.account, found.details.size)).collect();
    let wanted = [(0, &gov, "0.1"), (1, &gov, "0.2"), (2, &address, "0.3"), (3, &address, "0.4")];
    assert_eq!(waiting, wanted.map(|(sequence, owner, amount)| (id(sequence), account_of(owner), size(amount))));

    // Orders that were placed at a block's end fill like any other.
    let filled = suite.fill(BTC).facts::<OrderFilled>();
    let filled: Vec<_> = filled.into_iter().map(|filled| (filled.order, filled.size_after)).collect();
    assert_eq!(filled, [(0, "0.1"), (1, "0.3"), (2, "0.3"), (3, "0.7")].map(|(n, after)| (id(n), size(after))));
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_chains_own_governance_as_a_member_of_the_council_restricts_at_a_blocks_end() {
    let mut gov = String::new();
    let mut suite = Suite::start_with(|net, msg| {
        gov = net.gov().unwrap();
        msg.council.group = group_of(net, &[net.address("council-0"), gov.clone()]);
    });
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, 600);
    suite.confirm("council-0", &action);
    let (guardian, raised_at) = (suite.at.guardian.clone(), suite.now());
    let confirm = ExecuteMsg::Confirm { action, nonce: 0 };
    let message = message::execute(&gov, guardian.as_str(), &confirm, &[]).unwrap();
    suite.net().govern("restrict", vec![message]).unwrap().ensure().unwrap();
    for market in [BTC, ETH] {
        assert_eq!(suite.level(market), (Level::ReduceOnly, Some(Reason::Council)));
    }
    assert_eq!(suite.council().nonce, 1);
    let incident: Incident = suite.query(&guardian, &QueryMsg::Incident { incident: 1 });
    assert_eq!((incident.market, incident.detected_at, incident.level_max), (None, raised_at, Level::ReduceOnly));
    let voted_until = suite.now();
    assert!((raised_at + 10..=voted_until).contains(&incident.contained_at), "{incident:?}, voted until {voted_until}");
}

/// R-20, and that a restriction locks nobody in.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_second_confirmation_restricts_every_market_in_its_own_transaction_and_collateral_still_leaves() {
    let mut suite = Suite::start();
    suite.add_collateral("alice", usd(20_000));
    suite.open("alice", BTC, size("1"));
    suite.refresh();
    let action = CouncilAction::restrict(Scope::All, Level::ReduceOnly, 3_600);

    let guardian = suite.at.guardian.clone();
    let confirm = ExecuteMsg::Confirm { action: action.clone(), nonce: 0 };
    let found = suite.address("mallory");
    suite.refused("mallory", &guardian, &confirm).says(GuardianError::NotMember { found });
    let first = suite.confirm("council-0", &action);
    assert_eq!((fact::<ActionConfirmed>(&first).weight, first.facts::<RestrictionAdded>()), (1, vec![]));
    // A member who says it twice is still one member.
    assert_eq!(fact::<ActionConfirmed>(&suite.confirm("council-0", &action)).weight, 1);
    for market in [BTC, ETH] {
        assert_eq!(suite.level(market), (Level::Normal, None));
    }

    let until = suite.now() + 3_600;
    let second = suite.confirm("council-1", &action);
    assert_eq!(suite.council().nonce, 1);
    let added: RestrictionAdded = fact(&second);
    assert_eq!((added.scope, added.source, added.ends_at, added.incident), (Scope::All, Source::Council, until, 1));
    assert_eq!((added.level.0, added.until), (Level::ReduceOnly, until));
    println!("the confirmation that restricts: {} gas", second.gas_used);
    assert!(second.gas_used < RESTRICTING_GAS_MAX, "{} gas", second.gas_used);
    for market in [BTC, ETH] {
        assert_eq!(suite.level(market), (Level::ReduceOnly, Some(Reason::Council)));
    }
    // the confirmation that was counted counts once.
    suite.refused("council-2", &guardian, &confirm).says(GuardianError::StaleNonce { wanted: 1, found: 0 });

    let (vault, order) = (suite.at.derivatives_vault.clone(), suite.order(BTC, size("0.1"), false));
    suite.refused("alice", &vault, &order).says(VaultError::Restricted {
        action: Action::IncreaseExposure,
        level: Level::ReduceOnly,
        reason: Reason::Council,
        since: until - 3_600,
        until,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    });
    // What is above the initial margin of reduce-only is free: of some 19,940, a fifth of 60,000 and 5 (`margin_min`)
    // stay.
    let withdraw = |units| VaultMsg::WithdrawCollateral { subaccount: 0, amount: usd(units) };
    suite.refused("alice", &vault, &withdraw(8_000)).says("what its positions need");
    let withdrawn: CollateralWithdrawn = fact(&suite.send("alice", &vault, &withdraw(7_900)));
    assert_eq!(withdrawn.amount, usd(7_900));
    assert!(suite.close("alice", BTC).size_after.is_zero());

    // it carries its end and ends by itself.
    suite.advance_to(until);
    suite.refresh();
    assert_eq!(suite.level(BTC), (Level::Normal, None));
    assert_eq!(suite.open("alice", BTC, size("0.1")).size_after, size("0.1"));
}

/// A cw4 group whose members weigh 1 each.
fn group_of(net: &mut Localnet, members: &[String]) -> String {
    let codes = Codes::store(net).unwrap();
    let members = members.iter().map(|addr| cw4::Member { addr: addr.clone(), weight: 1 }).collect();
    let msg = cw4_group::msg::InstantiateMsg { admin: None, members };
    let create = message::instantiate(&net.address("bob"), None, codes.of("group"), "council", &msg).unwrap();
    let created = net.send("bob", &[create], common::PLENTY).unwrap();
    created.attribute("instantiate", "_contract_address").expect("an address").into()
}
