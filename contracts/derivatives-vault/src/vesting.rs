//! Realised profit vests (F17): it goes to a claim and not to cash, and what has vested becomes cash when the account is touched.

use crate::desk::{Desk, OpenMarket};
use crate::error::ContractError;
use crate::health::{evaluate, Purpose};
use crate::state::CLOSED_POTS;
use cosmwasm_std::Deps;
use firebreak_messages::derivatives_vault::{Account, MarketClaim};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Claim, Ratio, SignedAmount};

impl OpenMarket {
    /// Brings the epochs of vesting to now.
    pub(crate) fn roll_vesting(&mut self, now: u64) -> Result<(), ContractError> {
        let closed = self.state.vesting.roll(now, self.config.vesting_half_life_seconds)?;
        if !closed.is_empty() {
            self.closed_pots.extend(closed);
            self.mark_changed();
        }
        Ok(())
    }

    /// Realised profit is cash at once.
    pub(crate) fn pays_at_once(&self, now: u64) -> bool {
        self.config.vesting_half_life_seconds == 0 && !self.state.vesting.is_contested(now)
    }

    fn closed_cut(&self, deps: Deps, epoch: u32) -> Result<Ratio, ContractError> {
        let vesting = &self.state.vesting;
        if epoch.saturating_add(1) >= vesting.epoch {
            return Ok(Ratio::ZERO);
        }
        if let Some(pot) = self.closed_pots.iter().find(|pot| pot.epoch == epoch) {
            return Ok(pot.cut);
        }
        Ok(CLOSED_POTS.may_load(deps.storage, (self.id.0, epoch))?.unwrap_or_default())
    }
}

/// Pays what has vested of the account's claims into its cash. Bounded by the account's slots; changes nothing else.
#[inline(never)]
pub fn settle_claims(desk: &mut Desk, deps: Deps, id: &AccountId) -> Result<(), ContractError> {
    let mut account = desk.account(id);
    if account.claims.is_empty() {
        return Ok(());
    }
    let now = desk.now;
    let mut collected = Amount::ZERO;
    for held in &mut account.claims {
        let market = desk.market_mut(held.market)?;
        let closed_cut = market.closed_cut(deps, held.claim.epoch)?;
        let half_life = market.config.vesting_half_life_seconds;
        let vested = market.state.vesting.settle(&mut held.claim, closed_cut, now, half_life)?;
        collected = collected.plus(vested)?;
        if held.claim.owed.is_zero() {
            market.mark_changed();
        }
    }
    account.claims.retain(|held| !held.claim.owed.is_zero());
    account.cash = account.cash.plus_amount(collected)?;
    release(desk, collected)?;
    desk.put_account(id, account)
}

/// Takes what claims are paid out of what is reserved for them. Were a rounding short of it, the pool would pay it: nobody's account and no
/// settlement may wait for a unit.
#[inline(never)]
pub fn release(desk: &mut Desk, paid: Amount) -> Result<(), ContractError> {
    let missing = paid.saturating_minus(desk.pool.unvested);
    desk.pool.unvested = desk.pool.unvested.saturating_minus(paid);
    desk.pool_pays(missing)
}

/// Gives an account what a trade realised: a loss and, where the market pays at once, a profit are cash; a profit that vests pays
/// what the account owes and is a claim for the rest. In a liquidation too: who liquidates itself would else have its profit at once, for the
/// penalty. The account's claims are settled. The pool pays either way.
#[inline(never)]
pub fn realise(
    desk: &mut Desk,
    account: &mut Account,
    market: MarketId,
    pnl: SignedAmount,
) -> Result<(), ContractError> {
    desk.pool.cash = desk.pool.cash.minus(pnl)?;
    let now = desk.now;
    let open = desk.market_mut(market)?;
    let half_life = open.config.vesting_half_life_seconds;
    if pnl <= SignedAmount::ZERO || open.pays_at_once(now) {
        account.cash = account.cash.plus(pnl)?;
        // A loss is paid out of the owner's claims before it is owed: whoever has them must not lack cash for the way out. Execution
        // fees that took cash below zero are not: they have left the vault.
        let owed = account.cash.negative_part().min(pnl.negative_part());
        return pay_from_claims(desk, account, owed).map(|_| ());
    }
    // What the account owes comes first: else closing a profit that carried a loss would leave less equity than nothing, and
    // keep its owner in.
    let owed = account.cash.negative_part().min(pnl.positive_part());
    account.cash = account.cash.plus_amount(owed)?;
    let profit = pnl.positive_part().minus(owed)?;
    if profit.is_zero() {
        return Ok(());
    }
    open.roll_vesting(now)?;
    let index = account.claims.iter().position(|held| held.market == market);
    let mut claim = index.map_or_else(Claim::default, |index| account.claims.swap_remove(index).claim);
    if claim.owed.is_zero() {
        claim.epoch = open.state.vesting.epoch;
    }
    open.state.vesting.add(&mut claim, profit, now, half_life)?;
    open.mark_changed();
    account.claims.push(MarketClaim { market, claim });
    account.claims.sort_by_key(|held| held.market);
    desk.pool.unvested = desk.pool.unvested.plus(profit)?;
    Ok(())
}

