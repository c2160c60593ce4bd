//! What can go wrong while gas is measured.

use crate::deploy::DeployError;
use crate::error::ChainError;

#[derive(Debug, thiserror::Error)]
pub enum GasError {
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error(transparent)]
    Config(#[from] DeployError),
    /// A step did not do what it is measured for: its figure would mean something else.
    #[error("{step}: {cause}")]
    Step { step: String, cause: String },
    #[error("{path}: {cause}")]
    File { path: String, cause: String },
}

impl GasError {
    /// Whoever started the program can put it right; nothing is wrong with the suite.
    pub fn is_wrong_input(&self) -> bool {
        match self {
            Self::Chain(ChainError::Unreadable { .. } | ChainError::Node { .. } | ChainError::ChainId { .. }) => true,
            Self::Config(error) => error.is_wrong_input(),
            Self::File { .. } => true,
            Self::Chain(_) | Self::Step { .. } => false,
        }
    }

    pub(super) fn step(step: impl Into<String>, cause: impl ToString) -> Self {
        Self::Step { step: step.into(), cause: cause.to_string() }
    }
}
