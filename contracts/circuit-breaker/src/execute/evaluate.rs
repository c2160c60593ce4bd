//! `Evaluate`: open to anyone, because a lease that only one party could renew would be that party's to withhold.

use crate::error::ContractError;
use crate::market;
use crate::signal;
use crate::state::{MarketRules, CONFIG, RULES};
use cosmwasm_std::{DepsMut, Env, Response, Storage};
use firebreak_messages::circuit_breaker::EvaluationFailed;
use firebreak_messages::{time::now, FeedId, MarketId, FEEDS_MAX};

/// Evaluates every market of these feeds, each on its own: what one market's rules do fails that market only.
///
/// A feed named twice counts once; a feed that no market follows is passed over, because the oracle's hook names every
/// feed that moved. Errors: [`ContractError::OutOfBounds`] for more than [`FEEDS_MAX`] feeds.
#[inline(never)] // A chain admits 100 locals in a function.
pub fn evaluate(deps: DepsMut, env: &Env, feeds: &[FeedId]) -> Result<Response, ContractError> {
    if feeds.len() > FEEDS_MAX {
        return Err(ContractError::OutOfBounds {
            what: "feeds",
            wanted: format!("at most {FEEDS_MAX}"),
            found: feeds.len().to_string(),
        });
    }
    let config = CONFIG.load(deps.storage)?;
    let mut response = Response::new();
    let mut signals = vec![];
    // Bounded by MARKETS_MAX markets of at most FEEDS_MAX feeds.
    for watched in config.watched.iter().filter(|watched| feeds.contains(&watched.feed)) {
        let assessed = market::assess(deps.as_ref(), &config, *watched, now(env));
        let saved = assessed.and_then(|assessment| match assessment {
            Some(assessment) => assessment.save(deps.storage).map(|()| Some(assessment)),
            None => Ok(None),
        });
        match saved {
            Ok(None) => {}
            Ok(Some(assessment)) => {
                response = response.add_events(assessment.facts);
                signals.extend(assessment.signals);
            }
            // The error is not kept: its text may differ from node to node. `Evidence` and the records tell the cause.
            Err(_) => response = response.add_event(failed(deps.storage, watched.market, now(env))?),
        }
    }
    // Restrictions are stored by now: a guardian that fails, or looks, finds them in force.
    Ok(response.add_submessages(signal::calls(deps.storage, config, signals, now(env))?))
}

/// Counts a failed evaluation. The lease stays where it was, so the vault acts as in `ReduceOnly` for this market.
fn failed(storage: &mut dyn Storage, market: MarketId, now: u64) -> Result<EvaluationFailed, ContractError> {
    // Rules that cannot even be read count from here: the count is for people, the lease does the protecting.
    let readable = RULES.load(storage, market.0).ok();
    let failing = readable.as_ref().map(|rules| rules.failing).unwrap_or_default().once_more(now);
    if let Some(rules) = readable {
        RULES.save(storage, market.0, &MarketRules { failing, ..rules })?;
    }
    Ok(EvaluationFailed { market, failing_since: failing.since, failures_in_a_row: failing.in_a_row })
}
