//! What one rule remembers, and what it makes of a round.

use super::episode::{move_in_margins, Episode};
use super::evidence::Evidence;
use super::extreme_window::{ExtremeWindow, Extremes};
use super::hold::Hold;
use super::market::MarketEvidence;
use super::mean_window::MeanWindow;
use super::rule::{RuleConfig, RuleId, RuleMode, RuleSet};
use super::solvency::{share_of, MoveWatch, Thresholds};
use super::sum_window::AmountWindow;
use super::totals::Totals;
use super::Reading;
use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding, ONE};
use crate::posture::Level;
use crate::quantity::{Amount, Price, Ratio};
use serde::{Deserialize, Serialize};

/// What a round brings to every rule.
#[derive(Debug, Clone, Copy)]
pub struct RuleInput<'a> {
    /// Block time, seconds: what answers are counted from.
    pub now: u64,
    /// When the price was published, seconds: what windows are counted in.
    pub at: u64,
    pub price: Price,
    /// Width of the oracle's band, as a share of the price.
    pub band: Option<Ratio>,
    /// The vault; `None`: it could not be read, or there is none.
    pub reading: Option<&'a Reading>,
    /// Share of the observers' weight that has not been heard of.
    pub silence: Ratio,
}

/// What a round told one rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    pub score: Ratio,
    /// The step to answer, from 0, until when its level is to hold (`None`: for the step's duration), and whether it is an alarm.
    pub answer: Option<(u8, Option<u64>, bool)>,
    /// Accumulated evidence is to be forgotten.
    pub forget: bool,
}

/// The windows of a rule and what it has answered. Grows only at the end: part of a packed format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Watch {
    Mean {
        window: MeanWindow,
        episode: Option<Episode>,
    },
    Extremes {
        window: ExtremeWindow,
        episode: Option<Episode>,
    },
    Move(MoveWatch),
    /// A sum or a highest figure.
    Amount {
        window: AmountWindow,
        hold: Hold,
    },
    /// What left and what came.
    Net {
        left: AmountWindow,
        came: AmountWindow,
        hold: Hold,
    },
    Score(Hold),
}

impl Watch {
    pub fn new(rule: RuleId) -> Self {
        match rule {
            RuleId::Band => Self::Mean { window: MeanWindow::default(), episode: None },
            RuleId::Velocity => Self::Extremes { window: ExtremeWindow::default(), episode: None },
            RuleId::HourMove | RuleId::DayMove => Self::Move(MoveWatch::default()),
            RuleId::Liquidations | RuleId::PoolDrawdown | RuleId::FundDrawdown => {
                Self::Amount { window: AmountWindow::default(), hold: Hold::default() }
            }
            RuleId::Outflow => {
                Self::Net { left: AmountWindow::default(), came: AmountWindow::default(), hold: Hold::default() }
            }
            RuleId::Surprise
            | RuleId::Flow
            | RuleId::BadDebt
            | RuleId::Concentration
            | RuleId::Observers
            | RuleId::Silence => Self::Score(Hold::default()),
        }
    }

