//! The vault alone, with its neighbours replaced by the records that it reads raw and a fund that answers as told. What the
//! whole suite does together is tested through `World`; here a test may say what no honest neighbour would.

use cosmwasm_std::testing::{mock_env, MockApi, MockQuerier, MockStorage};
use cosmwasm_std::{
    coins, from_json, to_json_binary, Addr, BankMsg, Binary, ContractResult, CosmosMsg, Env, Event, MessageInfo,
    OwnedDeps, Reply, ReplyOn, Response, StdError, SubMsgResponse, SubMsgResult, SystemError, SystemResult, Timestamp,
    WasmMsg, WasmQuery,
};
use firebreak_derivatives_vault::{contract, state, ContractError};
use firebreak_messages::circuit_breaker::{layout as breaker, PostureRecord, Restriction};
use firebreak_messages::derivatives_vault::*;
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::{CoverResponse, ExecuteMsg as FundMsg, MarketDeficit};
use firebreak_messages::oracle::{layout as oracle, PriceRecord, Round, Validity, ROUNDS_KEPT};
use firebreak_messages::packed::to_packed;
use firebreak_messages::{AccountId, FeedId, MarketId, Source};
use firebreak_risk::*;
use serde::de::DeserializeOwned;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub const BTC: MarketId = MarketId(1);
pub const ETH: MarketId = MarketId(2);
pub const DENOM: &str = "uusd";
pub const VAULT: &str = "vault";

/// What the fund does when it is asked to cover.
#[derive(Clone, Copy, PartialEq)]
pub enum Fund {
    /// Pays up to this many units and says so.
    Honest(u64),
    /// Claims to have paid everything and sends nothing.
    Liar,
    /// Sends more units than it says.
    Shy {
        sends: u64,
        says: u64,
    },
    Fails,
}

type Records = BTreeMap<(String, Vec<u8>), Vec<u8>>;
type Foreign = Rc<RefCell<Records>>;

pub struct Bench {
    pub deps: OwnedDeps<MockStorage, MockApi, MockQuerier>,
    pub env: Env,
    pub bank: BTreeMap<String, u128>,
    pub fund: Fund,
    foreign: Foreign,
    records: BTreeMap<u16, PriceRecord>,
    /// The breaker evaluates every round, as the oracle's hook makes it.
    pub leases_renewed: bool,
    restrictions: BTreeMap<u16, Vec<Restriction>>,
    freezes: BTreeMap<u16, Freeze>,
    freeze_of_all: Freeze,
    pub events: Vec<Event>,
    /// Leaves the invariants unchecked between steps: for tests of very many of them, whose sums would show a breach.
    pub quick: bool,
    /// How often the fund was asked to cover, over all messages.
    pub covers_asked: usize,
    /// Coins were taken behind the vault's back.
    pub broken: bool,
    /// Who takes no coins: the bank refuses to send them there.
    pub refuses: Vec<String>,
}

/// A moment of a bench without restrictions.
pub struct Saved {
    stored: Vec<(Vec<u8>, Vec<u8>)>,
    bank: BTreeMap<String, u128>,
    env: Env,
    foreign: Records,
    prices: BTreeMap<u16, PriceRecord>,
}

pub fn address(name: &str) -> String {
    MockApi::default().addr_make(name).into_string()
}

pub fn account(name: &str) -> AccountId {
    subaccount(name, 0)
}

pub fn subaccount(name: &str, subaccount: u8) -> AccountId {
    AccountId { owner: address(name), subaccount }
}

/// A price bound that no fill misses.
pub fn any_price(size: &str) -> &'static str {
    if size.starts_with('-') {
        "0.000001"
    } else {
        "1000000000"
    }
}

pub fn reasons(events: &[Event]) -> Vec<DropReason> {
    OrderDropped::all(events).into_iter().map(|dropped| dropped.reason).collect()
}

/// An order at the next price.
pub fn market_order(market: MarketId, text: &str, bound: &str) -> OrderRequest {
    OrderRequest::market(0, market, size(text), price(bound), false)
}

/// An order that raises exposure once it is triggered.
pub fn resting(market: MarketId, text: &str, bound: &str, trigger: Trigger) -> OrderRequest {
    OrderRequest { trigger: Some(trigger), ..market_order(market, text, bound) }
}

pub fn limit(market: MarketId, text: &str, bound: &str) -> OrderRequest {
    resting(market, text, bound, Trigger::Limit)
}

/// A reduce-only order without a care for its price once it is triggered.
pub fn reducing(market: MarketId, text: &str, trigger: Trigger) -> OrderRequest {
    OrderRequest { reduce_only: true, ..resting(market, text, any_price(text), trigger) }
}

/// What refuses an order in a ninth market.
pub fn a_market_too_many() -> ContractError {
    ContractError::OutOfBounds { what: "markets of the account", wanted: "at most 8".into(), found: "9".into() }
}

pub fn skips(events: &[Event]) -> Vec<DropReason> {
    OrderSkipped::all(events).into_iter().map(|skipped| skipped.reason).collect()
}

