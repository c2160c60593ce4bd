//! One breaker on the embedded chain, an oracle that only stores price records, and a guardian that records signals or
//! fails on demand.

#![allow(dead_code)] // every test crate uses its part

use cosmwasm_std::{
    to_json_binary, Addr, Binary, Coin, Deps, DepsMut, Empty, Env, Event, MessageInfo, Response, StdError, StdResult,
    Timestamp,
};
use cw_multi_test::{App, ContractWrapper, Executor};
use cw_storage_plus::Item;
use firebreak_circuit_breaker::contract::{execute, instantiate, migrate, query, reply};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::layout::{POSTURES, POSTURE_OF_ALL};
use firebreak_messages::circuit_breaker::{
    EvidenceResponse, ExecuteMsg, GuardConfig, InstantiateMsg, JournalResponse, LadderStep, MarketSetup,
    ObserversConfig, PostureRecord, QueryMsg, RuleConfig, RuleMode, SignalConfig, SignalHealthResponse, StatusResponse,
};
use firebreak_messages::derivatives_vault::layout::{MARKETS, POOL};
use firebreak_messages::derivatives_vault::{MarketState, Pool};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{PriceRecord, Round, Validity, ROUNDS_KEPT};
use firebreak_messages::{guardian, FeedId, MarketId, RuleId};
use firebreak_risk::{
    Amount, BasisPoints, Level, Phase, PoolShares, Posture, Price, Ratio, Side, SignedAmount, SignedRatio, Size,
    Vesting,
};
use std::collections::BTreeMap;

pub const BTC: MarketId = MarketId(1);
pub const ETH: MarketId = MarketId(2);
pub const BTC_FEED: FeedId = FeedId(11);
pub const ETH_FEED: FeedId = FeedId(12);
pub const START: u64 = 1_700_000_000;
pub const HOUR: u64 = 3_600;

pub fn price(units: u32) -> Price {
    Price::from_units(units)
}

// An oracle without opinions: writes what it is given under the shared layout.
fn oracle_instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}
fn oracle_execute(deps: DepsMut, _: Env, _: MessageInfo, (feed, record): (FeedId, PriceRecord)) -> StdResult<Response> {
    PRICES.save(deps.storage, feed.0, &record).map_err(|error| StdError::generic_err(error.to_string()))?;
    Ok(Response::new())
}
fn oracle_sudo(deps: DepsMut, _: Env, feed: FeedId) -> StdResult<Response> {
    PRICES.remove(deps.storage, feed.0);
    Ok(Response::new())
}
// A vault that is two records.
fn vault_execute(deps: DepsMut, _: Env, _: MessageInfo, (market, state, pool): Books) -> StdResult<Response> {
    let failed = |error: firebreak_messages::PackedError| StdError::generic_err(error.to_string());
    MARKETS.save(deps.storage, market.0, &state).map_err(failed)?;
    POOL.save(deps.storage, &pool).map_err(failed)?;
    Ok(Response::new())
}
type Books = (MarketId, MarketState, Pool);

fn no_query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    Err(StdError::generic_err("nothing to ask"))
}

// A guardian that keeps signals, or fails while the switch is on.
const FAILING: Item<bool> = Item::new("failing");
const SIGNALS: Item<Vec<guardian::ExecuteMsg>> = Item::new("signals");

fn guardian_instantiate(deps: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    FAILING.save(deps.storage, &false)?;
    SIGNALS.save(deps.storage, &vec![])?;
    Ok(Response::new())
}
fn guardian_execute(deps: DepsMut, _: Env, _: MessageInfo, msg: guardian::ExecuteMsg) -> StdResult<Response> {
    if FAILING.load(deps.storage)? {
        return Err(StdError::generic_err("dead"));
    }
    SIGNALS.update(deps.storage, |mut signals| -> StdResult<_> {
        signals.push(msg);
        Ok(signals)
    })?;
    Ok(Response::new())
}
fn guardian_query(deps: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&SIGNALS.load(deps.storage)?)
}
/// Fails from now on or no more; or keeps an incident where the guardian has it.
#[derive(serde::Serialize, serde::Deserialize)]
enum GuardianSudo {
    Fail(bool),
    Keep(Box<guardian::Incident>),
}
fn guardian_sudo(deps: DepsMut, _: Env, msg: GuardianSudo) -> StdResult<Response> {
    match msg {
        GuardianSudo::Fail(failing) => FAILING.save(deps.storage, &failing)?,
        GuardianSudo::Keep(incident) => guardian::layout::INCIDENTS
            .save(deps.storage, incident.incident, &incident)
            .map_err(|error| StdError::generic_err(error.to_string()))?,
    }
    Ok(Response::new())
}

pub struct Setup {
    pub app: App,
    pub breaker: Addr,
    pub oracle: Addr,
    pub vault: Addr,
    pub guardian: Addr,
    pub owner: Addr,
    pub anyone: Addr,
    records: BTreeMap<FeedId, PriceRecord>,
}

