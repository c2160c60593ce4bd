//! Observers: who is heard, what their words lead to, and what liars cannot do.

use crate::setup::{guard_of, phase, Setup, BTC, BTC_FEED, ETH, HOUR};
use cosmwasm_std::{Addr, Binary, Event};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::{
    Attestation, AttestationLate, Attested, EffectivePosture, ExecuteMsg, MarketSetup, ObservedSignal, ObserverConfig,
    ObserversConfig, ObserversConfigured, ObserversJudged, ObserversResponse, QueryMsg, RestrictionAdded, RuleConfig,
    RuleMode, RuleTripped, ToAttest, ATTESTATION_BYTES, SIGNATURE_BYTES,
};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::{Incident, IncidentStatus};
use firebreak_messages::{MarketId, Reason, RuleId, Source};
use firebreak_risk::{BasisPoints, Level, OrderAccess, Posture};
use k256::ecdsa::signature::hazmat::PrehashSigner;
use k256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const SIGNAL: ObservedSignal = ObservedSignal::Price;

fn key(observer: u8) -> SigningKey {
    SigningKey::from_bytes(&[observer + 1; 32].into()).unwrap()
}

fn observer(observer: u8, source: &str) -> ObserverConfig {
    let point = key(observer).verifying_key().to_encoded_point(true);
    let public_key = point.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    ObserverConfig { public_key, source: source.into(), weight: 1 }
}

/// Each looks at something else.
fn observers(count: u8) -> ObserversConfig {
    let list = (0..count).map(|place| observer(place, &format!("source-{place}"))).collect();
    ObserversConfig { heartbeat_seconds: 600, observers: list }
}

/// What one observer says, before it is signed.
#[derive(Debug, Clone, Copy)]
struct Draft {
    observer: u8,
    severity: u8,
    nonce: u64,
    observed_at: u64,
    expires_at: u64,
}

pub struct Watch {
    pub setup: Setup,
    nonce: u64,
}

impl Watch {
    pub fn new(count: u8, mode: RuleMode) -> Self {
        let rules = vec![RuleConfig::standard(RuleId::Observers, mode), RuleConfig::standard(RuleId::Silence, mode)];
        let markets = vec![
            MarketSetup { market: BTC, config: guard_of(BTC_FEED, rules.clone()) },
            MarketSetup { market: ETH, config: guard_of(BTC_FEED, rules) },
        ];
        let mut setup = Setup::with_observers(markets, observers(count)).unwrap();
        setup.round(BTC_FEED, 10_000);
        Self { setup, nonce: 0 }
    }

    fn draft(&self, observer: u8, severity: u8) -> Draft {
        let now = self.setup.now();
        Draft { observer, severity, nonce: self.nonce, observed_at: now, expires_at: now + 60 }
    }

    /// Signed for what the chain, this breaker, this market and this signal are called.
    fn sign(&self, drafts: &[Draft], to_attest: &ToAttest<'_>) -> Binary {
        let mut bytes = vec![];
        for draft in drafts {
            let Draft { observer, severity, nonce, observed_at, expires_at } = *draft;
            let signature = [0; SIGNATURE_BYTES];
            let mut one = Attestation { observer, severity, observed_at, nonce, expires_at, signature };
            let hash = Sha256::digest(to_attest.sign_bytes(&one));
            let signed: Signature = key(observer).sign_prehash(&hash).unwrap();
            one.signature = signed.to_bytes().into();
            one.write(&mut bytes);
        }
        bytes.into()
    }

    fn send(&mut self, attestations: Binary, signal: ObservedSignal) -> Result<Vec<Event>, ContractError> {
        let anyone = self.setup.anyone.clone();
        self.setup.send(&anyone, &ExecuteMsg::Attest { market: BTC, signal, attestations }, &[])
    }

