//! What the deployment reads of a chain: a few questions, so that the same checks run on an embedded chain too.

use crate::client::Client;
use crate::error::ChainError;
use cosmrs::proto::cosmos::base::query::v1beta1::PageRequest;
use cosmrs::proto::cosmwasm::wasm::v1::{
    AccessConfig, AccessType, CodeInfoResponse, QueryCodesRequest, QueryCodesResponse,
};
use cosmwasm_std::HexBinary;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::BTreeSet;

/// Codes of one page.
const PAGE: u64 = 100;

/// A contract, as the chain's wasm module records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractRecord {
    pub code_id: u64,
    pub label: String,
    /// Empty: nobody.
    pub admin: String,
}

/// A stored code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRecord {
    pub code_id: u64,
    /// Who stored it.
    pub creator: String,
    /// Hex.
    pub checksum: String,
    pub access: Access,
}

/// Who may instantiate a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Nobody,
    Everybody,
    /// Sorted.
    AnyOf(Vec<String>),
}

impl Access {
    pub fn admits(&self, address: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::AnyOf(addresses) => addresses.iter().any(|admitted| admitted == address),
        }
    }

    fn any_of(mut addresses: Vec<String>) -> Self {
        addresses.sort_unstable();
        Self::AnyOf(addresses)
    }

    pub(crate) fn of(config: Option<AccessConfig>) -> Self {
        let Some(config) = config else { return Self::Nobody };
        match config.permission() {
            AccessType::Everybody => Self::Everybody,
            AccessType::AnyOfAddresses => Self::any_of(config.addresses),
            AccessType::Nobody | AccessType::Unspecified => Self::Nobody,
        }
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nobody => f.write_str("nobody"),
            Self::Everybody => f.write_str("everybody"),
            Self::AnyOf(addresses) => f.write_str(&addresses.join(", ")),
        }
    }
}

/// A chain to read.
pub trait Reader {
    /// A contract's answer to a query.
    fn smart<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError>;
    /// `None` when there is no contract at this address.
    fn contract(&self, address: &str) -> Result<Option<ContractRecord>, ChainError>;
    /// `None` when there is no code of this number.
    fn code(&self, code_id: u64) -> Result<Option<CodeRecord>, ChainError>;
    /// The stored codes with one of these checksums, whoever stored them, the newest first.
    fn codes(&self, checksums: &BTreeSet<String>) -> Result<Vec<CodeRecord>, ChainError>;
}

impl Reader for Client {
    fn smart<T: DeserializeOwned>(&self, contract: &str, query: &impl Serialize) -> Result<T, ChainError> {
        Client::smart(self, contract, query)
    }

    fn contract(&self, address: &str) -> Result<Option<ContractRecord>, ChainError> {
        let found = Client::contract(self, address)?;
        Ok(found.map(|info| ContractRecord { code_id: info.code_id, label: info.label, admin: info.admin }))
    }

    fn code(&self, code_id: u64) -> Result<Option<CodeRecord>, ChainError> {
        Ok(Client::code(self, code_id)?.map(record))
    }

    fn codes(&self, checksums: &BTreeSet<String>) -> Result<Vec<CodeRecord>, ChainError> {
        let (mut found, mut key) = (vec![], vec![]);
        loop {
            let pagination = Some(PageRequest { key, offset: 0, limit: PAGE, count_total: false, reverse: true });
            let page: QueryCodesResponse =
                self.module("/cosmwasm.wasm.v1.Query/Codes", &QueryCodesRequest { pagination })?;
            found.extend(page.code_infos.into_iter().map(record).filter(|code| checksums.contains(&code.checksum)));
            key = page.pagination.map(|page| page.next_key).unwrap_or_default();
            if key.is_empty() {
                return Ok(found);
            }
        }
    }
}

fn record(info: CodeInfoResponse) -> CodeRecord {
    CodeRecord {
        code_id: info.code_id,
        creator: info.creator,
        checksum: HexBinary::from(info.data_hash).to_hex(),
        access: Access::of(info.instantiate_permission),
    }
}
