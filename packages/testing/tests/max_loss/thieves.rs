//! What the thieves do. Each is told how many seconds there are, and must be done by then.

use crate::stage::*;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig};
use firebreak_messages::guardian::OperationScheduled;
use firebreak_messages::insurance_fund::{ConfigResponse, ExecuteMsg as FundMsg, FundConfig, QueryMsg as FundQuery};
use firebreak_risk::{Amount, Price, Ratio, Rounding, SignedAmount};
use firebreak_testing::*;

const HONEST: [&str; 2] = ["alice", "bob"];
const TRUE_PRICE: &str = "60000";
/// As far as a thief moves the price: beyond it the pool could not pay what its traders have gained, and nobody would be paid.
const PRICE_MAX: u64 = 180_000;

/// One message of the thief's feeders, with whatever follows from it: keepers liquidate whom they can.
pub fn say(world: &mut World, at: Price) {
    world.advance(5);
    if !world.report(&[(BTC, at), (ETH, price("3000"))]).is_done() {
        return;
    }
    world.next_block();
    for name in HONEST {
        let _ = world.liquidate(name);
    }
}

pub fn moved(at: Price, percent: u64) -> Price {
    let there = at.times(Ratio::percent(percent as u32), Rounding::Floor).unwrap_or(at);
    there.min(price(&PRICE_MAX.to_string()))
}

/// Back to the truth, whatever the jumps in between allow.
pub fn end(world: &mut World) {
    for _ in 0..12 {
        say(world, price(TRUE_PRICE));
    }
}

/// A long position, before the price moves.
pub fn enter(world: &mut World) {
    for _ in 0..2 {
        world.open("mallory", BTC, size("30")).done();
    }
}

/// Feeders, by hand: up until the short is gone, out with the profit, down until the long is gone.
pub fn both_sides(world: &mut World, _: u64) {
    enter(world);
    let mut at = price(TRUE_PRICE);
    for _ in 0..6 {
        at = moved(at, 112);
        say(world, at);
    }
    let _ = world.close_at("mallory", BTC, at);
    let _ = world.withdraw("mallory", usd(4_000_000));
    for _ in 0..24 {
        at = moved(at, 89);
        say(world, at);
    }
    end(world);
}

/// Feeders: each time the direction in which more can be taken at once.
pub fn greedy(world: &mut World, _: u64) {
    enter(world);
    let ledger = Ledger::open(world);
    let mut at = price(TRUE_PRICE);
    for _ in 0..16 {
        let moment = world.moment();
        let mut best = (i128::MIN, 100);
        for percent in [112, 89] {
            say(world, moved(at, percent));
            let gain = ledger.taken(world);
            if gain > best.0 {
                best = (gain, percent);
            }
            world.go_back_to(&moment);
        }
        at = moved(at, best.1);
        say(world, at);
    }
    let _ = world.close_at("mallory", BTC, at);
    end(world);
}

/// Feeders: anything.
pub fn random(world: &mut World, moves: &[(u8, u8)]) {
    enter(world);
    let mut at = price(TRUE_PRICE);
    for (what, percent) in moves {
        match what % 4 {
            0 | 1 => {
                at = moved(at, 88 + u64::from(percent % 25));
                say(world, at);
            }
            2 => {
                let _ = world.close_at("mallory", BTC, at);
            }
            _ => {
                let _ = world.withdraw("mallory", usd(u64::from(*percent) * 10_000));
            }
        }
    }
    end(world);
}

/// Council: the procedure that injects, as often as it lets itself be run.
pub fn inject(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    while world.now() < until - 600 {
        let _ = world.run_playbook("price-crash");
        world.advance(HOUR.min(until - 300 - world.now()));
    }
}

/// Council and feeders.
pub fn inject_and_both_sides(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    both_sides(world, seconds);
    inject(world, until - world.now());
}

