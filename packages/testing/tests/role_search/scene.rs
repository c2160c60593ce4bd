//! The suite that is searched, and the states that the search starts from.

use crate::faults::{self, Fault};
use crate::past::Past;
use crate::steps::{take, Kind, Step, SEATS};
use crate::view::View;
use cw_multi_test::MockApiBech32;
use firebreak_messages::circuit_breaker::{RuleConfig, RuleMode, Scope};
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::{CouncilConfig, Delays, ExecuteMsg, OperationExecuted, Sentinel, Tightening};
use firebreak_messages::RuleId;
use firebreak_risk::{Amount, Level, Size};
use firebreak_testing::*;

pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 86_400;

/// What delays are at the start, and what [`Kind::Delays`] makes of that of code.
pub const PARAMETERS: u64 = HOUR;
pub const ROLES: u64 = DAY;
pub const CODE: u64 = 3 * DAY;
pub const SHORTER_CODE: u64 = 2 * DAY;

pub const CRASH: &str = "price-crash";
pub const QUARANTINE: &str = "market-quarantine";
/// Three hours of `Frozen` everywhere, then a day of `ReduceOnly`; the outflow limiter at its floor until its undo a day later.
pub const DRAIN: &str = "pool-drain";
/// Of each playbook that changes BTC, by its second step: when its undo is due after the run, and whether a resolved incident undoes it sooner.
pub const PLAYBOOKS: [(&str, u64, bool); 2] = [(CRASH, DAY, true), (QUARANTINE, 3 * DAY, false)];

/// Share of what the vault holds that may leave in an hour and in a day, percent.
pub const HOUR_PERCENT: u128 = 5;
pub const DAY_PERCENT: u128 = 15;

/// How long after its scheduling an operation may be executed.
pub const APPROVAL: u64 = 8 * DAY;

pub const OBSERVERS: u8 = 3;

/// Where a search starts.
pub struct Scene {
    pub world: World,
    pub past: Past,
    /// BTC as it was bootstrapped, and as [`Kind::Market`] configures it.
    pub normal: MarketConfig,
    pub raised: MarketConfig,
    /// Coins of the suite.
    pub coins: u128,
}

