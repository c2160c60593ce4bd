//! The liquidity pool: shares in, request, cool-down (F9, F10). Claims are in `claims`.

use super::claims::claimed;
use super::due::skews_ahead;
use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::gate::{ensure_allows, restricted};
use crate::state::{ACCOUNTS, PROVIDERS};
use crate::validate::within;
use cosmwasm_std::{Deps, DepsMut, MessageInfo, Storage};
use firebreak_messages::derivatives_vault::{
    LiquidityProvided, LiquidityProvider, LiquidityRequest, LiquidityWithdrawalCanceled, LiquidityWithdrawalRequested,
    PoolRecapitalized, LP_REQUESTS_MAX,
};
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, Action};
use firebreak_risk::{
    move_gain, pool_value, shares_for_deposit, Amount, LpExit, MarketValue, PoolShares, PoolValue, Rounding,
    SignedAmount,
};

/// However much of the pool is claimed, who comes pays for a known move this many times at most: a pool that nearly all want to leave
/// must stay open to who pays them out.
const STAY_PART_MAX: u128 = 10;

/// The pool's two values at the latest prices. Who comes pays for a known move of each market too, the way that earns the pool more
/// (`deposit_move`, R-32): the next price may be known, and a deposit does not wait for it. Of the skews that waiting orders can
/// leave the one counts that such a move earns the pool most by.
///
/// Bounded by MARKETS_MAX. A market without open interest is worth nothing, so its price is not needed; one with open
/// interest needs a valid price: a deposit at a doubtful one would be a bet against the other providers. Who is `to_enter` is refused where
/// one of them holds exits back ([`ContractError::InMarket`]): what is in doubt there would be taken from those who cannot leave. And where any
/// market is contested, with open interest or without: a ruling gives its profits to the pool, so to those whose loss they were.
pub fn value_pool(deps: Deps, desk: &mut Desk, to_enter: bool) -> Result<PoolValue, ContractError> {
    Ok(value_with_moves(deps, desk, to_enter)?.0)
}

/// The same, and the deposit value at most for who cannot say at least how many shares he wants: with a move of the present skews, or
/// `deposit_move` of the pool if that is more. Orders and claims that somebody puts in front of him may ask for more.
fn value_with_moves(deps: Deps, desk: &mut Desk, to_enter: bool) -> Result<(PoolValue, SignedAmount), ContractError> {
    let action = Action::ProvideLiquidity;
    let (mut values, mut moves, mut present) = (vec![], Amount::ZERO, Amount::ZERO);
    let ratio = desk.config.parameters.deposit_move;
    for id in desk.config.markets.clone() {
        desk.view_market(deps, id, to_enter)?;
        let market = desk.market(id)?;
        if to_enter {
            let over = within("end of the contest", market.state.vesting.anchored_at, 0, desk.now);
            over.map_err(|refusal| ContractError::InMarket { market: id, refusal: refusal.into() })?;
        }
        let has_open_interest = market.state.has_open_interest()?;
        // Orders that wait have no price of their own yet, and may tilt the book before who comes now can leave.
        if market.settled_price().is_none() && market.validity == Validity::Valid && !ratio.is_zero() {
            let gain = |skew| move_gain(market.mark(), skew, market.config.skew_scale, ratio);
            let [lowest, highest] = skews_ahead(deps, desk, id)?;
            moves = moves.plus(gain(lowest)?.max(gain(highest)?))?;
            present = present.plus(gain(market.skew()?)?)?;
        }
        if !has_open_interest {
            continue;
        }
        // A settled market's value is known to the unit, and no price moves it.
        if market.settled_price().is_none() {
            if to_enter && market.effective.posture.lp_exit != LpExit::Open {
                let refusal = restricted(&market.effective, action).into();
                return Err(ContractError::InMarket { market: id, refusal });
            }
            market.ensure_valid_price(action, desk.now)?;
            // In the window of a settlement, whose price is nearly known and not the mark yet.
            ensure_allows(&market.effective, action)?;
        }
        values.push(market.value()?);
    }
    let mut value = value_of_book(desk, &values)?;
    let fair = value.deposit.plus_amount(present.max(value.deposit.positive_part().times(ratio, Rounding::Ceil)?))?;
    // A worthless pool stays so.
    if value.deposit > SignedAmount::ZERO && !moves.is_zero() {
        // Who has claimed may be gone before the move: who comes takes a part of what stays.
        let (shares, claimed) = (desk.pool.shares.atoms(), claimed(deps.storage)?.atoms());
        let stay = shares.saturating_sub(claimed).max(shares / STAY_PART_MAX).max(1);
        value.deposit = value.deposit.plus_amount(moves.times_fraction(shares, stay, Rounding::Ceil)?)?;
    }
    Ok((value, fair))
}

