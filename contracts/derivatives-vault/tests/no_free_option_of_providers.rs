//! R-32, of whoever trades, keeps and provides liquidity at once, under two addresses and in two markets whose prices both move: `no_free_option.rs`
//! has one of each. There are two ways to be found, each over all paths of signs.
//!
//! - **A strategy gains**, as there: what it does depends on the moment and on the signs that it has seen by then, and it has a sum above nothing. Its gain is
//!   all that both addresses have at the end, shares at the pool's equity, execution fees given back. What a deposit pays for a known move counts against it.
//! - **A choice is worth something**, whatever the strategy pays besides: the strategist follows a plan that was made before any sign was seen, but for one moment, at
//!   which it does something more or does not. Who knows the signs that are seen then takes the better of both for each of them; who had to bind himself before
//!   takes the one that is better over all paths. The difference is the worth of the choice: of the moment, of what is executed first, of what is taken back late.
//!
//! What is open in both markets is in profit on both sides, so that nobody who leaves the pool leaves uncollected losses to the others, which would be a cost of
//! some paths and not of others. Half of the pool is the sister's, bob's who claims it, or nobody's. Nobody is liquidated.
//!
//! Not varied: the pool backs all orders and claims there will be, so nothing competes for its reserve, and no single choice is to provide, to claim more or
//! to take a request back. What these are worth is measured in `orders_beside_the_pool.rs`.

use crate::no_free_option::{mixed, part_of, Dice};
use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;
use std::collections::BTreeMap;

const DAY: u64 = 86_400;
/// Seconds between rounds.
const BEAT: u64 = 3;
/// How far the strategist sees ahead: the order delay.
const FORESIGHT: u64 = 10;
/// Which market's price moves in which round, up or down by the same step.
const MOVES: [(u64, MarketId); 4] = [(5, BTC), (6, ETH), (6, BTC), (7, BTC)];
const PATHS: u32 = 1 << MOVES.len();
const ROUNDS: u64 = 12;
/// Micro-units a path.
const SLACK: i128 = 10_000;

fn fair(symbol: &str, feed: u16) -> MarketConfig {
    MarketConfig {
        skew_scale: Size::from_units(2_000_000_000),
        open_interest_max: Size::from_units(10_000),
        skew_max: Size::from_units(10_000),
        order_size_max: Size::from_units(10_000),
        ..plain_market(symbol, feed)
    }
}

fn base_of(market: MarketId) -> i64 {
    if market == BTC {
        60_000
    } else {
        3_000
    }
}

/// Half a percent: small enough that nobody is ever bankrupt, which would be an option of another kind.
fn step_of(market: MarketId) -> i64 {
    base_of(market) / 200
}

/// The price of a round, in whole units.
fn price_of(market: MarketId, round: u64, signs: u32) -> i64 {
    let moves = MOVES.iter().enumerate().filter(|(_, (at, moved))| *moved == market && round >= *at);
    base_of(market)
        + moves.map(|(bit, _)| if signs >> bit & 1 == 1 { step_of(market) } else { -step_of(market) }).sum::<i64>()
}

/// The signs that are known at a second: those of rounds published within the foresight, with a leading one.
fn seen(second: u64, signs: u32) -> u64 {
    let known = MOVES.iter().filter(|(round, _)| round * BEAT <= second + FORESIGHT).count();
    u64::from((1u32 << known) | (signs & ((1 << known) - 1)))
}

#[derive(Clone, Copy)]
struct Rules {
    delay: u64,
    /// Half of some pools is claimed, and may be the strategist's.
    provides: bool,
    /// What it does besides, one as often as it is named.
    kinds: &'static [Kind],
    /// What it does at the one moment of a choice.
    choices: &'static [Kind],
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Place,
    Cancel,
    PayIn,
    TakeOut,
    ExecuteOrders,
    Claim,
    ExecuteClaims,
    Request,
    TakeBack,
    Provide,
}

const TRADES: [Kind; 8] =
    [Kind::Place, Kind::Place, Kind::Place, Kind::Place, Kind::Cancel, Kind::PayIn, Kind::TakeOut, Kind::ExecuteOrders];
