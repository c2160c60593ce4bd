//! Orders: which price they get, what they cost, and what refuses them.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, MarketId, Reason};
use firebreak_risk::*;

#[test]
fn a_round_trip_at_one_price_costs_the_fees_and_nothing_else() {
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let opened = OrderFilled::all(&bench.trade("alice", BTC, "1"));
    // premium (2*0 + 1) / (2 * 10,000) = 0.005 %: fill at 60,003; fee 0.1 % of 60,003 = 60.003
    assert_eq!(opened[0].fill_price, price("60003"));
    assert_eq!(opened[0].fee, Amount::from_atoms(60_003_000));
    let closed = OrderFilled::all(&bench.trade("alice", BTC, "-1"));
    // skew 1, selling 1: premium (2*1 - 1) / 20,000, the same 60,003; 30 s of funding at a rate that only starts to rise
    assert_eq!(closed[0].fill_price, price("60003"));
    let funding = closed[0].realised_pnl;
    assert!(funding.is_negative() && funding.magnitude() < Amount::from_atoms(1_000), "{funding}");
    // 10,000 - 2 x 60.003 fees - 2 x 0.1 execution fees - funding
    let expected = 10_000_000_000 - 2 * 60_003_000 - 200_000 + funding.atoms();
    assert_eq!(bench.account("alice").cash.atoms(), expected);
    assert_eq!(bench.market(BTC).skew, Size::ZERO);
}

#[test]
fn an_order_without_a_price_bound_is_refused() {
    // R-08
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let refused = bench.place("alice", BTC, "1", "0");
    assert_eq!(refused, Err(ContractError::PriceBoundMissing { max: PRICE_MAX }));
    assert_eq!(bench.pool().pool.escrow, Amount::ZERO);
}

#[test]
fn a_price_bound_is_at_most_the_highest_price_that_is_known() {
    // R-08
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let bounded = |price_bound| OrderRequest { price_bound, ..market_order(BTC, "0.1", "1") };
    let beyond = Price::from_atoms(PRICE_MAX.atoms() + 2);
    assert_eq!(bench.place_request("alice", bounded(beyond)), Err(ContractError::PriceBoundMissing { max: PRICE_MAX }));
    bench.place_request("alice", bounded(PRICE_MAX)).unwrap();
}

#[test]
fn an_order_fills_only_at_a_price_published_after_its_delay() {
    // R-32: 10 s delay. The price at +5 s is known to whoever runs a feed and is not the order's; the one at +12 s is.
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    bench.place("alice", BTC, "1", "70000").unwrap();
    let placed_at = bench.now();
    bench.advance(5);
    bench.publish(BTC, price("61000"), Price::ZERO, placed_at + 5, Validity::Valid);
    assert!(OrderFilled::all(&bench.run(BTC)).is_empty());
    bench.advance(7);
    bench.publish(BTC, price("62000"), Price::ZERO, placed_at + 12, Validity::Valid);
    bench.advance(6);
    bench.publish(BTC, price("59000"), Price::ZERO, placed_at + 18, Validity::Valid);
    // Executed late, and still at its own round: the keeper chooses no price.
    let filled = OrderFilled::all(&bench.run(BTC));
    assert_eq!(filled[0].fill_price, price("62003.1"));
}

#[test]
fn a_report_recorded_in_the_orders_own_block_is_not_its_price() {
    // R-32: two seconds of drift are allowed to a report, so its time alone proves nothing; the delay and the block do.
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    bench.place("alice", BTC, "1", "70000").unwrap();
    let at = bench.now() + 11;
    bench.publish(BTC, price("50000"), Price::ZERO, at, Validity::Valid);
    bench.env.block.time = cosmwasm_std::Timestamp::from_seconds(at);
    assert!(OrderFilled::all(&bench.run(BTC)).is_empty());
}

