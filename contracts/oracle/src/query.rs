//! Reads.

use crate::error::ContractError;
use crate::state::{Feed, FEEDS, HISTORY, HOOK, OWNER, PROGRESS};
use cosmwasm_std::{to_json_binary, Binary, Deps, Env};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    ConfigResponse, FeedResponse, Feeder, FeedsResponse, HookHealthResponse, PriceRecord, PriceResponse, QueryMsg,
    SourceStanding, SourcesResponse, Validity, WindowResponse,
};
use firebreak_messages::{time::now, FeedId};
use firebreak_risk::{Standing, WindowFigures};

const PAGE_MAX: u32 = 32;
const PAGE_DEFAULT: u32 = 10;

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Feed { feed } => to_json_binary(&feed_config(deps, feed)?),
        QueryMsg::Feeds { start_after, limit } => to_json_binary(&feeds(deps, start_after, limit)?),
        QueryMsg::Price { feed } => to_json_binary(&price(deps, env, feed)?),
        QueryMsg::Rounds { feed } => to_json_binary(&rounds(deps, feed)?),
        QueryMsg::HookHealth {} => to_json_binary(&hook_health(deps)?),
        QueryMsg::Sources { feed } => to_json_binary(&sources(deps, feed)?),
        QueryMsg::Window { feed } => to_json_binary(&window(deps, env, feed)?),
    }?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse { owner: OWNER.load(deps.storage)?.into(), hook: HOOK.load(deps.storage)?.config })
}

fn feed_config(deps: Deps, feed: FeedId) -> Result<FeedResponse, ContractError> {
    Ok(FeedResponse { feed, config: known(deps, feed)?.config })
}

fn known(deps: Deps, feed: FeedId) -> Result<Feed, ContractError> {
    FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })
}

fn feeds(deps: Deps, start_after: Option<FeedId>, limit: Option<u32>) -> Result<FeedsResponse, ContractError> {
    let limit = limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX) as usize;
    let page = FEEDS.page(deps.storage, start_after.map(|feed| feed.0), limit)?;
    let feeds =
        page.into_iter().map(|(feed, known)| FeedResponse { feed: FeedId(feed), config: known.config }).collect();
    Ok(FeedsResponse { feeds })
}

fn price(deps: Deps, env: &Env, feed: FeedId) -> Result<PriceResponse, ContractError> {
    let record = rounds(deps, feed)?;
    let validity = record.validity(now(env));
    let latest = record.latest().ok_or(ContractError::NoRound { feed })?;
    Ok(PriceResponse {
        feed,
        round: latest.round,
        price: latest.price,
        band: latest.band,
        published_at: latest.published_at,
        validity,
    })
}

fn rounds(deps: Deps, feed: FeedId) -> Result<PriceRecord, ContractError> {
    PRICES.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })
}

fn hook_health(deps: Deps) -> Result<HookHealthResponse, ContractError> {
    Ok(HOOK.load(deps.storage)?.health)
}

fn sources(deps: Deps, feed: FeedId) -> Result<SourcesResponse, ContractError> {
    let known = known(deps, feed)?;
    let progress = PROGRESS.may_load(deps.storage, feed.0)?.unwrap_or_default();
    let standing = |(feeder, standing): (&Feeder, &Standing)| SourceStanding {
        feeder: feeder.address.clone(),
        quarantined: standing.quarantined,
        strikes: standing.strikes,
        good_reports: standing.good_reports,
        seen_round: standing.seen_round,
    };
    Ok(SourcesResponse {
        promoted: known.promoted,
        signed_round: progress.signed.round,
        unchanged_rounds: progress.unchanged,
        sources: known.config.feeders.iter().zip(&progress.standings).map(standing).collect(),
    })
}

/// The buckets and the ring behind them: at most 16 and 8, whatever happened in the window.
fn window(deps: Deps, env: &Env, feed: FeedId) -> Result<WindowResponse, ContractError> {
    let window_seconds = known(deps, feed)?.config.window_seconds;
    if window_seconds == 0 {
        return Err(ContractError::NoWindow { feed });
    }
    let mut history = HISTORY.may_load(deps.storage, feed.0)?.unwrap_or_default();
    for round in rounds(deps, feed)?.rounds.iter().filter(|round| round.validity != Validity::Invalid) {
        history.fold(round.round, round.published_at, round.price, window_seconds)?;
    }
    let figures = history.figures(now(env), window_seconds)?.ok_or(ContractError::NoRound { feed })?;
    let WindowFigures { mean, median, low, high } = figures;
    Ok(WindowResponse { window_seconds, mean, median, low, high })
}
