//! The outflow limiter in the vault: what leaves at once, what is parked, how it is served (F14).

use crate::support::*;
use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::{Action, Reason};
use firebreak_risk::*;

const DAY: u64 = 86_400;
const HOUR: u64 = 3_600;

/// 20,000 in an hour, of which traders may take 10,000, and 200,000 in a day.
fn limited() -> OutflowParams {
    OutflowParams {
        hour_min: units(20_000),
        hour_ratio: Ratio::ZERO,
        day_min: units(200_000),
        day_ratio: Ratio::ZERO,
        deposit_delay_seconds: HOUR,
        small_exit_max: units(100),
    }
}

fn configure(bench: &mut Bench, outflow: OutflowParams) {
    let parameters = VaultParameters { outflow, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
}

/// Everybody's deposits are days old and capacity is at rest.
fn bench(names: &[&str]) -> Bench {
    let mut bench = Bench::new();
    configure(&mut bench, limited());
    for name in names {
        bench.deposit(name, 50_000);
    }
    bench.advance(9 * DAY);
    bench.refresh();
    bench
}

fn id(name: &str) -> ParkedId {
    ParkedId { account: account(name), liquidity: false }
}

/// What is paid at once, and what is parked, in units.
fn ask(bench: &mut Bench, name: &str, amount: u64) -> (u128, u128) {
    let msg = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: units(amount) };
    let events = bench.execute(name, msg, 0).unwrap();
    let sum = |amounts: Vec<Amount>| amounts.iter().map(|amount| amount.atoms()).sum::<u128>() / 1_000_000;
    (
        sum(CollateralWithdrawn::all(&events).iter().map(|fact| fact.amount).collect()),
        sum(WithdrawalParked::all(&events).iter().map(|fact| fact.amount).collect()),
    )
}

fn collect(bench: &mut Bench, name: &str) -> Result<Amount, ContractError> {
    let events = bench.execute("anyone", ExecuteMsg::CollectParked(id(name)), 0)?;
    Ok(ParkedCollected::all(&events)[0].amount)
}

fn parked(bench: &Bench, name: &str) -> ParkedResponse {
    bench.query(QueryMsg::Parked(id(name)))
}

/// To the start of the next ten minutes.
fn next_slot(bench: &mut Bench) {
    let now = bench.now();
    bench.set_time(now / 600 * 600 + 600);
    bench.refresh();
}

#[test]
fn what_capacity_does_not_allow_leaves_the_account_and_is_owed() {
    let mut bench = bench(&["alice", "bob"]);
    let owed = bench.query::<SolvencyResponse>(QueryMsg::Solvency {}).owed;
    assert_eq!(ask(&mut bench, "alice", 30_000), (10_000, 20_000));
    assert_eq!(bench.account("alice").cash, units(20_000).signed().unwrap());
    assert_eq!(bench.wallet("alice"), 10_000_000_000);
    assert_eq!(parked(&bench, "alice"), ParkedResponse { amount: units(20_000), ready: Amount::ZERO });
    let after = bench.query::<SolvencyResponse>(QueryMsg::Solvency {}).owed;
    assert_eq!(owed.minus(after).unwrap(), units(10_000), "only what was paid is no longer owed");
    // Nobody else comes before her.
    assert_eq!(ask(&mut bench, "bob", 1_000), (0, 1_000));
    let refused = collect(&mut bench, "alice").unwrap_err();
    assert_eq!(refused, ContractError::TooLittlePaid { wanted: Amount::from_atoms(1), found: Amount::ZERO });
}

#[test]
fn parked_exits_are_served_slot_by_slot_to_all_the_same_fraction() {
    //
    let mut bench = bench(&["alice", "bob", "carol"]);
    next_slot(&mut bench);
    assert_eq!(ask(&mut bench, "carol", 10_000), (10_000, 0));
    assert_eq!(ask(&mut bench, "alice", 30_000), (0, 30_000));
    assert_eq!(ask(&mut bench, "bob", 3_000), (0, 3_000));
    next_slot(&mut bench);
    let (bob, alice) = (collect(&mut bench, "bob").unwrap(), collect(&mut bench, "alice").unwrap());
    let sum = bob.plus(alice).unwrap();
    assert!(sum > units(1_660) && sum < units(1_690), "ten minutes of 10,000 an hour: {sum}");
    assert!((bob.atoms() * 10).abs_diff(alice.atoms()) <= 10, "{bob} {alice}");
    assert!(collect(&mut bench, "bob").is_err(), "once in a slot");
    // Until everybody is out.
    for _ in 0..40 {
        next_slot(&mut bench);
        collect(&mut bench, "bob").ok();
        collect(&mut bench, "alice").ok();
    }
    assert_eq!((bench.wallet("alice"), bench.wallet("bob")), (30_000_000_000, 3_000_000_000));
    assert_eq!(bench.pool().pool.parked, Amount::ZERO);
    assert_eq!(state::PARKED.page(&bench.deps.storage, None, 10).unwrap(), []);
}

