//! Who pays a deficit (F11), and what deleveraging does to the side that won (F12).

use crate::support::*;
use cosmwasm_std::Event;
use firebreak_derivatives_vault::state;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::MarketId;
use firebreak_risk::*;

const HOUR: u64 = 3_600;

fn config(symbol: &str, feed: u16, pool_loss_max: u64) -> MarketConfig {
    MarketConfig {
        vesting_half_life_seconds: 6 * HOUR,
        pool_loss_max: units(pool_loss_max),
        ..market_config(symbol, feed)
    }
}

/// The pool pays so much of each market's deficits in a day.
fn bench(pool_loss_max: u64) -> Bench {
    let mut bench = Bench::without_pool(config("BTC", 1, pool_loss_max), config("ETH", 2, pool_loss_max));
    bench.provide("lp", 10_000_000).unwrap();
    bench
}

fn opened(bench: &mut Bench, name: &str, deposit: u64, market: MarketId, size: &str) {
    bench.deposit(name, deposit);
    assert_eq!(OrderFilled::all(&bench.trade(name, market, size)).len(), 1, "{name}");
}

fn distance(bench: &Bench, name: &str) -> i128 {
    let account = bench.account(name);
    account.equity.minus_amount(account.maintenance_margin).unwrap().atoms()
}

fn paid(events: &[Event], payer: Payer) -> Amount {
    let of = LossBooked::all(events).into_iter().filter(|loss| loss.payer == payer);
    of.fold(Amount::ZERO, |sum, loss| sum.plus(loss.amount).unwrap())
}

fn ledger_of(bench: &Bench, market: MarketId) -> LossLedger {
    bench.query(QueryMsg::Losses { market: Some(market) })
}

#[test]
fn the_steps_pay_in_their_order_and_add_up_to_the_unit() {
    //
    let mut bench = bench(500);
    opened(&mut bench, "carol", 20_000, BTC, "1");
    bench.set_price(BTC, "62000");
    bench.trade("carol", BTC, "-1");
    let claim = bench.account("carol").unvested;
    bench.set_price(BTC, "60000");
    opened(&mut bench, "alice", 40_000, BTC, "10");
    opened(&mut bench, "bob", 90_000, BTC, "-20");
    bench.fund = Fund::Honest(1_000);
    bench.set_price(BTC, "55000");
    let pool = bench.pool();
    let (before, carol) = (distance(&bench, "bob"), bench.account("carol"));
    let equity = bench.account("bob").equity;
    let events = bench.liquidate(&["alice"]).unwrap();
    let ledger = bench.losses();
    // About -50,000 on some 39,400: what the fund and the pool's cap leave is carol's junior half, and the shorts pay the rest.
    assert_eq!((ledger.insurance, ledger.pool, ledger.residual), (units(1_000), units(500), Amount::ZERO));
    let junior = carol.unvested.atoms() / 2;
    assert!(ledger.unvested_profit.atoms().abs_diff(junior) <= junior / 9_000, "{} of {claim}", ledger.unvested_profit);
    let deleveraged = Deleveraged::all(&events);
    assert_eq!((deleveraged.len(), deleveraged[0].short, deleveraged[0].size), (1, true, Size::from_units(10)));
    assert_eq!((deleveraged[0].amount, paid(&events, Payer::Deleveraging)), (ledger.deleveraging, ledger.deleveraging));
    assert!(ledger.deleveraging > units(5_000));
    let steps = [ledger.insurance, ledger.pool, ledger.unvested_profit, ledger.deleveraging];
    assert_eq!(steps.iter().map(|step| step.atoms()).sum::<u128>(), ledger.deficit.atoms());
    assert_eq!(LossLedger { cover_failures: 0, cover_failing_since: 0, ..ledger.clone() }, ledger_of(&bench, BTC));
    assert_eq!(ledger_of(&bench, ETH), LossLedger::default());
    // Bob gave that and nothing else, to the unit, and is further from liquidation than before.
    let bob = bench.account("bob");
    assert_eq!(bob.positions[0].size, Size::from_units(-10));
    assert!(distance(&bench, "bob") >= before);
    let given = equity.minus(bob.equity).unwrap();
    let freed_fee = units(550); // of closing 10
                                // The exit premium falls with the square of the size: 55,000 * (20^2 - 10^2) / 20,000.
    let freed_premium = units(825);
    let explained = ledger.deleveraging.signed().unwrap().minus_amount(freed_fee).unwrap().minus_amount(freed_premium);
    assert!(given.minus(explained.unwrap()).unwrap().magnitude().atoms() <= 4, "{given} of {}", ledger.deleveraging);
    // The senior half is untouched.
    let senior = bench.account("carol").equity;
    assert!(carol.equity.minus(senior).unwrap().magnitude().atoms() <= 1);
    // And the pool bears its own two steps only, plus what the market's move did.
    let value = |pool: &PoolResponse| pool.value.clone().unwrap().deposit;
    let fell = value(&pool).minus(value(&bench.pool())).unwrap();
    assert!(fell < units(1_200).signed().unwrap(), "{fell}");
}

