//! Procedures that were approved in advance: playbooks, their runs, and what the council and the breaker do with them.

use crate::circuit_breaker::Scope;
use crate::ids::{MarketId, RuleId};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Binary;
use firebreak_risk::Level;

/// Playbooks that are approved at a time.
pub const PLAYBOOKS_MAX: usize = 16;
/// Steps of a playbook, and steps of its undo.
pub const STEPS_MAX: usize = 4;
/// Signals that start a playbook.
pub const SIGNALS_MAX: usize = 8;
/// Playbooks that one signal starts; another one waits for the next signal.
pub const RUNS_PER_SIGNAL_MAX: usize = 2;
/// Runs of one playbook within its window.
pub const RUNS_MAX: u32 = 8;
/// Bytes of a playbook's name.
pub const NAME_MAX: usize = 32;
/// Bytes of a step's message.
pub const STEP_BYTES_MAX: usize = 4_096;
/// An approval ends at most this long after it was given, seconds.
pub const APPROVAL_MAX_SECONDS: u64 = 31_622_400;

/// A restriction from now on.
#[cw_serde]
pub struct Tightening {
    pub scope: Scope,
    /// Bounds: `Guarded`, `ReduceOnly` or `Frozen`.
    pub level: Level,
    /// Bounds: at least 1; at most the council's budget for the level, or 86,400 (`Frozen`) and 604,800 (others) in a
    /// playbook.
    pub duration_seconds: u64,
}

/// What k council members may do at once. Nothing here loosens: a procedure was approved through the timelock, with its
/// steps and its undo.
#[cw_serde]
pub enum CouncilAction {
    /// Adds a restriction of source `council`.
    Restrict(Tightening),
    /// Runs a playbook that leaves its start to the council.
    Run { playbook: String },
    /// Opens an incident that no rule saw. `began_at` is when the trouble began, as far as known; at most now. Bounds of
    /// `cause`: 1 to 64 bytes.
    Open { scope: Scope, cause: String, began_at: u64 },
    /// Closes an incident, or corrects the verdict of a closed one.
    Close(Closing),
}

impl CouncilAction {
    pub const fn restrict(scope: Scope, level: Level, duration_seconds: u64) -> Self {
        Self::Restrict(Tightening { scope, level, duration_seconds })
    }
}

/// How an incident ends.
#[cw_serde]
pub struct Closing {
    pub incident: u64,
    /// Whether it was none.
    pub false_alarm: bool,
    /// SHA-256 of the report. Bounds: 32 bytes.
    pub post_mortem: Option<Binary>,
    /// When the trouble really began, as the report says; what opened the incident knows no more than its evidence. `None`
    /// leaves what is on record. Bounds: 1 to the incident's `detected_at`.
    pub began_at: Option<u64>,
}

/// One step of a playbook.
#[cw_serde]
pub enum Step {
    /// Adds a restriction of source `procedure`, from the moment of the run on.
    Restrict(Tightening),
    /// A message to oracle, breaker, fund or vault, in the guardian's name, without coins. Refused: what ends or adds
    /// restrictions, and what wires the suite (hook, guardian, registrations).
    Call { contract: String, msg: Binary },
    /// Announces the settlement of a market or of the vault, so long after the run. Waits in the slowest class, as the message
    /// itself does; a call cannot do it, since it could not know the time. Bounds: 3,600 to 2,592,000, and the vault's own.
    Settle { scope: Scope, notice_seconds: u64 },
    /// Contests a market from the moment of the run on: its realised profit stops vesting, and ends where it stood when the time is
    /// over. Never shortens a contest. No undo, and no call can do it. Bounds of `seconds`: 1 to 1,209,600.
    Contest { market: MarketId, seconds: u64 },
}

/// A signal that starts a playbook.
#[cw_serde]
pub struct SignalTrigger {
    /// `None`: any market.
    pub market: Option<MarketId>,
    /// `None`: any rule, those included that a trader can feed by what he does (flow, concentration, liquidations, ...): for
    /// restrictions. What moves coins or parameters names rules about prices, a trigger for each. A quorum of observers speaks
    /// through a rule of the breaker, so it is one of these too.
    pub rule: Option<RuleId>,
    /// The level of the signal, or a tighter one.
    pub level: Level,
}

