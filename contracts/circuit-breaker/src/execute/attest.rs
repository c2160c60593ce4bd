//! `Attest`: signed words of observers, relayed by anyone. They can only tighten.
//!
//! ```text
//! relayed -> malformed, out of order, an unknown observer, early, not this observer's signature for this breaker and market? the message
//!            is refused
//!         -> an old nonce of this market and signal, or expired? passed over; refused when nothing else is left
//!         -> a quorum says more than is answered? the rule `observers` answers, one step of its ladder at a time
//!         -> less than a quorum, but somebody new warns? a small step, five minutes, once an hour for each observer
//! ```

use crate::error::ContractError;
use crate::market::{Assessment, Occasion};
use crate::observers::{Observers, Word, Words, OBSERVERS, WORDS};
use crate::signal;
use crate::state::{CONFIG, GUARDS};
use cosmwasm_std::{Api, Binary, DepsMut, Env, HexBinary, Response, Storage};
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{
    Attestation, AttestationLate, Attested, ObservedSignal, RuleConfig, RuleMode, ToAttest, ATTESTATION_BYTES,
    ATTESTATION_SECONDS_MAX, CLOCK_AHEAD_SECONDS, OBSERVERS_MAX, SEVERITY_MAX,
};
use firebreak_messages::{time::now, MarketId, RuleId, Source};
use firebreak_risk::detect::{Answer, Hold, MarketEvidence};
use firebreak_risk::{BasisPoints, Phase, Posture, Price, Ratio};
use sha2::{Digest, Sha256};

/// How long one observer's warning tightens by a small step, and how often it may.
const ALONE_SECONDS: u64 = 300;
const ALONE_EVERY_SECONDS: u64 = 3_600;

/// What less than a quorum gets (R-29): orders a little smaller, margin a little higher, everything open and no level named.
const SMALL_STEP: Posture =
    Posture { initial_margin_factor: BasisPoints(11_000), order_size_factor: BasisPoints(7_500), ..Posture::NORMAL };

/// Errors: [`ContractError::UnknownMarket`], [`ContractError::OutOfBounds`], [`ContractError::ObserverOrder`],
/// [`ContractError::UnknownObserver`], [`ContractError::OldNonce`], [`ContractError::AttestationTime`],
/// [`ContractError::BadSignature`].
#[inline(never)] // A chain admits 100 locals in a function.
pub fn attest(
    deps: DepsMut,
    env: &Env,
    market: MarketId,
    observed: ObservedSignal,
    attestations: &Binary,
) -> Result<Response, ContractError> {
    let now = now(env);
    let posture = POSTURES.may_load(deps.storage, market.0)?.ok_or(ContractError::UnknownMarket { market })?;
    let mut observers = Observers::load(deps.storage)?;
    let given = read(attestations)?;
    let contract = env.contract.address.as_str();
    let to_attest = ToAttest { chain_id: &env.block.chain_id, contract, market, signal: observed };
    let mut words = WORDS.may_load(deps.storage, market.0)?.unwrap_or_default();
    let mut last = None;
    let mut warns_alone = false;
    let mut taken = vec![];
    let mut late = None;
    let mut passed_over = vec![];
    // Bounded by OBSERVERS_MAX.
    for one in given {
        if last.is_some_and(|last| one.observer <= last) {
            return Err(ContractError::ObserverOrder { after: last.unwrap_or_default(), found: one.observer });
        }
        last = Some(one.observer);
        // Somebody may have relayed one of them before: that must not silence the others.
        if let Err(error) = is_late(&words, observed, &one, now) {
            late = late.or(Some(error));
            passed_over.push(AttestationLate { observer: one.observer, nonce: one.nonce });
            continue;
        }
        accept(deps.api, &mut observers, &mut words, &to_attest, &one, now)?;
        warns_alone |= one.severity > 0 && may_step_alone(&observers, one.observer, now);
        taken.push(one);
    }
    if let Some(error) = late.filter(|_| taken.is_empty()) {
        return Err(error);
    }
    let severity = observers.severity(&words, now);
    let attesting = u32::try_from(taken.len()).unwrap_or(u32::MAX);
    let mut response = Response::new().add_event(Attested { market, signal: observed, attesting, severity });
    response = response.add_events(passed_over);
    let guard = GUARDS.load(deps.storage, market.0)?;
    let mut signals = vec![];
    if let Some(rule) = guard.rule(RuleId::Observers).filter(|rule| rule.mode != RuleMode::Off) {
        let mut assessment = Assessment::new(deps.storage, market, posture)?;
        if severity > 0 {
            let detectors = guard.rule_set().detectors();
            let evidence = assessment.rules.book.detectors.evidence(&detectors);
            step(deps.storage, &mut assessment, rule, severity, (&evidence, now))?;
        } else if warns_alone {
            step_alone(&mut observers, &taken, now);
            let phases = [Phase { until: now.saturating_add(ALONE_SECONDS), posture: SMALL_STEP }];
            assessment.hold(deps.storage, rule.mode, Source::Observers, &phases, now)?;
        }
        assessment.save(deps.storage)?;
        response = response.add_events(assessment.facts);
        signals = assessment.signals;
    }
    let config = CONFIG.load(deps.storage)?;
    response = response.add_submessages(signal::calls(deps.storage, config, signals, now)?);
    OBSERVERS.save(deps.storage, &observers)?;
    WORDS.save(deps.storage, market.0, &words)?;
    Ok(response)
}

