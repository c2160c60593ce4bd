//! Hostile review: each test asserts what the design promises and FAILS today.
#![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
mod support;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::circuit_breaker::{PostureRecord, Restriction};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, MarketId, Source};
use firebreak_risk::*;
use support::*;

fn sub(name: &str, subaccount: u8) -> AccountId {
    AccountId { owner: address(name), subaccount }
}
fn deposit_to(b: &mut Bench, name: &str, s: u8, amount: u64) {
    b.execute(name, ExecuteMsg::AddCollateral { account: None, subaccount: s }, amount).unwrap();
}
fn place_sub(
    b: &mut Bench,
    name: &str,
    s: u8,
    market: MarketId,
    text: &str,
    reduce_only: bool,
) -> Result<OrderId, ContractError> {
    let bound = if text.starts_with('-') { "0.000001" } else { "1000000000" };
    place_bound(b, name, s, market, text, bound, reduce_only)
}
fn place_bound(
    b: &mut Bench,
    name: &str,
    s: u8,
    market: MarketId,
    text: &str,
    bound: &str,
    reduce_only: bool,
) -> Result<OrderId, ContractError> {
    let msg =
        ExecuteMsg::PlaceOrder { subaccount: s, market, size: size(text), price_bound: price(bound), reduce_only };
    b.execute(name, msg, 0).map(|e| OrderPlaced::all(&e)[0].order)
}
fn run_as(b: &mut Bench, who: &str, market: MarketId) -> Vec<cosmwasm_std::Event> {
    b.execute(who, ExecuteMsg::ExecuteOrders { market, limit: 50 }, 0).unwrap()
}
fn acc(b: &Bench, id: AccountId) -> AccountResponse {
    b.query(QueryMsg::Account { account: id })
}
fn withdraw_atoms(b: &mut Bench, name: &str, s: u8, atoms: u128) -> Result<(), ContractError> {
    b.execute(name, ExecuteMsg::WithdrawCollateral { subaccount: s, amount: Amount::from_atoms(atoms) }, 0).map(|_| ())
}
fn wallet(b: &Bench, name: &str) -> i128 {
    b.bank.get(&address(name)).copied().unwrap_or(0) as i128
}

/// 1. Pool below zero: a winner is paid out of other users' principal and the last frame calls it solvent.
#[test]
fn a1_a_winner_is_never_paid_out_of_other_users_collateral() {
    let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    b.provide("lp", 10_000).unwrap();
    b.deposit("bob", 100_000); // holds no position, ever
    b.deposit("alice", 100_000);
    b.trade("alice", BTC, "10");
    b.set_price(BTC, "70000"); // +100,000 against a pool of 10,000
    b.trade("alice", BTC, "-10");
    let cash = acc(&b, sub("alice", 0)).cash.atoms();
    println!("alice cash {cash}, pool {:?}", b.pool().pool.cash);
    let r = withdraw_atoms(&mut b, "alice", 0, cash as u128);
    println!("alice withdraw {r:?}");
    let s: SolvencyResponse = b.query(QueryMsg::Solvency {});
    println!("solvency {s:?}");
    b.execute("owner", ExecuteMsg::SweepFees {}, 0).ok();
    let r = b.execute("bob", ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(100_000) }, 0);
    println!("bob: {r:?}");
    assert!(r.is_ok(), "bob's principal is gone: {r:?}");
}

/// 1c. As 1, with a pool that passes any sane cap at the opening (leverage of the pool 6) and a price that doubles.
#[test]
fn a1c_a_winner_is_never_paid_out_of_other_users_collateral_when_the_price_moves_far() {
    let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    b.provide("lp", 100_000).unwrap();
    b.deposit("bob", 300_000);
    b.deposit("alice", 100_000);
    let ev = b.trade("alice", BTC, "10");
    println!("{:?}", OrderFilled::all(&ev).len());
    b.set_price(BTC, "90000"); // +300,000 against a pool of 100,000
    b.trade("alice", BTC, "-10");
    let cash = acc(&b, sub("alice", 0)).cash.atoms();
    let r = withdraw_atoms(&mut b, "alice", 0, cash as u128);
    println!("alice {cash} pool {:?} withdraw {r:?}", b.pool().pool.cash);
    let r = b.execute("bob", ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(300_000) }, 0);
    println!("bob: {r:?}");
    assert!(r.is_ok(), "bob's principal is gone: {r:?}");
}

