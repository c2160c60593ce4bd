//! The deployment's plan carried out on an embedded chain, whose codes have the artifacts' checksums.

use cosmwasm_std::{to_json_binary, Addr, Empty, WasmMsg};
use cw4_group::msg::ExecuteMsg as GroupMsg;
use cw_multi_test::{App, BankKeeper, Contract as CodeOf, ContractWrapper, Executor, MockApiBech32};
use firebreak_chain::deploy::{Access, Addresses, Artifact, CodeRecord, Contract, ContractRecord, Plan, Reader};
use firebreak_chain::ChainError;
use firebreak_messages::guardian::{QueryMsg, SuiteCodes, SuiteResponse};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

pub struct Embedded {
    pub app: App<BankKeeper, MockApiBech32>,
    pub addresses: Addresses,
    pub codes: BTreeMap<Contract, u64>,
}

/// A code of the suite, with a reply entry point where it has one. The checksum comes last: the other builders drop it.
macro_rules! code {
    ($contract:ident, $artifact:expr) => {{
        use $contract::contract::{execute, instantiate, migrate, query};
        Box::new(
            ContractWrapper::new(execute, instantiate, query).with_migrate(migrate).with_checksum($artifact.checksum),
        )
    }};
    ($contract:ident, $artifact:expr, reply) => {{
        use $contract::contract::{execute, instantiate, migrate, query, reply};
        let code = ContractWrapper::new(execute, instantiate, query).with_migrate(migrate).with_reply(reply);
        Box::new(code.with_checksum($artifact.checksum))
    }};
}

fn suite_code(contract: Contract, artifact: &Artifact) -> Box<dyn CodeOf<Empty>> {
    match contract {
        Contract::Guardian => code!(firebreak_guardian, artifact, reply),
        Contract::Oracle => code!(firebreak_oracle, artifact, reply),
        Contract::CircuitBreaker => code!(firebreak_circuit_breaker, artifact, reply),
        Contract::InsuranceFund => code!(firebreak_insurance_fund, artifact),
        Contract::DerivativesVault => code!(firebreak_derivatives_vault, artifact, reply),
    }
}

fn outside_code(artifact: &Artifact) -> Box<dyn CodeOf<Empty>> {
    if artifact.file.contains("group") {
        use cw4_group::contract::{execute, instantiate, query};
        Box::new(ContractWrapper::new(execute, instantiate, query).with_checksum(artifact.checksum))
    } else {
        use cw3_flex_multisig::contract::{execute, instantiate, query};
        Box::new(ContractWrapper::new(execute, instantiate, query).with_checksum(artifact.checksum))
    }
}

impl Embedded {
    /// Everything of a plan: codes, outside contracts, bootstrap.
    pub fn deploy(plan: &Plan) -> Self {
        let mut app = cw_multi_test::AppBuilder::new().with_api(MockApiBech32::new("wasm")).build(|_, _, _| {});
        let deployer = Addr::unchecked(&plan.config.key.address);
        let mut codes = BTreeMap::new();
        for (contract, artifact) in &plan.artifacts {
            codes.insert(*contract, app.store_code_with_creator(deployer.clone(), suite_code(*contract, artifact)));
        }
        for outside in &plan.outside {
            let code_id = app.store_code_with_creator(deployer.clone(), outside_code(&outside.artifact));
            let create = WasmMsg::Instantiate2 {
                admin: outside.admin.clone(),
                code_id,
                label: outside.label.clone(),
                msg: to_json_binary(&outside.msg).unwrap(),
                funds: vec![],
                salt: outside.salt.clone().into(),
            };
            app.execute(deployer.clone(), create.into()).unwrap();
            assert!(
                app.contract_data(&Addr::unchecked(&outside.address)).is_ok(),
                "{} is not where predicted",
                outside.name
            );
        }
        let msg = plan.config.message(SuiteCodes {
            oracle: codes[&Contract::Oracle],
            circuit_breaker: codes[&Contract::CircuitBreaker],
            insurance_fund: codes[&Contract::InsuranceFund],
            derivatives_vault: codes[&Contract::DerivativesVault],
        });
        let create = WasmMsg::Instantiate2 {
            admin: Some(plan.predicted.guardian.clone()),
            code_id: codes[&Contract::Guardian],
            label: plan.config.suite.label.clone(),
            msg: to_json_binary(&msg).unwrap(),
            funds: vec![],
            salt: plan.config.suite.salt.as_bytes().into(),
        };
        app.execute(deployer, create.into()).unwrap();
        let guardian = plan.predicted.guardian.clone();
        let suite: SuiteResponse = app.wrap().query_wasm_smart(&guardian, &QueryMsg::Suite {}).unwrap();
        let mut deployed = Self { app, addresses: Addresses::new(guardian, suite), codes };
        deployed.group(plan, &GroupMsg::AddHook { addr: deployed.addresses.guardian.clone() });
        deployed
    }

