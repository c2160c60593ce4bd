//! Everything about a deployment that is known before a chain is asked.

use super::address::{self, Addresses};
use super::artifact::{self, Artifact, Contract};
use super::codes::Need;
use super::config::{Config, InstantiatePermission};
use super::error::DeployError;
use super::rehearsal::rehearse;
use crate::message::InstantiateAccess;
use std::collections::BTreeMap;

/// Bytes of a label on a chain.
const LABEL_BYTES_MAX: usize = 128;

/// A configuration that was checked, with the codes and addresses that follow from it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// With every `@name` replaced by an address.
    pub config: Config,
    pub artifacts: BTreeMap<Contract, Artifact>,
    pub outside: Vec<PlannedContract>,
    /// Where the suite is, or will be with these codes.
    pub predicted: Addresses,
}

/// An outside contract.
#[derive(Debug, Clone)]
pub struct PlannedContract {
    pub name: String,
    pub label: String,
    /// `None`: nobody.
    pub admin: Option<String>,
    pub artifact: Artifact,
    pub msg: serde_json::Value,
    pub salt: Vec<u8>,
    pub address: String,
}

impl Plan {
    /// Checks a configuration without a chain: artifacts against their checksums, addresses, and everything that the
    /// contracts themselves would refuse.
    ///
    /// Errors: [`DeployError`]; each names the field or the file.
    pub fn new(config: &Config) -> Result<Self, DeployError> {
        let mut config = config.clone();
        let prefix = config.network.prefix.clone();
        config.network.fee(1).map_err(|error| DeployError::value("network.gas_price", error))?;
        if !(1.0..=10.0).contains(&config.network.gas_adjustment) {
            return Err(DeployError::value("network.gas_adjustment", "must be between 1 and 10"));
        }
        if !(1..=LABEL_BYTES_MAX).contains(&config.suite.label.len()) {
            return Err(DeployError::value("suite.label", format!("must be 1 to {LABEL_BYTES_MAX} bytes long")));
        }
        let deployer = address::parse(&config.key.address, &prefix, "key.address")?;
        let artifacts = artifact::read_suite(&config)?;

        let mut known = BTreeMap::new();
        let mut outside: Vec<PlannedContract> = vec![];
        for wanted in &config.outside {
            let field = format!("outside {}", wanted.name);
            if known.contains_key(&wanted.name) {
                return Err(DeployError::value(field, "there are two of this name"));
            }
            let (mut msg, mut admin) = (wanted.msg.clone(), wanted.admin.clone());
            address::resolve_json(&mut msg, &known, &field)?;
            if let Some(admin) = &mut admin {
                address::resolve(admin, &known, &format!("{field}.admin"))?;
                address::parse(admin, &prefix, &format!("{field}.admin"))?;
            }
            let artifact = Artifact::read(&wanted.wasm)?;
            let salt = address::outside_salt(&config, &wanted.name)?;
            let address = address::predict(&artifact.checksum, &deployer, &salt, &prefix, &field)?;
            known.insert(wanted.name.clone(), address.clone());
            let (name, label) = (wanted.name.clone(), wanted.label.clone());
            outside.push(PlannedContract { name, label, admin, artifact, msg, salt, address });
        }
        address::resolve_config(&mut config, &known)?;

        let guardian = match (&config.suite.guardian, artifacts.get(&Contract::Guardian)) {
            (Some(guardian), _) => {
                address::parse(guardian, &prefix, "suite.guardian")?;
                guardian.clone()
            }
            (None, Some(code)) => {
                let salt = config.suite.salt.as_bytes();
                address::predict(&code.checksum, &deployer, salt, &prefix, "suite.salt")?
            }
            (None, None) => return Err(DeployError::value("artifacts", "the guardian is missing")),
        };
        let suite = rehearse(&config, &artifacts, &guardian)?;
        Ok(Self { predicted: Addresses::new(guardian, suite), config, artifacts, outside })
    }

    /// What the five contracts need of their codes. The guardian instantiates the four others.
    pub(super) fn needs(&self) -> impl Iterator<Item = (Contract, Need<'_>)> {
        let (deployer, guardian) = (self.config.key.address.as_str(), self.predicted.guardian.as_str());
        self.artifacts.iter().map(move |(contract, artifact)| {
            let (creator, admitted) = match contract {
                Contract::Guardian => (deployer, vec![deployer]),
                _ => (guardian, vec![deployer, guardian]),
            };
            (*contract, Need { artifact, access: self.access(&admitted), creator })
        })
    }

    /// What an outside contract needs of its code.
    pub(super) fn outside_need<'a>(&'a self, artifact: &'a Artifact) -> Need<'a> {
        let deployer = self.config.key.address.as_str();
        Need { artifact, access: self.access(&[deployer]), creator: deployer }
    }

    fn access(&self, admitted: &[&str]) -> InstantiateAccess {
        match self.config.suite.instantiate_permission {
            InstantiatePermission::ChainDefault => InstantiateAccess::ChainDefault,
            InstantiatePermission::Everybody => InstantiateAccess::Everybody,
            InstantiatePermission::Suite => {
                InstantiateAccess::AnyOf(admitted.iter().map(|address| address.to_string()).collect())
            }
        }
    }
}
