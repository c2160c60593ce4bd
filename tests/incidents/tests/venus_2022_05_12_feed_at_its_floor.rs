//! Venus and Blizz, 2022-05-12, $11.2M and all there was: LUNA's feed stopped at the least figure that it could say, $0.107, while the market
//! went on to a cent. Whoever came with LUNA was credited ten times its worth.
//!
//! Unprotected: the suite without a floor for the feed. Protected: the floor that the sources' scale has is configured. On a
//! perpetual market the trade is to sell at the floor and to buy when the feed is repaired. The breaker is off in both.

use firebreak_derivatives_vault::ContractError;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::Price;
use firebreak_testing::*;

const LUNA: MarketId = MarketId(7);
const PURSE: u64 = 100_000;

fn sold_at_the_floor(floor: Price) -> i128 {
    let builder = WorldBuilder::empty().market(LUNA, "LUNA", price("0.2"), |_| {}).guards(Guards::Off);
    let mut world = builder.feed(LUNA, |feed| feed.rules.floor = floor).pool(usd(10_000_000)).build();
    world.fund("eve", usd(PURSE));
    deposit(&mut world, "eve", usd(PURSE)).done();
    for falling in ["0.18", "0.15", "0.12", "0.107", "0.107"] {
        world.advance(5);
        world.price(LUNA, price(falling)).done();
    }
    let validity = world.price_record(LUNA).map(|record| record.validity(world.now())).unwrap();
    if floor.is_zero() {
        assert_eq!(validity, Validity::Valid);
        world.open("eve", LUNA, size("-1000000")).fact::<OrderFilled>();
    } else {
        let refusal = place(&mut world, "eve", LUNA, size("-1000000")).refusal();
        let error = refusal.error_as::<ContractError>();
        let unusable = matches!(error, Some(ContractError::PriceUnusable { found: Validity::Invalid, .. }));
        assert!(unusable, "{refusal:?}");
    }
    // The feed is repaired: a jump, and then the price.
    for repaired in ["0.01", "0.01"] {
        world.advance(5);
        world.price(LUNA, price(repaired)).done();
    }
    if floor.is_zero() {
        world.close("eve", LUNA).fact::<OrderFilled>();
    }
    coins(&world, &["eve"]) - usd(PURSE).atoms() as i128
}

#[test]
fn a_feed_at_its_floor_is_dead() {
    //
    let (alive, dead) = (sold_at_the_floor(Price::ZERO), sold_at_the_floor(price("0.107")));
    assert!(alive > 90_000_000_000, "a million times 9.7 cents, less fees: {alive}");
    assert_eq!(dead, 0);
    figures(
        "Venus and Blizz 2022-05-12, a feed at its floor",
        &format!("trader +{} on a capital of {PURSE}", units(alive)),
        "the price is invalid, the order refused: 0",
    );
}
