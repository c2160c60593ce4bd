//! Parameters are parsed at the border; inside nobody checks them again. The bounds are those of the messages' docstrings.

use crate::error::ContractError;
use firebreak_messages::derivatives_vault::{MarketConfig, VaultParameters};
use firebreak_messages::oracle::{DRIFT_MAX_SECONDS, REPORT_SPREAD_MAX_SECONDS};
use firebreak_risk::{Amount, OutflowParams, Ratio, Rounding, Size, GRACE_SECONDS_MAX, SIZE_MAX};

/// 10^18 units: far above everything that can be held, and products with it fit.
const OUTFLOW_MAX: Amount = Amount::from_atoms(1_000_000_000_000_000_000_000_000);
/// A round's price may be made of reports this much older than its time, and its time may be this far ahead of the block's.
const ORDER_DELAY_MIN_SECONDS: u64 = REPORT_SPREAD_MAX_SECONDS + DRIFT_MAX_SECONDS;

pub(crate) fn within(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), ContractError> {
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

/// Above 0, at most 1.
fn share(what: &'static str, found: Ratio) -> Result<(), ContractError> {
    if found.is_zero() {
        return Err(ContractError::OutOfBounds { what, wanted: "above 0".into(), found: found.to_string() });
    }
    at_most(what, found, Ratio::ONE)
}

fn positive_size(what: &'static str, found: Size) -> Result<(), ContractError> {
    if found.is_long() && found.magnitude() <= SIZE_MAX {
        return Ok(());
    }
    Err(ContractError::OutOfBounds { what, wanted: "above 0, at most 10000000000000".into(), found: found.to_string() })
}

pub fn vault_parameters(parameters: VaultParameters) -> Result<VaultParameters, ContractError> {
    const HOUR: u64 = 3_600;
    const MONTH: u64 = 2_592_000;
    let fee_max = Amount::from_units(100);
    if parameters.execution_fee.is_zero() || parameters.execution_fee > fee_max {
        let (what, wanted) = ("execution_fee", format!("1 to {fee_max}"));
        return Err(ContractError::OutOfBounds { what, wanted, found: parameters.execution_fee.to_string() });
    }
    within("order_delay_seconds", parameters.order_delay_seconds, ORDER_DELAY_MIN_SECONDS, 300)?;
    within("lp_cooldown_seconds", parameters.lp_cooldown_seconds, HOUR, MONTH)?;
    let quarter = parameters.lp_cooldown_seconds.checked_div(4).unwrap_or(0);
    within("lp_claim_window_seconds", parameters.lp_claim_window_seconds, 300, quarter)?;
    within("grace_seconds", parameters.grace_seconds, 60, GRACE_SECONDS_MAX)?;
    within("cover_gas_limit", parameters.cover_gas_limit, 100_000, 3_000_000)?;
    at_most("uncollected_share", parameters.uncollected_share, Ratio::percent(80))?;
    let (share, share_max) = (parameters.insurance_fee_share, parameters.insurance_fee_share_max);
    at_most("insurance_fee_share", share, share_max.unwrap_or(Ratio::ONE))?;
    at_most("insurance_fee_share_max", share_max.unwrap_or(share), Ratio::ONE)?;
    at_most("stress_loss_ratio", parameters.stress_loss_ratio, Ratio::ONE)?;
    at_most("deposit_move", parameters.deposit_move, Ratio::percent(10))?;
    at_most("reserve_ratio", parameters.reserve_ratio, Ratio::ONE)?;
    at_most("withdrawal_margin_ratio", parameters.withdrawal_margin_ratio, Ratio::ONE)?;
    outflow(&parameters.outflow)?;
    Ok(parameters)
}

fn outflow(found: &OutflowParams) -> Result<(), ContractError> {
    within("outflow.deposit_delay_seconds", found.deposit_delay_seconds, 600, 21_600)?;
    at_most("outflow.day_ratio", found.day_ratio, Ratio::ONE)?;
    at_most("outflow.hour_ratio", found.hour_ratio, found.day_ratio)?;
    if found.hour_min.is_zero() || found.hour_min > found.day_min || found.day_min > OUTFLOW_MAX {
        return Err(ContractError::OutOfBounds {
            what: "outflow.hour_min",
            wanted: format!("above 0, at most outflow.day_min {}, and that at most {OUTFLOW_MAX}", found.day_min),
            found: found.hour_min.to_string(),
        });
    }
    Ok(())
}

pub fn market_config(config: MarketConfig) -> Result<MarketConfig, ContractError> {
    within("gap_seconds", config.gap_seconds, 1, u64::MAX)?;
    within("gap_rounds", config.gap_rounds.into(), 0, 6)?;
    within("liquidation.throttle_seconds", config.liquidation.throttle_seconds, 0, 3_600)?;
    within("length of symbol", config.symbol.len() as u64, 1, 32)?;
    positive_size("skew_scale", config.skew_scale)?;
    positive_size("open_interest_max", config.open_interest_max)?;
    positive_size("skew_max", config.skew_max)?;
    positive_size("order_size_max", config.order_size_max)?;
    share("account_share_max", config.account_share_max)?;
    share("cap_ramp_daily", config.cap_ramp_daily)?;
    at_most("insurance_ratio_min", config.insurance_ratio_min, Ratio::ONE)?;
    at_most("taker_fee_ratio", config.taker_fee_ratio, Ratio::percent(5))?;
    at_most("limit_band_ratio", config.limit_band_ratio, Ratio::percent(10))?;
    within("vesting_half_life_seconds", config.vesting_half_life_seconds, 0, 604_800)?;
    let margin = &config.margin;
    at_most("margin.initial_margin_ratio", margin.initial_margin_ratio, Ratio::ONE)?;
    at_most("margin.initial_margin_slope", margin.initial_margin_slope, Ratio::percent(1_000))?;
    let maintenance = margin.initial_margin_ratio.times(margin.maintenance_scalar, Rounding::Floor)?;
    if margin.maintenance_scalar >= Ratio::ONE || maintenance.is_zero() {
        return Err(ContractError::OutOfBounds {
            what: "margin.maintenance_scalar",
            wanted: "above 0 and below 1".into(),
            found: margin.maintenance_scalar.to_string(),
        });
    }
    // a swing of the skew from one cap to the other moves an exit price by 2 caps / S. Above what lies between initial and
    // maintenance margin, somebody could make others liquidatable by trading at a constant price, and buy back cheaply what
    // their closing moved; above the maintenance margin, bankrupt.
    let two_caps = config.open_interest_max.magnitude().saturating_mul(2);
    let swing = Ratio::of(two_caps, config.skew_scale.magnitude(), Rounding::Ceil)?;
    let between = Ratio::from_atoms(margin.initial_margin_ratio.atoms().saturating_sub(maintenance.atoms()));
    at_most("2 * open_interest_max / skew_scale", swing, maintenance.min(between))?;
    at_most("funding.rate_max", config.funding.rate_max, Ratio::ONE)?;
    at_most("funding.velocity_max", config.funding.velocity_max, Ratio::percent(1_000))?;
    for (what, found) in [
        ("funding.borrow_low", config.funding.borrow_low),
        ("funding.borrow_high", config.funding.borrow_high),
        ("funding.borrow_kink", config.funding.borrow_kink),
    ] {
        at_most(what, found, Ratio::ONE)?;
    }
    if margin.open_interest_low >= margin.open_interest_high {
        return Err(ContractError::OutOfBounds {
            what: "margin.open_interest_low",
            wanted: "below open_interest_high".into(),
            found: margin.open_interest_low.to_string(),
        });
    }
    let liquidation = &config.liquidation;
    at_most("liquidation.buffer", liquidation.buffer, Ratio::ONE)?;
    at_most("liquidation.keeper_share", liquidation.keeper_share, Ratio::ONE)?;
    // The penalty must not bankrupt an account that was liquidated in time.
    let penalty_max = Ratio::from_atoms(maintenance.atoms().saturating_sub(config.taker_fee_ratio.atoms()));
    at_most("liquidation.penalty_ratio", liquidation.penalty_ratio, penalty_max)?;
    if liquidation.keeper_min > liquidation.keeper_max {
        return Err(ContractError::OutOfBounds {
            what: "liquidation.keeper_min",
            wanted: format!("at most keeper_max {}", liquidation.keeper_max),
            found: liquidation.keeper_min.to_string(),
        });
    }
    // A keeper's floor above the smallest margin could be farmed: open dust, let it be liquidated, collect the difference.
    if liquidation.keeper_min > margin.margin_min {
        return Err(ContractError::OutOfBounds {
            what: "liquidation.keeper_min",
            wanted: format!("at most margin_min {}", margin.margin_min),
            found: liquidation.keeper_min.to_string(),
        });
    }
    if liquidation.size_min.is_short() {
        return Err(ContractError::OutOfBounds {
            what: "liquidation.size_min",
            wanted: "at least 0".into(),
            found: liquidation.size_min.to_string(),
        });
    }
    let most = Amount::from_units(1_000_000_000);
    if margin.margin_min > most {
        return Err(ContractError::OutOfBounds {
            what: "margin.margin_min",
            wanted: format!("at most {most}"),
            found: margin.margin_min.to_string(),
        });
    }
    Ok(config)
}
