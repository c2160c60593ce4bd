//! The grace after a freeze: who was healthy then is not liquidated before it could act, and nobody else gains by it.

use crate::support::*;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::{Action, MarketId, Reason};
use firebreak_risk::*;

const HOUR: u64 = 3_600;
/// Of the vault's parameters.
const GRACE: u64 = 600;

/// 10 BTC long on 40,000: healthy at 60,000, not at 57,000, bankrupt below 56,000.
fn leveraged(names: &[&str]) -> Bench {
    let mut bench = Bench::new();
    for name in names {
        bench.deposit(name, 40_000);
        assert_eq!(OrderFilled::all(&bench.trade(name, BTC, "10")).len(), 1);
    }
    bench
}

fn freeze(bench: &mut Bench, market: Option<MarketId>, seconds: u64) {
    match market {
        Some(market) => bench.restrict(market, Level::Frozen, seconds),
        None => bench.restrict_all(Level::Frozen, seconds),
    }
}

fn thaw(bench: &mut Bench, seconds: u64) {
    bench.advance(seconds);
    bench.refresh();
}

fn liquidated(bench: &mut Bench, names: &[&str]) -> usize {
    PositionLiquidated::all(&bench.liquidate(names).unwrap()).len()
}

//
#[test]
fn who_became_unhealthy_since_the_freeze_is_liquidated_after_the_grace_only() {
    for scope in [Some(BTC), None] {
        let mut bench = leveraged(&["alice"]);
        freeze(&mut bench, scope, HOUR);
        let thaws_at = bench.now() + HOUR;
        bench.set_price(BTC, "57000");
        assert_eq!(liquidated(&mut bench, &["alice"]), 0, "frozen");
        thaw(&mut bench, HOUR - 5);
        assert_eq!(bench.now(), thaws_at);
        let events = bench.liquidate(&["alice"]).unwrap();
        let healthy = &AccountHealthy::all(&events)[0];
        assert!(PositionLiquidated::all(&events).is_empty());
        // The figures of the freeze: 40,000 less 600 of fees, less a fee to close.
        assert!(healthy.equity > units(38_000).signed().unwrap(), "{}", healthy.equity);
        let account = bench.account("alice");
        assert!(account.equity < account.maintenance_margin.signed().unwrap() && !account.liquidatable);
        // It ends by itself.
        thaw(&mut bench, GRACE - 1);
        assert_eq!(liquidated(&mut bench, &["alice"]), 0);
        thaw(&mut bench, 1);
        assert!(bench.account("alice").liquidatable);
        assert_eq!(liquidated(&mut bench, &["alice"]), 1, "{scope:?}");
        assert_eq!(state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().freeze, None);
    }
}

//
#[test]
fn who_was_unhealthy_before_and_is_now_is_liquidated_in_the_grace() {
    let mut bench = leveraged(&["alice", "bob"]);
    bench.deposit("bob", 20_000);
    bench.set_price(BTC, "57000");
    bench.run(BTC);
    freeze(&mut bench, Some(BTC), HOUR);
    assert_eq!(liquidated(&mut bench, &["alice", "bob"]), 0);
    thaw(&mut bench, HOUR);
    assert_eq!(liquidated(&mut bench, &["alice", "bob"]), 1);
    assert!(!bench.account("alice").liquidatable);
    // Bob was healthy at 57,000.
    bench.set_price(BTC, "55000");
    assert_eq!(liquidated(&mut bench, &["bob"]), 0);
}

//
#[test]
fn who_has_recovered_is_not_liquidated() {
    let mut bench = leveraged(&["alice"]);
    bench.set_price(BTC, "57000");
    bench.run(BTC);
    freeze(&mut bench, None, HOUR);
    bench.set_price(BTC, "60000");
    thaw(&mut bench, HOUR);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    // Collateral heals as well as a price does.
    bench.set_price(BTC, "57000");
    assert!(bench.account("alice").liquidatable);
    bench.deposit("alice", 20_000);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
}

