//! Migration from an older version of this contract. One file a version follows when a record changes its shape.

use crate::contract::{CONTRACT_NAME, CONTRACT_VERSION};
use crate::error::ContractError;
use cosmwasm_std::{DepsMut, Response};
use firebreak_messages::circuit_breaker::MigrateMsg;
use firebreak_messages::migration::{raise_version, Refusal};

/// Errors: [`ContractError::Migration`] from another contract or from a newer version.
pub fn migrate(deps: DepsMut, msg: MigrateMsg) -> Result<Response, ContractError> {
    let MigrateMsg {} = msg;
    match raise_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)? {
        Ok(()) => Ok(Response::new()),
        Err(Refusal { wanted, found }) => Err(ContractError::Migration { wanted, found }),
    }
}
