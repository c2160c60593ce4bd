//! What feeders may and may not report.

use crate::setup;

use crate::setup::{feeder, price, Setup, FEED, OTHER, START};
use cosmwasm_std::{coin, from_json};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{ExecuteMsg, FeedReport, ReportIgnored, RoundPublished};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;
use firebreak_risk::{Price, RiskError, PRICE_MAX};

// R-48
#[test]
fn a_price_of_zero_or_beyond_its_bound_is_refused_and_a_negative_one_is_no_message() {
    let mut setup = Setup::new();
    let wanted = format!("above 0 and at most {PRICE_MAX}");
    for refused in [Price::ZERO, PRICE_MAX.plus(Price::from_atoms(1)).unwrap()] {
        assert_eq!(
            setup.report_of(0, &[(FEED, refused, START)]),
            Err(ContractError::Risk(RiskError::OutOfBounds {
                what: "price",
                wanted: wanted.clone(),
                found: refused.to_string()
            }))
        );
    }
    setup.report_of(0, &[(FEED, PRICE_MAX, START)]).unwrap();
    let json = r#"{"report":{"reports":[{"feed":1,"price":"-1","published_at":1}]}}"#;
    let parsed = from_json::<ExecuteMsg>(json.as_bytes()).unwrap_err();
    assert!(parsed.to_string().contains("never negative"), "{parsed}");
    let json = r#"{"report":{"reports":[{"feed":1,"price":"1","published_at":1}]}}"#;
    let report = FeedReport { feed: FeedId(1), price: price(1), published_at: 1 };
    assert_eq!(from_json::<ExecuteMsg>(json.as_bytes()), Ok(ExecuteMsg::Report { reports: vec![report] }));
}

// R-36
#[test]
fn strangers_and_unknown_feeds_are_refused_and_nothing_moves() {
    let mut setup = Setup::new();
    let stranger = feeder(&setup.app, 99);
    assert_eq!(
        setup.report(99, 100, START),
        Err(ContractError::NotFeeder { feed: FEED, sender: stranger.to_string() })
    );
    // The owner is no feeder either: nobody sets a price.
    let owner = setup.owner.clone();
    let reports = vec![FeedReport { feed: FEED, price: price(1), published_at: START }];
    assert_eq!(
        setup.send(&owner, &ExecuteMsg::Report { reports }, &[]),
        Err(ContractError::NotFeeder { feed: FEED, sender: owner.to_string() })
    );
    assert_eq!(
        setup.report_of(0, &[(FEED, price(100), START), (FeedId(9), price(100), START)]),
        Err(ContractError::UnknownFeed { feed: FeedId(9) })
    );
    // The first report of that message is gone with it: three more are needed.
    setup.report(1, 100, START).unwrap();
    setup.report(2, 100, START).unwrap();
    assert_eq!(setup.record().rounds, vec![]);
}

#[test]
fn reports_from_the_future_are_refused_beyond_two_seconds() {
    let mut setup = Setup::new();
    setup.report(0, 100, START + 2).unwrap();
    assert_eq!(
        setup.report(1, 100, START + 3),
        Err(ContractError::FutureReport { feed: FEED, published_at: START + 3, latest_accepted: START + 2 })
    );
    assert_eq!(
        setup.report(1, 100, u64::MAX),
        Err(ContractError::FutureReport { feed: FEED, published_at: u64::MAX, latest_accepted: START + 2 })
    );
}

#[test]
fn reports_older_than_the_feed_accepts_are_refused() {
    let mut setup = Setup::new();
    setup.report(0, 100, START - 60).unwrap();
    assert_eq!(
        setup.report(1, 100, START - 61),
        Err(ContractError::StaleReport { feed: FEED, age_seconds: 61, age_max_seconds: 60 })
    );
}

#[test]
fn an_outrun_report_is_ignored_and_does_not_refuse_the_others() {
    let mut setup = Setup::with_weights(&[1, 1, 1, 1], 3);
    setup.round(&[100, 100, 100]);
    setup.advance(1);
    let events = setup.report_of(3, &[(FEED, price(77), START), (OTHER, price(5), START + 1)]).unwrap();
    assert_eq!(
        ReportIgnored::all(&events),
        vec![ReportIgnored {
            feed: FEED,
            feeder: feeder(&setup.app, 3).to_string(),
            published_at: START,
            last_published_at: START,
        }]
    );
    assert_eq!(setup.price().round, 1);
    // However late: a feed that went on is no reason to refuse the other one.
    setup.advance(600);
    let events = setup.report_of(3, &[(FEED, price(77), START), (OTHER, price(5), START + 601)]).unwrap();
    assert_eq!(ReportIgnored::all(&events).len(), 1);
}

#[test]
fn an_own_report_that_was_overtaken_on_its_way_is_ignored() {
    let mut setup = Setup::new();
    setup.report(0, 100, START).unwrap();
    let events = setup.report(0, 50, START - 5).unwrap();
    assert_eq!(ReportIgnored::all(&events).len(), 1);
    setup.report(1, 100, START).unwrap();
    setup.report(2, 100, START).unwrap();
    assert_eq!((setup.price().price, setup.price().band), (price(100), price(0)));
}

#[test]
fn one_sender_reports_several_feeds_but_each_only_once() {
    let mut setup = Setup::new();
    assert_eq!(
        setup.report_of(0, &[(FEED, price(1), START), (OTHER, price(1), START), (FEED, price(2), START)]),
        Err(ContractError::Duplicate { what: "feed", found: "1".into() })
    );
    for feeder in 0..2 {
        setup.report_of(feeder, &[(FEED, price(1), START), (OTHER, price(7), START)]).unwrap();
    }
    let events = setup.report_of(2, &[(OTHER, price(7), START), (FEED, price(1), START)]).unwrap();
    let published: Vec<FeedId> = RoundPublished::all(&events).iter().map(|fact| fact.feed).collect();
    assert_eq!(published, vec![OTHER, FEED]);
    // One call for both.
    assert_eq!(setup.told(), vec![OTHER, FEED]);
}

#[test]
fn a_message_without_reports_or_with_too_many_is_refused() {
    let mut setup = Setup::new();
    let refused = |found: &str| {
        Err(ContractError::OutOfBounds { what: "reports", wanted: "between 1 and 32".into(), found: found.into() })
    };
    assert_eq!(setup.report_of(0, &[]), refused("0"));
    let many: Vec<_> = (0..33).map(|feed| (FeedId(feed), price(1), START)).collect();
    assert_eq!(setup.report_of(0, &many), refused("33"));
}

#[test]
fn coins_are_refused_with_every_message() {
    let mut setup = Setup::new();
    let sender = feeder(&setup.app, 0);
    let owner = setup.owner.clone();
    let gift = coin(5, "uusdc");
    for address in [&sender, &owner] {
        let minted = cw_multi_test::SudoMsg::Bank(cw_multi_test::BankSudo::Mint {
            to_address: address.to_string(),
            amount: vec![gift.clone()],
        });
        setup.app.sudo(minted).unwrap();
    }
    let reports = vec![FeedReport { feed: FEED, price: price(1), published_at: START }];
    let config = setup::config(&setup.app, &[1, 1, 1], 3);
    for (sender, message) in [
        (&sender, ExecuteMsg::Report { reports }),
        (&owner, ExecuteMsg::SetFeed { feed: FEED, config }),
        (&owner, ExecuteMsg::SetHook { hook: None }),
    ] {
        assert_eq!(
            setup.send(sender, &message, std::slice::from_ref(&gift)),
            Err(ContractError::UnexpectedFunds { found: "5uusdc".into() })
        );
    }
}
