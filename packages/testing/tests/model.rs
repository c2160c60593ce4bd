//! The guardian's roles and the lattice of restrictions, explored exhaustively to a stated depth: every order in which the
//! roles may act and time may pass, for one market. `role_search` does the same with the contracts themselves, a step less deep.
//!
//! The states are abstract (slots, budgets, one scheduled lift), what moves them is not: `risk`'s own `merge_phases`,
//! `phase_at`, `Posture::join` and `TimeBudget::grant` under the breaker's own budgets, and the delay that the guardian's own
//! classification gives to a lift. Checked on the way:
//!
//! 1. no fast role loosens: after its step the posture is, at every later time, at least as tight as before;
//! 2. a lift comes no sooner than the delay of its class after it was scheduled, and none after a cancel;
//! 3. no permanent freeze: in no state are more than 24 h of any 7 days frozen, and left alone every state is normal again
//!    within 7 days;
//! 4. no wedge: from every state time alone, or a lift, leads to normal;
//! 5. no gap in coverage: in every state the council can reach at least `Guarded` at once, whatever others have spent.
//!
//! All of it in every state, none sampled. Each of the steps is taken on some path of four (asserted), from the one start, where nothing is
//! restricted; a lift, which takes three steps to its end, so is met by one step of others at most.

use firebreak_circuit_breaker::state::{COUNCIL_BUDGET, FROZEN_BUDGET};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::guardian::{ClassOfResponse, QueryMsg};
use firebreak_messages::Source;
use firebreak_risk::{merge_phases, phase_at, BudgetRule, Level, Phase, Posture, TimeBudget};
use firebreak_testing::*;
use std::collections::{HashSet, VecDeque};

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const START: u64 = 1_700_000_000 / DAY * DAY;
/// Steps from the first state.
const DEPTH: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Restrict(Source, Level, u64),
    /// A proposer schedules the end of a source's restriction.
    Schedule(Source),
    Execute,
    Cancel,
    Pass(u64),
}

/// Every step that anybody may try in any state.
const STEPS: [Step; 14] = [
    Step::Restrict(Source::Council, Level::Guarded, 12 * HOUR),
    Step::Restrict(Source::Council, Level::ReduceOnly, 2 * DAY),
    Step::Restrict(Source::Council, Level::Frozen, 12 * HOUR),
    Step::Restrict(Source::Council, Level::Frozen, 24 * HOUR),
    Step::Restrict(Source::Procedure, Level::Frozen, 12 * HOUR),
    Step::Restrict(Source::Procedure, Level::ReduceOnly, HOUR),
    Step::Restrict(Source::Velocity, Level::ReduceOnly, HOUR),
    Step::Schedule(Source::Council),
    Step::Schedule(Source::Procedure),
    Step::Execute,
    Step::Cancel,
    Step::Pass(HOUR),
    Step::Pass(12 * HOUR),
    Step::Pass(DAY),
];

#[derive(Debug, Clone, Default)]
struct State {
    now: u64,
    /// One slot for each source.
    slots: Vec<(Source, Vec<Phase>)>,
    frozen: TimeBudget,
    council: TimeBudget,
    procedure: TimeBudget,
    /// The scheduled lift, and when it was scheduled.
    lift: Option<(Source, u64)>,
    /// When time was frozen, hour by hour: what the budget is compared with.
    frozen_hours: Vec<u64>,
}

/// What the search may be told to get wrong, to see that it would notice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    /// A source's new restriction takes the place of its old one instead of joining it.
    Replaces,
    /// A lift waits as long as a parameter.
    QuickLift,
    /// A freeze is not counted.
    NoBudget,
    /// The council's milder restrictions draw on the budget of the freezes.
    OneBudgetForAll,
}

struct Model {
    lift_delay: u64,
    /// What a lift really waits in the model; another figure is the seeded bug.
    lift_waits: u64,
    bug: Bug,
}

impl State {
    fn posture(&self, at: u64) -> Posture {
        let active = self.slots.iter().filter_map(|(_, phases)| phase_at(phases, at));
        active.fold(Posture::NORMAL, |joined, phase| joined.join(phase.posture))
    }
    /// The times at which anything changes, from now on.
    fn turns(&self) -> Vec<u64> {
        let ends = self.slots.iter().flat_map(|(_, phases)| phases.iter().map(|phase| phase.until));
        let mut turns: Vec<u64> = ends.filter(|end| *end > self.now).chain([self.now]).collect();
        turns.sort_unstable();
        turns
    }
}

