//! The six troubles. Each is told twice by the same lines; only the procedure differs.

use super::stage::{Course, Stage};
use super::Drill;
use crate::timeline::money;
use firebreak_messages::derivatives_vault::{
    ExecuteMsg as VaultMsg, MarketSettled, OrderFilled, ParkedId, PositionLiquidated, QueryMsg as VaultQuery,
    SettlementFixed, SettlementResponse, VaultPhase,
};
use firebreak_messages::guardian::PlaybookUndone;
use firebreak_messages::insurance_fund::Injected;
use firebreak_risk::{Amount, Price};
use firebreak_testing::{price, ratio, size, usd, Code, World, BTC, ETH};

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

pub(super) fn run(drill: Drill, procedure: bool) -> Course {
    let story = match drill {
        Drill::OracleCompromise => oracle_compromise,
        Drill::PriceCrash => price_crash,
        Drill::PoolDrain => pool_drain,
        Drill::MarketQuarantine => market_quarantine,
        Drill::ChainGap => chain_gap,
        Drill::OrderlyWindDown => orderly_wind_down,
    };
    story(procedure)
}

fn units(whole: u64) -> Price {
    price(&whole.to_string())
}

fn oracle_compromise(procedure: bool) -> Course {
    let builder = World::builder().trader("mallory", usd(200_000));
    let mut stage = Stage::new(Drill::OracleCompromise, procedure, builder);
    stage.world.open("mallory", BTC, size("10")).done();
    let before = stage.world.account("mallory").equity.atoms();
    stage.begin("mallory is long 10 BTC at 60,000");
    for minute in 1..=15u64 {
        stage.advance(MINUTE - stage.world.block_seconds());
        // The honest price never moved.
        let said = if stage.fallback { units(60_000) } else { units(60_000 + 300 * minute) };
        stage.report(said).done();
        match minute {
            3 => {
                stage.note("the feeders say 60,900; every other venue says 60,000");
                stage.run_procedure();
                stage.fallback = stage.procedure;
            }
            4 if stage.fallback => stage.note("the fallback feeders say 60,000"),
            15 if !stage.fallback => stage.note("the feeders say 64,500"),
            _ => {}
        }
    }
    let gained = stage.world.account("mallory").equity.atoms().saturating_sub(before);
    stage.note("the account, at the price of the feed");
    stage.end(u128::try_from(gained).unwrap_or_default())
}

fn price_crash(procedure: bool) -> Course {
    let mut stage = Stage::new(Drill::PriceCrash, procedure, World::builder().trader("alice", usd(50_000)));
    stage.world.open("alice", BTC, size("1")).done();
    stage.calm();
    stage.begin("calm at 60,000");
    stage.advance(stage.world.block_seconds());
    let outcome = stage.report(price("57600")).done();
    stage.note("57,600: the rules restrict in the transaction of the price");
    stage.note_steps("the signal runs it", &outcome);
    for injected in outcome.facts::<Injected>() {
        stage.note(&format!("the fund sends {} into the pool", money(injected.amount.atoms())));
    }
    let measured = stage.worth(stage.world.market(BTC).config.open_interest_max);
    let mut level = stage.world.effective(BTC).posture.level;
    let begun = stage.world.now();
    while stage.world.now() < begun + DAY + HOUR {
        stage.advance(5 * MINUTE);
        stage.report(price("57600")).done();
        let now = stage.world.effective(BTC).posture.level;
        if now != level {
            stage.note(if now < level { "re-opens by a step" } else { "restricted" });
            level = now;
        }
        let last = stage.world.incidents().pop();
        if let Some(incident) = last {
            let outcome = stage.world.advance_incident(incident.incident).done();
            if outcome.has::<PlaybookUndone>() {
                stage.note("undone: the market's parameters are as before");
            }
        }
    }
    stage.end(measured)
}

fn pool_drain(procedure: bool) -> Course {
    let builder = World::builder().trader("mallory", usd(3_000_000)).vault(|vault| {
        let outflow = &mut vault.outflow;
        (outflow.hour_min, outflow.hour_ratio) = (usd(100_000), ratio("0.05"));
        (outflow.day_min, outflow.day_ratio) = (usd(300_000), ratio("0.15"));
    });
    let mut stage = Stage::new(Drill::PoolDrain, procedure, builder);
    // Deposits count for the limiter after an hour.
    stage.advance(2 * HOUR);
    stage.report(price("60000")).done();
    let before = stage.world.balance("mallory");
    stage.begin("mallory's account holds 3,000,000 that are not hers");
    let mut left = Amount::ZERO;
    for tenth in 0..=18u64 {
        let asked = stage.world.withdraw("mallory", usd(400_000));
        let collect =
            VaultMsg::CollectParked(ParkedId { account: stage.world.account_id("mallory"), liquidity: false });
        let _ = stage.world.send("keeper", Code::Vault, &collect, Amount::ZERO);
        let now = stage.world.balance("mallory").saturating_minus(before);
        if now > left || tenth == 18 {
            stage.note(&format!(
                "{} have left{}",
                money(now.atoms()),
                if asked.is_done() { "" } else { ", the next request is refused" }
            ));
            left = now;
        }
        if tenth == 1 {
            stage.run_procedure();
        }
        stage.advance(10 * MINUTE);
        stage.report(price("60000")).done();
    }
    // Hour by hour to the day's end.
    for hour in 4..=24u64 {
        let collect =
            VaultMsg::CollectParked(ParkedId { account: stage.world.account_id("mallory"), liquidity: false });
        let _ = stage.world.send("keeper", Code::Vault, &collect, Amount::ZERO);
        left = stage.world.balance("mallory").saturating_minus(before);
        if hour == 24 {
            stage.note(&format!("{} have left within the day", money(left.atoms())));
        }
        stage.advance(HOUR);
        stage.report(price("60000")).done();
    }
    stage.end(left.atoms())
}