#[test]
fn a_cancel_after_the_price_does_not_save_the_order_from_it() {
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let order = bench.place("alice", BTC, "1", "70000").unwrap();
    let placed_at = bench.now();
    bench.advance(11);
    bench.publish(BTC, price("60500"), Price::ZERO, placed_at + 11, Validity::Valid);
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    let again = bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0);
    assert_eq!(again.unwrap_err(), ContractError::AlreadyCanceled { order, requested_at: placed_at + 11 });
    let filled = OrderFilled::all(&bench.run(BTC));
    assert_eq!(filled.len(), 1, "the round at +11 s was published before cancel time + delay");
}

#[test]
fn a_cancel_in_time_removes_the_order_and_still_pays_the_keeper() {
    let mut bench = Bench::new();
    bench.deposit("alice", 10_000);
    let order = bench.place("alice", BTC, "1", "70000").unwrap();
    bench.execute("alice", ExecuteMsg::CancelOrder { order }, 0).unwrap();
    let stranger = bench.execute("bob", ExecuteMsg::CancelOrder { order }, 0).unwrap_err();
    assert_eq!(stranger, ContractError::Unauthorized { wanted: address("alice"), found: address("bob") });
    bench.advance(15);
    bench.refresh();
    assert_eq!(reasons(&bench.run(BTC)), [DropReason::Canceled]);
    assert_eq!(bench.bank[&address("keeper")], 100_000);
    assert!(bench.account("alice").orders.is_empty());
}

#[test]
fn a_batch_pops_in_queue_order_reduce_orders_first_and_pays_one_fee_for_each() {
    let mut bench = Bench::new();
    for name in ["alice", "bob", "carol"] {
        bench.deposit(name, 20_000);
    }
    bench.trade("alice", BTC, "1");
    bench.bank.remove(&address("keeper"));
    bench.place("bob", BTC, "1", "70000").unwrap();
    bench.place("carol", BTC, "1", "60000").unwrap(); // below every fill price of a buy: bound missed
    bench.place_with("alice", BTC, "-1", "50000", true).unwrap();
    bench.advance(15);
    bench.refresh();
    let events = bench.run(BTC);
    let order: Vec<_> = OrderFilled::all(&events).into_iter().map(|filled| filled.account).collect();
    assert_eq!(order, [account("alice"), account("bob")]);
    assert_eq!(reasons(&events), [DropReason::BoundMissed]);
    assert_eq!(bench.bank[&address("keeper")], 300_000);
}

#[test]
fn an_order_whose_round_left_the_ring_is_dropped_and_a_reduce_order_gets_the_worst_price_of_the_ring() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.deposit("bob", 20_000);
    bench.trade("alice", BTC, "1");
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.place("bob", BTC, "1", "70000").unwrap();
    bench.advance(20);
    for step in 0..10 {
        bench.set_price(BTC, &format!("{}", 60_000 + 10 * step));
    }
    let events = bench.run(BTC);
    assert_eq!(reasons(&events), [DropReason::RoundMissed]);
    // The ring holds 60,020 to 60,090; a seller's worst is 60,020, with a premium of 1/20,000 for skew 1 -> 0.
    assert_eq!(OrderFilled::all(&events)[0].fill_price, price("60023.001"));
}

#[test]
fn a_trade_through_zero_closes_one_side_and_opens_the_other() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "2");
    bench.trade("alice", BTC, "-3");
    assert_eq!(bench.account("alice").positions[0].size, Size::from_units(-1));
    assert_eq!(bench.market(BTC).open_interest_long, Size::ZERO);
    assert_eq!(bench.market(BTC).open_interest_short, Size::from_units(1));
}

#[test]
fn a_reduce_only_order_never_opens_the_other_side() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let nothing = bench.place_with("alice", BTC, "-1", "1", true);
    let expected = ContractError::NothingToReduce { account: account("alice"), market: BTC, size: size("-1") };
    assert_eq!(nothing, Err(expected));
    bench.trade("alice", BTC, "1");
    bench.place_with("alice", BTC, "-5", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.run(BTC);
    assert!(bench.account("alice").positions.is_empty());
}

