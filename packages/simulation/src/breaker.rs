//! The circuit breaker itself, price by price: the contract's own entry points on a storage of their own; the oracle is a record that it
//! reads. What the rules say is one thing, what the contract restricts, for how long and within which budget, another.

use cosmwasm_std::testing::{message_info, mock_env, MockApi, MockQuerier, MockStorage};
use cosmwasm_std::{
    Addr, Binary, ContractResult, Empty, Env, OwnedDeps, QuerierResult, SystemError, SystemResult, Timestamp, WasmQuery,
};
use firebreak_circuit_breaker::contract::{execute, instantiate};
use firebreak_circuit_breaker::state::RULES;
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{
    CageConfig, EffectivePosture, ExecuteMsg, GuardConfig, InstantiateMsg, MarketSetup, ObserversConfig, PostureRecord,
    RuleConfig, RuleMode, RuleTripped,
};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{PriceRecord, Round, Validity, ROUNDS_KEPT};
use firebreak_messages::{packed, FeedId, MarketId, RuleId};
use firebreak_risk::detect::{CageParams, RuleBook};
use firebreak_risk::{Amount, Level, Price, Ratio};
use std::cell::RefCell;
use std::rc::Rc;

const BLOCK_SECONDS: u64 = 6;
const MARKET: MarketId = MarketId(1);
const FEED: FeedId = FeedId(1);

/// The rules that read prices, enforced with the shipped figures, and the cage.
pub fn price_rules(maintenance_margin_ratio: Ratio) -> GuardConfig {
    let rules = [RuleId::Band, RuleId::Velocity, RuleId::Surprise, RuleId::HourMove, RuleId::DayMove];
    let initial = Ratio::from_atoms(maintenance_margin_ratio.atoms() * 2);
    GuardConfig {
        feed: FEED,
        maintenance_margin_ratio,
        block_seconds: BLOCK_SECONDS,
        turnover_full: Amount::from_units(10_000),
        rules: rules.map(|rule| RuleConfig::standard(rule, RuleMode::Enforce)).to_vec(),
        cage: Some(CageConfig { mode: RuleMode::Enforce, params: CageParams::standard(initial) }),
    }
}

/// One contract on a storage of its own.
pub struct Host {
    deps: OwnedDeps<MockStorage, MockApi, MockQuerier<Empty>>,
    env: Env,
    /// What the oracle's record is.
    record: Rc<RefCell<PriceRecord>>,
}

impl Host {
    /// Errors: the contract's refusal of the rules, as text.
    pub fn new(config: GuardConfig) -> Result<Self, String> {
        let record = PriceRecord { age_max_seconds: 60, age_limit_seconds: 600, rounds: vec![] };
        let record = Rc::new(RefCell::new(record));
        let mut querier = MockQuerier::<Empty>::new(&[]);
        let shared = Rc::clone(&record);
        querier.update_wasm(move |query| answer(&shared.borrow(), query));
        let api = MockApi::default();
        let (owner, oracle) = (api.addr_make("owner"), api.addr_make("oracle"));
        let mut deps =
            OwnedDeps { storage: MockStorage::default(), api, querier, custom_query_type: std::marker::PhantomData };
        let msg = InstantiateMsg {
            owner: owner.to_string(),
            oracle: oracle.to_string(),
            vault: None,
            guardian: None,
            markets: vec![MarketSetup { market: MARKET, config }],
            observers: ObserversConfig { heartbeat_seconds: 600, observers: vec![] },
        };
        let env = mock_env();
        instantiate(deps.as_mut(), env.clone(), message_info(&owner, &[]), msg).map_err(|error| error.to_string())?;
        Ok(Self { deps, env, record })
    }

    /// Publishes a price and has it evaluated: the answers that are new.
    ///
    /// Errors: the contract's refusals, as text; rising times and positive prices cause none.
    pub fn price(&mut self, at: u64, price: Price) -> Result<Vec<RuleTripped>, String> {
        self.env.block.time = Timestamp::from_seconds(at);
        self.env.block.height += 1;
        {
            let mut record = self.record.borrow_mut();
            let round = record.latest().map_or(0, |round| round.round) + 1;
            let (recorded_height, validity) = (self.env.block.height, Validity::Valid);
            record.rounds.push(Round { round, price, band: Price::ZERO, published_at: at, recorded_height, validity });
            let surplus = record.rounds.len().saturating_sub(ROUNDS_KEPT);
            record.rounds.drain(..surplus);
        }
        let anyone = Addr::unchecked("anyone");
        let msg = ExecuteMsg::Evaluate { feeds: vec![FEED] };
        let response = execute(self.deps.as_mut(), self.env.clone(), message_info(&anyone, &[]), msg)
            .map_err(|error| error.to_string())?;
        Ok(RuleTripped::all(&response.events))
    }

    /// What is restricted; a record that cannot be read is the vault's `ReduceOnly`.
    pub fn posture(&self) -> Option<PostureRecord> {
        POSTURES.load(&self.deps.storage, MARKET.0).ok()
    }

    /// What the rules remember.
    pub fn book(&self) -> Result<RuleBook, String> {
        RULES.load(&self.deps.storage, MARKET.0).map(|rules| rules.book).map_err(|error| error.to_string())
    }

    /// Everything that is stored, keys included.
    pub fn bytes(&self) -> usize {
        use cosmwasm_std::{Order, Storage};
        self.deps.storage.range(None, None, Order::Ascending).map(|(key, value)| key.len() + value.len()).sum()
    }
}

/// The level of a record at a time.
pub fn level_of(record: Option<&PostureRecord>, at: u64) -> Level {
    record.map_or(Level::ReduceOnly, |record| record.effective(EffectivePosture::NORMAL, at).posture.level)
}

fn answer(record: &PriceRecord, query: &WasmQuery) -> QuerierResult {
    let WasmQuery::Raw { key, .. } = query else {
        return SystemResult::Err(SystemError::UnsupportedRequest { kind: "not raw".into() });
    };
    let found = if key.as_slice() == PRICES.key(FEED.0) { packed::to_packed("price", 1, record).ok() } else { None };
    SystemResult::Ok(ContractResult::Ok(Binary::from(found.unwrap_or_default())))
}
