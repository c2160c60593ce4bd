//! Batches of liquidations: one account's failure is its own, profits still vest, and a keeper is paid out of settled cash alone.

use crate::support::*;
use cosmwasm_std::Storage;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::AccountId;
use firebreak_risk::*;

const HOUR: u64 = 3_600;

/// 10 BTC long each on 40,000.
fn leveraged(names: &[&str]) -> Bench {
    let mut bench = Bench::new();
    for name in names {
        bench.deposit(name, 40_000);
        assert_eq!(OrderFilled::all(&bench.trade(name, BTC, "10")).len(), 1);
    }
    bench
}

fn vesting() -> Bench {
    let config = |symbol, feed| MarketConfig { vesting_half_life_seconds: 6 * HOUR, ..market_config(symbol, feed) };
    let mut bench = Bench::without_pool(config("BTC", 1), config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench
}

/// Bob's stake names an epoch that nobody closed.
fn lose_epoch(bench: &mut Bench) {
    let key = (address("bob"), 0);
    let mut bob = state::ACCOUNTS.load(&bench.deps.storage, key.clone()).unwrap();
    bob.positions[0].stake.epoch = 7;
    state::ACCOUNTS.save(&mut bench.deps.storage, key, &bob).unwrap();
}

/// Bob has parked collateral, and the limiter's record cannot be read: all of it is closed before that is found.
fn lose_limiter(bench: &mut Bench) {
    let parked = Parked { amount: units(1), ..Parked::default() };
    state::PARKED.save(&mut bench.deps.storage, (address("bob"), 0), &parked).unwrap();
    bench.deps.storage.set(state::OUTFLOW.key(), b"?");
}

#[test]
fn a_batch_holds_as_many_accounts_as_it_may_and_not_one_more() {
    let mut bench = leveraged(&["alice"]);
    bench.set_price(BTC, "57000");
    let with_alice = |others: usize| -> Vec<AccountId> {
        let others = (0..others).map(|index| account(&format!("nobody-{index}")));
        others.chain([account("alice")]).collect()
    };
    let accounts = with_alice(LIQUIDATION_BATCH_MAX);
    let refused = bench.execute("keeper", ExecuteMsg::Liquidate { accounts }, 0).unwrap_err();
    let found = LIQUIDATION_BATCH_MAX + 1;
    assert_eq!(refused, ContractError::BatchSize { wanted: 1, max: LIQUIDATION_BATCH_MAX, found });
    let accounts = with_alice(LIQUIDATION_BATCH_MAX - 1);
    let events = bench.execute("keeper", ExecuteMsg::Liquidate { accounts }, 0).unwrap();
    let closed: Vec<_> = PositionLiquidated::all(&events).into_iter().map(|closed| closed.account).collect();
    assert_eq!(closed, [account("alice")]);
}

#[test]
fn cash_below_zero_beside_an_open_profit_is_no_deficit() {
    let mut bench = Bench::new();
    bench.deposit("alice", 40_000);
    bench.trade("alice", BTC, "5");
    bench.trade("alice", ETH, "100");
    bench.fund = Fund::Honest(1_000_000);
    bench.set_price(BTC, "66000");
    bench.set_price(ETH, "2400");
    bench.liquidate(&["alice"]).unwrap();
    let account = bench.account("alice");
    // What is left is worth more than is owed, and pays it when it is closed.
    assert_eq!(account.positions.len(), 1);
    assert!(account.cash.is_negative() && !account.equity.is_negative() && !account.liquidatable, "{account:?}");
    assert_eq!((bench.losses().deficit, bench.covers_asked), (Amount::ZERO, 0));
}

#[test]
fn an_account_that_cannot_be_computed_fails_alone() {
    for breaks in [lose_epoch, lose_limiter] {
        let mut bench = leveraged(&["alice", "bob", "carol"]);
        // The records of one of them are at odds with the sums.
        bench.quick = true;
        breaks(&mut bench);
        bench.set_price(BTC, "53000");
        let (stored, bank) = (bench.snapshot(), bench.bank.clone());
        let events = bench.liquidate(&["alice", "carol"]).unwrap();
        let wanted = (PositionLiquidated::all(&events), bench.snapshot(), bench.wallet("keeper"));
        assert_eq!(wanted.0.len(), 2);

        bench.restore(stored.clone());
        bench.bank = bank.clone();
        bench.donate(0);
        let events = bench.liquidate(&["alice", "bob", "carol"]).unwrap();
        let failed = LiquidationFailed { account: account("bob"), reason: DropReason::Computation };
        assert_eq!(LiquidationFailed::all(&events), [failed]);
        // As if he had not been named: nothing of him is written, nobody is paid for him.
        assert_eq!((PositionLiquidated::all(&events), bench.snapshot(), bench.wallet("keeper")), wanted);

        // Where he is the only one the error says why.
        bench.restore(stored.clone());
        bench.bank = bank;
        bench.donate(0);
        let error = bench.liquidate(&["bob"]).unwrap_err();
        assert!(matches!(error, ContractError::Packed(_)), "{error:?}");
        assert_eq!(bench.snapshot(), stored);
    }
}

#[test]
fn a_ledger_that_cannot_be_read_undoes_no_liquidation() {
    let mut bench = leveraged(&["alice"]);
    bench.fund = Fund::Honest(5_000);
    bench.quick = true;
    bench.deps.storage.set(&state::MARKET_LOSSES.key(BTC.0), b"?");
    let pool = bench.pool().pool.cash;
    bench.set_price(BTC, "55000");
    let events = bench.liquidate(&["alice"]).unwrap();
    assert!(bench.account("alice").positions.is_empty());
    // The fund has paid its part, and the pool, which paid first, keeps the rest.
    let ledger = bench.losses();
    assert_eq!((ledger.insurance, ledger.pool), (units(5_000), Amount::ZERO));
    assert_eq!(ledger.deficit, ledger.insurance.plus(ledger.residual).unwrap());
    assert_eq!(ledger.deficit, ledger.uncollected.plus(ledger.paid_out).unwrap());
    let booked: Vec<_> = LossBooked::all(&events).into_iter().map(|loss| (loss.payer, loss.amount)).collect();
    assert_eq!(booked, [(Payer::Insurance, ledger.insurance), (Payer::Residual, ledger.residual)]);
    let lost = PositionLiquidated::all(&events)[0].realised_pnl.negative_part();
    let gained = bench.pool().pool.cash.minus(pool).unwrap();
    assert_eq!(gained, lost.minus(ledger.residual).unwrap().signed().unwrap());
    // Everything else adds up.
    let of_btc = LossLedger { cover_failing_since: 0, cover_failures: 0, ..ledger };
    let of_btc = MarketLosses { ledger: of_btc, ..MarketLosses::default() };
    state::MARKET_LOSSES.save(&mut bench.deps.storage, BTC.0, &of_btc).unwrap();
    bench.check();
}

/// Alice has lost most of her cash in ETH, and holds 3 BTC with a profit that her margin is made of.
fn winner_near_its_margin(bench: &mut Bench) {
    bench.deposit("alice", 25_000);
    bench.trade("alice", BTC, "3");
    bench.trade("alice", ETH, "60");
    bench.set_price(BTC, "68000");
    bench.set_price(ETH, "2620");
    bench.place_with("alice", ETH, "-60", any_price("-60"), true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(ETH)).len(), 1);
    bench.set_price(BTC, "61000");
}