#[test]
fn in_a_gap_the_concession_is_capped_and_the_pool_is_the_last_payer() {
    let mut bench = bench(500);
    opened(&mut bench, "alice", 40_000, BTC, "10");
    opened(&mut bench, "bob", 90_000, BTC, "-20");
    bench.set_price(BTC, "45000");
    let before = distance(&bench, "bob");
    let events = bench.liquidate(&["alice"]).unwrap();
    let ledger = bench.losses();
    // Maintenance is 3 % and the fee 0.1 %: 10 * 45,000 * 2.9 %.
    assert_eq!(ledger.deleveraging, units(13_050));
    assert!(ledger.residual > units(90_000));
    assert_eq!((ledger.pool, paid(&events, Payer::Residual)), (units(500), ledger.residual));
    assert_eq!(ledger.uncollected.plus(ledger.paid_out), Ok(ledger.deficit));
    assert!(ledger.uncollected > ledger.paid_out);
    assert!(distance(&bench, "bob") >= before);
}

#[test]
fn a_hedged_account_is_no_nearer_to_liquidation() {
    // bob is short BTC against long ETH; both legs move, and he loses his share of one.
    let mut bench = bench(0);
    opened(&mut bench, "alice", 40_000, BTC, "10");
    opened(&mut bench, "bob", 72_000, BTC, "-15");
    bench.trade("bob", ETH, "90");
    bench.set_price(ETH, "2750");
    bench.set_price(BTC, "54500");
    let before = distance(&bench, "bob");
    assert!(before > 0);
    bench.liquidate(&["alice"]).unwrap();
    assert!(bench.losses().deleveraging > units(1_000));
    assert!(distance(&bench, "bob") >= before, "{} from {before}", distance(&bench, "bob"));
}

#[test]
fn the_pools_cap_fills_up_again_within_a_day() {
    //
    let mut bench = bench(2_400);
    for name in ["alice", "adam", "anna"] {
        opened(&mut bench, name, 10_000, BTC, "2");
    }
    bench.set_price(BTC, "53000");
    bench.liquidate(&["alice"]).unwrap();
    assert_eq!(bench.losses().pool, units(2_400));
    bench.advance(6 * HOUR);
    bench.refresh();
    bench.liquidate(&["adam"]).unwrap();
    assert_eq!(bench.losses().pool, units(3_000), "a quarter of a day later a quarter of it");
    bench.advance(48 * HOUR);
    bench.refresh();
    bench.liquidate(&["anna"]).unwrap();
    assert_eq!(bench.losses().pool, units(5_400));
    // Nobody was short: the pool is the last payer.
    let ledger = bench.losses();
    assert_eq!((ledger.deleveraging, ledger.deficit), (Amount::ZERO, ledger.pool.plus(ledger.residual).unwrap()));
}

