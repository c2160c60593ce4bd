//! Reads a chain and sends transactions to it, one at a time or many at once.

use crate::error::ChainError;
use crate::network::Network;
use crate::signer::Signer;
use crate::tx::Tx;
use cosmrs::proto::cosmos::auth::v1beta1::{BaseAccount, QueryAccountRequest, QueryAccountResponse};
use cosmrs::proto::cosmos::bank::v1beta1::{QueryBalanceRequest, QueryBalanceResponse};
use cosmrs::proto::cosmos::tx::v1beta1::{SimulateRequest, SimulateResponse};
use cosmrs::proto::cosmwasm::wasm::v1::{
    CodeInfoResponse, ContractInfo, QueryCodeRequest, QueryCodeResponse, QueryContractInfoRequest,
    QueryContractInfoResponse, QueryRawContractStateRequest, QueryRawContractStateResponse,
    QuerySmartContractStateRequest, QuerySmartContractStateResponse,
};
use cosmrs::tx::{Body, Fee, SignDoc, SignerInfo};
use cosmrs::{Any, Coin};
use cosmwasm_std::{from_json, to_json_vec, Attribute, Event};
use prost::Message;
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::HashMap;
use std::future::Future;
use std::time::{Duration, Instant};
use tendermint_rpc::client::CompatMode;
use tendermint_rpc::endpoint::tx::Response as TxResponse;
use tendermint_rpc::{Client as _, HttpClient, HttpClientUrl};
use tokio::runtime::Runtime;

/// How long a transaction may take to get into a block, seconds.
const COMMIT_SECONDS: u64 = 60;
/// How long a node may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

/// How much gas a transaction asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gas {
    /// What a simulation used, times the network's adjustment. A transaction that would fail is refused by the simulation.
    Simulated,
    /// So much, without a simulation: a failure gets into a block.
    Limit(u64),
}

/// The newest block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub height: u64,
    /// Block time, nanoseconds since 1970.
    pub nanos: u64,
}

impl Block {
    pub fn seconds(self) -> u64 {
        self.nanos / 1_000_000_000
    }
}

#[derive(Debug, Clone, Copy)]
struct Account {
    number: u64,
    sequence: u64,
}

/// A connection to one chain.
pub struct Client {
    rpc: HttpClient,
    runtime: Runtime,
    network: Network,
    accounts: HashMap<String, Account>,
}

