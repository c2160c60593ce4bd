//! Letting another feed say a feed's price, and ending that.

use super::follow::{ensure_no_ring, follow, unfollow};
use crate::error::ContractError;
use crate::state::{FEEDS, PROGRESS};
use crate::validate;
use cosmwasm_std::{DepsMut, MessageInfo, Response};
use firebreak_messages::oracle::FallbackPromoted;
use firebreak_messages::FeedId;

/// From now on the feed's rounds are those of its fallback, from the fallback's next one on. Rounds stay, and numbers go on: what waits
/// for a price waits for the next. The feed's own reports are passed over.
///
/// The hook is not told: this is one step of a playbook, with little gas.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::UnknownFeed`], [`ContractError::NoFallback`],
/// [`ContractError::OutOfBounds`] when too many feeds follow the fallback already, or when it follows this feed, itself or through
/// others: nobody would say a price.
pub fn promote(deps: DepsMut, info: &MessageInfo, feed: FeedId) -> Result<Response, ContractError> {
    validate::owner(deps.as_ref(), info)?;
    let mut known = FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    let fallback = known.config.fallback.ok_or(ContractError::NoFallback { feed })?;
    let fact = FallbackPromoted { feed, fallback, promoted_before: known.promoted, promoted: true };
    ensure_no_ring(deps.storage, feed, fallback, "fallback to promote")?;
    known.promoted = true;
    FEEDS.save(deps.storage, feed.0, &known)?;
    follow(deps.storage, fallback, feed)?;
    PROGRESS.remove(deps.storage, feed.0);
    Ok(Response::new().add_event(fact))
}

/// The feed's own sources say its price again.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::UnknownFeed`], [`ContractError::NoFallback`] when none is promoted.
pub fn demote(deps: DepsMut, info: &MessageInfo, feed: FeedId) -> Result<Response, ContractError> {
    validate::owner(deps.as_ref(), info)?;
    let mut known = FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    let fallback = known.config.fallback.filter(|_| known.promoted).ok_or(ContractError::NoFallback { feed })?;
    known.promoted = false;
    FEEDS.save(deps.storage, feed.0, &known)?;
    if known.config.legs.iter().all(|leg| leg.feed != fallback) {
        unfollow(deps.storage, fallback, feed)?;
    }
    PROGRESS.remove(deps.storage, feed.0);
    Ok(Response::new().add_event(FallbackPromoted { feed, fallback, promoted_before: true, promoted: false }))
}
