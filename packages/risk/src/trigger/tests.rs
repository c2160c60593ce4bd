#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

use super::*;
use crate::error::RiskError;
use crate::pricing::fill_price;
use crate::quantity::{Amount, SignedAmount};
use proptest::prelude::*;

fn units(units: u32) -> Price {
    Price::from_units(units)
}

#[test]
fn a_trigger_is_reached_by_the_edge_that_comes_last() {
    // (price, band, trigger, above, reached)
    for (price, band, trigger, above, reached) in [
        (100, 0, 100, true, true),
        (100, 0, 100, false, true),
        (100, 0, 101, true, false),
        (100, 0, 99, false, false),
        // The lower edge is 98, the upper one 102.
        (100, 2, 98, true, true),
        (100, 2, 99, true, false),
        (100, 2, 102, false, true),
        (100, 2, 101, false, false),
        // A band wider than the price reaches no trigger above.
        (100, 200, 1, true, false),
    ] {
        let edge = trigger_edge(units(price), units(band), above);
        assert_eq!(reaches(edge, units(trigger), above), reached, "{price} +- {band}, {trigger}, above: {above}");
    }
}

#[test]
fn a_limit_order_rests_where_it_just_fills_at_a_balanced_book() {
    let scale = Size::from_units(10_000);
    // A sale of 200 earns 1 % less: 1,980 at a price of 2,000.
    assert_eq!(limit_trigger(units(1_980), Size::from_units(-200), scale), Ok(units(2_000)));
    assert_eq!(limit_trigger(units(2_000), Size::ZERO, scale), Ok(units(2_000)));
    let too_large = limit_trigger(units(2_000), Size::from_units(-20_000), scale);
    assert_eq!(too_large, Err(RiskError::FillPriceNotPositive));
    let no_scale = limit_trigger(units(2_000), Size::from_units(1), Size::ZERO);
    assert!(matches!(no_scale, Err(RiskError::OutOfBounds { what: "skew_scale", .. })));
}

#[test]
fn an_account_is_thin_strictly_below_the_ratio_of_its_maintenance_margin() {
    let health = |equity, maintenance: u64, notional: u64| AccountHealth {
        equity: SignedAmount::from_atoms(equity),
        equity_for_initial: SignedAmount::ZERO,
        initial_margin: Amount::ZERO,
        maintenance_margin: Amount::from_units(maintenance),
        notional: Amount::from_units(notional),
    };
    for (equity, maintenance, notional, thin) in
        [(15_000_000, 10, 100, false), (14_999_999, 10, 100, true), (-1, 10, 100, true), (-1, 0, 0, false)]
    {
        let found = is_thin(&health(equity, maintenance, notional), Ratio::percent(150));
        assert_eq!(found, Ok(thin), "{equity} of {maintenance}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// At a balanced book the resting price fills within the bound, and a hundred-millionth beyond it does not.
    #[test]
    fn the_resting_price_is_the_last_one_within_the_bound(
        bound in 1_000u32..1_000_000,
        size in -500i32..500,
        scale in 5_000i32..1_000_000,
    ) {
        let (bound, size, scale) = (Price::from_units(bound), Size::from_units(size), Size::from_units(scale));
        let rests_at = limit_trigger(bound, size, scale).unwrap();
        let fill = fill_price(rests_at, Size::ZERO, size, scale).unwrap();
        let step = Price::from_atoms(bound.atoms() / 100_000_000);
        if size.is_short() {
            prop_assert!(fill >= bound);
            prop_assert!(fill_price(rests_at.minus(step).unwrap(), Size::ZERO, size, scale).unwrap() < bound);
        } else {
            prop_assert!(fill <= bound);
            prop_assert!(fill_price(rests_at.plus(step).unwrap(), Size::ZERO, size, scale).unwrap() > bound);
        }
    }

    /// At one skew the orders of a side fill in the order in which they rest, but for a second-order remainder: of two orders,
    /// the one that rests a basis point deeper never fills while the other one misses.
    #[test]
    fn orders_of_one_side_miss_in_the_order_in_which_they_rest(
        first in (50_000u32..60_000, 1i32..100),
        second in (50_000u32..60_000, 1i32..100),
        skew in -100i32..100,
        price in 50_000u32..60_000,
    ) {
        let scale = Size::from_units(10_000);
        let rest = |(bound, size): (u32, i32)| limit_trigger(units(bound), Size::from_units(size), scale).unwrap();
        let fills = |(bound, size): (u32, i32)| {
            fill_price(units(price), Size::from_units(skew), Size::from_units(size), scale).unwrap() <= units(bound)
        };
        let (higher, lower) = if rest(first) >= rest(second) { (first, second) } else { (second, first) };
        let apart = rest(higher).atoms() - rest(lower).atoms() > rest(higher).atoms() / 10_000;
        prop_assert!(!(apart && fills(lower) && !fills(higher)));
    }
}
