//! `firebreak detect`: the detectors on a file of prices.
//!
//! A bar becomes four observations, its open, its extremes in the order of its direction, and its close. More points in between would
//! be straight lines, which no market moves in and which a detector of direction would take for an attack.

use crate::prices::{as_float, path_of, Series};
use crate::suite::{Suite, SuiteParams};
use firebreak_risk::detect::{
    Flow, IntensityParams, MarketDetectors, Money, Observation, SolvencyRule, MILLION, TIER_HOUR,
};
use firebreak_risk::{Amount, Level, Price, Ratio, RiskError, ONE};

/// Observations of one bar.
const POINTS: u64 = 4;
/// A month, for rates of alarms.
const MONTH_SECONDS: f64 = 30.0 * 86_400.0;

/// One observation and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoursePoint {
    pub at: u64,
    pub price: f64,
    pub level: Level,
    /// Evidence of the price, in whole numbers: a threshold it reaches is one false alarm in as many blocks.
    pub evidence: u64,
    /// In shares of maintenance margin.
    pub hour_move: f64,
    pub factor: f64,
    /// Hundredths.
    pub leverage_max: u16,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub at: u64,
    pub price: f64,
    pub level: Level,
    pub cause: &'static str,
    pub hour_move: f64,
    pub evidence: u64,
}

/// What the detectors did with a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub name: String,
    pub points: Vec<CoursePoint>,
    pub alarms: Vec<Alarm>,
    /// Blocks from the first observation at which a bar had moved by more than half the maintenance margin to a restriction;
    /// `None` without such a bar.
    pub restricted_after: Option<u64>,
}

impl Course {
    /// From, to and level of each stretch between changes.
    pub fn stretches(&self) -> Vec<(u64, u64, Level)> {
        let mut stretches: Vec<(u64, u64, Level)> = vec![];
        for point in &self.points {
            match stretches.last_mut() {
                Some((_, to, level)) if *level == point.level => *to = point.at,
                Some((_, to, _)) => {
                    *to = point.at;
                    stretches.push((point.at, point.at, point.level));
                }
                None => stretches.push((point.at, point.at, point.level)),
            }
        }
        stretches
    }

    /// Share of the time at each of `Normal`, `Guarded`, `ReduceOnly`.
    pub fn uptime(&self) -> [f64; 3] {
        let mut seconds = [0f64; 3];
        for (from, to, level) in self.stretches() {
            let index = match level {
                Level::Normal => 0,
                Level::Guarded => 1,
                Level::ReduceOnly | Level::Frozen | Level::Settlement => 2,
            };
            seconds[index] += (to - from) as f64;
        }
        let total: f64 = seconds.iter().sum();
        seconds.map(|seconds| if total > 0.0 { seconds / total } else { 0.0 })
    }

    pub fn seconds(&self) -> u64 {
        match (self.points.first(), self.points.last()) {
            (Some(first), Some(last)) => last.at - first.at,
            _ => 0,
        }
    }

    /// Alarms that reached a level, a month.
    pub fn alarms_a_month(&self, level: Level) -> f64 {
        let alarms = self.alarms.iter().filter(|alarm| alarm.level >= level).count() as f64;
        alarms * MONTH_SECONDS / (self.seconds() as f64).max(1.0)
    }
}

/// Runs the suite over a series.
///
/// Errors: [`RiskError`]; a series of rising times and positive prices causes none.
pub fn run(series: &Series, params: &SuiteParams) -> Result<Course, RiskError> {
    let mut suite = Suite::new(*params);
    let margin = as_ratio(params.solvency.maintenance_margin_ratio);
    let mut course = Course { name: series.name.clone(), points: vec![], alarms: vec![], restricted_after: None };
    let mut last_at = 0;
    let mut half_margin_at: Option<u64> = None;
    for (index, bar) in series.bars.iter().enumerate() {
        let seconds = series.seconds_of(index);
        let (mut low, mut high) = (bar.open, bar.open);
        for point in path_of(bar, seconds, seconds.div_ceil(POINTS), POINTS) {
            if point.at <= last_at {
                continue;
            }
            last_at = point.at;
            let observation = Observation { at: point.at, price: point.price, band: None, flow: None };
            let seen = suite.observe(&observation, &Money::default(), Ratio::ZERO)?;
            let (rule, asked, _) = seen.verdict.harshest();
            let hour_move = as_ratio(seen.verdict.rules[0].2);
            let evidence = seen.evidence.hard.whole();
            if seen.tripped {
                let cause = if asked == seen.level { rule_name(rule) } else { "surprise" };
                let price = as_float(point.price);
                course.alarms.push(Alarm { at: point.at, price, level: seen.level, cause, hour_move, evidence });
            }
            // From the bar's own earlier extremes, as the rule counts: a fall from its high, a rise from its low.
            let (at_low, at_high, now) = (as_float(low), as_float(high), as_float(point.price));
            if half_margin_at.is_none() && (now / at_low - 1.0).max(1.0 - now / at_high) > margin / 2.0 {
                half_margin_at = Some(point.at);
            }
            (low, high) = (low.min(point.price), high.max(point.price));
            if let (Some(since), None) = (half_margin_at, course.restricted_after) {
                if seen.level > Level::Normal {
                    course.restricted_after = Some((point.at - since).div_ceil(params.detectors.block_seconds));
                }
            }
            course.points.push(CoursePoint {
                at: point.at,
                price: as_float(point.price),
                level: seen.level,
                evidence,
                hour_move,
                factor: f64::from(seen.cage.factor.0) / 10_000.0,
                leverage_max: seen.cage.leverage_max,
            });
        }
    }
    if half_margin_at.is_some() && course.restricted_after.is_none() {
        course.restricted_after = Some(u64::MAX);
    }
    Ok(course)
}

