//! The end of an operation's calls.

use crate::error::ContractError;
use crate::state::{EXECUTING, OPERATIONS};
use cosmwasm_std::{DepsMut, Reply, Response, SubMsgResult};
use firebreak_messages::guardian::{Operation, OperationExecuted, OperationFailed, OperationStatus};

/// Reply to `RunCalls`. Never reused for anything else: an operation that migrates the guardian is replied to in the
/// new code.
pub const EXECUTED: u64 = 2;

/// Records whether the calls ran. What they wrote when they failed was rolled back by the chain, since they ran in a
/// sub-message.
///
/// `failed` is what people see, not an end: anyone may execute, so anyone may choose a bad moment or a stack of calls
/// so deep that this one fails. Final, that would be a veto of everybody.
pub fn executed(deps: DepsMut, reply: Reply) -> Result<Response, ContractError> {
    let operation = EXECUTING.load(deps.storage)?;
    EXECUTING.remove(deps.storage);
    let record = OPERATIONS.load(deps.storage, operation)?;
    let (status, response) = match reply.result {
        SubMsgResult::Ok(_) => (OperationStatus::Executed, Response::new().add_event(OperationExecuted { operation })),
        // Whatever the text: anyone may execute it again.
        SubMsgResult::Err(_) => (OperationStatus::Failed, Response::new().add_event(OperationFailed { operation })),
    };
    OPERATIONS.save(deps.storage, operation, &Operation { status, ..record })?;
    Ok(response)
}
