//! Sources that stray or are silent, and how they return.

use crate::setup::signers::{signing, Draft};
use crate::setup::{config, feeder, price, Setup, FEED, OTHER};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{
    FeedConfig, FeedRules, FeedSetup, Misconduct, QueryMsg, RoundOutrun, RoundPublished, SignedReport,
    SourceQuarantined, SourceReturned, SourcesResponse,
};
use firebreak_oracle::ContractError;
use firebreak_risk::Ratio;
use proptest::prelude::*;

const RULES: FeedRules = FeedRules {
    move_max: Ratio::ZERO,
    move_quorum: 0,
    floor: firebreak_risk::Price::ZERO,
    ceiling: firebreak_risk::Price::ZERO,
    unchanged_rounds: 0,
    stray_ratio: Ratio::percent(1),
    stray_reports: 3,
    silent_rounds: 8,
    return_reports: 4,
};

fn judged(weights: &[u32], quorum: u32) -> Setup {
    let app = cw_multi_test::App::default();
    let config = FeedConfig { rules: RULES, ..config(&app, weights, quorum) };
    Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap()
}

fn quarantined(setup: &Setup) -> Vec<usize> {
    let found: SourcesResponse = setup.query(&QueryMsg::Sources { feed: FEED });
    found.sources.iter().enumerate().filter(|(_, one)| one.quarantined).map(|(place, _)| place).collect()
}

/// Feeders report in this order; the round is made by the last one that it takes.
fn beat(setup: &mut Setup, reports: &[(usize, u32)]) -> Vec<cosmwasm_std::Event> {
    setup.advance(5);
    let now = setup.now();
    reports.iter().flat_map(|(feeder, units)| setup.report(*feeder, *units, now).unwrap()).collect()
}

#[test]
fn a_source_that_strays_is_not_counted_until_it_has_earned_its_return() {
    let mut setup = judged(&[1; 5], 4);
    let straying = [(4, 150), (0, 100), (1, 100), (2, 100), (3, 100)];
    let mut events = vec![];
    for _ in 0..2 {
        assert_eq!(SourceQuarantined::all(&beat(&mut setup, &straying)), vec![]);
    }
    events.extend(beat(&mut setup, &straying));
    let stray = feeder(&setup.app, 4).to_string();
    let wanted = SourceQuarantined { feed: FEED, feeder: stray.clone(), cause: Misconduct::Strayed, round: 3 };
    assert_eq!((SourceQuarantined::all(&events), quarantined(&setup)), (vec![wanted], vec![4]));
    // Its report waits in shadow: it is no part of a quorum.
    beat(&mut setup, &[(4, 100), (0, 100), (1, 100), (2, 100)]);
    assert_eq!(setup.price().round, 3);
    let now = setup.now();
    setup.report(3, 100, now).unwrap();
    assert_eq!(setup.price().round, 4);
    // One good report in shadow; a stray starts it over.
    beat(&mut setup, &straying);
    for _ in 0..3 {
        let events = beat(&mut setup, &[(4, 100), (0, 100), (1, 100), (2, 100), (3, 100)]);
        assert_eq!(SourceReturned::all(&events), vec![]);
    }
    let events = beat(&mut setup, &[(4, 100), (0, 100), (1, 100), (2, 100), (3, 100)]);
    assert_eq!(SourceReturned::all(&events), vec![SourceReturned { feed: FEED, feeder: stray, round: 9 }]);
    assert_eq!(quarantined(&setup), Vec::<usize>::new());
    beat(&mut setup, &[(4, 100), (0, 100), (1, 100), (2, 100)]);
    assert_eq!(setup.price().round, 10, "it counts again");
}

