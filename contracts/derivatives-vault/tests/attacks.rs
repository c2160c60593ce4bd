//! Attacks from the hostile review, each as what the vault does about it: a refusal with its figures, or a search in which the
//! attacker never gains.

use crate::support::*;
use firebreak_derivatives_vault::{contract, ContractError};
use firebreak_messages::circuit_breaker::{PostureRecord, Restriction};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{Action, MarketId, Reason, Source};
use firebreak_risk::*;

/// Deposits exactly what the vault asks for and places the order. Returns what was deposited, in atoms.
fn place_with_least_margin(bench: &mut Bench, name: &str, number: u8, order: (&str, &str, bool)) -> i128 {
    let (text, bound, reduce_only) = order;
    let mut deposited = 0i128;
    loop {
        let lacking = match bench.place_in(name, number, BTC, size(text), bound, reduce_only) {
            Ok(_) => return deposited,
            Err(ContractError::MarginTooLow { wanted, found, .. }) => wanted.atoms() as i128 - found.atoms(),
            Err(ContractError::InsufficientCash { wanted, found, .. }) => wanted.atoms() as i128 - found.atoms(),
            Err(other) => panic!("{other}"),
        };
        deposited += lacking;
        bench.deposit_to(&subaccount(name, number), Amount::from_atoms(lacking as u128));
    }
}

fn without_funding(fee_basis_points: u32) -> MarketConfig {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    config.taker_fee_ratio = Ratio::from_basis_points(fee_basis_points);
    config
}

/// A pool of 100,000 that owes a winner 300,000, and bob with 300,000 and no position, ever.
fn short_pool() -> Bench {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 100_000).unwrap();
    bench.deposit("bob", 300_000);
    bench.deposit("alice", 100_000);
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "10")).len(), 1);
    bench.set_price(BTC, "90000");
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "-10")).len(), 1);
    assert!(bench.pool().pool.cash.is_negative());
    bench
}

#[test]
fn nothing_opens_against_an_empty_pool_or_one_too_small_for_it() {
    // 600,000 of open interest wants 60,000 of the pool's coins.
    for pool in [0, 10_000, 59_000] {
        let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
        if pool > 0 {
            bench.provide("lp", pool).unwrap();
        }
        bench.deposit("alice", 100_000);
        assert_eq!(reasons(&bench.trade("alice", BTC, "10")), [DropReason::Cap], "pool of {pool}");
        assert_eq!(bench.pool().pool.open_notional, Amount::ZERO);
    }
}

#[test]
fn while_the_pool_is_short_nobody_leaves_and_whoever_recapitalises_it_lets_everybody_out() {
    // without this the first to leave is paid with bob's principal.
    let mut bench = short_pool();
    let coins = |name: &str, bench: &Bench| bench.account(name).cash.atoms() as u128;
    let (alice, bob) = (coins("alice", &bench), coins("bob", &bench));
    let held = bench.bank[&address(VAULT)];
    let owed = alice + bob + bench.pool().pool.insurance_fees.atoms();
    let short = owed - held;
    for (name, amount) in [("bob", 1), ("bob", bob), ("alice", 1), ("alice", alice)] {
        let refused = bench.withdraw(name, 0, Amount::from_atoms(amount)).unwrap_err();
        let (owed, held) = (Amount::from_atoms(owed - amount), Amount::from_atoms(held - amount));
        assert_eq!(refused, ContractError::PoolShort { owed, held }, "{name} {amount}");
    }
    // nobody buys shares of a pool that is worth less than nothing.
    let worthless = bench.provide("carol", 500_000).unwrap_err();
    assert!(matches!(worthless, ContractError::Risk(RiskError::PoolWorthless { .. })), "{worthless}");

    // One atom less than what is missing changes nothing; the whole of it pays everybody to the atom.
    bench.restrict_all(Level::Frozen, 1);
    let add = |bench: &mut Bench, atoms: u128| {
        let coins = cosmwasm_std::coins(atoms, DENOM);
        bench.execute_with("dao", ExecuteMsg::Recapitalize {}, coins).unwrap()
    };
    let cash = bench.pool().pool.cash.atoms();
    let events = add(&mut bench, short - 1);
    let fact = &PoolRecapitalized::all(&events)[0];
    let pool_cash = SignedAmount::from_atoms(cash + short as i128 - 1);
    let amount = Amount::from_atoms(short - 1);
    assert_eq!(*fact, PoolRecapitalized { sender: address("dao"), amount, pool_cash });
    bench.advance(1);
    let refused = bench.withdraw("bob", 0, units(300_000)).unwrap_err();
    assert!(matches!(refused, ContractError::PoolShort { .. }), "{refused}");
    add(&mut bench, 1);
    bench.withdraw("alice", 0, Amount::from_atoms(alice)).unwrap();
    bench.withdraw("bob", 0, units(300_000)).unwrap();
    assert_eq!((bench.wallet("alice"), bench.wallet("bob")), (alice as i128, 300_000_000_000));
    assert_eq!(bench.bank[&address(VAULT)], bench.pool().pool.insurance_fees.atoms());
}

