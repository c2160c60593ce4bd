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
