//! The bootstrap: five contracts in one transaction, or none.

use crate::common::*;
use cosmwasm_std::Binary;
use cw_multi_test::IntoAddr;
use firebreak_guardian::ContractError;
use firebreak_messages::guardian::*;
use firebreak_messages::{circuit_breaker, derivatives_vault, insurance_fund, oracle, FeedId, MarketId};

fn out_of_bounds(what: &'static str, wanted: &str, found: &str) -> ContractError {
    ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() }
}

#[test]
fn the_four_children_stand_where_they_were_told_and_know_each_other() {
    let chain = Chain::new();
    let guardian = chain.guardian.to_string();
    assert_eq!(guardian, Ground::new().own_address().to_string());
    let SuiteResponse { oracle, circuit_breaker, insurance_fund, derivatives_vault } = chain.suite.clone();
    let born = |address: &str| {
        let info = chain.app.wrap().query_wasm_contract_info(address).unwrap();
        assert_eq!(info.admin.map(|admin| admin.to_string()), Some(guardian.clone()));
        assert_eq!(info.creator.to_string(), guardian);
        let all: Vec<Received> = chain.app.wrap().query_wasm_smart(address, &"received").unwrap();
        assert_eq!((all.len(), all[0].entry.as_str()), (1, "instantiate"));
        all[0].clone()
    };
    assert_eq!(
        born(&oracle).message::<oracle::InstantiateMsg>(),
        oracle::InstantiateMsg {
            owner: guardian.clone(),
            hook: Some(oracle::HookConfig { contract: circuit_breaker.clone(), gas_limit: 600_000 }),
            feeds: vec![],
        }
    );
    assert_eq!(
        born(&circuit_breaker).message::<circuit_breaker::InstantiateMsg>(),
        circuit_breaker::InstantiateMsg {
            owner: guardian.clone(),
            oracle: oracle.clone(),
            vault: Some(derivatives_vault.clone()),
            guardian: Some(circuit_breaker::SignalConfig { contract: guardian.clone(), gas_limit: 200_000 }),
            markets: vec![],
            observers: observers(),
        }
    );
    assert_eq!(
        born(&insurance_fund).message::<insurance_fund::InstantiateMsg>(),
        insurance_fund::InstantiateMsg {
            owner: guardian.clone(),
            denom: "uusdc".into(),
            vaults: vec![derivatives_vault.clone()],
            config: fund_config(),
        }
    );
    assert_eq!(
        born(&derivatives_vault).message::<derivatives_vault::InstantiateMsg>(),
        derivatives_vault::InstantiateMsg {
            owner: guardian.clone(),
            denom: "uusdc".into(),
            oracle,
            circuit_breaker,
            insurance_fund,
            parameters: vault_parameters(),
            markets: vec![],
        }
    );
}

#[test]
fn a_guardian_with_another_admin_is_not_born() {
    for (admin, found) in [(Some("deployer".into_addr().to_string()), "deployer"), (None, "nobody")] {
        let mut ground = Ground::new();
        let found = if found == "nobody" { found.to_string() } else { found.into_addr().to_string() };
        let error = ground.bootstrap_with_admin(admin).unwrap_err();
        assert_eq!(error, ContractError::AdminNotSelf { found });
        assert!(ground.app.wrap().query_wasm_contract_info(ground.own_address()).is_err());
        // The children went with it: the same salt serves again.
        ground.bootstrap().unwrap();
    }
}

#[test]
fn a_child_that_refuses_its_parameters_takes_everything_with_it() {
    let mut ground = Ground::new();
    ground.msg.markets = vec![];
    ground.msg.guards = serde_json_guard();
    let admin = Some(ground.own_address().to_string());
    let (code, msg, salt) = (ground.guardian_code, ground.msg.clone(), Binary::from(b"guardian"));
    use cw_multi_test::Executor;
    let error =
        ground.app.instantiate2_contract(code, "deployer".into_addr(), &msg, &[], "guardian", admin, salt).unwrap_err();
    assert!(error.root_cause().to_string().contains("the stub refuses market 666"), "{error:?}");
    assert!(ground.app.wrap().query_wasm_contract_info(ground.own_address()).is_err());
}

/// A market that the stub refuses.
fn serde_json_guard() -> Vec<circuit_breaker::MarketSetup> {
    let config = r#""feed":1,"maintenance_margin_ratio":"0.05","block_seconds":6,"turnover_full":"1","rules":[]"#;
    let text = format!(r#"[{{"market":666,"config":{{{config}}}}}]"#);
    cosmwasm_std::from_json(text.as_bytes()).unwrap()
}

fn market(market: u16, feed: u16) -> derivatives_vault::MarketSetup {
    let config = derivatives_vault::MarketConfig { feed: FeedId(feed), ..market_config() };
    derivatives_vault::MarketSetup { market: MarketId(market), config }
}

#[test]
fn a_market_is_guarded_on_the_feed_that_it_trades_on() {
    // The guard of market n watches feed n.
    let guard = |market| match set_market(market) {
        circuit_breaker::ExecuteMsg::SetMarket { market, config } => circuit_breaker::MarketSetup { market, config },
        other => panic!("{other:?}"),
    };
    let ground = |guards, markets| {
        let mut ground = Ground::new();
        (ground.msg.guards, ground.msg.markets) = (guards, markets);
        ground
    };
    let wanted = ContractError::FeedMismatch { market: MarketId(2), wanted: FeedId(2), found: FeedId(1) };
    ground(vec![guard(1), guard(2)], vec![market(1, 1), market(2, 1)]).refused(wanted);
    ground(vec![guard(1)], vec![market(1, 1), market(2, 2)]).refused(ContractError::Unguarded { market: MarketId(2) });
    // A guard that waits for its market is no harm.
    ground(vec![guard(2), guard(1), guard(3)], vec![market(1, 1), market(2, 2)]).bootstrap().unwrap();
}

#[test]
fn two_children_of_one_code_have_different_addresses() {
    let suite = Chain::new().suite;
    let mut all = [suite.oracle, suite.circuit_breaker, suite.insurance_fund, suite.derivatives_vault].to_vec();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 4);
}

