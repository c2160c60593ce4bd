//! What slows a liquidation down and what must not: the throttle, the rest behind a gap, the keeper's share that grows, and a
//! check that is broken in stored state.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, MarketId};
use firebreak_risk::*;

/// Names with 10 BTC on 40,000 each, in a market configured by the test.
fn leveraged(names: &[&str], change: impl FnOnce(&mut MarketConfig)) -> Bench {
    let mut btc = market_config("BTC", 1);
    change(&mut btc);
    let mut bench = Bench::without_pool(btc, market_config("ETH", 2));
    bench.provide("lp", 20_000_000).unwrap();
    for name in names {
        bench.deposit(name, 40_000);
        bench.place(name, BTC, "10", "70000").unwrap();
    }
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), names.len());
    bench
}

/// 0.1 % of 10,000 times 0.02 times 60 s: 12 a window, 6 at once, 3 for one owner in a block.
fn throttled(config: &mut MarketConfig) {
    (config.liquidation.throttle_seconds, config.liquidation.throttle_multiplier) = (60, Ratio::percent(2));
}

fn closed(bench: &mut Bench, name: &str) -> Size {
    let events = bench.liquidate(&[name]).unwrap();
    let closes = PositionLiquidated::all(&events).into_iter().map(|close| close.size_closed);
    closes.fold(Size::ZERO, |sum, size| sum.plus(size).unwrap())
}

#[test]
fn a_throttled_market_liquidates_a_share_now_and_the_rest_as_time_passes() {
    let mut bench = leveraged(&["alice"], throttled);
    bench.restrict(BTC, Level::Guarded, 1_000);
    bench.set_price(BTC, "57400");
    let events = bench.liquidate(&["alice"]).unwrap();
    let held_back = &LiquidationThrottled::all(&events)[0];
    assert_eq!((&held_back.account, held_back.market, held_back.granted), (&account("alice"), BTC, size("3")));
    assert!(held_back.wanted > size("3"));
    assert_eq!(PositionLiquidated::all(&events)[0].size_closed, size("3"));
    assert!(bench.account("alice").liquidatable);
    // The same block once more: the owner's half is gone.
    assert_eq!(closed(&mut bench, "alice"), Size::ZERO);
    bench.advance(5);
    assert!(closed(&mut bench, "alice") > Size::ZERO);
    assert!(!bench.account("alice").liquidatable, "R-57: the next block goes on");
}

#[test]
fn one_owners_accounts_leave_half_of_a_block_to_the_others() {
    // alice's positions come first and take what they can.
    let mut bench = leveraged(&["alice", "bob"], throttled);
    bench.restrict(BTC, Level::Guarded, 1_000);
    bench.set_price(BTC, "57300");
    assert_eq!(closed(&mut bench, "alice"), size("3"));
    assert_eq!(closed(&mut bench, "bob"), size("3"));
    assert_eq!(closed(&mut bench, "alice"), Size::ZERO, "also after bob's turn");
}

#[test]
fn an_account_far_below_maintenance_does_not_wait() {
    let mut bench = leveraged(&["alice"], throttled);
    bench.restrict(BTC, Level::ReduceOnly, 1_000);
    bench.set_price(BTC, "56000");
    let account = bench.account("alice");
    assert!(account.equity.plus(account.equity).unwrap() < account.maintenance_margin.signed().unwrap());
    assert_eq!(closed(&mut bench, "alice"), size("10"));
}

#[test]
fn without_a_restriction_nothing_is_throttled() {
    let mut bench = leveraged(&["alice"], throttled);
    bench.set_price(BTC, "57400");
    assert!(closed(&mut bench, "alice") > size("3"));
    assert!(!bench.account("alice").liquidatable);
}

#[test]
fn the_keepers_share_grows_while_nobody_comes() {
    let shares: Vec<u128> = [0u64, 30, 60]
        .into_iter()
        .map(|delay| {
            let mut bench = leveraged(&["alice"], |config| {
                config.liquidation.keeper_growth_seconds = 60;
                config.liquidation.keeper_max = units(100_000);
            });
            bench.set_price(BTC, "57400");
            bench.advance(delay);
            let close = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).remove(0);
            close.keeper_fee.atoms() * 1_000 / close.penalty.atoms()
        })
        .collect();
    // 30 % of the penalty, half way, all of it.
    // The penalty is rounded up, the share down.
    assert_eq!(shares, [299, 649, 1_000]);
}