#[test]
fn margin_is_asked_when_an_order_is_placed_and_a_refusal_moves_nothing() {
    // R-49
    let mut bench = Bench::new();
    bench.deposit("alice", 1_000);
    let refused = bench.place("alice", BTC, "1", "70000").unwrap_err();
    // A tenth above the mark: 66,000 at 5 % + 100 % * 1/10,000, the smallest margin of 10, twice the fee of 66
    let (wanted, found) = (Amount::from_atoms(3_448_600_000), SignedAmount::from_atoms(999_900_000));
    assert_eq!(refused, ContractError::MarginTooLow { account: account("alice"), wanted, found });
    let after = bench.account("alice");
    assert_eq!((after.cash, after.margin_held), (units(1_000).signed().unwrap(), Amount::ZERO));
    assert!(after.orders.is_empty());
    assert_eq!((bench.pool().pool.escrow, bench.pool().pool.next_order), (Amount::ZERO, 0));
}

#[test]
fn margin_is_asked_again_at_the_price_of_the_fill_and_at_the_mark_and_a_refused_order_leaves_nothing_behind() {
    // R-49: (size, the order's own price, the price when it executes). A buy whose price fell since, and a sale at a price that
    // asks for more margin than the one that the market came back to.
    for (text, own, mark) in [("10", "60000", "57000"), ("-10", "110000", "60000")] {
        let mut bench = Bench::new();
        bench.deposit("alice", 36_000);
        let before = bench.market(BTC).state;
        let pool = bench.pool().pool;
        bench.place("alice", BTC, text, any_price(text)).unwrap();
        bench.advance(11);
        bench.publish(BTC, price(own), Price::ZERO, bench.now(), Validity::Valid);
        bench.advance(3);
        bench.publish(BTC, price(mark), Price::ZERO, bench.now(), Validity::Valid);
        assert_eq!(reasons(&bench.run(BTC)), [DropReason::Margin], "{text}");
        let after = bench.market(BTC).state;
        assert_eq!((after.long, after.short), (before.long, before.short));
        assert_eq!((after.traded_notional, after.open_notional), (Amount::ZERO, Amount::ZERO));
        let traders_cash = SignedAmount::from_atoms(35_999_900_000);
        assert_eq!(bench.pool().pool, Pool { traders_cash, next_order: 1, ..pool });
        let alice = bench.account("alice");
        assert_eq!((alice.cash, alice.margin_held), (SignedAmount::from_atoms(35_999_900_000), Amount::ZERO));
        assert!(alice.positions.is_empty() && alice.orders.is_empty());
        // At one price it would have filled.
        bench.set_price(BTC, "60000");
        assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, text)).len(), 1);
    }
}

#[test]
fn a_fill_asks_for_three_quarters_of_initial_margin_and_never_less_than_maintenance() {
    // R-32: a market that moves between placing and filling makes no order fail for want of a top-up, up to here. Of 36,500, ten long
    // and one more at 59,000 leave 25,191: 600 and 59 of fees, 649 for the way out, ten times 1,000.
    for (at, scalar, filled) in [
        // Initial margin of eleven is 5.11 % and 10: 33,174 there, 33,118 at 58,900.
        ("59000", 60, true),
        ("58900", 60, false),
        // Where maintenance margin is nine tenths of initial margin, that is the floor: 30,161 of 31,184, and 30,060 of 29,187.
        ("59600", 90, true),
        ("59400", 90, false),
    ] {
        let mut config = market_config("BTC", 1);
        config.margin.maintenance_scalar = Ratio::percent(scalar);
        config.open_interest_max = size("20");
        let mut bench = Bench::without_pool(config, market_config("ETH", 2));
        bench.provide("lp", 10_000_000).unwrap();
        bench.deposit("alice", 36_500);
        bench.trade("alice", BTC, "10");
        bench.place("alice", BTC, "1", any_price("1")).unwrap();
        let events = bench.step(BTC, 15, at);
        let dropped = if filled { vec![] } else { vec![DropReason::Margin] };
        assert_eq!(reasons(&events), dropped, "{at} at {scalar} %: {:?}", bench.account("alice"));
        assert!(!bench.account("alice").liquidatable, "{at} at {scalar} %");
    }
}

