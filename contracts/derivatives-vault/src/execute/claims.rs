//! Claims on the pool. A matured request is claimed like an order is placed: it is paid at prices that were published after it, by
//! whoever executes it, so nobody leaves at a price that is known already, and nobody chooses one (F10, F16).

use super::due::ensure_no_order_due;
use super::liquidity::{ensure_traded_before, load_pool_markets};
use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::execute::liquidity::value_of_book;
use crate::exit_reserve;
use crate::exits;
use crate::reply::leave;
use crate::state::{CLAIMED, CLAIMS, PROVIDERS};
use cosmwasm_std::{DepsMut, MessageInfo, Storage};
use firebreak_messages::derivatives_vault::{
    DropReason, LiquidityClaim, LiquidityClaimDropped, LiquidityClaimed, LiquidityProvider, LiquidityWithdrawn,
    CLAIMS_BATCH_MAX,
};
use firebreak_messages::oracle::{Round, Validity, ROUNDS_KEPT};
use firebreak_messages::{AccountId, Action, MarketId};
use firebreak_risk::{
    amount_for_shares, market_value, worse_for_leaving, Amount, ExitClass, MarketValue, PoolShares, Price, Rounding,
    SignedAmount,
};

/// Places the claim of a matured request. Needs no price and works at every level, but not in a block in which the provider traded.
///
/// `amount_min` above what the shares are worth in the pool's cash is refused: a claim that can never be paid would only lessen
/// the part by which the others leave. A claim without one is taken whatever the pool is worth.
#[inline(never)]
pub fn claim_withdrawal(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    paid: Amount,
    request: u64,
    amount_min: Amount,
) -> Result<Done, ContractError> {
    let provider_id = info.sender.into_string();
    let mut provider = PROVIDERS.may_load(deps.storage, provider_id.clone())?.unwrap_or_default();
    let deposited_now = provider.last_deposit_height == desk.height;
    let found = provider
        .requests
        .iter_mut()
        .find(|waiting| waiting.request == request)
        .ok_or(ContractError::UnknownRequest { request })?;
    if found.claim.is_some() {
        return Err(ContractError::AlreadyClaimed { request });
    }
    if desk.now < found.matures_at {
        return Err(ContractError::NotMatured { request, matures_at: found.matures_at, now: desk.now });
    }
    if desk.now > found.expires_at {
        return Err(ContractError::RequestExpired { request, expires_at: found.expires_at });
    }
    if deposited_now {
        return Err(ContractError::SameBlock);
    }
    ensure_traded_before(deps.storage, &desk, &provider_id)?;
    let execution_fee = desk.config.parameters.execution_fee;
    if paid != execution_fee {
        let (what, wanted) = ("coins for the execution fee", execution_fee.to_string());
        return Err(ContractError::OutOfBounds { what, wanted, found: paid.to_string() });
    }
    let most = worth_of(found.shares, desk.pool.cash, &desk)?;
    if amount_min > most {
        let wanted = format!("at most {most}");
        return Err(ContractError::OutOfBounds { what: "amount_min", wanted, found: amount_min.to_string() });
    }
    let claim = LiquidityClaim {
        provider: provider_id.clone(),
        request,
        shares: found.shares,
        amount_min,
        placed_at: desk.now,
        placed_height: desk.height,
        execution_fee,
    };
    desk.pool.escrow = desk.pool.escrow.plus(execution_fee)?;
    let claimed = claimed(deps.storage)?.plus(claim.shares)?;
    CLAIMED.save(deps.storage, &claimed)?;
    found.claim = Some(enqueue(deps.storage, &mut desk, claim)?);
    PROVIDERS.save(deps.storage, provider_id, &provider)?;
    Ok(Done::new(desk))
}

pub(super) fn claimed(storage: &dyn Storage) -> Result<PoolShares, ContractError> {
    Ok(CLAIMED.may_load(storage)?.unwrap_or_default())
}

/// At the end of the queue. Numbers are those of orders: they grow, and the pool's record is written anyway.
fn enqueue(storage: &mut dyn Storage, desk: &mut Desk, claim: LiquidityClaim) -> Result<u64, ContractError> {
    let number = desk.pool.next_order;
    desk.pool.next_order = number.saturating_add(1);
    CLAIMS.save(storage, number, &claim)?;
    let LiquidityClaim { provider, request, shares, placed_at, .. } = claim;
    desk.events.push(LiquidityClaimed { provider, request, shares, placed_at }.into());
    Ok(number)
}

/// Of what waits, the part that must be free before claims leave in part: one of so many.
const FREE_SHARE_MIN: u128 = 10_000;

