use super::*;
use crate::{MICRO, ONE, PRICE_MAX, SIZE_MAX};
use proptest::prelude::*;

fn size(text: &str) -> Size {
    text.parse().unwrap()
}
fn price(text: &str) -> Price {
    text.parse().unwrap()
}
const SCALE: Size = Size::from_units(10_000);

/// `docs/formulas.md#f1-skew-price`
#[test]
fn worked_example_of_the_skew_price() {
    let (p, k) = (Price::from_units(2_000), Size::from_units(100));
    let (buy, sale) = (Size::from_units(10), Size::from_units(-10));
    // (200 + 10) / 20,000 = 1.05 %
    assert_eq!(fill_price(p, k, buy, SCALE), Ok(Price::from_units(2_021)));
    assert_eq!(trade_cost(p, k, buy, SCALE), Ok(SignedAmount::from_atoms(20_210_000_000)));
    // (200 - 10) / 20,000 = 0.95 %
    assert_eq!(fill_price(p, k, sale, SCALE), Ok(Price::from_units(2_019)));
    assert_eq!(trade_cost(p, k, sale, SCALE), Ok(SignedAmount::from_atoms(-20_190_000_000)));
    // Right after the buy the skew is 110 and the exit pays what the entry cost.
    assert_eq!(exit_value(p, Size::from_units(110), buy, SCALE), Ok(SignedAmount::from_atoms(20_210_000_000)));
}

#[test]
fn fill_prices_of_a_table() {
    for (name, skew, delta, fill) in [
        ("balanced, buy", "0", "100", "100.5"),                // 100/20000 = 0.5 %
        ("balanced, sale", "0", "-100", "99.5"),               // mirrored
        ("long skew, buy more", "1000", "100", "110.5"),       // 2100/20000 = 10.5 %
        ("long skew, sale earns it", "1000", "-100", "109.5"), // 1900/20000 = 9.5 %
        ("short skew, buy earns it", "-1000", "100", "90.5"),  // -1900/20000
        ("crossing the middle", "-50", "100", "100"),          // 0
        ("past the scale", "12000", "2000", "230"),            // 26000/20000 = 130 %
        ("no trade", "100", "0", "101"),
    ] {
        assert_eq!(fill_price(Price::from_units(100), size(skew), size(delta), SCALE), Ok(price(fill)), "{name}");
    }
}

//
#[test]
fn buys_round_up_and_sales_down() {
    let (p, k, s) = (Price::from_atoms(1_000), Size::ZERO, Size::from_units(3));
    let third = Size::from_units(1); // premium 1/6: 1,000 + 166.67 or 1,000 - 166.67
    assert_eq!(fill_price(p, k, third, s), Ok(Price::from_atoms(1_167)));
    assert_eq!(fill_price(p, k, third.negated().unwrap(), s), Ok(Price::from_atoms(833)));
    // One atom of base at 1: 10^-12 micro-units.
    let one = Price::from_units(1);
    assert_eq!(trade_cost(one, k, Size::from_atoms(1), s), Ok(SignedAmount::from_atoms(1)));
    assert_eq!(trade_cost(one, k, Size::from_atoms(-1), s), Ok(SignedAmount::ZERO));
    assert_eq!(exit_value(one, k, Size::from_atoms(1), s), Ok(SignedAmount::ZERO));
    assert_eq!(exit_value(one, k, Size::from_atoms(-1), s), Ok(SignedAmount::from_atoms(-1)));
}

#[test]
fn a_premium_of_minus_one_is_refused_and_not_clamped() {
    let p = Price::from_units(100);
    for (skew, delta) in [("-10000", "0"), ("-9999", "-2"), ("0", "-20000"), ("-20000", "100")] {
        let (skew, delta) = (size(skew), size(delta));
        assert_eq!(fill_price(p, skew, delta, SCALE), Err(RiskError::FillPriceNotPositive));
        assert_eq!(trade_cost(p, skew, delta, SCALE), Err(RiskError::FillPriceNotPositive));
    }
    // Positive in exact arithmetic, zero atoms after rounding.
    assert_eq!(
        fill_price(Price::from_atoms(1), size("-9999"), size("-1"), SCALE),
        Err(RiskError::FillPriceNotPositive)
    );
}

#[test]
fn a_skew_scale_of_zero_or_less_is_refused() {
    for scale in [Size::ZERO, Size::from_units(-1)] {
        let refused = RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: scale.to_string() };
        let (p, k, d) = (Price::from_units(1), Size::ZERO, Size::from_units(1));
        assert_eq!(fill_price(p, k, d, scale), Err(refused.clone()));
        assert_eq!(trade_cost(p, k, d, scale), Err(refused.clone()));
        assert_eq!(exit_value(p, k, d, scale), Err(refused));
    }
}

