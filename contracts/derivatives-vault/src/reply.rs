//! Consequences: the insurance fund's answers, and coins that an address refused. They finish in their own last frame and never fail for the
//! callee's sake.

use crate::check::{balance, finish, finish_holding, held_by, Done, Owed};
use crate::desk::Desk;
use crate::error::ContractError;
use crate::exits;
use crate::state::LOSSES;
use crate::waterfall::{book, shares, Deficit};
use cosmwasm_std::{from_json, to_json_binary, Binary, CosmosMsg, DepsMut, Env, Reply, Response, SubMsg, WasmMsg};
use firebreak_messages::derivatives_vault::{CoverFailed, ParkedId, SweepFailed, VaultConfig, WithdrawalParked};
use firebreak_messages::insurance_fund::{CoverResponse, ExecuteMsg as FundMsg, MarketDeficit};
use firebreak_messages::packed::{from_packed, to_packed};
use firebreak_messages::AccountId;
use firebreak_risk::Amount;

/// Reply ids: constants of the storage format, never reused.
pub const COVER: u64 = 1;
pub const SWEEP: u64 = 2;
pub const LEAVE: u64 = 3;
/// What the payload of a cover is called in errors.
const DEFICITS: &str = "deficits";

/// The one `Cover` of a transaction, for all its deficits. They travel packed in the payload; the fund is told of markets only.
pub fn cover(config: &VaultConfig, deficits: &[Deficit]) -> Result<Option<SubMsg>, ContractError> {
    let mut asked: Vec<MarketDeficit> = vec![];
    for deficit in deficits {
        match asked.last_mut() {
            Some(last) if last.market == deficit.market => last.amount = last.amount.plus(deficit.amount)?,
            _ => asked.push(MarketDeficit { market: deficit.market, amount: deficit.amount }),
        }
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let payload = Binary::from(to_packed(DEFICITS, 1, &deficits)?);
    let call = WasmMsg::Execute {
        contract_addr: config.insurance_fund.clone(),
        msg: to_json_binary(&FundMsg::Cover { deficits: asked })?,
        funds: vec![],
    };
    Ok(Some(SubMsg::reply_always(call, COVER).with_gas_limit(config.parameters.cover_gas_limit).with_payload(payload)))
}

/// Books who paid. What counts as paid is what arrived: the fund's own figures are only how much of that is meant.
#[inline(never)]
pub fn covered(mut deps: DepsMut, env: &Env, reply: Reply) -> Result<Response, ContractError> {
    let deficits: Vec<Deficit> = from_packed(DEFICITS, 1, &reply.payload)?;
    let asked = deficits.iter().try_fold(Amount::ZERO, |sum, deficit| sum.plus(deficit.amount))?;
    let mut desk = Desk::open_without_posture(deps.as_ref(), env)?;
    let held = balance(&deps, env, &desk.config.denom)?;
    let arrived = held.saturating_minus(desk.pool.owed()?);
    let answer = reply.result.into_result().ok().and_then(answer_of);
    let answered = answer.is_some();
    let claimed = answer.map_or(Amount::ZERO, |answer| answer.total);
    let insurance = claimed.min(arrived).min(asked);
    desk.pool_receives(insurance)?;
    desk.pool.insurance_size = held_by(deps.as_ref(), &desk.config.insurance_fund, &desk.config.denom)?;

    let mut ledger = LOSSES.load(deps.storage)?;
    if answered {
        ledger.cover_failing_since = 0;
    } else {
        ledger.cover_failures = ledger.cover_failures.saturating_add(1);
        if ledger.cover_failing_since == 0 {
            ledger.cover_failing_since = desk.now;
        }
        let callee = desk.config.insurance_fund.clone();
        let failed = CoverFailed { callee, failing_since: ledger.cover_failing_since, asked };
        desk.events.push(failed.into());
    }
    // Bounded by the sides of all markets.
    let shares = shares(insurance, &deficits)?;
    let mut shares = shares.iter();
    for of_side in deficits.chunk_by(|one, other| one.side() == other.side()) {
        book(&mut deps, &mut desk, &mut ledger, of_side, &mut shares)?;
    }
    LOSSES.save(deps.storage, &ledger)?;
    finish_holding(deps, held, Done::new(desk))
}

fn answer_of(response: cosmwasm_std::SubMsgResponse) -> Option<CoverResponse> {
    // `data` is deprecated in favour of `msg_responses`, which chains below CosmWasm 2.0 and the embedded chain leave empty.
    #[allow(deprecated)]
    let data = response.data?;
    let body = cw_utils::parse_execute_response_data(data.as_slice()).ok()?.data?;
    from_json(body).ok()
}

/// Fees that could not be swept stay owed.
#[inline(never)]
pub fn swept(deps: DepsMut, env: &Env, reply: Reply) -> Result<Response, ContractError> {
    let amount: Amount = from_json(&reply.payload)?;
    let mut desk = Desk::open_without_posture(deps.as_ref(), env)?;
    if reply.result.is_err() {
        desk.pool.insurance_fees = desk.pool.insurance_fees.plus(amount)?;
        desk.pool.insurance_size = desk.pool.insurance_size.saturating_minus(amount);
        let callee = desk.config.insurance_fund.clone();
        desk.events.push(SweepFailed { callee, amount }.into());
    }
    finish(deps, env, Done::new(desk))
}

/// A provider's coins in a stranger's message: a refusal must not undo the others' payments. No limit of gas: whoever executes could have it
/// fail for want of gas alone.
pub fn leave(send: CosmosMsg, provider: &str, amount: Amount) -> SubMsg {
    let payload = [amount.atoms().to_be_bytes().as_slice(), provider.as_bytes()].concat();
    SubMsg::reply_on_error(send, LEAVE).with_payload(payload)
}

/// Coins that a provider's address refused stay its own, as a parked exit that has been served: `CollectParked` pays it and nobody else.
#[inline(never)]
pub fn refused(deps: DepsMut, env: &Env, reply: Reply) -> Result<Response, ContractError> {
    let unknown = || ContractError::UnknownReply { id: reply.id };
    let (amount, owner) = reply.payload.split_first_chunk().ok_or_else(unknown)?;
    let amount = Amount::from_atoms(u128::from_be_bytes(*amount));
    let owner = String::from_utf8(owner.to_vec()).map_err(|_| unknown())?;
    let mut desk = Desk::open_without_posture(deps.as_ref(), env)?;
    let id = ParkedId { account: AccountId { owner, subaccount: 0 }, liquidity: true };
    let (_, mut parked) = exits::load(deps.storage, &id)?;
    // It has passed the limiter, so none of it waits.
    parked.amount = parked.amount.plus(amount)?;
    exits::save(deps.storage, &id, &parked)?;
    desk.pool.parked = desk.pool.parked.plus(amount)?;
    let ParkedId { account, liquidity } = id;
    desk.events.push(WithdrawalParked { account, liquidity, amount }.into());
    finish(deps, env, Done::new(desk))
}
