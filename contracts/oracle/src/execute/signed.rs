//! Rounds that were signed off chain: anyone relays them, and nobody gains by choosing which signatures.
//!
//! ```text
//! relayed -> older than what is there, or new in a block that has its rounds already? passed over
//!         -> expired, early, stale, malformed, too little weight, a signer that is unknown or out of order, or a
//!            signature that is not this signer's for this round of this feed of this oracle? refused
//!         -> who is in quarantine is left out; too little weight without it? passed over
//!         -> same round, more weight, in the same block or while the round is not valid? replaces the round, with the next number
//!         -> a new round
//! ```
//!
//! A round that is not valid is nobody's fill, so nobody has acted on it; could it not be replaced later, whoever relays a bare quorum
//! first would choose that an order skips this price. The number is a new one, because others ask for rounds after the last they saw.
//!
//! Signatures are verified last: whoever sends junk pays for it before the chain does. A round stands on its own signatures; what
//! waits from others is not counted with them, because the relayer would choose the moment.

use super::report::{ensure_each_once, ensure_not_ahead, ensure_not_stale};
use crate::error::ContractError;
use crate::publication::{record_round, save_progress, Outcome};
use crate::round::{self, is_quarantined, Counted};
use crate::sources;
use crate::state::{Feed, PendingReport, Progress, SignedMark, FEEDS, PROGRESS};
use cosmwasm_std::{Api, DepsMut, Env, HexBinary, Response, Storage};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    FeedConfig, Observation, PriceRecord, RoundOutrun, RoundToSign, SignedReport, Validity, FEEDERS_MAX,
    OBSERVATION_BYTES_MAX, SECOND_ROUND_AGE_SECONDS, SIGNED_DISTANCE_SECONDS,
};
use firebreak_messages::{time::now, FeedId};
use firebreak_risk::Standing;
use sha2::{Digest, Sha256};

/// Takes signed rounds of several feeds. Old ones are passed over, so that whoever relays one feed first cannot have another's
/// message about many refused, and so is one that a quarantine has left without a quorum, or that its block has no place for; when nothing is
/// left, the message is refused.
///
/// Errors: [`ContractError::UnknownFeed`], [`ContractError::OldRound`], [`ContractError::CrowdedBlock`], [`ContractError::ExpiredRound`],
/// [`ContractError::FutureReport`], [`ContractError::StaleReport`], [`ContractError::UnknownSigner`],
/// [`ContractError::SignerOrder`], [`ContractError::BadSignature`], [`ContractError::QuorumMissing`],
/// [`ContractError::Duplicate`], [`ContractError::OutOfBounds`], and
/// [`firebreak_risk::RiskError::OutOfBounds`] for a price of zero or beyond its bound.
#[inline(never)] // A chain admits 100 locals in a function.
pub fn report_signed(deps: DepsMut, env: &Env, reports: Vec<SignedReport>) -> Result<Response, ContractError> {
    ensure_each_once(reports.iter().map(|report| report.feed))?;
    let mut outcome = Outcome::default();
    let mut passed_over = None;
    for report in reports {
        if let Some((fact, why)) = take(deps.storage, deps.api, env, &report, &mut outcome)? {
            outcome.events.push(fact.into());
            passed_over.get_or_insert(why);
        }
    }
    match passed_over {
        Some(why) if outcome.published.is_empty() => Err(why),
        Some(_) | None => outcome.conclude(deps.storage, env),
    }
}

/// A block has its rounds; or one of its rounds is so little older that this one may wait for the next block; or this one is a late one, and
/// the second place is for the newest.
fn is_crowded(record: &PriceRecord, env: &Env, published_at: u64) -> bool {
    let last = record.latest().map_or(0, |round| round.published_at);
    let is_near = published_at < last.saturating_add(SIGNED_DISTANCE_SECONDS);
    let is_late = published_at.saturating_add(SECOND_ROUND_AGE_SECONDS) < now(env);
    record.is_full(env.block.height) || (record.rounds_in(env.block.height) > 0 && (is_near || is_late))
}

