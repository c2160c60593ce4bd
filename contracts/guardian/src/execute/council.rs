//! The council: k of n weights restrict at once. Tighten-only by construction.
//!
//! A confirmation is a message of a member to this contract, so chain and contract are part of what was signed; nonce
//! and action are part of the message. It is counted only with the weight that its member has when it is counted.

use crate::error::ContractError;
use crate::incident::{self, Opening};
use crate::state::{after, later, Ballot, Pending, BALLOT, COUNCIL, SUITE};
use crate::{validate, weights};
use cosmwasm_std::{to_json_binary, DepsMut, Env, MessageInfo, Response, WasmMsg};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, LevelText};
use firebreak_messages::guardian::{
    ActionConfirmed, CouncilActed, CouncilAction, CouncilConfig, CONFIRMATIONS_MAX, PENDING_ACTIONS_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::Source;
use firebreak_risk::{Phase, Posture};

/// Records a confirmation; the one that reaches the threshold acts in its own transaction.
///
/// Errors: [`ContractError::StaleNonce`], [`ContractError::OutOfBounds`], [`ContractError::NotMember`],
/// [`ContractError::TooManyPending`], [`ContractError::TooManyConfirmations`]; the breaker's own.
pub fn confirm(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    action: CouncilAction,
    nonce: u64,
) -> Result<Response, ContractError> {
    let config = COUNCIL.load(deps.storage)?;
    let Ballot { nonce: wanted, pending } = BALLOT.load(deps.storage)?;
    if nonce != wanted {
        return Err(ContractError::StaleNonce { wanted, found: nonce });
    }
    validate::council_action(&config, &action)?;
    let (member, now) = (info.sender.to_string(), now(env));
    let weight_of = |member: &str| weights::of(&deps.querier, &config.group, member);
    let own_weight = weight_of(&member);
    if own_weight == 0 {
        return Err(ContractError::NotMember { found: member });
    }
    let mut pending = live(pending, now);
    let mut raised = take(&mut pending, &member, action, &config, now)?;
    // A member who left since weighs nothing, and a changed weight counts as it is now. Bounded by CONFIRMATIONS_MAX.
    let mut weights = Vec::with_capacity(raised.confirmations.len());
    raised.confirmations.retain(|confirmer| {
        let found = weight_of(confirmer);
        if found > 0 {
            weights.push(found);
        }
        found > 0
    });
    let mut weight = weights.iter().copied().fold(own_weight, u64::saturating_add);
    let threshold = config.threshold;
    // Before the bounds of the lists: they are there to save space, not to stop what is decided.
    if weight >= threshold {
        let confirmed = ActionConfirmed { member, nonce, weight, threshold };
        return act(deps, nonce, raised, now, confirmed);
    }
    if raised.confirmations.len() >= CONFIRMATIONS_MAX {
        let (position, lightest) = lighter(weights.into_iter(), own_weight)
            .ok_or(ContractError::TooManyConfirmations { max: CONFIRMATIONS_MAX })?;
        raised.confirmations.remove(position);
        weight = weight.saturating_sub(lightest);
    }
    raised.confirmations.push(member.clone());
    if pending.len() >= PENDING_ACTIONS_MAX {
        // Up to PENDING_ACTIONS_MAX times CONFIRMATIONS_MAX reads, by a confirmation that restricts nothing yet.
        let of_action = |raised: &Pending| {
            raised.confirmations.iter().map(|confirmer| weight_of(confirmer)).fold(0, u64::saturating_add)
        };
        let (position, _) = lighter(pending.iter().map(of_action), weight)
            .ok_or(ContractError::TooManyPending { max: PENDING_ACTIONS_MAX })?;
        pending.remove(position);
    }
    pending.push(raised);
    let confirmed = ActionConfirmed { member, nonce, weight, threshold };
    BALLOT.save(deps.storage, &Ballot { nonce, pending })?;
    Ok(Response::new().add_event(confirmed))
}

/// Restricts, in this transaction, and voids every other confirmation by raising the nonce: what was confirmed before
/// people saw this is confirmed anew or not at all.
fn act(
    deps: DepsMut,
    nonce: u64,
    raised: Pending,
    now: u64,
    confirmed: ActionConfirmed,
) -> Result<Response, ContractError> {
    let CouncilAction { scope, level, duration_seconds } = raised.action;
    let until = later(now, duration_seconds)?;
    BALLOT.save(deps.storage, &Ballot { nonce: after(nonce, "the council's nonce")?, pending: vec![] })?;
    // Detected when the first member raised it, contained now.
    let opening =
        Opening { scope, cause: Source::Council.to_string(), detected_at: raised.raised_at, now, signals: 0, level };
    let opened = incident::open(deps.storage, opening)?;
    let incident = opened.incident;
    let phases = vec![Phase { until, posture: Posture::preset(level) }];
    // A plain message: when the breaker refuses, the confirmation is refused with it and nothing is spent.
    let restrict = WasmMsg::Execute {
        contract_addr: SUITE.load(deps.storage)?.circuit_breaker,
        msg: to_json_binary(&BreakerMsg::Restrict { scope, source: Source::Council, phases, incident })?,
        funds: vec![],
    };
    Ok(Response::new()
        .add_event(confirmed)
        .add_event(opened)
        .add_event(CouncilActed { nonce, scope, level: LevelText(level), until, incident })
        .add_message(restrict))
}

/// Where the lightest entry of a full list is, and its weight, if the newcomer weighs more: a crowd of light members
/// must not keep heavy ones out. Of equals the earlier one stays.
fn lighter(weights: impl Iterator<Item = u64>, newcomer: u64) -> Option<(usize, u64)> {
    weights.enumerate().min_by_key(|(_, weight)| *weight).filter(|(_, weight)| *weight < newcomer)
}

/// The actions whose confirmations have not expired.
pub fn live(mut pending: Vec<Pending>, now: u64) -> Vec<Pending> {
    pending.retain(|raised| now < raised.expires_at);
    pending
}

/// Takes the waiting action out of the list, or raises it. A member has one open confirmation: a new one replaces the
/// old, so the list is no longer than the council, and nobody can fill it alone.
fn take(
    pending: &mut Vec<Pending>,
    member: &str,
    action: CouncilAction,
    config: &CouncilConfig,
    now: u64,
) -> Result<Pending, ContractError> {
    // Bounded: at most PENDING_ACTIONS_MAX times CONFIRMATIONS_MAX.
    for raised in pending.iter_mut() {
        raised.confirmations.retain(|confirmer| confirmer != member);
    }
    pending.retain(|raised| !raised.confirmations.is_empty());
    if let Some(position) = pending.iter().position(|raised| raised.action == action) {
        return Ok(pending.remove(position));
    }
    let expires_at = later(now, config.confirmation_window_seconds)?;
    Ok(Pending { action, confirmations: vec![], raised_at: now, expires_at })
}
