//! `firebreak detect`: a file of prices through the circuit breaker.
//!
//! A bar becomes four observations, its open, its extremes in the order of its direction, and its close. More points in between would
//! be straight lines, which no market moves in and which a detector of direction would take for an attack.

use crate::breaker::{level_of, Host};
use crate::prices::{as_float, path_of, Series};
use firebreak_messages::circuit_breaker::{GuardConfig, LadderStep, PostureRecord, RuleConfig, RuleMode};
use firebreak_messages::{RuleId, Source};
use firebreak_risk::detect::{evidence_score, Flow, IntensityParams, MarketDetectors, Observation, MILLION};
use firebreak_risk::{Amount, Level, Price, Ratio, ONE};
use std::time::{Duration, Instant};

/// Observations of one bar.
const POINTS: u64 = 4;
/// Between two looks at what is stored.
const BYTES_EVERY: usize = 1_000;
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

/// An answer of a rule that was new.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    pub at: u64,
    pub price: f64,
    pub level: Level,
    pub rule: RuleId,
    /// The rule's score.
    pub score: Ratio,
}

/// What the breaker did with a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub name: String,
    pub points: Vec<CoursePoint>,
    pub alarms: Vec<Alarm>,
    /// Times that the market's joined level rose to `Guarded`, and to `ReduceOnly`.
    pub rose: [u64; 2],
    /// Seconds at `Normal`, `Guarded`, `ReduceOnly`.
    pub held: [u64; 3],
    /// Seconds that each source restricted, whatever the others did.
    pub held_by: Vec<(Source, u64)>,
    /// Blocks from the first observation at which a bar had moved by more than half the maintenance margin to a restriction in force;
    /// `None` without such a bar, `Some(None)` when nothing was restricted.
    pub restricted_after: Option<Option<u64>>,
    /// The most that the contract stored, bytes.
    pub bytes_max: usize,
    /// All evaluations together.
    pub took: Duration,
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
        let total = self.held.iter().sum::<u64>() as f64;
        self.held.map(|seconds| if total > 0.0 { seconds as f64 / total } else { 0.0 })
    }

    pub fn seconds(&self) -> u64 {
        self.held.iter().sum()
    }

    /// What happened so many times, for a month.
    pub fn a_month(&self, times: u64) -> f64 {
        times as f64 * MONTH_SECONDS / (self.seconds() as f64).max(1.0)
    }

    /// Alarms of a rule, and of these those to `ReduceOnly`.
    pub fn alarms_of(&self, rule: RuleId) -> [u64; 2] {
        let at_least = |level| self.alarms.iter().filter(|alarm| alarm.rule == rule && alarm.level >= level).count();
        [Level::Guarded, Level::ReduceOnly].map(|level| at_least(level) as u64)
    }

    /// Counts the seconds in which a record stood as it is: phases end between observations too.
    fn hold(&mut self, record: Option<&PostureRecord>, from: u64, to: u64) {
        for second in from..to {
            self.held[place(level_of(record, second))] += 1;
        }
        for slot in record.iter().flat_map(|record| &record.restrictions) {
            let seconds = slot.phases.last().map_or(0, |phase| phase.until.min(to).saturating_sub(from));
            match self.held_by.iter_mut().find(|(source, _)| *source == slot.source) {
                Some((_, held)) => *held += seconds,
                None => self.held_by.push((slot.source, seconds)),
            }
        }
    }
}

fn place(level: Level) -> usize {
    match level {
        Level::Normal => 0,
        Level::Guarded => 1,
        Level::ReduceOnly | Level::Frozen | Level::Settlement => 2,
    }
}

/// Runs a series through the contract, four prices of each bar.
///
/// Errors: the contract's refusals, as text; a series of rising times and positive prices causes none.
pub fn run(series: &Series, guard: &GuardConfig) -> Result<Course, String> {
    let margin = as_ratio(guard.maintenance_margin_ratio);
    let params = guard.rule_set().detectors();
    let mut host = Host::new(guard.clone())?;
    let mut course = Course {
        name: series.name.clone(),
        points: vec![],
        alarms: vec![],
        rose: [0; 2],
        held: [0; 3],
        held_by: vec![],
        restricted_after: None,
        bytes_max: 0,
        took: Duration::ZERO,
    };
    let mut last: Option<(u64, Option<PostureRecord>)> = None;
    let mut half_margin_at = None;
    for (index, bar) in series.bars.iter().enumerate() {
        let seconds = series.seconds_of(index);
        let (mut low, mut high) = (bar.open, bar.open);
        for point in path_of(bar, seconds, seconds.div_ceil(POINTS), POINTS) {
            let before = match &last {
                Some((at, _)) if point.at <= *at => continue,
                Some((at, record)) => {
                    course.hold(record.as_ref(), *at, point.at);
                    level_of(record.as_ref(), point.at)
                }
                None => Level::Normal,
            };
            let began = Instant::now();
            let tripped = host.price(point.at, point.price)?;
            course.took += began.elapsed();
            let (record, book) = (host.posture(), host.book()?);
            let level = level_of(record.as_ref(), point.at);
            let price = as_float(point.price);
            course.alarms.extend(tripped.into_iter().map(|fact| Alarm {
                at: point.at,
                price,
                level: fact.level.0,
                rule: fact.rule,
                score: fact.moved,
            }));
            if level > before {
                course.rose[usize::from(level > Level::Guarded)] += 1;
            }
            // From the bar's own earlier extremes, as the rule counts: a fall from its high, a rise from its low.
            let (at_low, at_high) = (as_float(low), as_float(high));
            if half_margin_at.is_none() && (price / at_low - 1.0).max(1.0 - price / at_high) > margin / 2.0 {
                half_margin_at = Some(point.at);
                course.restricted_after = Some(None);
            }
            (low, high) = (low.min(point.price), high.max(point.price));
            if let (Some(since), Some(None)) = (half_margin_at, course.restricted_after) {
                if level > Level::Normal {
                    course.restricted_after = Some(Some((point.at - since).div_ceil(guard.block_seconds)));
                }
            }
            if course.points.len().is_multiple_of(BYTES_EVERY) {
                course.bytes_max = course.bytes_max.max(host.bytes());
            }
            let score =
                |rule| book.memories.iter().find(|memory| memory.rule == rule).map_or(0.0, |of| as_ratio(of.score));
            course.points.push(CoursePoint {
                at: point.at,
                price,
                level,
                evidence: book.detectors.evidence(&params).hard.whole(),
                hour_move: score(RuleId::HourMove),
                factor: book.cage.map_or(1.0, |cage| f64::from(cage.factor.0) / 10_000.0),
                leverage_max: book.cage.map_or(0, |cage| cage.leverage_max),
            });
            last = Some((point.at, record));
        }
    }
    course.bytes_max = course.bytes_max.max(host.bytes());
    Ok(course)
}

