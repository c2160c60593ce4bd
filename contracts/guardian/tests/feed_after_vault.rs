//! R-19 in its second order: the vault was configured, and the feed comes right after it.

use crate::common::*;
use cw_multi_test::IntoAddr;
use firebreak_guardian::ContractError;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, MarketConfig};
use firebreak_messages::guardian::*;
use firebreak_messages::{oracle, FeedId, MarketId};
use firebreak_risk::Size;

fn sets_feed(chain: &Chain) -> Call {
    execute(&chain.suite.oracle, &set_feed(1))
}

fn configures(chain: &Chain) -> Call {
    execute(&chain.suite.derivatives_vault, &VaultMsg::Configure { parameters: vault_parameters() })
}

fn orders_of(units: i32) -> MarketConfig {
    MarketConfig { order_size_max: Size::from_units(units), ..market_config() }
}

/// Schedules both so that both are ready now.
fn both_ready(chain: &mut Chain, first: Vec<Call>, second: Vec<Call>) -> (u64, u64) {
    let first = chain.schedule(first);
    // Not ready long before the other one.
    chain.wait((chain.operation(first).ready_at - chain.now()).saturating_sub(DAY));
    let operations = (first, chain.schedule(second));
    let ready_at = chain.operation(operations.0).ready_at.max(chain.operation(operations.1).ready_at);
    chain.wait(ready_at - chain.now());
    operations
}

// R-19
#[test]
fn whatever_sets_a_feed_waits_a_delay_after_a_configuration_of_the_vault() {
    let market = MarketId(1);
    let feeds = [
        set_feed(1),
        oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) },
        oracle::ExecuteMsg::DemoteFallback { feed: FeedId(1) },
    ];
    let settle_at = 4_000_000_000;
    let configurations = [
        VaultMsg::Configure { parameters: vault_parameters() },
        VaultMsg::ConfigureMarket { market, config: market_config() },
        VaultMsg::SettleMarket { market, at: settle_at },
        VaultMsg::SettleVault { at: settle_at },
    ];
    let cases = feeds.iter().map(|feed| (feed, &configurations[0]));
    for (feed, configuration) in cases.chain(configurations.iter().map(|configuration| (&feeds[0], configuration))) {
        let mut chain = Chain::new();
        let (oracle, vault) = (chain.suite.oracle.clone(), chain.suite.derivatives_vault.clone());
        let unrelated = execute(&oracle, &oracle::ExecuteMsg::SetHook { hook: None });
        let feed = vec![chain.quick(1), execute(&oracle, feed)];
        let (configuration, operation) = both_ready(&mut chain, vec![execute(&vault, configuration)], feed);
        let hook = chain.schedule(vec![unrelated]);
        chain.run(configuration).unwrap();
        assert_eq!(chain.operation(configuration).status, OperationStatus::Executed);
        let free_at = chain.now() + DAY;
        let (anyone, msg) = ("anyone".into_addr(), ExecuteMsg::Execute { operation });
        let held = |now| ContractError::VaultConfigured { operation, free_at, now };
        chain.refused(&anyone, &msg, held(free_at - DAY));
        chain.wait(DAY - 1);
        chain.refused(&anyone, &msg, held(free_at - 1));
        assert_eq!(chain.received(&oracle), []);
        chain.wait(1);
        // What else the oracle is told is not held up.
        chain.run(hook).unwrap();
        chain.run(operation).unwrap();
        assert_eq!(chain.operation(operation).status, OperationStatus::Executed);
        assert_eq!(chain.received(&oracle).len(), 2);
    }
}

// R-19
#[test]
fn both_in_one_operation_were_in_sight_together() {
    let mut chain = Chain::new();
    let (feed, configuration) = (sets_feed(&chain), configures(&chain));
    let (first, second) = (chain.schedule(vec![feed.clone()]), chain.schedule(vec![configuration.clone()]));
    assert_eq!(chain.govern_all(vec![configuration, feed]), OperationStatus::Executed);
    // It begins both delays.
    let (now, free_at) = (chain.now(), chain.now() + DAY);
    let anyone = "anyone".into_addr();
    let refusal = ContractError::FeedChanged { operation: second, free_at, now };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: second }, refusal);
    let refusal = ContractError::VaultConfigured { operation: first, free_at, now };
    chain.refused(&anyone, &ExecuteMsg::Execute { operation: first }, refusal);
    chain.wait(DAY);
    chain.run(first).unwrap();
    assert_eq!(chain.operation(first).status, OperationStatus::Executed);
}

// R-19, R-25
#[test]
fn what_only_tightens_holds_no_feed_up() {
    let mut chain = Chain::new();
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let (tighter, feed) = (vec![chain.configure_market(1, orders_of(9))], vec![sets_feed(&chain)]);
    let (tighter, feed) = both_ready(&mut chain, tighter, feed);
    assert_eq!(chain.operation(tighter).class, DelayClass::Parameters);
    chain.run(tighter).unwrap();
    chain.run(feed).unwrap();
    for operation in [tighter, feed] {
        assert_eq!(chain.operation(operation).status, OperationStatus::Executed);
    }
}

