//! A key that signs, and nothing that prints it.

use crate::error::ChainError;
use crate::network::Network;
use bip39::Mnemonic;
use cosmrs::bip32::DerivationPath;
use cosmrs::crypto::secp256k1::SigningKey;
use cosmrs::crypto::PublicKey;
use std::fmt;

/// One account of a phrase.
pub struct Signer {
    key: SigningKey,
    address: String,
}

impl Signer {
    /// The account `m/44'/coin_type'/0'/0/index` of a BIP39 phrase.
    ///
    /// Errors: [`ChainError::Unreadable`], which does not repeat the phrase.
    pub fn from_phrase(phrase: &str, index: u32, network: &Network) -> Result<Self, ChainError> {
        let wrong = |cause: String| ChainError::Unreadable { what: "the key's phrase", cause };
        // The library's error names a word of an unknown phrase by its place, never by its text.
        let mnemonic = Mnemonic::parse(phrase.trim()).map_err(|error| wrong(error.to_string()))?;
        let path: DerivationPath = format!("m/44'/{}'/0'/0/{index}", network.coin_type)
            .parse()
            .map_err(|_| wrong("no such derivation path".into()))?;
        let key = SigningKey::derive_from_path(mnemonic.to_seed(""), &path)
            .map_err(|_| wrong("no key at this derivation path".into()))?;
        let address = key.public_key().account_id(&network.prefix).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { key, address: address.to_string() })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("address", &self.address).finish_non_exhaustive()
    }
}