//
#[test]
fn liquidating_oneself_turns_no_profit_into_cash() {
    for contested in [false, true] {
        let mut bench = vesting();
        winner_near_its_margin(&mut bench);
        if contested {
            let until = bench.now() + 24 * HOUR;
            bench.execute("owner", ExecuteMsg::ContestMarket { market: BTC, until }, 0).unwrap();
        }
        let before = bench.account("alice");
        assert!(before.liquidatable && before.positions[0].pnl > SignedAmount::ZERO, "{before:?}");
        let events = bench.execute("alice", ExecuteMsg::Liquidate { accounts: vec![account("alice")] }, 0).unwrap();
        let closed = &PositionLiquidated::all(&events)[0];
        let after = bench.account("alice");
        // What vests is the profit; what the penalty took was there before.
        assert_eq!(after.unvested.signed().unwrap(), closed.realised_pnl);
        assert_eq!(after.cash, before.cash.minus_amount(closed.penalty).unwrap());
        // Half of it is no margin, and so a little more is closed than of a profit that pays at once.
        let buffered = after.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
        let spare = after.equity.minus_amount(buffered).unwrap();
        assert!(!after.liquidatable && spare.magnitude() < units(10), "{spare} to spare");
        assert!(after.positions[0].size < before.positions[0].size);
    }
}

