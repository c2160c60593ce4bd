//! The two places where restrictions are kept, behind one name.

use crate::error::ContractError;
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{PostureRecord, Scope};

/// Errors: [`ContractError::UnknownMarket`].
pub fn posture(storage: &dyn Storage, scope: Scope) -> Result<PostureRecord, ContractError> {
    match scope {
        Scope::All => Ok(POSTURE_OF_ALL.load(storage)?),
        Scope::Market(market) => POSTURES.may_load(storage, market.0)?.ok_or(ContractError::UnknownMarket { market }),
    }
}

pub fn save_posture(storage: &mut dyn Storage, scope: Scope, record: &PostureRecord) -> Result<(), ContractError> {
    match scope {
        Scope::All => POSTURE_OF_ALL.save(storage, record)?,
        Scope::Market(market) => POSTURES.save(storage, market.0, record)?,
    }
    Ok(())
}
