//! The built wasm on a chain: stored once, found again by its checksum.

use crate::config;
use firebreak_chain::deploy::Reader;
use firebreak_chain::message::{self, InstantiateAccess};
use firebreak_chain::{ChainError, Gas, Localnet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Code ids by the contract's name: `oracle`, `derivatives_vault`, .. and of the test contracts `group`, `multisig`,
/// `burner`, `nest`, `next_vault`, `next_guardian`.
#[derive(Debug, Clone)]
pub struct Codes(BTreeMap<String, u64>);

impl Codes {
    /// The code id of a contract. Panics for a name that was not built.
    #[track_caller]
    pub fn of(&self, name: &str) -> u64 {
        *self.0.get(name).unwrap_or_else(|| panic!("no code {name} among {:?}", self.0.keys().collect::<Vec<_>>()))
    }

    /// Stores every artifact that this chain does not have yet, under the deployer's name.
    pub fn store(localnet: &mut Localnet) -> Result<Self, ChainError> {
        Self::store_each(localnet, artifacts(&["", "tests"], "--tests"))
    }

    /// The same for the contracts of DAO DAO: `dao_dao_core`, `dao_pre_propose_single`, `dao_proposal_single`,
    /// `dao_voting_cw4`.
    pub fn store_dao_dao(localnet: &mut Localnet) -> Result<Self, ChainError> {
        Self::store_each(localnet, artifacts(&["dao-dao"], "--dao-dao"))
    }

    fn store_each(localnet: &mut Localnet, artifacts: Vec<Artifact>) -> Result<Self, ChainError> {
        let checksums: BTreeSet<String> = artifacts.iter().map(|(_, checksum, _)| checksum.clone()).collect();
        let stored = Reader::codes(&localnet.client, &checksums)?;
        let mut codes = BTreeMap::new();
        for (name, checksum, path) in artifacts {
            let code_id = match stored.iter().find(|code| code.checksum == checksum) {
                Some(code) => code.code_id,
                None => store(localnet, &path)?,
            };
            codes.insert(name, code_id);
        }
        Ok(Self(codes))
    }
}

fn store(localnet: &mut Localnet, path: &Path) -> Result<u64, ChainError> {
    let wasm = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let msg = message::store_code(&localnet.address("deployer"), wasm, &InstantiateAccess::ChainDefault)?;
    let tx = localnet.send("deployer", &[msg], Gas::Simulated)?;
    Ok(tx.number("store_code", "code_id").unwrap_or_else(|| panic!("the chain named no code")))
}

/// Name, checksum and file.
type Artifact = (String, String, PathBuf);

/// Everything that `scripts/build-wasm` wrote to these folders, when it was called with an option.
fn artifacts(folders: &[&str], option: &str) -> Vec<Artifact> {
    let mut found = vec![];
    for folder in folders.iter().map(|folder| config::artifacts().join(folder)) {
        let list = folder.join("checksums.txt");
        let text = std::fs::read_to_string(&list)
            .unwrap_or_else(|error| panic!("{}: {error}; scripts/build-wasm {option} writes it", list.display()));
        for line in text.lines() {
            let Some((checksum, file)) = line.split_once("  ") else { panic!("{}: {line}", list.display()) };
            let name = file.trim_end_matches(".wasm").trim_start_matches("firebreak_").trim_start_matches("test_");
            found.push((name.into(), checksum.into(), folder.join(file)));
        }
    }
    found
}
