//! The World itself: bootstrap, everyday steps, and that its checks run.

use firebreak_derivatives_vault::ContractError;
use firebreak_messages::circuit_breaker::{EvidenceResponse, QueryMsg as BreakerQuery, Scope};
use firebreak_messages::derivatives_vault::{LiquidityWithdrawn, OrderFilled, PositionLiquidated};
use firebreak_messages::guardian::{ActionConfirmed, CouncilAction};
use firebreak_messages::oracle::{FeedResponse, QueryMsg};
use firebreak_messages::RuleId;
use firebreak_risk::{Level, PoolShares, Ratio};
use firebreak_testing::*;

#[test]
fn a_trader_opens_closes_and_takes_the_profit_out() {
    let mut world = World::builder().trader("alice", usd(10_000)).build();
    let filled = world.open("alice", BTC, size("1")).fact::<OrderFilled>();
    assert_eq!(filled.size_after, size("1"));
    let closed = world.close_at("alice", BTC, price("61000")).fact::<OrderFilled>();
    assert_eq!(closed.size_after, size("0"));
    assert!(closed.realised_pnl > usd(990).signed().unwrap(), "{}", closed.realised_pnl);
    let cash = world.account("alice").cash.positive_part();
    world.withdraw("alice", cash).done();
    assert_eq!(world.balance("alice"), cash);
    assert!(world.tally().checks > 100);
}

#[test]
fn an_unhealthy_account_is_liquidated_and_a_healthy_one_is_not() {
    let mut world = World::builder().trader("alice", usd(4_000)).trader("bob", usd(40_000)).build();
    world.open("alice", BTC, size("1")).done();
    world.open("bob", BTC, size("1")).done();
    world.price(BTC, price("57000")).done();
    assert!(world.account("alice").liquidatable);
    let liquidated = world.liquidate("alice").fact::<PositionLiquidated>();
    assert_eq!(liquidated.account, world.account_id("alice"));
    assert!(world.liquidate("bob").facts::<PositionLiquidated>().is_empty());
}

#[test]
fn liquidity_comes_and_goes() {
    let mut world = World::builder().build();
    world.provide("carol", usd(1_000)).done();
    let shares = world.provider("carol").shares;
    let paid = world.leave_pool("carol", shares).fact::<LiquidityWithdrawn>();
    assert!(paid.amount <= usd(1_000));
    assert!(paid.amount >= usd(999), "{}", paid.amount);
}

#[test]
fn a_refusal_carries_the_contracts_own_error() {
    let mut world = World::builder().build();
    let refused = world.place("nobody", BTC, size("1")).refusal();
    assert!(matches!(refused.error_as::<ContractError>(), Some(ContractError::InsufficientCash { .. })), "{refused:?}");
}

#[test]
fn a_seeded_leak_and_a_seeded_gift_to_an_account_are_noticed() {
    use firebreak_derivatives_vault::state::ACCOUNTS;
    let mut world = World::builder().recording_violations().trader("alice", usd(10)).build();
    world.leak(Code::Vault, "thief", usd(1));
    world.check_everything();
    let found = world.tally().kept.clone();
    assert!(
        matches!(found.as_slice(), [Violation::CoinsNotConserved { .. }, Violation::VaultInsolvent { .. }]),
        "{found:?}"
    );

    let mut world = World::builder().recording_violations().trader("alice", usd(10)).build();
    let id = world.account_id("alice");
    let mut account = world.account_record(&id).unwrap();
    account.cash = account.cash.plus_amount(usd(1)).unwrap();
    ACCOUNTS.save(&mut *world.storage_mut(Code::Vault), (id.owner, id.subaccount), &account).unwrap();
    world.check_everything();
    assert!(matches!(world.tally().kept.as_slice(), [Violation::SumMismatch { .. }]), "{:?}", world.tally().kept);
}

#[test]
fn a_seeded_shortfall_is_noticed() {
    use firebreak_derivatives_vault::state::POOL;
    let mut world = World::builder().recording_violations().build();
    let mut pool = world.pool_record();
    pool.cash = pool.cash.plus_amount(usd(1)).unwrap();
    POOL.save(&mut *world.storage_mut(Code::Vault), &pool).unwrap();
    world.check_everything();
    let found = &world.tally().kept;
    assert!(matches!(found.as_slice(), [Violation::VaultInsolvent { .. }]), "{found:?}");
}

#[test]
fn a_pool_that_has_spent_other_traders_collateral_is_noticed() {
    let mut world = World::builder()
        .recording_violations()
        .guards(Guards::Off)
        .pool(usd(7_000))
        .trader("alice", usd(10_000))
        .trader("bob", usd(10_000))
        .build();
    world.open("alice", BTC, size("1")).done();
    // 10,000 won of a pool of 7,000: the vault may owe it, and pays it to nobody out of bob's collateral.
    let _ = world.close_at("alice", BTC, price("70000"));
    let owed_too_much = world.pool_record().cash.is_negative();
    assert!(owed_too_much);
    let noticed = world.tally().kept.iter().any(|found| matches!(found, Violation::VaultInsolvent { .. }));
    assert_eq!(noticed, owed_too_much, "{:?}", world.tally().kept);
}

#[test]
fn names_can_be_given_addresses_and_an_idle_world_has_done_nothing() {
    let given = |name: &str| World::builder().build().address(&format!("given {name}"));
    let names = ["alice", "feeder-0", "council-1"];
    let mut world =
        names.iter().fold(World::builder().idle(), |builder, name| builder.named(name, given(name))).build();
    assert_eq!((world.now(), world.height()), (1_700_000_000, 1));
    assert_eq!(world.pool_record().shares, PoolShares::ZERO);
    assert_eq!(world.price_record(BTC).unwrap().rounds, []);
    for name in names {
        assert_eq!(world.address(name), given(name));
    }
    let feed: FeedResponse = world.query(Code::Oracle, &QueryMsg::Feed { feed: feed_of(BTC) });
    let feeders: Vec<_> = feed.config.feeders.into_iter().map(|feeder| feeder.address).collect();
    assert_eq!(feeders, ["feeder-0", "feeder-1", "feeder-2"].map(|name| world.address(name).to_string()));
    let action = CouncilAction::restrict(Scope::All, Level::Guarded, 60);
    let confirmed = world.confirm("council-1", &action, 0).fact::<ActionConfirmed>();
    assert_eq!(confirmed.member, given("council-1").as_str());
}

// through the oracle and its hook to what the breaker says of a market in which two accounts stand against each other.
#[test]
fn the_breaker_nets_shorts_against_longs() {
    let mut world = World::builder().trader("long", usd(100_000)).trader("short", usd(100_000)).build();
    world.open("long", BTC, size("8")).done();
    world.open("short", BTC, size("-8")).done();
    let concentration = |world: &World| {
        let evidence: EvidenceResponse = world.query(Code::Breaker, &BreakerQuery::Evidence { market: BTC });
        evidence.rules.into_iter().find(|rule| rule.rule == RuleId::Concentration).unwrap().score
    };
    world.refresh().done();
    assert_eq!(world.market(BTC).skew, size("0"));
    assert_eq!(concentration(&world), Ratio::ZERO);
    // The short goes: 8 at 60,000 against ten millions are left.
    world.close("short", BTC).done();
    world.refresh().done();
    let left = concentration(&world);
    assert!(left > Ratio::percent(4) && left <= Ratio::percent(5), "{left}");
}
