//! What stolen keys can cost at most: figures of vault, fund and guardian, as they are now, for `firebreak_risk::max_loss`.
//!
//! A query only: it asks the other contracts, which no message of the guardian's fast tiers does.

use crate::error::ContractError;
use crate::json::message_name;
use crate::state::{ARMED, COUNCIL, DELAYS, PLAYBOOKS, SENTINELS, SUITE};
use cosmwasm_std::{from_json, Deps};
use firebreak_messages::guardian::{Playbook, Step, SuiteResponse};
use firebreak_messages::{derivatives_vault, insurance_fund};
use firebreak_risk::{
    max_loss, Amount, Barriers, CouncilPlaybooks, Injection, Level, MaxLoss, OutflowParams, Ratio, SignedAmount,
    Stakes, Stolen,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Of each answer what is needed; the rest is not read.
#[derive(Deserialize)]
struct VaultConfigAnswer {
    config: VaultFigures,
}
#[derive(Deserialize)]
struct VaultFigures {
    parameters: VaultLimits,
}
#[derive(Deserialize)]
struct VaultLimits {
    outflow: OutflowParams,
    lp_cooldown_seconds: u64,
}
#[derive(Deserialize)]
struct PoolAnswer {
    pool: PoolFigures,
}
#[derive(Deserialize)]
struct PoolFigures {
    cash: SignedAmount,
    traders_cash: SignedAmount,
    receivable: Amount,
    escrow: Amount,
    insurance_fees: Amount,
    parked: Amount,
    unvested: Amount,
}
#[derive(Deserialize)]
struct MarketsAnswer {
    markets: Vec<MarketAnswer>,
}
#[derive(Deserialize)]
struct MarketAnswer {
    config: MarketLimits,
}
#[derive(Deserialize)]
struct MarketLimits {
    vesting_half_life_seconds: u64,
}
#[derive(Deserialize)]
struct FundConfigAnswer {
    config: FundLimits,
}
#[derive(Deserialize)]
struct FundLimits {
    cover_share_max: Ratio,
    cover_window_seconds: u64,
    inject_share_max: Ratio,
}
#[derive(Deserialize)]
struct FundAnswer {
    first_loss: Amount,
    staked: Amount,
}

/// Errors: a contract that cannot be asked, overflow.
pub fn bound(deps: Deps, stolen: Stolen, horizon: Option<u64>) -> Result<MaxLoss, ContractError> {
    let SuiteResponse { derivatives_vault: vault, insurance_fund: fund, .. } = SUITE.load(deps.storage)?;
    use derivatives_vault::QueryMsg as Vault;
    use insurance_fund::QueryMsg as Fund;
    let VaultLimits { outflow, lp_cooldown_seconds } =
        ask::<VaultConfigAnswer>(deps, &vault, &Vault::Config {})?.config.parameters;
    let pool = ask::<PoolAnswer>(deps, &vault, &Vault::Pool {})?.pool;
    // One page holds all markets.
    let markets: MarketsAnswer = ask(deps, &vault, &Vault::Markets { start_after: None, limit: Some(32) })?;
    let limits = ask::<FundConfigAnswer>(deps, &fund, &Fund::Config {})?.config;
    let held: FundAnswer = ask(deps, &fund, &Fund::Fund {})?;
    let (delays, council) = (DELAYS.load(deps.storage)?, COUNCIL.load(deps.storage)?);
    let (playbooks, freeze) = of_playbooks(deps, &vault, &fund)?;
    let sentinels = SENTINELS.may_load(deps.storage)?.unwrap_or_default();
    let half_lives = markets.markets.iter().map(|market| market.config.vesting_half_life_seconds);
    let stakes = Stakes {
        pool: pool.cash.minus_amount(pool.receivable)?.positive_part(),
        collateral: collateral(&pool)?,
        fees: pool.escrow.plus(pool.insurance_fees)?,
        first_loss: held.first_loss,
        staked: held.staked,
    };
    let barriers = Barriers {
        outflow,
        half_life_seconds: half_lives.min().unwrap_or_default(),
        lp_cooldown_seconds,
        parameters_delay: delays.parameters,
        roles_delay: delays.roles,
        cover_share: limits.cover_share_max,
        inject_share: limits.inject_share_max,
        cover_window_seconds: limits.cover_window_seconds,
        sentinels: sentinels.iter().filter(|sentinel| sentinel.armed).count() as u64,
        freezes: freeze || council.frozen_seconds_max > 0,
        playbooks,
    };
    Ok(max_loss(&stakes, &barriers, stolen, horizon)?)
}

fn ask<T: DeserializeOwned>(deps: Deps, contract: &str, question: &impl Serialize) -> Result<T, ContractError> {
    Ok(deps.querier.query_wasm_smart(contract, question)?)
}

/// Of accounts that owe nothing, with what is theirs later.
fn collateral(pool: &PoolFigures) -> Result<Amount, ContractError> {
    let cash = pool.traders_cash.plus_amount(pool.receivable)?.positive_part();
    Ok(cash.plus(pool.unvested)?.plus(pool.parked)?)
}

/// What the council's playbooks can do, and whether one of them freezes.
fn of_playbooks(deps: Deps, vault: &str, fund: &str) -> Result<(CouncilPlaybooks, bool), ContractError> {
    let (mut found, mut freeze) = (CouncilPlaybooks::default(), false);
    let notice = |found: Option<u64>, seconds: u64| Some(found.map_or(seconds, |least| least.min(seconds)));
    // Bounded by PLAYBOOKS_MAX times STEPS_MAX.
    for armed in ARMED.may_load(deps.storage)?.unwrap_or_default() {
        let playbook: Playbook = PLAYBOOKS.load(deps.storage, armed.playbook)?.playbook;
        if !playbook.council {
            continue;
        }
        let (runs, window_seconds) = (u64::from(playbook.runs_max), playbook.window_seconds);
        for step in playbook.steps.into_iter().chain(playbook.undo) {
            match step {
                Step::Restrict(step) => {
                    found.restrict = true;
                    freeze |= step.level >= Level::Frozen;
                }
                Step::Settle { notice_seconds, .. } => {
                    found.settle_notice_seconds = notice(found.settle_notice_seconds, notice_seconds);
                }
                Step::Call { contract, msg } if contract == fund => match from_json(&msg) {
                    Ok(insurance_fund::ExecuteMsg::Inject { amount, .. }) => {
                        found.injections.push(Injection { amount, runs, window_seconds });
                    }
                    Ok(_) | Err(_) => found.configure_fund = true,
                },
                Step::Call { contract, msg } if contract == vault => {
                    found.configure_vault = true;
                    // With a time of its own, which may be over.
                    if message_name(&msg).is_some_and(|name| name.starts_with("settle_")) {
                        found.settle_notice_seconds = notice(found.settle_notice_seconds, 0);
                    }
                }
                Step::Call { .. } => {}
            }
        }
    }
    Ok((found, freeze))
}
