//! The embedded chain with the suite on it: time, transactions, queries.

use crate::builder::WorldBuilder;
use crate::code::{Code, CODES};
use crate::ledger::{self, Ledger, Nature, Tally};
use crate::meter::{Meter, Usage};
use crate::metered::{Metered, Switch};
use crate::names::Names;
use crate::outcome::{Attempt, Outcome, Refusal};
use crate::setup::Setup;
use cosmwasm_std::{coins, to_json_binary, Addr, Empty, QuerierWrapper, Storage, Timestamp, WasmMsg};
use cw_multi_test::{App, BankKeeper, BankSudo, Contract, Executor, MockApiBech32, SudoMsg};
use firebreak_messages::{AccountId, MarketId};
use firebreak_risk::{Amount, Price};
use serde::de::DeserializeOwned;
use serde::Serialize;
use std::collections::BTreeMap;

/// The settlement coin.
pub const DENOM: &str = "uusd";

pub(crate) type Chain = App<BankKeeper, MockApiBech32>;

/// Where everything lives.
#[derive(Debug, Clone)]
pub struct Addresses {
    pub guardian: Addr,
    pub oracle: Addr,
    pub circuit_breaker: Addr,
    pub insurance_fund: Addr,
    pub derivatives_vault: Addr,
    pub council_group: Addr,
    pub dao_group: Addr,
    pub dao: Addr,
}

impl Addresses {
    /// The suite's contract of a code. The group code has two contracts: this is the council's.
    pub fn of(&self, code: Code) -> &Addr {
        match code {
            Code::Oracle => &self.oracle,
            Code::Breaker => &self.circuit_breaker,
            Code::Insurance => &self.insurance_fund,
            Code::Guardian => &self.guardian,
            Code::Vault => &self.derivatives_vault,
            Code::Group => &self.council_group,
            Code::Multisig => &self.dao,
        }
    }

    /// The five contracts of the suite.
    pub fn suite(&self) -> [&Addr; 5] {
        [&self.oracle, &self.circuit_breaker, &self.insurance_fund, &self.guardian, &self.derivatives_vault]
    }
}

/// Sums over all steps so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    pub transactions: u64,
    pub refusals: u64,
    /// Entry points called, replies and contracts' queries of each other included; queries by tests and agents are not.
    pub calls: u64,
    pub gas: u64,
}

/// The suite on an embedded chain. Built by [`World::builder`]; steps are in `steps/`.
pub struct World {
    pub(crate) app: Chain,
    pub addresses: Addresses,
    pub(crate) setup: Setup,
    pub(crate) meter: Meter,
    pub(crate) switches: [Switch; CODES],
    pub(crate) codes: [u64; CODES],
    pub(crate) block_seconds: u64,
    pub(crate) prices: BTreeMap<MarketId, Price>,
    pub(crate) ledger: Ledger,
    pub(crate) bootstrap_usage: Usage,
    pub(crate) totals: Totals,
    pub(crate) names: Names,
}

impl World {
    /// Two markets ([`crate::BTC`] at 60,000 and [`crate::ETH`] at 3,000), 10M in the pool, 500k in the fund, rules enforced.
    pub fn builder() -> WorldBuilder {
        WorldBuilder::default()
    }

    /// What the suite was bootstrapped with.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The address behind an actor's name.
    pub fn address(&self, name: &str) -> Addr {
        self.names.address(name)
    }

    /// From now on a name means somebody else: who has taken an actor's place.
    pub fn replace(&mut self, name: &str, by: &str) {
        let address = self.address(by);
        self.names.give(name, address);
    }

    /// An actor's first account.
    pub fn account_id(&self, name: &str) -> AccountId {
        AccountId { owner: self.address(name).into(), subaccount: 0 }
    }

    pub fn code_id(&self, code: Code) -> u64 {
        self.codes[code as usize]
    }

    /// Seconds of block time.
    pub fn now(&self) -> u64 {
        self.app.block_info().time.seconds()
    }

    pub fn height(&self) -> u64 {
        self.app.block_info().height
    }

    /// Part of what is signed off chain.
    pub fn chain_id(&self) -> String {
        self.app.block_info().chain_id
    }

    pub fn block_seconds(&self) -> u64 {
        self.block_seconds
    }

    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What the bootstrap transaction touched.
    pub fn bootstrap_usage(&self) -> &Usage {
        &self.bootstrap_usage
    }

    /// Checks made so far and what they found.
    pub fn tally(&self) -> &Tally {
        &self.ledger.tally
    }

    /// One block on.
    pub fn next_block(&mut self) {
        self.advance(self.block_seconds);
    }

    /// Time passes, block by block; nobody acts and prices grow old.
    pub fn advance(&mut self, seconds: u64) {
        let mut block = self.app.block_info();
        block.height += seconds.div_ceil(self.block_seconds).max(1);
        block.time = Timestamp::from_nanos(block.time.nanos() + seconds * 1_000_000_000);
        self.app.set_block(block);
    }

