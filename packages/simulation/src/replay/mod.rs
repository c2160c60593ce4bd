//! One run: the World, driven point by point along a series of bars.
//!
//! ```text
//! until the point's time:   keepers' messages that are due arrive in their blocks
//! at the point's time:      the feeders report; the oracle publishes, the breaker evaluates, all in that transaction
//!                           the keepers look (and are in a block later), the agents who are due act in the same block
//! ```
//!
//! An order that is placed here executes at a later point's price, when a keeper gets to it: the vault's rule, not
//! ours.
//!
//! Protected and unprotected runs are this very code. The one difference is [`Plan::protected`], which turns the
//! breaker's rules on or off when the suite is set up, and with them the keepers' step down for a thin fund.

mod act;
mod facts;
mod levels;
mod venue;

use crate::agents::{self, Keepers, MarketView, Provider, Trader, WindowHigh};
use crate::error::InputError;
use crate::figures::Figures;
use crate::mirror::Mirror;
use crate::parameters::Parameters;
use crate::prices::{as_float, path_of, Point, Series};
use crate::timeline::Timeline;
use firebreak_messages::derivatives_vault::OrderId;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Level, Price};
use firebreak_testing::World;
use std::collections::HashMap;
use std::time::Instant;

/// Seconds for which keepers still work after the last price.
const AFTERMATH_SECONDS: u64 = 60;
/// Points between two calls of the progress callback.
const PROGRESS_EVERY: u64 = 64;

/// Everything that decides a run.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    pub series: &'a Series,
    pub parameters: &'a Parameters,
    pub market: &'a str,
    pub protected: bool,
    pub slow_keepers: bool,
    pub seed: u64,
    pub traders: u32,
}

/// What a run leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub figures: Figures,
    pub timeline: Timeline,
    /// The first violations of invariants, as texts.
    pub violations: Vec<String>,
    /// When each trader first tried to place an order: alike in both runs.
    pub first_orders: Vec<Option<u64>>,
    pub liquidity: Liquidity,
    /// Accounts that the vault would still liquidate when the figures were read: what they may lose is in no figure.
    pub liquidatable: usize,
}

/// What the providers did. Without it a pool's equity says little: it falls when they leave, whatever they earned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Liquidity {
    pub taken_out: Amount,
    pub brought_back: Amount,
}

/// Runs a plan; `progress` is told how many bars are done.
///
/// Errors: [`InputError::Venue`] when the contracts refuse to be set up at the first price.
pub fn run(plan: &Plan<'_>, progress: impl Fn(u64)) -> Result<Run, InputError> {
    let started = Instant::now();
    let mut replay = Replay::new(plan)?;
    let (run, series) = (&plan.parameters.run, plan.series);
    for (index, bar) in series.bars.iter().enumerate() {
        let seconds = series.seconds_of(index);
        let points = path_of(bar, seconds, run.report_interval_seconds, run.points_per_bar_max);
        let horizon = seconds.div_ceil(points.len().max(1) as u64);
        for point in points {
            replay.step(point, horizon);
        }
        if (index as u64).is_multiple_of(PROGRESS_EVERY) {
            progress(index as u64);
        }
    }
    let result = replay.finish(started);
    progress(series.bars.len() as u64);
    Ok(result)
}

/// An order that waits, as its agent remembers it.
#[derive(Debug, Clone)]
struct Pending {
    trader: usize,
    placed_at: u64,
    notional: Amount,
}

struct Actor {
    name: String,
    next_decision: u64,
}

struct Replay<'a> {
    plan: Plan<'a>,
    world: World,
    market: MarketId,
    traders: Vec<(Actor, Trader)>,
    providers: Vec<(Actor, Provider)>,
    /// What each provider took out and may bring back.
    withdrawn: Vec<Amount>,
    keepers: Keepers,
    mirror: Mirror,
    pending: HashMap<OrderId, Pending>,
    recent: WindowHigh,
    day: WindowHigh,
    price: Price,
    published_at: u64,
    sweep_at: u64,
    level: Level,
    figures: Figures,
    timeline: Timeline,
    first_orders: Vec<Option<u64>>,
    liquidity: Liquidity,
}

