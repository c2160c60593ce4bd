//! Compound, 2020-11-26, about $85M to $103M liquidated: one venue traded DAI at $1.30 while the others had it near $1, and that
//! venue was the price.
//!
//! Unprotected: three feeders that all look at that venue; a feed of one source cannot be configured. Protected: the suite as it ships,
//! three sources, of which one says 1.30. The breaker is off in both.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_testing::*;

const DAI: MarketId = MarketId(7);
const PURSE: u64 = 20_000;

/// What is left of a borrower's 20,000 after the spike, of which so many feeders report, and whether the position is still there.
fn after_the_spike(misled: usize) -> (i128, bool) {
    let builder = WorldBuilder::empty().market(DAI, "DAI", price("1"), |_| {}).guards(Guards::Off);
    let mut world = builder.pool(usd(10_000_000)).build();
    world.fund("borrower", usd(PURSE));
    deposit(&mut world, "borrower", usd(PURSE)).done();
    world.refresh().done();
    world.open("borrower", DAI, size("-100000")).fact::<OrderFilled>();
    world.advance(5);
    for source in 0..3 {
        let says = if source < misled { "1.3" } else { "1" };
        world.report_of(source, &[(DAI, price(says))]).done();
    }
    world.next_block();
    let round = world.price_record(DAI).and_then(|record| record.latest().cloned()).unwrap();
    assert_eq!(round.validity, Validity::Valid);
    // A healthy account is passed over.
    let _ = world.liquidate("borrower");
    let stands = !world.position_size("borrower", DAI).is_zero();
    // The venue is itself again.
    world.advance(5);
    world.price(DAI, price("1")).done();
    if stands {
        world.close("borrower", DAI).fact::<OrderFilled>();
    }
    (coins(&world, &["borrower"]), stands)
}

#[test]
fn one_venue_is_not_the_price() {
    //
    let ((alone, alone_stands), (one_of_three, stands)) = (after_the_spike(3), after_the_spike(1));
    assert!(!alone_stands && stands);
    assert!(alone < 1_000_000_000, "{alone}");
    assert!(one_of_three > 19_000_000_000, "{one_of_three}");
    figures(
        "Compound 2020-11-26, one venue's price",
        &format!("borrower liquidated, {} left of {PURSE}", units(alone)),
        &format!("borrower closes at the market's price, {} left of {PURSE}", units(one_of_three)),
    );
}
