//! Signed rounds: what is refused, what replaces what, and that whoever relays gains nothing.

use crate::setup::signers::{signing, Draft};
use crate::setup::{feeder, price, Setup, FEED, OTHER, START};
use cosmwasm_std::Binary;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{
    ExecuteMsg, FeedSetup, Observation, QueryMsg, RoundOutrun, RoundPublished, SignedReport, SourcesResponse, Validity,
    OBSERVATION_BYTES_MAX, ROUNDS_PER_BLOCK_MAX, SIGNATURE_BYTES,
};
use firebreak_messages::FeedId;
use firebreak_oracle::ContractError;
use firebreak_risk::Price;
use proptest::prelude::*;

#[test]
fn a_relayed_quorum_publishes_at_once() {
    let mut setup = Setup::with_signers(5, 4);
    let draft = setup.draft(1);
    let published =
        RoundPublished::all(&setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102), (4, 103)])]).unwrap());
    // The lower median of 100, 101, 102, 103 is 101; with the fifth, 100 to 103 could have been it.
    assert_eq!(
        published,
        vec![RoundPublished {
            feed: FEED,
            round: 1,
            price_before: price(0),
            price: price(101),
            band: price(1),
            published_at: START,
            validity: Validity::Valid,
        }]
    );
    assert_eq!(setup.told(), vec![FEED]);
    // All five in the next one: medians of any four of them are 100 or 101.
    setup.advance(5);
    setup.relay_round(2, &[100, 101, 102, 103, 99]).unwrap();
    assert_eq!((setup.price().round, setup.price().price, setup.price().band), (2, price(101), price(1)));
}

#[test]
fn the_signers_confidence_widens_the_band() {
    let mut setup = Setup::with_signers(3, 3);
    let draft = setup.draft(1);
    let all: Vec<Observation> = [(0, 1), (1, 2), (2, 50)]
        .map(|(signer, confidence)| draft.signed_by(signer, price(100), price(confidence)))
        .to_vec();
    setup.relay(vec![draft.carrying(&all)]).unwrap();
    // The median of 1, 2, 50: one signer's doubt is no more than its vote.
    assert_eq!(
        (setup.price().price, setup.price().band, setup.price().validity),
        (price(100), price(2), Validity::Valid)
    );
}

/// What is signed, by whom and how it is carried, against the error that it meets.
fn refusal(change: impl FnOnce(&mut Draft), carry: impl FnOnce(&Draft) -> SignedReport) -> ContractError {
    let mut setup = Setup::with_signers(4, 3);
    let relayed = setup.draft(1).report;
    let mut draft = setup.draft(1);
    change(&mut draft);
    let SignedReport { observations, .. } = carry(&draft);
    let refused = setup.relay(vec![SignedReport { observations, ..relayed }]).unwrap_err();
    assert_eq!(setup.record().rounds, vec![], "nothing moves");
    refused
}

fn all_three(draft: &Draft) -> SignedReport {
    draft.signed(&[(0, 100), (1, 100), (2, 100)])
}

type Change = fn(&mut Draft);

// the forwarder of KiloEx relayed what nobody had signed.
#[test]
fn a_signature_for_anything_else_than_this_round_of_this_oracle_is_refused() {
    let bad = |signer| ContractError::BadSignature { feed: FEED, signer };
    let cases: [(&str, Change); 8] = [
        ("another chain", |draft| draft.chain_id.push('2')),
        ("another oracle", |draft| draft.contract.push('x')),
        ("another feed", |draft| draft.report.feed = OTHER),
        ("another symbol", |draft| draft.symbol = "BTC/EUR".into()),
        ("another round", |draft| draft.report.round = 2),
        ("another time", |draft| draft.report.published_at -= 1),
        ("another expiry", |draft| draft.report.expires_at += 1),
        ("nothing at all", |draft| draft.chain_id.clear()),
    ];
    for (name, change) in cases {
        assert_eq!(refusal(change, all_three), bad(0), "{name}");
    }
    let forged = |signer: usize, change: fn(&mut Observation)| {
        refusal(
            |_| {},
            |draft| {
                let mut all = [0, 1, 2].map(|signer| draft.signed_by(signer, price(100), price(1)));
                change(&mut all[signer]);
                draft.carrying(&all)
            },
        )
    };
    assert_eq!(forged(1, |one| one.price = price(101)), bad(1));
    assert_eq!(forged(2, |one| one.confidence = price(0)), bad(2));
    assert_eq!(forged(0, |one| one.signature = [0; 64]), bad(0));
    assert_eq!(forged(0, |one| one.signature = [255; 64]), bad(0));
    // Signed by 2, carried as 3.
    assert_eq!(forged(2, |one| one.signer = 3), bad(3));
}

