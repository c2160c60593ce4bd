//! What a message costs does not depend on how many accounts are open: the same keys, and the same bytes, with 10, 1,000 and
//! 100,000 of them.
//!
//! The accounts are written into the vault's storage as it keeps them. They share one BTC of open interest on each side, whatever
//! their number, so that no sum has more digits in one world than in another, and every byte can be compared.

use firebreak_derivatives_vault::state;
use firebreak_messages::derivatives_vault::{
    Account, Deleveraged, LiquidityProvided, LiquidityWithdrawn, OrderFilled, Position, PositionLiquidated, SideRolled,
};
use firebreak_risk::{Nominal, PositionStake, Scale, SignedAmount, ONE};
use firebreak_testing::*;
use std::time::Instant;

/// `accounts` of them, half long and half short, each with its part of one BTC, bought at the price of now.
fn open_accounts(world: &mut World, accounts: usize) {
    // Takes the mark to the latest price.
    world.execute(BTC).done();
    let price = world.last_price(BTC);
    let mut storage = world.storage_mut(Code::Vault);
    let mut market = state::MARKETS.load(&*storage, BTC.0).unwrap();
    assert_eq!(market.mark_price, price);
    let each_side = accounts / 2;
    let part = i128::try_from(ONE).unwrap() / each_side as i128;
    let cost = i128::try_from(price.atoms() / 1_000_000_000_000).unwrap() / each_side as i128;
    for index in 0..accounts {
        let (side, sign) = if index % 2 == 0 { (&mut market.long, 1) } else { (&mut market.short, -1) };
        let (nominal, basis) = (Nominal::from_atoms(sign * part), SignedAmount::from_atoms(sign * cost));
        side.nominal = side.nominal.plus(nominal).unwrap();
        side.basis = side.basis.plus(basis).unwrap();
        let stake = PositionStake { nominal, basis, epoch: side.epoch };
        let account = Account {
            positions: vec![Position { market: BTC, stake, opened_height: 0, scale: Scale::ONE }],
            ..Account::default()
        };
        // Spread over the whole range of keys, in front of the accounts that are measured and behind them.
        let spread = index.wrapping_mul(0x9e37_79b9) % 0x1_0000_0000;
        let owner = format!("{}{spread:08x}{index:036}", if index % 4 < 2 { "a" } else { "z" });
        state::ACCOUNTS.save(&mut *storage, (owner, 0), &account).unwrap();
    }
    let open = market.notional_at_mark().unwrap();
    let mut pool = state::POOL.load(&*storage).unwrap();
    pool.open_notional = pool.open_notional.plus(open).unwrap().minus(market.open_notional).unwrap();
    market.open_notional = open;
    state::POOL.save(&mut *storage, &pool).unwrap();
    state::MARKETS.save(&mut *storage, BTC.0, &market).unwrap();
}

/// What each message read and wrote, byte by byte.
fn measured(accounts: usize) -> Vec<(&'static str, Usage)> {
    // Who leaves a deficit leaves it to the winning side: no fund, and a pool that pays nothing before it.
    let builder = World::builder().checking(Checking::CheapOnly).insurance(usd(0)).guards(Guards::Off);
    let mut world = builder
        .with_market(BTC, |market| market.pool_loss_max = usd(0))
        .trader("alice", usd(4_000))
        .trader("half", usd(2_000))
        .trader("whole", usd(4_000))
        .build();
    open_accounts(&mut world, accounts);
    let last = world.last_price(BTC);
    let mut costs = vec![];
    let started = Instant::now();
    let mut note = |name: &'static str, outcome: Outcome| {
        costs.push((name, outcome.usage.clone()));
        outcome
    };
    note("price", world.report(&[(BTC, last)]).done());
    world.next_block();
    note("place an order", world.place("alice", BTC, size("1")).done());
    world.advance(10);
    world.price(BTC, last).done();
    note("execute it", world.execute(BTC).done()).fact::<OrderFilled>();
    for (name, part) in [("half", "0.5"), ("whole", "0.9")] {
        world.open(name, BTC, size(part)).fact::<OrderFilled>();
    }
    note("pool value, in a deposit", world.provide("carol", usd(1_000)).done()).fact::<LiquidityProvided>();
    world.price(BTC, price("57000")).done();
    note("liquidate", world.liquidate("alice").done()).fact::<PositionLiquidated>();
    let shares = world.provider("carol").shares;
    note("ask to leave the pool", world.request_withdrawal("carol", shares).done());
    world.advance(world.setup().vault.lp_cooldown_seconds);
    world.refresh().done();
    note("claim", world.claim_withdrawal("carol", 0).done());
    world.advance(10);
    world.refresh().done();
    note("pool value, in a claim", world.execute_claims_alone().done()).fact::<LiquidityWithdrawn>();
    world.price(BTC, price("55000")).done();
    // Every short closes about a half, and then the rest.
    let outcome = note("deleverage a part of a side", world.liquidate("half").done());
    let closed = outcome.fact::<Deleveraged>();
    assert!(closed.short && closed.size < size("0.6") && !outcome.has::<SideRolled>(), "{closed:?}");
    let outcome = note("deleverage the rest of it", world.liquidate("whole").done());
    assert!(outcome.fact::<Deleveraged>().short);
    outcome.fact::<SideRolled>();
    // Shown, not judged: the machine may have other things to do.
    println!("{accounts} accounts: {} us for all steps", started.elapsed().as_micros());
    costs
}

fn compare(few: usize, many: usize) {
    let records = |accounts: usize| {
        let measured = measured(accounts);
        assert!(measured.iter().all(|(_, usage)| usage.total().reads > 0));
        measured
    };
    for ((name, few_usage), (_, many_usage)) in records(few).into_iter().zip(records(many)) {
        assert_eq!(few_usage, many_usage, "{name} with {few} and with {many} accounts");
    }
}

#[test]
fn a_thousand_accounts_cost_what_ten_do() {
    compare(10, 1_000);
}

#[test]
fn a_hundred_thousand_accounts_cost_what_ten_do() {
    compare(10, 100_000);
}
