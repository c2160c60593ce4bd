//! Messages and records of the `guardian`.

use crate::circuit_breaker::{MarketSetup as GuardSetup, ObserversConfig};
use crate::derivatives_vault::{MarketSetup as VaultMarketSetup, VaultParameters};
use crate::ids::{AccountId, MarketId, RuleId};
use crate::insurance_fund::FundConfig;
use crate::oracle::FeedSetup;
use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Binary, Coin};
use firebreak_risk::{Level, Ratio, Stolen};

mod incident;
mod powers;
mod procedure;
mod templates;
pub use incident::*;
pub use powers::*;
pub use procedure::*;
pub use templates::Template;

/// Calls of one scheduled operation.
pub const CALLS_MAX: usize = 8;
/// Proposers and cancellers, each.
pub const ROLE_MEMBERS_MAX: usize = 8;
/// Confirmations that one council action keeps, the heaviest ones; the one that decides comes on top.
pub const CONFIRMATIONS_MAX: usize = 15;
/// Council actions that wait for confirmations at a time, the heaviest ones.
pub const PENDING_ACTIONS_MAX: usize = 16;
/// Accounts that an operation must not make liquidatable.
pub const WITNESSES_MAX: usize = 8;
/// Kinds of coins of one call.
pub const CALL_COINS_MAX: usize = 4;
/// How long a step down for thin coverage holds, seconds.
pub const COVERAGE_STEP_SECONDS: u64 = 3_600;
/// Bytes of an operation's description.
pub const DESCRIPTION_MAX: usize = 1_024;
/// Longest time between an operation's readiness and its `not_after`, seconds.
pub const EXECUTION_WINDOW_MAX_SECONDS: u64 = 2_592_000;
/// What is left of an operation that configures the vault when its dry run gives way, at least, seconds.
pub const DRY_RUN_ROOM_SECONDS: u64 = 3_600;
/// A restriction by the timelock that is tighter than `Guarded` for longer waits like a role, seconds.
pub const RESTRICTION_LONG_SECONDS: u64 = firebreak_risk::NOTICE_RESTRICTION_SECONDS;
/// A candidacy ends this long after its proposal; an accepted one this long after it became effective. Of a council and a
/// sentinel too. Seconds.
pub const CANDIDACY_SECONDS: u64 = 2_592_000;

/// Instantiated with `instantiate2`, with itself as its wasm admin: the bootstrap of the other four contracts fails on
/// any other admin.
#[cw_serde]
pub struct InstantiateMsg {
    pub roles: RolesSetup,
    pub delays: Delays,
    pub council: CouncilConfig,
    /// Coin of the vault and the fund.
    pub denom: String,
    pub codes: SuiteCodes,
    /// Salt of the children's addresses; one byte is added for each child. Bounds: 1 to 63 bytes.
    pub salt: Binary,
    pub feeds: Vec<FeedSetup>,
    /// One for every market of `markets`, on the same feed.
    pub guards: Vec<GuardSetup>,
    /// Who may attest to the breaker.
    pub observers: ObserversConfig,
    pub vault: VaultParameters,
    pub markets: Vec<VaultMarketSetup>,
    pub fund: FundConfig,
    pub gas: GasLimits,
}

/// Who may propose to the timelock and who may cancel. Disjoint.
#[cw_serde]
pub struct RolesSetup {
    /// Bounds: 1 to 8.
    pub proposers: Vec<String>,
    /// Bounds: 1 to 8.
    pub cancellers: Vec<String>,
}

#[cw_serde]
pub struct SuiteCodes {
    pub oracle: u64,
    pub circuit_breaker: u64,
    pub insurance_fund: u64,
    pub derivatives_vault: u64,
}

/// Gas that a consequence may burn: breaker called by the oracle, guardian by the breaker.
/// Bounds: `breaker >= worst trip (200,000) + guardian + reply (10,000)`, which is one trip.
///
/// A message that moves several feeds is one evaluation, with a trip and a signal for each market of these feeds.
/// `breaker` need not cover all of them at their limits: that would be the sum above for every market, beyond the
/// hook's 5,000,000 for a suite of many. It fails safe: an evaluation that runs out of gas renews no lease, so the
/// markets are reduce-only. The prices stand, and anyone may evaluate again, feed by feed, without the hook's limit.
///
/// Compared at the bootstrap only. A later `SetHook` or `SetGuardian` is one contract's own figure: whoever schedules
/// it compares it with the other one.
#[cw_serde]
pub struct GasLimits {
    pub breaker: u64,
    pub guardian: u64,
}

