use crate::machine::{trader, Machine, TRADERS};
use firebreak_messages::derivatives_vault::{ExecuteMsg, QueryMsg, SettlementPaid, SettlementResponse, VaultPhase};
use firebreak_risk::Amount;
use firebreak_testing::*;

/// An hour of prices comes first now and then: without a median there are no claims.
pub fn accounts(m: &mut Machine) -> bool {
    let limit = m.dice.between(1, 5) as u32;
    let msg = ExecuteMsg::SettleAccounts { limit };
    if m.world.send("keeper", Code::Vault, &msg, Amount::ZERO).is_done() {
        return true;
    }
    let response: SettlementResponse = m.world.query(Code::Vault, &QueryMsg::Settlement {});
    if response.phase != VaultPhase::Settling || !m.dice.one_in(3) {
        return false;
    }
    for _ in 0..150 {
        m.world.advance(50);
        let _ = m.world.refresh();
    }
    for market in [BTC, ETH] {
        let _ = m.world.execute(market);
    }
    m.world.send("keeper", Code::Vault, &msg, Amount::ZERO).is_done()
}

/// The last accounts are settled first, and after an hour of prices now and then: what comes behind everything else is rare.
pub fn pay(m: &mut Machine) -> bool {
    for _ in 0..TRADERS {
        if !accounts(m) {
            break;
        }
    }
    let names = [trader(0), m.trader(), m.provider(), "lp".to_string()];
    let accounts = names.iter().map(|name| m.world.account_id(name)).collect();
    let paid = m.world.send("anyone", Code::Vault, &ExecuteMsg::PaySettlement { accounts }, Amount::ZERO);
    paid.0.is_ok_and(|outcome| outcome.has::<SettlementPaid>())
}
