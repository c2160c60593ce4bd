//! What a transaction costs before a contract does anything.

use super::bench::{Bench, To, GAS};
use super::error::GasError;
use super::row::Payer::Anyone;
use crate::localnet::DENOM;
use crate::{message, Client, Network};
use cosmwasm_std::coins;
use firebreak_risk::Amount;
use serde_json::json;

/// The row that others are compared with: a contract that does nothing.
pub const EMPTY_EXECUTE: &str = "empty execute";

pub(super) fn measure(bench: &mut Bench) -> Result<(), GasError> {
    let to = bench.actors.address("bob")?;
    let sent = |from: &str| message::send(from, &to, &coins(1, DENOM));
    let from = bench.actors.get("mallory")?;
    let plain = bench.net.client.send(from, &[sent(from.address())?], GAS)?;
    // What the local chain leaves out: taking the fee. A client of its own, since prices belong to the network.
    let from = bench.actors.get("canceller")?;
    let priced = Network { gas_price: "0.01".into(), ..bench.net.client.network().clone() };
    let paid = Client::connect(priced)?.send(from, &[sent(from.address())?], GAS)?;
    bench.note("bank send", Anyone, plain.gas_used);
    bench.note("bank send that pays a fee", Anyone, paid.gas_used);
    let tx = bench.act("mallory", To::Empty, &json!({"nothing": {}}), Amount::ZERO)?;
    bench.note(EMPTY_EXECUTE, Anyone, tx.gas_used);
    Ok(())
}
