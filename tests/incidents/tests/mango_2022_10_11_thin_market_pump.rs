//! Mango Markets, 2022-10-11, about $114M to $116M: two accounts of one owner traded with each other, the spot of a thin market was
//! pumped within minutes, and the winner's paper profit was borrowed against and taken out. The loser's account was left.
//!
//! Unprotected: the suite with its protections at their weakest: profit vests at once, the outflow limit is out of reach, the
//! breaker's rules are off. Protected: the suite with a half-life of six hours and an outflow limit of 5 % an hour, as in
//! `deploy/template.toml`. What leaves within the first hour is what is compared: a contest stops the rest.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderFilled, ParkedId};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, OutflowParams, Price};
use firebreak_testing::*;

const MNGO: MarketId = MarketId(7);
const ACTORS: [&str; 2] = ["winner", "loser"];
/// What each account starts with, and what other traders have in the vault.
const PURSE: u64 = 1_000_000;
const OTHERS: u64 = 3_000_000;

fn first_hour(protected: bool) -> i128 {
    let builder = WorldBuilder::empty().market(MNGO, "MNGO", price("0.04"), |market| {
        market.vesting_half_life_seconds = if protected { 21_600 } else { 0 };
    });
    let mut world = builder
        .guards(if protected { Guards::Enforced } else { Guards::Off })
        .vault(|vault| {
            if protected {
                vault.outflow = OutflowParams {
                    hour_min: usd(50_000),
                    hour_ratio: ratio("0.05"),
                    day_min: usd(150_000),
                    day_ratio: ratio("0.15"),
                    deposit_delay_seconds: 3_600,
                    small_exit_max: usd(1_000),
                };
            }
        })
        .pool(usd(20_000_000))
        .trader("others", usd(OTHERS))
        .build();
    // The others' money and the pool's have been there for a while.
    world.advance(86_400);
    world.refresh().done();
    for name in ACTORS {
        world.fund(name, usd(PURSE));
        deposit(&mut world, name, usd(PURSE)).done();
    }
    world.advance(7_200);
    world.refresh().done();
    world.open("winner", MNGO, size("50000000")).fact::<OrderFilled>();
    world.open("loser", MNGO, size("-50000000")).fact::<OrderFilled>();
    let before = coins(&world, &ACTORS);
    // Ten times the price in ten rounds of a quarter more each.
    let mut last = price("0.04");
    for _ in 0..10 {
        last = Price::from_atoms(last.atoms() / 4 * 5);
        world.advance(30);
        world.price(MNGO, last).done();
        world.liquidate("loser").done();
    }
    world.advance(30);
    world.refresh().done();
    world.close("winner", MNGO).fact::<OrderFilled>();
    // All that can be had within an hour of the close, asked for every ten minutes.
    for _ in 0..6 {
        take_out_what_may_leave(&mut world, "winner");
        world.advance(600);
        world.refresh().done();
        let parked = ParkedId { account: world.account_id("winner"), liquidity: false };
        // Nothing parked, or nothing served yet, is refused.
        let _ = world.send("winner", Code::Vault, &ExecuteMsg::CollectParked(parked), Amount::ZERO);
    }
    assert!(before <= 2 * usd(PURSE).atoms() as i128);
    world.balance("winner").atoms() as i128 - 2 * usd(PURSE).atoms() as i128
}

#[test]
fn a_pumped_profit_does_not_leave_within_the_hour() {
    //
    let (weak, real) = (first_hour(false), first_hour(true));
    assert!(weak > 10_000_000_000_000, "{weak}");
    assert!(real * 40 < weak, "{real} against {weak}");
    figures(
        "Mango 2022-10-11, pumped thin market",
        &format!("+{} taken within an hour", units(weak)),
        &format!("+{} taken within an hour; the rest waits, and a contest stops it", units(real)),
    );
}
