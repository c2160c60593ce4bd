//! From evidence to a level, with a threshold for each action, hysteresis and an end.
//!
//! ```text
//!            all >= guarded              hard >= reduce_only
//!   Normal ----------------> Guarded --------------------------> ReduceOnly
//!      ^                        |  ^                                  |
//!      +--- held, then quiet ---+  +------- held, then quiet ---------+      (or held_max is over: down, whatever the evidence)
//! ```
//!
//! Cheap and reversible actions fire on an hour's evidence, a stop on a year's. Evidence is forgotten on the way down to `Normal`, so
//! each new alarm has the detector's guarantee from its start. Flow alone (`hard` does not count it) reaches `Guarded`, and an
//! episode of flow alone is not lengthened: whoever trades could keep a market restricted otherwise.

use super::market::MarketEvidence;
use crate::posture::Level;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReflexParams {
    /// Evidence of all channels from which a market is guarded.
    pub guarded: u64,
    /// Evidence of the channels that traders cannot feed from which a market is reduce-only.
    pub reduce_only: u64,
    /// Below this, an observation is quiet. Bounds: below `guarded`.
    pub release: u64,
    /// How long observations must have been quiet before a level falls. Seconds and not observations: a slow feed would hold a market for hours.
    pub quiet_seconds: u64,
    /// How long a level holds at least after the last trip.
    pub hold_seconds: u64,
    /// How long a level may be held by repeated trips; then it falls by one, whatever the evidence, which starts anew.
    pub held_max_seconds: u64,
}

impl ReflexParams {
    /// An hour's evidence guards, a year's stops; five minutes at least, an hour at most.
    pub const STANDARD: Self = Self {
        guarded: super::evidence::TIER_HOUR,
        reduce_only: super::evidence::TIER_YEAR,
        release: 60,
        quiet_seconds: 120,
        hold_seconds: 300,
        held_max_seconds: 3_600,
    };
}

/// What the detectors hold a market at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reflex {
    pub level: Level,
    /// When this level began, seconds.
    pub since: u64,
    /// Before this it does not fall.
    pub until: u64,
    /// The first of the quiet observations in a row.
    pub quiet_since: Option<u64>,
    /// Whether anything but flow has spoken since the market left `Normal`.
    pub hard: bool,
}

impl Default for Reflex {
    fn default() -> Self {
        Self { level: Level::Normal, since: 0, until: 0, quiet_since: None, hard: false }
    }
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    pub reflex: Reflex,
    /// The level rose.
    pub tripped: bool,
    /// The evidence is to be forgotten ([`super::MarketDetectors::reset`]).
    pub reset: bool,
}

