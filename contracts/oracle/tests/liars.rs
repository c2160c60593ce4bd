//! liars of less than a third of the weight never move price or time out of the honest range.

use crate::setup::{price, Setup, FEED, START};
use firebreak_messages::oracle::REPORT_SPREAD_MAX_SECONDS;
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Report {
    feeder: usize,
    units: u32,
    age: u64,
}

/// `n` feeders of which the first `f < n / 3` lie, in some order of arrival.
fn reports() -> impl Strategy<Value = (usize, usize, Vec<Report>)> {
    (3usize..=15)
        .prop_flat_map(|n| (Just(n), 0..=(n - 1) / 3))
        .prop_flat_map(|(n, f)| {
            let one = (990u32..=1_010, 0u64..=5, 1u32..=1_000_000, 0u64..=60);
            (Just(n), Just(f), prop::collection::vec(one, n), Just((0..n).collect::<Vec<_>>()).prop_shuffle())
        })
        .prop_map(|(n, f, values, order)| {
            let report = |feeder: usize| {
                let (honest, honest_age, lie, lie_age) = values[feeder];
                if feeder < f {
                    Report { feeder, units: lie, age: lie_age }
                } else {
                    Report { feeder, units: honest, age: honest_age }
                }
            };
            (n, f, order.into_iter().map(report).collect())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn liars_below_a_third_move_nothing_out_of_the_honest_range((n, f, reports) in reports()) {
        let quorum = 2 * n / 3 + 1;
        let mut setup = Setup::with_weights(&vec![1; n], quorum as u32);
        for report in &reports {
            setup.report_of(report.feeder, &[(FEED, price(report.units), START - report.age)]).unwrap();
        }
        let honest = || reports.iter().filter(|report| report.feeder >= f);
        let rounds = setup.record().rounds;
        prop_assert_eq!(rounds.len(), 1); // n reports are one quorum, and too few for a second
        let round = &rounds[0];
        prop_assert!(price(honest().map(|report| report.units).min().unwrap()) <= round.price);
        prop_assert!(round.price <= price(honest().map(|report| report.units).max().unwrap()));
        prop_assert!(START - honest().map(|report| report.age).max().unwrap() <= round.published_at);
        prop_assert!(round.published_at <= START - honest().map(|report| report.age).min().unwrap());
    }
}

/// Weights of which none is above a third of all, a quorum of them, and in what order they report.
fn weighted() -> impl Strategy<Value = (Vec<u32>, u32, Vec<usize>)> {
    prop::collection::vec(1u32..=6, 3..=9)
        .prop_filter("none above a third", |weights| {
            let total: u32 = weights.iter().sum();
            weights.iter().all(|weight| weight * 3 <= total)
        })
        .prop_flat_map(|weights| {
            let total: u32 = weights.iter().sum();
            let order = Just((0..weights.len()).collect::<Vec<_>>()).prop_shuffle();
            (Just(weights), total * 2 / 3 + 1..=total, order)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// of three sources or more a single one, whatever it weighs, whatever it says and whenever, leaves the price among the others'.
    #[test]
    fn no_single_source_moves_the_price_out_of_the_others(
        (weights, quorum, order) in weighted(), liar in 0usize..9, lie in 1u32..=1_000_000, honest in prop::collection::vec(990u32..=1_010, 9)
    ) {
        let liar = liar % weights.len();
        let mut setup = Setup::with_weights(&weights, quorum);
        for feeder in order {
            setup.report(feeder, if feeder == liar { lie } else { honest[feeder] }, START).unwrap();
        }
        let others = || (0..weights.len()).filter(|feeder| *feeder != liar).map(|feeder| honest[feeder]);
        let found = setup.record().rounds[0].price;
        prop_assert!(price(others().min().unwrap()) <= found && found <= price(others().max().unwrap()), "{found}");
    }
}

// whoever knows a price before the chain does must find nobody to give an old one a new time.
#[test]
fn one_feeder_of_three_cannot_pair_a_waiting_price_with_a_time_of_its_own() {
    let mut setup = Setup::new();
    setup.round(&[60_000; 3]);
    setup.advance(7);
    setup.report(1, 60_000, START + 7).unwrap(); // honest: the price of now
    setup.advance(15);
    // The market moved after that report; the liar repeats the old price with the time of now.
    setup.report(0, 61_200, START + 22).unwrap(); // honest
    setup.report(2, 60_000, START + 22).unwrap(); // the liar
    assert_eq!(setup.record().rounds.len(), 1);
    // Once the third feeder speaks of now, the liar is one of three.
    setup.advance(1);
    setup.report(1, 61_200, START + 23).unwrap();
    let round = setup.price();
    assert_eq!((round.round, round.price, round.published_at), (2, price(61_200), START + 22));
}

#[test]
fn a_report_makes_a_price_up_to_the_spread_before_the_rounds_time_and_not_a_second_earlier() {
    for (early, rounds) in [(REPORT_SPREAD_MAX_SECONDS, 1), (REPORT_SPREAD_MAX_SECONDS + 1, 0)] {
        let mut setup = Setup::new();
        setup.report(0, 100, START - early).unwrap();
        setup.report(1, 100, START).unwrap();
        setup.report(2, 100, START).unwrap();
        assert_eq!(setup.record().rounds.len(), rounds, "{early} s before the others");
    }
}

#[test]
fn an_old_report_neither_makes_the_price_nor_holds_up_a_quorum_that_needs_it_not() {
    let mut setup = Setup::with_weights(&[1, 1, 1, 1], 3);
    setup.report(0, 50, START - 30).unwrap();
    setup.report(1, 100, START).unwrap();
    setup.report(2, 100, START).unwrap();
    // Three have reported; two of them speak of now.
    assert_eq!(setup.record().rounds, vec![]);
    setup.report(3, 102, START).unwrap();
    let round = setup.price();
    // Of 100, 100, 102: with the 50 the band would be 2.
    assert_eq!((round.round, round.price, round.band, round.published_at), (1, price(100), price(0), START));
}

#[test]
fn a_liar_cannot_age_a_round_by_reporting_an_old_time() {
    let mut setup = Setup::with_weights(&[1, 1, 1, 1], 3);
    setup.report(0, 100, START - 59).unwrap(); // the liar
    for feeder in 1..4 {
        setup.report(feeder, 100, START).unwrap();
    }
    assert_eq!((setup.price().round, setup.price().published_at), (1, START));
}

#[derive(Debug, Clone)]
struct Step {
    feeder: usize,
    pause: u64,
    /// Of what time a liar tells the price.
    price_age: u64,
    /// And what time it says that is.
    told_age: u64,
}

fn steps() -> impl Strategy<Value = (usize, usize, Vec<Step>)> {
    (4usize..=7).prop_flat_map(|n| {
        let pause = prop_oneof![3 => Just(0u64), 1 => 1u64..=20];
        let told_age = prop_oneof![Just(0u64), 0u64..=60];
        let step = (0..n, pause, 0u64..=60, told_age).prop_map(|(feeder, pause, price_age, told_age)| Step {
            feeder,
            pause,
            price_age,
            told_age,
        });
        (Just(n), 1..=(n - 1) / 3, prop::collection::vec(step, 100))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The price is the number of seconds since the start: honest feeders report it, liars repeat an old one. No round then
    /// carries a price older than the spread before its time.
    #[test]
    fn no_round_carries_a_price_older_than_the_spread_before_its_time((n, f, steps) in steps()) {
        let mut setup = Setup::with_weights(&vec![1; n], (2 * n / 3 + 1) as u32);
        setup.advance(100);
        for step in steps {
            setup.advance(step.pause);
            let (now, lies) = (setup.now(), step.feeder < f);
            let (price_age, told_age) = if lies { (step.price_age, step.told_age) } else { (0, 0) };
            setup.report(step.feeder, (now - START - price_age) as u32, now - told_age).unwrap();
        }
        for round in setup.record().rounds {
            let oldest = round.published_at - START - REPORT_SPREAD_MAX_SECONDS;
            prop_assert!(round.price >= price(oldest as u32), "{round:?}");
        }
    }
}
