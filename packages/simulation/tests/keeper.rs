//! Keepers' errands, on an embedded chain: what they find is what the guardian takes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use firebreak_chain::keeper::{errands, freezes, most_strained, Errand};
use firebreak_guardian::ContractError;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, OrderFilled};
use firebreak_messages::guardian::{
    CoverageThin, ExecuteMsg, OperationFailed, OperationScheduled, QueryMsg, WitnessesNamed, WitnessesResponse,
    WITNESSES_MAX,
};
use firebreak_messages::insurance_fund::{CoverageResponse, QueryMsg as FundQuery};
use firebreak_messages::AccountId;
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

fn found(world: &World) -> Vec<Errand> {
    errands(&world.querier(), world.addresses.guardian.as_str(), world.now()).unwrap()
}

fn run(world: &mut World, errand: &Errand) -> Outcome {
    world.send("keeper", Code::Guardian, &errand.msg, Amount::ZERO).done()
}

/// Forty accounts, more than a page has, of which the ones with these numbers have little room.
fn crowd(thin: &[usize]) -> World {
    let mut world = World::builder().build();
    for index in 0..40 {
        let name = format!("trader-{index}");
        // A little different each, so that there is one order of them.
        let margin = if thin.contains(&index) { 3_300 + index as u64 } else { 20_000 };
        world.add_collateral(&name, usd(margin)).done();
        world.open(&name, BTC, size(if index % 2 == 0 { "0.5" } else { "-0.5" })).done();
    }
    world.add_collateral("idle", usd(5)).done();
    world
}

fn schedule(world: &mut World) -> OperationScheduled {
    let mut config = world.market(BTC).config;
    config.margin.initial_margin_ratio = ratio("0.2");
    config.margin.maintenance_scalar = ratio("0.9");
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    world.schedule(vec![call]).fact::<OperationScheduled>()
}

//
#[test]
fn the_most_strained_of_all_accounts_are_named_for_each_change_and_once() {
    let thin = [3, 5, 8, 13, 21, 27, 34, 38, 39];
    let mut world = crowd(&thin);
    assert_eq!(found(&world), []);
    // What does not configure the vault has no witnesses.
    let call = world.call(Code::Guardian, &ExecuteMsg::RemoveSentinel { address: world.address("nobody").into() });
    world.schedule(vec![call]).done();
    assert_eq!(found(&world), []);

    let scheduled = schedule(&mut world);
    let vault = world.addresses.derivatives_vault.to_string();
    let worst = most_strained(&world.querier(), &vault).unwrap();
    // Nine have little room, and the one with the most of it is left out.
    let mut wanted: Vec<AccountId> =
        thin.iter().take(WITNESSES_MAX).map(|index| world.account_id(&format!("trader-{index}"))).collect();
    wanted.sort_by_key(|account| (account.owner.clone(), account.subaccount));
    let mut seen: Vec<AccountId> = worst.iter().map(|strained| strained.account.clone()).collect();
    assert!(worst.is_sorted_by(|one, other| one.strain >= other.strain));
    seen.sort_by_key(|account| (account.owner.clone(), account.subaccount));
    assert_eq!(seen, wanted);

    let errands = found(&world);
    assert_eq!(errands.len(), 1);
    let operation = scheduled.operation;
    let named = run(&mut world, &errands[0]).fact::<WitnessesNamed>();
    assert_eq!(named, WitnessesNamed { operation, kept: WITNESSES_MAX as u64 });
    // As the guardian sees it too, and there is nothing left to say.
    let kept: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
    let kept: Vec<AccountId> = kept.witnesses.into_iter().map(|witness| witness.account).collect();
    assert_eq!(kept, worst.iter().map(|strained| strained.account.clone()).collect::<Vec<_>>());
    assert_eq!(found(&world), []);

    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationFailed>();
    // It may be tried again, against whoever is the worst then.
    world.fund("trader-3", usd(20_000));
    world.add_collateral("trader-3", usd(20_000)).done();
    let again = found(&world);
    assert_eq!(again.len(), 1);
    let ExecuteMsg::Witness { accounts, .. } = &again[0].msg else { panic!("{again:?}") };
    assert!(accounts.contains(&world.account_id("trader-39")) && !accounts.contains(&world.account_id("trader-3")));
    // Too late to run: nothing to name.
    let at = world.operation(operation).not_after + 1;
    assert_eq!(errands_at(&world, at), []);
}

