//! Who can do what, how fast, for how long: read off the records, so that it cannot be out of date.

use crate::error::ContractError;
use crate::playbook::{readiness, Readiness};
use crate::state::{
    ARMED, COUNCIL, COUNCIL_CANDIDATE, DELAYS, HEARTBEATS, HISTORIES, PLAYBOOKS, ROLES, SENTINELS, SUITE,
};
use crate::weights;
use cosmwasm_std::{Addr, Deps, Env, Storage};
use firebreak_messages::circuit_breaker::EXTENSION_MAX_SECONDS;
use firebreak_messages::guardian::{
    Holder, Playbook, Power, PowersResponse, Step, SuiteResponse, COVERAGE_STEP_SECONDS, HEARTBEAT_SECONDS,
};
use firebreak_messages::time::now;
use firebreak_risk::Level;

/// Everybody's powers. Bounded: 8 proposers and cancellers, 16 playbooks, 8 sentinels, the first 30 members.
pub fn powers(deps: Deps, env: &Env) -> Result<PowersResponse, ContractError> {
    let mut list = List { storage: deps.storage, now: now(env), powers: vec![] };
    let (roles, delays, council) = (ROLES.load(deps.storage)?, DELAYS.load(deps.storage)?, COUNCIL.load(deps.storage)?);
    for address in roles.proposers {
        for (what, delay_seconds) in [
            ("schedule what tightens", delays.parameters),
            ("schedule parameters, roles, feeds, playbooks, what loosens", delays.roles),
            ("schedule code and everything else", delays.code),
        ] {
            list.add(Power { delay_seconds, ..power(Holder::Proposer, &address, what) })?;
        }
    }
    for address in roles.cancellers {
        list.add(power(Holder::Canceller, &address, "cancel what is scheduled"))?;
    }
    let restrict = |level, seconds_max| Power {
        level,
        seconds_max,
        ready: seconds_max > 0,
        ..power(Holder::Council, &council.group, "restrict")
    };
    list.add(restrict(Level::ReduceOnly, council.restriction_seconds_max))?;
    list.add(restrict(Level::Frozen, council.frozen_seconds_max))?;
    if let Some(candidate) = COUNCIL_CANDIDATE.may_load(deps.storage)?.filter(|waits| list.now < waits.expires_at) {
        let what = "be the council once its members accept";
        list.add(Power { ready: false, ..power(Holder::Council, &candidate.config.group, what) })?;
    }
    let SuiteResponse { circuit_breaker: breaker, oracle, .. } = SUITE.load(deps.storage)?;
    for armed in ARMED.may_load(deps.storage)?.unwrap_or_default() {
        let playbook = PLAYBOOKS.load(deps.storage, armed.playbook)?.playbook;
        let history = HISTORIES.may_load(deps.storage, playbook.name.clone())?.unwrap_or_default();
        let ready = matches!(readiness(&playbook, &history, list.now), Readiness::Ready);
        let (level, seconds_max) = reach(&playbook);
        let what = format!("run {}", playbook.name);
        let run = |holder, address| Power { level, seconds_max, ready, ..power(holder, address, &what) };
        if playbook.council {
            list.add(run(Holder::Council, &council.group))?;
        }
        if !playbook.signals.is_empty() {
            list.add(run(Holder::Rules, &breaker))?;
        }
    }
    for record in SENTINELS.may_load(deps.storage)?.unwrap_or_default() {
        let (level, seconds_max, ready) = (record.step.level, record.step.duration_seconds, record.armed);
        let what = if record.accept_until > 0 { "restrict once, after its acceptance" } else { "restrict once" };
        list.add(Power { level, seconds_max, ready, ..power(Holder::Sentinel, &record.address, what) })?;
    }
    for member in weights::first_members(&deps.querier, &Addr::unchecked(&council.group)) {
        if member.weight > 0 {
            let what = format!("confirm with {} of {}", member.weight, council.threshold);
            list.add(power(Holder::Member, &member.addr, &what))?;
        }
    }
    // A group that nobody can change any more has no such row.
    if let Some(admin) = weights::admin(&deps.querier, &council.group) {
        let level = if council.frozen_seconds_max > 0 { Level::Frozen } else { Level::ReduceOnly };
        let seconds_max = council.restriction_seconds_max.max(council.frozen_seconds_max);
        let what = "be the council: name its members";
        list.add(Power { level, seconds_max, ..power(Holder::GroupAdmin, &admin, what) })?;
    }
    let enforce = power(Holder::Rules, &breaker, "restrict where the evidence says so");
    list.add(Power { level: Level::ReduceOnly, seconds_max: EXTENSION_MAX_SECONDS, ..enforce })?;
    list.add(power(Holder::Feeders, &oracle, "report: a quorum makes a feed's price"))?;
    let observe = power(Holder::Observers, &breaker, "attest: a quorum restricts by its rule");
    list.add(Power { level: Level::ReduceOnly, seconds_max: EXTENSION_MAX_SECONDS, ..observe })?;
    let steps_down = power(Holder::Anyone, "", "step leverage down while the fund is thin");
    list.add(Power { level: Level::Guarded, seconds_max: COVERAGE_STEP_SECONDS, ..steps_down })?;
    for what in ["execute what is ready", "undo a run that is due", "complete a role that has waited"] {
        list.add(power(Holder::Anyone, "", what))?;
    }
    Ok(PowersResponse { powers: list.powers })
}

/// The tightest level of a playbook's restrictions and how long what it does lasts: the longest of them, and until the undo of its calls. 0
/// for a settlement, and for a call that no undo takes back: for good.
fn reach(playbook: &Playbook) -> (Level, u64) {
    let stays = playbook.undo.is_empty();
    let lasting = playbook.steps.iter().any(|step| match step {
        Step::Settle { .. } => true,
        Step::Call { .. } => stays,
        Step::Restrict(_) | Step::Contest { .. } => false,
    });
    let (level, seconds) =
        playbook.steps.iter().fold((Level::Normal, playbook.undo_after_seconds), |(level, seconds), step| match step {
            Step::Restrict(restriction) => (level.max(restriction.level), seconds.max(restriction.duration_seconds)),
            Step::Settle { .. } => (level.max(Level::Settlement), seconds),
            Step::Contest { seconds: contested, .. } => (level, seconds.max(*contested)),
            Step::Call { .. } => (level, seconds),
        });
    (level, if lasting { 0 } else { seconds })
}

fn power(holder: Holder, address: &str, what: &str) -> Power {
    Power {
        holder,
        address: address.into(),
        what: what.into(),
        level: Level::Normal,
        delay_seconds: 0,
        seconds_max: 0,
        ready: true,
        heartbeat_at: 0,
        silent: false,
    }
}

struct List<'a> {
    storage: &'a dyn Storage,
    now: u64,
    powers: Vec<Power>,
}

impl List<'_> {
    /// With the heartbeat of those who give one.
    fn add(&mut self, mut power: Power) -> Result<(), ContractError> {
        if matches!(power.holder, Holder::Canceller | Holder::Member | Holder::Sentinel) {
            power.heartbeat_at = HEARTBEATS.may_load(self.storage, power.address.clone())?.unwrap_or_default();
            power.silent = self.now.saturating_sub(power.heartbeat_at) > HEARTBEAT_SECONDS;
        }
        self.powers.push(power);
        Ok(())
    }
}
