//! Sets up a World: defaults that a test reads off its own first lines, closures for whatever it wants otherwise.

use crate::code::{Code, CODES};
use crate::invariants::{Checking, Ledger};
use crate::meter::Meter;
use crate::metered::{Metered, Switch};
use crate::outcome::Attempt;
use crate::units::{feed_of, price, ratio, usd, BTC, ETH};
use crate::world::{Addresses, Chain, World, DENOM};
use cosmwasm_std::{instantiate2_address, Addr, Api, Binary, BlockInfo, Empty, Timestamp, WasmMsg};
use cw4::Member;
use cw_multi_test::{AppBuilder, Contract, ContractWrapper, Executor, MockApiBech32};
use cw_utils::{Duration, Threshold};
use firebreak_messages::circuit_breaker::{
    BandRule, GuardConfig, LadderStep, MarketSetup as GuardSetup, RuleMode, VelocityRule,
};
use firebreak_messages::derivatives_vault::{MarketConfig, MarketSetup, VaultParameters};
use firebreak_messages::guardian::{
    CouncilConfig, Delays, GasLimits, InstantiateMsg, QueryMsg, RolesSetup, SuiteCodes, SuiteResponse,
};
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_messages::oracle::{FeedConfig, FeedSetup, Feeder};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, BasisPoints, FundingParams, Level, LiquidationParams, MarginParams, Price, Ratio, Size};
use std::collections::BTreeMap;

const API: fn() -> MockApiBech32 = || MockApiBech32::new("wasm");
/// Feeders, council members and DAO members are called `feeder-0`, `council-0`, `dao-0` and so on.
const FEEDERS: usize = 3;
const COUNCIL_MEMBERS: usize = 3;
pub(crate) const DAO_MEMBERS: usize = 3;
const COUNCIL_THRESHOLD: u64 = 2;
const DAO_THRESHOLD: u64 = 2;

/// How the breaker's rules start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guards {
    Enforced,
    Off,
}

/// Everything that the guardian's bootstrap configures.
#[derive(Debug, Clone)]
pub struct Setup {
    /// How many feeders each feed added from now on has, all of them needed for a round. Three by default.
    pub feeders: usize,
    pub feeds: Vec<FeedSetup>,
    pub guards: Vec<GuardSetup>,
    pub vault: VaultParameters,
    pub markets: Vec<MarketSetup>,
    pub fund: FundConfig,
    pub gas: GasLimits,
    pub delays: Delays,
    pub council_threshold: u64,
    pub frozen_seconds_max: u64,
    pub restriction_seconds_max: u64,
    pub confirmation_window_seconds: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            feeders: FEEDERS,
            feeds: vec![],
            guards: vec![],
            vault: VaultParameters {
                execution_fee: Amount::from_atoms(200_000),
                order_delay_seconds: 10,
                lp_cooldown_seconds: 3_600,
                lp_claim_window_seconds: 86_400,
                uncollected_share: ratio("0.5"),
                insurance_fee_share: ratio("0.1"),
                reserve_ratio: ratio("0.1"),
                withdrawal_margin_ratio: ratio("0.1"),
                cover_gas_limit: 500_000,
            },
            markets: vec![],
            fund: FundConfig {
                cooldown_seconds: 604_800,
                claim_window_seconds: 172_800,
                fee_share_stakers: ratio("0.5"),
                cover_share_max: Ratio::ONE,
                cover_share_per_market_max: Ratio::ONE,
                cover_window_seconds: 86_400,
            },
            gas: GasLimits { breaker: 1_200_000, guardian: 400_000 },
            delays: Delays { parameters: 3_600, roles: 86_400, code: 172_800 },
            council_threshold: COUNCIL_THRESHOLD,
            frozen_seconds_max: 86_400,
            restriction_seconds_max: 604_800,
            confirmation_window_seconds: 3_600,
        }
    }
}

/// Size of a market's figures, in units of the settlement coin at its first price.
#[derive(Debug, Clone)]
pub struct Scale {
    pub skew_scale: u64,
    pub open_interest_max: u64,
    pub order_size_max: u64,
    pub order_size_min: u64,
}

impl Default for Scale {
    fn default() -> Self {
        Self { skew_scale: 3_000_000_000, open_interest_max: 8_000_000, order_size_max: 2_000_000, order_size_min: 50 }
    }
}