fn as_ratio(ratio: Ratio) -> f64 {
    ratio.atoms() as f64 / ONE as f64
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
pub fn attack_cost(guard: &GuardConfig, fee_ratio: f64, depth: f64) -> AttackCost {
    let mildest = |rule| RuleConfig::standard(rule, RuleMode::Enforce).ladder.swap_remove(0);
    let (flow_step, move_step) = (mildest(RuleId::Flow), mildest(RuleId::HourMove));
    let params = guard.rule_set().detectors();
    let turnover = params.one_sided.turnover_full;
    let mut market = MarketDetectors::default();
    let flow = Flow { orders: calm_orders(&params.intensity), bought: turnover, sold: Amount::ZERO };
    let mut blocks = 0;
    let mut at = 1_700_000_000;
    // Bounded: evidence of a constant siege grows by more than a third a block.
    while blocks < 10_000 {
        blocks += 1;
        at += params.block_seconds;
        let observation = Observation { at, price: Price::from_units(1), band: None, flow: Some(flow) };
        let score = market.update(&observation, &params).and_then(|evidence| evidence_score(evidence.all));
        if score.map_or(true, |score| score >= flow_step.threshold) {
            break;
        }
    }
    let spent = f64::from(blocks) * turnover.atoms() as f64 / f64::from(MILLION) * fee_ratio;
    let move_percent = 100.0 * as_ratio(move_step.threshold) * as_ratio(guard.maintenance_margin_ratio);
    let episodes = |step: &LadderStep| 3_600.0 / step.duration_seconds as f64;
    AttackCost {
        by_flow: spent * episodes(&flow_step),
        flow_blocks: blocks,
        // A price moved in proportion costs half the move on all that was bought.
        by_price: depth * move_percent * (move_percent / 100.0) / 2.0 * episodes(&move_step),
    }
}

/// Orders that no intensity rule minds.
fn calm_orders(params: &IntensityParams) -> u32 {
    u32::try_from(params.baseline_min >> firebreak_risk::detect::RATE_BITS).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::price_rules;
    use crate::prices::minutes;

    fn guard() -> GuardConfig {
        price_rules(Ratio::from_basis_points(250))
    }

    #[test]
    fn a_flat_market_raises_no_alarm_and_is_always_open() {
        let course = run(&minutes(&[(10_000, 10_001, 9_999, 10_000); 300]), &guard()).unwrap();
        assert_eq!((course.alarms.len(), course.uptime(), course.restricted_after), (0, [1.0, 0.0, 0.0], None));
        assert_eq!((course.rose, course.points.len()), ([0, 0], 1_200));
    }

    #[test]
    fn a_crash_is_restricted_with_the_observation_that_shows_it() {
        let mut bars = vec![(10_000, 10_001, 9_999, 10_000); 300];
        bars.extend([(10_000, 10_000, 9_700, 9_720), (9_720, 9_730, 9_300, 9_300)]);
        bars.extend([(9_300, 9_301, 9_299, 9_300); 200]);
        let course = run(&minutes(&bars), &guard()).unwrap();
        assert_eq!(course.restricted_after, Some(Some(0)));
        assert!(course.alarms_of(RuleId::HourMove)[1] >= 1 && course.rose[1] >= 1, "{:?}", course.alarms);
        // It ends: the last two hours are open again.
        assert_eq!(course.points.last().map(|point| point.level), Some(Level::Normal));
        let [normal, guarded, reduce_only] = course.uptime();
        assert!(normal > 0.8 && guarded > 0.0 && course.held[2] >= 300 && reduce_only < 0.1, "{:?}", course.held);
        assert!(course.held_by.iter().any(|(source, held)| *source == Source::Solvency && *held >= 300));
    }

    #[test]
    fn restricting_costs_more_the_deeper_the_market_and_the_higher_the_fee() {
        let cost = |fee, depth| attack_cost(&guard(), fee, depth);
        assert!(
            cost(0.001, 1e6).by_flow > cost(0.0005, 1e6).by_flow
                && cost(0.0005, 2e6).by_price > cost(0.0005, 1e6).by_price
        );
        // 10,000 units a block, 0.05 %: 5 a block.
        let one = cost(0.0005, 1e6);
        assert!((one.by_flow - f64::from(one.flow_blocks) * 5.0 * 12.0).abs() < 1e-6);
    }
}