/// The senior halves of the account's claims, which count as margin (F4).
pub fn claims_margin(desk: &Desk, account: &Account) -> Result<Amount, ContractError> {
    let mut margin = Amount::ZERO;
    for held in &account.claims {
        let market = desk.market(held.market)?;
        let half_life = market.config.vesting_half_life_seconds;
        margin = margin.plus(market.state.vesting.margin_of(&held.claim, desk.now, half_life)?)?;
    }
    Ok(margin)
}

/// The junior halves: what the account is owed and may not use as margin.
pub fn claims_junior(desk: &Desk, account: &Account) -> Result<Amount, ContractError> {
    let owed = account.claims.iter().try_fold(Amount::ZERO, |sum, held| sum.plus(held.claim.owed))?;
    Ok(owed.saturating_minus(claims_margin(desk, account)?))
}

/// Some market that the account has a position in is contested. A contested claim alone keeps nobody from closing elsewhere: it pays nothing
/// while a position is left.
pub fn is_contested(desk: &Desk, account: &Account) -> bool {
    let mut markets = account.positions.iter().map(|position| position.market);
    markets.any(|id| desk.market(id).is_ok_and(|market| market.state.vesting.is_contested(desk.now)))
}

/// F11, step 1: what the account owes is paid out of its own unvested profit, contested or not. Returns what that paid.
pub fn pay_own_deficit(desk: &mut Desk, id: &AccountId) -> Result<Amount, ContractError> {
    let mut account = desk.account(id);
    let deficit = account.cash.negative_part();
    let paid = pay_from_claims(desk, &mut account, deficit)?;
    if !paid.is_zero() {
        desk.put_account(id, account)?;
    }
    Ok(paid)
}

/// What a liquidation leaves owed and no open profit carries is paid as if no position were left: one that cannot be closed now must not keep
/// the owner's own claim from paying until a ruling has taken it, and the fund or the pool pays instead (F11, step 1).
#[inline(never)]
pub fn pay_uncarried(desk: &mut Desk, id: &AccountId) -> Result<(), ContractError> {
    let mut account = desk.account(id);
    if account.positions.is_empty() || account.claims.is_empty() || !account.cash.is_negative() {
        return Ok(());
    }
    // Of a market whose price cannot be used the profit counts too, or a hedge there would spend what a ruling may cut.
    let (health, _) = evaluate(desk, &account, Purpose::Trading, None)?;
    let owed = health.equity.negative_part().min(account.cash.negative_part());
    pay_from(desk, &mut account, owed, true)?;
    desk.put_account(id, account)
}

/// Which part of the claims pays.
enum Pass {
    Margin,
    Uncontested,
    All,
}

/// Moves up to `amount` from the account's settled claims into its cash: of all of them the halves that are margin first, then the others, and last
/// what a ruling may cut. That pays only when no position is left: an open profit that carries a loss pays it itself when it is closed, or
/// a hedge in two other markets would turn contested profit into one that nobody contests. Bounded by its slots.
pub fn pay_from_claims(desk: &mut Desk, account: &mut Account, amount: Amount) -> Result<Amount, ContractError> {
    let contested_too = account.positions.is_empty();
    pay_from(desk, account, amount, contested_too)
}

/// [`pay_from_claims`], whatever positions are left.
#[inline(never)]
fn pay_from(
    desk: &mut Desk,
    account: &mut Account,
    amount: Amount,
    contested_too: bool,
) -> Result<Amount, ContractError> {
    let mut paid = Amount::ZERO;
    if account.claims.is_empty() || amount.is_zero() {
        return Ok(paid);
    }
    let now = desk.now;
    let passes: &[Pass] = match contested_too {
        true => &[Pass::Margin, Pass::Uncontested, Pass::All],
        false => &[Pass::Margin, Pass::Uncontested],
    };
    for pass in passes {
        for held in &mut account.claims {
            let market = desk.market_mut(held.market)?;
            let (half_life, vesting) = (market.config.vesting_half_life_seconds, &mut market.state.vesting);
            let mut wanted = amount.minus(paid)?;
            match pass {
                Pass::Margin => wanted = wanted.min(vesting.margin_of(&held.claim, now, half_life)?),
                Pass::Uncontested if vesting.is_contested(now) => continue,
                Pass::Uncontested | Pass::All => {}
            }
            paid = paid.plus(vesting.pay_own(&mut held.claim, wanted, now, half_life)?)?;
            market.mark_changed();
        }
    }
    account.claims.retain(|held| !held.claim.owed.is_zero());
    account.cash = account.cash.plus_amount(paid)?;
    release(desk, paid)?;
    Ok(paid)
}
