//! The built-in scenarios: typed tables, filled in to one-minute bars by the seeded bridge.

pub mod black_thursday;
pub mod gap_stress;

use crate::error::InputError;
use crate::prices::{fill_in, Bar, Series, Stretch};
use firebreak_risk::Price;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Atoms of a hundredth.
const CENT_ATOMS: u128 = 10_000_000_000_000_000;

/// What the program knows by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    BlackThursday,
    GapStress,
}

impl Scenario {
    pub const ALL: [Self; 2] = [Self::BlackThursday, Self::GapStress];

    pub fn name(self) -> &'static str {
        match self {
            Self::BlackThursday => "black-thursday",
            Self::GapStress => "gap-stress",
        }
    }

    /// Whether its keepers are the slow ones of `agents.toml`.
    pub fn has_slow_keepers(self) -> bool {
        match self {
            Self::BlackThursday => false,
            Self::GapStress => true,
        }
    }

    /// The bars, one a minute; the seed decides what happens between the table's figures.
    pub fn series(self, seed: u64) -> Series {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let bars: Vec<Bar> = self.stretches().iter().flat_map(|stretch| fill_in(stretch, &mut rng)).collect();
        Series::new(self.name().into(), bars)
    }

    fn stretches(self) -> Vec<Stretch> {
        let stretch = |at, minutes, [open, high, low, close]: [u64; 4]| {
            let price = |cents: u64| Price::from_atoms(u128::from(cents) * CENT_ATOMS);
            Stretch { at, minutes, open: price(open), high: price(high), low: price(low), close: price(close) }
        };
        match self {
            Self::BlackThursday => (0..)
                .zip(black_thursday::HOURS)
                .map(|(hour, row)| stretch(black_thursday::STARTS_AT + 3_600 * hour, 60, row))
                .collect(),
            Self::GapStress => gap_stress::STRETCHES
                .iter()
                .map(|[from, minutes, open, high, low, close]| {
                    stretch(gap_stress::STARTS_AT + 60 * from, *minutes as usize, [*open, *high, *low, *close])
                })
                .collect(),
        }
    }
}

impl std::str::FromStr for Scenario {
    type Err = InputError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(Self::name).join(" and ");
        Self::ALL
            .into_iter()
            .find(|scenario| scenario.name() == text)
            .ok_or_else(|| InputError::UnknownScenario { found: text.chars().take(64).collect(), known: known() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn black_thursday_has_48_hours_of_minutes_and_its_known_extremes() {
        let series = Scenario::BlackThursday.series(1);
        assert_eq!((series.bars.len(), series.bar_seconds, series.seconds()), (2_880, 60, 172_800));
        assert_eq!(series.bars.iter().map(|bar| bar.low).min(), Some(price("3782.13")));
        assert_eq!(series.bars.iter().map(|bar| bar.high).max(), Some(price("7966.17")));
        assert_eq!(series.bars[0].open, price("7934.58"));
        assert_eq!(series.bars[2_879].close, price("5578.6"));
    }

    #[test]
    fn every_hour_of_the_table_is_a_bar() {
        for [open, high, low, close] in black_thursday::HOURS {
            assert!(low <= open && low <= close && open <= high && close <= high, "{open}");
        }
    }

    #[test]
    fn gap_stress_has_a_silence_and_a_jump_over_it() {
        let bars = Scenario::GapStress.series(1).bars;
        let gap = bars.windows(2).find(|pair| pair[1].at - pair[0].at > 60).unwrap();
        assert_eq!(gap[1].at - gap[0].at, 300);
        assert_eq!((gap[0].close, gap[1].open), (price("9994"), price("8295")));
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_known_ones() {
        let error = "black-monday".parse::<Scenario>().unwrap_err();
        assert_eq!(error.to_string(), "there is no scenario \"black-monday\"; there are black-thursday and gap-stress");
    }
}
