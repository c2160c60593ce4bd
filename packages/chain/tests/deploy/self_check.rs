use crate::embedded::Embedded;
use crate::files::localnet;
use cosmwasm_std::{to_json_binary, WasmMsg};
use cw4_group::msg::ExecuteMsg as GroupMsg;
use firebreak_chain::deploy::{check, Check, Config, Contract, Finding, Plan};
use firebreak_messages::circuit_breaker::{RuleConfig, RuleMode};
use firebreak_messages::guardian::{self, Call, Delays, Role};
use firebreak_messages::{circuit_breaker, derivatives_vault, insurance_fund, oracle, FeedId, MarketId, RuleId};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;

fn deployed(name: &str) -> (Plan, Embedded) {
    let plan = Plan::new(&localnet(name)).unwrap();
    let embedded = Embedded::deploy(&plan);
    (plan, embedded)
}

/// The local chain's configuration with three observers, and the rules that hear them.
fn watched(name: &str) -> Config {
    let mut config = localnet(name);
    let observer = |key: u8| circuit_breaker::ObserverConfig {
        public_key: format!("02{}", format!("{key:02X}").repeat(32)),
        source: format!("source {key}"),
        weight: 1,
    };
    config.observers.observers = [0xAA, 0xBB, 0xCC].map(observer).to_vec();
    for guard in &mut config.guards {
        let heard = [RuleId::Observers, RuleId::Silence];
        guard.config.rules.extend(heard.map(|rule| RuleConfig::standard(rule, RuleMode::Enforce)));
    }
    config
}

fn checked(plan: &Plan, embedded: &Embedded) -> Check {
    check(embedded, plan, &embedded.addresses).unwrap()
}

/// `part field: wanted | found` of every difference.
fn differences(check: &Check) -> Vec<String> {
    let text =
        |finding: &Finding| format!("{} {}: {} | {}", finding.part, finding.field, finding.wanted, finding.found);
    check.differences().map(text).collect()
}

/// Runs the calls that the check has made ready, as the timelock would.
fn repair(embedded: &mut Embedded, check: &Check) {
    for ready in &check.calls {
        let Call::Execute { contract, msg, .. } = &ready.call else { panic!("{ready:?}") };
        embedded.run(WasmMsg::Execute { contract_addr: contract.clone(), msg: msg.clone(), funds: vec![] });
    }
}

#[test]
fn a_fresh_deployment_is_where_it_was_predicted_and_passes() {
    let (plan, embedded) = deployed("check-fresh");
    assert_eq!(embedded.addresses, plan.predicted);
    let check = checked(&plan, &embedded);
    assert!(check.passed(), "{:?}", differences(&check));
    assert!(check.findings.len() > 170, "{} figures", check.findings.len());
    assert!(check.calls.is_empty());
}

#[test]
fn observers_are_named_at_the_bootstrap_and_checked_in_their_order() {
    let plan = Plan::new(&watched("check-observers")).unwrap();
    let mut chain = Embedded::deploy(&plan);
    // Upper and lower case are one key.
    let found = checked(&plan, &chain);
    assert!(found.passed(), "{:?}", differences(&found));
    let mut config = plan.config.observers.clone();
    config.observers.swap(0, 2);
    config.heartbeat_seconds = 900;
    let set = circuit_breaker::ExecuteMsg::SetObservers { config };
    let at = chain.addresses.circuit_breaker.clone();
    chain.as_guardian(&at, &set);
    let found = checked(&plan, &chain);
    let fields: Vec<&str> = found.differences().map(|finding| finding.field.as_str()).collect();
    let of = |place: u8| ["public_key", "source"].map(|field| format!("observers.observers[{place}].{field}"));
    let mut wanted = vec!["observers.heartbeat_seconds".to_string()];
    wanted.extend(of(0).into_iter().chain(of(2)));
    assert_eq!(fields, wanted);
    repair(&mut chain, &found);
    assert!(checked(&plan, &chain).passed());
}

#[test]
fn an_empty_check_has_not_passed() {
    assert!(!Check::default().passed());
}

