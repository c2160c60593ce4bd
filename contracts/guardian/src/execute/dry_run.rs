//! The dry run: an operation that configures the vault fails when it would make a sampled account liquidatable at
//! the unchanged prices.
//!
//! The sample is what anyone names before the execution: owners their own accounts, keepers the worst that they know. It is
//! looked at through the vault's own query, before the first call and after the last one, in the frame of the calls: so the
//! parameters' own code judges, and a failure leaves nothing.
//!
//! Left open on purpose: who wants to stop an operation can put an account on the edge and name it. Hence delayed, not
//! refused for good: a `roles` delay after it was ready the operation runs without the check. Until then everybody
//! concerned could add margin or leave, and a canceller could cancel.

use crate::class::Known;
use crate::error::ContractError;
use crate::execute::{ensure_self, timelock};
use crate::present::{answer, text, told};
use crate::state::{later, SUITE, WITNESSES};
use crate::validate::{between, ROLES_DELAY_MIN};
use crate::written::{inside, items};
use cosmwasm_std::{from_json, to_json_binary, Deps, DepsMut, Env, MessageInfo, Response, WasmMsg};
use firebreak_messages::derivatives_vault::QueryMsg as VaultQuery;
use firebreak_messages::guardian::{
    Call, DelayClass, ExecuteMsg, Operation, Witness, WitnessesNamed, DRY_RUN_ROOM_SECONDS, WITNESSES_MAX,
};
use firebreak_messages::time::now;
use firebreak_messages::AccountId;
use firebreak_risk::{Amount, Ratio, SignedAmount};
use serde::Deserialize;

/// What of the vault's answer is needed; the rest is not read.
#[derive(Deserialize)]
struct Health {
    equity: SignedAmount,
    maintenance_margin: Amount,
    liquidatable: bool,
}

impl Health {
    /// Errors: [`ContractError::AccountUnreadable`].
    fn of(deps: Deps, vault: &str, account: &AccountId) -> Result<Self, ContractError> {
        Self::read(&asked(deps, vault, account), account)
    }

    /// Of the vault's [answer](asked). Errors: [`ContractError::AccountUnreadable`].
    fn read(told_of: &str, account: &AccountId) -> Result<Self, ContractError> {
        from_json(told_of).map_err(|_| ContractError::AccountUnreadable { account: account.clone() })
    }

    /// Liquidatable, or would be if its price were valid: an invalid one adds the margin to the equity, and every change would pass
    /// while one lasts.
    fn is_short(&self) -> bool {
        self.liquidatable || self.maintenance_margin.signed().is_ok_and(|margin| self.equity < margin)
    }

    /// What may grow of the margin, as a share of what the account has above its margin. Rounding: down; only the order matters.
    fn strain(&self, weight: u128) -> Ratio {
        let margin = self.maintenance_margin.signed().unwrap_or_default();
        let above = self.equity.minus(margin).unwrap_or_default().positive_part().atoms().max(1);
        Ratio::from_atoms(weight.saturating_mul(1_000_000).checked_div(above).unwrap_or_default())
    }
}

/// What the vault answers about an account; nothing when it answers nothing.
#[inline(never)]
fn asked(deps: Deps, vault: &str, account: &AccountId) -> String {
    let question = to_json_binary(&VaultQuery::Account { account: account.clone() });
    question.map(|question| answer(deps, vault, question)).unwrap_or_default()
}

