//! Collateral and fees.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod support;

use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_risk::*;
use support::*;

fn withdraw(bench: &mut Bench, name: &str, amount: u64) -> Result<(), ContractError> {
    let msg = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(amount) };
    bench.execute(name, msg, 0).map(|_| ())
}

#[test]
fn free_collateral_leaves_to_its_owner() {
    let mut bench = Bench::new();
    bench.deposit("alice", 100);
    withdraw(&mut bench, "alice", 60).unwrap();
    assert_eq!(bench.bank[&address("alice")], 60_000_000);
    let refused = withdraw(&mut bench, "alice", 41).unwrap_err();
    let found = SignedAmount::from_atoms(40_000_000);
    assert_eq!(refused, ContractError::InsufficientCash { account: account("alice"), wanted: units(41), found });
    withdraw(&mut bench, "alice", 40).unwrap();
    let accounts: AccountsResponse = bench.query(QueryMsg::Accounts { start_after: None, limit: None });
    assert!(accounts.accounts.is_empty(), "an empty account leaves no record");
}

#[test]
fn what_stays_covers_the_withdrawal_margin_and_open_profit_counts_nothing() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    // 20 % of 60,000 is 12,000; about 19,940 is there
    withdraw(&mut bench, "alice", 7_000).unwrap();
    let refused = withdraw(&mut bench, "alice", 2_000).unwrap_err();
    assert!(matches!(refused, ContractError::MarginTooLow { wanted, .. } if wanted == units(12_000)), "{refused}");
    bench.set_price(BTC, "90000");
    let refused = withdraw(&mut bench, "alice", 2_000).unwrap_err();
    assert!(matches!(refused, ContractError::MarginTooLow { wanted, .. } if wanted == units(18_000)), "{refused}");
}

#[test]
fn users_withdraw_free_collateral_while_their_market_is_reduce_only() {
    // R-20, the vault's half
    let mut bench = Bench::new();
    bench.deposit("alice", 50_000);
    bench.trade("alice", BTC, "1");
    bench.restrict(BTC, Level::ReduceOnly, 300);
    withdraw(&mut bench, "alice", 10_000).unwrap();
}

#[test]
fn anyone_sweeps_fees_and_a_fund_that_refuses_leaves_them_owed() {
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    let owed = bench.pool().pool.insurance_fees;
    assert_eq!(owed, Amount::from_atoms(12_000_600)); // a fifth of 60.003
    bench.fund = Fund::Fails;
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.pool().pool.insurance_fees, owed);
    bench.fund = Fund::Honest(0);
    bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.bank[&address("fund")], owed.atoms());
    assert_eq!(bench.pool().pool.insurance_fees, Amount::ZERO);
}

#[test]
fn only_the_owner_configures_and_bounds_hold() {
    let mut bench = Bench::new();
    let configure = ExecuteMsg::Configure { parameters: parameters() };
    let refused = bench.execute("alice", configure.clone(), 0).unwrap_err();
    assert_eq!(refused, ContractError::Unauthorized { wanted: address("owner"), found: address("alice") });
    bench.execute("owner", configure, 0).unwrap();
    let wild = VaultParameters { order_delay_seconds: 2, ..parameters() };
    let refused = bench.execute("owner", ExecuteMsg::Configure { parameters: wild }, 0).unwrap_err();
    let expected =
        ContractError::OutOfBounds { what: "order_delay_seconds", wanted: "3 to 300".into(), found: "2".into() };
    assert_eq!(refused, expected);
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    let config = MarketConfig { skew_scale: Size::from_units(20_000), ..market_config("BTC", 1) };
    let refused = bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap_err();
    assert_eq!(refused, ContractError::MarketInUse { market: BTC, what: "the skew scale" });
    let mut config = market_config("BTC", 1);
    config.liquidation.penalty_ratio = Ratio::percent(3); // maintenance 3 % less the fee of 0.1 %
    let refused = bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap_err();
    assert!(matches!(refused, ContractError::OutOfBounds { what: "liquidation.penalty_ratio", .. }), "{refused}");
}
