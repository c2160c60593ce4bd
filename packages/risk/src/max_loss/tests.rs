use super::*;
use crate::pool::market_value;
use crate::quantity::SignedAmount;
use crate::side::{PositionStake, Side};
use proptest::prelude::*;

fn units(whole: u64) -> Amount {
    Amount::from_units(whole)
}

fn stakes() -> Stakes {
    Stakes {
        pool: units(1_000),
        open_gains: Amount::ZERO,
        premiums: Amount::ZERO,
        collateral: units(400),
        fees: Amount::ZERO,
        first_loss: units(100),
        staked: units(100),
    }
}

fn barriers() -> Barriers {
    Barriers {
        outflow: OutflowParams {
            hour_min: units(10),
            hour_ratio: Ratio::percent(5),
            day_min: units(20),
            day_ratio: Ratio::percent(15),
            deposit_delay_seconds: 3_600,
            small_exit_max: units(1),
        },
        half_life_seconds: DAY,
        lp_cooldown_seconds: DAY,
        uncollected_share: Ratio::ZERO,
        parameters_delay: HOUR,
        roles_delay: DAY,
        cover_share: Ratio::percent(50),
        inject_share: Ratio::percent(20),
        cover_window_seconds: DAY,
        markets: 1,
        sentinel_seconds: 2 * HOUR,
        council_freezes: true,
        council_restricts: true,
        playbooks: Playbooks::default(),
    }
}

/// What a council may run here.
fn injects() -> Playbooks {
    let injection = Injection { amount: units(5), runs: 2, window_seconds: DAY, cool_down_seconds: HOUR };
    Playbooks { injections: vec![injection], ..Playbooks::default() }
}

const NONE: Stolen =
    Stolen { proposers: false, cancellers: false, council: false, sentinels: false, feeders: false, observers: false };

fn bound(stolen: Stolen, horizon: Option<u64>) -> MaxLoss {
    let playbooks = if stolen.council { injects() } else { Playbooks::default() };
    max_loss(&stakes(), &Barriers { playbooks, ..barriers() }, stolen, horizon).unwrap()
}

#[test]
fn who_can_only_tighten_or_veto_takes_nothing() {
    for stolen in [
        NONE,
        Stolen { proposers: true, ..NONE },
        Stolen { cancellers: true, ..NONE },
        Stolen { sentinels: true, ..NONE },
        Stolen { proposers: true, council: false, sentinels: true, ..NONE },
    ] {
        for horizon in [Some(HOUR), Some(DAY), Some(7 * DAY), None] {
            let found = bound(stolen, horizon);
            assert_eq!(
                (found.total, found.leaves, found.value),
                (Amount::ZERO, Amount::ZERO, units(1_600)),
                "{stolen:?}"
            );
        }
    }
}

#[test]
fn the_council_sends_what_its_playbooks_and_the_funds_window_allow() {
    let council = Stolen { council: true, ..NONE };
    for (horizon, total) in [
        (HOUR, 5),      // one run: the next one an hour later is outside
        (HOUR + 1, 10), // two runs of 5
        (DAY, 10),
        (DAY + 1, 20),
        (7 * DAY, 70), // 5 * 2 * 7 windows; the fund would let out 100 * (1 - 0.8^8) = 83
    ] {
        assert_eq!(bound(council, Some(horizon)).total, units(total), "{horizon}");
    }
    // And no more than the fund's window: 100 * (1 - 0.8^2) within an hour, of 50 a run.
    let large = Injection { amount: units(50), runs: 2, window_seconds: DAY, cool_down_seconds: 60 };
    let found = with(Playbooks { injections: vec![large], ..Playbooks::default() }, council, HOUR);
    assert_eq!(found.total, units(36));
    // Restrictions outlast the horizon, in whose last second they may begin: the freeze budget of a week, and a week of the council's own.
    let found = bound(council, Some(HOUR));
    assert_eq!((found.frozen_seconds, found.trader_exit_seconds), (DAY, DAY));
    assert_eq!((found.provider_exit_seconds, found.leaves), (HOUR + 7 * DAY, Amount::ZERO));
    // Without a playbook that injects there is nothing to send.
    let without = Barriers { council_freezes: false, ..barriers() };
    let found = max_loss(&stakes(), &without, council, None).unwrap();
    assert_eq!((found.total, found.frozen_seconds), (Amount::ZERO, 0));
    // Or when a request's cool-down is about to end.
    assert_eq!(found.provider_exit_seconds, DAY + 7 * DAY);
    let mute = Barriers { council_restricts: false, ..without };
    assert_eq!(max_loss(&stakes(), &mute, council, None).unwrap().provider_exit_seconds, DAY);
    // The cool-down.
}

