//! Filling one order at its own round, or leaving everything as it was.

use crate::caps::exceeds_a_cap;
use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::grace::felt_by;
use crate::health::{evaluate, Purpose};
use crate::trade::{position_size, trade};
use crate::vesting::{claims_junior, pay_from_claims};
use cosmwasm_std::Deps;
use firebreak_messages::derivatives_vault::{Account, DropReason, Order, OrderFilled, OrderId};
use firebreak_messages::oracle::{Round, Validity};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{allows_reduction, AccountHealth, Amount, OrderAccess, Posture, Price, Ratio, Rounding, Size};

/// Fills the order or leaves everything as it was and says why not.
pub fn fill_or_undo(
    deps: Deps,
    desk: &mut Desk,
    id: OrderId,
    order: &Order,
    round: &Round,
) -> Result<Option<DropReason>, ContractError> {
    // Loading may fail on a market that is not this order's doing; the step restarts behind it, or the batch would fail with it.
    let before_loading = desk.savepoint(Some(&order.account));
    let loaded = desk.load_account(deps, &order.account).and_then(|()| desk.close_step());
    if loaded.is_err() {
        desk.roll_back(Some(&order.account), before_loading);
        return Ok(Some(DropReason::Computation));
    }
    let savepoint = desk.savepoint(Some(&order.account));
    // The equality is part of the fill: a breach refuses this order, not the batch.
    let filled = fill(desk, id, order, round).and_then(|dropped| match dropped {
        Some(reason) => Ok(Some(reason)),
        None => desk.close_step().map(|()| None),
    });
    let dropped = filled.unwrap_or(Some(DropReason::Computation));
    if dropped.is_some() {
        desk.roll_back(Some(&order.account), savepoint);
    }
    Ok(dropped)
}

/// The fill itself; `Some` is a refusal, after which the caller undoes everything.
fn fill(desk: &mut Desk, id: OrderId, order: &Order, round: &Round) -> Result<Option<DropReason>, ContractError> {
    let account = desk.account(&order.account);
    let before = position_size(desk, &account, id.market)?;
    let Some(round) = one_price(desk, id, order, &account, round)? else { return Ok(Some(DropReason::AnotherPrice)) };
    let size = if id.queue.reduces() {
        match reducing_part(order.size, before) {
            Some(size) if is_its_own(order, &account, id.market) => size,
            _ => return Ok(Some(DropReason::NothingToReduce)),
        }
    } else {
        order.size
    };
    let after = before.plus(size)?;
    let reduces =
        after.magnitude() <= before.magnitude() && after.atoms().signum() != before.atoms().signum().saturating_neg();
    // F15: the edge of the band that is worse for the one who trades.
    let base = adverse_edge(&round, size)?;
    let price = firebreak_risk::fill_price(
        base,
        desk.market(id.market)?.skew()?,
        size,
        desk.market(id.market)?.config.skew_scale,
    )?;
    if bound_missed(order, size, price) {
        return Ok(Some(DropReason::BoundMissed));
    }
    if !reduces {
        if let Some(reason) = refuses_increase(desk.market(id.market)?, size, order, base)? {
            return Ok(Some(reason));
        }
        if felt_by(desk, &account).is_some() {
            return Ok(Some(DropReason::Restricted));
        }
        for position in &account.positions {
            if desk.market(position.market)?.validity != Validity::Valid {
                return Ok(Some(DropReason::PriceUnusable));
            }
        }
    }
    let at = Some((id.market, round.price));
    let (health_before, _) = evaluate(desk, &account, Purpose::Trading, at)?;
    let junior_before = claims_junior(desk, &account)?;
    let done = trade(desk, &order.account, id.market, size, base)?;
    desk.serve(&order.account, id.market, (round.round, round.price), done.counted)?;
    let (fee, insurance) = charge_fee(desk, &order.account, id.market, done.notional)?;

    let account = desk.account(&order.account);
    // A reduction is compared at one price, its own: the market's later moves are not the order's doing.
    let healthy = if reduces {
        let (health, _) = evaluate(desk, &account, Purpose::Trading, at)?;
        // Or rich enough to open what is left: a wide band must not keep a healthy account in.
        reduces_well(&health_before, junior_before, &health, claims_junior(desk, &account)?)?
            || health.may_raise_exposure()
    } else {
        let (at_fill, _) = evaluate(desk, &account, Purpose::Trading, at)?;
        let (at_mark, _) = evaluate(desk, &account, Purpose::Trading, None)?;
        opens(&at_fill)? && opens(&at_mark)?
    };
    if !healthy {
        return Ok(Some(DropReason::Margin));
    }
    if !reduces && (exceeds_a_cap(desk, id.market, size, done.size_after)? || !is_backed(desk, id.market)?) {
        return Ok(Some(DropReason::Cap));
    }
    desk.events.push(
        OrderFilled {
            order: id,
            account: order.account.clone(),
            size,
            size_after: done.size_after,
            fill_price: done.fill_price,
            fee,
            insurance,
            realised_pnl: done.realised_pnl,
            round: round.round,
        }
        .into(),
    );
    Ok(None)
}

/// The round that fills the order beside what this block has served its account at; `None`: not in this block.
///
/// An order that was held up so in an earlier block is not held up again, or its owner had a standing order at known prices, ended by one
/// block without a reduction. It gets the worst price since its own, that of the block's other fill included: no pair of prices to
/// profit from.
fn one_price(
    desk: &Desk,
    id: OrderId,
    order: &Order,
    account: &Account,
    own: &Round,
) -> Result<Option<Round>, ContractError> {
    let Some(served) = desk.served(account, id.market).filter(|served| served.round != own.round) else {
        return Ok(Some(own.clone()));
    };
    let again = order.is_passed_over() && order.passed_over_height < desk.height;
    if !again {
        return Ok(None);
    }
    let mut worst = own.clone();
    if (served.price > own.price) == order.size.is_long() {
        (worst.round, worst.price) = (served.round, served.price);
    }
    Ok(Some(worst))
}

