//! Realised profit vests (F17): what it is good for meanwhile, and the ways in which it must not leave early.

use crate::support::*;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::MarketId;
use firebreak_risk::*;

const HOUR: u64 = 3_600;

fn vesting_config(symbol: &str, feed: u16) -> MarketConfig {
    MarketConfig { vesting_half_life_seconds: HOUR, ..market_config(symbol, feed) }
}

/// Both markets vest by half in an hour.
fn bench() -> Bench {
    let mut bench = Bench::without_pool(vesting_config("BTC", 1), vesting_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench
}

/// Alice has won some 6,000 with one BTC, and closed it: all of it is a claim of `unvested`.
fn winner() -> (Bench, Amount) {
    let mut bench = bench();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.set_price(BTC, "66000");
    let closed = OrderFilled::all(&bench.trade("alice", BTC, "-1"));
    let account = bench.account("alice");
    assert_eq!(account.unvested, closed[0].realised_pnl.positive_part());
    (bench, account.unvested)
}

fn contest(bench: &mut Bench, market: MarketId, until: u64) -> Result<(), ContractError> {
    bench.execute("owner", ExecuteMsg::ContestMarket { market, until }, 0).map(|_| ())
}

#[test]
fn realised_profit_is_withdrawn_as_it_vests_and_not_before() {
    //
    let (mut bench, profit) = winner();
    let cash = bench.account("alice").cash.positive_part();
    assert!(cash < units(20_000), "fees came out of cash");
    let found = cash.signed().unwrap();
    let more = cash.plus(Amount::from_atoms(1)).unwrap();
    let refused = bench.withdraw("alice", 0, more).unwrap_err();
    assert_eq!(refused, ContractError::InsufficientCash { account: account("alice"), wanted: more, found });
    bench.withdraw("alice", 0, cash).unwrap();
    // After an hour half of it is cash, to the unit, and after 32 hours all of it.
    bench.advance(HOUR);
    let half = bench.account("alice").cash.positive_part();
    assert!(half.atoms().abs_diff(profit.atoms() / 2) <= 2, "{half} of {profit}");
    bench.withdraw("alice", 0, half).unwrap();
    bench.advance(32 * HOUR);
    let account = bench.account("alice");
    assert_eq!((account.unvested, account.cash.positive_part()), (Amount::ZERO, profit.minus(half).unwrap()));
    bench.withdraw("alice", 0, profit.minus(half).unwrap()).unwrap();
    assert_eq!(state::POOL.load(&bench.deps.storage).unwrap().unvested, Amount::ZERO);
    // Nothing is left of the account.
    let key = (address("alice"), 0);
    assert!(!state::ACCOUNTS.has(&bench.deps.storage, key));
}

#[test]
fn a_winner_cannot_be_gone_with_what_its_loser_never_paid() {
    // two accounts of one hand, long and short; the price jumps, the short is bankrupt, the long closes in the same minute.
    let mut bench = bench();
    for name in ["winner", "loser"] {
        bench.deposit(name, 10_000);
    }
    bench.trade("winner", BTC, "2");
    bench.trade("loser", BTC, "-2");
    bench.set_price(BTC, "72000");
    bench.place_with("winner", BTC, "-2", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.run(BTC);
    bench.liquidate(&["loser"]).unwrap();
    assert!(bench.losses().deficit > units(10_000));
    let most = bench.account("winner").cash.positive_part();
    bench.withdraw("winner", 0, most).unwrap();
    bench.withdraw("winner", 0, Amount::from_atoms(1)).unwrap_err();
    // Within the minute: its own collateral, and not a hundredth of what the loser posted.
    let taken = bench.wallet("winner");
    assert!(taken <= units(10_100).signed().unwrap().atoms(), "{taken}");
}

#[test]
fn the_senior_half_is_margin_and_the_junior_half_is_not() {
    let (mut bench, profit) = winner();
    let account = bench.account("alice");
    let senior = account.equity.minus(account.cash).unwrap().positive_part();
    assert_eq!(senior.atoms(), profit.atoms() / 2);
    bench.withdraw("alice", 0, account.cash.positive_part().minus(units(1)).unwrap()).unwrap();
    // Some 3,000 of margin carry an order of 0.7 BTC (some 2,400), and not one of 1.
    bench.place("alice", BTC, "0.7", "70000").unwrap();
    let refused = bench.place("alice", BTC, "1", "70000").unwrap_err();
    assert!(matches!(refused, ContractError::MarginTooLow { .. }), "{refused}");
}

#[test]
fn unvested_profit_pays_no_execution_fee() {
    // A reduce order's fee goes to whoever executes it, which may be its owner: no way out for a claim.
    let (mut bench, _) = winner();
    bench.trade("alice", BTC, "0.1");
    let free = bench.account("alice").cash.positive_part();
    bench.withdraw("alice", 0, free.minus(Amount::from_atoms(250_000)).unwrap()).unwrap();
    // Cash pays for two.
    for _ in 0..2 {
        bench.place_with("alice", BTC, "-0.01", "1000000", true).unwrap();
    }
    let before = bench.account("alice");
    assert_eq!(before.cash, SignedAmount::from_atoms(50_000));
    assert!(before.equity > before.maintenance_margin.signed().unwrap(), "with the senior half it is rich");
    let refused = bench.place_with("alice", BTC, "-0.01", "1000000", true).unwrap_err();
    let senior = Amount::from_atoms(before.unvested.atoms() / 2);
    let found = before.equity.minus_amount(senior).unwrap().minus_amount(parameters().execution_fee).unwrap();
    match refused {
        ContractError::MarginTooLow { wanted, found: told, .. } => {
            assert_eq!(wanted, before.maintenance_margin);
            assert!(told.minus(found).unwrap().magnitude().atoms() <= 1 && told.is_negative(), "{told} {found}");
        }
        other => panic!("{other}"),
    }
    // Coins for the fee do, and the senior half stays margin.
    let order = OrderRequest::market(0, BTC, size("-0.01"), price("1000000"), true);
    let fee = cosmwasm_std::coins(parameters().execution_fee.atoms(), DENOM);
    bench.execute_with("alice", ExecuteMsg::PlaceOrder(order), fee).unwrap();
    let after = bench.account("alice");
    assert_eq!((after.cash, after.equity), (before.cash, before.equity));
}

/// Alice has an open profit of some 30,000 in BTC, which is contested for an hour, and an order that takes all her cash and more for the
/// losses of another market waits for its price. `also`: what she places with it.
fn contested_and_about_to_lose(also: &[(MarketId, &str)]) -> Bench {
    let mut bench = bench();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.set_price(BTC, "90000");
    let until = bench.now() + HOUR;
    contest(&mut bench, BTC, until).unwrap();
    bench.trade("alice", ETH, "60");
    bench.set_price(ETH, "2600");
    for (market, text) in [(ETH, "-60")].iter().chain(also) {
        bench.place_with("alice", *market, text, "1", true).unwrap();
    }
    bench.advance(15);
    bench.refresh();
    bench
}

/// The loss is taken: her cash is below zero.
fn contested_below_zero() -> (Bench, SignedAmount) {
    let mut bench = contested_and_about_to_lose(&[]);
    bench.run(ETH);
    let cash = bench.account("alice").cash;
    assert!(cash.is_negative(), "{cash}");
    (bench, cash)
}

/// Orders that close `sizes` of BTC, each from its subaccount, with coins for the first one's.
fn close(bench: &mut Bench, sizes: &[(u8, &str)], paid: Amount) -> Result<(), ContractError> {
    let request = |(number, text): &(u8, &str)| OrderRequest::market(*number, BTC, size(text), price("1"), true);
    let msg = ExecuteMsg::PlaceOrders { orders: sizes.iter().map(request).collect() };
    bench.execute_with("alice", msg, cosmwasm_std::coins(paid.atoms(), DENOM)).map(|_| ())
}

#[test]
fn nothing_but_cash_pays_a_fee_while_a_market_is_contested() {
    let (mut bench, cash) = contested_below_zero();
    let refused = bench.place_with("alice", BTC, "-1", "1", true).unwrap_err();
    let wanted = parameters().execution_fee;
    assert_eq!(refused, ContractError::InsufficientCash { account: account("alice"), wanted, found: cash });
    // The exit is open with coins, and by itself when the contest is over.
    bench.advance(HOUR);
    bench.refresh();
    bench.place_with("alice", BTC, "-1", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    let closed = OrderFilled::all(&bench.run(BTC));
    // What it owed is paid out of the profit first, and so is the pool's fee.
    let account = bench.account("alice");
    let owed = cash.minus_amount(wanted).unwrap().negative_part();
    let claim = closed[0].realised_pnl.positive_part().minus(owed).unwrap().minus(closed[0].fee);
    assert_eq!((Ok(account.unvested), account.cash), (claim, SignedAmount::ZERO));
}

// an execution fee leaves the vault. One that came with its order takes nothing with it.
#[test]
fn coins_for_the_fees_close_a_contested_position_whatever_cash_is() {
    let (mut bench, cash) = contested_below_zero();
    let fee = parameters().execution_fee;
    let two = fee.plus(fee).unwrap();
    let refused = |paid: Amount| {
        let found = cash.plus_amount(paid).unwrap();
        Err(ContractError::InsufficientCash { account: account("alice"), wanted: fee, found })
    };
    // Each order brings all of its own: a unit less is contested profit's.
    let short = |paid: Amount| paid.minus(Amount::from_atoms(1)).unwrap();
    assert_eq!(close(&mut bench, &[(0, "-1")], short(fee)), refused(short(fee)));
    assert_eq!(close(&mut bench, &[(0, "-0.5"), (0, "-0.5")], short(two)), refused(short(fee)));
    // Coins for one account pay nothing of another one's.
    bench.deposit_to(&subaccount("alice", 1), units(10_000));
    bench.place_in("alice", 1, BTC, size("0.1"), any_price("0.1"), false).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.run(BTC);
    assert_eq!(close(&mut bench, &[(1, "-0.1"), (0, "-1")], two), refused(Amount::ZERO));
    // What is placed lowers nothing, and what leaves the vault is what came.
    let (before, keeper) = (bench.account("alice"), bench.wallet("keeper"));
    close(&mut bench, &[(0, "-0.5"), (0, "-0.5")], two).unwrap();
    let after = bench.account("alice");
    assert_eq!((after.cash, after.equity), (before.cash, before.equity));
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 2);
    assert_eq!(bench.wallet("keeper") - keeper, two.signed().unwrap().atoms());
    let closed = bench.account("alice");
    assert!(closed.positions.is_empty() && closed.cash == SignedAmount::ZERO, "{closed:?}");
}

/// What a ruling takes of the contested profit whose owner closes it with coins for the fee after a loss elsewhere, or has placed both orders before.
fn ruling_after_a_loss(placed_before: bool) -> Amount {
    let also = [(BTC, "-1")];
    let mut bench = contested_and_about_to_lose(if placed_before { &also } else { &[] });
    bench.run(ETH);
    assert!(bench.account("alice").cash.is_negative());
    if !placed_before {
        close(&mut bench, &[(0, "-1")], parameters().execution_fee).unwrap();
        bench.advance(15);
        bench.refresh();
    }
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    ContestedCut::all(&bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap())[0].amount
}

//
#[test]
fn who_closes_with_coins_for_the_fee_keeps_no_more_from_a_ruling_than_who_had_placed_it_before() {
    let (before, later) = (ruling_after_a_loss(true), ruling_after_a_loss(false));
    assert!(before > units(12_000) && later.plus(units(1)).unwrap() >= before, "{later} of {before}");
}

#[test]
fn a_contest_stops_a_markets_vesting_for_everybody_and_no_other_market() {
    let (mut bench, profit) = winner();
    bench.trade("alice", ETH, "1");
    bench.set_price(ETH, "3300");
    bench.trade("alice", ETH, "-1");
    assert!(bench.account("alice").unvested > profit);
    let until = bench.now() + 10 * HOUR;
    let no = bench.execute("alice", ExecuteMsg::ContestMarket { market: BTC, until }, 0).unwrap_err();
    assert_eq!(no, ContractError::Unauthorized { wanted: address("owner"), found: address("alice") });
    let latest = bench.now() + CONTEST_MAX_SECONDS;
    let far = contest(&mut bench, BTC, latest + 1).unwrap_err();
    let wanted = format!("at most {latest}");
    assert_eq!(far, ContractError::OutOfBounds { what: "until", wanted, found: (latest + 1).to_string() });
    contest(&mut bench, BTC, until).unwrap();
    let at_contest = bench.account("alice");
    bench.advance(10 * HOUR - 1);
    let before_end = bench.account("alice");
    let vested = before_end.cash.minus(at_contest.cash).unwrap().positive_part();
    assert!(vested > units(250) && vested < units(310), "ETH's 300 alone: {vested}");
    let btc = before_end.unvested;
    // Without a ruling it vests on, where it stood; a later contest is ended early.
    bench.advance(1 + HOUR);
    let after = bench.account("alice").unvested;
    assert!(after.atoms().abs_diff(btc.atoms() / 2) < 1_000_000, "{after} of {btc}");
    let until = bench.now() + HOUR;
    contest(&mut bench, BTC, until).unwrap();
    let now = bench.now();
    contest(&mut bench, BTC, now).unwrap();
    bench.advance(HOUR);
    assert!(bench.account("alice").unvested.atoms().abs_diff(after.atoms() / 2) < 1_000_000);
}

#[test]
fn a_shorter_contest_leaves_the_longer_one_and_a_time_that_is_over_ends_it() {
    let (mut bench, _) = winner();
    let (start, half_life) = (bench.now(), HOUR);
    let contested_until = |bench: &Bench| state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().vesting.anchored_at;
    contest(&mut bench, BTC, start + 10 * HOUR).unwrap();
    let shorter =
        bench.execute("owner", ExecuteMsg::ContestMarket { market: BTC, until: start + half_life }, 0).unwrap();
    let fact = MarketContested { market: BTC, until: start + 10 * HOUR };
    assert_eq!(MarketContested::all(&shorter), [fact]);
    assert_eq!(contested_until(&bench), start + 10 * HOUR);
    contest(&mut bench, BTC, start + 11 * HOUR).unwrap();
    assert_eq!(contested_until(&bench), start + 11 * HOUR);
    let now = bench.now();
    contest(&mut bench, BTC, now - 1).unwrap();
    assert_eq!(contested_until(&bench), now);
}

/// The ruling on a contested market: the junior halves are the pool's, the senior ones stay and vest on.
//
#[test]
fn what_no_margin_counts_of_a_contested_profit_may_be_cut() {
    let (mut bench, profit) = winner();
    let cut = |bench: &mut Bench, sender: &str| bench.execute(sender, ExecuteMsg::CutContested(BTC), 0);
    let no = cut(&mut bench, "alice").unwrap_err();
    assert_eq!(no, ContractError::Unauthorized { wanted: address("owner"), found: address("alice") });
    let found = state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap().vesting.anchored_at.to_string();
    let not_contested = ContractError::OutOfBounds { what: "end of the contest", wanted: "to come".into(), found };
    assert_eq!(cut(&mut bench, "owner").unwrap_err(), not_contested);
    bench.advance(HOUR);
    let until = bench.now() + 10 * HOUR;
    contest(&mut bench, BTC, until).unwrap();
    let (before, pool) = (bench.account("alice"), state::POOL.load(&bench.deps.storage).unwrap());
    assert!(before.unvested.atoms().abs_diff(profit.atoms() / 2) <= 2);
    let events = cut(&mut bench, "owner").unwrap();
    let taken = ContestedCut::all(&events)[0].amount;
    // All but a ten-thousandth of the half that counts for nothing.
    let junior = before.unvested.atoms() / 2;
    assert!(taken.atoms() <= junior && taken.atoms() >= junior - junior / 10_000 - 2, "{taken} of {junior}");
    let (after, emptied) = (bench.account("alice"), state::POOL.load(&bench.deps.storage).unwrap());
    assert_eq!(emptied.unvested, pool.unvested.minus(taken).unwrap());
    assert_eq!(emptied.cash, pool.cash.plus_amount(taken).unwrap());
    // Neither margin nor cash, but for a unit by which the cut is rounded up: nobody is liquidatable by it.
    let fell = |before: SignedAmount, after: SignedAmount| before.minus(after).unwrap().positive_part();
    assert!(
        fell(before.cash, after.cash) <= Amount::from_atoms(1)
            && fell(before.equity, after.equity) <= Amount::from_atoms(1)
    );
    assert!(!after.liquidatable);
    let left = after.unvested;
    assert!(left.atoms().abs_diff(before.unvested.minus(taken).unwrap().atoms()) <= 2, "{left}");
    // A second ruling finds next to nothing; what is left vests when the contest is over.
    let again = ContestedCut::all(&cut(&mut bench, "owner").unwrap())[0].amount;
    assert!(again.atoms() <= junior / 10_000, "{again}");
    bench.advance(43 * HOUR);
    let (settled, pool) = (bench.account("alice"), state::POOL.load(&bench.deps.storage).unwrap());
    assert_eq!(settled.unvested, Amount::ZERO);
    let paid = settled.cash.minus(before.cash).unwrap().positive_part();
    assert!(paid.atoms().abs_diff(before.unvested.minus(taken).unwrap().minus(again).unwrap().atoms()) <= 4, "{paid}");
    // In the settlement of the account the rest is released.
    let cash = settled.cash.positive_part();
    bench.withdraw("alice", 0, cash).unwrap();
    assert!(state::POOL.load(&bench.deps.storage).unwrap().unvested <= Amount::from_atoms(4), "{pool:?}");
}

/// What a ruling finds of a contested profit of some 120,000, and what both hands have in the end. Laundering: one hand loses what the other one wins
/// in a market that nobody contests, on both ways of its price.
fn ruling(launders: bool) -> (Amount, i128) {
    let mut bench = bench();
    for hand in ["one", "two"] {
        bench.deposit(hand, 250_000);
    }
    bench.trade("one", BTC, "20");
    bench.set_price(BTC, "66000");
    bench.refresh();
    bench.trade("one", BTC, "-20");
    let until = bench.now() + 240 * HOUR;
    contest(&mut bench, BTC, until).unwrap();
    // Nothing stays but the contested claim, half of it margin.
    let free = bench.account("one").cash.positive_part();
    bench.withdraw("one", 0, free).unwrap();
    let mut deposits = 500_000;
    for round in 0..if launders { 28 } else { 0 } {
        for (reduces, sign) in [(false, 1), (true, -1)] {
            bench.deposit("one", 1);
            deposits += 1;
            let (buy, sell) = (60 * sign, -60 * sign);
            let bound = |amount: i32| if amount > 0 { "1000000000" } else { "0.000001" };
            for (hand, amount) in [("one", buy), ("two", sell)] {
                // Once the margin is gone nothing opens any more.
                let _ = bench.place_with(hand, ETH, &amount.to_string(), bound(amount), reduces);
            }
            bench.advance(15);
            bench.refresh();
            bench.run(ETH);
            if !reduces {
                bench.set_price(ETH, if round % 2 == 0 { "3120" } else { "3000" });
                bench.refresh();
            }
        }
    }
    let taken = ContestedCut::all(&bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap())[0].amount;
    bench.advance(300 * HOUR);
    bench.refresh();
    let of = |hand| bench.wallet(hand) + bench.account(hand).cash.atoms();
    (taken, of("one") + of("two") - deposits * 1_000_000)
}

//
#[test]
fn losses_in_another_market_take_nothing_of_what_a_ruling_may_cut() {
    let ((honest_cut, honest), (cut, laundered)) = (ruling(false), ruling(true));
    assert!(honest_cut > units(60_000), "{honest_cut}");
    // A unit of rounding for each loss.
    assert!(cut.atoms().abs_diff(honest_cut.atoms()) <= 28, "{cut} of {honest_cut}");
    // What was paid to and fro was the thief's own margin, and each trade cost its fee.
    assert!(laundered < honest, "{laundered} against {honest}");
}

/// What a ruling takes is the providers' whose loss the profit was: nobody comes in between.
//
#[test]
fn nobody_provides_between_a_contest_and_its_ruling() {
    let (mut bench, _) = winner();
    let until = bench.now() + 10 * HOUR;
    let refused = |market, now: u64, ends_at: u64| {
        let (wanted, found) = (format!("0 to {now}"), ends_at.to_string());
        let refusal = ContractError::OutOfBounds { what: "end of the contest", wanted, found };
        Err(ContractError::InMarket { market, refusal: refusal.into() })
    };
    // Nobody is in either market any more: it is not the positions that a ruling is about.
    for market in [ETH, BTC] {
        contest(&mut bench, market, until).unwrap();
        let now = bench.now();
        assert_eq!(bench.provide("sniper", 9_000_000), refused(market, now, until));
        if market == ETH {
            contest(&mut bench, market, now).unwrap();
        }
    }
    // Who is in already waits for nobody, and who gives coins asks for nothing.
    let shares = bench.provider("lp").shares;
    bench.request("lp", shares);
    bench.execute("dao", ExecuteMsg::Recapitalize {}, 5).unwrap();
    let value = bench.pool().value.unwrap().withdraw;
    let events = bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap();
    let cut = ContestedCut::all(&events)[0].amount;
    assert!(cut > units(2_900) && cut < units(3_100), "{cut}");
    assert_eq!(bench.pool().value.unwrap().withdraw, value.plus_amount(cut).unwrap());
    // Until the contest's last second; then shares cost what the ruling has made of them.
    bench.set_time(until - 1);
    bench.refresh();
    assert_eq!(bench.provide("late", 9_000_000), refused(BTC, until - 1, until));
    bench.set_time(until);
    bench.refresh();
    let value = bench.pool().value.unwrap().withdraw;
    bench.provide("late", 9_000_000).unwrap();
    let late = bench.provider("late").shares;
    let all = bench.pool().pool.shares;
    let worth = amount_for_shares(late, bench.pool().value.unwrap().withdraw, all).unwrap();
    assert!(worth <= units(9_000_000), "{worth}");
    let lp = amount_for_shares(shares, bench.pool().value.unwrap().withdraw, all).unwrap();
    assert!(value.minus_amount(lp).unwrap().magnitude() <= Amount::from_atoms(2), "{lp} of {value:?}");
}

#[test]
fn a_refused_fill_leaves_every_markets_vesting_as_it_was() {
    // Turning from 1 to -2 closes a profit, which becomes a claim, and is then refused for its margin.
    let mut bench = bench();
    bench.deposit("alice", 30_000);
    bench.trade("alice", ETH, "10");
    bench.set_price(ETH, "3300");
    bench.trade("alice", ETH, "-10");
    bench.trade("alice", BTC, "1");
    bench.trade("alice", ETH, "25");
    bench.set_price(BTC, "66000");
    bench.place("alice", BTC, "-3", "1").unwrap();
    // Its collateral is gone before the price comes.
    bench.set_price(ETH, "2100");
    let records = |bench: &Bench| -> Vec<(Vesting, Vec<MarketClaim>)> {
        [BTC, ETH]
            .map(|market| {
                let claims = state::ACCOUNTS.load(&bench.deps.storage, (address("alice"), 0)).unwrap().claims;
                (state::MARKETS.load(&bench.deps.storage, market.0).unwrap().vesting, claims)
            })
            .to_vec()
    };
    bench.set_price(BTC, "64000");
    bench.advance(60);
    bench.refresh();
    let unvested = state::POOL.load(&bench.deps.storage).unwrap().unvested;
    let before = records(&bench);
    let events = bench.run(BTC);
    assert_eq!(reasons(&events), [DropReason::Margin]);
    let after = records(&bench);
    // What has vested meanwhile is paid; the fill itself left nothing.
    let pool = state::POOL.load(&bench.deps.storage).unwrap().unvested;
    assert!(pool <= unvested && after[0].1.len() == 1, "no claim of BTC");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.0, after.0);
    }
}

