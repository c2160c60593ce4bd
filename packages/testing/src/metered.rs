//! A contract with a meter around its storage and querier, and a switch that breaks it.

use crate::code::Code;
use crate::meter::{Meter, CONTRACT_PREFIX};
use cosmwasm_std::{
    BankMsg, Binary, ContractResult, CosmosMsg, Deps, DepsMut, Empty, Env, MessageInfo, Order, Querier, QuerierResult,
    QuerierWrapper, Record, Reply, Response, Storage, SystemResult, WasmMsg,
};
use cw_multi_test::error::AnyResult;
use cw_multi_test::Contract;
use std::cell::Cell;
use std::rc::Rc;
use thiserror::Error;

/// What a broken contract answers to everything.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{contract} is broken: a failure drill")]
pub struct Broken {
    pub contract: &'static str,
}

/// Shared with the World: `true` makes every entry point of a code fail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Rc<Cell<bool>>);

impl Switch {
    pub fn set(&self, broken: bool) {
        self.0.set(broken);
    }
    pub fn is_broken(&self) -> bool {
        self.0.get()
    }
}

pub(crate) struct Metered {
    pub inner: Box<dyn Contract<Empty>>,
    pub code: Code,
    pub meter: Meter,
    pub switch: Switch,
}

impl Metered {
    fn enter(&self) -> AnyResult<()> {
        self.meter.enter(self.code);
        if self.switch.is_broken() {
            return Err(Broken { contract: self.code.name() }.into());
        }
        Ok(())
    }

    fn leave(&self, response: Response) -> AnyResult<Response> {
        self.meter.count(|usage| {
            usage.event_attributes += response.attributes.len() as u64;
            usage.event_attributes += response.events.iter().map(|event| event.attributes.len() as u64).sum::<u64>();
            for message in &response.messages {
                match &message.msg {
                    CosmosMsg::Bank(BankMsg::Send { .. }) => usage.bank_moves += 1,
                    CosmosMsg::Wasm(WasmMsg::Execute { .. }) => usage.sub_messages += 1,
                    _ => usage.sub_messages += 1,
                }
            }
        });
        Ok(response)
    }

    fn with<T>(&self, deps: DepsMut, run: impl FnOnce(DepsMut) -> AnyResult<T>) -> AnyResult<T> {
        let mut storage = MeteredStorage { inner: deps.storage, code: self.code, meter: &self.meter };
        let querier = MeteredQuerier { inner: &*deps.querier, meter: &self.meter };
        run(DepsMut { storage: &mut storage, api: deps.api, querier: QuerierWrapper::new(&querier) })
    }
}

impl Contract<Empty> for Metered {
    fn instantiate(&self, deps: DepsMut, env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        self.enter()?;
        let response = self.with(deps, |deps| self.inner.instantiate(deps, env, info, msg))?;
        self.leave(response)
    }

    fn execute(&self, deps: DepsMut, env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        self.enter()?;
        if !info.funds.is_empty() {
            self.meter.count(|usage| usage.bank_moves += 1);
        }
        let response = self.with(deps, |deps| self.inner.execute(deps, env, info, msg))?;
        self.leave(response)
    }

    fn query(&self, deps: Deps, env: Env, msg: Vec<u8>) -> AnyResult<Binary> {
        self.enter()?;
        let storage = MeteredView { inner: deps.storage, code: self.code, meter: &self.meter };
        let querier = MeteredQuerier { inner: &*deps.querier, meter: &self.meter };
        let deps = Deps { storage: &storage, api: deps.api, querier: QuerierWrapper::new(&querier) };
        self.inner.query(deps, env, msg)
    }

    fn reply(&self, deps: DepsMut, env: Env, msg: Reply) -> AnyResult<Response> {
        self.enter()?;
        self.meter.count(|usage| usage.replies += 1);
        let response = self.with(deps, |deps| self.inner.reply(deps, env, msg))?;
        self.leave(response)
    }

