//! `max_loss` against thieves on the whole suite: for each role whose keys are stolen a hand-written optimum, a greedy thief and random
//! ones. None takes more than the bound, and for every set of roles the best of them takes at least a third of it.

mod exit;
mod freeze;
mod histories;
mod in_turn;
mod moves;
mod notice;
mod observers;
mod operations;
mod own_feeders;
mod published;
mod random;
mod refusals;
mod settlement;
mod stage;
mod thieves;
mod waits;

use cosmwasm_std::{from_json, to_json_binary};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::{CouncilConfig, ExecuteMsg, Sentinel, Step, Tightening};
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_risk::{Amount, Level, Stolen, REACTION_SECONDS};
use firebreak_testing::*;
use proptest::prelude::*;
use stage::*;

/// What a theft took, in atoms. Never more than the bound says for these keys and this time.
fn judged(mut world: World, stolen: Stolen, seconds: u64, theft: impl FnOnce(&mut World, u64)) -> i128 {
    let total = bound(&world, stolen, Some(seconds)).total.atoms() as i128;
    let (ledger, begun) = (Ledger::open(&world), world.now());
    theft(&mut world, seconds);
    // The thief waits for what vests, and touches the account so that it is hers.
    world.advance_to((begun + seconds - 300).max(world.now()));
    thieves::end(&mut world);
    let _ = world.withdraw("mallory", usd(1));
    assert!(world.now() < begun + seconds, "{} s are over", world.now() - begun);
    let taken = ledger.taken(&world) - wages(&world);
    assert!(taken <= total, "{} taken, the bound is {}", units(taken), units(total));
    taken
}

fn units(atoms: i128) -> i128 {
    atoms / 1_000_000
}

/// A way to steal.
struct Theft {
    name: &'static str,
    keys: Stolen,
    seconds: u64,
    /// Whether the honest have positions; who only injects needs none.
    trading: bool,
    /// Played with these procedures alone: it needs them, or takes as much with any.
    only: Option<&'static [&'static str]>,
    run: fn(&mut World, u64),
}

/// The procedure for a crash restricts, caps, and injects; by a signal too.
const CRASH: &[&str] = &["price-crash"];
/// Of which one settles.
const ALL_SIX: &[&str] = &[];

const THEFTS: [Theft; 16] = [
    Theft {
        name: "both sides, the pool",
        keys: FEEDERS,
        seconds: DAY,
        trading: true,
        only: None,
        run: thieves::both_sides_and_the_pool,
    },
    Theft { name: "both sides", keys: FEEDERS, seconds: HOUR, trading: true, only: None, run: thieves::both_sides },
    Theft { name: "greedy", keys: FEEDERS, seconds: HOUR, trading: true, only: None, run: thieves::greedy },
    Theft { name: "injections", keys: COUNCIL, seconds: HOUR, trading: false, only: None, run: thieves::inject },
    Theft { name: "injections", keys: COUNCIL, seconds: DAY, trading: false, only: None, run: thieves::inject },
    Theft { name: "injections", keys: COUNCIL, seconds: 4 * DAY, trading: false, only: None, run: thieves::inject },
    Theft { name: "injections", keys: COUNCIL, seconds: 7 * DAY, trading: false, only: None, run: thieves::inject },
    Theft { name: "injections", keys: COUNCIL, seconds: 14 * DAY, trading: false, only: None, run: thieves::inject },
    Theft {
        name: "injections, both sides",
        keys: BOTH,
        seconds: HOUR,
        trading: true,
        only: None,
        run: thieves::inject_and_both_sides,
    },
    Theft {
        name: "injections, both sides",
        keys: BOTH,
        seconds: DAY,
        trading: true,
        only: None,
        run: thieves::inject_and_both_sides,
    },
    Theft {
        name: "the end",
        keys: COUNCIL,
        seconds: DAY,
        trading: true,
        only: Some(ALL_SIX),
        run: settlement::at_the_true_price,
    },
    Theft {
        name: "both sides, the end",
        keys: BOTH,
        seconds: DAY,
        trading: true,
        only: Some(ALL_SIX),
        run: settlement::both_sides_and_the_end,
    },
    Theft {
        name: "feeders of her own, both sides, the pool",
        keys: TIMELOCK,
        seconds: 2 * DAY,
        trading: true,
        only: Some(ALL_SIX),
        run: own_feeders::and_the_pool,
    },
    Theft {
        name: "feeders of her own, both sides, the end",
        keys: TIMELOCK,
        seconds: 3 * DAY,
        trading: true,
        only: Some(CRASH),
        run: own_feeders::and_the_end,
    },
    Theft { name: "injections", keys: TIMELOCK, seconds: DAY, trading: false, only: None, run: notice::inject },
    Theft {
        name: "margins that nobody has",
        keys: TIMELOCK,
        seconds: 3 * DAY,
        trading: true,
        only: None,
        run: thieves::reconfigure,
    },
];

