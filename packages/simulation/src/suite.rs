//! Every detector of one market together, as a breaker would run them: evidence, solvency, level, cage.

use firebreak_risk::detect::{
    Cage, CageParams, DetectorParams, MarketDetectors, MarketEvidence, Money, Observation, Reflex, ReflexParams,
    Solvency, SolvencyParams, SolvencyVerdict,
};
use firebreak_risk::{Level, Ratio, RiskResult};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuiteParams {
    pub detectors: DetectorParams,
    pub solvency: SolvencyParams,
    pub reflex: ReflexParams,
    pub cage: CageParams,
}

impl SuiteParams {
    /// The shipped figures for a market of this maintenance margin; initial margin is twice that.
    pub fn standard(maintenance_margin_ratio: Ratio) -> RiskResult<Self> {
        let initial_margin_ratio = maintenance_margin_ratio.plus(maintenance_margin_ratio)?;
        Ok(Self {
            detectors: DetectorParams::STANDARD,
            solvency: SolvencyParams { maintenance_margin_ratio, ..SolvencyParams::STANDARD },
            reflex: ReflexParams::STANDARD,
            cage: CageParams::standard(initial_margin_ratio),
        })
    }
}

/// The state of one market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    pub params: SuiteParams,
    pub detectors: MarketDetectors,
    pub solvency: Solvency,
    pub reflex: Reflex,
    pub cage: Option<Cage>,
}

/// What one observation led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    pub evidence: MarketEvidence,
    pub verdict: SolvencyVerdict,
    pub level: Level,
    /// The level rose with this observation.
    pub tripped: bool,
    pub cage: Cage,
}

impl Suite {
    pub fn new(params: SuiteParams) -> Self {
        Self {
            params,
            detectors: MarketDetectors::default(),
            solvency: Solvency::default(),
            reflex: Reflex::default(),
            cage: None,
        }
    }

    /// Errors: those of the detectors: time that does not grow, a price of zero.
    pub fn observe(&mut self, observation: &Observation, money: &Money, concentration: Ratio) -> RiskResult<Seen> {
        let SuiteParams { detectors, solvency, reflex, cage } = &self.params;
        let now = observation.at;
        let evidence = self.detectors.update(observation, detectors)?;
        let verdict = self.solvency.observe(now, observation.price, money, solvency)?;
        let stepped = self.reflex.after(&evidence, verdict.harshest().1, now, reflex);
        self.reflex = stepped.reflex;
        if stepped.reset {
            self.detectors.reset();
        }
        let scale = self.detectors.price.shock.scale(&detectors.price.shock);
        let before = self.cage.unwrap_or_else(|| Cage::calm(cage, now));
        let after = before.after(scale, concentration, now, cage)?;
        self.cage = Some(after);
        Ok(Seen { evidence, verdict, level: self.reflex.level, tripped: stepped.tripped, cage: after })
    }
}
