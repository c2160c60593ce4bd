//! Messages and records of the `oracle`.

mod signed;

pub use signed::{Observation, RoundToSign, OBSERVATION_BYTES, PRICE_DECIMALS, SIGNATURE_BYTES};

use crate::ids::FeedId;
use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::Binary;
use firebreak_risk::{Price, Ratio};

/// Rounds that a price record keeps.
pub const ROUNDS_KEPT: usize = 8;
/// Feeders of one feed.
pub const FEEDERS_MAX: usize = 15;
/// Seconds that a market rests behind a gap at most.
pub const GAP_REST_SECONDS_MAX: u64 = 600;
/// Seconds by which a report may be ahead of block time: clocks differ, futures do not exist.
pub const DRIFT_MAX_SECONDS: u64 = 2;
/// Seconds by which a report that makes a round's price may be before the round's time. An older one waits without
/// effect for its feeder's next. So every price that counts was observed at most this before `published_at` by its
/// feeder's clock: whoever fills orders at prices of a delay after the order needs a delay of at least this and
/// [`DRIFT_MAX_SECONDS`] together. Feeders of one feed therefore observe on one beat (say at every fifth second of the
/// clock): a quorum whose times lie further apart publishes nothing.
pub const REPORT_SPREAD_MAX_SECONDS: u64 = 5;
/// Feeds that follow one feed: composites of it, and feeds that it stands in for.
pub const FOLLOWERS_MAX: usize = 4;
/// Seconds for which a round that moved beyond `move_max` is held back until more weight says the same.
pub const MOVE_HOLD_SECONDS: u64 = 10;
/// A report strays only beyond this multiple of the reports' own spread.
pub const STRAY_SPREADS: u128 = 3;

#[cw_serde]
pub struct InstantiateMsg {
    /// May configure feeds and the hook: the guardian.
    pub owner: String,
    /// Called after every published round; `None` calls nobody.
    pub hook: Option<HookConfig>,
    pub feeds: Vec<FeedSetup>,
}

#[cw_serde]
pub struct FeedSetup {
    pub feed: FeedId,
    pub config: FeedConfig,
}

/// The breaker that is told of new rounds.
#[cw_serde]
pub struct HookConfig {
    pub contract: String,
    /// Gas the callee may burn. Bounds: 100,000 to 5,000,000.
    pub gas_limit: u64,
}

/// One source of a feed.
#[cw_serde]
#[derive(Default)]
pub struct Feeder {
    /// Reports by message; with `pyth_id` the contract that is read instead.
    pub address: String,
    /// Bounds: at least 1.
    pub weight: u32,
    /// Compressed secp256k1 key, hex, of a source that also signs off chain. Bounds: empty, or 33 bytes; distinct.
    #[serde(default)]
    pub public_key: String,
    /// Price identifier, hex, at the Pyth contract `address`: anyone has it read by `Pull`. Bounds: empty, or 32 bytes; not together
    /// with a key.
    #[serde(default)]
    pub pyth_id: String,
}

/// One price that a composite feed is made of.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct Leg {
    pub feed: FeedId,
    /// The composite is divided by it instead of multiplied.
    #[serde(default)]
    pub divides: bool,
}

/// What makes a feed's price doubtful or a source uncounted. The default has none of it.
#[cw_serde]
#[derive(Eq, Default)]
pub struct FeedRules {
    /// Move since the last valid round beyond which a round needs `move_quorum`, or it is soft-invalid. It waits for that weight for
    /// [`MOVE_HOLD_SECONDS`] at most. Bounds: 0 is no rule; at most `jump_max`.
    #[serde(default)]
    pub move_max: Ratio,
    /// Bounds: at least `quorum` and at most all weight; 0 without `move_max`.
    #[serde(default)]
    pub move_quorum: u32,
    /// A price at or below it is the end of the source's scale, no price: invalid. Bounds: 0 is none; below `ceiling`.
    #[serde(default)]
    pub floor: Price,
    /// The same at or above it. Bounds: 0 is none.
    #[serde(default)]
    pub ceiling: Price,
    /// Rounds that repeat a price to the last decimal before the feed counts as dead: invalid until it moves. Bounds: 0 is no
    /// rule; at least 8.
    #[serde(default)]
    pub unchanged_rounds: u32,
    /// Distance from the round's price, as a share of it, beyond which a report strays, if it is also [`STRAY_SPREADS`] times the
    /// reports' spread. Bounds: above 0 with `stray_reports`.
    #[serde(default)]
    pub stray_ratio: Ratio,
    /// Strays, less good reports since, at which a source is quarantined. Bounds: 0 is no rule.
    #[serde(default)]
    pub stray_reports: u8,
    /// Rounds without a source after which it is quarantined. Bounds: 0 is no rule; at least 8.
    #[serde(default)]
    pub silent_rounds: u16,
    /// Good reports in a row by which a quarantined source returns. Bounds: at least 1 with either rule.
    #[serde(default)]
    pub return_reports: u16,
}

