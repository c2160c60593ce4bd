//! Messages and records of the `derivatives-vault`.

use crate::ids::{AccountId, FeedId, MarketId};
use cosmwasm_schema::{cw_serde, QueryResponses};
use firebreak_risk::{
    Amount, CapRamp, FundingParams, LiquidationParams, MarginParams, OutflowParams, PoolShares, PositionStake, Price,
    Ratio, Side, SignedAmount, SignedRatio, Size, Vesting,
};

mod events;
mod records;
pub use events::*;
pub use records::*;

/// Orders of one account that wait at a time.
pub const ORDERS_PER_ACCOUNT_MAX: usize = 16;
/// Orders popped by one `ExecuteOrders`.
pub const BATCH_MAX: u32 = 50;
/// Orders of one queue or shelf that one `ExecuteOrders` looks at without popping them. Each has its own: no number of orders
/// that wait in one keeps a keeper from the others.
pub const LOOKS_MAX: usize = 50;
/// Accounts whose health one `ExecuteOrders` looks at: each may bring eight markets.
pub const HEALTH_LOOKS_MAX: usize = 5;
/// Cancelled or expired resting orders that one `ExecuteOrders` looks at.
pub const LEAVING_LOOKS_MAX: usize = 20;
/// Largest ratio of equity to maintenance margin that an order may wait for.
pub const HEALTH_RATIO_MAX: Ratio = Ratio::percent(10_000);
/// Accounts in one `Liquidate`.
pub const LIQUIDATION_BATCH_MAX: usize = 10;
/// In which a market's `pool_loss_max` fills up again, seconds.
pub const LOSS_WINDOW_SECONDS: u64 = 86_400;
/// How far away the end of a contest may be, seconds.
pub const CONTEST_MAX_SECONDS: u64 = 1_209_600;
/// Accounts in one `PaySettlement`, and at most in one `SettleAccounts`.
pub const SETTLEMENT_BATCH_MAX: u32 = 50;
/// Notice of a settlement, seconds: at least the window, so that all of it lies in the time in which nobody adds exposure.
pub const SETTLEMENT_NOTICE_MAX_SECONDS: u64 = 2_592_000;
/// Windows that may be covered too little before a market settles at its mark, the last usable price: a feed that is gone must not
/// keep anybody in for ever.
pub const SETTLEMENT_MISSES_MAX: u8 = 24;
/// Claims of liquidity providers looked at by one `ExecuteClaims`.
pub const CLAIMS_BATCH_MAX: u32 = 10;
/// Withdrawal requests of one liquidity provider at a time.
pub const LP_REQUESTS_MAX: usize = 4;

#[cw_serde]
pub struct InstantiateMsg {
    /// May configure: the guardian.
    pub owner: String,
    pub denom: String,
    pub oracle: String,
    pub circuit_breaker: String,
    pub insurance_fund: String,
    pub parameters: VaultParameters,
    pub markets: Vec<MarketSetup>,
}

#[cw_serde]
pub struct MarketSetup {
    pub market: MarketId,
    pub config: MarketConfig,
}

/// Parameters of the whole vault.
#[cw_serde]
pub struct VaultParameters {
    /// Taken from the account when an order is placed and paid to the keeper who pops it. Bounds: 1 to 100 units.
    pub execution_fee: Amount,
    /// F16's delta: an order executes at a price published at least this long after it was placed. Bounds: 7 (what a
    /// report may be older than its round, and ahead of the block) to 300 s.
    pub order_delay_seconds: u64,
    /// Bounds: 3,600 to 2,592,000.
    pub lp_cooldown_seconds: u64,
    /// Seconds after the cool-down in which a withdrawal may be claimed. Bounds: 300 to a quarter of the cool-down: a request that stays
    /// matured for long would be a put on the pool.
    pub lp_claim_window_seconds: u64,
    /// eta: share of losses not yet collected that counts for a withdrawal. Bounds: at most 0.8. At 0 a provider who claims before a
    /// crash's liquidations is never paid more than one who claims after them; above it, what cannot be collected is shared.
    pub uncollected_share: Ratio,
    /// Move of each market's price that who provides liquidity pays for beforehand, as a ratio: the shares of whoever knows the next price
    /// are no cheaper for it. It stays with the pool. Bounds: at most 0.1.
    #[serde(default)]
    pub deposit_move: Ratio,
    /// Share of trading fees owed to an insurance fund that covers its stress loss; the rest is the pool's. Bounds: at most 1.
    pub insurance_fee_share: Ratio,
    /// F13: the share owed to an empty fund; in between it falls on a line. None: as above, whatever the fund holds. Bounds: from
    /// `insurance_fee_share` to 1.
    pub insurance_fee_share_max: Option<Ratio>,
    /// F13: the share of all open interest that the fund should hold, as the fund's own of this name. 0 asks for nothing, so that any
    /// fund covers it. Bounds: at most 1.
    #[serde(default)]
    pub stress_loss_ratio: Ratio,
    /// Coins of the pool that back each unit of a market's open interest: asked when exposure is raised and when liquidity
    /// leaves. Bounds: at most 1.
    pub reserve_ratio: Ratio,
    /// Share of an account's notional that must stay as equity when collateral leaves. Bounds: at most 1.
    pub withdrawal_margin_ratio: Ratio,
    /// after a freeze nobody adds exposure, and nobody is liquidated who was healthy at the freeze, for this long and at
    /// most for as long as the freeze was, seconds. Bounds: 60 to 3,600.
    pub grace_seconds: u64,
    /// Gas that the insurance fund may burn in a cover. Bounds: 100,000 to 3,000,000.
    pub cover_gas_limit: u64,
    /// How much collateral and liquidity may leave in an hour and in a day (F14); what exceeds it is parked.
    pub outflow: OutflowParams,
}

