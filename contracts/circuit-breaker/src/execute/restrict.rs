//! `Restrict`: the council's and the timelock's way to tighten.

use super::{budget, ensure_owner, scope as scopes};
use crate::error::ContractError;
use crate::state::CONFIG;
use crate::{restrictions, validate};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::{time::now, Source};
use firebreak_risk::{Level, Phase};

/// Adds phases to a source's slot; they join what it had there, so this message can only tighten.
///
/// Whose confirmations stand behind `source` is the owner's duty; which levels and ends a source may reach is checked
/// here again, so that a faulty owner cannot restrict for ever.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::ReflexSource`], [`ContractError::UnknownMarket`],
/// [`ContractError::OutOfBounds`], [`ContractError::LevelNotAllowed`], [`ContractError::PostureBeyondLevel`],
/// [`ContractError::FrozenBudget`], [`ContractError::CouncilBudget`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn restrict(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    scope: Scope,
    source: Source,
    phases: Vec<Phase>,
    incident: u64,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, info)?;
    let now = now(env);
    validate::phases(source, &phases, now)?;
    let mut record = scopes::posture(deps.storage, scope)?;
    spend(deps.storage, scope, source, &phases, now)?;
    let fact = restrictions::add(&mut record, scope, source, &phases, incident, now);
    scopes::save_posture(deps.storage, scope, &record)?;
    Ok(Response::new().add_event(fact))
}

/// Takes the time from the budgets. Refused and not shortened: a person asked for it, and is told what is left.
fn spend(
    storage: &mut dyn Storage,
    scope: Scope,
    source: Source,
    phases: &[Phase],
    now: u64,
) -> Result<(), ContractError> {
    if let Some(wanted_until) = end_of(phases, Level::Frozen) {
        if let Some(short) = budget::FROZEN.spend(storage, scope, now, wanted_until)? {
            let budget::Short { scope, granted_until } = short;
            return Err(ContractError::FrozenBudget { scope, wanted_until, granted_until });
        }
    }
    let account = match source {
        Source::Council => budget::COUNCIL,
        Source::Procedure => budget::PROCEDURE,
        // The timelock's word comes with a delay, in which a canceller may stop it; a provider of liquidity whose cool-down
        // is longer than that cannot leave before. A reflex has a budget of its own.
        Source::Governance
        | Source::Band
        | Source::Velocity
        | Source::Surprise
        | Source::Flow
        | Source::Solvency
        | Source::Observers
        | Source::Cage => return Ok(()),
    };
    if let Some(wanted_until) = end_of(phases, Level::ReduceOnly) {
        if let Some(short) = account.spend(storage, scope, now, wanted_until)? {
            let budget::Short { scope, granted_until } = short;
            return Err(ContractError::CouncilBudget { scope, wanted_until, granted_until });
        }
    }
    Ok(())
}

/// The end of the last phase at `level` or tighter. A milder phase before it counts as well: a budget pays from now on.
fn end_of(phases: &[Phase], level: Level) -> Option<u64> {
    phases.iter().rev().find(|phase| phase.posture.level >= level).map(|phase| phase.until)
}
