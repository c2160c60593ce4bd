//! What keepers do beside executing and liquidating, for the venue and for no fee: they name the accounts that a change of the vault
//! must not make liquidatable, and step leverage down while the insurance fund is thin (F13).
//!
//! Both are messages of anyone to the guardian, which judges by itself: a keeper that reads the chain wrongly is refused and harms
//! nobody. Without a keeper that sends them neither protection acts.
//!
//! A third one goes to the vault when a market freezes: a batch of no orders keeps the price by which the grace is judged.

use crate::deploy::Reader;
use crate::error::ChainError;
use cosmwasm_std::QuerierWrapper;
use firebreak_messages::derivatives_vault::{
    AccountResponse, AccountsResponse, ConfigResponse, ExecuteMsg as VaultMsg, QueryMsg as VaultQuery, StatusResponse,
};
use firebreak_messages::guardian::{
    Call, ExecuteMsg, Operation, OperationStatus, OperationsResponse, QueryMsg, SuiteResponse, WitnessesResponse,
    WITNESSES_MAX,
};
use firebreak_messages::insurance_fund::{CoverageResponse, QueryMsg as FundQuery};
use firebreak_messages::{AccountId, Reason};
use firebreak_risk::LiquidationAccess;
use serde::de::DeserializeOwned;
use serde::Serialize;

/// Entries of one page.
const PAGE: u32 = 32;
/// Seconds in which a freeze is kept: longer than eight rounds take, after which the feed's ring has forgotten what was before it.
const KEEP_SECONDS: u64 = 600;
/// The vault's messages after which a dry run asks witnesses.
const CONFIGURING: [&str; 4] = ["configure", "configure_market", "settle_market", "settle_vault"];

/// A chain that answers questions: a node, or an embedded chain.
pub trait Questions {
    /// Errors: [`ChainError`].
    fn ask<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError>;
}

impl<R: Reader> Questions for R {
    fn ask<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError> {
        self.smart(contract, query)
    }
}

impl Questions for QuerierWrapper<'_> {
    fn ask<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError> {
        let answer = self.query_wasm_smart(contract, query);
        answer.map_err(|error| ChainError::QueryRefused { log: error.to_string() })
    }
}

/// An account with positions, and how near it is to liquidation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strained {
    pub account: AccountId,
    /// Maintenance margin in millionths of equity; below a million: not liquidatable.
    pub strain: u128,
}

/// What there is to send to the guardian now, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Errand {
    pub why: String,
    pub msg: ExecuteMsg,
}

/// Everything that the chain asks for at this moment: at most one step down, and one message for each open operation that configures
/// the vault and whose witnesses are not the most strained accounts yet. `now` is the time of the last block.
///
/// Errors: [`ChainError`] of a suite that does not answer. A fund that has no answer is an errand less: the guardian would be refused
/// too.
pub fn errands(chain: &impl Questions, guardian: &str, now: u64) -> Result<Vec<Errand>, ChainError> {
    let suite: SuiteResponse = chain.ask(guardian, &QueryMsg::Suite {})?;
    let mut errands = vec![];
    match step_down(chain, &suite.insurance_fund) {
        Ok(errand) => errands.extend(errand),
        Err(error @ ChainError::Node { .. }) => return Err(error),
        Err(_) => {}
    }
    let operations: Vec<Operation> =
        open_operations(chain, guardian, now)?.into_iter().filter(|record| configures(record, &suite)).collect();
    if operations.is_empty() {
        return Ok(errands);
    }
    let worst: Vec<AccountId> =
        most_strained(chain, &suite.derivatives_vault)?.into_iter().map(|strained| strained.account).collect();
    for Operation { operation, description, .. } in operations {
        let named: WitnessesResponse = chain.ask(guardian, &QueryMsg::Witnesses { operation })?;
        let is_named = |account: &AccountId| named.witnesses.iter().any(|witness| witness.account == *account);
        if worst.iter().all(is_named) {
            continue;
        }
        let why = format!("operation {operation} configures the vault: {description}");
        errands.push(Errand { why, msg: ExecuteMsg::Witness { operation, accounts: worst.clone() } });
    }
    Ok(errands)
}

