//! The bootstrap, rehearsed off-chain with the very contracts: their own bounds refuse what cannot work, and the
//! guardian itself tells where its four children will be.

use super::artifact::{Artifact, Contract};
use super::config::Config;
use super::error::DeployError;
use cosmwasm_std::testing::{mock_env, MockApi, MockQuerier, MockStorage};
use cosmwasm_std::{
    from_json, to_json_binary, Addr, CodeInfoResponse, ContractResult, CosmosMsg, Empty, Env, MessageInfo, OwnedDeps,
    QuerierResult, Response, SystemError, SystemResult, WasmMsg, WasmQuery,
};
use firebreak_messages::circuit_breaker::InstantiateMsg as BreakerMsg;
use firebreak_messages::derivatives_vault::InstantiateMsg as VaultMsg;
use firebreak_messages::guardian::{SuiteCodes, SuiteResponse};
use firebreak_messages::insurance_fund::InstantiateMsg as FundMsg;
use firebreak_messages::oracle::InstantiateMsg as OracleMsg;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// The numbers that the codes have in the rehearsal; addresses depend on checksums only.
const CODES: SuiteCodes = SuiteCodes { oracle: 1, circuit_breaker: 2, insurance_fund: 3, derivatives_vault: 4 };

type Deps = OwnedDeps<MockStorage, MockApi, MockQuerier>;

/// Runs the five instantiations and returns where the children will be.
///
/// What only the chain can tell, the weights of the council's group, is taken to be fine.
///
/// Errors: [`DeployError::Value`], which names the part of the configuration and repeats what the contract said.
pub fn rehearse(
    config: &Config,
    artifacts: &BTreeMap<Contract, Artifact>,
    guardian: &str,
) -> Result<SuiteResponse, DeployError> {
    // The mock keeps its prefix for ever; a program that plans a deployment does so a few times.
    let stage = Stage { prefix: config.network.prefix.clone().leak(), guardian, artifacts };
    for market in &config.markets {
        let feed = market.config.feed;
        if !config.feeds.iter().any(|setup| setup.feed == feed) {
            let field = format!("market {}", market.market);
            return Err(DeployError::value(field, format!("its feed {feed} is not among the feeds")));
        }
    }
    let mut deps = stage.deps();
    let message = config.message(CODES);
    let response = firebreak_guardian::contract::instantiate(deps.as_mut(), stage.env(), stage.sender(), message)
        .map_err(|error| DeployError::value("guardian", error))?;
    let suite =
        firebreak_guardian::state::SUITE.load(&deps.storage).map_err(|error| DeployError::value("guardian", error))?;
    stage.children(response)?;
    Ok(suite)
}

/// What a rehearsed contract sees of a chain.
struct Stage<'a> {
    prefix: &'static str,
    guardian: &'a str,
    artifacts: &'a BTreeMap<Contract, Artifact>,
}

