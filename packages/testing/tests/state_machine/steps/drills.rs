use crate::machine::Machine;
use firebreak_testing::*;

/// From now on every entry point of a contract fails, until somebody repairs it.
pub fn break_one(m: &mut Machine) -> bool {
    let code = *m.dice.pick(&[Code::Breaker, Code::Insurance, Code::Guardian, Code::Oracle]);
    m.world.break_contract(code);
    true
}

pub fn repair(m: &mut Machine) -> bool {
    for code in Code::ALL {
        m.world.repair_contract(code);
    }
    true
}
