//! The evaluation of one market: load, judge, decide. Writes nothing; an error stays this market's.

use crate::error::ContractError;
use crate::observers::Observers;
use crate::response::{self, Ledger};
use crate::signal::Signal;
use crate::state::{Config, Failing, Journal, MarketRules, Told, Watched, GUARDS, JOURNALS, REDUCE_ONLY_SPENT, RULES};
use crate::{reading, restrictions};
use cosmwasm_std::{Deps, Event, Storage};
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{
    CageConfig, ChannelEvidence, EvaluationFailed, GuardConfig, JournalEntry, LevelText, PostureRecord, RuleMode,
    RuleTripped, Scope,
};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{Round, Validity, ROUNDS_KEPT};
use firebreak_messages::{MarketId, RuleId, Source};
use firebreak_risk::detect::{Answer, MarketEvidence, RuleInput, RuleSet, SharedBudget};
use firebreak_risk::{Phase, Price, Ratio, Rounding};

/// What an evaluation decided.
pub struct Assessment {
    pub market: MarketId,
    pub posture: PostureRecord,
    pub rules: MarketRules,
    /// Only when an answer asked for it.
    spent: Option<SharedBudget>,
    journal: Option<Journal>,
    pub facts: Vec<Event>,
    /// The news of this market. Bounds: one a rule, the harshest.
    pub signals: Vec<Signal>,
}

/// When and at what an answer was given.
#[derive(Clone, Copy)]
pub struct Occasion<'a> {
    pub now: u64,
    /// When the evidence was observed.
    pub at: u64,
    pub round: u64,
    pub price: Price,
    pub evidence: &'a MarketEvidence,
}

/// Judges every round since the lease, oldest first. `None` when there is none: nothing is written then, so anyone may
/// ask as often as they like and change nothing.
///
/// An invalid round feeds no statistics, or one bad print would stand as the low of the next minutes; it does renew the
/// lease, because the vault judges the price's validity itself and a lease is about the rules, not about the price.
///
/// An enforced rule that cannot be computed holds the lease where it was: the others answer, and this market is `ReduceOnly` until the
/// rule can be computed again: then each round since the lease is given to those that failed at the last one. A message in which it missed a round renews no lease beyond that round, whatever the rule makes of the
/// next one: it is told, and the market is `ReduceOnly` until somebody asks again. A rule in `shadow` holds nothing up.
///
/// Errors: [`ContractError::PriceMissing`], unreadable records, [`firebreak_risk::RiskError`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn assess(deps: Deps, config: &Config, watched: Watched, now: u64) -> Result<Option<Assessment>, ContractError> {
    let Watched { market, feed } = watched;
    let posture = POSTURES.load(deps.storage, market.0)?;
    let record =
        PRICES.query(&deps.querier, config.oracle.as_str(), feed.0).ok_or(ContractError::PriceMissing { feed })?;
    let lease = posture.evaluated_round;
    let fresh: Vec<&Round> = record.rounds.iter().filter(|round| round.round > lease).take(ROUNDS_KEPT).collect();
    if fresh.is_empty() {
        return Ok(None);
    }
    let guard = GUARDS.load(deps.storage, market.0)?;
    let set = guard.rule_set();
    let vault = config.vault.as_ref().filter(|_| set.reads_vault());
    let reading = vault.and_then(|vault| reading::of(&deps.querier, vault, market));
    let silence = match guard.rule(RuleId::Silence) {
        Some(_) => Observers::load(deps.storage)?.silence(now),
        None => Ratio::ZERO,
    };
    let mut assessment = Assessment::new(deps.storage, market, posture)?;
    restrictions::prune(&mut assessment.posture, now);
    let mut missed = false;
    // Who failed is owed every round since the lease, and not the first of them alone: that one clears what the book has on record.
    let (owed, fed_round) = (assessment.rules.book.failing.clone(), assessment.rules.book.fed_round);
    // Bounded by ROUNDS_KEPT, one answer a rule each.
    for round in fresh {
        if round.validity != Validity::Invalid {
            if round.round <= fed_round {
                assessment.rules.book.failing.clone_from(&owed);
            }
            let input = RuleInput {
                now,
                at: round.published_at,
                price: round.price,
                band: Ratio::of(round.band.atoms(), round.price.atoms(), Rounding::Floor).ok(),
                reading: reading.as_ref(),
                silence,
            };
            assessment.judge(deps.storage, &guard, &set, &input, round.round)?;
        }
        missed |= assessment.rules.book.is_failing(&set);
        if !missed {
            assessment.posture.evaluated_round = round.round;
        }
    }
    if missed {
        assessment.fail(now);
    } else {
        assessment.rules.failing = Failing::default();
    }
    Ok(Some(assessment))
}

impl Assessment {
    pub fn new(storage: &dyn Storage, market: MarketId, posture: PostureRecord) -> Result<Self, ContractError> {
        let rules = RULES.load(storage, market.0)?;
        Ok(Self { market, posture, rules, spent: None, journal: None, facts: vec![], signals: vec![] })
    }

