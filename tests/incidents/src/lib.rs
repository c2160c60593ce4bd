//! Incidents of other venues, each re-enacted twice: once without the protection that answers it, once against the suite as it
//! ships. Both outcomes are asserted in figures; `docs/incidents.md` lists them.
//!
//! "Without the protection" is, in each file's header, one of: the suite with the protection's parameter at its weakest; the suite
//! with a seeded bug, written straight into its storage, which no message could; a small model of the mechanism that failed.

use firebreak_derivatives_vault::{state, ContractError};
use firebreak_messages::derivatives_vault::{ExecuteMsg, MarketConfig, OrderPlaced, BATCH_MAX};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Ratio, Size};
use firebreak_testing::{Attempt, Code, World};

/// Collateral out of an actor's own wallet; a World's own step would create the coins that are missing.
pub fn deposit(world: &mut World, name: &str, amount: Amount) -> Attempt {
    world.send(name, Code::Vault, &ExecuteMsg::AddCollateral { account: None, subaccount: 0 }, amount)
}

/// An order that takes any price within half of the last one.
pub fn place(world: &mut World, name: &str, market: MarketId, size: Size) -> Attempt {
    let bound = world.bound(market, size, Ratio::percent(50));
    world.place_bounded(name, market, size, bound, false)
}

/// The seeded bug of immediate execution: the order is made old enough for the price that is there already, and executed.
pub fn fill_at_once(world: &mut World, name: &str, market: MarketId, size: Size) -> Attempt {
    let placed = place(world, name, market, size);
    execute_at_once(world, name, placed)
}

/// The same for a reduce-only order, which needs no margin.
pub fn reduce_at_once(world: &mut World, name: &str, market: MarketId, size: Size) -> Attempt {
    let placed = world.place_reduce(name, market, size);
    execute_at_once(world, name, placed)
}

fn execute_at_once(world: &mut World, name: &str, placed: Attempt) -> Attempt {
    let id = placed.fact::<OrderPlaced>().order;
    let delay = world.setup().vault.order_delay_seconds;
    let mut storage = world.storage_mut(Code::Vault);
    let mut order = state::ORDERS.load(&*storage, id.key()).unwrap_or_else(|error| panic!("{error}"));
    order.placed_at -= delay + 600;
    order.placed_height = 0;
    order.placed_round -= 1;
    state::ORDERS.save(&mut *storage, id.key(), &order).unwrap_or_else(|error| panic!("{error}"));
    drop(storage);
    world.execute_by(name, id.market, BATCH_MAX)
}

/// Parameters that the vault's own validation would refuse.
pub fn seed_config(world: &mut World, market: MarketId, change: impl FnOnce(&mut MarketConfig)) {
    let mut storage = world.storage_mut(Code::Vault);
    let mut stored = state::MARKET_CONFIGS.load(&*storage, market.0).unwrap_or_else(|error| panic!("{error}"));
    change(&mut stored.config);
    // Without the ramp that a raised cap opens on.
    stored.ramp.from = stored.config.open_interest_max;
    state::MARKET_CONFIGS.save(&mut *storage, market.0, &stored).unwrap_or_else(|error| panic!("{error}"));
}

/// Takes out of an account whatever may leave it now. Returns what left, in atoms.
pub fn take_out_what_may_leave(world: &mut World, name: &str) -> i128 {
    let before = world.balance(name).atoms() as i128;
    let mut amount = world.account(name).cash.atoms();
    // Each refusal says how much is missing; prices stand still meanwhile.
    for _ in 0..8 {
        if amount <= 0 {
            break;
        }
        let refusal = match world.withdraw(name, Amount::from_atoms(amount as u128)).0 {
            Ok(_) => break,
            Err(refusal) => refusal,
        };
        amount = match refusal.error_as::<ContractError>() {
            Some(ContractError::MarginTooLow { wanted, found, .. }) => {
                amount - (wanted.atoms() as i128 - found.atoms())
            }
            _ => break,
        };
    }
    world.balance(name).atoms() as i128 - before
}

/// Wallets, and what the accounts hold in cash and in profit that has not vested, in atoms.
pub fn coins(world: &World, names: &[&str]) -> i128 {
    let of =
        |name: &&str| world.balance(name).atoms() as i128 + world.account(name).cash.positive_part().atoms() as i128;
    names.iter().map(of).sum()
}

/// Whole units of the settlement coin, cut off.
pub fn units(atoms: i128) -> i128 {
    atoms / 1_000_000
}

/// Prints a row of `docs/incidents.md`.
pub fn figures(incident: &str, unprotected: &str, protected: &str) {
    println!("| {incident} | {unprotected} | {protected} |");
}
