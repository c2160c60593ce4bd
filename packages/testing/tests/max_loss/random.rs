//! A thief who does whatever the stolen keys allow, in any order and at any time, and one who looks a few such moves ahead and takes the best.

use crate::moves::*;
use crate::operations::{self, Scheduled};
use crate::stage::*;
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Ratio, Rounding, Stolen};
use firebreak_testing::*;

const TRUTH: [(MarketId, &str); 2] = [(BTC, "60000"), (ETH, "3000")];
/// Before the end of the thief's time: enough to bring the price home.
pub const LAST_SECONDS: u64 = 300;
/// What the thief knows. A copy plays the same future.
#[derive(Clone)]
pub struct Thief {
    pub keys: Stolen,
    pub until: u64,
    pub dice: Dice,
    /// What she says, or the truth while the price is not hers.
    pub said: [Price; 2],
    pub scheduled: Vec<Scheduled>,
    /// Feeders of her own have been named.
    pub own_feeders: bool,
}

type Move = fn(&mut Thief, &mut World);

impl Thief {
    pub fn new(world: &World, keys: Stolen, seconds: u64, seed: u64) -> Self {
        let said = TRUTH.map(|(_, truth)| price(truth));
        let (until, dice) = (world.now() + seconds, Dice::new(seed));
        Self { keys, until, dice, said, scheduled: vec![], own_feeders: false }
    }

    fn says(&self) -> bool {
        self.keys.feeders || self.own_feeders
    }

    pub fn has_time(&self, world: &World) -> bool {
        world.now() + LAST_SECONDS + 60 < self.until
    }

    /// One move of hers. What is refused is a move too.
    pub fn act(&mut self, world: &mut World) {
        let mut moves: Vec<Move> = vec![wait, wait, trade, trade, close, take_out, pool, anyone, anyone];
        if self.says() {
            moves.extend([say as Move; 8]);
        }
        if self.keys.council {
            moves.extend([council as Move; 4]);
        }
        if self.keys.sentinels {
            moves.push(trip);
        }
        if self.keys.observers {
            moves.extend([cry as Move; 2]);
        }
        if self.keys.proposers {
            moves.extend([schedule, schedule, execute, execute, await_operation as Move]);
        }
        if self.keys.cancellers && !self.scheduled.is_empty() && self.dice.one_in(8) {
            moves.push(cancel);
        }
        let chosen = *self.dice.pick(&moves);
        chosen(self, world);
    }

    /// Like [`Self::act`], but the best of so many futures: by what is taken right after them.
    pub fn act_greedily(&mut self, world: &mut World, ledger: &Ledger, futures: u64) {
        let moment = world.moment();
        let mut best: Option<(i128, Self)> = None;
        for _ in 0..futures {
            let mut future = self.clone();
            future.dice = Dice::new(self.dice.below(u64::MAX));
            let begun = future.clone();
            future.act(world);
            let gain = ledger.taken_of_anything(world);
            if future.has_time(world) && best.as_ref().is_none_or(|(most, _)| gain > *most) {
                best = Some((gain, begun));
            }
            world.go_back_to(&moment);
        }
        match best {
            Some((_, begun)) => {
                let dice = self.dice.clone();
                *self = begun;
                self.act(world);
                self.dice = dice;
            }
            None => wait(self, world),
        }
    }

    /// Back to the truth, whatever the jumps in between allow, and everybody is paid who is owed.
    pub fn go_home(&mut self, world: &mut World) {
        for (index, (_, truth)) in TRUTH.into_iter().enumerate() {
            let truth = price(truth);
            while self.said[index] != truth {
                let (low, high) = (part(self.said[index], 65), part(self.said[index], 140));
                self.said[index] = truth.max(low).min(high);
                self.report(world);
            }
        }
        self.report(world);
        for market in [BTC, ETH] {
            close_in(self, world, market);
        }
        self.report(world);
        let accounts = accounts(world);
        let _ = world.send("mallory", Code::Vault, &VaultMsg::PaySettlement { accounts }, Amount::ZERO);
    }

    /// A round at what is said now, hers or the truth, by whoever is a feeder by now: those of a playbook count as hers with the
    /// feeders' keys. Then one block passes.
    pub fn report(&self, world: &mut World) {
        world.advance(5);
        let published_at = world.now();
        for ((market, _), price) in TRUTH.into_iter().zip(self.said) {
            let msg = OracleMsg::Report { reports: vec![FeedReport { feed: feed_of(market), price, published_at }] };
            for feeder in 0..world.setup().feeders {
                let names = [format!("feeder-{feeder}"), format!("fallback-{feeder}"), operations::hers(feeder)];
                let _ = names.iter().any(|name| world.send(name, Code::Oracle, &msg, Amount::ZERO).is_done());
            }
        }
        world.next_block();
    }
}

pub fn part(of: Price, percent: u32) -> Price {
    of.times(Ratio::percent(percent), Rounding::Floor).unwrap_or(of)
}