/// Parameters of one market.
#[cw_serde]
pub struct MarketConfig {
    /// Bounds: 1 to 32 bytes.
    pub symbol: String,
    pub feed: FeedId,
    /// F1's S: the skew that moves the fill price by 100 %. Bounds: above 0, at most 10^13 units.
    pub skew_scale: Size,
    pub margin: MarginParams,
    pub funding: FundingParams,
    pub liquidation: LiquidationParams,
    /// Share of the notional that a trade pays. Bounds: at most 0.05.
    pub taker_fee_ratio: Ratio,
    /// Largest open interest of each side. Bounds: above 0; `2 * open_interest_max / skew_scale` at most the maintenance margin
    /// ratio, and at most what lies between it and the initial one: a swing of the skew from one cap to the other moves nobody's
    /// exit price by more, so nobody can be liquidated, and nothing won, by trading at a constant price.
    pub open_interest_max: Size,
    /// Largest |long - short|; a trade that lowers it is taken above the cap too. Bounds: above 0.
    pub skew_max: Size,
    /// Largest part of a side's cap that one account may hold. Bounds: above 0, at most 1.
    pub account_share_max: Ratio,
    /// How fast a raised cap, and the whole cap of a market added later, opens: share of `open_interest_max` for each day. A
    /// lower cap acts at once. Bounds: above 0, at most 1.
    pub cap_ramp_daily: Ratio,
    /// What the insurance fund must hold for exposure to rise, as a share of the notional of the market's larger side.
    /// 0 asks for nothing. Bounds: at most 1.
    pub insurance_ratio_min: Ratio,
    /// Largest order that raises exposure. Bounds: above 0.
    pub order_size_max: Size,
    /// rounds further apart than this, seconds, are a gap: the chain stood still, or the feed was silent. Bounds: above 0.
    pub gap_seconds: u64,
    /// Rounds of different blocks behind a gap before anybody is liquidated and exposure rises again, for ten minutes at most.
    /// Bounds: at most 6; 0 turns the rule off.
    pub gap_rounds: u8,
    /// How far a price bound may lie from the price of the fill where only limit orders are taken. Bounds: at most 0.1.
    pub limit_band_ratio: Ratio,
    /// F17: realised profit vests by half in this time. 0 pays it out at once. Bounds: at most 604,800.
    pub vesting_half_life_seconds: u64,
    /// F11: what the pool pays of the market's deficits in a day before unvested profits and the winning side pay.
    pub pool_loss_max: Amount,
}

