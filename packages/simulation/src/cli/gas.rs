//! `firebreak gas`: what each message costs on a real chain, against the committed figures.

mod table;

use super::VIOLATED;
use firebreak_chain::deploy::Config;
use firebreak_chain::gas::{self, GasError, Growth, Row, Snapshot};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[derive(Debug, clap::Args)]
pub struct GasArgs {
    /// The suite that is measured: parameters, markets and the folder of its wasm, with that of the tests in its folder
    /// `tests`. The chain is that of `scripts/localnet env`.
    #[arg(long, value_name = "FILE", default_value = "deploy/localnet.toml")]
    pub config: PathBuf,
    /// Another folder of wasm than the configuration's.
    #[arg(long, value_name = "DIR")]
    pub artifacts: Option<PathBuf>,
    /// The committed figures.
    #[arg(long, value_name = "FILE", default_value = "packages/chain/gas.snapshot.json")]
    pub snapshot: PathBuf,
    /// Writes the figures instead of comparing them. The causes of missed budgets are kept.
    #[arg(long)]
    pub update: bool,
    /// Instead of every message: a few of them beside so many open positions of as many owners, to show that none costs
    /// more for it. 10,000 positions take some minutes.
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=50_000))]
    pub accounts: Vec<u32>,
}

/// Exit code 1 on drift and on a missed budget without a known cause.
///
/// Errors: [`GasError`]; a step that does not do what it is measured for is one.
pub fn run(args: &GasArgs) -> Result<ExitCode, GasError> {
    // Read first: a snapshot that cannot be read is better known before ten minutes than after.
    let mut snapshot = match Snapshot::read(&args.snapshot) {
        Ok(snapshot) => snapshot,
        Err(_) if args.update && !args.snapshot.exists() => Snapshot::default(),
        Err(error) => return Err(error),
    };
    let mut config = Config::load(&args.config)?;
    if let Some(folder) = &args.artifacts {
        config.artifacts.folder.clone_from(folder);
    }
    let begin = Instant::now();
    let bar = spinner();
    let mut progress = |what: &str| bar.set_message(what.to_string());
    let measured = if args.accounts.is_empty() {
        gas::measure(&config, &mut progress).map(Measured::Rows)
    } else {
        gas::grow(&config, &args.accounts, &mut progress).map(Measured::Growth)
    };
    bar.finish_and_clear();
    let measured = measured?;
    println!("measured on {} in {} s", measured.node(), begin.elapsed().as_secs());
    let faults = match &measured {
        Measured::Rows(run) => rows(args, &mut snapshot, run),
        Measured::Growth(run) => growth(args, &mut snapshot, run),
    };
    for fault in &faults {
        eprintln!("{fault}");
    }
    if args.update {
        snapshot.node = measured.node().into();
        snapshot.write(&args.snapshot)?;
        println!("written to {}", args.snapshot.display());
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) })
}

enum Measured {
    Rows(gas::Run<Vec<Row>>),
    Growth(gas::Run<Growth>),
}

impl Measured {
    fn node(&self) -> &str {
        match self {
            Self::Rows(run) => &run.node,
            Self::Growth(run) => &run.node,
        }
    }
}

/// Prints the table; gives what is wrong.
fn rows(args: &GasArgs, snapshot: &mut Snapshot, run: &gas::Run<Vec<Row>>) -> Vec<String> {
    let rows = &run.figures;
    println!("{}", table::rows(rows, snapshot));
    for (message, cause) in &snapshot.known_excess {
        println!("over its budget: {message}: {cause}");
    }
    let findings = if args.update { snapshot.judge(rows) } else { snapshot.compare(rows) };
    if args.update {
        snapshot.rows.clone_from(rows);
    } else {
        let unequal = snapshot.unequal(rows);
        println!("{} of {} rows are equal to the committed ones to the unit", rows.len() - unequal, rows.len());
    }
    findings.lines()
}

fn growth(args: &GasArgs, snapshot: &mut Snapshot, run: &gas::Run<Growth>) -> Vec<String> {
    println!("{}", table::growth(&run.figures));
    let mut faults = gas::not_flat(&run.figures);
    if args.update {
        snapshot.growth.clone_from(&run.figures);
    } else {
        faults.extend(snapshot.compare_growth(&run.figures));
    }
    faults
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
