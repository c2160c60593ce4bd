//! What stolen keys can cost at most: an upper bound from delays, budgets, buckets and caps, never from what anybody would do.
//!
//! Every unit is counted once, where it was before: the collateral and the fund's coins that others are forced to lose, and what
//! of the pool becomes the thief's to withdraw. Profit that has not vested is nobody's yet: the owner may still cut it.
//! At the prices of now; what a market does while it is frozen is F13's stress, not a key's doing.
//!
//! Source: `docs/max-loss.md`.

use crate::error::RiskResult;
use crate::number::{Rounding, ONE};
use crate::outflow::OutflowParams;
use crate::quantity::{Amount, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a DAO needs to see a theft and to vote, before the delay of `roles` begins: seconds.
pub const REACTION_SECONDS: u64 = 259_200;
/// `Frozen` holds at most so long in any 7 days, over all sources.
const FROZEN_BUDGET_SECONDS: u64 = 86_400;
/// A sentinel's tightest step.
const SENTINEL_SECONDS: u64 = 3_600;
/// `ln 2`, rounded up: no profit vests faster than this share of itself in a half-life.
const LN_2: u128 = 693_147_180_559_945_310;
/// Whole windows or half-lives that are counted one by one; after more of them everything is taken to be gone.
const STEPS_MAX: u64 = 64;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// Which keys are stolen. A stolen group is one whose threshold, or whose quorum, the thief has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Stolen {
    pub proposers: bool,
    pub cancellers: bool,
    pub council: bool,
    pub sentinels: bool,
    pub feeders: bool,
}

/// Whose coins there are. Units: settlement coin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stakes {
    /// The pool's own cash.
    pub pool: Amount,
    /// Accounts' cash and unvested profit.
    pub collateral: Amount,
    pub first_loss: Amount,
    pub staked: Amount,
}

/// First loss that an approved playbook lets the council send into a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    pub amount: Amount,
    /// Runs within the window.
    pub runs: u64,
    pub window_seconds: u64,
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barriers {
    pub outflow: OutflowParams,
    /// The shortest of all markets; 0: profit vests at once.
    pub half_life_seconds: u64,
    pub lp_cooldown_seconds: u64,
    pub parameters_delay: u64,
    pub roles_delay: u64,
    pub cover_share: Ratio,
    pub inject_share: Ratio,
    pub cover_window_seconds: u64,
    /// Of playbooks that the council may run.
    pub injections: Vec<Injection>,
    /// Longest restriction of the council.
    pub frozen_seconds: u64,
    pub restricted_seconds: u64,
}

/// The bound. Units: settlement coin, seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MaxLoss {
    /// Of the pool: paid to the thief or the thief's to withdraw.
    pub taken: Amount,
    /// Of accounts and fund: what others are forced to lose.
    pub forced: Amount,
    /// `taken + forced`, at most `value`.
    pub total: Amount,
    /// Everything that the suite holds.
    pub value: Amount,
    /// The most coins that leave the suite.
    pub leaves: Amount,
    /// Longest time in which no order fills.
    pub frozen_seconds: u64,
    /// Until a trader with free collateral, and a provider who asks now, can have coins.
    pub trader_exit_seconds: u64,
    pub provider_exit_seconds: u64,
}

/// The most that stolen keys cost others within `horizon` seconds; `None`: for ever, with a DAO that replaces what was stolen
/// [`REACTION_SECONDS`] and a `roles` delay later, unless its cancellers are stolen too.
///
/// An honest canceller vetoes within the shortest delay, so proposers alone take nothing; with the cancellers' keys they own
/// everything from that delay on, code included.
///
/// Units: settlement coin. Rounding: up. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
pub fn max_loss(stakes: &Stakes, barriers: &Barriers, stolen: Stolen, horizon: Option<u64>) -> RiskResult<MaxLoss> {
    let repair = barriers.roles_delay.saturating_add(REACTION_SECONDS);
    let seconds = horizon.unwrap_or(if stolen.cancellers { u64::MAX } else { repair });
    let fund = stakes.first_loss.plus(stakes.staked)?;
    let value = stakes.pool.plus(stakes.collateral)?.plus(fund)?;
    let (frozen_seconds, trader_exit_seconds, provider_exit_seconds) = waits(barriers, stolen, seconds);
    let bound = |taken: Amount, forced: Amount, leaves: Amount| -> RiskResult<MaxLoss> {
        let total = taken.plus(forced)?.min(value);
        Ok(MaxLoss { taken, forced, total, value, leaves, frozen_seconds, trader_exit_seconds, provider_exit_seconds })
    };
    if stolen.proposers && stolen.cancellers && seconds >= barriers.parameters_delay {
        return bound(stakes.pool, stakes.collateral.plus(fund)?, value);
    }
    let injected = if stolen.council { injected(stakes, barriers, seconds)? } else { Amount::ZERO };
    if !stolen.feeders {
        return bound(Amount::ZERO, injected, Amount::ZERO);
    }
    // Who says the price liquidates whom it likes, up and down, the fund pays what that leaves uncollected, and the pool is
    // the counterparty of every profit. No profit is withdrawn before it has vested.
    let covered = drained(fund, barriers.cover_share, Amount::ZERO, barriers.cover_window_seconds, seconds)?;
    let of_fund = covered.plus(injected)?.min(fund);
    let vested = vested_share(barriers.half_life_seconds, seconds)?;
    let taken = stakes.pool.times(vested, Rounding::Ceil)?;
    let reach = stakes.pool.plus(stakes.collateral)?.plus(of_fund)?;
    let leaves = reach.times(vested, Rounding::Ceil)?.min(outflow(stakes, barriers, seconds)?);
    bound(taken, stakes.collateral.plus(of_fund)?, leaves)
}