    fn attest_as(&mut self, drafts: &[Draft], signal: ObservedSignal) -> Result<Vec<Event>, ContractError> {
        let (chain_id, contract) = (self.setup.app.block_info().chain_id, self.setup.breaker.to_string());
        let to_attest = ToAttest { chain_id: &chain_id, contract: &contract, market: BTC, signal };
        let signed = self.sign(drafts, &to_attest);
        self.send(signed, signal)
    }

    /// So many say the same, with new nonces.
    pub fn say(&mut self, words: &[(u8, u8)]) -> Vec<Event> {
        self.nonce += 1;
        let drafts: Vec<Draft> = words.iter().map(|(observer, severity)| self.draft(*observer, *severity)).collect();
        self.attest_as(&drafts, SIGNAL).unwrap()
    }

    fn posture(&self) -> Posture {
        self.setup.status(BTC).posture
    }

    pub fn known(&self) -> ObserversResponse {
        self.setup.query(&QueryMsg::Observers {})
    }
}

//
#[test]
fn a_quorum_of_distinct_sources_restricts_a_step_at_a_time_and_one_alone_takes_a_small_step() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let now = watch.setup.now();
    // One alone: margin and size a little, everything open, five minutes.
    let events = watch.say(&[(0, 2)]);
    assert_eq!(Attested::all(&events), vec![Attested { market: BTC, signal: SIGNAL, attesting: 1, severity: 0 }]);
    let small = watch.posture();
    assert_eq!(
        (small.skew_raising, small.leverage_max, small.outflow_factor),
        (OrderAccess::All, u16::MAX, BasisPoints::ONE)
    );
    assert_eq!((small.initial_margin_factor, small.order_size_factor), (BasisPoints(11_000), BasisPoints(7_500)));
    assert_eq!(watch.setup.status(BTC).restrictions[0].ends_at, now + 300);
    // Two: no more than one.
    watch.say(&[(1, 2)]);
    assert_eq!(watch.posture(), small);
    // Three, of three sources: guarded at once, reduce-only with the next word.
    let events = watch.say(&[(2, 2)]);
    assert_eq!(Attested::all(&events)[0].severity, 2);
    assert_eq!(RuleTripped::all(&events)[0].level.0, Level::Guarded);
    assert_eq!(watch.posture().level, Level::Guarded);
    watch.say(&[(0, 2), (1, 2), (2, 2)]);
    assert_eq!(watch.posture().level, Level::ReduceOnly);
    let effective = watch.setup.record(BTC).effective(EffectivePosture::NORMAL, watch.setup.now());
    assert_eq!(effective.reason, Some(Reason::Observers));
    assert_eq!(watch.setup.signals().len(), 2);
    // The other market of the same feed: nobody spoke of it.
    assert_eq!(watch.setup.level(ETH), Level::Normal);
    // Taking it back loosens nothing; time does.
    let held = watch.setup.status(BTC).restrictions;
    watch.say(&[(0, 0), (1, 0), (2, 0), (3, 0)]);
    assert_eq!(watch.setup.status(BTC).restrictions, held);
    watch.setup.advance(held[0].ends_at - watch.setup.now());
    assert_eq!(watch.posture(), Posture::NORMAL);
}

//
#[test]
fn three_observers_of_two_sources_are_no_quorum() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let mut config = observers(4);
    config.observers[2].source = config.observers[1].source.clone();
    watch.setup.as_owner(&ExecuteMsg::SetObservers { config }).unwrap();
    assert_eq!(Attested::all(&watch.say(&[(0, 2), (1, 2), (2, 2)]))[0].severity, 0);
    assert_eq!(watch.posture().order_size_factor, BasisPoints(7_500));
    assert_eq!(Attested::all(&watch.say(&[(3, 1)]))[0].severity, 1);
}