/// Nothing has happened yet. Three playbooks are approved, a sentinel is armed, another group is named as the council, two proposers beside the DAO, three observers. The fund is
/// thin, so that anyone may step leverage down; alice is long and bob short, carl is near liquidation, and the whale has money only.
pub fn calm(fault: Option<Fault>) -> Scene {
    let proposers = [Kind::Lift.proposer(), Kind::Revoke.proposer()];
    let mut builder = World::builder()
        .setup(|setup| {
            setup.delays = Delays { parameters: PARAMETERS, roles: ROLES, code: CODE };
            setup.more_proposers =
                proposers.iter().map(|name| MockApiBech32::new("wasm").addr_make(name).into()).collect();
            setup.observers = observers(OBSERVERS);
        })
        .guard(BTC, |guard| guard.rules.push(RuleConfig::standard(RuleId::Observers, RuleMode::Enforce)))
        .vault(|vault| {
            (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(1), ratio("0.05"));
            (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(1), ratio("0.15"));
        })
        .insurance(usd(5_000))
        .trader("alice", usd(200_000))
        .trader("bob", usd(200_000))
        .trader("carl", usd(3_700))
        .trader("whale", usd(3_000_000))
        .checking(Checking::CheapOnly)
        .recording_violations();
    if let Some(fault) = fault {
        builder = builder.wrapped(fault.code(), move |inner| faults::around(inner, fault));
    }
    let mut world = builder.build();
    for (name, amount) in [("alice", "5"), ("bob", "-5"), ("carl", "1")] {
        world.open(name, BTC, size(amount)).done();
    }
    let step = Tightening { scope: Scope::All, level: Level::ReduceOnly, duration_seconds: HOUR };
    let sentinel = Sentinel { address: world.address("sentinel").into(), step: step.clone() };
    let mut calls = vec![world.call(Code::Guardian, &ExecuteMsg::SetSentinel(sentinel))];
    calls.push(world.call(Code::Guardian, &ExecuteMsg::SetPlaybook(world.template(BTC, DRAIN))));
    // Two of the three go on, so that whoever sends the council's messages sends them after the takeover too.
    let group = world.another_group(&[SEATS[0], SEATS[1], "council-3"], true).to_string();
    let council = CouncilConfig { group, ..world.council().config };
    calls.push(world.call(Code::Guardian, &ExecuteMsg::SetCouncil { council }));
    for (name, undo_after_seconds, undo_when_resolved) in PLAYBOOKS {
        let playbook = world.template(BTC, name);
        assert_eq!(
            (playbook.undo_after_seconds, playbook.undo_when_resolved),
            (undo_after_seconds, undo_when_resolved)
        );
        calls.push(world.call(Code::Guardian, &ExecuteMsg::SetPlaybook(playbook)));
    }
    assert!(world.govern(calls).done().has::<OperationExecuted>());
    world.send("sentinel", Code::Guardian, &ExecuteMsg::AcceptSentinel(step), Amount::ZERO).done();
    // Longer ago than a day the vault was empty, and what may leave is a share of the least that it held within a day.
    world.advance(2 * HOUR);
    world.refresh().done();
    let normal = world.market(BTC).config;
    let double = |cap: Size| Size::from_atoms(2 * cap.atoms());
    // As far as one step goes; the cap ramps.
    let raised = MarketConfig {
        open_interest_max: double(normal.open_interest_max),
        order_size_max: Size::from_atoms(normal.order_size_max.atoms() / 4 * 5),
        ..normal.clone()
    };
    let coins = View::of(&world).coins;
    Scene { world, past: Past::default(), normal, raised, coins }
}

/// A day and an hour into an incident: the council froze BTC for half a day and restricts it for five; it is in quarantine. The end of the
/// council's restriction, a shorter delay, higher caps and the end of a proposer were scheduled a day and an hour ago, and one member has
/// confirmed a further freeze. A second canceller accepted an hour ago.
pub fn midst(fault: Option<Fault>) -> Scene {
    let restrict = |level, seconds| Step::Restrict(Scope::Market(BTC), level, seconds);
    after(
        fault,
        &[
            Step::Schedule(Kind::Role),
            Step::Pass(DAY),
            Step::Execute(Kind::Role),
            Step::Schedule(Kind::Lift),
            Step::Schedule(Kind::Delays),
            Step::Schedule(Kind::Market),
            Step::Schedule(Kind::Revoke),
            restrict(Level::ReduceOnly, 5 * DAY),
            restrict(Level::Frozen, 12 * HOUR),
            Step::Run(QUARANTINE),
            Step::Pass(DAY),
            Step::Accept,
            Step::Pass(HOUR),
            Step::First,
        ],
    )
}

/// Two playbooks have changed one market: the crash's is due to be undone, the quarantine is half a day old. A second
/// canceller was proposed.
pub fn two_runs(fault: Option<Fault>) -> Scene {
    let half = Step::Pass(12 * HOUR);
    let proposed = [Step::Schedule(Kind::Role), Step::Pass(DAY), Step::Execute(Kind::Role)];
    after(fault, &[&proposed[..], &[Step::Run(CRASH), half, Step::Run(QUARANTINE), half]].concat())
}

fn after(fault: Option<Fault>, steps: &[Step]) -> Scene {
    let mut scene = calm(fault);
    for step in steps {
        let Scene { world, past, raised, .. } = &mut scene;
        let before = View::of(world);
        if take(world, past, raised, *step).is_none() {
            panic!("{step:?} was refused");
        }
        past.lived(&before, &View::of(world));
    }
    // Before the search nothing has left.
    scene.coins = View::of(&scene.world).coins;
    scene
}
