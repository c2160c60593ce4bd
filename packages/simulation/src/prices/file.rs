//! Price files: CSV, one row a bar, in order of time. A row that is not one is an error with its line number.

use super::{Bar, Series};
use crate::error::InputError;
use firebreak_risk::Price;
use std::io::Read;
use std::path::Path;

/// The header of every price file.
pub const HEADER: &str = "ts_ms,open,high,low,close,volume";
const FIELDS: usize = 6;
/// The year 5138.
const TIME_MAX: u64 = 100_000_000_000_000;

/// Reads a file; the series is named after it.
pub fn read_file(path: &Path) -> Result<Series, InputError> {
    let shown = path.display().to_string();
    let file = std::fs::File::open(path)
        .map_err(|error| InputError::Unreadable { path: shown.clone(), cause: one_line(&error.to_string()) })?;
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    let bars = read_rows(&shown, std::io::BufReader::new(file))?;
    Ok(Series::new(name, bars))
}

/// Reads rows from anywhere; `path` is what errors call it.
pub fn read_rows(path: &str, source: impl Read) -> Result<Vec<Bar>, InputError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source);
    let mut bars: Vec<Bar> = vec![];
    let mut previous_ms = None;
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| unreadable(path, &error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if index == 0 {
            let found = record.iter().collect::<Vec<_>>().join(",");
            if found != HEADER {
                return Err(InputError::Header { path: path.into(), wanted: HEADER, found: shortened(&found) });
            }
            continue;
        }
        let row = Row { path, line, record: &record };
        let (at_ms, bar) = row.bar()?;
        if let Some(previous) = previous_ms.filter(|previous| *previous >= at_ms) {
            return Err(InputError::Unsorted { path: path.into(), line, previous, found: at_ms });
        }
        previous_ms = Some(at_ms);
        bars.push(bar);
    }
    if bars.is_empty() {
        return Err(InputError::Empty { path: path.into() });
    }
    Ok(bars)
}

struct Row<'a> {
    path: &'a str,
    line: u64,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn bar(&self) -> Result<(u64, Bar), InputError> {
        if self.record.len() != FIELDS {
            let (path, line) = self.place();
            return Err(InputError::FieldCount { path, line, wanted: FIELDS, found: self.record.len() });
        }
        let at_ms = self.time()?;
        let (open, high, low, close) =
            (self.price("open", 1)?, self.price("high", 2)?, self.price("low", 3)?, self.price("close", 4)?);
        self.volume()?;
        let (path, line) = self.place();
        if high < low {
            return Err(InputError::HighBelowLow { path, line, high, low });
        }
        for (field, found) in [("open", open), ("close", close)] {
            if found < low || found > high {
                return Err(InputError::OutsideBar { path, line, field, found, low, high });
            }
        }
        Ok((at_ms, Bar { at: at_ms / 1_000, open, high, low, close }))
    }

    fn place(&self) -> (String, u64) {
        (self.path.into(), self.line)
    }

    fn field(&self, index: usize) -> &str {
        self.record.get(index).unwrap_or("").trim()
    }

    fn malformed(&self, field: &'static str, wanted: &'static str, found: &str) -> InputError {
        let (path, line) = self.place();
        InputError::Malformed { path, line, field, wanted, found: shortened(found) }
    }

    fn time(&self) -> Result<u64, InputError> {
        let text = self.field(0);
        text.parse()
            .ok()
            .filter(|time| *time <= TIME_MAX)
            .ok_or_else(|| self.malformed("ts_ms", "a time in milliseconds since 1970", text))
    }

    fn price(&self, field: &'static str, index: usize) -> Result<Price, InputError> {
        let text = self.field(index);
        let (path, line) = self.place();
        if text.parse::<f64>().is_ok_and(|number| number <= 0.0) {
            return Err(InputError::NotPositive { path, line, field, found: shortened(text) });
        }
        text.parse::<Price>()
            .and_then(Price::checked)
            .map_err(|_| self.malformed(field, "a decimal number of at most 18 decimals, up to 10^12", text))
    }

    /// Not used, but a row without a readable volume is not a row of this format. Sources without volume leave it
    /// empty.
    fn volume(&self) -> Result<(), InputError> {
        let text = self.field(5);
        if text.is_empty() || text.parse::<f64>().is_ok_and(|volume| volume.is_finite() && volume >= 0.0) {
            return Ok(());
        }
        Err(self.malformed("volume", "a number that is not negative, or empty", text))
    }
}

