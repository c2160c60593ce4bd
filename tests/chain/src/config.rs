//! The figures of both chains: those of `deploy/localnet.toml`.

use firebreak_chain::deploy::{Config, DeployError};
use firebreak_testing::Setup;
use std::path::{Path, PathBuf};

/// Set to use artifacts of another folder than the checkout's.
pub const ARTIFACTS: &str = "FIREBREAK_ARTIFACTS";

/// The multisig, as the configuration calls it.
const DAO: &str = "@dao";

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where the built wasm is: what `scripts/build-wasm --tests` writes.
pub fn artifacts() -> PathBuf {
    std::env::var_os(ARTIFACTS).map_or_else(|| checkout().join("artifacts"), PathBuf::from)
}

/// The committed configuration of the local chain, with the artifacts of [`artifacts`].
///
/// Errors: those of [`Config::load`].
pub fn load() -> Result<Config, DeployError> {
    let folder = artifacts();
    let mut config = Config::load(&checkout().join("deploy/localnet.toml"))?;
    config.artifacts.checksums = folder.join("checksums.txt");
    for outside in &mut config.outside {
        if let Some(file) = outside.wasm.file_name() {
            outside.wasm = folder.join("tests").join(file);
        }
    }
    config.artifacts.folder = folder;
    Ok(config)
}

/// The same for a World. It makes the council and the DAO by itself: three members each, two of three decide.
pub fn setup(config: &Config) -> Setup {
    let proposers = config.roles.proposers.clone();
    assert!(proposers.iter().any(|proposer| proposer == DAO), "{DAO} proposes: {proposers:?}");
    Setup {
        feeds: config.feeds.clone(),
        guards: config.guards.clone(),
        observers: config.observers.clone(),
        vault: config.vault.clone(),
        markets: config.markets.clone(),
        fund: config.fund.clone(),
        gas: config.gas.clone(),
        delays: config.delays.clone(),
        more_proposers: proposers.into_iter().filter(|proposer| proposer != DAO).collect(),
        council_threshold: config.council.threshold,
        frozen_seconds_max: config.council.frozen_seconds_max,
        restriction_seconds_max: config.council.restriction_seconds_max,
        confirmation_window_seconds: config.council.confirmation_window_seconds,
        ..Setup::default()
    }
}
