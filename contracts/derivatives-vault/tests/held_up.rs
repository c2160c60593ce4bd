//! whoever makes an order of its own wait, by small reductions at other prices of the block, holds no option on what comes.

use crate::support::*;
use cosmwasm_std::Event;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{Validity, ROUNDS_KEPT};
use firebreak_risk::*;

/// Seconds between rounds; what is placed after one has the next but one for its own.
const BEAT: u64 = 5;

fn bench() -> Bench {
    let mut bench = Bench::without_pool(plain_market("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("eve", 900_000);
    bench.trade("eve", BTC, "5");
    bench
}

fn publish(bench: &mut Bench, units: u32) {
    bench.advance(BEAT);
    bench.publish(BTC, Price::from_units(units), Price::ZERO, bench.now(), Validity::Valid);
}

/// For the round after the next: a reduction at it is served before whatever raises exposure or rests.
fn hold(bench: &mut Bench) {
    bench.place_with("eve", BTC, "-0.001", "1", true).unwrap();
}

fn units_of(fill: &OrderFilled) -> u32 {
    (fill.fill_price.atoms() as f64 / 1e18).round() as u32
}

fn fill_of(events: &[Event], order: OrderId) -> Option<u32> {
    OrderFilled::all(events).iter().find(|fill| fill.order == order).map(units_of)
}

fn is_skipped(events: &[Event], order: OrderId) -> bool {
    let of_order = |skip: &OrderSkipped| skip.order == order && skip.reason == DropReason::AnotherPrice;
    OrderSkipped::all(events).iter().any(of_order)
}

/// An order of one BTC whose own round nobody executes, then prices in thousands, each with a reduction that holds it up or none.
fn held(bench: &mut Bench, request: OrderRequest, own: u32, path: &[(u32, bool)]) -> (OrderId, Vec<Vec<Event>>) {
    let order = bench.place_request("eve", request).unwrap();
    let mut holds = path.iter().map(|(_, held)| *held);
    publish(bench, 60_000);
    bench.run(BTC);
    if holds.next().unwrap_or(false) {
        hold(bench);
    }
    publish(bench, own);
    let mut all = vec![];
    for (units, _) in path {
        if holds.next().unwrap_or(false) {
            hold(bench);
        }
        publish(bench, *units);
        all.push(bench.run(BTC));
    }
    (order, all)
}

#[test]
fn an_order_that_is_held_up_fills_at_the_worst_price_since_its_own() {
    for (text, own, next, last, wanted) in [
        // A price that turned out well is nobody's any more, and one that turned out badly still is.
        ("1", 60_000, 60_500, 61_000, 61_000),
        ("1", 60_000, 59_000, 58_000, 60_000),
        ("1", 60_000, 62_000, 61_000, 62_000),
        ("-1", 60_000, 59_500, 59_000, 59_000),
        ("-1", 60_000, 60_500, 61_000, 60_000),
    ] {
        let mut bench = bench();
        let request = market_order(BTC, text, any_price(text));
        let (order, events) = held(&mut bench, request, own, &[(next, true), (last, false)]);
        assert!(is_skipped(&events[0], order) && fill_of(&events[0], order).is_none());
        assert_eq!(fill_of(&events[1], order), Some(wanted), "{text} at {own}, {next}, {last}");
    }
}

/// else a reduction for each round would make a standing order of it, which the first block without one fills at a price long known.
#[test]
fn an_order_is_held_up_once() {
    for cancels in [false, true] {
        let mut bench = bench();
        let order = bench.place("eve", BTC, "1", "70000").unwrap();
        publish(&mut bench, 60_000);
        hold(&mut bench);
        if cancels {
            // In time for the second round behind its own.
            bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
        }
        // Its own round, and nobody executes it.
        hold_and_publish(&mut bench, 60_000);
        hold_and_publish(&mut bench, 59_900);
        let events = bench.run(BTC);
        assert!(is_skipped(&events, order) && reasons(&events).is_empty(), "{cancels}: {:?}", reasons(&events));
        // Not in the same block, though.
        assert_eq!(fill_of(&bench.run(BTC), order), None);
        hold_and_publish(&mut bench, 59_800);
        let events = bench.run(BTC);
        assert_eq!(OrderFilled::all(&events).len(), 2, "beside the next reduction");
        assert_eq!(fill_of(&events, order), Some(60_000), "{cancels}");
    }
}

/// of an order that was held up and the round that serves its account in the later block, the worse price for its owner.
#[test]
fn an_order_that_was_held_up_profits_from_no_other_price_of_its_block() {
    for (text, other, wanted) in [("1", 61_000, 61_000), ("1", 59_000, 60_000)] {
        let mut bench = bench();
        hold(&mut bench);
        publish(&mut bench, 60_200);
        hold(&mut bench);
        publish(&mut bench, 60_500);
        let order = bench.place("eve", BTC, text, any_price(text)).unwrap();
        publish(&mut bench, other);
        publish(&mut bench, 60_000);
        let events = bench.run(BTC);
        assert_eq!(OrderFilled::all(&events).len(), 1, "the first reduction, at 60,500");
        assert!(is_skipped(&events, order));
        bench.advance(1);
        let events = bench.run(BTC);
        let fills: Vec<u32> = OrderFilled::all(&events).iter().map(units_of).collect();
        assert_eq!(fills, [other, wanted]);
    }
}

/// What was cancelled before a long rest of the market opens nothing after it; until an hour behind the cancel it still does.
#[test]
fn an_order_that_was_held_up_ends_an_hour_behind_its_cancel() {
    let resting = || limit(BTC, "1", "60100");
    let next = || market_order(BTC, "1", any_price("1"));
    let cases: [(u64, bool, OrderRequest); 4] =
        [(3_000, true, next()), (3_700, false, next()), (3_000, true, resting()), (3_700, false, resting())];
    for (rest, filled, request) in cases {
        let mut bench = bench();
        let path = [(60_000, true)];
        let (order, events) = held(&mut bench, request, 60_000, &path);
        assert!(is_skipped(&events[0], order));
        bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
        bench.advance(rest);
        for _ in 0..ROUNDS_KEPT {
            publish(&mut bench, 60_000);
        }
        let events = bench.run(BTC);
        assert_eq!(fill_of(&events, order).is_some(), filled, "{rest}");
        let dropped: Vec<_> = OrderDropped::all(&events).into_iter().map(|dropped| dropped.reason).collect();
        assert_eq!(dropped, if filled { vec![] } else { vec![DropReason::Canceled] });
    }
}

fn hold_and_publish(bench: &mut Bench, units: u32) {
    hold(bench);
    publish(bench, units);
}

#[test]
fn a_limit_order_that_was_held_up_waits_for_what_comes_and_takes_none_of_what_passed() {
    let mut bench = bench();
    // Reached at 58,900; back above it while it is held up, and below once more.
    let path = [(60_200, true), (58_990, false)];
    let (order, events) = held(&mut bench, limit(BTC, "1", "59000"), 58_900, &path);
    assert!(is_skipped(&events[0], order));
    let last = OrderSkipped::all(&events[1]);
    assert_eq!((last.len(), last[0].reason), (1, DropReason::BoundMissed), "60,200 is the worst since");
    assert_eq!(bench.account("eve").orders, [order], "it stays");
    publish(&mut bench, 59_500);
    assert_eq!(fill_of(&bench.run(BTC), order), None);
    publish(&mut bench, 58_800);
    assert_eq!(fill_of(&bench.run(BTC), order), Some(58_800));
}

#[test]
fn a_limit_order_whose_rounds_left_the_ring_takes_no_price_that_did_not_reach_it() {
    let mut bench = bench();
    let order = bench.place_request("eve", limit(BTC, "1", "59000")).unwrap();
    for units in [60_000; ROUNDS_KEPT].into_iter().chain([58_900, 60_000]) {
        publish(&mut bench, units);
    }
    assert_eq!(fill_of(&bench.run(BTC), order), Some(58_900));
}

#[test]
fn a_reduce_order_at_the_next_price_keeps_its_own() {
    let mut bench = bench();
    let first = bench.place_with("eve", BTC, "-1", "1", true).unwrap();
    publish(&mut bench, 60_000);
    let second = bench.place_with("eve", BTC, "-1", "1", true).unwrap();
    publish(&mut bench, 60_100);
    publish(&mut bench, 60_200);
    let events = bench.run(BTC);
    assert_eq!((fill_of(&events, first), is_skipped(&events, second)), (Some(60_100), true));
    publish(&mut bench, 50_000);
    assert_eq!(fill_of(&bench.run(BTC), second), Some(60_200));
}

/// A well-mixed number of a seed and a moment.
fn mixed(seed: u64, moment: u64) -> u64 {
    let mut value = (seed << 20 | moment).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value ^ (value >> 27)
}

/// Random prices, keepers that are late, holds and cancels: an order that was passed over is never dropped, and whenever it fills, then
/// not better than at any price of the ring since its own.
#[test]
fn no_pattern_of_holds_fills_an_order_better_than_at_the_price_of_now() {
    let (mut held, mut filled) = (0, 0);
    for seed in 0..400u64 {
        let mut bench = bench();
        let text = if mixed(seed, 0).is_multiple_of(2) { "1" } else { "-1" };
        let order = bench.place("eve", BTC, text, any_price(text)).unwrap();
        let cancel_at = mixed(seed, 1) % 40;
        let lazy = 2 + mixed(seed, 2) % 3;
        let mut prices: Vec<u32> = vec![];
        let (mut passed, mut open) = (false, true);
        for beat in 0..40u64 {
            if beat == cancel_at && open {
                bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
            }
            if beat < 18 && !mixed(seed, 100 + beat).is_multiple_of(4) {
                hold(&mut bench);
            }
            let last = prices.last().copied().unwrap_or(60_000);
            prices.push(last + (mixed(seed, 200 + beat) % 7) as u32 * 100 - 300);
            publish(&mut bench, *prices.last().unwrap());
            // Its own round is mostly left: there would be nothing to hold up.
            if (beat == 1 && seed % 4 > 0) || (mixed(seed, 300 + beat).is_multiple_of(lazy) && beat < 20) {
                continue;
            }
            let events = bench.run(BTC);
            if let Some(price) = fill_of(&events, order) {
                // Its own is the second round, published ten seconds after it.
                let since = &prices[1.max(prices.len().saturating_sub(ROUNDS_KEPT))..];
                let worst = if text == "1" { since.iter().max() } else { since.iter().min() };
                let wanted = if passed { *worst.unwrap() } else { prices[1] };
                assert_eq!(price, wanted, "seed {seed}, beat {beat}, of {prices:?}");
                filled += u32::from(passed);
                open = false;
            }
            passed |= is_skipped(&events, order);
            let dropped = OrderDropped::all(&events).into_iter().find(|dropped| dropped.order == order);
            if let Some(dropped) = dropped {
                assert!(!passed, "seed {seed}: dropped for {:?}", dropped.reason);
                open = false;
            }
        }
        held += u32::from(passed);
        assert!(!open, "seed {seed}");
    }
    println!("{held} orders were held up, {filled} of them filled");
    assert!(held > 50 && filled == held, "{held} {filled}");
}

/// Who has put reductions aside through a freeze, comes first in each block with one of them and drives its round out of the ring holds
/// her order up once all the same, and it fills at the worst of its own price and that of the block's other fill.
#[test]
fn an_order_is_held_up_once_though_the_other_round_has_left_the_ring() {
    for (later, wanted) in [(57_000, 60_000), (61_000, 61_000)] {
        let mut bench = bench();
        bench.restrict(BTC, Level::Frozen, 100);
        let thaw = bench.now() + 100;
        let (mut order, mut held, mut filled) = (None, 0, None);
        for _ in 0..60 {
            bench.advance(2 * BEAT);
            bench.execute("eve", ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 }, 0).ok();
            let next = Price::from_units(if held == 0 { 60_000 } else { later });
            bench.publish(BTC, next, Price::ZERO, bench.now(), Validity::Valid);
            bench.place_with("eve", BTC, "-0.001", any_price("-1"), true).unwrap();
            if bench.now() >= thaw && order.is_none() {
                order = bench.place("eve", BTC, "10", any_price("1")).ok();
            }
            if bench.now() < thaw {
                continue;
            }
            let events = bench.run(BTC);
            held += u32::from(order.is_some_and(|order| is_skipped(&events, order)));
            if let Some(price) = order.and_then(|order| fill_of(&events, order)) {
                filled = Some(price);
                break;
            }
        }
        assert_eq!((held, filled), (1, Some(wanted)));
    }
}
