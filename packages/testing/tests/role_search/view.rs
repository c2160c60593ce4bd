//! What a state shows: postures at every time to come, limits of the markets, delays, who holds a role, coins.

use firebreak_messages::circuit_breaker::{effective_posture, PostureRecord, Scope};
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::{Delays, QueryMsg, RolesResponse};
use firebreak_messages::{MarketId, Source};
use firebreak_risk::{Level, Posture, Size};
use firebreak_testing::*;

pub const MARKETS: [MarketId; 2] = [BTC, ETH];

#[derive(Clone)]
pub struct View {
    pub now: u64,
    /// Of each market its record and the round of its price.
    markets: [(Option<PostureRecord>, u64); 2],
    all: Option<PostureRecord>,
    pub configs: [MarketConfig; 2],
    /// Of each side now, on the way to what is configured.
    pub caps: [Size; 2],
    pub delays: Delays,
    pub proposers: Vec<String>,
    pub cancellers: Vec<String>,
    /// The council's group.
    pub council: String,
    /// Of the whole suite.
    pub coins: u128,
}

impl View {
    pub fn of(world: &World) -> Self {
        let markets = MARKETS.map(|market| {
            let round = world.price_record(market).and_then(|record| record.latest().map(|round| round.round));
            (world.posture_record(market), round.unwrap_or(0))
        });
        let shown = MARKETS.map(|market| world.market(market));
        let caps = [shown[0].open_interest_cap, shown[1].open_interest_cap];
        let roles: RolesResponse = world.query(Code::Guardian, &QueryMsg::Roles {});
        let coins = world.addresses.suite().iter().map(|contract| world.balance_of(contract).atoms()).sum();
        Self {
            now: world.now(),
            markets,
            all: world.posture_of_all(),
            configs: shown.map(|market| market.config),
            caps,
            delays: roles.delays,
            proposers: roles.proposers,
            cancellers: roles.cancellers,
            council: world.council().config.group,
            coins,
        }
    }

    /// As the vault will act on it at a time, if nothing more happens.
    pub fn posture(&self, market: usize, at: u64) -> Posture {
        let (record, round) = &self.markets[market];
        effective_posture(record.as_ref(), self.all.as_ref(), *round, at).posture
    }

    pub fn level(&self, market: usize, at: u64) -> Level {
        self.posture(market, at).level
    }

    /// The same without one source's restriction.
    pub fn without(&self, scope: Scope, source: Source) -> Self {
        let mut view = self.clone();
        let record = match scope {
            Scope::All => &mut view.all,
            Scope::Market(market) => &mut view.markets[usize::from(market != MARKETS[0])].0,
        };
        if let Some(record) = record {
            record.restrictions.retain(|restriction| restriction.source != source);
        }
        view
    }

    fn records(&self) -> impl Iterator<Item = &PostureRecord> {
        self.markets.iter().map(|(record, _)| record).chain([&self.all]).flatten()
    }

    /// Now, and every later time at which a posture changes by itself.
    pub fn turns(&self) -> Vec<u64> {
        let slots = self.records().flat_map(|record| &record.restrictions);
        let ends = slots.flat_map(|slot| &slot.phases).map(|phase| phase.until);
        let mut turns: Vec<u64> = ends.filter(|end| *end > self.now).chain([self.now]).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
    }

    /// When the last restriction ends; now without any.
    pub fn end(&self) -> u64 {
        self.turns().last().copied().unwrap_or(self.now)
    }

    /// When a market is frozen, of a span of time.
    pub fn frozen(&self, market: usize, from: u64, to: u64) -> Vec<(u64, u64)> {
        let slots = self.records().flat_map(|record| &record.restrictions);
        let ends = slots.flat_map(|slot| &slot.phases).map(|phase| phase.until);
        let mut turns: Vec<u64> = ends.filter(|end| from < *end && *end < to).chain([from, to]).collect();
        turns.sort_unstable();
        turns.dedup();
        let spans = turns.windows(2).map(|span| (span[0], span[1]));
        spans.filter(|(start, _)| self.level(market, *start) >= Level::Frozen).collect()
    }
}
