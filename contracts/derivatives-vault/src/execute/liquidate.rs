//! Liquidation (F6, F8), and the deficit that it leaves (F11).

use crate::check::Done;
use crate::closed::leave_ghosts;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exits::{self, Seizure};
use crate::grace::evaluate_for_liquidation;
use crate::health::{evaluate, Purpose};
use crate::reply;
use crate::settlement::settle_positions;
use crate::throttle::throttled;
use crate::trade::trade;
use crate::vesting::{pay_from_claims, pay_own_deficit, pay_uncarried};
use crate::waterfall::{split, Deficit, Lost};
use cosmwasm_std::{Deps, DepsMut, MessageInfo, Storage};
use firebreak_messages::derivatives_vault::{
    AccountHealthy, DropReason, LiquidationFailed, PositionLiquidated, LIQUIDATION_BATCH_MAX,
};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{
    close_size, split_liquidation_fee, Amount, LiquidationParams, Ratio, Rounding, SignedAmount, Size,
};

/// Takes positions of unhealthy accounts over into the pool, and only as much as makes the account healthy with a buffer: first
/// those that have lost, then those that have won, as half of a realised profit is no margin until it vests; each with the largest
/// maintenance margin first. Healthy accounts are passed over: another keeper may have been faster. An account whose figures cannot be
/// computed fails alone; where it is the only one, with its error.
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
        let (savepoint, asked) = (desk.savepoint(Some(id)), deficits.clone());
        match liquidate_account(deps.as_ref(), &mut desk, id, info.sender.as_str(), &mut deficits) {
            Ok((fee, seized)) => {
                keeper_fees = keeper_fees.plus(fee)?;
                if let Some(seized) = seized {
                    seized.store(deps.storage)?;
                }
            }
            Err(error) if accounts.len() == 1 => return Err(error),
            Err(_) => {
                desk.roll_back(Some(id), savepoint);
                deficits = asked;
                let reason = DropReason::Computation;
                desk.events.push(LiquidationFailed { account: id.clone(), reason }.into());
            }
        }
    }
    // The reply knows no posture: what it books must find a snapshot of a freeze in the record.
    // One that cannot be loaded fails nobody: the reply books the deficit without its record.
    for deficit in &deficits {
        if desk.load_market(deps.as_ref(), deficit.market).is_ok() {
            desk.market_mut(deficit.market)?.mark_changed();
        }
    }
    let mut done = Done::new(desk).paying(info.sender.as_str(), keeper_fees)?;
    if let Some(cover) = reply::cover(&done.desk.config, &deficits)? {
        done.messages.push(cover);
    }
    Ok(done)
}

