//! When a position is closed by its owner: enough profit, a stop for those who watch one, or simply time.

use super::exponential;
use crate::parameters::Traders;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

#[derive(Debug, Clone)]
pub(super) struct ExitRule {
    holding_seconds_mean: u64,
    holding_seconds_min: u64,
    take_profit: f64,
    /// `None`: carried to liquidation.
    stop_loss: Option<f64>,
    close_at: u64,
}

impl ExitRule {
    pub fn draw(parameters: &Traders, rng: &mut ChaCha8Rng) -> Self {
        let has_stop = rng.gen::<f64>() < parameters.stop_share;
        Self {
            holding_seconds_mean: parameters.holding_seconds_mean,
            holding_seconds_min: parameters.holding_seconds_min,
            take_profit: parameters.take_profit,
            stop_loss: has_stop.then_some(parameters.stop_loss),
            close_at: u64::MAX,
        }
    }

    /// A position was opened.
    pub fn begin(&mut self, now: u64, rng: &mut ChaCha8Rng) {
        self.close_at = now + exponential(rng, self.holding_seconds_mean).max(self.holding_seconds_min);
    }

    pub fn is_due(&self, now: u64, equity: f64, stake: f64) -> bool {
        now >= self.close_at
            || equity >= stake * (1.0 + self.take_profit)
            || self.stop_loss.is_some_and(|stop| equity <= stake * (1.0 - stop))
    }

    #[cfg(test)]
    pub fn fixed(seconds: u64, take_profit: f64, stop_loss: Option<f64>) -> Self {
        Self { holding_seconds_mean: 0, holding_seconds_min: seconds, take_profit, stop_loss, close_at: u64::MAX }
    }
}
