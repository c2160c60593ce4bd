//! Who signs off chain, and a source on chain: keys of feeders and observers, a feed to fall back on, a Pyth contract.

use cosmwasm_std::{to_json_binary, Binary, Deps, DepsMut, Empty, Env, HexBinary, MessageInfo, Response, StdResult};
use cw_multi_test::ContractWrapper;
use firebreak_messages::circuit_breaker::{ObserverConfig, ObserversConfig, RuleConfig, RuleMode};
use firebreak_messages::oracle::FeedSetup;
use firebreak_messages::{FeedId, RuleId};
use firebreak_testing::*;
use k256::ecdsa::signature::Signer;
use k256::ecdsa::{Signature, SigningKey};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub const OBSERVERS: u8 = 4;
/// What BTC falls back on, where it has that.
pub const FALLBACK: FeedId = FeedId(9);
pub const PYTH_ID: &str = "e62df6c8b4a85fe1a67db44dc12de5db330f7ac66b72dc658afedf0f4a415b43";

/// Who signs as what: one key for each.
#[derive(Clone, Copy)]
pub enum Key {
    Feeder(u8),
    Observer(u8),
}

impl Key {
    fn signing(self) -> SigningKey {
        let byte = match self {
            Self::Feeder(number) => 1 + number,
            Self::Observer(number) => 101 + number,
        };
        SigningKey::from_slice(&[byte; 32]).unwrap_or_else(|error| panic!("{error}"))
    }

    fn public(self) -> String {
        HexBinary::from(self.signing().verifying_key().to_encoded_point(true).as_bytes()).to_hex()
    }

    pub fn sign(self, bytes: &[u8]) -> [u8; 64] {
        let signature: Signature = self.signing().sign(bytes);
        signature.to_bytes().into()
    }
}

/// Feeders that also sign, observers whose quorum restricts.
pub fn watched(builder: WorldBuilder) -> WorldBuilder {
    builder.setup(|setup| {
        for feed in &mut setup.feeds {
            for (number, feeder) in (0u8..).zip(&mut feed.config.feeders) {
                feeder.public_key = Key::Feeder(number).public();
            }
        }
        for guard in &mut setup.guards {
            guard.config.rules.push(RuleConfig::standard(RuleId::Observers, RuleMode::Enforce));
        }
        setup.observers = observers();
    })
}

pub fn observers() -> ObserversConfig {
    let observer = |number| ObserverConfig {
        public_key: Key::Observer(number).public(),
        source: format!("source-{number}"),
        weight: 1,
    };
    ObserversConfig { heartbeat_seconds: 3_600, observers: (0..OBSERVERS).map(observer).collect() }
}

/// BTC's feed with another one to fall back on, of the same feeders.
pub fn with_fallback(builder: WorldBuilder) -> WorldBuilder {
    builder.setup(|setup| {
        let other = FeedSetup { feed: FALLBACK, config: setup.feed_mut(BTC).clone() };
        setup.feed_mut(BTC).fallback = Some(FALLBACK);
        setup.feeds.push(other);
    })
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PythQuery {
    PriceFeed { id: String },
}

/// Says 60,000 and some cents of every price, as of now.
fn answer(_: Deps, env: Env, PythQuery::PriceFeed { id }: PythQuery) -> StdResult<Binary> {
    let now = env.block.time.seconds();
    let figure =
        json!({ "price": (6_000_000 + now % 1_000).to_string(), "conf": "50", "expo": -2, "publish_time": now });
    to_json_binary(&json!({ "price_feed": { "id": id, "price": figure, "ema_price": figure } }))
}

fn ignore(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

/// A Pyth contract, beside the suite.
pub fn add_pyth(world: &mut World) {
    world.add_contract("pyth", Box::new(ContractWrapper::new(ignore, ignore, answer)), &Empty {});
}