fn old(fact: RoundOutrun) -> (RoundOutrun, ContractError) {
    let RoundOutrun { feed, round, last_round, published_at, last_published_at } = fact.clone();
    (fact, ContractError::OldRound { feed, round, last_round, published_at, last_published_at })
}

/// Publishes one feed's round, or says that it is passed over and why.
#[inline(never)] // A chain admits 100 locals in a function.
fn take(
    storage: &mut dyn Storage,
    api: &dyn Api,
    env: &Env,
    report: &SignedReport,
    outcome: &mut Outcome,
) -> Result<Option<(RoundOutrun, ContractError)>, ContractError> {
    let feed = report.feed;
    let known = FEEDS.may_load(storage, feed.0)?.ok_or(ContractError::UnknownFeed { feed })?;
    let mut record = PRICES.load(storage, feed.0)?;
    let mut progress = PROGRESS.may_load(storage, feed.0)?.unwrap_or_default();
    let mark = progress.signed;
    // A valid one only in its block: later others may have acted on it.
    let again = mark.round == report.round
        && record.latest().is_some_and(|latest| {
            latest.round == mark.recorded && (mark.height == env.block.height || latest.validity != Validity::Valid)
        });
    let replaced = if again { record.rounds.pop() } else { None };
    if again {
        progress.unchanged = mark.unchanged_before;
        progress.standings.iter_mut().for_each(Standing::renumbered);
    }
    let last_published_at = record.latest().map_or(0, |round| round.published_at);
    let outrun = || RoundOutrun {
        feed,
        round: report.round,
        last_round: mark.round,
        published_at: report.published_at,
        last_published_at,
    };
    if known.promoted || (report.round <= mark.round && !again) || report.published_at <= last_published_at {
        return Ok(Some(old(outrun())));
    }
    if !again && is_crowded(&record, env, report.published_at) {
        let (round, published_at) = (report.round, report.published_at);
        let crowded = ContractError::CrowdedBlock { feed, round, published_at, last_published_at };
        return Ok(Some((outrun(), crowded)));
    }
    if now(env) > report.expires_at {
        return Err(ContractError::ExpiredRound { feed, expires_at: report.expires_at, now: now(env) });
    }
    ensure_not_ahead(env, feed, report.published_at)?;
    ensure_not_stale(env, feed, &known.config, report.published_at)?;
    let mut observations = observations(feed, &known.config, &report.observations)?;
    let named = observations.len();
    // It earns its return by its own reports, which nobody can leave out. Another's message may have brought it here: no fault of this one.
    observations.retain(|one| !is_quarantined(&progress.standings, one.signer));
    let reports: Vec<PendingReport> = observations.iter().map(|one| pending(one, report.published_at)).collect();
    let counted: Vec<Counted> =
        reports.iter().map(|report| Counted { report, weight: weight_at(&known.config, report.feeder) }).collect();
    let weight = round::weight_of(&counted);
    if weight < u64::from(known.config.quorum) {
        let missing = ContractError::QuorumMissing { feed, wanted: known.config.quorum, found: weight };
        return if observations.len() < named { Ok(Some((outrun(), missing))) } else { Err(missing) };
    }
    if again && weight <= mark.weight {
        return Ok(Some(old(outrun())));
    }
    verify(api, env, &known.config, report, &observations)?;
    let place = round::Place { rounds: &record.rounds, unchanged: progress.unchanged, height: env.block.height };
    let signers = signers_weight(&known.config, &progress);
    let mut made = round::make(&known.config, &counted, report.published_at, &place, Some(signers))?;
    if replaced.is_some() {
        made.round.round = round::next_number(replaced.as_ref())?;
    }
    progress.signed = SignedMark {
        round: report.round,
        recorded: made.round.round,
        height: env.block.height,
        weight,
        unchanged_before: progress.unchanged,
    };
    finish(storage, feed, &known, record, progress, &reports, made, outcome)?;
    Ok(None)
}

