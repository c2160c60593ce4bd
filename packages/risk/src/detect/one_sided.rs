//! One-sided flow: buying, or selling, that goes on.
//!
//! **Guarantee.** Mean number of observations to a false alarm at threshold `g` is at least `g`. **Assumption**: given any past and the
//! block's turnover, the expected share of the turnover on one side is at most `share_max`. Orders that follow each other (one trader
//! slices, others copy) keep it as long as the next one's side can be guessed no better than that.
//!
//! Whoever trades can feed this detector: turnover is notional that paid a fee, capped per account by the caller, a thin block
//! bets in proportion, and without other evidence it reaches `Guarded` at most.

use super::evidence::{fused, Evidence, EVIDENCE_BITS, EVIDENCE_MAX, EVIDENCE_ONE, MILLION};
use crate::quantity::Amount;
use serde::{Deserialize, Serialize};

/// What the detector bets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneSidedParams {
    /// Largest share of one side that a healthy market is expected to have, millionths. Bounds: 500,000 to 900,000.
    pub share_max: u32,
    /// Share of the evidence that is bet on a full block, millionths of `1 / share_max`. Bounds: below 1,000,000.
    pub stake: u32,
    /// Turnover from which a block counts in full; thinner ones bet in proportion. Bounds: above 0.
    pub turnover_full: Amount,
}

impl OneSidedParams {
    /// For a turnover of 10,000 units a block.
    pub const STANDARD: Self = Self { share_max: 650_000, stake: 900_000, turnover_full: Amount::from_units(10_000) };
}

/// Evidence of each direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OneSided {
    pub buying: Evidence,
    pub selling: Evidence,
}

impl OneSided {
    /// Takes in what was bought and sold since the last observation: fee-paid notional, capped per account.
    ///
    /// Rounding: down. Errors: none; `O(1)`. A block without turnover is no observation.
    pub fn observe(&mut self, bought: Amount, sold: Amount, params: &OneSidedParams) {
        let turnover = bought.atoms().saturating_add(sold.atoms());
        if turnover == 0 {
            return;
        }
        self.buying = self.buying.after(e_value(bought.atoms(), turnover, params), EVIDENCE_MAX);
        self.selling = self.selling.after(e_value(sold.atoms(), turnover, params), EVIDENCE_MAX);
    }

    /// The mean of both directions. Mean time to a false alarm at `g`: at least `g` observations, while one side's expected share
    /// is at most `share_max` in every state of the past. Rounding: down.
    pub fn evidence(&self) -> Evidence {
        let half = MILLION / 2;
        fused(&[(half, self.buying), (half, self.selling)])
    }

    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// `1 + stake / share_max * weight * (share - share_max)`, never negative, units of 2^-20. Rounding: down.
fn e_value(side: u128, turnover: u128, params: &OneSidedParams) -> u64 {
    let million = u128::from(MILLION);
    // Both quotients lose below the millionth. A share is rounded down; the weight is rounded down as well, which shrinks a gain and,
    // on the losing side, is undone by rounding the loss up.
    let (narrow_side, narrow_turnover) = narrowed(side, turnover);
    let share = narrow_side.saturating_mul(million).checked_div(narrow_turnover).unwrap_or(0).min(million);
    let share_max = u128::from(params.share_max.max(1));
    let stake = u128::from(params.stake.min(MILLION));
    let full = params.turnover_full.atoms().max(1);
    let (part, full) = narrowed(turnover.min(full), full);
    let one = u128::from(EVIDENCE_ONE);
    let scaled =
        |distance: u128, weight: u128| (distance.saturating_mul(stake).saturating_mul(weight)) << EVIDENCE_BITS;
    let divisor = million.saturating_mul(million).saturating_mul(share_max);
    let e = match share.checked_sub(share_max) {
        Some(gain) => {
            let weight = part.saturating_mul(million).checked_div(full).unwrap_or(0);
            one.saturating_add(scaled(gain, weight).checked_div(divisor).unwrap_or(0))
        }
        None => {
            let weight = part.saturating_mul(million).div_ceil(full);
            one.saturating_sub(scaled(share_max.saturating_sub(share), weight).div_ceil(divisor))
        }
    };
    u64::try_from(e).unwrap_or(u64::MAX)
}

/// Both amounts divided by the same power of two, so that a product with a million fits. Rounding: of the first, down; of the second, up.
fn narrowed(part: u128, whole: u128) -> (u128, u128) {
    let bits = (128u32.saturating_sub(whole.leading_zeros())).saturating_sub(96);
    (part >> bits, whole.div_ceil(1u128 << bits))
}

#[cfg(test)]
mod tests {
    use super::super::evidence::{TIER_DAY, TIER_HOUR};
    use super::*;
    use proptest::prelude::*;

