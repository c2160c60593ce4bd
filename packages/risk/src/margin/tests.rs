use super::*;
use crate::{BasisPoints, Level, RiskError, MICRO, ONE, PRICE_MAX, SIZE_MAX};
use proptest::prelude::*;

const SCALE: Size = Size::from_units(10_000);

fn params() -> MarginParams {
    MarginParams {
        initial_margin_ratio: Ratio::percent(5),
        initial_margin_slope: Ratio::percent(20),
        maintenance_scalar: Ratio::percent(60),
        margin_min: Amount::from_units(1),
        open_interest_low: Amount::from_units(1_000_000),
        open_interest_high: Amount::from_units(3_000_000),
    }
}
fn money(units: i64) -> SignedAmount {
    SignedAmount::from_atoms(i128::from(units) * MICRO as i128)
}

/// `docs/formulas.md#f4-margin`
#[test]
fn worked_example_of_margin() {
    let (size, price) = (Size::from_units(100), Price::from_units(2_000));
    // ratio 5 % + 20 % * 100 / 10,000 = 5.2 % of 200,000 = 10,400
    assert_eq!(
        params().initial_margin(size, price, SCALE, &Posture::NORMAL, Ratio::ZERO),
        Ok(Amount::from_units(10_401))
    );
    assert_eq!(params().maintenance_margin(size, price, SCALE), Ok(Amount::from_units(6_241)));
    // Guarded: 1.5 times 10,400 is 15,600; its 10x asks for 20,000, which is more.
    let guarded = Posture::preset(Level::Guarded);
    assert_eq!(params().initial_margin(size, price, SCALE, &guarded, Ratio::ZERO), Ok(Amount::from_units(20_001)));

    // Cash 12,000, a loss of 2,000, an exit fee of 100: equity 9,900, above 6,241 and below 10,401.
    let position = PositionHealth {
        size,
        price,
        pnl: money(-2_000),
        exit_fee: Amount::from_units(100),
        initial_margin: Amount::from_units(10_401),
        maintenance_margin: Amount::from_units(6_241),
        notional: Amount::from_units(200_000),
    };
    let health = account_health(money(12_000), &[position]).unwrap();
    assert_eq!((health.equity, health.equity_for_initial), (money(9_900), money(9_900)));
    assert!(!health.is_liquidatable());
    assert!(!health.may_raise_exposure());
}

/// between 1 and 3 million of open interest the ratio runs from 5 % to everything, in proportion.
#[test]
fn open_interest_asks_for_more_of_a_table() {
    let (size, price) = (Size::from_units(100), Price::from_units(2_000)); // 200,000; its size alone asks for 5.2 %
    let most = u64::MAX / 2;
    for (name, open, ratio, units) in [
        ("nobody", 0, "0", 10_401),
        ("at the lower bound", 1_000_000, "0", 10_401),
        ("a hundredth of the way", 1_020_000, "0.0595", 11_901),
        ("half way", 2_000_000, "0.525", 105_001),
        ("at the upper bound", 3_000_000, "1", 200_001),
        ("beyond it", most, "1", 200_001),
    ] {
        let asked = params().open_interest_ratio(Amount::from_atoms(u128::from(open) * MICRO)).unwrap();
        assert_eq!(asked, ratio.parse().unwrap(), "{name}");
        let margin = params().initial_margin(size, price, SCALE, &Posture::NORMAL, asked);
        assert_eq!(margin, Ok(Amount::from_units(units)), "{name}");
    }
    // The larger of the figures, not their sum: a posture that asks for more still does.
    let guarded = Posture::preset(Level::Guarded);
    let little = params().open_interest_ratio(Amount::from_units(1_020_000)).unwrap();
    assert_eq!(params().initial_margin(size, price, SCALE, &guarded, little), Ok(Amount::from_units(20_001)));
    // Maintenance margin has no such argument: a crowd liquidates nobody.
    assert_eq!(params().maintenance_margin(size, price, SCALE), Ok(Amount::from_units(6_241)));
}

#[test]
fn initial_margin_of_a_table() {
    let with = |initial_margin_factor, leverage_max| Posture {
        initial_margin_factor: BasisPoints(initial_margin_factor),
        leverage_max,
        ..Posture::NORMAL
    };
    // 100 at 100: notional 10,000, ratio 5.2 %
    for (name, posture, units) in [
        ("normal", Posture::NORMAL, 521),
        ("factor", with(20_000, u16::MAX), 1_041),
        ("a cap that does not bind", with(10_000, 2_000), 521), // 500
        ("a cap that binds", with(10_000, 1_000), 1_001),
        ("1x", with(10_000, 100), 10_001),
        ("0 counts as 1x", with(10_000, 0), 10_001),
        ("below 1x", with(10_000, 50), 20_001),
    ] {
        let (size, price) = (Size::from_units(-100), Price::from_units(100));
        assert_eq!(
            params().initial_margin(size, price, SCALE, &posture, Ratio::ZERO),
            Ok(Amount::from_units(units)),
            "{name}"
        );
    }
}

