//! The other four contracts, in one transaction: each is told the addresses of the others before they exist.

use crate::error::ContractError;
use cosmwasm_std::{instantiate2_address, to_json_binary, Binary, Deps, Env, Response, SubMsg, WasmMsg};
use firebreak_messages::guardian::{InstantiateMsg, SuiteBootstrapped, SuiteCodes, SuiteResponse};
use firebreak_messages::{circuit_breaker, derivatives_vault, insurance_fund, oracle};

/// Reply to the last child's instantiation. Never reused for anything else.
pub const BOOTSTRAPPED: u64 = 1;

/// One byte after the salt for each child: two children of the same code need different addresses.
#[derive(Clone, Copy)]
enum Child {
    Oracle,
    CircuitBreaker,
    InsuranceFund,
    DerivativesVault,
}

impl Child {
    const fn suffix(self) -> u8 {
        match self {
            Self::Oracle => b'o',
            Self::CircuitBreaker => b'c',
            Self::InsuranceFund => b'i',
            Self::DerivativesVault => b'd',
        }
    }
    const fn label(self) -> &'static str {
        match self {
            Self::Oracle => "firebreak oracle",
            Self::CircuitBreaker => "firebreak circuit-breaker",
            Self::InsuranceFund => "firebreak insurance-fund",
            Self::DerivativesVault => "firebreak derivatives-vault",
        }
    }
    fn salt(self, salt: &Binary) -> Binary {
        let mut bytes = salt.to_vec();
        bytes.push(self.suffix());
        bytes.into()
    }
    /// Where `instantiate2` will put it: a hash of the code's checksum, the creator and the salt.
    fn predicted(self, deps: Deps, env: &Env, code_id: u64, salt: &Binary) -> Result<String, ContractError> {
        let checksum = deps.querier.query_wasm_code_info(code_id)?.checksum;
        let creator = deps.api.addr_canonicalize(env.contract.address.as_str())?;
        let canonical = instantiate2_address(checksum.as_slice(), &creator, &self.salt(salt))?;
        Ok(deps.api.addr_humanize(&canonical)?.into_string())
    }
    fn instantiate(self, env: &Env, code_id: u64, salt: &Binary, msg: Binary) -> WasmMsg {
        WasmMsg::Instantiate2 {
            admin: Some(env.contract.address.to_string()),
            code_id,
            label: self.label().into(),
            msg,
            funds: vec![],
            salt: self.salt(salt),
        }
    }
}

/// The addresses that the four will have.
pub fn predict(deps: Deps, env: &Env, codes: &SuiteCodes, salt: &Binary) -> Result<SuiteResponse, ContractError> {
    Ok(SuiteResponse {
        oracle: Child::Oracle.predicted(deps, env, codes.oracle, salt)?,
        circuit_breaker: Child::CircuitBreaker.predicted(deps, env, codes.circuit_breaker, salt)?,
        insurance_fund: Child::InsuranceFund.predicted(deps, env, codes.insurance_fund, salt)?,
        derivatives_vault: Child::DerivativesVault.predicted(deps, env, codes.derivatives_vault, salt)?,
    })
}

/// The four instantiations; the last one is replied to, when all four exist.
pub fn instantiate_all(env: &Env, suite: &SuiteResponse, msg: InstantiateMsg) -> Result<Response, ContractError> {
    let InstantiateMsg { denom, codes, salt, feeds, guards, observers, vault, markets, fund, gas, .. } = msg;
    let owner = env.contract.address.to_string();
    let oracle = oracle::InstantiateMsg {
        owner: owner.clone(),
        hook: Some(oracle::HookConfig { contract: suite.circuit_breaker.clone(), gas_limit: gas.breaker }),
        feeds,
    };
    let breaker = circuit_breaker::InstantiateMsg {
        owner: owner.clone(),
        oracle: suite.oracle.clone(),
        vault: Some(suite.derivatives_vault.clone()),
        guardian: Some(circuit_breaker::SignalConfig { contract: owner.clone(), gas_limit: gas.guardian }),
        markets: guards,
        observers,
    };
    let fund = insurance_fund::InstantiateMsg {
        owner: owner.clone(),
        denom: denom.clone(),
        vaults: vec![suite.derivatives_vault.clone()],
        config: fund,
    };
    let vault = derivatives_vault::InstantiateMsg {
        owner,
        denom,
        oracle: suite.oracle.clone(),
        circuit_breaker: suite.circuit_breaker.clone(),
        insurance_fund: suite.insurance_fund.clone(),
        parameters: vault,
        markets,
    };
    let last = Child::DerivativesVault.instantiate(env, codes.derivatives_vault, &salt, to_json_binary(&vault)?);
    Ok(Response::new()
        .add_message(Child::Oracle.instantiate(env, codes.oracle, &salt, to_json_binary(&oracle)?))
        .add_message(Child::CircuitBreaker.instantiate(env, codes.circuit_breaker, &salt, to_json_binary(&breaker)?))
        .add_message(Child::InsuranceFund.instantiate(env, codes.insurance_fund, &salt, to_json_binary(&fund)?))
        .add_submessage(SubMsg::reply_on_success(last, BOOTSTRAPPED)))
}

/// Fails the whole transaction unless the guardian administrates itself and all four, at the addresses that they were
/// told.
///
/// A guardian with another admin would be a timelock that somebody can replace without waiting. It is asked here and
/// not in `instantiate`, since a chain writes a contract's record after its `instantiate` and before its messages.
///
/// Errors: [`ContractError::AdminNotSelf`], [`ContractError::ChildMissing`], [`ContractError::ChildAdmin`].
pub fn verify(deps: Deps, env: &Env, suite: SuiteResponse) -> Result<Response, ContractError> {
    let own = env.contract.address.as_str();
    let admin_text =
        |admin: Option<cosmwasm_std::Addr>| admin.map_or("nobody".to_string(), |admin| admin.into_string());
    let admin = admin_text(deps.querier.query_wasm_contract_info(own)?.admin);
    if admin != own {
        return Err(ContractError::AdminNotSelf { found: admin });
    }
    for (child, address) in [
        (Child::Oracle, &suite.oracle),
        (Child::CircuitBreaker, &suite.circuit_breaker),
        (Child::InsuranceFund, &suite.insurance_fund),
        (Child::DerivativesVault, &suite.derivatives_vault),
    ] {
        let child = child.label();
        let info = deps
            .querier
            .query_wasm_contract_info(address)
            .map_err(|_| ContractError::ChildMissing { child, wanted: address.clone() })?;
        let admin = admin_text(info.admin);
        if admin != own {
            return Err(ContractError::ChildAdmin { child, wanted: own.into(), found: admin });
        }
    }
    let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = suite;
    Ok(Response::new().add_event(SuiteBootstrapped { oracle, circuit_breaker, insurance_fund, derivatives_vault }))
}
