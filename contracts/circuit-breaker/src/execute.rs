//! One file a capability.

mod attest;
mod budget;
mod configure;
mod evaluate;
mod lift;
mod observers;
mod restrict;
mod scope;

pub use attest::attest;
pub use configure::{set_guardian, set_market, set_market_as_owner};
pub use evaluate::evaluate;
pub use lift::lift;
pub use observers::{judge, replace_observers, set_observers};
pub use restrict::restrict;

use crate::error::ContractError;
use crate::state::Config;
use cosmwasm_std::MessageInfo;

fn ensure_owner(config: &Config, info: &MessageInfo) -> Result<(), ContractError> {
    if info.sender == config.owner {
        return Ok(());
    }
    Err(ContractError::Unauthorized { wanted: config.owner.to_string(), found: info.sender.to_string() })
}