/// 1b. no pool at all is needed to open.
#[test]
fn a1b_nothing_opens_against_an_empty_pool() {
    let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    b.deposit("alice", 100_000);
    assert!(OrderFilled::all(&b.trade("alice", BTC, "10")).is_empty(), "600,000 opened against a pool of 0");
}

/// 2. R-32: late cancel for free by withdrawing the margin of the waiting order. Straddle: a long and a short, the loser's
/// collateral leaves once the jump is known.
fn straddle(to: u32, cheat: bool) -> i128 {
    let mut b = Bench::new();
    b.advance(60);
    let start = b.now();
    let at = |b: &mut Bench, s: u64| {
        b.env.block.time = cosmwasm_std::Timestamp::from_seconds(start + s);
        b.env.block.height += 1;
    };
    deposit_to(&mut b, "eve", 0, 20_000);
    deposit_to(&mut b, "eve", 1, 20_000);
    let mut exec = 0;
    for second in 0..=120u64 {
        at(&mut b, second);
        let now = b.now();
        if second == 45 {
            place_sub(&mut b, "eve", 0, BTC, "5", false).unwrap();
            place_sub(&mut b, "eve", 1, BTC, "-5", false).unwrap();
        }
        // The jump is reported at 60: known to eve since 50. The orders' own round comes at 57.
        if second == 56 && cheat {
            let loser = if to > 60_000 { 1 } else { 0 };
            let cash = acc(&b, sub("eve", loser)).cash.atoms() as u128;
            withdraw_atoms(&mut b, "eve", loser, cash).unwrap();
        }
        if second % 3 == 0 {
            let p = if second < 60 { 60_000 } else { to };
            b.publish(BTC, Price::from_units(p), Price::ZERO, now, Validity::Valid);
            let ev = run_as(&mut b, "keeper", BTC); // honest keeper, in the very transaction of the price
            exec += OrderFilled::all(&ev).len();
        }
    }
    for s in [0u8, 1] {
        if let Some(p) = acc(&b, sub("eve", s)).positions.first() {
            let close = p.size.negated().unwrap().to_string();
            place_sub(&mut b, "eve", s, BTC, &close, true).unwrap();
        }
    }
    b.advance(15);
    b.refresh();
    run_as(&mut b, "keeper", BTC);
    assert!(acc(&b, sub("eve", 0)).positions.is_empty() && acc(&b, sub("eve", 1)).positions.is_empty());
    let total = acc(&b, sub("eve", 0)).cash.atoms() + acc(&b, sub("eve", 1)).cash.atoms() + wallet(&b, "eve");
    println!("to {to} cheat {cheat}: fills {exec}, profit {}", total - 40_000_000_000);
    total - 40_000_000_000
}

#[test]
fn a2_withdrawing_the_margin_is_no_free_late_cancel() {
    for to in [58_500, 61_500] {
        assert!(straddle(to, false) <= 0);
    }
    for to in [58_500, 61_500] {
        assert!(straddle(to, true) <= 0, "jump to {to}");
    }
}

