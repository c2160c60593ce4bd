//! The delay class of a message of the guardian to itself.

use super::{code, roles, Classified, Known, UNKNOWN_MESSAGE};
use crate::error::ContractError;
use crate::present::PresentNow;
use crate::validate;
use cosmwasm_std::{from_json, Api, Binary};
use firebreak_messages::guardian::{Delays, ExecuteMsg};

impl Known {
    /// Errors: [`ContractError::OwnMessage`], and those of what it would set.
    pub(super) fn own_message(
        &self,
        api: &dyn Api,
        present: PresentNow,
        msg: &Binary,
    ) -> Result<Classified, ContractError> {
        let refuse = |message| Err(ContractError::OwnMessage { message });
        let Ok(message) = from_json::<ExecuteMsg>(msg) else { return Ok(UNKNOWN_MESSAGE) };
        match message {
            ExecuteMsg::SetDelays { delays } => self.change_of_delays(delays),
            ExecuteMsg::SetCouncil { .. } => Ok(roles("the council")),
            ExecuteMsg::ProposeRole { .. } | ExecuteMsg::RevokeRole { .. } => Ok(roles("a role")),
            ExecuteMsg::SetPlaybook(playbook) => self.playbook(api, present, &playbook),
            ExecuteMsg::RemovePlaybook { .. } => Ok(roles("a playbook")),
            ExecuteMsg::Schedule { .. } => refuse("schedule"),
            ExecuteMsg::Cancel { .. } => refuse("cancel"),
            ExecuteMsg::Execute { .. } => refuse("execute"),
            ExecuteMsg::Confirm { .. } => refuse("confirm"),
            ExecuteMsg::Signal { .. } => refuse("signal"),
            ExecuteMsg::AcceptRole { .. } => refuse("accept_role"),
            ExecuteMsg::CompleteRole { .. } => refuse("complete_role"),
            ExecuteMsg::AcceptCouncil(_) => refuse("accept_council"),
            ExecuteMsg::RunCalls { .. } => refuse("run_calls"),
            ExecuteMsg::SetSentinel(sentinel) => {
                // Refused here too: else a bad value would be found out only after the wait.
                validate::sentinel(&sentinel)?;
                Ok(roles("a sentinel"))
            }
            ExecuteMsg::RemoveSentinel { .. } => Ok(roles("a sentinel")),
            ExecuteMsg::Trip {} => refuse("trip"),
            ExecuteMsg::AcceptSentinel(_) => refuse("accept_sentinel"),
            ExecuteMsg::Heartbeat {} => refuse("heartbeat"),
            ExecuteMsg::StepDown {} => refuse("step_down"),
            ExecuteMsg::Witness { .. } => refuse("witness"),
            ExecuteMsg::CheckWitnesses { .. } => refuse("check_witnesses"),
            ExecuteMsg::Undo { .. } => refuse("undo"),
            ExecuteMsg::Advance { .. } => refuse("advance"),
            ExecuteMsg::MemberChangedHook { .. } => refuse("member_changed_hook"),
        }
    }

    /// Whoever could shorten the slowest delay after a quick one would own the slowest class at the quick one's price
    /// so a change waits for the slowest delay that it shortens.
    fn change_of_delays(&self, delays: Delays) -> Result<Classified, ContractError> {
        // Refused here too: else a bad value would be found out only after the wait.
        let new = validate::delays(delays)?;
        Ok(if new.code < self.delays.code {
            code("a shorter delay of code")
        } else if new.roles < self.delays.roles {
            roles("a shorter delay of roles")
        } else {
            roles("delays")
        })
    }
}
