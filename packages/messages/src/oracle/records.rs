//! What others read raw: the last rounds of a feed.

use cosmwasm_schema::cw_serde;
use firebreak_risk::Price;

/// Rounds that a price record keeps.
pub const ROUNDS_KEPT: usize = 8;
/// New rounds of one feed in one block, at most, whatever brings them: whoever brought many at once would push an order's own round out of
/// the ring before anybody could execute it. A ring lasts four blocks at least. What replaces a round is no new one, nor is what tells
/// that a leg of it got worse.
pub const ROUNDS_PER_BLOCK_MAX: usize = 2;
/// Seconds that a signed round is after one that its block has already, at least. Without that, who comes first in each block could use
/// up its rounds with old ones, and keep the newest out for as long as signatures are valid.
pub const SIGNED_DISTANCE_SECONDS: u64 = 5;
/// Seconds that the second signed round of a block is old at most: the place is kept for the newest, or who comes first in each block used
/// up both with late ones, and where blocks take six seconds the newest was kept out for ever.
pub const SECOND_ROUND_AGE_SECONDS: u64 = 10;
/// Seconds that a market rests behind a gap at most.
pub const GAP_REST_SECONDS_MAX: u64 = 600;

/// How far a price may be trusted. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum Validity {
    Valid,
    /// Stale or dispersed: exits and liquidations in the user's favour only.
    SoftInvalid,
    Invalid,
}
crate::enum_text!(Validity { Valid = "valid", SoftInvalid = "soft-invalid", Invalid = "invalid" });

/// One published price. The order of fields is the packed format.
#[cw_serde]
#[derive(Eq)]
pub struct Round {
    pub round: u64,
    pub price: Price,
    /// Half-width of the band around the price: the dispersion of the reports or the sources' own confidence, whichever is wider; of
    /// a signed round also whatever median other signatures would have made.
    pub band: Price,
    /// Weighted median of the waiting reports' times, seconds. No report that made the price is more than
    /// [`REPORT_SPREAD_MAX_SECONDS`] before it.
    pub published_at: u64,
    pub recorded_height: u64,
    /// As judged when it was recorded; age comes on top when it is read.
    pub validity: Validity,
}

/// What the vault and the breaker read raw: the last rounds of one feed and the ages after which they lose validity.
#[cw_serde]
#[derive(Eq)]
pub struct PriceRecord {
    pub age_max_seconds: u64,
    pub age_limit_seconds: u64,
    /// Oldest first. Bounds: at most [`ROUNDS_KEPT`].
    pub rounds: Vec<Round>,
}

impl PriceRecord {
    pub fn latest(&self) -> Option<&Round> {
        self.rounds.last()
    }

    /// Validity of the latest round at `now`; an empty record is invalid.
    pub fn validity(&self, now: u64) -> Validity {
        let Some(latest) = self.latest() else { return Validity::Invalid };
        let age = now.saturating_sub(latest.published_at);
        let by_age = if age > self.age_limit_seconds {
            Validity::Invalid
        } else if age > self.age_max_seconds {
            Validity::SoftInvalid
        } else {
            Validity::Valid
        };
        latest.validity.max(by_age)
    }

    /// Rounds that were recorded in this block and are still kept; a replacement counts once, with what it replaced.
    pub fn rounds_in(&self, height: u64) -> usize {
        self.rounds.iter().rev().take_while(|round| round.recorded_height == height).count()
    }

    /// The block has its rounds ([`ROUNDS_PER_BLOCK_MAX`]).
    pub fn is_full(&self, height: u64) -> bool {
        self.rounds_in(height) >= ROUNDS_PER_BLOCK_MAX
    }

    /// the ring shows a gap of more than `gap_seconds` between two rounds, and fewer than `rounds_wanted` rounds of different
    /// blocks behind it. Lasts [`GAP_REST_SECONDS_MAX`] at most from the first round behind the gap: doubt ends.
    ///
    /// Bounded by [`ROUNDS_KEPT`].
    pub fn rests_behind_gap(&self, gap_seconds: u64, rounds_wanted: u8, now: u64) -> bool {
        let (mut behind, mut height) = (0u8, None);
        for pair in self.rounds.windows(2).rev() {
            let [older, newer] = pair else { return false };
            if height != Some(newer.recorded_height) {
                height = Some(newer.recorded_height);
                behind = behind.saturating_add(1);
            }
            if behind >= rounds_wanted {
                // As many rounds without a gap, or with one right before them.
                return false;
            }
            if newer.published_at.saturating_sub(older.published_at) > gap_seconds {
                return now.saturating_sub(newer.published_at) < GAP_REST_SECONDS_MAX;
            }
        }
        false
    }

    /// The last round that was valid when it was recorded, however old.
    pub fn last_valid(&self) -> Option<&Round> {
        self.rounds.iter().rev().find(|round| round.validity == Validity::Valid)
    }
}

/// Keys that others may read raw.
pub mod layout {
    use super::PriceRecord;
    use crate::packed::PackedMap;

    /// feed id -> its last rounds. Written by `Report`; at most 8 rounds.
    pub const PRICES: PackedMap<u16, PriceRecord> = PackedMap::new("price", 1);
}