impl Setup {
    /// A market that starts at a price, with the default margins (20x; maintenance is half of initial margin), its feed and
    /// its rules.
    pub fn add_market(&mut self, market: MarketId, symbol: &str, price: Price, scale: &Scale) {
        let size = |quote: u64| size_of(quote, price);
        let config = MarketConfig {
            symbol: symbol.into(),
            feed: feed_of(market),
            skew_scale: size(scale.skew_scale),
            margin: MarginParams {
                initial_margin_ratio: ratio("0.05"),
                initial_margin_slope: ratio("1"),
                maintenance_scalar: ratio("0.5"),
                margin_min: usd(5),
            },
            funding: FundingParams { velocity_max: ratio("3"), rate_max: ratio("1") },
            liquidation: LiquidationParams {
                buffer: ratio("0.1"),
                penalty_ratio: ratio("0.01"),
                keeper_share: ratio("0.3"),
                keeper_min: usd(1),
                keeper_max: usd(200),
                size_min: size(scale.order_size_min),
            },
            taker_fee_ratio: ratio("0.0005"),
            open_interest_max: size(scale.open_interest_max),
            order_size_max: size(scale.order_size_max),
            limit_band_ratio: ratio("0.005"),
        };
        let maintenance = ratio("0.025");
        self.markets.push(MarketSetup { market, config });
        self.guards.push(GuardSetup { market, config: guard(market, maintenance) });
        self.feeds.push(FeedSetup { feed: feed_of(market), config: feed(&format!("{symbol}/USD"), self.feeders) });
    }

    pub fn market_mut(&mut self, market: MarketId) -> &mut MarketConfig {
        let found = self.markets.iter_mut().find(|setup| setup.market == market);
        &mut found.unwrap_or_else(|| panic!("there is no market {market}")).config
    }

    pub fn guard_mut(&mut self, market: MarketId) -> &mut GuardConfig {
        let found = self.guards.iter_mut().find(|setup| setup.market == market);
        &mut found.unwrap_or_else(|| panic!("there is no market {market}")).config
    }

    pub fn feed_mut(&mut self, market: MarketId) -> &mut FeedConfig {
        let found = self.feeds.iter_mut().find(|setup| setup.feed == feed_of(market));
        &mut found.unwrap_or_else(|| panic!("there is no market {market}")).config
    }

    /// Turns every rule of the breaker on or off. Off is what "unprotected" means: leases are renewed, nothing is restricted.
    pub fn set_rules(&mut self, mode: RuleMode) {
        for guard in &mut self.guards {
            guard.config.band.mode = mode;
            guard.config.velocity.mode = mode;
        }
    }
}

/// Base units that a quote amount buys at a price, to six decimals.
fn size_of(quote: u64, price: Price) -> Size {
    let units = quote as f64 / (price.atoms() as f64 / 1e18);
    Size::from_atoms((units * 1e6).round() as i128 * 1_000_000_000_000)
}

fn feed(symbol: &str, feeders: usize) -> FeedConfig {
    let feeder = |index: usize| Feeder { address: address(&format!("feeder-{index}")).into(), weight: 1 };
    let quorum = feeders as u32;
    let feeders = (0..feeders).map(feeder).collect();
    FeedConfig {
        symbol: symbol.into(),
        feeders,
        quorum,
        age_max_seconds: 60,
        age_limit_seconds: 300,
        dispersion_max: ratio("0.01"),
        jump_max: ratio("0.5"),
    }
}

/// Limit-up/limit-down as equity markets have it since 2012: 5 % around a five-minute mean, a pause of five minutes. In
/// shares of a maintenance margin of 2.5 % that is 2; half of it already calls for caution.
fn guard(market: MarketId, maintenance_margin_ratio: Ratio) -> GuardConfig {
    let step = |threshold: &str, level: Level| LadderStep {
        threshold: ratio(threshold),
        level,
        duration_seconds: 300,
        ramp: vec![BasisPoints(2_500), BasisPoints(5_000)],
        ramp_step_seconds: 300,
    };
    GuardConfig {
        feed: feed_of(market),
        maintenance_margin_ratio,
        band: BandRule {
            mode: RuleMode::Enforce,
            window_seconds: 300,
            ladder: vec![step("1", Level::Guarded), step("2", Level::ReduceOnly)],
            extension_max_seconds: 3_600,
        },
        velocity: VelocityRule {
            mode: RuleMode::Enforce,
            window_seconds: 60,
            ladder: vec![step("1", Level::Guarded), step("1.5", Level::ReduceOnly)],
            extension_max_seconds: 3_600,
        },
    }
}