#[test]
fn an_accounts_own_claims_pay_its_deficit_before_anybody_else() {
    // F11, step 1
    let (mut bench, profit) = winner();
    bench.trade("alice", ETH, "100");
    bench.fund = Fund::Honest(1_000_000);
    bench.set_price(ETH, "2770");
    let cash = bench.account("alice").cash.positive_part();
    assert!(cash < units(21_000) && bench.account("alice").liquidatable);
    let claims = state::POOL.load(&bench.deps.storage).unwrap().unvested;
    bench.liquidate(&["alice"]).unwrap();
    let account = bench.account("alice");
    assert_eq!((account.positions.len(), account.cash), (0, SignedAmount::ZERO));
    assert!(account.unvested < profit && account.unvested > Amount::ZERO, "{}", account.unvested);
    assert_eq!((bench.losses().deficit, bench.covers_asked), (Amount::ZERO, 0));
    assert!(state::POOL.load(&bench.deps.storage).unwrap().unvested < claims);
}

#[test]
fn a_liquidation_is_to_the_buffer_although_profits_vest() {
    // what has lost is closed first, so no profit has to leave the margin.
    let mut bench = bench();
    bench.deposit("alice", 25_000);
    bench.trade("alice", BTC, "3");
    bench.trade("alice", ETH, "60");
    bench.set_price(BTC, "63000");
    bench.set_price(ETH, "2590");
    let account = bench.account("alice");
    assert!(account.liquidatable, "{account:?}");
    let events = bench.liquidate(&["alice"]).unwrap();
    let closed = PositionLiquidated::all(&events);
    assert_eq!((closed.len(), closed[0].market), (1, ETH));
    assert!(closed[0].realised_pnl < SignedAmount::ZERO && account.positions[0].pnl > SignedAmount::ZERO);
    let after = bench.account("alice");
    let buffered = after.maintenance_margin.times("1.1".parse().unwrap(), Rounding::Ceil).unwrap();
    let spare = after.equity.minus_amount(buffered).unwrap();
    assert!((-6..10).contains(&spare.atoms()), "{spare} to spare");
}