/// Proposers and cancellers: as soon as parameters may go any length, margins that nobody has, and a penalty that takes all of them; and the first
/// loss into the pool. Nobody names a witness.
pub fn reconfigure(world: &mut World, _: u64) {
    let mut market: MarketConfig = world.market(BTC).config;
    (market.margin.initial_margin_ratio, market.margin.maintenance_scalar) = (Ratio::ONE, ratio("0.99"));
    (market.liquidation.penalty_ratio, market.vesting_half_life_seconds) = (ratio("0.98"), 0);
    let fund: ConfigResponse = world.query(Code::Insurance, &FundQuery::Config {});
    let fund = FundConfig { cover_share_max: Ratio::ONE, inject_share_max: Ratio::ONE, ..fund.config };
    let vault = world.addresses.derivatives_vault.to_string();
    let open = vec![
        world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: market }),
        world.call(Code::Insurance, &FundMsg::Configure { config: fund }),
    ];
    // The window opens little by little: once more when there is a day.
    let first = world.call(Code::Insurance, &FundMsg::Inject { vault, amount: usd(1_000_000) });
    let mut operations = vec![];
    for calls in [open, vec![first.clone()], vec![first]] {
        operations.push(world.schedule(calls).fact::<OperationScheduled>());
    }
    world.advance_to(operations[0].ready_at);
    world.refresh().done();
    world.execute_operation(operations[0].operation).done();
    world.execute_operation(operations[1].operation).done();
    for _ in 0..12 {
        world.advance(5);
        world.refresh().done();
        world.next_block();
        for name in HONEST {
            let _ = world.liquidate_by("mallory", vec![world.account_id(name)]);
        }
    }
    world.advance(20 * HOUR);
    world.execute_operation(operations[2].operation).done();
    world.refresh().done();
}

/// One message of the feeders, and nothing else.
fn tell(world: &mut World, at: Price) {
    world.advance(5);
    world.report(&[(BTC, at), (ETH, price("3000"))]).done();
    world.next_block();
}

/// Feeders: up, so that the pool owes the longs a gain that is none; shares of it; back to the truth.
pub fn buy_the_pool(world: &mut World, stake: Amount, truth: SignedAmount) {
    let mut at = price(TRUE_PRICE);
    for _ in 0..6 {
        at = moved(at, 112);
        tell(world, at);
    }
    assert!(world.pool().value.unwrap().deposit < truth);
    // In, once the breaker has seen enough of it; the price is the thief's all the while.
    for _ in 0..30 {
        if world.provide("mallory", stake).is_done() {
            break;
        }
        world.advance(285);
        tell(world, at);
    }
    assert!(!world.provider("mallory").shares.is_zero());
    while at > price(TRUE_PRICE) {
        at = moved(at, 89).max(price(TRUE_PRICE));
        tell(world, at);
    }
}

/// At one price, until something goes through.
fn patiently(world: &mut World, at: Price, until: u64, what: impl Fn(&mut World) -> bool) -> bool {
    while world.now() < until {
        if what(world) {
            return true;
        }
        world.advance(235);
        let _ = world.report(&[(BTC, at), (ETH, price("3000"))]);
        world.next_block();
    }
    false
}

/// At the true price, in orders as small as a procedure has made them.
pub fn long_as_far_as_it_goes(world: &mut World, until: u64) {
    patiently(world, price(TRUE_PRICE), until, |world| {
        let _ = world.open("mallory", BTC, size("8"));
        world.position_size("mallory", BTC) >= size("64")
    });
}

/// Feeders: both sides first. Hours later, when the breaker has calmed down, long as far as orders and caps let her, which the procedure
/// has cut; up until the pool owes her nearly all it has; shares of what is left; back to the truth, and out.
pub fn both_sides_and_the_pool(world: &mut World, seconds: u64) {
    let (truth, until) = (price(TRUE_PRICE), world.now() + seconds - 2 * HOUR);
    both_sides(world, seconds);
    long_as_far_as_it_goes(world, until);
    let left = usd(1_500_000).signed().unwrap();
    let mut at = truth;
    while world.pool().value.is_some_and(|value| value.deposit > left) && world.now() < until {
        at = at.times(Ratio::percent(105), Rounding::Floor).unwrap();
        tell(world, at);
    }
    patiently(world, at, until, |world| world.provide("mallory", STAKE).is_done());
    while at > truth {
        at = at.times(Ratio::percent(89), Rounding::Floor).unwrap().max(truth);
        tell(world, at);
    }
    let shares = world.provider("mallory").shares;
    assert!(world.request_withdrawal("mallory", shares).is_done());
}

/// What is taken of the pool by whoever bought its shares at a false low value, at the true price.
pub fn shares_of_the_pool(world: &World, stake: Amount) -> f64 {
    let (pool, shares) = (world.pool(), world.provider("mallory").shares);
    let value = pool.value.unwrap().withdraw.positive_part().atoms() as f64;
    value * shares.atoms() as f64 / pool.pool.shares.atoms() as f64 - stake.atoms() as f64
}
