//! `firebreak calibrate`.

use super::VIOLATED;
use crate::breaker::price_rules;
use crate::calibrate::adversary::{attacks, AttackOutcome};
use crate::calibrate::bars::{attack_bars, delay_bars, false_alarm_bars, Bar, Verdict, SOON};
use crate::calibrate::delay::{cases, delays, DelayCell};
use crate::calibrate::{false_alarms, FalseAlarms, Model, Plan, BLOCKS_PER_TIER};
use crate::chart;
use crate::error::InputError;
use comfy_table::{presets::ASCII_MARKDOWN, CellAlignment, Table};
use firebreak_messages::circuit_breaker::GuardConfig;
use firebreak_risk::Ratio;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct CalibrateArgs {
    /// Blocks of each null model. A threshold is judged from 100 times its own length on: the year's needs 525,600,000.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000_000))]
    pub blocks: u64,
    /// Paths of each shift and of each attack.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub paths: u32,
    /// Decides everything that is drawn; the number of threads decides nothing.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Null models, by name; all by default. May be repeated.
    #[arg(long = "null", value_name = "NAME")]
    pub nulls: Vec<String>,
    /// Orders per block of the flow nulls.
    #[arg(long, value_name = "RATE", default_value_t = crate::calibrate::nulls::ORDERS_PER_BLOCK)]
    pub rate: f64,
    /// The market's maintenance margin, a ratio.
    #[arg(long, value_name = "RATIO", default_value = "0.025")]
    pub maintenance_margin: Ratio,
    /// Writes every figure as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draws false alarms and delays against the threshold, as SVG.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}

pub fn run(args: &CalibrateArgs) -> Result<ExitCode, InputError> {
    if !(args.rate > 0.0 && args.rate <= 1_000.0) {
        return Err(InputError::Option {
            name: "--rate",
            wanted: "above 0, at most 1000",
            found: args.rate.to_string(),
        });
    }
    let guard = guard(args.maintenance_margin)?;
    let models = models(&args.nulls)?;
    let mut csv = args.csv.as_deref().map(open_csv).transpose()?;
    let plan = Plan {
        blocks: args.blocks,
        paths: args.paths,
        seed: args.seed,
        rate: args.rate,
        models,
        params: guard.rule_set().detectors(),
    };
    let millions = plan.blocks as f64 * plan.models.len() as f64 / 1e6;
    let progress =
        bar((plan.blocks * plan.models.len() as u64).max(1), "{prefix:>12} {wide_bar} {percent} %, {eta} left");
    progress.set_prefix("null models");
    let started = std::time::Instant::now();
    let alarms = false_alarms(&plan, |blocks| progress.inc(blocks));
    progress.finish_and_clear();
    let null_seconds = started.elapsed().as_secs_f64();
    let progress = bar(cases().len() as u64, "{prefix:>12} {wide_bar} {pos}/{len} cases");
    progress.set_prefix("shifts");
    let delays = delays(&plan, |cases| progress.inc(cases));
    progress.finish_and_clear();
    let attacked = attacks(&guard, plan.seed, plan.paths.min(200));

    println!("{}", page(&plan, &alarms, &delays, &attacked));
    println!("{millions:.0} million blocks in {null_seconds:.1} s\n");
    let bars: Vec<Bar> =
        false_alarm_bars(&alarms).into_iter().chain(delay_bars(&delays)).chain(attack_bars(&attacked)).collect();
    println!("{}", bars_table(&bars));
    if let (Some(writer), Some(path)) = (&mut csv, &args.csv) {
        write_csv(writer, &alarms, &delays, &attacked).map_err(|error| unwritable(path, &error.to_string()))?;
    }
    if let Some(path) = &args.chart {
        chart::calibration(path, &alarms, &delays).map_err(|error| unwritable(path, &error))?;
    }
    let missed = bars.iter().filter(|bar| bar.verdict == Verdict::Missed).count();
    let open = bars.iter().filter(|bar| bar.verdict == Verdict::NotJudged).count();
    println!("bars: {} met, {missed} missed, {open} not judged", bars.len() - missed - open);
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) })
}

/// The shipped rules that read prices, for a market of this maintenance margin; initial margin is twice that.
pub fn guard(maintenance_margin: Ratio) -> Result<GuardConfig, InputError> {
    if maintenance_margin.is_zero() || maintenance_margin >= Ratio::percent(50) {
        return Err(InputError::Option {
            name: "--maintenance-margin",
            wanted: "above 0, below 0.5",
            found: maintenance_margin.to_string(),
        });
    }
    Ok(price_rules(maintenance_margin))
}

