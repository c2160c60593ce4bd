//! What a playbook may not ask of open positions: it runs at once, without a dry run.

use crate::error::ContractError;
use crate::json::message_name;
use crate::present::{text, told};
use crate::state::SUITE;
use crate::written::{decimal, inside, market_of};
use cosmwasm_std::Deps;
use firebreak_messages::guardian::{Playbook, Step};

/// Refuses a step, or a step of the undo, that asks for more maintenance margin or a higher fee than its market does now, or whose text is not as
/// this suite writes it. What lowers it later, lowers it through the timelock, and makes the step stale.
///
/// Errors: [`ContractError::StepNotAllowed`].
pub fn ensure_no_higher(deps: Deps, playbook: &Playbook) -> Result<(), ContractError> {
    let vault = SUITE.load(deps.storage)?.derivatives_vault;
    // Bounded by twice STEPS_MAX.
    for step in playbook.steps.iter().chain(&playbook.undo) {
        let Step::Call { contract, msg } = step else { continue };
        if *contract != vault || message_name(msg).as_deref() != Some("configure_market") {
            continue;
        }
        let new = market_of(text(msg)).and_then(|(market, config)| Some((market, Margins::of(config)?)));
        let allowed = match new {
            Some((market, new)) => {
                let answer = told(deps, &vault, Some(market));
                let today = inside(&answer, &["config"]).and_then(Margins::of);
                today.is_some_and(|today| new.no_higher(&today))
            }
            None => false,
        };
        if !allowed {
            return Err(ContractError::StepNotAllowed { what: "a higher maintenance margin or fee than today's" });
        }
    }
    Ok(())
}

/// What a position may owe: by its notional, by its share of the skew scale, and the least amount. A skew scale changes in an
/// empty market only. In units that only these numbers share.
struct Margins([i128; 4]);

impl Margins {
    /// `None`: a text that is none, or figures beyond every bound of the vault.
    fn of(config: &str) -> Option<Self> {
        let margin = inside(config, &["margin"])?;
        let figure = |name| Some(decimal(inside(margin, &[name])?)?.atoms());
        let scalar = figure("maintenance_scalar")?;
        Some(Self([
            figure("initial_margin_ratio")?.checked_mul(scalar)?,
            figure("initial_margin_slope")?.checked_mul(scalar)?,
            figure("margin_min")?,
            // What closing costs counts against the maintenance margin.
            decimal(inside(config, &["taker_fee_ratio"])?)?.atoms(),
        ]))
    }

    fn no_higher(&self, today: &Self) -> bool {
        self.0.iter().zip(&today.0).all(|(new, today)| new <= today)
    }
}
