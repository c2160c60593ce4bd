//! What can be wrong with the input. Each is one line, and ends the program with exit code 2.

use firebreak_risk::Price;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Error)]
pub enum InputError {
    #[error("there is no scenario {found:?}; there are {known}")]
    UnknownScenario { found: String, known: String },
    #[error("there is no drill {found:?}; there are {known}")]
    UnknownDrill { found: String, known: String },
    #[error("{path}: cannot be read: {cause}")]
    Unreadable { path: String, cause: String },
    #[error("{path}: has no price rows")]
    Empty { path: String },
    #[error("{path}, line 1: the header must be {wanted:?}, found {found:?}")]
    Header { path: String, wanted: &'static str, found: String },
    #[error("{path}, line {line}: {field} must be {wanted}, found {found:?}")]
    Malformed { path: String, line: u64, field: &'static str, wanted: &'static str, found: String },
    #[error("{path}, line {line}: {wanted} fields are wanted, found {found}")]
    FieldCount { path: String, line: u64, wanted: usize, found: usize },
    #[error("{path}, line {line}: times must rise, {found} comes after {previous}")]
    Unsorted { path: String, line: u64, previous: u64, found: u64 },
    #[error("{path}, line {line}: {field} must be above 0, found {found}")]
    NotPositive { path: String, line: u64, field: &'static str, found: String },
    #[error("{path}, line {line}: high {high} is below low {low}")]
    HighBelowLow { path: String, line: u64, high: Price, low: Price },
    #[error("{path}, line {line}: {field} {found} lies outside low {low} to high {high}")]
    OutsideBar { path: String, line: u64, field: &'static str, found: Price, low: Price, high: Price },
    #[error("the market's name must be 1 to 28 letters, digits, '-', '.' or '/', found {found:?}")]
    MarketName { found: String },
    #[error("{path}: cannot be written: {cause}")]
    Unwritable { path: String, cause: String },
    #[error("agents.toml: {cause}")]
    Parameters { cause: String },
    #[error("the venue cannot be set up at a first price of {price}: {cause}")]
    Venue { price: Price, cause: String },
    #[error("there is no null model {found:?}; there are {known}")]
    UnknownNull { found: String, known: String },
    #[error("{name} must be {wanted}, found {found}")]
    Option { name: &'static str, wanted: &'static str, found: String },
    #[error("the detectors refuse: {cause}")]
    Detectors { cause: String },
}
