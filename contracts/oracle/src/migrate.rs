//! Migration from an older version of this contract. One file a version follows when a record changes its shape.
//!
//! 0.1.0 is the first version that is deployed, with the records as `state` declares them: no chain has a feed of record version 1,
//! which was in use before it.

use crate::contract::{CONTRACT_NAME, CONTRACT_VERSION};
use crate::error::ContractError;
use cosmwasm_std::{DepsMut, Response};
use firebreak_messages::migration::{raise_version, Refusal};
use firebreak_messages::oracle::MigrateMsg;

/// Errors: [`ContractError::Migration`] from another contract or from a newer version.
pub fn migrate(deps: DepsMut, msg: MigrateMsg) -> Result<Response, ContractError> {
    let MigrateMsg {} = msg;
    match raise_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)? {
        Ok(()) => Ok(Response::new()),
        Err(Refusal { wanted, found }) => Err(ContractError::Migration { wanted, found }),
    }
}
