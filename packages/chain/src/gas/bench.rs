//! A fresh suite on the local chain, and the steps that every part of the measurement is made of.

use super::actors::{trader, Actors};
use super::error::GasError;
use super::row::{Payer, Sample};
use super::suite::{self, Addresses, Codes, Outside};
use crate::deploy::Config;
use crate::localnet::{execute_with, DENOM};
use crate::{message, Gas, Localnet, Tx};
use cosmwasm_std::{coin, coins};
use firebreak_messages::circuit_breaker::ExecuteMsg as BreakerMsg;
use firebreak_messages::derivatives_vault::{
    ExecuteMsg as VaultMsg, OrderFilled, OrderPlaced, OrderRequest, BATCH_MAX,
};
use firebreak_messages::event::Fact;
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, FeedReport, RoundPublished};
use firebreak_messages::{AccountId, FeedId, MarketId};
use firebreak_risk::{Amount, Price, Size};
use serde::Serialize;

/// Every transaction asks for the same, so that the digits of the limit are no part of a figure.
pub(super) const GAS: Gas = Gas::Limit(20_000_000);

pub(super) const BTC: MarketId = MarketId(1);
pub(super) const ETH: MarketId = MarketId(2);
const FEEDERS: [&str; 3] = ["feeder-0", "feeder-1", "feeder-2"];
const COUNCIL: [&str; 3] = ["council-0", "council-1", "council-2"];
const DAO: [&str; 3] = ["dao-0", "dao-1", "dao-2"];
/// Named keys that send measured messages.
const SENDERS: [&str; 15] = [
    "alice",
    "bob",
    "carol",
    "keeper",
    "lp",
    "treasury",
    "canceller",
    "feeder-0",
    "feeder-1",
    "feeder-2",
    "council-0",
    "council-1",
    "dao-0",
    "dao-1",
    "mallory",
];
/// Traders that are made and paid at a time.
const AT_A_TIME: usize = 500;
/// A multiple of the breaker's buckets: a day, six hours, an hour, 10 s, and 38 s (an eighth of five minutes).
const BUCKETS_SECONDS: u64 = 19 * 86_400;
/// Coins of each trader whose messages are measured.
const TRADER_COINS: Amount = Amount::from_units(100_000);

/// A contract of the suite or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Oracle,
    Breaker,
    Fund,
    Vault,
    Guardian,
    Dao,
    Empty,
}

pub(super) struct Bench {
    pub net: Localnet,
    pub actors: Actors,
    pub config: Config,
    pub codes: Codes,
    outside: Outside,
    pub addresses: Addresses,
    /// Gas of storing the suite's five codes.
    pub stored: u64,
    /// What the last bootstrap cost.
    pub bootstrapped: u64,
    /// Bootstrapped so far.
    suites: u64,
    pub samples: Vec<Sample>,
}

impl Bench {
    /// Stores the codes and a first suite. Every key that sends a measured message has sent one before: the first
    /// transaction of a key stores its public key and costs more.
    pub fn new(mut net: Localnet, config: Config, traders: usize) -> Result<Self, GasError> {
        let actors = Actors::from_env(net.client.network())?;
        let (codes, stored) = suite::store(&mut net.client, actors.get("deployer")?, &config.artifacts.folder)?;
        let members = |names: &[&str]| names.iter().map(|name| actors.address(name)).collect::<Result<Vec<_>, _>>();
        let (council, dao) = (members(&COUNCIL)?, members(&DAO)?);
        let outside = suite::found(&mut net.client, actors.get("deployer")?, &codes, &council, &dao)?;
        for name in SENDERS {
            let signer = actors.get(name)?;
            let warm = message::send(signer.address(), signer.address(), &coins(1, DENOM))?;
            net.client.send(signer, &[warm], GAS)?;
        }
        let nowhere = String::new();
        let addresses = Addresses {
            guardian: nowhere.clone(),
            oracle: nowhere.clone(),
            breaker: nowhere.clone(),
            fund: nowhere.clone(),
            vault: nowhere.clone(),
            dao: nowhere.clone(),
            empty: nowhere,
        };
        let mut bench = Self {
            net,
            actors,
            config,
            codes,
            outside,
            addresses,
            stored,
            bootstrapped: 0,
            suites: 0,
            samples: vec![],
        };
        bench.fund_traders(traders, TRADER_COINS)?;
        bench.warm_traders(traders)?;
        bench.fresh()?;
        Ok(bench)
    }