/// How one feed turns reports into rounds. Times in seconds, ratios as shares of the price.
#[cw_serde]
pub struct FeedConfig {
    /// What is priced in what, for people and for the identity of signed reports. Bounds: 1 to 32 bytes.
    pub symbol: String,
    /// Bounds: 1 to 15, distinct: plain ones by address, others by key or price identifier. None for a composite feed.
    pub feeders: Vec<Feeder>,
    /// Weight that must have reported, none of it more than [`REPORT_SPREAD_MAX_SECONDS`] before the round's time, before
    /// a round is published. Bounds: above two thirds of all weight, at most all. 0 for a composite feed.
    pub quorum: u32,
    /// A report older than this is not counted, and a round older than this is soft-invalid. Bounds: 1 to 60 by R-32's
    /// default; at most 600.
    pub age_max_seconds: u64,
    /// A round older than this is invalid. Bounds: at least `age_max_seconds`, at most 3,600.
    pub age_limit_seconds: u64,
    /// Median absolute deviation of the reports beyond which a round is soft-invalid. Bounds: above 0, below 1.
    pub dispersion_max: Ratio,
    /// Move against the previous round beyond which a round is invalid. Bounds: above 0.
    pub jump_max: Ratio,
    #[serde(default)]
    pub rules: FeedRules,
    /// Makes this a composite feed: the product of these, rounded once. Bounds: at most 4, distinct, none of them composite.
    #[serde(default)]
    pub legs: Vec<Leg>,
    /// The feed whose rounds become this one's while it is promoted. Bounds: another feed.
    #[serde(default)]
    pub fallback: Option<FeedId>,
    /// Window of the `Window` query, seconds. Bounds: 0 is none; 60 to 86,400.
    #[serde(default)]
    pub window_seconds: u64,
}

/// What a feeder says of one feed.
#[cw_serde]
pub struct FeedReport {
    pub feed: FeedId,
    /// Quote units for one base unit. Bounds: above 0, at most 10^12.
    pub price: Price,
    /// When the price was observed, seconds. Bounds: not older than the feed's `age_max_seconds`, at most 2 s ahead of block
    /// time, after the previous round.
    pub published_at: u64,
}

/// One feed's round, signed off chain by a quorum of its feeders (see [`RoundToSign`]).
#[cw_serde]
pub struct SignedReport {
    pub feed: FeedId,
    /// The signers' own count, say the beat's number: only grows. Bounds: above the last one taken.
    pub round: u64,
    /// Bounds: as in [`FeedReport`].
    pub published_at: u64,
    /// Last second at which the round may be relayed.
    pub expires_at: u64,
    /// [`Observation`]s, each of [`OBSERVATION_BYTES`], in ascending order of signers.
    pub observations: Binary,
}

#[cw_serde]
pub enum ExecuteMsg {
    /// Feeders only. No funds. A report that another feeder outran is ignored with an event, so that one late feed does not
    /// refuse the others; a report from the future, from a stranger or of an unknown feed is an error.
    /// Emits [`RoundPublished`], [`ReportIgnored`], [`HookFailed`], [`HookSkipped`].
    Report { reports: Vec<FeedReport> },
    /// Anyone. No funds. Rounds that were signed off chain. One that is not newer than what the oracle has is passed over with an event as
    /// long as another one of the message has an effect, and an error otherwise. In the block of its publication a round is replaced
    /// by itself with more weight.
    /// Emits [`RoundPublished`], [`RoundOutrun`], [`SourceQuarantined`], [`SourceReturned`], [`HookFailed`], [`HookSkipped`].
    ReportSigned { reports: Vec<SignedReport> },
    /// Anyone. No funds. Reads the on-chain source at this place of a feed's feeders and takes what it says as its report.
    /// Emits as `Report`.
    Pull { feed: FeedId, feeder: u8 },
    /// Owner only. Adds a feed or replaces its configuration; rounds already published stay.
    SetFeed { feed: FeedId, config: FeedConfig },
    /// Owner only. From now on the feed's rounds are those of its fallback.
    PromoteFallback { feed: FeedId },
    /// Owner only. Ends it.
    DemoteFallback { feed: FeedId },
    /// Owner only.
    SetHook { hook: Option<HookConfig> },
}

