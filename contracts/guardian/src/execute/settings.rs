//! What an operation may change of the guardian itself.

use crate::error::ContractError;
use crate::execute::ensure_self;
use crate::state::{after, Ballot, BALLOT, COUNCIL, DELAYS};
use crate::validate;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::guardian::{CouncilChanged, CouncilConfig, Delays, DelaysChanged};

/// Errors: [`ContractError::Unauthorized`], [`ContractError::OutOfBounds`] below the floors.
pub fn set_delays(deps: DepsMut, env: &Env, info: &MessageInfo, delays: Delays) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    let (before, delays) = (DELAYS.load(deps.storage)?, validate::delays(delays)?);
    DELAYS.save(deps.storage, &delays)?;
    Ok(Response::new().add_event(DelaysChanged {
        parameters_before: before.parameters,
        parameters: delays.parameters,
        roles_before: before.roles,
        roles: delays.roles,
        code_before: before.code,
        code: delays.code,
    }))
}

/// The nonce goes up: what was confirmed for another group, threshold or budget is void.
///
/// Errors: [`ContractError::Unauthorized`], and those of [`validate::council`].
pub fn set_council(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    council: CouncilConfig,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    let (before, council) = (COUNCIL.load(deps.storage)?, validate::council(deps.as_ref(), council)?);
    let Ballot { nonce, epoch, .. } = BALLOT.load(deps.storage)?;
    let nonce = after(nonce, "the council's nonce")?;
    BALLOT.save(deps.storage, &Ballot { nonce, epoch, pending: vec![] })?;
    COUNCIL.save(deps.storage, &council)?;
    Ok(Response::new().add_event(CouncilChanged {
        group_before: before.group,
        group: council.group,
        threshold_before: before.threshold,
        threshold: council.threshold,
        frozen_seconds_max_before: before.frozen_seconds_max,
        frozen_seconds_max: council.frozen_seconds_max,
        restriction_seconds_max_before: before.restriction_seconds_max,
        restriction_seconds_max: council.restriction_seconds_max,
        confirmation_window_seconds_before: before.confirmation_window_seconds,
        confirmation_window_seconds: council.confirmation_window_seconds,
        nonce,
    }))
}