pub fn units(units: u64) -> Amount {
    Amount::from_units(units)
}

pub fn size(text: &str) -> Size {
    text.parse().unwrap()
}

pub fn price(text: &str) -> Price {
    text.parse().unwrap()
}

pub fn parameters() -> VaultParameters {
    VaultParameters {
        execution_fee: Amount::from_atoms(100_000),
        order_delay_seconds: 10,
        lp_cooldown_seconds: 86_400,
        lp_claim_window_seconds: 21_600,
        uncollected_share: Ratio::ZERO,
        deposit_move: Ratio::ZERO,
        insurance_fee_share: Ratio::percent(20),
        insurance_fee_share_max: None,
        stress_loss_ratio: Ratio::ZERO,
        reserve_ratio: Ratio::percent(10),
        withdrawal_margin_ratio: Ratio::percent(20),
        grace_seconds: 600,
        cover_gas_limit: 1_000_000,
        // Far above what tests take out; those of the limiter set their own.
        outflow: OutflowParams {
            hour_min: units(1_000_000_000_000),
            hour_ratio: Ratio::ZERO,
            day_min: units(1_000_000_000_000),
            day_ratio: Ratio::ZERO,
            deposit_delay_seconds: 3_600,
            small_exit_max: Amount::ZERO,
        },
    }
}

/// Without fees, funding and premium: fills are at prices of rounds, to the unit.
pub fn plain_market(symbol: &str, feed: u16) -> MarketConfig {
    let config = market_config(symbol, feed);
    MarketConfig {
        skew_scale: Size::from_units(1_000_000_000),
        taker_fee_ratio: Ratio::ZERO,
        funding: FundingParams { velocity_max: Ratio::ZERO, rate_max: Ratio::ZERO, ..config.funding },
        ..config
    }
}

pub fn market_config(symbol: &str, feed: u16) -> MarketConfig {
    MarketConfig {
        symbol: symbol.into(),
        feed: FeedId(feed),
        skew_scale: Size::from_units(10_000),
        margin: MarginParams {
            initial_margin_ratio: Ratio::percent(5),
            initial_margin_slope: Ratio::percent(100),
            maintenance_scalar: Ratio::percent(60),
            margin_min: units(10),
            open_interest_low: units(1_000_000_000_000),
            open_interest_high: units(2_000_000_000_000),
        },
        funding: FundingParams {
            velocity_max: Ratio::percent(100),
            rate_max: Ratio::percent(10),
            borrow_low: Ratio::ZERO,
            borrow_high: Ratio::ZERO,
            borrow_kink: Ratio::ONE,
        },
        liquidation: LiquidationParams {
            buffer: Ratio::percent(10),
            penalty_ratio: Ratio::percent(1),
            keeper_share: Ratio::percent(30),
            keeper_min: units(1),
            keeper_max: units(100),
            size_min: size("0.001"),
            throttle_seconds: 0,
            throttle_multiplier: Ratio::ONE,
            throttle_relief_skew: Ratio::ZERO,
            keeper_growth_seconds: 0,
        },
        taker_fee_ratio: Ratio::from_basis_points(10),
        open_interest_max: Size::from_units(100),
        skew_max: Size::from_units(100),
        account_share_max: Ratio::ONE,
        cap_ramp_daily: Ratio::ONE,
        insurance_ratio_min: Ratio::ZERO,
        order_size_max: Size::from_units(100),
        gap_seconds: 300,
        gap_rounds: 0,
        limit_band_ratio: Ratio::from_basis_points(50),
        vesting_half_life_seconds: 0,
        pool_loss_max: units(1_000_000_000),
    }
}

impl Bench {
    /// Two markets, BTC at 60,000 and ETH at 3,000, and a pool of ten million.
    pub fn new() -> Self {
        let mut bench = Self::without_pool(market_config("BTC", 1), market_config("ETH", 2));
        bench.provide("lp", 10_000_000).unwrap();
        bench
    }

