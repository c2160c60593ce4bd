//! What each message costs on a real chain, estimated by the meter and compared with a committed snapshot.

use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{
    CoverFailed, LiquidityWithdrawalRequested, LossBooked, OrderFilled, OrderPlaced, PositionLiquidated, BATCH_MAX,
};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, UnstakeRequested};
use firebreak_messages::oracle::RoundPublished;
use firebreak_risk::{Amount, FundShares, Level};
use firebreak_testing::snapshot::{assert_snapshot, Cost};
use firebreak_testing::*;
use std::collections::BTreeMap;
use std::path::Path;

struct Costs(BTreeMap<String, Cost>);

impl Costs {
    fn note(&mut self, name: &str, outcome: Outcome) -> Outcome {
        let before = self.0.insert(name.into(), Cost::from(&outcome.usage));
        assert!(before.is_none(), "{name} is there twice");
        outcome
    }
}

/// A market that others trade in: ten accounts on both sides.
fn busy_world() -> World {
    let mut world = World::builder().trader("alice", usd(20_000)).build();
    populate(&mut world, 10);
    world
}

fn populate(world: &mut World, accounts: usize) {
    for index in 0..accounts {
        let name = format!("trader-{index}");
        world.add_collateral(&name, usd(20_000)).done();
        world.place(&name, BTC, size(if index % 2 == 0 { "0.5" } else { "-0.5" })).done();
    }
    world.fill(BTC, world.last_price(BTC)).done();
    while world.pool_record().escrow > Amount::ZERO {
        world.execute(BTC).done();
    }
}

#[test]
fn every_message_costs_what_the_snapshot_says() {
    let mut costs = Costs(BTreeMap::new());
    trading(&mut costs);
    losses(&mut costs);
    liquidity(&mut costs);
    insurance(&mut costs);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gas.snapshot.json");
    procedure(&mut costs);
    assert_snapshot(&path, &costs.0);
}

fn trading(costs: &mut Costs) {
    let mut world = busy_world();
    let last = world.last_price(BTC);
    costs.note("oracle report, first of three", world.report_of(0, &[(BTC, last)]).done());
    world.report_of(1, &[(BTC, last)]).done();
    let published = costs.note("oracle report, publishes and evaluates", world.report_of(2, &[(BTC, last)]).done());
    published.fact::<RoundPublished>();
    world.next_block();
    costs.note("breaker evaluate, nothing new", world.evaluate("keeper", BTC).done());

    costs.note("vault add collateral", world.add_collateral("alice", usd(1_000)).done());
    let placed = costs.note("vault place order", world.place("alice", BTC, size("0.5")).done());
    world.advance(10);
    world.price(BTC, last).done();
    let filled = costs.note("vault execute one order", world.execute(BTC).done());
    assert_eq!(filled.fact::<OrderFilled>().order, placed.fact::<OrderPlaced>().order);

    let order = world.place("alice", BTC, size("0.5")).fact::<OrderPlaced>().order;
    costs.note("vault cancel order", world.cancel("alice", order).done());
    world.advance(10);
    world.price(BTC, last).done();
    world.execute(BTC).done();

    for index in 0..10 {
        world.place(&format!("trader-{index}"), BTC, size("0.1")).done();
    }
    world.advance(10);
    world.price(BTC, last).done();
    let batch =
        costs.note("vault execute ten orders of ten accounts", world.execute_by("keeper", BTC, BATCH_MAX).done());
    assert_eq!(batch.facts::<OrderFilled>().len(), 10);

    let size_now = world.position_size("alice", BTC);
    costs.note("vault place reduce order", world.place_reduce("alice", BTC, size_now.negated().unwrap()).done());
    world.advance(10);
    world.price(BTC, last).done();
    costs.note("vault execute a full close", world.execute(BTC).done());
    costs.note("vault withdraw collateral", world.withdraw("alice", usd(1_000)).done());
    costs.note("vault sweep fees", world.sweep_fees().done());
}

fn losses(costs: &mut Costs) {
    let mut world = busy_world();
    // 21,000 of collateral behind 5 BTC: maintenance margin 7,500 is reached at a fall of some 2,700 each.
    world.add_collateral("alice", usd(1_000)).done();
    world.open("alice", BTC, size("5")).done();
    world.price(BTC, price("57200")).done();
    let partial = costs.note("vault liquidate, in part", world.liquidate("alice").done());
    assert!(!partial.fact::<PositionLiquidated>().size_after.is_zero());
    costs.note("vault liquidate, healthy", world.liquidate("alice").done());
    world.price(BTC, price("42000")).done();
    let covered = costs.note("vault liquidate, a deficit that the fund covers", world.liquidate("alice").done());
    assert!(!covered.facts::<LossBooked>().is_empty());
    assert!(!covered.has::<CoverFailed>());
}

