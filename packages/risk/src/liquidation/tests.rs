use super::*;
use crate::{MICRO, ONE, PRICE_MAX, SIZE_MAX};
use proptest::prelude::*;

const SCALE: Size = Size::from_units(10_000);

fn margin() -> MarginParams {
    MarginParams {
        initial_margin_ratio: Ratio::percent(5),
        initial_margin_slope: Ratio::percent(20),
        maintenance_scalar: Ratio::percent(60),
        margin_min: Amount::from_units(1),
        open_interest_low: Amount::from_units(1_000_000_000),
        open_interest_high: Amount::from_units(2_000_000_000),
    }
}
fn params() -> LiquidationParams {
    LiquidationParams {
        buffer: Ratio::percent(10),
        penalty_ratio: Ratio::percent(1),
        keeper_share: Ratio::percent(20),
        keeper_min: Amount::from_units(5),
        keeper_max: Amount::from_units(50),
        size_min: Size::from_units(1),
        throttle_seconds: 0,
        throttle_multiplier: Ratio::ZERO,
        throttle_relief_skew: Ratio::ZERO,
        keeper_growth_seconds: 0,
    }
}
fn money(micro: i128) -> SignedAmount {
    SignedAmount::from_atoms(micro)
}

/// `docs/formulas.md#f6-partial-liquidation`
#[test]
fn worked_example_of_a_partial_liquidation() {
    let (size, price) = (Size::from_units(100), Price::from_units(2_000));
    let equity = money(5_850_060_000);
    // Maintenance 6,241. Keeping 80: ratio 5.16 % * 60 % of 160,000 = 4,953.6, with the minimum 4,954.6; times 1.1 =
    // 5,450.06; the penalty on the 20 that go is 1 % of 40,000 = 400. Together 5,850.06.
    let kept = largest_keepable_size(equity, Amount::ZERO, size, price, &margin(), SCALE, &params());
    assert_eq!(kept, Ok(Size::from_units(80)));
    let close = |size| close_size(equity, Amount::ZERO, size, price, &margin(), SCALE, &params());
    assert_eq!(close(size), Ok(Size::from_units(20)));
    assert_eq!(close(Size::from_units(-100)), Ok(Size::from_units(-20)));
    // "Deficit over freed margin" would close (6,241 * 1.1 - 5,850.06) / (62.41 * 1.1 - 20) = 20.9: the average margin
    // of a unit is below that of the units that go.
}

//
#[test]
fn close_sizes_of_a_table() {
    let flat = MarginParams { initial_margin_slope: Ratio::ZERO, margin_min: Amount::ZERO, ..margin() };
    let size = Size::from_units(100);
    // At 100 a unit: flat maintenance 3 a unit, 3.3 with the buffer; penalty 1 a unit; all of it needs 330.
    for (name, equity, others, expected) in [
        ("healthy at the buffer", 330, 0, 0),
        ("one third less", 215, 0, 50),         // 2.3 y + 100 = 215
        ("others need it first", 325, 100, 50), // 215 + 110
        ("worth exactly the penalty", 100, 0, 100),
        ("worth nothing", 0, 0, 100),
        ("in deficit", -50, 0, 100),
        ("rest below the smallest size", 101, 0, 100), // would keep 0.43
    ] {
        let closed = close_size(
            money(equity * MICRO as i128),
            Amount::from_units(others),
            size,
            Price::from_units(100),
            &flat,
            SCALE,
            &params(),
        );
        assert_eq!(closed, Ok(Size::from_units(expected)), "{name}");
    }
    assert_eq!(
        close_size(money(0), Amount::ZERO, Size::ZERO, Price::from_units(100), &flat, SCALE, &params()),
        Ok(Size::ZERO)
    );
}

#[test]
fn a_penalty_above_the_margin_rate_closes_all_or_nothing_at_no_slope() {
    // Closing costs more than keeping (a configuration the bounds refuse): no part of a close helps.
    let flat = MarginParams { initial_margin_slope: Ratio::ZERO, margin_min: Amount::ZERO, ..margin() };
    let heavy = LiquidationParams { penalty_ratio: Ratio::percent(10), ..params() };
    let (size, price) = (Size::from_units(100), Price::from_units(100));
    let close = |equity| close_size(money(equity), Amount::ZERO, size, price, &flat, SCALE, &heavy);
    assert_eq!(close(330_000_000), Ok(Size::ZERO));
    assert_eq!(close(329_999_999), Ok(size));
}

