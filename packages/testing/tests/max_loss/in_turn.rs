//! Thieves who hold up one market behind the other, each of which has budgets of its own, and those whose last word outlasts their time by far.

use crate::freeze::{restricting, silence, Plot};
use crate::observers;
use crate::stage::*;
use firebreak_messages::circuit_breaker::{RuleConfig, RuleMode, Scope};
use firebreak_messages::guardian::OperationExecuted;
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::Level;
use firebreak_testing::*;

const MARKETS: [MarketId; 2] = [BTC, ETH];

/// Who trades in both waits for both; and where nobody trades, no provider waits.
pub fn in_both(mut world: World) -> World {
    for (name, amount) in [("alice", "10"), ("bob", "-10")] {
        world.open(name, ETH, size(amount)).done();
    }
    world
}

/// Where the rules of the price, and the observers', answer for as long as the budget of all has.
pub fn answering(world: WorldBuilder) -> WorldBuilder {
    MARKETS.into_iter().fold(world, |builder, market| {
        builder
            .guard(market, |guard| guard.rules.iter_mut().filter(|rule| rule.mode == RuleMode::Enforce).for_each(long))
    })
}

fn long(rule: &mut RuleConfig) {
    let seconds = if rule.rule == RuleId::Observers { 2 * HOUR } else { 6 * HOUR };
    rule.extension_max_seconds = seconds;
    rule.ladder.iter_mut().for_each(|step| step.duration_seconds = seconds);
}

/// For ten minutes yet: nobody gets out between the end of one market's and the beginning of another's.
fn held(world: &World, level_min: Level) -> bool {
    MARKETS
        .into_iter()
        .map(|market| world.effective(market))
        .any(|effective| effective.posture.level >= level_min && effective.until > world.now() + HOUR / 6)
}

/// The council: a day of one market, then a day of the other.
pub fn freeze(world: &mut World, _: &mut Plot, left: u64) {
    if left == 0 || held(world, Level::Frozen) {
        return;
    }
    for market in MARKETS {
        if world.council_restrict(Scope::Market(market), Level::Frozen, DAY).is_done() {
            return;
        }
    }
}

/// The council: a week of one market at once, and of the other with the horizon's end.
pub fn queue(world: &mut World, plot: &mut Plot, left: u64) {
    if left == 0 || (plot.begun && left > HOUR) {
        return;
    }
    let market = if plot.begun { ETH } else { BTC };
    let _ = world.council_restrict(Scope::Market(market), Level::ReduceOnly, 7 * DAY);
    plot.begun = true;
}

/// Observers: one market, then the other, for as long as each has.
pub fn cry(world: &mut World, _: &mut Plot, left: u64) {
    for market in MARKETS {
        if left == 0 || held(world, Level::ReduceOnly) {
            return;
        }
        observers::cry_twice(world, market);
    }
}

/// Observers, and the council behind them.
pub fn cry_and_queue(world: &mut World, plot: &mut Plot, left: u64) {
    cry(world, plot, left);
    if left <= HOUR || !held(world, Level::ReduceOnly) {
        queue(world, plot, left);
    }
}

/// Feeders: silence, then the truth for as long as it takes to be believed, and with the horizon's end a lie, so that the truth is a move.
pub fn lie(world: &mut World, plot: &mut Plot, left: u64) {
    let last = (1..=HOUR).contains(&left);
    if !last {
        silence(world, plot, left);
        if left == 0 {
            let _ = world.report(&TRUTH.map(|(market, at)| (market, price(at))));
        }
        return;
    }
    let end = world.now() + left;
    world.advance_to(end - 10 * 60);
    for (minute, percent) in [100, 100, 100, 100, 112].into_iter().enumerate() {
        world.advance_to(end - 9 * 60 + 60 * minute as u64);
        let said = TRUTH.map(|(market, at)| (market, crate::random::part(price(at), percent)));
        let _ = world.report(&said);
        world.next_block();
    }
    plot.silent = true;
}

const TRUTH: [(MarketId, &str); 2] = [(BTC, "60000"), (ETH, "3000")];

/// Whom nobody cancels: a freeze and a week after an hour's notice, and in the last hour a month, which has waited for a `roles` delay.
pub fn month(world: &mut World, plot: &mut Plot, left: u64) {
    let now = world.now();
    let (Some(first), Some(later)) = (&plot.operation, &plot.later) else {
        let week = restricting(world, &[(Level::Frozen, now + HOUR + DAY), (Level::ReduceOnly, now + 7 * DAY)]);
        let month = restricting(world, &[(Level::ReduceOnly, now + left - HOUR + 30 * DAY)]);
        plot.operation = Some(world.schedule(vec![week]).fact());
        plot.later = Some(world.schedule(vec![month]).fact());
        return;
    };
    if left > 0 && !plot.begun && now >= first.ready_at {
        world.execute_operation(first.operation).fact::<OperationExecuted>();
        plot.begun = true;
    }
    if (1..=HOUR).contains(&left) {
        world.execute_operation(later.operation).fact::<OperationExecuted>();
    }
}
