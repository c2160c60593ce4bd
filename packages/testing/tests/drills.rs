//! Failure drills: each contract that others depend on is replaced by one that always fails, and one market's rule is made to
//! overflow. In each: what depends on it is restricted or recorded, every trader can still get out, the books stay straight
//! (the World checks its invariants after every step).

use firebreak_derivatives_vault::ContractError;
use firebreak_messages::circuit_breaker::{EvaluationFailed, Scope, SignalFailed};
use firebreak_messages::derivatives_vault::{
    CollateralWithdrawn, CoverFailed, LiquidityWithdrawn, LossBooked, OrderDropped, OrderFilled, Payer,
    PositionLiquidated,
};
use firebreak_messages::guardian::IncidentOpened;
use firebreak_messages::oracle::{HookFailed, HookHealthResponse, HookSkipped, QueryMsg as OracleQuery, Validity};
use firebreak_messages::{Action, MarketId, Reason, RuleId};
use firebreak_risk::{Amount, Level, Ratio};
use firebreak_testing::*;

const TRADERS: [(&str, &str, &str); 4] =
    [("alice", "1", "-10"), ("bob", "-1.5", "0"), ("carol", "0", "20"), ("dan", "0.5", "5")];

/// Four traders in both markets, both sides.
fn trading_world() -> World {
    let mut world = World::builder().build();
    for (name, bitcoin, ether) in TRADERS {
        world.add_collateral(name, usd(40_000)).done();
        for (market, amount) in [(BTC, bitcoin), (ETH, ether)] {
            if amount != "0" {
                world.open(name, market, size(amount)).fact::<OrderFilled>();
            }
        }
    }
    world.refresh().done();
    world
}

/// Closes every position and takes all cash out.
#[track_caller]
fn everybody_gets_out(world: &mut World) {
    for (name, ..) in TRADERS {
        for market in [BTC, ETH] {
            if !world.position_size(name, market).is_zero() {
                let closed = world.close(name, market).fact::<OrderFilled>();
                assert!(closed.size_after.is_zero(), "{name} is still in market {market}");
            }
        }
        let cash = world.account(name).cash.positive_part();
        assert!(cash > usd(35_000), "{name} has {cash} left");
        let paid = world.withdraw(name, cash).fact::<CollateralWithdrawn>();
        assert!(paid.cash.is_zero());
    }
    for market in [BTC, ETH] {
        assert!(
            world.market_record(market).long.nominal.is_zero() && world.market_record(market).short.nominal.is_zero()
        );
    }
}

#[track_caller]
fn opening_is_refused(world: &mut World, market: MarketId, wanted: Reason) {
    let before = world.market_record(market);
    let refused = world.place("alice", market, size("0.1")).refusal();
    match refused.error_as::<ContractError>() {
        Some(ContractError::Restricted { action, level, reason, .. }) => {
            assert_eq!((*action, *level, *reason), (Action::IncreaseExposure, Level::ReduceOnly, wanted));
        }
        _ => panic!("refused by something else: {refused:?}"),
    }
    assert_eq!(world.market_record(market), before);
}

#[test]
fn a_dead_breaker_leaves_every_market_reduce_only_and_nobody_locked_in() {
    let mut world = trading_world();
    world.break_contract(Code::Breaker);
    // The price stands; the oracle records that its hook failed.
    let reported = world.price(BTC, price("60100")).done();
    let failed = reported.fact::<HookFailed>();
    assert_eq!(failed.failures_in_a_row, 1);
    assert_eq!(world.status(BTC).price, Some(price("60100")));
    // At once, without any grace, and only where there is a new price.
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    assert_eq!(world.effective(ETH).posture.level, Level::Normal);
    opening_is_refused(&mut world, BTC, Reason::LeaseExpired);

    // After three failures in a row prices no longer pay for a dead hook.
    world.price(BTC, price("60100")).done();
    world.price(BTC, price("60100")).done();
    assert!(world.price(BTC, price("60100")).done().has::<HookSkipped>());
    let health: HookHealthResponse = world.query(Code::Oracle, &OracleQuery::HookHealth {});
    assert_eq!(health.failures_in_a_row, 3);

    // Exits of providers wait, so entries do; coins for the pool are welcome.
    let refused = world.provide("lp", usd(1_000)).refusal();
    assert!(matches!(refused.error_as::<ContractError>(), Some(ContractError::InMarket { market: BTC, .. })));
    everybody_gets_out(&mut world);

    world.repair_contract(Code::Breaker);
    world.advance(60);
    world.refresh().done();
    world.evaluate("anyone", BTC).done();
    world.evaluate("anyone", ETH).done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    world.add_collateral("alice", usd(10_000)).done();
    world.open("alice", BTC, size("0.1")).fact::<OrderFilled>();
}

