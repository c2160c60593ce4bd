//! How a price source stands: quarantined when it strays or is silent, back when it has earned it.
//!
//! ```text
//!            stray_reports strays (a good report takes one back), or
//!            silent_rounds rounds without it, while the rest is still a quorum
//!   counted ------------------------------------------------------------> quarantined
//!           <------------------------------------------------------------ (reports in shadow)
//!                     return_reports good reports in a row
//! ```
//!
//! The quorum never shrinks with the sources: whoever is needed for it is not quarantined. A wrong source that is needed widens
//! the band until the price is doubtful; a silent one stops the feed. Both fail safe.

use serde::{Deserialize, Serialize};

/// What is remembered of one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The last round near whose time the source reported.
    pub seen_round: u64,
    /// Strays, less the good reports since.
    pub strikes: u8,
    /// Good reports in a row since the quarantine began.
    pub good_reports: u16,
    pub quarantined: bool,
}

/// When sources are quarantined. Zero turns a rule off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandingRules {
    pub stray_reports: u8,
    pub silent_rounds: u16,
    pub return_reports: u16,
}

/// Why a source is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misconduct {
    Strayed,
    Silent,
}

impl Standing {
    /// A source that is new in `round`.
    pub const fn new(round: u64) -> Self {
        Self { seen_round: round, strikes: 0, good_reports: 0, quarantined: false }
    }

    /// A report near the time of `round`; only the first one of a round counts. Returns whether it ended the quarantine.
    pub fn heard(&mut self, round: u64, strays: bool, rules: StandingRules) -> bool {
        if round <= self.seen_round {
            return false;
        }
        self.seen_round = round;
        self.strikes = if strays { self.strikes.saturating_add(1) } else { self.strikes.saturating_sub(1) };
        if !self.quarantined {
            return false;
        }
        self.good_reports = if strays { 0 } else { self.good_reports.saturating_add(1) };
        if self.good_reports < rules.return_reports {
            return false;
        }
        *self = Self::new(round);
        true
    }

    /// It is there, and there is nothing to judge: from here on its silence counts anew. A report of `round` is still heard.
    pub fn present(&mut self, round: u64) {
        self.seen_round = self.seen_round.max(round.saturating_sub(1));
    }

    /// Another round with the next number takes the place of the last one: no source is heard twice, nor silent for longer, by that.
    pub fn renumbered(&mut self) {
        self.seen_round = self.seen_round.saturating_add(1);
    }

    /// Why this source should not be counted any more, if so.
    pub fn misconduct(&self, round: u64, rules: StandingRules) -> Option<Misconduct> {
        if self.quarantined {
            return None;
        }
        let silent = round.saturating_sub(self.seen_round);
        if rules.stray_reports > 0 && self.strikes >= rules.stray_reports {
            Some(Misconduct::Strayed)
        } else if rules.silent_rounds > 0 && silent >= u64::from(rules.silent_rounds) {
            Some(Misconduct::Silent)
        } else {
            None
        }
    }

    /// From now on it is not counted. Its strikes start over: they decide again only after its return.
    pub fn quarantine(&mut self) {
        self.quarantined = true;
        self.strikes = 0;
        self.good_reports = 0;
    }
}

