//! What is asked for: calls in plain JSON, with the suite's contracts by name.

use super::error::ProposalError;
use super::suite::{one_line, KnownSuite};
use crate::deploy::Contract;
use cosmwasm_std::{to_json_binary, Binary, Coin};
use firebreak_messages::guardian::Call;
use firebreak_messages::{circuit_breaker, derivatives_vault, guardian, insurance_fund, oracle};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::Path;

/// What a proposal is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What people read when they vote. Bounds: 1 to 1,024 bytes.
    pub title: String,
    #[serde(default)]
    pub description: String,
    /// All or none is executed, in this order. Bounds: 1 to 8.
    pub calls: Vec<RequestedCall>,
    /// An operation that must have been executed before.
    #[serde(default)]
    pub predecessor: Option<u64>,
}

/// A message to a contract, or a migration of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedCall {
    /// `guardian`, `oracle`, `circuit-breaker`, `insurance-fund`, `derivatives-vault`, or an address.
    pub contract: String,
    pub msg: Value,
    #[serde(default)]
    pub funds: Vec<Coin>,
    /// The code to migrate to; then `msg` is the migration's.
    #[serde(default)]
    pub migrate_to: Option<u64>,
}

/// A call that can be scheduled, and what people are told of it.
pub(super) struct Read {
    pub call: Call,
    pub contract: String,
    pub address: String,
    pub message: String,
    pub figures: Vec<(String, String)>,
}

impl Request {
    /// Errors: [`ProposalError::Unreadable`].
    pub fn read(file: &Path) -> Result<Self, ProposalError> {
        let unreadable =
            |cause: String| ProposalError::Unreadable { file: file.display().to_string(), cause: one_line(&cause) };
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
    }
}

impl RequestedCall {
    /// `number` counts from one, for the error.
    ///
    /// Errors: [`ProposalError::Call`] for a message that the contract does not have, or a field that its message does not.
    pub(super) fn read(&self, number: usize, suite: &KnownSuite) -> Result<Read, ProposalError> {
        let wrong = |wrong: String| ProposalError::Call { call: number, wrong };
        let known = Contract::ALL
            .into_iter()
            .find(|known| self.contract == known.name() || self.contract == suite.at.of(*known));
        let address = known.map_or(self.contract.clone(), |known| suite.at.of(known).into());
        let contract = known.map_or(self.contract.clone(), |known| known.name().into());
        let mut msg = to_json_binary(&self.msg).map_err(|error| wrong(error.to_string()))?;
        let (call, message) = match self.migrate_to {
            Some(_) if !self.funds.is_empty() => return Err(wrong("a migration takes no coins".into())),
            Some(code_id) => (Call::Migrate { contract: address.clone(), code_id, msg }, "migrate".into()),
            None => {
                let message = name_of(&self.msg).ok_or_else(|| wrong("msg must be an object with one key".into()))?;
                if let Some(known) = known {
                    msg = read_by(known, &self.msg).map_err(|cause| wrong(format!("{contract} {message}: {cause}")))?;
                }
                (Call::Execute { contract: address.clone(), msg, funds: self.funds.clone() }, message)
            }
        };
        let mut figures: Vec<_> = self.migrate_to.map(|code| ("code".into(), code.to_string())).into_iter().collect();
        let content = match (&self.migrate_to, &self.msg) {
            (None, Value::Object(fields)) => fields.values().next().unwrap_or(&Value::Null),
            (_, msg) => msg,
        };
        leaves("", content, &mut figures);
        figures.extend(self.funds.iter().map(|coin| ("coins".into(), coin.to_string())));
        Ok(Read { call, contract, address, message, figures })
    }
}

fn name_of(msg: &Value) -> Option<String> {
    let fields = msg.as_object().filter(|fields| fields.len() == 1)?;
    fields.keys().next().cloned()
}

/// The receiver's own type reads the message, and writes it: what it would refuse months later, or silently leave out, is found
/// here, and the guardian compares parameters with today's by their text.
fn read_by(contract: Contract, msg: &Value) -> Result<Binary, String> {
    match contract {
        Contract::Guardian => parse::<guardian::ExecuteMsg>(msg),
        Contract::Oracle => parse::<oracle::ExecuteMsg>(msg),
        Contract::CircuitBreaker => parse::<circuit_breaker::ExecuteMsg>(msg),
        Contract::InsuranceFund => parse::<insurance_fund::ExecuteMsg>(msg),
        Contract::DerivativesVault => parse::<derivatives_vault::ExecuteMsg>(msg),
    }
}

fn parse<T: DeserializeOwned + Serialize>(msg: &Value) -> Result<Binary, String> {
    let mut unknown = None;
    let read: Result<T, _> = serde_ignored::deserialize(msg, |path| unknown = Some(path.to_string()));
    match (read, unknown) {
        (Err(error), _) => Err(one_line(&error.to_string())),
        (Ok(_), Some(field)) => Err(format!("there is no field {field}")),
        (Ok(read), None) => to_json_binary(&read).map_err(|error| error.to_string()),
    }
}

/// Every text, number and flag, with the way to it.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| leaves(&below(key), value, found)),
        Value::Array(items) if !items.is_empty() => {
            items.iter().enumerate().for_each(|(at, item)| leaves(&format!("{path}[{at}]"), item, found));
        }
        Value::String(text) => found.push((path.into(), text.clone())),
        other => found.push((path.into(), other.to_string())),
    }
}