#[test]
fn a_dead_insurance_fund_passes_the_loss_on_and_trading_goes_on() {
    let mut world = trading_world();
    world.add_collateral("eve", usd(4_000)).done();
    world.open("eve", BTC, size("1")).done();
    world.break_contract(Code::Insurance);
    let equity_before = world.account("eve").equity;
    assert!(!equity_before.is_negative());
    // A gap of 10 % through a margin of 2.5 %.
    world.price(BTC, price("54000")).done();
    let outcome = world.liquidate("eve").done();
    assert!(outcome.fact::<PositionLiquidated>().size_after.is_zero());
    let failed = outcome.fact::<CoverFailed>();
    assert!(failed.asked > usd(1_900), "{}", failed.asked);
    let booked = outcome.fact::<LossBooked>();
    assert_eq!((booked.payer, booked.amount), (Payer::Pool, failed.asked));
    let ledger = world.losses();
    assert_eq!((ledger.deficit, ledger.pool, ledger.cover_failures), (failed.asked, failed.asked, 1));
    assert!(ledger.cover_failing_since > 0);
    // The fees stay owed, and nobody's order waits for the fund.
    let owed = world.pool_record().insurance_fees;
    world.sweep_fees().done();
    assert_eq!(world.pool_record().insurance_fees, owed);
    // The breaker restricted the market for the gap; both markets let everybody out.
    world.advance(3_600);
    world.refresh().done();
    world.open("dan", ETH, size("1")).fact::<OrderFilled>();
    world.price(BTC, price("60000")).done();
    everybody_gets_out(&mut world);

    world.repair_contract(Code::Insurance);
    world.sweep_fees().done();
    assert!(world.pool_record().insurance_fees.is_zero());
}

#[test]
fn a_dead_guardian_costs_the_signal_and_not_the_restriction() {
    let mut world = trading_world();
    world.break_contract(Code::Guardian);
    // 6 % within seconds.
    let outcome = world.price(BTC, price("56400")).done();
    let failed = outcome.fact::<SignalFailed>();
    assert_eq!(failed.failures_in_a_row, 1);
    assert!(!outcome.has::<IncidentOpened>());
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    assert_eq!(world.effective(ETH).posture.level, Level::Normal);
    world.open("dan", ETH, size("1")).fact::<OrderFilled>();
    everybody_gets_out(&mut world);
    // It expires by itself: nobody is needed to re-open.
    world.advance(7_200);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
}

/// Every figure is within its documented bounds: a yardstick of one atom, a ladder out of reach. A move of 400 times the price,
/// counted in shares of it, is past every number.
#[test]
fn one_markets_overflowing_rule_closes_that_market_and_no_other() {
    let mut world = WorldBuilder::empty()
        .market(BTC, "PENNY", price("0.01"), |_| {})
        .market(ETH, "ETH", price("3000"), |_| {})
        .feed(BTC, |feed| feed.jump_max = ratio("1000"))
        .guard(BTC, |guard| {
            guard.maintenance_margin_ratio = Ratio::from_atoms(1);
            guard.rules.retain(|rule| [RuleId::Band, RuleId::Velocity].contains(&rule.rule));
            for rule in &mut guard.rules {
                rule.ladder.truncate(1);
                rule.ladder[0].threshold = ratio("100000000000000000000");
            }
        })
        .build();
    // Ten units of quote each, in a market where that is a thousand units of base.
    for (name, pennies, ether) in
        [("alice", "1000", "-10"), ("bob", "-1500", "0"), ("carol", "0", "20"), ("dan", "500", "5")]
    {
        world.add_collateral(name, usd(45_000)).done();
        for (market, amount) in [(BTC, pennies), (ETH, ether)] {
            if amount != "0" {
                world.open(name, market, size(amount)).fact::<OrderFilled>();
            }
        }
    }

    let outcome = world.report(&[(BTC, price("4")), (ETH, price("3010"))]).done();
    let failed = outcome.fact::<EvaluationFailed>();
    assert_eq!((failed.market, failed.failures_in_a_row), (BTC, 1));
    assert!(!outcome.has::<HookFailed>());
    world.next_block();
    let effective = world.effective(BTC);
    assert_eq!((effective.posture.level, effective.reason), (Level::ReduceOnly, Some(Reason::LeaseExpired)));
    assert_eq!(world.effective(ETH).posture.level, Level::Normal);
    opening_is_refused(&mut world, BTC, Reason::LeaseExpired);
    world.open("dan", ETH, size("1")).fact::<OrderFilled>();
    assert_eq!(world.breaker_status(BTC).failures_in_a_row, 1);
    everybody_gets_out(&mut world);
}

