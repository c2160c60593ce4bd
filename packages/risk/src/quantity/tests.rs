use super::*;

fn out_of_bounds<T: std::fmt::Debug>(result: RiskResult<T>) -> bool {
    matches!(result, Err(RiskError::OutOfBounds { .. }))
}

#[test]
fn the_bounds_are_what_the_pages_say() {
    assert_eq!(PRICE_MAX.to_string(), "1000000000000");
    assert_eq!(Size::from_atoms(SIZE_MAX as i128).to_string(), "10000000000000");
    // 18 decimals of a size, 18 of a price, 6 of the coin.
    assert_eq!((NOTIONAL_DIVISOR, NOTIONAL_DIVISOR_SIGNED), (10u128.pow(30), 10i128.pow(30)));
}

#[test]
fn prices_and_sizes_are_refused_past_their_bounds_and_not_at_them() {
    for price in [Price::from_atoms(1), Price::from_units(7), PRICE_MAX] {
        assert_eq!(price.checked(), Ok(price));
    }
    assert!(out_of_bounds(Price::ZERO.checked()));
    assert!(out_of_bounds(Price::from_atoms(PRICE_MAX.atoms() + 1).checked()));
    let most = SIZE_MAX as i128;
    for atoms in [1, -1, ONE_SIGNED, most, -most] {
        assert_eq!(Size::from_atoms(atoms).checked(), Ok(Size::from_atoms(atoms)), "{atoms}");
    }
    for atoms in [0, most + 1, -most - 1, i128::MAX, i128::MIN] {
        assert!(out_of_bounds(Size::from_atoms(atoms).checked()), "{atoms}");
    }
}

#[test]
fn signs_and_magnitudes() {
    for (atoms, long, short, magnitude) in [(5, true, false, 5), (-5, false, true, 5), (0, false, false, 0)] {
        let size = Size::from_atoms(atoms);
        assert_eq!((size.is_long(), size.is_short(), size.magnitude()), (long, short, magnitude), "{atoms}");
        assert_eq!(Nominal::from_atoms(atoms).magnitude(), magnitude);
        assert_eq!(size.negated(), Ok(Size::from_atoms(-atoms)));
        let amount = SignedAmount::from_atoms(atoms);
        assert_eq!((amount.is_negative(), amount.magnitude().atoms()), (short, magnitude), "{atoms}");
        let (positive, negative) = if atoms > 0 { (magnitude, 0) } else { (0, magnitude) };
        assert_eq!((amount.positive_part().atoms(), amount.negative_part().atoms()), (positive, negative), "{atoms}");
        assert_eq!(amount.negated(), Ok(SignedAmount::from_atoms(-atoms)));
        assert_eq!(SignedRatio::from_atoms(atoms).negated(), Ok(SignedRatio::from_atoms(-atoms)));
    }
    assert_eq!(Size::from_atoms(i128::MIN).negated(), Err(RiskError::Overflow { what: "a negated size" }));
    assert_eq!(SignedRatio::from_atoms(i128::MIN).negated(), Err(RiskError::Overflow { what: "a negated ratio" }));
    assert_eq!(SignedAmount::from_atoms(i128::MIN).negated(), Err(RiskError::Overflow { what: "a negated amount" }));
    assert_eq!(Amount::from_atoms(1 << 127).signed(), Err(RiskError::Overflow { what: "a signed amount" }));
}

#[test]
fn products_mean_what_they_say_and_round_as_named() {
    use Rounding::{Ceil, Floor};
    // 2 units at 1,500 are 3,000; one atom at a price of 10^12 is a micro-unit, and half of that is less than one.
    let notional = |size: Size, price: Price, rounding| size.notional(price, rounding).map(Amount::atoms);
    assert_eq!(notional(Size::from_units(-2), Price::from_units(1_500), Ceil), Ok(3_000 * MICRO));
    let dust = Size::from_atoms(-1);
    assert_eq!((notional(dust, PRICE_MAX, Floor), notional(dust, PRICE_MAX, Ceil)), (Ok(1), Ok(1)));
    let half = Price::from_atoms(PRICE_MAX.atoms() / 2);
    assert_eq!((notional(dust, half, Floor), notional(dust, half, Ceil)), (Ok(0), Ok(1)));
    let signed = |rounding| dust.signed_notional(half, rounding).map(SignedAmount::atoms);
    assert_eq!((signed(Floor), signed(Ceil)), (Ok(-1), Ok(0)));
    // Towards zero on both sides.
    let third = Ratio::of(1, 3, Floor).unwrap();
    assert_eq!(Size::from_atoms(10).times(third), Ok(Size::from_atoms(3)));
    assert_eq!(Size::from_atoms(-10).times(third), Ok(Size::from_atoms(-3)));

    let price = Price::from_units(100);
    assert_eq!(price.scaled(SignedRatio::from_atoms(-ONE_SIGNED / 4), Floor), Ok(Price::from_units(75)));
    assert_eq!(price.scaled(SignedRatio::from_atoms(ONE_SIGNED / 4), Floor), Ok(Price::from_units(125)));
    assert_eq!(price.scaled(SignedRatio::from_atoms(-ONE_SIGNED), Floor), Ok(Price::ZERO));
    assert_eq!(
        price.scaled(SignedRatio::from_atoms(-ONE_SIGNED - 1), Floor),
        Err(RiskError::Overflow { what: "a scaled price" })
    );
    assert_eq!(price.times(Ratio::percent(5), Floor), Ok(Price::from_units(5)));
    assert_eq!(price.distance(Price::from_units(130)), Price::from_units(30));
    assert_eq!(Price::from_units(130).distance(price), Price::from_units(30));
    assert_eq!(Price::from_units(50).ratio_to(price, Floor), Ok(Ratio::percent(50)));
    assert_eq!(Ratio::percent(50).times(Ratio::from_basis_points(50), Floor), Ok(Ratio::from_atoms(ONE / 400)));
    assert_eq!(Amount::from_units(200).times(Ratio::percent(5), Floor), Ok(Amount::from_units(10)));
    assert_eq!(Amount::from_atoms(10).times_fraction(1, 3, Ceil), Ok(Amount::from_atoms(4)));
    assert_eq!(Amount::from_atoms(3).saturating_minus(Amount::from_atoms(5)), Amount::ZERO);
    let (five, three) = (SignedAmount::from_atoms(5), Amount::from_atoms(3));
    assert_eq!(five.plus_amount(three), Ok(SignedAmount::from_atoms(8)));
    assert_eq!(five.minus_amount(three), Ok(SignedAmount::from_atoms(2)));
}

#[test]
fn a_clamp_holds_on_both_sides() {
    let bound = Ratio::percent(10);
    let tenth = ONE_SIGNED / 10;
    for (atoms, clamped) in
        [(tenth + 1, tenth), (tenth, tenth), (7, 7), (-7, -7), (-tenth, -tenth), (-tenth - 1, -tenth)]
    {
        assert_eq!(SignedRatio::from_atoms(atoms).clamped(bound), Ok(SignedRatio::from_atoms(clamped)), "{atoms}");
    }
}