fn read(bytes: &Binary) -> Result<Vec<Attestation>, ContractError> {
    let refuse = || ContractError::OutOfBounds {
        what: "bytes of attestations",
        wanted: format!("{ATTESTATION_BYTES} for each of 1 to {OBSERVERS_MAX} observers"),
        found: bytes.len().to_string(),
    };
    let given = Attestation::read_all(bytes).ok_or_else(refuse)?;
    if given.is_empty() || given.len() > OBSERVERS_MAX {
        return Err(refuse());
    }
    Ok(given)
}

/// Errors: [`ContractError::OldNonce`], [`ContractError::AttestationTime`] for one that has expired.
#[inline(never)] // A chain admits 100 locals in a function.
fn is_late(words: &Words, signal: ObservedSignal, one: &Attestation, now: u64) -> Result<(), ContractError> {
    let (observer, last) = (one.observer, words.nonce(one.observer, signal));
    if one.nonce <= last {
        return Err(ContractError::OldNonce { observer, last, found: one.nonce });
    }
    if now > one.expires_at {
        let (observed_at, expires_at) = (one.observed_at, one.expires_at);
        return Err(ContractError::AttestationTime { observer, observed_at, expires_at, now });
    }
    Ok(())
}

/// Checks one attestation and takes it down. The signature last: whoever sends junk pays for it before the chain does.
fn accept(
    api: &dyn Api,
    observers: &mut Observers,
    words: &mut Words,
    to_attest: &ToAttest<'_>,
    one: &Attestation,
    now: u64,
) -> Result<(), ContractError> {
    let observer = one.observer;
    let record =
        observers.list.get_mut(usize::from(observer)).ok_or(ContractError::UnknownObserver { found: observer })?;
    if one.severity > SEVERITY_MAX || (to_attest.signal == ObservedSignal::Heartbeat && one.severity > 0) {
        return Err(ContractError::OutOfBounds {
            what: "severity",
            wanted: format!("at most {SEVERITY_MAX}, and 0 in a heartbeat"),
            found: one.severity.to_string(),
        });
    }
    let early = one.observed_at > now.saturating_add(CLOCK_AHEAD_SECONDS);
    let long = one.expires_at > one.observed_at.saturating_add(ATTESTATION_SECONDS_MAX);
    if early || long {
        let (observed_at, expires_at) = (one.observed_at, one.expires_at);
        return Err(ContractError::AttestationTime { observer, observed_at, expires_at, now });
    }
    let key = HexBinary::from_hex(&record.config.public_key)?;
    let hash = Sha256::digest(to_attest.sign_bytes(one));
    // A key or a signature that is no point or number of the curve is a signature that does not hold.
    if !api.secp256k1_verify(&hash, &one.signature, &key).unwrap_or(false) {
        return Err(ContractError::BadSignature { observer });
    }
    record.nonce = record.nonce.max(one.nonce);
    words.note_nonce(observer, to_attest.signal, one.nonce);
    record.heard_at = now;
    let word = Word { observer, signal: to_attest.signal, severity: one.severity, until: one.expires_at };
    words.hear(word, now);
    Ok(())
}

fn may_step_alone(observers: &Observers, observer: u8, now: u64) -> bool {
    let record = observers.list.get(usize::from(observer));
    record.is_some_and(|record| record.alone_at == 0 || now >= record.alone_at.saturating_add(ALONE_EVERY_SECONDS))
}

fn step_alone(observers: &mut Observers, given: &[Attestation], now: u64) {
    for one in given.iter().filter(|one| one.severity > 0) {
        if let Some(record) = observers.list.get_mut(usize::from(one.observer)) {
            record.alone_at = now;
        }
    }
}

/// The rule's answer to a quorum: a step above what is answered at most, so that the harshest level takes two messages.
fn step(
    storage: &dyn Storage,
    assessment: &mut Assessment,
    rule: &RuleConfig,
    severity: u8,
    (evidence, now): (&MarketEvidence, u64),
) -> Result<(), ContractError> {
    let Some(memory) = assessment.rules.book.memory_mut(RuleId::Observers) else { return Ok(()) };
    let Some(held) = memory.watch.hold_mut() else { return Ok(()) };
    // What has run its time is quiet, whether or not a round has said so.
    if now >= held.until {
        *held = Hold::default();
    }
    let counted = severity.min(held.step.saturating_add(1));
    let score = Ratio::percent(u32::from(counted).saturating_mul(100));
    let heard = held.after(score, rule, now);
    *held = heard.hold;
    memory.score = score;
    let Some((step, until)) = heard.answer else { return Ok(()) };
    memory.count(rule.mode, now);
    let price = assessment.rules.book.detectors.last.map_or(Price::ZERO, |last| last.price);
    let round = assessment.posture.evaluated_round;
    // When it was heard: what observers say of their clocks is no measure of how soon an incident was known.
    let occasion = Occasion { now, at: now, round, price, evidence };
    let answer = Answer { rule, step, score, until: Some(until), is_new: heard.is_new };
    assessment.act(storage, &answer, occasion)
}
