//! What a deployment has done so far, in a file: an interrupted one goes on from there.

use super::address::Addresses;
use super::config::Config;
use super::error::DeployError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Grows when the fields change their meaning.
const VERSION: u32 = 1;

/// Holds no key and nothing secret: it may be committed beside the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    pub version: u32,
    pub chain_id: String,
    pub deployer: String,
    pub salt: String,
    /// Artifact file -> stored code.
    pub codes: BTreeMap<String, StoredCode>,
    /// Name -> outside contract.
    pub outside: BTreeMap<String, Created>,
    /// `None` before the bootstrap.
    pub suite: Option<Addresses>,
    /// Transaction of the bootstrap; `None` when it was found on the chain.
    pub bootstrap_tx: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredCode {
    pub code_id: u64,
    pub checksum: String,
    /// `None` when it was found on the chain.
    pub tx: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    pub address: String,
    /// `None` when it was found on the chain.
    pub tx: Option<String>,
}

impl State {
    fn begun(config: &Config) -> Self {
        Self {
            version: VERSION,
            chain_id: config.network.chain_id.clone(),
            deployer: config.key.address.clone(),
            salt: config.suite.salt.clone(),
            codes: BTreeMap::new(),
            outside: BTreeMap::new(),
            suite: None,
            bootstrap_tx: None,
        }
    }

    /// The state of this configuration's deployment: that of the file, or of one that begins.
    ///
    /// Parameters may have changed since: what they must be now is compared with the chain, not with the past.
    ///
    /// Errors: [`DeployError::OtherDeployment`] for a file of another chain, deployer or salt,
    /// [`DeployError::Unreadable`].
    pub fn load(config: &Config) -> Result<Self, DeployError> {
        let path = &config.state;
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::begun(config)),
            Err(error) => return Err(DeployError::unreadable(path, error)),
        };
        let state: Self = serde_json::from_str(&text).map_err(|error| DeployError::unreadable(path, error))?;
        for (what, found, wanted) in [
            ("the version", &state.version.to_string(), &VERSION.to_string()),
            ("the chain", &state.chain_id, &config.network.chain_id),
            ("the deployer", &state.deployer, &config.key.address),
            ("the salt", &state.salt, &config.suite.salt),
        ] {
            if found != wanted {
                let (file, wanted, found) = (path.display().to_string(), wanted.clone(), found.clone());
                return Err(DeployError::OtherDeployment { file, what, wanted, found });
            }
        }
        Ok(state)
    }

    /// Writes a new file beside the old one and puts it in its place: a kill at any moment leaves one of the two whole.
    ///
    /// Errors: [`DeployError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), DeployError> {
        let unwritable = |error: &dyn ToString| DeployError::Unwritable {
            file: path.display().to_string(),
            cause: error.to_string(),
        };
        let text = serde_json::to_string_pretty(self).map_err(|error| unwritable(&error))?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".new");
        let new = path.with_file_name(name);
        let write = || {
            use std::io::Write;
            let mut file = std::fs::File::create(&new)?;
            writeln!(file, "{text}")?;
            file.sync_all()?;
            std::fs::rename(&new, path)
        };
        write().map_err(|error| unwritable(&error))
    }
}