#[test]
fn the_largest_position_at_the_largest_price_fits() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    let wild = MarginParams { initial_margin_slope: Ratio::ONE, initial_margin_ratio: Ratio::ONE, ..margin() };
    let equity = money(10i128.pow(25) * MICRO as i128);
    for price in [Price::from_atoms(1), PRICE_MAX] {
        let kept = largest_keepable_size(equity, Amount::ZERO, most, price, &wild, most, &params()).unwrap();
        assert!(kept.is_long() && kept <= most);
    }
    // A scale that no market with such a position can have says so.
    let absurd = largest_keepable_size(equity, Amount::ZERO, most, PRICE_MAX, &wild, Size::from_atoms(1), &params());
    assert_eq!(absurd, Err(RiskError::Overflow { what: "a maintenance margin" }));
}

/// As much cash as any penalty asks for.
const RICH: Amount = Amount::from_atoms(u128::MAX);

/// `docs/formulas.md#f8-liquidation-fee`
#[test]
fn worked_example_of_the_fee_split() {
    // 1 % of 40,000 = 400; 20 % of it is 80, above the keeper's 50.
    let fee = split_liquidation_fee(Amount::from_units(40_000), money(5_450_060_000), RICH, &params(), 0);
    assert_eq!(
        fee,
        Ok(LiquidationFee {
            penalty: Amount::from_units(400),
            keeper: Amount::from_units(50),
            insurance: Amount::from_units(350),
            keeper_top_up: Amount::ZERO,
        })
    );
}

#[test]
fn fee_splits_of_a_table() {
    let micro = MICRO as i128;
    for (name, notional, equity, penalty, keeper, insurance, top_up) in [
        ("share", 10_000, 1_000 * micro, 100, 20, 80, 0),
        ("floor from the penalty", 1_000, 1_000 * micro, 10, 5, 5, 0),
        ("penalty below the floor", 300, 1_000 * micro, 3, 3, 0, 2),
        ("capped by the equity", 10_000, 30 * micro, 30, 6, 24, 0),
        ("no equity", 10_000, 0, 0, 0, 0, 5),
        ("in deficit", 10_000, -micro, 0, 0, 0, 5),
    ] {
        let fee = split_liquidation_fee(Amount::from_units(notional), money(equity), RICH, &params(), 0).unwrap();
        let figures = (fee.penalty, fee.keeper, fee.insurance, fee.keeper_top_up);
        let units = Amount::from_units;
        assert_eq!(figures, (units(penalty), units(keeper), units(insurance), units(top_up)), "{name}");
    }
    // one unit of notional: the penalty rounds up, the keeper's share down.
    let free = LiquidationParams { keeper_min: Amount::ZERO, ..params() };
    let fee = split_liquidation_fee(Amount::from_atoms(1), money(100), RICH, &free, 0).unwrap();
    assert_eq!((fee.penalty, fee.keeper, fee.insurance), (Amount::from_atoms(1), Amount::ZERO, Amount::from_atoms(1)));
}

//
#[test]
fn a_keeper_is_paid_out_of_settled_cash_and_the_rest_of_the_penalty_is_the_funds() {
    for (settled, keeper, insurance, top_up) in
        [(100, 20, 80, 0), (20, 20, 80, 0), (7, 7, 93, 0), (3, 3, 97, 2), (0, 0, 100, 5)]
    {
        let units = Amount::from_units;
        let fee =
            split_liquidation_fee(units(10_000), money(1_000 * MICRO as i128), units(settled), &params(), 0).unwrap();
        let figures = (fee.penalty, fee.keeper, fee.insurance, fee.keeper_top_up);
        assert_eq!(figures, (units(100), units(keeper), units(insurance), units(top_up)), "{settled}");
    }
}

