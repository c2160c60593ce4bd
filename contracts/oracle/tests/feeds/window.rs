//! Mean, median, low and high of a window.

use crate::setup::{config, price, Setup, FEED};
use firebreak_messages::oracle::{ExecuteMsg, FeedConfig, FeedSetup, QueryMsg, WindowResponse};
use firebreak_oracle::ContractError;
use proptest::prelude::*;

const WINDOW: u64 = 80;

fn with_window() -> Setup {
    let app = cw_multi_test::App::default();
    let config = FeedConfig { window_seconds: WINDOW, ..config(&app, &[1, 1, 1], 3) };
    Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap()
}

fn window(setup: &Setup) -> Option<WindowResponse> {
    setup.app.wrap().query_wasm_smart(&setup.oracle, &QueryMsg::Window { feed: FEED }).ok()
}

#[test]
fn a_window_is_told_by_seconds_and_not_by_rounds() {
    let mut setup = with_window();
    assert_eq!(window(&setup), None);
    setup.round(&[100; 3]);
    setup.advance(10);
    // A hundred rounds within ten seconds would move a mean of rounds.
    for units in [110, 110, 110, 110, 110] {
        setup.round(&[units; 3]);
        setup.advance(1);
    }
    setup.advance(35);
    // 10 s of 100, 40 s of 110.
    let found = window(&setup).unwrap();
    assert_eq!((found.mean, found.median, found.low, found.high), (price(108), price(110), price(100), price(110)));
    assert_eq!(found.window_seconds, WINDOW);
    // What left the window is forgotten; a feed that was silent for longer has no window.
    setup.advance(60);
    assert_eq!(window(&setup), None);
}

#[test]
fn a_round_that_is_no_price_is_left_out() {
    let mut setup = with_window();
    for units in [100, 200, 200] {
        setup.round(&[units; 3]);
        setup.advance(10);
    }
    // The first 200 jumped: 20 s of 100, 10 s of 200.
    let found = window(&setup).unwrap();
    assert_eq!(
        (found.mean, found.low, found.high),
        ("133.333333333333333333".parse().unwrap(), price(100), price(200))
    );
}

#[test]
fn a_feed_without_a_window_says_so_and_a_new_one_starts_over() {
    let mut setup = Setup::new();
    let error = setup
        .app
        .wrap()
        .query_wasm_smart::<WindowResponse>(&setup.oracle, &QueryMsg::Window { feed: FEED })
        .unwrap_err()
        .to_string();
    assert!(error.contains(&ContractError::NoWindow { feed: FEED }.to_string()), "{error}");
    let owner = setup.owner.clone();
    for window_seconds in [60, 120] {
        let config = FeedConfig { window_seconds, ..config(&setup.app, &[1, 1, 1], 3) };
        setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[]).unwrap();
        for _ in 0..20 {
            setup.advance(5);
            setup.round(&[100; 3]);
        }
        assert_eq!(window(&setup).unwrap().window_seconds, window_seconds);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Against all rounds at once, folded one by one: the ring and the buckets together lose and double nothing.
    #[test]
    fn the_window_is_that_of_all_rounds(steps in prop::collection::vec((1u64..20, 95u32..=105), 1..40), later in 0u64..60) {
        let mut setup = with_window();
        let mut history = firebreak_risk::PriceHistory::default();
        for (round, (pause, units)) in (1u64..).zip(steps) {
            setup.advance(pause);
            setup.round(&[units; 3]);
            history.fold(round, setup.now(), price(units), WINDOW).unwrap();
        }
        setup.advance(later);
        let wanted = history.figures(setup.now(), WINDOW).unwrap();
        let found = window(&setup);
        prop_assert_eq!(
            found.map(|found| [found.mean, found.median, found.low, found.high]),
            wanted.map(|wanted| [wanted.mean, wanted.median, wanted.low, wanted.high])
        );
    }
}
