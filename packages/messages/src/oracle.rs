//! Messages and records of the `oracle`.

mod config;
mod records;
mod signed;

pub use crate::signed_bytes::SIGNATURE_BYTES;
pub use config::{
    FeedConfig, FeedRules, FeedSetup, Feeder, HookConfig, InstantiateMsg, Leg, DRIFT_MAX_SECONDS, FEEDERS_MAX,
    FEEDERS_MIN, FOLLOWED_MAX, FOLLOWERS_MAX, MOVE_HOLD_SECONDS, REPORT_SPREAD_MAX_SECONDS, STRAY_SPREADS,
};
pub use records::{
    layout, PriceRecord, Round, Validity, GAP_REST_SECONDS_MAX, ROUNDS_KEPT, ROUNDS_PER_BLOCK_MAX,
    SECOND_ROUND_AGE_SECONDS, SIGNED_DISTANCE_SECONDS,
};
pub use signed::{Observation, RoundToSign, OBSERVATION_BYTES_MAX, PRICE_DECIMALS};

use crate::ids::FeedId;
use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::Binary;
use firebreak_risk::Price;

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
    /// [`Observation`]s, each of at most [`OBSERVATION_BYTES_MAX`], in ascending order of signers: `signer u8 | price | confidence |
    /// signature`, price and confidence as a length u8 and so many big-endian bytes without leading zeros.
    pub observations: Binary,
}

#[cw_serde]
pub enum ExecuteMsg {
    /// Feeders only. No funds. A report that another feeder outran is ignored with an event, so that one late feed does not
    /// refuse the others; a report from the future, from a stranger or of an unknown feed is an error, and so is one that
    /// publishes from so deep inside contracts' calls that the breaker cannot act on it.
    /// Emits [`RoundPublished`], [`ReportIgnored`], [`HookFailed`], [`HookSkipped`].
    Report { reports: Vec<FeedReport> },
    /// Anyone. No funds. Rounds that were signed off chain. One that is not newer than what the oracle has, or for which its block has no
    /// place ([`ROUNDS_PER_BLOCK_MAX`]), is passed over with an event as long as another one of the message has an effect, and an error otherwise. In the block of its publication, and later as long
    /// as it is not valid, a round is replaced by itself with more weight.
    /// Emits [`RoundPublished`], [`RoundOutrun`], [`SourceQuarantined`], [`SourceReturned`], [`HookFailed`], [`HookSkipped`].
    ReportSigned { reports: Vec<SignedReport> },
    /// Anyone. No funds. Reads the on-chain source at this place of a feed's feeders and takes what it says as its report.
    /// Emits as `Report`.
    Pull { feed: FeedId, feeder: u8 },
    /// Owner only. Adds a feed or replaces its configuration; rounds already published stay.
    SetFeed { feed: FeedId, config: FeedConfig },
    /// Owner only. From now on the feed's rounds are those of its fallback, which does not follow this feed, nor does anything that
    /// it follows.
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
    /// A signed round that the feed has gone beyond; or, newer than its last one, that the block has no place for or a quarantine has left
    /// without a quorum.
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
