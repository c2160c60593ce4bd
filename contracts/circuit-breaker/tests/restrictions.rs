//! Restrictions by message: who, how far, how long; and what people are told.

use crate::setup::{guard, phase, Setup, BTC, BTC_FEED, ETH, HOUR};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::{
    effective_posture, ExecuteMsg, LevelText, RestrictionAdded, RestrictionLifted, RestrictionStatus, RuleMode, Scope,
};
use firebreak_messages::event::Fact;
use firebreak_messages::{MarketId, Source};
use firebreak_risk::{
    BasisPoints, Freeze, Level, LiquidationAccess, LpExit, OrderAccess, OrderExecution, Phase, Posture, RiskError,
};

const DAY: u64 = 24 * HOUR;

fn restrict(scope: Scope, source: Source, phases: Vec<Phase>) -> ExecuteMsg {
    ExecuteMsg::Restrict { scope, source, phases, incident: 7 }
}

//
#[test]
fn one_message_restricts_every_market_at_once_and_expires_by_itself() {
    let mut setup = Setup::new();
    let now = setup.now();
    let phases = vec![phase(now + 600, Level::ReduceOnly), phase(now + 900, Level::Guarded)];
    let events = setup.as_owner(&restrict(Scope::All, Source::Council, phases.clone())).unwrap();
    assert_eq!(
        RestrictionAdded::all(&events),
        vec![RestrictionAdded {
            scope: Scope::All,
            source: Source::Council,
            level_before: LevelText(Level::Normal),
            level: LevelText(Level::ReduceOnly),
            until: now + 600,
            ends_at: now + 900,
            incident: 7,
        }]
    );
    for market in [BTC, ETH] {
        assert_eq!(setup.level(market), Level::ReduceOnly);
    }
    assert_eq!(setup.record_of_all().restrictions[0].phases, phases);
    assert_eq!(setup.record(BTC).restrictions, vec![]);
    setup.advance(600);
    assert_eq!(setup.level(ETH), Level::Guarded);
    setup.advance(300);
    assert_eq!(setup.level(ETH), Level::Normal);
}

//
#[test]
fn a_scope_remembers_its_last_freeze() {
    let mut setup = Setup::new();
    let start = setup.now();
    let frozen = |until| restrict(Scope::Market(BTC), Source::Council, vec![phase(until, Level::Frozen)]);
    let freeze = |since, until| Freeze { since, until };
    setup.as_owner(&frozen(start + 100)).unwrap();
    setup.advance(50);
    // Extended by another source: one freeze.
    let longer = vec![phase(start + 200, Level::Frozen), phase(start + 900, Level::Guarded)];
    setup.as_owner(&restrict(Scope::Market(BTC), Source::Procedure, longer)).unwrap();
    assert_eq!(setup.record(BTC).freeze, freeze(start, start + 200));
    assert_eq!((setup.record(ETH).freeze, setup.record_of_all().freeze), (Freeze::default(), Freeze::default()));
    // Rounds free the slots of what has ended, and the freeze stays known.
    setup.advance(850);
    setup.round(BTC_FEED, 100);
    assert_eq!(setup.record(BTC).restrictions, vec![]);
    assert_eq!(setup.record(BTC).freeze, freeze(start, start + 200));
    // A later one is its own, and ends where it is lifted.
    let now = setup.now();
    setup.as_owner(&frozen(now + 500)).unwrap();
    setup.advance(40);
    setup.as_owner(&ExecuteMsg::Lift { scope: Scope::Market(BTC), source: Source::Council }).unwrap();
    assert_eq!(setup.record(BTC).freeze, freeze(now, now + 40));
    // All markets have one of their own.
    setup.as_owner(&restrict(Scope::All, Source::Council, vec![phase(now + 100, Level::Frozen)])).unwrap();
    assert_eq!(setup.record_of_all().freeze, freeze(now + 40, now + 100));
    assert_eq!(setup.record(BTC).freeze, freeze(now, now + 40));
}

#[test]
fn the_record_of_all_is_there_from_the_start() {
    assert_eq!(Setup::new().record_of_all(), firebreak_messages::circuit_breaker::PostureRecord::default());
}

