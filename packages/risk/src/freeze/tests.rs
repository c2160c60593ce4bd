use super::*;
use crate::posture::{Level, Posture};
use proptest::prelude::*;

fn phase(level: Level, until: u64) -> Phase {
    Phase { until, posture: Posture::preset(level) }
}

fn after(freeze: Freeze, phases: &[Phase], now: u64) -> Freeze {
    freeze.after(std::iter::once(phases), now)
}

//
#[test]
fn a_freeze_is_felt_for_as_long_again_and_at_most_for_the_grace() {
    let freeze = |since, until| Freeze { since, until };
    for (name, freeze, grace, ends_at) in [
        ("an hour", freeze(1_000, 4_600), 600, 5_200),
        ("shorter than the grace", freeze(1_000, 1_003), 600, 1_006),
        ("lifted in its own second", freeze(1_000, 1_000), 600, 1_000),
        ("no grace", freeze(1_000, 4_600), 0, 4_600),
        ("none", Freeze::default(), 600, 0),
    ] {
        assert_eq!(freeze.grace_ends_at(grace), ends_at, "{name}");
        let felt = ends_at > freeze.since;
        for (now, wanted) in [(freeze.since, felt), (ends_at.saturating_sub(1), felt), (ends_at, false)] {
            assert_eq!(freeze.is_felt(grace, now), wanted, "{name} at {now}");
        }
        assert!(freeze.since == 0 || !freeze.is_felt(grace, freeze.since - 1), "{name}: not before it");
    }
}

#[test]
fn repeats_extend_a_freeze_and_a_lift_ends_it() {
    let first = after(Freeze::default(), &[phase(Level::Frozen, 200), phase(Level::ReduceOnly, 900)], 100);
    assert_eq!(first, Freeze { since: 100, until: 200 });
    assert_eq!(after(first, &[phase(Level::Frozen, 300)], 150), Freeze { since: 100, until: 300 });
    assert_eq!(after(first, &[phase(Level::Frozen, 300)], 200), Freeze { since: 100, until: 300 }, "without a gap");
    assert_eq!(after(first, &[phase(Level::Frozen, 300)], 201), Freeze { since: 102, until: 300 }, "99 are owed");
    assert_eq!(after(first, &[phase(Level::Frozen, 310)], 300), Freeze { since: 300, until: 310 }, "nothing is owed");
    let long = Freeze { since: 0, until: 40_000 };
    assert_eq!(
        after(long, &[phase(Level::Frozen, 41_003)], 41_000),
        Freeze { since: 38_400, until: 41_003 },
        "an hour"
    );
    assert_eq!(after(long, &[phase(Level::Frozen, 44_003)], 44_000), Freeze { since: 44_000, until: 44_003 });
    assert_eq!(after(first, &[], 130), Freeze { since: 100, until: 130 }, "lifted");
    assert_eq!(after(first, &[phase(Level::Frozen, 300)], 300), first, "a phase that is over is none");
    assert_eq!(after(first, &[phase(Level::ReduceOnly, 900)], 250), first, "what is milder leaves it as it was");
    // Lifted by one source, held by the other.
    let held: [&[Phase]; 2] = [&[phase(Level::Guarded, 400)], &[phase(Level::Frozen, 180)]];
    assert_eq!(first.after(held.into_iter(), 130), Freeze { since: 100, until: 180 });
}

proptest! {
    /// A freeze tightens: whenever it begins and however short it is, no grace ends earlier for it.
    #[test]
    fn no_freeze_ends_a_grace_earlier(length in 0u64..9_000, pause in 0u64..9_000, again in 1u64..9_000, grace in 0u64..=GRACE_SECONDS_MAX) {
        let first = Freeze { since: 10_000, until: 10_000 + length };
        let now = first.until + pause;
        let second = after(first, &[phase(Level::Frozen, now + again)], now);
        prop_assert!(second.grace_ends_at(grace) >= first.grace_ends_at(grace), "{first:?} {second:?}");
        prop_assert!(second.since <= now && second.is_felt(grace, now));
    }

    /// Whatever is frozen and lifted, and when: liquidation waits, or asks for the past, for twice the frozen time at most.
    #[test]
    fn graces_are_bounded_by_the_freezes(steps in prop::collection::vec((1u64..40, 0u64..30, any::<bool>()), 1..30), grace in 0u64..60) {
        let (mut freeze, mut now) = (Freeze::default(), 1_000u64);
        let (mut frozen, mut felt) = (0u64, 0u64);
        for (pause, length, lifts) in steps {
            let phases = [phase(Level::Frozen, now + length)];
            freeze = after(freeze, if lifts { &[] } else { &phases[..] }, now);
            prop_assert!(freeze.since <= freeze.until);
            for second in now..now + pause {
                frozen += u64::from(freeze.since <= second && second < freeze.until);
                felt += u64::from(freeze.is_felt(grace, second));
            }
            now += pause;
        }
        prop_assert!(frozen <= felt && felt <= 2 * frozen, "{felt} of {frozen}");
    }
}
