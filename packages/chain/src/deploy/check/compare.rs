//! Compares two values field by field, whatever their type: a field that is added to a message is compared without
//! a line being added here.

use serde::Serialize;
use serde_json::Value;

/// One figure, as wanted and as found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A contract, or a feed, guard or market with its number.
    pub part: String,
    /// Path of the field.
    pub field: String,
    pub wanted: String,
    pub found: String,
}

impl Finding {
    pub fn matches(&self) -> bool {
        self.wanted == self.found
    }
}

/// Stands for a value that is not there.
pub const NOTHING: &str = "nothing";

/// Appends one finding for each leaf of either value, and returns whether all match.
pub fn compare(
    findings: &mut Vec<Finding>,
    part: &str,
    field: &str,
    wanted: &impl Serialize,
    found: &impl Serialize,
) -> bool {
    let begin = findings.len();
    let value = |result: serde_json::Result<Value>| result.unwrap_or_else(|error| Value::from(error.to_string()));
    walk(findings, part, field, Some(&value(serde_json::to_value(wanted))), Some(&value(serde_json::to_value(found))));
    findings.iter().skip(begin).all(Finding::matches)
}

fn walk(findings: &mut Vec<Finding>, part: &str, field: &str, wanted: Option<&Value>, found: Option<&Value>) {
    let join = |key: &str| if field.is_empty() { key.to_string() } else { format!("{field}.{key}") };
    match (wanted, found) {
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let only_found = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(only_found) {
                walk(findings, part, &join(key), one.get(key), other.get(key));
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            if one.is_empty() && other.is_empty() {
                walk(findings, part, field, None, None);
            }
            for index in 0..one.len().max(other.len()) {
                walk(findings, part, &format!("{field}[{index}]"), one.get(index), other.get(index));
            }
        }
        _ => {
            findings.push(Finding { part: part.into(), field: field.into(), wanted: text(wanted), found: text(found) })
        }
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => NOTHING.into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
