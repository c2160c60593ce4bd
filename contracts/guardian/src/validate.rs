//! Parameters are compared with the bounds in the messages' doc comments, once, where they enter.

use crate::error::ContractError;
use crate::state::Roles;
use crate::weights;
use cosmwasm_std::{Api, Binary, Coin, Deps};
use firebreak_messages::circuit_breaker::MarketSetup as GuardSetup;
use firebreak_messages::derivatives_vault::{MarketSetup, CONTEST_MAX_SECONDS};
use firebreak_messages::guardian::{
    Closing, CouncilAction, CouncilConfig, Delays, GasLimits, Playbook, Role, RolesSetup, Sentinel, Step, Tightening,
    APPROVAL_MAX_SECONDS, CAUSE_MAX, NAME_MAX, ROLE_MEMBERS_MAX, RUNS_MAX, SENTINEL_GUARDED_MAX_SECONDS,
    SENTINEL_REDUCE_ONLY_MAX_SECONDS, SIGNALS_MAX, STEPS_MAX, STEP_BYTES_MAX,
};
use firebreak_risk::Level;

/// No delay of roles is shorter: seconds.
pub const ROLES_DELAY_MIN: u64 = 86_400;

/// Gas of the breaker's worst trip and of the reply that records a failed signal.
const WORST_TRIP_GAS: u64 = 200_000;
const REPLY_GAS: u64 = 10_000;
/// Longest delay: a typing error must be correctable within a lifetime.
const DELAY_MAX_SECONDS: u64 = 2_592_000;

pub fn no_funds(funds: &[Coin]) -> Result<(), ContractError> {
    if funds.is_empty() {
        return Ok(());
    }
    let found = funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Err(ContractError::UnexpectedFunds { found })
}

/// Errors: [`ContractError::OutOfBounds`].
pub fn delays(delays: Delays) -> Result<Delays, ContractError> {
    let between = |what, found: u64, min: u64| between(what, found, min, DELAY_MAX_SECONDS);
    between("parameters", delays.parameters, 3_600)?;
    between("roles", delays.roles, delays.parameters.max(ROLES_DELAY_MIN))?;
    between("code", delays.code, delays.roles.max(172_800))?;
    Ok(delays)
}