#[test]
fn who_says_the_price_takes_collateral_the_funds_window_and_what_vests_of_the_pool() {
    let feeders = Stolen { feeders: true, ..NONE };
    // An hour: ln 2 / 24 = 2.8881 % of the pool; the fund's bucket and its next one: 200 * (1 - 0.5^2).
    let hour = bound(feeders, Some(HOUR));
    assert_eq!(hour.taken, Amount::from_atoms(28_881_133)); // 28.881132...
    assert_eq!(hour.forced, units(400 + 150));
    // Of 1,550 within reach 2.8881 % have vested: 44.77; the hour's bucket twice would be 151.1. And keepers' fees out of 400.
    assert_eq!(hour.leaves, Amount::from_atoms(44_765_756 + 400_000_000));
    // While the cool-down lasts less than the whole pool; then shares leave with all of it, as fast as the limiter allows: in the
    // third day's first second 1,550 * (1 - 0.85^3), and of the fund's 200 * (1 - 0.5^3) 25 more are within reach.
    assert_eq!(bound(feeders, Some(DAY)).taken, units(500));
    let later = bound(feeders, Some(DAY + 1));
    assert_eq!((later.taken, later.forced), (units(1_000), units(400 + 175)));
    assert_eq!(later.leaves, Amount::from_atoms(607_753_125 + 400_000_000)); // 1,575 * (1 - 0.85^3)
                                                                             // For ever with an honest DAO: three days and the delay of a day; 200 * (1 - 0.5^5) of the fund.
    let ever = bound(feeders, None);
    assert_eq!((ever.taken, ever.forced), (units(1_000), Amount::from_atoms(593_750_000)));
    assert_eq!(ever.frozen_seconds, 4 * DAY);
    // Nobody replaces them when the cancellers are stolen too.
    let both = bound(Stolen { cancellers: true, ..feeders }, None);
    assert_eq!(both.total, both.value);
}

#[test]
fn a_whole_timelock_injects_after_its_shortest_delay_and_owns_everything_after_that_of_roles() {
    let timelock = Stolen { proposers: true, cancellers: true, ..NONE };
    let nothing = bound(timelock, Some(HOUR));
    assert_eq!((nothing.total, nothing.frozen_seconds, nothing.provider_exit_seconds), (Amount::ZERO, 0, DAY));
    for seconds in [HOUR + 1, DAY] {
        // The fund's bucket of before and the one that is open: 100 * (1 - 0.8^2). No run budget is in the way.
        let found = bound(timelock, Some(seconds));
        assert_eq!((found.taken, found.forced, found.leaves), (Amount::ZERO, units(36), Amount::ZERO));
        assert_eq!((found.frozen_seconds, found.trader_exit_seconds), (DAY, DAY));
        // A week, renewed in the last second.
        assert_eq!(found.provider_exit_seconds, 7 * DAY + seconds);
        // Together with the council it is the same window, not another one.
        assert_eq!(bound(Stolen { council: true, ..timelock }, Some(seconds)).total, units(36));
        // And it is in the feeders' too: nothing that binds them waits an hour only.
        let feeders = Stolen { feeders: true, ..NONE };
        let with_feeders = bound(Stolen { feeders: true, ..timelock }, Some(seconds));
        let alone = bound(feeders, Some(seconds));
        assert_eq!((with_feeders.total, with_feeders.leaves), (alone.total, alone.leaves));
    }
    let found = bound(timelock, Some(DAY + 1));
    assert_eq!((found.total, found.leaves), (units(1_600), units(1_600)));
    // A month, renewed in the last second; and feeders of her own, whose lie the rules answer when it is over.
    assert_eq!((found.frozen_seconds, found.trader_exit_seconds), (DAY + 1 + DAY, DAY + 1 + DAY));
    assert_eq!(found.provider_exit_seconds, DAY + 1 + 30 * DAY + 6 * HOUR);
    // Nobody else's week comes behind it: it begins when it is made.
    let every = Stolen { council: true, sentinels: true, feeders: true, observers: true, ..timelock };
    assert_eq!(bound(every, Some(DAY + 1)).provider_exit_seconds, found.provider_exit_seconds);
    assert_eq!(bound(timelock, None).frozen_seconds, u64::MAX);
}

