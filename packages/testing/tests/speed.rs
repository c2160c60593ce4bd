//! What the World itself costs. Run by hand: `cargo test --release -p firebreak-testing --test speed -- --ignored --nocapture`.

use firebreak_testing::*;
use std::time::Instant;

fn seconds(builder: WorldBuilder, rounds: u32) -> f64 {
    let mut world = builder.build();
    let names: Vec<String> = (0..20).map(|index| format!("trader-{index}")).collect();
    for (index, name) in names.iter().enumerate() {
        world.add_collateral(name, usd(10_000)).done();
        world.open(name, BTC, size(if index % 2 == 0 { "0.5" } else { "-0.5" })).done();
    }
    let started = Instant::now();
    for round in 0..rounds {
        world.price(BTC, Price::from_units(60_000 + round % 50)).done();
        let name = &names[round as usize % names.len()];
        if round % 4 == 0 {
            world.open(name, BTC, size("0.01")).done();
        }
    }
    started.elapsed().as_secs_f64()
}

use firebreak_risk::Price;

#[test]
#[ignore = "a measurement"]
fn the_meter_costs_little() {
    let rounds = 4_000;
    let calm = || World::builder().checking(Checking::CheapOnly);
    for name in ["warm-up", "measured"] {
        let metered = seconds(calm(), rounds);
        let bare = seconds(calm().unmetered(), rounds);
        let sampled = seconds(World::builder().checking(Checking::Every(100)), rounds);
        println!("{name}: {rounds} rounds, metered {metered:.2} s, bare {bare:.2} s, sampled 1/100 {sampled:.2} s");
    }
}
