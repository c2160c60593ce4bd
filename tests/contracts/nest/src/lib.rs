//! A contract that calls itself as often as it is asked to, and then another one. A chain bounds how deep contracts call
//! each other: chain tests put it in front of the suite to see what happens near that bound.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{to_json_binary, Binary, DepsMut, Empty, Env, MessageInfo, Response, StdResult, WasmMsg};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecuteMsg {
    /// Anyone. Calls itself `levels` times, one call inside the other, and then `contract` with `msg` and whatever coins came.
    Nest { levels: u32, contract: String, msg: Binary },
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(_deps: DepsMut, _env: Env, _info: MessageInfo, _msg: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(_deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> StdResult<Response> {
    let ExecuteMsg::Nest { levels, contract, msg } = msg;
    let (contract_addr, msg) = match levels.checked_sub(1) {
        Some(levels) => (env.contract.address.into(), to_json_binary(&ExecuteMsg::Nest { levels, contract, msg })?),
        None => (contract, msg),
    };
    Ok(Response::new().add_message(WasmMsg::Execute { contract_addr, msg, funds: info.funds }))
}
