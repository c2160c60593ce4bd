//! Fills in what happened within a bar: a seeded Brownian bridge that keeps open, high, low and close exactly.
//!
//! A bar of an hour becomes sixty bars of a minute: the path is pinned at the open, at both extremes (in the order of
//! the bar's direction, at drawn minutes) and at the close, and wanders between these pins. Its step comes from the
//! bar's own range: a Brownian path's expected range over time T is 1.6 sigma * sqrt(T) (Parkinson 1980), so sigma =
//! range / (1.6 * sqrt(T)).

use super::{as_float, Bar};
use firebreak_risk::Price;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// E[range] / (sigma * sqrt(T)) of a Brownian path: sqrt(8 / pi).
const RANGE_OF_SIGMA: f64 = 1.595_769;
/// Filled-in prices are whole hundredths, as the tables are.
const TICK_ATOMS: u128 = 10_000_000_000_000_000;
/// Share of a minute's own sigma by which its wicks reach beyond its open and close, at most.
const WICK: f64 = 0.5;

/// One row of a built-in table: what happened within `minutes` from `at` on.
#[derive(Debug, Clone, Copy)]
pub struct Stretch {
    pub at: u64,
    pub minutes: usize,
    pub open: Price,
    pub high: Price,
    pub low: Price,
    pub close: Price,
}

/// One-minute bars that together have the stretch's open, high, low and close. At least four minutes.
pub fn fill_in(stretch: &Stretch, rng: &mut ChaCha8Rng) -> Vec<Bar> {
    let minutes = stretch.minutes.max(4);
    let nodes = nodes(stretch, minutes, rng);
    let sigma = sigma(stretch, minutes);
    (0..minutes)
        .map(|minute| {
            let (open, close) = (nodes[minute], nodes[minute + 1]);
            let (top, bottom) = (open.max(close), open.min(close));
            let high = moved(top, sigma * WICK * rng.gen::<f64>()).clamp(top, stretch.high.max(top));
            let low = moved(bottom, -sigma * WICK * rng.gen::<f64>()).clamp(stretch.low.min(bottom), bottom);
            Bar { at: stretch.at + 60 * minute as u64, open, high, low, close }
        })
        .collect()
}

fn sigma(stretch: &Stretch, minutes: usize) -> f64 {
    (as_float(stretch.high) - as_float(stretch.low)) / (RANGE_OF_SIGMA * (minutes as f64).sqrt())
}

/// The prices between minutes: `minutes + 1` of them.
fn nodes(stretch: &Stretch, minutes: usize, rng: &mut ChaCha8Rng) -> Vec<Price> {
    let rising = stretch.close >= stretch.open;
    let (first, second) = if rising { (stretch.low, stretch.high) } else { (stretch.high, stretch.low) };
    let mut drawn = [rng.gen_range(1..minutes), rng.gen_range(1..minutes - 1)];
    // Two different minutes in order, strictly inside.
    if drawn[1] >= drawn[0] {
        drawn[1] += 1;
    }
    drawn.sort_unstable();
    let pins = [(0, stretch.open), (drawn[0], first), (drawn[1], second), (minutes, stretch.close)];
    let sigma = sigma(stretch, minutes);
    let mut nodes = vec![stretch.open];
    for pair in pins.windows(2) {
        let ((from, _), (to, target)) = (pair[0], pair[1]);
        for node in from + 1..to {
            let here = as_float(nodes[node - 1]);
            let left = (to - node + 1) as f64;
            let drift = (as_float(target) - here) / left;
            let spread = sigma * ((left - 1.0) / left).sqrt();
            let next = moved(nodes[node - 1], drift + spread * normal(rng));
            nodes.push(next.clamp(stretch.low, stretch.high));
        }
        nodes.push(target);
    }
    nodes
}

/// A price moved by a float, rounded to the tick.
fn moved(price: Price, by: f64) -> Price {
    let ticks = ((as_float(price) + by) * 100.0).round().max(1.0);
    Price::from_atoms(ticks as u128 * TICK_ATOMS)
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * rng.gen_range(f64::MIN_POSITIVE..1.0).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.gen::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    fn cents(cents: u64) -> Price {
        Price::from_atoms(cents as u128 * TICK_ATOMS)
    }

    proptest! {
        #[test]
        fn the_filled_in_bars_have_the_open_high_low_and_close_of_the_stretch(
            low in 100u64..1_000_000, range in 0u64..500_000, open in 0f64..=1.0, close in 0f64..=1.0,
            minutes in 4usize..90, seed in any::<u64>(),
        ) {
            let inside = |share: f64| cents(low + (range as f64 * share) as u64);
            let stretch = Stretch {
                at: 600, minutes, open: inside(open), close: inside(close), low: cents(low), high: cents(low + range),
            };
            let bars = fill_in(&stretch, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(bars.len(), minutes);
            prop_assert_eq!(bars[0].open, stretch.open);
            prop_assert_eq!(bars[minutes - 1].close, stretch.close);
            prop_assert_eq!(bars.iter().map(|bar| bar.high).max(), Some(stretch.high));
            prop_assert_eq!(bars.iter().map(|bar| bar.low).min(), Some(stretch.low));
            for bar in &bars {
                prop_assert!(bar.low <= bar.open.min(bar.close) && bar.open.max(bar.close) <= bar.high);
            }
            prop_assert!(bars.windows(2).all(|pair| pair[0].close == pair[1].open && pair[0].at + 60 == pair[1].at));
        }
    }

    #[test]
    fn one_seed_gives_one_path() {
        let stretch = Stretch {
            at: 0,
            minutes: 60,
            open: cents(800_000),
            high: cents(810_000),
            low: cents(700_000),
            close: cents(750_000),
        };
        let bars = |seed| fill_in(&stretch, &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(bars(1), bars(1));
        assert_ne!(bars(1), bars(2));
    }
}
