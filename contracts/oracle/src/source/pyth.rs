//! Pyth's contract for CosmWasm: the query `price_feed`, as its published interface has it.
//!
//! ```text
//! {"price_feed": {"id": "<32 bytes, hex>"}}
//! {"price_feed": {"id": .., "price": {"price": "6012345", "conf": "120", "expo": -2, "publish_time": 1700000000}, "ema_price": ..}}
//! ```
//!
//! The price is `price * 10^expo`, signed; `conf` in the same unit is one standard deviation of its publishers.

use super::{Observed, Source};
use crate::error::ContractError;
use cosmwasm_std::QuerierWrapper;
use firebreak_risk::{scaled_price, Rounding};
use serde::{Deserialize, Serialize};

/// One price of one Pyth contract.
pub struct Pyth<'a> {
    pub contract: &'a str,
    /// 32 bytes, hex.
    pub id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Query<'a> {
    PriceFeed { id: &'a str },
}

// Not of `cw_serde`: whatever else the answer holds is none of this contract's business.
#[derive(Deserialize)]
struct Answer {
    price_feed: Feed,
}

#[derive(Deserialize)]
struct Feed {
    id: String,
    price: Figure,
}

#[derive(Deserialize)]
struct Figure {
    price: String,
    conf: String,
    expo: i32,
    publish_time: i64,
}

impl Source for Pyth<'_> {
    /// Rounding: the price down, its confidence up.
    fn observe(&self, querier: &QuerierWrapper) -> Result<Observed, ContractError> {
        let unusable = |wanted: &'static str, found: &str| ContractError::SourceUnusable {
            source_contract: self.contract.into(),
            wanted,
            found: found.into(),
        };
        // The error's text differs from node to node.
        let answer: Answer = querier
            .query_wasm_smart(self.contract, &Query::PriceFeed { id: self.id })
            .map_err(|_| unusable("a price feed", "no such answer"))?;
        let Feed { id, price: figure } = answer.price_feed;
        if !id.eq_ignore_ascii_case(self.id) {
            return Err(unusable("the price feed that was asked for", &id));
        }
        let mantissa = figure.price.parse::<i64>().ok().and_then(|price| u64::try_from(price).ok());
        let mantissa = mantissa.filter(|price| *price > 0).ok_or_else(|| unusable("a price above 0", &figure.price))?;
        let confidence = figure.conf.parse().map_err(|_| unusable("a confidence of 64 bits", &figure.conf))?;
        let published_at = u64::try_from(figure.publish_time)
            .map_err(|_| unusable("a time after 1970", &figure.publish_time.to_string()))?;
        Ok(Observed {
            price: scaled_price(mantissa, figure.expo, Rounding::Floor)?,
            confidence: scaled_price(confidence, figure.expo, Rounding::Ceil)?,
            published_at,
        })
    }
}
