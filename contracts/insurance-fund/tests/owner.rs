//! Coins that are refused, parameters and their bounds, who may configure, versions.

use crate::common::*;
use cosmwasm_std::testing::{message_info, mock_dependencies, mock_env};
use cosmwasm_std::{coins, from_json, Coin};
use cw_multi_test::IntoAddr;
use firebreak_insurance_fund::{contract, ContractError};
use firebreak_messages::insurance_fund::*;
use firebreak_risk::Ratio;

// R-48
#[test]
fn nothing_the_wrong_coin_and_several_coins_are_refused() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    let messages =
        [ExecuteMsg::AddFirstLoss {}, ExecuteMsg::Stake { shares_min: shares(0) }, ExecuteMsg::ReceiveFees {}];
    for msg in messages {
        for (funds, found) in [
            (vec![], "nothing"),
            (vec![uatom(5)], "5uatom"),
            (vec![uatom(5), Coin::new(5u128, DENOM)], "5uatom,5uusdc"),
        ] {
            let wanted = ContractError::WrongFunds { wanted: DENOM.into(), found: found.into() };
            chain.refused(&alice, &msg, &funds, wanted);
        }
    }
}

// R-48
#[test]
fn a_coin_of_zero_is_refused_by_the_contract_itself() {
    // The embedded chain's bank refuses an empty coin before the contract sees it: so the handler is asked directly.
    let mut deps = mock_dependencies();
    let info = message_info(&"owner".into_addr(), &[]);
    let msg = InstantiateMsg {
        owner: deps.api.addr_make("owner").to_string(),
        denom: DENOM.into(),
        vaults: vec![],
        config: config(),
    };
    contract::instantiate(deps.as_mut(), mock_env(), info, msg).unwrap();
    let info = message_info(&"donor".into_addr(), &coins(0, DENOM));
    let error = contract::execute(deps.as_mut(), mock_env(), info, ExecuteMsg::AddFirstLoss {}).unwrap_err();
    assert_eq!(error, ContractError::WrongFunds { wanted: DENOM.into(), found: "0uusdc".into() });
}

// R-48
#[test]
fn a_negative_amount_is_not_a_message() {
    for text in [
        r#"{"cover":{"deficits":[{"market":1,"amount":"-1"}]}}"#,
        r#"{"request_unstake":{"shares":"-1"}}"#,
        r#"{"claim_unstake":{"request":0,"amount_min":"-1"}}"#,
        r#"{"stake":{"shares_min":"-1"}}"#,
        r#"{"inject":{"vault":"v","amount":"-1"}}"#,
    ] {
        assert!(from_json::<ExecuteMsg>(text.as_bytes()).is_err(), "{text}");
        assert!(from_json::<ExecuteMsg>(text.replace("-1", "1").as_bytes()).is_ok(), "{text}");
    }
}

#[test]
fn messages_that_take_no_coins_refuse_them() {
    let mut chain = Chain::new(config());
    let owner = chain.owner.clone();
    for msg in [
        ExecuteMsg::RequestUnstake { shares: shares(1) },
        ExecuteMsg::CancelUnstake { request: 0 },
        ExecuteMsg::ClaimUnstake { request: 0, amount_min: amount(0) },
        ExecuteMsg::Inject { vault: owner.to_string(), amount: amount(1) },
        ExecuteMsg::RegisterVault { vault: owner.to_string() },
        ExecuteMsg::UnregisterVault { vault: owner.to_string() },
        ExecuteMsg::Configure { config: config() },
    ] {
        let wanted = ContractError::UnexpectedFunds { found: "7uusdc".into() };
        chain.refused(&owner, &msg, &coins(7, DENOM), wanted);
    }
}

#[test]
fn first_loss_is_added_by_anyone_and_says_before_and_after() {
    let mut chain = Chain::new(config());
    let bob = chain.bob.clone();
    chain.add_first_loss(100);
    let response = chain.with(&bob, &ExecuteMsg::AddFirstLoss {}, 23).unwrap();
    let wanted = FirstLossAdded {
        sender: bob.to_string(),
        amount: amount(23),
        first_loss_before: amount(100),
        first_loss: amount(123),
    };
    assert_eq!(only::<FirstLossAdded>(&response), wanted);
}

