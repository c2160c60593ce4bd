//! On the chain of `scripts/localnet`, with the artifacts of `scripts/build-wasm --tests`:
//! `eval "$(scripts/localnet env)"; cargo test -p firebreak-chain --test deploy -- --ignored --test-threads 1`

use crate::files::{committed, folder};
use firebreak_chain::deploy::{self, Config, Deployed};
use firebreak_chain::{Gas, Localnet};
use firebreak_messages::derivatives_vault;
use firebreak_messages::guardian::{ExecuteMsg, OperationExecuted, OperationScheduled};
use std::path::Path;

/// A suite of its own for each test and run: the salt is the height.
fn config(chain: &Localnet, name: &str) -> Config {
    let mut config = Config::parse(&committed("localnet.toml")).unwrap();
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    config.artifacts.folder = deploy.join(&config.artifacts.folder);
    config.artifacts.checksums = deploy.join(&config.artifacts.checksums);
    for outside in &mut config.outside {
        outside.wasm = deploy.join(&outside.wasm);
    }
    config.network = chain.client.network().clone();
    config.suite.salt = format!("{name} {}", chain.client.block().unwrap().height);
    config.state = folder(&format!("chain-{name}")).join("state.json");
    // A key, so that the test needs no vote.
    config.roles.proposers.push(chain.address("alice"));
    config
}

fn run(chain: &mut Localnet, config: &Config) -> Deployed {
    let signer = config.key.signer(&config.network).unwrap();
    deploy::run(&mut chain.client, &signer, config, &mut |line| println!("{line}")).unwrap()
}

//
#[test]
#[ignore = "needs scripts/localnet"]
fn a_deployment_passes_and_the_next_run_sends_nothing() {
    let mut chain = Localnet::from_env().unwrap();
    let config = config(&chain, "again");
    let planned = deploy::dry_run(&chain.client, &config).unwrap();
    let first = run(&mut chain, &config);
    assert!(first.check.passed());
    assert_eq!(first.addresses, deploy::Plan::new(&config).unwrap().predicted);
    let spent: u64 = first.transactions.iter().map(|sent| sent.gas_used).sum();
    let estimated = planned.gas();
    // Within a tenth: contracts that change move it, and then the figures of the estimate want to be measured again.
    assert!(estimated.abs_diff(spent) * 10 < spent, "estimated {estimated}, spent {spent}");

    let again = run(&mut chain, &config);
    assert!(again.transactions.is_empty() && again.check.passed());

    // A lost state file: everything is found by its address.
    std::fs::remove_file(&config.state).unwrap();
    let found = run(&mut chain, &config);
    assert!(found.transactions.is_empty() && found.check.passed());
    assert_eq!(found.addresses, first.addresses);
}

//
#[test]
#[ignore = "needs scripts/localnet"]
fn a_parameter_that_the_timelock_changed_fails_the_check_until_it_is_changed_back() {
    let mut chain = Localnet::from_env().unwrap();
    let config = config(&chain, "drift");
    let deployed = run(&mut chain, &config);
    let guardian = deployed.addresses.guardian.clone();
    let through_timelock = |chain: &mut Localnet, call| {
        let not_after = chain.now().unwrap() + 7_200;
        let msg =
            ExecuteMsg::Schedule { calls: vec![call], not_after, predecessor: None, description: "a test".into() };
        let scheduled = chain.execute("alice", &guardian, &msg, 0, Gas::Simulated).unwrap();
        let scheduled = scheduled.facts::<OperationScheduled>().remove(0);
        chain.advance_to(scheduled.ready_at).unwrap();
        let msg = ExecuteMsg::Execute { operation: scheduled.operation };
        let executed = chain.execute("mallory", &guardian, &msg, 0, Gas::Simulated).unwrap();
        assert!(executed.has::<OperationExecuted>());
    };

    let mut parameters = config.vault.clone();
    parameters.order_delay_seconds = 20;
    let msg = derivatives_vault::ExecuteMsg::Configure { parameters };
    let call = firebreak_messages::guardian::Call::Execute {
        contract: deployed.addresses.derivatives_vault.clone(),
        msg: cosmwasm_std::to_json_binary(&msg).unwrap(),
        funds: vec![],
    };
    through_timelock(&mut chain, call);
    let drifted = run(&mut chain, &config);
    let differences: Vec<String> =
        drifted.check.differences().map(|one| format!("{} {} {}", one.field, one.wanted, one.found)).collect();
    assert_eq!(differences, ["parameters.order_delay_seconds 10 20"]);
    assert!(drifted.transactions.is_empty());

    through_timelock(&mut chain, drifted.check.calls[0].call.clone());
    assert!(run(&mut chain, &config).check.passed());
}

#[test]
#[ignore = "needs scripts/localnet"]
fn only_the_deployers_key_deploys() {
    let mut chain = Localnet::from_env().unwrap();
    let config = config(&chain, "key");
    let network = chain.client.network().clone();
    let mut other = config.key.clone();
    other.index = 2;
    other.address = chain.address("alice");
    let signer = other.signer(&network).unwrap();
    let refused = deploy::run(&mut chain.client, &signer, &config, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.contains("key.address: wanted"), "{refused}");
    // A suite that is not there cannot be checked.
    let refused = deploy::check_only(&chain.client, &config).unwrap_err().to_string();
    assert!(refused.contains("no contract there"), "{refused}");
    // Coins are looked at before anything is sent.
    let poor = config.key.signer(&network).unwrap();
    let mut dear = config;
    dear.network.gas_price = "1000000000".into();
    let refused = deploy::run(&mut chain.client, &poor, &dear, &mut |_| {}).unwrap_err().to_string();
    assert!(refused.contains("coins of the deployer") && refused.contains("ustake for gas"), "{refused}");
}