pub fn step(threshold: u32, level: Level, duration_seconds: u64) -> LadderStep {
    LadderStep {
        threshold: Ratio::percent(threshold),
        level,
        duration_seconds,
        ramp: vec![BasisPoints(2_500), BasisPoints(5_000), BasisPoints(10_000)],
        ramp_step_seconds: 60,
    }
}

/// Margin 4 %: the band rule answers 1 % with `Guarded`, 2 % with `ReduceOnly`; velocity alike at 1.2 % and 2.4 %.
pub fn guard(feed: FeedId, band: RuleMode, velocity: RuleMode) -> GuardConfig {
    let band = RuleConfig {
        window_seconds: 600,
        ladder: vec![step(25, Level::Guarded, 300), step(50, Level::ReduceOnly, 300)],
        ..RuleConfig::standard(RuleId::Band, band)
    };
    let velocity = RuleConfig {
        ladder: vec![step(30, Level::Guarded, 120), step(60, Level::ReduceOnly, 120)],
        extension_max_seconds: 1_800,
        ..RuleConfig::standard(RuleId::Velocity, velocity)
    };
    guard_of(feed, vec![band, velocity])
}

pub fn guard_of(feed: FeedId, rules: Vec<RuleConfig>) -> GuardConfig {
    GuardConfig {
        feed,
        maintenance_margin_ratio: Ratio::percent(4),
        block_seconds: 6,
        turnover_full: Amount::from_units(10_000),
        rules,
        cage: None,
    }
}

/// A market of the vault, with nothing in it.
pub fn empty_market() -> MarketState {
    MarketState {
        long: Side::default(),
        short: Side::default(),
        funding_rate: SignedRatio::ZERO,
        borrow_rate: Ratio::ZERO,
        accrued_at: START,
        mark_price: price(10_000),
        mark_round: 1,
        mark_skew: Size::ZERO,
        traded_notional: Amount::ZERO,
        liquidated_notional: Amount::ZERO,
        open_notional: Amount::from_units(1_000_000),
        vesting: Vesting::default(),
        settlement: None,
        health_cursor: 0,
        closed_owed: Amount::ZERO,
        closed_due: Amount::ZERO,
        freeze: None,
        flow_trades: 0,
        flow_notional: Amount::ZERO,
    }
}

/// A pool of ten millions.
pub fn pool() -> Pool {
    Pool {
        cash: SignedAmount::from_atoms(10_000_000_000_000),
        shares: PoolShares::from_atoms(10_000_000_000_000),
        insurance_size: Amount::from_units(100_000),
        ..Pool::default()
    }
}

pub fn phase(until: u64, level: Level) -> Phase {
    Phase { until, posture: Posture::preset(level) }
}

impl Setup {
    /// BTC and ETH, both rules enforced.
    pub fn new() -> Self {
        Self::with_modes(RuleMode::Enforce, RuleMode::Enforce)
    }

    pub fn with_modes(band: RuleMode, velocity: RuleMode) -> Self {
        Self::with_markets(vec![
            MarketSetup { market: BTC, config: guard(BTC_FEED, band, velocity) },
            MarketSetup { market: ETH, config: guard(ETH_FEED, band, velocity) },
        ])
        .unwrap()
    }

    pub fn with_markets(markets: Vec<MarketSetup>) -> Result<Self, ContractError> {
        Self::with_observers(markets, ObserversConfig { heartbeat_seconds: 600, observers: vec![] })
    }