#[test]
fn no_position_needs_no_margin() {
    let price = Price::from_units(100);
    assert_eq!(params().initial_margin(Size::ZERO, price, SCALE, &Posture::NORMAL, Ratio::ZERO), Ok(Amount::ZERO));
    assert_eq!(params().maintenance_margin(Size::ZERO, price, SCALE), Ok(Amount::ZERO));
}

//
#[test]
fn margin_rounds_up() {
    let dust = Size::from_atoms(1);
    let params = MarginParams { margin_min: Amount::ZERO, ..params() };
    assert_eq!(params.maintenance_margin(dust, Price::from_atoms(1), SCALE), Ok(Amount::from_atoms(1)));
    assert_eq!(
        params.initial_margin(dust, Price::from_atoms(1), SCALE, &Posture::NORMAL, Ratio::ZERO),
        Ok(Amount::from_atoms(1))
    );
}

#[test]
fn a_skew_scale_of_zero_is_refused() {
    assert_eq!(
        params().maintenance_margin(Size::from_units(1), Price::from_units(1), Size::ZERO),
        Err(RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: "0".into() })
    );
}

#[test]
fn the_largest_position_at_the_largest_price_fits() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    let wild = MarginParams {
        initial_margin_ratio: Ratio::ONE,
        initial_margin_slope: Ratio::ONE,
        maintenance_scalar: Ratio::percent(99),
        margin_min: Amount::ZERO,
        ..params()
    };
    let posture = Posture { initial_margin_factor: BasisPoints(50_000), ..Posture::NORMAL };
    // 10^25 * (1 + 1) * 5 in quote units
    let initial = Amount::from_atoms(10u128.pow(26) * MICRO);
    assert_eq!(wild.initial_margin(most, PRICE_MAX, most, &posture, Ratio::ZERO), Ok(initial));
    let maintenance = Amount::from_atoms(198 * 10u128.pow(23) * MICRO);
    assert_eq!(wild.maintenance_margin(most, PRICE_MAX, most), Ok(maintenance));
}

fn position(pnl: i64, exit_fee: u64, initial: u64, maintenance: u64, notional: u64) -> PositionHealth {
    PositionHealth {
        size: Size::from_units(1),
        price: Price::from_units(1),
        pnl: money(pnl),
        exit_fee: Amount::from_units(exit_fee),
        initial_margin: Amount::from_units(initial),
        maintenance_margin: Amount::from_units(maintenance),
        notional: Amount::from_units(notional),
    }
}

// open profit counts for maintenance, not for initial margin and withdrawals.
#[test]
fn health_of_a_table() {
    for (name, cash, positions, equity, for_initial, liquidatable, may_raise) in [
        ("no position", 0, vec![], 0, 0, false, true),
        ("debt without a position", -5, vec![], -5, -5, false, false),
        ("exactly maintenance", 60, vec![position(0, 0, 100, 60, 1_000)], 60, 60, false, false),
        ("below maintenance", 59, vec![position(0, 0, 100, 60, 1_000)], 59, 59, true, false),
        ("the exit fee counts", 60, vec![position(0, 1, 100, 60, 1_000)], 59, 59, true, false),
        ("exactly initial", 100, vec![position(0, 0, 100, 60, 1_000)], 100, 100, false, true),
        ("profit is no initial margin", 50, vec![position(500, 0, 100, 60, 1_000)], 550, 50, false, false),
        (
            "profit of one does not offset a loss of another",
            300,
            vec![position(500, 0, 100, 60, 1_000), position(-250, 0, 100, 60, 1_000)],
            550,
            50,
            false,
            false,
        ),
        ("margin of zero, equity below zero", -1, vec![position(0, 0, 0, 0, 10)], -1, -1, true, false),
    ] {
        let health = account_health(money(cash), &positions).unwrap();
        assert_eq!(health.equity, money(equity), "{name}");
        assert_eq!(health.equity_for_initial, money(for_initial), "{name}");
        assert_eq!(health.is_liquidatable(), liquidatable, "{name}");
        assert_eq!(health.may_raise_exposure(), may_raise, "{name}");
    }
}

//
#[test]
fn a_withdrawal_leaves_the_larger_of_initial_margin_and_a_share_of_the_notional() {
    let health = account_health(money(199), &[position(0, 0, 100, 60, 1_000)]).unwrap();
    assert_eq!(health.may_withdraw(Ratio::ZERO), Ok(true));
    assert_eq!(health.may_withdraw(Ratio::percent(20)), Ok(false)); // 200
    let health = account_health(money(200), &[position(0, 0, 100, 60, 1_000)]).unwrap();
    assert_eq!(health.may_withdraw(Ratio::percent(20)), Ok(true));
    // The share rounds up.
    assert_eq!(health.may_withdraw(Ratio::from_atoms(Ratio::percent(20).atoms() + 1)), Ok(false));
}

