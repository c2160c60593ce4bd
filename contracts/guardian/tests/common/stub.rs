//! A contract that takes every message, remembers it, and answers what it was told; asked for a market as a vault is, how it was told to
//! configure it and until when it was told to contest it; asked for its configuration, as a vault or a fund is, the last that it was told; asked for an account, its health: the last sub-account is
//! liquidatable. Closed it knows sub-accounts above 0 only.
//!
//! A body that holds `"market":666` or `"feed":666` is refused, and every one between `"close"` and `"open"`. `{"relay":{"contract":..,"msg":..}}` sends `msg` on.

use cosmwasm_std::{
    from_json, to_json_binary, to_json_string, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response,
    StdError, StdResult, WasmMsg,
};
use cw_multi_test::error::AnyResult;
use cw_multi_test::Contract;
use cw_storage_plus::Item;
use firebreak_messages::derivatives_vault::{ExecuteMsg, InstantiateMsg as VaultSetup, QueryMsg};
use firebreak_messages::insurance_fund::{ExecuteMsg as FundMsg, InstantiateMsg as FundSetup};
use firebreak_messages::MarketId;
use serde::{Deserialize, Serialize};

const CLOSED: Item<bool> = Item::new("closed");
const RECEIVED: Item<Vec<Received>> = Item::new("received");

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
pub struct Received {
    pub entry: String,
    pub sender: String,
    pub body: String,
}

impl Received {
    pub fn message<T: serde::de::DeserializeOwned>(&self) -> T {
        from_json(self.body.as_bytes()).unwrap()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Relay { contract: String, msg: Binary },
}

pub struct Stub;

/// What of a vault's answer the guardian reads.
fn market_now(received: &[Received], wanted: MarketId) -> StdResult<String> {
    let (mut configured, mut contested) = (None, 0);
    for message in received.iter().filter_map(|received| from_json(received.body.as_bytes()).ok()) {
        match message {
            ExecuteMsg::ConfigureMarket { market, config } if market == wanted => configured = Some(config),
            ExecuteMsg::ContestMarket { market, until } if market == wanted => contested = until,
            _ => {}
        }
    }
    let config = to_json_string(&configured.ok_or_else(|| StdError::generic_err("no such market"))?)?;
    Ok(format!(r#"{{"market":{wanted},"config":{config},"state":{{"vesting":{{"anchored_at":{contested}}}}}}}"#))
}

/// The last configuration of its own, in the form in which the contract that has it answers.
fn config_now(received: &[Received]) -> StdResult<String> {
    let of_vault = |parameters| Some(format!(r#"{{"config":{{"parameters":{}}}}}"#, to_json_string(&parameters).ok()?));
    let of_fund = |config| Some(format!(r#"{{"config":{}}}"#, to_json_string(&config).ok()?));
    let configured = |Received { entry, body, .. }: &Received| {
        if entry == "instantiate" {
            let vault = from_json::<VaultSetup>(body.as_bytes()).ok().and_then(|vault| of_vault(vault.parameters));
            return vault.or_else(|| of_fund(from_json::<FundSetup>(body.as_bytes()).ok()?.config));
        }
        if let Ok(ExecuteMsg::Configure { parameters }) = from_json(body.as_bytes()) {
            return of_vault(parameters);
        }
        let Ok(FundMsg::Configure { config }) = from_json(body.as_bytes()) else { return None };
        of_fund(config)
    };
    received.iter().rev().find_map(configured).ok_or_else(|| StdError::generic_err("never configured"))
}

fn take(deps: DepsMut, entry: &str, sender: &str, msg: Vec<u8>) -> AnyResult<Response> {
    let body = String::from_utf8(msg)?;
    if let r#""close""# | r#""open""# = body.as_str() {
        CLOSED.save(deps.storage, &(body == r#""close""#))?;
        return Ok(Response::new());
    }
    if CLOSED.may_load(deps.storage)?.unwrap_or_default() {
        return Err(StdError::generic_err("the stub is closed").into());
    }
    for refused in ["market", "feed"] {
        if body.contains(&format!("\"{refused}\":666")) {
            return Err(StdError::generic_err(format!("the stub refuses {refused} 666")).into());
        }
    }
    let mut received = RECEIVED.may_load(deps.storage)?.unwrap_or_default();
    received.push(Received { entry: entry.into(), sender: sender.into(), body: body.clone() });
    RECEIVED.save(deps.storage, &received)?;
    let order: StdResult<Order> = from_json(body.as_bytes());
    Ok(match order {
        Ok(Order::Relay { contract, msg }) => {
            Response::new().add_message(WasmMsg::Execute { contract_addr: contract, msg, funds: vec![] })
        }
        Err(_) => Response::new(),
    })
}

impl Contract<Empty> for Stub {
    fn execute(&self, deps: DepsMut, _env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        take(deps, "execute", info.sender.as_str(), msg)
    }
    fn instantiate(&self, deps: DepsMut, _env: Env, info: MessageInfo, msg: Vec<u8>) -> AnyResult<Response> {
        take(deps, "instantiate", info.sender.as_str(), msg)
    }
    fn query(&self, deps: Deps, _env: Env, msg: Vec<u8>) -> AnyResult<Binary> {
        let received = RECEIVED.may_load(deps.storage)?.unwrap_or_default();
        match from_json(&msg) {
            Ok(QueryMsg::Market { market }) => Ok(market_now(&received, market)?.into_bytes().into()),
            Ok(QueryMsg::Config {}) => Ok(config_now(&received)?.into_bytes().into()),
            Ok(QueryMsg::Account { account }) => {
                if account.subaccount == 0 && CLOSED.may_load(deps.storage)?.unwrap_or_default() {
                    return Err(StdError::generic_err("no such account").into());
                }
                let liquidatable = account.subaccount == u8::MAX;
                let health = format!(
                    r#"{{"equity":"100","maintenance_margin":"10","liquidatable":{liquidatable},"positions":[{{"market":1,"maintenance_margin":"10"}}]}}"#
                );
                Ok(health.into_bytes().into())
            }
            Ok(_) | Err(_) => Ok(to_json_binary(&received)?),
        }
    }
    fn sudo(&self, _deps: DepsMut, _env: Env, _msg: Vec<u8>) -> AnyResult<Response> {
        Err(StdError::generic_err("the stub has no sudo").into())
    }
    fn reply(&self, _deps: DepsMut, _env: Env, _msg: Reply) -> AnyResult<Response> {
        Err(StdError::generic_err("the stub has no reply").into())
    }
    fn migrate(&self, deps: DepsMut, _env: Env, msg: Vec<u8>) -> AnyResult<Response> {
        take(deps, "migrate", "", msg)
    }
}