#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigResponse)]
    Config {},
    #[returns(FeedResponse)]
    Feed { feed: FeedId },
    /// Pages through feeds by id; limit at most 32.
    #[returns(FeedsResponse)]
    Feeds { start_after: Option<FeedId>, limit: Option<u32> },
    /// The latest round and its validity at block time.
    #[returns(PriceResponse)]
    Price { feed: FeedId },
    /// The ring of the last rounds, oldest first.
    #[returns(PriceRecord)]
    Rounds { feed: FeedId },
    #[returns(HookHealthResponse)]
    HookHealth {},
    /// How a feed's sources stand.
    #[returns(SourcesResponse)]
    Sources { feed: FeedId },
    /// Mean, median, low and high of the feed's configured window; invalid rounds are left out.
    #[returns(WindowResponse)]
    Window { feed: FeedId },
}

#[cw_serde]
pub struct MigrateMsg {}

#[cw_serde]
pub struct ConfigResponse {
    pub owner: String,
    pub hook: Option<HookConfig>,
}

#[cw_serde]
pub struct FeedResponse {
    pub feed: FeedId,
    pub config: FeedConfig,
}

#[cw_serde]
pub struct FeedsResponse {
    pub feeds: Vec<FeedResponse>,
}

#[cw_serde]
pub struct PriceResponse {
    pub feed: FeedId,
    pub round: u64,
    pub price: Price,
    pub band: Price,
    pub published_at: u64,
    pub validity: Validity,
}

#[cw_serde]
pub struct SourcesResponse {
    /// The feed's rounds are its fallback's.
    pub promoted: bool,
    /// The signers' count of the last signed round.
    pub signed_round: u64,
    /// Rounds in a row that repeated the price before them.
    pub unchanged_rounds: u32,
    /// In the order of the feeders; empty while the feed has no rule about sources.
    pub sources: Vec<SourceStanding>,
}

#[cw_serde]
pub struct SourceStanding {
    pub feeder: String,
    pub quarantined: bool,
    pub strikes: u8,
    /// In a row since its quarantine.
    pub good_reports: u16,
    /// The last round that it took part in.
    pub seen_round: u64,
}

/// All of the price in force, by seconds, but low and high, which are of the prices published.
#[cw_serde]
pub struct WindowResponse {
    pub window_seconds: u64,
    /// Rounded down.
    pub mean: Price,
    /// Median of the means of an eighth of the window each.
    pub median: Price,
    pub low: Price,
    pub high: Price,
}

/// What is known of the hook's failures (never the error text, which differs from chain to chain).
#[cw_serde]
#[derive(Default)]
pub struct HookHealthResponse {
    pub failures_total: u64,
    pub failures_in_a_row: u32,
    /// First failure of the current row, seconds; 0 when the last call succeeded.
    pub failing_since: u64,
    /// The hook is not called before this time.
    pub skipped_until: u64,
}

/// How far a price may be trusted. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Validity {
    Valid,
    /// Stale or dispersed: exits and liquidations in the user's favour only.
    SoftInvalid,
    Invalid,
}
crate::enum_text!(Validity { Valid = "valid", SoftInvalid = "soft-invalid", Invalid = "invalid" });

/// One published price. The order of fields is the packed format.
#[cw_serde]
#[derive(Eq)]
pub struct Round {
    pub round: u64,
    pub price: Price,
    /// Half-width of the band around the price: the dispersion of the reports or the sources' own confidence, whichever is wider; of
    /// a signed round also whatever median other signatures would have made.
    pub band: Price,
    /// Weighted median of the waiting reports' times, seconds. No report that made the price is more than
    /// [`REPORT_SPREAD_MAX_SECONDS`] before it.
    pub published_at: u64,
    pub recorded_height: u64,
    /// As judged when it was recorded; age comes on top when it is read.
    pub validity: Validity,
}

