//! Sick markets: how many blocks from a change to an alarm.

use super::nulls::{FlowNull, PriceNull};
use super::statistics::{delay_floor, information_of_drift, information_of_rate, information_of_volatility, Delays};
use super::{source, Bench, Channel, Model, Plan, TIERS};
use rayon::prelude::*;

/// A path that found nothing for so long will not be found.
const LATE: u32 = 300;
const WARM_UP: u64 = 3_000;

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shift {
    Volatility(f64),
    /// A mean of so many sigmas a block.
    Drift(f64),
    Rate(f64),
    /// Everything that trades buys.
    Siege,
}

impl Shift {
    pub fn name(self) -> String {
        match self {
            Self::Volatility(times) => format!("volatility x{times}"),
            Self::Drift(sigmas) => format!("drift {sigmas} sigma"),
            Self::Rate(times) => format!("rate x{times}"),
            Self::Siege => "one-sided".into(),
        }
    }

    /// No rule detects faster, if the market were Gaussian or Poisson; `None`: no such rule is published.
    fn floor(self, rate: f64, threshold: u64) -> Option<f64> {
        let information = match self {
            Self::Volatility(times) => information_of_volatility(times),
            Self::Drift(sigmas) => information_of_drift(sigmas),
            Self::Rate(times) => information_of_rate(times, rate),
            Self::Siege => return None,
        };
        Some(delay_floor(information, threshold))
    }
}

/// Delays of one shift in one market at one threshold. Price shifts are judged by the fused evidence of price and band, with the band silent: what
/// acts; flow shifts by their channel.
#[derive(Debug, Clone, PartialEq)]
pub struct DelayCell {
    pub shift: Shift,
    pub model: Model,
    pub channel: Channel,
    pub tier: &'static str,
    pub threshold: u64,
    pub delays: Delays,
    pub floor: Option<f64>,
}

/// Every shift in every market that it can happen in.
pub fn cases() -> Vec<(Shift, Model, Channel)> {
    let mut cases = vec![];
    for shift in
        [Shift::Volatility(3.0), Shift::Volatility(5.0), Shift::Volatility(10.0), Shift::Drift(5.0), Shift::Drift(10.0)]
    {
        for null in [PriceNull::Gaussian, PriceNull::StudentT4, PriceNull::GarchT4] {
            cases.push((shift, Model::Price(null), Channel::Hard));
        }
    }
    for null in FlowNull::ALL {
        for times in [3.0, 10.0] {
            cases.push((Shift::Rate(times), Model::Flow(null), Channel::Intensity));
        }
        cases.push((Shift::Siege, Model::Flow(null), Channel::OneSided));
    }
    cases
}

/// Runs every case; `progress` is told each case that is done.
pub fn delays(plan: &Plan, progress: impl Fn(u64) + Sync) -> Vec<DelayCell> {
    let cases: Vec<_> = cases().into_iter().filter(|(_, model, _)| plan.models.contains(model)).enumerate().collect();
    cases
        .into_par_iter()
        .map(|(index, (shift, model, channel))| {
            let paths: Vec<[Option<u32>; TIERS.len()]> =
                (0..plan.paths).map(|path| one(plan, shift, model, channel, (index as u64, path))).collect();
            progress(1);
            TIERS
                .iter()
                .enumerate()
                .map(move |(tier, (name, threshold))| DelayCell {
                    shift,
                    model,
                    channel,
                    tier: name,
                    threshold: *threshold,
                    delays: Delays::new(paths.iter().map(|path| path[tier]).collect()),
                    floor: shift.floor(plan.rate, *threshold),
                })
                .collect::<Vec<_>>()
        })
        .flatten()
        .collect()
}

/// One path: a warm market without evidence, then the shift. The blocks until each threshold is reached.
fn one(plan: &Plan, shift: Shift, model: Model, channel: Channel, path: (u64, u32)) -> [Option<u32>; TIERS.len()] {
    let mut rng = source(plan.seed, (1 << 60) + (path.0 << 32) + u64::from(path.1));
    let mut bench = Bench::new(model, plan.rate, &plan.params);
    let mut market = bench.warm(&mut rng, plan.rate, WARM_UP);
    let (volatility, drift) = match shift {
        Shift::Volatility(times) => (times, 0.0),
        Shift::Drift(sigmas) => (1.0, sigmas),
        Shift::Rate(_) | Shift::Siege => (1.0, 0.0),
    };
    if let (Shift::Rate(times), Some(flow)) = (shift, &mut bench.flow) {
        flow.speed_up(times);
    }
    let mut found = [None; TIERS.len()];
    for block in 1..=LATE {
        let mut draw = bench.draw(&mut rng, volatility, drift);
        if shift == Shift::Siege {
            draw = Bench::besieged(draw);
        }
        bench.feed(&mut market, &draw);
        let evidence = channel.evidence(&market, &plan.params);
        for (found, (_, threshold)) in found.iter_mut().zip(TIERS) {
            if found.is_none() && evidence.reaches(threshold) {
                *found = Some(block);
            }
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    found
}
