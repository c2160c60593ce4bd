//! The delay class of a message to oracle, breaker, fund or vault.

use super::{code, parameters, roles, Classified, LARGE_STEP, NOT_GOVERNANCE, PARAMETERS, UNKNOWN_MESSAGE};
use crate::error::ContractError;
use crate::harm::{only_bars_exposure, Direction};
use crate::json::message_name;
use crate::present::text;
use crate::step::is_one_step;
use crate::written::{contest_of, inside, market_of};
use cosmwasm_std::{from_json, Binary};
use firebreak_messages::guardian::RESTRICTION_LONG_SECONDS;
use firebreak_messages::{circuit_breaker, insurance_fund, oracle, Source};
use firebreak_risk::{Level, Posture};

pub(super) fn oracle_message(msg: &Binary) -> Classified {
    use oracle::ExecuteMsg;
    let Ok(message) = from_json::<ExecuteMsg>(msg) else { return UNKNOWN_MESSAGE };
    match message {
        // Feeders and their quorum are people, not figures: whoever swaps them owns the price, so this waits like a
        // role. A higher cap in the same operation waits with it.
        ExecuteMsg::SetFeed { .. } | ExecuteMsg::PromoteFallback { .. } | ExecuteMsg::DemoteFallback { .. } => {
            roles("who says what the price is")
        }
        ExecuteMsg::SetHook { .. } => roles("who is told of prices"),
        ExecuteMsg::Report { .. } | ExecuteMsg::ReportSigned { .. } | ExecuteMsg::Pull { .. } => NOT_GOVERNANCE,
    }
}

/// Errors: [`ContractError::RestrictionSource`].
pub(super) fn breaker_message(msg: &Binary, now: u64) -> Result<Classified, ContractError> {
    use circuit_breaker::ExecuteMsg;
    let Ok(message) = from_json::<ExecuteMsg>(msg) else { return Ok(UNKNOWN_MESSAGE) };
    Ok(match message {
        ExecuteMsg::SetMarket { .. } => PARAMETERS,
        ExecuteMsg::Restrict { source, phases, .. } => {
            // The council's slot is the council's, and a playbook's is the playbooks': a restriction in their name would be
            // accounted to a budget that is not the timelock's.
            if source != Source::Governance {
                return Err(ContractError::RestrictionSource { wanted: Source::Governance, found: source });
            }
            // What is tighter than `Guarded` keeps providers' exits queued: an hour's notice is for days, not for a month.
            let long = now.saturating_add(RESTRICTION_LONG_SECONDS);
            if phases.iter().any(|phase| phase.until > long && !guarded().is_at_least_as_tight_as(phase.posture)) {
                roles("a restriction beyond guarded for more than seven days")
            } else {
                parameters("a restriction, which only tightens")
            }
        }
        // Ends any source's restriction: loosening is slow.
        ExecuteMsg::Lift { .. } => roles("the end of a restriction"),
        ExecuteMsg::SetGuardian { .. } => roles("who is told of trips"),
        ExecuteMsg::SetObservers { .. } => roles("who may attest"),
        ExecuteMsg::Evaluate { .. } | ExecuteMsg::Attest { .. } | ExecuteMsg::Judge { .. } => NOT_GOVERNANCE,
    })
}

const fn guarded() -> Posture {
    Posture::preset(Level::Guarded)
}

pub(super) fn fund_message(msg: &Binary, now: &str) -> Classified {
    use insurance_fund::ExecuteMsg;
    let Ok(message) = from_json::<ExecuteMsg>(msg) else { return UNKNOWN_MESSAGE };
    match message {
        ExecuteMsg::Configure { .. } => by_step(msg, now),
        ExecuteMsg::Inject { .. } => parameters("first loss for a vault's pool, within its window"),
        ExecuteMsg::RegisterVault { .. } | ExecuteMsg::UnregisterVault { .. } => roles("who may draw on the fund"),
        ExecuteMsg::AddFirstLoss {}
        | ExecuteMsg::Stake { .. }
        | ExecuteMsg::RequestUnstake { .. }
        | ExecuteMsg::CancelUnstake { .. }
        | ExecuteMsg::ClaimUnstake { .. }
        | ExecuteMsg::ReceiveFees {}
        | ExecuteMsg::Cover { .. } => NOT_GOVERNANCE,
    }
}

/// What takes nothing from anybody and loosens nothing, by comparison with the market of now: limits on new exposure none of
/// which is wider, and a contest that ends no sooner than the one that is on. A new market is neither: profit in it may vest at
/// once, whatever the others' does.
#[inline(never)]
pub(super) fn tightens(msg: &str, now: &str) -> Option<Classified> {
    if let Some((_, config)) = market_of(msg) {
        let tighter = only_bars_exposure(config, inside(now, &["config"])?, Direction::Tighter);
        return tighter.then_some(parameters("tighter limits of a market"));
    }
    let (_, until) = contest_of(msg)?;
    let stands_until: u64 = inside(now, &["state", "vesting", "anchored_at"])?.parse().ok()?;
    (until >= stands_until).then_some(parameters("a contest of a market's profits"))
}

/// Parameters of vault, market or fund.
fn by_step(msg: &Binary, now: &str) -> Classified {
    if is_one_step(text(msg), now) == Some(true) {
        PARAMETERS
    } else {
        LARGE_STEP
    }
}

/// What is no [tightening](tightens), by name and the length of its step: to parse the vault's messages takes an eighth of this contract's bytes.
/// A message with a known name and wrong fields is refused by the vault when it is executed.
pub(super) fn vault_message(msg: &Binary, now: &str) -> Classified {
    match message_name(msg).as_deref() {
        Some("configure_market" | "configure") => by_step(msg, now),
        Some("contest_market") => roles("a contest of a market's profits"),
        Some("cut_contested") => code("the end of contested profits"),
        // There is no way back from either, and everybody's positions end.
        Some("settle_market") => code("the end of a market"),
        Some("settle_vault") => code("the end of the vault"),
        Some(name) if VAULT_USERS.contains(&name) => NOT_GOVERNANCE,
        Some(_) | None => UNKNOWN_MESSAGE,
    }
}

/// What anyone sends to the vault for themselves.
const VAULT_USERS: [&str; 20] = [
    "place_order",
    "place_orders",
    "cancel_order",
    "cancel_orders",
    "execute_orders",
    "add_collateral",
    "withdraw_collateral",
    "liquidate",
    "provide_liquidity",
    "request_liquidity_withdrawal",
    "cancel_liquidity_withdrawal",
    "claim_liquidity_withdrawal",
    "execute_claims",
    "collect_parked",
    "cancel_parked",
    "sweep_fees",
    "report_breach",
    "recapitalize",
    "settle_accounts",
    "pay_settlement",
];

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_schema::schema_for;

    #[test]
    fn every_message_of_the_vault_has_a_class() {
        let schema = serde_json::to_value(schema_for!(firebreak_messages::derivatives_vault::ExecuteMsg)).unwrap();
        let variants = schema["oneOf"].as_array().unwrap();
        assert!(variants.len() > VAULT_USERS.len());
        for variant in variants {
            let name = variant["required"][0].as_str().unwrap();
            let msg = Binary::from(format!("{{\"{name}\":{{}}}}").as_bytes());
            assert_ne!(vault_message(&msg, "").reason, UNKNOWN_MESSAGE.reason, "{name}");
        }
        let drain = Binary::from(b"{\"drain\":{}}");
        assert_eq!(vault_message(&drain, "").reason, UNKNOWN_MESSAGE.reason);
    }
}