/// A batch of no orders for each market that was frozen in the last ten minutes: the vault takes it at every level, serves nobody and
/// stores what positions were worth before. Sent again it changes nothing.
///
/// Errors: [`ChainError`] of a vault that does not answer.
pub fn freezes(chain: &impl Questions, vault: &str, now: u64) -> Result<Vec<VaultMsg>, ChainError> {
    let ConfigResponse { config, .. } = chain.ask(vault, &VaultQuery::Config {})?;
    let mut batches = vec![];
    for market in config.markets {
        let StatusResponse { effective, .. } = chain.ask(vault, &VaultQuery::Status { market })?;
        let waits = effective.posture.liquidation == LiquidationAccess::Waits;
        let is_new = now.saturating_sub(effective.since) < KEEP_SECONDS;
        if waits && is_new && effective.reason != Some(Reason::Settlement) {
            batches.push(VaultMsg::ExecuteOrders { market, limit: 0 });
        }
    }
    Ok(batches)
}

/// A step down while the fund holds less than half of its stress loss. Anyone may send it again and again: it holds for an hour.
///
/// Errors: [`ChainError`].
pub fn step_down(chain: &impl Questions, fund: &str) -> Result<Option<Errand>, ChainError> {
    let CoverageResponse { content, target, .. } = chain.ask(fund, &FundQuery::Coverage {})?;
    if content.atoms().saturating_mul(2) >= target.atoms() {
        return Ok(None);
    }
    let why = format!("the fund holds {content}, less than half of its stress loss of {target}");
    Ok(Some(Errand { why, msg: ExecuteMsg::StepDown {} }))
}

/// Of all accounts the [`WITNESSES_MAX`] nearest to liquidation that are not there yet, the worst first. Walks the vault's pages: as
/// many questions as there are accounts.
///
/// Errors: [`ChainError::Node`], and of a page. An account that does not answer, as while its market's price is unusable, is left out.
pub fn most_strained(chain: &impl Questions, vault: &str) -> Result<Vec<Strained>, ChainError> {
    let (mut worst, mut start_after): (Vec<Strained>, _) = (vec![], None);
    loop {
        let page = VaultQuery::Accounts { start_after: start_after.take(), limit: Some(PAGE) };
        let AccountsResponse { accounts } = chain.ask(vault, &page)?;
        let Some(last) = accounts.last().cloned() else { return Ok(worst) };
        for account in accounts {
            match chain.ask::<AccountResponse>(vault, &VaultQuery::Account { account }) {
                Ok(health) => worst.extend(strained(health)),
                Err(error @ ChainError::Node { .. }) => return Err(error),
                Err(_) => {}
            }
        }
        // Of equals the earlier one stays.
        worst.sort_by_key(|strained| std::cmp::Reverse(strained.strain));
        worst.truncate(WITNESSES_MAX);
        start_after = Some(last);
    }
}

/// `None` for what no change of margins can harm, and for who is liquidatable already: the guardian keeps neither.
fn strained(health: AccountResponse) -> Option<Strained> {
    if health.liquidatable || health.maintenance_margin.is_zero() {
        return None;
    }
    let equity = u128::try_from(health.equity.atoms()).ok().filter(|equity| *equity > 0)?;
    let strain = health.maintenance_margin.atoms().saturating_mul(1_000_000) / equity;
    Some(Strained { account: health.account, strain })
}

fn open_operations(chain: &impl Questions, guardian: &str, now: u64) -> Result<Vec<Operation>, ChainError> {
    let (mut open, mut start_after) = (vec![], None);
    loop {
        let page = QueryMsg::Operations { start_after, limit: Some(PAGE) };
        let OperationsResponse { operations } = chain.ask(guardian, &page)?;
        let Some(last) = operations.last().map(|record| record.operation) else { return Ok(open) };
        // One that failed may be tried again, against its witnesses of then.
        let may_run = |record: &Operation| {
            now <= record.not_after && matches!(record.status, OperationStatus::Scheduled | OperationStatus::Failed)
        };
        open.extend(operations.into_iter().filter(may_run));
        start_after = Some(last);
    }
}

fn configures(record: &Operation, suite: &SuiteResponse) -> bool {
    record.calls.iter().any(|call| {
        let Call::Execute { contract, msg, .. } = call else { return false };
        *contract == suite.derivatives_vault && CONFIGURING.iter().any(|name| is_message(msg, name))
    })
}

fn is_message(msg: &[u8], name: &str) -> bool {
    serde_json::from_slice::<serde_json::Value>(msg).is_ok_and(|msg| msg.get(name).is_some())
}