/// Delay of each class, seconds. Bounds: floors in code: `parameters` 3,600, `roles` 86,400, `code` 172,800; each at
/// least as long as the one before and at most 2,592,000, since a typing error could otherwise never be corrected.
#[cw_serde]
pub struct Delays {
    /// What takes nothing from anybody and loosens nothing: limits on a market's new exposure none of which is wider than now,
    /// restrictions, contests that end no sooner than the one that is on, first loss for a pool within the fund's window.
    pub parameters: u64,
    /// One step of every other parameter of market, vault and fund; the breaker's rules, owners, roles, delays, feeds (their feeders own the price), ends of
    /// restrictions, restrictions beyond `Guarded` for more than seven days, fund registrations.
    pub roles: u64,
    /// Code migration, parameters in more than one step, new markets, settlements and every call that the guardian does not know.
    pub code: u64,
}

#[cw_serde]
pub struct CouncilConfig {
    /// A cw4 group; its members' weights are read raw when they are counted.
    pub group: String,
    /// Weight that must confirm. Bounds: at least 1, at most the group's total, and at most what the 15 heaviest
    /// members weigh together, of the first 240 by address.
    pub threshold: u64,
    /// Longest restriction that the council may add, by level. Bounds: `Frozen` at most 86,400; others at most 604,800.
    pub frozen_seconds_max: u64,
    pub restriction_seconds_max: u64,
    /// Seconds within which confirmations must come together. Bounds: 60 to 86,400.
    pub confirmation_window_seconds: u64,
}

/// The delay classes, from short to long.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum DelayClass {
    Parameters,
    Roles,
    Code,
}
crate::enum_text!(DelayClass { Parameters = "parameters", Roles = "roles", Code = "code" });

/// One call of a scheduled operation.
#[cw_serde]
pub enum Call {
    /// A message to a contract, as JSON.
    Execute { contract: String, msg: Binary, funds: Vec<Coin> },
    /// A migration of a contract that the guardian administrates, itself included.
    Migrate { contract: String, code_id: u64, msg: Binary },
}