// each leaf of the configuration in turn is another one than on the chain.
#[test]
fn no_figure_of_the_configuration_is_left_out() {
    let plan = Plan::new(&watched("check-leaves")).unwrap();
    let embedded = Embedded::deploy(&plan);
    fn each<T: Serialize + DeserializeOwned>(plan: &Plan, part: fn(&mut Plan) -> &mut T, embedded: &Embedded) -> usize {
        let whole = serde_json::to_value(part(&mut plan.clone())).unwrap();
        let mut leaves = 0;
        for pointer in pointers(&whole) {
            let mut changed = whole.clone();
            let leaf = changed.pointer_mut(&pointer).unwrap();
            *leaf = another(leaf);
            let mut other = plan.clone();
            *part(&mut other) = serde_json::from_value(changed).unwrap_or_else(|error| panic!("{pointer}: {error}"));
            assert!(!checked(&other, embedded).passed(), "{pointer} is not checked");
            leaves += 1;
        }
        leaves
    }
    let leaves = [
        each(&plan, |plan| &mut plan.config.roles, &embedded),
        each(&plan, |plan| &mut plan.config.delays, &embedded),
        each(&plan, |plan| &mut plan.config.council, &embedded),
        each(&plan, |plan| &mut plan.config.gas, &embedded),
        each(&plan, |plan| &mut plan.config.vault, &embedded),
        each(&plan, |plan| &mut plan.config.fund, &embedded),
        each(&plan, |plan| &mut plan.config.feeds, &embedded),
        each(&plan, |plan| &mut plan.config.guards, &embedded),
        each(&plan, |plan| &mut plan.config.observers, &embedded),
        each(&plan, |plan| &mut plan.config.markets, &embedded),
        each(&plan, |plan| &mut plan.config.suite.denom, &embedded),
        each(&plan, |plan| &mut plan.config.suite.label, &embedded),
    ];
    assert_eq!(leaves, [3, 3, 5, 2, 19, 10, 60, 316, 10, 74, 1, 1]);
}

/// JSON pointers of every leaf.
fn pointers(value: &Value) -> Vec<String> {
    let below = |key: String, value: &Value| {
        pointers(value).into_iter().map(|rest| format!("/{key}{rest}")).collect::<Vec<_>>()
    };
    match value {
        Value::Array(items) => items.iter().enumerate().flat_map(|(at, item)| below(at.to_string(), item)).collect(),
        Value::Object(fields) => fields.iter().flat_map(|(key, item)| below(key.clone(), item)).collect(),
        _ => vec![String::new()],
    }
}

fn another(leaf: &Value) -> Value {
    match leaf {
        Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
        Value::String(text) => match text.as_str() {
            "enforce" => "shadow".into(),
            "shadow" => "enforce".into(),
            "band" | "velocity" | "surprise" | "flow" | "hour_move" | "day_move" | "liquidations" | "concentration"
            | "observers" | "silence" => "outflow".into(),
            "guarded" => "reduce_only".into(),
            "reduce_only" => "guarded".into(),
            // A decimal stays one; a symbol or an address becomes another.
            text if text.contains('.') && text.parse::<f64>().is_ok() => format!("{text}1").into(),
            text => format!("{text}1").into(),
        },
        // The one field that may be nothing is a feed.
        Value::Null => 1.into(),
        other => panic!("{other} is no leaf of a configuration"),
    }
}