#[test]
fn a_freeze_parks_everything_and_pays_nothing_of_it_until_the_thaw() {
    let mut bench = bench(&["alice", "bob"]);
    bench.restrict_all(Level::Frozen, 2 * HOUR);
    assert_eq!(ask(&mut bench, "alice", 5_000), (0, 5_000));
    // Not even what came a moment ago.
    bench.deposit("alice", 100);
    assert_eq!(ask(&mut bench, "alice", 50), (0, 50));
    let (since, until) = (bench.now(), bench.now() + 2 * HOUR);
    next_slot(&mut bench);
    let restricted = ContractError::Restricted {
        action: Action::CollectParked,
        level: Level::Frozen,
        reason: Reason::Council,
        since,
        until,
        allowed: "placing reduce orders, cancels, adding collateral, asking for withdrawals, liquidity requests",
    };
    assert_eq!(collect(&mut bench, "alice").unwrap_err(), restricted);
    bench.advance(2 * HOUR);
    bench.refresh();
    assert_eq!(collect(&mut bench, "alice").unwrap(), units(5_050));
}

#[test]
fn a_frozen_market_holds_what_its_traders_parked_and_nobody_else() {
    // The queue is served at the factor that binds all; an account is paid at the least of its own markets.
    let mut bench = bench(&["alice", "bob", "carol"]);
    bench.trade("alice", BTC, "0.1");
    next_slot(&mut bench);
    ask(&mut bench, "carol", 10_000);
    assert_eq!(ask(&mut bench, "alice", 10_000), (0, 10_000));
    assert_eq!(ask(&mut bench, "bob", 10_000), (0, 10_000));
    bench.restrict(BTC, Level::Frozen, HOUR);
    next_slot(&mut bench);
    let refused = collect(&mut bench, "alice").unwrap_err();
    let action = Action::CollectParked;
    assert!(
        matches!(refused, ContractError::Restricted { action: found, level: Level::Frozen, .. } if found == action)
    );
    let bob = collect(&mut bench, "bob").unwrap();
    // The grace after it pays a quarter of what is served, and the rest waits.
    bench.restrict(BTC, Level::Guarded, HOUR);
    let alice = collect(&mut bench, "alice").unwrap();
    assert!(alice.atoms().abs_diff(bob.atoms() / 4) <= 1, "{alice} {bob}");
    assert!(collect(&mut bench, "alice").is_err());
    // And a new withdrawal at Frozen is parked whole.
    bench.restrict(BTC, Level::Frozen, HOUR);
    let left = parked(&bench, "alice").amount;
    assert_eq!(ask(&mut bench, "alice", 100), (0, 100));
    assert_eq!(parked(&bench, "alice").amount, left.plus(units(100)).unwrap());
}

#[test]
fn a_cancel_returns_the_unserved_part_to_the_account_and_leaves_the_others_their_turn() {
    let mut bench = bench(&["alice", "bob", "carol"]);
    next_slot(&mut bench);
    ask(&mut bench, "carol", 10_000);
    ask(&mut bench, "alice", 30_000);
    ask(&mut bench, "bob", 3_000);
    next_slot(&mut bench);
    let bob = collect(&mut bench, "bob").unwrap();
    let stranger = bench.execute("bob", ExecuteMsg::CancelParked(id("alice")), 0).unwrap_err();
    assert_eq!(stranger, ContractError::Unauthorized { wanted: address("alice"), found: address("bob") });
    let ready = parked(&bench, "alice").ready;
    assert!(ready.atoms().abs_diff(bob.atoms() * 10) <= 10);
    let capacity: OutflowResponse = bench.query(QueryMsg::Outflow {});
    let events = bench.execute("alice", ExecuteMsg::CancelParked(id("alice")), 0).unwrap();
    let canceled = &ParkedCanceled::all(&events)[0];
    assert_eq!((canceled.amount, canceled.left), (units(30_000).minus(ready).unwrap(), ready));
    let after: OutflowResponse = bench.query(QueryMsg::Outflow {});
    assert_eq!(after.traders, capacity.traders, "no capacity is used or given");
    assert_eq!(bench.account("alice").cash.positive_part(), units(20_000).plus(canceled.amount).unwrap());
    assert_eq!(collect(&mut bench, "alice").unwrap(), ready, "what was served is still hers");
    let nothing = bench.execute("alice", ExecuteMsg::CancelParked(id("alice")), 0).unwrap_err();
    assert_eq!(nothing, ContractError::TooLittlePaid { wanted: Amount::from_atoms(1), found: Amount::ZERO });
    // Bob has the next slot for himself.
    next_slot(&mut bench);
    let alone = collect(&mut bench, "bob").unwrap();
    assert!(alone > units(1_600), "{alone}");
}

