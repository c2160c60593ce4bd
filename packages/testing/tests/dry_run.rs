//! The dry run: a change of parameters that would make somebody liquidatable at the unchanged price is refused, then
//! delayed. What happened elsewhere: on 2026-03-10 two parameters that belong together moved apart at a lending market, its
//! price came out 2.85 % low, and 34 accounts were liquidated although no market price had moved.

use firebreak_guardian::ContractError as GuardianError;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig};
use firebreak_messages::guardian::{
    Delays, ExecuteMsg, OperationExecuted, OperationFailed, OperationScheduled, OperationStatus, QueryMsg,
    WitnessesNamed, WitnessesResponse, DRY_RUN_ROOM_SECONDS, WITNESSES_MAX,
};
use firebreak_messages::AccountId;
use firebreak_risk::Amount;
use firebreak_testing::*;

/// Margins under which an account with this much collateral and one bitcoin is not healthy any more.
fn harsher(world: &World) -> MarketConfig {
    let mut config = world.market(BTC).config;
    config.margin.initial_margin_ratio = ratio("0.2");
    config.margin.maintenance_scalar = ratio("0.9");
    config
}

fn witness(world: &mut World, operation: u64, accounts: Vec<AccountId>) -> Attempt {
    world.send("keeper", Code::Guardian, &ExecuteMsg::Witness { operation, accounts }, Amount::ZERO)
}

//
#[test]
fn a_change_that_would_liquidate_a_witness_fails_and_runs_a_day_later() {
    let mut world = World::builder().trader("alice", usd(6_000)).trader("bob", usd(40_000)).build();
    world.open("alice", BTC, size("1")).done();
    world.open("bob", BTC, size("-1")).done();
    let (before, config) = (world.market(BTC).config, harsher(&world));
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: config.clone() });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    let (alice, bob) = (world.account_id("alice"), world.account_id("bob"));
    let named = witness(&mut world, operation, vec![bob.clone(), alice.clone()]).fact::<WitnessesNamed>();
    assert_eq!(named, WitnessesNamed { operation, kept: 2 });
    let kept: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
    assert_eq!(kept.witnesses.into_iter().map(|witness| witness.account).collect::<Vec<_>>(), [alice, bob]);

    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationFailed>();
    assert_eq!(world.operation(operation).status, OperationStatus::Failed);
    assert_eq!(world.market(BTC).config, before);
    assert!(!world.account("alice").liquidatable);

    // Alice adds what it takes: then nobody is harmed, and the same operation runs.
    world.fund("alice", usd(20_000));
    world.add_collateral("alice", usd(20_000)).done();
    world.execute_operation(operation).fact::<OperationExecuted>();
    assert_eq!(world.market(BTC).config, config);
    assert!(!world.account("alice").liquidatable && !world.account("bob").liquidatable);
}

//
#[test]
fn what_is_configured_and_how_an_account_stands_are_asked_once() {
    let mut world = World::builder().trader("alice", usd(6_000)).trader("bob", usd(40_000)).build();
    world.open("alice", BTC, size("1")).done();
    world.open("bob", BTC, size("-1")).done();
    let asked = |outcome: &Outcome| (outcome.usage.calls_of(Code::Vault), outcome.usage.calls_of(Code::Insurance));
    // Not within one step and no tightening: compared as either.
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: harsher(&world) });
    let scheduled = world.schedule(vec![call]).done();
    assert_eq!(asked(&scheduled), (1, 0));
    // Each account, and for its weight the market that it is in.
    let accounts = vec![world.account_id("alice"), world.account_id("bob")];
    let named = witness(&mut world, scheduled.fact::<OperationScheduled>().operation, accounts).done();
    assert_eq!(asked(&named), (4, 0));
}

