//! `firebreak calibrate`: what the detectors really do in healthy markets, in sick ones and against an attacker who knows them.
//!
//! Mean time to a false alarm is measured on a run of each null model in which an alarm resets the evidence and the market goes on: alarms
//! that follow each other in one busy hour all count, so the figure is below the mean time to the *first* alarm, for which the
//! theorem speaks.

pub mod adversary;
pub mod bars;
pub mod delay;
pub mod nulls;
pub mod statistics;

use firebreak_risk::detect::{DetectorParams, Evidence, MarketDetectors, RATE_ONE, TIER_DAY, TIER_HOUR, TIER_YEAR};
use firebreak_risk::Amount;
use nulls::{FlowNull, FlowProcess, PriceNull, PriceProcess, SIGMA_PICO};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Nominal mean times to a false alarm, in blocks, and their names.
pub const TIERS: [(&str, u64); 3] = [("hour", TIER_HOUR), ("day", TIER_DAY), ("year", TIER_YEAR)];
/// A tier is judged only when a null model ran so many times its nominal time.
pub const BLOCKS_PER_TIER: u64 = 100;
/// Blocks before counting begins.
const WARM_UP: u64 = 4_000;
/// Blocks of one piece of work.
const CHUNK: u64 = 500_000;

/// Which evidence is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    Price,
    Band,
    Intensity,
    OneSided,
    /// The fused evidence of price and band.
    Hard,
    /// The fused evidence of everything.
    All,
}

impl Channel {
    pub fn name(self) -> &'static str {
        match self {
            Self::Price => "price",
            Self::Band => "band",
            Self::Intensity => "intensity",
            Self::OneSided => "one-sided",
            Self::Hard => "price and band",
            Self::All => "all fused",
        }
    }

    pub fn evidence(self, market: &MarketDetectors, params: &DetectorParams) -> Evidence {
        match self {
            Self::Price => market.price.evidence(&params.price),
            Self::Band => market.band.evidence(&params.band),
            Self::Intensity => market.intensity.evidence(),
            Self::OneSided => market.one_sided.evidence(),
            Self::Hard => market.evidence(params).hard,
            Self::All => market.evidence(params).all,
        }
    }

    fn reset(self, market: &mut MarketDetectors) {
        match self {
            Self::Price => market.price.reset(),
            Self::Band => market.band.reset(),
            Self::Intensity => market.intensity.reset(),
            Self::OneSided => market.one_sided.reset(),
            Self::Hard | Self::All => market.reset(),
        }
    }
}

/// A healthy market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    Price(PriceNull),
    Flow(FlowNull),
    /// GARCH prices and Hawkes flow at once: what the fused evidence is judged by.
    Market,
}

impl Model {
    pub const ALL: [Self; 7] = [
        Self::Price(PriceNull::Gaussian),
        Self::Price(PriceNull::StudentT4),
        Self::Price(PriceNull::StudentT3),
        Self::Price(PriceNull::GarchT4),
        Self::Flow(FlowNull::Poisson),
        Self::Flow(FlowNull::Hawkes),
        Self::Market,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Price(null) => null.name(),
            Self::Flow(null) => null.name(),
            Self::Market => "garch-t4+hawkes",
        }
    }

    fn channels(self) -> &'static [Channel] {
        match self {
            Self::Price(_) => &[Channel::Price, Channel::Band],
            Self::Flow(_) => &[Channel::Intensity, Channel::OneSided],
            Self::Market => &[Channel::All],
        }
    }

    fn index(self) -> u64 {
        Self::ALL.iter().position(|model| *model == self).unwrap_or(0) as u64
    }
}

/// What is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Blocks of each null model.
    pub blocks: u64,
    /// Paths of each shift.
    pub paths: u32,
    pub seed: u64,
    /// Orders per block of the flow nulls.
    pub rate: f64,
    pub models: Vec<Model>,
    pub params: DetectorParams,
}

/// Alarms of one channel in one healthy market at one threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FalseAlarms {
    pub model: Model,
    pub channel: Channel,
    pub tier: &'static str,
    pub threshold: u64,
    pub blocks: u64,
    pub alarms: u64,
}

impl FalseAlarms {
    /// Mean blocks from one alarm to the next; `None` when there was none.
    pub fn mean_time(&self) -> Option<f64> {
        (self.alarms > 0).then(|| self.blocks as f64 / self.alarms as f64)
    }

    pub fn lower_bound(&self) -> f64 {
        statistics::mean_time_lower_bound(self.alarms, self.blocks)
    }

    pub fn is_judged(&self) -> bool {
        self.blocks >= BLOCKS_PER_TIER * self.threshold
    }

    pub fn is_met(&self) -> bool {
        self.lower_bound() >= self.threshold as f64
    }
}

/// A seeded source of its own for each piece of work: the same figures on any number of threads.
pub fn source(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// One market's processes and what they feed.
pub struct Bench<'a> {
    pub prices: Option<PriceProcess>,
    pub flow: Option<FlowProcess>,
    pub params: &'a DetectorParams,
}