#[cw_serde]
pub enum ExecuteMsg {
    /// Proposers only. Waits for the longest delay among its calls. `predecessor` must have been executed before.
    /// `not_after` is the last second in which it may be executed. Bounds: 1 to 8 calls, `not_after` after the delay
    /// and at most 30 days after it; if the calls configure the vault or set a feed, both a `roles` delay and an hour later, so
    /// that neither the dry run nor R-19 can run them out. Emits [`OperationScheduled`].
    Schedule { calls: Vec<Call>, not_after: u64, predecessor: Option<u64>, description: String },
    /// Cancellers only; a failed operation too. Emits [`OperationCanceled`].
    Cancel { operation: u64 },
    /// Anyone, when ready. Proposer's authority and the delays of now are checked again. The calls run in
    /// a sub-message: a failure leaves no writes and the status `failed`. What failed may be executed again
    /// until `not_after`. A configuration of the vault is refused within a `roles` delay after a feed was set; a feed, within one
    /// after an operation of class `roles` or slower configured the vault. Both in one operation wait for each other no
    /// longer, and a playbook's steps set feeds at any time. A configuration of the vault fails when it makes a named witness liquidatable, until a further `roles` delay has passed: rejected or delayed, so
    /// that nobody can veto with an account of their own.
    /// Emits [`OperationExecuted`] or [`OperationFailed`].
    Execute { operation: u64 },
    /// A council member confirms an action. `nonce` is the council's current nonce: a counted action raises it, which
    /// voids every older confirmation. The k-th confirmation acts in its own transaction.
    /// Emits [`ActionConfirmed`], and what the action says: [`IncidentOpened`] with the breaker's `RestrictionAdded`, [`PlaybookStarted`], [`IncidentAdvanced`].
    Confirm { action: CouncilAction, nonce: u64 },
    /// The breaker only: a rule tripped. Opens the market's incident, or continues the one whose last signal is less
    /// than an hour old, with one more cause if it is another rule, and starts the playbooks that wait for it: at most 2, each step a sub-message of its own. A
    /// playbook that may not run now is passed over. Emits [`IncidentOpened`] or [`IncidentCause`], [`PlaybookStarted`], [`PlaybookStep`].
    Signal { market: MarketId, rule: RuleId, level: Level, moved: Ratio, observed_at: u64 },
    /// The guardian itself only: names a candidate for a role in place of `replaces`, or beside the others. A
    /// role has one candidate at a time, the last one named. Emits [`RoleProposed`].
    ProposeRole { role: Role, candidate: String, replaces: Option<String> },
    /// The candidate accepts, within 30 days; the role is effective after the `roles` delay. Emits
    /// [`RoleAccepted`].
    AcceptRole { role: Role },
    /// Anyone, after that delay and at most 30 days after it: makes the accepted candidate a holder. Emits
    /// [`RoleChanged`].
    CompleteRole { role: Role },
    /// The guardian itself only; ends a candidacy too. What a revoked proposer scheduled never runs, even if it comes
    /// back. At least one proposer and one canceller stay. Emits [`RoleChanged`].
    RevokeRole { role: Role, address: String },
    /// The guardian itself only. Shortening a delay waits for that very delay. Emits [`DelaysChanged`].
    SetDelays { delays: Delays },
    /// The guardian itself only. Of the group that is the council: its figures change at once, every open confirmation is void
    /// and no other group is a candidate any more. Of another group: it is the candidate, in place of the last one, and the
    /// present council stays in power. Refused in an operation that was scheduled before the one that
    /// last did either, or before the last takeover. Emits [`CouncilChanged`], [`CouncilNamed`].
    SetCouncil { council: CouncilConfig },
    /// A member of the candidate's group, within 30 days after it was named: accepts what the `council` query shows of it, to the
    /// figure. The acceptance that reaches the candidate's threshold makes it the council at once, if the group tells the guardian
    /// of other members or nobody can change them. Emits [`CouncilAccepted`], [`CouncilChanged`].
    AcceptCouncil(CouncilConfig),
    /// The guardian itself only: runs an operation's calls inside the sub-message of `Execute`.
    RunCalls { operation: u64 },
    /// The guardian itself only: approves a playbook, or replaces the one of that name; a run of it that waits for its undo
    /// is superseded. Emits [`PlaybookApproved`].
    SetPlaybook(Playbook),
    /// The guardian itself only. Emits [`PlaybookRemoved`].
    RemovePlaybook { playbook: String },
    /// Anyone, from the run's `undo_at` on. A step that failed may be tried again. Emits [`PlaybookStep`],
    /// [`PlaybookUndone`].
    Undo { run: u64 },
    /// Anyone: brings an incident's status up to what the breaker's record says now. Unrestricted, quiet for an hour and
    /// with nothing left to undo, it is resolved; runs that are due are undone on the way. Emits [`IncidentAdvanced`].
    Advance { incident: u64 },
    /// The guardian itself only: arms a sentinel anew, or names one, which accepts by its own key. Emits
    /// [`SentinelSet`].
    SetSentinel(Sentinel),
    /// The guardian itself only. Emits [`SentinelRemoved`].
    RemoveSentinel { address: String },
    /// An armed sentinel: its one step, in this transaction, as a restriction of source `procedure`. Emits
    /// [`IncidentOpened`], [`SentinelTripped`].
    Trip {},
    /// A sentinel that was named at most 30 days ago: accepts the step that the `sentinels` query shows of it, and is armed. Emits
    /// [`SentinelSet`].
    AcceptSentinel(Tightening),
    /// Sentinels that have accepted, cancellers and council members: a sign of life. Emits [`HeartbeatGiven`].
    Heartbeat {},
    /// Anyone, while the insurance fund holds less than half of its stress loss (F13): every market is `Guarded` for an hour, as a
    /// restriction of source `procedure`; again as long as it is true. Emits [`CoverageThin`].
    StepDown {},
    /// Anyone, before the execution of an operation that configures the vault: names accounts that it must not make
    /// liquidatable at the unchanged prices. The 8 nearest to liquidation are kept. Bounds: 1 to 8 accounts.
    /// Emits [`WitnessesNamed`].
    Witness { operation: u64, accounts: Vec<AccountId> },
    /// The guardian itself only: the last call of such an operation. An account that could not be liquidated before it and
    /// can be now fails the whole operation.
    CheckWitnesses { accounts: Vec<AccountId> },
    /// The council's cw4 group: its members changed, so every open confirmation is void. Of
    /// the group that is to be the council: every acceptance is, and it is as if named anew, without more time. Never an error, from
    /// anyone: a group's hook that fails would keep the group from changing. From strangers it does nothing.
    /// Emits [`CouncilVoided`], [`CouncilNamed`].
    MemberChangedHook { diffs: Vec<MemberDiff> },
}