#[test]
fn only_the_owner_names_vaults_and_sets_parameters() {
    let mut chain = Chain::new(config());
    let (alice, owner) = (chain.alice.clone(), chain.owner.to_string());
    for msg in [
        ExecuteMsg::Inject { vault: chain.vault.to_string(), amount: amount(1) },
        ExecuteMsg::RegisterVault { vault: alice.to_string() },
        ExecuteMsg::UnregisterVault { vault: chain.vault.to_string() },
        ExecuteMsg::Configure { config: config() },
    ] {
        let wanted = ContractError::Unauthorized { wanted: owner.clone(), found: alice.to_string() };
        chain.refused(&alice, &msg, &[], wanted);
    }
}

#[test]
fn vaults_are_few_and_named_once() {
    let mut chain = Chain::new(config());
    let (owner, vault) = (chain.owner.clone(), chain.vault.to_string());
    let again = ExecuteMsg::RegisterVault { vault: vault.clone() };
    chain.refused(&owner, &again, &[], ContractError::AlreadyRegistered { vault: vault.clone() });
    for number in 1..VAULTS_MAX {
        let vault = chain.vault_of(DENOM, number as u128).to_string();
        let response = chain.send(&owner, &ExecuteMsg::RegisterVault { vault: vault.clone() }, &[]).unwrap();
        assert_eq!(only::<VaultRegistered>(&response), VaultRegistered { vault });
    }
    let ninth = ExecuteMsg::RegisterVault { vault: "vault 9".into_addr().to_string() };
    chain.refused(&owner, &ninth, &[], ContractError::TooManyVaults { max: VAULTS_MAX });
    let stranger = "stranger".into_addr().to_string();
    let wanted = ContractError::NotRegistered { found: stranger.clone() };
    chain.refused(&owner, &ExecuteMsg::UnregisterVault { vault: stranger }, &[], wanted);
    let response = chain.send(&owner, &ExecuteMsg::UnregisterVault { vault: vault.clone() }, &[]).unwrap();
    assert_eq!(only::<VaultUnregistered>(&response), VaultUnregistered { vault });
}

#[test]
fn a_vault_of_another_coin_or_none_at_all_is_not_insured() {
    let mut chain = Chain::new(config());
    let owner = chain.owner.clone();
    let other = chain.vault_of("uatom", 5).to_string();
    let wanted = ContractError::VaultDenom { vault: other.clone(), wanted: DENOM.into(), found: "uatom".into() };
    chain.refused(&owner, &ExecuteMsg::RegisterVault { vault: other }, &[], wanted);
    // No code, the answers of another contract, a vault that does not show its open interest.
    let strangers = ["stranger".into_addr(), chain.fund.clone(), chain.vault_of(DENOM, None)];
    for vault in strangers.map(|stranger| stranger.to_string()) {
        let wanted = ContractError::VaultUnreadable { vault: vault.clone() };
        chain.refused(&owner, &ExecuteMsg::RegisterVault { vault }, &[], wanted);
    }
    let own = chain.vault_of(DENOM, 5).to_string();
    chain.send(&owner, &ExecuteMsg::RegisterVault { vault: own.clone() }, &[]).unwrap();
    assert_eq!(chain.vaults(), [chain.vault.to_string(), own]);
}

