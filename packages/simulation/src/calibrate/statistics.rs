//! What a measurement says: Poisson bounds, medians, and the theoretical floor of a delay.

/// The least mean time to an alarm that `alarms` in `blocks` are compatible with, at 95 %: one-sided Poisson.
///
/// The upper bound of a rate is half the 95 % quantile of chi-squared with `2 * (alarms + 1)` degrees of freedom, here by Wilson and
/// Hilferty (within 1 %); exact for none.
pub fn mean_time_lower_bound(alarms: u64, blocks: u64) -> f64 {
    let blocks = blocks as f64;
    if alarms == 0 {
        return blocks / 20f64.ln();
    }
    let degrees = 2.0 * (alarms as f64 + 1.0);
    let part = 2.0 / (9.0 * degrees);
    let quantile = degrees * (1.0 - part + 1.644_854 * part.sqrt()).powi(3);
    blocks / (quantile / 2.0)
}

/// Delays of many paths; those that were not found have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delays {
    sorted: Vec<Option<u32>>,
}

impl Delays {
    pub fn new(mut delays: Vec<Option<u32>>) -> Self {
        delays.sort_unstable_by_key(|delay| delay.unwrap_or(u32::MAX));
        Self { sorted: delays }
    }

    /// The delay that half of the paths are found within; `None` when fewer are found.
    pub fn median(&self) -> Option<u32> {
        self.sorted.get(self.sorted.len().saturating_sub(1) / 2).copied().flatten()
    }

    /// Share of paths found within so many blocks.
    pub fn share_within(&self, blocks: u32) -> f64 {
        let found = self.sorted.iter().flatten().filter(|delay| **delay <= blocks).count();
        found as f64 / (self.sorted.len() as f64).max(1.0)
    }
}

/// `(ln(I * g) - 1) / I` blocks: no rule with a mean time to a false alarm of `g` detects faster in the worst case, `I` being
/// the information of one block (Lorden, Moustakides; the form of a Brownian motion). At least one block.
pub fn delay_floor(information: f64, threshold: u64) -> f64 {
    (((information * threshold as f64).ln() - 1.0) / information).max(1.0)
}

/// Information of one block, Gaussian: a mean of `sigmas`.
pub fn information_of_drift(sigmas: f64) -> f64 {
    sigmas * sigmas / 2.0
}

/// Information of one block, Gaussian: a volatility of `times` the usual one.
pub fn information_of_volatility(times: f64) -> f64 {
    (times * times - 1.0) / 2.0 - times.ln()
}

/// Information of one block, Poisson: `times` the usual rate.
pub fn information_of_rate(times: f64, rate: f64) -> f64 {
    rate * (times * times.ln() - times + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_poisson_table() {
        // Upper 95 % bounds of a Poisson mean: 0 -> 2.996, 1 -> 4.744, 5 -> 10.513, 100 -> 118.08.
        for (alarms, upper) in [(0, 2.996), (1, 4.744), (5, 10.513), (100, 118.08)] {
            let bound = mean_time_lower_bound(alarms, 1_000_000);
            assert!((1_000_000.0 / bound / upper - 1.0).abs() < 0.01, "{alarms}: {}", 1_000_000.0 / bound);
        }
    }

    #[test]
    fn delays_not_found_count_as_late() {
        let delays = Delays::new(vec![Some(3), None, Some(1), Some(70), None]);
        assert_eq!((delays.median(), delays.share_within(60)), (Some(70), 0.4));
        assert_eq!(Delays::new(vec![None, None, Some(1)]).median(), None);
        assert_eq!(Delays::default().median(), None);
    }

    #[test]
    fn the_floor_is_the_published_one() {
        let year = 5_256_000;
        for (information, floor) in [
            (information_of_drift(1.0), 27.6),
            (information_of_drift(3.0), 3.6),
            (information_of_volatility(3.0), 5.3),
            (information_of_volatility(5.0), 1.6),
            (information_of_rate(3.0, 1.0), 11.4),
            (information_of_rate(10.0, 1.0), 1.2),
        ] {
            assert!(
                (delay_floor(information, year) - floor).abs() < 0.1,
                "{information}: {}",
                delay_floor(information, year)
            );
        }
    }
}
