//! One trade against the pool: the only place where a position changes.

use crate::desk::Desk;
use crate::error::ContractError;
use firebreak_messages::derivatives_vault::{Account, Position};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{fill_price, trade_cost, Amount, PositionStake, Price, Rounding, SignedAmount, Size};

/// What a trade did.
#[derive(Debug, Clone, PartialEq)]
pub struct Trade {
    pub fill_price: Price,
    /// At the fill price, rounded up: what fees are charged on.
    pub notional: Amount,
    pub realised_pnl: SignedAmount,
    pub size_before: Size,
    pub size_after: Size,
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
/// opens the rest on the other side; the two legs cost what one trade costs, since F1 is path independent.
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
    let mut account = desk.account(id);
    let size_before = position_size(desk, &account, market)?;
    let opposite = size_before.atoms().signum() == delta.atoms().signum().saturating_neg();
    let closing = if opposite { nearer_to_zero(delta, size_before.negated()?) } else { Size::ZERO };
    let opening = delta.minus(closing)?;

    let open = desk.market_mut(market)?;
    let skew = open.skew()?;
    let scale = open.config.skew_scale;
    let fill_price = fill_price(base, skew, delta, scale)?;
    let cost_at_mark = trade_cost(open.mark(), skew, delta, scale)?;
    let mut stake = account
        .positions
        .iter()
        .find(|position| position.market == market)
        .map_or_else(PositionStake::default, |position| position.stake.clone());
    let mut cost = SignedAmount::ZERO;
    let mut realised_pnl = SignedAmount::ZERO;
    if !closing.is_zero() {
        let closing_cost = trade_cost(base, skew, closing, scale)?;
        let side = if size_before.is_long() { &mut open.state.long } else { &mut open.state.short };
        realised_pnl = side.leave(&mut stake, closing.negated()?, closing_cost)?;
        cost = cost.plus(closing_cost)?;
    }
    if !opening.is_zero() {
        let opening_cost = trade_cost(base, skew.plus(closing)?, opening, scale)?;
        let side = if opening.is_long() { &mut open.state.long } else { &mut open.state.short };
        if stake.nominal.is_zero() {
            stake = PositionStake { epoch: side.epoch, ..PositionStake::default() };
        }
        side.enter(&mut stake, opening, opening_cost)?;
        cost = cost.plus(opening_cost)?;
    }
    open.mark_changed();
    let notional = delta.notional(fill_price, Rounding::Ceil)?;
    open.state.traded_notional = open.state.traded_notional.plus(notional)?;

    put_stake(&mut account, market, stake);
    account.cash = account.cash.plus(realised_pnl)?;
    desk.pool.cash = desk.pool.cash.minus(realised_pnl)?;
    desk.put_account(id, account)?;
    desk.explain(cost.minus(cost_at_mark)?)?;
    let size_after = position_size(desk, &desk.account(id), market)?;
    Ok(Trade { fill_price, notional, realised_pnl, size_before, size_after })
}

fn put_stake(account: &mut Account, market: MarketId, stake: PositionStake) {
    account.positions.retain(|position| position.market != market);
    if !stake.nominal.is_zero() {
        account.positions.push(Position { market, stake });
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
