//! A suite of its own for every test, on one local chain that runs already (`tests/chain/run`).
//!
//! The chain's clock stands still until a test moves it, and moves forward only; it is one for all, so tests take
//! turns. The rest is theirs alone: contracts are instantiated anew, with the figures of `firebreak_testing::Setup`.
#![allow(dead_code)] // Each test file uses its part.

pub mod governance;
pub mod prices;
pub mod program;
pub mod rights;
pub mod state;
mod trading;
mod trap;

use firebreak_chain::localnet::execute_with;
use firebreak_chain::{ChainError, Gas, Localnet, Tx};
use firebreak_chain_tests::{Chain, Wasmd};
use firebreak_messages::derivatives_vault::ExecuteMsg as VaultMsg;
use firebreak_messages::event::Fact;
use firebreak_messages::guardian::InstantiateMsg;
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, PoolShares, Price};
use firebreak_testing::{price, usd, Addresses, BTC, ETH};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Gas that is enough for everything here. Given as a limit, a refused transaction gets into a block too.
pub const PLENTY: Gas = Gas::Limit(20_000_000);

/// Who has the clock.
static TURN: Mutex<()> = Mutex::new(());

/// Waits for the clock. A test that failed leaves nothing behind that the next one uses.
pub fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One deployment, the chain's keys, and the turn to use them.
pub struct Suite {
    pub wasmd: Wasmd,
    /// Addresses of the contracts.
    pub at: Addresses,
    /// What the guardian was instantiated with.
    pub bootstrap: InstantiateMsg,
    prices: BTreeMap<MarketId, Price>,
    /// Proposals that the DAO has had.
    proposals: u64,
    _turn: MutexGuard<'static, ()>,
}

impl Suite {
    /// Two markets at fresh prices, a pool of ten millions, a fund of half a million.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(|_, _| {})
    }

    /// The same with a changed bootstrap message. Whoever prepares something on the chain for it leaves the deployer's
    /// key alone, whose transactions are being counted.
    #[track_caller]
    pub fn start_with(adjust: impl FnOnce(&mut Localnet, &mut InstantiateMsg)) -> Self {
        let turn = turn();
        let mut side = Localnet::from_env().unwrap();
        // Heights only grow: no two suites of one chain have the same salt.
        let salt = format!("suite-{}", side.client.block().unwrap().height);
        let mut bootstrap = None;
        let adjust = |msg: &mut InstantiateMsg| {
            adjust(&mut side, msg);
            bootstrap = Some(msg.clone());
        };
        let wasmd = Wasmd::deploy_with(&salt, adjust).unwrap_or_else(|error| panic!("the bootstrap: {error}"));
        let at = wasmd.suite().clone();
        let bootstrap = bootstrap.expect("the message was adjusted");
        let mut suite = Self { wasmd, at, bootstrap, prices: BTreeMap::new(), proposals: 0, _turn: turn };
        suite.report(&[(BTC, price("60000")), (ETH, price("3000"))]);
        let (vault, fund) = (suite.at.derivatives_vault.to_string(), suite.at.insurance_fund.to_string());
        let provide = VaultMsg::ProvideLiquidity { shares_min: PoolShares::ZERO };
        let provided = suite.submit("lp", &vault, &provide, usd(10_000_000), PLENTY);
        suite.pay("treasury", &fund, &FundMsg::AddFirstLoss {}, usd(500_000));
        suite.committed(&provided).unwrap();
        suite
    }

    pub fn net(&mut self) -> &mut Localnet {
        &mut self.wasmd.localnet
    }

    pub fn address(&self, name: &str) -> String {
        self.wasmd.localnet.address(name)
    }

    #[track_caller]
    pub fn now(&self) -> u64 {
        self.wasmd.localnet.now().unwrap()
    }

    #[track_caller]
    pub fn advance(&self, seconds: u64) {
        self.wasmd.localnet.advance(seconds).unwrap();
    }

    #[track_caller]
    pub fn advance_to(&self, moment: u64) {
        self.wasmd.localnet.advance_to(moment).unwrap();
    }

    #[track_caller]
    pub fn query<T: DeserializeOwned>(&self, contract: impl AsRef<str>, msg: &impl Serialize) -> T {
        self.wasmd.localnet.client.smart(contract.as_ref(), msg).unwrap()
    }

    /// One message of a named key, taken.
    #[track_caller]
    pub fn send(&mut self, name: &str, contract: impl AsRef<str>, msg: &impl Serialize) -> Tx {
        self.attempt(name, contract, msg, Amount::ZERO, PLENTY).unwrap()
    }

    /// The same with coins.
    #[track_caller]
    pub fn pay(&mut self, name: &str, contract: impl AsRef<str>, msg: &impl Serialize, coins: Amount) -> Tx {
        self.attempt(name, contract, msg, coins, PLENTY).unwrap()
    }

    /// One message of a named key, refused in a block.
    #[track_caller]
    pub fn refused(&mut self, name: &str, contract: impl AsRef<str>, msg: &impl Serialize) -> Refusal {
        refusal(self.attempt(name, contract, msg, Amount::ZERO, PLENTY))
    }

    pub fn attempt(
        &mut self,
        name: &str,
        contract: impl AsRef<str>,
        msg: &impl Serialize,
        coins: Amount,
        gas: Gas,
    ) -> Result<Tx, ChainError> {
        self.wasmd.localnet.execute(name, contract.as_ref(), msg, coins.atoms(), gas)
    }

    /// Hands a message to the mempool and gives its hash. Blocks take transactions in the order of their coming.
    #[track_caller]
    pub fn submit(
        &mut self,
        name: &str,
        contract: impl AsRef<str>,
        msg: &impl Serialize,
        coins: Amount,
        gas: Gas,
    ) -> String {
        let message = execute_with(&self.address(name), contract.as_ref(), msg, coins.atoms()).unwrap();
        self.net().submit(name, &[message], gas).unwrap()
    }

    /// Waits for what was submitted.
    pub fn committed(&self, hash: &str) -> Result<Tx, ChainError> {
        self.wasmd.localnet.client.committed(hash)
    }
}

/// A refusal that got into a block.
#[derive(Debug)]
pub struct Refusal {
    pub log: String,
    pub gas_used: u64,
}

impl Refusal {
    /// Asserts the contract's own words.
    #[track_caller]
    pub fn says(self, wanted: impl Display) -> Self {
        let wanted = wanted.to_string();
        assert!(self.log.contains(&wanted), "refused with\n  {}\nwanted\n  {wanted}", self.log);
        self
    }
}

#[track_caller]
pub fn refusal(answer: Result<Tx, ChainError>) -> Refusal {
    match answer {
        Err(ChainError::Refused { log, gas_used }) => Refusal { log, gas_used },
        Err(other) => panic!("wanted a refusal, found {other}"),
        Ok(tx) => panic!("wanted a refusal, it was taken: {:?}", tx.events),
    }
}

/// The one fact of a type.
#[track_caller]
pub fn fact<T: Fact>(tx: &Tx) -> T {
    let mut found = tx.facts::<T>();
    assert_eq!(found.len(), 1, "{} facts of type {} in {:?}", found.len(), T::NAME, tx.events);
    found.remove(0)
}
