//! One trade against the pool: the only place where a position changes.

use crate::desk::Desk;
use crate::error::ContractError;
use crate::vesting::realise;
use firebreak_messages::derivatives_vault::{Account, Position};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{fill_price, trade_cost, Amount, PositionStake, Price, Rounding, Scale, SignedAmount, Size};

/// What a trade did.
#[derive(Debug, Clone, PartialEq)]
pub struct Trade {
    pub fill_price: Price,
    /// At the fill price, rounded up: what fees are charged on.
    pub notional: Amount,
    pub realised_pnl: SignedAmount,
    pub size_before: Size,
    pub size_after: Size,
    /// What the account's trades of this block count as flow by now.
    pub counted: Amount,
}

/// The account's true size in a market; zero without a position.
pub fn position_size(desk: &Desk, account: &Account, market: MarketId) -> Result<Size, ContractError> {
    let Some(position) = account.positions.iter().find(|position| position.market == market) else {
        return Ok(Size::ZERO);
    };
    stake_size(desk, market, &position.stake)
}

pub fn stake_size(desk: &Desk, market: MarketId, stake: &PositionStake) -> Result<Size, ContractError> {
    let state = &desk.market(market)?.state;
    let side = if stake.nominal.atoms() < 0 { &state.short } else { &state.long };
    Ok(side.size_of(stake)?)
}

/// Buys `delta` (sells when negative) at `base` plus the skew premium (F1). A trade through zero closes the position and
/// opens the rest on the other side; the two legs cost what one trade costs, since F1 is path independent, and each passes
/// the equality of F9 by itself.
///
/// Explains to the desk what the trade earned the pool: its cost at `base` against its cost at the mark. Does not charge
/// fees and does not check margin: callers do.
pub fn trade(
    desk: &mut Desk,
    id: &AccountId,
    market: MarketId,
    delta: Size,
    base: Price,
) -> Result<Trade, ContractError> {
    let size_before = position_size(desk, &desk.account(id), market)?;
    let opposite = size_before.atoms().signum() == delta.atoms().signum().saturating_neg();
    let closing = if opposite { nearer_to_zero(delta, size_before.negated()?) } else { Size::ZERO };
    let opening = delta.minus(closing)?;
    let open = desk.market(market)?;
    let fill_price = fill_price(base, open.skew()?, delta, open.config.skew_scale)?;
    let notional = delta.notional(fill_price, Rounding::Ceil)?;

    let mut realised_pnl = SignedAmount::ZERO;
    if !closing.is_zero() {
        realised_pnl = close(desk, id, market, closing, base)?;
    }
    if !opening.is_zero() {
        if !closing.is_zero() {
            desk.close_step()?;
        }
        enlarge(desk, id, market, opening, base)?;
    }
    let account = desk.account(id);
    let counted = count(desk, &account, market, notional, fill_price)?;
    let size_after = position_size(desk, &account, market)?;
    Ok(Trade { fill_price, notional, realised_pnl, size_before, size_after, counted })
}

/// Takes `delta` out of the account's position, which is on the other side and at least as large.
fn close(
    desk: &mut Desk,
    id: &AccountId,
    market: MarketId,
    delta: Size,
    base: Price,
) -> Result<SignedAmount, ContractError> {
    let mut account = desk.account(id);
    let mut stake = stake_of(&account, market);
    let open = desk.market_mut(market)?;
    let (skew, scale) = (open.skew()?, open.config.skew_scale);
    let (cost, cost_at_mark) = (trade_cost(base, skew, delta, scale)?, trade_cost(open.mark(), skew, delta, scale)?);
    let side = if delta.is_short() { &mut open.state.long } else { &mut open.state.short };
    let realised_pnl = side.leave(&mut stake, delta.negated()?, cost)?;
    let scale = side.scale;
    put_stake(&mut account, market, stake, scale, desk.height);
    realise(desk, &mut account, market, realised_pnl)?;
    desk.put_account(id, account)?;
    desk.explain(cost.minus(cost_at_mark)?)?;
    Ok(realised_pnl)
}

/// Adds `delta` to the account's position on its side, or opens it.
fn enlarge(desk: &mut Desk, id: &AccountId, market: MarketId, delta: Size, base: Price) -> Result<(), ContractError> {
    let mut account = desk.account(id);
    let mut stake = stake_of(&account, market);
    let open = desk.market_mut(market)?;
    let (skew, scale) = (open.skew()?, open.config.skew_scale);
    let (cost, cost_at_mark) = (trade_cost(base, skew, delta, scale)?, trade_cost(open.mark(), skew, delta, scale)?);
    let side = if delta.is_long() { &mut open.state.long } else { &mut open.state.short };
    if stake.nominal.is_zero() {
        stake = PositionStake { epoch: side.epoch, ..PositionStake::default() };
    }
    side.enter(&mut stake, delta, cost)?;
    let scale = side.scale;
    put_stake(&mut account, market, stake, scale, desk.height);
    desk.put_account(id, account)?;
    desk.explain(cost.minus(cost_at_mark)?)
}

/// Flow for the breaker, and the market's part of what the pool's coins must back. The flow figures saturate: they must never
/// stop a liquidation. An account's first trade in a block counts whole, more of them up to the market's largest order together; returns what
/// has counted, for the callers to note that the account was served.
fn count(
    desk: &mut Desk,
    account: &Account,
    market: MarketId,
    notional: Amount,
    price: Price,
) -> Result<Amount, ContractError> {
    let before = desk.served(account, market).map(|served| served.counted);
    let open = desk.market_mut(market)?;
    let counted = match before {
        None => {
            open.state.flow_trades = open.state.flow_trades.saturating_add(1);
            notional
        }
        Some(before) => {
            let most = open.config.order_size_max.notional(price, Rounding::Floor)?;
            before.max(most.min(Amount::from_atoms(before.atoms().saturating_add(notional.atoms()))))
        }
    };
    let more = counted.saturating_minus(before.unwrap_or_default());
    open.state.flow_notional = Amount::from_atoms(open.state.flow_notional.atoms().saturating_add(more.atoms()));
    open.mark_changed();
    let traded = open.state.traded_notional.atoms().saturating_add(notional.atoms());
    open.state.traded_notional = Amount::from_atoms(traded);
    recount(desk, market)?;
    Ok(counted)
}

/// The market's part of what the pool's coins must back, after its open interest has changed.
pub fn recount(desk: &mut Desk, market: MarketId) -> Result<(), ContractError> {
    let open = desk.market_mut(market)?;
    let before = open.state.open_notional;
    let after = open.state.notional_at_mark()?;
    open.state.open_notional = after;
    desk.pool.open_notional = desk.pool.open_notional.plus(after)?.minus(before)?;
    Ok(())
}

fn stake_of(account: &Account, market: MarketId) -> PositionStake {
    let held = account.positions.iter().find(|position| position.market == market);
    held.map_or_else(PositionStake::default, |position| position.stake.clone())
}

/// Of a position that has been told its size: whoever trades has loaded its account.
fn put_stake(account: &mut Account, market: MarketId, stake: PositionStake, scale: Scale, height: u64) {
    let held = account.positions.iter().find(|position| position.market == market);
    let opened_height = held.map_or(height, |position| position.opened_height);
    account.positions.retain(|position| position.market != market);
    if !stake.nominal.is_zero() {
        account.positions.push(Position { market, stake, opened_height, scale });
        account.positions.sort_by_key(|position| position.market);
    }
}

fn nearer_to_zero(left: Size, right: Size) -> Size {
    if left.magnitude() <= right.magnitude() {
        left
    } else {
        right
    }
}