const ALL: [Kind; 14] = [
    Kind::Place,
    Kind::Place,
    Kind::Place,
    Kind::Place,
    Kind::Cancel,
    Kind::PayIn,
    Kind::TakeOut,
    Kind::ExecuteOrders,
    Kind::Claim,
    Kind::ExecuteClaims,
    Kind::Request,
    Kind::TakeBack,
    Kind::Provide,
    Kind::Provide,
];
const PLANS: [Kind; 6] = [Kind::Place, Kind::Place, Kind::Claim, Kind::Request, Kind::TakeOut, Kind::Cancel];
const KEEPS: [Kind; 8] = [
    Kind::ExecuteClaims,
    Kind::ExecuteClaims,
    Kind::ExecuteClaims,
    Kind::ExecuteOrders,
    Kind::Place,
    Kind::Cancel,
    Kind::PayIn,
    Kind::TakeOut,
];

const TRADER: Rules = Rules { delay: FORESIGHT, provides: false, kinds: &TRADES, choices: &TRADES };
const PROVIDER: Rules = Rules { provides: true, kinds: &ALL, ..TRADER };
const KEEPER: Rules = Rules { provides: true, kinds: &PLANS, choices: &KEEPS, ..TRADER };

struct Game {
    bench: Bench,
    saved: Saved,
    seed: u64,
    rules: Rules,
    paid_in: i128,
    fees_before: i128,
    at_first: (i128, i128),
    /// Acts by what it has seen, or by a plan from before.
    informed: bool,
}

const ATOMS: i128 = 1_000_000;

impl Game {
    fn new(seed: u64, rules: Rules, informed: bool) -> Self {
        let mut dice = Dice(mixed([seed, 0, 0, 7]));
        let mut bench = Bench::without_pool(fair("BTC", 1), fair("ETH", 2));
        bench.quick = true;
        let saved = bench.saved();
        let mut game = Self { bench, saved, seed, rules, paid_in: 0, fees_before: 0, at_first: (0, 0), informed };
        game.configure(Ratio::ZERO, Ratio::ZERO);
        // Open in both markets, and each side so far in profit that none as a whole owes the pool anything, which who leaves could not take along.
        // Half of the pool is the sister's, or bob's who claims it, or nobody's. It backs all there will be.
        let [long, short] = [[4, 4], [10, 4], [4, 10], [10, 10]][dice.below(4) as usize];
        let pool = 1_500_000;
        game.pay_in("eve", 30_000);
        let half = match dice.below(3) {
            _ if !rules.provides => None,
            0 => None,
            1 => Some("bob"),
            _ => Some("sister"),
        };
        game.bench.provide("lp", if half.is_some() { pool / 2 } else { pool }).unwrap();
        if let Some(name) = half {
            game.bench.provide(name, pool / 2).unwrap();
        }
        for (name, sign, of_btc, prices) in
            [("alice", "", long, ["54000", "2700"]), ("carol", "-", short, ["66000", "3300"])]
        {
            game.bench.deposit(name, 2_000_000);
            for (market, size, price) in [(BTC, of_btc, prices[0]), (ETH, 50, prices[1])] {
                game.bench.set_price(market, price);
                assert_eq!(OrderFilled::all(&game.bench.trade(name, market, &format!("{sign}{size}"))).len(), 1);
            }
        }
        for market in [BTC, ETH] {
            game.bench.set_price(market, &base_of(market).to_string());
        }
        game.configure(Ratio::percent(10), Ratio::percent(2));
        // Until nobody's claim is older than the reserve.
        game.bench.advance(DAY + parameters().lp_claim_window_seconds + 1);
        game.bench.refresh();
        if let Some(name) = half {
            let all = game.bench.provider(name).shares.atoms();
            for part in [all / 2, all - all / 2] {
                game.bench.request(name, PoolShares::from_atoms(part));
            }
            game.bench.advance(DAY);
            game.bench.refresh();
        }
        game.paid_in += game.worth_of_shares();
        game.fees_before = game.fees();
        game.at_first = (game.paid_in, game.fees_before);
        game.saved = game.bench.saved();
        game
    }

    fn configure(&mut self, reserve_ratio: Ratio, deposit_move: Ratio) {
        let order_delay_seconds = self.rules.delay;
        let parameters = VaultParameters { order_delay_seconds, reserve_ratio, deposit_move, ..parameters() };
        self.bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    }

