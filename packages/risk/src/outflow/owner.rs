//! What the limiter knows of one owner, over all subaccounts.

use super::{Outflow, OutflowParams, DAY, HOUR};
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::quantity::Amount;
use serde::{Deserialize, Serialize};

/// An owner's first deposit is at least so old before the reserve for small exits is open to it.
pub const OWNER_AGE_MIN_SECONDS: u64 = 604_800;

/// An owner's deposits that have not raised capacity yet, and its use of the reserve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerFlow {
    /// When its first coins came, seconds; 0 before.
    pub since: u64,
    /// Collateral that came lately: it may leave again without using capacity.
    pub fresh: Amount,
    /// The hour that `fresh` is credited by.
    pub fresh_hour: u64,
    /// What it took out of the reserve, melting away over a day.
    pub small_used: Amount,
    pub small_at: u64,
}

/// When deposits of an hour raise capacity: all of the hour's at once, the delay after its end.
pub(super) fn matures_at(hour: u64, delay_seconds: u64) -> u64 {
    hour.saturating_add(1).saturating_mul(HOUR).saturating_add(delay_seconds)
}

impl OwnerFlow {
    /// Collateral comes. All of the owner's fresh deposits wait with the youngest of them: that only lengthens the time in which
    /// they raise nobody's capacity.
    pub(super) fn deposit(&mut self, outflow: &mut Outflow, amount: Amount, now: u64) -> RiskResult<()> {
        let hour = now.checked_div(HOUR).unwrap_or(0);
        let moved = outflow.take_fresh(self.fresh_hour, self.fresh);
        self.fresh = moved.plus(amount)?;
        self.fresh_hour = hour;
        outflow.add_fresh(hour, self.fresh, Amount::ZERO)
    }

    /// Takes back what it brought lately, at most `wanted`.
    pub(super) fn take_fresh(&mut self, outflow: &mut Outflow, wanted: Amount) -> Amount {
        let taken = outflow.take_fresh(self.fresh_hour, self.fresh.min(wanted));
        self.fresh = self.fresh.saturating_minus(taken);
        if taken.is_zero() {
            // Credited meanwhile.
            self.fresh = Amount::ZERO;
        }
        taken
    }

    /// What the owner may still take out of the reserve, after which it melts by `small_exit_max` a day.
    pub(super) fn small_left(&mut self, now: u64, parameters: &OutflowParams) -> RiskResult<Amount> {
        if self.since == 0 || now < self.since.saturating_add(OWNER_AGE_MIN_SECONDS) {
            return Ok(Amount::ZERO);
        }
        let elapsed = now.saturating_sub(self.small_at).min(DAY);
        let melted = parameters.small_exit_max.times_fraction(u128::from(elapsed), u128::from(DAY), Rounding::Floor)?;
        self.small_used = self.small_used.saturating_minus(melted);
        self.small_at = now;
        Ok(parameters.small_exit_max.saturating_minus(self.small_used))
    }
}
