//! The pool: what shares cost, what they are worth, and when they may leave.

use crate::support::*;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::{Action, Reason};
use firebreak_risk::*;

const DAY: u64 = 86_400;

fn shares_of(bench: &Bench, name: &str) -> PoolShares {
    let answer: LiquidityProviderResponse = bench.query(QueryMsg::LiquidityProvider { address: address(name) });
    answer.provider.shares
}

fn request(bench: &mut Bench, name: &str, shares: PoolShares) -> u64 {
    let events = bench.execute(name, ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0).unwrap();
    LiquidityWithdrawalRequested::all(&events)[0].request
}

fn claim(bench: &mut Bench, name: &str, request: u64, min: u64) -> Result<Amount, ContractError> {
    bench.claim(name, request, units(min))?;
    bench.pay_claims().map(|events| LiquidityWithdrawn::all(&events)[0].amount)
}

/// A pool of ten million against ten BTC long, at a price that is not the one they were bought at, without funding.
fn with_open_interest(at: &str) -> Bench {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    bench.provide("lp", 10_000_000).unwrap();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, at);
    bench
}

#[test]
fn what_is_put_in_and_taken_out_at_one_price_never_grows() {
    // a deposit is counted with the losses that traders owe, a withdrawal without them, each to the atom.
    for at in ["57000", "60000", "61234.567"] {
        let mut bench = with_open_interest(at);
        let value = bench.pool().value.unwrap();
        let owed = bench.market(BTC).state.long.value(price(at)).unwrap().negative_part();
        assert_eq!(value.deposit.minus(value.withdraw).unwrap(), owed.signed().unwrap(), "{at}");
        assert_eq!(owed.is_zero(), at == "61234.567", "{at}");

        let supply = bench.pool().pool.shares.atoms() + 1_000_000;
        bench.provide("bob", 50_000).unwrap();
        let shares = shares_of(&bench, "bob");
        assert_eq!(shares.atoms(), 50_000_000_000 * supply / (value.deposit.positive_part().atoms() + 1), "{at}");

        let id = request(&mut bench, "bob", shares);
        bench.advance(DAY);
        bench.refresh();
        let supply = supply + shares.atoms();
        let withdraw = bench.pool().value.unwrap().withdraw;
        assert_eq!(withdraw, value.withdraw.plus_amount(units(50_000)).unwrap(), "nothing was earned meanwhile");
        let paid = claim(&mut bench, "bob", id, 0).unwrap();
        assert_eq!(paid.atoms(), shares.atoms() * (withdraw.positive_part().atoms() + 1) / supply, "{at}");
        assert!(paid <= units(50_000), "{paid}");
        assert_eq!(paid < units(49_999), !owed.is_zero(), "{paid} at {at}");
    }
}

#[test]
fn losses_that_are_realised_but_not_paid_are_no_coins_to_leave_with() {
    // alice realised a loss in ETH against an open profit in BTC: she owes the pool, and the pool has no coin of it yet. With 80 %
    // of what is owed counted for withdrawals, the value is larger than the coins.
    let mut bench = Bench::new();
    let parameters = VaultParameters { uncollected_share: Ratio::percent(80), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.deposit("alice", 60_000);
    bench.deposit("bob", 200_000);
    bench.trade("alice", BTC, "10");
    bench.trade("alice", ETH, "50");
    bench.trade("alice", ETH, "50");
    bench.set_price(BTC, "66000");
    bench.set_price(ETH, "2300");
    bench.place_with("alice", ETH, "-100", "1", true).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(ETH)).len(), 1);
    bench.set_price(ETH, "3000");
    assert_eq!(OrderFilled::all(&bench.trade("bob", ETH, "100")).len(), 1);
    bench.set_price(ETH, "2300");
    let shares = shares_of(&bench, "lp");
    let id = request(&mut bench, "lp", shares);
    bench.advance(DAY);
    bench.refresh();
    let (pool, value) = (bench.pool().pool, bench.pool().value.unwrap());
    assert!(pool.receivable > units(5_000), "{}", pool.receivable);
    let coins = pool.cash.minus_amount(pool.receivable).unwrap();
    assert!(value.withdraw > coins, "{} {coins}", value.withdraw);
    let paid = claim(&mut bench, "lp", id, 0).unwrap();
    // A tenth of 660,000 and 230,000 stays, in coins, and the shares that were not paid may be claimed again.
    let pool = bench.pool().pool;
    let left = pool.cash.minus_amount(pool.receivable).unwrap();
    assert!(left >= units(89_000).signed().unwrap() && left < units(89_001).signed().unwrap(), "{left}");
    assert!(paid.signed().unwrap() < coins, "{paid} {coins}");
    assert_eq!((bench.provider("lp").shares, pool.shares_leaving), (PoolShares::ZERO, pool.shares));
}

