//! The delay class of a call: a function of the target, the message and its direction, never of the person.
//!
//! The shortest class is for what takes nothing from anybody and loosens nothing. Of a market's configuration that is seen by
//! comparison with what the vault answers now, at the scheduling and again at the execution: what has become a loosening since
//! waits like one. So is how far a step goes that the market's, the vault's or the fund's parameters take ([`step`](crate::step)).
//!
//! Messages are read as the target's own type, so a new variant does not compile here until somebody decides its class.
//! Whatever is not understood waits longest.

mod own;
mod steps;
mod targets;

use crate::changes;
use crate::error::ContractError;
use crate::json::{ensure_one_message, message_name};
use crate::present::{compared, text, told, PresentNow};
use crate::state::{later, DELAYS, SUITE};
use cosmwasm_std::{Api, Binary, Coin, Deps, Env, Storage};
use firebreak_messages::guardian::{
    Call, DelayClass, Delays, Operation, Step, SuiteResponse, CALL_COINS_MAX, DRY_RUN_ROOM_SECONDS,
    EXECUTION_WINDOW_MAX_SECONDS,
};
use firebreak_messages::time::now;
use targets::{breaker_message, fund_message, oracle_message, tightens, vault_message};

/// What the guardian knows of the addresses that it may call, and of today's delays.
pub struct Known {
    own: String,
    pub suite: SuiteResponse,
    pub delays: Delays,
    now: u64,
}

/// When an operation may be executed. Seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    pub ready_at: u64,
    /// Bounds of `not_after`.
    pub first: u64,
    pub last: u64,
}

/// A class and the reason for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Classified {
    pub class: DelayClass,
    pub reason: &'static str,
}

const fn parameters(reason: &'static str) -> Classified {
    Classified { class: DelayClass::Parameters, reason }
}
const fn roles(reason: &'static str) -> Classified {
    Classified { class: DelayClass::Roles, reason }
}
const fn code(reason: &'static str) -> Classified {
    Classified { class: DelayClass::Code, reason }
}

/// A message of a component that governs nothing: no reason to send it, so no reason to hurry.
const NOT_GOVERNANCE: Classified = code("a message that configures nothing");
/// Whichever way they move, as far as one step goes.
const PARAMETERS: Classified = roles("parameters");
const LARGE_STEP: Classified = code("parameters in more than one step, or nothing to compare them with");
const UNKNOWN_MESSAGE: Classified = code("an unknown message");

impl Known {
    pub fn load(storage: &dyn Storage, env: &Env) -> Result<Self, ContractError> {
        let (suite, delays) = (SUITE.load(storage)?, DELAYS.load(storage)?);
        Ok(Self::new(env.contract.address.to_string(), suite, delays, now(env)))
    }

    /// What the guardian of this address knows at a moment: for whoever renders a proposal off chain, so that its class is
    /// this code's and no copy's.
    pub fn new(own: String, suite: SuiteResponse, delays: Delays, now: u64) -> Self {
        Self { own, suite, delays, now }
    }

    /// When an operation that is scheduled now is ready, and the first and the last `not_after` that it may have.
    ///
    /// An approval that never ends is a weapon in a drawer. One that ends before the dry run gives way could be run out
    /// by whoever keeps an account on the edge: that would be the veto that the dry run is not. One that sets a feed has as
    /// much room: whoever executes configurations of the vault before it holds it up for a `roles` delay at most.
    pub fn window(&self, class: DelayClass, calls: &[Call]) -> Result<Window, ContractError> {
        let ready_at = later(self.now, self.delay(class))?;
        let held = if calls.iter().any(|call| self.configures_vault(call) || self.sets_feed(call)) {
            later(self.delays.roles, DRY_RUN_ROOM_SECONDS)?
        } else {
            0
        };
        let free_at = later(ready_at, held)?;
        let (first, last) = (free_at.max(later(ready_at, 1)?), later(free_at, EXECUTION_WINDOW_MAX_SECONDS)?);
        Ok(Window { ready_at, first, last })
    }

