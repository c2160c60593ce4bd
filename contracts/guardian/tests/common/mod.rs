//! A guardian on the embedded chain, with stubs as its children, a real cw4 group as its council's, and people.

mod stub;

pub use stub::{Received, Stub};

use cosmwasm_std::{instantiate2_address, to_json_binary, Addr, Api, Binary, Coin};
use cw4::Member;
use cw_multi_test::{App, AppResponse, ContractWrapper, Executor, IntoAddr};
use firebreak_guardian::state::EXECUTING;
use firebreak_guardian::{contract, ContractError};
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig, VaultParameters};
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::*;
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_messages::{oracle, FeedId, MarketId, RuleId, Source};
use firebreak_risk::{
    Amount, FundingParams, Level, LiquidationParams, MarginParams, OutflowParams, Phase, Posture, Ratio, Size,
};

pub const HOUR: u64 = 3_600;
pub const DAY: u64 = 86_400;
pub const BTC: MarketId = MarketId(1);
pub const ETH: MarketId = MarketId(2);

pub fn delays() -> Delays {
    Delays { parameters: HOUR, roles: DAY, code: 2 * DAY }
}

pub struct Chain {
    pub app: App,
    pub guardian: Addr,
    pub suite: SuiteResponse,
    /// A contract that the guardian does not know.
    pub stranger: Addr,
    pub group: Addr,
    pub dao: Addr,
    pub veto: Addr,
    pub alice: Addr,
    pub bob: Addr,
    pub carol: Addr,
}

/// What a bootstrap needs before it starts.
pub struct Ground {
    pub app: App,
    pub group: Addr,
    pub stub_code: u64,
    pub guardian_code: u64,
    pub msg: InstantiateMsg,
}

pub fn guardian_code(app: &mut App) -> u64 {
    app.store_code(Box::new(
        ContractWrapper::new(contract::execute, contract::instantiate, contract::query)
            .with_reply(contract::reply)
            .with_migrate(contract::migrate),
    ))
}

pub fn member(address: &Addr, weight: u64) -> Member {
    Member { addr: address.to_string(), weight }
}

impl Ground {
    pub fn new() -> Self {
        Self::with_proposer("dao".into_addr(), App::default())
    }

    pub fn with_proposer(dao: Addr, mut app: App) -> Self {
        let guardian_code = guardian_code(&mut app);
        let stub_code = app.store_code(Box::new(Stub));
        let group_code = app.store_code(Box::new(ContractWrapper::new(
            cw4_group::contract::execute,
            cw4_group::contract::instantiate,
            cw4_group::contract::query,
        )));
        let members = ["alice", "bob", "carol"].map(|name| member(&name.into_addr(), 1)).to_vec();
        let group_msg = cw4_group::msg::InstantiateMsg { admin: Some("group admin".into_addr().to_string()), members };
        let group =
            app.instantiate_contract(group_code, "group admin".into_addr(), &group_msg, &[], "council", None).unwrap();
        let codes = SuiteCodes {
            oracle: stub_code,
            circuit_breaker: stub_code,
            insurance_fund: stub_code,
            derivatives_vault: stub_code,
        };
        let msg = InstantiateMsg {
            roles: RolesSetup { proposers: vec![dao.to_string()], cancellers: vec!["veto".into_addr().to_string()] },
            delays: delays(),
            council: CouncilConfig {
                group: group.to_string(),
                threshold: 2,
                frozen_seconds_max: 6 * HOUR,
                restriction_seconds_max: 2 * DAY,
                confirmation_window_seconds: 10 * 60,
            },
            denom: "uusdc".into(),
            codes,
            salt: Binary::from(b"firebreak"),
            feeds: vec![],
            guards: vec![],
            observers: observers(),
            vault: vault_parameters(),
            markets: vec![],
            fund: fund_config(),
            gas: GasLimits { breaker: 600_000, guardian: 200_000 },
        };
        Self { app, group, stub_code, guardian_code, msg }
    }

    /// Where `instantiate2` will put the guardian.
    pub fn own_address(&self) -> Addr {
        let deployer = self.app.api().addr_canonicalize("deployer".into_addr().as_str()).unwrap();
        let checksum = self.app.wrap().query_wasm_code_info(self.guardian_code).unwrap().checksum;
        let canonical = instantiate2_address(checksum.as_slice(), &deployer, b"guardian").unwrap();
        self.app.api().addr_humanize(&canonical).unwrap()
    }