fn with(playbooks: Playbooks, stolen: Stolen, horizon: u64) -> MaxLoss {
    max_loss(&stakes(), &Barriers { playbooks, ..barriers() }, stolen, Some(horizon)).unwrap()
}

#[test]
fn a_council_that_may_settle_stops_everything_and_with_the_feeders_pays_what_they_say() {
    let settles = Playbooks { settle_notice_seconds: Some(2 * HOUR), restrict: true, ..Default::default() };
    let council = Stolen { council: true, ..NONE };
    let found = with(settles.clone(), council, 30 * DAY);
    assert_eq!((found.total, found.frozen_seconds), (Amount::ZERO, 30 * DAY + DAY));
    assert_eq!((found.trader_exit_seconds, found.provider_exit_seconds), (31 * DAY, (30 + 7) * DAY));
    // Before the notice is over: the council's week or its playbooks', begun with the horizon's end.
    assert_eq!(with(settles.clone(), council, 2 * HOUR).provider_exit_seconds, 2 * HOUR + 7 * DAY);
    let both = Stolen { feeders: true, ..council };
    assert_eq!(with(settles.clone(), both, 2 * HOUR).leaves, bound(feeders_only(), Some(2 * HOUR)).leaves);
    let found = with(settles, both, 2 * HOUR + 1);
    // At a false price at once, whatever has vested and however narrow the limiter: 1,400 and 200 * (1 - 0.5^2).
    assert_eq!((found.taken, found.leaves), (units(1_000), units(1_550)));
}

#[test]
fn a_settlement_at_a_true_price_keeps_the_premiums_of_skews_once_its_notice_is_over() {
    let stakes = Stakes { premiums: units(30), ..stakes() };
    let found = |playbooks, stolen, seconds| {
        let found = max_loss(&stakes, &Barriers { playbooks, ..barriers() }, stolen, Some(seconds)).unwrap();
        (found.forced, found.leaves, found.total)
    };
    let council = Stolen { council: true, ..NONE };
    let settles = Playbooks { settle_notice_seconds: Some(2 * HOUR), ..injects() };
    assert_eq!(found(settles.clone(), council, 2 * HOUR), (units(10), Amount::ZERO, units(10)));
    assert_eq!(found(settles.clone(), council, 2 * HOUR + 1), (units(10 + 30), units(30), units(10 + 30)));
    // Who cannot settle keeps nobody's.
    assert_eq!(found(injects(), council, DAY), (units(10), Amount::ZERO, units(10)));
    // A playbook that takes collateral as well: both.
    let both = Playbooks { configure_vault: true, ..settles.clone() };
    assert_eq!(found(both, council, DAY).0, units(10 + 400 + 30));
    // With the feeders all of the pool and of the collateral is counted already, and the premiums are a part of these.
    assert_eq!(found(settles, Stolen { feeders: true, ..council }, DAY).2, units(1_000 + 400 + 150));
}

fn feeders_only() -> Stolen {
    Stolen { feeders: true, ..NONE }
}

#[test]
fn what_a_councils_playbook_configures_may_cost_every_account() {
    let council = Stolen { council: true, ..NONE };
    let vault = Playbooks { configure_vault: true, ..Default::default() };
    let fund = Playbooks { configure_fund: true, ..Default::default() };
    for playbooks in [vault.clone(), fund.clone()] {
        let found = with(playbooks, council, HOUR);
        assert_eq!((found.forced, found.leaves), (units(400), Amount::ZERO));
    }
    let both = Stolen { feeders: true, ..council };
    // Neither vesting nor the limiter is sure then, or the fund's window is not.
    assert_eq!(with(vault, both, HOUR).leaves, units(1_550));
    assert_eq!(with(fund, both, HOUR).forced, units(600));
}

