//! Entry points: no coins, then one line of dispatch for each message.

use crate::bootstrap;
use crate::error::ContractError;
use crate::state::{Ballot, BALLOT, COUNCIL, DELAYS, NEXT_INCIDENT, NEXT_OPERATION, ROLES, SUITE};
use crate::{execute, migrate as migration, playbook, query as queries, reply as replies, validate};
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use firebreak_messages::guardian::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};

pub const CONTRACT_NAME: &str = "firebreak:guardian";
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    validate::no_funds(&info.funds)?;
    validate::gas(&msg.gas)?;
    validate::salt(&msg.salt)?;
    validate::feeds(&msg.guards, &msg.markets)?;
    let roles = validate::roles(deps.api, env.contract.address.as_str(), msg.roles.clone())?;
    ROLES.save(deps.storage, &roles)?;
    DELAYS.save(deps.storage, &validate::delays(msg.delays.clone())?)?;
    let council = validate::council(deps.as_ref(), msg.council.clone())?;
    COUNCIL.save(deps.storage, &council)?;
    BALLOT.save(deps.storage, &Ballot::default())?;
    // Ids start at 1: 0 means "no incident" in a restriction.
    NEXT_OPERATION.save(deps.storage, &1)?;
    NEXT_INCIDENT.save(deps.storage, &1)?;
    let suite = bootstrap::predict(deps.as_ref(), &env, &msg.codes, &msg.salt)?;
    SUITE.save(deps.storage, &suite)?;
    bootstrap::instantiate_all(&env, &suite, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    validate::no_funds(&info.funds)?;
    match msg {
        ExecuteMsg::Schedule { calls, not_after, predecessor, description } => {
            execute::schedule(deps, &env, &info, execute::Draft { calls, not_after, predecessor, description })
        }
        ExecuteMsg::Cancel { operation } => execute::cancel(deps, &info, operation),
        ExecuteMsg::Execute { operation } => execute::execute(deps, &env, operation),
        ExecuteMsg::Confirm { action, nonce } => execute::confirm(deps, &env, &info, action, nonce),
        ExecuteMsg::Signal { market, rule, level, moved: _, observed_at } => {
            execute::signal(deps, &env, &info, execute::Trip { market, rule, level, observed_at })
        }
        ExecuteMsg::ProposeRole { role, candidate, replaces } => {
            execute::propose_role(deps, &env, &info, role, candidate, replaces)
        }
        ExecuteMsg::AcceptRole { role } => execute::accept_role(deps, &env, &info, role),
        ExecuteMsg::CompleteRole { role } => execute::complete_role(deps, &env, role),
        ExecuteMsg::RevokeRole { role, address } => execute::revoke_role(deps, &env, &info, role, address),
        ExecuteMsg::SetDelays { delays } => execute::set_delays(deps, &env, &info, delays),
        ExecuteMsg::SetCouncil { council } => execute::set_council(deps, &env, &info, council),
        ExecuteMsg::AcceptCouncil(council) => execute::accept_council(deps, &env, &info, council),
        ExecuteMsg::RunCalls { operation } => execute::run_calls(deps, &env, &info, operation),
        ExecuteMsg::SetPlaybook(playbook) => execute::set_playbook(deps, &env, &info, playbook),
        ExecuteMsg::RemovePlaybook { playbook } => execute::remove_playbook(deps, &env, &info, playbook),
        ExecuteMsg::Undo { run } => execute::undo(deps, &env, run),
        ExecuteMsg::Advance { incident } => execute::advance(deps, &env, incident),
        ExecuteMsg::SetSentinel(sentinel) => execute::set_sentinel(deps, &env, &info, sentinel),
        ExecuteMsg::RemoveSentinel { address } => execute::remove_sentinel(deps, &env, &info, address),
        ExecuteMsg::Trip {} => execute::trip(deps, &env, &info),
        ExecuteMsg::AcceptSentinel(step) => execute::accept_sentinel(deps, &env, &info, step),
        ExecuteMsg::Heartbeat {} => execute::heartbeat(deps, &env, &info),
        ExecuteMsg::StepDown {} => execute::step_down(deps, &env),
        ExecuteMsg::Witness { operation, accounts } => execute::witness(deps, &env, operation, accounts),
        ExecuteMsg::CheckWitnesses { accounts } => execute::check_witnesses(deps.as_ref(), &env, &info, accounts),
        ExecuteMsg::MemberChangedHook { diffs: _ } => Ok(execute::members_changed(deps, &info)),
    }
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    match reply.id {
        bootstrap::BOOTSTRAPPED => bootstrap::verify(deps.as_ref(), &env, SUITE.load(deps.storage)?),
        replies::EXECUTED => replies::executed(deps, reply),
        playbook::STEPPED => playbook::stepped(deps, &env, &reply.payload, &reply.result),
        id => Err(ContractError::UnknownReply { id }),
    }
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps, msg)
}
