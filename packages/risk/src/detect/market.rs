//! All statistical channels of one market in one record, fused into one e-value.
//!
//! Every channel's evidence is kept for the post-mortem. `all` is their weighted mean; `hard` leaves out what traders can feed. Both keep the
//! channels' guarantee: mean observations to a false alarm at `g` at least `g`, **under every channel's own assumption**.

use super::evidence::Wager;
use super::evidence::{fused, Evidence, MILLION};
use super::intensity::{Intensity, IntensityParams};
use super::mean_window::Sample;
use super::one_sided::{OneSided, OneSidedParams};
use super::scale::{per_block, Memory, MOVE_MAX, PICO};
use super::surprise::{Shock, ShockParams, Surprise, SurpriseParams};
use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding};
use crate::quantity::{Amount, Price, Ratio};
use serde::{Deserialize, Serialize};

/// What a round brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// When the price was published, seconds.
    pub at: u64,
    pub price: Price,
    /// Width of the sources' band as a share of the price; `None`: not known.
    pub band: Option<Ratio>,
    /// What was traded since the last observation; `None`: not known.
    pub flow: Option<Flow>,
}

/// Order flow since the last observation. The caller counts only what paid a fee, and cuts each account's share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flow {
    pub orders: u32,
    pub bought: Amount,
    pub sold: Amount,
}

/// Shares of each channel in the market's e-value, millionths. Bounds: add up to 1,000,000 at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    pub price: u32,
    pub band: u32,
    pub intensity: u32,
    pub one_sided: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetectorParams {
    /// Length of a block, seconds: moves and rates are counted per block. Bounds: above 0.
    pub block_seconds: u64,
    /// A price after a longer silence starts anew and bets nothing: the oracle's own limits judge it.
    pub gap_blocks_max: u64,
    pub price: SurpriseParams,
    pub band: ShockParams,
    pub intensity: IntensityParams,
    pub one_sided: OneSidedParams,
    pub weights: Weights,
}

impl DetectorParams {
    /// The shipped figures, for blocks of 6 s.
    pub const STANDARD: Self = Self {
        block_seconds: 6,
        gap_blocks_max: 100,
        price: SurpriseParams::STANDARD,
        band: ShockParams {
            fast: Memory { length: 32, cut: 3_000 },
            slow: Memory { length: 512, cut: 3_000 },
            scale_start: 1_000_000_000,
            scale_floor: 100_000_000,
            wagers: [
                Wager { level: 6_000, p0: 80_000, p1: 500_000, weight: MILLION / 2, cap: 1_000_000 },
                Wager { level: 12_000, p0: 30_000, p1: 500_000, weight: MILLION / 2, cap: 1_000_000 },
            ],
        },
        intensity: IntensityParams::STANDARD,
        one_sided: OneSidedParams::STANDARD,
        weights: Weights { price: 700_000, band: 100_000, intensity: 100_000, one_sided: 100_000 },
    };

    /// Refuses wagers that are none, weights above one, and lengths of zero.
    ///
    /// Errors: [`RiskError::OutOfBounds`].
    pub fn checked(self) -> RiskResult<Self> {
        let refuse = |what: &'static str, wanted: &'static str, found: u64| {
            Err(RiskError::OutOfBounds { what, wanted: wanted.into(), found: found.to_string() })
        };
        let shocks = [&self.price.shock, &self.band];
        for wager in shocks.iter().flat_map(|shock| shock.wagers).chain([self.price.drift.wager]) {
            wager.checked()?;
        }
        let memories = shocks.iter().flat_map(|shock| [shock.fast, shock.slow]).chain([self.price.drift.delayed]);
        for memory in memories {
            if memory.length == 0 || memory.cut <= 1_000 {
                return refuse("a detector's memory", "a length above 0 and a cut above 1000", memory.cut.into());
            }
        }
        let sum = |parts: &[u32]| parts.iter().fold(0u64, |sum, part| sum.saturating_add(u64::from(*part)));
        let weights = &self.weights;
        let [low, high] = &self.price.shock.wagers;
        let [band_low, band_high] = &self.band.wagers;
        for parts in [
            [weights.price, weights.band, weights.intensity, weights.one_sided],
            [low.weight, high.weight, self.price.drift.wager.weight, 0],
            [band_low.weight, band_high.weight, 0, 0],
        ] {
            if sum(&parts) > u64::from(MILLION) {
                return refuse("the sum of weights", "at most 1000000", sum(&parts));
            }
        }
        if self.block_seconds == 0 {
            return refuse("a block's seconds", "above 0", 0);
        }
        if self.intensity.baseline_length == 0 || self.intensity.baseline_min == 0 {
            return refuse("a baseline", "above 0", 0);
        }
        if !(500_000..=900_000).contains(&self.one_sided.share_max) || self.one_sided.stake >= MILLION {
            return refuse("the share of one side", "500000 to 900000", self.one_sided.share_max.into());
        }
        Ok(self)
    }
}

