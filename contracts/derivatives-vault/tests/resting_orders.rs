//! Orders that wait for a trigger: limits, stops, health; when they are served, when they stay and when they leave.

use crate::support::*;
use firebreak_derivatives_vault::desk::Desk;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;

fn fills(events: &[cosmwasm_std::Event]) -> Vec<(OrderId, Price)> {
    OrderFilled::all(events).into_iter().map(|filled| (filled.order, filled.fill_price)).collect()
}

/// Alice holds this much bitcoin.
fn holding(text: &str) -> Bench {
    let mut bench = Bench::new();
    bench.deposit("alice", 100_000);
    bench.deposit("bob", 100_000);
    bench.trade("alice", BTC, text);
    bench.bank.remove(&address("keeper"));
    bench
}

#[test]
fn a_limit_order_rests_until_a_price_fills_it_within_its_bound() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let order = bench.place_request("alice", limit(BTC, "1", "59000")).unwrap();
    assert_eq!(order.queue, Queue::IncreaseLimit);
    // One of a scale of 10,000 pays 0.005 % more: it rests at 58,997.05.
    assert_eq!(fills(&bench.step(BTC, 15, "59500")), []);
    assert_eq!(fills(&bench.step(BTC, 15, "58998")), []);
    assert_eq!(bench.bank.get(&address("keeper")), None);
    assert_eq!(fills(&bench.step(BTC, 15, "58990")), [(order, price("58992.9495"))]);
    assert_eq!(bench.bank[&address("keeper")], 100_000);
    assert!(bench.account("alice").orders.is_empty());
}

#[test]
fn a_band_is_part_of_the_price_that_triggers_a_limit_order_as_of_the_one_that_fills_it() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let order = bench.place_request("alice", limit(BTC, "1", "60010")).unwrap();
    for (text, band, filled) in [("60000", "100", false), ("59950", "70", false), ("59900", "70", true)] {
        bench.advance(15);
        bench.publish(BTC, price(text), price(band), bench.now(), Validity::Valid);
        let events = bench.run(BTC);
        assert_eq!(skips(&events), [], "{text} +- {band}: not triggered in vain");
        // 59,970 and 0.005 %
        let wanted = if filled { vec![(order, price("59972.9985"))] } else { vec![] };
        assert_eq!(fills(&events), wanted, "{text} +- {band}");
    }
}

#[test]
fn a_limit_order_that_the_skew_keeps_from_its_bound_stays_and_never_fills_at_that_round_again() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.deposit("bob", 1_000_000);
    bench.trade("bob", BTC, "50");
    bench.bank.remove(&address("keeper"));
    let order = bench.place_request("alice", limit(BTC, "1", "59000")).unwrap();
    // Skew 50: the fill is 0.505 % above 58,990.
    let events = bench.step(BTC, 15, "58990");
    assert_eq!(skips(&events), [DropReason::BoundMissed]);
    assert_eq!((fills(&events), reasons(&events)), (vec![], vec![]));
    assert_eq!(bench.bank.get(&address("keeper")), None, "nobody is paid for a look");
    // The skew comes back at a higher price; the round of 58,990 is still in the ring and would be a gift now.
    bench.place("bob", BTC, "-50", "1").unwrap();
    let events = bench.step(BTC, 15, "59500");
    assert_eq!(OrderFilled::all(&events).len(), 1);
    assert_eq!(bench.market(BTC).skew, Size::ZERO);
    assert_eq!((fills(&bench.run(BTC)), bench.account("alice").orders), (vec![], vec![order]));
    assert_eq!(fills(&bench.step(BTC, 5, "58000")), [(order, price("58002.9"))]);
}

