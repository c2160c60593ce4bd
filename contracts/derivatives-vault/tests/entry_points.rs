//! every entry point that can lower an account's equity ends with a health check of its kind (Euler, March 2023: one that
//! was added after the audits did not).
//!
//! The list of entry points is read off the schema of the messages, so one that nobody has put into the table fails here.

use crate::support::*;
use cosmwasm_schema::schema_for;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_risk::*;
use std::collections::BTreeSet;

/// What stands at the end of an entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// Equity covers initial margin and what is held, when it is placed.
    Placing,
    /// When filled: three quarters of the initial margin that was there when it was placed, and maintenance margin, for what raises
    /// exposure; equity - maintenance margin not lower, and equity not below zero, for what reduces.
    Filling,
    /// Equity covers initial margin, the withdrawal margin and what is held.
    Leaving,
    /// Takes only from accounts below maintenance margin, and leaves them no lower than flat.
    Liquidating,
    /// Every account at the same fraction of the same prices.
    Settling,
    /// Lowers no account's equity.
    Harmless,
}

const TABLE: [(&str, End); 26] = [
    ("place_order", End::Placing),
    ("place_orders", End::Placing),
    ("execute_orders", End::Filling),
    ("withdraw_collateral", End::Leaving),
    ("liquidate", End::Liquidating),
    ("settle_accounts", End::Settling),
    ("pay_settlement", End::Settling),
    // Marks orders; what becomes of them is decided when they are executed.
    ("cancel_order", End::Harmless),
    ("cancel_orders", End::Harmless),
    ("add_collateral", End::Harmless),
    // Shares of the pool are no account's equity.
    ("provide_liquidity", End::Harmless),
    ("request_liquidity_withdrawal", End::Harmless),
    ("cancel_liquidity_withdrawal", End::Harmless),
    ("claim_liquidity_withdrawal", End::Harmless),
    ("execute_claims", End::Harmless),
    // What was parked has left the account's equity before, by way of `withdraw_collateral`.
    ("collect_parked", End::Harmless),
    ("cancel_parked", End::Harmless),
    ("sweep_fees", End::Harmless),
    ("recapitalize", End::Harmless),
    ("report_breach", End::Harmless),
    // The owner's: announce, configure, contest. None touches an account.
    ("configure_market", End::Harmless),
    ("configure", End::Harmless),
    ("contest_market", End::Harmless),
    // Of the halves that no margin counts.
    ("cut_contested", End::Harmless),
    ("settle_market", End::Harmless),
    ("settle_vault", End::Harmless),
];

/// Names of all variants, from the schema that clients are generated from.
fn entry_points() -> BTreeSet<String> {
    let schema = serde_json::to_value(schema_for!(ExecuteMsg)).unwrap();
    let variants = schema["oneOf"].as_array().unwrap().iter();
    variants.map(|variant| variant["required"][0].as_str().unwrap().to_string()).collect()
}

#[test]
fn every_entry_point_says_how_it_ends() {
    //
    let named: BTreeSet<String> = TABLE.into_iter().map(|(name, _)| name.to_string()).collect();
    assert_eq!(entry_points(), named, "a message without a row, or a row without a message");
}

/// Alice holds one bitcoin and exactly the initial margin that it needs now, waiting orders aside.
fn at_the_edge() -> Bench {
    let mut bench = Bench::new();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "1");
    // The withdrawal margin is a fifth of the notional, far above initial margin.
    let parameters = VaultParameters { withdrawal_margin_ratio: Ratio::ZERO, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    let held = bench.account("alice");
    let loss = held.positions[0].pnl.min(SignedAmount::ZERO);
    // The exit fee is charged at the price of the position.
    let exit_fee = size("1").notional(held.positions[0].price, Rounding::Ceil).unwrap();
    let exit_fee = exit_fee.times(Ratio::from_basis_points(10), Rounding::Ceil).unwrap();
    let equity = held.cash.plus(loss).unwrap().minus_amount(exit_fee).unwrap();
    let free = equity.minus_amount(held.initial_margin).unwrap().positive_part();
    bench.withdraw("alice", 0, free).unwrap();
    bench
}

fn margin_too_low(refused: ContractError) {
    assert!(matches!(refused, ContractError::MarginTooLow { .. }), "{refused}");
}

#[test]
fn nothing_leaves_an_account_at_the_edge() {
    //
    let mut bench = at_the_edge();
    margin_too_low(bench.withdraw("alice", 0, Amount::from_atoms(1)).unwrap_err());
    // One micro-unit more is one that may leave again.
    bench.deposit_to(&account("alice"), Amount::from_atoms(1));
    bench.withdraw("alice", 0, Amount::from_atoms(1)).unwrap();
}

