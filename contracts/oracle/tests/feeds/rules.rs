//! Dead feeds, and moves that need more weight.

use crate::setup::{config, price, Setup, FEED};
use firebreak_messages::oracle::{FeedRules, FeedSetup, Validity, MOVE_HOLD_SECONDS};
use firebreak_risk::{Price, Ratio};

fn with_rules(weights: &[u32], quorum: u32, rules: FeedRules) -> Setup {
    let app = cw_multi_test::App::default();
    let config = firebreak_messages::oracle::FeedConfig { rules, ..config(&app, weights, quorum) };
    Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap()
}

fn next(setup: &mut Setup, prices: &[u32]) -> Validity {
    setup.advance(5);
    setup.round(prices);
    setup.record().rounds.last().unwrap().validity
}

//
#[test]
fn a_price_at_the_end_of_its_sources_scale_is_no_price() {
    let rules = FeedRules { floor: price(10), ceiling: price(20), ..FeedRules::default() };
    let mut setup = with_rules(&[1, 1, 1], 3, rules);
    for (units, validity) in
        [(11, Validity::Valid), (10, Validity::Invalid), (11, Validity::Valid), (9, Validity::Invalid)]
    {
        assert_eq!(next(&mut setup, &[units; 3]), validity, "{units}");
    }
    let rules = FeedRules { ceiling: price(20), ..FeedRules::default() };
    let mut setup = with_rules(&[1, 1, 1], 3, rules);
    for (units, validity) in
        [(19, Validity::Valid), (20, Validity::Invalid), (19, Validity::Valid), (21, Validity::Invalid)]
    {
        assert_eq!(next(&mut setup, &[units; 3]), validity, "{units}");
    }
}

//
#[test]
fn a_price_that_stands_still_to_the_last_decimal_is_dead_until_it_moves() {
    let mut setup = with_rules(&[1, 1, 1], 3, FeedRules { unchanged_rounds: 8, ..FeedRules::default() });
    for round in 0..8 {
        assert_eq!(next(&mut setup, &[100; 3]), Validity::Valid, "{round} repetitions");
    }
    assert_eq!(next(&mut setup, &[100; 3]), Validity::Invalid);
    assert_eq!(next(&mut setup, &[100; 3]), Validity::Invalid);
    // The least move is life.
    setup.advance(5);
    let (now, moved) = (setup.now(), price(100).plus(Price::from_atoms(1)).unwrap());
    for feeder in 0..3 {
        setup.report_of(feeder, &[(FEED, moved, now)]).unwrap();
    }
    assert_eq!(setup.price().validity, Validity::Valid);
    assert_eq!(next(&mut setup, &[100; 3]), Validity::Valid);
}

fn moving() -> Setup {
    let rules = FeedRules { move_max: Ratio::percent(5), move_quorum: 4, ..FeedRules::default() };
    with_rules(&[1, 1, 1, 1], 3, rules)
}

#[test]
fn a_large_move_waits_for_more_weight() {
    let mut setup = moving();
    setup.round(&[100; 3]);
    setup.advance(5);
    setup.round(&[110; 3]);
    assert_eq!(setup.record().rounds.len(), 1, "three say so, four are asked for");
    let now = setup.now();
    setup.report(3, 110, now).unwrap();
    assert_eq!((setup.price().round, setup.price().price, setup.price().validity), (2, price(110), Validity::Valid));
    // A move within the cap waits for nobody; measured from the round that four agreed on.
    assert_eq!(next(&mut setup, &[115; 3]), Validity::Valid);
}

#[test]
fn a_source_that_is_down_holds_a_large_move_up_for_a_moment_and_leaves_it_in_doubt() {
    let mut setup = moving();
    setup.round(&[100; 3]);
    for second in (0..MOVE_HOLD_SECONDS).step_by(5) {
        setup.advance(5);
        setup.round(&[110; 3]);
        assert_eq!(setup.record().rounds.len(), 1, "after {second} s");
    }
    assert_eq!(next(&mut setup, &[110; 3]), Validity::SoftInvalid);
    // From there on it waits no more, and stays in doubt as long as the ring remembers what was trusted.
    for round in 3..=8 {
        assert_eq!(next(&mut setup, &[110; 3]), Validity::SoftInvalid, "round {round}");
    }
    assert_eq!(next(&mut setup, &[110; 3]), Validity::SoftInvalid);
    assert_eq!(next(&mut setup, &[110; 3]), Validity::Valid, "doubt ends: no wedge");
}

#[test]
fn the_missing_weight_ends_the_doubt() {
    let mut setup = moving();
    setup.round(&[100; 3]);
    for _ in 0..2 {
        setup.advance(5);
        setup.round(&[110; 3]);
    }
    assert_eq!(next(&mut setup, &[110; 3]), Validity::SoftInvalid);
    // Back where it was is trusted with a quorum: nothing moved.
    setup.advance(5);
    setup.round(&[100; 3]);
    setup.advance(10);
    setup.round(&[100; 3]);
    assert_eq!((setup.price().price, setup.price().validity), (price(100), Validity::Valid));
}

#[test]
fn a_move_whose_reports_have_aged_out_is_held_back_anew() {
    let app = cw_multi_test::App::default();
    let mut config = crate::setup::config(&app, &[1; 4], 3);
    config.rules = FeedRules { move_max: Ratio::percent(5), move_quorum: 4, ..FeedRules::default() };
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    setup.round(&[100; 3]);
    for pause in [5, 70] {
        setup.advance(pause);
        setup.round(&[110; 3]);
        assert_eq!(setup.price().round, 1, "after {pause} s");
    }
    setup.advance(10);
    setup.round(&[110; 3]);
    assert_eq!((setup.price().round, setup.price().price), (2, price(110)));
}

#[test]
fn a_signed_round_with_too_little_weight_for_its_move_is_in_doubt_until_more_is_relayed() {
    let app = cw_multi_test::App::default();
    let mut config = crate::setup::signers::signing(&app, &[1, 1, 1, 1], 3);
    config.rules = FeedRules { move_max: Ratio::percent(5), move_quorum: 4, ..FeedRules::default() };
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    setup.relay_round(1, &[100; 4]).unwrap();
    setup.advance(5);
    let draft = setup.draft(2);
    setup.relay(vec![draft.signed(&[(0, 110), (1, 110), (3, 110)])]).unwrap();
    assert_eq!((setup.price().round, setup.price().validity), (2, Validity::SoftInvalid));
    setup.relay(vec![draft.signed(&[(0, 110), (1, 110), (2, 110), (3, 110)])]).unwrap();
    assert_eq!((setup.price().round, setup.price().validity), (3, Validity::Valid));
}

// unchanged rounds are counted over a replacement as if it had come first.
#[test]
fn a_replaced_round_is_counted_once() {
    let app = cw_multi_test::App::default();
    let mut config = crate::setup::signers::signing(&app, &[1, 1, 1, 1], 3);
    config.rules = FeedRules { unchanged_rounds: 8, ..FeedRules::default() };
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    setup.relay_round(1, &[100; 4]).unwrap();
    for round in 2..=9 {
        setup.advance(5);
        let draft = setup.draft(round);
        setup.relay(vec![draft.signed(&[(0, 100), (1, 100), (3, 100)])]).unwrap();
        setup.relay(vec![draft.signed(&[(0, 100), (1, 100), (2, 100), (3, 100)])]).unwrap();
        let validity = if round < 9 { Validity::Valid } else { Validity::Invalid };
        assert_eq!((setup.price().round, setup.price().validity), (2 * round - 1, validity));
    }
}
