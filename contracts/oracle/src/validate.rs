//! The border: configuration is checked here against the bounds that `messages` states, and not again inside.

use crate::error::ContractError;
use crate::state::OWNER;
use cosmwasm_std::{Api, Deps, HexBinary, MessageInfo};
use firebreak_messages::oracle::{
    FeedConfig, FeedRules, FeedSetup, Feeder, HookConfig, FEEDERS_MAX, FEEDERS_MIN, MOVE_HOLD_SECONDS,
    REPORT_SPREAD_MAX_SECONDS,
};
use firebreak_messages::FEEDS_MAX;
use firebreak_risk::{Ratio, LEGS_MAX};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

const HOOK_GAS: RangeInclusive<u64> = 100_000..=5_000_000;
const SYMBOL_BYTES: RangeInclusive<usize> = 1..=32;
const AGE_MAX_SECONDS: RangeInclusive<u64> = 1..=600;
/// A held move is published after [`MOVE_HOLD_SECONDS`], if what it is made of still counts then.
const AGE_MAX_WITH_MOVE_MIN: u64 = MOVE_HOLD_SECONDS + REPORT_SPREAD_MAX_SECONDS;
const AGE_LIMIT_SECONDS_MAX: u64 = 3_600;
const WINDOW_SECONDS: RangeInclusive<u64> = 60..=86_400;
const UNCHANGED_ROUNDS_MIN: u32 = 8;
const SILENT_ROUNDS_MIN: u16 = 8;
const PUBLIC_KEY_BYTES: usize = 33;
const PYTH_ID_BYTES: usize = 32;

pub fn no_funds(info: &MessageInfo) -> Result<(), ContractError> {
    if info.funds.is_empty() {
        return Ok(());
    }
    let found = info.funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    Err(ContractError::UnexpectedFunds { found })
}