// R-49
#[test]
fn an_order_is_placed_with_exactly_what_it_needs_and_not_with_a_unit_less() {
    let mut bench = Bench::new();
    bench.deposit("rich", 100_000);
    bench.place("rich", BTC, "1", any_price("1")).unwrap();
    let held = bench.account("rich").margin_held;
    let needed = held.plus(bench.query::<ConfigResponse>(QueryMsg::Config {}).config.parameters.execution_fee).unwrap();
    let short = needed.minus(Amount::from_atoms(1)).unwrap();
    let place = |bench: &mut Bench, name: &str, paid: Amount| {
        bench.deposit_to(&account(name), paid);
        bench.place(name, BTC, "1", any_price("1")).map(|_| ())
    };
    let found = held.minus(Amount::from_atoms(1)).unwrap().signed().unwrap();
    let low = ContractError::MarginTooLow { account: account("short"), wanted: held, found };
    assert_eq!(place(&mut bench, "short", short), Err(low));
    assert_eq!(place(&mut bench, "exact", needed), Ok(()));
}

#[test]
fn margin_is_held_for_what_all_waiting_orders_open_together() {
    // R-32: each (size, reduce-only) with the whole units held for it, on top of a position of two. Margin of one is 60,000 at
    // 5.01 % and 10: 3,016; of two 120,000 at 5.02 % and 10: 6,034; of three 9,064; the fee is 60 for each unit, in and out again.
    let stories: [&[(&str, bool, u64)]; 3] = [
        // Each alone only closes or turns around what may be gone by then: one, and from one to three, 10 more should one be gone.
        &[("-1", false, 3_016 + 120), ("-2", false, 9_064 - 3_016 + 10 + 2 * 120)],
        // Reductions hold nothing and save nothing: from nothing to minus one, and on to minus two.
        &[("-5", true, 0), ("-1", false, 3_016 + 2 * 60), ("-1", false, 3_018 + 10 + 2 * 60)],
        // What goes the other way neither helps nor hurts: from two to three is 60,000 at 5.03 % and 120,000 at 0.01 % more.
        &[("-3", false, 9_064 + 2 * 180), ("1", false, 3_018 + 12 + 10 + 2 * 60)],
    ];
    for orders in stories {
        let mut bench = Bench::new();
        bench.deposit("alice", 50_000);
        bench.trade("alice", BTC, "2");
        for (text, reduce_only, held) in orders {
            let before = bench.account("alice").margin_held;
            // A buy is held for at its bound: the mark here.
            let bound = if text.starts_with('-') { "1" } else { "60000" };
            bench.place_with("alice", BTC, text, bound, *reduce_only).unwrap();
            assert_eq!(bench.account("alice").margin_held.minus(before).unwrap(), units(*held), "{text} of {orders:?}");
        }
    }
}

#[test]
fn a_reduction_that_would_leave_a_thin_account_worse_is_refused() {
    // R-49: closing one of ten at a band of 3,000 costs more than the margin it frees; closing ten leaves less than nothing.
    for (text, at, band) in [("-1", "58000", "3000"), ("-10", "55000", "0")] {
        let mut bench = Bench::new();
        bench.deposit("alice", 40_000);
        bench.trade("alice", BTC, "10");
        bench.place_with("alice", BTC, text, "1", true).unwrap();
        bench.advance(12);
        bench.publish(BTC, price(at), price(band), bench.now(), Validity::Valid);
        let cash = bench.account("alice").cash;
        assert_eq!(reasons(&bench.run(BTC)), [DropReason::Margin], "{text}");
        let alice = bench.account("alice");
        assert_eq!((alice.cash, alice.positions[0].size), (cash, Size::from_units(10)));
    }
    // The same band and no other: a thin account may reduce.
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "10");
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(12);
    bench.publish(BTC, price("58000"), Price::ZERO, bench.now(), Validity::Valid);
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
}

