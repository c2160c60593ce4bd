//! What the breaker stores. The postures, which others read raw, are declared in
//! `firebreak_messages::circuit_breaker::layout`.

use cosmwasm_std::Addr;
use firebreak_messages::circuit_breaker::{GuardConfig, SignalConfig, SignalHealthResponse};
use firebreak_messages::{FeedId, MarketId, PackedItem, PackedMap};
use firebreak_risk::{BudgetRule, Episode, ExtremeWindow, MeanWindow, Ratio, TimeBudget};
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// `ReduceOnly` from reflex sources, per market: a rule that trips all day long must not close a market by persistence.
pub const REDUCE_ONLY_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 24 * HOUR, bucket_seconds: HOUR, allowance_seconds: 6 * HOUR };
/// `Frozen` from all sources, per market.
pub const FROZEN_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 7 * DAY, bucket_seconds: 6 * HOUR, allowance_seconds: DAY };
/// `ReduceOnly` or tighter from the council, per market: each message ends within a week, but a new one may follow, and a
/// council could keep liquidity providers from leaving for ever, one week after the other.
pub const COUNCIL_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 28 * DAY, bucket_seconds: DAY, allowance_seconds: 7 * DAY };

/// What every message needs: one record, one read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub owner: Addr,
    pub oracle: Addr,
    pub guardian: Option<SignalConfig>,
    /// Which markets follow which feed. Bounds: at most `MARKETS_MAX`.
    pub watched: Vec<Watched>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    pub market: MarketId,
    pub feed: FeedId,
}

/// What the rules of one market remember. Written at every round, hence packed and bounded: some 400 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketRules {
    pub mean: MeanWindow,
    pub extremes: ExtremeWindow,
    pub band: RuleMemory,
    pub velocity: RuleMemory,
    pub failing: Failing,
}

/// What one rule remembers of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleMemory {
    pub last_move: Ratio,
    pub trips: u64,
    pub shadow_trips: u64,
    /// Seconds of block time; 0: never.
    pub last_trip_at: u64,
    pub episode: Option<Episode>,
}

/// Evaluations in a row that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    pub in_a_row: u32,
    /// Seconds of block time; 0: healthy.
    pub since: u64,
}

/// What was spent of one budget, market by market.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// By restrictions of scope `All`: the account of every market without one below, of those too that come later.
    pub of_all: TimeBudget,
    /// Of markets that were restricted by their own names, those of scope `All` included. Bounds: at most `MARKETS_MAX`.
    pub of_markets: Vec<(MarketId, TimeBudget)>,
}

/// Written by `instantiate`, `SetMarket`, `SetGuardian`.
pub const CONFIG: PackedItem<Config> = PackedItem::new("config", 1);
/// market id -> its rules' configuration. Written by `SetMarket`; at most `MARKETS_MAX`.
pub const GUARDS: PackedMap<u16, GuardConfig> = PackedMap::new("guard", 1);
/// market id -> what its rules remember. Written by `Evaluate` when there are new rounds, reset by `SetMarket`.
pub const RULES: PackedMap<u16, MarketRules> = PackedMap::new("rules", 1);
/// market id -> `ReduceOnly` seconds that its rules spent. Written by a trip; at most 32 buckets. A record of its own,
/// because a trip is rare and a round is not.
pub const REDUCE_ONLY_SPENT: PackedMap<u16, TimeBudget> = PackedMap::new("reduce_only_spent", 1);
/// `Frozen` seconds spent. Written by `Restrict`; at most 33 buckets a market. One record for all markets, because scope
/// `All` draws on every account and R-20 bounds what that message may cost.
pub const FROZEN_SPENT: PackedItem<Spent> = PackedItem::new("frozen", 1);
/// Seconds of `ReduceOnly` or tighter that the council spent. Written by `Restrict`; at most 36 buckets a market.
pub const COUNCIL_SPENT: PackedItem<Spent> = PackedItem::new("council", 1);
/// The same of playbooks and sentinels.
pub const PROCEDURE_SPENT: PackedItem<Spent> = PackedItem::new("procedure", 1);
/// How signals to the guardian went. Written by the reply of a failed or recovering one.
pub const SIGNAL_HEALTH: PackedItem<SignalHealthResponse> = PackedItem::new("signal_health", 1);
