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
use cosmwasm_std::{Env, MessageInfo};

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
