//! A thief who does whatever the stolen keys allow, in any order and at any time, and one who looks a few such moves ahead and takes the best.

use crate::freeze::SENTINELS;
use crate::operations::{self, Scheduled};
use crate::stage::*;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, ParkedId};
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg, OperationExecuted};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Level, Price, Ratio, Rounding, Size, Stolen};
use firebreak_testing::*;

const TRUTH: [(MarketId, &str); 2] = [(BTC, "60000"), (ETH, "3000")];
/// Before the end of the thief's time: enough to bring the price home.
const LAST_SECONDS: u64 = 300;
const PLAYBOOKS: [&str; 6] =
    ["oracle-compromise", "price-crash", "pool-drain", "market-quarantine", "chain-gap", "orderly-wind-down"];

/// What the thief knows. A copy plays the same future.
#[derive(Clone)]
pub struct Thief {
    keys: Stolen,
    until: u64,
    dice: Dice,
    /// What she says, or the truth while the price is not hers.
    said: [Price; 2],
    scheduled: Vec<Scheduled>,
    /// Feeders of her own have been named.
    own_feeders: bool,
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

fn part(of: Price, percent: u32) -> Price {
    of.times(Ratio::percent(percent), Rounding::Floor).unwrap_or(of)
}

fn accounts(world: &World) -> Vec<AccountId> {
    ["alice", "bob", "mallory", "lp"].iter().map(|name| world.account_id(name)).collect()
}

fn market(thief: &mut Thief) -> MarketId {
    *thief.dice.pick(&[BTC, BTC, BTC, ETH])
}

fn wait(thief: &mut Thief, world: &mut World) {
    let left = (thief.until - LAST_SECONDS).saturating_sub(world.now());
    let seconds = *thief.dice.pick(&[10, 60, 600, HOUR, 6 * HOUR, DAY]);
    world.advance(seconds.min(left).max(1));
    thief.report(world);
}

/// Any price within the jumps; and whoever can be liquidated is, by her.
fn say(thief: &mut Thief, world: &mut World) {
    let (lows, highs) = (["15000", "750"], ["240000", "12000"]);
    let index = usize::from(thief.dice.one_in(5));
    let percent = *thief.dice.pick(&[66, 89, 89, 97, 103, 112, 112, 140]);
    // The same way for a while: a price that only trembles takes nothing.
    for _ in 0..1 + thief.dice.below(4) {
        thief.said[index] = part(thief.said[index], percent).max(price(lows[index])).min(price(highs[index]));
        thief.report(world);
        for name in ["alice", "bob"] {
            let account = world.account_id(name);
            let _ = world.liquidate_by("mallory", vec![account]);
        }
    }
}

fn order(thief: &mut Thief, world: &mut World, market: MarketId, size: Size, reduce: bool) {
    let said = thief.said[usize::from(market == ETH)];
    let bound = part(said, if size.is_short() { 60 } else { 140 });
    let _ = world.place_bounded("mallory", market, size, bound, reduce);
    world.advance(world.setup().vault.order_delay_seconds);
    thief.report(world);
    let _ = world.execute_by("mallory", market, 10);
}

fn trade(thief: &mut Thief, world: &mut World) {
    let market = market(thief);
    let most = if market == BTC { 30 } else { 600 };
    let (amount, short) = (1 + thief.dice.below(most), thief.dice.one_in(2));
    let amount = size(&format!("{}{amount}", if short { "-" } else { "" }));
    order(thief, world, market, amount, false);
}

fn close(thief: &mut Thief, world: &mut World) {
    let market = market(thief);
    close_in(thief, world, market);
}

fn close_in(thief: &mut Thief, world: &mut World, market: MarketId) {
    let opposite = world.position_size("mallory", market).negated().unwrap_or(Size::ZERO);
    if !opposite.is_zero() {
        order(thief, world, market, opposite, true);
    }
}

fn take_out(thief: &mut Thief, world: &mut World) {
    let amount = usd(*thief.dice.pick(&[1_000, 50_000, 600_000, 2_000_000, 4_000_000]));
    let _ = world.withdraw("mallory", amount);
    collect(world, false);
}

fn collect(world: &mut World, liquidity: bool) {
    let id = ParkedId { account: world.account_id("mallory"), liquidity };
    let _ = world.send("mallory", Code::Vault, &VaultMsg::CollectParked(id), Amount::ZERO);
}

/// Into the pool and out of it, out of her own wallet.
fn pool(thief: &mut Thief, world: &mut World) {
    let provider = world.provider("mallory");
    match (thief.dice.below(3), provider.requests.first()) {
        (0, _) => {
            let amount = usd(*thief.dice.pick(&[100_000, 1_000_000, 5_000_000])).min(world.balance("mallory"));
            let _ = world.provide("mallory", amount);
        }
        (_, Some(request)) if request.claim.is_none() => {
            let fee = world.setup().vault.execution_fee;
            let left = (thief.until - LAST_SECONDS).saturating_sub(world.now());
            world.advance(request.matures_at.saturating_sub(world.now()).min(left).max(1));
            let msg = VaultMsg::ClaimLiquidityWithdrawal { request: request.request, amount_min: Amount::ZERO };
            let _ = world.send("mallory", Code::Vault, &msg, fee);
            world.advance(world.setup().vault.order_delay_seconds);
            thief.report(world);
            let _ = world.execute_claims();
            collect(world, true);
        }
        _ => {
            let _ = world.request_withdrawal("mallory", provider.shares);
            let _ = world.execute_claims();
            collect(world, true);
        }
    }
}

fn council(thief: &mut Thief, world: &mut World) {
    let scope = *thief.dice.pick(&[Scope::All, Scope::Market(BTC), Scope::Market(ETH)]);
    match thief.dice.below(5) {
        0 => {
            let level = *thief.dice.pick(&[Level::Guarded, Level::ReduceOnly, Level::Frozen]);
            let seconds = *thief.dice.pick(&[60, HOUR, 6 * HOUR, DAY, 7 * DAY]);
            let _ = world.council_restrict(scope, level, seconds);
        }
        1 | 2 => {
            let name = *thief.dice.pick(&PLAYBOOKS);
            let _ = world.run_playbook(name);
        }
        3 => {
            let action = CouncilAction::Open { scope, cause: "a rumour".into(), began_at: world.now() };
            let _ = world.council_decides(&action);
        }
        _ => {
            if let Some(last) = world.incidents().last() {
                let _ = world.close_incident(last.incident, thief.dice.one_in(2));
            }
        }
    }
}

fn trip(thief: &mut Thief, world: &mut World) {
    let name = *thief.dice.pick(&SENTINELS);
    let _ = world.send(name, Code::Guardian, &ExecuteMsg::Trip {}, Amount::ZERO);
}

fn schedule(thief: &mut Thief, world: &mut World) {
    thief.scheduled.extend(operations::any(world, &mut thief.dice));
}

/// Whatever is ready, and a little of what is not.
fn execute(thief: &mut Thief, world: &mut World) {
    let now = world.now();
    let impatient = thief.dice.one_in(4);
    let mut waiting = vec![];
    for one in std::mem::take(&mut thief.scheduled) {
        if now < one.ready_at && !impatient {
            waiting.push(one);
            continue;
        }
        let executed = world.execute_operation(one.operation).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>());
        thief.own_feeders |= executed && one.names_feeders;
        if !executed {
            waiting.push(one);
        }
    }
    thief.scheduled = waiting;
}

