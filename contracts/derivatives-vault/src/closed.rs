//! Epochs of a side that were rolled with positions inside (F9b): what each of them is owed is fixed, and collected when its account
//! is touched.

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::state::CLOSED_SIDES;
use crate::trade::recount;
use crate::vesting::realise;
use crate::waterfall::Lost;
use cosmwasm_std::Deps;
use firebreak_messages::derivatives_vault::{ClosedSide, Position, PositionDeleveraged, SideRolled};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{effect_of_roll, DeleverageTerms, Ratio, Rounding, Side, SignedAmount, Size};

/// (market, 1 for the short side, epoch)
pub type SideKey = (u16, u8, u32);

impl OpenMarket {
    pub(crate) fn side_mut(&mut self, short: bool) -> &mut Side {
        if short {
            &mut self.state.short
        } else {
            &mut self.state.long
        }
    }

    /// For the side that gains: what closing a unit of it frees of margin at least bounds what it may be asked for.
    pub(crate) fn deleverage_terms(&self, short: bool) -> Result<DeleverageTerms, ContractError> {
        let margin = &self.config.margin;
        let maintenance = margin.initial_margin_ratio.times(margin.maintenance_scalar, Rounding::Floor)?;
        let concession_max = maintenance.atoms().saturating_sub(self.config.taker_fee_ratio.atoms());
        let opposite = if short { &self.state.long } else { &self.state.short };
        Ok(DeleverageTerms {
            mark: self.mark(),
            opposite: opposite.open_interest()?,
            skew_scale: self.config.skew_scale,
            concession_max: Ratio::from_atoms(concession_max),
        })
    }

    /// A closed epoch's balance moves; what epochs are owed and what they owe are not netted, as the second is no coins.
    fn move_closed(&mut self, before: SignedAmount, after: SignedAmount) -> Result<(), ContractError> {
        let state = &mut self.state;
        state.closed_owed = state.closed_owed.plus(after.positive_part())?.minus(before.positive_part())?;
        state.closed_due = state.closed_due.plus(after.negative_part())?.minus(before.negative_part())?;
        self.mark_changed();
        Ok(())
    }
}

/// Rolls a side whose scale is used up: the rest of every position closes at the mark.
#[inline(never)]
pub fn roll_if_used_up(desk: &mut Desk, market: MarketId, short: bool) -> Result<(), ContractError> {
    let open = desk.market_mut(market)?;
    let terms = open.deleverage_terms(short)?;
    let side = open.side_mut(short);
    if side.nominal.is_zero() || !side.needs_roll() {
        return Ok(());
    }
    let effect = effect_of_roll(side, &terms)?;
    let key = (market.0, u8::from(short), side.epoch);
    let nominal = side.nominal;
    let (epoch, owed) = side.roll(terms.mark)?;
    open.move_closed(SignedAmount::ZERO, owed)?;
    desk.put_closed(key, ClosedSide { epoch, nominal, owed });
    desk.explain(effect)?;
    desk.events.push(SideRolled { market, short, epoch: key.2, price: terms.mark, owed }.into());
    recount(desk, market)?;
    desk.close_step()
}

/// Tells the account what its side was deleveraged by, pays it what its stakes of closed epochs are owed, or charges what they owe. Bounded by its positions. The last stake of
/// an epoch leaves the rounding of all of them, less than a unit each, to the pool.
#[inline(never)]
pub fn settle_closed_sides(desk: &mut Desk, deps: Deps, id: &AccountId) -> Result<(), ContractError> {
    let mut account = desk.account(id);
    let mut stale: Vec<Position> = vec![];
    let mut told = false;
    for position in &mut account.positions {
        let state = &desk.market(position.market)?.state;
        let side = if position.stake.nominal.atoms() < 0 { &state.short } else { &state.long };
        let scale = side.scale;
        if side.epoch != position.stake.epoch {
            stale.push(position.clone());
        } else if scale != position.scale {
            let size_after = position.stake.size_at(scale)?;
            tell(desk, id, position, size_after, SignedAmount::ZERO)?;
            position.scale = scale;
            told = true;
        }
    }
    if stale.is_empty() {
        return if told { desk.put_account(id, account) } else { Ok(()) };
    }
    let mut largest_loss = SignedAmount::ZERO;
    // A debt of before keeps the market that it was made in.
    let owes = account.lost_in.is_some();
    for position in stale {
        let Position { market, stake, .. } = &position;
        let market = *market;
        let key = (market.0, u8::from(stake.nominal.atoms() < 0), stake.epoch);
        let mut closed = match desk.closed(key) {
            Some(closed) => closed,
            None => CLOSED_SIDES.load(deps.storage, key)?,
        };
        let before = closed.owed;
        let pnl = Side::settle_closed(&closed.epoch, stake)?;
        tell(desk, id, &position, Size::ZERO, pnl)?;
        closed.nominal = closed.nominal.minus(stake.nominal)?;
        closed.owed = closed.owed.minus(pnl)?;
        if closed.nominal.is_zero() {
            desk.explain(std::mem::take(&mut closed.owed))?;
        }
        desk.market_mut(market)?.move_closed(before, closed.owed)?;
        desk.put_closed(key, closed);
        account.positions.retain(|held| held.market != market);
        realise(desk, &mut account, market, pnl)?;
        if pnl < largest_loss {
            largest_loss = pnl;
            if !owes {
                account.lost_in = Some(market);
            }
        }
    }
    desk.put_account(id, account)
}

/// what deleveraging made of a position since its account was last touched.
#[inline(never)]
fn tell(
    desk: &mut Desk,
    id: &AccountId,
    position: &Position,
    size_after: Size,
    realised_pnl: SignedAmount,
) -> Result<(), ContractError> {
    let size_before = position.stake.size_at(position.scale)?;
    let (account, market) = (id.clone(), position.market);
    desk.events.push(PositionDeleveraged { account, market, size_before, size_after, realised_pnl }.into());
    Ok(())
}

/// Takes out the stakes of an account that deleveraging has made too small to have a size: no order can close them and nothing of
/// them can be liquidated, so they would keep a bankrupt account from ever being flat. Bounded by its positions.
#[inline(never)]
pub fn leave_ghosts(desk: &mut Desk, id: &AccountId) -> Result<Vec<Lost>, ContractError> {
    let mut account = desk.account(id);
    let mut lost = vec![];
    let mut kept = Vec::with_capacity(account.positions.len());
    for mut position in std::mem::take(&mut account.positions) {
        let short = position.stake.nominal.atoms() < 0;
        let open = desk.market_mut(position.market)?;
        let side = open.side_mut(short);
        let size = side.size_of(&position.stake)?;
        if !size.is_zero() {
            kept.push(position);
            continue;
        }
        let pnl = side.leave(&mut position.stake, size, SignedAmount::ZERO)?;
        open.mark_changed();
        realise(desk, &mut account, position.market, pnl)?;
        lost.push(Lost { market: position.market, short, loss: pnl.negative_part(), size });
    }
    if !lost.is_empty() {
        account.positions = kept;
        desk.put_account(id, account)?;
    }
    Ok(lost)
}
