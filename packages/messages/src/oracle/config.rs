//! How an oracle and its feeds are configured, and the bounds.

use crate::ids::FeedId;
use cosmwasm_schema::cw_serde;
use firebreak_risk::{Price, Ratio};

/// Feeders of one feed, at least: of two sources none is right.
pub const FEEDERS_MIN: usize = 3;
/// Feeders of one feed, at most.
pub const FEEDERS_MAX: usize = 15;
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
/// Feeds that a promotion or a new leg may make a feed follow, through others too: legs, promoted fallbacks, theirs.
pub const FOLLOWED_MAX: usize = 16;
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
    /// Bounds: at least 1, at most a third of the feed's weight.
    pub weight: u32,
    /// Compressed secp256k1 key, hex, of a source that also signs off chain. Bounds: empty, or 33 bytes; distinct.
    #[serde(default)]
    pub public_key: String,
    /// Price identifier, hex, at the Pyth contract `address`: anyone has it read by `Pull`. Bounds: empty, or 32 bytes; distinct: the same
    /// one at two contracts is one source; not together with a key.
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
    /// [`MOVE_HOLD_SECONDS`] at most. Bounds: 0 is no rule; at most `jump_max`, and `age_max_seconds` at least [`MOVE_HOLD_SECONDS`] and
    /// [`REPORT_SPREAD_MAX_SECONDS`] together, or what is held is too old when its time has come.
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
    /// Bounds: [`FEEDERS_MIN`] to [`FEEDERS_MAX`] sources, distinct by address, key and price identifier, none with more than a third of
    /// all weight: whatever one of them says, the price stays among those of the others. None for a composite feed, which stands
    /// on its legs.
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
    /// The feed whose rounds become this one's while it is promoted. Bounds: another feed; one that follows this one cannot be promoted.
    #[serde(default)]
    pub fallback: Option<FeedId>,
    /// Window of the `Window` query, seconds. Bounds: 0 is none; 60 to 86,400.
    #[serde(default)]
    pub window_seconds: u64,
}
