//! How large a move is usual: exponential means of moves that are cut before they count.

use serde::{Deserialize, Serialize};

/// Units in one of a relative move: 10^-12, so that a hundredth of a basis point has six digits left.
pub const PICO: u64 = 1_000_000_000_000;
/// Moves above 1,000 % count as 1,000 %.
pub const MOVE_MAX: u64 = 10_000_000_000_000;

/// How one exponential mean follows. Its half-life is about `0.69 * length` observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Observations. Bounds: above 0.
    pub length: u32,
    /// A move counts as so many thousandths of the mean at most: one huge move must not blind the detector. The mean
    /// grows by `(cut - 1) / length` an observation at most.
    pub cut: u32,
}

/// `mean + (min(value, cut * max(mean, floor)) - mean) / length`.
///
/// The mean of a fixed share of *sizes*, not of squares: with fat tails a variance follows its largest observation.
/// Units: those of the value. Rounding: up, so the scale is never too small and a scaled move never too large. Errors:
/// none; saturates.
pub fn next_mean(mean: u64, value: u64, memory: Memory, floor: u64) -> u64 {
    let cut = mean.max(floor).saturating_mul(u64::from(memory.cut)).div_ceil(1_000);
    let value = value.min(cut);
    let length = u64::from(memory.length.max(1));
    match value.checked_sub(mean) {
        Some(rise) => mean.saturating_add(rise.div_ceil(length)),
        None => mean.saturating_sub(mean.saturating_sub(value).checked_div(length).unwrap_or(0)),
    }
}

/// `level` thousandths of a scale. Rounding: up: what is a hit here is one in exact arithmetic.
pub fn above(level: u32, scale: u64) -> u64 {
    scale.saturating_mul(u64::from(level)).div_ceil(1_000)
}

/// A move over several blocks as one of a single block: `size / sqrt(blocks)`, the growth of a diffusion.
///
/// Rounding: down (a smaller move is less evidence). Bounds: a gap of 0 counts as 1, of more than 2^16 blocks as 2^16.
pub fn per_block(size: u64, blocks: u64) -> u64 {
    if blocks <= 1 {
        return size.min(MOVE_MAX);
    }
    // sqrt(blocks) * 2^16, rounded up.
    let square = blocks.min(1 << 16) << 32;
    let root = square.isqrt();
    let root = if root.saturating_mul(root) == square { root } else { root.saturating_add(1) };
    (size.min(MOVE_MAX) << 16).checked_div(root).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MEMORY: Memory = Memory { length: 32, cut: 3_000 };

    #[test]
    fn the_mean_follows_what_counts_of_a_move() {
        for (name, mean, value, next) in [
            ("at rest", 1_000, 1_000, 1_000),
            ("up: 1000 / 32 = 31.25, rounded up", 1_000, 2_000, 1_032),
            ("cut at three times the mean: 2000 / 32 = 62.5", 1_000, 1_000_000, 1_063),
            ("down: 1000 / 32 = 31.25, rounded so that the mean stays higher", 1_000, 0, 969),
            ("from nothing it grows by the floor", 0, 1_000_000, 10), // 3 * 100 / 32
            ("the largest moves", MOVE_MAX, u64::MAX, MOVE_MAX + MOVE_MAX / 16),
        ] {
            assert_eq!(next_mean(mean, value, MEMORY, 100), next, "{name}");
        }
    }

    #[test]
    fn moves_over_several_blocks_shrink_with_the_root_of_time() {
        for (size, blocks, one) in [(100, 0, 100), (100, 1, 100), (100, 4, 50), (900, 9, 300), (100, 2, 70)] {
            assert_eq!(per_block(size, blocks), one, "{size} over {blocks}");
        }
        assert_eq!(per_block(u64::MAX, 1), MOVE_MAX);
        assert_eq!(per_block(MOVE_MAX, u64::MAX), MOVE_MAX / 256);
    }

    proptest! {
        #[test]
        fn the_integer_mean_is_never_below_the_exact_one(
            start in 1u64..MOVE_MAX, length in 1u32..5_000, cut in 1_000u32..30_000,
            moves in prop::collection::vec(0u64..=MOVE_MAX, 1..200),
        ) {
            let mut integer = start;
            let mut exact = start as f64;
            for value in moves {
                integer = next_mean(integer, value, Memory { length, cut }, 0);
                let clipped = (value as f64).min(exact * f64::from(cut) / 1e3);
                exact += (clipped - exact) / f64::from(length);
                prop_assert!(integer as f64 >= exact * (1.0 - 1e-9));
            }
        }

        #[test]
        fn the_mean_is_monotone_and_never_passes_the_cut(
            a in 0u64..MOVE_MAX, b in 0u64..MOVE_MAX, value in 0u64..MOVE_MAX, other in 0u64..MOVE_MAX, floor in 0u64..MOVE_MAX,
        ) {
            prop_assert!(next_mean(a.min(b), value, MEMORY, floor) <= next_mean(a.max(b), value, MEMORY, floor));
            prop_assert!(next_mean(a, value.min(other), MEMORY, floor) <= next_mean(a, value.max(other), MEMORY, floor));
            prop_assert!(next_mean(a, value, MEMORY, floor) <= a.max(3 * a.max(floor)));
        }

        #[test]
        fn a_move_is_never_scaled_up(size in 0u64..=MOVE_MAX, blocks in 1u64..100_000, longer in 0u64..100_000) {
            let one = per_block(size, blocks);
            prop_assert!(u128::from(one) * u128::from(one) * u128::from(blocks.min(65_536)) <= u128::from(size) * u128::from(size));
            prop_assert!(per_block(size, blocks + longer) <= one);
        }
    }
}
