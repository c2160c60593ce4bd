//! All rules of one market: one round in, the answers out. Pure, so that the breaker on chain and the program that runs it over a file of
//! prices come to the same answers.
//!
//! A rule that cannot be computed stops neither the others nor the record: its own state stays as it was, it is named in `failing`, and
//! the same round may be given to it again. What a failing rule means for the market is the caller's to say.
//!
//! What a rule does in `shadow` changes nothing here: windows, evidence and holds go on as if it were enforced, so that what it records is
//! what it would have done.

use super::cage::Cage;
use super::market::{DetectorParams, MarketDetectors, MarketEvidence, Observation};
use super::one_sided::OneSidedParams;
use super::rule::{RuleConfig, RuleId, RuleMode, RuleSet};
use super::totals::Totals;
use super::watch::{RuleInput, Watch};
use crate::error::RiskResult;
use crate::quantity::Ratio;
use serde::{Deserialize, Serialize};

/// What one rule remembers of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMemory {
    pub rule: RuleId,
    pub score: Ratio,
    pub trips: u64,
    pub shadow_trips: u64,
    /// Seconds of block time; 0: never.
    pub last_trip_at: u64,
    pub watch: Watch,
}

impl RuleMemory {
    fn new(rule: RuleId) -> Self {
        Self { rule, score: Ratio::ZERO, trips: 0, shadow_trips: 0, last_trip_at: 0, watch: Watch::new(rule) }
    }

    /// Counts an alarm.
    pub fn count(&mut self, mode: RuleMode, now: u64) {
        match mode {
            RuleMode::Enforce => self.trips = self.trips.saturating_add(1),
            RuleMode::Shadow | RuleMode::Off => self.shadow_trips = self.shadow_trips.saturating_add(1),
        }
        self.last_trip_at = now;
    }
}

/// The state of one market's rules: one record. The order of fields is the packed format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleBook {
    /// The last round that the rules have seen.
    pub fed_round: u64,
    /// In the order of their configuration. Bounds: at most [`super::RULES_MAX`].
    pub memories: Vec<RuleMemory>,
    pub detectors: MarketDetectors,
    pub cage: Option<Cage>,
    /// The vault at the last round.
    pub totals: Option<Totals>,
    /// Rules that could not be computed at the last round.
    pub failing: Vec<RuleId>,
}

/// A rule's answer to a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    pub rule: &'a RuleConfig,
    /// Of its ladder, from 0.
    pub step: u8,
    pub score: Ratio,
    /// Until when the step's level is to hold; `None`: for its duration.
    pub until: Option<u64>,
    /// An alarm; else the last one is prolonged.
    pub is_new: bool,
}

/// What a round led to.
#[derive(Debug, Clone, Default)]
pub struct Observed<'a> {
    /// At most one a rule.
    pub answers: Vec<Answer<'a>>,
    /// What the detectors say, for the post-mortem; zero when no rule asks them.
    pub evidence: MarketEvidence,
    pub cage_changed: bool,
}

impl RuleSet<'_> {
    fn needs_detectors(&self) -> bool {
        self.cage.is_some() || self.rules.iter().any(|rule| asks_detectors(rule.rule))
    }

    /// Whether any rule reads the vault.
    pub fn reads_vault(&self) -> bool {
        self.cage.is_some() || self.rules.iter().any(|rule| rule.rule.reads_vault())
    }

    /// The shipped figures with the market's own block time and turnover.
    pub fn detectors(&self) -> DetectorParams {
        DetectorParams {
            block_seconds: self.block_seconds,
            one_sided: OneSidedParams { turnover_full: self.turnover_full, ..OneSidedParams::STANDARD },
            ..DetectorParams::STANDARD
        }
    }
}

const fn asks_detectors(rule: RuleId) -> bool {
    matches!(rule, RuleId::Surprise | RuleId::Flow)
}

impl RuleBook {
    /// Another configuration: windows start afresh, because buckets of another width mean nothing; counters stay.
    pub fn reconfigured(&self, rules: &[RuleConfig], lease: u64) -> Self {
        let memory = |rule: RuleId| {
            let before = self.memories.iter().find(|memory| memory.rule == rule);
            let fresh = RuleMemory::new(rule);
            before.map_or(fresh.clone(), |before| RuleMemory { watch: fresh.watch, ..before.clone() })
        };
        Self {
            fed_round: lease,
            memories: rules.iter().map(|config| memory(config.rule)).collect(),
            // Scales, rates and the announced margin are the market's and not the configuration's.
            detectors: self.detectors,
            cage: self.cage,
            totals: self.totals,
            failing: vec![],
        }
    }

