//! What the owner, the timelock, may do: name the vaults and set parameters. Nothing here moves coins (`Inject` is in `cover`).

use crate::check::Done;
use crate::error::ContractError;
use crate::state::{Fund, StoredConfig, CONFIG, MARKET_WINDOWS};
use crate::validate;
use crate::vault;
use cosmwasm_std::{DepsMut, MessageInfo, Response, Storage};
use firebreak_messages::insurance_fund::{FundConfig, FundConfigured, VaultRegistered, VaultUnregistered, VAULTS_MAX};

/// The vaults named at instantiation. They are not asked anything: a bootstrap names a vault that does not exist yet, and
/// gives both the same coin.
pub fn register_first_vaults(
    deps: DepsMut,
    mut config: StoredConfig,
    vaults: Vec<String>,
) -> Result<Response, ContractError> {
    let mut response = Response::new();
    // Bounded: the ninth is refused.
    for vault in vaults {
        let vault = deps.api.addr_validate(&vault)?.into_string();
        add(&mut config.vaults, vault.clone())?;
        response = response.add_event(VaultRegistered { vault });
    }
    CONFIG.save(deps.storage, &config)?;
    Ok(response)
}

/// Of the fund's own coin only, and only a vault whose open interest can be read: of another coin the fund's payments would
/// be worth nothing to it, and its stress would be compared with what the fund holds.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::AlreadyRegistered`], [`ContractError::TooManyVaults`],
/// [`ContractError::VaultUnreadable`], [`ContractError::VaultDenom`].
pub fn register(
    deps: DepsMut,
    config: &StoredConfig,
    fund: Fund,
    info: &MessageInfo,
    vault: String,
) -> Result<Done, ContractError> {
    ensure_owner(config, info)?;
    let mut config = config.clone();
    let vault = deps.api.addr_validate(&vault)?.into_string();
    add(&mut config.vaults, vault.clone())?;
    vault::ensure_insurable(&deps.querier, &vault, &config.denom)?;
    CONFIG.save(deps.storage, &config)?;
    Ok(Done { fund, pay: None, response: Response::new().add_event(VaultRegistered { vault }) })
}

/// Errors: [`ContractError::Unauthorized`], [`ContractError::NotRegistered`].
pub fn unregister(
    storage: &mut dyn Storage,
    config: &StoredConfig,
    fund: Fund,
    info: &MessageInfo,
    vault: String,
) -> Result<Done, ContractError> {
    ensure_owner(config, info)?;
    let mut config = config.clone();
    let position = config.vaults.iter().position(|candidate| *candidate == vault);
    config.vaults.remove(position.ok_or_else(|| ContractError::NotRegistered { found: vault.clone() })?);
    CONFIG.save(storage, &config)?;
    MARKET_WINDOWS.remove(storage, vault.clone());
    Ok(Done { fund, pay: None, response: Response::new().add_event(VaultUnregistered { vault }) })
}

/// Requests that wait keep the times that they were made with: nobody's exit is moved under their feet.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::OutOfBounds`].
pub fn configure(
    storage: &mut dyn Storage,
    stored: &StoredConfig,
    fund: Fund,
    info: &MessageInfo,
    config: FundConfig,
) -> Result<Done, ContractError> {
    ensure_owner(stored, info)?;
    let (before, config) = (stored.config.clone(), validate::config(config)?);
    let fact = FundConfigured {
        cooldown_seconds_before: before.cooldown_seconds,
        cooldown_seconds: config.cooldown_seconds,
        claim_window_seconds_before: before.claim_window_seconds,
        claim_window_seconds: config.claim_window_seconds,
        fee_share_stakers_before: before.fee_share_stakers,
        fee_share_stakers: config.fee_share_stakers,
        cover_share_max_before: before.cover_share_max,
        cover_share_max: config.cover_share_max,
        cover_share_per_market_max_before: before.cover_share_per_market_max,
        cover_share_per_market_max: config.cover_share_per_market_max,
        cover_window_seconds_before: before.cover_window_seconds,
        cover_window_seconds: config.cover_window_seconds,
        deductible_ratio_before: before.deductible_ratio,
        deductible_ratio: config.deductible_ratio,
        inject_share_max_before: before.inject_share_max,
        inject_share_max: config.inject_share_max,
        cover_hold_seconds_before: before.cover_hold_seconds,
        cover_hold_seconds: config.cover_hold_seconds,
        stress_loss_ratio_before: before.stress_loss_ratio,
        stress_loss_ratio: config.stress_loss_ratio,
    };
    CONFIG.save(storage, &StoredConfig { config, ..stored.clone() })?;
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}

pub fn ensure_owner(config: &StoredConfig, info: &MessageInfo) -> Result<(), ContractError> {
    if info.sender.as_str() == config.owner {
        return Ok(());
    }
    Err(ContractError::Unauthorized { wanted: config.owner.clone(), found: info.sender.to_string() })
}

fn add(known: &mut Vec<String>, vault: String) -> Result<(), ContractError> {
    if known.contains(&vault) {
        return Err(ContractError::AlreadyRegistered { vault });
    }
    if known.len() >= VAULTS_MAX {
        return Err(ContractError::TooManyVaults { max: VAULTS_MAX });
    }
    known.push(vault);
    Ok(())
}
