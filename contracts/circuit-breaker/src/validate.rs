//! The border: configuration and restrictions are checked here against the bounds that `messages` states, and not again
//! inside.

use crate::error::ContractError;
use cosmwasm_std::{Api, HexBinary, MessageInfo};
use firebreak_messages::circuit_breaker::{
    GuardConfig, LadderStep, MarketSetup, ObserversConfig, RuleConfig, SignalConfig, EXTENSION_MAX_SECONDS,
    OBSERVERS_MAX, RULES_MAX,
};
use firebreak_messages::{RuleId, Source, MARKETS_MAX};
use firebreak_risk::detect::Cage;
use firebreak_risk::{
    BasisPoints, Level, LiquidationAccess, LpExit, OrderAccess, OrderExecution, Phase, Posture, Ratio, COUNCIL_BUDGET,
    GOVERNANCE_RESTRICTION_SECONDS, PHASES_MAX,
};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

const SIGNAL_GAS: RangeInclusive<u64> = 100_000..=3_000_000;
const BLOCK_SECONDS: RangeInclusive<u64> = 1..=60;
const QUIET_SECONDS: RangeInclusive<u64> = 0..=3_600;
const EXTENSION_SECONDS: RangeInclusive<u64> = 60..=EXTENSION_MAX_SECONDS;
const STEP_SECONDS: RangeInclusive<u64> = 1..=21_600;
const RAMP_MAX: usize = 3;
const DAY: u64 = 86_400;

pub fn no_funds(info: &MessageInfo) -> Result<(), ContractError> {
    if info.funds.is_empty() {
        return Ok(());
    }
    let found = info.funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Err(ContractError::UnexpectedFunds { found })
}

fn within<T: PartialOrd + Display>(
    what: &'static str,
    found: T,
    bounds: RangeInclusive<T>,
) -> Result<T, ContractError> {
    if bounds.contains(&found) {
        return Ok(found);
    }
    let wanted = format!("between {} and {}", bounds.start(), bounds.end());
    Err(ContractError::OutOfBounds { what, wanted, found: found.to_string() })
}

fn ensure(holds: bool, what: &'static str, wanted: &str, found: impl Display) -> Result<(), ContractError> {
    if holds {
        return Ok(());
    }
    Err(ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.to_string() })
}

pub fn distinct_markets(setups: &[MarketSetup]) -> Result<(), ContractError> {
    if setups.len() > MARKETS_MAX {
        return Err(ContractError::TooManyMarkets { max: MARKETS_MAX });
    }
    let mut seen = BTreeSet::new();
    match setups.iter().find(|setup| !seen.insert(setup.market)) {
        Some(setup) => Err(ContractError::DuplicateMarket { market: setup.market }),
        None => Ok(()),
    }
}

pub fn signal(api: &dyn Api, config: SignalConfig) -> Result<SignalConfig, ContractError> {
    Ok(SignalConfig {
        contract: api.addr_validate(&config.contract)?.into(),
        gas_limit: within("gas_limit of the guardian", config.gas_limit, SIGNAL_GAS)?,
    })
}

/// Errors: [`ContractError::OutOfBounds`], [`firebreak_risk::RiskError`].
pub fn guard(config: &GuardConfig, has_vault: bool) -> Result<(), ContractError> {
    let margin = config.maintenance_margin_ratio;
    ensure(!margin.is_zero() && margin < Ratio::ONE, "maintenance_margin_ratio", "above 0 and below 1", margin)?;
    within("block_seconds", config.block_seconds, BLOCK_SECONDS)?;
    ensure(!config.turnover_full.is_zero(), "turnover_full", "above 0", config.turnover_full)?;
    within("rules", config.rules.len(), 0..=RULES_MAX)?;
    let mut seen = BTreeSet::new();
    // Bounded by RULES_MAX.
    for rule in &config.rules {
        ensure(seen.insert(rule.rule), "rules", "each at most once", rule.rule)?;
        ensure(has_vault || !rule.rule.reads_vault(), "rules", "such as need no vault: there is none", rule.rule)?;
        self::rule(rule)?;
    }
    if let Some(cage) = &config.cage {
        Cage::checked(&cage.params)?;
    }
    config.rule_set().detectors().checked()?;
    Ok(())
}

fn rule(config: &RuleConfig) -> Result<(), ContractError> {
    let (least, longest) = config.rule.window_bounds().unwrap_or((0, 0));
    within("window_seconds", config.window_seconds, least..=longest)?;
    within("extension_max_seconds", config.extension_max_seconds, EXTENSION_SECONDS)?;
    within("quiet_seconds", config.quiet_seconds, QUIET_SECONDS)?;
    within("steps of a ladder", config.ladder.len(), 1..=config.rule.steps_max())?;
    let mut below = Ratio::ZERO;
    // Bounded by LADDER_MAX.
    for (index, step) in (1u32..).zip(&config.ladder) {
        ensure(step.threshold > below, "threshold", "above 0 and growing from step to step", step.threshold)?;
        ensure(
            !below.is_zero() || config.release <= step.threshold,
            "release",
            "at most the first threshold",
            config.release,
        )?;
        below = step.threshold;
        severity(config, index, step.threshold)?;
        // a reflex reaches no further than reduce-only; one that traders can feed no further than guarded.
        let reflex = step.level > Level::Normal && step.level <= config.rule.level_max();
        let wanted = if config.rule.level_max() == Level::Guarded { "guarded" } else { "guarded or reduce-only" };
        ensure(reflex, "level of a step", wanted, step.level)?;
        within("duration_seconds", step.duration_seconds, STEP_SECONDS)?;
        ramp(step)?;
    }
    Ok(())
}

