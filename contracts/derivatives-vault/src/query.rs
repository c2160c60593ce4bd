//! Reads. Every figure is computed by the same functions that the handlers call.

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::execute::{solvency, value_pool};
use crate::exit_reserve;
use crate::exits;
use crate::grace::evaluate_for_liquidation;
use crate::health::{evaluate, Purpose};
use crate::state::{
    ACCOUNTS, CLAIMS, CONFIG, LOSSES, MARKETS, MARKET_LOSSES, ORDERS, PROVIDERS, SETTLEMENT, SETTLEMENT_WINDOWS,
};
use cosmwasm_std::{to_json_binary, Binary, Deps, Env};
use firebreak_messages::derivatives_vault::{
    AccountResponse, AccountsResponse, ConfigResponse, LiquidityClaimsResponse, LiquidityProviderResponse,
    LiquidityProvidersResponse, MarketResponse, MarketsResponse, OrderId, OrderResponse, OrdersResponse,
    OutflowResponse, ParkedResponse, PoolResponse, PoolValueResponse, PositionResponse, QueryMsg, Queue, QuoteResponse,
    SettlementResponse, StatusResponse, WindowResponse,
};
use firebreak_messages::oracle::PriceRecord;
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{fill_price, liquidation_price, Amount, BasisPoints, ExitClass, Rounding, Size};

const PAGE: u32 = 10;

fn page(limit: Option<u32>, max: u32) -> usize {
    limit.unwrap_or(PAGE).min(max) as usize
}

#[inline(never)]
pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&ConfigResponse { config: CONFIG.load(deps.storage)? }),
        QueryMsg::Market { market } => to_json_binary(&market_response(deps, env, market)?),
        QueryMsg::Markets { start_after, limit } => to_json_binary(&markets(deps, env, start_after, limit)?),
        QueryMsg::Account { account } => to_json_binary(&account_response(deps, env, account)?),
        QueryMsg::Accounts { start_after, limit } => to_json_binary(&accounts(deps, start_after, limit)?),
        QueryMsg::Order { order } => to_json_binary(&order_response(deps, order)?),
        QueryMsg::Orders { market, start_after, limit } => to_json_binary(&orders(deps, market, start_after, limit)?),
        QueryMsg::AccountOrders { account } => to_json_binary(&account_orders(deps, account)?),
        QueryMsg::Pool {} => to_json_binary(&pool(deps, env)?),
        QueryMsg::LiquidityProvider { address } => {
            let provider = PROVIDERS.may_load(deps.storage, address.clone())?.unwrap_or_default();
            to_json_binary(&LiquidityProviderResponse { address, provider })
        }
        QueryMsg::LiquidityProviders { start_after, limit } => {
            let providers = PROVIDERS
                .page(deps.storage, start_after, page(limit, 100))?
                .into_iter()
                .map(|(address, provider)| LiquidityProviderResponse { address, provider })
                .collect();
            to_json_binary(&LiquidityProvidersResponse { providers })
        }
        QueryMsg::Status { market } => to_json_binary(&status(deps, env, market)?),
        QueryMsg::Quote { market, size } => to_json_binary(&quote(deps, env, market, size)?),
        QueryMsg::Losses { market: None } => to_json_binary(&LOSSES.load(deps.storage)?),
        QueryMsg::Losses { market: Some(market) } => {
            to_json_binary(&MARKET_LOSSES.may_load(deps.storage, market.0)?.unwrap_or_default().ledger)
        }
        QueryMsg::Settlement {} => to_json_binary(&settlement(deps)?),
        QueryMsg::Solvency {} => {
            let desk = Desk::open_without_posture(deps, env)?;
            to_json_binary(&solvency(deps, env, &desk)?.0)
        }
        QueryMsg::LiquidityClaims { limit } => {
            let claims =
                CLAIMS.page(deps.storage, None, page(limit, 100))?.into_iter().map(|(_, claim)| claim).collect();
            to_json_binary(&LiquidityClaimsResponse { claims })
        }
        QueryMsg::Outflow {} => to_json_binary(&outflow(deps, env)?),
        QueryMsg::Parked(id) => {
            let (class, parked) = exits::load(deps.storage, &id)?;
            let ready = exits::limiter(deps.storage)?.queue(class).ready(&parked)?;
            to_json_binary(&ParkedResponse { amount: parked.amount, ready })
        }
    };
    Ok(answer?)
}

