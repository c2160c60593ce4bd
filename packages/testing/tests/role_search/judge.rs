//! What must hold after every step.
//!
//! 1. No fast role loosens: after every step but the end of a restriction by the timelock each market's posture is at least as tight as
//!    before, now and at every later time. No limit of a market is looser, but when a run is undone at its time, which gives back what the
//!    timelock decided, or when a playbook's own limits take the place of what another one's undone run has left. A cap that rises opens no
//!    faster than a quarter a day. Less than the council's threshold decides nothing.
//! 2. What waits for the timelock runs no sooner than its class says, not after its approval's end, never after it was cancelled, and not
//!    when its proposer was revoked. A role changes hands a delay after it was accepted, the council when its members have accepted.
//! 3. No more than a day of any week is frozen, what is in force for the days to come included; left alone, every state is normal again
//!    within a week.
//! 6. No more coins leave than two buckets of what the vault held let out.
//! 7. Liquidation waits nowhere but at `Frozen`.
//!
//! 4 and 5 need steps of their own ([`crate::goes_on`]).

use crate::past::{covered, Past, Span};
use crate::scene::{
    Scene, APPROVAL, CODE, DAY, DAY_PERCENT, HOUR, HOUR_PERCENT, PARAMETERS, PLAYBOOKS, ROLES, SHORTER_CODE,
};
use crate::steps::{Kind, Step, CANDIDATE, WINDOW_SECONDS};
use crate::view::{View, MARKETS};
use firebreak_messages::circuit_breaker::{RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::{Delays, OperationExecuted, OperationFailed, PlaybookStarted, PlaybookStep};
use firebreak_messages::Source;
use firebreak_risk::{Level, LiquidationAccess};
use firebreak_testing::*;

/// A step from one state to another, and what was known of each.
pub struct Move<'a> {
    pub step: Step,
    pub outcome: &'a Outcome,
    pub before: &'a View,
    pub past: &'a Past,
    pub after: &'a View,
    pub now_past: &'a Past,
}

pub fn judge(scene: &Scene, taken: Move) -> Result<(), String> {
    timelock(&taken)?;
    votes(&taken)?;
    council(&taken)?;
    postures(&taken)?;
    limits(scene, &taken)?;
    delays(&taken)?;
    roles(scene, &taken)?;
    frozen(&taken)?;
    ends(&taken)?;
    outflow(scene, &taken)
}

fn executed(taken: &Move) -> Option<Kind> {
    match taken.step {
        Step::Execute(kind) if taken.outcome.has::<OperationExecuted>() => Some(kind),
        _ => None,
    }
}

fn timelock(taken: &Move) -> Result<(), String> {
    let Step::Execute(kind) = taken.step else { return Ok(()) };
    let operation = taken.past.operation(kind).ok_or("2: an operation that nobody scheduled")?;
    let waited = taken.before.now - operation.at;
    if operation.canceled {
        return Err("2: an operation ran after it was cancelled".into());
    }
    if waited < operation.delay {
        return Err(format!("2: an operation ran {waited} s after it was scheduled, before {} s", operation.delay));
    }
    if waited > APPROVAL {
        return Err(format!("2: an operation ran {waited} s after it was scheduled, after {APPROVAL} s"));
    }
    if taken.past.revoked && kind.proposer() == Kind::Lift.proposer() {
        return Err("2: an operation of a proposer who is none any more ran".into());
    }
    // Nobody is proposed for what he holds, and nobody revoked who is none any more.
    let is_so = (kind == Kind::Role && taken.past.completed) || (kind == Kind::Revoke && taken.past.revoked);
    if taken.outcome.has::<OperationFailed>() && !is_so {
        return Err("4: an operation that was due failed".into());
    }
    Ok(())
}

fn votes(taken: &Move) -> Result<(), String> {
    let member = match taken.step {
        Step::First => "council-1",
        Step::Second => "council-0",
        _ => return Ok(()),
    };
    let another = taken.past.vote.is_some_and(|(other, at)| other != member && taken.before.now < at + WINDOW_SECONDS);
    match (taken.outcome.has::<RestrictionAdded>(), another) {
        (true, false) => Err("1: less than the council's threshold decided".into()),
        (false, true) => Err("4: the council's threshold decided nothing".into()),
        (true, true) | (false, false) => Ok(()),
    }
}

