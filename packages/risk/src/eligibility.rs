//! F16: which price an order gets: the first that was made after the order could no longer react to it.
//!
//! What this leaves open on purpose: somebody who knows a price `delta_seconds` before it is published. The delay covers
//! the chain's clock lag and one block, not a faster view of the world.

/// When a round of a price record was made and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTime {
    /// Consecutive number of the round.
    pub round: u64,
    /// Seconds; the time the sources give it, never falling from round to round.
    pub published_at: u64,
    /// Block in which the chain recorded it.
    pub recorded_height: u64,
    /// The round passed the oracle's checks.
    pub valid: bool,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eligibility {
    /// No round it may fill at exists yet.
    NotYet,
    /// It fills at the round at `index` of the ring, and at no other.
    First { index: usize },
    /// Its round may have left the ring: nobody can tell any more which price was its own, so it is dropped.
    Missed,
}

/// The first valid round with `published_at >= placed_at + delta_seconds` that was recorded in a later block than the order.
///
/// `rounds` is the record's ring, oldest first (at most 8); `oldest_round_dropped` says that rounds before it existed;
/// `last_round_at_placement` is the newest round when the order was placed. An order is missed when rounds made after its
/// placement have left the ring and the oldest one left is already late enough: the one before it may have been, too.
/// Units: seconds and blocks. Errors: none; a time past the end of the clock is never reached. Source: `docs/formulas.md#f16-which-price-an-order-gets`.
pub fn first_eligible_round(
    rounds: &[RoundTime],
    oldest_round_dropped: bool,
    placed_at: u64,
    placed_height: u64,
    delta_seconds: u64,
    last_round_at_placement: u64,
) -> Eligibility {
    let from = placed_at.saturating_add(delta_seconds);
    let late_enough = |round: &RoundTime| round.published_at >= from && round.recorded_height > placed_height;
    if let Some(oldest) = rounds.first() {
        let gap = oldest.round > last_round_at_placement.saturating_add(1);
        if oldest_round_dropped && gap && late_enough(oldest) {
            return Eligibility::Missed;
        }
    }
    match rounds.iter().position(|round| round.valid && late_enough(round)) {
        Some(index) => Eligibility::First { index },
        None => Eligibility::NotYet,
    }
}

/// A cancellation binds for rounds published `delta_seconds` after it; an earlier round still fills the order, so nobody
/// can watch a price and then take the order back.
///
/// Source: `docs/formulas.md#f16-which-price-an-order-gets`.
pub fn cancel_applies(round_published_at: u64, cancel_requested_at: u64, delta_seconds: u64) -> bool {
    round_published_at >= cancel_requested_at.saturating_add(delta_seconds)
}

#[cfg(test)]
mod tests;