    pub fn memory_mut(&mut self, rule: RuleId) -> Option<&mut RuleMemory> {
        self.memories.iter_mut().find(|memory| memory.rule == rule)
    }

    /// Whether a rule that restricts could not be computed.
    pub fn is_failing(&self, set: &RuleSet<'_>) -> bool {
        set.rules.iter().any(|config| config.mode == RuleMode::Enforce && self.failing.contains(&config.rule))
    }

    /// Takes in a round. One that was taken in before goes to the rules that failed at it, and to no other.
    ///
    /// Cost: bounded by the rules and their rings, whatever the history. Errors: none; see `failing`.
    pub fn observe<'a>(&mut self, set: &RuleSet<'a>, input: &RuleInput<'_>, round: u64) -> Observed<'a> {
        let again = round <= self.fed_round;
        let mut observed = Observed::default();
        let mut failing = vec![];
        let params = set.detectors();
        let judged = |book: &Self, rule: RuleId| !again || book.failing.contains(&rule);
        // A cage alone is not asked again: its own failure holds nothing up.
        let asks = if again { self.failing.iter().any(|rule| asks_detectors(*rule)) } else { set.needs_detectors() };
        let evidence = asks.then(|| self.feed(&params, input)).transpose();
        let known = evidence.as_ref().ok().and_then(Option::as_ref).copied();
        observed.evidence = known.unwrap_or_default();
        if known.is_some() {
            observed.cage_changed = self.turn_cage(set, &params, input);
        }
        let totals = self.totals;
        // A round given again brings totals only when no rule that sums them has had this round's: else they would be counted twice
        // by the next round, or be missing to those that had them.
        let mut summing = set.rules.iter().filter(|config| config.rule.sums_totals()).peekable();
        let counts = !again || (summing.peek().is_some() && summing.all(|config| judged(self, config.rule)));
        // Bounded by RULES_MAX: one memory a rule, in the same order.
        let mut memories = std::mem::take(&mut self.memories);
        for (config, memory) in set.rules.iter().zip(&mut memories) {
            if !judged(self, config.rule) {
                continue;
            }
            let mut watch = memory.watch.clone();
            match watch.observe(config, input, totals.as_ref(), known.as_ref(), set) {
                Ok(heard) => {
                    memory.watch = watch;
                    if config.mode != RuleMode::Off {
                        memory.score = heard.score;
                    }
                    if heard.forget {
                        self.forget(config.rule);
                    }
                    if let Some((step, until, is_new)) = heard.answer {
                        if is_new {
                            memory.count(config.mode, input.now);
                        }
                        observed.answers.push(Answer { rule: config, step, score: heard.score, until, is_new });
                    }
                }
                // The error's text is not kept, it tells nothing that the rule's name and the records do not.
                Err(_) => failing.push(config.rule),
            }
        }
        self.memories = memories;
        self.failing = failing;
        if let Some(reading) = input.reading.filter(|_| counts) {
            self.totals = Some(reading.totals);
        }
        self.fed_round = self.fed_round.max(round);
        observed
    }

    fn feed(&mut self, params: &DetectorParams, input: &RuleInput<'_>) -> RiskResult<MarketEvidence> {
        let flow = match (input.reading, self.totals) {
            (Some(reading), Some(before)) => Some(reading.totals.flow_since(&before, input.price)?),
            (_, _) => None,
        };
        let observation = Observation { at: input.at, price: input.price, band: input.band, flow };
        self.detectors.update(&observation, params)
    }

    /// Flow never makes the evidence of the price be forgotten, or whoever trades could.
    fn forget(&mut self, rule: RuleId) {
        match rule {
            RuleId::Surprise => {
                self.detectors.price.reset();
                self.detectors.band.reset();
            }
            RuleId::Flow => {
                self.detectors.intensity.reset();
                self.detectors.one_sided.reset();
            }
            _ => {}
        }
    }

    /// Whether the cage is another one now. A cage that cannot be computed stays as it is: it holds what it held.
    fn turn_cage(&mut self, set: &RuleSet<'_>, params: &DetectorParams, input: &RuleInput<'_>) -> bool {
        let Some(config) = set.cage else { return false };
        let before = self.cage.unwrap_or_else(|| Cage::calm(&config.params, input.now));
        let scale = self.detectors.price.shock.scale(&params.price.shock);
        let concentration = input.reading.and_then(|reading| reading.concentration(input.price).ok());
        let after = before.after(scale, concentration.unwrap_or(Ratio::ZERO), input.now, &config.params);
        self.cage = Some(after.unwrap_or(before));
        self.cage != Some(before)
    }
}

#[cfg(test)]
#[path = "book/tests.rs"]
mod tests;