/// An account that an operation must not make liquidatable.
#[cw_serde]
pub struct Witness {
    pub account: AccountId,
    /// Maintenance margin as a share of equity when it was named: near one is near liquidation.
    pub strain: Ratio,
}

#[cw_serde]
pub struct WitnessesResponse {
    pub witnesses: Vec<Witness>,
}

/// As a cw4 group writes it.
#[cw_serde]
pub struct MemberDiff {
    pub key: String,
    pub old: Option<u64>,
    pub new: Option<u64>,
}

#[cw_serde]
#[derive(Copy, Eq)]
pub enum Role {
    Proposer,
    Canceller,
}
crate::enum_text!(Role { Proposer = "proposer", Canceller = "canceller" });

#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Addresses of the suite.
    #[returns(SuiteResponse)]
    Suite {},
    #[returns(RolesResponse)]
    Roles {},
    #[returns(Operation)]
    Operation { operation: u64 },
    /// Pages by id; limit at most 32.
    #[returns(OperationsResponse)]
    Operations { start_after: Option<u64>, limit: Option<u32> },
    /// The delay class of a call, and why.
    #[returns(ClassOfResponse)]
    ClassOf { call: Call },
    /// Nonce and open confirmations.
    #[returns(CouncilResponse)]
    Council {},
    #[returns(Incident)]
    Incident { incident: u64 },
    /// Pages by id; limit at most 32.
    #[returns(IncidentsResponse)]
    Incidents { start_after: Option<u64>, limit: Option<u32> },
    /// Time to detect, to contain, to recover.
    #[returns(IncidentTimesResponse)]
    IncidentTimes { incident: u64 },
    /// All playbooks, with what is left of their budgets; at most 16.
    #[returns(PlaybooksResponse)]
    Playbooks {},
    /// Pages by id; limit at most 32.
    #[returns(RunsResponse)]
    Runs { start_after: Option<u64>, limit: Option<u32> },
    /// Who can do what, how fast, for how long, and who has been silent for 30 days.
    #[returns(PowersResponse)]
    Powers {},
    #[returns(SentinelsResponse)]
    Sentinels {},
    /// The accounts that an operation must not make liquidatable; at most 8.
    #[returns(WitnessesResponse)]
    Witnesses { operation: u64 },
    /// The most that stolen keys cost others within so many seconds; without them for ever, with an honest DAO. Computed from
    /// what vault, fund and guardian hold and allow now (`docs/max-loss.md`).
    #[returns(firebreak_risk::MaxLoss)]
    MaxLoss { stolen: Stolen, horizon_seconds: Option<u64> },
}

#[cw_serde]
pub struct MigrateMsg {}

#[cw_serde]
pub struct SuiteResponse {
    pub oracle: String,
    pub circuit_breaker: String,
    pub insurance_fund: String,
    pub derivatives_vault: String,
}

#[cw_serde]
pub struct RolesResponse {
    pub proposers: Vec<String>,
    pub cancellers: Vec<String>,
    pub candidates: Vec<CandidateResponse>,
    pub delays: Delays,
}

#[cw_serde]
pub struct CandidateResponse {
    pub role: Role,
    pub candidate: String,
    pub replaces: Option<String>,
    /// When the candidate may complete; `None` before it accepted.
    pub effective_at: Option<u64>,
    /// From when on it can neither accept nor complete.
    pub expires_at: u64,
}

