//! `firebreak detect --breaker`: a file of prices through the circuit breaker itself, message by message.
//!
//! The contract's own entry points on a storage of their own; the oracle is a record that it reads. What detectors of a library would
//! have said is one thing, what the contract restricts, for how long and within which budget, another.

use crate::prices::{as_float, path_of, Series};
use cosmwasm_std::testing::{message_info, mock_env, MockApi, MockQuerier, MockStorage};
use cosmwasm_std::{
    Addr, Binary, ContractResult, Empty, Env, OwnedDeps, QuerierResult, SystemError, SystemResult, Timestamp, WasmQuery,
};
use firebreak_circuit_breaker::contract::{execute, instantiate};
use firebreak_messages::circuit_breaker::layout::POSTURES;
use firebreak_messages::circuit_breaker::{
    CageConfig, EffectivePosture, ExecuteMsg, GuardConfig, InstantiateMsg, MarketSetup, ObserversConfig, RuleConfig,
    RuleMode,
};
use firebreak_messages::oracle::layout::PRICES;
use firebreak_messages::oracle::{PriceRecord, Round, Validity, ROUNDS_KEPT};
use firebreak_messages::{packed, FeedId, MarketId, RuleId};
use firebreak_risk::detect::CageParams;
use firebreak_risk::{Amount, Level, Price, Ratio, ONE};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Observations of one bar.
const POINTS: u64 = 4;
const BLOCK_SECONDS: u64 = 6;
const MARKET: MarketId = MarketId(1);
const FEED: FeedId = FeedId(1);

/// What the contract did with a series.
#[derive(Debug, Clone, PartialEq)]
pub struct BreakerRun {
    pub observations: u64,
    pub seconds: u64,
    /// Times that the joined level rose to `Guarded`, and to `ReduceOnly`.
    pub guarded: u64,
    pub reduce_only: u64,
    /// Seconds at `Normal`, `Guarded`, `ReduceOnly`.
    pub held: [u64; 3],
    /// Blocks from the first observation at which a bar had moved by more than half the maintenance margin to a restriction in force;
    /// `None` without such a bar, `Some(None)` when nothing was restricted.
    pub restricted_after: Option<Option<u64>>,
    /// The longest that one market's records were, bytes.
    pub bytes_max: usize,
    /// All evaluations together.
    pub took: Duration,
}

/// The rules that read prices, enforced with the shipped figures, and the cage.
pub fn price_rules(maintenance_margin_ratio: Ratio) -> GuardConfig {
    let rules = [RuleId::Band, RuleId::Velocity, RuleId::Surprise, RuleId::HourMove, RuleId::DayMove];
    let initial = Ratio::from_atoms(maintenance_margin_ratio.atoms() * 2);
    GuardConfig {
        feed: FEED,
        maintenance_margin_ratio,
        block_seconds: BLOCK_SECONDS,
        turnover_full: Amount::from_units(10_000),
        rules: rules.map(|rule| RuleConfig::standard(rule, RuleMode::Enforce)).to_vec(),
        cage: Some(CageConfig { mode: RuleMode::Enforce, params: CageParams::standard(initial) }),
    }
}

/// One contract on a storage of its own.
struct Host {
    deps: OwnedDeps<MockStorage, MockApi, MockQuerier<Empty>>,
    env: Env,
    /// What the oracle's record is.
    record: Rc<RefCell<PriceRecord>>,
}

impl Host {
    fn new(config: GuardConfig) -> Result<Self, String> {
        let record = PriceRecord { age_max_seconds: 60, age_limit_seconds: 600, rounds: vec![] };
        let record = Rc::new(RefCell::new(record));
        let mut querier = MockQuerier::<Empty>::new(&[]);
        let shared = Rc::clone(&record);
        querier.update_wasm(move |query| answer(&shared.borrow(), query));
        let api = MockApi::default();
        let (owner, oracle) = (api.addr_make("owner"), api.addr_make("oracle"));
        let mut deps =
            OwnedDeps { storage: MockStorage::default(), api, querier, custom_query_type: std::marker::PhantomData };
        let msg = InstantiateMsg {
            owner: owner.to_string(),
            oracle: oracle.to_string(),
            vault: None,
            guardian: None,
            markets: vec![MarketSetup { market: MARKET, config }],
            observers: ObserversConfig { heartbeat_seconds: 600, observers: vec![] },
        };
        let env = mock_env();
        instantiate(deps.as_mut(), env.clone(), message_info(&owner, &[]), msg).map_err(|error| error.to_string())?;
        Ok(Self { deps, env, record })
    }

