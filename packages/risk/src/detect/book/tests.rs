use super::super::cage::CageParams;
use super::super::evidence::{Evidence, TIER_HOUR};
use super::super::market::MarketDetectors;
use super::super::rule::{CageConfig, LadderStep};
use super::super::totals::Reading;
use super::super::RULES_MAX;
use super::*;
use crate::posture::{BasisPoints, Level};
use crate::quantity::{Amount, PoolShares, Price, SignedAmount, Size};
use proptest::prelude::*;

const START: u64 = 1_700_000_000;

fn rule(rule: RuleId, first: &str, second: Option<&str>) -> RuleConfig {
    let step = |threshold: &str, level| LadderStep {
        threshold: threshold.parse().unwrap(),
        level,
        duration_seconds: 300,
        ramp: vec![BasisPoints(5_000)],
        ramp_step_seconds: 60,
    };
    let mut ladder = vec![step(first, Level::Guarded)];
    ladder.extend(second.map(|threshold| step(threshold, Level::ReduceOnly)));
    let window_seconds = match rule {
        RuleId::Band => 300,
        RuleId::Velocity => 60,
        RuleId::DayMove => 86_400,
        _ => rule.window_bounds().map_or(0, |_| 3_600),
    };
    RuleConfig {
        rule,
        mode: RuleMode::Enforce,
        window_seconds,
        release: ladder[0].threshold.times(Ratio::percent(50), crate::Rounding::Floor).unwrap(),
        ladder,
        extension_max_seconds: 3_600,
        quiet_seconds: 120,
    }
}

pub(super) fn every_rule() -> Vec<RuleConfig> {
    vec![
        rule(RuleId::Band, "1", Some("2")),
        rule(RuleId::Velocity, "1", Some("1.5")),
        rule(RuleId::Surprise, "600", Some("5256000")),
        rule(RuleId::Flow, "600", None),
        rule(RuleId::HourMove, "0.5", Some("1.5")),
        rule(RuleId::DayMove, "2", Some("4")),
        rule(RuleId::Liquidations, "0.05", Some("0.15")),
        rule(RuleId::PoolDrawdown, "0.03", None),
        rule(RuleId::Outflow, "0.1", None),
        rule(RuleId::FundDrawdown, "0.1", None),
        rule(RuleId::BadDebt, "0.005", Some("0.02")),
        rule(RuleId::Concentration, "0.5", None),
        rule(RuleId::Observers, "1", Some("2")),
        rule(RuleId::Silence, "0.5", None),
    ]
}

fn cage() -> CageConfig {
    CageConfig { mode: RuleMode::Enforce, params: CageParams::standard(Ratio::percent(5)) }
}

fn set<'a>(rules: &'a [RuleConfig], cage: Option<&'a CageConfig>) -> RuleSet<'a> {
    RuleSet {
        maintenance_margin_ratio: Ratio::from_basis_points(250),
        block_seconds: 6,
        turnover_full: Amount::from_units(10_000),
        rules,
        cage,
    }
}

/// A vault with 1,000,000 in its pool and 100,000 of open interest.
fn reading() -> Reading {
    Reading {
        totals: Totals { owed: Amount::from_units(1_000_000), ..Totals::default() },
        open_interest: Amount::from_units(100_000),
        pool_cash: Amount::from_units(1_000_000).signed().unwrap(),
        pool_shares: PoolShares::from_atoms(1_000_000_000_000),
        fund: Amount::from_units(50_000),
        uncovered: Amount::ZERO,
        shortfall: Amount::ZERO,
    }
}

fn input(at: u64, price: u32, reading: Option<&Reading>) -> RuleInput<'_> {
    let band = Some(Ratio::from_basis_points(2));
    RuleInput { now: at, at, price: Price::from_units(price), band, reading, silence: Ratio::ZERO }
}

/// Four hours without news, then the time and the round.
fn calm(rules: &[RuleConfig]) -> (RuleBook, u64, u64) {
    let cage = cage();
    let set = set(rules, Some(&cage));
    let mut book = RuleBook::default().reconfigured(rules, 0);
    let (mut at, mut round) = (START, 0);
    for block in 0..2_400u32 {
        (at, round) = (at + 6, round + 1);
        let observed = book.observe(&set, &input(at, 100_000 + block % 3 * 10, Some(&reading())), round);
        assert_eq!((observed.answers.len(), &book.failing), (0, &vec![]), "{:?}", observed.answers);
    }
    (book, at, round)
}

fn answers(observed: &Observed<'_>) -> Vec<(RuleId, u8)> {
    observed.answers.iter().map(|answer| (answer.rule.rule, answer.step)).collect()
}

