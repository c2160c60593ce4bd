use super::*;
use proptest::prelude::*;

fn round(round: u64, published_at: u64, recorded_height: u64, valid: bool) -> RoundTime {
    RoundTime { round, published_at, recorded_height, valid }
}

const DELTA: u64 = 10;

/// `docs/formulas.md#f16-which-price-an-order-gets`: placed at second 1,000 in block 50, when round 7 was the newest.
#[test]
fn worked_example_of_the_first_eligible_round() {
    let rounds = [
        round(7, 998, 49, true),
        round(8, 1_004, 51, true), // a later block, but it may have been known when the order was placed
        round(9, 1_010, 52, false), // in time, not valid
        round(10, 1_016, 53, true),
        round(11, 1_022, 54, true),
    ];
    assert_eq!(first_eligible_round(&rounds, true, 1_000, 50, DELTA, 7), Eligibility::First { index: 3 });
    // A cancellation at second 1,005 binds from 1,015 on; one at 1,007 comes too late for round 10.
    assert!(cancel_applies(1_016, 1_005, DELTA));
    assert!(!cancel_applies(1_016, 1_007, DELTA));
    assert!(cancel_applies(1_017, 1_007, DELTA));
}

//
#[test]
fn eligibility_of_a_table() {
    let valid = |number, published_at, height| round(number, published_at, height, true);
    for (name, rounds, dropped, expected) in [
        ("no round at all", vec![], false, Eligibility::NotYet),
        ("only rounds from before", vec![valid(7, 1_000, 50)], true, Eligibility::NotYet),
        ("one second early", vec![valid(7, 1_000, 50), valid(8, 1_009, 51)], true, Eligibility::NotYet),
        ("exactly in time", vec![valid(7, 1_000, 50), valid(8, 1_010, 51)], true, Eligibility::First { index: 1 }),
        ("recorded in the order's own block", vec![valid(8, 1_010, 50)], true, Eligibility::NotYet),
        ("invalid rounds do not count", vec![round(8, 1_010, 51, false)], true, Eligibility::NotYet),
        ("oldest left is the very next round", vec![valid(8, 1_020, 51)], true, Eligibility::First { index: 0 }),
        ("a dropped round may have been the one", vec![valid(9, 1_020, 52)], true, Eligibility::Missed),
        ("also when the oldest left is invalid", vec![round(9, 1_020, 52, false)], true, Eligibility::Missed),
        (
            "a dropped round was too early for sure",
            vec![valid(9, 1_009, 52), valid(10, 1_011, 53)],
            true,
            Eligibility::First { index: 1 },
        ),
        (
            "a dropped round was in the order's block for sure",
            vec![valid(9, 1_020, 50), valid(10, 1_030, 51)],
            true,
            Eligibility::First { index: 1 },
        ),
        ("nothing was ever dropped", vec![valid(9, 1_020, 52)], false, Eligibility::First { index: 0 }),
    ] {
        assert_eq!(first_eligible_round(&rounds, dropped, 1_000, 50, DELTA, 7), expected, "{name}");
    }
}

#[test]
fn a_time_past_the_end_of_the_clock_is_never_reached() {
    let rounds = [round(1, u64::MAX - 1, 1, true)];
    assert_eq!(first_eligible_round(&rounds, false, u64::MAX, 0, DELTA, 0), Eligibility::NotYet);
    assert_eq!(first_eligible_round(&rounds, true, 0, 0, DELTA, u64::MAX), Eligibility::First { index: 0 });
    assert!(!cancel_applies(u64::MAX - 1, u64::MAX, DELTA));
}

proptest! {
    // The ring never changes the answer: it is the full history's, or it says that it cannot know.
    #[test]
    fn the_ring_agrees_with_the_full_history_or_says_missed(
        gaps in proptest::collection::vec((0u64..8, 0u64..3, proptest::bool::weighted(0.7)), 1..40),
        placed_after in 0usize..40,
        ring in 1usize..=8,
    ) {
        let (mut at, mut height) = (1_000, 50);
        let history: Vec<RoundTime> = gaps.iter().enumerate().map(|(index, (seconds, blocks, valid))| {
            at += seconds;
            height += blocks;
            round(index as u64 + 1, at, height, *valid)
        }).collect();
        let placed = &history[placed_after.min(history.len() - 1)];
        let (placed_at, placed_height, newest) = (placed.published_at, placed.recorded_height, placed.round);
        let truth = history
            .iter()
            .filter(|r| r.round > newest)
            .find(|r| r.valid && r.published_at >= placed_at + DELTA && r.recorded_height > placed_height)
            .map(|r| r.round);
        let kept = &history[history.len().saturating_sub(ring)..];
        match first_eligible_round(kept, history.len() > ring, placed_at, placed_height, DELTA, newest) {
            Eligibility::NotYet => prop_assert_eq!(truth, None),
            Eligibility::First { index } => prop_assert_eq!(truth, Some(kept[index].round)),
            Eligibility::Missed => prop_assert!(kept[0].round > newest + 1 && kept[0].published_at >= placed_at + DELTA),
        }
    }
}
