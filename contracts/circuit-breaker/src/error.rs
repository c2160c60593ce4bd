use cosmwasm_std::StdError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::{FeedId, MarketId, PackedError, Source};
use firebreak_risk::{Level, RiskError};
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
    #[error("this message takes no coins, {found} came with it")]
    UnexpectedFunds { found: String },
    #[error("{what} must be {wanted}, found {found}")]
    OutOfBounds { what: &'static str, wanted: String, found: String },

    #[error("there is no market {market}")]
    UnknownMarket { market: MarketId },
    #[error("market {market} is named twice")]
    DuplicateMarket { market: MarketId },
    #[error("at most {max} markets, this would be one more")]
    TooManyMarkets { max: usize },
    /// Never leaves an evaluation: it becomes the market's recorded failure.
    #[error("the oracle has no readable price record of feed {feed}")]
    PriceMissing { feed: FeedId },

    #[error("{source_name} restricts by its rule only, never by message")]
    ReflexSource { source_name: Source },
    #[error("{source_name} may restrict to at most {wanted} in phase {phase}, found {found}")]
    LevelNotAllowed { source_name: Source, phase: usize, wanted: Level, found: Level },
    #[error("a posture at {found} may not {what}, that needs at least {wanted}")]
    PostureBeyondLevel { what: &'static str, wanted: Level, found: Level },
    #[error("the scope {scope} may stay frozen until {granted_until} within its budget, asked is {wanted_until}")]
    FrozenBudget { scope: Scope, wanted_until: u64, granted_until: u64 },
    #[error("the budget of this source restricts the scope {scope} until {granted_until}, asked is {wanted_until}")]
    CouncilBudget { scope: Scope, wanted_until: u64, granted_until: u64 },

    #[error("attestations come in ascending order of observers, {found} came after {after}")]
    ObserverOrder { after: u8, found: u8 },
    #[error("there is no observer {found}")]
    UnknownObserver { found: u8 },
    #[error("observer {observer} has used nonce {last}, a higher one is wanted, found {found}")]
    OldNonce { observer: u8, last: u64, found: u64 },
    #[error(
        "an attestation of observer {observer} must be observed by {now} and expire at most ten minutes later and not yet, found \
         {observed_at} and {expires_at}"
    )]
    AttestationTime { observer: u8, observed_at: u64, expires_at: u64, now: u64 },
    #[error("the signature is not observer {observer}'s for this attestation of this breaker")]
    BadSignature { observer: u8 },
    #[error("the guardian has no verdict on incident {incident} of one market for which a warning is left to count")]
    NoVerdict { incident: u64 },

    #[error("there is no reply {id}")]
    UnknownReply { id: u64 },
    #[error("migration needs {wanted}, found {found}")]
    Migration { wanted: String, found: String },
    #[error("market {market} follows feed {wanted} for good, {found} was given")]
    FeedFixed { market: MarketId, wanted: FeedId, found: FeedId },
}
