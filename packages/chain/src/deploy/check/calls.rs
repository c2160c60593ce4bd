//! What a DAO would schedule to bring the chain to the configuration. After the bootstrap only the timelock may.

use firebreak_messages::guardian::Call;
use serde::Serialize;
use serde_json::Value;

/// One call of an operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadyCall {
    /// What it brings in order.
    pub part: String,
    /// The message, for people.
    pub msg: Value,
    /// The same, as an entry of `calls` in the guardian's `schedule`.
    pub call: Call,
}

impl ReadyCall {
    /// `None` for a message that is no JSON, which none of ours is.
    pub fn new(part: &str, contract: &str, msg: &impl Serialize) -> Option<Self> {
        let readable = serde_json::to_value(msg).ok()?;
        let binary = cosmwasm_std::to_json_binary(msg).ok()?;
        let call = Call::Execute { contract: contract.into(), msg: binary, funds: vec![] };
        Some(Self { part: part.into(), msg: readable, call })
    }
}
