//! The rules: one round in, the steps that it trips out. Pure.

use crate::state::{MarketRules, RuleMemory};
use firebreak_messages::circuit_breaker::{GuardConfig, LadderStep, RuleMode};
use firebreak_messages::oracle::Round;
use firebreak_messages::{RuleId, Source};
use firebreak_risk::{move_in_margins, Episode, ExtremeWindow, Extremes, MeanWindow, Price, Ratio, RiskResult};

/// What one rule is configured to do.
#[derive(Clone, Copy)]
pub struct Rule<'a> {
    pub id: RuleId,
    pub source: Source,
    pub mode: RuleMode,
    pub ladder: &'a [LadderStep],
    pub extension_max_seconds: u64,
}

/// A rule reached a step of its ladder.
pub struct Trip<'a> {
    pub rule: Rule<'a>,
    pub step: &'a LadderStep,
    pub moved: Ratio,
    pub round: u64,
    pub observed_at: u64,
}

fn band(guard: &GuardConfig) -> Rule<'_> {
    Rule {
        id: RuleId::Band,
        source: Source::Band,
        mode: guard.band.mode,
        ladder: &guard.band.ladder,
        extension_max_seconds: guard.band.extension_max_seconds,
    }
}

fn velocity(guard: &GuardConfig) -> Rule<'_> {
    Rule {
        id: RuleId::Velocity,
        source: Source::Velocity,
        mode: guard.velocity.mode,
        ladder: &guard.velocity.ladder,
        extension_max_seconds: guard.velocity.extension_max_seconds,
    }
}

/// Feeds a round to both rules. The windows are fed whatever the mode, so that a rule that is switched on knows the
/// last hour; shadow re-anchors as enforce does, so that its counters are what enforce's would have been.
///
/// A rule that trips takes the current price as its new reference (see [`firebreak_risk::Episode`]).
/// At most one trip a rule. Errors: those of the windows and of [`move_in_margins`].
pub fn observe<'a>(
    rules: &mut MarketRules,
    guard: &'a GuardConfig,
    round: &Round,
    now: u64,
) -> RiskResult<Vec<Trip<'a>>> {
    let (at, price, margin) = (round.published_at, round.price, guard.maintenance_margin_ratio);
    let mean = rules.mean.observe(at, price, guard.band.window_seconds)?.unwrap_or(price);
    let extremes = rules.extremes.observe(at, price, guard.velocity.window_seconds)?;
    let mut trips = Vec::with_capacity(2);
    if let Some((step, moved)) = judge(&mut rules.band, band(guard), price, mean, margin, now)? {
        rules.mean = MeanWindow::anchored(at, price);
        trips.push(Trip { rule: band(guard), step, moved, round: round.round, observed_at: at });
    }
    let extreme = farther(extremes, price, margin)?;
    if let Some((step, moved)) = judge(&mut rules.velocity, velocity(guard), price, extreme, margin, now)? {
        rules.extremes = ExtremeWindow::anchored(at, price, guard.velocity.window_seconds)?;
        trips.push(Trip { rule: velocity(guard), step, moved, round: round.round, observed_at: at });
    }
    Ok(trips)
}

/// The extreme from which the price has moved more.
fn farther(extremes: Extremes, price: Price, margin: Ratio) -> RiskResult<Price> {
    let from_low = move_in_margins(price, extremes.low, margin)?;
    let from_high = move_in_margins(price, extremes.high, margin)?;
    Ok(if from_low > from_high { extremes.low } else { extremes.high })
}

fn judge<'a>(
    memory: &mut RuleMemory,
    rule: Rule<'a>,
    price: Price,
    reference: Price,
    margin: Ratio,
    now: u64,
) -> RiskResult<Option<(&'a LadderStep, Ratio)>> {
    if rule.mode == RuleMode::Off {
        return Ok(None);
    }
    // Bounded by LADDER_MAX.
    let thresholds: Vec<Ratio> = rule.ladder.iter().map(|step| step.threshold).collect();
    let verdict = Episode::judge(memory.episode.as_ref(), &thresholds, price, reference, margin, now)?;
    memory.last_move = verdict.moved;
    let Some(reached) = verdict.step else { return Ok(None) };
    let Some(step) = rule.ladder.get(usize::from(reached)) else { return Ok(None) };
    match rule.mode {
        RuleMode::Enforce => memory.trips = memory.trips.saturating_add(1),
        RuleMode::Shadow | RuleMode::Off => memory.shadow_trips = memory.shadow_trips.saturating_add(1),
    }
    memory.last_trip_at = now;
    let until_max = now.saturating_add(rule.extension_max_seconds);
    let until = now.saturating_add(total_seconds(step));
    memory.episode = Some(Episode::after_trip(memory.episode.as_ref(), reference, reached, now, until, until_max));
    Ok(Some((step, verdict.moved)))
}

/// Level and ramp together. Bounds: below 2^17, so nothing saturates.
fn total_seconds(step: &LadderStep) -> u64 {
    step.ramp.iter().fold(step.duration_seconds, |total, _| total.saturating_add(step.ramp_step_seconds))
}
