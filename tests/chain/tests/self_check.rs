//! a deployment reads everything back, and sees what the timelock has changed since.

mod common;

use common::governance::{dao_vote, proposal_id};
use common::{fact, turn, PLENTY};
use cosmwasm_std::{to_json_binary, WasmMsg};
use cw3_flex_multisig::msg::ExecuteMsg as DaoMsg;
use firebreak_chain::deploy::{self, Config, Deployed};
use firebreak_chain::{Client, Localnet};
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, VaultParameters};
use firebreak_messages::guardian::{Call, ExecuteMsg, OperationExecuted, OperationScheduled};
use std::path::{Path, PathBuf};

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn the_self_check_finds_what_the_timelock_changed_and_names_the_calls_that_undo_it() {
    let _turn = turn();
    let config = config(&Localnet::from_env().unwrap());
    let mut client = Client::connect(config.network.clone()).unwrap();
    let signer = config.key.signer(&config.network).unwrap();
    let deployed = deploy::run(&mut client, &signer, &config, &mut |_| {}).unwrap();
    assert_eq!(differences(&deployed), Vec::<[String; 4]>::new());
    assert!(deployed.check.passed() && !deployed.transactions.is_empty());
    // Again: nothing is sent, everything is read.
    let again = deploy::run(&mut client, &signer, &config, &mut |_| {}).unwrap();
    assert_eq!((again.transactions, again.check.passed()), (vec![], true));
    // Connections that rested while another one worked may be closed by the node: from here on each step has its own.
    drop(client);
    let mut net = Localnet::from_env().unwrap();

    // One parameter.
    let parameters = VaultParameters { order_delay_seconds: 20, ..config.vault.clone() };
    let vault = &deployed.addresses.derivatives_vault;
    let msg = to_json_binary(&VaultMsg::Configure { parameters }).unwrap();
    let slower = Call::Execute { contract: vault.clone(), msg, funds: vec![] };
    // One code.
    let code_id = firebreak_chain_tests::Codes::store(&mut net).unwrap().of("next_vault");
    let upgrade = Call::Migrate { contract: vault.clone(), code_id, msg: b"{}".into() };
    govern(&mut net, &deployed, vec![slower, upgrade]);
    let checksum = |net: &Localnet, code_id| {
        let code = net.client.code(code_id).unwrap().expect("the code is stored");
        cosmwasm_std::HexBinary::from(code.data_hash.as_slice()).to_hex()
    };
    let wanted = checksum(&net, deployed.codes[&deploy::Contract::DerivativesVault]);
    let found = checksum(&net, code_id);
    let checked = check(&config);
    assert!(!checked.check.passed());
    let of_vault =
        |field: &str, wanted: &str, found: &str| ["derivatives-vault", field, wanted, found].map(String::from);
    assert_eq!(
        differences(&checked),
        [of_vault("code checksum", &wanted, &found), of_vault("parameters.order_delay_seconds", "10", "20"),]
    );

    // The check's own calls mend the parameter; a code is for people to judge.
    let calls: Vec<Call> = checked.check.calls.into_iter().map(|ready| ready.call).collect();
    assert_eq!(calls.len(), 1);
    govern(&mut net, &deployed, calls);
    let checked = check(&config);
    assert_eq!(differences(&checked), [of_vault("code checksum", &wanted, &found)]);
    assert!(!checked.check.passed());
    std::fs::remove_file(&config.state).unwrap();
}

fn check(config: &Config) -> Deployed {
    deploy::check_only(&Client::connect(config.network.clone()).unwrap(), config).unwrap()
}

fn differences(deployed: &Deployed) -> Vec<[String; 4]> {
    let of = |finding: &deploy::Finding| {
        [finding.part.clone(), finding.field.clone(), finding.wanted.clone(), finding.found.clone()]
    };
    deployed.check.differences().map(of).collect()
}

/// The committed configuration of the local chain, for a suite of its own.
fn config(net: &Localnet) -> Config {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut config = Config::load(&checkout.join("deploy/localnet.toml")).unwrap();
    config.network = net.client.network().clone();
    let height = net.client.block().unwrap().height;
    config.suite.salt = format!("self-check-{height}");
    config.state = std::env::temp_dir().join(format!("firebreak-self-check-{}-{height}.json", std::process::id()));
    if let Some(folder) = std::env::var_os("FIREBREAK_ARTIFACTS").map(PathBuf::from) {
        config.artifacts.checksums = folder.join("checksums.txt");
        for outside in &mut config.outside {
            outside.wasm = folder.join("tests").join(outside.wasm.file_name().expect("a file"));
        }
        config.artifacts.folder = folder;
    }
    config
}

/// The DAO of the configuration schedules, the delay passes, anyone executes.
#[track_caller]
fn govern(net: &mut Localnet, deployed: &Deployed, calls: Vec<Call>) {
    let (dao, guardian) = (deployed.outside["dao"].clone(), deployed.addresses.guardian.clone());
    let not_after = net.now().unwrap() + 172_800 + 2 * 86_400;
    let schedule = ExecuteMsg::Schedule { calls, not_after, predecessor: None, description: "a test".into() };
    let msg = to_json_binary(&schedule).unwrap();
    let call = WasmMsg::Execute { contract_addr: guardian.clone(), msg, funds: vec![] };
    let (title, description) = ("a test".into(), String::new());
    let propose = DaoMsg::Propose { title, description, msgs: vec![call.into()], latest: None };
    let proposal_id = proposal_id(&net.execute("dao-0", &dao, &propose, 0, PLENTY).unwrap());
    net.execute("dao-1", &dao, &dao_vote(proposal_id), 0, PLENTY).unwrap();
    let executed = net.execute("dao-2", &dao, &DaoMsg::Execute { proposal_id }, 0, PLENTY).unwrap();
    let OperationScheduled { operation, ready_at, .. } = fact(&executed);
    net.advance_to(ready_at).unwrap();
    let executed = net.execute("keeper", &guardian, &ExecuteMsg::Execute { operation }, 0, PLENTY).unwrap();
    assert_eq!(fact::<OperationExecuted>(&executed), OperationExecuted { operation });
}
