//! A market falls: reports that trip, and liquidations.

use super::actors::trader;
use super::bench::{price, size, Bench, To, BTC, ETH};
use super::error::GasError;
use super::row::Payer::{Feeder, Keeper};
use firebreak_messages::circuit_breaker::RuleTripped;
use firebreak_messages::derivatives_vault::{
    AccountHealthy, CoverFailed, ExecuteMsg, LossBooked, Payer as LossPayer, PositionLiquidated,
};
use firebreak_messages::guardian::IncidentOpened;
use firebreak_messages::oracle::RoundPublished;
use firebreak_risk::{Amount, Price};

/// Batches of liquidations, and how many accounts they need.
const BATCHES: [usize; 4] = [1, 2, 5, 10];
pub(super) const TRADERS: usize = 40;

pub(super) fn measure(bench: &mut Bench) -> Result<(), GasError> {
    positions(bench)?;
    reports(bench)?;
    in_part(bench)?;
    with_cover(bench)
}

/// Accounts that are unhealthy 6 % lower and insolvent 20 % lower, and some on the other side.
fn positions(bench: &mut Bench) -> Result<(), GasError> {
    let mut orders = vec![];
    for number in 0..TRADERS {
        let (amount, collateral) = if number % 4 == 3 { ("-1", 20_000) } else { ("1", 4_800) };
        orders.push((trader(number), size(amount)?, Amount::from_units(collateral)));
    }
    bench.open(&orders, BTC, price("60000")?)
}

fn reports(bench: &mut Bench) -> Result<(), GasError> {
    let calm = price("60000")?;
    bench.net.advance(10)?;
    let report = bench.report(&[(BTC, calm)])?;
    let by = |feeder: &'static str| (feeder, To::Oracle, Amount::ZERO);
    let first = bench.act("feeder-0", To::Oracle, &report, Amount::ZERO)?;
    bench.note("report, first of three", Feeder, first.gas_used);
    let second = bench.act("feeder-1", To::Oracle, &report, Amount::ZERO)?;
    bench.note("report, second of three", Feeder, second.gas_used);
    bench.measure::<RoundPublished>("report that publishes, quiet", Feeder, by("feeder-2"), &report)?;
    let evaluate = bench.evaluate(BTC);
    let tx = bench.act("keeper", To::Breaker, &evaluate, Amount::ZERO)?;
    bench.note("evaluate, nothing new", Keeper, tx.gas_used);

    bench.net.advance(10)?;
    let both = [(BTC, calm), (ETH, price("3000")?)];
    bench.price_by_two(&both)?;
    let report = bench.report(&both)?;
    let tx = bench.act("feeder-2", To::Oracle, &report, Amount::ZERO)?;
    if tx.facts::<RoundPublished>().len() != 2 {
        return Err(GasError::step("report of two feeds", "it did not publish two rounds"));
    }
    bench.note("report that publishes two feeds, quiet", Feeder, tx.gas_used);

    // 6 % within five minutes: both rules trip.
    bench.net.advance(10)?;
    let fallen = price("56400")?;
    bench.price_by_two(&[(BTC, fallen)])?;
    let report = bench.report(&[(BTC, fallen)])?;
    let tx = bench.act("feeder-2", To::Oracle, &report, Amount::ZERO)?;
    super::bench::fact::<RuleTripped>("trip", &tx)?;
    super::bench::fact::<IncidentOpened>("trip", &tx)?;
    bench.note("report that publishes and trips both rules", Feeder, tx.gas_used);

    bench.net.advance(10)?;
    bench.price_by_two(&[(BTC, fallen)])?;
    let report = bench.report(&[(BTC, fallen)])?;
    bench.measure::<RoundPublished>("report that publishes, market restricted", Feeder, by("feeder-2"), &report)?;
    Ok(())
}

/// The next accounts on the long side.
struct Longs(Box<dyn Iterator<Item = usize>>);

impl Longs {
    fn new() -> Self {
        Self(Box::new((0..TRADERS).filter(|number| number % 4 != 3)))
    }

    fn message(&mut self, bench: &Bench, count: usize) -> Result<ExecuteMsg, GasError> {
        let accounts = self.0.by_ref().take(count).map(|number| bench.account(&trader(number)));
        Ok(ExecuteMsg::Liquidate { accounts: accounts.collect::<Result<_, _>>()? })
    }
}

fn in_part(bench: &mut Bench) -> Result<(), GasError> {
    let mut longs = Longs::new();
    let mut totals = vec![];
    for count in BATCHES {
        let msg = longs.message(bench, count)?;
        let tx = bench.act("keeper", To::Vault, &msg, Amount::ZERO)?;
        let done = tx.facts::<PositionLiquidated>();
        if done.len() != count || done.iter().any(|fact| fact.size_after.is_zero()) || tx.has::<LossBooked>() {
            return Err(GasError::step("liquidate in part", format!("{done:?}")));
        }
        totals.push((count, tx.gas_used));
    }
    batches(bench, "liquidate in part", &totals);
    let healthy = Longs::new().message(bench, 1)?;
    let keeper = ("keeper", To::Vault, Amount::ZERO);
    bench.measure::<AccountHealthy>("liquidate, healthy", Keeper, keeper, &healthy)?;
    let healthy = Longs::new().message(bench, 2)?;
    let two = bench.act("keeper", To::Vault, &healthy, Amount::ZERO)?;
    let one = bench.samples.last().map_or(0, |sample| sample.gas);
    bench.note("liquidate, each further healthy account", Keeper, two.gas_used.saturating_sub(one));
    Ok(())
}

/// A gap through every stop: the fund covers.
fn with_cover(bench: &mut Bench) -> Result<(), GasError> {
    bench.net.advance(10)?;
    let gap: Price = price("46000")?;
    bench.price(&[(BTC, gap)])?;
    let mut longs = Longs::new();
    let mut totals = vec![];
    for count in BATCHES {
        let msg = longs.message(bench, count)?;
        let tx = bench.act("keeper", To::Vault, &msg, Amount::ZERO)?;
        let done = tx.facts::<PositionLiquidated>();
        let insured = tx.facts::<LossBooked>().iter().any(|fact| fact.payer == LossPayer::Insurance);
        if done.len() != count
            || done.iter().any(|fact| !fact.size_after.is_zero())
            || !insured
            || tx.has::<CoverFailed>()
        {
            return Err(GasError::step("liquidate with cover", format!("{done:?} {:?}", tx.facts::<LossBooked>())));
        }
        totals.push((count, tx.gas_used));
    }
    batches(bench, "liquidate with insurance cover", &totals);
    Ok(())
}

/// One account, ten, and what the worst step between batches says of a further one.
fn batches(bench: &mut Bench, name: &str, totals: &[(usize, u64)]) {
    for (count, gas) in totals {
        let name = if *count == 1 { name.to_string() } else { format!("{name}, {count} accounts") };
        bench.note(&name, Keeper, *gas);
    }
    let each = totals.windows(2).map(|pair| {
        let [(few, less), (many, more)] = [pair[0], pair[1]];
        more.saturating_sub(less) / (many - few) as u64
    });
    let worst = each.max().unwrap_or(0);
    bench.note(&format!("{name}, each further account"), Keeper, worst);
}
