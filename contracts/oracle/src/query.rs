//! Reads.

use crate::error::ContractError;
use crate::state::{FEEDS, HOOK, OWNER};
use cosmwasm_std::{to_json_binary, Binary, Deps, Env};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    ConfigResponse, FeedResponse, FeedsResponse, HookHealthResponse, PriceRecord, PriceResponse, QueryMsg,
};
use firebreak_messages::{time::now, FeedId};

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
    }?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse { owner: OWNER.load(deps.storage)?.into(), hook: HOOK.load(deps.storage)?.config })
}

fn feed_config(deps: Deps, feed: FeedId) -> Result<FeedResponse, ContractError> {
    let config = FEEDS.may_load(deps.storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    Ok(FeedResponse { feed, config })
}

fn feeds(deps: Deps, start_after: Option<FeedId>, limit: Option<u32>) -> Result<FeedsResponse, ContractError> {
    let limit = limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX) as usize;
    let page = FEEDS.page(deps.storage, start_after.map(|feed| feed.0), limit)?;
    let feeds = page.into_iter().map(|(feed, config)| FeedResponse { feed: FeedId(feed), config }).collect();
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
