//! Telling the breaker: a consequence of a price, never a condition for it.
//!
//! With one exception, which is the sender's doing and not the breaker's: a chain bounds how deep contracts call each other, and whoever
//! reports chooses how deep the oracle is called. One level before the bound the breaker can evaluate, but not tell the guardian what it
//! found, and its whole evaluation would be undone; a price would stand that the breaker has not restricted. So what is sent from there
//! is refused, and the same price is taken from anywhere less deep.

use crate::error::ContractError;
use crate::state::{Hook, HOOK};
use cosmwasm_std::{to_json_binary, DepsMut, Env, Event, Response, Storage, SubMsg, SubMsgResult, WasmMsg};
use firebreak_messages::oracle::{HookFailed, HookHealthResponse, HookSkipped};
use firebreak_messages::{circuit_breaker, is_called_too_deep, time::now, FeedId};

/// Reply ids are stable across versions.
pub const HOOK_REPLY: u64 = 1;
/// After so many failures in a row the hook rests: a dead breaker must not tax every price with its gas limit.
pub const FAILURES_BEFORE_REST: u32 = 3;
/// How long it rests, seconds. Meanwhile no lease is renewed, so the vault acts as in `ReduceOnly`; anyone may evaluate.
pub const REST_SECONDS: u64 = 60;

/// What a publication adds to its response: nothing, the call, or the fact that it was left out.
#[derive(Default)]
pub struct Call {
    pub message: Option<SubMsg>,
    pub skipped: Option<Event>,
}

/// One call for all feeds that published in this message.
pub fn call(storage: &dyn Storage, env: &Env, feeds: Vec<FeedId>) -> Result<Call, ContractError> {
    let Hook { config, health } = HOOK.load(storage)?;
    let Some(config) = config else { return Ok(Call::default()) };
    if feeds.is_empty() {
        return Ok(Call::default());
    }
    if now(env) < health.skipped_until {
        let fact = HookSkipped { callee: config.contract, skipped_until: health.skipped_until };
        return Ok(Call { message: None, skipped: Some(fact.into()) });
    }
    let message = WasmMsg::Execute {
        contract_addr: config.contract,
        msg: to_json_binary(&circuit_breaker::ExecuteMsg::Evaluate { feeds })?,
        funds: vec![],
    };
    // A healthy hook needs no reply when it succeeds; a failing one does, so that its row of failures ends.
    let message = if health.failures_in_a_row == 0 {
        SubMsg::reply_on_error(message, HOOK_REPLY)
    } else {
        SubMsg::reply_always(message, HOOK_REPLY)
    };
    Ok(Call { message: Some(message.with_gas_limit(config.gas_limit)), skipped: None })
}

/// Records how the call went. The error's text is not kept: it differs from node to node.
///
/// Errors: [`ContractError::TooDeep`], which takes everything back that this message of the oracle did.
pub fn after(deps: DepsMut, env: &Env, result: &SubMsgResult) -> Result<Response, ContractError> {
    let hook = HOOK.load(deps.storage)?;
    let callee = hook.config.as_ref().map(|config| config.contract.clone()).unwrap_or_default();
    if is_called_too_deep(result) {
        return Err(ContractError::TooDeep { callee });
    }
    let succeeded = result.is_ok();
    let health = if succeeded { recovered(hook.health) } else { failed(hook.health, now(env)) };
    let fact = HookFailed { callee, failing_since: health.failing_since, failures_in_a_row: health.failures_in_a_row };
    HOOK.save(deps.storage, &Hook { config: hook.config, health })?;
    let response = Response::new();
    Ok(if succeeded { response } else { response.add_event(fact) })
}

fn recovered(health: HookHealthResponse) -> HookHealthResponse {
    HookHealthResponse { failures_total: health.failures_total, ..HookHealthResponse::default() }
}

fn failed(health: HookHealthResponse, now: u64) -> HookHealthResponse {
    let in_a_row = health.failures_in_a_row.saturating_add(1);
    HookHealthResponse {
        failures_total: health.failures_total.saturating_add(1),
        failures_in_a_row: in_a_row,
        failing_since: if health.failures_in_a_row == 0 { now } else { health.failing_since },
        skipped_until: if in_a_row >= FAILURES_BEFORE_REST { now.saturating_add(REST_SECONDS) } else { 0 },
    }
}
