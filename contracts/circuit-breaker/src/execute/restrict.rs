//! `Restrict`: the council's and the timelock's way to tighten.

use super::{ensure_owner, scope as scopes};
use crate::error::ContractError;
use crate::state::{CONFIG, FROZEN_BUDGET};
use crate::{restrictions, validate};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
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
/// [`ContractError::FrozenBudget`].
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
    if let Some(freeze) = phases.first().filter(|phase| phase.posture.level == Level::Frozen) {
        let grant = scopes::frozen_spent(deps.storage, scope)?.grant(&FROZEN_BUDGET, now, freeze.until)?;
        // Refused and not shortened: a person asked for it, and is told what is left.
        if grant.until < freeze.until {
            return Err(ContractError::FrozenBudget { scope, wanted_until: freeze.until, granted_until: grant.until });
        }
        scopes::save_frozen_spent(deps.storage, scope, &grant.budget)?;
    }
    let fact = restrictions::add(&mut record, scope, source, &phases, incident, now);
    scopes::save_posture(deps.storage, scope, &record)?;
    Ok(Response::new().add_event(fact))
}