/// A codified procedure: approved once through the timelock, then run at once.
///
/// Its approval waits for the slowest class among its steps and its undo, and for a `roles` delay at least: wrapping a
/// message in a playbook shortens no delay.
#[cw_serde]
pub struct Playbook {
    /// Bounds: 1 to 32 bytes.
    pub name: String,
    /// Runs in the transaction of any of these signals. Bounds: at most 8.
    pub signals: Vec<SignalTrigger>,
    /// Whether k council members may run it. A playbook has this or a signal.
    pub council: bool,
    /// Each one runs by itself: one that fails undoes neither the others nor the signal. Bounds: 1 to 4.
    pub steps: Vec<Step>,
    /// Messages that take back what the calls changed; restrictions end by themselves. Bounds: at most 4, calls only, and none
    /// that sets a feed: whoever may undo must not bring back sources that were thought compromised. Neither these nor the steps ask
    /// for more maintenance margin than their market does at the approval.
    pub undo: Vec<Step>,
    /// From when after the run on anyone may undo it, seconds. Bounds: 60 to 2,592,000; 0 without an undo.
    pub undo_after_seconds: u64,
    /// Whether the incident's resolution undoes it sooner.
    pub undo_when_resolved: bool,
    /// Runs within `window_seconds`; one of which no step succeeded does not count. Bounds: 1 to 8.
    pub runs_max: u32,
    /// Bounds: 3,600 to 2,592,000.
    pub window_seconds: u64,
    /// Between two runs, seconds. Bounds: 60 to `window_seconds`.
    pub cool_down_seconds: u64,
    /// Last second of the approval. Bounds: after the approval, at most 366 days.
    pub not_after: u64,
    /// Gas of each step. Bounds: 100,000 to 2,000,000. A run by signal happens within the gas that the breaker gives to
    /// the guardian: whoever approves the playbook compares the sum.
    pub step_gas_limit: u64,
}

#[cw_serde]
pub struct PlaybookResponse {
    pub playbook: Playbook,
    pub approved_at: u64,
    /// Runs within the window of now.
    pub runs: u32,
    /// From when on it may run again, seconds; now when it may.
    pub free_at: u64,
    /// The run that was last; 0 before the first.
    pub last_run: u64,
    /// Whether a call of it would be passed over as [`StepOutcome::Stale`]: to be approved anew.
    pub stale: bool,
}

#[cw_serde]
pub struct PlaybooksResponse {
    pub playbooks: Vec<PlaybookResponse>,
}

/// How a step ended. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum StepOutcome {
    /// Not run yet.
    Waiting,
    Done,
    /// Refused by its target: it wrote nothing.
    Failed,
    /// Passed over: the timelock has configured the target since the approval, and a playbook does not overwrite what was
    /// decided after it.
    Stale,
    /// Passed over: a feed was set less than a `roles` delay before, and the step configures or settles the vault.
    Held,
    /// Passed over: a run of another playbook has changed the same target and waits for its undo. Its undo brings the target back,
    /// and until then nothing loosens it; a call that only tightens limits on new exposure goes all the same.
    Claimed,
}
crate::enum_text!(StepOutcome {
    Waiting = "waiting", Done = "done", Failed = "failed", Stale = "stale", Held = "held", Claimed = "claimed"
});

/// Where a run stands. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum RunStatus {
    /// To be undone.
    Active,
    /// Undone, or there was nothing to undo.
    Ended,
    /// Another run of the playbook, or a new decision of the timelock about it, took its undo over.
    Superseded,
}
crate::enum_text!(RunStatus { Active = "active", Ended = "ended", Superseded = "superseded" });

/// One run of a playbook. The order of fields is the packed format.
#[cw_serde]
pub struct Run {
    pub run: u64,
    pub playbook: String,
    pub incident: u64,
    pub started_at: u64,
    /// From when on anyone may undo it, seconds.
    pub undo_at: u64,
    pub status: RunStatus,
    /// In the order of the playbook's steps.
    pub steps: Vec<StepOutcome>,
    /// In the order of its undo.
    pub undo: Vec<StepOutcome>,
}

#[cw_serde]
pub struct RunsResponse {
    pub runs: Vec<Run>,
}

crate::facts! {
    PlaybookApproved = "playbook_approved" { playbook: String, steps: u64, undo: u64, not_after: u64 }
    PlaybookRemoved = "playbook_removed" { playbook: String }
    PlaybookStarted = "playbook_started" { playbook: String, run: u64, incident: u64, undo_at: u64 }
    /// A step, or with `undo` a step of the undo, ended.
    PlaybookStep = "playbook_step" { run: u64, step: u64, undo: bool, outcome: StepOutcome }
    PlaybookUndone = "playbook_undone" { playbook: String, run: u64, incident: u64 }
}