#[test]
fn nothing_raises_exposure_while_another_market_of_the_account_has_no_valid_price() {
    for validity in [Validity::SoftInvalid, Validity::Invalid] {
        let mut bench = Bench::new();
        bench.deposit("alice", 40_000);
        bench.deposit("bob", 40_000);
        bench.trade("alice", ETH, "10");
        for name in ["alice", "bob"] {
            bench.place(name, BTC, "1", "70000").unwrap();
        }
        bench.advance(12);
        bench.publish(BTC, price("60000"), Price::ZERO, bench.now(), Validity::Valid);
        bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), validity);
        let events = bench.run(BTC);
        // It waits for a while: whoever relays one price with or without the other takes no order back by that.
        assert_eq!((skips(&events), reasons(&events)), (vec![DropReason::PriceUnusable], vec![]));
        // R-11: who has nothing in the other market trades.
        assert_eq!(OrderFilled::all(&events)[0].account, account("bob"));
        assert_eq!(bench.account("alice").positions.len(), 1);
    }
}

#[test]
fn an_account_has_eight_markets() {
    let mut bench = nine_markets();
    for market in (1..=8).map(MarketId) {
        assert_eq!(OrderFilled::all(&bench.trade("alice", market, "0.1")).len(), 1, "{market}");
    }
    assert_eq!(bench.place("alice", MarketId(9), "0.1", any_price("0.1")), Err(a_market_too_many()));
    assert_eq!(bench.account("alice").positions.len(), 8);
    assert_eq!(OrderFilled::all(&bench.trade("alice", MarketId(8), "0.1")).len(), 1);
    bench.trade("alice", ETH, "-0.1");
    assert_eq!(OrderFilled::all(&bench.trade("alice", MarketId(9), "0.1")).len(), 1);
}

fn nine_markets() -> Bench {
    let mut bench = Bench::new();
    bench.deposit("alice", 200_000);
    for market in (3..=9).map(MarketId) {
        bench.add_market(market);
    }
    bench
}

#[test]
fn nobody_picks_which_of_two_orders_gets_the_last_market() {
    // R-32: with seven taken, an order in an eighth market and one in a ninth, whoever executed first chose which of them filled.
    let mut bench = nine_markets();
    for market in (1..=7).map(MarketId) {
        bench.trade("alice", market, "0.1");
    }
    let (eighth, ninth) = (MarketId(8), MarketId(9));
    let far = Trigger::Above(price("90000"));
    let stop = bench.place_request("alice", resting(eighth, "0.1", any_price("1"), far)).unwrap();
    assert_eq!(bench.place("alice", ninth, "0.1", any_price("0.1")), Err(a_market_too_many()));
    let several = vec![market_order(eighth, "0.1", any_price("1")), market_order(ninth, "0.1", any_price("1"))];
    let refused = bench.execute("alice", ExecuteMsg::PlaceOrders { orders: several }, 0);
    assert_eq!(refused.unwrap_err(), a_market_too_many());
    // More of a market that it has, a reduction, and another account of hers are no further market.
    bench.place("alice", eighth, "0.1", any_price("0.1")).unwrap();
    bench.place("alice", BTC, "0.1", any_price("0.1")).unwrap();
    bench.place_with("alice", BTC, "-0.1", "1", true).unwrap();
    bench.deposit_to(&subaccount("alice", 1), units(20_000));
    bench.place_in("alice", 1, ninth, size("0.1"), any_price("0.1"), false).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!((OrderFilled::all(&bench.run(eighth)).len(), OrderFilled::all(&bench.run(ninth)).len()), (1, 1));
    bench.trade("alice", eighth, "-0.1");
    assert_eq!(bench.account("alice").positions.len(), 7);

    // Asked to leave is not gone: a price that is published within the delay still fills it.
    bench.execute("alice", ExecuteMsg::CancelOrder { order: stop }, 0).unwrap();
    assert_eq!(bench.place("alice", ninth, "0.1", any_price("0.1")), Err(a_market_too_many()));
    bench.advance(15);
    bench.refresh();
    assert_eq!(reasons(&bench.run(eighth)), [DropReason::Canceled]);
    assert_eq!(OrderFilled::all(&bench.trade("alice", ninth, "0.1")).len(), 1);
    assert_eq!(bench.place("alice", eighth, "0.1", any_price("0.1")), Err(a_market_too_many()));
}

