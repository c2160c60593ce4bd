//! Time passes: how long each level held, and when it changed.
//!
//! A phase may end between two prices without any transaction, so the time in between is cut at the ends of phases.

use super::Replay;
use firebreak_messages::circuit_breaker::{effective_posture, EffectivePosture, PostureRecord};
use firebreak_risk::Level;

impl Replay<'_> {
    /// Moves the chain's clock and counts the seconds of each level that pass within the run.
    pub(super) fn pass_time(&mut self, until: u64) {
        let mut now = self.world.now();
        if until <= now {
            return;
        }
        let (starts_at, ends_at) = (self.plan.series.starts_at(), self.plan.series.ends_at());
        let records = Records::read(self);
        // Bounded: each turn ends a phase, and restrictions have a bounded number of them.
        while now < until {
            let effective = records.at(now);
            let end = if effective.until > now { effective.until.min(until) } else { until };
            self.note_level(now, &effective);
            let counted = end.min(ends_at).saturating_sub(now.max(starts_at));
            self.figures.level_seconds.add(effective.posture.level, counted);
            now = end;
        }
        self.world.advance_to(until);
    }

    /// The level may have changed within the last transaction.
    pub(super) fn look_at_level(&mut self) {
        let now = self.world.now();
        let effective = Records::read(self).at(now);
        self.note_level(now, &effective);
    }

    fn note_level(&mut self, now: u64, effective: &EffectivePosture) {
        let level = effective.posture.level;
        if level == self.level {
            return;
        }
        let reason = effective.reason.map_or_else(String::new, |reason| reason.to_string());
        self.timeline.level_changed(now, self.level, level, reason);
        self.level = level;
    }

    pub(super) fn is_normal(&self) -> bool {
        self.level == Level::Normal
    }
}

/// What the vault reads of a market's posture.
struct Records {
    market: Option<PostureRecord>,
    all: Option<PostureRecord>,
    round: u64,
}

impl Records {
    fn read(replay: &Replay<'_>) -> Self {
        let (world, market) = (&replay.world, replay.market);
        let round = world.price_record(market).and_then(|record| record.latest().map(|round| round.round)).unwrap_or(0);
        Self { market: world.posture_record(market), all: world.posture_of_all(), round }
    }

    fn at(&self, now: u64) -> EffectivePosture {
        effective_posture(self.market.as_ref(), self.all.as_ref(), self.round, now)
    }
}
