use super::super::rule::{RuleConfig, RuleId, RuleMode};
use super::*;
use crate::error::RiskError;
use proptest::prelude::*;

const START: u64 = 1_700_000_000;
const HOUR_SECONDS: u64 = 3_600;
const DAY_SECONDS: u64 = 86_400;
const MARGIN: Ratio = Ratio::from_basis_points(250);

/// The shipped steps of a rule of moves.
fn shipped(rule: RuleId) -> Thresholds {
    let ladder = RuleConfig::standard(rule, RuleMode::Enforce).ladder;
    Thresholds { guarded: ladder[0].threshold, reduce_only: ladder[1].threshold }
}

/// The levels that each price, so many seconds after the start, is answered with.
fn levels(rule: RuleId, window_seconds: u64, steps: &[(u64, u32)]) -> Vec<Level> {
    let mut watch = MoveWatch::default();
    let observe = |(elapsed, price): &(u64, u32)| {
        let price = Price::from_units(*price);
        watch.observe(START + elapsed, price, window_seconds, &shipped(rule), MARGIN).unwrap().0
    };
    steps.iter().map(observe).collect()
}

#[test]
fn a_move_answers_at_its_share_of_margin() {
    use Level::{Guarded, Normal, ReduceOnly};
    let (hour, day) = ((RuleId::HourMove, HOUR_SECONDS), (RuleId::DayMove, DAY_SECONDS));
    for (name, (rule, window), steps, level) in [
        ("nothing", hour, [(0, 10_000), (6, 10_000)], Normal),
        ("just below half a margin", hour, [(0, 10_000), (6, 9_876)], Normal),
        ("half a margin, down", hour, [(0, 10_000), (6, 9_875)], Guarded),
        ("half a margin, up", hour, [(0, 10_000), (6, 10_125)], Guarded),
        ("a margin and a half", hour, [(0, 100_000), (6, 96_250)], ReduceOnly),
        ("the same after two hours is no hour's move", hour, [(0, 10_000), (7_200, 9_763)], Normal),
        ("two margins in a day", day, [(0, 10_000), (7_200, 9_500)], Guarded),
        ("four margins in a day", day, [(0, 10_000), (7_200, 9_000)], ReduceOnly),
    ] {
        assert_eq!(levels(rule, window, &steps), [Normal, level], "{name}");
    }
}

#[test]
fn a_move_to_and_fro_hides_nothing_and_a_price_that_stays_trips_nothing_more() {
    let mut watch = MoveWatch::default();
    let mut at = START;
    let mut level = |price: u32, elapsed: u64| {
        at += elapsed;
        let price = Price::from_units(price);
        watch.observe(at, price, HOUR_SECONDS, &shipped(RuleId::HourMove), MARGIN).unwrap().0
    };
    for (name, price, elapsed, wanted) in [
        ("the start", 100_000, 0, Level::Normal),
        ("half a margin down", 98_740, 60, Level::Guarded),
        ("it stays there", 98_740, 60, Level::Normal),
        ("half a margin up again", 99_990, 60, Level::Guarded),
        ("132 % above the low, 80 % since the last trip", 102_000, 60, Level::Guarded),
        ("a margin and a half above the low of this hour: the second step", 102_450, 60, Level::ReduceOnly),
        ("it stays", 102_440, 60, Level::Normal),
        ("it stays for an hour and a half", 102_440, 5_400, Level::Normal),
        ("a third of a margin further", 103_290, 60, Level::Normal),
        ("half a margin within this hour", 103_750, 60, Level::Guarded),
    ] {
        assert_eq!(level(price, elapsed), wanted, "{name}");
    }
}

#[test]
fn an_answer_is_forgotten_when_its_window_is_over_and_a_new_move_counts_until_then() {
    let memory = HOUR_SECONDS + HOUR_SECONDS.div_ceil(EXTREME_BUCKETS);
    use Level::{Guarded, Normal, ReduceOnly};
    // Half a margin down, back up by less than that, and down again in the very second in which the first answer ends.
    let down_again =
        levels(RuleId::HourMove, HOUR_SECONDS, &[(0, 100_000), (60, 98_740), (3_060, 99_900), (60 + memory, 98_650)]);
    assert_eq!(down_again, [Normal, Guarded, Normal, Guarded]);
    // A margin and a half, and half a margin more: the whole move is what answers, not what came since.
    let further = levels(RuleId::HourMove, HOUR_SECONDS, &[(0, 100_000), (60, 96_240), (120, 95_000)]);
    assert_eq!(further, [Normal, ReduceOnly, ReduceOnly]);
}

