//! Weighted medians: the quorum's price, its band and its time (F15).
//!
//! A median and not a mean, because a median of reports of which more than half of the weight is honest lies between two
//! honest reports, however far the others stray (R-44).

use crate::error::{RiskError, RiskResult};
use crate::quantity::Price;

/// A value that counts `weight` times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weighted<T> {
    pub value: T,
    pub weight: u64,
}

/// The lower weighted median: the smallest value up to which at least half of the weight lies.
///
/// Units: those of the values. Rounding: none; the result is one of the values. Lower instead of the middle of two, so
/// that no price is published that nobody reported.
/// Errors: [`RiskError::OutOfBounds`] when there is no weight; [`RiskError::Overflow`] of the summed weights.
/// Source: `docs/formulas.md`, F15.
///
/// ```
/// # use firebreak_risk::*;
/// let reports = [(100, 1), (101, 1), (130, 1)].map(|(value, weight)| Weighted { value, weight });
/// assert_eq!(weighted_median(&reports)?, 101); // one venue's 130 moves nothing
/// # Ok::<(), RiskError>(())
/// ```
pub fn weighted_median<T: Ord + Copy>(values: &[Weighted<T>]) -> RiskResult<T> {
    first_reaching(values, |doubled, total| doubled >= total)
}

/// The weighted median of the distances to `median`: how far the reports lie apart.
///
/// Units: those of the prices. Rounding: up, to the upper median where two would do, so that a band of an even number of
/// reports is never understated (two equal halves that disagree by `d` give `d`, not 0).
/// Errors: as [`weighted_median`]. Source: `docs/formulas.md`, F15.
pub fn median_absolute_deviation(values: &[Weighted<Price>], median: Price) -> RiskResult<Price> {
    let distances: Vec<Weighted<Price>> =
        values.iter().map(|report| Weighted { value: report.value.distance(median), weight: report.weight }).collect();
    first_reaching(&distances, |doubled, total| doubled > total)
}

/// The smallest value at which twice the cumulative weight satisfies `reached` against the total.
fn first_reaching<T: Ord + Copy>(values: &[Weighted<T>], reached: fn(u128, u128) -> bool) -> RiskResult<T> {
    let what = "a weighted median";
    let mut sorted: Vec<Weighted<T>> = values.iter().copied().filter(|report| report.weight > 0).collect();
    sorted.sort_by_key(|report| report.value);
    let total = sorted
        .iter()
        .try_fold(0u128, |sum, report| sum.checked_add(u128::from(report.weight)))
        .ok_or(RiskError::Overflow { what })?;
    let mut doubled = 0u128;
    for report in &sorted {
        let step = u128::from(report.weight).checked_mul(2).ok_or(RiskError::Overflow { what })?;
        doubled = doubled.checked_add(step).ok_or(RiskError::Overflow { what })?;
        if reached(doubled, total) {
            return Ok(report.value);
        }
    }
    Err(RiskError::OutOfBounds { what, wanted: "at least one value that has weight".into(), found: "none".into() })
}

#[cfg(test)]
mod tests;
