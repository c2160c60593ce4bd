//! The limits of a market: caps that ramp, net and concentrated exposure, margin by open interest, the borrow fee, and the price
//! at which an account is liquidated.

use crate::support;

use crate::support::*;
use cosmwasm_std::Event;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::MarketId;
use firebreak_risk::*;
use proptest::prelude::*;

const SOL: MarketId = MarketId(3);
const DAY: u64 = 86_400;

fn with(change: impl FnOnce(&mut MarketConfig)) -> Bench {
    let mut btc = market_config("BTC", 1);
    change(&mut btc);
    let mut bench = Bench::without_pool(btc, market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    for name in ["alice", "bob", "carol"] {
        bench.deposit(name, 1_000_000);
    }
    bench
}

fn configure(bench: &mut Bench, market: MarketId, change: impl FnOnce(&mut MarketConfig)) {
    let mut config = market_config(&format!("M{}", market.0), market.0);
    change(&mut config);
    bench.execute("owner", ExecuteMsg::ConfigureMarket { market, config }, 0).unwrap();
}

fn cap(bench: &Bench, market: MarketId) -> Size {
    bench.market(market).open_interest_cap
}

/// Fills of one order, or why it was dropped.
fn outcome(bench: &mut Bench, name: &str, market: MarketId, text: &str) -> Result<(), DropReason> {
    let events = bench.trade(name, market, text);
    match reasons(&events).first() {
        Some(reason) => Err(*reason),
        None => {
            assert_eq!(OrderFilled::all(&events).len(), 1);
            Ok(())
        }
    }
}

//
#[test]
fn a_market_added_next_to_others_money_starts_closed_and_opens_by_its_daily_share() {
    let mut bench = with(|_| {});
    configure(&mut bench, SOL, |config| config.cap_ramp_daily = Ratio::percent(25));
    assert_eq!(cap(&bench, SOL), Size::ZERO, "in its own block");
    bench.set_price(SOL, "60000");
    assert!(cap(&bench, SOL) < size("0.01"));
    assert_eq!(outcome(&mut bench, "alice", SOL, "1"), Err(DropReason::Cap));
    bench.advance(DAY);
    bench.refresh();
    assert_eq!(outcome(&mut bench, "alice", SOL, "20"), Ok(()));
    assert_eq!(outcome(&mut bench, "bob", SOL, "6"), Err(DropReason::Cap), "26 of 25");
    bench.advance(3 * DAY);
    assert_eq!(cap(&bench, SOL), size("100"));
}

// whoever replaces a feed's sources and raises the cap in one operation waits for the cap all the same.
#[test]
fn a_raised_cap_ramps_and_a_lower_one_acts_at_once() {
    let mut bench = with(|config| config.open_interest_max = size("10"));
    assert_eq!(cap(&bench, BTC), size("10"), "the markets of the bootstrap are open");
    configure(&mut bench, BTC, |config| config.cap_ramp_daily = Ratio::percent(50));
    assert_eq!(cap(&bench, BTC), size("10"));
    bench.advance(DAY / 2);
    assert_eq!(cap(&bench, BTC), size("35"));
    configure(&mut bench, BTC, |config| config.open_interest_max = size("5"));
    assert_eq!(cap(&bench, BTC), size("5"));
    configure(&mut bench, BTC, |_| {});
    assert_eq!(cap(&bench, BTC), size("5"), "down and up again gains nothing");
}

// the cap is on what the pool is short or long, whoever and however many they are.
#[test]
fn net_open_interest_is_capped_and_what_balances_the_book_is_welcome() {
    let mut bench = with(|config| config.skew_max = size("10"));
    assert_eq!(outcome(&mut bench, "alice", BTC, "6"), Ok(()));
    assert_eq!(outcome(&mut bench, "bob", BTC, "5"), Err(DropReason::Cap));
    assert_eq!(outcome(&mut bench, "bob", BTC, "-8"), Ok(()), "6 - 8");
    assert_eq!(outcome(&mut bench, "carol", BTC, "12"), Ok(()), "-2 + 12");
    // A cap lowered below the skew: raising is refused, balancing is taken although the skew stays above the cap.
    configure(&mut bench, BTC, |config| config.skew_max = size("1"));
    assert_eq!(outcome(&mut bench, "alice", BTC, "0.5"), Err(DropReason::Cap));
    assert_eq!(outcome(&mut bench, "bob", BTC, "-4"), Ok(()), "10 - 4");
}

// elsewhere any size filled at the oracle's price.
#[test]
fn every_fill_pays_for_its_size_and_the_deeper_the_book_is_tilted_the_more() {
    for sign in ["", "-"] {
        let mut worst = Price::ZERO;
        for (name, text) in [("alice", "1"), ("bob", "10"), ("carol", "40")] {
            let mut bench = with(|_| {});
            let text = format!("{sign}{text}");
            let impact = |events: &[Event]| OrderFilled::all(events)[0].fill_price.distance(price("60000"));
            let alone = impact(&bench.trade(name, BTC, &text));
            assert!(alone > worst, "{text}: {alone} after {worst}");
            worst = alone;
            // The same again, at the skew that it left: three times as far from the oracle's price.
            let again = impact(&bench.trade(name, BTC, &text));
            assert!(again.distance(Price::from_atoms(alone.atoms() * 3)).atoms() <= 3, "{text}: {again} after {alone}");
        }
    }
}

// elsewhere anybody closed anybody's position where the value of the open interest had passed its cap.
#[test]
fn a_market_above_its_caps_closes_nobody() {
    let mut bench = with(|config| config.insurance_ratio_min = Ratio::ZERO);
    assert_eq!(outcome(&mut bench, "alice", BTC, "10"), Ok(()));
    assert_eq!(outcome(&mut bench, "bob", BTC, "-4"), Ok(()));
    // Five times the price: far more open notional than the margin bounds, the fund and a lowered cap allow.
    configure(&mut bench, BTC, |config| {
        config.open_interest_max = size("3");
        config.skew_max = size("1");
        config.account_share_max = Ratio::percent(20);
        config.insurance_ratio_min = Ratio::ONE;
        (config.margin.open_interest_low, config.margin.open_interest_high) = (units(1), units(2));
    });
    for name in ["bob", "alice"] {
        bench.deposit(name, 1_000_000);
    }
    bench.set_price(BTC, "300000");
    let before = ["alice", "bob"].map(|name| bench.account(name).positions[0].size);
    let events = bench.liquidate(&["alice", "bob"]).unwrap();
    assert_eq!((PositionLiquidated::all(&events).len(), AccountHealthy::all(&events).len()), (0, 2));
    assert!(bench.run(BTC).iter().all(|event| !event.ty.contains("deleveraged")));
    assert_eq!(["alice", "bob"].map(|name| bench.account(name).positions[0].size), before);
    // No further, and out.
    assert_eq!(outcome(&mut bench, "carol", BTC, "-0.1"), Err(DropReason::Cap));
    bench.place_with("bob", BTC, "4", any_price("4"), true).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.run(BTC);
    assert!(bench.account("bob").positions.is_empty());
}

//
#[test]
fn one_account_holds_its_share_of_a_side_at_most() {
    let mut bench = with(|config| config.account_share_max = Ratio::percent(20));
    assert_eq!(outcome(&mut bench, "alice", BTC, "20"), Ok(()));
    assert_eq!(outcome(&mut bench, "alice", BTC, "0.001"), Err(DropReason::Cap));
    assert_eq!(outcome(&mut bench, "alice", BTC, "-40"), Ok(()), "the other side has a cap of its own");
    assert_eq!(outcome(&mut bench, "bob", BTC, "-20.001"), Err(DropReason::Cap));
}

//
#[test]
fn open_interest_beyond_the_funds_share_blocks_increases_only() {
    let mut bench = with(|config| config.insurance_ratio_min = Ratio::percent(10));
    bench.fund = Fund::Honest(0);
    assert_eq!(outcome(&mut bench, "alice", BTC, "1"), Err(DropReason::Cap), "the vault has not seen the fund yet");
    *bench.bank.entry(address("fund")).or_default() += units(60_100).atoms();
    bench.donate(0);
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.pool().pool.insurance_size, units(60_100));
    assert_eq!(outcome(&mut bench, "alice", BTC, "10"), Ok(()), "600,000 against 60,100");
    assert_eq!(outcome(&mut bench, "alice", BTC, "0.1"), Err(DropReason::Cap));
    assert_eq!(outcome(&mut bench, "bob", BTC, "-5"), Ok(()), "the larger side counts");
    assert_eq!(outcome(&mut bench, "alice", BTC, "-2"), Ok(()), "out is always open");
    // What is swept counts, and the size is told again with every sweep.
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    let held = bench.bank[&address("fund")];
    assert!(held > units(60_100).atoms());
    assert_eq!(bench.pool().pool.insurance_size, Amount::from_atoms(held));
    // A sweep that fails takes its fees back out of the figure.
    bench.trade("bob", BTC, "1");
    bench.fund = Fund::Fails;
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.pool().pool.insurance_size, Amount::from_atoms(held));
}

