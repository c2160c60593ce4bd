//! What the breaker reports becomes an incident.

use crate::error::ContractError;
use crate::execute::playbook::{run_for_signal, Seen};
use crate::incident::{self, Opening};
use crate::state::{INCIDENTS, SIGNALED, SUITE};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{SuiteResponse, INCIDENT_QUIET_SECONDS};
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

/// Opens the market's incident, or continues the one whose last signal is less than an hour old, with one more cause if another
/// rule tripped, and starts what waits for
/// the signal. Without a playbook five reads and at most five writes: it runs under the gas limit that the breaker gives
/// it, inside a price report.
///
/// Errors: [`ContractError::Unauthorized`].
pub fn signal(mut deps: DepsMut, env: &Env, info: &MessageInfo, trip: Trip) -> Result<Response, ContractError> {
    let SuiteResponse { circuit_breaker: breaker, insurance_fund: fund, .. } = SUITE.load(deps.storage)?;
    if info.sender.as_str() != breaker {
        return Err(ContractError::Unauthorized { wanted: breaker, found: info.sender.to_string() });
    }
    let Trip { market, rule, level, observed_at } = trip;
    let seen = Seen { market, rule, level };
    let now = now(env);
    if let Some(id) = SIGNALED.may_load(deps.storage, market.0)? {
        let mut incident = INCIDENTS.load(deps.storage, id)?;
        // Closed by the council meanwhile: then this is another one.
        if incident::is_open(&incident) && now.saturating_sub(incident.last_signal_at) < INCIDENT_QUIET_SECONDS {
            incident.last_signal_at = now;
            incident.signals = incident.signals.saturating_add(1);
            incident::contain(&mut incident, level, now);
            let another = incident::add_cause(&mut incident, rule.to_string());
            INCIDENTS.save(deps.storage, id, &incident)?;
            return run_for_signal(deps, env, seen, id, Response::new().add_events(another));
        }
    }
    // A report may be a little ahead of block time; nothing is contained before it is detected.
    let detected_at = observed_at.min(now);
    let (scope, cause) = (Scope::Market(market), rule.to_string());
    let opening = Opening { scope, cause, began_at: detected_at, detected_at, now, signals: 1, level, actions: vec![] };
    let opened = incident::open(deps.branch(), &fund, opening)?;
    let id = opened.incident;
    SIGNALED.save(deps.storage, market.0, &id)?;
    run_for_signal(deps, env, seen, id, Response::new().add_event(opened))
}
