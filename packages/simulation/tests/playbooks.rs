//! The shipped playbooks as an operator gets them: rendered from what the suite answers, approved by a DAO, run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firebreak_chain::playbooks::{request, Choice};
use firebreak_chain::proposal::Request;
use firebreak_messages::guardian::{Playbook, StepOutcome};
use firebreak_messages::oracle::{FeedResponse, QueryMsg};
use firebreak_messages::FeedId;

use firebreak_testing::*;

fn rendered(world: &World, with_sources: bool) -> Request {
    let FeedResponse { config, .. } = world.query(Code::Oracle, &QueryMsg::Feed { feed: FeedId(BTC.0) });
    let choice = Choice {
        market: BTC,
        fallback: with_sources.then_some(config),
        inject: usd(10_000),
        not_after: world.now() + 180 * 86_400,
        step_gas_limit: 400_000,
    };
    request(&world.querier(), world.addresses.guardian.as_str(), &choice).unwrap()
}

fn playbooks(request: &Request) -> Vec<Playbook> {
    let of = |call: &firebreak_chain::proposal::RequestedCall| {
        assert_eq!(call.contract, "guardian");
        serde_json::from_value(call.msg["set_playbook"].clone()).unwrap()
    };
    request.calls.iter().map(of).collect()
}

#[test]
fn what_is_printed_is_approved_and_runs() {
    let mut world = World::builder().build();
    world.add_first_loss("dao-0", usd(50_000)).done();
    let found = playbooks(&rendered(&world, true));
    let names: Vec<&str> = found.iter().map(|playbook| playbook.name.as_str()).collect();
    let wanted =
        ["oracle-compromise", "price-crash", "pool-drain", "market-quarantine", "chain-gap", "orderly-wind-down"];
    assert_eq!(names, wanted);
    world.approve(found).done();
    for name in ["pool-drain", "chain-gap", "market-quarantine", "price-crash"] {
        world.refresh().done();
        world.run_playbook(name).done();
        let run = world.runs().pop().unwrap();
        assert!(run.steps.contains(&StepOutcome::Done) && !run.steps.contains(&StepOutcome::Failed), "{name}: {run:?}");
    }
    assert_eq!(world.runs().len(), 4);
}

#[test]
fn without_other_sources_of_a_price_the_one_that_needs_them_is_left_out() {
    let world = World::builder().build();
    let request = rendered(&world, false);
    let found = playbooks(&request);
    assert!(found.len() == 5 && found.iter().all(|playbook| playbook.name != "oracle-compromise"));
    assert_eq!(
        request.description,
        "Approves price-crash, pool-drain, market-quarantine, chain-gap, orderly-wind-down."
    );
}
