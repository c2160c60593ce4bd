//! whoever trades, keeps, and knows every price ten seconds before the chain gains nothing from when and what he places,
//! cancels, lets expire, executes, pays in and takes out.
//!
//! Prices move up or down by the same step, and a strategy is played on *all* paths of signs. What it does at a moment depends
//! on nothing but the moment and the signs that it has seen by then, so on a fair venue its gains before execution fees add up to
//! nothing over all paths, whatever it does. A strategy that finds an option has a sum away from nothing, and so has its mirror
//! image: random ones find it as well as clever ones.
//!
//! What the strategist varies: orders of every kind (market with a bound, limit, stop above or below, by health; reduce-only, good-til), one
//! or two in a message, their sizes and signs; cancels of one or all; coins in and out; when a batch is executed and how much of it; as a
//! relayer, whether the breaker sees a price and whether the other market has one. What it does not: it is no provider of liquidity, and
//! only one market's price moves (`no_free_option_of_providers.rs`; a matured request is `lp_claims.rs`'s `an_agent_that_keeps_a_request_matured_..`), nobody else
//! trades, and nobody is liquidated.

use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::oracle::Validity;
use firebreak_messages::FeedId;
use firebreak_risk::*;

/// Seconds between rounds.
const BEAT: u64 = 3;
/// How far the strategist sees ahead: the order delay.
const FORESIGHT: u64 = 10;
/// Steps of a path, after four flat rounds and before five.
const STEPS: usize = 3;
const FIRST: u64 = 5;
const ROUNDS: u64 = FIRST + STEPS as u64 + 5;
/// Half a percent: small enough that nobody is ever bankrupt, which would be an option of another kind.
const STEP: i64 = 300;
/// Micro-units a path: rounding of fills, and premiums of a scale of 10^9.
const SLACK: i128 = 1_000;

/// A well-mixed number of a seed and what has been seen.
pub fn mixed(parts: [u64; 4]) -> u64 {
    parts.into_iter().fold(0x9e37_79b9_7f4a_7c15, |sum, part| {
        let mut value = (sum ^ part).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 32)
    })
}

pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = mixed([self.0, 1, 2, 3]);
        self.0 % bound
    }
    pub fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

fn fair_market() -> MarketConfig {
    let config = market_config("BTC", 1);
    MarketConfig {
        skew_scale: Size::from_units(1_000_000_000),
        taker_fee_ratio: Ratio::ZERO,
        funding: FundingParams { velocity_max: Ratio::ZERO, rate_max: Ratio::ZERO, ..config.funding },
        ..config
    }
}

/// The price of a round, in whole units.
fn price_of(round: u64, signs: u32) -> i64 {
    let moves = (0..STEPS as u64).filter(|step| round >= FIRST + step);
    60_000 + moves.map(|step| if signs >> step & 1 == 1 { STEP } else { -STEP }).sum::<i64>()
}

/// The signs that are known at a second: those of rounds published within the foresight, with a leading one.
fn seen(second: u64, signs: u32) -> u64 {
    let known = (0..STEPS as u64).filter(|step| (FIRST + step) * BEAT <= second + FORESIGHT).count();
    u64::from((1u32 << known) | (signs & ((1 << known) - 1)))
}

#[derive(Clone, Copy)]
struct Rules {
    delay: u64,
    fee: Amount,
    /// What the strategist trades with is that much smaller.
    divisor: u64,
    /// The strategist relays prices too, so deep that the breaker is not called, or without those of another market of the account; somebody
    /// honest makes up for it after so many rounds at most. Zero: does not relay.
    lag: u64,
}

/// Fees that are next to nothing beside the margin of an order.
const CHEAP: Rules = Rules { delay: FORESIGHT, fee: Amount::from_atoms(100_000), divisor: 1, lag: 0 };
/// The strategist is a relayer.
const RELAYED: Rules = Rules { lag: 3, ..CHEAP };
/// A crowd of orders costs as much as the margin of one: an action of its own.
const DEAR: Rules = Rules { fee: Amount::from_atoms(100_000_000), divisor: 5, ..CHEAP };

struct Game {
    bench: Bench,
    seed: u64,
    rules: Rules,
    paid_in: i128,
    /// Since when the breaker has not seen the price, or the other market's is in doubt.
    troubled_since: Option<u64>,
}

impl Game {
    fn new(seed: u64, rules: Rules) -> Self {
        let mut bench =
            Bench::without_pool(fair_market(), MarketConfig { symbol: "ETH".into(), feed: FeedId(2), ..fair_market() });
        bench.provide("lp", 10_000_000).unwrap();
        let (order_delay_seconds, execution_fee) = (rules.delay, rules.fee);
        let parameters = VaultParameters { order_delay_seconds, execution_fee, ..parameters() };
        bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
        bench.quick = true;
        let mut game = Self { bench, seed, rules, paid_in: 0, troubled_since: None };
        game.pay_in(20_000 / rules.divisor);
        if rules.lag > 0 {
            // Dust of another market, whose price does not move.
            game.bench.trade("eve", ETH, "0.01");
        }
        game
    }

