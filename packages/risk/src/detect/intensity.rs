//! Order intensity: more orders than the market's own rate and its own echoes explain.
//!
//! **Guarantee.** Mean number of observations to a false alarm at threshold `g` is at least `g`. **Assumption**: given any past, the
//! count `n` satisfies `E[c^n | past] <= exp((c - 1) * bound)` for `c` of 2 and 4. A Poisson count whose intensity is at most the bound
//! does; the bound is the baseline's share plus decaying echoes of recent counts (a Hawkes process), times a margin. The
//! baseline at most doubles in a day, so that nobody trains it in an afternoon; a market whose trade grows faster for good is
//! reported until the baseline has followed.
//!
//! Whoever trades can feed this detector. It counts what paid a fee, each account's share capped by the caller, and it reaches
//! `Guarded` at most without other evidence.

use super::evidence::{Evidence, MILLION};
use super::scale::{next_mean, Memory};
use serde::{Deserialize, Serialize};

/// Bits after the binary point of a rate, in orders per block.
pub const RATE_BITS: u32 = 32;
/// One order per block.
pub const RATE_ONE: u64 = 1 << RATE_BITS;
/// Counts above this count as this.
const COUNT_MAX: u32 = 4_096;
/// Rates above this count as this: nothing below overflows.
const RATE_MAX: u64 = RATE_ONE << 16;
/// Blocks of a day in which the baseline may double: `2^(1/20776)` is a little more than `1 + 1/30000`.
const DOUBLING_LENGTH: u64 = 20_776;
/// Rates decay and learn over at most so many blocks of a gap.
const GAP_MAX: u64 = 32;
/// `log2(e)` in units of 2^-32, rounded up.
const LOG2_E: u128 = 6_196_328_019;
/// Steps of the exponent in one power of two.
const STEPS: i64 = 64;

/// `2^(step / 64)` in units of 2^-20, rounded down: the only transcendental function here.
#[rustfmt::skip]
const POWERS: [u32; 64] = [
    1_048_576, 1_059_994, 1_071_536, 1_083_205, 1_095_000, 1_106_924, 1_118_977, 1_131_162,
    1_143_480, 1_155_931, 1_168_519, 1_181_243, 1_194_106, 1_207_109, 1_220_253, 1_233_541,
    1_246_974, 1_260_552, 1_274_279, 1_288_155, 1_302_182, 1_316_362, 1_330_696, 1_345_186,
    1_359_834, 1_374_642, 1_389_611, 1_404_743, 1_420_039, 1_435_503, 1_451_134, 1_466_936,
    1_482_910, 1_499_058, 1_515_381, 1_531_883, 1_548_564, 1_565_427, 1_582_473, 1_599_705,
    1_617_125, 1_634_734, 1_652_535, 1_670_530, 1_688_721, 1_707_110, 1_725_699, 1_744_491,
    1_763_487, 1_782_690, 1_802_102, 1_821_726, 1_841_563, 1_861_617, 1_881_888, 1_902_381,
    1_923_096, 1_944_038, 1_965_207, 1_986_606, 2_008_239, 2_030_107, 2_052_214, 2_074_561,
];

/// What intensity is bounded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntensityParams {
    /// Observations that the baseline averages over. Bounds: above 0.
    pub baseline_length: u32,
    /// What the baseline starts with and never falls below, in units of 2^-32 orders per block. Bounds: above 0.
    pub baseline_min: u64,
    /// Share of the baseline that comes of itself, millionths; the rest is echoes.
    pub own: u32,
    /// How much one order raises the next block's rate, before decay, millionths of an order.
    pub echo: u32,
    /// What is left of echoes after a block, millionths. Bounds: below 900,000.
    pub decay: u32,
    /// The bound is this many millionths of own and echoes together.
    pub margin: u32,
}

impl IntensityParams {
    /// Measured by `firebreak calibrate` on Hawkes counts with a branching ratio of one half.
    pub const STANDARD: Self = Self {
        baseline_length: 4_096,
        baseline_min: RATE_ONE / 2,
        own: 600_000,
        echo: 450_000,
        decay: 550_000,
        margin: 1_150_000,
    };
}

/// Rates in units of 2^-32 orders per block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intensity {
    /// Mean over `baseline_length` observations; zero before the first.
    pub mean: u64,
    /// Follows the mean: down at once, up by a factor of two a day at most.
    pub baseline: u64,
    pub echoes: u64,
    /// For counts of twice and of four times the bound.
    pub evidence: [Evidence; 2],
}

impl Intensity {
    /// The intensity that a healthy market does not pass over the next `blocks`, in units of 2^-32 orders.
    ///
    /// Echoes count in full for each of the blocks. Rounding: up; saturates.
    pub fn bound(&self, blocks: u64, params: &IntensityParams) -> u64 {
        let own = share(self.baseline.max(params.baseline_min), params.own);
        share(own.saturating_add(self.echoes), params.margin).min(RATE_MAX).saturating_mul(blocks.max(1))
    }

