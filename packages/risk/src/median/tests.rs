use super::*;
use proptest::prelude::*;

fn weighted<T: Copy>(pairs: &[(T, u64)]) -> Vec<Weighted<T>> {
    pairs.iter().map(|(value, weight)| Weighted { value: *value, weight: *weight }).collect()
}

#[test]
fn medians_are_the_lower_ones() {
    for (name, values, median) in [
        ("one", vec![(7u64, 1u64)], 7),
        ("odd", vec![(3, 1), (1, 1), (2, 1)], 2),
        ("even: the lower of the two", vec![(4, 1), (1, 1), (2, 1), (3, 1)], 2),
        ("weight decides", vec![(1, 1), (2, 1), (9, 3)], 9),
        ("exactly half reaches", vec![(1, 2), (9, 2)], 1),
        ("no weight does not count", vec![(1, 0), (9, 1)], 9),
    ] {
        assert_eq!(weighted_median(&weighted(&values)), Ok(median), "{name}");
    }
}

#[test]
fn nothing_has_no_median() {
    let refused = Err(RiskError::OutOfBounds {
        what: "a weighted median",
        wanted: "at least one value that has weight".into(),
        found: "none".into(),
    });
    assert_eq!(weighted_median::<u64>(&[]), refused);
    assert_eq!(weighted_median(&weighted(&[(5u64, 0)])), refused);
}

#[test]
fn deviations_round_up_to_the_upper_median() {
    let price = Price::from_units;
    for (name, values, median, band) in [
        ("all agree", vec![(100, 1), (100, 1), (100, 1)], 100, 0),
        ("three: 0, 1, 30", vec![(101, 1), (100, 1), (131, 1)], 101, 1),
        ("two halves: 0, 4", vec![(100, 1), (104, 1)], 100, 4),
        ("a majority agrees", vec![(100, 2), (104, 1)], 100, 0),
    ] {
        let values: Vec<Weighted<Price>> =
            values.into_iter().map(|(value, weight)| Weighted { value: price(value), weight }).collect();
        assert_eq!(weighted_median(&values), Ok(price(median)), "{name}");
        assert_eq!(median_absolute_deviation(&values, price(median)), Ok(price(band)), "{name}");
    }
}

proptest! {
    // whatever liars of less than half of the weight say, the median lies between two honest values.
    #[test]
    fn a_minority_never_moves_the_median_out_of_the_honest_range(
        honest in prop::collection::vec((1u64..1_000_000, 1u64..10), 1..10),
        lies in prop::collection::vec(0u64..u64::MAX, 0..10),
    ) {
        let honest_weight: u64 = honest.iter().map(|(_, weight)| weight).sum();
        // As many liars of weight 1 as stay below half of all weight.
        let lies = lies.into_iter().take((honest_weight - 1) as usize).map(|value| (value, 1));
        let all: Vec<(u64, u64)> = honest.iter().copied().chain(lies).collect();
        let median = weighted_median(&weighted(&all)).unwrap();
        let low = honest.iter().map(|(value, _)| *value).min().unwrap();
        let high = honest.iter().map(|(value, _)| *value).max().unwrap();
        prop_assert!(low <= median && median <= high, "{low} <= {median} <= {high}");
    }

    #[test]
    fn the_median_does_not_depend_on_the_order(
        values in prop::collection::vec((0u64..100, 1u64..5), 1..15),
        rotation in 0usize..15,
    ) {
        let mut rotated = values.clone();
        rotated.rotate_left(rotation % values.len());
        prop_assert_eq!(weighted_median(&weighted(&values)), weighted_median(&weighted(&rotated)));
    }
}
