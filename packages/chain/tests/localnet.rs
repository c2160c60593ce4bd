//! The client and the local chain. Needs `scripts/localnet up --clock SECONDS` and its `env`.

use cosmwasm_std::coins;
use firebreak_chain::localnet::DENOM;
use firebreak_chain::{message, ChainError, Gas, Localnet};

#[test]
#[ignore = "needs a local chain: scripts/localnet"]
fn coins_move_and_what_cannot_be_paid_is_refused_by_a_simulation_and_in_a_block() {
    let mut net = Localnet::from_env().unwrap();
    let (alice, bob) = (net.address("alice"), net.address("bob"));
    let before = net.client.balance(&bob, DENOM).unwrap();
    let pay = |amount: u128| message::send(&alice, &bob, &coins(amount, DENOM)).unwrap();
    let tx = net.send("alice", &[pay(7), pay(8)], Gas::Simulated).unwrap();
    assert!(tx.gas_used > 0 && tx.gas_used <= tx.gas_wanted);
    assert_eq!(net.client.balance(&bob, DENOM).unwrap(), before + 15);

    let wealth = net.client.balance(&alice, DENOM).unwrap();
    for gas in [Gas::Simulated, Gas::Limit(200_000)] {
        let refused = net.send("alice", &[pay(1), pay(wealth)], gas).unwrap_err();
        assert!(matches!(&refused, ChainError::Refused { log, .. } if log.contains("insufficient funds")), "{refused}");
    }
    assert_eq!(net.client.balance(&bob, DENOM).unwrap(), before + 15);
    // The sequence is right again after refusals.
    net.send("alice", &[pay(1)], Gas::Simulated).unwrap();
}

#[test]
#[ignore = "needs a local chain: scripts/localnet"]
fn the_clock_moves_as_far_as_it_is_told() {
    let net = Localnet::from_env().unwrap();
    for step in [1, 3_600, 172_800] {
        let before = net.now().unwrap();
        net.advance(step).unwrap();
        assert_eq!(net.now().unwrap(), before + step);
    }
}

#[test]
#[ignore = "needs a local chain: scripts/localnet"]
fn what_the_chain_does_not_know_is_none_and_what_is_malformed_is_an_error() {
    let net = Localnet::from_env().unwrap();
    assert!(net.client.contract(&net.address("alice")).unwrap().is_none());
    assert!(net.client.code(1_000_000).unwrap().is_none());
    assert!(net.client.contract("wasm1nothing").is_err());
}

#[test]
#[ignore = "needs a local chain: scripts/localnet"]
fn a_connection_that_the_node_has_closed_is_not_used_again() {
    let net = Localnet::from_env().unwrap();
    net.now().unwrap();
    // CometBFT hangs up after ten seconds without a request.
    std::thread::sleep(std::time::Duration::from_secs(12));
    net.now().unwrap();
}
