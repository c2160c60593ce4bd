//! The configuration file: what is to be on the chain, in the contracts' own message types.

use super::error::DeployError;
use super::key::KeySource;
use crate::network::Network;
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{MarketSetup as GuardSetup, ObserversConfig};
use firebreak_messages::derivatives_vault::{MarketSetup, VaultParameters};
use firebreak_messages::guardian::{CouncilConfig, Delays, GasLimits, InstantiateMsg, RolesSetup, SuiteCodes};
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_messages::oracle::FeedSetup;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One deployment. Paths in a file are relative to the file's folder; [`Config::load`] resolves them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub network: Network,
    pub key: KeySource,
    pub artifacts: ArtifactSource,
    /// Where the deployment remembers what it has done.
    pub state: PathBuf,
    pub suite: SuiteConfig,
    /// Contracts that are created before the suite, such as the group and the multisig of a test chain.
    #[serde(default)]
    pub outside: Vec<OutsideContract>,
    pub roles: RolesSetup,
    pub delays: Delays,
    pub council: CouncilConfig,
    pub gas: GasLimits,
    pub vault: VaultParameters,
    pub fund: FundConfig,
    pub feeds: Vec<FeedSetup>,
    pub guards: Vec<GuardSetup>,
    pub observers: ObserversConfig,
    pub markets: Vec<MarketSetup>,
}

/// The built contracts: `firebreak_<contract>.wasm`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactSource {
    pub folder: PathBuf,
    /// `sha256  file` on each line, as `sha256sum` writes it. Every artifact must be in it.
    pub checksums: PathBuf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuiteConfig {
    /// Label of the guardian. The guardian labels its four children itself.
    pub label: String,
    /// Decides the addresses, together with the deployer and the codes. Bounds: 1 to 63 bytes.
    pub salt: String,
    /// Coin of the vault and the fund.
    pub denom: String,
    pub instantiate_permission: InstantiatePermission,
    /// The guardian of a suite that exists already. When it is given, nothing is ever created, only checked.
    pub guardian: Option<String>,
}

/// Who may instantiate the stored codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstantiatePermission {
    /// Whatever the chain gives.
    ChainDefault,
    Everybody,
    /// The deployer, and for the codes of the four children the predicted guardian too.
    Suite,
}

/// Created by the deployer, and known as `@name` in `roles`, `council` and the messages of later ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideContract {
    pub name: String,
    /// File of its code.
    pub wasm: PathBuf,
    pub label: String,
    /// Its wasm admin; nobody when it is not given.
    pub admin: Option<String>,
    /// Its instantiate message.
    pub msg: serde_json::Value,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// Errors: [`DeployError::Unreadable`], [`DeployError::Config`], which name file and field.
    pub fn load(path: &Path) -> Result<Self, DeployError> {
        let text = std::fs::read_to_string(path).map_err(|cause| DeployError::unreadable(path, cause))?;
        let file = path.display().to_string();
        let mut config = Self::parse(&text).map_err(|wrong| DeployError::Config { file, wrong })?;
        config.resolve_paths(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Errors: one line that names the field, and never repeats what stands in `key`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let line_of = |error: &toml::de::Error| {
            let line = |start: usize| text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count() + 1;
            error.span().map(|span| format!("line {}: ", line(span.start))).unwrap_or_default()
        };
        let mut unknown = vec![];
        let mut note = |path: serde_ignored::Path<'_>| unknown.push(bracketed(&path.to_string()));
        let deserializer = toml::Deserializer::new(text);
        let parsed = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(deserializer, &mut note));
        let config: Self = parsed.map_err(|error| {
            let field = error.path().to_string();
            let line = line_of(error.inner());
            // Somebody may have put a phrase where the name of a variable belongs: the library would repeat it.
            let wrong = if field.starts_with("key") {
                "takes `address`, `index` and one of `env` and `file`, as deploy/template.toml explains".into()
            } else {
                error.inner().message().replace('\n', " ")
            };
            if field == "." {
                format!("{line}{wrong}")
            } else {
                format!("{line}{field}: {wrong}")
            }
        })?;
        match unknown.first() {
            Some(field) => Err(format!("{field}: there is no such field")),
            None => Ok(config),
        }
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let mut paths = vec![&mut self.artifacts.folder, &mut self.artifacts.checksums, &mut self.state];
        paths.extend(self.key.file.as_mut());
        paths.extend(self.outside.iter_mut().map(|outside| &mut outside.wasm));
        for path in paths {
            *path = folder.join(&*path);
        }
    }

    /// What the guardian is instantiated with. References to outside contracts must have been resolved.
    pub fn message(&self, codes: SuiteCodes) -> InstantiateMsg {
        InstantiateMsg {
            roles: self.roles.clone(),
            delays: self.delays.clone(),
            council: self.council.clone(),
            denom: self.suite.denom.clone(),
            codes,
            salt: Binary::from(self.suite.salt.as_bytes()),
            feeds: self.feeds.clone(),
            guards: self.guards.clone(),
            observers: self.observers.clone(),
            vault: self.vault.clone(),
            markets: self.markets.clone(),
            fund: self.fund.clone(),
            gas: self.gas.clone(),
        }
    }
}

/// `feeds.0.config` as `feeds[0].config`, which is how the other errors write it.
fn bracketed(path: &str) -> String {
    let mut text = String::new();
    for segment in path.split('.') {
        if segment.chars().all(|letter| letter.is_ascii_digit()) {
            text += &format!("[{segment}]");
        } else {
            text += if text.is_empty() { "" } else { "." };
            text += segment;
        }
    }
    text
}
