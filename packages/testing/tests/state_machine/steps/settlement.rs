use crate::machine::Machine;
use firebreak_messages::derivatives_vault::{ExecuteMsg, SettlementPaid};
use firebreak_risk::Amount;
use firebreak_testing::*;

pub fn accounts(m: &mut Machine) -> bool {
    let limit = m.dice.between(1, 5) as u32;
    m.world.send("keeper", Code::Vault, &ExecuteMsg::SettleAccounts { limit }, Amount::ZERO).is_done()
}

pub fn pay(m: &mut Machine) -> bool {
    let names = [m.trader(), m.provider(), "lp".to_string()];
    let accounts = names.iter().map(|name| m.world.account_id(name)).collect();
    let paid = m.world.send("anyone", Code::Vault, &ExecuteMsg::PaySettlement { accounts }, Amount::ZERO);
    paid.0.is_ok_and(|outcome| outcome.has::<SettlementPaid>())
}