#[test]
fn recapitalising_takes_coins_of_the_settlement_denom_and_buys_nothing() {
    let mut bench = Bench::new();
    let nothing = bench.execute("dao", ExecuteMsg::Recapitalize {}, 0).unwrap_err();
    assert_eq!(nothing, ContractError::WrongFunds { wanted: DENOM.into(), found: "nothing".into() });
    let before = bench.pool().pool;
    bench.execute("dao", ExecuteMsg::Recapitalize {}, 7).unwrap();
    let after = bench.pool().pool;
    assert_eq!(after.cash.minus(before.cash).unwrap(), units(7).signed().unwrap());
    assert_eq!(after.shares, before.shares);
}

#[test]
fn the_reserve_backs_all_markets_together() {
    // 60,500 back 605,000 of exposure: 600,030 of BTC leave nothing for ETH, in whichever market they are.
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 60_500).unwrap();
    bench.deposit("alice", 200_000);
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "10")).len(), 1);
    for text in ["100", "99", "4"] {
        assert_eq!(reasons(&bench.trade("alice", ETH, text)), [DropReason::Cap], "{text}");
    }
    assert_eq!(OrderFilled::all(&bench.trade("alice", ETH, "1")).len(), 1);
    // What closes is free for others again.
    bench.trade("alice", BTC, "-10");
    assert_eq!(OrderFilled::all(&bench.trade("alice", ETH, "99")).len(), 1);
    assert_eq!(bench.pool().pool.open_notional, units(300_000));
}

/// What the holder of early reports does to one leg of a straddle between its placing and its fill.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trick {
    Nothing,
    /// Takes all that may leave out of the account that will lose.
    TakeAway,
    /// Gives the account that will win much more than it needs.
    TopUp,
    CancelLoser,
    /// Spends the loser's margin on fees of orders that will never fill.
    Bleed,
}

/// How a leg gets its exposure.
#[derive(Debug, Clone, Copy)]
struct Legs {
    /// What each leg holds before, on the other side than its orders.
    held: &'static str,
    /// The orders of the buying leg; the selling leg's are the opposite.
    orders: &'static [&'static str],
    /// A bound just beyond the fill, or none to speak of.
    tight: bool,
}

fn opposite(text: &str) -> String {
    text.strip_prefix('-').map_or_else(|| format!("-{text}"), str::to_string)
}

