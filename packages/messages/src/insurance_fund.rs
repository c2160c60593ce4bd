//! Messages and records of the `insurance-fund`.

use crate::ids::MarketId;
use cosmwasm_schema::{cw_serde, QueryResponses};
use firebreak_risk::{Amount, FundShares, Ratio};

/// Withdrawal requests of one staker at a time.
pub const REQUESTS_MAX: usize = 4;
/// Registered vaults.
pub const VAULTS_MAX: usize = 8;

#[cw_serde]
pub struct InstantiateMsg {
    /// May register vaults and configure: the guardian.
    pub owner: String,
    /// The one coin that the fund takes and pays.
    pub denom: String,
    pub vaults: Vec<String>,
    pub config: FundConfig,
}

#[cw_serde]
pub struct FundConfig {
    /// Seconds between asking to unstake and the claim. Bounds: 3,600 to 2,592,000.
    pub cooldown_seconds: u64,
    /// Seconds after the cool-down in which a claim is served; afterwards the shares are staked again.
    /// Bounds: 3,600 to 604,800, and at most `cooldown_seconds`: else who always has a request open could leave at most
    /// moments at once.
    pub claim_window_seconds: u64,
    /// Share of fee income that goes to the stakers; the rest fills the first-loss tranche. Bounds: at most 1.
    pub fee_share_stakers: Ratio,
    /// Most that is paid for all markets within a window, as a share of the fund. Coins that come in count little by
    /// little within a window, coins that leave at once. Bounds: at most 1.
    pub cover_share_max: Ratio,
    /// The same for one market, so that one market cannot drain the fund. Bounds: at most `cover_share_max`.
    pub cover_share_per_market_max: Ratio,
    /// Bounds: 60 to 604,800.
    pub cover_window_seconds: u64,
    /// Share of every deficit that stays with the vault: who writes the risk keeps some of it. Bounds: at most 0.5.
    pub deductible_ratio: Ratio,
    /// Most of the first-loss tranche that `Inject` sends within a cover window; it also counts against
    /// `cover_share_max`. Bounds: at most 1.
    pub inject_share_max: Ratio,
    /// A matured claim waits this long after a cover, at most this long in all: losses come in rows, and who sees the first
    /// must not leave the others to the rest. Bounds: `claim_window_seconds + cover_hold_seconds` at most
    /// `cooldown_seconds`.
    pub cover_hold_seconds: u64,
    /// F13's stress: the share of the vaults' open interest that a gap may cost. The target that coverage is measured against.
    /// Bounds: at most 1.
    pub stress_loss_ratio: Ratio,
}

/// A deficit that a vault could not collect, in one market.
#[cw_serde]
pub struct MarketDeficit {
    pub market: MarketId,
    pub amount: Amount,
}

#[cw_serde]
pub enum ExecuteMsg {
    /// Anyone, with coins: adds to the protocol's first-loss tranche. Earns no shares. Emits [`FirstLossAdded`].
    AddFirstLoss {},
    /// Anyone, with coins: buys stakers' shares at the current value, at least `shares_min`. Emits [`Staked`].
    Stake { shares_min: FundShares },
    /// Starts the cool-down of shares; they stay slashable. Emits [`UnstakeRequested`].
    RequestUnstake { shares: FundShares },
    /// Takes a request back; the shares are staked again.
    CancelUnstake { request: u64 },
    /// Pays a matured request at the value of now, at least `amount_min`. Emits [`Unstaked`].
    ClaimUnstake { request: u64, amount_min: Amount },
    /// Anyone, with coins: fee income, split between stakers and first loss. Emits [`FeesReceived`].
    ReceiveFees {},
    /// Registered vaults only. Pays what it can of each deficit, in order, to the sender; a partial cover is an answer,
    /// never an error. Responds with [`CoverResponse`] as data. Emits one [`DeficitCovered`] per market.
    Cover { deficits: Vec<MarketDeficit> },
    /// Owner only, for playbooks: first-loss coins into a registered vault's pool, as its `Recapitalize`. Pays what the tranche
    /// and the windows allow, at most `amount`; stakers insure deficits and are never drawn on. Emits [`Injected`].
    Inject { vault: String, amount: Amount },
    /// Owner only; of the fund's own coin only. Emits [`VaultRegistered`].
    RegisterVault { vault: String },
    /// Owner only. Emits [`VaultUnregistered`].
    UnregisterVault { vault: String },
    /// Owner only. Emits [`FundConfigured`].
    Configure { config: FundConfig },
}

#[cw_serde]
pub struct CoverResponse {
    /// What was paid in each market, in the order of the deficits.
    pub paid: Vec<MarketDeficit>,
    pub total: Amount,
}

