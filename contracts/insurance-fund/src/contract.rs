//! Entry points: expected coins, then one line of dispatch for each message, then the last frame.

use crate::check::{finish, Done};
use crate::error::ContractError;
use crate::state::{Fund, StoredConfig, CONFIG, FUND};
use crate::{execute, migrate as migration, payment, query as queries, validate};
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Response};
use firebreak_messages::insurance_fund::layout::COVERED;
use firebreak_messages::insurance_fund::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg};
use firebreak_messages::time::now;
use firebreak_risk::Amount;

pub const CONTRACT_NAME: &str = "firebreak:insurance-fund";
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    deps: DepsMut,
    _env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    payment::none(&info.funds)?;
    let config = StoredConfig {
        owner: deps.api.addr_validate(&msg.owner)?.into_string(),
        denom: validate::denom(msg.denom)?,
        config: validate::config(msg.config)?,
        vaults: vec![],
    };
    FUND.save(deps.storage, &Fund::default())?;
    COVERED.save(deps.storage, &Amount::ZERO)?;
    execute::register_first_vaults(deps, config, msg.vaults)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(mut deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let mut fund = FUND.load(deps.storage)?;
    let paid = payment::expected(&msg, &info, &config.denom)?;
    let storage = &mut *deps.storage;
    if !paid.is_zero() {
        execute::keep_window(&config.config, &mut fund, now(&env))?;
    }
    let done: Done = match msg {
        ExecuteMsg::AddFirstLoss {} => execute::add_first_loss(fund, &info, paid)?,
        ExecuteMsg::Stake { shares_min } => execute::stake(storage, &env, fund, &info, paid, shares_min)?,
        ExecuteMsg::RequestUnstake { shares } => execute::request(storage, &env, &config, fund, &info, shares)?,
        ExecuteMsg::CancelUnstake { request } => execute::cancel(storage, &env, fund, &info, request)?,
        ExecuteMsg::ClaimUnstake { request, amount_min } => {
            execute::claim(storage, &env, &config, fund, &info, request, amount_min)?
        }
        ExecuteMsg::ReceiveFees {} => execute::receive_fees(&config, fund, &info, paid)?,
        ExecuteMsg::Cover { deficits } => execute::cover(storage, &env, &config, fund, &info, deficits)?,
        ExecuteMsg::Inject { vault, amount } => {
            execute::ensure_owner(&config, &info)?;
            execute::inject(&env, &config, fund, vault, amount)?
        }
        ExecuteMsg::RegisterVault { vault } => execute::register(deps.branch(), &config, fund, &info, vault)?,
        ExecuteMsg::UnregisterVault { vault } => execute::unregister(storage, &config, fund, &info, vault)?,
        ExecuteMsg::Configure { config: new } => execute::configure(storage, &config, fund, &info, new)?,
    };
    finish(deps, &env, &config.denom, done)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps, msg)
}
