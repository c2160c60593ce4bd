//! Detectors of the circuit breaker: what a price series looks like, what a ladder answers, and how much restriction a
//! market can take.
//!
//! Three kinds of channel, because one statistic cannot do all:
//!
//! | channel | modules | what it promises |
//! |---|---|---|
//! | surprise | `surprise`, `intensity`, `one_sided`, fused in `market` | mean time to a false alarm at least the threshold, under a stated assumption |
//! | solvency | `solvency`, `episode`, the windows | answers at a share of margin or money, whatever is usual |
//! | level | `cage` | margin and leverage follow volatility; no alarm |
//!
//! `rule` says what a market's rules are, `watch` what one makes of a round, `hold` how long its answer holds, and `book` runs all of them.
//! `ladder`, `time_budget` and `shared_budget` say what a market can take.
//!
//! Every detector is *(state, input) -> (state, verdict)* with a state of bounded size, so that one packed record per
//! market holds all of it and the observer off chain computes the same verdicts. Times are seconds of the feed
//! (`published_at`) in the windows and of the block in episodes and budgets.

mod book;
mod cage;
mod episode;
mod evidence;
mod extreme_window;
mod hold;
mod intensity;
mod ladder;
mod market;
mod mean_window;
mod one_sided;
mod quorum;
mod rule;
mod scale;
mod shared_budget;
mod solvency;
mod standard;
mod sum_window;
mod surprise;
mod time_budget;
mod totals;
mod watch;

pub use book::{Answer, Observed, RuleBook, RuleMemory};
pub use cage::{Cage, CageParams};
pub use episode::{move_in_margins, step_reached, Episode, Verdict};
pub use evidence::{
    fused, Evidence, Wager, EVIDENCE_BITS, EVIDENCE_MAX, EVIDENCE_ONE, MILLION, TIER_DAY, TIER_HOUR, TIER_YEAR,
};
pub use extreme_window::{ExtremeBucket, ExtremeWindow, Extremes, EXTREME_BUCKETS};
pub use hold::{Held, Hold};
pub use intensity::{Intensity, IntensityParams, RATE_BITS, RATE_ONE};
pub use ladder::{response_phases, Response};
pub use market::{DetectorParams, Flow, MarketDetectors, MarketEvidence, Observation, Weights};
pub use mean_window::{MeanBucket, MeanWindow, Sample, MEAN_BUCKETS};
pub use one_sided::{OneSided, OneSidedParams};
pub use quorum::{quorum_severity, Attested, Electorate, QUORUM_MIN};
pub use rule::{CageConfig, LadderStep, RuleConfig, RuleId, RuleMode, RuleSet, LADDER_MAX, RULES_MAX};
pub use scale::{Memory, MOVE_MAX, PICO};
pub use shared_budget::SharedBudget;
pub use solvency::{share_of, Answered, MoveWatch, Thresholds};
pub use sum_window::{AmountBucket, AmountWindow, SUM_BUCKETS};
pub use surprise::{Drift, DriftParams, Shock, ShockParams, Surprise, SurpriseParams, SHOCK_WAGERS};
pub use time_budget::{
    BudgetRule, Grant, SpentBucket, TimeBudget, COUNCIL_BUDGET, FED_BUDGET, FROZEN_BUDGET,
    GOVERNANCE_RESTRICTION_SECONDS, REDUCE_ONLY_BUDGET,
};
pub use totals::{Reading, Totals};
pub use watch::{evidence_score, Heard, RuleInput, Watch};

/// Whether a bucket of time reaches into the window that ends at `at`: its end is after the window's start.
pub(crate) fn bucket_is_live(index: u64, width: u64, at: u64, window_seconds: u64) -> bool {
    let start = at.saturating_sub(window_seconds);
    index.saturating_add(1).saturating_mul(width) > start
}