/// Names accounts. Of those that hold something that the operation is about, and are not liquidatable already, the `WITNESSES_MAX` most strained
/// ones are kept, as they are now: so nobody can keep the worst out with healthy ones, nor with some that were strained when they were named. One that was named before
/// and is liquidatable now, or cannot be read, stays as long as there is room.
///
/// Errors: [`ContractError::UnknownOperation`], [`ContractError::NotScheduled`], [`ContractError::NoWitnessNeeded`],
/// [`ContractError::OutOfBounds`], [`ContractError::AccountUnreadable`].
pub fn witness(deps: DepsMut, env: &Env, operation: u64, accounts: Vec<AccountId>) -> Result<Response, ContractError> {
    let count = u64::try_from(accounts.len()).unwrap_or(u64::MAX);
    between("accounts", count, 1, WITNESSES_MAX as u64)?;
    let record = timelock::load_open(deps.storage, operation)?;
    let known = Known::load(deps.storage, env)?;
    if !record.calls.iter().any(|call| known.configures_vault(call)) {
        return Err(ContractError::NoWitnessNeeded { operation });
    }
    let vault = SUITE.load(deps.storage)?.derivatives_vault;
    let stored = WITNESSES.may_load(deps.storage, operation)?.unwrap_or_default();
    let stored = stored.into_iter().map(|witness| (witness.account, false));
    let mut witnesses: Vec<Witness> = vec![];
    // Bounded by twice WITNESSES_MAX.
    for (account, named) in stored.chain(accounts.into_iter().map(|account| (account, true))) {
        if witnesses.iter().any(|witness| witness.account == account) {
            continue;
        }
        let told_of = asked(deps.as_ref(), &vault, &account);
        match Health::read(&told_of, &account) {
            Err(error) if named => return Err(error),
            Ok(health) if !health.is_short() => {
                let weight = weight(deps.as_ref(), &known, &record, &told_of);
                if let (None, true) = (weight, named) {
                    continue;
                }
                witnesses.push(Witness { account, strain: health.strain(weight.unwrap_or_default()) });
            }
            Ok(_) if named => {}
            // One of before that says nothing at this moment may do so when the operation runs: it gives way to all others.
            Ok(_) | Err(_) => witnesses.push(Witness { account, strain: Ratio::ZERO }),
        }
    }
    witnesses.sort_by_key(|witness| std::cmp::Reverse(witness.strain));
    witnesses.truncate(WITNESSES_MAX);
    WITNESSES.save(deps.storage, operation, &witnesses)?;
    Ok(Response::new().add_event(WitnessesNamed { operation, kept: witnesses.len() as u64 }))
}

/// Of what an account holds in the markets that an operation configures the maintenance margin above each market's least: what a change may make
/// grow. `None`: it holds nothing there; others are harmed by nothing, and must not take the places of those who are. Dust has no weight
/// and gives way to all others, or a crowd of it would. By the vault's text `told_of` the account, as a market's is read; of a call about no market all positions count.
#[inline(never)]
fn weight(deps: Deps, known: &Known, record: &Operation, told_of: &str) -> Option<u128> {
    let vault = &known.suite.derivatives_vault;
    let figure = |text: &str, path: &[&str]| inside(text, path)?.trim_matches('"').parse::<u128>().ok();
    let mut found = None;
    // Bounded by MARKETS_PER_ACCOUNT_MAX times CALLS_MAX.
    for position in inside(told_of, &["positions"]).and_then(items)? {
        let market = inside(position, &["market"])?;
        let is_about = |call: &Call| {
            let Call::Execute { msg, .. } = call else { return false };
            let configured = inside(text(msg), &["configure_market", "market"]);
            known.configures_vault(call) && configured.is_none_or(|configured| configured == market)
        };
        if record.calls.iter().any(is_about) {
            let config = told(deps, vault, market.parse().ok());
            let least = figure(&config, &["config", "margin", "margin_min"]).unwrap_or_default();
            let margin = figure(position, &["maintenance_margin"]).unwrap_or_default();
            found = Some(found.unwrap_or(0u128).saturating_add(margin.saturating_sub(least)));
        }
    }
    found
}

/// The call that ends an operation with witnesses: about those that cannot be liquidated now, before its first call.
/// None without witnesses, and none when the operation has waited a `roles` delay beyond its readiness, or has an hour left
/// because that delay was made longer since.
pub fn judge(deps: Deps, env: &Env, known: &Known, record: &Operation) -> Result<Option<WasmMsg>, ContractError> {
    let Some(witnesses) = WITNESSES.may_load(deps.storage, record.operation)? else { return Ok(None) };
    if now(env) >= gives_way_at(known, record)? {
        return Ok(None);
    }
    let vault = SUITE.load(deps.storage)?.derivatives_vault;
    let mut accounts = vec![];
    // Bounded by WITNESSES_MAX. An account that cannot be read now says nothing about the operation.
    for Witness { account, .. } in witnesses {
        if Health::of(deps, &vault, &account).is_ok_and(|health| !health.is_short()) {
            accounts.push(account);
        }
    }
    let msg = to_json_binary(&ExecuteMsg::CheckWitnesses { accounts })?;
    Ok(Some(WasmMsg::Execute { contract_addr: env.contract.address.to_string(), msg, funds: vec![] }))
}

