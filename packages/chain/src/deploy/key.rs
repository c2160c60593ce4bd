//! Where the deployer's phrase comes from. It is read once, never written and never shown.

use super::error::DeployError;
use crate::network::Network;
use crate::signer::Signer;
use serde::Deserialize;
use std::path::{Path, PathBuf};

const ENV_DEFAULT: &str = "FIREBREAK_MNEMONIC";
/// Words of the shortest phrase: a "path" of so many is a phrase in the wrong place.
const PHRASE_WORDS_MIN: usize = 12;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// The deployer. Public, and enough to predict every address; the key must be this account's.
    pub address: String,
    /// Name of the environment variable that holds the phrase.
    pub env: Option<String>,
    /// File that holds the phrase; only its owner may be able to read it.
    pub file: Option<PathBuf>,
    /// Account of the phrase.
    #[serde(default)]
    pub index: u32,
}

impl KeySource {
    /// Errors: [`DeployError::Key`], which never repeats a phrase.
    pub fn signer(&self, network: &Network) -> Result<Signer, DeployError> {
        let wrong = |wrong: String| DeployError::Key { wrong };
        let phrase = match (&self.env, &self.file) {
            (Some(_), Some(_)) => return Err(wrong("key: wanted one of env and file, found both".into())),
            (None, Some(file)) => from_file(file)?,
            (name, None) => from_env(name.as_deref().unwrap_or(ENV_DEFAULT))?,
        };
        let signer = Signer::from_phrase(&phrase, self.index, network).map_err(|error| wrong(error.to_string()))?;
        if signer.address() != self.address {
            let (wanted, found, index) = (&self.address, signer.address(), self.index);
            return Err(wrong(format!("key.address: wanted {wanted}, account {index} of the key is {found}")));
        }
        Ok(signer)
    }
}

fn from_env(name: &str) -> Result<String, DeployError> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if !is_name(name) {
        return Err(DeployError::Key { wrong: "key.env: must be the name of an environment variable".into() });
    }
    std::env::var(name)
        .map_err(|_| DeployError::Key { wrong: format!("the deployer's phrase is wanted in the variable {name}") })
}

fn from_file(file: &Path) -> Result<String, DeployError> {
    if file.to_string_lossy().split_whitespace().count() >= PHRASE_WORDS_MIN {
        return Err(DeployError::Key { wrong: "key.file: must be the path of a file".into() });
    }
    // Checked on the open file: between a check of the path and its opening it could be replaced.
    let opened = std::fs::File::open(file).map_err(|cause| DeployError::unreadable(file, cause))?;
    private(&opened, file)?;
    std::io::read_to_string(opened).map_err(|cause| DeployError::unreadable(file, cause))
}

#[cfg(unix)]
fn private(opened: &std::fs::File, file: &Path) -> Result<(), DeployError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = opened.metadata().map_err(|cause| DeployError::unreadable(file, cause))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let wrong = format!("{}: others can read it (mode {mode:03o}); wanted at most 600", file.display());
    Err(DeployError::Key { wrong })
}

#[cfg(not(unix))]
fn private(_: &std::fs::File, file: &Path) -> Result<(), DeployError> {
    let wrong = format!("{}: who can read it cannot be found out on this system; use key.env", file.display());
    Err(DeployError::Key { wrong })
}
