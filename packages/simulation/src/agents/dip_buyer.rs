//! Dip buyers: wait for a fall from the recent high and buy into it. They are who opens in the crash.

use super::{uniform, MarketView};
use crate::parameters::DipBuyers;
use rand_chacha::ChaCha8Rng;

#[derive(Debug, Clone)]
pub(super) struct DipRule {
    /// Fall from the recent high, as a share of it.
    pub fall: f64,
}

impl DipRule {
    pub fn draw(parameters: &DipBuyers, rng: &mut ChaCha8Rng) -> Self {
        Self { fall: uniform(rng, parameters.fall_min, parameters.fall_max) }
    }

    pub fn buys(&self, market: &MarketView) -> bool {
        market.price <= market.recent_high * (1.0 - self.fall)
    }
}