#[test]
fn what_the_timelock_changed_differs_and_the_ready_calls_bring_it_back() {
    let (plan, mut chain) = deployed("check-changes");
    let at = chain.addresses.clone();
    let config = plan.config.clone();
    let rogue = "wasm1sdlnntc64jtch5wqzandawjqw2r0g86mxejj2d".to_string();
    let expect = |chain: &mut Embedded, wanted: &[&str]| {
        let found = checked(&plan, chain);
        assert_eq!(differences(&found), wanted);
        repair(chain, &found);
        let after = checked(&plan, chain);
        assert!(after.passed(), "{:?}", differences(&after));
    };

    let mut feed = config.feeds[1].config.clone();
    feed.age_max_seconds = 120;
    chain.as_guardian(&at.oracle, &oracle::ExecuteMsg::SetFeed { feed: FeedId(2), config: feed });
    expect(&mut chain, &["feed 2 age_max_seconds: 60 | 120"]);

    let mut feed = config.feeds[0].config.clone();
    feed.feeders[1].address = rogue.clone();
    chain.as_guardian(&at.oracle, &oracle::ExecuteMsg::SetFeed { feed: FeedId(1), config: feed });
    let honest = &config.feeds[0].config.feeders[1].address;
    let lines = [format!("feed 1 feeders.{honest}: 1 | nothing"), format!("feed 1 feeders.{rogue}: nothing | 1")];
    expect(&mut chain, &lines.each_ref().map(String::as_str));

    chain.as_guardian(&at.oracle, &oracle::ExecuteMsg::SetHook { hook: None });
    let hook = format!("oracle hook: {{\"contract\":\"{}\",\"gas_limit\":1800000}} | nothing", at.circuit_breaker);
    expect(&mut chain, &[&hook]);

    let mut guard = config.guards[0].config.clone();
    guard.rules[0].mode = circuit_breaker::RuleMode::Shadow;
    let set = circuit_breaker::ExecuteMsg::SetMarket { market: MarketId(1), config: guard };
    chain.as_guardian(&at.circuit_breaker, &set);
    expect(&mut chain, &["guard 1 rules[0].mode: enforce | shadow"]);

    let signal = Some(circuit_breaker::SignalConfig { contract: at.guardian.clone(), gas_limit: 100_000 });
    chain.as_guardian(&at.circuit_breaker, &circuit_breaker::ExecuteMsg::SetGuardian { guardian: signal });
    expect(&mut chain, &["circuit-breaker guardian.gas_limit: 1000000 | 100000"]);

    let other = chain.another_vault(&plan);
    chain.as_guardian(&at.insurance_fund, &insurance_fund::ExecuteMsg::RegisterVault { vault: other.clone() });
    expect(&mut chain, &[&format!("insurance-fund vaults: nothing | {other}")]);

    let mut fund = config.fund.clone();
    fund.cooldown_seconds += 1;
    chain.as_guardian(&at.insurance_fund, &insurance_fund::ExecuteMsg::Configure { config: fund });
    expect(&mut chain, &["insurance-fund config.cooldown_seconds: 604800 | 604801"]);

    let mut parameters = config.vault.clone();
    parameters.order_delay_seconds = 20;
    chain.as_guardian(&at.derivatives_vault, &derivatives_vault::ExecuteMsg::Configure { parameters });
    expect(&mut chain, &["derivatives-vault parameters.order_delay_seconds: 10 | 20"]);

    let mut market = config.markets[1].config.clone();
    market.margin.margin_min = firebreak_risk::Amount::from_units(6);
    let set = derivatives_vault::ExecuteMsg::ConfigureMarket { market: MarketId(2), config: market };
    chain.as_guardian(&at.derivatives_vault, &set);
    expect(&mut chain, &["market 2 margin.margin_min: 5000000 | 6000000"]);

    let delays = Delays { code: 200_000, ..config.delays.clone() };
    chain.as_guardian(&at.guardian, &guardian::ExecuteMsg::SetDelays { delays });
    expect(&mut chain, &["guardian delays.code: 172800 | 200000"]);

    let council = guardian::CouncilConfig { threshold: 3, ..config.council.clone() };
    chain.as_guardian(&at.guardian, &guardian::ExecuteMsg::SetCouncil { council });
    expect(&mut chain, &["guardian council.threshold: 2 | 3"]);
}

#[test]
fn a_role_that_is_missing_or_about_to_be_granted_differs() {
    let (plan, mut chain) = deployed("check-roles");
    let guardian = chain.addresses.guardian.clone();
    let gov = plan.config.roles.proposers[1].clone();
    let revoke = guardian::ExecuteMsg::RevokeRole { role: Role::Proposer, address: gov.clone() };
    chain.as_guardian(&guardian, &revoke);
    let found = checked(&plan, &chain);
    let [difference] = differences(&found).try_into().unwrap_or_else(|lines| panic!("{lines:?}"));
    assert_eq!(difference, format!("guardian proposers: {gov} | nothing"));
    assert_eq!(found.calls.len(), 1);
    assert_eq!(found.calls[0].msg["propose_role"]["candidate"], Value::from(gov));

    // The ready call makes a candidate: not configured either, until it has accepted and waited.
    repair(&mut chain, &found);
    let found = checked(&plan, &chain);
    assert!(
        differences(&found).iter().any(|line| line.starts_with("guardian candidates")),
        "{:?}",
        differences(&found)
    );
}

