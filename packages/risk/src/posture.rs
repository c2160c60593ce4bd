//! Postures: what a market allows now, dimension by dimension, and the lattice that they form.
//!
//! The effective posture is the **join** of all active restrictions: component-wise the most restrictive. Join is
//! associative, commutative and idempotent, so adding a restriction can only tighten, in whatever order they come.
//!
//! ```text
//! Normal -> Guarded -> ReduceOnly -> Frozen -> Settlement        (each preset is at least as tight as the one before)
//! ```

use crate::error::{RiskError, RiskResult};
use crate::quantity::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest number of phases of one restriction; a merge that needs more coarsens towards the tighter side.
pub const PHASES_MAX: usize = 6;

/// Hundredths of a percent: 10,000 is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct BasisPoints(pub u16);

impl BasisPoints {
    pub const ONE: Self = Self(10_000);
    pub const fn ratio(self) -> Ratio {
        Ratio::from_basis_points(self.0 as u32)
    }
}

/// Named presets, from open to closed. Grows only at the end: the order is part of the packed format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Normal,
    Guarded,
    ReduceOnly,
    Frozen,
    Settlement,
}

impl std::fmt::Display for Level {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Normal => "normal",
            Self::Guarded => "guarded",
            Self::ReduceOnly => "reduce-only",
            Self::Frozen => "frozen",
            Self::Settlement => "settlement",
        })
    }
}

/// Which orders of a kind are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderAccess {
    /// Any price bound.
    All,
    /// Only orders whose price bound stays near the price they fill at (the market's `limit_band_ratio`).
    LimitOnly,
    None,
}

/// How withdrawals by liquidity providers are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LpExit {
    /// A matured request is paid.
    Open,
    /// Requests are taken and keep maturing; claims wait.
    Queue,
}

/// Whether queued orders execute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderExecution {
    Open,
    /// Orders are taken and wait.
    Waits,
}

/// How unhealthy accounts are handled. Only `Frozen` and `Settlement` make liquidation wait (R-12, R-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LiquidationAccess {
    Open,
    Throttled,
    Waits,
}

/// What is allowed now. Maintenance margin is not a dimension: no posture can make anybody liquidatable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posture {
    /// The tightest preset that took part: a name for people; the other fields decide.
    pub level: Level,
    /// Orders that raise the market's |skew|.
    pub skew_raising: OrderAccess,
    /// Orders that raise the account's exposure without raising the market's |skew|.
    pub exposure_raising: OrderAccess,
    pub order_execution: OrderExecution,
    /// Multiplies initial margin. Bounds: at least 10,000.
    pub initial_margin_factor: BasisPoints,
    /// Largest leverage of an account after it raised exposure, in hundredths (2,000 is 20x); 65,535 is no cap.
    pub leverage_max: u16,
    /// Multiplies the market's largest order. Bounds: at most 10,000.
    pub order_size_factor: BasisPoints,
    /// Multiplies the capacity of the outflow buckets. Bounds: at most 10,000.
    pub outflow_factor: BasisPoints,
    pub lp_exit: LpExit,
    pub liquidation: LiquidationAccess,
}

impl Posture {
    /// Everything is allowed: the neutral element of [`Self::join`].
    pub const NORMAL: Self = Self {
        level: Level::Normal,
        skew_raising: OrderAccess::All,
        exposure_raising: OrderAccess::All,
        order_execution: OrderExecution::Open,
        initial_margin_factor: BasisPoints::ONE,
        leverage_max: u16::MAX,
        order_size_factor: BasisPoints::ONE,
        outflow_factor: BasisPoints::ONE,
        lp_exit: LpExit::Open,
        liquidation: LiquidationAccess::Open,
    };

    /// The preset of a level.
    pub const fn preset(level: Level) -> Self {
        match level {
            Level::Normal => Self::NORMAL,
            Level::Guarded => Self {
                level: Level::Guarded,
                skew_raising: OrderAccess::LimitOnly,
                exposure_raising: OrderAccess::All,
                order_execution: OrderExecution::Open,
                initial_margin_factor: BasisPoints(15_000),
                leverage_max: 1_000,
                order_size_factor: BasisPoints(5_000),
                outflow_factor: BasisPoints(5_000),
                lp_exit: LpExit::Open,
                liquidation: LiquidationAccess::Throttled,
            },
            Level::ReduceOnly => Self {
                level: Level::ReduceOnly,
                skew_raising: OrderAccess::None,
                exposure_raising: OrderAccess::None,
                order_execution: OrderExecution::Open,
                initial_margin_factor: BasisPoints(20_000),
                leverage_max: 500,
                order_size_factor: BasisPoints(0),
                outflow_factor: BasisPoints(2_500),
                lp_exit: LpExit::Queue,
                liquidation: LiquidationAccess::Throttled,
            },
            Level::Frozen => Self {
                level: Level::Frozen,
                order_execution: OrderExecution::Waits,
                outflow_factor: BasisPoints(0),
                liquidation: LiquidationAccess::Waits,
                ..Self::preset(Level::ReduceOnly)
            },
            Level::Settlement => Self { level: Level::Settlement, ..Self::preset(Level::Frozen) },
        }
    }

