//! From reports to a round: pure.

use crate::error::ContractError;
use crate::state::PendingReport;
use firebreak_messages::oracle::{FeedConfig, Round, Validity, REPORT_SPREAD_MAX_SECONDS};
use firebreak_risk::{median_absolute_deviation, weighted_median, Price, Ratio, RiskError, Rounding, Weighted};

/// A waiting report and what its feeder weighs.
struct Counted<'a> {
    report: &'a PendingReport,
    weight: u64,
}

/// The round that the waiting reports make; `None` while those that count stay below the quorum.
///
/// A report counts while it is not older than `age_max_seconds` and newer than the last round: no observation is used
/// for two rounds, and the median of such times is itself after the last round, so `published_at` grows strictly.
/// (A publication drops what waits, so the second condition holds already; here it holds whatever the caller does.)
///
/// Of those, only reports of at most [`REPORT_SPREAD_MAX_SECONDS`] before the round's time make its price, and they have
/// to be a quorum by themselves: the medians of prices and of times choose independently, so without this a single
/// feeder pairs the price of an honest report that waits with a time of its own, and whoever knows the price since then
/// is filled at the old one. Rejected: the earliest time as the round's; one liar would age every round.
pub fn publish(
    config: &FeedConfig,
    pending: &[PendingReport],
    previous: Option<&Round>,
    now: u64,
    height: u64,
) -> Result<Option<Round>, ContractError> {
    let last_published_at = previous.map_or(0, |round| round.published_at);
    let mut counted: Vec<Counted> = pending
        .iter()
        .filter(|report| now.saturating_sub(report.published_at) <= config.age_max_seconds)
        .filter(|report| report.published_at > last_published_at)
        .filter_map(|report| {
            let weight = u64::from(config.feeders.get(usize::from(report.feeder))?.weight);
            Some(Counted { report, weight })
        })
        .collect();
    if !is_quorum(config, &counted) {
        return Ok(None);
    }
    let times: Vec<Weighted<u64>> =
        counted.iter().map(|one| Weighted { value: one.report.published_at, weight: one.weight }).collect();
    // Of all that count, not of those that are left below: their median is later, and what is left would again be too
    // old for it.
    let published_at = weighted_median(&times)?;
    let oldest = published_at.saturating_sub(REPORT_SPREAD_MAX_SECONDS);
    counted.retain(|one| one.report.published_at >= oldest);
    if !is_quorum(config, &counted) {
        return Ok(None);
    }
    let prices: Vec<Weighted<Price>> =
        counted.iter().map(|one| Weighted { value: one.report.price, weight: one.weight }).collect();
    let price = weighted_median(&prices)?;
    let band = median_absolute_deviation(&prices, price)?;
    let round = previous.map_or(0, |round| round.round);
    Ok(Some(Round {
        round: round.checked_add(1).ok_or(RiskError::Overflow { what: "a round number" })?,
        price,
        band,
        published_at,
        recorded_height: height,
        validity: judge(config, price, band, previous.map(|round| round.price))?,
    }))
}

/// At most 15 weights below 2^32: the sum stays in 64 bits; saturating would only delay a round.
fn is_quorum(config: &FeedConfig, counted: &[Counted]) -> bool {
    counted.iter().fold(0u64, |sum, one| sum.saturating_add(one.weight)) >= u64::from(config.quorum)
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
