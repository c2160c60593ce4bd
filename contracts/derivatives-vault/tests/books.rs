//! Random books: honest trading never trips the last frame, and everything that went in comes out.

use crate::support::*;
use cosmwasm_std::{BankMsg, SubMsg};
use firebreak_derivatives_vault::check::{finish, Done};
use firebreak_derivatives_vault::desk::Desk;
use firebreak_derivatives_vault::state;
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::Validity;
use firebreak_messages::MarketId;
use firebreak_risk::*;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];
const COVERED_BY_THE_FUND: u64 = 2_000;
const ONE: u128 = 1_000_000_000_000_000_000;

/// Sizes and prices of a history, for the same notional: as BTC and ETH are, a million times the size at a millionth of the
/// price, and the other way round.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Usual,
    Cheap,
    /// A thousand million of it are worth one: at a scale below 1, more than 10^12 nominal units.
    Tiny,
    Dear,
}

impl Scale {
    fn size(self, atoms: i128) -> Size {
        Size::from_atoms(match self {
            Self::Usual => atoms,
            Self::Cheap => atoms * 1_000_000,
            Self::Tiny => atoms * 1_000_000_000,
            Self::Dear => atoms / 1_000_000,
        })
    }

    fn price(self, atoms: u128) -> Price {
        Price::from_atoms(match self {
            Self::Usual => atoms,
            Self::Cheap => atoms / 1_000_000,
            Self::Tiny => atoms / 1_000_000_000,
            Self::Dear => atoms * 1_000_000,
        })
    }
}

#[derive(Debug, Clone)]
enum Step {
    Trade { who: usize, eth: bool, atoms: i128 },
    Reduce { who: usize, eth: bool },
    Move { eth: bool, basis_points: i32, band: u32, validity: Validity },
    Wait { seconds: u64 },
    Liquidate,
    Deposit { who: usize, amount: u64 },
    Withdraw { who: usize, amount: u64 },
    Provide { amount: u64 },
    RequestLiquidity { tenths: u128 },
    ClaimLiquidity { request: usize },
    Restrict { eth: bool, level: Level, seconds: u64 },
    Contest { eth: bool, seconds: u64 },
    Sweep,
}

fn step() -> impl Strategy<Value = Step> {
    let corners = [1, 999, -1, ONE as i128 / 1_000, 100 * ONE as i128, 1 - 100 * ONE as i128, -7 * ONE as i128 / 3];
    let atoms = prop_oneof![
        8 => (-12_000..12_000i128).prop_map(|milli| milli * ONE as i128 / 1_000),
        1 => proptest::sample::select(corners.to_vec()),
    ];
    let validity = prop_oneof![
        8 => Just(Validity::Valid), 2 => Just(Validity::SoftInvalid), 1 => Just(Validity::Invalid),
    ];
    let level = proptest::sample::select(vec![Level::Guarded, Level::ReduceOnly, Level::Frozen]);
    prop_oneof![
        6 => (0..4usize, any::<bool>(), atoms).prop_map(|(who, eth, atoms)| Step::Trade { who, eth, atoms }),
        2 => (0..4usize, any::<bool>()).prop_map(|(who, eth)| Step::Reduce { who, eth }),
        6 => (any::<bool>(), -1_200..1_200i32, 0..20u32, validity)
            .prop_map(|(eth, basis_points, band, validity)| Step::Move { eth, basis_points, band, validity }),
        // A gap: what nobody could liquidate in time.
        2 => (any::<bool>(), -3_500..3_500i32).prop_map(|(eth, basis_points)| {
            Step::Move { eth, basis_points, band: 0, validity: Validity::Valid }
        }),
        2 => (1..20_000u64).prop_map(|seconds| Step::Wait { seconds }),
        3 => Just(Step::Liquidate),
        1 => (0..4usize, 1..20_000u64).prop_map(|(who, amount)| Step::Deposit { who, amount }),
        1 => (0..4usize, 1..20_000u64).prop_map(|(who, amount)| Step::Withdraw { who, amount }),
        1 => (1..100_000u64).prop_map(|amount| Step::Provide { amount }),
        1 => (1..10u128).prop_map(|tenths| Step::RequestLiquidity { tenths }),
        1 => (0..4usize).prop_map(|request| Step::ClaimLiquidity { request }),
        1 => (any::<bool>(), level, 1..60u64).prop_map(|(eth, level, seconds)| Step::Restrict { eth, level, seconds }),
        1 => (any::<bool>(), 0..50_000u64).prop_map(|(eth, seconds)| Step::Contest { eth, seconds }),
        1 => Just(Step::Sweep),
    ]
}