#[test]
fn closing_a_profit_is_no_loss_that_keeps_its_owner_in() {
    // half of the profit is no margin any more when it is closed, more than the small position's margin was.
    let mut bench = bench();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "0.01");
    bench.trade("alice", ETH, "70");
    bench.set_price(BTC, "70000");
    bench.set_price(ETH, "2830");
    let account = bench.account("alice");
    assert!(account.equity < account.initial_margin.signed().unwrap() && !account.liquidatable);
    bench.place_with("alice", BTC, "-0.01", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
}

#[test]
fn a_claim_takes_a_market_of_eight() {
    let mut bench = bench();
    bench.deposit("alice", 100_000);
    for id in 3..=9 {
        bench.add_market(MarketId(id));
    }
    bench.trade("alice", BTC, "0.1");
    for id in 3..=9 {
        bench.trade("alice", MarketId(id), "0.1");
    }
    assert_eq!(bench.account("alice").positions.len(), 8);
    bench.set_price(BTC, "66000");
    bench.trade("alice", BTC, "-0.1");
    // Seven positions and a claim: there is no room for ETH, and there is for BTC again.
    assert_eq!(bench.place("alice", ETH, "1", any_price("1")), Err(a_market_too_many()));
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "0.1")).len(), 1);
    bench.trade("alice", BTC, "-0.1");
    bench.advance(40 * HOUR);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.trade("alice", ETH, "1")).len(), 1);
}