// open confirmations are void at a change of members only where the group tells the guardian of it.
#[test]
fn a_council_whose_group_does_not_tell_the_guardian_of_its_members_differs() {
    let (plan, mut chain) = deployed("check-hook");
    let guardian = chain.addresses.guardian.clone();
    chain.group(&plan, &GroupMsg::RemoveHook { addr: guardian.clone() });
    // Somebody else is told: no difference, and no help.
    chain.group(&plan, &GroupMsg::AddHook { addr: plan.config.roles.proposers[0].clone() });
    let line = format!("council group hooks: {guardian} | nothing");
    let found = checked(&plan, &chain);
    assert_eq!((differences(&found), found.calls), (vec![line.clone()], vec![]));
    // Only the group's admin can repair it; where that is the timelock, the call is ready.
    chain.group(&plan, &GroupMsg::UpdateAdmin { admin: Some(guardian.clone()) });
    let found = checked(&plan, &chain);
    assert_eq!((differences(&found), found.calls.len()), (vec![line], 1));
    repair(&mut chain, &found);
    let after = checked(&plan, &chain);
    assert!(after.passed(), "{:?}", differences(&after));

    // A contract that is no such group.
    let mut other = plan.clone();
    other.config.council.group = plan.config.roles.proposers[0].clone();
    let lines = differences(&checked(&other, &chain));
    assert!(lines[1].starts_with("council group hooks: an answer | cannot be read"), "{lines:?}");
}

// a group that waits for its members' acceptance is not configured, and what is configured is named once.
#[test]
fn another_council_that_is_about_to_take_over_differs() {
    let (plan, mut chain) = deployed("check-candidate");
    let (guardian, before) = (chain.addresses.guardian.clone(), plan.config.council.clone());
    let is_another = |address: &String, file: &str| file.contains("group") && *address != plan.config.council.group;
    let other = plan.outside.iter().find(|outside| is_another(&outside.address, &outside.artifact.file)).unwrap();
    let council = guardian::CouncilConfig { group: other.address.clone(), threshold: 1, ..before };
    chain.as_guardian(&guardian, &guardian::ExecuteMsg::SetCouncil { council: council.clone() });
    let found = checked(&plan, &chain);
    let [line] = differences(&found).try_into().unwrap_or_else(|lines| panic!("{lines:?}"));
    let candidate = serde_json::to_value(&council).unwrap();
    assert_eq!(line, format!("guardian council candidate: nothing | {candidate}"));
    assert_eq!(found.calls, vec![]);
    // Where that one is configured, its members are waited for; another figure is named anew.
    let mut plan = plan.clone();
    plan.config.council = council;
    let is_named = |plan: &Plan, chain: &Embedded| {
        let calls = checked(plan, chain).calls;
        calls.iter().any(|call| call.msg.get("set_council").is_some())
    };
    assert!(!is_named(&plan, &chain));
    plan.config.council.frozen_seconds_max = 60;
    assert!(is_named(&plan, &chain));
}

#[test]
fn code_and_admin_are_read_from_the_chain() {
    let (plan, mut chain) = deployed("check-code");
    let at = chain.addresses.clone();
    let other = "wasm1jrkmdcwgq94uaamx6zax2luewlhf7u4kkyhylf";
    chain.run(WasmMsg::UpdateAdmin { contract_addr: at.insurance_fund.clone(), admin: other.into() });
    let line = format!("insurance-fund wasm admin: {} | {other}", at.guardian);
    assert_eq!(differences(&checked(&plan, &chain)), [line]);

    chain.run(WasmMsg::ClearAdmin { contract_addr: at.oracle.clone() });
    assert_eq!(differences(&checked(&plan, &chain)).len(), 2);

    // The same contract in another build.
    let (mut plan, chain) = deployed("check-build");
    let vault = plan.artifacts[&Contract::DerivativesVault].clone();
    let wanted = plan.artifacts[&Contract::Oracle].checksum;
    plan.artifacts.get_mut(&Contract::DerivativesVault).unwrap().checksum = wanted;
    let line = format!("derivatives-vault code checksum: {wanted} | {}", vault.checksum);
    assert_eq!(differences(&checked(&plan, &chain)), [line]);
}

