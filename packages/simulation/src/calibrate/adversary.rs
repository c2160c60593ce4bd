//! An attacker who knows every figure: the largest move within an hour before the venue acts.

use super::source;
use firebreak_messages::circuit_breaker::GuardConfig;
use firebreak_risk::detect::{Answer, RuleBook, RuleInput};
use firebreak_risk::{Level, Price, Ratio, ONE};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use rayon::prelude::*;

const BLOCK_SECONDS: u64 = 6;
const HOUR_SECONDS: u64 = 3_600;
/// Volatility of one block of the market under attack.
const SIGMA: f64 = 0.000_25;
const WARM_UP: u64 = 3_000;
/// Every attack moves the price by three maintenance margins in the end.
const GOAL: f64 = 3.0;

/// How the price is moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attack {
    /// Each block's move is larger than the last by this share, from one sigma on.
    Ramp(f64),
    /// Wide moves to and fro for two hours, so that the scale grows; then all in one direction, as wide.
    TrainThenBurst,
    /// A step just under the first threshold, a wait, the next.
    Staircase,
    /// Trips the first step on purpose and goes on from the reference that was set anew.
    ReferenceWalk,
    /// As much in each block as the market moves anyway, always in one direction.
    Grind,
}

impl Attack {
    pub const ALL: [Self; 8] = [
        Self::Ramp(0.02),
        Self::Ramp(0.05),
        Self::Ramp(0.1),
        Self::Ramp(0.2),
        Self::TrainThenBurst,
        Self::Staircase,
        Self::ReferenceWalk,
        Self::Grind,
    ];

    pub fn name(self) -> String {
        match self {
            Self::Ramp(growth) => format!("ramp {:.0} % a block", growth * 100.0),
            Self::TrainThenBurst => "train, then burst".into(),
            Self::Staircase => "staircase under the band".into(),
            Self::ReferenceWalk => "reference walking".into(),
            Self::Grind => "grind of one sigma a block".into(),
        }
    }

    /// The attacker's move in its `block`-th block, as a share of the price; `None` ends the attack.
    fn push(self, block: u64, moved: f64, margin: f64) -> Option<f64> {
        if moved >= GOAL * margin {
            return None;
        }
        Some(match self {
            Self::Ramp(growth) => SIGMA * (1.0 + growth).powi(i32::try_from(block).unwrap_or(i32::MAX)),
            Self::TrainThenBurst if block < 1_200 => 5.0 * SIGMA * if block.is_multiple_of(2) { 1.0 } else { -1.0 },
            Self::TrainThenBurst => 5.0 * SIGMA,
            // 0.49 of a margin every half hour.
            Self::Staircase if block.is_multiple_of(300) => 0.49 * margin,
            // Half a margin at once, then 0.44 of one every quarter of an hour.
            Self::ReferenceWalk if block == 0 => 0.51 * margin,
            Self::ReferenceWalk if block.is_multiple_of(150) => 0.44 * margin,
            Self::Staircase | Self::ReferenceWalk => 0.0,
            Self::Grind => SIGMA,
        })
    }
}

/// Largest moves, in shares of maintenance margin, over all paths: the worst for the venue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttackOutcome {
    pub attack: Attack,
    /// Largest move within any hour in which the market was still `Normal`, the price that tripped excluded.
    pub before_guarded: f64,
    /// Largest move within any hour in which it was not yet reduce-only.
    pub before_reduce_only: f64,
    /// With which observation the venue first acted: move at that moment, worst.
    pub at_first_action: f64,
}

/// Runs every attack on `paths` paths, upwards and downwards in turn, against the rules that a market is configured with.
pub fn attacks(guard: &GuardConfig, seed: u64, paths: u32) -> Vec<AttackOutcome> {
    Attack::ALL
        .par_iter()
        .map(|attack| {
            let mut worst =
                AttackOutcome { attack: *attack, before_guarded: 0.0, before_reduce_only: 0.0, at_first_action: 0.0 };
            for path in 0..paths {
                let outcome = one(*attack, guard, seed, path);
                worst.before_guarded = worst.before_guarded.max(outcome.before_guarded);
                worst.before_reduce_only = worst.before_reduce_only.max(outcome.before_reduce_only);
                worst.at_first_action = worst.at_first_action.max(outcome.at_first_action);
            }
            worst
        })
        .collect()
}

fn one(attack: Attack, guard: &GuardConfig, seed: u64, path: u32) -> AttackOutcome {
    let mut rng: ChaCha8Rng = source(seed, (2 << 60) + u64::from(path));
    let margin = guard.maintenance_margin_ratio.atoms() as f64 / ONE as f64;
    let direction = if path.is_multiple_of(2) { 1.0 } else { -1.0 };
    let set = guard.rule_set();
    let mut book = RuleBook::default().reconfigured(&guard.rules, 0);
    let mut price = 30_000.0;
    let mut at = 1_700_000_000u64;
    let mut outcome = AttackOutcome { attack, before_guarded: 0.0, before_reduce_only: 0.0, at_first_action: 0.0 };
    let mut observe = |at: u64, price: f64| {
        let price = Price::from_atoms((price * 1e6) as u128 * (ONE / 1_000_000));
        let input = RuleInput { now: at, at, price, band: None, reading: None, silence: Ratio::ZERO };
        let round = book.fed_round + 1;
        let answers = book.observe(&set, &input, round).answers;
        // A rule that cannot be computed lets the lease run out: the vault acts as in `ReduceOnly`.
        let level = if book.is_failing(&set) { Level::ReduceOnly } else { Level::Normal };
        let step = |answer: &Answer<'_>| answer.rule.ladder.get(usize::from(answer.step)).map(|step| step.level);
        answers.iter().filter_map(step).fold(level, Level::max)
    };
    let quiet = |rng: &mut ChaCha8Rng| rng.sample::<f64, _>(StandardNormal) * SIGMA;
    for _ in 0..WARM_UP {
        price *= 1.0 + quiet(&mut rng);
        at += BLOCK_SECONDS;
        observe(at, price);
    }
    // Prices of the last hour, the attack's own: what came before is not its doing.
    let mut hour = std::collections::VecDeque::from([(at, price)]);
    let start = price;
    let mut acted = false;
    // Bounded: a day.
    for block in 0..14_400u64 {
        let Some(push) = attack.push(block, direction * (price / start - 1.0), margin) else { break };
        price *= 1.0 + direction * push + quiet(&mut rng);
        at += BLOCK_SECONDS;
        let level = observe(at, price);
        hour.push_back((at, price));
        while hour.front().is_some_and(|(time, _)| time + HOUR_SECONDS < at) {
            hour.pop_front();
        }
        let moved = hour.iter().map(|(_, old)| (price / old - 1.0).abs()).fold(0.0, f64::max) / margin;
        if level == Level::Normal && !acted {
            outcome.before_guarded = outcome.before_guarded.max(moved);
        } else if !acted {
            acted = true;
            outcome.at_first_action = moved;
        }
        if level >= Level::ReduceOnly {
            break;
        }
        outcome.before_reduce_only = outcome.before_reduce_only.max(moved);
    }
    outcome
}
