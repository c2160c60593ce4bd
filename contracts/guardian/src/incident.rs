//! The record of what went wrong: when it was observed, and when it was contained.

use crate::error::ContractError;
use crate::state::{after, INCIDENTS, NEXT_INCIDENT};
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{Incident, IncidentOpened};
use firebreak_risk::Level;

/// What is known when an incident is opened.
pub struct Opening {
    pub scope: Scope,
    pub cause: String,
    pub detected_at: u64,
    pub now: u64,
    pub signals: u64,
    pub level: Level,
}

/// Opens an incident under the next id.
pub fn open(storage: &mut dyn Storage, opening: Opening) -> Result<IncidentOpened, ContractError> {
    let Opening { scope, cause, detected_at, now, signals, level } = opening;
    let id = NEXT_INCIDENT.load(storage)?;
    NEXT_INCIDENT.save(storage, &after(id, "the id of an incident")?)?;
    let incident = Incident {
        incident: id,
        market: match scope {
            Scope::All => None,
            Scope::Market(market) => Some(market),
        },
        cause: cause.clone(),
        detected_at,
        // The restriction is part of the transaction that tells the guardian.
        contained_at: now,
        last_signal_at: now,
        signals,
        level_max: level,
    };
    INCIDENTS.save(storage, id, &incident)?;
    Ok(IncidentOpened { incident: id, scope, cause, detected_at })
}