    /// Makes sure that so many traders exist; new ones get these coins.
    pub fn fund_traders(&mut self, count: usize, each: Amount) -> Result<(), GasError> {
        // Little by little: the node hangs up on a client that is silent for ten seconds, and keys take milliseconds each.
        for end in (0..count).step_by(AT_A_TIME).map(|begin| count.min(begin + AT_A_TIME)) {
            let fresh = self.actors.add_traders(0..end, self.net.client.network())?;
            if !fresh.is_empty() {
                let treasury = self.actors.get("treasury")?;
                let sent = message::send_to_each(treasury.address(), &fresh, &coin(each.atoms(), DENOM))?;
                self.net.client.send(treasury, &[sent], GAS)?;
            }
        }
        Ok(())
    }

    /// One transaction of each of these traders, so that the chain has stored their public keys.
    fn warm_traders(&mut self, count: usize) -> Result<(), GasError> {
        let mut hashes = vec![];
        for number in 0..count {
            let signer = self.actors.get(&trader(number))?;
            let warm = message::send(signer.address(), signer.address(), &coins(1, DENOM))?;
            hashes.push(self.net.client.submit(signer, &[warm], GAS)?);
        }
        for hash in hashes {
            self.net.client.committed(&hash)?;
        }
        Ok(())
    }

    /// A new suite beside the old one, with prices that fill every window, a pool and first-loss capital.
    pub fn fresh(&mut self) -> Result<(), GasError> {
        self.suites += 1;
        // New in a second run on the same chain, the same on every fresh one: the digits of addresses cost some gas too.
        let salt = format!("gas-{:06}-{:06}", self.codes.guardian, self.suites);
        let deployer = self.actors.get("deployer")?;
        let (addresses, tx) = suite::bootstrap(
            &mut self.net.client,
            deployer,
            &self.codes,
            &self.outside,
            &self.config,
            salt.as_bytes(),
        )?;
        self.addresses = addresses;
        self.bootstrapped = tx.gas_used;
        self.settle_prices()?;
        self.act("lp", To::Vault, &provide(), Amount::from_units(10_000_000))?;
        let first_loss = firebreak_messages::insurance_fund::ExecuteMsg::AddFirstLoss {};
        self.act("treasury", To::Fund, &first_loss, Amount::from_units(500_000))?;
        Ok(())
    }

    /// Rounds that fill the oracle's ring and the windows of the breaker: what a market that has been open for a while costs.
    ///
    /// They begin where every bucket of the breaker's windows begins: else how many buckets the following minutes touch, and
    /// with it half a thousand gas, would depend on what was done before.
    pub fn settle_prices(&mut self) -> Result<(), GasError> {
        let now = self.now()?;
        self.net.advance_to(now - now % BUCKETS_SECONDS + BUCKETS_SECONDS)?;
        for seconds in [40; 9].into_iter().chain([10; 7]) {
            self.net.advance(seconds)?;
            self.price(&[(BTC, price("60000")?), (ETH, price("3000")?)])?;
        }
        Ok(())
    }

    pub fn address(&self, to: To) -> &str {
        match to {
            To::Oracle => &self.addresses.oracle,
            To::Breaker => &self.addresses.breaker,
            To::Fund => &self.addresses.fund,
            To::Vault => &self.addresses.vault,
            To::Guardian => &self.addresses.guardian,
            To::Dao => &self.addresses.dao,
            To::Empty => &self.addresses.empty,
        }
    }

    /// One message of an actor, as one transaction.
    pub fn act(&mut self, actor: &str, to: To, msg: &impl Serialize, amount: Amount) -> Result<Tx, GasError> {
        let hash = self.submit(actor, to, msg, amount)?;
        self.net.client.committed(&hash).map_err(|error| GasError::step(format!("{actor} to {to:?}"), error))
    }

    /// The same without waiting for the block.
    pub fn submit(&mut self, actor: &str, to: To, msg: &impl Serialize, amount: Amount) -> Result<String, GasError> {
        let signer = self.actors.get(actor)?;
        let sent = execute_with(signer.address(), self.address(to), msg, amount.atoms())?;
        Ok(self.net.client.submit(signer, &[sent], GAS)?)
    }

    /// Notes what a transaction cost.
    pub fn note(&mut self, message: &str, payer: Payer, gas: u64) {
        self.samples.push(Sample { message: message.into(), payer, gas });
    }

    /// Sends, checks that it did what it is measured for, notes what it cost.
    pub fn measure<T: Fact>(
        &mut self,
        row: &str,
        payer: Payer,
        (actor, to, amount): (&str, To, Amount),
        msg: &impl Serialize,
    ) -> Result<T, GasError> {
        let tx = self.act(actor, to, msg, amount)?;
        self.note(row, payer, tx.gas_used);
        fact(row, &tx)
    }

    // Prices.

    pub fn now(&self) -> Result<u64, GasError> {
        Ok(self.net.now()?)
    }