    fn price(&mut self, at: u64, price: Price) -> Result<(), String> {
        self.env.block.time = Timestamp::from_seconds(at);
        self.env.block.height += 1;
        {
            let mut record = self.record.borrow_mut();
            let round = record.latest().map_or(0, |round| round.round) + 1;
            let (recorded_height, validity) = (self.env.block.height, Validity::Valid);
            record.rounds.push(Round { round, price, band: Price::ZERO, published_at: at, recorded_height, validity });
            let surplus = record.rounds.len().saturating_sub(ROUNDS_KEPT);
            record.rounds.drain(..surplus);
        }
        let anyone = Addr::unchecked("anyone");
        let msg = ExecuteMsg::Evaluate { feeds: vec![FEED] };
        execute(self.deps.as_mut(), self.env.clone(), message_info(&anyone, &[]), msg)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    fn level(&self, at: u64) -> Level {
        let record = POSTURES.load(&self.deps.storage, MARKET.0);
        record.map_or(Level::ReduceOnly, |record| record.effective(EffectivePosture::NORMAL, at).posture.level)
    }

    /// Lengths of what is written at a round.
    fn bytes(&self) -> usize {
        use cosmwasm_std::{Order, Storage};
        self.deps.storage.range(None, None, Order::Ascending).map(|(key, value)| key.len() + value.len()).sum()
    }
}

fn answer(record: &PriceRecord, query: &WasmQuery) -> QuerierResult {
    let WasmQuery::Raw { key, .. } = query else {
        return SystemResult::Err(SystemError::UnsupportedRequest { kind: "not raw".into() });
    };
    let found = if key.as_slice() == PRICES.key(FEED.0) { packed::to_packed("price", 1, record).ok() } else { None };
    SystemResult::Ok(ContractResult::Ok(Binary::from(found.unwrap_or_default())))
}

/// Runs a series through the contract.
///
/// Errors: the contract's refusals, as text; a series of rising times and positive prices causes none.
pub fn run(series: &Series, config: GuardConfig) -> Result<BreakerRun, String> {
    let margin = config.maintenance_margin_ratio.atoms() as f64 / ONE as f64;
    let mut host = Host::new(config)?;
    let mut run = BreakerRun {
        observations: 0,
        seconds: 0,
        guarded: 0,
        reduce_only: 0,
        held: [0; 3],
        restricted_after: None,
        bytes_max: 0,
        took: Duration::ZERO,
    };
    let mut last: Option<(u64, Level)> = None;
    let mut half_margin_at = None;
    for (index, bar) in series.bars.iter().enumerate() {
        let seconds = series.seconds_of(index);
        let (mut low, mut high) = (bar.open, bar.open);
        for point in path_of(bar, seconds, seconds.div_ceil(POINTS), POINTS) {
            if last.is_some_and(|(at, _)| point.at <= at) {
                continue;
            }
            if let Some((at, _)) = last {
                // Phases end between observations too.
                for second in at..point.at {
                    run.held[place(host.level(second))] += 1;
                }
                run.seconds += point.at - at;
            }
            let before = host.level(point.at);
            let began = Instant::now();
            host.price(point.at, point.price)?;
            run.took += began.elapsed();
            let level = host.level(point.at);
            run.observations += 1;
            if run.observations.is_multiple_of(1_000) {
                run.bytes_max = run.bytes_max.max(host.bytes());
            }
            run.guarded += u64::from(level > before && level == Level::Guarded);
            run.reduce_only += u64::from(level > before && level >= Level::ReduceOnly);
            let (at_low, at_high, now) = (as_float(low), as_float(high), as_float(point.price));
            if half_margin_at.is_none() && (now / at_low - 1.0).max(1.0 - now / at_high) > margin / 2.0 {
                half_margin_at = Some(point.at);
                run.restricted_after = Some(None);
            }
            (low, high) = (low.min(point.price), high.max(point.price));
            if let (Some(since), Some(None)) = (half_margin_at, run.restricted_after) {
                if level > Level::Normal {
                    run.restricted_after = Some(Some((point.at - since).div_ceil(BLOCK_SECONDS)));
                }
            }
            last = Some((point.at, level));
        }
    }
    Ok(run)
}

fn place(level: Level) -> usize {
    match level {
        Level::Normal => 0,
        Level::Guarded => 1,
        Level::ReduceOnly | Level::Frozen | Level::Settlement => 2,
    }
}

impl BreakerRun {
    pub fn text(&self) -> String {
        let months = self.seconds as f64 / (30.0 * 86_400.0);
        let total = self.seconds.max(1) as f64;
        let [normal, guarded, reduce_only] = self.held.map(|seconds| 100.0 * seconds as f64 / total);
        let delay = match self.restricted_after {
            None => "no bar moved by more than half the maintenance margin".to_string(),
            Some(None) => "a bar moved by more than half the maintenance margin and nothing was restricted".into(),
            Some(Some(blocks)) => {
                format!(
                    "from the first bar beyond half the maintenance margin to a restriction in force: {blocks} blocks"
                )
            }
        };
        format!(
            "  the breaker: {} observations; normal {normal:.3} %, guarded {guarded:.3} %, reduce-only {reduce_only:.3} %; \
             normal and guarded {:.3} %\n  to guarded {} times ({:.1} a month), to reduce-only {} times ({:.2} a month)\n  {delay}\n  \
             {} bytes stored at most, {:.1} us a price update\n",
            self.observations,
            normal + guarded,
            self.guarded,
            self.guarded as f64 / months.max(1e-9),
            self.reduce_only,
            self.reduce_only as f64 / months.max(1e-9),
            self.bytes_max,
            self.took.as_secs_f64() * 1e6 / self.observations.max(1) as f64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::minutes;

    #[test]
    fn a_flat_market_is_open_and_a_crash_is_restricted_in_the_block_that_shows_it() {
        let margin = Ratio::from_basis_points(250);
        let flat = run(&minutes(&[(10_000, 10_001, 9_999, 10_000); 300]), price_rules(margin)).unwrap();
        assert_eq!((flat.guarded, flat.reduce_only, flat.held[0], flat.restricted_after), (0, 0, flat.seconds, None));
        let mut bars = vec![(10_000, 10_001, 9_999, 10_000); 300];
        bars.extend([(10_000, 10_000, 9_700, 9_720), (9_720, 9_730, 9_300, 9_300)]);
        bars.extend([(9_300, 9_301, 9_299, 9_300); 200]);
        let crash = run(&minutes(&bars), price_rules(margin)).unwrap();
        assert_eq!(crash.restricted_after, Some(Some(0)));
        assert!(crash.reduce_only >= 1 && crash.held[2] >= 300, "{crash:?}");
        // It ends: the last two hours are open again.
        assert!(crash.held[0] > flat.held[0], "{crash:?}");
    }
}
