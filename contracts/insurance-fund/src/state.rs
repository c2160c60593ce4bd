//! Every key of the fund: what it holds, who writes it, what bounds its size.

use crate::window::Window;
use cosmwasm_schema::cw_serde;
use firebreak_messages::insurance_fund::{FundConfig, UnstakeRequest};
use firebreak_messages::{MarketId, PackedItem, PackedMap};
use firebreak_risk::{Amount, FundShares, RiskResult};

/// Addresses, parameters and the vaults that may ask for cover; at most `VAULTS_MAX`. Written by `instantiate`, `Configure`,
/// `RegisterVault`, `UnregisterVault`.
pub const CONFIG: PackedItem<StoredConfig> = PackedItem::new("config", 1);
/// Both tranches, what may still be paid over all markets of all vaults, and the fees of all time. Written by every message that moves
/// coins.
pub const FUND: PackedItem<Fund> = PackedItem::new("fund", 2);
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
    pub fees_total: Amount,
    pub window: Window,
    /// What `Inject` may still send.
    pub inject_window: Window,
    /// Block time of the last cover that paid; 0: never.
    pub last_cover_at: u64,
    pub generation: Generation,
}

/// Which shares a record counts in. When losses have used the tranche up, its shares are worth nothing for ever
/// (`wiped`); when they have lost nearly everything, every share becomes a millionth of one (`scaled`): else the next
/// stakers' shares would be so many that their number overflows. Records follow when they are next touched.
#[cw_serde]
#[derive(Copy, Default, Eq)]
pub struct Generation {
    pub wiped: u32,
    pub scaled: u32,
}

/// By what one scaling divides.
pub const SCALE: u128 = 1_000_000;
/// A share is scaled when it is worth less than a `10^-12`-th of its first price, which is `10^-6` units.
const SCALED_BELOW: u128 = 1_000_000_000_000_000_000;

impl Fund {
    /// Both tranches: what can be paid at all, and what coins must be there for.
    pub fn content(&self) -> Result<Amount, firebreak_risk::RiskError> {
        self.first_loss.plus(self.staked)
    }

    /// After stakers have paid, or one has left: starts a new generation of shares where the old one is worth nothing or
    /// nearly so. Says how many shares there were when it did. Nobody is robbed of a unit by it: shares that are left beside
    /// a claim of the last one were worth less than one before it, since its rounding is down.
    pub fn roll_shares(&mut self) -> Option<FundShares> {
        let before = self.shares;
        if before.is_zero() {
            return None;
        }
        if self.staked.is_zero() {
            self.shares = FundShares::ZERO;
            self.generation = Generation { wiped: self.generation.wiped.saturating_add(1), scaled: 0 };
        }
        // At most seven times: a number of 128 bits has 39 digits.
        while self.staked.atoms().saturating_mul(SCALED_BELOW) < self.shares.atoms() {
            self.shares = FundShares::from_atoms(self.shares.atoms() / SCALE);
            self.generation.scaled = self.generation.scaled.saturating_add(1);
        }
        if self.shares == before {
            return None;
        }
        Some(before)
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
    pub generation: Generation,
}

impl Staker {
    /// Shares of expired requests are staked again, whenever the record is next looked at: nobody has to send a message
    /// for it, and a request that was never claimed is no free option on a later loss.
    ///
    /// Shares of an older generation are brought to the present one first (rounded down).
    pub fn current(mut self, present: Generation, now: u64) -> RiskResult<Self> {
        self.follow(present);
        // Bounded by REQUESTS_MAX.
        for request in self.requests.iter().filter(|request| now >= request.expires_at) {
            self.shares = self.shares.plus(request.shares)?;
        }
        self.requests.retain(|request| now < request.expires_at);
        Ok(self)
    }

    fn follow(&mut self, present: Generation) {
        let scalings = present.scaled.saturating_sub(self.generation.scaled);
        let divisor = if self.generation.wiped == present.wiped { SCALE.checked_pow(scalings) } else { None };
        self.generation = present;
        let rest = |shares: FundShares| {
            let shares = divisor.and_then(|divisor| shares.atoms().checked_div(divisor)).unwrap_or_default();
            FundShares::from_atoms(shares)
        };
        self.shares = rest(self.shares);
        for request in &mut self.requests {
            request.shares = rest(request.shares);
        }
        self.requests.retain(|request| !request.shares.is_zero());
    }

    /// Free and requested shares.
    pub fn shares_total(&self) -> RiskResult<FundShares> {
        self.requests.iter().try_fold(self.shares, |sum, request| sum.plus(request.shares))
    }
}
