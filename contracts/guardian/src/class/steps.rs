//! The delay class of a playbook, and what none may do.

use super::{code, roles, Classified, Known, LARGE_STEP};
use crate::changes::configures;
use crate::error::ContractError;
use crate::harm::Direction;
use crate::json::{ensure_one_message, message_name};
use crate::present::{forces_nobody, text, PresentNow};
use crate::validate;
use cosmwasm_std::{Api, Binary};
use firebreak_messages::guardian::{Playbook, Step, SuiteResponse};

impl Known {
    /// The slowest class among a playbook's steps and its undo, and `roles` at least: who may run it is a power.
    ///
    /// Errors: [`ContractError::StepNotAllowed`], and those of [`Self::classify`].
    pub(super) fn playbook(
        &self,
        api: &dyn Api,
        present: PresentNow,
        playbook: &Playbook,
    ) -> Result<Classified, ContractError> {
        validate::playbook(playbook)?;
        let mut slowest = roles("a playbook");
        // Bounded by twice STEPS_MAX.
        for step in playbook.steps.iter().chain(&playbook.undo) {
            let (contract, msg) = match step {
                Step::Restrict(_) | Step::Contest { .. } => continue,
                Step::Settle { .. } => {
                    slowest = code("a playbook that settles");
                    continue;
                }
                Step::Call { contract, msg } => (contract, msg),
            };
            let contract = api.addr_validate(contract)?.into_string();
            ensure_one_message(msg)?;
            self.ensure_step(&contract, msg)?;
            // What forces nobody goes as far as it was approved to: a cap to its least, a limiter to its floor. An undo that gives back what
            // is there now changes nothing; one that gives more is judged like any loosening.
            let now = self.compared_with(present, &contract, msg);
            let harmless = contract == self.suite.derivatives_vault && forces_nobody(&now, text(msg), Direction::Run);
            if harmless {
                continue;
            }
            let found = self.by_message(api, present, &now, &contract, msg)?;
            if found.class > slowest.class {
                slowest = if found == LARGE_STEP { LARGE_STEP } else { code("a step of the slowest class") };
            }
        }
        // Sources that were thought compromised come back through the timelock alone, as with `demote_fallback`.
        if playbook.undo.iter().any(|step| self.step_sets_feed(step)) {
            return Err(ContractError::StepNotAllowed { what: "a feed in an undo" });
        }
        Ok(slowest)
    }

    /// What a playbook may not do at all, whoever approved it: act on the guardian or on strangers, end or add restrictions
    /// (an approved step of its own has that word, with a budget), or wire the suite.
    fn ensure_step(&self, contract: &str, msg: &Binary) -> Result<(), ContractError> {
        let refuse = |what| Err(ContractError::StepNotAllowed { what });
        let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = &self.suite;
        if ![oracle, circuit_breaker, insurance_fund, derivatives_vault].iter().any(|known| *known == contract) {
            return refuse("a message to another contract than oracle, breaker, fund and vault");
        }
        // By name, as of the vault: no other contract of the four has a message of such a name.
        let name = message_name(msg).unwrap_or_default();
        if let Some(what) = NO_STEPS.iter().find(|refused| **refused == name) {
            return refuse(what);
        }
        // What a run changes, and what is stale of it, is told by the text: one that says the same in another way would be about something else.
        let as_written = text(msg).strip_prefix("{\"").and_then(|rest| rest.strip_prefix(&*name));
        let about_one = ABOUT_ONE.contains(&&*name) || (name == "configure" && contract == derivatives_vault);
        if as_written.is_some_and(|rest| rest.starts_with("\":")) && (!about_one || configures(contract, msg).is_some())
        {
            return Ok(());
        }
        refuse("a message that is not as the contracts write it")
    }
}

/// What no playbook sends.
const NO_STEPS: [&str; 10] = [
    "set_hook",
    // Back to the sources that were thought compromised: that is loosening, and takes the timelock.
    "demote_fallback",
    "lift",
    "restrict",
    "set_guardian",
    "set_observers",
    "register_vault",
    "unregister_vault",
    // With a time of its own, which may be over: that would end a contest. The step of this name cannot.
    "contest_market",
    "cut_contested",
];

/// What a playbook sends about one market or feed.
const ABOUT_ONE: [&str; 5] = ["configure_market", "settle_market", "set_market", "set_feed", "promote_fallback"];
