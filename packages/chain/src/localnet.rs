//! The local chain of `scripts/localnet`: funded keys by name, and a clock that can be moved.

use crate::client::{Client, Gas};
use crate::error::ChainError;
use crate::message;
use crate::network::Network;
use crate::signer::Signer;
use crate::tx::Tx;
use cosmrs::proto::cosmos::gov::v1::{Proposal, ProposalStatus, QueryProposalRequest, QueryProposalResponse};
use cosmrs::Any;
use cosmwasm_std::{coin, coins, Coin};
use serde::Serialize;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The settlement coin that every key of the local chain has.
pub const DENOM: &str = "uusd";
/// The deposit of a proposal, in the staking coin.
const DEPOSIT: u128 = 10_000_000;
/// How long a moved clock or a vote may take, seconds of the machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the local chain with its keys.
pub struct Localnet {
    pub client: Client,
    signers: HashMap<String, Signer>,
    clock: Option<PathBuf>,
}

impl Localnet {
    /// From the variables that `scripts/localnet env` prints.
    ///
    /// Errors: [`ChainError::Unreadable`] when one is missing, and those of [`Client::connect`].
    pub fn from_env() -> Result<Self, ChainError> {
        let network = Network {
            rpc: variable("LOCALNET_RPC")?,
            chain_id: variable("LOCALNET_CHAIN_ID")?,
            prefix: "wasm".into(),
            coin_type: 118,
            gas_denom: variable("LOCALNET_DENOM")?,
            gas_price: "0".into(),
            gas_adjustment: 1.5,
        };
        let phrase = variable("LOCALNET_MNEMONIC")?;
        let mut signers = HashMap::new();
        for word in variable("LOCALNET_KEYS")?.split_whitespace() {
            let wrong = || ChainError::unreadable("LOCALNET_KEYS", format!("wanted name=index, found {word}"));
            let (name, index) = word.split_once('=').ok_or_else(wrong)?;
            let index = index.parse().map_err(|_| wrong())?;
            signers.insert(name.to_string(), Signer::from_phrase(&phrase, index, &network)?);
        }
        let clock = std::env::var_os("LOCALNET_CLOCK").map(PathBuf::from);
        Ok(Self { client: Client::connect(network)?, signers, clock })
    }

    /// The key of a name. Panics for a name that `scripts/localnet` does not make: a test that mistypes one is wrong.
    #[track_caller]
    pub fn signer(&self, name: &str) -> &Signer {
        self.signers.get(name).unwrap_or_else(|| panic!("the local chain has no key {name}"))
    }

    #[track_caller]
    pub fn address(&self, name: &str) -> String {
        self.signer(name).address().to_string()
    }

    /// The address that signs what the chain's gov module has passed.
    pub fn gov(&self) -> Result<String, ChainError> {
        use cosmrs::proto::cosmos::auth::v1beta1::{
            ModuleAccount, QueryModuleAccountByNameRequest, QueryModuleAccountByNameResponse,
        };
        let query = QueryModuleAccountByNameRequest { name: "gov".into() };
        let response: QueryModuleAccountByNameResponse =
            self.client.module("/cosmos.auth.v1beta1.Query/ModuleAccountByName", &query)?;
        let account = response.account.and_then(|any| any.to_msg::<ModuleAccount>().ok());
        let address = account.and_then(|account| account.base_account).map(|base| base.address);
        address.ok_or_else(|| ChainError::unreadable("the gov account", "it has no address"))
    }

    /// One transaction of a named key.
    pub fn send(&mut self, name: &str, messages: &[Any], gas: Gas) -> Result<Tx, ChainError> {
        let Some(signer) = self.signers.get(name) else { panic!("the local chain has no key {name}") };
        self.client.send(signer, messages, gas)
    }

    /// Hands a transaction of a named key to the mempool; see [`Client::submit`].
    pub fn submit(&mut self, name: &str, messages: &[Any], gas: Gas) -> Result<String, ChainError> {
        let Some(signer) = self.signers.get(name) else { panic!("the local chain has no key {name}") };
        self.client.submit(signer, messages, gas)
    }

    /// One message of a named key to a contract, with so many atoms of the settlement coin.
    pub fn execute(
        &mut self,
        name: &str,
        contract: &str,
        msg: &impl Serialize,
        atoms: u128,
        gas: Gas,
    ) -> Result<Tx, ChainError> {
        let message = execute_with(&self.address(name), contract, msg, atoms)?;
        self.send(name, &[message], gas)
    }

    /// Block time, seconds.
    pub fn now(&self) -> Result<u64, ChainError> {
        Ok(self.client.block()?.seconds())
    }

    /// Moves the clock forward; returns when a block has the new time. A clock that stands still then stands there; one that
    /// runs goes on from there. Blocks of a standing clock are a millisecond apart.
    ///
    /// Errors: [`ChainError::Unreadable`] when the chain was started without a movable clock.
    pub fn advance(&self, seconds: u64) -> Result<(), ChainError> {
        let wanted = self.now()? + seconds;
        self.advance_to(wanted)
    }

