//! Collateral and orders of traders, and the keepers who fill them.

use super::actors::trader;
use super::bench::{execute, fact, place, price, size, Bench, To, BTC, ETH};
use super::error::GasError;
use super::row::Payer::{Keeper, Trader};
use crate::Tx;
use firebreak_messages::derivatives_vault::{
    CancelRequested, CollateralAdded, CollateralWithdrawn, DropReason, ExecuteMsg, FeesSwept, OrderDropped,
    OrderFilled, OrderPlaced, BATCH_MAX,
};
use firebreak_risk::Amount;

const ADD: ExecuteMsg = ExecuteMsg::AddCollateral { account: None, subaccount: 0 };

pub(super) fn measure(bench: &mut Bench) -> Result<(), GasError> {
    collateral(bench)?;
    batch_of_ten(bench)?;
    one_order(bench)?;
    close(bench)?;
    sums(bench);
    let withdraw = ExecuteMsg::WithdrawCollateral { subaccount: 0, amount: Amount::from_units(1_000) };
    bench.measure::<CollateralWithdrawn>(
        "withdraw collateral",
        Trader,
        ("alice", To::Vault, Amount::ZERO),
        &withdraw,
    )?;
    let sweep = ("keeper", To::Vault, Amount::ZERO);
    bench.measure::<FeesSwept>("sweep fees to the fund", Keeper, sweep, &ExecuteMsg::SweepFees {})?;
    Ok(())
}

fn collateral(bench: &mut Bench) -> Result<(), GasError> {
    let coins = ("alice", To::Vault, Amount::from_units(20_000));
    bench.measure::<CollateralAdded>("add collateral, new account", Trader, coins, &ADD)?;
    bench.measure::<CollateralAdded>("add collateral", Trader, coins, &ADD)?;
    Ok(())
}

/// Ten accounts that open a first position each.
fn batch_of_ten(bench: &mut Bench) -> Result<(), GasError> {
    for number in 0..10 {
        let order = place(BTC, size(if number % 2 == 0 { "0.5" } else { "-0.5" })?, false)?;
        let tx = bench.act(&trader(number), To::Vault, &order, Amount::from_units(20_000))?;
        fact::<OrderPlaced>("open", &tx)?;
        if number == 9 {
            bench.note("place an order with funds, new account", Trader, tx.gas_used);
        }
    }
    bench.mature(&[(BTC, price("60000")?)])?;
    let tx = bench.act("keeper", To::Vault, &execute(BTC, BATCH_MAX), Amount::ZERO)?;
    ten(bench, "open", &tx)?;
    // A second market with open interest, so that the pool is valued at two prices.
    let orders = [("0.5", 0), ("-0.4", 1)];
    let orders = orders.map(|(amount, number)| Ok((trader(number), size(amount)?, Amount::ZERO)));
    let orders = orders.into_iter().collect::<Result<Vec<_>, GasError>>()?;
    bench.open(&orders, ETH, price("3000")?)
}

/// A batch of ten, as a whole and for each of its orders.
fn ten(bench: &mut Bench, what: &str, tx: &Tx) -> Result<(), GasError> {
    let filled = tx.facts::<OrderFilled>().len();
    if filled != 10 {
        return Err(GasError::step("execute ten", format!("{filled} orders were filled")));
    }
    bench.note(&format!("execute ten orders that {what}"), Keeper, tx.gas_used);
    bench.note(&format!("execute ten orders that {what}, each"), Keeper, tx.gas_used / 10);
    Ok(())
}

fn one_order(bench: &mut Bench) -> Result<(), GasError> {
    let order = place(BTC, size("0.5")?, false)?;
    let nothing = ("alice", To::Vault, Amount::ZERO);
    bench.measure::<OrderPlaced>("place an order without funds", Trader, nothing, &order)?;
    bench.mature(&[(BTC, price("60000")?)])?;
    let keeper = ("keeper", To::Vault, Amount::ZERO);
    bench.measure::<OrderFilled>("execute one order", Keeper, keeper, &execute(BTC, 1))?;
    let coins = ("alice", To::Vault, Amount::from_units(1_000));
    let placed: OrderPlaced = bench.measure("place an order with funds", Trader, coins, &order)?;
    let cancel = ExecuteMsg::CancelOrder { order: placed.order };
    bench.measure::<CancelRequested>("cancel an order", Trader, nothing, &cancel)?;
    bench.mature(&[(BTC, price("60000")?)])?;
    let dropped: OrderDropped = bench.measure("execute one order, canceled", Keeper, keeper, &execute(BTC, 1))?;
    if dropped.reason != DropReason::Canceled {
        return Err(GasError::step("cancel", dropped.reason));
    }
    Ok(())
}

/// Positions are closed altogether: one alone, then ten in a batch.
fn close(bench: &mut Bench) -> Result<(), GasError> {
    let order = place(BTC, size("-0.5")?, true)?;
    bench.measure::<OrderPlaced>("place a reduce order", Trader, ("alice", To::Vault, Amount::ZERO), &order)?;
    bench.mature(&[(BTC, price("60000")?)])?;
    let filled: OrderFilled = bench.measure(
        "execute one order, a full close",
        Keeper,
        ("keeper", To::Vault, Amount::ZERO),
        &execute(BTC, 1),
    )?;
    if !filled.size_after.is_zero() {
        return Err(GasError::step("close", filled.size_after));
    }
    for number in 0..10 {
        let order = place(BTC, size(if number % 2 == 0 { "-0.5" } else { "0.5" })?, true)?;
        fact::<OrderPlaced>("close", &bench.act(&trader(number), To::Vault, &order, Amount::ZERO)?)?;
    }
    bench.mature(&[(BTC, price("60000")?)])?;
    let tx = bench.act("keeper", To::Vault, &execute(BTC, BATCH_MAX), Amount::ZERO)?;
    ten(bench, "close", &tx)?;
    Ok(())
}

/// What a trade costs from the wish to the position: the trader's message, and a tenth of a keeper's batch.
fn sums(bench: &mut Bench) {
    let gas = |bench: &Bench, message: &str| {
        bench.samples.iter().find(|sample| sample.message == message).map_or(0, |sample| sample.gas)
    };
    for (row, placed, executed) in [
        (
            "open: place with funds, one of ten executed",
            "place an order with funds",
            "execute ten orders that open, each",
        ),
        ("close: place, one of ten executed", "place a reduce order", "execute ten orders that close, each"),
    ] {
        let sum = gas(bench, placed) + gas(bench, executed);
        bench.note(row, Trader, sum);
    }
}