#[test]
fn a_silent_source_is_quarantined_and_the_one_that_is_always_last_is_not() {
    let mut setup = judged(&[1; 6], 5);
    let mut events = vec![];
    // Feeder 5 comes after the quorum each time. Feeder 4 comes for two rounds.
    for round in 0..2 {
        events.extend(beat(&mut setup, &[(0, 100), (1, 100), (2, 100), (3, 100), (4, 100), (5, 100)]));
        assert_eq!(setup.price().round, round + 1);
    }
    for _ in 2..9 {
        events.extend(beat(&mut setup, &[(0, 100), (1, 100), (2, 100), (3, 100), (5, 100)]));
    }
    assert_eq!(SourceQuarantined::all(&events), vec![]);
    let events = beat(&mut setup, &[(0, 100), (1, 100), (2, 100), (3, 100), (5, 100)]);
    let silent = feeder(&setup.app, 4).to_string();
    let wanted = SourceQuarantined { feed: FEED, feeder: silent, cause: Misconduct::Silent, round: 10 };
    assert_eq!((SourceQuarantined::all(&events), quarantined(&setup)), (vec![wanted], vec![4]));
    // It returns by reports that come too late to count, too: here the sixth of five.
    for _ in 0..4 {
        beat(&mut setup, &[(0, 100), (1, 100), (2, 100), (3, 100), (5, 100), (4, 100)]);
    }
    assert_eq!(quarantined(&setup), Vec::<usize>::new());
}

// a quorum never shrinks with its sources; what is needed for it stays and the price says that it is doubtful.
#[test]
fn a_source_that_the_quorum_needs_is_not_quarantined() {
    let mut setup = judged(&[1; 4], 3);
    for _ in 0..4 {
        beat(&mut setup, &[(3, 150), (0, 100), (1, 100), (2, 100)]);
    }
    assert_eq!(quarantined(&setup), vec![3]);
    for _ in 0..4 {
        beat(&mut setup, &[(2, 150), (0, 100), (1, 100)]);
    }
    assert_eq!(quarantined(&setup), vec![3], "two of one are no quorum of three");
}

#[test]
fn a_quarantined_signer_is_left_out_and_returns_by_its_own_reports() {
    let app = cw_multi_test::App::default();
    let config = FeedConfig { rules: RULES, ..signing(&app, &[1; 5], 4) };
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    for round in 1..=3 {
        setup.relay_round(round, &[100, 100, 100, 100, 150]).unwrap();
        setup.advance(5);
    }
    assert_eq!(quarantined(&setup), vec![4]);
    let few = setup.draft(4).signed(&[(0, 100), (1, 100), (2, 100), (4, 100)]);
    assert_eq!(setup.relay(vec![few]), Err(ContractError::QuorumMissing { feed: FEED, wanted: 4, found: 3 }));
    // Its price is none of the round's, and neither is it seen by it.
    setup.relay_round(4, &[100, 100, 100, 100, 150]).unwrap();
    assert_eq!((setup.price().round, setup.price().band), (4, price(0)));
    setup.advance(5);
    for round in 5..9 {
        setup.relay_round(round, &[100; 4]).unwrap();
        let now = setup.now();
        setup.report(4, 100, now).unwrap();
        setup.advance(5);
    }
    assert_eq!(quarantined(&setup), Vec::<usize>::new());
    setup.relay_round(9, &[100; 5]).unwrap();
    assert_eq!((setup.price().round, setup.price().price), (9, price(100)));
}

#[test]
fn who_has_a_signer_quarantined_does_not_have_a_message_about_other_feeds_refused() {
    let app = cw_multi_test::App::default();
    let config = FeedConfig { rules: RULES, ..signing(&app, &[1; 5], 4) };
    let feeds = [FEED, OTHER].map(|feed| FeedSetup { feed, config: config.clone() });
    let mut setup = Setup::with_feeds(app, feeds.to_vec()).unwrap();
    for round in 1..=3 {
        setup.relay_round(round, &[100, 100, 100, 100, 150]).unwrap();
        setup.advance(5);
    }
    assert_eq!(quarantined(&setup), vec![4]);
    let draft = setup.draft(4);
    let other = Draft { report: SignedReport { feed: OTHER, ..draft.report.clone() }, ..draft.clone() };
    let signed = |draft: &Draft| draft.signed(&[(0, 100), (1, 100), (2, 100), (4, 100)]);
    let events = setup.relay(vec![signed(&draft), signed(&other)]).unwrap();
    assert_eq!(RoundOutrun::all(&events).iter().map(|fact| fact.feed).collect::<Vec<_>>(), vec![FEED]);
    assert_eq!(RoundPublished::all(&events).iter().map(|fact| fact.feed).collect::<Vec<_>>(), vec![OTHER]);
}

