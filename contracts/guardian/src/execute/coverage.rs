//! F13: leverage steps down while the insurance fund covers less than half of its stress loss.
//!
//! Anyone may say so, and the fund's own figure decides. `Guarded` takes effect for an hour and is renewed as long as it is true; it
//! ends by itself. Who wants it while the fund is thick enough would have to hold open interest of twice its stress, which the
//! markets' caps bound and fees make dear; what it does is mild, and no budget of anybody is drawn on.

use crate::error::ContractError;
use crate::playbook::restriction;
use crate::state::{later, SUITE};
use cosmwasm_std::{DepsMut, Env, Response};
use firebreak_messages::circuit_breaker::Scope;
use firebreak_messages::guardian::{CoverageThin, SuiteResponse, Tightening, COVERAGE_STEP_SECONDS};
use firebreak_messages::insurance_fund::QueryMsg as FundQuery;
use firebreak_messages::time::now;
use firebreak_messages::Source;
use firebreak_risk::{Amount, Level};
use serde::Deserialize;

/// What of the fund's answer is needed.
#[derive(Deserialize)]
struct Coverage {
    content: Amount,
    target: Amount,
}

/// Errors: [`ContractError::CoverageSuffices`]; a fund that cannot be asked; the breaker's own.
pub fn step_down(deps: DepsMut, env: &Env) -> Result<Response, ContractError> {
    let SuiteResponse { circuit_breaker, insurance_fund, .. } = SUITE.load(deps.storage)?;
    let Coverage { content, target } = deps.querier.query_wasm_smart(insurance_fund, &FundQuery::Coverage {})?;
    if content.plus(content)? >= target {
        return Err(ContractError::CoverageSuffices { content, target });
    }
    let now = now(env);
    let step = Tightening { scope: Scope::All, level: Level::Guarded, duration_seconds: COVERAGE_STEP_SECONDS };
    let until = later(now, COVERAGE_STEP_SECONDS)?;
    let restrict = restriction(circuit_breaker, &step, Source::Procedure, 0, now)?;
    Ok(Response::new().add_event(CoverageThin { content, target, until }).add_message(restrict))
}
