//! Leaving the pool: claims that wait for their price, what they are paid, what becomes of those that cannot be.

use crate::support::*;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;

const DAY: u64 = 86_400;
const WINDOW: u64 = 21_600;

/// Providers of a million each against ten BTC long, without funding, their requests matured.
fn matured(names: &[&str]) -> Bench {
    matured_behind(parameters().reserve_ratio, names)
}

/// They asked after the reserve was set.
fn matured_behind(reserve_ratio: Ratio, names: &[&str]) -> Bench {
    let mut config = market_config("BTC", 1);
    config.funding.velocity_max = Ratio::ZERO;
    let mut bench = Bench::without_pool(config, market_config("ETH", 2));
    for name in names {
        bench.provide(name, 1_000_000).unwrap();
    }
    bench
        .execute("owner", ExecuteMsg::Configure { parameters: VaultParameters { reserve_ratio, ..parameters() } }, 0)
        .unwrap();
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    for name in names {
        let shares = bench.provider(name).shares;
        bench.request(name, shares);
    }
    bench.advance(DAY);
    bench.refresh();
    bench
}

fn publish(bench: &mut Bench, text: &str) {
    bench.set_price(BTC, text);
    bench.set_price(ETH, "3000");
}

fn paid(events: &[cosmwasm_std::Event], name: &str) -> Amount {
    let facts = LiquidityWithdrawn::all(events);
    facts.iter().find(|fact| fact.provider == address(name)).map_or(Amount::ZERO, |fact| fact.amount)
}

fn drops(events: &[cosmwasm_std::Event]) -> Vec<(String, DropReason)> {
    LiquidityClaimDropped::all(events).into_iter().map(|fact| (fact.provider, fact.reason)).collect()
}

#[test]
fn a_claim_is_paid_at_a_price_that_was_published_after_it() {
    let mut bench = matured(&["bob", "lp"]);
    publish(&mut bench, "60000");
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    // The price that is known, and one too early.
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()), []);
    bench.set_price(BTC, "60000");
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()), []);
    // Only one of two markets is open: the other one's price is not waited for.
    bench.advance(10);
    bench.set_price(BTC, "66000");
    let keeper = bench.wallet("keeper");
    let events = bench.execute_claims().unwrap();
    // Ten BTC won 60,000 of the pool's two million.
    let bob = paid(&events, "bob");
    assert!(bob > units(969_000) && bob < units(971_000), "{bob}");
    assert_eq!(bench.wallet("keeper") - keeper, 100_000);
    assert_eq!(bench.wallet("bob"), bob.atoms() as i128);
    assert_eq!(bench.provider("bob").requests, []);
}

#[test]
fn a_claim_waits_for_its_delay_also_where_a_feed_is_ahead_or_no_price_is_asked_for() {
    // A round of two seconds ahead, in a block of two seconds before the delay is over.
    let mut bench = matured(&["bob", "lp"]);
    publish(&mut bench, "60000");
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(8);
    bench.publish(BTC, price("60000"), Price::ZERO, bench.now() + 2, Validity::Valid);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()), []);
    bench.advance(2);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()).len(), 1);
    // Nobody has a position.
    let mut bench = Bench::new();
    let shares = bench.provider("lp").shares;
    bench.request("lp", shares);
    bench.advance(DAY);
    bench.claim("lp", 0, Amount::ZERO).unwrap();
    bench.advance(9);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()), []);
    bench.advance(1);
    assert_eq!(LiquidityWithdrawn::all(&bench.execute_claims().unwrap()).len(), 1);
}

#[test]
fn a_price_within_the_delay_is_nobodys_though_it_were_the_worst() {
    let pay = |early: Option<&str>| {
        let mut bench = matured(&["bob", "lp"]);
        bench.claim("bob", 0, Amount::ZERO).unwrap();
        // Five seconds later, in a later block; the delay is ten.
        match early {
            Some(text) => bench.set_price(BTC, text),
            None => bench.advance(5),
        }
        bench.advance(5);
        publish(&mut bench, "60000");
        paid(&bench.execute_claims().unwrap(), "bob")
    };
    assert_eq!(pay(Some("60300")), pay(None));
    assert!(!pay(None).is_zero());
}

#[test]
fn who_executes_late_is_paid_the_worst_price_since_the_first_that_was_its_own() {
    // A provider that executes its own claim chooses nothing.
    for (prices, worst) in [
        (vec!["60000", "60300", "60100"], "60300"),
        (vec!["60300", "60000", "59000"], "60300"),
        (vec!["58000", "57000", "59000"], "59000"),
    ] {
        let pay = |prices: &[&str]| {
            let mut bench = matured(&["bob", "lp"]);
            bench.claim("bob", 0, Amount::ZERO).unwrap();
            bench.advance(10);
            for price in prices {
                publish(&mut bench, price);
            }
            paid(&bench.execute_claims().unwrap(), "bob")
        };
        assert_eq!(pay(&prices), pay(&[worst]), "{prices:?}");
    }
}

