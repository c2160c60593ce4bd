//! The timelock: what waits how long, what is refused, and what a run leaves behind.

use crate::common::*;
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{coins, to_json_binary, to_json_string, Addr, Binary};
use cw_multi_test::{Executor, IntoAddr};
use firebreak_guardian::{contract, state, ContractError};
use firebreak_messages::circuit_breaker::{self, Scope};
use firebreak_messages::derivatives_vault::MarketConfig;
use firebreak_messages::guardian::*;
use firebreak_messages::{derivatives_vault, insurance_fund, oracle, FeedId, MarketId, Source};
use firebreak_risk::{Amount, Level, LpExit, Phase, Posture, Ratio, Size};

fn lift() -> circuit_breaker::ExecuteMsg {
    circuit_breaker::ExecuteMsg::Lift { scope: Scope::All, source: Source::Council }
}

fn restriction(source: Source) -> circuit_breaker::ExecuteMsg {
    restriction_until(source, 5_000_000_000, Posture::preset(Level::ReduceOnly))
}

fn restriction_until(source: Source, until: u64, posture: Posture) -> circuit_breaker::ExecuteMsg {
    let phases = vec![Phase { until, posture }];
    circuit_breaker::ExecuteMsg::Restrict { scope: Scope::All, source, phases, incident: 0 }
}

fn migrate(contract: &str, code_id: u64) -> Call {
    Call::Migrate { contract: contract.into(), code_id, msg: Binary::from(b"{}") }
}

#[test]
fn an_operation_runs_its_calls_as_the_guardian_when_its_delay_is_over() {
    let mut chain = Chain::new();
    let start = chain.now();
    let (dao, msg) = (chain.dao.clone(), chain.schedule_msg(vec![chain.quick(1), chain.quick(2)]));
    let scheduled = only::<OperationScheduled>(&chain.send(&dao, &msg).unwrap());
    let wanted = OperationScheduled {
        operation: 1,
        proposer: dao.to_string(),
        class: DelayClass::Parameters,
        ready_at: start + HOUR,
        not_after: start + 10 * DAY,
    };
    assert_eq!(scheduled, wanted);
    let anyone = "anyone".into_addr();
    chain.wait(HOUR - 1);
    let early = ContractError::NotReady { operation: 1, ready_at: start + HOUR, now: start + HOUR - 1 };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: 1 }, early);
    chain.wait(1);
    let response = chain.run(1).unwrap();
    assert_eq!(only::<OperationExecuted>(&response), OperationExecuted { operation: 1 });
    assert_eq!(chain.operation(1).status, OperationStatus::Executed);
    let received = chain.received(&chain.suite.circuit_breaker);
    assert!(received.iter().all(|received| received.sender == chain.guardian.as_str()));
    let messages: Vec<circuit_breaker::ExecuteMsg> = received.iter().map(Received::message).collect();
    assert_eq!(messages, [1, 2].map(guarded_until_far_away));
    // Once.
    let again = ContractError::NotScheduled { operation: 1, found: OperationStatus::Executed };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: 1 }, again);
}

