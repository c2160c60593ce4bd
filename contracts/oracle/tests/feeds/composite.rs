//! Composite feeds: one rational, rounded once; the oldest time, the worst validity.

use crate::setup::signers::signing;
use crate::setup::{config, price, Setup, FEED, OTHER};
use cw_multi_test::App;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{ExecuteMsg, FeedConfig, FeedSetup, Leg, RoundPublished, Validity};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;
use firebreak_risk::{Price, Ratio};
use proptest::prelude::*;

const THIRD: FeedId = FeedId(3);
const COMPOSITE: FeedId = FeedId(4);

/// Feeds 1 to 3 of three feeders each, and 1 times 2 over 3.
fn with_composite() -> Setup {
    let app = App::default();
    let base = config(&app, &[1, 1, 1], 3);
    let legs = [(FEED, false), (OTHER, false), (THIRD, true)].map(|(feed, divides)| Leg { feed, divides }).to_vec();
    let composite = FeedConfig { legs, feeders: vec![], quorum: 0, dispersion_max: Ratio::percent(10), ..base.clone() };
    let own = [FEED, OTHER, THIRD].map(|feed| FeedSetup { feed, config: base.clone() });
    let feeds = own.into_iter().chain([FeedSetup { feed: COMPOSITE, config: composite }]).collect();
    Setup::with_feeds(app, feeds).unwrap()
}

fn composite(setup: &Setup) -> Vec<firebreak_messages::oracle::Round> {
    PRICES.query(&setup.app.wrap(), setup.oracle.as_str(), COMPOSITE.0).unwrap().rounds
}

fn say(setup: &mut Setup, feed: FeedId, price: Price) -> Vec<cosmwasm_std::Event> {
    let now = setup.now();
    (0..3).flat_map(|number| setup.report_of(number, &[(feed, price, now)]).unwrap()).collect()
}

//
#[test]
fn a_composite_is_rounded_once_and_as_old_as_its_oldest_leg() {
    let mut setup = with_composite();
    let start = setup.now();
    say(&mut setup, FEED, price(10));
    say(&mut setup, THIRD, price(3));
    assert_eq!(composite(&setup), vec![], "a leg has no price yet");
    setup.advance(5);
    let events = say(&mut setup, OTHER, price(3));
    let published: Vec<FeedId> = RoundPublished::all(&events).iter().map(|fact| fact.feed).collect();
    assert_eq!((published, setup.told()), (vec![OTHER, COMPOSITE], vec![OTHER, COMPOSITE]));
    // 10 * 3 / 3: leg by leg it would be 9.99...
    let rounds = composite(&setup);
    assert_eq!((rounds.len(), rounds[0].price, rounds[0].published_at), (1, price(10), start));
    // One leg is newer, the oldest is not: no new price, but the leg's jump makes the old one doubtful.
    setup.advance(5);
    say(&mut setup, OTHER, price(4));
    let rounds = composite(&setup);
    assert_eq!((rounds.len(), rounds[1].price, rounds[1].published_at), (2, price(10), start));
    assert_eq!((rounds[0].validity, rounds[1].validity), (Validity::Valid, Validity::Invalid));
    say(&mut setup, FEED, price(10));
    say(&mut setup, THIRD, price(3));
    let rounds = composite(&setup);
    // With the last of them at the latest it is of now: 10 * 4 / 3, down.
    let last = rounds.last().unwrap();
    assert_eq!((last.price, last.published_at), ("13.333333333333333333".parse().unwrap(), start + 10));
    assert_eq!(last.round, rounds.len() as u64);
}

//
#[test]
fn a_composite_is_as_good_as_its_worst_leg_and_as_wide_as_all() {
    let mut setup = with_composite();
    for feed in [FEED, OTHER, THIRD] {
        say(&mut setup, feed, price(100));
    }
    assert_eq!(composite(&setup).last().unwrap().validity, Validity::Valid);
    setup.advance(5);
    say(&mut setup, OTHER, price(100));
    say(&mut setup, THIRD, price(100));
    let now = setup.now();
    for (number, units) in [(0, 97), (1, 100), (2, 103)] {
        setup.report_of(number, &[(FEED, price(units), now)]).unwrap();
    }
    let last = composite(&setup).pop().unwrap();
    assert_eq!((last.price, last.band, last.validity), (price(100), price(3), Validity::SoftInvalid));
    // A leg that jumps is invalid, and so is what is made of it.
    setup.advance(5);
    say(&mut setup, FEED, price(100));
    say(&mut setup, THIRD, price(100));
    say(&mut setup, OTHER, price(130));
    assert_eq!(composite(&setup).last().unwrap().validity, Validity::Invalid);
}