#[cw_serde]
#[derive(Copy, Eq)]
pub enum OperationStatus {
    Scheduled,
    Executed,
    Failed,
    Canceled,
}
crate::enum_text!(OperationStatus {
    Scheduled = "scheduled", Executed = "executed", Failed = "failed", Canceled = "canceled"
});

#[cw_serde]
pub struct Operation {
    pub operation: u64,
    pub proposer: String,
    pub calls: Vec<Call>,
    pub class: DelayClass,
    pub scheduled_at: u64,
    pub ready_at: u64,
    pub not_after: u64,
    pub predecessor: Option<u64>,
    pub description: String,
    pub status: OperationStatus,
}

#[cw_serde]
pub struct OperationsResponse {
    pub operations: Vec<Operation>,
}

#[cw_serde]
pub struct ClassOfResponse {
    pub class: DelayClass,
    pub delay_seconds: u64,
    pub reason: String,
}

#[cw_serde]
pub struct CouncilResponse {
    pub config: CouncilConfig,
    pub nonce: u64,
    /// How often the group has told of other members. Each time the nonce went up too.
    pub epoch: u64,
    pub pending: Vec<PendingAction>,
    /// Whether the group tells the guardian of other members, as cw4-group and cw4-stake note it.
    pub hooked: bool,
    /// Who is the council once its members accept.
    pub candidate: Option<CouncilCandidateResponse>,
}

#[cw_serde]
pub struct CouncilCandidateResponse {
    pub config: CouncilConfig,
    pub accepted: Vec<Acceptance>,
    /// From when on it is no candidate any more, seconds.
    pub expires_at: u64,
}

/// A member who accepted, with the weight that counts now.
#[cw_serde]
pub struct Acceptance {
    pub member: String,
    pub weight: u64,
}

#[cw_serde]
pub struct PendingAction {
    pub action: CouncilAction,
    pub confirmations: Vec<String>,
    pub expires_at: u64,
}

crate::facts! {
    SuiteBootstrapped = "suite_bootstrapped" {
        oracle: String, circuit_breaker: String, insurance_fund: String, derivatives_vault: String,
    }
    OperationScheduled = "operation_scheduled" {
        operation: u64, proposer: String, class: DelayClass, ready_at: u64, not_after: u64,
    }
    OperationCanceled = "operation_canceled" { operation: u64, canceller: String }
    OperationExecuted = "operation_executed" { operation: u64 }
    OperationFailed = "operation_failed" { operation: u64 }
    ActionConfirmed = "action_confirmed" { member: String, weight: u64 }
    WitnessesNamed = "witnesses_named" { operation: u64, kept: u64 }
    /// Every open confirmation is void: the group has other members.
    CouncilVoided = "council_voided" { nonce: u64, epoch: u64 }
    RoleProposed = "role_proposed" { role: Role, candidate: String }
    RoleAccepted = "role_accepted" { role: Role, candidate: String, effective_at: u64 }
    /// Empty text: nobody.
    RoleChanged = "role_changed" { role: Role, granted: String, revoked: String }
    DelaysChanged = "delays_changed" {
        parameters_before: u64, parameters: u64, roles_before: u64, roles: u64, code_before: u64, code: u64,
    }
    CouncilNamed = "council_named" { group: String, threshold: u64, expires_at: u64 }
    CouncilAccepted = "council_accepted" { member: String, weight: u64 }
    CouncilChanged = "council_changed" {
        group_before: String, group: String, threshold_before: u64, threshold: u64,
        frozen_seconds_max_before: u64, frozen_seconds_max: u64,
        restriction_seconds_max_before: u64, restriction_seconds_max: u64,
        confirmation_window_seconds_before: u64, confirmation_window_seconds: u64, nonce: u64,
    }
}

/// Keys that others may read raw.
pub mod layout {
    use super::Incident;
    use crate::packed::PackedMap;

    /// id -> incident, open or closed. Written when it is opened, acted on, advanced or closed.
    pub const INCIDENTS: PackedMap<u64, Incident> = PackedMap::new("incident", 3);
}