//
#[test]
fn an_account_on_the_edge_delays_and_does_not_veto() {
    let mut world = World::builder().trader("mallory", usd(6_000)).build();
    world.open("mallory", BTC, size("1")).done();
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: config.clone() });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    let mallory = world.account_id("mallory");
    witness(&mut world, operation, vec![mallory]).done();
    let free_at = scheduled.ready_at + world.setup().delays.roles;
    for at in [scheduled.ready_at, free_at - 1] {
        world.advance_to(at);
        world.refresh().done();
        if world.now() < free_at {
            world.execute_operation(operation).fact::<OperationFailed>();
        }
    }
    world.advance_to(free_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationExecuted>();
    assert_eq!(world.market(BTC).config, config);
}

// nobody is liquidatable while a price is invalid, and every change would pass then.
#[test]
fn a_change_fails_until_its_time_while_a_price_is_invalid() {
    // Seconds without a price, and alice's equity at the last one.
    for (silence, equity) in [(590, "5932550031"), (660, "5932544176")] {
        let mut world = World::builder().trader("alice", usd(6_000)).build();
        world.open("alice", BTC, size("1")).done();
        let (before, config) = (world.market(BTC).config, harsher(&world));
        let change = VaultMsg::ConfigureMarket { market: BTC, config: config.clone() };
        let call = world.call(Code::Vault, &change);
        let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
        let (operation, alice) = (scheduled.operation, world.account_id("alice"));
        witness(&mut world, operation, vec![alice.clone()]).done();
        world.advance_to(scheduled.ready_at);
        world.refresh().done();
        world.advance(silence);
        world.execute_operation(operation).fact::<OperationFailed>();
        assert_eq!((world.operation(operation).status, world.market(BTC).config), (OperationStatus::Failed, before));
        // And for this reason: what it does, and asks for as its last call.
        let (guardian, vault) = (world.addresses.guardian.clone(), world.addresses.derivatives_vault.clone());
        let check = ExecuteMsg::CheckWitnesses { accounts: vec![alice.clone()] };
        world.transact(&guardian, &guardian, &check, Amount::ZERO, Nature::Any).done();
        world.transact(&guardian, &vault, &change, Amount::ZERO, Nature::Any).done();
        let harmed = world.account("alice");
        let (found, owed) = (harmed.equity.to_string(), harmed.maintenance_margin.to_string());
        assert_eq!((&*found, &*owed, harmed.liquidatable), (equity, "10806080000", false));
        let short = GuardianError::MadeLiquidatable { account: alice };
        world.transact(&guardian, &guardian, &check, Amount::ZERO, Nature::Any).refused_with(short);
    }
}

//
#[test]
fn no_price_is_no_veto() {
    let mut world = World::builder().trader("alice", usd(6_000)).build();
    world.open("alice", BTC, size("1")).done();
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: config.clone() });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let (operation, alice) = (scheduled.operation, world.account_id("alice"));
    witness(&mut world, operation, vec![alice]).done();
    let free_at = scheduled.ready_at + world.setup().delays.roles;
    world.advance_to(free_at - 1);
    world.execute_operation(operation).fact::<OperationFailed>();
    world.advance_to(free_at);
    world.execute_operation(operation).fact::<OperationExecuted>();
    assert_eq!(world.market(BTC).config, config);
}