    pub fn with_observers(markets: Vec<MarketSetup>, observers: ObserversConfig) -> Result<Self, ContractError> {
        let mut app = App::default();
        app.update_block(|block| block.time = Timestamp::from_seconds(START));
        let (owner, anyone) = (app.api().addr_make("owner"), app.api().addr_make("anyone"));
        let oracle_code = app.store_code(Box::new(
            ContractWrapper::new(oracle_execute, oracle_instantiate, no_query).with_sudo(oracle_sudo),
        ));
        let oracle = app.instantiate_contract(oracle_code, owner.clone(), &Empty {}, &[], "oracle", None).unwrap();
        let vault_code = app.store_code(Box::new(ContractWrapper::new(vault_execute, oracle_instantiate, no_query)));
        let vault = app.instantiate_contract(vault_code, owner.clone(), &Empty {}, &[], "vault", None).unwrap();
        let guardian_code = app.store_code(Box::new(
            ContractWrapper::new(guardian_execute, guardian_instantiate, guardian_query).with_sudo(guardian_sudo),
        ));
        let guardian =
            app.instantiate_contract(guardian_code, owner.clone(), &Empty {}, &[], "guardian", None).unwrap();
        let code = app.store_code(Box::new(
            ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate),
        ));
        let msg = InstantiateMsg {
            owner: owner.to_string(),
            oracle: oracle.to_string(),
            vault: Some(vault.to_string()),
            guardian: Some(SignalConfig { contract: guardian.to_string(), gas_limit: 500_000 }),
            markets,
            observers,
        };
        let breaker = app
            .instantiate_contract(code, owner.clone(), &msg, &[], "breaker", None)
            .map_err(|error| error.downcast::<ContractError>().unwrap())?;
        Ok(Self { app, breaker, oracle, vault, guardian, owner, anyone, records: BTreeMap::new() })
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
            .execute_contract(sender.clone(), self.breaker.clone(), msg, funds)
            .map(|response| response.events)
            .map_err(|error| error.downcast().unwrap())
    }

    pub fn as_owner(&mut self, msg: &ExecuteMsg) -> Result<Vec<Event>, ContractError> {
        let owner = self.owner.clone();
        self.send(&owner, msg, &[])
    }

    pub fn evaluate(&mut self, feeds: &[FeedId]) -> Vec<Event> {
        let anyone = self.anyone.clone();
        self.send(&anyone, &ExecuteMsg::Evaluate { feeds: feeds.to_vec() }, &[]).unwrap()
    }

    /// Stores a round of now, without telling the breaker.
    pub fn publish_price(&mut self, feed: FeedId, price: Price, validity: Validity) {
        let (published_at, recorded_height) = (self.now(), self.app.block_info().height);
        let record = self.records.entry(feed).or_insert(PriceRecord {
            age_max_seconds: 60,
            age_limit_seconds: 600,
            rounds: vec![],
        });
        let round = record.latest().map_or(0, |round| round.round) + 1;
        record.rounds.push(Round { round, price, band: Price::ZERO, published_at, recorded_height, validity });
        let surplus = record.rounds.len().saturating_sub(ROUNDS_KEPT);
        record.rounds.drain(..surplus);
        let message = (feed, record.clone());
        self.app.execute_contract(self.owner.clone(), self.oracle.clone(), &message, &[]).unwrap();
    }

    pub fn publish(&mut self, feed: FeedId, units: u32) {
        self.publish_price(feed, price(units), Validity::Valid);
    }

    /// A round of now, evaluated as the oracle's hook does; time goes on five seconds.
    pub fn round(&mut self, feed: FeedId, units: u32) -> Vec<Event> {
        self.publish(feed, units);
        let events = self.evaluate(&[feed]);
        self.advance(5);
        events
    }

    /// Enough quiet rounds for both windows.
    pub fn calm(&mut self, feed: FeedId, units: u32) {
        for _ in 0..20 {
            self.round(feed, units);
        }
    }

    pub fn lose_price(&mut self, feed: FeedId) {
        self.app.wasm_sudo(self.oracle.clone(), &feed).unwrap();
    }

    pub fn break_guardian(&mut self, failing: bool) {
        self.app.wasm_sudo(self.guardian.clone(), &GuardianSudo::Fail(failing)).unwrap();
    }

    pub fn keep_incident(&mut self, incident: &guardian::Incident) {
        let message = GuardianSudo::Keep(Box::new(incident.clone()));
        self.app.wasm_sudo(self.guardian.clone(), &message).unwrap();
    }

    pub fn signals(&self) -> Vec<guardian::ExecuteMsg> {
        self.app.wrap().query_wasm_smart(&self.guardian, &Empty {}).unwrap()
    }

    pub fn query<T: serde::de::DeserializeOwned>(&self, msg: &QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.breaker, msg).unwrap()
    }

    pub fn status(&self, market: MarketId) -> StatusResponse {
        self.query(&QueryMsg::Status { market })
    }

    pub fn level(&self, market: MarketId) -> Level {
        self.status(market).posture.level
    }

    pub fn evidence(&self, market: MarketId) -> EvidenceResponse {
        self.query(&QueryMsg::Evidence { market })
    }

    pub fn journal(&self, market: MarketId) -> JournalResponse {
        self.query(&QueryMsg::Journal { market })
    }

    /// What the breaker will read of the vault.
    pub fn set_vault(&mut self, market: MarketId, state: &MarketState, pool: &Pool) {
        let books: Books = (market, state.clone(), pool.clone());
        self.app.execute_contract(self.owner.clone(), self.vault.clone(), &books, &[]).unwrap();
    }

    pub fn signal_health(&self) -> SignalHealthResponse {
        self.query(&QueryMsg::SignalHealth {})
    }

    /// As the vault reads it.
    pub fn record(&self, market: MarketId) -> PostureRecord {
        POSTURES.query(&self.app.wrap(), self.breaker.as_str(), market.0).unwrap()
    }

    pub fn record_of_all(&self) -> PostureRecord {
        POSTURE_OF_ALL.query(&self.app.wrap(), self.breaker.as_str()).unwrap()
    }

    /// Everything that the breaker stores, byte by byte.
    pub fn storage(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.app.dump_wasm_raw(&self.breaker)
    }
}
