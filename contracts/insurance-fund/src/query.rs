//! Reads.

use crate::error::ContractError;
use crate::execute::coverable;
use crate::state::{Fund, Staker, CONFIG, FUND, STAKERS};
use crate::vault;
use crate::window::WindowRule;
use cosmwasm_std::{to_json_binary, Binary, Deps, Env};
use firebreak_messages::insurance_fund::layout::COVERED;
use firebreak_messages::insurance_fund::{
    ConfigResponse, CoverableResponse, CoverageResponse, FundResponse, MarketDeficit, QueryMsg, StakerResponse,
    StakersResponse,
};
use firebreak_messages::time::now;
use firebreak_risk::{fund_amount_for_shares, stress_loss, Amount, Ratio, RiskError, Rounding};

const LIMIT_DEFAULT: u32 = 30;
const LIMIT_MAX: u32 = 100;

pub fn query(deps: Deps, env: &Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    Ok(match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Fund {} => to_json_binary(&fund(deps, env)?),
        QueryMsg::Staker { address } => to_json_binary(&staker(deps, env, address)?),
        QueryMsg::Stakers { start_after, limit } => to_json_binary(&stakers(deps, env, start_after, limit)?),
        QueryMsg::Coverage {} => to_json_binary(&coverage(deps)?),
        QueryMsg::Coverable { market, amount } => {
            to_json_binary(&least_coverable(deps, env, MarketDeficit { market, amount })?)
        }
    }?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    let stored = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse { owner: stored.owner, denom: stored.denom, vaults: stored.vaults, config: stored.config })
}

fn fund(deps: Deps, env: &Env) -> Result<FundResponse, ContractError> {
    let (fund, config, now) = (FUND.load(deps.storage)?, CONFIG.load(deps.storage)?.config, now(env));
    let rule = WindowRule { share: config.cover_share_max, window_seconds: config.cover_window_seconds };
    let content = fund.content()?;
    let window = rule.at(fund.window, content, now)?;
    let window_ends_at = now
        .checked_add(rule.seconds_to_full(window, content)?)
        .ok_or(RiskError::Overflow { what: "the end of the window" })?;
    let Fund { first_loss, staked, shares, fees_total, last_cover_at, .. } = fund;
    let covered_total = COVERED.load(deps.storage)?;
    let window_left = window.left;
    Ok(FundResponse {
        first_loss,
        staked,
        shares,
        covered_total,
        fees_total,
        last_cover_at,
        window_left,
        window_ends_at,
    })
}

fn staker(deps: Deps, env: &Env, address: String) -> Result<StakerResponse, ContractError> {
    let record = STAKERS.may_load(deps.storage, address.clone())?.unwrap_or_default();
    described(&FUND.load(deps.storage)?, env, address, record)
}

fn stakers(
    deps: Deps,
    env: &Env,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<StakersResponse, ContractError> {
    let fund = FUND.load(deps.storage)?;
    let limit = usize::try_from(limit.unwrap_or(LIMIT_DEFAULT).min(LIMIT_MAX)).unwrap_or_default();
    let stakers = STAKERS
        .page(deps.storage, start_after, limit)?
        .into_iter()
        .map(|(address, record)| described(&fund, env, address, record))
        .collect::<Result<_, _>>()?;
    Ok(StakersResponse { stakers })
}

fn described(fund: &Fund, env: &Env, address: String, record: Staker) -> Result<StakerResponse, ContractError> {
    let record = record.current(fund.generation, now(env))?;
    let total = record.shares_total()?;
    // Shares of a worthless tranche are worth nothing; as an answer that is no error.
    let value = if fund.staked.is_zero() {
        Amount::ZERO
    } else {
        fund_amount_for_shares(total, fund.staked.signed()?, fund.shares)?
    };
    Ok(StakerResponse { address, shares: record.shares, requests: record.requests, value })
}

/// F13's proxy: `open interest * stress_loss_ratio`, over the registered vaults' own figures, read raw. With one that
/// cannot be read there is no answer: counted as none it would make a thin fund look thick, and leverage would not step down.
///
/// Errors: [`ContractError::VaultUnreadable`].
fn coverage(deps: Deps) -> Result<CoverageResponse, ContractError> {
    let (fund, stored) = (FUND.load(deps.storage)?, CONFIG.load(deps.storage)?);
    let mut open_notional = Amount::ZERO;
    // Bounded by VAULTS_MAX.
    for vault in &stored.vaults {
        open_notional = open_notional.plus(vault::open_notional(&deps.querier, vault)?)?;
    }
    let (content, target) = (fund.content()?, stress_loss(open_notional, stored.config.stress_loss_ratio)?);
    let ratio =
        if target.is_zero() { None } else { Some(Ratio::of(content.atoms(), target.atoms(), Rounding::Floor)?) };
    Ok(CoverageResponse { content, open_notional, target, ratio })
}

/// The question names no vault, so the answer is what every registered vault would get at least; none registered,
/// nothing paid.
fn least_coverable(deps: Deps, env: &Env, deficit: MarketDeficit) -> Result<CoverableResponse, ContractError> {
    let (fund, stored, now) = (FUND.load(deps.storage)?, CONFIG.load(deps.storage)?, now(env));
    let mut least: Option<Amount> = None;
    // Bounded by VAULTS_MAX.
    for vault in stored.vaults {
        let amount = coverable(deps.storage, &stored.config, fund.clone(), &vault, now, deficit.clone())?;
        least = Some(least.map_or(amount, |least| least.min(amount)));
    }
    Ok(CoverableResponse { amount: least.unwrap_or_default() })
}
