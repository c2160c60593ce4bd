//! What a sliding window adds up to, and the highest figure it holds: rings of time buckets.

use super::bucket_is_live;
use crate::error::{RiskError, RiskResult};
use serde::{Deserialize, Serialize};

/// Buckets that make up one window. One more is kept, because the window's edge cuts the oldest one.
pub const SUM_BUCKETS: u64 = 6;

/// One bucket of time: a sum or a highest figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountBucket {
    /// Number of the bucket: its start divided by its width.
    pub index: u64,
    pub amount: u128,
}

/// A window of amounts: liquidated notional, net outflow, losses paid. It covers at least its length and at most a sixth more, so no
/// choice of moments slips past an edge.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AmountWindow {
    /// Oldest first. Bounds: at most [`SUM_BUCKETS`] + 1.
    pub buckets: Vec<AmountBucket>,
}

impl AmountWindow {
    /// Adds an amount and returns the window's sum, itself included.
    ///
    /// Units: those of the amounts. Rounding: none; saturates, which trips. Errors: [`RiskError::OutOfBounds`] when time goes back;
    /// [`RiskError::DivisionByZero`] for an empty window.
    pub fn add(&mut self, at: u64, amount: u128, window_seconds: u64) -> RiskResult<u128> {
        self.put(at, amount, window_seconds, u128::saturating_add)?;
        Ok(self.buckets.iter().fold(0, |sum, bucket| bucket.amount.saturating_add(sum)))
    }

    /// Takes in a figure and returns the highest of the window, itself included.
    ///
    /// Errors: those of [`Self::add`].
    pub fn highest(&mut self, at: u64, amount: u128, window_seconds: u64) -> RiskResult<u128> {
        self.put(at, amount, window_seconds, u128::max)?;
        Ok(self.buckets.iter().fold(0, |highest, bucket| bucket.amount.max(highest)))
    }

    fn put(&mut self, at: u64, amount: u128, window_seconds: u64, join: fn(u128, u128) -> u128) -> RiskResult<()> {
        let width = window_seconds.div_ceil(SUM_BUCKETS);
        let index = at.checked_div(width).ok_or(RiskError::DivisionByZero { what: "a bucket of time" })?;
        match self.buckets.last_mut() {
            Some(bucket) if bucket.index > index => {
                return Err(RiskError::OutOfBounds {
                    what: "time of an amount",
                    wanted: format!("not before bucket {}", bucket.index),
                    found: format!("bucket {index}"),
                });
            }
            Some(bucket) if bucket.index == index => bucket.amount = join(bucket.amount, amount),
            Some(_) | None => self.buckets.push(AmountBucket { index, amount }),
        }
        self.buckets.retain(|bucket| bucket_is_live(bucket.index, width, at, window_seconds));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_add_up_and_are_forgotten() {
        // Window 60, bucket width 10.
        let mut window = AmountWindow::default();
        for (at, amount, sum) in [(1_000, 5, 5), (1_009, 5, 10), (1_030, 7, 17), (1_069, 0, 17), (1_070, 1, 8)] {
            assert_eq!(window.add(at, amount, 60), Ok(sum), "{at}");
        }
        let mut window = AmountWindow::default();
        for (at, amount, highest) in [(1_000, 5, 5), (1_009, 9, 9), (1_030, 7, 9), (1_070, 1, 7)] {
            assert_eq!(window.highest(at, amount, 60), Ok(highest), "{at}");
        }
        assert_eq!(
            window.add(999, 1, 60),
            Err(RiskError::OutOfBounds {
                what: "time of an amount",
                wanted: "not before bucket 107".into(),
                found: "bucket 99".into()
            })
        );
        assert_eq!(window.add(2_000, 1, 0), Err(RiskError::DivisionByZero { what: "a bucket of time" }));
    }

    proptest! {
        #[test]
        fn the_sum_covers_the_window_and_the_state_is_bounded(
            window_seconds in 6u64..600, steps in prop::collection::vec((0u64..200, 0u128..1_000), 1..60),
        ) {
            let mut window = AmountWindow::default();
            let mut at = 1_700_000_000u64;
            let mut all: Vec<(u64, u128)> = Vec::new();
            for (elapsed, amount) in steps {
                at += elapsed;
                all.push((at, amount));
                let sum = window.add(at, amount, window_seconds).unwrap();
                let within = |seconds: u64| all.iter().filter(|(time, _)| *time + seconds > at).map(|(_, a)| a).sum::<u128>();
                prop_assert!(within(window_seconds) <= sum && sum <= within(window_seconds + window_seconds.div_ceil(SUM_BUCKETS)));
                prop_assert!(window.buckets.len() <= SUM_BUCKETS as usize + 1);
            }
        }
    }
}