fn errands_at(world: &World, now: u64) -> Vec<Errand> {
    errands(&world.querier(), world.addresses.guardian.as_str(), now).unwrap()
}

// F13
#[test]
fn leverage_steps_down_when_the_fund_is_thin_and_only_then() {
    for (first_loss, thin) in [(usd(1_500), false), (Amount::from_atoms(1_499_000_000), true)] {
        let mut world = World::builder().without_fees().insurance(first_loss).trader("alice", usd(20_000)).build();
        assert_eq!(found(&world), []);
        world.open("alice", BTC, size("1")).done();
        world.refresh().done();
        let errands = found(&world);
        assert_eq!(errands.len(), usize::from(thin));
        match errands.first() {
            Some(errand) => drop(run(&mut world, errand).fact::<CoverageThin>()),
            // The guardian would refuse it.
            None => {
                let attempt = world.send("keeper", Code::Guardian, &ExecuteMsg::StepDown {}, Amount::ZERO);
                let CoverageResponse { content, target, .. } = world.query(Code::Insurance, &FundQuery::Coverage {});
                attempt.refused_with(ContractError::CoverageSuffices { content, target });
            }
        }
    }
}

#[test]
fn a_wrong_input_is_exit_code_2_before_a_node_is_asked() {
    let firebreak = |config: &str| {
        let program = std::process::Command::new(env!("CARGO_BIN_EXE_firebreak"))
            .args(["keeper", "--config", config])
            .output()
            .unwrap();
        let error = String::from_utf8(program.stderr).unwrap();
        assert_eq!((program.status.code(), program.stdout.len(), error.lines().count()), (Some(2), 0, 1), "{error}");
        error
    };
    let missing = firebreak("no-such-file.toml");
    assert!(missing.contains("no-such-file.toml: cannot be read"), "{missing}");
    // A deployment that has not been made: neither the file nor its state knows a guardian.
    let committed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/localnet.toml")).unwrap();
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("keeper.toml");
    std::fs::write(&file, committed).unwrap();
    let early = firebreak(file.to_str().unwrap());
    assert!(early.contains("names no guardian"), "{early}");
}

//
#[test]
fn a_market_that_freezes_is_kept_for_ten_minutes() {
    let mut world = World::builder().trader("alice", usd(20_000)).trader("bob", usd(20_000)).build();
    world.open("alice", BTC, size("1")).fact::<OrderFilled>();
    let found =
        |world: &World| freezes(&world.querier(), world.addresses.derivatives_vault.as_str(), world.now()).unwrap();
    assert_eq!(found(&world), vec![]);
    // A price at which nobody has traded, and a freeze for longer than the ring remembers it.
    world.price(BTC, price("59500")).done();
    world.council_restrict(Scope::Market(BTC), Level::Frozen, 3_600).done();
    let batch = VaultMsg::ExecuteOrders { market: BTC, limit: 0 };
    assert_eq!(found(&world), vec![batch.clone()]);
    world.send("keeper", Code::Vault, &batch, Amount::ZERO).done();
    for _ in 0..20 {
        world.price(BTC, price("60000")).done();
    }
    assert_eq!(world.market_record(BTC).freeze.unwrap().mark_price, price("59500"));
    world.advance(600);
    assert_eq!(found(&world), vec![]);
    world.refresh().done();
    world.council_restrict(Scope::All, Level::Frozen, 3_600).done();
    // The other market: of this one the freeze that goes on has been kept.
    assert_eq!(found(&world), vec![VaultMsg::ExecuteOrders { market: ETH, limit: 0 }]);
}
