use super::*;
use proptest::prelude::*;

const LEVELS: [Level; 5] = [Level::Normal, Level::Guarded, Level::ReduceOnly, Level::Frozen, Level::Settlement];

fn access() -> impl Strategy<Value = OrderAccess> {
    prop_oneof![Just(OrderAccess::All), Just(OrderAccess::LimitOnly), Just(OrderAccess::None)]
}

prop_compose! {
    fn posture()(
        level in proptest::sample::select(LEVELS.to_vec()),
        skew_raising in access(),
        exposure_raising in access(),
        waits: bool,
        factor in 10_000u16..=50_000,
        leverage_max: u16,
        order_size in 0u16..=10_000,
        outflow in 0u16..=10_000,
        queue: bool,
        liquidation in prop_oneof![
            Just(LiquidationAccess::Open), Just(LiquidationAccess::Throttled), Just(LiquidationAccess::Waits)
        ],
    ) -> Posture {
        Posture {
            level, skew_raising, exposure_raising,
            order_execution: if waits { OrderExecution::Waits } else { OrderExecution::Open },
            initial_margin_factor: BasisPoints(factor),
            leverage_max,
            order_size_factor: BasisPoints(order_size),
            outflow_factor: BasisPoints(outflow),
            lp_exit: if queue { LpExit::Queue } else { LpExit::Open },
            liquidation,
        }
    }
}

fn phases() -> impl Strategy<Value = Vec<Phase>> {
    proptest::collection::vec((1u64..500, posture()), 0..=PHASES_MAX).prop_map(|list| {
        let mut until = 0;
        list.into_iter()
            .map(|(length, posture)| {
                until += length;
                Phase { until, posture }
            })
            .collect()
    })
}

fn at(phases: &[Phase], time: u64) -> Posture {
    phase_at(phases, time).map_or(Posture::NORMAL, |phase| phase.posture)
}

/// `docs/formulas.md#postures`
#[test]
fn worked_example_of_a_join() {
    // `Guarded`, and somebody else's rule that halves nothing but asks for 5x and queues the exits of providers.
    let rule = Posture { leverage_max: 500, lp_exit: LpExit::Queue, ..Posture::NORMAL };
    let joined = Posture::preset(Level::Guarded).join(rule);
    assert_eq!(joined.level, Level::Guarded);
    assert_eq!(joined.initial_margin_factor, BasisPoints(15_000));
    assert_eq!(joined.leverage_max, 500);
    assert_eq!(joined.order_size_factor, BasisPoints(5_000));
    assert_eq!(joined.skew_raising, OrderAccess::LimitOnly);
    assert_eq!(joined.lp_exit, LpExit::Queue);
    assert_eq!(joined, rule.join(Posture::preset(Level::Guarded)));
}

#[test]
fn presets_tighten_from_level_to_level() {
    for pair in LEVELS.windows(2) {
        let (looser, tighter) = (Posture::preset(pair[0]), Posture::preset(pair[1]));
        assert!(tighter.is_at_least_as_tight_as(looser), "{} against {}", pair[1], pair[0]);
        assert!(!looser.is_at_least_as_tight_as(tighter));
    }
}

#[test]
fn only_frozen_and_settlement_make_liquidation_wait() {
    // a reflex source reaches ReduceOnly at most, and no level below Frozen turns a solvency valve off.
    for level in LEVELS {
        let waits = Posture::preset(level).liquidation == LiquidationAccess::Waits;
        assert_eq!(waits, level >= Level::Frozen, "{level}");
    }
}

#[test]
fn worked_example_of_a_graded_reopening() {
    // docs/formulas.md#postures: ReduceOnly until 300, Guarded at a quarter until 600, Normal afterwards.
    let quarter = Posture::preset(Level::Guarded).with_order_size_factor(BasisPoints(2_500));
    let first =
        vec![Phase { until: 300, posture: Posture::preset(Level::ReduceOnly) }, Phase { until: 600, posture: quarter }];
    assert_eq!(at(&first, 299).level, Level::ReduceOnly);
    assert_eq!(at(&first, 300), quarter);
    assert_eq!(at(&first, 600), Posture::NORMAL);
    // The rule fires again at 200 with the same ladder, 200 later: ReduceOnly until 500, then a quarter until 800.
    let again =
        vec![Phase { until: 500, posture: Posture::preset(Level::ReduceOnly) }, Phase { until: 800, posture: quarter }];
    assert_eq!(merge_phases(&first, &again, 200), again);
}

#[test]
fn factors_that_would_loosen_are_refused() {
    let loose = Posture::NORMAL.with_order_size_factor(BasisPoints(10_001));
    assert_eq!(
        loose.checked(),
        Err(RiskError::OutOfBounds {
            what: "order_size_factor",
            wanted: "at most 10000".into(),
            found: "10001".into()
        })
    );
    let loose = Posture { initial_margin_factor: BasisPoints(9_999), ..Posture::NORMAL };
    assert!(matches!(loose.checked(), Err(RiskError::OutOfBounds { what: "initial_margin_factor", .. })));
}

#[test]
fn as_many_phases_as_there_is_room_for_are_kept_as_they_are() {
    let one = |index: u64| Phase {
        until: 100 * (index + 1),
        posture: Posture::NORMAL.with_order_size_factor(BasisPoints(9_000 - 1_000 * index as u16)),
    };
    let full: Vec<Phase> = (0..PHASES_MAX as u64).map(one).collect();
    assert_eq!(merge_phases(&full, &[], 0), full);
    // One more: the last two are one, as tight as either, until the later end.
    let more: Vec<Phase> = (0..=PHASES_MAX as u64).map(one).collect();
    let merged = merge_phases(&full, &more, 0);
    assert_eq!(merged.len(), PHASES_MAX);
    assert_eq!(merged[..PHASES_MAX - 1], full[..PHASES_MAX - 1]);
    assert_eq!(merged[PHASES_MAX - 1], more[PHASES_MAX]);
}

proptest! {
    #[test]
    fn join_is_associative_commutative_idempotent_with_normal_as_neutral(a in posture(), b in posture(), c in posture()) {
        prop_assert_eq!(a.join(b).join(c), a.join(b.join(c)));
        prop_assert_eq!(a.join(b), b.join(a));
        prop_assert_eq!(a.join(a), a);
        prop_assert_eq!(a.join(Posture::NORMAL), a);
    }

    #[test]
    fn a_join_permits_nothing_that_either_side_forbids(a in posture(), b in posture()) {
        let joined = a.join(b);
        prop_assert!(joined.is_at_least_as_tight_as(a) && joined.is_at_least_as_tight_as(b));
    }

    #[test]
    fn a_merge_is_at_every_time_at_least_the_join_and_ends_no_later(
        a in phases(), b in phases(), now in 0u64..1_000, later in 0u64..4_000
    ) {
        let merged = merge_phases(&a, &b, now);
        let time = now + later;
        prop_assert!(merged.len() <= PHASES_MAX);
        prop_assert!(at(&merged, time).is_at_least_as_tight_as(at(&a, time).join(at(&b, time))));
        let end = |list: &[Phase]| list.last().map_or(0, |phase| phase.until);
        prop_assert!(end(&merged) <= end(&a).max(end(&b)).max(now));
        // Exact as long as nothing had to be coarsened.
        if a.len() + b.len() <= PHASES_MAX {
            prop_assert_eq!(at(&merged, time), at(&a, time).join(at(&b, time)));
        }
    }
}
