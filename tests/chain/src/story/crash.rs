//! Bitcoin falls by 5 % within half a minute. The breaker restricts its market by itself: nobody opens, everybody leaves,
//! and the other market goes on.

use super::scene::{order_of, the, Scene};
use cosmwasm_std::Event;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::circuit_breaker::{LevelText, RestrictionAdded, Scope};
use firebreak_messages::derivatives_vault::{DropReason, OrderDropped, OrderFilled, OrderSkipped};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::IncidentOpened;
use firebreak_messages::{Action, Reason, RuleId, Source};
use firebreak_risk::Level;
use firebreak_testing::{price, ratio, size, BTC, ETH};

pub fn tell(scene: &mut Scene) {
    scene.advance(20);
    // Placed before the fall: the prices that fill them come after it.
    scene.place("alice", BTC, "0.1", "60300");
    scene.place("bob", BTC, "0.1", "60300");
    scene.advance(10);
    let events = scene.price("57000", "3000");
    the_breaker_restricts(scene, &events);
    nobody_opens(scene);
    scene.place_reduce("alice", BTC, "-0.5", "50000");
    scene.place("alice", ETH, "1", "3015");
    scene.advance(10);
    scene.price("57000", "3000");
    everybody_leaves(scene);
    the_other_market_goes_on(scene);
}

fn the_breaker_restricts(scene: &Scene, events: &[Event]) {
    let tripped = super::enforced(events);
    let found: Vec<_> = tripped.iter().map(|trip| (trip.market, trip.rule, trip.moved, trip.level.0)).collect();
    // 5 % is twice the maintenance margin of 2.5 %.
    let wanted = [RuleId::Band, RuleId::Velocity].map(|rule| (BTC, rule, ratio("2"), Level::ReduceOnly));
    assert_eq!(found, wanted);
    // 300 s reduce-only, then 300 s with a quarter and 300 s with half of the order size.
    let added = RestrictionAdded::all(events);
    let now = scene.now();
    let wanted = [(Source::Band, Level::Normal), (Source::Velocity, Level::ReduceOnly)].map(|(source, before)| {
        RestrictionAdded {
            scope: Scope::Market(BTC),
            source,
            level_before: LevelText(before),
            level: LevelText(Level::ReduceOnly),
            until: now + 300,
            ends_at: now + 900,
            incident: 0,
        }
    });
    assert_eq!(added, wanted);
    let opened = the::<IncidentOpened>(events);
    assert_eq!((opened.incident, opened.scope, opened.detected_at), (1, Scope::Market(BTC), now));

    let effective = scene.reads().status(BTC).effective;
    assert_eq!((effective.posture.level, effective.reason), (Level::ReduceOnly, Some(Reason::Band)));
    assert_eq!(scene.reads().status(ETH).effective.posture.level, Level::Normal);
    let [incident] = scene.reads().incidents().try_into().unwrap_or_else(|found| panic!("{found:?}"));
    assert_eq!((incident.market, incident.contained_at, incident.level_max), (Some(BTC), now, Level::ReduceOnly));
}

fn nobody_opens(scene: &mut Scene) {
    let refusal = ContractError::Restricted {
        action: Action::IncreaseExposure,
        level: Level::ReduceOnly,
        reason: Reason::Band,
        since: scene.now(),
        until: scene.now() + 300,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    };
    scene.refused("alice", order_of(BTC, "0.1", "57300", false)).with(refusal);
}

fn everybody_leaves(scene: &mut Scene) {
    let events = scene.execute(BTC);
    // Alice's reduce order has been filled at another round than the one of her other order: two prices of one block do not
    // both serve her.
    let skipped = the::<OrderSkipped>(&events);
    assert_eq!((skipped.account, skipped.reason), (scene.account("alice"), DropReason::AnotherPrice));
    let filled: Vec<_> = OrderFilled::all(&events)
        .into_iter()
        .map(|filled| (filled.account, filled.size, filled.size_after, filled.fill_price))
        .collect();
    // Reduce orders come first. Bob's order said nothing of reducing, and yet it only reduces: it is filled too.
    // 57000 * (1 + (skew + size / 2) / 50000) at a skew of 2 and 1.5.
    let wanted = [
        (scene.account("alice"), size("-0.5"), size("0.5"), price("57001.995")),
        (scene.account("bob"), size("0.1"), size("-0.4"), price("57001.767")),
    ];
    assert_eq!(filled, wanted);
    let dropped = the::<OrderDropped>(&scene.execute(BTC));
    assert_eq!((dropped.account, dropped.reason), (scene.account("alice"), DropReason::Restricted));
}

fn the_other_market_goes_on(scene: &mut Scene) {
    let filled = the::<OrderFilled>(&scene.execute(ETH));
    assert_eq!((filled.account, filled.size_after), (scene.account("alice"), size("1")));
}