#[test]
fn what_traders_cannot_feed_is_of_the_price_and_severities_are_two() {
    let of_price: Vec<RuleId> =
        every_rule().into_iter().map(|config| config.rule).filter(|rule| rule.is_of_price()).collect();
    let wanted = [RuleId::Band, RuleId::Velocity, RuleId::Surprise, RuleId::HourMove, RuleId::DayMove];
    assert_eq!(of_price, wanted);
    assert_eq!([RuleId::HourMove, RuleId::DayMove, RuleId::Observers].map(RuleId::steps_max), [2; 3]);
    assert_eq!(RuleId::Band.steps_max(), super::super::rule::LADDER_MAX);
}

#[test]
fn a_memory_is_its_rules_own_and_the_cage_says_when_it_turns() {
    let rules = every_rule();
    let (mut book, ..) = calm(&rules);
    for config in &rules {
        assert_eq!(book.memory_mut(config.rule).map(|memory| memory.rule), Some(config.rule));
    }
    let (cage, reading) = (cage(), reading());
    let (set, input) = (set(&rules, Some(&cage)), input(START + 20_000, 100_000, Some(&reading)));
    let params = DetectorParams::STANDARD;
    book.turn_cage(&set, &params, &input);
    assert!(!book.turn_cage(&set, &params, &input), "nothing is new");
    book.cage = Some(Cage { factor: BasisPoints(20_000), changed_at: START, ..Cage::calm(&cage.params, START) });
    assert!(book.turn_cage(&set, &params, &input), "a step looser");
}

#[test]
fn each_figure_reaches_its_own_rule() {
    let rules = every_rule();
    let cage = cage();
    let (book, at, round) = calm(&rules);
    for (name, change, wanted) in [
        ("nothing", (|_| {}) as fn(&mut Reading), vec![]),
        (
            "5 % of what was open liquidated",
            |r| r.totals.liquidated_notional = Amount::from_units(5_264),
            vec![(RuleId::Liquidations, 0)],
        ),
        (
            "15 % of what was open liquidated",
            |r| r.totals.liquidated_notional = Amount::from_units(17_648),
            vec![(RuleId::Liquidations, 1)],
        ),
        (
            "dust liquidated in a thin market",
            |r| (r.open_interest, r.totals.liquidated_notional) = (Amount::from_units(10), Amount::from_units(9_999)),
            vec![(RuleId::Liquidations, 0)],
        ),
        (
            "the usual turnover liquidated in a thin market",
            |r| (r.open_interest, r.totals.liquidated_notional) = (Amount::from_units(10), Amount::from_units(10_000)),
            vec![(RuleId::Liquidations, 1)],
        ),
        (
            "a share lost 4 %",
            |r| r.pool_cash = SignedAmount::from_atoms(960_000_000_000),
            vec![(RuleId::PoolDrawdown, 0)],
        ),
        ("a tenth left", |r| r.totals.owed = Amount::from_units(900_000), vec![(RuleId::Outflow, 0)]),
        ("the fund lost a third", |r| r.fund = Amount::from_units(33_000), vec![(RuleId::FundDrawdown, 0)]),
        ("0.5 % unpaid", |r| r.uncovered = Amount::from_units(5_000), vec![(RuleId::BadDebt, 0)]),
        ("a fifth unpaid, no coin missing", |r| r.uncovered = Amount::from_units(200_000), vec![(RuleId::BadDebt, 0)]),
        (
            "2 % missing",
            |r| (r.uncovered, r.shortfall) = (Amount::from_units(20_000), Amount::from_units(20_000)),
            vec![(RuleId::BadDebt, 1)],
        ),
        (
            "six at 100,000 are 60 % of the pool",
            |r| r.totals.skew = Size::from_units(6),
            vec![(RuleId::Concentration, 0)],
        ),
    ] {
        let mut now = reading();
        change(&mut now);
        let mut book = book.clone();
        let observed = book.observe(&set(&rules, Some(&cage)), &input(at + 6, 100_000, Some(&now)), round + 1);
        assert_eq!(answers(&observed), wanted, "{name}");
        assert!(book.failing.is_empty(), "{name}");
    }
}