#[test]
fn what_only_one_side_knows_is_told_with_the_call_that_adds_it() {
    let (plan, mut chain) = deployed("check-more");
    let mut more = plan.clone();
    let copy = |id: u16| (FeedId(id), MarketId(id));
    let (feed, market) = copy(3);
    more.config.feeds.push(oracle::FeedSetup { feed, config: plan.config.feeds[0].config.clone() });
    let mut guard = plan.config.guards[0].config.clone();
    guard.feed = feed;
    more.config.guards.push(circuit_breaker::MarketSetup { market, config: guard });
    let mut config = plan.config.markets[0].config.clone();
    config.feed = feed;
    more.config.markets.push(derivatives_vault::MarketSetup { market, config });

    let found = checked(&more, &chain);
    assert_eq!(
        differences(&found),
        ["feed 3 : as configured | nothing", "guard 3 : as configured | nothing", "market 3 : as configured | nothing"]
    );
    // In an order that works: a feed, then what watches it, then what trades on it.
    let parts: Vec<&str> = found.calls.iter().map(|call| call.part.as_str()).collect();
    assert_eq!(parts, ["feed 3", "guard 3", "market 3"]);
    repair(&mut chain, &found);
    assert!(checked(&more, &chain).passed());

    // And to the smaller configuration the chain now has too much.
    let found = checked(&plan, &chain);
    assert_eq!(
        differences(&found),
        ["feed 3 : nothing | on the chain", "guard 3 : nothing | on the chain", "market 3 : nothing | on the chain"]
    );
    assert!(found.calls.is_empty());
}

/// More entries than a page has.
#[test]
fn all_pages_are_read() {
    let mut config = localnet("check-pages");
    let (feed, guard, market) = (config.feeds[0].clone(), config.guards[0].clone(), config.markets[0].clone());
    for id in 3..=32 {
        let feed_id = FeedId(id);
        config.feeds.push(oracle::FeedSetup { feed: feed_id, config: feed.config.clone() });
        let mut guard = guard.config.clone();
        guard.feed = feed_id;
        config.guards.push(circuit_breaker::MarketSetup { market: MarketId(id), config: guard });
        let mut market = market.config.clone();
        market.feed = feed_id;
        config.markets.push(derivatives_vault::MarketSetup { market: MarketId(id), config: market });
    }
    let plan = Plan::new(&config).unwrap();
    let mut chain = Embedded::deploy(&plan);
    assert!(checked(&plan, &chain).passed());
    // Feeds are not bounded: the 33rd is on the second page.
    let set = oracle::ExecuteMsg::SetFeed { feed: FeedId(33), config: feed.config };
    let at = chain.addresses.oracle.clone();
    chain.as_guardian(&at, &set);
    assert_eq!(differences(&checked(&plan, &chain)), ["feed 33 : nothing | on the chain"]);
}

// fails closed.
#[test]
fn a_contract_that_does_not_answer_fails_the_check() {
    let (plan, mut chain) = deployed("check-mute");
    let at = chain.addresses.clone();
    // The fund's address now runs the oracle's code: it answers other questions.
    let code = chain.codes[&Contract::Oracle];
    let migrate = to_json_binary(&oracle::MigrateMsg {}).unwrap();
    let guardian = cosmwasm_std::Addr::unchecked(&at.guardian);
    let moved = WasmMsg::Migrate { contract_addr: at.insurance_fund.clone(), new_code_id: code, msg: migrate };
    if cw_multi_test::Executor::execute(&mut chain.app, guardian, moved.into()).is_ok() {
        panic!("the oracle's code took over the fund");
    }
    let mut elsewhere = at.clone();
    elsewhere.insurance_fund = at.oracle.clone();
    let found = check(&chain, &plan, &elsewhere).unwrap();
    let lines = differences(&found).concat();
    assert!(lines.contains("insurance-fund config: an answer | cannot be read"), "{lines}");
    elsewhere.insurance_fund = "wasm1sdlnntc64jtch5wqzandawjqw2r0g86mxejj2d".into();
    let found = check(&chain, &plan, &elsewhere).unwrap();
    assert!(differences(&found).concat().contains("insurance-fund contract"), "{:?}", differences(&found));
}