//
#[test]
fn every_fast_action_ends_and_no_reflex_acts_by_message() {
    let mut setup = Setup::new();
    let now = setup.now();
    for source in Source::ALL {
        let longest = match source {
            Source::Council | Source::Procedure => Some(7 * DAY),
            Source::Governance => Some(30 * DAY),
            reflex => {
                assert!(reflex.is_reflex());
                None
            }
        };
        let mut attempt =
            |until| setup.as_owner(&restrict(Scope::All, source, vec![phase(until, Level::ReduceOnly)])).err();
        match longest {
            None => assert_eq!(attempt(now + 60), Some(ContractError::ReflexSource { source_name: source })),
            Some(longest) => {
                let refused = |until: u64| ContractError::OutOfBounds {
                    what: "until of a phase",
                    wanted: format!("at most {}", now + longest),
                    found: until.to_string(),
                };
                assert_eq!(attempt(now + longest + 1), Some(refused(now + longest + 1)));
                assert_eq!(attempt(u64::MAX), Some(refused(u64::MAX)));
                assert_eq!(attempt(now + longest), None);
            }
        }
    }
}

#[test]
fn phases_are_in_order_bounded_and_honest_about_their_level() {
    let mut setup = Setup::new();
    let now = setup.now();
    let guarded = Posture::preset(Level::Guarded);
    let of = |posture| vec![Phase { until: now + 60, posture }];
    let beyond = |what, found| ContractError::PostureBeyondLevel { what, wanted: Level::Frozen, found };
    let bounds = |what, wanted: String, found: String| ContractError::OutOfBounds { what, wanted, found };
    let level =
        |phase, wanted, found| ContractError::LevelNotAllowed { source_name: Source::Governance, phase, wanted, found };
    let until = "until of a phase";
    for (name, phases, refused) in [
        ("none", vec![], bounds("phases", "between 1 and 6".into(), "0".into())),
        (
            "seven",
            (1..=7).map(|step| phase(now + step, Level::Guarded)).collect(),
            bounds("phases", "between 1 and 6".into(), "7".into()),
        ),
        ("ended already", vec![phase(now, Level::Guarded)], bounds(until, format!("after {now}"), now.to_string())),
        (
            "out of order",
            vec![phase(now + 60, Level::ReduceOnly), phase(now + 60, Level::Guarded)],
            bounds(until, format!("after {}", now + 60), (now + 60).to_string()),
        ),
        ("settlement", vec![phase(now + 60, Level::Settlement)], level(0, Level::Frozen, Level::Settlement)),
        (
            "frozen later",
            vec![phase(now + 60, Level::Guarded), phase(now + 90, Level::Frozen)],
            level(1, Level::ReduceOnly, Level::Frozen),
        ),
        (
            "normal in name",
            of(Posture::NORMAL),
            ContractError::PostureBeyondLevel { what: "restrict at all", wanted: Level::Guarded, found: Level::Normal },
        ),
        // below frozen nothing turns liquidation off.
        (
            "liquidation waits under a mild name",
            of(Posture { liquidation: LiquidationAccess::Waits, ..guarded }),
            beyond("make liquidation wait", Level::Guarded),
        ),
        (
            "orders wait under a mild name",
            of(Posture { order_execution: OrderExecution::Waits, ..guarded }),
            beyond("make orders wait", Level::Guarded),
        ),
        (
            "outflows shut under a mild name",
            of(Posture { outflow_factor: BasisPoints(0), ..Posture::preset(Level::ReduceOnly) }),
            beyond("shut the outflows", Level::ReduceOnly),
        ),
        // Nor under a name that the council's budget does not count.
        (
            "exposure refused under a mild name",
            of(Posture { exposure_raising: OrderAccess::None, ..guarded }),
            ContractError::PostureBeyondLevel {
                what: "refuse all exposure",
                wanted: Level::ReduceOnly,
                found: Level::Guarded,
            },
        ),
        (
            "liquidity providers kept in under a mild name",
            of(Posture { lp_exit: LpExit::Queue, ..guarded }),
            ContractError::PostureBeyondLevel {
                what: "keep liquidity providers in",
                wanted: Level::ReduceOnly,
                found: Level::Guarded,
            },
        ),
        (
            "a factor that loosens",
            of(Posture { initial_margin_factor: BasisPoints(9_999), ..guarded }),
            ContractError::Risk(RiskError::OutOfBounds {
                what: "initial_margin_factor",
                wanted: "at least 10000".into(),
                found: "9999".into(),
            }),
        ),
    ] {
        let before = setup.storage();
        let result = setup.as_owner(&restrict(Scope::Market(BTC), Source::Governance, phases));
        assert_eq!(result, Err(refused), "{name}");
        assert_eq!(setup.storage(), before, "{name}");
    }
}