#[test]
fn the_first_second_after_a_memory_answers_the_same_fall_anew() {
    use Level::{Guarded, Normal};
    // The window and one of its buckets.
    let memory = HOUR_SECONDS + HOUR_SECONDS.div_ceil(EXTREME_BUCKETS);
    // Down by half a margin, and when the trip at six seconds is forgotten, by half a margin of what is left.
    let fall = [(0, 10_000), (6, 9_875), (memory, 9_875), (memory + 6, 9_751)];
    assert_eq!(levels(RuleId::HourMove, HOUR_SECONDS, &fall), [Normal, Guarded, Normal, Guarded]);
    // And what came right behind the trip is forgotten with it: half a margin below 9,990, which no window holds any more.
    let slow = |last| [(0, 10_000), (6, 9_875), (12, 9_990), (2_000, 9_900), (last, 9_865)];
    for (last, wanted) in [(memory + 5, Guarded), (memory + 6, Normal)] {
        let found = levels(RuleId::HourMove, HOUR_SECONDS, &slow(last));
        assert_eq!(found, [Normal, Guarded, Normal, Normal, wanted], "{last}");
    }
}

#[test]
fn an_answer_to_a_fall_is_not_prolonged_by_a_rise() {
    // The fall's answer of the first minute is over at 4,260. The rise at 3,000 is a trip of its own; what the fall from 100,000 has
    // come to at 4,300 counts again, although it is less than half a margin from where that trip was.
    let memory = HOUR_SECONDS + HOUR_SECONDS.div_ceil(EXTREME_BUCKETS);
    assert_eq!(60 + memory, 4_260);
    let mut watch = MoveWatch::default();
    for (elapsed, price, wanted) in [
        (0, 100_060, Level::Normal),
        (60, 98_800, Level::Guarded),
        (1_800, 100_000, Level::Normal),
        (2_400, 98_760, Level::Normal),
        (3_000, 99_996, Level::Guarded),
        (4_300, 98_750, Level::Guarded),
    ] {
        let thresholds = shipped(RuleId::HourMove);
        let found = watch.observe(START + elapsed, Price::from_units(price), HOUR_SECONDS, &thresholds, MARGIN);
        assert_eq!(found.unwrap().0, wanted, "{elapsed}");
    }
}

#[test]
fn something_of_nothing_is_everything() {
    assert_eq!(share_of(Amount::ZERO, Amount::ZERO), Ratio::ZERO);
    assert_eq!(share_of(Amount::from_units(1), Amount::ZERO), Ratio::from_atoms(u128::MAX));
    assert_eq!(share_of(Amount::from_units(1), Amount::from_units(4)), Ratio::percent(25));
}

#[test]
fn wrong_inputs_are_refused() {
    let hour = shipped(RuleId::HourMove);
    let mut watch = MoveWatch::default();
    watch.observe(START, Price::from_units(1), HOUR_SECONDS, &hour, MARGIN).unwrap();
    let refused = watch.observe(START - 3_600, Price::from_units(1), HOUR_SECONDS, &hour, MARGIN);
    assert!(matches!(refused, Err(RiskError::OutOfBounds { what: "time of a price", .. })), "{refused:?}");
    let refused = MoveWatch::default().observe(START, Price::ZERO, HOUR_SECONDS, &hour, MARGIN);
    assert_eq!(refused, Err(RiskError::DivisionByZero { what: "a ratio of prices" }));
}

proptest! {
    /// However a move is cut up: no hour holds a one-way move of half a margin before the market is guarded, of one and a half before it is
    /// reduce-only.
    #[test]
    fn no_cutting_of_a_move_gets_past_a_threshold_within_an_hour(
        steps in prop::collection::vec((1u64..120, -9i32..=9), 1..400), drift in -6i32..=6,
    ) {
        let hour = shipped(RuleId::HourMove);
        let mut watch = MoveWatch::default();
        let mut at = START;
        let mut price = 100_000i64;
        let mut acted = false;
        let mut path = vec![(at, price)];
        let mut observe = |at, price: i64| {
            watch.observe(at, Price::from_units(u32::try_from(price).unwrap()), HOUR_SECONDS, &hour, MARGIN).unwrap().0
        };
        observe(at, price);
        for (elapsed, step) in steps {
            at += elapsed;
            // At most 15 * 5 = 75 of 100,000 a step: 3 % of a margin.
            price += i64::from(step + drift) * 5;
            path.push((at, price));
            let level = observe(at, price);
            acted = acted || level > Level::Normal;
            let reduce_only = level == Level::ReduceOnly;
            let hour = path.iter().filter(|(time, _)| time + HOUR_SECONDS >= at).map(|(_, price)| *price);
            let moved = hour.map(|old| (old - price).abs() as f64 / old as f64).fold(0.0, f64::max);
            prop_assert!(moved < 0.0125 || acted, "{moved}");
            prop_assert!(moved < 0.0375 || reduce_only, "{moved}");
            if reduce_only {
                return Ok(());
            }
        }
    }

    #[test]
    fn the_state_is_bounded(elapsed in prop::collection::vec(1u64..20_000, 1..80)) {
        let mut watch = MoveWatch::default();
        let mut at = START;
        for step in elapsed {
            at += step;
            watch.observe(at, crate::quantity::PRICE_MAX, DAY_SECONDS, &shipped(RuleId::DayMove), MARGIN).unwrap();
            prop_assert!(postcard::to_allocvec(&watch).unwrap().len() <= WATCH_BYTES_MAX);
        }
    }
}

/// 9 buckets of two prices, two answers; every number at its longest that these times and prices allow.
const WATCH_BYTES_MAX: usize = 9 * 42 + 2 * 11 + 8;
