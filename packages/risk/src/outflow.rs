//! F14: how fast money may leave. Leaky buckets that refill to a share of what the vault holds, split between traders and
//! liquidity providers so that neither can crowd the other out; what they do not allow is parked and served pro rata.
//!
//! Everything of the limiter is one record of bounded size ([`Outflow`]); what belongs to one owner is another
//! ([`OwnerFlow`]); a parked exit is a claim on a queue ([`Parked`]) that no other exit's service touches. The vault stores them
//! and asks; nothing here loops over owners or exits.

mod bucket;
mod floor;
mod limiter;
mod owner;
mod queue;

pub use bucket::Bucket;
pub use floor::{HourMinimum, ValueFloor};
pub use limiter::{Exit, FreshDeposits, Moment, Outflow};
pub use owner::{OwnerFlow, OWNER_AGE_MIN_SECONDS};
pub use queue::{Parked, ParkedQueue};

use crate::error::RiskResult;
use crate::number::Rounding;
use crate::posture::BasisPoints;
use crate::quantity::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const HOUR: u64 = 3_600;
pub(crate) const DAY: u64 = 86_400;
/// Parked exits are served at most once in each slot of this length, all of them by the same fraction.
pub const OUTFLOW_SLOT_SECONDS: u64 = 600;

/// How much may leave in an hour and in a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutflowParams {
    /// Least capacity of the hour, whatever the vault holds. Bounds: above 0; the day's is at most 24 times the hour's.
    pub hour_min: Amount,
    /// Capacity of the hour as a share of the least value of the last 24 hours. Bounds: at most 1.
    pub hour_ratio: Ratio,
    /// Bounds: at least `hour_min`.
    pub day_min: Amount,
    /// Bounds: from `hour_ratio` to 1.
    pub day_ratio: Ratio,
    /// Seconds before a deposit raises capacity; until then its owner may take it out again without using any. Bounds: 600 to
    /// 21,600.
    pub deposit_delay_seconds: u64,
    /// The most that one owner may take out of the reserve in a day, and the largest exit that may use it.
    pub small_exit_max: Amount,
}

/// Whose money leaves. Each kind has capacity that the other cannot use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitClass {
    Traders,
    Providers,
}

/// The posture's outflow factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutflowFactors {
    /// At which the class's queue is served.
    pub queue: BasisPoints,
    /// Of this exit: at most the queue's, lower while a market that its owner has a position in is restricted.
    pub own: BasisPoints,
}

/// `max(min, ratio * value)` for the hour and the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Baselines {
    pub hour: Amount,
    pub day: Amount,
}

impl OutflowParams {
    /// Capacity at rest, for the least value of the last day.
    ///
    /// Units: settlement coin. Rounding: down. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f14-outflow`.
    pub fn baselines(&self, value: Amount) -> RiskResult<Baselines> {
        let of = |min: Amount, ratio: Ratio| Ok(value.times(ratio, Rounding::Floor)?.max(min));
        Ok(Baselines { hour: of(self.hour_min, self.hour_ratio)?, day: of(self.day_min, self.day_ratio)? })
    }
}

pub(crate) fn factor_of(amount: Amount, factor: BasisPoints) -> RiskResult<Amount> {
    amount.times(factor.ratio(), Rounding::Floor)
}

#[cfg(test)]
mod tests;