#[test]
fn a_scope_stays_frozen_at_most_a_day_of_any_week_over_all_sources() {
    let mut setup = Setup::new();
    let freeze = |setup: &mut Setup, source, seconds| {
        let until = setup.now() + seconds;
        setup.as_owner(&restrict(Scope::Market(BTC), source, vec![phase(until, Level::Frozen)])).err()
    };
    let refused = |setup: &Setup, wanted: u64, granted: u64| {
        Some(ContractError::FrozenBudget {
            scope: Scope::Market(BTC),
            wanted_until: setup.now() + wanted,
            granted_until: setup.now() + granted,
        })
    };
    assert_eq!(freeze(&mut setup, Source::Council, DAY + 1), refused(&setup, DAY + 1, DAY));
    assert_eq!(freeze(&mut setup, Source::Council, 20 * HOUR), None);
    // Two sources at the same time spend once; what goes on longer spends the rest.
    assert_eq!(freeze(&mut setup, Source::Governance, 20 * HOUR), None);
    setup.advance(HOUR);
    assert_eq!(freeze(&mut setup, Source::Governance, DAY), refused(&setup, DAY, 23 * HOUR));
    assert_eq!(freeze(&mut setup, Source::Governance, 23 * HOUR), None);
    // Lifting and freezing again makes no more of it.
    for source in [Source::Council, Source::Governance] {
        setup.as_owner(&ExecuteMsg::Lift { scope: Scope::Market(BTC), source }).unwrap();
    }
    setup.advance(2 * DAY);
    assert_eq!(freeze(&mut setup, Source::Council, 60), refused(&setup, 60, 0));
    // Every market's name reaches it no further than its own does, and a refusal spends nothing of the others.
    let until = setup.now() + DAY;
    let before = setup.storage();
    let all = setup.as_owner(&restrict(Scope::All, Source::Council, vec![phase(until, Level::Frozen)]));
    assert_eq!(all.err(), refused(&setup, DAY, 0));
    assert_eq!(setup.storage(), before);
    // Another market has a budget of its own, and a week later this one's is back.
    setup.as_owner(&restrict(Scope::Market(ETH), Source::Council, vec![phase(until, Level::Frozen)])).unwrap();
    setup.advance(6 * DAY);
    assert_eq!(freeze(&mut setup, Source::Council, DAY), None);
}

/// Hours of the next `hours` in which the vault sees BTC at `level` or tighter.
fn hours_held(setup: &mut Setup, level: Level, hours: u64) -> u64 {
    (0..hours)
        .filter(|_| {
            let market = setup.record(BTC);
            let seen =
                effective_posture(Some(&market), Some(&setup.record_of_all()), market.evaluated_round, setup.now());
            setup.advance(HOUR);
            seen.posture.level >= level
        })
        .count() as u64
}

//
#[test]
fn a_market_is_frozen_at_most_a_day_of_any_week_by_whatever_name_it_is_called() {
    for scopes in [[Scope::All, Scope::Market(BTC)], [Scope::Market(BTC), Scope::All]] {
        let mut setup = Setup::new();
        let mut frozen = 0;
        for scope in scopes {
            let until = setup.now() + DAY;
            // The second one is refused.
            let _ = setup.as_owner(&restrict(scope, Source::Council, vec![phase(until, Level::Frozen)]));
            frozen += hours_held(&mut setup, Level::Frozen, 24);
        }
        assert_eq!(frozen, 24, "{scopes:?}");
    }
    // Scope all pays for every market, and what two names hold at the same time is paid once.
    let mut setup = Setup::new();
    let start = setup.now();
    let freeze = |scope, until| restrict(scope, Source::Council, vec![phase(until, Level::Frozen)]);
    setup.as_owner(&freeze(Scope::All, start + 20 * HOUR)).unwrap();
    setup.as_owner(&freeze(Scope::Market(BTC), start + DAY)).unwrap();
    setup.advance(HOUR);
    let wanted_until = start + DAY + 1;
    for scope in [Scope::Market(BTC), Scope::All] {
        assert_eq!(
            setup.as_owner(&freeze(scope, wanted_until)),
            Err(ContractError::FrozenBudget { scope, wanted_until, granted_until: start + DAY })
        );
    }
    setup.as_owner(&freeze(Scope::Market(ETH), start + DAY)).unwrap();
}

