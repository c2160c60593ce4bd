//! What the rules read of the vault: two raw reads, no call. A trade pays nothing to be watched.

use cosmwasm_std::{Addr, QuerierWrapper};
use firebreak_messages::derivatives_vault::layout::{MARKETS, POOL};
use firebreak_messages::derivatives_vault::{MarketState, Pool};
use firebreak_messages::MarketId;
use firebreak_risk::detect::{Reading, Totals};
use firebreak_risk::{Amount, RiskResult};

/// `None` for whatever cannot be read or added up: the rules that need it fail, and with them the market's lease.
pub fn of(querier: &QuerierWrapper, vault: &Addr, market: MarketId) -> Option<Reading> {
    let state = MARKETS.query(querier, vault.as_str(), market.0)?;
    let pool = POOL.query(querier, vault.as_str())?;
    reading(&state, &pool).ok()
}

fn reading(state: &MarketState, pool: &Pool) -> RiskResult<Reading> {
    Ok(Reading {
        totals: Totals {
            flow_trades: state.flow_trades,
            flow_notional: state.flow_notional,
            // A short side's is negative.
            skew: state.long.open_interest()?.plus(state.short.open_interest()?)?,
            liquidated_notional: state.liquidated_notional,
            owed: owed(pool)?,
        },
        open_interest: state.open_notional,
        pool_cash: pool.cash,
        pool_shares: pool.shares,
        fund: pool.insurance_size,
        uncovered: pool.receivable.plus(pool.shortfall)?,
        shortfall: pool.shortfall,
    })
}

/// Everything that the vault owes: no trade moves it, only what comes and what leaves.
fn owed(pool: &Pool) -> RiskResult<Amount> {
    let held_back = pool.escrow.plus(pool.insurance_fees)?.plus(pool.parked)?.plus(pool.unvested)?;
    Ok(pool.traders_cash.plus(pool.cash)?.plus_amount(held_back)?.positive_part())
}
