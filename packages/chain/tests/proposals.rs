//! Rendered proposals on the embedded chain: a real cw3-flex votes on what was rendered, and the guardian's delay is what was printed.

use firebreak_chain::deploy::Addresses;
use firebreak_chain::proposal::{Form, KnownSuite, Proposal, Request};
use firebreak_guardian::ContractError;
use firebreak_messages::derivatives_vault::{
    ConfigResponse, MarketConfig, MarketsResponse, QueryMsg as VaultQuery, VaultParameters,
};
use firebreak_messages::guardian::{
    DelayClass, ExecuteMsg, OperationExecuted, OperationScheduled, QueryMsg, RolesResponse,
};
use firebreak_messages::insurance_fund;
use firebreak_risk::{Amount, Ratio, Size};
use firebreak_testing::*;
use serde_json::json;

fn suite(world: &World) -> KnownSuite {
    let RolesResponse { proposers, delays, .. } = world.query(Code::Guardian, &QueryMsg::Roles {});
    let of = |code: Code| world.addresses.of(code).to_string();
    let at = Addresses {
        guardian: of(Code::Guardian),
        oracle: of(Code::Oracle),
        circuit_breaker: of(Code::Breaker),
        insurance_fund: of(Code::Insurance),
        derivatives_vault: of(Code::Vault),
    };
    let question = VaultQuery::Markets { start_after: None, limit: Some(32) };
    let MarketsResponse { markets } = world.query(Code::Vault, &question);
    let vault: ConfigResponse = world.query(Code::Vault, &VaultQuery::Config {});
    let fund: insurance_fund::ConfigResponse = world.query(Code::Insurance, &insurance_fund::QueryMsg::Config {});
    let (vault, fund) = (Some(vault.config.parameters), Some(fund.config));
    KnownSuite { at, delays, proposers, markets, vault, fund }
}

/// Two of three members of the multisig; the last step is the execution.
fn vote(world: &mut World, propose: &serde_json::Value, number: u64) -> Attempt {
    let none = Amount::ZERO;
    let vote = json!({ "vote": { "proposal_id": number, "vote": "yes" } });
    world.send("dao-0", Code::Multisig, propose, none).done();
    world.send("dao-1", Code::Multisig, &vote, none).done();
    world.send("dao-0", Code::Multisig, &json!({ "execute": { "proposal_id": number } }), none)
}

fn request(world: &World) -> Request {
    let mut parameters = world.setup().vault.clone();
    parameters.order_delay_seconds += 1;
    let calls = json!([{ "contract": "derivatives-vault", "msg": { "configure": { "parameters": parameters } } }]);
    serde_json::from_value(json!({ "title": "Slower orders", "calls": calls })).unwrap()
}

#[test]
fn a_rendered_proposal_passes_a_real_multisig_and_runs_when_it_said() {
    let mut world = World::builder().build();
    let suite = suite(&world);
    suite.ensure_proposer(world.addresses.dao.as_str()).unwrap();
    let proposal = Proposal::new(&request(&world), &suite, world.now(), None).unwrap();
    assert_eq!((proposal.class, proposal.delay_seconds, proposal.dry_run), (DelayClass::Roles, 86_400, true));
    let propose = Form::Cw3.render(&proposal, &suite).unwrap();
    // Rendered for a vote that is executed now.
    let scheduled = vote(&mut world, &propose, 1).fact::<OperationScheduled>();
    let wanted = OperationScheduled {
        operation: 1,
        proposer: world.addresses.dao.to_string(),
        class: proposal.class,
        ready_at: proposal.ready_at,
        not_after: proposal.not_after,
    };
    assert_eq!(scheduled, wanted);
    world.advance_to(proposal.ready_at - 1);
    let (ready_at, now) = (proposal.ready_at, proposal.ready_at - 1);
    world.execute_operation(1).refused_with(ContractError::NotReady { operation: 1, ready_at, now });
    world.advance_to(proposal.ready_at);
    world.refresh().done();
    assert_eq!(world.execute_operation(1).fact::<OperationExecuted>(), OperationExecuted { operation: 1 });
}

