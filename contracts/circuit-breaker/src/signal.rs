//! Telling the guardian: a consequence of a restriction, never a condition for it.

use crate::error::ContractError;
use crate::state::{CONFIG, SIGNAL_HEALTH};
use cosmwasm_std::{to_json_binary, DepsMut, Env, Response, Storage, SubMsg, WasmMsg};
use firebreak_messages::circuit_breaker::{SignalConfig, SignalFailed, SignalHealthResponse};
use firebreak_messages::{guardian, time::now, MarketId, RuleId};
use firebreak_risk::{Level, Ratio};

/// Reply ids are stable across versions.
pub const SIGNAL_REPLY: u64 = 1;

/// News of one market.
pub struct Signal {
    pub market: MarketId,
    pub rule: RuleId,
    pub level: Level,
    pub moved: Ratio,
    pub observed_at: u64,
}

/// One call for each market that has news; at most `MARKETS_MAX`. Nobody is told when no guardian is configured.
pub fn calls(
    storage: &dyn Storage,
    guardian: Option<&SignalConfig>,
    signals: Vec<Signal>,
) -> Result<Vec<SubMsg>, ContractError> {
    let Some(config) = guardian else { return Ok(vec![]) };
    if signals.is_empty() {
        return Ok(vec![]);
    }
    let healthy = SIGNAL_HEALTH.load(storage)?.failures_in_a_row == 0;
    let mut calls = Vec::with_capacity(signals.len());
    for signal in signals {
        let message = WasmMsg::Execute {
            contract_addr: config.contract.clone(),
            msg: to_json_binary(&guardian::ExecuteMsg::Signal {
                market: signal.market,
                rule: signal.rule,
                level: signal.level,
                moved: signal.moved,
                observed_at: signal.observed_at,
            })?,
            funds: vec![],
        };
        // A healthy guardian needs no reply when it succeeds; a failing one does, so that its row of failures ends.
        let call = if healthy {
            SubMsg::reply_on_error(message, SIGNAL_REPLY)
        } else {
            SubMsg::reply_always(message, SIGNAL_REPLY)
        };
        calls.push(call.with_gas_limit(config.gas_limit));
    }
    Ok(calls)
}

/// Records how a call went. The error's text is not kept: it differs from node to node.
pub fn after(deps: DepsMut, env: &Env, succeeded: bool) -> Result<Response, ContractError> {
    let before = SIGNAL_HEALTH.load(deps.storage)?;
    if succeeded {
        let health = SignalHealthResponse { failures_total: before.failures_total, ..Default::default() };
        SIGNAL_HEALTH.save(deps.storage, &health)?;
        return Ok(Response::new());
    }
    let health = SignalHealthResponse {
        failures_total: before.failures_total.saturating_add(1),
        failures_in_a_row: before.failures_in_a_row.saturating_add(1),
        failing_since: if before.failures_in_a_row == 0 { now(env) } else { before.failing_since },
    };
    SIGNAL_HEALTH.save(deps.storage, &health)?;
    let callee = CONFIG.load(deps.storage)?.guardian.map(|guardian| guardian.contract).unwrap_or_default();
    Ok(Response::new().add_event(SignalFailed {
        callee,
        failing_since: health.failing_since,
        failures_in_a_row: health.failures_in_a_row,
    }))
}