/// What happens to a claim at the head of the queue.
enum Turn {
    /// An open market has no price for it yet.
    Wait,
    /// Prices that may have been its own have left the ring.
    Missed,
    /// The open markets at the prices that are worst for it since the first that is its own.
    Due(Vec<MarketValue>),
}

/// A claim that is to be paid.
struct DueClaim {
    number: u64,
    claim: LiquidityClaim,
    markets: Vec<MarketValue>,
}

/// Executes the next claims. First those are taken out of the queue that are not paid, of as many as one message can look at, then at
/// most `limit` of the others leave, all with one reserve by the same part: a `limit` chooses no claims that would count against them.
///
/// Errors: [`ContractError::Restricted`], [`ContractError::PriceUnusable`] of a market with open interest, [`ContractError::OrdersFirst`]: claims wait.
#[inline(never)]
pub fn execute_claims(mut deps: DepsMut, mut desk: Desk, info: MessageInfo, limit: u32) -> Result<Done, ContractError> {
    if limit > CLAIMS_BATCH_MAX {
        let wanted = format!("at most {CLAIMS_BATCH_MAX}");
        return Err(ContractError::OutOfBounds { what: "limit", wanted, found: limit.to_string() });
    }
    let action = Action::ClaimLiquidityWithdrawal;
    load_pool_markets(deps.as_ref(), &mut desk, action)?;
    let mut open = vec![];
    let mut notional = Amount::ZERO;
    // Bounded by MARKETS_MAX.
    for id in &desk.config.markets {
        let market = desk.market(*id)?;
        if !market.state.has_open_interest()? {
            continue;
        }
        open.push(*id);
        // A settled market's value is known to the unit: it needs no price and no reserve.
        if market.settled_price().is_none() {
            market.ensure_valid_price(action, desk.now)?;
            notional = notional.plus(market.state.notional_at_mark()?)?;
        }
    }
    ensure_no_order_due(deps.as_ref(), &desk)?;
    desk.close_step()?;

    let mut fees = Amount::ZERO;
    let mut due = vec![];
    // Bounded by CLAIMS_BATCH_MAX.
    for (number, claim) in CLAIMS.page(deps.storage, None, CLAIMS_BATCH_MAX as usize)? {
        match turn(&desk, &open, &claim)? {
            Turn::Wait => break,
            Turn::Missed => place_again(deps.storage, &mut desk, number, claim)?,
            Turn::Due(markets) => {
                let worth = worth_of(claim.shares, withdraw_value(&desk, &markets)?, &desk)?;
                if worth.is_zero() || worth < claim.amount_min {
                    fees = fees.plus(drop_claim(&mut deps, &mut desk, number, claim, DropReason::BoundMissed)?)?;
                } else {
                    due.push(DueClaim { number, claim, markets });
                }
            }
        }
    }
    let kept = exit_reserve::kept(deps.storage)?;
    let mut payments = vec![];
    for one in due.into_iter().take(limit as usize) {
        let ratio = exit_reserve::ratio_of_claim(deps.storage, desk.now, &kept, &one.claim, &desk.config.parameters)?;
        // One that waits for a higher reserve holds up none of those behind it that a lower one is kept for.
        if let Some((fee, payment)) = pay(&mut deps, &mut desk, one, notional.times(ratio, Rounding::Ceil)?)? {
            fees = fees.plus(fee)?;
            payments.extend(payment);
        }
    }
    desk.pool.escrow = desk.pool.escrow.minus(fees)?;
    let mut done = Done::new(desk).paying(info.sender.as_str(), fees)?;
    for (provider, amount) in payments.into_iter().filter(|(_, amount)| !amount.is_zero()) {
        let send = done.send(&provider, amount);
        done.messages.push(leave(send, &provider, amount));
    }
    Ok(done)
}

