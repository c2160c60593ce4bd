//! Failure drills: a contract whose every entry point fails.

use crate::code::Code;
use crate::world::{World, DENOM};
use cosmwasm_std::{coins, BankMsg};
use cw_multi_test::Executor;
use firebreak_risk::Amount;

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

    /// A seeded bug: the contract sends coins that no record mentions.
    pub fn leak(&mut self, from: Code, to: &str, amount: Amount) {
        let send = BankMsg::Send { to_address: self.address(to).into(), amount: coins(amount.atoms(), DENOM) };
        let sender = self.addresses.of(from).clone();
        self.app.execute(sender, send.into()).unwrap_or_else(|error| panic!("{error}"));
    }
}
