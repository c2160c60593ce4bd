//! Weights of a cw4 group, read raw: a key look-up that runs no foreign code.

use crate::error::ContractError;
use cosmwasm_std::{Addr, QuerierWrapper};
use cw4::Cw4Contract;

/// Errors: [`ContractError::GroupUnreadable`].
pub fn total(querier: &QuerierWrapper, group: &Addr) -> Result<u64, ContractError> {
    Cw4Contract::new(group.clone())
        .total_weight(querier)
        .map_err(|_| ContractError::GroupUnreadable { group: group.to_string() })
}

/// Weight of an address now. Nobody and whatever cannot be read weigh nothing: the count fails closed.
pub fn of(querier: &QuerierWrapper, group: &str, member: &str) -> u64 {
    Cw4Contract::new(Addr::unchecked(group))
        .is_member(querier, &Addr::unchecked(member), None)
        .ok()
        .flatten()
        .unwrap_or_default()
}