    pub fn without_pool(btc: MarketConfig, eth: MarketConfig) -> Self {
        let foreign: Foreign = Rc::default();
        let mut deps = OwnedDeps {
            storage: MockStorage::default(),
            api: MockApi::default(),
            querier: MockQuerier::new(&[]),
            custom_query_type: std::marker::PhantomData,
        };
        let records = foreign.clone();
        deps.querier.update_wasm(move |query| match query {
            WasmQuery::Raw { contract_addr, key } => {
                let value = records.borrow().get(&(contract_addr.clone(), key.to_vec())).cloned().unwrap_or_default();
                SystemResult::Ok(ContractResult::Ok(Binary::from(value)))
            }
            _ => SystemResult::Err(SystemError::UnsupportedRequest { kind: "only raw reads".into() }),
        });
        let mut env = mock_env();
        env.contract.address = Addr::unchecked(address(VAULT));
        env.block.time = Timestamp::from_seconds(1_000_000);
        env.block.height = 1_000;
        let msg = InstantiateMsg {
            owner: address("owner"),
            denom: DENOM.into(),
            oracle: address("oracle"),
            circuit_breaker: address("breaker"),
            insurance_fund: address("fund"),
            parameters: parameters(),
            markets: vec![MarketSetup { market: BTC, config: btc }, MarketSetup { market: ETH, config: eth }],
        };
        let info = MessageInfo { sender: Addr::unchecked(address("owner")), funds: vec![] };
        contract::instantiate(deps.as_mut(), env.clone(), info, msg).unwrap();
        let mut bench = Self {
            deps,
            env,
            bank: BTreeMap::new(),
            fund: Fund::Fails,
            foreign,
            records: BTreeMap::new(),
            leases_renewed: true,
            restrictions: BTreeMap::new(),
            freezes: BTreeMap::new(),
            freeze_of_all: Freeze::default(),
            events: vec![],
            quick: false,
            covers_asked: 0,
            broken: false,
            refuses: vec![],
        };
        bench.put_posture_of_all(1, &PostureRecord::default());
        bench.set_price(BTC, "60000");
        bench.set_price(ETH, "3000");
        bench
    }

    pub fn put(&mut self, contract: &str, key: Vec<u8>, value: Vec<u8>) {
        self.foreign.borrow_mut().insert((contract.into(), key), value);
    }

    pub fn now(&self) -> u64 {
        self.env.block.time.seconds()
    }

    pub fn advance(&mut self, seconds: u64) {
        self.env.block.time = Timestamp::from_seconds(self.now() + seconds);
        self.env.block.height += 1;
    }

    /// A new round, five seconds and a block later.
    pub fn set_price(&mut self, market: MarketId, text: &str) {
        self.advance(5);
        self.publish(market, price(text), Price::ZERO, self.now(), Validity::Valid);
    }

    pub fn publish(&mut self, market: MarketId, price: Price, band: Price, published_at: u64, validity: Validity) {
        let height = self.env.block.height;
        let record = self.records.entry(market.0).or_insert(PriceRecord {
            age_max_seconds: 60,
            age_limit_seconds: 600,
            rounds: vec![],
        });
        let round = record.rounds.last().map_or(1, |last| last.round + 1);
        record.rounds.push(Round { round, price, band, published_at, recorded_height: height, validity });
        if record.rounds.len() > ROUNDS_KEPT {
            record.rounds.remove(0);
        }
        self.sync(market);
    }

    /// The clock of a story that is told in seconds; each call is a block of its own.
    pub fn set_time(&mut self, seconds: u64) {
        self.env.block.time = Timestamp::from_seconds(seconds);
        self.env.block.height += 1;
    }

    /// Publishes all prices again, so that none is stale.
    pub fn refresh(&mut self) {
        let markets: Vec<MarketId> = self.records.keys().copied().map(MarketId).collect();
        for market in markets {
            let last = self.records[&market.0].rounds.last().unwrap().clone();
            let now = self.now();
            self.publish(market, last.price, last.band, now, Validity::Valid);
        }
    }

    fn sync(&mut self, market: MarketId) {
        let record = self.records[&market.0].clone();
        let round = record.rounds.last().map_or(0, |round| round.round);
        let bytes = to_packed("price", 1, &record).unwrap();
        self.put(&address("oracle"), oracle::PRICES.key(market.0), bytes);
        if self.leases_renewed {
            let restrictions = self.restrictions.get(&market.0).cloned().unwrap_or_default();
            let now = self.now();
            let freeze = self.freezes.entry(market.0).or_default();
            *freeze = freeze.after(restrictions.iter().map(|held| held.phases.as_slice()), now);
            let posture = PostureRecord { evaluated_round: round, restrictions, freeze: *freeze };
            let bytes = to_packed("posture", 1, &posture).unwrap();
            self.put(&address("breaker"), breaker::POSTURES.key(market.0), bytes);
        }
    }

    /// Somebody evaluates a market's latest price.
    pub fn evaluate(&mut self, market: MarketId) {
        self.leases_renewed = true;
        self.sync(market);
    }

    /// The breaker's record of a market disappears: the contract is gone or unreadable.
    pub fn lose_posture(&mut self, market: MarketId) {
        self.foreign.borrow_mut().remove(&(address("breaker"), breaker::POSTURES.key(market.0)));
    }

    pub fn restrict(&mut self, market: MarketId, level: Level, seconds: u64) {
        let phases = vec![Phase { until: self.now() + seconds, posture: Posture::preset(level) }];
        let restriction = Restriction { source: Source::Council, since: self.now(), phases, incident: 1 };
        self.restrictions.insert(market.0, vec![restriction]);
        self.sync(market);
    }

    /// A posture of its own in one market, from the council.
    pub fn restrict_with(&mut self, market: MarketId, posture: Posture, seconds: u64) {
        let phases = vec![Phase { until: self.now() + seconds, posture }];
        let restriction = Restriction { source: Source::Council, since: self.now(), phases, incident: 1 };
        self.restrictions.insert(market.0, vec![restriction]);
        self.sync(market);
    }