    /// One round: every rule's answer and the cage.
    #[inline(never)] // A chain admits 100 locals in a function.
    fn judge(
        &mut self,
        storage: &dyn Storage,
        guard: &GuardConfig,
        set: &RuleSet<'_>,
        input: &RuleInput<'_>,
        round: u64,
    ) -> Result<(), ContractError> {
        let observed = self.rules.book.observe(set, input, round);
        let RuleInput { now, at, price, .. } = *input;
        let occasion = Occasion { now, at, round, price, evidence: &observed.evidence };
        for answer in &observed.answers {
            self.act(storage, answer, occasion)?;
        }
        // One that was switched on while it is tight holds from the next round on, not from its next change.
        let is_held = |cage: &CageConfig| {
            cage.mode != RuleMode::Enforce || self.posture.restrictions.iter().any(|slot| slot.source == Source::Cage)
        };
        if let Some(cage) = guard.cage.as_ref().filter(|cage| observed.cage_changed || !is_held(cage)) {
            self.turn(storage, cage, now)?;
        }
        Ok(())
    }

    /// Answers in force or in the journal, as the rule's mode says.
    #[inline(never)] // A chain admits 100 locals in a function.
    pub fn act(
        &mut self,
        storage: &dyn Storage,
        answer: &Answer<'_>,
        occasion: Occasion<'_>,
    ) -> Result<(), ContractError> {
        let Some(step) = answer.rule.ladder.get(usize::from(answer.step)) else { return Ok(()) };
        let Occasion { now, at, round, price, evidence } = occasion;
        let (market, mode) = (self.market, answer.rule.mode);
        let (rule, score) = (answer.rule.rule, answer.score);
        if answer.is_new {
            let level = LevelText(step.level);
            self.facts.push(RuleTripped { market, rule, mode, moved: score, level, round }.into());
        }
        self.load(storage, mode)?;
        let Some(journal) = self.journal.as_mut() else { return Ok(()) };
        let none = &mut SharedBudget::default();
        let ledger = match mode {
            RuleMode::Enforce => Ledger {
                posture: &mut self.posture,
                spent: self.spent.as_mut().unwrap_or(none),
                what_if: Some(&mut journal.shadow_spent),
            },
            RuleMode::Shadow => {
                Ledger { posture: &mut journal.shadow, spent: &mut journal.shadow_spent, what_if: None }
            }
            RuleMode::Off => return Ok(()),
        };
        let Some(done) = response::restrict(ledger, market, answer, step, now)? else { return Ok(()) };
        journal.note(JournalEntry {
            at: now,
            round,
            price,
            rule,
            mode,
            score,
            level: done.level,
            until: done.fact.until,
            ends_at: done.fact.ends_at,
            evidence: ChannelEvidence::from(evidence),
        });
        if mode != RuleMode::Enforce {
            return Ok(());
        }
        self.facts.push(done.fact.into());
        // A repeat at the level that the rule already holds is no news: the guardian continues the incident by time. What other rules of
        // the same slot hold is another matter: a procedure may wait for this one.
        if journal.tell(Told { rule, level: done.level, until: done.until }, now) {
            self.signals.retain(|signal| signal.rule != rule);
            self.signals.push(Signal { market, rule, level: done.level, moved: score, observed_at: at });
        }
        Ok(())
    }

    /// What the cage holds now.
    fn turn(&mut self, storage: &dyn Storage, config: &CageConfig, now: u64) -> Result<(), ContractError> {
        let phases = self.rules.book.cage.map(|cage| cage.phases(&config.params)).unwrap_or_default();
        if phases.is_empty() {
            return Ok(());
        }
        self.hold(storage, config.mode, Source::Cage, &phases, now)
    }

    /// Adds phases to a source's slot, in force or in the journal. No alarm, so nobody is told.
    pub fn hold(
        &mut self,
        storage: &dyn Storage,
        mode: RuleMode,
        source: Source,
        phases: &[Phase],
        now: u64,
    ) -> Result<(), ContractError> {
        let scope = Scope::Market(self.market);
        match mode {
            RuleMode::Off => {}
            RuleMode::Enforce => {
                let fact = restrictions::add(&mut self.posture, scope, source, phases, 0, now);
                self.facts.push(fact.into());
            }
            RuleMode::Shadow => {
                self.load(storage, mode)?;
                if let Some(journal) = self.journal.as_mut() {
                    restrictions::add(&mut journal.shadow, scope, source, phases, 0, now);
                }
            }
        }
        Ok(())
    }

    /// What an answer writes, read when the first one is given: an answer is rare and a round is not.
    fn load(&mut self, storage: &dyn Storage, mode: RuleMode) -> Result<(), ContractError> {
        if self.journal.is_none() {
            self.journal = Some(JOURNALS.may_load(storage, self.market.0)?.unwrap_or_default());
        }
        if self.spent.is_none() && mode == RuleMode::Enforce {
            self.spent = Some(REDUCE_ONLY_SPENT.may_load(storage, self.market.0)?.unwrap_or_default());
        }
        Ok(())
    }

    fn fail(&mut self, now: u64) {
        let failing = self.rules.failing.once_more(now);
        self.rules.failing = failing;
        let fact =
            EvaluationFailed { market: self.market, failing_since: failing.since, failures_in_a_row: failing.in_a_row };
        self.facts.push(fact.into());
    }

    /// The posture goes last: the lease is renewed only when everything else is written.
    pub fn save(&self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        if let Some(spent) = &self.spent {
            REDUCE_ONLY_SPENT.save(storage, self.market.0, spent)?;
        }
        if let Some(journal) = &self.journal {
            JOURNALS.save(storage, self.market.0, journal)?;
        }
        RULES.save(storage, self.market.0, &self.rules)?;
        POSTURES.save(storage, self.market.0, &self.posture)?;
        Ok(())
    }
}
