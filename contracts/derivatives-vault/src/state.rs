//! Every key of the vault: what it holds, who writes it, what bounds its size.

use firebreak_messages::derivatives_vault::{
    Account, ClosedSide, ExitReserve, LiquidityClaim, LiquidityProvider, LossLedger, MarketLosses, Order,
    StoredMarketConfig, VaultConfig, VaultSettlement,
};
use firebreak_messages::{PackedItem, PackedMap};
use firebreak_risk::{Amount, Outflow, OwnerFlow, Parked, PoolShares, Ratio, SettlementWindow, Throttle};

pub use firebreak_messages::derivatives_vault::layout::{MARKETS, POOL};

/// Addresses, parameters, ids of all markets. Written by `instantiate`, `Configure`, `ConfigureMarket`.
pub const CONFIG: PackedItem<VaultConfig> = PackedItem::new("config", 1);
/// market id -> parameters and where the cap started from. Written by `ConfigureMarket`. Apart from the state, which every trade rewrites.
pub const MARKET_CONFIGS: PackedMap<u16, StoredMarketConfig> = PackedMap::new("market_config", 1);
/// (owner, subaccount) -> account. Written by its owner's messages, by keepers who execute and liquidate; grows with users, never
/// looped over in a message.
pub const ACCOUNTS: PackedMap<(String, u8), Account> = PackedMap::new("account", 1);
/// (market, queue, sequence) -> order. At most `ORDERS_PER_ACCOUNT_MAX` for each account. Resting orders have an entry for
/// each of what may end their rest beside it (`shelves`): `shelf`, market, shelf, price or second, sequence -> queue.
pub const ORDERS: PackedMap<(u16, u8, u64), Order> = PackedMap::new("order", 1);
/// provider -> shares and requests. At most `LP_REQUESTS_MAX` requests each.
pub const PROVIDERS: PackedMap<String, LiquidityProvider> = PackedMap::new("provider", 1);
/// number -> claim on the pool, in the order of their placing. At most one for each request.
pub const CLAIMS: PackedMap<u64, LiquidityClaim> = PackedMap::new("claim", 1);
/// The reserve of the requests from before it was raised. Written by `Configure`, read when claims are executed.
pub const EXIT_RESERVE: PackedItem<ExitReserve> = PackedItem::new("exit_reserve", 1);
/// Shares of all claims that wait. Written with them.
pub const CLAIMED: PackedItem<PoolShares> = PackedItem::new("claimed", 1);
/// The outflow limiter: buckets, queues, deposits of the last hours. Written by deposits, withdrawals and exits, and by
/// a liquidation that seizes a parked exit; never by a trade.
pub const OUTFLOW: PackedItem<Outflow> = PackedItem::new("outflow", 1);
/// owner -> its deposits that have not raised capacity, its use of the reserve. Written by its deposits and withdrawals.
pub const OWNERS: PackedMap<String, OwnerFlow> = PackedMap::new("owner", 1);
/// (owner, subaccount) -> collateral that waits to leave. At most one for each account; a provider's is in its own record.
pub const PARKED: PackedMap<(String, u8), Parked> = PackedMap::new("parked", 1);
/// (market, epoch of vesting) -> what haircuts took from a nominal unit until the epoch was over. Written when an epoch with
/// haircuts ends, which a market does once in 16 half-lives at most; read by claims that nobody touched since.
pub const CLOSED_POTS: PackedMap<(u16, u32), Ratio> = PackedMap::new("closed_pot", 1);
/// market id -> what was liquidated lately. Written when a throttled market is liquidated.
pub const THROTTLES: PackedMap<u16, Throttle> = PackedMap::new("throttle", 1);
/// (market, 1 for the short side, epoch) -> what is left of an epoch that was rolled. Written by a roll, removed with the last stake.
pub const CLOSED_SIDES: PackedMap<(u16, u8, u32), ClosedSide> = PackedMap::new("closed_side", 1);
/// market -> its losses by who paid, and the use of the pool's cap. Written when a loss is booked.
pub const MARKET_LOSSES: PackedMap<u16, MarketLosses> = PackedMap::new("market_losses", 1);
/// What was lost and who paid. Written when a loss is booked.
pub const LOSSES: PackedItem<LossLedger> = PackedItem::new("losses", 1);
/// market id -> the rounds of its settlement's window so far; at most 60 minutes each. Written by `ExecuteOrders` within the window,
/// removed at its end.
pub const SETTLEMENT_WINDOWS: PackedMap<u16, SettlementWindow> = PackedMap::new("settlement_window", 1);
/// The vault's settlement. Written by `SettleVault`, `SettleAccounts`, `PaySettlement`.
pub const SETTLEMENT: PackedItem<VaultSettlement> = PackedItem::new("settlement", 1);
/// (owner, subaccount) -> the part of its cash that the vault's settlement added. Written by `SettleAccounts` where it is not zero,
/// removed by `PaySettlement`; grows with users, never looped over.
pub const SETTLED_PROFITS: PackedMap<(String, u8), Amount> = PackedMap::new("settled_profit", 1);
