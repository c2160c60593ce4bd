//! Random histories of the whole suite: prices, orders, liquidity, dead contracts, time. The World checks its invariants after
//! every step; at the end everybody leaves (invariant 4: from every reachable state every user has a finite path out).

use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{ExecuteMsg, OrderFilled, ParkedId};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Level, Price, Ratio, Rounding};
use firebreak_testing::*;
use proptest::prelude::*;

const TRADERS: usize = 4;
const PROVIDERS: usize = 2;

#[derive(Debug, Clone)]
enum Event {
    /// A move in hundredths of a percent of the price.
    Move(MarketId, i32),
    /// Thousandths of a bitcoin, or fiftieths of an ether.
    Open(usize, MarketId, i32),
    Close(usize, MarketId),
    /// Queued and left to whoever executes.
    Place(usize, MarketId, i32),
    Execute(MarketId),
    AddCollateral(usize, u64),
    /// Hundredths of the account's cash.
    Withdraw(usize, u32),
    Liquidate,
    Provide(usize, u64),
    AskToLeave(usize, u32),
    Claim(usize),
    Sweep,
    Wait(u64),
    /// Two of the council's members: level and seconds.
    Restrict(MarketId, Level, u64),
    Break(Code),
    Repair,
}

fn market() -> impl Strategy<Value = MarketId> {
    prop_oneof![3 => Just(BTC), 1 => Just(ETH)]
}

fn event() -> impl Strategy<Value = Event> {
    let level = prop_oneof![Just(Level::Guarded), Just(Level::ReduceOnly), Just(Level::Frozen)];
    let broken = prop_oneof![Just(Code::Breaker), Just(Code::Insurance), Just(Code::Guardian)];
    prop_oneof![
        6 => (market(), -250..250i32).prop_map(|(market, bps)| Event::Move(market, bps)),
        // A gap, now and then.
        1 => (market(), -1_500..1_500i32).prop_map(|(market, bps)| Event::Move(market, bps)),
        4 => (0..TRADERS, market(), -6_000..6_000i32).prop_map(|(trader, market, size)| Event::Open(trader, market, size)),
        2 => (0..TRADERS, market()).prop_map(|(trader, market)| Event::Close(trader, market)),
        3 => (0..TRADERS, market(), -6_000..6_000i32).prop_map(|(trader, market, size)| Event::Place(trader, market, size)),
        3 => market().prop_map(Event::Execute),
        1 => (0..TRADERS, 1..5_000u64).prop_map(|(trader, amount)| Event::AddCollateral(trader, amount)),
        1 => (0..TRADERS, 1..100u32).prop_map(|(trader, share)| Event::Withdraw(trader, share)),
        3 => Just(Event::Liquidate),
        1 => (0..PROVIDERS, 1..100_000u64).prop_map(|(provider, amount)| Event::Provide(provider, amount)),
        1 => (0..PROVIDERS, 1..=100u32).prop_map(|(provider, share)| Event::AskToLeave(provider, share)),
        1 => (0..PROVIDERS).prop_map(Event::Claim),
        1 => Just(Event::Sweep),
        2 => (1..4_000u64).prop_map(Event::Wait),
        1 => (market(), level, 60..7_200u64).prop_map(|(market, level, time)| Event::Restrict(market, level, time)),
        1 => broken.prop_map(Event::Break),
        1 => Just(Event::Repair),
    ]
}

fn trader(index: usize) -> String {
    format!("trader-{index}")
}

fn provider(index: usize) -> String {
    format!("provider-{index}")
}

fn quantity(market: MarketId, thousandths: i32) -> firebreak_risk::Size {
    let atoms = i128::from(thousandths) * 1_000_000_000_000_000;
    firebreak_risk::Size::from_atoms(if market == ETH { atoms * 20 } else { atoms })
}