// of a signature and its mirror image one is accepted.
#[test]
fn the_mirror_image_of_a_signature_is_refused() {
    let mirrored = refusal(
        |_| {},
        |draft| {
            let mut all = [0, 1, 2].map(|signer| draft.signed_by(signer, price(100), price(0)));
            let signature = k256::ecdsa::Signature::from_slice(&all[1].signature).unwrap();
            let high = k256::ecdsa::Signature::from_scalars(signature.r(), -*signature.s()).unwrap();
            all[1].signature = high.to_bytes().into();
            draft.carrying(&all)
        },
    );
    assert_eq!(mirrored, ContractError::BadSignature { feed: FEED, signer: 1 });
}

//
#[test]
fn signers_come_once_in_order_known_and_with_nothing_left_over() {
    let carried = |signers: &[u8]| {
        let prices: Vec<(u8, u32)> = signers.iter().map(|signer| (*signer, 100)).collect();
        refusal(|_| {}, |draft| draft.signed(&prices))
    };
    let order = |after, found| ContractError::SignerOrder { feed: FEED, after, found };
    assert_eq!(carried(&[0, 1, 1]), order(1, 1));
    assert_eq!(carried(&[0, 2, 1]), order(2, 1));
    assert_eq!(carried(&[0, 1, 2, 3, 4]), ContractError::UnknownSigner { feed: FEED, signer: 4 });
    assert_eq!(carried(&[0, 1]), ContractError::QuorumMissing { feed: FEED, wanted: 3, found: 2 });
    assert_eq!(carried(&[]), ContractError::QuorumMissing { feed: FEED, wanted: 3, found: 0 });
    let bytes = |length: usize| {
        refusal(
            |_| {},
            |draft| {
                let mut report = all_three(draft);
                let mut bytes = report.observations.to_vec();
                bytes.resize(length, 0);
                report.observations = Binary::from(bytes);
                report
            },
        )
    };
    let wanted = "whole observations, 99 for each of 15 signers at most";
    let malformed = |found: usize| ContractError::OutOfBounds {
        what: "bytes of observations",
        wanted: wanted.into(),
        found: found.to_string(),
    };
    // A price of 100 has nine bytes, a confidence of zero none.
    let one = 1 + (1 + 9) + 1 + SIGNATURE_BYTES;
    for length in [3 * one + 1, 3 * one - 1, 15 * OBSERVATION_BYTES_MAX + 1] {
        assert_eq!(bytes(length), malformed(length));
    }
    // A whole one too many, all of it zeros, is another signer, and not in order.
    assert_eq!(bytes(3 * one + 1 + 1 + 1 + SIGNATURE_BYTES), order(2, 0));
}

// Each byte of a transaction costs 10 gas on a chain: with figures of fixed width these five took 648 of base64.
#[test]
fn five_signatures_are_carried_in_few_bytes() {
    let mut setup = Setup::with_signers(5, 5);
    let draft = setup.draft(1);
    let confidence = Price::from_atoms(12_500_000_000_000_000_000);
    let all: Vec<Observation> = (0..5).map(|signer| draft.signed_by(signer, price(60_000), confidence)).collect();
    let report = draft.carrying(&all);
    assert_eq!((report.observations.len(), report.observations.to_base64().len()), (5 * 85, 568));
    setup.relay(vec![report]).unwrap();
    assert_eq!((setup.price().price, setup.price().band), (price(60_000), confidence));
}

