//! Taking reports, and publishing when they are a quorum.

use crate::error::ContractError;
use crate::publication::{record_round, save_progress, Outcome};
use crate::state::{Feed, PendingReport, Progress, FEEDS, PROGRESS};
use crate::{round, sources, validate};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    FeedConfig, FeedReport, PriceRecord, ReportIgnored, DRIFT_MAX_SECONDS, MOVE_HOLD_SECONDS,
};
use firebreak_messages::{time::now, FeedId, FEEDS_MAX};
use firebreak_risk::Price;

/// Takes one feeder's reports of several feeds. All or nothing: an error in one refuses the message, so a feeder sees
/// at once what is wrong with its setup; being late is no error.
///
/// Errors: [`ContractError::UnknownFeed`], [`ContractError::NotFeeder`], [`ContractError::FutureReport`],
/// [`ContractError::StaleReport`], [`ContractError::Duplicate`], [`ContractError::OutOfBounds`], and
/// [`firebreak_risk::RiskError::OutOfBounds`] for a price of zero or beyond its bound.
pub fn report(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    reports: Vec<FeedReport>,
) -> Result<Response, ContractError> {
    ensure_each_once(reports.iter().map(|report| report.feed))?;
    let mut outcome = Outcome::default();
    for FeedReport { feed, price, published_at } in reports {
        let known = FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
        let feeder = place_of(&known.config, feed, info)?;
        let report = PendingReport { feeder, price, confidence: Price::ZERO, published_at };
        take(deps.storage, env, feed, &known, report, &mut outcome)?;
    }
    outcome.conclude(deps.storage, env)
}

/// Two reports of one feed in one message could publish two rounds in one block, each at the sender's choice of time.
pub fn ensure_each_once(feeds: impl ExactSizeIterator<Item = FeedId>) -> Result<(), ContractError> {
    let found = feeds.len();
    if found == 0 || found > FEEDS_MAX {
        let wanted = format!("between 1 and {FEEDS_MAX}");
        return Err(ContractError::OutOfBounds { what: "reports", wanted, found: found.to_string() });
    }
    validate::distinct("feed", feeds)
}

/// Takes one source's report and publishes a round when it completes a quorum; one that the block has no place for waits, and the next report
/// of a later block publishes it.
pub fn take(
    storage: &mut dyn Storage,
    env: &Env,
    feed: FeedId,
    known: &Feed,
    report: PendingReport,
    outcome: &mut Outcome,
) -> Result<(), ContractError> {
    let config = &known.config;
    report.price.checked()?;
    ensure_not_ahead(env, feed, report.published_at)?;
    let record = PRICES.load(storage, feed.0)?;
    let mut progress = PROGRESS.may_load(storage, feed.0)?.unwrap_or_default();
    // Late because others were faster, or because an own later report was relayed first: no fault, no effect. Asked
    // before the age: a feed that went on without this feeder must not refuse the message's other feeds.
    let newest_own =
        progress.waiting.iter().filter(|other| other.feeder == report.feeder).map(|own| own.published_at).max();
    let last_round = record.latest().map_or(0, |round| round.published_at);
    let outrun = record.latest().is_some() && report.published_at <= last_round;
    if outrun || known.promoted || newest_own.is_some_and(|newest| report.published_at < newest) {
        let feeder = config.feeders.get(usize::from(report.feeder));
        let fact = ReportIgnored {
            feed,
            feeder: feeder.map(|feeder| feeder.address.clone()).unwrap_or_default(),
            published_at: report.published_at,
            last_published_at: last_round.max(newest_own.unwrap_or_default()),
        };
        outcome.events.push(fact.into());
        if let Some(latest) = record.latest().filter(|_| !known.promoted) {
            let (event, changed) = sources::after_late_report(feed, config, &mut progress, &report, latest)?;
            outcome.events.extend(event);
            if changed {
                save_progress(storage, feed, &progress)?;
            }
        }
        return Ok(());
    }
    ensure_not_stale(env, feed, config, report.published_at)?;
    // What was held back then counts no more: another move waits for its own weight.
    if now(env).saturating_sub(progress.held_since) > config.age_max_seconds {
        progress.held_since = 0;
    }
    // One a feeder: bounded by FEEDERS_MAX.
    progress.waiting.retain(|other| other.feeder != report.feeder);
    progress.waiting.push(report);
    let place = round::Place { rounds: &record.rounds, unchanged: progress.unchanged, height: env.block.height };
    match round::publish(config, &progress, &place, now(env))? {
        Some(_) if record.is_full(env.block.height) => save_progress(storage, feed, &progress),
        Some(made) if !is_held(&made, &mut progress, now(env)) => {
            publish(storage, feed, known, record, progress, made, outcome)
        }
        Some(_) | None => save_progress(storage, feed, &progress),
    }
}

/// A move beyond `move_max` waits for the weight that it asks for, and then is published as it is: a source that is down must not
/// stop the price of a falling market.
fn is_held(made: &round::Made, progress: &mut Progress, now: u64) -> bool {
    if !made.moved_with_too_little {
        return false;
    }
    if progress.held_since == 0 {
        progress.held_since = now;
    }
    now.saturating_sub(progress.held_since) < MOVE_HOLD_SECONDS
}

fn publish(
    storage: &mut dyn Storage,
    feed: FeedId,
    known: &Feed,
    record: PriceRecord,
    mut progress: Progress,
    made: round::Made,
    outcome: &mut Outcome,
) -> Result<(), ContractError> {
    let reports = std::mem::take(&mut progress.waiting);
    progress.held_since = 0;
    progress.unchanged = made.unchanged;
    let events = sources::after_round(feed, &known.config, &mut progress, &reports, &made.round, made.spread)?;
    save_progress(storage, feed, &progress)?;
    outcome.add(feed, &known.followers, record_round(storage, feed, &known.config, record, made.round)?);
    outcome.events.extend(events);
    Ok(())
}

pub fn ensure_not_ahead(env: &Env, feed: FeedId, published_at: u64) -> Result<(), ContractError> {
    let latest_accepted = now(env).saturating_add(DRIFT_MAX_SECONDS);
    if published_at > latest_accepted {
        return Err(ContractError::FutureReport { feed, published_at, latest_accepted });
    }
    Ok(())
}

pub fn ensure_not_stale(env: &Env, feed: FeedId, config: &FeedConfig, published_at: u64) -> Result<(), ContractError> {
    let age_seconds = now(env).saturating_sub(published_at);
    if age_seconds > config.age_max_seconds {
        return Err(ContractError::StaleReport { feed, age_seconds, age_max_seconds: config.age_max_seconds });
    }
    Ok(())
}

/// A source that is read has no word of its own: its contract's messages are not its price.
fn place_of(config: &FeedConfig, feed: FeedId, info: &MessageInfo) -> Result<u8, ContractError> {
    (0u8..)
        .zip(&config.feeders)
        .find(|(_, feeder)| feeder.address == info.sender.as_str() && feeder.pyth_id.is_empty())
        .map(|(place, _)| place)
        .ok_or_else(|| ContractError::NotFeeder { feed, sender: info.sender.to_string() })
}