    /// Takes in the orders since the last observation, `blocks` ago.
    ///
    /// Rounding: down for evidence, up for rates; the doubling limit rounds down. Errors: none; `O(1)`.
    pub fn observe(&mut self, orders: u32, blocks: u64, params: &IntensityParams) {
        self.baseline = self.baseline.max(params.baseline_min);
        self.mean = self.mean.max(params.baseline_min);
        let blocks = blocks.max(1);
        let count = orders.min(COUNT_MAX);
        let bound = self.bound(blocks, params);
        let [twice, four_times] = &mut self.evidence;
        *twice = twice.after(likelihood(count, bound, 1), super::evidence::EVIDENCE_MAX);
        *four_times = four_times.after(likelihood(count, bound, 2), super::evidence::EVIDENCE_MAX);
        self.learn(count, blocks, params);
    }

    fn learn(&mut self, count: u32, blocks: u64, params: &IntensityParams) {
        let echo = share((u64::from(count)) << RATE_BITS, params.echo);
        let mut echoes = self.echoes.saturating_add(echo).min(RATE_MAX);
        // Bounded by GAP_MAX: what is left then is a millionth.
        for _ in 0..blocks.min(GAP_MAX) {
            echoes = share(echoes, params.decay.min(900_000));
        }
        self.echoes = echoes;
        let rate = (u64::from(count) << RATE_BITS).div_ceil(blocks).min(RATE_MAX);
        // The cap acts on the mean and not on the counts: their falls would outweigh their capped rises.
        let memory = Memory { length: params.baseline_length, cut: u32::MAX };
        for _ in 0..blocks.min(GAP_MAX) {
            self.mean = next_mean(self.mean, rate, memory, params.baseline_min);
            let most = self.baseline.saturating_add(self.baseline.checked_div(DOUBLING_LENGTH).unwrap_or(0));
            self.baseline = self.mean.min(most).max(params.baseline_min);
        }
    }

    /// The mean of both bets. Mean time to a false alarm at `g`: at least `g` observations, while `E[c^n | past]` is at most that of
    /// a Poisson count of [`Self::bound`]. Rounding: down.
    pub fn evidence(&self) -> Evidence {
        let [twice, four_times] = self.evidence;
        super::evidence::fused(&[(MILLION / 2, twice), (MILLION / 2, four_times)])
    }

    /// Forgets the evidence, keeps the rates.
    pub fn reset(&mut self) {
        self.evidence = Default::default();
    }
}

/// `value * millionths / 10^6`, rounded up.
fn share(value: u64, millionths: u32) -> u64 {
    let product = u128::from(value).saturating_mul(u128::from(millionths)).div_ceil(u128::from(MILLION));
    u64::try_from(product).unwrap_or(u64::MAX)
}

