//! A contract's tests are one program, so a file that its `main.rs` does not name would be a test that never runs.

use std::fs;
use std::path::{Path, PathBuf};

fn folders() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let contracts =
        fs::read_dir(root.join("contracts")).expect("the contracts").map(|entry| entry.expect("a contract").path());
    contracts.chain([root.join("tests/incidents")]).map(|package| package.join("tests")).collect()
}

fn modules(folder: &Path) -> Vec<String> {
    let main = fs::read_to_string(folder.join("main.rs")).expect("main.rs");
    main.lines().filter_map(|line| Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())).collect()
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the tests").map(|entry| entry.expect("a test").path());
    entries.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).filter(|name| name != "main").collect()
}

#[test]
fn every_test_file_is_part_of_its_program() {
    for folder in folders() {
        let (mut named, mut found) = (modules(&folder), files(&folder));
        named.sort();
        found.sort();
        assert_eq!(named, found, "files of {} that main.rs names, and that are there", folder.display());
        assert!(found.len() > 1, "{} is empty", folder.display());
    }
}