#[test]
fn a_new_half_life_counts_from_when_it_is_set() {
    let (mut bench, profit) = winner();
    bench.advance(HOUR);
    let config = MarketConfig { vesting_half_life_seconds: 24 * HOUR, ..vesting_config("BTC", 1) };
    bench.execute("owner", ExecuteMsg::ConfigureMarket { market: BTC, config }, 0).unwrap();
    bench.advance(24 * HOUR);
    let unvested = bench.account("alice").unvested.atoms();
    assert!(unvested.abs_diff(profit.atoms() / 4) < 100, "{unvested} of {profit}");
}

const M3: MarketId = MarketId(3);

/// A third market, and one who has put in 250,000 and holds nothing but a claim of 120,000 in BTC, which are contested for ten days.
fn contested_winner() -> Bench {
    let mut bench = bench();
    bench.add_market(M3);
    let config = vesting_config("M3", 3);
    bench.execute("owner", ExecuteMsg::ConfigureMarket { market: M3, config }, 0).unwrap();
    bench.refresh();
    bench.deposit("one", 250_000);
    bench.trade("one", BTC, "20");
    bench.set_price(BTC, "66000");
    bench.refresh();
    bench.trade("one", BTC, "-20");
    let until = bench.now() + 240 * HOUR;
    contest(&mut bench, BTC, until).unwrap();
    let free = bench.account("one").cash.positive_part();
    bench.withdraw("one", 0, free).unwrap();
    bench
}