#[test]
fn the_vote_may_be_executed_within_the_printed_times_and_not_later() {
    for (late, passes) in [(0, true), (1, false)] {
        let mut world = World::builder().build();
        let suite = suite(&world);
        let proposal = Proposal::new(&request(&world), &suite, world.now(), None).unwrap();
        let propose = Form::Cw3.render(&proposal, &suite).unwrap();
        let none = Amount::ZERO;
        // The multisig's own proposals end after a week: it is put before it shortly before the end.
        world.advance_to(proposal.passes_until - 3_600);
        world.send("dao-0", Code::Multisig, &propose, none).done();
        world.send("dao-1", Code::Multisig, &json!({ "vote": { "proposal_id": 1, "vote": "yes" } }), none).done();
        world.advance_to(proposal.passes_until + late);
        let executed = world.send("dao-0", Code::Multisig, &json!({ "execute": { "proposal_id": 1 } }), none);
        assert_eq!(executed.is_done(), passes, "{late}");
    }
    let world = World::builder().build();
    let proposal = Proposal::new(&request(&world), &suite(&world), world.now(), None).unwrap();
    assert!(proposal.passes_from < world.now());
}

// the class that is printed is the one that it gets, also where that depends on what is configured now.
#[test]
fn a_proposal_that_tightens_is_told_from_one_that_loosens_and_that_from_one_that_goes_too_far() {
    let mut world = World::builder().build();
    let known = suite(&world);
    let unknown = KnownSuite { markets: vec![], vault: None, fund: None, ..known.clone() };
    let config = world.market(BTC).config;
    let until = world.now() + 86_400;
    let orders = |size: Size| {
        let config = MarketConfig { order_size_max: size, ..config.clone() };
        json!({ "configure_market": { "market": 1, "config": config } })
    };
    let half = Size::from_atoms(config.order_size_max.atoms() / 2);
    let twice = Size::from_atoms(config.order_size_max.atoms() * 2);
    let contest = json!({ "contest_market": { "market": 1, "until": until } });
    let more = Size::from_atoms(config.order_size_max.atoms() / 4 * 5);
    let parameters = |change: fn(&mut VaultParameters)| {
        let mut parameters = world.setup().vault.clone();
        change(&mut parameters);
        json!({ "configure": { "parameters": parameters } })
    };
    let (grace, reserve) = (
        parameters(|vault| vault.grace_seconds += vault.grace_seconds / 4),
        parameters(|vault| vault.reserve_ratio = Ratio::ZERO),
    );
    use DelayClass::{Code as Slowest, Parameters, Roles};
    for (msg, class, blind) in [
        (orders(half), Parameters, Slowest),
        (orders(more), Roles, Slowest),
        (orders(twice), Slowest, Slowest),
        (contest, Parameters, Roles),
        (grace, Roles, Slowest),
        (reserve, Slowest, Slowest),
    ] {
        let calls = json!([{ "contract": "derivatives-vault", "msg": msg }]);
        let request: Request = serde_json::from_value(json!({ "title": "Caps", "calls": calls })).unwrap();
        let render = |suite: &KnownSuite| Proposal::new(&request, suite, world.now(), None).unwrap();
        let proposal = render(&known);
        assert_eq!(proposal.class, class, "{msg}");
        assert_eq!(render(&unknown).class, blind, "{msg}");
        let ExecuteMsg::Schedule { calls, .. } = &proposal.schedule else { panic!("{:?}", proposal.schedule) };
        let scheduled = world.schedule(calls.clone()).fact::<OperationScheduled>();
        assert_eq!((scheduled.class, scheduled.ready_at), (class, proposal.ready_at), "{msg}");
    }
}
