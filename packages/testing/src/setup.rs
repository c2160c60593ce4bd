//! What the bootstrap configures, and the defaults.

use crate::names::made_from;
use crate::units::{feed_of, ratio, usd};
use crate::world::DENOM;
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{
    CageConfig, GuardConfig, MarketSetup as GuardSetup, ObserversConfig, RuleConfig, RuleMode,
};
use firebreak_messages::derivatives_vault::{MarketConfig, MarketSetup, VaultParameters};
use firebreak_messages::guardian::{CouncilConfig, Delays, GasLimits, InstantiateMsg, RolesSetup, SuiteCodes};
use firebreak_messages::insurance_fund::FundConfig;
use firebreak_messages::oracle::{FeedConfig, FeedRules, FeedSetup, Feeder};
use firebreak_messages::{MarketId, RuleId};
use firebreak_risk::detect::CageParams;
use firebreak_risk::{Amount, FundingParams, LiquidationParams, MarginParams, OutflowParams, Price, Ratio, Size};

const FEEDERS: usize = 3;
const COUNCIL_THRESHOLD: u64 = 2;

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
    /// Nobody by default.
    pub observers: ObserversConfig,
    pub vault: VaultParameters,
    pub markets: Vec<MarketSetup>,
    pub fund: FundConfig,
    pub gas: GasLimits,
    pub delays: Delays,
    /// Addresses that may propose to the timelock, beside the DAO. Nobody by default.
    pub more_proposers: Vec<String>,
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
            observers: ObserversConfig { heartbeat_seconds: 600, observers: vec![] },
            vault: VaultParameters {
                execution_fee: Amount::from_atoms(200_000),
                order_delay_seconds: 10,
                lp_cooldown_seconds: 3_600,
                lp_claim_window_seconds: 900,
                uncollected_share: Ratio::ZERO,
                deposit_move: Ratio::ZERO,
                insurance_fee_share: ratio("0.1"),
                insurance_fee_share_max: Some(ratio("0.1")),
                stress_loss_ratio: Ratio::percent(5),
                reserve_ratio: ratio("0.1"),
                withdrawal_margin_ratio: ratio("0.1"),
                grace_seconds: 600,
                cover_gas_limit: 500_000,
                outflow: OutflowParams {
                    hour_min: usd(1_000_000_000_000),
                    hour_ratio: ratio("0.1"),
                    day_min: usd(10_000_000_000_000),
                    day_ratio: ratio("0.5"),
                    deposit_delay_seconds: 3_600,
                    small_exit_max: usd(1_000),
                },
            },
            markets: vec![],
            fund: FundConfig {
                cooldown_seconds: 604_800,
                claim_window_seconds: 172_800,
                fee_share_stakers: ratio("0.5"),
                cover_share_max: Ratio::ONE,
                cover_share_per_market_max: Ratio::ONE,
                cover_window_seconds: 86_400,
                deductible_ratio: Ratio::ZERO,
                inject_share_max: Ratio::ONE,
                cover_hold_seconds: 0,
                stress_loss_ratio: Ratio::percent(5),
            },
            gas: GasLimits { breaker: 1_800_000, guardian: 1_000_000 },
            delays: Delays { parameters: 3_600, roles: 86_400, code: 172_800 },
            more_proposers: vec![],
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
                open_interest_low: usd(1_000_000_000),
                open_interest_high: usd(2_000_000_000),
            },
            funding: FundingParams {
                velocity_max: ratio("3"),
                rate_max: ratio("1"),
                borrow_low: Ratio::ZERO,
                borrow_high: Ratio::ZERO,
                borrow_kink: ratio("0.8"),
            },
            liquidation: LiquidationParams {
                buffer: ratio("0.1"),
                penalty_ratio: ratio("0.01"),
                keeper_share: ratio("0.3"),
                keeper_min: usd(1),
                keeper_max: usd(200),
                size_min: size(scale.order_size_min),
                throttle_seconds: 0,
                throttle_multiplier: ratio("0.05"),
                throttle_relief_skew: ratio("0.001"),
                keeper_growth_seconds: 0,
            },
            taker_fee_ratio: ratio("0.0005"),
            open_interest_max: size(scale.open_interest_max),
            skew_max: size(scale.open_interest_max),
            account_share_max: Ratio::ONE,
            cap_ramp_daily: ratio("0.25"),
            insurance_ratio_min: Ratio::ZERO,
            order_size_max: size(scale.order_size_max),
            gap_seconds: 600,
            gap_rounds: 0,
            limit_band_ratio: ratio("0.005"),
            vesting_half_life_seconds: 0,
            pool_loss_max: usd(1_000_000_000),
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

    /// The guardian's bootstrap message with these figures.
    pub fn message(&self, codes: SuiteCodes, council_group: &str, roles: RolesSetup) -> InstantiateMsg {
        let setup = self.clone();
        InstantiateMsg {
            roles,
            delays: setup.delays,
            council: CouncilConfig {
                group: council_group.into(),
                threshold: setup.council_threshold,
                frozen_seconds_max: setup.frozen_seconds_max,
                restriction_seconds_max: setup.restriction_seconds_max,
                confirmation_window_seconds: setup.confirmation_window_seconds,
            },
            denom: DENOM.into(),
            codes,
            salt: Binary::from(b"suite"),
            feeds: setup.feeds,
            guards: setup.guards,
            observers: setup.observers,
            vault: setup.vault,
            markets: setup.markets,
            fund: setup.fund,
            gas: setup.gas,
        }
    }

    /// Turns the rules that a market starts with on, or all of them off. Off is what "unprotected" means: leases are renewed, nothing is
    /// restricted.
    pub fn set_rules(&mut self, mode: RuleMode) {
        for guard in &mut self.guards {
            for rule in &mut guard.config.rules {
                if mode == RuleMode::Off || ENFORCED.contains(&rule.rule) {
                    rule.mode = mode;
                }
            }
            if let Some(cage) = guard.config.cage.as_mut().filter(|_| mode == RuleMode::Off) {
                cage.mode = mode;
            }
        }
    }

    /// Every rule that a market starts with restricts, the cage included: what a market is tuned to.
    pub fn enforce_every_rule(&mut self) {
        for guard in &mut self.guards {
            guard.config.rules.iter_mut().for_each(|rule| rule.mode = RuleMode::Enforce);
            guard.config.cage.iter_mut().for_each(|cage| cage.mode = RuleMode::Enforce);
        }
    }
}

