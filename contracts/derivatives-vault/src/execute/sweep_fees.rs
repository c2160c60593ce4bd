//! Sends the fees owed to the insurance fund. Anyone may: liquidations and trades only book them, so that they call nobody.
//! On the way the vault notes how much the fund holds: what open interest is measured against, without a call in a trade.

use crate::check::{held_by, Done};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::reply::SWEEP;
use cosmwasm_std::{to_json_binary, Coin, Deps, SubMsg, WasmMsg};
use firebreak_messages::derivatives_vault::FeesSwept;
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;

/// Without fees nothing is sent and the fund's size is noted all the same.
#[inline(never)]
pub fn sweep_fees(deps: Deps, mut desk: Desk) -> Result<Done, ContractError> {
    let amount = std::mem::take(&mut desk.pool.insurance_fees);
    desk.pool.insurance_size = held_by(deps, &desk.config.insurance_fund, &desk.config.denom)?.plus(amount)?;
    if amount.is_zero() {
        return Ok(Done::new(desk));
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