#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigResponse)]
    Config {},
    #[returns(FundResponse)]
    Fund {},
    #[returns(StakerResponse)]
    Staker { address: String },
    /// Pages by address; limit at most 100.
    #[returns(StakersResponse)]
    Stakers { start_after: Option<String>, limit: Option<u32> },
    /// What `Cover` would pay now for a deficit of this amount in this market: the least that any registered vault
    /// would get.
    #[returns(CoverableResponse)]
    Coverable { market: MarketId, amount: Amount },
    /// F13: what the fund holds against a stress loss of the registered vaults' open interest; an error with one that
    /// cannot be read.
    #[returns(CoverageResponse)]
    Coverage {},
}

#[cw_serde]
pub struct MigrateMsg {}

#[cw_serde]
pub struct ConfigResponse {
    pub owner: String,
    pub denom: String,
    pub vaults: Vec<String>,
    pub config: FundConfig,
}

#[cw_serde]
pub struct FundResponse {
    pub first_loss: Amount,
    pub staked: Amount,
    pub shares: FundShares,
    pub covered_total: Amount,
    pub fees_total: Amount,
    /// Block time of the last cover that paid, seconds; 0: never.
    pub last_cover_at: u64,
    /// What the current window still allows over all markets. Used capacity comes back little by little (F14).
    pub window_left: Amount,
    /// When the window is full again if nothing more is paid, seconds; now when it is full.
    pub window_ends_at: u64,
}

#[cw_serde]
pub struct StakerResponse {
    pub address: String,
    pub shares: FundShares,
    pub requests: Vec<UnstakeRequest>,
    /// What all shares, cooling ones included, are worth now.
    pub value: Amount,
}

#[cw_serde]
pub struct StakersResponse {
    pub stakers: Vec<StakerResponse>,
}

#[cw_serde]
pub struct UnstakeRequest {
    pub request: u64,
    pub shares: FundShares,
    pub matures_at: u64,
    pub expires_at: u64,
}

#[cw_serde]
pub struct CoverableResponse {
    pub amount: Amount,
}

/// F13, on chain: `target = open_notional * stress_loss_ratio`, rounded up.
#[cw_serde]
pub struct CoverageResponse {
    pub content: Amount,
    pub open_notional: Amount,
    pub target: Amount,
    /// `content / target`, rounded down; absent while nothing is to be covered.
    pub ratio: Option<Ratio>,
}

/// Keys that others may read raw.
pub mod layout {
    use crate::packed::PackedItem;
    use firebreak_risk::Amount;

    /// What the fund has paid to vaults in all its time. Written by `instantiate` and `Cover`.
    pub const COVERED: PackedItem<Amount> = PackedItem::new("covered", 1);
}

crate::facts! {
    FirstLossAdded = "first_loss_added" { sender: String, amount: Amount, first_loss_before: Amount, first_loss: Amount }
    Staked = "staked" { staker: String, amount: Amount, shares: FundShares }
    UnstakeRequested = "unstake_requested" { staker: String, request: u64, shares: FundShares, matures_at: u64 }
    UnstakeCanceled = "unstake_canceled" { staker: String, request: u64, shares: FundShares }
    Unstaked = "unstaked" { staker: String, request: u64, shares: FundShares, amount: Amount }
    FeesReceived = "fees_received" { sender: String, to_stakers: Amount, to_first_loss: Amount }
    /// One market's deficit: what was asked, and what first loss and stakers paid.
    DeficitCovered = "deficit_covered" {
        vault: String, market: MarketId, asked: Amount, from_first_loss: Amount, from_stakers: Amount,
    }
    Injected = "injected" { vault: String, asked: Amount, amount: Amount, first_loss: Amount }
    /// The stakers' tranche was used up, or has lost so much that its shares were scaled down: all records follow when they
    /// are next touched.
    SharesRolled = "shares_rolled" { wiped: u32, scaled: u32, shares_before: FundShares, shares: FundShares }
    VaultRegistered = "vault_registered" { vault: String }
    VaultUnregistered = "vault_unregistered" { vault: String }
    FundConfigured = "fund_configured" {
        cooldown_seconds_before: u64, cooldown_seconds: u64,
        claim_window_seconds_before: u64, claim_window_seconds: u64,
        fee_share_stakers_before: Ratio, fee_share_stakers: Ratio,
        cover_share_max_before: Ratio, cover_share_max: Ratio,
        cover_share_per_market_max_before: Ratio, cover_share_per_market_max: Ratio,
        cover_window_seconds_before: u64, cover_window_seconds: u64,
        deductible_ratio_before: Ratio, deductible_ratio: Ratio,
        inject_share_max_before: Ratio, inject_share_max: Ratio,
        cover_hold_seconds_before: u64, cover_hold_seconds: u64,
        stress_loss_ratio_before: Ratio, stress_loss_ratio: Ratio,
    }
}
