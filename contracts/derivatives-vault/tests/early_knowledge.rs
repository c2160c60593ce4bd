//! somebody who knows prices before the chain does gains nothing (Levana, December 2023: traders filled at prices they
//! already knew were old).

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;

/// Seconds between reports of the feed.
const BEAT: u64 = 3;
/// How long before the chain the attacker holds each report: the order delay.
const HEAD_START: u64 = 10;

#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Seconds after the start at which the order is placed.
    place_at: u64,
    size: i32,
    /// Seconds after placing at which a cancel is asked for.
    cancel_after: Option<u64>,
}

/// Plays a plan against a path of (second, price) reports and closes in the end. Returns what the attacker gained.
fn profit(delay: u64, path: &[(u64, u32)], plan: Plan) -> i128 {
    let mut bench = Bench::new();
    let parameters = VaultParameters { order_delay_seconds: delay, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.deposit("eve", 100_000);
    bench.advance(60);
    let start = bench.now();
    let mut order = None;
    let end = path.last().unwrap().0 + 60;
    for second in 0..=end {
        bench.env.block.time = cosmwasm_std::Timestamp::from_seconds(start + second);
        bench.env.block.height += 1;
        let now = bench.now();
        if second == plan.place_at {
            let text = plan.size.to_string();
            let bound = if plan.size > 0 { "1000000" } else { "1" };
            order = bench.place("eve", BTC, &text, bound).ok();
        }
        if let (Some(order), Some(after)) = (order, plan.cancel_after) {
            if second == plan.place_at + after {
                bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).ok();
            }
        }
        let reported = path.iter().find(|(at, _)| *at == second).map(|(_, price)| *price).or_else(|| {
            let after_path = second > path.last().unwrap().0 && second % BEAT == 0;
            after_path.then(|| path.last().unwrap().1)
        });
        if let Some(units) = reported {
            bench.publish(BTC, Price::from_units(units), Price::ZERO, now, Validity::Valid);
            bench.run(BTC);
        }
    }
    // Out again, at the same flat price.
    if let Some(held) = bench.account("eve").positions.first() {
        let close = held.size.negated().unwrap();
        bench.place_with("eve", BTC, &close.to_string(), if close.is_long() { "1000000" } else { "1" }, true).unwrap();
        bench.advance(15);
        bench.refresh();
        bench.run(BTC);
    }
    assert!(bench.account("eve").positions.is_empty());
    bench.account("eve").cash.atoms() - 100_000_000_000
}

fn plans(from: u64, to: u64) -> Vec<Plan> {
    let mut plans = vec![];
    for place_at in from..=to {
        for size in [-5, 5] {
            for cancel_after in [None, Some(0), Some(1), Some(5), Some(9), Some(10), Some(11), Some(14)] {
                plans.push(Plan { place_at, size, cancel_after });
            }
        }
    }
    plans
}

/// Flat at 60,000, a jump at second 60, flat again.
fn jump(to: u32) -> Vec<(u64, u32)> {
    (0..=120).step_by(BEAT as usize).map(|second| (second, if second < 60 { 60_000 } else { to })).collect()
}

#[test]
fn holding_every_report_ten_seconds_early_never_pays() {
    // Every second at which the attacker already knows of the jump, both directions, with and without a late cancel.
    for to in [58_500, 61_500] {
        for plan in plans(60 - HEAD_START, 75) {
            let gained = profit(HEAD_START, &jump(to), plan);
            assert!(gained <= 0, "{plan:?} gained {gained} from a jump to {to}");
        }
    }
}

#[test]
fn an_order_of_before_the_knowledge_and_a_cancel_of_after_it_never_pay() {
    // A buy and a sale are placed blindly. Once the jump is known, the one that will lose is cancelled: too late for the
    // price that is its own, whenever it is asked for.
    for (to, winner) in [(58_500, -5), (61_500, 5)] {
        for place_at in 36..60 - HEAD_START {
            let plan = Plan { place_at, size: winner, cancel_after: None };
            let won = profit(HEAD_START, &jump(to), plan);
            for known_for in [0, 1, 3, 6, 7, 9, 10, 12] {
                let cancel_after = Some(60 - HEAD_START + known_for - place_at);
                let lost = profit(HEAD_START, &jump(to), Plan { place_at, size: -winner, cancel_after });
                let gained = won + lost;
                assert!(gained <= 0, "placed at {place_at}, cancelled after {cancel_after:?}: {gained} from {to}");
            }
        }
    }
}

#[test]
fn the_same_head_start_pays_where_the_delay_is_shorter() {
    // The unprotected figure: with the shortest delay that the bounds allow, five long units ride a jump of 1,500.
    let best = plans(60 - HEAD_START, 75).into_iter().map(|plan| profit(7, &jump(61_500), plan)).max().unwrap();
    assert!(best > 6_000_000_000, "{best}");
}

