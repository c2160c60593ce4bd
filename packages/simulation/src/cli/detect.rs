//! `firebreak detect`.

use super::calibrate::{guard, open_csv, unwritable};
use crate::chart;
use crate::detection::{attack_cost, run as run_series, AttackCost, Course};
use crate::error::InputError;
use crate::prices::read_file;
use crate::timeline::utc;
use firebreak_messages::RuleId;
use firebreak_risk::Ratio;
use std::path::PathBuf;
use std::process::ExitCode;

/// Alarms printed of one file; the CSV has all.
const ALARMS_SHOWN: usize = 40;

#[derive(Debug, clap::Args)]
pub struct DetectArgs {
    /// A price file: CSV with the header ts_ms,open,high,low,close,volume.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The market's maintenance margin, a ratio.
    #[arg(long, value_name = "RATIO", default_value = "0.025")]
    pub maintenance_margin: Ratio,
    /// What a taker pays, a ratio: for the cost of an attack by trading.
    #[arg(long, value_name = "RATIO", default_value_t = 0.0005)]
    pub fee: f64,
    /// Units that move the underlying price by 1 %: for the cost of an attack by pushing it.
    #[arg(long, value_name = "UNITS", default_value_t = 1_000_000.0)]
    pub depth: f64,
    /// Writes time, price, level, evidence, move, margin factor and leverage of every observation. One file only.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
    /// Draws price, level and margin, as SVG. One file only.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}

pub fn run(args: &DetectArgs) -> Result<ExitCode, InputError> {
    let guard = guard(args.maintenance_margin)?;
    for (name, value) in [("--fee", args.fee), ("--depth", args.depth)] {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(InputError::Option { name, wanted: "a number that is not negative", found: value.to_string() });
        }
    }
    if args.files.len() > 1 && (args.csv.is_some() || args.chart.is_some()) {
        return Err(InputError::Option {
            name: "--csv and --chart",
            wanted: "one price file",
            found: args.files.len().to_string(),
        });
    }
    let series = args.files.iter().map(|path| read_file(path)).collect::<Result<Vec<_>, _>>()?;
    let mut csv = args.csv.as_deref().map(open_csv).transpose()?;
    for series in &series {
        let course = run_series(series, &guard).map_err(|cause| InputError::Detectors { cause })?;
        println!("{}", page(&course));
        if let (Some(writer), Some(path)) = (&mut csv, &args.csv) {
            write_csv(writer, &course).map_err(|error| unwritable(path, &error.to_string()))?;
        }
        if let Some(path) = &args.chart {
            chart::course(path, &course).map_err(|error| unwritable(path, &error))?;
        }
    }
    println!("{}", cost_text(&attack_cost(&guard, args.fee, args.depth), args));
    Ok(ExitCode::SUCCESS)
}

fn page(course: &Course) -> String {
    let [normal, guarded, reduce_only] = course.uptime().map(|share| share * 100.0);
    let days = course.seconds() as f64 / 86_400.0;
    let mut page = format!(
        "{}: {} observations over {days:.1} days\n  uptime: normal {normal:.3} %, guarded {guarded:.3} %, reduce-only {reduce_only:.3} %; normal and guarded {:.3} %\n",
        course.name,
        course.points.len(),
        normal + guarded,
    );
    let [guarded, reduce_only] = course.rose;
    page.push_str(&format!(
        "  to guarded {guarded} times ({:.1} a month), to reduce-only {reduce_only} times ({:.2} a month)\n",
        course.a_month(guarded),
        course.a_month(reduce_only),
    ));
    for rule in RuleId::ALL {
        let [alarms, stops] = course.alarms_of(rule);
        if alarms > 0 {
            let (rule, a_month) = (rule.to_string(), course.a_month(alarms));
            page.push_str(&format!(
                "    {rule:<10} {alarms} alarms ({a_month:.1} a month), {stops} of them to reduce-only\n"
            ));
        }
    }
    for (source, seconds) in &course.held_by {
        let share = 100.0 * *seconds as f64 / course.seconds().max(1) as f64;
        page.push_str(&format!("    {:<10} restricted for {share:.3} % of the time\n", source.to_string()));
    }
    page.push_str(&match course.restricted_after {
        None => "  no bar moved by more than half the maintenance margin\n".into(),
        Some(None) => "  a bar moved by more than half the maintenance margin and nothing was restricted\n".into(),
        Some(Some(blocks)) => {
            format!(
                "  from the first bar beyond half the maintenance margin to a restriction in force: {blocks} blocks\n"
            )
        }
    });
    let price_update = course.took.as_secs_f64() * 1e6 / course.points.len().max(1) as f64;
    page.push_str(&format!("  {} bytes stored at most, {price_update:.1} us a price update\n", course.bytes_max));
    if let Some(tightest) = course.points.iter().max_by(|a, b| a.factor.total_cmp(&b.factor)) {
        let leverage = f64::from(tightest.leverage_max) / 100.0;
        page.push_str(&format!("  margin factor at most {:.2}, leverage then {leverage:.1}x\n", tightest.factor));
    }
    if let Some(calm) = course.points.iter().min_by(|a, b| a.factor.total_cmp(&b.factor)) {
        page.push_str(&format!("  margin factor at least {:.2}\n", calm.factor));
    }
    for alarm in course.alarms.iter().take(ALARMS_SHOWN) {
        page.push_str(&format!(
            "  {} {:>12.4} {:<11} {:<10} score {}\n",
            utc(alarm.at),
            alarm.price,
            alarm.level.to_string(),
            alarm.rule.to_string(),
            score_text(alarm.score),
        ));
    }
    if course.alarms.len() > ALARMS_SHOWN {
        page.push_str(&format!("  and {} more\n", course.alarms.len() - ALARMS_SHOWN));
    }
    page
}

/// Two decimals: margins of a move, or blocks that a false alarm takes.
fn score_text(score: Ratio) -> String {
    format!("{:.2}", score.atoms() as f64 / firebreak_risk::ONE as f64)
}

fn cost_text(cost: &AttackCost, args: &DetectArgs) -> String {
    format!(
        "An hour of restriction costs an attacker\n  by one-sided trade (guarded at most): {:.0} units of fees at {} ({} blocks for each {} minutes)\n  \
         by pushing the price (half a margin): {:.0} units of impact at {:.0} units for 1 %\n",
        cost.by_flow, args.fee, cost.flow_blocks, 5, cost.by_price, args.depth
    )
}

fn write_csv(writer: &mut csv::Writer<std::fs::File>, course: &Course) -> Result<(), csv::Error> {
    writer.write_record(["at", "price", "level", "evidence", "hour_move", "margin_factor", "leverage_max"])?;
    for point in &course.points {
        writer.write_record([
            point.at.to_string(),
            point.price.to_string(),
            point.level.to_string(),
            point.evidence.to_string(),
            format!("{:.4}", point.hour_move),
            format!("{:.4}", point.factor),
            format!("{:.2}", f64::from(point.leverage_max) / 100.0),
        ])?;
    }
    writer.flush()?;
    Ok(())
}
