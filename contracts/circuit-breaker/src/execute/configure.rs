//! The owner's configuration.

use super::ensure_owner;
use crate::error::ContractError;
use crate::state::{MarketRules, Watched, CONFIG, GUARDS, RULES, SIGNAL_HEALTH};
use crate::validate;
use cosmwasm_std::{DepsMut, MessageInfo, Response};
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{
    GuardConfig, GuardConfigured, PostureRecord, RuleMode, SignalConfig, SignalConfigured, SignalHealthResponse,
};
use firebreak_messages::{MarketId, MARKETS_MAX};

/// Errors: [`ContractError::Unauthorized`], and those of [`set_market`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn set_market_as_owner(
    deps: DepsMut,
    info: &MessageInfo,
    market: MarketId,
    config: GuardConfig,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, info)?;
    Ok(Response::new().add_event(set_market(deps, market, config)?))
}

/// Adds a market or replaces its rules. Restrictions and counters stay; windows start afresh, because buckets of another
/// width mean nothing. A market keeps its feed: rules that watched another price than the vault's would keep the lease
/// fresh and see nothing. Whose word a price is, is changed at the oracle (`SetFeed`).
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::TooManyMarkets`], [`ContractError::FeedFixed`].
pub fn set_market(deps: DepsMut, market: MarketId, guard: GuardConfig) -> Result<GuardConfigured, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    validate::guard(&guard, config.vault.is_some())?;
    let feed_before = config.watched.iter().find(|watched| watched.market == market).map(|watched| watched.feed);
    if feed_before.is_none() && config.watched.len() >= MARKETS_MAX {
        return Err(ContractError::TooManyMarkets { max: MARKETS_MAX });
    }
    match feed_before {
        Some(wanted) if wanted != guard.feed => {
            return Err(ContractError::FeedFixed { market, wanted, found: guard.feed });
        }
        Some(_) => {}
        None => {
            config.watched.push(Watched { market, feed: guard.feed });
            CONFIG.save(deps.storage, &config)?;
            // The lease starts at no round: the market is `ReduceOnly` until its feed is evaluated.
            POSTURES.save(deps.storage, market.0, &PostureRecord::default())?;
        }
    }
    let before = RULES.may_load(deps.storage, market.0)?.unwrap_or_default();
    let lease = POSTURES.load(deps.storage, market.0)?.evaluated_round;
    let book = before.book.reconfigured(&guard.rules, lease);
    RULES.save(deps.storage, market.0, &MarketRules { book, failing: before.failing })?;
    GUARDS.save(deps.storage, market.0, &guard)?;
    let of = |mode: RuleMode| guard.rules.iter().filter(|rule| rule.mode == mode).count();
    let count = |mode| u32::try_from(of(mode)).unwrap_or(u32::MAX);
    let (enforced, shadow) = (count(RuleMode::Enforce), count(RuleMode::Shadow));
    Ok(GuardConfigured { market, feed: guard.feed, enforced, shadow })
}

/// A new guardian starts healthy: failures of the old one say nothing about it. It is told what that one was not, from the next message on.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::OutOfBounds`].
pub fn set_guardian(
    deps: DepsMut,
    info: &MessageInfo,
    guardian: Option<SignalConfig>,
) -> Result<Response, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    ensure_owner(&config, info)?;
    let guardian = guardian.map(|guardian| validate::signal(deps.api, guardian)).transpose()?;
    let contract = |guardian: &Option<SignalConfig>| {
        guardian.as_ref().map(|guardian| guardian.contract.clone()).unwrap_or_default()
    };
    let fact = SignalConfigured {
        contract_before: contract(&config.guardian),
        contract: contract(&guardian),
        gas_limit: guardian.as_ref().map_or(0, |guardian| guardian.gas_limit),
    };
    config.guardian = guardian;
    config.unsent.retry_at = 0;
    CONFIG.save(deps.storage, &config)?;
    SIGNAL_HEALTH.save(deps.storage, &SignalHealthResponse::default())?;
    Ok(Response::new().add_event(fact))
}
