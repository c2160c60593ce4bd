//! Liquidation and the loss waterfall: who is liquidated, how much of it, and who pays.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;

/// Alice: 10 BTC long on 40,000 of collateral (15x); initial margin 5.1 % of 600,030.
fn leveraged() -> Bench {
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "10")).len(), 1);
    bench
}

/// Not liquidatable, and closing an atom of margin less would leave it below the buffer: what is off is the rounding of each
/// figure.
fn assert_at_the_buffer(bench: &Bench, name: &str) {
    let after = bench.account(name);
    assert!(!after.liquidatable);
    let buffered = after.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
    let spare = after.equity.minus_amount(buffered).unwrap();
    assert!((-6..10).contains(&spare.atoms()), "{spare} to spare");
}

#[test]
fn a_healthy_account_is_passed_over() {
    let mut bench = leveraged();
    let events = bench.liquidate(&["alice"]).unwrap();
    assert_eq!(AccountHealthy::all(&events).len(), 1);
    assert!(PositionLiquidated::all(&events).is_empty());
    let none = bench.liquidate(&[]).unwrap_err();
    assert_eq!(none, ContractError::BatchSize { wanted: 1, max: 10, found: 0 });
}

#[test]
fn only_as_much_is_closed_as_makes_the_account_healthy_with_the_buffer() {
    //
    let mut bench = leveraged();
    bench.set_price(BTC, "57800"); // about -22,000: equity about 17,000, maintenance 3.06 % of 578,000 = 17,700
    assert!(bench.account("alice").liquidatable);
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed = &PositionLiquidated::all(&events)[0];
    assert!(closed.size_after > Size::from_units(5), "most of it stays open: {}", closed.size_after);
    assert_at_the_buffer(&bench, "alice");
    assert_eq!(closed.penalty, closed.notional.times(Ratio::percent(1), Rounding::Ceil).unwrap());
    assert_eq!(bench.losses(), LossLedger::default());
}

#[test]
fn positions_that_need_not_be_closed_stay_open() {
    // BTC, the larger maintenance margin, is cut; ETH is not touched.
    let mut bench = leveraged();
    bench.trade("alice", ETH, "1");
    bench.set_price(BTC, "57700");
    let events = bench.liquidate(&["alice"]).unwrap();
    let markets: Vec<MarketId> = PositionLiquidated::all(&events).into_iter().map(|closed| closed.market).collect();
    assert_eq!(markets, [BTC]);
    assert_eq!(bench.account("alice").positions.len(), 2);
    // The margin of what stays is counted with the buffer, too.
    assert_at_the_buffer(&bench, "alice");
}

#[test]
fn equity_is_what_closing_would_leave_after_the_fee() {
    let mut bench = leveraged();
    bench.set_price(BTC, "58400");
    let account = bench.account("alice");
    let fee = Amount::from_units(584); // 0.1 % of 584,000
    let expected = account.cash.plus(account.positions[0].pnl).unwrap().minus_amount(fee).unwrap();
    assert_eq!(account.equity, expected);
    // The fee alone makes the difference between healthy and not, at some price on the way down.
    let mut units = 58_400;
    while !bench.account("alice").liquidatable {
        units -= 10;
        bench.set_price(BTC, &units.to_string());
    }
    let account = bench.account("alice");
    assert!(account.equity.plus_amount(fee).unwrap() > account.maintenance_margin.signed().unwrap(), "at {units}");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1);
}

#[test]
fn what_is_liquidated_is_counted_for_the_breaker() {
    let mut bench = leveraged();
    bench.deposit("bob", 40_000);
    bench.trade("bob", BTC, "10");
    let traded = bench.market(BTC).state.traded_notional;
    bench.set_price(BTC, "57000");
    let closed = PositionLiquidated::all(&bench.liquidate(&["alice", "bob"]).unwrap());
    assert_eq!(closed.len(), 2);
    let state = bench.market(BTC).state;
    assert_eq!(state.liquidated_notional, closed[0].notional.plus(closed[1].notional).unwrap());
    let at_fill =
        |closed: &PositionLiquidated| closed.size_closed.notional(closed.price, Rounding::Ceil).unwrap().atoms();
    let sum = closed.iter().map(at_fill).sum::<u128>();
    // Each at its exact price; the event's is rounded to 18 decimals.
    let counted = state.traded_notional.minus(traded).unwrap().atoms();
    assert!(counted.abs_diff(sum) <= 2, "{counted} {sum}");
}

