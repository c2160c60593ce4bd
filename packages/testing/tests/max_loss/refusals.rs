//! Where the code leaves no way: what settles or names feeders sooner than its delay, or past one honest canceller.

use crate::own_feeders::{install, named};
use crate::stage::*;
use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{Call, DelayClass, OperationScheduled, OperationStatus, Step};
use firebreak_risk::Amount;
use firebreak_testing::*;

/// The end of the vault, as soon as it can be carried out and an hour's notice is given.
fn end(world: &World) -> Vec<Call> {
    let at = world.now() + world.setup().delays.code + 2 * HOUR;
    vec![world.call(Code::Vault, &VaultMsg::SettleVault { at })]
}

/// Both ways with the timelock's keys, by the delay of their class.
type Way = (fn(&World) -> Vec<Call>, DelayClass, u64);
const WAYS: [Way; 2] = [(named, DelayClass::Roles, DAY), (end, DelayClass::Code, 2 * DAY)];

//
#[test]
fn feeders_of_ones_own_wait_a_day_and_the_end_of_the_vault_two() {
    for (calls, class, delay) in WAYS {
        let mut world = trading(approved(&["price-crash"]));
        let (calls, begun) = (calls(&world), world.now());
        let scheduled = world.schedule(calls).fact::<OperationScheduled>();
        let OperationScheduled { operation, ready_at, .. } = scheduled;
        assert_eq!((scheduled.class, ready_at), (class, begun + delay));
        // The last second of a horizon as long as the delay.
        world.advance_to(ready_at - 1);
        let now = world.now();
        world.execute_operation(operation).refused_with(GuardianError::NotReady { operation, ready_at, now });
    }
}

//
#[test]
fn one_honest_canceller_ends_both_for_ever() {
    for (calls, ..) in WAYS {
        let mut world = approved(&["price-crash"]);
        let ledger = Ledger::open(&world);
        let calls = calls(&world);
        let OperationScheduled { operation, ready_at, not_after, .. } = world.schedule(calls).fact();
        world.advance_to(ready_at - 60);
        world.cancel_operation(operation).done();
        for moment in [ready_at, not_after] {
            world.advance_to(moment);
            let found = OperationStatus::Canceled;
            world.execute_operation(operation).refused_with(GuardianError::NotScheduled { operation, found });
        }
        // The honest ones say the price, and what the bound says of proposers is what they got.
        world.refresh().done();
        assert_eq!((ledger.taken(&world), bound(&world, PROPOSERS, None).total), (0, Amount::ZERO));
    }
}

//
#[test]
fn the_end_does_not_come_within_a_day_of_new_feeders() {
    let mut world = trading(approved(&["price-crash"]));
    world.advance(10 * HOUR);
    let calls = end(&world);
    let OperationScheduled { operation, ready_at, .. } = world.schedule(calls).fact();
    world.advance(DAY + HOUR);
    world.refresh().done();
    let free_at = install(&mut world) + DAY;
    assert!(world.now() > ready_at);
    let now = world.now();
    world.execute_operation(operation).refused_with(GuardianError::FeedChanged { operation, free_at, now });
}

//
#[test]
fn a_council_settles_with_an_hours_notice_at_least_and_only_what_was_approved() {
    let mut world = trading(approved(&["price-crash"]));
    let playbook = "orderly-wind-down".to_string();
    world.run_playbook(&playbook).refused_with(GuardianError::UnknownPlaybook { playbook });
    let mut sooner = world.template(BTC, "orderly-wind-down");
    let Some(Step::Settle { notice_seconds, .. }) = sooner.steps.last_mut() else { panic!("{:?}", sooner.steps) };
    *notice_seconds = HOUR - 1;
    let (wanted, found) = ("3600 to 2592000".to_string(), "3599".to_string());
    world.approve(vec![sooner]).refused_with(GuardianError::OutOfBounds { what: "notice_seconds", wanted, found });
}