#[test]
fn four_requests_of_a_provider_wait_at_most() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000).unwrap();
    let part = PoolShares::from_atoms(shares_of(&bench, "bob").atoms() / 10);
    let first = request(&mut bench, "bob", part);
    for _ in 0..3 {
        request(&mut bench, "bob", part);
    }
    let fifth = ExecuteMsg::RequestLiquidityWithdrawal { shares: part };
    let refused = bench.execute("bob", fifth.clone(), 0).unwrap_err();
    assert_eq!(refused, ContractError::TooManyRequests { max: 4 });
    bench.execute("bob", ExecuteMsg::CancelLiquidityWithdrawal { request: first }, 0).unwrap();
    bench.execute("bob", fifth, 0).unwrap();
    let held = shares_of(&bench, "bob");
    let wanted = held.plus(PoolShares::from_atoms(1)).unwrap();
    let refused = bench.execute("bob", ExecuteMsg::RequestLiquidityWithdrawal { shares: wanted }, 0).unwrap_err();
    assert_eq!(refused, ContractError::InsufficientShares { wanted, found: held });
}

#[test]
fn a_request_waits_until_the_last_second_of_its_window_and_is_active_shares_after_it() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000).unwrap();
    let all = shares_of(&bench, "bob");
    let part = PoolShares::from_atoms(all.atoms() / 10);
    request(&mut bench, "bob", part);
    let expires_at = bench.provider("bob").requests[0].expires_at;
    bench.set_time(expires_at);
    let other = request(&mut bench, "bob", part);
    let leaving = part.plus(part).unwrap();
    assert_eq!(shares_of(&bench, "bob"), all.minus(leaving).unwrap());
    assert_eq!((bench.provider("bob").requests.len(), bench.pool().pool.shares_leaving), (2, leaving));
    bench.set_time(expires_at + 1);
    bench.execute("bob", ExecuteMsg::CancelLiquidityWithdrawal { request: other }, 0).unwrap();
    assert_eq!((shares_of(&bench, "bob"), bench.provider("bob").requests), (all, vec![]));
    assert_eq!(bench.pool().pool.shares_leaving, PoolShares::ZERO);
}

#[test]
fn a_deposit_gets_its_minimum_or_nothing_happens() {
    //
    let mut bench = Bench::new();
    let fair = Amount::from_units(1_000).atoms() * 1_000_000; // a virtual share is a millionth of a unit
    let too_many = PoolShares::from_atoms(fair * 2);
    let refused = bench.execute("bob", ExecuteMsg::ProvideLiquidity { shares_min: too_many }, 1_000).unwrap_err();
    assert!(matches!(refused, ContractError::TooFewShares { wanted, .. } if wanted == too_many), "{refused}");
    assert_eq!(shares_of(&bench, "bob"), PoolShares::ZERO);
    // To the share: one more than it gets is refused, as many are had.
    let stored = bench.snapshot();
    bench.provide("bob", 1_000).unwrap();
    let found = shares_of(&bench, "bob");
    bench.restore(stored);
    let wanted = PoolShares::from_atoms(found.atoms() + 1);
    let refused = bench.execute("bob", ExecuteMsg::ProvideLiquidity { shares_min: wanted }, 1_000).unwrap_err();
    assert_eq!(refused, ContractError::TooFewShares { wanted, found });
    let stored = bench.snapshot();
    bench.execute("bob", ExecuteMsg::ProvideLiquidity { shares_min: found }, 1_000).unwrap();
    assert_eq!(shares_of(&bench, "bob"), found);
    bench.restore(stored);
    // A sandwich: a deposit in front cannot move the share price by donating.
    let before = bench.pool().value.unwrap().deposit;
    bench.donate(1_000_000);
    assert_eq!(bench.pool().value.unwrap().deposit, before);
    bench.execute("bob", ExecuteMsg::ProvideLiquidity { shares_min: PoolShares::from_atoms(fair / 2) }, 1_000).unwrap();
}

