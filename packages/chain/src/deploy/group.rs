//! The council's group tells the guardian when its members change, and open confirmations are void. It does so where the
//! guardian is among its hooks, which only the group's admin can arrange: no message of the suite can.

use super::address::Addresses;
use super::error::DeployError;
use super::plan::Plan;
use super::reader::Reader;
use super::run::Sent;
use crate::client::{Client, Gas};
use crate::error::ChainError;
use crate::message;
use crate::signer::Signer;
use serde::Deserialize;
use serde_json::{json, Value};

#[derive(Deserialize)]
struct Hooks {
    hooks: Vec<String>,
}

#[derive(Deserialize)]
struct Admin {
    admin: Option<String>,
}

/// Whom a cw4 group tells.
///
/// Errors: [`ChainError`], of a group that has no hooks too.
pub fn hooks(reader: &impl Reader, group: &str) -> Result<Vec<String>, ChainError> {
    Ok(reader.smart::<Hooks>(group, &json!({ "hooks": {} }))?.hooks)
}

/// Who may change a cw4 group; nobody when it does not say.
///
/// Errors: [`ChainError::Node`].
pub fn admin(reader: &impl Reader, group: &str) -> Result<Option<String>, ChainError> {
    Ok(answered(reader.smart::<Admin>(group, &json!({ "admin": {} })))?.and_then(|found| found.admin))
}

pub fn add_hook(guardian: &str) -> Value {
    json!({ "add_hook": { "addr": guardian } })
}

/// Whether the deployer has to tell the group of the guardian, and may: of one that it will create, or of one that is there.
///
/// Errors: [`ChainError::Node`].
pub fn wants_hook(reader: &impl Reader, plan: &Plan, guardian: &str) -> Result<bool, ChainError> {
    let (group, deployer) = (&plan.config.council.group, &plan.config.key.address);
    let planned = plan.outside.iter().find(|outside| outside.address == *group);
    if let Some(planned) = planned {
        if answered(reader.contract(group))?.flatten().is_none() {
            return Ok(planned.msg["admin"] == **deployer);
        }
    }
    let Some(hooks) = answered(hooks(reader, group))? else { return Ok(false) };
    Ok(!hooks.iter().any(|hook| hook == guardian) && admin(reader, group)?.as_ref() == Some(deployer))
}

/// Adds the guardian to the group's hooks where the deployer is the group's admin. Elsewhere the self-check says what is missing.
pub fn introduce(
    client: &mut Client,
    signer: &Signer,
    plan: &Plan,
    addresses: &Addresses,
    note: &mut dyn FnMut(&str),
) -> Result<Option<Sent>, DeployError> {
    let (what, guardian) = ("tell the council's group of the guardian", &addresses.guardian);
    let wanted = wants_hook(client, plan, guardian).map_err(DeployError::chain(what))?;
    if !wanted || signer.address() != plan.config.key.address {
        return Ok(None);
    }
    let message = message::execute(signer.address(), &plan.config.council.group, &add_hook(guardian), &[]);
    let tx = client.send(signer, &[message.map_err(DeployError::chain(what))?], Gas::Simulated);
    let tx = tx.map_err(DeployError::chain(what))?;
    note(&format!("the council's group tells the guardian of its members ({} gas)", tx.gas_used));
    Ok(Some(Sent { what: what.into(), hash: tx.hash, gas_used: tx.gas_used }))
}

/// What a contract answered; `None` when it refused.
fn answered<T>(answer: Result<T, ChainError>) -> Result<Option<T>, ChainError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error @ ChainError::Node { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}
