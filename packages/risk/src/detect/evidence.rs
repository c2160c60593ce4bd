//! Evidence: what an e-detector accumulates, and the wagers that it accumulates from.
//!
//! An *e-value* is a bet against "the market is healthy" that no healthy market can win on average: `E[e | past] <= 1`. The
//! Shiryaev-Roberts form `M <- (1 + M) * e` of such bets has `E[M_T] <= T` for every stopping time `T` of a healthy market, so
//! the mean number of observations to the first `M >= g` is **at least `g`**, whatever the dependence between
//! observations (Shin, Ramdas, Rinaldo 2024). What it needs is a bound that holds *in every state of the past*, not on
//! average; each detector states its own. A weighted mean of such `M` has the same property; so has one that is
//! rounded down or capped. Hence every rounding here is down.

use crate::error::{RiskError, RiskResult};
use serde::{Deserialize, Serialize};

/// Bits after the binary point of an [`Evidence`] and of an e-value.
pub const EVIDENCE_BITS: u32 = 20;
/// One.
pub const EVIDENCE_ONE: u64 = 1 << EVIDENCE_BITS;
/// No evidence grows past 2^40: a larger threshold is never reached, which errs to the side of no alarm.
pub const EVIDENCE_MAX: Evidence = Evidence(1 << (40 + EVIDENCE_BITS));
/// Millionths in one: the unit of probabilities, weights and shares in this module.
pub const MILLION: u32 = 1_000_000;

/// A threshold that a healthy market reaches once in 600 observations at most: an hour of blocks of 6 s.
pub const TIER_HOUR: u64 = 600;
/// A day of blocks.
pub const TIER_DAY: u64 = 14_400;
/// A year of blocks.
pub const TIER_YEAR: u64 = 5_256_000;

/// Accumulated evidence that a market is not healthy, in units of 2^-20. Compared with a threshold `g`, it crosses it
/// after `g` observations or more on average, **under the assumption of the detector that made it**.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence(pub u64);

impl Evidence {
    pub const ZERO: Self = Self(0);

    /// A whole number, at most 2^40.
    pub const fn from_whole(whole: u64) -> Self {
        if whole >= EVIDENCE_MAX.0 >> EVIDENCE_BITS {
            return EVIDENCE_MAX;
        }
        Self(whole << EVIDENCE_BITS)
    }

    /// Without what is behind the point. Rounding: down.
    pub const fn whole(self) -> u64 {
        self.0 >> EVIDENCE_BITS
    }

    /// Whether the evidence reaches a threshold in whole numbers.
    pub const fn reaches(self, threshold: u64) -> bool {
        self.whole() >= threshold
    }

    /// `min((1 + self) * e, cap)`: one step of the detector, `e` in units of 2^-20.
    ///
    /// Rounding: down. Errors: none; what does not fit is the cap.
    pub fn after(self, e: u64, cap: Self) -> Self {
        let sum = u128::from(self.0.saturating_add(EVIDENCE_ONE));
        let product = sum.saturating_mul(u128::from(e)) >> EVIDENCE_BITS;
        Self(u64::try_from(product).unwrap_or(u64::MAX)).min(cap).min(EVIDENCE_MAX)
    }
}

/// `sum(weight * evidence)`, weights in millionths that add up to one at most: a mean of detectors is a detector.
///
/// Bounds: a handful of terms. Rounding: down. Errors: none.
pub fn fused(terms: &[(u32, Evidence)]) -> Evidence {
    let sum = terms.iter().fold(0u128, |sum, (weight, evidence)| {
        sum.saturating_add(u128::from(*weight).saturating_mul(u128::from(evidence.0)))
    });
    let mean = sum.checked_div(u128::from(MILLION)).unwrap_or(0);
    Evidence(u64::try_from(mean).unwrap_or(u64::MAX)).min(EVIDENCE_MAX)
}

/// A bet on an event that a healthy market shows with probability `p0` at most, **in every state of its past**, and a
/// market in trouble with probability `p1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wager {
    /// The event: a size above so many thousandths of the scale.
    pub level: u32,
    /// Millionths. Bounds: above 0, below `p1`.
    pub p0: u32,
    /// Millionths. Bounds: below 1,000,000.
    pub p1: u32,
    /// Share of the detector's evidence, millionths.
    pub weight: u32,
    /// What this wager's evidence is cut to: a component that is meant for a day's evidence must not reach a year's.
    pub cap: u64,
}

impl Wager {
    /// `p1 / p0` when the event happened, `(1 - p1) / (1 - p0)` when not: at most 1 on average while the event's
    /// conditional probability is at most `p0`.
    ///
    /// Units: 2^-20. Rounding: down. Errors: none; [`Self::checked`] refuses what makes no sense.
    pub fn e_value(&self, happened: bool) -> u64 {
        let (numerator, denominator) = if happened {
            (self.p1, self.p0)
        } else {
            (MILLION.saturating_sub(self.p1), MILLION.saturating_sub(self.p0))
        };
        (u64::from(numerator) << EVIDENCE_BITS).checked_div(u64::from(denominator)).unwrap_or(0)
    }