/// another group is the council when as many of its members have accepted as its threshold wants, at once and not before.
fn council(taken: &Move) -> Result<(), String> {
    let decides = matches!(taken.step, Step::Seat(_)) && taken.now_past.seats == [true; 2];
    match (taken.before.council != taken.after.council, decides) {
        (true, false) => Err("1: another council took over before its members had accepted".into()),
        (false, true) => Err("4: a council that its members have accepted is none".into()),
        (true, true) | (false, false) => Ok(()),
    }
}

fn postures(taken: &Move) -> Result<(), String> {
    let lifted = executed(taken) == Some(Kind::Lift);
    let floor = match lifted {
        true => taken.before.without(Scope::Market(BTC), Source::Council),
        false => taken.before.clone(),
    };
    let turns = floor.turns().into_iter().chain(taken.after.turns());
    for at in turns.filter(|at| *at >= taken.after.now) {
        for (index, market) in MARKETS.iter().enumerate() {
            let (was, is) = (floor.posture(index, at), taken.after.posture(index, at));
            if !is.is_at_least_as_tight_as(was) {
                let later = at - taken.after.now;
                return Err(format!("1: market {market} is looser {later} s later: {} after {}", is.level, was.level));
            }
            // nobody but who freezes makes liquidation wait, and that is bounded (3).
            if is.liquidation == LiquidationAccess::Waits && is.level < Level::Frozen {
                return Err(format!("7: liquidation waits at {}", is.level));
            }
        }
    }
    Ok(())
}

fn is_looser(was: &MarketConfig, is: &MarketConfig) -> bool {
    is.open_interest_max > was.open_interest_max
        || is.skew_max > was.skew_max
        || is.order_size_max > was.order_size_max
        || is.account_share_max > was.account_share_max
        || is.pool_loss_max > was.pool_loss_max
        || is.insurance_ratio_min < was.insurance_ratio_min
}

/// All but the limits above, which playbooks may set.
fn without_limits(config: &MarketConfig, of: &MarketConfig) -> MarketConfig {
    MarketConfig {
        open_interest_max: of.open_interest_max,
        skew_max: of.skew_max,
        order_size_max: of.order_size_max,
        account_share_max: of.account_share_max,
        pool_loss_max: of.pool_loss_max,
        insurance_ratio_min: of.insurance_ratio_min,
        // A procedure that bars exposure asks for the most rounds behind a gap too.
        gap_rounds: of.gap_rounds,
        ..config.clone()
    }
}

fn limits(scene: &Scene, taken: &Move) -> Result<(), String> {
    let (before, after) = (taken.before, taken.after);
    for (index, market) in MARKETS.iter().enumerate() {
        let (was, is) = (&before.configs[index], &after.configs[index]);
        // what is configured opens a quarter a day, whoever configured it.
        let (most, seconds) = (is.open_interest_max.max(was.open_interest_max), (after.now - before.now) as i128);
        let ramp = most.atoms() / 4 * seconds / DAY as i128 + most.atoms() / 10_000;
        if after.caps[index].atoms() > before.caps[index].atoms() + ramp {
            return Err(format!("1: the cap of market {market} jumped"));
        }
        if executed(taken) == Some(Kind::Market) && index == 0 {
            continue;
        }
        if without_limits(is, was) != *was {
            return Err(format!("1: more than the limits of market {market} changed"));
        }
        if is_looser(was, is) {
            undone_in_time(scene, taken, index)?;
        }
    }
    Ok(())
}

