//! The council: k of n weights restrict, run what was approved in advance, and keep the record of incidents, at once.
//! Tighten-only by construction.
//!
//! A confirmation is a message of a member to this contract, so chain and contract are part of what was signed; nonce
//! and action are part of the message. It is counted only with the weight that its member has when it is counted.

use crate::error::ContractError;
use crate::execute::playbook::{for_council, join};
use crate::incident::{self, Opening};
use crate::playbook;
use crate::state::{after, later, Ballot, Pending, BALLOT, COUNCIL, COUNCIL_CANDIDATE, SUITE};
use crate::{validate, weights};
use cosmwasm_std::{DepsMut, Env, MessageInfo, QuerierWrapper, Response};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{
    ActionConfirmed, CouncilAction, CouncilConfig, CouncilNamed, CouncilVoided, IncidentAction, Playbook, Step,
    SuiteResponse, Tightening, CONFIRMATIONS_MAX, PENDING_ACTIONS_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::Source;
use firebreak_risk::Level;

/// Records a confirmation; the one that reaches the threshold acts in its own transaction.
///
/// Errors: [`ContractError::StaleNonce`], [`ContractError::OutOfBounds`], [`ContractError::NotMember`],
/// [`ContractError::TooManyPending`], [`ContractError::TooManyConfirmations`]; those of what it decides.
pub fn confirm(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    action: CouncilAction,
    nonce: u64,
) -> Result<Response, ContractError> {
    let config = COUNCIL.load(deps.storage)?;
    let Ballot { nonce: wanted, epoch, pending } = BALLOT.load(deps.storage)?;
    if nonce != wanted {
        return Err(ContractError::StaleNonce { wanted, found: nonce });
    }
    let (member, now) = (info.sender.to_string(), now(env));
    validate::council_action(&config, &action, now)?;
    let weight_of = |member: &str| weights::of(&deps.querier, &config.group, member);
    let own_weight = weight_of(&member);
    if own_weight == 0 {
        return Err(ContractError::NotMember { found: member });
    }
    let mut pending = live(pending, now);
    let mut raised = take(&mut pending, &member, action, &config, now)?;
    let weights = weigh(&deps.querier, &config.group, &mut raised.confirmations);
    let mut weight = weights.iter().copied().fold(own_weight, u64::saturating_add);
    let threshold = config.threshold;
    // Before the bounds of the lists: they are there to save space, not to stop what is decided.
    if weight >= threshold {
        let confirmed = ActionConfirmed { member, weight };
        BALLOT.save(deps.storage, &Ballot { nonce: after(nonce, "the council's nonce")?, epoch, pending: vec![] })?;
        return act(deps, env, raised, confirmed);
    }
    weight = keep(&mut raised.confirmations, weights, &member, own_weight, weight)?;
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
    let confirmed = ActionConfirmed { member, weight };
    BALLOT.save(deps.storage, &Ballot { nonce, epoch, pending })?;
    Ok(Response::new().add_event(confirmed))
}

/// Acts, in this transaction. The nonce is raised already, which voids every other confirmation: what was confirmed before
/// people saw this is confirmed anew or not at all.
fn act(mut deps: DepsMut, env: &Env, raised: Pending, confirmed: ActionConfirmed) -> Result<Response, ContractError> {
    let now = now(env);
    let response = Response::new().add_event(confirmed);
    let SuiteResponse { circuit_breaker, insurance_fund: fund, .. } = SUITE.load(deps.storage)?;
    // Detected when the first member raised it, contained now.
    let opening = |scope, cause, level| {
        let detected_at = raised.raised_at;
        Opening { scope, cause, began_at: detected_at, detected_at, now, signals: 0, level, actions: vec![] }
    };
    match raised.action {
        CouncilAction::Restrict(restriction) => {
            let Tightening { scope, level, duration_seconds } = restriction;
            let (source, until) = (Source::Council, later(now, duration_seconds)?);
            let actions = vec![IncidentAction { at: now, source, level, until, run: 0 }];
            let opening = Opening { actions, ..opening(scope, source.to_string(), level) };
            let opened = incident::open(deps, &fund, opening)?;
            // A plain message: when the breaker refuses, the confirmation is refused with it and nothing is spent.
            let restrict = playbook::restriction(circuit_breaker, &restriction, source, opened.incident, now)?;
            Ok(response.add_event(opened).add_message(restrict))
        }
        CouncilAction::Run { playbook } => {
            let approved = for_council(deps.storage, &playbook, now)?;
            // Contained when a step has succeeded.
            let opened =
                incident::open(deps.branch(), &fund, opening(reach(&approved.playbook), playbook, Level::Normal))?;
            let run = playbook::start(deps.branch(), env, approved, opened.incident, &mut false)?;
            Ok(join(response.add_event(opened), run))
        }
        CouncilAction::Open { scope, cause, began_at } => {
            incident::ensure_watched(deps.as_ref(), scope)?;
            let opening = Opening { began_at: began_at.min(raised.raised_at), ..opening(scope, cause, Level::Normal) };
            Ok(response.add_event(incident::open(deps, &fund, opening)?))
        }
        CouncilAction::Close(closing) => Ok(join(response, super::incident::close(deps, env, closing)?)),
    }
}

/// Where a playbook acts, for the record: the scope of its tightest restriction; one of calls alone is about everything.
fn reach(playbook: &Playbook) -> Scope {
    let restrictions = playbook.steps.iter().filter_map(|step| match step {
        Step::Restrict(restriction) => Some(restriction),
        Step::Call { .. } | Step::Settle { .. } | Step::Contest { .. } => None,
    });
    restrictions.max_by_key(|restriction| restriction.level).map_or(Scope::All, |restriction| restriction.scope)
}

/// The group has other members: every open confirmation is void. Weights are read when they are counted anyway;
/// this also voids what a member confirmed who left and came back. Of the group that is to be the council: every acceptance is
/// void.
///
/// Never an error. A stranger changes nothing: an old group that still tells the guardian is one.
pub fn members_changed(deps: DepsMut, info: &MessageInfo) -> Response {
    let (Ok(council), Ok(ballot)) = (COUNCIL.load(deps.storage), BALLOT.load(deps.storage)) else {
        return Response::new();
    };
    if info.sender.as_str() != council.group {
        return accepted_void(deps, info).unwrap_or_default();
    }
    let (nonce, epoch) = (ballot.nonce.saturating_add(1), ballot.epoch.saturating_add(1));
    match BALLOT.save(deps.storage, &Ballot { nonce, epoch, pending: vec![] }) {
        Ok(()) => Response::new().add_event(CouncilVoided { nonce, epoch }),
        Err(_) => Response::new(),
    }
}

/// As if the group had just been named, but for the time it has.
fn accepted_void(deps: DepsMut, info: &MessageInfo) -> Option<Response> {
    let mut candidate = COUNCIL_CANDIDATE.may_load(deps.storage).ok()??;
    if info.sender.as_str() != candidate.config.group {
        return None;
    }
    candidate.accepted.clear();
    COUNCIL_CANDIDATE.save(deps.storage, &candidate).ok()?;
    let CouncilConfig { group, threshold, .. } = candidate.config;
    Some(Response::new().add_event(CouncilNamed { group, threshold, expires_at: candidate.expires_at }))
}

/// The weights of those who confirmed, as they are now: whoever left since weighs nothing and is taken out. Bounded by
/// CONFIRMATIONS_MAX.
#[inline(never)]
pub fn weigh(querier: &QuerierWrapper, group: &str, members: &mut Vec<String>) -> Vec<u64> {
    let mut weights = Vec::with_capacity(members.len());
    members.retain(|member| {
        let found = weights::of(querier, group, member);
        if found > 0 {
            weights.push(found);
        }
        found > 0
    });
    weights
}

/// Adds a member to a list that keeps the `CONFIRMATIONS_MAX` heaviest. Returns what those in it weigh together, of `weight`
/// with everybody.
///
/// Errors: [`ContractError::TooManyConfirmations`].
#[inline(never)]
pub fn keep(
    members: &mut Vec<String>,
    weights: Vec<u64>,
    member: &str,
    own_weight: u64,
    mut weight: u64,
) -> Result<u64, ContractError> {
    if members.len() >= CONFIRMATIONS_MAX {
        let (position, lightest) = lighter(weights.into_iter(), own_weight)
            .ok_or(ContractError::TooManyConfirmations { max: CONFIRMATIONS_MAX })?;
        members.remove(position);
        weight = weight.saturating_sub(lightest);
    }
    members.push(member.into());
    Ok(weight)
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