/// A step may be refused: what matters is that whatever it did left the books straight.
fn happens(world: &mut World, event: &Event) {
    let _ = match event.clone() {
        Event::Move(market, bps) => {
            let last = world.last_price(market);
            let moved = last.times(Ratio::from_basis_points(bps.unsigned_abs()), Rounding::Floor).unwrap();
            let price: Price = if bps < 0 { last.minus(moved) } else { last.plus(moved) }.unwrap();
            world.price(market, price)
        }
        Event::Open(index, market, size) => world.open(&trader(index), market, quantity(market, size)),
        Event::Close(index, market) => world.close(&trader(index), market),
        Event::Place(index, market, size) => world.place(&trader(index), market, quantity(market, size)),
        Event::Execute(market) => world.execute(market),
        Event::AddCollateral(index, amount) => world.add_collateral(&trader(index), usd(amount)),
        Event::Withdraw(index, share) => {
            let cash = world.account(&trader(index)).cash.positive_part();
            let part = cash.times(Ratio::percent(share), Rounding::Floor).unwrap();
            world.withdraw(&trader(index), part)
        }
        Event::Liquidate => {
            let accounts = (0..TRADERS).map(|index| world.account_id(&trader(index))).collect();
            world.liquidate_by("keeper", accounts)
        }
        Event::Provide(index, amount) => world.provide(&provider(index), usd(amount)),
        Event::AskToLeave(index, share) => {
            let shares = world.provider(&provider(index)).shares;
            let part = firebreak_risk::PoolShares::from_atoms(shares.atoms() * u128::from(share) / 100);
            world.request_withdrawal(&provider(index), part)
        }
        Event::Claim(index) => {
            let requests = world.provider(&provider(index)).requests;
            let request = requests.first().map_or(0, |request| request.request);
            // Others may wait where this one is refused.
            let _ = world.claim_withdrawal(&provider(index), request);
            world.pay_claims()
        }
        Event::Sweep => world.sweep_fees(),
        Event::Wait(seconds) => {
            world.advance(seconds);
            world.refresh()
        }
        Event::Restrict(market, level, seconds) => {
            if world.is_broken(Code::Guardian) {
                return;
            }
            world.council_restrict(Scope::Market(market), level, seconds)
        }
        Event::Break(code) => {
            world.break_contract(code);
            return;
        }
        Event::Repair => {
            for code in Code::ALL {
                world.repair_contract(code);
            }
            return;
        }
    };
}

/// Time heals; then everybody closes, takes everything out, and the books are empty.
fn everybody_leaves(world: &mut World) {
    happens(world, &Event::Repair);
    for _ in 0..12 {
        world.advance(3_600);
        let _ = world.refresh();
        let _ = world.evaluate("anyone", BTC);
        let _ = world.evaluate("anyone", ETH);
    }
    for market in [BTC, ETH] {
        assert_eq!(world.effective(market).posture.level, Level::Normal, "market {market} stays restricted");
        // Whatever still waits.
        while world.account_records().iter().any(|(_, account)| account.orders.iter().any(|id| id.market == market)) {
            world.execute(market).done();
        }
    }
    happens(world, &Event::Liquidate);
    for index in 0..TRADERS {
        let name = trader(index);
        for market in [BTC, ETH] {
            if !world.position_size(&name, market).is_zero() {
                let filled = world.close(&name, market).facts::<OrderFilled>();
                assert!(filled.last().is_some_and(|fact| fact.size_after.is_zero()), "{name} is stuck in {market}");
            }
        }
        let cash = world.account(&name).cash.positive_part();
        if !cash.is_zero() {
            world.withdraw(&name, cash).done();
        }
    }
    while world.claims_wait() {
        world.pay_claims().done();
    }
    for name in (0..PROVIDERS).map(provider).chain(["lp".to_string()]) {
        for request in world.provider(&name).requests {
            let _ = world.cancel_withdrawal(&name, request.request);
        }
        let shares = world.provider(&name).shares;
        if !shares.is_zero() {
            world.leave_pool(&name, shares).done();
        }
    }
    everything_parked_is_collected(world);
    if !world.pool_record().insurance_fees.is_zero() {
        world.sweep_fees().done();
    }
    let pool = world.pool_record();
    assert!(pool.shares.is_zero() && pool.escrow.is_zero() && pool.traders_cash.is_zero(), "{pool:?}");
    assert!(pool.insurance_fees.is_zero() && pool.receivable.is_zero(), "{pool:?}");
    assert!(!pool.cash.is_negative());
    assert_eq!(
        world.balance_of(&world.addresses.derivatives_vault),
        Amount::from_atoms(pool.cash.positive_part().atoms())
    );
}

/// What a freeze parked is served from the next ten minutes on.
fn everything_parked_is_collected(world: &mut World) {
    world.advance(600);
    let _ = world.refresh();
    let people = (0..TRADERS).map(trader).chain((0..PROVIDERS).map(provider)).chain(["lp".to_string()]);
    for name in people {
        for liquidity in [false, true] {
            let id = ParkedId { account: world.account_id(&name), liquidity };
            let _ = world.send("anyone", Code::Vault, &ExecuteMsg::CollectParked(id), Amount::ZERO);
        }
    }
    assert_eq!(world.pool_record().parked, Amount::ZERO, "parked money is stuck");
}

/// `PROPTEST_CASES` runs more of them.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(64);
    ProptestConfig { cases, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_history_keeps_the_books_straight_and_lets_everybody_out(
        events in proptest::collection::vec(event(), 20..90)
    ) {
        let mut world = World::builder().build();
        for index in 0..TRADERS {
            world.add_collateral(&trader(index), usd(20_000)).done();
        }
        for event in &events {
            happens(&mut world, event);
        }
        everybody_leaves(&mut world);
        prop_assert_eq!(world.tally().violations, 0);
    }
}