//
#[test]
fn nothing_that_is_written_meanwhile_moves_the_snapshot() {
    let mut bench = leveraged(&["alice", "bob", "carol"]);
    bench.deposit("dave", 200_000);
    bench.trade("dave", BTC, "1");
    // Bob alone is unhealthy at the freeze.
    bench.deposit("alice", 10_000);
    bench.deposit("carol", 10_000);
    bench.set_price(BTC, "57550");
    bench.run(BTC);
    let unhealthy = |bench: &Bench, name: &str| bench.account(name).liquidatable;
    assert_eq!(["alice", "bob", "carol"].map(|name| unhealthy(&bench, name)), [false, true, false]);
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "50000");
    thaw(&mut bench, HOUR);
    // The market is written at the new mark: an empty batch, a reduction, a liquidation with its cover.
    bench.run(BTC);
    bench.place_with("dave", BTC, "-0.1", any_price("-0.1"), true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    assert_eq!(liquidated(&mut bench, &["alice", "bob"]), 1);
    assert_eq!(bench.covers_asked, 1);
    assert!(bench.losses().deficit > Amount::ZERO);
    let state = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap();
    let kept = state.freeze.unwrap();
    assert_eq!((state.mark_price, kept.mark_price), (price("50000"), price("57550")));
    bench.refresh();
    assert_eq!(liquidated(&mut bench, &["alice", "carol"]), 0);
    thaw(&mut bench, GRACE);
    assert_eq!(liquidated(&mut bench, &["alice", "carol"]), 2);
}

//
#[test]
fn a_grace_is_no_longer_than_its_freeze() {
    let mut bench = leveraged(&["alice"]);
    freeze(&mut bench, Some(BTC), 3);
    bench.advance(3);
    let now = bench.now();
    bench.publish(BTC, price("57000"), Price::ZERO, now, firebreak_messages::oracle::Validity::Valid);
    // Shorter than a round: the record as it stands is the snapshot.
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    bench.advance(2);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    bench.advance(1);
    assert_eq!(liquidated(&mut bench, &["alice"]), 1);
}

//
#[test]
fn a_freeze_that_is_lifted_has_its_grace_from_then_on() {
    let mut bench = leveraged(&["alice"]);
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "57000");
    thaw(&mut bench, 95);
    bench.restrict(BTC, Level::Normal, HOUR);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    thaw(&mut bench, 99);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    thaw(&mut bench, 1);
    assert_eq!(liquidated(&mut bench, &["alice"]), 1);
}

//
#[test]
fn a_freeze_within_a_grace_keeps_the_first_snapshot_and_a_later_one_takes_its_own() {
    for (pause, judged_at) in [(GRACE - 10, "60000"), (GRACE + 10, "57000")] {
        let mut bench = leveraged(&["alice"]);
        freeze(&mut bench, Some(BTC), HOUR);
        bench.set_price(BTC, "57000");
        thaw(&mut bench, HOUR - 5);
        bench.run(BTC);
        thaw(&mut bench, pause);
        bench.run(BTC);
        freeze(&mut bench, Some(BTC), HOUR);
        thaw(&mut bench, HOUR);
        bench.run(BTC);
        let kept = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().freeze.unwrap();
        assert_eq!(kept.mark_price, price(judged_at));
        assert_eq!(liquidated(&mut bench, &["alice"]), usize::from(judged_at == "57000"), "{pause}");
    }
}

//
#[test]
fn of_markets_that_were_not_frozen_the_price_of_now_counts() {
    let opened = || {
        let mut bench = leveraged(&["alice"]);
        bench.deposit("alice", 25_000);
        bench.trade("alice", ETH, "100");
        freeze(&mut bench, Some(BTC), HOUR);
        bench
    };
    // What fell in the frozen market is judged as it was, while it is frozen and in its grace.
    let mut bench = opened();
    bench.set_price(BTC, "55500");
    thaw(&mut bench, HOUR - 5);
    bench.run(ETH);
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    // What falls in the other one makes it liquidatable.
    bench.set_price(ETH, "2400");
    let closed = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap());
    assert!(closed.iter().any(|closed| closed.market == ETH), "{closed:?}");
    // While BTC is frozen only ETH is closed.
    let mut bench = opened();
    bench.set_price(ETH, "2400");
    let closed = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap());
    assert_eq!(closed.iter().map(|closed| closed.market).collect::<Vec<_>>(), [ETH]);
}

//
#[test]
fn what_is_left_of_a_reduced_position_is_judged_at_the_freeze() {
    let mut bench = leveraged(&["alice"]);
    freeze(&mut bench, None, HOUR);
    bench.set_price(BTC, "57500");
    // Placed while frozen, below the maintenance margin, and filled at the first price behind it; one at a time.
    bench.place_with("alice", BTC, "-4", any_price("-4"), true).unwrap();
    let more = bench.place_with("alice", BTC, "-4", any_price("-4"), true).unwrap_err();
    assert!(matches!(more, ContractError::MarginTooLow { .. }), "{more}");
    thaw(&mut bench, HOUR);
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    bench.set_price(BTC, "55800");
    let account = bench.account("alice");
    assert_eq!(account.positions[0].size, Size::from_units(6));
    assert!(account.equity < account.maintenance_margin.signed().unwrap());
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    thaw(&mut bench, GRACE);
    assert_eq!(liquidated(&mut bench, &["alice"]), 1);
}

