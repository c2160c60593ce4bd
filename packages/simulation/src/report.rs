//! The table and the timeline that people read, and the JSON that programs do.

use crate::figures::Comparison;
use crate::replay::Run;
use crate::timeline::{money, utc, Timeline};
use comfy_table::{presets, CellAlignment, Table};
use firebreak_risk::{Amount, SignedAmount};
use std::fmt::Write;

/// Lines of a timeline that are printed: this many from its beginning, as many from its end.
const HALF_OF_LINES: usize = 20;

const CONTAINED_AT_ONCE: &str =
    "* 0 by construction: the report, its evaluation and the restriction are one transaction of a replay.";
const LEFT_TO_LIQUIDATE: &str =
    "Accounts were left to liquidate a minute after the last price: the deficit may still grow, at the pool's expense.";

/// One scenario or file that was run.
pub struct Finished {
    pub comparison: Comparison,
    pub protected: Option<Run>,
    pub unprotected: Option<Run>,
}

impl Finished {
    /// Violations of both runs.
    pub fn violations(&self) -> impl Iterator<Item = &String> {
        self.protected.iter().chain(&self.unprotected).flat_map(|run| &run.violations)
    }

    /// The whole page.
    pub fn page(&self) -> String {
        let Comparison { scenario, bars, seconds, seed, .. } = &self.comparison;
        let mut page = format!("{scenario}: {bars} bars, {}, seed {seed}\n\n", duration(*seconds));
        for (name, run) in [("protected", &self.protected), ("unprotected", &self.unprotected)] {
            if let Some(run) = run {
                let _ = writeln!(page, "{name}\n{}", timeline(&run.timeline));
            }
        }
        let _ = writeln!(page, "{}", self.table());
        let runs = || self.protected.iter().chain(&self.unprotected);
        if runs().any(|run| run.figures.time_to_contain_seconds.is_some()) {
            let _ = writeln!(page, "{CONTAINED_AT_ONCE}");
        }
        if runs().any(|run| run.liquidatable > 0) {
            let _ = writeln!(page, "{LEFT_TO_LIQUIDATE}");
        }
        page
    }