#[test]
fn a_stop_loss_closes_the_position_at_the_first_price_that_reached_it() {
    let mut bench = holding("1");
    // Five are asked for, one is held.
    let order = bench.place_request("alice", reducing(BTC, "-5", Trigger::Below(price("58000")))).unwrap();
    // Seven seconds after the placing: somebody may have known this price.
    assert_eq!(fills(&bench.step(BTC, 7, "57000")), []);
    assert_eq!(fills(&bench.step(BTC, 8, "58100")), []);
    bench.advance(5);
    bench.publish(BTC, price("57900"), Price::ZERO, bench.now(), Validity::Valid);
    bench.advance(5);
    bench.publish(BTC, price("57000"), Price::ZERO, bench.now(), Validity::Valid);
    // Looked at late, and neither the price before nor the one of now. The skew of 1 is gone: 57,900 and 0.005 %.
    assert_eq!(fills(&bench.step(BTC, 5, "59000")), [(order, price("57902.895"))]);
    assert!(bench.account("alice").positions.is_empty());
}

#[test]
fn a_take_profit_waits_for_a_rise_and_a_stop_may_also_open() {
    let mut bench = holding("1");
    let profit = bench.place_request("alice", reducing(BTC, "-1", Trigger::Above(price("62000")))).unwrap();
    let entry = bench.place_request("bob", resting(BTC, "1", "70000", Trigger::Above(price("61000")))).unwrap();
    let loss = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("59000")))).unwrap();
    assert_eq!((profit.queue, entry.queue), (Queue::ReduceStop, Queue::IncreaseStop));
    assert_eq!(fills(&bench.step(BTC, 15, "61000")).len(), 1);
    assert_eq!(bench.account("bob").positions[0].size, size("1"));
    let events = bench.step(BTC, 15, "62000");
    assert_eq!(OrderFilled::all(&events)[0].order, profit);
    // The position is gone, and the stop-loss with it when its price comes.
    let events = bench.step(BTC, 15, "58000");
    let dropped = OrderDropped::all(&events);
    assert_eq!((dropped[0].order, dropped[0].reason), (loss, DropReason::NothingToReduce));
}

#[test]
fn a_stop_for_no_position_is_taken_behind_an_order_that_may_open_one() {
    // one that can close nothing would only carry its fee to a keeper.
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let refused = || ContractError::NothingToReduce { account: account("alice"), market: BTC, size: size("-1") };
    let stops = || {
        let triggers = [Trigger::Below(price("58000")), Trigger::Limit, Trigger::Health(Ratio::ONE)];
        triggers.map(|trigger| reducing(BTC, "-1", trigger))
    };
    let before = bench.account("alice");
    for stop in stops() {
        assert_eq!(bench.place_request("alice", stop.clone()), Err(refused()));
        // Its entry goes first.
        let orders = vec![stop, limit(BTC, "1", "59000")];
        let together = bench.execute("alice", ExecuteMsg::PlaceOrders { orders }, 0);
        assert_eq!(together, Err(refused()));
    }
    assert_eq!(bench.account("alice"), before);
    bench.place_request("alice", limit(ETH, "1", "2000")).unwrap();
    assert_eq!(bench.place_request("alice", stops()[0].clone()), Err(refused()));
    bench.place_request("alice", limit(BTC, "1", "59000")).unwrap();
    for stop in stops() {
        bench.place_request("alice", stop).unwrap();
    }
}

#[test]
fn a_stop_is_bound_to_the_position_that_it_was_placed_for() {
    let mut bench = holding("1");
    bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    // More of the same position is the same position.
    bench.trade("alice", BTC, "1");
    bench.trade("alice", BTC, "-2");
    bench.trade("alice", BTC, "1");
    assert_eq!(reasons(&bench.step(BTC, 15, "57900")), [DropReason::NothingToReduce]);
    assert_eq!(bench.account("alice").positions[0].size, size("1"));
}

