use super::*;
use crate::error::RiskError;
use proptest::prelude::*;

const PARAMS: SolvencyParams = SolvencyParams::STANDARD;
const START: u64 = 1_700_000_000;

fn units(units: u64) -> Amount {
    Amount::from_units(units)
}

/// A venue at rest: a pool of a million, open interest of a million.
fn rest() -> Money {
    Money {
        open_interest: units(1_000_000),
        pool: units(1_000_000),
        pool_share_value: units(100),
        fund_share_value: units(100),
        ..Money::default()
    }
}

fn run(steps: &[(u64, u32, Money)]) -> (SolvencyRule, Level) {
    let mut solvency = Solvency::default();
    let mut harshest = (SolvencyRule::HourMove, Level::Normal);
    for (elapsed, price, money) in steps {
        let verdict = solvency.observe(START + elapsed, Price::from_units(*price), money, &PARAMS).unwrap().harshest();
        if verdict.1 > harshest.1 {
            harshest = (verdict.0, verdict.1);
        }
    }
    harshest
}

#[test]
fn each_rule_answers_at_its_share() {
    use Level::{Guarded, Normal, ReduceOnly};
    use SolvencyRule::*;
    let liquidated = |amount| Money { liquidated: units(amount), ..rest() };
    let pool = |value| Money { pool_share_value: units(value), ..rest() };
    let flow = |left, came| Money { left: units(left), came: units(came), ..rest() };
    let fund = |value| Money { fund_share_value: units(value), ..rest() };
    let uncovered = |amount| Money { uncovered: units(amount), ..rest() };
    for (name, steps, rule, level) in [
        ("nothing", vec![(0, 10_000, rest()), (6, 10_000, rest())], HourMove, Normal),
        ("just below half a margin", vec![(0, 10_000, rest()), (6, 9_876, rest())], HourMove, Normal),
        ("half a margin, down", vec![(0, 10_000, rest()), (6, 9_875, rest())], HourMove, Guarded),
        ("half a margin, up", vec![(0, 10_000, rest()), (6, 10_125, rest())], HourMove, Guarded),
        ("a margin and a half", vec![(0, 100_000, rest()), (6, 96_250, rest())], HourMove, ReduceOnly),
        (
            "the same after two hours is no hour's move",
            vec![(0, 10_000, rest()), (7_200, 9_763, rest())],
            HourMove,
            Normal,
        ),
        ("two margins in a day", vec![(0, 10_000, rest()), (7_200, 9_500, rest())], DayMove, Guarded),
        ("four margins in a day", vec![(0, 10_000, rest()), (7_200, 9_000, rest())], DayMove, ReduceOnly),
        (
            "5 % of open interest in two parts",
            vec![(0, 100, liquidated(25_000)), (3_000, 100, liquidated(25_000))],
            Liquidations,
            Guarded,
        ),
        ("in two hours: not", vec![(0, 100, liquidated(25_000)), (7_200, 100, liquidated(24_999))], HourMove, Normal),
        ("15 %", vec![(0, 100, liquidated(150_000))], Liquidations, ReduceOnly),
        ("a pool share falls by 3 %", vec![(0, 100, pool(100)), (60, 100, pool(97))], PoolDrawdown, Guarded),
        ("by 8 % within the day", vec![(0, 100, pool(100)), (40_000, 100, pool(92))], PoolDrawdown, ReduceOnly),
        ("outflow of 10 %", vec![(0, 100, flow(100_000, 0))], Outflow, Guarded),
        (
            "outflow that came in the same hour",
            vec![(0, 100, flow(0, 60_000)), (600, 100, flow(150_000, 0))],
            HourMove,
            Normal,
        ),
        ("outflow of 25 %", vec![(0, 100, flow(100_000, 0)), (600, 100, flow(150_000, 0))], Outflow, ReduceOnly),
        ("the fund falls by 10 %", vec![(0, 100, fund(100)), (60, 100, fund(90))], FundDrawdown, Guarded),
        ("bad debt of a basis point of the pool", vec![(0, 100, uncovered(100))], BadDebt, Guarded),
        ("of half a percent", vec![(0, 100, uncovered(5_000))], BadDebt, ReduceOnly),
    ] {
        assert_eq!(run(&steps), (rule, level), "{name}");
    }
}

