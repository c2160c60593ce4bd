//! what somebody can bring about and end again between an order's own price and its execution drops no order: nobody who knows the prices
//! behind it takes it back by that.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{Validity, ROUNDS_KEPT};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::*;

fn bench(deposit: u64) -> Bench {
    let mut bench = Bench::without_pool(plain_market("BTC", 1), plain_market("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("eve", deposit);
    bench
}

fn publish(bench: &mut Bench, market: MarketId, units: u32) {
    bench.publish(market, Price::from_units(units), Price::ZERO, bench.now(), Validity::Valid);
}

/// A round of BTC, five seconds later, that the breaker has seen or not.
fn round(bench: &mut Bench, units: u32, watched: bool) {
    bench.advance(5);
    bench.leases_renewed = watched;
    publish(bench, BTC, units);
}

/// Whoever evaluates the latest price gives the lease back.
fn evaluate(bench: &mut Bench, units: u32) {
    bench.evaluate(BTC);
    bench.advance(1);
    publish(bench, BTC, units);
}

fn fills(events: &[cosmwasm_std::Event]) -> Vec<(OrderId, u32)> {
    let units = |fill: &OrderFilled| (fill.fill_price.atoms() as f64 / 1e18).round() as u32;
    OrderFilled::all(events).iter().map(|fill| (fill.order, units(fill))).collect()
}

/// What eve has of an order of ten BTC at 60,000 once the price has moved on to `next`, which she knows, having relayed its own price nested or
/// not; in whole units.
fn gain(nested: bool, next: u32) -> i128 {
    let mut bench = bench(100_000);
    let order = bench.place("eve", BTC, "10", any_price("1")).unwrap();
    round(&mut bench, 60_000, true);
    round(&mut bench, 60_000, !nested);
    let events = bench.run_as("eve", BTC);
    assert_eq!(fills(&events), if nested { vec![] } else { vec![(order, 60_000)] });
    assert_eq!(reasons(&events), [], "waits");
    assert_eq!(skips(&events), if nested { vec![DropReason::Restricted] } else { vec![] });
    evaluate(&mut bench, next);
    let events = bench.run(BTC);
    assert_eq!(fills(&events), if nested { vec![(order, 60_000)] } else { vec![] });
    let account = bench.account("eve");
    // Less the execution fee, which is part of a unit.
    (account.equity.atoms() - 100_000_000_000 + 999_999).div_euclid(1_000_000)
}

#[test]
fn a_price_relayed_too_deep_for_the_breaker_takes_no_order_back() {
    for (next, wanted) in [(60_500, 5_000), (59_500, -5_000)] {
        assert_eq!([gain(false, next), gain(true, next)], [wanted, wanted], "next {next}");
    }
}

#[test]
fn an_order_of_a_market_that_is_not_watched_for_long_gets_the_worst_price_since_its_own() {
    for (text, from, last, wanted) in
        [("1", 60_000, 59_000, 60_000), ("1", 60_000, 61_000, 61_000), ("-1", 60_000, 61_000, 60_000)]
    {
        let mut bench = bench(100_000);
        let order = bench.place("eve", BTC, text, any_price(text)).unwrap();
        round(&mut bench, 60_000, true);
        round(&mut bench, from, false);
        let mut told = 0;
        for beat in 1..ROUNDS_KEPT as u32 - 1 {
            let events = bench.run(BTC);
            assert!(fills(&events).is_empty() && reasons(&events).is_empty());
            told += skips(&events).len();
            let units = if last > from { from + beat * (last - from) / 6 } else { from - beat * (from - last) / 6 };
            round(&mut bench, units, false);
        }
        // From the fifth round on it is passed over, and silent; a cancel frees nobody of it.
        bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
        evaluate(&mut bench, last);
        assert_eq!(fills(&bench.run(BTC)), [(order, wanted)], "{text} from {from} to {last}");
        assert_eq!(told, 5);
    }
}

#[test]
fn orders_that_rest_wait_for_the_breaker_too() {
    for request in [limit(BTC, "1", "60100"), resting(BTC, "1", any_price("1"), Trigger::Above(price("60050")))] {
        let mut bench = bench(100_000);
        let order = bench.place_request("eve", request).unwrap();
        round(&mut bench, 60_060, true);
        round(&mut bench, 60_060, false);
        let events = bench.run(BTC);
        assert_eq!((fills(&events), reasons(&events), skips(&events)), (vec![], vec![], vec![DropReason::Restricted]));
        bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
        evaluate(&mut bench, 59_000);
        assert_eq!(fills(&bench.run(BTC)), [(order, 60_060)]);
    }
}

#[test]
fn another_market_of_the_account_takes_no_order_back() {
    for validity in [Validity::SoftInvalid, Validity::Invalid] {
        let mut bench = bench(100_000);
        bench.trade("eve", ETH, "1");
        let order = bench.place("eve", BTC, "10", any_price("1")).unwrap();
        round(&mut bench, 60_000, true);
        round(&mut bench, 60_000, true);
        bench.publish(ETH, Price::from_units(3_000), Price::ZERO, bench.now(), validity);
        let events = bench.run(BTC);
        assert_eq!((skips(&events), reasons(&events)), (vec![DropReason::PriceUnusable], vec![]));
        publish(&mut bench, ETH, 3_000);
        round(&mut bench, 59_900, true);
        assert_eq!(fills(&bench.run(BTC)), [(order, 60_000)]);
    }
}

#[test]
fn a_feed_that_died_holds_up_no_queue_of_another_market() {
    let mut bench = bench(100_000);
    bench.trade("eve", ETH, "1");
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    round(&mut bench, 60_000, true);
    let mut outcomes = vec![];
    for _ in 0..6 {
        round(&mut bench, 60_000, true);
        bench.publish(ETH, Price::from_units(3_000), Price::ZERO, bench.now(), Validity::SoftInvalid);
        let events = bench.run(BTC);
        outcomes.push((skips(&events).len(), reasons(&events)));
    }
    let (kept, dropped) = ((1, vec![]), (0, vec![DropReason::PriceUnusable]));
    assert_eq!(outcomes, [kept.clone(), kept.clone(), kept.clone(), kept, dropped, (0, vec![])]);
}

/// Takes out all but four times what eve's waiting sale of two BTC holds: 5 % of 120,000, 10, and the slope's share of a scale of a billion.
fn take_out_all_that_is_free(bench: &mut Bench) {
    let eve = bench.account("eve");
    assert_eq!((eve.margin_held, eve.positions.len()), (Amount::from_atoms(6_010_000_240), 0));
    let wanted = Amount::from_atoms(4 * 6_010_000_240);
    let free = eve.cash.positive_part().minus(wanted).unwrap();
    let refused = bench.withdraw("eve", 0, free.plus(Amount::from_atoms(1)).unwrap()).unwrap_err();
    let found = SignedAmount::from_atoms(4 * 6_010_000_240 - 1);
    assert_eq!(refused, ContractError::MarginTooLow { account: account("eve"), wanted, found });
    bench.withdraw("eve", 0, free).unwrap();
}

/// What eve, who is long two BTC, has of a sale of two and of a reduction behind it, both due at 60,000, once she knows that the price moves
/// on to `next`; in whole units.
fn turned_around(takes_out: bool, next: u32) -> i128 {
    let mut bench = bench(30_000);
    bench.trade("eve", BTC, "2");
    let sale = bench.place("eve", BTC, "-2", any_price("-2")).unwrap();
    let reduction = bench.place_with("eve", BTC, "-2", any_price("-2"), true).unwrap();
    round(&mut bench, 60_000, true);
    round(&mut bench, 60_000, true);
    round(&mut bench, next, true);
    let mut filled = vec![];
    if takes_out {
        filled.extend(fills(&bench.execute("eve", ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 }, 0).unwrap()));
        take_out_all_that_is_free(&mut bench);
    }
    filled.extend(fills(&bench.run(BTC)));
    assert_eq!(filled, [(reduction, 60_000), (sale, 60_000)]);
    // Less the execution fees, which are part of a unit.
    let all = bench.account("eve").equity.atoms() + bench.wallet("eve");
    (all - 30_000_000_000 + 999_999).div_euclid(1_000_000)
}

#[test]
fn an_order_that_turns_a_position_around_has_its_margin_when_the_position_is_gone() {
    for (next, wanted) in [(59_000, 2_000), (61_000, -2_000)] {
        assert_eq!([turned_around(false, next), turned_around(true, next)], [wanted, wanted], "next {next}");
    }
}

#[test]
fn a_stop_that_would_turn_a_position_around_rests_with_its_margin_when_the_position_is_gone() {
    for (next, wanted) in [(58_800, 1_200), (60_000, -1_200)] {
        let mut bench = bench(30_000);
        bench.trade("eve", BTC, "2");
        let below = Trigger::Below(Price::from_units(59_500));
        let stop = bench.place_request("eve", resting(BTC, "-2", any_price("-2"), below)).unwrap();
        bench.place_with("eve", BTC, "-2", any_price("-2"), true).unwrap();
        bench.advance(5);
        round(&mut bench, 60_000, true);
        bench.run(BTC);
        take_out_all_that_is_free(&mut bench);
        let before = bench.account("eve").equity.atoms();
        // Nothing is paid in once the price behind its own is known.
        round(&mut bench, 59_400, true);
        round(&mut bench, next, true);
        assert_eq!(fills(&bench.run(BTC)), [(stop, 59_400)]);
        let gained = bench.account("eve").equity.atoms() - before;
        assert!((gained - wanted * 1_000_000).abs() <= 2, "next {next}: {gained}");
    }
}

/// So many orders each of some accounts, with a unit of ETH and a reduction due before them, are passed over at 60,000; then ETH's feed dies.
fn passed_over(names: &[&str], orders: usize) -> Bench {
    let mut bench = bench(100_000);
    bench.quick = true;
    for name in names {
        bench.deposit(name, 100_000);
        bench.trade(name, ETH, "1");
        bench.trade(name, BTC, "0.01");
    }
    for name in names {
        bench.place_with(name, BTC, "-0.0001", any_price("-1"), true).unwrap();
    }
    round(&mut bench, 60_000, true);
    round(&mut bench, 60_000, true);
    bench.advance(1);
    for name in names {
        for _ in 0..orders {
            bench.place(name, BTC, "0.0001", any_price("1")).unwrap();
        }
    }
    bench.advance(5);
    round(&mut bench, 60_000, true);
    bench.publish(ETH, Price::from_units(3_000), Price::ZERO, bench.now(), Validity::Valid);
    let events = bench.run(BTC);
    assert_eq!((fills(&events).len(), reasons(&events)), (names.len(), vec![]));
    assert!(skips(&events).iter().all(|reason| *reason == DropReason::AnotherPrice));
    bench.publish(ETH, Price::from_units(3_000), Price::ZERO, bench.now(), Validity::Invalid);
    bench
}

#[test]
fn an_order_that_was_passed_over_waits_a_hundred_blocks_for_another_market() {
    // No moment of doubt takes it back: until then it fills once the other price is there, at the worst since its own.
    for comes_back in [true, false] {
        let mut bench = passed_over(&["eve"], 1);
        for block in 1..100 {
            round(&mut bench, 60_000, true);
            let events = bench.run(BTC);
            assert_eq!((skips(&events), reasons(&events)), (vec![DropReason::PriceUnusable], vec![]), "block {block}");
        }
        if comes_back {
            publish(&mut bench, ETH, 3_000);
        }
        round(&mut bench, 60_100, true);
        let events = bench.run(BTC);
        let filled: Vec<u32> = fills(&events).iter().map(|fill| fill.1).collect();
        let wanted = if comes_back { (vec![60_100], vec![]) } else { (vec![], vec![DropReason::PriceUnusable]) };
        assert_eq!((filled, reasons(&events)), wanted);
    }
}

#[test]
fn orders_that_were_passed_over_hold_up_no_queue_for_ever_while_another_feed_is_dead() {
    // 52 orders of four accounts use all looks of a batch; each costs its owner a fee of 0.1 for some eight minutes.
    let hands = ["hand0", "hand1", "hand2", "hand3"];
    let mut bench = passed_over(&hands, 13);
    let mut outcomes = vec![];
    for block in 1..=120 {
        if block % 10 == 5 {
            bench.place("eve", BTC, "0.1", any_price("1")).unwrap();
        }
        round(&mut bench, 60_000, true);
        let events = bench.run(BTC);
        let of_eve = |id: &AccountId| *id == account("eve");
        let filled = OrderFilled::all(&events).iter().filter(|fact| of_eve(&fact.account)).count();
        let dropped = OrderDropped::all(&events).iter().filter(|fact| of_eve(&fact.account)).count();
        if filled + dropped > 0 {
            outcomes.push((block, filled, dropped));
        }
    }
    let left: usize = hands.iter().map(|hand| bench.account(hand).orders.len()).sum();
    // Fifty leave with the hundredth block and two with the next, in front of ten of eve, nine of which have lost their price by then.
    assert_eq!((left, outcomes), (0, vec![(101, 1, 9), (106, 1, 0), (116, 1, 0)]));
}
