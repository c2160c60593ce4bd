//! The outflow limiter (F14) between the records and `firebreak-risk`: what leaves now, what is parked. Read and written by
//! deposits, withdrawals, exits and a deficit's seizure of a parked one; a trade never touches it.

use crate::check::Owed;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::state::{OUTFLOW, OWNERS, PARKED, PROVIDERS};
use cosmwasm_std::Storage;
use firebreak_messages::derivatives_vault::{Account, ParkedId, ParkedSeized, WithdrawalParked};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, ExitClass, Moment, Outflow, OutflowFactors, Parked};

pub fn limiter(storage: &dyn Storage) -> Result<Outflow, ContractError> {
    Ok(OUTFLOW.may_load(storage)?.unwrap_or_default())
}

/// Now, and what is owed to everybody until now: coins that somebody sent without a message are none of it.
pub fn moment(desk: &Desk) -> Result<Moment, ContractError> {
    Ok(Moment { now: desk.now, value: desk.pool.owed()? })
}

/// Coins have come in, and the desk has booked them.
pub fn entered(
    storage: &mut dyn Storage,
    desk: &Desk,
    class: ExitClass,
    owner: String,
    amount: Amount,
) -> Result<(), ContractError> {
    let mut limiter = limiter(storage)?;
    let mut flow = OWNERS.may_load(storage, owner.clone())?.unwrap_or_default();
    let mut at = moment(desk)?;
    at.value = at.value.saturating_minus(amount);
    limiter.deposit(class, &mut flow, amount, at, &desk.config.parameters.outflow)?;
    OUTFLOW.save(storage, &limiter)?;
    Ok(OWNERS.save(storage, owner, &flow)?)
}

/// The least outflow factor of everything that an account depends on: what binds all markets, and those of its positions and of its
/// unvested profits. Its markets are loaded.
pub fn factors_of_account(desk: &Desk, account: &Account) -> Result<OutflowFactors, ContractError> {
    let queue = desk.effective_of_all().posture.outflow_factor;
    let mut own = queue;
    // Bounded by MARKETS_PER_ACCOUNT_MAX.
    for market in markets_of(account) {
        own = own.min(desk.market(market)?.effective.posture.outflow_factor);
    }
    Ok(OutflowFactors { queue, own })
}

/// Markets that an account has a position or an unvested profit in. Some twice.
pub fn markets_of(account: &Account) -> impl Iterator<Item = MarketId> + '_ {
    let claims = account.claims.iter().map(|held| held.market);
    account.positions.iter().map(|position| position.market).chain(claims)
}

/// The least outflow factor of all open markets: the pool is the counterparty in each. They are loaded.
pub fn factors_of_pool(desk: &Desk) -> Result<OutflowFactors, ContractError> {
    let mut least = desk.effective_of_all().posture.outflow_factor;
    // Bounded by MARKETS_MAX.
    for id in &desk.config.markets {
        let market = desk.market(*id)?;
        if market.is_exposed()? {
            least = least.min(market.effective.posture.outflow_factor);
        }
    }
    Ok(OutflowFactors { queue: least, own: least })
}

/// Splits an exit that the caller has found to be its owner's due: returns what is paid now, books and stores the rest as parked.
/// Called before the caller takes the amount out of account or pool.
pub fn leave(
    storage: &mut dyn Storage,
    desk: &mut Desk,
    class: ExitClass,
    id: &AccountId,
    amount: Amount,
    factors: OutflowFactors,
) -> Result<Amount, ContractError> {
    let mut limiter = limiter(storage)?;
    let mut flow = OWNERS.may_load(storage, id.owner.clone())?.unwrap_or_default();
    let exit = limiter.leave(class, &mut flow, amount, factors, moment(desk)?, &desk.config.parameters.outflow)?;
    OWNERS.save(storage, id.owner.clone(), &flow)?;
    if !exit.parked.is_zero() {
        let parked_id = ParkedId { account: id.clone(), liquidity: class == ExitClass::Providers };
        let (_, mut parked) = load(storage, &parked_id)?;
        limiter.park(class, &mut parked, exit.parked, desk.now)?;
        save(storage, &parked_id, &parked)?;
        desk.pool.parked = desk.pool.parked.plus(exit.parked)?;
        let ParkedId { account, liquidity } = parked_id;
        desk.events.push(WithdrawalParked { account, liquidity, amount: exit.parked }.into());
    }
    OUTFLOW.save(storage, &limiter)?;
    Ok(exit.paid)
}

pub fn load(storage: &dyn Storage, id: &ParkedId) -> Result<(ExitClass, Parked), ContractError> {
    let owner = id.account.owner.clone();
    Ok(if id.liquidity {
        (ExitClass::Providers, PROVIDERS.may_load(storage, owner)?.unwrap_or_default().parked)
    } else {
        (ExitClass::Traders, PARKED.may_load(storage, (owner, id.account.subaccount))?.unwrap_or_default())
    })
}

pub fn save(storage: &mut dyn Storage, id: &ParkedId, parked: &Parked) -> Result<(), ContractError> {
    let owner = id.account.owner.clone();
    if id.liquidity {
        let mut provider = PROVIDERS.may_load(storage, owner.clone())?.unwrap_or_default();
        provider.parked = parked.clone();
        return Ok(PROVIDERS.save(storage, owner, &provider)?);
    }
    let key = (owner, id.account.subaccount);
    if parked.amount.is_zero() {
        PARKED.remove(storage, key);
        return Ok(());
    }
    Ok(PARKED.save(storage, key, parked)?)
}

/// What a deficit took of its owner's parked exit. Stored by whoever knows that all of the account's liquidation stands.
#[must_use]
pub struct Seizure {
    pub amount: Amount,
    id: ParkedId,
    parked: Parked,
    limiter: Outflow,
}

impl Seizure {
    pub fn store(self, storage: &mut dyn Storage) -> Result<(), ContractError> {
        save(storage, &self.id, &self.parked)?;
        Ok(OUTFLOW.save(storage, &self.limiter)?)
    }
}

/// F11's first step: what an account has parked pays its own deficit, at most `wanted`. It returns to the account's cash, of which
/// the caller has taken no copy. Reads the limiter only when something is parked, and writes nothing.
pub fn seize(
    storage: &dyn Storage,
    desk: &mut Desk,
    id: &AccountId,
    wanted: Amount,
) -> Result<Option<Seizure>, ContractError> {
    let parked_id = ParkedId { account: id.clone(), liquidity: false };
    let (class, mut parked) = load(storage, &parked_id)?;
    if parked.amount.is_zero() || wanted.is_zero() {
        return Ok(None);
    }
    let mut limiter = limiter(storage)?;
    let taken = limiter.seize(class, &mut parked, wanted)?;
    desk.pool.parked = desk.pool.parked.minus(taken)?;
    let mut account = desk.account(id);
    account.cash = account.cash.plus_amount(taken)?;
    desk.put_account(id, account)?;
    desk.events.push(ParkedSeized { account: parked_id.account.clone(), amount: taken }.into());
    Ok(Some(Seizure { amount: taken, id: parked_id, parked, limiter }))
}