/// What eve gains, in whole units, who provides as much as there is a moment before a price that she knows moves against all traders.
fn gain_from_a_known_price(deposit_move: Ratio, position: &str, next: &str) -> i128 {
    let mut config = market_config("BTC", 1);
    (config.funding.velocity_max, config.taker_fee_ratio) = (Ratio::ZERO, Ratio::ZERO);
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    let parameters = VaultParameters { deposit_move, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.provide("lp", 1_000_000).unwrap();
    bench.deposit("alice", 1_000_000);
    bench.trade("alice", BTC, position);
    bench.provide("eve", 1_000_000).unwrap();
    bench.set_price(BTC, next);
    let back = size(position).negated().unwrap().to_string();
    bench.trade("alice", BTC, &back);
    let (pool, value) = (bench.pool().pool, bench.pool().value.unwrap());
    let worth = amount_for_shares(shares_of(&bench, "eve"), value.withdraw, pool.shares).unwrap();
    (worth.atoms() as i128 - 1_000_000_000_000) / 1_000_000
}

#[test]
fn who_provides_before_a_price_that_she_knows_has_paid_for_it() {
    // 2 % of 60 BTC are 72,216 to the pool, half of them eve's.
    for (position, next) in [("60", "58800"), ("-60", "61200")] {
        let gain = |ratio: &str| gain_from_a_known_price(ratio.parse().unwrap(), position, next);
        let (nothing, half, all) = (gain("0"), gain("0.01"), gain("0.02"));
        assert!((35_500..36_500).contains(&nothing), "{position}: {nothing}");
        assert!((17_000..18_500).contains(&half), "{position}: {half}");
        assert!((-1..=0).contains(&all), "{position}: {all}");
    }
    let mut bench = Bench::new();
    let parameters = VaultParameters { deposit_move: Ratio::percent(11), ..parameters() };
    let refused = bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap_err();
    let (what, wanted, found) = ("deposit_move", "at most 0.1".into(), "0.11".into());
    assert_eq!(refused, ContractError::OutOfBounds { what, wanted, found });
}

/// What eve gains, in whole units and her own trades included, who provides as much as there is between the round of an order and its execution, and knows
/// the price after it: the order makes alice's 60 BTC the pool's to win from. With `hides` it is eve's own, who closes what had balanced
/// alice; else it is alice's, who opens.
fn gain_behind_an_order(hides: bool, taker_fee_ratio: Ratio) -> i128 {
    let mut config = market_config("BTC", 1);
    (config.funding.velocity_max, config.taker_fee_ratio) = (Ratio::ZERO, taker_fee_ratio);
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    let parameters = VaultParameters { deposit_move: Ratio::percent(2), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.provide("lp", 1_000_000).unwrap();
    for name in ["alice", "eve"] {
        bench.deposit(name, 1_000_000);
    }
    if hides {
        bench.trade("alice", BTC, "60");
        bench.trade("eve", BTC, "-60");
        bench.place("eve", BTC, "60", any_price("60")).unwrap();
    } else {
        bench.place("alice", BTC, "60", any_price("60")).unwrap();
    }
    bench.advance(15);
    bench.refresh();
    bench.provide("eve", 1_000_000).unwrap();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    bench.set_price(BTC, "58800");
    bench.trade("alice", BTC, "-60");
    let (pool, value) = (bench.pool().pool, bench.pool().value.unwrap());
    let worth = amount_for_shares(shares_of(&bench, "eve"), value.withdraw, pool.shares).unwrap();
    let eve = worth.atoms() as i128 + bench.account("eve").equity.atoms();
    (eve - 2_000_000_000_000) / 1_000_000
}

#[test]
fn who_provides_before_an_order_that_tilts_the_book_has_paid_for_the_move_behind_it_too() {
    // by the skew of now alone she gained 36,107, half of 72,216, and her part of alice's fees or less her own.
    for (hides, fee, wanted) in
        [(false, 0, -1..=0), (false, 5, 0..=1_500), (true, 0, -1..=0), (true, 5, -3_000..=-1_000)]
    {
        let gain = gain_behind_an_order(hides, Ratio::from_basis_points(fee));
        assert!(wanted.contains(&gain), "{hides} {fee}: {gain}");
    }
}

/// What eve gains, in whole units, who provides 400,000 while a false price says that the traders have won 600,000 of a million.
fn gain_from_a_false_price(level: Option<Level>) -> Result<i128, ContractError> {
    let mut config = market_config("BTC", 1);
    (config.funding.velocity_max, config.taker_fee_ratio) = (Ratio::ZERO, Ratio::ZERO);
    config.skew_scale = Size::from_units(1_000_000_000);
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    let parameters = VaultParameters { deposit_move: Ratio::percent(1), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.provide("lp", 1_000_000).unwrap();
    bench.deposit("alice", 1_000_000);
    bench.trade("alice", BTC, "100");
    bench.set_price(BTC, "66000");
    if let Some(level) = level {
        bench.restrict(BTC, level, 600);
    }
    bench.provide("eve", 400_000)?;
    bench.advance(600);
    bench.set_price(BTC, "60000");
    let (pool, value) = (bench.pool().pool, bench.pool().value.unwrap());
    let worth = amount_for_shares(shares_of(&bench, "eve"), value.withdraw, pool.shares).unwrap();
    Ok((worth.atoms() as i128 - 400_000_000_000) / 1_000_000)
}

#[test]
fn who_provides_while_a_market_holds_exits_back_would_take_from_those_who_cannot_leave() {
    // net of 600,000 the pool is worth 400,000 and 66,000 for a known move: 46.2 % of it are 646,000 of 1,400,000.
    let nobody_doubts = gain_from_a_false_price(None).unwrap();
    assert!((245_000..248_000).contains(&nobody_doubts), "{nobody_doubts}");
    assert_eq!(gain_from_a_false_price(Some(Level::Guarded)), Ok(nobody_doubts));
    for (level, allowed) in [
        (Level::ReduceOnly, "reduce orders, cancels, collateral in and out, liquidity requests"),
        (
            Level::Frozen,
            "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
        ),
    ] {
        let refused = gain_from_a_false_price(Some(level)).unwrap_err();
        let ContractError::InMarket { market, refusal } = refused else { panic!("{refused}") };
        let ContractError::Restricted { since, until, .. } = *refusal else { panic!("{refusal}") };
        assert_eq!((market, until), (BTC, since + 600));
        let (action, reason) = (Action::ProvideLiquidity, Reason::Council);
        assert_eq!(*refusal, ContractError::Restricted { action, level, reason, since, until, allowed });
    }
}

#[test]
fn a_restricted_market_without_exposure_keeps_no_provider_out_and_its_mark_where_it_was() {
    let mut bench = with_open_interest("61000");
    bench.restrict(ETH, Level::Frozen, 600);
    let stored = |bench: &Bench| state::MARKETS.load(&bench.deps.storage, BTC.0).unwrap();
    let before = stored(&bench);
    bench.advance(60);
    bench.refresh();
    bench.provide("eve", 1_000).unwrap();
    assert_eq!(stored(&bench), before, "no market is written");
    bench.restrict(BTC, Level::ReduceOnly, 600);
    assert!(matches!(bench.provide("eve", 1_000), Err(ContractError::InMarket { market: BTC, .. })));
    // Coins that buy no shares are always welcome.
    bench.execute("eve", ExecuteMsg::Recapitalize {}, 1_000).unwrap();
}

#[test]
fn a_worthless_pool_takes_no_deposit() {
    // traders gained more than the pool had. That a deposit pays for a known move makes it worth nothing more.
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    let parameters = VaultParameters { deposit_move: Ratio::percent(10), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.provide("lp", 70_000).unwrap();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, "68000"); // +80,000
    assert!(bench.pool().value.unwrap().deposit.is_negative());
    let refused = bench.provide("bob", 1_000).unwrap_err();
    assert!(matches!(refused, ContractError::Risk(RiskError::PoolWorthless { .. })), "{refused}");
}

#[test]
fn a_pool_that_owes_more_than_it_has_pays_nobody_with_the_collateral_of_others() {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 70_000).unwrap();
    for name in ["alice", "bob"] {
        bench.deposit(name, 100_000);
    }
    bench.trade("alice", BTC, "10");
    bench.set_price(BTC, "70000"); // +100,000 on a pool of 70,000
    bench.trade("alice", BTC, "-10");
    assert!(bench.pool().pool.cash.is_negative());
    for name in ["alice", "bob"] {
        let msg = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(1) };
        let refused = bench.execute(name, msg, 0).unwrap_err();
        assert!(matches!(refused, ContractError::PoolShort { .. }), "{refused}");
    }
    // Keepers are paid on, and fresh collateral is taken; whoever closes at a loss makes the pool whole.
    bench.place("bob", BTC, "0.01", "100000").unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderDropped::all(&bench.run(BTC))[0].reason, DropReason::Cap);
}

