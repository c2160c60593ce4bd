//! Many orders in one message: all or none; many cancels in one message.

use crate::support::*;
use cosmwasm_std::{from_json, to_json_string};
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::MarketId;
use firebreak_risk::*;

fn place(bench: &mut Bench, orders: Vec<OrderRequest>, funds: u64) -> Result<Vec<OrderId>, ContractError> {
    let events = bench.execute("alice", ExecuteMsg::PlaceOrders { orders }, funds)?;
    Ok(OrderPlaced::all(&events).into_iter().map(|placed| placed.order).collect())
}

#[test]
fn an_entry_with_its_stop_and_its_target_is_one_message_that_brings_its_own_coins() {
    let mut bench = Bench::new();
    let orders = vec![
        market_order(BTC, "1", "70000"),
        reducing(BTC, "-1", Trigger::Below(price("58000"))),
        OrderRequest { reduce_only: true, ..limit(BTC, "-1", "65000") },
    ];
    let placed = place(&mut bench, orders, 10_000).unwrap();
    assert_eq!(
        placed.iter().map(|id| id.queue).collect::<Vec<_>>(),
        [Queue::Increase, Queue::ReduceStop, Queue::ReduceLimit]
    );
    assert_eq!(bench.account("alice").cash, SignedAmount::from_atoms(10_000_000_000 - 300_000));
    bench.step(BTC, 15, "60000");
    let events = bench.step(BTC, 15, "66000");
    assert_eq!(OrderFilled::all(&events)[0].order, placed[2]);
    // What is left of the bracket goes with its price.
    assert_eq!(reasons(&bench.step(BTC, 15, "57000")), [DropReason::NothingToReduce]);
}

#[test]
fn one_order_that_is_refused_refuses_them_all() {
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let before = (bench.account("alice"), bench.pool().pool);
    let refused = place(&mut bench, vec![market_order(BTC, "1", "70000"), market_order(BTC, "1", "0")], 5_000);
    assert_eq!(refused, Err(ContractError::PriceBoundMissing { max: PRICE_MAX }));
    assert_eq!((bench.account("alice"), bench.pool().pool), before);
}

#[test]
fn a_batch_asks_for_the_margin_that_its_orders_ask_for_one_by_one() {
    // R-52: the second order is counted on top of the first, whether it came with it or after it.
    let orders = || vec![market_order(BTC, "1", "60000"), limit(BTC, "1", "59000"), market_order(ETH, "-2", "1")];
    let mut together = Bench::new();
    together.deposit("alice", 20_000);
    place(&mut together, orders(), 0).unwrap();
    let mut apart = Bench::new();
    apart.deposit("alice", 20_000);
    for order in orders() {
        apart.place_request("alice", order).unwrap();
    }
    assert_eq!(together.account("alice"), apart.account("alice"));
    assert_eq!(together.pool().pool, apart.pool().pool);

    let mut poor = Bench::new();
    poor.deposit("alice", 6_000);
    let refused = place(&mut poor, orders(), 0).unwrap_err();
    assert!(matches!(refused, ContractError::MarginTooLow { .. }), "{refused}");
    // Each of the first two alone would have been taken.
    assert_eq!(place(&mut poor, vec![orders().remove(1)], 0).map(|placed| placed.len()), Ok(1));
}

#[test]
fn none_and_more_than_sixteen_are_refused_and_sixteen_are_not() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    for found in [0, 17] {
        let refused = place(&mut bench, vec![market_order(BTC, "0.01", "70000"); found], 0);
        assert_eq!(refused, Err(ContractError::BatchSize { wanted: 1, max: 16, found }));
    }
    assert_eq!(place(&mut bench, vec![market_order(BTC, "0.01", "70000"); 16], 0).map(|placed| placed.len()), Ok(16));
    let events = bench.step(BTC, 15, "60000");
    assert_eq!(OrderFilled::all(&events).len(), 16);
}

#[test]
fn a_batch_that_may_open_is_refused_where_nothing_may_be_opened_and_one_that_only_reduces_is_taken() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.restrict_all(Level::ReduceOnly, 600);
    let close = OrderRequest { reduce_only: true, ..market_order(BTC, "-1", "1") };
    let refused = place(&mut bench, vec![close.clone(), market_order(BTC, "1", "70000")], 0).unwrap_err();
    assert!(matches!(refused, ContractError::Restricted { level: Level::ReduceOnly, .. }), "{refused}");
    assert!(place(&mut bench, vec![close.clone(), close], 0).is_ok());
}

#[test]
fn the_form_of_an_order_at_the_next_price_has_not_changed() {
    let text = r#"{"place_order":{"subaccount":0,"market":1,"size":"1","price_bound":"70000","reduce_only":false}}"#;
    let message: ExecuteMsg = from_json(text).unwrap();
    assert_eq!(message, ExecuteMsg::PlaceOrder(market_order(BTC, "1", "70000")));
    let stop = reducing(BTC, "-1", Trigger::Below(price("58000")));
    let text = to_json_string(&ExecuteMsg::PlaceOrder(stop.clone())).unwrap();
    assert!(text.contains(r#""trigger":{"below":"58000"}"#), "{text}");
    assert_eq!(from_json::<ExecuteMsg>(&text).unwrap(), ExecuteMsg::PlaceOrder(stop));
    assert!(from_json::<ExecuteMsg>(r#"{"place_order":{"subaccount":0,"nothing_known":1}}"#).is_err());
}

#[test]
fn cancelling_all_of_an_account_or_of_a_market_asks_for_each_once() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let orders = vec![
        market_order(BTC, "0.1", "70000"),
        limit(BTC, "0.1", "59000"),
        limit(ETH, "1", "2900"),
        OrderRequest { subaccount: 0, expires_at: Some(bench.now() + 300), ..limit(ETH, "1", "2800") },
    ];
    let placed = place(&mut bench, orders, 0).unwrap();
    let cancel = |bench: &mut Bench, market: Option<MarketId>| -> Vec<OrderId> {
        let events = bench.execute("alice", ExecuteMsg::CancelOrders { subaccount: 0, market }, 0).unwrap();
        CancelRequested::all(&events).into_iter().map(|canceled| canceled.order).collect()
    };
    // They have rested for a delay.
    bench.advance(10);
    assert_eq!(cancel(&mut bench, Some(BTC)), placed[..2]);
    assert_eq!(cancel(&mut bench, None), placed[2..]);
    assert_eq!(cancel(&mut bench, None), []);
    // Another one's orders are not reached by it.
    let events = bench.execute("bob", ExecuteMsg::CancelOrders { subaccount: 0, market: None }, 0).unwrap();
    assert_eq!(CancelRequested::all(&events), []);
    bench.advance(15);
    bench.refresh();
    let events = [bench.run(BTC), bench.run(ETH)].concat();
    assert_eq!(reasons(&events), [DropReason::Canceled; 4]);
    // The order at the next price has been touched, the resting ones have not.
    assert_eq!(bench.bank[&address("keeper")], 100_000);
    let alice = bench.account("alice");
    assert_eq!((alice.cash.atoms(), alice.margin_held), (20_000_000_000 - 100_000, Amount::ZERO));
}