// the YFI pattern. Each account alone is small; together they are what makes the next one dear.
#[test]
fn a_crowded_market_asks_for_more_margin_and_liquidates_nobody() {
    let mut bench = with(|config| {
        config.margin.open_interest_low = units(1_000_000);
        config.margin.open_interest_high = units(3_000_000);
    });
    bench.deposit("dora", 40_000);
    bench.deposit("emil", 40_000);
    assert_eq!(outcome(&mut bench, "dora", BTC, "5"), Ok(()), "300,000 at 5 %");
    let before = bench.account("dora");
    assert_eq!(outcome(&mut bench, "alice", BTC, "20"), Ok(()));
    // 1.5 million open: a quarter of the way from 5 % to everything, of 300,000 and what the bound allows.
    let refused = bench.place("emil", BTC, "5", "61000").unwrap_err();
    let ContractError::MarginTooLow { account, wanted, .. } = refused else { panic!("{refused}") };
    assert_eq!(account, support::account("emil"));
    assert!(wanted > units(87_000) && wanted < units(90_000), "{wanted}");
    let after = bench.account("dora");
    assert!(after.initial_margin > before.initial_margin.times(Ratio::percent(500), Rounding::Floor).unwrap());
    assert!(!after.liquidatable && after.maintenance_margin <= before.maintenance_margin.plus(units(1)).unwrap());
    bench.place_with("dora", BTC, "-5", any_price("-5"), true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1, "out is open");
}