fn market_quarantine(procedure: bool) -> Course {
    let mut stage = Stage::new(Drill::MarketQuarantine, procedure, World::builder());
    stage.begin("the first of many accounts comes");
    for number in 0..18u64 {
        let name = format!("crowd-{number}");
        stage.world.add_collateral(&name, usd(20_000)).done();
        let filled = stage.world.open(&name, BTC, size("3"));
        if !filled.is_done() && number < 4 {
            stage.note(&format!("{name} is refused"));
        }
        if number == 2 {
            stage.run_procedure();
        }
        stage.advance(10 * MINUTE);
        stage.report(price("60000")).done();
    }
    let measured = stage.worth(stage.open_interest());
    stage.note("three hours later");
    // The way out is open in both.
    let closed = stage.world.close("crowd-0", BTC).done().has::<OrderFilled>();
    stage.note(if closed { "the first one closes its position" } else { "the first one cannot close its position" });
    stage.end(measured)
}

fn chain_gap(procedure: bool) -> Course {
    let builder = World::builder()
        .with_market(BTC, |config| config.gap_rounds = 2)
        .trader("alice", usd(6_000))
        .trader("carol", usd(10_000));
    let mut stage = Stage::new(Drill::ChainGap, procedure, builder);
    for name in ["alice", "carol"] {
        stage.world.open(name, BTC, size("1")).done();
    }
    stage.calm();
    stage.begin("alice is long 1 BTC with 6,000, carol with 10,000");
    stage.advance(2 * HOUR);
    stage.report(price("55200")).done();
    stage.note("the chain is back: 55,200");
    stage.run_procedure();
    let (mut liquidated, mut topped_up) = (0u128, false);
    for round in 1..=60u64 {
        stage.advance(10);
        stage.report(price("55200")).done();
        let attempt = stage.world.liquidate("alice");
        if attempt.is_done() {
            for fact in attempt.facts::<PositionLiquidated>() {
                liquidated += fact.notional.atoms();
                stage.note("a keeper liquidates alice");
            }
        }
        // A person needs five minutes.
        if round == 20 && !topped_up {
            topped_up = stage.world.add_collateral("alice", usd(6_000)).is_done();
            stage.note("alice adds 6,000");
        }
    }
    stage.advance(2 * HOUR);
    stage.report(price("55200")).done();
    stage.note("two hours later");
    second_gap(&mut stage);
    stage.end(liquidated)
}

/// The chain stands once more: how many rounds agree before anybody is liquidated.
fn second_gap(stage: &mut Stage) {
    stage.advance(30 * MINUTE);
    stage.report(price("50900")).done();
    stage.note("the chain stood again, for half an hour: 50,900");
    for round in 2..=10u64 {
        stage.advance(10);
        stage.report(price("50900")).done();
        if !stage.world.liquidate("carol").facts::<PositionLiquidated>().is_empty() {
            stage.note(&format!("a keeper liquidates carol at round {round} behind this gap"));
            return;
        }
    }
    stage.note("ten rounds, and carol is not liquidated");
}

fn orderly_wind_down(procedure: bool) -> Course {
    let builder = World::builder().trader("alice", usd(50_000)).trader("bob", usd(50_000));
    let mut stage = Stage::new(Drill::OrderlyWindDown, procedure, builder);
    stage.world.open("alice", BTC, size("2")).done();
    stage.world.open("bob", BTC, size("-1")).done();
    stage.begin("alice is long, bob is short");
    stage.run_procedure();
    let begun = stage.world.now();
    while stage.world.now() < begun + 2 * HOUR + 5 * MINUTE {
        stage.advance(30);
        stage.report(price("60600")).done();
        for market in [BTC, ETH] {
            for settled in stage.world.execute(market).done().facts::<MarketSettled>() {
                stage.note(&format!("market {} is settled at {}", settled.market, settled.price));
            }
        }
    }
    if stage.procedure {
        pay_everybody(&mut stage);
    }
    stage.advance_to_day(begun);
    let left = stage.world.account_records().iter().filter(|(_, account)| !account.positions.is_empty()).count();
    stage.note(&format!("{left} accounts still hold positions"));
    let measured = if stage.world.account_records().iter().all(|(_, account)| account.positions.is_empty()) {
        0
    } else {
        stage.worth(stage.open_interest())
    };
    stage.end(measured)
}

/// Both passes of the vault's settlement, by anyone.
fn pay_everybody(stage: &mut Stage) {
    let phase = |stage: &Stage| stage.world.query::<SettlementResponse>(Code::Vault, &VaultQuery::Settlement {}).phase;
    while phase(stage) != VaultPhase::Paying {
        let msg = VaultMsg::SettleAccounts { limit: 8 };
        let outcome = stage.world.send("keeper", Code::Vault, &msg, Amount::ZERO).done();
        for fixed in outcome.facts::<SettlementFixed>() {
            stage.note(&format!(
                "every claim is fixed: principal {}, profit {}",
                money(fixed.principal.atoms()),
                money(fixed.profit.atoms())
            ));
        }
    }
    for name in ["alice", "bob", "lp"] {
        let pay = VaultMsg::PaySettlement { accounts: vec![stage.world.account_id(name)] };
        stage.world.send("anyone", Code::Vault, &pay, Amount::ZERO).done();
        stage.note(&format!("{name} has {}", money(stage.world.balance(name).atoms())));
    }
}

impl Stage {
    fn advance_to_day(&mut self, begun: u64) {
        self.world.advance_to(begun + DAY);
        self.report(price("60600")).done();
    }
}
