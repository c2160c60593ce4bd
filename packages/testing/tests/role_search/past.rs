//! What the steps so far did, taken down by the search itself: the contracts' own records are what is judged.

use crate::scene::DAY;
use crate::steps::Kind;
use crate::view::{View, MARKETS};
use firebreak_messages::circuit_breaker::Scope;

pub type Span = (u64, u64);

#[derive(Debug, Clone, Default, Hash)]
pub struct Past {
    /// When each market was frozen, second by second.
    pub frozen: [Vec<Span>; 2],
    /// What the council asked for at `ReduceOnly` or tighter, lifted or not.
    pub council: [Vec<Span>; 2],
    /// Who has confirmed the waiting action, and when the first of them did.
    pub vote: Option<(&'static str, u64)>,
    pub operations: Vec<Scheduled>,
    pub runs: Vec<Started>,
    /// The first proposer is one no more.
    pub revoked: bool,
    /// When the candidate for a canceller accepted, who is none yet.
    pub accepted: Option<u64>,
    /// Who has accepted for the group that is named as the council.
    pub seats: [bool; 2],
    /// He is one.
    pub completed: bool,
    /// The delay of code is the shorter one.
    pub shortened: bool,
    /// The timelock has configured BTC.
    pub raised: bool,
    /// When coins left the suite, and how many.
    pub left: Vec<(u64, u128)>,
}

#[derive(Debug, Clone, Hash)]
pub struct Scheduled {
    pub kind: Kind,
    pub operation: u64,
    pub at: u64,
    /// What it must wait at least.
    pub delay: u64,
    pub canceled: bool,
    pub executed: bool,
}

/// A run of a playbook.
#[derive(Debug, Clone, Hash)]
pub struct Started {
    pub playbook: String,
    pub run: u64,
    pub at: u64,
    /// It has changed the market, or took over from one that had, and has not been undone.
    pub is_live: bool,
}

impl Past {
    /// The last operation of a kind that has not been executed, cancelled or not.
    pub fn operation(&self, kind: Kind) -> Option<&Scheduled> {
        self.operations.iter().rev().find(|known| known.kind == kind).filter(|known| !known.executed)
    }

    pub fn operation_mut(&mut self, kind: Kind) -> Option<&mut Scheduled> {
        self.operations.iter_mut().rev().find(|known| known.kind == kind).filter(|known| !known.executed)
    }

    /// Time that passed between two states, and coins that left.
    pub fn lived(&mut self, before: &View, after: &View) {
        let (from, now) = (before.now, after.now);
        for (index, spans) in self.frozen.iter_mut().enumerate() {
            if from < now {
                spans.extend([before, after].into_iter().flat_map(|view| view.frozen(index, from, now)));
            }
            spans.retain(|(_, until)| until + 7 * DAY > now);
            spans.sort_unstable();
            spans.dedup();
        }
        if after.coins < before.coins {
            self.left.push((from, before.coins - after.coins));
        }
    }

    pub fn council_asked(&mut self, scope: Scope, span: Span) {
        for (market, spans) in MARKETS.iter().zip(&mut self.council) {
            if scope == Scope::All || scope == Scope::Market(*market) {
                spans.push(span);
            }
        }
    }
}

/// Seconds that spans cover within a span, each counted once.
pub fn covered(spans: &[Span], within: Span) -> u64 {
    let mut spans = spans.to_vec();
    spans.sort_unstable();
    let (mut seconds, mut reached) = (0, within.0);
    for (from, to) in spans {
        let (from, to) = (from.max(reached), to.min(within.1));
        if from < to {
            seconds += to - from;
            reached = to;
        }
    }
    seconds
}
