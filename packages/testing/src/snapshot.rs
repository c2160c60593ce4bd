//! Committed figures: what each message touches, compared in `cargo test`, so that a change is seen in review.

use crate::code::Code;
use crate::meter::Usage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Set to 1 to write the file instead of comparing with it.
pub const UPDATE: &str = "FIREBREAK_UPDATE_SNAPSHOTS";

/// One transaction's cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Estimated gas of the whole transaction, unpinned and pinned.
    pub gas: u64,
    pub gas_pinned: u64,
    pub reads: u64,
    pub read_bytes: u64,
    pub writes: u64,
    pub write_bytes: u64,
    pub raw_queries: u64,
    pub sub_messages: u64,
    pub bank_moves: u64,
    /// Names of the codes touched.
    pub codes: Vec<String>,
}

impl From<&Usage> for Cost {
    fn from(usage: &Usage) -> Self {
        let total = usage.total();
        let codes = Code::ALL.into_iter().filter(|code| usage.calls_of(*code) > 0);
        Self {
            gas: usage.gas(),
            gas_pinned: usage.gas_pinned(),
            reads: total.reads,
            read_bytes: total.read_bytes,
            writes: total.writes,
            write_bytes: total.write_bytes,
            raw_queries: usage.raw_queries,
            sub_messages: usage.sub_messages,
            bank_moves: usage.bank_moves,
            codes: codes.map(|code| code.name().to_string()).collect(),
        }
    }
}

/// Compares with the committed file, line by line in the message, or rewrites it when [`UPDATE`] is set.
#[track_caller]
pub fn assert_snapshot(path: &Path, found: &BTreeMap<String, Cost>) {
    let text = serde_json::to_string_pretty(found).unwrap_or_else(|error| panic!("{error}")) + "\n";
    if std::env::var(UPDATE).is_ok_and(|value| value == "1") {
        std::fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        return;
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    let wanted: BTreeMap<String, Cost> = serde_json::from_str(&wanted).unwrap_or_default();
    let mut differences = vec![];
    for name in wanted.keys().chain(found.keys()).collect::<std::collections::BTreeSet<_>>() {
        match (wanted.get(name), found.get(name)) {
            (Some(was), Some(is)) if was == is => {}
            (Some(was), Some(is)) => {
                differences.push(format!("{name}: gas {} -> {}\n  was {was:?}\n  is  {is:?}", was.gas, is.gas))
            }
            (was, is) => differences.push(format!("{name}: was {was:?}, is {is:?}")),
        }
    }
    assert!(
        differences.is_empty(),
        "costs differ from {}; if that is wanted, run again with {UPDATE}=1\n{}",
        path.display(),
        differences.join("\n")
    );
}