fn models(names: &[String]) -> Result<Vec<Model>, InputError> {
    if names.is_empty() {
        return Ok(Model::ALL.to_vec());
    }
    let known = || Model::ALL.map(Model::name).join(", ");
    names
        .iter()
        .map(|name| {
            Model::ALL
                .into_iter()
                .find(|model| model.name() == name)
                .ok_or_else(|| InputError::UnknownNull { found: name.chars().take(64).collect(), known: known() })
        })
        .collect()
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

pub fn unwritable(path: &Path, cause: &str) -> InputError {
    InputError::Unwritable { path: path.display().to_string(), cause: cause.into() }
}

pub fn open_csv(path: &Path) -> Result<csv::Writer<std::fs::File>, InputError> {
    csv::Writer::from_path(path).map_err(|error| unwritable(path, &error.to_string()))
}

fn page(plan: &Plan, alarms: &[FalseAlarms], delays: &[DelayCell], attacked: &[AttackOutcome]) -> String {
    let mut page = format!(
        "False alarms: {} blocks of 6 s of each null model, seed {}.\n\
         A detector's mean time to a false alarm is at least its threshold while its assumption holds (docs/detection.md); GARCH and Hawkes models break\n\
         it for a while after each burst. An alarm resets the evidence and the market goes on. A tier is judged from {BLOCKS_PER_TIER} times its length on.\n\n",
        plan.blocks, plan.seed
    );
    page.push_str(&alarms_table(alarms).to_string());
    page.push_str(&format!(
        "\n\nDelays in blocks: {} paths each, from a market without evidence. The floor is Lorden's for a Gaussian or Poisson market.\n\n",
        plan.paths
    ));
    page.push_str(&delays_table(delays).to_string());
    page.push_str("\n\nAttacks: the largest move within any hour, in maintenance margins, worst path.\n\n");
    page.push_str(&attacks_table(attacked).to_string());
    page.push('\n');
    page
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(header);
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn alarms_table(alarms: &[FalseAlarms]) -> Table {
    let mut table =
        table(&["evidence", "null model", "tier", "nominal", "alarms", "mean time", "lower 95 %", "of nominal"]);
    for cell in alarms {
        let bound = cell.lower_bound();
        table.add_row([
            cell.channel.name().to_string(),
            cell.model.name().into(),
            cell.tier.into(),
            cell.threshold.to_string(),
            cell.alarms.to_string(),
            cell.mean_time().map_or("none".into(), |time| format!("{time:.0}")),
            format!("{bound:.0}"),
            format!("{:.2}{}", bound / cell.threshold as f64, if cell.is_judged() { "" } else { " (short)" }),
        ]);
    }
    table
}

fn delays_table(delays: &[DelayCell]) -> Table {
    let mut table = table(&["shift", "market", "tier", "median", "within 60", "floor", "median / floor"]);
    for cell in delays {
        let median = cell.delays.median();
        table.add_row([
            cell.shift.name(),
            cell.model.name().into(),
            cell.tier.into(),
            median.map_or("-".into(), |median| median.to_string()),
            format!("{:.1} %", 100.0 * cell.delays.share_within(SOON)),
            cell.floor.map_or("-".into(), |floor| format!("{floor:.1}")),
            match (median, cell.floor) {
                (Some(median), Some(floor)) => format!("{:.1}", f64::from(median) / floor),
                _ => "-".into(),
            },
        ]);
    }
    table
}

fn attacks_table(attacked: &[AttackOutcome]) -> Table {
    let mut table = table(&["attack", "before any action", "when it first acts", "before reduce-only"]);
    for outcome in attacked {
        table.add_row([
            outcome.attack.name(),
            format!("{:.2}", outcome.before_guarded),
            format!("{:.2}", outcome.at_first_action),
            format!("{:.2}", outcome.before_reduce_only),
        ]);
    }
    table
}

fn bars_table(bars: &[Bar]) -> Table {
    let mut table = table(&["bar", "wanted", "found", "verdict"]);
    for bar in bars {
        table.add_row([bar.name.as_str(), &bar.wanted, &bar.found, bar.verdict.name()]);
    }
    table
}

/// One table: what a row does not have is empty.
fn write_csv(
    writer: &mut csv::Writer<std::fs::File>,
    alarms: &[FalseAlarms],
    delays: &[DelayCell],
    attacked: &[AttackOutcome],
) -> Result<(), csv::Error> {
    writer.write_record([
        "kind",
        "subject",
        "evidence",
        "market",
        "tier",
        "threshold",
        "blocks",
        "alarms",
        "mean_time",
        "lower_bound_95",
        "median_delay",
        "share_within_60",
        "floor",
        "move_before_action",
        "move_at_action",
        "move_before_reduce_only",
    ])?;
    let none = String::new;
    for cell in alarms {
        writer.write_record([
            "false_alarms".into(),
            none(),
            cell.channel.name().into(),
            cell.model.name().into(),
            cell.tier.to_string(),
            cell.threshold.to_string(),
            cell.blocks.to_string(),
            cell.alarms.to_string(),
            cell.mean_time().map(|time| format!("{time:.1}")).unwrap_or_default(),
            format!("{:.1}", cell.lower_bound()),
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
        ])?;
    }
    for cell in delays {
        writer.write_record([
            "delay".into(),
            cell.shift.name(),
            cell.channel.name().into(),
            cell.model.name().into(),
            cell.tier.to_string(),
            cell.threshold.to_string(),
            none(),
            none(),
            none(),
            none(),
            cell.delays.median().map(|median| median.to_string()).unwrap_or_default(),
            format!("{:.4}", cell.delays.share_within(SOON)),
            cell.floor.map(|floor| format!("{floor:.2}")).unwrap_or_default(),
            none(),
            none(),
            none(),
        ])?;
    }
    for outcome in attacked {
        let mut record = vec!["attack".to_string(), outcome.attack.name()];
        record.extend((0..11).map(|_| none()));
        for moved in [outcome.before_guarded, outcome.at_first_action, outcome.before_reduce_only] {
            record.push(format!("{moved:.4}"));
        }
        writer.write_record(record)?;
    }
    writer.flush()?;
    Ok(())
}