#[test]
fn order_flow_is_read_off_the_totals_and_reaches_guarded_only() {
    //
    let rules = every_rule();
    let cage = cage();
    let (mut book, mut at, mut round) = calm(&rules);
    let mut now = reading();
    let mut seen = vec![];
    for _ in 0..40 {
        (at, round) = (at + 6, round + 1);
        now.totals.flow_trades += 12;
        now.totals.flow_notional = now.totals.flow_notional.plus(Amount::from_units(20_000)).unwrap();
        now.totals.skew = now.totals.skew.plus(Size::from_atoms(200_000_000_000_000_000)).unwrap();
        seen.extend(answers(&book.observe(&set(&rules, Some(&cage)), &input(at, 100_000, Some(&now)), round)));
    }
    // 8 of 100,000 in a pool of a million: 80 %.
    assert_eq!(seen, vec![(RuleId::Flow, 0), (RuleId::Concentration, 0)]);
    let evidence = book.detectors.evidence(&set(&rules, None).detectors());
    assert!(evidence.all.reaches(TIER_HOUR) && !evidence.hard.reaches(10));
    // It cannot be prolonged: five minutes later nothing more was said.
    for _ in 0..100 {
        (at, round) = (at + 6, round + 1);
        now.totals.flow_trades += 12;
        let observed = book.observe(&set(&rules, Some(&cage)), &input(at, 100_000, Some(&now)), round);
        assert_eq!(answers(&observed), vec![]);
    }
}

#[test]
fn a_rule_that_fails_stops_no_other_and_gets_its_round_again() {
    let rules = vec![rule(RuleId::HourMove, "0.5", None), rule(RuleId::Liquidations, "0.05", None)];
    let set = set(&rules, None);
    let mut book = RuleBook::default().reconfigured(&rules, 0);
    book.observe(&set, &input(START, 100_000, Some(&reading())), 1);
    // The vault is unreadable: one rule fails, the other answers.
    let observed = book.observe(&set, &input(START + 6, 102_000, None), 2);
    assert_eq!((answers(&observed), book.failing.clone()), (vec![(RuleId::HourMove, 0)], vec![RuleId::Liquidations]));
    assert!(book.is_failing(&set));
    let shadow: Vec<_> = rules.iter().cloned().map(|rule| RuleConfig { mode: RuleMode::Shadow, ..rule }).collect();
    assert!(!book.is_failing(&super::RuleSet { rules: &shadow, ..set }));
    let before = book.memories[0].clone();
    // The same round again, readable now: only the one that failed sees it.
    let mut now = reading();
    now.totals.liquidated_notional = Amount::from_units(6_000);
    let observed = book.observe(&set, &input(START + 6, 102_000, Some(&now)), 2);
    assert_eq!((answers(&observed), book.failing.len()), (vec![(RuleId::Liquidations, 0)], 0));
    assert_eq!(book.memories[0], before);
    // What the repeated round has counted, the next one does not count again.
    let observed = book.observe(&set, &input(START + 12, 102_000, Some(&now)), 3);
    assert_eq!((answers(&observed), book.totals), (vec![], Some(now.totals)));
    assert_eq!(book.memories[1].score, Ratio::of(6_000, 106_000, crate::Rounding::Ceil).unwrap());
}

#[test]
fn a_round_given_again_counts_nothing_where_nothing_failed() {
    let rules = vec![rule(RuleId::Liquidations, "0.05", None)];
    let set = set(&rules, None);
    let mut book = RuleBook::default().reconfigured(&rules, 0);
    book.observe(&set, &input(START, 100_000, Some(&reading())), 1);
    let mut now = reading();
    now.totals.liquidated_notional = Amount::from_units(6_000);
    let observed = book.observe(&set, &input(START, 100_000, Some(&now)), 1);
    assert_eq!((answers(&observed), book.totals), (vec![], Some(reading().totals)));
    // So the next round finds all of it.
    let observed = book.observe(&set, &input(START + 6, 100_000, Some(&now)), 2);
    assert_eq!(answers(&observed), [(RuleId::Liquidations, 0)]);
}

#[test]
fn another_configuration_keeps_counters_and_forgets_windows() {
    let rules = every_rule();
    let (mut book, at, round) = calm(&rules);
    let cage = cage();
    book.observe(&set(&rules, Some(&cage)), &input(at + 6, 110_000, Some(&reading())), round + 1);
    let fewer: Vec<_> = rules.iter().filter(|rule| rule.rule != RuleId::Velocity).cloned().collect();
    let next = book.reconfigured(&fewer, 7);
    assert_eq!(next.fed_round, 7);
    assert_eq!(next.memories.len(), rules.len() - 1);
    assert_eq!((next.memories[0].trips, &next.memories[0].watch), (1, &Watch::new(RuleId::Band)));
    assert_eq!(next.memories[1].rule, RuleId::Surprise);
}

/// Of all fourteen rules, every ring full.
const BYTES_MAX: usize = 1_600;

