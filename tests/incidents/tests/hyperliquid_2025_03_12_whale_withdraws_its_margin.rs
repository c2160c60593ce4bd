//! Hyperliquid, 2025-03-12: a long of about $200M in ether; its owner withdrew profit and margin until the vault had to take it
//! over, which lost the vault about $4M and earned the owner about $1.8M. The answer was a margin of 20 % on transfers out.
//!
//! Unprotected: the suite with its withdrawal margin at 0, so that initial margin is all that must stay. Protected: the same at
//! 20 % (R-37). Everything else is equal, the gap of 8 % included.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{OrderFilled, PositionLiquidated};
use firebreak_risk::Ratio;
use firebreak_testing::*;

const PURSE: u64 = 15_000_000;

/// What the whale gained and what the venue had to cover.
fn whale(withdrawal_margin_ratio: Ratio) -> (i128, i128) {
    let scale = Scale {
        skew_scale: 20_000_000_000,
        open_interest_max: 250_000_000,
        order_size_max: 250_000_000,
        order_size_min: 50,
    };
    let mut world = WorldBuilder::empty()
        .scaled_market(ETH, "ETH", price("1900"), &scale)
        .vault(|vault| vault.withdrawal_margin_ratio = withdrawal_margin_ratio)
        .guards(Guards::Off)
        .pool(usd(100_000_000))
        .insurance(usd(0))
        .build();
    world.fund("whale", usd(PURSE));
    deposit(&mut world, "whale", usd(PURSE)).done();
    world.open("whale", ETH, size("105000")).fact::<OrderFilled>();
    world.price(ETH, price("1950")).done();
    // Open profit leaves nowhere, so the whale realises it and opens again, and then takes out what may leave.
    world.close("whale", ETH).fact::<OrderFilled>();
    world.open("whale", ETH, size("105000")).fact::<OrderFilled>();
    take_out_what_may_leave(&mut world, "whale");
    world.price(ETH, price("1794")).done();
    let closed = world.liquidate("whale").done().facts::<PositionLiquidated>();
    assert!(!closed.is_empty(), "it was taken over");
    if !world.position_size("whale", ETH).is_zero() {
        world.close("whale", ETH).fact::<OrderFilled>();
    }
    (coins(&world, &["whale"]) - usd(PURSE).atoms() as i128, world.losses().deficit.atoms() as i128)
}

#[test]
fn a_whale_that_withdraws_all_it_may_does_not_leave_its_loss_to_the_pool() {
    //
    let (weak, weak_deficit) = whale(Ratio::ZERO);
    let (real, real_deficit) = whale(Ratio::percent(20));
    assert!(weak_deficit > 2_000_000_000_000, "{weak_deficit}");
    assert_eq!(real_deficit, 0);
    assert!(real < weak, "the whale bears its loss: {real} against {weak}");
    figures(
        "Hyperliquid 2025-03-12, margin withdrawn",
        &format!("whale {}, venue covers {}", units(weak), units(weak_deficit)),
        &format!("whale {}, venue covers 0", units(real)),
    );
}
