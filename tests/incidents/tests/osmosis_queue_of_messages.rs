//! The queue of delayed messages of a rate limiter on Osmosis, as its code reads (found by reading, no loss known): a role is not asked for
//! again when a message runs; a message's number is made of block and transaction, so two of one transaction share it; a failed message
//! is lost and its partial writes stay; and the delay hangs on the signer, so who may grant roles grants one without a delay.
//!
//! Unprotected: a model of that queue, a line for each defect. Protected: the suite's timelock.

use cosmwasm_std::to_json_binary;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_incidents::*;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, GuardConfig, QueryMsg as BreakerQuery, Scope};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{
    Call, ExecuteMsg, Operation, OperationExecuted, OperationFailed, OperationScheduled, OperationStatus,
    OperationsResponse, QueryMsg, Role,
};
use firebreak_messages::{MarketId, Source};
use firebreak_risk::Amount;
use firebreak_testing::*;
use serde_json::json;

/// The queue as it reads.
#[derive(Default)]
struct Queue {
    /// (number, signer, writes before it fails, whether it fails)
    waiting: Vec<(u64, &'static str, i128, bool)>,
    written: i128,
}

impl Queue {
    fn add(&mut self, block: u64, transaction: u64, signer: &'static str, writes: i128, fails: bool) {
        self.waiting.push((block * 1_000 + transaction, signer, writes, fails));
    }
    /// Pops and runs everything of a number. Nobody asks who the signer is now, and nothing is undone.
    fn process(&mut self, number: u64) -> usize {
        let before = self.waiting.len();
        let (run, rest): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(|message| message.0 == number);
        self.written += run.iter().map(|message| message.2).sum::<i128>();
        self.waiting = rest;
        before - self.waiting.len()
    }
}

fn rules(world: &World, window_seconds: u64) -> Call {
    let mut config = world.setup().guards[0].config.clone();
    config.rules[0].window_seconds = window_seconds;
    world.call(Code::Breaker, &BreakerMsg::SetMarket { market: BTC, config })
}

fn proposes(world: &mut World, name: &str, calls: Vec<Call>) -> Attempt {
    let not_after = world.now() + 10 * 86_400;
    let msg = ExecuteMsg::Schedule { calls, not_after, predecessor: None, description: "queued".into() };
    world.send(name, Code::Guardian, &msg, Amount::ZERO)
}

fn operation(world: &World, operation: u64) -> Operation {
    world.operation(operation)
}

#[test]
fn the_timelock_has_none_of_the_four_defects() {
    //
    let mut queue = Queue::default();
    queue.add(7, 1, "revoked", 100, false);
    queue.add(7, 1, "honest", 10, true);
    assert_eq!(queue.process(7_001), 2, "one number, two messages");
    assert_eq!(
        (queue.written, queue.waiting.len()),
        (110, 0),
        "a revoked signer's writes, a failed one's too, and it is gone"
    );

    // 1: a revoked proposer's operation is dead, also when the address is a proposer again.
    let mut world = World::builder().build();
    let second = world.address("second").to_string();
    let role = Role::Proposer;
    let call = world.call(Code::Guardian, &ExecuteMsg::ProposeRole { role, candidate: second.clone(), replaces: None });
    world.govern(vec![call]).fact::<OperationExecuted>();
    world.send("second", Code::Guardian, &ExecuteMsg::AcceptRole { role }, Amount::ZERO).done();
    // 4: the grant itself waits: nobody gets a role sooner by being granted it.
    let complete = ExecuteMsg::CompleteRole { role };
    assert!(!world.send("anyone", Code::Guardian, &complete, Amount::ZERO).is_done());
    world.advance(world.setup().delays.roles);
    world.send("anyone", Code::Guardian, &complete, Amount::ZERO).done();
    let call = rules(&world, 600);
    let scheduled = proposes(&mut world, "second", vec![call]).fact::<OperationScheduled>();
    assert_eq!(scheduled.ready_at, world.now() + world.setup().delays.roles, "a new proposer waits like any other");
    let call = world.call(Code::Guardian, &ExecuteMsg::RevokeRole { role, address: second.clone() });
    world.govern(vec![call]).fact::<OperationExecuted>();
    let dead = GuardianError::ProposerRevoked { operation: scheduled.operation, proposer: second };
    world.execute_operation(scheduled.operation).refused_with(dead);

    // 2: two operations of one transaction have two numbers.
    let not_after = world.now() + 10 * 86_400;
    let before: OperationsResponse =
        world.query(Code::Guardian, &QueryMsg::Operations { start_after: None, limit: Some(32) });
    let known = before.operations.len() as u64;
    let (one, two) = (rules(&world, 700), rules(&world, 800));
    let guardian = world.addresses.guardian.to_string();
    let msgs = [one, two].map(|call| {
        let msg = ExecuteMsg::Schedule { calls: vec![call], not_after, predecessor: None, description: "twin".into() };
        json!({ "wasm": { "execute": { "contract_addr": guardian, "msg": to_json_binary(&msg).unwrap(), "funds": [] } } })
    });
    let propose = json!({ "propose": { "title": "twins", "description": "", "msgs": msgs, "latest": null } });
    let proposed = world.send("dao-0", Code::Multisig, &propose, Amount::ZERO).done();
    let attributes = || proposed.events.iter().flat_map(|event| &event.attributes);
    let found = attributes().find(|attribute| attribute.key == "proposal_id").unwrap();
    let proposal_id: u64 = found.value.parse().unwrap();
    let vote = json!({ "vote": { "proposal_id": proposal_id, "vote": "yes" } });
    world.send("dao-1", Code::Multisig, &vote, Amount::ZERO).done();
    let execute = json!({ "execute": { "proposal_id": proposal_id } });
    let scheduled = world.send("dao-0", Code::Multisig, &execute, Amount::ZERO).facts::<OperationScheduled>();
    let numbers: Vec<u64> = scheduled.into_iter().map(|fact| fact.operation).collect();
    assert_eq!(numbers, [known + 1, known + 2], "one transaction, two numbers");
    assert_ne!(operation(&world, known + 1).calls, operation(&world, known + 2).calls);

    // 3: what fails leaves nothing and is not lost.
    let good = rules(&world, 900);
    let (scope, source) = (Scope::Market(MarketId(99)), Source::Council);
    let bad = world.call(Code::Breaker, &BreakerMsg::Lift { scope, source });
    let before = world.setup().guards[0].config.rules[0].window_seconds;
    let failed = world.govern(vec![good, bad]).done();
    assert!(failed.has::<OperationFailed>());
    let last = operation(&world, known + 3);
    assert_eq!(last.status, OperationStatus::Failed);
    let now: GuardConfig = world.query(Code::Breaker, &BreakerQuery::Market { market: BTC });
    assert_eq!(now.rules[0].window_seconds, before, "the first call's write is undone with the second");
    world.execute_operation(last.operation).fact::<OperationFailed>();
    // And what nobody scheduled does not run at all.
    let unowned = VaultMsg::Configure { parameters: world.setup().vault.clone() };
    assert!(!world.send("second", Code::Vault, &unowned, Amount::ZERO).is_done());
    figures(
        "Osmosis, a queue of messages",
        "2 messages of one number run, 110 written by a revoked and a failed one, both gone",
        "two numbers; revoked 0, failed 0 written and kept; a granted role waits a day",
    );
}
