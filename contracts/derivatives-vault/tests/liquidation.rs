//! Liquidation and the loss waterfall: who is liquidated, how much of it, and who pays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod support;

use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;
use support::*;

/// Alice: 10 BTC long on 40,000 of collateral (15x); initial margin 5.1 % of 600,030.
fn leveraged() -> Bench {
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "10")).len(), 1);
    bench
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
    let after = bench.account("alice");
    assert!(!after.liquidatable);
    let buffered = after.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
    let spare = after.equity.minus_amount(buffered).unwrap();
    assert!(!spare.is_negative(), "at the buffer or above: {spare}");
    // Nothing was closed for no reason: what is left over is less than the exit fee and rounding of the estimate.
    assert!(spare.magnitude() < units(2_500), "{spare}");
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
    let booked = LossBooked::all(&events);
    let markets: Vec<_> = booked.iter().map(|loss| (loss.market, loss.payer)).collect();
    assert_eq!(markets, [(BTC, Payer::Insurance), (ETH, Payer::Insurance)]);
    let ledger = bench.losses();
    assert_eq!((ledger.deficit, ledger.pool), (ledger.insurance, Amount::ZERO));
}