/// Which prices are the claim's: those of each open market that are valid, published `order_delay_seconds` after it and recorded in a
/// later block. It is due once every market has one. Of each market's, the last from before the block in which it became due counts, and all since,
/// and of these the worst: so whoever executes late, a provider its own claim among them, has no choice of prices.
///
/// What was replaced before the claim was due could pay it to nobody, so nothing is chosen by its loss: a fast feed's ring may turn while a slow one
/// has no price. A ring that may have lost its first own price cannot say when that came, so the others say when the claim was due: the earliest block
/// that it can have been. Where none of them knows, or a ring reaches no further back than that block, a price that counts may be lost. Neither depends on the
/// order of the markets, and as long as no other market opens, time moves that block back at most, which adds prices.
fn turn(desk: &Desk, open: &[MarketId], claim: &LiquidityClaim) -> Result<Turn, ContractError> {
    let from = claim.placed_at.saturating_add(desk.config.parameters.order_delay_seconds);
    // A feed's clock may be ahead of the block's. Where nobody has a position no price is asked for at all.
    if desk.now < from {
        return Ok(Turn::Wait);
    }
    let is_late = |round: &Round| round.published_at >= from && round.recorded_height > claim.placed_height;
    // Heights: of the block in which the claim became due, as far as a market knows its first own price, and of the one behind the oldest
    // round of the rings that do not.
    let (mut due, mut kept) = (0, 0);
    for id in open {
        let market = desk.market(*id)?;
        if market.settled_price().is_some() {
            continue;
        }
        let (mut late, mut oldest, mut first) = (0usize, 0, None);
        for round in market.rounds() {
            if is_late(round) {
                late = late.saturating_add(1);
                if late == 1 {
                    oldest = round.recorded_height;
                }
                if first.is_none() && round.validity == Validity::Valid {
                    first = Some(round.recorded_height);
                }
            }
        }
        let Some(first) = first else { return Ok(Turn::Wait) };
        if late >= ROUNDS_KEPT {
            kept = oldest.saturating_add(1).max(kept);
        } else {
            due = first.max(due);
        }
    }
    if kept > due {
        return Ok(Turn::Missed);
    }
    let mut values = vec![];
    for id in open {
        let market = desk.market(*id)?;
        if market.settled_price().is_some() {
            values.push(market.value()?);
            continue;
        }
        let (mut low, mut high) = (Price::ZERO, Price::ZERO);
        for round in market.rounds() {
            if round.validity == Validity::Valid && is_late(round) {
                let replaces = low.is_zero() || round.recorded_height < due;
                low = if replaces { round.price } else { low.min(round.price) };
                high = if replaces { round.price } else { high.max(round.price) };
            }
        }
        let at = |price: Price| market_value(&market.state.long, &market.state.short, price, market.config.skew_scale);
        values.push(worse_for_leaving(at(low)?, at(high)?, desk.config.parameters.uncollected_share)?);
    }
    Ok(Turn::Due(values))
}

fn withdraw_value(desk: &Desk, markets: &[MarketValue]) -> Result<SignedAmount, ContractError> {
    Ok(value_of_book(desk, markets)?.withdraw)
}

/// A worthless pool pays nothing.
fn worth_of(shares: PoolShares, value: SignedAmount, desk: &Desk) -> Result<Amount, ContractError> {
    if value <= SignedAmount::ZERO {
        return Ok(Amount::ZERO);
    }
    Ok(amount_for_shares(shares, value, desk.pool.shares)?)
}

/// Its prices are gone: it waits for the next ones, behind the others, as if it had been placed now, however long ago its window was: who
/// cannot take it back and is paid the worst of later prices holds no option. Nobody is paid for having let it wait.
fn place_again(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    number: u64,
    mut claim: LiquidityClaim,
) -> Result<(), ContractError> {
    CLAIMS.remove(storage, number);
    claim.placed_at = desk.now;
    claim.placed_height = desk.height;
    let (owner, request) = (claim.provider.clone(), claim.request);
    let again = enqueue(storage, desk, claim)?;
    let mut provider = PROVIDERS.load(storage, owner.clone())?;
    for waiting in provider.requests.iter_mut().filter(|waiting| waiting.request == request) {
        waiting.claim = Some(again);
    }
    Ok(PROVIDERS.save(storage, owner, &provider)?)
}

/// Takes a claim out of the queue. Of its shares `active` are active again, and `waiting` stay a matured request, for one more window. Returns
/// the fee for whoever executes it.
fn leave_queue(
    deps: &mut DepsMut,
    desk: &mut Desk,
    number: u64,
    claim: &LiquidityClaim,
    active: PoolShares,
    waiting: PoolShares,
) -> Result<Amount, ContractError> {
    CLAIMS.remove(deps.storage, number);
    let rest = claimed(deps.storage)?.minus(claim.shares)?;
    CLAIMED.save(deps.storage, &rest)?;
    let mut provider = PROVIDERS.load(deps.storage, claim.provider.clone())?;
    for request in provider.requests.iter_mut().filter(|request| request.request == claim.request) {
        request.shares = waiting;
        request.expires_at = desk.now.saturating_add(desk.config.parameters.lp_claim_window_seconds);
        request.claim = None;
    }
    provider.requests.retain(|request| !request.shares.is_zero());
    provider.shares = provider.shares.plus(active)?;
    PROVIDERS.save(deps.storage, claim.provider.clone(), &provider)?;
    desk.pool.shares_leaving = desk.pool.shares_leaving.minus(claim.shares)?.plus(waiting)?;
    Ok(claim.execution_fee)
}

