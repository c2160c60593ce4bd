//! What is configured now, as the contracts write it, and whether a message to the vault would force a loss on anybody by it.

use crate::harm::{only_bars_exposure, only_slows_exits, Direction};
use crate::written::{contest_of, inside, market_of, parameters_of, set_by};
use cosmwasm_std::{
    to_json_binary, to_json_vec, Binary, ContractResult, Deps, Empty, QueryRequest, SystemResult, WasmQuery,
};
use firebreak_messages::derivatives_vault::QueryMsg;
use firebreak_messages::MarketId;

/// What a contract answers about the market of this number, or about its own configuration; nothing when it answers nothing.
pub type PresentNow<'a> = &'a dyn Fn(&str, Option<u16>) -> String;

/// What a message to vault or fund is compared with: the market of this number, or the contract's own configuration. `None`: nothing.
#[inline(never)]
pub fn compared(msg: &str) -> Option<Option<u16>> {
    if let Some((market, _)) = market_of(msg) {
        return Some(Some(market));
    }
    if parameters_of(msg).is_some() || set_by(msg, "configure", "config").is_some() {
        return Some(None);
    }
    Some(Some(contest_of(msg)?.0))
}

/// Vault and fund are asked for their configuration in the same words.
#[inline(never)]
pub fn told(deps: Deps, contract: &str, market: Option<u16>) -> String {
    let question = match market {
        Some(market) => QueryMsg::Market { market: MarketId(market) },
        None => QueryMsg::Config {},
    };
    to_json_binary(&question).map(|question| answer(deps, contract, question)).unwrap_or_default()
}

/// A contract's answer as it is written; nothing when there is none.
pub fn answer(deps: Deps, contract: &str, question: Binary) -> String {
    let request = QueryRequest::<Empty>::Wasm(WasmQuery::Smart { contract_addr: contract.into(), msg: question });
    let Ok(request) = to_json_vec(&request) else { return String::new() };
    match deps.querier.raw_query(&request) {
        SystemResult::Ok(ContractResult::Ok(answer)) => String::from_utf8(answer.into()).unwrap_or_default(),
        _ => String::new(),
    }
}

/// [`forces_nobody`], by what the vault answers.
pub fn only_tightens(deps: Deps, vault: &str, msg: &Binary, direction: Direction) -> bool {
    let now = compared(text(msg)).map(|market| told(deps, vault, market)).unwrap_or_default();
    forces_nobody(&now, text(msg), direction)
}

/// Whether a message to the vault forces a loss on nobody: in this direction it changes nothing, of a market nothing but what bars new
/// exposure or rests behind a gap, of the parameters nothing but how fast coins leave. Whatever is not understood may. `now`: what the vault
/// answers about what the message is [compared] with.
#[inline(never)]
pub fn forces_nobody(now: &str, msg: &str, direction: Direction) -> bool {
    if let Some((_, config)) = market_of(msg) {
        return only_bars_exposure(config, inside(now, &["config"]).unwrap_or_default(), direction);
    }
    let Some(parameters) = parameters_of(msg) else { return false };
    only_slows_exits(parameters, inside(now, &["config", "parameters"]).unwrap_or_default(), direction)
}

/// Nothing when it is no text.
pub fn text(body: &Binary) -> &str {
    std::str::from_utf8(body).unwrap_or_default()
}