// A message is read once and taken apart: a box around the largest would only cost code.
#[allow(clippy::large_enum_variant)]
#[cw_serde]
pub enum ExecuteMsg {
    /// Owner of the account, with or without coins (coins are added as collateral first). Emits [`OrderPlaced`].
    PlaceOrder(OrderRequest),
    /// Owner of the accounts: up to 16 orders, all or none of them. Coins are added to the first one's account before
    /// anything is placed. Emits [`OrderPlaced`] for each.
    PlaceOrders { orders: Vec<OrderRequest> },
    /// Owner of the order. Removes it only for prices published `order_delay_seconds` after this block: an earlier one still
    /// fills it (no free option). Emits [`CancelRequested`].
    CancelOrder { order: OrderId },
    /// Owner of the account: the same for all its orders, or for those of one market. What has been asked to be cancelled is
    /// passed over. Emits [`CancelRequested`] for each.
    CancelOrders { subaccount: u8, market: Option<MarketId> },
    /// Anyone: pops up to `limit` orders of a market and accrues funding: reduce orders, triggered reduce orders, orders that
    /// wait for an account's health, orders that raise exposure, triggered ones of them, last what was cancelled or expired;
    /// each in price-time order. The sender gets every popped order's execution fee in one payment. Emits [`OrderFilled`],
    /// [`OrderDropped`], [`OrderSkipped`], [`OrderTriggered`]. A `limit` of 0 is taken at every level and pops none: it keeps the
    /// price of before a freeze, which the ring forgets in eight rounds.
    ExecuteOrders { market: MarketId, limit: u32 },
    /// Anyone, with coins: adds to an account; the sender's own by default. Never refused by a posture or a price.
    AddCollateral { account: Option<AccountId>, subaccount: u8 },
    /// Owner of the account. What stays covers initial margin at today's posture and the withdrawal margin. What the outflow
    /// limiter does not allow now is parked: out of the account, owed, served slot by slot. Emits [`CollateralWithdrawn`],
    /// [`WithdrawalParked`].
    WithdrawCollateral { subaccount: u8, amount: Amount },
    /// Anyone: liquidates what is unhealthy among up to 10 accounts; healthy ones are passed over with an event, and so is
    /// one of several that cannot be computed. The sender gets the keeper's share. Emits [`PositionLiquidated`], [`LossBooked`],
    /// [`AccountHealthy`], [`LiquidationFailed`].
    Liquidate { accounts: Vec<AccountId> },
    /// Anyone, with coins: buys pool shares, at least `shares_min`.
    ProvideLiquidity { shares_min: PoolShares },
    /// Starts the cool-down of shares; they bear losses while waiting.
    RequestLiquidityWithdrawal { shares: PoolShares },
    /// Takes a request back that is not claimed yet.
    CancelLiquidityWithdrawal { request: u64 },
    /// Owner of a matured request, with coins: exactly the execution fee. Like an order, the claim waits for prices of all open markets
    /// that are published `order_delay_seconds` after this block, and cannot be taken back. `amount_min` is for all its shares, and at most
    /// what they are worth in the pool's cash. Emits [`LiquidityClaimed`].
    ClaimLiquidityWithdrawal { request: u64, amount_min: Amount },
    /// Anyone: executes the next claims, at most 10, at the worst prices for them since the first that was theirs; the sender gets their
    /// execution fees. As far as open interest needs the pool's coins, all claims that wait leave by the same part, and their other
    /// shares stay matured requests for one more window. A claim that would be paid less than its minimum returns to active shares; one whose prices have left the
    /// ring waits for new ones. Refused while an open market holds exits back. Emits [`LiquidityWithdrawn`],
    /// [`WithdrawalParked`], [`LiquidityClaimDropped`].
    ExecuteClaims { limit: u32 },
    /// Anyone: serves the queue when its slot is due and pays what is served of a parked exit, to its owner. Refused while a market
    /// that it depends on lets nothing out. Emits [`ParkedCollected`].
    CollectParked(ParkedId),
    /// Owner of a parked exit: takes back what of it is not served. Collateral returns to its account; liquidity buys shares at the
    /// value of now. Emits [`ParkedCanceled`].
    CancelParked(ParkedId),
    /// Anyone: sends the fees owed to the insurance fund, and notes how much it holds. Works without fees too.
    SweepFees {},
    /// Anyone, with coins: adds to the pool's cash and buys no shares. The way out of a pool that owes more than it has.
    Recapitalize {},
    /// Anyone: compares coins held with coins owed, and the markets' open notional with the pool's, as they are stored, and notes
    /// since when one is broken. While it is, nothing raises exposure; every exit stays. Emits [`SolvencyReported`].
    ReportBreach {},
    /// Owner only. Adds a market or replaces its parameters. A market keeps its feed, and
    /// its skew scale while it has open interest.
    ConfigureMarket { market: MarketId, config: MarketConfig },
    /// Owner only. Realised profit of the market stops vesting, whoever holds it, until then (seconds, at most 14 days away); without
    /// a ruling it vests on. A time that is over ends a contest; an earlier end that is still to come leaves the later one, so that
    /// whoever contests shortens nothing. Emits [`MarketContested`].
    ContestMarket { market: MarketId, until: u64 },
    /// Owner only, the ruling: of a market that is contested now, all junior halves of unvested profit go to the pool but for a
    /// ten-thousandth. The senior halves stay, since they are margin: nobody becomes liquidatable. Emits [`ContestedCut`].
    CutContested(MarketId),
    /// Owner only.
    Configure { parameters: VaultParameters },
    /// Owner only: settles a market at the median price of the hour that ends at `at`, which is an hour to 30 days from now. Nobody adds
    /// exposure from now on. There is no way back, and no message that says a price. Emits [`MarketSettlementScheduled`].
    SettleMarket { market: MarketId, at: u64 },
    /// Owner only: settles every market so, and then pays out the whole vault. No equity is paid out to anybody from now on but by
    /// `PaySettlement`; keepers still get the fees of what they execute and liquidate, and of passing over accounts. Emits [`MarketSettlementScheduled`] for each market.
    SettleVault { at: u64 },
    /// Anyone, once every market of a vault that is being settled has its price: fixes the claims of the next accounts, by id, at most 50.
    /// The sender gets a tenth of an execution fee from each. The call that finds no account left fixes what each class is paid.
    /// Emits [`AccountSettled`], [`LossBooked`], [`SettlementFixed`].
    SettleAccounts { limit: u32 },
    /// Anyone, once the claims are fixed: pays up to 50 accounts' owners what they are owed, the owner's pool shares included. Any
    /// order gives the same payments; what is paid already is passed over. Emits [`SettlementPaid`].
    PaySettlement { accounts: Vec<AccountId> },
}

