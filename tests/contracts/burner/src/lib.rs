//! A contract that burns all gas it is given, whatever it is asked. Chain tests put it in the place of a breaker, a
//! fund or a guardian (by migrating theirs to this code), to show that the rest of the suite goes on.
//!
//! The embedded chain has no gas: there a call fails at once, which is what the caller sees of one that ran out of gas.

#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult};
use serde::Deserialize;

/// Any message; what it says is not looked at.
#[derive(Debug, Clone, Deserialize)]
pub struct AnyMsg {}

/// Any message burns gas, but `{"panic":{}}` panics and `{"nothing":{}}` does nothing: what a call costs at least.
#[derive(Debug, Clone, Deserialize)]
pub struct ExecuteMsg {
    pub panic: Option<Empty>,
    pub nothing: Option<Empty>,
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(_deps: DepsMut, _env: Env, _info: MessageInfo, _msg: AnyMsg) -> StdResult<Response> {
    Ok(Response::new())
}

/// Errors: never returns on a chain; see the crate's page for the embedded one.
#[cfg_attr(not(feature = "library"), entry_point)]
#[allow(clippy::panic)] // A panic is what this message is for.
pub fn execute(_deps: DepsMut, _env: Env, _info: MessageInfo, msg: ExecuteMsg) -> StdResult<Response> {
    if msg.panic.is_some() {
        panic!("the burner was asked to panic");
    }
    if msg.nothing.is_some() {
        return Ok(Response::new());
    }
    Err(burn())
}

/// Errors: as `execute`.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(_deps: Deps, _env: Env, _msg: AnyMsg) -> StdResult<Binary> {
    Err(burn())
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(_deps: DepsMut, _env: Env, _msg: AnyMsg) -> StdResult<Response> {
    Ok(Response::new())
}

#[cfg(target_arch = "wasm32")]
fn burn() -> StdError {
    loop {
        // Keeps the compiler and wasm-opt from proving anything about the loop.
        std::hint::black_box(());
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn burn() -> StdError {
    StdError::generic_err("out of gas")
}
