//! Signed rounds that are replaced, through oracle, breaker and vault: one time, two prices, and nobody gains by it.

use cosmwasm_std::{Binary, HexBinary};
use firebreak_circuit_breaker::state::{MarketRules, RULES};
use firebreak_derivatives_vault::ContractError as VaultError;
use firebreak_messages::circuit_breaker::RuleTripped;
use firebreak_messages::derivatives_vault::{
    DropReason, ExecuteMsg as VaultMsg, OrderDropped, OrderFilled, OrderPlaced, OrderSkipped,
};
use firebreak_messages::oracle::{
    ExecuteMsg, Observation, RoundPublished, RoundToSign, SignedReport, Validity, SIGNATURE_BYTES,
};
use firebreak_messages::{Action, RuleId};
use firebreak_oracle::ContractError as OracleError;
use firebreak_risk::{Amount, Level, Price};
use firebreak_testing::*;
use k256::ecdsa::signature::Signer;
use k256::ecdsa::{Signature, SigningKey};

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number + 1; 32]).unwrap()
}

/// Feeders of the bitcoin feed who all sign, and a quorum of them.
fn signed_by(feeders: u8, quorum: u32) -> World {
    let keyed = |number| HexBinary::from(key(number).verifying_key().to_encoded_point(true).as_bytes()).to_hex();
    World::builder()
        .feeders(feeders.into())
        .feed(BTC, |feed| {
            feed.quorum = quorum;
            for (number, feeder) in (0u8..).zip(&mut feed.feeders) {
                feeder.public_key = keyed(number);
            }
        })
        .trader("alice", usd(50_000))
        .trader("bob", usd(50_000))
        .build()
}

/// The round of one beat, from which anyone relays as many signatures as they like.
struct Beat {
    round: u64,
    published_at: u64,
    /// One a signer, in whole units.
    prices: Vec<u64>,
}

impl Beat {
    fn now(world: &World, round: u64, prices: &[u64]) -> Self {
        Self { round, published_at: world.now(), prices: prices.to_vec() }
    }

    fn relay(&self, world: &mut World, signers: &[u8]) -> Attempt {
        let chain_id = world.chain_id();
        let contract = world.addresses.of(Code::Oracle).to_string();
        let expires_at = self.published_at + 30;
        let round = RoundToSign {
            chain_id: &chain_id,
            contract: &contract,
            feed: feed_of(BTC),
            symbol: "BTC/USD",
            round: self.round,
            published_at: self.published_at,
            expires_at,
        };
        let mut observations = vec![];
        for signer in signers {
            let price = units_of(self.prices[usize::from(*signer)]);
            let signature: Signature = key(*signer).sign(&round.sign_bytes(price, Price::ZERO));
            let signature: [u8; SIGNATURE_BYTES] = signature.to_bytes().into();
            Observation { signer: *signer, price, confidence: Price::ZERO, signature }.write(&mut observations);
        }
        let report = SignedReport {
            feed: round.feed,
            round: round.round,
            published_at: round.published_at,
            expires_at,
            observations: Binary::from(observations),
        };
        world.send("relayer", Code::Oracle, &ExecuteMsg::ReportSigned { reports: vec![report] }, Amount::ZERO)
    }
}

fn units_of(units: u64) -> Price {
    Price::from_units(units.try_into().unwrap())
}

fn rules(world: &World) -> MarketRules {
    RULES.load(&*world.storage(Code::Breaker), BTC.0).unwrap()
}

/// What the breaker has made of the feed: its lease, and the last price that its detectors know.
fn judged(world: &World) -> (u64, u64, Price) {
    let last = rules(world).book.detectors.last.unwrap();
    assert_eq!(rules(world).failing.in_a_row, 0, "no rule fails");
    (world.posture_record(BTC).unwrap().evaluated_round, last.at, last.price)
}

fn execute_one(world: &mut World) -> Outcome {
    let msg = VaultMsg::ExecuteOrders { market: BTC, limit: 1 };
    world.send("keeper", Code::Vault, &msg, Amount::ZERO).done()
}