    pub fn restrict_all_with(&mut self, posture: Posture, seconds: u64) {
        let phases = vec![Phase { until: self.now() + seconds, posture }];
        let restriction = Restriction { source: Source::Council, since: self.now(), phases, incident: 1 };
        self.put_restrictions_of_all(vec![restriction]);
    }

    /// The breaker's record of scope `All`, as the breaker would keep it.
    pub fn put_restrictions_of_all(&mut self, restrictions: Vec<Restriction>) {
        let phases = restrictions.iter().map(|held| held.phases.as_slice());
        self.freeze_of_all = self.freeze_of_all.after(phases, self.now());
        self.put_posture_of_all(1, &PostureRecord { evaluated_round: 0, restrictions, freeze: self.freeze_of_all });
    }

    /// Restricts every market at once, and what belongs to no market.
    pub fn restrict_all(&mut self, level: Level, seconds: u64) {
        let phases = vec![Phase { until: self.now() + seconds, posture: Posture::preset(level) }];
        let restriction = Restriction { source: Source::Council, since: self.now(), phases, incident: 1 };
        self.put_restrictions_of_all(vec![restriction]);
    }

    /// `version` is the first byte of the record: another one than 1 is not readable.
    pub fn put_posture_of_all(&mut self, version: u8, record: &PostureRecord) {
        let bytes = to_packed("all", version, record).unwrap();
        self.put(&address("breaker"), b"posture_all".to_vec(), bytes);
    }

    /// One more market like BTC, at 60,000.
    pub fn add_market(&mut self, market: MarketId) {
        let config = market_config(&format!("M{}", market.0), market.0);
        self.execute("owner", ExecuteMsg::ConfigureMarket { market, config }, 0).unwrap();
        // Its cap ramps from zero.
        self.advance(86_400);
        self.refresh();
        self.set_price(market, "60000");
    }

    fn balance(&mut self) -> u128 {
        self.bank.get(&address(VAULT)).copied().unwrap_or(0)
    }

    pub fn donate(&mut self, amount: u64) {
        *self.bank.entry(address(VAULT)).or_default() += units(amount).atoms();
        self.tell_balance();
    }

    fn tell_balance(&mut self) {
        let coins = coins(self.balance(), DENOM);
        self.deps.querier.bank.update_balance(address(VAULT), coins);
        let fund = self.bank.get(&address("fund")).copied().unwrap_or(0);
        self.deps.querier.bank.update_balance(address("fund"), cosmwasm_std::coins(fund, DENOM));
    }

    /// Runs a message as the chain would: funds first, then the handler, its payments, its sub-message and the reply. A refusal
    /// leaves everything as it was.
    pub fn execute(&mut self, sender: &str, msg: ExecuteMsg, funds: u64) -> Result<Vec<Event>, ContractError> {
        let coins = if funds == 0 { vec![] } else { coins(units(funds).atoms(), DENOM) };
        self.execute_with(sender, msg, coins)
    }

    pub fn execute_with(
        &mut self,
        sender: &str,
        msg: ExecuteMsg,
        funds: Vec<cosmwasm_std::Coin>,
    ) -> Result<Vec<Event>, ContractError> {
        let bank = self.bank.clone();
        let stored = self.snapshot();
        for coin in funds.iter().filter(|coin| coin.denom == DENOM) {
            *self.bank.entry(address(VAULT)).or_default() += coin.amount.u128();
        }
        self.tell_balance();
        let info = MessageInfo { sender: Addr::unchecked(address(sender)), funds };
        let result = contract::execute(self.deps.as_mut(), self.env.clone(), info, msg);
        match result.and_then(|response| self.settle(response)) {
            Ok(events) => {
                if !self.quick {
                    self.check();
                    self.events.extend(events.clone());
                }
                Ok(events)
            }
            Err(error) => {
                self.bank = bank;
                self.tell_balance();
                self.restore(stored);
                Err(error)
            }
        }
    }

    pub fn snapshot(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        use cosmwasm_std::Storage;
        self.deps.storage.range(None, None, cosmwasm_std::Order::Ascending).collect()
    }

    pub fn restore(&mut self, stored: Vec<(Vec<u8>, Vec<u8>)>) {
        use cosmwasm_std::Storage;
        self.deps.storage = MockStorage::default();
        for (key, value) in stored {
            self.deps.storage.set(&key, &value);
        }
    }

    /// Everything, neighbours and the clock included, to come back to.
    pub fn saved(&self) -> Saved {
        let (foreign, prices) = (self.foreign.borrow().clone(), self.records.clone());
        Saved { stored: self.snapshot(), bank: self.bank.clone(), env: self.env.clone(), foreign, prices }
    }

    pub fn go_back(&mut self, saved: &Saved) {
        self.restore(saved.stored.clone());
        (self.bank, self.env) = (saved.bank.clone(), saved.env.clone());
        *self.foreign.borrow_mut() = saved.foreign.clone();
        self.records = saved.prices.clone();
        self.tell_balance();
    }