#[test]
fn the_class_is_a_function_of_target_and_message() {
    use DelayClass::{Code, Parameters, Roles};
    let chain = Chain::new();
    let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = chain.suite.clone();
    let own = chain.guardian.to_string();
    let vault = "vault".into_addr().to_string();
    let configure_fund = insurance_fund::ExecuteMsg::Configure { config: fund_config() };
    let configure_vault = derivatives_vault::ExecuteMsg::Configure { parameters: vault_parameters() };
    let propose = ExecuteMsg::ProposeRole { role: Role::Proposer, candidate: vault.clone(), replaces: None };
    let deposit = Call::Execute {
        contract: insurance_fund.clone(),
        msg: to_json_binary(&configure_fund).unwrap(),
        funds: coins(1, "uusdc"),
    };
    for (name, call, class) in [
        ("feed", execute(&oracle, &set_feed(1)), Roles),
        ("hook", execute(&oracle, &oracle::ExecuteMsg::SetHook { hook: None }), Roles),
        ("promotion", execute(&oracle, &oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) }), Roles),
        ("demotion", execute(&oracle, &oracle::ExecuteMsg::DemoteFallback { feed: FeedId(1) }), Roles),
        ("report", execute(&oracle, &oracle::ExecuteMsg::Report { reports: vec![] }), Code),
        ("signed report", execute(&oracle, &oracle::ExecuteMsg::ReportSigned { reports: vec![] }), Code),
        ("pull", execute(&oracle, &oracle::ExecuteMsg::Pull { feed: FeedId(1), feeder: 0 }), Code),
        ("rules", execute(&circuit_breaker, &set_market(1)), Roles),
        ("restrict for years", execute(&circuit_breaker, &restriction(Source::Governance)), Roles),
        ("lift", execute(&circuit_breaker, &lift()), Roles),
        (
            "signal target",
            execute(&circuit_breaker, &circuit_breaker::ExecuteMsg::SetGuardian { guardian: None }),
            Roles,
        ),
        ("evaluate", execute(&circuit_breaker, &circuit_breaker::ExecuteMsg::Evaluate { feeds: vec![] }), Code),
        ("fund", execute(&insurance_fund, &configure_fund), Roles),
        ("fund with coins", deposit, Code),
        (
            "register",
            execute(&insurance_fund, &insurance_fund::ExecuteMsg::RegisterVault { vault: vault.clone() }),
            Roles,
        ),
        (
            "unregister",
            execute(&insurance_fund, &insurance_fund::ExecuteMsg::UnregisterVault { vault: vault.clone() }),
            Roles,
        ),
        ("cover", execute(&insurance_fund, &insurance_fund::ExecuteMsg::Cover { deficits: vec![] }), Code),
        (
            "injection",
            execute(
                &insurance_fund,
                &insurance_fund::ExecuteMsg::Inject { vault: vault.clone(), amount: Amount::from_units(1) },
            ),
            Parameters,
        ),
        ("vault", execute(&derivatives_vault, &configure_vault), Roles),
        ("a new market", chain.configure_market(1, market_config()), Code),
        (
            "a contest of no market",
            execute(
                &derivatives_vault,
                &derivatives_vault::ExecuteMsg::ContestMarket { market: MarketId(1), until: 1 },
            ),
            Roles,
        ),
        (
            "the end of a market",
            execute(&derivatives_vault, &derivatives_vault::ExecuteMsg::SettleMarket { market: MarketId(1), at: 1 }),
            Code,
        ),
        (
            "the end of the vault",
            execute(&derivatives_vault, &derivatives_vault::ExecuteMsg::SettleVault { at: 1 }),
            Code,
        ),
        (
            "a settlement's next accounts",
            execute(&derivatives_vault, &derivatives_vault::ExecuteMsg::SettleAccounts { limit: 1 }),
            Code,
        ),
        ("sweep", execute(&derivatives_vault, &derivatives_vault::ExecuteMsg::SweepFees {}), Code),
        ("delays", execute(&own, &ExecuteMsg::SetDelays { delays: delays() }), Roles),
        ("council", execute(&own, &ExecuteMsg::SetCouncil { council: chain.council().config }), Roles),
        ("role", execute(&own, &propose), Roles),
        ("revoke", execute(&own, &ExecuteMsg::RevokeRole { role: Role::Proposer, address: vault }), Roles),
        ("unknown variant", raw(&oracle, r#"{"set_everything":{}}"#), Code),
        // Receivers ignore fields that they do not have, so the message is what its name says.
        ("unknown field", raw(&oracle, r#"{"set_hook":{"hook":null,"now":true}}"#), Roles),
        ("missing field", raw(&circuit_breaker, r#"{"set_market":{"market":1}}"#), Code),
        ("unknown own variant", raw(&own, r#"{"set_everything":{}}"#), Code),
        // The right message at the wrong address.
        ("rules of the vault", execute(&derivatives_vault, &set_market(1)), Code),
        ("unknown contract", execute(chain.stranger.as_str(), &set_market(1)), Code),
        ("no json", raw(&oracle, "\u{1}"), Code),
        ("migration", migrate(&oracle, 1), Code),
    ] {
        let answer = chain.class_of(call);
        assert_eq!(answer.class, class, "{name}: {}", answer.reason);
        let delay = match class {
            Parameters => HOUR,
            Roles => DAY,
            Code => 2 * DAY,
        };
        assert_eq!(answer.delay_seconds, delay, "{name}");
    }
}

/// [`market_config`], and smaller orders.
fn tighter() -> MarketConfig {
    MarketConfig { order_size_max: Size::from_units(9), ..market_config() }
}

fn contest(chain: &Chain, until: u64) -> Call {
    let msg = derivatives_vault::ExecuteMsg::ContestMarket { market: MarketId(1), until };
    execute(&chain.suite.derivatives_vault, &msg)
}

// R-25, R-27: what happened elsewhere on 2026-04-01: a guard was lifted as fast as it could have been set.
#[test]
fn a_market_is_tightened_fast_loosened_slowly_and_changed_by_a_lot_slowest() {
    use DelayClass::{Code, Parameters, Roles};
    let mut chain = Chain::new();
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let changed = |change: fn(&mut MarketConfig)| {
        let mut config = market_config();
        change(&mut config);
        config
    };
    for (name, config, class) in [
        ("nothing", changed(|_| {}), Parameters),
        ("smaller orders", tighter(), Parameters),
        ("larger orders", changed(|config| config.order_size_max = Size::from_units(11)), Roles),
        ("far larger orders", changed(|config| config.order_size_max = Size::from_units(13)), Code),
        ("a lower cap", changed(|config| config.open_interest_max = Size::from_units(1)), Parameters),
        ("a higher cap, which ramps", changed(|config| config.open_interest_max = Size::from_units(1_000)), Roles),
        ("less skew", changed(|config| config.skew_max = Size::from_units(1)), Parameters),
        ("more skew", changed(|config| config.skew_max = Size::from_units(125)), Roles),
        ("far more skew", changed(|config| config.skew_max = Size::from_units(126)), Code),
        ("a smaller share", changed(|config| config.account_share_max = Ratio::percent(50)), Parameters),
        ("a slower ramp", changed(|config| config.cap_ramp_daily = Ratio::percent(5)), Parameters),
        ("a faster ramp", changed(|config| config.cap_ramp_daily = Ratio::percent(120)), Roles),
        ("hardly a ramp", changed(|config| config.cap_ramp_daily = Ratio::percent(200)), Code),
        ("more insurance", changed(|config| config.insurance_ratio_min = Ratio::percent(1)), Parameters),
        ("margins that nobody has", changed(|config| config.margin.maintenance_scalar = Ratio::percent(99)), Code),
        ("higher margins", changed(|config| config.margin.maintenance_scalar = Ratio::percent(62)), Roles),
        ("lower margins", changed(|config| config.margin.maintenance_scalar = Ratio::percent(38)), Roles),
        ("far lower margins", changed(|config| config.margin.maintenance_scalar = Ratio::percent(37)), Code),
        ("a penalty", changed(|config| config.liquidation.penalty_ratio = Ratio::percent(98)), Code),
        ("a fee from nothing", changed(|config| config.funding.borrow_low = Ratio::from_atoms(1)), Code),
        ("no vesting", changed(|config| config.vesting_half_life_seconds = 0), Code),
        ("slower vesting", changed(|config| config.vesting_half_life_seconds = 4_500), Roles),
        ("far slower vesting", changed(|config| config.vesting_half_life_seconds = 4_501), Code),
        ("one more round", changed(|config| config.gap_rounds = 4), Roles),
        ("two more rounds", changed(|config| config.gap_rounds = 5), Code),
        ("a throttle from nothing", changed(|config| config.liquidation.throttle_seconds = 2), Code),
        ("another name", changed(|config| config.symbol = "BTD".into()), Code),
        (
            "smaller orders, larger cap",
            changed(|config| {
                config.order_size_max = Size::from_units(9);
                config.open_interest_max = Size::from_units(101);
            }),
            Roles,
        ),
        // One limit for all that belong together: a small step beside a large one is none (2026-03-10, Aave).
        (
            "a little fee, far higher margins",
            changed(|config| {
                config.taker_fee_ratio = Ratio::percent(1);
                config.margin.initial_margin_ratio = Ratio::percent(7);
            }),
            Code,
        ),
    ] {
        let answer = chain.class_of(chain.configure_market(1, config.clone()));
        assert_eq!(answer.class, class, "{name}: {}", answer.reason);
        // One call that waits makes all of them wait.
        let operation = chain.schedule(vec![chain.quick(1), chain.configure_market(1, config.clone())]);
        assert_eq!(chain.operation(operation).class, class, "{name}");
        // Another market is no market.
        assert_eq!(chain.class_of(chain.configure_market(2, config)).class, Code, "{name}");
    }
    // Not as the vault writes it: nobody compares it.
    let msg = derivatives_vault::ExecuteMsg::ConfigureMarket { market: MarketId(1), config: market_config() };
    let text = to_json_string(&msg).unwrap();
    let vault = chain.suite.derivatives_vault.clone();
    assert_eq!(chain.class_of(raw(&vault, &text)).class, Parameters);
    assert_eq!(chain.class_of(raw(&vault, &text.replace(":{", ": {"))).class, Code);
    // Nor with coins, nor at another contract.
    let coins = Call::Execute { contract: vault, msg: to_json_binary(&msg).unwrap(), funds: coins(1, "uusdc") };
    assert_eq!(chain.class_of(coins).class, DelayClass::Code);
    assert_eq!(chain.class_of(execute(&chain.suite.insurance_fund, &msg)).class, DelayClass::Code);
}

// R-25
#[test]
fn what_would_loosen_by_now_is_not_executed_as_the_tightening_that_it_was() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let size = |units| MarketConfig { order_size_max: Size::from_units(units), ..market_config() };
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let start = chain.now();
    let (nine, eight) = (
        chain.schedule(vec![chain.configure_market(1, size(9))]),
        chain.schedule(vec![chain.configure_market(1, size(8))]),
    );
    for operation in [nine, eight] {
        let record = chain.operation(operation);
        assert_eq!((record.class, record.ready_at), (DelayClass::Parameters, start + HOUR));
    }
    chain.wait(HOUR);
    chain.run(eight).unwrap();
    assert_eq!(chain.operation(eight).status, OperationStatus::Executed);
    // From 8 to 9 is a loosening: it waits for what it has become.
    let run = ExecuteMsg::Execute { operation: nine };
    let early = |now| ContractError::NotReady { operation: nine, ready_at: start + DAY, now };
    chain.refused(&anyone, &run, early(start + HOUR));
    chain.wait(DAY - HOUR - 1);
    chain.refused(&anyone, &run, early(start + DAY - 1));
    chain.wait(1);
    chain.run(nine).unwrap();
    let record = chain.operation(nine);
    assert_eq!((record.class, record.ready_at), (DelayClass::Roles, start + DAY));
    assert_eq!(record.status, OperationStatus::Executed);
    // What waited as a loosening stays one, whatever it has become.
    let ten = chain.schedule(vec![chain.configure_market(1, size(10))]);
    assert_eq!(chain.operation(ten).class, DelayClass::Roles);
    let start = chain.now();
    let vault = chain.suite.derivatives_vault.clone();
    let wide = derivatives_vault::ExecuteMsg::ConfigureMarket { market: MarketId(1), config: size(10) };
    let guardian = chain.guardian.clone();
    chain.app.execute_contract(guardian, Addr::unchecked(vault), &wide, &[]).unwrap();
    chain.wait(HOUR);
    let now = start + HOUR;
    let early = ContractError::NotReady { operation: ten, ready_at: start + DAY, now };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: ten }, early);
}

fn decided_since(operation: u64) -> ContractError {
    ContractError::DecidedSince { about: "what it configures".into(), wanted: operation + 1, found: operation }
}

// R-18, R-25, R-27: an operation stays open for weeks.
#[test]
fn an_old_operation_takes_no_later_steps_back_at_once() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let margins = |ratio: &str| {
        let mut config = market_config();
        config.margin.maintenance_scalar = ratio.parse().unwrap();
        config
    };
    let size = |units| MarketConfig { order_size_max: Size::from_units(units), ..market_config() };
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    // Step by step down, and all the way up again by what was one step once.
    let old = chain.schedule(vec![chain.configure_market(1, margins("0.62"))]);
    for next in ["0.375", "0.2815", "0.2112"] {
        assert_eq!(chain.govern(chain.configure_market(1, margins(next))), OperationStatus::Executed);
    }
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: old }, decided_since(old));
    // What is no longer a long step is executed: the timelock has come back.
    for next in ["0.264", "0.33", "0.4125", "0.5"] {
        assert_eq!(chain.govern(chain.configure_market(1, margins(next))), OperationStatus::Executed);
    }
    chain.run(old).unwrap();
    assert_eq!(chain.operation(old).status, OperationStatus::Executed);
    assert_eq!(chain.govern(chain.configure_market(1, margins("0.5"))), OperationStatus::Executed);
    // What waited longest was in sight for as long as any step.
    let far = chain.schedule(vec![chain.configure_market(1, margins("0.99"))]);
    assert_eq!(chain.govern(chain.configure_market(1, margins("0.4"))), OperationStatus::Executed);
    chain.wait(DAY);
    chain.run(far).unwrap();
    assert_eq!(chain.operation(far).status, OperationStatus::Executed);
    let back = chain.schedule(vec![chain.configure_market(1, market_config())]);
    chain.wait(2 * DAY);
    chain.run(back).unwrap();
    // What a run has tightened since holds nobody's decision up.
    chain.wait(1);
    let larger = chain.schedule(vec![chain.configure_market(1, size(12))]);
    let by_a_run = derivatives_vault::ExecuteMsg::ConfigureMarket { market: MarketId(1), config: size(1) };
    let (guardian, vault) = (chain.guardian.clone(), Addr::unchecked(chain.suite.derivatives_vault.clone()));
    chain.app.execute_contract(guardian, vault, &by_a_run, &[]).unwrap();
    chain.wait(DAY);
    chain.run(larger).unwrap();
    assert_eq!(chain.operation(larger).status, OperationStatus::Executed);
    assert_eq!(chain.govern(chain.configure_market(1, size(10))), OperationStatus::Executed);
    // A fast tightening is not undone at once by what was scheduled before it, nor by a playbook that was.
    let wider = chain.schedule(vec![chain.configure_market(1, size(12))]);
    let [run, undo] = [1, 10].map(|units| step(chain.configure_market(1, size(units))));
    let book = Playbook { undo: vec![undo], undo_after_seconds: 60, ..playbook("book", vec![run]) };
    let book = chain.schedule(vec![chain.own(&ExecuteMsg::SetPlaybook(book))]);
    // Not of the market, and longest anyway.
    let elsewhere = chain.schedule(vec![chain.configure_market(2, market_config())]);
    chain.wait(DAY);
    assert_eq!(chain.govern(chain.configure_market(1, size(1))), OperationStatus::Executed);
    for operation in [wider, book] {
        chain.refused(&anyone, &ExecuteMsg::Execute { operation }, decided_since(operation));
    }
    chain.wait(DAY);
    chain.run(elsewhere).unwrap();
    assert_eq!(chain.operation(elsewhere).status, OperationStatus::Executed);
}

