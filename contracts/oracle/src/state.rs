//! What the oracle stores. The price records, which others read raw, are declared in `firebreak_messages::oracle::layout`.

use cosmwasm_std::Addr;
use cw_storage_plus::Item;
use firebreak_messages::oracle::{FeedConfig, HookConfig, HookHealthResponse, Leg};
use firebreak_messages::{FeedId, PackedItem, PackedMap};
use firebreak_risk::{Price, PriceHistory, Standing};
use serde::{Deserialize, Serialize};

/// A feeder's report that waits for a quorum. Feeders are their places in the feed's configuration: a byte instead of an
/// address; a new configuration drops what waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReport {
    pub feeder: u8,
    pub price: Price,
    /// Zero for a source that names none.
    pub confidence: Price,
    pub published_at: u64,
}

/// A feed's configuration and what its publication sets off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feed {
    pub config: FeedConfig,
    /// Composites of this feed, and feeds that it stands in for. Bounds: `FOLLOWERS_MAX`, with those of `standby`.
    pub followers: Vec<FeedId>,
    /// Feeds that name it as their fallback: their places among the followers are kept free, because a promotion comes in an emergency.
    pub standby: Vec<FeedId>,
    /// The feed follows its fallback.
    pub promoted: bool,
}

impl Feed {
    /// What the feed's rounds are made of instead of reports; nothing for a feed of its own feeders.
    pub fn legs(&self) -> Vec<Leg> {
        match self.config.fallback {
            Some(feed) if self.promoted => vec![Leg { feed, divides: false }],
            Some(_) | None => self.config.legs.clone(),
        }
    }

    /// The feeds whose followers it is among: its legs, and its fallback while that is promoted. Bounds: five.
    pub fn follows(&self) -> impl Iterator<Item = FeedId> + '_ {
        let fallback = self.config.fallback.filter(|_| self.promoted);
        self.config.legs.iter().map(|leg| leg.feed).chain(fallback)
    }
}

/// The last round that was relayed with signatures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedMark {
    /// The signers' count.
    pub round: u64,
    /// The oracle's count of the same round, its block and its weight: whether another relay replaces it.
    pub recorded: u64,
    pub height: u64,
    pub weight: u64,
    /// `Progress::unchanged` before it.
    pub unchanged_before: u32,
}

/// What a feed remembers between rounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bounds: one a feeder, that is 15.
    pub waiting: Vec<PendingReport>,
    /// Since when a round is held back for more weight, seconds; 0: none is.
    pub held_since: u64,
    /// Rounds in a row that repeated the price before them; counted while there is a rule about it.
    pub unchanged: u32,
    /// One a feeder while there is a rule about sources, else none.
    pub standings: Vec<Standing>,
    pub signed: SignedMark,
}

/// Who is told of new rounds, and how that went: one record, because every publication needs both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hook {
    pub config: Option<HookConfig>,
    pub health: HookHealthResponse,
}

/// The guardian. Written by `instantiate` only.
pub const OWNER: Item<Addr> = Item::new("owner");
/// Written by `SetHook` and by the reply of a failed or recovering hook.
pub const HOOK: PackedItem<Hook> = PackedItem::new("hook", 1);
/// feed id -> its configuration and followers. Written by `SetFeed`, also of a composite of it, and by a promotion; as many as the
/// owner adds, never iterated but by page.
pub const FEEDS: PackedMap<u16, Feed> = PackedMap::new("feed", 3);
/// feed id -> what waits and what is known of its sources. Written by reports, removed by `SetFeed` and by a publication after which
/// there is nothing to remember. Bounded by 15 feeders. (The key "pending" was used before.)
pub const PROGRESS: PackedMap<u16, Progress> = PackedMap::new("progress", 1);
/// feed id -> its window's buckets. Written once in seven rounds, when one that is not in them leaves the ring, for feeds that have a
/// window; removed with it. At most 16 buckets.
pub const HISTORY: PackedMap<u16, PriceHistory> = PackedMap::new("history", 1);
