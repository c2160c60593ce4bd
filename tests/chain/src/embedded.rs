//! The story's embedded chain: a World, whose invariants are checked after every step.

use crate::actors;
use crate::chain::{Chain, Message, Refused};
use crate::config;
use cosmwasm_std::{Addr, Event, QuerierWrapper};
use cw_multi_test::ContractWrapper;
use firebreak_risk::Amount;
use firebreak_testing::{Addresses, Code, World, WorldBuilder};

/// The World of `firebreak-testing` with the addresses of `scripts/localnet` and the figures of `deploy/localnet.toml`.
pub struct Embedded {
    world: World,
    next_vault: u64,
}

impl Embedded {
    /// The suite as it is right after its bootstrap.
    pub fn new() -> Self {
        let config = config::load().unwrap_or_else(|error| panic!("{error}"));
        let mut builder = WorldBuilder::from_setup(config::setup(&config)).idle().start_at(crate::story::BEGIN);
        let actors = actors::all();
        for (name, address) in &actors {
            builder = builder.named(name, address.clone());
        }
        let mut world = builder.build();
        for (name, _) in &actors {
            world.fund(name, Amount::from_atoms(actors::COINS));
        }
        let next_vault = {
            use firebreak_test_next_vault::{execute, instantiate, migrate, query, reply};
            let next = ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_migrate(migrate);
            world.store_next(Code::Vault, Box::new(next))
        };
        Self { world, next_vault }
    }

    /// Checks of invariants made so far.
    pub fn checks(&self) -> u64 {
        self.world.tally().checks
    }
}

impl Default for Embedded {
    fn default() -> Self {
        Self::new()
    }
}

impl Chain for Embedded {
    fn suite(&self) -> &Addresses {
        &self.world.addresses
    }

    fn address(&self, actor: &str) -> Addr {
        self.world.address(actor)
    }

    fn send(&mut self, actor: &str, message: &Message, coins: Amount) -> Result<Vec<Event>, Refused> {
        let sender = self.world.address(actor);
        let contract = self.world.addresses.of(message.code()).clone();
        let attempt = self.world.transact(&sender, &contract, message, coins, message.nature());
        // As on a real chain, every transaction is in a block of its own; no second passes.
        self.world.advance(0);
        match attempt.0 {
            Ok(outcome) => Ok(outcome.events),
            Err(refusal) => Err(Refused { text: format!("{refusal:?}") }),
        }
    }

    fn send_each(&mut self, messages: &[(String, Message)]) -> Result<Vec<Event>, Refused> {
        let mut events = vec![];
        for (actor, message) in messages {
            events.extend(self.send(actor, message, Amount::ZERO)?);
        }
        Ok(events)
    }

    fn querier(&self) -> QuerierWrapper<'_> {
        self.world.querier()
    }

    fn now(&self) -> u64 {
        self.world.now()
    }

    fn advance(&mut self, seconds: u64) {
        self.world.advance(seconds);
    }

    fn next_vault(&self) -> u64 {
        self.next_vault
    }
}
