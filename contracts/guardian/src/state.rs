//! Every key of the guardian: what it holds, who writes it, what bounds its size.
//!
//! The keys `suite`, `operations` and `executing` and the reply ids stay as they are in every later version: when an
//! operation migrates the guardian itself, the new code gets the reply of the old one.

use cosmwasm_schema::cw_serde;
use cw_storage_plus::{Item, Map};
use firebreak_messages::guardian::{
    CouncilAction, CouncilConfig, Delays, Operation, Playbook, Role, Run, SignalTrigger, SuiteResponse, Tightening,
    Witness,
};
use firebreak_messages::{PackedItem, PackedMap};
use firebreak_risk::{RiskError, RiskResult};

/// Addresses of the other four. Written by `instantiate`.
pub const SUITE: Item<SuiteResponse> = Item::new("suite");
/// Who proposes and cancels, and who is about to. At most `ROLE_MEMBERS_MAX` and one candidate each. Written by
/// `instantiate`, `ProposeRole`, `AcceptRole`, `CompleteRole`, `RevokeRole`.
pub const ROLES: Item<Roles> = Item::new("roles");
/// Written by `instantiate`, `SetDelays`.
pub const DELAYS: Item<Delays> = Item::new("delays");
/// operation id -> operation. Written by `Schedule`, `Cancel`, `Execute`; grows with what proposers schedule, never
/// looped over.
pub const OPERATIONS: Map<u64, Operation> = Map::new("operations");
/// Id of the next operation. Written by `Schedule`.
pub const NEXT_OPERATION: Item<u64> = Item::new("next_operation");
/// The operation whose calls run now; set by `Execute`, removed by its reply, so never seen between transactions.
pub const EXECUTING: Item<u64> = Item::new("executing");
/// When R-19's delay began: the last operation that set a feed, or a run whose step did, which begin it anew only
/// when the one before has been over for as long as it lasted. Seconds; absent before the first. Written by `RunCalls`, replies
/// to steps.
pub const FEED_SET_AT: Item<u64> = Item::new("feed_set_at");
/// When an operation of class `roles` or slower last configured the vault: the other order of R-19. Seconds; absent before the
/// first. Written by `RunCalls`.
pub const VAULT_CONFIGURED_AT: Item<u64> = Item::new("vault_configured_at");
/// address -> when it last ceased to be a proposer, seconds. Written by `RevokeRole`, `CompleteRole`; grows with what
/// the timelock revokes, never looped over.
pub const REVOKED_AT: Map<&str, u64> = Map::new("revoked_at");
/// Written by `instantiate`, `SetCouncil`, `AcceptCouncil`.
pub const COUNCIL: PackedItem<CouncilConfig> = PackedItem::new("council", 1);
/// The group that is about to be the council; absent when there is none. Written by `SetCouncil`, `AcceptCouncil`; apart
/// from the council, so that a confirmation does not read it.
pub const COUNCIL_CANDIDATE: PackedItem<CouncilCandidate> = PackedItem::new("council_candidate", 1);
/// council, sentinel, role or playbook -> the oldest operation that may still decide it: the last one that did; of the council from a takeover on,
/// the next one to be scheduled. Grows with what the timelock decides, never looped over.
pub const LAST_WORD: Map<&str, u64> = Map::new("last_word");
/// The council's nonce and the actions that wait for confirmations. Written by `instantiate`, `Confirm`, `SetCouncil`, `AcceptCouncil`. One
/// record: R-20 bounds what the deciding confirmation may cost.
pub const BALLOT: PackedItem<Ballot> = PackedItem::new("ballot", 1);
/// incident id -> incident. Written by `Signal`, `Confirm`, `Advance`, runs of playbooks; a market gets at most one an
/// hour from signals, never looped over.
pub use firebreak_messages::guardian::layout::INCIDENTS;
/// Id of the next incident. Written by `Signal`, `Confirm`.
pub const NEXT_INCIDENT: PackedItem<u64> = PackedItem::new("next_incident", 1);
/// Names of the playbooks and the signals that they wait for: what a signal reads. At most `PLAYBOOKS_MAX`. Written by
/// `SetPlaybook`, `RemovePlaybook`.
pub const ARMED: PackedItem<Vec<Armed>> = PackedItem::new("armed", 1);
/// playbook -> what was approved. At most `PLAYBOOKS_MAX`. Written by `SetPlaybook`, `RemovePlaybook`.
pub const PLAYBOOKS: PackedMap<String, Approved> = PackedMap::new("playbook", 1);
/// playbook -> when it ran. Apart from the playbook, which is long: a run writes this one only. Written by runs; kept
/// when a playbook is replaced, so that its budget does not begin anew, and when it is removed.
pub const HISTORIES: PackedMap<String, History> = PackedMap::new("history", 1);
/// run id -> run. Written by runs, their replies, `Undo`, `Advance`, `Confirm`; grows with what the budgets admit, never
/// looped over.
pub const RUNS: PackedMap<u64, Run> = PackedMap::new("run", 1);
/// This, then the target of a call -> runs that changed it and have an undo for it: each as eight bytes, its id times STEPS_MAX and
/// which step of its undo that is. At most one that is to be undone for each of PLAYBOOKS_MAX, and one that such a run took over.
/// Bytes as they are: another packed type costs a kilobyte of code. Written by runs.
pub const CHANGED_BY: &str = "changed_by ";
/// Id of the next run.
pub const NEXT_RUN: PackedItem<u64> = PackedItem::new("next_run", 1);
/// Keys that may do one small thing once. At most `SENTINELS_MAX`. Written by `SetSentinel`, `RemoveSentinel`, `Trip`,
/// `AcceptSentinel`.
pub const SENTINELS: PackedItem<Vec<SentinelRecord>> = PackedItem::new("sentinels", 2);
/// address -> its last sign of life, seconds. Written by `Heartbeat`, `AcceptSentinel`, `Trip`; by sentinels, cancellers and members only,
/// never looped over.
pub const HEARTBEATS: PackedMap<String, u64> = PackedMap::new("heartbeat", 1);
/// operation id -> accounts that it must not make liquidatable. At most `WITNESSES_MAX`. Written by `Witness`.
pub const WITNESSES: PackedMap<u64, Vec<Witness>> = PackedMap::new("witnesses", 1);
/// When an operation last configured what, seconds: under contract and market, feed or parameters; under the contract, if the call names
/// none of them; under the contract and [`ANYTHING`] in any case. Written by `RunCalls`; grows with what the timelock calls.
pub const CONFIGURED_AT: PackedMap<String, u64> = PackedMap::new("configured_at", 1);
/// Behind a contract in a key of CONFIGURED_AT.
pub const ANYTHING: &str = " anything";
/// market id -> the incident that its last signal belongs to. Written by `Signal`.
pub const SIGNALED: PackedMap<u16, u64> = PackedMap::new("signaled", 1);

