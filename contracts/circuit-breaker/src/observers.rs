//! What is known of the observers, and what their words amount to.

use crate::error::ContractError;
use cosmwasm_std::Storage;
use firebreak_messages::circuit_breaker::{ObservedSignal, ObserverConfig, ObserverStatus, ObserversResponse};
use firebreak_messages::{PackedItem, PackedMap};
use firebreak_risk::detect::{quorum_severity, Attested, Electorate};
use firebreak_risk::{Ratio, Rounding};
use serde::{Deserialize, Serialize};

/// How long before an incident was detected a warning may have come to be about it, seconds.
pub const WARNED_BEFORE_SECONDS: u64 = 600;
/// Warnings of one observer and market that wait for a verdict.
const WARNINGS_MAX: usize = 4;

/// A registered weight in hundredths of itself; verdicts move it between a quarter and twice as much.
pub const WEIGHT_UNIT: u32 = 100;
const WEIGHT_LEAST: u32 = 25;
const WEIGHT_MOST: u32 = 200;
/// A false alarm halves a weight; a confirmed one adds a quarter of the registered one.
const WEIGHT_GAIN: u32 = 25;

/// One observer. The order of fields is the packed format.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observer {
    pub config: ObserverConfig,
    /// Hundredths of the registered weight.
    pub trust: u32,
    /// The highest of all markets and signals, for whoever asks; what counts is [`Words::nonces`].
    pub nonce: u64,
    pub heard_at: u64,
    /// When it last took a small step alone, block time; 0: never.
    pub alone_at: u64,
    pub confirmed: u32,
    pub refuted: u32,
}

/// All of them: one record, read with every attestation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observers {
    pub heartbeat_seconds: u64,
    /// Bounds: at most `OBSERVERS_MAX`.
    pub list: Vec<Observer>,
}

/// A word that counts until it expires.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub observer: u8,
    pub signal: ObservedSignal,
    pub severity: u8,
    pub until: u64,
}

/// A time during which an observer warned, no two of its words further apart than [`WARNED_BEFORE_SECONDS`]. Gone when a verdict has
/// counted it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Warned {
    pub observer: u8,
    /// When the first and the last word was heard, block time: what an observer says of its own clock earns nothing.
    pub first: u64,
    pub last: u64,
    /// Made of two, with silence between them.
    pub merged: bool,
}

/// What was said of one market.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// One a signal and observer. Bounds: three signals of at most `OBSERVERS_MAX`.
    pub live: Vec<Word>,
    /// Who has warned, and when: for the verdicts on incidents. Oldest first. Bounds: [`WARNINGS_MAX`] of at most `OBSERVERS_MAX`.
    pub warned: Vec<Warned>,
    /// The last nonce of an observer and signal here: a word that is relayed early for one market stops none of another.
    /// Bounds: four signals of at most `OBSERVERS_MAX`.
    pub nonces: Vec<(u8, ObservedSignal, u64)>,
}

/// Written by `SetObservers`, `Attest`, `Judge`.
pub const OBSERVERS: PackedItem<Observers> = PackedItem::new("observers", 1);
/// market id -> what observers said of it. Written by `Attest`, `Judge`.
pub const WORDS: PackedMap<u16, Words> = PackedMap::new("words", 3);

impl Observer {
    pub fn new(config: ObserverConfig, now: u64) -> Self {
        Self { config, trust: WEIGHT_UNIT, nonce: 0, heard_at: now, alone_at: 0, confirmed: 0, refuted: 0 }
    }

    /// Hundredths.
    pub fn weight(&self) -> u32 {
        self.config.weight.saturating_mul(self.trust)
    }

    /// After the verdict on an incident in which it had warned.
    pub fn judge(&mut self, confirmed: bool) {
        if confirmed {
            self.confirmed = self.confirmed.saturating_add(1);
            self.trust = self.trust.saturating_add(WEIGHT_GAIN).min(WEIGHT_MOST);
        } else {
            self.refuted = self.refuted.saturating_add(1);
            self.trust = self.trust.checked_div(2).unwrap_or(0).max(WEIGHT_LEAST);
        }
    }
}

impl Observers {
    /// Errors: unreadable records.
    pub fn load(storage: &dyn Storage) -> Result<Self, ContractError> {
        Ok(OBSERVERS.may_load(storage)?.unwrap_or_default())
    }

    fn total_weight(&self) -> u64 {
        self.list.iter().fold(0u64, |sum, observer| sum.saturating_add(observer.weight().into()))
    }

    fn is_silent(&self, observer: &Observer, now: u64) -> bool {
        now > observer.heard_at.saturating_add(self.heartbeat_seconds)
    }

    /// Share of the weight that has not been heard of; 0 without observers. Rounding: up.
    pub fn silence(&self, now: u64) -> Ratio {
        let silent = self.list.iter().filter(|observer| self.is_silent(observer, now));
        let weight = silent.fold(0u128, |sum, observer| sum.saturating_add(observer.weight().into()));
        Ratio::of(weight, self.total_weight().into(), Rounding::Ceil).unwrap_or(Ratio::ZERO)
    }