    pub fn bootstrap_with_admin(&mut self, admin: Option<String>) -> Result<Addr, ContractError> {
        let salt = Binary::from(b"guardian");
        let (code, msg) = (self.guardian_code, self.msg.clone());
        self.app
            .instantiate2_contract(code, "deployer".into_addr(), &msg, &[], "guardian", admin, salt)
            .map_err(own_error)
    }

    pub fn bootstrap(&mut self) -> Result<Addr, ContractError> {
        let admin = self.own_address().to_string();
        self.bootstrap_with_admin(Some(admin))
    }

    /// Asserts that the bootstrap is refused and that nothing exists afterwards.
    pub fn refused(mut self, wanted: ContractError) {
        let own = self.own_address();
        assert_eq!(self.bootstrap().unwrap_err(), wanted);
        assert!(self.app.wrap().query_wasm_contract_info(own).is_err());
    }
}

impl Chain {
    pub fn new() -> Self {
        Self::on(Ground::new())
    }

    pub fn on(mut ground: Ground) -> Self {
        let guardian = ground.bootstrap().unwrap();
        let Ground { mut app, group, stub_code, msg, .. } = ground;
        let suite = app.wrap().query_wasm_smart(&guardian, &QueryMsg::Suite {}).unwrap();
        let stranger =
            app.instantiate_contract(stub_code, "deployer".into_addr(), &"anything", &[], "stranger", None).unwrap();
        Self {
            app,
            guardian,
            suite,
            stranger,
            group,
            dao: Addr::unchecked(&msg.roles.proposers[0]),
            veto: "veto".into_addr(),
            alice: "alice".into_addr(),
            bob: "bob".into_addr(),
            carol: "carol".into_addr(),
        }
    }

    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn wait(&mut self, seconds: u64) {
        self.app.update_block(|block| {
            block.height += 1;
            block.time = block.time.plus_seconds(seconds);
        });
    }

    pub fn send(&mut self, sender: &Addr, msg: &ExecuteMsg) -> Result<AppResponse, ContractError> {
        self.pay(sender, msg, &[])
    }

    pub fn pay(&mut self, sender: &Addr, msg: &ExecuteMsg, funds: &[Coin]) -> Result<AppResponse, ContractError> {
        self.app.execute_contract(sender.clone(), self.guardian.clone(), msg, funds).map_err(own_error)
    }

    /// Asserts that a message is refused with exactly this error and changed nothing.
    pub fn refused(&mut self, sender: &Addr, msg: &ExecuteMsg, wanted: ContractError) {
        let before = self.picture();
        assert_eq!(self.send(sender, msg).unwrap_err(), wanted);
        assert_eq!(self.picture(), before);
    }

    /// Everything that the guardian and the stubs show.
    pub fn picture(&self) -> String {
        let children = [
            self.received(&self.suite.oracle),
            self.received(&self.suite.circuit_breaker),
            self.received(&self.suite.insurance_fund),
            self.received(&self.suite.derivatives_vault),
            self.received(self.stranger.as_str()),
        ];
        let operations: OperationsResponse = self.ask(QueryMsg::Operations { start_after: None, limit: None });
        let incidents: IncidentsResponse = self.ask(QueryMsg::Incidents { start_after: None, limit: None });
        format!("{:?} {:?} {operations:?} {incidents:?} {children:?}", self.roles(), self.council())
    }

    pub fn ask<T: serde::de::DeserializeOwned>(&self, question: QueryMsg) -> T {
        self.app.wrap().query_wasm_smart(&self.guardian, &question).unwrap()
    }

    pub fn roles(&self) -> RolesResponse {
        self.ask(QueryMsg::Roles {})
    }
    pub fn council(&self) -> CouncilResponse {
        self.ask(QueryMsg::Council {})
    }
    pub fn operation(&self, operation: u64) -> Operation {
        self.ask(QueryMsg::Operation { operation })
    }
    pub fn incident(&self, incident: u64) -> Incident {
        self.ask(QueryMsg::Incident { incident })
    }
    pub fn class_of(&self, call: Call) -> ClassOfResponse {
        self.ask(QueryMsg::ClassOf { call })
    }

