//! What a new round sets off: its record, the window's buckets, the feeds that follow it, the hook.

use crate::error::ContractError;
use crate::state::{Feed, Progress, FEEDS, HISTORY, PROGRESS};
use crate::validity::{judge, Evidence};
use crate::{hook, round};
use cosmwasm_std::{Env, Event, Response, Storage};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{FeedConfig, PriceRecord, Round, RoundPublished, Validity, ROUNDS_KEPT};
use firebreak_messages::{time::now, FeedId, FEEDS_MAX};
use firebreak_risk::{composite_with_band, BandedLeg, LegDirection, Price, RiskError};

/// What the parts of one message add up to.
#[derive(Default)]
pub struct Outcome {
    pub published: Vec<FeedId>,
    /// Feeds to look at because one that they follow has published.
    pub due: Vec<FeedId>,
    pub events: Vec<Event>,
}

impl Outcome {
    /// A feed has published.
    pub fn add(&mut self, feed: FeedId, followers: &[FeedId], fact: RoundPublished) {
        self.published.push(feed);
        self.due.extend_from_slice(followers);
        self.events.push(fact.into());
    }

    /// Lets the followers publish, and tells the hook of all in one call.
    ///
    /// Bounded: a feed follows only what published a newer time, so it publishes again only for another one; and at most
    /// [`FEEDS_MAX`] in all. What is cut off follows with the next round.
    pub fn conclude(mut self, storage: &mut dyn Storage, env: &Env) -> Result<Response, ContractError> {
        let mut next = 0usize;
        while let Some(feed) = self.due.get(next).copied() {
            next = next.saturating_add(1);
            if self.published.len() >= FEEDS_MAX {
                break;
            }
            let known = FEEDS.load(storage, feed.0)?;
            if let Some(fact) = follow(storage, env, feed, &known)? {
                self.published.retain(|published| *published != feed);
                self.add(feed, &known.followers, fact);
            }
        }
        let call = hook::call(storage, env, self.published)?;
        Ok(Response::new().add_events(self.events).add_events(call.skipped).add_submessages(call.message))
    }
}

