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

/// What a claim leaves behind at `now`: for good the lower reserve, if its request was to mature no later than the last one from before the
/// raise. The request, whose moment neither a later placing nor a payment in part changes, is read only where it may make a difference.
pub fn ratio_of_claim(
    storage: &dyn Storage,
    now: u64,
    kept: &ExitReserve,
    claim: &LiquidityClaim,
    parameters: &VaultParameters,
) -> Result<Ratio, ContractError> {
    if now > kept.until && kept.matures_until > 0 && kept.ratio < parameters.reserve_ratio {
        let provider = PROVIDERS.load(storage, claim.provider.clone())?;
        let mut requests = provider.requests.iter().filter(|request| request.request == claim.request);
        if requests.any(|request| request.matures_at <= kept.matures_until) {
            return Ok(kept.ratio);
        }
    }
    Ok(ratio(kept, now, parameters))
}

/// Keeps the reserve that is raised from `old` to `new`. A cool-down that was longer before counts, whichever change came first.
pub fn keep(
    storage: &mut dyn Storage,
    now: u64,
    old: &VaultParameters,
    new: &VaultParameters,
) -> Result<(), ContractError> {
    let mut kept = kept(storage)?;
    let matures = now.saturating_add(old.lp_cooldown_seconds);
    kept.asked_matures = kept.asked_matures.max(matures);
    kept.asked_until = kept.asked_until.max(matures.saturating_add(old.lp_claim_window_seconds));
    if new.reserve_ratio > old.reserve_ratio {
        (kept.ratio, kept.until) = (ratio(&kept, now, old), kept.asked_until);
        kept.matures_until = kept.asked_matures;
    }
    Ok(EXIT_RESERVE.save(storage, &kept)?)
}