    /// What a stub was told since it was instantiated.
    pub fn received(&self, contract: &str) -> Vec<Received> {
        let all: Vec<Received> = self.app.wrap().query_wasm_smart(contract, &"received").unwrap();
        all.into_iter().filter(|received| received.entry != "instantiate").collect()
    }

    pub fn schedule_msg(&self, calls: Vec<Call>) -> ExecuteMsg {
        ExecuteMsg::Schedule { calls, not_after: self.now() + 10 * DAY, predecessor: None, description: "test".into() }
    }

    pub fn schedule(&mut self, calls: Vec<Call>) -> u64 {
        let (msg, dao) = (self.schedule_msg(calls), self.dao.clone());
        only::<OperationScheduled>(&self.send(&dao, &msg).unwrap()).operation
    }

    pub fn run(&mut self, operation: u64) -> Result<AppResponse, ContractError> {
        self.send(&"anyone".into_addr(), &ExecuteMsg::Execute { operation })
    }

    /// Schedules a call, waits for its delay, runs it, and says how it ended.
    pub fn govern(&mut self, call: Call) -> OperationStatus {
        self.govern_all(vec![call])
    }

    pub fn govern_all(&mut self, calls: Vec<Call>) -> OperationStatus {
        let operation = self.schedule(calls);
        self.wait(self.operation(operation).ready_at - self.now());
        self.run(operation).unwrap();
        self.operation(operation).status
    }

    /// Asserts that an operation of this one message fails, changes nothing, and for this reason: the same message while it is the one that
    /// runs.
    pub fn too_old(&mut self, operation: u64, msg: &ExecuteMsg, about: &str, wanted: u64) {
        let decided = |chain: &Self| {
            let sentinels: SentinelsResponse = chain.ask(QueryMsg::Sentinels {});
            format!("{:?} {:?} {:?} {sentinels:?}", chain.roles(), chain.council(), chain.playbooks())
        };
        let before = decided(self);
        only::<OperationFailed>(&self.run(operation).unwrap());
        assert_eq!((self.operation(operation).status, decided(self)), (OperationStatus::Failed, before));
        let guardian = self.guardian.clone();
        EXECUTING.save(&mut *self.app.contract_storage_mut(&guardian), &operation).unwrap();
        let wanted = ContractError::DecidedSince { about: about.into(), wanted, found: operation };
        self.refused(&guardian, msg, wanted);
        EXECUTING.remove(&mut *self.app.contract_storage_mut(&guardian));
    }

    /// A call of the guardian's own message.
    pub fn own(&self, msg: &ExecuteMsg) -> Call {
        execute(self.guardian.as_str(), msg)
    }

    /// A call in the shortest class: a restriction, which only tightens.
    pub fn quick(&self, market: u16) -> Call {
        execute(&self.suite.circuit_breaker, &guarded_until_far_away(market))
    }

    /// A call that configures a market of the vault.
    pub fn configure_market(&self, market: u16, config: MarketConfig) -> Call {
        execute(&self.suite.derivatives_vault, &VaultMsg::ConfigureMarket { market: MarketId(market), config })
    }

    /// Rules of a market.
    pub fn guard(&self, market: u16) -> Call {
        execute(&self.suite.circuit_breaker, &set_market(market))
    }

    pub fn confirm(&mut self, member: &Addr, action: &CouncilAction, nonce: u64) -> Result<AppResponse, ContractError> {
        self.send(member, &ExecuteMsg::Confirm { action: action.clone(), nonce })
    }

    pub fn update_group(&mut self, remove: &[&Addr], add: Vec<Member>) {
        let remove = remove.iter().map(|address| address.to_string()).collect();
        let msg = cw4_group::msg::ExecuteMsg::UpdateMembers { remove, add };
        let (admin, group) = ("group admin".into_addr(), self.group.clone());
        self.app.execute_contract(admin, group, &msg, &[]).unwrap();
    }

    /// Hands the group over, or to nobody for ever.
    pub fn group_admin(&mut self, to: Option<&Addr>) {
        let msg = cw4_group::msg::ExecuteMsg::UpdateAdmin { admin: to.map(|to| to.to_string()) };
        let (admin, group) = ("group admin".into_addr(), self.group.clone());
        self.app.execute_contract(admin, group, &msg, &[]).unwrap();
    }

