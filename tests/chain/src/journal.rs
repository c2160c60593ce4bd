//! What happened, step by step, in words that are the same on every chain.

use crate::actors;
use crate::chain::{Chain, Message};
use cosmwasm_std::Event;
use serde::{Deserialize, Serialize};

/// One transaction that went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Seconds since the story began.
    pub at: u64,
    /// Actor, contract and message.
    pub step: String,
    /// The facts that contracts reported, in order.
    pub facts: Vec<String>,
}

/// Addresses of one chain and the names that stand for them.
#[derive(Debug, Clone)]
pub struct Names(Vec<(String, String)>);

impl Names {
    pub fn of(chain: &dyn Chain) -> Self {
        let suite = chain.suite();
        let contracts = [
            ("oracle", &suite.oracle),
            ("circuit-breaker", &suite.circuit_breaker),
            ("insurance-fund", &suite.insurance_fund),
            ("guardian", &suite.guardian),
            ("derivatives-vault", &suite.derivatives_vault),
            ("council-group", &suite.council_group),
            ("dao-group", &suite.dao_group),
            ("dao", &suite.dao),
        ];
        let contracts = contracts.map(|(name, address)| (address.to_string(), name.to_string()));
        let actors = actors::NAMES.map(|name| (chain.address(name).to_string(), name.to_string()));
        Self(contracts.into_iter().chain(actors).collect())
    }

    /// The text with names in place of addresses.
    pub fn put_into(&self, text: &str) -> String {
        self.0.iter().fold(text.to_string(), |text, (address, name)| text.replace(address, name))
    }
}

/// The steps so far.
#[derive(Debug, Clone)]
pub struct Journal {
    names: Names,
    begin: u64,
    pub steps: Vec<Step>,
}

impl Journal {
    pub fn new(chain: &dyn Chain) -> Self {
        Self { names: Names::of(chain), begin: chain.now(), steps: vec![] }
    }

    pub fn record(&mut self, now: u64, actor: &str, message: &Message, events: &[Event]) {
        let facts = events.iter().filter_map(|event| self.fact(event)).collect();
        let step = format!("{actor}: {} {}", message.code().name(), kind(message));
        self.steps.push(Step { at: now - self.begin, step, facts });
    }

    /// A contract's own event as one line; `None` for those of the chain's modules.
    fn fact(&self, event: &Event) -> Option<String> {
        let name = event.ty.strip_prefix("wasm-")?;
        // A chain sorts the attributes of what a sub-message reports, and adds its own: the contract's address, the number
        // of the message.
        let own = |key: &str| key.starts_with('_') || key == "msg_index";
        let mut attributes: Vec<_> = event.attributes.iter().filter(|found| !own(&found.key)).collect();
        attributes.sort_by_key(|attribute| &attribute.key);
        let mut line = format!("{name}:");
        for attribute in attributes {
            line.push_str(&format!(" {}={}", attribute.key, self.names.put_into(&attribute.value)));
        }
        Some(line)
    }
}

/// A message's name, as it is in JSON.
fn kind(message: &Message) -> String {
    let json = serde_json::to_value(message).unwrap_or_default();
    json.as_object().and_then(|fields| fields.keys().next().cloned()).unwrap_or_default()
}
