//! The deployment itself: one step after the other, each written down before the next one begins.

use super::address::Addresses;
use super::artifact::Contract;
use super::check::{check, Check};
use super::codes::{CodeRules, Need, Todo};
use super::config::Config;
use super::error::DeployError;
use super::estimate::Estimate;
use super::group::introduce;
use super::plan::{Plan, PlannedContract};
use super::reader::{CodeRecord, Reader};
use super::state::{Created, State, StoredCode};
use crate::client::{Client, Gas};
use crate::message;
use crate::signer::Signer;
use crate::tx::Tx;
use cosmrs::Any;
use firebreak_messages::guardian::{QueryMsg, SuiteCodes, SuiteResponse};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long an interrupted deployment waits for what it may have left in the mempool.
const SETTLE_BLOCKS: u64 = 2;
const SETTLE_MAX: Duration = Duration::from_secs(30);
const SETTLE_POLL: Duration = Duration::from_millis(100);

/// A suite on a chain.
#[derive(Debug, Clone, Serialize)]
pub struct Deployed {
    pub addresses: Addresses,
    pub codes: BTreeMap<Contract, u64>,
    /// Name -> address.
    pub outside: BTreeMap<String, String>,
    /// What this run sent; empty when everything was there.
    pub transactions: Vec<Sent>,
    pub check: Check,
}

/// A transaction of this run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sent {
    pub what: String,
    pub hash: String,
    pub gas_used: u64,
}

/// Deploys what is not there yet, then checks everything. `note` gets a line for each step.
///
/// Going on after an interruption and running again after success are the same call: what the state file or the chain
/// knows already is not done twice, and a suite that exists is only checked, never changed. The council's group is told of it
/// where it was not and the deployer is the group's admin.
///
/// Errors: [`DeployError`]. A suite that is not as configured is no error: [`Check::passed`] tells.
pub fn run(
    client: &mut Client,
    signer: &Signer,
    config: &Config,
    note: &mut dyn FnMut(&str),
) -> Result<Deployed, DeployError> {
    let plan = Plan::new(config)?;
    let state = State::load(config)?;
    is_network(client, config)?;
    if state.suite.is_none() && config.state.exists() {
        note("going on where the last run ended");
        settle(client)?;
    }
    let addresses = match existing(client, &plan, &state)? {
        Some(addresses) => addresses,
        None if signer.address() != config.key.address => {
            let wrong = format!("key.address: wanted {}, the key is {}", config.key.address, signer.address());
            return Err(DeployError::Key { wrong });
        }
        None => {
            let rules = CodeRules::of(client)?;
            let deployment =
                Deployment { client, signer, plan: &plan, state, note, rules, found: vec![], sent: vec![] };
            return deployment.run();
        }
    };
    adopt(&plan, state, &addresses)?;
    note(&format!("the suite is there: guardian {}", addresses.guardian));
    // A run that ended right after the bootstrap has left this to the next one.
    let sent = introduce(client, signer, &plan, &addresses, note)?;
    deployed(client, &plan, addresses, sent.into_iter().collect())
}

/// Checks a suite that exists; needs no key and sends nothing.
///
/// Errors: [`DeployError::Mismatch`] when there is no suite.
pub fn check_only(client: &Client, config: &Config) -> Result<Deployed, DeployError> {
    let plan = Plan::new(config)?;
    let state = State::load(config)?;
    is_network(client, config)?;
    match existing(client, &plan, &state)? {
        Some(addresses) => deployed(client, &plan, addresses, vec![]),
        None => Err(no_suite(&plan.predicted.guardian)),
    }
}

/// What [`run`] would do, and what that would cost; needs no key and no coins, and sends nothing.
pub fn dry_run(client: &Client, config: &Config) -> Result<Estimate, DeployError> {
    let plan = Plan::new(config)?;
    let state = State::load(config)?;
    is_network(client, config)?;
    if let Some(addresses) = existing(client, &plan, &state)? {
        return Ok(Estimate::nothing(&addresses));
    }
    Estimate::of(client, &plan, &state, &codes_on_chain(client, &plan)?, &CodeRules::of(client)?)
}