// bought at one price of a block and sold at another is what a relayer with an account would try.
#[test]
fn a_valid_round_that_is_replaced_in_its_block_serves_each_account_at_one_price() {
    let mut world = signed_by(6, 5);
    world.open("alice", BTC, size("1")).fact::<OrderFilled>();
    // Alice, who also relays, would sell at the first price and buy at the second; bob buys.
    let sells = world.place_reduce("alice", BTC, size("-1")).fact::<OrderPlaced>().order;
    let buys = world.place("alice", BTC, size("1")).fact::<OrderPlaced>().order;
    let bobs = world.place("bob", BTC, size("1")).fact::<OrderPlaced>().order;
    world.advance(10);
    let before = world.price_record(BTC).unwrap().latest().unwrap().round;
    let beat = Beat::now(&world, 1, &[60_000, 60_010, 60_020, 60_030, 60_040, 59_990]);

    let first = beat.relay(&mut world, &[0, 1, 2, 3, 4]).fact::<RoundPublished>();
    assert_eq!((first.round, first.price, first.validity), (before + 1, units_of(60_020), Validity::Valid));
    assert_eq!(judged(&world), (first.round, beat.published_at, first.price));
    let sold = execute_one(&mut world).fact::<OrderFilled>();
    assert_eq!((sold.order, sold.round), (sells, first.round));

    // All six in the same block: another price, the next number, a lease of its own.
    let second = beat.relay(&mut world, &[0, 1, 2, 3, 4, 5]).fact::<RoundPublished>();
    assert_eq!((second.round, second.price, second.validity), (first.round + 1, units_of(60_010), Validity::Valid));
    assert_eq!((second.published_at, second.price_before), (first.published_at, units_of(60_000)));
    assert_eq!(judged(&world), (second.round, beat.published_at, second.price));
    let numbers: Vec<u64> = world.price_record(BTC).unwrap().rounds.iter().map(|round| round.round).collect();
    assert_eq!(&numbers[numbers.len() - 2..], &[before, second.round], "the first of the two is gone");

    // Who was served at the first price is not served at the second; who was not, is.
    let outcome = world.execute(BTC).done();
    let filled: Vec<_> = outcome.facts::<OrderFilled>().iter().map(|fact| (fact.order, fact.round)).collect();
    assert_eq!(filled, vec![(bobs, second.round)]);
    let skipped: Vec<_> =
        outcome.facts::<OrderSkipped>().iter().map(|fact| (fact.order, fact.reason, fact.round)).collect();
    assert_eq!(skipped, vec![(buys, DropReason::AnotherPrice, second.round)]);
    assert!(world.execute(BTC).facts::<OrderFilled>().is_empty(), "however often somebody asks in this block");

    // In the next block its own round is the one that is left, and the two together gained nothing.
    world.next_block();
    let bought = world.execute(BTC).fact::<OrderFilled>();
    assert_eq!((bought.order, bought.round), (buys, second.round));
    assert!(sold.fill_price <= bought.fill_price, "sold at {}, bought at {}", sold.fill_price, bought.fill_price);
    assert!(world.execute(BTC).facts::<OrderFilled>().is_empty());

    // Nothing is stuck: the next beat is judged, leased and traded at.
    world.place_reduce("bob", BTC, size("-1")).done();
    world.advance(10);
    let next = Beat::now(&world, 2, &[60_050; 6]);
    let third = next.relay(&mut world, &[0, 1, 2, 3, 4]).fact::<RoundPublished>();
    assert_eq!(third.round, second.round + 1);
    assert_eq!(judged(&world), (third.round, next.published_at, units_of(60_050)));
    assert_eq!(world.execute(BTC).fact::<OrderFilled>().round, third.round);
    world.check_everything();
}

//
#[test]
fn a_doubtful_round_that_is_replaced_in_a_later_block_fills_once_and_for_nobody_who_saw_it() {
    let mut world = signed_by(4, 3);
    world.open("bob", BTC, size("1")).fact::<OrderFilled>();
    let waited = world.place("alice", BTC, size("1")).fact::<OrderPlaced>().order;
    world.advance(10);
    let before = world.price_record(BTC).unwrap().latest().unwrap().round;
    let beat = Beat::now(&world, 1, &[60_000, 60_010, 60_020, 90_000]);

    // A bare quorum with a lie in it.
    let first = beat.relay(&mut world, &[0, 2, 3]).fact::<RoundPublished>();
    assert_eq!((first.round, first.price, first.validity), (before + 1, units_of(60_020), Validity::SoftInvalid));
    assert_eq!(judged(&world), (first.round, beat.published_at, first.price));
    assert!(world.execute(BTC).facts::<OrderFilled>().is_empty(), "nobody's fill");
    // Bob has seen what is said of this time, and the price in doubt takes his way out, but nobody's way in.
    let late = world.place_reduce("bob", BTC, size("-1")).fact::<OrderPlaced>().order;
    world.place("bob", BTC, size("1")).refused_with(VaultError::PriceUnusable {
        action: Action::IncreaseExposure,
        market: BTC,
        found: Validity::SoftInvalid,
        published_at: beat.published_at,
        now: beat.published_at,
    });

    world.next_block();
    let second = beat.relay(&mut world, &[0, 1, 2, 3]).fact::<RoundPublished>();
    assert_eq!((second.round, second.price, second.validity), (first.round + 1, units_of(60_010), Validity::Valid));
    assert_eq!(judged(&world), (second.round, beat.published_at, second.price));
    assert_eq!(world.effective(BTC).posture.level, Level::Normal, "leased for the replacement's number");
    let latest = world.price_record(BTC).unwrap().latest().cloned().unwrap();
    assert_eq!((latest.round, latest.recorded_height), (second.round, world.height()));

    let filled: Vec<_> =
        world.execute(BTC).facts::<OrderFilled>().iter().map(|fact| (fact.order, fact.round)).collect();
    assert_eq!(filled, vec![(waited, second.round)]);
    // A block later it is final.
    world.next_block();
    beat.relay(&mut world, &[0, 1, 2, 3]).refused_with(OracleError::OldRound {
        feed: feed_of(BTC),
        round: 1,
        last_round: 1,
        published_at: beat.published_at,
        last_published_at: beat.published_at,
    });
    assert!(world.execute(BTC).facts::<OrderFilled>().is_empty());
    world.advance(10);
    let next = Beat::now(&world, 2, &[60_030; 4]);
    let third = next.relay(&mut world, &[0, 1, 2]).fact::<RoundPublished>();
    assert_eq!(judged(&world), (third.round, next.published_at, units_of(60_030)));
    let filled = world.execute(BTC).fact::<OrderFilled>();
    assert_eq!((filled.order, filled.round), (late, third.round));
    world.check_everything();
}

