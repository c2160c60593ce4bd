//! What a step of a ladder does: its level for a while, then a graded re-opening.

use crate::posture::{BasisPoints, Level, Phase, Posture};

/// One answer of a ladder. Times in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response<'a> {
    pub level: Level,
    pub duration_seconds: u64,
    /// Order-size factors of the `Guarded` phases after it, each for `ramp_step_seconds`.
    pub ramp: &'a [BasisPoints],
    pub ramp_step_seconds: u64,
}

/// The phases of a response that starts at `now` and reaches no further than `end_max`.
///
/// `ReduceOnly` holds until `reduce_only_until` at most (what the market's [`super::TimeBudget`] granted); the rest of
/// its time is `Guarded`. Phases that would be empty are left out.
///
/// Bounds: at most 2 + `ramp.len()` phases. Errors: none; ends past the end of time saturate.
pub fn response_phases(response: &Response<'_>, now: u64, reduce_only_until: u64, end_max: u64) -> Vec<Phase> {
    let guarded = Posture::preset(Level::Guarded);
    let held = now.saturating_add(response.duration_seconds);
    let mut phases: Vec<Phase> = Vec::with_capacity(response.ramp.len().saturating_add(2));
    let mut start = now;
    let mut push = |until: u64, posture: Posture| {
        let until = until.min(end_max);
        if until > start {
            phases.push(Phase { until, posture });
            start = until;
        }
    };
    if response.level >= Level::ReduceOnly {
        push(held.min(reduce_only_until), Posture::preset(response.level));
    }
    push(held, if response.level >= Level::ReduceOnly { guarded } else { Posture::preset(response.level) });
    let mut until = held;
    for factor in response.ramp {
        until = until.saturating_add(response.ramp_step_seconds);
        push(until, guarded.with_order_size_factor(*factor));
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUARTER: BasisPoints = BasisPoints(2_500);
    const HALF: BasisPoints = BasisPoints(5_000);

    #[test]
    fn a_response_holds_its_level_then_reopens_in_steps() {
        let guarded = Posture::preset(Level::Guarded);
        let reduce_only = Posture::preset(Level::ReduceOnly);
        let phase = |until, posture| Phase { until, posture };
        let ramp = [QUARTER, HALF];
        let response = |level| Response { level, duration_seconds: 300, ramp: &ramp, ramp_step_seconds: 60 };
        let quarter = guarded.with_order_size_factor(QUARTER);
        let half = guarded.with_order_size_factor(HALF);
        for (name, level, reduce_only_until, end_max, phases) in [
            (
                "all of it",
                Level::ReduceOnly,
                9_999,
                9_999,
                vec![phase(1_300, reduce_only), phase(1_360, quarter), phase(1_420, half)],
            ),
            (
                "the budget ends first",
                Level::ReduceOnly,
                1_100,
                9_999,
                vec![phase(1_100, reduce_only), phase(1_300, guarded), phase(1_360, quarter), phase(1_420, half)],
            ),
            (
                "no budget at all",
                Level::ReduceOnly,
                1_000,
                9_999,
                vec![phase(1_300, guarded), phase(1_360, quarter), phase(1_420, half)],
            ),
            (
                "a guarded step asks no budget",
                Level::Guarded,
                0,
                9_999,
                vec![phase(1_300, guarded), phase(1_360, quarter), phase(1_420, half)],
            ),
            (
                "the cap cuts the ramp",
                Level::ReduceOnly,
                9_999,
                1_330,
                vec![phase(1_300, reduce_only), phase(1_330, quarter)],
            ),
            ("the cap cuts the level", Level::ReduceOnly, 9_999, 1_200, vec![phase(1_200, reduce_only)]),
            ("nothing is left", Level::ReduceOnly, 9_999, 1_000, vec![]),
        ] {
            assert_eq!(response_phases(&response(level), 1_000, reduce_only_until, end_max), phases, "{name}");
        }
    }
}
