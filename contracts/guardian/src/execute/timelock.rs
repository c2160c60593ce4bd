//! Operations: scheduled, and run after the delay of their class or not at all.
//!
//! ```text
//! Schedule --> scheduled --Execute, ready_at..=not_after--> executed
//!                  |                   |  ^
//!                  |                   v  | Execute again
//!                  |                 failed      (a call failed; nothing it did stays)
//!                  |                   |
//!                  +------Cancel-------+--> canceled
//! ```
//! `failed` is no end: whoever executes could bring it about, so it stays open until `not_after`.

use crate::changes;
use crate::class::{Known, Window};
use crate::error::ContractError;
use crate::execute::{dry_run, ensure_self};
use crate::reply::EXECUTED;
use crate::state::{
    after, later, EXECUTING, FEED_SET_AT, NEXT_OPERATION, OPERATIONS, REVOKED_AT, ROLES, VAULT_CONFIGURED_AT,
};
use crate::validate::between;
use cosmwasm_std::{to_json_binary, CosmosMsg, DepsMut, Env, MessageInfo, Response, Storage, SubMsg, WasmMsg};
use cw_storage_plus::Item;
use firebreak_messages::guardian::{
    Call, DelayClass, ExecuteMsg, Operation, OperationCanceled, OperationScheduled, OperationStatus, Role, CALLS_MAX,
    DESCRIPTION_MAX,
};
use firebreak_messages::time::now;

/// What a proposer asks for.
pub struct Draft {
    pub calls: Vec<Call>,
    pub not_after: u64,
    pub predecessor: Option<u64>,
    pub description: String,
}

/// Errors: [`ContractError::NotHolder`], [`ContractError::OutOfBounds`], [`ContractError::UnknownOperation`] of the
/// predecessor, and those of the calls' classes.
pub fn schedule(deps: DepsMut, env: &Env, info: &MessageInfo, draft: Draft) -> Result<Response, ContractError> {
    let Draft { calls, not_after, predecessor, description } = draft;
    let proposer = ensure_holder(deps.storage, info, Role::Proposer)?;
    between("calls", count(calls.len()), 1, count(CALLS_MAX))?;
    between("bytes of the description", count(description.len()), 0, count(DESCRIPTION_MAX))?;
    if let Some(predecessor) = predecessor {
        load(deps.storage, predecessor)?;
    }
    let known = Known::load(deps.storage, env)?;
    let class = known.slowest(deps.as_ref(), &calls)?;
    let scheduled_at = now(env);
    let Window { ready_at, first, last } = known.window(class, &calls)?;
    between("not_after", not_after, first, last)?;
    let operation = NEXT_OPERATION.load(deps.storage)?;
    NEXT_OPERATION.save(deps.storage, &after(operation, "the id of an operation")?)?;
    let record = Operation {
        operation,
        proposer: proposer.clone(),
        calls,
        class,
        scheduled_at,
        ready_at,
        not_after,
        predecessor,
        description,
        status: OperationStatus::Scheduled,
    };
    OPERATIONS.save(deps.storage, operation, &record)?;
    Ok(Response::new().add_event(OperationScheduled { operation, proposer, class, ready_at, not_after }))
}

/// Errors: [`ContractError::NotHolder`], [`ContractError::UnknownOperation`], [`ContractError::NotScheduled`].
pub fn cancel(deps: DepsMut, info: &MessageInfo, operation: u64) -> Result<Response, ContractError> {
    let canceller = ensure_holder(deps.storage, info, Role::Canceller)?;
    let record = load_open(deps.storage, operation)?;
    OPERATIONS.save(deps.storage, operation, &Operation { status: OperationStatus::Canceled, ..record })?;
    Ok(Response::new().add_event(OperationCanceled { operation, canceller }))
}

/// Runs a ready operation's calls in one sub-message. Open to anyone: the decision was made, and nobody should be able
/// to hold it back by staying away.
///
/// The proposer must have been one ever since (R-22). The class and its delay are looked up again: what a delay or a
/// class has become since the scheduling holds if it is longer; if it is shorter, the delay at the scheduling holds
/// (R-25). So what only tightened when it was scheduled, and would loosen now, is not ready before a `roles` delay.
///
/// Errors: [`ContractError::Executing`], [`ContractError::UnknownOperation`], [`ContractError::NotScheduled`],
/// [`ContractError::PredecessorNotExecuted`], [`ContractError::ProposerRevoked`], [`ContractError::NotReady`],
/// [`ContractError::Expired`], [`ContractError::FeedChanged`], [`ContractError::VaultConfigured`].
pub fn execute(deps: DepsMut, env: &Env, operation: u64) -> Result<Response, ContractError> {
    // A call of an operation that executes another one would mix up whose reply is whose.
    if let Some(operation) = EXECUTING.may_load(deps.storage)? {
        return Err(ContractError::Executing { operation });
    }
    let mut record = load_open(deps.storage, operation)?;
    if let Some(predecessor) = record.predecessor {
        let found = load(deps.storage, predecessor)?.status;
        if found != OperationStatus::Executed {
            return Err(ContractError::PredecessorNotExecuted { operation, predecessor, found });
        }
    }
    // Revoked since, even if the address is a proposer again: what it scheduled before stays dead.
    let revoked_at = REVOKED_AT.may_load(deps.storage, &record.proposer)?;
    let revoked = revoked_at.is_some_and(|revoked_at| record.scheduled_at <= revoked_at);
    if revoked || !ROLES.load(deps.storage)?.holds(Role::Proposer, &record.proposer) {
        return Err(ContractError::ProposerRevoked { operation, proposer: record.proposer });
    }
    let known = Known::load(deps.storage, env)?;
    let class = known.slowest_at_execution(deps.as_ref(), &record)?.max(record.class);
    let ready_at = later(record.scheduled_at, known.delay(class))?.max(record.ready_at);
    let (now, not_after) = (now(env), record.not_after);
    if now < ready_at {
        return Err(ContractError::NotReady { operation, ready_at, now });
    }
    if now > not_after {
        return Err(ContractError::Expired { operation, not_after, now });
    }
    if (class, ready_at) != (record.class, record.ready_at) {
        // The dry run and R-19 give way a `roles` delay after it was ready as what it has become; R-19 asks for the class.
        (record.class, record.ready_at) = (class, ready_at);
        OPERATIONS.save(deps.storage, operation, &record)?;
    }
    ensure_apart(deps.storage, &known, &record, now)?;
    EXECUTING.save(deps.storage, &operation)?;
    let run = WasmMsg::Execute {
        contract_addr: env.contract.address.to_string(),
        msg: to_json_binary(&ExecuteMsg::RunCalls { operation })?,
        funds: vec![],
    };
    // No gas limit, on purpose: under one, whoever executes could starve the calls. Without, running out of gas undoes
    // the whole transaction. What else an executor can bring about, as a stack that is too deep, leaves it open for
    // another.
    Ok(Response::new().add_submessage(SubMsg::reply_always(run, EXECUTED)))
}