/// A council that could never act is refused as well: its threshold is at most the group's total weight of now, and
/// within reach of as many members as an action keeps.
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::GroupUnreadable`].
pub fn council(deps: Deps, config: CouncilConfig) -> Result<CouncilConfig, ContractError> {
    let group = deps.api.addr_validate(&config.group)?;
    let total = weights::total(&deps.querier, &group)?;
    between("threshold", config.threshold, 1, total.min(weights::heaviest(&deps.querier, &group)?))?;
    between("frozen_seconds_max", config.frozen_seconds_max, 0, 86_400)?;
    between("restriction_seconds_max", config.restriction_seconds_max, 0, 604_800)?;
    between("confirmation_window_seconds", config.confirmation_window_seconds, 60, 86_400)?;
    Ok(CouncilConfig { group: group.into_string(), ..config })
}

/// Only what tightens and ends by itself, or was approved in advance.
///
/// Errors: [`ContractError::OutOfBounds`].
pub fn council_action(config: &CouncilConfig, action: &CouncilAction, now: u64) -> Result<(), ContractError> {
    match action {
        CouncilAction::Restrict(restriction) => {
            tightening(restriction, config.frozen_seconds_max, config.restriction_seconds_max)
        }
        CouncilAction::Run { playbook } => name(playbook),
        CouncilAction::Open { cause, began_at, .. } => {
            between("bytes of the cause", length(cause.len()), 1, length(CAUSE_MAX))?;
            between("began_at", *began_at, 0, now)
        }
        CouncilAction::Close(Closing { post_mortem, began_at, .. }) => {
            between(
                "bytes of the post-mortem's hash",
                post_mortem.as_ref().map_or(32, |hash| length(hash.len())),
                32,
                32,
            )?;
            // The incident's own bound is asked with the incident.
            between("began_at", began_at.unwrap_or(1), 1, now)
        }
    }
}

/// Errors: [`ContractError::OutOfBounds`].
fn tightening(restriction: &Tightening, frozen_max: u64, others_max: u64) -> Result<(), ContractError> {
    let duration_max = match restriction.level {
        Level::Guarded | Level::ReduceOnly => others_max,
        Level::Frozen => frozen_max,
        Level::Normal | Level::Settlement => {
            return Err(ContractError::OutOfBounds {
                what: "level",
                wanted: "guarded, reduce-only or frozen".into(),
                found: restriction.level.to_string(),
            })
        }
    };
    between("duration_seconds", restriction.duration_seconds, 1, duration_max)
}

/// One key alone, so one small step.
///
/// Errors: [`ContractError::OutOfBounds`].
pub fn sentinel(sentinel: &Sentinel) -> Result<(), ContractError> {
    if sentinel.step.level == Level::Frozen {
        return Err(ContractError::OutOfBounds {
            what: "level",
            wanted: "guarded or reduce-only".into(),
            found: sentinel.step.level.to_string(),
        });
    }
    let longest = match sentinel.step.level {
        Level::ReduceOnly => SENTINEL_REDUCE_ONLY_MAX_SECONDS,
        Level::Normal | Level::Guarded | Level::Frozen | Level::Settlement => SENTINEL_GUARDED_MAX_SECONDS,
    };
    tightening(&sentinel.step, 0, longest)
}

fn name(name: &str) -> Result<(), ContractError> {
    between("bytes of the playbook's name", length(name.len()), 1, length(NAME_MAX))
}

/// Everything of a playbook that does not depend on time.
///
/// Errors: [`ContractError::OutOfBounds`], [`ContractError::StepNotAllowed`].
pub fn playbook(playbook: &Playbook) -> Result<(), ContractError> {
    name(&playbook.name)?;
    between("signals", length(playbook.signals.len()), u64::from(!playbook.council), length(SIGNALS_MAX))?;
    between("steps", length(playbook.steps.len()), 1, length(STEPS_MAX))?;
    between("steps of the undo", length(playbook.undo.len()), 0, length(STEPS_MAX))?;
    // Bounded by STEPS_MAX.
    for step in playbook.steps.iter().chain(&playbook.undo) {
        match step {
            Step::Restrict(restriction) => tightening(restriction, 86_400, 604_800)?,
            // The vault refuses less than an hour.
            Step::Settle { notice_seconds, .. } => {
                between("notice_seconds", *notice_seconds, 3_600, DELAY_MAX_SECONDS)?;
            }
            Step::Contest { seconds, .. } => between("seconds", *seconds, 1, CONTEST_MAX_SECONDS)?,
            Step::Call { msg, .. } => between("bytes of a step", length(msg.len()), 1, length(STEP_BYTES_MAX))?,
        }
    }
    if !playbook.undo.iter().all(|step| matches!(step, Step::Call { .. })) {
        return Err(ContractError::StepNotAllowed { what: "anything but a call in an undo" });
    }
    let (least, most) = if playbook.undo.is_empty() { (0, 0) } else { (60, DELAY_MAX_SECONDS) };
    between("undo_after_seconds", playbook.undo_after_seconds, least, most)?;
    between("runs_max", playbook.runs_max.into(), 1, RUNS_MAX.into())?;
    between("window_seconds", playbook.window_seconds, 3_600, DELAY_MAX_SECONDS)?;
    between("cool_down_seconds", playbook.cool_down_seconds, 60, playbook.window_seconds)?;
    between("step_gas_limit", playbook.step_gas_limit, 100_000, 2_000_000)
}

/// An approval that never ends is a weapon in a drawer.
pub fn approval(not_after: u64, now: u64) -> Result<(), ContractError> {
    between("not_after", not_after, now.saturating_add(1), now.saturating_add(APPROVAL_MAX_SECONDS))
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// Both lists: within bounds, nobody twice, nobody in both.
pub fn roles(api: &dyn Api, own: &str, setup: RolesSetup) -> Result<Roles, ContractError> {
    let RolesSetup { proposers, cancellers } = setup;
    let mut roles = Roles { proposers: vec![], cancellers: vec![], candidates: vec![] };
    for (role, addresses) in [(Role::Proposer, proposers), (Role::Canceller, cancellers)] {
        let what = match role {
            Role::Proposer => "proposers",
            Role::Canceller => "cancellers",
        };
        between(what, u64::try_from(addresses.len()).unwrap_or(u64::MAX), 1, ROLE_MEMBERS_MAX as u64)?;
        // Bounded by ROLE_MEMBERS_MAX.
        for address in addresses {
            let address = api.addr_validate(&address)?.into_string();
            if roles.holds(role, &address) {
                return Err(ContractError::NamedTwice { role, address });
            }
            new_holder(&roles, own, role, &address)?;
            roles.holders_mut(role).push(address);
        }
    }
    Ok(roles)
}

/// Whether an address may come to hold a role beside what everybody holds now.
///
/// Errors: [`ContractError::RoleOfSelf`], [`ContractError::AlreadyHolder`], [`ContractError::RolesOverlap`].
pub fn new_holder(roles: &Roles, own: &str, role: Role, address: &str) -> Result<(), ContractError> {
    let address_text = || address.to_string();
    let other = match role {
        Role::Proposer => Role::Canceller,
        Role::Canceller => Role::Proposer,
    };
    // The guardian as its own proposer or canceller would let an operation act on operations.
    if address == own {
        return Err(ContractError::RoleOfSelf { role, address: address_text() });
    }
    if roles.holds(role, address) {
        return Err(ContractError::AlreadyHolder { role, address: address_text() });
    }
    if roles.holds(other, address) {
        return Err(ContractError::RolesOverlap { role, address: address_text() });
    }
    Ok(())
}

/// A breaker that runs out of gas in its worst trip could not restrict: so the oracle must give it enough for the trip,
/// the signal that follows, and the reply.
pub fn gas(gas: &GasLimits) -> Result<(), ContractError> {
    let least = gas.guardian.saturating_add(WORST_TRIP_GAS).saturating_add(REPLY_GAS);
    if gas.breaker >= least {
        return Ok(());
    }
    Err(ContractError::OutOfBounds {
        what: "gas of the breaker",
        wanted: format!("at least {least}"),
        found: gas.breaker.to_string(),
    })
}

/// A market whose breaker watches another feed than the vault trades on would be guarded in name only.
///
/// Errors: [`ContractError::Unguarded`], [`ContractError::FeedMismatch`].
pub fn feeds(guards: &[GuardSetup], markets: &[MarketSetup]) -> Result<(), ContractError> {
    // The children refuse more than MARKETS_MAX of either.
    for MarketSetup { market, config } in markets {
        let (market, found) = (*market, config.feed);
        let guard = guards.iter().find(|guard| guard.market == market).ok_or(ContractError::Unguarded { market })?;
        let wanted = guard.config.feed;
        if wanted != found {
            return Err(ContractError::FeedMismatch { market, wanted, found });
        }
    }
    Ok(())
}

/// `instantiate2` takes 64 bytes; one is added for each child.
pub fn salt(salt: &Binary) -> Result<(), ContractError> {
    between("bytes of the salt", u64::try_from(salt.len()).unwrap_or(u64::MAX), 1, 63)
}

pub fn between(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), ContractError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ContractError::OutOfBounds { what, wanted: format!("{min} to {max}"), found: found.to_string() })
}