/// What the vault and the breaker read raw: the last rounds of one feed and the ages after which they lose validity.
#[cw_serde]
#[derive(Eq)]
pub struct PriceRecord {
    pub age_max_seconds: u64,
    pub age_limit_seconds: u64,
    /// Oldest first. Bounds: at most [`ROUNDS_KEPT`].
    pub rounds: Vec<Round>,
}

impl PriceRecord {
    pub fn latest(&self) -> Option<&Round> {
        self.rounds.last()
    }

    /// Validity of the latest round at `now`; an empty record is invalid.
    pub fn validity(&self, now: u64) -> Validity {
        let Some(latest) = self.latest() else { return Validity::Invalid };
        let age = now.saturating_sub(latest.published_at);
        let by_age = if age > self.age_limit_seconds {
            Validity::Invalid
        } else if age > self.age_max_seconds {
            Validity::SoftInvalid
        } else {
            Validity::Valid
        };
        latest.validity.max(by_age)
    }

    /// the ring shows a gap of more than `gap_seconds` between two rounds, and fewer than `rounds_wanted` rounds of different
    /// blocks behind it. Lasts [`GAP_REST_SECONDS_MAX`] at most from the first round behind the gap: doubt ends.
    ///
    /// Bounded by [`ROUNDS_KEPT`].
    pub fn rests_behind_gap(&self, gap_seconds: u64, rounds_wanted: u8, now: u64) -> bool {
        let (mut behind, mut height) = (0u8, None);
        for pair in self.rounds.windows(2).rev() {
            let [older, newer] = pair else { return false };
            if height != Some(newer.recorded_height) {
                height = Some(newer.recorded_height);
                behind = behind.saturating_add(1);
            }
            if behind >= rounds_wanted {
                // As many rounds without a gap, or with one right before them.
                return false;
            }
            if newer.published_at.saturating_sub(older.published_at) > gap_seconds {
                return now.saturating_sub(newer.published_at) < GAP_REST_SECONDS_MAX;
            }
        }
        false
    }

    /// The last round that was valid when it was recorded, however old.
    pub fn last_valid(&self) -> Option<&Round> {
        self.rounds.iter().rev().find(|round| round.validity == Validity::Valid)
    }
}

/// Keys that others may read raw.
pub mod layout {
    use super::PriceRecord;
    use crate::packed::PackedMap;

    /// feed id -> its last rounds. Written by `Report`; at most 8 rounds.
    pub const PRICES: PackedMap<u16, PriceRecord> = PackedMap::new("price", 1);
}

/// Why a source is in quarantine.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Misconduct {
    Strayed,
    Silent,
}
crate::enum_text!(Misconduct { Strayed = "strayed", Silent = "silent" });

crate::facts! {
    /// A quorum was reached and a round published.
    RoundPublished = "round_published" {
        feed: FeedId, round: u64, price_before: Price, price: Price, band: Price, published_at: u64, validity: Validity,
    }
    /// A report came too late for its round.
    ReportIgnored = "report_ignored" { feed: FeedId, feeder: String, published_at: u64, last_published_at: u64 }
    /// The hook failed; the price stands.
    HookFailed = "hook_failed" { callee: String, failing_since: u64, failures_in_a_row: u32 }
    /// The hook was not called: it failed three times in a row less than a minute ago.
    HookSkipped = "hook_skipped" { callee: String, skipped_until: u64 }
    /// A signed round that the feed has gone beyond.
    RoundOutrun = "round_outrun" { feed: FeedId, round: u64, last_round: u64, published_at: u64, last_published_at: u64 }
    /// A source is not counted until it has earned its return.
    SourceQuarantined = "source_quarantined" { feed: FeedId, feeder: String, cause: Misconduct, round: u64 }
    /// A quarantined source counts again.
    SourceReturned = "source_returned" { feed: FeedId, feeder: String, round: u64 }
    /// The feed's rounds are its fallback's, or no longer.
    FallbackPromoted = "fallback_promoted" { feed: FeedId, fallback: FeedId, promoted_before: bool, promoted: bool }
    /// The owner added a feed or replaced its configuration.
    FeedConfigured = "feed_configured" { feed: FeedId, symbol: String, quorum: u32, age_max_seconds: u64 }
    /// The owner changed who is told of new rounds; an empty text is nobody.
    HookConfigured = "hook_configured" { contract_before: String, contract: String, gas_limit: u64 }
}