// R-25, R-27: a step that is scheduled in front of a long one, in the second of its execution, was judged against what stood before it.
#[test]
fn a_step_of_the_second_of_a_configuration_does_not_take_it_back_at_once() {
    for gap in [0, 1] {
        let mut chain = Chain::new();
        let anyone = "anyone".into_addr();
        let margins = |percent| {
            let mut config = market_config();
            config.margin.maintenance_scalar = Ratio::percent(percent);
            config
        };
        assert_eq!(chain.govern(chain.configure_market(1, margins(20))), OperationStatus::Executed);
        let far = chain.schedule(vec![chain.configure_market(1, margins(90))]);
        assert_eq!(chain.operation(far).class, DelayClass::Code);
        chain.wait(chain.operation(far).ready_at - chain.now());
        let back = chain.schedule(vec![chain.configure_market(1, margins(15))]);
        assert_eq!(chain.operation(back).class, DelayClass::Roles);
        chain.wait(gap);
        chain.run(far).unwrap();
        assert_eq!(chain.operation(far).status, OperationStatus::Executed);
        chain.wait(chain.operation(back).ready_at - chain.now());
        chain.refused(&anyone, &ExecuteMsg::Execute { operation: back }, decided_since(back));
        assert_eq!(chain.class_of(chain.configure_market(1, margins(15))).class, DelayClass::Code);
        let near = chain.schedule(vec![chain.configure_market(1, margins(90))]);
        chain.wait(chain.operation(near).ready_at - chain.now());
        chain.run(near).unwrap();
        assert_eq!(chain.operation(near).status, OperationStatus::Executed);
    }
}

// R-27: steps do not add up in one delay: each ends within a step of what stood when it was scheduled.
#[test]
fn steps_that_are_scheduled_beside_each_other_go_no_further_than_one() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let margins = |percent| {
        let mut config = market_config();
        config.margin.maintenance_scalar = Ratio::percent(percent);
        config
    };
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let start = chain.now();
    let scheduled = [62, 77, 38].map(|percent| {
        let operation = chain.schedule(vec![chain.configure_market(1, margins(percent))]);
        (operation, chain.operation(operation).class)
    });
    let [(up, quick), (further, slow), (down, also)] = scheduled;
    assert_eq!([quick, slow, also], [DelayClass::Roles, DelayClass::Code, DelayClass::Roles]);
    chain.wait(DAY);
    chain.run(up).unwrap();
    assert_eq!(chain.operation(up).status, OperationStatus::Executed);
    // From 62 to 77 is one step by now, and was two.
    let early = ContractError::NotReady { operation: further, ready_at: start + 2 * DAY, now: start + DAY };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: further }, early);
    // What is scheduled from here goes on from here.
    let next = chain.schedule(vec![chain.configure_market(1, margins(77))]);
    let record = chain.operation(next);
    assert_eq!((record.class, record.ready_at), (DelayClass::Roles, start + 2 * DAY));
    // One step from what stood then, and two from what the timelock has made of it since.
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: down }, decided_since(down));
    chain.wait(DAY);
    chain.run(further).unwrap();
    assert_eq!(chain.operation(further).status, OperationStatus::Executed);
}

