//! What can go wrong between this program and a chain.

/// Nothing in it holds a key or a phrase.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    #[error("the node at {rpc} does not answer: {cause}")]
    Node { rpc: String, cause: String },
    #[error("the chain's id: wanted {wanted}, found {found}")]
    ChainId { wanted: String, found: String },
    #[error("{what} cannot be read: {cause}")]
    Unreadable { what: &'static str, cause: String },
    #[error("the chain does not know the account {address}: it has no coins yet")]
    UnknownAccount { address: String },
    /// Refused by a simulation, by the mempool or in a block; nothing moved but, in a block, the fee.
    #[error("refused: {log}")]
    Refused { log: String, gas_used: u64 },
    #[error("the query was refused: {log}")]
    QueryRefused { log: String },
    #[error("the transaction {hash} was not in a block after {seconds} s")]
    NotCommitted { hash: String, seconds: u64 },
    #[error("a gas price is a decimal number of {denom}, such as 0.025: found {found}")]
    GasPrice { denom: String, found: String },
}

impl ChainError {
    pub(crate) fn unreadable(what: &'static str, cause: impl ToString) -> Self {
        Self::Unreadable { what, cause: cause.to_string() }
    }
}
