//! The last frame: no message ends before these hold.

use crate::desk::Desk;
use crate::error::ContractError;
use cosmwasm_std::{BankMsg, Coin, CosmosMsg, Deps, DepsMut, Env, Response, SubMsg};
use firebreak_messages::derivatives_vault::Pool;
use firebreak_risk::{Amount, SignedAmount};

/// What a handler leaves: the desk as it should be stored, and what should be sent.
pub struct Done {
    pub desk: Desk,
    pub messages: Vec<SubMsg>,
    /// The message pays somebody's equity out. Keepers' fees are none: a liquidation must never wait for the pool.
    pub pays_equity: bool,
}

impl Done {
    pub fn new(desk: Desk) -> Self {
        Self { desk, messages: vec![], pays_equity: false }
    }

    /// Coins for somebody.
    pub fn send(&self, recipient: &str, amount: Amount) -> CosmosMsg {
        let coin = Coin::new(amount.atoms(), self.desk.config.denom.clone());
        BankMsg::Send { to_address: recipient.into(), amount: vec![coin] }.into()
    }

    /// Adds a payment out of the vault to whom the message names: its sender, or an owner whose turn holds up nobody else's.
    pub fn paying(mut self, recipient: &str, amount: Amount) -> Result<Self, ContractError> {
        if !amount.is_zero() {
            let send = self.send(recipient, amount);
            self.messages.push(SubMsg::new(send));
        }
        Ok(self)
    }
}

/// Checks, stores and answers. The equality of F9, then coins: what is held, less what this very response sends (read off
/// its messages, not off the handler's own sums), covers what is owed afterwards.
///
/// When equity is paid out, it must also cover what is owed to everybody but the pool: where traders gained more than the
/// pool's coins, [`Owed::owed`] nets the missing part against other traders' collateral, and whoever left first would be
/// paid with it.
///
/// Errors: [`ContractError::EquityMismatch`], [`ContractError::PoolShort`], [`ContractError::CoinsMissing`].
#[inline(never)]
pub fn finish(deps: DepsMut, env: &Env, done: Done) -> Result<Response, ContractError> {
    let held = balance(&deps, env, &done.desk.config.denom)?;
    finish_holding(deps, held, done)
}

/// [`finish`] for a caller who has just asked what is held.
#[inline(never)]
pub fn finish_holding(deps: DepsMut, held: Amount, done: Done) -> Result<Response, ContractError> {
    let Done { mut desk, messages, pays_equity } = done;
    desk.close_step()?;
    let mut left = held;
    for message in &messages {
        left = left
            .minus(leaving(&message.msg, &desk.config.denom))
            .map_err(|_| ContractError::CoinsMissing { owed: desk.pool.owed().unwrap_or(Amount::ZERO), held: left })?;
    }
    let owed_to_others = desk.pool.owed_to_others()?;
    if pays_equity && left < owed_to_others {
        return Err(ContractError::PoolShort { owed: owed_to_others, held: left });
    }
    let owed = desk.pool.owed()?;
    // Where somebody has reported that coins are missing, no more may be: a reduction must not fail for what it has not done.
    if left.plus(desk.pool.shortfall)? < owed {
        return Err(ContractError::CoinsMissing { owed, held: left });
    }
    desk.save(deps.storage)?;
    Ok(Response::new().add_events(desk.events).add_submessages(messages))
}

/// Coins of the settlement denom that the vault holds now.
pub fn balance(deps: &DepsMut, env: &Env, denom: &str) -> Result<Amount, ContractError> {
    held_by(deps.as_ref(), env.contract.address.as_str(), denom)
}

/// Coins that somebody holds. Of the fund it may be more than the fund's own books say, by what was sent to it without a message.
pub fn held_by(deps: Deps, address: &str, denom: &str) -> Result<Amount, ContractError> {
    Ok(Amount::from_atoms(deps.querier.query_balance(address, denom)?.amount.u128()))
}

fn leaving(message: &CosmosMsg, denom: &str) -> Amount {
    let coins = match message {
        CosmosMsg::Bank(BankMsg::Send { amount, .. } | BankMsg::Burn { amount }) => amount.as_slice(),
        CosmosMsg::Wasm(cosmwasm_std::WasmMsg::Execute { funds, .. }) => funds.as_slice(),
        _ => &[],
    };
    let sum =
        coins.iter().filter(|coin| coin.denom == denom).fold(0u128, |sum, coin| sum.saturating_add(coin.amount.u128()));
    Amount::from_atoms(sum)
}

/// What the vault owes to everybody.
pub trait Owed {
    /// Traders' cash and their unvested profit, the pool's cash, escrowed execution fees, fees of the fund and parked exits. Losses
    /// that are not collected yet are in the first as a negative and in the third as a positive number: they cancel.
    fn owed(&self) -> Result<Amount, ContractError>;

    /// What must be there when everybody but the pool is paid: positive cash of traders, unvested profit, escrow, fees, parked exits.
    fn owed_to_others(&self) -> Result<Amount, ContractError>;
}

/// What is neither cash of an account nor of the pool.
fn held_back(pool: &Pool) -> Result<Amount, ContractError> {
    Ok(pool.escrow.plus(pool.insurance_fees)?.plus(pool.parked)?.plus(pool.unvested)?)
}

impl Owed for Pool {
    fn owed(&self) -> Result<Amount, ContractError> {
        let sum: SignedAmount = self.traders_cash.plus(self.cash)?.plus_amount(held_back(self)?)?;
        // Below zero cannot happen with a pool that pays what traders gained; it would be owed by nobody.
        Ok(sum.positive_part())
    }

    fn owed_to_others(&self) -> Result<Amount, ContractError> {
        let cash = self.traders_cash.plus_amount(self.receivable)?;
        Ok(cash.plus_amount(held_back(self)?)?.positive_part())
    }
}