// R-27
#[test]
fn parameters_of_vault_and_fund_go_one_step_in_a_delay_of_roles_too() {
    use DelayClass::{Code, Roles};
    let chain = Chain::new();
    let SuiteResponse { insurance_fund, derivatives_vault, .. } = chain.suite.clone();
    let of_vault = |change: fn(&mut derivatives_vault::VaultParameters)| {
        let mut parameters = vault_parameters();
        change(&mut parameters);
        execute(&derivatives_vault, &derivatives_vault::ExecuteMsg::Configure { parameters })
    };
    let of_fund = |change: fn(&mut insurance_fund::FundConfig)| {
        let mut config = fund_config();
        change(&mut config);
        execute(&insurance_fund, &insurance_fund::ExecuteMsg::Configure { config })
    };
    for (name, call, class) in [
        ("as it is", of_vault(|_| {}), Roles),
        ("a wider limiter", of_vault(|vault| vault.outflow.hour_ratio = Ratio::percent(6)), Roles),
        ("hardly a limiter", of_vault(|vault| vault.outflow.hour_ratio = Ratio::percent(7)), Code),
        ("a lifted one", of_vault(|vault| vault.outflow.day_ratio = Ratio::ONE), Code),
        ("no larger least", of_vault(|vault| vault.outflow.hour_min = Amount::from_units(1_251)), Code),
        // What is no limit of a market has no free direction.
        ("no reserve", of_vault(|vault| vault.reserve_ratio = Ratio::ZERO), Code),
        ("a longer cool-down", of_vault(|vault| vault.lp_cooldown_seconds = 30 * DAY), Code),
        ("a cap that was none", of_vault(|vault| vault.insurance_fee_share_max = Some(Ratio::ONE)), Code),
        ("the fund as it is", of_fund(|_| {}), Roles),
        ("less for all", of_fund(|fund| fund.cover_share_max = Ratio::percent(40)), Roles),
        ("hardly anything for all", of_fund(|fund| fund.cover_share_max = Ratio::percent(37)), Code),
        ("half left with the vault", of_fund(|fund| fund.deductible_ratio = Ratio::percent(50)), Code),
        ("a cool-down of an hour", of_fund(|fund| fund.cooldown_seconds = HOUR), Code),
    ] {
        let answer = chain.class_of(call);
        assert_eq!(answer.class, class, "{name}: {}", answer.reason);
    }
    // The fund's words to the vault and the vault's to the fund are nobody's.
    let config = insurance_fund::ExecuteMsg::Configure { config: fund_config() };
    assert_eq!(chain.class_of(execute(&derivatives_vault, &config)).class, Code);
}

// R-27
#[test]
fn a_playbook_waits_slowest_for_a_step_that_could_force_a_loss_and_goes_further_than_one_does() {
    use DelayClass::{Code, Roles};
    let mut chain = Chain::new();
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let market = |change: fn(&mut MarketConfig)| {
        let mut config = market_config();
        change(&mut config);
        step(chain.configure_market(1, config))
    };
    let vault = |change: fn(&mut derivatives_vault::VaultParameters)| {
        let mut parameters = vault_parameters();
        change(&mut parameters);
        let msg = derivatives_vault::ExecuteMsg::Configure { parameters };
        step(execute(&chain.suite.derivatives_vault, &msg))
    };
    let least = || market(|config| config.order_size_max = Size::from_atoms(1));
    let floor = || vault(|vault| vault.outflow.hour_ratio = Ratio::from_atoms(1));
    for (name, run, undo, class) in [
        ("a cap to its least", least(), market(|_| {}), Roles),
        ("the limiter to its floor", floor(), vault(|_| {}), Roles),
        ("six rounds behind a gap, with the undo", market(|config| config.gap_rounds = 6), market(|_| {}), Roles),
        ("a penalty in a step", market(|config| config.liquidation.penalty_ratio = Ratio::percent(98)), least(), Code),
        ("a penalty in an undo", least(), market(|config| config.liquidation.penalty_ratio = Ratio::percent(98)), Code),
        ("a fee within a step", market(|config| config.taker_fee_ratio = "0.012".parse().unwrap()), least(), Roles),
        ("wider caps in a run", market(|config| config.order_size_max = Size::from_units(100)), least(), Code),
        // An undo gives back what there is, or a little more.
        ("wider caps in an undo", least(), market(|config| config.order_size_max = Size::from_units(100)), Code),
        ("a little wider in an undo", least(), market(|config| config.order_size_max = Size::from_units(12)), Roles),
        ("no limiter in an undo", floor(), vault(|vault| vault.outflow.hour_ratio = Ratio::ONE), Code),
    ] {
        let playbook = Playbook { undo: vec![undo], undo_after_seconds: HOUR, ..playbook("steps", vec![run]) };
        let answer = chain.class_of(chain.own(&ExecuteMsg::SetPlaybook(playbook)));
        assert_eq!(answer.class, class, "{name}: {}", answer.reason);
    }
}

// R-25
#[test]
fn a_contest_is_begun_fast_and_ended_slowly() {
    let mut chain = Chain::new();
    let now = chain.now();
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    for until in [0, now, now + 7 * DAY] {
        assert_eq!(chain.class_of(contest(&chain, until)).class, DelayClass::Parameters, "{until}");
    }
    assert_eq!(chain.govern(contest(&chain, now + 5 * DAY)), OperationStatus::Executed);
    for (until, class) in [
        (0, DelayClass::Roles),
        (now + 5 * DAY - 1, DelayClass::Roles),
        (now + 5 * DAY, DelayClass::Parameters),
        (now + 6 * DAY, DelayClass::Parameters),
    ] {
        assert_eq!(chain.class_of(contest(&chain, until)).class, class, "{until}");
    }
}

#[test]
fn an_operation_waits_as_long_as_its_slowest_call() {
    let mut chain = Chain::new();
    let start = chain.now();
    let slow = execute(&chain.suite.circuit_breaker.clone(), &lift());
    let operation = chain.schedule(vec![chain.quick(1), slow, chain.quick(2)]);
    let record = chain.operation(operation);
    assert_eq!((record.class, record.ready_at), (DelayClass::Roles, start + DAY));
}

