//! Block time in whole seconds: what every record and message of the suite counts in.

use cosmwasm_std::Env;

/// Seconds of block time, rounded down.
pub fn now(env: &Env) -> u64 {
    env.block.time.seconds()
}
