//! Healthy markets: what a detector must stay silent about.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal, StudentT};

/// Volatility of one block of the price nulls, in units of 10^-12: 2.5 basis points, some 57 % a year.
pub const SIGMA_PICO: f64 = 250_000_000.0;

/// How prices move in a healthy market. Every one has a variance of one block of 1, in the long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PriceNull {
    Gaussian,
    StudentT4,
    StudentT3,
    /// `h <- 0.01 + 0.08 * x^2 + 0.91 * h`, noise t with 4 degrees: volatility that clusters, with jumps.
    GarchT4,
}

impl PriceNull {
    pub const ALL: [Self; 4] = [Self::Gaussian, Self::StudentT4, Self::StudentT3, Self::GarchT4];

    pub fn name(self) -> &'static str {
        match self {
            Self::Gaussian => "gaussian",
            Self::StudentT4 => "t4",
            Self::StudentT3 => "t3",
            Self::GarchT4 => "garch-t4",
        }
    }
}

/// One price process. Moves are in its own long-run sigmas.
pub struct PriceProcess {
    null: PriceNull,
    noise: Option<(StudentT<f64>, f64)>,
    /// Conditional variance.
    variance: f64,
}

impl PriceProcess {
    pub fn new(null: PriceNull) -> Self {
        let degrees = match null {
            PriceNull::Gaussian => None,
            PriceNull::StudentT3 => Some(3.0),
            PriceNull::StudentT4 | PriceNull::GarchT4 => Some(4.0f64),
        };
        // A t of n degrees has a variance of n / (n - 2).
        let noise =
            degrees.and_then(|n| StudentT::new(n).ok().map(|distribution| (distribution, ((n - 2.0) / n).sqrt())));
        Self { null, noise, variance: 1.0 }
    }

    /// The next block's move.
    pub fn next(&mut self, rng: &mut ChaCha8Rng) -> f64 {
        let noise = match &self.noise {
            None => StandardNormal.sample(rng),
            Some((distribution, scale)) => distribution.sample(rng) * scale,
        };
        if self.null != PriceNull::GarchT4 {
            return noise;
        }
        let moved = noise * self.variance.sqrt();
        self.variance = 0.01 + 0.08 * moved * moved + 0.91 * self.variance;
        moved
    }
}

/// How orders arrive in a healthy market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowNull {
    Poisson,
    /// Every order brings half an order more, ten seconds later on average.
    Hawkes,
}

impl FlowNull {
    pub const ALL: [Self; 2] = [Self::Poisson, Self::Hawkes];

    pub fn name(self) -> &'static str {
        match self {
            Self::Poisson => "poisson",
            Self::Hawkes => "hawkes",
        }
    }
}

/// Orders per block in the long run, unless asked otherwise.
pub const ORDERS_PER_BLOCK: f64 = 2.0;
/// Branching ratio of the Hawkes null.
const BRANCHING: f64 = 0.5;
/// Decay of an echo per block: a mean of ten seconds in blocks of six.
const DECAY: f64 = 0.6;
/// Whoever comes next trades the same side as the last with this probability: conditional shares reach it and no more.
const SAME_SIDE: f64 = 0.65;

/// One block of flow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FlowBlock {
    pub orders: u32,
    /// Micro-units.
    pub bought: u64,
    pub sold: u64,
}

/// A Hawkes process with an exponential kernel, simulated exactly by thinning; Poisson is the one without echoes.
pub struct FlowProcess {
    /// Rate that comes of itself, per block.
    own: f64,
    branching: f64,
    /// Rate of echoes now.
    echoes: f64,
    buys: bool,
}

impl FlowProcess {
    /// `rate` orders per block in the long run.
    pub fn new(null: FlowNull, rate: f64) -> Self {
        let branching = if null == FlowNull::Hawkes { BRANCHING } else { 0.0 };
        Self { own: rate * (1.0 - branching), branching, echoes: rate * branching, buys: true }
    }

    /// The same process at `times` its rate: what comes of itself and what echoes now.
    pub fn speed_up(&mut self, times: f64) {
        self.own *= times;
        self.echoes *= times;
    }

    /// The orders of the next block, and on which side they were.
    pub fn next(&mut self, rng: &mut ChaCha8Rng) -> FlowBlock {
        let mut block = FlowBlock::default();
        let mut time = 0.0;
        loop {
            let bound = self.own + self.echoes;
            let wait = -rng.gen_range(f64::MIN_POSITIVE..1.0).ln() / bound.max(1e-9);
            if time + wait >= 1.0 {
                self.echoes *= (-DECAY * (1.0 - time)).exp();
                return block;
            }
            time += wait;
            self.echoes *= (-DECAY * wait).exp();
            if rng.gen::<f64>() * bound > self.own + self.echoes {
                continue;
            }
            self.echoes += self.branching * DECAY;
            block.orders += 1;
            self.buys = self.buys == (rng.gen::<f64>() < SAME_SIDE);
            // Log-normal notionals around 4,000 units.
            let spread: f64 = StandardNormal.sample(rng);
            let notional = (4_000e6 * (0.8 * spread).exp()) as u64;
            if self.buys {
                block.bought += notional;
            } else {
                block.sold += notional;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_price_null_has_a_variance_of_about_one() {
        for null in [PriceNull::Gaussian, PriceNull::StudentT4, PriceNull::GarchT4] {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let mut process = PriceProcess::new(null);
            let moves: Vec<f64> = (0..200_000).map(|_| process.next(&mut rng)).collect();
            let variance = moves.iter().map(|x| x * x).sum::<f64>() / moves.len() as f64;
            assert!((0.75..1.4).contains(&variance), "{}: {variance}", null.name());
        }
    }

    #[test]
    fn every_flow_null_has_its_rate_and_hawkes_counts_cluster() {
        for (null, least, most) in [(FlowNull::Poisson, 0.95, 1.05), (FlowNull::Hawkes, 1.3, 4.0)] {
            let mut rng = ChaCha8Rng::seed_from_u64(4);
            let mut process = FlowProcess::new(null, 2.0);
            let counts: Vec<f64> = (0..100_000).map(|_| f64::from(process.next(&mut rng).orders)).collect();
            let mean = counts.iter().sum::<f64>() / counts.len() as f64;
            let variance = counts.iter().map(|n| (n - mean) * (n - mean)).sum::<f64>() / counts.len() as f64;
            assert!((1.9..2.1).contains(&mean), "{}: {mean}", null.name());
            assert!((least..most).contains(&(variance / mean)), "{}: {}", null.name(), variance / mean);
        }
    }
}
