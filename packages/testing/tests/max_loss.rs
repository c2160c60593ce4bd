//! `max_loss` against thieves on the whole suite: for each role whose keys are stolen a hand-written optimum, a greedy thief and random
//! ones. None takes more than the bound, and the best of them takes at least a third of it.
//!
//! What is measured is what the bound counts, at the true price: what accounts and fund have lost, and what of the pool became the
//! thief's: paid, or cash of the thief's account. Profit that has not vested is not.

use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{ExecuteMsg, QueryMsg, Step};
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_risk::{Amount, MaxLoss, Price, Stolen};
use firebreak_testing::*;
use proptest::prelude::*;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
const NONE: Stolen = Stolen { proposers: false, cancellers: false, council: false, sentinels: false, feeders: false };
const FEEDERS: Stolen = Stolen { feeders: true, ..NONE };
const COUNCIL: Stolen = Stolen { council: true, ..NONE };
const HONEST: [&str; 2] = ["alice", "bob"];
const TRUE_PRICE: &str = "60000";

fn bound(world: &World, stolen: Stolen, horizon_seconds: Option<u64>) -> MaxLoss {
    world.query(Code::Guardian, &QueryMsg::MaxLoss { stolen, horizon_seconds })
}

/// As far as a thief moves the price: beyond it the pool could not pay what its traders have gained, and nobody would be paid.
const PRICE_MAX: u64 = 180_000;

/// Two honest traders, one on each side, and a thief with capital of her own. Profit takes days to vest; 5 % of the vault leaves within an hour, 15 %
/// within a day; the fund pays half of itself within a day.
fn scene() -> World {
    let vesting = |config: &mut firebreak_messages::derivatives_vault::MarketConfig| {
        config.vesting_half_life_seconds = 3 * DAY;
    };
    World::builder()
        .with_market(BTC, vesting)
        .with_market(ETH, vesting)
        .vault(|vault| {
            (vault.outflow.hour_min, vault.outflow.hour_ratio) = (usd(100_000), ratio("0.05"));
            (vault.outflow.day_min, vault.outflow.day_ratio) = (usd(300_000), ratio("0.15"));
        })
        .fund(|fund| {
            (fund.cover_share_max, fund.cover_share_per_market_max) = (ratio("0.5"), ratio("0.5"));
            fund.inject_share_max = ratio("0.2");
        })
        .trader("alice", usd(3_000_000))
        .trader("bob", usd(3_000_000))
        .trader("mallory", usd(600_000))
        .build()
}

/// With positions: the honest ones are on both sides, the thief is long.
fn trading_scene() -> World {
    let mut world = scene();
    for _ in 0..2 {
        for (name, amount) in [("alice", "30"), ("bob", "-30"), ("mallory", "30")] {
            world.open(name, BTC, size(amount)).done();
        }
    }
    world
}

/// What somebody has, at the price of the vault.
fn equity(world: &World, name: &str) -> i128 {
    world.account(name).equity.atoms() + world.balance(name).atoms() as i128
}

/// What is there before the theft.
struct Ledger {
    honest: Vec<i128>,
    fund: i128,
    thief: i128,
}

fn fund(world: &World) -> i128 {
    let fund = world.insurance();
    fund.first_loss.atoms() as i128 + fund.staked.atoms() as i128
}

impl Ledger {
    fn open(world: &World) -> Self {
        let honest = HONEST.iter().map(|name| equity(world, name)).collect();
        Self { honest, fund: fund(world), thief: equity(world, "mallory") }
    }

    /// Losses of accounts and fund, and the thief's gain that is not out of them.
    fn taken(&self, world: &World) -> i128 {
        let lost = |before: &i128, now: i128| (before - now).max(0);
        let forced: i128 =
            HONEST.iter().zip(&self.honest).map(|(name, before)| lost(before, equity(world, name))).sum();
        let forced = forced + lost(&self.fund, fund(world));
        let thief = world.account("mallory");
        let owned = world.balance("mallory").atoms() as i128 + thief.cash.positive_part().atoms() as i128;
        forced + (owned - self.thief - forced).max(0)
    }
}

