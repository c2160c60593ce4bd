//! Random histories of one side against a model that keeps every position by itself, in big integers: what a position realised over
//! its life is never more than the model's exact figure, and less than a micro-unit below it for each time it settled.

use super::*;
use bnum::BInt;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

type Wide = BInt<16>;
/// Decimals of the model: its own truncations stay far below what is compared.
const DECIMALS: u32 = 90;

fn ten(exponent: u32) -> Wide {
    Wide::TEN.pow(exponent)
}

/// One position: what it holds and what it has been paid, exact but for the 90th decimal.
#[derive(Default)]
struct Exact {
    /// Base, 90 decimals, signed.
    size: Wide,
    /// Quote, 90 decimals: proceeds less costs, funding inside.
    cash: Wide,
}

struct Holder {
    stake: PositionStake,
    exact: Exact,
    /// Micro-units that the side has paid it.
    realised: i128,
    /// Times that a figure of its own was rounded: entries, exits, settlements.
    settlements: i128,
    /// Quote, 90 decimals: what the indices' last digits may have cost it.
    dust: Wide,
}

struct History {
    rng: ChaCha8Rng,
    sign: i128,
    side: Side,
    holders: Vec<Holder>,
    closed: Vec<(ClosedEpoch, Holder)>,
    price: Price,
    settled: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let sign = if rng.gen() { 1 } else { -1 };
        let price = Price::from_atoms(rng.gen_range(ONE / 1_000..=100_000 * ONE));
        Self { rng, sign, side: Side::new(), holders: vec![], closed: vec![], price, settled: 0 }
    }

    fn enter(&mut self) {
        if self.side.scale < SCALE_MIN {
            return;
        }
        let most = 10i128.pow(self.rng.gen_range(1..=22));
        let size = Size::from_atoms(self.sign * self.rng.gen_range(1..=most));
        let cost = size.signed_notional(self.price, Rounding::Ceil).unwrap();
        let fresh = self.holders.is_empty() || self.rng.gen_bool(0.6);
        if fresh {
            let (stake, exact, dust) = (PositionStake::default(), Exact::default(), Wide::ZERO);
            self.holders.push(Holder { stake, exact, realised: 0, settlements: 0, dust });
        }
        let index = if fresh { self.holders.len() - 1 } else { self.rng.gen_range(0..self.holders.len()) };
        let holder = &mut self.holders[index];
        let before = holder.stake.nominal.atoms();
        if self.side.enter(&mut holder.stake, size, cost).is_err() {
            // A stake of no size left over from a deleveraging; nothing has changed.
            assert!(!fresh || holder.stake.nominal.is_zero());
            if fresh {
                self.holders.pop();
            }
            return;
        }
        let nominal = holder.stake.nominal.atoms() - before;
        holder.exact.cash -= Wide::from(cost.atoms()) * ten(DECIMALS - 6);
        holder.trade(nominal, size, self.side.scale, self.price);
        if holder.stake.nominal.is_zero() {
            self.holders.swap_remove(index);
        }
    }

    fn leave(&mut self, index: usize, whole: bool) {
        let holder = &mut self.holders[index];
        let held = self.side.size_of(&holder.stake).unwrap();
        let part = Size::from_atoms(held.atoms() / self.rng.gen_range(2..5));
        let size = if whole || part.is_zero() { held } else { part };
        let back = size.negated().unwrap();
        let cost = back.signed_notional(self.price, Rounding::Ceil).unwrap();
        let (scale, before) = (self.side.scale, holder.stake.nominal.atoms());
        let pnl = self.side.leave(&mut holder.stake, size, cost).unwrap();
        holder.realised += pnl.atoms();
        holder.exact.cash -= Wide::from(cost.atoms()) * ten(DECIMALS - 6);
        holder.trade(holder.stake.nominal.atoms() - before, back, scale, self.price);
        if holder.stake.nominal.is_zero() {
            let holder = self.holders.swap_remove(index);
            self.compare(&holder);
        }
    }

    /// All that remains of the exact figure is dust, of the pool and below a unit a settlement.
    fn compare(&mut self, holder: &Holder) {
        let less = holder.exact.cash - Wide::from(holder.realised) * ten(DECIMALS - 6);
        let most = Wide::from(holder.settlements) * ten(DECIMALS - 6) + holder.dust;
        // The model's own last digits.
        let slack = ten(40);
        assert!(less >= -slack, "{less} too much was paid after {} settlements", holder.settlements);
        assert!(less < most + slack, "{less} of {most} too little after {} settlements", holder.settlements);
        self.settled += 1;
    }

    /// What moves an index by a digit at most costs each holder `n` of it.
    fn spend_digit(&mut self) {
        for holder in &mut self.holders {
            holder.dust += Wide::from(holder.stake.nominal.magnitude()) * ten(DECIMALS - 36);
        }
    }

    fn accrue(&mut self) {
        let per_unit = SignedRatio::from_atoms(self.rng.gen_range(-ONE_SIGNED..=ONE_SIGNED));
        self.side.accrue(per_unit).unwrap();
        for holder in &mut self.holders {
            holder.exact.cash += holder.exact.size.abs() * Wide::from(per_unit.atoms()) / ten(18);
        }
        self.spend_digit();
    }

    /// The model closes the share of the scale that really went: that the scale is rounded is no figure of a position's.
    fn deleverage(&mut self) {
        let kept = Ratio::from_atoms(self.rng.gen_range(ONE / 1_000..=ONE));
        let before = Wide::from(self.side.scale.atoms());
        self.side.deleverage(kept, self.price).unwrap();
        let after = Wide::from(self.side.scale.atoms());
        for holder in &mut self.holders {
            let rest = if before.is_zero() { Wide::ZERO } else { holder.exact.size * after / before };
            holder.exact.cash += (holder.exact.size - rest) * Wide::from(self.price.atoms()) / ten(18);
            holder.exact.size = rest;
        }
        self.spend_digit();
        if !self.side.nominal.is_zero() && self.side.needs_roll() {
            self.roll();
        }
    }

    fn roll(&mut self) {
        self.spend_digit();
        let (closed, liability) = self.side.roll(self.price).unwrap();
        let mut owed = 0;
        for mut holder in std::mem::take(&mut self.holders) {
            holder.exact.cash += holder.exact.size * Wide::from(self.price.atoms()) / ten(18);
            holder.exact.size = Wide::ZERO;
            owed += Side::settle_closed(&closed, &holder.stake).unwrap().atoms();
            self.closed.push((closed.clone(), holder));
        }
        assert!(owed <= liability.atoms(), "the parts exceed what was fixed for them");
    }

    fn settle_one(&mut self) {
        if self.closed.is_empty() {
            return;
        }
        let (closed, mut holder) = self.closed.swap_remove(self.rng.gen_range(0..self.closed.len()));
        holder.realised += Side::settle_closed(&closed, &holder.stake).unwrap().atoms();
        holder.settlements += 1;
        self.compare(&holder);
    }

    fn play(mut self) -> (u64, u32) {
        for _ in 0..self.rng.gen_range(5..40) {
            let moved = SignedRatio::from_atoms(self.rng.gen_range(-ONE_SIGNED / 10..=ONE_SIGNED / 10));
            self.price = self.price.scaled(moved, Rounding::Ceil).unwrap();
            match self.rng.gen_range(0..10) {
                0..=3 => self.enter(),
                4..=5 if !self.holders.is_empty() => {
                    let (index, whole) = (self.rng.gen_range(0..self.holders.len()), self.rng.gen_bool(0.3));
                    self.leave(index, whole);
                }
                6 => self.deleverage(),
                7 => self.settle_one(),
                _ => self.accrue(),
            }
        }
        if self.rng.gen_bool(0.3) && !self.holders.is_empty() {
            self.roll();
        }
        while !self.holders.is_empty() {
            self.leave(0, true);
        }
        while !self.closed.is_empty() {
            self.settle_one();
        }
        assert_eq!((self.side.nominal, self.side.basis), (Nominal::ZERO, SignedAmount::ZERO));
        (self.settled, self.side.epoch)
    }
}

