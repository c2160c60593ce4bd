//! The guardian as its next version: the same code, which records version 0.2.0. Chain tests migrate the
//! running contract to it, to show that a migration passes the timelock, is visible and keeps the state. Nobody begins with it, so it has no
//! `instantiate`.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use firebreak_guardian::contract;
use firebreak_guardian::ContractError;
use firebreak_messages::guardian::{ExecuteMsg, MigrateMsg, QueryMsg};

pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    contract::execute(deps, env, info, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    contract::query(deps, env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    contract::reply(deps, env, reply)
}

/// Errors: those of the guardian, which refuses what is not a guardian of version 0.1.0 or older.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(mut deps: DepsMut, env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    let response = contract::migrate(deps.branch(), env, msg)?;
    cw2::set_contract_version(deps.storage, contract::CONTRACT_NAME, CONTRACT_VERSION)?;
    Ok(response)
}