#[test]
fn the_largest_trade_at_the_largest_price_fits() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    // 10^13 * 10^12 * 1.5
    let cost = SignedAmount::from_atoms(15 * 10i128.pow(24) * MICRO as i128);
    assert_eq!(trade_cost(PRICE_MAX, Size::ZERO, most, most), Ok(cost));
    assert_eq!(fill_price(PRICE_MAX, most, most, most), Ok(Price::from_atoms(2_500_000_000_000 * ONE)));
    // The smallest scale: a premium of 10^31 does not fit and says so.
    let refused = trade_cost(PRICE_MAX, Size::ZERO, most, Size::from_atoms(1));
    assert!(matches!(refused, Err(RiskError::Overflow { .. })), "{refused:?}");
}

/// Thousandths.
fn milli(range: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Size> {
    range.prop_map(|milli| Size::from_atoms(i128::from(milli) * (ONE as i128 / 1_000)))
}
fn any_price() -> impl Strategy<Value = Price> {
    prop_oneof![1u128..=ONE, ONE..=1_000_000 * ONE].prop_map(Price::from_atoms)
}

proptest! {
    // a batch of n is the sum of n singles within n units, never below the single.
    #[test]
    fn one_trade_costs_what_its_slices_cost(
        price in any_price(),
        skew in milli(-4_000_000..=4_000_000),
        slices in proptest::collection::vec(-1_000_000_000_000_000_000_000i128..=1_000_000_000_000_000_000_000, 1..8),
        scale in milli(100_000_000..=1_000_000_000),
    ) {
        let total = Size::from_atoms(slices.iter().sum());
        let one = trade_cost(price, skew, total, scale).unwrap();
        let (mut sum, mut at) = (SignedAmount::ZERO, skew);
        for slice in &slices {
            let slice = Size::from_atoms(*slice);
            sum = sum.plus(trade_cost(price, at, slice, scale).unwrap()).unwrap();
            at = at.plus(slice).unwrap();
        }
        let rounding = sum.minus(one).unwrap().atoms();
        prop_assert!((0..slices.len() as i128).contains(&rounding), "{rounding} units for {} slices", slices.len());
    }

    // without fees a round trip at one price costs 0 or 1 unit, never less than 0.
    #[test]
    fn a_round_trip_never_pays(
        price in any_price(), skew in milli(-4_000_000..=4_000_000), delta in milli(-4_000_000..=4_000_000),
    ) {
        let there = trade_cost(price, skew, delta, SCALE).unwrap();
        let back = exit_value(price, skew.plus(delta).unwrap(), delta, SCALE).unwrap();
        prop_assert!((0..=1).contains(&there.minus(back).unwrap().atoms()));
    }

    // The mirrored trade in the mirrored book pays the same premium over the oracle price.
    #[test]
    fn longs_and_shorts_pay_the_same_premium(
        price in 1u128..1_000_000_000, skew in milli(-4_000_000..=4_000_000), delta in milli(-4_000_000..=4_000_000),
    ) {
        let price = Price::from_atoms(price * (ONE / 1_000)); // price and size in thousandths: their product is whole
        let mark = delta.signed_notional(price, Rounding::Floor).unwrap();
        let premium = trade_cost(price, skew, delta, SCALE).unwrap().minus(mark).unwrap();
        let (skew, delta) = (skew.negated().unwrap(), delta.negated().unwrap());
        let mirrored = trade_cost(price, skew, delta, SCALE).unwrap().plus(mark).unwrap();
        prop_assert_eq!(premium, mirrored);
    }

    #[test]
    fn the_cost_agrees_with_the_fill_price_and_never_favours_the_trader(
        price in any_price(), skew in milli(-4_000_000..=4_000_000), delta in milli(-4_000_000..=4_000_000),
    ) {
        let fill = fill_price(price, skew, delta, SCALE).unwrap();
        let cost = trade_cost(price, skew, delta, SCALE).unwrap();
        // The fill price is rounded against the trader at its 18th decimal, the cost once at the micro-unit.
        let through_price = delta.signed_notional(fill, Rounding::Ceil).unwrap();
        prop_assert!(cost <= through_price);
        prop_assert!(through_price.minus(cost).unwrap().atoms() <= 1);
    }

    #[test]
    fn a_larger_buy_costs_more_and_a_higher_skew_costs_more(
        price in any_price(), skew in milli(-4_000_000..=4_000_000), delta in milli(0..=4_000_000), more in milli(0..=100_000),
    ) {
        let cost = trade_cost(price, skew, delta, SCALE).unwrap();
        prop_assert!(trade_cost(price, skew, delta.plus(more).unwrap(), SCALE).unwrap() >= cost);
        prop_assert!(trade_cost(price, skew.plus(more).unwrap(), delta, SCALE).unwrap() >= cost);
    }
}