    fn settle(&mut self, response: Response) -> Result<Vec<Event>, ContractError> {
        let mut events = response.events;
        for message in response.messages {
            match message.msg.clone() {
                CosmosMsg::Bank(BankMsg::Send { to_address, .. }) if self.refuses.contains(&to_address) => {
                    if message.reply_on != ReplyOn::Error {
                        return Err(StdError::generic_err("no coins for this address").into());
                    }
                    let result = SubMsgResult::Err("codespace: sdk, code: 4".into());
                    let reply = Reply { id: message.id, payload: message.payload, gas_used: 0, result };
                    events.extend(contract::reply(self.deps.as_mut(), self.env.clone(), reply)?.events);
                }
                CosmosMsg::Bank(BankMsg::Send { to_address, amount }) => {
                    let amount = amount[0].amount.u128();
                    let held = self.bank.entry(address(VAULT)).or_default();
                    *held = held.checked_sub(amount).expect("the vault sends coins that it has");
                    *self.bank.entry(to_address).or_default() += amount;
                    self.tell_balance();
                }
                CosmosMsg::Wasm(WasmMsg::Execute { msg, funds, .. }) => {
                    let asked: FundMsg = from_json(&msg).unwrap();
                    if let FundMsg::Cover { deficits } = asked {
                        let result = self.cover(deficits);
                        let reply = Reply { id: message.id, payload: message.payload, gas_used: 0, result };
                        let response = contract::reply(self.deps.as_mut(), self.env.clone(), reply)?;
                        events.extend(response.events);
                    } else if self.fund == Fund::Fails {
                        let result = SubMsgResult::Err("no".into());
                        let reply = Reply { id: message.id, payload: message.payload, gas_used: 0, result };
                        let response = contract::reply(self.deps.as_mut(), self.env.clone(), reply)?;
                        events.extend(response.events);
                    } else {
                        let amount = funds[0].amount.u128();
                        *self.bank.entry(address(VAULT)).or_default() -= amount;
                        *self.bank.entry(address("fund")).or_default() += amount;
                        self.tell_balance();
                    }
                }
                other => panic!("unexpected {other:?}"),
            }
        }
        Ok(events)
    }

    fn cover(&mut self, deficits: Vec<MarketDeficit>) -> SubMsgResult {
        self.covers_asked += 1;
        let asked: u128 = deficits.iter().map(|deficit| deficit.amount.atoms()).sum();
        let (sent, said) = match self.fund {
            Fund::Fails => return SubMsgResult::Err("out of order".into()),
            Fund::Liar => (0, asked),
            Fund::Shy { sends, says } => (units(sends).atoms(), units(says).atoms()),
            Fund::Honest(most) => {
                let paid = asked.min(units(most).atoms());
                self.fund = Fund::Honest((units(most).atoms() - paid) as u64 / 1_000_000);
                (paid, paid)
            }
        };
        *self.bank.entry(address(VAULT)).or_default() += sent;
        self.tell_balance();
        let answer = CoverResponse { paid: vec![], total: Amount::from_atoms(said) };
        let body = to_json_binary(&answer).unwrap();
        // MsgExecuteContractResponse { data: body }
        let mut data = vec![0x0a];
        let mut length = body.len();
        while length >= 0x80 {
            data.push((length as u8 & 0x7f) | 0x80);
            length >>= 7;
        }
        data.push(length as u8);
        data.extend_from_slice(&body);
        #[allow(deprecated)]
        SubMsgResult::Ok(SubMsgResponse { events: vec![], data: Some(Binary::from(data)), msg_responses: vec![] })
    }

    pub fn query<T: DeserializeOwned>(&self, msg: QueryMsg) -> T {
        from_json(contract::query(self.deps.as_ref(), self.env.clone(), msg).unwrap()).unwrap()
    }

    pub fn account(&self, name: &str) -> AccountResponse {
        self.query(QueryMsg::Account { account: account(name) })
    }

    pub fn account_of(&self, account: &AccountId) -> AccountResponse {
        self.query(QueryMsg::Account { account: account.clone() })
    }

    /// Coins that the vault paid to somebody, in atoms.
    pub fn wallet(&self, name: &str) -> i128 {
        i128::try_from(self.bank.get(&address(name)).copied().unwrap_or(0)).unwrap()
    }

    pub fn market(&self, market: MarketId) -> MarketResponse {
        self.query(QueryMsg::Market { market })
    }

    pub fn pool(&self) -> PoolResponse {
        self.query(QueryMsg::Pool {})
    }

    pub fn losses(&self) -> LossLedger {
        self.query(QueryMsg::Losses { market: None })
    }

    pub fn deposit(&mut self, name: &str, amount: u64) {
        self.execute(name, ExecuteMsg::AddCollateral { account: None, subaccount: 0 }, amount).unwrap();
    }

