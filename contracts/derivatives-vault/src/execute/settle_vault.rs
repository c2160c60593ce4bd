//! The settlement of the whole vault: every market gets its price, pass 1 fixes every claim, pass 2 pays one fraction of all claims of
//! a class (F18, R-55).
//!
//! Nobody is paid anything before pass 1 ends: a share paid early could be more than the fraction turns out to be. Pass 2 pays
//! whom the message names and not the next in a row, so an owner whose address refuses coins holds up nobody.

use crate::check::{balance, Done, Owed};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::execute::claims::forget_claims;
use crate::execute::configure::ensure_owner;
use crate::execute::liquidate::book_deficit;
use crate::execute::settle_market::{give_back, schedule};
use crate::gate::phase_refuses;
use crate::reply;
use crate::settlement::settle_positions;
use crate::state::{ACCOUNTS, CONFIG, MARKETS, ORDERS, PARKED, PROVIDERS, SETTLED_PROFITS, SETTLEMENT};
use crate::validate::within;
use crate::vesting::release;
use crate::waterfall::{Deficit, Lost};
use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use firebreak_messages::derivatives_vault::{
    AccountSettled, SettlementFixed, SettlementPaid, VaultPhase, VaultSettlement, SETTLEMENT_BATCH_MAX,
};
use firebreak_messages::{time, AccountId, Action};
use firebreak_risk::{payable, share_of_class, Amount, Payable, PoolShares, Ratio, Rounding};

