//! Entry points: funds are refused, then one line of dispatch for each message.

use crate::error::ContractError;
use crate::state::{Config, CONFIG, SIGNAL_HEALTH};
use crate::unsent::Unsent;
use crate::{execute, migrate as migration, query as queries, signal, validate};
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use firebreak_messages::circuit_breaker::layout::POSTURE_OF_ALL;
use firebreak_messages::circuit_breaker::{
    ExecuteMsg, InstantiateMsg, MigrateMsg, PostureRecord, QueryMsg, SignalHealthResponse,
};

pub const CONTRACT_NAME: &str = "firebreak:circuit-breaker";
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Errors: [`ContractError::OutOfBounds`], [`ContractError::DuplicateMarket`], [`ContractError::UnexpectedFunds`].
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    mut deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    validate::no_funds(&info)?;
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    let config = Config {
        owner: deps.api.addr_validate(&msg.owner)?,
        oracle: deps.api.addr_validate(&msg.oracle)?,
        vault: msg.vault.map(|vault| deps.api.addr_validate(&vault)).transpose()?,
        guardian: msg.guardian.map(|guardian| validate::signal(deps.api, guardian)).transpose()?,
        watched: vec![],
        unsent: Unsent::default(),
    };
    CONFIG.save(deps.storage, &config)?;
    POSTURE_OF_ALL.save(deps.storage, &PostureRecord::default())?;
    SIGNAL_HEALTH.save(deps.storage, &SignalHealthResponse::default())?;
    validate::distinct_markets(&msg.markets)?;
    let mut response = Response::new().add_event(execute::replace_observers(deps.branch(), &env, msg.observers)?);
    // Bounded by MARKETS_MAX: one more is refused.
    for setup in msg.markets {
        response = response.add_event(execute::set_market(deps.branch(), setup.market, setup.config)?);
    }
    Ok(response)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    validate::no_funds(&info)?;
    match msg {
        ExecuteMsg::Evaluate { feeds } => execute::evaluate(deps, &env, &feeds),
        ExecuteMsg::SetMarket { market, config } => execute::set_market_as_owner(deps, &info, market, config),
        ExecuteMsg::Restrict { scope, source, phases, incident } => {
            execute::restrict(deps, &env, &info, scope, source, phases, incident)
        }
        ExecuteMsg::Lift { scope, source } => execute::lift(deps, &env, &info, scope, source),
        ExecuteMsg::SetGuardian { guardian } => execute::set_guardian(deps, &info, guardian),
        ExecuteMsg::SetObservers { config } => execute::set_observers(deps, &env, &info, config),
        ExecuteMsg::Attest { market, signal, attestations } => {
            execute::attest(deps, &env, market, signal, &attestations)
        }
        ExecuteMsg::Judge { incident } => execute::judge(deps, incident),
    }
}

/// The signals' reply only.
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    match reply.id {
        signal::SIGNAL_REPLY => signal::after(deps, &env, &reply),
        id => Err(ContractError::UnknownReply { id }),
    }
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps, msg)
}