impl<'a> Replay<'a> {
    fn new(plan: &Plan<'a>) -> Result<Self, InputError> {
        let (parameters, series) = (plan.parameters, plan.series);
        let (world, market) = venue::set_up(plan)?;
        let starts_at = series.starts_at();
        let spread = |index: usize, interval: u64| starts_at + (index as u64 * 37) % interval;
        let traders: Vec<(Actor, Trader)> =
            agents::traders(parameters, plan.seed, plan.traders, starts_at, series.seconds())
                .into_iter()
                .enumerate()
                .map(|(index, trader)| {
                    let next_decision = spread(index, parameters.run.decision_interval_seconds);
                    (Actor { name: format!("trader-{index}"), next_decision }, trader)
                })
                .collect();
        let providers: Vec<(Actor, Provider)> = agents::providers(parameters, plan.seed)
            .into_iter()
            .enumerate()
            .map(|(index, provider)| {
                let next_decision = spread(index, parameters.providers.decision_interval_seconds);
                (Actor { name: venue::provider_name(index), next_decision }, provider)
            })
            .collect();
        let keepers = if plan.slow_keepers { &parameters.slow_keepers } else { &parameters.keepers };
        let mirror = Mirror::new(traders.iter().map(|(actor, _)| world.address(&actor.name).to_string()));
        let price = world.last_price(market);
        let mut replay = Self {
            plan: *plan,
            market,
            withdrawn: vec![Amount::ZERO; providers.len()],
            traders,
            providers,
            keepers: Keepers::new(keepers.clone(), parameters.run.block_seconds),
            mirror,
            pending: HashMap::new(),
            recent: WindowHigh::new(parameters.dip_buyers.window_seconds),
            day: WindowHigh::new(parameters.providers.price_window_seconds),
            price,
            published_at: 0,
            sweep_at: starts_at + parameters.venue.sweep_interval_seconds,
            level: Level::Normal,
            figures: Figures::default(),
            timeline: Timeline::default(),
            first_orders: vec![None; plan.traders as usize],
            liquidity: Liquidity::default(),
            world,
        };
        replay.figures.pool_equity_start = replay.pool_equity();
        replay.figures.insurance_start = replay.insurance();
        Ok(replay)
    }

    /// One report of the feeders and everything up to it. `horizon`: seconds until the next one is expected.
    fn step(&mut self, point: Point, horizon: u64) {
        self.let_keepers_work(point.at);
        self.pass_time(point.at);
        self.report(point);
        let view = self.view(point);
        self.let_keepers_look(&view, horizon);
        self.let_traders_act(&view);
        self.let_providers_act(&view);
    }

    fn view(&mut self, point: Point) -> MarketView {
        let price = as_float(point.price);
        MarketView {
            now: point.at,
            price,
            recent_high: self.recent.push(point.at, price),
            day_high: self.day.push(point.at, price),
        }
    }

    /// Messages of keepers that are in a block until then.
    fn let_keepers_work(&mut self, until: u64) {
        while let Some((due, work)) = self.keepers.next_until(until) {
            self.pass_time(due);
            self.work(work);
        }
    }

    fn finish(mut self, started: Instant) -> Run {
        self.settle();
        self.sum_up(started)
    }

    /// The aftermath, before any figure of the end is read: a pool read earlier would be without the losses that
    /// `deficit` and `paid_by` have.
    ///
    /// The last price stands. The feeders report it once more when the series ends, which makes it the vault's if it
    /// was a jump, so that keepers can act on it; and after them, since a pool is valued at a fresh price only.
    fn settle(&mut self) {
        let ends_at = self.plan.series.ends_at();
        let point = Point { at: ends_at, price: self.price };
        self.let_keepers_work(point.at);
        self.pass_time(point.at);
        self.report(point);
        let view = self.view(point);
        self.let_keepers_look(&view, AFTERMATH_SECONDS);
        let point = Point { at: ends_at + AFTERMATH_SECONDS, ..point };
        self.let_keepers_work(point.at);
        self.pass_time(point.at);
        self.report(point);
        self.world.check_everything();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Bar;
    use crate::scenarios::Scenario;
    use firebreak_messages::derivatives_vault::{AccountResponse, QueryMsg};
    use firebreak_messages::oracle::Validity;
    use firebreak_testing::Code;

    fn plan_of<'a>(series: &'a Series, parameters: &'a Parameters, seed: u64) -> Plan<'a> {
        Plan { series, parameters, market: "BTC", protected: false, slow_keepers: true, seed, traders: 60 }
    }

    /// Forty quiet minutes at 1,000, then `minutes` at 450: further than the oracle takes at once, so that the first
    /// round of it is invalid and the second one valid.
    fn jump(minutes: u64) -> Series {
        let price = |minute| Price::from_units(if minute < 40 { 1_000 } else { 450 });
        let flat = |minute| Bar {
            at: 1_600_000_000 + 60 * minute,
            open: price(minute),
            high: price(minute),
            low: price(minute),
            close: price(minute),
        };
        Series::new("jump".into(), (0..40 + minutes).map(flat).collect())
    }

    /// Compares the mirror with the vault's answers about everybody.
    fn liquidatable(replay: &Replay<'_>) -> usize {
        let mut seen = 0;
        for number in 0..replay.traders.len() {
            let account = replay.world.account_id(&format!("trader-{number}"));
            let answer: AccountResponse = replay.world.query(Code::Vault, &QueryMsg::Account { account });
            let known = replay.mirror.held(number).is_liquidatable;
            assert_eq!(answer.liquidatable, known, "trader {number} at {}", replay.world.now());
            seen += usize::from(known);
        }
        seen
    }

    /// Steps through all points; what each of them left behind is shown to `look`.
    fn follow(replay: &mut Replay<'_>, series: &Series, mut look: impl FnMut(&Replay<'_>, Point)) {
        for (index, bar) in series.bars.iter().enumerate() {
            for point in path_of(bar, series.seconds_of(index), 15, 60) {
                replay.step(point, 15);
                look(replay, point);
            }
        }
    }