/// One message of the thief's feeders, with whatever follows from it: keepers liquidate whom they can.
fn say(world: &mut World, at: Price) {
    world.advance(5);
    if !world.report(&[(BTC, at), (ETH, price("3000"))]).is_done() {
        return;
    }
    world.next_block();
    for name in HONEST {
        let _ = world.liquidate(name);
    }
}

fn moved(at: Price, percent: u64) -> Price {
    let there = at.times(firebreak_risk::Ratio::percent(percent as u32), firebreak_risk::Rounding::Floor).unwrap_or(at);
    there.min(price(&PRICE_MAX.to_string()))
}

/// Back to the truth, whatever the jumps in between allow.
fn end(world: &mut World) {
    for _ in 0..12 {
        say(world, price(TRUE_PRICE));
    }
}

/// Up until the short is gone, out with the profit, down until the long is gone.
fn by_hand(world: &mut World) {
    let mut at = price(TRUE_PRICE);
    for _ in 0..6 {
        at = moved(at, 112);
        say(world, at);
    }
    let _ = world.close_at("mallory", BTC, at);
    let _ = world.withdraw("mallory", usd(4_000_000));
    for _ in 0..24 {
        at = moved(at, 89);
        say(world, at);
    }
    end(world);
}

/// Each time the direction in which more can be taken at once.
fn greedy(world: &mut World) {
    let ledger = Ledger::open(world);
    let mut at = price(TRUE_PRICE);
    for _ in 0..16 {
        let moment = world.moment();
        let mut best = (i128::MIN, 100);
        for percent in [112, 89] {
            say(world, moved(at, percent));
            let gain = ledger.taken(world);
            if gain > best.0 {
                best = (gain, percent);
            }
            world.go_back_to(&moment);
        }
        at = moved(at, best.1);
        say(world, at);
    }
    let _ = world.close_at("mallory", BTC, at);
    end(world);
}

fn random(world: &mut World, moves: &[(u8, u8)]) {
    let mut at = price(TRUE_PRICE);
    for (what, percent) in moves {
        match what % 4 {
            0 | 1 => {
                at = moved(at, 88 + u64::from(percent % 25));
                say(world, at);
            }
            2 => {
                let _ = world.close_at("mallory", BTC, at);
            }
            _ => {
                let _ = world.withdraw("mallory", usd(u64::from(*percent) * 10_000));
            }
        }
    }
    end(world);
}

/// What a theft took of what the bound says, both in units.
fn judged(stolen: Stolen, horizon: u64, theft: impl FnOnce(&mut World)) -> (i128, i128, MaxLoss) {
    let mut world = trading_scene();
    let bound = bound(&world, stolen, Some(horizon));
    let (ledger, begun) = (Ledger::open(&world), world.now());
    theft(&mut world);
    // The thief waits for what vests, and touches the account so that it is hers.
    world.advance_to((begun + horizon - 300).max(world.now()));
    end(&mut world);
    let _ = world.withdraw("mallory", usd(1));
    assert!(world.now() <= begun + horizon, "{} s are over", world.now() - begun);
    let taken = ledger.taken(&world);
    let total = bound.total.atoms() as i128;
    assert!(taken <= total, "{} taken, the bound is {}", taken / 1_000_000, total / 1_000_000);
    (taken, total, bound)
}

//
#[test]
fn stolen_feeders_take_no_more_than_the_bound_and_at_least_a_third_of_it() {
    for horizon in [HOUR, DAY] {
        let (hand, total, found) = judged(FEEDERS, horizon, by_hand);
        let (greedy, ..) = judged(FEEDERS, horizon, greedy);
        let units = |atoms: i128| atoms / 1_000_000;
        println!("feeders, {horizon} s: by hand {}, greedy {}, bound {}", units(hand), units(greedy), units(total));
        assert!(3 * hand.max(greedy) >= total, "the bound {total} is more than three times {hand} and {greedy}");
        assert!(found.total < found.value);
    }
}