/// An order as its owner asks for it. It waits for the first price published `order_delay_seconds` after its block, or, with a
/// trigger, for the first such price that reaches the trigger.
#[cw_serde]
pub struct OrderRequest {
    pub subaccount: u8,
    pub market: MarketId,
    /// Signed: a buy is positive.
    pub size: Size,
    /// The worst fill price: the highest for a buy, the lowest for a sale.
    pub price_bound: Price,
    /// Closes at most the position it finds; a position that is opened after the one it was placed for is not its own.
    pub reduce_only: bool,
    /// `None`: a market order.
    pub trigger: Option<Trigger>,
    /// Prices published at this second or later do not fill the order; all that may happen to it then is that it is dropped.
    pub expires_at: Option<u64>,
}

impl OrderRequest {
    /// An order at the next price, good until it is popped.
    pub const fn market(subaccount: u8, market: MarketId, size: Size, price_bound: Price, reduce_only: bool) -> Self {
        Self { subaccount, market, size, price_bound, reduce_only, trigger: None, expires_at: None }
    }
}

#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    #[returns(ConfigResponse)]
    Config {},
    #[returns(MarketResponse)]
    Market { market: MarketId },
    /// Pages by id; limit at most 32.
    #[returns(MarketsResponse)]
    Markets { start_after: Option<MarketId>, limit: Option<u32> },
    /// Cash, positions, waiting orders and health at the latest prices.
    #[returns(AccountResponse)]
    Account { account: AccountId },
    /// Pages through an owner's subaccounts; limit at most 32.
    #[returns(AccountsResponse)]
    Accounts { start_after: Option<AccountId>, limit: Option<u32> },
    #[returns(OrderResponse)]
    Order { order: OrderId },
    /// Pages through a market's waiting and resting orders, queue by queue, each in the order of placing; limit at most 50.
    #[returns(OrdersResponse)]
    Orders { market: MarketId, start_after: Option<OrderId>, limit: Option<u32> },
    /// All orders of an account: at most 16.
    #[returns(OrdersResponse)]
    AccountOrders { account: AccountId },
    #[returns(PoolResponse)]
    Pool {},
    #[returns(LiquidityProviderResponse)]
    LiquidityProvider { address: String },
    /// Pages by address; limit at most 100.
    #[returns(LiquidityProvidersResponse)]
    LiquidityProviders { start_after: Option<String>, limit: Option<u32> },
    /// Level, cause, since when, until when and what is allowed, as the next message would find it.
    #[returns(StatusResponse)]
    Status { market: MarketId },
    /// The fill price of an order at the latest price, before the fee.
    #[returns(QuoteResponse)]
    Quote { market: MarketId, size: Size },
    /// Losses booked so far, by who paid: of all markets, or of one.
    #[returns(LossLedger)]
    Losses { market: Option<MarketId> },
    /// How far the settlement of the whole vault is. A market's own is in its state.
    #[returns(SettlementResponse)]
    Settlement {},
    /// What the last-frame check compares now: coins held, coins owed.
    #[returns(SolvencyResponse)]
    Solvency {},
    /// Claims that wait, in their order; limit at most 100.
    #[returns(LiquidityClaimsResponse)]
    LiquidityClaims { limit: Option<u32> },
    /// What may leave now at Normal, and what waits.
    #[returns(OutflowResponse)]
    Outflow {},
    #[returns(ParkedResponse)]
    Parked(ParkedId),
}

