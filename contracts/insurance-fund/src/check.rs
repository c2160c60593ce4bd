//! The last frame: no shares are left without coins behind them, and the coins held must cover both tranches after what
//! this response sends.

use crate::error::ContractError;
use crate::state::{Fund, Generation, FUND};
use cosmwasm_std::{coins, BankMsg, Binary, CosmosMsg, DepsMut, Env, Response, WasmMsg};
use firebreak_messages::insurance_fund::SharesRolled;
use firebreak_risk::Amount;

/// A handler's decision: the fund's new record, at most one payment, and the facts.
pub struct Done {
    pub fund: Fund,
    pub pay: Option<Payment>,
    pub response: Response,
}

pub struct Payment {
    pub to: String,
    pub amount: Amount,
    /// The message that the coins come with; none: a bank transfer.
    pub msg: Option<Binary>,
}

/// Rolls the shares, saves the fund, adds the payment (none of nothing: banks refuse empty sends) and compares coins.
///
/// Shares roll after every message and not after covers alone: a claim too, by its rounding, can take the last coin and
/// leave some that were worth less than one, and worthless shares have no price at which anybody could stake.
///
/// Errors: [`ContractError::CoinsMissing`], which no message should ever meet.
pub fn finish(deps: DepsMut, env: &Env, denom: &str, done: Done) -> Result<Response, ContractError> {
    let Done { mut fund, pay, mut response } = done;
    if let Some(shares_before) = fund.roll_shares() {
        let Generation { wiped, scaled } = fund.generation;
        response = response.add_event(SharesRolled { wiped, scaled, shares_before, shares: fund.shares });
    }
    FUND.save(deps.storage, &fund)?;
    let held = deps.querier.query_balance(&env.contract.address, denom)?.amount;
    let mut held = Amount::from_atoms(held.u128());
    let owed = fund.content()?;
    if let Some(Payment { to, amount, msg }) = pay.filter(|pay| !pay.amount.is_zero()) {
        held = held.minus(amount).map_err(|_| ContractError::CoinsMissing { owed, held })?;
        let sent = coins(amount.atoms(), denom);
        let message: CosmosMsg = match msg {
            None => BankMsg::Send { to_address: to, amount: sent }.into(),
            Some(msg) => WasmMsg::Execute { contract_addr: to, msg, funds: sent }.into(),
        };
        response = response.add_message(message);
    }
    // At least, not exactly: coins that were just sent here are nobody's.
    if held < owed {
        return Err(ContractError::CoinsMissing { owed, held });
    }
    Ok(response)
}
