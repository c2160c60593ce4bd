//! What the oracle stores. The price records, which others read raw, are declared in `firebreak_messages::oracle::layout`.

use cosmwasm_std::Addr;
use cw_storage_plus::Item;
use firebreak_messages::oracle::{FeedConfig, HookConfig, HookHealthResponse};
use firebreak_messages::{PackedItem, PackedMap};
use firebreak_risk::Price;
use serde::{Deserialize, Serialize};

/// A feeder's report that waits for a quorum. Feeders are their places in the feed's configuration: a byte instead of an
/// address; a new configuration drops what waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingReport {
    pub feeder: u8,
    pub price: Price,
    pub published_at: u64,
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
/// feed id -> its configuration. Written by `SetFeed`; as many as the owner adds, never iterated but by page.
pub const FEEDS: PackedMap<u16, FeedConfig> = PackedMap::new("feed", 1);
/// feed id -> reports that wait for a quorum. Written by `Report`, removed by a publication and by `SetFeed`; at most one
/// a feeder, that is 15.
pub const PENDING: PackedMap<u16, Vec<PendingReport>> = PackedMap::new("pending", 1);
