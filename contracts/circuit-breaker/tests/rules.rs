//! What the rules see, what they answer, and that they neither flap nor wedge.

use crate::setup::{empty_market, guard, phase, pool, price, Setup, BTC, BTC_FEED, ETH, HOUR};
use firebreak_messages::circuit_breaker::{
    ExecuteMsg, LevelText, RestrictionAdded, RuleConfig, RuleEvidence, RuleMode, RuleTripped, Scope,
};
use firebreak_messages::derivatives_vault::MarketState;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{guardian, RuleId, Source};
use firebreak_risk::{BasisPoints, Level, Phase, Posture, Ratio};

const ENFORCE: RuleMode = RuleMode::Enforce;
const OFF: RuleMode = RuleMode::Off;
const SHADOW: RuleMode = RuleMode::Shadow;

#[test]
fn calm_prices_trip_nothing_and_renew_the_lease() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 10_099); // 0.99 % of price: below a quarter of the margin of 4 %
    assert_eq!(setup.level(BTC), Level::Normal);
    assert_eq!(setup.record(BTC).evaluated_round, 21);
    assert_eq!(setup.record(ETH).evaluated_round, 0);
}

#[test]
fn the_band_rule_answers_a_move_from_the_mean_and_reopens_in_steps() {
    let mut setup = Setup::with_modes(ENFORCE, OFF);
    setup.calm(BTC_FEED, 10_000);
    let now = setup.now();
    let events = setup.round(BTC_FEED, 9_800);
    assert_eq!(
        RuleTripped::all(&events),
        vec![RuleTripped {
            market: BTC,
            rule: RuleId::Band,
            mode: ENFORCE,
            moved: Ratio::percent(50), // 2 % of price, margin 4 %
            level: LevelText(Level::ReduceOnly),
            round: 21,
        }]
    );
    assert_eq!(
        RestrictionAdded::all(&events),
        vec![RestrictionAdded {
            scope: Scope::Market(BTC),
            source: Source::Band,
            level_before: LevelText(Level::Normal),
            level: LevelText(Level::ReduceOnly),
            until: now + 300,
            ends_at: now + 480,
            incident: 0,
        }]
    );
    let guarded = |until, factor| Phase {
        until,
        posture: Posture::preset(Level::Guarded).with_order_size_factor(BasisPoints(factor)),
    };
    assert_eq!(
        setup.record(BTC).restrictions[0].phases,
        vec![
            phase(now + 300, Level::ReduceOnly),
            guarded(now + 360, 2_500),
            guarded(now + 420, 5_000),
            guarded(now + 480, 10_000)
        ]
    );
    // Nobody needs to do anything for the re-opening.
    setup.advance(295);
    assert_eq!(setup.level(BTC), Level::Guarded);
    setup.advance(180);
    assert_eq!(setup.level(BTC), Level::Normal);
    // What has ended goes when the record is written anyway.
    assert_eq!(setup.record(BTC).restrictions.len(), 1);
    setup.round(BTC_FEED, 9_800);
    assert_eq!(setup.record(BTC).restrictions, vec![]);
    // The other market never noticed.
    assert_eq!(setup.level(ETH), Level::Normal);
}

#[test]
fn the_velocity_rule_answers_a_move_from_the_low_or_the_high_of_a_minute() {
    for (name, path, level) in [
        ("up from the low", vec![10_000, 10_119, 10_120], Level::Guarded),
        ("down from the high", vec![10_000, 10_100, 9_977], Level::Guarded),
        ("twice as far", vec![10_000, 10_240], Level::ReduceOnly),
        ("not far enough", vec![10_000, 10_119], Level::Normal),
    ] {
        let mut setup = Setup::with_modes(OFF, ENFORCE);
        for units in path {
            setup.round(BTC_FEED, units);
        }
        assert_eq!(setup.level(BTC), level, "{name}");
    }
}

#[test]
fn the_velocity_rule_forgets_what_is_older_than_its_window() {
    let mut setup = Setup::with_modes(OFF, ENFORCE);
    setup.round(BTC_FEED, 10_000);
    for step in 1..20 {
        setup.advance(25);
        setup.round(BTC_FEED, 10_000 + step * 50); // 0.5 % each half minute
    }
    assert_eq!(setup.level(BTC), Level::Normal);
}