#[test]
fn each_signal_has_a_quorum_of_its_own_and_words_expire() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    watch.say(&[(0, 2), (1, 2)]);
    watch.nonce += 1;
    let drafts = [watch.draft(2, 2), watch.draft(3, 2)];
    // Two speak of prices and two of a dependency: nobody knows what is wrong.
    assert_eq!(Attested::all(&watch.attest_as(&drafts, ObservedSignal::Dependency).unwrap())[0].severity, 0);
    watch.setup.advance(61);
    assert_eq!(Attested::all(&watch.say(&[(2, 2)]))[0].severity, 0);
    assert_eq!(Attested::all(&watch.say(&[(0, 1), (1, 2)]))[0].severity, 1);
}

//
#[test]
fn every_defect_of_an_attestation_is_refused_and_nothing_moves() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    watch.say(&[(0, 0), (1, 0), (2, 0), (3, 0)]);
    watch.nonce = 5;
    let before = watch.setup.storage();
    let now = watch.setup.now();
    let one = watch.draft(1, 2);
    let bad = |observer| ContractError::BadSignature { observer };
    let time = |observed_at, expires_at| ContractError::AttestationTime { observer: 1, observed_at, expires_at, now };
    for (name, drafts, refused) in [
        ("twice", vec![one, one], ContractError::ObserverOrder { after: 1, found: 1 }),
        ("unordered", vec![watch.draft(2, 2), one], ContractError::ObserverOrder { after: 2, found: 1 }),
        ("extra", vec![one, watch.draft(4, 2)], ContractError::UnknownObserver { found: 4 }),
        ("the last nonce", vec![Draft { nonce: 1, ..one }], ContractError::OldNonce { observer: 1, last: 1, found: 1 }),
        ("expired", vec![Draft { expires_at: now - 1, ..one }], time(now, now - 1)),
        ("from the future", vec![Draft { observed_at: now + 11, ..one }], time(now + 11, now + 60)),
        ("for too long", vec![Draft { expires_at: now + 601, ..one }], time(now, now + 601)),
        (
            "severer than there is",
            vec![Draft { severity: 3, ..one }],
            ContractError::OutOfBounds {
                what: "severity",
                wanted: "at most 2, and 0 in a heartbeat".into(),
                found: "3".into(),
            },
        ),
    ] {
        assert_eq!(watch.attest_as(&drafts, SIGNAL).err(), Some(refused), "{name}");
    }
    let (chain_id, contract) = (watch.setup.app.block_info().chain_id, watch.setup.breaker.to_string());
    let right = ToAttest { chain_id: &chain_id, contract: &contract, market: BTC, signal: SIGNAL };
    for (name, wrong) in [
        ("another chain", ToAttest { chain_id: "another-1", ..right }),
        ("another breaker", ToAttest { contract: "cosmwasm1another", ..right }),
        ("another market", ToAttest { market: ETH, ..right }),
        ("another signal", ToAttest { signal: ObservedSignal::Flow, ..right }),
    ] {
        let signed = watch.sign(&[one], &wrong);
        assert_eq!(watch.send(signed, SIGNAL).err(), Some(bad(1)), "{name}");
    }
    // Another one's signature, and a severity that was changed after signing.
    let mut swapped = watch.sign(&[one], &right).to_vec();
    swapped[0] = 2;
    assert_eq!(watch.send(swapped.into(), SIGNAL).err(), Some(bad(2)));
    let mut raised = watch.sign(&[watch.draft(1, 1)], &right).to_vec();
    raised[1] = 2;
    assert_eq!(watch.send(raised.into(), SIGNAL).err(), Some(bad(1)));
    let mut longer = watch.sign(&[one], &right).to_vec();
    longer.push(0);
    for bytes in [longer, vec![]] {
        let found = bytes.len().to_string();
        let wanted = format!("{ATTESTATION_BYTES} for each of 1 to 16 observers");
        let refused = ContractError::OutOfBounds { what: "bytes of attestations", wanted, found };
        assert_eq!(watch.send(bytes.into(), SIGNAL).err(), Some(refused));
    }
    assert_eq!(watch.setup.storage(), before);
    // One good one among bad ones counts no more than they do.
    watch.attest_as(&[one], SIGNAL).unwrap();
    assert_eq!(watch.attest_as(&[one], SIGNAL).err(), Some(ContractError::OldNonce { observer: 1, last: 5, found: 5 }));
}