/// How the owner of a contested claim ends its hedge in two other markets.
#[derive(Clone, Copy, PartialEq)]
enum Hedge {
    None,
    Traded,
    Settled,
}

/// What the ruling takes, and what the owner has in the end above its deposits.
fn hedged_ruling(hedge: Hedge) -> (Amount, i128) {
    let mut bench = contested_winner();
    if hedge != Hedge::None {
        bench.deposit("one", 3_000);
        // As much long in one market as short in another: whichever way both move, one loses what the other wins.
        for (market, size) in [(ETH, "90"), (M3, "-4.5")] {
            assert_eq!(OrderFilled::all(&bench.trade("one", market, size)).len(), 1);
        }
        for step in 1..=9u32 {
            bench.set_price(ETH, &(3_000 - 150 * step).to_string());
            bench.set_price(M3, &(60_000 - 3_000 * step).to_string());
            bench.refresh();
        }
    }
    if hedge == Hedge::Traded {
        // The losing leg first: what the other one won carries the loss. The winning one first is refused for want of margin.
        for (market, back, bound) in [(ETH, "-90", "0.000001"), (M3, "4.5", "1000000000")] {
            bench.place_with("one", market, back, bound, true).unwrap();
            bench.advance(15);
            bench.refresh();
            assert_eq!(OrderFilled::all(&bench.run(market)).len(), 1);
        }
    }
    if hedge == Hedge::Settled {
        // Both legs close at one touch.
        let at = bench.now() + HOUR;
        for market in [ETH, M3] {
            bench.execute("owner", ExecuteMsg::SettleMarket { market, at }, 0).unwrap();
        }
        while bench.now() < at {
            bench.set_time((bench.now() + 30).min(at));
            bench.refresh();
            bench.run(ETH);
            bench.run(M3);
        }
        let _ = bench.liquidate(&["one"]);
        assert!(bench.account("one").positions.is_empty());
    }
    let events = bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap_or_default();
    let taken = ContestedCut::all(&events).first().map_or(Amount::ZERO, |cut| cut.amount);
    bench.advance(300 * HOUR);
    bench.refresh();
    let deposited = if hedge == Hedge::None { 250_000 } else { 253_000 };
    (taken, bench.wallet("one") + bench.account("one").cash.atoms() - deposited * 1_000_000)
}

