//! How long an answer holds: hysteresis, a quiet period before it ends, and an end whatever happens.
//!
//! ```text
//!                 score reaches a step                     a higher step: the time begins anew
//!   quiet ----------------------------------> answered(step) <----+
//!     ^                                          |  |  +----------+
//!     |   held, and the score below `release`    |  |
//!     +------------------------------------------+  +-- not quiet: until = now + quiet_seconds, at most since + extension_max
//! ```
//!
//! A score that stays high for ever is answered once for each step, for the longest extension, and then not again until it has been
//! quiet: a share of a window is a state and not an event, and a rule that answered a state again and again would be a wedge.

use super::episode::step_reached;
use super::rule::RuleConfig;
use crate::quantity::Ratio;
use serde::{Deserialize, Serialize};

/// What was answered. The default is quiet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// 1 for the first step of the ladder; 0 is none.
    pub step: u8,
    /// When that step was reached, seconds.
    pub since: u64,
    /// Until when its level holds, seconds.
    pub until: u64,
}

/// What a score leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub hold: Hold,
    /// The step to answer, from 0, and until when its level is to hold.
    pub answer: Option<(u8, u64)>,
    /// A step was reached that was not answered yet: an alarm, and not a prolongation.
    pub is_new: bool,
    /// The alarm is over, or has lasted as long as it may: accumulated evidence is to be forgotten.
    pub forget: bool,
}