    fn sudo(&self, deps: DepsMut, env: Env, msg: Vec<u8>) -> AnyResult<Response> {
        self.enter()?;
        let response = self.with(deps, |deps| self.inner.sudo(deps, env, msg))?;
        self.leave(response)
    }

    fn migrate(&self, deps: DepsMut, env: Env, msg: Vec<u8>) -> AnyResult<Response> {
        self.enter()?;
        let response = self.with(deps, |deps| self.inner.migrate(deps, env, msg))?;
        self.leave(response)
    }
}

struct MeteredStorage<'a> {
    inner: &'a mut dyn Storage,
    code: Code,
    meter: &'a Meter,
}

impl Storage for MeteredStorage<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.inner.get(key);
        self.meter.read(self.code, key, value.as_deref());
        value
    }
    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        let counted = self.inner.range(start, end, order).inspect(|_| self.meter.range_key(self.code));
        Box::new(counted)
    }
    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.meter.write(self.code, key, value);
        self.inner.set(key, value);
    }
    fn remove(&mut self, key: &[u8]) {
        self.meter.delete(self.code);
        self.inner.remove(key);
    }
}

/// The same for queries. They get a storage that cannot write.
struct MeteredView<'a> {
    inner: &'a dyn Storage,
    code: Code,
    meter: &'a Meter,
}

impl Storage for MeteredView<'_> {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let value = self.inner.get(key);
        self.meter.read(self.code, key, value.as_deref());
        value
    }
    fn range<'a>(
        &'a self,
        start: Option<&[u8]>,
        end: Option<&[u8]>,
        order: Order,
    ) -> Box<dyn Iterator<Item = Record> + 'a> {
        let counted = self.inner.range(start, end, order).inspect(|_| self.meter.range_key(self.code));
        Box::new(counted)
    }
    fn set(&mut self, _key: &[u8], _value: &[u8]) {
        panic!("a query writes");
    }
    fn remove(&mut self, _key: &[u8]) {
        panic!("a query deletes");
    }
}

struct MeteredQuerier<'a> {
    inner: &'a dyn Querier,
    meter: &'a Meter,
}

impl Querier for MeteredQuerier<'_> {
    fn raw_query(&self, request: &[u8]) -> QuerierResult {
        let result = self.inner.raw_query(request);
        // The kind is read off the first bytes: parsing each request again would slow the replay for a counter.
        if request.starts_with(br#"{"wasm":{"raw""#) {
            let value = match &result {
                SystemResult::Ok(ContractResult::Ok(value)) => value.len(),
                _ => 0,
            };
            let key = base64_length_at_the_end(request);
            // The callee's code is not touched: only its record is read.
            self.meter.count(|usage| {
                usage.raw_queries += 1;
                usage.raw_query_bytes += CONTRACT_PREFIX + (key + value) as u64;
            });
        } else if request.starts_with(br#"{"wasm":{"smart""#) {
            self.meter.count(|usage| usage.smart_queries += 1);
        } else {
            self.meter.count(|usage| usage.other_queries += 1);
        }
        result
    }
}

/// Bytes of the key in `{"wasm":{"raw":{"contract_addr":"..","key":".."}}}`.
fn base64_length_at_the_end(request: &[u8]) -> usize {
    let end = request.len().saturating_sub(r#""}}}"#.len());
    let text = request[..end].rsplit(|byte| *byte == b'"').next().unwrap_or_default();
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::{to_json_vec, QueryRequest, WasmQuery};

    #[test]
    fn the_length_of_a_raw_key_is_read_off_the_request() {
        for length in 0..9 {
            let query = WasmQuery::Raw { contract_addr: "wasm1abc".into(), key: vec![7u8; length].into() };
            let request = to_json_vec(&QueryRequest::<Empty>::from(query)).unwrap();
            assert!(request.starts_with(br#"{"wasm":{"raw""#));
            assert_eq!(base64_length_at_the_end(&request), length);
        }
    }
}
