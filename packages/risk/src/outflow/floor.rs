//! The least value of the last 24 hours: nobody raises capacity by bringing money and taking it out again within the day.

use super::HOUR;
use crate::quantity::Amount;
use serde::{Deserialize, Serialize};

const HOURS: u64 = 24;

/// The least value of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourMinimum {
    /// Number of the hour: its start divided by 3,600.
    pub hour: u64,
    pub value: Amount,
}

/// Hourly minima of a sliding day. Only those are kept that may still become the least: later ones that are higher.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueFloor {
    /// Oldest first, values ascending. Bounds: at most 25.
    pub minima: Vec<HourMinimum>,
}

impl ValueFloor {
    /// Takes in what the value is, and has been since the last time it changed. Returns the least value of the last 24 to 25
    /// hours.
    pub fn observe(&mut self, now: u64, value: Amount) -> Amount {
        let hour = now.checked_div(HOUR).unwrap_or(0);
        while self.minima.last().is_some_and(|last| last.value >= value) {
            self.minima.pop();
        }
        if self.minima.last().is_none_or(|last| last.hour < hour) {
            self.minima.push(HourMinimum { hour, value });
        }
        self.minima.retain(|minimum| minimum.hour.saturating_add(HOURS) >= hour);
        self.minima.first().map_or(value, |first| first.value)
    }
}
