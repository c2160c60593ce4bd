//! Playbooks that change the same target, and runs that did nothing.

use crate::common::*;
use cosmwasm_std::Addr;
use cw_multi_test::{Executor, IntoAddr};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_risk::Level;
use StepOutcome::{Claimed, Done, Failed, Waiting};

/// A message to the breaker about a market, each number another one.
fn rules(chain: &Chain, market: u16, number: u64) -> Step {
    let mut message = set_market(market);
    if let circuit_breaker::ExecuteMsg::SetMarket { config, .. } = &mut message {
        config.block_seconds = number;
    }
    step(execute(&chain.suite.circuit_breaker, &message))
}

/// The numbers of the messages that arrived, in order.
fn numbers(chain: &Chain) -> Vec<u64> {
    let received = chain.received(&chain.suite.circuit_breaker).into_iter();
    let number = |message: circuit_breaker::ExecuteMsg| match message {
        circuit_breaker::ExecuteMsg::SetMarket { config, .. } => Some(config.block_seconds),
        _ => None,
    };
    received.filter_map(|received| number(received.message())).collect()
}

/// A playbook that sets a market of the breaker to a number, and its undo to 1.
fn sets(chain: &Chain, name: &str, market: u16, number: u64, undo_after_seconds: u64) -> Playbook {
    let undo = vec![rules(chain, market, 1)];
    Playbook { undo, undo_after_seconds, ..playbook(name, vec![rules(chain, market, number)]) }
}

fn outcomes(chain: &Chain, run: usize) -> (RunStatus, Vec<StepOutcome>, Vec<StepOutcome>) {
    let run = chain.runs().remove(run - 1);
    (run.status, run.steps, run.undo)
}

// a fast role does not take back what another procedure holds.
#[test]
fn a_run_leaves_to_another_playbook_what_that_one_is_to_undo() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let day = sets(&chain, "day", 1, 7, DAY);
    // Its other step makes it active; then its undo reaches what the first one holds.
    let mut hour = sets(&chain, "hour", 1, 8, HOUR);
    hour.steps.push(rules(&chain, 2, 9));
    hour.undo.push(rules(&chain, 2, 2));
    chain.approve(day);
    chain.approve(hour);
    chain.run_playbook("day").unwrap();
    let response = chain.run_playbook("hour").unwrap();
    let passed_over = PlaybookStep { run: 2, step: 0, undo: false, outcome: Claimed };
    assert!(PlaybookStep::all(&response.events).contains(&passed_over));
    assert_eq!(outcomes(&chain, 2), (RunStatus::Active, vec![Claimed, Done], vec![Waiting; 2]));
    assert_eq!(numbers(&chain), [7, 9]);
    chain.wait(HOUR);
    let response = chain.send(&anyone, &ExecuteMsg::Undo { run: 2 }).unwrap();
    assert_eq!(only::<PlaybookUndone>(&response).run, 2);
    assert_eq!(outcomes(&chain, 2), (RunStatus::Ended, vec![Claimed, Done], vec![Claimed, Done]));
    assert_eq!(numbers(&chain), [7, 9, 2]);
    chain.wait(DAY);
    chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
    assert_eq!(numbers(&chain), [7, 9, 2, 1]);
    // Nobody holds it any more.
    chain.run_playbook("hour").unwrap();
    assert_eq!(numbers(&chain), [7, 9, 2, 1, 8, 9]);
    // A later run of the same playbook takes over what the one before holds.
    chain.wait(HOUR);
    chain.run_playbook("hour").unwrap();
    chain.run_playbook("day").unwrap();
    assert_eq!(outcomes(&chain, 5), (RunStatus::Ended, vec![Claimed], vec![Waiting]));
    assert_eq!(numbers(&chain), [7, 9, 2, 1, 8, 9, 8, 9]);
}

#[test]
fn another_market_another_message_and_what_no_undo_brings_back_are_free() {
    let mut chain = Chain::new();
    let first = sets(&chain, "first", 1, 7, DAY);
    let permanent = playbook("permanent", vec![rules(&chain, 3, 5)]);
    for approved in [first, permanent, sets(&chain, "second", 2, 8, DAY), sets(&chain, "third", 3, 9, DAY)] {
        chain.approve(approved);
    }
    for name in ["first", "permanent", "second", "third"] {
        chain.run_playbook(name).unwrap();
    }
    assert_eq!(numbers(&chain), [7, 5, 8, 9]);
}

#[test]
fn one_message_that_starts_two_runs_lets_the_first_one_have_the_target() {
    let mut chain = Chain::new();
    let signals = vec![SignalTrigger { market: None, rule: None, level: Level::ReduceOnly }];
    for approved in [sets(&chain, "first", 1, 7, DAY), sets(&chain, "second", 1, 8, DAY)] {
        chain.approve(Playbook { signals: signals.clone(), ..approved });
    }
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
    chain.send(&breaker, &msg).unwrap();
    assert_eq!(outcomes(&chain, 1), (RunStatus::Active, vec![Done], vec![Waiting]));
    assert_eq!(outcomes(&chain, 2), (RunStatus::Ended, vec![Claimed], vec![Waiting]));
    assert_eq!(numbers(&chain), [7]);
}

