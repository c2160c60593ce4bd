//! One story, two chains, the same end.

use firebreak_chain_tests::{story, Embedded, Summary, Wasmd};
use firebreak_testing::snapshot::UPDATE;
use std::path::Path;
use std::time::Instant;

/// The end of the story as it was committed.
fn snapshot() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("story.snapshot.json")
}

#[track_caller]
fn assert_committed(told: &Summary) {
    let text = std::fs::read_to_string(snapshot()).unwrap_or_else(|error| panic!("{}: {error}", snapshot().display()));
    let committed: Summary = serde_json::from_str(&text).unwrap();
    let differences = committed.differences(told);
    assert!(
        differences.is_empty(),
        "committed against told, {} values; if that is wanted, run the embedded story again with {UPDATE}=1\n{}",
        differences.len(),
        differences.join("\n")
    );
}

#[test]
fn the_embedded_chain_tells_the_committed_story() {
    let mut chain = Embedded::new();
    let told = story::tell(&mut chain);
    assert!(chain.checks() > 500, "the invariants were checked {} times", chain.checks());
    if std::env::var(UPDATE).is_ok_and(|value| value == "1") {
        std::fs::write(snapshot(), told.to_json()).unwrap();
    }
    assert_committed(&told);
}

#[test]
#[ignore = "needs a local chain: tests/chain/run"]
fn wasm_on_a_real_chain_tells_the_committed_story() {
    let begin = Instant::now();
    let mut chain = Wasmd::deploy().unwrap();
    println!("deployment: {:.1} s", begin.elapsed().as_secs_f64());
    assert_committed(&story::tell(&mut chain));
}