#[test]
fn parameters_outside_their_bounds_are_refused() {
    let mut chain = Chain::new(config());
    let owner = chain.owner.clone();
    let long = FundConfig { cooldown_seconds: 30 * DAY, ..config() };
    let cases: Vec<(&'static str, &'static str, &'static str, FundConfig)> = vec![
        ("cooldown_seconds", "3600 to 2592000", "3599", FundConfig { cooldown_seconds: 3_599, ..config() }),
        ("cooldown_seconds", "3600 to 2592000", "2592001", FundConfig { cooldown_seconds: 2_592_001, ..config() }),
        ("claim_window_seconds", "3600 to 604800", "3599", FundConfig { claim_window_seconds: 3_599, ..long.clone() }),
        (
            "claim_window_seconds",
            "3600 to 604800",
            "604801",
            FundConfig { claim_window_seconds: 604_801, ..long.clone() },
        ),
        // No longer than the cool-down: who always has a request open could leave at most moments at once.
        ("claim_window_seconds", "3600 to 86400", "86401", FundConfig { claim_window_seconds: DAY + 1, ..config() }),
        ("cover_window_seconds", "60 to 604800", "59", FundConfig { cover_window_seconds: 59, ..config() }),
        ("cover_window_seconds", "60 to 604800", "604801", FundConfig { cover_window_seconds: 604_801, ..config() }),
        ("fee_share_stakers", "at most 1", "1.01", FundConfig { fee_share_stakers: Ratio::percent(101), ..config() }),
        ("cover_share_max", "at most 1", "1.01", FundConfig { cover_share_max: Ratio::percent(101), ..config() }),
        ("deductible_ratio", "at most 0.5", "0.51", FundConfig { deductible_ratio: Ratio::percent(51), ..config() }),
        ("inject_share_max", "at most 1", "1.01", FundConfig { inject_share_max: Ratio::percent(101), ..config() }),
        ("stress_loss_ratio", "at most 1", "1.01", FundConfig { stress_loss_ratio: Ratio::percent(101), ..config() }),
        // The window of the request and the longest wait for a cover lie within the cool-down.
        ("cover_hold_seconds", "0 to 0", "1", FundConfig { cover_hold_seconds: 1, ..config() }),
        (
            "cover_hold_seconds",
            "0 to 82800",
            "82801",
            FundConfig { claim_window_seconds: 3_600, cover_hold_seconds: 82_801, ..config() },
        ),
        (
            "cover_share_per_market_max",
            "at most 0.5",
            "0.51",
            FundConfig {
                cover_share_max: Ratio::percent(50),
                cover_share_per_market_max: Ratio::percent(51),
                ..config()
            },
        ),
    ];
    for (what, wanted, found, config) in cases {
        let wanted = ContractError::OutOfBounds { what, wanted: wanted.into(), found: found.into() };
        chain.refused(&owner, &ExecuteMsg::Configure { config }, &[], wanted);
    }
}

#[test]
fn a_change_of_parameters_says_before_and_after_and_leaves_waiting_requests_alone() {
    let mut chain = Chain::new(config());
    let (owner, alice) = (chain.owner.clone(), chain.alice.clone());
    let bought = chain.stake(&alice, 100);
    let request = chain.request(&alice, bought);
    let new = FundConfig { cooldown_seconds: 30 * DAY, ..config() };
    let response = chain.send(&owner, &ExecuteMsg::Configure { config: new.clone() }, &[]).unwrap();
    let fact = only::<FundConfigured>(&response);
    assert_eq!((fact.cooldown_seconds_before, fact.cooldown_seconds), (DAY, 30 * DAY));
    let stored: ConfigResponse = chain.app.wrap().query_wasm_smart(&chain.fund, &QueryMsg::Config {}).unwrap();
    assert_eq!((stored.config, stored.denom, stored.owner), (new, DENOM.to_string(), owner.to_string()));
    chain.wait(DAY);
    chain.claim(&alice, request).unwrap();
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

#[test]
fn coins_that_are_not_there_stop_every_message() {
    // A chain that hands over fewer coins than it says: the last frame compares, whatever the handler believed.
    let mut deps = mock_dependencies();
    let info = message_info(&"owner".into_addr(), &[]);
    let owner = deps.api.addr_make("owner").to_string();
    let msg = InstantiateMsg { owner, denom: DENOM.into(), vaults: vec![], config: config() };
    contract::instantiate(deps.as_mut(), mock_env(), info, msg).unwrap();
    let info = message_info(&"donor".into_addr(), &coins(5, DENOM));
    let error = contract::execute(deps.as_mut(), mock_env(), info, ExecuteMsg::AddFirstLoss {}).unwrap_err();
    assert_eq!(error, ContractError::CoinsMissing { owed: amount(5), held: amount(0) });
}
