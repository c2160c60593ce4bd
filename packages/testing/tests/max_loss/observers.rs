//! Stolen observers: a quorum that sees what is not there, as often as it likes.

use crate::stage::*;
use crate::{all_sets, judged, time, units};
use firebreak_messages::circuit_breaker::{ObservedSignal, RuleConfig, RuleMode, ATTESTATION_SECONDS_MAX};
use firebreak_messages::guardian::{Playbook, SignalTrigger};
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::{Level, Stolen};
use firebreak_testing::*;

const OBSERVERS: u8 = 3;
const MARKETS: [MarketId; 2] = [BTC, ETH];

/// As many as a quorum wants, of three sources, and both markets listen to them.
pub fn watched(builder: WorldBuilder) -> WorldBuilder {
    let watched = builder.setup(|setup| setup.observers = observers(OBSERVERS));
    MARKETS.into_iter().fold(watched, |builder, market| {
        builder.guard(market, |guard| guard.rules.push(RuleConfig::standard(RuleId::Observers, RuleMode::Enforce)))
    })
}

fn scene_with_observers() -> World {
    trading(approved_in(watched(still(builder())).build(), &[]))
}

/// All of them say the worst that they can of a market.
pub fn cry(world: &mut World, market: MarketId) -> bool {
    let (signal, severity, seconds) = (ObservedSignal::Price, 2, ATTESTATION_SECONDS_MAX);
    world.attest("mallory", Saying { market, signal, severity, seconds }, 0..OBSERVERS, sign_as_observer).is_done()
}

/// An answer rises a step at a time: two messages, a block apart.
pub fn cry_twice(world: &mut World, market: MarketId) {
    for _ in 0..2 {
        world.next_block();
        cry(world, market);
    }
}

/// The procedure for a crash waits for a signal of observers as well.
pub fn arm(world: &mut World) {
    let mut playbook = world.template(BTC, "price-crash");
    playbook.signals.push(SignalTrigger { market: None, rule: Some(RuleId::Observers), level: Level::Guarded });
    world.approve(vec![playbook]).done();
    world.refresh().done();
}

fn armed() -> World {
    let mut world = watched(still(builder())).build();
    arm(&mut world);
    trading(world)
}

/// They start it as often as it lets itself be started.
fn inject(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    while world.now() < until - 600 {
        cry_twice(world, BTC);
        world.advance(HOUR.min(until - 300 - world.now()));
    }
}

//
#[test]
fn observers_take_what_the_playbooks_give_that_wait_for_them_and_nothing_else() {
    let (unarmed, world) = (scene_with_observers(), armed());
    let horizons = [Some(HOUR), Some(DAY), Some(7 * DAY), None];
    let of = |world: &World, stolen: Stolen| {
        horizons.map(|horizon| {
            let found = bound(world, stolen, horizon);
            (found.taken, found.forced, found.leaves)
        })
    };
    for stolen in all_sets().filter(|stolen| !stolen.observers) {
        let with = Stolen { observers: true, ..stolen };
        assert_eq!(of(&unarmed, with), of(&unarmed, stolen), "{stolen:?}");
        // Theirs is then the council's to run, and all that the council has.
        assert_eq!(of(&world, with), of(&world, Stolen { council: true, ..stolen }), "{stolen:?}");
    }
    for horizon in horizons {
        let total = bound(&world, OBSERVER_KEYS, horizon).total.atoms() as i128;
        let taken = judged(armed(), OBSERVER_KEYS, time(&world, OBSERVER_KEYS, horizon), inject);
        println!("observers within {horizon:?}: {}, bound {}", units(taken), units(total));
        assert!(taken > 0 && 3 * taken >= total, "{horizon:?}: {} taken, the bound is {}", units(taken), units(total));
    }
}