    pub fn deposit_to(&mut self, account: &AccountId, amount: Amount) {
        let msg = ExecuteMsg::AddCollateral { account: Some(account.clone()), subaccount: 0 };
        self.execute_with("anyone", msg, coins(amount.atoms(), DENOM)).unwrap();
    }

    pub fn withdraw(&mut self, name: &str, subaccount: u8, amount: Amount) -> Result<(), ContractError> {
        self.execute(name, ExecuteMsg::WithdrawCollateral { subaccount, amount }, 0).map(|_| ())
    }

    pub fn provide(&mut self, name: &str, amount: u64) -> Result<Vec<Event>, ContractError> {
        self.execute(name, ExecuteMsg::ProvideLiquidity { shares_min: PoolShares::ZERO }, amount)
    }

    pub fn request(&mut self, name: &str, shares: PoolShares) -> u64 {
        let events = self.execute(name, ExecuteMsg::RequestLiquidityWithdrawal { shares }, 0).unwrap();
        LiquidityWithdrawalRequested::all(&events)[0].request
    }

    /// Places a claim, with its execution fee.
    pub fn claim(&mut self, name: &str, request: u64, amount_min: Amount) -> Result<(), ContractError> {
        let msg = ExecuteMsg::ClaimLiquidityWithdrawal { request, amount_min };
        self.execute_with(name, msg, coins(parameters().execution_fee.atoms(), DENOM)).map(|_| ())
    }

    pub fn execute_claims(&mut self) -> Result<Vec<Event>, ContractError> {
        self.execute("keeper", ExecuteMsg::ExecuteClaims { limit: CLAIMS_BATCH_MAX }, 0)
    }

    /// Fifteen seconds later, at the same prices.
    pub fn pay_claims(&mut self) -> Result<Vec<Event>, ContractError> {
        self.advance(15);
        self.refresh();
        self.execute_claims()
    }

    pub fn provider(&self, name: &str) -> LiquidityProvider {
        self.query::<LiquidityProviderResponse>(QueryMsg::LiquidityProvider { address: address(name) }).provider
    }

    pub fn place(&mut self, name: &str, market: MarketId, text: &str, bound: &str) -> Result<OrderId, ContractError> {
        self.place_with(name, market, text, bound, false)
    }

    pub fn place_with(
        &mut self,
        name: &str,
        market: MarketId,
        text: &str,
        bound: &str,
        reduce_only: bool,
    ) -> Result<OrderId, ContractError> {
        self.place_in(name, 0, market, size(text), bound, reduce_only)
    }

    pub fn place_in(
        &mut self,
        name: &str,
        subaccount: u8,
        market: MarketId,
        size: Size,
        bound: &str,
        reduce_only: bool,
    ) -> Result<OrderId, ContractError> {
        let msg = ExecuteMsg::PlaceOrder(OrderRequest::market(subaccount, market, size, price(bound), reduce_only));
        self.execute(name, msg, 0).map(|events| OrderPlaced::all(&events)[0].order)
    }

    pub fn place_request(&mut self, name: &str, request: OrderRequest) -> Result<OrderId, ContractError> {
        self.execute(name, ExecuteMsg::PlaceOrder(request), 0).map(|events| OrderPlaced::all(&events)[0].order)
    }

    /// A round of its own block, so many seconds later, and a batch of the keeper's in this block.
    pub fn step(&mut self, market: MarketId, seconds: u64, text: &str) -> Vec<Event> {
        self.advance(seconds);
        self.publish(market, price(text), Price::ZERO, self.now(), Validity::Valid);
        self.run(market)
    }

    pub fn run(&mut self, market: MarketId) -> Vec<Event> {
        self.run_as("keeper", market)
    }

    pub fn run_as(&mut self, keeper: &str, market: MarketId) -> Vec<Event> {
        self.execute(keeper, ExecuteMsg::ExecuteOrders { market, limit: 50 }, 0).unwrap()
    }

    /// Closes what the subaccounts hold in a market at the prices of now, and runs the queue until nothing of it is left.
    /// Bankrupt positions are liquidated. Returns everything that the owner then has: cash and coins paid out.
    pub fn leave(&mut self, name: &str, subaccounts: &[u8], market: MarketId) -> i128 {
        for number in subaccounts {
            let id = subaccount(name, *number);
            let held = self.account_of(&id).positions.into_iter().find(|held| held.market == market);
            if let Some(held) = held {
                let text = held.size.negated().unwrap().to_string();
                self.place_in(name, *number, market, size(&text), any_price(&text), true).ok();
            }
        }
        self.advance(15);
        self.refresh();
        self.run_as(name, market);
        for chunk in subaccounts.chunks(LIQUIDATION_BATCH_MAX) {
            let accounts = chunk.iter().map(|number| subaccount(name, *number)).collect();
            self.execute(name, ExecuteMsg::Liquidate { accounts }, 0).unwrap();
        }
        let mut cash = self.wallet(name);
        for number in subaccounts {
            let left = self.account_of(&subaccount(name, *number));
            assert!(left.positions.is_empty(), "{left:?}");
            cash += left.cash.atoms();
        }
        cash
    }

