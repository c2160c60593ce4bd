//! Liquidity providers and the insurance fund's stakers.

use super::bench::{price, provide, Bench, To, BTC, ETH};
use super::error::GasError;
use super::row::Payer::{Anyone, Provider};
use firebreak_messages::derivatives_vault::{
    ExecuteMsg, LiquidityClaimed, LiquidityProvided, LiquidityWithdrawalCanceled, LiquidityWithdrawalRequested,
    LiquidityWithdrawn,
};
use firebreak_messages::insurance_fund::{
    ExecuteMsg as FundMsg, FirstLossAdded, Staked, UnstakeCanceled, UnstakeRequested, Unstaked,
};
use firebreak_risk::{Amount, FundShares};

/// That of `deploy/localnet.toml`.
const EXECUTION_FEE: Amount = Amount::from_atoms(200_000);

pub(super) fn measure(bench: &mut Bench) -> Result<(), GasError> {
    pool(bench)?;
    fund(bench)
}

/// In a pool with open interest in both markets.
fn pool(bench: &mut Bench) -> Result<(), GasError> {
    bench.net.advance(10)?;
    bench.price(&[(BTC, price("60000")?), (ETH, price("3000")?)])?;
    let coins = ("carol", To::Vault, Amount::from_units(1_000));
    let nothing = ("carol", To::Vault, Amount::ZERO);
    bench.measure::<LiquidityProvided>("provide liquidity, first time", Provider, coins, &provide())?;
    let provided: LiquidityProvided = bench.measure("provide liquidity", Provider, coins, &provide())?;
    let ask = ExecuteMsg::RequestLiquidityWithdrawal { shares: provided.shares };
    let asked: LiquidityWithdrawalRequested =
        bench.measure("request a withdrawal of liquidity", Provider, nothing, &ask)?;
    let cancel = ExecuteMsg::CancelLiquidityWithdrawal { request: asked.request };
    bench.measure::<LiquidityWithdrawalCanceled>("cancel a withdrawal of liquidity", Provider, nothing, &cancel)?;
    let tx = bench.act("carol", To::Vault, &ask, Amount::ZERO)?;
    let asked: LiquidityWithdrawalRequested = super::bench::fact("request", &tx)?;
    bench.net.advance_to(asked.matures_at)?;
    let claim = ExecuteMsg::ClaimLiquidityWithdrawal { request: asked.request, amount_min: Amount::ZERO };
    let fee = ("carol", To::Vault, EXECUTION_FEE);
    bench.measure::<LiquidityClaimed>("claim a withdrawal of liquidity", Provider, fee, &claim)?;
    bench.net.advance(10)?;
    bench.price(&[(BTC, price("60000")?), (ETH, price("3000")?)])?;
    let execute = ExecuteMsg::ExecuteClaims { limit: 1 };
    bench.measure::<LiquidityWithdrawn>("execute a claim of liquidity", Anyone, nothing, &execute)?;
    Ok(())
}

fn fund(bench: &mut Bench) -> Result<(), GasError> {
    let add = ("treasury", To::Fund, Amount::from_units(1_000));
    bench.measure::<FirstLossAdded>("add first loss", Anyone, add, &FundMsg::AddFirstLoss {})?;
    let coins = ("carol", To::Fund, Amount::from_units(1_000));
    let nothing = ("carol", To::Fund, Amount::ZERO);
    let stake = FundMsg::Stake { shares_min: FundShares::ZERO };
    bench.measure::<Staked>("stake, first time", Provider, coins, &stake)?;
    let staked: Staked = bench.measure("stake", Provider, coins, &stake)?;
    let ask = FundMsg::RequestUnstake { shares: staked.shares };
    let asked: UnstakeRequested = bench.measure("request to unstake", Provider, nothing, &ask)?;
    let cancel = FundMsg::CancelUnstake { request: asked.request };
    bench.measure::<UnstakeCanceled>("cancel a request to unstake", Provider, nothing, &cancel)?;
    let tx = bench.act("carol", To::Fund, &ask, Amount::ZERO)?;
    let asked: UnstakeRequested = super::bench::fact("request", &tx)?;
    bench.net.advance_to(asked.matures_at)?;
    let claim = FundMsg::ClaimUnstake { request: asked.request, amount_min: Amount::ZERO };
    bench.measure::<Unstaked>("claim what was unstaked", Provider, nothing, &claim)?;
    Ok(())
}
