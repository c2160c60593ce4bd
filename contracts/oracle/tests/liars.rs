//! liars of less than a third of the weight never move price or time out of the honest range.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    clippy::float_arithmetic
)]

mod setup;

use proptest::prelude::*;
use setup::{price, Setup, FEED, START};

#[derive(Debug, Clone)]
struct Report {
    feeder: usize,
    units: u32,
    age: u64,
}

/// `n` feeders of which the first `f < n / 3` lie, in some order of arrival.
fn reports() -> impl Strategy<Value = (usize, usize, Vec<Report>)> {
    (1usize..=15)
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
