//! Procedures ready to be approved, rendered from a suite's own parameters.
//!
//! | name | starts | steps | undo |
//! |---|---|---|---|
//! | `oracle-compromise` | council | market reduce-only 2 h; the feed's fallback is promoted, or fallback feeders take over | the timelock |
//! | `price-crash` | a rule about prices that reaches reduce-only; council | market guarded 6 h (leverage cap, smaller orders); half the open interest, a quarter of the order size, 6 rounds behind a gap; first-loss coins into the pool | the market as it was, after 1 d or when resolved |
//! | `pool-drain` | council | all frozen 3 h (outflows shut), then reduce-only to 24 h (outflows at a quarter); the outflow limiter at its floor | the limiter as it was, after 1 d or when resolved |
//! | `market-quarantine` | council | market reduce-only 24 h; caps at their least, 6 rounds behind a gap | the market as it was, after 3 d |
//! | `chain-gap` | council | all frozen 10 min (no liquidation, orders wait), then reduce-only to 1 h; the market waits for 6 rounds behind a gap | the market as it was, after 1 d or when resolved |
//! | `orderly-wind-down` | council | all reduce-only 1 d; settlement of the vault in 2 h | - |
//!
//! Nothing on chain tells a drain from an exit, or a gap from silence, so `pool-drain` and `chain-gap` start by the council; a DAO that runs observers may arm
//! either for their rule (`observers`), whose quorum then starts it in its own transaction. `price-crash`, `market-quarantine` and `chain-gap` change one market,
//! the template's; `pool-drain` the vault.

use super::{Playbook, SignalTrigger, Step, SuiteResponse, Tightening};
use crate::circuit_breaker::Scope;
use crate::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig, MarketSetup, VaultParameters};
use crate::ids::{MarketId, RuleId};
use crate::insurance_fund::ExecuteMsg as FundMsg;
use crate::oracle::{ExecuteMsg as OracleMsg, FeedConfig, FeedSetup, GAP_REST_SECONDS_MAX};
use cosmwasm_std::{to_json_binary, StdResult};
use firebreak_risk::{Amount, Level, OutflowParams, Ratio, Size};

/// Rules that see nothing but prices. What moves coins and parameters by itself waits for these alone: the others reach
/// reduce-only by what a trader does too, as liquidations of his own accounts in a thin market.
const PRICE_RULES: [RuleId; 5] = [RuleId::Band, RuleId::Velocity, RuleId::Surprise, RuleId::HourMove, RuleId::DayMove];

/// The most rounds that a market may wait for behind a gap.
const GAP_ROUNDS_MAX: u8 = 6;

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// What the procedures of one market are rendered from.
pub struct Template<'a> {
    pub suite: &'a SuiteResponse,
    /// As the vault is configured now.
    pub parameters: &'a VaultParameters,
    pub market: &'a MarketSetup,
    pub feed: &'a FeedSetup,
    /// Who says the price when the feed's own feeders cannot be trusted and it names no fallback.
    pub fallback: &'a FeedConfig,
    /// First-loss coins that a crash sends from the fund into the pool, as far as the fund's windows allow; zero: none.
    pub inject: Amount,
    /// Last second of the approvals.
    pub not_after: u64,
    pub step_gas_limit: u64,
}