#[test]
fn a_claim_cannot_be_taken_back_placed_twice_or_placed_without_its_fee() {
    let mut bench = matured(&["bob", "lp"]);
    let free = ExecuteMsg::ClaimLiquidityWithdrawal { request: 0, amount_min: Amount::ZERO };
    let (what, wanted) = ("coins for the execution fee", "100000".to_string());
    let refused = ContractError::OutOfBounds { what, wanted, found: "0".into() };
    assert_eq!(bench.execute("bob", free, 0).unwrap_err(), refused);
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    let claimed = ContractError::AlreadyClaimed { request: 0 };
    assert_eq!(bench.claim("bob", 0, Amount::ZERO).unwrap_err(), claimed);
    let cancel = ExecuteMsg::CancelLiquidityWithdrawal { request: 0 };
    assert_eq!(bench.execute("bob", cancel, 0).unwrap_err(), claimed);
    let waiting: LiquidityClaimsResponse = bench.query(QueryMsg::LiquidityClaims { limit: None });
    assert_eq!((waiting.claims.len(), waiting.claims[0].provider.clone()), (1, address("bob")));
}

#[test]
fn claims_that_the_reserve_holds_back_leave_by_the_same_part_whoever_comes_first() {
    // 600,000 of open interest keep 60,000 of 100,000; two thirds want out, in unequal parts.
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    for (name, amount) in [("bob", 40_000), ("carol", 20_000), ("dora", 10_000), ("lp", 30_000)] {
        bench.provide(name, amount).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    let shares: Vec<PoolShares> = ["bob", "carol", "dora"].iter().map(|name| bench.provider(name).shares).collect();
    for (name, shares) in ["bob", "carol", "dora"].iter().zip(&shares) {
        bench.request(name, *shares);
    }
    bench.advance(DAY);
    bench.refresh();
    for name in ["bob", "carol", "dora"] {
        bench.claim(name, 0, Amount::ZERO).unwrap();
    }
    bench.advance(15);
    bench.refresh();
    // One is executed alone, the others after it.
    let mut events = bench.execute("keeper", ExecuteMsg::ExecuteClaims { limit: 1 }, 0).unwrap();
    events.extend(bench.execute_claims().unwrap());
    let left = LiquidityWithdrawn::all(&events);
    assert_eq!(left.len(), 3);
    let parts: Vec<u128> =
        left.iter().zip(&shares).map(|(fact, shares)| fact.shares.atoms() * 1_000_000_000 / shares.atoms()).collect();
    assert!(parts.iter().all(|part| part.abs_diff(parts[0]) <= 1), "{parts:?}");
    assert!(parts[0] > 500_000_000 && parts[0] < 700_000_000, "{parts:?}");
    // Less the premium that the skew still costs: 60,000 * 10^2 / 20,000.
    let pool = bench.pool().pool;
    let coins = pool.cash.minus_amount(units(300)).unwrap();
    assert!(coins >= units(60_000).signed().unwrap() && coins < units(60_001).signed().unwrap(), "{coins}");
    // What was not paid is a matured request still, for one more window, and nobody is locked in.
    let bob = bench.provider("bob");
    let rest = shares[0].minus(left[0].shares).unwrap();
    assert_eq!((bob.shares, bob.requests.len(), bob.requests[0].shares), (PoolShares::ZERO, 1, rest));
    assert_eq!((bob.requests[0].claim, bob.requests[0].expires_at), (None, bench.now() + WINDOW));
    let waiting = shares.iter().zip(&left).map(|(shares, fact)| shares.atoms() - fact.shares.atoms()).sum();
    assert_eq!(pool.shares_leaving, PoolShares::from_atoms(waiting));
    bench.execute("bob", ExecuteMsg::CancelLiquidityWithdrawal { request: 0 }, 0).unwrap();
    let bob = bench.provider("bob");
    assert_eq!((bob.shares, bob.requests), (rest, vec![]));
}

/// Bob and greedy with half of the pool each, both claimed, some 39,000 free; bob first. As much as the pool's cash would give is asked by
/// greedy: more than it is worth once traders have gained.
fn diluted() -> Bench {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    for name in ["bob", "greedy"] {
        bench.provide(name, 50_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    for name in ["bob", "greedy"] {
        let shares = bench.provider(name).shares;
        bench.request(name, shares);
    }
    bench.advance(DAY);
    bench.refresh();
    let huge = bench.claim("greedy", 0, Amount::from_atoms(u128::MAX)).unwrap_err();
    assert!(matches!(huge, ContractError::OutOfBounds { what: "amount_min", .. }), "{huge}");
    bench.claim("bob", 0, units(39_000)).unwrap();
    bench
}

#[test]
fn a_claim_that_asks_too_much_returns_to_active_shares_and_dilutes_nobody() {
    let mut bench = diluted();
    bench.claim("greedy", 0, units(50_000)).unwrap();
    bench.advance(10);
    publish(&mut bench, "60100");
    let keeper = bench.wallet("keeper");
    let events = bench.execute_claims().unwrap();
    assert_eq!(drops(&events), [(address("greedy"), DropReason::BoundMissed)]);
    assert_eq!(bench.wallet("keeper") - keeper, 200_000, "both pay their execution");
    // Bob leaves as if nobody else had claimed: 39,000 or so are free.
    let bob = paid(&events, "bob");
    assert!(bob > units(38_500), "{bob}");
    assert!(!bench.provider("greedy").shares.is_zero());
    // Whoever executes one claim chooses nothing.
    let mut bench = diluted();
    bench.claim("greedy", 0, units(50_000)).unwrap();
    bench.advance(10);
    publish(&mut bench, "60100");
    let events = bench.execute("keeper", ExecuteMsg::ExecuteClaims { limit: 1 }, 0).unwrap();
    assert_eq!(drops(&events), [(address("greedy"), DropReason::BoundMissed)]);
    assert_eq!(paid(&events, "bob"), bob);
}

#[test]
fn a_claim_that_is_worth_its_minimum_exactly_is_paid_it() {
    let outcome = |amount_min: Amount| {
        let mut bench = matured(&["bob", "lp"]);
        bench.claim("bob", 0, amount_min).unwrap();
        bench.advance(10);
        publish(&mut bench, "60000");
        let events = bench.execute_claims().unwrap();
        (paid(&events, "bob"), drops(&events))
    };
    let worth = outcome(Amount::ZERO).0;
    assert_eq!(outcome(worth), (worth, vec![]));
    let more = worth.plus(Amount::from_atoms(1)).unwrap();
    assert_eq!(outcome(more), (Amount::ZERO, vec![(address("bob"), DropReason::BoundMissed)]));
}

#[test]
fn a_claim_that_was_counted_and_then_misses_its_minimum_costs_the_others_no_cool_down() {
    let mut bench = diluted();
    bench.advance(10);
    bench.claim("greedy", 0, units(50_000)).unwrap();
    bench.set_price(BTC, "60100");
    // Bob's turn has come, greedy's has not: all that wait are counted.
    let first = paid(&bench.execute_claims().unwrap(), "bob");
    assert!(first > units(19_000) && first < units(20_000), "{first}");
    bench.advance(10);
    publish(&mut bench, "60100");
    assert_eq!(drops(&bench.execute_claims().unwrap()), [(address("greedy"), DropReason::BoundMissed)]);
    // The rest is free for the others, at once and for one more execution fee. Not for greedy, which has a cool-down before it.
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    let again = bench.claim("greedy", 0, units(50_000)).unwrap_err();
    assert_eq!(again, ContractError::UnknownRequest { request: 0 });
    bench.advance(10);
    publish(&mut bench, "60100");
    let second = paid(&bench.execute_claims().unwrap(), "bob");
    let both = first.plus(second).unwrap();
    assert!(both > units(38_500), "{first} {second}");
}

#[test]
fn a_claim_that_nobody_executed_waits_for_new_prices_also_after_its_window() {
    let mut bench = matured(&["bob", "lp"]);
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    let turn_the_ring = |bench: &mut Bench| {
        bench.advance(10);
        for _ in 0..9 {
            publish(bench, "50000");
        }
    };
    turn_the_ring(&mut bench);
    let keeper = bench.wallet("keeper");
    let events = bench.execute_claims().unwrap();
    let again = LiquidityClaimed::all(&events);
    assert_eq!((again[0].placed_at, bench.wallet("keeper") - keeper), (bench.now(), 0), "nobody is paid for that");
    // Not the price that is known.
    assert!(bench.execute_claims().unwrap().is_empty());
    assert_eq!(LiquidityWithdrawn::all(&bench.pay_claims().unwrap()).len(), 1);

    let mut bench = matured(&["bob", "lp"]);
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(WINDOW);
    turn_the_ring(&mut bench);
    let keeper = bench.wallet("keeper");
    let events = bench.execute_claims().unwrap();
    // Its window is over, as after a long restriction: it has no choice left, so it loses its place and nothing else.
    assert_eq!((drops(&events), LiquidityClaimed::all(&events).len()), (vec![], 1));
    assert_eq!(bench.wallet("keeper"), keeper);
    assert_eq!(LiquidityWithdrawn::all(&bench.pay_claims().unwrap()).len(), 1);
    assert!(bench.provider("bob").shares.is_zero());
}

/// A claim of bob's, with ten BTC and one ETH long.
fn claim_in_two_markets() -> Bench {
    let mut bench = matured(&["bob", "lp"]);
    bench.trade("alice", ETH, "1");
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench
}

fn round(bench: &mut Bench, market: MarketId, text: &str) {
    let now = bench.now();
    bench.publish(market, price(text), Price::ZERO, now, Validity::Valid);
}

//
#[test]
fn a_claim_is_paid_between_a_fast_and_a_slow_feed() {
    for (fast, slow) in [(BTC, ETH), (ETH, BTC)] {
        for seconds in [40, 45, 60, 300] {
            let mut bench = claim_in_two_markets();
            let price_of = |market| if market == BTC { "60000" } else { "3000" };
            // The fast ring has turned up to seven times when the slow market has its first price.
            let mut events = vec![];
            for moment in (5..=seconds).step_by(5) {
                assert!(events.is_empty(), "{moment}: {events:?}");
                bench.advance(5);
                round(&mut bench, fast, price_of(fast));
                if moment == seconds {
                    round(&mut bench, slow, price_of(slow));
                    events = bench.execute_claims().unwrap();
                } else if moment > 15 && seconds <= 60 {
                    events = bench.execute_claims().unwrap();
                }
            }
            assert_eq!(LiquidityClaimed::all(&events), [], "{fast} {seconds}");
            let bob = paid(&events, "bob");
            // A million, and half of what the premium of alice's opening left to the pool.
            assert!(bob > units(999_900) && bob < units(1_003_000), "{bob}");
        }
    }
}

/// What bob is paid after each round of `later` behind the moment in which the claim became due, `None` where it is placed again. The slow
/// market's price comes with the last of `early` in one block, or in one of its own.
fn paid_late(early: &[&str], later: &[&str], one_block: bool) -> Vec<Option<Amount>> {
    let mut bench = claim_in_two_markets();
    bench.advance(10);
    for text in early {
        bench.set_time(bench.now() + 1);
        round(&mut bench, BTC, text);
        assert!(bench.execute_claims().unwrap().is_empty(), "not due");
    }
    if !one_block {
        bench.set_time(bench.now() + 1);
    }
    round(&mut bench, ETH, "3000");
    let mut found = vec![];
    for text in [None].into_iter().chain(later.iter().map(Some)) {
        if let Some(text) = text {
            // In the block of the slow market's price, where that is one with the last of `early`.
            if !one_block || found.len() > 1 {
                bench.set_time(bench.now() + 1);
            }
            round(&mut bench, BTC, text);
        }
        let (stored, bank) = (bench.snapshot(), bench.bank.clone());
        let events = bench.execute_claims().unwrap();
        let bob = paid(&events, "bob");
        assert_eq!(bob.is_zero(), LiquidityClaimed::all(&events).len() == 1, "{events:?}");
        found.push((!bob.is_zero()).then_some(bob));
        bench.restore(stored);
        bench.bank = bank;
    }
    found
}

/// what is lost before a claim is due is nobody's choice, and of what comes then the worst counts or it is placed again.
#[test]
fn who_executes_late_between_a_fast_and_a_slow_feed_chooses_no_price() {
    // Ten long: the higher, the less is left to who leaves.
    let early = ["60900", "60600", "59000", "60700", "58000", "60800", "60500", "60100", "60300", "60200"];
    let at = |text: &str, one_block: bool| {
        let early: Vec<&str> = std::iter::repeat_n(text, 10).collect();
        paid_late(&early, &[], one_block)[0]
    };
    let falling = ["59900", "59800", "59700", "59600", "59500", "59400", "59300", "59200", "59100"];
    let found = paid_late(&early, &falling, false);
    // The last one from before that block stays, to the last round that the ring has it beside; then nobody can tell it.
    assert_eq!(found[..8], [at("60200", false); 8]);
    assert_eq!(found[8..], [None; 2]);
    assert!(at("59900", false) > at("60200", false), "worth waiting for");

    let rising = ["60100", "60250", "60200", "60400", "60300", "59000", "58000", "57000"];
    let wanted = ["60200", "60200", "60250", "60250", "60400", "60400", "60400", "60400"];
    assert_eq!(paid_late(&early, &rising, false)[..8], wanted.map(|text| at(text, false)));

    // Which round of a block came first is not known later: of that block all count, and the one before it.
    let found = paid_late(&early, &falling, true);
    assert_eq!(found[..7], [at("60300", true); 7]);
    assert_eq!(found[7..], [None; 3]);
    let found = paid_late(&early, &["60400", "59000", "59000"], true);
    assert_eq!(found, ["60300", "60400", "60400", "60400"].map(|text| at(text, true)));
}

#[test]
fn a_settled_market_says_nothing_of_when_a_claim_was_due() {
    let mut bench = matured(&["bob", "lp"]);
    bench.trade("alice", ETH, "1");
    let at = bench.now() + 3_600;
    bench.execute("owner", ExecuteMsg::SettleMarket { market: ETH, at }, 0).unwrap();
    while bench.now() < at {
        bench.set_time((bench.now() + 30).min(at));
        bench.refresh();
        bench.run(ETH);
    }
    assert!(bench.market(ETH).state.settlement.unwrap().price.is_some());
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(10);
    let (before, bank) = (bench.snapshot(), bench.bank.clone());
    round(&mut bench, BTC, "60000");
    assert!(paid(&bench.execute_claims().unwrap(), "bob") > units(999_900));
    bench.restore(before);
    bench.bank = bank;
    for _ in 0..8 {
        bench.set_time(bench.now() + 1);
        round(&mut bench, BTC, "60000");
        round(&mut bench, ETH, "3000");
    }
    // The only open market's ring may have lost its first.
    assert_eq!(LiquidityClaimed::all(&bench.execute_claims().unwrap()).len(), 1);
}

#[test]
fn a_claim_of_next_to_nothing_does_not_hold_up_those_behind_it() {
    let mut bench = Bench::without_pool(market_config("BTC", 1), market_config("ETH", 2));
    for name in ["dust", "bob", "lp"] {
        bench.provide(name, 40_000).unwrap();
    }
    bench.deposit("alice", 300_000);
    bench.trade("alice", BTC, "10");
    // A share or two atoms of it: worth one micro-unit at most, and of that a part.
    let one = PoolShares::from_atoms(bench.pool().pool.shares.atoms() / units(120_000).atoms());
    let shares = bench.provider("bob").shares;
    for (name, shares) in [("dust", one.max(PoolShares::from_atoms(1))), ("bob", shares), ("lp", shares)] {
        bench.request(name, shares);
    }
    bench.advance(DAY);
    bench.refresh();
    for name in ["dust", "bob", "lp"] {
        bench.claim(name, 0, Amount::ZERO).unwrap();
    }
    // Traders lose, so that a micro-unit's worth of shares is worth a micro-unit still.
    bench.advance(10);
    publish(&mut bench, "59000");
    let keeper = bench.wallet("keeper");
    let events = bench.execute_claims().unwrap();
    assert_eq!(drops(&events), [(address("dust"), DropReason::Cap)]);
    assert!(paid(&events, "bob") > units(10_000), "{events:?}");
    assert!(paid(&events, "lp") > units(10_000), "{events:?}");
    assert_eq!(bench.wallet("keeper") - keeper, 300_000);
}

#[test]
fn claims_wait_while_nothing_is_free_also_after_their_window() {
    let mut bench = matured_behind(Ratio::ONE, &["bob"]);
    let shares = bench.provider("bob").requests[0].shares;
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    // Until then everybody leaves behind what had to stay before.
    bench.advance(DAY + WINDOW + 1);
    // Ten BTC keep 900,000 of what is worth 700,000.
    publish(&mut bench, "90000");
    let events = bench.execute_claims().unwrap();
    assert_eq!((drops(&events), LiquidityWithdrawn::all(&events)), (vec![], vec![]));
    assert_eq!(bench.provider("bob").requests[0].shares, shares);
}

/// What longs have realised is gone, and what shorts owe is not there yet.
#[test]
fn a_claim_is_taken_while_the_pool_has_no_cash_and_waits() {
    let mut bench = matured(&["bob"]);
    let counted = VaultParameters { uncollected_share: Ratio::percent(80), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters: counted }, 0).unwrap();
    bench.deposit("carol", 2_000_000);
    assert_eq!(OrderFilled::all(&bench.trade("carol", BTC, "-10")).len(), 1);
    publish(&mut bench, "170000");
    assert_eq!(OrderFilled::all(&bench.trade("alice", BTC, "-10")).len(), 1);
    let PoolResponse { pool, value, .. } = bench.query(QueryMsg::Pool {});
    let worth = value.unwrap().withdraw;
    assert!(pool.cash < SignedAmount::ZERO && worth > SignedAmount::ZERO, "{} {worth}", pool.cash);
    // A minimum is measured by the cash, of which there is none.
    let found = Amount::from_atoms(1).to_string();
    let wanted = format!("at most {}", Amount::ZERO);
    let refused = bench.claim("bob", 0, Amount::from_atoms(1)).unwrap_err();
    assert_eq!(refused, ContractError::OutOfBounds { what: "amount_min", wanted, found });
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(10);
    publish(&mut bench, "170000");
    let refused = bench.execute_claims().unwrap_err();
    assert!(matches!(refused, ContractError::PoolShort { .. }), "{refused}");
    assert!(bench.provider("bob").requests[0].claim.is_some());
    // Paid when the shorts have, also after its window.
    bench.advance(WINDOW);
    publish(&mut bench, "170000");
    assert_eq!(OrderFilled::all(&bench.trade("carol", BTC, "10")).len(), 1);
    let bob = paid(&bench.execute_claims().unwrap(), "bob");
    assert!(bob > units(1_000_000), "{bob}");
}

/// Whoever adds coins to the pool one by one finds no amount at which claims leave for dust or are sent back for their fees.
#[test]
fn claims_wait_until_what_is_free_is_worth_their_fees() {
    let mut bench = matured_behind(Ratio::ONE, &["bob", "carol"]);
    for name in ["bob", "carol"] {
        bench.claim(name, 0, Amount::ZERO).unwrap();
    }
    bench.advance(DAY + WINDOW + 1);
    publish(&mut bench, "150000");
    let (stored, bank) = (bench.snapshot(), bench.bank.clone());
    let mut after = |atoms: u128| {
        bench.restore(stored.clone());
        bench.bank = bank.clone();
        *bench.bank.entry(address("mallory")).or_default() += atoms;
        bench.donate(0);
        bench.execute_with("mallory", ExecuteMsg::Recapitalize {}, cosmwasm_std::coins(atoms, DENOM)).unwrap();
        bench.execute_claims().unwrap()
    };
    let left = |events: &[cosmwasm_std::Event]| LiquidityWithdrawn::all(events).len() + drops(events).len();
    let (mut none, mut some) = (1, units(5_000_000).atoms());
    assert_eq!((left(&after(none)), left(&after(some))), (0, 2));
    while some - none > 1 {
        let middle = none + (some - none) / 2;
        if left(&after(middle)) == 0 {
            none = middle;
        } else {
            some = middle;
        }
    }
    // The least at which anything happens: both are paid, together a ten-thousandth of what they are worth.
    let events = after(some);
    assert_eq!(drops(&events), []);
    let (bob, carol) = (paid(&events, "bob"), paid(&events, "carol"));
    assert!(bob > units(20) && bob < units(100) && bob.atoms().abs_diff(carol.atoms()) <= 1, "{bob} {carol}");
}

#[test]
fn a_restricted_market_with_exposure_lets_claims_wait_and_they_are_paid_afterwards() {
    // requests and claims are taken meanwhile.
    let mut bench = matured(&["bob", "lp"]);
    bench.restrict(BTC, Level::ReduceOnly, 600);
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    for _ in 0..16 {
        bench.advance(25);
        publish(&mut bench, "61000");
        let refused = bench.execute_claims();
        assert!(matches!(refused, Err(ContractError::Restricted { .. })), "{refused:?}");
    }
    bench.advance(100);
    bench.pay_claims().unwrap();
    let events = bench.pay_claims().unwrap();
    let bob = bench.wallet("bob");
    assert!(bob > 985_000_000_000 && bob < 996_000_000_000, "{bob} {events:?}");
    // An invalid price of an open market lets them wait too.
    let mut bench = matured(&["bob", "lp"]);
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.advance(15);
    let now = bench.now();
    bench.publish(BTC, price("60000"), Price::ZERO, now, Validity::Invalid);
    assert!(matches!(bench.execute_claims().unwrap_err(), ContractError::PriceUnusable { market: BTC, .. }));
}

#[test]
fn a_claim_passes_the_outflow_limiter_and_what_it_parks_is_no_longer_at_risk() {
    let mut bench = matured(&["bob", "lp"]);
    let outflow = OutflowParams { hour_min: units(100_000), day_min: units(2_000_000), ..parameters().outflow };
    bench
        .execute("owner", ExecuteMsg::Configure { parameters: VaultParameters { outflow, ..parameters() } }, 0)
        .unwrap();
    bench.advance(3_600);
    bench.refresh();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    let events = bench.pay_claims().unwrap();
    let amount = paid(&events, "bob");
    let id = ParkedId { account: account("bob"), liquidity: true };
    let parked = WithdrawalParked::all(&events)[0].amount;
    assert_eq!(bench.wallet("bob"), 50_000_000_000, "40 % for providers and the shared tenth");
    assert_eq!(parked, amount.minus(units(50_000)).unwrap());
    assert_eq!(bench.pool().pool.parked, parked);
    bench.set_price(BTC, "66000");
    assert_eq!(bench.query::<ParkedResponse>(QueryMsg::Parked(id.clone())).amount, parked);
    bench.advance(1_200);
    bench.refresh();
    // While an open market lets nothing out, nor does the pool.
    bench.restrict(BTC, Level::Frozen, 60);
    let refused = bench.execute("anyone", ExecuteMsg::CollectParked(id.clone()), 0).unwrap_err();
    assert!(matches!(refused, ContractError::Restricted { level: Level::Frozen, .. }), "{refused}");
    // The freeze, and as long a grace after it.
    bench.advance(120);
    bench.refresh();
    let events = bench.execute("anyone", ExecuteMsg::CollectParked(id.clone()), 0).unwrap();
    let served = ParkedCollected::all(&events)[0].amount;
    assert!(served > units(16_000) && served < units(20_000), "a third of an hour: {served}");
    // What it takes back buys shares at the value of now, and not in a block in which its owner traded.
    bench.deposit("bob", 10_000);
    bench.trade("bob", BTC, "0.1");
    let refusal = ContractError::TradedNow { account: account("bob"), found: bench.env.block.height };
    assert_eq!(bench.execute("bob", ExecuteMsg::CancelParked(id.clone()), 0), Err(refusal));
    bench.advance(1);
    let (value, supply) = (bench.pool().value.unwrap().deposit, bench.pool().pool.shares);
    // Nor at what somebody's orders and claims make of the value: it names no least number of shares.
    let (stored, bank) = (bench.snapshot(), bench.bank.clone());
    let parameters = VaultParameters { deposit_move: Ratio::percent(1), ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters: parameters.clone() }, 0).unwrap();
    bench.deposit("mallory", 5_000_000);
    for _ in 0..5 {
        bench.place("mallory", BTC, "-40", "70000").unwrap();
    }
    let made = bench.pool().value.unwrap().deposit;
    let left = bench.query::<ParkedResponse>(QueryMsg::Parked(id.clone())).amount;
    let fair = value.plus_amount(value.positive_part().times(Ratio::percent(1), Rounding::Ceil).unwrap()).unwrap();
    let of = |value| shares_for_deposit(left, value, supply).unwrap();
    let refusal = ContractError::TooFewShares { wanted: of(fair), found: of(made) };
    assert_eq!(bench.execute("bob", ExecuteMsg::CancelParked(id.clone()), 0), Err(refusal));
    bench.restore(stored);
    bench.bank = bank;
    // But at what a move of the skew that is there asks, however much.
    let saved = bench.saved();
    bench.deposit("alice", 1_000_000);
    bench.trade("alice", BTC, "30");
    let plain = bench.pool().value.unwrap().deposit;
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    let made = bench.pool().value.unwrap().deposit;
    assert!(made > plain.plus_amount(plain.positive_part().times(Ratio::percent(1), Rounding::Ceil).unwrap()).unwrap());
    bench.execute("bob", ExecuteMsg::CancelParked(id.clone()), 0).unwrap();
    bench.go_back(&saved);
    let events = bench.execute("bob", ExecuteMsg::CancelParked(id.clone()), 0).unwrap();
    let back = &LiquidityProvided::all(&events)[0];
    assert_eq!(back.amount, parked.minus(served).unwrap());
    assert_eq!(Ok(back.shares), shares_for_deposit(back.amount, value, supply));
    assert_eq!(bench.pool().pool.parked, Amount::ZERO);
}

/// The pool's value for one of two providers after a path of prices, in atoms: bob keeps a request matured and claims whenever
/// `decide` says so, seeing all prices so far and `ahead` more that are not published yet.
fn value_of_a_path(path: &[bool], decide: &dyn Fn(&[bool]) -> bool, ahead: usize, stays: bool) -> i128 {
    let mut bench = matured(&["bob", "lp"]);
    let mut at = 60_000i64;
    for step in 0..path.len() {
        if !stays
            && bench.provider("bob").requests.iter().any(|request| request.claim.is_none())
            && decide(&path[..step + ahead])
        {
            bench.claim("bob", 0, Amount::ZERO).unwrap();
        }
        at += if path[step] { 600 } else { -600 };
        bench.advance(10);
        publish(&mut bench, &at.to_string());
        bench.execute_claims().unwrap();
    }
    // Shares that stay are worth the pool's equity: what traders owe comes in with time.
    let value = bench.pool().value.unwrap().deposit;
    let held = bench.provider("bob");
    let shares = held.requests.iter().fold(held.shares, |sum, request| sum.plus(request.shares).unwrap());
    let worth = amount_for_shares(shares, value, bench.pool().pool.shares).unwrap();
    worth.atoms() as i128 + bench.wallet("bob")
}

#[test]
fn an_agent_that_keeps_a_request_matured_does_no_better_than_one_that_stays() {
    // No perpetual put: all paths of a symmetric walk, and rules on its level and last steps. Even who knows the next price before the chain
    // does only knows what it will be paid: a claim at the price of now would leave before every rise. What traders owe stays behind.
    const STEPS: usize = 5;
    let paths: Vec<Vec<bool>> =
        (0..1usize << STEPS).map(|bits| (0..STEPS).map(|bit| bits >> bit & 1 == 1).collect()).collect();
    let level = |seen: &[bool]| seen.iter().map(|up| if *up { 1i64 } else { -1 }).sum::<i64>();
    type Rule = Box<dyn Fn(&[bool]) -> bool>;
    let rules: Vec<(&str, Rule)> = vec![
        ("at once", Box::new(|_| true)),
        ("after a rise", Box::new(|seen: &[bool]| seen.last() == Some(&true))),
        ("after a fall", Box::new(|seen: &[bool]| seen.last() == Some(&false))),
        ("high", Box::new(move |seen: &[bool]| level(seen) >= 2)),
        ("low", Box::new(move |seen: &[bool]| level(seen) <= -2)),
        ("late", Box::new(|seen: &[bool]| seen.len() == 3)),
    ];
    let stays: i128 = paths.iter().map(|path| value_of_a_path(path, &|_| false, 0, true)).sum();
    for (name, rule) in rules {
        for ahead in [0, 1] {
            let claims: i128 = paths.iter().map(|path| value_of_a_path(path, &*rule, ahead, false)).sum();
            assert!(
                claims <= stays + paths.len() as i128,
                "{name}, {ahead} ahead: {claims} by claiming, {stays} by staying"
            );
        }
    }
}

#[test]
fn shares_that_wait_share_gains_and_losses_until_they_are_paid() {
    let mut bench = matured(&["bob", "lp"]);
    let value = |bench: &Bench| bench.pool().value.unwrap().withdraw;
    let before = value(&bench);
    bench.execute("dao", ExecuteMsg::Recapitalize {}, 100_000).unwrap();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    let events = bench.pay_claims().unwrap();
    let bob = paid(&events, "bob");
    let half = before.plus_amount(units(100_000)).unwrap().positive_part().atoms() / 2;
    assert!(half.abs_diff(bob.atoms()) <= 2, "{bob} {half}");
    // A donation moves nothing.
    let at = value(&bench);
    bench.donate(1_000_000);
    assert_eq!(value(&bench), at);
}

#[test]
fn the_window_is_at_most_a_quarter_of_the_cool_down() {
    let mut bench = Bench::new();
    let wide = VaultParameters { lp_claim_window_seconds: 21_601, ..parameters() };
    let refused = bench.execute("owner", ExecuteMsg::Configure { parameters: wide }, 0).unwrap_err();
    let (what, wanted) = ("lp_claim_window_seconds", "300 to 21600".to_string());
    assert_eq!(refused, ContractError::OutOfBounds { what, wanted, found: "21601".into() });
}

#[test]
fn a_request_whose_window_is_over_can_be_taken_back() {
    let mut bench = matured(&["bob", "lp"]);
    let shares = bench.provider("bob").requests[0].shares;
    bench.advance(WINDOW + 1);
    let cancel = ExecuteMsg::CancelLiquidityWithdrawal { request: 0 };
    bench.execute("bob", cancel, 0).unwrap();
    assert_eq!((bench.provider("bob").shares, bench.provider("bob").requests), (shares, vec![]));
}

#[test]
fn a_provider_whose_address_refuses_coins_holds_up_nobody() {
    let mut bench = matured(&["blocked", "bob", "lp"]);
    bench.claim("blocked", 0, Amount::ZERO).unwrap();
    bench.claim("bob", 0, Amount::ZERO).unwrap();
    bench.refuses = vec![address("blocked")];
    let keeper = bench.wallet("keeper");
    let events = bench.pay_claims().unwrap();
    let (blocked, bob) = (paid(&events, "blocked"), paid(&events, "bob"));
    assert!(blocked > units(980_000) && bob > units(980_000), "{blocked} {bob}");
    assert_eq!((bench.wallet("bob"), bench.wallet("blocked")), (bob.atoms() as i128, 0));
    assert_eq!(bench.wallet("keeper") - keeper, 200_000);
    // Its own still, and of no share of the pool's luck.
    let id = ParkedId { account: account("blocked"), liquidity: true };
    assert_eq!(
        WithdrawalParked::all(&events),
        [WithdrawalParked { account: id.account.clone(), liquidity: true, amount: blocked }]
    );
    assert_eq!((bench.pool().pool.parked, bench.provider("blocked").shares), (blocked, PoolShares::ZERO));
    // Asked for in vain it stays; others leave meanwhile.
    let refused = bench.execute("anyone", ExecuteMsg::CollectParked(id.clone()), 0).unwrap_err();
    assert!(matches!(refused, ContractError::Std(_)), "{refused}");
    let shares = bench.provider("lp").requests[0].shares;
    assert!(!shares.is_zero());
    bench.claim("lp", 0, Amount::ZERO).unwrap();
    let events = bench.pay_claims().unwrap();
    assert_eq!(bench.wallet("lp"), paid(&events, "lp").atoms() as i128);
    // Whoever takes coins again is paid all of it, by whomever, at once.
    bench.refuses = vec![];
    bench.refresh();
    bench.execute("anyone", ExecuteMsg::CollectParked(id), 0).unwrap();
    assert_eq!((bench.wallet("blocked"), bench.pool().pool.parked), (blocked.atoms() as i128, Amount::ZERO));
    let reply = cosmwasm_std::Reply {
        id: 3,
        payload: cosmwasm_std::Binary::from(b"short".as_slice()),
        gas_used: 0,
        result: cosmwasm_std::SubMsgResult::Err("no".into()),
    };
    let unknown = firebreak_derivatives_vault::contract::reply(bench.deps.as_mut(), bench.env.clone(), reply);
    assert_eq!(unknown, Err(ContractError::UnknownReply { id: 3 }));
}