#[test]
fn a_dead_oracle_stops_what_needs_a_price_and_nothing_else() {
    let mut world = trading_world();
    world.break_contract(Code::Oracle);
    let refused = world.price(BTC, price("60100")).refusal();
    assert_eq!(refused.error_as::<Broken>(), Some(&Broken { contract: "oracle" }));
    world.advance(400);
    assert_eq!(world.status(BTC).validity, Validity::Invalid);
    let refused = world.place("alice", BTC, size("0.1")).refusal();
    let found = refused.error_as::<ContractError>();
    assert!(matches!(found, Some(ContractError::PriceUnusable { market: BTC, found: Validity::Invalid, .. })));
    // What never needs a price: collateral in, a reduce order that waits, a cancel.
    world.add_collateral("alice", usd(100)).done();
    let size_now = world.position_size("alice", BTC);
    world.place_reduce("alice", BTC, size_now.negated().unwrap()).done();
    assert!(!world.execute(BTC).done().has::<OrderFilled>());
    assert!(world.liquidate("alice").facts::<PositionLiquidated>().is_empty());

    world.repair_contract(Code::Oracle);
    world.advance(10);
    world.refresh().done();
    let filled = world.execute(BTC).done();
    assert!(!filled.has::<OrderDropped>());
    assert!(filled.fact::<OrderFilled>().size_after.is_zero());
    everybody_gets_out(&mut world);
}

#[test]
fn the_council_freezes_everything_and_everybody_gets_out_after_it() {
    let mut world = trading_world();
    world.council_restrict(Scope::All, Level::Frozen, 3_600).done();
    for market in [BTC, ETH] {
        assert_eq!(world.effective(market).posture.level, Level::Frozen);
    }
    // Orders are taken and wait; collateral comes in.
    let size_now = world.position_size("alice", BTC);
    world.place_reduce("alice", BTC, size_now.negated().unwrap()).done();
    world.add_collateral("alice", usd(100)).done();
    world.advance(20);
    world.refresh().done();
    let waits = world.execute(BTC).refusal();
    assert!(matches!(
        waits.error_as::<ContractError>(),
        Some(ContractError::Restricted { action: Action::ExecuteOrders, reason: Reason::Council, .. })
    ));
    // a batch of none keeps the prices of the freeze, and the order goes on waiting.
    assert!(!world.execute_by("keeper", BTC, 0).done().has::<OrderFilled>());
    assert_eq!(world.market_record(BTC).freeze.unwrap().mark_price, price("60000"));
    // it carries its end, and ends by itself.
    assert!(world.effective(BTC).until > world.now());
    world.advance(3_600);
    world.refresh().done();
    assert_eq!(world.effective(BTC).posture.level, Level::Normal);
    // who was locked in acts first.
    opening_is_refused(&mut world, BTC, Reason::Grace);
    world.execute(BTC).fact::<OrderFilled>();
    everybody_gets_out(&mut world);
    world.advance(600);
    world.refresh().done();
    let shares = world.provider("lp").shares;
    world.leave_pool("lp", shares).fact::<LiquidityWithdrawn>();
}

/// The vault's last frame: coins that are gone, however they went, refuse the next payment. What needs no coins goes on.
#[test]
fn coins_that_were_paid_twice_are_noticed_before_the_next_payment() {
    let mut world = World::builder().recording_violations().trader("alice", usd(10_000)).build();
    // The seeded bug: the vault pays one unit to somebody without any record of it.
    world.leak(Code::Vault, "thief", Amount::from_atoms(1));
    let pool = world.pool_record();
    let refused = world.withdraw("alice", usd(1)).refusal();
    let found = refused.error_as::<ContractError>();
    assert!(matches!(found, Some(ContractError::CoinsMissing { .. })), "{refused:?}");
    assert_eq!(world.pool_record(), pool);
    assert_eq!(world.balance("alice"), Amount::ZERO);
}