#[cw_serde]
pub struct MigrateMsg {}

#[cw_serde]
pub struct ConfigResponse {
    pub config: VaultConfig,
}

#[cw_serde]
pub struct MarketResponse {
    pub market: MarketId,
    pub config: MarketConfig,
    pub state: MarketState,
    /// The cap of each side now, on its way to `open_interest_max`.
    pub open_interest_cap: Size,
    pub open_interest_long: Size,
    /// Magnitude.
    pub open_interest_short: Size,
    pub skew: Size,
}

#[cw_serde]
pub struct MarketsResponse {
    pub markets: Vec<MarketResponse>,
}

#[cw_serde]
pub struct PositionResponse {
    pub market: MarketId,
    pub size: Size,
    /// What closing it now would pay, at the skew exit price, before the fee.
    pub pnl: SignedAmount,
    pub price: Price,
    pub initial_margin: Amount,
    pub maintenance_margin: Amount,
    /// F5: at this price of this market the account becomes liquidatable, other prices, skew and funding as they are. `None`: at
    /// none.
    pub liquidation_price: Option<Price>,
}

#[cw_serde]
pub struct AccountResponse {
    pub account: AccountId,
    pub cash: SignedAmount,
    pub positions: Vec<PositionResponse>,
    pub orders: Vec<OrderId>,
    /// Held for waiting orders.
    pub margin_held: Amount,
    /// Realised profit that has not vested: its senior half is in `equity`.
    pub unvested: Amount,
    pub equity: SignedAmount,
    pub initial_margin: Amount,
    pub maintenance_margin: Amount,
    pub liquidatable: bool,
}

#[cw_serde]
pub struct AccountsResponse {
    pub accounts: Vec<AccountId>,
}

#[cw_serde]
pub struct OrderResponse {
    pub order: OrderId,
    pub details: Order,
}

#[cw_serde]
pub struct OrdersResponse {
    pub orders: Vec<OrderResponse>,
}

#[cw_serde]
pub struct PoolResponse {
    pub pool: Pool,
    /// F9 at the latest prices: what a deposit and a withdrawal are counted at. `None` while a market's price is unusable.
    pub value: Option<PoolValueResponse>,
    /// F13: the share of a trading fee that is the insurance fund's now.
    pub insurance_fee_share: Ratio,
}

#[cw_serde]
pub struct PoolValueResponse {
    /// At which shares are bought: with `deposit_move`, above what the pool is worth.
    pub deposit: SignedAmount,
    pub withdraw: SignedAmount,
}

#[cw_serde]
pub struct LiquidityProviderResponse {
    pub address: String,
    pub provider: LiquidityProvider,
}

#[cw_serde]
pub struct LiquidityProvidersResponse {
    pub providers: Vec<LiquidityProviderResponse>,
}

#[cw_serde]
pub struct LiquidityClaimsResponse {
    pub claims: Vec<LiquidityClaim>,
}

#[cw_serde]
pub struct StatusResponse {
    pub market: MarketId,
    pub effective: crate::circuit_breaker::EffectivePosture,
    pub validity: crate::oracle::Validity,
    pub price: Option<Price>,
    pub price_round: u64,
    pub price_published_at: u64,
}

#[cw_serde]
pub struct QuoteResponse {
    pub fill_price: Price,
    pub notional: Amount,
    pub fee: Amount,
}

#[cw_serde]
pub struct SettlementResponse {
    pub phase: VaultPhase,
    pub settlement: VaultSettlement,
    /// Seconds of the window that rounds cover so far, for each market that waits for its price.
    pub windows: Vec<WindowResponse>,
}

#[cw_serde]
pub struct WindowResponse {
    pub market: MarketId,
    pub at: u64,
    pub covered_seconds: u64,
}

#[cw_serde]
pub struct SolvencyResponse {
    pub held: Amount,
    pub owed: Amount,
    /// Since when `ReportBreach` finds a check broken, seconds; 0: none is.
    pub breached_since: u64,
}

#[cw_serde]
pub struct OutflowResponse {
    /// For traders' collateral: of the hour and of the day, with what is shared.
    pub traders: Amount,
    pub traders_waiting: Amount,
    pub providers: Amount,
    pub providers_waiting: Amount,
    /// The part of open interest that claims on the pool leave behind in coins: `reserve_ratio`, or the lower one from before it was
    /// raised, as long as requests of that time may be claimed.
    pub providers_reserve: Ratio,
}

#[cw_serde]
pub struct ParkedResponse {
    /// Owed: what waits and what is ready.
    pub amount: Amount,
    /// Served and not collected yet; the next slot may add to it.
    pub ready: Amount,
}
