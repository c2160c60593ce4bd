//! The DAO proposes to the guardian's timelock, the council confirms.

use super::{fact, Suite, PLENTY};
use cosmwasm_std::{to_json_binary, WasmMsg};
use cw3::Vote;
use firebreak_chain::Tx;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::derivatives_vault::{ConfigResponse, QueryMsg as VaultQuery, VaultParameters};
use firebreak_messages::guardian::{
    Call, CouncilAction, CouncilResponse, DelayClass, ExecuteMsg, Operation, OperationExecuted, OperationScheduled,
    OperationStatus, QueryMsg,
};
use firebreak_risk::Amount;
use serde::Serialize;

/// Seconds after an operation is ready within which it may be executed.
const GRACE_SECONDS: u64 = 172_800;

/// The number that the multisig gave a proposal.
#[track_caller]
pub fn proposal_id(proposed: &Tx) -> u64 {
    proposed.number("wasm", "proposal_id").expect("the multisig names its proposal")
}

pub fn dao_vote(proposal_id: u64) -> cw3_flex_multisig::msg::ExecuteMsg {
    cw3_flex_multisig::msg::ExecuteMsg::Vote { proposal_id, vote: Vote::Yes }
}

impl Suite {
    /// A call of an operation.
    pub fn call(&self, contract: impl AsRef<str>, msg: &impl Serialize) -> Call {
        Call::Execute { contract: contract.as_ref().into(), msg: to_json_binary(msg).unwrap(), funds: vec![] }
    }

    pub fn migration(&self, contract: impl AsRef<str>, code_id: u64) -> Call {
        Call::Migrate { contract: contract.as_ref().into(), code_id, msg: b"{}".into() }
    }

    /// Asks the timelock for an operation that may be executed for a day after the longest delay.
    #[track_caller]
    pub fn scheduling(&self, calls: Vec<Call>) -> ExecuteMsg {
        let not_after = self.now() + self.bootstrap.delays.code + GRACE_SECONDS;
        ExecuteMsg::Schedule { calls, not_after, predecessor: None, description: "a test".into() }
    }

    /// Puts a message to the guardian before the DAO. The proposer's own yes counts.
    pub fn dao_proposal(&self, msg: &ExecuteMsg) -> cw3_flex_multisig::msg::ExecuteMsg {
        let msg = to_json_binary(msg).unwrap();
        let call = WasmMsg::Execute { contract_addr: self.at.guardian.to_string(), msg, funds: vec![] };
        cw3_flex_multisig::msg::ExecuteMsg::Propose {
            title: "a test".into(),
            description: String::new(),
            msgs: vec![call.into()],
            latest: None,
        }
    }

    /// The DAO proposes, votes and schedules; the delay has not begun to pass.
    #[track_caller]
    pub fn schedule(&mut self, calls: Vec<Call>) -> OperationScheduled {
        let (dao, propose) = (self.at.dao.clone(), self.dao_proposal(&self.scheduling(calls)));
        self.proposals += 1;
        let id = self.proposals;
        let execute = cw3_flex_multisig::msg::ExecuteMsg::Execute { proposal_id: id };
        let hashes = [("dao-0", &propose), ("dao-1", &dao_vote(id)), ("dao-0", &execute)]
            .map(|(name, msg)| self.submit(name, &dao, msg, Amount::ZERO, PLENTY));
        let [proposed, _, executed] = hashes.map(|hash| self.committed(&hash).unwrap());
        assert_eq!(proposal_id(&proposed), id, "the DAO has had proposals that were not counted");
        fact(&executed)
    }

    /// Schedules, waits for the delay, and the keeper executes.
    #[track_caller]
    pub fn govern(&mut self, calls: Vec<Call>) -> Tx {
        let scheduled = self.schedule(calls);
        self.advance_to(scheduled.ready_at);
        self.execute_operation("keeper", scheduled.operation)
    }

    #[track_caller]
    pub fn execute_operation(&mut self, name: &str, operation: u64) -> Tx {
        let guardian = self.at.guardian.clone();
        self.send(name, &guardian, &ExecuteMsg::Execute { operation })
    }

    #[track_caller]
    pub fn operation(&self, operation: u64) -> Operation {
        self.query(&self.at.guardian, &QueryMsg::Operation { operation })
    }

    #[track_caller]
    pub fn council(&self) -> CouncilResponse {
        self.query(&self.at.guardian, &QueryMsg::Council {})
    }

    /// A member confirms under the council's nonce of now.
    #[track_caller]
    pub fn confirm(&mut self, member: &str, action: &CouncilAction) -> Tx {
        let (guardian, nonce) = (self.at.guardian.clone(), self.council().nonce);
        self.send(member, &guardian, &ExecuteMsg::Confirm { action: action.clone(), nonce })
    }
}

/// A change that a DAO may want, and that waits a `roles` delay.
impl Suite {
    /// The gov account proposes beside the DAO.
    #[track_caller]
    pub fn start_with_gov() -> (Self, String) {
        let mut gov = String::new();
        let suite = Self::start_with(|net, msg| {
            gov = net.gov().unwrap();
            msg.roles.proposers.push(gov.clone());
        });
        (suite, gov)
    }

    pub fn slower_orders(&self) -> VaultParameters {
        VaultParameters { order_delay_seconds: 12, ..self.bootstrap.vault.clone() }
    }

    #[track_caller]
    pub fn parameters(&self) -> VaultParameters {
        self.query::<ConfigResponse>(&self.at.derivatives_vault, &VaultQuery::Config {}).config.parameters
    }

    /// Neither a second before the delay has passed nor by a change of who asks; then anyone.
    #[track_caller]
    pub fn waits_and_is_executed_by_anyone(&mut self, operation: u64) {
        let (guardian, record) = (self.at.guardian.clone(), self.operation(operation));
        assert_eq!(record.status, OperationStatus::Scheduled);
        assert_eq!((record.class, record.ready_at), (DelayClass::Roles, record.scheduled_at + 86_400));
        let (ready_at, before) = (record.ready_at, self.parameters());
        self.advance_to(ready_at - 1);
        for name in ["dao-0", "mallory"] {
            self.refused(name, &guardian, &ExecuteMsg::Execute { operation }).says(GuardianError::NotReady {
                operation,
                ready_at,
                now: ready_at - 1,
            });
        }
        assert_eq!(self.parameters(), before);
        self.advance_to(ready_at);
        let executed = self.execute_operation("mallory", operation);
        assert_eq!(fact::<OperationExecuted>(&executed), OperationExecuted { operation });
        assert_eq!(self.operation(operation).status, OperationStatus::Executed);
        self.refused("mallory", &guardian, &ExecuteMsg::Execute { operation })
            .says(GuardianError::NotScheduled { operation, found: OperationStatus::Executed });
    }
}
