//! The end of a vault on the whole suite: decided by the DAO in the slowest class, carried out by keepers, checked by every invariant
//! after every step.

use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::derivatives_vault::{
    AccountSettled, ExecuteMsg as VaultMsg, MarketSettled, MarketSettlementScheduled, QueryMsg as VaultQuery,
    SettlementFixed, SettlementPaid, SettlementResponse, VaultPhase,
};
use firebreak_messages::guardian::{DelayClass, OperationScheduled};
use firebreak_messages::AccountId;
use firebreak_risk::{Amount, Level};
use firebreak_testing::*;

fn settlement(world: &World) -> SettlementResponse {
    world.query(Code::Vault, &VaultQuery::Settlement {})
}

//
#[test]
fn the_dao_ends_the_vault_and_everybody_is_paid_even_through_a_freeze() {
    let mut world =
        World::builder().trader("alice", usd(50_000)).trader("bob", usd(50_000)).trader("carol", usd(9_000)).build();
    world.open("alice", BTC, size("2")).done();
    world.open("bob", BTC, size("-1")).done();
    world.open("carol", ETH, size("10")).done();

    // 48 hours in sight, and an hour's notice behind them.
    let at = world.now() + 172_800 + 2 * 3_600;
    let call = world.call(Code::Vault, &VaultMsg::SettleVault { at });
    let outcome = world.govern(vec![call]).done();
    assert_eq!(outcome.fact::<OperationScheduled>().class, DelayClass::Code);
    assert_eq!(outcome.facts::<MarketSettlementScheduled>().len(), 2);
    // Nobody leaves first.
    assert!(!world.withdraw("alice", usd(1)).is_done());

    // A council that freezes everything in the window holds nothing up.
    world.advance_to(at - 3_600);
    world.refresh().done();
    world.council_restrict(Scope::All, Level::Frozen, 86_400).done();
    let mut settled = vec![];
    while world.now() <= at {
        let jump = if world.now() > at - 900 { "63000" } else { "60600" };
        world.report(&[(BTC, price(jump)), (ETH, price("3000"))]).done();
        world.next_block();
        for market in [BTC, ETH] {
            settled.extend(world.execute(market).done().facts::<MarketSettled>());
        }
        world.advance(30);
    }
    world.refresh().done();
    for market in [BTC, ETH] {
        settled.extend(world.execute(market).done().facts::<MarketSettled>());
    }
    let prices: Vec<_> = settled.iter().map(|fact| (fact.market, fact.price)).collect();
    assert_eq!(prices.len(), 2, "{prices:?}");
    assert!(prices.contains(&(BTC, price("60600"))) && prices.contains(&(ETH, price("3000"))), "{prices:?}");

    let mut claims = vec![];
    while settlement(&world).phase != VaultPhase::Paying {
        let outcome = world.send("keeper", Code::Vault, &VaultMsg::SettleAccounts { limit: 2 }, Amount::ZERO).done();
        claims.extend(outcome.facts::<AccountSettled>());
        if outcome.has::<SettlementFixed>() {
            let fixed: SettlementFixed = outcome.fact();
            let SettlementResponse { settlement: record, .. } = settlement(&world);
            assert_eq!((fixed.principal, fixed.profit), (record.principal, record.profit), "nothing is short");
        }
    }
    assert_eq!(claims.len(), 3);

    let mut accounts: Vec<AccountId> = claims.iter().map(|claim| claim.account.clone()).collect();
    accounts.push(AccountId { owner: world.address("lp").into(), subaccount: 0 });
    let before: Vec<Amount> = accounts.iter().map(|id| world.balance_of(&addr(&id.owner))).collect();
    for id in accounts.iter().rev() {
        let pay = VaultMsg::PaySettlement { accounts: vec![id.clone()] };
        assert!(world.send("anyone", Code::Vault, &pay, Amount::ZERO).done().has::<SettlementPaid>(), "{id}");
    }
    for (index, claim) in claims.iter().enumerate() {
        let got = world.balance_of(&addr(&claim.account.owner)).minus(before[index]).unwrap_or(Amount::ZERO);
        assert_eq!(got, claim.principal.plus(claim.profit).unwrap_or(Amount::ZERO), "{}", claim.account);
    }
    world.send("keeper", Code::Vault, &VaultMsg::SweepFees {}, Amount::ZERO).done();
    // What rounding left.
    let left = world.balance_of(&world.addresses.derivatives_vault.clone());
    assert!(left < Amount::from_atoms(10), "{left}");
    world.check_everything();
}

fn addr(text: &str) -> cosmwasm_std::Addr {
    cosmwasm_std::Addr::unchecked(text)
}