fn describe(market: &OpenMarket, now: u64) -> Result<MarketResponse, ContractError> {
    let short = market.state.short.open_interest()?;
    Ok(MarketResponse {
        market: market.id,
        config: market.config.clone(),
        state: market.state.clone(),
        open_interest_cap: market.open_interest_cap(now)?,
        open_interest_long: market.state.long.open_interest()?,
        open_interest_short: short.negated()?,
        skew: market.skew()?,
    })
}

fn market_response(deps: Deps, env: &Env, id: MarketId) -> Result<MarketResponse, ContractError> {
    let mut desk = Desk::open(deps, env)?;
    desk.load_market(deps, id)?;
    describe(desk.market(id)?, desk.now)
}

fn markets(
    deps: Deps,
    env: &Env,
    start_after: Option<MarketId>,
    limit: Option<u32>,
) -> Result<MarketsResponse, ContractError> {
    let ids = CONFIG.load(deps.storage)?.markets;
    let after = ids.into_iter().filter(|id| start_after.is_none_or(|start| *id > start));
    let markets =
        after.take(page(limit, 32)).map(|id| market_response(deps, env, id)).collect::<Result<_, ContractError>>()?;
    Ok(MarketsResponse { markets })
}

fn account_response(deps: Deps, env: &Env, id: AccountId) -> Result<AccountResponse, ContractError> {
    let mut desk = Desk::open(deps, env)?;
    desk.load_account(deps, &id)?;
    let account = desk.account(&id);
    let (health, views) = evaluate(&desk, &account, Purpose::Trading, None)?;
    let (liquidation, _) = evaluate_for_liquidation(&desk, &account)?;
    let unvested = account.claims.iter().try_fold(Amount::ZERO, |sum, held| sum.plus(held.claim.owed))?;
    let positions = views
        .into_iter()
        .map(|view| {
            let (market, position) = (desk.market(view.market)?, view.health);
            Ok(PositionResponse {
                market: view.market,
                size: position.size,
                pnl: position.pnl,
                price: position.price,
                initial_margin: position.initial_margin,
                maintenance_margin: position.maintenance_margin,
                liquidation_price: liquidation_price(
                    position.size,
                    position.price,
                    market.skew()?,
                    market.config.skew_scale,
                    &market.config.margin,
                    market.config.taker_fee_ratio,
                    &health,
                )?,
            })
        })
        .collect::<Result<_, ContractError>>()?;
    Ok(AccountResponse {
        account: id,
        cash: account.cash,
        positions,
        orders: account.orders,
        margin_held: account.margin_held,
        unvested,
        equity: health.equity,
        initial_margin: health.initial_margin,
        maintenance_margin: health.maintenance_margin,
        liquidatable: liquidation.is_liquidatable() || liquidation.owes_without_position(),
    })
}

fn accounts(deps: Deps, start_after: Option<AccountId>, limit: Option<u32>) -> Result<AccountsResponse, ContractError> {
    let start = start_after.map(|account| (account.owner, account.subaccount));
    let accounts = ACCOUNTS
        .page(deps.storage, start, page(limit, 32))?
        .into_iter()
        .map(|((owner, subaccount), _)| AccountId { owner, subaccount })
        .collect();
    Ok(AccountsResponse { accounts })
}

fn order_response(deps: Deps, order: OrderId) -> Result<OrderResponse, ContractError> {
    let details = ORDERS.may_load(deps.storage, order.key())?.ok_or(ContractError::UnknownOrder { order })?;
    Ok(OrderResponse { order, details })
}

fn orders(
    deps: Deps,
    market: MarketId,
    start_after: Option<OrderId>,
    limit: Option<u32>,
) -> Result<OrdersResponse, ContractError> {
    if !CONFIG.load(deps.storage)?.markets.contains(&market) {
        return Err(ContractError::UnknownMarket { market });
    }
    let orders = Queue::ALL
        .into_iter()
        .flat_map(|queue| {
            let start = start_after.filter(|start| (start.market, start.queue) == (market, queue));
            let passed = start_after.is_some_and(|start| (start.market, start.queue) > (market, queue));
            let waiting = (!passed)
                .then(|| ORDERS.under(deps.storage, (market.0, queue.key()), start.map(|start| start.sequence)));
            waiting.into_iter().flatten().map(move |next| {
                next.map(|(sequence, details)| OrderResponse { order: OrderId { market, queue, sequence }, details })
            })
        })
        .take(page(limit, 50))
        .collect::<Result<_, _>>()?;
    Ok(OrdersResponse { orders })
}