/// Announces the settlement of every market that is not being settled yet, and stops payments of equity: who leaves first must
/// not be paid with what belongs to those who come later. Bounded by `MARKETS_MAX`.
#[inline(never)]
pub fn schedule_vault(deps: DepsMut, env: &Env, info: MessageInfo, at: u64) -> Result<Response, ContractError> {
    let mut config = CONFIG.load(deps.storage)?;
    ensure_owner(&config, &info)?;
    let now = time::now(env);
    let mut response = Response::new();
    for market in &config.markets {
        match schedule(deps.storage, *market, at, now) {
            Ok(event) => response = response.add_event(event),
            // It has a time of its own, or its price already.
            Err(ContractError::SettlementScheduled { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    config.phase = VaultPhase::Settling;
    CONFIG.save(deps.storage, &config)?;
    SETTLEMENT.save(deps.storage, &VaultSettlement { since: now, ..VaultSettlement::default() })?;
    Ok(response)
}

/// Pass 1: fixes the claims of the next accounts, by id. The sender gets a tenth of an execution fee from each, so that farming it with
/// accounts of one's own pays nothing.
///
/// Errors: [`ContractError::MarketNotSettled`] while a market has no price, a limit out of bounds, another phase.
#[inline(never)]
pub fn settle_accounts(
    mut deps: DepsMut,
    env: &Env,
    mut desk: Desk,
    info: MessageInfo,
    limit: u32,
) -> Result<Done, ContractError> {
    within("limit", u64::from(limit), 1, u64::from(SETTLEMENT_BATCH_MAX))?;
    match desk.config.phase {
        VaultPhase::Settling => ensure_all_settled(&deps, &desk)?,
        VaultPhase::Fixing => {}
        VaultPhase::Open | VaultPhase::Paying => return Err(phase_refuses(deps.as_ref(), &desk, Action::Settle)),
    }
    // From here on positions close by this pass alone: an owner's touch must not make principal of profit.
    desk.config.phase = VaultPhase::Fixing;
    let mut record = SETTLEMENT.load(deps.storage)?;
    let start = record.cursor.take().map(|id| (id.owner, id.subaccount));
    let page = ACCOUNTS.page(deps.storage, start.clone(), limit as usize)?;
    record.cursor = start.map(|(owner, subaccount)| AccountId { owner, subaccount });
    if page.is_empty() {
        let held = balance(&deps, env, &desk.config.denom)?;
        fix_classes(&mut desk, &mut record, held)?;
    }
    let mut rewards = Amount::ZERO;
    let mut deficits: Vec<Deficit> = vec![];
    // Bounded by SETTLEMENT_BATCH_MAX.
    for ((owner, subaccount), _) in page {
        let id = AccountId { owner, subaccount };
        rewards = rewards.plus(fix_claim(deps.branch(), &mut desk, &id, &mut record, &mut deficits)?)?;
        // Account by account: the equality's tolerance is for one account's positions.
        desk.close_step()?;
        record.accounts = record.accounts.saturating_add(1);
        record.cursor = Some(id);
    }
    SETTLEMENT.save(deps.storage, &record)?;
    CONFIG.save(deps.storage, &desk.config)?;
    let mut done = Done::new(desk).paying(info.sender.as_str(), rewards)?;
    if let Some(cover) = reply::cover(&done.desk.config, &deficits)? {
        done.messages.push(cover);
    }
    Ok(done)
}

/// Bounded by `MARKETS_MAX`.
fn ensure_all_settled(deps: &DepsMut, desk: &Desk) -> Result<(), ContractError> {
    for market in &desk.config.markets {
        if let Some(settlement) = MARKETS.load(deps.storage, market.0)?.settlement {
            if settlement.price.is_none() {
                return Err(ContractError::MarketNotSettled { market: *market, at: settlement.at });
            }
        }
    }
    Ok(())
}

/// Gives an account's orders back, closes its positions and counts what it then claims. What its cash was before is principal,
/// what had not vested and what the settlement added is profit. Below zero it is a deficit: the fund is asked, the rest is the pool's and, where that has
/// not enough, every claim's. Returns the sender's part.
fn fix_claim(
    deps: DepsMut,
    desk: &mut Desk,
    id: &AccountId,
    record: &mut VaultSettlement,
    deficits: &mut Vec<Deficit>,
) -> Result<Amount, ContractError> {
    desk.load_account(deps.as_ref(), id)?;
    // Bounded by ORDERS_PER_ACCOUNT_MAX.
    for order_id in desk.account(id).orders {
        let order = ORDERS.load(deps.storage, order_id.key())?;
        give_back(deps.storage, desk, order_id, &order)?;
    }
    let account = desk.account(id);
    let (before, lost_in) = (account.cash, account.lost_in);
    let settled = settle_positions(desk, id, true)?;
    let earlier = lost_in.map(|market| (market, before));
    let lost: Vec<Lost> = settled.into_iter().chain(earlier).map(Lost::settled).collect();
    collect_claims(desk, id)?;
    let mut account = desk.account(id);
    let mut principal = account.cash.min(before).positive_part();
    let profit = account.cash.positive_part().minus(principal)?;
    let tenth = desk.config.parameters.execution_fee.times(Ratio::percent(10), Rounding::Floor)?;
    let reward = tenth.min(principal);
    principal = principal.minus(reward)?;
    account.cash = account.cash.minus_amount(reward)?;
    desk.put_account(id, account)?;
    if let Some(seized) = book_deficit(deps.storage, desk, id, &lost, deficits)? {
        seized.store(deps.storage)?;
    }
    record.principal = record.principal.plus(principal)?;
    record.profit = record.profit.plus(profit)?;
    if !profit.is_zero() {
        SETTLED_PROFITS.save(deps.storage, (id.owner.clone(), id.subaccount), &profit)?;
    }
    desk.events.push(AccountSettled { account: id.clone(), principal, profit }.into());
    Ok(reward)
}

/// What has not vested is profit, in cash from now on. Bounded by the account's slots.
fn collect_claims(desk: &mut Desk, id: &AccountId) -> Result<(), ContractError> {
    let (mut account, now) = (desk.account(id), desk.now);
    for mut held in std::mem::take(&mut account.claims) {
        let market = desk.market_mut(held.market)?;
        let (owed, half_life) = (held.claim.owed, market.config.vesting_half_life_seconds);
        let unvested = market.state.vesting.pay_own(&mut held.claim, owed, now, half_life)?;
        market.mark_changed();
        account.cash = account.cash.plus_amount(unvested)?;
        release(desk, unvested)?;
    }
    desk.put_account(id, account)
}

/// No account is left: fixes what each class is paid together. In a message of its own, behind the fund's last answer.
///
/// Of coins that a fault took the books know nothing: what is not `held` is the pool's loss first, as every loss is, and cuts the classes in their
/// order. Else the first would be paid in full and the last nothing.
fn fix_classes(desk: &mut Desk, record: &mut VaultSettlement, held: Amount) -> Result<(), ContractError> {
    // What was parked had left accounts and pool already: it is principal, and its sum is known without a pass.
    record.principal = record.principal.plus(desk.pool.parked)?;
    // All claims are collected: what is still reserved for them is what their haircuts were rounded up by.
    let dust = std::mem::take(&mut desk.pool.unvested);
    desk.pool_receives(dust)?;
    let missing = desk.pool.owed()?.saturating_minus(held);
    desk.pool_pays(missing)?;
    desk.pool.shortfall = Amount::ZERO;
    let classes = payable(record.principal, record.profit, desk.pool.insurance_fees, desk.pool.cash);
    record.principal_payable = classes.principal;
    record.profit_payable = classes.profit;
    record.liquidity_payable = classes.liquidity;
    record.fees_payable = classes.fees;
    record.shares = desk.pool.shares;
    // Fees are swept as ever, less their part of the shortage.
    let cut = desk.pool.insurance_fees.minus(classes.fees)?;
    desk.pool.insurance_fees = classes.fees;
    desk.pool_receives(cut)?;
    desk.config.phase = VaultPhase::Paying;
    let Payable { principal, profit, liquidity, fees } = classes;
    desk.events.push(SettlementFixed { principal, profit, liquidity, fees }.into());
    Ok(())
}

/// Pass 2: pays the accounts' owners, and nobody else, what their claims are worth at the fractions that pass 1 left.
///
/// Errors: no or too many accounts, another phase.
#[inline(never)]
pub fn pay_settlement(deps: DepsMut, mut desk: Desk, accounts: Vec<AccountId>) -> Result<Done, ContractError> {
    if desk.config.phase != VaultPhase::Paying {
        return Err(phase_refuses(deps.as_ref(), &desk, Action::Settle));
    }
    within("accounts", accounts.len() as u64, 1, u64::from(SETTLEMENT_BATCH_MAX))?;
    let mut record = SETTLEMENT.load(deps.storage)?;
    let mut payments: Vec<(String, Amount)> = vec![];
    for id in accounts {
        let key = (id.owner.clone(), id.subaccount);
        desk.load_account_record(deps.as_ref(), &id)?;
        let mut account = desk.account(&id);
        let cash = account.cash.positive_part();
        let profit = SETTLED_PROFITS.may_load(deps.storage, key.clone())?.unwrap_or_default();
        let provider = PROVIDERS.may_load(deps.storage, id.owner.clone())?.unwrap_or_default();
        let parked = PARKED.may_load(deps.storage, key.clone())?.unwrap_or_default().amount;
        let parked = parked.plus(provider.parked.amount)?;
        let principal = cash.minus(profit)?.plus(parked)?;
        let claim = cash.plus(parked)?;
        let of_profit = share_of_class(profit, record.profit_payable, record.profit)?;
        let of_claim = share_of_class(principal, record.principal_payable, record.principal)?.plus(of_profit)?;
        account.cash = account.cash.minus_amount(cash)?;
        desk.put_account(&id, account)?;
        desk.pool.parked = desk.pool.parked.minus(parked)?;
        SETTLED_PROFITS.remove(deps.storage, key.clone());
        PARKED.remove(deps.storage, key);
        PROVIDERS.remove(deps.storage, id.owner.clone());
        // What the shortage keeps: the pool's cash, which is below zero by all of it, comes back to zero with the last claim.
        desk.pool_receives(claim.minus(of_claim)?)?;

        let leaving = provider.requests.iter().try_fold(PoolShares::ZERO, |sum, request| sum.plus(request.shares))?;
        let shares = provider.shares.plus(leaving)?;
        let of_shares = |shares: PoolShares| Amount::from_atoms(shares.atoms());
        let liquidity = share_of_class(of_shares(shares), record.liquidity_payable, of_shares(record.shares))?;
        desk.pool.shares = desk.pool.shares.minus(shares)?;
        desk.pool.shares_leaving = desk.pool.shares_leaving.minus(leaving)?;
        desk.pool_pays(liquidity)?;
        let fees = forget_claims(deps.storage, &mut desk, &provider)?;

        let amount = of_claim.plus(liquidity)?;
        record.paid = record.paid.plus(amount)?;
        if !claim.is_zero() || !shares.is_zero() {
            payments.push((id.owner.clone(), amount.plus(fees)?));
            desk.events.push(SettlementPaid { account: id, claim, liquidity, amount }.into());
        }
    }
    SETTLEMENT.save(deps.storage, &record)?;
    let mut done = Done::new(desk);
    for (owner, amount) in payments {
        done = done.paying(&owner, amount)?;
    }
    Ok(done)
}
