//! A fallback feed: promoted at once, demoted by the same owner, and the feed's own sources are passed over meanwhile.

use crate::setup::{config, feeder, price, Setup, FEED, OTHER};
use cw_multi_test::App;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{
    ExecuteMsg, FallbackPromoted, FeedConfig, FeedSetup, Leg, QueryMsg, ReportIgnored, RoundPublished, SourcesResponse,
    Validity,
};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;

/// Feed 1 of feeders 0 to 2 with feed 2 of feeders 3 to 5 behind it.
fn with_fallback() -> Setup {
    let app = App::default();
    let own = FeedConfig { fallback: Some(OTHER), ..config(&app, &[1, 1, 1], 3) };
    let mut others = config(&app, &[1, 1, 1], 3);
    for (number, other) in (3..).zip(&mut others.feeders) {
        other.address = feeder(&app, number).into();
    }
    let feeds = vec![FeedSetup { feed: FEED, config: own }, FeedSetup { feed: OTHER, config: others }];
    Setup::with_feeds(app, feeds).unwrap()
}

fn others_say(setup: &mut Setup, units: u32) -> Vec<cosmwasm_std::Event> {
    let now = setup.now();
    (3..6).flat_map(|number| setup.report_of(number, &[(OTHER, price(units), now)]).unwrap()).collect()
}

fn as_owner(setup: &mut Setup, msg: &ExecuteMsg) -> Result<Vec<cosmwasm_std::Event>, ContractError> {
    let owner = setup.owner.clone();
    setup.send(&owner, msg, &[])
}

#[test]
fn a_promoted_fallback_says_the_price_until_it_is_demoted() {
    let mut setup = with_fallback();
    setup.round(&[100; 3]);
    others_say(&mut setup, 101);
    assert_eq!((setup.price().round, setup.price().price), (1, price(100)), "not promoted yet");

    let events = as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: FEED }).unwrap();
    let fact = FallbackPromoted { feed: FEED, fallback: OTHER, promoted_before: false, promoted: true };
    assert_eq!(FallbackPromoted::all(&events), vec![fact]);
    setup.advance(5);
    // The old feeders lie, and are passed over.
    let events = setup.round(&[1; 3]);
    assert_eq!(ReportIgnored::all(&events).len(), 1);
    assert_eq!(setup.price().round, 1);
    let events = others_say(&mut setup, 102);
    let published: Vec<(FeedId, u64)> =
        RoundPublished::all(&events).iter().map(|fact| (fact.feed, fact.round)).collect();
    assert_eq!(published, vec![(OTHER, 2), (FEED, 2)]);
    assert_eq!(setup.told(), vec![OTHER, FEED], "one call for both");
    assert_eq!(
        (setup.price().price, setup.price().validity, setup.price().published_at),
        (price(102), Validity::Valid, setup.now())
    );
    let sources: SourcesResponse = setup.query(&QueryMsg::Sources { feed: FEED });
    assert!(sources.promoted);

    // Its own cap on jumps holds for the fallback's prices too.
    setup.advance(5);
    others_say(&mut setup, 150);
    assert_eq!((setup.price().price, setup.price().validity), (price(150), Validity::Invalid));

    let events = as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: FEED }).unwrap();
    let fact = FallbackPromoted { feed: FEED, fallback: OTHER, promoted_before: true, promoted: false };
    assert_eq!(FallbackPromoted::all(&events), vec![fact]);
    setup.advance(5);
    others_say(&mut setup, 151);
    assert_eq!(setup.price().round, 3);
    setup.round(&[149; 3]);
    assert_eq!((setup.price().round, setup.price().price, setup.price().validity), (4, price(149), Validity::Valid));
}

#[test]
fn only_the_owner_promotes_and_only_what_was_named_before() {
    let mut setup = with_fallback();
    let stranger = feeder(&setup.app, 0);
    let owner = setup.owner.to_string();
    for msg in [ExecuteMsg::PromoteFallback { feed: FEED }, ExecuteMsg::DemoteFallback { feed: FEED }] {
        let refused = ContractError::Unauthorized { wanted: owner.clone(), found: stranger.to_string() };
        assert_eq!(setup.send(&stranger, &msg, &[]), Err(refused));
    }
    let none = |feed| Err(ContractError::NoFallback { feed });
    assert_eq!(as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: OTHER }), none(OTHER));
    assert_eq!(as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: FEED }), none(FEED));
    let unknown = Err(ContractError::UnknownFeed { feed: FeedId(9) });
    assert_eq!(as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: FeedId(9) }), unknown);
}