/// `c^n * exp(-(c - 1) * bound)` with `c = 2^doublings`, in units of 2^-20.
///
/// Rounding: down: the exponent's negative part is rounded up, the table and the shift down.
fn likelihood(count: u32, bound: u64, doublings: u32) -> u64 {
    let excess = (1u128 << doublings).saturating_sub(1);
    // Units of 2^-64, then of 1/64.
    let exponent = excess.saturating_mul(u128::from(bound)).saturating_mul(LOG2_E).div_ceil(1 << (64 - 6));
    let gain = i64::from(count).saturating_mul(i64::from(doublings)).saturating_mul(STEPS);
    let steps = gain.saturating_sub(i64::try_from(exponent).unwrap_or(i64::MAX));
    let whole = steps.div_euclid(STEPS);
    let part = usize::try_from(steps.rem_euclid(STEPS)).ok().and_then(|part| POWERS.get(part)).copied().unwrap_or(0);
    let power = u64::from(part);
    match u32::try_from(whole) {
        // 2^43 * 2^20 * 2 still fits 64 bits.
        Ok(up) => power.checked_shl(up.min(42)).unwrap_or(u64::MAX),
        Err(_) => u32::try_from(whole.unsigned_abs()).ok().and_then(|down| power.checked_shr(down)).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{EVIDENCE_ONE, TIER_YEAR};
    use super::*;
    use proptest::prelude::*;

    const PARAMS: IntensityParams = IntensityParams::STANDARD;

    fn usual() -> Intensity {
        let mut intensity = Intensity::default();
        // One and three in turn: two a block.
        for block in 0..60_000u32 {
            intensity.observe(if block % 2 == 0 { 1 } else { 3 }, 1, &PARAMS);
        }
        intensity.reset();
        intensity
    }

    #[test]
    fn the_likelihood_is_that_of_a_poisson_count() {
        for (count, bound, doublings) in
            [(0u32, 1.0f64, 1u32), (10, 2.0, 1), (10, 2.0, 2), (3, 3.0, 2), (20, 0.5, 2), (0, 30.0, 2)]
        {
            let c = f64::from(1u32 << doublings);
            let exact = c.powi(count as i32) * (-(c - 1.0) * bound).exp();
            let integer = likelihood(count, (bound * RATE_ONE as f64) as u64, doublings) as f64 / EVIDENCE_ONE as f64;
            assert!(
                integer <= exact && integer >= exact * 0.98 - 1e-6,
                "{count} {bound} {doublings}: {integer} {exact}"
            );
        }
    }

    #[test]
    fn ten_times_the_usual_rate_is_a_years_evidence_within_three_blocks() {
        let mut intensity = usual();
        assert!((RATE_ONE * 18 / 10..RATE_ONE * 22 / 10).contains(&intensity.baseline), "{}", intensity.baseline);
        (0..3).for_each(|_| intensity.observe(20, 1, &PARAMS));
        assert!(intensity.evidence().reaches(TIER_YEAR), "{:?}", intensity.evidence());
        intensity.reset();
        assert_eq!(intensity.evidence(), Evidence::ZERO);
        // A single busy block is not.
        let mut intensity = usual();
        [9, 6, 4, 2].iter().for_each(|count| intensity.observe(*count, 1, &PARAMS));
        assert!(!intensity.evidence().reaches(600), "{:?}", intensity.evidence());
    }

    #[test]
    fn the_baseline_at_most_doubles_in_a_day_and_falls_by_itself() {
        let mut intensity = usual();
        let before = intensity.baseline;
        (0..14_400).for_each(|_| intensity.observe(4_000, 1, &PARAMS));
        assert!(intensity.baseline > before * 19 / 10 && intensity.baseline <= 2 * before);
        (0..40_000).for_each(|_| intensity.observe(0, 1, &PARAMS));
        assert_eq!(intensity.baseline, PARAMS.baseline_min);
    }

    #[test]
    fn both_bets_count_a_half() {
        for evidence in [[Evidence::from_whole(1_000), Evidence::ZERO], [Evidence::ZERO, Evidence::from_whole(1_000)]] {
            assert_eq!(Intensity { evidence, ..Intensity::default() }.evidence(), Evidence::from_whole(500));
        }
    }

    #[test]
    fn a_market_that_nobody_trades_in_starts_at_half_an_order_a_block() {
        // 0.5 * 0.6 of its own, no echoes, 1.15 times that: 0.345, rounded up twice.
        let bound = Intensity::default().bound(1, &PARAMS);
        assert!((RATE_ONE * 345 / 1_000..=RATE_ONE * 345 / 1_000 + 3).contains(&bound), "{bound}");
        assert_eq!(Intensity::default().bound(4, &PARAMS), 4 * bound);
    }

    #[test]
    fn orders_echo_and_fade() {
        let mut intensity = Intensity::default();
        let quiet = intensity.bound(1, &PARAMS);
        intensity.observe(10, 1, &PARAMS);
        // 10 * 0.45 * 0.55 = 2.475 orders.
        let echoes = RATE_ONE * 2_475 / 1_000;
        assert!((echoes..=echoes + 3).contains(&intensity.echoes), "{}", intensity.echoes);
        assert!(intensity.bound(1, &PARAMS) > quiet + 2 * RATE_ONE);
        intensity.observe(0, 1, &PARAMS);
        assert!((echoes * 55 / 100..=echoes * 55 / 100 + 3).contains(&intensity.echoes), "{}", intensity.echoes);
    }

    #[test]
    fn the_table_is_the_floor_of_its_powers() {
        for (step, power) in POWERS.iter().enumerate() {
            let exact = (step as f64 / 64.0).exp2() * EVIDENCE_ONE as f64;
            assert!(f64::from(*power) <= exact && f64::from(*power) > exact - 1.0 - 1e-6, "{step}");
        }
    }

    proptest! {
        #[test]
        fn a_poisson_count_within_the_bound_wins_nothing_on_average(bound in 0.01f64..6.0, doublings in 1u32..=2) {
            let bound_bits = (bound * RATE_ONE as f64).ceil() as u64;
            let (mut weight, mut mean) = ((-bound).exp(), 0.0);
            for count in 0..120u32 {
                mean += weight * likelihood(count, bound_bits, doublings) as f64 / EVIDENCE_ONE as f64;
                weight *= bound / f64::from(count + 1);
            }
            prop_assert!(mean <= 1.0 + 1e-9, "{mean}");
        }

        #[test]
        fn nothing_overflows_and_more_orders_never_mean_less(
            counts in prop::collection::vec((any::<u32>(), any::<u64>()), 0..40), a: u32, b: u32,
        ) {
            let mut intensity = Intensity::default();
            counts.iter().for_each(|(count, blocks)| intensity.observe(*count, *blocks, &PARAMS));
            let after = |count| { let mut next = intensity; next.observe(count, 1, &PARAMS); next.evidence() };
            prop_assert!(after(a.min(b)) <= after(a.max(b)));
        }
    }
}
