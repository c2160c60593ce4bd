//! What the guardian has not heard yet: kept with the configuration, which every message reads anyway, and sent again by later ones.
//!
//! A call can fail though the guardian is well: a chain bounds how deep contracts call each other, and who relays a price chooses how
//! deep the breaker is called.

use crate::restrictions;
use crate::signal::Signal;
use crate::state::JOURNALS;
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::Source;
use serde::{Deserialize, Serialize};

/// Signals kept, of all markets.
pub const UNSENT_MAX: usize = 64;
/// After a call that failed none is repeated for so long: a dead guardian burns its gas limit each time, and whoever brings a price
/// pays for it.
pub const RETRY_SECONDS: u64 = 60;

/// Kept signals that one message looks at.
pub const LOOKS_MAX: usize = 8;

/// Signals that failed, and those that had to wait for another one of their market.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Unsent {
    /// Nothing is tried again before, seconds of block time.
    pub retry_at: u64,
    /// Tightest first, then oldest; one a market and rule. Bounds: at most [`UNSENT_MAX`].
    pub signals: Vec<Signal>,
}

impl Unsent {
    /// Keeps a rule's tightest signal. When there are too many the mildest goes, of equal ones the youngest.
    pub fn keep(&mut self, signal: Signal) {
        let same = |kept: &&mut Signal| (kept.market, kept.rule) == (signal.market, signal.rule);
        match self.signals.iter_mut().find(same) {
            Some(kept) if kept.level < signal.level => *kept = signal,
            Some(_) => {}
            None => self.signals.push(signal),
        }
        // Stable: of equal ones the older stays ahead.
        self.signals.sort_by_key(|kept| std::cmp::Reverse(kept.level));
        self.signals.truncate(UNSENT_MAX);
    }

    /// What is sent now replaces what was kept of the same market and rule at its level or a milder one.
    pub fn forget(&mut self, sent: &Signal) {
        let is_news = |kept: &Signal| (kept.market, kept.rule) != (sent.market, sent.rule) || kept.level > sent.level;
        self.signals.retain(is_news);
    }

    /// Takes the first one out whose rule still holds its level, and its market with it; those before it are news no more: what other
    /// rules hold since must not start a procedure in its name. `None` also while it is too early.
    ///
    /// Whatever is sent is out: if it fails it comes back, and nothing that the guardian does meanwhile sends it twice. A market whose record
    /// cannot be read stands in no other market's way. One that has ended goes, [`LOOKS_MAX`] in a message.
    pub fn take(&mut self, storage: &dyn Storage, now: u64) -> Option<Signal> {
        if now < self.retry_at {
            return None;
        }
        for _ in 0..self.signals.len().min(LOOKS_MAX) {
            let signal = self.signals.remove(0);
            let posture = POSTURES.may_load(storage, signal.market.0).ok().flatten().unwrap_or_default();
            let journal = JOURNALS.may_load(storage, signal.market.0).ok().flatten().unwrap_or_default();
            let holds = journal.holds(signal.rule, signal.level, now);
            if holds && restrictions::level_of(&posture, Source::from(signal.rule), now) >= signal.level {
                return Some(signal);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use firebreak_messages::{MarketId, RuleId};
    use firebreak_risk::{Level, Ratio};

    fn signal(market: u16, rule: RuleId, level: Level) -> Signal {
        Signal { market: MarketId(market), rule, level, moved: Ratio::ZERO, observed_at: 1 }
    }

    #[test]
    fn one_a_market_and_rule_the_tightest_first_and_a_bound() {
        let mut unsent = Unsent::default();
        for (market, rule, level) in [
            (1, RuleId::Band, Level::Guarded),
            (1, RuleId::Velocity, Level::Guarded),
            (1, RuleId::Velocity, Level::ReduceOnly),
            (1, RuleId::Velocity, Level::Guarded),
        ] {
            unsent.keep(signal(market, rule, level));
        }
        let kept = [signal(1, RuleId::Velocity, Level::ReduceOnly), signal(1, RuleId::Band, Level::Guarded)];
        assert_eq!(unsent.signals, kept);
        // What has been said of a rule at its level or above is not said again.
        let mut rest = unsent.clone();
        rest.forget(&signal(1, RuleId::Velocity, Level::Guarded));
        rest.forget(&signal(2, RuleId::Band, Level::ReduceOnly));
        assert_eq!(rest.signals, kept);
        rest.forget(&signal(1, RuleId::Velocity, Level::ReduceOnly));
        assert_eq!(rest.signals, kept[1..]);
        for market in 2..=200 {
            unsent.keep(signal(market, RuleId::Band, Level::Guarded));
        }
        unsent.keep(signal(300, RuleId::Band, Level::ReduceOnly));
        assert_eq!(unsent.signals.len(), UNSENT_MAX);
        let markets: Vec<u16> = unsent.signals.iter().map(|kept| kept.market.0).collect();
        assert_eq!((&markets[..4], markets[UNSENT_MAX - 1]), (&[1, 300, 1, 2][..], 62));
    }
}