    /// A message of the deployer, who is its admin, to the council's group.
    pub fn group(&mut self, plan: &Plan, msg: &GroupMsg) {
        let (deployer, group) = (&plan.config.key.address, &plan.config.council.group);
        self.app.execute_contract(Addr::unchecked(deployer), Addr::unchecked(group), msg, &[]).unwrap();
    }

    /// A message that the guardian sends when an operation of its timelock runs.
    pub fn as_guardian(&mut self, contract: &str, msg: &impl Serialize) {
        let msg = to_json_binary(msg).unwrap();
        self.run(WasmMsg::Execute { contract_addr: contract.into(), msg, funds: vec![] });
    }

    /// A vault of the same code and coin that the configuration does not know.
    pub fn another_vault(&mut self, plan: &Plan) -> String {
        let msg = firebreak_messages::derivatives_vault::InstantiateMsg {
            owner: self.addresses.guardian.clone(),
            denom: plan.config.suite.denom.clone(),
            oracle: self.addresses.oracle.clone(),
            circuit_breaker: self.addresses.circuit_breaker.clone(),
            insurance_fund: self.addresses.insurance_fund.clone(),
            parameters: plan.config.vault.clone(),
            markets: vec![],
        };
        let (code, deployer) = (self.codes[&Contract::DerivativesVault], Addr::unchecked(&plan.config.key.address));
        self.app.instantiate_contract(code, deployer, &msg, &[], "another vault", None).unwrap().into_string()
    }

    pub fn run(&mut self, msg: WasmMsg) {
        let guardian = Addr::unchecked(&self.addresses.guardian);
        self.app.execute(guardian, msg.into()).unwrap();
    }
}

impl Reader for Embedded {
    fn smart<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError> {
        let answer = self.app.wrap().query_wasm_smart(contract, query);
        answer.map_err(|error| ChainError::QueryRefused { log: error.to_string() })
    }

    fn contract(&self, address: &str) -> Result<Option<ContractRecord>, ChainError> {
        let data = self.app.contract_data(&Addr::unchecked(address)).ok();
        Ok(data.map(|data| ContractRecord {
            code_id: data.code_id,
            label: data.label,
            admin: data.admin.map(Addr::into_string).unwrap_or_default(),
        }))
    }

    fn code(&self, code_id: u64) -> Result<Option<CodeRecord>, ChainError> {
        let info = self.app.wrap().query_wasm_code_info(code_id).ok();
        Ok(info.map(|info| CodeRecord {
            code_id,
            creator: info.creator.into(),
            checksum: info.checksum.to_string(),
            access: Access::Everybody,
        }))
    }

    fn codes(&self, checksums: &BTreeSet<String>) -> Result<Vec<CodeRecord>, ChainError> {
        let all = (1..).map_while(|code_id| self.code(code_id).ok().flatten());
        Ok(all.filter(|code| checksums.contains(&code.checksum)).collect())
    }
}
