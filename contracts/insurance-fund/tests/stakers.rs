//! Stakers' shares: their price, the way in and the way out.

use crate::common::*;
use cosmwasm_std::coins;
use firebreak_insurance_fund::ContractError;
use firebreak_messages::event::Fact;
use firebreak_messages::insurance_fund::*;
use firebreak_risk::Amount;
use proptest::prelude::*;

fn claim(request: u64) -> ExecuteMsg {
    ExecuteMsg::ClaimUnstake { request, amount_min: amount(0) }
}

#[test]
fn stake_wait_and_claim_pays_back_the_stake() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    let bought = chain.stake(&alice, 1_000_000);
    assert_eq!(bought, shares(1_000_000 * 1_000_000)); // the first staker gets 10^6 shares for each unit
    let request = chain.request(&alice, bought);
    let matures_at = chain.app.block_info().time.seconds() + DAY;
    chain.wait(DAY - 1);
    let wanted = ContractError::NotMatured { request, matures_at, now: matures_at - 1 };
    chain.refused(&alice, &claim(request), &[], wanted);
    chain.wait(1);
    let response = chain.claim(&alice, request).unwrap();
    let wanted = Unstaked { staker: alice.to_string(), request, shares: bought, amount: amount(1_000_000) };
    assert_eq!(only::<Unstaked>(&response), wanted);
    assert_eq!(chain.balance(&alice), START);
    assert_eq!((chain.state().staked, chain.state().shares), (amount(0), shares(0)));
    chain.refused(&alice, &claim(request), &[], ContractError::UnknownRequest { request });
}

#[test]
fn fees_are_split_and_raise_the_value_of_shares() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    // Without stakers all of it is first loss.
    chain.with(&bob, &ExecuteMsg::ReceiveFees {}, 100).unwrap();
    assert_eq!((chain.state().first_loss, chain.state().staked), (amount(100), amount(0)));
    chain.stake(&alice, 1_000_000);
    let response = chain.with(&bob, &ExecuteMsg::ReceiveFees {}, 101).unwrap();
    let wanted = FeesReceived { sender: bob.to_string(), to_stakers: amount(40), to_first_loss: amount(61) }; // 40.4
    assert_eq!(only::<FeesReceived>(&response), wanted);
    assert_eq!((chain.state().first_loss, chain.state().staked), (amount(161), amount(1_000_040)));
    assert_eq!(chain.state().fees_total, amount(201));
    // floor(10^12 * (1000040 + 1) / (10^12 + 10^6)) = 1000039.99..
    assert_eq!(chain.staker(&alice).value, amount(1_000_039));
}

#[test]
fn cooling_shares_are_slashed_with_the_others() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let bought = chain.stake(&alice, 1_000_000);
    chain.stake(&bob, 1_000_000);
    let request = chain.request(&alice, bought);
    chain.wait(DAY);
    // Matured, but not claimed: still in.
    assert_eq!(chain.cover(vec![deficit(BTC, 500_000)]).total, amount(500_000));
    chain.claim(&alice, request).unwrap();
    let paid = chain.balance(&alice) - (START - 1_000_000);
    assert_eq!(paid, 750_000); // half of 2000000 - 500000
    assert_eq!(chain.staker(&bob).value, amount(750_000));
    chain.assert_solvent();
}

#[test]
fn an_expired_request_is_staked_again_without_a_message() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    let bought = chain.stake(&alice, 1_000_000);
    let request = chain.request(&alice, bought);
    chain.wait(2 * DAY - 1);
    assert_eq!(chain.staker(&alice).requests.len(), 1);
    chain.wait(1);
    let staker = chain.staker(&alice);
    assert_eq!((staker.shares, staker.requests), (bought, vec![]));
    chain.refused(&alice, &claim(request), &[], ContractError::UnknownRequest { request });
    // The shares are free again, and the new request has an id of its own.
    assert_eq!(chain.request(&alice, bought), request + 1);
}

#[test]
fn a_request_can_be_taken_back() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    let bought = chain.stake(&alice, 1_000_000);
    let request = chain.request(&alice, bought);
    let response = chain.send(&alice, &ExecuteMsg::CancelUnstake { request }, &[]).unwrap();
    let wanted = UnstakeCanceled { staker: alice.to_string(), request, shares: bought };
    assert_eq!(only::<UnstakeCanceled>(&response), wanted);
    assert_eq!(chain.staker(&alice).shares, bought);
    let again = ExecuteMsg::CancelUnstake { request };
    chain.refused(&alice, &again, &[], ContractError::UnknownRequest { request });
}