#[expect(clippy::too_many_arguments, reason = "the rest of one function, split for its size")]
fn finish(
    storage: &mut dyn Storage,
    feed: FeedId,
    known: &Feed,
    record: PriceRecord,
    mut progress: Progress,
    reports: &[PendingReport],
    made: round::Made,
    outcome: &mut Outcome,
) -> Result<(), ContractError> {
    progress.held_since = 0;
    progress.unchanged = made.unchanged;
    let events = sources::after_round(feed, &known.config, &mut progress, reports, &made.round, made.spread)?;
    // No observation is used for two rounds: of this time the sources have spoken. What is newer waits for the next round, or the relayer
    // would silence whom it likes.
    progress.waiting.retain(|report| report.published_at > made.round.published_at);
    save_progress(storage, feed, &progress)?;
    outcome.add(feed, &known.followers, record_round(storage, feed, &known.config, record, made.round)?);
    outcome.events.extend(events);
    Ok(())
}

/// Who signed what: known signers, each once, in ascending order, nothing left over.
fn observations(feed: FeedId, config: &FeedConfig, bytes: &[u8]) -> Result<Vec<Observation>, ContractError> {
    let malformed = || ContractError::OutOfBounds {
        what: "bytes of observations",
        wanted: format!("whole observations, {OBSERVATION_BYTES_MAX} for each of {FEEDERS_MAX} signers at most"),
        found: bytes.len().to_string(),
    };
    if bytes.len() > FEEDERS_MAX.saturating_mul(OBSERVATION_BYTES_MAX) {
        return Err(malformed());
    }
    let observations = Observation::read_all(bytes).ok_or_else(malformed)?;
    let mut last = None;
    for one in &observations {
        let signer = one.signer;
        if last.is_some_and(|last| signer <= last) {
            return Err(ContractError::SignerOrder { feed, after: last.unwrap_or_default(), found: signer });
        }
        last = Some(signer);
        let feeder = config.feeders.get(usize::from(signer));
        if feeder.is_none_or(|feeder| feeder.public_key.is_empty()) {
            return Err(ContractError::UnknownSigner { feed, signer });
        }
        one.price.checked()?;
    }
    Ok(observations)
}

fn verify(
    api: &dyn Api,
    env: &Env,
    config: &FeedConfig,
    report: &SignedReport,
    observations: &[Observation],
) -> Result<(), ContractError> {
    let signed = RoundToSign {
        chain_id: &env.block.chain_id,
        contract: env.contract.address.as_str(),
        feed: report.feed,
        symbol: &config.symbol,
        round: report.round,
        published_at: report.published_at,
        expires_at: report.expires_at,
    };
    for one in observations {
        let key = config.feeders.get(usize::from(one.signer)).map_or("", |feeder| &feeder.public_key);
        let key = HexBinary::from_hex(key)?;
        let hash = Sha256::digest(signed.sign_bytes(one.price, one.confidence));
        // A key or a signature that is no point or number of the curve is a signature that does not hold.
        let holds = one.is_low() && api.secp256k1_verify(&hash, &one.signature, &key).unwrap_or(false);
        if !holds {
            return Err(ContractError::BadSignature { feed: report.feed, signer: one.signer });
        }
    }
    Ok(())
}

fn pending(one: &Observation, published_at: u64) -> PendingReport {
    // Nobody holds a price to be negative; and no sum of the two leaves a price's bounds.
    let confidence = one.confidence.min(one.price);
    PendingReport { feeder: one.signer, price: one.price, confidence, published_at }
}

fn weight_at(config: &FeedConfig, place: u8) -> u64 {
    config.feeders.get(usize::from(place)).map_or(0, |feeder| feeder.weight.into())
}

/// What all weigh whose signatures could have been relayed.
fn signers_weight(config: &FeedConfig, progress: &Progress) -> u64 {
    (0u8..)
        .zip(&config.feeders)
        .filter(|(place, feeder)| !feeder.public_key.is_empty() && !is_quarantined(&progress.standings, *place))
        .fold(0u64, |sum, (_, feeder)| sum.saturating_add(feeder.weight.into()))
}
