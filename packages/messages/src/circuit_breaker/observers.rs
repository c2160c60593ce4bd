//! Observers: who may attest, what they sign off chain, and how an attestation is carried.
//!
//! ```text
//! "firebreak/circuit-breaker/attestation/1" | chain id | contract | market u16 | signal u8 | severity u8
//!     | observed_at u64 | nonce u64 | expires_at u64
//! ```
//!
//! Numbers are big-endian of fixed width, texts follow their length as u64, so no two attestations have the same bytes. What is signed
//! is their SHA-256, by secp256k1, as 64 bytes `r | s`.

use crate::ids::MarketId;
use crate::signed_bytes::{SignedBytes, SIGNATURE_BYTES};
use cosmwasm_schema::cw_serde;

/// Observers of one breaker: bounds every loop over them.
pub const OBSERVERS_MAX: usize = 16;
/// Seconds from the observation to the expiry of an attestation, at most.
pub const ATTESTATION_SECONDS_MAX: u64 = 600;
/// How far an observer's clock may be ahead, seconds.
pub const CLOCK_AHEAD_SECONDS: u64 = 10;
/// `observer u8 | severity u8 | observed_at u64 | nonce u64 | expires_at u64 | signature`.
pub const ATTESTATION_BYTES: usize = 1 + 1 + 8 + 8 + 8 + SIGNATURE_BYTES;
/// Severities: nothing, guarded, reduce-only.
pub const SEVERITY_MAX: u8 = 2;

const DOMAIN: &[u8] = b"firebreak/circuit-breaker/attestation/1";

/// What an observer speaks of. Grows only at the end: part of what is signed.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum ObservedSignal {
    /// The observer is there, and sees nothing.
    Heartbeat,
    /// Prices elsewhere are not what the oracle says.
    Price,
    /// Order flow that looks like an attack.
    Flow,
    /// A contract, a bridge or a coin that the venue depends on is in trouble.
    Dependency,
}
crate::enum_text!(ObservedSignal {
    Heartbeat = "heartbeat", Price = "price", Flow = "flow", Dependency = "dependency"
});

#[cw_serde]
pub struct ObserversConfig {
    /// An observer that has not attested anything for longer is silent. Bounds: 60 to 86,400.
    pub heartbeat_seconds: u64,
    /// Bounds: at most [`OBSERVERS_MAX`]; keys distinct.
    pub observers: Vec<ObserverConfig>,
}

#[cw_serde]
pub struct ObserverConfig {
    /// Compressed secp256k1 key, hex. Bounds: 33 bytes.
    pub public_key: String,
    /// What it looks at, in its own words; equal words are one source. Bounds: 1 to 32 bytes.
    pub source: String,
    /// Bounds: 1 to 1,000.
    pub weight: u32,
}

/// One observer as it stands.
#[cw_serde]
pub struct ObserverStatus {
    pub observer: u8,
    pub config: ObserverConfig,
    /// After verdicts: a quarter to twice the registered one, in hundredths of it.
    pub weight: u32,
    /// The last one used.
    pub nonce: u64,
    /// Block time of its last attestation, or of its registration.
    pub heard_at: u64,
    pub is_silent: bool,
    /// Closed incidents in which it had attested: confirmed, and false alarms.
    pub confirmed: u32,
    pub refuted: u32,
}

#[cw_serde]
pub struct ObserversResponse {
    pub heartbeat_seconds: u64,
    /// Bounds: at most [`OBSERVERS_MAX`].
    pub observers: Vec<ObserverStatus>,
}

/// What all attestations of one message have in common.
#[derive(Debug, Clone, Copy)]
pub struct ToAttest<'a> {
    pub chain_id: &'a str,
    /// Address of the breaker.
    pub contract: &'a str,
    pub market: MarketId,
    pub signal: ObservedSignal,
}

/// One observer's attestation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attestation {
    /// The observer's place in the configuration.
    pub observer: u8,
    /// 0 to [`SEVERITY_MAX`].
    pub severity: u8,
    pub observed_at: u64,
    /// Above the last one that counted of this observer, market and signal.
    pub nonce: u64,
    pub expires_at: u64,
    pub signature: [u8; SIGNATURE_BYTES],
}

