//! What the fund asks the vaults that it insures: their coin, once, and their open interest.
//!
//! Never on the way of a cover or a claim: what must be paid depends on no answer of anybody.

use crate::error::ContractError;
use cosmwasm_std::QuerierWrapper;
use firebreak_messages::derivatives_vault::{layout, QueryMsg};
use firebreak_risk::Amount;
use serde::Deserialize;

/// What of the vault's answer is needed; the rest is not read.
#[derive(Deserialize)]
struct Answer {
    config: Coin,
}

#[derive(Deserialize)]
struct Coin {
    denom: String,
}

/// Errors: [`ContractError::VaultUnreadable`], [`ContractError::VaultDenom`].
pub fn ensure_insurable(querier: &QuerierWrapper, vault: &str, wanted: &str) -> Result<(), ContractError> {
    let answer: Result<Answer, _> = querier.query_wasm_smart(vault, &QueryMsg::Config {});
    let found = answer.map_err(|_| ContractError::VaultUnreadable { vault: vault.into() })?.config.denom;
    if found != wanted {
        return Err(ContractError::VaultDenom { vault: vault.into(), wanted: wanted.into(), found });
    }
    open_notional(querier, vault)?;
    Ok(())
}

/// A vault's own sum, read raw. One that cannot be read is not one without open interest.
///
/// Errors: [`ContractError::VaultUnreadable`].
pub fn open_notional(querier: &QuerierWrapper, vault: &str) -> Result<Amount, ContractError> {
    let pool = layout::POOL.query(querier, vault);
    Ok(pool.ok_or_else(|| ContractError::VaultUnreadable { vault: vault.into() })?.open_notional)
}
