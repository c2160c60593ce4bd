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

/// Three providers of 100,000, 600,000 of open interest, and a reserve that has been raised from `old` percent to 100; `early` asked before,
/// `names` soon after it. Nothing but `early`'s claim is placed, in its last second.
fn raised(old: u32, names: &[&str]) -> (Bench, u64) {
    let mut bench = bench();
    for name in names.iter().chain(&["early", "lp"]) {
        bench.provide(name, 100_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    reserve(&mut bench, old);
    // What was kept at that change is over.
    bench.advance(DAY + WINDOW + 1);
    bench.refresh();
    let shares = bench.provider("early").shares;
    bench.request("early", shares);
    reserve(&mut bench, 100);
    let until = bench.now() + DAY + WINDOW;
    bench.advance(100);
    bench.refresh();
    for name in names {
        let shares = bench.provider(name).shares;
        bench.request(name, shares);
    }
    bench.set_time(until);
    bench.refresh();
    bench.claim("early", 0, Amount::ZERO).unwrap();
    (bench, until)
}

fn withdrawn(events: &[cosmwasm_std::Event]) -> Vec<(String, PoolShares)> {
    LiquidityWithdrawn::all(events).into_iter().map(|paid| (paid.provider, paid.shares)).collect()
}

/// A freeze of the last hours, in which the prices of then leave the ring: the claim is placed again.
#[test]
fn a_claim_from_before_that_waits_through_a_freeze_leaves_behind_the_old_reserve() {
    let (mut bench, until) = raised(10, &["late"]);
    bench.restrict(BTC, Level::Frozen, 600);
    bench.set_time(until + 30);
    bench.refresh();
    bench.claim("late", 0, Amount::ZERO).unwrap();
    for _ in 0..9 {
        bench.advance(10);
        bench.refresh();
    }
    bench.execute_claims().unwrap_err();
    bench.set_time(until + 1_300);
    bench.refresh();
    assert_eq!(in_force(&bench), Ratio::ONE);
    // Nobody's place and nobody's moment is what it was.
    let again = LiquidityClaimed::all(&bench.execute_claims().unwrap());
    assert_eq!(again.iter().map(|claim| &claim.provider).collect::<Vec<_>>(), [&address("early"), &address("late")]);
    assert!(again.iter().all(|claim| claim.placed_at == until + 1_300));
    bench.advance(40);
    bench.refresh();
    let shares = bench.provider("early").requests[0].shares;
    assert_eq!(withdrawn(&bench.execute_claims().unwrap()), [(address("early"), shares)]);
    // Whoever asked afterwards leaves nothing less than the new one.
    let late = bench.provider("late");
    assert!(late.requests[0].claim.is_some() && late.requests[0].shares == shares, "{late:?}");
}

/// A third of the coins is free at the old reserve. What it could not be paid leaves when more is free, behind one that asked afterwards, and no
/// one who asked afterwards with it.
#[test]
fn the_rest_of_a_claim_that_was_paid_in_part_leaves_behind_the_old_reserve() {
    let (mut bench, until) = raised(40, &["late"]);
    bench.advance(30);
    bench.refresh();
    let shares = bench.provider("early").requests[0].shares;
    let paid = withdrawn(&bench.execute_claims().unwrap());
    let rest = shares.minus(paid[0].1).unwrap();
    assert!(paid[0].1 < shares && bench.provider("early").requests[0].shares == rest, "{paid:?}");
    assert!(bench.now() > until);
    bench.claim("late", 0, Amount::ZERO).unwrap();
    bench.claim("early", 0, Amount::ZERO).unwrap();
    bench.advance(40);
    bench.refresh();
    // Nothing is free at 40 %, then some 60,000, and nothing at 100 %.
    assert!(bench.execute_claims().unwrap().is_empty());
    bench.execute("dao", ExecuteMsg::Recapitalize {}, 60_000).unwrap();
    let paid = withdrawn(&bench.execute_claims().unwrap());
    assert_eq!(paid.iter().map(|(name, _)| name).collect::<Vec<_>>(), [&address("early")]);
    assert!(bench.provider("late").requests[0].claim.is_some());
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

/// What is paid behind a freeze that outlasts every window.
fn paid_after_a_freeze(bench: &mut Bench) -> Vec<(String, PoolShares)> {
    bench.restrict(BTC, Level::Frozen, 2 * DAY);
    bench.advance(3 * DAY);
    let mut paid = vec![];
    for _ in 0..3 {
        bench.refresh();
        paid.extend(withdrawn(&bench.execute_claims().unwrap()));
        bench.advance(40);
    }
    paid
}

#[test]
fn a_window_of_another_length_changes_nothing_for_who_asked_before() {
    // Longer with the raise or after it, or shorter: who asked in time leaves behind the old reserve, and nobody who asked later does.
    for (with_the_raise, later) in
        [(10_000, 10_000), (20_000, 20_000), (10_000, 10_060), (10_000, 9_800), (300, 300), (10_000, 300)]
    {
        let mut bench = bench();
        for name in ["early", "late", "lp"] {
            bench.provide(name, 100_000).unwrap();
        }
        bench.deposit("alice", 300_000);
        bench.trade("alice", BTC, "10");
        configure(&mut bench, |p| p.lp_claim_window_seconds = 10_000);
        // What was kept at that change is over.
        bench.advance(DAY + WINDOW + 1);
        bench.refresh();
        let shares = bench.provider("early").shares;
        bench.request("early", shares);
        configure(&mut bench, |p| (p.reserve_ratio, p.lp_claim_window_seconds) = (Ratio::ONE, with_the_raise));
        bench.advance(100);
        bench.refresh();
        configure(&mut bench, |p| p.lp_claim_window_seconds = later);
        bench.request("late", shares);
        bench.advance(DAY);
        bench.refresh();
        for name in ["early", "late"] {
            bench.claim(name, 0, Amount::ZERO).unwrap();
        }
        let paid = paid_after_a_freeze(&mut bench);
        assert_eq!(in_force(&bench), Ratio::ONE);
        assert_eq!(
            paid.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            [&address("early")],
            "{with_the_raise} {later}"
        );
    }
}

#[test]
fn who_asked_under_a_longer_cool_down_is_kept_the_reserve_for_good_too() {
    let mut bench = bench();
    for name in ["early", "lp"] {
        bench.provide(name, 100_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    let shares = bench.provider("early").shares;
    bench.request("early", shares);
    // Shorter first, and raised a moment later.
    configure(&mut bench, |p| (p.lp_cooldown_seconds, p.lp_claim_window_seconds) = (7_200, 1_800));
    bench.advance(10);
    bench.refresh();
    reserve(&mut bench, 100);
    bench.advance(DAY);
    bench.refresh();
    bench.claim("early", 0, Amount::ZERO).unwrap();
    let paid = paid_after_a_freeze(&mut bench);
    assert_eq!(in_force(&bench), Ratio::ONE);
    assert_eq!(paid, [(address("early"), shares)]);
}

#[test]
fn a_reserve_that_is_lowered_further_holds_for_who_was_kept_a_higher_one() {
    // A third of the coins is free at 40 %; at 10 % all of them.
    let (mut bench, until) = raised(40, &[]);
    bench.set_time(until + 1);
    reserve(&mut bench, 10);
    bench.advance(40);
    bench.refresh();
    let shares = bench.provider("early").requests[0].shares;
    assert_eq!(withdrawn(&bench.execute_claims().unwrap()), [(address("early"), shares)]);
}
