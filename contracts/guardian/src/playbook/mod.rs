//! Procedures that were approved in advance, and their runs.
//!
//! ```text
//! SetPlaybook, by an operation --> approved --signal or council--> run: active --Undo, Advance, Close--> ended
//!                                                                    |
//!                                       another run, a new approval  +--> superseded (its undo is theirs)
//! ```
//! Every step is a sub-message with a gas limit of its own and a reply in any case: one that fails undoes neither the
//! others nor the signal that started the run. But for one reason: who sends the transaction chooses how deep it calls the guardian. What is
//! too deep for a step is too deep for the run, which is undone as a whole; the breaker sends its signal again, people confirm or undo again.

mod budget;
mod send;

use crate::changes;
use crate::class::Known;
use crate::error::ContractError;
use crate::incident;
use crate::present::text;
use crate::state::{after, later, Approved, DELAYS, FEED_SET_AT, HISTORIES, INCIDENTS, NEXT_RUN, PLAYBOOKS, RUNS};
use crate::written::market_of;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, Response, Storage, SubMsgResult};
use firebreak_messages::guardian::{
    DelayClass, IncidentAction, IncidentStatus, PlaybookStarted, PlaybookStep, PlaybookUndone, Run, RunStatus, Step,
    StepOutcome, RUNS_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::{is_called_too_deep, Source};
use firebreak_risk::Level;
use send::{Sender, Ticket};

pub use budget::{described, readiness, Readiness};
pub use send::restriction;

/// Reply to a step or a step of an undo. Never reused for anything else.
pub const STEPPED: u64 = 3;

/// Starts that a history keeps: as many as the largest budget looks back; one more until it is known whether a step succeeded.
const RUNS_KEPT: usize = RUNS_MAX as usize;

/// Starts a run for an incident: the record, then one sub-message for each step.
///
/// Whoever calls has asked [`readiness`]. The run before, if it waits for its undo, hands that over to this one.
/// `beside_feed`: whether a run of the same message sets a feed, which its replies will tell only afterwards.
pub fn start(
    deps: DepsMut,
    env: &Env,
    approved: Approved,
    incident: u64,
    beside_feed: &mut bool,
) -> Result<Response, ContractError> {
    let Approved { playbook, approved_at } = approved;
    let now = now(env);
    let name = playbook.name.clone();
    let run = NEXT_RUN.may_load(deps.storage)?.unwrap_or(1);
    NEXT_RUN.save(deps.storage, &after(run, "the id of a run")?)?;
    let mut history = HISTORIES.may_load(deps.storage, name.clone())?.unwrap_or_default();
    let inherited = if supersede(deps.storage, history.last_run)? { history.last_run } else { 0 };
    history.last_run = run;
    if history.starts.len() > RUNS_KEPT {
        history.starts.remove(0);
    }
    history.starts.push(now);
    HISTORIES.save(deps.storage, name.clone(), &history)?;
    let known = Known::load(deps.storage, env)?;
    // Asked before this run sets a feed itself: what it does together was in sight together.
    let held = *beside_feed || feed_is_fresh(deps.storage, &known, now)?.is_some();
    *beside_feed |= playbook.steps.iter().any(|step| known.step_sets_feed(step));
    let mut record = Run {
        run,
        playbook: name.clone(),
        incident,
        started_at: now,
        undo_at: later(now, playbook.undo_after_seconds)?,
        // The first call that succeeds makes it active: without one it has nothing to take back, unless it took over what
        // the run before changed.
        status: if inherited > 0 && !playbook.undo.is_empty() { RunStatus::Active } else { RunStatus::Ended },
        steps: vec![StepOutcome::Waiting; playbook.steps.len()],
        undo: vec![StepOutcome::Waiting; playbook.undo.len()],
    };
    let sender = Sender {
        env,
        playbook: &name,
        incident,
        run,
        inherited,
        gas: playbook.step_gas_limit,
        decided_at: approved_at,
        undo: false,
        undoable: !playbook.undo.is_empty(),
        known: &known,
        held,
    };
    let response = sender.send(deps.as_ref(), &playbook.steps, &mut record.steps)?;
    spend_nothing_for_nothing(deps.storage, &mut record, inherited)?;
    let fact = PlaybookStarted { playbook: name, run, incident, undo_at: record.undo_at };
    RUNS.save(deps.storage, run, &record)?;
    // Behind it: an undo that names a target twice finds its own run.
    changes::note(deps.storage, &playbook, &record, inherited)?;
    let mut concerned = incident::load(deps.storage, incident)?;
    let until = longest(&playbook.steps).map_or(Ok(0), |seconds| later(now, seconds))?;
    incident::act(
        &mut concerned,
        IncidentAction { at: now, source: Source::Procedure, level: Level::Normal, until, run },
    );
    INCIDENTS.save(deps.storage, incident, &concerned)?;
    Ok(Response::new().add_event(fact).add_events(response.events).add_submessages(response.messages))
}

/// Of the restrictions among the steps the longest, seconds.
fn longest(steps: &[Step]) -> Option<u64> {
    let seconds = steps.iter().filter_map(|step| match step {
        Step::Restrict(restriction) => Some(restriction.duration_seconds),
        Step::Call { .. } | Step::Settle { .. } | Step::Contest { .. } => None,
    });
    seconds.max()
}

/// A step has set a feed: R-19's delay begins, if the one before has been over for as long as it lasted.
///
/// Without that bound whoever may run a playbook could set the same feed again and again, and no configuration of the vault
/// would ever run. In between, a configuration may follow a feed that a run set. And no run waits for a configuration that was before
/// it: the approved response to sources that lie is not held up by what the timelock did an hour ago.
fn feed_set(storage: &mut dyn Storage, now: u64) -> Result<(), ContractError> {
    let delay = DELAYS.load(storage)?.roles;
    let free_at = FEED_SET_AT.may_load(storage)?.map_or(Ok(0), |set_at| later(later(set_at, delay)?, delay))?;
    if now >= free_at {
        FEED_SET_AT.save(storage, &now)?;
    }
    Ok(())
}

/// Until when who says the price and what may be lost on it must stay apart (R-19); `None`: they need not.
fn feed_is_fresh(storage: &dyn Storage, known: &Known, now: u64) -> Result<Option<u64>, ContractError> {
    let Some(set_at) = FEED_SET_AT.may_load(storage)? else { return Ok(None) };
    let free_at = later(set_at, known.delay(DelayClass::Roles))?;
    Ok((now < free_at).then_some(free_at))
}

/// The undo of a run passes to whoever decides after it. Whether there was one to pass on.
pub fn supersede(storage: &mut dyn Storage, run: u64) -> Result<bool, ContractError> {
    let Some(record) = RUNS.may_load(storage, run)? else { return Ok(false) };
    let active = record.status == RunStatus::Active;
    if active {
        RUNS.save(storage, run, &Run { status: RunStatus::Superseded, ..record })?;
    }
    Ok(active)
}

/// A run none of whose steps succeeded, and none may yet, costs its playbook neither budget nor cool-down, and what the run
/// before changed stays that one's to undo: who makes steps fail, by too little gas for one, must not use the playbook up.
/// Until this is known the start counts, so that no step can start the same playbook again.
#[inline(never)]
fn spend_nothing_for_nothing(storage: &mut dyn Storage, record: &mut Run, inherited: u64) -> Result<(), ContractError> {
    if record.steps.iter().any(|outcome| matches!(outcome, StepOutcome::Waiting | StepOutcome::Done)) {
        return Ok(());
    }
    record.status = RunStatus::Ended;
    let mut history = HISTORIES.may_load(storage, record.playbook.clone())?.unwrap_or_default();
    if let Some(start) = history.starts.iter().rposition(|start| *start == record.started_at) {
        history.starts.remove(start);
    }
    if inherited > 0 {
        history.last_run = inherited;
        let before = RUNS.load(storage, inherited)?;
        RUNS.save(storage, inherited, &Run { status: RunStatus::Active, ..before })?;
    }
    HISTORIES.save(storage, record.playbook.clone(), &history)?;
    Ok(())
}

/// Why a run is not undone now.
pub enum NotNow {
    /// It is over.
    Over(RunStatus),
    /// Its time has not come.
    Early(u64),
    /// A feed was set less than a `roles` delay ago, and the undo configures the vault (R-19).
    FeedChanged(u64),
}

/// Undoes an active run: one sub-message for each step that has not succeeded yet. `resolved`: as part of its incident's
/// resolution, which a playbook may allow before its time. An undo sets no feed.
pub fn undo(deps: DepsMut, env: &Env, run: u64, resolved: bool) -> Result<Result<Response, NotNow>, ContractError> {
    let storage = &*deps.storage;
    let mut record = RUNS.may_load(storage, run)?.ok_or(ContractError::UnknownRun { run })?;
    if record.status != RunStatus::Active {
        return Ok(Err(NotNow::Over(record.status)));
    }
    // An active run's playbook is the one that it ran: replacing or removing it supersedes the run.
    let Approved { playbook, approved_at } = PLAYBOOKS.load(storage, record.playbook.clone())?;
    let now = now(env);
    if now < record.undo_at && !(resolved && playbook.undo_when_resolved) {
        return Ok(Err(NotNow::Early(record.undo_at)));
    }
    // Sooner than that only markets that nothing restricts any more: the incident may be one of all markets, or another one than that of
    // the run whose undo this one took over.
    if now < record.undo_at && !playbook.undo.iter().all(|step| is_calm(deps.as_ref(), step, now)) {
        return Ok(Err(NotNow::Early(record.undo_at)));
    }
    let known = Known::load(storage, env)?;
    if let Some(free_at) = feed_is_fresh(storage, &known, now)? {
        if playbook.undo.iter().any(|step| known.step_configures_vault(step)) {
            return Ok(Err(NotNow::FeedChanged(free_at)));
        }
    }
    let sender = Sender {
        env,
        playbook: &playbook.name,
        incident: record.incident,
        run,
        inherited: 0,
        gas: playbook.step_gas_limit,
        // What the timelock configured since the approval, before the run or while it held, is newer than the playbook's
        // idea of normal.
        decided_at: approved_at,
        undo: true,
        undoable: false,
        known: &known,
        held: false,
    };
    let response = sender.send(deps.as_ref(), &playbook.undo, &mut record.undo)?;
    let settled = settle(&mut record);
    RUNS.save(deps.storage, run, &record)?;
    Ok(Ok(Response::new().add_events(response.events).add_events(settled).add_submessages(response.messages)))
}

/// Whether nothing restricts the market that a step configures; of another step there is nothing to ask.
fn is_calm(deps: Deps, step: &Step, now: u64) -> bool {
    let Step::Call { msg, .. } = step else { return true };
    market_of(text(msg)).is_none_or(|(market, _)| incident::is_unrestricted(deps, market, now))
}

/// The end of a step.
///
/// Errors: [`ContractError::Packed`] of a payload that no step carries; [`ContractError::TooDeep`], which takes the whole run or undo back: recorded as
/// failed such a step would not be repeated, and whoever nests the transaction would choose what of a run is done. Nobody can keep a run from
/// less deep by it, since steps call the suite's own contracts alone.
pub fn stepped(deps: DepsMut, env: &Env, payload: &Binary, result: &SubMsgResult) -> Result<Response, ContractError> {
    let Ticket { run, step, undo, undoable, feed, level, inherited } = Ticket::read(payload)?;
    if is_called_too_deep(result) {
        return Err(ContractError::TooDeep { run, step });
    }
    let succeeded = result.is_ok();
    let mut record = RUNS.load(deps.storage, run)?;
    let outcome = if succeeded { StepOutcome::Done } else { StepOutcome::Failed };
    let outcomes = if undo { &mut record.undo } else { &mut record.steps };
    if let Some(slot) = outcomes.get_mut(usize::from(step)) {
        *slot = outcome;
    }
    let settled = if undo { settle(&mut record) } else { None };
    if succeeded && undoable {
        record.status = RunStatus::Active;
    }
    if succeeded && feed {
        feed_set(deps.storage, now(env))?;
    }
    if !undo {
        if succeeded {
            contained(deps.storage, record.incident, level, env)?;
        }
        spend_nothing_for_nothing(deps.storage, &mut record, inherited)?;
    }
    RUNS.save(deps.storage, run, &record)?;
    Ok(Response::new().add_event(PlaybookStep { run, step: step.into(), undo, outcome }).add_events(settled))
}

/// A step that succeeded contains its incident, if it goes further than what is known. A closed one stays closed.
fn contained(storage: &mut dyn Storage, incident: u64, level: Level, env: &Env) -> Result<(), ContractError> {
    let mut record = incident::load(storage, incident)?;
    if incident::is_open(&record) && (level > record.level_max || record.status != IncidentStatus::Contained) {
        incident::contain(&mut record, level, now(env));
        INCIDENTS.save(storage, incident, &record)?;
    }
    Ok(())
}

/// Ends an active run whose undo is through.
fn settle(record: &mut Run) -> Option<PlaybookUndone> {
    let through = record.undo.iter().all(|outcome| !matches!(outcome, StepOutcome::Waiting | StepOutcome::Failed));
    if record.status != RunStatus::Active || !through {
        return None;
    }
    record.status = RunStatus::Ended;
    Some(PlaybookUndone { playbook: record.playbook.clone(), run: record.run, incident: record.incident })
}
