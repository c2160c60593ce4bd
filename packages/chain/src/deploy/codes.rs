//! What is to be done about a code: nothing, admit whoever will instantiate it, or store it.

use super::artifact::Artifact;
use super::error::DeployError;
use super::plan::Plan;
use super::reader::{Access, CodeRecord};
use super::state::State;
use crate::client::Client;
use crate::message::InstantiateAccess;
use cosmrs::proto::cosmwasm::wasm::v1::{AccessType, QueryParamsRequest, QueryParamsResponse};

/// What a chain's parameters say about new code.
#[derive(Debug, Clone)]
pub struct CodeRules {
    /// Who may store code.
    pub upload: Access,
    /// Who may instantiate a code that was stored without a word about it; also the most that may be asked for.
    pub default: AccessType,
}

impl CodeRules {
    pub fn of(client: &Client) -> Result<Self, DeployError> {
        let response: QueryParamsResponse = client
            .module("/cosmwasm.wasm.v1.Query/Params", &QueryParamsRequest {})
            .map_err(DeployError::chain("asking for the chain's wasm parameters"))?;
        let params = response.params.unwrap_or_default();
        let default = params.instantiate_default_permission();
        Ok(Self { upload: Access::of(params.code_upload_access), default })
    }

    /// The permission to store with. Where the default admits the uploader only, the chain takes a list with others not
    /// at the storing, but in an update right after it.
    pub fn when_stored(&self, wanted: &InstantiateAccess, deployer: &str) -> InstantiateAccess {
        match (wanted, self.default) {
            (InstantiateAccess::AnyOf(_), AccessType::AnyOfAddresses) => {
                InstantiateAccess::AnyOf(vec![deployer.into()])
            }
            _ => wanted.clone(),
        }
    }

    /// Whether the deployer may store code, with a permission that the bootstrap can work with.
    ///
    /// Errors: [`DeployError::Mismatch`], [`DeployError::Value`].
    pub fn admit_storing(&self, plan: &Plan, wanted: &InstantiateAccess) -> Result<(), DeployError> {
        let deployer = &plan.config.key.address;
        if !self.upload.admits(deployer) {
            return Err(DeployError::Mismatch {
                what: format!("permission of {deployer} to store code (x/gov can store it, see docs/deploy.md)"),
                wanted: "granted".into(),
                found: format!("granted to {}", self.upload),
            });
        }
        let wrong = match (self.default, wanted) {
            (AccessType::Everybody, _) | (AccessType::AnyOfAddresses, InstantiateAccess::AnyOf(_)) => return Ok(()),
            (AccessType::AnyOfAddresses, InstantiateAccess::ChainDefault) => {
                "on this chain it would not let the guardian instantiate; wanted \"suite\""
            }
            (AccessType::AnyOfAddresses, InstantiateAccess::Everybody) => {
                "this chain takes no code that everybody may instantiate; wanted \"suite\""
            }
            (AccessType::Nobody | AccessType::Unspecified, _) => {
                "on this chain x/gov alone may let anybody instantiate: it must store the codes, see docs/deploy.md"
            }
        };
        Err(DeployError::value("suite.instantiate_permission", wrong))
    }
}

/// Who may instantiate a code, and who will.
#[derive(Debug, Clone)]
pub struct Need<'a> {
    pub artifact: &'a Artifact,
    pub access: InstantiateAccess,
    pub creator: &'a str,
}

impl Need<'_> {
    /// A longer list of named addresses does: another suite may share the code.
    pub fn is_met_by(&self, access: &Access) -> bool {
        access.admits(self.creator)
            && match &self.access {
                InstantiateAccess::ChainDefault => true,
                InstantiateAccess::Everybody => *access == Access::Everybody,
                InstantiateAccess::AnyOf(_) => matches!(access, Access::AnyOf(_)),
            }
    }

    /// The permission that meets the need and takes nothing from those that have one.
    pub fn widened(&self, access: &Access) -> InstantiateAccess {
        match (&self.access, access) {
            (InstantiateAccess::AnyOf(wanted), Access::AnyOf(admitted)) => {
                let mut all: Vec<String> = wanted.iter().chain(admitted).cloned().collect();
                all.sort_unstable();
                all.dedup();
                InstantiateAccess::AnyOf(all)
            }
            (wanted, _) => wanted.clone(),
        }
    }

    /// What is to be done, by what is recorded and what is on the chain.
    ///
    /// Errors: [`DeployError::Mismatch`] for a recorded code that the chain does not have, or whose permission is
    /// somebody else's to change.
    pub fn decide(&self, plan: &Plan, state: &State, found: &[CodeRecord]) -> Result<Todo, DeployError> {
        let (file, checksum) = (&self.artifact.file, self.artifact.checksum.to_string());
        let deployer = &plan.config.key.address;
        let ours = |code: &CodeRecord| code.creator == *deployer && self.access != InstantiateAccess::ChainDefault;
        let mismatch = |what: String, wanted: String, found: String| DeployError::Mismatch { what, wanted, found };
        if let Some(recorded) = state.codes.get(file).filter(|code| code.checksum == checksum) {
            let code_id = recorded.code_id;
            let code = found.iter().find(|code| code.code_id == code_id && code.checksum == checksum);
            let Some(code) = code else {
                let hint = format!("no such code; is {} of an older chain?", plan.config.state.display());
                return Err(mismatch(format!("code {code_id} ({file})"), format!("checksum {checksum}"), hint));
            };
            return match self.is_met_by(&code.access) {
                true => Ok(Todo::Nothing(code.clone())),
                false if ours(code) => Ok(Todo::Admit(code.clone())),
                false => Err(mismatch(
                    format!("the instantiate permission of code {code_id} ({file})"),
                    format!("one that admits {}", self.creator),
                    code.access.to_string(),
                )),
            };
        }
        let same = || found.iter().filter(|code| code.checksum == checksum);
        if let Some(code) = same().find(|code| self.is_met_by(&code.access)) {
            return Ok(Todo::Nothing(code.clone()));
        }
        Ok(same().find(|code| ours(code)).map_or(Todo::Store, |code| Todo::Admit(code.clone())))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// The code is there and may be instantiated.
    Nothing(CodeRecord),
    /// The code is there, and its permission is the deployer's to widen.
    Admit(CodeRecord),
    Store,
}
