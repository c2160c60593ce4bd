//! From an answer to a restriction, in force or as it would have been: the same steps, on another record.

use crate::error::ContractError;
use crate::restrictions;
use crate::state::{FED_BUDGET, REDUCE_ONLY_BUDGET, TRADED_BUDGET};
use firebreak_messages::circuit_breaker::{LadderStep, PostureRecord, RestrictionAdded, Scope};
use firebreak_messages::{MarketId, RuleId, Source};
use firebreak_risk::detect::{Answer, SharedBudget};
use firebreak_risk::{response_phases, BasisPoints, Level, Response};

/// Where a restriction is written, and what pays for its `ReduceOnly`.
pub struct Ledger<'a> {
    pub posture: &'a mut PostureRecord,
    pub spent: &'a mut SharedBudget,
    /// What pays for it where shadow rules are enforced too: they draw on the same budget.
    pub what_if: Option<&'a mut SharedBudget>,
}

/// What came of an answer.
pub struct Restricted {
    pub fact: RestrictionAdded,
    /// What this answer begins with, and until when it holds at least that.
    pub level: Level,
    pub until: u64,
}

/// Adds the answer's phases to its source's slot. `None` when it adds nothing: what anybody can feed is not lengthened while it is in
/// force.
///
/// `ReduceOnly` lasts as long as the market's budget grants, the rest of the time is `Guarded`. Errors: those of
/// [`SharedBudget::draw`].
pub fn restrict(
    ledger: Ledger<'_>,
    market: MarketId,
    answer: &Answer<'_>,
    step: &LadderStep,
    now: u64,
) -> Result<Option<Restricted>, ContractError> {
    let Ledger { posture, spent, what_if } = ledger;
    let rule = answer.rule;
    let source = Source::from(rule.rule);
    if !rule.rule.lengthens() && restrictions::level_of(posture, source, now) >= step.level {
        return Ok(None);
    }
    let end_max = now.saturating_add(rule.extension_max_seconds);
    let held = answer.until.unwrap_or(now.saturating_add(step.duration_seconds)).min(end_max);
    let reduce_only_until = if step.level >= Level::ReduceOnly {
        let is_fed = !rule.rule.is_of_price();
        let is_traded = is_fed && rule.rule != RuleId::Observers;
        let parts = [is_fed.then_some(&FED_BUDGET), is_traded.then_some(&TRADED_BUDGET)];
        if let Some(what_if) = what_if {
            what_if.draw(&REDUCE_ONLY_BUDGET, parts, now, held)?;
        }
        spent.draw(&REDUCE_ONLY_BUDGET, parts, now, held)?
    } else {
        now
    };
    let response = Response {
        level: step.level,
        duration_seconds: held.saturating_sub(now),
        ramp: &step.ramp,
        ramp_step_seconds: step.ramp_step_seconds,
    };
    let mut phases = response_phases(&response, now, reduce_only_until, end_max);
    if rule.rule == RuleId::Outflow {
        // a rule that money going out can trip must not make other people's money stay.
        phases.iter_mut().for_each(|phase| phase.posture.outflow_factor = BasisPoints::ONE);
    }
    let level = phases.first().map_or(Level::Normal, |phase| phase.posture.level);
    let until = phases.iter().take_while(|phase| phase.posture.level >= level).last().map_or(now, |phase| phase.until);
    let fact = restrictions::add(posture, Scope::Market(market), source, &phases, 0, now);
    Ok(Some(Restricted { fact, level, until }))
}