fn as_ratio(ratio: Ratio) -> f64 {
    ratio.atoms() as f64 / ONE as f64
}

pub fn rule_name(rule: SolvencyRule) -> &'static str {
    match rule {
        SolvencyRule::HourMove => "move within an hour",
        SolvencyRule::DayMove => "move within a day",
        SolvencyRule::Liquidations => "liquidations",
        SolvencyRule::PoolDrawdown => "pool drawdown",
        SolvencyRule::Outflow => "outflow",
        SolvencyRule::FundDrawdown => "fund drawdown",
        SolvencyRule::BadDebt => "bad debt",
    }
}

/// What it costs to keep a market restricted, units of the settlement coin per hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AttackCost {
    /// By one-sided trade in many accounts: fees.
    pub by_flow: f64,
    /// Blocks of such trade until the market is guarded.
    pub flow_blocks: u32,
    /// By pushing the price of the underlying markets: impact, lost when the price comes back.
    pub by_price: f64,
}

/// The cheapest way to `Guarded` through each channel, repeated for an hour.
///
/// `fee_ratio` is the taker's; `depth` is what moves the underlying price by one percent, in units, in proportion.
pub fn attack_cost(params: &SuiteParams, fee_ratio: f64, depth: f64) -> AttackCost {
    let hold = params.reflex.hold_seconds as f64;
    let turnover = params.detectors.one_sided.turnover_full;
    let mut market = MarketDetectors::default();
    let flow = Flow { orders: calm_orders(&params.detectors.intensity), bought: turnover, sold: Amount::ZERO };
    let mut blocks = 0;
    let mut at = 1_700_000_000;
    // Bounded: evidence of a constant siege grows by more than a third a block.
    while blocks < 10_000 {
        blocks += 1;
        at += params.detectors.block_seconds;
        let observation = Observation { at, price: Price::from_units(1), band: None, flow: Some(flow) };
        let reached = market.update(&observation, &params.detectors).map(|evidence| evidence.all.reaches(TIER_HOUR));
        if reached.unwrap_or(true) {
            break;
        }
    }
    let spent = f64::from(blocks) * turnover.atoms() as f64 / f64::from(MILLION) * fee_ratio;
    let move_percent =
        100.0 * as_ratio(params.solvency.hour_move.guarded) * as_ratio(params.solvency.maintenance_margin_ratio);
    let episodes = 3_600.0 / hold;
    AttackCost {
        by_flow: spent * episodes,
        flow_blocks: blocks,
        // A price moved in proportion costs half the move on all that was bought.
        by_price: depth * move_percent * (move_percent / 100.0) / 2.0 * episodes,
    }
}

/// Orders that no intensity rule minds.
fn calm_orders(params: &IntensityParams) -> u32 {
    u32::try_from(params.baseline_min >> firebreak_risk::detect::RATE_BITS).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::minutes;

    fn params() -> SuiteParams {
        SuiteParams::standard(Ratio::from_basis_points(250)).unwrap()
    }

    #[test]
    fn a_flat_market_raises_no_alarm_and_is_always_open() {
        let course = run(&minutes(&[(10_000, 10_001, 9_999, 10_000); 600]), &params()).unwrap();
        assert_eq!((course.alarms.len(), course.uptime(), course.restricted_after), (0, [1.0, 0.0, 0.0], None));
    }

    #[test]
    fn a_crash_is_restricted_with_the_observation_that_shows_it() {
        let mut bars = vec![(10_000, 10_001, 9_999, 10_000); 600];
        bars.extend([(10_000, 10_000, 9_700, 9_720), (9_720, 9_730, 9_300, 9_300)]);
        bars.extend([(9_300, 9_301, 9_299, 9_300); 200]);
        let course = run(&minutes(&bars), &params()).unwrap();
        assert_eq!(course.restricted_after, Some(0));
        assert!(course
            .alarms
            .iter()
            .any(|alarm| alarm.level == Level::ReduceOnly && alarm.cause == "move within an hour"));
        // It ends.
        assert_eq!(course.points.last().map(|point| point.level), Some(Level::Normal));
        let [normal, guarded, reduce_only] = course.uptime();
        assert!(normal > 0.8 && guarded > 0.0 && reduce_only > 0.0);
    }

    #[test]
    fn restricting_costs_more_the_deeper_the_market_and_the_higher_the_fee() {
        let cost = |fee, depth| attack_cost(&params(), fee, depth);
        assert!(
            cost(0.001, 1e6).by_flow > cost(0.0005, 1e6).by_flow
                && cost(0.0005, 2e6).by_price > cost(0.0005, 1e6).by_price
        );
        // 10,000 units a block, 0.05 %: 5 a block.
        let one = cost(0.0005, 1e6);
        assert!((one.by_flow - f64::from(one.flow_blocks) * 5.0 * 12.0).abs() < 1e-6);
    }
}