/// From when on an operation passes whatever else holds it up, seconds: R-19 between a feed and what was configured before it, too.
pub fn gives_way_at(known: &Known, record: &Operation) -> Result<u64, ContractError> {
    let waited = later(record.ready_at, known.delay(DelayClass::Roles))?;
    // An approval of before the room was asked for may end sooner than that: it is judged for the least delay of roles all the same.
    let room = record.not_after.saturating_sub(DRY_RUN_ROOM_SECONDS).max(later(record.ready_at, ROLES_DELAY_MIN)?);
    Ok(waited.min(room))
}

/// Errors: [`ContractError::Unauthorized`], [`ContractError::MadeLiquidatable`], [`ContractError::AccountUnreadable`].
pub fn check_witnesses(
    deps: Deps,
    env: &Env,
    info: &MessageInfo,
    accounts: Vec<AccountId>,
) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    let vault = SUITE.load(deps.storage)?.derivatives_vault;
    // Bounded by WITNESSES_MAX.
    for account in accounts {
        if Health::of(deps, &vault, &account)?.is_short() {
            return Err(ContractError::MadeLiquidatable { account });
        }
    }
    Ok(Response::new())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::testing::{mock_dependencies, mock_env};
    use cosmwasm_std::{Binary, Timestamp};
    use firebreak_messages::guardian::{Delays, OperationStatus, SuiteResponse};

    //
    #[test]
    fn who_is_liquidatable_or_would_be_at_a_valid_price_is_short() {
        let is_short = |equity: i128, liquidatable: bool| {
            let maintenance_margin = Amount::from_atoms(10);
            Health { equity: SignedAmount::from_atoms(equity), maintenance_margin, liquidatable }.is_short()
        };
        // As the vault judges: with as much as the margin nobody is.
        assert!(!is_short(10, false) && !is_short(11, false) && is_short(9, false) && is_short(-1, false));
        assert!(is_short(10, true) && is_short(9, true));
    }

    //
    #[test]
    fn an_approval_that_ends_at_once_is_judged_to_its_end() {
        let mut deps = mock_dependencies();
        let named = |name: &str| name.to_string();
        let suite = SuiteResponse {
            oracle: named("oracle"),
            circuit_breaker: named("breaker"),
            insurance_fund: named("fund"),
            derivatives_vault: named("vault"),
        };
        SUITE.save(&mut deps.storage, &suite).unwrap();
        WITNESSES.save(&mut deps.storage, 1, &vec![]).unwrap();
        let delays = Delays { parameters: 3_600, roles: 3 * ROLES_DELAY_MIN, code: 3 * ROLES_DELAY_MIN };
        let known = Known::new("guardian".into(), suite, delays, 0);
        let ready_at = 1_000_000;
        let judged = |not_after: u64, now: u64| {
            let record = Operation {
                operation: 1,
                proposer: "dao".into(),
                calls: vec![Call::Execute { contract: "vault".into(), msg: Binary::default(), funds: vec![] }],
                class: DelayClass::Parameters,
                scheduled_at: ready_at - 3_600,
                ready_at,
                not_after,
                predecessor: None,
                description: String::new(),
                status: OperationStatus::Scheduled,
            };
            let mut env = mock_env();
            env.block.time = Timestamp::from_seconds(now);
            judge(deps.as_ref(), &env, &known, &record).unwrap().is_some()
        };
        // As it could be scheduled once: it ends before the room begins.
        assert!(judged(ready_at + 1, ready_at) && judged(ready_at + 3_600, ready_at + 3_600));
        // With the room of today it gives way an hour before its end.
        let end = ready_at + ROLES_DELAY_MIN + DRY_RUN_ROOM_SECONDS;
        assert!(judged(end, ready_at + ROLES_DELAY_MIN - 1) && !judged(end, ready_at + ROLES_DELAY_MIN));
    }
}
