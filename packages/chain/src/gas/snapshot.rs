//! The committed figures: what was measured, what may not grow, and which budgets are known to be missed and why.

use super::budget;
use super::error::GasError;
use super::row::Row;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Parts of a thousand by which a figure may differ from the committed one. A run of the same wasm is equal to the unit; this
/// leaves room for wasm that another toolchain built from the same source.
pub const TOLERANCE_PER_MILLE: u64 = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Version of the node that measured.
    pub node: String,
    /// Rows over their budget, with the cause; written by people, kept by `--update`.
    #[serde(default)]
    pub known_excess: BTreeMap<String, String>,
    pub rows: Vec<Row>,
    /// message -> gas, unpinned, by the number of open positions.
    #[serde(default)]
    pub growth: BTreeMap<String, BTreeMap<u64, u64>>,
}

/// What a run says against the committed figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Figures that differ by more than the tolerance, and rows that came or went.
    pub drift: Vec<String>,
    /// Rows over their budget without a known cause.
    pub excess: Vec<String>,
    /// Known causes of rows that are within their budget by now.
    pub obsolete: Vec<String>,
}

impl Findings {
    /// One line each; nothing when all is well.
    pub fn lines(&self) -> Vec<String> {
        let drift = self.drift.iter().map(|line| format!("drift: {line}"));
        let excess = self.excess.iter().map(|line| format!("over budget: {line}"));
        drift.chain(excess).chain(self.obsolete.iter().cloned()).collect()
    }
}

impl Snapshot {
    /// Errors: [`GasError::File`].
    pub fn read(path: &Path) -> Result<Self, GasError> {
        let wrong = |cause: String| GasError::File { path: path.display().to_string(), cause };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
    }

    /// Errors: [`GasError::File`].
    pub fn write(&self, path: &Path) -> Result<(), GasError> {
        let wrong = |cause: String| GasError::File { path: path.display().to_string(), cause };
        let text = serde_json::to_string_pretty(self).map_err(|error| wrong(error.to_string()))?;
        std::fs::write(path, text + "\n").map_err(|error| wrong(error.to_string()))
    }

    /// Budgets that rows miss without a known cause, and causes that nothing needs.
    pub fn judge(&self, rows: &[Row]) -> Findings {
        let over = |row: &&Row| budget::of(&row.message).is_some_and(|budget| row.unpinned > budget);
        let mut findings = Findings::default();
        for row in rows.iter().filter(over).filter(|row| !self.known_excess.contains_key(&row.message)) {
            let budget = budget::of(&row.message).unwrap_or_default();
            findings.excess.push(format!("{}: {} gas, budget {budget}", row.message, row.unpinned));
        }
        for message in self.known_excess.keys() {
            if !rows.iter().any(|row| row.message == *message && over(&row)) {
                findings.obsolete.push(format!("{message}: a cause is given for an excess that is not there"));
            }
        }
        findings
    }

    /// [`Self::judge`], and every figure against the committed one.
    pub fn compare(&self, rows: &[Row]) -> Findings {
        let mut findings = self.judge(rows);
        for row in rows {
            let Some(known) = self.rows.iter().find(|known| known.message == row.message) else {
                findings.drift.push(format!("{}: not in the snapshot", row.message));
                continue;
            };
            for (what, was, is) in [("unpinned", known.unpinned, row.unpinned), ("pinned", known.pinned, row.pinned)] {
                if was.abs_diff(is) * 1_000 > was * TOLERANCE_PER_MILLE {
                    findings.drift.push(format!("{}, {what}: was {was}, is {is}", row.message));
                }
            }
        }
        for known in &self.rows {
            if !rows.iter().any(|row| row.message == known.message) {
                findings.drift.push(format!("{}: not measured any more", known.message));
            }
        }
        findings
    }

    /// Figures that are not equal to the unit, tolerated or not.
    pub fn unequal(&self, rows: &[Row]) -> usize {
        rows.iter().filter(|row| !self.rows.contains(row)).count()
    }

