//! One file per capability.

mod council;
mod coverage;
mod dry_run;
mod incident;
mod playbook;
mod roles;
mod sentinel;
mod settings;
mod signal;
mod takeover;
mod timelock;

use crate::error::ContractError;
use crate::state::{EXECUTING, LAST_WORD};
use cosmwasm_std::{Env, MessageInfo, Storage};

pub use council::{confirm, live, members_changed};
pub use coverage::step_down;
pub use dry_run::{check_witnesses, witness};
pub use incident::advance;
pub use playbook::{remove_playbook, set_playbook, undo};
pub use roles::{accept_role, complete_role, propose_role, revoke_role};
pub use sentinel::{accept_sentinel, heartbeat, remove_sentinel, set_sentinel, trip};
pub use settings::set_delays;
pub use signal::{signal, Trip};
pub use takeover::{accept_council, set_council};
pub use timelock::{cancel, execute, run_calls, schedule, Draft};

/// Messages that only a scheduled operation may send.
fn ensure_self(env: &Env, info: &MessageInfo) -> Result<(), ContractError> {
    if info.sender == env.contract.address {
        return Ok(());
    }
    Err(ContractError::Unauthorized { wanted: env.contract.address.to_string(), found: info.sender.to_string() })
}

/// The last word on something is the one that was scheduled last: else whoever executes an old operation that is still open brings back what
/// a newer one took away. Ids say which was first, in one block too. Not the time of execution: then whoever executes an old one kept out a
/// newer one that is not ready. Two calls of one operation were decided together: the second holds.
///
/// Errors: [`ContractError::DecidedSince`].
#[inline(never)]
fn ensure_last(storage: &mut dyn Storage, about: &str) -> Result<(), ContractError> {
    let Some(found) = EXECUTING.may_load(storage)? else { return Ok(()) };
    let wanted = LAST_WORD.may_load(storage, about)?.unwrap_or_default();
    if found < wanted {
        return Err(ContractError::DecidedSince { about: about.into(), wanted, found });
    }
    Ok(LAST_WORD.save(storage, about, &found)?)
}
