//! The DAO: a cw3 multisig proposes to the guardian's timelock.

use crate::bootstrap::DAO_MEMBERS;
use crate::code::Code;
use crate::ledger::Nature;
use crate::outcome::Attempt;
use crate::world::World;
use cosmwasm_std::{to_json_binary, Event, WasmMsg};
use cw3::Vote;
use firebreak_messages::guardian::{Call, ExecuteMsg, Operation, OperationScheduled, QueryMsg};
use firebreak_risk::Amount;
use serde::Serialize;

/// Seconds after the slowest operation is ready within which it may be executed, where a test does not say.
const GRACE_SECONDS: u64 = 172_800;

impl World {
    /// A call of an operation: a message to a contract of the suite.
    pub fn call(&self, to: Code, msg: &impl Serialize) -> Call {
        let msg = to_json_binary(msg).unwrap_or_else(|error| panic!("{error}"));
        Call::Execute { contract: self.addresses.of(to).to_string(), msg, funds: vec![] }
    }

    /// The DAO proposes, votes and schedules; the delay has not begun to pass. The fact is [`OperationScheduled`].
    pub fn schedule(&mut self, calls: Vec<Call>) -> Attempt {
        let not_after = self.now() + self.setup.delays.code + GRACE_SECONDS;
        self.schedule_until(calls, not_after)
    }

    /// The same, with the last second in which it may be executed.
    pub fn schedule_until(&mut self, calls: Vec<Call>, not_after: u64) -> Attempt {
        let msg = ExecuteMsg::Schedule { calls, not_after, predecessor: None, description: "a test".into() };
        self.dao_executes(&msg)
    }

    /// Schedules, waits for the delay with fresh prices at its end, executes.
    pub fn govern(&mut self, calls: Vec<Call>) -> Attempt {
        let mut scheduled = match self.schedule(calls).0 {
            Ok(outcome) => outcome,
            Err(refusal) => return Attempt(Err(refusal)),
        };
        let fact: OperationScheduled = scheduled.fact();
        self.advance_to(fact.ready_at);
        let executed = self.refresh().and(|| self.execute_operation(fact.operation));
        match executed.0 {
            Ok(outcome) => {
                scheduled.then(outcome);
                Attempt(Ok(scheduled))
            }
            Err(refusal) => Attempt(Err(refusal)),
        }
    }

    /// Anyone executes a ready operation.
    pub fn execute_operation(&mut self, operation: u64) -> Attempt {
        let guardian = self.addresses.guardian.clone();
        let sender = self.address("keeper");
        self.transact(&sender, &guardian, &ExecuteMsg::Execute { operation }, Amount::ZERO, Nature::Governs)
    }

    /// The canceller cancels.
    pub fn cancel_operation(&mut self, operation: u64) -> Attempt {
        self.send("canceller", Code::Guardian, &ExecuteMsg::Cancel { operation }, Amount::ZERO)
    }

    pub fn operation(&self, operation: u64) -> Operation {
        self.query(Code::Guardian, &QueryMsg::Operation { operation })
    }

    /// The multisig sends a message to the guardian: proposal, votes, execution.
    pub fn dao_executes(&mut self, msg: &ExecuteMsg) -> Attempt {
        let msg = to_json_binary(msg).unwrap_or_else(|error| panic!("{error}"));
        let call = WasmMsg::Execute { contract_addr: self.addresses.guardian.to_string(), msg, funds: vec![] };
        let propose = cw3_flex_multisig::msg::ExecuteMsg::Propose {
            title: "a test".into(),
            description: String::new(),
            msgs: vec![call.into()],
            latest: None,
        };
        let proposed = match self.multisig("dao-0", &propose).0 {
            Ok(outcome) => outcome,
            Err(refusal) => return Attempt(Err(refusal)),
        };
        let proposal_id = proposal_id(&proposed.events);
        let vote = cw3_flex_multisig::msg::ExecuteMsg::Vote { proposal_id, vote: Vote::Yes };
        // The proposer's yes counts already; one more reaches the threshold.
        let voter = format!("dao-{}", 1 % DAO_MEMBERS);
        self.multisig(&voter, &vote)
            .and(|| self.multisig("dao-0", &cw3_flex_multisig::msg::ExecuteMsg::Execute { proposal_id }))
    }

    fn multisig(&mut self, member: &str, msg: &cw3_flex_multisig::msg::ExecuteMsg) -> Attempt {
        self.send(member, Code::Multisig, msg, Amount::ZERO)
    }
}

fn proposal_id(events: &[Event]) -> u64 {
    let found = events
        .iter()
        .flat_map(|event| &event.attributes)
        .find(|attribute| attribute.key == "proposal_id")
        .and_then(|attribute| attribute.value.parse().ok());
    found.unwrap_or_else(|| panic!("the multisig named no proposal"))
}
