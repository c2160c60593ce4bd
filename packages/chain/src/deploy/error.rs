//! What can go wrong in a deployment. Each is one line.

use crate::error::ChainError;
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    #[error("{file}: cannot be read: {cause}")]
    Unreadable { file: String, cause: String },
    #[error("{file}: cannot be written: {cause}")]
    Unwritable { file: String, cause: String },
    #[error("{file}: {wrong}")]
    Config { file: String, wrong: String },
    /// A value of the configuration that cannot work: refused by the contracts, or by their messages' bounds.
    #[error("{field}: {wrong}")]
    Value { field: String, wrong: String },
    #[error("{wrong}")]
    Key { wrong: String },
    #[error("{file}: wanted {wanted}, found {found}")]
    Artifact { file: String, wanted: String, found: String },
    #[error("{file}: is of another deployment: {what} is {found} there and {wanted} here")]
    OtherDeployment { file: String, what: &'static str, wanted: String, found: String },
    #[error("{what}: wanted {wanted}, found {found}")]
    Mismatch { what: String, wanted: String, found: String },
    #[error("{doing}: {error}")]
    Chain { doing: String, error: ChainError },
}

impl DeployError {
    /// Whether an input is wrong, and not the chain.
    pub fn is_wrong_input(&self) -> bool {
        match self {
            Self::Chain { error, .. } => matches!(error, ChainError::ChainId { .. } | ChainError::GasPrice { .. }),
            Self::Mismatch { .. } => false,
            _ => true,
        }
    }

    pub(crate) fn unreadable(file: &Path, cause: impl ToString) -> Self {
        Self::Unreadable { file: file.display().to_string(), cause: cause.to_string() }
    }

    pub(crate) fn value(field: impl ToString, wrong: impl ToString) -> Self {
        Self::Value { field: field.to_string(), wrong: wrong.to_string() }
    }

    pub(crate) fn chain(doing: impl ToString) -> impl FnOnce(ChainError) -> Self {
        move |error| Self::Chain { doing: doing.to_string(), error }
    }
}