//
#[test]
fn a_word_relayed_early_silences_neither_the_others_nor_another_market() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    watch.nonce = 9;
    let drafts = [watch.draft(0, 2), watch.draft(1, 2), watch.draft(2, 2)];
    // Somebody who sees the batch relays one of it, and one of another signal with a later nonce.
    watch.attest_as(&drafts[..1], SIGNAL).unwrap();
    let later = Draft { nonce: 99, severity: 0, ..drafts[2] };
    watch.attest_as(&[later], ObservedSignal::Heartbeat).unwrap();
    let events = watch.attest_as(&drafts, SIGNAL).unwrap();
    assert_eq!(Attested::all(&events), vec![Attested { market: BTC, signal: SIGNAL, attesting: 2, severity: 2 }]);
    // What was passed over is named.
    assert_eq!(AttestationLate::all(&events), vec![AttestationLate { observer: 0, nonce: 9 }]);
    let old = ContractError::OldNonce { observer: 0, last: 9, found: 9 };
    assert_eq!(watch.attest_as(&drafts, SIGNAL).err(), Some(old));
    // One that has expired is passed over as well.
    let now = watch.setup.now();
    let stale = Draft { nonce: 10, expires_at: now - 1, observed_at: now - 60, ..drafts[0] };
    let events = watch.attest_as(&[stale, Draft { nonce: 10, ..drafts[1] }], SIGNAL).unwrap();
    assert_eq!(Attested::all(&events)[0].attesting, 1);
    assert_eq!(AttestationLate::all(&events), vec![AttestationLate { observer: 0, nonce: 10 }]);
    // Turned round, and written in upper case: nonces go with their keys.
    let mut config = observers(4);
    config.observers.reverse();
    config.observers.iter_mut().for_each(|one| one.public_key.make_ascii_uppercase());
    watch.setup.as_owner(&ExecuteMsg::SetObservers { config }).unwrap();
    assert_eq!(watch.known().observers.iter().map(|one| one.nonce).collect::<Vec<_>>(), [0, 99, 10, 9]);
    let stored = watch.known().observers[0].config.public_key.clone();
    assert_eq!(stored, stored.to_lowercase());
    watch.setup.as_owner(&ExecuteMsg::SetObservers { config: observers(4) }).unwrap();
    let old = ContractError::OldNonce { observer: 1, last: 10, found: 10 };
    assert_eq!(watch.attest_as(&[Draft { nonce: 10, ..drafts[1] }], SIGNAL).err(), Some(old));
}

#[test]
fn one_observer_alone_takes_its_small_step_once_an_hour() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let mut restricted = 0;
    for _ in 0..120 {
        watch.say(&[(0, 2)]);
        restricted += u64::from(watch.posture() != Posture::NORMAL) * 60;
        watch.setup.advance(60);
    }
    // Two hours: two steps of five minutes.
    assert_eq!(restricted, 600);
}

#[test]
fn silence_of_half_the_weight_raises_one_level_and_shows() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    watch.setup.advance(600);
    watch.nonce += 1;
    let drafts = [watch.draft(0, 0), watch.draft(1, 0), watch.draft(2, 0)];
    watch.attest_as(&drafts, ObservedSignal::Heartbeat).unwrap();
    watch.setup.advance(1);
    watch.setup.round(BTC_FEED, 10_000);
    assert_eq!(
        watch.known().observers.iter().map(|one| one.is_silent).collect::<Vec<_>>(),
        [false, false, false, true]
    );
    assert_eq!(watch.setup.level(BTC), Level::Normal);
    watch.setup.advance(600);
    let events = watch.setup.round(BTC_FEED, 10_000);
    assert_eq!((RuleTripped::all(&events)[0].rule, watch.setup.level(BTC)), (RuleId::Silence, Level::Guarded));
    // A state and not an event: it ends, and is not answered again while it lasts.
    watch.setup.advance(HOUR);
    assert_eq!(RestrictionAdded::all(&watch.setup.round(BTC_FEED, 10_000)), vec![]);
    assert_eq!(watch.setup.level(BTC), Level::Normal);
}

