//! Aave, 2026-03-10, 10,938 wstETH of 34 accounts: of two parameters that belong together one was limited in its steps and the other was
//! not; the price came out 2.85 % low, and accounts were liquidated although no market price had moved.
//!
//! Unprotected: the suite, and nobody names an account before the change. Protected: the same change while a keeper walks the vault's
//! accounts, as `firebreak keeper` does, and names the most strained ones: the dry run refuses it, and nobody is liquidated.

use firebreak_chain::keeper::{errands, Errand};
use firebreak_guardian::ContractError as GuardianError;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, PositionLiquidated};
use firebreak_messages::guardian::{
    ExecuteMsg, OperationExecuted, OperationFailed, OperationScheduled, QueryMsg, WitnessesResponse,
};
use firebreak_risk::Amount;
use firebreak_testing::*;
use std::collections::BTreeSet;

const ACCOUNTS: usize = 8;
/// Accounts with room, among which the keeper has to find the others; two pages of them.
const SAVERS: usize = 40;

fn names() -> Vec<String> {
    (0..ACCOUNTS).map(|index| format!("borrower-{index}")).collect()
}

/// Eight accounts with little room; then margins that are right for other figures than today's.
fn changed(kept: bool) -> (World, bool) {
    let mut world = World::builder().build();
    for index in 0..SAVERS {
        let name = format!("saver-{index}");
        world.add_collateral(&name, usd(6_000)).done();
        world.open(&name, BTC, size("0.1")).done();
    }
    for name in names() {
        world.add_collateral(&name, usd(6_000)).done();
        world.open(&name, BTC, size("1")).done();
    }
    let mut config = world.market(BTC).config;
    config.margin.initial_margin_ratio = ratio("0.2");
    config.margin.maintenance_scalar = ratio("0.9");
    let call = world.call(Code::Vault, &VaultMsg::ConfigureMarket { market: BTC, config });
    let scheduled = world.schedule(vec![call]).fact::<OperationScheduled>();
    if kept {
        let errands = errands(&world.querier(), world.addresses.guardian.as_str(), world.now()).unwrap();
        for Errand { msg, .. } in &errands {
            world.send("keeper", Code::Guardian, msg, Amount::ZERO).done();
        }
        let operation = scheduled.operation;
        let named: WitnessesResponse = world.query(Code::Guardian, &QueryMsg::Witnesses { operation });
        let named: BTreeSet<String> = named.witnesses.into_iter().map(|witness| witness.account.owner).collect();
        assert_eq!(named, names().iter().map(|name| world.address(name).to_string()).collect());
    }
    world.advance_to(scheduled.ready_at);
    world.refresh().done();
    let executed = world.execute_operation(scheduled.operation).done();
    assert_ne!(executed.has::<OperationExecuted>(), executed.has::<OperationFailed>());
    (world, executed.has::<OperationExecuted>())
}

/// Whom keepers liquidate at the unchanged price, and how much of them.
fn liquidated(world: &mut World) -> (usize, i128) {
    let (mut accounts, mut notional) = (0, 0);
    for name in names() {
        let attempt = world.liquidate(&name);
        if attempt.is_done() {
            let facts = attempt.facts::<PositionLiquidated>();
            accounts += usize::from(!facts.is_empty());
            notional += facts.iter().map(|fact| fact.notional.atoms() as i128).sum::<i128>();
        }
    }
    (accounts, notional)
}

#[test]
fn a_change_that_would_liquidate_at_an_unchanged_price_is_refused_by_the_dry_run() {
    //
    let (mut blind, executed) = changed(false);
    assert!(executed);
    let (accounts, notional) = liquidated(&mut blind);
    assert!(accounts == ACCOUNTS && notional > 0, "{accounts} {notional}");

    let (mut seen, executed) = changed(true);
    assert!(!executed);
    assert_eq!(liquidated(&mut seen), (0, 0));
    // Named too late, or of an operation that is none, is an error of its own.
    let account = seen.account_id("borrower-0");
    let msg = ExecuteMsg::Witness { operation: 99, accounts: vec![account] };
    seen.send("keeper", Code::Guardian, &msg, Amount::ZERO)
        .refused_with(GuardianError::UnknownOperation { operation: 99 });
    figures(
        "Aave 2026-03-10, parameters apart",
        &format!("{accounts} accounts liquidated, {} of notional", units(notional)),
        &format!(
            "the {ACCOUNTS} found among {} and named, change refused by the dry run, 0 liquidated",
            ACCOUNTS + SAVERS
        ),
    );
}
