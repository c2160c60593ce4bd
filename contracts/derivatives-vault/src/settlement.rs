//! Settlement (F18): what a market that is being settled still allows, and how positions close at its price.

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::vesting::realise;
use firebreak_messages::circuit_breaker::EffectivePosture;
use firebreak_messages::derivatives_vault::{MarketSettled, MarketSettlement, PositionSettled};
use firebreak_messages::{AccountId, MarketId, Reason};
use firebreak_risk::{
    market_value, price_move_effect, BasisPoints, Level, OrderExecution, Posture, Price, Rounding, Side, SignedAmount,
    Size, SETTLEMENT_WINDOW_SECONDS,
};

/// First second of the window.
pub fn window_start(settlement: &MarketSettlement) -> u64 {
    settlement.at.saturating_sub(SETTLEMENT_WINDOW_SECONDS)
}

/// What a settlement adds to a market's posture.
///
/// Until the window: `ReduceOnly`, so that no exposure is added in it. Within the window nobody trades, not even to reduce: who could
/// still close at the market's price while the average is nearly known would hold an option against the pool, and everybody's
/// exit is at most that hour away. Liquidation goes on: it is nobody's choice. Collateral of an account in the market stays for that
/// hour, as the price it will be settled at may be worse than the mark that a withdrawal is judged at. Behind it, for ever: nobody
/// trades, and as nothing is in doubt any more, whoever still has a profit vesting there is kept from none of what is free.
pub fn joined(effective: EffectivePosture, settlement: &MarketSettlement, now: u64) -> EffectivePosture {
    let reduce_only = Posture::preset(Level::ReduceOnly);
    let posture = if settlement.price.is_some() {
        Posture { outflow_factor: BasisPoints::ONE, ..Posture::preset(Level::Settlement) }
    } else if now < window_start(settlement) {
        reduce_only
    } else {
        Posture {
            level: Level::Settlement,
            order_execution: OrderExecution::Waits,
            outflow_factor: BasisPoints(0),
            ..reduce_only
        }
    };
    effective.joined(posture, Reason::Settlement, settlement.since, 0)
}

/// From the window on, `ExecuteOrders` serves the settlement: it sees rounds, settles, and gives waiting orders back.
pub fn takes_over(market: &OpenMarket, now: u64) -> bool {
    let settlement = market.state.settlement.as_ref();
    settlement.is_some_and(|settlement| settlement.price.is_some() || now >= window_start(settlement))
}

/// Everybody in the market closes at `price`, in constant time: from now on the market's mark is that price for ever, and what closing
/// pays is `V_long + V_short`, without a premium. No price of another fill moves anybody; the premium that the liability held
/// for the skew, `P*K^2 / (2S)`, stays the pool's.
pub fn close_market(desk: &mut Desk, id: MarketId, price: Price) -> Result<(), ContractError> {
    let open = desk.market_mut(id)?;
    open.mark_changed();
    let (skew, scale, mark) = (open.skew()?, open.config.skew_scale, open.mark());
    // Without a mark there has never been a position.
    let moved = if mark.is_zero() { SignedAmount::ZERO } else { price_move_effect(mark, price, skew, scale)? };
    let premium = market_value(&open.state.long, &open.state.short, price, scale)?.convexity;
    open.state.mark_price = price;
    if let Some(settlement) = open.state.settlement.as_mut() {
        settlement.price = Some(price);
    }
    // Prices cannot move these positions any more: nothing has to back them.
    let noted = std::mem::take(&mut open.state.open_notional);
    desk.pool.open_notional = desk.pool.open_notional.minus(noted)?;
    desk.events.push(MarketSettled { market: id, price, skew, premium }.into());
    desk.explain(moved.plus_amount(premium)?)
}

/// Closes what an account holds in settled markets, and returns what each of these positions realised. Bounded by
/// `MARKETS_PER_ACCOUNT_MAX`.
///
/// Profits vest like any other (F17). An account that would be left without a position and below zero stays as it is, unless
/// `bankrupt_too`: its deficit is for a liquidation, which knows who pays it. Its claims are settled.
pub fn settle_positions(
    desk: &mut Desk,
    id: &AccountId,
    bankrupt_too: bool,
) -> Result<Vec<(MarketId, SignedAmount)>, ContractError> {
    let mut account = desk.account(id);
    let mut cash = account.cash;
    // Which side a position is on, its stake says: the true size of a deleveraged short may be zero.
    let mut closed: Vec<(MarketId, bool, Side, Size, SignedAmount)> = vec![];
    for position in &account.positions {
        let market = desk.market(position.market)?;
        let Some(price) = market.settled_price() else { continue };
        let mut stake = position.stake.clone();
        let short = stake.nominal.atoms() < 0;
        let mut side = if short { market.state.short.clone() } else { market.state.long.clone() };
        let size = side.size_of(&stake)?;
        // Signed like a cost: what a long sells for is negative, rounded against whoever holds the position.
        let cost = size.negated()?.signed_notional(price, Rounding::Ceil)?;
        let realised_pnl = side.leave(&mut stake, size, cost)?;
        cash = cash.plus(realised_pnl)?;
        closed.push((position.market, short, side, size, realised_pnl));
    }
    let flat = closed.len() == account.positions.len();
    if closed.is_empty() || (flat && cash.is_negative() && !bankrupt_too) {
        return Ok(vec![]);
    }
    // Losses first: what they leave owed is paid out of profits before these vest.
    closed.sort_by_key(|(.., pnl)| *pnl);
    let mut settled = vec![];
    for (market, short, side, size, realised_pnl) in closed {
        let open = desk.market_mut(market)?;
        open.mark_changed();
        if short {
            open.state.short = side;
        } else {
            open.state.long = side;
        }
        // One by one: what the others win carries a loss, and what a ruling may cut pays for none of it.
        account.positions.retain(|position| position.market != market);
        realise(desk, &mut account, market, realised_pnl)?;
        desk.events.push(PositionSettled { account: id.clone(), market, size, realised_pnl }.into());
        settled.push((market, realised_pnl));
    }
    desk.put_account(id, account)?;
    Ok(settled)
}
