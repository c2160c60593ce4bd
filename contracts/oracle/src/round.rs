//! From reports to a round: pure.

use crate::error::ContractError;
use crate::state::{PendingReport, Progress};
use crate::validity::{beyond, has_moved, judge, Evidence};
use firebreak_messages::oracle::{FeedConfig, Round, Validity, REPORT_SPREAD_MAX_SECONDS};
use firebreak_risk::{
    median_absolute_deviation, quorum_cover, weighted_median, Price, RiskError, RiskResult, Standing, Weighted,
};

/// A report and what its feeder weighs.
#[derive(Clone, Copy)]
pub struct Counted<'a> {
    pub report: &'a PendingReport,
    pub weight: u64,
}

/// A round and how it came about.
pub struct Made {
    pub round: Round,
    /// Median absolute deviation of the reports.
    pub spread: Price,
    /// Beyond `move_max` from the round before and from what was last trusted, with less weight than such a move asks for.
    pub moved_with_too_little: bool,
    pub unchanged: u32,
}

/// What a round is made next to: the ring without it, and the block.
pub struct Place<'a> {
    pub rounds: &'a [Round],
    pub unchanged: u32,
    pub height: u64,
}

/// The round that the waiting reports make; `None` while those that count stay below the quorum.
///
/// A report counts while its source is not quarantined, and it is not older than `age_max_seconds` and newer than the last round: no
/// observation is used for two rounds, and the median of such times is itself after the last round, so `published_at`
/// grows strictly.
/// (A publication drops what waits, so the last condition holds already; here it holds whatever the caller does.)
///
/// Of those, only reports of at most [`REPORT_SPREAD_MAX_SECONDS`] before the round's time make its price, and they have
/// to be a quorum by themselves: the medians of prices and of times choose independently, so without this a single
/// feeder pairs the price of an honest report that waits with a time of its own, and whoever knows the price since then
/// is filled at the old one. Rejected: the earliest time as the round's; one liar would age every round.
pub fn publish(
    config: &FeedConfig,
    progress: &Progress,
    place: &Place,
    now: u64,
) -> Result<Option<Made>, ContractError> {
    let last_published_at = place.rounds.last().map_or(0, |round| round.published_at);
    let mut counted: Vec<Counted> = progress
        .waiting
        .iter()
        .filter(|report| now.saturating_sub(report.published_at) <= config.age_max_seconds)
        .filter(|report| report.published_at > last_published_at)
        .filter(|report| !is_quarantined(&progress.standings, report.feeder))
        .filter_map(|report| {
            let weight = u64::from(config.feeders.get(usize::from(report.feeder))?.weight);
            Some(Counted { report, weight })
        })
        .collect();
    if weight_of(&counted) < u64::from(config.quorum) {
        return Ok(None);
    }
    // Of all that count, not of those that are left below: their median is later, and what is left would again be too
    // old for it.
    let published_at = median(&counted, |report| report.published_at)?;
    let oldest = published_at.saturating_sub(REPORT_SPREAD_MAX_SECONDS);
    counted.retain(|one| one.report.published_at >= oldest);
    if weight_of(&counted) < u64::from(config.quorum) {
        return Ok(None);
    }
    make(config, &counted, published_at, place, None).map(Some)
}

/// The round that these reports make: median price, the wider of spread and confidence as its band.
///
/// `signers_weight` is the weight of all who might have been relayed instead, for a round whose sender chose among signatures: its
/// band then holds the median of every other choice. Reports that feeders send themselves are nobody's choice but the
/// block's: there the first quorum counts, and one liar in it does not widen the band.
pub fn make(
    config: &FeedConfig,
    counted: &[Counted],
    published_at: u64,
    place: &Place,
    signers_weight: Option<u64>,
) -> Result<Made, ContractError> {
    let prices: Vec<Weighted<Price>> =
        counted.iter().map(|one| Weighted { value: one.report.price, weight: one.weight }).collect();
    let price = weighted_median(&prices)?;
    let spread = median_absolute_deviation(&prices, price)?;
    let confidence = median(counted, |report| report.confidence)?;
    let cover = match signers_weight {
        Some(all) => quorum_cover(&prices, all, config.quorum.into(), price)?,
        None => Price::ZERO,
    };
    let band = spread.max(confidence).max(cover);
    let weight = weight_of(counted);
    let unchanged = unchanged_after(config, place, price);
    let previous = place.rounds.last();
    let evidence = Evidence { price, band, weight, unchanged, rounds: place.rounds };
    let validity = judge(config, &evidence)?;
    // Once published in doubt, the rounds that agree with it are not held up again.
    let moved = match previous {
        Some(previous) => {
            beyond(price, previous.price, config.rules.move_max)? && has_moved(config, price, place.rounds)?
        }
        None => false,
    };
    Ok(Made {
        round: Round {
            round: next_number(previous)?,
            price,
            band,
            published_at,
            recorded_height: place.height,
            validity,
        },
        spread,
        // An invalid one is not worth the wait.
        moved_with_too_little: moved && validity != Validity::Invalid && weight < u64::from(config.rules.move_quorum),
        unchanged,
    })
}

pub fn next_number(previous: Option<&Round>) -> RiskResult<u64> {
    let last = previous.map_or(0, |round| round.round);
    last.checked_add(1).ok_or(RiskError::Overflow { what: "a round number" })
}

/// How many rounds in a row repeat the price before them, once this one is published.
pub fn unchanged_after(config: &FeedConfig, place: &Place, price: Price) -> u32 {
    let repeats = place.rounds.last().is_some_and(|previous| previous.price == price);
    if repeats && config.rules.unchanged_rounds > 0 {
        place.unchanged.saturating_add(1)
    } else {
        0
    }
}

pub fn is_quarantined(standings: &[Standing], feeder: u8) -> bool {
    standings.get(usize::from(feeder)).is_some_and(|standing| standing.quarantined)
}

/// At most 15 weights below 2^32: the sum stays in 64 bits; saturating would only delay a round.
pub fn weight_of(counted: &[Counted]) -> u64 {
    counted.iter().fold(0u64, |sum, one| sum.saturating_add(one.weight))
}

fn median<T: Ord + Copy>(counted: &[Counted], of: impl Fn(&PendingReport) -> T) -> RiskResult<T> {
    let values: Vec<Weighted<T>> =
        counted.iter().map(|one| Weighted { value: of(one.report), weight: one.weight }).collect();
    weighted_median(&values)
}