/// Forgets the claims of a provider that is settled with the whole vault. Returns their execution fees, which nobody has earned.
pub fn forget_claims(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    provider: &LiquidityProvider,
) -> Result<Amount, ContractError> {
    let mut fees = Amount::ZERO;
    // Bounded by LP_REQUESTS_MAX.
    for number in provider.requests.iter().filter_map(|request| request.claim) {
        let claim = CLAIMS.load(storage, number)?;
        CLAIMS.remove(storage, number);
        let rest = claimed(storage)?.minus(claim.shares)?;
        CLAIMED.save(storage, &rest)?;
        fees = fees.plus(claim.execution_fee)?;
    }
    desk.pool.escrow = desk.pool.escrow.minus(fees)?;
    Ok(fees)
}

fn drop_claim(
    deps: &mut DepsMut,
    desk: &mut Desk,
    number: u64,
    claim: LiquidityClaim,
    reason: DropReason,
) -> Result<Amount, ContractError> {
    let fee = leave_queue(deps, desk, number, &claim, claim.shares, PoolShares::ZERO)?;
    let LiquidityClaim { provider, request, shares, .. } = claim;
    desk.events.push(LiquidityClaimDropped { provider, request, shares, reason }.into());
    Ok(fee)
}

/// What must be free before claims worth `wanted` leave in part.
fn least_free(wanted: Amount, execution_fee: Amount) -> Result<Amount, ContractError> {
    let fees = execution_fee.times_fraction(u128::from(CLAIMS_BATCH_MAX), 1, Rounding::Ceil)?;
    let share = wanted.times_fraction(1, FREE_SHARE_MIN, Rounding::Ceil)?;
    Ok(fees.max(share).min(wanted))
}

/// Pays a claim as far as the pool's coins are not needed: of its shares the part that all shares that wait could leave by. Paying
/// one by this part leaves the part of the next one what it was, so the order of the queue gives nobody more. What was not paid may be
/// claimed again at once: a claim that was counted and then missed its minimum costs the others a second claim, and no cool-down.
///
/// `None`: too little is free, and the claim waits, and those behind it with the same reserve: at least a batch's execution fees and a
/// ten-thousandth of what waits, or whoever pays the pool one unit of coins would send claims back for their fees. A claim too small to be paid
/// its part of that, so worth ten thousand units at most, returns to active shares: it must not hold up those behind it.
#[allow(clippy::type_complexity)]
fn pay(
    deps: &mut DepsMut,
    desk: &mut Desk,
    due: DueClaim,
    reserve: Amount,
) -> Result<Option<(Amount, Option<(String, Amount)>)>, ContractError> {
    let DueClaim { number, claim, markets } = due;
    let value = withdraw_value(desk, &markets)?;
    // Coins that are there, and not what open profits will take of them.
    let coins = desk.pool.cash.minus_amount(desk.pool.receivable)?.min(value);
    let free = coins.minus_amount(reserve)?.positive_part();
    let wanted = worth_of(claimed(deps.storage)?, value, desk)?;
    if free.is_zero() || free < least_free(wanted, desk.config.parameters.execution_fee)? {
        return Ok(None);
    }
    let leaving = if free >= wanted {
        claim.shares
    } else {
        let (free, wanted) = (free.atoms(), wanted.atoms());
        let part = Amount::from_atoms(claim.shares.atoms()).times_fraction(free, wanted, Rounding::Floor)?;
        PoolShares::from_atoms(part.atoms())
    };
    let amount = worth_of(leaving, value, desk)?;
    if amount.is_zero() {
        return Ok(Some((drop_claim(deps, desk, number, claim, DropReason::Cap)?, None)));
    }
    let fee = leave_queue(deps, desk, number, &claim, PoolShares::ZERO, claim.shares.minus(leaving)?)?;
    let id = AccountId { owner: claim.provider.clone(), subaccount: 0 };
    let factors = exits::factors_of_pool(desk)?;
    let paid = exits::leave(deps.storage, desk, ExitClass::Providers, &id, amount, factors)?;
    desk.pool.shares = desk.pool.shares.minus(leaving)?;
    desk.pool_pays(amount)?;
    let LiquidityClaim { provider, request, .. } = claim;
    desk.events.push(LiquidityWithdrawn { provider: provider.clone(), request, shares: leaving, amount }.into());
    Ok(Some((fee, Some((provider, paid)))))
}