#[test]
fn exposure_that_the_pools_coins_do_not_back_is_not_sold() {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 59_000).unwrap();
    bench.deposit("alice", 100_000);
    // 10 % of 600,000 is 60,000
    assert_eq!(OrderDropped::all(&bench.trade("alice", BTC, "10"))[0].reason, DropReason::Cap);
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "9")).len(), 1);
}

#[test]
fn a_claim_waits_for_its_cool_down_and_expires_after_its_window() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000).unwrap();
    let shares = shares_of(&bench, "bob");
    let id = request(&mut bench, "bob", shares);
    let (now, matures_at) = (bench.now(), bench.now() + DAY);
    let early = claim(&mut bench, "bob", id, 0).unwrap_err();
    assert_eq!(early, ContractError::NotMatured { request: id, matures_at, now });
    bench.advance(DAY + 21_600 + 1);
    bench.refresh();
    let late = claim(&mut bench, "bob", id, 0).unwrap_err();
    assert_eq!(late, ContractError::RequestExpired { request: id, expires_at: matures_at + 21_600 });
    // Asking again puts the expired shares back first: no request is kept matured for ever.
    let again = request(&mut bench, "bob", shares);
    assert_ne!(again, id);
    bench.advance(DAY);
    bench.refresh();
    let (what, wanted) = ("amount_min", "at most 1000000000".to_string());
    let too_much = ContractError::OutOfBounds { what, wanted, found: "1001000000".into() };
    assert_eq!(claim(&mut bench, "bob", again, 1_001).unwrap_err(), too_much);
    assert!(claim(&mut bench, "bob", again, 999).is_ok());
    let unknown = claim(&mut bench, "bob", again, 0).unwrap_err();
    assert_eq!(unknown, ContractError::UnknownRequest { request: again });
}

