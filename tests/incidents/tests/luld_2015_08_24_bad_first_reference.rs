//! US equities, 2015-08-24: limit-up/limit-down fired 1,278 times on 471 securities within a day that usually sees some forty, 257 of them
//! several times. Most trips were no news: the first reference price of the day was a bad print, and as long as the reference stayed
//! there, every resumption at the true price tripped again. Amendment 10 changed the first reference and took away three quarters of
//! the pauses (SEC research note of December 2015; 88 FR 81131).
//!
//! Unprotected: a small model of the mechanism that failed, a band of 5 % around a reference that a pause does not move, and pauses of five
//! minutes. Protected: the suite with every rule enforced. The prices are the same: one print a tenth too low, then an hour
//! at the true price, four rounds a minute.

use firebreak_incidents::*;
use firebreak_messages::circuit_breaker::{RuleMode, RuleTripped};
use firebreak_risk::{Level, Price};
use firebreak_testing::*;

const ROUND_SECONDS: u64 = 15;
const HOUR_SECONDS: u64 = 3_600;
const PAUSE_SECONDS: u64 = 300;

struct Morning {
    /// Moments at which something tripped.
    trips: u64,
    /// Of the hour, seconds without new exposure.
    stopped: u64,
}

/// A band around the first price, for ever.
fn fixed_reference(bad: Price, true_price: Price) -> Morning {
    let mut morning = Morning { trips: 0, stopped: 0 };
    let mut paused_until = 0;
    for second in (0..HOUR_SECONDS).step_by(ROUND_SECONDS as usize) {
        let moved = true_price.distance(bad).atoms() * 100 / bad.atoms();
        if second >= paused_until && moved >= 5 {
            morning.trips += 1;
            paused_until = second + PAUSE_SECONDS;
        }
        morning.stopped += if second < paused_until { ROUND_SECONDS } else { 0 };
    }
    morning
}

fn the_suite(bad: Price, true_price: Price) -> Morning {
    let mut world = WorldBuilder::empty()
        .market(BTC, "BTC", bad, |_| {})
        .setup(|setup| setup.enforce_every_rule())
        .pool(usd(1_000_000))
        .build();
    let mut morning = Morning { trips: 0, stopped: 0 };
    let began = world.now();
    while world.now() < began + HOUR_SECONDS {
        let next = world.now() + ROUND_SECONDS;
        let facts = world.price(BTC, true_price).facts::<RuleTripped>();
        let enforced = facts.iter().filter(|fact| fact.mode == RuleMode::Enforce).count();
        morning.trips += u64::from(enforced > 0);
        let stopped = world.effective(BTC).posture.level >= Level::ReduceOnly;
        morning.stopped += if stopped { ROUND_SECONDS } else { 0 };
        world.advance_to(next);
    }
    // And it still works from there.
    world.price(BTC, price("57000")).done();
    assert!(world.effective(BTC).posture.level >= Level::Guarded);
    morning
}

#[test]
fn a_bad_first_reference_trips_once() {
    let (bad, true_price) = (price("54000"), price("60000"));
    let (weak, real) = (fixed_reference(bad, true_price), the_suite(bad, true_price));
    assert_eq!((weak.trips, weak.stopped), (12, HOUR_SECONDS));
    // One moment, whatever the number of rules that saw it.
    assert_eq!(real.trips, 1);
    assert!((PAUSE_SECONDS..=PAUSE_SECONDS + ROUND_SECONDS).contains(&real.stopped), "{}", real.stopped);
    figures(
        "US equities 2015-08-24, bad first reference",
        &format!("{} pauses within the hour, {} s stopped", weak.trips, weak.stopped),
        &format!("{} pause, {} s stopped", real.trips, real.stopped),
    );
}
