//! From reports to a round: pure.

use crate::error::ContractError;
use crate::state::PendingReport;
use firebreak_messages::oracle::{FeedConfig, Round, Validity};
use firebreak_risk::{median_absolute_deviation, weighted_median, Price, Ratio, RiskError, Rounding, Weighted};

/// The round that the waiting reports make; `None` while those that count stay below the quorum.
///
/// A report counts while it is not older than `age_max_seconds` and newer than the last round: no observation is used
/// for two rounds, and the median of such times is itself after the last round, so `published_at` grows strictly.
/// (A publication drops what waits, so the second condition holds already; here it holds whatever the caller does.)
pub fn publish(
    config: &FeedConfig,
    pending: &[PendingReport],
    previous: Option<&Round>,
    now: u64,
    height: u64,
) -> Result<Option<Round>, ContractError> {
    let last_published_at = previous.map_or(0, |round| round.published_at);
    let counted: Vec<(&PendingReport, u64)> = pending
        .iter()
        .filter(|report| now.saturating_sub(report.published_at) <= config.age_max_seconds)
        .filter(|report| report.published_at > last_published_at)
        .filter_map(|report| Some((report, u64::from(config.feeders.get(usize::from(report.feeder))?.weight))))
        .collect();
    // At most 15 weights below 2^32: the sum stays in 64 bits; saturating would only delay a round.
    let weight = counted.iter().fold(0u64, |sum, (_, weight)| sum.saturating_add(*weight));
    if weight < u64::from(config.quorum) {
        return Ok(None);
    }
    let prices: Vec<Weighted<Price>> =
        counted.iter().map(|(report, weight)| Weighted { value: report.price, weight: *weight }).collect();
    let times: Vec<Weighted<u64>> =
        counted.iter().map(|(report, weight)| Weighted { value: report.published_at, weight: *weight }).collect();
    let price = weighted_median(&prices)?;
    let band = median_absolute_deviation(&prices, price)?;
    let round = previous.map_or(0, |round| round.round);
    Ok(Some(Round {
        round: round.checked_add(1).ok_or(RiskError::Overflow { what: "a round number" })?,
        price,
        band,
        published_at: weighted_median(&times)?,
        recorded_height: height,
        validity: judge(config, price, band, previous.map(|round| round.price))?,
    }))
}

/// Validity at recording: dispersed reports are doubtful, a jump is refused.
///
/// The jump is measured against the previous *round*, whatever that round's own validity. Measured against the last
/// *valid* round, one true re-pricing beyond the cap would invalidate the feed for ever (the wedge of SIP-65). So: the
/// round that jumps is invalid, the next one that agrees with it is valid. Left open on purpose: a price that jumps and
/// stays costs an attacker of a whole quorum one round of patience; the breaker sees the move all the same.
fn judge(config: &FeedConfig, price: Price, band: Price, previous: Option<Price>) -> Result<Validity, ContractError> {
    if let Some(previous) = previous {
        if exceeds(price.distance(previous), previous, config.jump_max)? {
            return Ok(Validity::Invalid);
        }
    }
    Ok(if exceeds(band, price, config.dispersion_max)? { Validity::SoftInvalid } else { Validity::Valid })
}

/// Whether `distance / price` is above `max`. A ratio too large for its type is above every limit: an error here would
/// refuse the round and with it every later one.
fn exceeds(distance: Price, price: Price, max: Ratio) -> Result<bool, ContractError> {
    match distance.ratio_to(price, Rounding::Ceil) {
        Ok(ratio) => Ok(ratio > max),
        Err(RiskError::Overflow { .. }) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
