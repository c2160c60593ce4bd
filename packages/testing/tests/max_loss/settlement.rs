//! Thieves who end the vault at a moment of their choosing, and with the feeders' keys at their price.

use crate::stage::*;
use crate::thieves::{both_sides, enter, long_as_far_as_it_goes, moved, say};
use firebreak_messages::derivatives_vault::{
    ExecuteMsg as VaultMsg, MarketSettled, MarketSettlementScheduled, QueryMsg as VaultQuery, SettlementFixed,
    SettlementResponse, VaultPhase,
};
use firebreak_messages::AccountId;
use firebreak_risk::{Amount, Price, Ratio, Rounding};
use firebreak_testing::*;

/// Seconds of the hour before the settlement in which the thief says its price: more than must be covered.
const SAID_SECONDS: u64 = 2_400;

/// The council's procedure that settles, where one is approved. When it does.
fn wind_down(world: &mut World) -> Option<u64> {
    let attempt = world.run_playbook("orderly-wind-down");
    if !attempt.is_done() {
        return None;
    }
    let announced = attempt.facts::<MarketSettlementScheduled>();
    assert_eq!(announced.len(), 2);
    Some(announced[0].at)
}

/// Silence until the window, this price in it, and everybody's claim is fixed and paid: by anyone.
pub fn end_at(world: &mut World, at: u64, btc: Price) {
    world.advance_to(at - SAID_SECONDS);
    let mut said = world.last_price(BTC);
    let mut settled = vec![];
    for round in 0u64.. {
        if world.now() >= at {
            break;
        }
        // As far as one round may jump.
        said = said.times(Ratio::percent(140), Rounding::Floor).unwrap().min(btc);
        let _ = world.report(&[(BTC, said), (ETH, price("3000"))]);
        // Before rounds leave the ring.
        if round % 6 == 5 {
            for market in [BTC, ETH] {
                world.execute(market).done();
            }
        }
        world.advance(55.min(at - world.now()).max(1));
    }
    for market in [BTC, ETH] {
        settled.extend(world.execute(market).done().facts::<MarketSettled>());
    }
    let prices: Vec<_> = settled.iter().map(|fact| (fact.market, fact.price)).collect();
    assert_eq!(prices, [(BTC, btc), (ETH, price("3000"))]);
    let mut fixed = false;
    for _ in 0..4 {
        let outcome = world.send("keeper", Code::Vault, &VaultMsg::SettleAccounts { limit: 50 }, Amount::ZERO).done();
        fixed |= outcome.has::<SettlementFixed>();
        if fixed {
            break;
        }
    }
    let found: SettlementResponse = world.query(Code::Vault, &VaultQuery::Settlement {});
    assert_eq!((fixed, found.phase), (true, VaultPhase::Paying));
    let accounts: Vec<AccountId> =
        ["alice", "bob", "mallory", "lp"].iter().map(|name| world.account_id(name)).collect();
    world.send("keeper", Code::Vault, &VaultMsg::PaySettlement { accounts }, Amount::ZERO).done();
}

/// Council: the other side of what the honest hold, which pays its premium, and the end, which asks for none of it back.
pub fn at_the_true_price(world: &mut World, _: u64) {
    let honest = world.market(BTC).skew;
    for _ in 0..4 {
        if !world.market(BTC).skew.is_zero() {
            let part = honest.negated().unwrap().times(Ratio::percent(25)).unwrap();
            world.open("mallory", BTC, part).done();
        }
    }
    if let Some(at) = wind_down(world) {
        end_at(world, at, price("60000"));
    }
}

/// Council and feeders: both sides first; then long, and the end at a price of hers, which pays at once what no pool can.
pub fn both_sides_and_the_end(world: &mut World, seconds: u64) {
    let until = world.now() + seconds - 4 * HOUR;
    both_sides(world, seconds);
    long_as_far_as_it_goes(world, until);
    if let Some(at) = wind_down(world) {
        let hers = her_price(world);
        end_at(world, at, hers);
    }
}

/// At which the longs are owed nearly all that the pool has. Above it there is no more for her: everybody's profit is cut alike.
pub fn her_price(world: &World) -> Price {
    let left = world.pool().value.unwrap().withdraw.positive_part().atoms() as f64 / 1e6;
    let held = world.market(BTC).open_interest_long.atoms() as f64 / 1e18;
    let now = world.last_price(BTC).atoms() as f64 / 1e18;
    price(&format!("{:.0}", now + 0.97 * left / held))
}

/// Feeders, where a signal starts the end: up until it does and the short is gone, and on to a price of hers. She shares the pool with the
/// honest longs.
pub fn by_a_signal(world: &mut World, _: u64) {
    enter(world);
    let mut at = price("60000");
    for _ in 0..6 {
        at = moved(at, 112);
        say(world, at);
    }
    let announced = world.market(BTC).state.settlement.unwrap();
    let hers = her_price(world);
    end_at(world, announced.at, hers);
}