//
#[test]
fn a_composite_of_the_same_time_gets_worse_with_a_leg_and_better_when_a_leg_is_replaced() {
    let app = App::default();
    let base = signing(&app, &[1; 4], 3);
    let legs = vec![Leg { feed: FEED, divides: false }, Leg { feed: OTHER, divides: false }];
    let made = FeedConfig { legs, feeders: vec![], quorum: 0, dispersion_max: Ratio::percent(10), ..base.clone() };
    let own = [FEED, OTHER].map(|feed| FeedSetup { feed, config: base.clone() });
    let feeds = own.into_iter().chain([FeedSetup { feed: COMPOSITE, config: made }]).collect();
    let mut setup = Setup::with_feeds(app, feeds).unwrap();
    say(&mut setup, OTHER, price(100));
    let start = setup.now();
    setup.relay_round(1, &[100; 4]).unwrap();
    setup.advance(5);
    // One leg is newer and doubtful, the other one's time stands.
    let draft = setup.draft(2);
    setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (3, 900)])]).unwrap();
    assert_eq!(setup.told(), vec![FEED, COMPOSITE]);
    let rounds = composite(&setup);
    let seen = |round: &firebreak_messages::oracle::Round| (round.round, round.published_at, round.validity);
    // The valid one stays whose fill it was.
    let wanted = vec![(1, start, Validity::Valid), (2, start, Validity::SoftInvalid)];
    assert_eq!(rounds.iter().map(seen).collect::<Vec<_>>(), wanted);
    assert_eq!(rounds[1].price, rounds[0].price);
    say(&mut setup, OTHER, price(100));
    let doubtful = (3, start + 5, Validity::SoftInvalid);
    assert_eq!(composite(&setup).last().map(seen), Some(doubtful));
    setup.advance(1);
    setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102), (3, 900)])]).unwrap();
    let rounds = composite(&setup);
    assert_eq!((rounds.len(), rounds.last().map(seen)), (3, Some((4, start + 5, Validity::Valid))));
    assert_eq!(rounds[2].price, price(10_100));
}

#[test]
fn nobody_reports_a_composite_and_a_product_beyond_all_bounds_refuses_no_report() {
    let mut setup = with_composite();
    let refused = setup.report_of(0, &[(COMPOSITE, price(1), setup.now())]);
    assert!(matches!(refused, Err(ContractError::NotFeeder { feed: COMPOSITE, .. })), "{refused:?}");
    say(&mut setup, FEED, firebreak_risk::PRICE_MAX);
    say(&mut setup, OTHER, firebreak_risk::PRICE_MAX);
    say(&mut setup, THIRD, price(1));
    assert_eq!((composite(&setup), setup.price().round), (vec![], 1));
}

#[test]
fn a_composite_that_lost_a_leg_follows_it_no_more() {
    let mut setup = with_composite();
    let owner = setup.owner.clone();
    let base = config(&setup.app, &[1, 1, 1], 3);
    let legs = vec![Leg { feed: OTHER, divides: false }];
    let config = FeedConfig { legs, feeders: vec![], quorum: 0, ..base };
    setup.send(&owner, &ExecuteMsg::SetFeed { feed: COMPOSITE, config }, &[]).unwrap();
    say(&mut setup, FEED, price(7));
    assert_eq!(composite(&setup), vec![]);
    say(&mut setup, OTHER, price(5));
    assert_eq!(composite(&setup).last().unwrap().price, price(5));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // less than one unit of the last decimal from the exact rational.
    #[test]
    fn a_composite_is_the_exact_rational_less_a_part_of_one_atom(
        legs in prop::array::uniform3(1u128..1_000_000_000_000_000_000_000_000),
    ) {
        let mut setup = with_composite();
        for (feed, atoms) in [FEED, OTHER, THIRD].into_iter().zip(legs) {
            say(&mut setup, feed, Price::from_atoms(atoms));
        }
        let [one, two, three] = legs;
        let made = composite(&setup).last().map(|round| round.price.atoms());
        // made <= one * two / three < made + 1, in 512 bits.
        let wide = |value: u128| cosmwasm_std::Uint512::from(value);
        let exact = wide(one) * wide(two);
        match made {
            Some(made) => {
                prop_assert!(wide(made) * wide(three) <= exact);
                prop_assert!(exact < wide(made + 1) * wide(three));
            }
            None => prop_assert!(exact < wide(three) || exact / wide(three) > wide(firebreak_risk::PRICE_MAX.atoms())),
        }
    }
}
