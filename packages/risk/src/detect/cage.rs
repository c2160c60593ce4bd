//! The level layer: volatility and concentration set initial margin and leverage before the move. No alarm at all.
//!
//! The function lives in a cage that governance fixes: a factor between one and a bound, a leverage between a least and a
//! largest. It **shrinks at once and grows by one step each time to live**, like a debt ceiling that follows its use: whoever wants
//! leverage back waits, and nobody can shake the margin up and down within an hour. Maintenance margin is not touched.

use super::scale::PICO;
use crate::error::{RiskError, RiskResult};
use crate::number::{mul_div, Rounding, ONE};
use crate::posture::{BasisPoints, Phase, Posture, PHASES_MAX};
use crate::quantity::Ratio;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Hundredths of leverage in one.
const LEVERAGE_HUNDREDTHS: u128 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CageParams {
    /// The market's own initial margin: what the factor multiplies. Bounds: above 0.
    pub initial_margin_ratio: Ratio,
    /// Initial margin covers so many usual moves of one block: a quantile times the root of the blocks until a liquidation.
    pub moves_covered: Ratio,
    /// Concentration above which margin rises: |skew| at the price as a share of the pool's cash, an index of the market's totals and not of
    /// accounts.
    pub concentration_free: Ratio,
    /// Margin ratio added for each unit of concentration above that.
    pub concentration_slope: Ratio,
    /// Bounds: at least 10,000.
    pub factor_max: BasisPoints,
    /// How much the factor comes down in one step. Bounds: above 0.
    pub factor_step: BasisPoints,
    /// Hundredths: 2,000 is 20x. The largest is what a calm market has. Bounds: 100 to 65,534, growing.
    pub leverage_min: u16,
    pub leverage_max: u16,
    /// Hundredths given back in one step. Bounds: above 0.
    pub leverage_step: u16,
    /// Seconds between two loosening steps.
    pub ttl_seconds: u64,
}

/// What holds now. Starts at the cage's calm end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cage {
    pub factor: BasisPoints,
    /// Hundredths.
    pub leverage_max: u16,
    /// When something changed last, seconds.
    pub changed_at: u64,
}

impl Cage {
    /// A calm market's. Errors: none.
    pub fn calm(params: &CageParams, now: u64) -> Self {
        Self { factor: BasisPoints::ONE, leverage_max: params.leverage_max, changed_at: now }
    }

    /// The margin ratio that the market's state asks for: `max(imr, moves_covered * scale + slope * (concentration - free))`.
    ///
    /// Units: ratio; the scale is the usual move of one block in units of 10^-12. Rounding: up. Errors:
    /// [`crate::RiskError::Overflow`].
    pub fn wanted_margin(scale: u64, concentration: Ratio, params: &CageParams) -> RiskResult<Ratio> {
        let what = "a wanted margin";
        let moves = mul_div(params.moves_covered.atoms(), u128::from(scale), u128::from(PICO), Rounding::Ceil, what)?;
        let excess = Ratio::from_atoms(concentration.atoms().saturating_sub(params.concentration_free.atoms()));
        let added = params.concentration_slope.times(excess, Rounding::Ceil)?;
        Ok(Ratio::from_atoms(moves).plus(added)?.max(params.initial_margin_ratio))
    }

