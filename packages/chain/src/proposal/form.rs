//! The three bodies that a proposal is put before, and the JSON that each takes.

use super::error::ProposalError;
use super::{KnownSuite, Proposal};
use cosmrs::AccountId;
use cosmwasm_std::{to_json_binary, Checksum, CosmosMsg, Empty, WasmMsg};
use serde_json::{json, Value};

/// Bytes of the address of a module's account.
const MODULE_ADDRESS_BYTES: usize = 20;

/// Who votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// The chain's own governance: a file for `tx gov submit-proposal`.
    Gov { deposit: String, expedited: bool },
    /// cw3-fixed or cw3-flex: a message to the multisig.
    Cw3,
    /// A message to `dao-proposal-single`.
    DaoDao,
    /// A message to the `dao-pre-propose-single` before it, where the DAO has one.
    DaoDaoPrePropose,
}

impl Form {
    /// The JSON.
    ///
    /// Errors: [`ProposalError::Address`]; [`ProposalError::NoProposer`] when the chain's governance is no proposer.
    pub fn render(&self, proposal: &Proposal, suite: &KnownSuite) -> Result<Value, ProposalError> {
        let Proposal { title, description, guardian, schedule, .. } = proposal;
        let msgs = || -> Result<Vec<CosmosMsg<Empty>>, ProposalError> {
            let msg = to_json_binary(schedule).map_err(unreadable)?;
            Ok(vec![WasmMsg::Execute { contract_addr: guardian.clone(), msg, funds: vec![] }.into()])
        };
        Ok(match self {
            Self::Gov { deposit, expedited } => {
                let sender = gov_account(&suite.prefix()?)?;
                suite.ensure_proposer(&sender)?;
                let message = json!({
                    "@type": "/cosmwasm.wasm.v1.MsgExecuteContract",
                    "sender": sender,
                    "contract": guardian,
                    "msg": schedule,
                    "funds": [],
                });
                json!({
                    "messages": [message], "metadata": "", "deposit": deposit, "title": title,
                    "summary": if description.is_empty() { title } else { description }, "expedited": expedited,
                })
            }
            Self::Cw3 => {
                json!({ "propose": { "title": title, "description": description, "msgs": msgs()?, "latest": null } })
            }
            Self::DaoDao => {
                json!({ "propose": { "title": title, "description": description, "msgs": msgs()?, "proposer": null } })
            }
            Self::DaoDaoPrePropose => {
                let inner = json!({ "propose": { "title": title, "description": description, "msgs": msgs()? } });
                json!({ "propose": { "msg": inner } })
            }
        })
    }
}

/// The account in whose name the chain's governance acts: the first bytes of the hash of its module's name.
///
/// Errors: [`ProposalError::Address`] for a prefix that is none.
pub fn gov_account(prefix: &str) -> Result<String, ProposalError> {
    let refused = || ProposalError::Address { what: "the chain's prefix", found: prefix.into() };
    // Some versions of the encoder take an empty prefix.
    if prefix.is_empty() {
        return Err(refused());
    }
    let hash = Checksum::generate(b"gov");
    let bytes = hash.as_slice().get(..MODULE_ADDRESS_BYTES).unwrap_or_default();
    AccountId::new(prefix, bytes).map(|address| address.to_string()).map_err(|_| refused())
}

fn unreadable(error: cosmwasm_std::StdError) -> ProposalError {
    ProposalError::Unreadable { file: "the schedule".into(), cause: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gov_account_is_the_one_of_every_chain() {
        // As any block explorer shows it.
        assert_eq!(gov_account("cosmos").unwrap(), "cosmos10d07y265gmmuvt4z0w9aw880jnsr700j6zn9kn");
        assert!(matches!(gov_account(""), Err(ProposalError::Address { .. })));
    }
}
