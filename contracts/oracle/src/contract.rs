//! Entry points: funds are refused, then one line of dispatch for each message.

use crate::error::ContractError;
use crate::state::{Hook, HOOK, OWNER};
use crate::{execute, hook, migrate as migration, query as queries, validate};
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use firebreak_messages::oracle::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};
use firebreak_messages::FeedId;

pub const CONTRACT_NAME: &str = "firebreak:oracle";
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Errors: [`ContractError::OutOfBounds`] and [`ContractError::Duplicate`] for a configuration outside its bounds,
/// [`ContractError::UnknownFeed`] of a leg or a fallback, [`ContractError::UnexpectedFunds`].
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    mut deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    validate::no_funds(&info)?;
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    OWNER.save(deps.storage, &deps.api.addr_validate(&msg.owner)?)?;
    let config = msg.hook.map(|hook| validate::hook(deps.api, hook)).transpose()?;
    HOOK.save(deps.storage, &Hook { config, ..Hook::default() })?;
    validate::feeds(&msg.feeds)?;
    let mut response = Response::new();
    // Bounded by FEEDS_MAX.
    let fallbacks: Vec<(FeedId, Option<FeedId>)> =
        msg.feeds.iter().map(|setup| (setup.feed, setup.config.fallback)).collect();
    for setup in msg.feeds {
        response = response.add_event(execute::set_feed(deps.branch(), setup.feed, setup.config)?);
    }
    // Afterwards: one may come later in the list.
    for (feed, fallback) in fallbacks {
        execute::stand_by(deps.storage, feed, None, fallback)?;
    }
    Ok(response)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    validate::no_funds(&info)?;
    match msg {
        ExecuteMsg::Report { reports } => execute::report(deps, &env, &info, reports),
        ExecuteMsg::ReportSigned { reports } => execute::report_signed(deps, &env, reports),
        ExecuteMsg::Pull { feed, feeder } => execute::pull(deps, &env, feed, feeder),
        ExecuteMsg::PromoteFallback { feed } => execute::promote(deps, &info, feed),
        ExecuteMsg::DemoteFallback { feed } => execute::demote(deps, &info, feed),
        ExecuteMsg::SetFeed { feed, config } => execute::set_feed_as_owner(deps, &info, feed, config),
        ExecuteMsg::SetHook { hook } => execute::set_hook(deps, &info, hook),
    }
}

/// The hook's reply only. Errors: [`ContractError::TooDeep`], [`ContractError::UnknownReply`].
#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    match reply.id {
        hook::HOOK_REPLY => hook::after(deps, &env, &reply.result),
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
