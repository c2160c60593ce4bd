//! The figures for people.

use comfy_table::{presets, CellAlignment, Table};
use firebreak_chain::gas::{budget, Growth, Row, Snapshot, EMPTY_EXECUTE};

/// Every row: total and above an empty execute, unpinned and pinned, budget, verdict.
pub fn rows(rows: &[Row], snapshot: &Snapshot) -> Table {
    let empty = rows.iter().find(|row| row.message == EMPTY_EXECUTE);
    let (unpinned, pinned) = empty.map_or((0, 0), |row| (row.unpinned, row.pinned));
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table.set_header(["message", "paid by", "unpinned", "above empty", "pinned", "above empty", "budget", "verdict"]);
    for row in rows {
        let budget = budget::of(&row.message);
        let verdict = match budget {
            Some(budget) if row.unpinned <= budget => "within",
            Some(_) if snapshot.known_excess.contains_key(&row.message) => "over, cause known",
            Some(_) => "OVER",
            None => "",
        };
        table.add_row([
            row.message.clone(),
            row.payer.to_string(),
            thousands(row.unpinned),
            above(row, row.unpinned, unpinned),
            thousands(row.pinned),
            above(row, row.pinned, pinned),
            budget.map(thousands).unwrap_or_default(),
            verdict.to_string(),
        ]);
    }
    for column in 2..=6 {
        align_right(&mut table, column);
    }
    table
}

/// Costs by the number of open positions.
pub fn growth(growth: &Growth) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let counts: Vec<u64> =
        growth.values().next().map(|by_count| by_count.keys().copied().collect()).unwrap_or_default();
    let header = counts.iter().map(|count| format!("{} open", thousands(*count)));
    table.set_header(std::iter::once("message".to_string()).chain(header).chain(["growth".to_string()]));
    for (message, by_count) in growth {
        let mut cells = vec![message.clone()];
        cells.extend(by_count.values().map(|gas| thousands(*gas)));
        let (first, last) = (by_count.values().next(), by_count.values().next_back());
        let (first, last) = (first.copied().unwrap_or(0), last.copied().unwrap_or(0));
        cells.push(format!("{:+}", last as i64 - first as i64));
        table.add_row(cells);
    }
    for column in 1..=counts.len() + 1 {
        align_right(&mut table, column);
    }
    table
}

fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// Nothing where an empty execute was not measured, or where there is nothing to compare.
fn above(row: &Row, gas: u64, empty: u64) -> String {
    match gas.checked_sub(empty) {
        Some(above) if empty > 0 && row.is_execute() => thousands(above),
        _ => String::new(),
    }
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use firebreak_chain::gas::Payer;
    use std::collections::BTreeMap;

    fn row(message: &str, unpinned: u64, pinned: u64) -> Row {
        Row { message: message.into(), payer: Payer::Trader, unpinned, pinned }
    }

    #[test]
    fn numbers_are_read_in_groups_of_three() {
        for (number, wanted) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(thousands(number), wanted);
        }
    }

    #[test]
    fn a_line_says_what_is_above_the_floor_and_whether_the_budget_holds() {
        let measured = [row(EMPTY_EXECUTE, 96_000, 38_000), row("add collateral", 150_000, 80_000)];
        let mut snapshot = Snapshot::default();
        let line = |snapshot: &Snapshot| rows(&measured, snapshot).to_string().lines().last().unwrap().to_string();
        let cells = |line: String| line.split('|').map(|cell| cell.trim().to_string()).collect::<Vec<_>>();
        let wanted = ["add collateral", "trader", "150,000", "54,000", "80,000", "42,000", "140,000", "OVER"];
        assert_eq!(cells(line(&snapshot))[1..9], wanted);
        snapshot.known_excess.insert("add collateral".into(), "a cause".into());
        assert_eq!(cells(line(&snapshot))[8], "over, cause known");
    }

    #[test]
    fn growth_is_the_difference_between_the_most_and_the_fewest_positions() {
        let measured = BTreeMap::from([("price".to_string(), BTreeMap::from([(1, 190_000), (10_000, 189_500)]))]);
        let text = growth(&measured).to_string();
        let last: Vec<String> = text.lines().last().unwrap().split('|').map(|cell| cell.trim().to_string()).collect();
        assert_eq!(last[1..5], ["price", "190,000", "189,500", "-500"]);
    }
}