/// An undo step that has been through holds nothing, even where its run still waits for another one.
#[test]
fn a_run_whose_undo_is_stuck_elsewhere_holds_only_what_is_stuck() {
    let mut chain = Chain::new();
    let mut stuck = sets(&chain, "stuck", 1, 7, HOUR);
    stuck.steps.push(rules(&chain, 2, 7));
    stuck.undo.push(rules(&chain, 666, 1));
    for approved in [stuck, sets(&chain, "next", 1, 8, HOUR)] {
        chain.approve(approved);
    }
    let anyone = "anyone".into_addr();
    chain.run_playbook("stuck").unwrap();
    chain.wait(HOUR);
    chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
    assert_eq!(outcomes(&chain, 1), (RunStatus::Active, vec![Done; 2], vec![Done, Failed]));
    chain.run_playbook("next").unwrap();
    chain.wait(HOUR);
    chain.send(&anyone, &ExecuteMsg::Undo { run: 2 }).unwrap();
    assert_eq!(numbers(&chain), [7, 7, 1, 8, 1]);
}

#[test]
fn the_timelock_frees_what_a_removed_playbook_held() {
    let mut chain = Chain::new();
    for approved in [sets(&chain, "first", 1, 7, DAY), sets(&chain, "second", 1, 8, DAY)] {
        chain.approve(approved);
    }
    chain.run_playbook("first").unwrap();
    let guardian = chain.guardian.clone();
    chain.send(&guardian, &ExecuteMsg::RemovePlaybook { playbook: "first".into() }).unwrap();
    chain.run_playbook("second").unwrap();
    assert_eq!(numbers(&chain), [7, 8]);
}

/// Who relays a signal chooses how much gas its steps have: what it makes fail must leave the procedure to the council.
#[test]
fn a_run_of_which_nothing_succeeded_spends_neither_budget_nor_cool_down() {
    let mut chain = Chain::new();
    let signals = vec![SignalTrigger { market: None, rule: None, level: Level::ReduceOnly }];
    let fails = playbook("fails", vec![rules(&chain, 666, 1), rules(&chain, 666, 2)]);
    chain.approve(Playbook { signals, runs_max: 1, ..fails });
    let breaker = Addr::unchecked(chain.suite.circuit_breaker.clone());
    let msg = chain.signal_msg(BTC, Level::ReduceOnly, chain.now());
    for _ in 0..9 {
        chain.send(&breaker, &msg).unwrap();
    }
    let now = chain.now();
    let found = chain.playbooks().remove(0);
    assert_eq!((found.runs, found.free_at, chain.runs().len()), (0, now, 9));
    chain.run_playbook("fails").unwrap();
    assert_eq!(outcomes(&chain, 10), (RunStatus::Ended, vec![Failed; 2], vec![]));
    // One success of two counts.
    let half = playbook("half", vec![rules(&chain, 666, 1), rules(&chain, 1, 2)]);
    chain.approve(Playbook { runs_max: 1, ..half });
    let first = chain.now();
    chain.run_playbook("half").unwrap();
    let waits = ContractError::PlaybookWaits { playbook: "half".into(), free_at: first + DAY, now: first };
    assert_eq!(chain.run_playbook("half").unwrap_err(), waits);
}

#[test]
fn a_run_of_which_nothing_succeeded_takes_nothing_over() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let mut run = sets(&chain, "run", 1, 7, 2 * HOUR);
    run.steps.push(restricts(Scope::Market(BTC), Level::Guarded, HOUR));
    chain.approve(run);
    chain.run_playbook("run").unwrap();
    let due = chain.runs()[0].undo_at;
    chain.wait(HOUR);
    chain.tell_breaker("close");
    chain.run_playbook("run").unwrap();
    assert_eq!(outcomes(&chain, 2), (RunStatus::Ended, vec![Failed; 2], vec![Waiting]));
    assert_eq!(outcomes(&chain, 1).0, RunStatus::Active);
    let found = chain.playbooks().remove(0);
    assert_eq!((found.runs, found.last_run), (1, 1));
    chain.wait(due - chain.now());
    chain.tell_breaker("open");
    chain.send(&anyone, &ExecuteMsg::Undo { run: 1 }).unwrap();
    assert_eq!(outcomes(&chain, 1), (RunStatus::Ended, vec![Done; 2], vec![Done]));
    let over = ContractError::RunOver { run: 2, found: RunStatus::Ended };
    chain.refused(&anyone, &ExecuteMsg::Undo { run: 2 }, over);
}

impl Chain {
    /// Whether the breaker's stub refuses everything.
    fn tell_breaker(&mut self, what: &str) {
        let breaker = Addr::unchecked(self.suite.circuit_breaker.clone());
        self.app.execute_contract("anyone".into_addr(), breaker, &what, &[]).unwrap();
    }
}