#[test]
fn deficits_of_both_sides_of_a_market_do_not_net() {
    // Dave is short from 50,000 and alice long from 60,000; at 54,500 both are bankrupt, in one message.
    let mut bench = bench(0);
    bench.set_price(BTC, "50000");
    opened(&mut bench, "dave", 40_000, BTC, "-10");
    opened(&mut bench, "erin", 60_000, BTC, "14");
    bench.set_price(BTC, "60000");
    opened(&mut bench, "alice", 40_000, BTC, "10");
    opened(&mut bench, "bob", 60_000, BTC, "-12");
    bench.set_price(BTC, "54500");
    let before = ["bob", "erin"].map(|name| distance(&bench, name));
    let events = bench.liquidate(&["dave", "alice"]).unwrap();
    let mut deleveraged = Deleveraged::all(&events);
    deleveraged.sort_by_key(|done| done.short);
    let near = |size: Size, wanted: i32| size.minus(Size::from_units(wanted)).unwrap().magnitude() < 100;
    assert_eq!(deleveraged.iter().map(|done| done.short).collect::<Vec<_>>(), [false, true]);
    assert!(deleveraged.iter().all(|done| near(done.size, 10)), "{deleveraged:?}");
    assert!(near(bench.account("bob").positions[0].size, -2) && near(bench.account("erin").positions[0].size, 4));
    for (name, before) in ["bob", "erin"].into_iter().zip(before) {
        assert!(distance(&bench, name) >= before, "{name}");
    }
    let ledger = bench.losses();
    assert_eq!(ledger.deleveraging, deleveraged[0].amount.plus(deleveraged[1].amount).unwrap());
}

#[test]
fn a_side_that_is_closed_whole_is_rolled_and_pays_when_its_accounts_come() {
    // F9b: the only short is as large as what was liquidated.
    let mut bench = bench(0);
    opened(&mut bench, "alice", 40_000, BTC, "10");
    opened(&mut bench, "bob", 60_000, BTC, "-8");
    bench.set_price(BTC, "54000");
    let before = bench.account("bob");
    let events = bench.liquidate(&["alice"]).unwrap();
    let (rolled, deleveraged) = (&SideRolled::all(&events)[0], &Deleveraged::all(&events)[0]);
    assert_eq!((rolled.short, rolled.epoch, deleveraged.size), (true, 0, Size::from_units(8)));
    let record = state::CLOSED_SIDES.load(&bench.deps.storage, (BTC.0, 1, 0)).unwrap();
    assert_eq!(record.owed, rolled.owed);
    let state = bench.market(BTC).state;
    assert_eq!((state.short.epoch, state.closed_owed.signed().unwrap()), (1, record.owed));
    // Bob has no position any more; what it was owed is a claim, and everything of it is there.
    let account = bench.account("bob");
    assert!(account.positions.is_empty());
    assert!(account.unvested.signed().unwrap().minus(record.owed).unwrap().magnitude().atoms() <= 1);
    // The message that touches him writes it.
    bench.trade("bob", BTC, "-1");
    assert!(!state::CLOSED_SIDES.has(&bench.deps.storage, (BTC.0, 1, 0)));
    let state = bench.market(BTC).state;
    assert_eq!((state.closed_owed, state.closed_due), (Amount::ZERO, Amount::ZERO));
    let claim = bench.account("bob").unvested.signed().unwrap();
    let pnl = before.positions[0].pnl;
    let given = pnl.minus(record.owed).unwrap();
    assert!(claim <= record.owed && given > SignedAmount::ZERO, "{given} of {pnl}");
    assert!(given <= bench.losses().deleveraging.signed().unwrap());
}

