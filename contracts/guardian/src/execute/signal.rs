//! What the breaker reports becomes an incident.

use crate::error::ContractError;
use crate::incident::{self, Opening};
use crate::state::{INCIDENTS, SIGNALED, SUITE};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::INCIDENT_QUIET_SECONDS;
use firebreak_messages::time::now;
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::Level;

/// A rule that tripped.
pub struct Trip {
    pub market: MarketId,
    pub rule: RuleId,
    pub level: Level,
    pub observed_at: u64,
}

/// Opens the market's incident, or continues the one whose last signal is less than an hour old. Three reads and at
/// most four writes: it runs under the gas limit that the breaker gives it, inside a price report.
///
/// Errors: [`ContractError::Unauthorized`].
pub fn signal(deps: DepsMut, env: &Env, info: &MessageInfo, trip: Trip) -> Result<Response, ContractError> {
    let breaker = SUITE.load(deps.storage)?.circuit_breaker;
    if info.sender.as_str() != breaker {
        return Err(ContractError::Unauthorized { wanted: breaker, found: info.sender.to_string() });
    }
    let Trip { market, rule, level, observed_at } = trip;
    let now = now(env);
    if let Some(id) = SIGNALED.may_load(deps.storage, market.0)? {
        let mut incident = INCIDENTS.load(deps.storage, id)?;
        if now.saturating_sub(incident.last_signal_at) < INCIDENT_QUIET_SECONDS {
            incident.last_signal_at = now;
            incident.signals = incident.signals.saturating_add(1);
            incident.level_max = incident.level_max.max(level);
            INCIDENTS.save(deps.storage, id, &incident)?;
            return Ok(Response::new());
        }
    }
    // A report may be a little ahead of block time; nothing is contained before it is detected.
    let detected_at = observed_at.min(now);
    let opening =
        Opening { scope: Scope::Market(market), cause: rule.to_string(), detected_at, now, signals: 1, level };
    let opened = incident::open(deps.storage, opening)?;
    SIGNALED.save(deps.storage, market.0, &opened.incident)?;
    Ok(Response::new().add_event(opened))
}
