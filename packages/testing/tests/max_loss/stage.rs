//! What there is to take, and what counts as taken.
//!
//! What is measured is what the bound counts, at the true price: what accounts and fund have lost, and what of the pool became the
//! thief's: paid, or cash of the thief's account. Profit that has not vested is not.

use firebreak_messages::derivatives_vault::{QueryMsg as VaultQuery, SettlementResponse};
use firebreak_messages::guardian::QueryMsg;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, MaxLoss, Ratio, Rounding, Stolen};
use firebreak_testing::*;

pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 86_400;
pub const NONE: Stolen =
    Stolen { proposers: false, cancellers: false, council: false, sentinels: false, feeders: false, observers: false };
pub const FEEDERS: Stolen = Stolen { feeders: true, ..NONE };
pub const COUNCIL: Stolen = Stolen { council: true, ..NONE };
pub const BOTH: Stolen = Stolen { council: true, ..FEEDERS };
pub const PROPOSERS: Stolen = Stolen { proposers: true, ..NONE };
pub const TIMELOCK: Stolen = Stolen { proposers: true, cancellers: true, ..NONE };
pub const SENTINEL_KEYS: Stolen = Stolen { sentinels: true, ..NONE };
pub const OBSERVER_KEYS: Stolen = Stolen { observers: true, ..NONE };
pub const EVERY: Stolen =
    Stolen { proposers: true, cancellers: true, council: true, sentinels: true, feeders: true, observers: true };
const HONEST: [&str; 2] = ["alice", "bob"];

pub fn bound(world: &World, stolen: Stolen, horizon_seconds: Option<u64>) -> MaxLoss {
    world.query(Code::Guardian, &QueryMsg::MaxLoss { stolen, horizon_seconds })
}

/// Two honest traders with money, and a thief with capital of her own. Profit takes days to vest; 5 % of the vault leaves within an
/// hour, 15 % within a day; the fund pays half of itself within a day.
pub fn scene() -> World {
    builder().build()
}

/// The scene before it is built: for who adds to it.
pub fn builder() -> WorldBuilder {
    let vesting = |config: &mut firebreak_messages::derivatives_vault::MarketConfig| {
        config.vesting_half_life_seconds = 3 * DAY;
    };
    World::builder()
        .with_market(BTC, vesting)
        .with_market(ETH, vesting)
        .vault(|vault| {
            (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(100_000), ratio("0.05"));
            (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(300_000), ratio("0.15"));
        })
        .fund(|fund| {
            (fund.cover_share_max, fund.cover_share_per_market_max) = (ratio("0.5"), ratio("0.5"));
            fund.inject_share_max = ratio("0.2");
        })
        .trader("alice", usd(3_000_000))
        .trader("bob", usd(3_000_000))
        .trader("mallory", usd(600_000))
}

/// Without funding: what it costs to hold a position is nobody's key's doing.
pub fn still(builder: WorldBuilder) -> WorldBuilder {
    [BTC, ETH].into_iter().fold(builder, |builder, market| {
        builder.with_market(market, |config| config.funding.velocity_max = Ratio::ZERO)
    })
}

/// The scene with ready procedures approved.
pub fn approved(names: &[&str]) -> World {
    approved_in(scene(), names)
}

pub fn approved_in(mut world: World, names: &[&str]) -> World {
    let mut playbooks = world.templates(BTC);
    assert_eq!(playbooks.len(), 6);
    playbooks.retain(|playbook| names.is_empty() || names.contains(&playbook.name.as_str()));
    world.approve(playbooks).done();
    world.refresh().done();
    world
}

/// One honest trader alone in a market, whose skew has paid a premium. Without funding: what it costs to hold a position is nobody's key's doing.
pub fn one_sided(names: &[&str]) -> World {
    let still = |config: &mut firebreak_messages::derivatives_vault::MarketConfig| {
        config.vesting_half_life_seconds = 3 * DAY;
        config.funding.velocity_max = Ratio::ZERO;
    };
    let world = World::builder()
        .with_market(BTC, still)
        .trader("alice", usd(3_000_000))
        .trader("bob", usd(3_000_000))
        .trader("mallory", usd(1_000_000))
        .build();
    let mut world = approved_in(world, names);
    for _ in 0..4 {
        world.open("alice", BTC, size("30")).done();
    }
    world
}

