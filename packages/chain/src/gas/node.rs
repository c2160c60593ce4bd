//! Which node measured.

use crate::{ChainError, Client};
use cosmrs::proto::cosmos::base::tendermint::v1beta1::{GetNodeInfoRequest, GetNodeInfoResponse};

const WASMVM: &str = "github.com/CosmWasm/wasmvm";

/// Name and version of the node's program and of its wasm engine.
pub(super) fn version(client: &Client) -> Result<String, ChainError> {
    let path = "/cosmos.base.tendermint.v1beta1.Service/GetNodeInfo";
    let response: GetNodeInfoResponse = client.module(path, &GetNodeInfoRequest {})?;
    let version =
        response.application_version.ok_or_else(|| ChainError::unreadable("the node's version", "it names none"))?;
    let engine = version.build_deps.iter().find(|module| module.path.starts_with(WASMVM));
    let engine = engine.map_or("unknown", |module| module.version.trim_start_matches('v'));
    Ok(format!("{} {}, wasmvm {engine}", version.app_name, version.version))
}
