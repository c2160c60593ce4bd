//! Reads.

use crate::error::ContractError;
use crate::observers::Observers;
use crate::state::{CONFIG, GUARDS, JOURNALS, RULES, SIGNAL_HEALTH};
use cosmwasm_std::{to_json_binary, Binary, Deps, Env};
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{
    ChannelEvidence, ConfigResponse, EffectivePosture, EvidenceResponse, GuardConfig, JournalResponse, MarketSetup,
    MarketsResponse, PostureRecord, QueryMsg, RestrictionStatus, RuleEvidence, RuleMode, Scope, SignalHealthResponse,
    StatusResponse,
};
use firebreak_messages::{time::now, MarketId};
use firebreak_risk::phase_at;

const PAGE_MAX: u32 = 32;
const PAGE_DEFAULT: u32 = 10;

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Market { market } => to_json_binary(&guard(deps, market)?),
        QueryMsg::Markets { start_after, limit } => to_json_binary(&markets(deps, start_after, limit)?),
        QueryMsg::Status { market } => to_json_binary(&status(deps, env, market)?),
        QueryMsg::Evidence { market } => to_json_binary(&evidence(deps, env, market)?),
        QueryMsg::Journal { market } => to_json_binary(&journal(deps, market)?),
        QueryMsg::SignalHealth {} => to_json_binary(&signal_health(deps)?),
        QueryMsg::Observers {} => to_json_binary(&Observers::load(deps.storage)?.statuses(now(env))),
    }?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        owner: config.owner.into(),
        oracle: config.oracle.into(),
        vault: config.vault.map(Into::into),
        guardian: config.guardian,
    })
}

fn guard(deps: Deps, market: MarketId) -> Result<GuardConfig, ContractError> {
    GUARDS.may_load(deps.storage, market.0)?.ok_or(ContractError::UnknownMarket { market })
}

fn markets(deps: Deps, start_after: Option<MarketId>, limit: Option<u32>) -> Result<MarketsResponse, ContractError> {
    let limit = limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX) as usize;
    let page = GUARDS.page(deps.storage, start_after.map(|market| market.0), limit)?;
    let markets = page.into_iter().map(|(market, config)| MarketSetup { market: MarketId(market), config }).collect();
    Ok(MarketsResponse { markets })
}

/// what holds now, because of whom, since when, until when, and what comes next.
fn status(deps: Deps, env: &Env, market: MarketId) -> Result<StatusResponse, ContractError> {
    let now = now(env);
    let record = POSTURES.may_load(deps.storage, market.0)?.ok_or(ContractError::UnknownMarket { market })?;
    let all = POSTURE_OF_ALL.load(deps.storage)?;
    let failing = RULES.load(deps.storage, market.0)?.failing;
    let mut restrictions = restriction_statuses(&record, Scope::Market(market), now);
    restrictions.extend(restriction_statuses(&all, Scope::All, now));
    Ok(StatusResponse {
        market,
        evaluated_round: record.evaluated_round,
        posture: all.effective(record.effective(EffectivePosture::NORMAL, now), now).posture,
        restrictions,
        failures_in_a_row: failing.in_a_row,
        failing_since: failing.since,
    })
}

/// At most one a source.
fn restriction_statuses(record: &PostureRecord, scope: Scope, now: u64) -> Vec<RestrictionStatus> {
    record
        .restrictions
        .iter()
        .filter_map(|slot| {
            let phase = phase_at(&slot.phases, now)?;
            Some(RestrictionStatus {
                scope,
                source: slot.source,
                since: slot.since,
                until: phase.until,
                ends_at: slot.phases.last()?.until,
                posture: phase.posture,
                next: phase_at(&slot.phases, phase.until).cloned(),
                incident: slot.incident,
            })
        })
        .collect()
}

fn evidence(deps: Deps, env: &Env, market: MarketId) -> Result<EvidenceResponse, ContractError> {
    let guard = guard(deps, market)?;
    let book = RULES.load(deps.storage, market.0)?.book;
    let shadow = JOURNALS.may_load(deps.storage, market.0)?.unwrap_or_default().shadow;
    let mode = |rule| guard.rule(rule).map_or(RuleMode::Off, |config| config.mode);
    // Bounded by RULES_MAX.
    let rules = book.memories.iter().map(|memory| RuleEvidence {
        rule: memory.rule,
        mode: mode(memory.rule),
        score: memory.score,
        trips: memory.trips,
        shadow_trips: memory.shadow_trips,
        last_trip_at: memory.last_trip_at,
    });
    Ok(EvidenceResponse {
        market,
        rules: rules.collect(),
        evidence: ChannelEvidence::from(&book.detectors.evidence(&guard.rule_set().detectors())),
        cage: book.cage,
        would_restrict: restriction_statuses(&shadow, Scope::Market(market), now(env)),
        failing: book.failing,
    })
}

fn journal(deps: Deps, market: MarketId) -> Result<JournalResponse, ContractError> {
    guard(deps, market)?;
    let entries = JOURNALS.may_load(deps.storage, market.0)?.unwrap_or_default().entries;
    Ok(JournalResponse { market, entries })
}

fn signal_health(deps: Deps) -> Result<SignalHealthResponse, ContractError> {
    Ok(SIGNAL_HEALTH.load(deps.storage)?)
}
