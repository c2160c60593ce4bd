//! Feeds that follow each other in a ring would all wait for each other: refused, however long and however it would close.

use crate::setup::{config, feeder, price, Setup, FEED, OTHER};
use cw_multi_test::App;
use firebreak_messages::oracle::{ExecuteMsg, FeedConfig, FeedSetup, Leg, PriceResponse, QueryMsg, FOLLOWED_MAX};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;

const THIRD: FeedId = FeedId(3);

/// Feeds 1, 2, .. of the same feeders with these fallbacks; a feed without feeders is a composite of that leg.
fn feeds(all: &[(Option<u16>, Option<u16>)]) -> Setup {
    let app = App::default();
    let base = config(&app, &[1, 1, 1], 3);
    let feeds = (1u16..)
        .zip(all)
        .map(|(feed, (fallback, leg))| FeedSetup {
            feed: FeedId(feed),
            config: FeedConfig { fallback: fallback.map(FeedId), ..made_of(&base, *leg) },
        })
        .collect();
    Setup::with_feeds(app, feeds).unwrap()
}

fn made_of(base: &FeedConfig, leg: Option<u16>) -> FeedConfig {
    match leg {
        None => base.clone(),
        Some(leg) => {
            let legs = vec![Leg { feed: FeedId(leg), divides: false }];
            FeedConfig { legs, feeders: vec![], quorum: 0, ..base.clone() }
        }
    }
}

fn as_owner(setup: &mut Setup, msg: &ExecuteMsg) -> Result<(), ContractError> {
    let owner = setup.owner.clone();
    setup.send(&owner, msg, &[]).map(|_| ())
}

fn promote(setup: &mut Setup, feed: FeedId) -> Result<(), ContractError> {
    as_owner(setup, &ExecuteMsg::PromoteFallback { feed })
}

fn closes(what: &'static str, feed: FeedId, found: FeedId) -> Result<(), ContractError> {
    let wanted = format!("a feed that does not follow feed {feed}");
    Err(ContractError::OutOfBounds { what, wanted, found: found.to_string() })
}

fn say(setup: &mut Setup, feed: FeedId, units: u32) {
    setup.advance(5);
    let now = setup.now();
    for number in 0..3 {
        let sender = feeder(&setup.app, number);
        let reports = vec![firebreak_messages::oracle::FeedReport { feed, price: price(units), published_at: now }];
        setup.send(&sender, &ExecuteMsg::Report { reports }, &[]).unwrap();
    }
}

fn prices(setup: &Setup) -> Vec<firebreak_risk::Price> {
    let of = |feed| setup.query::<PriceResponse>(&QueryMsg::Price { feed }).price;
    [FEED, OTHER, THIRD].map(of).to_vec()
}

#[test]
fn three_feeds_that_back_each_other_are_never_all_promoted() {
    for first in [FEED, OTHER, THIRD] {
        let mut setup = feeds(&[(Some(2), None), (Some(3), None), (Some(1), None)]);
        let next = |feed: FeedId| FeedId(feed.0 % 3 + 1);
        let (second, last) = (next(first), next(next(first)));
        promote(&mut setup, first).unwrap();
        promote(&mut setup, second).unwrap();
        assert_eq!(promote(&mut setup, last), closes("fallback to promote", last, first));
        // The one that is left speaks for all.
        say(&mut setup, last, 100);
        assert_eq!(prices(&setup), vec![price(100); 3]);
        // Once one of them speaks for itself there is no ring.
        as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: second }).unwrap();
        promote(&mut setup, last).unwrap();
        say(&mut setup, second, 101);
        assert_eq!(prices(&setup), vec![price(101); 3]);
    }
}

#[test]
fn a_new_leg_closes_no_ring_through_a_promoted_fallback() {
    let mut setup = feeds(&[(Some(3), None), (None, None), (None, Some(2))]);
    promote(&mut setup, FEED).unwrap();
    let set = |setup: &mut Setup, leg| {
        let config = made_of(&config(&setup.app, &[1, 1, 1], 3), Some(leg));
        as_owner(setup, &ExecuteMsg::SetFeed { feed: THIRD, config })
    };
    assert_eq!(set(&mut setup, 1), closes("leg of a composite feed", THIRD, FEED));
    set(&mut setup, 2).unwrap();
    say(&mut setup, OTHER, 100);
    assert_eq!(prices(&setup), vec![price(100); 3]);
    as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: FEED }).unwrap();
    set(&mut setup, 1).unwrap();
    assert_eq!(promote(&mut setup, FEED), closes("fallback to promote", FEED, THIRD));
}

#[test]
fn a_demotion_closes_no_ring() {
    // Feed 3 is made of feed 1 and speaks for it in need; promoted to feed 2 it does not follow feed 1 now, but will again.
    let mut setup = feeds(&[(Some(3), None), (None, None), (Some(2), Some(1))]);
    promote(&mut setup, THIRD).unwrap();
    assert_eq!(promote(&mut setup, FEED), closes("fallback to promote", FEED, THIRD));
    as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: THIRD }).unwrap();
    say(&mut setup, FEED, 100);
    assert_eq!(setup.query::<PriceResponse>(&QueryMsg::Price { feed: THIRD }).price, price(100));
}

#[test]
fn a_row_that_is_too_long_to_walk_is_refused() {
    let most = FOLLOWED_MAX as u16;
    // Each behind the one before it.
    let row: Vec<_> = (0..most + 2).map(|before| (Some(before).filter(|before| *before > 0), None)).collect();
    let mut setup = feeds(&row);
    for feed in 2..=most + 1 {
        promote(&mut setup, FeedId(feed)).unwrap();
    }
    let refused = ContractError::OutOfBounds {
        what: "fallback to promote",
        wanted: "a feed that makes it follow 16 at most".into(),
        found: "17".into(),
    };
    assert_eq!(promote(&mut setup, FeedId(most + 2)), Err(refused));
    say(&mut setup, FEED, 100);
    let last: PriceResponse = setup.query(&QueryMsg::Price { feed: FeedId(most + 1) });
    assert_eq!(last.price, price(100));
}