#[test]
fn what_an_account_has_parked_pays_its_own_deficit_before_anybody_else() {
    // F11, first step.
    let mut bench = bench(&["alice", "bob"]);
    bench.fund = Fund::Honest(1_000_000);
    bench.trade("alice", BTC, "2");
    bench.restrict_all(Level::Frozen, 60);
    let parked_amount = 25_000;
    assert_eq!(ask(&mut bench, "alice", parked_amount), (0, parked_amount.into()));
    // The freeze, and as long a grace after it.
    bench.advance(120);
    // 120,000 at 60,000 against 24,900 of cash: at 45,000 it lacks some 5,000.
    bench.set_price(BTC, "45000");
    let equity = bench.account("alice").equity;
    assert!(equity.is_negative());
    bench.liquidate(&["alice"]).unwrap();
    let seized = ParkedSeized::all(&bench.events)[0].amount;
    assert_eq!(bench.losses().deficit, Amount::ZERO);
    assert_eq!(bench.covers_asked, 0);
    assert_eq!(parked(&bench, "alice").amount, units(parked_amount).minus(seized).unwrap());
    assert!(seized > units(5_000) && seized < units(6_500), "{seized}");
    // More than it has: the rest is a deficit like any other.
    let mut bench = self::bench(&["alice", "bob"]);
    bench.fund = Fund::Honest(1_000_000);
    bench.trade("alice", BTC, "2");
    bench.restrict_all(Level::Frozen, 60);
    ask(&mut bench, "alice", parked_amount);
    bench.advance(120);
    bench.set_price(BTC, "30000");
    bench.liquidate(&["alice"]).unwrap();
    assert_eq!(ParkedSeized::all(&bench.events)[0].amount, units(parked_amount));
    let losses = bench.losses();
    assert_eq!(losses.own, units(parked_amount));
    let others = losses.deficit.minus(losses.own).unwrap();
    assert!(others > units(9_000) && others < units(11_500), "{others}");
    assert_eq!(state::PARKED.page(&bench.deps.storage, None, 10).unwrap(), []);
}

#[test]
fn who_comes_and_goes_in_an_hour_uses_no_capacity_whichever_way_the_coins_came() {
    let mut bench = bench(&["alice"]);
    let capacity = |bench: &Bench| bench.query::<OutflowResponse>(QueryMsg::Outflow {}).traders;
    let before = capacity(&bench);
    // Collateral that somebody else added, and coins that came with an order.
    bench.deposit_to(&account("eve"), units(30_000));
    let order = ExecuteMsg::PlaceOrder(market_order(BTC, "0.01", "60000"));
    bench.execute("eve", order, 5_000).unwrap();
    assert_eq!(ask(&mut bench, "eve", 34_000), (34_000, 0));
    assert_eq!(capacity(&bench), before);
    // Liquidity is not collateral.
    bench.provide("eve", 30_000).unwrap();
    bench.deposit("eve", 1);
    // Four times what her order holds stays.
    assert_eq!(ask(&mut bench, "eve", 801), (801, 0));
    assert_eq!(capacity(&bench), before);
}

#[test]
fn the_execution_fees_that_orders_escrow_are_nobodys_deposit() {
    // who pays in for orders alone has paid in nothing that may leave again without using capacity.
    let mut bench = bench(&["alice"]);
    let capacity = |bench: &Bench| bench.query::<OutflowResponse>(QueryMsg::Outflow {}).traders;
    let before = capacity(&bench);
    let fee = parameters().execution_fee.atoms();
    let order = || market_order(BTC, "0.01", "60000");
    bench.execute("alice", ExecuteMsg::PlaceOrder(order()), 500).unwrap();
    bench.execute("alice", ExecuteMsg::PlaceOrders { orders: vec![order(), order()] }, 500).unwrap();
    let coins = cosmwasm_std::coins(fee, DENOM);
    bench.execute_with("alice", ExecuteMsg::PlaceOrder(order()), coins).unwrap();
    assert_eq!(ask(&mut bench, "alice", 1_000), (1_000, 0));
    assert_eq!(before.minus(capacity(&bench)).unwrap().atoms(), 3 * fee);
}

