//! The self-check: everything that a deployment decides is read back from the chain and compared with the
//! configuration. It fails closed: what cannot be read differs.

mod calls;
mod compare;
mod parts;

pub use calls::ReadyCall;
pub use compare::Finding;

use super::address::Addresses;
use super::plan::Plan;
use super::reader::Reader;
use crate::error::ChainError;
use serde::Serialize;

/// What was compared.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Check {
    pub findings: Vec<Finding>,
    /// What the timelock would have to run so that the chain is as the configuration says.
    pub calls: Vec<ReadyCall>,
}

impl Check {
    /// Whether the chain is as the configuration says, in every figure.
    pub fn passed(&self) -> bool {
        !self.findings.is_empty() && self.findings.iter().all(Finding::matches)
    }

    pub fn differences(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.matches())
    }
}

/// Reads a suite and compares all of it with a plan.
///
/// Errors: [`ChainError::Node`] only; every other failure to read is a difference.
pub fn check(reader: &impl Reader, plan: &Plan, addresses: &Addresses) -> Result<Check, ChainError> {
    let mut check = Check::default();
    parts::codes(reader, plan, addresses, &mut check)?;
    parts::guardian(reader, plan, addresses, &mut check)?;
    parts::group(reader, plan, addresses, &mut check)?;
    parts::oracle(reader, plan, addresses, &mut check)?;
    parts::breaker(reader, plan, addresses, &mut check)?;
    parts::fund(reader, plan, addresses, &mut check)?;
    parts::vault(reader, plan, addresses, &mut check)?;
    Ok(check)
}
