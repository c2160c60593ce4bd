//! The hook: told of every publication, and never able to take a price back.

use crate::setup;

use crate::setup::{Setup, FEED, START};
use cosmwasm_std::testing::{mock_dependencies, mock_env};
use cosmwasm_std::{Binary, Reply, SubMsgResult};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{
    ConfigResponse, ExecuteMsg, HookConfig, HookFailed, HookHealthResponse, HookSkipped, QueryMsg,
};
use firebreak_oracle::contract::reply;
use firebreak_oracle::state::{Hook, HOOK};
use firebreak_oracle::ContractError;

#[test]
fn the_hook_is_told_after_a_publication_only() {
    let mut setup = Setup::new();
    setup.report(0, 100, START).unwrap();
    setup.report(1, 100, START).unwrap();
    assert_eq!(setup.told(), vec![]);
    setup.report(2, 100, START).unwrap();
    assert_eq!(setup.told(), vec![FEED]);
    assert_eq!(setup.health(), HookHealthResponse::default());
}

#[test]
fn a_failing_hook_is_recorded_and_the_price_stands() {
    let mut setup = Setup::new();
    setup.break_hook(true);
    let events = setup.round(&[100, 100, 100]);
    let callee = setup.hook.to_string();
    assert_eq!(
        HookFailed::all(&events),
        vec![HookFailed { callee: callee.clone(), failing_since: START, failures_in_a_row: 1 }]
    );
    assert_eq!(setup.price().round, 1);
    setup.advance(5);
    let events = setup.round(&[101, 101, 101]);
    assert_eq!(HookFailed::all(&events), vec![HookFailed { callee, failing_since: START, failures_in_a_row: 2 }]);
    let health = HookHealthResponse { failures_total: 2, failures_in_a_row: 2, failing_since: START, skipped_until: 0 };
    assert_eq!(setup.health(), health);
}

#[test]
fn after_three_failures_in_a_row_the_hook_rests_for_a_minute_at_a_time() {
    let mut setup = Setup::new();
    setup.break_hook(true);
    for _ in 0..3 {
        setup.round(&[100, 100, 100]);
        setup.advance(5);
    }
    let third = START + 10;
    assert_eq!(setup.health().skipped_until, third + 60);
    let events = setup.round(&[100, 100, 100]);
    let callee = setup.hook.to_string();
    assert_eq!(HookSkipped::all(&events), vec![HookSkipped { callee, skipped_until: third + 60 }]);
    assert_eq!((HookFailed::all(&events), setup.price().round), (vec![], 4));
    // One attempt a minute while it stays dead.
    setup.advance(55);
    assert_eq!(HookFailed::all(&setup.round(&[100, 100, 100])).len(), 1);
    assert_eq!(setup.health().skipped_until, third + 120);
    // The first success ends the row.
    setup.break_hook(false);
    setup.advance(60);
    setup.round(&[100, 100, 100]);
    assert_eq!(setup.told(), vec![FEED]);
    assert_eq!(setup.health(), HookHealthResponse { failures_total: 4, ..HookHealthResponse::default() });
}

#[test]
fn only_the_owner_changes_the_hook_and_a_new_one_starts_healthy() {
    let mut setup = Setup::new();
    setup.break_hook(true);
    setup.round(&[100, 100, 100]);
    let (owner, stranger) = (setup.owner.clone(), setup::feeder(&setup.app, 0));
    let set = |gas_limit| ExecuteMsg::SetHook { hook: Some(HookConfig { contract: owner.to_string(), gas_limit }) };
    assert_eq!(
        setup.send(&stranger, &set(200_000), &[]),
        Err(ContractError::Unauthorized { wanted: owner.to_string(), found: stranger.to_string() })
    );
    for gas_limit in [99_999, 5_000_001] {
        assert_eq!(
            setup.send(&owner, &set(gas_limit), &[]),
            Err(ContractError::OutOfBounds {
                what: "gas_limit of the hook",
                wanted: "between 100000 and 5000000".into(),
                found: gas_limit.to_string()
            })
        );
    }
    assert_eq!(setup.health().failures_in_a_row, 1);
    setup.send(&owner, &set(200_000), &[]).unwrap();
    assert_eq!(setup.health(), HookHealthResponse::default());
    setup.send(&owner, &ExecuteMsg::SetHook { hook: None }, &[]).unwrap();
    setup.advance(5);
    setup.round(&[100, 100, 100]);
    assert_eq!((setup.price().round, setup.health().failures_total), (2, 0));
    let config: ConfigResponse = setup.query(&QueryMsg::Config {});
    assert_eq!(config, ConfigResponse { owner: owner.to_string(), hook: None });
}

/// What a chain tells the reply of a failed hook; the embedded chain has no bound on depth.
fn replied(error: &str) -> (Result<(), ContractError>, HookHealthResponse) {
    let mut deps = mock_dependencies();
    let config = HookConfig { contract: "breaker".into(), gas_limit: 1_000_000 };
    HOOK.save(&mut deps.storage, &Hook { config: Some(config), health: HookHealthResponse::default() }).unwrap();
    let result = SubMsgResult::Err(error.into());
    let told = Reply { id: 1, payload: Binary::default(), gas_used: 0, result };
    let answer = reply(deps.as_mut(), mock_env(), told).map(|_| ());
    (answer, HOOK.load(&deps.storage).unwrap().health)
}

#[test]
fn a_report_from_so_deep_that_the_hook_cannot_act_is_refused() {
    let refused = Err(ContractError::TooDeep { callee: "breaker".into() });
    assert_eq!(replied("codespace: wasm, code: 30"), (refused, HookHealthResponse::default()));
    // Nothing else is: what a contract says, gas, another module's error 30, other errors of the chain and longer texts.
    for error in [
        "codespace: wasm, code: 5",
        "codespace: sdk, code: 11",
        "codespace: sdk, code: 30",
        "codespace: wasm, code: 3",
        "codespace: wasm, code: 300",
        "dispatch: codespace: wasm, code: 30",
        "",
    ] {
        let (answer, health) = replied(error);
        assert_eq!((answer, health.failures_in_a_row, health.failures_total), (Ok(()), 1, 1), "{error}");
    }
}
