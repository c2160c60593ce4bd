//! Mars perps on Neutron, 2025-12-14, about $973K (range.org 2025-12-22, forum MRC-164): the oracle was honest. In one block one
//! account's order pushed the skew price, another account sold into it and took its profit out as cash, and the pusher's loss
//! stayed behind in an account that was not worth it.
//!
//! Unprotected: the suite with a seeded bug. Orders fill in the block that places them, nothing is charged, and open interest is
//! capped far beyond what the margin pays for. Protected: the suite as it ships, at the widest cap that it admits.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{DropReason, OrderDropped, OrderFilled};
use firebreak_risk::{Ratio, Size};
use firebreak_testing::*;

const EVES: [&str; 2] = ["winner", "pusher"];

fn venue() -> World {
    let mut world = WorldBuilder::empty()
        .market(BTC, "BTC", price("60000"), |market| {
            market.skew_scale = size("10000");
            market.open_interest_max = size("125");
            market.order_size_max = size("125");
            market.funding.velocity_max = Ratio::ZERO;
        })
        .pool(usd(20_000_000))
        .insurance(usd(0))
        .build();
    for name in EVES {
        world.fund(name, usd(4_000_000));
    }
    world
}

#[test]
fn a_loop_in_one_block_costs_the_loops_owner_its_fees() {
    // Unprotected: 800 bought at a premium of 0 to 8 %, 400 more up to 12 %, 800 sold from 12 % down to 4 %.
    let mut world = venue();
    seed_config(&mut world, BTC, |market| {
        market.taker_fee_ratio = Ratio::ZERO;
        market.margin.initial_margin_slope = Ratio::ZERO;
        market.open_interest_max = Size::from_units(2_000);
        market.order_size_max = Size::from_units(2_000);
        market.skew_max = Size::from_units(2_000);
    });
    world.refresh().done();
    let (before, height) = (coins(&world, &EVES), world.height());
    deposit(&mut world, "winner", usd(3_000_000)).done();
    fill_at_once(&mut world, "winner", BTC, size("800")).fact::<OrderFilled>();
    deposit(&mut world, "pusher", usd(1_321_000)).done();
    fill_at_once(&mut world, "pusher", BTC, size("400")).fact::<OrderFilled>();
    let won = reduce_at_once(&mut world, "winner", BTC, size("-800")).fact::<OrderFilled>();
    take_out_what_may_leave(&mut world, "winner");
    assert_eq!(world.height(), height, "all of it in one block");
    assert_eq!(won.realised_pnl.atoms(), 800 * 400 * 60_000 / 10_000 * 1_000_000);
    world.liquidate("pusher").done();
    let gained = coins(&world, &EVES) - before;
    let deficit = world.losses().deficit.atoms() as i128;
    assert!(gained > 590_000_000_000 && deficit > 590_000_000_000, "{gained} {deficit}");

    // Protected: what is placed in a block waits for a price of after it, and what does not fit under the cap is dropped.
    let mut real = venue();
    real.refresh().done();
    let start = coins(&real, &EVES);
    for name in EVES {
        deposit(&mut real, name, usd(1_500_000)).done();
    }
    place(&mut real, "winner", BTC, size("80")).done();
    place(&mut real, "pusher", BTC, size("40")).done();
    place(&mut real, "pusher", BTC, size("40")).done();
    assert!(!real.execute(BTC).done().has::<OrderFilled>(), "nothing fills in the block that placed it");
    let filled = real.fill(BTC, price("60000")).done();
    assert_eq!(filled.facts::<OrderFilled>().len(), 2);
    assert_eq!(filled.fact::<OrderDropped>().reason, DropReason::Cap);
    for name in EVES {
        real.close(name, BTC).fact::<OrderFilled>();
        take_out_what_may_leave(&mut real, name);
    }
    let lost = coins(&real, &EVES) - start;
    assert!(lost < -7_000_000_000, "two round trips at 0.05 %: {lost}");
    assert!(real.losses().deficit.is_zero());
    figures(
        "Mars 2025-12-14, loop in one block",
        &format!("attackers +{}, pool -{}", units(gained), units(deficit)),
        &format!("attackers {}, pool's deficit 0", units(lost)),
    );
}