    /// The delay of a class today, seconds.
    pub fn delay(&self, class: DelayClass) -> u64 {
        delay(&self.delays, class)
    }

    /// The slowest class among the calls that are scheduled now, as vault and fund are configured now.
    pub fn slowest(&self, deps: Deps, calls: &[Call]) -> Result<DelayClass, ContractError> {
        self.slowest_of(deps, calls, &|_| Ok(LARGE_STEP.class))
    }

    /// The same at the execution. How far a step goes was judged when it was scheduled: what a playbook's run has tightened since, and
    /// gives back, holds up nobody's decision. What the timelock has configured since does: else steps would add up behind an old operation,
    /// and it would take all of them back at once.
    ///
    /// Errors: [`ContractError::DecidedSince`], and those of [`Self::classify`].
    pub fn slowest_at_execution(&self, deps: Deps, record: &Operation) -> Result<DelayClass, ContractError> {
        self.slowest_of(deps, &record.calls, &|call| {
            let (found, wanted) = (record.operation, record.operation.saturating_add(1));
            // The same second counts: it was scheduled in front of what was executed behind it.
            let since = record.scheduled_at.saturating_sub(1);
            if record.class < DelayClass::Code && self.is_configured_since(deps.storage, call, since)? {
                return Err(ContractError::DecidedSince { about: "what it configures".into(), wanted, found });
            }
            Ok(PARAMETERS.class)
        })
    }

    /// The slowest class among calls. `long_step`: that of one whose parameters go further than a step.
    fn slowest_of(
        &self,
        deps: Deps,
        calls: &[Call],
        long_step: &dyn Fn(&Call) -> Result<DelayClass, ContractError>,
    ) -> Result<DelayClass, ContractError> {
        let mut slowest = DelayClass::Parameters;
        // Bounded by CALLS_MAX.
        for call in calls {
            let classified = self.class_now(deps, call)?;
            slowest = slowest.max(if classified == LARGE_STEP { long_step(call)? } else { classified.class });
        }
        Ok(slowest)
    }

    /// Whether the timelock has configured what a call would, a playbook whatever vault and fund have, since this time.
    fn is_configured_since(&self, storage: &dyn Storage, call: &Call, since: u64) -> Result<bool, ContractError> {
        let Call::Execute { contract, msg, .. } = call else { return Ok(false) };
        if *contract != self.own {
            return changes::is_configured_since(storage, contract, msg, since);
        }
        // No message is one about all that a contract has.
        let any = |contract| changes::is_configured_since(storage, contract, &Binary::default(), since);
        Ok(any(&self.suite.derivatives_vault)? || any(&self.suite.insurance_fund)?)
    }

    /// The class of a call as the vault is configured now. Errors: those of [`Self::classify`].
    #[inline(never)]
    pub fn class_now(&self, deps: Deps, call: &Call) -> Result<Classified, ContractError> {
        self.classify(deps.api, &|contract, market| told(deps, contract, market), call)
    }

    /// Asks vault and fund for what the call would configure, a playbook's calls included. Errors: an address that is none, [`ContractError::SeveralMessages`], [`ContractError::RestrictionSource`],
    /// [`ContractError::OwnMessage`], [`ContractError::OutOfBounds`].
    pub fn classify(&self, api: &dyn Api, present: PresentNow, call: &Call) -> Result<Classified, ContractError> {
        match call {
            Call::Migrate { contract, .. } => {
                api.addr_validate(contract)?;
                Ok(code("a migration"))
            }
            Call::Execute { contract, msg, funds } => {
                let contract = api.addr_validate(contract)?.into_string();
                ensure_one_message(msg)?;
                let now = self.compared_with(present, &contract, msg);
                let tightening =
                    if contract == self.suite.derivatives_vault { tightens(text(msg), &now) } else { None };
                let by_message = tightening.map_or_else(|| self.by_message(api, present, &now, &contract, msg), Ok)?;
                with_coins(by_message, funds)
            }
        }
    }

