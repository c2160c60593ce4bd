//! Messages and records of the `circuit-breaker`.

mod observers;

pub use crate::signed_bytes::SIGNATURE_BYTES;
pub use observers::{
    Attestation, ObservedSignal, ObserverConfig, ObserverStatus, ObserversConfig, ObserversResponse, ToAttest,
    ATTESTATION_BYTES, ATTESTATION_SECONDS_MAX, CLOCK_AHEAD_SECONDS, OBSERVERS_MAX, SEVERITY_MAX,
};

use crate::ids::{FeedId, MarketId, Reason, RuleId, Source};
use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::Binary;
use firebreak_risk::detect::{Cage, MarketEvidence};
pub use firebreak_risk::detect::{CageConfig, LadderStep, RuleConfig, RuleMode, RuleSet, LADDER_MAX, RULES_MAX};
use firebreak_risk::{phase_at, Amount, Freeze, Level, Phase, Posture, Price, Ratio};

/// Entries of a market's journal: the last ones.
pub const JOURNAL_MAX: usize = 16;
/// Longest `extension_max_seconds`: how long a rule may hold a level for one trigger.
pub const EXTENSION_MAX_SECONDS: u64 = 21_600;

#[cw_serde]
pub struct InstantiateMsg {
    /// May configure rules, restrict and lift: the guardian.
    pub owner: String,
    pub oracle: String,
    /// Whose flow and money the rules watch, by raw reads; `None`: rules that need it are refused.
    pub vault: Option<String>,
    /// Receives a signal when a rule trips; `None` signals nobody.
    pub guardian: Option<SignalConfig>,
    pub markets: Vec<MarketSetup>,
    /// Who may attest; each counts as heard of at the start.
    pub observers: ObserversConfig,
}

#[cw_serde]
pub struct SignalConfig {
    pub contract: String,
    /// Gas the callee may burn. Bounds: 100,000 to 3,000,000.
    pub gas_limit: u64,
}

#[cw_serde]
pub struct MarketSetup {
    pub market: MarketId,
    pub config: GuardConfig,
}

/// What the breaker watches of one market.
#[cw_serde]
pub struct GuardConfig {
    pub feed: FeedId,
    /// The yardstick of moves: they are counted in shares of it. Bounds: above 0, below 1.
    pub maintenance_margin_ratio: Ratio,
    /// Length of a block: the detectors count moves and orders per block. Bounds: 1 to 60.
    pub block_seconds: u64,
    /// Turnover of a block from which one-sided flow counts in full. Bounds: above 0.
    pub turnover_full: Amount,
    /// Bounds: at most [`RULES_MAX`], each rule once.
    pub rules: Vec<RuleConfig>,
    pub cage: Option<CageConfig>,
}

impl GuardConfig {
    pub fn rule_set(&self) -> RuleSet<'_> {
        RuleSet {
            maintenance_margin_ratio: self.maintenance_margin_ratio,
            block_seconds: self.block_seconds,
            turnover_full: self.turnover_full,
            rules: &self.rules,
            cage: self.cage.as_ref(),
        }
    }

    pub fn rule(&self, rule: RuleId) -> Option<&RuleConfig> {
        self.rules.iter().find(|config| config.rule == rule)
    }

    pub fn rule_mut(&mut self, rule: RuleId) -> Option<&mut RuleConfig> {
        self.rules.iter_mut().find(|config| config.rule == rule)
    }
}

/// Where a restriction holds.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Scope {
    All,
    Market(MarketId),
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Market(market) => market.fmt(f),
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::Market),
        }
    }
}

