use crate::machine::Machine;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg, OperationScheduled, OperationsResponse, QueryMsg, Role};
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

fn restriction(m: &mut Machine) -> (Scope, Level, u64) {
    let market = m.market();
    let scope = if m.dice.one_in(4) { Scope::All } else { Scope::Market(market) };
    let level = *m.dice.pick(&[Level::Guarded, Level::ReduceOnly, Level::Frozen]);
    (scope, level, m.dice.between(60, 5_000) as u64)
}

pub fn one_confirms(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let (scope, level, duration_seconds) = restriction(m);
    let action = CouncilAction::restrict(scope, level, duration_seconds);
    let nonce = m.world.council().nonce;
    let member = format!("council-{}", m.dice.below(3));
    m.world.confirm(&member, &action, nonce).is_done()
}

pub fn restricts(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let (scope, level, seconds) = restriction(m);
    m.world.council_restrict(scope, level, seconds).is_done()
}

pub const CANDIDATE: &str = "trader-0";

pub fn accept_role(m: &mut Machine) -> bool {
    let msg = ExecuteMsg::AcceptRole { role: Role::Proposer };
    m.world.send(CANDIDATE, Code::Guardian, &msg, Amount::ZERO).is_done()
}

pub fn accept_council(m: &mut Machine) -> bool {
    if m.world.is_broken(Code::Guardian) {
        return false;
    }
    let member = format!("council-{}", m.dice.below(3));
    m.world.accept_council(&member).is_done()
}

pub fn complete_role(m: &mut Machine) -> bool {
    if m.dice.one_in(2) {
        m.world.advance(m.world.setup().delays.roles);
        let _ = m.world.refresh();
    }
    let msg = ExecuteMsg::CompleteRole { role: Role::Proposer };
    m.world.send("anyone", Code::Guardian, &msg, Amount::ZERO).is_done()
}

/// Something harmless: what matters here is the timelock.
pub fn schedule(m: &mut Machine) -> bool {
    let call = m.world.call(Code::Oracle, &super::governance::hook_of_now(m));
    m.world.schedule(vec![call]).is_done()
}

/// Accounts that a new market's parameters must not make liquidatable.
pub fn witness(m: &mut Machine) -> bool {
    let market = m.market();
    let setup = m.world.setup().markets.iter().find(|setup| setup.market == market);
    let Some(config) = setup.map(|setup| setup.config.clone()) else { return false };
    let call = m.world.call(Code::Vault, &VaultMsg::ConfigureMarket { market, config });
    let Ok(outcome) = m.world.schedule(vec![call]).0 else { return false };
    let operation = outcome.fact::<OperationScheduled>().operation;
    let name = m.trader();
    let accounts = vec![m.world.account_id(&name)];
    m.world.send("anyone", Code::Guardian, &ExecuteMsg::Witness { operation, accounts }, Amount::ZERO).is_done()
}

fn an_operation(m: &mut Machine) -> Option<u64> {
    let query = QueryMsg::Operations { start_after: None, limit: Some(32) };
    let page: OperationsResponse = m.world.try_query(Code::Guardian, &query).ok()?;
    if page.operations.is_empty() {
        return None;
    }
    Some(m.dice.pick(&page.operations).operation)
}

pub fn cancel(m: &mut Machine) -> bool {
    an_operation(m).is_some_and(|operation| m.world.cancel_operation(operation).is_done())
}

pub fn execute(m: &mut Machine) -> bool {
    let Some(operation) = an_operation(m) else { return false };
    if m.dice.one_in(2) {
        let ready_at = m.world.operation(operation).ready_at;
        m.world.advance_to(ready_at);
        let _ = m.world.refresh();
    }
    m.world.execute_operation(operation).is_done()
}