    fn pay_in(&mut self, amount: u64) {
        self.bench.deposit("eve", amount);
        self.paid_in += i128::from(amount) * 1_000_000;
    }

    /// What eve has made, execution fees apart, once the path is over.
    fn play(mut self, signs: u32) -> i128 {
        let start = self.bench.now();
        for second in 1..=ROUNDS * BEAT + 15 {
            self.bench.set_time(start + second);
            let mut dice = Dice(mixed([self.seed, second, seen(second, signs), 0]));
            let round = second / BEAT;
            let due = second % BEAT == 0;
            let first = dice.coin();
            if self.rules.lag > 0 {
                self.relay(second, round, signs);
            }
            if due && !first {
                self.publish(round, signs);
            }
            if round <= ROUNDS && dice.below(3) == 0 {
                self.act(&mut dice, price_of(round.saturating_sub(1), signs));
            }
            if due && first {
                self.publish(round, signs);
            }
            if due {
                // Somebody honest executes whatever the strategist left.
                self.bench.run(BTC);
            }
        }
        let eve = self.bench.account("eve");
        assert!(!eve.equity.is_negative());
        let fees = self.bench.wallet("keeper") + self.bench.wallet("mallory");
        let escrow = self.bench.pool().pool.escrow.atoms() as i128;
        eve.equity.atoms() + self.bench.wallet("eve") + fees + escrow - self.paid_in
    }

    /// What the relaying strategist, and whoever is honest, does at a second besides.
    fn relay(&mut self, second: u64, round: u64, signs: u32) {
        let mut dice = Dice(mixed([self.seed, second, seen(second, signs), 1]));
        if second.is_multiple_of(BEAT) {
            let (nests, omits) = (round <= ROUNDS && dice.coin(), round <= ROUNDS && dice.below(3) == 0);
            self.bench.leases_renewed = !nests && self.bench.leases_renewed;
            if omits {
                self.price_of_eth(Validity::SoftInvalid);
            }
            if nests || omits {
                self.troubled_since.get_or_insert(round);
            }
        }
        if dice.below(3) == 0 {
            self.bench.execute("mallory", ExecuteMsg::SweepFees {}, 0).unwrap();
        }
        let repaired = self.troubled_since.is_some_and(|since| round >= since + self.rules.lag);
        if second % BEAT == 1 && (repaired || dice.below(3) == 0) {
            self.troubled_since = None;
            self.price_of_eth(Validity::Valid);
            self.bench.evaluate(BTC);
            self.bench.run(BTC);
        }
    }

    fn price_of_eth(&mut self, validity: Validity) {
        let now = self.bench.now();
        self.bench.publish(ETH, Price::from_units(3_000), Price::ZERO, now, validity);
    }

    fn publish(&mut self, round: u64, signs: u32) {
        let now = self.bench.now();
        self.bench.publish(BTC, Price::from_units(price_of(round, signs) as u32), Price::ZERO, now, Validity::Valid);
    }

    fn request(&mut self, dice: &mut Dice, around: i64) -> OrderRequest {
        let unit = Size::from_units(1).atoms() / i128::from(self.rules.divisor);
        let atoms = (1 + dice.below(5) as i128) * unit;
        let size = Size::from_atoms(if dice.coin() { atoms } else { -atoms });
        // Between the prices that rounds may have, so that which of them triggers is never a matter of rounding.
        let near = around + STEP / 2 - STEP * dice.below(4) as i64 + STEP;
        let near = Price::from_units(near as u32);
        let any = price(any_price(&size.to_string()));
        let (trigger, price_bound) = match dice.below(8) {
            0..=2 => (None, any),
            3 => (None, near),
            4 | 5 => (Some(Trigger::Limit), near),
            6 => (Some(if dice.coin() { Trigger::Above(near) } else { Trigger::Below(near) }), any),
            _ => (Some(Trigger::Health(Ratio::percent(100 + 50 * dice.below(40) as u32))), any),
        };
        let health = matches!(trigger, Some(Trigger::Health(_)));
        let expires_at = (dice.below(4) == 0).then(|| self.bench.now() + 11 + dice.below(30));
        let reduce_only = health || dice.below(3) == 0;
        // Whoever can hold an entry up chooses whether a reduction finds its position: known, and not closed.
        let (trigger, reduce_only) =
            if self.rules.lag > 0 { (trigger.filter(|_| !health), false) } else { (trigger, reduce_only) };
        OrderRequest { subaccount: 0, market: BTC, size, price_bound, reduce_only, trigger, expires_at }
    }