pub(crate) fn address(name: &str) -> Addr {
    API().addr_make(name)
}

/// See the crate's example. Nothing happens on the chain before [`Self::build`].
pub struct WorldBuilder {
    setup: Setup,
    prices: BTreeMap<MarketId, Price>,
    pool: Amount,
    insurance: Amount,
    traders: Vec<(String, Amount)>,
    start_at: u64,
    block_seconds: u64,
    checking: Checking,
    panics: bool,
    metered: bool,
    bootstrap_admin: Option<String>,
}

impl Default for WorldBuilder {
    fn default() -> Self {
        let mut builder = Self::empty();
        builder = builder.market(BTC, "BTC", price("60000"), |_| {});
        builder.market(ETH, "ETH", price("3000"), |_| {})
    }
}

impl WorldBuilder {
    /// Without markets.
    pub fn empty() -> Self {
        Self {
            setup: Setup::default(),
            prices: BTreeMap::new(),
            pool: usd(10_000_000),
            insurance: usd(500_000),
            traders: vec![],
            start_at: 1_700_000_000,
            block_seconds: 5,
            checking: Checking::Every(1),
            panics: true,
            metered: true,
            bootstrap_admin: None,
        }
    }

    /// Adds a market at a price; the closure adjusts its parameters.
    pub fn market(
        mut self,
        market: MarketId,
        symbol: &str,
        price: Price,
        adjust: impl FnOnce(&mut MarketConfig),
    ) -> Self {
        self.setup.add_market(market, symbol, price, &Scale::default());
        self.prices.insert(market, price);
        adjust(self.setup.market_mut(market));
        self
    }

    /// Adds a market whose sizes are given in quote units.
    pub fn scaled_market(mut self, market: MarketId, symbol: &str, price: Price, scale: &Scale) -> Self {
        self.setup.add_market(market, symbol, price, scale);
        self.prices.insert(market, price);
        self
    }

    /// Adjusts anything that the bootstrap configures.
    pub fn setup(mut self, adjust: impl FnOnce(&mut Setup)) -> Self {
        adjust(&mut self.setup);
        self
    }

    /// Adjusts a market that is there already.
    pub fn with_market(self, market: MarketId, adjust: impl FnOnce(&mut MarketConfig)) -> Self {
        self.setup(|setup| adjust(setup.market_mut(market)))
    }

    /// Adjusts the breaker's rules for a market.
    pub fn guard(self, market: MarketId, adjust: impl FnOnce(&mut GuardConfig)) -> Self {
        self.setup(|setup| adjust(setup.guard_mut(market)))
    }

    /// Adjusts a market's feed.
    pub fn feed(self, market: MarketId, adjust: impl FnOnce(&mut FeedConfig)) -> Self {
        self.setup(|setup| adjust(setup.feed_mut(market)))
    }

    pub fn vault(self, adjust: impl FnOnce(&mut VaultParameters)) -> Self {
        self.setup(|setup| adjust(&mut setup.vault))
    }

    pub fn fund(self, adjust: impl FnOnce(&mut FundConfig)) -> Self {
        self.setup(|setup| adjust(&mut setup.fund))
    }

    /// Rules on or off; on by default.
    pub fn guards(self, guards: Guards) -> Self {
        self.setup(|setup| {
            setup.set_rules(match guards {
                Guards::Enforced => RuleMode::Enforce,
                Guards::Off => RuleMode::Off,
            })
        })
    }

    /// No taker fees, no liquidation penalty, the smallest execution fee: for tests that count to the unit.
    pub fn without_fees(self) -> Self {
        self.setup(|setup| {
            setup.vault.execution_fee = Amount::from_atoms(1);
            for market in &mut setup.markets {
                market.config.taker_fee_ratio = Ratio::ZERO;
                market.config.liquidation.penalty_ratio = Ratio::ZERO;
                market.config.liquidation.keeper_min = Amount::ZERO;
            }
        })
    }

    /// The first price of a market; reported when the World is built.
    pub fn price(mut self, market: MarketId, price: Price) -> Self {
        self.prices.insert(market, price);
        self
    }