#[test]
fn a_feeder_without_a_key_signs_nothing() {
    let app = cw_multi_test::App::default();
    let mut config = signing(&app, &[1, 1, 1, 1], 3);
    config.feeders[2].public_key.clear();
    let mut setup = Setup::with_feeds(app, vec![FeedSetup { feed: FEED, config }]).unwrap();
    let report = all_three(&setup.draft(1));
    assert_eq!(setup.relay(vec![report]), Err(ContractError::UnknownSigner { feed: FEED, signer: 2 }));
}

//
#[test]
fn an_old_an_expired_and_an_early_round_are_refused() {
    let mut setup = Setup::with_signers(4, 3);
    let first = setup.draft(5);
    let late = setup.draft(6);
    setup.relay(vec![all_three(&first)]).unwrap();
    setup.advance(5);
    let old = |round, published_at| ContractError::OldRound {
        feed: FEED,
        round,
        last_round: 5,
        published_at,
        last_published_at: START,
    };
    // The same again, a round before it, and a later one of the same time.
    assert_eq!(setup.relay(vec![all_three(&first)]), Err(old(5, START)));
    let before = setup.draft(4);
    assert_eq!(setup.relay(vec![all_three(&before)]), Err(old(4, START + 5)));
    assert_eq!(setup.relay(vec![all_three(&late)]), Err(old(6, START)));

    let mut expired = setup.draft(6);
    expired.report.expires_at = START + 4;
    let error = ContractError::ExpiredRound { feed: FEED, expires_at: START + 4, now: START + 5 };
    assert_eq!(setup.relay(vec![all_three(&expired)]), Err(error));
    let mut early = setup.draft(6);
    early.report.published_at = START + 8;
    let error = ContractError::FutureReport { feed: FEED, published_at: START + 8, latest_accepted: START + 7 };
    assert_eq!(setup.relay(vec![all_three(&early)]), Err(error));
    let mut stale = setup.draft(6);
    setup.advance(61);
    stale.report.expires_at = u64::MAX;
    let error = ContractError::StaleReport { feed: FEED, age_seconds: 61, age_max_seconds: 60 };
    assert_eq!(setup.relay(vec![all_three(&stale)]), Err(error));
    assert_eq!(setup.record().rounds.len(), 1);
    let sources: SourcesResponse = setup.query(&QueryMsg::Sources { feed: FEED });
    assert_eq!((sources.signed_round, sources.promoted), (5, false));
}

#[test]
fn who_relays_one_feed_first_does_not_have_another_message_refused() {
    let mut setup = Setup::with_signers(4, 3);
    let draft = setup.draft(1);
    let other = Draft { report: SignedReport { feed: OTHER, ..draft.report.clone() }, ..draft.clone() };
    setup.relay(vec![all_three(&draft)]).unwrap();
    let events = setup.relay(vec![all_three(&draft), all_three(&other)]).unwrap();
    let outrun = RoundOutrun { feed: FEED, round: 1, last_round: 1, published_at: START, last_published_at: 0 };
    assert_eq!(RoundOutrun::all(&events), vec![outrun]);
    assert_eq!(RoundPublished::all(&events).into_iter().map(|fact| fact.feed).collect::<Vec<_>>(), vec![OTHER]);
    let twice = setup.draft(2);
    assert_eq!(
        setup.relay(vec![all_three(&twice), all_three(&twice)]),
        Err(ContractError::Duplicate { what: "feed", found: FEED.to_string() })
    );
    let unknown = Draft { report: SignedReport { feed: FeedId(9), ..draft.report.clone() }, ..draft };
    assert_eq!(setup.relay(vec![all_three(&unknown)]), Err(ContractError::UnknownFeed { feed: FeedId(9) }));
}

