//! Migration from an older version of this contract. One file a version follows when a record changes its shape.

use crate::contract::{CONTRACT_NAME, CONTRACT_VERSION};
use crate::error::ContractError;
use cosmwasm_std::{DepsMut, Response};
use firebreak_messages::guardian::MigrateMsg;

/// Errors: [`ContractError::Migration`] from another contract or from a newer version.
pub fn migrate(deps: DepsMut, msg: MigrateMsg) -> Result<Response, ContractError> {
    let MigrateMsg {} = msg;
    let found = cw2::get_contract_version(deps.storage)?;
    if found.contract != CONTRACT_NAME || parts(&found.version) > parts(CONTRACT_VERSION) {
        return Err(ContractError::Migration {
            wanted: format!("{CONTRACT_NAME} {CONTRACT_VERSION} or older"),
            found: format!("{} {}", found.contract, found.version),
        });
    }
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    Ok(Response::new())
}

/// `1.10.0` as numbers: texts would put it before `1.9.0`. What is no number counts as newer than everything.
fn parts(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}