    /// What the actor `lp` provides before the first step; zero provides nothing.
    pub fn pool(mut self, amount: Amount) -> Self {
        self.pool = amount;
        self
    }

    /// First-loss tranche of the insurance fund.
    pub fn insurance(mut self, amount: Amount) -> Self {
        self.insurance = amount;
        self
    }

    /// An actor with collateral in its first account.
    pub fn trader(mut self, name: &str, collateral: Amount) -> Self {
        self.traders.push((name.into(), collateral));
        self
    }

    /// Block time at the start, seconds since 1970.
    pub fn start_at(mut self, seconds: u64) -> Self {
        self.start_at = seconds;
        self
    }

    pub fn block_seconds(mut self, seconds: u64) -> Self {
        self.block_seconds = seconds;
        self
    }

    /// How often the invariants that look at every account are checked.
    pub fn checking(mut self, checking: Checking) -> Self {
        self.checking = checking;
        self
    }

    /// Counts violations instead of panicking, for a replay that reports them.
    pub fn recording_violations(mut self) -> Self {
        self.panics = false;
        self
    }

    /// Every feed with this many feeders, all needed for a round. One makes a long replay cheaper.
    pub fn feeders(self, feeders: usize) -> Self {
        self.setup(|setup| {
            setup.feeders = feeders;
            for setup in &mut setup.feeds {
                let fresh = feed(&setup.config.symbol, feeders);
                setup.config.feeders = fresh.feeders;
                setup.config.quorum = fresh.quorum;
            }
        })
    }

    /// Contracts without a meter and without switches: to measure what the meter costs.
    #[doc(hidden)]
    pub fn unmetered(mut self) -> Self {
        self.metered = false;
        self
    }

    /// Bootstraps with another wasm admin than the guardian itself: refused, and [`Self::try_build`] says how.
    pub fn bootstrap_admin(mut self, name: &str) -> Self {
        self.bootstrap_admin = Some(name.into());
        self
    }

    /// Panics when the bootstrap is refused.
    #[track_caller]
    pub fn build(self) -> World {
        match self.try_build() {
            Ok(world) => world,
            Err(error) => panic!("the bootstrap was refused: {error:#}"),
        }
    }