#[test]
fn a_stop_that_misses_its_bound_is_dropped_as_an_order_at_the_next_price_is() {
    let mut bench = holding("1");
    let stop = OrderRequest { price_bound: price("57500"), ..reducing(BTC, "-1", Trigger::Below(price("58000"))) };
    bench.place_request("alice", stop).unwrap();
    assert_eq!(reasons(&bench.step(BTC, 15, "57000")), [DropReason::BoundMissed]);
    assert_eq!(bench.bank[&address("keeper")], 100_000);
}

#[test]
fn where_rounds_have_left_the_ring_the_worst_of_the_rest_decides() {
    //
    let mut bench = holding("1");
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.advance(15);
    // Nobody executes for ten rounds; the first two have left the ring.
    for text in ["57000", "57100", "57500", "57400", "58500", "57300", "57900", "59000", "59100", "59200"] {
        bench.set_price(BTC, text);
    }
    assert_eq!(fills(&bench.run(BTC)), [(order, price("57302.865"))]);
}

#[test]
fn triggered_orders_are_served_by_price_and_then_by_time_reduce_orders_first() {
    let mut bench = holding("3");
    for name in ["carol", "dave", "erin"] {
        bench.deposit(name, 20_000);
    }
    let lower = bench.place_request("bob", limit(BTC, "0.1", "59000")).unwrap();
    let higher = bench.place_request("carol", limit(BTC, "0.1", "59500")).unwrap();
    let later = bench.place_request("dave", limit(BTC, "0.1", "59500")).unwrap();
    let stop = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58500")))).unwrap();
    let next = bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    let opens = bench.place("erin", BTC, "0.1", "70000").unwrap();
    let events = bench.step(BTC, 15, "58000");
    let order: Vec<OrderId> = OrderFilled::all(&events).into_iter().map(|filled| filled.order).collect();
    assert_eq!(order, [next, stop, opens, higher, later, lower]);
}

#[test]
fn an_order_on_the_accounts_health_becomes_a_market_order_when_the_account_is_thin() {
    // were it filled at the price that is known by then, taking collateral out would be an option.
    let mut bench = holding("2");
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Health(Ratio::percent(1_500)))).unwrap();
    assert_eq!(order.queue, Queue::Health);
    // Maintenance margin of two is 120,000 at 3.012 % and 10: 3,624.4, and fifteen times that 54,366; equity is near 99,800.
    assert_eq!(OrderTriggered::all(&bench.step(BTC, 15, "60000")), []);
    bench.withdraw("alice", 0, units(46_000)).unwrap();
    let events = bench.run(BTC);
    let triggered = OrderTriggered::all(&events);
    assert_eq!((triggered[0].order, triggered[0].becomes.queue), (order, Queue::Reduce));
    assert!(OrderFilled::all(&events).is_empty());
    assert_eq!(bench.bank.get(&address("keeper")), None);
    let becomes = triggered[0].becomes;
    assert_eq!(bench.account("alice").orders, [becomes]);
    // Too early by a second, then its own.
    assert_eq!(fills(&bench.step(BTC, 9, "61000")), []);
    let events = bench.step(BTC, 1, "60500");
    // Skew 2, selling 1: 60,500 and 0.015 %
    assert_eq!(fills(&events), [(becomes, price("60509.075"))]);
    assert_eq!(bench.account("alice").positions[0].size, size("1"));
}

#[test]
fn an_order_on_the_accounts_health_ends_with_its_position_when_another_one_makes_the_account_thin() {
    for (position, closes) in [("-2", "2"), ("2", "-2")] {
        let mut bench = holding(position);
        bench.place_request("alice", reducing(BTC, closes, Trigger::Health(Ratio::percent(1_500)))).unwrap();
        bench.trade("alice", BTC, closes);
        bench.trade("alice", ETH, "40");
        let free = units(46_000);
        bench.withdraw("alice", 0, free).unwrap();
        let mut events = vec![];
        for _ in 0..4 {
            bench.refresh();
            events.extend(bench.run(BTC));
        }
        // Not a market order first, which would close nothing.
        assert_eq!(OrderTriggered::all(&events), [], "{position}");
        assert_eq!((reasons(&events), bench.account("alice").orders), (vec![DropReason::NothingToReduce], vec![]));
    }
}

