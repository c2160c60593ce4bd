//! What must hold after every step (architecture section 10), each as a named function that returns a typed violation.
//!
//! | number | invariant | function | cost |
//! |---|---|---|---|
//! | 1 | coins in the suite = coins in - coins out | [`coins_are_conserved`] | constant |
//! | 1 | each contract's coins cover what it owes | [`vault_covers_what_it_owes`], [`fund_covers_what_it_owes`] | constant |
//! | 2 | accounts add up to open interest, cash, receivable, escrow, shares | [`accounts_add_up`] | every account |
//! | 3 | only time or the timelock permits more | `restrictions_only_tighten` | restrictions |
//! | 5 | a posture makes no account liquidatable | [`postures_liquidate_nobody`] | every account, when a posture changed |
//! | 6 | the payers of a loss add up to it | [`losses_add_up`] | constant |
//! | 7 | tighten-only messages change nothing else | `tightening_changes_nothing_else` | constant, parameters when sampled |
//!
//! The records are read from storage and added up here, not asked of the contracts that keep the sums.

use crate::code::Code;
use crate::meter::Usage;
use crate::world::World;
use cosmwasm_std::Storage;
use firebreak_derivatives_vault::state as vault;
use firebreak_messages::circuit_breaker::{layout as breaker, EffectivePosture, PostureRecord, Scope};
use firebreak_messages::derivatives_vault::{LossBooked, LossLedger, QueryMsg as VaultQuery};
use firebreak_messages::{guardian, insurance_fund, oracle};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, PositionStake, Price, Side};
use std::collections::BTreeMap;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Error)]
pub enum Violation {
    #[error("invariant 1: the suite holds {held}, {expected} went in and not out again")]
    CoinsNotConserved { held: u128, expected: i128 },
    #[error("invariant 1: the vault holds {held} and owes {owed}")]
    VaultInsolvent { held: u128, owed: i128 },
    #[error("invariant 1: the insurance fund holds {held} and owes {owed}")]
    FundInsolvent { held: u128, owed: u128 },
    #[error("invariant 2: {what} is {stored} in the record and {summed} over all {over}")]
    SumMismatch { what: String, stored: i128, summed: i128, over: &'static str },
    #[error("invariant 3: the restrictions of {scope} permit more at {at} than before the step")]
    Loosened { scope: Scope, at: u64 },
    #[error("invariant 5: account {account} is liquidatable because of a posture")]
    LiquidatableByPosture { account: AccountId },
    #[error("invariant 6: losses of {deficit} are paid by {paid}")]
    LossesDoNotAddUp { deficit: u128, paid: u128 },
    #[error("invariant 6: the ledger grew by {ledger}, the step's events book {events}")]
    LossesNotReported { ledger: i128, events: u128 },
    #[error("invariant 7: a tighten-only message changed {what}")]
    TighteningChanged { what: String },
}

/// `Scope` in an order; `None` is all markets.
pub(crate) type Scoped = Option<u16>;

fn scope_of(scoped: Scoped) -> Scope {
    scoped.map_or(Scope::All, |market| Scope::Market(MarketId(market)))
}

/// Invariant 1: what the suite holds is what came in and did not leave.
pub fn coins_are_conserved(world: &World, coins_in: u128, coins_out: u128) -> Result<(), Violation> {
    let held = world.addresses.suite().iter().map(|contract| world.balance_of(contract).atoms()).sum();
    let expected = coins_in as i128 - coins_out as i128;
    if held as i128 == expected {
        return Ok(());
    }
    Err(Violation::CoinsNotConserved { held, expected })
}

/// Invariant 1: the vault's coins cover what traders may take out, escrowed fees, fees of the fund, and the pool if it is worth
/// anything.
///
/// Stricter than the contract's own check, which nets a pool below zero against what traders own: such a pool has spent other
/// traders' collateral, and the last of them finds nothing.
pub fn vault_covers_what_it_owes(world: &World) -> Result<(), Violation> {
    let pool = world.pool_record();
    let held = world.balance_of(&world.addresses.derivatives_vault).atoms();
    let receivable = pool.receivable.atoms() as i128;
    let to_traders = pool.traders_cash.atoms() + receivable;
    let to_pool = (pool.cash.atoms() - receivable).max(0);
    let held_back = pool.escrow.atoms() + pool.insurance_fees.atoms() + pool.parked.atoms() + pool.unvested.atoms();
    let owed = to_traders + to_pool + held_back as i128;
    if held as i128 >= owed {
        return Ok(());
    }
    Err(Violation::VaultInsolvent { held, owed })
}

/// Invariant 1: the fund holds its first-loss tranche and what stakers own.
pub fn fund_covers_what_it_owes(world: &World) -> Result<(), Violation> {
    if world.is_broken(Code::Insurance) {
        return Ok(());
    }
    let fund = world.insurance();
    let held = world.balance_of(&world.addresses.insurance_fund).atoms();
    let owed = fund.first_loss.atoms() + fund.staked.atoms();
    if held >= owed {
        return Ok(());
    }
    Err(Violation::FundInsolvent { held, owed })
}

/// Invariant 2: the vault's totals are the sums over its accounts, orders and providers, exactly.
pub fn accounts_add_up(world: &World) -> Result<(), Violation> {
    let accounts = world.account_records();
    let pool = world.pool_record();
    let equal = |what: String, stored: i128, summed: i128, over: &'static str| {
        if stored == summed {
            Ok(())
        } else {
            Err(Violation::SumMismatch { what, stored, summed, over })
        }
    };
    let cash = accounts.iter().map(|(_, account)| account.cash.atoms()).sum();
    equal("traders' cash".into(), pool.traders_cash.atoms(), cash, "accounts")?;
    let receivable: u128 = accounts.iter().map(|(_, account)| account.cash.negative_part().atoms()).sum();
    equal("receivable".into(), pool.receivable.atoms() as i128, receivable as i128, "accounts")?;