#[test]
fn a_keeper_is_paid_out_of_settled_cash_and_the_fund_out_of_what_vests() {
    for swept in [false, true] {
        keeper_of_two_markets(swept);
    }
}

fn keeper_of_two_markets(swept: bool) {
    // F8: what ETH lost is owed against an open profit in BTC; a third of each penalty would be more than 100.
    let mut bench = vesting();
    bench.deposit("alice", 25_000);
    bench.trade("alice", BTC, "3");
    bench.trade("alice", ETH, "60");
    bench.set_price(BTC, "66000");
    bench.set_price(ETH, "2350");
    if swept {
        bench.fund = Fund::Honest(0);
        bench.execute("anyone", ExecuteMsg::SweepFees {}, 0).unwrap();
    }
    let fees = bench.pool().pool.insurance_fees;
    let closed = PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap());
    assert_eq!(closed.iter().map(|closed| closed.market).collect::<Vec<_>>(), [ETH, BTC]);
    assert!(closed.iter().all(|closed| closed.penalty > units(400)), "{closed:?}");
    let floor = bench.market(ETH).config.liquidation.keeper_min;
    assert!(closed.iter().all(|closed| closed.keeper_fee == floor), "{closed:?}");
    // The account paid the whole of both penalties, and the fund has them but for the floors. That of ETH is owed until BTC is closed:
    // where the fund has no other fees its floor is the pool's.
    let floors = if swept { floor } else { floor.plus(floor).unwrap() };
    let gained = bench.pool().pool.insurance_fees.minus(fees).unwrap();
    let penalties = closed[0].penalty.plus(closed[1].penalty).unwrap();
    assert_eq!(gained, penalties.minus(floors).unwrap());
    // What ETH lost and the penalties came out of the profit that BTC realised.
    let after = bench.account("alice");
    let realised = closed[1].realised_pnl.positive_part();
    assert!(!after.cash.is_negative() && after.unvested < realised, "{after:?}");
}

#[test]
fn a_market_that_cannot_be_loaded_fails_no_batch() {
    // Bob owes and has nothing: it is booked with the first market, whose record is gone.
    let mut bench = Bench::new();
    bench.deposit("alice", 25_000);
    bench.trade("alice", ETH, "100");
    bench.quick = true;
    let bob = Account { cash: units(5).signed().unwrap().negated().unwrap(), ..Account::default() };
    state::ACCOUNTS.save(&mut bench.deps.storage, (address("bob"), 0), &bob).unwrap();
    let mut pool = state::POOL.load(&bench.deps.storage).unwrap();
    pool.traders_cash = pool.traders_cash.plus(bob.cash).unwrap();
    pool.receivable = pool.receivable.plus(units(5)).unwrap();
    state::POOL.save(&mut bench.deps.storage, &pool).unwrap();
    state::MARKETS.remove(&mut bench.deps.storage, BTC.0);
    bench.set_price(ETH, "2780");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["alice", "bob"]).unwrap()).len(), 1);
    assert_eq!(state::ACCOUNTS.may_load(&bench.deps.storage, (address("bob"), 0)).unwrap(), None);
}

