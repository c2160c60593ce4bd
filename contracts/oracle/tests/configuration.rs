//! Bounds of configuration, who may change it, pages, migration.

use crate::setup::{config, feeder, Setup, FEED, OTHER, START};
use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cw_multi_test::App;
use firebreak_messages::oracle::{
    ExecuteMsg, FeedConfig, FeedResponse, FeedSetup, FeedsResponse, MigrateMsg, QueryMsg,
};
use firebreak_messages::FeedId;
use firebreak_oracle::contract::{migrate, CONTRACT_NAME, CONTRACT_VERSION};
use firebreak_oracle::ContractError;
use firebreak_risk::Ratio;

fn refusal(change: impl FnOnce(&mut FeedConfig)) -> ContractError {
    let mut setup = Setup::new();
    let mut config = config(&setup.app, &[1, 1, 1], 3);
    change(&mut config);
    let owner = setup.owner.clone();
    let before = setup.query::<FeedResponse>(&QueryMsg::Feed { feed: FEED });
    let refused = setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[]).unwrap_err();
    assert_eq!(setup.query::<FeedResponse>(&QueryMsg::Feed { feed: FEED }), before);
    refused
}

fn out_of_bounds(what: &'static str, wanted: &str, found: &str) -> ContractError {
    ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }
}

#[test]
fn every_bound_of_a_feed_is_enforced() {
    let app = App::default();
    let weights = "between 1 and 4294967295";
    let share = "above 0 and below 1";
    for (refused, error) in [
        (refusal(|c| c.symbol = String::new()), out_of_bounds("bytes of a symbol", "between 1 and 32", "0")),
        (refusal(|c| c.symbol = "x".repeat(33)), out_of_bounds("bytes of a symbol", "between 1 and 32", "33")),
        (refusal(|c| c.feeders = vec![]), out_of_bounds("feeders", "between 3 and 15", "0")),
        (refusal(|c| c.feeders[1].weight = 0), out_of_bounds("weight of a feeder", weights, "0")),
        (refusal(|c| c.age_max_seconds = 0), out_of_bounds("age_max_seconds", "between 1 and 600", "0")),
        (refusal(|c| c.age_limit_seconds = 59), out_of_bounds("age_limit_seconds", "between 60 and 3600", "59")),
        (refusal(|c| c.age_limit_seconds = 3_601), out_of_bounds("age_limit_seconds", "between 60 and 3600", "3601")),
        (refusal(|c| c.dispersion_max = Ratio::ZERO), out_of_bounds("dispersion_max", share, "0")),
        (refusal(|c| c.dispersion_max = Ratio::ONE), out_of_bounds("dispersion_max", share, "1")),
        (refusal(|c| c.jump_max = Ratio::ZERO), out_of_bounds("jump_max", "above 0", "0")),
        (
            refusal(|c| c.feeders[2].address = c.feeders[0].address.clone()),
            ContractError::Duplicate { what: "feeder", found: feeder(&app, 0).to_string() },
        ),
    ] {
        assert_eq!(refused, error);
    }
    let crowd = refusal(|c| c.feeders = config(&app, &[1; 16], 16).feeders);
    assert_eq!(crowd, out_of_bounds("feeders", "between 3 and 15", "16"));
}

// of one source or two nobody can say which is right.
#[test]
fn a_feed_has_three_sources_and_none_has_more_than_a_third_of_the_weight() {
    let heavy = |total, found: u32| {
        out_of_bounds("weight of a feeder", &format!("at most a third of the weight {total}"), &found.to_string())
    };
    let few = |found| out_of_bounds("feeders", "between 3 and 15", found);
    for (weights, quorum, refused) in [
        (&[1][..], 1, Some(few("1"))),
        (&[1, 1], 2, Some(few("2"))),
        (&[1, 1, 1], 3, None),
        (&[7, 7, 7], 15, None),
        (&[2, 1, 1, 1], 4, Some(heavy(5, 2))),
        (&[2, 1, 1, 1, 1], 5, None), // a third, not more
        (&[1, 1, 1, 2, 2], 5, None),
        (&[3, 1, 2, 3, 1], 7, None),
        (&[1, 1, 2, 4, 3], 8, Some(heavy(11, 4))),
        (&[u32::MAX, 1, 1], u32::MAX, Some(heavy(u64::from(u32::MAX) + 2, u32::MAX))),
        (&[1_431_655_765; 3], u32::MAX, None),
    ] {
        let app = App::default();
        let mut feeds = vec![FeedSetup { feed: FEED, config: config(&app, weights, quorum) }];
        assert_eq!(Setup::with_feeds(App::default(), feeds.clone()).err(), refused, "{weights:?}");
        let mut setup = Setup::new();
        let (owner, config) = (setup.owner.clone(), feeds.remove(0).config);
        let set = setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[]);
        assert_eq!(set.err(), refused, "{weights:?}");
    }
}

