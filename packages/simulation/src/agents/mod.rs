//! What agents decide. Pure: a view of the market and of their own account in, a decision out; the chain is elsewhere.
//!
//! Every agent draws from a random stream of its own, so that what happens to one never changes another's luck, and the
//! protected and the unprotected run are about the same people.

mod dip_buyer;
mod exits;
mod keeper;
mod provider;
mod taker;
mod trader;

pub use keeper::{Keepers, Work};
pub use provider::{Provider, ProviderDecision, ProviderView};
pub use trader::{Account, Decision, Trader};

use crate::parameters::{Leverage, Parameters};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;

/// What everybody sees at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarketView {
    /// Seconds.
    pub now: u64,
    pub price: f64,
    /// High of the dip buyers' window.
    pub recent_high: f64,
    /// High of the providers' window.
    pub day_high: f64,
}

/// Random streams: traders, then providers; one each.
pub const PROVIDER_STREAMS: u64 = 1_000_000;

/// The random stream of one agent.
pub fn stream(seed: u64, agent: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 is the price bridge's.
    rng.set_stream(agent + 1);
    rng
}

/// The traders of a run. `starts_at` and `seconds` are the run's: first entries spread over its beginning.
pub fn traders(parameters: &Parameters, seed: u64, count: u32, starts_at: u64, seconds: u64) -> Vec<Trader> {
    (0..count).map(|index| Trader::draw(parameters, stream(seed, index.into()), starts_at, seconds)).collect()
}

/// The liquidity providers of a run.
pub fn providers(parameters: &Parameters, seed: u64) -> Vec<Provider> {
    let draw = |index: u32| Provider::draw(&parameters.providers, stream(seed, PROVIDER_STREAMS + u64::from(index)));
    (0..parameters.providers.count).map(draw).collect()
}

/// Exponential with this mean, seconds.
pub(crate) fn exponential(rng: &mut ChaCha8Rng, mean: u64) -> u64 {
    (-(rng.gen_range(f64::MIN_POSITIVE..1.0)).ln() * mean as f64) as u64
}

/// Uniform; both ends may be equal.
pub(crate) fn uniform(rng: &mut ChaCha8Rng, min: f64, max: f64) -> f64 {
    min + (max - min) * rng.gen::<f64>()
}

pub(crate) fn draw_leverage(rng: &mut ChaCha8Rng, table: &[Leverage]) -> f64 {
    let total: u32 = table.iter().map(|step| step.weight).sum();
    let mut left = rng.gen_range(0..total.max(1));
    for step in table {
        if left < step.weight {
            return step.times.into();
        }
        left -= step.weight;
    }
    1.0
}

/// The highest price of a sliding window; each price enters and leaves once.
#[derive(Debug, Clone)]
pub struct WindowHigh {
    seconds: u64,
    /// Falling prices; the first is the high.
    kept: VecDeque<(u64, f64)>,
}

impl WindowHigh {
    pub fn new(seconds: u64) -> Self {
        Self { seconds, kept: VecDeque::new() }
    }

    /// Takes a price in and returns the window's high.
    pub fn push(&mut self, now: u64, price: f64) -> f64 {
        while self.kept.back().is_some_and(|(_, last)| *last <= price) {
            self.kept.pop_back();
        }
        self.kept.push_back((now, price));
        while self.kept.front().is_some_and(|(at, _)| at + self.seconds < now) {
            self.kept.pop_front();
        }
        self.kept.front().map_or(price, |(_, high)| *high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_its_high_when_it_is_too_old() {
        let mut window = WindowHigh::new(60);
        assert_eq!(window.push(0, 10.0), 10.0);
        assert_eq!(window.push(30, 8.0), 10.0);
        assert_eq!(window.push(60, 7.0), 10.0);
        assert_eq!(window.push(61, 7.5), 8.0);
        assert_eq!(window.push(100, 12.0), 12.0);
    }

    #[test]
    fn one_seed_draws_one_population_and_a_larger_one_begins_with_the_smaller() {
        let parameters = Parameters::committed().unwrap();
        let draw = |seed, count| format!("{:?}", traders(&parameters, seed, count, 0, 172_800));
        assert_eq!(draw(1, 20), draw(1, 20));
        assert_ne!(draw(1, 20), draw(2, 20));
        assert!(draw(1, 20).starts_with(draw(1, 10).trim_end_matches(']')));
    }

    #[test]
    fn leverage_is_drawn_with_its_weights() {
        let table = [Leverage { times: 2, weight: 1 }, Leverage { times: 20, weight: 3 }];
        let mut rng = stream(7, 0);
        let high = (0..1_000).filter(|_| draw_leverage(&mut rng, &table) == 20.0).count();
        assert!((700..800).contains(&high), "{high}");
    }
}
