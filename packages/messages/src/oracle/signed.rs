//! What a signer signs off chain, and how a relayed round carries it: shared by contract, tests and clients.
//!
//! All signers of a round sign the same round, time and expiry, and each its own price and confidence. A signer's bytes:
//!
//! ```text
//! "firebreak/oracle/report/1" | chain id | contract | feed u16 | symbol | decimals u8
//!     | round u64 | published_at u64 | expires_at u64 | price u128 | confidence u128
//! ```
//!
//! Numbers are big-endian of fixed width, texts follow their length as u64, so no two reports have the same bytes. What is signed is
//! their SHA-256, by secp256k1, as 64 bytes `r | s` with `s` in the lower half of the order.

use crate::ids::FeedId;
use firebreak_risk::Price;

const DOMAIN: &[u8] = b"firebreak/oracle/report/1";
/// Decimals of every price: part of what is signed, so that a figure meant for another scale is no report.
pub const PRICE_DECIMALS: u8 = 18;
pub const SIGNATURE_BYTES: usize = 64;
/// `signer u8 | price u128 | confidence u128 | signature`.
pub const OBSERVATION_BYTES: usize = 1 + 16 + 16 + SIGNATURE_BYTES;
/// Half of the order of secp256k1, rounded down: the largest `s` that is accepted.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x5d, 0x57, 0x6e,
    0x73, 0x57, 0xa4, 0x50, 0x1d, 0xdf, 0xe9, 0x2f, 0x46, 0x68, 0x1b, 0x20, 0xa0,
];

/// What all signers of one round have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundToSign<'a> {
    pub chain_id: &'a str,
    /// Address of the oracle.
    pub contract: &'a str,
    pub feed: FeedId,
    pub symbol: &'a str,
    pub round: u64,
    pub published_at: u64,
    pub expires_at: u64,
}

impl RoundToSign<'_> {
    /// The bytes whose SHA-256 a signer of this price and confidence signs.
    pub fn sign_bytes(&self, price: Price, confidence: Price) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(DOMAIN);
        text(&mut bytes, self.chain_id);
        text(&mut bytes, self.contract);
        bytes.extend_from_slice(&self.feed.0.to_be_bytes());
        text(&mut bytes, self.symbol);
        bytes.push(PRICE_DECIMALS);
        for number in [self.round, self.published_at, self.expires_at] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for figure in [price, confidence] {
            bytes.extend_from_slice(&figure.atoms().to_be_bytes());
        }
        bytes
    }
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

/// One signer's part of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// The signer's place among the feed's feeders.
    pub signer: u8,
    pub price: Price,
    /// Half-width within which the signer holds the price to be.
    pub confidence: Price,
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Observation {
    /// A relayed round's observations, in its order; `None` when the bytes are not a whole number of them.
    pub fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let chunks = bytes.chunks_exact(OBSERVATION_BYTES);
        if !chunks.remainder().is_empty() {
            return None;
        }
        chunks.map(Self::read).collect()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (signer, rest) = bytes.split_first()?;
        let (price, rest) = rest.split_first_chunk()?;
        let (confidence, rest) = rest.split_first_chunk()?;
        Some(Self {
            signer: *signer,
            price: Price::from_atoms(u128::from_be_bytes(*price)),
            confidence: Price::from_atoms(u128::from_be_bytes(*confidence)),
            signature: *rest.first_chunk()?,
        })
    }

    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.signer);
        bytes.extend_from_slice(&self.price.atoms().to_be_bytes());
        bytes.extend_from_slice(&self.confidence.atoms().to_be_bytes());
        bytes.extend_from_slice(&self.signature);
    }

    /// Whether `s` is in the lower half: of a signature and its mirror image one is accepted.
    pub fn is_low(&self) -> bool {
        self.signature.last_chunk::<32>().is_some_and(|s| *s <= HALF_ORDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND: RoundToSign = RoundToSign {
        chain_id: "chain-1",
        contract: "oracle",
        feed: FeedId(258),
        symbol: "BTC/USD",
        round: 3,
        published_at: 4,
        expires_at: 5,
    };

    // R-51: the format that signers of other makes follow.
    #[test]
    fn the_signed_bytes_are_these() {
        let bytes = ROUND.sign_bytes(Price::from_atoms(6), Price::from_atoms(7));
        let mut wanted = b"firebreak/oracle/report/1".to_vec();
        wanted.extend(b"\0\0\0\0\0\0\0\x07chain-1\0\0\0\0\0\0\0\x06oracle\x01\x02\0\0\0\0\0\0\0\x07BTC/USD\x12");
        for number in [3u64, 4, 5] {
            wanted.extend(number.to_be_bytes());
        }
        for number in [6u128, 7] {
            wanted.extend(number.to_be_bytes());
        }
        assert_eq!(bytes, wanted);
    }

    // R-51
    #[test]
    fn every_part_of_a_report_changes_what_is_signed() {
        let bytes = ROUND.sign_bytes(Price::from_atoms(6), Price::from_atoms(7));
        for other in [
            RoundToSign { chain_id: "chain-2", ..ROUND },
            RoundToSign { contract: "oracl", ..ROUND },
            RoundToSign { feed: FeedId(259), ..ROUND },
            RoundToSign { symbol: "ETH/USD", ..ROUND },
            RoundToSign { round: 4, ..ROUND },
            RoundToSign { published_at: 5, ..ROUND },
            RoundToSign { expires_at: 6, ..ROUND },
            // A letter moves from one text to the next.
            RoundToSign { chain_id: "chain-1o", contract: "racle", ..ROUND },
        ] {
            assert_ne!(other.sign_bytes(Price::from_atoms(6), Price::from_atoms(7)), bytes, "{other:?}");
        }
        assert_ne!(ROUND.sign_bytes(Price::from_atoms(7), Price::from_atoms(6)), bytes);
    }

    #[test]
    fn observations_are_read_as_they_were_written() {
        let observation = |signer, signature| Observation {
            signer,
            price: Price::from_atoms(u128::MAX),
            confidence: Price::from_atoms(1),
            signature: [signature; SIGNATURE_BYTES],
        };
        let all = vec![observation(0, 1), observation(14, 2)];
        let mut bytes = Vec::new();
        all.iter().for_each(|one| one.write(&mut bytes));
        assert_eq!(bytes.len(), 2 * OBSERVATION_BYTES);
        assert_eq!(Observation::read_all(&bytes), Some(all));
        assert_eq!(Observation::read_all(&[]), Some(vec![]));
        bytes.push(0);
        assert_eq!(Observation::read_all(&bytes), None);
        assert_eq!(Observation::read_all(&bytes[..OBSERVATION_BYTES - 1]), None);
    }

    #[test]
    fn a_signature_is_low_up_to_half_of_the_order() {
        let mut signature = [0; SIGNATURE_BYTES];
        signature[32..].copy_from_slice(&HALF_ORDER);
        let mut observation = Observation { signer: 0, price: Price::ZERO, confidence: Price::ZERO, signature };
        assert!(observation.is_low());
        observation.signature[63] += 1;
        assert!(!observation.is_low());
    }
}
