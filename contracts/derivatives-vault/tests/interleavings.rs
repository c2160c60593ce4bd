//! in whatever order a crash's messages arrive, nobody is paid with coins that are not there, and what goes wrong in one market
//! goes wrong in no other (dYdX, October 2025: collateral moved before the insurance fund paid, a balance went below zero, the chain
//! stood still for eight hours).

use crate::support::*;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;

/// What happens in the same minute, each once.
#[derive(Debug, Clone, Copy)]
enum Step {
    LiquidateBtc,
    LiquidateEth,
    /// A winner's order to close.
    ExecuteBtc,
    /// Free collateral of somebody who has no position.
    Withdraw,
    SweepFees,
    ClaimLiquidity,
}

const STEPS: [Step; 6] =
    [Step::LiquidateBtc, Step::LiquidateEth, Step::ExecuteBtc, Step::Withdraw, Step::SweepFees, Step::ClaimLiquidity];

/// Every order of `steps`.
fn orders(steps: &[Step]) -> Vec<Vec<Step>> {
    let Some((first, rest)) = steps.split_first() else { return vec![vec![]] };
    let mut all = vec![];
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut longer = order.clone();
            longer.insert(place, *first);
            all.push(longer);
        }
    }
    all
}

/// Two bankrupts in two markets, a winner who wants out, a saver, a provider whose claim is due, and a fund that pays a little.
fn crash() -> Bench {
    let mut bench = Bench::new();
    bench.provide("lp-too", 1_000_000).unwrap();
    let shares = bench.provider("lp-too").shares;
    let request = bench.request("lp-too", shares);
    for (name, deposit) in [("alice", 40_000), ("bob", 21_000), ("carol", 60_000), ("dave", 30_000)] {
        bench.deposit(name, deposit);
    }
    bench.advance(86_400);
    bench.refresh();
    bench.trade("alice", BTC, "10");
    bench.trade("bob", ETH, "100");
    bench.trade("carol", BTC, "-12");
    bench.place_with("carol", BTC, "12", any_price("12"), true).unwrap();
    bench.claim("lp-too", request, Amount::ZERO).unwrap();
    bench.advance(12);
    for (market, at) in [(BTC, "54000"), (ETH, "2700")] {
        bench.publish(market, price(at), Price::ZERO, bench.now(), Validity::Valid);
    }
    bench.fund = Fund::Honest(5_000);
    bench
}

/// `check` of the bench looks at the coins and at every sum after each message; a payment of coins that are not there panics.
fn play(bench: &mut Bench, step: Step) {
    match step {
        Step::LiquidateBtc => assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).len(), 1),
        Step::LiquidateEth => assert_eq!(PositionLiquidated::all(&bench.liquidate(&["bob"]).unwrap()).len(), 1),
        Step::ExecuteBtc => assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1),
        Step::Withdraw => bench.withdraw("dave", 0, units(30_000)).unwrap(),
        Step::SweepFees => bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).map(|_| ()).unwrap(),
        Step::ClaimLiquidity => assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()).len(), 1),
    }
}

#[test]
fn a_crash_ends_alike_in_whatever_order_its_messages_arrive() {
    //
    let mut bench = crash();
    let (stored, bank) = (bench.snapshot(), bench.bank.clone());
    let all = orders(&STEPS);
    assert_eq!(all.len(), 720);
    let mut first: Option<(LossLedger, [i128; 2])> = None;
    for order in all {
        bench.restore(stored.clone());
        bench.bank = bank.clone();
        bench.donate(0);
        for step in &order {
            play(&mut bench, *step);
        }
        assert_eq!(bench.wallet("dave"), units(30_000).atoms() as i128, "{order:?}");
        let ledger = bench.losses();
        let paid =
            [ledger.own, ledger.insurance, ledger.pool, ledger.unvested_profit, ledger.deleveraging, ledger.residual];
        assert_eq!(paid.iter().map(|paid| paid.atoms()).sum::<u128>(), ledger.deficit.atoms(), "{order:?}");
        let carol = bench.account("carol");
        let ends = [carol.cash.atoms(), carol.positions.len() as i128];
        let (wanted, wanted_ends) = first.get_or_insert((ledger.clone(), ends));
        // The winner's fill moves the skew at which the other side is closed: 12 of a scale of 10,000, of 540,000. Else nothing differs.
        let near = |found: Amount, wanted: Amount| found.atoms().abs_diff(wanted.atoms()) <= units(1_000).atoms();
        assert!(near(ledger.deficit, wanted.deficit), "{order:?}: {ledger:?} against {wanted:?}");
        assert!(
            (ends[0] - wanted_ends[0]).abs() <= units(1_000).atoms() as i128 && ends[1] == 0,
            "{order:?}: {ends:?}"
        );
    }
}

fn closed(bench: &mut Bench, names: &[&str]) -> Vec<MarketId> {
    let events = bench.liquidate(names).unwrap();
    PositionLiquidated::all(&events).into_iter().map(|closed| closed.market).collect()
}

#[test]
fn a_market_whose_price_is_gone_keeps_no_other_from_being_liquidated_in_the_same_message() {
    //
    let mut bench = crash();
    bench.advance(5);
    bench.publish(ETH, price("2700"), Price::ZERO, bench.now(), Validity::Invalid);
    assert_eq!(closed(&mut bench, &["bob", "alice"]), [BTC]);
    // The other one follows when its price is back.
    bench.set_price(ETH, "2700");
    assert_eq!(closed(&mut bench, &["bob", "alice"]), [ETH]);
}

#[test]
fn a_fund_that_fails_in_one_message_pays_in_the_next() {
    // what it did not pay is booked once, and not asked for again.
    let mut bench = crash();
    bench.fund = Fund::Fails;
    assert_eq!(closed(&mut bench, &["alice"]), [BTC]);
    let before = bench.losses();
    assert_eq!((before.insurance, before.cover_failures), (Amount::ZERO, 1));
    bench.fund = Fund::Honest(5_000);
    assert_eq!(closed(&mut bench, &["bob"]), [ETH]);
    let after = bench.losses();
    let of_bob = after.deficit.minus(before.deficit).unwrap();
    assert_eq!(after.insurance, of_bob.min(units(5_000)));
    assert_eq!(after.pool.minus(before.pool), of_bob.minus(after.insurance));
}