//
#[test]
fn stolen_feeders_sell_themselves_the_pool_below_its_value() {
    let mut world = World::builder()
        .with_market(BTC, |config| config.vesting_half_life_seconds = 7 * DAY)
        .trader("alice", usd(3_000_000))
        .build();
    for _ in 0..2 {
        world.open("alice", BTC, size("30")).done();
    }
    let horizon = 4 * HOUR;
    let (found, begun) = (bound(&world, FEEDERS, Some(horizon)), world.now());
    let (truth, stake) = (world.pool().value.unwrap().withdraw, usd(1_000_000));
    // Up: the pool owes the long a gain that is none.
    let mut at = price(TRUE_PRICE);
    for _ in 0..6 {
        at = moved(at, 112);
        world.advance(5);
        world.report(&[(BTC, at), (ETH, price("3000"))]).done();
        world.next_block();
    }
    assert!(world.pool().value.unwrap().deposit < truth);
    // In, once the breaker has seen enough of it; the price is the thief's all the while.
    for _ in 0..30 {
        if world.provide("mallory", stake).is_done() {
            break;
        }
        world.advance(290);
        world.report(&[(BTC, at), (ETH, price("3000"))]).done();
        world.next_block();
    }
    let shares = world.provider("mallory").shares;
    assert!(!shares.is_zero(), "{} s: no shares", world.now() - begun);
    // Back to the truth.
    while at > price(TRUE_PRICE) {
        at = moved(at, 89).max(price(TRUE_PRICE));
        world.advance(5);
        world.report(&[(BTC, at), (ETH, price("3000"))]).done();
        world.next_block();
    }
    let pool = world.pool();
    let owned = pool.value.unwrap().withdraw.positive_part().atoms() as f64 * shares.atoms() as f64
        / pool.pool.shares.atoms() as f64;
    let taken = owned - stake.atoms() as f64;
    println!("feeders as providers: {:.0}, bound of the pool {}", taken / 1e6, found.taken.atoms() / 1_000_000);
    // More than what would vest of the whole pool within the time.
    assert!(taken > pool.pool.cash.atoms() as f64 * 0.7 * horizon as f64 / (7 * DAY) as f64, "{taken}");
    assert!(taken <= found.taken.atoms() as f64 && world.now() <= begun + horizon);
    let asked = world.request_withdrawal("mallory", shares);
    assert!(asked.is_done());
}

//
#[test]
fn a_stolen_council_takes_what_its_playbooks_may_inject_and_nothing_else() {
    let mut world = scene();
    // Of the template what moves coins: with what it configures the bound takes the worst for given.
    let mut playbook = world.template(BTC, "price-crash");
    let vault = world.addresses.derivatives_vault.to_string();
    playbook.steps.retain(|step| !matches!(step, Step::Call { contract, .. } if *contract == vault));
    (playbook.undo, playbook.undo_after_seconds, playbook.undo_when_resolved) = (vec![], 0, false);
    world.approve(vec![playbook]).done();
    world.refresh().done();
    let bound = bound(&world, COUNCIL, Some(DAY));
    let (ledger, begun) = (Ledger::open(&world), world.now());
    while world.now() < begun + DAY - 2 * HOUR {
        let _ = world.run_playbook("price-crash");
        world.advance(HOUR);
        world.refresh().done();
    }
    let (taken, total) = (ledger.taken(&world), bound.total.atoms() as i128);
    println!("council, 1 d: {}, bound {}", taken / 1_000_000, total / 1_000_000);
    assert!(taken <= total && 3 * taken >= total, "{taken} {total}");
    assert!(taken > 0 && bound.leaves == Amount::ZERO);
}

