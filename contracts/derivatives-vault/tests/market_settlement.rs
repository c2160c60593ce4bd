//! F18 for one market: announced, priced by code, closed in one step.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, MarketId, Reason};
use firebreak_risk::*;

const HOUR: u64 = 3_600;

/// Schedules the settlement of BTC for `seconds` from now.
fn schedule(bench: &mut Bench, seconds: u64) -> u64 {
    let at = bench.now() + seconds;
    bench.execute("owner", ExecuteMsg::SettleMarket { market: BTC, at }, 0).unwrap();
    at
}

/// A round of both markets every 30 s until `until`, and a keeper who looks at each.
fn live(bench: &mut Bench, until: u64, price_at: impl Fn(u64) -> &'static str) {
    while bench.now() < until {
        bench.set_time((bench.now() + 30).min(until));
        let now = bench.now();
        bench.publish(BTC, price(price_at(now)), Price::ZERO, now, Validity::Valid);
        bench.publish(ETH, price("3000"), Price::ZERO, now, Validity::Valid);
        bench.run(BTC);
    }
}

fn settled_price(bench: &Bench) -> Option<Price> {
    bench.market(BTC).state.settlement.and_then(|settlement| settlement.price)
}

/// What a position brought: the account's cash against what it had before.
fn cash(bench: &Bench, name: &str) -> i128 {
    bench.account(name).cash.atoms()
}

fn restricted(action: Action, since: u64) -> ContractError {
    ContractError::Restricted {
        action,
        level: Level::Settlement,
        reason: Reason::Settlement,
        since,
        until: 0,
        allowed: "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
    }
}

#[test]
fn only_the_owner_announces_and_in_time_and_once() {
    let mut bench = Bench::new();
    let now = bench.now();
    let settle = |at| ExecuteMsg::SettleMarket { market: BTC, at };
    let refused = bench.execute("mallory", settle(now + HOUR), 0);
    let (wanted, found) = (address("owner"), address("mallory"));
    assert_eq!(refused, Err(ContractError::Unauthorized { wanted, found }));
    for at in [now + HOUR - 1, now + 30 * 86_400 + 1] {
        let wanted = format!("{} to {}", now + HOUR, now + 30 * 86_400);
        let refused = bench.execute("owner", settle(at), 0);
        assert_eq!(refused, Err(ContractError::OutOfBounds { what: "at", wanted, found: at.to_string() }));
    }
    let unknown = MarketId(9);
    let refused = bench.execute("owner", ExecuteMsg::SettleMarket { market: unknown, at: now + HOUR }, 0);
    assert_eq!(refused, Err(ContractError::UnknownMarket { market: unknown }));

    let events = bench.execute("owner", settle(now + HOUR), 0).unwrap();
    assert_eq!(MarketSettlementScheduled::all(&events), [MarketSettlementScheduled { market: BTC, at: now + HOUR }]);
    let again = Err(ContractError::SettlementScheduled { market: BTC, at: now + HOUR });
    assert_eq!(bench.execute("owner", settle(now + 2 * HOUR), 0), again);
    let config = market_config("BTC", 1);
    assert_eq!(bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0), again);
}