#[test]
fn a_drain_is_stopped_in_its_first_block_without_anybody() {
    // an attacker with real equity, by whatever defect, takes what capacity there is and waits for the rest.
    let mut bench = bench(&["eve"]);
    // The defect: a million in its account that it never paid in.
    let id = account("eve");
    let mut desk = firebreak_derivatives_vault::desk::Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    desk.load_account_record(bench.deps.as_ref(), &id).unwrap();
    let mut eve = desk.account(&id);
    eve.cash = eve.cash.plus_amount(units(1_000_000)).unwrap();
    desk.put_account(&id, eve).unwrap();
    desk.pool_pays(units(1_000_000)).unwrap();
    desk.save(bench.deps.as_mut().storage).unwrap();
    let mut paid = vec![];
    for _ in 0..3 {
        paid.push(ask(&mut bench, "eve", 300_000).0);
        bench.advance(6);
        bench.refresh();
    }
    assert_eq!(paid, [10_000, 0, 0]);
    // A day later it has what a day allows, and the council and the DAO had a day.
    for _ in 0..144 {
        next_slot(&mut bench);
        collect(&mut bench, "eve").ok();
    }
    let taken = bench.wallet("eve") / 1_000_000;
    assert!((150_000..200_001).contains(&taken), "half of a day's capacity, at rest and flowing back: {taken}");
}

#[test]
fn small_exits_of_old_owners_go_on_in_a_run_and_many_accounts_get_the_reserve_and_no_more() {
    //
    let mut bench = bench(&["whale", "alice"]);
    ask(&mut bench, "whale", 50_000);
    assert_eq!(ask(&mut bench, "alice", 101), (0, 101), "too large for the reserve");
    assert_eq!(ask(&mut bench, "alice", 60), (60, 0));
    assert_eq!(ask(&mut bench, "alice", 60), (40, 20), "over all that she takes in a day");
    // Another subaccount is the same owner.
    bench.deposit_to(&subaccount("alice", 7), units(100));
    bench.advance(3 * HOUR);
    bench.refresh();
    let msg = ExecuteMsg::WithdrawCollateral { subaccount: 7, amount: units(60) };
    let events = bench.execute("alice", msg, 0).unwrap();
    let paid = CollateralWithdrawn::all(&events)[0].amount;
    assert_eq!(paid, Amount::from_atoms(12_500_000), "an eighth of a day has passed");
    // 300 accounts that were made a week before: the reserve is 2,000.
    let names: Vec<String> = (0..300).map(|index| format!("sybil-{index}")).collect();
    for name in &names {
        bench.deposit(name, 50);
    }
    bench.advance(8 * DAY);
    bench.refresh();
    let taken: u128 = names.iter().map(|name| ask(&mut bench, name, 50).0).sum();
    assert!(taken <= 2_000, "{taken}");
    assert!(taken >= 1_900, "{taken}");
}

#[test]
fn a_trade_does_not_touch_the_limiter() {
    let mut bench = bench(&["alice"]);
    let before = state::OUTFLOW.load(&bench.deps.storage).unwrap();
    bench.trade("alice", BTC, "0.5");
    bench.trade("alice", BTC, "-0.5");
    bench.liquidate(&["alice"]).unwrap();
    assert_eq!(state::OUTFLOW.load(&bench.deps.storage).unwrap(), before);
}

#[test]
fn limits_have_bounds() {
    let mut bench = Bench::new();
    let wide = limited();
    for (what, outflow) in [
        ("outflow.deposit_delay_seconds", OutflowParams { deposit_delay_seconds: 599, ..wide.clone() }),
        ("outflow.day_ratio", OutflowParams { day_ratio: Ratio::percent(101), ..wide.clone() }),
        ("outflow.hour_ratio", OutflowParams { hour_ratio: Ratio::percent(1), ..wide.clone() }),
        ("outflow.hour_min", OutflowParams { hour_min: Amount::ZERO, ..wide.clone() }),
        ("outflow.hour_min", OutflowParams { hour_min: units(200_001), ..wide.clone() }),
    ] {
        let parameters = VaultParameters { outflow, ..parameters() };
        let refused = bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap_err();
        assert!(matches!(refused, ContractError::OutOfBounds { what: found, .. } if found == what), "{refused}");
    }
}