    for market in world.markets() {
        let state = world.market_record(market);
        for (name, side, is_long) in [("long", &state.long, true), ("short", &state.short, false)] {
            let stakes: Vec<_> = accounts
                .iter()
                .flat_map(|(_, account)| &account.positions)
                .filter(|position| position.market == market)
                .map(|position| &position.stake)
                // A stake of an older epoch is owed a fixed amount and is no part of the sums.
                .filter(|stake| stake.epoch == side.epoch && (stake.nominal.atoms() > 0) == is_long)
                .collect();
            let nominal = stakes.iter().map(|stake| stake.nominal.atoms()).sum();
            let basis = stakes.iter().map(|stake| stake.basis.atoms()).sum();
            equal(format!("{name} open interest of market {market}"), side.nominal.atoms(), nominal, "positions")?;
            equal(format!("{name} basis of market {market}"), side.basis.atoms(), basis, "positions")?;
            positions_are_worth_their_side(market, side, &stakes, state.mark_price)?;
        }
    }

    let storage = world.storage(Code::Vault);
    let orders = page(vault::ORDERS.page(&*storage, None, usize::MAX));
    let claims = page(vault::CLAIMS.page(&*storage, None, usize::MAX));
    let escrow: u128 = orders.iter().map(|(_, order)| order.execution_fee.atoms()).sum::<u128>()
        + claims.iter().map(|(_, claim)| claim.execution_fee.atoms()).sum::<u128>();
    equal("escrow".into(), pool.escrow.atoms() as i128, escrow as i128, "orders and claims")?;
    let claimed: u128 = claims.iter().map(|(_, claim)| claim.shares.atoms()).sum();
    let stored = page(vault::CLAIMED.may_load(&*storage)).unwrap_or_default();
    equal("claimed shares".into(), stored.atoms() as i128, claimed as i128, "claims")?;

