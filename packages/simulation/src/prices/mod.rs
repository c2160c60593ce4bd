//! Bars, and how they become a path of prices.

mod bridge;
mod file;
mod path;

pub use bridge::{fill_in, Stretch};
pub use file::{read_file, read_rows, HEADER};
pub use path::{path_of, Point};

use firebreak_risk::Price;

/// Length of a bar that stands alone, seconds.
const LONE_BAR_SECONDS: u64 = 60;
const DAY_SECONDS: u64 = 86_400;

/// What happened within one interval. `low <= open, close <= high`, all above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    /// Opening time, seconds since 1970.
    pub at: u64,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
}

/// A named list of bars in order of time, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub name: String,
    pub bars: Vec<Bar>,
    /// How long a bar lasts, seconds; a longer distance between two bars is a gap in the feed.
    pub bar_seconds: u64,
}

impl Series {
    /// Reads the bars' length off their distances: the median, so that neither gaps nor a few close rounds decide.
    ///
    /// The venue is set up some minutes before the first bar, which must not be before 1970: times that begin at zero
    /// are moved a day on.
    pub fn new(name: String, mut bars: Vec<Bar>) -> Self {
        if bars.first().is_some_and(|bar| bar.at < DAY_SECONDS) {
            bars.iter_mut().for_each(|bar| bar.at += DAY_SECONDS);
        }
        let mut distances: Vec<u64> = bars.windows(2).map(|pair| pair[1].at.saturating_sub(pair[0].at)).collect();
        distances.sort_unstable();
        let bar_seconds = distances.get(distances.len() / 2).copied().unwrap_or(LONE_BAR_SECONDS).max(1);
        Self { name, bars, bar_seconds }
    }

    /// Seconds of this bar: its length, or less when the next one begins earlier.
    pub fn seconds_of(&self, index: usize) -> u64 {
        match (self.bars.get(index), self.bars.get(index + 1)) {
            (Some(bar), Some(next)) => self.bar_seconds.min(next.at.saturating_sub(bar.at)),
            _ => self.bar_seconds,
        }
    }

    pub fn starts_at(&self) -> u64 {
        self.bars.first().map_or(0, |bar| bar.at)
    }

    pub fn ends_at(&self) -> u64 {
        self.bars.last().map_or(0, |bar| bar.at + self.bar_seconds)
    }

    /// From the first bar's opening to the last bar's end, gaps included.
    pub fn seconds(&self) -> u64 {
        self.ends_at().saturating_sub(self.starts_at())
    }
}

/// A price as agents reckon with it.
pub fn as_float(price: Price) -> f64 {
    price.atoms() as f64 / firebreak_risk::ONE as f64
}

/// Bars of a minute, each (open, high, low, close) in whole units.
#[cfg(test)]
pub(crate) fn minutes(bars: &[(u32, u32, u32, u32)]) -> Series {
    let price = Price::from_units;
    let bars = bars.iter().enumerate().map(|(index, (open, high, low, close))| Bar {
        at: 1_700_000_000 + 60 * index as u64,
        open: price(*open),
        high: price(*high),
        low: price(*low),
        close: price(*close),
    });
    Series::new("test".into(), bars.collect())
}
