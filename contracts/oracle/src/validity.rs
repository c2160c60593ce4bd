//! How far a round may be trusted when it is recorded: pure. Age comes on top when it is read.
//!
//! | what | validity |
//! |---|---|
//! | jumps by more than `jump_max` from the round before | invalid |
//! | at the source's floor or ceiling, or repeated `unchanged_rounds` times: a dead feed (R-43) | invalid |
//! | moves by more than `move_max` from the last valid round with less weight than `move_quorum` | soft-invalid |
//! | band wider than `dispersion_max` | soft-invalid |

use crate::error::ContractError;
use firebreak_messages::oracle::{FeedConfig, Round, Validity};
use firebreak_risk::{Price, Ratio, RiskError, Rounding};

/// A round before it is judged, and the ring before it.
pub struct Evidence<'a> {
    pub price: Price,
    pub band: Price,
    pub weight: u64,
    pub unchanged: u32,
    pub rounds: &'a [Round],
}

/// The jump is measured against the previous *round*, whatever that round's own validity. Measured against the last
/// *valid* round, one true re-pricing beyond the cap would invalidate the feed for ever (the wedge of SIP-65). So: the
/// round that jumps is invalid, the next one that agrees with it is valid. Left open on purpose: a price that jumps and
/// stays costs an attacker of a whole quorum one round of patience; the breaker sees the move all the same.
///
/// The smaller cap asks for more weight and is measured against the last valid round *of the ring*: who has a bare quorum gains
/// nothing by patience before that one has left the ring, and by then the feed goes on by itself.
pub fn judge(config: &FeedConfig, evidence: &Evidence) -> Result<Validity, ContractError> {
    let rules = &config.rules;
    let previous = evidence.rounds.last();
    if let Some(previous) = previous {
        if exceeds(evidence.price.distance(previous.price), previous.price, config.jump_max)? {
            return Ok(Validity::Invalid);
        }
    }
    let at_floor = !rules.floor.is_zero() && evidence.price <= rules.floor;
    let at_ceiling = !rules.ceiling.is_zero() && evidence.price >= rules.ceiling;
    let stands_still = rules.unchanged_rounds > 0 && evidence.unchanged >= rules.unchanged_rounds;
    if at_floor || at_ceiling || stands_still {
        return Ok(Validity::Invalid);
    }
    if evidence.weight < u64::from(rules.move_quorum) && has_moved(config, evidence.price, evidence.rounds)? {
        return Ok(Validity::SoftInvalid);
    }
    let dispersed = exceeds(evidence.band, evidence.price, config.dispersion_max)?;
    Ok(if dispersed { Validity::SoftInvalid } else { Validity::Valid })
}

/// Whether `price` is more than `move_max` away from the last valid round of the ring, or of the last one when none is valid.
pub fn has_moved(config: &FeedConfig, price: Price, rounds: &[Round]) -> Result<bool, ContractError> {
    let last_valid = rounds.iter().rev().find(|round| round.validity == Validity::Valid);
    match last_valid.or(rounds.last()) {
        Some(trusted) => beyond(price, trusted.price, config.rules.move_max),
        None => Ok(false),
    }
}

/// Whether `price` is more than a share of `from` away from it; never for a share of zero, which is no rule.
pub fn beyond(price: Price, from: Price, max: Ratio) -> Result<bool, ContractError> {
    Ok(!max.is_zero() && exceeds(price.distance(from), from, max)?)
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