// R-19, R-25
#[test]
fn a_feed_waits_as_long_as_a_role_whatever_comes_with_it() {
    let mut chain = Chain::new();
    let start = chain.now();
    let feed = execute(&chain.suite.oracle, &set_feed(1));
    let wanted =
        ClassOfResponse { class: DelayClass::Roles, delay_seconds: DAY, reason: "who says what the price is".into() };
    assert_eq!(chain.class_of(feed.clone()), wanted);
    let alone = chain.schedule(vec![feed.clone()]);
    let beside = chain.schedule(vec![chain.quick(1), feed]);
    let anyone = "anyone".into_addr();
    chain.wait(DAY - 1);
    for operation in [alone, beside] {
        let early = ContractError::NotReady { operation, ready_at: start + DAY, now: start + DAY - 1 };
        chain.refused(&anyone, &ExecuteMsg::Execute { operation }, early);
    }
    assert_eq!(chain.received(&chain.suite.oracle), []);
    chain.wait(1);
    for operation in [alone, beside] {
        chain.run(operation).unwrap();
        assert_eq!(chain.operation(operation).status, OperationStatus::Executed);
    }
    let received = chain.received(&chain.suite.oracle);
    let messages: Vec<oracle::ExecuteMsg> = received.iter().map(Received::message).collect();
    assert_eq!(messages, [set_feed(1), set_feed(1)]);
}

#[test]
fn calls_that_would_go_around_something_are_not_scheduled() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let (oracle, breaker) = (chain.suite.oracle.clone(), chain.suite.circuit_breaker.clone());
    let two = r#"{"set_hook":{"hook":null},"set_feed":{}}"#;
    let mut cases = vec![
        (raw(&oracle, two), ContractError::SeveralMessages { found: 2 }),
        (raw(chain.stranger.as_str(), r#"{"a":{},"a":{}}"#), ContractError::SeveralMessages { found: 2 }),
    ];
    for found in [Source::Council, Source::Band, Source::Velocity] {
        let wanted = ContractError::RestrictionSource { wanted: Source::Governance, found };
        cases.push((execute(&breaker, &restriction(found)), wanted));
    }
    let action = restrict(Scope::All, Level::Frozen, 60);
    for (message, msg) in [
        ("run_calls", ExecuteMsg::RunCalls { operation: 1 }),
        ("execute", ExecuteMsg::Execute { operation: 1 }),
        ("cancel", ExecuteMsg::Cancel { operation: 1 }),
        ("schedule", chain.schedule_msg(vec![])),
        ("confirm", ExecuteMsg::Confirm { action, nonce: 0 }),
        ("signal", chain.signal_msg(BTC, Level::Guarded, 0)),
        ("accept_role", ExecuteMsg::AcceptRole { role: Role::Proposer }),
        ("complete_role", ExecuteMsg::CompleteRole { role: Role::Proposer }),
    ] {
        cases.push((chain.own(&msg), ContractError::OwnMessage { message }));
    }
    for (call, wanted) in cases {
        let msg = chain.schedule_msg(vec![chain.quick(1), call]);
        chain.refused(&dao, &msg, wanted);
    }
}

#[test]
fn an_operation_has_bounds() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let call = chain.quick(1);
    let out = |what, wanted: String, found: String| ContractError::OutOfBounds { what, wanted, found };
    chain.refused(&dao, &chain.schedule_msg(vec![]), out("calls", "1 to 8".into(), "0".into()));
    chain.refused(&dao, &chain.schedule_msg(vec![call.clone(); 9]), out("calls", "1 to 8".into(), "9".into()));
    let long = ExecuteMsg::Schedule {
        calls: vec![call.clone()],
        not_after: chain.now() + DAY,
        predecessor: None,
        description: "x".repeat(1_025),
    };
    chain.refused(&dao, &long, out("bytes of the description", "0 to 1024".into(), "1025".into()));
    let coins = (0..5).map(|n| cosmwasm_std::coin(1, format!("coin{n}"))).collect();
    let rich = Call::Execute { contract: chain.stranger.to_string(), msg: Binary::from(b"{}"), funds: coins };
    let wanted = out("kinds of coins of a call", "at most 4".into(), "5".into());
    chain.refused(&dao, &chain.schedule_msg(vec![rich]), wanted);
    let orphan = ExecuteMsg::Schedule {
        calls: vec![call],
        not_after: chain.now() + DAY,
        predecessor: Some(7),
        description: String::new(),
    };
    chain.refused(&dao, &orphan, ContractError::UnknownOperation { operation: 7 });
}

// R-18
#[test]
fn an_operation_ends_at_its_not_after() {
    let mut chain = Chain::new();
    let (dao, start) = (chain.dao.clone(), chain.now());
    let ready_at = start + HOUR;
    let at = |not_after| ExecuteMsg::Schedule {
        calls: vec![chain.quick(1)],
        not_after,
        predecessor: None,
        description: String::new(),
    };
    let (never, late, last) = (at(ready_at), at(ready_at + 30 * DAY + 1), at(ready_at + 60));
    for (msg, found) in [(never, ready_at), (late, ready_at + 30 * DAY + 1)] {
        let wanted = format!("{} to {}", ready_at + 1, ready_at + 30 * DAY);
        let wanted = ContractError::OutOfBounds { what: "not_after", wanted, found: found.to_string() };
        chain.refused(&dao, &msg, wanted);
    }
    chain.send(&dao, &last).unwrap();
    chain.send(&dao, &last).unwrap();
    chain.wait(HOUR + 60);
    chain.run(1).unwrap();
    chain.wait(1);
    let wanted = ContractError::Expired { operation: 2, not_after: ready_at + 60, now: ready_at + 61 };
    chain.refused(&dao, &ExecuteMsg::Execute { operation: 2 }, wanted);
}

// R-18, R-27
#[test]
fn an_operation_that_configures_the_vault_outlasts_its_dry_run() {
    let mut chain = Chain::new();
    let (dao, start) = (chain.dao.clone(), chain.now());
    let vault = chain.suite.derivatives_vault.clone();
    let configure = execute(&vault, &derivatives_vault::ExecuteMsg::Configure { parameters: vault_parameters() });
    // Ready after a day; the dry run gives way a roles delay later.
    let (least, most) = (start + 2 * DAY + HOUR, start + 2 * DAY + HOUR + 30 * DAY);
    let calls = vec![chain.quick(1), configure];
    let at = |not_after| ExecuteMsg::Schedule {
        calls: calls.clone(),
        not_after,
        predecessor: None,
        description: String::new(),
    };
    for found in [least - 1, most + 1] {
        let msg = at(found);
        let wanted = format!("{least} to {most}");
        let wanted = ContractError::OutOfBounds { what: "not_after", wanted, found: found.to_string() };
        chain.refused(&dao, &msg, wanted);
    }
    for msg in [at(least), at(most)] {
        chain.send(&dao, &msg).unwrap();
    }
}

// R-12
#[test]
fn a_long_restriction_by_the_timelock_waits_like_a_role() {
    let mut chain = Chain::new();
    let week = chain.now() + 7 * DAY;
    let breaker = chain.suite.circuit_breaker.clone();
    let [guarded, reduce_only] = [Level::Guarded, Level::ReduceOnly].map(Posture::preset);
    let exits = Posture { lp_exit: LpExit::Queue, ..Posture::NORMAL };
    let call = |until, posture| execute(&breaker, &restriction_until(Source::Governance, until, posture));
    for (until, posture, class) in [
        (week, reduce_only, DelayClass::Parameters),
        (week + 1, reduce_only, DelayClass::Roles),
        // What it does decides, not what it is called.
        (week + 1, exits, DelayClass::Roles),
        (week + 20 * DAY, guarded, DelayClass::Parameters),
    ] {
        assert_eq!(chain.class_of(call(until, posture)).class, class, "{until} {posture:?}");
    }
    // A phase behind others counts too.
    let phases = vec![Phase { until: week, posture: reduce_only }, Phase { until: week + 1, posture: exits }];
    let msg =
        circuit_breaker::ExecuteMsg::Restrict { scope: Scope::All, source: Source::Governance, phases, incident: 0 };
    let operation = chain.schedule(vec![execute(&breaker, &msg)]);
    assert_eq!(chain.operation(operation).class, DelayClass::Roles);
}

