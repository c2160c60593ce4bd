use cosmwasm_std::StdError;
use firebreak_messages::PackedError;
use firebreak_risk::{Amount, FundShares, RiskError};
use thiserror::Error;

/// Every refusal says what was wanted and what was found. Nothing moves when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    #[error(transparent)]
    Std(#[from] StdError),
    #[error(transparent)]
    Packed(#[from] PackedError),
    #[error(transparent)]
    Risk(#[from] RiskError),

    #[error("only {wanted} may do this, the sender is {found}")]
    Unauthorized { wanted: String, found: String },
    #[error("only a registered vault may ask for cover, the sender is {found}")]
    NotRegistered { found: String },
    #[error("vault {vault} is registered already")]
    AlreadyRegistered { vault: String },
    #[error("vault {vault} counts in {found}, this fund in {wanted}")]
    VaultDenom { vault: String, wanted: String, found: String },
    #[error("vault {vault} cannot be read: neither its coin nor its open interest is known")]
    VaultUnreadable { vault: String },
    #[error("at most {max} vaults, this would be one more")]
    TooManyVaults { max: usize },

    #[error("this message takes no coins, {found} came with it")]
    UnexpectedFunds { found: String },
    #[error("coins of {wanted} only, and more than none of them, are accepted here: {found} came")]
    WrongFunds { wanted: String, found: String },
    #[error("{what} must be {wanted}, found {found}")]
    OutOfBounds { what: &'static str, wanted: String, found: String },

    #[error("{found} shares would be bought, at least {wanted} were asked for")]
    TooFewShares { wanted: FundShares, found: FundShares },
    #[error("{found} would be paid, at least {wanted} was asked for")]
    TooLittlePaid { wanted: Amount, found: Amount },
    #[error("{found} shares are free, {wanted} are asked for")]
    InsufficientShares { wanted: FundShares, found: FundShares },
    #[error("{max} requests wait, that is the most")]
    TooManyRequests { max: usize },
    #[error("there is no request {request}: it was claimed, taken back, or expired")]
    UnknownRequest { request: u64 },
    #[error("request {request} matures at {matures_at}, block time is {now}")]
    NotMatured { request: u64, matures_at: u64, now: u64 },

    #[error("request {request} waits until {until}: a loss was covered at {last_cover_at}, block time is {now}")]
    CoverPending { request: u64, last_cover_at: u64, until: u64, now: u64 },

    /// The last frame: never expected, and then nothing moves.
    #[error("refused by the solvency check: {owed} would be owed and {held} held")]
    CoinsMissing { owed: Amount, held: Amount },

    #[error("cannot migrate from {found}: this is {wanted}")]
    Migration { wanted: String, found: String },
}
