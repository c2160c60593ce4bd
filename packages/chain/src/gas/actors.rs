//! Who signs: the local chain's named keys, and as many traders as are wanted.

use super::error::GasError;
use crate::network::Network;
use crate::signer::Signer;
use crate::ChainError;
use std::collections::HashMap;
use std::ops::Range;

/// Traders are derived from the same phrase, far behind the named keys.
const FIRST_TRADER: u32 = 10_000;

/// Keys by name. `trader-N` are made by [`Actors::add_traders`].
pub(super) struct Actors {
    phrase: String,
    signers: HashMap<String, Signer>,
}

impl Actors {
    /// The named keys of `scripts/localnet env`.
    pub fn from_env(network: &Network) -> Result<Self, GasError> {
        let phrase = variable("LOCALNET_MNEMONIC")?;
        let mut signers = HashMap::new();
        for word in variable("LOCALNET_KEYS")?.split_whitespace() {
            let index = word.split_once('=').and_then(|(name, index)| Some((name, index.parse().ok()?)));
            let (name, index) = index
                .ok_or_else(|| ChainError::unreadable("LOCALNET_KEYS", format!("wanted name=index, found {word}")))?;
            signers.insert(name.to_string(), Signer::from_phrase(&phrase, index, network)?);
        }
        Ok(Self { phrase, signers })
    }

    pub fn get(&self, name: &str) -> Result<&Signer, GasError> {
        self.signers.get(name).ok_or_else(|| GasError::step(name, "the local chain has no such key"))
    }

    pub fn address(&self, name: &str) -> Result<String, GasError> {
        Ok(self.get(name)?.address().to_string())
    }

    /// Makes the keys of these traders that are not there yet; gives their addresses. They have no coins.
    pub fn add_traders(&mut self, range: Range<usize>, network: &Network) -> Result<Vec<String>, GasError> {
        let wanted: Vec<usize> = range.filter(|number| !self.signers.contains_key(&trader(*number))).collect();
        let phrase = self.phrase.as_str();
        let derive = |numbers: &[usize]| -> Result<Vec<(String, Signer)>, ChainError> {
            let one = |number: &usize| {
                let signer = Signer::from_phrase(phrase, FIRST_TRADER + *number as u32, network)?;
                Ok((trader(*number), signer))
            };
            numbers.iter().map(one).collect()
        };
        // Stretching the phrase takes milliseconds for each key: many are derived on two threads.
        let (one, other) = wanted.split_at(wanted.len() / 2);
        let (one, other) = std::thread::scope(|scope| {
            let other = scope.spawn(|| derive(other));
            (derive(one), other.join())
        });
        let other = other.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let mut addresses = vec![];
        for (name, signer) in one?.into_iter().chain(other) {
            addresses.push(signer.address().to_string());
            self.signers.insert(name, signer);
        }
        Ok(addresses)
    }
}

pub(super) fn trader(number: usize) -> String {
    format!("trader-{number}")
}

fn variable(name: &'static str) -> Result<String, ChainError> {
    std::env::var(name).map_err(|_| ChainError::unreadable(name, "the variable is not set; see scripts/localnet env"))
}