/// What each channel says, and both means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MarketEvidence {
    pub price: Evidence,
    pub band: Evidence,
    pub intensity: Evidence,
    pub one_sided: Evidence,
    /// Of all channels.
    pub all: Evidence,
    /// Of the channels that traders cannot feed: price and band.
    pub hard: Evidence,
}

/// The state of one market's detectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketDetectors {
    pub last: Option<Sample>,
    pub price: Surprise,
    pub band: Shock,
    pub intensity: Intensity,
    pub one_sided: OneSided,
}

impl MarketDetectors {
    /// Takes in one round and returns the evidence so far. Cost: the same for every round; no allocation.
    ///
    /// Units: see [`Observation`]. Rounding: every quotient so that there is less evidence. Errors: [`RiskError::OutOfBounds`] when time
    /// falls; [`RiskError::DivisionByZero`] after a price of zero. On an error nothing has changed.
    pub fn update(&mut self, observation: &Observation, params: &DetectorParams) -> RiskResult<MarketEvidence> {
        let mut next = *self;
        next.last = Some(Sample { at: observation.at, price: observation.price });
        if let Some(last) = self.last {
            let Some(elapsed) = observation.at.checked_sub(last.at) else {
                return Err(RiskError::OutOfBounds {
                    what: "time of a price",
                    wanted: format!("not before {}", last.at),
                    found: observation.at.to_string(),
                });
            };
            // A block that has begun counts as one: a larger time means a smaller move and a larger bound. So does a price that replaces
            // another of the same time, or the first of two would hide a move.
            let blocks = elapsed.div_ceil(params.block_seconds.max(1)).max(1);
            if blocks <= params.gap_blocks_max {
                let size = per_block(relative_move(last.price, observation.price)?, blocks);
                next.price.observe(size, observation.price > last.price, &params.price);
            }
            if let Some(flow) = observation.flow {
                next.intensity.observe(flow.orders, blocks, &params.intensity);
            }
        }
        if let Some(band) = observation.band {
            // Ratio atoms are 10^-18.
            let size = u64::try_from(band.atoms().checked_div(1_000_000).unwrap_or(0)).unwrap_or(u64::MAX);
            next.band.observe(size.min(MOVE_MAX), &params.band);
        }
        if let Some(flow) = observation.flow {
            next.one_sided.observe(flow.bought, flow.sold, &params.one_sided);
        }
        *self = next;
        Ok(self.evidence(params))
    }

    /// The evidence so far.
    pub fn evidence(&self, params: &DetectorParams) -> MarketEvidence {
        let price = self.price.evidence(&params.price);
        let band = self.band.evidence(&params.band);
        let (intensity, one_sided) = (self.intensity.evidence(), self.one_sided.evidence());
        let weights = &params.weights;
        let hard = [(weights.price, price), (weights.band, band)];
        let soft = [(weights.intensity, intensity), (weights.one_sided, one_sided)];
        let [first, second] = hard;
        let [third, fourth] = soft;
        MarketEvidence {
            price,
            band,
            intensity,
            one_sided,
            all: fused(&[first, second, third, fourth]),
            hard: fused(&hard),
        }
    }

    /// Forgets all evidence, keeps scales, rates and the last price.
    pub fn reset(&mut self) {
        self.price.reset();
        self.band.reset();
        self.intensity.reset();
        self.one_sided.reset();
    }
}

/// `|now / before - 1|` in units of 10^-12. Rounding: down. Errors: [`RiskError::DivisionByZero`].
fn relative_move(before: Price, now: Price) -> RiskResult<u64> {
    let what = "a relative move";
    let moved = mul_div(now.distance(before).atoms(), u128::from(PICO), before.atoms(), Rounding::Floor, what)
        .or_else(|error| match error {
            RiskError::Overflow { .. } => Ok(u128::from(MOVE_MAX)),
            other => Err(other),
        })?;
    Ok(u64::try_from(moved).unwrap_or(MOVE_MAX).min(MOVE_MAX))
}

#[cfg(test)]
#[path = "market/tests.rs"]
mod tests;
