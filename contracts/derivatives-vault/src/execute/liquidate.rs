//! Liquidation (F6, F8), and the deficit that it leaves (F11).

use crate::check::Done;
use crate::closed::leave_ghosts;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exits;
use crate::grace::evaluate_for_liquidation;
use crate::health::{evaluate, Purpose};
use crate::reply;
use crate::settlement::settle_positions;
use crate::throttle::throttled;
use crate::trade::trade;
use crate::vesting::{pay_own_deficit, Profit};
use crate::waterfall::{split, Deficit, Lost};
use cosmwasm_std::{DepsMut, MessageInfo, Storage};
use firebreak_messages::derivatives_vault::{AccountHealthy, PositionLiquidated, LIQUIDATION_BATCH_MAX};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{close_size, split_liquidation_fee, Amount, LiquidationParams, Ratio, Rounding, Size};

/// Takes positions of unhealthy accounts over into the pool, largest maintenance margin first, and only as much as makes the
/// account healthy with a buffer. Healthy accounts are passed over: another keeper may have been faster.
///
/// What a flat account cannot pay is a deficit: the pool books it at once, and what the insurance fund answers in its reply
/// is added back, so a fund that fails loses nothing and blocks nobody.
#[inline(never)]
pub fn liquidate(
    deps: DepsMut,
    mut desk: Desk,
    info: MessageInfo,
    accounts: Vec<AccountId>,
) -> Result<Done, ContractError> {
    if accounts.is_empty() || accounts.len() > LIQUIDATION_BATCH_MAX {
        let (wanted, max, found) = (1, LIQUIDATION_BATCH_MAX, accounts.len());
        return Err(ContractError::BatchSize { wanted, max, found });
    }
    let mut keeper_fees = Amount::ZERO;
    let mut deficits: Vec<Deficit> = vec![];
    // Bounded by LIQUIDATION_BATCH_MAX accounts of MARKETS_PER_ACCOUNT_MAX positions.
    for id in &accounts {
        desk.load_account(deps.as_ref(), id)?;
        desk.close_step()?;
        let fee = liquidate_account(deps.storage, &mut desk, id, info.sender.as_str(), &mut deficits)?;
        keeper_fees = keeper_fees.plus(fee)?;
        desk.close_step()?;
    }
    // The reply knows no posture: what it books must find a snapshot of a freeze in the record.
    for deficit in &deficits {
        desk.load_market(deps.as_ref(), deficit.market)?;
        desk.market_mut(deficit.market)?.mark_changed();
    }
    let mut done = Done::new(desk).paying(info.sender.as_str(), keeper_fees)?;
    if let Some(cover) = reply::cover(&done.desk.config, &deficits)? {
        done.messages.push(cover);
    }
    Ok(done)
}

fn liquidate_account(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    id: &AccountId,
    keeper: &str,
    deficits: &mut Vec<Deficit>,
) -> Result<Amount, ContractError> {
    let account = desk.account(id);
    let (health, mut views) = evaluate_for_liquidation(desk, &account)?;
    if !health.is_liquidatable() && !health.owes_without_position() {
        let healthy = AccountHealthy {
            account: id.clone(),
            equity: health.equity,
            maintenance_margin: health.maintenance_margin,
        };
        desk.events.push(healthy.into());
        return Ok(Amount::ZERO);
    }
    let mut keeper_fees = Amount::ZERO;
    let mut lost: Vec<Lost> = vec![];
    // What is settled already closes first, and free of charge.
    for closed in settle_positions(desk, id, true)? {
        views.retain(|view| view.market != closed.0);
        lost.push(Lost::settled(closed));
    }
    lost.extend(leave_ghosts(desk, id)?);
    views.sort_by_key(|view| std::cmp::Reverse(view.health.maintenance_margin));
    for view in views.iter().filter(|view| view.closable) {
        // Fresh figures: the position before this one changed equity and margin.
        let account = desk.account(id);
        let (health, _) = evaluate(desk, &account, Purpose::Liquidation, None)?;
        let others = health.maintenance_margin.minus(view.health.maintenance_margin)?;
        let config = desk.market(view.market)?.config.clone();
        // Equity has the exit fee of the whole position in it, and a liquidation charges the penalty instead: closing a unit
        // costs only what the penalty is above the fee that it frees.
        let mut terms = config.liquidation.clone();
        terms.penalty_ratio =
            Ratio::from_atoms(terms.penalty_ratio.atoms().saturating_sub(config.taker_fee_ratio.atoms()));
        let close = close_size(
            health.equity,
            others,
            view.health.size,
            view.health.price,
            &config.margin,
            config.skew_scale,
            &terms,
        )?;
        let close = throttled(storage, desk, id, view.market, close, &health)?;
        if close.is_zero() {
            continue;
        }
        let (fee, loss) = close_position(desk, id, keeper, view.market, close, view.health.price)?;
        keeper_fees = keeper_fees.plus(fee)?;
        let size = if close.is_short() { close.negated()? } else { close };
        lost.push(Lost { market: view.market, short: close.is_short(), loss, size });
    }
    book_deficit(storage, desk, id, &lost, deficits)?;
    Ok(keeper_fees)
}