    pub fn report(&self, prices: &[(MarketId, Price)]) -> Result<OracleMsg, GasError> {
        let published_at = self.now()?;
        let reports =
            prices.iter().map(|(market, price)| FeedReport { feed: FeedId(market.0), price: *price, published_at });
        Ok(OracleMsg::Report { reports: reports.collect() })
    }

    /// All three feeders report; a round of each feed is published and evaluated.
    pub fn price(&mut self, prices: &[(MarketId, Price)]) -> Result<(), GasError> {
        let report = self.report(prices)?;
        let hashes = FEEDERS
            .iter()
            .map(|name| self.submit(name, To::Oracle, &report, Amount::ZERO))
            .collect::<Result<Vec<_>, _>>()?;
        let mut rounds = 0;
        for hash in hashes {
            rounds += self.net.client.committed(&hash)?.facts::<RoundPublished>().len();
        }
        if rounds != prices.len() {
            return Err(GasError::step("price", format!("{rounds} rounds instead of {}", prices.len())));
        }
        Ok(())
    }

    /// The first two feeders report.
    pub fn price_by_two(&mut self, prices: &[(MarketId, Price)]) -> Result<(), GasError> {
        let report = self.report(prices)?;
        for feeder in &FEEDERS[..2] {
            self.act(feeder, To::Oracle, &report, Amount::ZERO)?;
        }
        Ok(())
    }

    // Trades.

    pub fn account(&self, actor: &str) -> Result<AccountId, GasError> {
        Ok(AccountId { owner: self.actors.address(actor)?, subaccount: 0 })
    }

    /// Waits until orders may fill, then publishes a round that fills them.
    pub fn mature(&mut self, prices: &[(MarketId, Price)]) -> Result<(), GasError> {
        self.net.advance(10)?;
        self.price(prices)
    }

    /// Each of these places an order of its own with so much collateral; all are filled in batches.
    pub fn open(&mut self, orders: &[(String, Size, Amount)], market: MarketId, at: Price) -> Result<(), GasError> {
        let mut hashes = vec![];
        for (actor, size, collateral) in orders {
            hashes.push(self.submit(actor, To::Vault, &place(market, *size, false)?, *collateral)?);
        }
        for hash in hashes {
            fact::<OrderPlaced>("open", &self.net.client.committed(&hash)?)?;
        }
        self.mature(&[(market, at)])?;
        let mut filled = 0;
        while filled < orders.len() {
            let tx = self.act("keeper", To::Vault, &execute(market, BATCH_MAX), Amount::ZERO)?;
            let fills = tx.facts::<OrderFilled>().len();
            if fills == 0 {
                return Err(GasError::step(
                    "open",
                    format!("{filled} of {} orders filled: {:?}", orders.len(), tx.events),
                ));
            }
            filled += fills;
        }
        Ok(())
    }

    pub fn evaluate(&self, market: MarketId) -> BreakerMsg {
        BreakerMsg::Evaluate { feeds: vec![FeedId(market.0)] }
    }
}

pub(super) fn place(market: MarketId, size: Size, reduce_only: bool) -> Result<VaultMsg, GasError> {
    // An order that opens is margined at its bound; one that closes must still fill after a crash.
    let bound = match (market == BTC, reduce_only, size.is_short()) {
        (true, false, false) => "66000",
        (true, false, true) => "54000",
        (true, true, false) => "90000",
        (true, true, true) => "30000",
        (false, false, false) => "3300",
        (false, false, true) => "2700",
        (false, true, false) => "4500",
        (false, true, true) => "1500",
    };
    let price_bound = price(bound)?;
    Ok(VaultMsg::PlaceOrder(OrderRequest::market(0, market, size, price_bound, reduce_only)))
}

pub(super) fn execute(market: MarketId, limit: u32) -> VaultMsg {
    VaultMsg::ExecuteOrders { market, limit }
}

pub(super) fn provide() -> VaultMsg {
    VaultMsg::ProvideLiquidity { shares_min: firebreak_risk::PoolShares::ZERO }
}

/// The fact that a step is measured for.
pub(super) fn fact<T: Fact>(step: &str, tx: &Tx) -> Result<T, GasError> {
    let found = tx.facts::<T>().into_iter().next();
    found.ok_or_else(|| GasError::step(step, format!("no {} in {:?}", T::NAME, tx.events)))
}

pub(super) fn price(text: &str) -> Result<Price, GasError> {
    text.parse().map_err(|error| GasError::step(text, format!("{error}")))
}

pub(super) fn size(text: &str) -> Result<Size, GasError> {
    text.parse().map_err(|error| GasError::step(text, format!("{error}")))
}
