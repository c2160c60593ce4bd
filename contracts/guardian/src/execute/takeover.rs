//! Who the council is: the figures of the present one at once, another group in two steps (R-21).
//!
//! ```text
//! SetCouncil, by an operation --> candidate --AcceptCouncil, by members whose weight reaches its threshold--> council
//! ```
//! Within 30 days or not at all. The delay comes first, in the timelock, so an honest group replaces a stolen one in the
//! block in which it accepts. A group whose keys nobody holds never accepts, and the present council stays in power until
//! then; it has no word in this, nor has the candidate any before. The last `SetCouncil` holds: one of the present group also
//! withdraws a candidate. Last is the one scheduled last, however late it is executed: an older operation is refused, and after a
//! takeover every one that was scheduled before it. Else anyone, a stolen council first, executed an old one that is open and
//! had its seat back, or withdrew who was named in its place.

use crate::error::ContractError;
use crate::execute::council::{keep, weigh};
use crate::execute::{ensure_last, ensure_self};
use crate::state::{
    after, later, Ballot, CouncilCandidate, BALLOT, COUNCIL, COUNCIL_CANDIDATE, LAST_WORD, NEXT_OPERATION,
};
use crate::{validate, weights};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use firebreak_messages::guardian::{CouncilAccepted, CouncilChanged, CouncilConfig, CouncilNamed, CANDIDACY_SECONDS};
use firebreak_messages::time::now;

/// What an old operation about the council would undo.
const ABOUT_COUNCIL: &str = "the council";

/// Errors: [`ContractError::Unauthorized`], [`ContractError::DecidedSince`], and those of [`validate::council`].
pub fn set_council(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    council: CouncilConfig,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    ensure_last(deps.storage, ABOUT_COUNCIL)?;
    let config = validate::council(deps.as_ref(), council)?;
    if config.group == COUNCIL.load(deps.storage)?.group {
        return Ok(Response::new().add_event(seat(deps.storage, config)?));
    }
    let expires_at = later(now(env), CANDIDACY_SECONDS)?;
    let named = CouncilNamed { group: config.group.clone(), threshold: config.threshold, expires_at };
    COUNCIL_CANDIDATE.save(deps.storage, &CouncilCandidate { config, accepted: vec![], expires_at })?;
    Ok(Response::new().add_event(named))
}

/// Weights count as they are now, as with confirmations. What was asked of the group when it was named is asked again, since
/// its members may be others; and its hook, which it cannot have known of before the guardian existed, only here. A group that
/// nobody can change has nothing to tell, and nobody who could add the hook.
///
/// Errors: [`ContractError::NoCouncilCandidate`], [`ContractError::NotMember`], [`ContractError::NotAsNamed`],
/// [`ContractError::TooManyConfirmations`]; of
/// the acceptance that decides [`ContractError::NoHook`] and those of [`validate::council`].
pub fn accept_council(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    council: CouncilConfig,
) -> Result<Response, ContractError> {
    let (candidate, now) = (COUNCIL_CANDIDATE.may_load(deps.storage)?, now(env));
    let expires_at = candidate.as_ref().map_or(0, |candidate| candidate.expires_at);
    let Some(mut candidate) = candidate.filter(|candidate| now < candidate.expires_at) else {
        return Err(ContractError::NoCouncilCandidate { expires_at });
    };
    let (member, group) = (info.sender.to_string(), candidate.config.group.clone());
    let own_weight = weights::of(&deps.querier, &group, &member);
    if own_weight == 0 {
        return Err(ContractError::NotMember { found: member });
    }
    if council != candidate.config {
        return Err(ContractError::NotAsNamed { address: group });
    }
    candidate.accepted.retain(|other| *other != member);
    let weights = weigh(&deps.querier, &group, &mut candidate.accepted);
    let weight = weights.iter().copied().fold(own_weight, u64::saturating_add);
    if weight < candidate.config.threshold {
        let weight = keep(&mut candidate.accepted, weights, &member, own_weight, weight)?;
        COUNCIL_CANDIDATE.save(deps.storage, &candidate)?;
        return Ok(Response::new().add_event(CouncilAccepted { member, weight }));
    }
    let config = validate::council(deps.as_ref(), candidate.config)?;
    let told = weights::tells(&deps.querier, &group, env.contract.address.as_str());
    if !told && weights::admin(&deps.querier, &group).is_some() {
        return Err(ContractError::NoHook { group });
    }
    let changed = seat(deps.storage, config)?;
    let next = NEXT_OPERATION.load(deps.storage)?;
    LAST_WORD.save(deps.storage, ABOUT_COUNCIL, &next)?;
    Ok(Response::new().add_event(CouncilAccepted { member, weight }).add_event(changed))
}

/// The nonce goes up: what was confirmed for another group, threshold or budget is void (R-18).
fn seat(storage: &mut dyn Storage, council: CouncilConfig) -> Result<CouncilChanged, ContractError> {
    let before = COUNCIL.load(storage)?;
    let Ballot { nonce, epoch, .. } = BALLOT.load(storage)?;
    let nonce = after(nonce, "the council's nonce")?;
    BALLOT.save(storage, &Ballot { nonce, epoch, pending: vec![] })?;
    COUNCIL.save(storage, &council)?;
    storage.remove(COUNCIL_CANDIDATE.key());
    Ok(CouncilChanged {
        group_before: before.group,
        group: council.group,
        threshold_before: before.threshold,
        threshold: council.threshold,
        frozen_seconds_max_before: before.frozen_seconds_max,
        frozen_seconds_max: council.frozen_seconds_max,
        restriction_seconds_max_before: before.restriction_seconds_max,
        restriction_seconds_max: council.restriction_seconds_max,
        confirmation_window_seconds_before: before.confirmation_window_seconds,
        confirmation_window_seconds: council.confirmation_window_seconds,
        nonce,
    })
}
