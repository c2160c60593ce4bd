//! Exit right of those who provide: who asks to leave before the reserve is raised leaves behind what had to stay when it asked.
//!
//! The lower reserve is for every claim that leaves before the last request from before the change has had its window, and for those requests
//! for as long as they take: neither waiting, for a freeze and then for new prices, nor being paid in part loses it. Nobody can renew it: no
//! shares are ever added to a request. Later requests of that time gain a few days of it; one that matures afterwards gains nothing.

use crate::error::ContractError;
use crate::state::{EXIT_RESERVE, PROVIDERS};
use cosmwasm_std::Storage;
use firebreak_messages::derivatives_vault::{ExitReserve, LiquidityClaim, VaultParameters};
use firebreak_risk::Ratio;

/// The part of open interest that claims leave behind in coins at `at`, seconds: in time the lower one of the reserve and of what is kept.
pub fn ratio(kept: &ExitReserve, at: u64, parameters: &VaultParameters) -> Ratio {
    let today = parameters.reserve_ratio;
    if at <= kept.until {
        kept.ratio.min(today)
    } else {
        today
    }
}

/// What is kept now.
pub fn kept(storage: &dyn Storage) -> Result<ExitReserve, ContractError> {
    Ok(EXIT_RESERVE.may_load(storage)?.unwrap_or_default())
}

/// What a claim leaves behind at `now`: as if it left at the end of its request's first window, if that is over. The request, which no later
/// placing changes, is read only where it may make a difference; a window of another length since counts as it is now.
pub fn ratio_of_claim(
    storage: &dyn Storage,
    now: u64,
    kept: &ExitReserve,
    claim: &LiquidityClaim,
    parameters: &VaultParameters,
) -> Result<Ratio, ContractError> {
    let mut at = now;
    if kept.until > 0 && now > kept.until && kept.ratio < parameters.reserve_ratio {
        let provider = PROVIDERS.load(storage, claim.provider.clone())?;
        for request in provider.requests.iter().filter(|request| request.request == claim.request) {
            at = now.min(request.matures_at.saturating_add(parameters.lp_claim_window_seconds));
        }
    }
    Ok(ratio(kept, at, parameters))
}

/// Keeps the reserve that is raised from `old` to `new`. A cool-down that was longer before counts, whichever change came first.
pub fn keep(
    storage: &mut dyn Storage,
    now: u64,
    old: &VaultParameters,
    new: &VaultParameters,
) -> Result<(), ContractError> {
    let mut kept = kept(storage)?;
    let window_end = now.saturating_add(old.lp_cooldown_seconds).saturating_add(old.lp_claim_window_seconds);
    kept.asked_until = kept.asked_until.max(window_end);
    if new.reserve_ratio > old.reserve_ratio {
        (kept.ratio, kept.until) = (ratio(&kept, now, old), kept.asked_until);
    }
    Ok(EXIT_RESERVE.save(storage, &kept)?)
}
