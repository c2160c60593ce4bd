//! Sends the fees owed to the insurance fund. Anyone may: liquidations and trades only book them, so that they call nobody.

use crate::check::Done;
use crate::desk::Desk;
use crate::error::ContractError;
use crate::reply::SWEEP;
use cosmwasm_std::{to_json_binary, Coin, SubMsg, WasmMsg};
use firebreak_messages::derivatives_vault::FeesSwept;
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_risk::Amount;

pub fn sweep_fees(mut desk: Desk) -> Result<Done, ContractError> {
    let amount = std::mem::take(&mut desk.pool.insurance_fees);
    if amount.is_zero() {
        return Err(ContractError::OutOfBounds {
            what: "fees owed to the insurance fund",
            wanted: "above 0".into(),
            found: Amount::ZERO.to_string(),
        });
    }
    desk.events.push(FeesSwept { amount }.into());
    let call = WasmMsg::Execute {
        contract_addr: desk.config.insurance_fund.clone(),
        msg: to_json_binary(&FundMsg::ReceiveFees {})?,
        funds: vec![Coin::new(amount.atoms(), desk.config.denom.clone())],
    };
    let payload = to_json_binary(&amount)?;
    let gas = desk.config.parameters.cover_gas_limit;
    let mut done = Done::new(desk);
    done.messages.push(SubMsg::reply_on_error(call, SWEEP).with_gas_limit(gas).with_payload(payload));
    Ok(done)
}
