//! Which feed publishes after which, and that none publishes after itself.

use crate::error::ContractError;
use crate::state::{Feed, FEEDS};
use cosmwasm_std::Storage;
use firebreak_messages::oracle::{FOLLOWED_MAX, FOLLOWERS_MAX};
use firebreak_messages::FeedId;

/// `follower` publishes after `feed`. Errors: [`ContractError::OutOfBounds`] beyond [`FOLLOWERS_MAX`], those included that may follow it
/// at any time; [`ContractError::UnknownFeed`].
pub fn follow(storage: &mut dyn Storage, feed: FeedId, follower: FeedId) -> Result<(), ContractError> {
    let mut known = load(storage, feed)?;
    if known.followers.contains(&follower) {
        return Ok(());
    }
    ensure_room(&known, follower)?;
    known.followers.push(follower);
    Ok(FEEDS.save(storage, feed.0, &known)?)
}

/// A feed names another fallback than before: the new one keeps a place for it, the old one's is free.
///
/// Errors: [`ContractError::OutOfBounds`] when a promotion would find no room, [`ContractError::UnknownFeed`].
pub fn stand_by(
    storage: &mut dyn Storage,
    feed: FeedId,
    before: Option<FeedId>,
    fallback: Option<FeedId>,
) -> Result<(), ContractError> {
    if before == fallback {
        return Ok(());
    }
    if let Some(before) = before {
        let mut known = load(storage, before)?;
        known.standby.retain(|other| *other != feed);
        FEEDS.save(storage, before.0, &known)?;
    }
    if let Some(fallback) = fallback {
        let mut known = load(storage, fallback)?;
        ensure_room(&known, feed)?;
        known.standby.push(feed);
        FEEDS.save(storage, fallback.0, &known)?;
    }
    Ok(())
}

fn load(storage: &dyn Storage, feed: FeedId) -> Result<Feed, ContractError> {
    FEEDS.may_load(storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })
}

/// Who has a place already, as a follower or as one that may become one, needs no further one.
fn ensure_room(known: &Feed, newcomer: FeedId) -> Result<(), ContractError> {
    let mut places = [known.followers.as_slice(), known.standby.as_slice(), &[newcomer]].concat();
    places.sort_unstable();
    places.dedup();
    if places.len() <= FOLLOWERS_MAX {
        return Ok(());
    }
    Err(ContractError::OutOfBounds {
        what: "feeds that follow one feed",
        wanted: format!("at most {FOLLOWERS_MAX}"),
        found: places.len().to_string(),
    })
}

/// Errors: [`ContractError::UnknownFeed`].
pub fn unfollow(storage: &mut dyn Storage, feed: FeedId, follower: FeedId) -> Result<(), ContractError> {
    let mut known = load(storage, feed)?;
    known.followers.retain(|other| *other != follower);
    Ok(FEEDS.save(storage, feed.0, &known)?)
}

/// Refuses to let `feed` follow `followed` when that one follows `feed`, through however many others: all of them would wait for each
/// other, and none would ever publish.
///
/// A promoted composite counts with its legs too: it is made of them again once it is demoted, and a demotion must not close a ring.
///
/// Bounded: at most [`FOLLOWED_MAX`] feeds are read.
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::UnknownFeed`].
pub fn ensure_no_ring(
    storage: &dyn Storage,
    feed: FeedId,
    followed: FeedId,
    what: &'static str,
) -> Result<(), ContractError> {
    let refuse = |wanted| Err(ContractError::OutOfBounds { what, wanted, found: followed.to_string() });
    let mut due = vec![followed];
    let mut next = 0usize;
    while let Some(other) = due.get(next).copied() {
        next = next.saturating_add(1);
        if other == feed {
            return refuse(format!("a feed that does not follow feed {feed}"));
        }
        if next > FOLLOWED_MAX {
            return refuse(format!("a feed that makes it follow {FOLLOWED_MAX} at most"));
        }
        let known = FEEDS.may_load(storage, other.0)?.ok_or(ContractError::UnknownFeed { feed: other })?;
        for followed in known.follows() {
            if !due.contains(&followed) {
                due.push(followed);
            }
        }
    }
    Ok(())
}
