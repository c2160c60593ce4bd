//! A vault that takes coins as the real one does and shows its coin and its open interest where the real one does.

use super::{amount, Chain};
use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Binary, Deps, DepsMut, Env, MessageInfo, Response, StdError, StdResult};
use cw_multi_test::{ContractWrapper, Executor};
use cw_storage_plus::Item;
use firebreak_messages::derivatives_vault::{layout, ExecuteMsg, Pool, QueryMsg};

#[cw_serde]
struct Init {
    denom: String,
    /// None: its record is no pool's.
    open_notional: Option<u128>,
}

const COIN: Item<String> = Item::new("coin");

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, init: Init) -> StdResult<Response> {
    COIN.save(deps.storage, &init.denom)?;
    if let Some(open_notional) = init.open_notional {
        let pool = Pool { open_notional: amount(open_notional), ..Pool::default() };
        layout::POOL.save(deps.storage, &pool).map_err(|error| StdError::generic_err(error.to_string()))?;
    }
    Ok(Response::new())
}

fn execute(_: DepsMut, _: Env, info: MessageInfo, msg: ExecuteMsg) -> StdResult<Response> {
    assert_eq!(msg, ExecuteMsg::Recapitalize {});
    Ok(Response::new().add_attribute("got", info.funds[0].to_string()))
}

fn query(deps: Deps, _: Env, msg: QueryMsg) -> StdResult<Binary> {
    assert_eq!(msg, QueryMsg::Config {});
    let denom = COIN.load(deps.storage)?;
    Ok(Binary::from(format!(r#"{{"config":{{"owner":"dao","denom":"{denom}"}}}}"#).into_bytes()))
}

impl Chain {
    pub fn vault_of(&mut self, denom: &str, open_notional: impl Into<Option<u128>>) -> Addr {
        let code = self.app.store_code(Box::new(ContractWrapper::new(execute, instantiate, query)));
        let init = Init { denom: denom.into(), open_notional: open_notional.into() };
        self.app.instantiate_contract(code, self.owner.clone(), &init, &[], "vault", None).unwrap()
    }
}