#[test]
fn the_record_of_a_market_is_bounded_and_does_not_grow_with_history() {
    assert!(RuleId::ALL.len() <= RULES_MAX);
    let rules = every_rule();
    let cage = cage();
    let set = set(&rules, Some(&cage));
    let mut book = RuleBook::default().reconfigured(&rules, 0);
    let mut longest = [0usize; 2];
    let mut at = START;
    for round in 1..20_000u64 {
        at += 6 + round % 5 * 60;
        let mut now = reading();
        now.totals.liquidated_notional = Amount::from_units(round * 1_000);
        now.totals.owed = Amount::from_units(1_000_000_000 + round % 7 * 1_000_000);
        now.pool_cash = now.totals.owed.signed().unwrap();
        let price = Price::from_atoms(
            1_000_000_000_000_000_000_000_001 + u128::from(round * 7_919 % 1_000) * 1_000_000_000_000_000_000_003,
        );
        let given = RuleInput { price, ..input(at, 1, Some(&now)) };
        book.observe(&set, &given, round);
        let bytes = postcard::to_allocvec(&book).unwrap().len();
        let half = usize::from(round >= 10_000);
        longest[half] = longest[half].max(bytes);
    }
    println!("rules of one market: at most {} bytes in the first half, {} in the second", longest[0], longest[1]);
    assert!(longest[0] <= BYTES_MAX && longest[1] <= longest[0] + 60, "{longest:?}");
    assert_eq!(postcard::from_bytes::<RuleBook>(&postcard::to_allocvec(&book).unwrap()).unwrap(), book);
}

#[test]
fn an_answered_rule_forgets_its_own_evidence_and_no_other() {
    let mut told = RuleBook::default();
    let some = Evidence::from_whole(5);
    told.detectors.price.drift.up = some;
    told.detectors.band.evidence = [some; 2];
    told.detectors.intensity.evidence = [some; 2];
    let left = |rule| {
        let mut book = told.clone();
        book.forget(rule);
        let MarketDetectors { price, band, intensity, .. } = &book.detectors;
        (price.drift.up, band.evidence[0], intensity.evidence[0])
    };
    let none = Evidence::ZERO;
    assert_eq!(left(RuleId::Surprise), (none, none, some));
    assert_eq!(left(RuleId::Flow), (some, some, none));
    assert_eq!(left(RuleId::Band), (some, some, some));
}

#[test]
fn the_detectors_are_asked_by_a_cage_alone_and_by_a_rule_alone() {
    let (cage, flow, band) = (cage(), [rule(RuleId::Flow, "600", None)], [rule(RuleId::Band, "1", None)]);
    assert!(set(&[], Some(&cage)).needs_detectors());
    assert!(set(&flow, None).needs_detectors());
    assert!(!set(&band, None).needs_detectors());
    assert!(set(&flow, None).reads_vault() && set(&[], Some(&cage)).reads_vault());
    assert!(!set(&band, None).reads_vault());
}

proptest! {
    /// Whatever the figures: no panic, answers within their ladders, and modes change nothing in the state but the counters.
    #[test]
    fn shadow_sees_and_answers_what_enforce_does(
        rounds in prop::collection::vec((1u64..400, 1u32..200_000, any::<u32>(), any::<u32>(), 0u32..3), 1..80),
    ) {
        let enforced = every_rule();
        let shadow: Vec<_> = enforced.iter().cloned().map(|rule| RuleConfig { mode: RuleMode::Shadow, ..rule }).collect();
        let cage = cage();
        let mut books = [RuleBook::default().reconfigured(&enforced, 0), RuleBook::default().reconfigured(&shadow, 0)];
        let mut at = START;
        let mut now = reading();
        for (round, (elapsed, price, a, b, kind)) in rounds.into_iter().enumerate() {
            at += elapsed;
            match kind {
                0 => now.totals.flow_notional = Amount::from_units(u64::from(a.max(b))),
                1 => now.totals.skew = Size::from_units(a as i32),
                _ => now.totals.owed = Amount::from_units(u64::from(b)),
            }
            let given = input(at, price, Some(&now));
            let [first, second] = &mut books;
            let (one, two) = (first.observe(&set(&enforced, Some(&cage)), &given, round as u64 + 1), second.observe(&set(&shadow, Some(&cage)), &given, round as u64 + 1));
            prop_assert_eq!(answers(&one), answers(&two));
            for answer in &one.answers {
                prop_assert!(usize::from(answer.step) < answer.rule.ladder.len());
                prop_assert!(answer.until.is_none_or(|until| until > at && until <= at + 3_600));
            }
            prop_assert_eq!((&first.detectors, &first.cage), (&second.detectors, &second.cage));
        }
    }
}
