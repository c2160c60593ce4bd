//! F7 in a liquidation: how much of a close may go now.

use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::THROTTLES;
use cosmwasm_std::Storage;
use firebreak_messages::derivatives_vault::LiquidationThrottled;
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{AccountHealth, LiquidationAccess, Size, ThrottledClose};

/// The part of `close` that the market's throttle lets through, signed like it. All of it where the posture does not throttle, and
/// for an account whose equity is below half of its maintenance margin: what waits there is paid by somebody else.
///
/// only closes above the smallest size use room, one owner takes half of a block's at most, and what a block has
/// taken comes back with time alone. So nobody holds a liquidation back for longer than a block by asking.
pub fn throttled(
    storage: &dyn Storage,
    desk: &mut Desk,
    id: &AccountId,
    market: MarketId,
    close: Size,
    health: &AccountHealth,
) -> Result<Size, ContractError> {
    let open = desk.market(market)?;
    let params = open.config.liquidation.clone();
    let twice = health.equity.plus(health.equity)?;
    let urgent = twice < health.maintenance_margin.signed()?;
    let access = open.effective.posture.liquidation;
    if access != LiquidationAccess::Throttled || params.throttle_seconds == 0 || urgent {
        return Ok(close);
    }
    let wanted = if close.is_short() { close.negated()? } else { close };
    let asked = ThrottledClose {
        owner: &id.owner,
        size: wanted,
        skew: open.skew()?,
        skew_scale: open.config.skew_scale,
        fee_ratio: open.config.taker_fee_ratio,
        now: desk.now,
        height: desk.height,
    };
    let mut throttle = match desk.throttles.remove(&market.0) {
        Some(throttle) => throttle,
        None => THROTTLES.may_load(storage, market.0)?.unwrap_or_default(),
    };
    let granted = throttle.take(asked, &params)?;
    desk.throttles.insert(market.0, throttle);
    if granted != wanted {
        desk.events.push(LiquidationThrottled { account: id.clone(), market, wanted, granted }.into());
    }
    Ok(if close.is_short() { granted.negated()? } else { granted })
}
