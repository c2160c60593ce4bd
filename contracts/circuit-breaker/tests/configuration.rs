//! Bounds of configuration, pages, migration.

use crate::setup::{guard, Setup, BTC, BTC_FEED, ETH, ETH_FEED};
use cosmwasm_std::testing::{mock_dependencies, mock_env};
use firebreak_circuit_breaker::contract::{migrate, CONTRACT_NAME, CONTRACT_VERSION};
use firebreak_circuit_breaker::ContractError;
use firebreak_messages::circuit_breaker::{
    ConfigResponse, ExecuteMsg, GuardConfig, GuardConfigured, MarketSetup, MarketsResponse, MigrateMsg, QueryMsg,
    RuleConfig, RuleMode, Scope, SignalConfig,
};
use firebreak_messages::event::Fact;
use firebreak_messages::{FeedId, MarketId, RuleId, Source};
use firebreak_risk::{Amount, BasisPoints, Level, Phase, Posture, Ratio};

const ENFORCE: RuleMode = RuleMode::Enforce;

fn refusal(change: impl FnOnce(&mut GuardConfig)) -> ContractError {
    let mut setup = Setup::new();
    let before = setup.storage();
    let mut config = guard(BTC_FEED, ENFORCE, ENFORCE);
    change(&mut config);
    let refused = setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config }).unwrap_err();
    assert_eq!(setup.storage(), before);
    refused
}

fn out_of_bounds(what: &'static str, wanted: &str, found: &str) -> ContractError {
    ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }
}

// no configuration gives a reflex more than reduce-only.
#[test]
fn every_bound_of_a_guard_is_enforced() {
    let margin = ("maintenance_margin_ratio", "above 0 and below 1");
    let band_window = ("window_seconds", "between 60 and 3600");
    let velocity_window = ("window_seconds", "between 10 and 600");
    let no_window = ("window_seconds", "between 0 and 0");
    let end = ("extension_max_seconds", "between 60 and 21600");
    let steps = ("steps of a ladder", "between 1 and 4");
    let threshold = ("threshold", "above 0 and growing from step to step");
    let level = ("level of a step", "guarded or reduce-only");
    let duration = ("duration_seconds", "between 1 and 21600");
    let ramp = ("ramp", "growing and at most 10000");
    let ramp_step = ("ramp_step_seconds", "between 1 and 21600");
    for (refused, (what, wanted), found) in [
        (refusal(|c| c.maintenance_margin_ratio = Ratio::ZERO), margin, "0"),
        (refusal(|c| c.maintenance_margin_ratio = Ratio::ONE), margin, "1"),
        (refusal(|c| c.rules[0].window_seconds = 59), band_window, "59"),
        (refusal(|c| c.rules[0].window_seconds = 3_601), band_window, "3601"),
        (refusal(|c| c.rules[1].window_seconds = 9), velocity_window, "9"),
        (refusal(|c| c.rules[1].window_seconds = 601), velocity_window, "601"),
        (refusal(|c| c.rules[0].extension_max_seconds = 59), end, "59"),
        (refusal(|c| c.rules[1].extension_max_seconds = 21_601), end, "21601"),
        (refusal(|c| c.block_seconds = 0), ("block_seconds", "between 1 and 60"), "0"),
        (refusal(|c| c.turnover_full = Amount::ZERO), ("turnover_full", "above 0"), "0"),
        (refusal(|c| c.rules = vec![c.rules[0].clone(); 17]), ("rules", "between 0 and 16"), "17"),
        (refusal(|c| c.rules[1].rule = RuleId::Band), ("rules", "each at most once"), "band"),
        (refusal(|c| c.rules[1].rule = RuleId::Surprise), no_window, "60"),
        (refusal(|c| c.rules[0].quiet_seconds = 3_601), ("quiet_seconds", "between 0 and 3600"), "3601"),
        (refusal(|c| c.rules[0].release = Ratio::percent(26)), ("release", "at most the first threshold"), "0.26"),
        (refusal(|c| c.rules[0].ladder = vec![]), steps, "0"),
        (refusal(|c| c.rules[1].ladder = vec![c.rules[0].ladder[0].clone(); 5]), steps, "5"),
        (refusal(|c| c.rules[0].ladder[0].threshold = Ratio::ZERO), threshold, "0"),
        (refusal(|c| c.rules[0].ladder[1].threshold = Ratio::percent(25)), threshold, "0.25"),
        (refusal(|c| c.rules[0].ladder[1].level = Level::Normal), level, "normal"),
        (refusal(|c| c.rules[0].ladder[1].level = Level::Frozen), level, "frozen"),
        (refusal(|c| c.rules[1].ladder[1].level = Level::Settlement), level, "settlement"),
        // What traders can feed reaches guarded at most; the rules of an hour and a day have two steps.
        (
            refusal(|c| (c.rules[1].rule, c.rules[1].window_seconds) = (RuleId::Flow, 0)),
            ("level of a step", "guarded"),
            "reduce-only",
        ),
        (
            refusal(|c| {
                (c.rules[1].rule, c.rules[1].window_seconds) = (RuleId::HourMove, 3_600);
                c.rules[1].ladder = vec![c.rules[0].ladder[0].clone(); 3];
            }),
            ("steps of a ladder", "between 1 and 2"),
            "3",
        ),
        (
            refusal(|c| {
                c.rules[1] = RuleConfig::standard(RuleId::Observers, RuleMode::Enforce);
                c.rules[1].ladder[1].threshold = Ratio::percent(201);
            }),
            ("threshold of observers", "1, then 2"),
            "2.01",
        ),
        (refusal(|c| c.rules[0].ladder[0].duration_seconds = 0), duration, "0"),
        (refusal(|c| c.rules[0].ladder[0].duration_seconds = 21_601), duration, "21601"),
        (refusal(|c| c.rules[0].ladder[0].ramp = vec![BasisPoints(1); 4]), ("steps of a ramp", "between 0 and 3"), "4"),
        (refusal(|c| c.rules[0].ladder[0].ramp = vec![BasisPoints(2), BasisPoints(2)]), ramp, "2"),
        (refusal(|c| c.rules[0].ladder[0].ramp = vec![BasisPoints(10_001)]), ramp, "10001"),
        (refusal(|c| c.rules[0].ladder[0].ramp_step_seconds = 0), ramp_step, "0"),
    ] {
        assert_eq!(refused, out_of_bounds(what, wanted, found));
    }
}

