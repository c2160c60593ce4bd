//! Mean, median, low and high of a price over a window, kept in rings of time buckets: what they cost to read does not grow with
//! what happened.

use crate::detect::{ExtremeWindow, MeanWindow};
use crate::error::{RiskError, RiskResult};
use crate::median::{weighted_median, Weighted};
use crate::quantity::Price;
use serde::{Deserialize, Serialize};

/// The rounds that were folded in so far. Bounds: nine buckets of means, seven of extremes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceHistory {
    /// Number of the last round that was folded in.
    pub folded: u64,
    pub mean: MeanWindow,
    pub extremes: ExtremeWindow,
}

/// A window's figures, time-weighted where that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowFigures {
    pub mean: Price,
    pub median: Price,
    pub low: Price,
    pub high: Price,
}

impl PriceHistory {
    /// Folds a round in; one that is not newer, by number and by time, changes nothing. A new window length starts over.
    ///
    /// Errors: [`RiskError::Overflow`], and [`RiskError::OutOfBounds`] for a window of no length.
    pub fn fold(&mut self, round: u64, at: u64, price: Price, window_seconds: u64) -> RiskResult<()> {
        if round <= self.folded || self.mean.last.is_some_and(|last| at <= last.at) {
            return Ok(());
        }
        self.mean.observe(at, price, window_seconds)?;
        self.extremes.observe(at, price, window_seconds)?;
        self.folded = round;
        Ok(())
    }

    /// The figures of the window that ends at `now`; `None` when no price was published in it.
    ///
    /// Mean: of the price in force, by seconds, rounded down. Median: of the means of an eighth of the window each, by seconds, as
    /// in F18: whoever moves the price for less than half of the window does not decide it. Low and high: of the prices
    /// published, and of the one in force. Mean and median cover at most an eighth more than the window, low and high a
    /// sixth.
    ///
    /// Errors: [`RiskError::Overflow`], and [`RiskError::OutOfBounds`] for a window of no length.
    pub fn figures(&self, now: u64, window_seconds: u64) -> RiskResult<Option<WindowFigures>> {
        let Some(last) = self.mean.last else { return Ok(None) };
        if now.saturating_sub(last.at) > window_seconds {
            return Ok(None);
        }
        let mut means = self.mean.clone();
        // A price from ahead of the block's clock is in force from its own time on.
        if now > last.at {
            means.observe(now, last.price, window_seconds)?;
        }
        let extremes = self.extremes.clone().observe(now.max(last.at), last.price, window_seconds)?;
        let overflow = || RiskError::Overflow { what: "the figures of a window" };
        let (mut sum, mut seconds) = (0u128, 0u64);
        let mut buckets = Vec::with_capacity(means.buckets.len());
        // Bounded: nine buckets. None is empty.
        for bucket in &means.buckets {
            sum = sum.checked_add(bucket.sum).ok_or_else(overflow)?;
            seconds = seconds.checked_add(bucket.seconds).ok_or_else(overflow)?;
            let mean = bucket.sum.checked_div(u128::from(bucket.seconds)).ok_or_else(overflow)?;
            buckets.push(Weighted { value: Price::from_atoms(mean), weight: bucket.seconds });
        }
        Ok(Some(WindowFigures {
            mean: sum.checked_div(u128::from(seconds)).map_or(last.price, Price::from_atoms),
            median: if buckets.is_empty() { last.price } else { weighted_median(&buckets)? },
            low: extremes.low,
            high: extremes.high,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: u64 = 80; // eighths of 10 s

    fn history(rounds: &[(u64, u32)]) -> PriceHistory {
        let mut history = PriceHistory::default();
        for (round, (at, units)) in (1u64..).zip(rounds) {
            history.fold(round, *at, Price::from_units(*units), WINDOW).unwrap();
        }
        history
    }

    fn figures(rounds: &[(u64, u32)], now: u64) -> Option<[u32; 4]> {
        let units = |price: Price| (price.atoms() / crate::number::ONE) as u32;
        let found = history(rounds).figures(now, WINDOW).unwrap();
        found.map(|found| [units(found.mean), units(found.median), units(found.low), units(found.high)])
    }

    #[test]
    fn a_window_is_told_by_its_seconds() {
        for (name, rounds, now, wanted) in [
            ("nothing", vec![], 1_000, None),
            ("one price, now", vec![(1_000, 100)], 1_000, Some([100; 4])),
            ("one price, ahead of the clock", vec![(1_002, 100)], 1_000, Some([100; 4])),
            ("the price in force counts", vec![(1_000, 100), (1_010, 200)], 1_020, Some([150, 100, 100, 200])),
            // 60 s of 100, 10 s of 900: the mean moves, the median of the eighths does not.
            ("a spike", vec![(1_000, 100), (1_060, 900), (1_070, 100)], 1_070, Some([214, 100, 100, 900])),
            ("a silence as long as the window", vec![(1_000, 100)], 1_080, Some([100; 4])),
            ("a longer silence", vec![(1_000, 100)], 1_081, None),
        ] {
            assert_eq!(figures(&rounds, now), wanted, "{name}");
        }
    }

    #[test]
    fn a_round_is_folded_once() {
        let once = history(&[(1_000, 100), (1_010, 200)]);
        let mut twice = once.clone();
        twice.fold(2, 1_010, Price::from_units(200), WINDOW).unwrap();
        twice.fold(1, 1_020, Price::from_units(900), WINDOW).unwrap();
        twice.fold(3, 1_010, Price::from_units(900), WINDOW).unwrap();
        assert_eq!(once, twice);
    }

    proptest! {
        #[test]
        fn figures_lie_between_low_and_high_and_the_record_is_bounded(
            steps in prop::collection::vec((1u64..40, 1u32..1_000), 1..80),
            later in 0u64..60,
        ) {
            let mut history = PriceHistory::default();
            let mut at = 1_700_000_000;
            for (round, (pause, units)) in (1u64..).zip(steps) {
                at += pause;
                history.fold(round, at, Price::from_units(units), WINDOW).unwrap();
                prop_assert!(history.mean.buckets.len() <= 9 && history.extremes.buckets.len() <= 7);
            }
            if let Some(found) = history.figures(at + later, WINDOW).unwrap() {
                prop_assert!(found.low <= found.high);
                // Means reach an eighth further back than the window, extremes a sixth: they hold every price of the means but
                // the one that was in force when the window began.
                prop_assert!(found.mean <= Price::from_units(1_000) && !found.mean.is_zero());
                prop_assert!(found.median <= Price::from_units(1_000) && !found.median.is_zero());
            }
        }

        /// A price moved for less than half of the window, less the eighths at its ends, does not decide the median.
        #[test]
        fn a_short_spike_does_not_move_the_median(start in 0u64..50, length in 1u64..=25, units in 1u32..100_000) {
            let rounds = [(1_000, 100), (1_010 + start, units), (1_010 + start + length, 100)];
            let found = history(&rounds).figures(1_089, WINDOW).unwrap().unwrap();
            prop_assert_eq!(found.median, Price::from_units(100));
        }
    }
}
