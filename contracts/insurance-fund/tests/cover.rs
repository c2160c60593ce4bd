//! Paying deficits: who may ask, what is paid, from which tranche, and what the windows allow.

use crate::common::*;
use cosmwasm_std::coins;
use firebreak_insurance_fund::ContractError;
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::*;
use firebreak_messages::{MarketId, MARKETS_MAX};
use firebreak_risk::{Amount, Ratio};

fn halves() -> FundConfig {
    FundConfig { cover_share_max: Ratio::percent(50), cover_share_per_market_max: Ratio::percent(20), ..config() }
}

#[test]
fn first_loss_pays_before_stakers() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    chain.add_first_loss(1_000);
    chain.stake(&alice, 500);
    chain.wait(3_600); // A window: the stake counts.
    let answer = chain.cover(vec![deficit(BTC, 400)]);
    assert_eq!(answer.total, amount(400));
    assert_eq!((chain.state().first_loss, chain.state().staked), (amount(600), amount(500)));
    // 600 + 100 of the stakers
    let vault = chain.vault.clone();
    let response = chain.send(&vault, &ExecuteMsg::Cover { deficits: vec![deficit(ETH, 700)] }, &[]).unwrap();
    let wanted = DeficitCovered {
        vault: vault.to_string(),
        market: ETH,
        asked: amount(700),
        from_first_loss: amount(600),
        from_stakers: amount(100),
    };
    assert_eq!(only::<DeficitCovered>(&response), wanted);
    assert_eq!((chain.state().first_loss, chain.state().staked), (amount(0), amount(400)));
    assert_eq!(chain.staker(&alice).value, amount(400));
    assert_eq!(chain.balance(&vault), START + 1_100);
    assert_eq!(chain.state().covered_total, amount(1_100));
    chain.assert_solvent();
}

#[test]
fn a_fund_that_is_short_pays_what_it_has_in_the_order_of_the_deficits() {
    let mut chain = Chain::new(config());
    chain.add_first_loss(1_000);
    let asked = vec![deficit(BTC, 600), deficit(ETH, 0), deficit(ETH, 600), deficit(BTC, 5)];
    assert_eq!(chain.coverable(BTC, 2_000), amount(1_000));
    let answer = chain.cover(asked);
    let paid = vec![deficit(BTC, 600), deficit(ETH, 0), deficit(ETH, 400), deficit(BTC, 0)];
    assert_eq!(answer, CoverResponse { paid, total: amount(1_000) });
    assert_eq!(chain.balance(&chain.fund), 0);
}

#[test]
fn an_empty_fund_answers_zero_and_sends_nothing() {
    let mut chain = Chain::new(config());
    let vault = chain.vault.clone();
    let msg = ExecuteMsg::Cover { deficits: vec![deficit(BTC, 600), deficit(ETH, 1)] };
    let response = chain.send(&vault, &msg, &[]).unwrap();
    let facts = DeficitCovered::all(&response.events);
    assert_eq!(facts.iter().map(|fact| fact.asked).collect::<Vec<_>>(), [amount(600), amount(1)]);
    assert!(facts.iter().all(|fact| fact.from_first_loss.is_zero() && fact.from_stakers.is_zero()));
    assert!(response.events.iter().all(|event| event.ty != "transfer"), "{:?}", response.events);
    assert_eq!(chain.cover(vec![]), CoverResponse { paid: vec![], total: Amount::ZERO });
}

#[test]
fn coins_of_one_cover_come_in_one_payment() {
    let mut chain = Chain::new(config());
    chain.add_first_loss(1_000);
    let vault = chain.vault.clone();
    let msg = ExecuteMsg::Cover { deficits: vec![deficit(BTC, 100), deficit(ETH, 200)] };
    let response = chain.send(&vault, &msg, &[]).unwrap();
    let transfers: Vec<_> = response.events.iter().filter(|event| event.ty == "transfer").collect();
    assert_eq!(transfers.len(), 1);
    assert!(transfers[0].attributes.iter().any(|attribute| attribute.value == "300uusdc"));
}

#[test]
fn nobody_but_a_registered_vault_is_paid() {
    let mut chain = Chain::new(config());
    chain.add_first_loss(1_000);
    let msg = ExecuteMsg::Cover { deficits: vec![deficit(BTC, 1)] };
    for stranger in [chain.alice.clone(), chain.owner.clone(), chain.fund.clone()] {
        chain.refused(&stranger, &msg, &[], ContractError::NotRegistered { found: stranger.to_string() });
    }
    let (owner, vault) = (chain.owner.clone(), chain.vault.clone());
    let unregister = ExecuteMsg::UnregisterVault { vault: vault.to_string() };
    chain.send(&owner, &unregister, &[]).unwrap();
    chain.refused(&vault, &msg, &[], ContractError::NotRegistered { found: vault.to_string() });
    assert_eq!(chain.coverable(BTC, 1), Amount::ZERO);
}