#[test]
fn shares_that_wait_bear_losses() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000_000).unwrap();
    let shares = shares_of(&bench, "bob");
    let id = request(&mut bench, "bob", shares);
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "20");
    bench.advance(DAY - 60);
    bench.set_price(BTC, "80000"); // the pool owes 400,000 of 11 million
    bench.advance(60);
    bench.refresh();
    let paid = claim(&mut bench, "bob", id, 0).unwrap();
    assert!(paid < units(970_000) && paid > units(950_000), "{paid}");
}

#[test]
fn requests_work_without_a_price_and_claims_and_deposits_wait_for_one() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000).unwrap();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    bench.advance(DAY);
    let shares = shares_of(&bench, "bob");
    let id = request(&mut bench, "bob", shares);
    bench.advance(DAY);
    bench.claim("bob", id, Amount::ZERO).unwrap();
    bench.advance(15);
    let refused = bench.execute_claims().unwrap_err();
    let action = Action::ClaimLiquidityWithdrawal;
    assert!(matches!(refused, ContractError::PriceUnusable { action: found, market: BTC, .. } if found == action));
    assert!(matches!(bench.provide("carol", 1).unwrap_err(), ContractError::PriceUnusable { .. }));
    bench.restrict(BTC, Level::ReduceOnly, 100);
    bench.refresh();
    let queued = bench.execute_claims().unwrap_err();
    assert!(matches!(queued, ContractError::Restricted { action: found, .. } if found == action), "{queued}");
    let cancel = ExecuteMsg::CancelLiquidityWithdrawal { request: id };
    assert_eq!(bench.execute("bob", cancel, 0).unwrap_err(), ContractError::AlreadyClaimed { request: id });
    bench.advance(100);
    assert_eq!(LiquidityWithdrawn::all(&bench.pay_claims().unwrap())[0].shares, shares);
}

#[test]
fn open_interest_keeps_its_reserve() {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    bench.provide("lp", 100_000).unwrap();
    bench.deposit("alice", 100_000);
    bench.trade("alice", BTC, "10"); // 600,000 of open interest, 10 % of it stays
    let shares = shares_of(&bench, "lp");
    let id = request(&mut bench, "lp", shares);
    bench.advance(DAY);
    bench.refresh();
    let paid = claim(&mut bench, "lp", id, 0).unwrap();
    assert!(paid > units(39_000) && paid < units(41_000), "{paid}");
    // Less the premium that the skew still costs: 60,000 * 10^2 / 20,000.
    let left = bench.pool().pool.cash.minus_amount(units(300)).unwrap();
    assert!(left >= units(60_000).signed().unwrap() && left < units(60_001).signed().unwrap(), "{left}");
    // Nothing is free now: the rest may be claimed again, waits, and is paid when nothing needs it.
    assert_eq!(shares_of(&bench, "lp"), PoolShares::ZERO);
    bench.claim("lp", id, Amount::ZERO).unwrap();
    let paid = LiquidityWithdrawn::all(&bench.pay_claims().unwrap());
    assert!(paid.iter().all(|paid| paid.amount < units(100)), "funding of some seconds: {paid:?}");
    bench.trade("alice", BTC, "-10");
    // Where the funding paid a little of it, it is claimed once more.
    if bench.provider("lp").requests[0].claim.is_none() {
        bench.claim("lp", id, Amount::ZERO).unwrap();
    }
    bench.pay_claims().unwrap();
    assert_eq!(bench.pool().pool.shares, PoolShares::ZERO);
}