fn market_of(eth: bool) -> MarketId {
    if eth {
        ETH
    } else {
        BTC
    }
}

/// What a history did, so that none of it is a history of refusals.
#[derive(Debug, Default)]
struct Counts {
    fills: usize,
    liquidations: usize,
    claims: usize,
    waited: usize,
    deleveraged: usize,
    rolled: usize,
}

/// A refusal is no defect, unless it comes from the last frame or from figures that do not fit.
fn may_be_refused<T>(result: Result<T, ContractError>) -> Option<T> {
    match result {
        Ok(done) => Some(done),
        Err(error) => {
            let defect = matches!(
                error,
                ContractError::EquityMismatch { .. }
                    | ContractError::CoinsMissing { .. }
                    | ContractError::Risk(RiskError::Overflow { .. })
                    | ContractError::Std(_)
                    | ContractError::Packed(_)
            );
            assert!(!defect, "{error}");
            None
        }
    }
}

fn place(bench: &mut Bench, name: &str, market: MarketId, size: Size, reduce_only: bool) -> bool {
    let price_bound = if size.is_long() { PRICE_MAX } else { Price::from_atoms(1) };
    let msg = ExecuteMsg::PlaceOrder(OrderRequest::market(0, market, size, price_bound, reduce_only));
    may_be_refused(bench.execute(name, msg, 0)).is_some()
}

/// Executes what waits. A market that is frozen, or whose price is not valid, lets it wait.
fn pop(bench: &mut Bench, market: MarketId, counts: &mut Counts) {
    let run = ExecuteMsg::ExecuteOrders { market, limit: 50 };
    let Some(events) = may_be_refused(bench.execute("keeper", run, 0)) else {
        counts.waited += 1;
        return;
    };
    let dropped = OrderDropped::all(&events);
    assert!(dropped.iter().all(|drop| drop.reason != DropReason::Computation), "{dropped:?}");
    counts.fills += OrderFilled::all(&events).len();
}

fn run(bench: &mut Bench, scale: Scale, step: &Step, counts: &mut Counts) {
    match step {
        Step::Trade { who, eth, atoms } => {
            // 20 ETH are worth one BTC.
            let size =
                scale.size(if *eth { (*atoms * 20).clamp(-100 * ONE as i128, 100 * ONE as i128) } else { *atoms });
            if !size.is_zero() && place(bench, NAMES[*who], market_of(*eth), size, false) {
                bench.advance(12);
                bench.refresh();
                pop(bench, market_of(*eth), counts);
            }
        }
        Step::Reduce { who, eth } => {
            let held = bench.account(NAMES[*who]).positions.into_iter().find(|held| held.market == market_of(*eth));
            let half = held.map_or(Size::ZERO, |held| held.size.times(Ratio::percent(50)).unwrap().negated().unwrap());
            if !half.is_zero() && place(bench, NAMES[*who], market_of(*eth), half, true) {
                bench.advance(12);
                bench.refresh();
                pop(bench, market_of(*eth), counts);
            }
        }
        Step::Move { eth, basis_points, band, validity } => {
            bench.advance(5);
            let last = bench.market(market_of(*eth)).state.mark_price;
            let moved = SignedRatio::from_atoms(i128::from(*basis_points) * 100_000_000_000_000);
            let next = last.scaled(moved, Rounding::Ceil).unwrap();
            let now = bench.now();
            bench.publish(market_of(*eth), next, scale.price(u128::from(*band) * ONE), now, *validity);
            pop(bench, market_of(*eth), counts);
        }
        Step::Wait { seconds } => {
            bench.advance(*seconds);
            bench.refresh();
        }
        Step::Liquidate => {
            let events = bench.liquidate(&NAMES).unwrap();
            counts.liquidations += PositionLiquidated::all(&events).len();
            counts.deleveraged += Deleveraged::all(&events).len();
            counts.rolled += SideRolled::all(&events).len();
        }
        Step::Deposit { who, amount } => bench.deposit(NAMES[*who], *amount),
        Step::Withdraw { who, amount } => {
            may_be_refused(bench.withdraw(NAMES[*who], 0, units(*amount)));
        }
        Step::Provide { amount } => {
            may_be_refused(bench.provide("lp", *amount));
        }
        Step::RequestLiquidity { tenths } => {
            let lp: LiquidityProviderResponse = bench.query(QueryMsg::LiquidityProvider { address: address("lp") });
            let shares = PoolShares::from_atoms(lp.provider.shares.atoms() * tenths / 10);
            may_be_refused(bench.execute("lp", ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0));
        }
        Step::ClaimLiquidity { request } => {
            let lp: LiquidityProviderResponse = bench.query(QueryMsg::LiquidityProvider { address: address("lp") });
            let waiting = lp.provider.requests;
            if let Some(waiting) = waiting.get(request % waiting.len().max(1)) {
                let (request, amount_min) = (waiting.request, Amount::ZERO);
                if bench.now() < waiting.matures_at {
                    bench.advance(waiting.matures_at - bench.now());
                    bench.refresh();
                }
                may_be_refused(bench.claim("lp", request, amount_min));
                let paid = may_be_refused(bench.pay_claims()).unwrap_or_default();
                counts.claims += LiquidityWithdrawn::all(&paid).len();
            }
        }
        Step::Restrict { eth, level, seconds } => bench.restrict(market_of(*eth), *level, *seconds),
        Step::Contest { eth, seconds } => {
            let until = bench.now() + seconds;
            bench.execute("owner", ExecuteMsg::ContestMarket { market: market_of(*eth), until }, 0).unwrap();
        }
        Step::Sweep => {
            may_be_refused(bench.execute("anyone", ExecuteMsg::SweepFees {}, 0));
        }
    }
}

