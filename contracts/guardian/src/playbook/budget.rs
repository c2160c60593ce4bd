//! Approval, budget and cool-down of a playbook.

use crate::changes::is_stale;
use crate::error::ContractError;
use crate::state::{Approved, History, HISTORIES};
use cosmwasm_std::Storage;
use firebreak_messages::guardian::{Playbook, PlaybookResponse};

/// Whether a playbook may run now.
pub enum Readiness {
    Ready,
    /// Its approval has ended.
    Expired,
    /// Its budget is used up, or it cools down, until then.
    Waits {
        free_at: u64,
    },
}

/// Approval, budget and cool-down of a playbook at `now`.
pub fn readiness(playbook: &Playbook, history: &History, now: u64) -> Readiness {
    if now > playbook.not_after {
        return Readiness::Expired;
    }
    let free_at = free_at(playbook, history);
    if now < free_at {
        return Readiness::Waits { free_at };
    }
    Readiness::Ready
}

/// The first second in which budget and cool-down let it run.
fn free_at(playbook: &Playbook, history: &History) -> u64 {
    let cooled = history.starts.last().map_or(0, |start| start.saturating_add(playbook.cool_down_seconds));
    // Of the last `runs_max` runs the oldest one must have left the window.
    let runs_max = usize::try_from(playbook.runs_max).unwrap_or(usize::MAX);
    let oldest = history.starts.iter().rev().nth(runs_max.saturating_sub(1));
    cooled.max(oldest.map_or(0, |start| start.saturating_add(playbook.window_seconds)))
}

/// Errors: records that cannot be read.
pub fn described(storage: &dyn Storage, approved: Approved, now: u64) -> Result<PlaybookResponse, ContractError> {
    let Approved { playbook, approved_at } = approved;
    let history = HISTORIES.may_load(storage, playbook.name.clone())?.unwrap_or_default();
    let mut stale = false;
    for step in &playbook.steps {
        stale |= is_stale(storage, step, approved_at)?;
    }
    let within = |start: &&u64| now < start.saturating_add(playbook.window_seconds);
    let runs = u32::try_from(history.starts.iter().filter(within).count()).unwrap_or(u32::MAX);
    let free_at = free_at(&playbook, &history).max(now);
    Ok(PlaybookResponse { playbook, approved_at, runs, free_at, last_run: history.last_run, stale })
}