/// two minutes are a gap, three rounds of different blocks end it.
fn watchful(config: &mut MarketConfig) {
    (config.gap_seconds, config.gap_rounds) = (120, 3);
}

//
#[test]
fn behind_a_gap_nobody_is_liquidated_and_nothing_rises_until_rounds_agree() {
    let mut bench = leveraged(&["alice"], watchful);
    bench.deposit("bob", 100_000);
    bench.trade("bob", BTC, "1");
    bench.place_with("bob", BTC, "-0.5", "1", true).unwrap();
    bench.advance(1_000);
    // The chain is back, with a price that would liquidate.
    bench.set_price(BTC, "57000");
    let published_at = bench.now();
    let events = bench.liquidate(&["alice"]).unwrap();
    assert!(PositionLiquidated::all(&events).is_empty() && AccountHealthy::all(&events).len() == 1);
    let refused = bench.place("bob", BTC, "1", "70000").unwrap_err();
    let (action, found, now) = (Action::IncreaseExposure, Validity::SoftInvalid, bench.now());
    assert_eq!(refused, ContractError::PriceUnusable { action, market: BTC, found, published_at, now });
    let action = Action::WithdrawCollateral;
    let refused = bench.withdraw("bob", 0, units(1)).unwrap_err();
    assert_eq!(refused, ContractError::PriceUnusable { action, market: BTC, found, published_at, now });
    // Out is open, at the new price.
    let filled = OrderFilled::all(&bench.run(BTC));
    assert_eq!(filled.len(), 1);
    assert!(filled[0].fill_price < price("57200"));
    bench.set_price(BTC, "57000");
    assert!(closed(&mut bench, "alice").is_zero(), "two of three");
    bench.set_price(BTC, "57000");
    assert!(!closed(&mut bench, "alice").is_zero());
    bench.place("bob", BTC, "1", "70000").unwrap();
}

//
#[test]
fn rounds_of_one_block_count_once() {
    let mut bench = leveraged(&["alice"], watchful);
    bench.advance(1_000);
    for _ in 0..4 {
        let now = bench.now();
        bench.publish(BTC, price("57000"), Price::ZERO, now, Validity::Valid);
    }
    assert!(closed(&mut bench, "alice").is_zero());
}

// rest is no way to keep a bankrupt alive.
#[test]
fn the_rest_behind_a_gap_ends_after_ten_minutes() {
    let mut bench = leveraged(&["alice"], watchful);
    bench.advance(1_000);
    bench.set_price(BTC, "57000");
    bench.advance(599);
    bench.leases_renewed = true;
    assert!(closed(&mut bench, "alice").is_zero());
    bench.advance(1);
    assert!(!closed(&mut bench, "alice").is_zero());
}

#[test]
fn a_position_in_a_resting_market_shields_no_other_and_costs_no_other() {
    let mut bench = leveraged(&["alice"], watchful);
    bench.deposit("alice", 5_000);
    bench.trade("alice", ETH, "10");
    bench.advance(1_000);
    // A wrong price after the halt: half. ETH is where it was.
    bench.set_price(ETH, "3000");
    bench.set_price(BTC, "30000");
    let events = bench.liquidate(&["alice"]).unwrap();
    assert!(PositionLiquidated::all(&events).is_empty(), "ETH must not be sold for what BTC may not cost");
}

fn without_coins(taken: u64) -> Bench {
    let mut bench = leveraged(&["alice"], |_| {});
    bench.deposit("bob", 100_000);
    bench.trade("bob", BTC, "2");
    *bench.bank.get_mut(&address(VAULT)).unwrap() -= units(taken).atoms();
    bench.donate(0);
    bench.broken = true;
    bench
}

fn report(bench: &mut Bench) -> SolvencyReported {
    let events = bench.execute("anyone", ExecuteMsg::ReportBreach {}, 0).unwrap();
    SolvencyReported::all(&events).remove(0)
}

