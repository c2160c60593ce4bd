//! What the breaker's rules of order flow may count: of each account in a block its first trade, and others up to the market's largest
//! order together.

use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_risk::*;

/// Orders of at most two BTC.
fn bench() -> Bench {
    let config = MarketConfig { order_size_max: size("2"), ..market_config("BTC", 1) };
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("eve", 500_000);
    bench.deposit("bob", 500_000);
    bench
}

/// All at one price, in one block: trades and notional that the block added, and the notional of each fill.
fn flow(bench: &mut Bench, orders: &[(&str, &str)]) -> ((u64, Amount), Vec<Amount>) {
    let before = bench.market(BTC).state;
    for (name, text) in orders {
        bench.place(name, BTC, text, any_price(text)).unwrap();
    }
    bench.advance(15);
    bench.refresh();
    let fills = OrderFilled::all(&bench.run(BTC));
    assert_eq!(fills.len(), orders.len());
    let after = bench.market(BTC).state;
    let notional = after.flow_notional.minus(before.flow_notional).unwrap();
    let notionals = fills.iter().map(|fill| fill.size.notional(fill.fill_price, Rounding::Ceil).unwrap()).collect();
    ((after.flow_trades - before.flow_trades, notional), notionals)
}

fn sum(amounts: &[Amount]) -> Amount {
    amounts.iter().fold(Amount::ZERO, |sum, amount| sum.plus(*amount).unwrap())
}

#[test]
fn a_dust_trade_hides_no_order_behind_it() {
    let mut bench = bench();
    let ((trades, counted), notionals) = flow(&mut bench, &[("eve", "0.01"), ("eve", "1.5")]);
    assert_eq!((trades, counted), (1, sum(&notionals)));
    assert!(counted > units(90_000));
    // Cut in four it is the same order.
    let ((trades, counted), notionals) =
        flow(&mut bench, &[("eve", "-0.4"), ("eve", "-0.4"), ("eve", "-0.4"), ("eve", "-0.3")]);
    assert_eq!((trades, counted), (1, sum(&notionals)));
}

#[test]
fn to_and_fro_in_one_block_makes_no_more_flow_than_one_order_may() {
    let mut bench = bench();
    let orders = [("eve", "2"), ("eve", "-2"), ("eve", "2"), ("eve", "-2"), ("eve", "1"), ("bob", "1")];
    let ((trades, counted), notionals) = flow(&mut bench, &orders);
    assert_eq!(trades, 2);
    // The largest order is counted at the price of each trade: the skew moves it a little.
    let of_eve = counted.minus(notionals[5]).unwrap();
    assert!(of_eve >= notionals[0] && of_eve < notionals[0].plus(units(40)).unwrap(), "{of_eve} of {notionals:?}");
    // The next block begins anew.
    let ((trades, counted), notionals) = flow(&mut bench, &[("eve", "-1")]);
    assert_eq!((trades, counted), (1, notionals[0]));
}

#[test]
fn a_first_trade_larger_than_an_order_may_be_counts_whole_and_nothing_more_does() {
    let mut bench = bench();
    for _ in 0..2 {
        flow(&mut bench, &[("eve", "2")]);
    }
    let before = bench.market(BTC).state;
    bench.place_with("eve", BTC, "-4", "1", true).unwrap();
    bench.place("eve", BTC, "1", "70000").unwrap();
    bench.advance(15);
    bench.refresh();
    let fills = OrderFilled::all(&bench.run(BTC));
    assert_eq!((fills.len(), fills[0].size), (2, size("-4")));
    let whole = fills[0].size.notional(fills[0].fill_price, Rounding::Ceil).unwrap();
    let after = bench.market(BTC).state;
    assert_eq!(after.flow_notional.minus(before.flow_notional), Ok(whole));
    let both = whole.plus(fills[1].size.notional(fills[1].fill_price, Rounding::Ceil).unwrap());
    assert_eq!(after.traded_notional.minus(before.traded_notional), both, "all of it was traded");
}