#[test]
fn a_cover_takes_no_coins_and_a_bounded_number_of_deficits() {
    let mut chain = Chain::new(config());
    let vault = chain.vault.clone();
    let msg = ExecuteMsg::Cover { deficits: vec![] };
    chain.refused(&vault, &msg, &coins(1, DENOM), ContractError::UnexpectedFunds { found: "1uusdc".into() });
    let deficits: Vec<_> = (0..=MARKETS_MAX as u16).map(|market| deficit(MarketId(market), 1)).collect();
    let wanted = ContractError::OutOfBounds { what: "deficits", wanted: "at most 32".into(), found: "33".into() };
    chain.refused(&vault, &ExecuteMsg::Cover { deficits }, &[], wanted);
}

#[test]
fn a_window_pays_its_share_and_then_only_what_time_brings_back() {
    let mut chain = Chain::new(FundConfig { cover_share_per_market_max: Ratio::percent(50), ..halves() });
    chain.add_first_loss(1_000);
    assert_eq!(chain.cover(vec![deficit(BTC, 10_000)]).total, amount(500)); // 50 % of 1000
    assert_eq!(chain.state().window_left, Amount::ZERO);
    assert_eq!(chain.cover(vec![deficit(ETH, 10_000)]).total, Amount::ZERO);
    chain.wait(1_800);
    // Size is 50 % of the 500 that are left; half a window brings back half of it. No edge gives a whole new cap.
    assert_eq!(chain.coverable(ETH, 10_000), amount(125));
    assert_eq!(chain.cover(vec![deficit(ETH, 10_000)]).total, amount(125));
    chain.wait(1);
    assert_eq!(chain.cover(vec![deficit(ETH, 10_000)]).total, Amount::ZERO); // 187 / 3600 s
}

#[test]
fn coins_that_come_in_after_a_loss_do_not_reopen_the_window() {
    let mut chain = Chain::new(FundConfig { cover_share_per_market_max: Ratio::percent(50), ..halves() });
    chain.add_first_loss(1_000);
    chain.cover(vec![deficit(BTC, 500)]);
    chain.add_first_loss(1_000_000);
    assert_eq!(chain.coverable(BTC, 10_000), Amount::ZERO);
    let state = chain.state();
    chain.wait(state.window_ends_at - chain.app.block_info().time.seconds());
    assert_eq!(chain.state().window_left, amount(500_250)); // 50 % of 1000500
}

#[test]
fn one_market_draws_at_most_its_own_share() {
    let mut chain = Chain::new(halves());
    chain.add_first_loss(1_000);
    // 20 % of 1000 each; the third finds 500 - 400 in the window of all markets.
    let answer = chain.cover(vec![deficit(BTC, 900), deficit(BTC, 900), deficit(ETH, 900), deficit(MarketId(3), 900)]);
    let paid = vec![deficit(BTC, 200), deficit(BTC, 0), deficit(ETH, 200), deficit(MarketId(3), 100)];
    assert_eq!(answer, CoverResponse { paid, total: amount(500) });
    chain.wait(3_600);
    // All windows are full again, at the size of what is left: 20 % of 500.
    assert_eq!(chain.coverable(BTC, 900), amount(100));
    assert_eq!(chain.state().window_left, amount(250));
}

#[test]
fn a_market_window_remembers_between_covers() {
    let mut chain = Chain::new(halves());
    chain.add_first_loss(1_000);
    assert_eq!(chain.cover(vec![deficit(BTC, 150)]).total, amount(150));
    // Size is now min(200, 20 % of 850) = 170: 50 are left of it.
    assert_eq!(chain.cover(vec![deficit(BTC, 150)]).total, amount(50));
    assert_eq!(chain.cover(vec![deficit(BTC, 150)]).total, amount(0));
    assert_eq!(chain.cover(vec![deficit(ETH, 150)]).total, amount(150));
}

#[test]
fn a_vault_that_invents_markets_gets_no_further_than_the_window_of_all() {
    let mut chain = Chain::new(FundConfig { cover_share_per_market_max: Ratio::percent(1), ..halves() });
    chain.add_first_loss(1_000_000);
    let mut total = 0;
    for round in 0..4u16 {
        let deficits = (0..32).map(|market| deficit(MarketId(round * 32 + market), u128::MAX)).collect();
        total += chain.cover(deficits).total.atoms();
    }
    // 32 records are kept; the 33rd market is not served while they are in use.
    assert!(total <= 500_000, "{total}");
    assert!(total >= 270_000, "{total}");
    chain.assert_solvent();
}

#[test]
fn donations_are_never_paid_out() {
    let mut chain = Chain::new(config());
    let bob = chain.bob.clone();
    chain.add_first_loss(100);
    chain.donate(&bob, 5_000);
    assert_eq!(chain.coverable(BTC, 1_000), amount(100));
    assert_eq!(chain.cover(vec![deficit(BTC, 1_000)]).total, amount(100));
    assert_eq!(chain.balance(&chain.fund), 5_000);
}

