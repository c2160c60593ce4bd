//! Random books: honest trading never trips the last frame, and everything that went in comes out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::float_arithmetic)]

mod support;

use cosmwasm_std::{BankMsg, SubMsg};
use firebreak_derivatives_vault::check::{finish, Done};
use firebreak_derivatives_vault::desk::Desk;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;
use proptest::prelude::*;
use support::*;

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(Debug, Clone)]
enum Step {
    Trade { who: usize, eth: bool, milli: i32 },
    Reduce { who: usize, eth: bool },
    Move { eth: bool, basis_points: i32, band: u32 },
    Wait { seconds: u64 },
    Liquidate,
    Deposit { who: usize, amount: u64 },
    Withdraw { who: usize, amount: u64 },
    Provide { amount: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..4usize, any::<bool>(), -20_000..20_000i32).prop_map(|(who, eth, milli)| Step::Trade { who, eth, milli }),
        2 => (0..4usize, any::<bool>()).prop_map(|(who, eth)| Step::Reduce { who, eth }),
        4 => (any::<bool>(), -800..800i32, 0..20u32)
            .prop_map(|(eth, basis_points, band)| Step::Move { eth, basis_points, band }),
        2 => (1..20_000u64).prop_map(|seconds| Step::Wait { seconds }),
        2 => Just(Step::Liquidate),
        1 => (0..4usize, 1..20_000u64).prop_map(|(who, amount)| Step::Deposit { who, amount }),
        1 => (0..4usize, 1..20_000u64).prop_map(|(who, amount)| Step::Withdraw { who, amount }),
        1 => (1..100_000u64).prop_map(|amount| Step::Provide { amount }),
    ]
}

fn run(bench: &mut Bench, step: &Step) -> usize {
    let market = |eth: bool| if eth { ETH } else { BTC };
    match step {
        Step::Trade { who, eth, milli } => {
            let text = format!("{}", f64::from(*milli) / 1_000.0);
            let bound = if *milli < 0 { "0.0001" } else { "100000000" };
            if bench.place(NAMES[*who], market(*eth), &text, bound).is_ok() {
                bench.advance(12);
                bench.refresh();
                let events = bench.run(market(*eth));
                let dropped = OrderDropped::all(&events);
                assert!(dropped.iter().all(|drop| drop.reason != DropReason::Computation), "{dropped:?}");
                return OrderFilled::all(&events).len();
            }
        }
        Step::Reduce { who, eth } => {
            let held = bench.account(NAMES[*who]).positions.into_iter().find(|held| held.market == market(*eth));
            if let Some(held) = held {
                let half = held.size.times("-0.5".replace('-', "").parse().unwrap()).unwrap().negated().unwrap();
                let bound = if half.is_long() { "100000000" } else { "0.0001" };
                if !half.is_zero() {
                    bench.place_with(NAMES[*who], market(*eth), &half.to_string(), bound, true).ok();
                    bench.advance(12);
                    bench.refresh();
                    bench.run(market(*eth));
                }
            }
        }
        Step::Move { eth, basis_points, band } => {
            bench.advance(5);
            let last = bench.market(market(*eth)).state.mark_price;
            let moved = SignedRatio::from_atoms(i128::from(*basis_points) * 100_000_000_000_000);
            let next = last.scaled(moved, Rounding::Ceil).unwrap();
            let now = bench.now();
            bench.publish(market(*eth), next, Price::from_units(*band), now, Validity::Valid);
        }
        Step::Wait { seconds } => {
            bench.advance(*seconds);
            bench.refresh();
        }
        Step::Liquidate => {
            bench.refresh();
            bench.liquidate(&NAMES).unwrap();
        }
        Step::Deposit { who, amount } => bench.deposit(NAMES[*who], *amount),
        Step::Withdraw { who, amount } => {
            let msg = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(*amount) };
            bench.execute(NAMES[*who], msg, 0).ok();
        }
        Step::Provide { amount } => {
            bench.refresh();
            bench.provide("lp", *amount).ok();
        }
    }
    0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// every message of these histories passed the equality of F9 within four units and the check of coins; `Bench` re-checks
    /// the sums over accounts after each. In the end everybody closes, and what is left is the pool's to the unit.
    #[test]
    fn honest_histories_never_trip_the_checks_and_end_in_cash(
        steps in proptest::collection::vec(step(), 1..40), with_funding: bool,
    ) {
        let market = |symbol, feed| {
            let mut config = market_config(symbol, feed);
            if !with_funding {
                config.funding.velocity_max = Ratio::ZERO;
            }
            config
        };
        let mut bench = Bench::without_pool(market("BTC", 1), market("ETH", 2));
        bench.provide("lp", 10_000_000).unwrap();
        bench.fund = Fund::Honest(50_000);
        for name in NAMES {
            bench.deposit(name, 30_000);
        }
        for step in &steps {
            run(&mut bench, step);
        }
        // Without a band: closing at its edge would pay the pool more than F9 says.
        bench.advance(5);
        for market in [BTC, ETH] {
            let (mark, now) = (bench.market(market).state.mark_price, bench.now());
            bench.publish(market, mark, Price::ZERO, now, Validity::Valid);
        }
        bench.liquidate(&NAMES).unwrap();
        let predicted = bench.pool().value.unwrap().deposit;
        let mut spent = Amount::ZERO;
        // Close everybody at the same price: what each fill pays the pool beside F9's prediction is its fee.
        for name in NAMES {
            bench.deposit(name, 1_000);
            for position in bench.account(name).positions {
                let close = position.size.negated().unwrap();
                let bound = if close.is_long() { "100000000" } else { "0.0001" };
                bench.place_with(name, position.market, &close.to_string(), bound, true).unwrap();
            }
        }
        bench.advance(12);
        bench.refresh();
        let mut fills = 0i128;
        for market in [BTC, ETH] {
            let events = bench.run(market);
            for filled in OrderFilled::all(&events) {
                fills += 1;
                spent = spent.plus(filled.fee).unwrap();
            }
        }
        if NAMES.iter().all(|name| bench.account(name).positions.is_empty()) {
            let pool = bench.pool().pool;
            let insurance = spent.times(parameters().insurance_fee_share, Rounding::Floor).unwrap();
            let fees = spent.minus(insurance).unwrap().signed().unwrap();
            let difference = pool.cash.minus(predicted).unwrap().minus(fees).unwrap();
            if !with_funding {
                // A unit of rounding for each fill, in the pool's favour, and one for each of the four sides.
                prop_assert!((-4..=2 * fills + 4).contains(&difference.atoms()), "{difference} after {fills} fills");
            }
            prop_assert_eq!(bench.market(BTC).state.long.basis, SignedAmount::ZERO);
            prop_assert_eq!(bench.market(BTC).state.short.basis, SignedAmount::ZERO);
        }
    }
}