#[test]
fn shadow_and_off_are_written_down_or_not_and_restrict_nothing() {
    for mode in [RuleMode::Shadow, RuleMode::Off] {
        let mut watch = Watch::new(4, mode);
        watch.say(&[(0, 2)]);
        watch.say(&[(0, 2), (1, 2), (2, 2)]);
        assert_eq!((watch.posture(), watch.setup.signals()), (Posture::NORMAL, vec![]));
        let shadow = watch.setup.evidence(BTC).would_restrict;
        assert_eq!(shadow.first().map(|slot| slot.posture.level), (mode == RuleMode::Shadow).then_some(Level::Guarded));
    }
}

#[test]
fn only_the_owner_names_observers_and_keys_that_stay_keep_their_nonce() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    watch.nonce = 6;
    watch.say(&[(0, 2), (1, 2)]);
    let (anyone, owner) = (watch.setup.anyone.clone(), watch.setup.owner.clone());
    let refused = |found: &Addr| ContractError::Unauthorized { wanted: owner.to_string(), found: found.to_string() };
    // Nor at the start beyond their bound.
    let out = ContractError::OutOfBounds { what: "observers", wanted: "between 0 and 16".into(), found: "17".into() };
    assert_eq!(Setup::with_observers(vec![], observers(17)).err(), Some(out));
    let message = ExecuteMsg::SetObservers { config: observers(2) };
    assert_eq!(watch.setup.send(&anyone, &message, &[]), Err(refused(&anyone)));
    // Turned round: places change, keys keep what they had.
    let mut config = observers(5);
    config.observers.reverse();
    let events = watch.setup.as_owner(&ExecuteMsg::SetObservers { config }).unwrap();
    let fact = ObserversConfigured { observers_before: 4, observers: 5, heartbeat_seconds: 600 };
    assert_eq!(ObserversConfigured::all(&events), vec![fact]);
    assert_eq!(watch.known().observers.iter().map(|one| one.nonce).collect::<Vec<_>>(), [0, 0, 0, 7, 7]);
    // What was said named other places: it no longer counts. The small step stays until its end.
    assert_eq!(watch.posture().order_size_factor, BasisPoints(7_500));
    let out = |what, wanted: &str, found: String| ContractError::OutOfBounds { what, wanted: wanted.into(), found };
    let wrong = |change: &dyn Fn(&mut ObserversConfig)| {
        let mut config = observers(2);
        change(&mut config);
        ExecuteMsg::SetObservers { config }
    };
    let first = observers(1).observers[0].public_key.clone();
    for (message, refused) in [
        (wrong(&|c| c.heartbeat_seconds = 59), out("heartbeat_seconds", "between 60 and 86400", "59".into())),
        (wrong(&|c| *c = observers(17)), out("observers", "between 0 and 16", "17".into())),
        (
            wrong(&|c| c.observers[1].public_key = c.observers[0].public_key.to_uppercase()),
            out("public_key of an observer", "another one for each", first.to_uppercase()),
        ),
        (
            wrong(&|c| c.observers[1].public_key = "02aa".into()),
            out("public_key of an observer", "33 bytes, compressed, hex", "02aa".into()),
        ),
        (wrong(&|c| c.observers[1].weight = 0), out("weight of an observer", "between 1 and 1000", "0".into())),
        (
            wrong(&|c| c.observers[1].source = String::new()),
            out("bytes of an observer's source", "between 1 and 32", "0".into()),
        ),
    ] {
        assert_eq!(watch.setup.as_owner(&message), Err(refused));
    }
}