//
#[test]
fn theirs_is_what_waits_for_their_word_their_silence_or_for_any_rule() {
    let mut world = scene_with_observers();
    let playbook = world.template(BTC, "price-crash");
    for (rule, total) in [
        (Some(RuleId::Observers), usd(20_000)),
        (Some(RuleId::Silence), usd(20_000)),
        (None, usd(20_000)),
        (Some(RuleId::Band), usd(0)),
        (Some(RuleId::Liquidations), usd(0)),
    ] {
        let signals = vec![SignalTrigger { market: None, rule, level: Level::Guarded }];
        world.approve(vec![Playbook { signals, council: false, ..playbook.clone() }]).done();
        world.refresh().done();
        let found = [OBSERVER_KEYS, COUNCIL, NONE].map(|stolen| bound(&world, stolen, Some(DAY)).total);
        assert_eq!(found, [total, usd(0), usd(0)], "{rule:?}");
        // Who lies about a price has every rule trip, and honest observers cry.
        let feeders = bound(&world, FEEDERS, Some(DAY));
        assert!(feeders.provider_exit_seconds > 8 * DAY, "{rule:?}: {feeders:?}");
    }
}

/// What observers alone may hold of what all rules together may: of the breaker, in any day.
const OBSERVERS_SECONDS: u64 = 2 * HOUR;
const REFLEX_SECONDS: u64 = 6 * HOUR;
/// Answers, budgets and the thief's cries begin and end on whole minutes here.
const MINUTE: u64 = 60;

/// The most of these minutes that lie in one day.
fn most_in_a_day(minutes: &[bool]) -> u64 {
    let day = (DAY / MINUTE) as usize;
    let most = minutes.windows(day).map(|window| window.iter().filter(|held| **held).count()).max();
    most.unwrap_or(0) as u64 * MINUTE
}

//
#[test]
fn stolen_observers_take_nothing_and_hold_reduce_only_no_longer_than_its_budget() {
    let mut world = scene_with_observers();
    world.advance_to(world.now().next_multiple_of(DAY));
    world.refresh().done();
    world.advance_to(world.now().next_multiple_of(MINUTE));
    let (ledger, begun, coins) = (Ledger::open(&world), world.now(), world.balance("mallory"));
    let mut held = MARKETS.map(|_| vec![]);
    let mut words = 0u64;
    for minute in 0..7 * DAY / MINUTE {
        if minute % 30 == 0 {
            let _ = world.report(&[(BTC, price("60000")), (ETH, price("3000"))]);
        }
        for (minutes, market) in held.iter().zip(MARKETS) {
            // An answer rises a step at a time: two messages, a block apart. While it is held a word would change nothing; once it has
            // ended they cry on as long as that helps, and when the budget is spent they ask for it each half-hour.
            let helps = minutes.iter().rev().take(5).any(|held| *held) || minute % 30 < 2;
            if helps && minutes.last() != Some(&true) {
                words += u64::from(cry(&mut world, market));
            }
        }
        for (minutes, market) in held.iter_mut().zip(MARKETS) {
            let level = world.effective(market).posture.level;
            assert!(level < Level::Frozen, "{level:?}");
            minutes.push(level >= Level::ReduceOnly);
        }
        world.advance(MINUTE);
    }
    assert_eq!(world.now(), begun + 7 * DAY);
    let _ = world.report(&[(BTC, price("60000")), (ETH, price("3000"))]);
    assert_eq!((ledger.taken(&world), world.balance("mallory")), (0, coins));
    for (minutes, market) in held.iter().zip(MARKETS) {
        let (most, all) = (most_in_a_day(minutes), minutes.iter().filter(|held| **held).count());
        println!("{market}: {words} messages, {most} s of reduce-only in a day, {all} minutes in the week");
        // Not nothing: the thief is heard.
        assert!(most > OBSERVERS_SECONDS / 3 && most <= OBSERVERS_SECONDS.min(REFLEX_SECONDS), "{most}");
    }
}

//
#[test]
fn whoever_wants_out_gets_out_while_stolen_observers_cry() {
    let mut world = scene_with_observers();
    world.refresh().done();
    for _ in 0..2 {
        cry(&mut world, BTC);
        world.next_block();
    }
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    // Positions close, collateral leaves, and none of it is the thief's.
    world.close("alice", BTC).done();
    let before = world.balance("bob");
    world.withdraw("bob", usd(5_000)).done();
    assert_eq!(world.balance("bob"), before.plus(usd(5_000)).unwrap());
    assert_eq!(world.position_size("alice", BTC), size("0"));
}