    /// A preset with a smaller largest order: the ramp of a graded re-opening.
    pub const fn with_order_size_factor(self, factor: BasisPoints) -> Self {
        Self { order_size_factor: factor, ..self }
    }

    /// Component-wise the most restrictive of the two.
    pub fn join(self, other: Self) -> Self {
        Self {
            level: self.level.max(other.level),
            skew_raising: self.skew_raising.max(other.skew_raising),
            exposure_raising: self.exposure_raising.max(other.exposure_raising),
            order_execution: self.order_execution.max(other.order_execution),
            initial_margin_factor: self.initial_margin_factor.max(other.initial_margin_factor),
            leverage_max: self.leverage_max.min(other.leverage_max),
            order_size_factor: self.order_size_factor.min(other.order_size_factor),
            outflow_factor: self.outflow_factor.min(other.outflow_factor),
            lp_exit: self.lp_exit.max(other.lp_exit),
            liquidation: self.liquidation.max(other.liquidation),
        }
    }

    /// `self` permits nothing that `other` does not: the order of the lattice.
    pub fn is_at_least_as_tight_as(self, other: Self) -> bool {
        self.join(other) == self
    }

    /// Refuses a factor that would loosen where a restriction may only tighten.
    ///
    /// Errors: [`RiskError::OutOfBounds`].
    pub fn checked(self) -> RiskResult<Self> {
        let at_most_one = |what: &'static str, factor: BasisPoints| {
            if factor > BasisPoints::ONE {
                Err(RiskError::OutOfBounds { what, wanted: "at most 10000".into(), found: factor.0.to_string() })
            } else {
                Ok(())
            }
        };
        at_most_one("order_size_factor", self.order_size_factor)?;
        at_most_one("outflow_factor", self.outflow_factor)?;
        if self.initial_margin_factor < BasisPoints::ONE {
            return Err(RiskError::OutOfBounds {
                what: "initial_margin_factor",
                wanted: "at least 10000".into(),
                found: self.initial_margin_factor.0.to_string(),
            });
        }
        Ok(self)
    }
}

/// One step of a restriction: `posture` holds until `until` (exclusive, seconds of block time).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    pub until: u64,
    pub posture: Posture,
}

/// The posture at `now` of a list of phases in order of their ends; `None` when all have ended.
pub fn phase_at(phases: &[Phase], now: u64) -> Option<&Phase> {
    phases.iter().find(|phase| now < phase.until)
}

/// Merges two phase lists so that at every time from `now` on the result is the join of both: how a repeated trigger
/// extends its own slot. Ended phases are dropped. Needs more than [`PHASES_MAX`] phases: the last ones are joined, which only tightens.
pub fn merge_phases(left: &[Phase], right: &[Phase], now: u64) -> Vec<Phase> {
    // Bounded: both inputs have at most PHASES_MAX phases.
    let mut ends: Vec<u64> = left.iter().chain(right).map(|phase| phase.until).filter(|end| *end > now).collect();
    ends.sort_unstable();
    ends.dedup();
    let mut merged: Vec<Phase> = Vec::with_capacity(ends.len());
    let mut start = now;
    for end in ends {
        let posture = [left, right]
            .into_iter()
            .filter_map(|phases| phase_at(phases, start))
            .fold(Posture::NORMAL, |joined, phase| joined.join(phase.posture));
        match merged.last_mut() {
            Some(last) if last.posture == posture => last.until = end,
            _ => merged.push(Phase { until: end, posture }),
        }
        start = end;
    }
    while merged.len() > PHASES_MAX {
        if let (Some(tail), Some(last)) = (merged.pop(), merged.last_mut()) {
            *last = Phase { until: tail.until, posture: last.posture.join(tail.posture) };
        }
    }
    merged
}

#[cfg(test)]
mod tests;