//
#[test]
fn one_price_read_at_two_contracts_is_one_source() {
    let refused = refusal(|c| {
        c.feeders[0].pyth_id = "ab".repeat(32);
        c.feeders[2].pyth_id = "AB".repeat(32);
    });
    assert_eq!(refused, ContractError::Duplicate { what: "pyth_id", found: "ab".repeat(32) });
}

// with at most two thirds, liars of a third would be half of a quorum.
#[test]
fn a_quorum_is_more_than_two_thirds_of_the_weight_and_at_most_all() {
    for (weights, quorum, accepted) in [
        (&[1, 1, 1][..], 2, false), // 2 of 3 is two thirds, not more
        (&[1, 1, 1], 3, true),
        (&[1, 1, 1], 4, false),
        (&[1, 1, 1, 1], 3, true),
        (&[1, 1, 1, 1], 2, false),
        (&[u32::MAX; 15], u32::MAX, false), // no 32-bit sum overflows into a small quorum
        (&[2, 1, 1, 1, 1], 4, false),
        (&[2, 1, 1, 1, 1], 5, true),
    ] {
        let mut setup = Setup::new();
        let owner = setup.owner.clone();
        let config = config(&setup.app, weights, quorum);
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let result = setup.send(&owner, &ExecuteMsg::SetFeed { feed: FEED, config }, &[]);
        let wanted = format!("above two thirds of the weight {total} and at most all of it");
        let refused = out_of_bounds("quorum", &wanted, &quorum.to_string());
        assert_eq!(result.err(), (!accepted).then_some(refused), "{quorum} of {weights:?}");
    }
}

#[test]
fn only_the_owner_sets_feeds_and_a_new_configuration_drops_what_waits() {
    let mut setup = Setup::new();
    let (owner, stranger) = (setup.owner.clone(), feeder(&setup.app, 0));
    // Feeders in another order: what waits names places, and must not be counted as somebody else's.
    let mut config = config(&setup.app, &[1, 1, 1], 3);
    config.feeders.reverse();
    let set = ExecuteMsg::SetFeed { feed: FEED, config };
    assert_eq!(
        setup.send(&stranger, &set, &[]),
        Err(ContractError::Unauthorized { wanted: owner.to_string(), found: stranger.to_string() })
    );
    setup.report(0, 100, START).unwrap();
    setup.report(1, 100, START).unwrap();
    setup.send(&owner, &set, &[]).unwrap();
    setup.report(2, 100, START).unwrap();
    assert_eq!(setup.record().rounds, vec![]);
    setup.report(0, 100, START).unwrap();
    setup.report(1, 100, START).unwrap();
    assert_eq!(setup.price().round, 1);
}

#[test]
fn an_instantiation_with_a_feed_twice_or_too_many_is_refused() {
    let app = App::default();
    let feed = |feed: u16| FeedSetup { feed: FeedId(feed), config: config(&app, &[1; 3], 3) };
    let twice = vec![feed(1), feed(1)];
    let many: Vec<FeedSetup> = (0..33).map(feed).collect();
    assert_eq!(
        Setup::with_feeds(App::default(), twice).err(),
        Some(ContractError::Duplicate { what: "feed", found: "1".into() })
    );
    assert_eq!(Setup::with_feeds(App::default(), many).err(), Some(out_of_bounds("feeds", "between 0 and 32", "33")));
}

#[test]
fn feeds_come_in_pages() {
    let setup = Setup::new();
    let page = |start_after, limit| -> Vec<FeedId> {
        let page: FeedsResponse = setup.query(&QueryMsg::Feeds { start_after, limit });
        page.feeds.into_iter().map(|feed| feed.feed).collect()
    };
    assert_eq!(page(None, None), vec![FEED, OTHER]);
    assert_eq!(page(None, Some(1)), vec![FEED]);
    assert_eq!(page(Some(FEED), Some(1_000)), vec![OTHER]);
    assert_eq!(page(Some(OTHER), None), vec![]);
}

#[test]
fn a_migration_refuses_another_contract_and_a_newer_version() {
    let mut deps = mock_dependencies();
    let wanted = format!("{CONTRACT_NAME} {CONTRACT_VERSION} or older");
    for (name, version, accepted) in [
        (CONTRACT_NAME, "0.0.9", true),
        (CONTRACT_NAME, CONTRACT_VERSION, true),
        (CONTRACT_NAME, "0.10.0", false),
        ("firebreak:guardian", "0.0.1", false),
    ] {
        cw2::set_contract_version(&mut deps.storage, name, version).unwrap();
        let refused = ContractError::Migration { wanted: wanted.clone(), found: format!("{name} {version}") };
        let result = migrate(deps.as_mut(), mock_env(), MigrateMsg {});
        assert_eq!(result.err(), (!accepted).then_some(refused), "{name} {version}");
    }
}