/// 2b. The same from the other side: orders without margin, funded only when they are known to win.
#[test]
fn a2b_an_order_without_margin_is_no_free_option() {
    for to in [58_500u32, 61_500] {
        let mut b = Bench::new();
        b.advance(60);
        let start = b.now();
        for s in [0, 1] {
            deposit_to(&mut b, "eve", s, 1);
        }
        for second in 0..=120u64 {
            b.env.block.time = cosmwasm_std::Timestamp::from_seconds(start + second);
            b.env.block.height += 1;
            let now = b.now();
            if second == 45 {
                place_sub(&mut b, "eve", 0, BTC, "5", false).unwrap();
                place_sub(&mut b, "eve", 1, BTC, "-5", false).unwrap();
            }
            if second == 56 {
                deposit_to(&mut b, "eve", if to > 60_000 { 0 } else { 1 }, 20_000);
            }
            if second % 3 == 0 {
                b.publish(
                    BTC,
                    Price::from_units(if second < 60 { 60_000 } else { to }),
                    Price::ZERO,
                    now,
                    Validity::Valid,
                );
                run_as(&mut b, "keeper", BTC);
            }
        }
        for s in [0u8, 1] {
            if let Some(p) = acc(&b, sub("eve", s)).positions.first() {
                let close = p.size.negated().unwrap().to_string();
                place_sub(&mut b, "eve", s, BTC, &close, true).unwrap();
            }
        }
        b.advance(15);
        b.refresh();
        run_as(&mut b, "keeper", BTC);
        let total = acc(&b, sub("eve", 0)).cash.atoms() + acc(&b, sub("eve", 1)).cash.atoms() - 20_002_000_000;
        println!("just in time, to {to}: {total}");
        assert!(total <= 0, "jump to {to}: {total}");
    }
}

