//! Bounds of what a feed may be configured with beside feeders and ages.

use crate::setup::signers::public_key;
use crate::setup::{config, price, Setup, FEED, OTHER};
use firebreak_messages::oracle::{ExecuteMsg, FeedConfig, FeedResponse, Leg, QueryMsg};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;
use firebreak_risk::{Price, Ratio};

fn set(change: impl FnOnce(&mut FeedConfig)) -> Result<FeedConfig, ContractError> {
    let mut setup = Setup::with_weights(&[1, 1, 1, 1], 3);
    let mut config = config(&setup.app, &[1, 1, 1, 1], 3);
    change(&mut config);
    let owner = setup.owner.clone();
    setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[])?;
    Ok(setup.query::<FeedResponse>(&QueryMsg::Feed { feed: FEED }).config)
}

fn out_of_bounds(what: &'static str, wanted: &str, found: &str) -> ContractError {
    ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }
}

#[test]
fn every_bound_of_the_rules_is_enforced() {
    let one = || Ratio::percent(1);
    for (refused, error) in [
        (set(|c| c.rules.move_quorum = 3), out_of_bounds("move_quorum without move_max", "between 0 and 0", "3")),
        (
            set(|c| (c.rules.move_max, c.rules.move_quorum) = (Ratio::percent(21), 4)),
            out_of_bounds("move_max", "between 0 and 0.2", "0.21"),
        ),
        (
            set(|c| (c.rules.move_max, c.rules.move_quorum) = (one(), 2)),
            out_of_bounds("move_quorum", "between 3 and 4", "2"),
        ),
        (
            set(|c| (c.rules.move_max, c.rules.move_quorum) = (one(), 5)),
            out_of_bounds("move_quorum", "between 3 and 4", "5"),
        ),
        // A held move waits ten seconds, and its reports lie five apart at most.
        (
            set(|c| (c.rules.move_max, c.rules.move_quorum, c.age_max_seconds) = (one(), 4, 14)),
            out_of_bounds("age_max_seconds with move_max", "between 15 and 600", "14"),
        ),
        (
            set(|c| (c.rules.floor, c.rules.ceiling) = (price(2), price(2))),
            out_of_bounds("ceiling", "above the floor 2", "2"),
        ),
        (set(|c| c.rules.unchanged_rounds = 7), out_of_bounds("unchanged_rounds", "between 8 and 4294967295", "7")),
        (
            set(|c| (c.rules.silent_rounds, c.rules.return_reports) = (7, 1)),
            out_of_bounds("silent_rounds", "between 8 and 65535", "7"),
        ),
        (set(|c| c.rules.silent_rounds = 8), out_of_bounds("return_reports", "between 1 and 65535", "0")),
        (
            set(|c| (c.rules.stray_reports, c.rules.return_reports) = (1, 1)),
            out_of_bounds("stray_ratio", "between 0.000000000000000001 and 1", "0"),
        ),
        (set(|c| c.window_seconds = 59), out_of_bounds("window_seconds", "between 60 and 86400", "59")),
        (set(|c| c.window_seconds = 86_401), out_of_bounds("window_seconds", "between 60 and 86400", "86401")),
    ] {
        assert_eq!(refused, Err(error));
    }
    set(|c| {
        (c.rules.move_max, c.rules.move_quorum) = (Ratio::percent(20), 4);
        (c.rules.floor, c.rules.ceiling, c.rules.unchanged_rounds) = (Price::from_atoms(1), price(2), 8);
        (c.rules.stray_ratio, c.rules.stray_reports, c.rules.silent_rounds, c.rules.return_reports) = (one(), 1, 8, 1);
        (c.window_seconds, c.age_max_seconds) = (60, 15);
    })
    .unwrap();
    set(|c| c.age_max_seconds = 1).unwrap();
}

#[test]
fn keys_and_identifiers_are_hex_of_their_length_and_each_once() {
    let key = public_key(0);
    for (name, text) in [("short", &key[2..]), ("no hex", "zz"), ("odd", "abc")] {
        let refused = set(|c| c.feeders[1].public_key = text.into());
        assert_eq!(refused, Err(out_of_bounds("public_key", "33 bytes as hex", text)), "{name}");
        let refused = set(|c| c.feeders[1].pyth_id = text.into());
        if name != "short" {
            assert_eq!(refused, Err(out_of_bounds("pyth_id", "32 bytes as hex", text)), "{name}");
        }
    }
    let shouted = key.to_uppercase();
    let twice = set(|c| {
        c.feeders[0].public_key = key.clone();
        c.feeders[2].public_key = shouted.clone();
    });
    assert_eq!(twice, Err(ContractError::Duplicate { what: "public_key", found: key.clone() }));
    let both = set(|c| {
        c.feeders[0].public_key = key.clone();
        c.feeders[0].pyth_id = "00".repeat(32);
    });
    assert_eq!(both, Err(out_of_bounds("public_key of a feeder with a pyth_id", "none", &key)));
    let kept = set(|c| c.feeders[2].public_key = shouted).unwrap();
    assert_eq!(kept.feeders[2].public_key, key);
}

#[test]
fn a_composite_feed_has_legs_of_their_own_and_no_feeders() {
    let composite = |legs: &[u16]| {
        let legs: Vec<Leg> = legs.iter().map(|feed| Leg { feed: FeedId(*feed), divides: false }).collect();
        set(move |c| (c.legs, c.feeders, c.quorum) = (legs, vec![], 0))
    };
    composite(&[2]).unwrap();
    assert_eq!(composite(&[2, 2]), Err(ContractError::Duplicate { what: "leg", found: "2".into() }));
    assert_eq!(composite(&[2, 9]), Err(ContractError::UnknownFeed { feed: FeedId(9) }));
    assert_eq!(composite(&[2, 3, 4, 5, 6]), Err(out_of_bounds("legs", "between 1 and 4", "5")));
    let own = "another feed with feeders of its own";
    assert_eq!(composite(&[1]), Err(out_of_bounds("leg of a composite feed", own, "1")));
    let leg = || vec![Leg { feed: OTHER, divides: true }];
    assert_eq!(set(|c| c.legs = leg()), Err(out_of_bounds("feeders of a composite feed", "between 0 and 0", "4")));
    assert_eq!(
        set(|c| (c.legs, c.feeders) = (leg(), vec![])),
        Err(out_of_bounds("quorum of a composite feed", "between 0 and 0", "3"))
    );
}

#[test]
fn no_composite_is_made_of_composites_and_few_follow_one_feed() {
    let mut setup = Setup::new();
    let owner = setup.owner.clone();
    let base = config(&setup.app, &[1, 1, 1], 3);
    let mut composite = |feed: u16, leg: u16| {
        let legs = vec![Leg { feed: FeedId(leg), divides: false }];
        let config = FeedConfig { legs, feeders: vec![], quorum: 0, ..base.clone() };
        setup.send(&owner, &ExecuteMsg::SetFeed { feed: FeedId(feed), config }, &[]).map(|_| ())
    };
    composite(3, 2).unwrap();
    let own = "another feed with feeders of its own";
    assert_eq!(composite(4, 3), Err(out_of_bounds("leg of a composite feed", own, "3")));
    // A feed that others are made of does not become one itself.
    assert_eq!(composite(2, 1), Err(out_of_bounds("feeds that follow a composite feed", "0", "1")));
    for feed in 4..=6 {
        composite(feed, 2).unwrap();
    }
    assert_eq!(composite(7, 2), Err(out_of_bounds("feeds that follow one feed", "at most 4", "5")));
    // One that leaves makes room.
    composite(6, 1).unwrap();
    composite(7, 2).unwrap();
}
