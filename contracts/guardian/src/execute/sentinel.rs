//! Sentinels: one key, one small step, once. And heartbeats of everybody who can stop something (R-30).
//!
//! ```text
//! SetSentinel, by an operation --> named --AcceptSentinel, by the sentinel--> armed
//! armed --Trip, by the sentinel--> spent --SetSentinel, by an operation--> armed
//! ```
//! It accepts the step that it is named for, within 30 days (R-21): an address that nobody holds the key of is never taken for
//! somebody who watches. A message of its own, since bots give heartbeats. A key that has accepted is armed again at once.

use crate::error::ContractError;
use crate::execute::{ensure_last, ensure_self};
use crate::incident::{self, Opening};
use crate::playbook::restriction;
use crate::state::{later, SentinelRecord, COUNCIL, HEARTBEATS, ROLES, SENTINELS, SUITE};
use crate::{validate, weights};
use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use firebreak_messages::guardian::{
    HeartbeatGiven, IncidentAction, Role, Sentinel, SentinelRemoved, SentinelSet, SentinelTripped, SuiteResponse,
    Tightening, CANDIDACY_SECONDS, SENTINELS_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::Source;

/// Arms a sentinel anew, or names one. Whoever has let the time pass makes room.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::DecidedSince`], [`ContractError::OutOfBounds`],
/// [`ContractError::TooManySentinels`].
pub fn set_sentinel(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    sentinel: Sentinel,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    validate::sentinel(&sentinel)?;
    let address = deps.api.addr_validate(&sentinel.address)?.into_string();
    ensure_last(deps.storage, &["the sentinel ", &address].concat())?;
    let (mut sentinels, now) = (SENTINELS.may_load(deps.storage)?.unwrap_or_default(), now(env));
    sentinels.retain(|record| record.accept_until == 0 || record.may_accept(now));
    let before = sentinels.iter().position(|record| record.address == address);
    let before = before.map(|position| sentinels.remove(position));
    let tripped_at = before.as_ref().map_or(0, |record| record.tripped_at);
    let armed = before.is_some_and(|record| record.accept_until == 0);
    let accept_until = if armed { 0 } else { later(now, CANDIDACY_SECONDS)? };
    if sentinels.len() >= SENTINELS_MAX {
        return Err(ContractError::TooManySentinels { max: SENTINELS_MAX });
    }
    sentinels.push(SentinelRecord { address: address.clone(), step: sentinel.step, armed, tripped_at, accept_until });
    SENTINELS.save(deps.storage, &sentinels)?;
    Ok(Response::new().add_event(SentinelSet { address, armed }))
}

/// Errors: [`ContractError::Unauthorized`], [`ContractError::DecidedSince`], [`ContractError::NotSentinel`].
pub fn remove_sentinel(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    address: String,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    ensure_last(deps.storage, &["the sentinel ", &address].concat())?;
    let mut sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    let before = sentinels.len();
    sentinels.retain(|record| record.address != address);
    if sentinels.len() == before {
        return Err(ContractError::NotSentinel { found: address });
    }
    SENTINELS.save(deps.storage, &sentinels)?;
    Ok(Response::new().add_event(SentinelRemoved { address }))
}

/// The sentinel's one step, in this transaction. When the breaker refuses it, the sentinel stays armed.
///
/// Errors: [`ContractError::NotSentinel`], [`ContractError::SentinelNotAccepted`], [`ContractError::SentinelSpent`]; the breaker's own.
pub fn trip(deps: DepsMut, env: &Env, info: &MessageInfo) -> Result<Response, ContractError> {
    let (address, now) = (info.sender.to_string(), now(env));
    let mut sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    let Some(record) = sentinels.iter_mut().find(|record| record.address == address) else {
        return Err(ContractError::NotSentinel { found: address });
    };
    if record.accept_until > 0 {
        return Err(ContractError::SentinelNotAccepted { address, accept_until: record.accept_until });
    }
    if !record.armed {
        return Err(ContractError::SentinelSpent { address, tripped_at: record.tripped_at });
    }
    record.armed = false;
    record.tripped_at = now;
    let step = record.step.clone();
    SENTINELS.save(deps.storage, &sentinels)?;
    HEARTBEATS.save(deps.storage, address.clone(), &now)?;
    let Tightening { scope, level, duration_seconds } = step;
    let until = later(now, duration_seconds)?;
    let SuiteResponse { circuit_breaker, insurance_fund, .. } = SUITE.load(deps.storage)?;
    let source = Source::Procedure;
    let opening = Opening {
        scope,
        cause: "sentinel".into(),
        began_at: now,
        detected_at: now,
        now,
        signals: 0,
        level,
        actions: vec![IncidentAction { at: now, source, level, until, run: 0 }],
    };
    let opened = incident::open(deps, &insurance_fund, opening)?;
    let incident = opened.incident;
    let restrict = restriction(circuit_breaker, &step, source, incident, now)?;
    Ok(Response::new().add_event(opened).add_event(SentinelTripped { address, incident, until }).add_message(restrict))
}

/// Arms a named sentinel, which says for what. A sign of life too.
///
/// Errors: [`ContractError::NotNamed`], [`ContractError::NotAsNamed`].
pub fn accept_sentinel(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    step: Tightening,
) -> Result<Response, ContractError> {
    let (address, now) = (info.sender.to_string(), now(env));
    let mut sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    let named = |record: &&mut SentinelRecord| record.address == address && record.may_accept(now);
    let Some(record) = sentinels.iter_mut().find(named) else {
        return Err(ContractError::NotNamed { found: address });
    };
    if record.step != step {
        return Err(ContractError::NotAsNamed { address });
    }
    (record.armed, record.accept_until) = (true, 0);
    SENTINELS.save(deps.storage, &sentinels)?;
    HEARTBEATS.save(deps.storage, address.clone(), &now)?;
    Ok(Response::new().add_event(SentinelSet { address, armed: true }))
}

/// A sign of life of whoever can stop something. Keys that nobody has any more are found before they are needed.
///
/// Errors: [`ContractError::NoHeartbeat`].
pub fn heartbeat(deps: DepsMut, env: &Env, info: &MessageInfo) -> Result<Response, ContractError> {
    let (address, now) = (info.sender.to_string(), now(env));
    if !can_stop(deps.as_ref(), &address)? {
        return Err(ContractError::NoHeartbeat { found: address });
    }
    let before = HEARTBEATS.may_load(deps.storage, address.clone())?.unwrap_or_default();
    HEARTBEATS.save(deps.storage, address.clone(), &now)?;
    Ok(Response::new().add_event(HeartbeatGiven { address, before }))
}

/// Sentinels that have accepted, cancellers and members of the council.
fn can_stop(deps: Deps, address: &str) -> Result<bool, ContractError> {
    let sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    if sentinels.iter().any(|record| record.address == address && record.accept_until == 0)
        || ROLES.load(deps.storage)?.holds(Role::Canceller, address)
    {
        return Ok(true);
    }
    Ok(weights::of(&deps.querier, &COUNCIL.load(deps.storage)?.group, address) > 0)
}