impl Client {
    /// Connects, and makes sure that it is the chain that was meant.
    ///
    /// Errors: [`ChainError::Node`], [`ChainError::ChainId`].
    pub fn connect(network: Network) -> Result<Self, ChainError> {
        let node = |cause: String| ChainError::Node { rpc: network.rpc.clone(), cause };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| node(error.to_string()))?;
        let url: HttpClientUrl =
            network.rpc.as_str().try_into().map_err(|error: tendermint_rpc::Error| node(error.detail().to_string()))?;
        // A node hangs up on a connection that was idle for ten seconds: one that was idle for five is not used again.
        let http = reqwest::Client::builder().timeout(ANSWER).pool_idle_timeout(IDLE).build();
        let http = http.map_err(|error| node(error.to_string()))?;
        let rpc = HttpClient::builder(url).client(http).compat_mode(CompatMode::V0_38).build();
        let rpc = rpc.map_err(|error| node(error.detail().to_string()))?;
        let client = Self { rpc, runtime, network, accounts: HashMap::new() };
        let found = client.wait(client.rpc.status())?.node_info.network.to_string();
        if found != client.network.chain_id {
            return Err(ChainError::ChainId { wanted: client.network.chain_id.clone(), found });
        }
        Ok(client)
    }

    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The newest block.
    pub fn block(&self) -> Result<Block, ChainError> {
        let sync = self.wait(self.rpc.status())?.sync_info;
        let nanos = sync.latest_block_time.duration_since(cosmrs::tendermint::Time::unix_epoch());
        let nanos = nanos.map_err(|error| ChainError::unreadable("the block time", error))?.as_nanos();
        Ok(Block { height: sync.latest_block_height.value(), nanos: u64::try_from(nanos).unwrap_or(u64::MAX) })
    }

    /// A query of the chain's own modules, by its gRPC path.
    pub fn module<Q: Message, R: Message + Default>(&self, path: &'static str, query: &Q) -> Result<R, ChainError> {
        let bytes = query.encode_to_vec();
        let response = self.wait(self.rpc.abci_query(Some(path.into()), bytes, None, false))?;
        if response.code.is_err() {
            return Err(ChainError::QueryRefused { log: response.log });
        }
        R::decode(response.value.as_slice()).map_err(|error| ChainError::unreadable(path, error))
    }

    /// Coins of an address.
    pub fn balance(&self, address: &str, denom: &str) -> Result<u128, ChainError> {
        let query = QueryBalanceRequest { address: address.into(), denom: denom.into() };
        let response: QueryBalanceResponse = self.module("/cosmos.bank.v1beta1.Query/Balance", &query)?;
        let amount = response.balance.map_or("0".into(), |coin| coin.amount);
        amount.parse().map_err(|error| ChainError::unreadable("a balance", error))
    }

    /// A stored code; `None` when there is none of this number.
    pub fn code(&self, code_id: u64) -> Result<Option<CodeInfoResponse>, ChainError> {
        let query = QueryCodeRequest { code_id };
        let found = self.module::<_, QueryCodeResponse>("/cosmwasm.wasm.v1.Query/Code", &query);
        Ok(none_if_missing(found)?.and_then(|response| response.code_info))
    }

    /// A contract's record; `None` when there is none at this address.
    pub fn contract(&self, address: &str) -> Result<Option<ContractInfo>, ChainError> {
        let query = QueryContractInfoRequest { address: address.into() };
        let found = self.module::<_, QueryContractInfoResponse>("/cosmwasm.wasm.v1.Query/ContractInfo", &query);
        Ok(none_if_missing(found)?.and_then(|response| response.contract_info))
    }

    /// A contract's answer to a query.
    pub fn smart<T: DeserializeOwned>(&self, contract: &str, msg: &impl Serialize) -> Result<T, ChainError> {
        let query = to_json_vec(msg).map_err(|error| ChainError::unreadable("a query", error))?;
        let answer = self.smart_bytes(contract, &query)?;
        from_json(&answer).map_err(|error| ChainError::unreadable("a contract's answer", error))
    }

    /// [`Self::smart`] with the query and the answer as the JSON that they are.
    pub fn smart_bytes(&self, contract: &str, query: &[u8]) -> Result<Vec<u8>, ChainError> {
        let query = QuerySmartContractStateRequest { address: contract.into(), query_data: query.into() };
        let response: QuerySmartContractStateResponse =
            self.module("/cosmwasm.wasm.v1.Query/SmartContractState", &query)?;
        Ok(response.data)
    }

    /// A contract's storage at a key; `None` when nothing is there.
    pub fn raw(&self, contract: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ChainError> {
        let query = QueryRawContractStateRequest { address: contract.into(), query_data: key.into() };
        let response: QueryRawContractStateResponse =
            self.module("/cosmwasm.wasm.v1.Query/RawContractState", &query)?;
        Ok(Some(response.data).filter(|data| !data.is_empty()))
    }

    /// Gas that these messages would use, in one transaction of this signer.
    ///
    /// Errors: [`ChainError::Refused`] when they would fail.
    pub fn simulate(&mut self, signer: &Signer, messages: &[Any]) -> Result<u64, ChainError> {
        let tx_bytes = self.signed(signer, messages, 0)?;
        #[allow(deprecated)]
        let request = SimulateRequest { tx: None, tx_bytes };
        let response = self.module::<_, SimulateResponse>("/cosmos.tx.v1beta1.Service/Simulate", &request);
        match response {
            Ok(response) => Ok(response.gas_info.map_or(0, |gas| gas.gas_used)),
            Err(ChainError::QueryRefused { log }) => {
                self.accounts.remove(signer.address());
                Err(ChainError::Refused { log, gas_used: 0 })
            }
            Err(error) => Err(error),
        }
    }

    /// One transaction; returns when it is in a block.
    ///
    /// Errors: [`ChainError::Refused`], [`ChainError::NotCommitted`] and those of the node.
    pub fn send(&mut self, signer: &Signer, messages: &[Any], gas: Gas) -> Result<Tx, ChainError> {
        let hash = self.submit(signer, messages, gas)?;
        self.committed(&hash)
    }

    /// Hands a transaction to the mempool and returns its hash. Several of one signer may wait: each has its own sequence.
    pub fn submit(&mut self, signer: &Signer, messages: &[Any], gas: Gas) -> Result<String, ChainError> {
        let limit = match gas {
            Gas::Limit(limit) => limit,
            Gas::Simulated => {
                let used = self.simulate(signer, messages)?;
                self.network.with_adjustment(used)
            }
        };
        let bytes = self.signed(signer, messages, limit)?;
        let response = self.wait(self.rpc.broadcast_tx_sync(bytes))?;
        if response.code.is_err() {
            self.accounts.remove(signer.address());
            return Err(ChainError::Refused { log: response.log, gas_used: 0 });
        }
        if let Some(account) = self.accounts.get_mut(signer.address()) {
            account.sequence += 1;
        }
        Ok(response.hash.to_string())
    }

    /// Waits for a submitted transaction.
    pub fn committed(&self, hash: &str) -> Result<Tx, ChainError> {
        let parsed = hash.parse().map_err(|error| ChainError::unreadable("a transaction's hash", error))?;
        let begin = Instant::now();
        loop {
            let found = self.runtime.block_on(self.rpc.tx(parsed, false));
            if let Ok(response) = found {
                return into_tx(response);
            }
            if begin.elapsed().as_secs() >= COMMIT_SECONDS {
                return Err(ChainError::NotCommitted { hash: hash.into(), seconds: COMMIT_SECONDS });
            }
            std::thread::sleep(POLL);
        }
    }

    fn signed(&mut self, signer: &Signer, messages: &[Any], gas: u64) -> Result<Vec<u8>, ChainError> {
        let account = self.account(signer.address())?;
        let unreadable = |error: cosmrs::ErrorReport| ChainError::unreadable("a transaction", error);
        let fee = self.network.fee(gas)?;
        let amount = if fee == 0 {
            vec![]
        } else {
            let denom = self.network.gas_denom.parse().map_err(unreadable)?;
            vec![Coin { denom, amount: fee }]
        };
        let fee = Fee { amount, gas_limit: gas, payer: None, granter: None };
        let body = Body::new(messages.to_vec(), "", 0u32);
        let auth = SignerInfo::single_direct(Some(signer.public_key()), account.sequence).auth_info(fee);
        let chain_id =
            self.network.chain_id.parse().map_err(|error| ChainError::unreadable("the chain's id", error))?;
        let doc = SignDoc::new(&body, &auth, &chain_id, account.number).map_err(unreadable)?;
        doc.sign(signer.key()).and_then(|raw| raw.to_bytes()).map_err(unreadable)
    }

    fn account(&mut self, address: &str) -> Result<Account, ChainError> {
        if let Some(known) = self.accounts.get(address) {
            return Ok(*known);
        }
        let unknown = || ChainError::UnknownAccount { address: address.into() };
        let query = QueryAccountRequest { address: address.into() };
        let found = self.module::<_, QueryAccountResponse>("/cosmos.auth.v1beta1.Query/Account", &query);
        let any = none_if_missing(found)?.and_then(|response| response.account).ok_or_else(unknown)?;
        let base =
            BaseAccount::decode(any.value.as_slice()).map_err(|error| ChainError::unreadable("an account", error))?;
        let account = Account { number: base.account_number, sequence: base.sequence };
        self.accounts.insert(address.into(), account);
        Ok(account)
    }

    fn wait<T>(&self, request: impl Future<Output = Result<T, tendermint_rpc::Error>>) -> Result<T, ChainError> {
        let answer = self.runtime.block_on(request);
        // Not the error itself, whose text goes on with a stack trace.
        answer.map_err(|error| ChainError::Node { rpc: self.network.rpc.clone(), cause: error.detail().to_string() })
    }
}