fn liquidity(costs: &mut Costs) {
    let mut world = busy_world();
    costs.note("vault provide liquidity", world.provide("carol", usd(1_000)).done());
    let shares = world.provider("carol").shares;
    let asked = costs.note("vault request withdrawal", world.request_withdrawal("carol", shares).done());
    let request = asked.fact::<LiquidityWithdrawalRequested>().request;
    costs.note("vault cancel withdrawal", world.cancel_withdrawal("carol", request).done());
    let again = world.request_withdrawal("carol", shares).fact::<LiquidityWithdrawalRequested>();
    world.advance_to(again.matures_at);
    world.refresh().done();
    costs.note("vault claim withdrawal", world.claim_withdrawal("carol", again.request).done());
    world.advance(10);
    world.refresh().done();
    costs.note("vault execute claim", world.execute_claims_alone().done());
}

fn insurance(costs: &mut Costs) {
    let mut world = busy_world();
    costs.note("fund add first loss", world.add_first_loss("treasury", usd(1_000)).done());
    costs.note("fund stake", world.stake("dora", usd(1_000)).done());
    let unstake = FundMsg::RequestUnstake { shares: FundShares::from_atoms(1_000_000) };
    let asked = world.send("dora", Code::Insurance, &unstake, Amount::ZERO).done();
    let asked = costs.note("fund request unstake", asked).fact::<UnstakeRequested>();
    world.advance_to(asked.matures_at);
    let claim = FundMsg::ClaimUnstake { request: asked.request, amount_min: Amount::ZERO };
    costs.note("fund claim unstake", world.send("dora", Code::Insurance, &claim, Amount::ZERO).done());
}

fn procedure(costs: &mut Costs) {
    let mut world = busy_world();
    let bootstrap = Outcome { usage: world.bootstrap_usage().clone(), ..Outcome::default() };
    costs.note("guardian bootstrap of two markets", bootstrap);

    let action = firebreak_messages::guardian::CouncilAction::restrict(Scope::All, Level::ReduceOnly, 600);
    let nonce = world.council().nonce;
    costs.note("guardian confirm, first of two", world.confirm("council-0", &action, nonce).done());
    let acted =
        costs.note("guardian confirm, restricts all markets", world.confirm("council-1", &action, nonce).done());
    // one message reaches reduce-only within a block for less than 200,000 gas.
    assert!(acted.usage.gas() < 200_000, "{} {:?}", acted.usage.gas(), acted.usage);

    let mut world = busy_world();
    // 6 % within five minutes: both rules trip.
    let fallen = price("56400");
    world.report_of(0, &[(BTC, fallen)]).done();
    world.report_of(1, &[(BTC, fallen)]).done();
    let tripped =
        costs.note("oracle report, trips the breaker and signals", world.report_of(2, &[(BTC, fallen)]).done());
    assert_eq!(world.effective(BTC).posture.level, Level::ReduceOnly);
    tripped.fact::<firebreak_messages::guardian::IncidentOpened>();

    let lift = world.call(
        Code::Breaker,
        &firebreak_messages::circuit_breaker::ExecuteMsg::Lift {
            scope: Scope::Market(BTC),
            source: firebreak_messages::Source::Band,
        },
    );
    let scheduled = costs.note("multisig executes a schedule", world.schedule(vec![lift]).done());
    let fact = scheduled.fact::<firebreak_messages::guardian::OperationScheduled>();
    world.advance_to(fact.ready_at);
    costs.note("guardian execute, one call", world.execute_operation(fact.operation).done());
}

/// Gas of an order, a price, a liquidation does not grow with the number of accounts (invariant 9): the same keys are
/// touched, and the records differ by the digits of larger sums only.
#[test]
fn costs_do_not_grow_with_the_number_of_accounts() {
    let measure = |accounts: usize| {
        let mut world = World::builder()
            .checking(Checking::CheapOnly)
            .trader("alice", usd(4_000))
            // What rules of order flow remember has as many digits as there was flow, and an answer is written down.
            .setup(|setup| {
                for guard in &mut setup.guards {
                    guard.config.rules.truncate(2);
                    guard.config.cage = None;
                }
            })
            .build();
        populate(&mut world, accounts);
        let last = world.last_price(BTC);
        let mut costs = vec![];
        let mut note = |name: &'static str, outcome: Outcome| costs.push((name, outcome.usage));
        note("price", world.report(&[(BTC, last)]).done());
        world.next_block();
        note("place", world.place("alice", BTC, size("1")).done());
        world.advance(10);
        world.price(BTC, last).done();
        note("execute", world.execute(BTC).done());
        world.price(BTC, price("57000")).done();
        let liquidated = world.liquidate("alice").done();
        liquidated.fact::<PositionLiquidated>();
        note("liquidate", liquidated);
        costs
    };
    for ((name, few), (_, many)) in measure(1).into_iter().zip(measure(100)) {
        let (few_total, many_total) = (few.total(), many.total());
        assert_eq!(
            (few_total.reads, few_total.writes, few_total.deletes, few_total.range_keys, few.raw_queries),
            (many_total.reads, many_total.writes, many_total.deletes, many_total.range_keys, many.raw_queries),
            "{name}"
        );
        let bytes = |usage: &Usage| usage.total().read_bytes + usage.total().write_bytes + usage.raw_query_bytes;
        assert!(bytes(&many).abs_diff(bytes(&few)) <= 64, "{name}: {} bytes, {} bytes", bytes(&few), bytes(&many));
    }
}
