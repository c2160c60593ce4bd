//! TEMPORARY: bootstraps the suite until the guardian's crate compiles. Deleted then.
use cosmwasm_std::*;
use cw_storage_plus::Item;
use firebreak_messages::guardian::{IncidentsResponse, InstantiateMsg, QueryMsg, SuiteResponse};
use firebreak_messages::{circuit_breaker, derivatives_vault, insurance_fund, oracle};

const SUITE: Item<SuiteResponse> = Item::new("suite");

pub fn instantiate(deps: DepsMut, env: Env, _: MessageInfo, msg: InstantiateMsg) -> StdResult<Response> {
    let me = env.contract.address.to_string();
    let creator = deps.api.addr_canonicalize(&me)?;
    let address = |code: u64, salt: &str| -> StdResult<String> {
        let checksum = deps.querier.query_wasm_code_info(code)?.checksum;
        let canonical = instantiate2_address(checksum.as_slice(), &creator, salt.as_bytes())
            .map_err(|error| StdError::generic_err(error.to_string()))?;
        Ok(deps.api.addr_humanize(&canonical)?.to_string())
    };
    let suite = SuiteResponse {
        oracle: address(msg.codes.oracle, "oracle")?,
        circuit_breaker: address(msg.codes.circuit_breaker, "breaker")?,
        insurance_fund: address(msg.codes.insurance_fund, "fund")?,
        derivatives_vault: address(msg.codes.derivatives_vault, "vault")?,
    };
    SUITE.save(deps.storage, &suite)?;
    let create = |code_id: u64, salt: &str, msg: Binary| WasmMsg::Instantiate2 {
        admin: Some(me.clone()),
        code_id,
        label: salt.into(),
        msg,
        funds: vec![],
        salt: salt.as_bytes().into(),
    };
    let oracle = oracle::InstantiateMsg {
        owner: me.clone(),
        hook: Some(oracle::HookConfig { contract: suite.circuit_breaker.clone(), gas_limit: msg.gas.breaker }),
        feeds: msg.feeds,
    };
    let breaker = circuit_breaker::InstantiateMsg {
        owner: me.clone(),
        oracle: suite.oracle.clone(),
        guardian: Some(circuit_breaker::SignalConfig { contract: me.clone(), gas_limit: msg.gas.guardian }),
        markets: msg.guards,
    };
    let fund = insurance_fund::InstantiateMsg {
        owner: me.clone(),
        denom: msg.denom.clone(),
        vaults: vec![suite.derivatives_vault.clone()],
        config: msg.fund,
    };
    let vault = derivatives_vault::InstantiateMsg {
        owner: me.clone(),
        denom: msg.denom,
        oracle: suite.oracle.clone(),
        circuit_breaker: suite.circuit_breaker.clone(),
        insurance_fund: suite.insurance_fund.clone(),
        parameters: msg.vault,
        markets: msg.markets,
    };
    Ok(Response::new()
        .add_message(create(msg.codes.oracle, "oracle", to_json_binary(&oracle)?))
        .add_message(create(msg.codes.circuit_breaker, "breaker", to_json_binary(&breaker)?))
        .add_message(create(msg.codes.insurance_fund, "fund", to_json_binary(&fund)?))
        .add_message(create(msg.codes.derivatives_vault, "vault", to_json_binary(&vault)?)))
}

pub fn execute(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Err(StdError::generic_err("the guardian is not there yet"))
}

pub fn query(deps: Deps, _: Env, msg: QueryMsg) -> StdResult<Binary> {
    match msg {
        QueryMsg::Suite {} => to_json_binary(&SUITE.load(deps.storage)?),
        QueryMsg::Incidents { .. } => to_json_binary(&IncidentsResponse { incidents: vec![] }),
        _ => Err(StdError::generic_err("the guardian is not there yet")),
    }
}
