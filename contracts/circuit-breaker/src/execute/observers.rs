//! Who may attest, and what their word has been worth.

use super::ensure_owner;
use crate::error::ContractError;
use crate::observers::{Observer, Observers, OBSERVERS, WARNED_BEFORE_SECONDS, WORDS};
use crate::state::CONFIG;
use crate::validate;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::circuit_breaker::{ObserversConfig, ObserversConfigured, ObserversJudged};
use firebreak_messages::guardian::layout::INCIDENTS;
use firebreak_messages::guardian::IncidentStatus;
use firebreak_messages::time::now;
use firebreak_messages::RuleId;

/// Errors: [`ContractError::Unauthorized`], and those of [`replace_observers`].
pub fn set_observers(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    config: ObserversConfig,
) -> Result<Response, ContractError> {
    ensure_owner(&CONFIG.load(deps.storage)?, info)?;
    Ok(Response::new().add_event(replace_observers(deps, env, config)?))
}

/// Replaces the list. A key that stays keeps its nonce, its trust and its record, wherever it stands now; a new one counts as heard of
/// just now. What was said so far is forgotten, since words name places in the list: a restriction that they led to stays.
///
/// Errors: [`ContractError::OutOfBounds`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn replace_observers(
    deps: DepsMut,
    env: &Env,
    config: ObserversConfig,
) -> Result<ObserversConfigured, ContractError> {
    validate::observers(&config)?;
    let before = Observers::load(deps.storage)?;
    let (observers_before, heartbeat_seconds) = (before.list.len(), config.heartbeat_seconds);
    let kept = |mut config: firebreak_messages::circuit_breaker::ObserverConfig| {
        // Upper and lower case are one key.
        config.public_key.make_ascii_lowercase();
        let known = before.list.iter().find(|known| known.config.public_key.eq_ignore_ascii_case(&config.public_key));
        match known {
            Some(known) => Observer { config, ..known.clone() },
            None => Observer::new(config, now(env)),
        }
    };
    // Bounded by OBSERVERS_MAX.
    let list: Vec<Observer> = config.observers.into_iter().map(kept).collect();
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let fact = ObserversConfigured {
        observers_before: count(observers_before),
        observers: count(list.len()),
        heartbeat_seconds,
    };
    let place_of = |key: &str| (0u8..).zip(&list).find(|(_, now)| now.config.public_key.eq_ignore_ascii_case(key));
    // Bounded by OBSERVERS_MAX: where each of the former list stands now.
    let places: Vec<Option<u8>> =
        before.list.iter().map(|known| place_of(&known.config.public_key).map(|(place, _)| place)).collect();
    OBSERVERS.save(deps.storage, &Observers { heartbeat_seconds, list })?;
    // Bounded by MARKETS_MAX.
    for watched in &CONFIG.load(deps.storage)?.watched {
        if let Some(mut words) = WORDS.may_load(deps.storage, watched.market.0)? {
            words.live.clear();
            words.warned.clear();
            words.move_nonces(&places);
            WORDS.save(deps.storage, watched.market.0, &words)?;
        }
    }
    Ok(fact)
}

/// Counts the guardian's verdict on a closed incident for those who had warned of its market, each warning once. Anyone: the verdict is
/// read from the guardian's record, so nobody can bring a wrong one, and closing an incident depends on nothing here.
///
/// An incident that was one speaks for whoever warned before it was known: after that a warning repeats what everybody sees. A
/// false alarm speaks against whoever warned at any time until it was closed.
///
/// Errors: [`ContractError::NoVerdict`], also when no warning is left to count.
pub fn judge(deps: DepsMut, incident: u64) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let refuse = || ContractError::NoVerdict { incident };
    let guardian = config.guardian.ok_or_else(refuse)?;
    let record = INCIDENTS.query(&deps.querier, &guardian.contract, incident).ok_or_else(refuse)?;
    let confirmed = match record.status {
        // Time resolves an incident for whoever asks; only the council's report says that it was one.
        IncidentStatus::Resolved if record.post_mortem.is_some() => true,
        IncidentStatus::Resolved => return Err(refuse()),
        IncidentStatus::FalseAlarm => false,
        IncidentStatus::Detected | IncidentStatus::Contained | IncidentStatus::Recovering => return Err(refuse()),
    };
    let market = record.market.ok_or_else(refuse)?;
    let mut words = WORDS.may_load(deps.storage, market.0)?.unwrap_or_default();
    let mut observers = Observers::load(deps.storage)?;
    let since = record.detected_at.saturating_sub(WARNED_BEFORE_SECONDS);
    let until = if !confirmed {
        record.closed_at
    } else if record.causes.first().is_some_and(|first| *first == RuleId::Observers.to_string()) {
        // It was detected when the last word of the quorum was heard.
        record.detected_at
    } else {
        record.detected_at.saturating_sub(1)
    };
    let mut judged = 0u32;
    // Bounded by OBSERVERS_MAX.
    for observer in words.take_warned(since..=until, confirmed) {
        if let Some(observer) = observers.list.get_mut(usize::from(observer)) {
            observer.judge(confirmed);
            judged = judged.saturating_add(1);
        }
    }
    if judged == 0 {
        return Err(refuse());
    }
    WORDS.save(deps.storage, market.0, &words)?;
    OBSERVERS.save(deps.storage, &observers)?;
    Ok(Response::new().add_event(ObserversJudged { incident, market, confirmed, judged }))
}
