//! The evaluation of one market: load, judge, decide. Writes nothing; an error stays this market's.

use crate::error::ContractError;
use crate::restrictions;
use crate::rules::{self, Trip};
use crate::signal::Signal;
use crate::state::{Failing, MarketRules, Watched, GUARDS, REDUCE_ONLY_BUDGET, REDUCE_ONLY_SPENT, RULES};
use cosmwasm_std::{Addr, Deps, Event, Storage};
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{LevelText, PostureRecord, RuleMode, RuleTripped, Scope};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{Round, Validity, ROUNDS_KEPT};
use firebreak_messages::MarketId;
use firebreak_risk::{response_phases, Level, Response as LadderResponse, TimeBudget};

/// What an evaluation decided.
pub struct Assessment {
    market: MarketId,
    posture: PostureRecord,
    rules: MarketRules,
    /// Only when a trip asked for it.
    spent: Option<TimeBudget>,
    pub facts: Vec<Event>,
    /// The harshest news of this market; at most one signal a market and message.
    pub signal: Option<Signal>,
}

/// Judges every round since the lease, oldest first. `None` when there is none: nothing is written then, so anyone may
/// ask as often as they like and change nothing.
///
/// An invalid round feeds no statistics, or one bad print would stand as the low of the next minutes; it does renew the
/// lease, because the vault judges the price's validity itself and a lease is about the rules, not about the price.
///
/// Errors: [`ContractError::PriceMissing`], unreadable records, [`firebreak_risk::RiskError`].
pub fn assess(deps: Deps, oracle: &Addr, watched: Watched, now: u64) -> Result<Option<Assessment>, ContractError> {
    let Watched { market, feed } = watched;
    let mut posture = POSTURES.load(deps.storage, market.0)?;
    let record = PRICES.query(&deps.querier, oracle.as_str(), feed.0).ok_or(ContractError::PriceMissing { feed })?;
    let lease = posture.evaluated_round;
    let fresh: Vec<&Round> = record.rounds.iter().filter(|round| round.round > lease).take(ROUNDS_KEPT).collect();
    if fresh.is_empty() {
        return Ok(None);
    }
    let guard = GUARDS.load(deps.storage, market.0)?;
    let mut rules = RULES.load(deps.storage, market.0)?;
    restrictions::prune(&mut posture, now);
    let mut assessment =
        Assessment { market, posture, rules: MarketRules::default(), spent: None, facts: vec![], signal: None };
    // Bounded by ROUNDS_KEPT, at most two trips each.
    for round in fresh {
        if round.validity != Validity::Invalid {
            for trip in rules::observe(&mut rules, &guard, round, now)? {
                assessment.act(deps.storage, &trip, now)?;
            }
        }
        assessment.posture.evaluated_round = round.round;
    }
    rules.failing = Failing::default();
    assessment.rules = rules;
    Ok(Some(assessment))
}

impl Assessment {
    fn act(&mut self, storage: &dyn Storage, trip: &Trip, now: u64) -> Result<(), ContractError> {
        let tripped = RuleTripped {
            market: self.market,
            rule: trip.rule.id,
            mode: trip.rule.mode,
            moved: trip.moved,
            level: LevelText(trip.step.level),
            round: trip.round,
        };
        self.facts.push(tripped.into());
        match trip.rule.mode {
            RuleMode::Enforce => self.restrict(storage, trip, now),
            RuleMode::Shadow | RuleMode::Off => Ok(()),
        }
    }

    fn restrict(&mut self, storage: &dyn Storage, trip: &Trip, now: u64) -> Result<(), ContractError> {
        let step = trip.step;
        let end_max = now.saturating_add(trip.rule.extension_max_seconds);
        let reduce_only_until = match step.level {
            Level::Normal | Level::Guarded => now,
            Level::ReduceOnly | Level::Frozen | Level::Settlement => {
                let asked = now.saturating_add(step.duration_seconds).min(end_max);
                self.spend(storage, now, asked)?
            }
        };
        let response = LadderResponse {
            level: step.level,
            duration_seconds: step.duration_seconds,
            ramp: &step.ramp,
            ramp_step_seconds: step.ramp_step_seconds,
        };
        let phases = response_phases(&response, now, reduce_only_until, end_max);
        let source = trip.rule.source;
        let level_before = restrictions::level_of(&self.posture, source, now);
        let fact = restrictions::add(&mut self.posture, Scope::Market(self.market), source, &phases, 0, now);
        self.facts.push(fact.into());
        let level = phases.first().map_or(Level::Normal, |phase| phase.posture.level);
        // A repeat at the level that the source already holds is no news: the guardian continues the incident by time.
        if level > level_before && self.signal.as_ref().is_none_or(|signal| level > signal.level) {
            self.signal = Some(Signal {
                market: self.market,
                rule: trip.rule.id,
                level,
                moved: trip.moved,
                observed_at: trip.observed_at,
            });
        }
        Ok(())
    }

    /// How long the market may be `ReduceOnly` by its rules.
    fn spend(&mut self, storage: &dyn Storage, now: u64, end: u64) -> Result<u64, ContractError> {
        let spent = match self.spent.take() {
            Some(spent) => spent,
            None => REDUCE_ONLY_SPENT.may_load(storage, self.market.0)?.unwrap_or_default(),
        };
        let grant = spent.grant(&REDUCE_ONLY_BUDGET, now, end)?;
        self.spent = Some(grant.budget);
        Ok(grant.until)
    }

    /// The posture goes last: the lease is renewed only when everything else is written.
    pub fn save(&self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        if let Some(spent) = &self.spent {
            REDUCE_ONLY_SPENT.save(storage, self.market.0, spent)?;
        }
        RULES.save(storage, self.market.0, &self.rules)?;
        POSTURES.save(storage, self.market.0, &self.posture)?;
        Ok(())
    }
}