#[cw_serde]
pub enum ExecuteMsg {
    /// Anyone; the oracle's hook and keepers use the same message. No funds. Evaluates every market of these feeds and
    /// renews their leases. A market whose rules fail keeps its old lease, the others go on.
    /// Emits [`RuleTripped`], [`RestrictionAdded`], [`EvaluationFailed`], [`SignalFailed`].
    Evaluate { feeds: Vec<FeedId> },
    /// Owner only. Adds a market or replaces its rules; restrictions stay.
    SetMarket { market: MarketId, config: GuardConfig },
    /// Owner only. Adds a restriction of `source` (never a reflex one); joins and extends what that source had there.
    /// Budgets, each per market; scope `All` draws on every market's and is refused if one is short: `Frozen` at most 24 h in
    /// any 7 days over all sources, `ReduceOnly` or tighter by the council at most 7 days in any 28, by procedures as much.
    Restrict { scope: Scope, source: Source, phases: Vec<Phase>, incident: u64 },
    /// Owner only, and through the timelock only: ends one source's restriction. The only message that loosens.
    /// What has ended already, or never was, is no error; an unknown market is.
    Lift { scope: Scope, source: Source },
    /// Owner only.
    SetGuardian { guardian: Option<SignalConfig> },
    /// Owner only. Who may attest; empty: nobody. Keys that stay keep their nonce, trust and record.
    SetObservers { config: ObserversConfig },
    /// Anyone. No funds. Observers' signed words about one market: [`Attestation`]s of [`ATTESTATION_BYTES`] each, in ascending order
    /// of observers. They can only tighten. Emits [`Attested`], [`AttestationLate`] for each passed over, and with a quorum or a first warning [`RuleTripped`],
    /// [`RestrictionAdded`], [`SignalFailed`].
    Attest { market: MarketId, signal: ObservedSignal, attestations: Binary },
    /// Anyone. Counts the guardian's verdict on a closed incident of one market for those who had warned: for them
    /// before it was known, against them until it was closed. Each warning once.
    Judge { incident: u64 },
}

#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigResponse)]
    Config {},
    #[returns(GuardConfig)]
    Market { market: MarketId },
    /// Pages by market id; limit at most 32.
    #[returns(MarketsResponse)]
    Markets { start_after: Option<MarketId>, limit: Option<u32> },
    /// Level, cause, since, until, next phase and what is allowed now.
    #[returns(StatusResponse)]
    Status { market: MarketId },
    /// What a market's rules saw last, their counters, and what the shadow rules would restrict now.
    #[returns(EvidenceResponse)]
    Evidence { market: MarketId },
    /// A market's last answers, enforced and not, with what each channel said then: for the post-mortem.
    #[returns(JournalResponse)]
    Journal { market: MarketId },
    #[returns(SignalHealthResponse)]
    SignalHealth {},
    /// Who may attest, what their words weigh now, and who is silent.
    #[returns(ObserversResponse)]
    Observers {},
}

#[cw_serde]
pub struct MigrateMsg {}

#[cw_serde]
pub struct ConfigResponse {
    pub owner: String,
    pub oracle: String,
    pub vault: Option<String>,
    pub guardian: Option<SignalConfig>,
}

#[cw_serde]
pub struct MarketsResponse {
    pub markets: Vec<MarketSetup>,
}

#[cw_serde]
pub struct StatusResponse {
    pub market: MarketId,
    pub evaluated_round: u64,
    /// The join of everything active, as the vault sees it apart from the lease.
    pub posture: Posture,
    pub restrictions: Vec<RestrictionStatus>,
    /// Evaluations in a row that failed for this market, and since when (seconds; 0 when healthy).
    pub failures_in_a_row: u32,
    pub failing_since: u64,
}

#[cw_serde]
pub struct RestrictionStatus {
    pub scope: Scope,
    pub source: Source,
    pub since: u64,
    /// End of the current phase, seconds.
    pub until: u64,
    /// End of the last phase, seconds.
    pub ends_at: u64,
    pub posture: Posture,
    pub next: Option<Phase>,
    pub incident: u64,
}

#[cw_serde]
pub struct EvidenceResponse {
    pub market: MarketId,
    pub rules: Vec<RuleEvidence>,
    /// Evidence in whole observations: each channel, all together, and those that traders cannot feed.
    pub evidence: ChannelEvidence,
    /// What the level function holds now.
    pub cage: Option<Cage>,
    /// What the rules in `shadow` would restrict now.
    pub would_restrict: Vec<RestrictionStatus>,
    /// Rules that could not be computed at the last round.
    pub failing: Vec<RuleId>,
}

