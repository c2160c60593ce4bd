//! What stolen keys can cost at most: an upper bound from delays, budgets, buckets and caps, never from what anybody would do.
//!
//! Every unit is counted once, where it was before: the collateral and the fund's coins that others are forced to lose, and what
//! of the pool becomes the thief's to withdraw. Profit that has not vested is nobody's yet: the owner may still cut it.
//! At the prices of now; what a market does while it is frozen is F13's stress, not a key's doing.
//!
//! Source: `docs/max-loss.md`.

use crate::detect::{
    BudgetRule, COUNCIL_BUDGET, FED_BUDGET, FROZEN_BUDGET, GOVERNANCE_RESTRICTION_SECONDS, REDUCE_ONLY_BUDGET,
};
use crate::error::RiskResult;
use crate::number::{Rounding, ONE};
use crate::outflow::OutflowParams;
use crate::quantity::{Amount, Price, Ratio, Size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a DAO needs to see a theft and to vote, before the delay of `roles` begins: seconds.
pub const REACTION_SECONDS: u64 = 259_200;
/// How long a restriction of the timelock that takes a `parameters` delay may keep exits queued: seconds.
pub const NOTICE_RESTRICTION_SECONDS: u64 = 604_800;
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
    /// Of the breaker.
    pub observers: bool,
}

/// Whose coins there are. Units: settlement coin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stakes {
    /// The pool's own coins: its cash without what accounts owe it.
    pub pool: Amount,
    /// Of these what traders have gained on open positions and will be paid from: all of it while there is no price.
    pub open_gains: Amount,
    /// What closing every position would pay beyond its value at the mark: of each market [`skew_premium`].
    pub premiums: Amount,
    /// Accounts' cash above zero, unvested profit, and exits that wait parked.
    pub collateral: Amount,
    /// Execution fees of waiting orders, and fees that the insurance fund has not collected.
    pub fees: Amount,
    pub first_loss: Amount,
    pub staked: Amount,
}

/// First loss that an approved playbook sends into a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    pub amount: Amount,
    /// Runs within the window, which slides: in any time as long as it there are no more.
    pub runs: u64,
    pub window_seconds: u64,
    /// Between two runs.
    pub cool_down_seconds: u64,
}

/// What the playbooks can do that the thief may run: the council's with its keys, those of a signal with the feeders', and of these
/// with the observers' whichever one of theirs starts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Playbooks {
    pub injections: Vec<Injection>,
    pub restrict: bool,
    pub freeze: bool,
    /// The shortest notice of a settlement.
    pub settle_notice_seconds: Option<u64>,
    /// A message to the vault that may force a loss: parameters or a market other than they are now in more than what bars
    /// new exposure, a contest of profits.
    pub configure_vault: bool,
    /// A message to the fund other than an injection, and other than what its parameters are now.
    pub configure_fund: bool,
}

/// What is in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Barriers {
    pub outflow: OutflowParams,
    /// The shortest of all markets; 0: profit vests at once.
    pub half_life_seconds: u64,
    pub lp_cooldown_seconds: u64,
    /// Of losses not yet collected, what a leaving provider is paid for.
    pub uncollected_share: Ratio,
    pub parameters_delay: u64,
    pub roles_delay: u64,
    pub cover_share: Ratio,
    pub inject_share: Ratio,
    pub cover_window_seconds: u64,
    /// In which the armed sentinels together can keep exits queued.
    pub sentinel_seconds: u64,
    /// Each has budgets of its own, and a provider waits for all of them.
    pub markets: u64,
    /// The council may freeze, or keep exits queued, by itself.
    pub council_freezes: bool,
    pub council_restricts: bool,
    pub playbooks: Playbooks,
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
    /// Longest time in which no order of a market fills.
    pub frozen_seconds: u64,
    /// Until a trader with free collateral, and a provider who asks now, can have coins.
    pub trader_exit_seconds: u64,
    pub provider_exit_seconds: u64,
}