    /// Execution fees, paid and waiting.
    fn fees(&self) -> i128 {
        self.bench.wallet("keeper") + self.bench.wallet("hand") + self.bench.pool().pool.escrow.atoms() as i128
    }

    /// Of which the strategist pays nothing.
    fn fee_of_others(&mut self) {
        self.fees_before += parameters().execution_fee.atoms() as i128;
    }

    fn pay_in(&mut self, name: &str, amount: u64) {
        self.bench.deposit(name, amount);
        self.paid_in += i128::from(amount) * ATOMS;
    }

    fn request(&mut self, dice: &mut Dice, round: u64, signs: u32) -> OrderRequest {
        let market = if dice.below(3) == 0 { ETH } else { BTC };
        let unit = Size::from_units(if market == BTC { 1 } else { 20 }).atoms();
        let atoms = (1 + dice.below(5) as i128) * unit;
        let size = Size::from_atoms(if dice.coin() { atoms } else { -atoms });
        let around = price_of(market, round.saturating_sub(1), signs);
        // Between the prices that rounds may have, so that which of them triggers is never a matter of rounding.
        let step = step_of(market);
        let near = Price::from_units((around + step / 2 + step - step * dice.below(4) as i64) as u32);
        let any = price(any_price(&size.to_string()));
        let (trigger, price_bound) = match dice.below(8) {
            0..=3 => (None, any),
            4 => (None, near),
            5 => (Some(Trigger::Limit), near),
            6 => (Some(if dice.coin() { Trigger::Above(near) } else { Trigger::Below(near) }), any),
            _ => (Some(Trigger::Health(Ratio::percent(100 + 50 * dice.below(40) as u32))), any),
        };
        let health = matches!(trigger, Some(Trigger::Health(_)));
        let expires_at = (dice.below(6) == 0).then(|| self.bench.now() + 11 + dice.below(30));
        let reduce_only = health || dice.below(4) == 0;
        OrderRequest { subaccount: 0, market, size, price_bound, reduce_only, trigger, expires_at }
    }

    /// What the strategist has made under both addresses, execution fees apart, once the path is over.
    fn play(&mut self, signs: u32, chosen: Option<u64>) -> i128 {
        self.bench.go_back(&self.saved);
        (self.paid_in, self.fees_before) = self.at_first;
        let start = self.bench.now();
        let mut alice = Dice(mixed([self.seed, 0, 0, 8]));
        let alice_at = if alice.coin() { 3 + alice.below(15) } else { 0 };
        let bob_at = 2 + alice.below(11);
        let eve_at = if alice.coin() && !self.informed { 2 + alice.below(12) } else { 0 };
        let sister_at = if alice.coin() && !self.informed { 2 + alice.below(12) } else { 0 };
        for second in 1..=ROUNDS * BEAT + 12 {
            self.bench.set_time(start + second);
            let informed = if self.informed { seen(second, signs) } else { 0 };
            let mut dice = Dice(mixed([self.seed, second, informed, 9]));
            let round = second / BEAT;
            let due = second % BEAT == 0;
            let first = dice.coin();
            if second == alice_at {
                let market = if alice.below(3) == 0 { ETH } else { BTC };
                let most = if market == BTC { 10 } else { 60 };
                let text = format!("{}{}", if alice.coin() { "" } else { "-" }, 1 + alice.below(most));
                self.bench.place("alice", market, &text, any_price(&text)).unwrap();
                self.fee_of_others();
            }
            if second == eve_at {
                let text = format!("{}{}", if alice.coin() { "" } else { "-" }, 1 + alice.below(9));
                self.bench.place("eve", BTC, &text, any_price(&text)).ok();
            }
            if second == sister_at {
                self.act_as(Kind::Claim, &mut Dice(self.seed), round, signs);
            }
            if second == bob_at {
                for request in self.bench.provider("bob").requests {
                    self.bench.claim("bob", request.request, Amount::ZERO).unwrap();
                    self.fee_of_others();
                }
            }
            if due && !first {
                self.publish(round, signs);
            }
            if round <= ROUNDS && dice.below(3) == 0 {
                self.act(self.rules.kinds, &mut dice, round, signs);
            }
            if due && first {
                self.publish(round, signs);
            }
            if chosen == Some(second) {
                let mut dice = Dice(mixed([self.seed, second, 0, 10]));
                for _ in 0..1 + dice.below(2) {
                    self.act(self.rules.choices, &mut dice, round, signs);
                }
            }
            if due {
                // Somebody honest executes whatever the strategist left.
                self.bench.run(BTC);
                self.bench.run(ETH);
                self.bench.execute_claims().ok();
            }
        }
        self.worth()
    }