#[test]
fn a_ten_minute_feed_gap_with_a_known_end_never_pays() {
    // reports stop at second 30 and come back at second 630 with another price, which the attacker knows all along.
    for to in [57_000, 63_000] {
        let mut path: Vec<(u64, u32)> = (0..=30).step_by(BEAT as usize).map(|second| (second, 60_000)).collect();
        path.extend((630..=660).step_by(BEAT as usize).map(|second| (second, to)));
        for place_at in [21, 25, 31, 60, 91, 92, 300, 600, 625, 629, 630, 633] {
            for size in [-5, 5] {
                for cancel_after in [None, Some(1), Some(12), Some(580)] {
                    let plan = Plan { place_at, size, cancel_after };
                    let gained = profit(HEAD_START, &path, plan);
                    assert!(gained <= 0, "{plan:?} gained {gained} from a gap to {to}");
                }
            }
        }
    }
}

/// A venue whose execution fee matters beside the margin of a small order.
fn dear() -> Bench {
    let mut bench = Bench::new();
    let parameters = VaultParameters { execution_fee: units(1), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench
}

#[test]
fn fees_of_orders_that_close_nothing_yet_do_not_eat_the_margin_of_the_one_that_waits() {
    // else fifteen stops are a late cancel: they take what the order needs, and their own cancel gives it back.
    let mut bench = dear();
    bench.deposit("eve", 18);
    let order = bench.place("eve", BTC, "0.002", "70000").unwrap();
    // 132 at 5 %, 10, twice 0.132
    let held = bench.account("eve").margin_held;
    assert_eq!(held, Amount::from_atoms(16_864_027));
    bench.advance(5);
    for trigger in [Trigger::Below(price("50000")), Trigger::Above(price("70000")), Trigger::Health(Ratio::ONE)] {
        let refused = bench.place_request("eve", reducing(BTC, "-0.002", trigger));
        let found = units(16).signed().unwrap();
        assert_eq!(refused, Err(ContractError::MarginTooLow { account: account("eve"), wanted: held, found }));
    }
    bench.deposit("eve", 1);
    bench.place_request("eve", reducing(BTC, "-0.002", Trigger::Below(price("50000")))).unwrap();
    let filled = OrderFilled::all(&bench.step(BTC, 10, "59000"));
    assert_eq!(filled[0].order, order);
}

#[test]
fn whoever_holds_margin_for_an_order_may_still_leave_each_position_by_one_order() {
    //
    let mut bench = dear();
    bench.deposit("eve", 250);
    bench.trade("eve", ETH, "1");
    bench.place("eve", BTC, "0.002", "70000").unwrap();
    // Enough for the position, and not for what waits as well.
    bench.set_price(ETH, "2930");
    let eve = bench.account("eve");
    let wanted = eve.initial_margin.plus(eve.margin_held).unwrap();
    assert!(eve.equity < wanted.signed().unwrap() && !eve.liquidatable);
    let short_by = |bench: &mut Bench, request: OrderRequest| match bench.place_request("eve", request).unwrap_err() {
        ContractError::MarginTooLow { wanted: found, .. } => assert_eq!(found, wanted),
        other => panic!("{other}"),
    };
    let close = OrderRequest { reduce_only: true, ..market_order(ETH, "-0.5", "1") };
    short_by(&mut bench, reducing(ETH, "-1", Trigger::Below(price("2900"))));
    bench.place_request("eve", close.clone()).unwrap();
    short_by(&mut bench, close.clone());
    assert_eq!(OrderFilled::all(&bench.step(ETH, 15, "2930")).len(), 1);
    bench.place_request("eve", close).unwrap();
}

/// Holds ETH and BTC, and margin for an order in BTC beside them.
fn spread() -> Bench {
    let mut bench = dear();
    bench.deposit("eve", 265);
    bench.trade("eve", ETH, "1");
    bench.trade("eve", BTC, "0.002");
    bench.place("eve", BTC, "0.002", "70000").unwrap();
    bench
}

#[test]
fn an_order_that_leaves_one_market_stands_in_the_way_of_no_other() {
    //
    let mut bench = spread();
    bench.set_price(ETH, "2930");
    let eve = bench.account("eve");
    let wanted = eve.initial_margin.plus(eve.margin_held).unwrap();
    assert!(eve.equity < wanted.signed().unwrap() && !eve.liquidatable, "{eve:?}");
    for (market, all) in [(ETH, "-1"), (BTC, "-0.002")] {
        bench.place_request("eve", OrderRequest { reduce_only: true, ..market_order(market, all, "1") }).unwrap();
    }
}

#[test]
fn an_order_that_may_open_asks_for_its_margin_also_while_another_price_is_unusable() {
    //
    let mut bench = spread();
    bench.publish(ETH, price("3000"), Price::ZERO, bench.now(), Validity::Invalid);
    let refused = bench.place("eve", BTC, "0.1", "70000");
    assert!(matches!(refused, Err(ContractError::MarginTooLow { .. })), "{refused:?}");
}
