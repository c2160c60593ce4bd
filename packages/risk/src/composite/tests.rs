use super::*;
use crate::{ONE, PRICE_MAX};
use bnum::BInt;
use rand::{Rng, SeedableRng};

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

#[test]
fn legs_of_a_table() {
    use LegDirection::{Divide, Multiply};
    for (name, legs, floor, ceil) in [
        ("one leg is itself", vec![(price("7.5"), Multiply)], "7.5", "7.5"),
        ("one leg turned around", vec![(price("8"), Divide)], "0.125", "0.125"),
        ("two", vec![(price("6"), Multiply), (price("1.5"), Multiply)], "9", "9"),
        // 10 * (1/3) * 3: each leg rounded by itself gives 9.999999999999999999
        ("three, exact", vec![(price("10"), Multiply), (price("3"), Divide), (price("3"), Multiply)], "10", "10"),
        ("a third", vec![(price("1"), Multiply), (price("3"), Divide)], "0.333333333333333333", "0.333333333333333334"),
    ] {
        assert_eq!(composite_price(&legs, Rounding::Floor), Ok(price(floor)), "{name}");
        assert_eq!(composite_price(&legs, Rounding::Ceil), Ok(price(ceil)), "{name}");
    }
}

#[test]
fn what_is_no_price_is_refused() {
    let legs = |count: usize| vec![(price("1"), LegDirection::Multiply); count];
    for count in [0, LEGS_MAX + 1] {
        let found = count.to_string();
        let refused = Err(RiskError::OutOfBounds { what: "legs", wanted: "1 to 4".into(), found });
        assert_eq!(composite_price(&legs(count), Rounding::Floor), refused);
    }
    for count in [1, LEGS_MAX] {
        assert_eq!(composite_price(&legs(count), Rounding::Floor), Ok(price("1")));
    }
    let bounds = |found: &str| {
        let wanted = format!("above 0 and at most {PRICE_MAX}");
        Err(RiskError::OutOfBounds { what: "price", wanted, found: found.into() })
    };
    let zero = [(Price::ZERO, LegDirection::Divide)];
    assert_eq!(composite_price(&zero, Rounding::Floor), bounds("0"));
    let dust = [(price("0.000000000000000001"), LegDirection::Multiply), (price("2"), LegDirection::Divide)];
    assert_eq!(composite_price(&dust, Rounding::Floor), bounds("0"));
    let much = [(PRICE_MAX, LegDirection::Multiply), (price("2"), LegDirection::Multiply)];
    assert_eq!(composite_price(&much, Rounding::Floor), bounds("2000000000000"));
}

// against exact rationals, 10,000 random composites of one to four legs over twelve orders of magnitude.
#[test]
fn the_result_is_less_than_an_atom_off_the_exact_rate() {
    type Wide = BInt<16>;
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(45);
    let (mut made, mut inexact) = (0, 0);
    while made < 10_000 {
        let legs: Vec<(Price, LegDirection)> = (0..random.gen_range(1..=LEGS_MAX))
            .map(|_| {
                let atoms = random.gen_range(1..10 * ONE) * 10u128.pow(random.gen_range(0..6));
                let direction = if random.gen() { LegDirection::Multiply } else { LegDirection::Divide };
                (Price::from_atoms(atoms), direction)
            })
            .collect();
        // numerator / denominator = the exact rate in atoms, leg by leg.
        let (mut numerator, mut denominator) = (Wide::from(ONE), Wide::ONE);
        for (price, direction) in &legs {
            match direction {
                LegDirection::Multiply => {
                    numerator *= Wide::from(price.atoms());
                    denominator *= Wide::from(ONE);
                }
                LegDirection::Divide => {
                    numerator *= Wide::from(ONE);
                    denominator *= Wide::from(price.atoms());
                }
            }
        }
        let (Ok(floor), Ok(ceil)) = (composite_price(&legs, Rounding::Floor), composite_price(&legs, Rounding::Ceil))
        else {
            continue;
        };
        let at = |price: Price| Wide::from(price.atoms()) * denominator;
        assert!(at(floor) <= numerator && numerator - at(floor) < denominator, "{legs:?}");
        assert!(at(ceil) >= numerator && at(ceil) - numerator < denominator, "{legs:?}");
        inexact += i32::from(floor != ceil);
        made += 1;
    }
    assert!(inexact > 5_000, "{inexact} of them are no whole number of atoms");
}

#[test]
fn a_band_holds_the_price_wherever_the_legs_are() {
    use LegDirection::{Divide, Multiply};
    let leg =
        |price_text: &str, band: &str, direction| BandedLeg { price: price(price_text), band: price(band), direction };
    for (name, legs, wanted) in [
        ("one leg is itself", vec![leg("100", "2", Multiply)], ("100", "2")),
        // 101 * 11 = 1111 above, 99 * 9 = 891 below
        ("a product", vec![leg("100", "1", Multiply), leg("10", "1", Multiply)], ("1000", "111")),
        // 102 / 8 = 12.75 above, 98 / 12 = 8.1666... below
        ("a quotient", vec![leg("100", "2", Multiply), leg("10", "2", Divide)], ("10", "2.75")),
        ("a divisor that may be zero", vec![leg("100", "2", Multiply), leg("10", "10", Divide)], ("10", "10")),
        ("a factor that may be below zero", vec![leg("100", "101", Multiply)], ("100", "100")),
    ] {
        let wanted = Ok((price(wanted.0), price(wanted.1)));
        assert_eq!(composite_with_band(&legs), wanted, "{name}");
    }
}
