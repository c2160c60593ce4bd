//! From a move to a step of a ladder, with the memory that a re-anchored reference needs.
//!
//! After a trip the reference becomes the current price: a reference that stays behind trips again and again although
//! nothing moves any more (SIP-65: a feed that had re-priced once could never be resumed). But a reference that follows
//! the price forgets how far the price has come: a crash in steps just above the first threshold would answer each with
//! the first step only. The *episode* remembers: where the move started, and the highest step so far. It can only raise
//! the step of a trip, never cause one without a new step, and it ends.

use crate::error::RiskResult;
use crate::number::Rounding;
use crate::quantity::{Price, Ratio};
use serde::{Deserialize, Serialize};

/// A move that has tripped a rule and may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// The reference of its first trip.
    pub origin: Price,
    /// Highest step so far, from 0.
    pub step: u8,
    /// When it ends, seconds of block time.
    pub until: u64,
    /// No trip extends it past this time: the origin must not become the stale reference that it replaces.
    pub until_max: u64,
}

/// What a rule says of one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Move from the reference, as a share of maintenance margin; from the episode's origin if that tripped a higher step.
    pub moved: Ratio,
    /// The step of the ladder that is reached; `None`: nothing to do.
    pub step: Option<u8>,
}

/// `|price / reference - 1| / maintenance_margin_ratio`: how much of the margin of a position at its limit the move costs.
///
/// Units: ratio. Rounding: up, twice (towards tripping). Errors: [`crate::RiskError::DivisionByZero`],
/// [`crate::RiskError::Overflow`].
///
/// ```
/// # use firebreak_risk::*;
/// let moved = move_in_margins(Price::from_units(98), Price::from_units(100), Ratio::percent(4))?;
/// assert_eq!(moved, Ratio::percent(50)); // 2 % of price is half of a margin of 4 %
/// # Ok::<(), RiskError>(())
/// ```
pub fn move_in_margins(price: Price, reference: Price, maintenance_margin_ratio: Ratio) -> RiskResult<Ratio> {
    let moved = price.distance(reference).ratio_to(reference, Rounding::Ceil)?;
    Ratio::of(moved.atoms(), maintenance_margin_ratio.atoms(), Rounding::Ceil)
}

/// The last step of growing `thresholds` that `moved` reaches.
pub fn step_reached(thresholds: &[Ratio], moved: Ratio) -> Option<u8> {
    (0u8..).zip(thresholds).take_while(|(_, threshold)| moved >= **threshold).map(|(step, _)| step).last()
}

impl Episode {
    /// Judges a price against the reference and, while an episode goes on, against its origin.
    ///
    /// A trip needs a move from the reference that reaches the ladder, or a move from the origin that reaches a step not
    /// yet taken; its step is the higher of the two. Errors: those of [`move_in_margins`].
    pub fn judge(
        episode: Option<&Self>,
        thresholds: &[Ratio],
        price: Price,
        reference: Price,
        maintenance_margin_ratio: Ratio,
        now: u64,
    ) -> RiskResult<Verdict> {
        let moved = move_in_margins(price, reference, maintenance_margin_ratio)?;
        let step = step_reached(thresholds, moved);
        let Some(episode) = episode.filter(|episode| now < episode.until) else {
            return Ok(Verdict { moved, step });
        };
        let since_origin = move_in_margins(price, episode.origin, maintenance_margin_ratio)?;
        let origin_step = step_reached(thresholds, since_origin);
        let escalates = origin_step.is_some_and(|reached| reached > episode.step);
        if origin_step > step && (step.is_some() || escalates) {
            return Ok(Verdict { moved: since_origin, step: origin_step });
        }
        Ok(Verdict { moved, step })
    }