    /// Costs by number of positions against the committed ones; numbers of positions that were not committed are passed over.
    pub fn compare_growth(&self, growth: &BTreeMap<String, BTreeMap<u64, u64>>) -> Vec<String> {
        let mut drift = vec![];
        for (message, by_count) in growth {
            for (count, is) in by_count {
                let was = self.growth.get(message).and_then(|known| known.get(count));
                if let Some(was) = was.filter(|was| was.abs_diff(*is) * 1_000 > **was * TOLERANCE_PER_MILLE) {
                    drift.push(format!("{message}, {count} positions: was {was}, is {is}"));
                }
            }
        }
        drift
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gas::Payer;

    fn row(message: &str, unpinned: u64, pinned: u64) -> Row {
        Row { message: message.into(), payer: Payer::Trader, unpinned, pinned }
    }

    fn snapshot(rows: Vec<Row>) -> Snapshot {
        Snapshot { node: "wasmd".into(), rows, ..Snapshot::default() }
    }

    #[test]
    fn a_figure_may_move_by_a_hundredth_either_way() {
        let snapshot = snapshot(vec![row("sweep fees to the fund", 200_000, 100_000)]);
        for (unpinned, pinned, drifts) in [
            (200_000, 100_000, 0),
            (202_000, 99_000, 0),
            (202_001, 100_000, 1),
            (197_999, 100_000, 1),
            (200_000, 101_001, 1),
            (190_000, 90_000, 2),
        ] {
            let findings = snapshot.compare(&[row("sweep fees to the fund", unpinned, pinned)]);
            assert_eq!(findings.drift.len(), drifts, "{unpinned} {pinned}: {findings:?}");
        }
    }

    #[test]
    fn a_row_that_comes_or_goes_is_drift() {
        let snapshot = snapshot(vec![row("cancel an order", 110_000, 52_000)]);
        let findings = snapshot.compare(&[row("bank send", 51_000, 51_000)]);
        assert_eq!(findings.drift, ["bank send: not in the snapshot", "cancel an order: not measured any more"]);
    }

    #[test]
    fn a_missed_budget_needs_a_cause_and_a_cause_needs_a_missed_budget() {
        let name = "add collateral";
        let budget = budget::of(name).unwrap();
        let mut snapshot = snapshot(vec![]);
        assert!(snapshot.judge(&[row(name, budget, 1)]).lines().is_empty());
        assert_eq!(
            snapshot.judge(&[row(name, budget + 1, 1)]).excess,
            [format!("add collateral: {} gas, budget {budget}", budget + 1)]
        );
        snapshot.known_excess.insert(name.into(), "the chain's own bank module".into());
        assert!(snapshot.judge(&[row(name, budget + 1, 1)]).lines().is_empty());
        assert_eq!(snapshot.judge(&[row(name, budget, 1)]).obsolete.len(), 1);
        assert_eq!(snapshot.judge(&[]).obsolete.len(), 1);
    }

    #[test]
    fn growth_is_compared_where_it_was_committed() {
        let by_count =
            |gas: [u64; 2]| BTreeMap::from([("price".to_string(), BTreeMap::from([(1, gas[0]), (100, gas[1])]))]);
        let mut snapshot = snapshot(vec![]);
        assert!(snapshot.compare_growth(&by_count([1, 2])).is_empty());
        snapshot.growth = by_count([200_000, 200_000]);
        assert!(snapshot.compare_growth(&by_count([201_000, 202_000])).is_empty());
        assert_eq!(
            snapshot.compare_growth(&by_count([200_000, 203_000])),
            ["price, 100 positions: was 200000, is 203000"]
        );
    }

    #[test]
    fn what_is_written_is_read_again() {
        let path = std::env::temp_dir().join(format!("firebreak-gas-{}.json", std::process::id()));
        let mut written = snapshot(vec![row("cancel an order", 110_000, 52_000)]);
        written.known_excess.insert("bank send".into(), "a cause".into());
        written.growth.insert("price".into(), BTreeMap::from([(10_000, 1)]));
        written.write(&path).unwrap();
        let read = Snapshot::read(&path);
        std::fs::write(&path, "{\"rows\": 1}").unwrap();
        let refused = Snapshot::read(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read.unwrap(), written);
        assert!(refused.starts_with(&path.display().to_string()), "{refused}");
    }
}
