//! What a transaction costs: counters that every contract of the World writes, and the gas they add up to.
//!
//! The rates were measured on a real chain (wasmd 0.70.3). Compute is close to free there; stored bytes, distinct codes and
//! bank movements are what costs, and those can be counted on the embedded chain. Record costs agree with the real chain
//! within a few per cent, so a committed snapshot of them catches a change before a chain does.

use crate::code::{Code, CODES};
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::rc::Rc;

/// An execute of nothing, code pinned: signatures, fees, the message itself.
const TRANSACTION: u64 = 38_400;
/// Each distinct code that a transaction touches, unpinned, once.
const DISTINCT_CODE: u64 = 58_000;
const READ: u64 = 1_000;
const READ_BYTE: u64 = 3;
const WRITE: u64 = 2_000;
const WRITE_BYTE: u64 = 30;
const DELETE: u64 = 1_000;
const RANGE_KEY: u64 = 770;
/// Start of a query of another contract's raw key; the key itself is charged as a read.
const RAW_QUERY: u64 = 200;
/// A smart query of a code that is loaded already.
const SMART_QUERY: u64 = 9_000;
const OTHER_QUERY: u64 = 1_300;
const SUB_MESSAGE: u64 = 6_000;
const REPLY: u64 = 5_000;
/// Coins that arrive with a message, or leave by a bank send.
const BANK_MOVE: u64 = 19_500;
const MESSAGE_BYTE: u64 = 10;
const EVENT_ATTRIBUTE: u64 = 73;
/// The prefix of a contract's storage counts as key bytes: one byte and a 32-byte address.
pub const CONTRACT_PREFIX: u64 = 33;

/// Reads and writes of one code within one transaction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    pub reads: u64,
    /// Keys and values, contract prefix included.
    pub read_bytes: u64,
    pub writes: u64,
    pub write_bytes: u64,
    pub deletes: u64,
    pub range_keys: u64,
}

impl Touched {
    /// Nothing was written or deleted.
    pub fn is_unchanged(&self) -> bool {
        self.writes == 0 && self.deletes == 0
    }

    fn gas(&self) -> u64 {
        self.reads * READ
            + self.read_bytes * READ_BYTE
            + self.writes * WRITE
            + self.write_bytes * WRITE_BYTE
            + self.deletes * DELETE
            + self.range_keys * RANGE_KEY
    }
}

/// Everything counted within one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    touched: [Touched; CODES],
    /// Entry points called, by code.
    calls: [u64; CODES],
    pub raw_queries: u64,
    /// Keys and values of other contracts that were read raw, contract prefixes included.
    pub raw_query_bytes: u64,
    pub smart_queries: u64,
    pub other_queries: u64,
    pub sub_messages: u64,
    pub replies: u64,
    pub bank_moves: u64,
    /// Bytes of the transaction's own message: the size of a transaction is charged, that of a sub-message is not.
    pub message_bytes: u64,
    pub event_attributes: u64,
}

impl Usage {
    /// Reads and writes in the storage of one code's contracts.
    pub fn of(&self, code: Code) -> Touched {
        self.touched[code as usize]
    }

    /// Entry points of one code that were called.
    pub fn calls_of(&self, code: Code) -> u64 {
        self.calls[code as usize]
    }

    /// Entry points called, all codes.
    pub fn calls(&self) -> u64 {
        self.calls.iter().sum()
    }

    pub fn distinct_codes(&self) -> u64 {
        self.calls.iter().filter(|calls| **calls > 0).count() as u64
    }

    /// Reads and writes over all codes.
    pub fn total(&self) -> Touched {
        self.touched.iter().fold(Touched::default(), |sum, touched| Touched {
            reads: sum.reads + touched.reads,
            read_bytes: sum.read_bytes + touched.read_bytes,
            writes: sum.writes + touched.writes,
            write_bytes: sum.write_bytes + touched.write_bytes,
            deletes: sum.deletes + touched.deletes,
            range_keys: sum.range_keys + touched.range_keys,
        })
    }

    /// Estimated gas of the transaction with unpinned codes.
    pub fn gas(&self) -> u64 {
        TRANSACTION
            + self.distinct_codes() * DISTINCT_CODE
            + self.total().gas()
            + self.raw_queries * (READ + RAW_QUERY)
            + self.raw_query_bytes * READ_BYTE
            + self.smart_queries * SMART_QUERY
            + self.other_queries * OTHER_QUERY
            + self.sub_messages * SUB_MESSAGE
            + self.replies * REPLY
            + self.bank_moves * BANK_MOVE
            + self.message_bytes * MESSAGE_BYTE
            + self.event_attributes * EVENT_ATTRIBUTE
    }

    /// Estimated gas where every code is pinned.
    pub fn gas_pinned(&self) -> u64 {
        self.gas() - self.distinct_codes() * DISTINCT_CODE
    }
}

/// The counters that all contracts of one World share.
///
/// `Rc`, not `Arc`: a World lives in one thread. Two runs side by side are two Worlds in two threads.
#[derive(Debug, Clone, Default)]
pub struct Meter(Rc<RefCell<Usage>>);

impl Meter {
    /// Starts a transaction: what was counted so far is returned, and the counters are zero.
    pub fn take(&self) -> Usage {
        self.0.take()
    }

    pub(crate) fn enter(&self, code: Code) {
        self.0.borrow_mut().calls[code as usize] += 1;
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Usage)) {
        change(&mut self.0.borrow_mut());
    }

    pub(crate) fn read(&self, code: Code, key: &[u8], value: Option<&[u8]>) {
        let touched = &mut self.0.borrow_mut().touched[code as usize];
        touched.reads += 1;
        touched.read_bytes += CONTRACT_PREFIX + (key.len() + value.map_or(0, <[u8]>::len)) as u64;
    }

    pub(crate) fn write(&self, code: Code, key: &[u8], value: &[u8]) {
        let touched = &mut self.0.borrow_mut().touched[code as usize];
        touched.writes += 1;
        touched.write_bytes += CONTRACT_PREFIX + (key.len() + value.len()) as u64;
    }

    pub(crate) fn delete(&self, code: Code) {
        self.0.borrow_mut().touched[code as usize].deletes += 1;
    }

    pub(crate) fn range_key(&self, code: Code) {
        self.0.borrow_mut().touched[code as usize].range_keys += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execute_of_nothing_costs_what_it_costs_on_the_chain() {
        let meter = Meter::default();
        meter.enter(Code::Vault);
        let usage = meter.take();
        assert_eq!((usage.gas(), usage.gas_pinned()), (96_400, 38_400));
    }

    #[test]
    fn records_cost_what_was_measured() {
        // 5 reads and 3 writes of 300 B: 87k pinned on the chain.
        let meter = Meter::default();
        meter.enter(Code::Vault);
        for _ in 0..5 {
            meter.read(Code::Vault, b"key-of-10-", Some(&[0; 300]));
        }
        for _ in 0..3 {
            meter.write(Code::Vault, b"key-of-10-", &[0; 300]);
        }
        let gas = meter.take().gas_pinned();
        assert!((83_000..=91_000).contains(&gas), "{gas} is not within 5 % of 87k");
    }
}