#[test]
fn a_seeded_bug_that_pays_twice_is_refused_by_the_vaults_own_check() {
    let mut bench = Bench::new();
    bench.deposit("alice", 100);
    let desk = Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    // The handler books one payment of 60 and sends it twice, as a defect would.
    let info = cosmwasm_std::MessageInfo { sender: cosmwasm_std::Addr::unchecked(address("alice")), funds: vec![] };
    let amount = units(60);
    let mut done =
        firebreak_derivatives_vault::execute::withdraw_collateral(bench.deps.as_ref(), desk, info, 0, amount).unwrap();
    let again: SubMsg = done.messages[0].clone();
    assert!(matches!(again.msg, cosmwasm_std::CosmosMsg::Bank(BankMsg::Send { .. })));
    done.messages.push(again);
    let held = units(10_000_100 - 120);
    let refused = finish(bench.deps.as_mut(), &bench.env, done).unwrap_err();
    assert_eq!(refused, ContractError::CoinsMissing { owed: units(10_000_040), held });
    bench.check();
    assert_eq!(bench.account("alice").cash, units(100).signed().unwrap());
}

#[test]
fn a_seeded_bug_that_credits_the_pool_from_nowhere_is_refused_with_its_figures() {
    // a liability that vanishes without cash, as in the re-entry of GMX v1.
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    let mut desk = Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    desk.load_market(bench.deps.as_ref(), BTC).unwrap();
    desk.close_step().unwrap();
    let market = desk.market_mut(BTC).unwrap();
    market.state.long.basis = market.state.long.basis.plus(SignedAmount::from_atoms(5)).unwrap();
    let refused = finish(bench.deps.as_mut(), &bench.env, Done::new(desk)).unwrap_err();
    let expected = ContractError::EquityMismatch { wanted: SignedAmount::ZERO, found: SignedAmount::from_atoms(5) };
    assert_eq!(refused, expected);
}