impl Template<'_> {
    /// All of them.
    pub fn playbooks(&self) -> StdResult<Vec<Playbook>> {
        Ok(vec![
            self.oracle_compromise()?,
            self.price_crash()?,
            self.pool_drain()?,
            self.market_quarantine()?,
            self.chain_gap()?,
            self.orderly_wind_down(),
        ])
    }

    pub fn oracle_compromise(&self) -> StdResult<Playbook> {
        let feed = self.feed.feed;
        let other_sources = if self.feed.config.fallback.is_some() {
            OracleMsg::PromoteFallback { feed }
        } else {
            OracleMsg::SetFeed { feed, config: self.fallback.clone() }
        };
        let msg = to_json_binary(&other_sources)?;
        Ok(Playbook {
            steps: vec![
                restrict(Scope::Market(self.id()), Level::ReduceOnly, HOUR.saturating_mul(2)),
                Step::Call { contract: self.suite.oracle.clone(), msg },
            ],
            ..self.playbook("oracle-compromise")
        })
    }

    pub fn price_crash(&self) -> StdResult<Playbook> {
        let config = &self.market.config;
        let cautious = MarketConfig {
            open_interest_max: share(config.open_interest_max, 2),
            order_size_max: share(config.order_size_max, 4),
            gap_rounds: beside_a_gap(config),
            ..config.clone()
        };
        let mut steps =
            vec![restrict(Scope::Market(self.id()), Level::Guarded, HOUR.saturating_mul(6)), self.configure(cautious)?];
        if !self.inject.is_zero() {
            let inject = FundMsg::Inject { vault: self.suite.derivatives_vault.clone(), amount: self.inject };
            steps.push(Step::Call { contract: self.suite.insurance_fund.clone(), msg: to_json_binary(&inject)? });
        }
        Ok(Playbook {
            signals: PRICE_RULES.map(|rule| self.reaches_reduce_only(rule)).to_vec(),
            steps,
            undo: vec![self.configure(config.clone())?],
            undo_after_seconds: DAY,
            undo_when_resolved: true,
            ..self.playbook("price-crash")
        })
    }

    /// The buckets keep what they hold at least (`hour_min`, `day_min`), so that small exits go on: a limiter has no less.
    pub fn pool_drain(&self) -> StdResult<Playbook> {
        let outflow =
            OutflowParams { hour_ratio: Ratio::ZERO, day_ratio: Ratio::ZERO, ..self.parameters.outflow.clone() };
        Ok(Playbook {
            steps: vec![
                restrict(Scope::All, Level::Frozen, HOUR.saturating_mul(3)),
                restrict(Scope::All, Level::ReduceOnly, DAY),
                self.configure_vault(VaultParameters { outflow, ..self.parameters.clone() })?,
            ],
            undo: vec![self.configure_vault(self.parameters.clone())?],
            undo_after_seconds: DAY,
            undo_when_resolved: true,
            ..self.playbook("pool-drain")
        })
    }

    pub fn market_quarantine(&self) -> StdResult<Playbook> {
        let config = &self.market.config;
        let least = Size::from_atoms(1);
        let gap_rounds = beside_a_gap(config);
        let closed = MarketConfig { open_interest_max: least, order_size_max: least, gap_rounds, ..config.clone() };
        Ok(Playbook {
            steps: vec![restrict(Scope::Market(self.id()), Level::ReduceOnly, DAY), self.configure(closed)?],
            undo: vec![self.configure(config.clone())?],
            undo_after_seconds: DAY.saturating_mul(3),
            ..self.playbook("market-quarantine")
        })
    }

    /// The freeze brings the grace behind it; the gap rule holds for a day, in which the chain may halt again.
    pub fn chain_gap(&self) -> StdResult<Playbook> {
        let config = &self.market.config;
        Ok(Playbook {
            steps: vec![
                restrict(Scope::All, Level::Frozen, MINUTE.saturating_mul(10)),
                restrict(Scope::All, Level::ReduceOnly, HOUR),
                self.configure(MarketConfig { gap_rounds: GAP_ROUNDS_MAX, ..config.clone() })?,
            ],
            undo: vec![self.configure(config.clone())?],
            undo_after_seconds: DAY,
            undo_when_resolved: true,
            ..self.playbook("chain-gap")
        })
    }

    /// In the slowest class: it is the end.
    pub fn orderly_wind_down(&self) -> Playbook {
        Playbook {
            steps: vec![
                restrict(Scope::All, Level::ReduceOnly, DAY),
                Step::Settle { scope: Scope::All, notice_seconds: HOUR.saturating_mul(2) },
            ],
            ..self.playbook("orderly-wind-down")
        }
    }

    /// Two runs a day, an hour apart, by the council; without steps.
    fn playbook(&self, name: &str) -> Playbook {
        Playbook {
            name: name.into(),
            signals: vec![],
            council: true,
            steps: vec![],
            undo: vec![],
            undo_after_seconds: 0,
            undo_when_resolved: false,
            runs_max: 2,
            window_seconds: DAY,
            cool_down_seconds: HOUR,
            not_after: self.not_after,
            step_gas_limit: self.step_gas_limit,
        }
    }

    fn id(&self) -> MarketId {
        self.market.market
    }

    fn reaches_reduce_only(&self, rule: RuleId) -> SignalTrigger {
        SignalTrigger { market: Some(self.id()), rule: Some(rule), level: Level::ReduceOnly }
    }

    fn configure(&self, config: MarketConfig) -> StdResult<Step> {
        self.vault_call(&VaultMsg::ConfigureMarket { market: self.id(), config })
    }

    fn configure_vault(&self, parameters: VaultParameters) -> StdResult<Step> {
        self.vault_call(&VaultMsg::Configure { parameters })
    }

    fn vault_call(&self, msg: &VaultMsg) -> StdResult<Step> {
        Ok(Step::Call { contract: self.suite.derivatives_vault.clone(), msg: to_json_binary(msg)? })
    }
}

fn restrict(scope: Scope, level: Level, duration_seconds: u64) -> Step {
    Step::Restrict(Tightening { scope, level, duration_seconds })
}

/// As many rounds behind a gap as `chain-gap` asks for: what changes a market while that one's undo is to come only tightens it, or it would be
/// passed over. Where the rule is off and gaps are short a run must not turn it on: rounds that are slower would each begin another rest.
fn beside_a_gap(config: &MarketConfig) -> u8 {
    if config.gap_rounds >= 2 || config.gap_seconds >= GAP_REST_SECONDS_MAX {
        GAP_ROUNDS_MAX
    } else {
        config.gap_rounds
    }
}

/// One of so many equal parts, and never nothing. Rounding: down.
fn share(size: Size, parts: i128) -> Size {
    Size::from_atoms(size.atoms().checked_div(parts).unwrap_or_default().max(1))
}