#[test]
fn only_proposers_schedule_and_only_cancellers_cancel() {
    let mut chain = Chain::new();
    let (dao, veto, alice) = (chain.dao.clone(), chain.veto.clone(), chain.alice.clone());
    let msg = chain.schedule_msg(vec![chain.quick(1)]);
    for stranger in [veto.clone(), alice.clone(), chain.guardian.clone()] {
        let wanted = ContractError::NotHolder { role: Role::Proposer, address: stranger.to_string() };
        chain.refused(&stranger, &msg, wanted);
    }
    let operation = chain.schedule(vec![chain.quick(1)]);
    let msg = ExecuteMsg::Cancel { operation };
    for stranger in [dao.clone(), alice] {
        let wanted = ContractError::NotHolder { role: Role::Canceller, address: stranger.to_string() };
        chain.refused(&stranger, &msg, wanted);
    }
    let response = chain.send(&veto, &msg).unwrap();
    assert_eq!(only::<OperationCanceled>(&response), OperationCanceled { operation, canceller: veto.to_string() });
    chain.wait(HOUR);
    let wanted = ContractError::NotScheduled { operation, found: OperationStatus::Canceled };
    chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
    let wanted = ContractError::NotScheduled { operation, found: OperationStatus::Canceled };
    chain.refused(&veto, &msg, wanted);
    chain.refused(&veto, &ExecuteMsg::Cancel { operation: 9 }, ContractError::UnknownOperation { operation: 9 });
}

#[test]
fn a_predecessor_must_have_been_executed() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let first = chain.schedule(vec![chain.quick(1)]);
    let msg = ExecuteMsg::Schedule {
        calls: vec![chain.quick(2)],
        not_after: chain.now() + DAY,
        predecessor: Some(first),
        description: String::new(),
    };
    let second = only::<OperationScheduled>(&chain.send(&dao, &msg).unwrap()).operation;
    chain.wait(HOUR);
    let wanted = ContractError::PredecessorNotExecuted {
        operation: second,
        predecessor: first,
        found: OperationStatus::Scheduled,
    };
    chain.refused(&dao, &ExecuteMsg::Execute { operation: second }, wanted);
    chain.run(first).unwrap();
    chain.run(second).unwrap();
    assert_eq!(chain.operation(second).status, OperationStatus::Executed);
}

// R-22
#[test]
fn what_a_revoked_proposer_scheduled_does_not_run() {
    let mut ground = Ground::new();
    ground.msg.roles.proposers.push("second dao".into_addr().to_string());
    let mut chain = Chain::on(ground);
    let (dao, second) = (chain.dao.clone(), "second dao".into_addr());
    let msg = chain.schedule_msg(vec![chain.quick(1)]);
    let operation = only::<OperationScheduled>(&chain.send(&second, &msg).unwrap()).operation;
    let revoke = ExecuteMsg::RevokeRole { role: Role::Proposer, address: second.to_string() };
    assert_eq!(chain.govern(chain.own(&revoke)), OperationStatus::Executed);
    let wanted = ContractError::ProposerRevoked { operation, proposer: second.to_string() };
    chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
    assert_eq!(chain.received(&chain.suite.circuit_breaker), []);
}

// R-23
#[test]
fn two_operations_of_one_transaction_have_ids_of_their_own() {
    let mut chain = Chain::new();
    let msg = chain.schedule_msg(vec![chain.quick(1)]);
    let one = cosmwasm_std::WasmMsg::Execute {
        contract_addr: chain.guardian.to_string(),
        msg: to_json_binary(&msg).unwrap(),
        funds: vec![],
    };
    let dao = chain.dao.clone();
    chain.app.execute_multi(dao, vec![one.clone().into(), one.into()]).unwrap();
    let all: OperationsResponse = chain.ask(QueryMsg::Operations { start_after: None, limit: None });
    assert_eq!(all.operations.iter().map(|operation| operation.operation).collect::<Vec<_>>(), [1, 2]);
    // Cancelling one leaves the other.
    let veto = chain.veto.clone();
    chain.send(&veto, &ExecuteMsg::Cancel { operation: 1 }).unwrap();
    assert_eq!(chain.operation(2).status, OperationStatus::Scheduled);
    let rest: OperationsResponse = chain.ask(QueryMsg::Operations { start_after: Some(1), limit: Some(1) });
    assert_eq!(rest.operations.len(), 1);
}

// R-23
#[test]
fn scheduling_works_outside_of_a_transaction() {
    // A chain that executes a proposal at a block's end gives no transaction index.
    let mut deps = mock_dependencies();
    let dao = deps.api.addr_make("dao");
    let address = |name: &str| deps.api.addr_make(name).to_string();
    let suite = SuiteResponse {
        oracle: address("oracle"),
        circuit_breaker: address("breaker"),
        insurance_fund: address("fund"),
        derivatives_vault: address("vault"),
    };
    let roles = state::Roles { proposers: vec![dao.to_string()], cancellers: vec![], candidates: vec![] };
    let mut env = mock_env();
    env.contract.address = deps.api.addr_make("guardian");
    env.transaction = None;
    let msg = ExecuteMsg::Schedule {
        calls: vec![execute(&suite.circuit_breaker, &guarded_until_far_away(1))],
        not_after: env.block.time.seconds() + DAY,
        predecessor: None,
        description: String::new(),
    };
    let storage = &mut deps.storage;
    state::SUITE.save(storage, &suite).unwrap();
    state::ROLES.save(storage, &roles).unwrap();
    state::DELAYS.save(storage, &delays()).unwrap();
    state::NEXT_OPERATION.save(storage, &1).unwrap();
    for wanted in [1, 2] {
        contract::execute(deps.as_mut(), env.clone(), message_info(&dao, &[]), msg.clone()).unwrap();
        assert_eq!(state::OPERATIONS.load(&deps.storage, wanted).unwrap().operation, wanted);
    }
}

// R-24
#[test]
fn a_second_call_that_fails_leaves_nothing_of_the_first() {
    let mut chain = Chain::new();
    let bad = raw(&chain.suite.derivatives_vault.clone(), r#"{"configure_market":{"market":666}}"#);
    let operation = chain.schedule(vec![chain.quick(1), bad]);
    chain.wait(2 * DAY);
    let response = chain.run(operation).unwrap();
    assert_eq!(only::<OperationFailed>(&response), OperationFailed { operation });
    assert_eq!(chain.operation(operation).status, OperationStatus::Failed);
    assert_eq!(chain.received(&chain.suite.circuit_breaker), []);
    // It may be tried again, and says so each time, until somebody cancels it.
    let response = chain.run(operation).unwrap();
    assert_eq!(only::<OperationFailed>(&response), OperationFailed { operation });
    assert_eq!(chain.received(&chain.suite.circuit_breaker), []);
    let (dao, veto) = (chain.dao.clone(), chain.veto.clone());
    chain.send(&veto, &ExecuteMsg::Cancel { operation }).unwrap();
    let wanted = ContractError::NotScheduled { operation, found: OperationStatus::Canceled };
    chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
    // And the timelock goes on.
    assert_eq!(chain.govern(chain.quick(3)), OperationStatus::Executed);
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 1);
}

