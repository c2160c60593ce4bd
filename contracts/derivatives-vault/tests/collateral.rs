//! Collateral and fees.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, Reason};
use firebreak_risk::*;

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
    let wild = VaultParameters { order_delay_seconds: 6, ..parameters() };
    let refused = bench.execute("owner", ExecuteMsg::Configure { parameters: wild }, 0).unwrap_err();
    let expected =
        ContractError::OutOfBounds { what: "order_delay_seconds", wanted: "7 to 300".into(), found: "6".into() };
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

#[test]
fn collateral_of_an_account_with_a_position_leaves_only_at_a_valid_price() {
    //
    for validity in [Validity::SoftInvalid, Validity::Invalid] {
        let mut bench = Bench::new();
        for name in ["alice", "bob"] {
            bench.deposit(name, 50_000);
        }
        bench.trade("alice", BTC, "1");
        bench.advance(5);
        let now = bench.now();
        bench.publish(BTC, price("60000"), Price::ZERO, now, validity);
        let action = Action::WithdrawCollateral;
        let expected = ContractError::PriceUnusable { action, market: BTC, found: validity, published_at: now, now };
        assert_eq!(withdraw(&mut bench, "alice", 1), Err(expected));
        withdraw(&mut bench, "bob", 50_000).unwrap();
    }
}

//
#[test]
fn what_stays_covers_a_share_of_the_notional_where_that_is_more_than_initial_margin() {
    // Twenty times leverage is 3,010 of 60,000: less than a fifth, and more than a twentieth.
    for (share, w_binds) in [(20, true), (5, false)] {
        let mut bench = Bench::new();
        let withdrawal_margin_ratio = Ratio::percent(share);
        let parameters = VaultParameters { withdrawal_margin_ratio, ..parameters() };
        bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
        bench.deposit("alice", 20_000);
        bench.trade("alice", BTC, "1");
        let before = bench.account("alice");
        let floor = units(60_000).times(withdrawal_margin_ratio, Rounding::Ceil).unwrap();
        assert_eq!(before.initial_margin < floor, w_binds, "{} {floor}", before.initial_margin);
        let wanted = before.initial_margin.max(floor);
        let free = before.equity.minus_amount(wanted).unwrap().positive_part();
        let found = wanted.signed().unwrap().minus(SignedAmount::from_atoms(1)).unwrap();
        let refused = bench.withdraw("alice", 0, free.plus(Amount::from_atoms(1)).unwrap()).unwrap_err();
        assert_eq!(refused, ContractError::MarginTooLow { account: account("alice"), wanted, found });
        bench.withdraw("alice", 0, free).unwrap();
        let left = bench.account("alice").equity;
        assert_eq!(left, wanted.signed().unwrap());
        // Nothing more of it leaves.
        let refused = bench.withdraw("alice", 0, Amount::from_atoms(1)).unwrap_err();
        assert_eq!(refused, ContractError::MarginTooLow { account: account("alice"), wanted, found });
    }
}