#[test]
fn markets_are_bounded_distinct_and_come_in_pages() {
    let market = |id: u16| MarketSetup { market: MarketId(id), config: guard(FeedId(id), ENFORCE, ENFORCE) };
    let full: Vec<MarketSetup> = (1..=32).map(market).collect();
    let mut setup = Setup::with_markets(full.clone()).unwrap();
    let add = ExecuteMsg::SetMarket { market: MarketId(33), config: market(33).config };
    assert_eq!(setup.as_owner(&add), Err(ContractError::TooManyMarkets { max: 32 }));
    // Replacing one is not adding one.
    setup.as_owner(&ExecuteMsg::SetMarket { market: MarketId(32), config: market(32).config }).unwrap();
    assert_eq!(
        Setup::with_markets((1..=33).map(market).collect()).err(),
        Some(ContractError::TooManyMarkets { max: 32 })
    );
    assert_eq!(
        Setup::with_markets(vec![market(1), market(1)]).err(),
        Some(ContractError::DuplicateMarket { market: MarketId(1) })
    );
    let page = |start_after, limit| -> Vec<u16> {
        let page: MarketsResponse = setup.query(&QueryMsg::Markets { start_after, limit });
        page.markets.into_iter().map(|setup| setup.market.0).collect()
    };
    assert_eq!(page(None, None), (1..=10).collect::<Vec<_>>());
    assert_eq!(page(Some(MarketId(10)), Some(1_000)), (11..=32).collect::<Vec<_>>());
    assert_eq!(setup.query::<GuardConfig>(&QueryMsg::Market { market: MarketId(3) }), market(3).config);
}

#[test]
fn two_markets_of_one_feed_are_both_evaluated() {
    let mut setup = Setup::with_markets(vec![
        MarketSetup { market: BTC, config: guard(BTC_FEED, ENFORCE, RuleMode::Off) },
        MarketSetup { market: ETH, config: guard(BTC_FEED, RuleMode::Shadow, RuleMode::Off) },
    ])
    .unwrap();
    setup.calm(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 9_000);
    assert_eq!((setup.level(BTC), setup.level(ETH)), (Level::ReduceOnly, Level::Normal));
    assert_eq!((setup.record(BTC).evaluated_round, setup.record(ETH).evaluated_round), (21, 21));
}

