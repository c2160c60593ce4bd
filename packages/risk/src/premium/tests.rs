use super::*;
use crate::{RiskError, ONE};
use proptest::prelude::*;

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}

/// `docs/formulas.md#f13-insurance-premium`
#[test]
fn worked_example_of_the_premium() {
    // 5 % of 2,000,000 of open interest.
    let stress = stress_loss(Amount::from_units(2_000_000), ratio("0.05"));
    assert_eq!(stress, Ok(Amount::from_units(100_000)));
    // A fund of 25,000 lacks three quarters of it: 10 % + 0.75 * 20 %.
    let share = insurance_fee_share(ratio("0.1"), ratio("0.3"), Amount::from_units(25_000), stress.unwrap());
    assert_eq!(share, Ok(ratio("0.25")));
}

#[test]
fn shares_of_a_table() {
    for (name, least, most, held, stress, wanted) in [
        ("empty", "0.1", "0.3", 0, 100, "0.3"),
        ("empty, nothing at risk", "0.1", "0.3", 0, 0, "0.3"),
        ("nothing at risk", "0.1", "0.3", 1, 0, "0.1"),
        ("half", "0.1", "0.3", 50, 100, "0.2"),
        ("a unit less than all", "0.1", "0.3", 99, 100, "0.102"),
        ("all", "0.1", "0.3", 100, 100, "0.1"),
        ("more than all", "0.1", "0.3", 101, 100, "0.1"),
        ("fixed", "0.1", "0.1", 1, 100, "0.1"),
        ("none, then something", "0", "1", 25, 100, "0.75"),
        ("all of the fee", "1", "1", 0, 100, "1"),
        ("rounded down", "0", "1", 1, 3, "0.666666666666666666"),
    ] {
        let found =
            insurance_fee_share(ratio(least), ratio(most), Amount::from_atoms(held), Amount::from_atoms(stress));
        assert_eq!(found, Ok(ratio(wanted)), "{name}");
    }
    assert_eq!(stress_loss(Amount::from_atoms(1), Ratio::from_atoms(1)), Ok(Amount::from_atoms(1)), "rounded up");
    let crossed = insurance_fee_share(ratio("0.3"), ratio("0.1"), Amount::ZERO, Amount::ZERO);
    assert!(matches!(crossed, Err(RiskError::Overflow { .. })), "{crossed:?}");
}

proptest! {
    #[test]
    fn the_share_lies_between_its_bounds_grows_with_the_stress_and_falls_with_the_fund(
        bounds in (0u128..=ONE, 0u128..=ONE),
        funds in (0u128..=1_000_000_000, 0u128..=1_000_000_000),
        stresses in (0u128..=1_000_000_000, 0u128..=1_000_000_000),
        fee in 0u128..=1_000_000_000_000,
    ) {
        let (least, most) = (Ratio::from_atoms(bounds.0.min(bounds.1)), Ratio::from_atoms(bounds.0.max(bounds.1)));
        let (poor, rich) = (Amount::from_atoms(funds.0.min(funds.1)), Amount::from_atoms(funds.0.max(funds.1)));
        let (calm, wild) = (Amount::from_atoms(stresses.0.min(stresses.1)), Amount::from_atoms(stresses.0.max(stresses.1)));
        let share = |held, stress| insurance_fee_share(least, most, held, stress).unwrap();
        for found in [share(poor, calm), share(poor, wild), share(rich, calm), share(rich, wild)] {
            prop_assert!(found >= least && found <= most);
            let fee = Amount::from_atoms(fee);
            prop_assert!(fee.times(found, Rounding::Floor).unwrap() <= fee);
        }
        prop_assert!(share(poor, wild) >= share(rich, wild));
        prop_assert!(share(poor, calm) >= share(rich, calm));
        prop_assert!(share(poor, wild) >= share(poor, calm));
        prop_assert!(share(rich, wild) >= share(rich, calm));
    }
}