//
#[test]
fn a_breach_in_stored_state_trips_the_increases_and_reverts_no_exit() {
    let mut bench = without_coins(1_000);
    let SolvencyResponse { held, owed, breached_since } = bench.query(QueryMsg::Solvency {});
    assert_eq!((owed.minus(held), breached_since), (Ok(units(1_000)), 0));
    // Before anybody has said so the last frame shows its figures.
    bench
        .place_with("bob", BTC, "-1", "1", true)
        .map(|_| ())
        .map_err(|error| {
            assert_eq!(error, ContractError::CoinsMissing { owed, held });
        })
        .unwrap_err();
    let since = bench.now();
    assert_eq!(report(&mut bench), SolvencyReported { held, owed, breached_since: since });
    bench.advance(5);
    assert_eq!(report(&mut bench).breached_since, since, "since the first report");
    let solvency: SolvencyResponse = bench.query(QueryMsg::Solvency {});
    assert_eq!(solvency.breached_since, since);
    // Nothing rises.
    let refused = bench.place("bob", BTC, "1", "70000").unwrap_err();
    assert_eq!(refused, ContractError::Breached { action: Action::IncreaseExposure, since });
    // Everything falls: reductions, collateral in, liquidations.
    bench.place_with("bob", BTC, "-1", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    bench.deposit("alice", 10);
    bench.set_price(BTC, "57400");
    assert!(!closed(&mut bench, "alice").is_zero());
    // More may not be missing.
    *bench.bank.get_mut(&address(VAULT)).unwrap() -= 1;
    bench.donate(0);
    let refused = bench.place_with("bob", BTC, "-1", "1", true).unwrap_err();
    assert!(matches!(refused, ContractError::CoinsMissing { .. }), "{refused}");
    // The coins are back: it says so, and exposure may rise again.
    bench.donate(1_001);
    let restored = report(&mut bench);
    assert_eq!(restored.breached_since, 0);
    bench.broken = false;
    bench.place("bob", BTC, "1", "70000").unwrap();
}

#[test]
fn an_order_that_waits_while_a_check_breaks_is_not_filled() {
    let mut bench = leveraged(&["alice"], |_| {});
    bench.deposit("bob", 100_000);
    bench.place("bob", BTC, "1", "70000").unwrap();
    *bench.bank.get_mut(&address(VAULT)).unwrap() -= units(1_000).atoms();
    bench.donate(0);
    bench.broken = true;
    report(&mut bench);
    bench.advance(15);
    bench.refresh();
    assert_eq!(reasons(&bench.run(BTC)), [DropReason::Cap]);
}

#[test]
fn a_report_that_finds_nothing_changes_nothing() {
    let mut bench = leveraged(&["alice"], |_| {});
    let pool = bench.pool().pool;
    let fact = report(&mut bench);
    assert_eq!(fact.breached_since, 0);
    assert!(fact.held >= fact.owed);
    assert_eq!(bench.pool().pool, pool);
}

//
#[test]
fn a_dead_feed_stops_its_own_market_only() {
    let mut bench = leveraged(&["alice"], |_| {});
    bench.deposit("bob", 100_000);
    bench.trade("bob", ETH, "10");
    bench.deposit("carol", 18_000);
    assert_eq!(OrderFilled::all(&bench.trade("carol", ETH, "80")).len(), 1);
    // BTC's feed dies; ETH's goes on.
    bench.advance(1_000);
    let fresh = |bench: &mut Bench, market: MarketId, text: &str| bench.set_price(market, text);
    fresh(&mut bench, ETH, "2850");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["carol"]).unwrap()).len(), 1);
    let order = bench.place("bob", ETH, "1", "4000").unwrap();
    bench.advance(10);
    fresh(&mut bench, ETH, "2850");
    assert_eq!(OrderFilled::all(&bench.run(ETH))[0].order, order);
    let shares = PoolShares::from_atoms(1_000_000);
    bench.execute("lp", ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0).unwrap();
    let refused = bench.place("bob", BTC, "1", "70000").unwrap_err();
    assert!(matches!(refused, ContractError::PriceUnusable { market: BTC, found: Validity::Invalid, .. }), "{refused}");
    bench.place_with("alice", BTC, "-10", "1", true).unwrap();
}
