//! Chain messages, as the chain's own protobuf types.

use crate::error::ChainError;
use cosmrs::proto::cosmos::bank::v1beta1::{Input, MsgMultiSend, MsgSend, Output};
use cosmrs::proto::cosmos::base::v1beta1::Coin as ProtoCoin;
use cosmrs::proto::cosmos::gov::v1::{MsgSubmitProposal, MsgVote, VoteOption};
use cosmrs::proto::cosmwasm::wasm::v1::{
    AccessConfig, AccessType, MsgExecuteContract, MsgInstantiateContract, MsgInstantiateContract2, MsgMigrateContract,
    MsgStoreCode,
};
use cosmrs::Any;
use cosmwasm_std::{to_json_vec, Coin};
use serde::Serialize;

fn any(message: &impl prost::Name) -> Result<Any, ChainError> {
    Any::from_msg(message).map_err(|error| ChainError::unreadable("a message", error))
}

fn json(message: &impl Serialize) -> Result<Vec<u8>, ChainError> {
    to_json_vec(message).map_err(|error| ChainError::unreadable("a message", error))
}

fn coins(coins: &[Coin]) -> Vec<ProtoCoin> {
    coins.iter().map(|coin| ProtoCoin { denom: coin.denom.clone(), amount: coin.amount.to_string() }).collect()
}

/// Who may instantiate a code that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstantiateAccess {
    /// What the chain gives when nothing is asked for.
    ChainDefault,
    Everybody,
    AnyOf(Vec<String>),
}

impl InstantiateAccess {
    fn config(&self) -> Option<AccessConfig> {
        let (permission, addresses) = match self {
            Self::ChainDefault => return None,
            Self::Everybody => (AccessType::Everybody, vec![]),
            Self::AnyOf(addresses) => (AccessType::AnyOfAddresses, addresses.clone()),
        };
        Some(AccessConfig { permission: permission.into(), addresses })
    }
}

pub fn execute(sender: &str, contract: &str, msg: &impl Serialize, funds: &[Coin]) -> Result<Any, ChainError> {
    any(&MsgExecuteContract { sender: sender.into(), contract: contract.into(), msg: json(msg)?, funds: coins(funds) })
}

pub fn instantiate(
    sender: &str,
    admin: Option<&str>,
    code_id: u64,
    label: &str,
    msg: &impl Serialize,
) -> Result<Any, ChainError> {
    any(&MsgInstantiateContract {
        sender: sender.into(),
        admin: admin.unwrap_or_default().into(),
        code_id,
        label: label.into(),
        msg: json(msg)?,
        funds: vec![],
    })
}

/// The address depends on the code's checksum, the sender and the salt.
pub fn instantiate2(
    sender: &str,
    admin: &str,
    code_id: u64,
    label: &str,
    msg: &impl Serialize,
    salt: &[u8],
) -> Result<Any, ChainError> {
    any(&MsgInstantiateContract2 {
        sender: sender.into(),
        admin: admin.into(),
        code_id,
        label: label.into(),
        msg: json(msg)?,
        funds: vec![],
        salt: salt.into(),
        fix_msg: false,
    })
}

/// Wasm or gzipped wasm.
pub fn store_code(sender: &str, wasm: Vec<u8>, access: &InstantiateAccess) -> Result<Any, ChainError> {
    any(&MsgStoreCode { sender: sender.into(), wasm_byte_code: wasm, instantiate_permission: access.config() })
}

/// `MsgUpdateInstantiateConfig` of wasmd's `tx.proto`, which the proto library leaves out.
#[derive(Clone, PartialEq, prost::Message)]
struct UpdateInstantiateConfig {
    #[prost(string, tag = "1")]
    sender: String,
    #[prost(uint64, tag = "2")]
    code_id: u64,
    #[prost(message, optional, tag = "3")]
    new_instantiate_permission: Option<AccessConfig>,
}

/// For whoever stored a code: changes who may instantiate it. `ChainDefault` is refused by the chain.
pub fn update_access(sender: &str, code_id: u64, access: &InstantiateAccess) -> Any {
    let message =
        UpdateInstantiateConfig { sender: sender.into(), code_id, new_instantiate_permission: access.config() };
    let type_url = "/cosmwasm.wasm.v1.MsgUpdateInstantiateConfig".into();
    Any { type_url, value: prost::Message::encode_to_vec(&message) }
}

pub fn migrate(sender: &str, contract: &str, code_id: u64, msg: &impl Serialize) -> Result<Any, ChainError> {
    any(&MsgMigrateContract { sender: sender.into(), contract: contract.into(), code_id, msg: json(msg)? })
}

pub fn send(from: &str, to: &str, amount: &[Coin]) -> Result<Any, ChainError> {
    any(&MsgSend { from_address: from.into(), to_address: to.into(), amount: coins(amount) })
}

/// The same coins to each of many.
pub fn send_to_each(from: &str, recipients: &[String], each: &Coin) -> Result<Any, ChainError> {
    let total = Coin::new(each.amount.u128() * recipients.len() as u128, each.denom.clone());
    let outputs = recipients
        .iter()
        .map(|address| Output { address: address.clone(), coins: coins(std::slice::from_ref(each)) })
        .collect();
    any(&MsgMultiSend { inputs: vec![Input { address: from.into(), coins: coins(&[total]) }], outputs })
}

/// A proposal of the chain's gov module. Its messages are signed by the gov account.
pub fn propose(proposer: &str, title: &str, messages: Vec<Any>, deposit: Coin) -> Result<Any, ChainError> {
    any(&MsgSubmitProposal {
        messages,
        initial_deposit: coins(&[deposit]),
        proposer: proposer.into(),
        metadata: String::new(),
        title: title.into(),
        summary: title.into(),
        expedited: false,
    })
}

pub fn vote_yes(voter: &str, proposal_id: u64) -> Result<Any, ChainError> {
    any(&MsgVote { proposal_id, voter: voter.into(), option: VoteOption::Yes.into(), metadata: String::new() })
}

/// `MsgPinCodes` and `MsgUnpinCodes` of wasmd's `tx.proto`, which the proto library leaves out.
#[derive(Clone, PartialEq, prost::Message)]
struct CodesOfAuthority {
    #[prost(string, tag = "1")]
    authority: String,
    #[prost(uint64, repeated, tag = "2")]
    code_ids: Vec<u64>,
}

/// For the gov account: keeps codes in the memory of every node, which takes the loading cost off each call.
pub fn pin(authority: &str, code_ids: Vec<u64>) -> Any {
    codes_of_authority("/cosmwasm.wasm.v1.MsgPinCodes", authority, code_ids)
}

/// For the gov account: the reverse of [`pin`].
pub fn unpin(authority: &str, code_ids: Vec<u64>) -> Any {
    codes_of_authority("/cosmwasm.wasm.v1.MsgUnpinCodes", authority, code_ids)
}

fn codes_of_authority(type_url: &str, authority: &str, code_ids: Vec<u64>) -> Any {
    let message = CodesOfAuthority { authority: authority.into(), code_ids };
    Any { type_url: type_url.into(), value: prost::Message::encode_to_vec(&message) }
}
