//! Every key of the fund: what it holds, who writes it, what bounds its size.

use crate::window::Window;
use cosmwasm_schema::cw_serde;
use firebreak_messages::insurance_fund::{FundConfig, UnstakeRequest};
use firebreak_messages::{MarketId, PackedItem, PackedMap};
use firebreak_risk::{Amount, FundShares};

/// Addresses, parameters and the vaults that may ask for cover; at most `VAULTS_MAX`. Written by `instantiate`, `Configure`,
/// `RegisterVault`, `UnregisterVault`.
pub const CONFIG: PackedItem<StoredConfig> = PackedItem::new("config", 1);
/// Both tranches, what may still be paid over all markets of all vaults, and the totals. Written by every message that moves
/// coins.
pub const FUND: PackedItem<Fund> = PackedItem::new("fund", 1);
/// vault -> what may still be paid in its markets that drew lately; at most `MARKETS_MAX` of them, full ones are
/// dropped. Written by `Cover`, removed by `UnregisterVault`.
pub const MARKET_WINDOWS: PackedMap<String, Vec<MarketWindow>> = PackedMap::new("windows", 1);
/// staker -> shares and requests. At most `REQUESTS_MAX` requests each; grows with users, never looped over in a
/// message.
pub const STAKERS: PackedMap<String, Staker> = PackedMap::new("staker", 1);

#[cw_serde]
pub struct StoredConfig {
    pub owner: String,
    pub denom: String,
    pub config: FundConfig,
    pub vaults: Vec<String>,
}

/// What the fund owes, counted internally. The order of fields is the packed format.
#[cw_serde]
#[derive(Default)]
pub struct Fund {
    pub first_loss: Amount,
    pub staked: Amount,
    /// All stakers' shares, cooling ones included: they stay slashable.
    pub shares: FundShares,
    pub covered_total: Amount,
    pub fees_total: Amount,
    pub window: Window,
}

impl Fund {
    /// Both tranches: what can be paid at all, and what coins must be there for.
    pub fn content(&self) -> Result<Amount, firebreak_risk::RiskError> {
        self.first_loss.plus(self.staked)
    }
}

#[cw_serde]
pub struct MarketWindow {
    pub market: MarketId,
    pub window: Window,
}

/// One staker's shares. The order of fields is the packed format.
#[cw_serde]
#[derive(Default)]
pub struct Staker {
    /// Without the requested ones.
    pub shares: FundShares,
    pub requests: Vec<UnstakeRequest>,
    /// Id of the next request: grows only, so an old id never means a new request.
    pub next_request: u64,
}

impl Staker {
    /// Shares of expired requests are staked again, whenever the record is next looked at: nobody has to send a message
    /// for it, and a request that was never claimed is no free option on a later loss.
    pub fn without_expired(mut self, now: u64) -> Result<Self, firebreak_risk::RiskError> {
        // Bounded by REQUESTS_MAX.
        for request in self.requests.iter().filter(|request| now >= request.expires_at) {
            self.shares = self.shares.plus(request.shares)?;
        }
        self.requests.retain(|request| now < request.expires_at);
        Ok(self)
    }

    /// Free and requested shares.
    pub fn shares_total(&self) -> Result<FundShares, firebreak_risk::RiskError> {
        self.requests.iter().try_fold(self.shares, |sum, request| sum.plus(request.shares))
    }
}