fn scaled_market(symbol: &str, feed: u16, scale: Scale, with_funding: bool, vests: bool) -> MarketConfig {
    let mut config = market_config(symbol, feed);
    for size in [
        &mut config.skew_scale,
        &mut config.open_interest_max,
        &mut config.skew_max,
        &mut config.order_size_max,
        &mut config.liquidation.size_min,
    ] {
        *size = scale.size(size.atoms());
    }
    // A half-life that a history runs through many times, or none.
    config.vesting_half_life_seconds = if vests { 700 } else { 0 };
    // And deficits that the fund and a cap of the pool leave to unvested profits and the winning side.
    if vests {
        config.pool_loss_max = units(10);
    }
    if !with_funding {
        config.funding.velocity_max = Ratio::ZERO;
    } else {
        let (low, high, kink) = (Ratio::percent(1), Ratio::percent(20), Ratio::percent(10));
        (config.funding.borrow_low, config.funding.borrow_high, config.funding.borrow_kink) = (low, high, kink);
    }
    config
}

/// One history, and its end: everybody closes, and what is left is the pool's to the unit.
fn play(steps: &[Step], scale: Scale, with_funding: bool, vests: bool) -> Counts {
    let market = |symbol, feed| scaled_market(symbol, feed, scale, with_funding, vests);
    let mut bench = Bench::without_pool(market("BTC", 1), market("ETH", 2));
    let parameters = VaultParameters { lp_cooldown_seconds: 3_600, lp_claim_window_seconds: 900, ..parameters() };
    bench.execute("owner", ExecuteMsg::Configure { parameters }, 0).unwrap();
    bench.advance(5);
    for (market, price) in [(BTC, 60_000), (ETH, 3_000)] {
        let now = bench.now();
        bench.publish(market, scale.price(price * ONE), Price::ZERO, now, Validity::Valid);
    }
    bench.provide("lp", 10_000_000).unwrap();
    bench.fund = Fund::Honest(COVERED_BY_THE_FUND);
    for name in NAMES {
        bench.deposit(name, 30_000);
    }
    let mut counts = Counts::default();
    for step in steps {
        run(&mut bench, scale, step, &mut counts);
    }

    // Every restriction is over, both prices are valid, nothing waits. Without a band: closing at its edge would pay the pool
    // more than F9 says.
    bench.advance(61);
    for market in [BTC, ETH] {
        let (mark, now) = (bench.market(market).state.mark_price, bench.now());
        bench.publish(market, mark, Price::ZERO, now, Validity::Valid);
    }
    for market in [BTC, ETH] {
        pop(&mut bench, market, &mut counts);
    }
    // A new price: until then a liquidation is judged at the better of two skews, and who is only just below may wait for it.
    // And what was passed over, because its account was served at another price of the block, is popped.
    for _ in 0..2 {
        bench.advance(12);
        bench.refresh();
        for market in [BTC, ETH] {
            pop(&mut bench, market, &mut counts);
        }
    }
    bench.advance(1);
    bench.refresh();
    bench.liquidate(&NAMES).unwrap();
    // Near its margin a winner beside a loser may be kept in, as half of what it realises is no margin for the other, and
    // whose profit is contested pays the fees of leaving with coins of its own: with more collateral everybody leaves.
    for name in NAMES {
        bench.deposit(name, 200_000);
    }
    let predicted = bench.pool().value.unwrap().deposit;
    let mut spent = Amount::ZERO;
    // Close everybody at the same price: what each fill pays the pool beside F9's prediction is its fee.
    for name in NAMES {
        assert!(bench.account(name).orders.is_empty());
        // Of what deleveraging has left without a size nothing can be closed.
        for position in bench.account(name).positions.into_iter().filter(|position| !position.size.is_zero()) {
            let size = position.size.negated().unwrap();
            let price_bound = if size.is_long() { PRICE_MAX } else { Price::from_atoms(1) };
            let order = OrderRequest::market(0, position.market, size, price_bound, true);
            let refused = bench.execute(name, ExecuteMsg::PlaceOrder(order), 0).err();
            assert_eq!(refused, None, "{name} cannot leave: {:?}", bench.account(name));
        }
    }
    bench.advance(12);
    bench.refresh();
    let mut closed = 0i128;
    for market in [BTC, ETH] {
        let events = bench.run(market);
        assert_eq!(reasons(&events), [], "{:?}", NAMES.map(|name| bench.account(name)));
        for filled in OrderFilled::all(&events) {
            closed += 1;
            spent = spent.plus(filled.fee).unwrap();
        }
    }
    counts.fills += closed as usize;
    let is_out = |name| bench.account(name).positions.iter().all(|position| position.size.is_zero());
    assert!(NAMES.iter().all(|name| is_out(name)), "everybody is out");
    // Who was closed by a roll collects when its account is touched.
    for name in NAMES {
        bench.deposit(name, 10);
        bench.withdraw(name, 0, units(1)).unwrap();
    }
    let pool = bench.pool().pool;
    let insurance = spent.times(parameters_of(&bench).insurance_fee_share, Rounding::Floor).unwrap();
    let fees = spent.minus(insurance).unwrap().signed().unwrap();
    let difference = pool.cash.minus(predicted).unwrap().minus(fees).unwrap();
    if !with_funding {
        // A unit of rounding for each fill, in the pool's favour, and one for each of the four sides.
        assert!((-4..=3 * closed + 8).contains(&difference.atoms()), "{difference} after {closed} fills");
    }
    for market in [BTC, ETH] {
        let state = bench.market(market).state;
        // What has no size is owed a few units at most.
        let ghosts = NAMES.iter().flat_map(|name| bench.account(name).positions);
        let ghosts = ghosts.filter(|position| position.market == market).count() as u128;
        for basis in [state.long.basis, state.short.basis] {
            assert!(basis.magnitude().atoms() <= 2 * ghosts, "{basis} of {ghosts}");
        }
        assert_eq!(state.open_notional, Amount::ZERO);
    }
    assert_eq!(pool.open_notional, Amount::ZERO);
    // Claims that still waited for the pool's coins.
    bench.pay_claims().unwrap();
    assert_eq!(bench.pool().pool.escrow, Amount::ZERO);
    // After the longest contest and 32 half-lives every claim is cash, and its slot is free.
    bench.advance(50_000 + 32 * 700);
    for name in NAMES {
        bench.deposit(name, 1);
        bench.refresh();
        bench.withdraw(name, 0, units(1)).unwrap();
        assert_eq!(bench.account(name).unvested, Amount::ZERO);
    }
    assert!(state::ACCOUNTS.page(&bench.deps.storage, None, 9).unwrap().iter().all(|(_, held)| held.claims.is_empty()));
    counts
}

