//! Exit right of those who provide: a reserve that is raised holds back only who asks afterwards.

use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_risk::*;

const DAY: u64 = 86_400;
const WINDOW: u64 = 21_600;

fn configure(bench: &mut Bench, adjust: impl FnOnce(&mut VaultParameters)) {
    let mut parameters = bench.query::<ConfigResponse>(QueryMsg::Config {}).config.parameters;
    adjust(&mut parameters);
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
}

fn reserve(bench: &mut Bench, percent: u32) {
    configure(bench, |parameters| parameters.reserve_ratio = Ratio::percent(percent));
}

fn in_force(bench: &Bench) -> Ratio {
    bench.query::<OutflowResponse>(QueryMsg::Outflow {}).providers_reserve
}

fn bench() -> Bench {
    Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2))
}

/// 600,000 of open interest against 200,000 of coins: a tenth of it must stay, then all of it.
#[test]
fn who_asked_before_is_paid_to_the_end_of_its_window_and_who_asks_afterwards_waits() {
    let mut bench = bench();
    for name in ["early", "late", "lp"] {
        bench.provide(name, 100_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    let shares = bench.provider("early").shares;
    bench.request("early", shares);
    reserve(&mut bench, 100);
    bench.advance(1);
    bench.refresh();
    bench.request("late", shares);
    // The last second in which a request from before may be claimed, less what a claim waits for its price.
    bench.advance(DAY + WINDOW - 60);
    bench.refresh();
    bench.claim("early", 0, Amount::ZERO).unwrap();
    bench.advance(30);
    bench.refresh();
    assert_eq!(in_force(&bench), Ratio::percent(10));
    let events = bench.execute_claims().unwrap();
    let early = LiquidityWithdrawn::all(&events);
    assert_eq!((early.len(), early[0].shares), (1, shares));
    assert!(early[0].amount > units(99_000), "{early:?}");
    // Theirs leaves behind all of it.
    bench.claim("late", 0, Amount::ZERO).unwrap();
    bench.advance(40);
    bench.refresh();
    assert_eq!(in_force(&bench), Ratio::ONE);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()), []);
    assert!(bench.provider("late").requests[0].claim.is_some());
    // And leaves when the open interest does.
    bench.trade("alice", BTC, "-10");
    bench.advance(15);
    bench.refresh();
    let late = LiquidityWithdrawn::all(&bench.execute_claims().unwrap());
    assert_eq!((late.len(), late[0].shares), (1, shares));
}

#[test]
fn a_reserve_that_is_lowered_holds_at_once_and_a_raise_begins_from_it() {
    let mut bench = bench();
    reserve(&mut bench, 4);
    assert_eq!(in_force(&bench), Ratio::percent(4));
    reserve(&mut bench, 8);
    assert_eq!(in_force(&bench), Ratio::percent(4));
    bench.advance(DAY + WINDOW);
    assert_eq!(in_force(&bench), Ratio::percent(4));
    bench.advance(1);
    assert_eq!(in_force(&bench), Ratio::percent(8));
    // Lower than what is kept.
    reserve(&mut bench, 9);
    reserve(&mut bench, 2);
    assert_eq!(in_force(&bench), Ratio::percent(2));
}

#[test]
fn of_several_raises_the_first_reserve_is_kept_until_the_last_ones_requests_are_over() {
    let mut bench = bench();
    reserve(&mut bench, 20);
    bench.advance(DAY);
    reserve(&mut bench, 40);
    bench.advance(DAY + WINDOW);
    assert_eq!(in_force(&bench), Ratio::percent(10));
    bench.advance(1);
    assert_eq!(in_force(&bench), Ratio::percent(40));
}

#[test]
fn what_raises_no_reserve_lengthens_nothing() {
    let mut bench = bench();
    reserve(&mut bench, 20);
    bench.advance(DAY);
    configure(&mut bench, |parameters| parameters.grace_seconds += 1);
    bench.advance(WINDOW);
    assert_eq!(in_force(&bench), Ratio::percent(10));
    bench.advance(1);
    assert_eq!(in_force(&bench), Ratio::percent(20));
}

/// A request carries the cool-down of its day.
#[test]
fn a_cool_down_that_was_longer_counts_whichever_change_came_first() {
    for together in [false, true] {
        let mut bench = bench();
        configure(&mut bench, |parameters| parameters.lp_cooldown_seconds = 10 * DAY);
        bench.advance(1);
        if !together {
            configure(&mut bench, |parameters| parameters.lp_cooldown_seconds = DAY);
        }
        configure(&mut bench, |parameters| {
            (parameters.lp_cooldown_seconds, parameters.reserve_ratio) = (DAY, Ratio::percent(20));
        });
        bench.advance(10 * DAY + WINDOW);
        assert_eq!(in_force(&bench), Ratio::percent(10));
        bench.advance(1);
        assert_eq!(in_force(&bench), Ratio::percent(20));
    }
}