#[test]
fn requests_are_bounded_by_shares_and_number() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let bought = chain.stake(&alice, 100);
    let all_and_one = shares(bought.atoms() + 1);
    let wanted = ContractError::InsufficientShares { wanted: all_and_one, found: bought };
    chain.refused(&alice, &ExecuteMsg::RequestUnstake { shares: all_and_one }, &[], wanted);
    let wanted = ContractError::InsufficientShares { wanted: shares(1), found: shares(0) };
    chain.refused(&bob, &ExecuteMsg::RequestUnstake { shares: shares(1) }, &[], wanted);
    let wanted = ContractError::OutOfBounds { what: "shares", wanted: "above 0".into(), found: "0".into() };
    chain.refused(&alice, &ExecuteMsg::RequestUnstake { shares: shares(0) }, &[], wanted);
    for _ in 0..REQUESTS_MAX {
        chain.request(&alice, shares(1));
    }
    let wanted = ContractError::TooManyRequests { max: REQUESTS_MAX };
    chain.refused(&alice, &ExecuteMsg::RequestUnstake { shares: shares(1) }, &[], wanted);
}

#[test]
fn minimums_of_the_sender_are_honoured() {
    let mut chain = Chain::new(config());
    let alice = chain.alice.clone();
    let msg = ExecuteMsg::Stake { shares_min: shares(100_000_001) };
    let wanted = ContractError::TooFewShares { wanted: shares(100_000_001), found: shares(100_000_000) };
    chain.refused(&alice, &msg, &coins(100, DENOM), wanted);
    // What it gives is enough.
    let exact = ExecuteMsg::Stake { shares_min: shares(100_000_000) };
    chain.with(&alice, &exact, 100).unwrap();
    let bought = chain.staker(&alice).shares;
    assert_eq!(bought, shares(100_000_000));
    let request = chain.request(&alice, bought);
    chain.wait(DAY);
    let wanted = ContractError::TooLittlePaid { wanted: amount(101), found: amount(100) };
    chain.refused(&alice, &ExecuteMsg::ClaimUnstake { request, amount_min: amount(101) }, &[], wanted);
}

//
#[test]
fn shares_of_a_tranche_that_was_used_up_end_and_the_next_staker_starts_afresh() {
    let mut chain = Chain::new(config());
    let (alice, bob, vault) = (chain.alice.clone(), chain.bob.clone(), chain.vault.clone());
    let bought = chain.stake(&alice, 1_000);
    let request = chain.request(&alice, bought);
    let cover = ExecuteMsg::Cover { deficits: vec![deficit(BTC, 1_000)] };
    let response = chain.send(&vault, &cover, &[]).unwrap();
    let wanted = SharesRolled { wiped: 1, scaled: 0, shares_before: bought, shares: shares(0) };
    assert_eq!(only::<SharesRolled>(&response), wanted);
    let gone = chain.staker(&alice);
    assert_eq!((gone.value, gone.shares, gone.requests), (Amount::ZERO, shares(0), vec![]));
    // Fees that come before anybody stakes are nobody's present.
    chain.with(&bob, &ExecuteMsg::ReceiveFees {}, 100).unwrap();
    assert_eq!((chain.state().staked, chain.state().first_loss), (amount(0), amount(100)));
    assert_eq!(chain.stake(&bob, 1_000), shares(1_000_000_000));
    assert_eq!(chain.staker(&bob).value, amount(1_000));
    chain.wait(DAY);
    chain.refused(&alice, &claim(request), &[], ContractError::UnknownRequest { request });
    // Who lost everything may come back, with new shares and a new request.
    let again = chain.stake(&alice, 500);
    assert_eq!(chain.request(&alice, again), request + 1);
    chain.assert_solvent();
}

