//! a side is deleveraged by one event at once, and each account is told its part when it is touched.

use crate::support::*;
use cosmwasm_std::Event;
use firebreak_derivatives_vault::state;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_risk::*;

/// The pool pays nothing of a deficit before the winners do.
fn bench() -> Bench {
    let config = |symbol, feed| MarketConfig { pool_loss_max: Amount::ZERO, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(config("BTC", 1), config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench
}

fn opened(bench: &mut Bench, name: &str, deposit: u64, size: &str) {
    bench.deposit(name, deposit);
    assert_eq!(OrderFilled::all(&bench.trade(name, BTC, size)).len(), 1, "{name}");
}

/// Any message that loads the account.
fn touched(bench: &mut Bench, name: &str) -> Vec<PositionDeleveraged> {
    let msg = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: Amount::from_atoms(1) };
    PositionDeleveraged::all(&bench.execute(name, msg, 0).unwrap())
}

fn closed(events: &[Event]) -> i128 {
    let of_sides = Deleveraged::all(events).into_iter();
    of_sides.map(|done| done.size.atoms()).sum()
}

#[test]
fn what_accounts_are_told_adds_up_to_what_their_side_closed() {
    //
    let mut bench = bench();
    let shorts =
        [("bob", "-7.123456789012345678"), ("carol", "-3.333333333333333333"), ("dora", "-12.000000000000000007")];
    for (name, size) in shorts {
        opened(&mut bench, name, 300_000, size);
    }
    opened(&mut bench, "alice", 20_000, "4.000000000000000001");
    opened(&mut bench, "adam", 50_000, "5.5");
    bench.set_price(BTC, "54000");
    let mut of_side = closed(&bench.liquidate(&["alice"]).unwrap());
    // The share that closes is rounded down.
    assert!(of_side.abs_diff(size("4.000000000000000001").atoms()) <= 100, "{of_side}");
    let mut told = vec![];
    // Carol is told of the first and of the second, the others of both at once; erin comes between and is told of the second alone.
    told.extend(touched(&mut bench, "carol"));
    assert_eq!((told.len(), told[0].size_before), (1, size("-3.333333333333333333")));
    assert_eq!(touched(&mut bench, "carol"), [], "once");
    opened(&mut bench, "erin", 300_000, "-2");
    bench.set_price(BTC, "48000");
    of_side += closed(&bench.liquidate(&["adam"]).unwrap());
    assert!(of_side.abs_diff(size("9.500000000000000001").atoms()) <= 200, "{of_side}");
    for name in ["erin", "dora", "bob", "carol"] {
        let position = bench.account(name).positions[0].size;
        let facts = touched(&mut bench, name);
        assert_eq!((facts.len(), facts[0].size_after, facts[0].account.clone()), (1, position, account(name)));
        assert_eq!((facts[0].market, facts[0].realised_pnl), (BTC, SignedAmount::ZERO));
        told.extend(facts);
        assert_eq!(touched(&mut bench, name), [], "{name} knows");
    }
    let of_accounts: i128 = told.iter().map(|fact| fact.size_after.atoms() - fact.size_before.atoms()).sum();
    assert!(of_accounts.abs_diff(of_side) <= told.len() as u128, "{of_accounts} of {of_side}");
    for name in ["bob", "carol", "dora", "erin"] {
        let id = account(name);
        let held = state::ACCOUNTS.load(&bench.deps.storage, (id.owner, id.subaccount)).unwrap();
        assert_eq!(held.positions[0].scale, bench.market(BTC).state.short.scale);
    }
    bench.check();
}

#[test]
fn who_trades_next_is_told_before_the_trade_and_nobody_is_told_of_nothing() {
    let mut bench = bench();
    opened(&mut bench, "bob", 300_000, "-10");
    opened(&mut bench, "alice", 20_000, "4");
    assert_eq!(touched(&mut bench, "bob"), [], "nothing was deleveraged");
    bench.set_price(BTC, "54000");
    bench.liquidate(&["alice"]).unwrap();
    let msg = ExecuteMsg::PlaceOrder(OrderRequest::market(0, BTC, size("-1"), price("1"), false));
    let told = PositionDeleveraged::all(&bench.execute("bob", msg, 0).unwrap());
    assert_eq!((told.len(), told[0].size_before), (1, size("-10")));
    bench.advance(15);
    bench.refresh();
    let filled = bench.run(BTC);
    assert_eq!((OrderFilled::all(&filled).len(), PositionDeleveraged::all(&filled).len()), (1, 0));
    let size_before = bench.account("bob").positions[0].size;
    assert!(size_before.minus(size("-7")).unwrap().magnitude() <= 2, "{size_before}");
    assert_eq!(touched(&mut bench, "bob"), []);
}

#[test]
fn a_roll_tells_each_account_that_it_is_out_and_what_it_made() {
    // the shorts are as large as what was liquidated, two events of the side in one message.
    let mut bench = bench();
    opened(&mut bench, "bob", 60_000, "-5");
    opened(&mut bench, "carol", 60_000, "-3");
    opened(&mut bench, "alice", 40_000, "10");
    bench.set_price(BTC, "54000");
    let events = bench.liquidate(&["alice"]).unwrap();
    let rolled = &SideRolled::all(&events)[0];
    let mut made = SignedAmount::ZERO;
    for (name, before) in [("bob", "-5"), ("carol", "-3")] {
        let told = touched(&mut bench, name);
        assert_eq!((told.len(), told[0].size_before, told[0].size_after), (1, size(before), Size::ZERO));
        made = made.plus(told[0].realised_pnl).unwrap();
        assert_eq!(touched(&mut bench, name), [], "{name} is out");
    }
    assert_eq!(closed(&events), size("8").atoms());
    assert!(rolled.owed.minus(made).unwrap().magnitude().atoms() <= 2, "{made} of {}", rolled.owed);
    bench.check();
}
