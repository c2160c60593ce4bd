//! What can be wrong with a proposal. Each is one line.

use crate::deploy::DeployError;
use crate::error::ChainError;

#[derive(Debug, thiserror::Error)]
pub enum ProposalError {
    #[error("{file}: cannot be read: {cause}")]
    Unreadable { file: String, cause: String },
    #[error("{file}: cannot be written: {cause}")]
    Unwritable { file: String, cause: String },
    #[error("{what} must be {min} to {max}, found {found}")]
    Bounds { what: &'static str, min: u64, max: u64, found: u64 },
    #[error("call {call}: {wrong}")]
    Call { call: usize, wrong: String },
    #[error("the guardian would refuse it: {0}")]
    Guardian(firebreak_guardian::ContractError),
    #[error("{what} must be an address, found {found:?}")]
    Address { what: &'static str, found: String },
    #[error("{proposer} is no proposer of the guardian: the proposers are {wanted}")]
    NoProposer { proposer: String, wanted: String },
    #[error(transparent)]
    Config(#[from] DeployError),
    #[error("{doing}: {error}")]
    Chain { doing: &'static str, error: ChainError },
}

impl ProposalError {
    /// Whether an input is wrong, and not the chain.
    pub fn is_wrong_input(&self) -> bool {
        match self {
            Self::Config(error) => error.is_wrong_input(),
            Self::Chain { .. } => false,
            _ => true,
        }
    }
}