/// 3. Farm of the keeper's floor: dust positions, own keeper, own execution fees.
#[test]
fn a3_the_keepers_floor_cannot_be_farmed_with_dust() {
    let mut b = Bench::new();
    b.deposit("alice", 100_000);
    b.trade("alice", BTC, "10");
    b.trade("alice", BTC, "-10"); // honest fees: 240 owed to the fund
    let fees_before = b.pool().pool.insurance_fees.atoms();
    let n = 10u8;
    for s in 0..n {
        b.execute_with(
            "eve",
            ExecuteMsg::AddCollateral { account: None, subaccount: s },
            cosmwasm_std::coins(10_150_000, DENOM),
        )
        .unwrap();
    }
    let spent = 10_150_000i128 * i128::from(n);
    for s in 0..n {
        place_sub(&mut b, "eve", s, BTC, "0.000000000000000001", false).unwrap();
    }
    b.advance(15);
    b.refresh();
    let ev = run_as(&mut b, "eve", BTC);
    assert_eq!(OrderFilled::all(&ev).len(), n as usize);
    // A reduce order's fee takes equity below maintenance: nobody checks.
    for s in 0..n {
        place_bound(&mut b, "eve", s, BTC, "-0.000000000000000001", "1000000000", true).unwrap();
    }
    let accounts = (0..n).map(|s| sub("eve", s)).collect();
    let ev = b.execute("eve", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
    let closed = PositionLiquidated::all(&ev);
    println!("{} closed, first: penalty {} keeper {}", closed.len(), closed[0].penalty, closed[0].keeper_fee);
    b.advance(15);
    b.refresh();
    run_as(&mut b, "eve", BTC);
    for s in 0..n {
        let cash = acc(&b, sub("eve", s)).cash.atoms();
        if cash > 0 {
            withdraw_atoms(&mut b, "eve", s, cash as u128).unwrap();
        }
    }
    let gained = wallet(&b, "eve") - spent;
    let fees = b.pool().pool.insurance_fees.atoms();
    println!("eve gained {gained}, fund's fees {fees_before} -> {fees}");
    assert!(gained <= 0, "eve gained {gained} of the fund's fees");
}

/// 4. Constant oracle price: skew makes own accounts bankrupt, the other own account collects.
#[test]
fn a4_no_profit_at_a_constant_oracle_price() {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    let mut b = Bench::without_pool(config, market_config("ETH", 2));
    b.provide("lp", 50_000_000).unwrap();
    let pool0 = b.pool().value.unwrap().deposit.atoms();
    let n = 9u8;
    let each = 480_000u64;
    let mut spent = 0i128;
    for s in 0..n {
        deposit_to(&mut b, "eve", s, each);
        spent += units(each).atoms() as i128;
    }
    for s in 0..n {
        place_sub(&mut b, "eve", s, BTC, "100", false).unwrap();
    }
    b.advance(15);
    b.refresh();
    let ev = run_as(&mut b, "eve", BTC);
    println!(
        "A fills {} drops {:?}",
        OrderFilled::all(&ev).len(),
        OrderDropped::all(&ev).iter().map(|d| d.reason).collect::<Vec<_>>()
    );
    for s in 100..110u8 {
        deposit_to(&mut b, "eve", s, 2_000_000);
        spent += units(2_000_000).atoms() as i128;
    }
    for s in 100..110u8 {
        place_sub(&mut b, "eve", s, BTC, "-100", false).unwrap();
    }
    b.advance(15);
    b.refresh();
    let ev = run_as(&mut b, "eve", BTC);
    println!("B fills {}", OrderFilled::all(&ev).len());
    for s in (0..n).rev() {
        let a = acc(&b, sub("eve", s));
        println!("A{s}: equity {} mm {} liq {}", a.equity, a.maintenance_margin, a.liquidatable);
    }
    let ev =
        b.execute("eve", ExecuteMsg::Liquidate { accounts: (0..n).rev().map(|s| sub("eve", s)).collect() }, 0).unwrap();
    println!("liquidated {}", PositionLiquidated::all(&ev).len());
    for s in 100..110u8 {
        place_sub(&mut b, "eve", s, BTC, "100", true).unwrap();
    }
    for s in 0..n {
        if let Some(p) = acc(&b, sub("eve", s)).positions.first() {
            let t = p.size.negated().unwrap().to_string();
            place_sub(&mut b, "eve", s, BTC, &t, true).ok();
        }
    }
    b.advance(15);
    b.refresh();
    run_as(&mut b, "eve", BTC);
    let mut got = wallet(&b, "eve");
    for s in (0..n).chain(100..110) {
        got += acc(&b, sub("eve", s)).cash.atoms();
        assert!(acc(&b, sub("eve", s)).positions.is_empty(), "{s}");
    }
    println!("losses {:?}", b.losses());
    println!("eve {} ; pool {}", got - spent, b.pool().value.unwrap().deposit.atoms() - pool0);
    assert!(got - spent <= 0, "eve made {} at a constant price", got - spent);
}

/// 5. The All record is gone: restrictions vanish instead of becoming ReduceOnly.
#[test]
fn a5_an_unreadable_posture_of_all_is_reduce_only() {
    let mut b = Bench::new();
    b.deposit("alice", 20_000);
    let all = PostureRecord {
        evaluated_round: 0,
        restrictions: vec![Restriction {
            source: Source::Council,
            since: b.now(),
            incident: 1,
            phases: vec![Phase { until: b.now() + 10_000, posture: Posture::preset(Level::Frozen) }],
        }],
    };
    b.put(&address("breaker"), b"posture_all".to_vec(), firebreak_messages::packed::to_packed("all", 1, &all).unwrap());
    assert!(b.place("alice", BTC, "1", "70000").is_err());
    // version byte of a migrated breaker, or nothing at all
    b.put(&address("breaker"), b"posture_all".to_vec(), firebreak_messages::packed::to_packed("all", 2, &all).unwrap());
    let r = b.place("alice", BTC, "1", "70000");
    assert!(matches!(r, Err(ContractError::Restricted { .. })), "frozen a moment ago, now {r:?}");
}

/// 6. One dispersed feed shields everybody: the favourable edge is not capped and never decays.
#[test]
fn a6_doubt_about_a_price_ends_and_is_capped() {
    let mut b = Bench::new();
    b.deposit("alice", 40_000);
    b.trade("alice", BTC, "10");
    b.advance(5);
    for _ in 0..400 {
        // 40 minutes of doubt: equity at 52,000 is about -40,000
        b.advance(6);
        let now = b.now();
        b.publish(BTC, price("52000"), price("8000"), now, Validity::SoftInvalid);
    }
    let a = b.account("alice");
    println!("equity at the mark {}, liquidatable {}", a.equity, a.liquidatable);
    assert!(a.liquidatable, "bankrupt by {} for 40 minutes and still not liquidatable", a.equity);
}

/// 7. Reduce is refused where the band of a *valid* round is wider than the maintenance ratio.
#[test]
fn a7_a_rich_account_can_always_reduce_at_a_valid_price() {
    let mut b = Bench::new();
    b.deposit("alice", 1_000_000);
    b.trade("alice", BTC, "1");
    place_sub(&mut b, "alice", 0, BTC, "-1", true).unwrap();
    b.advance(15);
    let now = b.now();
    b.publish(BTC, price("60000"), price("1900"), now, Validity::Valid);
    let ev = b.run(BTC);
    println!("{:?}", OrderDropped::all(&ev));
    assert_eq!(OrderFilled::all(&ev).len(), 1, "equity 1,000,000, cannot close 60,000");
}

/// 8. An LP that claims in a crash before the liquidations gets more than one that claims after (F9's own test).
#[test]
fn a8_claiming_before_the_liquidations_pays_no_more_than_after() {
    let claim = |first: bool| {
        let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
        b.provide("bob", 1_000_000).unwrap();
        b.provide("carol", 1_000_000).unwrap();
        let id: LiquidityProviderResponse = b.query(QueryMsg::LiquidityProvider { address: address("bob") });
        b.execute("bob", ExecuteMsg::RequestLiquidityWithdrawal { shares: id.provider.shares }, 0).unwrap();
        b.deposit("alice", 40_000);
        b.trade("alice", BTC, "10");
        b.advance(86_400 - 60);
        b.advance(60);
        b.refresh();
        b.set_price(BTC, "45000"); // loss 150,000 on 40,000
        b.refresh();
        if !first {
            b.liquidate(&["alice"]).unwrap();
        }
        let ev =
            b.execute("bob", ExecuteMsg::ClaimLiquidityWithdrawal { request: 0, amount_min: Amount::ZERO }, 0).unwrap();
        LiquidityWithdrawn::all(&ev)[0].amount.atoms()
    };
    let (before, after) = (claim(true), claim(false));
    println!("before {before} after {after}");
    assert!(before <= after, "{} more for who claims first", before - after);
}

/// 9. R-10: closes more than needed: the freed exit fee is not counted.
#[test]
fn a9_closing_a_little_less_would_break_the_buffer() {
    let mut config = market_config("BTC", 1);
    config.taker_fee_ratio = Ratio::from_basis_points(100);
    config.margin.initial_margin_ratio = Ratio::percent(5);
    config.funding.velocity_max = Ratio::ZERO;
    let mut b = Bench::without_pool(config, market_config("ETH", 2));
    b.provide("lp", 10_000_000).unwrap();
    b.deposit("alice", 60_000);
    b.trade("alice", BTC, "10");
    b.set_price(BTC, "56800");
    let before = b.account("alice");
    println!("before {} {} {}", before.equity, before.maintenance_margin, before.liquidatable);
    let ev = b.liquidate(&["alice"]).unwrap();
    let c = &PositionLiquidated::all(&ev)[0];
    let a = b.account("alice");
    let need = a.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
    println!("closed {} left {} spare {}", c.size_closed, c.size_after, a.equity.minus_amount(need).unwrap());
    assert!(a.equity.minus_amount(need).unwrap().atoms() < 1_000, "over-liquidated");
}

/// 10. LP with early knowledge leaves before a jump it knows.
#[test]
fn a10_a_sweep_does_not_take_the_keepers_floor_away() {
    let mut b = Bench::new();
    b.deposit("alice", 40_000);
    b.trade("alice", BTC, "10");
    b.set_price(BTC, "55000");
    b.fund = Fund::Honest(1_000_000);
    b.execute("griefer", ExecuteMsg::SweepFees {}, 0).unwrap();
    let ev = b.liquidate(&["alice"]).unwrap();
    assert_eq!(
        PositionLiquidated::all(&ev)[0].keeper_fee,
        units(1),
        "nobody is paid for liquidating a bankrupt account"
    );
}

/// 11. A position at an invalid price shields another with its stale profit.
#[test]
fn a11_a_position_at_an_invalid_price_shields_no_other() {
    let mut b = Bench::new();
    b.deposit("alice", 55_000);
    b.trade("alice", ETH, "100");
    b.trade("alice", BTC, "10");
    assert_eq!(b.account("alice").positions.len(), 2);
    b.set_price(ETH, "3300"); // +30,000
    b.run(ETH);
    b.set_price(BTC, "55000"); // -50,000 of 54,000
    b.advance(5);
    let now = b.now();
    b.publish(ETH, price("3300"), Price::ZERO, now, Validity::Invalid); // ETH feed dies
    let a = b.account("alice");
    println!("cash {} equity {} mm {} liq {}", a.cash, a.equity, a.maintenance_margin, a.liquidatable);
    assert!(a.liquidatable);
}

/// 12. The mark of a market whose feed turned invalid is the last price somebody touched, not the last valid one.
#[test]
fn a12_an_invalid_market_counts_at_its_last_valid_price() {
    let mut b = Bench::new();
    b.deposit("alice", 40_000);
    b.trade("alice", BTC, "10");
    b.set_price(BTC, "50000"); // valid round, no transaction in it
    b.advance(5);
    let now = b.now();
    b.publish(BTC, price("10000"), Price::ZERO, now, Validity::Invalid);
    let a = b.account("alice");
    println!("equity {} price {}", a.equity, a.positions[0].price);
    assert_eq!(a.positions[0].price, price("50000"));
}

/// 13. Dust of open interest and one dead feed: every provider's claim expires.
#[test]
fn a13_one_dead_feed_with_dust_does_not_expire_every_providers_claim() {
    let mut b = Bench::new();
    b.provide("bob", 1_000).unwrap();
    b.deposit("eve", 11);
    b.trade("eve", ETH, "0.000000000000000001");
    let id: LiquidityProviderResponse = b.query(QueryMsg::LiquidityProvider { address: address("bob") });
    b.execute("bob", ExecuteMsg::RequestLiquidityWithdrawal { shares: id.provider.shares }, 0).unwrap();
    b.advance(86_400);
    let claim = ExecuteMsg::ClaimLiquidityWithdrawal { request: 0, amount_min: Amount::ZERO };
    let r1 = b.execute("bob", claim.clone(), 0).map(|_| ());
    b.advance(21_601);
    b.refresh();
    let r2 = b.execute("bob", claim, 0).map(|_| ());
    println!("{r1:?}\n{r2:?}");
    assert!(r2.is_ok());
}

/// 14. Victims: a whale shorts at a constant oracle price, liquidates longs at the moved exit price, buys back.
#[test]
fn a14_a_whale_does_not_profit_from_liquidating_others_at_a_constant_price() {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    let mut b = Bench::without_pool(config, market_config("ETH", 2));
    b.provide("lp", 50_000_000).unwrap();
    for s in 0..5u8 {
        deposit_to(&mut b, "victim", s, 480_000);
    }
    for s in 0..5u8 {
        place_sub(&mut b, "victim", s, BTC, "100", false).unwrap();
    }
    b.advance(15);
    b.refresh();
    run_as(&mut b, "keeper", BTC);
    let (from, to) = (100, 110u8);
    for s in from..to {
        deposit_to(&mut b, "eve", s, 2_000_000);
    }
    for s in from..to {
        place_sub(&mut b, "eve", s, BTC, "-100", false).unwrap();
    }
    b.advance(15);
    b.refresh();
    run_as(&mut b, "eve", BTC);
    let ev = b
        .execute("eve", ExecuteMsg::Liquidate { accounts: (0..5).rev().map(|s| sub("victim", s)).collect() }, 0)
        .unwrap();
    println!("victims liquidated {}", PositionLiquidated::all(&ev).len());
    for s in from..to {
        place_sub(&mut b, "eve", s, BTC, "100", true).unwrap();
    }
    b.advance(15);
    b.refresh();
    run_as(&mut b, "eve", BTC);
    let got: i128 =
        (from..to).map(|s| acc(&b, sub("eve", s)).cash.atoms()).sum::<i128>() + wallet(&b, "eve") - 20_000_000_000_000;
    println!("eve {got}, losses {:?}", b.losses());
    assert!(got <= 0, "eve made {got}");
}

/// 15. Through-zero trades against the tolerance of 4: honest orders dropped as `Computation`.
#[test]
fn a15_no_honest_trade_through_zero_trips_the_equality() {
    let mut config = market_config("BTC", 1);
    config.skew_scale = size("9999.999999999999999983");
    let mut b = Bench::without_pool(config, market_config("ETH", 2));
    b.provide("lp", 50_000_000).unwrap();
    b.deposit("l", 500_000);
    b.deposit("s", 500_000);
    b.deposit("alice", 900_000_000);
    b.trade("l", BTC, "1.234567890123456789");
    b.trade("s", BTC, "-0.987654321098765432");
    let mut x: u64 = 88172645463325252;
    let mut next = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let mut bad = 0u32;
    let total = 60_000;
    let mut long = true;
    for _ in 0..total {
        let q = 200_000_000_000_000_000i128 + (next() % 1_000_000_000_000_000_000) as i128;
        let held = b.account("alice").positions.first().map_or(0, |p| p.size.atoms());
        let want = if long { q } else { -q } - held;
        let order = Size::from_atoms(want).to_string();
        let p = Price::from_atoms(60_000_000_000_000_000_000_000 + (next() % 999_999_999_999_999_999) as u128);
        let msg = ExecuteMsg::PlaceOrder {
            subaccount: 0,
            market: BTC,
            size: size(&order),
            price_bound: price(if want > 0 { "1000000000" } else { "0.000001" }),
            reduce_only: false,
        };
        use cosmwasm_std::Addr;
        // Straight to the contract: the bench's O(state) checks are not needed here.
        let info = cosmwasm_std::MessageInfo { sender: Addr::unchecked(address("alice")), funds: vec![] };
        firebreak_derivatives_vault::contract::execute(b.deps.as_mut(), b.env.clone(), info, msg).unwrap();
        b.advance(12);
        let now = b.now();
        b.publish(BTC, p, Price::from_atoms((next() % 999_999_999_999_999_999) as u128), now, Validity::Valid);
        let info = cosmwasm_std::MessageInfo { sender: Addr::unchecked(address("keeper")), funds: vec![] };
        let r = firebreak_derivatives_vault::contract::execute(
            b.deps.as_mut(),
            b.env.clone(),
            info,
            ExecuteMsg::ExecuteOrders { market: BTC, limit: 5 },
        )
        .unwrap();
        if OrderDropped::all(&r.events).iter().any(|d| d.reason == DropReason::Computation) {
            bad += 1;
            if bad < 3 {
                println!("dropped {order} at {p}");
            }
        }
        long = !long;
    }
    println!("{bad} of {total} dropped as computation");
    assert_eq!(bad, 0);
}

/// 16. The reserve is asked market by market: each one may use the same coins.
#[test]
fn a16_the_reserve_backs_all_markets_together() {
    let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    b.provide("lp", 60_500).unwrap();
    b.deposit("alice", 200_000);
    let one = OrderFilled::all(&b.trade("alice", BTC, "10")).len();
    let two =
        OrderFilled::all(&b.trade("alice", ETH, "100")).len() + OrderFilled::all(&b.trade("alice", ETH, "99")).len();
    println!("{one} {two} pool {:?}", b.pool().pool.cash);
    assert_eq!(two, 0, "1.2 M of open interest on a reserve for 0.6 M");
}

/// 17. One unit short: nobody leaves any more, and who would recapitalise is refused.
#[test]
fn a17_a_short_pool_can_be_recapitalised() {
    let mut b = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    b.provide("lp", 100_000).unwrap();
    b.deposit("bob", 300_000);
    b.deposit("alice", 100_000);
    b.trade("alice", BTC, "10");
    b.set_price(BTC, "90000");
    b.trade("alice", BTC, "-10");
    let one = b
        .execute("bob", ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: Amount::from_atoms(1) }, 0)
        .unwrap_err();
    println!("one unit: {one}");
    let lp = b.provide("carol", 500_000).map(|_| ());
    println!("lp: {lp:?}");
    b.donate(500_000);
    println!(
        "after a donation: {:?}",
        b.execute("bob", ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(300_000) }, 0).is_ok()
    );
    assert!(lp.is_ok());
}
