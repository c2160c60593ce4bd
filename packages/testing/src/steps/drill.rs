//! Failure drills: a contract whose every entry point fails.

use crate::code::Code;
use crate::world::World;

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
}
