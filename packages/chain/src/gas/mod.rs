//! Gas on a real chain: every message that somebody pays for, as whole transactions, unpinned and pinned.
//!
//! Needs the local chain of `scripts/localnet` with a clock that stands still, so that every figure is the same again: gas
//! depends on the digits of sizes, times and sequence numbers, and on nothing else of a run.

mod actors;
mod bench;
pub mod budget;
mod error;
mod floor;
mod growth;
mod liquidity;
mod losses;
mod node;
mod procedure;
mod row;
mod signed;
mod snapshot;
mod suite;
mod trading;

pub use error::GasError;
pub use floor::EMPTY_EXECUTE;
pub use growth::{not_flat, Growth};
pub use row::{Payer, Row};
pub use snapshot::{Findings, Snapshot, TOLERANCE_PER_MILLE};

use crate::deploy::Config;
use crate::Localnet;
use bench::Bench;
use row::Sample;

/// Figures, and which node they are from.
#[derive(Debug, Clone)]
pub struct Run<T> {
    pub node: String,
    pub figures: T,
}

/// Measures every message twice, each time on suites of its own: with codes that are not pinned, then pinned. The codes are
/// unpinned again at the end.
///
/// Errors: [`GasError`]; a step that does not do what it is measured for is one.
pub fn measure(config: &Config, progress: &mut dyn FnMut(&str)) -> Result<Run<Vec<Row>>, GasError> {
    progress("storing codes");
    let mut bench = Bench::new(Localnet::from_env()?, config.clone(), losses::TRADERS)?;
    let node = node::version(&bench.net.client)?;
    let codes = bench.codes.all();
    let unpinned = pass(&mut bench, "unpinned", progress)?;
    progress("pinning codes");
    bench.net.pin(&codes, true)?;
    bench.fresh()?;
    let pinned = pass(&mut bench, "pinned", progress)?;
    bench.net.pin(&codes, false)?;
    let figures = unpinned.into_iter().zip(pinned).map(joined).collect::<Result<_, _>>()?;
    Ok(Run { node, figures })
}

fn joined((unpinned, pinned): (Sample, Sample)) -> Result<Row, GasError> {
    if unpinned.message != pinned.message {
        return Err(GasError::step(unpinned.message, format!("the pinned pass measured {}", pinned.message)));
    }
    let Sample { message, payer, gas } = unpinned;
    Ok(Row { message, payer, unpinned: gas, pinned: pinned.gas })
}

/// One of each message, on the bench's fresh suite and three more.
fn pass(bench: &mut Bench, what: &str, progress: &mut dyn FnMut(&str)) -> Result<Vec<Sample>, GasError> {
    let (stored, bootstrapped) = (bench.stored, bench.bootstrapped);
    let mut say = |part: &str| progress(&format!("{what}: {part}"));
    say("the floor");
    floor::measure(bench)?;
    bench.note("store the five codes", Payer::Deployer, stored);
    bench.note("bootstrap of two markets", Payer::Deployer, bootstrapped);
    say("trading");
    trading::measure(bench)?;
    say("liquidity");
    liquidity::measure(bench)?;
    bench.fresh()?;
    say("losses");
    losses::measure(bench)?;
    bench.fresh()?;
    say("council and timelock");
    procedure::council(bench)?;
    bench.fresh()?;
    procedure::timelock(bench)?;
    say("a dead breaker");
    procedure::dead_breaker(bench)?;
    say("signed rounds");
    signed::measure(bench)?;
    Ok(std::mem::take(&mut bench.samples))
}

/// What messages cost at each of these numbers of open positions, each on a suite of its own.
///
/// Errors: as [`measure`].
pub fn grow(config: &Config, positions: &[u32], progress: &mut dyn FnMut(&str)) -> Result<Run<Growth>, GasError> {
    progress("storing codes");
    let mut bench = Bench::new(Localnet::from_env()?, config.clone(), 0)?;
    let node = node::version(&bench.net.client)?;
    let mut figures = Growth::new();
    for count in positions {
        growth::measure(&mut bench, *count as usize, &mut figures, progress)?;
    }
    Ok(Run { node, figures })
}