    /// Takes in a round. A rule that is off feeds its windows and says nothing, so that it knows the last hour when it is switched on.
    ///
    /// `before` are the vault's totals at the last reading, `evidence` what the detectors say. Rounding: scores up, towards answering;
    /// evidence down. Errors: those of the windows and of [`move_in_margins`]; [`RiskError::OutOfBounds`] when a rule lacks what it needs.
    pub fn observe(
        &mut self,
        config: &RuleConfig,
        input: &RuleInput<'_>,
        before: Option<&Totals>,
        evidence: Option<&MarketEvidence>,
        set: &RuleSet<'_>,
    ) -> RiskResult<Heard> {
        let margin = set.maintenance_margin_ratio;
        let (at, now, price, seconds) = (input.at, input.now, input.price, config.window_seconds);
        let is_off = config.mode == RuleMode::Off;
        match self {
            Self::Mean { window, episode } => {
                let mean = window.observe(at, price, seconds)?.unwrap_or(price);
                if is_off {
                    return Ok(Heard::default());
                }
                let heard = judge(episode, config, price, mean, margin, now)?;
                if heard.answer.is_some() {
                    *window = MeanWindow::anchored(at, price);
                }
                Ok(heard)
            }
            Self::Extremes { window, episode } => {
                let extremes = window.observe(at, price, seconds)?;
                if is_off {
                    return Ok(Heard::default());
                }
                let heard = judge(episode, config, price, farther(extremes, price, margin)?, margin, now)?;
                if heard.answer.is_some() {
                    *window = ExtremeWindow::anchored(at, price, seconds)?;
                }
                Ok(heard)
            }
            Self::Move(watch) => {
                let threshold =
                    |step: usize| config.ladder.get(step).map_or(Ratio::from_atoms(u128::MAX), |step| step.threshold);
                let thresholds = Thresholds { guarded: threshold(0), reduce_only: threshold(1) };
                let (level, score) = watch.observe(at, price, seconds, &thresholds, margin)?;
                // The watch names its steps by the levels that they usually have.
                let step = match level {
                    Level::Normal => None,
                    Level::Guarded => Some(0),
                    Level::ReduceOnly | Level::Frozen | Level::Settlement => Some(1),
                };
                Ok(Heard { score, answer: step.filter(|_| !is_off).map(|step| (step, None, true)), forget: false })
            }
            Self::Amount { window, hold } => {
                let reading = needed(input.reading, config.rule)?;
                let score = match config.rule {
                    RuleId::Liquidations => {
                        let liquidated = reading.totals.liquidated_notional;
                        let before = before.map_or(liquidated, |before| before.liquidated_notional);
                        let sum = window.add(at, liquidated.saturating_minus(before).atoms(), seconds)?;
                        let sum = Amount::from_atoms(sum);
                        // Of what was open before: what is left of a thin market must not make dust a cascade.
                        let score = share_of(sum, reading.open_interest.plus(sum)?);
                        let proven = if sum >= set.turnover_full { score } else { Ratio::ZERO };
                        proven_to_close(config, score, proven)
                    }
                    RuleId::FundDrawdown => drawdown(window, at, reading.fund, seconds)?,
                    _ => drawdown(window, at, reading.pool_share_value()?, seconds)?,
                };
                Ok(held(hold, score, config, now))
            }
            Self::Net { left, came, hold } => {
                let owed = needed(input.reading, config.rule)?.totals.owed;
                let before = before.map_or(owed, |before| before.owed);
                let went = left.add(at, before.saturating_minus(owed).atoms(), seconds)?;
                let brought = came.add(at, owed.saturating_minus(before).atoms(), seconds)?;
                let net = Amount::from_atoms(went.saturating_sub(brought));
                // Of what was there: a vault that is nearly empty now must not make every coin a run.
                Ok(held(hold, share_of(net, owed.plus(net)?), config, now))
            }
            Self::Score(hold) => {
                let score = match config.rule {
                    RuleId::Flow => evidence_score(needed(evidence, config.rule)?.all)?,
                    RuleId::BadDebt => {
                        let reading = needed(input.reading, config.rule)?;
                        let owed = reading.totals.owed;
                        // What is uncovered counts accounts below zero cash whose positions may well pay: only missing coins close.
                        let proven = share_of(reading.shortfall, owed);
                        proven_to_close(config, share_of(reading.uncovered, owed), proven)
                    }
                    RuleId::Concentration => needed(input.reading, config.rule)?.concentration(price)?,
                    RuleId::Silence => input.silence,
                    // Attestations are answered by their own message; a round only lets the last answer end.
                    RuleId::Observers => Ratio::ZERO,
                    _ => evidence_score(needed(evidence, config.rule)?.hard)?,
                };
                Ok(held(hold, score, config, now))
            }
        }
    }

    /// What was answered, for what is answered outside of rounds.
    pub fn hold_mut(&mut self) -> Option<&mut Hold> {
        match self {
            Self::Amount { hold, .. } | Self::Net { hold, .. } | Self::Score(hold) => Some(hold),
            Self::Mean { .. } | Self::Extremes { .. } | Self::Move(_) => None,
        }
    }
}

fn needed<T>(found: Option<&T>, rule: RuleId) -> RiskResult<&T> {
    found.ok_or_else(|| RiskError::OutOfBounds {
        what: "figures of a rule",
        wanted: format!("what {rule} reads"),
        found: "nothing".into(),
    })
}

fn held(hold: &mut Hold, score: Ratio, config: &RuleConfig, now: u64) -> Heard {
    if config.mode == RuleMode::Off {
        return Heard { score, ..Heard::default() };
    }
    let held = hold.after(score, config, now);
    *hold = held.hold;
    let answer = held.answer.map(|(step, until)| (step, Some(until), held.is_new));
    Heard { score, answer, forget: held.forget }
}