// an open profit elsewhere carries a realised loss past the junior half of a contested claim.
#[test]
fn hedged_losses_take_nothing_of_what_a_ruling_may_cut() {
    let (honest_cut, honest) = hedged_ruling(Hedge::None);
    assert!(honest_cut > units(60_000), "{honest_cut}");
    for hedge in [Hedge::Traded, Hedge::Settled] {
        let (cut, hedged) = hedged_ruling(hedge);
        assert!(cut.atoms() + 1_000_000 >= honest_cut.atoms(), "{cut} of {honest_cut}");
        assert!(hedged < honest, "{hedged} of {honest}");
    }
}

// R-33; F11, step 1: dust in a market without a price keeps no claim from paying its owner's loss until a ruling has taken it.
#[test]
fn a_position_that_cannot_be_closed_keeps_no_contested_claim_from_paying() {
    let mut bench = contested_winner();
    bench.deposit("one", 1_000);
    for (market, size) in [(ETH, "90"), (M3, "0.02")] {
        assert_eq!(OrderFilled::all(&bench.trade("one", market, size)).len(), 1);
    }
    let now = bench.now();
    bench.publish(M3, price("60000"), Price::ZERO, now, firebreak_messages::oracle::Validity::Invalid);
    bench.publish(ETH, price("2200"), Price::ZERO, now, firebreak_messages::oracle::Validity::Valid);
    bench.liquidate(&["one"]).unwrap();
    let one = bench.account("one");
    // Some 11,500 beyond the margin half.
    assert_eq!(one.positions.len(), 1);
    assert!(!one.cash.is_negative() && one.unvested > units(45_000) && one.unvested < units(50_000), "{one:?}");
    let cut = ContestedCut::all(&bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap())[0].amount;
    assert!(cut > units(45_000) && cut <= one.unvested, "{cut}");
    bench.advance(15);
    bench.refresh();
    let _ = bench.liquidate(&["one"]);
    let losses = bench.losses();
    assert_eq!((losses.insurance, losses.pool, losses.residual), (Amount::ZERO, Amount::ZERO, Amount::ZERO));
}

