//! What a deployment will cost, from measured figures: nothing is sent and no key is needed.

use super::address::Addresses;
use super::artifact::Contract;
use super::codes::{CodeRules, Need, Todo};
use super::error::DeployError;
use super::group;
use super::plan::Plan;
use super::reader::{CodeRecord, Reader};
use super::state::State;
use crate::network::Network;
use serde::Serialize;

/// Gas for each byte of a transaction, and for each byte of wasm that the chain compiles.
const GAS_PER_TX_BYTE: u64 = 10;
const GAS_PER_WASM_BYTE: u64 = 3;
/// Rest of a transaction that stores a code.
const STORE_GAS: u64 = 95_000;
/// Changing who may instantiate a code.
const ADMIT_GAS: u64 = 50_000;
/// A small contract's instantiation.
const OUTSIDE_GAS: u64 = 220_000;
/// The bootstrap without feeds and markets, and what each adds; a market comes with its guard.
const BOOTSTRAP_GAS: u64 = 870_000;
const FEED_GAS: u64 = 45_000;
const MARKET_GAS: u64 = 145_000;

/// The guardian among the hooks of the council's group.
const HOOK_GAS: u64 = 130_000;

/// A step that is left to do, or one that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub what: String,
    /// Where it will be, or what is there already.
    pub result: String,
    /// Estimated; 0 for what is done.
    pub gas: u64,
}

#[derive(Debug, Serialize)]
pub struct Estimate {
    pub steps: Vec<Step>,
    /// Why the chain would not take a code from the deployer. The addresses are right all the same: whoever stores the
    /// codes instead needs the guardian's.
    #[serde(skip)]
    obstacle: Option<DeployError>,
}

impl Estimate {
    pub(super) fn of(
        reader: &impl Reader,
        plan: &Plan,
        state: &State,
        found: &[CodeRecord],
        rules: &CodeRules,
    ) -> Result<Self, DeployError> {
        let mut estimate = Self { steps: vec![], obstacle: None };
        for (_, need) in plan.needs() {
            estimate.code(&need, plan, state, found, rules)?;
        }
        for outside in &plan.outside {
            let exists = reader.contract(&outside.address).map_err(DeployError::chain(&outside.name))?.is_some();
            if !exists {
                estimate.code(&plan.outside_need(&outside.artifact), plan, state, found, rules)?;
            }
            let gas = if exists { 0 } else { OUTSIDE_GAS };
            estimate.step(format!("create {}", outside.name), outside.address.clone(), gas);
        }
        estimate.bootstrap(plan);
        let doing = "asking the council's group for its hooks";
        if group::wants_hook(reader, plan, &plan.predicted.guardian).map_err(DeployError::chain(doing))? {
            estimate.step("tell the council's group".into(), plan.config.council.group.clone(), HOOK_GAS);
        }
        Ok(estimate)
    }

    /// A suite that exists: nothing is left to do.
    pub(super) fn nothing(addresses: &Addresses) -> Self {
        let mut estimate = Self { steps: vec![], obstacle: None };
        for contract in Contract::ALL {
            estimate.step(format!("{} exists", contract.name()), addresses.of(contract).into(), 0);
        }
        estimate
    }

    /// Whether the deployer can do all of it.
    ///
    /// Errors: [`DeployError::Mismatch`], [`DeployError::Value`].
    pub fn possible(self) -> Result<(), DeployError> {
        self.obstacle.map_or(Ok(()), Err)
    }

    /// All gas that is left to use.
    pub fn gas(&self) -> u64 {
        self.steps.iter().map(|step| step.gas).sum()
    }

    /// What it costs with the network's adjustment, in its gas coin.
    pub fn fee(&self, network: &Network) -> Result<u128, DeployError> {
        let wrong = |error| DeployError::value("network.gas_price", error);
        network.fee(network.with_adjustment(self.gas())).map_err(wrong)
    }

    fn step(&mut self, what: String, result: String, gas: u64) {
        self.steps.push(Step { what, result, gas });
    }

    fn code(
        &mut self,
        need: &Need<'_>,
        plan: &Plan,
        state: &State,
        found: &[CodeRecord],
        rules: &CodeRules,
    ) -> Result<(), DeployError> {
        let what = format!("store {}", need.artifact.file);
        // Two outside contracts may share a code.
        if self.steps.iter().any(|step| step.what == what) {
            return Ok(());
        }
        let admits = match need.decide(plan, state, found)? {
            Todo::Nothing(code) => {
                self.step(what, format!("is code {}", code.code_id), 0);
                false
            }
            Todo::Admit(code) => {
                self.step(what, format!("is code {}", code.code_id), 0);
                true
            }
            Todo::Store => {
                if let Err(error) = rules.admit_storing(plan, &need.access) {
                    self.obstacle.get_or_insert(error);
                }
                let (bytes, tx_bytes) = (need.artifact.wasm.len() as u64, need.artifact.gzipped().len() as u64);
                let gas = GAS_PER_TX_BYTE * tx_bytes + GAS_PER_WASM_BYTE * bytes + STORE_GAS;
                self.step(what, format!("{bytes} bytes, {tx_bytes} gzipped"), gas);
                let deployer = &plan.config.key.address;
                rules.when_stored(&need.access, deployer) != need.access && need.creator != deployer
            }
        };
        if admits {
            self.step(format!("admit to {}", need.artifact.file), need.creator.into(), ADMIT_GAS);
        }
        Ok(())
    }

    fn bootstrap(&mut self, plan: &Plan) {
        let (feeds, markets) = (plan.config.feeds.len() as u64, plan.config.markets.len() as u64);
        let gas = BOOTSTRAP_GAS + feeds * FEED_GAS + markets * MARKET_GAS;
        for contract in Contract::ALL {
            let gas = if contract == Contract::Guardian { gas } else { 0 };
            self.step(format!("bootstrap {}", contract.name()), plan.predicted.of(contract).into(), gas);
        }
    }
}