/// The most that stolen keys cost others within `horizon` seconds; `None`: for ever, with a DAO that replaces what was stolen
/// [`REACTION_SECONDS`] and a `roles` delay later, unless its cancellers are stolen too.
///
/// An honest canceller vetoes within the shortest delay, so proposers alone take nothing. With the cancellers' keys they inject
/// what the fund's window lets out once that delay is over, and own everything, code included, once that of `roles` is. What is decided in the horizon's last moment lies outside it: a delay as
/// long as the horizon bars.
///
/// Units: settlement coin. Rounding: up. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
pub fn max_loss(stakes: &Stakes, barriers: &Barriers, stolen: Stolen, horizon: Option<u64>) -> RiskResult<MaxLoss> {
    let repair = barriers.roles_delay.saturating_add(REACTION_SECONDS);
    let seconds = horizon.unwrap_or(if stolen.cancellers { u64::MAX } else { repair });
    let Stakes { pool, open_gains, premiums, collateral, fees, first_loss, staked } = *stakes;
    let fund = first_loss.plus(staked)?;
    let held = pool.plus(collateral)?.plus(fees)?;
    let value = held.plus(fund)?;
    let reached = Reached::of(barriers, stolen, seconds);
    let (frozen_seconds, trader_exit_seconds, provider_exit_seconds) = waits(barriers, stolen, reached, seconds);
    let bound = |taken: Amount, forced: Amount, leaves: Amount| -> RiskResult<MaxLoss> {
        let total = taken.plus(forced)?.min(value);
        Ok(MaxLoss { taken, forced, total, value, leaves, frozen_seconds, trader_exit_seconds, provider_exit_seconds })
    };
    if reached.timelock {
        return bound(pool, collateral.plus(fees)?.plus(fund)?, value);
    }
    if !stolen.feeders {
        // A contest keeps profits from their owners, a margin makes somebody liquidatable, a fund that pays less leaves a deficit
        // to others.
        let configured = if reached.vault || reached.fund { collateral } else { Amount::ZERO };
        // Settled at a true price everybody gets the value of the mark: the premium of a skew is paid back to nobody, and leaves
        // with whoever was paid it for the other side just before.
        let unpaid = if reached.settled { premiums } else { Amount::ZERO };
        let forced = injected(stakes, barriers, reached, seconds)?.plus(configured)?.plus(unpaid)?;
        return bound(Amount::ZERO, forced, unpaid);
    }
    // Who says the price liquidates whom it likes, up and down, the fund pays what that leaves uncollected, and the pool is
    // the counterparty of every profit. No profit is withdrawn before it has vested, unless the vault is settled or says otherwise.
    let of_fund = if reached.fund {
        fund
    } else {
        // What playbooks inject goes out of the same window.
        drained(fund, barriers.cover_share, Amount::ZERO, barriers.cover_window_seconds, seconds)?
    };
    let reach = held.plus(of_fund)?;
    let unbarred = reached.settled || reached.vault;
    // Shares of the pool vest nothing: bought at a false low value, they leave at the true one once they have cooled down. Where
    // losses count that nobody has paid yet, shares that cooled down before the theft leave at a false high value at once.
    let cooled = seconds > barriers.lp_cooldown_seconds || !barriers.uncollected_share.is_zero();
    let shares_leave = unbarred || cooled;
    let vested = if shares_leave { Ratio::ONE } else { vested_share(barriers.half_life_seconds, seconds)? };
    // At a false price open gains are none, and shares that cooled down before the theft leave with their part of them.
    let taken = pool.times(vested, Rounding::Ceil)?.plus(open_gains)?.min(pool);
    let leaves = if unbarred {
        reach
    } else {
        let limited = reach.times(vested, Rounding::Ceil)?.plus(open_gains)?.min(outflow(reach, barriers, seconds)?);
        // The keeper's fee of a liquidation is paid at once, behind no barrier, out of whose collateral it was.
        limited.plus(collateral)?.min(reach)
    };
    bound(taken, collateral.plus(fees)?.plus(of_fund)?, leaves)
}

/// `P*K^2 / (2S)`: what a market's skew has paid, and would be paid by whatever orders close it (F9). A settlement pays it to nobody.
///
/// Units: settlement coin. Rounding: up, twice. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow),
/// [`RiskError::DivisionByZero`](crate::RiskError::DivisionByZero).
pub fn skew_premium(price: Price, skew: Size, skew_scale: Size) -> RiskResult<Amount> {
    let notional = skew.notional(price, Rounding::Ceil)?;
    notional.times_fraction(skew.magnitude(), skew_scale.magnitude().saturating_mul(2), Rounding::Ceil)
}

/// Which decisions take effect within the time.
#[derive(Clone, Copy)]
struct Reached {
    /// What the timelock does after a `parameters` delay: it injects, bars new exposure, restricts, contests.
    notice: bool,
    /// After a `roles` delay: everything.
    timelock: bool,
    settled: bool,
    vault: bool,
    fund: bool,
}

impl Reached {
    fn of(barriers: &Barriers, stolen: Stolen, seconds: u64) -> Self {
        let Playbooks { settle_notice_seconds, configure_vault, configure_fund, .. } = barriers.playbooks;
        let unvetoed = stolen.proposers && stolen.cancellers;
        Self {
            notice: unvetoed && seconds > barriers.parameters_delay,
            timelock: unvetoed && seconds > barriers.roles_delay,
            settled: settle_notice_seconds.is_some_and(|notice| notice < seconds),
            vault: configure_vault,
            fund: configure_fund,
        }
    }
}

