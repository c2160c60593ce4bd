//! Taking reports, and publishing when they are a quorum.

use crate::error::ContractError;
use crate::state::{PendingReport, FEEDS, PENDING};
use crate::{hook, round, validate};
use cosmwasm_std::{DepsMut, Env, Event, MessageInfo, Response, Storage};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    FeedConfig, FeedReport, PriceRecord, ReportIgnored, Round, RoundPublished, DRIFT_MAX_SECONDS, ROUNDS_KEPT,
};
use firebreak_messages::{time::now, FEEDS_MAX};
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
    if reports.is_empty() || reports.len() > FEEDS_MAX {
        return Err(ContractError::OutOfBounds {
            what: "reports",
            wanted: format!("between 1 and {FEEDS_MAX}"),
            found: reports.len().to_string(),
        });
    }
    // Two reports of one feed in one message could publish two rounds in one block, each at the sender's choice of time.
    validate::distinct("feed", reports.iter().map(|report| report.feed))?;
    let mut response = Response::new();
    let mut published = Vec::with_capacity(reports.len());
    for report in reports {
        let feed = report.feed;
        let outcome = take(deps.storage, env, info, report)?;
        if outcome.published {
            published.push(feed);
        }
        response = response.add_events(outcome.fact);
    }
    let call = hook::call(deps.storage, env, published)?;
    Ok(response.add_events(call.skipped).add_submessages(call.message))
}

struct Outcome {
    published: bool,
    fact: Option<Event>,
}

fn take(
    storage: &mut dyn Storage,
    env: &Env,
    info: &MessageInfo,
    report: FeedReport,
) -> Result<Outcome, ContractError> {
    let feed = report.feed;
    let config = FEEDS.may_load(storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    let feeder = place_of(&config, &report, info)?;
    report.price.checked()?;
    let latest_accepted = now(env).saturating_add(DRIFT_MAX_SECONDS);
    if report.published_at > latest_accepted {
        return Err(ContractError::FutureReport { feed, published_at: report.published_at, latest_accepted });
    }
    let record = PRICES.load(storage, feed.0)?;
    let mut pending = PENDING.may_load(storage, feed.0)?.unwrap_or_default();
    // Late because others were faster, or because an own later report was relayed first: no fault, no effect. Asked
    // before the age: a feed that went on without this feeder must not refuse the message's other feeds.
    let newest_own = pending.iter().filter(|other| other.feeder == feeder).map(|own| own.published_at).max();
    let last_round = record.latest().map_or(0, |round| round.published_at);
    let outrun = record.latest().is_some() && report.published_at <= last_round;
    if outrun || newest_own.is_some_and(|newest| report.published_at < newest) {
        let fact = ReportIgnored {
            feed,
            feeder: info.sender.to_string(),
            published_at: report.published_at,
            last_published_at: last_round.max(newest_own.unwrap_or_default()),
        };
        return Ok(Outcome { published: false, fact: Some(fact.into()) });
    }
    let age_seconds = now(env).saturating_sub(report.published_at);
    if age_seconds > config.age_max_seconds {
        return Err(ContractError::StaleReport { feed, age_seconds, age_max_seconds: config.age_max_seconds });
    }
    // One a feeder: bounded by FEEDERS_MAX.
    pending.retain(|other| other.feeder != feeder);
    pending.push(PendingReport { feeder, price: report.price, published_at: report.published_at });
    match round::publish(&config, &pending, record.latest(), now(env), env.block.height)? {
        None => {
            PENDING.save(storage, feed.0, &pending)?;
            Ok(Outcome { published: false, fact: None })
        }
        Some(round) => {
            PENDING.remove(storage, feed.0);
            let fact = record_round(storage, report, record, round)?;
            Ok(Outcome { published: true, fact: Some(fact.into()) })
        }
    }
}

fn place_of(config: &FeedConfig, report: &FeedReport, info: &MessageInfo) -> Result<u8, ContractError> {
    (0u8..)
        .zip(&config.feeders)
        .find(|(_, feeder)| feeder.address == info.sender.as_str())
        .map(|(place, _)| place)
        .ok_or_else(|| ContractError::NotFeeder { feed: report.feed, sender: info.sender.to_string() })
}

fn record_round(
    storage: &mut dyn Storage,
    report: FeedReport,
    mut record: PriceRecord,
    round: Round,
) -> Result<RoundPublished, ContractError> {
    let fact = RoundPublished {
        feed: report.feed,
        round: round.round,
        price_before: record.latest().map_or(Price::ZERO, |round| round.price),
        price: round.price,
        band: round.band,
        published_at: round.published_at,
        validity: round.validity,
    };
    record.rounds.push(round);
    let surplus = record.rounds.len().saturating_sub(ROUNDS_KEPT);
    record.rounds.drain(..surplus);
    PRICES.save(storage, report.feed.0, &record)?;
    Ok(fact)
}
