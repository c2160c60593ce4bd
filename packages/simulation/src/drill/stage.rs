//! The chain of one run, and its timeline.

use super::Drill;
use firebreak_messages::guardian::{PlaybookStarted, PlaybookStep};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Level, Price, Rounding, Size};
use firebreak_testing::{feed_of, price, Attempt, Code, Outcome, World, WorldBuilder, BTC, ETH};

/// What was seen at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Seconds since the trouble began.
    pub at: u64,
    /// Of the market in trouble.
    pub level: Level,
    pub what: String,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    pub lines: Vec<Line>,
    /// In micro-units of the settlement coin.
    pub measured: u128,
}

pub(super) struct Stage {
    pub world: World,
    /// Whether anybody runs the procedure.
    pub procedure: bool,
    drill: Drill,
    /// Whether the fallback feeders say the price.
    pub fallback: bool,
    started_at: u64,
    lines: Vec<Line>,
}

impl Stage {
    /// Builds the world; the DAO approves the playbook, in the other run one that no signal starts and nobody runs, so that both
    /// have waited as long; then five calm minutes.
    pub fn new(drill: Drill, procedure: bool, builder: WorldBuilder) -> Self {
        let world = builder.build();
        let mut stage = Self { world, procedure, drill, fallback: false, started_at: 0, lines: vec![] };
        let mut playbook = stage.world.template(BTC, drill.name());
        if !procedure {
            playbook.signals.clear();
        }
        stage.world.approve(vec![playbook]).done();
        stage.calm();
        stage
    }

    /// Means and levels settle at the prices of now.
    pub fn calm(&mut self) {
        for _ in 0..31 {
            self.advance(5);
            self.report(self.world.last_price(BTC)).done();
        }
        self.started_at = self.world.now();
    }

    pub fn begin(&mut self, what: &str) {
        self.started_at = self.world.now();
        self.note(what);
    }

    pub fn advance(&mut self, seconds: u64) {
        self.world.advance(seconds);
    }

    /// Every market at block time, from whoever says the price now; then a block.
    pub fn report(&mut self, bitcoin: Price) -> Attempt {
        let prices = [(BTC, bitcoin), (ETH, price("3000"))];
        let attempt = if self.fallback { self.fallback_reports(&prices) } else { self.world.report(&prices) };
        self.world.next_block();
        attempt
    }

    fn fallback_reports(&mut self, prices: &[(MarketId, Price)]) -> Attempt {
        let published_at = self.world.now();
        let of = |market: MarketId| {
            let found = prices.iter().find(|(named, _)| *named == market);
            found.map(|(market, price)| FeedReport { feed: feed_of(*market), price: *price, published_at })
        };
        // The other market keeps its own feeders.
        let mut attempt = self.world.report(&[(ETH, price("3000"))]);
        for feeder in 0..3 {
            let msg = OracleMsg::Report { reports: of(BTC).into_iter().collect() };
            let name = format!("fallback-{feeder}");
            if attempt.is_done() {
                attempt = self.world.send(&name, Code::Oracle, &msg, Amount::ZERO);
            }
        }
        attempt
    }

    /// The council runs the procedure, where there is one.
    pub fn run_procedure(&mut self) {
        if !self.procedure {
            self.note("nobody runs a procedure");
            return;
        }
        let outcome = self.world.run_playbook(self.drill.name()).done();
        self.note_steps("the council runs it", &outcome);
    }

    /// The steps of a run that has just begun.
    pub fn note_steps(&mut self, who: &str, outcome: &Outcome) {
        let steps: Vec<String> =
            outcome.facts::<PlaybookStep>().iter().map(|step| format!("step {} {}", step.step, step.outcome)).collect();
        if outcome.has::<PlaybookStarted>() {
            self.note(&format!("{who}: {}", steps.join(", ")));
        }
    }

    pub fn note(&mut self, what: &str) {
        let level = self.world.effective(BTC).posture.level;
        self.lines.push(Line { at: self.world.now() - self.started_at, level, what: what.into() });
    }

    pub fn end(self, measured: u128) -> Course {
        Course { lines: self.lines, measured }
    }

    /// What a size is worth at the last price, micro-units. Rounding: down.
    pub fn worth(&self, size: Size) -> u128 {
        let notional = size.notional(self.world.last_price(BTC), Rounding::Floor);
        notional.map(Amount::atoms).unwrap_or_default()
    }

    /// The larger side of the market.
    pub fn open_interest(&self) -> Size {
        let market = self.world.market(BTC);
        market.open_interest_long.max(market.open_interest_short)
    }
}
