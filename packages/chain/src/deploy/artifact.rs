//! The built contracts: what is in the folder is what the checksum file says.

use super::config::Config;
use super::error::DeployError;
use cosmwasm_std::Checksum;
use flate2::write::GzEncoder;
use flate2::Compression;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// Largest wasm that a chain takes unless its parameters say otherwise.
const WASM_BYTES_MAX: usize = 800 * 1_024;

/// The five contracts of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contract {
    Guardian,
    Oracle,
    CircuitBreaker,
    InsuranceFund,
    DerivativesVault,
}

impl Contract {
    pub const ALL: [Self; 5] =
        [Self::Guardian, Self::Oracle, Self::CircuitBreaker, Self::InsuranceFund, Self::DerivativesVault];

    pub fn name(self) -> &'static str {
        match self {
            Self::Guardian => "guardian",
            Self::Oracle => "oracle",
            Self::CircuitBreaker => "circuit-breaker",
            Self::InsuranceFund => "insurance-fund",
            Self::DerivativesVault => "derivatives-vault",
        }
    }

    fn file(self) -> String {
        format!("firebreak_{}.wasm", self.name().replace('-', "_"))
    }
}

/// One code: wasm and its checksum, which is also how a chain names it.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Name of the file, without its folder.
    pub file: String,
    pub wasm: Vec<u8>,
    pub checksum: Checksum,
}

impl Artifact {
    /// Errors: [`DeployError::Unreadable`], [`DeployError::Artifact`] for what is no wasm or too large.
    pub fn read(path: &Path) -> Result<Self, DeployError> {
        let wasm = std::fs::read(path).map_err(|cause| DeployError::unreadable(path, cause))?;
        let wrong =
            |wanted: String, found: String| DeployError::Artifact { file: path.display().to_string(), wanted, found };
        if !wasm.starts_with(b"\0asm") {
            return Err(wrong("a wasm module".into(), "something else".into()));
        }
        if wasm.len() > WASM_BYTES_MAX {
            return Err(wrong(format!("at most {WASM_BYTES_MAX} bytes"), wasm.len().to_string()));
        }
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let checksum = Checksum::generate(&wasm);
        Ok(Self { file, wasm, checksum })
    }

    /// Gzipped, as chains take it too: a transaction pays for each of its bytes. The checksum is that of the wasm.
    pub fn gzipped(&self) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::best());
        // Writing to memory does not fail; if it did, the plain wasm would do as well.
        match encoder.write_all(&self.wasm).and_then(|()| encoder.finish()) {
            Ok(gzipped) => gzipped,
            Err(_) => self.wasm.clone(),
        }
    }
}

/// Reads the five artifacts and compares them with the checksum file.
///
/// Errors: [`DeployError::Unreadable`], [`DeployError::Artifact`].
pub fn read_suite(config: &Config) -> Result<BTreeMap<Contract, Artifact>, DeployError> {
    let listed = checksums(&config.artifacts.checksums)?;
    let mut artifacts = BTreeMap::new();
    for contract in Contract::ALL {
        let path = config.artifacts.folder.join(contract.file());
        let artifact = Artifact::read(&path)?;
        let (wanted, found) = (listed.get(&artifact.file), artifact.checksum.to_string());
        if wanted != Some(&found) {
            let listed_in = config.artifacts.checksums.display();
            let wanted =
                wanted.map_or(format!("a line in {listed_in}"), |wanted| format!("{wanted} as in {listed_in}"));
            return Err(DeployError::Artifact { file: path.display().to_string(), wanted, found });
        }
        artifacts.insert(contract, artifact);
    }
    Ok(artifacts)
}

/// File name -> checksum.
fn checksums(path: &Path) -> Result<BTreeMap<String, String>, DeployError> {
    let text = std::fs::read_to_string(path).map_err(|cause| DeployError::unreadable(path, cause))?;
    let mut listed = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let (Some(checksum), Some(file), None) = (words.next(), words.next(), words.next()) else {
            let (wanted, found) = ("lines of a checksum and a file".into(), format!("{line:?}"));
            return Err(DeployError::Artifact { file: path.display().to_string(), wanted, found });
        };
        listed.insert(file.trim_start_matches('*').to_string(), checksum.to_ascii_lowercase());
    }
    Ok(listed)
}
