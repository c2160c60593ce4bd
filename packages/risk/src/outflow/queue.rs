//! Parked exits as shares of one index: serving a fraction of all of them is one multiplication, whoever they are.

use super::OUTFLOW_SLOT_SECONDS;
use crate::error::RiskResult;
use crate::number::Rounding;
use crate::quantity::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Below this the index starts anew: 10^-9, so that its own rounding stays below a billionth.
const INDEX_MIN: Ratio = Ratio::from_atoms(1_000_000_000);

/// All parked exits of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedQueue {
    /// Sum of what has not been served.
    pub waiting: Amount,
    /// Share of an exit that entered at 1 and is not served yet. Only falls within an epoch.
    pub index: Ratio,
    pub epoch: u32,
    /// The index at which the epoch before this one ended; zero when everything was served.
    pub closed: Ratio,
    /// The slot that was last served, or last entered.
    pub slot: u64,
}

impl Default for ParkedQueue {
    fn default() -> Self {
        Self { waiting: Amount::ZERO, index: Ratio::ONE, epoch: 0, closed: Ratio::ZERO, slot: 0 }
    }
}

/// One parked exit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Parked {
    /// Owed: what waits and what was served and not collected yet.
    pub amount: Amount,
    /// What waited when the index was last looked at.
    pub waiting: Amount,
    pub index: Ratio,
    pub epoch: u32,
}

pub(super) fn slot_of(now: u64) -> u64 {
    now.checked_div(OUTFLOW_SLOT_SECONDS).unwrap_or(0)
}

impl ParkedQueue {
    /// What of an exit still waits. Rounding: up, so that the exits together are never served more than their queue.
    ///
    /// An exit two epochs old is all served: less than a billionth of it was left when the first of them ended.
    pub fn unserved(&self, parked: &Parked) -> RiskResult<Amount> {
        let left = match self.epoch.checked_sub(parked.epoch) {
            _ if parked.waiting.is_zero() => Amount::ZERO,
            Some(0) => parked.waiting.times_fraction(self.index.atoms(), parked.index.atoms(), Rounding::Ceil)?,
            Some(1) => parked
                .waiting
                .times_fraction(self.closed.atoms(), parked.index.atoms(), Rounding::Ceil)?
                .times(self.index, Rounding::Ceil)?,
            _ => Amount::ZERO,
        };
        Ok(left.min(parked.waiting).min(parked.amount))
    }

    /// What of an exit may be collected.
    pub fn ready(&self, parked: &Parked) -> RiskResult<Amount> {
        parked.amount.minus(self.unserved(parked)?)
    }

    /// Parks more on the exit, or all of it anew.
    pub(super) fn enter(&mut self, parked: &mut Parked, amount: Amount, now: u64) -> RiskResult<()> {
        let unserved = self.unserved(parked)?;
        parked.amount = parked.amount.plus(amount)?;
        self.wait(parked, unserved.plus(amount)?);
        self.waiting = self.waiting.plus(amount)?;
        self.slot = self.slot.max(slot_of(now));
        Ok(())
    }

    /// `granted`, at most what waits, is split over all exits by what of each still waits.
    pub(super) fn serve(&mut self, granted: Amount) -> RiskResult<()> {
        let left = self.waiting.saturating_minus(granted);
        let before = std::mem::replace(&mut self.waiting, left);
        if left.is_zero() {
            self.close(Ratio::ZERO);
            return Ok(());
        }
        let left =
            Amount::from_atoms(self.index.atoms()).times_fraction(left.atoms(), before.atoms(), Rounding::Ceil)?;
        self.index = Ratio::from_atoms(left.atoms());
        if self.index < INDEX_MIN {
            self.close(self.index);
        }
        Ok(())
    }

    /// Takes an exit's unserved part out, at most `wanted`: it is no longer owed, and the others' share of what is served next
    /// grows.
    pub(super) fn take_back(&mut self, parked: &mut Parked, wanted: Amount) -> RiskResult<Amount> {
        let unserved = self.unserved(parked)?;
        let taken = unserved.min(wanted);
        parked.amount = parked.amount.minus(taken)?;
        self.wait(parked, unserved.minus(taken)?);
        self.waiting = self.waiting.saturating_minus(taken);
        if self.waiting.is_zero() {
            // What others still lack is a rounding.
            self.close(Ratio::ZERO);
        }
        Ok(taken)
    }

    fn close(&mut self, index: Ratio) {
        self.closed = index;
        self.index = Ratio::ONE;
        self.epoch = self.epoch.saturating_add(1);
    }

    fn wait(&self, parked: &mut Parked, waiting: Amount) {
        parked.waiting = waiting;
        parked.index = self.index;
        parked.epoch = self.epoch;
    }

    /// Pays out of what is served: at most `wanted`. What is put `back` waits again.
    pub(super) fn collect(&mut self, parked: &mut Parked, paid: Amount, back: Amount) -> RiskResult<()> {
        let unserved = self.unserved(parked)?;
        parked.amount = parked.amount.minus(paid)?;
        self.wait(parked, unserved.plus(back)?);
        self.waiting = self.waiting.plus(back)?;
        Ok(())
    }
}