fn all_sets() -> impl Iterator<Item = Stolen> {
    (0..64u8).map(|bits| {
        let has = |bit: u8| bits & (1 << bit) != 0;
        let (proposers, cancellers, council) = (has(0), has(1), has(2));
        Stolen { proposers, cancellers, council, sentinels: has(3), feeders: has(4), observers: has(5) }
    })
}

fn is_part(part: Stolen, whole: Stolen) -> bool {
    let flags = |stolen: Stolen| {
        let Stolen { proposers, cancellers, council, sentinels, feeders, observers } = stolen;
        [proposers, cancellers, council, sentinels, feeders, observers]
    };
    flags(part).into_iter().zip(flags(whole)).all(|(part, whole)| !part || whole)
}

/// Every theft, where these procedures are approved.
fn took(playbooks: &[&str]) -> [i128; THEFTS.len()] {
    THEFTS.map(|theft| {
        if theft.only.is_some_and(|only| only != playbooks) {
            return 0;
        }
        let world = if theft.trading { trading(approved(playbooks)) } else { approved(playbooks) };
        let taken = judged(world, theft.keys, theft.seconds, theft.run);
        println!("{:?} within {} s, {}: {}", theft.keys, theft.seconds, theft.name, units(taken));
        taken
    })
}

/// The most that somebody with these keys takes in this time, and how.
fn best(took: &[i128], stolen: Stolen, seconds: u64) -> (i128, &'static str) {
    let able = THEFTS.iter().zip(took).filter(|(theft, _)| is_part(theft.keys, stolen) && theft.seconds <= seconds);
    able.max_by_key(|(_, taken)| **taken).map_or((0, "-"), |(theft, taken)| (*taken, theft.name))
}

/// How many bounds are 0.
fn ensure_a_third(playbooks: &[&str], took: &[i128]) -> usize {
    let (world, mut nothing) = (trading(approved(playbooks)), 0);
    for stolen in all_sets() {
        for horizon in [Some(HOUR), Some(DAY), Some(7 * DAY), None] {
            let total = bound(&world, stolen, horizon).total.atoms() as i128;
            let (best, _) = best(took, stolen, time(&world, stolen, horizon));
            assert!(best <= total, "{stolen:?} {horizon:?}: {} taken, the bound is {}", units(best), units(total));
            assert!(3 * best >= total, "{stolen:?} {horizon:?}: {} taken, the bound is {}", units(best), units(total));
            nothing += usize::from(total == 0);
        }
    }
    nothing
}

//
#[test]
fn the_best_thief_takes_a_third_of_the_bound_at_least_whatever_is_stolen_for_whatever_time() {
    let took = took(CRASH);
    assert_eq!(ensure_a_third(CRASH, &took), 52, "bounds of 0 among 256");
    let (world, page) = (trading(approved(CRASH)), include_str!("../../../../docs/max-loss.md"));
    let mut missing = 0;
    for (name, stolen) in [
        ("council", COUNCIL),
        ("feeders", FEEDERS),
        ("council and feeders", BOTH),
        ("proposers and cancellers", TIMELOCK),
    ] {
        for (span, horizon) in [("1 h", Some(HOUR)), ("1 d", Some(DAY)), ("7 d", Some(7 * DAY)), ("for ever", None)] {
            let total = bound(&world, stolen, horizon).total.atoms() as f64 / 1e12;
            let (best, how) = best(&took, stolen, time(&world, stolen, horizon));
            let row = format!("| {name} | {span} | {:.2} M | {how} | {total:.2} M |", best as f64 / 1e12);
            println!("{row}");
            missing += usize::from(!page.contains(&row));
        }
    }
    assert_eq!(missing, 0, "docs/max-loss.md has other rows");
}

//
#[test]
fn the_same_holds_where_all_six_procedures_are_approved() {
    assert_eq!(ensure_a_third(ALL_SIX, &took(ALL_SIX)), 52, "bounds of 0 among 256");
}