impl Stage<'_> {
    fn deps(&self) -> Deps {
        let mut deps = OwnedDeps {
            storage: MockStorage::default(),
            api: MockApi::default().with_prefix(self.prefix),
            querier: MockQuerier::<Empty>::default(),
            custom_query_type: std::marker::PhantomData,
        };
        let checksums: BTreeMap<u64, _> = [
            (CODES.oracle, Contract::Oracle),
            (CODES.circuit_breaker, Contract::CircuitBreaker),
            (CODES.insurance_fund, Contract::InsuranceFund),
            (CODES.derivatives_vault, Contract::DerivativesVault),
        ]
        .into_iter()
        .filter_map(|(code, contract)| Some((code, self.artifacts.get(&contract)?.checksum)))
        .collect();
        let creator = Addr::unchecked(self.guardian);
        deps.querier.update_wasm(move |query| match query {
            WasmQuery::CodeInfo { code_id } => match checksums.get(code_id) {
                Some(checksum) => answer(&CodeInfoResponse::new(*code_id, creator.clone(), *checksum)),
                None => SystemResult::Err(SystemError::NoSuchCode { code_id: *code_id }),
            },
            // The council's group: as heavy as it may need to be, in one member.
            WasmQuery::Raw { .. } => answer(&u64::MAX),
            WasmQuery::Smart { msg, .. } => members(msg, creator.as_str()),
            _ => SystemResult::Err(SystemError::Unknown {}),
        });
        deps
    }

    fn env(&self) -> Env {
        let mut env = mock_env();
        env.contract.address = Addr::unchecked(self.guardian);
        env
    }

    fn sender(&self) -> MessageInfo {
        MessageInfo { sender: Addr::unchecked(self.guardian), funds: vec![] }
    }

    fn children(&self, response: Response) -> Result<(), DeployError> {
        for message in response.messages {
            let CosmosMsg::Wasm(WasmMsg::Instantiate2 { code_id, msg, .. }) = message.msg else { continue };
            match code_id {
                id if id == CODES.oracle => self.oracle(parsed(&msg)?)?,
                id if id == CODES.circuit_breaker => self.breaker(parsed(&msg)?)?,
                id if id == CODES.insurance_fund => self.fund(parsed(&msg)?)?,
                _ => self.vault(parsed(&msg)?)?,
            }
        }
        Ok(())
    }

    // A list is rehearsed one by one first: the contract's refusal says what is wrong, not in which entry.

    fn oracle(&self, msg: OracleMsg) -> Result<(), DeployError> {
        let run = |msg: OracleMsg, field: String| {
            firebreak_oracle::contract::instantiate(self.deps().as_mut(), self.env(), self.sender(), msg)
                .map_err(|error| DeployError::value(field, error))
        };
        for setup in &msg.feeds {
            run(OracleMsg { feeds: vec![setup.clone()], ..msg.clone() }, format!("feed {}", setup.feed))?;
        }
        run(msg, "feeds".into()).map(drop)
    }

    fn breaker(&self, msg: BreakerMsg) -> Result<(), DeployError> {
        let run = |msg: BreakerMsg, field: String| {
            firebreak_circuit_breaker::contract::instantiate(self.deps().as_mut(), self.env(), self.sender(), msg)
                .map_err(|error| DeployError::value(field, error))
        };
        run(BreakerMsg { markets: vec![], ..msg.clone() }, "observers".into())?;
        for setup in &msg.markets {
            run(BreakerMsg { markets: vec![setup.clone()], ..msg.clone() }, format!("guard {}", setup.market))?;
        }
        run(msg, "guards".into()).map(drop)
    }

    fn fund(&self, msg: FundMsg) -> Result<(), DeployError> {
        firebreak_insurance_fund::contract::instantiate(self.deps().as_mut(), self.env(), self.sender(), msg)
            .map_err(|error| DeployError::value("fund", error))
            .map(drop)
    }

    fn vault(&self, msg: VaultMsg) -> Result<(), DeployError> {
        let run = |msg: VaultMsg, field: String| {
            firebreak_derivatives_vault::contract::instantiate(self.deps().as_mut(), self.env(), self.sender(), msg)
                .map_err(|error| DeployError::value(field, error))
        };
        run(VaultMsg { markets: vec![], ..msg.clone() }, "vault".into())?;
        for setup in &msg.markets {
            run(VaultMsg { markets: vec![setup.clone()], ..msg.clone() }, format!("market {}", setup.market))?;
        }
        run(msg, "markets".into()).map(drop)
    }
}

fn parsed<T: DeserializeOwned>(msg: &cosmwasm_std::Binary) -> Result<T, DeployError> {
    from_json(msg).map_err(|error| DeployError::value("guardian", error))
}

fn answer(value: &impl serde::Serialize) -> QuerierResult {
    match to_json_binary(value) {
        Ok(binary) => SystemResult::Ok(ContractResult::Ok(binary)),
        Err(error) => SystemResult::Ok(ContractResult::Err(error.to_string())),
    }
}

/// `ListMembers`, in one page.
fn members(msg: &[u8], member: &str) -> QuerierResult {
    let asked: serde_json::Value = from_json(msg).unwrap_or_default();
    let is_first_page = asked["list_members"]["start_after"].is_null();
    let members = if is_first_page { vec![serde_json::json!({ "addr": member, "weight": u64::MAX })] } else { vec![] };
    answer(&serde_json::json!({ "members": members }))
}