    const PARAMS: OneSidedParams = OneSidedParams::STANDARD;

    fn units(units: u64) -> Amount {
        Amount::from_units(units)
    }

    #[test]
    fn a_block_is_worth_its_share_and_its_turnover() {
        let one = EVIDENCE_ONE as f64;
        for (name, side, turnover, e) in [
            ("all of it: 1 + 0.9 / 0.65 * 0.35", 10_000, 10_000, 1.484_615),
            ("the expected share: nothing", 6_500, 10_000, 1.0),
            ("half: 1 - 0.9 / 0.65 * 0.15", 5_000, 10_000, 0.792_307),
            ("none: 1 - 0.9", 0, 10_000, 0.1),
            ("a tenth of the turnover bets a tenth", 1_000, 1_000, 1.048_461),
            ("more turnover bets no more", 50_000, 50_000, 1.484_615),
        ] {
            let integer = e_value(units(side).atoms(), units(turnover).atoms(), &PARAMS) as f64 / one;
            assert!(integer <= e + 1e-6 && integer > e - 1e-5, "{name}: {integer}");
        }
    }

    #[test]
    fn a_siege_is_noticed_and_both_sides_are_not() {
        let run = |sides: &[(u64, u64)], blocks: usize| {
            let mut flow = OneSided::default();
            sides
                .iter()
                .cycle()
                .take(blocks)
                .for_each(|(bought, sold)| flow.observe(units(*bought), units(*sold), &PARAMS));
            flow.evidence()
        };
        assert!(run(&[(20_000, 0)], 17).reaches(TIER_HOUR) && run(&[(20_000, 0)], 25).reaches(TIER_DAY));
        assert!(run(&[(0, 20_000)], 25).reaches(TIER_DAY));
        assert!(!run(&[(20_000, 0), (0, 20_000)], 10_000).reaches(10));
        assert!(!run(&[(6_500, 3_500)], 500).reaches(TIER_HOUR));
        // Dust moves nothing, whatever its side.
        assert!(!run(&[(1, 0)], 300).reaches(TIER_HOUR));
    }

    #[test]
    fn a_block_without_turnover_is_no_observation() {
        let mut flow = OneSided { buying: Evidence(7), selling: Evidence(9) };
        flow.observe(Amount::ZERO, Amount::ZERO, &PARAMS);
        assert_eq!(flow, OneSided { buying: Evidence(7), selling: Evidence(9) });
        flow.reset();
        assert_eq!(flow.evidence(), Evidence::ZERO);
    }

    proptest! {
        #[test]
        fn the_integer_bet_never_exceeds_the_exact_one(
            bought in 0u128..u128::MAX / 2, sold in 0u128..u128::MAX / 2, full in 1u128..u128::MAX / 2, shift in 0u32..120,
        ) {
            let (bought, sold, full) = (bought >> shift, sold >> shift, (full >> shift).max(1));
            prop_assume!(bought + sold > 0);
            let params = OneSidedParams { turnover_full: Amount::from_atoms(full), ..PARAMS };
            let turnover = bought + sold;
            let share = bought as f64 / turnover as f64;
            let weight = (turnover.min(full)) as f64 / full as f64;
            let exact = 1.0 + 0.9 / 0.65 * weight * (share - 0.65);
            let integer = e_value(bought, turnover, &params) as f64 / EVIDENCE_ONE as f64;
            prop_assert!(integer <= exact + 1e-9 && integer > exact - 1e-5, "{} {}", integer, exact);
        }

        /// Any share with a mean of at most `share_max`: two points that straddle it.
        #[test]
        fn a_healthy_market_wins_nothing_on_average(low in 0u64..6_500, high in 6_500u64..=10_000) {
            prop_assume!(low < high);
            let p = (6_500 - low) as f64 / (high - low) as f64;
            let e = |side: u64| e_value(units(side).atoms(), units(10_000).atoms(), &PARAMS) as f64 / EVIDENCE_ONE as f64;
            prop_assert!(p * e(high) + (1.0 - p) * e(low) <= 1.0 + 1e-9);
        }

        #[test]
        fn nothing_overflows(flows in prop::collection::vec((any::<u128>(), any::<u128>()), 1..60)) {
            let mut flow = OneSided::default();
            for (bought, sold) in flows {
                flow.observe(Amount::from_atoms(bought), Amount::from_atoms(sold), &PARAMS);
                prop_assert!(flow.evidence() <= EVIDENCE_MAX);
            }
        }
    }
}