// who relays the calm half of the signatures first hides no crash from the breaker.
#[test]
fn a_move_that_comes_with_the_second_price_of_one_time_is_seen() {
    let mut world = signed_by(4, 3);
    world.advance(10);
    let beat = Beat::now(&world, 1, &[60_000, 60_000, 54_000, 54_000]);
    let outcome = beat.relay(&mut world, &[0, 1, 2]).done();
    let calm = outcome.fact::<RoundPublished>();
    assert_eq!((calm.price, calm.validity), (units_of(60_000), Validity::SoftInvalid));
    assert!(outcome.facts::<RuleTripped>().is_empty());

    let outcome = beat.relay(&mut world, &[0, 1, 2, 3]).done();
    let crash = outcome.fact::<RoundPublished>();
    assert_eq!((crash.published_at, crash.price), (calm.published_at, units_of(54_000)));
    assert_eq!(judged(&world), (crash.round, beat.published_at, crash.price));
    let tripped: Vec<RuleId> = outcome.facts::<RuleTripped>().iter().map(|fact| fact.rule).collect();
    assert!(tripped.contains(&RuleId::Velocity), "{tripped:?}");
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
}

// feeders sign each second; who brought a ring of rounds in one block would take back every order that rises, with
// `round-missed`, before anybody executes it.
#[test]
fn rounds_brought_at_once_do_not_push_an_orders_own_out_of_the_ring() {
    let mut world = signed_by(6, 5);
    let order = world.place("alice", BTC, size("1")).fact::<OrderPlaced>().order;
    let placed_at = world.now();
    world.advance(20);
    let before = world.price_record(BTC).unwrap().latest().unwrap().round;
    // Nine seconds from the order's own on, at prices that rise.
    let beats: Vec<Beat> = (1..=9)
        .map(|round| Beat { round, published_at: placed_at + 10 + round, prices: vec![60_000 + 10 * round; 6] })
        .collect();
    let mut taken = vec![];
    for beat in &beats {
        let attempt = beat.relay(&mut world, &[0, 1, 2, 3, 4]);
        if attempt.is_done() {
            taken.push(beat.round);
            continue;
        }
        let last_published_at = world.price_record(BTC).unwrap().latest().unwrap().published_at;
        attempt.refused_with(OracleError::CrowdedBlock {
            feed: feed_of(BTC),
            round: beat.round,
            published_at: beat.published_at,
            last_published_at,
        });
    }
    // The first, and one of at least five seconds later.
    assert_eq!(taken, vec![1, 6]);
    let filled = world.execute(BTC).fact::<OrderFilled>();
    assert_eq!((filled.order, filled.round), (order, before + 1), "its own");

    // Whoever wants the newest takes it in the next block, and weight for it is no further round.
    world.next_block();
    let newest = beats.last().unwrap();
    let first = newest.relay(&mut world, &[0, 1, 2, 3, 4]).fact::<RoundPublished>();
    let again = newest.relay(&mut world, &[0, 1, 2, 3, 4, 5]).fact::<RoundPublished>();
    assert_eq!((first.published_at, again.published_at), (newest.published_at, newest.published_at));
    assert_eq!((first.round, again.round), (before + 3, before + 4));
    world.check_everything();
}

// whoever alone relays and holds back what is signed each second; an order's own round stays for four blocks.
#[test]
fn a_ring_of_rounds_is_pushed_out_in_the_fifth_block_at_the_earliest() {
    let mut world = signed_by(6, 5);
    world.place("alice", BTC, size("1")).done();
    world.advance(30);
    let own = world.now() - 20;
    let mut at = own;
    for block in 1..=5 {
        // The earliest that is taken, and again.
        let mut taken = 0;
        while taken < 2 && at <= world.now() {
            let beat = Beat { round: at - own + 1, published_at: at, prices: vec![60_000; 6] };
            taken += u32::from(beat.relay(&mut world, &[0, 1, 2, 3, 4]).is_done());
            at += 1;
        }
        let kept = world.price_record(BTC).unwrap().rounds;
        assert_eq!(kept.iter().any(|round| round.published_at == own), block < 5, "block {block}: {kept:?}");
        world.next_block();
    }
    let dropped = world.execute(BTC).fact::<OrderDropped>();
    assert_eq!(dropped.reason, DropReason::RoundMissed);
}