/// Freeze, traders' exit, providers' exit.
fn waits(barriers: &Barriers, stolen: Stolen, seconds: u64) -> (u64, u64, u64) {
    let (mut frozen, mut restricted) = (0u64, 0u64);
    if stolen.sentinels {
        restricted = SENTINEL_SECONDS;
    }
    if stolen.council {
        frozen = barriers.frozen_seconds.min(FROZEN_BUDGET_SECONDS);
        restricted = restricted.max(barriers.restricted_seconds);
    }
    if stolen.feeders || (stolen.proposers && stolen.cancellers && seconds >= barriers.parameters_delay) {
        // Silence: no price, no fill, until somebody else says the price.
        (frozen, restricted) = (seconds, seconds);
    }
    let (frozen, restricted) = (frozen.min(seconds), restricted.max(frozen).min(seconds));
    (frozen, frozen, restricted.max(barriers.lp_cooldown_seconds))
}

/// What the council's playbooks send, at most: what their budgets allow, and what the fund's own window does.
fn injected(stakes: &Stakes, barriers: &Barriers, seconds: u64) -> RiskResult<Amount> {
    let mut asked = Amount::ZERO;
    // Bounded by the playbooks' steps.
    for injection in &barriers.injections {
        let windows = begun(injection.window_seconds, seconds).saturating_add(1);
        let runs = injection.runs.saturating_mul(windows);
        asked = asked.plus(Amount::from_atoms(injection.amount.atoms().saturating_mul(runs.into())))?;
    }
    Ok(asked.min(drained(
        stakes.first_loss,
        barriers.inject_share,
        Amount::ZERO,
        barriers.cover_window_seconds,
        seconds,
    )?))
}

/// What a leaky bucket lets out whose size is this share of its content, or `least`: the bucket at once, then no more than it
/// again, of what is left, in each window that has begun.
fn drained(content: Amount, share: Ratio, least: Amount, window_seconds: u64, seconds: u64) -> RiskResult<Amount> {
    let windows = begun(window_seconds, seconds).saturating_add(1);
    if windows > STEPS_MAX && !(share.is_zero() && least.is_zero()) {
        return Ok(content);
    }
    let mut left = content;
    for _ in 0..windows.min(STEPS_MAX) {
        left = left.saturating_minus(left.times(share, Rounding::Ceil)?.max(least));
    }
    content.minus(left)
}

/// The share of a profit that vests: `1 - 2^(-t / half_life)`, from above by `ln 2 * t / half_life` and by whole half-lives.
fn vested_share(half_life_seconds: u64, seconds: u64) -> RiskResult<Ratio> {
    let half_lives = begun(half_life_seconds, seconds);
    if half_life_seconds == 0 || half_lives >= STEPS_MAX {
        return Ok(Ratio::ONE);
    }
    let linear =
        Amount::from_atoms(LN_2).times_fraction(seconds.into(), half_life_seconds.into(), Rounding::Ceil)?.atoms();
    let halved = u32::try_from(half_lives).ok().and_then(|count| ONE.checked_shr(count)).unwrap_or_default();
    Ok(Ratio::from_atoms(linear.min(ONE.saturating_sub(halved))))
}

/// What both of the limiter's buckets let out: their size follows what the vault still holds.
fn outflow(stakes: &Stakes, barriers: &Barriers, seconds: u64) -> RiskResult<Amount> {
    let (held, limits) = (stakes.pool.plus(stakes.collateral)?, &barriers.outflow);
    let hour = drained(held, limits.hour_ratio, limits.hour_min, HOUR, seconds)?;
    Ok(hour.min(drained(held, limits.day_ratio, limits.day_min, DAY, seconds)?))
}

/// Periods that have begun. A period of nothing is always over.
fn begun(period: u64, seconds: u64) -> u64 {
    seconds
        .checked_div(period)
        .map_or(u64::MAX, |whole| whole.saturating_add(u64::from(seconds.checked_rem(period).unwrap_or_default() > 0)))
}

#[cfg(test)]
mod tests;