// a claim rounds too. 900001 of 900001 are paid for all shares but one, and that one is then worth nothing.
#[test]
fn shares_that_a_claim_leaves_without_a_coin_end_and_staking_goes_on() {
    // Of bob's million shares so many stay; alice has 10^12, and 10 % of 10^6 + 1 are lost.
    for (left, paid, rest) in [
        (0, 900_001, None),
        (1, 900_001, Some(1)),
        (100_000, 900_001, Some(100_000)),
        // (10^6 + left) * 900001 <= 10^12: from here on the last unit stays with bob's.
        (111_109, 900_001, Some(111_109)),
        (111_110, 900_000, None),
        (1_000_000, 900_000, None),
    ] {
        let mut chain = Chain::new(config());
        let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
        let bought = chain.stake(&alice, 1_000_000);
        let small = chain.stake(&bob, 1);
        assert_eq!((bought, small), (shares(1_000_000_000_000), shares(1_000_000)));
        chain.cover(vec![deficit(BTC, 100_000)]);
        assert_eq!(chain.state().staked, amount(900_001));
        let leaves = small.minus(shares(left)).unwrap();
        let of_bob = (!leaves.is_zero()).then(|| chain.request(&bob, leaves));
        let of_alice = chain.request(&alice, bought);
        chain.wait(DAY);
        let of_bob = of_bob.map_or(0, |request| only::<Unstaked>(&chain.claim(&bob, request).unwrap()).amount.atoms());
        assert_eq!(of_bob, 0, "{left}"); // less than a unit, rounded down
        let worth = chain.staker(&bob).value;
        let response = chain.claim(&alice, of_alice).unwrap();
        assert_eq!(only::<Unstaked>(&response).amount, amount(paid), "{left}");
        let rolled =
            rest.map(|rest| SharesRolled { wiped: 1, scaled: 0, shares_before: shares(rest), shares: shares(0) });
        assert_eq!(SharesRolled::all(&response.events), Vec::from_iter(rolled), "{left}");
        if rest.is_some() {
            // They were worth less than a unit before, and are gone.
            assert_eq!((worth, chain.staker(&bob).shares), (Amount::ZERO, shares(0)));
            assert_eq!((chain.state().staked, chain.state().shares), (amount(0), shares(0)));
        }
        // Anybody stakes at once, and nobody's coins are shared with what is gone.
        let carol = chain.vault.clone();
        chain.stake(&carol, 1_000_000);
        assert!(chain.staker(&carol).value >= amount(999_999), "{left}: {}", chain.staker(&carol).value);
        chain.assert_solvent();
    }
}

#[test]
fn shares_do_not_overflow_however_often_nearly_everything_is_lost() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let stake = 1_000_000_000;
    chain.stake(&alice, 1);
    let mut lost = 0;
    for round in 0..12 {
        chain.stake(&bob, stake);
        chain.wait(3_600);
        let staked = chain.state().staked.atoms();
        chain.cover(vec![deficit(BTC, staked - 1)]);
        lost += staked - 1;
        // What one unit is left of is still theirs together, and no more than that.
        let values = chain.staker(&alice).value.atoms() + chain.staker(&bob).value.atoms();
        assert!(values <= 1, "round {round}: {values}");
        assert_eq!(chain.state().staked, amount(1), "round {round}");
        assert!(chain.state().shares.atoms() < 10u128.pow(34), "round {round}");
    }
    assert_eq!(chain.balance(&chain.vault), START + lost);
    // A staker after all that gets the price of now.
    chain.stake(&bob, stake);
    assert!(chain.staker(&bob).value.atoms() >= stake - 1);
    chain.assert_solvent();
}

// losses come in rows; the first one is no signal to leave the others to the rest.
#[test]
fn a_matured_claim_waits_after_a_cover_but_never_for_ever() {
    let hold = 7_200;
    let mut chain = Chain::new(FundConfig { claim_window_seconds: 3_600, cover_hold_seconds: hold, ..config() });
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let bought = chain.stake(&alice, 1_000_000);
    chain.stake(&bob, 1_000_000);
    let request = chain.request(&alice, bought);
    let matures_at = chain.app.block_info().time.seconds() + DAY;
    assert_eq!(chain.staker(&alice).requests[0].expires_at, matures_at + 3_600 + hold);
    chain.wait(DAY - 60);
    chain.cover(vec![deficit(BTC, 100)]);
    chain.wait(60);
    let waits = |last_cover_at, until, now| ContractError::CoverPending { request, last_cover_at, until, now };
    let until = matures_at - 60 + hold;
    chain.refused(&alice, &claim(request), &[], waits(matures_at - 60, until, matures_at));
    // A second loss: together they hold it up no longer than `hold` after it matured, whoever makes more of them.
    chain.wait(hold - 1);
    chain.cover(vec![deficit(BTC, 100)]);
    let now = matures_at + hold - 1;
    chain.refused(&alice, &claim(request), &[], waits(now, matures_at + hold, now));
    // An empty cover and one of nothing are no losses.
    chain.wait(1);
    chain.cover(vec![deficit(BTC, 0)]);
    assert_eq!(chain.state().last_cover_at, now);
    chain.claim(&alice, request).unwrap();
    assert_eq!(chain.balance(&alice), START - 100); // half of both losses
}