/// Base units that a quote amount buys at a price, to six decimals.
fn size_of(quote: u64, price: Price) -> Size {
    let units = quote as f64 / (price.atoms() as f64 / 1e18);
    Size::from_atoms((units * 1e6).round() as i128 * 1_000_000_000_000)
}

pub(crate) fn feed(symbol: &str, feeders: usize) -> FeedConfig {
    let feeder =
        |index: usize| Feeder { address: made_from(&format!("feeder-{index}")).into(), weight: 1, ..Feeder::default() };
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
        rules: FeedRules::default(),
        legs: vec![],
        fallback: None,
        window_seconds: 0,
    }
}

/// What restricts from the start; the others are tuned on what they would have done, and are enforced by a vote.
const ENFORCED: [RuleId; 2] = [RuleId::Band, RuleId::Velocity];
const SHADOWED: [RuleId; 6] =
    [RuleId::Surprise, RuleId::Flow, RuleId::HourMove, RuleId::DayMove, RuleId::Liquidations, RuleId::Concentration];

/// Eight rules with the shipped figures, and a cage.
fn guard(market: MarketId, maintenance_margin_ratio: Ratio) -> GuardConfig {
    let enforced = ENFORCED.map(|rule| RuleConfig::standard(rule, RuleMode::Enforce));
    let shadowed = SHADOWED.map(|rule| RuleConfig::standard(rule, RuleMode::Shadow));
    GuardConfig {
        feed: feed_of(market),
        maintenance_margin_ratio,
        block_seconds: 6,
        turnover_full: usd(10_000),
        rules: enforced.into_iter().chain(shadowed).collect(),
        cage: Some(CageConfig { mode: RuleMode::Shadow, params: CageParams::standard(ratio("0.05")) }),
    }
}
