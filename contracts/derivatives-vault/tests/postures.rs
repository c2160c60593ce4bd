//! Below `Frozen` no combination of what a posture forbids keeps anybody in, or an unhealthy account alive.

use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_risk::*;

/// Every posture below `Frozen`: each dimension at each of its values that no preset from `Frozen` on owns.
fn postures() -> Vec<Posture> {
    use OrderAccess::{All, LimitOnly, None};
    let mut all = vec![];
    for level in [Level::Normal, Level::Guarded, Level::ReduceOnly] {
        for skew_raising in [All, LimitOnly, None] {
            for exposure_raising in [All, LimitOnly, None] {
                for (initial_margin_factor, leverage_max) in [(10_000, u16::MAX), (20_000, 500), (u16::MAX, 0)] {
                    for order_size_factor in [10_000, 0] {
                        for outflow_factor in [10_000, 0] {
                            for lp_exit in [LpExit::Open, LpExit::Queue] {
                                for liquidation in [LiquidationAccess::Open, LiquidationAccess::Throttled] {
                                    all.push(Posture {
                                        level,
                                        skew_raising,
                                        exposure_raising,
                                        order_execution: OrderExecution::Open,
                                        initial_margin_factor: BasisPoints(initial_margin_factor),
                                        leverage_max,
                                        order_size_factor: BasisPoints(order_size_factor),
                                        outflow_factor: BasisPoints(outflow_factor),
                                        lp_exit,
                                        liquidation,
                                    });
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    all
}

//
#[test]
fn below_frozen_every_posture_lets_reduce_and_liquidate() {
    let mut btc = market_config("BTC", 1);
    (btc.liquidation.throttle_seconds, btc.liquidation.throttle_multiplier) = (60, Ratio::percent(20));
    let mut bench = Bench::without_pool(btc, market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("alice", 40_000);
    bench.deposit("bob", 20_000);
    bench.trade("alice", BTC, "10");
    bench.trade("bob", BTC, "1");
    bench.set_price(BTC, "57800");
    assert!(bench.account("alice").liquidatable && !bench.account("bob").liquidatable);
    let (stored, bank) = (bench.snapshot(), bench.bank.clone());
    let postures = postures();
    assert_eq!(postures.len(), 1_296);
    for (number, posture) in postures.into_iter().enumerate() {
        bench.restore(stored.clone());
        bench.bank = bank.clone();
        bench.donate(0);
        // Scope and market take turns: the two are joined by the same function.
        let seconds = 1_000;
        if number % 2 == 0 {
            bench.restrict_with(BTC, posture, seconds);
        } else {
            bench.restrict_with(BTC, Posture::NORMAL, seconds);
            bench.restrict_all_with(posture, seconds);
        }
        bench
            .place_with("bob", BTC, "-1", any_price("-1"), true)
            .unwrap_or_else(|error| panic!("{posture:?}: {error}"));
        bench.advance(12);
        bench.refresh();
        let events = bench.run(BTC);
        assert_eq!(OrderFilled::all(&events).len(), 1, "{posture:?}");
        assert!(bench.account("bob").positions.is_empty());
        let closed = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap());
        assert_eq!(closed.len(), 1, "{posture:?}");
        assert!(!bench.account("alice").liquidatable, "{posture:?}");
        // Collateral is welcome whatever the posture says.
        bench.deposit("alice", 1);
    }
}
