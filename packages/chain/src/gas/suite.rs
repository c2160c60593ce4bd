//! The suite that is measured: its codes, the contracts outside of it, and the guardian's one transaction.

use super::bench::GAS;
use super::error::GasError;
use crate::deploy::{address, Config};
use crate::Client;
use crate::{message, Signer, Tx};
use cosmwasm_std::Checksum;
use firebreak_messages::guardian::{InstantiateMsg, QueryMsg, SuiteCodes, SuiteResponse};
use serde_json::{json, Value};
use std::path::Path;

/// How the configuration names the DAO that is made for it.
const DAO_REFERENCE: &str = "@dao";

/// Code numbers on the chain.
#[derive(Debug, Clone)]
pub(super) struct Codes {
    pub oracle: u64,
    pub breaker: u64,
    pub fund: u64,
    pub vault: u64,
    pub guardian: u64,
    pub group: u64,
    pub multisig: u64,
    pub burner: u64,
}

impl Codes {
    pub fn all(&self) -> [u64; 8] {
        [self.oracle, self.breaker, self.fund, self.vault, self.guardian, self.group, self.multisig, self.burner]
    }
}

/// Where everything lives.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub guardian: String,
    pub oracle: String,
    pub breaker: String,
    pub fund: String,
    pub vault: String,
    pub dao: String,
    pub empty: String,
}

/// Stores every code; gives their numbers and what storing the suite's five cost.
pub(super) fn store(client: &mut Client, deployer: &Signer, artifacts: &Path) -> Result<(Codes, u64), GasError> {
    let mut gas = 0;
    let mut one = |folder: &str, name: &str| -> Result<u64, GasError> {
        let path = artifacts.join(folder).join(format!("{name}.wasm"));
        let file = |cause: String| GasError::File { path: path.display().to_string(), cause };
        let wasm = std::fs::read(&path).map_err(|error| file(error.to_string()))?;
        let stored = message::store_code(deployer.address(), wasm, &message::InstantiateAccess::ChainDefault)?;
        let tx = client.send(deployer, &[stored], GAS)?;
        if folder.is_empty() {
            gas += tx.gas_used;
        }
        tx.number("store_code", "code_id").ok_or_else(|| file("the chain gave it no number".into()))
    };
    let codes = Codes {
        oracle: one("", "firebreak_oracle")?,
        breaker: one("", "firebreak_circuit_breaker")?,
        fund: one("", "firebreak_insurance_fund")?,
        vault: one("", "firebreak_derivatives_vault")?,
        guardian: one("", "firebreak_guardian")?,
        group: one("tests", "firebreak_test_group")?,
        multisig: one("tests", "firebreak_test_multisig")?,
        burner: one("tests", "firebreak_test_burner")?,
    };
    Ok((codes, gas))
}

/// What is there before the suite: council group, DAO group, the DAO's multisig, a contract that does nothing.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    council: String,
    dao: String,
    empty: String,
}

pub(super) fn found(
    client: &mut Client,
    deployer: &Signer,
    codes: &Codes,
    council: &[String],
    dao: &[String],
) -> Result<Outside, GasError> {
    let mut one = |code: u64, label: &str, msg: Value| -> Result<String, GasError> {
        let made = message::instantiate(deployer.address(), None, code, label, &msg)?;
        let tx = client.send(deployer, &[made], GAS)?;
        let address = tx.attribute("instantiate", "_contract_address").map(str::to_string);
        address.ok_or_else(|| GasError::step(label, "the chain named no contract"))
    };
    let group = |members: &[String]| {
        let members: Vec<Value> = members.iter().map(|address| json!({"addr": address, "weight": 1})).collect();
        json!({"admin": deployer.address(), "members": members})
    };
    let council = one(codes.group, "council", group(council))?;
    let dao_group = one(codes.group, "dao group", group(dao))?;
    let multisig = json!({
        "group_addr": dao_group,
        "threshold": {"absolute_count": {"weight": 2}},
        "max_voting_period": {"time": 604_800},
        "executor": null,
        "proposal_deposit": null,
    });
    let dao = one(codes.multisig, "dao", multisig)?;
    let empty = one(codes.burner, "empty", json!({}))?;
    Ok(Outside { council, dao, empty })
}

/// Instantiates the guardian, and through it everything else, in one transaction.
pub(super) fn bootstrap(
    client: &mut Client,
    deployer: &Signer,
    codes: &Codes,
    outside: &Outside,
    config: &Config,
    salt: &[u8],
) -> Result<(Addresses, Tx), GasError> {
    let wrong = |cause: String| GasError::step("bootstrap", cause);
    let code = client.code(codes.guardian)?.ok_or_else(|| wrong("the guardian's code is not there".into()))?;
    let checksum = Checksum::try_from(code.data_hash.as_slice()).map_err(|error| wrong(error.to_string()))?;
    let prefix = &client.network().prefix;
    let creator = address::parse(deployer.address(), prefix, "the deployer")?;
    let guardian = address::predict(&checksum, &creator, salt, prefix, "the guardian's salt")?;
    let msg = instantiate_message(config, codes, outside);
    let made = message::instantiate2(deployer.address(), &guardian, codes.guardian, &config.suite.label, &msg, salt)?;
    let tx = client.send(deployer, &[made], GAS)?;
    let suite: SuiteResponse = client.smart(&guardian, &QueryMsg::Suite {})?;
    let addresses = Addresses {
        guardian,
        oracle: suite.oracle,
        breaker: suite.circuit_breaker,
        fund: suite.insurance_fund,
        vault: suite.derivatives_vault,
        dao: outside.dao.clone(),
        empty: outside.empty.clone(),
    };
    Ok((addresses, tx))
}

/// The configuration's message, with the contracts that were made for it in the places of its references.
fn instantiate_message(config: &Config, codes: &Codes, outside: &Outside) -> InstantiateMsg {
    let mut config = config.clone();
    config.council.group.clone_from(&outside.council);
    for proposer in &mut config.roles.proposers {
        if proposer == DAO_REFERENCE {
            proposer.clone_from(&outside.dao);
        }
    }
    config.message(SuiteCodes {
        oracle: codes.oracle,
        circuit_breaker: codes.breaker,
        insurance_fund: codes.fund,
        derivatives_vault: codes.vault,
    })
}