pub fn owner(deps: Deps, info: &MessageInfo) -> Result<(), ContractError> {
    let owner = OWNER.load(deps.storage)?;
    if info.sender == owner {
        return Ok(());
    }
    Err(ContractError::Unauthorized { wanted: owner.into(), found: info.sender.to_string() })
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

/// Refuses a second occurrence.
pub fn distinct<T: Ord + Display>(what: &'static str, items: impl IntoIterator<Item = T>) -> Result<(), ContractError> {
    let mut seen = BTreeSet::new();
    // Bounded by the caller's own bound on the list.
    for item in items {
        let found = item.to_string();
        if !seen.insert(item) {
            return Err(ContractError::Duplicate { what, found });
        }
    }
    Ok(())
}

/// Bounds: at most [`FEEDS_MAX`] in one message, each once.
pub fn feeds(setups: &[FeedSetup]) -> Result<(), ContractError> {
    within("feeds", setups.len(), 0..=FEEDS_MAX)?;
    distinct("feed", setups.iter().map(|setup| setup.feed))
}

pub fn hook(api: &dyn Api, hook: HookConfig) -> Result<HookConfig, ContractError> {
    Ok(HookConfig {
        contract: api.addr_validate(&hook.contract)?.into(),
        gas_limit: within("gas_limit of the hook", hook.gas_limit, HOOK_GAS)?,
    })
}

pub fn feed(api: &dyn Api, config: FeedConfig) -> Result<FeedConfig, ContractError> {
    within("bytes of a symbol", config.symbol.len(), SYMBOL_BYTES)?;
    let feeders = if config.legs.is_empty() {
        let feeders = feeders(api, config.feeders)?;
        ensure_no_source_decides(&feeders)?;
        quorum(config.quorum, &feeders)?;
        feeders
    } else {
        within("legs", config.legs.len(), 1..=LEGS_MAX)?;
        distinct("leg", config.legs.iter().map(|leg| leg.feed))?;
        within("feeders of a composite feed", config.feeders.len(), 0..=0)?;
        within("quorum of a composite feed", config.quorum, 0..=0)?;
        vec![]
    };
    within("age_max_seconds", config.age_max_seconds, AGE_MAX_SECONDS)?;
    if !config.rules.move_max.is_zero() {
        let bounds = AGE_MAX_WITH_MOVE_MIN..=*AGE_MAX_SECONDS.end();
        within("age_max_seconds with move_max", config.age_max_seconds, bounds)?;
    }
    within("age_limit_seconds", config.age_limit_seconds, config.age_max_seconds..=AGE_LIMIT_SECONDS_MAX)?;
    if config.dispersion_max.is_zero() || config.dispersion_max >= Ratio::ONE {
        return Err(ContractError::OutOfBounds {
            what: "dispersion_max",
            wanted: "above 0 and below 1".into(),
            found: config.dispersion_max.to_string(),
        });
    }
    if config.jump_max.is_zero() {
        return Err(ContractError::OutOfBounds {
            what: "jump_max",
            wanted: "above 0".into(),
            found: config.jump_max.to_string(),
        });
    }
    if config.window_seconds > 0 {
        within("window_seconds", config.window_seconds, WINDOW_SECONDS)?;
    }
    rules(&config.rules, config.jump_max, config.quorum, total_weight(&feeders))?;
    Ok(FeedConfig { feeders, ..config })
}

fn feeders(api: &dyn Api, feeders: Vec<Feeder>) -> Result<Vec<Feeder>, ContractError> {
    within("feeders", feeders.len(), FEEDERS_MIN..=FEEDERS_MAX)?;
    let mut checked = Vec::with_capacity(feeders.len());
    for feeder in feeders {
        within("weight of a feeder", feeder.weight, 1..=u32::MAX)?;
        let address = api.addr_validate(&feeder.address)?.into();
        let public_key = hex("public_key", &feeder.public_key, PUBLIC_KEY_BYTES)?;
        let pyth_id = hex("pyth_id", &feeder.pyth_id, PYTH_ID_BYTES)?;
        if !public_key.is_empty() && !pyth_id.is_empty() {
            let (what, wanted) = ("public_key of a feeder with a pyth_id", "none".into());
            return Err(ContractError::OutOfBounds { what, wanted, found: public_key });
        }
        checked.push(Feeder { address, weight: feeder.weight, public_key, pyth_id });
    }
    distinct("feeder", checked.iter().map(|feeder| feeder.address.as_str()))?;
    // One key in two places would sign twice.
    let keys = checked.iter().map(|feeder| feeder.public_key.as_str());
    distinct("public_key", keys.filter(|key| !key.is_empty()))?;
    // One price at two contracts is one source.
    let ids = checked.iter().map(|feeder| feeder.pyth_id.as_str());
    distinct("pyth_id", ids.filter(|id| !id.is_empty()))?;
    Ok(checked)
}

/// Nothing, or this many bytes, in lower case.
fn hex(what: &'static str, text: &str, bytes: usize) -> Result<String, ContractError> {
    if text.is_empty() {
        return Ok(String::new());
    }
    match HexBinary::from_hex(text) {
        Ok(binary) if binary.len() == bytes => Ok(binary.to_hex()),
        Ok(_) | Err(_) => {
            let wanted = format!("{bytes} bytes as hex");
            Err(ContractError::OutOfBounds { what, wanted, found: text.chars().take(80).collect() })
        }
    }
}

fn rules(rules: &FeedRules, jump_max: Ratio, quorum: u32, total: u64) -> Result<(), ContractError> {
    if rules.move_max.is_zero() {
        within("move_quorum without move_max", rules.move_quorum, 0..=0)?;
    } else {
        within("move_max", rules.move_max, Ratio::ZERO..=jump_max)?;
        within("move_quorum", u64::from(rules.move_quorum), u64::from(quorum)..=total)?;
    }
    if !rules.ceiling.is_zero() && rules.ceiling <= rules.floor {
        return Err(ContractError::OutOfBounds {
            what: "ceiling",
            wanted: format!("above the floor {}", rules.floor),
            found: rules.ceiling.to_string(),
        });
    }
    if rules.unchanged_rounds > 0 {
        within("unchanged_rounds", rules.unchanged_rounds, UNCHANGED_ROUNDS_MIN..=u32::MAX)?;
    }
    if rules.silent_rounds > 0 {
        within("silent_rounds", rules.silent_rounds, SILENT_ROUNDS_MIN..=u16::MAX)?;
    }
    let strays = rules.stray_reports > 0;
    if strays {
        within("stray_ratio", rules.stray_ratio, Ratio::from_atoms(1)..=Ratio::ONE)?;
    }
    if strays || rules.silent_rounds > 0 {
        within("return_reports", rules.return_reports, 1..=u16::MAX)?;
    }
    Ok(())
}

/// At most 15 weights below 2^32: neither the sum nor its triple leaves 64 bits.
fn total_weight(feeders: &[Feeder]) -> u64 {
    feeders.iter().fold(0u64, |sum, feeder| sum.saturating_add(u64::from(feeder.weight)))
}

/// none has more than a third of all weight. A quorum is above two thirds, so whoever has a third is less than half of any,
/// and its price is the median only where it lies among those of the others.
fn ensure_no_source_decides(feeders: &[Feeder]) -> Result<(), ContractError> {
    let total = total_weight(feeders);
    match feeders.iter().find(|feeder| u64::from(feeder.weight).saturating_mul(3) > total) {
        None => Ok(()),
        Some(feeder) => Err(ContractError::OutOfBounds {
            what: "weight of a feeder",
            wanted: format!("at most a third of the weight {total}"),
            found: feeder.weight.to_string(),
        }),
    }
}

/// Above two thirds of all weight: below that, liars of a third of the weight are half of a quorum and choose the price.
fn quorum(quorum: u32, feeders: &[Feeder]) -> Result<(), ContractError> {
    let total = total_weight(feeders);
    let tripled = u64::from(quorum).saturating_mul(3);
    if tripled > total.saturating_mul(2) && u64::from(quorum) <= total {
        return Ok(());
    }
    Err(ContractError::OutOfBounds {
        what: "quorum",
        wanted: format!("above two thirds of the weight {total} and at most all of it"),
        found: quorum.to_string(),
    })
}
