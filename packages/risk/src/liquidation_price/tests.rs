use super::*;
use crate::{account_health, exit_value, Amount, PositionHealth, SignedAmount, ONE};
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

/// Health of a position that was opened at `entry` (cost without premium) beside `cash`.
fn health(cash: SignedAmount, size: Size, entry: Price, price: Price, skew: Size, fee: Ratio) -> AccountHealth {
    let cost = size.signed_notional(entry, Rounding::Ceil).unwrap();
    let notional = size.notional(price, Rounding::Ceil).unwrap();
    let position = PositionHealth {
        size,
        price,
        pnl: exit_value(price, skew, size, SCALE).unwrap().minus(cost).unwrap(),
        exit_fee: notional.times(fee, Rounding::Ceil).unwrap(),
        initial_margin: Amount::ZERO,
        maintenance_margin: margin().maintenance_margin(size, price, SCALE).unwrap(),
        notional,
    };
    account_health(cash, &[position]).unwrap()
}

/// `docs/formulas.md#f5-liquidation-price`
#[test]
fn worked_example_of_the_liquidation_price() {
    // 100 long at 2,000 alone in the market, cash 20,000: K = 100, a = 0.5 %, mmr = (5 % + 0.2 %) * 60 % = 3.12 %, f = 0.1 %.
    // Exit value 201,000, cost 200,000, fee 200, margin 6,241: spare 20,000 + 1,000 - 200 - 6,241 = 14,559.
    // 2,000 - 14,559 / (100 * (1.005 - 0.0312 - 0.001)) = 1,850.339...
    let (size, price) = (Size::from_units(100), Price::from_units(2_000));
    let cash = Amount::from_units(20_000).signed().unwrap();
    let fee = Ratio::from_basis_points(10);
    let at = health(cash, size, price, price, size, fee);
    assert_eq!(at.equity.minus_amount(at.maintenance_margin), Ok(SignedAmount::from_atoms(14_559_000_000)));
    let found = liquidation_price(size, price, size, SCALE, &margin(), fee, &at).unwrap().unwrap();
    assert_eq!(found, "1850.339226973684210527".parse().unwrap());
}

#[test]
fn rich_enough_is_never_liquidated_by_a_fall() {
    let (size, price) = (Size::from_units(1), Price::from_units(2_000));
    let cash = Amount::from_units(3_000).signed().unwrap();
    let at = health(cash, size, price, price, size, Ratio::ZERO);
    assert_eq!(liquidation_price(size, price, size, SCALE, &margin(), Ratio::ZERO, &at), Ok(None));
}

#[test]
fn a_skew_scale_of_zero_is_refused() {
    let (size, price) = (Size::from_units(1), Price::from_units(1));
    let at = health(SignedAmount::ZERO, size, price, price, size, Ratio::ZERO);
    let refused = liquidation_price(size, price, size, Size::ZERO, &margin(), Ratio::ZERO, &at);
    let wanted = RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: "0".into() };
    assert_eq!(refused, Err(wanted));
}

#[test]
fn where_margin_and_fee_eat_what_a_move_brings_there_is_no_such_price() {
    // A margin of 95 % and a fee of 5 % of the notional against a premium of nothing: a long's spare is the same at every price.
    let all = |scalar: u32| MarginParams {
        initial_margin_ratio: Ratio::ONE,
        initial_margin_slope: Ratio::ZERO,
        maintenance_scalar: Ratio::percent(scalar),
        ..margin()
    };
    let (size, price, fee) = (Size::from_units(2), Price::from_units(2_000), Ratio::percent(5));
    let at = health(Amount::from_units(1_000).signed().unwrap(), size, price, price, Size::from_units(1), fee);
    let found = |scalar| liquidation_price(size, price, Size::from_units(1), SCALE, &all(scalar), fee, &at);
    assert_eq!(found(95), Ok(None));
    // Above that, a rise would be what liquidates it; below, a fall.
    assert_eq!(found(96), Ok(None));
    assert!(found(50).unwrap().is_some_and(|found| found < price));
}

proptest! {
    // The law that makes the figure worth publishing: liquidatable past it and healthy before it, but for the rounding of the
    // figures themselves, each below a micro-unit.
    #[test]
    fn the_account_turns_at_the_price(
        long in any::<bool>(),
        milli in 1i128..=500_000,
        others in -400_000i128..=400_000,
        entry in 500u32..=5_000,
        cash in 0u64..=400_000,
        fee in 0u32..=50,
    ) {
        let size = Size::from_atoms(if long { milli } else { -milli } * (ONE as i128 / 1_000));
        let skew = Size::from_atoms(others * (ONE as i128 / 1_000)).plus(size).unwrap();
        let fee = Ratio::from_basis_points(fee);
        let (entry, cash) = (Price::from_units(entry), Amount::from_units(cash).signed().unwrap());
        let at = |price: Price| health(cash, size, entry, price, skew, fee);
        let found = liquidation_price(size, entry, skew, SCALE, &margin(), fee, &at(entry)).unwrap();
        let Some(price) = found else {
            // A long that no fall reaches, or a short so small that no price covers its smallest margin.
            prop_assert_eq!(at(Price::from_atoms(1)).is_liquidatable(), !long);
            return Ok(());
        };
        // A move that is worth a few micro-units of this size.
        let step = Price::from_atoms(20 * ONE / milli.unsigned_abs() / 1_000 + 1);
        prop_assume!(price > step);
        let (worse, better) = (price.minus(step).unwrap(), price.plus(step).unwrap());
        let (worse, better) = if long { (worse, better) } else { (better, worse) };
        prop_assert!(at(worse).is_liquidatable(), "{price}");
        prop_assert!(!at(better).is_liquidatable(), "{price}");
    }
}