#[test]
fn closing_costs_the_penalty_above_the_fee_and_the_margin_that_it_loses() {
    // Of a penalty of 1 % a fee of 0.1 % is in equity already; 300 of 10,000 are 3 %.
    let costing = |fee, lost| {
        params().costing(Ratio::from_basis_points(fee), Amount::from_units(lost), Amount::from_units(10_000)).unwrap()
    };
    assert_eq!(costing(10, 0), LiquidationParams { penalty_ratio: Ratio::from_basis_points(90), ..params() });
    assert_eq!(costing(10, 300).penalty_ratio, Ratio::from_basis_points(390));
    assert_eq!(costing(200, 300).penalty_ratio, Ratio::from_basis_points(300), "never below nothing");
    let none = params().costing(Ratio::ZERO, Amount::from_units(1), Amount::ZERO);
    assert!(none.is_err());
    assert_eq!(params().costing(Ratio::ZERO, Amount::ZERO, Amount::ZERO), Ok(params()));
}

#[test]
fn the_keepers_share_grows_with_the_delay_inside_the_penalty() {
    // 1 % of 1,000 is 10: a fifth at once, and linearly to all of it after two minutes.
    let growing = LiquidationParams { keeper_min: Amount::ZERO, keeper_growth_seconds: 120, ..params() };
    for (delay, keeper) in [(0, 2), (60, 6), (120, 10), (u64::MAX, 10)] {
        let fee =
            split_liquidation_fee(Amount::from_units(1_000), money(1_000_000_000), RICH, &growing, delay).unwrap();
        let wanted = (Amount::from_units(10), Amount::from_units(keeper), Amount::from_units(10 - keeper));
        assert_eq!((fee.penalty, fee.keeper, fee.insurance), wanted, "{delay}");
    }
    // The cap and the floor stand.
    let fee = split_liquidation_fee(Amount::from_units(40_000), money(5_450_060_000), RICH, &growing, 120).unwrap();
    assert_eq!(fee.keeper, Amount::from_units(50));
    let fee = split_liquidation_fee(
        Amount::from_units(1_000),
        money(0),
        RICH,
        &LiquidationParams { keeper_growth_seconds: 120, ..params() },
        120,
    );
    assert_eq!(fee.unwrap().keeper_top_up, Amount::from_units(5));
}

/// The requirement of keeping `kept`, exact, times `S * 10^84` (quote micro-units).
fn requirement(case: &Case<'_>, kept: Size) -> BInt<16> {
    let closed = case.whole.minus(kept).unwrap().atoms();
    let (p, s) = (case.price.atoms() as i128, case.skew_scale.atoms());
    let b = (ONE + case.params.buffer.atoms()) as i128;
    let (f, scalar) = (case.params.penalty_ratio.atoms() as i128, case.margin.maintenance_scalar.atoms() as i128);
    let (slope, ratio) =
        (case.margin.initial_margin_slope.atoms() as i128, case.margin.initial_margin_ratio.atoms() as i128);
    let fixed = (case.others.atoms() + case.margin.margin_min.atoms()) as i128;
    let (e18, e30, y) = (ONE as i128, 10i128.pow(30), kept.atoms());
    wide_sum(
        &[
            &[b, p, slope, scalar, y, y],
            &[b, p, ratio, scalar, y, s],
            &[b, fixed, s, e30, e18, e18],
            &[f, closed, p, s, e18, e18],
        ],
        "test",
    )
    .unwrap()
}
fn scaled(equity: i128, scale: Size) -> BInt<16> {
    let (e18, e30) = (ONE as i128, 10i128.pow(30));
    wide_sum(&[&[equity, scale.atoms(), e30, e18, e18, e18]], "test").unwrap()
}

prop_compose! {
    fn any_margin()(
        ratio in 100u32..=2_000, slope in prop_oneof![Just(0u32), 1u32..=10_000], scalar in 40u32..=90, min in 0u64..=10,
    ) -> MarginParams {
        MarginParams {
            initial_margin_ratio: Ratio::from_basis_points(ratio),
            initial_margin_slope: Ratio::from_basis_points(slope),
            maintenance_scalar: Ratio::percent(scalar),
            margin_min: Amount::from_units(min),
            ..margin()
        }
    }
}

