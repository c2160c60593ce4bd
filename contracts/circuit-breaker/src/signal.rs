//! Telling the guardian: a consequence of a restriction, never a condition for it.

use crate::error::ContractError;
use crate::state::{Config, CONFIG, SIGNAL_HEALTH};
use crate::unsent::RETRY_SECONDS;
use cosmwasm_std::{to_json_binary, DepsMut, Env, Reply, Response, Storage, SubMsg, WasmMsg};
use firebreak_messages::circuit_breaker::{SignalConfig, SignalFailed, SignalHealthResponse};
use firebreak_messages::packed::{from_packed, to_packed};
use firebreak_messages::{guardian, time::now, MarketId, RuleId};
use firebreak_risk::{Level, Ratio};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;

/// Reply ids are stable across versions.
pub const SIGNAL_REPLY: u64 = 1;
/// A call's payload lives as long as its transaction.
const PAYLOAD: &str = "signal";
const PAYLOAD_VERSION: u8 = 1;

/// News of one rule and market: what a call says, and what it carries along to its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    pub market: MarketId,
    pub rule: RuleId,
    pub level: Level,
    pub moved: Ratio,
    pub observed_at: u64,
}

/// One call for each market that has news, the harshest; what else it has waits for the next messages, which send one each as long as
/// they have no news themselves. So a message pays for `MARKETS_MAX` calls at most, and one that finds nothing new for one.
///
/// Nobody is told when no guardian is configured.
pub fn calls(
    storage: &mut dyn Storage,
    mut config: Config,
    mut news: Vec<Signal>,
    now: u64,
) -> Result<Vec<SubMsg>, ContractError> {
    let Some(guardian) = config.guardian.clone() else { return Ok(vec![]) };
    let before = config.unsent.clone();
    let mut signals: Vec<Signal> = vec![];
    // Stable: of equal ones the rule that comes first in its market's list.
    news.sort_by_key(|signal| Reverse(signal.level));
    let is_quiet = news.is_empty();
    // Bounded by MARKETS_MAX of RULES_MAX.
    for signal in news {
        if signals.iter().any(|sent| sent.market == signal.market) {
            config.unsent.keep(signal);
        } else {
            signals.push(signal);
        }
    }
    if is_quiet {
        signals.extend(config.unsent.take(storage, now));
    }
    // Each market's news, or the one that was kept.
    for sent in &signals {
        config.unsent.forget(sent);
    }
    if config.unsent != before {
        CONFIG.save(storage, &config)?;
    }
    if signals.is_empty() {
        return Ok(vec![]);
    }
    let healthy = SIGNAL_HEALTH.load(storage)?.failures_in_a_row == 0;
    signals.into_iter().map(|signal| call(&guardian, &signal, healthy)).collect()
}

fn call(guardian: &SignalConfig, signal: &Signal, healthy: bool) -> Result<SubMsg, ContractError> {
    let message = WasmMsg::Execute {
        contract_addr: guardian.contract.clone(),
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
    let payload = to_packed(PAYLOAD, PAYLOAD_VERSION, signal)?;
    Ok(call.with_gas_limit(guardian.gas_limit).with_payload(payload))
}

/// Records how a call went, and keeps what it failed to say. The error's text is not kept: it differs from node to node.
pub fn after(deps: DepsMut, env: &Env, reply: &Reply) -> Result<Response, ContractError> {
    let before = SIGNAL_HEALTH.load(deps.storage)?;
    if reply.result.is_ok() {
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
    let mut config = CONFIG.load(deps.storage)?;
    config.unsent.retry_at = now(env).saturating_add(RETRY_SECONDS);
    config.unsent.keep(from_packed(PAYLOAD, PAYLOAD_VERSION, &reply.payload)?);
    CONFIG.save(deps.storage, &config)?;
    let callee = config.guardian.map(|guardian| guardian.contract).unwrap_or_default();
    Ok(Response::new().add_event(SignalFailed {
        callee,
        failing_since: health.failing_since,
        failures_in_a_row: health.failures_in_a_row,
    }))
}