#[test]
fn armed_sentinels_hold_exits_up_one_after_the_other() {
    let many = Barriers { sentinel_seconds: 30 * HOUR, ..barriers() };
    let found = max_loss(&stakes(), &many, Stolen { sentinels: true, ..NONE }, Some(60)).unwrap();
    assert_eq!((found.frozen_seconds, found.provider_exit_seconds), (0, 60 + 30 * HOUR));
}

#[test]
fn the_rules_answer_the_truth_behind_a_lie_for_their_own_budget() {
    for seconds in [60, HOUR, 3 * DAY] {
        let found = bound(feeders_only(), Some(seconds));
        // Reduce-only at most: no fill waits for it, and no trader's coins.
        assert_eq!((found.frozen_seconds, found.trader_exit_seconds), (seconds, seconds));
        assert_eq!(found.provider_exit_seconds, (seconds + 6 * HOUR).max(DAY));
        // Behind whatever else is made with the horizon's end.
        let with_council = bound(Stolen { council: true, ..feeders_only() }, Some(seconds));
        assert_eq!(with_council.provider_exit_seconds, seconds + 7 * DAY + 6 * HOUR);
    }
    // An honest price is nobody's lie.
    assert_eq!(bound(Stolen { council: true, ..NONE }, Some(60)).provider_exit_seconds, 60 + 7 * DAY);
}

#[test]
fn stolen_observers_take_nothing_and_hold_providers_for_two_hours_of_each_market() {
    let observers = Stolen { observers: true, ..NONE };
    let of = |markets, stolen, seconds| {
        max_loss(&stakes(), &Barriers { markets, ..barriers() }, stolen, Some(seconds)).unwrap()
    };
    for (markets, seconds, held) in [
        (1, 7 * DAY, DAY + 2 * HOUR),
        (3, 7 * DAY, DAY + 6 * HOUR),
        // With the horizon's end the last one.
        (3, DAY + HOUR, DAY + HOUR + 2 * HOUR),
        (1, HOUR, DAY),
        // Market after market, and the first one has its time back.
        (12, 7 * DAY, 7 * DAY + 2 * HOUR),
        (11, 30 * DAY, DAY + 22 * HOUR),
    ] {
        let found = of(markets, observers, seconds);
        assert_eq!((found.total, found.frozen_seconds, found.trader_exit_seconds), (Amount::ZERO, 0, 0));
        assert_eq!(found.provider_exit_seconds, held, "{markets} {seconds}");
    }
    // Behind the council's week, within the time.
    let found = of(1, Stolen { council: true, ..observers }, 30 * DAY);
    assert_eq!(found.provider_exit_seconds, DAY + 7 * DAY + 8 * 2 * HOUR);
    // What a signal of theirs starts counts without the council.
    let playbooks = Playbooks { restrict: true, freeze: true, ..injects() };
    let found = with(playbooks, observers, HOUR);
    assert_eq!((found.forced, found.frozen_seconds), (units(5), DAY));
    assert_eq!(found.provider_exit_seconds, HOUR + 7 * DAY);
}

#[test]
fn budgets_of_several_markets_follow_each_other() {
    let council = Stolen { council: true, ..NONE };
    let of = |markets, seconds| {
        let found = max_loss(&stakes(), &Barriers { markets, ..barriers() }, council, Some(seconds)).unwrap();
        (found.frozen_seconds, found.trader_exit_seconds, found.provider_exit_seconds)
    };
    assert_eq!(of(1, 60 * DAY), (DAY, DAY, (1 + 7) * DAY));
    assert_eq!(of(0, 60 * DAY), of(1, 60 * DAY));
    assert_eq!(of(2, 60 * DAY), (DAY, 2 * DAY, (1 + 14) * DAY));
    // No more than what is made within the time.
    assert_eq!(of(2, 4 * DAY), (DAY, 2 * DAY, (4 + 7) * DAY));
    assert_eq!(of(6, 2 * DAY), (DAY, 3 * DAY, (2 + 7) * DAY));
    // A week of four in four markets, a day of seven in seven: no end but the horizon's.
    assert_eq!(of(4, 60 * DAY), (DAY, 4 * DAY, (60 + 7) * DAY));
    assert_eq!(of(7, 60 * DAY), (DAY, (60 + 1) * DAY, (60 + 7) * DAY));
    // A freeze draws on the budget of whoever freezes, a playbook as well; a council that only freezes has no other.
    let exit =
        |barriers: Barriers| max_loss(&stakes(), &barriers, council, Some(60 * DAY)).unwrap().provider_exit_seconds;
    let playbooks = Playbooks { restrict: true, freeze: true, ..Playbooks::default() };
    assert_eq!(exit(Barriers { playbooks, council_restricts: false, ..barriers() }), (1 + 7) * DAY);
    assert_eq!(exit(Barriers { council_restricts: false, ..barriers() }), (1 + 1) * DAY);
}

