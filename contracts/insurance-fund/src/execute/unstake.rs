//! Leaving: a request starts the cool-down, a claim within the window after it is paid, a late one finds its shares
//! staked again.
//!
//! ```text
//! free shares --RequestUnstake--> cooling --matures_at--> claimable --expires_at--> free shares
//!      ^                             |                        |
//!      +--------CancelUnstake--------+------------------------+--ClaimUnstake--> coins
//! ```
//!
//! Cooling and claimable shares are part of the supply: they bear every loss until the claim, and the claim is paid at
//! its own time's value. Fixing the value at the request would let whoever asks first leave losses to the others.

use crate::check::{Done, Payment};
use crate::error::ContractError;
use crate::state::{Fund, Staker, StoredConfig, STAKERS};
use crate::validate::CLAIM_WINDOW_MIN;
use cosmwasm_std::{Env, MessageInfo, Response, Storage};
use firebreak_messages::insurance_fund::{
    FirstLossAdded, UnstakeCanceled, UnstakeRequest, UnstakeRequested, Unstaked, REQUESTS_MAX,
};
use firebreak_messages::time::now;
use firebreak_risk::{fund_amount_for_shares, Amount, FundShares, RiskError};

/// Errors: [`ContractError::OutOfBounds`] of zero shares, [`ContractError::InsufficientShares`],
/// [`ContractError::TooManyRequests`].
pub fn request(
    storage: &mut dyn Storage,
    env: &Env,
    config: &StoredConfig,
    fund: Fund,
    info: &MessageInfo,
    shares: FundShares,
) -> Result<Done, ContractError> {
    let now = now(env);
    let (key, mut staker) = load(storage, info, &fund, now)?;
    if shares.is_zero() {
        return Err(ContractError::OutOfBounds { what: "shares", wanted: "above 0".into(), found: "0".into() });
    }
    if staker.requests.len() >= REQUESTS_MAX {
        return Err(ContractError::TooManyRequests { max: REQUESTS_MAX });
    }
    staker.shares = staker
        .shares
        .minus(shares)
        .map_err(|_| ContractError::InsufficientShares { wanted: shares, found: staker.shares })?;
    let overflow = RiskError::Overflow { what: "the times of a request" };
    let matures_at = now.checked_add(config.config.cooldown_seconds).ok_or_else(|| overflow.clone())?;
    // The longest that a cover may hold it up is added beforehand: a late loss takes nothing from the window.
    let window = config.config.claim_window_seconds.checked_add(config.config.cover_hold_seconds);
    let expires_at = window.and_then(|window| matures_at.checked_add(window)).ok_or_else(|| overflow.clone())?;
    let request = staker.next_request;
    staker.next_request = request.checked_add(1).ok_or(overflow)?;
    staker.requests.push(UnstakeRequest { request, shares, matures_at, expires_at });
    STAKERS.save(storage, key.clone(), &staker)?;
    let fact = UnstakeRequested { staker: key, request, shares, matures_at };
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}

/// Errors: [`ContractError::UnknownRequest`].
pub fn cancel(
    storage: &mut dyn Storage,
    env: &Env,
    fund: Fund,
    info: &MessageInfo,
    request: u64,
) -> Result<Done, ContractError> {
    let (key, mut staker) = load(storage, info, &fund, now(env))?;
    let shares = take(&mut staker, request)?.shares;
    staker.shares = staker.shares.plus(shares)?;
    STAKERS.save(storage, key.clone(), &staker)?;
    let fact = UnstakeCanceled { staker: key, request, shares };
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}

/// Errors: [`ContractError::UnknownRequest`], [`ContractError::NotMatured`], [`ContractError::CoverPending`],
/// [`ContractError::TooLittlePaid`].
pub fn claim(
    storage: &mut dyn Storage,
    env: &Env,
    config: &StoredConfig,
    mut fund: Fund,
    info: &MessageInfo,
    request: u64,
    amount_min: Amount,
) -> Result<Done, ContractError> {
    let now = now(env);
    let (key, mut staker) = load(storage, info, &fund, now)?;
    let UnstakeRequest { shares, matures_at, expires_at, .. } = take(&mut staker, request)?;
    if now < matures_at {
        return Err(ContractError::NotMatured { request, matures_at, now });
    }
    let hold = config.config.cover_hold_seconds;
    // By the request's own times: no window that was made longer since waives the hold, and no hold that was made longer
    // since leaves less than the shortest window.
    let latest = expires_at.saturating_sub(CLAIM_WINDOW_MIN).max(matures_at);
    let until = fund.last_cover_at.saturating_add(hold).min(matures_at.saturating_add(hold)).min(latest);
    // A fund that never paid holds nobody up.
    if fund.last_cover_at > 0 && now < until {
        return Err(ContractError::CoverPending { request, last_cover_at: fund.last_cover_at, until, now });
    }
    let amount = fund_amount_for_shares(shares, fund.staked.signed()?, fund.shares)?;
    if amount < amount_min {
        return Err(ContractError::TooLittlePaid { wanted: amount_min, found: amount });
    }
    // Kept when it is empty: the next id must not name an old request again.
    STAKERS.save(storage, key.clone(), &staker)?;
    fund.staked = fund.staked.minus(amount)?;
    fund.shares = fund.shares.minus(shares)?;
    let mut response = Response::new().add_event(Unstaked { staker: key.clone(), request, shares, amount });
    if fund.shares.is_zero() && !fund.staked.is_zero() {
        // What rounding left behind backs no share: the next staker neither gets it nor pays for it.
        let (rest, first_loss_before) = (fund.staked, fund.first_loss);
        fund.staked = Amount::ZERO;
        fund.first_loss = first_loss_before.plus(rest)?;
        response = response.add_event(FirstLossAdded {
            sender: env.contract.address.to_string(),
            amount: rest,
            first_loss_before,
            first_loss: fund.first_loss,
        });
    }
    Ok(Done { fund, pay: Some(Payment { to: key, amount, msg: None }), response })
}

fn load(storage: &dyn Storage, info: &MessageInfo, fund: &Fund, now: u64) -> Result<(String, Staker), ContractError> {
    let key = info.sender.to_string();
    let staker = STAKERS.may_load(storage, key.clone())?.unwrap_or_default().current(fund.generation, now)?;
    Ok((key, staker))
}

/// Takes a request out of the list; at most `REQUESTS_MAX` are looked at.
fn take(staker: &mut Staker, request: u64) -> Result<UnstakeRequest, ContractError> {
    let unknown = ContractError::UnknownRequest { request };
    let position = staker.requests.iter().position(|candidate| candidate.request == request).ok_or(unknown)?;
    Ok(staker.requests.remove(position))
}
