use cosmwasm_std::{Instantiate2AddressError, StdError};
use firebreak_messages::guardian::{OperationStatus, Role, RunStatus};
use firebreak_messages::{AccountId, FeedId, MarketId, PackedError, Source};
use firebreak_risk::{Amount, Level, RiskError};
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
    #[error(transparent)]
    Prediction(#[from] Instantiate2AddressError),

    #[error("only {wanted} may do this, the sender is {found}")]
    Unauthorized { wanted: String, found: String },
    #[error("this message takes no coins, {found} came with it")]
    UnexpectedFunds { found: String },
    #[error("{what} must be {wanted}, found {found}")]
    OutOfBounds { what: &'static str, wanted: String, found: String },

    // Bootstrap.
    #[error("the guardian must be its own wasm admin, its admin is {found}")]
    AdminNotSelf { found: String },
    #[error("{child} was not instantiated at {wanted}")]
    ChildMissing { child: &'static str, wanted: String },
    #[error("the wasm admin of {child} must be {wanted}, it is {found}")]
    ChildAdmin { child: &'static str, wanted: String, found: String },

    #[error("market {market} must have the same feed in guards and vault: {wanted} is guarded, {found} is traded")]
    FeedMismatch { market: MarketId, wanted: FeedId, found: FeedId },
    #[error("market {market} has no guard")]
    Unguarded { market: MarketId },

    // Roles.
    #[error("{address} is named twice among the {role}s")]
    NamedTwice { role: Role, address: String },
    #[error("{address} cannot be {role}: it would be proposer and canceller (R-26)")]
    RolesOverlap { role: Role, address: String },
    #[error("{address} cannot be {role}: the guardian holds no role in itself")]
    RoleOfSelf { role: Role, address: String },
    #[error("{address} is {role} already")]
    AlreadyHolder { role: Role, address: String },
    #[error("{address} is not {role}")]
    NotHolder { role: Role, address: String },
    #[error("{address} is the last {role}: one must stay")]
    LastHolder { role: Role, address: String },
    #[error("at most {max} {role}s, this would be one more")]
    TooManyHolders { role: Role, max: usize },
    #[error("there is no candidate for {role}")]
    NoCandidate { role: Role },
    #[error("the candidate for {role} is {wanted}, the sender is {found}")]
    NotCandidate { role: Role, wanted: String, found: String },
    #[error("{candidate} has accepted to be {role}; it is effective at {effective_at}")]
    AlreadyAccepted { role: Role, candidate: String, effective_at: u64 },
    #[error("{candidate} has not accepted to be {role}")]
    NotAccepted { role: Role, candidate: String },
    #[error("{candidate} becomes {role} at {effective_at}, block time is {now}")]
    NotEffective { role: Role, candidate: String, effective_at: u64, now: u64 },

    #[error("the candidacy of {candidate} for {role} ended at {expires_at}, block time is {now}")]
    CandidacyExpired { role: Role, candidate: String, expires_at: u64, now: u64 },

    // Timelock.
    #[error("a message is an object with one key, this one has {found}")]
    SeveralMessages { found: usize },
    #[error("a scheduled restriction is of source {wanted}, this one says {found}")]
    RestrictionSource { wanted: Source, found: Source },
    #[error("the guardian does not call its own {message}: it would go around the checks of that message")]
    OwnMessage { message: &'static str },
    #[error("there is no operation {operation}")]
    UnknownOperation { operation: u64 },
    /// Neither `scheduled` nor `failed`, which may be tried again.
    #[error("operation {operation} is {found}, not scheduled")]
    NotScheduled { operation: u64, found: OperationStatus },
    #[error("operation {operation} comes after operation {predecessor}, which is {found}")]
    PredecessorNotExecuted { operation: u64, predecessor: u64, found: OperationStatus },
    #[error("operation {operation} was proposed by {proposer}, who is no proposer now")]
    ProposerRevoked { operation: u64, proposer: String },
    #[error("operation {operation} is ready at {ready_at}, block time is {now}")]
    NotReady { operation: u64, ready_at: u64, now: u64 },
    #[error("operation {operation} may not be executed after {not_after}, block time is {now}")]
    Expired { operation: u64, not_after: u64, now: u64 },
    #[error("operation {operation} configures the vault too soon after a new feed (R-19): from {free_at}, now {now}")]
    FeedChanged { operation: u64, free_at: u64, now: u64 },
    #[error("operation {operation} sets a feed too soon after a configuration of the vault (R-19): from {free_at}, now {now}")]
    VaultConfigured { operation: u64, free_at: u64, now: u64 },
    #[error("operation {operation} is being executed: another one waits for its end")]
    Executing { operation: u64 },
    #[error("operation {operation} is not being executed")]
    NotExecuting { operation: u64 },

    // Council.
    #[error("the council's nonce is {wanted}, the confirmation is for {found}")]
    StaleNonce { wanted: u64, found: u64 },
    #[error("{found} has no weight in the council")]
    NotMember { found: String },
    #[error("{group} cannot be read as a cw4 group")]
    GroupUnreadable { group: String },
    #[error("{max} council actions wait for confirmations, that is the most")]
    TooManyPending { max: usize },
    #[error("{max} members have confirmed this action, that is the most")]
    TooManyConfirmations { max: usize },

    #[error("no council waits for acceptance: the last candidacy ended at {expires_at} (0: there is none)")]
    NoCouncilCandidate { expires_at: u64 },
    #[error("{group} does not tell the guardian of other members: add the guardian to its hooks (R-18)")]
    NoHook { group: String },
    #[error("operation {found} is older than the last word on {about}: wanted {wanted} or a later one")]
    DecidedSince { about: String, wanted: u64, found: u64 },
    #[error("what {address} is named for is something else than what was accepted: read it and accept that")]
    NotAsNamed { address: String },

    // Sentinels and heartbeats.
    #[error("{found} is no sentinel")]
    NotSentinel { found: String },
    #[error("sentinel {address} tripped at {tripped_at} and is armed again by the timelock only")]
    SentinelSpent { address: String, tripped_at: u64 },
    #[error("sentinel {address} has not accepted: its own acceptance arms it before {accept_until}")]
    SentinelNotAccepted { address: String, accept_until: u64 },
    #[error("{found} is not named as a sentinel, is so no longer, or has accepted")]
    NotNamed { found: String },
    #[error("{max} sentinels are set, that is the most")]
    TooManySentinels { max: usize },
    #[error("{found} is no sentinel, canceller or council member")]
    NoHeartbeat { found: String },

    #[error("the fund holds {content}, half of its target of {target} or more")]
    CoverageSuffices { content: Amount, target: Amount },

    // Dry run.
    #[error("operation {operation} does not configure the vault: it needs no witnesses")]
    NoWitnessNeeded { operation: u64 },
    #[error("account {account} cannot be asked of the vault")]
    AccountUnreadable { account: AccountId },
    #[error("account {account} would be liquidatable at the unchanged prices (R-27)")]
    MadeLiquidatable { account: AccountId },

    // Playbooks.
    #[error("a playbook may not do this: {what}")]
    StepNotAllowed { what: &'static str },
    #[error("{max} playbooks are approved, that is the most")]
    TooManyPlaybooks { max: usize },
    #[error("there is no playbook {playbook:?}")]
    UnknownPlaybook { playbook: String },
    #[error("playbook {playbook:?} is not the council's to run")]
    NotForCouncil { playbook: String },
    #[error("the approval of playbook {playbook:?} ended at {not_after}, block time is {now}")]
    PlaybookExpired { playbook: String, not_after: u64, now: u64 },
    #[error("playbook {playbook:?} has used its budget or cools down until {free_at}, block time is {now}")]
    PlaybookWaits { playbook: String, free_at: u64, now: u64 },
    #[error("there is no run {run}")]
    UnknownRun { run: u64 },
    #[error("run {run} is {found}, not active")]
    RunOver { run: u64, found: RunStatus },
    #[error("run {run} may be undone from {undo_at} on, block time is {now}")]
    TooEarlyToUndo { run: u64, undo_at: u64, now: u64 },
    #[error("the undo of run {run} configures the vault too soon after a new feed (R-19): from {free_at}, now {now}")]
    UndoAfterFeed { run: u64, free_at: u64, now: u64 },
    #[error(
        "step {step} of run {run} cannot be called from so deep inside other contracts' calls: nothing of it is done"
    )]
    TooDeep { run: u64, step: u8 },
    #[error("incident {incident} is not over: the level is {found}, quiet since {quiet_since}, block time is {now}")]
    NotOver { incident: u64, found: Level, quiet_since: u64, now: u64 },

    #[error("there is no incident {incident}")]
    UnknownIncident { incident: u64 },
    #[error("cannot migrate from {found}: this is {wanted}")]
    Migration { wanted: String, found: String },
    #[error("there is no reply with id {id}")]
    UnknownReply { id: u64 },
}