    pub fn try_build(self) -> Result<World, cw_multi_test::error::AnyError> {
        let block =
            BlockInfo { height: 1, time: Timestamp::from_seconds(self.start_at), chain_id: "firebreak-world".into() };
        let mut app: Chain = AppBuilder::new().with_api(API()).with_block(block).build(|_, _, _| {});
        let meter = Meter::default();
        let switches: [Switch; CODES] = Default::default();
        let mut codes = [0u64; CODES];
        for code in Code::ALL {
            let metered =
                Metered { inner: contract(code), code, meter: meter.clone(), switch: switches[code as usize].clone() };
            let stored: Box<dyn Contract<Empty>> = if self.metered { Box::new(metered) } else { metered.inner };
            codes[code as usize] = app.store_code_with_creator(address("deployer"), stored);
        }
        let deployer = address("deployer");
        let mut group = |name: &str, members: usize| {
            let members = (0..members)
                .map(|index| Member { addr: address(&format!("{name}-{index}")).into(), weight: 1 })
                .collect();
            let msg = cw4_group::msg::InstantiateMsg { admin: Some(deployer.to_string()), members };
            app.instantiate_contract(codes[Code::Group as usize], deployer.clone(), &msg, &[], name, None)
        };
        let council_group = group("council", COUNCIL_MEMBERS)?;
        let dao_group = group("dao", DAO_MEMBERS)?;
        let msg = cw3_flex_multisig::msg::InstantiateMsg {
            group_addr: dao_group.to_string(),
            threshold: Threshold::AbsoluteCount { weight: DAO_THRESHOLD },
            max_voting_period: Duration::Time(604_800),
            executor: None,
            proposal_deposit: None,
        };
        let dao = app.instantiate_contract(codes[Code::Multisig as usize], deployer.clone(), &msg, &[], "dao", None)?;

        let setup = self.setup;
        let bootstrap = InstantiateMsg {
            roles: RolesSetup { proposers: vec![dao.to_string()], cancellers: vec![address("canceller").to_string()] },
            delays: setup.delays.clone(),
            council: CouncilConfig {
                group: council_group.to_string(),
                threshold: setup.council_threshold,
                frozen_seconds_max: setup.frozen_seconds_max,
                restriction_seconds_max: setup.restriction_seconds_max,
                confirmation_window_seconds: setup.confirmation_window_seconds,
            },
            denom: DENOM.into(),
            codes: SuiteCodes {
                oracle: codes[Code::Oracle as usize],
                circuit_breaker: codes[Code::Breaker as usize],
                insurance_fund: codes[Code::Insurance as usize],
                derivatives_vault: codes[Code::Vault as usize],
            },
            salt: Binary::from(b"suite"),
            feeds: setup.feeds.clone(),
            guards: setup.guards.clone(),
            vault: setup.vault.clone(),
            markets: setup.markets.clone(),
            fund: setup.fund.clone(),
            gas: setup.gas.clone(),
        };
        let guardian_code = codes[Code::Guardian as usize];
        let salt = Binary::from(b"guardian");
        let checksum = app.wrap().query_wasm_code_info(guardian_code)?.checksum;
        let creator = app.api().addr_canonicalize(deployer.as_str())?;
        let predicted = app.api().addr_humanize(&instantiate2_address(checksum.as_slice(), &creator, &salt)?)?;
        let admin = self.bootstrap_admin.map_or(predicted.clone(), |name| address(&name));
        let msg = cosmwasm_std::to_json_binary(&bootstrap)?;
        meter.take();
        meter.count(|usage| usage.message_bytes = msg.len() as u64);
        app.execute(
            deployer,
            WasmMsg::Instantiate2 {
                admin: Some(admin.to_string()),
                code_id: guardian_code,
                label: "firebreak guardian".into(),
                msg,
                funds: vec![],
                salt,
            }
            .into(),
        )?;
        let bootstrap_usage = meter.take();
        let suite: SuiteResponse = app.wrap().query_wasm_smart(&predicted, &QueryMsg::Suite {})?;
        let addresses = Addresses {
            guardian: predicted,
            oracle: Addr::unchecked(suite.oracle),
            circuit_breaker: Addr::unchecked(suite.circuit_breaker),
            insurance_fund: Addr::unchecked(suite.insurance_fund),
            derivatives_vault: Addr::unchecked(suite.derivatives_vault),
            council_group,
            dao_group,
            dao,
        };
        let mut world = World {
            app,
            addresses,
            setup,
            meter,
            switches,
            codes,
            block_seconds: self.block_seconds,
            prices: self.prices,
            ledger: Ledger::new(self.checking, self.panics),
            bootstrap_usage,
            totals: Default::default(),
            names: Default::default(),
        };
        world.start(self.pool, self.insurance, &self.traders).done();
        Ok(world)
    }
}

impl World {
    /// First prices, first liquidity, first-loss capital, collateral.
    fn start(&mut self, pool: Amount, insurance: Amount, traders: &[(String, Amount)]) -> Attempt {
        let mut attempt = self.refresh();
        if !pool.is_zero() {
            attempt = attempt.and(|| {
                self.fund("lp", pool);
                self.provide("lp", pool)
            });
        }
        if !insurance.is_zero() {
            attempt = attempt.and(|| {
                self.fund("treasury", insurance);
                self.add_first_loss("treasury", insurance)
            });
        }
        for (name, collateral) in traders {
            attempt = attempt.and(|| {
                self.fund(name, *collateral);
                self.add_collateral(name, *collateral)
            });
        }
        attempt.and(|| {
            self.next_block();
            self.nothing()
        })
    }
}

/// What a code runs: the contracts' own entry points, as the chain calls them.
fn contract(code: Code) -> Box<dyn Contract<Empty>> {
    match code {
        Code::Oracle => {
            use firebreak_oracle::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Breaker => {
            use firebreak_circuit_breaker::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Insurance => {
            use firebreak_insurance_fund::contract::{execute, instantiate, migrate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate))
        }
        Code::Guardian => {
            use firebreak_guardian::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Vault => {
            use firebreak_derivatives_vault::contract::{execute, instantiate, migrate, query, reply};
            Box::new(ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate))
        }
        Code::Group => {
            use cw4_group::contract::{execute, instantiate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query))
        }
        Code::Multisig => {
            use cw3_flex_multisig::contract::{execute, instantiate, query};
            Box::new(ContractWrapper::new(execute, instantiate, query))
        }
    }
}
