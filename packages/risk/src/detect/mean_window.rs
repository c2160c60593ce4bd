//! The time-weighted mean of a price over a sliding window, in a ring of time buckets.

use super::bucket_is_live;
use crate::error::{RiskError, RiskResult};
use crate::quantity::Price;
use serde::{Deserialize, Serialize};

/// Buckets that make up one window. One more is kept, because the window's edge cuts the oldest one.
pub const MEAN_BUCKETS: u64 = 8;

/// A price and when it began to hold, seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    pub at: u64,
    pub price: Price,
}

/// What one bucket of time holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanBucket {
    /// Number of the bucket: its start divided by its width.
    pub index: u64,
    /// Seconds covered, at most the width.
    pub seconds: u64,
    /// Sum of price atoms x seconds: exact, so that updating often and seldom agree.
    pub sum: u128,
}

/// A price holds from its own time until the next one, and counts for as long as it held. Weighted by seconds and not by
/// updates: whoever pushes a hundred rounds within a second moves the mean by one second's worth.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeanWindow {
    /// The price that holds now.
    pub last: Option<Sample>,
    /// Oldest first. Bounds: at most [`MEAN_BUCKETS`] + 1.
    pub buckets: Vec<MeanBucket>,
}

impl MeanWindow {
    /// A window that knows nothing but this price: the start, and the re-anchoring after a trip.
    pub fn anchored(at: u64, price: Price) -> Self {
        Self { last: Some(Sample { at, price }), buckets: Vec::new() }
    }

    /// Takes in a price and returns the mean of what held before it; `None` when nothing did.
    ///
    /// The mean covers at least `window_seconds` and at most one bucket (an eighth) more. After a silence longer than the
    /// window it restarts: a mean of one stale price says nothing about the new one, and the oracle's own limits (age,
    /// jump) judge the first price after a gap.
    ///
    /// Another price of the same time takes the place of the one before, which has held for no second.
    ///
    /// Units: prices. Rounding: down. Errors: [`RiskError::OutOfBounds`] when time falls or the window is
    /// empty; [`RiskError::Overflow`].
    pub fn observe(&mut self, at: u64, price: Price, window_seconds: u64) -> RiskResult<Option<Price>> {
        let Some(last) = self.last else {
            *self = Self::anchored(at, price);
            return Ok(None);
        };
        let elapsed = at.checked_sub(last.at).ok_or_else(|| RiskError::OutOfBounds {
            what: "time of a price",
            wanted: format!("not before {}", last.at),
            found: at.to_string(),
        })?;
        if elapsed == 0 {
            self.last = Some(Sample { at, price });
            return if self.buckets.is_empty() { Ok(None) } else { self.mean().map(Some) };
        }
        if elapsed > window_seconds {
            *self = Self::anchored(at, price);
            return Ok(None);
        }
        let width = window_seconds.div_ceil(MEAN_BUCKETS);
        self.hold(last, at, width)?;
        self.buckets.retain(|bucket| bucket_is_live(bucket.index, width, at, window_seconds));
        self.last = Some(Sample { at, price });
        self.mean().map(Some)
    }

    /// Adds the price that held over `[last.at, until)`, cut at the borders of buckets.
    fn hold(&mut self, last: Sample, until: u64, width: u64) -> RiskResult<()> {
        let overflow = || RiskError::Overflow { what: "a windowed mean" };
        let mut cursor = last.at;
        // Bounded: the interval is no longer than the window, so it touches at most MEAN_BUCKETS + 1 buckets.
        while cursor < until {
            let index = cursor.checked_div(width).ok_or_else(overflow)?;
            let border = index.checked_add(1).and_then(|next| next.checked_mul(width)).ok_or_else(overflow)?;
            let end = border.min(until);
            let seconds = end.checked_sub(cursor).ok_or_else(overflow)?;
            let sum = last.price.atoms().checked_mul(u128::from(seconds)).ok_or_else(overflow)?;
            match self.buckets.last_mut() {
                Some(bucket) if bucket.index == index => {
                    bucket.seconds = bucket.seconds.checked_add(seconds).ok_or_else(overflow)?;
                    bucket.sum = bucket.sum.checked_add(sum).ok_or_else(overflow)?;
                }
                _ => self.buckets.push(MeanBucket { index, seconds, sum }),
            }
            cursor = end;
        }
        Ok(())
    }