/// A score that reaches a step beyond `Guarded` only as far as `proven` does: what somebody can feed stays below that step.
#[inline(never)]
fn proven_to_close(config: &RuleConfig, score: Ratio, proven: Ratio) -> Ratio {
    let closing = config.ladder.iter().find(|step| step.level > Level::Guarded);
    let below = closing
        .map_or(Ratio::from_atoms(u128::MAX), |step| Ratio::from_atoms(step.threshold.atoms().saturating_sub(1)));
    score.min(below).max(proven)
}

/// Evidence as a score: whole observations. Rounding: down.
pub fn evidence_score(evidence: Evidence) -> RiskResult<Ratio> {
    let one = u128::from(super::evidence::EVIDENCE_ONE);
    mul_div(u128::from(evidence.0), ONE, one, Rounding::Floor, "a score").map(Ratio::from_atoms)
}

/// Fall from the window's highest figure. Rounding: up.
fn drawdown(window: &mut AmountWindow, at: u64, value: Amount, seconds: u64) -> RiskResult<Ratio> {
    let highest = Amount::from_atoms(window.highest(at, value.atoms(), seconds)?);
    Ok(share_of(highest.saturating_minus(value), highest))
}

/// The extreme from which the price has moved more.
fn farther(extremes: Extremes, price: Price, margin: Ratio) -> RiskResult<Price> {
    let from_low = move_in_margins(price, extremes.low, margin)?;
    let from_high = move_in_margins(price, extremes.high, margin)?;
    Ok(if from_low > from_high { extremes.low } else { extremes.high })
}

/// A move from a reference that follows the price after each answer (see [`Episode`]).
fn judge(
    episode: &mut Option<Episode>,
    config: &RuleConfig,
    price: Price,
    reference: Price,
    margin: Ratio,
    now: u64,
) -> RiskResult<Heard> {
    // Bounded by LADDER_MAX.
    let thresholds: Vec<Ratio> = config.ladder.iter().map(|step| step.threshold).collect();
    let verdict = Episode::judge(episode.as_ref(), &thresholds, price, reference, margin, now)?;
    let Some(reached) = verdict.step else { return Ok(Heard { score: verdict.moved, ..Heard::default() }) };
    let Some(step) = config.ladder.get(usize::from(reached)) else { return Ok(Heard::default()) };
    // Level and ramp together. Bounds: below 2^17, so nothing saturates.
    let total = step.ramp.iter().fold(step.duration_seconds, |total, _| total.saturating_add(step.ramp_step_seconds));
    let until_max = now.saturating_add(config.extension_max_seconds);
    let until = now.saturating_add(total);
    *episode = Some(Episode::after_trip(episode.as_ref(), reference, reached, now, until, until_max));
    Ok(Heard { score: verdict.moved, answer: Some((reached, None, true)), forget: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_farther_extreme_is_the_one_that_the_price_has_moved_more_from() {
        let price = |units: u64| units.to_string().parse::<Price>().unwrap();
        let extremes = Extremes { low: price(90), high: price(110) };
        for (at, wanted) in [(108, 90), (92, 110)] {
            assert_eq!(farther(extremes, price(at), Ratio::from_basis_points(250)).unwrap(), price(wanted), "at {at}");
        }
    }

    #[test]
    fn what_is_answered_outside_of_rounds_has_a_hold_and_a_price_rule_has_none() {
        for rule in RuleId::ALL {
            let price_rules = [RuleId::Band, RuleId::Velocity, RuleId::HourMove, RuleId::DayMove];
            assert_eq!(Watch::new(rule).hold_mut().is_some(), !price_rules.contains(&rule), "{rule}");
        }
    }

    #[test]
    fn a_round_is_no_attestation() {
        let config = RuleConfig::standard(RuleId::Observers, RuleMode::Enforce);
        let set = RuleSet {
            maintenance_margin_ratio: Ratio::from_basis_points(250),
            block_seconds: 6,
            turnover_full: Amount::ZERO,
            rules: std::slice::from_ref(&config),
            cage: None,
        };
        let price = "100".parse().unwrap();
        let input = RuleInput { now: 1_000, at: 1_000, price, band: None, reading: None, silence: Ratio::ONE };
        // No evidence is asked for either.
        let heard = Watch::new(RuleId::Observers).observe(&config, &input, None, None, &set).unwrap();
        assert_eq!(heard, Heard::default());
    }
}
