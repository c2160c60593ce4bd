//! What the breaker stores. The postures, which others read raw, are declared in
//! `firebreak_messages::circuit_breaker::layout`.

use crate::unsent::Unsent;
use cosmwasm_std::Addr;
use firebreak_messages::circuit_breaker::{
    GuardConfig, JournalEntry, PostureRecord, SignalConfig, SignalHealthResponse, JOURNAL_MAX,
};
use firebreak_messages::{FeedId, MarketId, PackedItem, PackedMap, RuleId};
use firebreak_risk::detect::{RuleBook, SharedBudget};
use firebreak_risk::{BudgetRule, Level, TimeBudget};
pub use firebreak_risk::{COUNCIL_BUDGET, FED_BUDGET, FROZEN_BUDGET, REDUCE_ONLY_BUDGET};
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3_600;

/// What those draw of [`FED_BUDGET`] who are no observers: nobody spends the observers' time by liquidating himself.
pub const TRADED_BUDGET: BudgetRule = BudgetRule { allowance_seconds: HOUR, ..REDUCE_ONLY_BUDGET };

/// What every message needs: one record, one read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    pub owner: Addr,
    pub oracle: Addr,
    /// Read raw.
    pub vault: Option<Addr>,
    pub guardian: Option<SignalConfig>,
    /// Which markets follow which feed. Bounds: at most `MARKETS_MAX`.
    pub watched: Vec<Watched>,
    /// Here, because a message that has nothing to repeat must not read a record more to know it.
    pub unsent: Unsent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    pub market: MarketId,
    pub feed: FeedId,
}

/// What the rules of one market remember. Written at every round, hence packed and bounded: some 1,100 bytes with eight rules, 1,300
/// with all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketRules {
    pub book: RuleBook,
    pub failing: Failing,
}

/// What is kept of a market's answers. Written with an answer only.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Oldest first. Bounds: at most [`JOURNAL_MAX`].
    pub entries: Vec<JournalEntry>,
    /// What the rules in `shadow` would have restricted: the record that the vault would read.
    pub shadow: PostureRecord,
    /// What all rules would have spent if those were enforced: one budget pays for both.
    pub shadow_spent: SharedBudget,
    /// What the guardian was told of enforced rules. Bounds: one a rule.
    pub told: Vec<Told>,
}

/// The level that a rule's answer begins with, and until when it holds at least that.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub rule: RuleId,
    pub level: Level,
    pub until: u64,
}

impl Journal {
    pub fn note(&mut self, entry: JournalEntry) {
        if self.entries.len() >= JOURNAL_MAX {
            self.entries.remove(0);
        }
        self.entries.push(entry);
    }

    /// Whether a rule holds `level` or a tighter one by its own answers.
    pub fn holds(&self, rule: RuleId, level: Level, now: u64) -> bool {
        self.told.iter().any(|told| told.rule == rule && told.level >= level && now < told.until)
    }

    /// Takes down that a rule holds a level, and says whether that is news: a level above what the rule itself held, whatever others do.
    pub fn tell(&mut self, told: Told, now: u64) -> bool {
        self.told.retain(|before| now < before.until);
        match self.told.iter_mut().find(|before| before.rule == told.rule) {
            Some(before) if told.level > before.level => {
                *before = told;
                true
            }
            Some(before) => {
                if told.level == before.level {
                    before.until = before.until.max(told.until);
                }
                false
            }
            None if told.level > Level::Normal => {
                self.told.push(told);
                true
            }
            None => false,
        }
    }
}

/// Evaluations in a row that failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    pub in_a_row: u32,
    /// Seconds of block time; 0: healthy.
    pub since: u64,
}

impl Failing {
    pub fn once_more(self, now: u64) -> Self {
        Self { in_a_row: self.in_a_row.saturating_add(1), since: if self.in_a_row == 0 { now } else { self.since } }
    }
}

/// What was spent of one budget, market by market.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// By restrictions of scope `All`: the account of every market without one below, of those too that come later.
    pub of_all: TimeBudget,
    /// Of markets that were restricted by their own names, those of scope `All` included. Bounds: at most `MARKETS_MAX`.
    pub of_markets: Vec<(MarketId, TimeBudget)>,
}

/// Written by `instantiate`, `SetMarket`, `SetGuardian`, and when a signal has to be sent again.
pub const CONFIG: PackedItem<Config> = PackedItem::new("config", 3);
/// market id -> its rules' configuration. Written by `SetMarket`; at most `MARKETS_MAX`.
pub const GUARDS: PackedMap<u16, GuardConfig> = PackedMap::new("guard", 2);
/// market id -> what its rules remember. Written by `Evaluate` when there are new rounds, reset by `SetMarket`.
pub const RULES: PackedMap<u16, MarketRules> = PackedMap::new("rules", 2);
/// market id -> its last answers, what its shadow rules would hold and what was told of the others. Written by a trip; at most 16 entries,
/// one slot a source and one level a rule.
pub const JOURNALS: PackedMap<u16, Journal> = PackedMap::new("journal", 3);
/// market id -> `ReduceOnly` seconds that its rules spent. Written by a trip; at most 96 buckets. A record of its own,
/// because a trip is rare and a round is not.
pub const REDUCE_ONLY_SPENT: PackedMap<u16, SharedBudget> = PackedMap::new("reduce_only_spent", 3);
/// `Frozen` seconds spent. Written by `Restrict`; at most 33 buckets a market. One record for all markets, because scope
/// `All` draws on every account and R-20 bounds what that message may cost.
pub const FROZEN_SPENT: PackedItem<Spent> = PackedItem::new("frozen", 1);
/// Seconds of `ReduceOnly` or tighter that the council spent. Written by `Restrict`; at most 36 buckets a market.
pub const COUNCIL_SPENT: PackedItem<Spent> = PackedItem::new("council", 1);
/// The same of playbooks and sentinels.
pub const PROCEDURE_SPENT: PackedItem<Spent> = PackedItem::new("procedure", 1);
/// How signals to the guardian went. Written by the reply of a failed or recovering one.
pub const SIGNAL_HEALTH: PackedItem<SignalHealthResponse> = PackedItem::new("signal_health", 1);