/// Until the next one is ready.
fn await_operation(thief: &mut Thief, world: &mut World) {
    let last = thief.until - LAST_SECONDS;
    let next = thief.scheduled.iter().map(|one| one.ready_at).filter(|at| *at > world.now() && *at < last).min();
    if let Some(at) = next {
        world.advance_to(at);
        thief.report(world);
    }
    execute(thief, world);
}

fn cancel(thief: &mut Thief, world: &mut World) {
    if let Some(one) = thief.scheduled.pop() {
        let _ = world.cancel_operation(one.operation);
    }
}

/// What needs no key.
fn anyone(thief: &mut Thief, world: &mut World) {
    match thief.dice.below(8) {
        0 => world.runs().last().map(|run| run.run).into_iter().for_each(|run| drop(world.undo(run))),
        1 => world.incidents().last().map(|last| last.incident).into_iter().for_each(|incident| {
            drop(world.advance_incident(incident));
        }),
        2 => drop(world.send("mallory", Code::Guardian, &ExecuteMsg::StepDown {}, Amount::ZERO)),
        3 => drop(world.send("mallory", Code::Vault, &VaultMsg::ReportBreach {}, Amount::ZERO)),
        4 => drop(world.sweep_fees()),
        5 => {
            let accounts = accounts(world);
            drop(world.liquidate_by("mallory", accounts));
        }
        6 => [BTC, ETH].into_iter().for_each(|market| drop(world.execute_by("mallory", market, 10))),
        _ => attend(thief, world),
    }
}

/// The settlement of the vault, if one is announced within her time: at the price that is said now.
fn attend(thief: &mut Thief, world: &mut World) {
    let Some(settlement) = world.market(BTC).state.settlement else { return };
    if settlement.at + LAST_SECONDS >= thief.until {
        return;
    }
    world.advance_to(settlement.at.saturating_sub(2_400));
    let mut rounds = 0u32;
    while world.now() < settlement.at {
        thief.report(world);
        rounds += 1;
        // Before rounds leave the ring.
        if rounds.is_multiple_of(6) {
            [BTC, ETH].into_iter().for_each(|market| drop(world.execute(market)));
        }
        world.advance(40);
    }
    [BTC, ETH].into_iter().for_each(|market| drop(world.execute(market)));
    for _ in 0..2 {
        drop(world.send("mallory", Code::Vault, &VaultMsg::SettleAccounts { limit: 50 }, Amount::ZERO));
    }
    let accounts = accounts(world);
    drop(world.send("mallory", Code::Vault, &VaultMsg::PaySettlement { accounts }, Amount::ZERO));
}
