//! Thieves who take nothing and hold everybody up: what they do at every full hour, before anybody else.

use crate::own_feeders::named;
use crate::settlement;
use crate::stage::*;
use crate::{in_turn, observers};
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, Scope};
use firebreak_messages::guardian::{Call, ExecuteMsg, OperationExecuted, OperationScheduled, Sentinel, Tightening};
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level, Phase, Posture};
use firebreak_testing::*;

/// Whether the feeders speak, and what was begun.
#[derive(Default)]
pub struct Plot {
    pub silent: bool,
    pub begun: bool,
    pub operation: Option<OperationScheduled>,
    pub later: Option<OperationScheduled>,
}

/// How to hold up: at so many seconds of the horizon left.
pub type Hold = fn(&mut World, &mut Plot, u64);

pub const SENTINELS: [&str; 2] = ["sentinel-0", "sentinel-1"];

/// The thief's scene with two sentinels, each of which may close every market for an hour, with observers whose word holds for two, and
/// nothing that costs to hold.
pub fn guarded(names: &[&str]) -> World {
    let builder = in_turn::answering(observers::watched(still(builder())));
    let mut world = approved_in(builder.checking(Checking::CheapOnly).build(), names);
    let step = Tightening { scope: Scope::All, level: Level::ReduceOnly, duration_seconds: HOUR };
    let arm =
        |name: &&str| ExecuteMsg::SetSentinel(Sentinel { address: world.address(name).into(), step: step.clone() });
    let calls = SENTINELS.iter().map(arm).map(|msg| world.call(Code::Guardian, &msg)).collect();
    world.govern(calls).done();
    // Armed once they have accepted.
    for name in SENTINELS {
        world.send(name, Code::Guardian, &ExecuteMsg::AcceptSentinel(step.clone()), Amount::ZERO).done();
    }
    let mut world = trading(world);
    world.refresh().done();
    world
}

/// The same where nobody has approved a procedure, and there is no sentinel.
pub fn without_playbooks() -> World {
    let builder = in_turn::answering(observers::watched(still(builder())));
    let mut world = trading(builder.checking(Checking::CheapOnly).build());
    world.refresh().done();
    world
}

fn level(world: &World) -> Level {
    world.breaker_status(BTC).posture.level
}

/// The council freezes as long and as often as it may, and its playbooks too.
pub fn freeze(world: &mut World, _: &mut Plot, left: u64) {
    if left == 0 || level(world) >= Level::Frozen {
        return;
    }
    for hours in [24, 12, 6, 3, 1] {
        if world.council_restrict(Scope::All, Level::Frozen, hours * HOUR).is_done() {
            return;
        }
    }
    for name in ["pool-drain", "chain-gap"] {
        let _ = world.run_playbook(name);
    }
}

/// The council keeps exits queued: by playbooks as long as they last, by itself at last.
pub fn queue(world: &mut World, _: &mut Plot, left: u64) {
    let last = (1..=HOUR).contains(&left);
    if left == 0 || (level(world) >= Level::ReduceOnly && !last) {
        return;
    }
    // Not the one that names other feeders, who speak as well.
    for name in ["pool-drain", "market-quarantine", "chain-gap"] {
        let _ = world.run_playbook(name);
    }
    if last || level(world) < Level::ReduceOnly {
        for days in [7, 6, 5, 4, 3, 2, 1] {
            if world.council_restrict(Scope::All, Level::ReduceOnly, days * DAY).is_done() {
                return;
            }
        }
    }
}

/// Feeders who say nothing.
pub fn silence(_: &mut World, plot: &mut Plot, left: u64) {
    plot.silent = left > 0;
}

/// Silence, and exits that stay queued when it is over.
pub fn silence_and_queue(world: &mut World, plot: &mut Plot, left: u64) {
    silence(world, plot, left);
    if left <= HOUR {
        queue(world, plot, left);
    }
}

/// Silence, and a freeze when it is over.
pub fn silence_and_freeze(world: &mut World, plot: &mut Plot, left: u64) {
    silence(world, plot, left);
    if left <= HOUR {
        freeze(world, plot, left);
    }
}

/// The council, when what was asked at first is about to be mature.
pub fn queue_late(world: &mut World, plot: &mut Plot, left: u64) {
    if world.provider("lp").requests.first().is_some_and(|request| request.matures_at <= world.now()) {
        queue(world, plot, left);
    }
}

/// One after the other.
pub fn trip(world: &mut World, _: &mut Plot, left: u64) {
    for name in SENTINELS {
        if left > 0 && level(world) < Level::ReduceOnly {
            let _ = world.send(name, Code::Guardian, &ExecuteMsg::Trip {}, Amount::ZERO);
        }
    }
}

/// Sentinels first, then playbooks and the council.
pub fn trip_and_queue(world: &mut World, plot: &mut Plot, left: u64) {
    trip(world, plot, left);
    queue(world, plot, left);
}

/// The council's procedure that settles, as soon as may be.
pub fn wind_down(world: &mut World, plot: &mut Plot, left: u64) {
    if left > 0 && !plot.begun {
        settlement::at_the_true_price(world, left);
        plot.begun = true;
    }
}

/// Whom nobody cancels: feeders of her own as soon as may be, who say nothing; before that, exits queued by an hour's notice.
pub fn strangers(world: &mut World, plot: &mut Plot, left: u64) {
    if let Some(scheduled) = &plot.operation {
        if !plot.silent && world.now() >= scheduled.ready_at {
            world.execute_operation(scheduled.operation).done();
            plot.silent = true;
        }
        // The DAO's feeders are others, and speak.
        plot.silent &= left > 0;
        return;
    }
    let calls = named(world);
    plot.operation = Some(world.schedule(calls).fact());
}

/// Whom nobody cancels: no fill for a day and every exit queued for a week, after an hour's notice.
pub fn notice(world: &mut World, plot: &mut Plot, left: u64) {
    let Some(scheduled) = &plot.operation else {
        let now = world.now();
        // A little less than the budget when it is executed.
        let until = [(Level::Frozen, now + HOUR + DAY), (Level::ReduceOnly, now + 7 * DAY)];
        let call = restricting(world, &until);
        plot.operation = Some(world.schedule(vec![call]).fact());
        return;
    };
    if left > 0 && !plot.begun && world.now() >= scheduled.ready_at {
        let operation = scheduled.operation;
        world.execute_operation(operation).fact::<OperationExecuted>();
        plot.begun = true;
    }
}

/// What the timelock says of all markets: so tight until then.
pub fn restricting(world: &World, phases: &[(Level, u64)]) -> Call {
    let phases =
        phases.iter().map(|(level, until)| Phase { until: *until, posture: Posture::preset(*level) }).collect();
    let msg = BreakerMsg::Restrict { scope: Scope::All, source: Source::Governance, phases, incident: 0 };
    world.call(Code::Breaker, &msg)
}
