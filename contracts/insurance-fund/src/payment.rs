//! What coins a message takes. Every message that is not listed as taking coins refuses them.

use crate::error::ContractError;
use cosmwasm_std::{Coin, MessageInfo};
use firebreak_messages::insurance_fund::ExecuteMsg;
use firebreak_risk::Amount;

/// The coins that came with a message: exactly one kind and more than none where coins are expected, none
/// elsewhere.
///
/// Errors: [`ContractError::WrongFunds`], [`ContractError::UnexpectedFunds`].
pub fn expected(msg: &ExecuteMsg, info: &MessageInfo, denom: &str) -> Result<Amount, ContractError> {
    match msg {
        ExecuteMsg::AddFirstLoss {} | ExecuteMsg::Stake { .. } | ExecuteMsg::ReceiveFees {} => one(&info.funds, denom),
        ExecuteMsg::RequestUnstake { .. }
        | ExecuteMsg::CancelUnstake { .. }
        | ExecuteMsg::ClaimUnstake { .. }
        | ExecuteMsg::Cover { .. }
        | ExecuteMsg::Inject { .. }
        | ExecuteMsg::RegisterVault { .. }
        | ExecuteMsg::UnregisterVault { .. }
        | ExecuteMsg::Configure { .. } => none(&info.funds),
    }
}

pub fn none(funds: &[Coin]) -> Result<Amount, ContractError> {
    if funds.is_empty() {
        return Ok(Amount::ZERO);
    }
    Err(ContractError::UnexpectedFunds { found: text(funds) })
}

fn one(funds: &[Coin], denom: &str) -> Result<Amount, ContractError> {
    match funds {
        [coin] if coin.denom == denom && !coin.amount.is_zero() => Ok(Amount::from_atoms(coin.amount.u128())),
        _ => Err(ContractError::WrongFunds { wanted: denom.into(), found: text(funds) }),
    }
}

fn text(funds: &[Coin]) -> String {
    if funds.is_empty() {
        return "nothing".into();
    }
    funds.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