/// One account: the keeper's fees, and what its deficit took of its parked exit. Writes nothing.
#[inline(never)]
fn liquidate_account(
    deps: Deps,
    desk: &mut Desk,
    id: &AccountId,
    keeper: &str,
    deficits: &mut Vec<Deficit>,
) -> Result<(Amount, Option<Seizure>), ContractError> {
    desk.load_account(deps, id)?;
    desk.close_step()?;
    let account = desk.account(id);
    let (health, mut views) = evaluate_for_liquidation(desk, &account)?;
    if !health.is_liquidatable() && !health.owes_without_position() {
        let healthy = AccountHealthy {
            account: id.clone(),
            equity: health.equity,
            maintenance_margin: health.maintenance_margin,
        };
        desk.events.push(healthy.into());
        return Ok((Amount::ZERO, None));
    }
    let mut keeper_fees = Amount::ZERO;
    let mut lost: Vec<Lost> = vec![];
    // What a closed side has left it owing was lost there, whatever else it closes now.
    lost.extend(account.lost_in.map(|market| Lost::settled((market, account.cash))));
    // What is settled already closes first, and free of charge.
    for closed in settle_positions(desk, id, true)? {
        views.retain(|view| view.market != closed.0);
        lost.push(Lost::settled(closed));
    }
    lost.extend(leave_ghosts(desk, id)?);
    views.sort_by_key(|view| {
        let won = view.health.pnl > SignedAmount::ZERO;
        (won, std::cmp::Reverse(view.health.maintenance_margin))
    });
    for view in views.iter().filter(|view| view.closable && !view.health.size.is_zero()) {
        // Fresh figures: the position before this one changed equity and margin.
        let account = desk.account(id);
        let (health, _) = evaluate(desk, &account, Purpose::Liquidation, None)?;
        let others = health.maintenance_margin.minus(view.health.maintenance_margin)?;
        let open = desk.market(view.market)?;
        let config = open.config.clone();
        // What a profit pays first is what the account owes; half of the rest is no margin any more.
        let vests = view.health.pnl.positive_part().saturating_minus(account.cash.negative_part());
        let vests = if open.pays_at_once(desk.now) { Amount::ZERO } else { vests };
        let lost_margin = vests.times(Ratio::percent(50), Rounding::Ceil)?;
        let terms = config.liquidation.costing(config.taker_fee_ratio, lost_margin, view.health.notional)?;
        let close = close_size(
            health.equity,
            others,
            view.health.size,
            view.health.price,
            &config.margin,
            config.skew_scale,
            &terms,
        )?;
        let close = throttled(deps.storage, desk, id, view.market, close, &health)?;
        if close.is_zero() {
            continue;
        }
        let (fee, loss) = close_position(desk, id, keeper, view.market, close, view.health.price)?;
        keeper_fees = keeper_fees.plus(fee)?;
        let size = if close.is_short() { close.negated()? } else { close };
        lost.push(Lost { market: view.market, short: close.is_short(), loss, size });
    }
    pay_uncarried(desk, id)?;
    let seized = book_deficit(deps.storage, desk, id, &lost, deficits)?;
    desk.close_step()?;
    Ok((keeper_fees, seized))
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
    let done = trade(desk, id, market, close.negated()?, price)?;
    // Its orders are not served at another round in this block. The other way round a fill holds no liquidation up: a stream of
    // tiny reductions would hold it up for ever, and whoever has just raised exposure has initial margin at the mark.
    let state = &desk.market(market)?.state;
    let served = (state.mark_round, state.mark_price);
    desk.serve(id, market, served, done.counted)?;
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
    let mut account = desk.account(id);
    let split = split_liquidation_fee(notional, health.equity, account.cash.positive_part(), &liquidation, delay)?;
    account.cash = account.cash.minus_amount(split.penalty)?;
    // The fund's part stays inside, so what has not vested may pay it, as it pays the fees of a trade.
    let owed = account.cash.negative_part().min(split.insurance);
    let owed = owed.minus(pay_from_claims(desk, &mut account, owed)?)?;
    desk.put_account(id, account)?;
    desk.pool.insurance_fees = desk.pool.insurance_fees.plus(split.insurance)?;
    let top_up = top_up(desk, &liquidation, notional, split.keeper_top_up, owed)?;
    let keeper_fee = split.keeper.plus(top_up)?;
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
/// sweep must not make bankrupt accounts nobody's business. Of the fees `owed` are this account's debt yet: no coins to pay with. Dust gets none, or it would be opened to be liquidated.
fn top_up(
    desk: &mut Desk,
    liquidation: &LiquidationParams,
    notional: Amount,
    wanted: Amount,
    owed: Amount,
) -> Result<Amount, ContractError> {
    if notional.times(liquidation.penalty_ratio, Rounding::Floor)? < liquidation.keeper_min {
        return Ok(Amount::ZERO);
    }
    let from_fees = wanted.min(desk.pool.insurance_fees.saturating_minus(owed));
    desk.pool.insurance_fees = desk.pool.insurance_fees.minus(from_fees)?;
    desk.pool_pays(wanted.minus(from_fees)?)?;
    Ok(wanted)
}

/// A flat account below zero is a deficit. It is split over the markets by what each lost (F11; rounding to the largest), and
/// the pool books it before anybody else is asked. What its owner has parked pays first; the caller stores what that took.
pub(super) fn book_deficit(
    storage: &dyn Storage,
    desk: &mut Desk,
    id: &AccountId,
    lost: &[Lost],
    deficits: &mut Vec<Deficit>,
) -> Result<Option<Seizure>, ContractError> {
    let account = desk.account(id);
    let (lacking, lost_in) = (account.cash.negative_part(), account.lost_in);
    if !account.positions.is_empty() || lacking.is_zero() {
        return Ok(None);
    }
    // F11, step 1: the owner's parked withdrawals and unvested profit, both halves of it, before anybody else's coins.
    let seized = exits::seize(storage, desk, id, lacking)?;
    let parked = seized.as_ref().map_or(Amount::ZERO, |seized| seized.amount);
    let own = pay_own_deficit(desk, id)?.plus(parked)?;
    let mut account = desk.account(id);
    let deficit = account.cash.negative_part();
    if deficit.is_zero() {
        return Ok(seized);
    }
    account.cash = SignedAmount::ZERO;
    desk.put_account(id, account)?;
    desk.pool_pays(deficit)?;
    // A closed side may have made it flat, in this or an earlier message: the market that lost it most is known, and nobody is
    // deleveraged for it. Whatever else left it so is booked with the first market.
    let market = lost_in.or(desk.config.markets.first().copied());
    match market.map(|market| Lost::settled((market, SignedAmount::ZERO))) {
        Some(unknown) if lost.is_empty() => split(deficit, own, &[unknown], deficits)?,
        Some(_) | None => split(deficit, own, lost, deficits)?,
    }
    Ok(seized)
}
