//! The lowest and the highest price of a sliding window, in a ring of time buckets.

use super::bucket_is_live;
use crate::error::{RiskError, RiskResult};
use crate::quantity::Price;
use serde::{Deserialize, Serialize};

/// Buckets that make up one window. One more is kept, because the window's edge cuts the oldest one.
pub const EXTREME_BUCKETS: u64 = 6;

/// The extremes of one bucket of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtremeBucket {
    /// Number of the bucket: its start divided by its width.
    pub index: u64,
    pub low: Price,
    pub high: Price,
}

/// The extremes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extremes {
    pub low: Price,
    pub high: Price,
}

/// Low and high of the prices *published* within the window. A window in which nothing was published holds nothing, so a
/// long silence restarts it by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtremeWindow {
    /// Oldest first. Bounds: at most [`EXTREME_BUCKETS`] + 1.
    pub buckets: Vec<ExtremeBucket>,
}

impl ExtremeWindow {
    /// Takes in a price and returns the extremes of the window that ends with it, itself included.
    ///
    /// The window covers at least `window_seconds` and at most one bucket (a sixth) more.
    ///
    /// Units: prices. Rounding: none. Errors: [`RiskError::OutOfBounds`] when time goes back;
    /// [`RiskError::DivisionByZero`] for an empty window.
    pub fn observe(&mut self, at: u64, price: Price, window_seconds: u64) -> RiskResult<Extremes> {
        let width = window_seconds.div_ceil(EXTREME_BUCKETS);
        let index = at.checked_div(width).ok_or(RiskError::DivisionByZero { what: "a bucket of time" })?;
        match self.buckets.last_mut() {
            Some(bucket) if bucket.index > index => {
                return Err(RiskError::OutOfBounds {
                    what: "time of a price",
                    wanted: format!("not before bucket {}", bucket.index),
                    found: format!("bucket {index}"),
                });
            }
            Some(bucket) if bucket.index == index => {
                bucket.low = bucket.low.min(price);
                bucket.high = bucket.high.max(price);
            }
            Some(_) | None => self.buckets.push(ExtremeBucket { index, low: price, high: price }),
        }
        self.buckets.retain(|bucket| bucket_is_live(bucket.index, width, at, window_seconds));
        Ok(self.buckets.iter().fold(Extremes { low: price, high: price }, |extremes, bucket| Extremes {
            low: extremes.low.min(bucket.low),
            high: extremes.high.max(bucket.high),
        }))
    }

    /// A window that knows nothing but this price: the re-anchoring after a trip.
    pub fn anchored(at: u64, price: Price, window_seconds: u64) -> RiskResult<Self> {
        let mut window = Self::default();
        window.observe(at, price, window_seconds)?;
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn price(units: u32) -> Price {
        Price::from_units(units)
    }

    #[test]
    fn extremes_are_those_of_the_window() {
        // Window 60, bucket width 10.
        for (name, samples, low, high) in [
            ("one price is both", vec![(1_000, 100)], 100, 100),
            ("low and high", vec![(1_000, 100), (1_005, 90), (1_030, 120), (1_031, 110)], 90, 120),
            ("the edge's bucket still counts", vec![(1_000, 90), (1_069, 100)], 90, 100),
            ("older is forgotten", vec![(1_000, 90), (1_070, 100)], 100, 100),
        ] {
            let mut window = ExtremeWindow::default();
            let mut extremes = None;
            for (at, units) in samples {
                extremes = Some(window.observe(at, price(units), 60).unwrap());
            }
            assert_eq!(extremes, Some(Extremes { low: price(low), high: price(high) }), "{name}");
        }
    }

    #[test]
    fn time_that_goes_back_is_refused() {
        let mut window = ExtremeWindow::anchored(1_000, price(1), 60).unwrap();
        assert_eq!(
            window.observe(999, price(1), 60),
            Err(RiskError::OutOfBounds {
                what: "time of a price",
                wanted: "not before bucket 100".into(),
                found: "bucket 99".into()
            })
        );
    }

    proptest! {
        #[test]
        fn extremes_bracket_every_price_of_the_window_and_the_state_is_bounded(
            window_seconds in 10u64..600,
            steps in prop::collection::vec((1u64..200, 1u32..1_000_000), 1..60),
        ) {
            let mut window = ExtremeWindow::default();
            let mut at = 1_700_000_000u64;
            let mut all: Vec<(u64, Price)> = Vec::new();
            for (elapsed, units) in steps {
                at += elapsed;
                all.push((at, price(units)));
                let extremes = window.observe(at, price(units), window_seconds).unwrap();
                prop_assert!(window.buckets.len() <= EXTREME_BUCKETS as usize + 1);
                let width = window_seconds.div_ceil(EXTREME_BUCKETS);
                let within = |seconds: u64| all.iter().filter(move |(time, _)| *time + seconds > at).map(|sample| sample.1);
                // At least the window, at most one bucket more.
                prop_assert!(extremes.low <= within(window_seconds).min().unwrap());
                prop_assert!(extremes.high >= within(window_seconds).max().unwrap());
                prop_assert!(extremes.low >= within(window_seconds + width).min().unwrap());
                prop_assert!(extremes.high <= within(window_seconds + width).max().unwrap());
            }
        }
    }
}