/// Closes a part of a position at the liquidation price and charges the penalty, never more than the account still has.
/// Returns the keeper's fee and what the position lost.
fn close_position(
    desk: &mut Desk,
    id: &AccountId,
    keeper: &str,
    market: MarketId,
    close: Size,
    price: firebreak_risk::Price,
) -> Result<(Amount, Amount), ContractError> {
    let done = trade(desk, id, market, close.negated()?, price, Profit::PaysMargin)?;
    // Its orders are not served at another round in this block. The other way round a fill holds no liquidation up: a stream of
    // tiny reductions would hold it up for ever, and whoever has just raised exposure has initial margin at the mark.
    let round = desk.market(market)?.state.mark_round;
    desk.serve(id, market, round)?;
    let now = desk.now;
    let open = desk.market_mut(market)?;
    let liquidation = open.config.liquidation.clone();
    // Since the price at which it is liquidated at the latest: when it first was liquidatable nobody has written down, and nobody
    // pays for writing it.
    let delay = open.doubt_seconds(now);
    let notional = close.notional(price, Rounding::Ceil)?;
    let liquidated = open.state.liquidated_notional.atoms().saturating_add(notional.atoms());
    open.state.liquidated_notional = Amount::from_atoms(liquidated);

    let (health, _) = evaluate(desk, &desk.account(id), Purpose::Liquidation, None)?;
    let split = split_liquidation_fee(notional, health.equity, &liquidation, delay)?;
    let mut account = desk.account(id);
    account.cash = account.cash.minus_amount(split.penalty)?;
    desk.put_account(id, account)?;
    desk.pool.insurance_fees = desk.pool.insurance_fees.plus(split.insurance)?;
    let keeper_fee = split.keeper.plus(top_up(desk, &liquidation, notional, split.keeper_top_up)?)?;
    desk.events.push(
        PositionLiquidated {
            account: id.clone(),
            market,
            keeper: keeper.into(),
            size_closed: close,
            size_after: done.size_after,
            price: done.fill_price,
            notional,
            penalty: split.penalty,
            keeper_fee,
            realised_pnl: done.realised_pnl,
        }
        .into(),
    );
    Ok((keeper_fee, done.realised_pnl.negative_part()))
}

/// F8: what the keeper lacks of its floor, out of fees that are owed to the fund and not swept yet, then out of the pool: a
/// sweep must not make bankrupt accounts nobody's business. Dust gets none, or it would be opened to be liquidated.
fn top_up(
    desk: &mut Desk,
    liquidation: &LiquidationParams,
    notional: Amount,
    wanted: Amount,
) -> Result<Amount, ContractError> {
    if notional.times(liquidation.penalty_ratio, Rounding::Floor)? < liquidation.keeper_min {
        return Ok(Amount::ZERO);
    }
    let from_fees = wanted.min(desk.pool.insurance_fees);
    desk.pool.insurance_fees = desk.pool.insurance_fees.minus(from_fees)?;
    desk.pool_pays(wanted.minus(from_fees)?)?;
    Ok(wanted)
}

/// A flat account below zero is a deficit. It is split over the markets by what each lost (F11; rounding to the largest), and
/// the pool books it before anybody else is asked. What its owner has parked pays first.
pub(super) fn book_deficit(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    id: &AccountId,
    lost: &[Lost],
    deficits: &mut Vec<Deficit>,
) -> Result<(), ContractError> {
    if !desk.account(id).positions.is_empty() {
        return Ok(());
    }
    let lacking = desk.account(id).cash.negative_part();
    if lacking.is_zero() {
        return Ok(());
    }
    // F11, step 1: the owner's parked withdrawals and unvested profit, both halves of it, before anybody else's coins.
    let parked = exits::seize(storage, desk, id, lacking)?;
    let own = pay_own_deficit(desk, id)?.plus(parked)?;
    let mut account = desk.account(id);
    let deficit = account.cash.negative_part();
    if deficit.is_zero() {
        return Ok(());
    }
    account.cash = firebreak_risk::SignedAmount::ZERO;
    desk.put_account(id, account)?;
    desk.pool_pays(deficit)?;
    // An account that a closed side made flat in an earlier message, below zero: what it lost there is not known any more. It is
    // booked all the same, with the first market, and nobody is deleveraged for it.
    let unknown =
        desk.config.markets.first().map(|market| Lost::settled((*market, firebreak_risk::SignedAmount::ZERO)));
    match unknown {
        Some(unknown) if lost.is_empty() => split(deficit, own, &[unknown], deficits),
        Some(_) | None => split(deficit, own, lost, deficits),
    }
}