    let providers = page(vault::PROVIDERS.page(&*storage, None, usize::MAX));
    let parked = page(vault::PARKED.page(&*storage, None, usize::MAX));
    let parked = parked.iter().map(|(_, parked)| parked.amount.atoms()).sum::<u128>()
        + providers.iter().map(|(_, provider)| provider.parked.amount.atoms()).sum::<u128>();
    equal("parked exits".into(), pool.parked.atoms() as i128, parked as i128, "exits")?;
    let shares: u128 = providers
        .iter()
        .map(|(_, provider)| {
            provider.shares.atoms() + provider.requests.iter().map(|request| request.shares.atoms()).sum::<u128>()
        })
        .sum();
    equal("pool shares".into(), pool.shares.atoms() as i128, shares as i128, "providers")
}

/// Invariant 2, R-46: what the positions of a side are worth at a price is what the side's own sums say, each position rounded down
/// by less than a unit and the side up.
fn positions_are_worth_their_side(
    market: MarketId,
    side: &Side,
    stakes: &[&PositionStake],
    price: Price,
) -> Result<(), Violation> {
    let stored = page(side.value(price)).atoms();
    let summed: i128 = stakes.iter().map(|stake| page(side.value_of(stake, price)).atoms()).sum();
    if (0..=stakes.len() as i128 + 1).contains(&(stored - summed)) {
        return Ok(());
    }
    Err(Violation::SumMismatch {
        what: format!("value of a side of market {market}"),
        stored,
        summed,
        over: "positions",
    })
}

/// Invariant 3: at every time from now on, what a scope's restrictions permit is at most what they permitted before.
pub(crate) fn restrictions_only_tighten(
    old: &BTreeMap<Scoped, PostureRecord>,
    new: &BTreeMap<Scoped, PostureRecord>,
    lifted: &[Scope],
    now: u64,
) -> Result<(), Violation> {
    for (scoped, old) in old {
        let scope = scope_of(*scoped);
        let empty = PostureRecord::default();
        let new = new.get(scoped).unwrap_or(&empty);
        if lifted.contains(&scope) || old.restrictions == new.restrictions {
            continue;
        }
        // Postures are constant between the ends of phases.
        let ends = [old, new]
            .into_iter()
            .flat_map(|record| &record.restrictions)
            .flat_map(|restriction| &restriction.phases)
            .map(|phase| phase.until);
        for at in ends.filter(|end| *end > now).chain([now]) {
            let was = old.effective(EffectivePosture::NORMAL, at).posture;
            let is = new.effective(EffectivePosture::NORMAL, at).posture;
            if !is.is_at_least_as_tight_as(was) {
                return Err(Violation::Loosened { scope, at });
            }
        }
    }
    Ok(())
}

/// Invariant 5: whoever may be liquidated under today's postures may be under none at all.
///
/// The vault itself is asked twice about each account, the second time with every restriction taken out of the breaker's
/// storage; then they are put back.
pub fn postures_liquidate_nobody(world: &mut World) -> Result<(), Violation> {
    let suspects: Vec<AccountId> =
        world.account_records().into_iter().map(|(id, _)| id).filter(|id| is_liquidatable(world, id)).collect();
    if suspects.is_empty() {
        return Ok(());
    }
    let saved = postures(world);
    let free = |record: &PostureRecord| PostureRecord { restrictions: vec![], ..record.clone() };
    put_postures(world, &saved.iter().map(|(scoped, record)| (*scoped, free(record))).collect());
    let found = suspects.into_iter().find(|id| !is_liquidatable(world, id));
    put_postures(world, &saved);
    match found {
        Some(account) => Err(Violation::LiquidatableByPosture { account }),
        None => Ok(()),
    }
}

fn is_liquidatable(world: &World, account: &AccountId) -> bool {
    let query = VaultQuery::Account { account: account.clone() };
    // An account that cannot be valued cannot be liquidated either.
    world
        .try_query::<firebreak_messages::derivatives_vault::AccountResponse>(Code::Vault, &query)
        .is_ok_and(|account| account.liquidatable)
}