/// Holders and candidates of both roles.
#[cw_serde]
pub struct Roles {
    pub proposers: Vec<String>,
    pub cancellers: Vec<String>,
    /// At most one for each role.
    pub candidates: Vec<Candidate>,
}

#[cw_serde]
pub struct Candidate {
    pub role: Role,
    pub candidate: String,
    pub replaces: Option<String>,
    /// Set when the candidate accepts.
    pub effective_at: Option<u64>,
    /// From when on it is no candidate any more; moved on by its acceptance.
    pub expires_at: u64,
}

impl Roles {
    pub fn holders(&self, role: Role) -> &Vec<String> {
        match role {
            Role::Proposer => &self.proposers,
            Role::Canceller => &self.cancellers,
        }
    }
    pub fn holders_mut(&mut self, role: Role) -> &mut Vec<String> {
        match role {
            Role::Proposer => &mut self.proposers,
            Role::Canceller => &mut self.cancellers,
        }
    }
    pub fn holds(&self, role: Role, address: &str) -> bool {
        self.holders(role).iter().any(|holder| holder == address)
    }
    pub fn candidate(&self, role: Role) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.role == role)
    }
    pub fn drop_candidate(&mut self, role: Role) {
        self.candidates.retain(|candidate| candidate.role != role);
    }
}

/// A playbook of the register, as a signal sees it.
#[cw_serde]
pub struct Armed {
    pub playbook: String,
    /// At most `SIGNALS_MAX`.
    pub signals: Vec<SignalTrigger>,
}

/// A sentinel: named, armed or spent.
#[cw_serde]
pub struct SentinelRecord {
    pub address: String,
    pub step: Tightening,
    pub armed: bool,
    /// 0: never.
    pub tripped_at: u64,
    /// Until when its own acceptance arms it, seconds; 0: it has accepted.
    pub accept_until: u64,
}

impl SentinelRecord {
    /// Whether it is named and its time has not passed.
    pub fn may_accept(&self, now: u64) -> bool {
        now < self.accept_until
    }
}

/// A council that its members have not accepted yet.
#[cw_serde]
pub struct CouncilCandidate {
    pub config: CouncilConfig,
    /// At most `CONFIRMATIONS_MAX`.
    pub accepted: Vec<String>,
    /// From when on it is no candidate any more, seconds.
    pub expires_at: u64,
}

/// A playbook and when it was approved, seconds.
#[cw_serde]
pub struct Approved {
    pub playbook: Playbook,
    pub approved_at: u64,
}

/// When a playbook ran.
#[cw_serde]
#[derive(Default)]
pub struct History {
    /// Starts of its last runs, seconds, oldest first. At most `RUNS_MAX` and one more, of which no step may have succeeded:
    /// such a run is taken out again.
    pub starts: Vec<u64>,
    /// 0 before the first.
    pub last_run: u64,
}

/// What the council is about to decide.
#[cw_serde]
#[derive(Default)]
pub struct Ballot {
    /// Raised by a counted action, by `SetCouncil`, by a new council and by the group's `MemberChangedHook`.
    pub nonce: u64,
    /// How often the group's members have changed.
    pub epoch: u64,
    /// At most `PENDING_ACTIONS_MAX`; emptied whenever the nonce is raised.
    pub pending: Vec<Pending>,
}

/// A council action that waits.
#[cw_serde]
pub struct Pending {
    pub action: CouncilAction,
    /// At most `CONFIRMATIONS_MAX`.
    pub confirmations: Vec<String>,
    /// When the first member raised it, seconds.
    pub raised_at: u64,
    pub expires_at: u64,
}

/// Takes the next number of a counter. Ids count up by themselves: they work without a transaction index, as in a
/// proposal that the chain executes at a block's end, and two in one transaction differ.
pub fn after(id: u64, what: &'static str) -> RiskResult<u64> {
    id.checked_add(1).ok_or(RiskError::Overflow { what })
}

/// A moment some seconds from now.
pub fn later(now: u64, seconds: u64) -> RiskResult<u64> {
    now.checked_add(seconds).ok_or(RiskError::Overflow { what: "a time" })
}
