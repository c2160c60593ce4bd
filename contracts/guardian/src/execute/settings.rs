//! What an operation may change of the guardian itself.

use crate::error::ContractError;
use crate::execute::ensure_self;
use crate::state::DELAYS;
use crate::validate;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::guardian::{Delays, DelaysChanged};

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