#[test]
fn more_signatures_replace_a_valid_round_within_its_block_and_not_later() {
    let mut setup = Setup::with_signers(4, 3);
    setup.relay_round(1, &[100; 4]).unwrap();
    setup.advance(5);
    let draft = setup.draft(2);
    // Who relays first leaves an honest one out and takes a lie in: the band says what that may hide.
    let few = draft.signed(&[(0, 100), (1, 101), (3, 900)]);
    setup.relay(vec![few.clone()]).unwrap();
    assert_eq!(
        (setup.price().round, setup.price().band, setup.price().validity),
        (2, price(799), Validity::SoftInvalid)
    );
    let events = setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102), (3, 900)])]).unwrap();
    assert_eq!(RoundPublished::all(&events)[0].price_before, price(100));
    let round = setup.price();
    // A new number: who has seen the first one asks for those after it.
    assert_eq!((round.round, round.price, round.band, round.validity), (3, price(101), price(1), Validity::Valid));
    // Less or as much does not.
    let again = ContractError::OldRound {
        feed: FEED,
        round: 2,
        last_round: 2,
        published_at: START + 5,
        last_published_at: START,
    };
    assert_eq!(setup.relay(vec![few]), Err(again));
    assert_eq!(setup.record().rounds.len(), 2);

    setup.advance(5);
    let draft = setup.draft(3);
    setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102)])]).unwrap();
    setup.advance(1);
    let late = setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102), (3, 101)])]);
    assert!(matches!(late, Err(ContractError::OldRound { round: 3, last_round: 3, .. })), "{late:?}");
}

// else whoever relays a bare quorum first chooses that an order skips this price.
#[test]
fn a_round_that_is_not_valid_is_replaced_in_a_later_block_too() {
    let mut setup = Setup::with_signers(4, 3);
    setup.relay_round(1, &[100; 4]).unwrap();
    setup.advance(5);
    let (time, draft) = (setup.now(), setup.draft(2));
    setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (3, 900)])]).unwrap();
    assert_eq!((setup.price().round, setup.price().validity), (2, Validity::SoftInvalid));
    setup.advance(1);
    // As much weight chooses nothing.
    let same = setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102)])]);
    assert!(matches!(same, Err(ContractError::OldRound { round: 2, .. })), "{same:?}");
    let all = draft.signed(&[(0, 100), (1, 101), (2, 102), (3, 900)]);
    setup.relay(vec![all.clone()]).unwrap();
    let height = setup.app.block_info().height;
    let rounds = setup.record().rounds;
    let last = rounds.last().unwrap();
    assert_eq!((rounds.len(), last.round, last.validity), (2, 3, Validity::Valid));
    assert_eq!((last.published_at, last.recorded_height), (time, height));
    // Valid now, and final.
    setup.advance(1);
    assert!(matches!(setup.relay(vec![all]), Err(ContractError::OldRound { .. })));
    // Beyond its expiry nothing is replaced.
    let draft = setup.draft(3);
    setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (3, 900)])]).unwrap();
    setup.advance(11);
    let late = setup.relay(vec![draft.signed(&[(0, 100), (1, 101), (2, 102), (3, 900)])]);
    assert!(matches!(late, Err(ContractError::ExpiredRound { .. })), "{late:?}");
}

#[test]
fn a_signed_round_leaves_newer_reports_waiting_and_drops_the_older() {
    let mut setup = Setup::with_signers(4, 3);
    let draft = setup.draft(1);
    setup.report(3, 90, START - 1).unwrap();
    setup.report(0, 101, START + 1).unwrap();
    setup.relay(vec![all_three(&draft)]).unwrap();
    assert_eq!((setup.price().round, setup.price().price), (1, price(100)));
    setup.report(1, 101, START + 1).unwrap();
    assert_eq!(setup.price().round, 1);
    setup.report(2, 101, START + 1).unwrap();
    let round = setup.price();
    assert_eq!((round.round, round.price, round.band, round.published_at), (2, price(101), price(0), START + 1));
}

#[test]
fn a_feeders_own_round_in_the_same_block_is_not_replaced() {
    let mut setup = Setup::with_signers(4, 3);
    let draft = setup.draft(1);
    let mut early = draft.clone();
    early.report.published_at = START - 1;
    setup.relay(vec![all_three(&early)]).unwrap();
    setup.round(&[100, 100, 100]);
    assert_eq!(setup.price().round, 2);
    let more = early.signed(&[(0, 100), (1, 100), (2, 100), (3, 100)]);
    assert!(matches!(setup.relay(vec![more]), Err(ContractError::OldRound { .. })));
    assert_eq!(setup.record().rounds.len(), 2);
}

