//! What an account is worth against what its positions need (F4).

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::validity::PriceUse;
use crate::vesting::claims_margin;
use firebreak_messages::derivatives_vault::{Account, Position};
use firebreak_messages::{Action, MarketId};
use firebreak_risk::{
    account_health, exit_value, AccountHealth, Amount, LiquidationAccess, PositionHealth, Price, Ratio, Rounding,
    SignedAmount, Size,
};

/// Seconds of doubt after which a soft-invalid price favours nobody.
pub const DOUBT_SECONDS_MAX: u64 = 600;

/// For whom a doubtful price is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Opening, reducing, withdrawing: the mark.
    Trading,
    /// A soft-invalid price counts at the edge of its band that favours the user; an invalid one at the last usable
    /// price plus the position's own maintenance margin.
    Liquidation,
    /// The same, and in markets that feel a freeze the prices and indices of then.
    AtFreeze,
}

/// One position with what the liquidation loop needs to know of its market.
pub struct PositionView {
    pub market: MarketId,
    pub health: PositionHealth,
    /// Its price can be traded at.
    pub closable: bool,
}

/// Health of an account, position by position; `at` replaces one market's price.
pub fn evaluate(
    desk: &Desk,
    account: &Account,
    purpose: Purpose,
    at: Option<(MarketId, Price)>,
) -> Result<(AccountHealth, Vec<PositionView>), ContractError> {
    let mut views = Vec::with_capacity(account.positions.len());
    for position in &account.positions {
        views.push(view(desk, position, purpose, at)?);
    }
    let healths: Vec<PositionHealth> = views.iter().map(|view| view.health.clone()).collect();
    let margin = account.cash.plus_amount(claims_margin(desk, account)?)?;
    Ok((account_health(margin, &healths)?, views))
}

fn view(
    desk: &Desk,
    position: &Position,
    purpose: Purpose,
    at: Option<(MarketId, Price)>,
) -> Result<PositionView, ContractError> {
    let market = desk.market(position.market)?;
    let then = if purpose == Purpose::AtFreeze { market.at_freeze(position) } else { None };
    let (long, short) = match then {
        Some(then) => (&then.long, &then.short),
        None => (&market.state.long, &market.state.short),
    };
    // The stake says which side it is on: the true size of a deleveraged one may be zero.
    let side = if position.stake.nominal.atoms() < 0 { short } else { long };
    let size = side.size_of(&position.stake)?;
    let price = match (at, then) {
        (Some((replaced, price)), _) if replaced == position.market => price,
        (_, Some(then)) => favoured(market, then.mark_price, then.band, Ratio::ONE, size)?,
        (_, None) => liquidation_price(desk, market, purpose, size)?,
    };
    let notional = size.notional(price, Rounding::Ceil)?;
    if market.settled_price().is_some() {
        // Closes at the mark whoever else does, without a fee; shown only where closing it leaves a deficit.
        let (pnl, none) = (side.value_of(&position.stake, price)?, Amount::ZERO);
        let health = PositionHealth {
            size,
            price,
            pnl,
            exit_fee: none,
            initial_margin: none,
            maintenance_margin: none,
            notional,
        };
        return Ok(PositionView { market: position.market, health, closable: false });
    }
    let scale = market.config.skew_scale;
    let skew = match purpose {
        _ if then.is_some() => long.open_interest()?.plus(short.open_interest()?)?,
        Purpose::Trading => market.skew()?,
        // between two prices a trade may move everybody's exit price, and nobody below the maintenance margin by it: whom
        // a price move has weakened could else be pushed over the edge, and what closing him moves be bought back cheaply.
        Purpose::Liquidation | Purpose::AtFreeze if size.is_short() => market.skew()?.min(market.state.mark_skew),
        Purpose::Liquidation | Purpose::AtFreeze => market.skew()?.max(market.state.mark_skew),
    };
    // F9b values the position at the price; the skew exit price takes the premium of closing it off.
    let premium = exit_value(price, skew, size, scale)?.minus(size.signed_notional(price, Rounding::Ceil)?)?;
    let mut pnl = side.value_of(&position.stake, price)?.plus(premium)?;
    let maintenance_margin = market.config.margin.maintenance_margin(size, price, scale)?;
    let unusable = market.price_use(Action::Liquidate) == PriceUse::LastValid || market.resting;
    if purpose != Purpose::Trading && then.is_none() && unusable {
        // Its own margin in its favour, and no profit that would shield another position.
        pnl = pnl.min(SignedAmount::ZERO).plus_amount(maintenance_margin)?;
    }
    let health = PositionHealth {
        size,
        price,
        pnl,
        exit_fee: notional.times(market.config.taker_fee_ratio, Rounding::Ceil)?,
        initial_margin: market.config.margin.initial_margin(
            size,
            price,
            scale,
            &market.effective.posture,
            market.open_interest_ratio()?,
        )?,
        maintenance_margin,
        notional,
    };
    let closable = !unusable && market.effective.posture.liquidation != LiquidationAccess::Waits;
    Ok(PositionView { market: position.market, health, closable })
}

/// The mark, and while it is doubtful the edge of its band that favours the user: by at most a quarter of the position's
/// maintenance margin, and shrinking to nothing over ten minutes, so that doubt shields nobody for ever.
fn liquidation_price(desk: &Desk, market: &OpenMarket, purpose: Purpose, size: Size) -> Result<Price, ContractError> {
    let mark = market.mark();
    if purpose == Purpose::Trading || market.resting || market.price_use(Action::Liquidate) != PriceUse::FavourableEdge
    {
        return Ok(mark);
    }
    let left = DOUBT_SECONDS_MAX.saturating_sub(market.doubt_seconds(desk.now));
    let fading = Ratio::of(u128::from(left), u128::from(DOUBT_SECONDS_MAX), Rounding::Floor)?;
    favoured(market, mark, market.band(), fading, size)
}

/// A mark at the edge of its band that favours the user, by at most a quarter of the position's maintenance margin, times `fading`.
fn favoured(market: &OpenMarket, mark: Price, band: Price, fading: Ratio, size: Size) -> Result<Price, ContractError> {
    if size.is_zero() || band.is_zero() {
        return Ok(mark);
    }
    let margin = market.config.margin.maintenance_margin(size, mark, market.config.skew_scale)?;
    let notional = size.notional(mark, Rounding::Ceil)?;
    let quarter = Ratio::of(margin.atoms(), notional.atoms().saturating_mul(4), Rounding::Floor)?;
    let favour = mark.times(quarter, Rounding::Floor)?.min(band).times(fading, Rounding::Floor)?;
    if size.is_long() {
        Ok(mark.plus(favour)?)
    } else {
        // A favour as wide as the price leaves the smallest price that still is one.
        Ok(mark.minus(favour).unwrap_or(Price::from_atoms(1)).max(Price::from_atoms(1)))
    }
}
