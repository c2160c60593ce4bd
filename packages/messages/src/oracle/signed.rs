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
use crate::signed_bytes::{SignedBytes, SIGNATURE_BYTES};
use firebreak_risk::Price;

const DOMAIN: &[u8] = b"firebreak/oracle/report/1";
/// Decimals of every price: part of what is signed, so that a figure meant for another scale is no report.
pub const PRICE_DECIMALS: u8 = 18;
/// `signer u8 | price | confidence | signature`, the two as a length u8 and so many bytes: a byte of a transaction costs more than
/// most instructions, and prices have few.
pub const OBSERVATION_BYTES_MAX: usize = 1 + 2 * FIGURE_BYTES_MAX + SIGNATURE_BYTES;
const FIGURE_BYTES_MAX: usize = 1 + size_of::<u128>();
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
        SignedBytes::of(DOMAIN)
            .text(self.chain_id)
            .text(self.contract)
            .number(self.feed.0.to_be_bytes())
            .text(self.symbol)
            .number([PRICE_DECIMALS])
            .number(self.round.to_be_bytes())
            .number(self.published_at.to_be_bytes())
            .number(self.expires_at.to_be_bytes())
            .number(price.atoms().to_be_bytes())
            .number(confidence.atoms().to_be_bytes())
            .done()
    }
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
    /// A relayed round's observations, in its order; `None` when the bytes are not a whole number of them, or one writes a figure with
    /// a leading zero: there is one way to carry each.
    pub fn read_all(mut bytes: &[u8]) -> Option<Vec<Self>> {
        let mut all = Vec::new();
        // Each takes bytes away.
        while !bytes.is_empty() {
            let (one, rest) = Self::read(bytes)?;
            all.push(one);
            bytes = rest;
        }
        Some(all)
    }

    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (signer, rest) = bytes.split_first()?;
        let (price, rest) = read_figure(rest)?;
        let (confidence, rest) = read_figure(rest)?;
        let (signature, rest) = rest.split_first_chunk()?;
        Some((Self { signer: *signer, price, confidence, signature: *signature }, rest))
    }

    pub fn write(&self, bytes: &mut Vec<u8>) {
        bytes.push(self.signer);
        write_figure(bytes, self.price);
        write_figure(bytes, self.confidence);
        bytes.extend_from_slice(&self.signature);
    }

    /// Whether `s` is in the lower half: of a signature and its mirror image one is accepted.
    pub fn is_low(&self) -> bool {
        self.signature.last_chunk::<32>().is_some_and(|s| *s <= HALF_ORDER)
    }
}

fn write_figure(bytes: &mut Vec<u8>, figure: Price) {
    let atoms = figure.atoms().to_be_bytes();
    let zeros = atoms.iter().take_while(|byte| **byte == 0).count();
    let short = atoms.get(zeros..).unwrap_or_default();
    // 16 at most.
    bytes.push(u8::try_from(short.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(short);
}

fn read_figure(bytes: &[u8]) -> Option<(Price, &[u8])> {
    let (length, rest) = bytes.split_first()?;
    let (short, rest) = rest.split_at_checked(usize::from(*length))?;
    if short.len() > size_of::<u128>() || short.first() == Some(&0) {
        return None;
    }
    let atoms = short.iter().fold(0u128, |atoms, byte| (atoms << 8) | u128::from(*byte));
    Some((Price::from_atoms(atoms), rest))
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

    fn observation(signer: u8, price: u128, confidence: u128) -> Observation {
        let (price, confidence) = (Price::from_atoms(price), Price::from_atoms(confidence));
        Observation { signer, price, confidence, signature: [signer; SIGNATURE_BYTES] }
    }

    // R-51: the format that relayers of other makes follow.
    #[test]
    fn an_observation_is_carried_in_these_bytes() {
        let mut bytes = Vec::new();
        observation(7, 0x01_02_03, 0).write(&mut bytes);
        let mut wanted = vec![7, 3, 1, 2, 3, 0];
        wanted.extend([7; SIGNATURE_BYTES]);
        assert_eq!(bytes, wanted);
    }

    #[test]
    fn observations_are_read_as_they_were_written() {
        let all = vec![
            observation(0, u128::MAX, 1),
            observation(1, 0, 255),
            observation(2, 256, u128::MAX),
            observation(14, 60_000 * 10u128.pow(18), 0),
            observation(255, u128::MAX, u128::MAX),
        ];
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for one in &all {
            one.write(&mut bytes);
            ends.push(bytes.len());
        }
        let lengths: Vec<usize> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // 60,000 has 76 bits: ten bytes.
        assert_eq!(lengths, vec![67 + 16 + 1, 67 + 1, 67 + 2 + 16, 67 + 10, OBSERVATION_BYTES_MAX]);
        assert_eq!(Observation::read_all(&bytes), Some(all.clone()));
        // A part of them is so many whole ones, or nothing.
        for end in 0..bytes.len() {
            let whole = ends.iter().position(|other| *other == end).map(|count| all[..count].to_vec());
            assert_eq!(Observation::read_all(&bytes[..end]), whole, "{end}");
        }
    }

    // R-51
    #[test]
    fn a_figure_is_written_in_one_way() {
        let carried = |figure: &[u8]| {
            let mut bytes = vec![0];
            bytes.extend(figure);
            bytes.push(0);
            bytes.extend([1; SIGNATURE_BYTES]);
            Observation::read_all(&bytes).map(|all| all[0].price.atoms())
        };
        assert_eq!(carried(&[2, 1, 0]), Some(256));
        assert_eq!(carried(&[1, 0]), None, "zero has no bytes");
        assert_eq!(carried(&[3, 0, 1, 0]), None);
        let mut long = vec![17];
        long.extend([1; 17]);
        assert_eq!(carried(&long), None);
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