// a crowd that nothing happens to keeps nobody out, nor does a name that nobody has make the record long.
#[test]
fn who_has_no_position_in_the_market_takes_no_place() {
    let crowd: Vec<String> = (0..WITNESSES_MAX).map(|index| format!("crowd-{index}")).collect();
    let mut builder = World::builder().trader("alice", usd(6_000)).trader("idle", usd(450));
    for name in &crowd {
        builder = builder.trader(name, usd(450));
    }
    let mut world = builder.build();
    world.open("alice", BTC, size("1")).done();
    for name in &crowd {
        world.open(name, ETH, size("1")).done();
    }
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    let record = |world: &World| {
        let storage = world.storage(Code::Guardian);
        let all = storage.range(None, None, cosmwasm_std::Order::Ascending);
        let of = |key: &[u8]| key.windows(9).any(|part| part == b"witnesses");
        all.filter(|(key, _)| of(key)).map(|(_, value)| value.len()).collect::<Vec<_>>()
    };
    let kept = |world: &mut World, accounts| witness(world, operation, accounts).fact::<WitnessesNamed>().kept;
    let crowd: Vec<_> = crowd.iter().map(|name| world.account_id(name)).collect();
    assert_eq!(kept(&mut world, crowd), 0);
    let nobody = |index: u64| AccountId { owner: format!("{index}{}", "x".repeat(43_670)), subaccount: 0 };
    for index in 0..3 {
        assert_eq!(kept(&mut world, vec![nobody(index)]), 0);
    }
    let idle = world.account_id("idle");
    assert_eq!(kept(&mut world, vec![idle]), 0);
    assert_eq!(record(&world), [2]);
    let alice = world.account_id("alice");
    assert_eq!(kept(&mut world, vec![nobody(0), alice]), 1);
    assert_eq!(record(&world), [70]);
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationFailed>();
}

/// Whether alice is kept beside a crowd that is near its margin by ether and has this much of the market besides, which it closes once it is named
/// or keeps.
fn is_kept_beside_dust(of_market: &str, closes: bool) -> bool {
    let crowd: Vec<String> = (0..WITNESSES_MAX).map(|index| format!("dust-{index}")).collect();
    let mut builder = World::builder().trader("alice", usd(6_000));
    for name in &crowd {
        builder = builder.trader(name, usd(500));
    }
    let mut world = builder.build();
    world.open("alice", BTC, size("1")).done();
    for name in &crowd {
        world.open(name, ETH, size("1")).done();
        world.open(name, BTC, size(of_market)).done();
    }
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    for name in &crowd {
        // As near as it may.
        for amount in [100, 50, 20, 10, 5] {
            let _ = world.withdraw(name, usd(amount));
        }
    }
    let named = crowd.iter().map(|name| world.account_id(name)).collect();
    assert_eq!(witness(&mut world, operation, named).fact::<WitnessesNamed>().kept, WITNESSES_MAX as u64);
    if closes {
        for name in &crowd {
            world.close(name, BTC).done();
        }
    }
    let alice = world.account_id("alice");
    witness(&mut world, operation, vec![alice.clone()]).done();
    let kept: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationFailed>();
    kept.witnesses.iter().any(|one| one.account == alice)
}

// what counts is what the change may make grow, and not what else an account has.
#[test]
fn dust_in_the_market_keeps_nobody_out() {
    for of_market in ["0.001", "0.01"] {
        for closes in [false, true] {
            assert!(is_kept_beside_dust(of_market, closes), "{of_market} {closes}");
        }
    }
}

//
#[test]
fn an_account_on_the_edge_cannot_run_an_operation_out() {
    let mut world = World::builder().trader("mallory", usd(6_000)).build();
    world.open("mallory", BTC, size("1")).done();
    let (delays, start) = (world.setup().delays.clone(), world.now());
    // Meanwhile the delay of roles, by which the dry run gives way, is made as long as that of code, for which the operation waits.
    let longer = Delays { roles: delays.code, ..delays.clone() };
    let call = world.call(Code::Guardian, &ExecuteMsg::SetDelays { delays: longer });
    let slower = world.schedule(vec![call]).fact::<OperationScheduled>().operation;
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config: config.clone() });
    // Nobody's business, so of the slowest class.
    let sweep = world.call(Code::Vault, &VaultMsg::SweepFees {});
    let not_after = world.now() + delays.code + delays.roles + DRY_RUN_ROOM_SECONDS;
    let scheduled = world.schedule_until(vec![call, sweep], not_after).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    let mallory = world.account_id("mallory");
    witness(&mut world, operation, vec![mallory]).done();
    world.advance_to(start + delays.roles);
    world.execute_operation(slower).fact::<OperationExecuted>();
    for at in [scheduled.ready_at, not_after - DRY_RUN_ROOM_SECONDS - 60] {
        world.advance_to(at.max(world.now()));
        world.refresh().done();
        if world.now() < not_after - DRY_RUN_ROOM_SECONDS {
            world.execute_operation(operation).fact::<OperationFailed>();
        }
    }
    world.advance_to(not_after - DRY_RUN_ROOM_SECONDS);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationExecuted>();
    assert_eq!(world.market(BTC).config, config);
}