#[test]
fn liquidity_cannot_leave_in_the_block_in_which_its_owner_deposits() {
    let mut bench = Bench::new();
    bench.provide("bob", 1_000).unwrap();
    let shares = shares_of(&bench, "bob");
    let id = request(&mut bench, "bob", shares);
    bench.advance(DAY);
    bench.refresh();
    bench.provide("bob", 1).unwrap();
    assert_eq!(claim(&mut bench, "bob", id, 0).unwrap_err(), ContractError::SameBlock);
}

/// bob has traded in a subaccount of his in this block, and so have others.
fn traded_now(bench: &mut Bench) -> ContractError {
    let account = subaccount("bob", 200);
    let sizes = ["0.1", "-0.1"];
    let position = bench.account_of(&account).positions.len();
    bench.place_in("bob", 200, BTC, size(sizes[position]), any_price(sizes[position]), false).unwrap();
    bench.place("alice", BTC, "0.1", any_price("0.1")).unwrap();
    bench.advance(15);
    bench.refresh();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 2);
    ContractError::TradedNow { account, found: bench.env.block.height }
}

/// Whose accounts bob's are between, with some that do nothing.
fn with_accounts() -> Bench {
    let mut bench = Bench::new();
    for name in ["alice", "bob", "carol"] {
        for number in [0, 199, 200, 255] {
            bench.deposit_to(&subaccount(name, number), units(10_000));
        }
    }
    bench
}

#[test]
fn nobody_provides_in_a_block_in_which_an_account_of_his_traded() {
    //
    let mut bench = with_accounts();
    let refusal = traded_now(&mut bench);
    assert_eq!(bench.provide("bob", 1_000), Err(refusal));
    assert_eq!(shares_of(&bench, "bob"), PoolShares::ZERO);
    // Somebody else's trade is nobody's business, and in the next block the own one is not either.
    bench.provide("carol", 1_000).unwrap();
    bench.advance(1);
    bench.provide("bob", 1_000).unwrap();

    // A trade that a keeper brings to somebody who has provided in this block is not held up: its price is its own.
    bench.place("carol", BTC, "0.1", any_price("0.1")).unwrap();
    bench.advance(15);
    bench.refresh();
    bench.provide("carol", 1_000).unwrap();
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
}

#[test]
fn a_liquidation_is_a_trade_of_the_block_too() {
    //
    let mut bench = Bench::new();
    bench.deposit("bob", 4_000);
    bench.trade("bob", BTC, "1");
    bench.set_price(BTC, "57000");
    assert_eq!(PositionLiquidated::all(&bench.liquidate(&["bob"]).unwrap()).len(), 1);
    let refusal = ContractError::TradedNow { account: account("bob"), found: bench.env.block.height };
    assert_eq!(bench.provide("bob", 1_000), Err(refusal));
    bench.advance(1);
    bench.provide("bob", 1_000).unwrap();
}

#[test]
fn nobody_claims_in_a_block_in_which_an_account_of_his_traded() {
    //
    let mut bench = with_accounts();
    let mut ids = vec![];
    for name in ["bob", "carol"] {
        bench.provide(name, 1_000).unwrap();
        let shares = shares_of(&bench, name);
        ids.push(request(&mut bench, name, shares));
    }
    bench.advance(DAY);
    bench.refresh();
    let refusal = traded_now(&mut bench);
    assert_eq!(bench.claim("bob", ids[0], Amount::ZERO), Err(refusal));
    bench.claim("carol", ids[1], Amount::ZERO).unwrap();
    bench.advance(1);
    bench.claim("bob", ids[0], Amount::ZERO).unwrap();

    // Once it is placed it is due like an order: a trade of his in the block of its payment holds it up no more than it may be taken back.
    traded_now(&mut bench);
    let paid = LiquidityWithdrawn::all(&bench.execute_claims().unwrap());
    assert_eq!(paid.iter().map(|paid| paid.request).collect::<Vec<_>>(), [ids[1], ids[0]]);
}