/// What one block brings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Draw {
    /// In units of 10^-12.
    size: u64,
    upwards: bool,
    flow: nulls::FlowBlock,
}

impl<'a> Bench<'a> {
    pub fn new(model: Model, rate: f64, params: &'a DetectorParams) -> Self {
        let (prices, flow) = match model {
            Model::Price(null) => (Some(null), None),
            Model::Flow(null) => (None, Some(null)),
            Model::Market => (Some(PriceNull::GarchT4), Some(FlowNull::Hawkes)),
        };
        Self { prices: prices.map(PriceProcess::new), flow: flow.map(|null| FlowProcess::new(null, rate)), params }
    }

    /// The next block; moves are multiplied by `volatility`, then `drift` sigmas are added.
    pub fn draw(&mut self, rng: &mut ChaCha8Rng, volatility: f64, drift: f64) -> Draw {
        let moved = self.prices.as_mut().map_or(0.0, |prices| prices.next(rng) * volatility + drift);
        let flow = self.flow.as_mut().map(|flow| flow.next(rng)).unwrap_or_default();
        Draw { size: (moved.abs() * SIGMA_PICO) as u64, upwards: moved > 0.0, flow }
    }

    /// A block of which all turnover is bought.
    pub fn besieged(draw: Draw) -> Draw {
        let flow = nulls::FlowBlock { bought: draw.flow.bought + draw.flow.sold, sold: 0, ..draw.flow };
        Draw { flow, ..draw }
    }

    pub fn feed(&self, market: &mut MarketDetectors, draw: &Draw) {
        if self.prices.is_some() {
            market.price.observe(draw.size, draw.upwards, &self.params.price);
            market.band.observe(draw.size, &self.params.band);
        }
        if self.flow.is_some() {
            market.intensity.observe(draw.flow.orders, 1, &self.params.intensity);
            let (bought, sold) =
                (Amount::from_atoms(draw.flow.bought.into()), Amount::from_atoms(draw.flow.sold.into()));
            market.one_sided.observe(bought, sold, &self.params.one_sided);
        }
    }

    /// A market that has run for some hours and holds no evidence.
    pub fn warm(&mut self, rng: &mut ChaCha8Rng, rate: f64, blocks: u64) -> MarketDetectors {
        let mut market = MarketDetectors::default();
        if self.flow.is_some() {
            market.intensity.mean = (rate * RATE_ONE as f64) as u64;
            market.intensity.baseline = market.intensity.mean;
        }
        for _ in 0..blocks {
            let draw = self.draw(rng, 1.0, 0.0);
            self.feed(&mut market, &draw);
        }
        market.reset();
        market
    }
}

/// Runs every null model; `progress` is told the blocks of each piece that is done.
pub fn false_alarms(plan: &Plan, progress: impl Fn(u64) + Sync) -> Vec<FalseAlarms> {
    let chunks = plan.blocks.div_ceil(CHUNK).max(1);
    let work: Vec<(Model, u64)> =
        plan.models.iter().flat_map(|model| (0..chunks).map(move |chunk| (*model, chunk))).collect();
    let counted: Vec<(Model, Vec<[u64; TIERS.len()]>)> = work
        .into_par_iter()
        .map(|(model, chunk)| {
            let blocks = CHUNK.min(plan.blocks - chunk * CHUNK);
            let alarms = count_alarms(plan, model, chunk, blocks);
            progress(blocks);
            (model, alarms)
        })
        .collect();
    let mut results = vec![];
    for model in &plan.models {
        for (position, channel) in model.channels().iter().enumerate() {
            for (index, (tier, threshold)) in TIERS.iter().enumerate() {
                let alarms =
                    counted.iter().filter(|(of, _)| of == model).map(|(_, alarms)| alarms[position][index]).sum();
                results.push(FalseAlarms {
                    model: *model,
                    channel: *channel,
                    tier,
                    threshold: *threshold,
                    blocks: plan.blocks,
                    alarms,
                });
            }
        }
    }
    results
}

/// Alarms of each channel at each threshold. One market for each threshold: an alarm resets only its own evidence.
fn count_alarms(plan: &Plan, model: Model, chunk: u64, blocks: u64) -> Vec<[u64; TIERS.len()]> {
    let channels = model.channels();
    let mut rng = source(plan.seed, (model.index() << 40) + chunk);
    let mut bench = Bench::new(model, plan.rate, &plan.params);
    let mut markets = [bench.warm(&mut rng, plan.rate, WARM_UP); TIERS.len()];
    let mut alarms = vec![[0u64; TIERS.len()]; channels.len()];
    for _ in 0..blocks {
        let draw = bench.draw(&mut rng, 1.0, 0.0);
        for (tier, market) in markets.iter_mut().enumerate() {
            bench.feed(market, &draw);
            for (channel, alarms) in channels.iter().zip(&mut alarms) {
                if channel.evidence(market, &plan.params).reaches(TIERS[tier].1) {
                    alarms[tier] += 1;
                    channel.reset(market);
                }
            }
        }
    }
    alarms
}
