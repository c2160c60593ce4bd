//! Procedures approved in advance, incidents, and the group that the council is.

use crate::machine::Machine;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg, OperationExecuted};
use firebreak_risk::Amount;
use firebreak_testing::*;

pub fn approve(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let market = m.market();
    let templates = m.world.templates(market);
    let playbook = m.dice.pick(&templates).clone();
    m.world.approve(vec![playbook]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}

fn a_name(m: &mut Machine) -> Option<String> {
    if m.world.is_broken(Code::Guardian) {
        return None;
    }
    let playbooks = m.world.playbooks();
    if playbooks.is_empty() {
        return None;
    }
    Some(m.dice.pick(&playbooks).playbook.name.clone())
}

pub fn remove(m: &mut Machine) -> bool {
    let Some(playbook) = a_name(m) else { return false };
    let call = m.world.call(Code::Guardian, &ExecuteMsg::RemovePlaybook { playbook });
    m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>())
}

pub fn run(m: &mut Machine) -> bool {
    // Approved first where nothing is: else a history rarely has any.
    if a_name(m).is_none() && !approve(m) {
        return false;
    }
    a_name(m).is_some_and(|name| m.world.run_playbook(&name).is_done())
}

pub fn undo(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let runs = m.world.runs();
    if runs.is_empty() {
        return false;
    }
    let run = m.dice.pick(&runs).clone();
    if m.dice.one_in(2) {
        m.world.advance(86_400);
        let _ = m.world.refresh();
    }
    m.world.undo(run.run).is_done()
}

fn an_incident(m: &mut Machine) -> Option<u64> {
    if m.world.is_broken(Code::Guardian) {
        return None;
    }
    let incidents = m.world.incidents();
    if incidents.is_empty() {
        return None;
    }
    Some(m.dice.pick(&incidents).incident)
}

pub fn advance(m: &mut Machine) -> bool {
    an_incident(m).is_some_and(|incident| m.world.advance_incident(incident).is_done())
}

/// What no rule saw.
pub fn open(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let (market, began_at) = (m.market(), m.world.now() - 60);
    let scope = if m.dice.one_in(3) { Scope::All } else { Scope::Market(market) };
    let action = CouncilAction::Open { scope, cause: "a bridge is drained".into(), began_at };
    m.world.council_decides(&action).is_done()
}

pub fn close(m: &mut Machine) -> bool {
    let false_alarm = m.dice.one_in(2);
    an_incident(m).is_some_and(|incident| m.world.close_incident(incident, false_alarm).is_done())
}

/// With the hook that voids open confirmations; a fourth member comes and goes.
pub fn members_change(m: &mut Machine) -> bool {
    use cw4_group::msg::ExecuteMsg as GroupMsg;
    let addr = m.world.addresses.guardian.to_string();
    // Refused once it is there.
    let _ = m.world.send("deployer", Code::Group, &GroupMsg::AddHook { addr }, Amount::ZERO);
    let fourth = m.world.address("council-3").to_string();
    let msg = if m.dice.one_in(2) {
        GroupMsg::UpdateMembers { remove: vec![fourth], add: vec![] }
    } else {
        GroupMsg::UpdateMembers { remove: vec![], add: vec![cw4::Member { addr: fourth, weight: 1 }] }
    };
    m.world.send("deployer", Code::Group, &msg, Amount::ZERO).is_done()
}