/// The round of a feed that is made of others: one rational, rounded once; the time of the oldest of them and the validity of the
/// worst, its own rules on top. `None` while a leg has no round, or none has a newer time.
///
/// Of the same time as the latest one, a round that is better replaces it, with a new number: one of a leg was replaced. When a leg got
/// worse, the latest is repeated with the leg's validity: an older round that is valid stays whose fill it was.
///
/// Its number is its own count and not the oldest leg's: a number that stands still while the price moves would make a
/// lease of the breaker outlive the price that it was given for.
#[inline(never)] // A chain admits 100 locals in a function.
fn follow(
    storage: &mut dyn Storage,
    env: &Env,
    feed: FeedId,
    known: &Feed,
) -> Result<Option<RoundPublished>, ContractError> {
    let (mut legs, mut published_at, mut validity) = (Vec::new(), u64::MAX, Validity::Valid);
    // Without the legs' age, which the feed's own stands for.
    let mut recorded = Validity::Valid;
    for leg in known.legs() {
        let record = PRICES.load(storage, leg.feed.0)?;
        let Some(latest) = record.latest() else { return Ok(None) };
        let direction = if leg.divides { LegDirection::Divide } else { LegDirection::Multiply };
        legs.push(BandedLeg { price: latest.price, band: latest.band, direction });
        published_at = published_at.min(latest.published_at);
        validity = validity.max(record.validity(now(env)));
        recorded = recorded.max(latest.validity);
    }
    let mut record = PRICES.load(storage, feed.0)?;
    let mut progress = PROGRESS.may_load(storage, feed.0)?.unwrap_or_default();
    let last = record.latest().cloned();
    if legs.is_empty() {
        return Ok(None);
    }
    if let Some(last) = last.as_ref().filter(|last| published_at <= last.published_at) {
        if recorded > last.validity {
            let number = round::next_number(Some(last))?;
            let worse = Round { round: number, recorded_height: env.block.height, validity: recorded, ..last.clone() };
            return record_round(storage, feed, &known.config, record, worse).map(Some);
        }
        record.rounds.pop();
        let follows = record.latest().is_none_or(|before| before.published_at < last.published_at);
        if published_at < last.published_at || !follows || validity >= last.validity {
            return Ok(None);
        }
    }
    // The next round of a leg lets it follow.
    let replaces = last.as_ref().is_some_and(|last| published_at == last.published_at);
    if !replaces && record.is_full(env.block.height) {
        return Ok(None);
    }
    // A product beyond the bounds of a price is none; it refuses nobody's report.
    let (price, band) = match composite_with_band(&legs) {
        Ok(made) => made,
        Err(RiskError::OutOfBounds { .. } | RiskError::Overflow { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // The count before the one that is replaced.
    let unchanged = progress.unchanged.saturating_sub(replaces.into());
    let place = round::Place { rounds: &record.rounds, unchanged, height: env.block.height };
    let unchanged = round::unchanged_after(&known.config, &place, price);
    // The legs had the weight that their own moves asked for.
    let evidence = Evidence { price, band, weight: u64::MAX, unchanged, rounds: &record.rounds };
    let validity = validity.max(judge(&known.config, &evidence)?);
    if replaces && last.as_ref().is_some_and(|last| validity >= last.validity) {
        return Ok(None);
    }
    let number = round::next_number(last.as_ref())?;
    let round = Round { round: number, price, band, published_at, recorded_height: env.block.height, validity };
    if progress.unchanged != unchanged {
        progress.unchanged = unchanged;
        save_progress(storage, feed, &progress)?;
    }
    record_round(storage, feed, &known.config, record, round).map(Some)
}

/// A feed without rules has nothing to remember after a publication, and pays for no record.
pub fn save_progress(storage: &mut dyn Storage, feed: FeedId, progress: &Progress) -> Result<(), ContractError> {
    if *progress == Progress::default() {
        PROGRESS.remove(storage, feed.0);
        return Ok(());
    }
    Ok(PROGRESS.save(storage, feed.0, progress)?)
}

/// Appends a round to a feed's ring, whose latest one it does not replace any more.
pub fn record_round(
    storage: &mut dyn Storage,
    feed: FeedId,
    config: &FeedConfig,
    mut record: PriceRecord,
    round: Round,
) -> Result<RoundPublished, ContractError> {
    let fact = RoundPublished {
        feed,
        round: round.round,
        price_before: record.latest().map_or(Price::ZERO, |round| round.price),
        price: round.price,
        band: round.band,
        published_at: round.published_at,
        validity: round.validity,
    };
    let full = record.rounds.len() >= ROUNDS_KEPT;
    if full && config.window_seconds > 0 {
        remember(storage, feed, config.window_seconds, &record.rounds)?;
    }
    record.rounds.push(round);
    let surplus = record.rounds.len().saturating_sub(ROUNDS_KEPT);
    record.rounds.drain(..surplus);
    PRICES.save(storage, feed.0, &record)?;
    Ok(fact)
}

/// Folds the ring into the window's buckets when its oldest round is about to leave it unfolded: once in [`ROUNDS_KEPT`] rounds, so
/// that a round costs no second record. The latest of the ring is final here: another one follows it.
fn remember(
    storage: &mut dyn Storage,
    feed: FeedId,
    window_seconds: u64,
    rounds: &[Round],
) -> Result<(), ContractError> {
    let mut history = HISTORY.may_load(storage, feed.0)?.unwrap_or_default();
    if rounds.first().is_none_or(|oldest| oldest.round <= history.folded) {
        return Ok(());
    }
    for round in rounds.iter().filter(|round| round.validity != Validity::Invalid) {
        history.fold(round.round, round.published_at, round.price, window_seconds)?;
    }
    history.folded = rounds.last().map_or(history.folded, |last| last.round);
    Ok(HISTORY.save(storage, feed.0, &history)?)
}