#[test]
fn budgets_last_until_they_are_not_enough() {
    let week = BudgetRule { window_seconds: 28 * DAY, bucket_seconds: DAY, allowance_seconds: 7 * DAY };
    for (markets, once, held) in [
        (1, 0, 7 * DAY),
        (3, 0, 21 * DAY),
        (4, 0, u64::MAX),
        // 3 * 7 + 7 days are a window: then three weeks come back.
        (3, 7 * DAY - 1, 28 * DAY - 1),
        (3, 7 * DAY, (7 + 2 * 21) * DAY),
    ] {
        assert_eq!(unbroken(&[(true, &week)], once, markets), held, "{markets} {once}");
    }
    assert_eq!(
        (unbroken(&[(false, &week)], 0, 3), longest(&[(false, &week)]), longest(&[(true, &week)])),
        (0, 0, 7 * DAY)
    );
}

#[test]
fn waiting_fees_are_part_of_what_there_is_and_of_what_is_lost() {
    let stakes = Stakes { fees: units(7), ..stakes() };
    let found = max_loss(&stakes, &barriers(), feeders_only(), Some(HOUR)).unwrap();
    assert_eq!((found.value, found.forced), (units(1_607), units(557)));
    let timelock = Stolen { proposers: true, cancellers: true, ..NONE };
    let found = max_loss(&stakes, &barriers(), timelock, Some(DAY + 1)).unwrap();
    assert_eq!((found.total, found.leaves), (units(1_607), units(1_607)));
}

#[test]
fn a_share_of_losses_that_nobody_paid_lets_shares_of_before_the_theft_leave_at_once() {
    let shared = Barriers { uncollected_share: Ratio::from_atoms(1), ..barriers() };
    let found = max_loss(&stakes(), &shared, feeders_only(), Some(60)).unwrap();
    assert_eq!(found.taken, units(1_000));
    assert!(bound(feeders_only(), Some(60)).taken < units(1));
}

#[test]
fn shares_of_before_the_theft_leave_with_open_gains_that_a_false_price_denies() {
    let stakes = Stakes { open_gains: units(30), ..stakes() };
    let found = |seconds| max_loss(&stakes, &barriers(), feeders_only(), Some(seconds)).unwrap();
    let without = bound(feeders_only(), Some(HOUR));
    assert_eq!(found(HOUR).taken, without.taken.plus(units(30)).unwrap());
    assert_eq!(found(HOUR).leaves, without.leaves.plus(units(30)).unwrap());
    // Never more than the pool.
    assert_eq!(found(DAY + 1).taken, units(1_000));
}

#[test]
fn what_feeders_start_by_a_signal_counts_without_the_council() {
    let settles = Playbooks { settle_notice_seconds: Some(0), restrict: true, freeze: true, ..injects() };
    let found = with(settles, feeders_only(), HOUR);
    // Settled at their price: everything; the injections are within the fund's window, 200 * (1 - 0.5^2).
    assert_eq!((found.taken, found.forced), (units(1_000), units(550)));
    // Silent for the hour, then frozen, or queued; and the rules answer the truth.
    assert_eq!((found.frozen_seconds, found.provider_exit_seconds), (HOUR + DAY, HOUR + 7 * DAY + 6 * HOUR));
}

#[test]
fn a_bucket_drains_once_at_once_and_once_a_window_until_too_many_to_count() {
    let drained =
        |share, least, seconds| super::drained(units(1_000), Ratio::percent(share), units(least), 60, seconds);
    for (share, least, seconds, wanted) in [
        (50, 0, 0, 500),
        (50, 0, 60, 750),
        (50, 0, 61, 875),
        (0, 100, 60, 200),
        (0, 0, u64::MAX, 0),
        // As many windows as are counted, and one more.
        (0, 1, 60 * (STEPS_MAX - 1), 64),
        (0, 1, 60 * STEPS_MAX, 1_000),
        (0, 1, 60 * STEPS_MAX + 600, 1_000),
    ] {
        assert_eq!(drained(share, least, seconds), Ok(units(wanted)), "{share} {least} {seconds}");
    }
}