// The wedge of SIP-65: a feed that re-priced once tripped at each resumption, because the reference stayed behind.
#[test]
fn a_price_that_stays_at_a_new_level_trips_once() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    let first = setup.round(BTC_FEED, 7_000);
    assert_eq!(RuleTripped::all(&first).len(), 2); // band and velocity
    let ends_at = setup.status(BTC).restrictions.iter().map(|restriction| restriction.ends_at).max().unwrap();
    let mut later = vec![];
    while setup.now() < ends_at + HOUR {
        later.extend(setup.round(BTC_FEED, 7_000));
    }
    assert_eq!(RuleTripped::all(&later), vec![]);
    assert_eq!(setup.level(BTC), Level::Normal);
    // And the rule still works from there.
    setup.round(BTC_FEED, 6_850);
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
}

#[test]
fn a_crash_in_small_steps_reaches_the_top_of_the_ladder() {
    let mut setup = Setup::with_modes(ENFORCE, OFF);
    setup.calm(BTC_FEED, 10_000);
    // Each step alone is the first step of the ladder; the episode remembers where the crash began.
    setup.round(BTC_FEED, 9_890);
    assert_eq!(setup.level(BTC), Level::Guarded);
    setup.round(BTC_FEED, 9_790);
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
}

#[test]
fn repeats_extend_but_never_beyond_the_cap_from_now() {
    let mut setup = Setup::with_modes(ENFORCE, OFF);
    let mut config = guard(BTC_FEED, ENFORCE, OFF);
    config.rules[0].extension_max_seconds = 400;
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap();
    setup.calm(BTC_FEED, 10_000);
    let mut ends = vec![];
    for units in [9_700, 9_400, 9_100] {
        let now = setup.now();
        let events = setup.round(BTC_FEED, units);
        let fact = &RestrictionAdded::all(&events)[0];
        assert_eq!((fact.until, fact.ends_at), (now + 300, now + 400)); // of 480 s
        ends.push(fact.ends_at);
    }
    assert!(ends.windows(2).all(|pair| pair[0] < pair[1]));
    // One slot, however often.
    let record = setup.record(BTC);
    assert_eq!(record.restrictions.len(), 1);
    assert_eq!(record.restrictions[0].since, ends[0] - 400);
}

#[test]
fn shadow_counts_and_reports_but_restricts_nothing() {
    let mut setup = Setup::with_modes(SHADOW, SHADOW);
    setup.calm(BTC_FEED, 10_000);
    let tripped_at = setup.now();
    let events = setup.round(BTC_FEED, 9_000);
    let modes: Vec<RuleMode> = RuleTripped::all(&events).into_iter().map(|fact| fact.mode).collect();
    assert_eq!(modes, vec![SHADOW, SHADOW]);
    assert_eq!((RestrictionAdded::all(&events), setup.record(BTC).restrictions), (vec![], vec![]));
    assert_eq!(setup.signals(), vec![]);
    let evidence = |rule| RuleEvidence {
        rule,
        mode: SHADOW,
        score: Ratio::percent(250),
        trips: 0,
        shadow_trips: 1,
        last_trip_at: tripped_at,
    };
    assert_eq!(setup.evidence(BTC).rules, vec![evidence(RuleId::Band), evidence(RuleId::Velocity)]);
    // It re-anchors as enforce does, so that its counters are what enforce's would have been.
    setup.round(BTC_FEED, 9_000);
    assert_eq!(setup.evidence(BTC).rules[0].shadow_trips, 1);
}

#[test]
fn a_rule_that_is_off_says_nothing_but_keeps_its_windows() {
    let mut setup = Setup::with_modes(OFF, OFF);
    setup.calm(BTC_FEED, 10_000);
    let events = setup.round(BTC_FEED, 5_000);
    assert_eq!((RuleTripped::all(&events), setup.level(BTC)), (vec![], Level::Normal));
    assert_eq!(setup.record(BTC).evaluated_round, 21);
}

