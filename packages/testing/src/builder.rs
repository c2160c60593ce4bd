//! Sets up a World: defaults that a test reads off its own first lines, closures for whatever it wants otherwise.

use crate::bootstrap::{self, API};
use crate::code::{Code, CODES};
use crate::ledger::{Checking, Ledger};
use crate::meter::Meter;
use crate::metered::Switch;
use crate::names::Names;
use crate::outcome::Attempt;
use crate::setup::{feed, Guards, Scale, Setup};
use crate::units::{price, usd, BTC, ETH};
use crate::world::{Chain, World};
use cosmwasm_std::{Addr, BlockInfo, Empty, Timestamp};
use cw_multi_test::error::AnyResult;
use cw_multi_test::{AppBuilder, Contract};
use firebreak_messages::circuit_breaker::{GuardConfig, RuleMode};
use firebreak_messages::derivatives_vault::{MarketConfig, VaultParameters};
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_messages::oracle::FeedConfig;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price, Ratio};
use std::collections::BTreeMap;

/// A contract around a code's own.
pub(crate) type Wrap = Box<dyn FnOnce(Box<dyn Contract<Empty>>) -> Box<dyn Contract<Empty>>>;

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
    names: Names,
    idle: bool,
    wraps: Vec<(Code, Wrap)>,
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
            names: Names::default(),
            idle: false,
            wraps: vec![],
        }
    }

    /// With everything that the bootstrap configures, markets included, and no first prices.
    pub fn from_setup(setup: Setup) -> Self {
        Self { setup, ..Self::empty() }
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

    /// Every feed with this many feeders, three at least, all needed for a round.
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

    /// Gives a name an address, instead of the one made from it. Feeders, members and the canceller are names too.
    pub fn named(mut self, name: &str, address: Addr) -> Self {
        self.names.give(name, address);
        self
    }

    /// Runs a code inside another contract, from the bootstrap on: a seeded bug around the real contract.
    pub fn wrapped(
        mut self,
        code: Code,
        wrap: impl FnOnce(Box<dyn Contract<Empty>>) -> Box<dyn Contract<Empty>> + 'static,
    ) -> Self {
        self.wraps.push((code, Box::new(wrap)));
        self
    }

    /// Does nothing after the bootstrap: no price, no liquidity, no first-loss capital, no collateral, no block.
    pub fn idle(mut self) -> Self {
        self.idle = true;
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

    pub fn try_build(mut self) -> AnyResult<World> {
        self.names.rename_feeders(&mut self.setup);
        let block =
            BlockInfo { height: 1, time: Timestamp::from_seconds(self.start_at), chain_id: "firebreak-world".into() };
        let mut app: Chain = AppBuilder::new().with_api(API()).with_block(block).build(|_, _, _| {});
        let meter = Meter::default();
        let switches: [Switch; CODES] = Default::default();
        let codes = bootstrap::store_codes(&mut app, &self.names, &meter, &switches, self.metered, self.wraps);
        let outside = bootstrap::found(&mut app, &self.names, &codes)?;
        let admin = self.bootstrap_admin.as_deref();
        let (addresses, bootstrap_usage) =
            bootstrap::suite(&mut app, &self.names, &meter, &codes, &self.setup, outside, admin)?;
        let mut world = World {
            app,
            addresses,
            setup: self.setup,
            meter,
            switches,
            codes,
            block_seconds: self.block_seconds,
            prices: self.prices,
            ledger: Ledger::new(self.checking, self.panics),
            bootstrap_usage,
            totals: Default::default(),
            names: self.names,
        };
        if self.idle {
            return Ok(world);
        }
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