#[test]
fn a_loss_in_a_closed_epoch_is_booked_where_it_was_lost() {
    for holds_another in [false, true] {
        loss_in_a_closed_epoch(holds_another);
    }
}

fn loss_in_a_closed_epoch(holds_another: bool) {
    // F9b: Dave, a bankrupt short of ETH, is all of the side that alice's deficit closes; ETH is not the first market.
    let mut eth = market_config("ETH", 2);
    eth.pool_loss_max = Amount::ZERO;
    let mut bench = Bench::without_pool(market_config("BTC", 1), eth);
    bench.provide("lp", 10_000_000).unwrap();
    bench.set_price(ETH, "2500");
    bench.deposit("dave", 20_000);
    bench.trade("dave", ETH, "-90");
    if holds_another {
        bench.deposit("dave", 1_000);
        bench.trade("dave", BTC, "0.1");
    }
    let stop = resting(ETH, "1", any_price("1"), Trigger::Above(price("3100")));
    bench.place_request("dave", OrderRequest { reduce_only: true, ..stop }).unwrap();
    bench.set_price(ETH, "3000");
    bench.deposit("alice", 22_000);
    bench.trade("alice", ETH, "100");
    bench.set_price(ETH, "2760");
    let events = bench.liquidate(&["alice"]).unwrap();
    assert_eq!(SideRolled::all(&events).len(), 1);
    // His stop is looked at, and the account is flat and below zero from then on.
    bench.set_price(ETH, "3100");
    assert_eq!(reasons(&bench.run(ETH)), [DropReason::NothingToReduce]);
    let record = state::ACCOUNTS.load(&bench.deps.storage, (address("dave"), 0)).unwrap();
    assert!(record.positions.len() == usize::from(holds_another) && record.cash.is_negative(), "{record:?}");
    assert_eq!(record.lost_in, Some(ETH));
    let of = |bench: &Bench, market| bench.query::<LossLedger>(QueryMsg::Losses { market: Some(market) });
    let before = of(&bench, ETH);
    if holds_another {
        // What closes last has lost a little, and bears its share and no more.
        bench.set_price(BTC, "59000");
        bench.liquidate(&["dave"]).unwrap();
        let (btc, eth) = (of(&bench, BTC).deficit, of(&bench, ETH).deficit.minus(before.deficit).unwrap());
        assert!(!btc.is_zero() && btc < units(150) && eth > units(1_000), "{btc} {eth}");
        return;
    }
    bench.liquidate(&["dave"]).unwrap();
    assert_eq!(of(&bench, BTC), LossLedger::default());
    assert_eq!(of(&bench, ETH).deficit.minus(before.deficit), Ok(record.cash.negative_part()));
    let record = state::ACCOUNTS.may_load(&bench.deps.storage, (address("dave"), 0)).unwrap();
    assert_eq!(record, None, "nothing is remembered of an account without a debt");
}

//
#[test]
fn a_trade_between_two_prices_keeps_nobody_from_reducing() {
    let mut bench = leveraged(&["alice"]);
    bench.deposit("dave", 1_000_000);
    bench.trade("dave", BTC, "80");
    bench.place("dave", BTC, "-80", any_price("-80")).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.set_price(BTC, "57500");
    let before = bench.account("alice");
    assert!(before.equity > before.maintenance_margin.signed().unwrap());
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    // Dave's exit moved hers: she is below the margin at the mark, and nobody may liquidate her for it.
    let after = bench.account("alice");
    assert!(after.equity < after.maintenance_margin.signed().unwrap() && !after.liquidatable);
    assert!(PositionLiquidated::all(&bench.liquidate(&["alice"]).unwrap()).is_empty());
    bench.place_with("alice", BTC, "-5", any_price("-5"), true).unwrap();
}