impl Model {
    /// The state after a step; `None` when the step is refused.
    fn step(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        let now = state.now;
        match step {
            Step::Restrict(source, level, seconds) => {
                let end = now + seconds;
                let spend = |budget: &mut TimeBudget, rule: &BudgetRule| {
                    let grant = budget.grant(rule, now, end).unwrap();
                    let whole = grant.until >= end;
                    *budget = grant.budget;
                    whole
                };
                let counted = level == Level::Frozen || self.bug == Bug::OneBudgetForAll;
                if counted && self.bug != Bug::NoBudget && !spend(&mut next.frozen, &FROZEN_BUDGET) {
                    return None;
                }
                let within = match source {
                    _ if level < Level::ReduceOnly => true,
                    Source::Council => spend(&mut next.council, &COUNCIL_BUDGET),
                    Source::Procedure => spend(&mut next.procedure, &COUNCIL_BUDGET),
                    _ => true,
                };
                if !within {
                    return None;
                }
                let phase = vec![Phase { until: end, posture: Posture::preset(level) }];
                match next.slots.iter_mut().find(|(of, _)| *of == source) {
                    Some((_, phases)) if self.bug == Bug::Replaces => *phases = phase,
                    Some((_, phases)) => *phases = merge_phases(phases, &phase, now),
                    None => {
                        next.slots.push((source, phase));
                        next.slots.sort_by_key(|(source, _)| *source);
                    }
                }
            }
            Step::Schedule(source) => match state.lift {
                None => next.lift = Some((source, now)),
                Some(_) => return None,
            },
            Step::Execute => {
                let (source, scheduled_at) = state.lift?;
                if now < scheduled_at + self.lift_waits {
                    return None;
                }
                next.slots.retain(|(of, _)| *of != source);
                next.lift = None;
            }
            Step::Cancel => {
                state.lift?;
                next.lift = None;
            }
            Step::Pass(seconds) => {
                let end = now + seconds;
                let mut hour = now;
                while hour < end {
                    if state.posture(hour).level >= Level::Frozen {
                        next.frozen_hours.push(hour);
                    }
                    hour += HOUR;
                }
                next.now = end;
                next.frozen_hours.retain(|hour| hour + 7 * DAY > end);
                next.slots.retain(|(_, phases)| phase_at(phases, end).is_some());
                // Phases that have ended are history: the same future is the same state.
                for (_, phases) in &mut next.slots {
                    phases.retain(|phase| phase.until > end);
                }
            }
        }
        Some(next)
    }

    /// What a step from one state to another must not do.
    fn judge(&self, before: &State, step: Step, after: &State) -> Result<(), String> {
        let fails = |what: &str| Err(format!("{what}: {step:?} at {} h", (before.now - START) / HOUR));
        match step {
            Step::Restrict(..) | Step::Schedule(_) | Step::Cancel => {
                let turns = before.turns().into_iter().chain(after.turns());
                for at in turns {
                    if !after.posture(at).is_at_least_as_tight_as(before.posture(at)) {
                        return fails("1: a fast role loosened");
                    }
                }
            }
            Step::Execute => {
                let early = before.lift.is_none_or(|(_, at)| before.now < at + self.lift_delay);
                if early {
                    return fails("2: a lift came too soon");
                }
            }
            Step::Pass(_) => {}
        }
        // A budget counts by the hour at most once more at each edge of its buckets, never less.
        if after.frozen_hours.len() as u64 > FROZEN_BUDGET.allowance_seconds / HOUR {
            return fails("3: more than a day of the week was frozen");
        }
        if after.posture(after.now + 7 * DAY + 1) != Posture::NORMAL {
            return fails("3, 4: left alone it does not become normal again");
        }
        let guarded = Step::Restrict(Source::Council, Level::Guarded, 12 * HOUR);
        let covered = self.step(after, guarded).is_some_and(|next| next.posture(next.now).level >= Level::Guarded);
        if !covered {
            return fails("5: the council cannot act");
        }
        Ok(())
    }

    /// Breadth first, so that what is found is the shortest way to it.
    fn explore(&self) -> Result<(usize, [usize; STEPS.len()]), String> {
        let first = State { now: START, ..State::default() };
        let (mut seen, mut queue) = (HashSet::new(), VecDeque::from([(first, 0usize)]));
        let mut taken = [0; STEPS.len()];
        while let Some((state, depth)) = queue.pop_front() {
            if depth == DEPTH {
                continue;
            }
            for (index, step) in STEPS.into_iter().enumerate() {
                let Some(next) = self.step(&state, step) else { continue };
                taken[index] += 1;
                self.judge(&state, step, &next)?;
                if seen.insert(fingerprint(&next)) {
                    queue.push_back((next, depth + 1));
                }
            }
        }
        Ok((seen.len(), taken))
    }
}

/// Two independent hashes of the whole state: a collision of both would hide a state.
fn fingerprint(state: &State) -> (u64, u64) {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let text = format!("{state:?}");
    let hash = |salt: u64| {
        let mut hasher = DefaultHasher::new();
        (salt, &text).hash(&mut hasher);
        hasher.finish()
    };
    (hash(1), hash(2))
}

/// The model with the delays of the guardian's own classification.
fn model(bug: Bug) -> Model {
    let world = World::builder().idle().build();
    let lift = world.call(Code::Breaker, &BreakerMsg::Lift { scope: Scope::Market(BTC), source: Source::Council });
    let class: ClassOfResponse = world.query(Code::Guardian, &QueryMsg::ClassOf { call: lift });
    let lift_waits = if bug == Bug::QuickLift { world.setup().delays.parameters } else { class.delay_seconds };
    Model { lift_delay: class.delay_seconds, lift_waits, bug }
}

//
#[test]
fn no_order_of_steps_loosens_fast_freezes_for_ever_wedges_or_leaves_a_gap() {
    let (states, taken) = model(Bug::None).explore().unwrap();
    let transitions: usize = taken.iter().sum();
    println!("{states} states, {transitions} transitions, {} steps, depth {DEPTH}: {taken:?}", STEPS.len());
    assert!(states > 1_000, "{states}");
    // Each step is within reach. A search whose steps were refused would show nothing.
    assert!(taken.iter().all(|times| *times > 0), "{taken:?}");
}

#[test]
fn a_seeded_bug_is_found() {
    for (bug, wanted) in [
        (Bug::Replaces, "1: a fast role loosened"),
        (Bug::QuickLift, "2: a lift came too soon"),
        (Bug::NoBudget, "3: more than a day of the week was frozen"),
        (Bug::OneBudgetForAll, "5: the council cannot act"),
    ] {
        let found = model(bug).explore().unwrap_err();
        println!("{found}");
        assert!(found.starts_with(wanted), "{found}");
    }
}