    /// The episode after a trip: a new one, or the old one with the higher step and the later end.
    pub fn after_trip(
        episode: Option<&Self>,
        reference: Price,
        step: u8,
        now: u64,
        until: u64,
        until_max: u64,
    ) -> Self {
        match episode.filter(|episode| now < episode.until) {
            None => Self { origin: reference, step, until: until.min(until_max), until_max },
            Some(episode) => Self {
                step: episode.step.max(step),
                until: episode.until.max(until).min(episode.until_max),
                ..*episode
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::RiskError;
    use proptest::prelude::*;

    const MARGIN: Ratio = Ratio::percent(4);

    fn ladder() -> [Ratio; 3] {
        [Ratio::percent(25), Ratio::percent(50), Ratio::percent(100)]
    }
    fn price(units: u32) -> Price {
        Price::from_units(units)
    }

    #[test]
    fn moves_are_counted_in_margins() {
        for (name, price_units, reference, moved) in [
            ("no move", 100, 100, Ratio::ZERO),
            ("down 1 % of a margin of 4 %", 99, 100, Ratio::percent(25)),
            ("up 1 %", 101, 100, Ratio::percent(25)),
            ("a whole margin", 104, 100, Ratio::percent(100)),
            ("to zero", 0, 100, Ratio::percent(2_500)),
        ] {
            assert_eq!(move_in_margins(price(price_units), price(reference), MARGIN), Ok(moved), "{name}");
        }
        assert_eq!(
            move_in_margins(price(1_000), price(1), Ratio::from_atoms(1)),
            Err(RiskError::Overflow { what: "a ratio" })
        );
        assert_eq!(
            move_in_margins(price(1), price(0), MARGIN),
            Err(RiskError::DivisionByZero { what: "a ratio of prices" })
        );
    }

    #[test]
    fn the_highest_reached_step_answers() {
        for (moved, step) in [(0, None), (24, None), (25, Some(0)), (49, Some(0)), (50, Some(1)), (999, Some(2))] {
            assert_eq!(step_reached(&ladder(), Ratio::percent(moved)), step, "{moved}");
        }
    }

    #[test]
    fn a_crash_in_small_steps_climbs_the_ladder_although_the_reference_follows_it() {
        let ladder = ladder();
        let judge = |episode: Option<&Episode>, price_units, reference| {
            Episode::judge(episode, &ladder, price(price_units), price(reference), MARGIN, 1_000).unwrap()
        };
        // 10_000 -> 9_900: a quarter of the margin, first step; the reference becomes 9_900.
        assert_eq!(judge(None, 9_900, 10_000), Verdict { moved: Ratio::percent(25), step: Some(0) });
        let episode = Episode::after_trip(None, price(10_000), 0, 1_000, 1_300, 5_000);
        // 9_850: an eighth from the reference, 37.5 % from the origin: no step that was not taken.
        assert_eq!(judge(Some(&episode), 9_850, 9_900).step, None);
        // 9_800: half a margin from the origin: escalates, although the reference alone would not reach that step.
        let verdict = judge(Some(&episode), 9_800, 9_900);
        assert_eq!(verdict, Verdict { moved: Ratio::percent(50), step: Some(1) });
        let episode = Episode::after_trip(Some(&episode), price(9_900), 1, 1_000, 1_400, 9_000);
        assert_eq!(episode, Episode { origin: price(10_000), step: 1, until: 1_400, until_max: 5_000 });
        // Once over, the origin is forgotten.
        let over = Episode::judge(Some(&episode), &ladder, price(9_600), price(9_650), MARGIN, 1_400).unwrap();
        assert_eq!(over.step, None);
    }

    #[test]
    fn where_reference_and_origin_reach_the_same_step_the_reference_counts() {
        let episode = Episode { origin: price(10_000), step: 0, until: 2_000, until_max: 2_000 };
        // 2.2 % from the origin, 2 % from 9,980: half a margin and more, both.
        let verdict = Episode::judge(Some(&episode), &ladder(), price(9_780), price(9_980), MARGIN, 1_000).unwrap();
        let alone = Episode::judge(None, &ladder(), price(9_780), price(9_980), MARGIN, 1_000).unwrap();
        assert_eq!((verdict, verdict.step), (alone, Some(1)));
    }

    #[test]
    fn a_creep_that_no_reference_sees_escalates_by_its_origin() {
        let episode = Episode { origin: price(10_000), step: 0, until: 2_000, until_max: 2_000 };
        let verdict = Episode::judge(Some(&episode), &ladder(), price(9_800), price(9_800), MARGIN, 1_000).unwrap();
        assert_eq!(verdict, Verdict { moved: Ratio::percent(50), step: Some(1) });
    }

    #[test]
    fn a_trip_in_the_second_in_which_an_episode_ends_begins_another() {
        let old = Episode { origin: price(10_000), step: 2, until: 1_400, until_max: 5_000 };
        let trip = |now| Episode::after_trip(Some(&old), price(9_000), 1, now, 1_700, 6_000);
        assert_eq!(trip(1_399), Episode { until: 1_700, ..old });
        let new = Episode { origin: price(9_000), step: 1, until: 1_700, until_max: 6_000 };
        assert_eq!((trip(1_400), trip(1_401)), (new, new));
    }

    #[test]
    fn a_price_that_stays_where_it_is_trips_nothing_more() {
        let episode = Episode { origin: price(100), step: 2, until: u64::MAX, until_max: u64::MAX };
        let verdict = Episode::judge(Some(&episode), &ladder(), price(50), price(50), MARGIN, 0).unwrap();
        assert_eq!(verdict, Verdict { moved: Ratio::ZERO, step: None });
    }

    proptest! {
        #[test]
        fn an_episode_never_lowers_a_step_and_escalates_at_most_once_a_step(
            origin in 1u32..100_000, step in 0u8..3, prices in prop::collection::vec(1u32..100_000, 1..30),
        ) {
            let ladder = ladder();
            let mut episode = Episode { origin: price(origin), step, until: u64::MAX, until_max: u64::MAX };
            let mut escalations = 0;
            for units in prices {
                // The reference is the price itself: only the origin can trip.
                let alone = Episode::judge(None, &ladder, price(units), price(units), MARGIN, 0).unwrap();
                prop_assert_eq!(alone.step, None);
                let verdict =
                    Episode::judge(Some(&episode), &ladder, price(units), price(units), MARGIN, 0).unwrap();
                if let Some(step) = verdict.step {
                    prop_assert!(step > episode.step);
                    escalations += 1;
                    episode = Episode::after_trip(Some(&episode), price(units), step, 0, u64::MAX, u64::MAX);
                }
            }
            prop_assert!(escalations <= 2);
        }

        #[test]
        fn an_episode_only_adds(
            origin in 1u32..100_000, reference in 1u32..100_000, at in 1u32..100_000, step in 0u8..3,
        ) {
            let episode = Episode { origin: price(origin), step, until: u64::MAX, until_max: u64::MAX };
            let with = Episode::judge(Some(&episode), &ladder(), price(at), price(reference), MARGIN, 0).unwrap();
            let without = Episode::judge(None, &ladder(), price(at), price(reference), MARGIN, 0).unwrap();
            prop_assert!(with.step >= without.step);
        }
    }
}