#[test]
fn a_market_that_is_added_under_a_freeze_of_all_has_no_fresh_budget() {
    let mut setup = Setup::with_markets(vec![]).unwrap();
    let start = setup.now();
    setup.as_owner(&restrict(Scope::All, Source::Council, vec![phase(start + DAY, Level::Frozen)])).unwrap();
    setup.advance(HOUR);
    let config = guard(BTC_FEED, RuleMode::Enforce, RuleMode::Enforce);
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config: config.clone() }).unwrap();
    let scope = Scope::Market(BTC);
    let wanted_until = start + DAY + HOUR;
    let refused = Err(ContractError::FrozenBudget { scope, wanted_until, granted_until: start + DAY });
    let again = restrict(scope, Source::Governance, vec![phase(wanted_until, Level::Frozen)]);
    assert_eq!(setup.as_owner(&again), refused);
    // Configured again, what it spent by its own name stays spent.
    setup.advance(8 * DAY);
    let until = setup.now() + 12 * HOUR;
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(until, Level::Frozen)])).unwrap();
    setup.advance(12 * HOUR);
    setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap();
    let (wanted_until, granted_until) = (setup.now() + DAY, setup.now() + 12 * HOUR);
    assert_eq!(
        setup.as_owner(&restrict(scope, Source::Council, vec![phase(wanted_until, Level::Frozen)])),
        Err(ContractError::FrozenBudget { scope, wanted_until, granted_until })
    );
}

//
#[test]
fn the_council_alone_holds_a_market_in_reduce_only_at_most_a_week_of_any_four() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 1_000);
    let mut held = 0;
    // Asked again every second day, for four weeks.
    for _ in 0..14 {
        let until = setup.now() + 3 * DAY;
        let _ = setup.as_owner(&restrict(Scope::All, Source::Council, vec![phase(until, Level::ReduceOnly)]));
        held += hours_held(&mut setup, Level::ReduceOnly, 2 * 24);
    }
    assert_eq!(held, 7 * 24);
}

#[test]
fn a_renewal_beyond_the_councils_budget_is_refused_with_the_figures_and_moves_nothing() {
    let mut setup = Setup::new();
    let start = setup.now();
    let scope = Scope::Market(BTC);
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(start + 6 * DAY, Level::ReduceOnly)])).unwrap();
    setup.advance(5 * DAY);
    let wanted_until = start + 8 * DAY;
    let refused = Err(ContractError::CouncilBudget { scope, wanted_until, granted_until: start + 7 * DAY });
    // Neither by the other name nor behind a milder phase.
    let milder_first = vec![phase(start + 6 * DAY, Level::Guarded), phase(wanted_until, Level::ReduceOnly)];
    let before = setup.storage();
    for (scope, phases) in [
        (scope, vec![phase(wanted_until, Level::ReduceOnly)]),
        (Scope::All, vec![phase(wanted_until, Level::ReduceOnly)]),
        (scope, milder_first),
    ] {
        assert_eq!(setup.as_owner(&restrict(scope, Source::Council, phases)), refused);
    }
    assert_eq!(setup.storage(), before);
    // The rest of it, what is milder, the timelock's word and other markets stay possible.
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(start + 7 * DAY, Level::ReduceOnly)])).unwrap();
    let later = phase(wanted_until, Level::ReduceOnly);
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(wanted_until, Level::Guarded)])).unwrap();
    setup.as_owner(&restrict(scope, Source::Governance, vec![later.clone()])).unwrap();
    setup.as_owner(&restrict(Scope::Market(ETH), Source::Council, vec![later])).unwrap();
    // Spent, a freeze is refused as well: it is tighter.
    setup.advance(3 * DAY);
    let wanted_until = setup.now() + HOUR;
    assert_eq!(
        setup.as_owner(&restrict(scope, Source::Council, vec![phase(wanted_until, Level::Frozen)])),
        Err(ContractError::CouncilBudget { scope, wanted_until, granted_until: setup.now() })
    );
}

#[test]
fn one_slot_a_source_joins_and_extends() {
    let mut setup = Setup::new();
    let now = setup.now();
    let scope = Scope::Market(BTC);
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(now + 600, Level::ReduceOnly)])).unwrap();
    setup.advance(10);
    // Milder and longer: nothing loosens before 600, and it goes on guarded.
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(now + 900, Level::Guarded)])).unwrap();
    setup.as_owner(&restrict(scope, Source::Governance, vec![phase(now + 60, Level::Guarded)])).unwrap();
    let record = setup.record(BTC);
    assert_eq!(record.restrictions.len(), 2);
    assert_eq!(
        record.restrictions[0].phases,
        vec![phase(now + 600, Level::ReduceOnly), phase(now + 900, Level::Guarded)]
    );
    assert_eq!(record.restrictions[0].since, now);
    // Ended slots go when the record is written anyway.
    setup.advance(100);
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(now + 901, Level::Guarded)])).unwrap();
    assert_eq!(setup.record(BTC).restrictions.len(), 1);
}