#[test]
fn a_position_counts_whichever_of_its_figures_is_there() {
    let health = |margin: u64, notional: u64| AccountHealth {
        equity: SignedAmount::from_atoms(-1),
        equity_for_initial: SignedAmount::from_atoms(-1),
        initial_margin: Amount::ZERO,
        maintenance_margin: Amount::from_units(margin),
        notional: Amount::from_units(notional),
    };
    for (margin, notional, liquidatable) in [(0, 0, false), (1, 0, true), (0, 1, true), (1, 1, true)] {
        let health = health(margin, notional);
        assert_eq!(health.is_liquidatable(), liquidatable, "{margin} {notional}");
        assert_eq!(health.owes_without_position(), !liquidatable, "{margin} {notional}");
    }
}

//
#[test]
fn reductions_of_a_table() {
    let health = |equity: i64, maintenance: u64| AccountHealth {
        equity: money(equity),
        equity_for_initial: money(equity),
        initial_margin: Amount::ZERO,
        maintenance_margin: Amount::from_units(maintenance),
        notional: Amount::ZERO,
    };
    for (name, before, after, allowed) in [
        ("frees margin", health(100, 60), health(99, 30), true),
        ("same distance", health(100, 60), health(70, 30), true),
        ("costs more than it frees", health(100, 60), health(69, 30), false),
        ("liquidatable and better", health(10, 60), health(9, 30), true),
        ("to exactly nothing", health(10, 60), health(0, 0), true),
        ("to a deficit", health(10, 60), health(-1, 0), false),
        ("out of a deficit", health(-1, 60), health(0, 30), true),
        ("still in a deficit", health(-10, 60), health(-9, 0), false),
    ] {
        assert_eq!(allows_reduction(&before, &after), allowed, "{name}");
    }
    let endless = AccountHealth { equity: SignedAmount::from_atoms(i128::MAX), ..health(0, 0) };
    let unmeasured = AccountHealth { maintenance_margin: Amount::from_atoms(u128::MAX), ..health(0, 0) };
    assert!(!allows_reduction(&unmeasured, &endless));
}

fn any_size() -> impl Strategy<Value = Size> {
    (-1_000_000i128 * ONE as i128..=1_000_000 * ONE as i128).prop_map(Size::from_atoms)
}

proptest! {
    #[test]
    fn longs_and_shorts_need_the_same_margin(size in any_size(), price in 1u128..=100_000 * ONE) {
        let (price, other) = (Price::from_atoms(price), size.negated().unwrap());
        prop_assert_eq!(
            params().maintenance_margin(size, price, SCALE), params().maintenance_margin(other, price, SCALE)
        );
        prop_assert_eq!(
            params().initial_margin(size, price, SCALE, &Posture::NORMAL, Ratio::ZERO),
            params().initial_margin(other, price, SCALE, &Posture::NORMAL, Ratio::ZERO)
        );
    }

    // Two halves never need more than the whole (one unit of rounding each).
    #[test]
    fn margin_grows_at_least_in_proportion_to_size(size in any_size(), price in 1u128..=100_000 * ONE) {
        let params = MarginParams { margin_min: Amount::ZERO, ..params() };
        let price = Price::from_atoms(price);
        let half = Size::from_atoms(size.atoms() / 2);
        let of = |size| params.maintenance_margin(size, price, SCALE).unwrap().atoms();
        prop_assert!(of(half) * 2 <= of(Size::from_atoms(half.atoms() * 2)) + 1);
    }

    // Tightening raises initial margin only; maintenance is below initial at every posture.
    #[test]
    fn more_open_interest_never_lowers_the_ratio(left in 0u128..=4_000_000, right in 0u128..=4_000_000) {
        let ratio = |open: u128| params().open_interest_ratio(Amount::from_atoms(open * MICRO)).unwrap();
        prop_assert!(ratio(left.min(right)) <= ratio(left.max(right)));
        prop_assert!(ratio(left) <= Ratio::ONE);
    }

    #[test]
    fn a_tighter_posture_never_lowers_initial_margin(
        size in any_size(), price in 1u128..=100_000 * ONE, factor in 10_000u16.., leverage in 1u16..,
    ) {
        let price = Price::from_atoms(price);
        let posture =
            Posture { initial_margin_factor: BasisPoints(factor), leverage_max: leverage, ..Posture::NORMAL };
        let normal = params().initial_margin(size, price, SCALE, &Posture::NORMAL, Ratio::ZERO).unwrap();
        prop_assert!(params().initial_margin(size, price, SCALE, &posture, Ratio::ZERO).unwrap() >= normal);
        prop_assert!(params().maintenance_margin(size, price, SCALE).unwrap() <= normal);
    }
}