//
#[test]
fn nobody_adds_exposure_once_it_is_announced() {
    let mut bench = Bench::new();
    bench.deposit("early", 50_000);
    bench.deposit("late", 50_000);
    bench.deposit("holder", 50_000);
    bench.trade("holder", BTC, "1");
    let before = cash(&bench, "early");
    bench.place("early", BTC, "1", any_price("1")).unwrap();
    let since = bench.now();
    schedule(&mut bench, 2 * HOUR);
    // Placed one block before the announcement: dropped, whoever's round it is.
    bench.advance(15);
    bench.refresh();
    let events = bench.run(BTC);
    assert_eq!(reasons(&events), [DropReason::Restricted]);
    assert_eq!(cash(&bench, "early"), before - 100_000);
    let refused = |level| {
        Err(ContractError::Restricted {
            action: Action::IncreaseExposure,
            level,
            reason: Reason::Settlement,
            since,
            until: 0,
            allowed: match level {
                Level::ReduceOnly => "reduce orders, cancels, collateral in and out, liquidity requests",
                _ => "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
            },
        })
    };
    assert_eq!(bench.place("late", BTC, "1", any_price("1")).map(|_| ()), refused(Level::ReduceOnly));
    // A turn through zero is no reduction.
    bench.place_with("holder", BTC, "-3", any_price("-3"), true).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.run(BTC);
    assert_eq!(bench.market(BTC).open_interest_short, Size::ZERO);

    let at = bench.market(BTC).state.settlement.unwrap().at;
    // To the second in which the window begins.
    live(&mut bench, at - HOUR - 60, |_| "60000");
    for (moment, level) in [(at - HOUR - 1, Level::ReduceOnly), (at - HOUR, Level::Settlement)] {
        bench.advance(moment - bench.now());
        assert_eq!(bench.place("late", BTC, "1", any_price("1")).map(|_| ()), refused(level));
    }
    live(&mut bench, at - 30, |_| "60000");
    assert_eq!(bench.place("late", BTC, "1", any_price("1")).map(|_| ()), refused(Level::Settlement));
    live(&mut bench, at, |_| "60000");
    assert_eq!(bench.place("late", BTC, "1", any_price("1")).map(|_| ()), refused(Level::Settlement));
    assert_eq!(cash(&bench, "late"), units(50_000).signed().unwrap().atoms());
}

//
#[test]
fn the_price_is_the_median_of_the_window_and_not_what_somebody_makes_of_its_end() {
    let mut bench = Bench::new();
    bench.deposit("long", 200_000);
    bench.deposit("short", 200_000);
    bench.trade("long", BTC, "5");
    bench.trade("short", BTC, "-2");
    let at = schedule(&mut bench, 3 * HOUR);
    // Two hours at 90,000 do not count, nor do the last 25 minutes at 75,000.
    live(&mut bench, at - HOUR - 30, |_| "66000");
    live(&mut bench, at, |now| if now < at - 1_500 { "61000" } else { "75000" });
    assert_eq!(settled_price(&bench), Some(price("61000")));
    // What comes later changes nothing, and nothing is accrued.
    let state = bench.market(BTC).state;
    live(&mut bench, at + 2 * HOUR, |_| "10000");
    assert_eq!(bench.market(BTC).state, MarketState { long: state.long.clone(), short: state.short.clone(), ..state });
}

#[test]
fn all_close_at_one_price_and_the_skews_premium_stays_the_pools() {
    let mut bench = Bench::new();
    for (name, size) in [("a", "10"), ("b", "4"), ("c", "-3")] {
        bench.deposit(name, 300_000);
        bench.trade(name, BTC, size);
    }
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at - 30, |_| "62000");
    let (skew, scale) = (bench.market(BTC).skew, Size::from_units(10_000));
    assert_eq!(skew, Size::from_units(11));
    let before = bench.pool().pool;
    bench.set_time(at);
    let events = bench.run(BTC);
    let settled = &MarketSettled::all(&events)[0];
    // 62,000 * 121 / 20,000
    assert_eq!((settled.price, settled.skew, settled.premium), (price("62000"), skew, Amount::from_atoms(375_100_000)));
    assert_eq!(market_value(&Side::new(), &Side::new(), price("1"), scale).unwrap().convexity, Amount::ZERO);
    assert_eq!(bench.pool().pool.open_notional, Amount::ZERO);
    let value = bench.pool().value.unwrap();

    // Whoever comes first gets what he would get as the last.
    let shown: Vec<i128> = ["a", "b", "c"].map(|name| cash(&bench, name)).to_vec();
    for name in ["c", "a", "b"] {
        let events =
            bench.execute(name, ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(1) }, 0).unwrap();
        assert_eq!(PositionSettled::all(&events).len(), 1);
    }
    for (index, name) in ["a", "b", "c"].into_iter().enumerate() {
        assert_eq!(cash(&bench, name), shown[index] - 1_000_000, "{name}");
        assert!(bench.account(name).positions.is_empty());
    }
    let after = bench.pool();
    assert!(!bench.market(BTC).state.has_open_interest().unwrap());
    // Closing changed the pool by rounding alone.
    let moved = after.value.unwrap().deposit.minus(value.deposit).unwrap();
    assert!((0..=6).contains(&moved.atoms()), "{moved}");
    assert!(after.pool.cash < before.cash, "the longs won");
}

