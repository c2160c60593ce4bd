use super::*;
use crate::{SignedAmount, ONE, PRICE_MAX, SIZE_MAX};
use proptest::prelude::*;

fn rate(text: &str) -> SignedRatio {
    text.parse().unwrap()
}
fn params(velocity_max: &str, rate_max: &str) -> FundingParams {
    FundingParams {
        velocity_max: velocity_max.parse().unwrap(),
        rate_max: rate_max.parse().unwrap(),
        borrow_low: Ratio::ZERO,
        borrow_high: Ratio::ZERO,
        borrow_kink: Ratio::ONE,
    }
}
const SCALE: Size = Size::from_units(10_000);
const HOUR: u64 = 3_600;

/// `docs/formulas.md#f2-funding`
#[test]
fn worked_example_of_funding() {
    let (skew, price) = (Size::from_units(1_000), Price::from_units(2_000));
    // v = 0.1 per day^2; a quarter of a day: 0.001 -> 0.026, mean 0.0135; 0.0135 * 0.25 * 2,000 = 6.75
    let free = accrue_funding(rate("0.001"), skew, SCALE, &params("1", "0.5"), price, 6 * HOUR);
    assert_eq!(free, Ok(FundingStep { rate: rate("0.026"), per_unit: rate("6.75") }));
    // At a clamp of 0.02: reached after 0.19 days; 0.0105 * 0.19 + 0.02 * 0.06 = 0.003195; times 2,000
    let clamped = accrue_funding(rate("0.001"), skew, SCALE, &params("1", "0.02"), price, 6 * HOUR);
    assert_eq!(clamped, Ok(FundingStep { rate: rate("0.02"), per_unit: rate("6.39") }));
    // Of the first figure the pool keeps 1,000 * 6.75.
    assert_eq!(funding_of(skew, rate("6.75")), Ok(SignedAmount::from_atoms(6_750_000_000)));
}

#[test]
fn steps_of_a_table() {
    for (name, start, skew, seconds, end, per_unit) in [
        // v_max 1, clamp 0.05, price 100
        ("no skew, no rate", "0", 0, 24 * HOUR, "0", "0"),
        ("no skew keeps the rate", "0.01", 0, 24 * HOUR, "0.01", "1"),
        ("at the clamp already", "0.05", 5_000, 12 * HOUR, "0.05", "2.5"),
        ("at the other clamp already", "-0.05", -5_000, 12 * HOUR, "-0.05", "-2.5"),
        ("through zero", "-0.01", 200, 24 * HOUR, "0.01", "0"), // v = 0.02
        ("a skew past the scale counts as the scale", "0", 20_000, 36 * 60, "0.025", "0.03125"), // 0.0125 * 0.025 * 100
        ("a rate above a lowered clamp starts at it", "0.2", 0, 24 * HOUR, "0.05", "5"),
        ("down from a rate above a lowered clamp", "0.2", -100, 24 * HOUR, "0.04", "4.5"), // v = -0.01
    ] {
        let step = accrue_funding(
            rate(start),
            Size::from_units(skew),
            SCALE,
            &params("1", "0.05"),
            Price::from_units(100),
            seconds,
        );
        assert_eq!(step, Ok(FundingStep { rate: rate(end), per_unit: rate(per_unit) }), "{name}");
    }
}

//
#[test]
fn the_residual_rounds_down() {
    for (size, per_unit, paid) in [(1, 1, 0), (-1, 1, -1), (1, -1, -1), (-1, -1, 0)] {
        let found = funding_of(Size::from_atoms(size), SignedRatio::from_atoms(per_unit));
        assert_eq!(found, Ok(SignedAmount::from_atoms(paid)), "{size} * {per_unit}");
    }
}

#[test]
fn no_time_changes_nothing() {
    // Even a rate outside the clamp stays: the next second moves it.
    let step =
        accrue_funding(rate("0.2"), Size::from_units(10), SCALE, &params("1", "0.05"), Price::from_units(100), 0);
    assert_eq!(step, Ok(FundingStep { rate: rate("0.2"), per_unit: SignedRatio::ZERO }));
}

#[test]
fn a_skew_scale_of_zero_is_refused() {
    assert_eq!(
        accrue_funding(rate("0"), Size::ZERO, Size::ZERO, &params("1", "1"), Price::from_units(1), 1),
        Err(RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: "0".into() })
    );
}

