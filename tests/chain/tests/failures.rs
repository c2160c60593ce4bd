//! Contracts of the suite that run away with their gas or panic: whoever calls them goes on, and pays no more than the
//! limit.

mod common;

use common::{fact, refusal, Suite};
use firebreak_chain::Gas;
use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_messages::circuit_breaker::{
    ExecuteMsg as BreakerMsg, QueryMsg as BreakerQuery, RestrictionAdded, RuleTripped, SignalConfig, SignalFailed,
    SignalHealthResponse,
};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, CoverFailed, ExecuteMsg as VaultMsg, FeesSwept, LossBooked, LossLedger, Payer, PoolResponse,
    PositionLiquidated, QueryMsg as VaultQuery, SweepFailed,
};
use firebreak_messages::guardian::{Incident, IncidentOpened, OperationExecuted, QueryMsg as GuardianQuery};
use firebreak_messages::insurance_fund::{FundResponse, QueryMsg as FundQuery};
use firebreak_messages::oracle::{
    HookFailed, HookHealthResponse, HookSkipped, QueryMsg as OracleQuery, RoundPublished, Validity,
};
use firebreak_messages::{Action, MarketId, Reason};
use firebreak_risk::{Amount, Level};
use firebreak_testing::{price, size, usd, BTC, ETH};

/// What a report costs at most when a dead breaker is not asked any more, gas of the whole transaction.
const RESTING_GAS_MAX: u64 = 120_000;
/// What a report and the reply of its hook cost at most beside the hook itself.
const REPORT_GAS_MAX: u64 = 150_000;
/// What a liquidation of one account costs at most beside the fund's cover.
const LIQUIDATION_GAS_MAX: u64 = 220_000;

#[track_caller]
fn hook_health(suite: &Suite) -> HookHealthResponse {
    suite.query(&suite.at.oracle, &OracleQuery::HookHealth {})
}