#[test]
fn a_move_to_and_fro_hides_nothing_and_a_price_that_stays_trips_nothing_more() {
    let mut watch = MoveWatch::default();
    let mut at = START;
    let mut level = |price: u32, elapsed: u64| {
        at += elapsed;
        let price = Price::from_units(price);
        watch.observe(at, price, HOUR_SECONDS, &PARAMS.hour_move, PARAMS.maintenance_margin_ratio).unwrap().0
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
    let levels = |steps: &[(u64, u32)]| -> Vec<Level> {
        let mut watch = MoveWatch::default();
        let observe = |(elapsed, price): &(u64, u32)| {
            let price = Price::from_units(*price);
            let (thresholds, margin) = (&PARAMS.hour_move, PARAMS.maintenance_margin_ratio);
            watch.observe(START + elapsed, price, HOUR_SECONDS, thresholds, margin).unwrap().0
        };
        steps.iter().map(observe).collect()
    };
    use Level::{Guarded, Normal, ReduceOnly};
    // Half a margin down, back up by less than that, and down again in the very second in which the first answer ends.
    let down_again = levels(&[(0, 100_000), (60, 98_740), (3_060, 99_900), (60 + memory, 98_650)]);
    assert_eq!(down_again, [Normal, Guarded, Normal, Guarded]);
    // A margin and a half, and half a margin more: the whole move is what answers, not what came since.
    assert_eq!(levels(&[(0, 100_000), (60, 96_240), (120, 95_000)]), [Normal, ReduceOnly, ReduceOnly]);
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
        let (thresholds, margin) = (&PARAMS.hour_move, PARAMS.maintenance_margin_ratio);
        let found = watch.observe(START + elapsed, Price::from_units(price), HOUR_SECONDS, thresholds, margin);
        assert_eq!(found.unwrap().0, wanted, "{elapsed}");
    }
}

#[test]
fn something_of_nothing_is_everything() {
    assert_eq!(share_of(Amount::ZERO, Amount::ZERO), Ratio::ZERO);
    assert_eq!(share_of(units(1), Amount::ZERO), Ratio::from_atoms(u128::MAX));
    assert_eq!(share_of(units(1), units(4)), Ratio::percent(25));
    let lost = Money { liquidated: units(1), open_interest: Amount::ZERO, ..rest() };
    assert_eq!(run(&[(0, 100, lost)]), (SolvencyRule::Liquidations, Level::ReduceOnly));
}

#[test]
fn wrong_inputs_are_refused() {
    let mut solvency = Solvency::default();
    solvency.observe(START, Price::from_units(1), &rest(), &PARAMS).unwrap();
    let refused = solvency.observe(START - 3_600, Price::from_units(1), &rest(), &PARAMS);
    assert!(matches!(refused, Err(RiskError::OutOfBounds { what: "time of a price", .. })), "{refused:?}");
    let refused = Solvency::default().observe(START, Price::ZERO, &rest(), &PARAMS);
    assert_eq!(refused, Err(RiskError::DivisionByZero { what: "a ratio of prices" }));
}

proptest! {
    /// However a move is cut up: no hour holds a one-way move of half a margin before the market is guarded, of one and a half before it is
    /// reduce-only.
    #[test]
    fn no_cutting_of_a_move_gets_past_a_threshold_within_an_hour(
        steps in prop::collection::vec((1u64..120, -9i32..=9), 1..400), drift in -6i32..=6,
    ) {
        let mut solvency = Solvency::default();
        let mut at = START;
        let mut price = 100_000i64;
        let mut acted = false;
        let mut path = vec![(at, price)];
        let observe = |solvency: &mut Solvency, at, price: i64| {
            solvency.observe(at, Price::from_units(u32::try_from(price).unwrap()), &rest(), &PARAMS).unwrap().rules[0].1
        };
        observe(&mut solvency, at, price);
        for (elapsed, step) in steps {
            at += elapsed;
            // At most 15 * 5 = 75 of 100,000 a step: 3 % of a margin.
            price += i64::from(step + drift) * 5;
            path.push((at, price));
            let level = observe(&mut solvency, at, price);
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
    fn the_state_is_bounded(elapsed in prop::collection::vec(1u64..20_000, 1..80), amount: u128) {
        let mut solvency = Solvency::default();
        let mut at = START;
        let amount = Amount::from_atoms(amount);
        let money = Money { liquidated: amount, left: amount, came: amount, uncovered: amount, pool_share_value: amount,
            fund_share_value: amount, ..rest() };
        for step in elapsed {
            at += step;
            solvency.observe(at, crate::quantity::PRICE_MAX, &money, &PARAMS).unwrap();
            prop_assert!(postcard::to_allocvec(&solvency).unwrap().len() <= SOLVENCY_BYTES_MAX);
        }
    }
}

/// 16 buckets of two prices, 42 of an amount, four answers; every number at its longest that these times and prices allow.
const SOLVENCY_BYTES_MAX: usize = 16 * 42 + 42 * 24 + 4 * 11 + 16;
