//! what somebody gains who lets coins into the pool or out of it beside an order, and knows the price that comes after the order's own.
//!
//! Each scene is played with the act and without it, for a next price that is better and one that is worse. Who knows it takes the better of both each
//! time; who had to bind himself before has the better sum. The difference is what the choice is worth.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_risk::*;

const DAY: u64 = 86_400;

/// What knowing the next price is worth, in whole units.
fn worth_of_choice(gain: impl Fn(bool, u32) -> i128, next: [u32; 2]) -> i128 {
    let with = next.map(|next| gain(true, next));
    let without = next.map(|next| gain(false, next));
    let knows: i128 = (0..2).map(|index| with[index].max(without[index])).sum();
    (knows - with.iter().sum::<i128>().max(without.iter().sum())) / 1_000_000
}

/// A pool of these, `open` BTC each way of alice's and carol's, and 100,000 of eve's.
fn bench(pool: &[(&str, u64)], open: &str) -> Bench {
    let mut bench = Bench::without_pool(plain_market("BTC", 1), plain_market("ETH", 2));
    let parameters = VaultParameters { deposit_move: Ratio::percent(2), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    for (name, amount) in pool {
        bench.provide(name, *amount).unwrap();
    }
    for name in ["alice", "carol"] {
        bench.deposit(name, 1_000_000);
    }
    bench.deposit("eve", 100_000);
    if open != "0" {
        bench.trade("alice", BTC, open);
        bench.trade("carol", BTC, &format!("-{open}"));
    }
    bench
}

fn round(bench: &mut Bench, seconds: u64, units: u32) {
    bench.advance(seconds);
    bench.publish(BTC, Price::from_units(units), Price::ZERO, bench.now(), Validity::Valid);
}

/// What eve and her sister have, in atoms, shares at what the pool is worth.
fn worth(bench: &mut Bench) -> i128 {
    bench.execute("owner", ExecuteMsg::Configure { parameters: parameters() }, 0).unwrap();
    let PoolResponse { pool, value, .. } = bench.pool();
    let held = bench.provider("sister");
    let shares = held.shares.atoms() + held.requests.iter().map(|request| request.shares.atoms()).sum::<u128>();
    let shares = amount_for_shares(PoolShares::from_atoms(shares), value.unwrap().deposit, pool.shares).unwrap();
    bench.account("eve").equity.atoms() + shares.atoms() as i128
}

/// All that bob has in the pool, his request matured.
fn bob_claims(bench: &mut Bench) {
    let shares = bench.provider("bob").shares;
    bench.request("bob", shares);
    bench.advance(DAY);
    bench.refresh();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
}

/// Somebody's claim of half of the pool and eve's order are due at one price; she has the claim paid first, or not.
fn claims_first(acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 50_000), ("bob", 50_000)], "5");
    bob_claims(&mut bench);
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    round(&mut bench, 12, 60_000);
    if acts {
        assert_eq!(bench.execute_claims().unwrap_err(), ContractError::OrdersFirst { market: BTC });
    }
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()).len(), 1);
    round(&mut bench, 3, next);
    worth(&mut bench)
}

/// The price of what waits, and as much as this from eve's sister: once it is there, or the second before. What was taken of it, in atoms.
fn price_and_deposit(bench: &mut Bench, amount: u64, due: bool) -> i128 {
    let provide = |bench: &mut Bench| {
        if amount > 0 && bench.provide("sister", amount).is_ok() {
            i128::from(amount) * 1_000_000
        } else {
            0
        }
    };
    bench.advance(11);
    let before = if due { 0 } else { provide(bench) };
    round(bench, 1, 60_000);
    if due {
        provide(bench)
    } else {
        before
    }
}

/// Eve's order is larger than the pool backs, unless her sister provides: once the order's price is there, or the second before.
fn backs_an_order(due: bool, acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 60_000)], "2.5");
    bench.place("eve", BTC, "10", any_price("10")).unwrap();
    let paid_in = price_and_deposit(&mut bench, if acts { 31_000 } else { 0 }, due);
    bench.run(BTC);
    round(&mut bench, 3, next);
    worth(&mut bench) - paid_in
}

/// An order of alice's, of which the pool holds the other side, is about to fill when eve's sister provides as much as is there.
fn comes_before_an_order(due: bool, acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 1_000_000)], "0");
    bench.place("alice", BTC, "60", any_price("60")).unwrap();
    let paid_in = price_and_deposit(&mut bench, if acts { 1_000_000 } else { 0 }, due);
    assert_eq!(OrderFilled::all(&bench.run(BTC)).len(), 1);
    round(&mut bench, 3, next);
    worth(&mut bench) - paid_in
}

