//! What messages cost with many open positions: nothing more, since no message looks at anybody else's.

use super::actors::trader;
use super::bench::{execute, place, price, provide, size, Bench, To, BTC};
use super::error::GasError;
use super::row::Payer::{Feeder, Keeper, Provider, Trader};
use firebreak_messages::derivatives_vault::{
    CollateralAdded, ExecuteMsg, LiquidityProvided, OrderFilled, OrderPlaced, PositionLiquidated, BATCH_MAX,
};
use firebreak_messages::oracle::RoundPublished;
use firebreak_risk::Amount;
use std::collections::BTreeMap;

/// Gas by message and by number of open positions, unpinned.
pub type Growth = BTreeMap<String, BTreeMap<u64, u64>>;

/// Parts of a thousand by which a message may cost more with the most positions than with the fewest: sums have more digits.
const FLAT_PER_MILLE: u64 = 10;

/// Messages that cost more the more positions are open.
pub fn not_flat(growth: &Growth) -> Vec<String> {
    let mut lines = vec![];
    for (message, by_count) in growth {
        let (Some((few, less)), Some((many, more))) = (by_count.first_key_value(), by_count.last_key_value()) else {
            continue;
        };
        if less.abs_diff(*more) * 1_000 > less * FLAT_PER_MILLE {
            lines.push(format!("grows: {message}: {less} with {few} open positions, {more} with {many}"));
        }
    }
    lines
}

/// Submissions between two looks at how far the chain is.
const IN_FLIGHT: usize = 1_000;
/// Batches of orders that wait in the mempool at a time.
const BATCHES_IN_FLIGHT: usize = 40;

/// A fresh suite with so many positions of as many owners, then one of each message.
pub(super) fn measure(
    bench: &mut Bench,
    positions: usize,
    growth: &mut Growth,
    progress: &mut dyn FnMut(&str),
) -> Result<(), GasError> {
    bench.fresh()?;
    open(bench, positions, progress)?;
    progress(&format!("{positions} positions: measuring"));
    bench.settle_prices()?;
    bench.samples.clear();
    messages(bench)?;
    for sample in bench.samples.drain(..) {
        growth.entry(sample.message).or_default().insert(positions as u64, sample.gas);
    }
    Ok(())
}

/// Every trader opens 0.002 BTC with 50 units of collateral, one long, one short.
fn open(bench: &mut Bench, positions: usize, progress: &mut dyn FnMut(&str)) -> Result<(), GasError> {
    progress(&format!("{positions} positions: keys and coins"));
    bench.fund_traders(positions, Amount::from_units(1_000))?;
    let orders = [place(BTC, size("0.002")?, false)?, place(BTC, size("-0.002")?, false)?];
    let mut last = None;
    for number in 0..positions {
        if number % IN_FLIGHT == 0 {
            wait(bench, &last)?;
            progress(&format!("{positions} positions: {number} placed"));
        }
        last = Some(bench.submit(&trader(number), To::Vault, &orders[number % 2], Amount::from_units(50))?);
    }
    wait(bench, &last)?;
    bench.mature(&[(BTC, price("60000")?)])?;
    let keepers = ["keeper", "bob", "mallory", "treasury"];
    let batches: Vec<&str> = keepers.into_iter().cycle().take(positions.div_ceil(BATCH_MAX as usize)).collect();
    let mut filled = 0;
    for keepers in batches.chunks(BATCHES_IN_FLIGHT) {
        let submit = |keeper: &&str| bench.submit(keeper, To::Vault, &execute(BTC, BATCH_MAX), Amount::ZERO);
        for hash in keepers.iter().map(submit).collect::<Result<Vec<_>, _>>()? {
            filled += bench.net.client.committed(&hash)?.facts::<OrderFilled>().len();
        }
        progress(&format!("{positions} positions: {filled} filled"));
    }
    if filled == positions {
        return Ok(());
    }
    Err(GasError::step("open", format!("{filled} of {positions} orders were filled")))
}

fn wait(bench: &Bench, hash: &Option<String>) -> Result<(), GasError> {
    if let Some(hash) = hash {
        bench.net.client.committed(hash)?;
    }
    Ok(())
}

fn messages(bench: &mut Bench) -> Result<(), GasError> {
    const ADD: ExecuteMsg = ExecuteMsg::AddCollateral { account: None, subaccount: 0 };
    let calm = price("60000")?;
    let coins = ("alice", To::Vault, Amount::from_units(4_000));
    bench.act("alice", To::Vault, &ADD, Amount::from_units(800))?;
    bench.measure::<CollateralAdded>("add collateral", Trader, coins, &ADD)?;
    let alone = ("alice", To::Vault, Amount::ZERO);
    bench.measure::<OrderPlaced>("place an order", Trader, alone, &place(BTC, size("1")?, false)?)?;
    bench.net.advance(10)?;
    bench.price_by_two(&[(BTC, calm)])?;
    let report = bench.report(&[(BTC, calm)])?;
    bench.measure::<RoundPublished>(
        "report that publishes",
        Feeder,
        ("feeder-2", To::Oracle, Amount::ZERO),
        &report,
    )?;
    let keeper = ("keeper", To::Vault, Amount::ZERO);
    bench.measure::<OrderFilled>("execute one order", Keeper, keeper, &execute(BTC, 1))?;
    let liquidity = ("carol", To::Vault, Amount::from_units(1_000));
    bench.measure::<LiquidityProvided>("provide liquidity", Provider, liquidity, &provide())?;
    bench.net.advance(10)?;
    bench.price(&[(BTC, price("56400")?)])?;
    let liquidate = ExecuteMsg::Liquidate { accounts: vec![bench.account("alice")?] };
    let done: PositionLiquidated = bench.measure("liquidate in part", Keeper, keeper, &liquidate)?;
    if done.size_after.is_zero() {
        return Err(GasError::step("liquidate in part", "nothing is left"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_flat_within_a_hundredth() {
        let growth = |more: u64| {
            let by_count = BTreeMap::from([(1, 100_000), (100, 500_000), (10_000, more)]);
            not_flat(&Growth::from([("price".to_string(), by_count)]))
        };
        assert!(growth(100_000).is_empty());
        assert!(growth(101_000).is_empty());
        assert_eq!(growth(101_001), ["grows: price: 100000 with 1 open positions, 101001 with 10000"]);
        assert_eq!(growth(98_999).len(), 1);
    }
}
