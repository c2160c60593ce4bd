//! Signers of a feed: keys, rounds, relays.

use super::{config, Setup, FEED, OTHER};
use cosmwasm_std::{Binary, Event, HexBinary};
use cw_multi_test::App;
use firebreak_messages::oracle::{
    ExecuteMsg, FeedConfig, FeedSetup, Observation, RoundToSign, SignedReport, SIGNATURE_BYTES,
};
use firebreak_oracle::ContractError;
use firebreak_risk::Price;
use k256::ecdsa::signature::Signer;
use k256::ecdsa::{Signature, SigningKey};

pub fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number + 1; 32]).unwrap()
}

pub fn public_key(number: u8) -> String {
    HexBinary::from(key(number).verifying_key().to_encoded_point(true).as_bytes()).to_hex()
}

/// Feeders 0, 1, ... with these weights, all of them signers.
pub fn signing(app: &App, weights: &[u32], quorum: u32) -> FeedConfig {
    let mut config = config(app, weights, quorum);
    for (number, feeder) in (0u8..).zip(&mut config.feeders) {
        feeder.public_key = public_key(number);
    }
    config
}

/// A round before it is signed.
#[derive(Debug, Clone)]
pub struct Draft {
    pub chain_id: String,
    pub contract: String,
    pub symbol: String,
    pub report: SignedReport,
}

impl Draft {
    pub fn signed_by(&self, number: u8, price: Price, confidence: Price) -> Observation {
        let report = &self.report;
        let round = RoundToSign {
            chain_id: &self.chain_id,
            contract: &self.contract,
            feed: report.feed,
            symbol: &self.symbol,
            round: report.round,
            published_at: report.published_at,
            expires_at: report.expires_at,
        };
        let signature: Signature = key(number).sign(&round.sign_bytes(price, confidence));
        let signature: [u8; SIGNATURE_BYTES] = signature.to_bytes().into();
        Observation { signer: number, price, confidence, signature }
    }

    /// Signed by these, in this order, each with its price in whole units.
    pub fn signed(&self, prices: &[(u8, u32)]) -> SignedReport {
        let all = prices.iter().map(|(signer, units)| self.signed_by(*signer, super::price(*units), Price::ZERO));
        self.carrying(&all.collect::<Vec<_>>())
    }

    pub fn carrying(&self, observations: &[Observation]) -> SignedReport {
        let mut bytes = Vec::new();
        observations.iter().for_each(|one| one.write(&mut bytes));
        SignedReport { observations: Binary::from(bytes), ..self.report.clone() }
    }
}

impl Setup {
    /// Two feeds of so many signers of weight one.
    pub fn with_signers(count: usize, quorum: u32) -> Self {
        let app = App::default();
        let config = signing(&app, &vec![1; count], quorum);
        let feeds = [FEED, OTHER].map(|feed| FeedSetup { feed, config: config.clone() });
        Self::with_feeds(app, feeds.to_vec()).unwrap()
    }

    /// Round `round` of the signers, as of now, to be relayed within ten seconds.
    pub fn draft(&self, round: u64) -> Draft {
        let now = self.now();
        Draft {
            chain_id: self.app.block_info().chain_id,
            contract: self.oracle.to_string(),
            symbol: "BTC/USD".into(),
            report: SignedReport {
                feed: FEED,
                round,
                published_at: now,
                expires_at: now + 10,
                observations: Binary::default(),
            },
        }
    }

    pub fn relay(&mut self, reports: Vec<SignedReport>) -> Result<Vec<Event>, ContractError> {
        let anyone = self.app.api().addr_make("anyone");
        self.send(&anyone, &ExecuteMsg::ReportSigned { reports }, &[])
    }

    /// A round of these prices by signers 0, 1, ...
    pub fn relay_round(&mut self, round: u64, prices: &[u32]) -> Result<Vec<Event>, ContractError> {
        let report = self.draft(round).signed(&(0u8..).zip(prices.iter().copied()).collect::<Vec<_>>());
        self.relay(vec![report])
    }
}