    /// The mirror asks about few accounts; it must not miss one that the vault would liquidate.
    #[test]
    fn keepers_see_every_account_that_may_be_liquidated() {
        let (series, parameters) = (Scenario::GapStress.series(5), Parameters::committed().unwrap());
        let mut replay = Replay::new(&plan_of(&series, &parameters, 5)).unwrap();
        let mut seen = 0;
        follow(&mut replay, &series, |replay, _| seen += liquidatable(replay));
        assert!(seen > 0);
    }

    #[test]
    fn keepers_see_them_at_the_first_valid_round_after_an_invalid_one() {
        let (series, parameters) = (jump(3), Parameters::committed().unwrap());
        let mut replay = Replay::new(&plan_of(&series, &parameters, 3)).unwrap();
        let jump_at = series.bars[40].at;
        let (mut rounds, mut at_once) = (vec![], 0);
        follow(&mut replay, &series, |replay, point| {
            let seen = liquidatable(replay);
            if point.at >= jump_at {
                rounds.push(replay.world.price_record(replay.market).unwrap().latest().unwrap().validity);
            }
            if point.at == jump_at + 15 {
                at_once = seen;
            }
        });
        assert_eq!(rounds[..3], [Validity::Invalid, Validity::Valid, Validity::Valid]);
        assert!(at_once > 10, "{at_once} of 60 traders");
        assert!(replay.figures.liquidations > 0, "within the three minutes, though keepers are a minute late");
    }

    #[test]
    fn a_crash_in_the_last_bar_is_in_every_figure_of_the_end() {
        // One point only at the new price: the series ends with an invalid round.
        let (series, parameters) = (jump(1), Parameters::committed().unwrap());
        let mut replay = Replay::new(&plan_of(&series, &parameters, 3)).unwrap();
        let jump_at = series.bars[40].at;
        for (index, bar) in series.bars.iter().enumerate() {
            for point in path_of(bar, series.seconds_of(index), 15, 60).into_iter().filter(|one| one.at <= jump_at) {
                replay.step(point, 15);
            }
        }
        assert_eq!(replay.world.price_record(replay.market).unwrap().latest().unwrap().validity, Validity::Invalid);
        assert_eq!(replay.figures.liquidations, 0);
        replay.settle();

        // The last price is the vault's, and the pool is valued at it.
        let market = replay.world.market(replay.market).state;
        assert_eq!(market.mark_price, Price::from_units(450));
        let value = replay.world.pool().value.expect("the price is valid").deposit;
        let (losses, insurance) = (replay.world.loss_record(), replay.insurance());
        let left = (0..60).filter(|number| replay.world.account(&format!("trader-{number}")).liquidatable).count();
        let run = replay.sum_up(Instant::now());
        let figures = &run.figures;
        assert!(figures.liquidations > 0 && figures.deficit > Amount::ZERO);
        assert_eq!((figures.pool_equity_end, figures.insurance_end), (value, insurance));
        assert_eq!((figures.deficit, figures.paid_by.total()), (losses.deficit, losses.deficit.atoms()));
        // A keeper that is a minute late has one block within the aftermath: two accounts for each of its messages.
        assert_eq!(run.liquidatable, left);
        assert!(left > 0);
    }
}