#[test]
fn an_invalid_round_renews_the_lease_and_feeds_no_statistics() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    setup.publish_price(BTC_FEED, price(1), Validity::Invalid);
    let events = setup.evaluate(&[BTC_FEED]);
    assert_eq!((RuleTripped::all(&events), setup.record(BTC).evaluated_round), (vec![], 21));
    setup.advance(5);
    setup.round(BTC_FEED, 10_000);
    assert_eq!(setup.level(BTC), Level::Normal);
    // A doubtful round is evidence: tightening on doubt is cheap, and the dispersion itself is the news.
    setup.publish_price(BTC_FEED, price(9_000), Validity::SoftInvalid);
    setup.evaluate(&[BTC_FEED]);
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
}

#[test]
fn a_long_silence_restarts_the_windows() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    setup.advance(HOUR);
    setup.round(BTC_FEED, 7_000);
    assert_eq!(setup.level(BTC), Level::Normal);
    setup.round(BTC_FEED, 6_800);
    assert_eq!(setup.level(BTC), Level::ReduceOnly);
}

#[test]
fn rounds_that_nobody_evaluated_in_time_are_evaluated_in_order() {
    let mut setup = Setup::with_modes(ENFORCE, OFF);
    setup.calm(BTC_FEED, 10_000);
    // A spike that is over when somebody finally asks still counts.
    for units in [10_000, 9_700, 10_000] {
        setup.publish(BTC_FEED, units);
        setup.advance(5);
    }
    let events = setup.evaluate(&[BTC_FEED]);
    let rounds: Vec<u64> = RuleTripped::all(&events).iter().map(|fact| fact.round).collect();
    assert_eq!(rounds, vec![22, 23]); // down from the mean, then up from the re-anchored reference
    assert_eq!((setup.record(BTC).evaluated_round, setup.level(BTC)), (23, Level::ReduceOnly));
}

//
#[test]
fn a_reflex_is_reduce_only_at_most_six_hours_of_a_day_then_guarded() {
    let mut setup = Setup::with_modes(ENFORCE, OFF);
    let mut config = guard(BTC_FEED, ENFORCE, OFF);
    for step in &mut config.rules[0].ladder {
        step.duration_seconds = 3_000;
    }
    config.rules.push(RuleConfig::standard(RuleId::Liquidations, ENFORCE));
    setup.set_vault(BTC, &empty_market(), &pool());
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap();
    let mut reduce_only_seconds = 0;
    let started = setup.now();
    let mut units = 10_000u32;
    // A price that swings by 5 % every five minutes for a day: the rule trips all the time.
    while setup.now() < started + 24 * HOUR {
        setup.publish(BTC_FEED, units);
        setup.evaluate(&[BTC_FEED]);
        units = if units == 10_000 { 9_500 } else { 10_000 };
        for _ in 0..20 {
            let level = setup.level(BTC);
            assert!(level <= Level::ReduceOnly);
            reduce_only_seconds += if level == Level::ReduceOnly { 15 } else { 0 };
            setup.advance(15);
        }
    }
    assert!((6 * HOUR - 60..=6 * HOUR).contains(&reduce_only_seconds), "{reduce_only_seconds}");
    // The budget is spent; the market stays restricted, and open.
    assert_eq!(setup.level(BTC), Level::Guarded);
    // What the price has spent, liquidations do not spend once more.
    let liquidated_notional = firebreak_risk::Amount::from_units(500_000);
    setup.set_vault(BTC, &MarketState { liquidated_notional, ..empty_market() }, &pool());
    setup.round(BTC_FEED, units);
    assert_eq!(setup.level(BTC), Level::Guarded);
}

/// The `at`-th five minutes: the price swings by 5 % and half of what is open is liquidated where `trips` says so (price, liquidations).
/// Returns the seconds at `ReduceOnly`, in steps of 15 s.
fn five_minutes(setup: &mut Setup, at: u64, trips: impl Fn(u64) -> (bool, bool)) -> u64 {
    let so_far = |which: fn((bool, bool)) -> bool| (0..=at).filter(|at| which(trips(*at))).count() as u64;
    let liquidated_notional = firebreak_risk::Amount::from_units(500_000 * so_far(|trip| trip.1));
    setup.set_vault(BTC, &MarketState { liquidated_notional, ..empty_market() }, &pool());
    setup.publish(BTC_FEED, if so_far(|trip| trip.0).is_multiple_of(2) { 10_000 } else { 9_500 });
    setup.evaluate(&[BTC_FEED]);
    let mut held = 0;
    for _ in 0..20 {
        held += if setup.level(BTC) == Level::ReduceOnly { 15 } else { 0 };
        setup.advance(15);
    }
    held
}