    /// The highest severity that a quorum attests, over all signals.
    pub fn severity(&self, words: &Words, now: u64) -> u8 {
        let signals = [ObservedSignal::Price, ObservedSignal::Flow, ObservedSignal::Dependency];
        let registered = self.list.iter().fold(0u64, |sum, observer| sum.saturating_add(observer.config.weight.into()));
        let all = Electorate { weight: self.total_weight(), registered };
        let of = |signal| {
            // Bounded by OBSERVERS_MAX.
            let attested: Vec<Attested> = words
                .live
                .iter()
                .filter(|word| word.signal == signal && now <= word.until)
                .filter_map(|word| {
                    let observer = self.list.get(usize::from(word.observer))?;
                    let source = self.source(&observer.config.source);
                    let (weight, registered) = (observer.weight(), observer.config.weight);
                    Some(Attested { severity: word.severity, weight, registered, source })
                })
                .collect();
            quorum_severity(&attested, all)
        };
        signals.into_iter().map(of).max().unwrap_or(0)
    }

    /// A number for each declared source: the place of the first observer that declares it.
    fn source(&self, source: &str) -> u8 {
        (0u8..).zip(&self.list).find(|(_, observer)| observer.config.source == source).map_or(0, |(place, _)| place)
    }

    pub fn statuses(&self, now: u64) -> ObserversResponse {
        let status = |(observer, record): (u8, &Observer)| ObserverStatus {
            observer,
            config: record.config.clone(),
            weight: record.weight(),
            nonce: record.nonce,
            heard_at: record.heard_at,
            is_silent: self.is_silent(record, now),
            confirmed: record.confirmed,
            refuted: record.refuted,
        };
        ObserversResponse {
            heartbeat_seconds: self.heartbeat_seconds,
            observers: (0u8..).zip(&self.list).map(status).collect(),
        }
    }
}

impl Words {
    /// 0: never heard of.
    pub fn nonce(&self, observer: u8, signal: ObservedSignal) -> u64 {
        self.nonces.iter().find(|known| (known.0, known.1) == (observer, signal)).map_or(0, |known| known.2)
    }

    pub fn note_nonce(&mut self, observer: u8, signal: ObservedSignal, nonce: u64) {
        self.nonces.retain(|known| (known.0, known.1) != (observer, signal));
        self.nonces.push((observer, signal, nonce));
    }

    /// After a change of the list: `places` says where each former place is now; who left takes its nonces along.
    pub fn move_nonces(&mut self, places: &[Option<u8>]) {
        let moved = |known: (u8, ObservedSignal, u64)| {
            let place = places.get(usize::from(known.0)).copied().flatten()?;
            Some((place, known.1, known.2))
        };
        self.nonces = std::mem::take(&mut self.nonces).into_iter().filter_map(moved).collect();
    }

    /// Takes a word down; what has expired goes.
    pub fn hear(&mut self, word: Word, now: u64) {
        self.live.retain(|old| now <= old.until && (old.observer, old.signal) != (word.observer, word.signal));
        if word.severity == 0 {
            return;
        }
        self.live.push(word);
        self.warn(word.observer, now);
    }

    fn warn(&mut self, observer: u8, now: u64) {
        let goes_on = |warned: &&mut Warned| {
            warned.observer == observer && now <= warned.last.saturating_add(WARNED_BEFORE_SECONDS)
        };
        if let Some(warned) = self.warned.iter_mut().find(goes_on) {
            warned.last = now;
            return;
        }
        let own = |warned: &&Warned| warned.observer == observer;
        if self.warned.iter().filter(own).count() >= WARNINGS_MAX {
            // The two oldest become one: who could push a warning out by further ones would be judged by none.
            let oldest = self.warned.iter().position(|warned| warned.observer == observer);
            let first = oldest.map(|place| self.warned.remove(place).first);
            if let (Some(first), Some(next)) =
                (first, self.warned.iter_mut().find(|warned| warned.observer == observer))
            {
                (next.first, next.merged) = (first, true);
            }
        }
        self.warned.push(Warned { observer, first: now, last: now, merged: false });
    }

    /// Takes the warnings that were heard at any time of `times` out, and says whose they were: each counts for one verdict.
    ///
    /// Silence between two that became one earns no credit: for a confirmed incident a word of it must lie in `times`. Against its
    /// observer it counts as a whole, or further words would hide one.
    pub fn take_warned(&mut self, times: std::ops::RangeInclusive<u64>, confirmed: bool) -> Vec<u8> {
        let is_in = |warned: &Warned| {
            let overlaps = warned.first <= *times.end() && *times.start() <= warned.last;
            let has_word = times.contains(&warned.first) || times.contains(&warned.last);
            overlaps && (has_word || !warned.merged || !confirmed)
        };
        let mut observers: Vec<u8> =
            self.warned.iter().filter(|warned| is_in(warned)).map(|warned| warned.observer).collect();
        observers.sort_unstable();
        observers.dedup();
        self.warned.retain(|warned| !is_in(warned));
        observers
    }
}
