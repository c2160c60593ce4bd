//! What a rule of the breaker is: which figure it watches, from where on it answers, and how.
//!
//! Every rule gives a *score* for each price, and every ladder is a list of thresholds of that score. The unit is the rule's own:
//!
//! | rules | score |
//! |---|---|
//! | band, velocity, hour and day move | move of the price, in shares of maintenance margin |
//! | surprise, flow | evidence: how many healthy observations it takes on average to see as much, at least |
//! | liquidations, drawdowns, outflow, bad debt, concentration | share of what it is taken from |
//! | observers | severity, as the (f+1)-th largest attestation names it |
//! | silence | share of the observers' weight that has not been heard of |

use crate::posture::{BasisPoints, Level};
use crate::quantity::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cage::CageParams;

/// Rules of one market: one of each.
pub const RULES_MAX: usize = 16;
/// Steps of one rule's ladder.
pub const LADDER_MAX: usize = 4;

/// Writes a field-less enum as kebab-case text and reads it back.
#[macro_export]
macro_rules! enum_text {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self { $(Self::$variant => $text),+ })
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err(format!(concat!("{:?} is not a ", stringify!($name)), text)),
                }
            }
        }
    };
}

/// The rules of the breaker. Grows only at the end: the order is part of packed formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleId {
    /// Limit-up/limit-down: the move away from the time-weighted mean of a window.
    Band,
    /// The move against the low and high of a short window.
    Velocity,
    /// Fused evidence of the price and of the oracle's band: nothing that traders can feed.
    Surprise,
    /// Fused evidence of all channels, order flow included. `Guarded` at most.
    Flow,
    /// The move against the low and high of an hour, and of a day, without a re-anchored extreme.
    HourMove,
    DayMove,
    /// Liquidated notional of a window, as a share of the open interest before it. Beyond `Guarded` from the market's usual turnover on:
    /// dust in a thin market closes nothing.
    Liquidations,
    /// Fall of the realised value of a pool share from the window's highest. `Guarded` at most: closing one leg of a hedge moves it.
    PoolDrawdown,
    /// What left the vault within a window above what came, as a share of what it owed. `Guarded` at most: whoever has capital can feed it,
    /// and exits are limited, never stopped.
    Outflow,
    /// Fall of the insurance fund, as the vault last saw it, from the window's highest. `Guarded` at most: a staker's own
    /// withdrawal moves it.
    FundDrawdown,
    /// Losses that nobody has paid yet and coins that are missing, as a share of what the vault owes. Beyond `Guarded` by missing coins
    /// alone: unpaid losses include negative cash of solvent accounts.
    BadDebt,
    /// What the pool is exposed to in one direction, as a share of its cash: an index of a market's totals and not of accounts, so
    /// that many wallets count as one. `Guarded` at most.
    Concentration,
    /// What a quorum of observers attests.
    Observers,
    /// Share of the observers' weight without a heartbeat. `Guarded` at most.
    Silence,
}
crate::enum_text!(RuleId {
    Band = "band",
    Velocity = "velocity",
    Surprise = "surprise",
    Flow = "flow",
    HourMove = "hour-move",
    DayMove = "day-move",
    Liquidations = "liquidations",
    PoolDrawdown = "pool-drawdown",
    Outflow = "outflow",
    FundDrawdown = "fund-drawdown",
    BadDebt = "bad-debt",
    Concentration = "concentration",
    Observers = "observers",
    Silence = "silence",
});

impl RuleId {
    pub const ALL: [Self; 14] = [
        Self::Band,
        Self::Velocity,
        Self::Surprise,
        Self::Flow,
        Self::HourMove,
        Self::DayMove,
        Self::Liquidations,
        Self::PoolDrawdown,
        Self::Outflow,
        Self::FundDrawdown,
        Self::BadDebt,
        Self::Concentration,
        Self::Observers,
        Self::Silence,
    ];

    /// The highest level of its ladder. What traders can feed by trading, or anybody by moving their own money, must not close a market.
    pub const fn level_max(self) -> Level {
        match self {
            Self::Flow
            | Self::PoolDrawdown
            | Self::Outflow
            | Self::FundDrawdown
            | Self::Concentration
            | Self::Silence => Level::Guarded,
            Self::Band
            | Self::Velocity
            | Self::Surprise
            | Self::HourMove
            | Self::DayMove
            | Self::Liquidations
            | Self::BadDebt
            | Self::Observers => Level::ReduceOnly,
        }
    }

