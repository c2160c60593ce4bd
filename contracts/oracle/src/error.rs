use cosmwasm_std::StdError;
use firebreak_messages::oracle::{ROUNDS_PER_BLOCK_MAX, SECOND_ROUND_AGE_SECONDS, SIGNED_DISTANCE_SECONDS};
use firebreak_messages::{FeedId, PackedError};
use firebreak_risk::RiskError;
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
    #[error("{what} {found} is named twice")]
    Duplicate { what: &'static str, found: String },

    #[error("there is no feed {feed}")]
    UnknownFeed { feed: FeedId },
    #[error("{sender} is not a feeder of feed {feed}")]
    NotFeeder { feed: FeedId, sender: String },
    #[error("a report of feed {feed} is of {published_at}, at most {latest_accepted} is accepted")]
    FutureReport { feed: FeedId, published_at: u64, latest_accepted: u64 },
    #[error("a report of feed {feed} is {age_seconds} s old, at most {age_max_seconds} s is accepted")]
    StaleReport { feed: FeedId, age_seconds: u64, age_max_seconds: u64 },
    #[error("feed {feed} has published no round yet")]
    NoRound { feed: FeedId },
    #[error("feed {feed} has no window")]
    NoWindow { feed: FeedId },

    #[error(
        "round {round} of {published_at} of feed {feed} is old: wanted above {last_round} and after {last_published_at}"
    )]
    OldRound { feed: FeedId, round: u64, last_round: u64, published_at: u64, last_published_at: u64 },
    #[error(
        "round {round} of {published_at} of feed {feed} waits for the next block: wanted at most {ROUNDS_PER_BLOCK_MAX} in a block and \
         {SIGNED_DISTANCE_SECONDS} s between them, the second at most {SECOND_ROUND_AGE_SECONDS} s old, found one of {last_published_at}"
    )]
    CrowdedBlock { feed: FeedId, round: u64, published_at: u64, last_published_at: u64 },
    #[error("a signed round of feed {feed} expired at {expires_at}, it is {now}")]
    ExpiredRound { feed: FeedId, expires_at: u64, now: u64 },
    #[error("feed {feed} has no signer at place {signer}")]
    UnknownSigner { feed: FeedId, signer: u8 },
    #[error("signer {found} of feed {feed} comes after signer {after}: each once, in ascending order")]
    SignerOrder { feed: FeedId, after: u8, found: u8 },
    #[error("the signature of signer {signer} of feed {feed} does not hold for this round of this oracle")]
    BadSignature { feed: FeedId, signer: u8 },
    #[error("a signed round of feed {feed} needs weight {wanted}, found {found}")]
    QuorumMissing { feed: FeedId, wanted: u32, found: u64 },

    #[error("feeder {feeder} of feed {feed} is no contract that is read")]
    NotPulled { feed: FeedId, feeder: u8 },
    #[error("{source_contract} must give {wanted}, found {found}")]
    SourceUnusable { source_contract: String, wanted: &'static str, found: String },
    #[error("feed {feed} has no fallback that could be promoted or demoted")]
    NoFallback { feed: FeedId },

    #[error("contracts call each other too deep here for {callee} to act on a price: report from less deep")]
    TooDeep { callee: String },
    #[error("there is no reply {id}")]
    UnknownReply { id: u64 },
    #[error("migration needs {wanted}, found {found}")]
    Migration { wanted: String, found: String },
}