/// A quorum attests severities 1 and 2 and nothing between: a ladder with other thresholds would have steps that nobody reaches.
fn severity(config: &RuleConfig, step: u32, found: Ratio) -> Result<(), ContractError> {
    let wanted = Ratio::percent(step.saturating_mul(100));
    let is_severity = config.rule != RuleId::Observers || found == wanted;
    ensure(is_severity, "threshold of observers", "1, then 2", found)
}

fn ramp(step: &LadderStep) -> Result<(), ContractError> {
    within("steps of a ramp", step.ramp.len(), 0..=RAMP_MAX)?;
    if !step.ramp.is_empty() {
        within("ramp_step_seconds", step.ramp_step_seconds, STEP_SECONDS)?;
    }
    let mut below = BasisPoints(0);
    // Bounded by RAMP_MAX.
    for factor in &step.ramp {
        let grows = *factor > below && *factor <= BasisPoints::ONE;
        ensure(grows, "ramp", "growing and at most 10000", factor.0)?;
        below = *factor;
    }
    Ok(())
}

/// Errors: [`ContractError::OutOfBounds`].
pub fn observers(config: &ObserversConfig) -> Result<(), ContractError> {
    within("heartbeat_seconds", config.heartbeat_seconds, 60..=DAY)?;
    within("observers", config.observers.len(), 0..=OBSERVERS_MAX)?;
    let mut seen = BTreeSet::new();
    // Bounded by OBSERVERS_MAX.
    for observer in &config.observers {
        let key = HexBinary::from_hex(&observer.public_key).ok();
        let compressed = key.as_ref().is_some_and(|key| key.len() == 33 && matches!(key.first(), Some(2 | 3)));
        ensure(compressed, "public_key of an observer", "33 bytes, compressed, hex", &observer.public_key)?;
        // Upper and lower case are one key.
        ensure(seen.insert(key), "public_key of an observer", "another one for each", &observer.public_key)?;
        within("bytes of an observer's source", observer.source.len(), 1..=32)?;
        within("weight of an observer", observer.weight, 1..=1_000)?;
    }
    Ok(())
}

/// The longest that a source may restrict, seconds from now; `None`: not by message.
fn seconds_max(source: Source) -> Option<u64> {
    match source {
        Source::Band
        | Source::Velocity
        | Source::Surprise
        | Source::Flow
        | Source::Solvency
        | Source::Observers
        | Source::Cage => None,
        Source::Council | Source::Procedure => Some(COUNCIL_BUDGET.allowance_seconds),
        Source::Governance => Some(GOVERNANCE_RESTRICTION_SECONDS),
    }
}

/// Phases that a message brings: in order, bounded, each no looser than normal and honest about its level.
///
/// `Frozen` may only come first: a freeze answers something that is happening now, so it starts now, and its budget
/// counts one interval. `Settlement` is not a restriction: it does not end by itself.
pub fn phases(source: Source, phases: &[Phase], now: u64) -> Result<(), ContractError> {
    let longest = seconds_max(source).ok_or(ContractError::ReflexSource { source_name: source })?;
    within("phases", phases.len(), 1..=PHASES_MAX)?;
    let mut start = now;
    // Bounded by PHASES_MAX.
    for (index, phase) in phases.iter().enumerate() {
        ensure(phase.until > start, "until of a phase", &format!("after {start}"), phase.until)?;
        let latest = now.saturating_add(longest);
        ensure(phase.until <= latest, "until of a phase", &format!("at most {latest}"), phase.until)?;
        start = phase.until;
        let wanted = if index == 0 { Level::Frozen } else { Level::ReduceOnly };
        let found = phase.posture.level;
        if found > wanted {
            return Err(ContractError::LevelNotAllowed { source_name: source, phase: index, wanted, found });
        }
        posture(phase.posture.checked()?)?;
    }
    Ok(())
}

/// A level is a name for people, and other code asks it (the guardian's budgets, the budgets here): a posture may
/// not do under a mild name what only a harsh one may. So below `Frozen` nothing makes liquidation or orders wait and
/// nothing shuts the outflows, and below `ReduceOnly` nothing refuses all exposure or keeps liquidity
/// providers in, or the council's budget would count none of it.
fn posture(posture: Posture) -> Result<(), ContractError> {
    let needs = |applies: bool, what: &'static str, wanted: Level| {
        if applies && posture.level < wanted {
            return Err(ContractError::PostureBeyondLevel { what, wanted, found: posture.level });
        }
        Ok(())
    };
    needs(true, "restrict at all", Level::Guarded)?;
    needs(posture.exposure_raising == OrderAccess::None, "refuse all exposure", Level::ReduceOnly)?;
    needs(posture.lp_exit == LpExit::Queue, "keep liquidity providers in", Level::ReduceOnly)?;
    needs(posture.liquidation == LiquidationAccess::Waits, "make liquidation wait", Level::Frozen)?;
    needs(posture.order_execution == OrderExecution::Waits, "make orders wait", Level::Frozen)?;
    needs(posture.outflow_factor == BasisPoints(0), "shut the outflows", Level::Frozen)
}
