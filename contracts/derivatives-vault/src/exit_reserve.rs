//! Exit right of those who provide: who asks to leave before the reserve is raised leaves behind what had to stay when it asked.
//!
//! All claims leave by one part, so the lower reserve holds for all of them, until the last request from before the change
//! has had its window. Later requests of that time gain a few days of it; one that matures afterwards gains nothing.

use crate::error::ContractError;
use crate::state::EXIT_RESERVE;
use cosmwasm_std::Storage;
use firebreak_messages::derivatives_vault::{ExitReserve, VaultParameters};
use firebreak_risk::Ratio;

/// The part of open interest that claims leave behind in coins at `now`, seconds: the lower one of the reserve and of what is kept.
pub fn ratio(storage: &dyn Storage, now: u64, parameters: &VaultParameters) -> Result<Ratio, ContractError> {
    let kept = EXIT_RESERVE.may_load(storage)?.unwrap_or_default();
    let today = parameters.reserve_ratio;
    Ok(if now <= kept.until { kept.ratio.min(today) } else { today })
}

/// Keeps the reserve that is raised from `old` to `new`. A cool-down that was longer before counts, whichever change came first.
pub fn keep(
    storage: &mut dyn Storage,
    now: u64,
    old: &VaultParameters,
    new: &VaultParameters,
) -> Result<(), ContractError> {
    let mut kept: ExitReserve = EXIT_RESERVE.may_load(storage)?.unwrap_or_default();
    let window_end = now.saturating_add(old.lp_cooldown_seconds).saturating_add(old.lp_claim_window_seconds);
    kept.asked_until = kept.asked_until.max(window_end);
    if new.reserve_ratio > old.reserve_ratio {
        (kept.ratio, kept.until) = (ratio(storage, now, old)?, kept.asked_until);
    }
    Ok(EXIT_RESERVE.save(storage, &kept)?)
}
