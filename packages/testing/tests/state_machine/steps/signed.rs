//! What is signed off chain and relayed by anyone, and what is read from a source on chain.

use crate::machine::Machine;
use crate::watch::{Key, OBSERVERS, PYTH_ID};
use cosmwasm_std::Binary;
use firebreak_messages::circuit_breaker::{ExecuteMsg as BreakerMsg, ObservedSignal, Scope};
use firebreak_messages::guardian::{CouncilAction, OperationExecuted};
use firebreak_messages::oracle::{ExecuteMsg as OracleMsg, Feeder, Observation, RoundToSign, SignedReport};
use firebreak_messages::MarketId;
use firebreak_risk::{Amount, Price};
use firebreak_testing::*;

/// All feeders of a market, or one too few; the signers' count is the clock's.
pub fn round(m: &mut Machine) -> bool {
    let market = m.market();
    let feed = feed_of(market);
    let setup = m.world.setup().feeds.iter().find(|setup| setup.feed == feed);
    let Some(symbol) = setup.map(|setup| setup.config.symbol.clone()) else { return false };
    let (price, now) = (m.moved(market, 100), m.world.now());
    let (chain_id, contract) = (m.world.chain_id(), m.world.addresses.oracle.to_string());
    let round = RoundToSign {
        chain_id: &chain_id,
        contract: &contract,
        feed,
        symbol: &symbol,
        round: now,
        published_at: now,
        expires_at: now + 10,
    };
    let signers = if m.dice.one_in(6) { 2 } else { 3 };
    let (mut observations, confidence) = (vec![], Price::ZERO);
    for signer in 0..signers {
        let signature = Key::Feeder(signer).sign(&round.sign_bytes(price, confidence));
        Observation { signer, price, confidence, signature }.write(&mut observations);
    }
    let report = SignedReport {
        feed,
        round: now,
        published_at: now,
        expires_at: now + 10,
        observations: Binary::from(observations),
    };
    let msg = OracleMsg::ReportSigned { reports: vec![report] };
    m.world.send("relayer", Code::Oracle, &msg, Amount::ZERO).is_done()
}

/// Some observers of a market see something, or nothing.
pub fn attest(m: &mut Machine) -> bool {
    let market = m.market();
    let signals = [ObservedSignal::Heartbeat, ObservedSignal::Price, ObservedSignal::Flow, ObservedSignal::Dependency];
    let signal = *m.dice.pick(&signals);
    // Mostly there is nothing to see: a market that is always restricted shows little else.
    let alarm = signal != ObservedSignal::Heartbeat && m.dice.one_in(6);
    let severity = if alarm { 1 + m.dice.below(2) as u8 } else { 0 };
    let first = m.dice.below(u64::from(OBSERVERS)) as u8;
    say(m, market, signal, severity, first)
}

/// Observers from `first` on.
fn say(m: &mut Machine, market: MarketId, signal: ObservedSignal, severity: u8, first: u8) -> bool {
    let saying = Saying { market, signal, severity, seconds: 300 };
    m.world.attest("relayer", saying, first..OBSERVERS, |observer, bytes| Key::Observer(observer).sign(bytes)).is_done()
}

/// The guardian's verdict on a closed incident, for those who had warned. Mostly nobody had: then all warn of one that was none.
pub fn judge(m: &mut Machine) -> bool {
    if [Code::Guardian, Code::Breaker].iter().any(|code| m.world.is_broken(*code)) {
        return false;
    }
    let market = m.market();
    let closed = m.world.incidents().into_iter().filter(|incident| incident.closed_at > 0).map(|found| found.incident);
    let closed: Vec<u64> = closed.collect();
    if !closed.is_empty() && {
        let incident = *m.dice.pick(&closed);
        verdict(m, incident)
    } {
        return true;
    }
    let action =
        CouncilAction::Open { scope: Scope::Market(market), cause: "a rumour".into(), began_at: m.world.now() };
    if !say(m, market, ObservedSignal::Price, 1, 0) || !m.world.council_decides(&action).is_done() {
        return false;
    }
    let incident = m.world.incidents().last().map_or(0, |incident| incident.incident);
    m.world.close_incident(incident, true).is_done() && verdict(m, incident)
}

fn verdict(m: &mut Machine, incident: u64) -> bool {
    m.world.send("anyone", Code::Breaker, &BreakerMsg::Judge { incident }, Amount::ZERO).is_done()
}

/// A fourth source of BTC that is read on chain; named first when it is not.
pub fn pull(m: &mut Machine) -> bool {
    let feed = feed_of(BTC);
    let msg = OracleMsg::Pull { feed, feeder: 3 };
    if m.world.send("anyone", Code::Oracle, &msg, Amount::ZERO).is_done() {
        return true;
    }
    let setup = m.world.setup().feeds.iter().find(|setup| setup.feed == feed);
    let Some(mut config) = setup.map(|setup| setup.config.clone()) else { return false };
    let address = m.world.address("pyth").to_string();
    config.feeders.push(Feeder { address, weight: 1, pyth_id: PYTH_ID.into(), ..Feeder::default() });
    let call = m.world.call(Code::Oracle, &OracleMsg::SetFeed { feed, config });
    let named = m.world.govern(vec![call]).0.is_ok_and(|outcome| outcome.has::<OperationExecuted>());
    named && m.world.send("anyone", Code::Oracle, &msg, Amount::ZERO).is_done()
}