#[test]
fn a_deficit_of_two_markets_is_split_by_what_each_lost() {
    // F11
    let mut bench = leveraged();
    bench.deposit("alice", 25_000);
    bench.trade("alice", ETH, "100");
    bench.set_price(BTC, "54000");
    bench.set_price(ETH, "2700");
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed = PositionLiquidated::all(&events);
    let lost: Vec<u128> = closed.iter().map(|closed| closed.realised_pnl.magnitude().atoms()).collect();
    assert_eq!(closed.iter().map(|closed| closed.market).collect::<Vec<_>>(), [BTC, ETH]);
    let deficit = bench.losses().deficit.atoms();
    let eth = deficit * lost[1] / (lost[0] + lost[1]);
    let booked: Vec<_> = LossBooked::all(&events).into_iter().map(|loss| (loss.market, loss.amount.atoms())).collect();
    assert_eq!(booked, [(BTC, deficit - eth), (ETH, eth)]);
    assert_eq!(bench.covers_asked, 1);
}

#[test]
fn a_deficit_is_paid_by_the_fund_first_and_by_the_pool_for_the_rest() {
    let mut bench = leveraged();
    bench.fund = Fund::Honest(5_000);
    let pool_before = bench.pool().pool.cash;
    bench.set_price(BTC, "55000"); // about -50,000 on 40,000
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed = &PositionLiquidated::all(&events)[0];
    assert_eq!((closed.size_after, closed.penalty), (Size::ZERO, Amount::ZERO));
    let ledger = bench.losses();
    assert_eq!(ledger.insurance, units(5_000));
    assert_eq!(ledger.deficit, ledger.insurance.plus(ledger.pool).unwrap());
    let booked: Vec<_> = LossBooked::all(&events).into_iter().map(|loss| (loss.payer, loss.amount)).collect();
    assert_eq!(booked, [(Payer::Insurance, ledger.insurance), (Payer::Pool, ledger.pool)]);
    // The pool won what alice lost, less the deficit it bears.
    let account = bench.account("alice");
    assert_eq!((account.cash, account.positions.len()), (SignedAmount::ZERO, 0));
    let lost = closed.realised_pnl.negative_part();
    let gained = bench.pool().pool.cash.minus(pool_before).unwrap();
    assert_eq!(gained, lost.minus(ledger.pool).unwrap().signed().unwrap());
    // F8: an account without equity pays no penalty, and the keeper gets its floor out of the fund's fees.
    assert_eq!(closed.keeper_fee, units(1));
}

#[test]
fn a_fund_that_fails_blocks_nothing_and_the_failure_is_recorded() {
    let mut bench = leveraged();
    bench.fund = Fund::Fails;
    bench.set_price(BTC, "55000");
    let events = bench.liquidate(&["alice"]).unwrap();
    assert_eq!(CoverFailed::all(&events)[0].failing_since, bench.now());
    let ledger = bench.losses();
    assert_eq!((ledger.insurance, ledger.pool), (Amount::ZERO, ledger.deficit));
    assert_eq!((ledger.cover_failures, ledger.cover_failing_since), (1, bench.now()));
    assert!(bench.account("alice").positions.is_empty());
}

#[test]
fn a_fund_that_claims_to_have_paid_is_believed_only_for_coins_that_arrived() {
    let mut bench = leveraged();
    bench.fund = Fund::Liar;
    bench.set_price(BTC, "55000");
    bench.liquidate(&["alice"]).unwrap();
    let ledger = bench.losses();
    assert_eq!((ledger.insurance, ledger.pool), (Amount::ZERO, ledger.deficit));
}

#[test]
fn a_fund_that_sends_more_than_it_says_covers_what_it_says() {
    // The rest is coins that belong to nobody: no figure of the ledger may rest on a balance alone.
    let mut bench = leveraged();
    bench.fund = Fund::Shy { sends: 5_000, says: 3_000 };
    let pool = bench.pool().pool.cash;
    bench.set_price(BTC, "55000");
    let events = bench.liquidate(&["alice"]).unwrap();
    let ledger = bench.losses();
    assert_eq!(ledger.insurance, units(3_000));
    assert_eq!(ledger.pool, ledger.deficit.minus(units(3_000)).unwrap());
    assert!(CoverFailed::all(&events).is_empty());
    // Alice's fee of 600 filled the keeper's floor.
    let lost = PositionLiquidated::all(&events)[0].realised_pnl.negative_part();
    let gained = bench.pool().pool.cash.minus(pool).unwrap();
    assert_eq!(gained, lost.minus(ledger.pool).unwrap().signed().unwrap());
    let solvency: SolvencyResponse = bench.query(QueryMsg::Solvency {});
    assert_eq!(solvency.held.minus(solvency.owed), Ok(units(2_000)));
}