    pub fn signal_msg(&self, market: MarketId, level: Level, observed_at: u64) -> ExecuteMsg {
        ExecuteMsg::Signal { market, rule: RuleId::Band, level, moved: Ratio::percent(80), observed_at }
    }
}

pub fn execute<T: serde::Serialize>(contract: &str, msg: &T) -> Call {
    Call::Execute { contract: contract.into(), msg: to_json_binary(msg).unwrap(), funds: vec![] }
}

pub fn raw(contract: &str, body: &str) -> Call {
    Call::Execute { contract: contract.into(), msg: Binary::from(body.as_bytes()), funds: vec![] }
}

pub fn set_feed(feed: u16) -> oracle::ExecuteMsg {
    let config = oracle::FeedConfig {
        symbol: "BTC/USD".into(),
        feeders: vec![],
        quorum: 1,
        age_max_seconds: 60,
        age_limit_seconds: 600,
        dispersion_max: Ratio::percent(2),
        jump_max: Ratio::percent(20),
        rules: oracle::FeedRules::default(),
        legs: vec![],
        fallback: None,
        window_seconds: 0,
    };
    oracle::ExecuteMsg::SetFeed { feed: FeedId(feed), config }
}

pub fn set_market(market: u16) -> circuit_breaker::ExecuteMsg {
    let config = circuit_breaker::GuardConfig {
        feed: FeedId(market),
        maintenance_margin_ratio: Ratio::percent(5),
        block_seconds: 6,
        turnover_full: Amount::from_units(1),
        rules: vec![],
        cage: None,
    };
    circuit_breaker::ExecuteMsg::SetMarket { market: MarketId(market), config }
}

pub fn guarded_until_far_away(market: u16) -> circuit_breaker::ExecuteMsg {
    let phases = vec![Phase { until: 5_000_000_000, posture: Posture::preset(Level::Guarded) }];
    let (scope, source) = (Scope::Market(MarketId(market)), Source::Governance);
    circuit_breaker::ExecuteMsg::Restrict { scope, source, phases, incident: 0 }
}

pub fn restrict(scope: Scope, level: Level, duration_seconds: u64) -> CouncilAction {
    CouncilAction::restrict(scope, level, duration_seconds)
}

/// The guardian's own error, through whatever frames it came.
pub fn own_error(error: cw_multi_test::error::AnyError) -> ContractError {
    match error.downcast::<ContractError>() {
        Ok(error) => error,
        Err(error) => panic!("not an error of the guardian: {error:?}"),
    }
}

/// The only event of this kind.
pub fn only<F: Fact + std::fmt::Debug>(response: &AppResponse) -> F {
    let mut facts = F::all(&response.events);
    assert_eq!(facts.len(), 1, "{facts:?} in {:?}", response.events);
    facts.remove(0)
}

pub fn fund_config() -> FundConfig {
    FundConfig {
        cooldown_seconds: DAY,
        claim_window_seconds: DAY,
        fee_share_stakers: Ratio::percent(50),
        cover_share_max: Ratio::percent(50),
        cover_share_per_market_max: Ratio::percent(20),
        cover_window_seconds: HOUR,
        deductible_ratio: Ratio::ZERO,
        inject_share_max: Ratio::percent(20),
        cover_hold_seconds: 0,
        stress_loss_ratio: Ratio::percent(5),
    }
}

pub fn observers() -> circuit_breaker::ObserversConfig {
    let observer = |key: &str| circuit_breaker::ObserverConfig {
        public_key: format!("02{}", key.repeat(32)),
        source: key.into(),
        weight: 1,
    };
    circuit_breaker::ObserversConfig { heartbeat_seconds: 900, observers: ["aa", "bb", "cc"].map(observer).to_vec() }
}

pub fn vault_parameters() -> VaultParameters {
    VaultParameters {
        execution_fee: Amount::from_units(1),
        order_delay_seconds: 10,
        lp_cooldown_seconds: DAY,
        lp_claim_window_seconds: 21_600,
        uncollected_share: Ratio::percent(80),
        deposit_move: Ratio::ZERO,
        insurance_fee_share: Ratio::percent(10),
        insurance_fee_share_max: None,
        stress_loss_ratio: Ratio::ZERO,
        reserve_ratio: Ratio::percent(10),
        withdrawal_margin_ratio: Ratio::percent(10),
        grace_seconds: 600,
        cover_gas_limit: 400_000,
        outflow: OutflowParams {
            hour_min: Amount::from_units(1_000),
            hour_ratio: Ratio::percent(5),
            day_min: Amount::from_units(3_000),
            day_ratio: Ratio::percent(15),
            deposit_delay_seconds: HOUR,
            small_exit_max: Amount::from_units(10),
        },
    }
}