//
#[test]
fn exposure_waits_for_the_end_of_the_grace() {
    let mut bench = leveraged(&["alice"]);
    bench.deposit("bob", 100_000);
    let limit = bench.place_request("bob", limit(BTC, "1", "59000")).unwrap();
    let market = bench.place("bob", BTC, "1", any_price("1")).unwrap();
    let since = bench.now();
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "58000");
    thaw(&mut bench, HOUR);
    let events = bench.run(BTC);
    let dropped: Vec<_> = OrderDropped::all(&events).into_iter().map(|found| (found.order, found.reason)).collect();
    assert_eq!(dropped, [(market, DropReason::Restricted)]);
    let refused = bench.place("bob", BTC, "1", any_price("1")).unwrap_err();
    let until = since + HOUR + GRACE;
    let allowed = "reduce orders, cancels, collateral in and out, liquidity requests";
    let (action, level, reason) = (Action::IncreaseExposure, Level::ReduceOnly, Reason::Grace);
    assert_eq!(refused, ContractError::Restricted { action, level, reason, since, until, allowed });
    // The status says so too, and another market is as it was.
    let status: StatusResponse = bench.query(QueryMsg::Status { market: BTC });
    assert_eq!((status.effective.reason, status.effective.until), (Some(Reason::Grace), until));
    assert_eq!(OrderFilled::all(&bench.trade("bob", ETH, "1")).len(), 1);
    // What rests waits.
    thaw(&mut bench, GRACE);
    let filled = OrderFilled::all(&bench.run(BTC));
    assert_eq!(filled.iter().map(|filled| filled.order).collect::<Vec<_>>(), [limit]);
}

//
#[test]
fn a_frozen_price_carries_no_new_exposure_in_another_market() {
    let mut bench = leveraged(&["alice"]);
    for name in ["alice", "bob"] {
        bench.deposit(name, 100_000);
    }
    bench.place("alice", ETH, "1", any_price("1")).unwrap();
    let since = bench.now();
    freeze(&mut bench, Some(BTC), HOUR);
    thaw(&mut bench, HOUR);
    assert_eq!(reasons(&bench.run(ETH)), [DropReason::Restricted], "placed before the freeze");
    let refused = bench.place("alice", ETH, "1", any_price("1")).unwrap_err();
    let until = since + HOUR + GRACE;
    let allowed = "reduce orders, cancels, collateral in and out, liquidity requests";
    let (action, level, reason) = (Action::IncreaseExposure, Level::ReduceOnly, Reason::Grace);
    assert_eq!(refused, ContractError::Restricted { action, level, reason, since, until, allowed });
    // Who has nothing in the frozen market trades, and so does she afterwards.
    assert_eq!(OrderFilled::all(&bench.trade("bob", ETH, "1")).len(), 1);
    thaw(&mut bench, GRACE);
    assert_eq!(OrderFilled::all(&bench.trade("alice", ETH, "1")).len(), 1);
}

//
#[test]
fn a_short_freeze_ends_no_longer_grace() {
    let mut bench = leveraged(&["alice"]);
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "57000");
    thaw(&mut bench, HOUR - 5);
    bench.run(BTC);
    let kept = |bench: &Bench| state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().freeze.unwrap();
    let first = kept(&bench);
    thaw(&mut bench, 100);
    freeze(&mut bench, Some(BTC), 3);
    thaw(&mut bench, 10);
    bench.run(BTC);
    assert!(kept(&bench).ends_at >= first.ends_at);
    assert_eq!(kept(&bench).mark_price, price("60000"));
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
}

/// Whoever keeps a snapshot while the ring knows the price of before the freeze.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Keeps {
    Nobody,
    Batch,
    Attempt,
    Order,
}

/// Alice, and dave who is in no danger.
fn two() -> Bench {
    let mut bench = leveraged(&["alice"]);
    bench.deposit("dave", 100_000);
    bench.trade("dave", BTC, "1");
    bench
}

