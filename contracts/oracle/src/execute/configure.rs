//! The owner's messages.

use crate::error::ContractError;
use crate::state::{Hook, FEEDS, HOOK, PENDING};
use crate::validate;
use cosmwasm_std::{DepsMut, MessageInfo, Response};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{FeedConfig, FeedConfigured, HookConfig, HookConfigured, PriceRecord};
use firebreak_messages::FeedId;

/// Errors: [`ContractError::Unauthorized`], and those of [`set_feed`].
pub fn set_feed_as_owner(
    deps: DepsMut,
    info: &MessageInfo,
    feed: FeedId,
    config: FeedConfig,
) -> Result<Response, ContractError> {
    validate::owner(deps.as_ref(), info)?;
    Ok(Response::new().add_event(set_feed(deps, feed, config)?))
}

/// Adds a feed or replaces its configuration. Rounds stay, and take the new ages at once; waiting reports are dropped,
/// because they name feeders by their places in the old configuration.
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::Duplicate`].
pub fn set_feed(deps: DepsMut, feed: FeedId, config: FeedConfig) -> Result<FeedConfigured, ContractError> {
    let config = validate::feed(deps.api, config)?;
    let rounds = PRICES.may_load(deps.storage, feed.0)?.map(|record| record.rounds).unwrap_or_default();
    let record =
        PriceRecord { age_max_seconds: config.age_max_seconds, age_limit_seconds: config.age_limit_seconds, rounds };
    PRICES.save(deps.storage, feed.0, &record)?;
    PENDING.remove(deps.storage, feed.0);
    FEEDS.save(deps.storage, feed.0, &config)?;
    Ok(FeedConfigured { feed, symbol: config.symbol, quorum: config.quorum, age_max_seconds: config.age_max_seconds })
}

/// A new hook starts healthy: failures of the old one say nothing about it.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::OutOfBounds`].
pub fn set_hook(deps: DepsMut, info: &MessageInfo, hook: Option<HookConfig>) -> Result<Response, ContractError> {
    validate::owner(deps.as_ref(), info)?;
    let config = hook.map(|hook| validate::hook(deps.api, hook)).transpose()?;
    let before = HOOK.load(deps.storage)?.config;
    let contract = |config: &Option<HookConfig>| config.as_ref().map(|hook| hook.contract.clone()).unwrap_or_default();
    let fact = HookConfigured {
        contract_before: contract(&before),
        contract: contract(&config),
        gas_limit: config.as_ref().map_or(0, |hook| hook.gas_limit),
    };
    HOOK.save(deps.storage, &Hook { config, ..Hook::default() })?;
    Ok(Response::new().add_event(fact))
}
