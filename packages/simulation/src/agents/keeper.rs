//! Keepers: see a price, and are in a block some blocks later, with so much room in each.
//!
//! Keepers of one run share what there is to do: capacity adds up, and nobody races. (Racing keepers would waste part
//! of their capacity on accounts that another one was faster with.) Work that finds no room waits for the next block.

use crate::parameters::Keeper;
use std::collections::BTreeMap;

/// One message of a keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Indices of accounts.
    Liquidate {
        keeper: usize,
        accounts: Vec<usize>,
    },
    Execute {
        keeper: usize,
        limit: u32,
    },
}

/// The keepers and what they have sent but the chain has not taken yet, in order of time.
#[derive(Debug, Clone)]
pub struct Keepers {
    keepers: Vec<Keeper>,
    block_seconds: u64,
    /// From here on a keeper has room for liquidations, and for executions.
    free: Vec<[u64; 2]>,
    sent: BTreeMap<(u64, u64), Work>,
    sequence: u64,
}

const LIQUIDATIONS: usize = 0;
const EXECUTIONS: usize = 1;

impl Keepers {
    pub fn new(keepers: Vec<Keeper>, block_seconds: u64) -> Self {
        let free = vec![[0, 0]; keepers.len()];
        Self { keepers, block_seconds, free, sent: BTreeMap::new(), sequence: 0 }
    }

    pub fn count(&self) -> usize {
        self.keepers.len()
    }

    /// At a new price: who may be liquidated (the worst first) and how many orders wait for execution. What was sent
    /// before and is still on its way is not sent again. Plans no further than `horizon` seconds: after that there is
    /// a new price.
    pub fn plan(&mut self, now: u64, horizon: u64, unhealthy: &[usize], orders: usize) {
        let mut on_their_way: Vec<usize> = vec![];
        let mut orders_on_their_way = 0;
        for work in self.sent.values() {
            match work {
                Work::Liquidate { accounts, .. } => on_their_way.extend(accounts),
                Work::Execute { limit, .. } => orders_on_their_way += *limit as usize,
            }
        }
        let mut accounts = unhealthy.iter().copied().filter(|account| !on_their_way.contains(account)).peekable();
        while accounts.peek().is_some() {
            let Some((keeper, due)) = self.slot(LIQUIDATIONS, now, horizon) else { break };
            let accounts: Vec<usize> = accounts.by_ref().take(self.keepers[keeper].accounts_per_block).collect();
            self.send(due, Work::Liquidate { keeper, accounts });
        }
        let mut left = orders.saturating_sub(orders_on_their_way);
        while left > 0 {
            let Some((keeper, due)) = self.slot(EXECUTIONS, now, horizon) else { break };
            let limit = self.keepers[keeper].orders_per_block;
            left = left.saturating_sub(limit as usize);
            self.send(due, Work::Execute { keeper, limit });
        }
    }

    /// The keeper whose next block with room comes first, if it comes within the horizon after its latency.
    fn slot(&mut self, kind: usize, now: u64, horizon: u64) -> Option<(usize, u64)> {
        let slots = self.keepers.iter().enumerate().map(|(index, keeper)| {
            let earliest = now + keeper.latency_blocks * self.block_seconds;
            (earliest.max(self.free[index][kind]), earliest + horizon, index)
        });
        let (due, end, keeper) = slots.min()?;
        if due >= end.max(now + 1) {
            return None;
        }
        self.free[keeper][kind] = due + self.block_seconds;
        Some((keeper, due))
    }

    fn send(&mut self, due: u64, work: Work) {
        self.sequence += 1;
        self.sent.insert((due, self.sequence), work);
    }

    /// The next message that is in a block at `until` or before, with its time.
    pub fn next_until(&mut self, until: u64) -> Option<(u64, Work)> {
        let entry = self.sent.first_entry()?;
        let due = entry.key().0;
        (due <= until).then(|| (due, entry.remove()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(latency_blocks: u64) -> Keeper {
        Keeper { latency_blocks, accounts_per_block: 2, orders_per_block: 10 }
    }

    fn all(keepers: &mut Keepers) -> Vec<(u64, Work)> {
        std::iter::from_fn(|| keepers.next_until(u64::MAX)).collect()
    }

    #[test]
    fn capacity_fills_up_block_by_block_from_the_fastest_on() {
        let mut keepers = Keepers::new(vec![keeper(1), keeper(2)], 5);
        keepers.plan(100, 15, &[7, 3, 9, 1, 4], 12);
        let liquidate = |keeper, accounts: &[usize]| Work::Liquidate { keeper, accounts: accounts.to_vec() };
        assert_eq!(
            all(&mut keepers),
            vec![
                (105, liquidate(0, &[7, 3])),
                (105, Work::Execute { keeper: 0, limit: 10 }),
                (110, liquidate(0, &[9, 1])),
                (110, liquidate(1, &[4])),
                (110, Work::Execute { keeper: 0, limit: 10 }),
            ]
        );
    }

    #[test]
    fn what_is_on_its_way_is_not_sent_again() {
        let mut keepers = Keepers::new(vec![keeper(12)], 5);
        keepers.plan(0, 15, &[1, 2], 3);
        keepers.plan(15, 15, &[2, 1, 5], 3);
        assert_eq!(keepers.next_until(59), None);
        let liquidate = |accounts: &[usize]| Work::Liquidate { keeper: 0, accounts: accounts.to_vec() };
        assert_eq!(keepers.next_until(60), Some((60, liquidate(&[1, 2]))));
        assert_eq!(keepers.next_until(60), Some((60, Work::Execute { keeper: 0, limit: 10 })));
        assert_eq!(keepers.next_until(75), Some((75, liquidate(&[5]))));
        assert_eq!(keepers.next_until(u64::MAX), None);
    }

    #[test]
    fn a_slow_keeper_with_little_room_leaves_work_undone() {
        let mut keepers = Keepers::new(vec![keeper(12)], 5);
        keepers.plan(0, 15, &[0, 1, 2, 3, 4, 5, 6, 7, 8], 0);
        let taken: usize = all(&mut keepers)
            .iter()
            .map(|(_, work)| match work {
                Work::Liquidate { accounts, .. } => accounts.len(),
                Work::Execute { .. } => 0,
            })
            .sum();
        // Three blocks of two accounts until the next price.
        assert_eq!(taken, 6);
    }
}