#[test]
fn what_stays_covers_initial_margin_at_todays_posture() {
    // R-49, without a withdrawal margin: ten times leverage at Guarded is 6,000 of 60,000, and 10 for each position.
    let mut bench = Bench::new();
    let parameters = VaultParameters { withdrawal_margin_ratio: Ratio::ZERO, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.restrict(BTC, Level::Guarded, 100);
    let before = bench.account("alice");
    let wanted = units(6_010);
    assert_eq!(before.initial_margin, wanted);
    // Cash less the exit fee and the rounding of the position's value: what counts for initial margin.
    let free = before.equity.minus_amount(wanted).unwrap().positive_part();
    let amount = free.plus(Amount::from_atoms(1)).unwrap();
    let found = wanted.signed().unwrap().minus(SignedAmount::from_atoms(1)).unwrap();
    let refused = bench.withdraw("alice", 0, amount).unwrap_err();
    assert_eq!(refused, ContractError::MarginTooLow { account: account("alice"), wanted, found });
    bench.withdraw("alice", 0, free).unwrap();
}

#[test]
fn a_restriction_of_all_holds_what_belongs_to_no_market_and_keeps_the_ways_in_and_the_fees_open() {
    // nobody here has a position, so no market's posture is asked.
    let mut bench = Bench::new();
    bench.deposit("alice", 100);
    bench.provide("bob", 1_000).unwrap();
    let bob: LiquidityProviderResponse = bench.query(QueryMsg::LiquidityProvider { address: address("bob") });
    let half = PoolShares::from_atoms(bob.provider.shares.atoms() / 2);
    let request = ExecuteMsg::RequestLiquidityWithdrawal { shares: half };
    bench.execute("bob", request.clone(), 0).unwrap();
    bench.advance(86_400);
    bench.refresh();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(15);
    bench.refresh();
    let claim = ExecuteMsg::ExecuteClaims { limit: 10 };
    let provide = ExecuteMsg::ProvideLiquidity { shares_min: PoolShares::ZERO };
    let take = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(1) };

    for level in [Level::ReduceOnly, Level::Frozen] {
        bench.restrict_all(level, 100);
        let (since, until) = (bench.now(), bench.now() + 100);
        let allowed = match level {
            Level::ReduceOnly => "reduce orders, cancels, collateral in and out, liquidity requests",
            _ => "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
        };
        let restricted = |action| {
            let reason = Reason::Council;
            ContractError::Restricted { action, level, reason, since, until, allowed }
        };
        let mut refused = vec![("bob", claim.clone(), 0, Action::ClaimLiquidityWithdrawal)];
        if level == Level::Frozen {
            refused.push(("bob", provide.clone(), 1, Action::ProvideLiquidity));
        }
        for (sender, msg, funds, action) in refused {
            assert_eq!(bench.execute(sender, msg, funds).unwrap_err(), restricted(action), "{level}");
        }
        // A withdrawal is taken, and parked where nothing may leave.
        let events = bench.execute("alice", take.clone(), 0).unwrap();
        let (paid, parked) = (CollateralWithdrawn::all(&events).len(), WithdrawalParked::all(&events).len());
        assert_eq!((paid, parked), if level == Level::Frozen { (0, 1) } else { (1, 0) });
        bench.deposit("alice", 1);
        bench.execute("dao", ExecuteMsg::Recapitalize {}, 1).unwrap();
        let events = bench
            .execute("bob", ExecuteMsg::RequestLiquidityWithdrawal { shares: half.min(PoolShares::from_atoms(1)) }, 0)
            .unwrap();
        let request = firebreak_messages::event::Fact::all(&events);
        let request: &LiquidityWithdrawalRequested = &request[0];
        bench.execute("bob", ExecuteMsg::CancelLiquidityWithdrawal { request: request.request }, 0).unwrap();
        bench.liquidate(&["alice"]).unwrap();
    }
    // Until its end, and no longer.
    bench.advance(100);
    for (sender, msg, funds) in [("bob", claim, 0), ("alice", take, 0), ("bob", provide, 1)] {
        bench.execute(sender, msg, funds).unwrap();
    }
}

#[test]
fn funding_that_has_run_is_charged_by_the_parameters_under_which_it_ran() {
    let mut bench = Bench::new();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "20");
    bench.advance(3_600);
    bench.refresh();
    let before = bench.market(BTC).state; // as the next message would find it
    assert!(before.funding_rate > SignedRatio::ZERO && before.long.cash_index < CashIndex::ZERO);
    let mut config = market_config("BTC", 1);
    config.funding = FundingParams { velocity_max: Ratio::ZERO, rate_max: Ratio::ZERO, ..config.funding };
    bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap();
    let after = bench.market(BTC).state;
    assert_eq!((after.long.cash_index, after.funding_rate), (before.long.cash_index, before.funding_rate));
    assert_eq!(after.accrued_at, bench.now());
}