/// Invariant 6: the ledger's payers add up to its deficit, and its growth is what the step's events say.
pub fn losses_add_up(old: &LossLedger, new: &LossLedger, booked: &[LossBooked]) -> Result<(), Violation> {
    let paid =
        [new.own, new.insurance, new.pool, new.unvested_profit, new.deleveraging, new.residual].map(Amount::atoms);
    let paid = paid.iter().sum();
    if paid != new.deficit.atoms() {
        return Err(Violation::LossesDoNotAddUp { deficit: new.deficit.atoms(), paid });
    }
    let lost = new.uncollected.atoms() + new.paid_out.atoms();
    if lost != new.deficit.atoms() {
        return Err(Violation::LossesDoNotAddUp { deficit: new.deficit.atoms(), paid: lost });
    }
    let ledger = new.deficit.atoms() as i128 - old.deficit.atoms() as i128;
    let events: u128 = booked.iter().map(|fact| fact.amount.atoms()).sum();
    if ledger != events as i128 {
        return Err(Violation::LossesNotReported { ledger, events });
    }
    Ok(())
}

/// Invariant 7: no vault or fund record is written and no coin moves; when sampled, no owner, admin, code, role or parameter
/// anywhere changes.
pub(crate) fn tightening_changes_nothing_else(
    world: &World,
    usage: &Usage,
    before: Option<&Parameters>,
) -> Result<(), Violation> {
    for code in [Code::Vault, Code::Insurance] {
        if !usage.of(code).is_unchanged() {
            return Err(Violation::TighteningChanged { what: format!("records of the {}", code.name()) });
        }
    }
    if usage.bank_moves > 0 {
        return Err(Violation::TighteningChanged { what: "balances".into() });
    }
    let Some(before) = before else { return Ok(()) };
    let after = Parameters::of(world);
    for (old, new) in before.0.iter().zip(&after.0) {
        if old != new {
            return Err(Violation::TighteningChanged { what: format!("{} to {}", old, new) });
        }
    }
    Ok(())
}

/// Owners, admins, codes, roles and parameters, as texts to compare.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameters(Vec<String>);

impl Parameters {
    pub fn of(world: &World) -> Self {
        let mut texts = vec![];
        for code in [Code::Oracle, Code::Breaker, Code::Insurance, Code::Guardian, Code::Vault] {
            let info = world.app.contract_data(world.addresses.of(code));
            let info = info.map(|data| format!("{} {:?} {:?}", data.code_id, data.admin, data.creator));
            texts.push(format!("{}: {info:?}", code.name()));
        }
        let mut ask = |code: Code, query: cosmwasm_std::StdResult<cosmwasm_std::Binary>| {
            // A broken contract answers nothing before and after.
            let answer = query.ok().and_then(|query| {
                let request =
                    cosmwasm_std::WasmQuery::Smart { contract_addr: world.addresses.of(code).to_string(), msg: query };
                world.app.wrap().query::<serde_json::Value>(&request.into()).ok()
            });
            texts.push(format!("{}: {answer:?}", code.name()));
        };
        use cosmwasm_std::to_json_binary as json;
        use firebreak_messages::circuit_breaker::QueryMsg as BreakerQuery;
        ask(Code::Oracle, json(&oracle::QueryMsg::Config {}));
        ask(Code::Oracle, json(&oracle::QueryMsg::Feeds { start_after: None, limit: None }));
        ask(Code::Breaker, json(&BreakerQuery::Config {}));
        ask(Code::Breaker, json(&BreakerQuery::Markets { start_after: None, limit: None }));
        ask(Code::Insurance, json(&insurance_fund::QueryMsg::Config {}));
        ask(Code::Vault, json(&VaultQuery::Config {}));
        ask(Code::Guardian, json(&guardian::QueryMsg::Roles {}));
        ask(Code::Guardian, json(&guardian::QueryMsg::Suite {}));
        Self(texts)
    }
}