impl Hold {
    /// The next state. Units: seconds of block time. Errors: none; times saturate.
    pub fn after(self, score: Ratio, config: &RuleConfig, now: u64) -> Held {
        // Bounded by LADDER_MAX.
        let thresholds: Vec<Ratio> = config.ladder.iter().map(|step| step.threshold).collect();
        let reached = step_reached(&thresholds, score).map_or(0, |step| step.saturating_add(1));
        let quiet = score < config.release || (config.release.is_zero() && reached == 0);
        let over = self.step > 0 && quiet && now >= self.until;
        let before = if over { Self::default() } else { self };
        let silent = |hold, forget| Held { hold, answer: None, is_new: false, forget };
        if reached > before.step {
            let index = reached.saturating_sub(1);
            let held = config.ladder.get(usize::from(index)).map_or(0, |step| step.duration_seconds);
            let until = now.saturating_add(held.min(config.extension_max_seconds));
            let hold = Self { step: reached, since: now, until };
            return Held { hold, answer: Some((index, until)), is_new: true, forget: over };
        }
        if before.step == 0 {
            return silent(before, over);
        }
        let end = before.since.saturating_add(config.extension_max_seconds);
        let wanted = now.saturating_add(config.quiet_seconds).min(end);
        let half = config.quiet_seconds.checked_div(2).unwrap_or(0);
        // Half a period at a time: the record changes at every price otherwise.
        let late = now.saturating_add(half) >= before.until;
        if config.rule.lengthens() && !quiet && config.quiet_seconds > 0 && late && wanted > before.until.max(now) {
            let hold = Self { until: wanted, ..before };
            return Held { hold, answer: Some((before.step.saturating_sub(1), wanted)), is_new: false, forget: false };
        }
        silent(before, now >= end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::{LadderStep, RuleId, RuleMode};
    use super::*;
    use crate::posture::Level;
    use proptest::prelude::*;

    fn config(rule: RuleId) -> RuleConfig {
        let step = |threshold, level| LadderStep {
            threshold: Ratio::percent(threshold),
            level,
            duration_seconds: 300,
            ramp: vec![],
            ramp_step_seconds: 0,
        };
        RuleConfig {
            rule,
            mode: RuleMode::Enforce,
            window_seconds: 3_600,
            ladder: vec![step(10, Level::Guarded), step(30, Level::ReduceOnly)],
            extension_max_seconds: 1_000,
            release: Ratio::percent(5),
            quiet_seconds: 120,
        }
    }

    fn run(hold: Hold, rule: RuleId, score: u32, now: u64) -> Held {
        hold.after(Ratio::percent(score), &config(rule), now)
    }

    #[test]
    fn a_step_is_answered_once_prolonged_while_not_quiet_and_ends() {
        let rule = RuleId::Liquidations;
        let first = run(Hold::default(), rule, 12, 1_000);
        assert_eq!((first.answer, first.is_new), (Some((0, 1_300)), true));
        // Seen again: nothing to say until half a quiet period before its end.
        let again = run(first.hold, rule, 12, 1_239);
        assert_eq!((again.answer, again.hold), (None, first.hold));
        let longer = run(first.hold, rule, 12, 1_240);
        assert_eq!((longer.answer, longer.is_new), (Some((0, 1_360)), false));
        // Between release and threshold is not quiet; below is, and the hold runs out.
        assert_eq!(run(longer.hold, rule, 6, 1_350).answer, Some((0, 1_470)));
        assert_eq!(run(longer.hold, rule, 4, 1_359).hold, longer.hold);
        let over = run(longer.hold, rule, 4, 1_360);
        assert_eq!((over.hold, over.forget), (Hold::default(), true));
        // A higher step is another alarm with all of its time.
        let higher = run(longer.hold, rule, 30, 1_350);
        assert_eq!((higher.answer, higher.is_new, higher.hold.since), (Some((1, 1_650)), true, 1_350));
        // At the end of the extension: no more, and evidence is forgotten.
        let mut hold = first.hold;
        let mut last = 0;
        for now in (1_000..4_000).step_by(6) {
            let held = run(hold, rule, 12, now);
            last = held.answer.map_or(last, |(_, until)| until);
            assert_eq!(held.forget, now >= 2_000, "{now}");
            hold = held.hold;
        }
        assert_eq!(last, 2_000);
    }

    #[test]
    fn quiet_without_an_alarm_forgets_no_evidence() {
        let quiet = run(Hold::default(), RuleId::Liquidations, 4, 1_000);
        assert_eq!((quiet.hold, quiet.answer, quiet.forget), (Hold::default(), None, false));
    }

    #[test]
    fn what_anybody_can_feed_is_not_prolonged() {
        let first = run(Hold::default(), RuleId::Outflow, 12, 1_000);
        assert_eq!(run(first.hold, RuleId::Outflow, 12, 1_290).answer, None);
        assert_eq!(run(first.hold, RuleId::Outflow, 12, 1_600).answer, None);
        assert_eq!(run(first.hold, RuleId::Outflow, 4, 1_600).hold, Hold::default());
    }

    proptest! {
        /// Whatever the scores: no answer reaches further than the extension from now, and with quiet scores the state is quiet.
        #[test]
        fn every_answer_ends(scores in prop::collection::vec((0u32..60, 1u64..400), 1..80)) {
            let mut hold = Hold::default();
            let mut now = 1_000;
            for (score, elapsed) in scores {
                now += elapsed;
                let held = run(hold, RuleId::Liquidations, score, now);
                if let Some((_, until)) = held.answer {
                    prop_assert!(now < until && until <= now + 1_000);
                    prop_assert!(until <= held.hold.since + 1_000);
                    prop_assert!(held.is_new || until > hold.until);
                }
                hold = held.hold;
            }
            prop_assert_eq!(run(hold, RuleId::Liquidations, 0, now + 1_001).hold, Hold::default());
        }

        #[test]
        fn a_higher_score_never_means_a_lower_step(a in 0u32..60, b in 0u32..60, step in 0u8..3, elapsed in 0u64..2_000) {
            let hold = Hold { step, since: 1_000, until: 1_300 };
            let after = |score| run(hold, RuleId::Liquidations, score, 1_000 + elapsed).hold;
            prop_assert!(after(a.min(b)).step <= after(a.max(b)).step);
        }
    }
}