#[test]
fn healthy_accounts_do_not_keep_a_batch_from_a_thin_one() {
    let mut bench = holding("10");
    for index in 0..12 {
        let name = format!("healthy-{index}");
        bench.deposit(&name, 10_000);
        bench.trade(&name, BTC, "0.01");
        bench.place_request(&name, reducing(BTC, "-1", Trigger::Health(Ratio::percent(200)))).unwrap();
    }
    bench.place_request("alice", reducing(BTC, "-5", Trigger::Health(Ratio::percent(600)))).unwrap();
    bench.refresh();
    // Thirteen, five at a time, wherever the last batch stopped.
    let found: usize = (0..3).map(|_| OrderTriggered::all(&bench.run(BTC)).len()).sum();
    assert_eq!(found, 1);
}

#[test]
fn an_expired_order_is_only_dropped_and_pays_its_keeper() {
    for trigger in [None, Some(Trigger::Limit), Some(Trigger::Below(price("59900"))), Some(Trigger::Health(Ratio::ONE))]
    {
        let mut bench = holding("-1");
        let expires_at = bench.now() + 20;
        let request = OrderRequest { expires_at: Some(expires_at), ..reducing(BTC, "1", Trigger::Limit) };
        let request = OrderRequest { trigger, price_bound: price("59950"), ..request };
        bench.place_request("alice", request).unwrap();
        bench.advance(20);
        bench.publish(BTC, price("58000"), Price::ZERO, expires_at, Validity::Valid);
        let events = bench.run(BTC);
        assert_eq!((reasons(&events), fills(&events)), (vec![DropReason::Expired], vec![]), "{trigger:?}");
        assert_eq!(bench.bank[&address("keeper")], 100_000);
    }
}

#[test]
fn a_price_of_before_the_end_still_fills_the_order_after_it() {
    let mut bench = holding("-1");
    let expires_at = bench.now() + 20;
    let request = OrderRequest { expires_at: Some(expires_at), ..reducing(BTC, "1", Trigger::Below(price("59900"))) };
    let order = bench.place_request("alice", request).unwrap();
    bench.advance(19);
    bench.publish(BTC, price("58000"), Price::ZERO, expires_at - 1, Validity::Valid);
    bench.advance(10);
    assert_eq!(fills(&bench.step(BTC, 0, "61000"))[0].0, order);
}

#[test]
fn a_cancelled_order_that_no_price_triggered_gets_its_fee_back() {
    let mut bench = holding("1");
    let before = bench.account("alice").cash;
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.advance(10);
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    // Nine seconds on, a price might still come that is its own.
    assert_eq!(reasons(&bench.step(BTC, 9, "59000")), []);
    assert_eq!(reasons(&bench.step(BTC, 1, "57000")), [DropReason::Canceled]);
    assert_eq!(bench.account("alice").cash, before);
    assert_eq!(bench.bank.get(&address("keeper")), None);
    assert_eq!(bench.account("alice").positions[0].size, size("1"));
}

#[test]
fn an_order_that_is_cancelled_before_any_price_could_be_its_own_pays_for_the_look() {
    // A crowd of such orders at the front of a shelf would else hide others' stops for nothing.
    let mut bench = holding("1");
    let before = bench.account("alice").cash;
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.advance(9);
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    bench.step(BTC, 9, "59000");
    assert_eq!(reasons(&bench.step(BTC, 1, "57000")), [DropReason::Canceled]);
    let fee = parameters().execution_fee;
    assert_eq!(bench.account("alice").cash, before.minus_amount(fee).unwrap());
    assert_eq!(bench.bank[&address("keeper")], fee.atoms());
}

