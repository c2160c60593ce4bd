//! The longest freeze and the slowest exits, played: for each set of keys the best of the thieves who hold up, against what the suite
//! answers.

use crate::exit::{Honest, TRY_SECONDS};
use crate::freeze::{self, Hold, Plot, SENTINELS};
use crate::in_turn;
use crate::stage::*;
use crate::{time, ALL_SIX, CRASH};
use firebreak_risk::{MaxLoss, Stolen};
use firebreak_testing::*;

/// A horizon for who has no end.
const WEEK: Option<u64> = Some(7 * DAY);
/// Longer than any answer that has an end.
const TRIES_MAX: u64 = 45 * DAY / TRY_SECONDS;

/// What was played: seconds.
#[derive(Debug, Default, Clone, Copy)]
struct Played {
    frozen: u64,
    trader: u64,
    provider: u64,
}

impl Played {
    fn most(self, other: Self) -> Self {
        Self {
            frozen: self.frozen.max(other.frozen),
            trader: self.trader.max(other.trader),
            provider: self.provider.max(other.provider),
        }
    }
}

/// Until everybody is out who began to ask so many seconds after the theft, and the thief's time is over; for who has no end, until the
/// horizon's.
fn play(world: &mut World, asked_after: u64, seconds: u64, endless: bool, hold: Hold) -> Played {
    let (mut plot, mut honest, begun) = (Plot::default(), None, world.now());
    for hour in 0..TRIES_MAX {
        world.advance_to(begun + hour * TRY_SECONDS);
        let left = (begun + seconds).saturating_sub(world.now());
        if left == 0 && (endless || honest.as_ref().is_some_and(Honest::is_over)) {
            break;
        }
        let first = honest.is_none() && hour * TRY_SECONDS >= asked_after;
        if first {
            honest = Some(Honest::begin(world));
        }
        hold(world, &mut plot, left);
        if first && plot.silent {
            // The last price is good for a while yet.
            world.advance(HOUR / 6);
        }
        match &mut honest {
            Some(honest) => honest.try_all(world, !plot.silent),
            None => drop(world.refresh()),
        }
    }
    let Honest { frozen, trader, provider, .. } = honest.unwrap();
    let over = trader.over && provider.over;
    assert!(endless || over, "somebody never gets out: trader {trader:?}, provider {provider:?}");
    Played { frozen, trader: trader.failed, provider: provider.failed }
}

struct Case {
    name: &'static str,
    keys: Stolen,
    playbooks: &'static [&'static str],
    horizon: Option<u64>,
    /// When the honest begin to ask: not before the thief can do anything.
    asked_after: u64,
    holds: &'static [Hold],
    /// Of freeze, traders' and providers' exit: whether the best play reaches a third.
    third: [bool; 3],
}

const UNVETOED: Stolen = Stolen { cancellers: false, ..EVERY };
const ALL: [bool; 3] = [true; 3];

const CASES: [Case; 13] = [
    Case {
        name: "nobody",
        keys: NONE,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[|_, _, _| {}],
        third: [true, true, false],
    },
    Case {
        name: "sentinels",
        keys: SENTINEL_KEYS,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::trip],
        third: ALL,
    },
    Case {
        name: "council",
        keys: COUNCIL,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::freeze, freeze::queue, in_turn::freeze, in_turn::queue],
        third: ALL,
    },
    Case {
        name: "observers",
        keys: OBSERVER_KEYS,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[in_turn::cry],
        third: ALL,
    },
    Case {
        name: "council and observers",
        keys: Stolen { council: true, ..OBSERVER_KEYS },
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[in_turn::freeze, in_turn::cry_and_queue],
        third: ALL,
    },
    Case {
        name: "feeders",
        keys: FEEDERS,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::silence, in_turn::lie],
        third: ALL,
    },
    Case {
        name: "council and feeders",
        keys: BOTH,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::silence_and_queue],
        third: ALL,
    },
    Case {
        name: "every key but the cancellers'",
        keys: UNVETOED,
        playbooks: CRASH,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::silence_and_queue],
        third: ALL,
    },
    Case {
        name: "council, with all six playbooks",
        keys: COUNCIL,
        playbooks: ALL_SIX,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::freeze, freeze::queue, freeze::wind_down],
        // A settled vault fills no order any more and pays everybody: the end is no lock.
        third: [true, false, true],
    },
    Case {
        name: "every key but the cancellers', with all six playbooks",
        keys: UNVETOED,
        playbooks: ALL_SIX,
        horizon: None,
        asked_after: 0,
        holds: &[freeze::freeze, freeze::trip_and_queue, freeze::silence],
        // For traders: the silence of 96 h, of the time that a limiter may stay at its floor.
        third: ALL,
    },
    Case {
        name: "proposers and cancellers, 1 d",
        keys: TIMELOCK,
        playbooks: CRASH,
        horizon: Some(DAY),
        asked_after: HOUR,
        holds: &[freeze::notice],
        third: ALL,
    },
    Case {
        name: "proposers and cancellers, 2 d",
        keys: TIMELOCK,
        playbooks: CRASH,
        horizon: Some(2 * DAY),
        asked_after: HOUR,
        holds: &[in_turn::month],
        third: ALL,
    },
    Case {
        name: "proposers and cancellers, 7 d",
        keys: TIMELOCK,
        playbooks: CRASH,
        horizon: WEEK,
        asked_after: DAY,
        holds: &[freeze::strangers],
        // For providers: the month that the row above plays.
        third: [true, true, false],
    },
];