fn unreadable(path: &str, error: &csv::Error) -> InputError {
    match error.position() {
        Some(position) => InputError::Malformed {
            path: path.into(),
            line: position.line(),
            field: "the row",
            wanted: "text in UTF-8",
            found: one_line(&error.to_string()),
        },
        None => InputError::Unreadable { path: path.into(), cause: one_line(&error.to_string()) },
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> Result<Vec<Bar>, InputError> {
        read_rows("x.csv", format!("{HEADER}\n{rows}").as_bytes())
    }

    fn price(text: &str) -> Price {
        text.parse().unwrap()
    }

    #[test]
    fn rows_become_bars_and_the_median_distance_is_their_length() {
        let rows = "86400000,10,12.5,9,11,1.5\n86460000,11,11,11,11,\n86640000,11,12,11,12,0\n86700000,12,12,12,12,0";
        let bars = read(rows).unwrap();
        assert_eq!(
            bars[0],
            Bar { at: 86_400, open: price("10"), high: price("12.5"), low: price("9"), close: price("11") }
        );
        let series = Series::new("x".into(), bars);
        assert_eq!((series.bar_seconds, series.seconds()), (60, 360));
        assert_eq!((series.seconds_of(1), series.seconds_of(3)), (60, 60));
    }

    #[test]
    fn every_wrong_row_is_named_with_its_line() {
        let path = || "x.csv".to_string();
        let good = "86400000,10,12,9,11,1\n";
        let malformed = |field, wanted, found: &str| InputError::Malformed {
            path: path(),
            line: 3,
            field,
            wanted,
            found: found.into(),
        };
        let number = "a decimal number of at most 18 decimals, up to 10^12";
        for (name, row, wanted) in [
            ("unsorted", "86399999", InputError::FieldCount { path: path(), line: 3, wanted: 6, found: 1 }),
            (
                "same time",
                "86400000,10,12,9,11,1",
                InputError::Unsorted { path: path(), line: 3, previous: 86_400_000, found: 86_400_000 },
            ),
            (
                "negative",
                "86460000,10,12,-9,11,1",
                InputError::NotPositive { path: path(), line: 3, field: "low", found: "-9".into() },
            ),
            (
                "zero",
                "86460000,0,12,9,11,1",
                InputError::NotPositive { path: path(), line: 3, field: "open", found: "0".into() },
            ),
            (
                "high below low",
                "86460000,10,9,12,11,1",
                InputError::HighBelowLow { path: path(), line: 3, high: price("9"), low: price("12") },
            ),
            (
                "close outside",
                "86460000,10,12,9,13,1",
                InputError::OutsideBar {
                    path: path(),
                    line: 3,
                    field: "close",
                    found: price("13"),
                    low: price("9"),
                    high: price("12"),
                },
            ),
            ("a word", "86460000,ten,12,9,11,1", malformed("open", number, "ten")),
            ("not a number", "86460000,NaN,12,9,11,1", malformed("open", number, "NaN")),
            ("too large", "86460000,1000000000001,12,9,11,1", malformed("open", number, "1000000000001")),
            ("time", "soon,10,12,9,11,1", malformed("ts_ms", "a time in milliseconds since 1970", "soon")),
            ("volume", "86460000,10,12,9,11,x", malformed("volume", "a number that is not negative, or empty", "x")),
            (
                "seven fields",
                "86460000,10,12,9,11,1,2",
                InputError::FieldCount { path: path(), line: 3, wanted: 6, found: 7 },
            ),
        ] {
            assert_eq!(read(&format!("{good}{row}\n")), Err(wanted), "{name}");
        }
    }

    #[test]
    fn a_file_without_rows_or_with_another_header_is_refused() {
        assert_eq!(read(""), Err(InputError::Empty { path: "x.csv".into() }));
        assert_eq!(read_rows("x.csv", "".as_bytes()), Err(InputError::Empty { path: "x.csv".into() }));
        assert_eq!(
            read_rows("x.csv", "ts_ms,funding_rate\n1,2".as_bytes()),
            Err(InputError::Header { path: "x.csv".into(), wanted: HEADER, found: "ts_ms,funding_rate".into() })
        );
    }
}