/// Whole observations that a healthy market takes on average to show as much, at least. Assumptions: `docs/detection.md`.
#[cw_serde]
#[derive(Copy, Default, Eq)]
pub struct ChannelEvidence {
    pub price: u64,
    pub band: u64,
    pub intensity: u64,
    pub one_sided: u64,
    pub all: u64,
    pub hard: u64,
}

impl From<&MarketEvidence> for ChannelEvidence {
    fn from(evidence: &MarketEvidence) -> Self {
        Self {
            price: evidence.price.whole(),
            band: evidence.band.whole(),
            intensity: evidence.intensity.whole(),
            one_sided: evidence.one_sided.whole(),
            all: evidence.all.whole(),
            hard: evidence.hard.whole(),
        }
    }
}

/// One answer of a rule.
#[cw_serde]
#[derive(Eq)]
pub struct JournalEntry {
    pub at: u64,
    pub round: u64,
    pub price: Price,
    pub rule: RuleId,
    pub mode: RuleMode,
    /// In the unit of the rule's score.
    pub score: Ratio,
    /// What the answer begins with, after budgets; `Normal`: no time was left.
    pub level: Level,
    /// End of its first phase, and of its last.
    pub until: u64,
    pub ends_at: u64,
    pub evidence: ChannelEvidence,
}

#[cw_serde]
pub struct JournalResponse {
    pub market: MarketId,
    /// Oldest first. Bounds: at most [`JOURNAL_MAX`].
    pub entries: Vec<JournalEntry>,
}

#[cw_serde]
pub struct RuleEvidence {
    pub rule: RuleId,
    pub mode: RuleMode,
    /// At the last evaluation, in the unit of the rule's score.
    pub score: Ratio,
    pub trips: u64,
    pub shadow_trips: u64,
    pub last_trip_at: u64,
}

#[cw_serde]
#[derive(Default)]
pub struct SignalHealthResponse {
    pub failures_total: u64,
    pub failures_in_a_row: u32,
    pub failing_since: u64,
}

/// What one source forbids in one scope, phase by phase. The order of fields is the packed format.
#[cw_serde]
#[derive(Eq)]
pub struct Restriction {
    pub source: Source,
    pub since: u64,
    /// In order of their ends. Bounds: at most [`firebreak_risk::PHASES_MAX`].
    pub phases: Vec<Phase>,
    pub incident: u64,
}

/// What the vault reads raw: the lease and the restrictions of one scope. At most one per source.
#[cw_serde]
#[derive(Default, Eq)]
pub struct PostureRecord {
    /// Last round of the market's feed that was evaluated; the lease. Unused (0) in the record of scope `All`.
    pub evaluated_round: u64,
    pub restrictions: Vec<Restriction>,
    /// The last freeze of the scope: it is felt for a while after what froze has left the list.
    pub freeze: Freeze,
}

/// The posture at one moment, with what people need to know of it.
#[cw_serde]
#[derive(Eq)]
pub struct EffectivePosture {
    pub posture: Posture,
    /// Why the level is what it is: the source of the tightest active restriction.
    pub reason: Option<Reason>,
    /// Since when that restriction holds, seconds; 0 when nobody knows.
    pub since: u64,
    /// End of that restriction's current phase, seconds; 0 when nobody knows (a lease ends when somebody evaluates).
    pub until: u64,
}

impl EffectivePosture {
    pub const NORMAL: Self = Self { posture: Posture::NORMAL, reason: None, since: 0, until: 0 };

    /// Joins one more cause.
    pub fn joined(self, posture: Posture, reason: Reason, since: u64, until: u64) -> Self {
        let joined = self.posture.join(posture);
        if self.reason.is_none() || posture.level > self.posture.level {
            Self { posture: joined, reason: Some(reason), since, until }
        } else {
            Self { posture: joined, ..self }
        }
    }
}

impl PostureRecord {
    /// The join of the restrictions active at `now` with what is already known.
    pub fn effective(&self, start: EffectivePosture, now: u64) -> EffectivePosture {
        self.restrictions.iter().fold(start, |effective, restriction| match phase_at(&restriction.phases, now) {
            Some(phase) => effective.joined(phase.posture, restriction.source.into(), restriction.since, phase.until),
            None => effective,
        })
    }
}

