//! What the chain itself knows of a contract.

use super::{Suite, PLENTY};
use cosmrs::proto::cosmos::base::query::v1beta1::PageRequest;
use cosmrs::proto::cosmwasm::wasm::v1::{ContractInfo, QueryAllContractStateRequest, QueryAllContractStateResponse};
use cosmwasm_std::{from_json, HexBinary};
use cw2::ContractVersion;
use firebreak_chain::message;
use serde::Serialize;
use std::collections::BTreeMap;

/// A contract's whole storage.
pub type Storage = BTreeMap<Vec<u8>, Vec<u8>>;

impl Suite {
    /// The five contracts by name and address, with the code they were instantiated from.
    pub fn contracts(&self) -> [(&'static str, String, u64); 5] {
        let of =
            |name: &'static str, address: &cosmwasm_std::Addr| (name, address.to_string(), self.wasmd.codes.of(name));
        [
            of("guardian", &self.at.guardian),
            of("oracle", &self.at.oracle),
            of("circuit_breaker", &self.at.circuit_breaker),
            of("insurance_fund", &self.at.insurance_fund),
            of("derivatives_vault", &self.at.derivatives_vault),
        ]
    }

    /// A contract beside the suite, of a code by its name or its id; gives its address.
    #[track_caller]
    pub fn instantiate(&mut self, code: &str, msg: &impl Serialize) -> String {
        self.instantiate_code(self.wasmd.codes.of(code), msg)
    }

    #[track_caller]
    pub fn instantiate_code(&mut self, code_id: u64, msg: &impl Serialize) -> String {
        let create = message::instantiate(&self.address("treasury"), None, code_id, "outside", msg).unwrap();
        let created = self.net().send("treasury", &[create], PLENTY).unwrap();
        created.attribute("instantiate", "_contract_address").expect("a contract has an address").into()
    }

    /// Code and wasm admin of a contract.
    #[track_caller]
    pub fn record(&self, contract: impl AsRef<str>) -> ContractInfo {
        self.wasmd.localnet.client.contract(contract.as_ref()).unwrap().expect("there is a contract")
    }

    #[track_caller]
    pub fn version(&self, contract: impl AsRef<str>) -> String {
        let stored = self.wasmd.localnet.client.raw(contract.as_ref(), b"contract_info").unwrap();
        from_json::<ContractVersion>(stored.expect("the contract has a version")).unwrap().version
    }

    /// Every key and value of a contract.
    #[track_caller]
    pub fn storage(&self, contract: impl AsRef<str>) -> Storage {
        let page = PageRequest { limit: 10_000, ..PageRequest::default() };
        let query = QueryAllContractStateRequest { address: contract.as_ref().into(), pagination: Some(page) };
        let path = "/cosmwasm.wasm.v1.Query/AllContractState";
        let found: QueryAllContractStateResponse = self.wasmd.localnet.client.module(path, &query).unwrap();
        found.models.into_iter().map(|model| (model.key, model.value)).collect()
    }
}

/// The keys at which two storages differ, in hex.
pub fn differences(before: &Storage, after: &Storage) -> Vec<String> {
    let keys: std::collections::BTreeSet<&Vec<u8>> = before.keys().chain(after.keys()).collect();
    let changed = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    changed.map(|key| HexBinary::from(key.as_slice()).to_hex()).collect()
}
