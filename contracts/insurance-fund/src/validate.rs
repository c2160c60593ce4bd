//! Parameters are compared with the bounds in the messages' doc comments, once, where they enter.

use crate::error::ContractError;
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_risk::Ratio;

/// No claim window is shorter: seconds.
pub const CLAIM_WINDOW_MIN: u64 = 3_600;

/// Errors: [`ContractError::OutOfBounds`].
pub fn config(config: FundConfig) -> Result<FundConfig, ContractError> {
    seconds("cooldown_seconds", config.cooldown_seconds, 3_600, 2_592_000)?;
    // A window longer than the cool-down would let a staker who always has a request open leave at most moments at
    // once.
    seconds(
        "claim_window_seconds",
        config.claim_window_seconds,
        CLAIM_WINDOW_MIN,
        config.cooldown_seconds.min(604_800),
    )?;
    let hold_max = config.cooldown_seconds.saturating_sub(config.claim_window_seconds);
    seconds("cover_hold_seconds", config.cover_hold_seconds, 0, hold_max)?;
    seconds("cover_window_seconds", config.cover_window_seconds, 60, 604_800)?;
    at_most("fee_share_stakers", config.fee_share_stakers, Ratio::ONE)?;
    at_most("cover_share_max", config.cover_share_max, Ratio::ONE)?;
    at_most("cover_share_per_market_max", config.cover_share_per_market_max, config.cover_share_max)?;
    at_most("deductible_ratio", config.deductible_ratio, Ratio::percent(50))?;
    at_most("inject_share_max", config.inject_share_max, Ratio::ONE)?;
    at_most("stress_loss_ratio", config.stress_loss_ratio, Ratio::ONE)?;
    Ok(config)
}

/// Bounds: what a bank takes, 3 to 128 bytes; a typo here would lock the fund.
pub fn denom(denom: String) -> Result<String, ContractError> {
    if (3..=128).contains(&denom.len()) {
        return Ok(denom);
    }
    Err(ContractError::OutOfBounds { what: "denom", wanted: "3 to 128 bytes".into(), found: denom.len().to_string() })
}

fn seconds(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), ContractError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ContractError::OutOfBounds { what, wanted: format!("{min} to {max}"), found: found.to_string() })
}

fn at_most(what: &'static str, found: Ratio, max: Ratio) -> Result<(), ContractError> {
    if found <= max {
        return Ok(());
    }
    Err(ContractError::OutOfBounds { what, wanted: format!("at most {max}"), found: found.to_string() })
}
