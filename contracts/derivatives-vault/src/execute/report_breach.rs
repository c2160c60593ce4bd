//! A breach that is in storage already. The last frame refuses the message that would make one, and a refusal writes nothing; what a
//! fault made all the same, a slash or a change of the bank's, is noted here, by anyone.

use crate::check::{held_by, Owed};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::{MARKETS, POOL};
use cosmwasm_std::{Deps, DepsMut, Env, Response};
use firebreak_messages::derivatives_vault::{SolvencyReported, SolvencyResponse};
use firebreak_risk::Amount;

/// What the stored records say: coins held, coins owed, and whether the markets' open notional adds up to the pool's. Bounded by
/// `MARKETS_MAX`. (The equality of F9 compares a change: in stored state there is nothing to compare it with.)
pub fn solvency(deps: Deps, env: &Env, desk: &Desk) -> Result<(SolvencyResponse, bool), ContractError> {
    let held = held_by(deps, env.contract.address.as_str(), &desk.config.denom)?;
    let owed = desk.pool.owed()?;
    let mut open = Amount::ZERO;
    for id in &desk.config.markets {
        open = open.plus(MARKETS.load(deps.storage, id.0)?.open_notional)?;
    }
    let broken = held < owed || open != desk.pool.open_notional;
    Ok((SolvencyResponse { held, owed, breached_since: desk.pool.breached_since }, broken))
}

/// Notes since when a check is broken, and that it holds again. While it is broken nothing raises exposure, and the last frame
/// lets pass what makes no more coins missing than are: the check trips the increases instead of reverting the exits. Goes through no last frame: it moves nothing, and a broken check is what it is there for.
#[inline(never)]
pub fn report_breach(deps: DepsMut, env: &Env, mut desk: Desk) -> Result<Response, ContractError> {
    let (SolvencyResponse { held, owed, breached_since }, broken) = solvency(deps.as_ref(), env, &desk)?;
    desk.pool.breached_since = match (broken, breached_since) {
        (false, _) => 0,
        (true, 0) => desk.now,
        (true, since) => since,
    };
    desk.pool.shortfall = owed.saturating_minus(held);
    POOL.save(deps.storage, &desk.pool)?;
    Ok(Response::new().add_event(SolvencyReported { held, owed, breached_since: desk.pool.breached_since }))
}
