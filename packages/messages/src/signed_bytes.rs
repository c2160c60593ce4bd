//! How what is signed off chain becomes bytes, for rounds and for attestations.
//!
//! A domain, then the parts: numbers big-endian of fixed width, texts behind their length as u64. So no two things of one domain have
//! the same bytes, and none of one domain has those of another. What is signed is their SHA-256, by secp256k1, as 64 bytes `r | s`.

pub const SIGNATURE_BYTES: usize = 64;

/// Bytes under construction.
pub(crate) struct SignedBytes(Vec<u8>);

impl SignedBytes {
    pub(crate) fn of(domain: &[u8]) -> Self {
        // Longer than any of them: one allocation.
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(domain);
        Self(bytes)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        let mut written = self.number((text.len() as u64).to_be_bytes());
        written.0.extend_from_slice(text.as_bytes());
        written
    }

    /// A number's own big-endian bytes.
    pub(crate) fn number<const WIDTH: usize>(mut self, big_endian: [u8; WIDTH]) -> Self {
        self.0.extend_from_slice(&big_endian);
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}
