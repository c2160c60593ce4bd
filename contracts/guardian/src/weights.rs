//! Weights of a cw4 group, read raw: a key look-up that runs no foreign code.

use crate::error::ContractError;
use cosmwasm_std::{from_json, Addr, QuerierWrapper};
use cw4::{Cw4Contract, Member};
use firebreak_messages::guardian::CONFIRMATIONS_MAX;

/// Members of a page, which is the most that cw4-group gives, and pages that are read.
const PAGE: u32 = 30;
const PAGES_MAX: usize = 8;

/// Errors: [`ContractError::GroupUnreadable`].
pub fn total(querier: &QuerierWrapper, group: &Addr) -> Result<u64, ContractError> {
    Cw4Contract::new(group.clone())
        .total_weight(querier)
        .map_err(|_| ContractError::GroupUnreadable { group: group.to_string() })
}

/// Weight of the `CONFIRMATIONS_MAX` heaviest members together: more than these an action does not count on. A group
/// may be longer than the [`PAGES_MAX`] pages that are read; then its first members alone must do.
///
/// Asks the group's code, which runs when a council is set and never when it confirms.
///
/// Errors: [`ContractError::GroupUnreadable`].
pub fn heaviest(querier: &QuerierWrapper, group: &Addr) -> Result<u64, ContractError> {
    let contract = Cw4Contract::new(group.clone());
    let (mut weights, mut start_after) = (vec![], None);
    for _ in 0..PAGES_MAX {
        let page = contract
            .list_members(querier, start_after.take(), Some(PAGE))
            .map_err(|_| ContractError::GroupUnreadable { group: group.to_string() })?;
        let Some(last) = page.last() else { break };
        start_after = Some(last.addr.clone());
        weights.extend(page.into_iter().map(|member| member.weight));
    }
    weights.sort_unstable_by(|one, other| other.cmp(one));
    Ok(weights.into_iter().take(CONFIRMATIONS_MAX).fold(0, u64::saturating_add))
}

/// The first page of members; nobody when the group does not answer. For people who read, never for a count.
pub fn first_members(querier: &QuerierWrapper, group: &Addr) -> Vec<Member> {
    Cw4Contract::new(group.clone()).list_members(querier, None, Some(PAGE)).unwrap_or_default()
}

/// Who may change the members: `None` when nobody may any more; empty when it cannot be read where cw4-group and cw4-stake
/// keep it. For people who read, never for a count.
pub fn admin(querier: &QuerierWrapper, group: &str) -> Option<String> {
    let found = querier.query_wasm_raw(group, b"admin").ok().flatten();
    found.map_or(Some(String::new()), |bytes| from_json(bytes).unwrap_or_else(|_| Some(String::new())))
}

/// Whether a group tells an address of other members: read where cw4-group and cw4-stake keep it, so it runs no foreign code.
/// What cannot be read tells nobody.
pub fn tells(querier: &QuerierWrapper, group: &str, address: &str) -> bool {
    let found = querier.query_wasm_raw(group, b"cw4-hooks").ok().flatten();
    let hooks: Vec<String> = found.and_then(|bytes| from_json(bytes).ok()).unwrap_or_default();
    hooks.iter().any(|hook| hook == address)
}

/// Weight of an address now. Nobody and whatever cannot be read weigh nothing: the count fails closed.
pub fn of(querier: &QuerierWrapper, group: &str, member: &str) -> u64 {
    Cw4Contract::new(Addr::unchecked(group))
        .is_member(querier, &Addr::unchecked(member), None)
        .ok()
        .flatten()
        .unwrap_or_default()
}