#[test]
fn nothing_that_raises_exposure_is_placed_at_the_edge_one_by_one_or_together() {
    // not even for its fee.
    let mut bench = at_the_edge();
    for request in [
        market_order(BTC, "0.000001", "60000"),
        market_order(BTC, "-1", "1"),
        market_order(ETH, "0.001", "3000"),
        limit(BTC, "0.000001", "59000"),
        resting(BTC, "0.000001", "70000", Trigger::Above(price("61000"))),
    ] {
        margin_too_low(bench.place_request("alice", request.clone()).unwrap_err());
        let together = ExecuteMsg::PlaceOrders { orders: vec![request] };
        margin_too_low(bench.execute("alice", together, 0).unwrap_err());
    }
    // What reduces is taken: it needs maintenance margin.
    let reduce = OrderRequest { reduce_only: true, ..market_order(BTC, "-1", "1") };
    bench.place_request("alice", reduce).unwrap();
}

#[test]
fn fees_of_reduce_orders_do_not_bleed_an_account_below_maintenance_margin() {
    //
    let mut bench = at_the_edge();
    // From 5.01 % to just above 3 % of 60,000.
    bench.set_price(BTC, "58810");
    let mut placed = 0;
    let refused = loop {
        let request =
            reducing(BTC, "-1", if placed % 2 == 0 { Trigger::Limit } else { Trigger::Above(price("90000")) });
        let request = OrderRequest { price_bound: price("90000"), ..request };
        match bench.place_request("alice", request) {
            Ok(_) => placed += 1,
            Err(error) => break error,
        }
        assert!(placed <= ORDERS_PER_ACCOUNT_MAX);
    };
    assert!(
        matches!(refused, ContractError::MarginTooLow { .. } | ContractError::TooManyOrders { .. }),
        "after {placed}: {refused}"
    );
    assert!(!bench.account("alice").liquidatable);
}

#[test]
fn a_fill_that_raises_exposure_leaves_margin_and_one_that_reduces_leaves_no_less_than_before() {
    // enough for the order when it was placed, and no longer at its price; the stop beside it still fills.
    let mut bench = Bench::new();
    bench.deposit("alice", 6_400);
    bench.trade("alice", BTC, "1");
    bench.place_request("alice", limit(BTC, "1", "58000")).unwrap();
    bench.place_request("alice", reducing(BTC, "-0.5", Trigger::Below(price("57600")))).unwrap();
    let before = bench.account("alice");
    // 1.5 at 56,500 ask for 4,261, and three quarters of that at the fill; some 2,700 are left.
    let events = bench.step(BTC, 15, "56500");
    assert_eq!(reasons(&events), [DropReason::Margin]);
    let filled = OrderFilled::all(&events);
    assert_eq!((filled.len(), filled[0].size), (1, size("-0.5")));
    let after = bench.account("alice");
    assert!(!after.equity.is_negative() && after.maintenance_margin < before.maintenance_margin);
}

#[test]
fn a_healthy_account_at_the_edge_loses_nothing_to_a_liquidator() {
    //
    let mut bench = at_the_edge();
    let before = bench.account("alice");
    let events = bench.liquidate(&["alice"]).unwrap();
    assert_eq!(AccountHealthy::all(&events).len(), 1);
    assert_eq!(bench.account("alice"), before);
}

#[test]
fn cancels_and_strangers_lower_no_equity() {
    // everything in the table's last group that anybody may send, by the owner and by a stranger, at the edge.
    let mut bench = at_the_edge();
    let before = bench.account("alice");
    for sender in ["alice", "mallory"] {
        for message in [
            ExecuteMsg::CancelOrders { subaccount: 0, market: None },
            ExecuteMsg::SweepFees {},
            ExecuteMsg::ExecuteOrders { market: BTC, limit: 50 },
            ExecuteMsg::CancelParked(ParkedId { account: account("alice"), liquidity: false }),
            ExecuteMsg::CollectParked(ParkedId { account: account("alice"), liquidity: false }),
        ] {
            bench.execute(sender, message, 0).ok();
            assert_eq!(bench.account("alice"), before);
        }
        // Her own trade is of this block.
        assert_eq!(bench.provide(sender, 1_000).is_ok(), sender == "mallory");
        assert_eq!(bench.account("alice"), before);
        bench.execute(sender, ExecuteMsg::Recapitalize {}, 10).unwrap();
        assert_eq!(bench.account("alice"), before);
    }
}