/// The pool's two values for these values of its markets, all of which are loaded. What closed epochs of sides are owed is a liability
/// that needs no price; what they owe is like other cash that has not been paid.
pub(super) fn value_of_book(desk: &Desk, values: &[MarketValue]) -> Result<PoolValue, ContractError> {
    let (mut cash, mut receivable) = (desk.pool.cash, desk.pool.receivable);
    for id in &desk.config.markets {
        let state = &desk.market(*id)?.state;
        cash = cash.plus_amount(state.closed_due)?.minus_amount(state.closed_owed)?;
        receivable = receivable.plus(state.closed_due)?;
    }
    Ok(pool_value(cash, receivable, values, desk.config.parameters.uncollected_share)?)
}

/// Loads every market with its posture, and refuses where one with open interest does not allow the action. Bounded by MARKETS_MAX.
pub fn load_pool_markets(deps: Deps, desk: &mut Desk, action: Action) -> Result<(), ContractError> {
    for id in desk.config.markets.clone() {
        desk.load_market(deps, id)?;
        let market = desk.market(id)?;
        if market.is_exposed()? {
            ensure_allows(&market.effective, action)?;
        }
    }
    Ok(())
}

/// Buys shares at the deposit value, at least `shares_min`. A worthless pool refuses, and so does one with a market
/// whose exposure lets no provider leave now. Not in a block in which the provider traded.
#[inline(never)]
pub fn provide_liquidity(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    paid: Amount,
    shares_min: PoolShares,
) -> Result<Done, ContractError> {
    buy_shares(deps, &mut desk, info.sender.into_string(), paid, Some(shares_min))?;
    Ok(Done::new(desk))
}

/// nobody moves the pool's value by a trade and buys of it, or asks to be paid, in the same block. A liquidation counts too.
///
/// Reads the sender's own accounts, of which a subaccount of a byte leaves 256. Errors: [`ContractError::TradedNow`].
#[inline(never)]
pub(super) fn ensure_traded_before(storage: &dyn Storage, desk: &Desk, owner: &str) -> Result<(), ContractError> {
    for next in ACCOUNTS.under(storage, owner.to_owned(), None) {
        let (subaccount, account) = next?;
        if account.served_height == desk.height {
            let account = AccountId { owner: owner.to_owned(), subaccount };
            return Err(ContractError::TradedNow { account, found: desk.height });
        }
    }
    Ok(())
}

/// Shares for coins that are there already, at least `shares_min`, or as many as [`value_with_moves`] holds for fair. Errors: as
/// [`provide_liquidity`].
pub fn buy_shares(
    deps: DepsMut,
    desk: &mut Desk,
    provider_id: String,
    paid: Amount,
    shares_min: Option<PoolShares>,
) -> Result<(), ContractError> {
    ensure_traded_before(deps.storage, desk, &provider_id)?;
    let (value, fair) = value_with_moves(deps.as_ref(), desk, true)?;
    let shares = shares_for_deposit(paid, value.deposit, desk.pool.shares)?;
    let shares_min = match shares_min {
        Some(shares_min) => shares_min,
        None => shares_for_deposit(paid, fair, desk.pool.shares)?,
    };
    if shares < shares_min || shares.is_zero() {
        return Err(ContractError::TooFewShares { wanted: shares_min.max(PoolShares::from_atoms(1)), found: shares });
    }
    let mut provider = PROVIDERS.may_load(deps.storage, provider_id.clone())?.unwrap_or_default();
    provider.shares = provider.shares.plus(shares)?;
    provider.last_deposit_height = desk.height;
    PROVIDERS.save(deps.storage, provider_id.clone(), &provider)?;
    desk.pool.shares = desk.pool.shares.plus(shares)?;
    desk.pool_receives(paid)?;
    desk.events.push(LiquidityProvided { provider: provider_id, amount: paid, shares }.into());
    Ok(())
}

