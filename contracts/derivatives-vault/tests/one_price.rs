//! two prices of one block never both serve one account (KiloEx, April 2025: opened at 100 and closed at 10,000 in one
//! transaction).

use crate::support::*;
use cosmwasm_std::Event;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;

fn filled(events: &[Event]) -> Vec<(OrderId, u64)> {
    OrderFilled::all(events).into_iter().map(|filled| (filled.order, filled.round)).collect()
}

/// Two rounds, one for what was placed before the call and one, five seconds later, for what `between` places.
fn two_rounds(bench: &mut Bench, texts: [&str; 2], between: impl FnOnce(&mut Bench)) {
    bench.advance(6);
    between(bench);
    bench.advance(6);
    bench.publish(BTC, price(texts[0]), Price::ZERO, bench.now(), Validity::Valid);
    bench.advance(5);
    bench.publish(BTC, price(texts[1]), Price::ZERO, bench.now(), Validity::Valid);
}

#[test]
fn an_account_opens_at_one_price_of_a_block_and_closes_at_another_only_in_the_next() {
    // The pump: 60,000 then 66,000, in the ring together when the batch comes.
    let mut bench = Bench::new();
    bench.deposit("eve", 100_000);
    let opens = bench.place("eve", BTC, "10", "70000").unwrap();
    let mut closes = None;
    two_rounds(&mut bench, ["60000", "66000"], |bench| {
        closes = Some(bench.place("eve", BTC, "-10", "1").unwrap());
    });
    let closes = closes.unwrap();
    let events = bench.run(BTC);
    let first = filled(&events);
    assert_eq!(first.iter().map(|(order, _)| *order).collect::<Vec<_>>(), [opens]);
    let skipped = OrderSkipped::all(&events);
    assert_eq!((skipped[0].order, skipped[0].reason), (closes, DropReason::AnotherPrice));
    assert_eq!(skipped[0].round, first[0].1 + 1);
    // Again in the same block: still not. In the next one, at the round that was its own all along.
    assert_eq!(filled(&bench.run(BTC)), []);
    bench.advance(1);
    assert_eq!(filled(&bench.run(BTC)), [(closes, first[0].1 + 1)]);
}

#[test]
fn orders_of_one_round_all_fill_in_one_block() {
    let mut bench = Bench::new();
    bench.deposit("eve", 100_000);
    bench.place("eve", BTC, "1", "70000").unwrap();
    bench.place("eve", BTC, "-1", "1").unwrap();
    bench.place("eve", BTC, "2", "70000").unwrap();
    bench.advance(15);
    bench.refresh();
    let events = bench.run(BTC);
    assert_eq!((filled(&events).len(), skips(&events).len()), (3, 0));
}

#[test]
fn another_market_and_another_account_are_served_at_their_own_prices() {
    let mut bench = Bench::new();
    bench.deposit("eve", 100_000);
    bench.execute("eve", ExecuteMsg::AddCollateral { account: None, subaccount: 1 }, 100_000).unwrap();
    bench.place("eve", BTC, "1", "70000").unwrap();
    bench.place("eve", ETH, "1", "4000").unwrap();
    two_rounds(&mut bench, ["60000", "61000"], |bench| {
        bench.place_in("eve", 1, BTC, size("1"), "70000", false).unwrap();
    });
    bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), Validity::Valid);
    let events = [bench.run(BTC), bench.run(ETH)].concat();
    assert_eq!((filled(&events).len(), skips(&events).len()), (3, 0));
}

#[test]
fn an_order_passed_over_holds_up_nobody_behind_it() {
    let mut bench = Bench::new();
    for name in ["eve", "bob"] {
        bench.deposit(name, 100_000);
    }
    bench.place("eve", BTC, "1", "70000").unwrap();
    let mut bobs = None;
    two_rounds(&mut bench, ["60000", "61000"], |bench| {
        bench.place("eve", BTC, "1", "70000").unwrap();
        bobs = Some(bench.place("bob", BTC, "1", "70000").unwrap());
    });
    let events = bench.run(BTC);
    assert_eq!(skips(&events), [DropReason::AnotherPrice]);
    assert_eq!(filled(&events)[1].0, bobs.unwrap());
    assert_eq!(bench.bank[&address("keeper")], 200_000, "nobody is paid for an order that stays");
}

#[test]
fn after_a_liquidation_an_order_of_an_earlier_round_waits_for_the_next_block() {
    // 57,000 closes half of it by force; the order's own price of a moment before would be another one.
    let mut bench = Bench::new();
    bench.deposit("eve", 35_000);
    bench.trade("eve", BTC, "10");
    let closes = bench.place_with("eve", BTC, "-1", "1", true).unwrap();
    bench.advance(12);
    bench.publish(BTC, price("59000"), Price::ZERO, bench.now(), Validity::Valid);
    bench.advance(5);
    bench.publish(BTC, price("58000"), Price::ZERO, bench.now(), Validity::Valid);
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["eve"]).unwrap()).len(), 1);
    let events = bench.run(BTC);
    assert_eq!((filled(&events).len(), skips(&events)), (0, vec![DropReason::AnotherPrice]));
    bench.advance(1);
    assert_eq!(filled(&bench.run(BTC))[0].0, closes);
}

#[test]
fn a_fill_of_an_earlier_round_holds_no_liquidation_up() {
    // a reduction in every block would keep an account from liquidation for ever.
    let mut bench = Bench::new();
    bench.deposit("eve", 35_000);
    bench.trade("eve", BTC, "10");
    bench.place_with("eve", BTC, "-0.001", "1", true).unwrap();
    bench.advance(12);
    bench.publish(BTC, price("59000"), Price::ZERO, bench.now(), Validity::Valid);
    bench.advance(5);
    bench.publish(BTC, price("58000"), Price::ZERO, bench.now(), Validity::Valid);
    assert_eq!(filled(&bench.run(BTC)).len(), 1);
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["eve"]).unwrap()).len(), 1);
}

#[test]
fn a_resting_order_passed_over_keeps_its_round() {
    let mut bench = Bench::new();
    bench.deposit("eve", 100_000);
    bench.trade("eve", BTC, "2");
    let stop = bench.place_request("eve", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.advance(3);
    bench.place_with("eve", BTC, "-1", "1", true).unwrap();
    bench.advance(8);
    // 57,500 triggers the stop; the reduce order's own round is the one after it.
    bench.publish(BTC, price("57500"), Price::ZERO, bench.now(), Validity::Valid);
    bench.advance(3);
    bench.publish(BTC, price("59000"), Price::ZERO, bench.now(), Validity::Valid);
    let events = bench.run(BTC);
    let last = filled(&events)[0].1;
    assert_eq!(skips(&events), [DropReason::AnotherPrice]);
    bench.advance(1);
    assert_eq!(filled(&bench.run(BTC)), [(stop, last - 1)]);
}