fn no_suite(guardian: &str) -> DeployError {
    let (what, wanted) = ("the suite".into(), format!("a guardian at {guardian}"));
    DeployError::Mismatch { what, wanted, found: "no contract there".into() }
}

pub(super) fn is_network(client: &Client, config: &Config) -> Result<(), DeployError> {
    let (wanted, found) = (&config.network.chain_id, &client.network().chain_id);
    if wanted == found {
        return Ok(());
    }
    Err(DeployError::Mismatch { what: "the chain".into(), wanted: wanted.clone(), found: found.clone() })
}

/// The suite that exists: the one that the configuration names, else the one that the state file remembers, else the
/// one at the predicted address.
pub(super) fn existing(reader: &impl Reader, plan: &Plan, state: &State) -> Result<Option<Addresses>, DeployError> {
    let remembered = state.suite.as_ref().map(|suite| &suite.guardian);
    let named = plan.config.suite.guardian.as_ref();
    if let (Some(wanted), Some(found)) = (named, remembered) {
        if wanted != found {
            let (file, what) = (plan.config.state.display().to_string(), "the guardian");
            return Err(DeployError::OtherDeployment { file, what, wanted: wanted.clone(), found: found.clone() });
        }
    }
    let certain = named.or(remembered);
    let guardian = certain.unwrap_or(&plan.predicted.guardian);
    if reader.contract(guardian).map_err(DeployError::chain("looking for the guardian"))?.is_none() {
        return if certain.is_some() { Err(no_suite(guardian)) } else { Ok(None) };
    }
    let suite: SuiteResponse = reader
        .smart(guardian, &QueryMsg::Suite {})
        .map_err(DeployError::chain(format!("asking the guardian {guardian} for its suite")))?;
    Ok(Some(Addresses::new(guardian.clone(), suite)))
}

/// A killed run may have left a transaction in the mempool. Some blocks later it is in or out.
fn settle(client: &Client) -> Result<(), DeployError> {
    let height = || client.block().map(|block| block.height).map_err(DeployError::chain("asking for the newest block"));
    let (begin, goal) = (Instant::now(), height()? + SETTLE_BLOCKS);
    while height()? < goal && begin.elapsed() < SETTLE_MAX {
        std::thread::sleep(SETTLE_POLL);
    }
    Ok(())
}

/// Writes down a suite that was found on the chain: a kill between its transaction and the file leaves it unrecorded.
fn adopt(plan: &Plan, mut state: State, addresses: &Addresses) -> Result<(), DeployError> {
    if state.suite.as_ref() == Some(addresses) {
        return Ok(());
    }
    state.suite = Some(addresses.clone());
    state.save(&plan.config.state)
}

fn deployed(
    reader: &impl Reader,
    plan: &Plan,
    addresses: Addresses,
    transactions: Vec<Sent>,
) -> Result<Deployed, DeployError> {
    let check = check(reader, plan, &addresses).map_err(DeployError::chain("the self-check"))?;
    let mut codes = BTreeMap::new();
    for contract in Contract::ALL {
        let record = reader.contract(addresses.of(contract)).map_err(DeployError::chain(contract.name()))?;
        codes.extend(record.map(|record| (contract, record.code_id)));
    }
    let outside = plan.outside.iter().map(|outside| (outside.name.clone(), outside.address.clone())).collect();
    Ok(Deployed { addresses, codes, outside, transactions, check })
}

/// A deployment that has something to do.
struct Deployment<'a> {
    client: &'a mut Client,
    signer: &'a Signer,
    plan: &'a Plan,
    state: State,
    note: &'a mut dyn FnMut(&str),
    rules: CodeRules,
    /// Codes on the chain that are byte for byte ours.
    found: Vec<CodeRecord>,
    sent: Vec<Sent>,
}