//
#[test]
fn a_council_that_settles_at_the_true_price_keeps_the_premium_of_the_skew_and_no_more() {
    const WIND_DOWN: &[&str] = &["orderly-wind-down"];
    let world = one_sided(WIND_DOWN);
    // 60,000 * 120^2 / (2 * 50,000)
    let (early, late) = (bound(&world, COUNCIL, Some(2 * HOUR)), bound(&world, COUNCIL, Some(DAY)));
    assert_eq!((early.total, late.total, late.leaves), (Amount::ZERO, usd(8_640), usd(8_640)));
    assert_eq!(bound(&one_sided(CRASH), COUNCIL, Some(DAY)).forced, usd(20_000), "nobody settles there");
    let taken = judged(world, COUNCIL, DAY, |world, seconds| {
        settlement::at_the_true_price(world, seconds);
        // Who was alone in the market was paid the mark.
        assert_eq!(world.position_size("alice", BTC), size("0"));
    });
    println!("settled at the true price: {}, bound {}", units(taken), late.total);
    // The premium but for the fee of her orders, 0.05 % of 7,200,000.
    let gain = units(taken);
    assert!((5_030..=5_040).contains(&gain) && 3 * taken >= late.total.atoms() as i128, "{gain}");
    // Once it is settled there is nothing left to keep.
    let mut world = one_sided(WIND_DOWN);
    settlement::at_the_true_price(&mut world, DAY);
    assert_eq!(bound(&world, COUNCIL, Some(DAY)).total, Amount::ZERO);
}

//
#[test]
fn feeders_whose_signal_settles_the_vault_take_a_third_of_their_bound_and_no_more_than_it() {
    let mut world = scene();
    let signals = world.template(BTC, "price-crash").signals;
    let playbook = world.template(BTC, "orderly-wind-down");
    world.approve(vec![firebreak_messages::guardian::Playbook { signals, council: false, ..playbook }]).done();
    world.refresh().done();
    let world = trading(world);
    // Without the feeders' keys nobody starts it; with them vesting is in the way only as long as its notice lasts.
    assert_eq!(bound(&world, COUNCIL, Some(DAY)).total, Amount::ZERO);
    let (early, late) = (bound(&world, FEEDERS, Some(2 * HOUR)), bound(&world, FEEDERS, Some(4 * HOUR)));
    assert!(early.leaves < late.leaves && late.taken >= usd(10_000_000), "{early:?} {late:?}");
    let taken = judged(world, FEEDERS, 4 * HOUR, settlement::by_a_signal);
    println!("settled by a signal: {}, bound {}", units(taken), late.total);
    assert!(3 * taken >= late.total.atoms() as i128, "{taken}");
}

/// For ever: until somebody has voted, and without an end where nobody can.
fn time(world: &World, stolen: Stolen, horizon: Option<u64>) -> u64 {
    let repaired = world.setup().delays.roles + REACTION_SECONDS;
    horizon.unwrap_or(if stolen.cancellers { u64::MAX } else { repaired })
}

