//! Reading a source on chain.

use super::report::take;
use crate::error::ContractError;
use crate::publication::Outcome;
use crate::source::{self, Source};
use crate::state::{PendingReport, FEEDS};
use cosmwasm_std::{DepsMut, Env, Response};
use firebreak_messages::FeedId;

/// Takes what the source says now as its report, whoever asks: what the source says is no choice of the sender's, and when to ask is
/// worth no more than when to relay.
///
/// Errors: [`ContractError::UnknownFeed`], [`ContractError::NotPulled`], [`ContractError::SourceUnusable`], and those of a report.
#[inline(never)] // A chain admits 100 locals in a function.
pub fn pull(deps: DepsMut, env: &Env, feed: FeedId, feeder: u8) -> Result<Response, ContractError> {
    let known = FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    let found = known.config.feeders.get(usize::from(feeder));
    let source = found.and_then(source::of).ok_or(ContractError::NotPulled { feed, feeder })?;
    let observed = source.observe(&deps.querier)?;
    let report = PendingReport {
        feeder,
        price: observed.price,
        confidence: observed.confidence,
        published_at: observed.published_at,
    };
    let mut outcome = Outcome::default();
    take(deps.storage, env, feed, &known, report, &mut outcome)?;
    outcome.conclude(deps.storage, env)
}