/// A buy and a sale of the same size in two accounts of eve, funded with exactly what is asked, placed before a jump that is
/// reported at second 60 and that eve knows ten seconds early. The orders' own price is the one before the jump. The keeper is
/// honest and executes in the very transaction of each price. Returns what eve gained.
fn straddle(to: u32, legs: Legs, place_at: u64, trick: Trick, trick_at: u64) -> i128 {
    let mut bench = Bench::new();
    let mut paid = 0i128;
    if legs.held != "0" {
        for (number, text) in [(0, opposite(legs.held)), (1, legs.held.to_string())] {
            paid += place_with_least_margin(&mut bench, "eve", number, (&text, any_price(&text), false));
        }
        bench.advance(15);
        bench.refresh();
        assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 2);
    }
    bench.advance(60);
    let start = bench.now();
    let (winner, loser) = if to > 60_000 { (0u8, 1u8) } else { (1, 0) };
    for second in 0..=72u64 {
        bench.set_time(start + second);
        let now = bench.now();
        if second == place_at {
            for text in legs.orders {
                for (number, text) in [(0, text.to_string()), (1, opposite(text))] {
                    let bound = match (legs.tight, number) {
                        (true, 0) => "60600",
                        (true, _) => "59400",
                        _ => any_price(&text),
                    };
                    paid += place_with_least_margin(&mut bench, "eve", number, (&text, bound, false));
                }
            }
        }
        if second == trick_at {
            match trick {
                Trick::Nothing => {}
                Trick::TakeAway => {
                    let cash = bench.account_of(&subaccount("eve", loser)).cash.atoms();
                    for tenth in (1..=10).rev() {
                        let amount = Amount::from_atoms((cash * tenth / 10).max(1) as u128);
                        if bench.withdraw("eve", loser, amount).is_ok() {
                            break;
                        }
                    }
                }
                Trick::TopUp => {
                    paid += 500_000_000_000;
                    bench.deposit_to(&subaccount("eve", winner), units(500_000));
                }
                Trick::CancelLoser => {
                    for order in bench.account_of(&subaccount("eve", loser)).orders {
                        bench.execute("eve", ExecuteMsg::CancelOrder { order }, 0).unwrap();
                    }
                }
                Trick::Bleed => {
                    for _ in 0..ORDERS_PER_ACCOUNT_MAX {
                        for (text, reduce_only) in
                            [("0.000001", false), ("-0.000001", false), ("1", true), ("-1", true)]
                        {
                            bench.place_in("eve", loser, BTC, size(text), "1", reduce_only).ok();
                        }
                    }
                }
            }
        }
        if second % 3 == 0 {
            let units = if second < 60 { 60_000 } else { to };
            bench.publish(BTC, Price::from_units(units), Price::ZERO, now, Validity::Valid);
            bench.run(BTC);
        }
    }
    bench.refresh();
    // Enough to place the orders that close.
    for number in [0, 1] {
        bench.deposit_to(&subaccount("eve", number), units(100_000));
        paid += 100_000_000_000;
    }
    bench.leave("eve", &[0, 1], BTC) - paid
}

const LEGS: [Legs; 7] = [
    Legs { held: "0", orders: &["5"], tight: false },
    Legs { held: "0", orders: &["5"], tight: true },
    Legs { held: "0", orders: &["0.5", "0.5"], tight: true },
    Legs { held: "0", orders: &["9", "9", "9", "9", "9", "9", "9", "9"], tight: true },
    // Each order alone only closes what the leg holds; all of them together open the other side.
    Legs { held: "5", orders: &["5", "5", "5", "5", "5"], tight: false },
    // Each order alone turns the leg around, for no more margin than it has.
    Legs { held: "5", orders: &["10", "10", "10"], tight: true },
    Legs { held: "0.5", orders: &["0.4", "8"], tight: false },
];