/// The posture of a market as the vault acts on it: a missing record and an old lease are `ReduceOnly` (architecture
/// section 2): a dead breaker can neither leave a market open nor lock anybody in.
pub fn effective_posture(
    market: Option<&PostureRecord>,
    all: Option<&PostureRecord>,
    price_round: u64,
    now: u64,
) -> EffectivePosture {
    let reduce_only = Posture::preset(Level::ReduceOnly);
    let Some(record) = market else {
        return EffectivePosture::NORMAL.joined(reduce_only, Reason::PostureMissing, 0, 0);
    };
    let mut effective = record.effective(EffectivePosture::NORMAL, now);
    effective = match all {
        Some(all) => all.effective(effective, now),
        None => effective.joined(reduce_only, Reason::PostureMissing, 0, 0),
    };
    if record.evaluated_round < price_round {
        effective = effective.joined(reduce_only, Reason::LeaseExpired, 0, 0);
    }
    effective
}

/// Keys that others may read raw.
pub mod layout {
    use super::PostureRecord;
    use crate::packed::{PackedItem, PackedMap};

    /// market id -> its lease and restrictions. Written by `Evaluate`, `Restrict`, `Lift`.
    pub const POSTURES: PackedMap<u16, PostureRecord> = PackedMap::new("posture", 1);
    /// Restrictions of scope `All`. Written by `Restrict`, `Lift`; always present.
    pub const POSTURE_OF_ALL: PackedItem<PostureRecord> = PackedItem::new("posture_all", 1);
}

crate::facts! {
    /// A rule reached a step of its ladder. `mode` shadow: nothing was restricted. `moved` is the rule's score.
    RuleTripped = "rule_tripped" {
        market: MarketId, rule: RuleId, mode: RuleMode, moved: Ratio, level: LevelText, round: u64,
    }
    /// A source's restriction was added or extended; levels are the market's or scope's joined level before and after.
    RestrictionAdded = "restriction_added" {
        scope: Scope, source: Source, level_before: LevelText, level: LevelText, until: u64, ends_at: u64, incident: u64,
    }
    /// The timelock ended a source's restriction; the same level twice when there was nothing to end.
    RestrictionLifted = "restriction_lifted" { scope: Scope, source: Source, level_before: LevelText, level: LevelText }
    /// A market's rules could not be computed; its lease was not renewed.
    EvaluationFailed = "evaluation_failed" { market: MarketId, failing_since: u64, failures_in_a_row: u32 }
    /// The guardian could not be told; the restriction stands.
    SignalFailed = "signal_failed" { callee: String, failing_since: u64, failures_in_a_row: u32 }
    /// The owner added a market or replaced its rules.
    GuardConfigured = "guard_configured" { market: MarketId, feed: FeedId, enforced: u32, shadow: u32 }
    /// Attestations were accepted; `severity` is what a quorum says now, over all signals.
    Attested = "attested" { market: MarketId, signal: ObservedSignal, attesting: u32, severity: u8 }
    /// An attestation was passed over: expired, or its nonce is no news. Its signature was not checked.
    AttestationLate = "attestation_late" { observer: u8, nonce: u64 }
    /// The owner replaced the list of observers.
    ObserversConfigured = "observers_configured" { observers_before: u32, observers: u32, heartbeat_seconds: u64 }
    /// A verdict was counted for so many observers.
    ObserversJudged = "observers_judged" { incident: u64, market: MarketId, confirmed: bool, judged: u32 }
    /// The owner changed who receives signals; an empty text is nobody.
    SignalConfigured = "signal_configured" { contract_before: String, contract: String, gas_limit: u64 }
}

/// [`Level`] as an event writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelText(pub Level);

impl std::fmt::Display for LevelText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
impl std::str::FromStr for LevelText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Level::Normal, Level::Guarded, Level::ReduceOnly, Level::Frozen, Level::Settlement]
            .into_iter()
            .find(|level| level.to_string() == text)
            .map(Self)
            .ok_or_else(|| format!("{text:?} is not a level"))
    }
}
