//! One history: a World, a seed, and what happened in it so far.

use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Ratio, Rounding, Size};
use firebreak_testing::*;
use std::collections::{BTreeMap, VecDeque};

pub const TRADERS: usize = 6;
pub const PROVIDERS: usize = 3;
pub const STAKERS: usize = 2;
/// Steps that a failure prints.
const REMEMBERED: usize = 16;

/// A kind of step: how often it is drawn, and what it does. Whether it went through is all it returns: a refusal is no failure,
/// but a kind that never succeeds shows nothing.
pub struct Kind {
    pub name: &'static str,
    pub weight: u64,
    pub step: fn(&mut Machine) -> bool,
}

pub const fn kind(name: &'static str, weight: u64, step: fn(&mut Machine) -> bool) -> Kind {
    Kind { name, weight, step }
}

/// How often each kind was drawn and went through.
#[derive(Debug, Default)]
pub struct Counts(pub BTreeMap<&'static str, (u64, u64)>);

pub struct Machine {
    pub world: World,
    pub dice: Dice,
    pub counts: Counts,
    start: Moment,
    seed: u64,
    steps: u64,
    last: VecDeque<String>,
}

impl Machine {
    pub fn new(world: World) -> Self {
        let start = world.moment();
        Self { world, dice: Dice::new(0), counts: Counts::default(), start, seed: 0, steps: 0, last: VecDeque::new() }
    }

    /// A history of its own: from the start, by this seed.
    pub fn run(&mut self, kinds: &[Kind], seed: u64, steps: u64) {
        self.world.go_back_to(&self.start);
        self.dice = Dice::new(seed);
        self.seed = seed;
        self.last.clear();
        let weights: u64 = kinds.iter().map(|kind| kind.weight).sum();
        for step in 0..steps {
            self.steps = step;
            let mut drawn = self.dice.below(weights);
            let kind = kinds.iter().find(|kind| {
                let found = drawn < kind.weight;
                drawn = drawn.saturating_sub(kind.weight);
                found
            });
            let kind = kind.unwrap_or_else(|| panic!("the weights add up"));
            if self.last.len() == REMEMBERED {
                self.last.pop_front();
            }
            self.last.push_back(format!("{step}: {} at {}", kind.name, self.world.now()));
            let done = (kind.step)(self);
            let count = self.counts.0.entry(kind.name).or_default();
            count.0 += 1;
            count.1 += u64::from(done);
        }
        self.world.check_everything();
    }

    pub fn market(&mut self) -> MarketId {
        if self.dice.one_in(4) {
            ETH
        } else {
            BTC
        }
    }

    pub fn trader(&mut self) -> String {
        trader(self.dice.below(TRADERS as u64) as usize)
    }

    pub fn provider(&mut self) -> String {
        provider(self.dice.below(PROVIDERS as u64) as usize)
    }

    pub fn staker(&mut self) -> String {
        format!("staker-{}", self.dice.below(STAKERS as u64))
    }

    /// Both signs; worth up to 300,000 at the first prices, now and then dust or too much.
    pub fn size(&mut self, market: MarketId) -> Size {
        let thousandths = match self.dice.below(12) {
            0 => self.dice.between(-200_000, 200_000),
            1 => self.dice.between(-1, 1),
            _ => self.dice.between(-5_000, 5_000),
        };
        let atoms = i128::from(if thousandths == 0 { 1 } else { thousandths }) * 1_000_000_000_000_000;
        Size::from_atoms(if market == ETH { atoms * 20 } else { atoms })
    }

    /// A share of an amount, in hundredths.
    pub fn part_of(&mut self, amount: Amount) -> Amount {
        let share = self.dice.between(1, 100) as u32;
        amount.times(Ratio::percent(share), Rounding::Floor).unwrap_or(Amount::ZERO)
    }

    pub fn part_of_atoms(&mut self, atoms: u128) -> u128 {
        atoms * self.dice.between(1, 100) as u128 / 100
    }

    /// The last price moved by some hundredths of a percent; back towards where it began when it has gone far.
    pub fn moved(&mut self, market: MarketId, most_bps: i64) -> Price {
        let last = self.world.last_price(market);
        let first = if market == ETH { price("3000") } else { price("60000") };
        let bps = self.dice.between(1, most_bps) as u32;
        let by = last.times(Ratio::from_basis_points(bps), Rounding::Floor).unwrap_or(Price::ZERO);
        let far_up = last.atoms() > first.atoms() * 2;
        let far_down = last.atoms() * 2 < first.atoms();
        let up = far_down || (!far_up && self.dice.one_in(2));
        if up { last.plus(by) } else { last.minus(by) }.unwrap_or(last)
    }
}

impl Drop for Machine {
    /// A violation panics inside a step: what led to it, and how to see it again.
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last: Vec<&str> = self.last.iter().map(String::as_str).collect();
            eprintln!("seed {}, step {}; the last steps:\n{}", self.seed, self.steps, last.join("\n"));
        }
    }
}

pub fn trader(index: usize) -> String {
    format!("trader-{index}")
}

pub fn provider(index: usize) -> String {
    format!("provider-{index}")
}