// Whoever executes may choose a moment at which the calls fail. That is no veto.
#[test]
fn an_operation_that_failed_may_be_executed_again_until_its_not_after() {
    let mut chain = Chain::new();
    let (dao, guardian, second, role) =
        (chain.dao.clone(), chain.guardian.clone(), "second dao".into_addr(), Role::Proposer);
    // Fails as long as there is no other proposer.
    let revoke = chain.own(&ExecuteMsg::RevokeRole { role, address: dao.to_string() });
    let operation = chain.schedule(vec![chain.quick(1), revoke]);
    chain.wait(DAY);
    let response = chain.run(operation).unwrap();
    assert_eq!(only::<OperationFailed>(&response), OperationFailed { operation });
    assert_eq!(chain.operation(operation).status, OperationStatus::Failed);
    let propose = ExecuteMsg::ProposeRole { role, candidate: second.to_string(), replaces: None };
    chain.send(&guardian, &propose).unwrap();
    chain.send(&second, &ExecuteMsg::AcceptRole { role }).unwrap();
    chain.wait(DAY);
    chain.send(&second, &ExecuteMsg::CompleteRole { role }).unwrap();
    let response = chain.run(operation).unwrap();
    assert_eq!(only::<OperationExecuted>(&response), OperationExecuted { operation });
    assert_eq!(chain.operation(operation).status, OperationStatus::Executed);
    assert_eq!(chain.received(&chain.suite.circuit_breaker).len(), 1);
    let wanted = ContractError::NotScheduled { operation, found: OperationStatus::Executed };
    chain.refused(&second, &ExecuteMsg::Execute { operation }, wanted);
}

// R-18
#[test]
fn what_failed_ends_at_its_not_after_too() {
    let mut chain = Chain::new();
    let bad = raw(&chain.suite.derivatives_vault.clone(), r#"{"configure_market":{"market":666}}"#);
    let operation = chain.schedule(vec![bad]);
    let not_after = chain.operation(operation).not_after;
    chain.wait(not_after - chain.now());
    chain.run(operation).unwrap();
    assert_eq!(chain.operation(operation).status, OperationStatus::Failed);
    chain.wait(1);
    let wanted = ContractError::Expired { operation, not_after, now: not_after + 1 };
    let dao = chain.dao.clone();
    chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
}

// R-19
#[test]
fn who_says_the_price_and_what_may_be_lost_on_it_do_not_change_within_one_delay() {
    let back = oracle::ExecuteMsg::DemoteFallback { feed: FeedId(1) };
    for message in [set_feed(1), oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) }, back] {
        apart(&message);
    }
}

fn apart(message: &oracle::ExecuteMsg) {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let vault = chain.suite.derivatives_vault.clone();
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let feed = chain.schedule(vec![execute(&chain.suite.oracle.clone(), message)]);
    chain.wait(DAY - HOUR);
    let cap = chain.schedule(vec![chain.quick(1), chain.configure_market(1, tighter())]);
    let restriction = chain.schedule(vec![chain.quick(2)]);
    chain.wait(HOUR);
    chain.run(feed).unwrap();
    let set_at = chain.now();
    let msg = ExecuteMsg::Execute { operation: cap };
    let refusal = |now| ContractError::FeedChanged { operation: cap, free_at: set_at + DAY, now };
    chain.refused(&anyone, &msg, refusal(set_at));
    // What is the breaker's is not held up.
    chain.run(restriction).unwrap();
    chain.wait(DAY - 1);
    chain.refused(&anyone, &msg, refusal(set_at + DAY - 1));
    chain.wait(1);
    chain.run(cap).unwrap();
    assert_eq!(chain.operation(cap).status, OperationStatus::Executed);
    assert_eq!(chain.received(&vault).len(), 2);
}

// R-19
#[test]
fn a_feed_that_was_not_set_after_all_holds_nothing_up() {
    let mut chain = Chain::new();
    let vault = chain.suite.derivatives_vault.clone();
    let feed = execute(&chain.suite.oracle.clone(), &set_feed(1));
    let bad = raw(&vault, r#"{"configure_market":{"market":666}}"#);
    assert_eq!(chain.govern_all(vec![feed.clone(), bad]), OperationStatus::Failed);
    let configure = execute(&vault, &derivatives_vault::ExecuteMsg::Configure { parameters: vault_parameters() });
    assert_eq!(chain.govern(configure.clone()), OperationStatus::Executed);
    // Both in one operation were in sight together, for the longer delay.
    assert_eq!(chain.govern_all(vec![feed, configure]), OperationStatus::Executed);
}

#[test]
fn calls_run_only_inside_their_execution() {
    let mut chain = Chain::new();
    let operation = chain.schedule(vec![chain.quick(1)]);
    chain.wait(HOUR);
    let run = ExecuteMsg::RunCalls { operation };
    let (dao, guardian) = (chain.dao.clone(), chain.guardian.clone());
    let wanted = ContractError::Unauthorized { wanted: guardian.to_string(), found: dao.to_string() };
    chain.refused(&dao, &run, wanted);
    chain.refused(&guardian, &run, ContractError::NotExecuting { operation });
}

#[test]
fn an_operation_cannot_execute_another_one() {
    let mut chain = Chain::new();
    let inner = chain.schedule(vec![chain.quick(1)]);
    // Not by its own call, which is refused when it is scheduled, but through a contract that sends it back.
    let msg = to_json_binary(&ExecuteMsg::Execute { operation: inner }).unwrap();
    let body = format!(r#"{{"relay":{{"contract":"{}","msg":"{}"}}}}"#, chain.guardian, msg.to_base64());
    let outer = chain.schedule(vec![raw(chain.stranger.as_str(), &body)]);
    chain.wait(2 * DAY);
    chain.run(outer).unwrap();
    assert_eq!(chain.operation(outer).status, OperationStatus::Failed);
    assert_eq!(chain.operation(inner).status, OperationStatus::Scheduled);
    chain.run(inner).unwrap();
    assert_eq!(chain.operation(inner).status, OperationStatus::Executed);
}

// R-25
#[test]
fn no_delay_goes_below_its_floor() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let below = Delays { parameters: HOUR - 1, ..delays() };
    let call = chain.own(&ExecuteMsg::SetDelays { delays: below.clone() });
    let wanted =
        ContractError::OutOfBounds { what: "parameters", wanted: "3600 to 2592000".into(), found: "3599".into() };
    chain.refused(&dao, &chain.schedule_msg(vec![call]), wanted);
    // Nor by the guardian's own message, if something else got it sent.
    let guardian = chain.guardian.clone();
    let wanted =
        ContractError::OutOfBounds { what: "parameters", wanted: "3600 to 2592000".into(), found: "3599".into() };
    chain.refused(&guardian, &ExecuteMsg::SetDelays { delays: below.clone() }, wanted);
    let wanted = ContractError::Unauthorized { wanted: guardian.to_string(), found: dao.to_string() };
    chain.refused(&dao, &ExecuteMsg::SetDelays { delays: below }, wanted);
}

// R-25
#[test]
fn a_delay_is_not_shortened_sooner_than_itself() {
    let mut ground = Ground::new();
    ground.msg.delays = Delays { parameters: 2 * HOUR, roles: 2 * DAY, code: 7 * DAY };
    let mut chain = Chain::on(ground);
    let class = |delays: Delays| chain.class_of(chain.own(&ExecuteMsg::SetDelays { delays })).class;
    let now = Delays { parameters: 2 * HOUR, roles: 2 * DAY, code: 7 * DAY };
    assert_eq!(class(Delays { code: 2 * DAY, ..now.clone() }), DelayClass::Code);
    assert_eq!(class(Delays { roles: DAY, ..now.clone() }), DelayClass::Roles);
    assert_eq!(class(Delays { parameters: HOUR, ..now.clone() }), DelayClass::Roles);
    assert_eq!(class(Delays { code: 8 * DAY, ..now.clone() }), DelayClass::Roles);
    // What waits keeps its own delay when the class gets a shorter one.
    let shorter = chain.own(&ExecuteMsg::SetDelays { delays: Delays { code: 2 * DAY, ..now } });
    let (msg, dao) = (chain.schedule_msg(vec![shorter]), chain.dao.clone());
    chain.send(&dao, &msg).unwrap();
    chain.wait(6 * DAY);
    let stranger = chain.stranger.clone();
    let waiting = chain.schedule(vec![execute(stranger.as_str(), &"call")]);
    chain.wait(DAY);
    chain.run(1).unwrap();
    assert_eq!(chain.roles().delays.code, 2 * DAY);
    chain.wait(2 * DAY);
    let (ready_at, now) = (chain.operation(waiting).ready_at, chain.now());
    assert_eq!(ready_at, now + 4 * DAY);
    chain.refused(
        &dao,
        &ExecuteMsg::Execute { operation: waiting },
        ContractError::NotReady { operation: waiting, ready_at, now },
    );
}

// R-25
#[test]
fn a_longer_delay_holds_for_what_waits_too() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let longer = Delays { parameters: DAY, ..delays() };
    chain.schedule(vec![chain.own(&ExecuteMsg::SetDelays { delays: longer })]);
    chain.wait(DAY - HOUR);
    let waiting = chain.schedule(vec![chain.quick(1)]);
    let scheduled_at = chain.now();
    chain.wait(HOUR);
    chain.run(1).unwrap();
    let wanted = ContractError::NotReady { operation: waiting, ready_at: scheduled_at + DAY, now: chain.now() };
    chain.refused(&dao, &ExecuteMsg::Execute { operation: waiting }, wanted);
    chain.wait(DAY);
    chain.run(waiting).unwrap();
}