fn parameters_of(bench: &Bench) -> VaultParameters {
    bench.query::<ConfigResponse>(QueryMsg::Config {}).config.parameters
}

/// every message of these histories passed the equality of F9 within four units and the check of coins; `Bench` re-checks
/// the sums over accounts after each. `PROPTEST_CASES` asks for more of them.
#[test]
fn honest_histories_never_trip_the_checks_and_end_in_cash() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(512);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let totals = std::cell::RefCell::new(Counts::default());
    let scale = proptest::sample::select(vec![Scale::Usual, Scale::Cheap, Scale::Tiny, Scale::Dear]);
    let histories = (proptest::collection::vec(step(), 1..40), scale, any::<bool>(), any::<bool>());
    let result = TestRunner::new(config).run(&histories, |(steps, scale, with_funding, vests)| {
        let counts = play(&steps, scale, with_funding, vests);
        let mut totals = totals.borrow_mut();
        totals.fills += counts.fills;
        totals.liquidations += counts.liquidations;
        totals.claims += counts.claims;
        totals.waited += counts.waited;
        totals.deleveraged += counts.deleveraged;
        totals.rolled += counts.rolled;
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let (totals, cases) = (totals.into_inner(), cases as usize);
    assert!(totals.fills > 3 * cases, "{totals:?} of {cases} histories");
    let least = totals.liquidations.min(totals.claims).min(totals.waited).min(totals.deleveraged);
    // A dozen of the rarest is usual; the cases are drawn anew each time.
    assert!(least > cases / 500, "{totals:?} of {cases} histories");
}

// half of what a close realises is no margin; with a losing position beside it that must not keep the winner open.
#[test]
fn a_winner_closes_near_the_margin_although_half_of_its_profit_is_none() {
    let valid = |eth, basis_points| Step::Move { eth, basis_points, band: 0, validity: Validity::Valid };
    let steps = [
        Step::Trade { who: 1, eth: true, atoms: -2640000000000000000 },
        Step::Trade { who: 1, eth: false, atoms: -12000000000000000 },
        valid(true, 165),
        Step::Trade { who: 0, eth: true, atoms: 4972000000000000000 },
        Step::Liquidate,
        Step::Reduce { who: 1, eth: false },
        valid(false, -1091),
        valid(true, 1085),
    ];
    play(&steps, Scale::Usual, false, true);
}

#[test]
fn a_seeded_bug_that_pays_twice_is_refused_by_the_vaults_own_check() {
    let mut bench = Bench::new();
    bench.deposit("alice", 100);
    let desk = Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    // The handler books one payment of 60 and sends it twice, as a defect would.
    let info = cosmwasm_std::MessageInfo { sender: cosmwasm_std::Addr::unchecked(address("alice")), funds: vec![] };
    let amount = units(60);
    let mut done =
        firebreak_derivatives_vault::execute::withdraw_collateral(bench.deps.as_mut(), desk, info, 0, amount).unwrap();
    let again: SubMsg = done.messages[0].clone();
    assert!(matches!(again.msg, cosmwasm_std::CosmosMsg::Bank(BankMsg::Send { .. })));
    done.messages.push(again);
    let held = units(10_000_100 - 120);
    let refused = finish(bench.deps.as_mut(), &bench.env, done).unwrap_err();
    assert_eq!(refused, ContractError::CoinsMissing { owed: units(10_000_040), held });
    bench.check();
    assert_eq!(bench.account("alice").cash, units(100).signed().unwrap());
}

#[test]
fn a_seeded_bug_that_credits_the_pool_from_nowhere_is_refused_with_its_figures() {
    // a liability that vanishes without cash, as in the re-entry of GMX v1.
    let mut bench = Bench::new();
    bench.deposit("alice", 20_000);
    bench.trade("alice", BTC, "1");
    let mut desk = Desk::open(bench.deps.as_ref(), &bench.env).unwrap();
    desk.load_market(bench.deps.as_ref(), BTC).unwrap();
    desk.close_step().unwrap();
    let market = desk.market_mut(BTC).unwrap();
    market.state.long.basis = market.state.long.basis.plus(SignedAmount::from_atoms(5)).unwrap();
    let refused = finish(bench.deps.as_mut(), &bench.env, Done::new(desk)).unwrap_err();
    let expected = ContractError::EquityMismatch { wanted: SignedAmount::ZERO, found: SignedAmount::from_atoms(5) };
    assert_eq!(refused, expected);
}