//
#[test]
fn a_longer_claim_window_does_not_waive_the_hold_of_a_waiting_request() {
    let hold = 7_200;
    let short = FundConfig { claim_window_seconds: 3_600, cover_hold_seconds: hold, ..config() };
    let mut chain = Chain::new(short.clone());
    let (alice, owner) = (chain.alice.clone(), chain.owner.clone());
    let bought = chain.stake(&alice, 1_000_000);
    let request = chain.request(&alice, bought);
    let matures_at = chain.app.block_info().time.seconds() + DAY;
    let long = FundConfig { claim_window_seconds: 3_600 + hold, ..short };
    chain.send(&owner, &ExecuteMsg::Configure { config: long }, &[]).unwrap();
    chain.wait(DAY);
    chain.cover(vec![deficit(BTC, 100)]);
    let waits = |now| ContractError::CoverPending { request, last_cover_at: matures_at, until: matures_at + hold, now };
    chain.refused(&alice, &claim(request), &[], waits(matures_at));
    chain.wait(hold - 1);
    chain.refused(&alice, &claim(request), &[], waits(matures_at + hold - 1));
    chain.wait(1);
    chain.claim(&alice, request).unwrap();
}

//
#[test]
fn a_longer_hold_does_not_let_a_waiting_request_expire() {
    let short = FundConfig { claim_window_seconds: 3_600, cover_hold_seconds: 600, ..config() };
    let mut chain = Chain::new(short.clone());
    let (alice, owner) = (chain.alice.clone(), chain.owner.clone());
    let bought = chain.stake(&alice, 1_000_000);
    let request = chain.request(&alice, bought);
    let matures_at = chain.app.block_info().time.seconds() + DAY;
    let long = FundConfig { cover_hold_seconds: 7_200, ..short };
    chain.send(&owner, &ExecuteMsg::Configure { config: long }, &[]).unwrap();
    chain.wait(DAY);
    chain.cover(vec![deficit(BTC, 100)]);
    chain.wait(599);
    let (until, now) = (matures_at + 600, matures_at + 599);
    let wanted = ContractError::CoverPending { request, last_cover_at: matures_at, until, now };
    chain.refused(&alice, &claim(request), &[], wanted);
    chain.wait(1);
    chain.claim(&alice, request).unwrap();
    assert_eq!(chain.balance(&alice), START - 100);
}

#[test]
fn inflating_the_first_shares_costs_more_than_it_takes() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    // The attacker stakes one unit and sends a million beside the books: no price moves.
    chain.stake(&bob, 1);
    chain.donate(&bob, 1_000_000);
    chain.stake(&alice, 1_000);
    assert_eq!(chain.staker(&alice).value, amount(1_000));
    // Through fees the price does move, and most of the present goes to first loss and to the shares of nobody.
    chain.with(&bob, &ExecuteMsg::ReceiveFees {}, 1_000_000).unwrap();
    assert!(chain.staker(&bob).value < amount(1_000));
}

#[test]
fn what_rounding_leaves_behind_becomes_first_loss() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    let bought = chain.stake(&alice, 1_000_000);
    chain.with(&bob, &ExecuteMsg::ReceiveFees {}, 101).unwrap();
    let request = chain.request(&alice, bought);
    chain.wait(DAY);
    let response = chain.claim(&alice, request).unwrap();
    assert_eq!(only::<Unstaked>(&response).amount, amount(1_000_039)); // of 1000040
    assert_eq!(only::<FirstLossAdded>(&response).amount, amount(1));
    let state = chain.state();
    assert_eq!((state.first_loss, state.staked, state.shares), (amount(62), amount(0), shares(0)));
}

