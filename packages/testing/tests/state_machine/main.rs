//! Random histories of the whole suite: every message of the five contracts, every role, moving prices, time that jumps, contracts
//! that fail. The World checks its invariants after every step; a failure prints the seed and the last steps.
//!
//! `FIREBREAK_STEPS` and `FIREBREAK_SEED` run more and others.

mod machine;
mod steps;
mod watch;

use firebreak_risk::{OutflowParams, Ratio};
use firebreak_testing::*;
use machine::{provider, trader, Counts, Machine, PROVIDERS, TRADERS};

/// Steps of one history, after which the next one starts over.
const HISTORY: u64 = 500;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Where histories begin: as the World is by default; with vesting and an outflow limit that bites; with a pool and a fund that
/// are soon short; with borrow fees, caps that bind, and a feed to fall back on.
fn beginnings() -> Vec<(&'static str, WorldBuilder)> {
    let tight = OutflowParams {
        hour_min: usd(5_000),
        hour_ratio: ratio("0.0002"),
        day_min: usd(20_000),
        day_ratio: ratio("0.001"),
        deposit_delay_seconds: 600,
        small_exit_max: usd(100),
    };
    vec![
        ("default", World::builder()),
        (
            "vesting and outflow",
            World::builder()
                .vault(|vault| vault.outflow = tight)
                .with_market(BTC, |market| market.vesting_half_life_seconds = 3_600)
                .with_market(ETH, |market| market.vesting_half_life_seconds = 600),
        ),
        (
            "small pool",
            World::builder()
                .pool(usd(400_000))
                .insurance(usd(10_000))
                .fund(|fund| fund.stress_loss_ratio = Ratio::percent(50))
                .with_market(BTC, |market| market.vesting_half_life_seconds = 1_800)
                .guards(Guards::Off),
        ),
        (
            "borrow fees and caps",
            watch::with_fallback(World::builder()).pool(usd(2_000_000)).with_market(BTC, |market| {
                market.funding.borrow_low = ratio("0.01");
                market.funding.borrow_high = ratio("0.1");
                market.account_share_max = Ratio::percent(20);
                market.margin.open_interest_low = usd(200_000);
                market.margin.open_interest_high = usd(4_000_000);
            }),
        ),
    ]
}

fn histories(steps: u64) -> Counts {
    let seed = number("FIREBREAK_SEED", 1);
    let mut all = Counts::default();
    let beginnings = beginnings();
    let each = (steps / HISTORY).div_ceil(beginnings.len() as u64).max(1);
    for (index, (name, builder)) in beginnings.into_iter().enumerate() {
        let started = std::time::Instant::now();
        let mut world = watch::watched(builder).build();
        watch::add_pyth(&mut world);
        for index in 0..TRADERS {
            world.add_collateral(&trader(index), usd(30_000)).done();
        }
        for index in 0..PROVIDERS {
            world.provide(&provider(index), usd(100_000)).done();
        }
        let mut machine = Machine::new(world);
        let first = seed + index as u64 * 1_000_000;
        for history in 0..each {
            machine.run(steps::KINDS, first + history, HISTORY);
        }
        println!("{name}: seeds {first} to {}, {HISTORY} steps each, {:?}", first + each - 1, started.elapsed());
        for (kind, (drawn, done)) in &machine.counts.0 {
            let sum = all.0.entry(kind).or_default();
            sum.0 += drawn;
            sum.1 += done;
        }
    }
    all
}

fn every_kind_of_step_happens_and_no_invariant_breaks(steps: u64) {
    let counts = histories(steps);
    let total: u64 = counts.0.values().map(|(drawn, _)| drawn).sum();
    println!("{total} steps; kind: drawn, went through");
    for (kind, (drawn, done)) in &counts.0 {
        println!("  {kind}: {drawn}, {done}");
    }
    assert!(total >= steps, "{total} of {steps} steps");
    for kind in steps::KINDS {
        let done = counts.0.get(kind.name).map_or(0, |(_, done)| *done);
        assert!(done > 0, "{} never went through", kind.name);
    }
}

#[test]
fn no_history_of_twenty_thousand_steps_breaks_an_invariant() {
    every_kind_of_step_happens_and_no_invariant_breaks(number("FIREBREAK_STEPS", 20_000));
}

#[test]
#[ignore = "the long profile"]
fn no_history_of_a_million_steps_breaks_an_invariant() {
    every_kind_of_step_happens_and_no_invariant_breaks(number("FIREBREAK_STEPS", 1_000_000));
}