fn hours(seconds: u64) -> String {
    format!("{} h", seconds / HOUR)
}

//
#[test]
fn nobody_is_held_up_longer_than_the_suite_answers_and_the_best_thief_reaches_a_third_of_it() {
    let page = include_str!("../../../../docs/max-loss.md");
    let (mut missing, mut world, mut built) = (0, None, None);
    for case in CASES {
        if built != Some(case.playbooks) {
            (world, built) = (Some(in_turn::in_both(freeze::guarded(case.playbooks))), Some(case.playbooks));
        }
        let world = world.as_mut().unwrap();
        let MaxLoss { frozen_seconds, trader_exit_seconds, provider_exit_seconds, .. } =
            bound(world, case.keys, case.horizon);
        let answered = [frozen_seconds, trader_exit_seconds, provider_exit_seconds];
        let (seconds, moment) = (time(world, case.keys, case.horizon), world.moment());
        let mut best = Played::default();
        for hold in case.holds {
            best = best.most(play(world, case.asked_after, seconds, case.keys.cancellers && seconds > 2 * DAY, *hold));
            world.go_back_to(&moment);
        }
        let played = [best.frozen, best.trader, best.provider];
        let cells =
            played.iter().zip(answered).map(|(played, answered)| format!("{} of {}", hours(*played), hours(answered)));
        let row = format!("| {} | {} |", case.name, cells.collect::<Vec<_>>().join(" | "));
        println!("{row}");
        missing += usize::from(!page.contains(&row));
        for ((played, answered), third) in played.into_iter().zip(answered).zip(case.third) {
            assert!(played <= answered, "{}: {played} s played, {answered} s answered", case.name);
            assert!(!third || 3 * (played + TRY_SECONDS) >= answered, "{}: {played} of {answered} s", case.name);
        }
    }
    assert!(SENTINELS.len() == 2 && missing == 0, "docs/max-loss.md has {missing} other rows");
}

/// Played against answered, as in the table: freeze, traders' exit, providers' exit.
fn against(world: &mut World, keys: Stolen, hold: Hold) -> [(u64, u64); 3] {
    let MaxLoss { frozen_seconds, trader_exit_seconds, provider_exit_seconds, .. } = bound(world, keys, None);
    let seconds = time(world, keys, None);
    let played = play(world, 0, seconds, false, hold);
    [(played.frozen, frozen_seconds), (played.trader, trader_exit_seconds), (played.provider, provider_exit_seconds)]
}

#[track_caller]
fn ensure_answered(found: [(u64, u64); 3]) {
    println!("{}", found.map(|(played, answered)| format!("{} of {}", hours(played), hours(answered))).join(" | "));
    for (played, answered) in found {
        assert!(played <= answered, "{played} s played, {answered} s answered");
    }
}

//
#[test]
fn a_freeze_that_begins_when_a_silence_ends_is_answered() {
    ensure_answered(against(&mut freeze::guarded(CRASH), BOTH, freeze::silence_and_freeze));
}

//
#[test]
fn a_restriction_that_begins_when_a_silence_ends_is_answered() {
    ensure_answered(against(&mut freeze::without_playbooks(), BOTH, freeze::silence_and_queue));
}

//
#[test]
fn a_restriction_that_begins_when_a_cool_down_ends_is_answered() {
    ensure_answered(against(&mut freeze::without_playbooks(), COUNCIL, freeze::queue_late));
}

//
#[test]
fn the_rules_answer_to_the_truth_behind_a_lie_is_answered() {
    let found = against(&mut freeze::without_playbooks(), FEEDERS, in_turn::lie);
    ensure_answered(found);
    // Longer than the silence: what the rules hold behind it is played, all but the minutes in which nobody tries.
    let (played, answered) = found[2];
    assert!(played + HOUR >= answered && answered == (96 + 6) * HOUR, "{played} of {answered}");
}

//
#[test]
fn a_freeze_of_one_market_behind_another_is_answered() {
    let mut world = in_turn::in_both(freeze::without_playbooks());
    let found = against(&mut world, COUNCIL, in_turn::freeze);
    ensure_answered(found);
    assert!(found[1].0 + HOUR >= 2 * DAY && found[1].1 == 2 * DAY, "{found:?}");
    // A week of one market, a week of the other.
    let mut world = in_turn::in_both(freeze::without_playbooks());
    let found = against(&mut world, COUNCIL, in_turn::queue);
    ensure_answered(found);
    assert!(found[2].0 + 2 * HOUR >= found[2].1 && found[2].1 == (96 + 7 * 24) * HOUR, "{found:?}");
}
