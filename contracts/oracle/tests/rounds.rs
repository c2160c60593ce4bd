//! From reports to rounds: median, band, time, validity, ring.

use crate::setup::{config, price, Setup, FEED, START};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::ExecuteMsg;
use firebreak_messages::oracle::{PriceRecord, QueryMsg, RoundPublished, Validity, ROUNDS_KEPT};
use firebreak_oracle::ContractError;
use firebreak_risk::Ratio;

#[test]
fn a_quorum_publishes_the_median_with_its_band_and_time() {
    let mut setup = Setup::new();
    assert!(setup.report(0, 100, START - 3).unwrap().iter().all(|event| RoundPublished::try_from(event).is_err()));
    setup.report(1, 102, START - 1).unwrap();
    assert_eq!(setup.record().rounds, vec![]);
    let events = setup.report(2, 101, START).unwrap();
    let published = RoundPublished::all(&events);
    // Median of 100, 101, 102; deviations 1, 0, 1: the median of 0, 1, 1 is 1; median time of -3, -1, 0 is -1.
    assert_eq!(
        published,
        vec![RoundPublished {
            feed: FEED,
            round: 1,
            price_before: price(0),
            price: price(101),
            band: price(1),
            published_at: START - 1,
            validity: Validity::Valid,
        }]
    );
    let record = setup.record();
    assert_eq!(record.rounds.len(), 1);
    assert_eq!(record.rounds[0].recorded_height, setup.app.block_info().height);
    assert_eq!((record.age_max_seconds, record.age_limit_seconds), (60, 600));
}

//
#[test]
fn one_venue_at_a_third_above_the_others_moves_the_price_by_no_more_than_its_neighbours_gap() {
    let mut setup = Setup::new();
    setup.round(&[100, 101, 130]);
    assert_eq!(setup.price().price, price(101));
}

#[test]
fn weights_decide_and_a_report_replaces_the_feeders_own() {
    let mut setup = Setup::with_weights(&[3, 1, 2, 3], 7);
    setup.report(1, 90, START).unwrap();
    setup.report(1, 95, START).unwrap();
    setup.report(2, 96, START).unwrap();
    setup.report(3, 100, START).unwrap();
    // 1 + 2 + 3 are too few; 3 more reach the quorum of 7, and the middle of 9 is in the weight of 100.
    assert_eq!(setup.record().rounds, vec![]);
    setup.report(0, 101, START).unwrap();
    assert_eq!(setup.price().price, price(100));
    // Two of one feeder are one: with feeder 2 the light ones weigh 2, not 3.
    let mut setup = Setup::with_weights(&[1, 1, 1], 3);
    for units in [90, 91] {
        setup.report(1, units, START).unwrap();
    }
    setup.report(2, 92, START).unwrap();
    assert_eq!(setup.record().rounds, vec![]);
}

#[test]
fn a_report_counts_for_one_round_only() {
    let mut setup = Setup::with_weights(&[1, 1, 1, 1], 3);
    setup.report(0, 100, START - 2).unwrap();
    setup.report(1, 100, START - 1).unwrap();
    setup.report(2, 100, START).unwrap();
    assert_eq!(setup.price().published_at, START - 1);
    // Feeder 2's report was newer than the round, but it is used up: two more are no quorum.
    setup.advance(5);
    setup.report(0, 101, START + 5).unwrap();
    setup.report(1, 101, START + 5).unwrap();
    assert_eq!(setup.price().round, 1);
    setup.report(3, 101, START + 5).unwrap();
    assert_eq!(setup.price().round, 2);
}

#[test]
fn a_report_that_grew_old_while_it_waited_does_not_count() {
    let mut setup = Setup::new();
    setup.report(0, 50, START).unwrap();
    setup.advance(61);
    setup.report(1, 100, START + 61).unwrap();
    setup.report(2, 100, START + 61).unwrap();
    assert_eq!(setup.record().rounds, vec![]);
    setup.report(0, 102, START + 61).unwrap();
    assert_eq!(setup.price().price, price(100));
}

