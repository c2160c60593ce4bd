//! Wrong inputs: one line on standard error, exit code 2, nothing on standard output.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;
use std::process::{Command, Output};

fn firebreak(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_firebreak")).args(arguments).output().unwrap()
}

/// A file of this test, under the folder that cargo gives it.
fn file(name: &str, content: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, content).unwrap();
    path.display().to_string()
}

const HEADER: &str = "ts_ms,open,high,low,close,volume";

#[test]
fn every_wrong_input_is_one_line_and_exit_code_2() {
    let rows = |name: &str, rows: &str| file(name, &format!("{HEADER}\n86400000,10,12,9,11,1\n{rows}\n"));
    let cases = [
        ("unknown scenario", "--scenario", "black-monday".to_string(), "there is no scenario \"black-monday\""),
        ("missing file", "--prices", "no-such-file.csv".into(), "no-such-file.csv: cannot be read"),
        ("empty file", "--prices", file("empty.csv", ""), "has no price rows"),
        ("header only", "--prices", file("header.csv", HEADER), "has no price rows"),
        ("another header", "--prices", file("other.csv", "a,b\n1,2\n"), "line 1: the header must be"),
        ("unsorted", "--prices", rows("unsorted.csv", "86340000,10,12,9,11,1"), "line 3: times must rise"),
        (
            "negative",
            "--prices",
            rows("negative.csv", "86460000,10,12,-9,11,1"),
            "line 3: low must be above 0, found -9",
        ),
        ("high below low", "--prices", rows("inverted.csv", "86460000,10,9,12,10,1"), "line 3: high 9 is below low 12"),
        ("malformed", "--prices", rows("malformed.csv", "86460000,10,12,nine,11,1"), "line 3: low must be a decimal"),
        ("few fields", "--prices", rows("short.csv", "86460000,10,12"), "line 3: 6 fields are wanted, found 3"),
        ("market", "--market", "B T C".into(), "the market's name"),
        ("traders", "--traders", "0".into(), "error:"),
        ("seed", "--seed", "one".into(), "error:"),
        ("protection", "--protection", "maybe".into(), "error:"),
        ("unknown option", "--price", "x.csv".into(), "error:"),
        ("json", "--json", "no-such-folder/out.json".into(), "cannot be written"),
    ];
    for (name, option, value, wanted) in cases {
        let output = firebreak(&["replay", option, &value]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert_eq!(error.lines().count(), 1, "{name}: {error}");
        assert!(error.contains(wanted), "{name}: {error}");
        assert!(output.stdout.is_empty(), "{name}");
    }
}

#[test]
fn detect_and_calibrate_name_what_is_wrong_too() {
    let good = file("detect-good.csv", &format!("{HEADER}\n86400000,10,12,9,11,1\n"));
    let cases: [(&[&str], &str); 7] = [
        (&["detect"], "error:"),
        (&["detect", "no-such-file.csv"], "no-such-file.csv: cannot be read"),
        (&["detect", &good, "--maintenance-margin", "0"], "--maintenance-margin must be above 0, below 0.5, found 0"),
        (&["detect", &good, &good, "--csv", "out.csv"], "--csv and --chart must be one price file, found 2"),
        (&["calibrate", "--null", "cauchy"], "there is no null model \"cauchy\"; there are gaussian, t4"),
        (&["calibrate", "--rate", "0"], "--rate must be above 0"),
        (&["calibrate", "--blocks", "1", "--csv", "no-such-folder/out.csv"], "cannot be written"),
    ];
    for (arguments, wanted) in cases {
        let output = firebreak(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), error.lines().count()), (Some(2), 1), "{arguments:?}: {error}");
        assert!(error.contains(wanted) && output.stdout.is_empty(), "{arguments:?}: {error}");
    }
}

#[test]
fn detect_prints_alarms_and_uptime_and_writes_a_table_and_a_chart() {
    let mut rows = String::from(HEADER);
    for minute in 0..400u64 {
        let at = 86_400_000 + 60_000 * minute;
        let price = if minute < 300 { 10_000 } else { 9_500 };
        rows.push_str(&format!("\n{at},{price},{},{},{price},1", price + 1, price - 1));
    }
    let prices = file("detect-crash.csv", &rows);
    let out = |name: &str| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name).display().to_string();
    let (table, chart) = (out("detect.csv"), out("detect.svg"));
    let output = firebreak(&["detect", &prices, "--csv", &table, "--chart", &chart]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("uptime: normal") && page.contains("reduce-only hour-move"), "{page}");
    assert!(page.contains("An hour of restriction costs an attacker"), "{page}");
    assert_eq!(std::fs::read_to_string(&table).unwrap().lines().count(), 1 + 4 * 400);
    assert!(std::fs::read_to_string(&chart).unwrap().starts_with("<svg"));
}

#[test]
fn calibrate_with_one_seed_prints_the_same_figures_and_judges_no_tier_that_is_too_short() {
    let run = || {
        let output =
            firebreak(&["calibrate", "--blocks", "20000", "--paths", "20", "--seed", "7", "--null", "gaussian"]);
        let page = String::from_utf8(output.stdout).unwrap();
        // The line with the seconds differs.
        page.lines().filter(|line| !line.contains("million blocks in")).map(String::from).collect::<Vec<_>>().join("\n")
    };
    let page = run();
    assert_eq!(page, run());
    assert!(page.contains("not judged") && page.contains("reference walking") && page.contains("bars:"), "{page}");
}

#[test]
fn help_is_no_error() {
    let output = firebreak(&["replay", "--help"]);
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("--protection"));
}

#[test]
fn figures_are_written_as_one_object_or_as_a_list() {
    let prices = file("flat.csv", &format!("{HEADER}\n86400000,100,101,99,100,1\n86460000,100,101,99,100,1\n"));
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("out.json").display().to_string();
    let common = ["--protection", "on", "--traders", "3", "--json", &out, "--prices", &prices];
    let read = || serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(&out).unwrap()).unwrap();

    let output = firebreak(&[&["replay"], common.as_slice()].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let one = read();
    assert_eq!((&one["scenario"], &one["bars"], &one["seconds"]), (&"flat".into(), &2.into(), &120.into()));
    assert!(one["runs"]["protected"].is_object() && one["runs"].get("unprotected").is_none());

    let output = firebreak(&[&["replay"], common.as_slice(), &["--prices", &prices]].concat());
    assert!(output.status.success());
    assert_eq!(read().as_array().map(Vec::len), Some(2));
    let page = String::from_utf8(output.stdout).unwrap();
    assert!(page.contains("protected") && page.contains("nothing happened"), "{page}");
}