#[test]
fn a_lift_ends_one_sources_restriction_and_no_others() {
    let mut setup = Setup::with_modes(RuleMode::Enforce, RuleMode::Off);
    setup.calm(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 9_890);
    let until = setup.now() + 600;
    let scope = Scope::Market(BTC);
    setup.as_owner(&restrict(scope, Source::Council, vec![phase(until, Level::ReduceOnly)])).unwrap();
    let events = setup.as_owner(&ExecuteMsg::Lift { scope, source: Source::Council }).unwrap();
    assert_eq!(
        RestrictionLifted::all(&events),
        vec![RestrictionLifted {
            scope,
            source: Source::Council,
            level_before: LevelText(Level::ReduceOnly),
            level: LevelText(Level::Guarded),
        }]
    );
    assert_eq!(setup.level(BTC), Level::Guarded);
    // Once more is no error and no effect: it says so.
    let record = setup.record(BTC);
    let events = setup.as_owner(&ExecuteMsg::Lift { scope, source: Source::Council }).unwrap();
    let level = LevelText(Level::Guarded);
    assert_eq!(
        RestrictionLifted::all(&events),
        vec![RestrictionLifted { scope, source: Source::Council, level_before: level, level }]
    );
    assert_eq!(setup.record(BTC), record);
    // A rule's restriction can be lifted too: that is the way out of a false alarm.
    setup.as_owner(&ExecuteMsg::Lift { scope, source: Source::Band }).unwrap();
    assert_eq!(setup.level(BTC), Level::Normal);
    let unknown = MarketId(9);
    assert_eq!(
        setup.as_owner(&ExecuteMsg::Lift { scope: Scope::Market(unknown), source: Source::Band }),
        Err(ContractError::UnknownMarket { market: unknown })
    );
    let phases = vec![phase(until, Level::Guarded)];
    assert_eq!(
        setup.as_owner(&restrict(Scope::Market(unknown), Source::Council, phases)),
        Err(ContractError::UnknownMarket { market: unknown })
    );
}

//
#[test]
fn lifting_what_has_ended_by_itself_is_no_failure() {
    for scope in [Scope::All, Scope::Market(BTC)] {
        let mut setup = Setup::new();
        let until = setup.now() + HOUR;
        setup.as_owner(&restrict(scope, Source::Council, vec![phase(until, Level::ReduceOnly)])).unwrap();
        setup.advance(2 * HOUR);
        let events = setup.as_owner(&ExecuteMsg::Lift { scope, source: Source::Council }).unwrap();
        let level = LevelText(Level::Normal);
        assert_eq!(
            RestrictionLifted::all(&events),
            vec![RestrictionLifted { scope, source: Source::Council, level_before: level, level }]
        );
        assert_eq!(setup.level(BTC), Level::Normal);
    }
}

//
#[test]
fn status_tells_level_cause_since_until_and_what_comes_next() {
    let mut setup = Setup::with_modes(RuleMode::Enforce, RuleMode::Off);
    setup.calm(BTC_FEED, 10_000);
    let tripped_at = setup.now();
    setup.round(BTC_FEED, 9_800);
    let restricted_at = setup.now();
    let phases = vec![phase(restricted_at + 50, Level::Guarded)];
    setup.as_owner(&restrict(Scope::All, Source::Council, phases)).unwrap();
    setup.advance(20);
    let status = setup.status(BTC);
    let quarter = Posture::preset(Level::Guarded).with_order_size_factor(BasisPoints(2_500));
    assert_eq!(status.posture, Posture::preset(Level::ReduceOnly));
    assert_eq!(status.evaluated_round, 21);
    assert_eq!((status.failures_in_a_row, status.failing_since), (0, 0));
    assert_eq!(
        status.restrictions,
        vec![
            RestrictionStatus {
                scope: Scope::Market(BTC),
                source: Source::Band,
                since: tripped_at,
                until: tripped_at + 300,
                ends_at: tripped_at + 480,
                posture: Posture::preset(Level::ReduceOnly),
                next: Some(Phase { until: tripped_at + 360, posture: quarter }),
                incident: 0,
            },
            RestrictionStatus {
                scope: Scope::All,
                source: Source::Council,
                since: restricted_at,
                until: restricted_at + 50,
                ends_at: restricted_at + 50,
                posture: Posture::preset(Level::Guarded),
                next: None,
                incident: 7,
            },
        ]
    );
    setup.advance(10_000);
    assert_eq!((setup.status(BTC).restrictions, setup.level(BTC)), (vec![], Level::Normal));
}