#[test]
fn stakers_are_paged_by_address() {
    let mut chain = Chain::new(config());
    let (alice, bob) = (chain.alice.clone(), chain.bob.clone());
    chain.stake(&alice, 10);
    chain.stake(&bob, 20);
    let page = |start_after: Option<String>| {
        let question = QueryMsg::Stakers { start_after, limit: Some(1) };
        chain.app.wrap().query_wasm_smart::<StakersResponse>(&chain.fund, &question).unwrap().stakers
    };
    let first = page(None);
    let second = page(Some(first[0].address.clone()));
    let third = page(Some(second[0].address.clone()));
    let mut seen = vec![first[0].value.atoms(), second[0].value.atoms()];
    seen.sort_unstable();
    assert_eq!((seen, third), (vec![10, 20], vec![]));
}

#[derive(Debug, Clone)]
enum Step {
    Stake { who: usize, atoms: u128 },
    Leave { who: usize, percent: u128 },
    Fees { atoms: u128 },
    Cover { atoms: u128 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..2usize, 1..5_000_000u128).prop_map(|(who, atoms)| Step::Stake { who, atoms }),
        (0..2usize, 1..=100u128).prop_map(|(who, percent)| Step::Leave { who, percent }),
        (1..1_000_000u128).prop_map(|atoms| Step::Fees { atoms }),
        (1..1_000_000u128).prop_map(|atoms| Step::Cover { atoms }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Staking and leaving at once, with nothing in between, never pays more than was put in.
    #[test]
    fn stake_and_leave_never_profits(
        first in 1..10_000_000u128, fees in 1..10_000_000u128, loss in 0..9_000_000u128, mine in 1..10_000_000u128
    ) {
        let mut chain = Chain::new(config());
        let (alice, bob, vault) = (chain.alice.clone(), chain.bob.clone(), chain.vault.clone());
        chain.stake(&alice, first);
        chain.with(&vault, &ExecuteMsg::ReceiveFees {}, fees).unwrap();
        chain.cover(vec![deficit(BTC, loss)]);
        {
            chain.with(&bob, &ExecuteMsg::Stake { shares_min: shares(0) }, mine).unwrap();
            let request = chain.request(&bob, chain.staker(&bob).shares);
            chain.wait(DAY);
            chain.claim(&bob, request).unwrap();
            prop_assert!(chain.balance(&bob) <= START);
            chain.assert_solvent();
        }
    }

    /// Whatever happens, what everybody could claim is at most what the tranche holds, and coins are there for all of
    /// it.
    #[test]
    fn claims_never_exceed_what_is_held(steps in proptest::collection::vec(step(), 1..24)) {
        let mut chain = Chain::new(config());
        let people = [chain.alice.clone(), chain.bob.clone()];
        let (vault, fund) = (chain.vault.clone(), chain.fund.clone());
        for step in steps {
            let coins_before = chain.balance(&vault) + chain.balance(&fund)
                + people.iter().map(|person| chain.balance(person)).sum::<u128>();
            match step {
                Step::Stake { who, atoms } => {
                    // No staker is refused because of what others lost or left: only a stake of less than one share is.
                    let FundResponse { staked, shares: supply, .. } = chain.state();
                    let price_met = atoms * (supply.atoms() + 1_000_000) > staked.atoms();
                    match chain.with(&people[who], &ExecuteMsg::Stake { shares_min: shares(0) }, atoms) {
                        Ok(_) => prop_assert!(price_met),
                        Err(error) => {
                            prop_assert!(!price_met, "{}", error);
                            prop_assert_eq!(error, ContractError::TooFewShares { wanted: shares(1), found: shares(0) });
                        }
                    }
                }
                Step::Leave { who, percent } => {
                    let part = shares(chain.staker(&people[who]).shares.atoms() * percent / 100);
                    if !part.is_zero() {
                        let request = chain.request(&people[who], part);
                        chain.wait(DAY);
                        chain.claim(&people[who], request).unwrap();
                    }
                }
                Step::Fees { atoms } => {
                    chain.with(&vault, &ExecuteMsg::ReceiveFees {}, atoms).unwrap();
                }
                Step::Cover { atoms } => {
                    chain.cover(vec![deficit(BTC, atoms)]);
                }
            }
            let state = chain.state();
            let values: u128 = people.iter().map(|person| chain.staker(person).value.atoms()).sum();
            prop_assert!(values <= state.staked.atoms());
            prop_assert_eq!(state.first_loss.atoms() + state.staked.atoms(), chain.balance(&fund));
            let coins_after = chain.balance(&vault) + chain.balance(&fund)
                + people.iter().map(|person| chain.balance(person)).sum::<u128>();
            prop_assert_eq!(coins_after, coins_before);
        }
    }
}
