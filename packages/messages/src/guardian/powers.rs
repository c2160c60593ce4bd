//! Who can do what, how fast, for how long; sentinels and heartbeats.

use super::Tightening;
use cosmwasm_schema::cw_serde;
use firebreak_risk::{Amount, Level};

/// Sentinels at a time.
pub const SENTINELS_MAX: usize = 8;
/// Longest step of a sentinel, seconds: one key alone, so one small step.
pub const SENTINEL_GUARDED_MAX_SECONDS: u64 = 21_600;
pub const SENTINEL_REDUCE_ONLY_MAX_SECONDS: u64 = 3_600;
/// Who has not been heard of for longer is shown as silent, seconds. Nothing expires by it: a pauser that loses
/// its power by silence would be a pauser less when it is needed.
pub const HEARTBEAT_SECONDS: u64 = 2_592_000;

/// A key that may do one small thing once; armed anew by `SetSentinel`.
#[cw_serde]
pub struct Sentinel {
    pub address: String,
    /// Bounds: `Guarded` for at most 21,600 s or `ReduceOnly` for at most 3,600 s.
    pub step: Tightening,
}

#[cw_serde]
pub struct SentinelResponse {
    pub sentinel: Sentinel,
    pub armed: bool,
    /// Until when its own acceptance arms it, seconds; 0: it has accepted.
    pub accept_until: u64,
    /// 0: never.
    pub tripped_at: u64,
}

#[cw_serde]
pub struct SentinelsResponse {
    pub sentinels: Vec<SentinelResponse>,
}

/// What somebody is. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Holder {
    Proposer,
    Canceller,
    /// k of n together.
    Council,
    /// One of the n.
    Member,
    Sentinel,
    /// The breaker's rules.
    Rules,
    Anyone,
    /// Who names the members of the council's group, and so owns the council.
    GroupAdmin,
    /// A quorum of one feed; the oracle's `feeds` names them.
    Feeders,
    /// A quorum of them; the breaker's `observers` names them.
    Observers,
}

/// One thing that somebody can do.
#[cw_serde]
pub struct Power {
    pub holder: Holder,
    /// An address; empty for anyone, and for a group admin that cannot be read. Of feeders and observers the contract that names them.
    pub address: String,
    /// In plain words.
    pub what: String,
    /// The tightest level that it reaches at once; `Normal`: it restricts nothing by itself.
    pub level: Level,
    /// From the decision to its effect, seconds.
    pub delay_seconds: u64,
    /// How long the effect lasts at most, seconds; 0: for good, or as long as what it is about.
    pub seconds_max: u64,
    /// Whether it can be done now, as far as the guardian knows.
    pub ready: bool,
    /// Last heartbeat, seconds; 0: never, or nobody who gives one.
    pub heartbeat_at: u64,
    /// A person or key that has not been heard of for 30 days, or never.
    pub silent: bool,
}

#[cw_serde]
pub struct PowersResponse {
    pub powers: Vec<Power>,
}

crate::facts! {
    SentinelSet = "sentinel_set" { address: String, armed: bool }
    SentinelRemoved = "sentinel_removed" { address: String }
    SentinelTripped = "sentinel_tripped" { address: String, incident: u64, until: u64 }
    CoverageThin = "coverage_thin" { content: Amount, target: Amount, until: u64 }
    HeartbeatGiven = "heartbeat_given" { address: String, before: u64 }
}