#[test]
fn rounds_count_up_times_grow_and_the_ring_keeps_eight() {
    let mut setup = Setup::new();
    for step in 0..11 {
        setup.round(&[100 + step, 100 + step, 100 + step]);
        setup.advance(5);
    }
    let record = setup.record();
    assert_eq!(record.rounds.len(), ROUNDS_KEPT);
    assert_eq!(record.rounds.iter().map(|round| round.round).collect::<Vec<_>>(), (4..=11).collect::<Vec<u64>>());
    assert!(record.rounds.windows(2).all(|pair| pair[0].published_at < pair[1].published_at));
    assert!(record.rounds.windows(2).all(|pair| pair[0].recorded_height < pair[1].recorded_height));
    assert_eq!(setup.query::<PriceRecord>(&QueryMsg::Rounds { feed: FEED }), record);
}

#[test]
fn dispersed_reports_make_a_doubtful_round() {
    let mut setup = Setup::new();
    setup.round(&[100, 97, 103]); // band 3 of 100, at most 2 %
    assert_eq!(setup.price().validity, Validity::SoftInvalid);
    setup.advance(5);
    setup.round(&[100, 98, 102]); // 2 % is still inside
    assert_eq!(setup.price().validity, Validity::Valid);
}

#[test]
fn a_round_that_jumps_is_invalid_and_the_next_one_that_agrees_is_valid() {
    let mut setup = Setup::new();
    let mut validity_of = |units: u32| {
        setup.round(&[units, units, units]);
        setup.advance(5);
        setup.record().rounds.last().unwrap().validity
    };
    assert_eq!(validity_of(100), Validity::Valid);
    assert_eq!(validity_of(120), Validity::Valid); // 20 % is inside
    assert_eq!(validity_of(145), Validity::Invalid); // 20.8 % is not
    assert_eq!(validity_of(145), Validity::Valid); // no wedge: it agrees with the round before
    assert_eq!(validity_of(100), Validity::Invalid);
    assert_eq!(validity_of(145), Validity::Invalid); // back is a jump too
    assert_eq!(setup.record().last_valid().map(|round| round.round), Some(4));
}

#[test]
fn a_jump_too_large_for_a_ratio_is_a_jump_and_no_error() {
    let mut setup = Setup::new();
    let atom = firebreak_risk::Price::from_atoms(1);
    for feeder in 0..3 {
        setup.report_of(feeder, &[(FEED, atom, START)]).unwrap();
    }
    setup.advance(5);
    for feeder in 0..3 {
        setup.report_of(feeder, &[(FEED, firebreak_risk::PRICE_MAX, START + 5)]).unwrap();
    }
    assert_eq!((setup.price().round, setup.price().validity), (2, Validity::Invalid));
}

#[test]
fn a_price_loses_validity_with_age_and_new_ages_apply_at_once() {
    let mut setup = Setup::new();
    setup.round(&[100, 100, 100]);
    for (seconds, validity) in
        [(60, Validity::Valid), (1, Validity::SoftInvalid), (539, Validity::SoftInvalid), (1, Validity::Invalid)]
    {
        setup.advance(seconds);
        assert_eq!(setup.price().validity, validity, "at {} s", setup.now() - START);
    }
    let longer = firebreak_messages::oracle::FeedConfig {
        age_max_seconds: 601,
        age_limit_seconds: 900,
        ..config(&setup.app, &[1, 1, 1], 3)
    };
    let owner = setup.owner.clone();
    // 601 is beyond its bound; 600 makes the price 601 s old soft-invalid again.
    let refused = setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config: longer.clone() }, &[]).unwrap_err();
    assert_eq!(
        refused,
        ContractError::OutOfBounds { what: "age_max_seconds", wanted: "between 1 and 600".into(), found: "601".into() }
    );
    let longer = firebreak_messages::oracle::FeedConfig { age_max_seconds: 600, ..longer };
    setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config: longer }, &[]).unwrap();
    assert_eq!((setup.price().validity, setup.price().round), (Validity::SoftInvalid, 1));
}

#[test]
fn a_dispersion_is_measured_against_the_price_rounded_up() {
    let app = cw_multi_test::App::default();
    let config = firebreak_messages::oracle::FeedConfig {
        dispersion_max: Ratio::from_atoms(333_333_333_333_333_333),
        ..config(&app, &[1, 1, 1], 3)
    };
    let feeds = vec![firebreak_messages::oracle::FeedSetup { feed: FEED, config }];
    let mut setup = Setup::with_feeds(app, feeds).unwrap();
    setup.round(&[3, 2, 4]); // band 1 of 3: a third, rounded up, is above 0.333...
    assert_eq!(setup.price().validity, Validity::SoftInvalid);
}