#[track_caller]
fn opening_is_refused(suite: &mut Suite, market: MarketId) {
    let (vault, order) = (suite.at.derivatives_vault.clone(), suite.order(market, size("0.1"), false));
    suite.refused("alice", &vault, &order).says(VaultError::Restricted {
        action: Action::IncreaseExposure,
        level: Level::ReduceOnly,
        reason: Reason::LeaseExpired,
        since: 0,
        until: 0,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    });
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_breaker_that_burns_all_its_gas_stops_no_price_and_locks_nobody_in() {
    let mut suite = Suite::start();
    let code_id = suite.wasmd.codes.of("burner");
    let limit = suite.bootstrap.gas.breaker;
    a_dead_breaker(&mut suite, code_id, limit..limit + REPORT_GAS_MAX);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_breaker_that_panics_stops_no_price_and_locks_nobody_in() {
    let mut suite = Suite::start();
    let code_id = suite.store_trap();
    // A panic costs what it took to get there.
    a_dead_breaker(&mut suite, code_id, 0..2 * REPORT_GAS_MAX);
}

/// The breaker becomes another code through the timelock, and itself again.
#[track_caller]
fn a_dead_breaker(suite: &mut Suite, code_id: u64, report_gas: std::ops::Range<u64>) {
    suite.add_collateral("alice", usd(20_000));
    suite.open("alice", BTC, size("1"));
    suite.open("alice", ETH, size("1"));
    let breaker = suite.at.circuit_breaker.clone();
    let stored = suite.storage(&breaker);
    assert!(suite.govern(vec![suite.migration(&breaker, code_id)]).has::<OperationExecuted>());
    assert_eq!(suite.record(&breaker).code_id, code_id);

    // The price stands, at once and without a grace the market is reduce-only, and only where there is a new price.
    for failures in 1..=3 {
        let reported = suite.price(BTC, price("60100"));
        let published: RoundPublished = fact(&reported);
        assert_eq!((published.price, published.validity), (price("60100"), Validity::Valid));
        let failed: HookFailed = fact(&reported);
        assert_eq!((failed.callee, failed.failures_in_a_row), (breaker.to_string(), failures));
        assert!(report_gas.contains(&reported.gas_used), "report {failures}: {} gas", reported.gas_used);
        println!("report {failures} with a dead breaker: {} gas", reported.gas_used);
        assert_eq!(suite.level(BTC), (Level::ReduceOnly, Some(Reason::LeaseExpired)));
        assert_eq!(suite.level(ETH), (Level::Normal, None));
    }
    opening_is_refused(suite, BTC);

    // After three failures in a row the hook rests, and prices pay for it no longer.
    let resting_until = suite.now() + 60;
    let reported = suite.price(BTC, price("60200"));
    assert_eq!(fact::<HookSkipped>(&reported).skipped_until, resting_until);
    assert_eq!((suite.round(BTC).price, reported.facts::<HookFailed>()), (price("60200"), vec![]));
    assert!(reported.gas_used <= RESTING_GAS_MAX, "report 4: {} gas", reported.gas_used);
    println!("report 4 with a dead breaker: {} gas", reported.gas_used);

    // Everybody gets out.
    assert!(suite.close("alice", BTC).size_after.is_zero());
    let (vault, withdraw) =
        (suite.at.derivatives_vault.clone(), VaultMsg::WithdrawCollateral { subaccount: 0, amount: usd(15_000) });
    suite.report(&[(BTC, price("60200")), (ETH, price("3000"))]);
    assert_eq!(fact::<CollateralWithdrawn>(&suite.send("alice", &vault, &withdraw)).amount, usd(15_000));

    // Repaired the same way, with all that it knew.
    let own = suite.wasmd.codes.of("circuit_breaker");
    assert!(suite.govern(vec![suite.migration(&breaker, own)]).has::<OperationExecuted>());
    assert_eq!(suite.storage(&breaker), stored);
    let reported = suite.refresh();
    assert_eq!((reported.facts::<HookFailed>(), reported.facts::<HookSkipped>()), (vec![], vec![]));
    for market in [BTC, ETH] {
        assert_eq!(suite.level(market), (Level::Normal, None));
    }
    let health = hook_health(suite);
    assert_eq!((health.failures_in_a_row, health.failing_since, health.skipped_until), (0, 0, 0));
    assert!(health.failures_total >= 3);
    assert_eq!(suite.open("alice", BTC, size("0.1")).size_after, size("0.1"));
}

/// The limit is what a callee may burn, and a transaction has to bring it only when the callee burns it. Whoever
/// reports cannot starve the breaker: gas that is short for the breaker is short for the report.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_report_that_runs_out_of_gas_in_the_breaker_fails_as_a_whole_and_may_be_sent_again() {
    let mut suite = Suite::start();
    let breaker = suite.at.circuit_breaker.clone();
    let short = Gas::Limit(suite.bootstrap.gas.breaker - 200_000);
    // A breaker in health needs a tenth of its limit: less gas than the limit is plenty.
    let healthy = suite.try_report(&[(BTC, price("60050"))], short).unwrap();
    assert!(!healthy.has::<HookFailed>());
    assert_eq!(suite.level(BTC), (Level::Normal, None));

    // So much that the breaker does not come to its end. Its failure would close the market.
    let starving = Gas::Limit(healthy.gas_used - 30_000);
    refusal(suite.try_report(&[(BTC, price("60075"))], starving)).says("out of gas");
    assert_eq!((suite.round(BTC).price, hook_health(&suite)), (price("60050"), HookHealthResponse::default()));
    assert_eq!(suite.level(BTC), (Level::Normal, None));

    let burner = suite.wasmd.codes.of("burner");
    suite.govern(vec![suite.migration(&breaker, burner)]);
    let refused = refusal(suite.try_report(&[(BTC, price("60100"))], short)).says("out of gas");
    assert_eq!(Gas::Limit(refused.gas_used), short);
    // The other feeders' reports wait, the round and the hook's record are what they were.
    assert_eq!(suite.round(BTC).price, price("60050"));
    assert_eq!(hook_health(&suite), HookHealthResponse::default());

    let published = suite.publish(&[(BTC, price("60100"))], common::PLENTY).unwrap();
    assert_eq!(fact::<RoundPublished>(&published).price, price("60100"));
    assert_eq!(fact::<HookFailed>(&published).failures_in_a_row, 1);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_guardian_that_burns_all_its_gas_costs_the_signal_and_not_the_restriction() {
    let mut suite = Suite::start();
    let burner = suite.instantiate("burner", &cosmwasm_std::Empty {});
    dead_guardian(&mut suite, burner);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_guardian_that_panics_costs_the_signal_and_not_the_restriction() {
    let mut suite = Suite::start();
    let code_id = suite.store_trap();
    let trap = suite.instantiate_code(code_id, &cosmwasm_std::Empty {});
    dead_guardian(&mut suite, trap);
}

/// The breaker's signal goes to a dead contract, by an operation, and to the guardian again.
#[track_caller]
fn dead_guardian(suite: &mut Suite, dead: String) {
    let breaker = suite.at.circuit_breaker.clone();
    let gas_limit = suite.bootstrap.gas.guardian;
    let set = |suite: &Suite, contract: String| {
        let guardian = Some(SignalConfig { contract, gas_limit });
        suite.call(&breaker, &BreakerMsg::SetGuardian { guardian })
    };
    assert!(suite.govern(vec![set(suite, dead.clone())]).has::<OperationExecuted>());
    suite.refresh();
    suite.refresh();

    // 6 % within seconds.
    let reported = suite.price(BTC, price("56400"));
    println!("a trip with a dead guardian: {} gas", reported.gas_used);
    assert!(reported.has::<RuleTripped>() && reported.has::<RestrictionAdded>());
    let failed: SignalFailed = fact(&reported);
    assert_eq!((failed.callee, failed.failures_in_a_row), (dead, 1));
    assert!(!reported.has::<IncidentOpened>() && !reported.has::<HookFailed>());
    assert!(reported.gas_used < suite.bootstrap.gas.breaker, "{} gas", reported.gas_used);
    assert_eq!(suite.level(BTC).0, Level::ReduceOnly);
    assert_eq!(suite.level(ETH), (Level::Normal, None));

    // It ends by itself, and the next trip is heard by the guardian that is back.
    assert!(suite.govern(vec![set(suite, suite.at.guardian.to_string())]).has::<OperationExecuted>());
    suite.refresh();
    suite.refresh();
    assert_eq!(suite.level(BTC), (Level::Normal, None));
    let reported = suite.price(BTC, price("60000"));
    assert_eq!((fact::<IncidentOpened>(&reported).incident, reported.facts::<SignalFailed>()), (1, vec![]));
    let incident: Incident = suite.query(&suite.at.guardian, &GuardianQuery::Incident { incident: 1 });
    assert_eq!((incident.market, incident.level_max), (Some(BTC), Level::ReduceOnly));
    let health: SignalHealthResponse = suite.query(&breaker, &BreakerQuery::SignalHealth {});
    assert_eq!((health.failures_in_a_row, health.failing_since), (0, 0));
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_fund_that_burns_all_its_gas_leaves_the_liquidation_standing_and_the_loss_booked() {
    let mut suite = Suite::start();
    let code_id = suite.wasmd.codes.of("burner");
    let limit = suite.bootstrap.vault.cover_gas_limit;
    a_dead_fund(&mut suite, code_id, limit..limit + LIQUIDATION_GAS_MAX);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_fund_that_panics_leaves_the_liquidation_standing_and_the_loss_booked() {
    let mut suite = Suite::start();
    let code_id = suite.store_trap();
    a_dead_fund(&mut suite, code_id, 0..2 * LIQUIDATION_GAS_MAX);
}

/// Whoever liquidates cannot starve the fund to make the pool pay.
#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn a_liquidation_that_runs_out_of_gas_in_the_fund_fails_as_a_whole_and_may_be_sent_again() {
    let mut suite = Suite::start();
    let vault = suite.at.derivatives_vault.clone();
    for name in ["alice", "bob"] {
        suite.add_collateral(name, usd(4_000));
        suite.open(name, BTC, size("1"));
    }
    suite.price(BTC, price("54000"));
    let liquidate = |suite: &Suite, name| VaultMsg::Liquidate { accounts: vec![suite.account_id(name)] };
    let msg = liquidate(&suite, "bob");
    let enough = suite.send("keeper", &vault, &msg).gas_used;
    println!("a liquidation with cover: {enough} gas");

    // Back from the end, through the vault's own reply and the fund's whole answer.
    let (msg, before) = (liquidate(&suite, "alice"), suite.storage(&vault));
    let limits = (1..=12).map(|step| Gas::Limit(enough - step * 10_000));
    let hashes: Vec<_> = limits.map(|limit| suite.submit("keeper", &vault, &msg, Amount::ZERO, limit)).collect();
    for hash in hashes {
        refusal(suite.committed(&hash)).says("out of gas");
    }
    assert_eq!(suite.storage(&vault), before);
    let liquidated = suite.send("keeper", &vault, &msg);
    let booked: LossBooked = fact(&liquidated);
    assert_eq!((booked.payer, liquidated.facts::<CoverFailed>()), (Payer::Insurance, vec![]));
}

#[track_caller]
fn a_dead_fund(suite: &mut Suite, code_id: u64, gas: std::ops::Range<u64>) {
    let (vault, fund) = (suite.at.derivatives_vault.clone(), suite.at.insurance_fund.clone());
    suite.add_collateral("alice", usd(4_000));
    suite.open("alice", BTC, size("1"));
    let stored = suite.storage(&fund);
    assert!(suite.govern(vec![suite.migration(&fund, code_id)]).has::<OperationExecuted>());

    // A gap of 10 % through a margin of 2.5 %.
    suite.refresh();
    suite.price(BTC, price("54000"));
    let accounts = vec![suite.account_id("alice")];
    let liquidated = suite.send("keeper", &vault, &VaultMsg::Liquidate { accounts });
    println!("a liquidation with a dead fund: {} gas", liquidated.gas_used);
    assert!(gas.contains(&liquidated.gas_used), "{} gas", liquidated.gas_used);
    assert!(fact::<PositionLiquidated>(&liquidated).size_after.is_zero());
    let failed: CoverFailed = fact(&liquidated);
    assert!(failed.asked > usd(2_000), "{}", failed.asked);
    assert_eq!((failed.callee, failed.failing_since), (fund.to_string(), suite.now()));
    let booked: LossBooked = fact(&liquidated);
    assert_eq!((booked.market, booked.payer, booked.amount), (BTC, Payer::Pool, failed.asked));
    let ledger: LossLedger = suite.query(&vault, &VaultQuery::Losses { market: None });
    assert_eq!((ledger.deficit, ledger.pool, ledger.cover_failures), (failed.asked, failed.asked, 1));
    assert_eq!(suite.account("alice").positions, vec![]);

    // Fees that cannot be handed over stay owed.
    let owed = |suite: &Suite| suite.query::<PoolResponse>(&vault, &VaultQuery::Pool {}).pool.insurance_fees;
    let fees = owed(suite);
    assert!(!fees.is_zero());
    let swept = suite.send("keeper", &vault, &VaultMsg::SweepFees {});
    assert_eq!((fact::<SweepFailed>(&swept).amount, owed(suite)), (fees, fees));

    // The fund comes back with every coin and every byte.
    assert!(suite
        .govern(vec![suite.migration(&fund, suite.wasmd.codes.of("insurance_fund"))])
        .has::<OperationExecuted>());
    assert_eq!(suite.storage(&fund), stored);
    assert_eq!(suite.query::<FundResponse>(&fund, &FundQuery::Fund {}).first_loss, usd(500_000));
    let swept = suite.send("keeper", &vault, &VaultMsg::SweepFees {});
    assert_eq!((fact::<FeesSwept>(&swept).amount, owed(suite).is_zero()), (fees, true));
}