#[test]
fn at_a_doubtful_price_reduce_orders_fill_and_others_wait_and_at_an_invalid_one_all_wait() {
    let mut bench = Bench::new();
    for name in ["alice", "bob"] {
        bench.deposit(name, 20_000);
    }
    bench.trade("alice", BTC, "2");
    bench.place("bob", BTC, "1", "70000").unwrap();
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(12);
    bench.publish(BTC, price("60100"), Price::ZERO, bench.now(), Validity::Valid);
    for (validity, fills) in [(Validity::Invalid, 0), (Validity::SoftInvalid, 1), (Validity::SoftInvalid, 0)] {
        bench.advance(3);
        bench.publish(BTC, price("61000"), Price::ZERO, bench.now(), validity);
        let events = bench.run(BTC);
        assert!(OrderDropped::all(&events).is_empty());
        let filled = OrderFilled::all(&events);
        assert_eq!(filled.len(), fills, "{validity}");
        assert!(filled.iter().all(|filled| filled.account == account("alice")));
    }
    bench.advance(3);
    bench.publish(BTC, price("61000"), Price::ZERO, bench.now(), Validity::Valid);
    let filled = OrderFilled::all(&bench.run(BTC));
    // Still at its own round, 60,100, with a premium for skew 1 -> 2 of 3/20,000.
    assert_eq!((filled[0].account.clone(), filled[0].fill_price), (account("bob"), price("60109.015")));
}

#[test]
fn a_guarded_market_takes_half_of_its_largest_order() {
    let mut bench = Bench::new();
    bench.deposit("alice", 2_000_000);
    bench.restrict(BTC, Level::Guarded, 10_000);
    for (text, taken) in [("50.000000000000000001", false), ("50", true)] {
        bench.place("alice", BTC, text, "60290").unwrap();
        bench.advance(15);
        bench.refresh();
        let events = bench.run(BTC);
        assert_eq!(OrderFilled::all(&events).len(), usize::from(taken), "{text}");
        assert_eq!(reasons(&events), if taken { vec![] } else { vec![DropReason::Cap] }, "{text}");
    }
}

#[test]
fn an_order_that_cannot_be_computed_is_dropped_and_the_queue_behind_it_goes_on() {
    // Its own round has a band as wide as its price: there is no price to sell at.
    let mut bench = Bench::new();
    for name in ["alice", "bob"] {
        bench.deposit(name, 20_000);
    }
    bench.place("alice", BTC, "-1", "1").unwrap();
    bench.advance(11);
    bench.publish(BTC, price("60000"), price("60000"), bench.now(), Validity::Valid);
    bench.advance(1);
    bench.place("bob", BTC, "1", "70000").unwrap();
    bench.advance(11);
    bench.publish(BTC, price("60000"), Price::ZERO, bench.now(), Validity::Valid);
    let events = bench.run(BTC);
    assert_eq!(reasons(&events), [DropReason::Computation]);
    assert_eq!(OrderFilled::all(&events)[0].account, account("bob"));
    assert_eq!(bench.account("alice").margin_held, Amount::ZERO);
}

#[test]
fn an_order_whose_account_cannot_be_loaded_is_dropped_and_the_queue_behind_it_goes_on() {
    use cosmwasm_std::Storage;
    use firebreak_derivatives_vault::state::MARKET_CONFIGS;
    let mut bench = Bench::new();
    for name in ["alice", "bob"] {
        bench.deposit(name, 20_000);
    }
    bench.trade("alice", ETH, "1");
    for name in ["alice", "bob"] {
        bench.place(name, BTC, "1", "70000").unwrap();
    }
    bench.deps.storage.remove(&MARKET_CONFIGS.key(ETH.0));
    bench.advance(12);
    bench.publish(BTC, price("60000"), Price::ZERO, bench.now(), Validity::Valid);
    let events = bench.run(BTC);
    assert_eq!(reasons(&events), [DropReason::Computation]);
    assert_eq!(OrderFilled::all(&events)[0].account, account("bob"));
}