/// A market on feed 1.
pub fn market_config() -> MarketConfig {
    MarketConfig {
        symbol: "BTC".into(),
        feed: FeedId(1),
        skew_scale: Size::from_units(10_000),
        margin: MarginParams {
            initial_margin_ratio: Ratio::percent(5),
            initial_margin_slope: Ratio::ONE,
            maintenance_scalar: Ratio::percent(50),
            margin_min: Amount::from_units(5),
            open_interest_low: Amount::from_units(1_000_000),
            open_interest_high: Amount::from_units(2_000_000),
        },
        funding: FundingParams {
            velocity_max: Ratio::ONE,
            rate_max: Ratio::ONE,
            borrow_low: Ratio::ZERO,
            borrow_high: Ratio::ZERO,
            borrow_kink: Ratio::ONE,
        },
        liquidation: LiquidationParams {
            buffer: Ratio::percent(10),
            penalty_ratio: Ratio::percent(1),
            keeper_share: Ratio::percent(30),
            keeper_min: Amount::from_units(1),
            keeper_max: Amount::from_units(200),
            size_min: Size::from_units(1),
            throttle_seconds: 0,
            throttle_multiplier: Ratio::ONE,
            throttle_relief_skew: Ratio::ZERO,
            keeper_growth_seconds: 0,
        },
        taker_fee_ratio: Ratio::percent(1),
        open_interest_max: Size::from_units(100),
        skew_max: Size::from_units(100),
        account_share_max: Ratio::ONE,
        cap_ramp_daily: Ratio::ONE,
        insurance_ratio_min: Ratio::ZERO,
        order_size_max: Size::from_units(10),
        gap_seconds: 300,
        gap_rounds: 3,
        limit_band_ratio: Ratio::percent(1),
        vesting_half_life_seconds: 3_600,
        pool_loss_max: Amount::from_units(1_000_000),
    }
}

/// A playbook that only restricts, by the council.
pub fn playbook(name: &str, steps: Vec<Step>) -> Playbook {
    Playbook {
        name: name.into(),
        signals: vec![],
        council: true,
        steps,
        undo: vec![],
        undo_after_seconds: 0,
        undo_when_resolved: false,
        runs_max: 2,
        window_seconds: DAY,
        cool_down_seconds: HOUR,
        not_after: 1_600_000_000,
        step_gas_limit: 200_000,
    }
}

pub fn restricts(scope: Scope, level: Level, duration_seconds: u64) -> Step {
    Step::Restrict(Tightening { scope, level, duration_seconds })
}

/// A step that sends what a call sends.
pub fn step(call: Call) -> Step {
    match call {
        Call::Execute { contract, msg, .. } => Step::Call { contract, msg },
        Call::Migrate { .. } => panic!("a playbook does not migrate"),
    }
}

impl Chain {
    /// The DAO approves a playbook.
    pub fn approve(&mut self, playbook: Playbook) {
        assert_eq!(self.govern(self.own(&ExecuteMsg::SetPlaybook(playbook))), OperationStatus::Executed);
    }
    /// Alice and bob decide.
    pub fn decide(&mut self, action: &CouncilAction) -> Result<AppResponse, ContractError> {
        let (alice, bob, nonce) = (self.alice.clone(), self.bob.clone(), self.council().nonce);
        self.confirm(&alice, action, nonce)?;
        self.confirm(&bob, action, nonce)
    }
    pub fn run_playbook(&mut self, name: &str) -> Result<AppResponse, ContractError> {
        self.decide(&CouncilAction::Run { playbook: name.into() })
    }
    pub fn runs(&self) -> Vec<Run> {
        self.ask::<RunsResponse>(QueryMsg::Runs { start_after: None, limit: None }).runs
    }
    pub fn playbooks(&self) -> Vec<PlaybookResponse> {
        self.ask::<PlaybooksResponse>(QueryMsg::Playbooks {}).playbooks
    }
}