/// wasmd and the SDK answer a missing thing with an error that says "not found" or "no such".
fn none_if_missing<T>(found: Result<T, ChainError>) -> Result<Option<T>, ChainError> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(ChainError::QueryRefused { log }) if ["not found", "no such"].iter().any(|word| log.contains(word)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn into_tx(response: TxResponse) -> Result<Tx, ChainError> {
    let result = response.tx_result;
    let gas_used = u64::try_from(result.gas_used).unwrap_or(0);
    if result.code.is_err() {
        return Err(ChainError::Refused { log: result.log, gas_used });
    }
    let events = result.events.iter().map(into_event).collect();
    Ok(Tx {
        hash: response.hash.to_string(),
        height: response.height.value(),
        gas_used,
        gas_wanted: u64::try_from(result.gas_wanted).unwrap_or(0),
        events,
    })
}

fn into_event(event: &cosmrs::tendermint::abci::Event) -> Event {
    let mut read = Event::new(event.kind.clone());
    // Not by `add_attribute`, which panics in a debug build on the chain's own `_contract_address`.
    read.attributes = event
        .attributes
        .iter()
        .map(|attribute| Attribute {
            key: attribute.key_str().unwrap_or_default().into(),
            value: attribute.value_str().unwrap_or_default().into(),
        })
        .collect();
    read
}