    /// What vault or fund has configured of what a message would: asked once, for all who compare with it. Nothing of another contract.
    fn compared_with(&self, present: PresentNow, contract: &str, msg: &Binary) -> String {
        if contract != self.suite.derivatives_vault && contract != self.suite.insurance_fund {
            return String::new();
        }
        compared(text(msg)).map(|market| present(contract, market)).unwrap_or_default()
    }

    /// Whether a call changes who says what a price is.
    pub fn sets_feed(&self, call: &Call) -> bool {
        matches!(call, Call::Execute { contract, msg, .. } if self.is_feed(contract, msg))
    }

    /// Whether a call changes what may be lost on a price: caps, margins, the vault's parameters, a settlement at its median.
    pub fn configures_vault(&self, call: &Call) -> bool {
        matches!(call, Call::Execute { contract, msg, .. } if self.is_vault_configuration(contract, msg))
    }

    pub fn step_sets_feed(&self, step: &Step) -> bool {
        matches!(step, Step::Call { contract, msg } if self.is_feed(contract, msg))
    }

    pub fn step_configures_vault(&self, step: &Step) -> bool {
        match step {
            Step::Restrict(_) | Step::Contest { .. } => false,
            // At a median of what the feeders say.
            Step::Settle { .. } => true,
            Step::Call { contract, msg } => self.is_vault_configuration(contract, msg),
        }
    }

    /// The contract whose parameters a call decides, and its message. Restrictions and their ends decide none, nor do contests and what is
    /// ruled on them, nor coins for a pool: a playbook's word on the same contract is as good after these as before.
    pub fn configured<'a>(&self, call: &'a Call) -> Option<(&'a String, &'a Binary)> {
        let Call::Execute { contract, msg, .. } = call else { return None };
        let name = message_name(msg);
        let decides_none = match name.as_deref() {
            Some("restrict" | "lift") => *contract == self.suite.circuit_breaker,
            Some("contest_market" | "cut_contested") => *contract == self.suite.derivatives_vault,
            Some("inject") => *contract == self.suite.insurance_fund,
            _ => false,
        };
        (*contract != self.own && !decides_none).then_some((contract, msg))
    }

    fn is_feed(&self, contract: &str, msg: &Binary) -> bool {
        *contract == self.suite.oracle
            && matches!(
                message_name(msg).as_deref(),
                // The last one back to the first sources: as much another word on the price as the way there.
                Some("set_feed" | "promote_fallback" | "demote_fallback")
            )
    }

    fn is_vault_configuration(&self, contract: &str, msg: &Binary) -> bool {
        *contract == self.suite.derivatives_vault
            && matches!(
                message_name(msg).as_deref(),
                Some("configure" | "configure_market" | "settle_market" | "settle_vault")
            )
    }

    /// `now`: [what it is compared with](Self::compared_with).
    fn by_message(
        &self,
        api: &dyn Api,
        present: PresentNow,
        now: &str,
        contract: &str,
        msg: &Binary,
    ) -> Result<Classified, ContractError> {
        if contract == self.own {
            self.own_message(api, present, msg)
        } else if contract == self.suite.oracle {
            Ok(oracle_message(msg))
        } else if contract == self.suite.circuit_breaker {
            breaker_message(msg, self.now)
        } else if contract == self.suite.insurance_fund {
            Ok(fund_message(msg, now))
        } else if contract == self.suite.derivatives_vault {
            Ok(vault_message(msg, now))
        } else {
            Ok(code("a call of an unknown contract"))
        }
    }
}

pub fn delay(delays: &Delays, class: DelayClass) -> u64 {
    match class {
        DelayClass::Parameters => delays.parameters,
        DelayClass::Roles => delays.roles,
        DelayClass::Code => delays.code,
    }
}

/// No configuration takes coins. Those of the guardian leave in the slowest class only.
fn with_coins(classified: Classified, funds: &[Coin]) -> Result<Classified, ContractError> {
    if funds.len() > CALL_COINS_MAX {
        return Err(ContractError::OutOfBounds {
            what: "kinds of coins of a call",
            wanted: format!("at most {CALL_COINS_MAX}"),
            found: funds.len().to_string(),
        });
    }
    Ok(if funds.is_empty() { classified } else { code("coins of the guardian") })
}