// calling each second cannot hold a slow rate still, and the pool's `skew * per_unit` is never short.
#[test]
fn the_smallest_move_rounds_towards_the_skew() {
    let step = |skew: i128| {
        accrue_funding(SignedRatio::ZERO, Size::from_atoms(skew), SCALE, &params("1", "1"), Price::from_atoms(1), 1)
    };
    let atom = SignedRatio::from_atoms(1);
    assert_eq!(step(1), Ok(FundingStep { rate: atom, per_unit: atom }));
    let minus = atom.negated().unwrap();
    assert_eq!(step(-1), Ok(FundingStep { rate: minus, per_unit: minus }));
}

#[test]
fn ten_silent_years_at_the_largest_figures_fit() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    let years = 10 * 365 * SECONDS_PER_DAY;
    let step = accrue_funding(rate("-1"), most, most, &params("100", "1"), PRICE_MAX, years).unwrap();
    assert_eq!(step.rate, rate("1"));
    // 10^12 * (3650 - (1 + 1)^2 / (2 * 100))
    assert_eq!(step.per_unit, rate("3649980000000000"));
}

fn milli(range: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Size> {
    range.prop_map(|milli| Size::from_atoms(i128::from(milli) * (ONE as i128 / 1_000)))
}

proptest! {
    // one interval is the sum of its parts, also when the clamp is hit inside it. Each part rounds its cost by less
    // than an atom and its rate by less than an atom, which then is charged for what remains of the interval.
    #[test]
    fn one_interval_is_the_sum_of_its_parts(
        start in -50_000_000_000_000_000i128..=50_000_000_000_000_000,
        skew in milli(-12_000_000..=12_000_000),
        price in 1u128..=100_000 * ONE,
        velocity in 0u128..=10 * ONE,
        parts in proptest::collection::vec(1u64..=20_000, 1..10),
    ) {
        let params = FundingParams { velocity_max: Ratio::from_atoms(velocity), ..params("1", "0.05") };
        let price = Price::from_atoms(price);
        let total: u64 = parts.iter().sum();
        let one = accrue_funding(SignedRatio::from_atoms(start), skew, SCALE, &params, price, total).unwrap();
        let (mut at, mut sum) = (SignedRatio::from_atoms(start), SignedRatio::ZERO);
        for part in &parts {
            let step = accrue_funding(at, skew, SCALE, &params, price, *part).unwrap();
            at = step.rate;
            sum = sum.plus(step.per_unit).unwrap();
        }
        let direction = if skew.is_short() { -1 } else { 1 };
        let n = parts.len() as i128;
        let price_units = price.atoms().div_ceil(ONE) as i128;
        let days = i128::from(total.div_ceil(SECONDS_PER_DAY));
        let rate_error = (at.atoms() - one.rate.atoms()) * direction;
        let cost_error = (sum.atoms() - one.per_unit.atoms()) * direction;
        prop_assert!((0..n).contains(&rate_error), "rate off by {rate_error}");
        prop_assert!((0..=n * (1 + price_units * days)).contains(&cost_error), "cost off by {cost_error}");
    }

    #[test]
    fn the_mirrored_market_pays_the_mirrored_funding(
        start in -100_000_000_000_000_000i128..=100_000_000_000_000_000,
        skew in milli(-12_000_000..=12_000_000),
        price in 1u128..=100_000 * ONE,
        seconds in 0u64..=200_000,
    ) {
        let params = params("1.7", "0.05");
        let price = Price::from_atoms(price);
        let step = accrue_funding(SignedRatio::from_atoms(start), skew, SCALE, &params, price, seconds).unwrap();
        let mirrored =
            accrue_funding(SignedRatio::from_atoms(-start), skew.negated().unwrap(), SCALE, &params, price, seconds).unwrap();
        // Without a skew there is no side to round towards: both round up.
        let slack = i128::from(skew.is_zero());
        prop_assert!((step.rate.atoms() + mirrored.rate.atoms()).abs() <= slack);
        prop_assert!((0..=slack).contains(&(step.per_unit.atoms() + mirrored.per_unit.atoms())));
    }

    #[test]
    fn the_rate_stays_inside_its_band_and_the_cost_between_its_ends(
        start in -50_000_000_000_000_000i128..=50_000_000_000_000_000,
        skew in milli(-12_000_000..=12_000_000),
        seconds in 1u64..=1_000_000,
    ) {
        let step = accrue_funding(
            SignedRatio::from_atoms(start), skew, SCALE, &params("3", "0.05"), Price::from_units(1), seconds,
        ).unwrap();
        let bound = Ratio::percent(5).atoms();
        prop_assert!(step.rate.atoms().unsigned_abs() <= bound);
        let (low, high) = (start.min(step.rate.atoms()), start.max(step.rate.atoms()));
        let cost = step.per_unit.atoms() * DAY;
        let seconds = i128::from(seconds);
        prop_assert!(cost >= (low * seconds) - DAY && cost <= (high * seconds) + DAY);
    }
}
