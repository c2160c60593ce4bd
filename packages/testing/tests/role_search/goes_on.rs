//! What must be possible from a state, found out by doing it.
//!
//! 4. No wedge: reduce orders are taken, and filled unless the market is frozen; when the restrictions have ended, the timelock still runs what is
//!    scheduled, the council still decides, a provider of liquidity still leaves.
//! 5. No gap in coverage: a market is reduce-only already, or the council can make it so at once, or a rule still does. Whoever else has
//!    restricted, the council can as long as it has an hour of its own seven days left.
//! 7. An account below its maintenance margin is liquidated, unless the market is frozen or was in the last ten minutes.

use crate::past::{covered, Past};
use crate::scene::{Scene, DAY, HOUR};
use crate::steps::{take, Kind, Step};
use crate::view::View;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, OrderFilled, PositionLiquidated};
use firebreak_messages::guardian::{ExecuteMsg, OperationExecuted, OperationScheduled};
use firebreak_risk::{Amount, Level, PoolShares};
use firebreak_testing::*;

/// What the council may ask for in 28 days; no path is as long.
const COUNCIL_SECONDS: u64 = 7 * DAY;
const GRACE_SECONDS: u64 = 600;

/// How a state is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    Already,
    Council,
    Rule,
}

/// Moves the world.
pub fn covers(scene: &mut Scene, view: &View, past: &mut Past) -> Result<Cover, String> {
    let now = view.now;
    if view.level(0, now) >= Level::ReduceOnly {
        return Ok(Cover::Already);
    }
    let ask = Step::Restrict(Scope::Market(BTC), Level::ReduceOnly, HOUR);
    let spent = covered(&past.council[0], (0, u64::MAX));
    let world = &mut scene.world;
    let decided =
        take(world, past, &scene.raised, ask).is_some() && world.effective(BTC).posture.level >= Level::ReduceOnly;
    if decided {
        return Ok(Cover::Council);
    }
    if spent + HOUR <= COUNCIL_SECONDS {
        return Err(format!("5: the council cannot act, of whose seven days {spent} s are spent"));
    }
    let tripped = take(world, past, &scene.raised, Step::Crash).is_some();
    if tripped && world.effective(BTC).posture.level >= Level::ReduceOnly {
        return Ok(Cover::Rule);
    }
    Err("5: neither the council nor a rule can restrict".into())
}

/// Moves the world, by days.
pub fn goes_on(scene: &mut Scene, past: &Past) -> Result<(), String> {
    let normal = if past.raised { scene.raised.clone() } else { scene.normal.clone() };
    let world = &mut scene.world;
    let stuck = |what: &'static str| move |refusal: Refusal| format!("4: {what}: {refusal}");
    world.refresh().0.map_err(stuck("prices"))?;
    let is_frozen = |world: &World| world.effective(BTC).posture.level >= Level::Frozen;
    let was_frozen = past.frozen[0].iter().any(|(_, until)| until + GRACE_SECONDS > world.now());
    world.place_reduce("alice", BTC, size("-0.1")).0.map_err(stuck("a reduce order"))?;
    if !is_frozen(world) {
        world.advance(world.setup().vault.order_delay_seconds);
        world.refresh().0.map_err(stuck("prices"))?;
        let filled = world.execute(BTC).0.map_err(stuck("an execution"))?;
        if !is_frozen(world) && !filled.has::<OrderFilled>() {
            return Err("4: a reduce order is not filled".into());
        }
    }
    if !was_frozen && !is_frozen(world) {
        liquidates(world)?;
    }
    let end = View::of(world).end();
    world.advance_to(end);
    world.refresh().0.map_err(stuck("prices"))?;
    if world.effective(BTC).posture.level != Level::Normal {
        return Err(format!("4: {} when every restriction has ended", world.effective(BTC).posture.level));
    }
    // The timelock.
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: normal });
    let (not_after, description) = (world.now() + 20 * DAY, "goes on".into());
    let msg = ExecuteMsg::Schedule { calls: vec![call], not_after, predecessor: None, description };
    let scheduled = world.send(Kind::Revoke.proposer(), Code::Guardian, &msg, Amount::ZERO).0;
    let scheduled: OperationScheduled = scheduled.map_err(stuck("a schedule"))?.fact();
    world.advance_to(scheduled.ready_at);
    world.refresh().0.map_err(stuck("prices"))?;
    let executed = world.execute_operation(scheduled.operation).0.map_err(stuck("an operation"))?;
    if !executed.has::<OperationExecuted>() {
        return Err("4: an operation that is due failed".into());
    }
    // The council.
    world.council_restrict(Scope::Market(BTC), Level::Guarded, 60).0.map_err(stuck("the council"))?;
    world.advance(60);
    world.refresh().0.map_err(stuck("prices"))?;
    // A way out.
    let (held, shares) = (world.balance("lp"), world.provider("lp").shares);
    let part = PoolShares::from_atoms(shares.atoms() / 10_000);
    world.leave_pool("lp", part).0.map_err(stuck("a provider's exit"))?;
    if world.balance("lp") <= held {
        return Err("4: a provider of liquidity is not paid".into());
    }
    Ok(())
}

/// BTC falls until carl is below maintenance margin, and anyone liquidates him.
fn liquidates(world: &mut World) -> Result<(), String> {
    let fall = |world: &mut World| {
        let (mut past, raised) = (Past::default(), world.market(BTC).config);
        take(world, &mut past, &raised, Step::Crash).map(|_| ())
    };
    for _ in 0..2 {
        if !world.account("carl").liquidatable {
            fall(world).ok_or("4: no price is taken")?;
        }
    }
    // A crash's procedure asks for as many rounds behind a gap.
    for _ in 0..6 {
        match world.liquidate("carl").0 {
            Ok(outcome) if outcome.has::<PositionLiquidated>() => return Ok(()),
            Ok(_) => {}
            Err(refusal) => return Err(format!("7: a liquidation is refused: {refusal}")),
        }
        world.advance(10);
        world.refresh().0.map_err(|refusal| format!("4: prices: {refusal}"))?;
    }
    Err("7: an account below its margin is not liquidated".into())
}