proptest! {
    // what is kept is healthy at the buffer in whole units, and keeping a piece more would break it: in exact
    // arithmetic, with the allowance that rounding each figure to a micro-unit needs.
    #[test]
    fn the_close_is_enough_and_no_larger_than_needed(
        margin in any_margin(),
        size in 1i128..=1_000_000_000_000_000_000_000_000,
        price in 1u128..=100_000 * ONE,
        others in 0u64..=1_000,
        share in 0u128..=130,
        penalty_share in 0u32..=60,
        buffer in 0u32..=50,
    ) {
        let size = Size::from_atoms(size);
        let price = Price::from_atoms(price);
        let others = Amount::from_units(others);
        let params = LiquidationParams {
            buffer: Ratio::percent(buffer),
            // Below the smallest maintenance ratio, as the bounds ask.
            penalty_ratio: margin.initial_margin_ratio.times(margin.maintenance_scalar, Rounding::Floor).unwrap()
                .times(Ratio::percent(penalty_share), Rounding::Floor).unwrap(),
            ..params()
        };
        // Equity from nothing to healthy at the buffer.
        let full = margin.maintenance_margin(size, price, SCALE).unwrap().plus(others).unwrap();
        let equity = money((full.atoms() * share / 100) as i128);
        let case = Case { equity, others, whole: size, price, margin: &margin, skew_scale: SCALE, params: &params };
        let kept = largest_keepable_size(equity, others, size, price, &margin, SCALE, &params).unwrap();
        prop_assert!(!kept.is_short() && kept <= size);
        if !kept.is_zero() {
            prop_assert!(case.keeps(kept).unwrap(), "what is kept is not healthy");
        }
        if kept < size {
            let more = Size::from_atoms(kept.atoms() + 1);
            let budget = scaled(equity.atoms() - ROUNDING_ALLOWANCE, SCALE);
            prop_assert!(requirement(&case, more) > budget, "one atom more could be kept");
        }
        // The short is the mirror image.
        let short = size.negated().unwrap();
        let close = |size| close_size(equity, others, size, price, &margin, SCALE, &params);
        prop_assert_eq!(close(short).unwrap(), close(size).unwrap().negated().unwrap());
        let closed = close(size).unwrap();
        prop_assert!(closed == Size::ZERO || closed == size || size.minus(closed).unwrap() >= params.size_min);
    }

    #[test]
    fn more_equity_never_closes_more(
        margin in any_margin(), size in 1i64..=1_000_000, equity in 0i64..=1_000_000_000, more in 0i64..=1_000_000_000,
    ) {
        let size = Size::from_atoms(i128::from(size) * ONE as i128 / 1_000);
        let kept = |equity: i64| {
            let equity = money(equity.into());
            largest_keepable_size(equity, Amount::ZERO, size, Price::from_units(50), &margin, SCALE, &params()).unwrap()
        };
        // Within what the allowance is worth: 6 micro-units at a net rate of at least 0.1 %, at 50 a unit.
        let noise = 6 * 1_000 * (ONE as i128 / MICRO as i128) / 50;
        let net = margin.initial_margin_ratio.atoms() * margin.maintenance_scalar.atoms() / ONE * 11 / 10;
        prop_assume!(net >= params().penalty_ratio.atoms() + ONE / 1_000);
        prop_assert!(kept(equity + more).atoms() + noise >= kept(equity).atoms());
    }

    #[test]
    fn a_fee_is_paid_out_to_the_unit_and_never_makes_a_deficit(
        notional in 0u128..=10u128.pow(18), equity in -1_000_000i128..=10i128.pow(15), settled in 0u128..=10u128.pow(9),
    ) {
        let settled = Amount::from_atoms(settled);
        let fee = split_liquidation_fee(Amount::from_atoms(notional), money(equity), settled, &params(), 0).unwrap();
        prop_assert!(fee.keeper <= settled);
        prop_assert_eq!(fee.keeper.plus(fee.insurance).unwrap(), fee.penalty);
        prop_assert!(fee.penalty <= money(equity).positive_part());
        let received = fee.keeper.plus(fee.keeper_top_up).unwrap();
        prop_assert!(received >= params().keeper_min && received <= params().keeper_max);
    }
}
