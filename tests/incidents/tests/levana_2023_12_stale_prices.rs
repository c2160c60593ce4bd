//! Levana, 2023-12-13 to 26, about $1.146M, a tenth of the pool: the chain was congested, prices came late, traders filled at
//! prices that they knew to be old. A price counted as fresh for two hours.
//!
//! Unprotected: the suite with its staleness limit at the most that it admits (10 minutes) and the seeded bug of filling at the
//! price that is there. Protected: the suite as it ships (R-32: an order fills at a price published after it).

use firebreak_derivatives_vault::ContractError;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::oracle::Validity;
use firebreak_risk::{Price, Size};
use firebreak_testing::*;

const PURSE: u64 = 100_000;

fn venue(age_max_seconds: u64) -> World {
    let mut world = World::builder()
        .guards(Guards::Off)
        .feed(BTC, |feed| {
            feed.age_max_seconds = age_max_seconds;
            feed.age_limit_seconds = feed.age_limit_seconds.max(age_max_seconds);
        })
        .build();
    world.fund("eve", usd(PURSE));
    deposit(&mut world, "eve", usd(PURSE)).done();
    world.refresh().done();
    world
}

/// The feed is silent for ten minutes while the market moves; `eve` knows where to and trades in the last of them.
fn with_an_old_price(to: Price, amount: Size) -> i128 {
    let mut world = venue(600);
    world.advance(580);
    fill_at_once(&mut world, "eve", BTC, amount).fact::<OrderFilled>();
    world.price(BTC, to).done();
    world.close_at("eve", BTC, to).fact::<OrderFilled>();
    coins(&world, &["eve"]) - usd(PURSE).atoms() as i128
}

/// The same on the suite as it ships, where it refuses old prices; so `eve` places just before it would.
fn as_it_ships(to: Price, amount: Size) -> i128 {
    let mut world = venue(60);
    world.advance(580);
    let refused = place(&mut world, "eve", BTC, amount).refusal();
    assert!(
        matches!(
            refused.error_as::<ContractError>(),
            Some(ContractError::PriceUnusable { market: BTC, found: Validity::Invalid, .. })
        ),
        "{refused:?}"
    );
    let mut world = venue(60);
    world.advance(50);
    place(&mut world, "eve", BTC, amount).done();
    assert!(!world.execute(BTC).done().has::<OrderFilled>(), "no price was published after the order");
    world.advance(530);
    world.price(BTC, to).done();
    let filled = world.execute(BTC).fact::<OrderFilled>();
    assert!(filled.fill_price.distance(to) < price("10"), "at the price of after the gap: {}", filled.fill_price);
    world.close_at("eve", BTC, to).fact::<OrderFilled>();
    coins(&world, &["eve"]) - usd(PURSE).atoms() as i128
}

#[test]
fn a_price_that_was_known_before_it_was_published_earns_its_knower_nothing() {
    //
    let moves = [(price("63000"), size("10")), (price("57000"), size("-10"))];
    let gained: i128 = moves.into_iter().map(|(to, amount)| with_an_old_price(to, amount)).sum();
    let real: i128 = moves.into_iter().map(|(to, amount)| as_it_ships(to, amount)).sum();
    assert!(gained > 55_000_000_000, "ten units, 3,000 each, twice, less fees: {gained}");
    assert!(real < 0, "{real}");
    figures(
        "Levana 2023-12, stale prices",
        &format!("trader +{} on a capital of {}", units(gained), 2 * PURSE),
        &format!("trader {}", units(real)),
    );
}
