//! The derivatives vault as its next version: the same code, which records version 0.2.0. Chain tests migrate the
//! running contract to it, to show that a migration passes the timelock, is visible and keeps the state.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdError, StdResult};
use firebreak_derivatives_vault::contract;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::{ExecuteMsg, MigrateMsg, QueryMsg};

pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Always an error: that of the vault's first version would not fit beside the migration.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(_deps: DepsMut, _env: Env, _info: MessageInfo, _msg: Empty) -> StdResult<Response> {
    Err(StdError::generic_err("a running vault migrates to this version; none starts with it"))
}

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

/// Errors: those of the derivatives vault, which refuses what is not a derivatives vault of version 0.1.0 or older.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(mut deps: DepsMut, env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    let response = contract::migrate(deps.branch(), env, msg)?;
    cw2::set_contract_version(deps.storage, contract::CONTRACT_NAME, CONTRACT_VERSION)?;
    Ok(response)
}