impl Reflex {
    /// The next state, for what the detectors and the solvency rules say at `now`.
    ///
    /// Units: seconds. Errors: none. A level rises at once, by as much as is asked; it falls one at a time.
    pub fn after(self, evidence: &MarketEvidence, solvency: Level, now: u64, params: &ReflexParams) -> Stepped {
        let stop = evidence.hard.reaches(params.reduce_only);
        let surprise = match (stop, evidence.all.reaches(params.guarded)) {
            (true, _) => Level::ReduceOnly,
            (false, true) => Level::Guarded,
            (false, false) => Level::Normal,
        };
        // Nothing here freezes, whatever it was given.
        let asked = surprise.max(solvency).min(Level::ReduceOnly);
        let hard = stop || evidence.hard.reaches(params.guarded) || solvency > Level::Normal;
        let mut next = self;
        if asked > self.level {
            // From `ReduceOnly` the hour begins anew; a rise is the only thing that makes it.
            next = Self {
                level: asked,
                since: now,
                until: now.saturating_add(params.hold_seconds),
                quiet_since: None,
                hard,
            };
            return Stepped { reflex: next, tripped: true, reset: false };
        }
        if self.level == Level::Normal {
            return Stepped { reflex: self, tripped: false, reset: false };
        }
        next.hard = self.hard || hard;
        let is_quiet = asked == Level::Normal && !evidence.all.reaches(params.release);
        next.quiet_since = if is_quiet { self.quiet_since.or(Some(now)) } else { None };
        let quiet = next.quiet_since.is_some_and(|since| now >= since.saturating_add(params.quiet_seconds));
        let end = self.since.saturating_add(params.held_max_seconds);
        if asked == self.level && hard {
            next.until = self.until.max(now.saturating_add(params.hold_seconds)).min(end);
        }
        let flow_alone = !next.hard;
        let may_fall = now >= next.until && (quiet || flow_alone);
        if !may_fall && now < end {
            return Stepped { reflex: next, tripped: false, reset: false };
        }
        let level = if self.level > Level::Guarded { Level::Guarded } else { Level::Normal };
        let forget = level == Level::Normal || now >= end;
        let until = if level == Level::Normal { now } else { now.saturating_add(params.hold_seconds) };
        let reflex = Self { level, since: now, until, quiet_since: None, hard: next.hard && level != Level::Normal };
        Stepped { reflex, tripped: false, reset: forget }
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{Evidence, TIER_YEAR};
    use super::*;
    use proptest::prelude::*;

    const PARAMS: ReflexParams = ReflexParams::STANDARD;

    fn evidence(all: u64, hard: u64) -> MarketEvidence {
        MarketEvidence { all: Evidence::from_whole(all), hard: Evidence::from_whole(hard), ..MarketEvidence::default() }
    }

    #[test]
    fn each_action_has_its_threshold() {
        use Level::{Frozen, Guarded, Normal, ReduceOnly};
        for (name, all, hard, solvency, level) in [
            ("nothing", 599, 599, Normal, Normal),
            ("an hour's evidence", 600, 600, Normal, Guarded),
            ("a year's of flow alone", TIER_YEAR, 0, Normal, Guarded),
            ("a year's", TIER_YEAR, TIER_YEAR, Normal, ReduceOnly),
            ("solvency", 0, 0, Guarded, Guarded),
            ("solvency, harder", 600, 600, ReduceOnly, ReduceOnly),
            ("never more than reduce-only", 0, 0, Frozen, ReduceOnly),
        ] {
            let stepped = Reflex::default().after(&evidence(all, hard), solvency, 1_000, &PARAMS);
            assert_eq!((stepped.reflex.level, stepped.tripped), (level, level > Normal), "{name}");
        }
    }

    /// Feeds one observation every 6 s and returns the seconds until the market is `Normal` again.
    fn seconds_held(mut reflex: Reflex, all: u64, hard: u64) -> u64 {
        let start = reflex.since;
        for block in 1..10_000 {
            let now = start + 6 * block;
            let stepped = reflex.after(&evidence(all, hard), Level::Normal, now, &PARAMS);
            reflex = stepped.reflex;
            if reflex.level == Level::Normal {
                assert!(stepped.reset);
                return now - start;
            }
        }
        panic!("never ends");
    }

    #[test]
    fn a_level_falls_when_held_and_quiet_and_always_ends() {
        let stop = Reflex::default().after(&evidence(TIER_YEAR, TIER_YEAR), Level::Normal, 1_000, &PARAMS).reflex;
        assert_eq!(seconds_held(stop, 0, 0), 600); // five minutes at each level
                                                   // Between release and threshold: neither quiet nor a trip. Held to the end of each level, an hour.
        assert_eq!(seconds_held(stop, 100, 100), 7_200);
        // Evidence that never goes away: down all the same, and forgotten.
        let down = (1..=600u64).fold(stop, |reflex, block| {
            reflex.after(&evidence(TIER_YEAR, TIER_YEAR), Level::Normal, 1_000 + 6 * block, &PARAMS).reflex
        });
        assert_eq!((down.level, down.since), (Level::Guarded, 4_600));
    }

    #[test]
    fn an_episode_of_flow_alone_is_not_lengthened() {
        let guarded = Reflex::default().after(&evidence(700, 0), Level::Normal, 1_000, &PARAMS).reflex;
        assert_eq!(seconds_held(guarded, 700, 0), 300);
        let guarded = Reflex::default().after(&evidence(700, 700), Level::Normal, 1_000, &PARAMS).reflex;
        assert_eq!(seconds_held(guarded, 700, 700), 3_600);
    }

    #[test]
    fn only_hard_evidence_for_the_same_level_lengthens_it() {
        let (guarded, stop) = (evidence(700, 700), evidence(TIER_YEAR, TIER_YEAR));
        for (name, first, again, until) in [
            ("the same, hard", guarded, guarded, 1_400),
            ("the same, of flow alone", guarded, evidence(700, 0), 1_300),
            ("less than the level, hard", stop, guarded, 1_300),
            ("the same stop", stop, stop, 1_400),
        ] {
            let reflex = Reflex::default().after(&first, Level::Normal, 1_000, &PARAMS).reflex;
            assert_eq!(reflex.until, 1_300, "{name}");
            assert_eq!(reflex.after(&again, Level::Normal, 1_100, &PARAMS).reflex.until, until, "{name}");
        }
    }

    #[test]
    fn evidence_is_forgotten_at_the_end_of_a_level_and_not_where_it_fell_for_being_quiet() {
        let stop = Reflex::default().after(&evidence(TIER_YEAR, TIER_YEAR), Level::Normal, 1_000, &PARAMS).reflex;
        for (name, all, falls_at, reset) in [("quiet", 0, 1_300, false), ("never quiet", TIER_YEAR, 4_600, true)] {
            let mut reflex = stop;
            let fallen = (1u64..).find_map(|block| {
                let now = 1_000 + 6 * block;
                let stepped = reflex.after(&evidence(all, all), Level::Normal, now, &PARAMS);
                reflex = stepped.reflex;
                (reflex.level < Level::ReduceOnly).then_some((now, stepped.reset))
            });
            assert_eq!(fallen, Some((falls_at, reset)), "{name}");
        }
    }

    proptest! {
        #[test]
        fn more_evidence_never_means_a_lower_level(
            level in 0usize..3, all in 0u64..2 * TIER_YEAR, hard in 0u64..2 * TIER_YEAR, more in 0u64..TIER_YEAR, quiet in 0u64..400,
            elapsed in 0u64..3_599, held in 0u64..900,
        ) {
            let level = [Level::Normal, Level::Guarded, Level::ReduceOnly][level];
            let reflex = Reflex { level, since: 1_000, until: 1_000 + held, quiet_since: Some(1_000 + quiet), hard: true };
            let after = |evidence: MarketEvidence| reflex.after(&evidence, Level::Normal, 1_000 + elapsed, &PARAMS).reflex.level;
            prop_assert!(after(evidence(all + more, hard)) >= after(evidence(all, hard)));
            prop_assert!(after(evidence(all + more, hard + more)) >= after(evidence(all, hard)));
        }
    }
}