#[test]
fn within_the_window_nobody_trades_and_orders_come_back_free_of_charge() {
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let at = schedule(&mut bench, 2 * HOUR);
    // Before the window a reduction fills.
    bench.place_with("long", BTC, "-0.5", any_price("-1"), true).unwrap();
    live(&mut bench, at - HOUR - 30, |_| "60000");
    assert_eq!(bench.account("long").positions[0].size, size("0.5"));
    // Within it it waits, although the price is better than the average will be.
    let before = cash(&bench, "long");
    bench.place_with("long", BTC, "-0.5", any_price("-1"), true).unwrap();
    assert_eq!(cash(&bench, "long"), before - 100_000);
    live(&mut bench, at - 30, |now| if now < at - 600 { "60000" } else { "70000" });
    assert_eq!(bench.account("long").orders.len(), 1);
    assert_eq!(bench.account("long").positions[0].size, size("0.5"));
    live(&mut bench, at + 30, |_| "70000");
    assert_eq!(bench.account("long").orders, []);
    assert_eq!(bench.pool().pool.escrow, Amount::ZERO);
    assert_eq!(bench.wallet("keeper"), 200_000, "the two orders that were executed");
    // 0.5 bought at 60,000 * (1 + 1/20,000), settled at 60,000, less an hour or two of funding.
    let lost = before - cash(&bench, "long");
    assert!((1_500_000..1_600_000).contains(&lost), "{lost}");
    // The position is gone: there is nothing to reduce any more.
    let refused = bench.place_with("long", BTC, "-0.5", any_price("-1"), true);
    let gone = ContractError::NothingToReduce { account: account("long"), market: BTC, size: size("-0.5") };
    assert_eq!(refused, Err(gone));
}

#[test]
fn a_market_that_is_being_settled_takes_no_order_that_can_close_nothing() {
    // its entry is not taken any more, and its fee would leave with a keeper before anybody is paid.
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.deposit("flat", 100_000);
    bench.trade("long", BTC, "1");
    bench.place_request("flat", limit(BTC, "1", "30000")).unwrap();
    let stop = reducing(BTC, "-1", Trigger::Below(price("29000")));
    bench.place_request("flat", stop.clone()).unwrap();
    schedule(&mut bench, 2 * HOUR);
    let refused = bench.place_request("flat", stop.clone());
    let found = ContractError::NothingToReduce { account: account("flat"), market: BTC, size: size("-1") };
    assert_eq!(refused, Err(found));
    bench.place_request("long", stop).unwrap();
}

//
#[test]
fn no_restriction_holds_a_settlement_up() {
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let at = schedule(&mut bench, HOUR);
    bench.restrict_all(Level::Frozen, 86_400);
    bench.restrict(BTC, Level::Frozen, 86_400);
    live(&mut bench, at, |_| "61000");
    assert_eq!(settled_price(&bench), Some(price("61000")));
}

