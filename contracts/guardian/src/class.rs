//! The delay class of a call: a function of the target, the message and its direction, never of the person.
//!
//! The shortest class is for what takes nothing from anybody and loosens nothing. Of a market's configuration that is seen by
//! comparison with what the vault answers now, at the scheduling and again at the execution: what has become a loosening since
//! waits like one. So is how far a step goes that the market's, the vault's or the fund's parameters take ([`step`](crate::step)).
//!
//! Messages are read as the target's own type, so a new variant does not compile here until somebody decides its class.
//! Whatever is not understood waits longest.

use crate::changes::{configures, is_stale};
use crate::error::ContractError;
use crate::harm::{contest_of, inside, market_of, only_bars_exposure, Direction};
use crate::json::{ensure_one_message, message_name};
use crate::present::{forces_nobody, text, told, PresentNow};
use crate::state::{later, DELAYS, SUITE};
use crate::step::is_one_step;
use crate::validate;
use cosmwasm_std::{from_json, Api, Binary, Coin, Deps, Env, Storage};
use firebreak_messages::guardian::{
    Call, DelayClass, Delays, ExecuteMsg, Operation, Playbook, Step, SuiteResponse, CALL_COINS_MAX,
    DRY_RUN_ROOM_SECONDS, EXECUTION_WINDOW_MAX_SECONDS, RESTRICTION_LONG_SECONDS,
};
use firebreak_messages::time::now;
use firebreak_messages::{circuit_breaker, insurance_fund, oracle, Source};
use firebreak_risk::{Level, Posture};

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
        let mut slowest = DelayClass::Parameters;
        // Bounded by CALLS_MAX.
        for call in calls {
            slowest = slowest.max(self.class_now(deps, call)?.class);
        }
        Ok(slowest)
    }

    /// The same at the execution. How far a step goes was judged when it was scheduled: what a playbook's run has tightened since, and
    /// gives back, holds up nobody's decision. What the timelock has configured since does: else steps would add up behind an old operation,
    /// and it would take all of them back at once.
    ///
    /// Errors: [`ContractError::DecidedSince`], and those of [`Self::classify`].
    pub fn slowest_at_execution(&self, deps: Deps, record: &Operation) -> Result<DelayClass, ContractError> {
        let mut slowest = DelayClass::Parameters;
        // Bounded by CALLS_MAX.
        for call in &record.calls {
            let classified = self.class_now(deps, call)?;
            if classified != LARGE_STEP {
                slowest = slowest.max(classified.class);
                continue;
            }
            slowest = slowest.max(PARAMETERS.class);
            let (found, wanted) = (record.operation, record.operation.saturating_add(1));
            if record.class < DelayClass::Code && self.is_configured_since(deps.storage, call, record.scheduled_at)? {
                return Err(ContractError::DecidedSince { about: "what it configures".into(), wanted, found });
            }
        }
        Ok(slowest)
    }

    /// Whether the timelock has configured what a call would, a playbook whatever vault and fund have, since this time.
    fn is_configured_since(&self, storage: &dyn Storage, call: &Call, since: u64) -> Result<bool, ContractError> {
        let Call::Execute { contract, msg, .. } = call else { return Ok(false) };
        if *contract != self.own {
            return is_stale(storage, &Step::Call { contract: contract.clone(), msg: msg.clone() }, since);
        }
        let all = |contract: &String| Step::Call { contract: contract.clone(), msg: Binary::default() };
        Ok(is_stale(storage, &all(&self.suite.derivatives_vault), since)?
            || is_stale(storage, &all(&self.suite.insurance_fund), since)?)
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
                let now = |market| present(&contract, market);
                let tightening =
                    if contract == self.suite.derivatives_vault { tightens(text(msg), &now) } else { None };
                let by_message = tightening.map_or_else(|| self.by_message(api, present, &contract, msg), Ok)?;
                with_coins(by_message, funds)
            }
        }
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

    /// The slowest class among a playbook's steps and its undo, and `roles` at least: who may run it is a power.
    ///
    /// Errors: [`ContractError::StepNotAllowed`], and those of [`Self::classify`].
    fn playbook(&self, api: &dyn Api, present: PresentNow, playbook: &Playbook) -> Result<Classified, ContractError> {
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
            let now = |market| present(&contract, market);
            let harmless = contract == self.suite.derivatives_vault && forces_nobody(&now, text(msg), Direction::Run);
            if harmless {
                continue;
            }
            let found = self.by_message(api, present, &contract, msg)?;
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

    fn by_message(
        &self,
        api: &dyn Api,
        present: PresentNow,
        contract: &str,
        msg: &Binary,
    ) -> Result<Classified, ContractError> {
        let now = |market| present(contract, market);
        if contract == self.own {
            self.own_message(api, present, msg)
        } else if contract == self.suite.oracle {
            Ok(oracle_message(msg))
        } else if contract == self.suite.circuit_breaker {
            breaker_message(msg, self.now)
        } else if contract == self.suite.insurance_fund {
            Ok(fund_message(msg, &now))
        } else if contract == self.suite.derivatives_vault {
            Ok(vault_message(msg, &now))
        } else {
            Ok(code("a call of an unknown contract"))
        }
    }

    fn own_message(&self, api: &dyn Api, present: PresentNow, msg: &Binary) -> Result<Classified, ContractError> {
        let refuse = |message| Err(ContractError::OwnMessage { message });
        let Ok(message) = from_json::<ExecuteMsg>(msg) else { return Ok(UNKNOWN_MESSAGE) };
        match message {
            ExecuteMsg::SetDelays { delays } => self.change_of_delays(delays),
            ExecuteMsg::SetCouncil { .. } => Ok(roles("the council")),
            ExecuteMsg::ProposeRole { .. } | ExecuteMsg::RevokeRole { .. } => Ok(roles("a role")),
            ExecuteMsg::SetPlaybook(playbook) => self.playbook(api, present, &playbook),
            ExecuteMsg::RemovePlaybook { .. } => Ok(roles("a playbook")),
            ExecuteMsg::Schedule { .. } => refuse("schedule"),
            ExecuteMsg::Cancel { .. } => refuse("cancel"),
            ExecuteMsg::Execute { .. } => refuse("execute"),
            ExecuteMsg::Confirm { .. } => refuse("confirm"),
            ExecuteMsg::Signal { .. } => refuse("signal"),
            ExecuteMsg::AcceptRole { .. } => refuse("accept_role"),
            ExecuteMsg::CompleteRole { .. } => refuse("complete_role"),
            ExecuteMsg::AcceptCouncil(_) => refuse("accept_council"),
            ExecuteMsg::RunCalls { .. } => refuse("run_calls"),
            ExecuteMsg::SetSentinel(sentinel) => {
                // Refused here too: else a bad value would be found out only after the wait.
                validate::sentinel(&sentinel)?;
                Ok(roles("a sentinel"))
            }
            ExecuteMsg::RemoveSentinel { .. } => Ok(roles("a sentinel")),
            ExecuteMsg::Trip {} => refuse("trip"),
            ExecuteMsg::AcceptSentinel(_) => refuse("accept_sentinel"),
            ExecuteMsg::Heartbeat {} => refuse("heartbeat"),
            ExecuteMsg::StepDown {} => refuse("step_down"),
            ExecuteMsg::Witness { .. } => refuse("witness"),
            ExecuteMsg::CheckWitnesses { .. } => refuse("check_witnesses"),
            ExecuteMsg::Undo { .. } => refuse("undo"),
            ExecuteMsg::Advance { .. } => refuse("advance"),
            ExecuteMsg::MemberChangedHook { .. } => refuse("member_changed_hook"),
        }
    }

    /// Whoever could shorten the slowest delay after a quick one would own the slowest class at the quick one's price
    /// so a change waits for the slowest delay that it shortens.
    fn change_of_delays(&self, delays: Delays) -> Result<Classified, ContractError> {
        // Refused here too: else a bad value would be found out only after the wait.
        let new = validate::delays(delays)?;
        Ok(if new.code < self.delays.code {
            code("a shorter delay of code")
        } else if new.roles < self.delays.roles {
            roles("a shorter delay of roles")
        } else {
            roles("delays")
        })
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

fn oracle_message(msg: &Binary) -> Classified {
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

fn breaker_message(msg: &Binary, now: u64) -> Result<Classified, ContractError> {
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

fn fund_message(msg: &Binary, now: &dyn Fn(Option<u16>) -> String) -> Classified {
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
fn tightens(msg: &str, now: &dyn Fn(Option<u16>) -> String) -> Option<Classified> {
    if let Some((market, config)) = market_of(msg) {
        let tighter = only_bars_exposure(config, inside(&now(Some(market)), &["config"])?, Direction::Tighter);
        return tighter.then_some(parameters("tighter limits of a market"));
    }
    let (market, until) = contest_of(msg)?;
    let stands_until: u64 = inside(&now(Some(market)), &["state", "vesting", "anchored_at"])?.parse().ok()?;
    (until >= stands_until).then_some(parameters("a contest of a market's profits"))
}

/// Parameters of vault, market or fund.
fn by_step(msg: &Binary, now: &dyn Fn(Option<u16>) -> String) -> Classified {
    if is_one_step(text(msg), now) == Some(true) {
        PARAMETERS
    } else {
        LARGE_STEP
    }
}

/// What is no [tightening](tightens), by name and the length of its step: to parse the vault's messages takes an eighth of this contract's bytes.
/// A message with a known name and wrong fields is refused by the vault when it is executed.
fn vault_message(msg: &Binary, now: &dyn Fn(Option<u16>) -> String) -> Classified {
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
            assert_ne!(vault_message(&msg, &|_| String::new()).reason, UNKNOWN_MESSAGE.reason, "{name}");
        }
        let drain = Binary::from(b"{\"drain\":{}}");
        assert_eq!(vault_message(&drain, &|_| String::new()).reason, UNKNOWN_MESSAGE.reason);
    }
}
