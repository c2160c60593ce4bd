//! A moment of the chain to come back to: many futures of one state, without building the state again for each.

use crate::code::CODES;
use crate::ledger::Ledger;
use crate::world::{Totals, World};
use cosmwasm_std::{BlockInfo, Order, Record, Storage};
use cw_multi_test::BankKeeper;
use firebreak_messages::MarketId;
use firebreak_risk::Price;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Everything that a World's steps change: every contract's and the bank's storage, block, prices, what the checks remember,
/// which contracts are broken.
pub struct Moment {
    records: Vec<Record>,
    block: BlockInfo,
    prices: BTreeMap<MarketId, Price>,
    ledger: Ledger,
    totals: Totals,
    broken: [bool; CODES],
}

impl World {
    /// What [`Self::go_back_to`] comes back to.
    pub fn moment(&self) -> Moment {
        Moment {
            records: self.app.storage().range(None, None, Order::Ascending).collect(),
            block: self.app.block_info(),
            prices: self.prices.clone(),
            ledger: self.ledger.clone(),
            totals: self.totals,
            broken: std::array::from_fn(|code| self.switches[code].is_broken()),
        }
    }

    /// Two hashes of all that a contract can see: every storage, and the block. A collision of both would take two states for one.
    pub fn fingerprint(&self) -> (u64, u64) {
        let block = self.app.block_info();
        let hashers = &mut [DefaultHasher::new(), DefaultHasher::new()];
        for (salt, hasher) in hashers.iter_mut().enumerate() {
            (salt, block.height, block.time.nanos()).hash(hasher);
        }
        for record in self.app.storage().range(None, None, Order::Ascending) {
            hashers.iter_mut().for_each(|hasher| record.hash(hasher));
        }
        (hashers[0].finish(), hashers[1].finish())
    }

    /// Undoes everything since that moment of the same World.
    pub fn go_back_to(&mut self, moment: &Moment) {
        let storage = self.app.storage_mut();
        *storage = Default::default();
        for (key, value) in &moment.records {
            storage.set(key, value);
        }
        self.app.set_block(moment.block.clone());
        self.prices = moment.prices.clone();
        self.ledger = moment.ledger.clone();
        self.totals = moment.totals;
        for (switch, broken) in self.switches.iter().zip(moment.broken) {
            switch.set(broken);
        }
    }
}

// The bank keeps its balances in the chain's storage and nothing in itself, or a moment would not hold them.
const _: () = assert!(std::mem::size_of::<BankKeeper>() == 0);
