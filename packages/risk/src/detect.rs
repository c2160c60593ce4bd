//! Detectors of the circuit breaker: what a price series looks like, what a ladder answers, and how much restriction a
//! market can take.
//!
//! Every detector is *(state, input) -> (state, verdict)* with a state of bounded size, so that one packed record per
//! market holds all of it and the observer off chain computes the same verdicts. Times are seconds of the feed
//! (`published_at`) in the windows and of the block in episodes and budgets.

mod episode;
mod extreme_window;
mod ladder;
mod mean_window;
mod time_budget;

pub use episode::{move_in_margins, step_reached, Episode, Verdict};
pub use extreme_window::{ExtremeBucket, ExtremeWindow, Extremes, EXTREME_BUCKETS};
pub use ladder::{response_phases, Response};
pub use mean_window::{MeanBucket, MeanWindow, Sample, MEAN_BUCKETS};
pub use time_budget::{BudgetRule, Grant, SpentBucket, TimeBudget};

/// Whether a bucket of time reaches into the window that ends at `at`: its end is after the window's start.
pub(crate) fn bucket_is_live(index: u64, width: u64, at: u64, window_seconds: u64) -> bool {
    let start = at.saturating_sub(window_seconds);
    index.saturating_add(1).saturating_mul(width) > start
}
