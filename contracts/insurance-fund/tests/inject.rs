//! Coins for a pool, the deductible, and how well the vaults are covered.

use crate::common::*;
use cw_multi_test::IntoAddr;
use firebreak_insurance_fund::ContractError;
use firebreak_messages::insurance_fund::*;
use firebreak_risk::{Amount, Ratio};

const OPEN_NOTIONAL: u128 = 1_000_000;

/// A registered vault with open interest, beside the one without code that every fund here begins with.
fn with_vault(config: FundConfig) -> (Chain, cosmwasm_std::Addr) {
    let mut chain = Chain::new(config);
    let vault = chain.vault_of(DENOM, OPEN_NOTIONAL);
    let owner = chain.owner.clone();
    chain.send(&owner, &ExecuteMsg::RegisterVault { vault: vault.to_string() }, &[]).unwrap();
    (chain, vault)
}

fn inject(vault: &cosmwasm_std::Addr, atoms: u128) -> ExecuteMsg {
    ExecuteMsg::Inject { vault: vault.to_string(), amount: amount(atoms) }
}

#[test]
fn first_loss_goes_into_a_pool_within_its_window_and_stakers_are_never_drawn_on() {
    let fifth = Ratio::percent(20);
    let (mut chain, vault) = with_vault(FundConfig { inject_share_max: fifth, ..config() });
    let (owner, alice) = (chain.owner.clone(), chain.alice.clone());
    chain.add_first_loss(1_000);
    chain.stake(&alice, 9_000);
    let response = chain.send(&owner, &inject(&vault, 150), &[]).unwrap();
    let wanted =
        Injected { vault: vault.to_string(), asked: amount(150), amount: amount(150), first_loss: amount(850) };
    assert_eq!(only::<Injected>(&response), wanted);
    assert_eq!(chain.balance(&vault), 150);
    // The bucket held 20 % of 1000, less the 150 already sent.
    let response = chain.send(&owner, &inject(&vault, 900), &[]).unwrap();
    assert_eq!(only::<Injected>(&response).amount, amount(50));
    // Nothing more: an answer, and no empty transfer.
    let response = chain.send(&owner, &inject(&vault, 900), &[]).unwrap();
    assert_eq!(only::<Injected>(&response).amount, Amount::ZERO);
    assert!(response.events.iter().all(|event| event.ty != "transfer"), "{:?}", response.events);
    chain.wait(3_600);
    // A window later 20 % of the 800 that are left.
    let response = chain.send(&owner, &inject(&vault, 900), &[]).unwrap();
    assert_eq!(only::<Injected>(&response).amount, amount(160));
    assert_eq!((chain.state().first_loss, chain.state().staked), (amount(640), amount(9_000)));
    chain.assert_solvent();
}

#[test]
fn what_is_injected_counts_against_what_a_window_pays_out_in_all() {
    let half = Ratio::percent(50);
    let (mut chain, vault) =
        with_vault(FundConfig { cover_share_max: half, cover_share_per_market_max: half, ..config() });
    let owner = chain.owner.clone();
    chain.add_first_loss(1_000);
    chain.send(&owner, &inject(&vault, 400), &[]).unwrap();
    // 50 % of 600 is 300: the bucket of 500 less 400 holds 100.
    assert_eq!(chain.cover(vec![deficit(BTC, 1_000)]).total, amount(100));
    let response = chain.send(&owner, &inject(&vault, 400), &[]).unwrap();
    assert_eq!(only::<Injected>(&response).amount, Amount::ZERO);
}

#[test]
fn coins_go_to_registered_vaults_only() {
    let (mut chain, _) = with_vault(config());
    let owner = chain.owner.clone();
    chain.add_first_loss(1_000);
    let stranger = "stranger".into_addr();
    let wanted = ContractError::NotRegistered { found: stranger.to_string() };
    chain.refused(&owner, &inject(&stranger, 1), &[], wanted);
}

#[test]
fn the_deductible_stays_with_the_vault() {
    let mut chain = Chain::new(FundConfig { deductible_ratio: Ratio::percent(5), ..config() });
    chain.add_first_loss(1_000);
    // 101 less ceil(5.05)
    assert_eq!(chain.coverable(BTC, 101), amount(95));
    assert_eq!(chain.cover(vec![deficit(BTC, 101)]).total, amount(95));
    // A deficit of one unit is all deductible.
    assert_eq!(chain.cover(vec![deficit(BTC, 1)]).total, Amount::ZERO);
    assert_eq!(chain.cover(vec![deficit(BTC, u128::MAX)]).total, amount(905));
}

#[test]
fn coverage_compares_the_fund_with_a_stress_of_the_vaults_open_interest() {
    let (mut chain, vault) = with_vault(config());
    let (owner, alice, blank) = (chain.owner.clone(), chain.alice.clone(), chain.vault.clone());
    chain.add_first_loss(20_000);
    // One of the two cannot be read: no answer is better than one that counts it as nothing.
    let unreadable = ContractError::VaultUnreadable { vault: blank.to_string() };
    assert!(chain.coverage().unwrap_err().contains(&unreadable.to_string()));
    // What must never fail does not ask: covers, what they would pay, claims, coins for a pool.
    let bought = chain.stake(&alice, 1_000);
    let request = chain.request(&alice, bought);
    assert_eq!(chain.coverable(BTC, 1_000), amount(1_000));
    assert_eq!(chain.cover(vec![deficit(BTC, 1_000)]).total, amount(1_000));
    chain.wait(DAY);
    chain.claim(&alice, request).unwrap();
    chain.send(&owner, &inject(&vault, 1_000), &[]).unwrap();
    // It can be taken off the list, and then the answer is the other one's.
    chain.send(&owner, &ExecuteMsg::UnregisterVault { vault: blank.to_string() }, &[]).unwrap();
    let wanted = CoverageResponse {
        content: amount(18_000),
        open_notional: amount(OPEN_NOTIONAL),
        target: amount(50_000), // 5 %
        ratio: Some(Ratio::percent(36)),
    };
    assert_eq!(chain.coverage(), Ok(wanted));
    chain.send(&owner, &ExecuteMsg::UnregisterVault { vault: vault.to_string() }, &[]).unwrap();
    assert_eq!(chain.coverage().unwrap().ratio, None);
}
