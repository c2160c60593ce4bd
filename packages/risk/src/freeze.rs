//! R-47: the last freeze of a scope, and the grace that follows it.
//!
//! ```text
//! since --frozen--> until --grace: min(grace_seconds, until - since)--> over
//! ```
//!
//! A grace is never longer than its own freeze. So whoever may freeze, and is held to 24 hours in any 7 days, can keep accounts that
//! were healthy before from being liquidated for twice that at most, however many freezes it makes of them. A freeze that begins while
//! the last one still owes grace adds to it: its beginning is put back by what is owed, or a short freeze would end a long grace.

use crate::posture::{LiquidationAccess, Phase};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No `grace_seconds` may be longer: how much of a freeze's length the next one may take over.
pub const GRACE_SECONDS_MAX: u64 = 3_600;

/// The last time in which liquidation waited: `[since, until)`, seconds. Both zero: there was none. `since` is earlier than the freeze
/// by what the grace of the one before it still owed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Freeze {
    pub since: u64,
    pub until: u64,
}

impl Freeze {
    /// After a change of a scope's restrictions at `now`; `restrictions` are the phases of each of them. What extends a freeze that
    /// still holds keeps its beginning; a freeze that was lifted has ended now.
    ///
    /// A freeze answers something that is happening now: it is the first phase of what restricts, or joins one.
    pub fn after<'a>(self, restrictions: impl Iterator<Item = &'a [Phase]>, now: u64) -> Self {
        let waits = |phase: &&Phase| phase.posture.liquidation == LiquidationAccess::Waits && phase.until > now;
        match restrictions.flatten().filter(waits).map(|phase| phase.until).max() {
            Some(until) if self.until >= now => Self { since: self.since, until },
            Some(until) => {
                let length = self.until.saturating_sub(self.since).min(GRACE_SECONDS_MAX);
                let owed = self.until.saturating_add(length).saturating_sub(now);
                Self { since: now.saturating_sub(owed), until }
            }
            None => Self { since: self.since, until: self.until.min(now) },
        }
    }

    /// When the grace after it is over: `until + min(grace_seconds, until - since)`.
    pub fn grace_ends_at(self, grace_seconds: u64) -> u64 {
        self.until.saturating_add(grace_seconds.min(self.until.saturating_sub(self.since)))
    }

    /// Frozen now, or in the grace after it.
    pub fn is_felt(self, grace_seconds: u64, now: u64) -> bool {
        self.since <= now && now < self.grace_ends_at(grace_seconds)
    }
}

#[cfg(test)]
mod tests;