/// Bounded by `ORDERS_PER_ACCOUNT_MAX`.
fn account_orders(deps: Deps, id: AccountId) -> Result<OrdersResponse, ContractError> {
    let account = ACCOUNTS.may_load(deps.storage, (id.owner, id.subaccount))?.unwrap_or_default();
    let orders = account.orders.into_iter().map(|order| order_response(deps, order)).collect::<Result<_, _>>()?;
    Ok(OrdersResponse { orders })
}

fn pool(deps: Deps, env: &Env) -> Result<PoolResponse, ContractError> {
    let mut desk = Desk::open(deps, env)?;
    let pool = desk.pool.clone();
    let insurance_fee_share = desk.insurance_fee_share()?;
    let value = match value_pool(deps, &mut desk, false) {
        Ok(value) => Some(PoolValueResponse { deposit: value.deposit, withdraw: value.withdraw }),
        Err(
            ContractError::PriceUnusable { .. } | ContractError::Restricted { .. } | ContractError::OrdersFirst { .. },
        ) => None,
        Err(error) => return Err(error),
    };
    Ok(PoolResponse { pool, value, insurance_fee_share })
}

fn outflow(deps: Deps, env: &Env) -> Result<OutflowResponse, ContractError> {
    let desk = Desk::open(deps, env)?;
    let limiter = exits::limiter(deps.storage)?;
    let capacity = |class| -> Result<Amount, ContractError> {
        let (at, parameters) = (exits::moment(&desk)?, &desk.config.parameters.outflow);
        Ok(limiter.capacity(class, BasisPoints::ONE, at, parameters)?)
    };
    Ok(OutflowResponse {
        traders: capacity(ExitClass::Traders)?,
        traders_waiting: limiter.traders.waiting,
        providers: capacity(ExitClass::Providers)?,
        providers_waiting: limiter.providers.waiting,
        providers_reserve: exit_reserve::ratio(&exit_reserve::kept(deps.storage)?, desk.now, &desk.config.parameters),
    })
}

fn settlement(deps: Deps) -> Result<SettlementResponse, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let mut windows = vec![];
    // Bounded by MARKETS_MAX.
    for market in config.markets {
        let Some(settlement) = MARKETS.load(deps.storage, market.0)?.settlement else { continue };
        if settlement.price.is_none() {
            let seen = SETTLEMENT_WINDOWS.may_load(deps.storage, market.0)?.unwrap_or_default();
            windows.push(WindowResponse { market, at: settlement.at, covered_seconds: seen.covered_seconds() });
        }
    }
    let settlement = SETTLEMENT.may_load(deps.storage)?.unwrap_or_default();
    Ok(SettlementResponse { phase: config.phase, settlement, windows })
}

fn status(deps: Deps, env: &Env, id: MarketId) -> Result<StatusResponse, ContractError> {
    let mut desk = Desk::open(deps, env)?;
    desk.load_market(deps, id)?;
    let market = desk.market(id)?;
    let latest = market.record.as_ref().and_then(PriceRecord::latest);
    Ok(StatusResponse {
        market: id,
        effective: market.effective.clone(),
        validity: market.validity,
        price: latest.map(|round| round.price),
        price_round: latest.map_or(0, |round| round.round),
        price_published_at: latest.map_or(0, |round| round.published_at),
    })
}

fn quote(deps: Deps, env: &Env, id: MarketId, size: Size) -> Result<QuoteResponse, ContractError> {
    let mut desk = Desk::open(deps, env)?;
    desk.load_market(deps, id)?;
    let market = desk.market(id)?;
    let size = size.checked()?;
    let fill_price = fill_price(market.mark(), market.skew()?, size, market.config.skew_scale)?;
    let notional = size.notional(fill_price, Rounding::Ceil)?;
    let fee = notional.times(market.config.taker_fee_ratio, Rounding::Ceil)?;
    Ok(QuoteResponse { fill_price, notional, fee })
}