fn a_day_of(trips: impl Fn(u64) -> (bool, bool) + Copy) -> u64 {
    let mut setup = price_and_liquidations(ENFORCE, ENFORCE);
    (0..288).map(|at| five_minutes(&mut setup, at, trips)).sum()
}

/// Band and liquidations, each answer five minutes long.
fn price_and_liquidations(band: RuleMode, liquidations: RuleMode) -> Setup {
    let mut setup = Setup::with_modes(band, OFF);
    let mut config = guard(BTC_FEED, band, OFF);
    let standard = RuleConfig::standard(RuleId::Liquidations, liquidations);
    config.rules.push(RuleConfig { window_seconds: 600, quiet_seconds: 0, ..standard });
    setup.set_vault(BTC, &empty_market(), &pool());
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap();
    setup
}

//
#[test]
fn what_trades_feed_closes_a_market_for_one_of_the_six_hours_and_leaves_the_price_its_own() {
    let fed = a_day_of(|at| (false, at % 4 == 1));
    assert!((HOUR - 60..=HOUR).contains(&fed), "{fed}");
    // The price trips when that is spent: it still has what is left, and both together have six.
    let both = a_day_of(|at| (at >= 144, at % 4 == 1));
    assert!((6 * HOUR - 60..=6 * HOUR).contains(&both), "{both}");
}

// the shadow log says what enforce would have done, also where rules in shadow would have spent of what enforced ones spend.
#[test]
fn a_rule_in_shadow_draws_on_the_budget_that_the_enforced_ones_draw_on() {
    let trips = |at: u64| (at.is_multiple_of(2), at % 3 == 1);
    let mut shadow = price_and_liquidations(ENFORCE, SHADOW);
    let mut enforced = price_and_liquidations(ENFORCE, ENFORCE);
    let slot = |setup: &Setup, would: bool| {
        let all = if would { setup.evidence(BTC).would_restrict } else { setup.status(BTC).restrictions };
        all.into_iter().find(|slot| slot.source == Source::Solvency)
    };
    let mut short = false;
    for at in 0..288 {
        for setup in [&mut shadow, &mut enforced] {
            five_minutes(setup, at, trips);
        }
        let answered = slot(&enforced, false);
        short |= trips(at).1 && answered.as_ref().is_some_and(|slot| slot.posture.level == Level::Guarded);
        assert_eq!(slot(&shadow, true), answered, "{at}");
    }
    assert!(short, "the budget was never short");
}

#[test]
fn the_guardian_is_told_when_a_rule_reaches_a_new_level_one_call_a_market_and_message() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    let observed_at = setup.now();
    setup.round(BTC_FEED, 9_860); // band 35 %: guarded; velocity 35 %: guarded
    let signal =
        |rule, level, moved, observed_at| guardian::ExecuteMsg::Signal { market: BTC, rule, level, moved, observed_at };
    let first = signal(RuleId::Band, Level::Guarded, Ratio::percent(35), observed_at);
    assert_eq!(setup.signals(), vec![first.clone()]);
    // What the other rule has to say comes with the next message, though that brings no round.
    setup.evaluate(&[]);
    let second = signal(RuleId::Velocity, Level::Guarded, Ratio::percent(35), observed_at);
    assert_eq!(setup.signals(), vec![first.clone(), second.clone()]);
    // A repeat at the same level is no news.
    setup.calm(BTC_FEED, 9_860);
    setup.advance(10);
    setup.round(BTC_FEED, 9_990);
    assert_eq!(setup.evidence(BTC).rules[0].trips, 2);
    assert_eq!(setup.signals(), vec![first.clone(), second.clone()]);
    // A higher level is.
    let observed_at = setup.now();
    setup.round(BTC_FEED, 9_790); // 2.002 % from the re-anchored 9_990
    let moved = Ratio::from_atoms(500_500_500_500_500_525);
    assert_eq!(setup.signals()[2..], [signal(RuleId::Band, Level::ReduceOnly, moved, observed_at)]);
}