// R-19, R-25: with both delays as long as each other, the class alone tells that it loosens by now.
#[test]
fn what_loosens_by_now_holds_a_feed_up_although_it_was_scheduled_as_a_tightening() {
    let mut chain = Chain::new();
    let equal = Delays { parameters: DAY, ..delays() };
    assert_eq!(chain.govern(chain.own(&ExecuteMsg::SetDelays { delays: equal })), OperationStatus::Executed);
    assert_eq!(chain.govern(chain.configure_market(1, market_config())), OperationStatus::Executed);
    let feed = chain.schedule(vec![sets_feed(&chain)]);
    let (eight, nine) = (vec![chain.configure_market(1, orders_of(8))], vec![chain.configure_market(1, orders_of(9))]);
    let (eight, nine) = both_ready(&mut chain, eight, nine);
    let ready_at = chain.now();
    chain.run(eight).unwrap();
    assert_eq!(chain.operation(nine).class, DelayClass::Parameters);
    chain.run(nine).unwrap();
    let record = chain.operation(nine);
    assert_eq!(
        (record.status, record.class, record.ready_at),
        (OperationStatus::Executed, DelayClass::Roles, ready_at)
    );
    let held = ContractError::VaultConfigured { operation: feed, free_at: ready_at + DAY, now: ready_at };
    chain.refused(&"anyone".into_addr(), &ExecuteMsg::Execute { operation: feed }, held);
}

// R-19, R-24
#[test]
fn a_configuration_that_failed_holds_no_feed_up() {
    let mut chain = Chain::new();
    let bad = raw(&chain.suite.derivatives_vault, r#"{"configure_market":{"market":666}}"#);
    let feed = vec![sets_feed(&chain)];
    let (bad, feed) = both_ready(&mut chain, vec![bad], feed);
    chain.run(bad).unwrap();
    assert_eq!(chain.operation(bad).status, OperationStatus::Failed);
    chain.run(feed).unwrap();
    assert_eq!(chain.operation(feed).status, OperationStatus::Executed);
}

// R-18, R-19
#[test]
fn an_operation_that_sets_a_feed_cannot_be_run_out_by_configurations_before_it() {
    let mut chain = Chain::new();
    let (dao, ready_at) = (chain.dao.clone(), chain.now() + DAY);
    let calls = vec![sets_feed(&chain)];
    let until = |not_after| ExecuteMsg::Schedule {
        calls: calls.clone(),
        not_after,
        predecessor: None,
        description: String::new(),
    };
    let first = ready_at + DAY + HOUR;
    let wanted = format!("{first} to {}", first + 30 * DAY);
    let out = ContractError::OutOfBounds { what: "not_after", wanted, found: (first - 1).to_string() };
    chain.refused(&dao, &until(first - 1), out);
    let feed = only::<OperationScheduled>(&chain.send(&dao, &until(first)).unwrap()).operation;
    let configuration = chain.schedule(vec![configures(&chain)]);
    let another = chain.schedule(vec![configures(&chain)]);
    chain.wait(DAY);
    chain.run(configuration).unwrap();
    chain.wait(DAY - 1);
    // One after the other would hold it up for ever.
    chain.run(another).unwrap();
    assert_eq!(chain.operation(another).status, OperationStatus::Executed);
    let (free_at, now) = (ready_at + DAY, chain.now());
    let held = ContractError::VaultConfigured { operation: feed, free_at, now };
    chain.refused(&"anyone".into_addr(), &ExecuteMsg::Execute { operation: feed }, held);
    chain.wait(1);
    chain.run(feed).unwrap();
    assert_eq!(chain.operation(feed).status, OperationStatus::Executed);
}

// R-19: the approved response to sources that lie waits for nothing.
#[test]
fn a_playbook_sets_a_feed_right_after_a_configuration_and_what_one_configures_holds_no_feed_up() {
    let mut chain = Chain::new();
    let promote = execute(&chain.suite.oracle, &oracle::ExecuteMsg::PromoteFallback { feed: FeedId(1) });
    chain.approve(playbook("promote", vec![step(promote.clone())]));
    let (configuration, feed) = (vec![configures(&chain)], vec![promote.clone()]);
    let (configuration, feed) = both_ready(&mut chain, configuration, feed);
    chain.run(configuration).unwrap();
    let (now, free_at) = (chain.now(), chain.now() + DAY);
    let held = ContractError::VaultConfigured { operation: feed, free_at, now };
    chain.refused(&"anyone".into_addr(), &ExecuteMsg::Execute { operation: feed }, held);
    chain.run_playbook("promote").unwrap();
    assert_eq!(chain.runs()[0].steps, [StepOutcome::Done]);

    // Nor does what a playbook configures hold a feed of the timelock's up.
    let mut chain = Chain::new();
    chain.approve(playbook("caps", vec![step(configures(&chain))]));
    let feed = chain.schedule(vec![promote]);
    chain.wait(DAY);
    chain.run_playbook("caps").unwrap();
    assert_eq!(chain.runs()[0].steps, [StepOutcome::Done]);
    chain.run(feed).unwrap();
    assert_eq!(chain.operation(feed).status, OperationStatus::Executed);
}