    /// The next state: tighter at once; looser by one step, and only when nothing changed for the time to live.
    ///
    /// Rounding: the factor up, leverage down. Errors: [`crate::RiskError::Overflow`], [`crate::RiskError::DivisionByZero`] for an
    /// initial margin of zero.
    pub fn after(self, scale: u64, concentration: Ratio, now: u64, params: &CageParams) -> RiskResult<Self> {
        let wanted = Self::wanted_margin(scale, concentration, params)?;
        let factor_max = params.factor_max.max(BasisPoints::ONE);
        let ten_thousands = u128::from(BasisPoints::ONE.0);
        let imr = params.initial_margin_ratio.atoms();
        let factor = mul_div(wanted.atoms(), ten_thousands, imr, Rounding::Ceil, "a margin factor")?;
        let factor = BasisPoints(u16::try_from(factor).unwrap_or(u16::MAX)).clamp(BasisPoints::ONE, factor_max);
        let leverage = mul_div(LEVERAGE_HUNDREDTHS, ONE, wanted.atoms(), Rounding::Floor, "a leverage")?;
        let leverage = u16::try_from(leverage).unwrap_or(u16::MAX);
        let leverage = leverage.max(params.leverage_min).min(params.leverage_max);
        let may_loosen = now >= self.changed_at.saturating_add(params.ttl_seconds);
        let mut next = self;
        if factor > self.factor {
            next.factor = factor;
        } else if may_loosen {
            next.factor = factor.max(BasisPoints(self.factor.0.saturating_sub(params.factor_step.0)));
        }
        if leverage < self.leverage_max {
            next.leverage_max = leverage;
        } else if may_loosen {
            next.leverage_max = leverage.min(self.leverage_max.saturating_add(params.leverage_step));
        }
        let changed = (next.factor, next.leverage_max) != (self.factor, self.leverage_max);
        // A tight cage that is still wanted tight waits anew: what it announced would loosen otherwise.
        if changed || (may_loosen && self.restricts(params)) {
            next.changed_at = now;
        }
        Ok(next)
    }

    /// Refuses a cage that is none.
    ///
    /// Errors: [`RiskError::OutOfBounds`].
    pub fn checked(params: &CageParams) -> RiskResult<()> {
        let refuse = |what: &'static str, wanted: &'static str, found: u64| {
            Err(RiskError::OutOfBounds { what, wanted: wanted.into(), found: found.to_string() })
        };
        if params.initial_margin_ratio.is_zero() {
            return refuse("initial_margin_ratio of a cage", "above 0", 0);
        }
        if params.factor_max < BasisPoints::ONE {
            return refuse("factor_max of a cage", "at least 10000", params.factor_max.0.into());
        }
        if params.factor_step.0 == 0 || params.leverage_step == 0 {
            return refuse("steps of a cage", "above 0", 0);
        }
        if params.leverage_min < 100 || params.leverage_min > params.leverage_max || params.leverage_max == u16::MAX {
            return refuse("leverages of a cage", "100 to 65534, growing", params.leverage_min.into());
        }
        if !(60..=86_400).contains(&params.ttl_seconds) {
            return refuse("ttl_seconds of a cage", "between 60 and 86400", params.ttl_seconds);
        }
        Ok(())
    }

    /// What holds from now on when nothing is seen any more: a step looser after each time to live, then nothing. Nothing at all for a
    /// calm cage. Later states never permit more than earlier ones said, at any time: a state loosens by one step only, and only when the
    /// earlier one had said so.
    ///
    /// Bounds: at most [`PHASES_MAX`] phases. Errors: none; ends past the end of time saturate.
    pub fn phases(&self, params: &CageParams) -> Vec<Phase> {
        let mut phases = Vec::with_capacity(PHASES_MAX);
        let mut state = *self;
        let mut until = self.changed_at;
        while state.restricts(params) && phases.len() < PHASES_MAX {
            until = until.saturating_add(params.ttl_seconds);
            phases.push(Phase { until, posture: state.posture() });
            state.factor = BasisPoints(state.factor.0.saturating_sub(params.factor_step.0)).max(BasisPoints::ONE);
            state.leverage_max = state.leverage_max.saturating_add(params.leverage_step).min(params.leverage_max);
        }
        phases
    }

    fn restricts(&self, params: &CageParams) -> bool {
        self.factor > BasisPoints::ONE || self.leverage_max < params.leverage_max
    }