#[test]
fn a_cancel_after_the_price_that_triggered_an_order_does_not_save_it() {
    //
    let mut bench = holding("1");
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.advance(15);
    bench.publish(BTC, price("57500"), Price::ZERO, bench.now(), Validity::Valid);
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    bench.advance(15);
    assert_eq!(fills(&bench.step(BTC, 0, "59000"))[0].0, order);
}

#[test]
fn cancelled_orders_leave_by_the_clock_when_no_price_comes_any_more() {
    let mut bench = holding("1");
    let order = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    bench.advance(609);
    assert_eq!(reasons(&bench.run(BTC)), []);
    bench.advance(1);
    assert_eq!(reasons(&bench.run(BTC)), [DropReason::Canceled]);
}

#[test]
fn a_batch_lets_as_many_leave_as_it_pops_and_not_as_it_may_look_at() {
    let mut bench = holding("1");
    bench.deposit("carol", 20_000);
    bench.trade("carol", BTC, "0.01");
    for (name, size) in [("alice", "-1"), ("carol", "-0.01")] {
        for _ in 0..12 {
            bench.place_request(name, reducing(BTC, size, Trigger::Below(price("58000")))).unwrap();
        }
        bench.execute(name, ExecuteMsg::CancelOrders { subaccount: 0, market: None }, 0).unwrap();
    }
    bench.advance(610);
    assert_eq!(reasons(&bench.run(BTC)), [DropReason::Canceled; 24]);
}

#[test]
fn orders_that_wait_to_leave_stand_in_nobodys_way() {
    // more of them than one batch looks at, on the very shelves, all cancelled or about to expire.
    let mut bench = holding("2");
    for index in 0..5 {
        let name = format!("crowd-{index}");
        bench.deposit(&name, 20_000);
        bench.trade(&name, BTC, "0.01");
        for _ in 0..6 {
            bench.place_request(&name, reducing(BTC, "-0.01", Trigger::Below(price("58000")))).unwrap();
            bench.place_request(&name, limit(BTC, "0.01", "59000")).unwrap();
        }
        bench.execute(&name, ExecuteMsg::CancelOrders { subaccount: 0, market: None }, 0).unwrap();
    }
    let stop = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("57000")))).unwrap();
    let opens = bench.place("bob", BTC, "0.1", "70000").unwrap();
    let events = bench.step(BTC, 10, "56000");
    let filled: Vec<OrderId> = OrderFilled::all(&events).into_iter().map(|filled| filled.order).collect();
    assert!(filled.contains(&stop) || reasons(&events).len() == 50, "{filled:?}");
    let events: Vec<_> = [events, bench.run(BTC)].concat();
    let filled: Vec<OrderId> = OrderFilled::all(&events).into_iter().map(|filled| filled.order).collect();
    assert!(filled.contains(&stop) && filled.contains(&opens), "{filled:?}");
}

#[test]
fn orders_too_young_for_a_price_are_looked_at_and_leave_the_queues_their_own_looks() {
    // sixty stops placed a moment before the fall that reaches them; the older one, and the queue, are served all the same.
    let mut bench = holding("2");
    let mut crowd = vec![];
    for index in 0..5 {
        let name = format!("crowd-{index}");
        bench.deposit(&name, 20_000);
        bench.trade(&name, BTC, "0.01");
        crowd.push(name);
    }
    let stop = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap();
    let opens = bench.place("bob", BTC, "0.1", "70000").unwrap();
    bench.advance(8);
    for name in &crowd {
        for _ in 0..11 {
            bench.place_request(name, reducing(BTC, "-0.01", Trigger::Below(price("57500")))).unwrap();
        }
    }
    let events = bench.step(BTC, 5, "57000");
    let filled: Vec<OrderId> = OrderFilled::all(&events).into_iter().map(|filled| filled.order).collect();
    assert_eq!(filled, [stop, opens]);
    assert_eq!(reasons(&events), []);
}

