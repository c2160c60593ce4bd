//! What is left when the story has ended, without what must differ from chain to chain.

use crate::actors;
use crate::chain::Chain;
use crate::journal::{Journal, Names, Step};
use crate::reads::Reads;
use firebreak_messages::circuit_breaker::PostureRecord;
use firebreak_messages::derivatives_vault::{
    Account, LiquidityProvider, LossLedger, MarketState, OrderResponse, Pool, PoolValueResponse, SolvencyResponse,
    StatusResponse,
};
use firebreak_messages::guardian::{DelayClass, Incident, Operation, OperationStatus};
use firebreak_messages::insurance_fund::{FundResponse, StakersResponse};
use firebreak_messages::oracle::PriceRecord;
use firebreak_messages::MarketId;
use firebreak_risk::Amount;
use firebreak_testing::{BTC, ETH};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The end of the story: balances, records, and the journal of how it came to them. Addresses are names, heights are 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Summary(Value);

/// Everything in it, read from a chain.
#[derive(Serialize)]
struct Contents {
    /// Seconds since the beginning.
    at: u64,
    /// Settlement coins of every actor and contract, micro-units.
    balances: BTreeMap<&'static str, Amount>,
    /// What each contract records as its version.
    versions: BTreeMap<&'static str, String>,
    accounts: BTreeMap<String, Account>,
    markets: BTreeMap<u16, Market>,
    pool: Option<Pool>,
    pool_value: Option<PoolValueResponse>,
    solvency: SolvencyResponse,
    losses: LossLedger,
    providers: BTreeMap<String, LiquidityProvider>,
    fund: FundResponse,
    stakers: StakersResponse,
    posture_of_all: Option<PostureRecord>,
    council_nonce: u64,
    incidents: Vec<Incident>,
    operations: Vec<OperationLine>,
    journal: Vec<Step>,
}

#[derive(Serialize)]
struct Market {
    state: Option<MarketState>,
    orders: Vec<OrderResponse>,
    prices: Option<PriceRecord>,
    posture: Option<PostureRecord>,
    status: StatusResponse,
}

/// An operation without its calls, which hold addresses and code ids as base64.
#[derive(Serialize)]
struct OperationLine {
    operation: u64,
    proposer: String,
    calls: usize,
    class: DelayClass,
    scheduled_at: u64,
    ready_at: u64,
    not_after: u64,
    status: OperationStatus,
}

impl Summary {
    pub fn of(chain: &dyn Chain, journal: &Journal) -> Self {
        let json = serde_json::to_string(&Contents::of(chain, journal)).unwrap_or_else(|error| panic!("{error}"));
        let named = Names::of(chain).put_into(&json);
        Self(serde_json::from_str(&named).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Every value that differs, with the way to it.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = vec![];
        compare("", &self.0, &other.0, &mut found);
        found
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(&self.0).unwrap_or_else(|error| panic!("{error}")) + "\n"
    }
}

fn compare(path: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let of = |fields: &Map<String, Value>| fields.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}/{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let of = |items: &[Value]| items.get(index).cloned().unwrap_or(Value::Null);
                compare(&format!("{path}/{index}"), &of(one), &of(other), found);
            }
        }
        _ if one == other => {}
        _ => found.push(format!("{path}: {one} against {other}")),
    }
}

impl Contents {
    fn of(chain: &dyn Chain, journal: &Journal) -> Self {
        let reads = Reads::of(chain);
        let contracts = contracts(chain);
        let coins = actors::NAMES.into_iter().map(|name| (name, reads.coins_of(name)));
        let accounts =
            reads.accounts().into_iter().map(|(id, record)| (id.to_string(), account_without_heights(record)));
        Self {
            at: chain.now() - crate::story::BEGIN,
            balances: coins.chain(contracts.map(|(name, address)| (name, reads.coins(address)))).collect(),
            versions: contracts.map(|(name, address)| (name, reads.version(address))).into(),
            accounts: accounts.collect(),
            markets: [BTC, ETH].map(|market| (market.0, Market::of(&reads, market))).into(),
            pool: reads.pool_record(),
            pool_value: reads.pool().value,
            solvency: reads.solvency(),
            losses: reads.losses(),
            providers: reads.providers().into_iter().map(without_height).collect(),
            fund: reads.fund(),
            stakers: reads.stakers(),
            posture_of_all: reads.posture_of_all(),
            council_nonce: reads.council().nonce,
            incidents: reads.incidents(),
            operations: reads.operations().into_iter().map(OperationLine::from).collect(),
            journal: journal.steps.clone(),
        }
    }
}

fn contracts(chain: &dyn Chain) -> [(&'static str, &cosmwasm_std::Addr); 5] {
    let suite = chain.suite();
    [
        ("circuit-breaker", &suite.circuit_breaker),
        ("derivatives-vault", &suite.derivatives_vault),
        ("guardian", &suite.guardian),
        ("insurance-fund", &suite.insurance_fund),
        ("oracle", &suite.oracle),
    ]
}

fn account_without_heights(mut account: Account) -> Account {
    account.served_height = 0;
    for position in &mut account.positions {
        position.opened_height = 0;
    }
    account
}

fn without_height((address, provider): (String, LiquidityProvider)) -> (String, LiquidityProvider) {
    (address, LiquidityProvider { last_deposit_height: 0, ..provider })
}

impl Market {
    fn of(reads: &Reads, market: MarketId) -> Self {
        let mut prices = reads.price_record(market);
        for round in prices.iter_mut().flat_map(|record| &mut record.rounds) {
            round.recorded_height = 0;
        }
        let mut orders = reads.orders(market);
        for order in &mut orders {
            order.details.placed_height = 0;
            order.details.position = order.details.position.map(|_| 0);
        }
        Self {
            state: reads.market_record(market),
            orders,
            prices,
            posture: reads.posture_record(market),
            status: reads.status(market),
        }
    }
}

impl From<Operation> for OperationLine {
    fn from(found: Operation) -> Self {
        Self {
            operation: found.operation,
            proposer: found.proposer,
            calls: found.calls.len(),
            class: found.class,
            scheduled_at: found.scheduled_at,
            ready_at: found.ready_at,
            not_after: found.not_after,
            status: found.status,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_difference_is_named_with_the_way_to_it() {
        let one = Summary(json!({ "pool": { "cash": "1", "shares": "2" }, "journal": ["a", "b"], "at": 3 }));
        let other = Summary(json!({ "pool": { "cash": "1", "shares": "3" }, "journal": ["a"], "at": 3, "more": 1 }));
        assert_eq!(one.differences(&one), Vec::<String>::new());
        let wanted = ["/journal/1: \"b\" against null", "/more: null against 1", "/pool/shares: \"2\" against \"3\""];
        assert_eq!(one.differences(&other), wanted);
    }
}
