//! `Lift`: the only message that loosens.

use super::{ensure_owner, scope as scopes};
use crate::error::ContractError;
use crate::restrictions;
use crate::state::CONFIG;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::circuit_breaker::{LevelText, RestrictionLifted, Scope};
use firebreak_messages::{time::now, Source};

/// Ends one source's restriction. What it spent of a budget stays spent: lifting and restricting again would otherwise
/// make more of it.
///
/// A restriction that has ended, or never was, is no error: restrictions end by themselves while an operation waits for
/// its time, and an error here would take the operation's other calls with it. The fact then shows one level twice.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::UnknownMarket`].
pub fn lift(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    scope: Scope,
    source: Source,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, info)?;
    let now = now(env);
    let mut record = scopes::posture(deps.storage, scope)?;
    let level_before = restrictions::level(&record, now);
    restrictions::prune(&mut record, now);
    record.restrictions.retain(|slot| slot.source != source);
    restrictions::note_freeze(&mut record, now);
    scopes::save_posture(deps.storage, scope, &record)?;
    Ok(Response::new().add_event(RestrictionLifted {
        scope,
        source,
        level_before: LevelText(level_before),
        level: LevelText(restrictions::level(&record, now)),
    }))
}
