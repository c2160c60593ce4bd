//! F13: anyone steps leverage down while the fund holds less than half of its stress loss, and nobody while it holds more.

use crate::machine::Machine;
use firebreak_guardian::ContractError;
use firebreak_messages::guardian::{CoverageThin, ExecuteMsg};
use firebreak_messages::insurance_fund::{CoverageResponse, QueryMsg};
use firebreak_risk::Amount;
use firebreak_testing::*;

/// What the fund has and should have; none while somebody who is asked for it is broken.
fn coverage(m: &Machine) -> Option<CoverageResponse> {
    let asked = [Code::Guardian, Code::Insurance, Code::Vault, Code::Breaker];
    if asked.iter().any(|code| m.world.is_broken(*code)) {
        return None;
    }
    Some(m.world.query(Code::Insurance, &QueryMsg::Coverage {}))
}

fn step_down(m: &mut Machine) -> Attempt {
    let name = m.trader();
    m.world.send(&name, Code::Guardian, &ExecuteMsg::StepDown {}, Amount::ZERO)
}

fn is_thin(coverage: &CoverageResponse) -> bool {
    coverage.content.atoms() * 2 < coverage.target.atoms()
}

/// Panics when it is refused although the fund is thin. Where the fund is small, some open interest makes it so.
pub fn thin(m: &mut Machine) -> bool {
    for amount in ["4", "-4"] {
        if coverage(m).is_some_and(|found| !is_thin(&found) && found.content < usd(100_000)) {
            let name = m.trader();
            let _ = m.world.open(&name, BTC, size(amount));
        }
    }
    let Some(CoverageResponse { content, target, .. }) = coverage(m).filter(is_thin) else { return false };
    let fact = step_down(m).fact::<CoverageThin>();
    assert_eq!((fact.content, fact.target), (content, target));
    true
}

/// Panics when it goes through, or is refused by something else, although the fund is thick enough.
pub fn thick(m: &mut Machine) -> bool {
    let Some(CoverageResponse { content, target, .. }) = coverage(m).filter(|found| !is_thin(found)) else {
        return false;
    };
    step_down(m).refused_with(ContractError::CoverageSuffices { content, target });
    true
}