/// Half of a pool is claimed, of which the reserve lets two fifths go; more is claimed, or not, the second before that is paid.
fn claims_more(acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 20_000), ("sister", 80_000)], "0");
    bench.trade("alice", BTC, "10");
    let half = PoolShares::from_atoms(bench.provider("sister").shares.atoms() / 2);
    for _ in 0..2 {
        bench.request("sister", half);
    }
    bench.advance(DAY);
    bench.refresh();
    bench.claim("sister", 0, Amount::ZERO).unwrap();
    bench.advance(11);
    if acts {
        bench.claim("sister", 1, Amount::ZERO).unwrap();
    }
    round(&mut bench, 1, 60_000);
    bench.execute_claims().unwrap();
    round(&mut bench, 3, next);
    worth(&mut bench) + bench.wallet("sister")
}

/// Nine tenths of a pool of a million are claimed and leave at the next price; the sister provides a tenth, or not, the second before. Ten BTC are open.
fn comes_before_a_claim(acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 100_000), ("bob", 900_000)], "0");
    bench.trade("alice", BTC, "10");
    bob_claims(&mut bench);
    bench.advance(11);
    if acts {
        bench.provide("sister", 100_000).unwrap();
    }
    round(&mut bench, 1, 60_000);
    bench.execute_claims().unwrap();
    round(&mut bench, 3, next);
    worth(&mut bench) - if acts { 100_000_000_000 } else { 0 }
}

/// Eve's orders of 60,000 in two markets are due at once, and the pool backs one more; the second market's is executed first, or not.
fn other_market_first(acts: bool, next: u32) -> i128 {
    let mut bench = bench(&[("lp", 70_000)], "5");
    bench.place("eve", BTC, "1", any_price("1")).unwrap();
    bench.place("eve", ETH, "20", any_price("1")).unwrap();
    round(&mut bench, 12, 60_000);
    bench.publish(ETH, Price::from_units(3_000), Price::ZERO, bench.now(), Validity::Valid);
    for market in if acts { [ETH, BTC] } else { [BTC, ETH] } {
        bench.run(market);
    }
    round(&mut bench, 3, next);
    worth(&mut bench)
}

const NEXT: [u32; 2] = [59_000, 61_000];

#[test]
fn a_claim_is_not_paid_in_front_of_an_order_that_it_would_drop() {
    // Paid first it left 60,000 where 66,000 are asked: the choice was worth 1,000.
    assert_eq!(NEXT.map(|next| claims_first(true, next)), NEXT.map(|next| claims_first(false, next)));
    assert_eq!(worth_of_choice(claims_first, NEXT), 0);
}

#[test]
fn who_provides_in_front_of_an_order_of_somebody_pays_for_what_it_makes_of_the_skew() {
    // With the skew of before the choice was worth 30,000, once the order's price is there and the second before.
    for due in [true, false] {
        assert_eq!(worth_of_choice(|acts, next| comes_before_an_order(due, acts, next), NEXT), 0);
    }
}

#[test]
fn who_backs_an_order_of_her_own_beyond_the_reserve_has_a_choice() {
    // What is so, not what R-32 asks for (SECURITY.md): with a known move of half as much it would be worth nothing.
    for due in [true, false] {
        let worth = |next| worth_of_choice(|acts, next| backs_an_order(due, acts, next), next);
        assert_eq!([worth(NEXT), worth([59_500, 60_500])], [3_378, 0]);
    }
}

// What is so, not what R-32 asks for (SECURITY.md).

#[test]
fn who_provides_in_front_of_claims_pays_for_the_move_by_what_stays() {
    // By the part that she is when she comes it was worth 3,891: an eleventh of 12,000 paid, and half of them hers once the claim has left.
    assert_eq!(worth_of_choice(comes_before_a_claim, NEXT), 0);
}

#[test]
fn a_claim_that_is_not_due_halves_what_a_due_one_is_paid_where_the_reserve_binds() {
    assert_eq!(worth_of_choice(claims_more, NEXT), 833);
}

#[test]
fn who_executes_picks_the_market_whose_order_gets_the_last_of_the_reserve() {
    assert_eq!(worth_of_choice(other_market_first, NEXT), 1_000);
}
