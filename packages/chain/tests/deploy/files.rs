//! Folders of a test, and artifacts that are wasm by name only.

use cosmwasm_std::Checksum;
use firebreak_chain::deploy::Config;
use std::path::{Path, PathBuf};

pub const SUITE: [&str; 5] = ["guardian", "oracle", "circuit_breaker", "insurance_fund", "derivatives_vault"];
const OUTSIDE: [&str; 2] = ["test_group", "test_multisig"];

/// A fresh folder under the one that cargo gives tests.
pub fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

pub fn committed(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)).unwrap()
}

/// Writes artifacts that differ from each other, and their checksums.
pub fn artifacts(folder: &Path) {
    let mut checksums = String::new();
    for name in SUITE {
        let wasm = [b"\0asm", name.as_bytes()].concat();
        checksums += &format!("{}  firebreak_{name}.wasm\n", Checksum::generate(&wasm));
        std::fs::write(folder.join(format!("firebreak_{name}.wasm")), wasm).unwrap();
    }
    for name in OUTSIDE {
        let wasm = [b"\0asm", name.as_bytes()].concat();
        std::fs::write(folder.join(format!("firebreak_{name}.wasm")), wasm).unwrap();
    }
    std::fs::write(folder.join("checksums.txt"), checksums).unwrap();
}

/// The local chain's configuration, with the artifacts of a test.
pub fn localnet(name: &str) -> Config {
    with_artifacts(Config::parse(&committed("localnet.toml")).unwrap(), name)
}

pub fn with_artifacts(mut config: Config, name: &str) -> Config {
    let folder = folder(name);
    artifacts(&folder);
    config.artifacts.checksums = folder.join("checksums.txt");
    config.state = folder.join("state.json");
    for outside in &mut config.outside {
        outside.wasm = folder.join(outside.wasm.file_name().unwrap());
    }
    config.artifacts.folder = folder;
    config
}
