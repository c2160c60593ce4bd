//! The caps of a market, asked after a fill that raised exposure. They act on the market's totals: many accounts of one
//! owner get no further than one.

use crate::desk::Desk;
use crate::error::ContractError;
use firebreak_messages::MarketId;
use firebreak_risk::{Rounding, Size};

/// Whether the book as it is now, after `traded` left the account with `size_after`, is beyond a cap: open interest of the
/// side, net open interest, one account's share of a side, and what the insurance fund covers. While a check of the last
/// frame is broken every increase is.
pub fn exceeds_a_cap(desk: &Desk, id: MarketId, traded: Size, size_after: Size) -> Result<bool, ContractError> {
    if desk.pool.breached_since > 0 {
        return Ok(true);
    }
    let market = desk.market(id)?;
    let config = &market.config;
    let cap = market.open_interest_cap(desk.now)?;
    let side = if traded.is_long() { &market.state.long } else { &market.state.short };
    if side.open_interest()?.magnitude() > cap.magnitude() {
        return Ok(true);
    }
    let skew = market.skew()?;
    // A trade that brings the book nearer to balance is welcome above the cap too.
    let widened = skew.magnitude() > skew.minus(traded)?.magnitude();
    if widened && skew.magnitude() > config.skew_max.magnitude() {
        return Ok(true);
    }
    if size_after.magnitude() > cap.times(config.account_share_max)?.magnitude() {
        return Ok(true);
    }
    let open = market.state.larger_notional_at_mark()?;
    Ok(open.times(config.insurance_ratio_min, Rounding::Ceil)? > desk.pool.insurance_size)
}
