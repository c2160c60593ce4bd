//! Every step that anybody may try in any state, by whoever has the role. A step that is refused leads nowhere.

use crate::past::{Past, Scheduled, Started};
use crate::scene::{
    APPROVAL, CODE, CRASH, DAY, DRAIN, HOUR, OBSERVERS, PARAMETERS, PLAYBOOKS, QUARANTINE, ROLES, SHORTER_CODE,
};
use cosmwasm_std::Addr;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, ObservedSignal, RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig, ParkedId};
use firebreak_messages::guardian::{
    Call, CouncilAction, CouncilChanged, Delays, ExecuteMsg, OperationExecuted, OperationScheduled, PlaybookStarted,
    PlaybookStep, PlaybookUndone, Role, StepOutcome,
};
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level, Ratio, Rounding};
use firebreak_testing::*;

/// What is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The end of the council's restriction of BTC.
    Lift,
    /// A shorter delay of code.
    Delays,
    /// Caps of BTC twice as high.
    Market,
    /// A second canceller.
    Role,
    /// The end of the proposer that proposes the others.
    Revoke,
}

impl Kind {
    pub fn proposer(self) -> &'static str {
        match self {
            Self::Lift | Self::Delays | Self::Market | Self::Role => "proposer-1",
            Self::Revoke => "proposer-2",
        }
    }

    /// The least wait of what is scheduled now, as documented and not as the contract classifies it.
    fn delay(self, world: &World, past: &Past, raised: &MarketConfig) -> u64 {
        match self {
            // Who says of a market what is so already loosens nothing.
            Self::Market if world.market(BTC).config == *raised => PARAMETERS,
            // What loosens waits like a role, limits of a market included.
            Self::Lift | Self::Market | Self::Role | Self::Revoke => ROLES,
            // Whoever shortens a delay waits for it; who says the same again waits as for a role.
            Self::Delays if past.shortened => ROLES,
            Self::Delays => CODE,
        }
    }

    fn call(self, world: &World, raised: &MarketConfig) -> Call {
        match self {
            Self::Lift => {
                let lift = BreakerMsg::Lift { scope: Scope::Market(BTC), source: Source::Council };
                world.call(Code::Breaker, &lift)
            }
            Self::Delays => {
                let delays = Delays { parameters: PARAMETERS, roles: ROLES, code: SHORTER_CODE };
                world.call(Code::Guardian, &ExecuteMsg::SetDelays { delays })
            }
            Self::Market => world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: raised.clone() }),
            Self::Role => {
                let candidate = world.address(CANDIDATE).into();
                let msg = ExecuteMsg::ProposeRole { role: Role::Canceller, candidate, replaces: None };
                world.call(Code::Guardian, &msg)
            }
            Self::Revoke => {
                let address = world.address(Kind::Lift.proposer()).to_string();
                world.call(Code::Guardian, &ExecuteMsg::RevokeRole { role: Role::Proposer, address })
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The council, by two of its three members.
    Restrict(Scope, Level, u64),
    /// One member alone confirms an hour of `Frozen`, then another one.
    First,
    Second,
    /// The member who was first leaves the council and comes back.
    Members,
    /// The council runs a playbook.
    Run(&'static str),
    /// BTC loses four percent: the velocity rule, its signal, the playbook that waits for it.
    Crash,
    /// The sentinel.
    Trip,
    /// Anyone steps leverage down, since the fund is thin.
    ThinFund,
    /// A quorum of observers says reduce-only.
    Attest,
    /// Anyone undoes the last run of a playbook.
    Undo(&'static str),
    /// Anyone brings an incident up to date.
    Advance,
    /// The council says that the incident is over.
    Close,
    Schedule(Kind),
    /// Anyone executes the last operation of a kind, whatever became of it.
    Execute(Kind),
    Cancel(Kind),
    /// One of the two who make the other group the council together accepts.
    Seat(usize),
    /// Who was proposed as a canceller accepts; anyone makes him one.
    Accept,
    Complete,
    /// A trader takes money out, less or more than may leave in an hour; what may not is parked, and anyone collects for him what has been
    /// served.
    Withdraw(u64),
    Collect,
    /// Time passes, and the last prices are said again.
    Pass(u64),
}

/// Who accepts for the group that is named as the council: as many as its threshold wants.
pub const SEATS: [&str; 2] = ["council-0", "council-1"];

/// Who is proposed as a canceller.
pub const CANDIDATE: &str = "canceller-2";

const MARKET: Scope = Scope::Market(BTC);

pub const STEPS: [Step; 42] = [
    Step::Restrict(MARKET, Level::Guarded, 12 * HOUR),
    Step::Restrict(MARKET, Level::ReduceOnly, 5 * DAY),
    Step::Restrict(MARKET, Level::Frozen, 12 * HOUR),
    Step::Restrict(Scope::All, Level::ReduceOnly, 2 * DAY),
    Step::Restrict(Scope::All, Level::Frozen, DAY),
    Step::First,
    Step::Second,
    Step::Members,
    Step::Run(CRASH),
    Step::Run(QUARANTINE),
    Step::Run(DRAIN),
    Step::Crash,
    Step::Trip,
    Step::ThinFund,
    Step::Attest,
    Step::Undo(CRASH),
    Step::Undo(QUARANTINE),
    Step::Advance,
    Step::Close,
    Step::Schedule(Kind::Lift),
    Step::Schedule(Kind::Delays),
    Step::Schedule(Kind::Market),
    Step::Schedule(Kind::Role),
    Step::Schedule(Kind::Revoke),
    Step::Execute(Kind::Lift),
    Step::Execute(Kind::Delays),
    Step::Execute(Kind::Market),
    Step::Execute(Kind::Role),
    Step::Execute(Kind::Revoke),
    Step::Cancel(Kind::Lift),
    Step::Cancel(Kind::Market),
    Step::Seat(0),
    Step::Seat(1),
    Step::Accept,
    Step::Complete,
    Step::Withdraw(300_000),
    Step::Withdraw(600_000),
    Step::Collect,
    Step::Pass(HOUR),
    Step::Pass(12 * HOUR),
    Step::Pass(DAY),
    Step::Pass(7 * DAY),
];

/// What two members confirm one by one.
const FREEZE_SECONDS: u64 = HOUR;
/// Within which their confirmations come together.
pub const WINDOW_SECONDS: u64 = HOUR;

/// Takes a step; `None` when it is refused, or there is nothing to do it with. A refused one may have moved the world: whoever tries
/// steps goes back afterwards.
pub fn take(world: &mut World, past: &mut Past, raised: &MarketConfig, step: Step) -> Option<Outcome> {
    let before = world.now();
    let outcome = match step {
        Step::Restrict(scope, level, seconds) => {
            let outcome = world.council_restrict(scope, level, seconds).0.ok()?;
            if level >= Level::ReduceOnly {
                past.council_asked(scope, (before, before + seconds));
            }
            outcome
        }
        Step::First => confirm(world, past, "council-1")?,
        Step::Second => confirm(world, past, "council-0")?,
        Step::Members => leaves_and_comes_back(world)?,
        Step::Run(playbook) => world.run_playbook(playbook).0.ok()?,
        Step::Crash => {
            let last = world.last_price(BTC);
            world.price(BTC, last.times(Ratio::percent(96), Rounding::Floor).ok()?).0.ok()?
        }
        Step::Trip => world.send("sentinel", Code::Guardian, &ExecuteMsg::Trip {}, Amount::ZERO).0.ok()?,
        Step::ThinFund => world.send("anyone", Code::Guardian, &ExecuteMsg::StepDown {}, Amount::ZERO).0.ok()?,
        Step::Attest => attest(world)?,
        Step::Undo(playbook) => {
            let run = past.runs.iter().rev().find(|known| known.playbook == playbook)?.run;
            world.undo(run).0.ok()?
        }
        Step::Advance => {
            let incident = incident(world)?;
            world.advance_incident(incident).0.ok()?
        }
        Step::Close => {
            let incident = incident(world)?;
            world.close_incident(incident, false).0.ok()?
        }
        Step::Schedule(kind) => schedule(world, past, raised, kind)?,
        Step::Execute(kind) => {
            let operation = past.operation(kind)?.operation;
            world.execute_operation(operation).0.ok()?
        }
        Step::Cancel(kind) => {
            let operation = past.operation(kind)?.operation;
            let outcome = world.cancel_operation(operation).0.ok()?;
            past.operation_mut(kind)?.canceled = true;
            outcome
        }
        Step::Seat(seat) => {
            let outcome = world.accept_council(SEATS[seat]).0.ok()?;
            past.seats[seat] = true;
            if outcome.has::<CouncilChanged>() {
                past.vote = None;
            }
            outcome
        }
        Step::Accept => {
            let msg = ExecuteMsg::AcceptRole { role: Role::Canceller };
            let outcome = world.send(CANDIDATE, Code::Guardian, &msg, Amount::ZERO).0.ok()?;
            past.accepted = Some(before);
            outcome
        }
        Step::Complete => {
            let msg = ExecuteMsg::CompleteRole { role: Role::Canceller };
            let outcome = world.send("anyone", Code::Guardian, &msg, Amount::ZERO).0.ok()?;
            (past.accepted, past.completed) = (None, true);
            outcome
        }
        Step::Withdraw(units) => world.withdraw("whale", usd(units)).0.ok()?,
        Step::Collect => {
            let parked = ParkedId { account: world.account_id("whale"), liquidity: false };
            world.send("anyone", Code::Vault, &VaultMsg::CollectParked(parked), Amount::ZERO).0.ok()?
        }
        Step::Pass(seconds) => {
            world.advance(seconds);
            world.refresh().done()
        }
    };
    if matches!(step, Step::Restrict(..) | Step::Run(_) | Step::Close | Step::Members) {
        // Every decision of the council, and every change of its members, voids what waits.
        past.vote = None;
    }
    if let (Step::Execute(kind), true) = (step, outcome.has::<OperationExecuted>()) {
        past.operation_mut(kind)?.executed = true;
        match kind {
            Kind::Lift => {}
            Kind::Delays => past.shortened = true,
            Kind::Market => past.raised = true,
            // A new candidate, who has not accepted.
            Kind::Role => past.accepted = None,
            Kind::Revoke => past.revoked = true,
        }
    }
    note_runs(past, &outcome, before);
    Some(outcome)
}

fn confirm(world: &mut World, past: &mut Past, member: &'static str) -> Option<Outcome> {
    let action = CouncilAction::restrict(MARKET, Level::Frozen, FREEZE_SECONDS);
    let (now, nonce) = (world.now(), world.council().nonce);
    let outcome = world.confirm(member, &action, nonce).0.ok()?;
    if outcome.has::<RestrictionAdded>() {
        past.council_asked(MARKET, (now, now + FREEZE_SECONDS));
        past.vote = None;
    } else {
        past.vote = Some((member, now));
    }
    Some(outcome)
}

fn leaves_and_comes_back(world: &mut World) -> Option<Outcome> {
    let (admin, group) = (world.address("deployer"), Addr::unchecked(world.council().config.group));
    let member = world.address("council-1").to_string();
    let change = |remove: Vec<String>, add: Vec<cw4::Member>| cw4_group::msg::ExecuteMsg::UpdateMembers { remove, add };
    let leave = change(vec![member.clone()], vec![]);
    world.transact(&admin, &group, &leave, Amount::ZERO, Nature::Any).0.ok()?;
    let back = change(vec![], vec![cw4::Member { addr: member, weight: 1 }]);
    world.transact(&admin, &group, &back, Amount::ZERO, Nature::Any).0.ok()
}

fn attest(world: &mut World) -> Option<Outcome> {
    let saying = Saying { market: BTC, signal: ObservedSignal::Price, severity: 2, seconds: 300 };
    world.attest("anyone", saying, 0..OBSERVERS, sign_as_observer).0.ok()
}

/// The last open incident, of those with a run if there is any.
pub fn incident(world: &World) -> Option<u64> {
    let mut open = world.incidents();
    open.retain(|incident| incident.closed_at == 0);
    let with_run = open.iter().rev().find(|incident| incident.actions.iter().any(|action| action.run > 0));
    with_run.or(open.last()).map(|incident| incident.incident)
}

/// Unless one of the kind waits already.
fn schedule(world: &mut World, past: &mut Past, raised: &MarketConfig, kind: Kind) -> Option<Outcome> {
    if past.operation(kind).is_some_and(|known| !known.canceled && world.now() <= known.at + APPROVAL) {
        return None;
    }
    let (at, calls) = (world.now(), vec![kind.call(world, raised)]);
    let description = "a search".into();
    let msg = ExecuteMsg::Schedule { calls, not_after: at + APPROVAL, predecessor: None, description };
    let outcome = world.send(kind.proposer(), Code::Guardian, &msg, Amount::ZERO).0.ok()?;
    let operation = outcome.fact::<OperationScheduled>().operation;
    let delay = kind.delay(world, past, raised);
    past.operations.push(Scheduled { kind, operation, at, delay, canceled: false, executed: false });
    Some(outcome)
}

/// Which runs there are, and which have something to take back.
fn note_runs(past: &mut Past, outcome: &Outcome, now: u64) {
    let steps: Vec<PlaybookStep> = outcome.facts();
    let done = |run: u64| {
        steps.iter().filter(move |step| (step.run, step.undo, step.outcome) == (run, false, StepOutcome::Done))
    };
    for PlaybookStarted { playbook, run, .. } in outcome.facts() {
        // One of which nothing succeeded is as good as none.
        if done(run).next().is_none() {
            continue;
        }
        let changes = PLAYBOOKS.iter().any(|(name, ..)| *name == playbook);
        let mut is_live = changes && done(run).any(|step| step.step == 1);
        for before in past.runs.iter_mut().filter(|run| run.playbook == playbook) {
            is_live |= std::mem::take(&mut before.is_live);
        }
        past.runs.push(Started { playbook, run, at: now, is_live });
    }
    for undone in outcome.facts::<PlaybookUndone>() {
        past.runs.iter_mut().filter(|run| run.run == undone.run).for_each(|run| run.is_live = false);
    }
}
