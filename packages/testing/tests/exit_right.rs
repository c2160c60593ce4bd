//! Exit right: who asks to leave within the delay of a change leaves under the old parameters. A request keeps the cool-down and the
//! window of its own time; a change that is executed later binds only who asks after it.

use firebreak_messages::derivatives_vault::{
    ExecuteMsg as VaultMsg, LiquidityWithdrawalRequested, OutflowResponse, ParkedId, ParkedResponse,
    QueryMsg as VaultQuery,
};
use firebreak_messages::guardian::{OperationExecuted, OperationScheduled};
use firebreak_messages::insurance_fund::{
    ExecuteMsg as FundMsg, QueryMsg as FundQuery, StakerResponse, UnstakeRequested,
};
use firebreak_risk::{Amount, Ratio};
use firebreak_testing::*;

const DAY: u64 = 86_400;
const MONTH: u64 = 30 * DAY;

fn staked(world: &World, name: &str) -> StakerResponse {
    world.query(Code::Insurance, &FundQuery::Staker { address: world.address(name).into() })
}

fn asks_the_fund(world: &mut World, name: &str) -> UnstakeRequested {
    let shares = staked(world, name).shares;
    world.send(name, Code::Insurance, &FundMsg::RequestUnstake { shares }, Amount::ZERO).fact()
}

#[test]
fn who_asks_within_the_delay_leaves_after_the_old_cool_down() {
    let mut world = World::builder().build();
    for name in ["early", "late"] {
        world.fund(name, usd(20_000));
        world.provide(name, usd(10_000)).done();
        world.stake(name, usd(10_000)).done();
    }
    let old = (world.setup().vault.lp_cooldown_seconds, world.setup().fund.cooldown_seconds);
    let (mut vault, mut fund) = (world.setup().vault.clone(), world.setup().fund.clone());
    (vault.lp_cooldown_seconds, fund.cooldown_seconds) = (MONTH, MONTH);
    // The window may be a quarter of the cool-down now: longer for later requests, unchanged for the earlier one.
    let calls = vec![
        world.call(Code::Vault, &VaultMsg::Configure { parameters: vault }),
        world.call(Code::Insurance, &FundMsg::Configure { config: fund }),
    ];
    let scheduled = world.schedule(calls).fact::<OperationScheduled>();
    // In sight, and not in force: `early` asks.
    world.advance_to(scheduled.ready_at - 60);
    world.refresh().done();
    let shares = world.provider("early").shares;
    let asked_at = world.now();
    let request = world.request_withdrawal("early", shares).fact::<LiquidityWithdrawalRequested>();
    let unstake = asks_the_fund(&mut world, "early");
    assert_eq!((request.matures_at, unstake.matures_at), (asked_at + old.0, asked_at + old.1));
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(scheduled.operation).fact::<OperationExecuted>();

    let shares = world.provider("late").shares;
    let later_at = world.now();
    let later = world.request_withdrawal("late", shares).fact::<LiquidityWithdrawalRequested>();
    let late_unstake = asks_the_fund(&mut world, "late");
    assert_eq!((later.matures_at, late_unstake.matures_at), (later_at + MONTH, later_at + MONTH));

    // The earlier ones leave when they were told, the later ones do not.
    world.advance_to(request.matures_at);
    world.refresh().done();
    let before = world.balance("early");
    world.claim_withdrawal("early", request.request).done();
    world.pay_claims().done();
    let paid = world.balance("early").saturating_minus(before);
    assert!(paid > usd(9_900), "{paid}");
    assert!(!world.claim_withdrawal("late", later.request).is_done());
    world.advance_to(unstake.matures_at);
    let claim = |request| FundMsg::ClaimUnstake { request, amount_min: Amount::ZERO };
    world.send("early", Code::Insurance, &claim(unstake.request), Amount::ZERO).done();
    assert!(!world.send("late", Code::Insurance, &claim(late_unstake.request), Amount::ZERO).is_done());
}

#[test]
fn a_trader_with_free_collateral_leaves_within_any_delay() {
    let mut world = World::builder().trader("alice", usd(10_000)).build();
    let mut vault = world.setup().vault.clone();
    vault.withdrawal_margin_ratio = ratio("0.9");
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: vault });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    assert!(scheduled.ready_at > world.now());
    world.withdraw("alice", usd(10_000)).done();
    assert_eq!(world.account("alice").cash.atoms(), 0);
}