    fn mean(&self) -> RiskResult<Price> {
        let what = "a windowed mean";
        let mut seconds = 0u128;
        let mut sum = 0u128;
        for bucket in &self.buckets {
            seconds = seconds.checked_add(u128::from(bucket.seconds)).ok_or(RiskError::Overflow { what })?;
            sum = sum.checked_add(bucket.sum).ok_or(RiskError::Overflow { what })?;
        }
        sum.checked_div(seconds).map(Price::from_atoms).ok_or(RiskError::DivisionByZero { what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: u64 = 80;

    fn price(units: u32) -> Price {
        Price::from_units(units)
    }

    fn fed(samples: &[(u64, u32)]) -> (MeanWindow, Option<Price>) {
        let mut window = MeanWindow::default();
        let mut mean = None;
        for (at, units) in samples {
            mean = window.observe(*at, price(*units), WINDOW).unwrap();
        }
        (window, mean)
    }

    #[test]
    fn prices_count_for_as_long_as_they_held() {
        for (name, samples, mean) in [
            ("the first price has no mean", vec![(1_000, 100)], None),
            ("the new price does not count yet", vec![(1_000, 100), (1_010, 500)], Some(100)),
            ("equal times", vec![(1_000, 100), (1_010, 200), (1_020, 0)], Some(150)),
            ("30 s of 100, 10 s of 200: (3000 + 2000) / 40", vec![(1_000, 100), (1_030, 200), (1_040, 7)], Some(125)),
            ("a silence as long as the window still counts", vec![(1_000, 100), (1_080, 7)], Some(100)),
            ("a longer silence restarts", vec![(1_000, 100), (1_081, 7)], None),
        ] {
            assert_eq!(fed(&samples).1, mean.map(price), "{name}");
        }
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten() {
        // Bucket width 10. At 1_120 the window starts at 1_040: everything before bucket 104 is gone.
        let (window, mean) = fed(&[(1_000, 900), (1_040, 100), (1_080, 100), (1_120, 100)]);
        assert_eq!(mean, Some(price(100)));
        assert_eq!(window.buckets.first().map(|bucket| bucket.index), Some(104));
    }

    #[test]
    fn time_that_falls_is_refused() {
        let (mut window, _) = fed(&[(1_000, 100)]);
        let refused = window.observe(999, price(100), WINDOW);
        let wanted = "not before 1000".into();
        assert_eq!(refused, Err(RiskError::OutOfBounds { what: "time of a price", wanted, found: "999".into() }));
        assert_eq!(window, fed(&[(1_000, 100)]).0);
    }

    #[test]
    fn another_price_of_the_same_time_replaces_the_one_before() {
        assert_eq!(fed(&[(1_000, 900), (1_000, 100)]), fed(&[(1_000, 100)]));
        assert_eq!(fed(&[(1_000, 100), (1_010, 900), (1_010, 200)]), fed(&[(1_000, 100), (1_010, 200)]));
    }

    proptest! {
        #[test]
        fn the_mean_lies_between_the_lowest_and_the_highest_price_and_the_state_is_bounded(
            window_seconds in 60u64..3_600,
            steps in prop::collection::vec((1u64..400, 1u32..1_000_000), 1..60),
        ) {
            let mut window = MeanWindow::default();
            let mut at = 1_700_000_000u64;
            let mut held: Vec<(u64, u64, Price)> = Vec::new(); // start, end, price
            let mut last: Option<(u64, Price)> = None;
            for (elapsed, units) in steps {
                at += elapsed;
                let mean = window.observe(at, price(units), window_seconds).unwrap();
                if let Some((start, price)) = last {
                    held.push((start, at, price));
                }
                last = Some((at, price(units)));
                prop_assert!(window.buckets.len() <= MEAN_BUCKETS as usize + 1);
                prop_assert_eq!(mean.is_some(), held.last().is_some_and(|(start, end, _)| end - start <= window_seconds));
                if let Some(mean) = mean {
                    let width = window_seconds.div_ceil(MEAN_BUCKETS);
                    let seen = || held.iter().filter(|(_, end, _)| *end + window_seconds + width > at).map(|held| held.2);
                    prop_assert!(seen().min().unwrap() <= mean && mean <= seen().max().unwrap());
                } else {
                    held.clear();
                }
            }
        }

        #[test]
        fn a_price_reported_often_counts_no_more_than_once(often in 2u64..40) {
            // 40 s of 100 in one round or in many give the same mean.
            let (_, seldom) = fed(&[(1_000, 100), (1_040, 200), (1_060, 1)]);
            let mut samples = vec![(1_000, 100)];
            samples.extend((1..often).map(|step| (1_000 + step, 100)));
            samples.extend([(1_040, 200), (1_060, 1)]);
            prop_assert_eq!(fed(&samples).1, seldom);
        }
    }
}