#[test]
fn a_market_keeps_its_feed_and_another_configuration_keeps_restrictions_and_counters() {
    let mut setup = Setup::new();
    setup.calm(BTC_FEED, 10_000);
    setup.round(BTC_FEED, 9_000);
    let restrictions = setup.record(BTC).restrictions;
    let events = setup
        .as_owner(&ExecuteMsg::SetMarket { market: BTC, config: guard(BTC_FEED, RuleMode::Off, ENFORCE) })
        .unwrap();
    assert_eq!(
        GuardConfigured::all(&events),
        vec![GuardConfigured { market: BTC, feed: BTC_FEED, enforced: 1, shadow: 0 }]
    );
    assert_eq!((setup.record(BTC).evaluated_round, setup.record(BTC).restrictions), (21, restrictions.clone()));
    assert_eq!(setup.evidence(BTC).rules[0].trips, 1);
    // rules that watch another price than the vault's would keep the lease fresh and see nothing.
    assert_eq!(
        setup.as_owner(&ExecuteMsg::SetMarket { market: BTC, config: guard(ETH_FEED, ENFORCE, ENFORCE) }),
        Err(ContractError::FeedFixed { market: BTC, wanted: BTC_FEED, found: ETH_FEED })
    );
    assert_eq!((setup.record(BTC).evaluated_round, setup.record(BTC).restrictions), (21, restrictions));
}

#[test]
fn the_guardian_is_checked_and_replaced_by_the_owner() {
    let mut setup = Setup::new();
    let contract = setup.anyone.to_string();
    for gas_limit in [99_999, 3_000_001] {
        let guardian = Some(SignalConfig { contract: contract.clone(), gas_limit });
        assert_eq!(
            setup.as_owner(&ExecuteMsg::SetGuardian { guardian }),
            Err(out_of_bounds("gas_limit of the guardian", "between 100000 and 3000000", &gas_limit.to_string()))
        );
    }
    let guardian = Some(SignalConfig { contract, gas_limit: 100_000 });
    setup.as_owner(&ExecuteMsg::SetGuardian { guardian: guardian.clone() }).unwrap();
    let config: ConfigResponse = setup.query(&QueryMsg::Config {});
    let wanted = ConfigResponse {
        owner: setup.owner.to_string(),
        oracle: setup.oracle.to_string(),
        vault: Some(setup.vault.to_string()),
        guardian,
    };
    assert_eq!(config, wanted);
}

#[test]
fn a_migration_refuses_another_contract_and_a_newer_version() {
    let mut deps = mock_dependencies();
    let wanted = format!("{CONTRACT_NAME} {CONTRACT_VERSION} or older");
    for (name, version, accepted) in [
        (CONTRACT_NAME, "0.0.9", true),
        (CONTRACT_NAME, CONTRACT_VERSION, true),
        (CONTRACT_NAME, "0.10.0", false),
        ("firebreak:guardian", "0.0.1", false),
    ] {
        cw2::set_contract_version(&mut deps.storage, name, version).unwrap();
        let refused = ContractError::Migration { wanted: wanted.clone(), found: format!("{name} {version}") };
        let result = migrate(deps.as_mut(), mock_env(), MigrateMsg {});
        assert_eq!(result.err(), (!accepted).then_some(refused), "{name} {version}");
    }
}

/// Length of the longest value whose key names `part`.
fn longest(setup: &Setup, part: &str) -> usize {
    let matches = |key: &[u8]| key.windows(part.len()).any(|window| window == part.as_bytes());
    setup.storage().iter().filter(|(key, _)| matches(key)).map(|(_, value)| value.len()).max().unwrap()
}

// What is written at every round must not grow with history, and a written byte costs 30 gas.
#[test]
fn the_records_of_every_round_stay_small() {
    for (mode, posture_max) in [(RuleMode::Off, 6), (ENFORCE, 262)] {
        // Off: windows fill up. Enforced: every round trips, slots fill up.
        let mut setup = Setup::with_modes(mode, mode);
        for step in 0..400u32 {
            setup.round(BTC_FEED, 1_000_000_000 + (step % 7) * 50_000_000);
            assert!(longest(&setup, "rules") <= 480, "{}", longest(&setup, "rules"));
            assert!(longest(&setup, "posture") <= posture_max, "{}", longest(&setup, "posture"));
        }
    }
}

#[test]
fn the_largest_posture_record_stays_small() {
    let mut setup = Setup::new();
    let mut units = 1_000_000_000;
    // Both reflexes trip again and again while the three other sources that act by message hold all the phases that they may.
    for source in [Source::Council, Source::Governance, Source::Procedure] {
        let start = setup.now() + 10_000;
        let phases = (1..=6)
            .map(|step| Phase {
                until: start + step,
                posture: Posture::preset(Level::Guarded).with_order_size_factor(BasisPoints(9_990 + step as u16)),
            })
            .collect();
        let scope = Scope::Market(BTC);
        setup.as_owner(&ExecuteMsg::Restrict { scope, source, phases, incident: u64::MAX }).unwrap();
    }
    for _ in 0..100 {
        setup.round(BTC_FEED, units);
        units = units / 100 * 97;
    }
    let record = setup.record(BTC);
    assert_eq!(record.restrictions.len(), 5);
    assert!(longest(&setup, "posture") <= 740, "{}", longest(&setup, "posture"));
}