#[test]
fn where_nothing_may_be_opened_resting_orders_that_would_open_wait_and_stops_are_served() {
    let mut bench = holding("1");
    let opens = bench.place_request("bob", limit(BTC, "1", "59000")).unwrap();
    let stop = bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58500")))).unwrap();
    bench.restrict(BTC, Level::ReduceOnly, 60);
    let events = bench.step(BTC, 15, "58000");
    assert_eq!(fills(&events), [(stop, price("58002.9"))]);
    assert_eq!((reasons(&events), skips(&events)), (vec![], vec![]));
    bench.advance(61);
    assert_eq!(fills(&bench.step(BTC, 0, "58000"))[0].0, opens);
}

#[test]
fn a_batch_of_one_takes_one_of_two_resting_orders_that_the_price_has_reached() {
    let mut bench = Bench::new();
    let orders = ["alice", "bob"].map(|name| {
        bench.deposit(name, 20_000);
        bench.place_request(name, limit(BTC, "1", "59000")).unwrap()
    });
    bench.advance(15);
    bench.set_price(BTC, "58000");
    let one = ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 };
    for order in orders {
        let events = bench.execute("keeper", one.clone(), 0).unwrap();
        assert_eq!(fills(&events).into_iter().map(|(filled, _)| filled).collect::<Vec<_>>(), [order]);
    }
}

#[test]
fn a_resting_order_waits_for_a_price_that_is_not_in_doubt() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let order = bench.place_request("alice", limit(BTC, "1", "59000")).unwrap();
    bench.advance(15);
    bench.publish(BTC, price("58000"), price("10"), bench.now(), Validity::SoftInvalid);
    let events = bench.run(BTC);
    assert_eq!((fills(&events), reasons(&events), skips(&events)), (vec![], vec![], vec![]));
    assert_eq!(fills(&bench.step(BTC, 15, "58000"))[0].0, order);
}

#[test]
fn where_only_the_skew_may_not_grow_a_resting_order_that_lowers_it_is_filled() {
    let mut bench = holding("1");
    let lowers = bench.place_request("bob", limit(BTC, "-1", "61000")).unwrap();
    bench.restrict_with(BTC, Posture { skew_raising: OrderAccess::None, ..Posture::NORMAL }, 60);
    assert_eq!(fills(&bench.step(BTC, 15, "62000"))[0].0, lowers);
}

#[test]
fn a_stop_the_price_has_reached_and_other_orders_that_make_no_sense_are_refused() {
    let mut bench = holding("1");
    let now = bench.now();
    let out = |what: &'static str, wanted: &str, found: &str| {
        Err(ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() })
    };
    let rows: Vec<(OrderRequest, Result<OrderId, ContractError>)> = vec![
        (reducing(BTC, "-1", Trigger::Below(price("60000"))), out("trigger", "below 60000", "60000")),
        (reducing(BTC, "-1", Trigger::Above(price("59000"))), out("trigger", "above 60000", "59000")),
        (reducing(BTC, "-1", Trigger::Health(Ratio::ZERO)), out("health trigger", "above 0 and at most 100", "0")),
        (
            reducing(BTC, "-1", Trigger::Health(Ratio::percent(10_001))),
            out("health trigger", "above 0 and at most 100", "100.01"),
        ),
        (
            resting(BTC, "-1", "1", Trigger::Health(Ratio::ONE)),
            out("reduce_only", "true with a health trigger", "false"),
        ),
        (
            OrderRequest { expires_at: Some(now + 10), ..market_order(BTC, "1", "70000") },
            out("expires_at", &format!("after {}", now + 10), &(now + 10).to_string()),
        ),
        (
            reducing(BTC, "1", Trigger::Above(price("70000"))),
            Err(ContractError::NothingToReduce { account: account("alice"), market: BTC, size: size("1") }),
        ),
    ];
    let before = bench.account("alice");
    for (request, wanted) in rows {
        assert_eq!(bench.place_request("alice", request), wanted);
        assert_eq!(bench.account("alice"), before);
    }
}

