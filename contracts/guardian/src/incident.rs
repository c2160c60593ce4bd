//! The record of what went wrong: when it was observed, when it was contained, what was done, how it ended.

use crate::error::ContractError;
use crate::state::{after, INCIDENTS, NEXT_INCIDENT, SUITE};
use cosmwasm_std::{Deps, DepsMut, Storage};
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{EffectivePosture, LevelText, Scope};
use firebreak_messages::guardian::{
    Incident, IncidentAction, IncidentAdvanced, IncidentCause, IncidentOpened, IncidentStatus, CAUSES_MAX,
    INCIDENT_ACTIONS_MAX,
};
use firebreak_messages::insurance_fund::layout::COVERED;
use firebreak_messages::Source;
use firebreak_risk::Level;

/// What is known when an incident is opened.
pub struct Opening {
    pub scope: Scope,
    pub cause: String,
    pub began_at: u64,
    pub detected_at: u64,
    pub now: u64,
    pub signals: u64,
    /// The restriction that this transaction carries; `Normal` is none.
    pub level: Level,
    /// What is done about it in this transaction, by people.
    pub actions: Vec<IncidentAction>,
}

/// Opens an incident under the next id. One raw read of the fund, so that a later update can tell what it paid.
pub fn open(deps: DepsMut, fund: &str, opening: Opening) -> Result<IncidentOpened, ContractError> {
    let Opening { scope, cause, began_at, detected_at, now, signals, level, actions } = opening;
    let id = NEXT_INCIDENT.load(deps.storage)?;
    NEXT_INCIDENT.save(deps.storage, &after(id, "the id of an incident")?)?;
    let contained = level > Level::Normal;
    let incident = Incident {
        incident: id,
        market: match scope {
            Scope::All => None,
            Scope::Market(market) => Some(market),
        },
        causes: vec![cause.clone()],
        status: if contained { IncidentStatus::Contained } else { IncidentStatus::Detected },
        began_at,
        detected_at,
        // The restriction is part of the transaction that tells the guardian.
        contained_at: if contained { now } else { 0 },
        recovering_at: 0,
        closed_at: 0,
        last_signal_at: now,
        signals,
        level_max: level,
        actions,
        paid_before: COVERED.query(&deps.querier, fund),
        paid: None,
        post_mortem: None,
    };
    INCIDENTS.save(deps.storage, id, &incident)?;
    Ok(IncidentOpened { incident: id, scope, cause, detected_at })
}

/// Errors: [`ContractError::UnknownIncident`].
pub fn load(storage: &dyn Storage, incident: u64) -> Result<Incident, ContractError> {
    INCIDENTS.may_load(storage, incident)?.ok_or(ContractError::UnknownIncident { incident })
}

/// Whether nobody has closed it yet.
pub fn is_open(incident: &Incident) -> bool {
    match incident.status {
        IncidentStatus::Detected | IncidentStatus::Contained | IncidentStatus::Recovering => true,
        IncidentStatus::Resolved | IncidentStatus::FalseAlarm => false,
    }
}

/// Notes what else went wrong, each cause once. The ninth is dropped: the breaker's facts have every trip.
pub fn add_cause(incident: &mut Incident, cause: String) -> Option<IncidentCause> {
    if incident.causes.len() >= CAUSES_MAX || incident.causes.contains(&cause) {
        return None;
    }
    incident.causes.push(cause.clone());
    Some(IncidentCause { incident: incident.incident, cause })
}

/// Notes what was done about it; the first restriction contains it. A closed incident stays as it was closed.
pub fn act(incident: &mut Incident, action: IncidentAction) {
    if !is_open(incident) {
        return;
    }
    contain(incident, action.level, action.at);
    if incident.actions.len() < INCIDENT_ACTIONS_MAX {
        incident.actions.push(action);
    }
}

/// A restriction of this level is in force now.
pub fn contain(incident: &mut Incident, level: Level, now: u64) {
    if level == Level::Normal {
        return;
    }
    if incident.contained_at == 0 {
        incident.contained_at = now;
    }
    incident.level_max = incident.level_max.max(level);
    incident.status = IncidentStatus::Contained;
}

/// Another status, as a fact.
pub fn advance(incident: &mut Incident, status: IncidentStatus, now: u64) -> IncidentAdvanced {
    let status_before = incident.status;
    match status {
        IncidentStatus::Recovering if incident.recovering_at == 0 => incident.recovering_at = now,
        IncidentStatus::Resolved | IncidentStatus::FalseAlarm if incident.closed_at == 0 => incident.closed_at = now,
        IncidentStatus::Detected
        | IncidentStatus::Contained
        | IncidentStatus::Recovering
        | IncidentStatus::Resolved
        | IncidentStatus::FalseAlarm => {}
    }
    incident.status = status;
    IncidentAdvanced { incident: incident.incident, status_before, status, level_max: LevelText(incident.level_max) }
}

/// What the fund has paid since the incident was opened. `None` when the fund could not be read, then or now.
pub fn count_payouts(deps: Deps, incident: &mut Incident) -> Result<(), ContractError> {
    let fund = SUITE.load(deps.storage)?.insurance_fund;
    incident.paid = match (incident.paid_before, COVERED.query(&deps.querier, &fund)) {
        (Some(before), Some(paid)) => Some(paid.minus(before)?),
        (None, _) | (_, None) => None,
    };
    Ok(())
}

/// An incident of a market that nobody watches would never be over.
///
/// Errors: [`ContractError::OutOfBounds`].
pub fn ensure_watched(deps: Deps, scope: Scope) -> Result<(), ContractError> {
    let Scope::Market(market) = scope else { return Ok(()) };
    if POSTURES.query(&deps.querier, &SUITE.load(deps.storage)?.circuit_breaker, market.0).is_some() {
        return Ok(());
    }
    let wanted = "one that the breaker watches".into();
    Err(ContractError::OutOfBounds { what: "the market of an incident", wanted, found: market.to_string() })
}

/// Whether the breaker's record of a market restricts nothing now, whatever holds in all markets; one that cannot be read does.
pub fn is_unrestricted(deps: Deps, market: u16, now: u64) -> bool {
    let posture =
        SUITE.load(deps.storage).ok().and_then(|suite| POSTURES.query(&deps.querier, &suite.circuit_breaker, market));
    posture.is_some_and(|own| own.effective(EffectivePosture::NORMAL, now).posture.level == Level::Normal)
}

/// What the breaker's records restrict now where the incident is. Read raw; unreadable is the tightest that a reflex may
/// set, so nothing is called recovered because nobody can see it.
///
/// A mild restriction of all markets in the procedure's name counts while an action of the incident lasts: afterwards it is the step
/// down for a thin fund, which anyone renews for as long as it is thin, and no incident would ever end.
pub fn level_now(deps: Deps, incident: &Incident, now: u64) -> Result<Level, ContractError> {
    let breaker = SUITE.load(deps.storage)?.circuit_breaker;
    let Some(mut all) = POSTURE_OF_ALL.query(&deps.querier, &breaker) else { return Ok(Level::ReduceOnly) };
    if incident.actions.iter().all(|action| action.until <= now) {
        all.restrictions.retain(|slot| {
            slot.source != Source::Procedure
                || slot.phases.iter().any(|phase| phase.until > now && phase.posture.level > Level::Guarded)
        });
    }
    let effective = all.effective(EffectivePosture::NORMAL, now);
    let Some(market) = incident.market else { return Ok(effective.posture.level) };
    let Some(own) = POSTURES.query(&deps.querier, &breaker, market.0) else { return Ok(Level::ReduceOnly) };
    Ok(own.effective(effective, now).posture.level)
}