// dust that was near its liquidation when it was named is not in the way of who is near it now.
#[test]
fn the_worst_at_the_last_naming_are_kept() {
    let dust: Vec<String> = (0..WITNESSES_MAX).map(|index| format!("dust-{index}")).collect();
    let mut builder = World::builder().trader("alice", usd(800));
    for name in &dust {
        builder = builder.trader(name, usd(650));
    }
    let mut world = builder.build();
    for name in dust.iter().map(String::as_str).chain(["alice"]) {
        world.open(name, BTC, size("0.1")).done();
    }
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    let operation = world.schedule(vec![call]).fact::<OperationScheduled>().operation;
    let named: Vec<_> = dust.iter().map(|name| world.account_id(name)).collect();
    witness(&mut world, operation, named).done();
    for name in &dust {
        world.fund(name, usd(5_000));
        world.add_collateral(name, usd(5_000)).done();
    }
    let alice = world.account_id("alice");
    let kept = witness(&mut world, operation, vec![alice.clone()]).fact::<WitnessesNamed>().kept;
    assert_eq!(kept, WITNESSES_MAX as u64);
    let kept: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
    assert_eq!(kept.witnesses[0].account, alice);
}

// a moment at which a witness can be liquidated is nobody's chance to have it forgotten.
#[test]
fn a_witness_that_could_be_liquidated_for_a_moment_stays_one() {
    let mut world = World::builder().trader("alice", usd(6_000)).trader("bob", usd(40_000)).build();
    world.open("alice", BTC, size("1")).done();
    world.open("bob", BTC, size("-1")).done();
    let config = harsher(&world);
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    let operation = scheduled.operation;
    let (alice, bob) = (world.account_id("alice"), world.account_id("bob"));
    witness(&mut world, operation, vec![alice.clone()]).done();
    world.price(BTC, price("55000")).done();
    assert!(world.account("alice").liquidatable);
    let named = witness(&mut world, operation, vec![bob.clone()]).fact::<WitnessesNamed>();
    assert_eq!(named, WitnessesNamed { operation, kept: 2 });
    let kept: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
    assert_eq!(kept.witnesses.into_iter().map(|witness| witness.account).collect::<Vec<_>>(), [bob, alice]);
    world.price(BTC, price("60000")).done();
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    world.execute_operation(operation).fact::<OperationFailed>();
}

#[test]
fn witnesses_are_for_operations_that_configure_the_vault() {
    let mut world = World::builder().build();
    let mut rules = world.setup().guards[0].config.clone();
    rules.rules[0].window_seconds = 600;
    let call = world.call(
        Code::Breaker,
        &firebreak_messages::circuit_breaker::ExecuteMsg::SetMarket { market: BTC, config: rules },
    );
    let operation = world.schedule(vec![call]).fact::<OperationScheduled>().operation;
    let account = world.account_id("alice");
    witness(&mut world, operation, vec![account.clone()]).refused_with(GuardianError::NoWitnessNeeded { operation });
    let out =
        |found: &str| GuardianError::OutOfBounds { what: "accounts", wanted: "1 to 8".into(), found: found.into() };
    witness(&mut world, operation, vec![]).refused_with(out("0"));
    witness(&mut world, operation, vec![account.clone(); 9]).refused_with(out("9"));
    witness(&mut world, 99, vec![account]).refused_with(GuardianError::UnknownOperation { operation: 99 });
}