#[test]
fn a_resting_order_holds_the_margin_of_the_price_that_it_waits_for() {
    // a sale that waits for 75,000 asks for the margin of 75,000, else it could be made to fail when it matters.
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.place_request("alice", limit(BTC, "-1", "75000")).unwrap();
    // It rests 0.005 % above its bound, where it sells at 75,000: 75,003.75 at 5.01 %, 10, and twice 0.1 %.
    let held = bench.account("alice").margin_held;
    assert_eq!(held, Amount::from_atoms(3_917_695_387));
    // A buy above: at its bound, but no more than a tenth above its trigger.
    bench.place_request("alice", resting(BTC, "1", "1000000", Trigger::Above(price("70000")))).unwrap();
    // 77,000 at 5.01 %, 10, twice 77
    let buy = bench.account("alice").margin_held.minus(held).unwrap();
    assert_eq!(buy, units(3_857 + 10 + 2 * 77).plus(Amount::from_atoms(700_000)).unwrap());
}

#[test]
fn what_a_refused_order_changed_in_any_market_is_undone() {
    let bench = Bench::new();
    let mut desk = Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    for market in [BTC, ETH] {
        desk.load_market(bench.deps.as_ref(), market).unwrap();
    }
    desk.close_step().unwrap();
    let id = account("alice");
    desk.load_account_record(bench.deps.as_ref(), &id).unwrap();
    let savepoint = desk.savepoint(Some(&id));
    let before: Vec<MarketState> = [BTC, ETH].map(|market| desk.market(market).unwrap().state.clone()).to_vec();
    for market in [BTC, ETH] {
        desk.market_mut(market).unwrap().state.traded_notional = units(7);
        desk.market_mut(market).unwrap().state.funding_rate = SignedRatio::from_atoms(1);
    }
    desk.serve(&id, ETH, (3, price("3000")), Amount::ZERO).unwrap();
    desk.pool_receives(units(1)).unwrap();
    desk.roll_back(Some(&id), savepoint);
    let after: Vec<MarketState> = [BTC, ETH].map(|market| desk.market(market).unwrap().state.clone()).to_vec();
    assert_eq!(after, before);
    assert!(desk.served(&desk.account(&id), ETH).is_none());
    desk.close_step().unwrap();
}

#[test]
fn resting_orders_are_listed_with_the_waiting_ones() {
    let mut bench = holding("1");
    let placed = [
        bench.place_with("alice", BTC, "-1", "1", true).unwrap(),
        bench.place("alice", BTC, "1", "70000").unwrap(),
        bench.place_request("alice", reducing(BTC, "-1", Trigger::Below(price("58000")))).unwrap(),
        bench.place_request("alice", OrderRequest { reduce_only: true, ..limit(BTC, "-1", "61000") }).unwrap(),
        bench.place_request("alice", reducing(BTC, "-1", Trigger::Health(Ratio::ONE))).unwrap(),
        bench.place_request("alice", resting(BTC, "1", "70000", Trigger::Above(price("61000")))).unwrap(),
        bench.place_request("alice", limit(BTC, "1", "59000")).unwrap(),
    ];
    let mut found = vec![];
    loop {
        let start_after = found.last().copied();
        let page: OrdersResponse = bench.query(QueryMsg::Orders { market: BTC, start_after, limit: Some(2) });
        if page.orders.is_empty() {
            break;
        }
        found.extend(page.orders.iter().map(|order| order.order));
    }
    assert_eq!(found, placed);
    let all: OrdersResponse = bench.query(QueryMsg::AccountOrders { account: account("alice") });
    assert_eq!(all.orders.iter().map(|order| order.order).collect::<Vec<_>>(), placed);
    assert_eq!(all.orders[6].details.trigger, Some(Trigger::Limit));
    let none: OrdersResponse = bench.query(QueryMsg::AccountOrders { account: account("nobody") });
    assert!(none.orders.is_empty());
}