pub fn incident(id: u64, market: Option<MarketId>, status: IncidentStatus, from: u64, to: u64) -> Incident {
    Incident {
        incident: id,
        market,
        causes: vec!["observers".into()],
        status,
        began_at: from,
        detected_at: from,
        contained_at: from,
        recovering_at: 0,
        closed_at: to,
        last_signal_at: from,
        signals: 1,
        level_max: Level::Guarded,
        actions: vec![],
        paid_before: None,
        paid: None,
        post_mortem: Some(Binary::from([7; 32])),
    }
}

#[test]
fn verdicts_move_the_weight_of_those_who_had_warned_within_bounds_and_once() {
    let mut watch = Watch::new(4, RuleMode::Enforce);
    let anyone = watch.setup.anyone.clone();
    let judge = |watch: &mut Watch, id: u64| watch.setup.send(&anyone, &ExecuteMsg::Judge { incident: id }, &[]);
    let refused = |incident| Err(ContractError::NoVerdict { incident });
    let weights = |watch: &Watch| watch.known().observers.iter().map(|one| one.weight).collect::<Vec<_>>();
    assert_eq!(judge(&mut watch, 1), refused(1));
    // Over by time, as anybody may have it closed: nobody has said that it was one.
    let by_time = Incident { post_mortem: None, ..incident(1, Some(BTC), IncidentStatus::Resolved, 1, 2) };
    watch.setup.keep_incident(&by_time);
    assert_eq!(judge(&mut watch, 1), refused(1));
    let mut id = 0;
    for (verdict, wanted) in [
        (IncidentStatus::FalseAlarm, [50, 50, 100, 100]),
        (IncidentStatus::FalseAlarm, [25, 25, 100, 100]),
        (IncidentStatus::FalseAlarm, [25, 25, 100, 100]),
        (IncidentStatus::Resolved, [50, 50, 100, 100]),
    ] {
        id += 1;
        let from = watch.setup.now();
        watch.say(&[(0, 1), (1, 2), (2, 0)]);
        watch.setup.keep_incident(&incident(id, Some(BTC), IncidentStatus::Contained, from, 0));
        assert_eq!(judge(&mut watch, id), refused(id));
        watch.setup.keep_incident(&incident(id, Some(BTC), verdict, from, from + 60));
        let events = judge(&mut watch, id).unwrap();
        let confirmed = verdict == IncidentStatus::Resolved;
        assert_eq!(
            ObserversJudged::all(&events),
            vec![ObserversJudged { incident: id, market: BTC, confirmed, judged: 2 }]
        );
        assert_eq!(weights(&watch), wanted);
        // Once: a corrected verdict does not count again.
        assert_eq!(judge(&mut watch, id), refused(id));
        watch.setup.advance(2 * HOUR);
    }
    // Eight confirmed warnings: twice the registered weight and no more.
    for _ in 0..8 {
        id += 1;
        let from = watch.setup.now();
        watch.say(&[(0, 1)]);
        watch.setup.keep_incident(&incident(id, Some(BTC), IncidentStatus::Resolved, from, from));
        judge(&mut watch, id).unwrap();
        watch.setup.advance(2 * HOUR);
    }
    assert_eq!(weights(&watch), [200, 50, 100, 100]);
    // Who had warned long before, and incidents of no market, are not judged.
    let from = watch.setup.now();
    watch.setup.keep_incident(&incident(90, Some(BTC), IncidentStatus::FalseAlarm, from, from));
    assert_eq!(judge(&mut watch, 90), refused(90));
    watch.setup.keep_incident(&incident(91, None, IncidentStatus::FalseAlarm, from, from));
    assert_eq!(judge(&mut watch, 91), refused(91));
    // Weight counts: of 450 hundredths, a third is 150; these three have more, but two of them do not make a quorum.
    assert_eq!(Attested::all(&watch.say(&[(0, 2), (1, 2)]))[0].severity, 0);
    assert_eq!(Attested::all(&watch.say(&[(2, 2)]))[0].severity, 2);
}

