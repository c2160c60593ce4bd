//! What observers say of a market.

use crate::{Attempt, Code, World};
use cosmwasm_std::{Binary, HexBinary};
use firebreak_messages::circuit_breaker::{
    Attestation, ExecuteMsg, ObservedSignal, ObserverConfig, ObserversConfig, ToAttest,
};
use firebreak_messages::MarketId;
use firebreak_risk::Amount;
use k256::ecdsa::signature::Signer;
use k256::ecdsa::{Signature, SigningKey};
use std::ops::Range;

fn key(observer: u8) -> SigningKey {
    SigningKey::from_slice(&[101 + observer; 32]).unwrap_or_else(|error| panic!("observer {observer}: {error}"))
}

/// So many observers of one weight, each a source of its own, who say hourly that they are there.
pub fn observers(count: u8) -> ObserversConfig {
    let observer = |number| ObserverConfig {
        public_key: HexBinary::from(key(number).verifying_key().to_encoded_point(true).as_bytes()).to_hex(),
        source: format!("source-{number}"),
        weight: 1,
    };
    ObserversConfig { heartbeat_seconds: 3_600, observers: (0..count).map(observer).collect() }
}

/// With the key of one of [`observers`].
pub fn sign_as_observer(observer: u8, bytes: &[u8]) -> [u8; 64] {
    let signature: Signature = key(observer).sign(bytes);
    signature.to_bytes().into()
}

/// What several observers say alike.
#[derive(Debug, Clone, Copy)]
pub struct Saying {
    pub market: MarketId,
    pub signal: ObservedSignal,
    pub severity: u8,
    /// How long it holds.
    pub seconds: u64,
}

impl World {
    /// These observers say it now, each by a signature of their own, and anyone, `sender` here, relays their words.
    pub fn attest(
        &mut self,
        sender: &str,
        saying: Saying,
        observers: Range<u8>,
        sign: impl Fn(u8, &[u8]) -> [u8; 64],
    ) -> Attempt {
        let Saying { market, signal, severity, seconds } = saying;
        let (chain_id, contract, now) = (self.chain_id(), self.addresses.circuit_breaker.to_string(), self.now());
        let to_attest = ToAttest { chain_id: &chain_id, contract: &contract, market, signal };
        let mut attestations = vec![];
        for observer in observers {
            let expires_at = now + seconds;
            let mut one =
                Attestation { observer, severity, observed_at: now, nonce: now, expires_at, signature: [0; 64] };
            one.signature = sign(observer, &to_attest.sign_bytes(&one));
            one.write(&mut attestations);
        }
        let msg = ExecuteMsg::Attest { market, signal, attestations: Binary::from(attestations) };
        self.send(sender, Code::Breaker, &msg, Amount::ZERO)
    }
}
