//! Addresses: what they must look like, what they will be, and `@name` for a contract that the deployment creates.

use super::artifact::Contract;
use super::config::Config;
use super::error::DeployError;
use cosmrs::AccountId;
use cosmwasm_std::{instantiate2_address, CanonicalAddr, Checksum};
use firebreak_messages::guardian::SuiteResponse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `instantiate2` takes so many bytes of salt.
const SALT_BYTES_MAX: usize = 64;

/// Where the five contracts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addresses {
    pub guardian: String,
    pub oracle: String,
    pub circuit_breaker: String,
    pub insurance_fund: String,
    pub derivatives_vault: String,
}

impl Addresses {
    pub fn new(guardian: String, suite: SuiteResponse) -> Self {
        let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = suite;
        Self { guardian, oracle, circuit_breaker, insurance_fund, derivatives_vault }
    }

    pub fn of(&self, contract: Contract) -> &str {
        match contract {
            Contract::Guardian => &self.guardian,
            Contract::Oracle => &self.oracle,
            Contract::CircuitBreaker => &self.circuit_breaker,
            Contract::InsuranceFund => &self.insurance_fund,
            Contract::DerivativesVault => &self.derivatives_vault,
        }
    }
}

/// The bytes of an address of the chain.
///
/// Errors: [`DeployError::Value`], which names the field.
pub fn parse(address: &str, prefix: &str, field: &str) -> Result<CanonicalAddr, DeployError> {
    let wrong =
        || DeployError::value(field, format!("must be an address that begins with {prefix}1, found {address:?}"));
    let parsed: AccountId = address.parse().map_err(|_| wrong())?;
    if parsed.prefix() != prefix {
        return Err(wrong());
    }
    Ok(parsed.to_bytes().into())
}

/// Where `instantiate2` puts a contract.
///
/// Errors: [`DeployError::Value`] for a salt that is empty or too long.
pub fn predict(
    checksum: &Checksum,
    creator: &CanonicalAddr,
    salt: &[u8],
    prefix: &str,
    field: &str,
) -> Result<String, DeployError> {
    let wrong = |error: String| DeployError::value(field, error);
    let canonical =
        instantiate2_address(checksum.as_slice(), creator, salt).map_err(|error| wrong(error.to_string()))?;
    AccountId::new(prefix, &canonical).map(|address| address.to_string()).map_err(|error| wrong(error.to_string()))
}

/// The salt of an outside contract: two suites of one deployer have each their own.
pub fn outside_salt(config: &Config, name: &str) -> Result<Vec<u8>, DeployError> {
    let salt = format!("{}/{name}", config.suite.salt).into_bytes();
    if salt.len() > SALT_BYTES_MAX {
        let wrong = format!("its salt, suite.salt and the name, must be at most {SALT_BYTES_MAX} bytes long");
        return Err(DeployError::value(format!("outside {name}"), wrong));
    }
    Ok(salt)
}

/// Replaces `@name` by the address of the outside contract of that name.
///
/// Errors: [`DeployError::Value`] for a name that is not known yet.
pub fn resolve(text: &mut String, known: &BTreeMap<String, String>, field: &str) -> Result<(), DeployError> {
    if let Some(name) = text.strip_prefix('@') {
        let address = known
            .get(name)
            .ok_or_else(|| DeployError::value(field, format!("there is no outside contract {name} before it")))?;
        *text = address.clone();
    }
    Ok(())
}

/// The same for every text of a message.
pub fn resolve_json(
    value: &mut serde_json::Value,
    known: &BTreeMap<String, String>,
    field: &str,
) -> Result<(), DeployError> {
    use serde_json::Value;
    match value {
        Value::String(text) => resolve(text, known, field),
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve_json(item, known, field)),
        Value::Object(fields) => fields.values_mut().try_for_each(|item| resolve_json(item, known, field)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// The same for every address of the suite's configuration, and then each must be one of the chain.
pub fn resolve_config(config: &mut Config, known: &BTreeMap<String, String>) -> Result<(), DeployError> {
    let prefix = config.network.prefix.clone();
    let mut fields: Vec<(String, &mut String)> = vec![("council.group".into(), &mut config.council.group)];
    let named = |name: &'static str, index: usize| format!("{name}[{index}]");
    let roles = &mut config.roles;
    fields.extend(roles.proposers.iter_mut().enumerate().map(|(at, text)| (named("roles.proposers", at), text)));
    fields.extend(roles.cancellers.iter_mut().enumerate().map(|(at, text)| (named("roles.cancellers", at), text)));
    for setup in &mut config.feeds {
        let feed = setup.feed;
        let feeders = setup.config.feeders.iter_mut().enumerate();
        fields.extend(feeders.map(|(at, feeder)| (format!("feed {feed}: feeders[{at}].address"), &mut feeder.address)));
    }
    for (field, text) in fields {
        resolve(text, known, &field)?;
        parse(text, &prefix, &field)?;
    }
    Ok(())
}
