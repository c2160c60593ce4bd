//! Two-step roles with a delay (R-21).
//!
//! ```text
//! ProposeRole (a scheduled operation) --> candidate --AcceptRole, by the candidate--> accepted
//! accepted --roles delay, CompleteRole by anyone--> holder
//! ```
//! Each step is taken within 30 days or not at all.
//! An address that nobody holds the key of never accepts, so a typing error locks nothing. That no address is proposer
//! and canceller (R-26) is asked at every step, since the other list may have changed in between.

use crate::error::ContractError;
use crate::execute::{ensure_last, ensure_self};
use crate::state::{later, Candidate, Roles, DELAYS, REVOKED_AT, ROLES};
use crate::validate;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use firebreak_messages::guardian::{
    Role, RoleAccepted, RoleChanged, RoleProposed, CANDIDACY_SECONDS, ROLE_MEMBERS_MAX,
};
use firebreak_messages::time::now;

/// Errors: [`ContractError::Unauthorized`], [`ContractError::DecidedSince`], [`ContractError::NotHolder`] of the replaced one,
/// [`ContractError::TooManyHolders`], and those of [`validate::new_holder`].
pub fn propose_role(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    role: Role,
    candidate: String,
    replaces: Option<String>,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    ensure_last(
        deps.storage,
        match role {
            Role::Proposer => "the next proposer",
            Role::Canceller => "the next canceller",
        },
    )?;
    let mut roles = ROLES.load(deps.storage)?;
    let candidate = deps.api.addr_validate(&candidate)?.into_string();
    // Who was revoked by a later word does not come back by an older one.
    ensure_last(deps.storage, &["the role of ", &candidate].concat())?;
    ensure_free(&roles, env, role, &candidate, replaces.as_deref())?;
    if let Some(address) = &replaces {
        if !roles.holds(role, address) {
            return Err(ContractError::NotHolder { role, address: address.clone() });
        }
    }
    roles.drop_candidate(role);
    let expires_at = later(now(env), CANDIDACY_SECONDS)?;
    roles.candidates.push(Candidate { role, candidate: candidate.clone(), replaces, effective_at: None, expires_at });
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_event(RoleProposed { role, candidate }))
}

/// Errors: [`ContractError::NoCandidate`], [`ContractError::NotCandidate`], [`ContractError::AlreadyAccepted`],
/// [`ContractError::CandidacyExpired`], and those of [`validate::new_holder`].
pub fn accept_role(deps: DepsMut, env: &Env, info: &MessageInfo, role: Role) -> Result<Response, ContractError> {
    let mut roles = ROLES.load(deps.storage)?;
    let Candidate { candidate, replaces, effective_at, expires_at, .. } = candidate_of(&roles, role)?;
    if info.sender.as_str() != candidate {
        return Err(ContractError::NotCandidate { role, wanted: candidate, found: info.sender.to_string() });
    }
    if let Some(effective_at) = effective_at {
        return Err(ContractError::AlreadyAccepted { role, candidate, effective_at });
    }
    ensure_current(env, role, &candidate, expires_at)?;
    ensure_free(&roles, env, role, &candidate, replaces.as_deref())?;
    let effective_at = later(now(env), DELAYS.load(deps.storage)?.roles)?;
    let expires_at = later(effective_at, CANDIDACY_SECONDS)?;
    roles.drop_candidate(role);
    let accepted =
        Candidate { role, candidate: candidate.clone(), replaces, effective_at: Some(effective_at), expires_at };
    roles.candidates.push(accepted);
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_event(RoleAccepted { role, candidate, effective_at }))
}

/// Errors: [`ContractError::NoCandidate`], [`ContractError::CandidacyExpired`], [`ContractError::NotAccepted`],
/// [`ContractError::NotEffective`], and those of [`validate::new_holder`].
pub fn complete_role(deps: DepsMut, env: &Env, role: Role) -> Result<Response, ContractError> {
    let mut roles = ROLES.load(deps.storage)?;
    let Candidate { candidate, replaces, effective_at, expires_at, .. } = candidate_of(&roles, role)?;
    ensure_current(env, role, &candidate, expires_at)?;
    let now = now(env);
    match effective_at {
        None => return Err(ContractError::NotAccepted { role, candidate }),
        Some(effective_at) if now < effective_at => {
            return Err(ContractError::NotEffective { role, candidate, effective_at, now })
        }
        Some(_) => {}
    }
    ensure_free(&roles, env, role, &candidate, replaces.as_deref())?;
    roles.drop_candidate(role);
    // The replaced one may have been revoked meanwhile; then nobody leaves.
    let revoked = replaces.filter(|address| roles.holds(role, address)).unwrap_or_default();
    remember_revoked(deps.storage, role, &revoked, now)?;
    let holders = roles.holders_mut(role);
    holders.retain(|holder| *holder != revoked);
    holders.push(candidate.clone());
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_event(RoleChanged { role, granted: candidate, revoked }))
}

/// Ends a role, or a candidacy for it, at once when the operation runs.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::NotHolder`], [`ContractError::LastHolder`].
pub fn revoke_role(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    role: Role,
    address: String,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    let mut roles = ROLES.load(deps.storage)?;
    ensure_last(deps.storage, &["the role of ", &address].concat())?;
    let is_candidate = roles.candidate(role).is_some_and(|candidate| candidate.candidate == address);
    if is_candidate {
        roles.drop_candidate(role);
    } else if !roles.holds(role, &address) {
        return Err(ContractError::NotHolder { role, address });
    } else {
        let holders = roles.holders_mut(role);
        if holders.len() <= 1 {
            return Err(ContractError::LastHolder { role, address });
        }
        holders.retain(|holder| *holder != address);
        remember_revoked(deps.storage, role, &address, now(env))?;
    }
    ROLES.save(deps.storage, &roles)?;
    Ok(Response::new().add_event(RoleChanged { role, granted: String::new(), revoked: address }))
}

/// What a proposer scheduled until now does not run, should the address be a proposer again one day (R-22). Cancellers
/// schedule nothing.
fn remember_revoked(storage: &mut dyn Storage, role: Role, address: &str, now: u64) -> Result<(), ContractError> {
    match role {
        Role::Proposer if !address.is_empty() => Ok(REVOKED_AT.save(storage, address, &now)?),
        Role::Proposer | Role::Canceller => Ok(()),
    }
}

/// A consent of years ago says nothing about today (R-18).
///
/// Errors: [`ContractError::CandidacyExpired`].
fn ensure_current(env: &Env, role: Role, candidate: &str, expires_at: u64) -> Result<(), ContractError> {
    let now = now(env);
    if now < expires_at {
        return Ok(());
    }
    Err(ContractError::CandidacyExpired { role, candidate: candidate.into(), expires_at, now })
}

fn candidate_of(roles: &Roles, role: Role) -> Result<Candidate, ContractError> {
    roles.candidate(role).cloned().ok_or(ContractError::NoCandidate { role })
}

fn ensure_free(
    roles: &Roles,
    env: &Env,
    role: Role,
    candidate: &str,
    replaces: Option<&str>,
) -> Result<(), ContractError> {
    validate::new_holder(roles, env.contract.address.as_str(), role, candidate)?;
    let leaves = replaces.is_some_and(|address| roles.holds(role, address));
    if !leaves && roles.holders(role).len() >= ROLE_MEMBERS_MAX {
        return Err(ContractError::TooManyHolders { role, max: ROLE_MEMBERS_MAX });
    }
    Ok(())
}
