//! A round signed off chain by five, relayed in one message, beside one plain feeder's report that publishes: what the signatures cost.
//!
//! On an oracle of its own without a hook. A feed has three sources at least: the plain report is the third of three. Both rounds have a
//! price of 60,000 and a band of 12.5, the plain one by its spread and the signed one by its signers' confidence, so that the records are
//! equally long, and what is carried has no figure that happens to be short.

use super::bench::{fact, price, Bench, GAS};
use super::error::GasError;
use super::row::Payer::{Feeder, Keeper};
use crate::localnet::execute_with;
use crate::{message, Tx};
use cosmrs::crypto::secp256k1::SigningKey;
use cosmwasm_std::{Binary, HexBinary};
use firebreak_messages::oracle::{
    ExecuteMsg, FeedConfig, FeedReport, FeedSetup, Feeder as Source, InstantiateMsg, Observation, RoundPublished,
    RoundToSign, SignedReport, ROUNDS_KEPT,
};
use firebreak_messages::FeedId;

const SIGNERS: u8 = 5;
const FEEDERS: [(&str, &str); 3] = [("feeder-0", "59987.5"), ("feeder-1", "60012.5"), ("feeder-2", "60000")];
const SIGNED: FeedId = FeedId(1);
const PLAIN: FeedId = FeedId(2);
pub(super) const PLAIN_ROW: &str = "report that publishes, third of three plain feeders, no hook";
pub(super) const SIGNED_ROW: &str = "round signed by five, relayed, no hook";

pub(super) fn measure(bench: &mut Bench) -> Result<(), GasError> {
    let feeds = vec![feed(bench, SIGNED)?, feed(bench, PLAIN)?];
    let oracle = instantiate(bench, feeds)?;
    // Rounds that fill both rings, then the two that count.
    let rounds = ROUNDS_KEPT as u64 + 2;
    for round in 1..=rounds {
        bench.net.advance(10)?;
        let [first, second, third] = FEEDERS;
        report(bench, &oracle, first)?;
        report(bench, &oracle, second)?;
        let plain = report(bench, &oracle, third)?;
        let relayed = ExecuteMsg::ReportSigned { reports: vec![signed(bench, &oracle, round)?] };
        let relayed = send(bench, "keeper", &oracle, &relayed)?;
        fact::<RoundPublished>(PLAIN_ROW, &plain)?;
        fact::<RoundPublished>(SIGNED_ROW, &relayed)?;
        if round == rounds {
            bench.note(PLAIN_ROW, Feeder, plain.gas_used);
            bench.note(SIGNED_ROW, Keeper, relayed.gas_used);
        }
    }
    Ok(())
}

fn feed(bench: &Bench, feed: FeedId) -> Result<FeedSetup, GasError> {
    let configured = bench.config.feeds.first().map(|setup| setup.config.clone());
    let config = configured.ok_or_else(|| GasError::step("feed", "the configuration has none"))?;
    let feeders = match feed {
        SIGNED => (0..SIGNERS)
            .map(|number| {
                // Addresses of the chain's own form: whose they are is of no account to a signature.
                let address = bench.actors.address(["alice", "bob", "carol", "lp", "mallory"][usize::from(number)])?;
                let public_key = HexBinary::from(key(number)?.public_key().to_bytes()).to_hex();
                Ok(Source { address, weight: 1, public_key, ..Source::default() })
            })
            .collect::<Result<Vec<_>, GasError>>()?,
        _ => FEEDERS
            .iter()
            .map(|(name, _)| Ok(Source { address: bench.actors.address(name)?, weight: 1, ..Source::default() }))
            .collect::<Result<Vec<_>, GasError>>()?,
    };
    let quorum = feeders.len() as u32;
    Ok(FeedSetup { feed, config: FeedConfig { feeders, quorum, ..config } })
}

fn key(number: u8) -> Result<SigningKey, GasError> {
    SigningKey::from_slice(&[number + 1; 32]).map_err(|error| GasError::step("key", error))
}

fn instantiate(bench: &mut Bench, feeds: Vec<FeedSetup>) -> Result<String, GasError> {
    let deployer = bench.actors.get("deployer")?;
    let msg = InstantiateMsg { owner: deployer.address().into(), hook: None, feeds };
    let made = message::instantiate(deployer.address(), None, bench.codes.oracle, "oracle without a hook", &msg)?;
    let tx = bench.net.client.send(deployer, &[made], GAS)?;
    let address = tx.attribute("instantiate", "_contract_address").map(str::to_string);
    address.ok_or_else(|| GasError::step("oracle without a hook", "the chain named no contract"))
}

fn send(bench: &mut Bench, actor: &str, oracle: &str, msg: &ExecuteMsg) -> Result<Tx, GasError> {
    let signer = bench.actors.get(actor)?;
    let sent = execute_with(signer.address(), oracle, msg, 0)?;
    Ok(bench.net.client.send(signer, &[sent], GAS)?)
}

fn report(bench: &mut Bench, oracle: &str, (feeder, says): (&str, &str)) -> Result<Tx, GasError> {
    let report = FeedReport { feed: PLAIN, price: price(says)?, published_at: bench.now()? };
    send(bench, feeder, oracle, &ExecuteMsg::Report { reports: vec![report] })
}

fn signed(bench: &Bench, oracle: &str, round: u64) -> Result<SignedReport, GasError> {
    let now = bench.now()?;
    let to_sign = RoundToSign {
        chain_id: &bench.net.client.network().chain_id,
        contract: oracle,
        feed: SIGNED,
        symbol: "BTC/USD",
        round,
        published_at: now,
        expires_at: now + 30,
    };
    let mut observations = vec![];
    for signer in 0..SIGNERS {
        let (price, confidence) = (price("60000")?, price("12.5")?);
        let signature = key(signer)?.sign(&to_sign.sign_bytes(price, confidence));
        let signature = signature.map_err(|error| GasError::step("signature", error))?.to_bytes();
        Observation { signer, price, confidence, signature: signature.into() }.write(&mut observations);
    }
    let RoundToSign { feed, published_at, expires_at, .. } = to_sign;
    Ok(SignedReport { feed, round, published_at, expires_at, observations: Binary::from(observations) })
}