#[test]
fn the_breakers_gas_covers_a_trip_a_signal_and_the_reply() {
    let mut ground = Ground::new();
    ground.msg.gas = GasLimits { breaker: 409_999, guardian: 200_000 };
    ground.refused(out_of_bounds("gas of the breaker", "at least 410000", "409999"));
    let mut ground = Ground::new();
    ground.msg.gas = GasLimits { breaker: u64::MAX - 1, guardian: u64::MAX };
    ground.refused(out_of_bounds("gas of the breaker", "at least 18446744073709551615", "18446744073709551614"));
    let mut ground = Ground::new();
    ground.msg.gas = GasLimits { breaker: 410_000, guardian: 200_000 };
    ground.bootstrap().unwrap();
}

#[test]
fn a_salt_leaves_room_for_the_childs_byte() {
    for length in [0, 64] {
        let mut ground = Ground::new();
        ground.msg.salt = vec![7u8; length].into();
        ground.refused(out_of_bounds("bytes of the salt", "1 to 63", &length.to_string()));
    }
    let mut ground = Ground::new();
    ground.msg.salt = vec![7u8; 63].into();
    ground.bootstrap().unwrap();
}

// R-26
#[test]
fn proposers_and_cancellers_are_disjoint_from_the_start() {
    let address = "dao".into_addr().to_string();
    let mut ground = Ground::new();
    ground.msg.roles.cancellers.push(address.clone());
    ground.refused(ContractError::RolesOverlap { role: Role::Canceller, address: address.clone() });
    let mut ground = Ground::new();
    ground.msg.roles.proposers.push(address.clone());
    ground.refused(ContractError::NamedTwice { role: Role::Proposer, address });
    let mut ground = Ground::new();
    let address = ground.own_address().to_string();
    ground.msg.roles.proposers = vec![address.clone()];
    ground.refused(ContractError::RoleOfSelf { role: Role::Proposer, address });
}

#[test]
fn each_role_has_one_to_eight_holders() {
    let nine: Vec<String> = (0..9).map(|n| format!("holder {n}").as_str().into_addr().to_string()).collect();
    for (holders, found) in [(vec![], "0"), (nine, "9")] {
        let mut ground = Ground::new();
        ground.msg.roles.proposers = holders.clone();
        ground.refused(out_of_bounds("proposers", "1 to 8", found));
        let mut ground = Ground::new();
        ground.msg.roles.cancellers = holders;
        ground.refused(out_of_bounds("cancellers", "1 to 8", found));
    }
}

// R-25
#[test]
fn delays_start_above_their_floors_and_in_order() {
    for (delays, wanted) in [
        (Delays { parameters: HOUR - 1, ..delays() }, out_of_bounds("parameters", "3600 to 2592000", "3599")),
        (Delays { roles: DAY - 1, ..delays() }, out_of_bounds("roles", "86400 to 2592000", "86399")),
        (Delays { code: 2 * DAY - 1, ..delays() }, out_of_bounds("code", "172800 to 2592000", "172799")),
        (Delays { parameters: DAY + 1, ..delays() }, out_of_bounds("roles", "86401 to 2592000", "86400")),
        (Delays { roles: 3 * DAY, ..delays() }, out_of_bounds("code", "259200 to 2592000", "172800")),
        (Delays { code: 31 * DAY, ..delays() }, out_of_bounds("code", "172800 to 2592000", "2678400")),
    ] {
        let mut ground = Ground::new();
        ground.msg.delays = delays;
        ground.refused(wanted);
    }
}

#[test]
fn a_council_that_could_never_act_is_refused() {
    for (threshold, found) in [(0, "0"), (4, "4")] {
        let mut ground = Ground::new();
        ground.msg.council.threshold = threshold;
        ground.refused(out_of_bounds("threshold", "1 to 3", found));
    }
    let mut ground = Ground::new();
    let group = "nobody's contract".into_addr().to_string();
    ground.msg.council.group = group.clone();
    ground.refused(ContractError::GroupUnreadable { group });
    let mut ground = Ground::new();
    ground.msg.council.frozen_seconds_max = DAY + 1;
    ground.refused(out_of_bounds("frozen_seconds_max", "0 to 86400", "86401"));
    let mut ground = Ground::new();
    ground.msg.council.restriction_seconds_max = 7 * DAY + 1;
    ground.refused(out_of_bounds("restriction_seconds_max", "0 to 604800", "604801"));
    let mut ground = Ground::new();
    ground.msg.council.confirmation_window_seconds = 59;
    ground.refused(out_of_bounds("confirmation_window_seconds", "60 to 86400", "59"));
}
