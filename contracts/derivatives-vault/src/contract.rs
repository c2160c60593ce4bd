//! Entry points: gate, then one line of dispatch for each message, then the last frame.

use crate::check::{finish, Done};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::{CONFIG, LOSSES, POOL};
use crate::{execute, exits, gate, migrate as migration, query as queries, reply as replies, settlement, validate};
#[cfg(not(feature = "library"))]
use cosmwasm_std::entry_point;
use cosmwasm_std::{Binary, Deps, DepsMut, Env, MessageInfo, Reply, Response};
use firebreak_messages::derivatives_vault::{
    ExecuteMsg, InstantiateMsg, LossLedger, MigrateMsg, Pool, QueryMsg, VaultConfig, VaultPhase,
};

use firebreak_risk::{Amount, ExitClass};

pub const CONTRACT_NAME: &str = "firebreak:derivatives-vault";
pub const CONTRACT_VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn instantiate(
    mut deps: DepsMut,
    env: Env,
    info: MessageInfo,
    msg: InstantiateMsg,
) -> Result<Response, ContractError> {
    cw2::set_contract_version(deps.storage, CONTRACT_NAME, CONTRACT_VERSION)?;
    gate::no_coins(&info.funds)?;
    let address = |text: &str| deps.api.addr_validate(text).map(cosmwasm_std::Addr::into_string);
    let config = VaultConfig {
        owner: address(&msg.owner)?,
        denom: msg.denom,
        oracle: address(&msg.oracle)?,
        circuit_breaker: address(&msg.circuit_breaker)?,
        insurance_fund: address(&msg.insurance_fund)?,
        parameters: validate::vault_parameters(msg.parameters)?,
        markets: vec![],
        phase: VaultPhase::Open,
    };
    CONFIG.save(deps.storage, &config)?;
    POOL.save(deps.storage, &Pool::default())?;
    LOSSES.save(deps.storage, &LossLedger::default())?;
    let mut response = Response::new();
    // Bounded by MARKETS_MAX: one more is refused.
    for setup in msg.markets {
        response = response.add_event(execute::set_market(
            deps.branch(),
            &env,
            setup.market,
            setup.config,
            execute::Opening::Full,
        )?);
    }
    Ok(response)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    match admit(deps.as_ref(), &env, &info, &msg)? {
        Some(admitted) => dispatch(deps, &env, info, admitted, msg),
        None => settle(deps, env, info, msg),
    }
}

/// The last frame of what changed records.
#[inline(never)]
fn close(
    deps: DepsMut,
    env: &Env,
    mut done: Done,
    inflow: Option<(ExitClass, String, Amount)>,
    pays_equity: bool,
) -> Result<Response, ContractError> {
    if let Some((class, owner, paid)) = inflow {
        exits::entered(deps.storage, &done.desk, class, owner, paid)?;
    }
    done.pays_equity = pays_equity;
    finish(deps, env, done)
}

/// What the gate lets through.
struct Admitted {
    desk: Box<Desk>,
    paid: Amount,
    /// Whose coins came in, where they count for the outflow limiter.
    inflow: Option<(ExitClass, String, Amount)>,
    pays_equity: bool,
}

/// The gate. `None`: a batch of orders of a market whose settlement is due, which takes the batch over.
#[inline(never)]
fn admit(deps: Deps, env: &Env, info: &MessageInfo, msg: &ExecuteMsg) -> Result<Option<Admitted>, ContractError> {
    let mut desk = Box::new(Desk::open(deps, env)?);
    gate::ensure_phase(deps, &desk, msg)?;
    if let ExecuteMsg::ExecuteOrders { market, .. } = msg {
        desk.load_market(deps, *market)?;
        if settlement::takes_over(desk.market(*market)?, desk.now) {
            return Ok(None);
        }
    }
    // Restrictions of scope `All` are asked here; those of a market where the message names one. Those of a batch are of its market.
    if !matches!(msg, ExecuteMsg::ExecuteOrders { .. }) {
        gate::ensure_allows(&desk.effective_of_all(), gate::action(msg))?;
    }
    gate::ensure_no_breach(gate::action(msg), desk.pool.breached_since)?;
    let paid = gate::payment(msg, info, &desk.config.denom)?;
    let inflow = gate::inflow(msg, info, paid, desk.config.parameters.execution_fee);
    Ok(Some(Admitted { desk, paid, inflow, pays_equity: gate::pays_equity(msg) }))
}

/// The settlement's part of [`ExecuteMsg::ExecuteOrders`]: at every level, and without coins.
#[inline(never)]
fn settle(mut deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    gate::no_coins(&info.funds)?;
    let ExecuteMsg::ExecuteOrders { market, limit } = msg else { return Ok(Response::new()) };
    let mut desk = Desk::open(deps.as_ref(), &env)?;
    desk.load_market(deps.as_ref(), market)?;
    let done = execute::advance_settlement(deps.branch(), desk, market, limit)?;
    finish(deps, &env, done)
}

