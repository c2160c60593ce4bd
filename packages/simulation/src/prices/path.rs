//! The path within a bar: open, low, high, close when it rises; open, high, low, close when it falls.
//!
//! A bar does not say in which order its extremes came. The direction's usual order is a convention, the same for
//! every run, so that protected and unprotected runs see the same prices. Between the four the price moves in equal
//! steps, and the feeders report every step: a bar of an hour would otherwise leave the feed silent for twenty
//! minutes.

use super::Bar;
use firebreak_risk::Price;

/// One report of the feeders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Seconds since 1970.
    pub at: u64,
    pub price: Price,
}

/// The points of a bar of `seconds`: one every `interval` seconds, at least four, at most `points_max`; fewer where
/// the bar has fewer seconds. The open is the first and the close the last of them; both extremes are hit exactly.
pub fn path_of(bar: &Bar, seconds: u64, interval: u64, points_max: u64) -> Vec<Point> {
    let points = seconds.div_ceil(interval.max(1)).clamp(4, points_max.max(4)).min(seconds).max(1);
    let last = points - 1;
    let (first_extreme, second_extreme) = if bar.close >= bar.open { (bar.low, bar.high) } else { (bar.high, bar.low) };
    // Where a bar is too short for four points, the later corner wins and the close is always there.
    let corners =
        [(0, bar.open), (last.div_ceil(3), first_extreme), ((2 * last).div_ceil(3), second_extreme), (last, bar.close)];
    (0..points).map(|index| Point { at: bar.at + index * seconds / points, price: at_index(&corners, index) }).collect()
}

fn at_index(corners: &[(u64, Price); 4], index: u64) -> Price {
    let mut found = corners[0].1;
    for pair in corners.windows(2) {
        let ((from, from_price), (to, to_price)) = (pair[0], pair[1]);
        if index >= from && index <= to {
            found = between(from_price, to_price, index - from, to - from);
        }
    }
    found
}

/// The price `step` of `steps` on the way, in whole atoms.
fn between(from: Price, to: Price, step: u64, steps: u64) -> Price {
    if steps == 0 || step == steps {
        return to;
    }
    let distance = to.atoms() as i128 - from.atoms() as i128;
    // Dividing first loses less than `steps` atoms of 10^-18 and cannot overflow.
    Price::from_atoms((from.atoms() as i128 + distance / steps as i128 * step as i128) as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(open: u32, high: u32, low: u32, close: u32) -> Bar {
        let price = Price::from_units;
        Bar { at: 1_000, open: price(open), high: price(high), low: price(low), close: price(close) }
    }

    fn prices(points: &[Point]) -> Vec<Price> {
        points.iter().map(|point| point.price).collect()
    }

    #[test]
    fn a_rising_bar_goes_low_first_and_a_falling_one_high_first() {
        let units = |list: [u32; 4]| list.map(Price::from_units).to_vec();
        assert_eq!(prices(&path_of(&bar(10, 13, 8, 12), 60, 15, 60)), units([10, 8, 13, 12]));
        assert_eq!(prices(&path_of(&bar(12, 13, 8, 10), 60, 15, 60)), units([12, 13, 8, 10]));
    }

    #[test]
    fn points_rise_in_time_stay_within_the_bar_and_hit_all_four_figures() {
        let bar = bar(100, 131, 77, 120);
        for seconds in [4, 5, 7, 60, 300, 1_800, 3_600] {
            let points = path_of(&bar, seconds, 15, 60);
            assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at), "{seconds}");
            assert!(points.iter().all(|point| point.at >= bar.at && point.at < bar.at + seconds), "{seconds}");
            assert!(points.iter().all(|point| point.price >= bar.low && point.price <= bar.high), "{seconds}");
            for wanted in [bar.open, bar.high, bar.low, bar.close] {
                assert!(prices(&points).contains(&wanted), "{seconds}: {wanted}");
            }
            assert_eq!(points.last().unwrap().price, bar.close, "{seconds}");
        }
    }

    #[test]
    fn the_number_of_points_follows_the_interval_and_is_bounded() {
        let bar = bar(10, 13, 8, 12);
        assert_eq!(path_of(&bar, 60, 15, 60).len(), 4);
        assert_eq!(path_of(&bar, 300, 15, 60).len(), 20);
        assert_eq!(path_of(&bar, 86_400, 15, 60).len(), 60);
        assert_eq!(path_of(&bar, 2, 15, 60).len(), 2);
        assert_eq!(path_of(&bar, 1, 15, 60).len(), 1);
    }
}