// R-25
#[test]
fn a_change_that_became_a_shortening_waits_like_one() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    // Scheduled as a lengthening of code to 3 days, after another one to 9 days it would be a shortening.
    chain.schedule(vec![chain.own(&ExecuteMsg::SetDelays { delays: Delays { code: 9 * DAY, ..delays() } })]);
    let call = chain.own(&ExecuteMsg::SetDelays { delays: Delays { code: 3 * DAY, ..delays() } });
    let operation = chain.schedule(vec![call]);
    let scheduled_at = chain.now();
    chain.wait(DAY);
    chain.run(1).unwrap();
    let wanted = ContractError::NotReady { operation, ready_at: scheduled_at + 9 * DAY, now: chain.now() };
    chain.refused(&dao, &ExecuteMsg::Execute { operation }, wanted);
}

#[test]
fn a_change_of_delays_says_before_and_after() {
    let mut chain = Chain::new();
    let longer = Delays { parameters: 2 * HOUR, roles: 3 * DAY, code: 5 * DAY };
    let operation = chain.schedule(vec![chain.own(&ExecuteMsg::SetDelays { delays: longer.clone() })]);
    chain.wait(DAY);
    let fact = only::<DelaysChanged>(&chain.run(operation).unwrap());
    let wanted = DelaysChanged {
        parameters_before: HOUR,
        parameters: 2 * HOUR,
        roles_before: DAY,
        roles: 3 * DAY,
        code_before: 2 * DAY,
        code: 5 * DAY,
    };
    assert_eq!(fact, wanted);
    assert_eq!(chain.roles().delays, longer);
}

#[test]
fn code_is_migrated_in_the_slowest_class() {
    let mut chain = Chain::new();
    let vault = chain.suite.derivatives_vault.clone();
    let code = chain.app.store_code(Box::new(Stub));
    assert_eq!(chain.govern(migrate(&vault, code)), OperationStatus::Executed);
    assert_eq!(chain.app.wrap().query_wasm_contract_info(&vault).unwrap().code_id, code);
}

#[test]
fn the_guardian_migrates_itself_and_its_new_code_gets_the_reply() {
    let mut chain = Chain::new();
    let code = guardian_code(&mut chain.app);
    let own = chain.guardian.to_string();
    assert_eq!(chain.govern(migrate(&own, code)), OperationStatus::Executed);
    assert_eq!(chain.app.wrap().query_wasm_contract_info(&own).unwrap().code_id, code);
    assert_eq!(chain.govern(chain.quick(1)), OperationStatus::Executed);
}

#[test]
fn no_message_takes_coins() {
    let mut chain = Chain::new();
    let dao = chain.dao.clone();
    let purse = coins(5, "uusdc");
    chain.app.init_modules(|router, _, storage| router.bank.init_balance(storage, &dao, purse.clone()).unwrap());
    let council = chain.council().config;
    let role = Role::Proposer;
    let action = restrict(Scope::Market(MarketId(1)), Level::Guarded, 60);
    for msg in [
        chain.schedule_msg(vec![chain.quick(1)]),
        ExecuteMsg::Cancel { operation: 1 },
        ExecuteMsg::Execute { operation: 1 },
        ExecuteMsg::Confirm { action, nonce: 0 },
        chain.signal_msg(BTC, Level::Guarded, 0),
        ExecuteMsg::ProposeRole { role, candidate: dao.to_string(), replaces: None },
        ExecuteMsg::AcceptRole { role },
        ExecuteMsg::CompleteRole { role },
        ExecuteMsg::RevokeRole { role, address: dao.to_string() },
        ExecuteMsg::SetDelays { delays: delays() },
        ExecuteMsg::SetCouncil { council },
        ExecuteMsg::RunCalls { operation: 1 },
    ] {
        let error = chain.pay(&dao, &msg, &purse).unwrap_err();
        assert_eq!(error, ContractError::UnexpectedFunds { found: "5uusdc".into() });
    }
}

#[test]
fn a_migration_needs_this_contract_and_no_newer_version() {
    let mut deps = mock_dependencies();
    cw2::set_contract_version(deps.as_mut().storage, contract::CONTRACT_NAME, "0.0.9").unwrap();
    contract::migrate(deps.as_mut(), mock_env(), MigrateMsg {}).unwrap();
    let stored = cw2::get_contract_version(deps.as_ref().storage).unwrap();
    assert_eq!(stored.version, contract::CONTRACT_VERSION);
    for (name, version) in [("firebreak:oracle", "0.0.1"), (contract::CONTRACT_NAME, "999.0.0")] {
        cw2::set_contract_version(deps.as_mut().storage, name, version).unwrap();
        let error = contract::migrate(deps.as_mut(), mock_env(), MigrateMsg {}).unwrap_err();
        let wanted = ContractError::Migration {
            wanted: format!("{} {} or older", contract::CONTRACT_NAME, contract::CONTRACT_VERSION),
            found: format!("{name} {version}"),
        };
        assert_eq!(error, wanted);
    }
}