//
#[test]
fn proposers_alone_take_nothing_while_one_canceller_is_honest_and_with_the_cancellers_everything() {
    let world = scene();
    let proposers = Stolen { proposers: true, ..NONE };
    for horizon in [Some(HOUR), Some(DAY), Some(7 * DAY), None] {
        for stolen in [NONE, proposers, Stolen { cancellers: true, ..NONE }, Stolen { sentinels: true, ..NONE }] {
            assert_eq!(bound(&world, stolen, horizon).total, Amount::ZERO, "{stolen:?}");
        }
    }
    let timelock = Stolen { cancellers: true, ..proposers };
    assert_eq!(bound(&world, timelock, Some(HOUR - 1)).total, Amount::ZERO);
    let found = bound(&world, timelock, Some(3 * DAY));
    assert_eq!(found.total, found.value);

    // Played: whatever the proposers schedule is cancelled before the shortest delay is over.
    let mut world = scene();
    let ledger = Ledger::open(&world);
    let mine = world.address("mallory").to_string();
    let calls = [
        world.call(Code::Insurance, &FundMsg::RegisterVault { vault: mine }),
        world.call(Code::Vault, &VaultMsg::ContestMarket { market: BTC, until: world.now() + 7 * DAY }),
        firebreak_messages::guardian::Call::Migrate {
            contract: world.addresses.of(Code::Vault).to_string(),
            code_id: world.code_id(Code::Group),
            msg: b"{}".into(),
        },
    ];
    for call in calls {
        let scheduled = world.schedule(vec![call]).fact::<firebreak_messages::guardian::OperationScheduled>();
        world.advance(HOUR - 60);
        world.cancel_operation(scheduled.operation).done();
        world.advance_to(scheduled.ready_at);
        assert!(!world
            .send("mallory", Code::Guardian, &ExecuteMsg::Execute { operation: scheduled.operation }, Amount::ZERO)
            .is_done());
    }
    world.refresh().done();
    assert_eq!(ledger.taken(&world), 0);
}

/// The published table is the suite's own answer. `docs/max-loss.md`.
#[test]
fn the_published_table_is_what_the_suite_answers() {
    let page = include_str!("../../../docs/max-loss.md");
    let mut missing = 0;
    let mut world = scene();
    let playbook = world.template(BTC, "price-crash");
    world.approve(vec![playbook]).done();
    world.refresh().done();
    let sets = [
        ("canceller", Stolen { cancellers: true, ..NONE }),
        ("sentinels", Stolen { sentinels: true, ..NONE }),
        ("proposers", Stolen { proposers: true, ..NONE }),
        ("council", COUNCIL),
        ("feeders", FEEDERS),
        ("council and feeders", Stolen { council: true, feeders: true, ..NONE }),
        ("proposers and cancellers", Stolen { proposers: true, cancellers: true, ..NONE }),
        ("every key", Stolen { proposers: true, cancellers: true, council: true, sentinels: true, feeders: true }),
        (
            "every key but the cancellers'",
            Stolen { proposers: true, council: true, sentinels: true, feeders: true, ..NONE },
        ),
    ];
    // The same suite with all six templates, of which one settles.
    let mut whole = scene();
    let playbooks = whole.templates(BTC);
    assert_eq!(playbooks.len(), 6);
    whole.approve(playbooks).done();
    whole.refresh().done();
    let both = Stolen { council: true, ..FEEDERS };
    let suites = sets.into_iter().map(|(name, stolen)| (&world, name, stolen)).chain([
        (&whole, "council, with all six playbooks", COUNCIL),
        (&whole, "council and feeders, with all six playbooks", both),
    ]);
    for (world, name, stolen) in suites {
        let horizons = [Some(HOUR), Some(DAY), Some(7 * DAY), None];
        let found = horizons.map(|horizon| bound(world, stolen, horizon));
        let share =
            |bound: &MaxLoss| format!("{:.1} %", 100.0 * bound.total.atoms() as f64 / bound.value.atoms() as f64);
        let leaves =
            |bound: &MaxLoss| format!("{:.1} %", 100.0 * bound.leaves.atoms() as f64 / bound.value.atoms() as f64);
        let hours = |seconds: u64| if seconds > 400 * DAY { "no end".into() } else { format!("{} h", seconds / HOUR) };
        let row = format!(
            "| {name} | {} | {} | {} | {} | {} |",
            found.iter().map(share).collect::<Vec<_>>().join(" | "),
            found.iter().map(leaves).collect::<Vec<_>>().join(" / "),
            hours(found[3].frozen_seconds),
            hours(found[3].trader_exit_seconds),
            hours(found[3].provider_exit_seconds),
        );
        println!("{row}");
        missing += usize::from(!page.contains(&row));
        for (earlier, later) in [(0, 1), (1, 2)] {
            assert!(found[earlier].total <= found[later].total, "{name}");
        }
    }
    assert_eq!(missing, 0, "docs/max-loss.md has other rows");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    //
    #[test]
    fn no_random_thief_takes_more(moves in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..30)) {
        judged(FEEDERS, HOUR, |world| random(world, &moves));
    }
}