#[test]
fn a_silent_feed_postpones_and_at_last_the_mark_decides() {
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let at = schedule(&mut bench, HOUR);
    // Rounds for 25 of 60 minutes.
    live(&mut bench, at - HOUR + 1_500, |_| "60500");
    bench.set_time(at + 7);
    let events = bench.run(BTC);
    let next = at + 7 + HOUR;
    assert_eq!(settled_price(&bench), None);
    let postponed = &SettlementPostponed::all(&events)[0];
    assert_eq!((postponed.market, postponed.at), (BTC, next));
    assert!((1_400..=1_500).contains(&postponed.covered_seconds), "{postponed:?}");
    // Before the new window's end nothing happens, however often somebody asks.
    bench.set_time(next - 1);
    assert!(bench.run(BTC).is_empty());
    for miss in 2..=SETTLEMENT_MISSES_MAX {
        let at = bench.market(BTC).state.settlement.unwrap().at;
        bench.set_time(at);
        assert_eq!(SettlementPostponed::all(&bench.run(BTC)).len(), 1, "{miss}");
    }
    let at = bench.market(BTC).state.settlement.unwrap().at;
    bench.set_time(at);
    bench.run(BTC);
    assert_eq!(settled_price(&bench), Some(price("60500")));
    // Out without a price: the feed is gone.
    bench.withdraw("long", 0, units(90_000)).unwrap();
}

#[test]
fn a_market_that_nobody_is_in_needs_no_price() {
    let mut bench = Bench::new();
    let at = schedule(&mut bench, HOUR);
    bench.set_time(at);
    bench.run(BTC);
    assert_eq!(settled_price(&bench), Some(price("60000")));
}

#[test]
fn an_account_that_its_settlement_bankrupts_is_for_a_liquidation() {
    let mut bench = Bench::new();
    bench.fund = Fund::Honest(1_000);
    bench.deposit("poor", 5_000);
    bench.deposit("rich", 50_000);
    bench.trade("poor", BTC, "1");
    bench.trade("rich", BTC, "-1");
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "50000");
    assert_eq!(settled_price(&bench), Some(price("50000")));
    let poor = bench.account("poor");
    assert!(poor.liquidatable && poor.positions.len() == 1 && poor.equity.is_negative(), "{poor:?}");
    // Its owner can do nothing with it, and a touch leaves it alone.
    let refused = bench.withdraw("poor", 0, units(1));
    // A fifth of the notional, against what closing leaves.
    let (wanted, found) = (units(10_000), poor.equity.minus_amount(units(1)).unwrap());
    assert_eq!(refused, Err(ContractError::MarginTooLow { account: account("poor"), wanted, found }));
    let deficit = poor.equity.magnitude();
    let events = bench.liquidate(&["poor", "rich"]).unwrap();
    assert_eq!(PositionSettled::all(&events).len(), 2);
    assert_eq!(AccountHealthy::all(&events).len(), 1, "the rich one is only settled");
    let (ledger, poor) = (bench.losses(), bench.account("poor"));
    assert_eq!((poor.cash, poor.positions.len()), (SignedAmount::ZERO, 0));
    assert!(ledger.deficit.atoms().abs_diff(deficit.atoms()) <= 1, "{ledger:?} {deficit}");
    assert_eq!(ledger.insurance, units(1_000));
    assert_eq!(ledger.deficit, ledger.insurance.plus(ledger.pool).unwrap());
    assert!(!bench.market(BTC).state.has_open_interest().unwrap());
}

