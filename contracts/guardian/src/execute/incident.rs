//! An incident's way to its end: by anyone as the records say, or by the council's verdict.

use crate::error::ContractError;
use crate::execute::playbook::join;
use crate::incident::{self, count_payouts, level_now};
use crate::playbook;
use crate::state::{INCIDENTS, RUNS};
use crate::validate;
use cosmwasm_std::{DepsMut, Env, Response, Storage};
use firebreak_messages::guardian::{Closing, Incident, IncidentStatus, RunStatus, INCIDENT_QUIET_SECONDS};
use firebreak_messages::time::now;
use firebreak_risk::Level;

/// Brings the status up to what the breaker's records say: milder than before is recovering; unrestricted, quiet and
/// undone is resolved, also if nothing was ever restricted for it. Nothing to say is no error: keepers call it on a beat.
///
/// Errors: [`ContractError::UnknownIncident`].
pub fn advance(mut deps: DepsMut, env: &Env, incident: u64) -> Result<Response, ContractError> {
    let mut record = incident::load(deps.storage, incident)?;
    if !incident::is_open(&record) {
        return Ok(Response::new());
    }
    let now = now(env);
    count_payouts(deps.as_ref(), &mut record)?;
    let level = level_now(deps.as_ref(), &record, now)?;
    let mut response = Response::new();
    if record.status == IncidentStatus::Contained && level < record.level_max {
        response = response.add_event(incident::advance(&mut record, IncidentStatus::Recovering, now));
    }
    // Never contained: opened by the council's word, or by a run whose steps all failed.
    let resolvable = matches!(record.status, IncidentStatus::Detected | IncidentStatus::Recovering);
    if resolvable && is_over(&record, level, now) {
        // What is due is undone now; what is not keeps the incident open.
        response = join(response, undo_runs(deps.branch(), env, &record, false)?);
        if !waits_for_undo(deps.storage, &record)? {
            response = response.add_event(incident::advance(&mut record, IncidentStatus::Resolved, now));
        }
    }
    INCIDENTS.save(deps.storage, incident, &record)?;
    Ok(response)
}

/// The council's verdict. A false alarm takes nothing back: its restrictions end by themselves, and its runs are undone
/// when they are due, because a fast role never loosens. Resolved it may be called when it is over; that undoes what its
/// playbooks allow to be undone then. The verdict on a closed incident may be corrected, and its report and its beginning added.
///
/// Errors: [`ContractError::UnknownIncident`], [`ContractError::OutOfBounds`] of a beginning after the detection,
/// [`ContractError::NotOver`].
pub fn close(mut deps: DepsMut, env: &Env, closing: Closing) -> Result<Response, ContractError> {
    let Closing { incident, false_alarm, post_mortem, began_at } = closing;
    let mut record = incident::load(deps.storage, incident)?;
    if let Some(began_at) = began_at {
        validate::between("began_at", began_at, 1, record.detected_at)?;
        record.began_at = began_at;
    }
    let now = now(env);
    let mut response = Response::new();
    if incident::is_open(&record) {
        count_payouts(deps.as_ref(), &mut record)?;
        if !false_alarm {
            let found = level_now(deps.as_ref(), &record, now)?;
            if !is_over(&record, found, now) {
                let quiet_since = record.last_signal_at;
                return Err(ContractError::NotOver { incident, found, quiet_since, now });
            }
            response = undo_runs(deps.branch(), env, &record, true)?;
        }
    }
    let status = if false_alarm { IncidentStatus::FalseAlarm } else { IncidentStatus::Resolved };
    response = response.add_event(incident::advance(&mut record, status, now));
    record.post_mortem = post_mortem.or(record.post_mortem);
    INCIDENTS.save(deps.storage, incident, &record)?;
    Ok(response)
}

fn is_over(incident: &Incident, level: Level, now: u64) -> bool {
    level == Level::Normal && now.saturating_sub(incident.last_signal_at) >= INCIDENT_QUIET_SECONDS
}

/// Undoes its active runs, as far as their time or their playbook allows. Bounded by INCIDENT_ACTIONS_MAX.
fn undo_runs(mut deps: DepsMut, env: &Env, incident: &Incident, resolved: bool) -> Result<Response, ContractError> {
    let mut response = Response::new();
    for action in incident.actions.iter().filter(|action| action.run > 0) {
        if let Ok(undone) = playbook::undo(deps.branch(), env, action.run, resolved)? {
            response = join(response, undone);
        }
    }
    Ok(response)
}

/// Whether a run of it still has something to undo. Steps that were sent in this message count as waiting: their reply
/// comes after it, and the next call sees it.
fn waits_for_undo(storage: &dyn Storage, incident: &Incident) -> Result<bool, ContractError> {
    for action in incident.actions.iter().filter(|action| action.run > 0) {
        if RUNS.may_load(storage, action.run)?.is_some_and(|run| run.status == RunStatus::Active) {
            return Ok(true);
        }
    }
    Ok(false)
}