/// 10 % of the open notional is reserved of a pool of 10 million; 60 % a day for each unit of it.
fn borrowing() -> Bench {
    let mut bench = with(|config| {
        config.funding.velocity_max = Ratio::ZERO;
        config.funding.borrow_low = Ratio::percent(60);
        config.funding.borrow_high = Ratio::percent(100);
    });
    bench.trade("alice", BTC, "20");
    bench.trade("bob", BTC, "-10");
    bench
}

fn borrowed(bench: &Bench) -> (i128, i128) {
    let state = bench.market(BTC).state;
    (state.long.cash_index.atoms(), state.short.cash_index.atoms())
}

#[test]
fn both_sides_pay_the_pool_for_its_coins() {
    // 30 * 60,000 * 10 % of 10,000,000 and something: 1.8 % used, 1.08 % a day.
    let mut bench = borrowing();
    bench.run(BTC);
    let rate = bench.market(BTC).state.borrow_rate;
    assert!(rate > "0.0107".parse().unwrap() && rate <= "0.0108".parse().unwrap(), "{rate}");
    let (before, value) = (borrowed(&bench), bench.pool().value.unwrap().deposit);
    bench.advance(DAY);
    bench.refresh();
    let after = borrowed(&bench);
    // A day at 60,000: some 645 a unit; the short's nominal is negative, so its index rises.
    let paid = before.0 - after.0;
    assert_eq!(paid, after.1 - before.1, "both pay the same for a unit");
    let fee = borrow_fee(rate, price("60000"), DAY).unwrap().atoms();
    assert_eq!(paid, fee);
    let gained = bench.pool().value.unwrap().deposit.minus(value).unwrap().atoms();
    let wanted = fee * 30 / 1_000_000_000_000;
    assert!((-4..=4).contains(&(gained - wanted)), "{gained} {wanted}");
}