/// What it costs to fix the claims of a settled vault, out of which each account pays a tenth of an execution fee to whoever does it:
/// work, and no bound's.
pub fn wages(world: &World) -> i128 {
    let found: SettlementResponse = world.query(Code::Vault, &VaultQuery::Settlement {});
    let tenth = world.setup().vault.execution_fee.times(Ratio::percent(10), Rounding::Floor).unwrap();
    (tenth.atoms() * u128::from(found.settlement.accounts)) as i128
}

/// With positions: the honest ones are on both sides, and balance each other, so that nobody pays funding.
pub fn trading(mut world: World) -> World {
    for _ in 0..2 {
        for (name, amount) in [("alice", "30"), ("bob", "-30")] {
            world.open(name, BTC, size(amount)).done();
        }
    }
    world
}

/// What somebody has, at the price of the vault.
fn equity(world: &World, name: &str) -> i128 {
    world.account(name).equity.atoms() + world.balance(name).atoms() as i128
}

fn fund(world: &World) -> i128 {
    let fund = world.insurance();
    fund.first_loss.atoms() as i128 + fund.staked.atoms() as i128
}

/// What the thief has of the pool, at the price of the vault.
fn pool_shares(world: &World) -> i128 {
    let provider = world.provider("mallory");
    let asked = provider.requests.iter().map(|request| request.shares.atoms()).sum::<u128>();
    let (held, pool) = (provider.shares.atoms() + asked, world.pool());
    if held == 0 || pool.pool.shares.is_zero() {
        return 0;
    }
    let value = pool.value.map_or(0.0, |value| value.withdraw.positive_part().atoms() as f64);
    (value * held as f64 / pool.pool.shares.atoms() as f64) as i128
}

/// What the thief has beside wallet and cash: shares of the pool, less what her open positions have lost of that cash.
fn holdings(world: &World) -> i128 {
    let account = world.account("mallory");
    let left = if account.equity < account.cash { account.equity } else { account.cash };
    let lost = account.cash.positive_part().atoms() - left.positive_part().atoms();
    pool_shares(world) - lost as i128
}

/// How far the skew of her open position moves the mark against the honest: no key's doing, and undone when she closes it. `P*k/S` of what
/// they hold; from above.
fn impact(world: &World) -> i128 {
    let of = |market: MarketId| {
        let found = world.market(market);
        let hers = world.position_size("mallory", market).magnitude() as f64;
        let moved = world.last_price(market).atoms() as f64 / 1e18 * hers / found.config.skew_scale.magnitude() as f64;
        let held = HONEST.iter().map(|name| world.position_size(name, market).magnitude() as f64 / 1e12).sum::<f64>();
        (moved * held).ceil() as i128
    };
    [BTC, ETH].into_iter().map(of).sum()
}

/// Beyond the stake that she brought for it.
fn shares(world: &World) -> i128 {
    let provider = world.provider("mallory");
    let none = provider.shares.is_zero() && provider.requests.is_empty();
    if none {
        0
    } else {
        pool_shares(world) - STAKE.atoms() as i128
    }
}

/// What the thief puts into the pool.
pub const STAKE: Amount = Amount::from_units(5_000_000);

/// What is there before the theft.
pub struct Ledger {
    honest: Vec<i128>,
    fund: i128,
    thief: i128,
}

impl Ledger {
    pub fn open(world: &World) -> Self {
        let honest = HONEST.iter().map(|name| equity(world, name)).collect();
        Self { honest, fund: fund(world), thief: equity(world, "mallory") }
    }

    /// Losses of accounts and fund, and the thief's gain that is not out of them.
    pub fn taken(&self, world: &World) -> i128 {
        self.taken_with(world, shares(world))
    }

    /// The same of a history whose thief did what came to her mind, out of her own coins.
    pub fn taken_of_anything(&self, world: &World) -> i128 {
        self.taken_with(world, holdings(world)) - impact(world) - wages(world)
    }

    /// The thief has so much beside her coins.
    fn taken_with(&self, world: &World, shares: i128) -> i128 {
        let lost = |before: &i128, now: i128| (before - now).max(0);
        let forced: i128 =
            HONEST.iter().zip(&self.honest).map(|(name, before)| lost(before, equity(world, name))).sum();
        let forced = forced + lost(&self.fund, fund(world));
        let thief = world.account("mallory");
        let owned = world.balance("mallory").atoms() as i128 + thief.cash.positive_part().atoms() as i128;
        forced + (owned + shares - self.thief - forced).max(0)
    }
}