/// Who has won 120,000 in BTC, which are contested, and 54,000 in ETH, loses by a gap of the price of ETH to `gap`: what is left of both
/// claims after its liquidation, and what the ruling takes.
fn deficit_beside_a_contest(gap: &str) -> (AccountResponse, Amount) {
    let mut bench = bench();
    bench.deposit("one", 250_000);
    for (market, size, back, price) in [(BTC, "20", "-20", "66000"), (ETH, "90", "-90", "3600")] {
        bench.trade("one", market, size);
        bench.set_price(market, price);
        bench.refresh();
        bench.trade("one", market, back);
    }
    let until = bench.now() + 240 * HOUR;
    contest(&mut bench, BTC, until).unwrap();
    let free = bench.account("one").cash.positive_part();
    bench.withdraw("one", 0, free).unwrap();
    bench.deposit("one", 1_000);
    assert_eq!(OrderFilled::all(&bench.trade("one", ETH, "95")).len(), 1);
    bench.set_price(ETH, gap);
    bench.refresh();
    bench.liquidate(&["one"]).unwrap();
    let left = bench.account("one");
    let cut = ContestedCut::all(&bench.execute("owner", ExecuteMsg::CutContested(BTC), 0).unwrap());
    (left, cut[0].amount)
}

// 87,000 are margin, 27,000 are the junior half that nobody contests; F11, step 1: in the end the contested half pays too.
#[test]
fn of_what_is_no_margin_the_uncontested_half_pays_a_deficit_first_and_the_contested_one_last() {
    // Some 100,000 are lost.
    let (left, cut) = deficit_beside_a_contest("2550");
    assert!(left.positions.is_empty() && left.unvested > units(60_000) && left.unvested < units(75_000), "{left:?}");
    assert!(cut > units(59_600), "{cut}");
    // Some 143,000.
    let (left, cut) = deficit_beside_a_contest("2100");
    assert!(left.positions.is_empty() && left.unvested > units(20_000) && left.unvested < units(40_000), "{left:?}");
    assert_eq!(left.cash, SignedAmount::ZERO);
    assert!(cut > units(20_000) && cut <= left.unvested, "{cut} of {left:?}");
}
