//! `agents.toml`: one committed file with every figure that is a choice, compiled in.

use crate::error::InputError;
use serde::Deserialize;

/// The committed file.
pub const COMMITTED: &str = include_str!("../agents.toml");

/// Traders of one run; above this a run would take hours.
pub const TRADERS_MAX: u32 = 10_000;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    pub run: Run,
    pub venue: Venue,
    pub traders: Traders,
    pub dip_buyers: DipBuyers,
    pub providers: Providers,
    pub keepers: Vec<Keeper>,
    pub slow_keepers: Vec<Keeper>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    pub traders: u32,
    pub report_interval_seconds: u64,
    pub points_per_bar_max: u64,
    pub block_seconds: u64,
    pub decision_interval_seconds: u64,
    pub check_all_accounts_every: u64,
}

/// Amounts in units of the settlement coin.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Venue {
    pub pool: u64,
    pub insurance: u64,
    pub skew_scale: u64,
    pub open_interest_max: u64,
    pub order_size_max: u64,
    pub reserve_ratio: f64,
    pub sweep_interval_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traders {
    pub longs: f64,
    pub shorts: f64,
    pub dip_buyers: f64,
    pub collateral_min: u64,
    pub collateral_max: u64,
    pub equity_used: f64,
    pub entry_window_share: f64,
    pub entry_window_seconds_max: u64,
    pub holding_seconds_mean: u64,
    pub holding_seconds_min: u64,
    pub take_profit: f64,
    pub stop_share: f64,
    pub stop_loss: f64,
    pub pause_seconds_mean: u64,
    pub returns_after_ruin: f64,
    pub retry_seconds: u64,
    pub bound_open: f64,
    pub bound_close: f64,
    pub leverage: Vec<Leverage>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leverage {
    pub times: u32,
    pub weight: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DipBuyers {
    pub fall_min: f64,
    pub fall_max: f64,
    pub window_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    pub count: u32,
    pub decision_interval_seconds: u64,
    pub share_loss_min: f64,
    pub share_loss_max: f64,
    pub price_fall_min: f64,
    pub price_fall_max: f64,
    pub price_window_seconds: u64,
    pub return_seconds: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keeper {
    pub latency_blocks: u64,
    pub accounts_per_block: usize,
    pub orders_per_block: u32,
}

impl Parameters {
    /// The committed file, read and checked.
    pub fn committed() -> Result<Self, InputError> {
        Self::parse(COMMITTED)
    }

    /// Errors: [`InputError::Parameters`] for what is missing, unknown or out of bounds.
    pub fn parse(text: &str) -> Result<Self, InputError> {
        let parameters: Self = toml::from_str(text)
            .map_err(|error| InputError::Parameters { cause: error.message().replace('\n', " ") })?;
        parameters.check()?;
        Ok(parameters)
    }

    fn check(&self) -> Result<(), InputError> {
        let refuse = |cause: &str| Err(InputError::Parameters { cause: cause.into() });
        let shares = self.traders.longs + self.traders.shorts + self.traders.dip_buyers;
        if (shares - 1.0).abs() > 1e-9 {
            return refuse("longs, shorts and dip_buyers must add up to 1");
        }
        let positive = [
            self.run.report_interval_seconds,
            self.run.points_per_bar_max,
            self.run.block_seconds,
            self.run.decision_interval_seconds,
            self.run.check_all_accounts_every,
            self.venue.pool,
            self.venue.sweep_interval_seconds,
            self.traders.collateral_min,
            self.providers.decision_interval_seconds,
            self.providers.count.into(),
        ];
        if positive.contains(&0) {
            return refuse("intervals, counts, the pool and collateral must be above 0");
        }
        if !(1..=TRADERS_MAX).contains(&self.run.traders) {
            return refuse("traders must be 1 to 10000");
        }
        if !(0.0..=1.0).contains(&self.venue.reserve_ratio) {
            return refuse("reserve_ratio must be 0 to 1");
        }
        if self.traders.collateral_max < self.traders.collateral_min {
            return refuse("collateral_max is below collateral_min");
        }
        let leverage = &self.traders.leverage;
        if leverage.iter().all(|step| step.weight == 0) || leverage.iter().any(|step| !(1..=20).contains(&step.times)) {
            return refuse("leverage needs a weight above 0 and must be 1 to 20 times");
        }
        let bounded = [
            (self.dip_buyers.fall_min, self.dip_buyers.fall_max),
            (self.providers.share_loss_min, self.providers.share_loss_max),
            (self.providers.price_fall_min, self.providers.price_fall_max),
        ];
        if bounded.iter().any(|(min, max)| !(*min > 0.0 && min <= max && *max < 1.0)) {
            return refuse("falls and losses must lie between 0 and 1, the least first");
        }
        for keepers in [&self.keepers, &self.slow_keepers] {
            if keepers.is_empty()
                || keepers.iter().any(|keeper| keeper.accounts_per_block == 0 || keeper.orders_per_block == 0)
            {
                return refuse("there must be keepers, and each must be able to do something");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_file_is_in_order() {
        let parameters = Parameters::committed().unwrap();
        // The base case: latency of at most two blocks.
        assert!(parameters.keepers.iter().all(|keeper| keeper.latency_blocks <= 2));
    }

    #[test]
    fn figures_that_mean_nothing_are_refused() {
        for (name, from, to) in [
            ("shares", "longs = 0.55", "longs = 0.65"),
            ("leverage above the venue's", "times = 20", "times = 21"),
            ("unknown key", "[run]", "[run]\nspeed = 1"),
            ("no keepers", "accounts_per_block = 10", "accounts_per_block = 0"),
            ("falls", "fall_min = 0.05", "fall_min = 0.5"),
            ("traders", "traders = 60", "traders = 0"),
        ] {
            let text = COMMITTED.replacen(from, to, 1);
            assert_ne!(text, COMMITTED, "{name}");
            assert!(matches!(Parameters::parse(&text), Err(InputError::Parameters { .. })), "{name}");
        }
    }
}
