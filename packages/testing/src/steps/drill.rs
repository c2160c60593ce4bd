//! Failure drills: a contract whose every entry point fails.

use crate::code::Code;
use crate::world::{World, DENOM};
use cosmwasm_std::{coins, Addr, BankMsg, Empty};
use cw_multi_test::{Contract, Executor};
use firebreak_risk::Amount;
use serde::Serialize;

impl World {
    /// From now on every message, reply and query of this contract's code fails, as after a bad migration. Its stored records
    /// stay readable. Its callers get an error, and their own state must stand.
    pub fn break_contract(&mut self, code: Code) {
        self.switches[code as usize].set(true);
    }

    /// The contract works again, with the state that it had.
    pub fn repair_contract(&mut self, code: Code) {
        self.switches[code as usize].set(false);
    }

    pub fn is_broken(&self, code: Code) -> bool {
        self.switches[code as usize].is_broken()
    }

    /// A contract beside the suite, under a name: a source of prices, say. It is not metered.
    pub fn add_contract(&mut self, name: &str, code: Box<dyn Contract<Empty>>, msg: &impl Serialize) -> Addr {
        let creator = self.address("deployer");
        let code_id = self.app.store_code_with_creator(creator.clone(), code);
        let added = self.app.instantiate_contract(code_id, creator, msg, &[], name, None);
        let address = added.unwrap_or_else(|error| panic!("{error}"));
        self.names.give(name, address.clone());
        address
    }

    /// A seeded bug: the contract sends coins that no record mentions.
    pub fn leak(&mut self, from: Code, to: &str, amount: Amount) {
        let send = BankMsg::Send { to_address: self.address(to).into(), amount: coins(amount.atoms(), DENOM) };
        let sender = self.addresses.of(from).clone();
        self.app.execute(sender, send.into()).unwrap_or_else(|error| panic!("{error}"));
    }
}