#[test]
fn who_owes_to_a_closed_epoch_is_no_coin_of_the_pool() {
    // A side that loses is rolled with a loss inside: its balance is due, and backs neither exposure nor withdrawals.
    let mut bench = bench(0);
    bench.set_price(BTC, "50000");
    opened(&mut bench, "dave", 40_000, BTC, "-10");
    bench.set_price(BTC, "54000");
    opened(&mut bench, "alice", 40_000, BTC, "10");
    bench.set_price(BTC, "49800");
    // Alice is bankrupt at 49,800; dave, who once lost, has won 200 a unit, and 2.9 % take more than that.
    let value = |bench: &Bench| bench.pool().value.unwrap();
    let events = bench.liquidate(&["alice"]).unwrap();
    let rolled = &SideRolled::all(&events)[0];
    assert!(rolled.owed.is_negative(), "{}", rolled.owed);
    let state = bench.market(BTC).state;
    assert_eq!((state.closed_owed, state.closed_due), (Amount::ZERO, rolled.owed.negative_part()));
    let pool = bench.pool().pool;
    let waiting = value(&bench);
    assert_eq!(waiting.deposit, pool.cash.plus_amount(state.closed_due).unwrap());
    assert_eq!(waiting.withdraw, pool.cash.minus_amount(pool.receivable).unwrap());
    // Collected when he comes.
    bench.deposit("dave", 1);
    bench.place("dave", BTC, "-0.1", "1").unwrap();
    let after = value(&bench);
    // The rounding of the last one is the pool's.
    assert!((0..2).contains(&after.withdraw.minus(waiting.deposit).unwrap().atoms()));
    assert_eq!(bench.market(BTC).state.closed_due, Amount::ZERO);
}

#[test]
fn one_at_a_time_or_in_a_batch_the_winners_lose_the_same() {
    //
    let play = |batches: &[&[&str]]| {
        let mut bench = bench(0);
        for name in ["alice", "adam"] {
            opened(&mut bench, name, 20_000, BTC, "5");
        }
        opened(&mut bench, "bob", 200_000, BTC, "-40");
        bench.set_price(BTC, "50000");
        let mut prices = vec![];
        for batch in batches {
            let events = bench.liquidate(batch).unwrap();
            prices.extend(Deleveraged::all(&events).into_iter().map(|done| done.price));
        }
        (bench.market(BTC).state.short, prices, bench.losses().deleveraging, bench.account("bob"))
    };
    let batch = play(&[&["alice", "adam"]]);
    for other in [play(&[&["alice"], &["adam"]]), play(&[&["adam", "alice"]]), play(&[&["adam"], &["alice"]])] {
        assert!(other.1.iter().all(|price| price.distance(batch.1[0]).atoms() <= 1), "{:?} {:?}", other.1, batch.1);
        assert!(other.0.scale.atoms().abs_diff(batch.0.scale.atoms()) <= 2);
        assert!(other.2.atoms().abs_diff(batch.2.atoms()) <= 2, "{} {}", other.2, batch.2);
        assert!(other.3.equity.minus(batch.3.equity).unwrap().magnitude().atoms() <= 2);
    }
}

#[test]
fn an_account_that_lacks_little_lends_its_bound_to_nobody() {
    // alice lacks 30,000 and adam 1,000 of what they had on 5 each at 50,000, and closing 5 frees 5 * 50,000 * 2.9 % = 7,250.
    let play = |batches: &[&[&str]]| {
        let mut flat = config("BTC", 1, 0);
        (flat.skew_scale, flat.funding.velocity_max) = (Size::from_units(1_000_000_000), Ratio::ZERO);
        let mut bench = Bench::without_pool(flat, config("ETH", 2, 0));
        bench.provide("lp", 10_000_000).unwrap();
        // Lost are 10,000 a unit, and paid were 300 for the way in.
        opened(&mut bench, "alice", 20_300, BTC, "5");
        opened(&mut bench, "adam", 49_300, BTC, "5");
        opened(&mut bench, "bob", 300_000, BTC, "-40");
        bench.set_price(BTC, "50000");
        for batch in batches {
            bench.liquidate(batch).unwrap();
        }
        let ledger = bench.losses();
        (ledger, bench.market(BTC).state.short.scale, bench.account("bob").equity)
    };
    let one_by_one = play(&[&["alice"], &["adam"]]);
    // Each paid 0.1 for its order; of a skew of 40 with a depth of 10^9 remains a premium of a cent.
    let cents = |amount: Amount, wanted: u64| amount.atoms().abs_diff(units(wanted).atoms()) < 250_000;
    assert!(cents(one_by_one.0.deficit, 31_000) && cents(one_by_one.0.deleveraging, 8_250), "{:?}", one_by_one.0);
    assert!(cents(one_by_one.0.residual, 22_750), "{}", one_by_one.0.residual);
    let others: [&[&[&str]]; 3] = [&[&["adam"], &["alice"]], &[&["alice", "adam"]], &[&["adam", "alice"]]];
    for batches in others {
        let other = play(batches);
        assert!(cents(other.0.deleveraging, 8_250), "{} by {batches:?}", other.0.deleveraging);
        assert!(other.0.deleveraging.atoms().abs_diff(one_by_one.0.deleveraging.atoms()) < 20_000);
        assert!(other.1.atoms().abs_diff(one_by_one.1.atoms()) <= 2, "{batches:?}");
        assert!(other.2.minus(one_by_one.2).unwrap().magnitude().atoms() < 20_000, "{} by {batches:?}", other.2);
    }
}