    /// Whether an answer may be prolonged while its score stays high, and repeated while it is in force. What anybody can feed alone is
    /// answered once (architecture section 5).
    pub const fn lengthens(self) -> bool {
        !matches!(self.level_max(), Level::Guarded)
    }

    /// Whether it judges the price alone. The others draw a part of the budget of `ReduceOnly`, so that what they are fed leaves these the rest.
    pub const fn is_of_price(self) -> bool {
        matches!(self, Self::Band | Self::Velocity | Self::Surprise | Self::HourMove | Self::DayMove)
    }

    /// Whether it adds up how the vault's totals have grown.
    pub const fn sums_totals(self) -> bool {
        matches!(self, Self::Liquidations | Self::Outflow)
    }

    /// Whether it needs the vault's figures.
    pub const fn reads_vault(self) -> bool {
        match self {
            Self::Flow
            | Self::Liquidations
            | Self::PoolDrawdown
            | Self::Outflow
            | Self::FundDrawdown
            | Self::BadDebt
            | Self::Concentration => true,
            Self::Band
            | Self::Velocity
            | Self::Surprise
            | Self::HourMove
            | Self::DayMove
            | Self::Observers
            | Self::Silence => false,
        }
    }

    /// Bounds of its window, seconds; `None`: it has none, and is configured with 0.
    pub const fn window_bounds(self) -> Option<(u64, u64)> {
        match self {
            Self::Band => Some((60, 3_600)),
            Self::Velocity => Some((10, 600)),
            Self::HourMove => Some((600, 7_200)),
            Self::DayMove => Some((7_200, 172_800)),
            Self::Liquidations | Self::PoolDrawdown | Self::Outflow | Self::FundDrawdown => Some((600, 172_800)),
            Self::Surprise | Self::Flow | Self::BadDebt | Self::Concentration | Self::Observers | Self::Silence => None,
        }
    }

    /// Most steps of its ladder.
    pub const fn steps_max(self) -> usize {
        match self {
            // Severities are 1 and 2.
            Self::HourMove | Self::DayMove | Self::Observers => 2,
            _ => LADDER_MAX,
        }
    }
}

/// What a rule does with what it sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleMode {
    /// Restricts.
    Enforce,
    /// Records what it would have done.
    Shadow,
    Off,
}
crate::enum_text!(RuleMode { Enforce = "enforce", Shadow = "shadow", Off = "off" });

/// One step of a ladder: what happens when the score reaches `threshold`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LadderStep {
    /// In the unit of the rule's score. Bounds: above 0, growing from step to step.
    pub threshold: Ratio,
    /// Bounds: `Guarded` or `ReduceOnly`, at most [`RuleId::level_max`]; a reflex reaches no further.
    pub level: Level,
    /// How long the level holds. Bounds: 1 to 21,600.
    pub duration_seconds: u64,
    /// The re-opening ramp after it: `Guarded` with each of these shares of the order size, each for `ramp_step_seconds`.
    /// Bounds: at most 3, growing.
    pub ramp: Vec<BasisPoints>,
    pub ramp_step_seconds: u64,
}

/// One rule of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    pub rule: RuleId,
    pub mode: RuleMode,
    /// Length of the window that its score is taken over. Bounds: [`RuleId::window_bounds`]; 0 without a window.
    pub window_seconds: u64,
    /// Bounds: 1 step to [`RuleId::steps_max`].
    pub ladder: Vec<LadderStep>,
    /// Longest time from now that repeated triggers may reach, and that one answer may be prolonged. Bounds: 60 to 21,600.
    pub extension_max_seconds: u64,
    /// Hysteresis: a score below this is quiet. Bounds: at most the first threshold.
    pub release: Ratio,
    /// While scores are not quiet, the level holds for so long from each, up to the extension; 0: it ends with its duration. Bounds: at
    /// most 3,600.
    pub quiet_seconds: u64,
}

/// The level function of a market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CageConfig {
    pub mode: RuleMode,
    pub params: CageParams,
}

/// Everything that the rules of one market are configured with.
#[derive(Debug, Clone, Copy)]
pub struct RuleSet<'a> {
    pub maintenance_margin_ratio: Ratio,
    pub block_seconds: u64,
    pub turnover_full: Amount,
    pub rules: &'a [RuleConfig],
    pub cage: Option<&'a CageConfig>,
}