fn any_stolen() -> impl Strategy<Value = Stolen> {
    any::<[bool; 6]>().prop_map(|[proposers, cancellers, council, sentinels, feeders, observers]| Stolen {
        proposers,
        cancellers,
        council,
        sentinels,
        feeders,
        observers,
    })
}

proptest! {
    /// The pool's own figure (F9), and at most two units more where the skew is within its scale, as caps see to.
    #[test]
    fn a_skews_premium_is_what_the_pool_owes_it(price in 1u128..1_000_000, skew in -1_000_000i128..1_000_000, scale in 1_000i128..1_000_000) {
        let (price, scale) = (Price::from_atoms(price * ONE / 7), Size::from_atoms(scale * ONE as i128));
        let skew = Size::from_atoms(skew * ONE as i128 / 1_000);
        let (mut long, mut short) = (Side::default(), Side::default());
        let side = if skew.is_short() { &mut short } else { &mut long };
        if !skew.is_zero() {
            side.enter(&mut PositionStake::default(), skew, SignedAmount::ZERO).unwrap();
        }
        let owed = market_value(&long, &short, price, scale).unwrap().convexity.atoms();
        let found = skew_premium(price, skew, scale).unwrap().atoms();
        prop_assert!(owed <= found && found <= owed + 2, "{owed} {found}");
    }

    /// More keys, more time: never less; and never more than there is.
    #[test]
    fn the_bound_grows_with_keys_and_time_and_never_exceeds_what_there_is(
        one in any_stolen(), other in any_stolen(), early in 0u64..1_000_000, later in 0u64..1_000_000,
        pool in 0u64..1_000_000, collateral in 0u64..1_000_000, fund in 0u64..1_000_000,
        gains in 0u64..1_000, markets in 0u64..9,
    ) {
        let stakes = Stakes { pool: units(pool), open_gains: units(gains.min(pool)), premiums: Amount::ZERO, collateral: units(collateral), fees: Amount::ZERO, first_loss: units(fund), staked: units(fund) };
        let all = Stolen {
            proposers: one.proposers || other.proposers,
            cancellers: one.cancellers || other.cancellers,
            council: one.council || other.council,
            sentinels: one.sentinels || other.sentinels,
            feeders: one.feeders || other.feeders,
            observers: one.observers || other.observers,
        };
        let of = |stolen: Stolen, horizon| {
            let playbooks = if stolen.council { injects() } else { Playbooks::default() };
            max_loss(&stakes, &Barriers { playbooks, markets, ..barriers() }, stolen, Some(horizon)).unwrap()
        };
        let (small, more_keys, more_time) = (of(one, early), of(all, early), of(one, early + later));
        for larger in [more_keys, more_time] {
            prop_assert!(larger.total >= small.total && larger.leaves >= small.leaves);
            prop_assert!(larger.frozen_seconds >= small.frozen_seconds);
            prop_assert!(larger.trader_exit_seconds >= small.trader_exit_seconds);
            prop_assert!(larger.provider_exit_seconds >= small.provider_exit_seconds);
            prop_assert!(larger.total <= larger.value);
        }
    }

    /// No single role takes everything within a week, while profit vests and the fund has a window.
    #[test]
    fn no_single_role_takes_everything(horizon in 0u64..=7 * DAY, role in 0usize..6) {
        let mut flags = [false; 6];
        flags[role] = true;
        let [proposers, cancellers, council, sentinels, feeders, observers] = flags;
        let found = bound(Stolen { proposers, cancellers, council, sentinels, feeders, observers }, Some(horizon));
        prop_assert!(found.total < found.value);
    }

    /// The steps from above stay above the true curve, by less than its half again.
    #[test]
    fn the_vested_share_is_bounded_from_above(seconds in 1u64..40 * DAY) {
        let share = vested_share(DAY, seconds).unwrap().atoms() as f64 / ONE as f64;
        let exact = 1.0 - 2f64.powf(-(seconds as f64) / DAY as f64);
        prop_assert!(share >= exact - 1e-12 && share <= 1.5 * exact, "{share} {exact}");
    }
}
