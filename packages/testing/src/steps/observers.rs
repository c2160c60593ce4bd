//! What observers say of a market.

use crate::{Attempt, Code, World};
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{Attestation, ExecuteMsg, ObservedSignal, ToAttest};
use firebreak_messages::MarketId;
use firebreak_risk::Amount;
use std::ops::Range;

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