/// One line for each message. Beside `execute`, because a chain counts the locals of each function.
#[inline(never)]
fn dispatch(
    mut deps: DepsMut,
    env: &Env,
    info: MessageInfo,
    admitted: Admitted,
    msg: ExecuteMsg,
) -> Result<Response, ContractError> {
    let Admitted { desk, paid, inflow, pays_equity } = admitted;
    let (desk, read) = (*desk, deps.as_ref());
    let done = match msg {
        ExecuteMsg::PlaceOrder(order) => execute::place_orders(deps.branch(), desk, &info, paid, vec![order])?,
        ExecuteMsg::PlaceOrders { orders } => execute::place_orders(deps.branch(), desk, &info, paid, orders)?,
        ExecuteMsg::CancelOrder { order } => return execute::cancel_order(deps, &desk, &info, order),
        ExecuteMsg::CancelOrders { subaccount, market } => {
            return execute::cancel_orders(deps, &desk, info, subaccount, market)
        }
        ExecuteMsg::ExecuteOrders { market, limit } => {
            let (changes, done) = execute::execute_orders(read, desk, &info, market, limit)?;
            changes.store(deps.storage)?;
            done
        }
        ExecuteMsg::AddCollateral { account, subaccount } => {
            execute::add_collateral(read, desk, info, paid, account, subaccount)?
        }
        ExecuteMsg::WithdrawCollateral { subaccount, amount } => {
            execute::withdraw_collateral(deps.branch(), desk, info, subaccount, amount)?
        }
        ExecuteMsg::Liquidate { accounts } => execute::liquidate(deps.branch(), desk, info, accounts)?,
        ExecuteMsg::ProvideLiquidity { shares_min } => {
            execute::provide_liquidity(deps.branch(), desk, info, paid, shares_min)?
        }
        ExecuteMsg::RequestLiquidityWithdrawal { shares } => {
            execute::request_withdrawal(deps.branch(), desk, info, shares)?
        }
        ExecuteMsg::CancelLiquidityWithdrawal { request } => {
            execute::cancel_withdrawal(deps.branch(), desk, info, request)?
        }
        ExecuteMsg::ClaimLiquidityWithdrawal { request, amount_min } => {
            execute::claim_withdrawal(deps.branch(), desk, info, paid, request, amount_min)?
        }
        ExecuteMsg::ExecuteClaims { limit } => execute::execute_claims(deps.branch(), desk, info, limit)?,
        ExecuteMsg::CollectParked(id) => execute::collect_parked(deps.branch(), desk, id)?,
        ExecuteMsg::CancelParked(id) => execute::cancel_parked(deps.branch(), desk, info, id)?,
        ExecuteMsg::SweepFees {} => execute::sweep_fees(read, desk)?,
        ExecuteMsg::Recapitalize {} => execute::recapitalize(desk, info, paid)?,
        ExecuteMsg::ReportBreach {} => return execute::report_breach(deps, env, desk),
        ExecuteMsg::ConfigureMarket { market, config } => {
            return execute::configure_market(deps, env, info, market, config)
        }
        ExecuteMsg::ContestMarket { market, until } => execute::contest_market(read, desk, info, market, until)?,
        ExecuteMsg::CutContested(market) => execute::cut_contested(read, desk, info, market)?,
        ExecuteMsg::Configure { parameters } => return execute::configure(deps, env, info, parameters),
        ExecuteMsg::SettleMarket { market, at } => return execute::schedule_market(deps, env, info, market, at),
        ExecuteMsg::SettleVault { at } => return execute::schedule_vault(deps, env, info, at),
        ExecuteMsg::SettleAccounts { limit } => execute::settle_accounts(deps.branch(), env, desk, info, limit)?,
        ExecuteMsg::PaySettlement { accounts } => execute::pay_settlement(deps.branch(), desk, accounts)?,
    };
    close(deps, env, done, inflow, pays_equity)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn query(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    queries::query(deps, &env, msg)
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn reply(deps: DepsMut, env: Env, reply: Reply) -> Result<Response, ContractError> {
    match reply.id {
        replies::COVER => replies::covered(deps, &env, reply),
        replies::SWEEP => replies::swept(deps, &env, reply),
        replies::LEAVE => replies::refused(deps, &env, reply),
        id => Err(ContractError::UnknownReply { id }),
    }
}

#[cfg_attr(not(feature = "library"), entry_point)]
pub fn migrate(deps: DepsMut, _env: Env, msg: MigrateMsg) -> Result<Response, ContractError> {
    migration::migrate(deps, msg)
}