impl Holder {
    /// The model holds exactly what the nominal is worth. Where that is not the order, below 10^-18 base units, the difference is the
    /// pool's: it is part of what may be lost.
    fn trade(&mut self, nominal: i128, asked: Size, scale: Scale, price: Price) {
        let moved = Wide::from(nominal) * Wide::from(scale.atoms()) * ten(DECIMALS - 36);
        let asked = Wide::from(asked.atoms()) * ten(DECIMALS - 18);
        let price = Wide::from(price.atoms());
        self.exact.size += moved;
        // The cost was for `asked`; the model pays for what moved.
        self.exact.cash += (asked - moved) * price / ten(18);
        self.dust += (asked - moved).abs() * price / ten(18);
        self.settlements += 1;
    }
}

fn histories(seeds: std::ops::Range<u64>) {
    let (mut settled, mut epochs) = (0, 0);
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let (some, rolled) = History::new(seed).play();
        settled += some;
        epochs += u64::from(rolled);
    }
    assert!(
        settled > 3 * count && epochs > count / 2,
        "{settled} settlements and {epochs} epochs of {count} histories"
    );
}

#[test]
fn two_thousand_histories_agree_with_every_single_position() {
    histories(0..2_000);
}

#[test]
#[ignore = "the long run: 10^5 histories"]
fn a_hundred_thousand_histories_agree_with_every_single_position() {
    histories(2_000..102_000);
}