#[test]
fn a_fallback_is_another_feed_that_exists() {
    let mut setup = with_fallback();
    let base = config(&setup.app, &[1, 1, 1], 3);
    let named = |fallback| FeedConfig { fallback: Some(fallback), ..base.clone() };
    let unknown = ContractError::UnknownFeed { feed: FeedId(9) };
    let itself =
        ContractError::OutOfBounds { what: "fallback of a feed", wanted: "another feed".into(), found: "1".into() };
    for (fallback, wanted) in [(FeedId(9), unknown), (FEED, itself)] {
        let refused = as_owner(&mut setup, &ExecuteMsg::SetFeed { feed: FEED, config: named(fallback) });
        assert_eq!(refused.unwrap_err(), wanted);
        let feeds = vec![FeedSetup { feed: FEED, config: named(fallback) }];
        assert_eq!(Setup::with_feeds(App::default(), feeds).err(), Some(wanted));
    }
}

#[test]
fn a_promotion_outlives_a_new_configuration_with_the_same_fallback_alone() {
    let mut setup = with_fallback();
    as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: FEED }).unwrap();
    let base = config(&setup.app, &[1, 1, 1], 3);
    let refused = as_owner(&mut setup, &ExecuteMsg::SetFeed { feed: FEED, config: base.clone() });
    let what = "fallback of a promoted feed";
    assert_eq!(refused, Err(ContractError::OutOfBounds { what, wanted: "2".into(), found: "none".into() }));
    let same = FeedConfig { fallback: Some(OTHER), age_max_seconds: 30, ..base };
    as_owner(&mut setup, &ExecuteMsg::SetFeed { feed: FEED, config: same }).unwrap();
    others_say(&mut setup, 100);
    assert_eq!((setup.price().round, setup.price().price), (1, price(100)));
}

#[test]
fn two_feeds_do_not_stand_in_for_each_other() {
    let app = App::default();
    let own = |other| FeedConfig { fallback: Some(other), ..config(&app, &[1, 1, 1], 3) };
    let feeds = vec![FeedSetup { feed: FEED, config: own(OTHER) }, FeedSetup { feed: OTHER, config: own(FEED) }];
    let mut setup = Setup::with_feeds(app, feeds).unwrap();
    as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: FEED }).unwrap();
    // Nobody would say a price.
    let wanted = "a feed that does not follow feed 2".into();
    let refused = ContractError::OutOfBounds { what: "fallback to promote", wanted, found: "1".into() };
    assert_eq!(as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: OTHER }), Err(refused));
    let now = setup.now();
    for number in 0..3 {
        setup.report_of(number, &[(OTHER, price(100), now)]).unwrap();
    }
    assert_eq!((setup.price().round, setup.price().price), (1, price(100)));
}

/// Feeds 11 to 14, of OTHER's price alone.
fn composites(setup: &mut Setup, count: u16) -> Vec<Result<Vec<cosmwasm_std::Event>, ContractError>> {
    let leg = Leg { feed: OTHER, divides: false };
    let base = config(&setup.app, &[1, 1, 1], 3);
    let composite = FeedConfig { legs: vec![leg], feeders: vec![], quorum: 0, ..base };
    (0..count)
        .map(|number| as_owner(setup, &ExecuteMsg::SetFeed { feed: FeedId(11 + number), config: composite.clone() }))
        .collect()
}

/// A promotion comes in an emergency: that there is no room for it must be known before.
#[test]
fn whoever_names_a_fallback_has_a_place_among_its_followers() {
    let mut setup = with_fallback();
    let full = || ContractError::OutOfBounds {
        what: "feeds that follow one feed",
        wanted: "at most 4".into(),
        found: "5".into(),
    };
    // Feed 1 may follow feed 2 at any time: there is room for three more.
    let set = composites(&mut setup, 4);
    assert!(set[..3].iter().all(Result::is_ok));
    assert_eq!(set[3], Err(full()));
    as_owner(&mut setup, &ExecuteMsg::PromoteFallback { feed: FEED }).unwrap();
    as_owner(&mut setup, &ExecuteMsg::DemoteFallback { feed: FEED }).unwrap();
    assert_eq!(composites(&mut setup, 4)[3], Err(full()));
    // It names none any more, and cannot have it back when its place is taken.
    let base = config(&setup.app, &[1, 1, 1], 3);
    as_owner(&mut setup, &ExecuteMsg::SetFeed { feed: FEED, config: base.clone() }).unwrap();
    assert!(composites(&mut setup, 4)[3].is_ok());
    let named = FeedConfig { fallback: Some(OTHER), ..base };
    assert_eq!(as_owner(&mut setup, &ExecuteMsg::SetFeed { feed: FEED, config: named.clone() }), Err(full()));
    // Nor from the start.
    let app = App::default();
    let feeds = (1..=6).map(|number| match number {
        2 => FeedSetup { feed: OTHER, config: config(&app, &[1, 1, 1], 3) },
        other => FeedSetup {
            feed: FeedId(other),
            config: FeedConfig { fallback: Some(OTHER), ..config(&app, &[1, 1, 1], 3) },
        },
    });
    let feeds = feeds.collect();
    assert_eq!(Setup::with_feeds(app, feeds).err(), Some(full()));
}