/// A market may be looser after a step when that undid what playbooks had changed, all of it, at its time.
fn undone_in_time(scene: &Scene, taken: &Move, index: usize) -> Result<(), String> {
    let loosened = |why: &str| Err(format!("1: the limits of market {} are looser: {why}", MARKETS[index]));
    let decided = if taken.past.raised { &scene.raised } else { &scene.normal };
    let live = || taken.past.runs.iter().filter(|run| run.is_live);
    if let Some(PlaybookStarted { playbook, .. }) = taken.outcome.facts().pop() {
        // What another one had closed further was to be undone meanwhile, which was left to this one's undo.
        return match live().find(|run| run.playbook != playbook) {
            Some(run) => loosened(&format!("{} does what {} holds", playbook, run.playbook)),
            None if index != 0 || is_looser(decided, &taken.after.configs[index]) => loosened("by a run"),
            None => Ok(()),
        };
    }
    if index != 0 || !taken.outcome.facts::<PlaybookStep>().iter().any(|step| step.undo) {
        return loosened("nothing was undone");
    }
    if taken.after.configs[index] != *decided {
        return loosened("other ones than the timelock decided");
    }
    let now = taken.before.now;
    // The step down for a thin fund, which anyone renews, keeps no incident open.
    let thin = taken.before.without(Scope::All, Source::Procedure);
    let is_quiet = taken.before.level(index, now) <= Level::Guarded && thin.level(index, now) == Level::Normal;
    let resolved = taken.step == Step::Close && is_quiet;
    for run in live() {
        let known = PLAYBOOKS.iter().find(|(name, ..)| *name == run.playbook);
        let (_, seconds, when_resolved) = known.ok_or("1: a playbook that nobody approved ran")?;
        if now < run.at + seconds && !(resolved && *when_resolved) {
            return loosened("a run was undone before its time");
        }
    }
    Ok(())
}

fn delays(taken: &Move) -> Result<(), String> {
    let code = if taken.now_past.shortened { SHORTER_CODE } else { CODE };
    if taken.after.delays == (Delays { parameters: PARAMETERS, roles: ROLES, code }) {
        return Ok(());
    }
    Err("1: delays changed without the timelock".into())
}

/// a role changes hands a delay after whoever gets it has accepted, and ends by the timelock's word.
fn roles(scene: &Scene, taken: &Move) -> Result<(), String> {
    let (before, after) = (taken.before, taken.after);
    let address = |name| scene.world.address(name).to_string();
    let (mut proposers, mut cancellers) = (before.proposers.clone(), before.cancellers.clone());
    if executed(taken) == Some(Kind::Revoke) {
        proposers.retain(|holder| *holder != address(Kind::Lift.proposer()));
    }
    if taken.step == Step::Complete {
        let waited = taken.past.accepted.map(|at| before.now - at);
        if waited.is_none_or(|waited| waited < ROLES) {
            return Err(format!("2: a role was taken {waited:?} s after it was accepted, before {ROLES} s"));
        }
        cancellers.push(address(CANDIDATE));
    }
    if (proposers, cancellers) == (after.proposers.clone(), after.cancellers.clone()) {
        return Ok(());
    }
    Err("1: not those hold a role who should".into())
}

/// The worst week that touches the spans, seconds.
fn worst_week(spans: &[Span]) -> u64 {
    let weeks = spans.iter().flat_map(|(from, to)| [(*from, from + 7 * DAY), (to.saturating_sub(7 * DAY), *to)]);
    weeks.map(|week| covered(spans, week)).max().unwrap_or(0)
}

fn frozen(taken: &Move) -> Result<(), String> {
    let (now, end) = (taken.after.now, taken.after.end());
    for (index, market) in MARKETS.iter().enumerate() {
        let mut spans = taken.now_past.frozen[index].clone();
        if now < end {
            spans.extend(taken.after.frozen(index, now, end));
        }
        let seconds = worst_week(&spans);
        if seconds > DAY {
            return Err(format!("3: {seconds} s of a week are frozen in market {market}"));
        }
    }
    Ok(())
}

fn ends(taken: &Move) -> Result<(), String> {
    let end = taken.after.end();
    if end > taken.after.now + 7 * DAY {
        return Err(format!("3: left alone it is not normal within a week, but in {} s", end - taken.after.now));
    }
    match (0..MARKETS.len()).find(|index| taken.after.level(*index, end) != Level::Normal) {
        Some(index) => Err(format!("3: left alone market {} never is normal", MARKETS[index])),
        None => Ok(()),
    }
}

/// of what the vault held traders' own part, the shared one and the reserve, each bucket full at the start and refilled since.
fn outflow(scene: &Scene, taken: &Move) -> Result<(), String> {
    let all = &taken.now_past.left;
    for (first, (since, _)) in all.iter().enumerate() {
        let sum: u128 = all[first..].iter().map(|(_, left)| left).sum();
        for (percent, period) in [(HOUR_PERCENT, HOUR), (DAY_PERCENT, DAY)] {
            let full = scene.coins * percent / 100 * 60 / 100;
            let most = full + full * u128::from(taken.before.now - since) / u128::from(period);
            if sum > most {
                return Err(format!("6: {sum} left, {most} may within {period} s"));
            }
        }
    }
    Ok(())
}