    /// Places an order without a care for its price, publishes the same prices after the delay and executes it.
    pub fn trade(&mut self, name: &str, market: MarketId, text: &str) -> Vec<Event> {
        self.place(name, market, text, any_price(text)).unwrap();
        self.advance(15);
        self.refresh();
        self.run(market)
    }

    pub fn liquidate(&mut self, names: &[&str]) -> Result<Vec<Event>, ContractError> {
        let accounts = names.iter().map(|name| account(name)).collect();
        self.execute("keeper", ExecuteMsg::Liquidate { accounts }, 0)
    }

    /// What is reserved for unvested profit covers all claims, haircuts that they have not paid yet taken off; the rest is dust.
    fn check_claims(&self, accounts: &[((String, u8), Account)], pool: &Pool) {
        let (mut owed, mut claims) = (0u128, 0u128);
        let mut nominal: BTreeMap<(u16, u32), u128> = BTreeMap::new();
        for held in accounts.iter().flat_map(|(_, account)| &account.claims) {
            let vesting = state::MARKETS.load(&self.deps.storage, held.market.0).unwrap().vesting;
            let kept = state::CLOSED_POTS.may_load(&self.deps.storage, (held.market.0, held.claim.epoch)).unwrap();
            let cut = match held.claim.epoch {
                epoch if epoch == vesting.epoch => vesting.current.cut,
                epoch if epoch + 1 == vesting.epoch => vesting.previous.cut,
                _ => kept.unwrap_or_default(),
            };
            let cut = cut.max(held.claim.cut).minus(held.claim.cut).unwrap();
            owed += held.claim.owed.saturating_minus(held.claim.junior.times(cut, Rounding::Ceil).unwrap()).atoms();
            claims += 1;
            *nominal.entry((held.market.0, held.claim.epoch)).or_default() += held.claim.junior.atoms();
            assert!(!held.claim.owed.is_zero(), "a claim of nothing keeps its slot");
        }
        let dust = pool.unvested.atoms().checked_sub(owed).expect("reserved for unvested profit");
        assert!(dust <= 1_000 + claims, "{dust} units reserved for nobody");
        for market in state::CONFIG.load(&self.deps.storage).unwrap().markets {
            let vesting = state::MARKETS.load(&self.deps.storage, market.0).unwrap().vesting;
            for (epoch, pot) in
                [(Some(vesting.epoch), vesting.current), (vesting.epoch.checked_sub(1), vesting.previous)]
            {
                let held = epoch.and_then(|epoch| nominal.get(&(market.0, epoch))).copied().unwrap_or(0);
                assert_eq!(held, pot.nominal.atoms(), "junior halves of {market} in {epoch:?}");
            }
        }
    }

