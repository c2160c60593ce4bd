//! The two places where restrictions and frozen time are kept, behind one name.

use crate::error::ContractError;
use crate::state::{FROZEN_SPENT, FROZEN_SPENT_OF_ALL};
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{PostureRecord, Scope};
use firebreak_risk::TimeBudget;

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

pub fn frozen_spent(storage: &dyn Storage, scope: Scope) -> Result<TimeBudget, ContractError> {
    let spent = match scope {
        Scope::All => FROZEN_SPENT_OF_ALL.may_load(storage)?,
        Scope::Market(market) => FROZEN_SPENT.may_load(storage, market.0)?,
    };
    Ok(spent.unwrap_or_default())
}

pub fn save_frozen_spent(storage: &mut dyn Storage, scope: Scope, spent: &TimeBudget) -> Result<(), ContractError> {
    match scope {
        Scope::All => FROZEN_SPENT_OF_ALL.save(storage, spent)?,
        Scope::Market(market) => FROZEN_SPENT.save(storage, market.0, spent)?,
    }
    Ok(())
}
