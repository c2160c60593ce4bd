//! The shipped figures of each rule. `docs/detection.md` says what they reach.

use super::cage::CageParams;
use super::evidence::{TIER_HOUR, TIER_YEAR};
use super::rule::{LadderStep, RuleConfig, RuleId, RuleMode};
use crate::posture::{BasisPoints, Level};
use crate::quantity::Ratio;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const FIVE_MINUTES: u64 = 300;

/// Where a rule answers, mildly and harshly, and below what it is quiet.
struct Figures {
    guarded: Ratio,
    reduce_only: Option<Ratio>,
    release: Ratio,
    quiet_seconds: u64,
    window_seconds: u64,
}

const fn figures(rule: RuleId) -> Figures {
    // In percent of the rule's unit: guarded, reduce-only (0: none), release; then quiet and window in seconds.
    let (guarded, reduce_only, release, quiet_seconds, window_seconds): (u64, u64, u64, u64, u64) = match rule {
        // Limit-up/limit-down as equity markets have it since 2012: 5 % around a five-minute mean. In shares of a maintenance margin of
        // 2.5 % that is 2; half of it already calls for caution.
        RuleId::Band => (100, 200, 0, 0, 300),
        RuleId::Velocity => (100, 150, 0, 0, 60),
        // An hour's evidence, and a year's.
        RuleId::Surprise => (TIER_HOUR * 100, TIER_YEAR * 100, 6_000, 120, 0),
        RuleId::Flow => (TIER_HOUR * 100, 0, 6_000, 0, 0),
        // Half a margin within an hour, so that leverage is cut and margin raised before a position at its limit is worth less than
        // nothing; one and a half is a move that calm months do not have.
        RuleId::HourMove => (50, 150, 0, 0, HOUR),
        RuleId::DayMove => (200, 400, 0, 0, DAY),
        RuleId::Liquidations => (5, 15, 2, 120, HOUR),
        RuleId::PoolDrawdown => (3, 0, 2, 0, DAY),
        RuleId::Outflow => (10, 0, 5, 0, HOUR),
        RuleId::FundDrawdown => (10, 0, 5, 0, DAY),
        RuleId::BadDebt => (1, 3, 1, 120, 0),
        RuleId::Concentration => (50, 0, 40, 0, 0),
        // Severities: 1 and 2.
        RuleId::Observers => (100, 200, 100, 0, 0),
        RuleId::Silence => (50, 0, 50, 0, 0),
    };
    Figures {
        guarded: hundredths(guarded),
        reduce_only: if reduce_only == 0 { None } else { Some(hundredths(reduce_only)) },
        release: hundredths(release),
        quiet_seconds,
        window_seconds,
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "a 64-bit factor times 10^16 fits 128 bits")]
const fn hundredths(hundredths: u64) -> Ratio {
    Ratio::from_atoms((hundredths as u128) * 10_000_000_000_000_000)
}

impl RuleConfig {
    /// The shipped figures of a rule: five minutes of its level, up to an hour; after `ReduceOnly` a quarter and a half of the order size
    /// for five minutes each. `Guarded` admits half of it anyway: a quarter after it would tighten what re-opens.
    pub fn standard(rule: RuleId, mode: RuleMode) -> Self {
        let figures = figures(rule);
        let step = |threshold, level, ramp: &[BasisPoints]| LadderStep {
            threshold,
            level,
            duration_seconds: FIVE_MINUTES,
            ramp: ramp.to_vec(),
            ramp_step_seconds: if ramp.is_empty() { 0 } else { FIVE_MINUTES },
        };
        let mut ladder = vec![step(figures.guarded, Level::Guarded, &[])];
        let reopening = [BasisPoints(2_500), BasisPoints(5_000)];
        ladder.extend(figures.reduce_only.map(|threshold| step(threshold, Level::ReduceOnly, &reopening)));
        Self {
            rule,
            mode,
            window_seconds: figures.window_seconds,
            ladder,
            extension_max_seconds: HOUR,
            release: figures.release,
            quiet_seconds: figures.quiet_seconds,
        }
    }
}

impl CageParams {
    /// The shipped cage of a market: six usual moves over a hundred blocks until a liquidation, at most four times the margin.
    pub const fn standard(initial_margin_ratio: Ratio) -> Self {
        Self {
            initial_margin_ratio,
            moves_covered: Ratio::percent(6_000),
            concentration_free: Ratio::percent(20),
            concentration_slope: Ratio::percent(10),
            factor_max: BasisPoints(40_000),
            factor_step: BasisPoints(1_000),
            leverage_min: 300,
            leverage_max: 2_000,
            leverage_step: 100,
            ttl_seconds: HOUR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_ships_within_its_own_bounds() {
        for rule in RuleId::ALL {
            let config = RuleConfig::standard(rule, RuleMode::Shadow);
            let (least, longest) = rule.window_bounds().unwrap_or((0, 0));
            assert!((least..=longest).contains(&config.window_seconds), "{rule}");
            assert!(config.ladder.len() <= rule.steps_max() && config.release <= config.ladder[0].threshold, "{rule}");
            assert!(config.ladder.iter().all(|step| step.level <= rule.level_max()), "{rule}");
            assert!(config.ladder.windows(2).all(|pair| pair[0].threshold < pair[1].threshold), "{rule}");
        }
    }
}