#[test]
fn signers_report_by_themselves_when_nobody_relays() {
    let mut setup = Setup::with_signers(4, 3);
    setup.relay_round(1, &[100; 4]).unwrap();
    setup.advance(5);
    setup.round(&[101, 101, 101]);
    assert_eq!((setup.price().round, setup.price().price), (2, price(101)));
    setup.advance(5);
    setup.relay_round(2, &[102; 4]).unwrap();
    assert_eq!((setup.price().round, setup.price().price), (3, price(102)));
    let coins = setup.send(&feeder(&setup.app, 0), &ExecuteMsg::ReportSigned { reports: vec![] }, &[]);
    let wanted = "between 1 and 32".into();
    assert_eq!(coins, Err(ContractError::OutOfBounds { what: "reports", wanted, found: "0".into() }));
}

/// A quorum's round of `before` seconds ago.
fn signed_before(setup: &Setup, round: u64, before: u64) -> SignedReport {
    let mut draft = setup.draft(round);
    draft.report.published_at -= before;
    draft.signed(&[(0, 100), (1, 100), (2, 100)])
}

// a round that its block has no place for is passed over beside others, alone it is refused, and the next block takes it.
#[test]
fn a_block_takes_two_rounds_of_a_feed_and_the_second_well_after_the_first() {
    let mut setup = Setup::with_signers(4, 3);
    setup.advance(30);
    let crowded = |round, published_at, last_published_at| {
        Err(ContractError::CrowdedBlock { feed: FEED, round, published_at, last_published_at })
    };
    let now = setup.now();
    let [first, early, second, third] =
        [(1, 13), (2, 9), (3, 8), (4, 0)].map(|(number, before)| signed_before(&setup, number, before));
    setup.relay(vec![first.clone()]).unwrap();
    // Four seconds are too few, five are not; and however far, a third one is one too many.
    assert_eq!(setup.relay(vec![early.clone()]), crowded(2, now - 9, now - 13));
    setup.relay(vec![second]).unwrap();
    assert_eq!(setup.relay(vec![third.clone()]), crowded(4, now, now - 8));
    // More weight for the second one is no further round, an older one is old, and another feed has places of its own.
    let mut draft = setup.draft(3);
    draft.report.published_at -= 8;
    setup.relay(vec![draft.signed(&[(0, 100), (1, 100), (2, 100), (3, 100)])]).unwrap();
    assert!(matches!(setup.relay(vec![early]), Err(ContractError::OldRound { .. })));
    let mut other = setup.draft(1);
    other.report.feed = OTHER;
    let beside = other.signed(&[(0, 100), (1, 100), (2, 100)]);
    let events = setup.relay(vec![third.clone(), beside]).unwrap();
    assert_eq!(RoundPublished::all(&events).len(), 1);
    assert_eq!(RoundOutrun::all(&events)[0].published_at, now);
    assert_eq!(setup.record().rounds.len(), 2);
    setup.advance(1);
    setup.relay(vec![third]).unwrap();
    assert_eq!(setup.record().rounds.len(), 3);
}

// three rounds that feeders make in one block, after a halt say; nothing that they said is lost.
#[test]
fn what_feeders_report_for_a_third_round_of_a_block_waits_for_the_next_block() {
    let mut setup = Setup::new();
    setup.advance(30);
    let now = setup.now();
    for before in [20, 19, 10] {
        for feeder in 0..3 {
            setup.report(feeder, 100 + before, now - u64::from(before)).unwrap();
        }
    }
    assert_eq!((setup.price().round, setup.price().price), (2, price(119)));
    setup.advance(1);
    // The first who reports again publishes what waits; then all goes on.
    setup.report(0, 110, now).unwrap();
    assert_eq!((setup.price().round, setup.price().price), (3, price(110)));
    assert_eq!(setup.record().rounds.last().unwrap().published_at, now - 10);
}

// the second place of a block is for the newest: late ones in front of it do not keep it out.
#[test]
fn late_rounds_do_not_use_up_a_block() {
    let mut setup = Setup::with_signers(4, 3);
    setup.advance(60);
    let now = setup.now();
    let [first, late, last] = [(1, 25), (2, 11), (3, 10)].map(|(number, before)| signed_before(&setup, number, before));
    setup.relay(vec![first]).unwrap();
    let crowded =
        ContractError::CrowdedBlock { feed: FEED, round: 2, published_at: now - 11, last_published_at: now - 25 };
    assert_eq!(setup.relay(vec![late]), Err(crowded));
    setup.relay(vec![last]).unwrap();
    assert_eq!(setup.record().rounds.len(), 2);
}