#[test]
fn sixteen_orders_of_an_account_wait_at_most() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    for turn in 0..16 {
        let market = if turn % 2 == 0 { BTC } else { ETH };
        bench.place("alice", market, "0.01", "70000").unwrap();
    }
    let one_more = bench.place("alice", BTC, "0.01", "70000");
    assert_eq!(one_more, Err(ContractError::TooManyOrders { account: account("alice"), max: 16 }));
    bench.advance(15);
    bench.refresh();
    bench.run(ETH);
    assert!(bench.place("alice", BTC, "0.01", "70000").is_ok());
}

#[test]
fn a_batch_pops_at_most_fifty_orders() {
    let mut bench = Bench::new();
    let refused = bench.execute("keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 51 }, 0).unwrap_err();
    let expected = ContractError::OutOfBounds { what: "limit", wanted: "at most 50".into(), found: "51".into() };
    assert_eq!(refused, expected);
    bench.deposit("alice", 20_000);
    for _ in 0..3 {
        bench.place("alice", BTC, "0.01", "70000").unwrap();
    }
    bench.advance(15);
    bench.refresh();
    let events = bench.execute("keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 2 }, 0).unwrap();
    assert_eq!((OrderFilled::all(&events).len(), bench.account("alice").orders.len()), (2, 1));
}

#[test]
fn caps_hold_for_the_order_and_for_the_side() {
    let config = MarketConfig { open_interest_max: Size::from_units(3), ..market_config("BTC", 1) };
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("alice", 100_000);
    let (wanted, found) = (Size::from_units(100), Size::from_units(101));
    let refused = bench.place("alice", BTC, "101", "70000");
    assert_eq!(refused, Err(ContractError::OrderTooLarge { market: BTC, wanted, found }));
    bench.trade("alice", BTC, "2");
    assert_eq!(reasons(&bench.trade("alice", BTC, "2")), [DropReason::Cap]);
    assert_eq!(bench.market(BTC).open_interest_long, Size::from_units(2));
}

#[test]
fn a_restricted_market_refuses_with_level_cause_since_until_and_what_stays_allowed() {
    // R-59
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.restrict(BTC, Level::ReduceOnly, 300);
    let (since, until) = (bench.now(), bench.now() + 300);
    let refused = bench.place("alice", BTC, "1", "70000").unwrap_err();
    let expected = ContractError::Restricted {
        action: Action::IncreaseExposure,
        level: Level::ReduceOnly,
        reason: Reason::Council,
        since,
        until,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    };
    assert_eq!(refused, expected);
    let status: StatusResponse = bench.query(QueryMsg::Status { market: BTC });
    assert_eq!((status.effective.posture.level, status.effective.until), (Level::ReduceOnly, until));
    // The other market trades on, and this one closes: at the edge of the band that is worse for the closer.
    assert_eq!(OrderFilled::all(&bench.trade("alice", ETH, "1")).len(), 1);
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(15);
    bench.publish(BTC, price("60000"), price("100"), bench.now(), Validity::Valid);
    let closed = OrderFilled::all(&bench.run(BTC));
    assert_eq!(closed[0].fill_price, price("59902.995")); // (60,000 - 100) * (1 + 1/20,000)
}

#[test]
fn an_unrenewed_lease_makes_its_market_reduce_only_and_no_other() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.leases_renewed = false;
    bench.set_price(BTC, "60100");
    let refused = bench.place("alice", BTC, "1", "70000").unwrap_err();
    assert!(matches!(
        refused,
        ContractError::Restricted { reason: Reason::LeaseExpired, level: Level::ReduceOnly, .. }
    ));
    assert!(bench.place("alice", ETH, "1", "4000").is_ok());
    bench.lose_posture(ETH);
    let refused = bench.place("alice", ETH, "1", "4000").unwrap_err();
    assert!(matches!(refused, ContractError::Restricted { reason: Reason::PostureMissing, .. }));
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(15);
    bench.set_price(BTC, "60100");
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
}

#[test]
fn a_frozen_market_takes_orders_and_lets_them_wait() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.restrict(BTC, Level::Frozen, 100);
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    let refused = bench.execute("keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 10 }, 0).unwrap_err();
    assert!(matches!(refused, ContractError::Restricted { action: Action::ExecuteOrders, level: Level::Frozen, .. }));
    let withdraw = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(1) };
    let events = bench.execute("alice", withdraw, 0).unwrap();
    assert_eq!((WithdrawalParked::all(&events).len(), bench.wallet("alice")), (1, 0));
    bench.deposit("alice", 1);
    bench.advance(100);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
}