/// An hour in which the price is said and anyone collects what the limiter lets out: what the owner has been paid since.
fn an_hour(world: &mut World, name: &str) -> Amount {
    let before = world.balance(name);
    world.advance(3_600);
    world.refresh().done();
    let parked = ParkedId { account: world.account_id(name), liquidity: false };
    let _ = world.send("keeper", Code::Vault, &VaultMsg::CollectParked(parked), Amount::ZERO);
    world.balance(name).saturating_minus(before)
}

fn owed(world: &World, name: &str) -> Amount {
    let parked = ParkedId { account: world.account_id(name), liquidity: false };
    world.query::<ParkedResponse>(Code::Vault, &VaultQuery::Parked(parked)).amount
}

/// The promise of the limiter is an amount, and no time: who asks while a tightening is in sight is paid at once, and in every hour
/// of the delay, what the old figures let out; what still waits then is owed in full, and leaves at the figures of the day.
#[test]
fn who_asks_within_the_delay_of_a_tighter_limiter_is_paid_by_each_limiter_in_its_time() {
    let mut world = World::builder()
        .vault(|vault| {
            (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(10_000), ratio("0.02"));
            (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(240_000), ratio("0.4"));
        })
        .trader("early", usd(5_000_000))
        .build();
    // What came in counts as capacity, and flows off.
    world.advance(2 * DAY);
    world.refresh().done();
    let mut vault = world.setup().vault.clone();
    (vault.outflow.hour_ratio, vault.outflow.day_ratio) = (Ratio::ZERO, Ratio::ZERO);
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: vault });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();

    let capacity = world.query::<OutflowResponse>(Code::Vault, &VaultQuery::Outflow {}).traders;
    assert!(capacity > usd(100_000), "{capacity}");
    world.withdraw("early", usd(5_000_000)).done();
    assert_eq!(world.balance("early"), capacity);
    let old: Vec<Amount> = (0..23).map(|_| an_hour(&mut world, "early")).collect();
    // The capacity of an hour follows what the vault holds, which becomes less.
    assert!(old.iter().all(|paid| *paid > usd(80_000)), "{old:?}");

    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(scheduled.operation).fact::<OperationExecuted>();
    // The bucket of the hour flows off to the new floor.
    an_hour(&mut world, "early");
    let new: Vec<Amount> = (0..6).map(|_| an_hour(&mut world, "early")).collect();
    // Half of 10,000 an hour.
    assert_eq!(new, [usd(5_000); 6]);
    assert_eq!(world.balance("early").plus(owed(&world, "early")).unwrap(), usd(5_000_000));
    // The claim may be taken back, and the account has it again.
    assert!(owed(&world, "early") > usd(1_000_000));
}

/// What must stay behind for open interest is a limit on leaving like the cool-down: who asked before the DAO raised it leaves by the old one,
/// although the new one would keep all of the pool for as long as a trader holds its position.
#[test]
fn who_asks_within_the_delay_of_a_higher_reserve_leaves_behind_the_old_one() {
    let mut world = World::builder().pool(usd(100_000)).trader("alice", usd(300_000)).without_fees().build();
    world.fund("early", usd(100_000));
    world.provide("early", usd(100_000)).done();
    world.fund("late", usd(100_000));
    world.provide("late", usd(100_000)).done();
    world.open("alice", BTC, size("5")).done();
    let mut vault = world.setup().vault.clone();
    vault.reserve_ratio = Ratio::ONE;
    let call = world.call(Code::Vault, &VaultMsg::Configure { parameters: vault });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    world.advance_to(scheduled.ready_at - 60);
    world.refresh().done();
    let shares = world.provider("early").shares;
    let early = world.request_withdrawal("early", shares).fact::<LiquidityWithdrawalRequested>();
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(scheduled.operation).fact::<OperationExecuted>();
    // Who asks in the second of the raise counts as before it.
    world.advance(1);
    world.refresh().done();
    let shares = world.provider("late").shares;
    let late = world.request_withdrawal("late", shares).fact::<LiquidityWithdrawalRequested>();

    world.advance_to(early.matures_at);
    world.refresh().done();
    world.claim_withdrawal("early", early.request).done();
    world.pay_claims().done();
    let paid = world.balance("early");
    assert!(paid > usd(99_000), "{paid}");
    // 300,000 of open interest keep all that is left.
    world.advance_to(late.expires_at - 30);
    world.refresh().done();
    world.claim_withdrawal("late", late.request).done();
    world.advance(60);
    world.pay_claims().done();
    assert_eq!(world.balance("late"), Amount::ZERO);
    assert!(world.claims_wait());
}