#[test]
fn collateral_and_liquidity_wait_for_the_price_and_then_need_none() {
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let since = bench.now();
    let at = schedule(&mut bench, 2 * HOUR);
    bench.withdraw("long", 0, units(1)).unwrap();
    // Exits wait from now on, and so do deposits.
    let held_back = |level, allowed| {
        let (action, reason) = (Action::ProvideLiquidity, Reason::Settlement);
        let refusal = ContractError::Restricted { action, level, reason, since, until: 0, allowed };
        Err(ContractError::InMarket { market: BTC, refusal: refusal.into() })
    };
    let allowed = "reduce orders, cancels, collateral in and out, liquidity requests";
    assert_eq!(bench.provide("other", 1_000), held_back(Level::ReduceOnly, allowed));
    live(&mut bench, at - 60, |_| "60000");
    // Taken, and held back until the price is known: a deficit would still find it.
    let paid = bench.wallet("long");
    bench.withdraw("long", 0, units(7)).unwrap();
    assert_eq!((bench.pool().pool.parked, bench.wallet("long")), (units(7), paid));
    let parked = ParkedId { account: account("long"), liquidity: false };
    let collect = bench.execute("anyone", ExecuteMsg::CollectParked(parked.clone()), 0);
    assert_eq!(collect, Err(restricted(Action::CollectParked, since)));
    // A deposit at a mark that is about to jump to a known average would be paid by the other providers.
    let allowed = "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests";
    assert_eq!(bench.provide("other", 1_000), held_back(Level::Settlement, allowed));
    assert_eq!(bench.pool().value, None);
    bench.deposit("long", 1);
    live(&mut bench, at, |_| "60000");
    // A day later BTC has no price any more: nobody inside needs it.
    bench.set_time(at + 86_400);
    bench.publish(ETH, price("3000"), Price::ZERO, at + 86_400, Validity::Valid);
    bench.provide("other", 1_000).unwrap();
    bench.execute("anyone", ExecuteMsg::CollectParked(parked), 0).unwrap();
    assert_eq!(bench.wallet("long"), paid + 7_000_000);
    bench.withdraw("long", 0, units(50_000)).unwrap();
    assert!(bench.account("long").positions.is_empty());
}

#[test]
fn a_cross_account_goes_on_in_its_other_market() {
    let mut bench = Bench::new();
    bench.deposit("both", 20_000);
    bench.trade("both", BTC, "0.5");
    bench.trade("both", ETH, "5");
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "50000");
    let both = bench.account("both");
    assert_eq!(both.positions.len(), 1);
    assert_eq!(both.positions[0].market, ETH);
    // 20,000 - 5,000 lost, less fees and premiums.
    assert!(both.cash < units(15_000).signed().unwrap() && both.cash > units(14_900).signed().unwrap(), "{both:?}");
    bench.trade("both", ETH, "1");
    assert_eq!(bench.account("both").positions[0].size, size("6"));
    assert!(!bench.market(BTC).state.has_open_interest().unwrap());
}

#[test]
fn a_liquidation_closes_what_is_not_settled_beside_what_is() {
    let mut bench = Bench::new();
    bench.deposit("both", 20_000);
    bench.trade("both", BTC, "0.5");
    bench.trade("both", ETH, "30");
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "50000");
    // Nothing of the account has been touched since: its settled position is still in it.
    bench.advance(5);
    bench.set_price(ETH, "2500");
    let events = bench.liquidate(&["both"]).unwrap();
    let closed = PositionLiquidated::all(&events);
    assert_eq!(closed.iter().map(|fact| fact.market).collect::<Vec<_>>(), [ETH], "{events:?}");
    let left = bench.account("both").positions;
    assert!(left.iter().all(|position| position.market == ETH), "{left:?}");
}