impl Deployment<'_> {
    fn run(mut self) -> Result<Deployed, DeployError> {
        self.found = codes_on_chain(self.client, self.plan)?;
        let estimate = Estimate::of(self.client, self.plan, &self.state, &self.found, &self.rules)?;
        self.affordable(&estimate)?;
        estimate.possible()?;
        // From here on a run that finds this file knows that something may be on its way.
        self.state.save(&self.plan.config.state)?;
        let mut codes = BTreeMap::new();
        for (contract, need) in self.plan.needs() {
            codes.insert(contract, self.code(&need)?);
        }
        for outside in &self.plan.outside {
            self.outside(outside)?;
        }
        let addresses = self.bootstrap(&codes)?;
        self.sent.extend(introduce(self.client, self.signer, self.plan, &addresses, self.note)?);
        deployed(self.client, self.plan, addresses, self.sent)
    }

    fn affordable(&self, estimate: &Estimate) -> Result<(), DeployError> {
        let (address, denom) = (self.signer.address(), &self.plan.config.network.gas_denom);
        let found = self.client.balance(address, denom).map_err(DeployError::chain("asking for the balance"))?;
        let wanted = estimate.fee(&self.plan.config.network)?;
        if found >= wanted {
            return Ok(());
        }
        let what = format!("coins of the deployer {address}");
        let (wanted, found) = (format!("about {wanted}{denom} for gas"), format!("{found}{denom}"));
        Err(DeployError::Mismatch { what, wanted, found })
    }

    /// The code of an artifact: recorded, found on the chain, or stored now.
    fn code(&mut self, need: &Need<'_>) -> Result<u64, DeployError> {
        let file = &need.artifact.file;
        let code = match need.decide(self.plan, &self.state, &self.found)? {
            Todo::Nothing(code) | Todo::Admit(code) => {
                if !self.state.codes.contains_key(file) {
                    (self.note)(&format!("{file}: is on the chain as code {}", code.code_id));
                }
                code
            }
            Todo::Store => self.store(need)?,
        };
        // A new build of a file that was recorded replaces the record.
        let checksum = &code.checksum;
        if self.state.codes.get(file).is_none_or(|recorded| recorded.checksum != *checksum) {
            self.record(file, StoredCode { code_id: code.code_id, checksum: checksum.clone(), tx: None })?;
        }
        if need.is_met_by(&code.access) {
            Ok(code.code_id)
        } else {
            self.admit(need, &code)
        }
    }

    fn store(&mut self, need: &Need<'_>) -> Result<CodeRecord, DeployError> {
        let (file, sender) = (&need.artifact.file, self.signer.address());
        let access = self.rules.when_stored(&need.access, sender);
        let message = message::store_code(sender, need.artifact.gzipped(), &access);
        let tx = self.send(&format!("store {file}"), message.map_err(DeployError::chain(file))?)?;
        let missing = || DeployError::Mismatch {
            what: format!("the transaction {}", tx.hash),
            wanted: "the number of the stored code".into(),
            found: "none".into(),
        };
        let code_id = tx.number("store_code", "code_id").ok_or_else(missing)?;
        let code = self.read_code(file, code_id)?;
        (self.note)(&format!("{file}: stored as code {code_id} ({} gas)", tx.gas_used));
        let checksum = need.artifact.checksum.to_string();
        if code.checksum != checksum {
            let what = format!("the checksum of code {code_id} ({file})");
            return Err(DeployError::Mismatch { what, wanted: checksum, found: code.checksum });
        }
        self.record(file, StoredCode { code_id, checksum, tx: Some(tx.hash) })?;
        self.found.push(code.clone());
        Ok(code)
    }

    /// Lets whoever will instantiate a code of ours do so.
    fn admit(&mut self, need: &Need<'_>, code: &CodeRecord) -> Result<u64, DeployError> {
        let (file, code_id) = (&need.artifact.file, code.code_id);
        let message = message::update_access(self.signer.address(), code_id, &need.widened(&code.access));
        let tx = self.send(&format!("admit {} to code {code_id}", need.creator), message)?;
        (self.note)(&format!("{file}: code {code_id} admits {} ({} gas)", need.creator, tx.gas_used));
        let admitted = self.read_code(file, code_id)?;
        if !need.is_met_by(&admitted.access) {
            let (what, wanted) =
                (format!("the instantiate permission of code {code_id} ({file})"), need.creator.into());
            return Err(DeployError::Mismatch { what, wanted, found: admitted.access.to_string() });
        }
        self.found.retain(|code| code.code_id != code_id);
        self.found.push(admitted);
        Ok(code_id)
    }

    fn read_code(&self, file: &str, code_id: u64) -> Result<CodeRecord, DeployError> {
        let code = Reader::code(self.client, code_id).map_err(DeployError::chain(file))?;
        code.ok_or_else(|| DeployError::Mismatch {
            what: format!("code {code_id} ({file})"),
            wanted: "a stored code".into(),
            found: "nothing".into(),
        })
    }

    fn record(&mut self, file: &str, code: StoredCode) -> Result<(), DeployError> {
        self.state.codes.insert(file.into(), code);
        self.state.save(&self.plan.config.state)
    }

    fn outside(&mut self, wanted: &PlannedContract) -> Result<(), DeployError> {
        let PlannedContract { name, label, admin, artifact, msg, salt, address } = wanted;
        let doing = format!("outside {name}");
        let found = Reader::contract(self.client, address).map_err(DeployError::chain(&doing))?;
        let tx = match found {
            Some(_) => None,
            None => {
                let code = self.code(&self.plan.outside_need(artifact))?;
                let (sender, admin) = (self.signer.address(), admin.as_deref().unwrap_or_default());
                let message = message::instantiate2(sender, admin, code, label, msg, salt);
                let tx = self.send(&format!("create {name}"), message.map_err(DeployError::chain(&doing))?)?;
                (self.note)(&format!("{name}: created at {address} ({} gas)", tx.gas_used));
                Some(tx.hash)
            }
        };
        if self.state.outside.get(name).is_none_or(|created| created.address != *address) {
            self.state.outside.insert(name.clone(), Created { address: address.clone(), tx });
            self.state.save(&self.plan.config.state)?;
        }
        Ok(())
    }

    /// One transaction creates all five, or nothing.
    fn bootstrap(&mut self, codes: &BTreeMap<Contract, u64>) -> Result<Addresses, DeployError> {
        let id = |contract: Contract| codes.get(&contract).copied().unwrap_or_default();
        let msg = self.plan.config.message(SuiteCodes {
            oracle: id(Contract::Oracle),
            circuit_breaker: id(Contract::CircuitBreaker),
            insurance_fund: id(Contract::InsuranceFund),
            derivatives_vault: id(Contract::DerivativesVault),
        });
        let (guardian, suite) = (&self.plan.predicted.guardian, &self.plan.config.suite);
        // Its own admin: no person can replace its code without the timelock.
        let message = message::instantiate2(
            self.signer.address(),
            guardian,
            id(Contract::Guardian),
            &suite.label,
            &msg,
            suite.salt.as_bytes(),
        );
        let tx = self.send("bootstrap the suite", message.map_err(DeployError::chain("the bootstrap"))?)?;
        let addresses = existing(self.client, self.plan, &self.state)?.ok_or_else(|| no_suite(guardian))?;
        (self.note)(&format!("the suite: guardian {guardian} ({} gas)", tx.gas_used));
        self.state.suite = Some(addresses.clone());
        self.state.bootstrap_tx = Some(tx.hash);
        self.state.save(&self.plan.config.state)?;
        Ok(addresses)
    }

    fn send(&mut self, what: &str, message: Any) -> Result<Tx, DeployError> {
        let tx = self.client.send(self.signer, &[message], Gas::Simulated).map_err(DeployError::chain(what))?;
        self.sent.push(Sent { what: what.into(), hash: tx.hash.clone(), gas_used: tx.gas_used });
        Ok(tx)
    }
}

/// Codes on the chain with the checksums of the plan, whoever stored them: a code is its checksum.
pub(super) fn codes_on_chain(reader: &impl Reader, plan: &Plan) -> Result<Vec<CodeRecord>, DeployError> {
    let outside = plan.outside.iter().map(|outside| &outside.artifact);
    let checksums: BTreeSet<String> =
        plan.artifacts.values().chain(outside).map(|artifact| artifact.checksum.to_string()).collect();
    reader.codes(&checksums).map_err(DeployError::chain("looking for stored codes"))
}
