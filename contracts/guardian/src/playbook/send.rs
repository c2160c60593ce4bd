//! A playbook's steps as sub-messages, each with a ticket that says which step its reply is about.

use super::STEPPED;
use crate::changes::{self, is_stale};
use crate::class::Known;
use crate::error::ContractError;
use crate::state::later;
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{to_json_binary, Binary, Deps, Env, SubMsg, WasmMsg};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{PlaybookStep, Step, StepOutcome, Tightening};
use firebreak_messages::packed::{from_packed, to_packed};
use firebreak_messages::time::now;
use firebreak_messages::Source;
use firebreak_risk::{Level, Phase, Posture};

/// Who sends the steps, and on whose decision.
pub(super) struct Sender<'a> {
    pub env: &'a Env,
    pub playbook: &'a str,
    pub incident: u64,
    pub run: u64,
    /// The run whose undo this one took over; 0: none.
    pub inherited: u64,
    pub gas: u64,
    /// When what is sent was decided; a target that was configured later is left alone.
    pub decided_at: u64,
    pub undo: bool,
    /// The playbook has an undo for what its calls change.
    pub undoable: bool,
    pub known: &'a Known,
    /// A feed is fresh: what configures the vault is passed over.
    pub held: bool,
}

pub(super) struct Sent {
    pub events: Vec<PlaybookStep>,
    pub messages: Vec<SubMsg>,
}

impl Sender<'_> {
    /// Bounded by STEPS_MAX. A step that is done is not sent again.
    pub fn send(&self, deps: Deps, steps: &[Step], outcomes: &mut [StepOutcome]) -> Result<Sent, ContractError> {
        let mut sent = Sent { events: vec![], messages: vec![] };
        for ((index, step), outcome) in (0u8..).zip(steps).zip(outcomes) {
            if !matches!(outcome, StepOutcome::Waiting | StepOutcome::Failed) {
                continue;
            }
            if let Some(found) = self.passed_over(deps, step)? {
                *outcome = found;
                let (run, undo) = (self.run, self.undo);
                sent.events.push(PlaybookStep { run, step: index.into(), undo, outcome: found });
                continue;
            }
            let (message, level) = match step {
                // What a call changes has no level; it is some caution.
                Step::Call { contract, msg } => {
                    let call = WasmMsg::Execute { contract_addr: contract.clone(), msg: msg.clone(), funds: vec![] };
                    (call, Level::Guarded)
                }
                Step::Settle { scope, notice_seconds } => {
                    let at = later(now(self.env), *notice_seconds)?;
                    let msg = match *scope {
                        Scope::All => VaultMsg::SettleVault { at },
                        Scope::Market(market) => VaultMsg::SettleMarket { market, at },
                    };
                    (self.to_vault(&msg)?, Level::ReduceOnly)
                }
                Step::Contest { market, seconds } => {
                    let until = later(now(self.env), *seconds)?;
                    (self.to_vault(&VaultMsg::ContestMarket { market: *market, until })?, Level::Guarded)
                }
                Step::Restrict(tightening) => {
                    let (source, now, breaker) =
                        (Source::Procedure, now(self.env), self.known.suite.circuit_breaker.clone());
                    (restriction(breaker, tightening, source, self.incident, now)?, tightening.level)
                }
            };
            let undoable = self.undoable && matches!(step, Step::Call { .. });
            let feed = self.known.step_sets_feed(step);
            let ticket = Ticket {
                run: self.run,
                step: index,
                undo: self.undo,
                undoable,
                feed,
                level,
                inherited: self.inherited,
            };
            let call = SubMsg::reply_always(message, STEPPED).with_gas_limit(self.gas).with_payload(ticket.write()?);
            sent.messages.push(call);
        }
        Ok(sent)
    }

    /// Why a step is not sent, if it is not.
    fn passed_over(&self, deps: Deps, step: &Step) -> Result<Option<StepOutcome>, ContractError> {
        Ok(if is_stale(deps.storage, step, self.decided_at)? {
            Some(StepOutcome::Stale)
        } else if self.held && self.known.step_configures_vault(step) {
            Some(StepOutcome::Held)
        } else {
            changes::is_claimed(deps, self.playbook, self.undo, step)?.then_some(StepOutcome::Claimed)
        })
    }

    fn to_vault(&self, msg: &VaultMsg) -> Result<WasmMsg, ContractError> {
        let contract_addr = self.known.suite.derivatives_vault.clone();
        Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(msg)?, funds: vec![] })
    }
}

/// The breaker's message for a restriction from now on.
pub fn restriction(
    breaker: String,
    tightening: &Tightening,
    source: Source,
    incident: u64,
    now: u64,
) -> Result<WasmMsg, ContractError> {
    let Tightening { scope, level, duration_seconds } = *tightening;
    let phases = vec![Phase { until: later(now, duration_seconds)?, posture: Posture::preset(level) }];
    Ok(WasmMsg::Execute {
        contract_addr: breaker,
        msg: to_json_binary(&BreakerMsg::Restrict { scope, source, phases, incident })?,
        funds: vec![],
    })
}

/// Which step a reply belongs to: travels in the payload, so that nothing is stored for it.
#[cw_serde]
pub(super) struct Ticket {
    pub run: u64,
    pub step: u8,
    pub undo: bool,
    /// A call of a playbook with an undo: its success makes the run active.
    pub undoable: bool,
    /// Its success starts R-19's delay.
    pub feed: bool,
    pub level: Level,
    /// The run whose undo this one took over; 0: none.
    pub inherited: u64,
}

impl Ticket {
    fn write(&self) -> Result<Binary, ContractError> {
        Ok(to_packed("ticket", 1, self)?.into())
    }
    /// Errors: [`ContractError::Packed`].
    pub fn read(payload: &Binary) -> Result<Self, ContractError> {
        Ok(from_packed("ticket", 1, payload)?)
    }
}