    fn table(&self) -> Table {
        let runs: Vec<(&str, &Run)> = [("protected", &self.protected), ("unprotected", &self.unprotected)]
            .into_iter()
            .filter_map(|(name, run)| run.as_ref().map(|run| (name, run)))
            .collect();
        let mut table = Table::new();
        table.load_preset(presets::UTF8_FULL_CONDENSED);
        table.set_header(std::iter::once("").chain(runs.iter().map(|(name, _)| *name)));
        for (label, figure) in ROWS {
            table.add_row(std::iter::once((*label).to_string()).chain(runs.iter().map(|(_, run)| figure(run))));
        }
        for column in 1..=runs.len() {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table
    }
}

type Figure = fn(&Run) -> String;

const ROWS: &[(&str, Figure)] = &[
    ("orders placed", |run| run.figures.orders_placed.to_string()),
    ("orders executed", |run| run.figures.orders_executed.to_string()),
    ("orders refused", |run| run.figures.orders_refused.to_string()),
    ("honest notional", |run| amount(run.figures.honest_notional)),
    ("  of it refused", |run| amount(run.figures.honest_notional_refused)),
    ("liquidations", |run| run.figures.liquidations.to_string()),
    ("  notional", |run| amount(run.figures.liquidated_notional)),
    ("  accounts left to liquidate", |run| run.liquidatable.to_string()),
    ("deficit", |run| amount(run.figures.deficit)),
    ("  paid by own margin", |run| amount(run.figures.paid_by.own)),
    ("  paid by insurance", |run| amount(run.figures.paid_by.insurance)),
    ("  paid by the pool", |run| amount(run.figures.paid_by.pool)),
    ("  paid by unvested profit", |run| amount(run.figures.paid_by.unvested_profit)),
    ("  paid by deleveraging", |run| amount(run.figures.paid_by.deleveraging)),
    ("  residual, paid by the pool", |run| amount(run.figures.paid_by.residual)),
    ("pool equity, start", |run| signed(run.figures.pool_equity_start)),
    ("pool equity, end", |run| signed(run.figures.pool_equity_end)),
    ("  taken out by providers", |run| amount(run.liquidity.taken_out)),
    ("  brought back by them", |run| amount(run.liquidity.brought_back)),
    ("  profit of all providers", |run| signed(providers_profit(run))),
    ("insurance, start", |run| amount(run.figures.insurance_start)),
    ("insurance, end", |run| amount(run.figures.insurance_end)),
    ("time normal", |run| duration(run.figures.level_seconds.normal)),
    ("time guarded", |run| duration(run.figures.level_seconds.guarded)),
    ("time reduce-only", |run| duration(run.figures.level_seconds.reduce_only)),
    ("time frozen", |run| duration(run.figures.level_seconds.frozen)),
    ("time in settlement", |run| duration(run.figures.level_seconds.settlement)),
    ("restrictions", |run| run.figures.restrictions.to_string()),
    ("incidents", |run| run.figures.incidents.to_string()),
    ("longest time to contain", |run| {
        run.figures.time_to_contain_seconds.map_or_else(|| "-".into(), |seconds| format!("{seconds} s *"))
    }),
    ("invariant checks", |run| run.figures.invariant_checks.to_string()),
    ("invariant violations", |run| run.figures.invariant_violations.to_string()),
    ("contract calls", |run| run.figures.contract_calls.to_string()),
    ("calls per second", |run| run.figures.calls_per_second.to_string()),
];

fn amount(amount: Amount) -> String {
    money(amount.atoms())
}

fn signed(amount: SignedAmount) -> String {
    let sign = if amount.is_negative() { "-" } else { "" };
    format!("{sign}{}", money(amount.magnitude().atoms()))
}

/// What all providers together won or lost: what is in the pool and what they took out, less what they put in.
fn providers_profit(run: &Run) -> SignedAmount {
    let signed = |amount: Amount| i128::try_from(amount.atoms()).unwrap_or(i128::MAX);
    let (figures, liquidity) = (&run.figures, &run.liquidity);
    let grown = figures.pool_equity_end.atoms() - figures.pool_equity_start.atoms();
    SignedAmount::from_atoms(grown + signed(liquidity.taken_out) - signed(liquidity.brought_back))
}

/// Days, hours, minutes, seconds, as far as they are needed.
fn duration(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let texts: Vec<String> =
        parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number} {unit}")).collect();
    if texts.is_empty() {
        return "0 s".into();
    }
    texts.join(" ")
}

fn timeline(timeline: &Timeline) -> String {
    let lines = &timeline.lines;
    if lines.is_empty() {
        return "  nothing happened\n".into();
    }
    let mut text = String::new();
    let hidden = lines.len().saturating_sub(2 * HALF_OF_LINES);
    for (index, line) in lines.iter().enumerate() {
        if hidden > 0 && index == HALF_OF_LINES {
            let _ = writeln!(text, "  ... {hidden} more ...");
        }
        if hidden == 0 || index < HALF_OF_LINES || index >= HALF_OF_LINES + hidden {
            let _ = writeln!(text, "  {}  {}", utc(line.at), line.describe());
        }
    }
    text
}

/// One object for one scenario, a list for several.
pub fn json(finished: &[Finished]) -> Result<String, serde_json::Error> {
    match finished {
        [one] => serde_json::to_string_pretty(&one.comparison),
        several => serde_json::to_string_pretty(&several.iter().map(|one| &one.comparison).collect::<Vec<_>>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_say_no_more_than_is_needed() {
        for (seconds, text) in [(0, "0 s"), (59, "59 s"), (3_600, "1 h"), (93_784, "1 d 2 h 3 min 4 s")] {
            assert_eq!(duration(seconds), text);
        }
    }

    #[test]
    fn a_long_timeline_shows_its_beginning_and_its_end() {
        let mut long = Timeline::default();
        for index in 0..50 {
            long.liquidated(index * 1_000, 1_000_000);
        }
        let text = timeline(&long);
        assert_eq!(text.lines().count(), 2 * HALF_OF_LINES + 1);
        assert!(text.contains("... 10 more ..."));
        assert_eq!(timeline(&Timeline::default()), "  nothing happened\n");
    }
}