//
#[test]
fn what_a_settlement_wins_vests_like_any_profit() {
    let vesting = |symbol, feed| MarketConfig { vesting_half_life_seconds: 21_600, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(vesting("BTC", 1), vesting("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let before = cash(&bench, "long");
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "70000");
    // Closed by a touch, and none of the 10,000 is cash yet.
    bench.withdraw("long", 0, units(1)).unwrap();
    let state = bench.pool().pool;
    assert!(bench.account("long").positions.is_empty());
    assert_eq!(cash(&bench, "long"), before - 1_000_000);
    assert!(state.unvested > units(9_900) && state.unvested < units(10_000), "{state:?}");
    // Half of it six hours later, although the market has neither price nor position any more.
    bench.set_time(at + 21_600);
    let vested = cash(&bench, "long") - before + 1_000_000;
    let half = i128::try_from(state.unvested.atoms() / 2).unwrap();
    assert!((half - 2..=half).contains(&vested), "{vested} {half}");
}

/// Half a day's half-life of profit is left in a market that is settled for good, and only that waits.
fn winner_of_a_settled_market() -> Bench {
    let vesting = |symbol, feed| MarketConfig { vesting_half_life_seconds: 43_200, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(vesting("BTC", 1), vesting("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    for name in ["winner", "other"] {
        bench.deposit(name, 50_000);
    }
    bench.trade("winner", BTC, "1");
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "61000");
    bench
}

//
#[test]
fn who_has_won_in_a_settled_market_takes_out_what_is_free() {
    let mut bench = winner_of_a_settled_market();
    bench.withdraw("winner", 0, units(40_000)).unwrap();
    let unvested = bench.account("winner").unvested;
    // A thousand and the premium of its skew, which left with it, less fees and carry: all but a little of it has not vested.
    assert!(unvested > units(900) && unvested < units(1_000), "{unvested}");
    assert_eq!((bench.wallet("winner"), bench.pool().pool.parked), (40_000_000_000, Amount::ZERO));
    // The profit itself vests as it did: none of it leaves with the rest.
    let cash = bench.account("winner").cash;
    let (wanted, found) = (cash.positive_part().plus(Amount::from_atoms(1)).unwrap(), cash);
    let refused = bench.withdraw("winner", 0, wanted);
    assert_eq!(refused, Err(ContractError::InsufficientCash { account: account("winner"), wanted, found }));
    // A restriction of the market holds it back like anybody in it.
    bench.restrict(BTC, Level::Frozen, 60);
    bench.withdraw("winner", 0, units(9)).unwrap();
    assert_eq!((bench.wallet("winner"), bench.pool().pool.parked), (40_000_000_000, units(9)));
    bench.advance(600);
    let id = ParkedId { account: account("winner"), liquidity: false };
    bench.execute("anyone", ExecuteMsg::CollectParked(id), 0).unwrap();
    assert_eq!((bench.wallet("winner"), bench.pool().pool.parked), (40_009_000_000, Amount::ZERO));
}

//
#[test]
fn nobody_makes_others_wait_by_a_claim_in_a_settled_market() {
    let mut bench = winner_of_a_settled_market();
    for slot in 1..=6 {
        bench.withdraw("winner", 0, Amount::from_atoms(1)).unwrap();
        bench.withdraw("other", 0, units(100)).unwrap();
        assert_eq!((bench.wallet("winner"), bench.wallet("other")), (slot, slot * 100_000_000));
        bench.advance(600);
    }
    assert!(!bench.account("winner").unvested.is_zero());
    assert_eq!(bench.pool().pool.parked, Amount::ZERO);
}

#[test]
fn resting_orders_come_back_too_in_bounded_steps() {
    let mut bench = Bench::new();
    bench.deposit("long", 100_000);
    bench.trade("long", BTC, "1");
    let before = cash(&bench, "long");
    for order in [
        limit(BTC, "1", "30000"),
        reducing(BTC, "-1", Trigger::Above(price("90000"))),
        reducing(BTC, "-1", Trigger::Health(Ratio::percent(110))),
    ] {
        bench.place_request("long", order).unwrap();
    }
    let at = schedule(&mut bench, HOUR);
    live(&mut bench, at, |_| "60000");
    assert_eq!(bench.account("long").orders.len(), 3);
    for left in [2, 1, 0] {
        let events = bench.execute("anyone", ExecuteMsg::ExecuteOrders { market: BTC, limit: 1 }, 0).unwrap();
        assert_eq!(reasons(&events), [DropReason::Settled]);
        assert_eq!(bench.account("long").orders.len(), left);
    }
    assert_eq!((bench.pool().pool.escrow, bench.account("long").margin_held), (Amount::ZERO, Amount::ZERO));
    assert!(bench.run(BTC).is_empty(), "no shelf remembers them");
    assert_eq!(bench.wallet("anyone"), 0);
    // Flat again but for the premium of opening and an hour's carry.
    let lost = before - cash(&bench, "long");
    assert!((3_000_000..3_200_000).contains(&lost), "{lost}");
}
