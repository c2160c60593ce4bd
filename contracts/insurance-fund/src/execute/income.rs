//! Coins that come in without buying anything: the protocol's first loss, and fees.

use crate::check::Done;
use crate::error::ContractError;
use crate::state::{Fund, StoredConfig};
use cosmwasm_std::{MessageInfo, Response};
use firebreak_messages::insurance_fund::{FeesReceived, FirstLossAdded};
use firebreak_risk::{Amount, Rounding};

/// Adds to the tranche that pays first. Cannot be taken out again by anybody: it leaves by `Cover` only.
pub fn add_first_loss(mut fund: Fund, info: &MessageInfo, paid: Amount) -> Result<Done, ContractError> {
    let first_loss_before = fund.first_loss;
    fund.first_loss = first_loss_before.plus(paid)?;
    let fact = FirstLossAdded {
        sender: info.sender.to_string(),
        amount: paid,
        first_loss_before,
        first_loss: fund.first_loss,
    };
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}

/// Splits fees between stakers (rounded down) and first loss (the rest, so nothing is lost).
///
/// Without shares all of it is first loss: coins that back no share would be a present to the next staker. Somebody who
/// stakes just before fees arrive does take part in them; the cool-down, in which that stake bears losses, is the price
/// of it.
pub fn receive_fees(
    config: &StoredConfig,
    mut fund: Fund,
    info: &MessageInfo,
    paid: Amount,
) -> Result<Done, ContractError> {
    let to_stakers = if fund.shares.is_zero() {
        Amount::ZERO
    } else {
        paid.times(config.config.fee_share_stakers, Rounding::Floor)?
    };
    let to_first_loss = paid.minus(to_stakers)?;
    fund.staked = fund.staked.plus(to_stakers)?;
    fund.first_loss = fund.first_loss.plus(to_first_loss)?;
    fund.fees_total = fund.fees_total.plus(paid)?;
    let fact = FeesReceived { sender: info.sender.to_string(), to_stakers, to_first_loss };
    Ok(Done { fund, pay: None, response: Response::new().add_event(fact) })
}
