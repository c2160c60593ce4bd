//! Synthetix, SIP-65: a breaker that compared each price with the last one that had traded suspended a synth after a true re-pricing, and again at
//! every resumption, because nothing that is suspended trades and the reference never moved (SCCP-93).
//!
//! Unprotected: a model of the reference that only an accepted price moves. Protected: the suite as it ships, which
//! compares with the round before, whatever it was worth. (What a move with too little weight costs is in the oracle's own tests: doubt
//! for as long as the ring remembers, and not longer.)

use firebreak_incidents::*;
use firebreak_messages::oracle::Validity;
use firebreak_risk::Price;
use firebreak_testing::*;

const ROUNDS: usize = 20;
const CAP_PERCENT: u128 = 50;

/// Rounds that are refused after the price went to `to` and stays there.
fn wedged(from: Price, to: Price) -> usize {
    let mut reference = from;
    let mut refused = 0;
    for _ in 0..ROUNDS {
        if to.distance(reference).atoms() * 100 > reference.atoms() * CAP_PERCENT {
            refused += 1;
        } else {
            reference = to;
        }
    }
    refused
}

/// Rounds that are not valid after it, of the suite's feed.
fn doubted(to: &str) -> usize {
    let mut world = World::builder().guards(Guards::Off).build();
    world.refresh().done();
    let mut doubted = 0;
    for _ in 0..ROUNDS {
        world.advance(5);
        world.price(BTC, price(to)).done();
        let round = world.price_record(BTC).unwrap().latest().unwrap().clone();
        doubted += usize::from(round.validity != Validity::Valid);
    }
    doubted
}

#[test]
fn a_true_repricing_wedges_nothing() {
    //
    let (model, suite) = (wedged(price("60000"), price("100000")), doubted("100000"));
    assert_eq!((model, suite), (ROUNDS, 1));
    figures(
        "Synthetix SIP-65, a reference that never moves",
        &format!("{model} of {ROUNDS} rounds refused, and every later one"),
        &format!("{suite} round invalid, the next one that agrees is valid"),
    );
}