    /// Refuses a bet that is none: `0 < p0 < p1 < 1` and a level above zero.
    ///
    /// Errors: [`RiskError::OutOfBounds`].
    pub fn checked(self) -> RiskResult<Self> {
        if self.p0 == 0 || self.p0 >= self.p1 || self.p1 >= MILLION || self.level == 0 {
            return Err(RiskError::OutOfBounds {
                what: "a wager",
                wanted: "0 < p0 < p1 < 1000000 and a level above 0".into(),
                found: format!("p0 {}, p1 {}, level {}", self.p0, self.p1, self.level),
            });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bnum::BUint;
    use proptest::prelude::*;

    type Wide = BUint<40>;

    const WAGER: Wager = Wager { level: 5_000, p0: 60_000, p1: 400_000, weight: MILLION, cap: u64::MAX };

    #[test]
    fn evidence_follows_the_bets() {
        let cap = EVIDENCE_MAX;
        for (name, before, e, after) in [
            ("(1 + 0) * 1", 0, EVIDENCE_ONE, EVIDENCE_ONE),
            ("(1 + 3) * 2.5 = 10", 3 * EVIDENCE_ONE, EVIDENCE_ONE * 5 / 2, 10 * EVIDENCE_ONE),
            ("(1 + 0) * 0: a lost bet of everything", 7 * EVIDENCE_ONE, 0, 0),
            ("half a unit is dropped", 0, 1, 1),
            ("the cap", EVIDENCE_MAX.0, 2 * EVIDENCE_ONE, EVIDENCE_MAX.0),
            ("no overflow", u64::MAX, u64::MAX, EVIDENCE_MAX.0),
        ] {
            assert_eq!(Evidence(before).after(e, cap), Evidence(after), "{name}");
        }
        assert_eq!(Evidence::from_whole(600).after(EVIDENCE_ONE, Evidence::from_whole(50)), Evidence::from_whole(50));
        assert!(Evidence::from_whole(600).reaches(600) && !Evidence(600 * EVIDENCE_ONE - 1).reaches(600));
        assert_eq!(Evidence::from_whole(u64::MAX), EVIDENCE_MAX);
    }

    #[test]
    fn a_wager_pays_what_its_probabilities_say() {
        // 0.4 / 0.06 = 6.67, 0.6 / 0.94 = 0.638.
        assert_eq!(WAGER.e_value(true), EVIDENCE_ONE * 40 / 6);
        assert_eq!(WAGER.e_value(false), EVIDENCE_ONE * 60 / 94);
        for wrong in [Wager { p0: 0, ..WAGER }, Wager { p1: 60_000, ..WAGER }, Wager { p1: MILLION, ..WAGER }] {
            assert!(matches!(wrong.checked(), Err(RiskError::OutOfBounds { what: "a wager", .. })));
        }
        assert!(matches!(Wager { level: 0, ..WAGER }.checked(), Err(RiskError::OutOfBounds { .. })));
        assert_eq!(WAGER.checked(), Ok(WAGER));
    }

    #[test]
    fn a_mean_of_detectors_is_weighted_and_rounded_down() {
        let term = |weight, whole| (weight, Evidence::from_whole(whole));
        assert_eq!(fused(&[term(700_000, 100), term(300_000, 0)]), Evidence::from_whole(70));
        assert_eq!(fused(&[(333_333, Evidence(1)), (333_333, Evidence(1))]), Evidence::ZERO);
        assert_eq!(fused(&[(MILLION, Evidence(u64::MAX)), (MILLION, Evidence(u64::MAX))]), EVIDENCE_MAX);
    }

    proptest! {
        #[test]
        fn no_healthy_market_wins_a_wager_on_average(p0 in 1u32..999_998, raise in 1u32..999_999, p in 0u32..=1_000_000) {
            let p1 = (p0 + raise).min(MILLION - 1);
            prop_assume!(p1 > p0);
            let wager = Wager { p0, p1, ..WAGER };
            // Any conditional probability up to p0: p * e(hit) + (1 - p) * e(miss) <= 1.
            let p = u128::from(p.min(p0));
            let mean = p * u128::from(wager.e_value(true)) + (u128::from(MILLION) - p) * u128::from(wager.e_value(false));
            prop_assert!(mean <= u128::from(MILLION) * u128::from(EVIDENCE_ONE));
        }

        /// Against exact fractions of 2560 bits: M = n / d, (1 + n/d) * p/q.
        #[test]
        fn integer_evidence_never_exceeds_the_exact_one(
            p0 in 10_000u32..500_000, p1 in 500_000u32..990_000, hits in prop::collection::vec(any::<bool>(), 1..40),
        ) {
            let wager = Wager { p0, p1, ..WAGER };
            let mut integer = Evidence::ZERO;
            let (mut numerator, mut denominator) = (Wide::ZERO, Wide::ONE);
            for hit in hits {
                integer = integer.after(wager.e_value(hit), EVIDENCE_MAX);
                let (up, down) = if hit { (p1, p0) } else { (MILLION - p1, MILLION - p0) };
                numerator = (numerator + denominator) * Wide::from(up);
                denominator *= Wide::from(down);
                prop_assert!(Wide::from(integer.0) * denominator <= numerator << EVIDENCE_BITS);
            }
        }

        #[test]
        fn more_evidence_before_or_a_better_bet_never_means_less_after(a: u64, b: u64, e: u64, f: u64) {
            let cap = EVIDENCE_MAX;
            let after = |evidence, e| Evidence(evidence).after(e, cap);
            prop_assert!(after(a.min(b), e) <= after(a.max(b), e));
            prop_assert!(after(a, e.min(f)) <= after(a, e.max(f)));
        }
    }
}