fn keep(bench: &mut Bench, how: Keeps) {
    match how {
        Keeps::Nobody => {}
        Keeps::Batch => {
            let events = bench.execute("keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 0 }, 0).unwrap();
            assert_eq!((OrderFilled::all(&events), OrderDropped::all(&events)), (vec![], vec![]));
        }
        Keeps::Attempt => assert_eq!(liquidated(bench, &["alice"]), 0),
        Keeps::Order => drop(bench.place_with("dave", BTC, "-1", any_price("-1"), true).unwrap()),
    }
}

//
#[test]
fn a_price_of_before_the_freeze_is_known_to_it() {
    for scope in [Some(BTC), None] {
        // Within a ring nobody needs to touch the market between the fall and the freeze, nor while it is frozen. A longer freeze is known
        // to whoever kept it in its first rounds.
        let long = [9, 360]
            .into_iter()
            .flat_map(|rounds| [Keeps::Batch, Keeps::Attempt, Keeps::Order].map(|how| (rounds, how)));
        for (rounds, how) in [(6, Keeps::Nobody)].into_iter().chain(long) {
            let mut bench = two();
            bench.set_price(BTC, "57000");
            bench.advance(1);
            let ends_at = bench.now() + rounds * 5;
            freeze(&mut bench, scope, rounds * 5);
            keep(&mut bench, how);
            while bench.now() + 5 < ends_at {
                bench.set_price(BTC, "56900");
            }
            let left = ends_at - bench.now();
            thaw(&mut bench, left);
            bench.run(BTC);
            let kept = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().freeze.unwrap();
            assert_eq!(kept.mark_price, price("57000"), "{rounds} rounds, {how:?}");
            assert_eq!(
                liquidated(&mut bench, &["alice"]),
                1,
                "she was unhealthy when it began: {rounds} rounds, {how:?}"
            );
        }
    }
}

//
#[test]
fn who_had_recovered_before_a_long_freeze_keeps_the_grace() {
    for how in [Keeps::Batch, Keeps::Attempt, Keeps::Order] {
        let mut bench = two();
        // Written at 57,000, where she was unhealthy; published at 60,000, and frozen before anybody moved the mark there.
        bench.set_price(BTC, "57000");
        bench.run(BTC);
        assert!(bench.account("alice").liquidatable);
        bench.set_price(BTC, "60000");
        bench.advance(1);
        freeze(&mut bench, Some(BTC), HOUR);
        keep(&mut bench, how);
        for _ in 0..360 {
            bench.set_price(BTC, "57000");
        }
        thaw(&mut bench, HOUR - 1_800);
        assert_eq!(liquidated(&mut bench, &["alice"]), 0, "{how:?}");
        thaw(&mut bench, GRACE);
        assert_eq!(liquidated(&mut bench, &["alice"]), 1, "{how:?}");
    }
}

// at every level a batch of none only keeps what it finds, and a batch of one is what it was.
#[test]
fn a_batch_of_none_serves_nobody_while_a_market_is_frozen() {
    for scope in [Some(BTC), None] {
        let mut bench = leveraged(&["alice"]);
        freeze(&mut bench, scope, HOUR);
        bench.place_with("alice", BTC, "-1", any_price("-1"), true).unwrap();
        bench.advance(15);
        bench.set_price(BTC, "59000");
        let batch = |limit| ExecuteMsg::ExecuteOrders { market: BTC, limit };
        let refused = bench.execute("keeper", batch(1), 0).unwrap_err();
        let named =
            matches!(refused, ContractError::Restricted { action: Action::ExecuteOrders, level: Level::Frozen, .. });
        assert!(named, "{refused}");
        let (before, keeper) = (bench.account("alice"), bench.wallet("keeper"));
        assert!(bench.execute("keeper", batch(0), 0).unwrap().is_empty());
        assert_eq!((bench.account("alice"), bench.wallet("keeper")), (before, keeper));
        thaw(&mut bench, HOUR);
        assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    }
}

//
#[test]
fn a_grace_is_no_way_out_for_collateral() {
    let mut bench = leveraged(&["alice"]);
    bench.deposit("alice", 60_000);
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "55000");
    thaw(&mut bench, HOUR);
    // 100,000 less 50,000: initial margin is what it is now, doubled as at reduce-only.
    let account = bench.account("alice");
    let spare = account.equity.positive_part().saturating_minus(account.maintenance_margin);
    assert!(spare > units(20_000));
    let refused = bench.withdraw("alice", 0, spare).unwrap_err();
    assert!(matches!(refused, ContractError::MarginTooLow { .. }), "{refused}");
}

//
#[test]
fn a_breaker_that_is_gone_prolongs_no_grace() {
    let mut bench = leveraged(&["alice"]);
    freeze(&mut bench, Some(BTC), HOUR);
    bench.set_price(BTC, "57000");
    thaw(&mut bench, HOUR);
    bench.run(BTC);
    bench.lose_posture(BTC);
    bench.leases_renewed = false;
    assert_eq!(liquidated(&mut bench, &["alice"]), 0);
    thaw(&mut bench, GRACE);
    assert_eq!(liquidated(&mut bench, &["alice"]), 1);
}