/// Freeze, traders' exit, providers' exit. A restriction begins when it is made, and outlasts the horizon in which it was.
fn waits(barriers: &Barriers, stolen: Stolen, reached: Reached, seconds: u64) -> (u64, u64, u64) {
    // Silence: no price, no fill, until somebody else says the price. A settlement has no way back.
    let silent = stolen.feeders || reached.timelock || reached.settled;
    let silence = if silent { seconds } else { 0 };
    let freezes = reached.notice || barriers.playbooks.freeze || (stolen.council && barriers.council_freezes);
    let (council, playbooks) = (stolen.council && barriers.council_restricts, barriers.playbooks.restrict);
    // The council's own budget, and again that of the playbooks. A freeze draws on these as well.
    let budgets = [
        (council, &COUNCIL_BUDGET),
        (playbooks, &COUNCIL_BUDGET),
        (freezes && !council && !playbooks, &FROZEN_BUDGET),
        (stolen.observers, &FED_BUDGET),
    ];
    let sentinels = if stolen.sentinels { barriers.sentinel_seconds } else { 0 };
    let freeze = longest(&[(freezes, &FROZEN_BUDGET)]);
    // The timelock's restrictions have no budget, and the last one is made with the horizon's end: they hold throughout.
    let (of_timelock, together) = match reached {
        Reached { timelock: true, .. } => (GOVERNANCE_RESTRICTION_SECONDS, u64::MAX),
        Reached { notice: true, .. } => (NOTICE_RESTRICTION_SECONDS, u64::MAX),
        Reached { .. } => (0, unbroken(&budgets, sentinels, barriers.markets)),
    };
    let last = longest(&budgets).max(sentinels).max(of_timelock);
    // The first true price behind a lie is a move, and the rules of the price answer it: the one wait that nobody makes by himself.
    let answer = if stolen.feeders || reached.timelock { REDUCE_ONLY_BUDGET.allowance_seconds } else { 0 };
    // What keeps exits queued begins when the silence ends, or when a request is about to be mature.
    let begins = silence.max(barriers.lp_cooldown_seconds.min(seconds));
    let queued = begins.saturating_add(together).min(seconds.saturating_add(last)).saturating_add(answer);
    // Whoever has positions in several markets waits for one after the other.
    let one_by_one = unbroken(&[(freezes, &FROZEN_BUDGET)], 0, barriers.markets);
    let trader = silence.saturating_add(one_by_one).min(seconds.saturating_add(freeze));
    (silence.saturating_add(freeze), trader, queued.max(barriers.lp_cooldown_seconds))
}

/// Of these budgets that somebody may draw on, the most that one restriction draws.
fn longest(budgets: &[(bool, &BudgetRule)]) -> u64 {
    drawn(budgets).map(|budget| budget.allowance_seconds).max().unwrap_or_default()
}

/// How long these budgets of so many markets hold without a gap, with what is there `once`: as long as they are enough for all of a time,
/// in whose course those that are smaller than their window come back. For ever, where they are enough for every time.
fn unbroken(budgets: &[(bool, &BudgetRule)], once: u64, markets: u64) -> u64 {
    let mut held = 0u64;
    for _ in 0..STEPS_MAX {
        let of = |budget: &BudgetRule| {
            let windows = held.checked_div(budget.window_seconds).unwrap_or(u64::MAX).saturating_add(1);
            budget.allowance_seconds.saturating_mul(markets.max(1)).saturating_mul(windows)
        };
        let enough = drawn(budgets).map(of).fold(once, u64::saturating_add);
        if enough == held {
            return held;
        }
        held = enough;
    }
    u64::MAX
}

fn drawn<'a>(budgets: &'a [(bool, &BudgetRule)]) -> impl Iterator<Item = &'a BudgetRule> {
    budgets.iter().filter(|(may, _)| *may).map(|(_, budget)| *budget)
}

/// What playbooks send, at most: what their budgets and cool-downs allow, and what the fund's own window does. The timelock has
/// no budget but that window.
fn injected(stakes: &Stakes, barriers: &Barriers, reached: Reached, seconds: u64) -> RiskResult<Amount> {
    let mut asked = if reached.notice { stakes.first_loss } else { Amount::ZERO };
    // Bounded by the playbooks' steps.
    for injection in &barriers.playbooks.injections {
        let within_windows = injection.runs.saturating_mul(begun(injection.window_seconds, seconds));
        let runs = within_windows.min(begun(injection.cool_down_seconds, seconds));
        asked = asked.plus(Amount::from_atoms(injection.amount.atoms().saturating_mul(runs.into())))?;
    }
    if barriers.playbooks.configure_fund {
        return Ok(asked.min(stakes.first_loss));
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

/// What both of the limiter's buckets let out: their size follows what the vault still holds,
/// with what the fund has paid in.
fn outflow(held: Amount, barriers: &Barriers, seconds: u64) -> RiskResult<Amount> {
    let limits = &barriers.outflow;
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
