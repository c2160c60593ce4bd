use super::*;
use crate::{funding_of, ONE};
use proptest::prelude::*;

fn ratio(text: &str) -> Ratio {
    text.parse().unwrap()
}
fn signed_ratio(text: &str) -> SignedRatio {
    text.parse().unwrap()
}
fn params() -> FundingParams {
    FundingParams {
        velocity_max: Ratio::ONE,
        rate_max: Ratio::ONE,
        borrow_low: ratio("0.001"),
        borrow_high: ratio("0.02"),
        borrow_kink: ratio("0.8"),
    }
}

/// `docs/formulas.md#f3-borrow-fee`
#[test]
fn worked_example_of_the_borrow_fee() {
    // 900 reserved of 1,000: 0.9; 0.1 % * 0.8 + 2 % * 0.1 = 0.28 % a day
    let used = utilisation(Amount::from_units(900), Amount::from_units(1_000).signed().unwrap());
    assert_eq!(used, Ok(ratio("0.9")));
    let rate = params().borrow_rate(ratio("0.9")).unwrap();
    assert_eq!(rate, ratio("0.0028"));
    // Six hours at 2,000: 0.0028 * 0.25 * 2,000 = 1.4 a unit, paid by 10 long and 4 short ones: 19.6
    let fee = borrow_fee(rate, Price::from_units(2_000), 21_600).unwrap();
    assert_eq!(fee, signed_ratio("1.4"));
    let carry = carry_of(Size::from_units(10), Size::from_units(-4), SignedRatio::ZERO, fee);
    assert_eq!(carry, Ok(SignedAmount::from_atoms(19_600_000)));
}

#[test]
fn utilisation_of_a_table() {
    for (name, reserved, coins, used) in [
        ("nothing reserved of nothing", 0, 0, "0"),
        ("nothing reserved of a debt", 0, -5, "0"),
        ("half", 50, 100, "0.5"),
        ("all", 100, 100, "1"),
        ("more than there is", 101, 100, "1"),
        ("something of nothing", 1, 0, "1"),
        ("something of a debt", 1, -5, "1"),
        ("rounded up", 1, 3, "0.333333333333333334"),
    ] {
        let found = utilisation(Amount::from_atoms(reserved), SignedAmount::from_atoms(coins));
        assert_eq!(found, Ok(ratio(used)), "{name}");
    }
}

#[test]
fn rates_of_a_table() {
    for (name, used, rate) in [
        ("unused", "0", "0"),
        ("below the kink", "0.4", "0.0004"),
        ("at the kink", "0.8", "0.0008"),
        ("used up", "1", "0.0048"),
    ] {
        assert_eq!(params().borrow_rate(ratio(used)), Ok(ratio(rate)), "{name}");
    }
}

//
#[test]
fn the_fee_rounds_to_the_pool_and_what_the_pool_claims_rounds_down() {
    let atom = borrow_fee(Ratio::from_atoms(1), Price::from_atoms(1), 1).unwrap();
    assert_eq!(atom, SignedRatio::from_atoms(1));
    assert_eq!(borrow_fee(Ratio::from_atoms(1), Price::from_atoms(1), 0), Ok(SignedRatio::ZERO));
    let carry = carry_of(Size::from_atoms(1), Size::from_atoms(-1), SignedRatio::ZERO, atom);
    assert_eq!(carry, Ok(SignedAmount::ZERO));
}

proptest! {
    // an interval costs what its parts cost, within an atom for each part, and never less for being cut.
    #[test]
    fn one_interval_is_the_sum_of_its_parts(
        rate in 0u128..=ONE / 10,
        price in 1u128..=100_000 * ONE,
        parts in proptest::collection::vec(0u64..=20_000, 1..10),
    ) {
        let (rate, price) = (Ratio::from_atoms(rate), Price::from_atoms(price));
        let one = borrow_fee(rate, price, parts.iter().sum()).unwrap().atoms();
        let sum: i128 = parts.iter().map(|part| borrow_fee(rate, price, *part).unwrap().atoms()).sum();
        prop_assert!((0..=parts.len() as i128).contains(&(sum - one)), "{one} {sum}");
    }

    #[test]
    fn the_rate_grows_with_utilisation(low in 0u128..=ONE, high in 0u128..=ONE) {
        let (low, high) = (low.min(high), low.max(high));
        let rate = |used| params().borrow_rate(Ratio::from_atoms(used)).unwrap();
        prop_assert!(rate(low) <= rate(high));
    }

    #[test]
    fn without_a_fee_the_carry_is_the_residual_of_funding(
        long in 0i128..=1_000 * ONE as i128,
        short in 0i128..=1_000 * ONE as i128,
        funding in -(ONE as i128)..=ONE as i128,
    ) {
        let (long, short) = (Size::from_atoms(long), Size::from_atoms(-short));
        let funding = SignedRatio::from_atoms(funding);
        let skew = long.plus(short).unwrap();
        prop_assert_eq!(carry_of(long, short, funding, SignedRatio::ZERO), funding_of(skew, funding));
    }
}