    /// Invariants 1 and 2 of the architecture, in O(accounts): what no message may afford.
    pub fn check(&self) {
        let pool = state::POOL.load(&self.deps.storage).unwrap();
        let accounts = state::ACCOUNTS.page(&self.deps.storage, None, 10_000).unwrap();
        let (mut cash, mut owed_by_traders) = (0i128, 0u128);
        let mut nominal: BTreeMap<(u16, bool), i128> = BTreeMap::new();
        let mut basis: BTreeMap<(u16, bool), i128> = BTreeMap::new();
        let mut unsettled: BTreeMap<(u16, u8, u32), i128> = BTreeMap::new();
        for (_, account) in &accounts {
            cash += account.cash.atoms();
            owed_by_traders += account.cash.negative_part().atoms();
            for position in &account.positions {
                let long = position.stake.nominal.atoms() > 0;
                let state = state::MARKETS.load(&self.deps.storage, position.market.0).unwrap();
                if position.stake.epoch != if long { state.long.epoch } else { state.short.epoch } {
                    let key = (position.market.0, u8::from(!long), position.stake.epoch);
                    *unsettled.entry(key).or_default() += position.stake.nominal.atoms();
                    continue;
                }
                let key = (position.market.0, long);
                *nominal.entry(key).or_default() += position.stake.nominal.atoms();
                *basis.entry(key).or_default() += position.stake.basis.atoms();
            }
        }
        assert_eq!(cash, pool.traders_cash.atoms(), "sum of accounts' cash");
        assert_eq!(owed_by_traders, pool.receivable.atoms(), "sum of negative cash");
        self.check_claims(&accounts, &pool);
        let mut open_notional = 0u128;
        for market in state::CONFIG.load(&self.deps.storage).unwrap().markets {
            let state = state::MARKETS.load(&self.deps.storage, market.0).unwrap();
            open_notional += state.open_notional.atoms();
            for (side, long) in [(state.long, true), (state.short, false)] {
                let key = (market.0, long);
                assert_eq!(nominal.get(&key).copied().unwrap_or(0), side.nominal.atoms(), "nominal {key:?}");
                assert_eq!(basis.get(&key).copied().unwrap_or(0), side.basis.atoms(), "basis {key:?}");
            }
        }
        assert_eq!(open_notional, pool.open_notional.atoms(), "sum of the markets' open notional");
        let closed = state::CLOSED_SIDES.page(&self.deps.storage, None, 10_000).unwrap();
        let left: BTreeMap<_, _> = closed.iter().map(|(key, closed)| (*key, closed.nominal.atoms())).collect();
        assert_eq!(left, unsettled, "stakes of closed epochs");
        for market in state::CONFIG.load(&self.deps.storage).unwrap().markets {
            let state = state::MARKETS.load(&self.deps.storage, market.0).unwrap();
            let of = |part: fn(SignedAmount) -> Amount| -> u128 {
                let here = closed.iter().filter(|(key, _)| key.0 == market.0);
                here.map(|(_, closed)| part(closed.owed).atoms()).sum()
            };
            let sums = (of(SignedAmount::positive_part), of(SignedAmount::negative_part));
            assert_eq!(sums, (state.closed_owed.atoms(), state.closed_due.atoms()), "balances of closed epochs");
        }
        let orders = state::ORDERS.page(&self.deps.storage, None, 10_000).unwrap();
        // Every resting order has its entries on the shelves, and nothing else has.
        let mut shelves = MockStorage::default();
        for ((market, queue, sequence), order) in &orders {
            let queue = Queue::ALL[usize::from(*queue)];
            let id = OrderId { market: MarketId(*market), queue, sequence: *sequence };
            firebreak_derivatives_vault::shelves::put(&mut shelves, id, order);
        }
        let entries = |storage: &dyn cosmwasm_std::Storage| -> Vec<(Vec<u8>, Vec<u8>)> {
            storage.range(Some(b"shelf"), Some(b"shelg"), cosmwasm_std::Order::Ascending).collect()
        };
        assert_eq!(entries(&self.deps.storage), entries(&shelves), "shelves");
        let claims = state::CLAIMS.page(&self.deps.storage, None, 10_000).unwrap();
        let escrow: u128 = orders.iter().map(|(_, order)| order.execution_fee.atoms()).sum::<u128>()
            + claims.iter().map(|(_, claim)| claim.execution_fee.atoms()).sum::<u128>();
        assert_eq!(escrow, pool.escrow.atoms(), "escrowed fees of waiting orders and claims");
        let claimed: u128 = claims.iter().map(|(_, claim)| claim.shares.atoms()).sum();
        let stored = state::CLAIMED.may_load(&self.deps.storage).unwrap().unwrap_or_default();
        assert_eq!(claimed, stored.atoms(), "shares of waiting claims");
        let mut held: BTreeMap<(String, u8), u128> = BTreeMap::new();
        for (_, order) in &orders {
            let key = (order.account.owner.clone(), order.account.subaccount);
            *held.entry(key).or_default() += order.margin_held.atoms();
        }
        for (key, account) in &accounts {
            let wanted = held.get(key).copied().unwrap_or(0);
            assert_eq!(wanted, account.margin_held.atoms(), "margin held for waiting orders");
        }
        let waiting: usize = accounts.iter().map(|(_, account)| account.orders.len()).sum();
        assert_eq!(waiting, orders.len(), "orders listed by accounts");
        let solvency: SolvencyResponse = self.query(QueryMsg::Solvency {});
        assert!(self.broken || solvency.held >= solvency.owed, "{solvency:?}");
        let parked = state::PARKED.page(&self.deps.storage, None, 10_000).unwrap();
        let parked: u128 = parked.iter().map(|(_, parked)| parked.amount.atoms()).sum();
        let claimed = state::PROVIDERS.page(&self.deps.storage, None, 10_000).unwrap();
        let claimed: u128 = claimed.iter().map(|(_, provider)| provider.parked.amount.atoms()).sum();
        assert_eq!(parked + claimed, pool.parked.atoms(), "parked exits");
        let providers = state::PROVIDERS.page(&self.deps.storage, None, 10_000).unwrap();
        let shares: u128 = providers
            .iter()
            .map(|(_, provider)| {
                provider.shares.atoms() + provider.requests.iter().map(|request| request.shares.atoms()).sum::<u128>()
            })
            .sum();
        assert_eq!(shares, pool.shares.atoms(), "sum of pool shares");
        let ledger = state::LOSSES.load(&self.deps.storage).unwrap();
        let paid = ledger.own.atoms()
            + ledger.insurance.atoms()
            + ledger.pool.atoms()
            + ledger.unvested_profit.atoms()
            + ledger.deleveraging.atoms()
            + ledger.residual.atoms();
        assert_eq!(paid, ledger.deficit.atoms(), "the loss ledger adds up");
        assert_eq!(ledger.uncollected.plus(ledger.paid_out), Ok(ledger.deficit), "what was lost adds up");
        let markets = state::MARKET_LOSSES.page(&self.deps.storage, None, 100).unwrap();
        let sum: u128 = markets.iter().map(|(_, losses)| losses.ledger.deficit.atoms()).sum();
        assert_eq!(sum, ledger.deficit.atoms(), "the markets' ledgers add up");
    }
}