    /// [`Self::advance`] to a moment, seconds since 1970.
    pub fn advance_to(&self, moment: u64) -> Result<(), ChainError> {
        let unreadable = |error: String| ChainError::unreadable("the local chain's clock", error);
        let Some(file) = &self.clock else { return Err(unreadable("LOCALNET_CLOCK is not set".into())) };
        let now = self.now()?;
        if moment <= now {
            return Ok(());
        }
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let setting = match text.trim().strip_prefix('+') {
            Some(ahead) => {
                let ahead: u64 = ahead.parse().map_err(|_| unreadable(format!("it holds {text}")))?;
                format!("+{}", ahead + (moment - now))
            }
            None if text.trim().is_empty() => format!("+{}", moment - now),
            None => moment.to_string(),
        };
        // A node that reads half a number would jump to the wrong time: the file is replaced, never rewritten.
        let fresh = file.with_extension("next");
        std::fs::write(&fresh, setting).map_err(|error| unreadable(error.to_string()))?;
        std::fs::rename(&fresh, file).map_err(|error| unreadable(error.to_string()))?;
        let begin = Instant::now();
        // A node tells of a block a moment before its state is there: only the next one proves that what is simulated now
        // is simulated at the new time.
        let mut reached = None;
        loop {
            let block = self.client.block()?;
            if block.seconds() >= moment && *reached.get_or_insert(block.height) < block.height {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(unreadable(format!("no block reached {moment}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Passes a proposal of the gov module: the validator votes yes, the voting period passes.
    /// Gives the proposal's status as the chain names it; a proposal that passed and then failed is not an error here.
    pub fn govern(&mut self, title: &str, messages: Vec<Any>) -> Result<Passed, ChainError> {
        let stake = self.client.network().gas_denom.clone();
        let proposal = message::propose(&self.address("val"), title, messages, coin(DEPOSIT, stake))?;
        // A stored code is part of the proposal, so its size decides what it costs.
        let submitted = self.send("val", &[proposal], Gas::Simulated)?;
        let id = submitted.number("submit_proposal", "proposal_id");
        let id = id.ok_or_else(|| ChainError::unreadable("a proposal", "the chain named none"))?;
        let vote = message::vote_yes(&self.address("val"), id)?;
        self.send("val", &[vote], Gas::Simulated)?;
        self.decided(id)
    }

    /// Moves the clock behind the end of a vote, and tells what the chain made of the proposal.
    ///
    /// Errors: [`ChainError::Unreadable`] for a proposal that is not being voted on.
    pub fn decided(&self, id: u64) -> Result<Passed, ChainError> {
        let Some(end) = self.proposal(id)?.voting_end_time else {
            return Err(ChainError::unreadable("a proposal", "it is not being voted on"));
        };
        self.advance_to(u64::try_from(end.seconds).unwrap_or(0) + 1)?;
        let begin = Instant::now();
        loop {
            let found = self.proposal(id)?;
            let status = found.status();
            if status != ProposalStatus::VotingPeriod {
                return Ok(Passed { id, status, failed_reason: found.failed_reason });
            }
            if begin.elapsed() > PATIENCE {
                return Err(ChainError::unreadable("a proposal", "the vote does not end"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the gov module knows of a proposal.
    pub fn proposal(&self, proposal_id: u64) -> Result<Proposal, ChainError> {
        let query = QueryProposalRequest { proposal_id };
        let response: QueryProposalResponse = self.client.module("/cosmos.gov.v1.Query/Proposal", &query)?;
        response.proposal.ok_or_else(|| ChainError::unreadable("a proposal", "it is gone"))
    }

    /// Pins codes on every node, or unpins them.
    pub fn pin(&mut self, code_ids: &[u64], pinned: bool) -> Result<(), ChainError> {
        let gov = self.gov()?;
        let message = if pinned { message::pin } else { message::unpin };
        let passed = self.govern("pin codes", vec![message(&gov, code_ids.to_vec())])?;
        passed.ensure()
    }
}

/// A message to a contract, with so many atoms of the settlement coin.
pub fn execute_with(sender: &str, contract: &str, msg: &impl Serialize, atoms: u128) -> Result<Any, ChainError> {
    let funds: Vec<Coin> = if atoms == 0 { vec![] } else { coins(atoms, DENOM) };
    message::execute(sender, contract, msg, &funds)
}

/// A proposal after its vote.
#[derive(Debug, Clone)]
pub struct Passed {
    pub id: u64,
    pub status: ProposalStatus,
    pub failed_reason: String,
}

impl Passed {
    /// Errors: [`ChainError::Refused`] when its messages were refused.
    pub fn ensure(self) -> Result<(), ChainError> {
        if self.status == ProposalStatus::Passed {
            return Ok(());
        }
        let log = format!("proposal {} is {:?}: {}", self.id, self.status, self.failed_reason);
        Err(ChainError::Refused { log, gas_used: 0 })
    }
}

fn variable(name: &'static str) -> Result<String, ChainError> {
    std::env::var(name).map_err(|_| ChainError::unreadable(name, "the variable is not set; see scripts/localnet env"))
}