/// F4's rule of reductions, with the halves of realised profit that are no margin on both sides: they are the account's own and pay
/// its own deficit first. Without them a winner near its margin could not close, for having won.
fn reduces_well(
    before: &AccountHealth,
    junior_before: Amount,
    after: &AccountHealth,
    junior_after: Amount,
) -> Result<bool, ContractError> {
    let with = |health: &AccountHealth, junior: Amount| -> Result<AccountHealth, ContractError> {
        Ok(AccountHealth { equity: health.equity.plus_amount(junior)?, ..*health })
    };
    Ok(!after.equity.is_negative() && allows_reduction(&with(before, junior_before)?, &with(after, junior_after)?))
}

/// Three quarters of the initial margin that was asked for when the order was placed, and no less than maintenance margin. Prices move
/// between placing and filling, and with them what the account's other positions are worth. If they could make an order fail, adding
/// collateral at the last moment, or not, would be an option for nothing: with a tenth of what was held for the order instead,
/// one strategy in twenty thousand of `no_free_option.rs` found it. A larger move within the delay still makes it fail.
fn opens(health: &AccountHealth) -> Result<bool, ContractError> {
    let drift = health.initial_margin.times_fraction(1, 4, Rounding::Floor)?;
    Ok(health.equity_for_initial.plus_amount(drift)? >= health.initial_margin.signed()? && !health.is_liquidatable())
}

/// A resting order closes the position it was placed for, and none that was opened after that one was gone.
fn is_its_own(order: &Order, account: &Account, market: MarketId) -> bool {
    let held = account.positions.iter().find(|position| position.market == market);
    order.position.is_none_or(|opened| held.is_some_and(|held| held.opened_height == opened))
}

/// The part of `wanted` that only reduces; `None` when there is nothing to reduce.
pub(super) fn reducing_part(wanted: Size, position: Size) -> Option<Size> {
    if position.is_zero() || position.is_long() == wanted.is_long() {
        return None;
    }
    let whole = position.negated().ok()?;
    Some(if wanted.magnitude() <= whole.magnitude() { wanted } else { whole })
}

fn adverse_edge(round: &Round, size: Size) -> Result<Price, ContractError> {
    if size.is_long() {
        Ok(round.price.plus(round.band)?)
    } else {
        Ok(round.price.minus(round.band)?.checked()?)
    }
}

fn bound_missed(order: &Order, size: Size, price: Price) -> bool {
    if size.is_long() {
        price > order.price_bound
    } else {
        price < order.price_bound
    }
}

/// What the posture and the market's caps say of an order that raises exposure.
fn refuses_increase(
    market: &OpenMarket,
    size: Size,
    order: &Order,
    base: Price,
) -> Result<Option<DropReason>, ContractError> {
    let posture: &Posture = &market.effective.posture;
    let skew = market.skew()?;
    let access =
        if skew.plus(size)?.magnitude() > skew.magnitude() { posture.skew_raising } else { posture.exposure_raising };
    let near = || -> Result<bool, ContractError> {
        let distance = order.price_bound.distance(base).ratio_to(base, Rounding::Ceil)?;
        Ok(distance <= market.config.limit_band_ratio)
    };
    let taken = match access {
        OrderAccess::All => true,
        OrderAccess::LimitOnly => near()?,
        OrderAccess::None => false,
    };
    if !taken {
        return Ok(Some(DropReason::Restricted));
    }
    let factor: Ratio = posture.order_size_factor.ratio();
    if size.magnitude() > market.config.order_size_max.times(factor)?.magnitude() {
        return Ok(Some(DropReason::Cap));
    }
    Ok(None)
}

/// The pool's coins, less what this market's winners are owed, cover `reserve_ratio` of all open interest: the same reserve
/// that holds liquidity back. Without it a small pool could sell profits that it cannot pay.
fn is_backed(desk: &Desk, id: MarketId) -> Result<bool, ContractError> {
    let market = desk.market(id)?;
    // A closed epoch that owes the pool is no coins.
    let mut coins = desk.pool.cash.minus_amount(desk.pool.receivable)?.minus_amount(market.state.closed_owed)?;
    for side in [&market.state.long, &market.state.short] {
        coins = coins.minus_amount(side.value(market.mark())?.positive_part())?;
    }
    let reserve = desk.pool.open_notional.times(desk.config.parameters.reserve_ratio, Rounding::Ceil)?;
    Ok(coins >= reserve.signed()?)
}

/// Charges the taker fee and splits it between the insurance fund and the pool. Returns the fee and the fund's part of it.
fn charge_fee(
    desk: &mut Desk,
    id: &AccountId,
    market: MarketId,
    notional: Amount,
) -> Result<(Amount, Amount), ContractError> {
    let fee = notional.times(desk.market(market)?.config.taker_fee_ratio, Rounding::Ceil)?;
    let mut account = desk.account(id);
    account.cash = account.cash.minus_amount(fee)?;
    // The pool's and the fund's: unlike an execution fee, it is no way out for a profit that has not vested.
    let owed = account.cash.negative_part().min(fee);
    pay_from_claims(desk, &mut account, owed)?;
    desk.put_account(id, account)?;
    let insurance = fee.times(desk.insurance_fee_share()?, Rounding::Floor)?;
    desk.pool.insurance_fees = desk.pool.insurance_fees.plus(insurance)?;
    desk.pool_receives(fee.minus(insurance)?)?;
    Ok((fee, insurance))
}
