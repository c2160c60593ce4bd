//! what the pool pays out comes behind the orders that are due, and who comes pays for what waiting orders may make of the skew.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{Validity, ROUNDS_KEPT};
use firebreak_risk::*;

const DAY: u64 = 86_400;
const FIRST: ContractError = ContractError::OrdersFirst { market: BTC };

/// A pool of 100,000 behind 600,000 of open interest, of which a tenth is reserved.
fn open() -> Bench {
    let mut bench = Bench::without_pool(plain_market("BTC", 1), plain_market("ETH", 2));
    let parameters = VaultParameters { reserve_ratio: Ratio::percent(10), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.provide("lp", 100_000).unwrap();
    for name in ["alice", "bob", "eve"] {
        bench.deposit(name, 200_000);
    }
    bench.trade("alice", BTC, "5");
    bench.trade("bob", BTC, "-5");
    bench
}

/// The same, and a provider who claims all of it.
fn claimed() -> Bench {
    let mut bench = open();
    let shares = bench.provider("lp").shares;
    bench.request("lp", shares);
    bench.advance(DAY);
    bench.refresh();
    bench.claim("lp", 0, Amount::ZERO).unwrap();
    bench
}

fn round(bench: &mut Bench, seconds: u64, units: u32) {
    bench.advance(seconds);
    bench.publish(BTC, Price::from_units(units), Price::ZERO, bench.now(), Validity::Valid);
}

fn paid(bench: &mut Bench) -> Result<usize, ContractError> {
    Ok(LiquidityWithdrawn::all(&bench.execute_claims()?).len())
}

#[test]
fn claims_in_front_take_no_order_back() {
    let mut bench = claimed();
    let order = bench.place("eve", BTC, "1", any_price("1")).unwrap();
    round(&mut bench, 10, 60_000);
    // 60,000 would be left of the pool's coins, where 66,000 are asked of an order that its owner knows to lose.
    assert_eq!(paid(&mut bench), Err(FIRST));
    let fills = OrderFilled::all(&bench.run(BTC));
    assert_eq!(fills.iter().map(|fill| fill.order).collect::<Vec<_>>(), [order]);
    // In the message behind it they leave.
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn an_order_that_a_price_has_triggered_comes_first_too() {
    for request in [
        limit(BTC, "1", "59500"),
        resting(BTC, "1", any_price("1"), Trigger::Below(price("59400"))),
        resting(BTC, "-1", "1", Trigger::Below(price("59500"))),
        resting(BTC, "-1", "1", Trigger::Above(price("60600"))),
    ] {
        let above = matches!(request.trigger, Some(Trigger::Above(_)));
        let mut bench = claimed();
        bench.place_request("eve", request.clone()).unwrap();
        round(&mut bench, 10, 60_000);
        let (before, bank) = (bench.snapshot(), bench.bank.clone());
        assert_eq!(paid(&mut bench), Ok(1), "nothing is due yet: {request:?}");
        bench.restore(before);
        bench.bank = bank;
        round(&mut bench, 5, if above { 60_600 } else { 59_400 });
        assert_eq!(paid(&mut bench), Err(FIRST), "{request:?}");
        assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
        assert_eq!(paid(&mut bench), Ok(1));
    }
}

#[test]
fn a_stream_of_reductions_holds_nobody_up() {
    // Each waits for another price of its block than the one that has served its account: nobody can execute it in its block. No reduction is
    // dropped for want of the pool's coins, so claims need not wait for one.
    let mut bench = claimed();
    bench.trade("eve", BTC, "1");
    for _ in 0..4 {
        bench.place_with("eve", BTC, "-0.001", "1", true).unwrap();
        round(&mut bench, 5, 60_000);
    }
    bench.place_with("eve", BTC, "-0.001", "1", true).unwrap();
    round(&mut bench, 5, 60_000);
    assert!(skips(&bench.run(BTC)).contains(&DropReason::AnotherPrice));
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn orders_without_a_price_of_their_own_hide_none_that_is_due() {
    // Limit orders whose bound the price has reached, placed once the next price is known, are first on the shelf.
    let mut bench = claimed();
    let order = bench.place_request("eve", limit(BTC, "1", "59500")).unwrap();
    round(&mut bench, 15, 59_400);
    for _ in 0..12 {
        bench.place_request("eve", limit(BTC, "0.001", "100000")).unwrap();
    }
    assert_eq!(paid(&mut bench), Err(FIRST));
    assert_eq!(OrderFilled::all(&bench.run(BTC))[0].order, order);
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn who_leaves_waits_for_no_order_that_nobody_can_execute() {
    // Its price is still to come.
    let mut bench = claimed();
    round(&mut bench, 10, 60_000);
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    assert_eq!(paid(&mut bench), Ok(1));
    // Another market, which takes part in nothing, is frozen.
    let mut bench = claimed();
    bench.place("eve", ETH, "1", any_price("1")).unwrap();
    round(&mut bench, 10, 60_000);
    bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), Validity::Valid);
    let before = bench.snapshot();
    assert_eq!(paid(&mut bench), Err(ContractError::OrdersFirst { market: ETH }));
    bench.restore(before);
    bench.restrict(ETH, Level::Frozen, 600);
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn a_market_that_nobody_watches_holds_exits_up_until_somebody_evaluates() {
    // Who makes a market unwatched would else have claims in front drop an order there.
    let mut bench = claimed();
    bench.place("eve", ETH, "1", any_price("1")).unwrap();
    bench.leases_renewed = false;
    round(&mut bench, 10, 60_000);
    bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), Validity::Valid);
    bench.leases_renewed = true;
    bench.publish(BTC, price("60000"), Price::ZERO, bench.now(), Validity::Valid);
    assert_eq!(skips(&bench.run(ETH)), [DropReason::Restricted]);
    assert_eq!(paid(&mut bench), Err(ContractError::OrdersFirst { market: ETH }));
    bench.evaluate(ETH);
    assert_eq!(OrderFilled::all(&bench.run(ETH)).len(), 1);
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn an_order_that_no_keeper_wants_holds_nobody_up_for_long() {
    // Four rounds behind its own; in the meantime anybody takes it away for its fee.
    let mut bench = claimed();
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    round(&mut bench, 10, 60_000);
    for _ in 0..ROUNDS_KEPT / 2 {
        assert_eq!(paid(&mut bench), Err(FIRST));
        round(&mut bench, 5, 60_000);
    }
    assert_eq!(paid(&mut bench), Ok(1));
}

/// [`open`], where who comes pays for a move of 2 %.
fn moving() -> Bench {
    let mut bench = open();
    let parameters =
        VaultParameters { deposit_move: Ratio::percent(2), reserve_ratio: Ratio::percent(10), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench
}

/// What the pool is worth to who comes, in whole units.
fn deposit_value(bench: &mut Bench) -> i128 {
    let value = bench.pool().value.unwrap().deposit;
    // The query says what is paid.
    let events = bench.provide("carol", 1_000).unwrap();
    let shares = LiquidityProvided::all(&events)[0].shares;
    let wanted = shares_for_deposit(units(1_000), value, PoolShares::from_atoms(100_000_000_000_000_000)).unwrap();
    assert_eq!(shares, wanted);
    (value.atoms() + 500_000) / 1_000_000
}

#[test]
fn who_comes_pays_for_the_worst_skew_that_waiting_orders_can_leave() {
    // Balanced: nothing. Else 2 % of 60,000 for each BTC of the side that more is to come to, whatever the other side does.
    assert_eq!(deposit_value(&mut moving()), 100_000);
    for (orders, wanted) in [
        (vec!["1"], 101_200),
        (vec!["-1"], 101_200),
        (vec!["0.5", "0.5"], 101_200),
        (vec!["1", "-1"], 101_200),
        (vec!["1", "-1.5"], 101_800),
    ] {
        let mut bench = moving();
        for text in &orders {
            bench.place("eve", BTC, text, any_price(text)).unwrap();
        }
        assert_eq!(deposit_value(&mut bench), wanted, "{orders:?}");
    }
    // A limit order that the price has reached fills at the next one like any other.
    let mut bench = moving();
    bench.place_request("eve", limit(BTC, "1", "66000")).unwrap();
    assert_eq!(deposit_value(&mut bench), 101_200);
}

#[test]
fn a_reduction_counts_no_more_than_there_is_to_close() {
    // However large it is, and however many of them there are: one of a million BTC took whole deposits, to other providers.
    for sizes in [vec!["5"], vec!["1000000"], vec!["10000000000"], vec!["3", "3", "3", "1000000"]] {
        let mut bench = moving();
        for text in &sizes {
            bench.place_with("bob", BTC, text, any_price(text), true).unwrap();
        }
        assert_eq!(deposit_value(&mut bench), 106_000, "{sizes:?}");
    }
}

#[test]
fn entries_count_no_more_than_a_market_can_have() {
    // Never to be filled, and beyond every cap: a side is a hundred BTC at most.
    for (text, bound) in [("-100", "66000"), ("100", "54000")] {
        let mut bench = moving();
        let config = bench.market(BTC).config;
        assert_eq!((config.skew_max, config.open_interest_max), (Size::from_units(100), Size::from_units(100)));
        bench.deposit("mallory", 10_000_000);
        for _ in 0..3 {
            bench.place("mallory", BTC, text, bound).unwrap();
        }
        assert_eq!(deposit_value(&mut bench), 100_000 + 100 * 1_200, "{text}");
    }
}

#[test]
fn who_comes_pays_for_all_that_a_price_has_triggered_beside_what_waits() {
    // Twelve stops at the very price, more than claims look at, behind an order at the next price that is due.
    let mut bench = moving();
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    bench.deposit("dora", 100_000);
    for _ in 0..12 {
        let stop = resting(BTC, "0.25", any_price("1"), Trigger::Above(price("60600")));
        bench.place_request("dora", stop).unwrap();
    }
    let saved = bench.saved();
    assert_eq!(deposit_value(&mut bench), 101_200);
    bench.go_back(&saved);
    round(&mut bench, 15, 60_600);
    assert_eq!(deposit_value(&mut bench), 100_000 + 4 * 1_212);
}

#[test]
fn an_entry_that_nobody_may_open_holds_nobody_up() {
    let mut bench = claimed();
    bench.place_request("eve", limit(ETH, "1", "2950")).unwrap();
    round(&mut bench, 15, 60_000);
    bench.publish(ETH, price("2940"), Price::ZERO, bench.now(), Validity::Valid);
    let (stored, bank) = (bench.snapshot(), bench.bank.clone());
    assert_eq!(paid(&mut bench), Err(ContractError::OrdersFirst { market: ETH }));
    bench.restore(stored);
    bench.bank = bank;
    bench.restrict(ETH, Level::ReduceOnly, 600);
    assert_eq!(paid(&mut bench), Ok(1));
}

#[test]
fn a_crowd_that_nobody_can_execute_keeps_nobody_from_coming() {
    let mut bench = moving();
    for at in 0..=LOOKS_MAX {
        let name = format!("crowd-{}", at / 13);
        if at % 13 == 0 {
            bench.deposit(&name, 10_000);
        }
        bench.place(&name, ETH, "0.001", any_price("1")).unwrap();
    }
    let shares_min = PoolShares::ZERO;
    let refused = bench.execute("carol", ExecuteMsg::ProvideLiquidity { shares_min }, 1_000).unwrap_err();
    assert_eq!(refused, ContractError::OrdersFirst { market: ETH });
    // Where its feed has died, or it is frozen.
    let saved = bench.saved();
    bench.advance(1);
    bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), Validity::Invalid);
    bench.provide("carol", 1_000).unwrap();
    bench.go_back(&saved);
    bench.restrict(ETH, Level::Frozen, 600);
    bench.provide("carol", 1_000).unwrap();
}

#[test]
fn behind_more_orders_than_a_look_goes_through_nobody_comes() {
    let mut bench = moving();
    let names: Vec<String> = (0..6).map(|owner| format!("crowd-{owner}")).collect();
    for at in 0..=LOOKS_MAX {
        let name = &names[at % names.len()];
        if at < names.len() {
            bench.deposit(name, 10_000);
        }
        if at == LOOKS_MAX {
            bench.provide("carol", 1_000).unwrap();
        }
        bench.place(name, BTC, "0.001", any_price("1")).unwrap();
    }
    let shares_min = PoolShares::ZERO;
    let refused = bench.execute("carol", ExecuteMsg::ProvideLiquidity { shares_min }, 1_000).unwrap_err();
    assert_eq!(refused, FIRST);
    assert_eq!(bench.pool().value, None);
    round(&mut bench, 10, 60_000);
    bench.run(BTC);
    bench.provide("carol", 1_000).unwrap();
}

/// What eve's deposit of 100,000 gains, in whole units, in a pool of a million of which `claimed` per cent leave at the next price, before a
/// move of `next` that costs alice's ten BTC.
fn gain_before_claims(claimed: u64, deposit_move: Ratio) -> i128 {
    let mut config = market_config("BTC", 1);
    (config.funding.velocity_max, config.taker_fee_ratio) = (Ratio::ZERO, Ratio::ZERO);
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    bench.provide("lp", (100 - claimed) * 10_000).unwrap();
    bench.deposit("alice", 1_000_000);
    if claimed > 0 {
        bench.provide("bob", claimed * 10_000).unwrap();
    }
    bench.trade("alice", BTC, "10");
    let shares = bench.provider("bob").shares;
    if claimed > 0 {
        bench.request("bob", shares);
        bench.advance(DAY);
        bench.refresh();
        bench.claim("bob", 0, Amount::ZERO).unwrap();
    }
    let parameters = VaultParameters { deposit_move, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.advance(11);
    bench.provide("eve", 100_000).unwrap();
    round(&mut bench, 1, 60_000);
    assert_eq!(paid(&mut bench), Ok(usize::from(claimed > 0)));
    round(&mut bench, 3, 59_000);
    bench.trade("alice", BTC, "-10");
    let (pool, value) = (bench.pool().pool, bench.pool().value.unwrap());
    let worth = amount_for_shares(bench.provider("eve").shares, value.withdraw, pool.shares).unwrap();
    (worth.atoms() as i128).div_euclid(1_000_000) - 100_000
}

#[test]
fn who_comes_before_others_leave_has_paid_for_a_part_of_what_stays() {
    // A fall of 1,000 is 10,000 to the pool: an eleventh of it, or half where only a tenth of the pool stays. A move of that size has been paid for.
    let moved = Ratio::of(1, 60, Rounding::Ceil).unwrap();
    assert_eq!([0, 90].map(|claimed| gain_before_claims(claimed, Ratio::ZERO)), [909, 5_125]);
    // As if her own coins were no part of what stays: a large deposit pays more than that.
    assert_eq!([0, 50, 90].map(|claimed| gain_before_claims(claimed, moved)), [-1, -125, -3_456]);
}

#[test]
fn an_order_that_is_held_up_again_holds_no_claim_up() {
    // Eve comes first in each block: her oldest reduction fills at the ring's oldest round, and her report drives that round out. The entry that
    // was held up before is so again, and nobody can execute it.
    let mut bench = claimed();
    bench.trade("eve", BTC, "1");
    for block in 0..20u32 {
        bench.advance(10);
        if block >= 9 {
            bench.execute("eve", ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 }, 0).unwrap();
        }
        bench.publish(BTC, price("60000"), Price::ZERO, bench.now(), Validity::Valid);
        bench.place_with("eve", BTC, "-0.001", any_price("-1"), true).unwrap();
        if block >= 10 && block % 3 == 1 {
            bench.place("eve", BTC, "0.001", any_price("1")).unwrap();
        }
        if block >= 12 {
            let held_up = skips(&bench.run(BTC));
            assert!(held_up.contains(&DropReason::AnotherPrice));
            assert!(paid(&mut bench).is_ok(), "{block}");
        }
    }
}

#[test]
fn however_much_is_claimed_who_comes_pays_ten_times_a_move_at_most() {
    // One BTC of skew: 1,200 for a move of 2 %.
    let value = |claims: bool| {
        let mut bench = if claims { claimed() } else { open() };
        bench.trade("eve", BTC, "1");
        let parameters = VaultParameters { deposit_move: Ratio::percent(2), ..parameters() };
        bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
        (bench.pool().value.unwrap().deposit.atoms() + 500_000) / 1_000_000
    };
    assert_eq!([false, true].map(value), [101_200, 112_000]);
}
