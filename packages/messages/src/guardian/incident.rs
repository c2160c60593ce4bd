//! Incidents: what went wrong, what was done about it, and how long each took.

use crate::circuit_breaker::{LevelText, Scope};
use crate::ids::{MarketId, Source};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::Binary;
use firebreak_risk::{Amount, Level};

/// A market's incident goes on while its signals are less than this apart, seconds. Quiet for as long, and unrestricted,
/// it may be resolved.
pub const INCIDENT_QUIET_SECONDS: u64 = 3_600;
/// Actions that an incident remembers, the first ones; the events have them all.
pub const INCIDENT_ACTIONS_MAX: usize = 16;
/// Causes that an incident remembers, the first ones; the breaker's events have every trip.
pub const CAUSES_MAX: usize = 8;
/// Bytes of a cause that people name.
pub const CAUSE_MAX: usize = 64;

/// ```text
///     +--------------------------------------------+
///     |                                            v
/// detected --> contained <--> recovering --> resolved
///     |            |              |             ^
///     +------------+--------------+---> false alarm (a verdict, which may be corrected)
/// ```
/// Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum IncidentStatus {
    /// Known, and nothing restricted yet.
    Detected,
    /// The first restriction is in force.
    Contained,
    /// What holds now is milder than the tightest level so far.
    Recovering,
    Resolved,
    FalseAlarm,
}
crate::enum_text!(IncidentStatus {
    Detected = "detected",
    Contained = "contained",
    Recovering = "recovering",
    Resolved = "resolved",
    FalseAlarm = "false-alarm",
});

/// What was done: a restriction, or a run of a playbook.
#[cw_serde]
pub struct IncidentAction {
    pub at: u64,
    pub source: Source,
    /// `Normal` for a run: its restrictions are its steps.
    pub level: Level,
    /// End of the restriction, of a run's longest one, seconds; 0 for a run that restricts nothing.
    pub until: u64,
    /// 0 for a restriction.
    pub run: u64,
}

/// The order of fields is the packed format. Times in seconds; 0 is never.
#[cw_serde]
pub struct Incident {
    pub incident: u64,
    /// `None`: all markets.
    pub market: Option<MarketId>,
    /// What opened it, then the other rules that continued it, each once, in their order. Bounds: 1 to 8.
    pub causes: Vec<String>,
    pub status: IncidentStatus,
    /// When the trouble began, as far as known: the time of the evidence for a signal, until the council's verdict says it.
    pub began_at: u64,
    /// When the evidence was observed; when the first council member raised it.
    pub detected_at: u64,
    /// When the first restriction was in force.
    pub contained_at: u64,
    /// When what held was first milder than before.
    pub recovering_at: u64,
    /// When it was closed.
    pub closed_at: u64,
    pub last_signal_at: u64,
    pub signals: u64,
    pub level_max: Level,
    /// Bounds: at most 16.
    pub actions: Vec<IncidentAction>,
    /// What the insurance fund had paid in all its time when the incident was opened. `None`: the fund could not be read.
    pub paid_before: Option<Amount>,
    /// What the insurance fund has paid since the incident was opened, up to its close or to its last update. `None`: not
    /// updated yet, or the fund could not be read.
    pub paid: Option<Amount>,
    /// SHA-256 of the report.
    pub post_mortem: Option<Binary>,
}

#[cw_serde]
pub struct IncidentsResponse {
    pub incidents: Vec<Incident>,
}

/// Seconds; `None` while it has not come to that.
#[cw_serde]
pub struct IncidentTimesResponse {
    pub incident: u64,
    /// From the beginning to the evidence: 0 for what a rule or a sentinel opened, until the council's verdict says when it began.
    pub time_to_detect: u64,
    /// From the evidence, for the council's own actions from the first confirmation, to the first restriction in force.
    pub time_to_contain: Option<u64>,
    /// From the first restriction to the first milder moment.
    pub time_to_ease: Option<u64>,
    /// From the first restriction to the close.
    pub time_to_recover: Option<u64>,
}

crate::facts! {
    IncidentOpened = "incident_opened" { incident: u64, scope: Scope, cause: String, detected_at: u64 }
    /// Another rule tripped while the incident was open: one more of its causes.
    IncidentCause = "incident_cause" { incident: u64, cause: String }
    /// One step of an incident's life.
    IncidentAdvanced = "incident_advanced" {
        incident: u64, status_before: IncidentStatus, status: IncidentStatus, level_max: LevelText,
    }
}