#[test]
fn guarded_takes_only_orders_whose_bound_is_near_where_they_raise_the_skew() {
    let mut bench = Bench::new();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "-2");
    bench.restrict(BTC, Level::Guarded, 10_000);
    // Raises the skew, bound 17 % away: dropped. The same with a bound 0.3 % away: filled. One that lowers it: filled.
    assert_eq!(reasons(&bench.trade("alice", BTC, "-1")), [DropReason::Restricted]);
    bench.place("alice", BTC, "-1", "59820").unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    bench.deposit("bob", 100_000);
    assert_eq!(OrderFilled::all(&bench.trade("bob", BTC, "1")).len(), 1);
}

#[test]
fn a_stale_price_refuses_what_raises_exposure_and_keeps_exits() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.advance(61);
    let refused = bench.place("alice", BTC, "1", "70000").unwrap_err();
    let expected = ContractError::PriceUnusable {
        action: Action::IncreaseExposure,
        market: BTC,
        found: Validity::SoftInvalid,
        published_at: bench.now() - 61,
        now: bench.now(),
    };
    assert_eq!(refused, expected);
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.deposit("alice", 5);
}

#[test]
fn coins_that_a_message_does_not_expect_are_refused() {
    let mut bench = Bench::new();
    let with_coins = bench.execute("alice", ExecuteMsg::SweepFees {}, 1).unwrap_err();
    assert_eq!(with_coins, ContractError::UnexpectedFunds { found: format!("1000000{DENOM}") });
    let add = ExecuteMsg::AddCollateral { account: None, subaccount: 0 };
    let wrong = bench.execute_with("alice", add.clone(), cosmwasm_std::coins(5, "uatom")).unwrap_err();
    assert_eq!(wrong, ContractError::WrongFunds { wanted: DENOM.into(), found: "5uatom".into() });
    let nothing = bench.execute("alice", add, 0).unwrap_err();
    assert_eq!(nothing, ContractError::WrongFunds { wanted: DENOM.into(), found: "nothing".into() });
}

#[test]
fn amounts_that_are_zero_negative_or_not_numbers_do_not_pass_the_border() {
    // R-48
    for text in ["-1", "1.5", "", "1e6", "+1"] {
        let json = format!(r#"{{"withdraw_collateral":{{"subaccount":0,"amount":"{text}"}}}}"#);
        assert!(cosmwasm_std::from_json::<ExecuteMsg>(json.as_bytes()).is_err(), "{text}");
    }
    let mut bench = Bench::new();
    bench.deposit("alice", 10);
    let zero = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: Amount::ZERO };
    let refused = bench.execute("alice", zero, 0).unwrap_err();
    let expected = ContractError::OutOfBounds { what: "amount", wanted: "above 0".into(), found: "0".into() };
    assert_eq!(refused, expected);
    let refused = bench.place("alice", BTC, "0", "1").unwrap_err();
    assert!(matches!(refused, ContractError::Risk(RiskError::OutOfBounds { what: "size", .. })));
}

#[test]
fn a_price_at_the_bound_is_good_enough_and_one_atom_worse_is_not() {
    for text in ["1", "-1"] {
        let run = |bound: &str| {
            let mut bench = Bench::new();
            bench.deposit("alice", 100_000);
            bench.place("alice", BTC, text, bound).unwrap();
            bench.step(BTC, 15, "60000")
        };
        let filled = OrderFilled::all(&run(any_price(text)))[0].fill_price;
        assert_eq!(OrderFilled::all(&run(&filled.to_string())).len(), 1, "{text} at {filled}");
        let atom = Price::from_atoms(1);
        let beyond = if text == "1" { filled.minus(atom) } else { filled.plus(atom) }.unwrap();
        assert_eq!(reasons(&run(&beyond.to_string())), [DropReason::BoundMissed], "{text} at {beyond}");
    }
}
