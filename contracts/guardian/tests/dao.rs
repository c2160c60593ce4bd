//! A real multisig as the proposer: cw3-flex-multisig over a cw4-group.

use crate::common::*;
use cosmwasm_std::{to_json_binary, Addr, CosmosMsg, WasmMsg};
use cw3::Vote;
use cw3_flex_multisig::msg::{ExecuteMsg as Cw3Execute, InstantiateMsg as Cw3Instantiate};
use cw_multi_test::{App, ContractWrapper, Executor, IntoAddr};
use cw_utils::{Duration, Threshold};
use firebreak_messages::guardian::*;

fn multisig(app: &mut App) -> Addr {
    let group_code = app.store_code(Box::new(ContractWrapper::new(
        cw4_group::contract::execute,
        cw4_group::contract::instantiate,
        cw4_group::contract::query,
    )));
    let cw3_code = app.store_code(Box::new(ContractWrapper::new(
        cw3_flex_multisig::contract::execute,
        cw3_flex_multisig::contract::instantiate,
        cw3_flex_multisig::contract::query,
    )));
    let members = vec![member(&"voter one".into_addr(), 1), member(&"voter two".into_addr(), 1)];
    let msg = cw4_group::msg::InstantiateMsg { admin: None, members };
    let group = app.instantiate_contract(group_code, "deployer".into_addr(), &msg, &[], "voters", None).unwrap();
    let msg = Cw3Instantiate {
        group_addr: group.to_string(),
        threshold: Threshold::AbsoluteCount { weight: 2 },
        max_voting_period: Duration::Time(DAY),
        executor: None,
        proposal_deposit: None,
    };
    app.instantiate_contract(cw3_code, "deployer".into_addr(), &msg, &[], "dao", None).unwrap()
}

/// Proposes, votes and executes.
fn decide(chain: &mut Chain, proposal_id: u64, msgs: Vec<CosmosMsg>) {
    let (one, two, dao) = ("voter one".into_addr(), "voter two".into_addr(), chain.dao.clone());
    let propose = Cw3Execute::Propose { title: "t".into(), description: "d".into(), msgs, latest: None };
    // Votes count as the group was before the proposal's block.
    chain.wait(1);
    chain.app.execute_contract(one.clone(), dao.clone(), &propose, &[]).unwrap();
    let vote = Cw3Execute::Vote { proposal_id, vote: Vote::Yes };
    chain.app.execute_contract(two, dao.clone(), &vote, &[]).unwrap();
    chain.app.execute_contract(one, dao, &Cw3Execute::Execute { proposal_id }, &[]).unwrap();
}

//
#[test]
fn two_schedules_of_one_proposal_are_two_operations_that_run_apart() {
    let mut app = App::default();
    let dao = multisig(&mut app);
    let mut chain = Chain::on(Ground::with_proposer(dao, app));
    let to_guardian = |msg: &ExecuteMsg| -> CosmosMsg {
        WasmMsg::Execute { contract_addr: chain.guardian.to_string(), msg: to_json_binary(msg).unwrap(), funds: vec![] }
            .into()
    };
    let first = to_guardian(&chain.schedule_msg(vec![chain.quick(1)]));
    let second = to_guardian(&chain.schedule_msg(vec![chain.quick(2)]));
    decide(&mut chain, 1, vec![first, second]);
    let all: OperationsResponse = chain.ask(QueryMsg::Operations { start_after: None, limit: None });
    assert_eq!(all.operations.iter().map(|operation| operation.operation).collect::<Vec<_>>(), [1, 2]);
    assert!(all.operations.iter().all(|operation| operation.proposer == chain.dao.as_str()));
    chain.wait(HOUR);
    chain.run(2).unwrap();
    let statuses = [chain.operation(1).status, chain.operation(2).status];
    assert_eq!(statuses, [OperationStatus::Scheduled, OperationStatus::Executed]);
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 1);
}

//
#[test]
fn a_multisig_accepts_a_role_by_vote() {
    let mut app = App::default();
    let new = multisig(&mut app);
    let mut chain = Chain::on(Ground::with_proposer("dao".into_addr(), app));
    let old = chain.dao.clone();
    let role = Role::Proposer;
    let msg = ExecuteMsg::ProposeRole { role, candidate: new.to_string(), replaces: Some(old.to_string()) };
    assert_eq!(chain.govern(chain.own(&msg)), OperationStatus::Executed);
    chain.dao = new.clone();
    let accept = WasmMsg::Execute {
        contract_addr: chain.guardian.to_string(),
        msg: to_json_binary(&ExecuteMsg::AcceptRole { role }).unwrap(),
        funds: vec![],
    };
    decide(&mut chain, 1, vec![accept.into()]);
    chain.wait(DAY);
    chain.send(&old, &ExecuteMsg::CompleteRole { role }).unwrap();
    assert_eq!(chain.roles().proposers, [new.to_string()]);
}
