//! When the invariants are checked, and what is remembered between steps.

use crate::code::Code;
use crate::invariants::{
    accounts_add_up, coins_are_conserved, fund_covers_what_it_owes, losses_add_up, postures, postures_liquidate_nobody,
    restrictions, restrictions_only_tighten, tightening_changes_nothing_else, vault_covers_what_it_owes, Parameters,
    Scoped, Violation,
};
use crate::meter::Usage;
use crate::world::World;
use cosmwasm_std::{Addr, Event};
use firebreak_messages::circuit_breaker::{PostureRecord, RestrictionLifted, Scope};
use firebreak_messages::derivatives_vault::{LossBooked, LossLedger};
use firebreak_messages::event::{bare_type, Fact};
use firebreak_messages::guardian::PlaybookStep;
use firebreak_risk::Amount;
use std::collections::BTreeMap;

/// Violations that a tally keeps in full; the rest is counted.
const KEPT: usize = 100;

/// How often the invariants that look at every account are checked. The others are checked after every step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checking {
    /// After every n-th step; `Every(1)` is the default of a test.
    Every(u64),
    /// Only the cheap ones.
    CheapOnly,
}

/// What a step is allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nature {
    /// Anything but an end of a restriction.
    Any,
    /// May add restrictions and publish prices, nothing else.
    TightensOnly,
    /// Executes an operation of the timelock: may loosen and change parameters.
    Governs,
}

/// Checks made and violations found.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub checks: u64,
    pub violations: u64,
    /// The first hundred.
    pub kept: Vec<Violation>,
}

/// What the checks remember between steps.
#[derive(Clone)]
pub(crate) struct Ledger {
    checking: Checking,
    panics: bool,
    steps: u64,
    coins_in: u128,
    coins_out: u128,
    postures: BTreeMap<Scoped, PostureRecord>,
    losses: LossLedger,
    pub tally: Tally,
}

impl Ledger {
    pub fn new(checking: Checking, panics: bool) -> Self {
        Self {
            checking,
            panics,
            steps: 0,
            coins_in: 0,
            coins_out: 0,
            postures: BTreeMap::new(),
            losses: LossLedger::default(),
            tally: Tally::default(),
        }
    }

    fn looks_at_everything(&self) -> bool {
        match self.checking {
            Checking::Every(n) => self.steps.is_multiple_of(n.max(1)),
            Checking::CheapOnly => false,
        }
    }

    #[track_caller]
    fn judge(&mut self, result: Result<(), Violation>) {
        self.tally.checks += 1;
        if let Err(violation) = result {
            if self.panics {
                panic!("{violation}");
            }
            self.tally.violations += 1;
            if self.tally.kept.len() < KEPT {
                self.tally.kept.push(violation);
            }
        }
    }
}

/// What a check of invariant 7 compares with.
pub(crate) struct Before {
    parameters: Parameters,
}

/// Looks at what a step must leave alone.
pub(crate) fn before(world: &World, nature: Nature) -> Option<Before> {
    let sampled = nature == Nature::TightensOnly && world.ledger.looks_at_everything();
    sampled.then(|| Before { parameters: Parameters::of(world) })
}

/// Checks everything that is due after a step that went through.
#[track_caller]
pub(crate) fn after(
    world: &mut World,
    before: Option<Before>,
    nature: Nature,
    coins_in: Amount,
    events: &[Event],
    usage: &Usage,
) {
    let everything = world.ledger.looks_at_everything();
    let mut ledger = std::mem::replace(&mut world.ledger, Ledger::new(Checking::CheapOnly, true));
    ledger.steps += 1;
    ledger.coins_in += coins_in.atoms();
    ledger.coins_out += coins_that_left(events, &world.addresses.suite());

    ledger.judge(coins_are_conserved(world, ledger.coins_in, ledger.coins_out));
    ledger.judge(vault_covers_what_it_owes(world));
    if everything || !usage.of(Code::Insurance).is_unchanged() {
        ledger.judge(fund_covers_what_it_owes(world));
    }

    let losses = world.loss_record();
    ledger.judge(losses_add_up(&ledger.losses, &losses, &LossBooked::all(events)));
    ledger.losses = losses;

    // Postures are written by the breaker alone.
    if everything || !usage.of(Code::Breaker).is_unchanged() {
        let postures = postures(world);
        let lifted: Vec<Scope> = match nature {
            Nature::Governs => RestrictionLifted::all(events).into_iter().map(|fact| fact.scope).collect(),
            Nature::Any | Nature::TightensOnly => vec![],
        };
        ledger.judge(restrictions_only_tighten(&ledger.postures, &postures, &lifted, world.now()));
        let restricted = restrictions(&ledger.postures) != restrictions(&postures);
        ledger.postures = postures;
        if restricted {
            ledger.judge(postures_liquidate_nobody(world));
        }
    }

    // What a playbook changes was approved by the timelock, whoever starts it; restrictions are compared above all the same.
    let procedure = !PlaybookStep::all(events).is_empty();
    if nature == Nature::TightensOnly && !procedure {
        ledger.judge(tightening_changes_nothing_else(world, usage, before.as_ref().map(|before| &before.parameters)));
    }
    if everything {
        ledger.judge(accounts_add_up(world));
    }
    world.ledger = ledger;
}

impl World {
    /// Every check now, whatever the sampling says; used at the end of a long run.
    pub fn check_everything(&mut self) {
        let checking = std::mem::replace(&mut self.ledger.checking, Checking::Every(1));
        after(self, None, Nature::Any, Amount::ZERO, &[], &Usage::default());
        self.ledger.checking = checking;
    }
}

/// Coins that a step's bank sends took from the suite to anybody else.
fn coins_that_left(events: &[Event], suite: &[&Addr]) -> u128 {
    let inside = |address: &str| suite.iter().any(|contract| contract.as_str() == address);
    let mut sum = 0;
    for event in events.iter().filter(|event| bare_type(event) == "transfer") {
        let value = |key: &str| {
            event.attributes.iter().find(|attribute| attribute.key == key).map_or("", |attribute| &attribute.value)
        };
        if inside(value("sender")) && !inside(value("recipient")) {
            let digits: String = value("amount").chars().take_while(char::is_ascii_digit).collect();
            sum += digits.parse::<u128>().unwrap_or(0);
        }
    }
    sum
}