#[test]
fn a_fund_that_works_again_ends_the_record_of_its_failing() {
    let mut bench = leveraged();
    bench.deposit("bob", 40_000);
    bench.trade("bob", BTC, "10");
    bench.set_price(BTC, "55000");
    bench.liquidate(&["alice"]).unwrap();
    assert_eq!((bench.losses().cover_failures, bench.losses().cover_failing_since), (1, bench.now()));
    bench.fund = Fund::Honest(1_000_000);
    bench.liquidate(&["bob"]).unwrap();
    assert_eq!((bench.losses().cover_failures, bench.losses().cover_failing_since), (1, 0));
    assert_eq!(bench.covers_asked, 2, "one for each transaction");
}

#[test]
fn an_invalid_price_closes_nothing_and_the_positions_own_margin_counts_for_it() {
    // liquidatable at 57,800; without a price it is not, by its own maintenance margin.
    let mut bench = leveraged();
    bench.set_price(BTC, "57800");
    let account = bench.account("alice");
    assert!(account.liquidatable);
    bench.advance(1);
    let now = bench.now();
    bench.publish(BTC, price("57800"), Price::ZERO, now, Validity::Invalid);
    let healthy = AccountHealthy::all(&bench.liquidate(&["alice"]).unwrap())[0].clone();
    let account = bench.account("alice");
    let favoured = account.equity.plus_amount(account.maintenance_margin).unwrap();
    assert_eq!((healthy.equity, healthy.maintenance_margin), (favoured, account.maintenance_margin));
}

#[test]
fn a_doubtful_price_counts_at_the_edge_that_favours_the_user_and_an_invalid_one_closes_nothing() {
    //
    let mut bench = leveraged();
    bench.advance(5);
    let now = bench.now();
    bench.publish(BTC, price("57800"), price("500"), now, Validity::SoftInvalid);
    assert!(!bench.account("alice").liquidatable, "57,800 + 500 is healthy");
    bench.advance(5);
    let now = bench.now();
    bench.publish(BTC, price("20000"), Price::ZERO, now, Validity::Invalid);
    let events = bench.liquidate(&["alice"]).unwrap();
    assert_eq!(AccountHealthy::all(&events).len(), 1);
    bench.advance(5);
    let now = bench.now();
    bench.publish(BTC, price("57000"), Price::ZERO, now, Validity::Valid);
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1);
}

#[test]
fn every_level_below_frozen_liquidates_and_frozen_waits() {
    //
    for (level, closes) in
        [(Level::Normal, true), (Level::Guarded, true), (Level::ReduceOnly, true), (Level::Frozen, false)]
    {
        let mut bench = leveraged();
        bench.set_price(BTC, "57000");
        bench.restrict(BTC, level, 100);
        let events = bench.liquidate(&["alice"]).unwrap();
        assert_eq!(!PositionLiquidated::all(&events).is_empty(), closes, "{level}");
    }
    // A dead breaker is reduce-only, and liquidation goes on.
    let mut bench = leveraged();
    bench.lose_posture(BTC);
    bench.leases_renewed = false;
    bench.set_price(BTC, "57000");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1);
}

#[test]
fn a_posture_makes_nobody_liquidatable() {
    let mut bench = leveraged();
    bench.set_price(BTC, "58500");
    let before = bench.account("alice");
    bench.restrict(BTC, Level::ReduceOnly, 100);
    let after = bench.account("alice");
    assert!(after.initial_margin > before.initial_margin);
    assert_eq!(after.maintenance_margin, before.maintenance_margin);
    assert!(!after.liquidatable);
}

#[test]
fn a_batch_asks_the_fund_once_and_books_each_market() {
    let mut bench = Bench::new();
    for name in ["alice", "bob"] {
        bench.deposit(name, 40_000);
        bench.trade(name, BTC, "10");
    }
    bench.deposit("carol", 20_500);
    bench.trade("carol", ETH, "100");
    bench.fund = Fund::Honest(1_000_000);
    bench.set_price(BTC, "54000");
    bench.set_price(ETH, "2700");
    let events = bench.liquidate(&["alice", "bob", "carol"]).unwrap();
    assert_eq!(PositionLiquidated::all(&events).len(), 3);
    assert_eq!(bench.covers_asked, 1);
    let booked = LossBooked::all(&events);
    let markets: Vec<_> = booked.iter().map(|loss| (loss.market, loss.payer)).collect();
    assert_eq!(markets, [(BTC, Payer::Insurance), (ETH, Payer::Insurance)]);
    let ledger = bench.losses();
    assert_eq!((ledger.deficit, ledger.pool), (ledger.insurance, Amount::ZERO));
}