/// The signers' prices of one round, some of them lies, and two choices of a quorum among them.
#[derive(Debug, Clone)]
struct Choices {
    prices: Vec<u32>,
    quorum: usize,
    one: Vec<u8>,
    other: Vec<u8>,
}

fn choices() -> impl Strategy<Value = Choices> {
    (3usize..=9)
        .prop_flat_map(|n| {
            let order = || Just((0..n as u8).collect::<Vec<u8>>()).prop_shuffle();
            let signed = prop_oneof![3 => 9_900u32..=10_100, 1 => 1u32..1_000_000];
            (prop::collection::vec(signed, n), 2 * n / 3 + 1..=n, order(), order())
        })
        .prop_map(|(prices, size, one, other)| {
            let quorum = 2 * prices.len() / 3 + 1;
            let chosen = |order: Vec<u8>, size: usize| {
                let mut chosen = order[..size].to_vec();
                chosen.sort_unstable();
                chosen
            };
            Choices { prices, quorum, one: chosen(one, size), other: chosen(other, quorum) }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // what is bought after one choice and sold after another, each at the worse edge of its band, gains nothing.
    #[test]
    fn who_chooses_among_signatures_gains_nothing(choices in choices()) {
        let Choices { prices, quorum, one, other } = choices;
        let mut rounds = Vec::new();
        for chosen in [one, other] {
            let mut setup = Setup::with_signers(prices.len(), quorum as u32);
            let signed: Vec<(u8, u32)> = chosen.iter().map(|signer| (*signer, prices[usize::from(*signer)])).collect();
            let report = setup.draft(1).signed(&signed);
            setup.relay(vec![report]).unwrap();
            rounds.push(setup.record().rounds.remove(0));
        }
        for (bought, sold) in [(0, 1), (1, 0)] {
            let paid: Price = rounds[bought].price.plus(rounds[bought].band).unwrap();
            let got: Price = rounds[sold].price.minus(rounds[sold].band).unwrap_or(Price::ZERO);
            prop_assert!(got <= paid, "{rounds:?}");
        }
    }

    /// Whatever of a row of rounds is relayed in whatever order and blocks: their times grow, no round counts twice, a block has two at most, and
    /// each has the price that was
    /// signed for its own time. A later round that is known when an earlier one is relayed therefore changes nothing about it.
    #[test]
    fn who_chooses_among_rounds_only_leaves_some_out(order in prop::collection::vec((0usize..6, any::<bool>()), 1..12)) {
        let mut setup = Setup::with_signers(4, 3);
        let start = setup.now();
        let reports: Vec<SignedReport> = (0..6u32)
            .map(|beat| {
                let mut draft = setup.draft(u64::from(beat) + 1);
                draft.report.published_at += u64::from(beat) * 5;
                draft.report.expires_at += 60;
                draft.signed(&[(0, 100 + beat), (1, 100 + beat), (2, 100 + beat)])
            })
            .collect();
        setup.advance(30);
        let (mut last, mut in_block) = (None, 0);
        for (beat, next_block) in order {
            if next_block {
                setup.advance(1);
                in_block = 0;
            }
            let taken = setup.relay(vec![reports[beat].clone()]).is_ok();
            let fresh = reports[beat].published_at + 10 >= setup.now();
            let has_place = in_block == 0 || (in_block < ROUNDS_PER_BLOCK_MAX && fresh);
            prop_assert_eq!(taken, has_place && last.is_none_or(|last| beat > last));
            if taken {
                last = Some(beat);
                in_block += 1;
            }
        }
        let rounds = setup.record().rounds;
        prop_assert!(rounds.windows(2).all(|pair| pair[0].published_at < pair[1].published_at));
        for round in rounds {
            prop_assert_eq!(round.price, price(100 + ((round.published_at - start) / 5) as u32));
        }
    }
}