/// Quarantines whoever misbehaved, in the order of `standings`, as long as the others weigh a quorum without it. Returns the
/// places of those and why.
///
/// Bounded by the number of standings. Weights beyond 64 bits saturate: then nobody is spared who should be.
pub fn quarantine_misconduct(
    standings: &mut [Standing],
    weights: &[u32],
    quorum: u32,
    round: u64,
    rules: StandingRules,
) -> Vec<(usize, Misconduct)> {
    let mut live = standings
        .iter()
        .zip(weights)
        .filter(|(standing, _)| !standing.quarantined)
        .fold(0u64, |sum, (_, weight)| sum.saturating_add(u64::from(*weight)));
    let mut found = Vec::new();
    for (place, (standing, weight)) in standings.iter_mut().zip(weights).enumerate() {
        let left = live.saturating_sub(u64::from(*weight));
        match standing.misconduct(round, rules) {
            Some(why) if left >= u64::from(quorum) => {
                standing.quarantine();
                live = left;
                found.push((place, why));
            }
            Some(_) | None => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: StandingRules = StandingRules { stray_reports: 3, silent_rounds: 10, return_reports: 4 };

    fn after(reports: &[(u64, bool)]) -> Standing {
        let mut standing = Standing::new(0);
        for (round, strays) in reports {
            standing.heard(*round, *strays, RULES);
        }
        standing
    }

    #[test]
    fn strays_add_up_and_good_reports_take_them_back() {
        for (name, reports, round, why) in [
            ("two strays", vec![(1, true), (2, true)], 2, None),
            ("three strays", vec![(1, true), (2, true), (3, true)], 3, Some(Misconduct::Strayed)),
            ("two forward, one back", vec![(1, true), (2, true), (3, false), (4, true)], 4, None),
            ("one round counts once", vec![(1, true), (1, true), (1, true)], 1, None),
            ("nine rounds of silence", vec![(1, false)], 10, None),
            ("ten rounds of silence", vec![(1, false)], 11, Some(Misconduct::Silent)),
        ] {
            assert_eq!(after(&reports).misconduct(round, RULES), why, "{name}");
        }
        let off = StandingRules::default();
        let worst = Standing { strikes: u8::MAX, ..Standing::new(0) };
        assert_eq!(worst.misconduct(u64::MAX, off), None);
    }

    #[test]
    fn the_return_is_earned_in_a_row() {
        let mut standing = Standing::new(0);
        standing.quarantine();
        let heard: Vec<bool> =
            [(1, false), (2, false), (3, true), (4, false), (5, false), (6, false), (6, false), (7, false)]
                .map(|(round, strays)| standing.heard(round, strays, RULES))
                .to_vec();
        assert_eq!(heard, [false, false, false, false, false, false, false, true]);
        assert_eq!(standing, Standing::new(7));
    }

    #[test]
    fn presence_ends_a_silence_and_judges_nothing() {
        let mut standing = Standing { strikes: 2, ..Standing::new(1) };
        standing.present(20);
        assert_eq!(standing, Standing { strikes: 2, ..Standing::new(19) });
        standing.present(5);
        assert_eq!(standing.seen_round, 19);
        assert!(!standing.heard(20, true, RULES));
        assert_eq!((standing.strikes, standing.seen_round), (3, 20), "its report of that round is heard");
        standing.renumbered();
        assert!(!standing.heard(21, true, RULES));
        assert_eq!((standing.strikes, standing.seen_round), (3, 21), "and that one alone");
    }

    #[test]
    fn whoever_the_quorum_needs_stays() {
        let strayed = Standing { strikes: 3, ..Standing::new(5) };
        for (name, weights, quorum, quarantined) in [
            ("four of one, three needed: one may go", [1, 1, 1, 1], 3, vec![0]),
            ("all needed", [1, 1, 1, 1], 4, vec![]),
            ("the heavy one is needed, the light one is not", [5, 1, 1, 1], 6, vec![1, 2]),
        ] {
            let mut standings = [strayed; 4];
            let found = quarantine_misconduct(&mut standings, &weights, quorum, 5, RULES);
            assert_eq!(found.into_iter().map(|(place, _)| place).collect::<Vec<_>>(), quarantined, "{name}");
        }
    }

    proptest! {
        #[test]
        fn what_is_counted_weighs_a_quorum_whatever_the_sources_do(
            weights in prop::collection::vec(1u32..10, 1..=15),
            steps in prop::collection::vec((0usize..15, any::<bool>()), 0..200),
        ) {
            let total: u32 = weights.iter().sum();
            let quorum = total * 2 / 3 + 1;
            let mut standings = vec![Standing::new(0); weights.len()];
            for (round, (source, strays)) in (1u64..).zip(steps) {
                standings[source % weights.len()].heard(round, strays, RULES);
                quarantine_misconduct(&mut standings, &weights, quorum, round, RULES);
                let live: u32 =
                    standings.iter().zip(&weights).filter(|(one, _)| !one.quarantined).map(|(_, weight)| weight).sum();
                prop_assert!(live >= quorum);
            }
        }
    }
}
