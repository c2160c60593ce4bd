//! What active runs have changed: no other playbook loosens it before its own undo does.
//!
//! ```text
//! run of A changes a market --> A's undo is to come: B's call to it is passed over unless it only tightens, B's undo too
//!                               B tightened as well: A's undo is passed over, and B's brings the market back
//! ```
//! So a target is as tight as the tightest run says until its time is over, and the last undo is never passed over.

use crate::error::ContractError;
use crate::harm::Direction;
use crate::present::{only_tightens, text};
use crate::state::{ANYTHING, CHANGED_BY, CONFIGURED_AT, RUNS};
use crate::written::fields;
use cosmwasm_std::{Binary, Deps, Storage};
use firebreak_messages::guardian::{Playbook, Run, RunStatus, Step, StepOutcome, STEPS_MAX};

/// An entry of CHANGED_BY holds so many undos for each run.
const UNDOS: u64 = STEPS_MAX as u64;

/// Where it is noted what a call changes: the contract, the message and the market or feed that it begins with, by the text that the contracts
/// write. No step is approved that is written otherwise.
#[inline(never)]
fn target(contract: &str, msg: &Binary) -> Vec<u8> {
    let text = text(msg);
    let (name, fields) = text.split_once("\":").unwrap_or((text, ""));
    let value = fields.split_once("\":").map_or("", |(_, value)| value);
    let mut key = CHANGED_BY.as_bytes().to_vec();
    key.extend_from_slice(contract.as_bytes());
    key.extend_from_slice(name.as_bytes());
    for digit in value.bytes().take_while(u8::is_ascii_digit) {
        key.push(digit);
    }
    key
}

/// Where CONFIGURED_AT has what a call configures: the contract and the market or feed that its message begins with, whatever the message,
/// or its parameters. `None`: all that the contract has; so is everything that is not as the contracts write it.
pub fn configures(contract: &str, msg: &Binary) -> Option<String> {
    let [(_, body)] = fields(text(msg))?[..] else { return None };
    let (field, number) = match fields(body)?[..] {
        [(field @ ("market" | "feed"), number), ..] => (field, number),
        [(field @ "parameters", _)] => (field, "0"),
        _ => return None,
    };
    number.parse::<u16>().ok()?;
    Some([contract, " ", field, number].concat())
}

/// Notes what an operation configures.
#[inline(never)]
pub fn note_configured(storage: &mut dyn Storage, contract: &str, msg: &Binary, now: u64) -> Result<(), ContractError> {
    let key = configures(contract, msg).unwrap_or_else(|| contract.into());
    CONFIGURED_AT.save(storage, key, &now)?;
    Ok(CONFIGURED_AT.save(storage, [contract, ANYTHING].concat(), &now)?)
}

/// Whether the timelock has configured a step's target since the step was decided.
pub fn is_stale(storage: &dyn Storage, step: &Step, decided_at: u64) -> Result<bool, ContractError> {
    let Step::Call { contract, msg } = step else { return Ok(false) };
    is_configured_since(storage, contract, msg, decided_at)
}

/// Whether the timelock has configured what a message is about since this time; of one that is not as the contracts write it anything that the
/// contract has.
#[inline(never)]
pub fn is_configured_since(
    storage: &dyn Storage,
    contract: &str,
    msg: &Binary,
    since: u64,
) -> Result<bool, ContractError> {
    let own = configures(contract, msg).unwrap_or_else(|| [contract, ANYTHING].concat());
    for key in [own, contract.into()] {
        if CONFIGURED_AT.may_load(storage, key)?.is_some_and(|configured_at| configured_at > since) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The runs that are noted under a target, each with its entry.
#[inline(never)]
fn noted(storage: &dyn Storage, target: &[u8]) -> Result<Vec<(u64, Run)>, ContractError> {
    let mut runs = vec![];
    // Bounded: see CHANGED_BY.
    for entry in storage.get(target).unwrap_or_default().chunks_exact(8) {
        let entry = entry.iter().fold(0u64, |sum, byte| sum.wrapping_shl(8) | u64::from(*byte));
        runs.push((entry, RUNS.load(storage, entry.checked_div(UNDOS).unwrap_or_default())?));
    }
    Ok(runs)
}

/// Whether a run still is to bring the target of its entry back. One whose replies are outstanding counts: another run of the same
/// message must not overtake it.
#[inline(never)]
fn is_to_come(entry: u64, run: &Run) -> bool {
    let undo = usize::try_from(entry.checked_rem(UNDOS).unwrap_or_default()).unwrap_or_default();
    (run.status == RunStatus::Active || run.steps.contains(&StepOutcome::Waiting))
        && matches!(run.undo.get(undo), Some(StepOutcome::Waiting | StepOutcome::Failed))
}

/// Whether a playbook's call, or its undo's, leaves the target to a run of another playbook.
#[inline(never)]
pub fn is_claimed(deps: Deps, playbook: &str, undo: bool, step: &Step) -> Result<bool, ContractError> {
    let Step::Call { contract, msg } = step else { return Ok(false) };
    for (entry, run) in noted(deps.storage, &target(contract, msg))? {
        if run.playbook != playbook && is_to_come(entry, &run) {
            return Ok(undo || !only_tightens(deps, contract, msg, Direction::Run));
        }
    }
    Ok(false)
}

/// Notes what a run that has just been sent may change and undo, and what it takes over. Bounded by STEPS_MAX squared.
#[inline(never)]
pub fn note(storage: &mut dyn Storage, playbook: &Playbook, run: &Run, inherited: u64) -> Result<(), ContractError> {
    for (undo, step) in (0u64..).zip(&playbook.undo) {
        let Step::Call { contract, msg } = step else { continue };
        let target = target(contract, msg);
        let is_sent =
            |(step, outcome): (&Step, &StepOutcome)| *outcome == StepOutcome::Waiting && is_about(step, &target);
        if inherited == 0 && !playbook.steps.iter().zip(&run.steps).any(is_sent) {
            continue;
        }
        let mut entries = run.run.saturating_mul(UNDOS).saturating_add(undo).to_be_bytes().to_vec();
        for (entry, before) in noted(storage, &target)? {
            // What this run takes over it may have to give back, if none of its steps succeeds.
            if before.run == inherited || is_to_come(entry, &before) {
                entries.extend_from_slice(&entry.to_be_bytes());
            }
        }
        storage.set(&target, &entries);
    }
    Ok(())
}

fn is_about(step: &Step, wanted: &[u8]) -> bool {
    matches!(step, Step::Call { contract, msg } if target(contract, msg) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_the_contract_the_message_and_its_market() {
        let target = |text: &str| String::from_utf8(target("vault", &Binary::from(text.as_bytes()))).unwrap();
        for (text, wanted) in [
            (r#"{"configure_market":{"market":7,"config":{"symbol":"1"}}}"#, r#"{"configure_market7"#),
            (r#"{"configure_market":{"market":17}}"#, r#"{"configure_market17"#),
            (r#"{"configure":{"parameters":{"a":1}}}"#, r#"{"configure"#),
            (r#"{"inject":{"amount":"7"}}"#, r#"{"inject"#),
            (r#"{"sweep_fees":{}}"#, r#"{"sweep_fees"#),
            ("", ""),
        ] {
            assert_eq!(target(text), format!("changed_by vault{wanted}"));
        }
    }
}