//
#[test]
fn a_day_touched_each_hour_costs_what_a_day_does() {
    let run = |touches: u64| {
        let mut bench = borrowing();
        bench.run(BTC);
        let before = borrowed(&bench);
        for _ in 0..touches {
            bench.advance(DAY / touches);
            bench.refresh();
            bench.run(BTC);
        }
        let after = borrowed(&bench);
        (before.0 - after.0, after.1 - before.1)
    };
    let (once, often) = (run(1), run(24));
    assert!((0..=24).contains(&(often.0 - once.0)), "{once:?} {often:?}");
    assert!((0..=24).contains(&(often.1 - once.1)), "{once:?} {often:?}");
}

// Nobody makes the past dearer: the rate that runs is the one that the last touch found.
#[test]
fn a_trade_changes_the_rate_of_what_comes_and_not_of_what_has_run() {
    let mut bench = borrowing();
    bench.run(BTC);
    let (rate, before) = (bench.market(BTC).state.borrow_rate, borrowed(&bench));
    // Carol fills in ETH, so that BTC is not touched, and takes up more of the pool.
    let since = bench.now();
    bench.trade("carol", ETH, "100");
    let elapsed = bench.now() - since;
    let touched = bench.market(BTC).state;
    let fee = borrow_fee(rate, price("60000"), elapsed).unwrap().atoms();
    assert_eq!(before.0 - touched.long.cash_index.atoms(), fee);
    assert!(touched.borrow_rate > rate);
}

#[test]
fn figures_out_of_bounds_are_refused() {
    let mut bench = Bench::new();
    let mut refused = |change: &dyn Fn(&mut MarketConfig)| {
        let mut config = market_config("BTC", 1);
        change(&mut config);
        bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap_err()
    };
    let bounds = |what: &'static str, wanted: &str, found: &str| ContractError::OutOfBounds {
        what,
        wanted: wanted.into(),
        found: found.into(),
    };
    let zero = refused(&|config| config.skew_max = Size::ZERO);
    assert_eq!(zero, bounds("skew_max", "above 0, at most 10000000000000", "0"));
    let zero = refused(&|config| config.account_share_max = Ratio::ZERO);
    assert_eq!(zero, bounds("account_share_max", "above 0", "0"));
    let faster = refused(&|config| config.cap_ramp_daily = Ratio::percent(101));
    assert_eq!(faster, bounds("cap_ramp_daily", "at most 1", "1.01"));
    let more = refused(&|config| config.insurance_ratio_min = Ratio::percent(101));
    assert_eq!(more, bounds("insurance_ratio_min", "at most 1", "1.01"));
    let dear = refused(&|config| config.funding.borrow_high = Ratio::percent(101));
    assert_eq!(dear, bounds("funding.borrow_high", "at most 1", "1.01"));
    let flat = refused(&|config| config.margin.open_interest_high = config.margin.open_interest_low);
    assert_eq!(flat, bounds("margin.open_interest_low", "below open_interest_high", "1000000000000000000"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    // F5: the price that the query names is where the account turns, with another market beside it.
    #[test]
    fn the_account_turns_at_the_price_that_the_query_names(
        long in any::<bool>(),
        units in 1u32..=8,
        other in -20i32..=20,
        collateral in 40_000u64..=60_000,
    ) {
        let mut bench = Bench::new();
        bench.deposit("alice", collateral);
        bench.deposit("bob", 1_000_000);
        bench.trade("bob", BTC, "12");
        if other != 0 {
            bench.trade("alice", ETH, &other.to_string());
        }
        bench.trade("alice", BTC, &if long { units.to_string() } else { format!("-{units}") });
        let held = bench.account("alice");
        prop_assume!(!held.positions.is_empty() && held.positions[0].market == BTC);
        prop_assert!(!held.liquidatable);
        let turns = held.positions[0].liquidation_price;
        // Nothing passes but the block: funding stays where it is.
        let mut at = |text: Price| {
            let (now, height) = (bench.now(), bench.env.block.height);
            bench.publish(BTC, text, Price::ZERO, now, firebreak_messages::oracle::Validity::Valid);
            bench.env.block.height = height + 1;
            bench.account("alice").liquidatable
        };
        let Some(turns) = turns else {
            prop_assert!(long);
            prop_assert!(!at(Price::from_atoms(1_000_000)));
            return Ok(());
        };
        let cent = price("0.01");
        let (below, above) = (turns.minus(cent).unwrap(), turns.plus(cent).unwrap());
        prop_assert_eq!((at(below), at(above)), (long, !long), "{}", turns);
    }
}
