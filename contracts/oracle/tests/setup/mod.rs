//! One oracle on the embedded chain, and a hook that records what it is told or fails on demand.

#![allow(dead_code)] // every test crate uses its part

pub mod signers;

use cosmwasm_std::{
    to_json_binary, Addr, Binary, Coin, Deps, DepsMut, Empty, Env, Event, MessageInfo, Response, StdError, StdResult,
    Timestamp,
};
use cw_multi_test::{App, ContractWrapper, Executor};
use cw_storage_plus::Item;
use firebreak_messages::circuit_breaker;
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{
    ExecuteMsg, FeedConfig, FeedReport, FeedRules, FeedSetup, Feeder, HookConfig, HookHealthResponse, InstantiateMsg,
    PriceRecord, PriceResponse, QueryMsg,
};
use firebreak_messages::FeedId;
use firebreak_oracle::contract::{execute, instantiate, migrate, query, reply};
use firebreak_oracle::ContractError;
use firebreak_risk::{Price, Ratio};

pub const FEED: FeedId = FeedId(1);
pub const OTHER: FeedId = FeedId(2);
pub const START: u64 = 1_700_000_000;

pub fn price(units: u32) -> Price {
    Price::from_units(units)
}

// A hook that stores the feeds it is told of, or fails while the switch is on.
const FAILING: Item<bool> = Item::new("failing");
const TOLD: Item<Vec<FeedId>> = Item::new("told");

fn hook_instantiate(deps: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    FAILING.save(deps.storage, &false)?;
    TOLD.save(deps.storage, &vec![])?;
    Ok(Response::new())
}
fn hook_execute(deps: DepsMut, _: Env, _: MessageInfo, msg: circuit_breaker::ExecuteMsg) -> StdResult<Response> {
    if FAILING.load(deps.storage)? {
        return Err(StdError::generic_err("dead"));
    }
    match msg {
        circuit_breaker::ExecuteMsg::Evaluate { feeds } => TOLD.save(deps.storage, &feeds)?,
        other => return Err(StdError::generic_err(format!("{other:?}"))),
    }
    Ok(Response::new())
}
fn hook_query(deps: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&TOLD.load(deps.storage)?)
}
// Sudo is the switch.
fn hook_sudo(deps: DepsMut, _: Env, failing: bool) -> StdResult<Response> {
    FAILING.save(deps.storage, &failing)?;
    Ok(Response::new())
}

pub struct Setup {
    pub app: App,
    pub oracle: Addr,
    pub code: u64,
    pub owner: Addr,
    pub hook: Addr,
}

pub fn feeder(app: &App, number: usize) -> Addr {
    app.api().addr_make(&format!("feeder{number}"))
}

/// Feeders 0, 1, ... with these weights.
pub fn config(app: &App, weights: &[u32], quorum: u32) -> FeedConfig {
    FeedConfig {
        symbol: "BTC/USD".into(),
        feeders: weights
            .iter()
            .enumerate()
            .map(|(number, weight)| Feeder {
                address: feeder(app, number).into(),
                weight: *weight,
                ..Feeder::default()
            })
            .collect(),
        quorum,
        age_max_seconds: 60,
        age_limit_seconds: 600,
        dispersion_max: Ratio::percent(2),
        jump_max: Ratio::percent(20),
        rules: FeedRules::default(),
        legs: vec![],
        fallback: None,
        window_seconds: 0,
    }
}

impl Setup {
    /// Two feeds of three feeders of weight one, all of them needed, and a healthy hook.
    pub fn new() -> Self {
        Self::with_weights(&[1, 1, 1], 3)
    }

    pub fn with_weights(weights: &[u32], quorum: u32) -> Self {
        let app = App::default();
        let config = config(&app, weights, quorum);
        Self::with_feeds(app, vec![FeedSetup { feed: FEED, config: config.clone() }, FeedSetup { feed: OTHER, config }])
            .unwrap()
    }

    pub fn with_feeds(mut app: App, feeds: Vec<FeedSetup>) -> Result<Self, ContractError> {
        app.update_block(|block| block.time = Timestamp::from_seconds(START));
        let owner = app.api().addr_make("owner");
        let hook_code = app.store_code(Box::new(
            ContractWrapper::new(hook_execute, hook_instantiate, hook_query).with_sudo(hook_sudo),
        ));
        let hook = app.instantiate_contract(hook_code, owner.clone(), &Empty {}, &[], "hook", None).unwrap();
        let code = app.store_code(Box::new(
            ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate),
        ));
        let msg = InstantiateMsg {
            owner: owner.to_string(),
            hook: Some(HookConfig { contract: hook.to_string(), gas_limit: 1_000_000 }),
            feeds,
        };
        let admin = Some(owner.to_string());
        let oracle = app
            .instantiate_contract(code, owner.clone(), &msg, &[], "oracle", admin)
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        Ok(Self { app, oracle, code, owner, hook })
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn advance(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = Timestamp::from_seconds(block.time.seconds() + seconds);
        });
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> Result<Vec<Event>, ContractError> {
        self.app
            .execute_contract(sender.clone(), self.oracle.clone(), msg, funds)
            .map(|response| response.events)
            .map_err(|error| error.downcast().unwrap())
    }

    pub fn report_of(&mut self, number: usize, reports: &[(FeedId, Price, u64)]) -> Result<Vec<Event>, ContractError> {
        let sender = feeder(&self.app, number);
        let reports = reports
            .iter()
            .map(|(feed, price, published_at)| FeedReport { feed: *feed, price: *price, published_at: *published_at })
            .collect();
        self.send(&sender, &ExecuteMsg::Report { reports }, &[])
    }

    pub fn report(&mut self, number: usize, units: u32, published_at: u64) -> Result<Vec<Event>, ContractError> {
        self.report_of(number, &[(FEED, price(units), published_at)])
    }

    /// Feeders 0, 1, ... report these prices as of now; the last one's events.
    pub fn round(&mut self, prices: &[u32]) -> Vec<Event> {
        let now = self.now();
        prices.iter().enumerate().map(|(number, units)| self.report(number, *units, now).unwrap()).last().unwrap()
    }

    /// As the vault reads it.
    pub fn record(&self) -> PriceRecord {
        PRICES.query(&self.app.wrap(), self.oracle.as_str(), FEED.0).unwrap()
    }

    pub fn price(&self) -> PriceResponse {
        self.query(&QueryMsg::Price { feed: FEED })
    }

    pub fn health(&self) -> HookHealthResponse {
        self.query(&QueryMsg::HookHealth {})
    }

    pub fn query<T: serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.oracle, msg).unwrap()
    }

    pub fn told(&self) -> Vec<FeedId> {
        self.app.wrap().query_wasm_smart(&self.hook, &Empty {}).unwrap()
    }

    pub fn break_hook(&mut self, failing: bool) {
        self.app.wasm_sudo(self.hook.clone(), &failing).unwrap();
    }
}