#[derive(Debug, Clone)]
enum Step {
    Say { observers: Vec<(u8, u8)>, signal: ObservedSignal },
    Price(u32),
    Council(u64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let signal = prop::sample::select(vec![ObservedSignal::Price, ObservedSignal::Flow, ObservedSignal::Dependency]);
    let words = prop::collection::btree_map(0u8..7, 0u8..3, 1..7);
    prop_oneof![
        5 => (words, signal).prop_map(|(words, signal)| Step::Say { observers: words.into_iter().collect(), signal }),
        2 => (9_900u32..10_100).prop_map(Step::Price),
        1 => (60u64..3_000).prop_map(Step::Council),
        3 => (1u64..900).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// No sequence of attestations, prices and restrictions loosens; every one ends; and while two of seven lie together, who may be a
    /// third, the market is no tighter than the small step that anyone may take.
    #[test]
    fn nothing_loosens_everything_ends_and_liars_take_small_steps(steps in prop::collection::vec(step(), 1..40), liars in any::<bool>()) {
        let mut watch = Watch::new(7, RuleMode::Enforce);
        for step in steps {
            let now = watch.setup.now();
            let times: Vec<u64> = (0..80).map(|step| now + step * 53).collect();
            let at = |watch: &Watch, time| watch.setup.record(BTC).effective(EffectivePosture::NORMAL, time).posture;
            let before: Vec<Posture> = times.iter().map(|time| at(&watch, *time)).collect();
            match step {
                Step::Say { observers, signal } => {
                    // The honest ones see nothing, where others lie.
                    let words: Vec<(u8, u8)> =
                        observers.into_iter().map(|(one, severity)| (one, if liars && one > 1 { 0 } else { severity })).collect();
                    watch.nonce += 1;
                    let drafts: Vec<Draft> = words.iter().map(|(one, severity)| watch.draft(*one, *severity)).collect();
                    watch.attest_as(&drafts, signal).unwrap();
                }
                Step::Price(units) => {
                    watch.setup.publish(BTC_FEED, units);
                    watch.setup.evaluate(&[BTC_FEED]);
                }
                Step::Council(seconds) => {
                    let phases = vec![phase(now + seconds, Level::Guarded)];
                    let scope = firebreak_messages::circuit_breaker::Scope::Market(BTC);
                    let message = ExecuteMsg::Restrict { scope, source: Source::Council, phases, incident: 0 };
                    watch.setup.as_owner(&message).unwrap();
                }
                Step::Wait(seconds) => {
                    watch.setup.advance(seconds);
                    continue;
                }
            }
            for (time, before) in times.iter().zip(before) {
                prop_assert!(at(&watch, *time).is_at_least_as_tight_as(before), "at {time}");
            }
            let slots = watch.setup.status(BTC).restrictions;
            let own = slots.iter().find(|slot| slot.source == Source::Observers);
            if let Some(slot) = own {
                prop_assert!(slot.ends_at <= now + HOUR && slot.posture.level <= Level::ReduceOnly);
                let is_silence = watch.setup.evidence(BTC).rules.iter().any(|rule| rule.rule == RuleId::Silence && rule.trips > 0);
                if liars && !is_silence {
                    prop_assert!(slot.ends_at <= now + 300 && slot.posture.leverage_max == u16::MAX);
                    prop_assert_eq!((slot.posture.skew_raising, slot.posture.initial_margin_factor), (OrderAccess::All, BasisPoints(11_000)));
                }
            }
            watch.setup.advance(5);
        }
        watch.setup.advance(HOUR);
        prop_assert_eq!(watch.setup.record(BTC).effective(EffectivePosture::NORMAL, watch.setup.now()).posture, Posture::NORMAL);
    }
}
