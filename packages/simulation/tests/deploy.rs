//! The command line of `firebreak deploy`: exit codes, one line for an error, and a phrase that never appears.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PHRASE: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
/// Nothing listens on it.
const DEAD_NODE: &str = "http://127.0.0.1:9";

/// A folder with artifacts that are wasm by name only, and a configuration that uses them.
fn configuration(name: &str, edit: impl Fn(String) -> String) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("deploy-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("tests")).unwrap();
    let mut checksums = String::new();
    for contract in ["guardian", "oracle", "circuit_breaker", "insurance_fund", "derivatives_vault"] {
        let (file, wasm) = (format!("firebreak_{contract}.wasm"), [b"\0asm", contract.as_bytes()].concat());
        checksums += &format!("{}  {file}\n", cosmwasm_std::Checksum::generate(&wasm));
        std::fs::write(folder.join(file), wasm).unwrap();
    }
    std::fs::write(folder.join("checksums.txt"), checksums).unwrap();
    for contract in ["group", "multisig"] {
        std::fs::write(folder.join(format!("tests/firebreak_test_{contract}.wasm")), b"\0asm").unwrap();
    }
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/localnet.toml");
    let text = std::fs::read_to_string(committed).unwrap().replace("../artifacts", &folder.display().to_string());
    let file = folder.join("deploy.toml");
    std::fs::write(&file, edit(text)).unwrap();
    file
}

fn deploy(config: &Path, arguments: &[&str], phrase: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firebreak"));
    command.args(["deploy", "--config"]).arg(config).args(["--rpc", DEAD_NODE]).args(arguments);
    command.env_remove("LOCALNET_MNEMONIC").envs(phrase.map(|phrase| ("LOCALNET_MNEMONIC", phrase)));
    command.output().unwrap()
}

/// Exit code and the one line on standard error; nothing of the phrase anywhere.
fn refusal(output: &Output) -> (i32, String) {
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    let all = format!("{}{error}", String::from_utf8_lossy(&output.stdout));
    assert!(!all.contains("abandon"), "{all}");
    assert_eq!(error.lines().count(), 1, "{error}");
    (output.status.code().unwrap(), error)
}

#[test]
fn a_wrong_input_is_exit_code_2_before_a_node_is_asked() {
    let same = |text: String| text;
    let cases: [(&str, PathBuf, Option<&str>, &str); 6] = [
        ("no file", PathBuf::from("no-such.toml"), Some(PHRASE), "no-such.toml: cannot be read"),
        ("field", configuration("field", |text| text.replace("quorum", "quorums")), Some(PHRASE), "feeds[0].config"),
        (
            "value",
            configuration("value", |text| text.replace("quorum = 3", "quorum = 1")),
            Some(PHRASE),
            "feed 1: quorum must be above two thirds",
        ),
        ("no key", configuration("no-key", same), None, "wanted in the variable LOCALNET_MNEMONIC"),
        ("bad key", configuration("bad-key", same), Some("abandon abandon"), "the key's phrase cannot be read"),
        (
            "phrase in place of a name",
            configuration("misplaced", |text| text.replace("LOCALNET_MNEMONIC", PHRASE)),
            None,
            "key.env: must be the name",
        ),
    ];
    for (name, config, phrase, wanted) in cases {
        let (code, error) = refusal(&deploy(&config, &[], phrase));
        assert_eq!(code, 2, "{name}: {error}");
        assert!(error.contains(wanted), "{name}: {error}");
    }
}

#[test]
fn a_node_that_does_not_answer_is_exit_code_1_and_one_line() {
    let config = configuration("dead-node", |text| text);
    for arguments in [vec![], vec!["--dry-run"], vec!["--check"]] {
        let (code, error) = refusal(&deploy(&config, &arguments, Some(PHRASE)));
        assert_eq!(code, 1, "{arguments:?}: {error}");
        assert!(error.starts_with("error: connecting: the node at http://127.0.0.1:9 does not answer"), "{error}");
        assert!(error.len() < 400, "{error}");
    }
    assert!(!config.with_file_name("localnet.state.json").exists());
}

#[test]
fn dry_run_and_check_need_no_key() {
    let config = configuration("no-key-needed", |text| text);
    for argument in ["--dry-run", "--check"] {
        // They get as far as the node.
        let (code, error) = refusal(&deploy(&config, &[argument], None));
        assert!(code == 1 && error.contains("does not answer"), "{error}");
    }
    let (code, error) = refusal(&deploy(&config, &["--dry-run", "--check"], None));
    assert!(code == 2 && error.contains("cannot be used with"), "{error}");
}
