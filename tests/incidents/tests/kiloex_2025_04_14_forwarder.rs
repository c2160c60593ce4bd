//! KiloEx, 2025-04-14, about $7.4M to $8.4M: a forwarder that anyone could call was allowed to set prices. Open at a low price, set a
//! high one, close.
//!
//! Unprotected: the suite with the forwarder behind every feeder, and no cap on jumps; whoever calls it is their voice. Protected: feeders with keys; the
//! forwarder relays, and what it relays is not signed. The breaker is off in both.

use cosmwasm_std::Binary;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::oracle::{ExecuteMsg, FeedReport, Observation, SignedReport, SIGNATURE_BYTES};
use firebreak_oracle::ContractError;
use firebreak_risk::{Amount, Price, Ratio};
use firebreak_testing::*;

const PURSE: u64 = 100_000;

fn pushed_through_an_open_forwarder() -> i128 {
    let mut world =
        World::builder().guards(Guards::Off).feed(BTC, |feed| feed.jump_max = Ratio::percent(10_000)).build();
    world.fund("eve", usd(PURSE));
    deposit(&mut world, "eve", usd(PURSE)).done();
    world.refresh().done();
    world.open("eve", BTC, size("10")).fact::<OrderFilled>();
    world.advance(5);
    world.price(BTC, price("120000")).done();
    world.close_at("eve", BTC, price("120000")).fact::<OrderFilled>();
    coins(&world, &["eve"]) - usd(PURSE).atoms() as i128
}

fn relayed_without_signatures() -> i128 {
    let mut world = World::builder()
        .guards(Guards::Off)
        .feed(BTC, |feed| {
            for (feeder, digit) in feed.feeders.iter_mut().zip(["1", "2", "3"]) {
                feeder.public_key = format!("02{}", digit.repeat(64));
            }
        })
        .build();
    world.fund("eve", usd(PURSE));
    deposit(&mut world, "eve", usd(PURSE)).done();
    world.refresh().done();
    world.open("eve", BTC, size("1")).fact::<OrderFilled>();
    world.advance(5);
    let (feed, now) = (feed_of(BTC), world.now());
    let rounds = world.price_record(BTC).unwrap().rounds;
    let reports = vec![FeedReport { feed, price: price("120000"), published_at: now }];
    let refusal = world.send("eve", Code::Oracle, &ExecuteMsg::Report { reports }, Amount::ZERO).refusal();
    let eve = world.address("eve").to_string();
    assert_eq!(refusal.error_as(), Some(&ContractError::NotFeeder { feed, sender: eve }));
    let mut observations = Vec::new();
    for signer in 0..3 {
        let signature = [1; SIGNATURE_BYTES];
        Observation { signer, price: price("120000"), confidence: Price::ZERO, signature }.write(&mut observations);
    }
    let report = SignedReport {
        feed,
        round: 1,
        published_at: now,
        expires_at: now + 10,
        observations: Binary::from(observations),
    };
    let msg = ExecuteMsg::ReportSigned { reports: vec![report] };
    let refusal = world.send("eve", Code::Oracle, &msg, Amount::ZERO).refusal();
    assert_eq!(refusal.error_as(), Some(&ContractError::BadSignature { feed, signer: 0 }));
    assert_eq!(world.price_record(BTC).unwrap().rounds, rounds);
    world.close("eve", BTC).fact::<OrderFilled>();
    coins(&world, &["eve"]) - usd(PURSE).atoms() as i128
}

#[test]
fn whoever_forwards_a_price_has_no_say_in_it() {
    //
    let (pushed, relayed) = (pushed_through_an_open_forwarder(), relayed_without_signatures());
    assert!(pushed > 400_000_000_000, "{pushed}");
    assert!(relayed < 0, "fees: {relayed}");
    figures(
        "KiloEx 2025-04-14, an open forwarder",
        &format!("trader +{} on a capital of {PURSE}", units(pushed)),
        &format!("nothing is signed, no price moves: trader {}", units(relayed)),
    );
}
