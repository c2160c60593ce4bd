use super::super::evidence::{EVIDENCE_ONE, TIER_DAY, TIER_YEAR};
use super::super::scale::MOVE_MAX;
use super::*;
use proptest::prelude::*;

const PARAMS: SurpriseParams = SurpriseParams::STANDARD;
/// One basis point.
const BP: u64 = 100_000_000;

/// A market that has moved by about one basis point a block for some hours.
fn calm() -> Surprise {
    let mut surprise = Surprise::default();
    for block in 0..8_000u64 {
        surprise.observe(BP / 2 + (block % 5) * BP / 4, block % 2 == 0, &PARAMS);
    }
    surprise.reset();
    surprise
}

fn fed(moves: &[(u64, bool)]) -> Surprise {
    let mut surprise = calm();
    moves.iter().for_each(|(size, upwards)| surprise.observe(*size, *upwards, &PARAMS));
    surprise
}

#[test]
fn what_is_large_counts_and_what_keeps_its_direction_counts_more() {
    let up = |size| (size * BP, true);
    let down = |size| (size * BP, false);
    for (name, moves, day, year) in [
        ("quiet", vec![up(1), down(1), up(1)], false, false),
        ("one shock is not yet an alarm", vec![up(40)], false, false),
        ("three large moves of one direction: a year's evidence", vec![up(13), up(13), up(13)], true, true),
        ("downwards too", vec![down(13), down(13), down(13)], true, true),
        ("of both directions: a day's, no year's", vec![up(13), down(13), up(13), down(13)], true, false),
        ("after a huge move, echoes of a tenth are none", vec![up(200), up(20), up(20)], false, false),
        (
            "volatility alone: a day's evidence, never a year's",
            (0..30).map(|at| (20 * BP, at % 2 == 0)).collect(),
            true,
            false,
        ),
    ] {
        let mut surprise = calm();
        let mut highest = Evidence::ZERO;
        for (size, upwards) in &moves {
            surprise.observe(*size, *upwards, &PARAMS);
            highest = highest.max(surprise.evidence(&PARAMS));
        }
        assert_eq!((highest.reaches(TIER_DAY), highest.reaches(TIER_YEAR)), (day, year), "{name}: {highest:?}");
    }
}

#[test]
fn a_reset_forgets_the_evidence_and_keeps_the_scale() {
    let mut surprise = fed(&[(13 * BP, true); 3]);
    let before = surprise;
    surprise.reset();
    assert_eq!(surprise.evidence(&PARAMS), Evidence::ZERO);
    assert_eq!((surprise.shock.fast, surprise.shock.slow, surprise.drift.delayed), {
        (before.shock.fast, before.shock.slow, before.drift.delayed)
    });
}

#[test]
fn a_feed_that_repeated_its_price_is_not_shocked_by_a_tick() {
    let mut surprise = Surprise::default();
    (0..20_000).for_each(|_| surprise.observe(0, true, &PARAMS));
    assert!(surprise.shock.slow < PARAMS.shock.scale_floor);
    // Two basis points: four times the floor, below the lowest level.
    (0..5).for_each(|_| surprise.observe(2 * BP, true, &PARAMS));
    assert!(!surprise.evidence(&PARAMS).reaches(2), "{:?}", surprise.evidence(&PARAMS));
}

#[test]
fn a_size_at_the_level_is_no_surprise_and_one_above_it_is() {
    let params = &PARAMS.shock;
    let scale = Shock::default().scale(params);
    let level = scale * u64::from(params.wagers[0].level) / 1_000;
    let after = |size| {
        let mut shock = Shock::default();
        shock.observe(size, params);
        shock.evidence[0]
    };
    assert!(after(level) < Evidence::from_whole(1) && after(level + 1) > Evidence::from_whole(1));
    assert_eq!(after(level), after(0));
}

#[test]
fn the_shipped_wagers_are_bets_and_their_weights_add_up() {
    let wagers = [PARAMS.shock.wagers[0], PARAMS.shock.wagers[1], PARAMS.drift.wager];
    assert!(wagers.iter().all(|wager| wager.checked() == Ok(*wager)));
    assert!(wagers.iter().map(|wager| wager.weight).sum::<u32>() <= MILLION);
    // What the undirected wagers can bring together stays below a year's evidence.
    let shocks: u64 = PARAMS.shock.wagers.iter().map(|wager| wager.cap * u64::from(wager.weight) / 1_000_000).sum();
    assert!((TIER_DAY..TIER_YEAR).contains(&shocks));
}

proptest! {
    #[test]
    fn the_largest_moves_overflow_nothing(
        moves in prop::collection::vec((prop_oneof![Just(0u64), Just(MOVE_MAX), Just(u64::MAX), 0u64..MOVE_MAX], any::<bool>()), 1..200),
    ) {
        let mut surprise = Surprise::default();
        for (size, upwards) in moves {
            surprise.observe(size, upwards, &PARAMS);
            prop_assert!(surprise.evidence(&PARAMS) <= super::super::evidence::EVIDENCE_MAX);
        }
    }

    /// A larger last move never makes less evidence.
    #[test]
    fn evidence_grows_with_the_last_move(
        moves in prop::collection::vec((0u64..40 * BP, any::<bool>()), 0..30), a in 0u64..100 * BP, b in 0u64..100 * BP, upwards: bool,
    ) {
        let before = fed(&moves);
        let after = |size| { let mut next = before; next.observe(size, upwards, &PARAMS); next.evidence(&PARAMS) };
        prop_assert!(after(a.min(b)) <= after(a.max(b)));
    }

    /// The exact detector, in floats with the same decisions: the integer never has more evidence.
    #[test]
    fn integer_evidence_never_exceeds_the_exact_one(moves in prop::collection::vec((0u64..60 * BP, any::<bool>()), 1..60)) {
        let mut integer = calm();
        let mut exact = [0f64; 4];
        let bets = [PARAMS.shock.wagers[0], PARAMS.shock.wagers[1], PARAMS.drift.wager, PARAMS.drift.wager];
        for (size, upwards) in moves {
            let before = integer;
            integer.observe(size, upwards, &PARAMS);
            let hits = [
                integer.shock.evidence[0] > before.shock.evidence[0].after(EVIDENCE_ONE * 9 / 10, Evidence::from_whole(200_000)),
                integer.shock.evidence[1] > before.shock.evidence[1].after(EVIDENCE_ONE * 9 / 10, Evidence::from_whole(200_000)),
                integer.drift.up > before.drift.up.after(EVIDENCE_ONE, super::super::evidence::EVIDENCE_MAX),
                integer.drift.down > before.drift.down.after(EVIDENCE_ONE, super::super::evidence::EVIDENCE_MAX),
            ];
            for ((value, bet), hit) in exact.iter_mut().zip(bets).zip(hits) {
                let (p0, p1) = (f64::from(bet.p0) / 1e6, f64::from(bet.p1) / 1e6);
                *value = (1.0 + *value) * if hit { p1 / p0 } else { (1.0 - p1) / (1.0 - p0) };
            }
            let weighted: f64 = exact[0] / 4.0 + exact[1] / 4.0 + exact[2] / 4.0 + exact[3] / 4.0;
            prop_assert!(integer.evidence(&PARAMS).0 as f64 / (EVIDENCE_ONE as f64) <= weighted * (1.0 + 1e-9));
        }
    }
}