/// Adds coins to the pool and buys no shares: whoever wants a short pool made whole, a DAO or an insurer, needs no price, no
/// posture and no positive value for it.
#[inline(never)]
pub fn recapitalize(mut desk: Desk, info: MessageInfo, paid: Amount) -> Result<Done, ContractError> {
    desk.pool_receives(paid)?;
    let recapitalized =
        PoolRecapitalized { sender: info.sender.into_string(), amount: paid, pool_cash: desk.pool.cash };
    desk.events.push(recapitalized.into());
    Ok(Done::new(desk))
}

/// Starts the cool-down. Needs no price and works at every level.
#[inline(never)]
pub fn request_withdrawal(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    shares: PoolShares,
) -> Result<Done, ContractError> {
    let provider_id = info.sender.into_string();
    let mut provider = PROVIDERS.may_load(deps.storage, provider_id.clone())?.unwrap_or_default();
    return_expired(&mut desk, &mut provider)?;
    if shares.is_zero() || shares > provider.shares {
        let wanted = shares.max(PoolShares::from_atoms(1));
        return Err(ContractError::InsufficientShares { wanted, found: provider.shares });
    }
    if provider.requests.len() >= LP_REQUESTS_MAX {
        return Err(ContractError::TooManyRequests { max: LP_REQUESTS_MAX });
    }
    let parameters = &desk.config.parameters;
    let matures_at = desk.now.saturating_add(parameters.lp_cooldown_seconds);
    let expires_at = matures_at.saturating_add(parameters.lp_claim_window_seconds);
    let request = provider.next_request;
    provider.next_request = provider.next_request.saturating_add(1);
    provider.shares = provider.shares.minus(shares)?;
    provider.requests.push(LiquidityRequest { request, shares, matures_at, expires_at, claim: None });
    PROVIDERS.save(deps.storage, provider_id.clone(), &provider)?;
    desk.pool.shares_leaving = desk.pool.shares_leaving.plus(shares)?;
    desk.events
        .push(LiquidityWithdrawalRequested { provider: provider_id, request, shares, matures_at, expires_at }.into());
    Ok(Done::new(desk))
}

/// Takes a request back, in its window or after it.
#[inline(never)]
pub fn cancel_withdrawal(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    request: u64,
) -> Result<Done, ContractError> {
    let provider_id = info.sender.into_string();
    let mut provider = PROVIDERS.may_load(deps.storage, provider_id.clone())?.unwrap_or_default();
    let found = take_request(&mut provider, request)?;
    return_expired(&mut desk, &mut provider)?;
    provider.shares = provider.shares.plus(found.shares)?;
    desk.pool.shares_leaving = desk.pool.shares_leaving.minus(found.shares)?;
    PROVIDERS.save(deps.storage, provider_id.clone(), &provider)?;
    desk.events.push(LiquidityWithdrawalCanceled { provider: provider_id, request, shares: found.shares }.into());
    Ok(Done::new(desk))
}

/// Requests whose window has passed are active shares again: a request that could be kept matured for ever would be a put on
/// the pool.
fn return_expired(desk: &mut Desk, provider: &mut LiquidityProvider) -> Result<(), ContractError> {
    let now = desk.now;
    // Bounded by LP_REQUESTS_MAX.
    for request in provider.requests.iter().filter(|request| now > request.expires_at && request.claim.is_none()) {
        provider.shares = provider.shares.plus(request.shares)?;
        desk.pool.shares_leaving = desk.pool.shares_leaving.minus(request.shares)?;
    }
    provider.requests.retain(|request| now <= request.expires_at || request.claim.is_some());
    Ok(())
}

fn take_request(provider: &mut LiquidityProvider, request: u64) -> Result<LiquidityRequest, ContractError> {
    let index = provider
        .requests
        .iter()
        .position(|waiting| waiting.request == request)
        .ok_or(ContractError::UnknownRequest { request })?;
    let found = provider.requests.remove(index);
    if found.claim.is_some() {
        return Err(ContractError::AlreadyClaimed { request });
    }
    Ok(found)
}
