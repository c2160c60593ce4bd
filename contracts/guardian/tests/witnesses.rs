//! who is a witness. An account that cannot be read is refused when it is named, and kept when it was named before; one that an operation
//! is not about is passed over.

use crate::common::*;
use cw_multi_test::{Executor, IntoAddr};
use firebreak_guardian::ContractError;
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::guardian::*;
use firebreak_messages::AccountId;

#[test]
fn who_cannot_be_read_is_not_named_and_stays_one_if_it_was() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let vault = chain.suite.derivatives_vault.clone();
    let operation = chain.schedule(vec![execute(&vault, &VaultMsg::Configure { parameters: vault_parameters() })]);
    let of = |name: &str, subaccount| AccountId { owner: name.into_addr().to_string(), subaccount };
    let (alice, bob, carol, gone) = (of("alice", 0), of("bob", 1), of("carol", 0), of("dave", u8::MAX));
    let name = |accounts: &[&AccountId]| ExecuteMsg::Witness {
        operation,
        accounts: accounts.iter().map(|account| (*account).clone()).collect(),
    };
    let kept = |chain: &Chain| -> Vec<AccountId> {
        let kept: WitnessesResponse = chain.ask(QueryMsg::Witnesses { operation });
        kept.witnesses.into_iter().map(|witness| witness.account).collect()
    };
    chain.send(&anyone, &name(&[&alice])).unwrap();
    chain.app.execute_contract(anyone.clone(), cosmwasm_std::Addr::unchecked(vault), &"close", &[]).unwrap();
    let unreadable = ContractError::AccountUnreadable { account: carol.clone() };
    chain.refused(&anyone, &name(&[&bob, &carol]), unreadable);
    assert_eq!(kept(&chain), std::slice::from_ref(&alice));
    // Who is to be liquidated as it is tells nothing of a change.
    let named = only::<WitnessesNamed>(&chain.send(&anyone, &name(&[&bob, &gone])).unwrap());
    assert_eq!(named, WitnessesNamed { operation, kept: 2 });
    assert_eq!(kept(&chain), [bob, alice], "behind whoever can be read");
}

// the stub's accounts have a position in market 1. Others are harmed by nothing, and take no place.
#[test]
fn who_has_no_position_in_a_market_that_is_configured_is_no_witness() {
    let mut chain = Chain::new();
    let anyone = "anyone".into_addr();
    let market = |chain: &Chain, number| chain.configure_market(number, market_config());
    let parameters = |chain: &Chain| {
        execute(&chain.suite.derivatives_vault, &VaultMsg::Configure { parameters: vault_parameters() })
    };
    let alice = AccountId { owner: "alice".into_addr().to_string(), subaccount: 0 };
    let cases = [
        (vec![market(&chain, 1)], 1),
        (vec![market(&chain, 2)], 0),
        (vec![market(&chain, 11)], 0),
        // One of its calls is enough, and the parameters are those of all markets.
        (vec![market(&chain, 2), market(&chain, 1)], 1),
        (vec![market(&chain, 2), parameters(&chain)], 1),
        (vec![market(&chain, 2), chain.guard(1)], 0),
    ];
    for (index, (calls, kept)) in cases.into_iter().enumerate() {
        let operation = chain.schedule(calls);
        let msg = ExecuteMsg::Witness { operation, accounts: vec![alice.clone()] };
        let named = only::<WitnessesNamed>(&chain.send(&anyone, &msg).unwrap());
        assert_eq!(named, WitnessesNamed { operation, kept }, "{index}");
        let shown: WitnessesResponse = chain.ask(QueryMsg::Witnesses { operation });
        assert_eq!(shown.witnesses.len() as u64, kept, "{index}");
    }
}
