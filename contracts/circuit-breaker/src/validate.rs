//! The border: configuration and restrictions are checked here against the bounds that `messages` states, and not again
//! inside.

use crate::error::ContractError;
use cosmwasm_std::{Api, MessageInfo};
use firebreak_messages::circuit_breaker::{GuardConfig, LadderStep, MarketSetup, SignalConfig, LADDER_MAX};
use firebreak_messages::{Source, MARKETS_MAX};
use firebreak_risk::{
    BasisPoints, Level, LiquidationAccess, LpExit, OrderAccess, OrderExecution, Phase, Posture, Ratio, PHASES_MAX,
};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

const SIGNAL_GAS: RangeInclusive<u64> = 100_000..=3_000_000;
const BAND_WINDOW_SECONDS: RangeInclusive<u64> = 60..=3_600;
const VELOCITY_WINDOW_SECONDS: RangeInclusive<u64> = 10..=600;
const EXTENSION_SECONDS: RangeInclusive<u64> = 60..=21_600;
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

pub fn guard(config: &GuardConfig) -> Result<(), ContractError> {
    let margin = config.maintenance_margin_ratio;
    ensure(!margin.is_zero() && margin < Ratio::ONE, "maintenance_margin_ratio", "above 0 and below 1", margin)?;
    within("window_seconds of the band rule", config.band.window_seconds, BAND_WINDOW_SECONDS)?;
    within("extension_max_seconds of the band rule", config.band.extension_max_seconds, EXTENSION_SECONDS)?;
    ladder(&config.band.ladder)?;
    within("window_seconds of the velocity rule", config.velocity.window_seconds, VELOCITY_WINDOW_SECONDS)?;
    within("extension_max_seconds of the velocity rule", config.velocity.extension_max_seconds, EXTENSION_SECONDS)?;
    ladder(&config.velocity.ladder)
}

fn ladder(steps: &[LadderStep]) -> Result<(), ContractError> {
    within("steps of a ladder", steps.len(), 1..=LADDER_MAX)?;
    let mut below = Ratio::ZERO;
    // Bounded by LADDER_MAX.
    for step in steps {
        ensure(step.threshold > below, "threshold", "above 0 and growing from step to step", step.threshold)?;
        below = step.threshold;
        // a reflex reaches no further than reduce-only.
        let reflex = matches!(step.level, Level::Guarded | Level::ReduceOnly);
        ensure(reflex, "level of a step", "guarded or reduce-only", step.level)?;
        within("duration_seconds", step.duration_seconds, STEP_SECONDS)?;
        ramp(step)?;
    }
    Ok(())
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

/// The longest that a source may restrict, seconds from now; `None`: not by message.
fn seconds_max(source: Source) -> Option<u64> {
    match source {
        Source::Band | Source::Velocity => None,
        Source::Council | Source::Procedure => Some(DAY.saturating_mul(7)),
        Source::Governance => Some(DAY.saturating_mul(30)),
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
