//! Hyperliquid, POPCAT, 2025-11-12: $3M over 19 wallets bought about $26M of one token at high leverage while a wall of bids of the same hand
//! held its price up near 0.21. The wall was taken away, the longs were liquidated into nothing, and the vault that takes
//! positions over was left with a loss of $4.9M; the bridge was locked for a while.
//!
//! Unprotected: the suite with its breaker off. Protected: every rule enforced, the cage included. Caps, margins, the 19 wallets, what
//! they ask for, the traders who take the other side and the prices are the same: up by 1.6 % a round while they buy, one after the other, and down to 0.13 within
//! two minutes when the wall is gone. What the wallets cannot pay is what the pool is left with.

use firebreak_incidents::*;
use firebreak_messages::MarketId;
use firebreak_risk::{Price, Size};
use firebreak_testing::*;

const POPCAT: MarketId = MarketId(9);
const WALLETS: usize = 19;
const PURSE: u64 = 158_000;
/// Units of quote that a wallet asks for.
const WANTED: i128 = 1_370_000;
const POOL: u64 = 40_000_000;

struct Raid {
    /// Wallets that hold a position at the top, and its notional there, units.
    wallets: usize,
    opened: i128,
    /// What they could not pay, atoms.
    deficit: i128,
    /// What the pool is worth less than before, atoms.
    pool_lost: i128,
}

fn stage(protected: bool) -> World {
    let scale = Scale {
        skew_scale: 3_300_000_000,
        open_interest_max: 40_000_000,
        order_size_max: 2_000_000,
        order_size_min: 50,
    };
    WorldBuilder::empty()
        .scaled_market(POPCAT, "POPCAT", price("0.155"), &scale)
        .with_market(POPCAT, |market| market.margin.initial_margin_ratio = ratio("0.1"))
        .guard(POPCAT, |guard| {
            guard.maintenance_margin_ratio = ratio("0.05");
            if let Some(cage) = guard.cage.as_mut() {
                cage.params.initial_margin_ratio = ratio("0.1");
            }
        })
        .setup(|setup| {
            if protected {
                setup.enforce_every_rule()
            } else {
                setup.set_rules(firebreak_messages::circuit_breaker::RuleMode::Off)
            }
        })
        .insurance(usd(0))
        .pool(usd(POOL))
        .build()
}

fn pool_value(world: &World) -> i128 {
    world.pool().value.expect("prices are there").deposit.atoms()
}

/// Tokens for so many units of quote, to a millionth.
fn tokens(quote: i128, at: Price) -> Size {
    let units = quote as f64 / (at.atoms() as f64 / 1e18);
    Size::from_atoms((units * 1e6).round() as i128 * 1_000_000_000_000)
}

fn raid(protected: bool) -> Raid {
    let mut world = stage(protected);
    let names: Vec<String> = (0..WALLETS).map(|wallet| format!("wallet-{wallet}")).collect();
    for name in &names {
        world.fund(name, usd(PURSE));
        deposit(&mut world, name, usd(PURSE)).done();
    }
    world.add_collateral("others", usd(40_000_000)).done();
    world.advance(7_200);
    world.refresh().done();
    let before = pool_value(&world);
    let mut last = price("0.155");
    for name in &names {
        let wanted = tokens(WANTED, last);
        // Refused or dropped, where the breaker says so: then the other side is not taken either.
        if place(&mut world, name, POPCAT, wanted).is_done() {
            let _ = place(&mut world, "others", POPCAT, Size::from_atoms(-wanted.atoms()));
        }
        last = Price::from_atoms(last.atoms() / 1_000 * 1_016);
        world.fill(POPCAT, last).done();
    }
    let held =
        |world: &World| names.iter().map(|name| world.position_size(name, POPCAT).magnitude()).collect::<Vec<_>>();
    let sizes = held(&world);
    let opened =
        sizes.iter().sum::<u128>() / 1_000_000_000_000 * (last.atoms() / 1_000_000_000_000) / 1_000_000 / 1_000_000;
    // The wall is gone: a tenth, round by round, to 0.13.
    for _ in 0..5 {
        last = Price::from_atoms(last.atoms() / 100 * 91);
        world.advance(20);
        world.price(POPCAT, last).done();
        for name in &names {
            if !world.position_size(name, POPCAT).is_zero() {
                let _ = world.liquidate(name);
            }
        }
    }
    Raid {
        wallets: sizes.iter().filter(|size| **size > 0).count(),
        opened: opened as i128,
        deficit: world.losses().deficit.atoms() as i128,
        pool_lost: before - pool_value(&world),
    }
}

#[test]
fn a_spoofed_wall_opens_as_much_as_the_first_minutes_allow() {
    //
    let (weak, real) = (raid(false), raid(true));
    assert_eq!(weak.wallets, WALLETS);
    assert!((20_000_000..32_000_000).contains(&weak.opened), "{}", weak.opened);
    // As it was: more than four millions, most of them to those on the other side of the fall.
    assert!(
        weak.pool_lost > 4_000_000_000_000 && weak.deficit > 400_000_000_000,
        "{} {}",
        weak.pool_lost,
        weak.deficit
    );
    // Half a margin within the hour cuts size and leverage, one and a half ends new exposure.
    assert!(real.wallets <= WALLETS / 2 && real.opened * 3 < weak.opened, "{} {}", real.wallets, real.opened);
    assert!(
        real.deficit * 20 < weak.deficit && real.pool_lost * 40 < weak.pool_lost,
        "{} {}",
        real.deficit,
        real.pool_lost
    );
    figures(
        "Hyperliquid 2025-11-12, spoofed wall",
        &format!(
            "{} wallets, {} opened, {} unpaid, pool down {}",
            weak.wallets,
            weak.opened,
            units(weak.deficit),
            units(weak.pool_lost)
        ),
        &format!(
            "{} wallets, {} opened, {} unpaid, pool down {}",
            real.wallets,
            real.opened,
            units(real.deficit),
            units(real.pool_lost)
        ),
    );
}
