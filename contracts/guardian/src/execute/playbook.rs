//! Playbooks: approved by operations, run by signals and the council, undone by anyone when it is time.

use crate::changes::is_stale;
use crate::error::ContractError;
use crate::execute::{ensure_last, ensure_self};
use crate::margins;
use crate::playbook::{self, NotNow, Readiness};
use crate::state::{Approved, Armed, ARMED, HISTORIES, PLAYBOOKS};
use crate::validate;
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage};
use firebreak_messages::guardian::{
    Playbook, PlaybookApproved, PlaybookRemoved, SignalTrigger, PLAYBOOKS_MAX, RUNS_PER_SIGNAL_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::Level;

/// Its steps were classified when the operation was scheduled and when it is executed; what depends on time is asked
/// here.
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::OutOfBounds`], [`ContractError::StepNotAllowed`],
/// [`ContractError::TooManyPlaybooks`].
pub fn set_playbook(
    deps: DepsMut,
    env: &Env,
    info: &MessageInfo,
    playbook: Playbook,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    validate::playbook(&playbook)?;
    let now = now(env);
    validate::approval(playbook.not_after, now)?;
    margins::ensure_no_higher(deps.as_ref(), &playbook)?;
    let name = playbook.name.clone();
    ensure_last(deps.storage, &["the playbook ", &name].concat())?;
    let mut armed = release(deps.storage, &name)?;
    if armed.len() >= PLAYBOOKS_MAX {
        return Err(ContractError::TooManyPlaybooks { max: PLAYBOOKS_MAX });
    }
    armed.push(Armed { playbook: name.clone(), signals: playbook.signals.clone() });
    ARMED.save(deps.storage, &armed)?;
    let fact = PlaybookApproved {
        playbook: name.clone(),
        steps: playbook.steps.len() as u64,
        undo: playbook.undo.len() as u64,
        not_after: playbook.not_after,
    };
    PLAYBOOKS.save(deps.storage, name, &Approved { playbook, approved_at: now })?;
    Ok(Response::new().add_event(fact))
}

/// Errors: [`ContractError::Unauthorized`], [`ContractError::UnknownPlaybook`].
pub fn remove_playbook(deps: DepsMut, env: &Env, info: &MessageInfo, name: String) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    ensure_last(deps.storage, &["the playbook ", &name].concat())?;
    load(deps.storage, &name)?;
    let armed = release(deps.storage, &name)?;
    ARMED.save(deps.storage, &armed)?;
    PLAYBOOKS.remove(deps.storage, name.clone());
    Ok(Response::new().add_event(PlaybookRemoved { playbook: name }))
}

/// The register without a playbook. What its last run changed is from now on the timelock's to take back: it speaks last.
fn release(storage: &mut dyn Storage, name: &str) -> Result<Vec<Armed>, ContractError> {
    if let Some(history) = HISTORIES.may_load(storage, name.into())? {
        playbook::supersede(storage, history.last_run)?;
    }
    let mut armed = ARMED.may_load(storage)?.unwrap_or_default();
    armed.retain(|entry| entry.playbook != name);
    Ok(armed)
}

fn load(storage: &dyn Storage, name: &str) -> Result<Approved, ContractError> {
    PLAYBOOKS.may_load(storage, name.into())?.ok_or_else(|| ContractError::UnknownPlaybook { playbook: name.into() })
}

/// A playbook that the council may run now.
///
/// Errors: [`ContractError::UnknownPlaybook`], [`ContractError::NotForCouncil`], [`ContractError::PlaybookExpired`],
/// [`ContractError::PlaybookWaits`].
pub fn for_council(storage: &dyn Storage, name: &str, now: u64) -> Result<Approved, ContractError> {
    let approved = load(storage, name)?;
    let playbook = || String::from(name);
    if !approved.playbook.council {
        return Err(ContractError::NotForCouncil { playbook: playbook() });
    }
    let history = HISTORIES.may_load(storage, name.into())?.unwrap_or_default();
    match playbook::readiness(&approved.playbook, &history, now) {
        Readiness::Ready => Ok(approved),
        Readiness::Expired => {
            let not_after = approved.playbook.not_after;
            Err(ContractError::PlaybookExpired { playbook: playbook(), not_after, now })
        }
        Readiness::Waits { free_at } => Err(ContractError::PlaybookWaits { playbook: playbook(), free_at, now }),
    }
}

/// What a rule saw.
#[derive(Clone, Copy)]
pub struct Seen {
    pub market: MarketId,
    pub rule: RuleId,
    pub level: Level,
}

impl Seen {
    fn starts(self, trigger: &SignalTrigger) -> bool {
        trigger.market.is_none_or(|market| market == self.market)
            && trigger.rule.is_none_or(|rule| rule == self.rule)
            && self.level >= trigger.level
    }
}

/// Runs the playbooks that wait for this signal, in the order of their approval; what may not run now is passed over. The
/// register is one record, so a signal that starts nothing costs one read more.
pub fn run_for_signal(
    mut deps: DepsMut,
    env: &Env,
    seen: Seen,
    incident: u64,
    mut response: Response,
) -> Result<Response, ContractError> {
    let armed = ARMED.may_load(deps.storage)?.unwrap_or_default();
    let (mut runs, mut beside_feed) = (0usize, false);
    // Bounded by PLAYBOOKS_MAX, and by RUNS_PER_SIGNAL_MAX runs.
    for entry in armed.iter().filter(|entry| entry.signals.iter().any(|trigger| seen.starts(trigger))) {
        if runs >= RUNS_PER_SIGNAL_MAX {
            break;
        }
        let approved = load(deps.storage, &entry.playbook)?;
        let history = HISTORIES.may_load(deps.storage, entry.playbook.clone())?.unwrap_or_default();
        // One that is stale through and through takes no other's place.
        let mut has_word = false;
        for step in &approved.playbook.steps {
            has_word |= !is_stale(deps.storage, step, approved.approved_at)?;
        }
        if !has_word {
            continue;
        }
        if let Readiness::Ready = playbook::readiness(&approved.playbook, &history, now(env)) {
            let run = playbook::start(deps.branch(), env, approved, incident, &mut beside_feed)?;
            response = join(response, run);
            runs = runs.saturating_add(1);
        }
    }
    Ok(response)
}

/// Errors: [`ContractError::UnknownRun`], [`ContractError::RunOver`], [`ContractError::TooEarlyToUndo`],
/// [`ContractError::UndoAfterFeed`].
pub fn undo(deps: DepsMut, env: &Env, run: u64) -> Result<Response, ContractError> {
    let now = now(env);
    playbook::undo(deps, env, run, false)?.map_err(|not_now| match not_now {
        NotNow::Over(found) => ContractError::RunOver { run, found },
        NotNow::Early(undo_at) => ContractError::TooEarlyToUndo { run, undo_at, now },
        NotNow::FeedChanged(free_at) => ContractError::UndoAfterFeed { run, free_at, now },
    })
}

/// Two responses as one, in order.
pub fn join(first: Response, second: Response) -> Response {
    first.add_events(second.events).add_submessages(second.messages)
}