    /// Time passes up to a moment; nothing happens if it has passed already.
    pub fn advance_to(&mut self, seconds: u64) {
        let left = seconds.saturating_sub(self.now());
        if left > 0 {
            self.advance(left);
        }
    }

    /// Coins out of nowhere, for an actor.
    pub fn fund(&mut self, name: &str, amount: Amount) {
        let recipient = self.address(name);
        self.fund_address(&recipient, amount);
    }

    pub(crate) fn fund_address(&mut self, recipient: &Addr, amount: Amount) {
        let mint = BankSudo::Mint { to_address: recipient.to_string(), amount: coins(amount.atoms(), DENOM) };
        self.app.sudo(SudoMsg::Bank(mint)).unwrap_or_else(|error| panic!("cannot mint: {error}"));
    }

    /// Coins of an actor.
    pub fn balance(&self, name: &str) -> Amount {
        self.balance_of(&self.address(name))
    }

    pub fn balance_of(&self, holder: &Addr) -> Amount {
        let coin = self.app.wrap().query_balance(holder, DENOM).unwrap_or_else(|error| panic!("{error}"));
        Amount::from_atoms(coin.amount.u128())
    }

    /// Any message to any contract of the suite, with coins that the actor has.
    pub fn send(&mut self, name: &str, to: Code, msg: &impl Serialize, coins: Amount) -> Attempt {
        let contract = self.addresses.of(to).clone();
        self.transact(&self.address(name), &contract, msg, coins, Nature::Any)
    }

    /// A step in which nothing happens.
    pub(crate) fn nothing(&self) -> Attempt {
        Attempt(Ok(Outcome { now: self.now(), height: self.height(), ..Outcome::default() }))
    }

    /// One transaction of any address to any contract: runs it, counts it, checks the invariants that its nature asks for.
    pub fn transact(
        &mut self,
        sender: &Addr,
        contract: &Addr,
        msg: &impl Serialize,
        funds: Amount,
        nature: Nature,
    ) -> Attempt {
        let coins = if funds.is_zero() { vec![] } else { coins(funds.atoms(), DENOM) };
        let msg = to_json_binary(msg).unwrap_or_else(|error| panic!("{error}"));
        let before = ledger::before(self, nature);
        self.meter.take();
        self.meter.count(|usage| usage.message_bytes = msg.len() as u64);
        let result = self.app.execute(
            sender.clone(),
            WasmMsg::Execute { contract_addr: contract.to_string(), msg, funds: coins }.into(),
        );
        let usage = self.meter.take();
        self.totals.transactions += 1;
        self.totals.calls += usage.calls();
        self.totals.gas += usage.gas();
        match result {
            Ok(response) => {
                let into_suite = self.addresses.suite().contains(&contract);
                ledger::after(
                    self,
                    before,
                    nature,
                    if into_suite { funds } else { Amount::ZERO },
                    &response.events,
                    &usage,
                );
                Attempt(Ok(Outcome { events: response.events, usage, now: self.now(), height: self.height() }))
            }
            Err(error) => {
                self.totals.refusals += 1;
                Attempt(Err(Refusal { error, usage }))
            }
        }
    }

    /// A smart query. Panics when it is refused; [`Self::try_query`] does not.
    #[track_caller]
    pub fn query<T: DeserializeOwned>(&self, of: Code, msg: &impl Serialize) -> T {
        match self.try_query(of, msg) {
            Ok(response) => response,
            Err(error) => panic!("the query was refused: {error}"),
        }
    }

    pub fn try_query<T: DeserializeOwned>(&self, of: Code, msg: &impl Serialize) -> Result<T, cosmwasm_std::StdError> {
        self.app.wrap().query_wasm_smart(self.addresses.of(of), msg)
    }

    /// Queries of any contract and any balance.
    pub fn querier(&self) -> QuerierWrapper<'_> {
        self.app.wrap()
    }

    /// Stores one more version of a contract, to migrate to; it is metered as that contract. Returns its code id.
    pub fn store_next(&mut self, code: Code, next: Box<dyn Contract<Empty>>) -> u64 {
        let (meter, switch) = (self.meter.clone(), self.switches[code as usize].clone());
        let creator = self.address("deployer");
        self.app.store_code_with_creator(creator, Box::new(Metered { inner: next, code, meter, switch }))
    }

    /// A contract's storage, as a node can read it.
    pub fn storage(&self, of: Code) -> Box<dyn Storage + '_> {
        self.app.contract_storage(self.addresses.of(of))
    }

    /// A contract's storage, writable: to seed a state that no message reaches.
    pub fn storage_mut(&mut self, of: Code) -> Box<dyn Storage + '_> {
        let contract = self.addresses.of(of).clone();
        self.app.contract_storage_mut(&contract)
    }
}