/// The calls as plain messages of one frame: when one fails, all of them are undone (R-24).
///
/// Errors: [`ContractError::Unauthorized`], [`ContractError::NotExecuting`].
pub fn run_calls(deps: DepsMut, env: &Env, info: &MessageInfo, operation: u64) -> Result<Response, ContractError> {
    ensure_self(env, info)?;
    if EXECUTING.may_load(deps.storage)? != Some(operation) {
        return Err(ContractError::NotExecuting { operation });
    }
    let record = load(deps.storage, operation)?;
    let calls = &record.calls;
    let known = Known::load(deps.storage, env)?;
    if calls.iter().any(|call| known.sets_feed(call)) {
        // Here, and not in the reply: undone with the calls when one fails.
        FEED_SET_AT.save(deps.storage, &now(env))?;
    }
    if record.class >= DelayClass::Roles && calls.iter().any(|call| known.configures_vault(call)) {
        VAULT_CONFIGURED_AT.save(deps.storage, &now(env))?;
    }
    // Bounded by CALLS_MAX. From now on playbooks that were approved before leave these markets, feeds and parameters alone.
    for (contract, msg) in calls.iter().filter_map(|call| known.configured(call)) {
        changes::note_configured(deps.storage, contract, msg, now(env))?;
    }
    let witnesses = dry_run::judge(deps.as_ref(), env, &known, &record)?;
    Ok(Response::new().add_messages(record.calls.into_iter().map(message)).add_messages(witnesses))
}

/// Who says the price and what may be lost on it do not change within one delay, in neither order (R-19). Their classes alone do
/// not see to that: what waits an hour, scheduled an hour before the end of what waits a day, unlocks in the same second, and so do
/// two that wait a day. Both in one operation is left open: then both were in sight for the longer delay.
///
/// What only tightens holds no feed up, and neither does what a playbook configures: whoever may run or undo one would otherwise
/// keep the timelock from replacing sources that lie.
///
/// Errors: [`ContractError::FeedChanged`], [`ContractError::VaultConfigured`].
fn ensure_apart(storage: &dyn Storage, known: &Known, record: &Operation, now: u64) -> Result<(), ContractError> {
    let delay = known.delay(DelayClass::Roles);
    let free_at = |mark: Item<u64>| -> Result<u64, ContractError> {
        Ok(mark.may_load(storage)?.map_or(Ok(0), |at| later(at, delay))?)
    };
    let (operation, calls) = (record.operation, &record.calls);
    if calls.iter().any(|call| known.configures_vault(call)) {
        let free_at = free_at(FEED_SET_AT)?;
        if now < free_at {
            return Err(ContractError::FeedChanged { operation, free_at, now });
        }
    }
    if calls.iter().any(|call| known.sets_feed(call)) {
        // Whatever was configured meanwhile, then it has been in sight for both delays: one configuration after the other is no veto.
        let free_at = free_at(VAULT_CONFIGURED_AT)?.min(dry_run::gives_way_at(known, record)?);
        if now < free_at {
            return Err(ContractError::VaultConfigured { operation, free_at, now });
        }
    }
    Ok(())
}

fn message(call: Call) -> CosmosMsg {
    match call {
        Call::Execute { contract, msg, funds } => WasmMsg::Execute { contract_addr: contract, msg, funds }.into(),
        Call::Migrate { contract, code_id, msg } => {
            WasmMsg::Migrate { contract_addr: contract, new_code_id: code_id, msg }.into()
        }
    }
}

fn ensure_holder(storage: &dyn Storage, info: &MessageInfo, role: Role) -> Result<String, ContractError> {
    let address = info.sender.to_string();
    if ROLES.load(storage)?.holds(role, &address) {
        return Ok(address);
    }
    Err(ContractError::NotHolder { role, address })
}

pub fn load(storage: &dyn Storage, operation: u64) -> Result<Operation, ContractError> {
    OPERATIONS.may_load(storage, operation)?.ok_or(ContractError::UnknownOperation { operation })
}

/// An operation that may still be executed or cancelled.
pub fn load_open(storage: &dyn Storage, operation: u64) -> Result<Operation, ContractError> {
    let record = load(storage, operation)?;
    match record.status {
        OperationStatus::Scheduled | OperationStatus::Failed => Ok(record),
        OperationStatus::Executed | OperationStatus::Canceled => {
            Err(ContractError::NotScheduled { operation, found: record.status })
        }
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