//
#[test]
fn no_single_role_takes_everything() {
    let single =
        |count: usize| all_sets().filter(move |set| all_sets().filter(|one| is_part(*one, *set)).count() == count);
    assert_eq!(single(2).count(), 6);
    for playbooks in [CRASH, ALL_SIX] {
        let world = trading(approved(playbooks));
        for stolen in single(2) {
            for horizon in [Some(HOUR), Some(DAY), Some(7 * DAY), None] {
                let found = bound(&world, stolen, horizon);
                println!("{playbooks:?} {stolen:?} {horizon:?}: {} of {}", found.total, found.value);
                assert!(found.total < found.value, "{playbooks:?} {stolen:?} {horizon:?}");
            }
        }
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
    thieves::buy_the_pool(&mut world, stake, truth);
    let taken = thieves::shares_of_the_pool(&world, stake);
    println!("feeders as providers: {:.0}, bound of the pool {}", taken / 1e6, found.taken.atoms() / 1_000_000);
    // More than what would vest of the whole pool within the time.
    let cash = world.pool().pool.cash.atoms() as f64;
    assert!(taken > cash * 0.7 * horizon as f64 / (7 * DAY) as f64, "{taken}");
    assert!(taken <= found.taken.atoms() as f64 && world.now() <= begun + horizon);
    let shares = world.provider("mallory").shares;
    let asked = world.request_withdrawal("mallory", shares);
    assert!(asked.is_done());
}

//
#[test]
fn what_a_councils_playbook_configures_counts_when_it_could_force_a_loss() {
    let mut world = scene();
    let mut playbook = world.template(BTC, "price-crash");
    world.approve(vec![playbook.clone()]).done();
    let harmless = bound(&world, COUNCIL, Some(DAY));
    assert_eq!((harmless.total, harmless.leaves), (usd(20_000), Amount::ZERO));
    // In force, with caps at half: the run of now is still harmless, and so is the undo, which gives them back.
    world.refresh().done();
    world.run_playbook("price-crash").done();
    assert_eq!(bound(&world, COUNCIL, Some(DAY)).total, harmless.total);
    // One figure of the same step that takes from positions: all collateral.
    let Step::Call { msg, .. } = &mut playbook.steps[1] else { panic!("{:?}", playbook.steps) };
    let VaultMsg::ConfigureMarket { market, mut config } = from_json(&*msg).unwrap() else { panic!("{msg}") };
    config.liquidation.penalty_ratio = ratio("0.02");
    *msg = to_json_binary(&VaultMsg::ConfigureMarket { market, config }).unwrap();
    world.approve(vec![playbook]).done();
    let harmful = bound(&world, COUNCIL, Some(DAY));
    assert!(harmful.total > usd(6_600_000) && harmful.leaves == Amount::ZERO, "{harmful:?}");
    // What the timelock has configured since is not the playbook's to say any more.
    let config = world.market(BTC).config;
    let market = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    world.govern(vec![market]).done();
    assert_eq!(bound(&world, COUNCIL, Some(DAY)).total, harmless.total);
    // Nor anything when its approval has ended.
    world.advance(200 * DAY);
    assert_eq!(bound(&world, COUNCIL, Some(DAY)).total, Amount::ZERO);
}

//
#[test]
fn who_has_only_to_accept_counts_as_one_who_has() {
    let mut world = scene();
    let sentinels = Stolen { sentinels: true, ..NONE };
    let exit = |world: &World| bound(world, sentinels, Some(DAY)).provider_exit_seconds;
    let cool_down = exit(&world);
    let step = Tightening { scope: Scope::All, level: Level::ReduceOnly, duration_seconds: HOUR };
    let set = |world: &World, name: &str| {
        let sentinel = Sentinel { address: world.address(name).into(), step: step.clone() };
        world.call(Code::Guardian, &ExecuteMsg::SetSentinel(sentinel))
    };
    let calls = ["one", "two", "three"].map(|name| set(&world, name)).to_vec();
    world.govern(calls).done();
    // One behind the other, the first when the cool-down is about to end.
    assert_eq!((cool_down, exit(&world)), (HOUR, (1 + 3) * HOUR));
    world.send("one", Code::Guardian, &ExecuteMsg::AcceptSentinel(step.clone()), Amount::ZERO).done();
    assert_eq!(exit(&world), (1 + 3) * HOUR);
    // A council without seconds, and one that has them and may take over at any time.
    let frozen = |world: &World| bound(world, COUNCIL, Some(DAY)).frozen_seconds;
    let (before, config) = (frozen(&world), world.council().config);
    let none = CouncilConfig { frozen_seconds_max: 0, restriction_seconds_max: 0, ..config.clone() };
    let group = world.another_group(&["new-0", "new-1"], true).to_string();
    let calls = |world: &World, council| vec![world.call(Code::Guardian, &ExecuteMsg::SetCouncil { council })];
    world.govern(calls(&world, none)).done();
    assert!(before > 0 && frozen(&world) == 0, "{before}");
    world.govern(calls(&world, CouncilConfig { group, ..config })).done();
    assert_eq!(frozen(&world), before);
    // Who has not accepted in time cannot any more.
    world.advance(30 * DAY);
    // The one who did may still step when a cool-down is about to end.
    assert_eq!((exit(&world), frozen(&world)), (cool_down + HOUR, 0));
}

//
#[test]
fn proposers_alone_take_nothing_while_one_canceller_is_honest_and_with_the_cancellers_everything_a_day_later() {
    let world = scene();
    let proposers = Stolen { proposers: true, ..NONE };
    for horizon in [Some(HOUR), Some(DAY), Some(7 * DAY), None] {
        for stolen in [NONE, proposers, Stolen { cancellers: true, ..NONE }, Stolen { sentinels: true, ..NONE }] {
            assert_eq!(bound(&world, stolen, horizon).total, Amount::ZERO, "{stolen:?}");
        }
    }
    assert_eq!(bound(&world, TIMELOCK, Some(HOUR)).total, Amount::ZERO);
    // An hour's notice is enough for the fund's window, the one before and the one that is open.
    for seconds in [HOUR + 1, DAY] {
        let found = bound(&world, TIMELOCK, Some(seconds));
        let first_loss = world.insurance().first_loss.atoms();
        assert_eq!(found.total.atoms(), first_loss / 100 * 36);
        assert_eq!((found.forced, found.leaves), (found.total, Amount::ZERO));
    }
    let found = bound(&world, TIMELOCK, Some(DAY + 1));
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    //
    #[test]
    fn no_random_thief_takes_more(moves in proptest::collection::vec((any::<u8>(), any::<u8>()), 1..30)) {
        judged(trading(scene()), FEEDERS, HOUR, |world, _| thieves::random(world, &moves));
    }
}