#[test]
fn what_the_fund_pays_is_that_of_the_first_account_also_in_a_batch() {
    // a batch takes of the winners what its accounts in its order would have taken.
    let play = |batches: &[&[&str]]| {
        let mut bench = bench(500);
        opened(&mut bench, "alice", 20_300, BTC, "5");
        opened(&mut bench, "adam", 43_000, BTC, "5");
        opened(&mut bench, "bob", 300_000, BTC, "-40");
        bench.set_price(BTC, "50000");
        bench.fund = Fund::Honest(5_000);
        for batch in batches {
            bench.liquidate(batch).unwrap();
            bench.fund = Fund::Honest(5_000 - bench.losses().insurance.atoms() as u64 / 1_000_000);
        }
        let ledger = bench.losses();
        assert_eq!((ledger.insurance, ledger.pool), (units(5_000), units(500)));
        ledger.deleveraging
    };
    let near = |one: Amount, other: Amount| one.atoms().abs_diff(other.atoms()) <= units(200).atoms();
    let (alice_first, adam_first) = (play(&[&["alice", "adam"]]), play(&[&["adam", "alice"]]));
    // The premium of a skew that was not restored in between is 50,000 * 5 * 5 / 10,000 = 125.
    assert!(near(alice_first, play(&[&["alice"], &["adam"]])), "{alice_first}");
    assert!(near(adam_first, play(&[&["adam"], &["alice"]])), "{adam_first}");
    assert!(alice_first > units(14_000) && adam_first < units(10_500), "{alice_first} {adam_first}");
}

#[test]
fn a_liquidation_without_a_deficit_writes_no_loss() {
    let mut bench = bench(0);
    opened(&mut bench, "alice", 40_000, BTC, "10");
    bench.set_price(BTC, "57800");
    bench.liquidate(&["alice"]).unwrap();
    assert!(!state::MARKET_LOSSES.has(&bench.deps.storage, BTC.0));
    assert_eq!((bench.losses(), bench.covers_asked), (LossLedger::default(), 0));
}

#[test]
fn after_a_liquidation_the_positions_are_worth_what_their_sides_say() {
    // R-46, with a scale below 1
    let mut bench = bench(0);
    opened(&mut bench, "alice", 40_000, BTC, "10");
    for name in ["bob", "carol", "dave"] {
        opened(&mut bench, name, 60_000, BTC, "-7");
    }
    bench.set_price(BTC, "53000");
    bench.liquidate(&["alice"]).unwrap();
    let state = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap();
    assert!(state.short.scale < Scale::ONE);
    let mut sum = 0;
    for name in ["bob", "carol", "dave"] {
        let account = state::ACCOUNTS.load(&bench.deps.storage, (address(name), 0)).unwrap();
        sum += state.short.value_of(&account.positions[0].stake, state.mark_price).unwrap().atoms();
    }
    assert!((state.short.value(state.mark_price).unwrap().atoms() - sum).abs() <= 3);
    // They trade on at that scale, and leave it clean.
    for name in ["bob", "carol", "dave"] {
        let size = bench.account(name).positions[0].size.negated().unwrap().to_string();
        bench.place_with(name, BTC, &size, "1000000", true).unwrap();
    }
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 3);
    let state = bench.market(BTC).state;
    assert_eq!(
        (state.short.nominal, state.short.basis, state.short.scale),
        (Nominal::ZERO, SignedAmount::ZERO, Scale::ONE)
    );
}