    /// As a posture to join with others. Calm, it restricts nothing but the cage's largest leverage.
    pub fn posture(&self) -> Posture {
        Posture { initial_margin_factor: self.factor, leverage_max: self.leverage_max, ..Posture::NORMAL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 5 % margin; 60 usual moves covered: 6 sigma-like moves times the root of 100 blocks.
    const PARAMS: CageParams = CageParams::standard(Ratio::percent(5));
    const BP: u64 = PICO / 10_000;

    #[test]
    fn a_cage_restricts_by_its_factor_or_its_leverage_and_not_when_calm() {
        let calm = Cage::calm(&PARAMS, 0);
        assert!(!calm.restricts(&PARAMS));
        assert!(Cage { factor: BasisPoints(10_001), ..calm }.restricts(&PARAMS));
        assert!(Cage { leverage_max: calm.leverage_max - 1, ..calm }.restricts(&PARAMS));
    }

    #[test]
    fn a_cage_is_checked_at_its_bounds() {
        let factor = |factor_max| Cage::checked(&CageParams { factor_max: BasisPoints(factor_max), ..PARAMS });
        assert_eq!([10_000, 10_001].map(factor), [Ok(()), Ok(())]);
        let below = factor(9_999).unwrap_err().to_string();
        assert!(below.contains("at least 10000") && below.contains("9999"), "{below}");
        assert!(factor(1).is_err());
        let with = |leverage_min, leverage_max| Cage::checked(&CageParams { leverage_min, leverage_max, ..PARAMS });
        for (leverage_min, leverage_max) in [(100, 100), (300, 2_000), (100, u16::MAX - 1)] {
            assert_eq!(with(leverage_min, leverage_max), Ok(()));
        }
        for (leverage_min, leverage_max) in [(99, 2_000), (300, 299), (300, u16::MAX)] {
            let refused = with(leverage_min, leverage_max).unwrap_err();
            assert!(matches!(refused, RiskError::OutOfBounds { what: "leverages of a cage", .. }), "{refused:?}");
        }
        for (factor_step, leverage_step) in [(0, 100), (1_000, 0)] {
            let steps = CageParams { factor_step: BasisPoints(factor_step), leverage_step, ..PARAMS };
            let refused = Cage::checked(&steps).unwrap_err();
            assert!(matches!(refused, RiskError::OutOfBounds { what: "steps of a cage", .. }), "{refused:?}");
        }
    }

    #[test]
    fn volatility_and_concentration_ask_for_margin() {
        for (name, scale, concentration, wanted) in [
            ("calm: the market's own", 5 * BP, 0, 500), // 60 * 5 bp = 3 %
            ("60 * 15 bp = 9 %", 15 * BP, 0, 900),
            ("free concentration", 15 * BP, 20, 900),
            ("half of a side: + 10 % * 0.3", 15 * BP, 50, 1_200),
        ] {
            let margin = Cage::wanted_margin(scale, Ratio::percent(concentration), &PARAMS);
            assert_eq!(margin, Ok(Ratio::from_basis_points(wanted)), "{name}");
        }
    }

    #[test]
    fn it_shrinks_at_once_and_grows_one_step_each_time_to_live() {
        let calm = Cage::calm(&PARAMS, 0);
        assert_eq!(calm.after(5 * BP, Ratio::ZERO, 10, &PARAMS), Ok(calm));
        // 9 % of margin: factor 1.8, leverage 11.11.
        let tight = calm.after(15 * BP, Ratio::ZERO, 10, &PARAMS).unwrap();
        assert_eq!(tight, Cage { factor: BasisPoints(18_000), leverage_max: 1_111, changed_at: 10 });
        assert_eq!(tight.after(0, Ratio::ZERO, 3_609, &PARAMS), Ok(tight));
        let step = tight.after(0, Ratio::ZERO, 3_610, &PARAMS).unwrap();
        assert_eq!(step, Cage { factor: BasisPoints(17_000), leverage_max: 1_211, changed_at: 3_610 });
        assert_eq!(step.after(0, Ratio::ZERO, 3_611, &PARAMS), Ok(step));
        // The cage's walls.
        let wall = step.after(PICO, Ratio::ONE, 3_612, &PARAMS).unwrap();
        assert_eq!(wall, Cage { factor: BasisPoints(40_000), leverage_max: 300, changed_at: 3_612 });
        assert!(wall.posture().is_at_least_as_tight_as(step.posture()));
    }

    #[test]
    fn it_announces_its_steps_and_no_more_than_a_restriction_holds() {
        let calm = Cage::calm(&PARAMS, 10);
        assert_eq!(calm.phases(&PARAMS), []);
        let two = Cage { factor: BasisPoints(12_000), ..calm };
        let step = |until, factor| Phase { until, posture: Cage { factor: BasisPoints(factor), ..calm }.posture() };
        assert_eq!(two.phases(&PARAMS), [step(3_610, 12_000), step(7_210, 11_000)]);
        let many = Cage { factor: BasisPoints(40_000), ..calm }.phases(&PARAMS);
        assert_eq!((many.len(), many[PHASES_MAX - 1].clone()), (PHASES_MAX, step(10 + 6 * 3_600, 35_000)));
    }

    proptest! {
        #[test]
        fn it_stays_in_its_cage_never_loosens_early_and_comes_back(
            steps in prop::collection::vec((0u64..100 * BP, 0u32..=100, 0u64..5_000), 1..60),
        ) {
            let mut cage = Cage::calm(&PARAMS, 0);
            let mut now = 0;
            for (scale, concentration, elapsed) in steps {
                now += elapsed;
                let next = cage.after(scale, Ratio::percent(concentration), now, &PARAMS).unwrap();
                prop_assert!((BasisPoints::ONE..=PARAMS.factor_max).contains(&next.factor));
                prop_assert!((PARAMS.leverage_min..=PARAMS.leverage_max).contains(&next.leverage_max));
                if now < cage.changed_at + PARAMS.ttl_seconds {
                    prop_assert!(next.posture().is_at_least_as_tight_as(cage.posture()));
                }
                prop_assert!(next.factor.0 + PARAMS.factor_step.0 >= cage.factor.0);
                cage = next;
            }
            for _ in 0..60 {
                now += PARAMS.ttl_seconds;
                cage = cage.after(0, Ratio::ZERO, now, &PARAMS).unwrap();
            }
            prop_assert_eq!((cage.factor, cage.leverage_max), (BasisPoints::ONE, PARAMS.leverage_max));
        }

        /// What was announced holds at least, at every later moment, whatever is seen meanwhile.
        #[test]
        fn a_later_state_never_permits_more_than_was_announced(
            steps in prop::collection::vec((0u64..100 * BP, 0u32..=100, 1u64..5_000), 1..30),
        ) {
            let mut cage = Cage::calm(&PARAMS, 0);
            let mut now = 0;
            let at = |cage: &Cage, time| {
                crate::posture::phase_at(&cage.phases(&PARAMS), time).map_or(Posture::NORMAL, |phase| phase.posture)
            };
            for (scale, concentration, elapsed) in steps {
                now += elapsed;
                let next = cage.after(scale, Ratio::percent(concentration), now, &PARAMS).unwrap();
                for time in (0..40).map(|step| now + step * 700) {
                    prop_assert!(at(&next, time).is_at_least_as_tight_as(at(&cage, time)), "at {time}: {next:?} after {cage:?}");
                }
                cage = next;
            }
        }

        #[test]
        fn the_largest_figures_are_an_answer(scale: u64, concentration in 0u128..=ONE, now: u64, changed_at: u64) {
            let cage = Cage { factor: BasisPoints(u16::MAX), leverage_max: 1, changed_at };
            prop_assert!(cage.after(scale, Ratio::from_atoms(concentration), now, &PARAMS).is_ok());
        }
    }
}