pub(crate) fn postures(world: &World) -> BTreeMap<Scoped, PostureRecord> {
    let mut postures = BTreeMap::new();
    if let Some(all) = world.posture_of_all() {
        postures.insert(None, all);
    }
    for market in world.markets() {
        if let Some(record) = world.posture_record(market) {
            postures.insert(Some(market.0), record);
        }
    }
    postures
}

fn put_postures(world: &mut World, postures: &BTreeMap<Scoped, PostureRecord>) {
    let mut storage = world.storage_mut(Code::Breaker);
    for (scoped, record) in postures {
        let saved = match scoped {
            None => breaker::POSTURE_OF_ALL.save(&mut *storage as &mut dyn Storage, record),
            Some(market) => breaker::POSTURES.save(&mut *storage as &mut dyn Storage, *market, record),
        };
        saved.unwrap_or_else(|error| panic!("{error}"));
    }
}

pub(crate) fn restrictions(
    postures: &BTreeMap<Scoped, PostureRecord>,
) -> Vec<&[firebreak_messages::circuit_breaker::Restriction]> {
    postures.values().map(|record| record.restrictions.as_slice()).collect()
}

#[track_caller]
fn page<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("a record cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use firebreak_messages::circuit_breaker::Restriction;
    use firebreak_messages::derivatives_vault::Payer;
    use firebreak_messages::Source;
    use firebreak_risk::{Level, Phase, Posture};

    fn one(level: Level, until: u64) -> BTreeMap<Scoped, PostureRecord> {
        let phases = vec![Phase { until, posture: Posture::preset(level) }];
        let restrictions = vec![Restriction { source: Source::Band, since: 0, phases, incident: 0 }];
        BTreeMap::from([(Some(1), PostureRecord { evaluated_round: 1, restrictions, ..PostureRecord::default() })])
    }

    #[test]
    fn a_shorter_or_looser_restriction_is_noticed() {
        let old = one(Level::ReduceOnly, 100);
        let loosened = |new| restrictions_only_tighten(&old, &new, &[], 10);
        assert_eq!(loosened(one(Level::ReduceOnly, 200)), Ok(()));
        let scope = Scope::Market(MarketId(1));
        assert_eq!(loosened(one(Level::Guarded, 200)), Err(Violation::Loosened { scope, at: 10 }));
        assert_eq!(loosened(one(Level::ReduceOnly, 90)), Err(Violation::Loosened { scope, at: 90 }));
        assert_eq!(loosened(BTreeMap::new()), Err(Violation::Loosened { scope, at: 10 }));
        // What has ended may be dropped, and the timelock may lift.
        assert_eq!(restrictions_only_tighten(&old, &BTreeMap::new(), &[], 100), Ok(()));
        assert_eq!(restrictions_only_tighten(&old, &BTreeMap::new(), &[scope], 10), Ok(()));
    }

    #[test]
    fn a_loss_that_nobody_pays_is_noticed() {
        let three = Amount::from_atoms(3);
        let new = LossLedger { deficit: three, pool: three, uncollected: three, ..LossLedger::default() };
        let booked = LossBooked { market: MarketId(1), payer: Payer::Pool, amount: Amount::from_atoms(3) };
        let old = LossLedger::default();
        assert_eq!(losses_add_up(&old, &new, std::slice::from_ref(&booked)), Ok(()));
        assert_eq!(losses_add_up(&old, &new, &[]), Err(Violation::LossesNotReported { ledger: 3, events: 0 }));
        let short = LossLedger { pool: Amount::from_atoms(2), ..new };
        assert_eq!(losses_add_up(&old, &short, &[booked]), Err(Violation::LossesDoNotAddUp { deficit: 3, paid: 2 }));
    }
}
