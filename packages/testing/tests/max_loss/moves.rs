//! What a thief may do at any time: with no key, and with those that she has stolen. What is refused is a move too.

use crate::freeze::SENTINELS;
use crate::observers;
use crate::operations;
use crate::random::{part, Thief, LAST_SECONDS};
use crate::stage::*;
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, ParkedId};
use firebreak_messages::guardian::{CouncilAction, ExecuteMsg, OperationExecuted};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Level, Size};
use firebreak_testing::*;

const PLAYBOOKS: [&str; 6] =
    ["oracle-compromise", "price-crash", "pool-drain", "market-quarantine", "chain-gap", "orderly-wind-down"];

pub fn accounts(world: &World) -> Vec<AccountId> {
    ["alice", "bob", "mallory", "lp"].iter().map(|name| world.account_id(name)).collect()
}

fn market(thief: &mut Thief) -> MarketId {
    *thief.dice.pick(&[BTC, BTC, BTC, ETH])
}

pub fn wait(thief: &mut Thief, world: &mut World) {
    let left = (thief.until - LAST_SECONDS).saturating_sub(world.now());
    let seconds = *thief.dice.pick(&[10, 60, 600, HOUR, 6 * HOUR, DAY]);
    world.advance(seconds.min(left).max(1));
    thief.report(world);
}

/// Any price within the jumps; and whoever can be liquidated is, by her.
pub fn say(thief: &mut Thief, world: &mut World) {
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

pub fn trade(thief: &mut Thief, world: &mut World) {
    let market = market(thief);
    let most = if market == BTC { 30 } else { 600 };
    let (amount, short) = (1 + thief.dice.below(most), thief.dice.one_in(2));
    let amount = size(&format!("{}{amount}", if short { "-" } else { "" }));
    order(thief, world, market, amount, false);
}

pub fn close(thief: &mut Thief, world: &mut World) {
    let market = market(thief);
    close_in(thief, world, market);
}

pub fn close_in(thief: &mut Thief, world: &mut World, market: MarketId) {
    let opposite = world.position_size("mallory", market).negated().unwrap_or(Size::ZERO);
    if !opposite.is_zero() {
        order(thief, world, market, opposite, true);
    }
}

pub fn take_out(thief: &mut Thief, world: &mut World) {
    let amount = usd(*thief.dice.pick(&[1_000, 50_000, 600_000, 2_000_000, 4_000_000]));
    let _ = world.withdraw("mallory", amount);
    collect(world, false);
}

fn collect(world: &mut World, liquidity: bool) {
    let id = ParkedId { account: world.account_id("mallory"), liquidity };
    let _ = world.send("mallory", Code::Vault, &VaultMsg::CollectParked(id), Amount::ZERO);
}

/// Into the pool and out of it, out of her own wallet.
pub fn pool(thief: &mut Thief, world: &mut World) {
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

pub fn council(thief: &mut Thief, world: &mut World) {
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

pub fn trip(thief: &mut Thief, world: &mut World) {
    let name = *thief.dice.pick(&SENTINELS);
    let _ = world.send(name, Code::Guardian, &ExecuteMsg::Trip {}, Amount::ZERO);
}

/// Observers who see what is not there.
pub fn cry(thief: &mut Thief, world: &mut World) {
    let market = market(thief);
    observers::cry(world, market);
}

pub fn schedule(thief: &mut Thief, world: &mut World) {
    thief.scheduled.extend(operations::any(world, &mut thief.dice));
}

/// Whatever is ready, and a little of what is not.
pub fn execute(thief: &mut Thief, world: &mut World) {
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
pub fn await_operation(thief: &mut Thief, world: &mut World) {
    let last = thief.until - LAST_SECONDS;
    let next = thief.scheduled.iter().map(|one| one.ready_at).filter(|at| *at > world.now() && *at < last).min();
    if let Some(at) = next {
        world.advance_to(at);
        thief.report(world);
    }
    execute(thief, world);
}

pub fn cancel(thief: &mut Thief, world: &mut World) {
    if let Some(one) = thief.scheduled.pop() {
        let _ = world.cancel_operation(one.operation);
    }
}

/// What needs no key.
pub fn anyone(thief: &mut Thief, world: &mut World) {
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