#[test]
fn moving_collateral_around_a_waiting_order_is_no_free_late_cancel() {
    //
    for to in [58_500, 61_500] {
        for legs in LEGS {
            for place_at in [44, 46] {
                for trick in [Trick::Nothing, Trick::TakeAway, Trick::TopUp, Trick::CancelLoser, Trick::Bleed] {
                    for trick_at in [50, 56] {
                        let gained = straddle(to, legs, place_at, trick, trick_at);
                        assert!(
                            gained <= 0,
                            "{legs:?} placed at {place_at}, {trick:?} at {trick_at}, jump to {to}: {gained}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn an_order_is_placed_only_with_its_margin_and_the_margin_stays_until_it_is_popped() {
    //
    let mut bench = Bench::new();
    bench.deposit("eve", 1);
    let found = SignedAmount::from_atoms(900_000); // 1 less the execution fee
    let refused = bench.place("eve", BTC, "5", "60600").unwrap_err();
    let ContractError::MarginTooLow { wanted, found: lacking, .. } = refused else { panic!("{refused}") };
    assert_eq!(lacking, found);
    assert_eq!((bench.account("eve").cash, bench.pool().pool.escrow), (units(1).signed().unwrap(), Amount::ZERO));
    // 5 at the bound: 303,000 at 5 % + 100 % * 5/10,000, the 10 of every position, and the fee of 0.1 % in and out again
    assert_eq!(wanted, Amount::from_atoms(15_301_500_000 + 10_000_000 + 2 * 303_000_000));
    bench.deposit_to(&account("eve"), wanted.minus(Amount::from_atoms(900_000)).unwrap());
    bench.place("eve", BTC, "5", "60600").unwrap();
    assert_eq!(bench.account("eve").margin_held, wanted);
    // Four times as much stays while it waits, and no atom less.
    let four = Amount::from_atoms(wanted.atoms() * 4);
    for (more, taken) in [(0, 1), (wanted.atoms() * 3 + 5, 6)] {
        let mut bench = Bench::new();
        bench.deposit_to(&account("eve"), Amount::from_atoms(wanted.atoms() + 100_000 + more));
        bench.place("eve", BTC, "5", "60600").unwrap();
        let refused = bench.withdraw("eve", 0, Amount::from_atoms(taken)).unwrap_err();
        let found = SignedAmount::from_atoms((wanted.atoms() + more - taken) as i128);
        assert_eq!(refused, ContractError::MarginTooLow { account: account("eve"), wanted: four, found });
        if more > 0 {
            bench.withdraw("eve", 0, Amount::from_atoms(taken - 1)).unwrap();
        }
    }
    // It fills with exactly what was asked for it, and then holds nothing.
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    assert_eq!(bench.account("eve").margin_held, Amount::ZERO);
}

#[test]
fn the_keepers_floor_cannot_be_farmed_with_dust_and_fees() {
    // Positions of one atom, liquidated by their own owner: fees must not take an account below its margin, and a liquidation
    // that is worth less than the floor is not topped up.
    let dust = "0.000000000000000001";
    for spare in [2, 50_000, 100_000, 300_000, 799_999] {
        let mut bench = Bench::new();
        bench.deposit("alice", 100_000);
        bench.trade("alice", BTC, "10");
        bench.trade("alice", BTC, "-10");
        let fees = bench.pool().pool.insurance_fees;
        let numbers: Vec<u8> = (0..8).collect();
        let mut paid = 0;
        for number in &numbers {
            paid += place_with_least_margin(&mut bench, "eve", *number, (dust, any_price(dust), false)) + spare;
            bench.deposit_to(&subaccount("eve", *number), Amount::from_atoms(spare as u128));
        }
        bench.advance(15);
        bench.refresh();
        assert_eq!(OrderFilled::all(&bench.run_as("eve", BTC)).len(), 8);
        let mut refused = vec![];
        for number in &numbers {
            let reduce = opposite(dust);
            refused.extend((0..8).filter_map(|_| bench.place_in("eve", *number, BTC, size(&reduce), "1", true).err()));
        }
        let wanted = Amount::from_atoms(10_000_001);
        let exact = |error: &ContractError| matches!(error, ContractError::MarginTooLow { wanted: found, .. } if *found == wanted);
        assert!(!refused.is_empty() && refused.iter().all(exact), "{refused:?}");
        let accounts = numbers.iter().map(|number| subaccount("eve", *number)).collect();
        let events = bench.execute("eve", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
        assert_eq!(AccountHealthy::all(&events).len(), 8);
        for number in &numbers {
            bench.deposit_to(&subaccount("eve", *number), units(1)); // for the order that closes
            paid += 1_000_000;
        }
        let gained = bench.leave("eve", &numbers, BTC) - paid;
        assert!(gained <= 0, "{gained} gained with {spare} to spare");
        assert!(bench.pool().pool.insurance_fees >= fees, "nothing was taken from the fund");
    }
}

#[test]
fn a_liquidation_that_is_worth_less_than_the_keepers_floor_is_not_topped_up_to_it() {
    // At 45,000 both are bankrupt. 1 % of 0.0015 BTC is 0.675, below the floor of 1; 1 % of 0.003 BTC is 1.35.
    for (text, keeper_fee) in [("0.0015", Amount::ZERO), ("0.003", units(1))] {
        let mut bench = Bench::new();
        bench.deposit("alice", 10_000);
        bench.trade("alice", BTC, "1");
        place_with_least_margin(&mut bench, "eve", 0, (text, any_price(text), false));
        bench.advance(15);
        bench.refresh();
        assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
        bench.set_price(BTC, "45000");
        let fees = bench.pool().pool.insurance_fees;
        let closed = PositionLiquidated::all(&bench.liquidate(&["eve"]).unwrap())[0].clone();
        assert_eq!((closed.penalty, closed.keeper_fee), (Amount::ZERO, keeper_fee), "{text}");
        assert_eq!(bench.pool().pool.insurance_fees, fees.minus(keeper_fee).unwrap());
    }
}

#[test]
fn a_sweep_does_not_take_the_keepers_floor_away() {
    // a griefer sweeps the fees that would have topped the keeper up.
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, "55000");
    bench.fund = Fund::Honest(1_000_000);
    bench.execute("griefer", ExecuteMsg::SweepFees {}, 0).unwrap();
    assert_eq!(bench.pool().pool.insurance_fees, Amount::ZERO);
    let (pool, covered) = (bench.pool().pool.cash, bench.losses().insurance);
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed = &PositionLiquidated::all(&events)[0];
    assert_eq!((closed.keeper_fee, closed.penalty), (units(1), Amount::ZERO));
    // The pool won what alice lost, less the deficit, plus the cover, less the keeper's floor.
    let ledger = bench.losses();
    assert_eq!((ledger.insurance, covered), (ledger.deficit, Amount::ZERO));
    let gained = closed.realised_pnl.negative_part().minus(units(1)).unwrap();
    assert_eq!(bench.pool().pool.cash.minus(pool).unwrap(), gained.signed().unwrap());
}

#[test]
fn the_parameters_that_would_let_a_swing_of_the_skew_liquidate_anybody_are_refused() {
    // initial margin is 5 %, maintenance 3 %: 2 % between them, which is 100 of a scale of 10,000, twice.
    let mut bench = Bench::new();
    let config = MarketConfig { open_interest_max: size("100.000000000000000001"), ..market_config("BTC", 1) };
    let refused = bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap_err();
    let expected = ContractError::OutOfBounds {
        what: "2 * open_interest_max / skew_scale",
        wanted: "at most 0.02".into(),
        found: "0.020000000000000001".into(),
    };
    assert_eq!(refused, expected);
    // With a smaller maintenance margin it is the maintenance margin that the swing must stay below.
    let mut config = MarketConfig { open_interest_max: Size::from_units(100), ..market_config("BTC", 1) };
    config.margin.maintenance_scalar = Ratio::percent(30);
    config.liquidation.penalty_ratio = Ratio::percent(1);
    let refused = bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap_err();
    let expected = ContractError::OutOfBounds {
        what: "2 * open_interest_max / skew_scale",
        wanted: "at most 0.015".into(),
        found: "0.02".into(),
    };
    assert_eq!(refused, expected);
}

/// Orders of at most 90, each from a subaccount of its own, until the market holds `target` more of eve's.
fn build(bench: &mut Bench, name: &str, first: u8, target: i64) -> (Vec<u8>, i128) {
    let (mut left, mut numbers, mut paid) = (target, vec![], 0);
    while left != 0 {
        let part = left.clamp(-90, 90);
        let number = first + numbers.len() as u8;
        let text = part.to_string();
        paid += place_with_least_margin(bench, name, number, (&text, any_price(&text), false));
        numbers.push(number);
        left -= part;
    }
    bench.advance(15);
    bench.refresh();
    let events = bench.run_as(name, BTC);
    assert!(OrderDropped::all(&events).is_empty(), "{events:?}");
    (numbers, paid)
}

/// Most open interest of a side.
fn cap() -> i64 {
    (market_config("BTC", 1).open_interest_max.atoms() / 1_000_000_000_000_000_000) as i64
}

#[test]
fn a_whale_does_not_gain_by_liquidating_others_at_a_constant_price() {
    // others bought the skew up to its cap, some of them have left; a whale sells to the other cap, liquidates whoever
    // it can, and buys back. At a fee of 0.01 % and a swing of 3 % this made more than 10,000.
    for (sign, fee) in [(1, 1), (-1, 1), (1, 10), (-1, 10)] {
        for victims in [10, 20, 40, 60, 80] {
            for count in [1, 5] {
                let mut bench = Bench::without_pool(without_funding(fee), market_config("ETH", 2));
                bench.provide("lp", 50_000_000).unwrap();
                let (others, _) = build(&mut bench, "other", 0, sign * (cap() - victims));
                for number in 0..count {
                    build(&mut bench, "victim", number, sign * victims / i64::from(count));
                }
                bench.leave("other", &others, BTC);
                let (numbers, paid) = build(&mut bench, "eve", 0, -sign * cap());
                let accounts = (0..count).rev().map(|number| subaccount("victim", number)).collect();
                let events = bench.execute("eve", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
                let gained = bench.leave("eve", &numbers, BTC) - paid;
                assert!(gained <= 0, "{gained} from {count} victims with {victims} of sign {sign}");
                assert!(PositionLiquidated::all(&events).is_empty(), "{count} victims with {victims} of sign {sign}");
            }
        }
    }
}

#[test]
fn no_sequence_of_own_trades_and_liquidations_gains_at_a_constant_price() {
    // random histories of up to six batches of own orders, from both signs of the initial skew, every account funded with
    // the least that is accepted, everything liquidated that can be.
    let mut state = 88_172_645_463_325_252u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut fills = 0;
    for case in 0..150 {
        let mut bench = Bench::without_pool(without_funding(1 + case % 2 * 9), market_config("ETH", 2));
        bench.provide("lp", 50_000_000).unwrap();
        let skew = next(2 * cap() as u64 - 20) as i64 - cap() + 10;
        build(&mut bench, "other", 0, skew);
        let numbers: Vec<u8> = (0..6).collect();
        let mut paid = 0i128;
        for _ in 0..=next(6) {
            for _ in 0..=next(3) {
                let number = next(6) as u8;
                let text = format!("{}{}.{:03}", if next(2) == 0 { "-" } else { "" }, next(90), 1 + next(999));
                let reduce_only = next(4) == 0;
                if reduce_only {
                    bench.place_in("eve", number, BTC, size(&text), any_price(&text), true).ok();
                } else {
                    paid += place_with_least_margin(&mut bench, "eve", number, (&text, any_price(&text), false));
                }
            }
            bench.advance(15);
            bench.refresh();
            fills += OrderFilled::all(&bench.run_as("eve", BTC)).len();
            let accounts = numbers.iter().map(|number| subaccount("eve", *number)).collect();
            bench.execute("eve", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
        }
        for number in &numbers {
            bench.deposit_to(&subaccount("eve", *number), units(1));
            paid += 1_000_000;
        }
        let gained = bench.leave("eve", &numbers, BTC) - paid;
        assert!(gained <= 0, "case {case} from skew {skew}: {gained}");
    }
    assert!(fills > 400, "{fills} fills");
}

#[test]
fn an_unreadable_posture_of_all_is_reduce_only() {
    // A frozen suite must not open because the breaker's record changes its version or disappears.
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    let shares = PoolShares::from_atoms(1_000_000_000_000);
    bench.execute("lp", ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0).unwrap();
    let phases = vec![Phase { until: bench.now() + 10_000, posture: Posture::preset(Level::Frozen) }];
    let frozen = Restriction { source: Source::Council, since: bench.now(), incident: 1, phases };
    let record = PostureRecord { restrictions: vec![frozen], ..PostureRecord::default() };
    bench.put_posture_of_all(1, &record);
    let restricted = |level, reason, since, until, allowed| {
        let action = Action::IncreaseExposure;
        Err(ContractError::Restricted { action, level, reason, since, until, allowed })
    };
    let (since, until) = (bench.now(), bench.now() + 10_000);
    let allowed = "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests";
    let expected = restricted(Level::Frozen, Reason::Council, since, until, allowed);
    assert_eq!(bench.place("alice", BTC, "1", "70000"), expected);
    bench.put_posture_of_all(2, &record);
    let allowed = "reduce orders, cancels, collateral in and out, liquidity requests";
    let expected = restricted(Level::ReduceOnly, Reason::PostureMissing, 0, 0, allowed);
    assert_eq!(bench.place("alice", BTC, "1", "70000"), expected);
    bench.put(&address("breaker"), b"posture_all".to_vec(), vec![]);
    assert_eq!(bench.place("alice", BTC, "1", "70000"), expected);
    // Nor do providers leave, whom no market's posture holds; and nobody else is locked in.
    bench.advance(86_400);
    bench.refresh();
    bench.claim("lp", 0, Amount::ZERO).unwrap();
    bench.advance(15);
    bench.refresh();
    let (action, level, reason) = (Action::ClaimLiquidityWithdrawal, Level::ReduceOnly, Reason::PostureMissing);
    let refused = bench.execute_claims().unwrap_err();
    assert_eq!(refused, ContractError::Restricted { action, level, reason, since: 0, until: 0, allowed });
    bench.withdraw("alice", 0, units(20_000)).unwrap();
}

#[test]
fn doubt_about_a_price_favours_by_a_quarter_of_the_margin_and_ends_after_ten_minutes() {
    // one feed that disagrees with the others must not shield everybody for ever.
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "10");
    bench.advance(5);
    let (since, now) = (bench.now(), bench.now());
    // At 57,800 the account lacks about 700 of its maintenance margin of 17,700; the band of 8,000 would be worth 80,000, a
    // quarter of the margin is worth 4,400.
    bench.publish(BTC, price("57800"), price("8000"), now, Validity::SoftInvalid);
    assert!(!bench.account("alice").liquidatable);
    // At 57,200 it lacks 6,600: more than a quarter of its margin.
    bench.publish(BTC, price("57200"), price("8000"), now, Validity::SoftInvalid);
    assert!(bench.account("alice").liquidatable);
    // A narrow band is worth no more than it is: 50 for each of ten.
    bench.publish(BTC, price("57800"), price("50"), now, Validity::SoftInvalid);
    assert!(bench.account("alice").liquidatable);
    bench.publish(BTC, price("57800"), price("8000"), now, Validity::SoftInvalid);
    let mut liquidatable_after = None;
    while liquidatable_after.is_none() && bench.now() < since + 700 {
        bench.advance(6);
        let now = bench.now();
        bench.publish(BTC, price("57800"), price("8000"), now, Validity::SoftInvalid);
        liquidatable_after = bench.account("alice").liquidatable.then(|| now - since);
    }
    // The favour shrinks from 4,400 to 700 in about five sixths of ten minutes; the ring forgets the last valid round sooner.
    assert!(liquidatable_after.is_some_and(|seconds| seconds <= 600), "{liquidatable_after:?}");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1);
}

#[test]
fn doubt_favours_a_short_by_a_lower_price() {
    // at the first price on the way up at which it is liquidatable, a band makes it healthy.
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "-10");
    let mut units = 61_500;
    while !bench.account("alice").liquidatable {
        units += 10;
        bench.set_price(BTC, &units.to_string());
    }
    let now = bench.now();
    bench.publish(BTC, Price::from_units(units), price("300"), now, Validity::SoftInvalid);
    assert!(!bench.account("alice").liquidatable);
}

#[test]
fn a_rich_account_can_always_reduce_at_a_valid_price() {
    // a band wider than the maintenance ratio makes closing cost more than the margin that it frees.
    let mut bench = Bench::new();
    bench.deposit("alice", 1_000_000);
    bench.trade("alice", BTC, "1");
    bench.place_with("alice", BTC, "-1", any_price("-1"), true).unwrap();
    bench.advance(15);
    let now = bench.now();
    bench.publish(BTC, price("60000"), price("1900"), now, Validity::Valid);
    let events = bench.run(BTC);
    assert_eq!(OrderFilled::all(&events)[0].fill_price, price("58102.905")); // 58,100 * (1 + 1/20,000)
}

#[test]
fn a_provider_who_claims_before_a_crashs_liquidations_gets_no_more_than_one_who_claims_after() {
    // F9, at an uncollected share of 0: losses that nobody has paid yet are no value to leave with.
    for (to, collateral) in [("45000", 40_000), ("57000", 40_000), ("20000", 200_000), ("75000", 40_000)] {
        let claim = |first: bool| {
            let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
            for name in ["bob", "carol"] {
                bench.provide(name, 1_000_000).unwrap();
            }
            let bob: LiquidityProviderResponse = bench.query(QueryMsg::LiquidityProvider { address: address("bob") });
            let shares = bob.provider.shares;
            bench.execute("bob", ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0).unwrap();
            bench.deposit("alice", collateral);
            bench.trade("alice", BTC, if to == "75000" { "-10" } else { "10" });
            bench.advance(86_400);
            bench.refresh();
            bench.set_price(BTC, to);
            bench.refresh();
            if !first {
                assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1, "{to}");
            }
            bench.claim("bob", 0, Amount::ZERO).unwrap();
            LiquidityWithdrawn::all(&bench.pay_claims().unwrap())[0].amount
        };
        let (before, after) = (claim(true), claim(false));
        assert!(before <= after, "at {to} {before} before the liquidations, {after} after them");
    }
}

#[test]
fn a_position_at_an_invalid_price_shields_no_other() {
    // 30,000 of profit that ETH had when its feed died do not keep a hopeless BTC position open.
    let mut bench = Bench::new();
    bench.deposit("alice", 55_000);
    bench.trade("alice", ETH, "100");
    bench.trade("alice", BTC, "10");
    bench.set_price(ETH, "3300");
    bench.set_price(BTC, "55000");
    assert!(!bench.account("alice").liquidatable, "the profit counts while it has a price");
    bench.advance(5);
    let now = bench.now();
    bench.publish(ETH, price("3300"), Price::ZERO, now, Validity::Invalid);
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed: Vec<MarketId> = PositionLiquidated::all(&events).into_iter().map(|closed| closed.market).collect();
    assert_eq!(closed, [BTC]);
    assert_eq!(bench.account("alice").positions[0].market, ETH, "what has no price is not closed");
}

#[test]
fn a_position_at_an_invalid_price_drags_no_other_down() {
    // the dead market's own margin counts in its favour, so BTC is not closed for a price that nobody has.
    let mut bench = Bench::new();
    bench.deposit("alice", 40_500);
    bench.trade("alice", BTC, "10");
    bench.trade("alice", ETH, "10"); // maintenance margin about 910
    let mut units = 58_500;
    while !bench.account("alice").liquidatable {
        units -= 10;
        bench.set_price(BTC, &units.to_string());
    }
    bench.advance(5);
    let now = bench.now();
    bench.publish(ETH, price("3000"), Price::ZERO, now, Validity::Invalid);
    let healthy = &AccountHealthy::all(&bench.liquidate(&["alice"]).unwrap())[0];
    let account = bench.account("alice");
    let lacking = account.equity.minus_amount(account.maintenance_margin).unwrap();
    let spare = healthy.equity.minus_amount(healthy.maintenance_margin).unwrap();
    assert!(lacking.is_negative() && !spare.is_negative());
    // The difference is ETH's maintenance margin and nothing else: its loss, its fee and its margin count as before.
    let eth = account.positions.iter().find(|held| held.market == ETH).unwrap();
    assert!(eth.pnl <= SignedAmount::ZERO);
    assert_eq!(spare.minus(lacking).unwrap(), eth.maintenance_margin.signed().unwrap());
}

#[test]
fn an_invalid_market_counts_at_its_last_valid_price_whoever_touched_it_then() {
    //
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, "50000"); // valid, and no transaction saw it
    bench.advance(5);
    let now = bench.now();
    bench.publish(BTC, price("10000"), Price::ZERO, now, Validity::Invalid);
    assert_eq!(bench.account("alice").positions[0].price, price("50000"));
    assert_eq!(bench.market(BTC).state.mark_price, price("50000"));
}

#[test]
fn a_liquidation_frees_the_exit_fee_that_it_does_not_charge_and_closes_no_atom_too_much() {
    // R-10, with the largest penalty and a fee of 1 %.
    let mut bench = Bench::without_pool(without_funding(100), market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("alice", 60_000);
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, "56800");
    assert!(bench.account("alice").liquidatable);
    let closed = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap())[0].clone();
    let account = bench.account("alice");
    let buffered = account.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
    let spare = account.equity.minus_amount(buffered).unwrap();
    // A few atoms of rounding: the fee and the penalty are rounded one by one.
    assert!(!closed.size_after.is_zero() && (-6..10).contains(&spare.atoms()), "{spare} to spare");
}

#[test]
fn no_honest_trade_through_zero_trips_the_equality() {
    // a scale and prices that divide nothing, and a position that turns around at each trade. The two legs are two steps.
    let mut config = market_config("BTC", 1);
    config.skew_scale = size("10000.000000000000000017");
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    bench.provide("lp", 50_000_000).unwrap();
    for name in ["long", "short"] {
        bench.deposit(name, 500_000);
    }
    bench.deposit("alice", 900_000_000);
    bench.trade("long", BTC, "1.234567890123456789");
    bench.trade("short", BTC, "-0.987654321098765432");
    let mut state = 88_172_645_463_325_252u64;
    let mut next = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let one = 1_000_000_000_000_000_000u64;
    // Straight to the contract: what the bench checks after each message grows with the history.
    let execute = |bench: &mut Bench, name: &str, msg: ExecuteMsg| {
        let info = cosmwasm_std::MessageInfo { sender: cosmwasm_std::Addr::unchecked(address(name)), funds: vec![] };
        contract::execute(bench.deps.as_mut(), bench.env.clone(), info, msg).unwrap().events
    };
    for turn in 0..20_000 {
        let wanted = i128::from(one / 5 + next(one)) * if turn % 2 == 0 { 1 } else { -1 };
        let held = bench.account("alice").positions.first().map_or(0, |held| held.size.atoms());
        let order = Size::from_atoms(wanted - held);
        let price_bound = price(any_price(&order.to_string()));
        let place = ExecuteMsg::PlaceOrder(OrderRequest::market(0, BTC, order, price_bound, false));
        execute(&mut bench, "alice", place);
        bench.advance(12);
        let now = bench.now();
        let at = Price::from_atoms(60_000 * u128::from(one) + u128::from(next(one)));
        bench.publish(BTC, at, Price::from_atoms(u128::from(next(one))), now, Validity::Valid);
        let events = execute(&mut bench, "keeper", ExecuteMsg::ExecuteOrders { market: BTC, limit: 5 });
        assert_eq!(OrderFilled::all(&events).len(), 1, "{order} at {at}: {:?}", OrderDropped::all(&events));
    }
}
