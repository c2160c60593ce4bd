//! What a playbook may not ask of open positions: it runs at once, without a dry run.

use crate::error::ContractError;
use crate::json::message_name;
use crate::state::SUITE;
use cosmwasm_std::{from_json, Deps};
use firebreak_messages::derivatives_vault::{MarketSetup, QueryMsg as VaultQuery};
use firebreak_messages::guardian::{Playbook, Step};
use firebreak_risk::MarginParams;
use serde::Deserialize;

/// The vault's message, with the type that its fields have there.
#[derive(Deserialize)]
struct Message {
    configure_market: MarketSetup,
}
/// Of the vault's answer what is needed; the rest is not read.
#[derive(Deserialize)]
struct Answer {
    config: Margins,
}
#[derive(Deserialize)]
struct Margins {
    margin: MarginParams,
}

/// Refuses a step, or a step of the undo, that asks for more maintenance margin than its market does now. What lowers it
/// later, lowers it through the timelock, and makes the step stale.
///
/// Errors: [`ContractError::StepNotAllowed`]; the vault's own for a market that it does not have.
pub fn ensure_no_higher(deps: Deps, playbook: &Playbook) -> Result<(), ContractError> {
    let vault = SUITE.load(deps.storage)?.derivatives_vault;
    // Bounded by twice STEPS_MAX.
    for step in playbook.steps.iter().chain(&playbook.undo) {
        let Step::Call { contract, msg } = step else { continue };
        if *contract != vault || message_name(msg).as_deref() != Some("configure_market") {
            continue;
        }
        let Message { configure_market: MarketSetup { market, config } } = from_json(msg)?;
        let today: Answer = deps.querier.query_wasm_smart(&vault, &VaultQuery::Market { market })?;
        if is_higher(&config.margin, &today.config.margin) {
            return Err(ContractError::StepNotAllowed { what: "a higher maintenance margin than today's" });
        }
    }
    Ok(())
}

/// Whether a position of any size could owe more: by its notional, by its share of the skew scale, or by the least amount. A skew scale
/// changes in an empty market only.
fn is_higher(new: &MarginParams, today: &MarginParams) -> bool {
    // Exact; what does not fit is beyond every bound of the vault.
    let by = |margin: &MarginParams, of: u128| of.saturating_mul(margin.maintenance_scalar.atoms());
    by(new, new.initial_margin_ratio.atoms()) > by(today, today.initial_margin_ratio.atoms())
        || by(new, new.initial_margin_slope.atoms()) > by(today, today.initial_margin_slope.atoms())
        || new.margin_min > today.margin_min
}