    fn publish(&mut self, round: u64, signs: u32) {
        let now = self.bench.now();
        for market in [BTC, ETH] {
            let price = Price::from_units(price_of(market, round, signs) as u32);
            self.bench.publish(market, price, Price::ZERO, now, Validity::Valid);
        }
    }

    fn act(&mut self, kinds: &[Kind], dice: &mut Dice, round: u64, signs: u32) {
        let kind = kinds[dice.below(kinds.len() as u64) as usize];
        self.act_as(kind, dice, round, signs);
    }

    fn act_as(&mut self, kind: Kind, dice: &mut Dice, round: u64, signs: u32) {
        let provider = if kind == Kind::Provide && dice.coin() { "eve" } else { "sister" };
        match kind {
            Kind::Place => {
                let request = self.request(dice, round, signs);
                self.bench.execute("eve", ExecuteMsg::PlaceOrder(request), 0).ok();
            }
            Kind::Cancel => {
                self.bench.execute("eve", ExecuteMsg::CancelOrders { subaccount: 0, market: None }, 0).unwrap();
            }
            Kind::PayIn => self.pay_in("eve", 100 + dice.below(20_000)),
            Kind::TakeOut => {
                let cash = self.bench.account("eve").cash.positive_part();
                let amount = cash.times_fraction(1 + u128::from(dice.below(8)), 8, Rounding::Floor).unwrap();
                self.bench.withdraw("eve", 0, amount).ok();
            }
            Kind::ExecuteOrders => {
                let market = if dice.below(3) == 0 { ETH } else { BTC };
                let limit = 1 + dice.below(3) as u32;
                self.bench.execute("hand", ExecuteMsg::ExecuteOrders { market, limit }, 0).ok();
            }
            Kind::Claim => {
                let requests = self.bench.provider(provider).requests;
                for request in requests.iter().take(1 + dice.below(2) as usize) {
                    if self.bench.claim(provider, request.request, Amount::ZERO).is_ok() {
                        self.paid_in += parameters().execution_fee.atoms() as i128;
                    }
                }
            }
            Kind::ExecuteClaims => {
                let limit = 1 + dice.below(3) as u32;
                self.bench.execute("hand", ExecuteMsg::ExecuteClaims { limit }, 0).ok();
            }
            Kind::Request => {
                let shares = self.bench.provider(provider).shares.atoms() / (1 + u128::from(dice.below(2)));
                let msg = ExecuteMsg::RequestLiquidityWithdrawal { shares: PoolShares::from_atoms(shares) };
                self.bench.execute(provider, msg, 0).ok();
            }
            Kind::TakeBack => {
                let requests = self.bench.provider(provider).requests;
                if let Some(request) = requests.first().map(|request| request.request) {
                    let msg = ExecuteMsg::CancelLiquidityWithdrawal { request };
                    self.bench.execute(provider, msg, 0).ok();
                }
            }
            Kind::Provide => {
                let amount = 10_000 * (1 + dice.below(30));
                if self.bench.provide(provider, amount).is_ok() {
                    self.paid_in += i128::from(amount) * ATOMS;
                }
            }
        }
    }

    /// Of the strategist, at what the pool is worth. What somebody who comes would pay for a known move is not in it.
    fn worth_of_shares(&mut self) -> i128 {
        let stored = self.bench.snapshot();
        self.configure(Ratio::percent(10), Ratio::ZERO);
        let PoolResponse { pool, value, .. } = self.bench.pool();
        self.bench.restore(stored);
        let held = ["eve", "sister"].map(|name| self.bench.provider(name));
        let requests = held.iter().flat_map(|held| &held.requests).map(|request| request.shares.atoms());
        let shares = held.iter().map(|held| held.shares.atoms()).chain(requests).sum();
        let value = value.expect("valid prices").deposit;
        amount_for_shares(PoolShares::from_atoms(shares), value, pool.shares).unwrap().atoms() as i128
    }

