//! `firebreak replay`.

use super::VIOLATED;
use crate::error::InputError;
use crate::figures::{Comparison, Runs};
use crate::parameters::{Parameters, TRADERS_MAX};
use crate::prices::{read_file, Series};
use crate::replay::{self, Plan, Run};
use crate::report::{json, Finished};
use crate::scenarios::Scenario;
use clap::ValueEnum;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct ReplayArgs {
    /// A built-in scenario: black-thursday (the default) or gap-stress. May be repeated; scenarios run before files.
    #[arg(long = "scenario", value_name = "NAME")]
    pub scenarios: Vec<String>,
    /// A price file: CSV with the header ts_ms,open,high,low,close,volume. May be repeated.
    #[arg(long = "prices", value_name = "FILE")]
    pub prices: Vec<PathBuf>,
    /// What the market is called.
    #[arg(long, value_name = "NAME", default_value = "BTC")]
    pub market: String,
    /// Which runs: with the breaker's rules, without them, or both side by side.
    #[arg(long, value_enum, default_value_t = Protection::Both)]
    pub protection: Protection,
    /// Decides everything that is drawn: agents, and prices between the figures of a built-in table.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Number of traders; that of agents.toml by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(TRADERS_MAX)))]
    pub traders: Option<u32>,
    /// Writes the figures: one object for one scenario or file, a list for several.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protection {
    Both,
    On,
    Off,
}

pub fn run(args: &ReplayArgs) -> Result<ExitCode, InputError> {
    // Everything that can be wrong is found before the first run begins.
    check_market(&args.market)?;
    let parameters = Parameters::committed()?;
    let inputs = inputs(args)?;
    let output = args.json.as_ref().map(open).transpose()?;

    let mut finished = vec![];
    for (series, slow_keepers) in &inputs {
        let plan = Plan {
            series,
            parameters: &parameters,
            market: &args.market,
            protected: true,
            slow_keepers: *slow_keepers,
            seed: args.seed,
            traders: args.traders.unwrap_or(parameters.run.traders),
        };
        let one = both(&plan, args.protection)?;
        println!("{}", one.page());
        finished.push(one);
    }
    if let (Some(mut file), Some(path)) = (output, &args.json) {
        let unwritable = |cause: String| InputError::Unwritable { path: path.display().to_string(), cause };
        let text = json(&finished).map_err(|error| unwritable(error.to_string()))?;
        writeln!(file, "{text}").map_err(|error| unwritable(error.to_string()))?;
    }
    let violations: Vec<&String> = finished.iter().flat_map(Finished::violations).collect();
    for violation in &violations {
        eprintln!("violated: {violation}");
    }
    Ok(if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) })
}

/// Each series with whether its keepers are slow; black-thursday when nothing is asked for.
fn inputs(args: &ReplayArgs) -> Result<Vec<(Series, bool)>, InputError> {
    let mut inputs = vec![];
    for name in &args.scenarios {
        let scenario: Scenario = name.parse()?;
        inputs.push((scenario.series(args.seed), scenario.has_slow_keepers()));
    }
    for path in &args.prices {
        inputs.push((read_file(path)?, false));
    }
    if inputs.is_empty() {
        inputs.push((Scenario::BlackThursday.series(args.seed), false));
    }
    Ok(inputs)
}

/// The runs that were asked for, side by side on two threads: each has a chain of its own.
fn both(plan: &Plan<'_>, protection: Protection) -> Result<Finished, InputError> {
    let bars = plan.series.bars.len() as u64;
    let progress = MultiProgress::new();
    let start = |protected: bool| {
        let wanted = match protection {
            Protection::Both => true,
            Protection::On => protected,
            Protection::Off => !protected,
        };
        wanted.then(|| (Plan { protected, ..*plan }, progress.add(bar(bars, protected))))
    };
    let (protected, unprotected) = (start(true), start(false));
    let run = |job: Option<(Plan<'_>, ProgressBar)>| -> Result<Option<Run>, InputError> {
        let Some((plan, bar)) = job else { return Ok(None) };
        let result = replay::run(&plan, |done| bar.set_position(done));
        bar.finish_and_clear();
        result.map(Some)
    };
    let (protected, unprotected) = std::thread::scope(|scope| {
        let other = scope.spawn(|| run(unprotected));
        let one = run(protected);
        (one, other.join())
    });
    let protected = protected?;
    let unprotected = match unprotected {
        Ok(result) => result?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    let figures = |run: &Option<Run>| run.as_ref().map(|run| run.figures.clone());
    let comparison = Comparison {
        scenario: plan.series.name.clone(),
        bars,
        seconds: plan.series.seconds(),
        seed: plan.seed,
        runs: Runs { protected: figures(&protected), unprotected: figures(&unprotected) },
    };
    Ok(Finished { comparison, protected, unprotected })
}

fn bar(bars: u64, protected: bool) -> ProgressBar {
    let name = if protected { "protected" } else { "unprotected" };
    let template = "{prefix:>11} {wide_bar} {pos}/{len} bars, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(bars).with_prefix(name).with_style(style)
}

fn check_market(name: &str) -> Result<(), InputError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-./".contains(letter);
    if (1..=28).contains(&name.len()) && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(InputError::MarketName { found: name.chars().take(64).collect() })
}

/// Opened before the run: a path that cannot be written should not cost an hour.
fn open(path: &PathBuf) -> Result<File, InputError> {
    File::create(path)
        .map_err(|error| InputError::Unwritable { path: path.display().to_string(), cause: error.to_string() })
}