#[test]
fn two_vaults_share_the_window_of_all_but_not_their_markets() {
    let mut chain = Chain::new(halves());
    let (owner, second) = (chain.owner.clone(), chain.vault_of(DENOM, 0));
    chain.send(&owner, &ExecuteMsg::RegisterVault { vault: second.to_string() }, &[]).unwrap();
    chain.add_first_loss(1_000);
    assert_eq!(chain.cover(vec![deficit(BTC, 900)]).total, amount(200));
    let msg = ExecuteMsg::Cover { deficits: vec![deficit(BTC, 900)] };
    let response = chain.send(&second, &msg, &[]).unwrap();
    // Its own market 1 is full: 20 % of 800.
    assert_eq!(only::<DeficitCovered>(&response).from_first_loss, amount(160));
    // Nobody would get more than the first vault does now.
    assert_eq!(chain.coverable(BTC, 900), amount(0));
}

fn a_tenth_a_week() -> FundConfig {
    FundConfig {
        cooldown_seconds: 3_600,
        claim_window_seconds: 3_600,
        cover_share_max: Ratio::percent(10),
        cover_share_per_market_max: Ratio::percent(10),
        cover_window_seconds: 7 * DAY,
        ..config()
    }
}

// A lying vault with a rich friend: a tenth of the fund in a week is the promise.
#[test]
fn a_stake_of_one_hour_does_not_let_out_the_first_loss_of_others() {
    let mut chain = Chain::new(a_tenth_a_week());
    let alice = chain.alice.clone();
    chain.add_first_loss(1_000_000);
    let before = chain.balance(&alice);
    let bought = chain.stake(&alice, 9_000_000);
    let request = chain.request(&alice, bought);
    // 10 % of the 1000000 that were there; the market's own window has not grown either.
    assert_eq!(chain.coverable(BTC, 10_000_000), amount(100_000));
    assert_eq!(chain.cover(vec![deficit(BTC, 10_000_000)]).total, amount(100_000));
    chain.wait(3_600);
    // An hour of a week brings 10 % of 9900000 * 3600 / 604800.
    assert_eq!(chain.cover(vec![deficit(ETH, 10_000_000)]).total, amount(5_892));
    chain.claim(&alice, request).unwrap();
    assert!(before - chain.balance(&alice) <= 2);
    assert_eq!(chain.state().first_loss, amount(894_108));
    chain.assert_solvent();
}

#[test]
fn coins_count_fully_when_they_have_stayed_for_a_window() {
    let mut chain = Chain::new(a_tenth_a_week());
    let alice = chain.alice.clone();
    chain.add_first_loss(1_000_000);
    chain.stake(&alice, 9_000_000);
    let grows_until = chain.state().window_ends_at;
    chain.wait(DAY);
    // 100000 + 1000000 / 7
    assert_eq!(chain.state().window_left, amount(242_857));
    // Fees that come in on the way neither speed it up nor set it back.
    chain.with(&alice, &ExecuteMsg::ReceiveFees {}, 10).unwrap();
    assert_eq!(chain.state().window_left, amount(242_857));
    assert!(grows_until <= chain.app.block_info().time.seconds() + 6 * DAY);
    chain.wait(6 * DAY);
    assert_eq!(chain.state().window_left, amount(1_000_001));
}

#[test]
fn leaving_and_coming_back_does_not_refill_a_used_window() {
    let half = Ratio::percent(50);
    let config = FundConfig { cover_share_max: half, cover_share_per_market_max: half, ..a_tenth_a_week() };
    let mut chain = Chain::new(config);
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    chain.stake(&bob, 400_000);
    let bought = chain.stake(&alice, 600_000);
    chain.wait(7 * DAY);
    let request = chain.request(&alice, bought);
    chain.wait(3_600);
    assert_eq!(chain.cover(vec![deficit(BTC, 250_000)]).total, amount(250_000));
    chain.claim(&alice, request).unwrap();
    chain.cover(vec![deficit(BTC, 0)]);
    chain.stake(&alice, 450_000);
    // Bob's 300000 are what was there: 50 % of them, and what alice brought back counts like any new coins.
    assert_eq!(chain.cover(vec![deficit(BTC, 10_000_000)]).total, amount(150_000));
    assert_eq!(chain.cover(vec![deficit(ETH, 10_000_000)]).total, Amount::ZERO);
    chain.assert_solvent();
}

#[test]
fn what_comes_into_a_fund_that_was_emptied_counts_like_any_new_coins() {
    let mut chain = Chain::new(a_tenth_a_week());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let bought = [600_000, 400_000].map(|atoms| chain.stake(&alice, atoms));
    let requests = bought.map(|shares| chain.request(&alice, shares));
    chain.wait(3_600);
    for request in requests {
        chain.claim(&alice, request).unwrap();
    }
    assert_eq!(chain.state().staked, Amount::ZERO);
    // The window grows towards what is there, which is nothing.
    chain.wait(8 * DAY);
    chain.stake(&bob, 1_000_000);
    assert_eq!(chain.coverable(BTC, 10_000_000), Amount::ZERO);
    chain.wait(DAY);
    // 10 % of 1000000 / 7
    assert_eq!(chain.cover(vec![deficit(BTC, 10_000_000)]).total, amount(14_285));
    chain.assert_solvent();
}
