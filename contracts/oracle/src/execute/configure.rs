//! The owner's messages.

use super::follow::{ensure_no_ring, follow, stand_by, unfollow};
use crate::error::ContractError;
use crate::state::{Feed, Hook, FEEDS, HISTORY, HOOK, PROGRESS};
use crate::validate;
use cosmwasm_std::{DepsMut, MessageInfo, Response, Storage};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{FeedConfig, FeedConfigured, HookConfig, HookConfigured, PriceRecord};
use firebreak_messages::FeedId;

/// Errors: [`ContractError::Unauthorized`], those of [`stand_by`] for the fallback, and those of [`set_feed`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn set_feed_as_owner(
    mut deps: DepsMut,
    info: &MessageInfo,
    feed: FeedId,
    config: FeedConfig,
) -> Result<Response, ContractError> {
    validate::owner(deps.as_ref(), info)?;
    let before = FEEDS.may_load(deps.storage, feed.0)?.and_then(|before| before.config.fallback);
    let fallback = config.fallback;
    let fact = set_feed(deps.branch(), feed, config)?;
    stand_by(deps.storage, feed, before, fallback)?;
    Ok(Response::new().add_event(fact))
}

/// Adds a feed or replaces its configuration. Rounds stay, and take the new ages at once; waiting reports and the standing of sources
/// are dropped, because they name feeders by their places in the old configuration. A promoted fallback stays promoted.
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::Duplicate`], [`ContractError::UnknownFeed`] of a leg.
pub fn set_feed(deps: DepsMut, feed: FeedId, config: FeedConfig) -> Result<FeedConfigured, ContractError> {
    let config = validate::feed(deps.api, config)?;
    if config.fallback == Some(feed) {
        return Err(ContractError::OutOfBounds {
            what: "fallback of a feed",
            wanted: "another feed".into(),
            found: feed.to_string(),
        });
    }
    let before = FEEDS.may_load(deps.storage, feed.0)?;
    if let Some(before) = before.as_ref().filter(|before| before.promoted) {
        if before.config.fallback != config.fallback {
            let text = |feed: Option<FeedId>| feed.map_or("none".into(), |feed| feed.to_string());
            return Err(ContractError::OutOfBounds {
                what: "fallback of a promoted feed",
                wanted: text(before.config.fallback),
                found: text(config.fallback),
            });
        }
    }
    rewire(deps.storage, feed, before.as_ref(), &config)?;
    let rounds = PRICES.may_load(deps.storage, feed.0)?.map(|record| record.rounds).unwrap_or_default();
    let record =
        PriceRecord { age_max_seconds: config.age_max_seconds, age_limit_seconds: config.age_limit_seconds, rounds };
    PRICES.save(deps.storage, feed.0, &record)?;
    PROGRESS.remove(deps.storage, feed.0);
    if before.as_ref().is_some_and(|before| before.config.window_seconds != config.window_seconds) {
        HISTORY.remove(deps.storage, feed.0);
    }
    let fact = FeedConfigured {
        feed,
        symbol: config.symbol.clone(),
        quorum: config.quorum,
        age_max_seconds: config.age_max_seconds,
    };
    let feed_now = match before {
        Some(before) => Feed { config, ..before },
        None => Feed { config, followers: vec![], standby: vec![], promoted: false },
    };
    FEEDS.save(deps.storage, feed.0, &feed_now)?;
    Ok(fact)
}

/// Makes a composite follow its legs, and no longer the ones that it had. Legs are feeds of their own: a composite of composites
/// would round more than once.
fn rewire(
    storage: &mut dyn Storage,
    feed: FeedId,
    before: Option<&Feed>,
    config: &FeedConfig,
) -> Result<(), ContractError> {
    let had = before.map(|before| before.config.legs.clone()).unwrap_or_default();
    let follows_anyway = before.filter(|before| before.promoted).and_then(|before| before.config.fallback);
    let becomes_composite = had.is_empty() && !config.legs.is_empty();
    if let Some(before) = before.filter(|before| becomes_composite && !before.followers.is_empty()) {
        return Err(ContractError::OutOfBounds {
            what: "feeds that follow a composite feed",
            wanted: "0".into(),
            found: before.followers.len().to_string(),
        });
    }
    // Bounded by LEGS_MAX.
    for leg in &had {
        if config.legs.iter().all(|kept| kept.feed != leg.feed) && follows_anyway != Some(leg.feed) {
            unfollow(storage, leg.feed, feed)?;
        }
    }
    for leg in &config.legs {
        let known = FEEDS.may_load(storage, leg.feed.0)?.ok_or(ContractError::UnknownFeed { feed: leg.feed })?;
        if leg.feed == feed || !known.config.legs.is_empty() {
            return Err(ContractError::OutOfBounds {
                what: "leg of a composite feed",
                wanted: "another feed with feeders of its own".into(),
                found: leg.feed.to_string(),
            });
        }
        ensure_no_ring(storage, feed, leg.feed, "leg of a composite feed")?;
        follow(storage, leg.feed, feed)?;
    }
    Ok(())
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
