//! What the breaker stores. The postures, which others read raw, are declared in
//! `firebreak_messages::circuit_breaker::layout`.

use cosmwasm_std::Addr;
use firebreak_messages::circuit_breaker::{GuardConfig, SignalConfig, SignalHealthResponse};
use firebreak_messages::{FeedId, MarketId, PackedItem, PackedMap};
use firebreak_risk::{BudgetRule, Episode, ExtremeWindow, MeanWindow, Ratio, TimeBudget};
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3_600;

/// `ReduceOnly` from reflex sources, per market: a rule that trips all day long must not close a market by persistence.
pub const REDUCE_ONLY_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 24 * HOUR, bucket_seconds: HOUR, allowance_seconds: 6 * HOUR };
/// `Frozen` from all sources, per scope.
pub const FROZEN_BUDGET: BudgetRule =
    BudgetRule { window_seconds: 7 * 24 * HOUR, bucket_seconds: 6 * HOUR, allowance_seconds: 24 * HOUR };

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

/// Written by `instantiate`, `SetMarket`, `SetGuardian`.
pub const CONFIG: PackedItem<Config> = PackedItem::new("config", 1);
/// market id -> its rules' configuration. Written by `SetMarket`; at most `MARKETS_MAX`.
pub const GUARDS: PackedMap<u16, GuardConfig> = PackedMap::new("guard", 1);
/// market id -> what its rules remember. Written by `Evaluate` when there are new rounds, reset by `SetMarket`.
pub const RULES: PackedMap<u16, MarketRules> = PackedMap::new("rules", 1);
/// market id -> `ReduceOnly` seconds that its rules spent. Written by a trip; at most 32 buckets. A record of its own,
/// because a trip is rare and a round is not.
pub const REDUCE_ONLY_SPENT: PackedMap<u16, TimeBudget> = PackedMap::new("reduce_only_spent", 1);
/// market id -> `Frozen` seconds spent. Written by `Restrict`; at most 33 buckets.
pub const FROZEN_SPENT: PackedMap<u16, TimeBudget> = PackedMap::new("frozen_spent", 1);
/// The same of scope `All`.
pub const FROZEN_SPENT_OF_ALL: PackedItem<TimeBudget> = PackedItem::new("frozen_spent_all", 1);
/// How signals to the guardian went. Written by the reply of a failed or recovering one.
pub const SIGNAL_HEALTH: PackedItem<SignalHealthResponse> = PackedItem::new("signal_health", 1);