impl ToAttest<'_> {
    /// The bytes whose SHA-256 the observer signs.
    pub fn sign_bytes(&self, attestation: &Attestation) -> Vec<u8> {
        SignedBytes::of(DOMAIN)
            .text(self.chain_id)
            .text(self.contract)
            .number(self.market.0.to_be_bytes())
            .number([self.signal as u8, attestation.severity])
            .number(attestation.observed_at.to_be_bytes())
            .number(attestation.nonce.to_be_bytes())
            .number(attestation.expires_at.to_be_bytes())
            .done()
    }
}

impl Attestation {
    /// The attestations of a message, in its order; `None` when the bytes are not a whole number of them.
    pub fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let chunks = bytes.chunks_exact(ATTESTATION_BYTES);
        if !chunks.remainder().is_empty() {
            return None;
        }
        chunks.map(Self::read).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (observer, rest) = bytes.split_first()?;
        let (severity, rest) = rest.split_first()?;
        let (observed_at, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (expires_at, rest) = rest.split_first_chunk()?;
        Some(Self {
            observer: *observer,
            severity: *severity,
            observed_at: u64::from_be_bytes(*observed_at),
            nonce: u64::from_be_bytes(*nonce),
            expires_at: u64::from_be_bytes(*expires_at),
            signature: *rest.first_chunk()?,
        })
    }

    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.observer);
        bytes.push(self.severity);
        for number in [self.observed_at, self.nonce, self.expires_at] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.signature);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO_ATTEST: ToAttest<'_> =
        ToAttest { chain_id: "chain-1", contract: "breaker", market: MarketId(258), signal: ObservedSignal::Flow };

    fn attestation() -> Attestation {
        Attestation {
            observer: 3,
            severity: 2,
            observed_at: 1_000,
            nonce: 7,
            expires_at: 1_060,
            signature: [9; SIGNATURE_BYTES],
        }
    }

    // R-51: the format that observers of other makes follow.
    #[test]
    fn the_attested_bytes_are_these() {
        let mut wanted = b"firebreak/circuit-breaker/attestation/1".to_vec();
        wanted.extend(b"\0\0\0\0\0\0\0\x07chain-1\0\0\0\0\0\0\0\x07breaker\x01\x02\x02\x02");
        for number in [1_000u64, 7, 1_060] {
            wanted.extend(number.to_be_bytes());
        }
        assert_eq!(TO_ATTEST.sign_bytes(&attestation()), wanted);
    }

    #[test]
    fn every_field_is_part_of_what_is_signed() {
        let base = TO_ATTEST.sign_bytes(&attestation());
        let word = attestation();
        for (name, other) in [
            ("chain", ToAttest { chain_id: "chain-2", ..TO_ATTEST }.sign_bytes(&word)),
            ("contract", ToAttest { contract: "another", ..TO_ATTEST }.sign_bytes(&word)),
            ("market", ToAttest { market: MarketId(1), ..TO_ATTEST }.sign_bytes(&word)),
            ("signal", ToAttest { signal: ObservedSignal::Price, ..TO_ATTEST }.sign_bytes(&word)),
            ("severity", TO_ATTEST.sign_bytes(&Attestation { severity: 1, ..word })),
            ("observed_at", TO_ATTEST.sign_bytes(&Attestation { observed_at: 1_001, ..word })),
            ("nonce", TO_ATTEST.sign_bytes(&Attestation { nonce: 8, ..word })),
            ("expires_at", TO_ATTEST.sign_bytes(&Attestation { expires_at: 1_061, ..word })),
        ] {
            assert_ne!(base, other, "{name}");
        }
        // What is not signed: who signs, and the signature.
        assert_eq!(base, TO_ATTEST.sign_bytes(&Attestation { observer: 4, signature: [0; 64], ..word }));
        // A text that borrows from its neighbour is another one.
        let shifted = ToAttest { chain_id: "chain-1b", contract: "reaker", ..TO_ATTEST };
        assert_ne!(base, shifted.sign_bytes(&word));
    }

    #[test]
    fn attestations_are_carried_whole_or_not_at_all() {
        let mut bytes = vec![];
        let second = Attestation { observer: 4, nonce: u64::MAX, ..attestation() };
        attestation().write(&mut bytes);
        second.write(&mut bytes);
        assert_eq!(bytes.len(), 2 * ATTESTATION_BYTES);
        assert_eq!(Attestation::read_all(&bytes), Some(vec![attestation(), second]));
        assert_eq!(Attestation::read_all(&bytes[1..]), None);
        assert_eq!(Attestation::read_all(&[]), Some(vec![]));
    }
}