    fn act(&mut self, dice: &mut Dice, around: i64) {
        let actions = if self.rules.divisor == 1 { 12 } else { 14 };
        match dice.below(actions) {
            0..=5 => {
                let request = self.request(dice, around);
                self.bench.execute("eve", ExecuteMsg::PlaceOrder(request), 0).ok();
            }
            6 => {
                let orders = (0..2).map(|_| self.request(dice, around)).collect();
                self.bench.execute("eve", ExecuteMsg::PlaceOrders { orders }, 0).ok();
            }
            7 => {
                let orders = self.bench.account("eve").orders;
                if !orders.is_empty() {
                    let order = orders[dice.below(orders.len() as u64) as usize];
                    self.bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).ok();
                }
            }
            8 => {
                self.bench.execute("eve", ExecuteMsg::CancelOrders { subaccount: 0, market: None }, 0).unwrap();
            }
            9 => self.pay_in((100 + dice.below(10_000)) / self.rules.divisor),
            10 => {
                let cash = self.bench.account("eve").cash.positive_part();
                let amount = cash.times_fraction(1 + u128::from(dice.below(8)), 8, Rounding::Floor).unwrap();
                self.bench.withdraw("eve", 0, amount).ok();
            }
            12 | 13 => {
                // As many stops as are taken, all far away, of either direction.
                let size = if dice.coin() { "1" } else { "-1" };
                let far = reducing(BTC, size, Trigger::Above(price("100000")));
                while self.bench.place_request("eve", far.clone()).is_ok() {}
            }
            _ => {
                let limit = 1 + dice.below(3) as u32;
                self.bench.execute("mallory", ExecuteMsg::ExecuteOrders { market: BTC, limit }, 0).ok();
            }
        }
    }
}

/// Gains over all paths.
fn sum(seed: u64, rules: Rules) -> i128 {
    (0..1u32 << STEPS).map(|signs| Game::new(seed, rules).play(signs)).sum()
}

fn nobody_gains(seeds: std::ops::Range<u64>, rules: Rules) {
    let mut best = (0, i128::MIN);
    for seed in seeds {
        let gained = sum(seed, rules);
        if gained > best.1 {
            best = (seed, gained);
        }
        assert!(gained <= SLACK << STEPS, "strategy {seed} gains {gained} over all paths");
    }
    println!("the best strategy, {}, gains {} over all paths", best.0, best.1);
}

/// A part of the long profile, as `FIREBREAK_STRATEGIES=30000..40000`; all of it without that.
pub fn part_of(all: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let Ok(wanted) = std::env::var("FIREBREAK_STRATEGIES") else { return all };
    let (first, last) = wanted.split_once("..").expect("FIREBREAK_STRATEGIES=first..last");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    number(first)..number(last)
}

#[test]
fn no_strategy_gains_over_all_paths() {
    //
    nobody_gains(0..1_000, CHEAP);
}

#[test]
fn no_other_strategy_gains_over_all_paths() {
    // The 1,550th placed an order, saw that its position was about to lose, and took out what the order needed.
    nobody_gains(1_000..2_000, CHEAP);
}

#[test]
fn no_strategy_gains_where_fees_matter_beside_margin() {
    // Fees of reduce orders must not eat the margin that a waiting order holds, once its price is known.
    nobody_gains(2_000..3_000, DEAR);
}

#[test]
fn no_strategy_that_relays_prices_gains() {
    //
    nobody_gains(3_000..4_000, RELAYED);
}

#[test]
fn no_strategy_that_once_gained_does() {
    //
    nobody_gains(20_154..20_155, CHEAP);
}

#[test]
#[ignore = "the long profile: 100,000 strategies on eight paths each"]
fn no_strategy_of_many_gains_over_all_paths() {
    // The first to be found, the 20,154th, had a losing position beside an order and paid in, or not, when it knew what
    // came after the order's price.
    for first in part_of(10_000..110_000).step_by(1_000) {
        nobody_gains(first..first + 1_000, CHEAP);
    }
}

#[test]
#[ignore = "the long profile: 20,000 strategies of a relayer on eight paths each"]
fn no_strategy_of_many_that_relay_prices_gains() {
    //
    for first in part_of(110_000..130_000).step_by(1_000) {
        nobody_gains(first..first + 1_000, RELAYED);
    }
}

#[test]
fn with_a_shorter_delay_the_same_strategies_gain() {
    // What the property is able to see: three seconds of knowledge more than the delay.
    let best = (0..200).map(|seed| sum(seed, Rules { delay: 7, ..CHEAP })).max().unwrap();
    assert!(best > 100_000_000, "{best}");
}