#[test]
fn who_relays_quarantines_nobody_by_leaving_it_out() {
    let app = cw_multi_test::App::default();
    let mut config = FeedConfig { rules: RULES, ..signing(&app, &[1; 10], 7) };
    for feeder in &mut config.feeders[8..] {
        feeder.public_key.clear();
    }
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    // Signer 7 is left out; feeder 8 has no key and reports before each round is relayed; feeder 9 is silent.
    for round in 1..=9 {
        let now = setup.now();
        setup.report(8, 100, now).unwrap();
        setup.relay_round(round, &[100; 7]).unwrap();
        setup.advance(5);
    }
    assert_eq!(quarantined(&setup), vec![9]);
}

// An honest report of the beat before, late: the price has moved since.
#[test]
fn a_late_report_of_an_earlier_time_is_no_stray() {
    let mut setup = judged(&[1; 5], 4);
    let mut units = 100;
    for _ in 0..6 {
        let (earlier, before) = (setup.now(), units);
        units += 10;
        beat(&mut setup, &[(0, units), (1, units), (2, units), (3, units)]);
        setup.report(4, before, earlier).unwrap();
    }
    assert_eq!(quarantined(&setup), Vec::<usize>::new());
    // Of the round's own time it is one.
    for _ in 0..3 {
        beat(&mut setup, &[(0, units), (1, units), (2, units), (3, units), (4, units + 50)]);
    }
    // The quarantine is noted with the next round.
    beat(&mut setup, &[(0, units), (1, units), (2, units), (3, units)]);
    assert_eq!(quarantined(&setup), vec![4]);
}

#[test]
fn a_replaced_round_is_no_second_stray() {
    let app = cw_multi_test::App::default();
    let config = FeedConfig { rules: RULES, ..signing(&app, &[1; 7], 5) };
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    for round in 1..=2 {
        let draft = setup.draft(round);
        for size in [4, 5, 6] {
            let mut prices: Vec<(u8, u32)> = (0..size).map(|signer| (signer, 100)).collect();
            prices.push((6, 150));
            setup.relay(vec![draft.signed(&prices)]).unwrap();
        }
        setup.advance(5);
    }
    assert_eq!((setup.price().round, quarantined(&setup)), (6, vec![]), "two strays in two rounds");
    setup.relay_round(3, &[100, 100, 100, 100, 100, 100, 150]).unwrap();
    assert_eq!(quarantined(&setup), vec![6]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    // liars below a third have no honest source quarantined for straying, and f of them do not stop the feed.
    #[test]
    fn liars_below_a_third_get_nobody_else_quarantined(
        n in 4usize..=7,
        lies in prop::collection::vec(prop::collection::vec(1u32..1_000_000, 2), 12),
        order in prop::collection::vec(prop::collection::vec(any::<u8>(), 7), 12),
        noise in prop::collection::vec(prop::collection::vec(0u32..=9, 7), 12),
    ) {
        let f = (n - 1) / 3;
        let mut setup = judged(&vec![1; n], (2 * n / 3 + 1) as u32);
        for ((lies, order), noise) in lies.iter().zip(&order).zip(&noise) {
            let mut reports: Vec<(usize, u32)> =
                (0..n).map(|one| (one, if one < f { lies[one] } else { 10_000 + noise[one] })).collect();
            reports.sort_by_key(|(one, _)| order[*one]);
            let before = setup.record().rounds.last().map_or(0, |round| round.round);
            beat(&mut setup, &reports);
            prop_assert_eq!(setup.price().round, before + 1, "the feed goes on");
            prop_assert!(price(10_000) <= setup.price().price && setup.price().price <= price(10_009));
        }
        prop_assert!(quarantined(&setup).iter().all(|place| *place < f));
    }
}