    fn worth(&mut self) -> i128 {
        let eve = self.bench.account("eve").equity;
        assert!(!eve.is_negative());
        let coins = self.bench.wallet("eve") + self.bench.wallet("sister");
        eve.atoms() + self.worth_of_shares() + coins + self.fees() - self.fees_before - self.paid_in
    }
}

/// Gains over all paths.
fn sum(seed: u64, rules: Rules) -> i128 {
    let mut game = Game::new(seed, rules, true);
    (0..PATHS).map(|signs| game.play(signs, None)).sum()
}

/// The moment of a strategy's choice, mostly one of a price.
fn moment(seed: u64) -> u64 {
    let mut dice = Dice(mixed([seed, 0, 0, 11]));
    let second = 6 + dice.below(17);
    if dice.below(3) > 0 {
        second / BEAT * BEAT
    } else {
        second
    }
}

/// What who decides with all that is seen at the time has more over all paths than who had bound himself to the better of both.
fn worth_of_choice(seed: u64, rules: Rules, second: u64) -> i128 {
    let mut game = Game::new(seed, rules, false);
    let (mut known, mut bound) = (BTreeMap::<u64, [i128; 2]>::new(), [0; 2]);
    for signs in 0..PATHS {
        for (index, chosen) in [None, Some(second)].into_iter().enumerate() {
            let gained = game.play(signs, chosen);
            known.entry(seen(second, signs)).or_default()[index] += gained;
            bound[index] += gained;
        }
    }
    let knows: i128 = known.values().map(|of| of[0].max(of[1])).sum();
    knows - bound[0].max(bound[1])
}

fn none_above(slack: i128, seeds: std::ops::Range<u64>, found: impl Fn(u64) -> i128) {
    for seed in seeds {
        let found = found(seed);
        assert!(found <= slack, "strategy {seed}: {found} over all paths");
    }
}

const SLACK_OF_ALL: i128 = SLACK * PATHS as i128;

#[test]
fn no_trader_of_two_markets_gains_over_all_paths() {
    //
    none_above(SLACK_OF_ALL, 0..60, |seed| sum(seed, TRADER));
}

#[test]
fn no_provider_who_trades_and_keeps_gains_over_all_paths() {
    //
    none_above(SLACK_OF_ALL, 0..80, |seed| sum(seed, PROVIDER));
}

#[test]
fn no_choice_of_a_trader_of_two_markets_is_worth_anything() {
    //
    none_above(SLACK_OF_ALL, 0..40, |seed| worth_of_choice(seed, TRADER, moment(seed)));
}

#[test]
fn no_choice_of_who_executes_claims_and_orders_is_worth_anything() {
    //
    none_above(SLACK_OF_ALL, 0..80, |seed| worth_of_choice(seed, KEEPER, moment(seed)));
}

#[test]
#[ignore = "the long profile: some thousand strategies on sixteen paths each"]
fn no_strategy_of_many_in_two_markets_gains() {
    //
    none_above(SLACK_OF_ALL, part_of(1_000..4_000), |seed| sum(seed, TRADER).max(sum(seed, PROVIDER)));
}

#[test]
#[ignore = "the long profile: some thousand choices, on sixteen paths twice each"]
fn no_choice_of_many_in_two_markets_is_worth_anything() {
    //
    none_above(SLACK_OF_ALL, part_of(1_000..4_000), |seed| {
        worth_of_choice(seed, TRADER, moment(seed)).max(worth_of_choice(seed, KEEPER, moment(seed)))
    });
}

#[test]
fn with_a_shorter_delay_the_same_strategies_gain_in_two_markets() {
    // What the property is able to see: three seconds of knowledge more than the delay.
    let best = (0..40).map(|seed| sum(seed, Rules { delay: 7, ..TRADER })).max().unwrap();
    assert!(best > 100_000_000, "{best}");
}

#[test]
fn with_a_shorter_delay_choices_are_worth_something() {
    // What is placed at 11 gets the price of 18, when that of 21 is known.
    let worth = |delay| (0..30).map(|seed| worth_of_choice(seed, Rules { delay, ..TRADER }, 11)).max().unwrap();
    let [best, none] = [7, FORESIGHT].map(worth);
    assert!(best > 100_000_000 && none <= SLACK_OF_ALL, "{best} {none}");
}
