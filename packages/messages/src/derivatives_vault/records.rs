//! The vault's stored records. Packed: the order of fields is the format.

use super::*;
use firebreak_risk::{ClosedEpoch, Nominal, Parked, RiskResult, Rounding, Scale};

/// Where an order waits. Orders that only reduce have places of their own, served first; orders that wait for a trigger rest
/// outside the two queues, so that they never stand in anybody's way. Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    Reduce,
    Increase,
    /// Waits for a price: stop-loss, take-profit.
    ReduceStop,
    /// Waits until the price reaches its bound.
    ReduceLimit,
    /// Waits until its account is thin.
    Health,
    IncreaseStop,
    IncreaseLimit,
}
crate::enum_text!(Queue {
    Reduce = "reduce",
    Increase = "increase",
    ReduceStop = "reduce-stop",
    ReduceLimit = "reduce-limit",
    Health = "health",
    IncreaseStop = "increase-stop",
    IncreaseLimit = "increase-limit",
});

impl Queue {
    /// Every place, in the order of their storage keys.
    pub const ALL: [Self; 7] = [
        Self::Reduce,
        Self::Increase,
        Self::ReduceStop,
        Self::ReduceLimit,
        Self::Health,
        Self::IncreaseStop,
        Self::IncreaseLimit,
    ];

    /// The queue's part of a storage key.
    pub const fn key(self) -> u8 {
        self as u8
    }

    /// Its orders close at most a position.
    pub const fn reduces(self) -> bool {
        match self {
            Self::Reduce | Self::ReduceStop | Self::ReduceLimit | Self::Health => true,
            Self::Increase | Self::IncreaseStop | Self::IncreaseLimit => false,
        }
    }

    /// Its orders wait for a trigger.
    pub const fn rests(self) -> bool {
        !matches!(self, Self::Reduce | Self::Increase)
    }

    /// Its orders stay when a price that triggers them misses their bound.
    pub const fn is_limit(self) -> bool {
        matches!(self, Self::ReduceLimit | Self::IncreaseLimit)
    }
}

/// What a resting order waits for. A price reaches a trigger with its whole band: the edge that a fill would pay lies beyond it.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Trigger {
    /// A price at which the order can fill within its bound, at a balanced book.
    Limit,
    /// A price at or above this one.
    Above(Price),
    /// A price at or below this one.
    Below(Price),
    /// Equity of the account below this multiple of its maintenance margin. Reduce-only.
    Health(Ratio),
}

/// An order's place: market, queue, and a number that only grows, over all markets.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    pub market: MarketId,
    pub queue: Queue,
    pub sequence: u64,
}

impl OrderId {
    /// The order's storage key: market, queue, sequence.
    pub const fn key(self) -> (u16, u8, u64) {
        (self.market.0, self.queue.key(), self.sequence)
    }
}

impl std::fmt::Display for OrderId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.market, self.queue, self.sequence)
    }
}

impl std::str::FromStr for OrderId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || format!("{text:?} is not market/queue/sequence");
        let mut parts = text.split('/');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(market), Some(queue), Some(sequence), None) => Ok(Self {
                market: market.parse().map_err(|_| refuse())?,
                queue: queue.parse()?,
                sequence: sequence.parse().map_err(|_| refuse())?,
            }),
            _ => Err(refuse()),
        }
    }
}

/// A waiting order.
#[cw_serde]
#[derive(Eq)]
pub struct Order {
    pub account: AccountId,
    /// Signed: a buy is positive.
    pub size: Size,
    pub price_bound: Price,
    /// Block time and height of the placing.
    pub placed_at: u64,
    pub placed_height: u64,
    /// Last round of the feed when it was placed, or the last one that reached a limit order and missed its bound: what came
    /// after it may be the order's.
    pub placed_round: u64,
    /// Escrowed for the keeper.
    pub execution_fee: Amount,
    /// Margin that is held for it until it is popped: else taking the margin away would be a late cancel for free.
    pub margin_held: Amount,
    pub cancel_requested_at: Option<u64>,
    /// As asked for; `None` once a health trigger has been reached: it is a market order then.
    pub trigger: Option<Trigger>,
    /// Where it rests on its shelf: the price that triggers it. Zero where no price does.
    pub trigger_price: Price,
    pub expires_at: Option<u64>,
    /// [`Position::opened_height`] of the position it was placed for; a later one is not its own. `None`: whichever it finds.
    pub position: Option<u64>,
    /// The block in which its own round could not fill it, because another price of the block had served its account (R-36) or the breaker had
    /// not seen the latest one for four rounds; 0: none. From then on it gets the worst price for its owner since that round, and nothing ends
    /// it within an hour: whoever can make it wait holds no option on what comes.
    pub passed_over_height: u64,
}

impl Order {
    pub const fn is_passed_over(&self) -> bool {
        self.passed_over_height > 0
    }

    /// Prices published from here on do not fill it: it was cancelled or has expired. `u64::MAX` where nothing ends it.
    pub fn ends_at(&self, delay_seconds: u64) -> u64 {
        let canceled = self.cancel_requested_at.map_or(u64::MAX, |at| at.saturating_add(delay_seconds));
        canceled.min(self.expires_at.unwrap_or(u64::MAX))
    }

    /// Whether the price that it waits for lies above (a rise triggers it) or below. `None`: it waits for no price.
    pub fn waits_above(&self) -> Option<bool> {
        match self.trigger {
            Some(Trigger::Limit) => Some(self.size.is_short()),
            Some(Trigger::Above(_)) => Some(true),
            Some(Trigger::Below(_)) => Some(false),
            Some(Trigger::Health(_)) | None => None,
        }
    }
}

/// One position of an account.
#[cw_serde]
#[derive(Eq)]
pub struct Position {
    pub market: MarketId,
    pub stake: PositionStake,
    /// Block in which it was opened from nothing, or from the other side.
    pub opened_height: u64,
    /// The side's scale when the account's size was last told: what it is short of it now was deleveraged since (R-40).
    pub scale: Scale,
}

/// The round that last served an account in a market.
#[cw_serde]
#[derive(Eq)]
pub struct ServedRound {
    pub market: MarketId,
    pub round: u64,
    /// Of this round, which may leave the ring within the block.
    pub price: Price,
    /// What the account's trades of the block have added to [`MarketState::flow_notional`].
    pub counted: Amount,
}

/// Realised profit of an account in one market that has not vested.
#[cw_serde]
#[derive(Eq)]
pub struct MarketClaim {
    pub market: MarketId,
    pub claim: firebreak_risk::Claim,
}

/// Everything of one account, under one key.
#[cw_serde]
#[derive(Default, Eq)]
pub struct Account {
    /// Settlement coin; a loss realised against an open profit may take it below zero for a while.
    pub cash: SignedAmount,
    /// Positions, claims and orders that may open a position are in [`crate::ids::MARKETS_PER_ACCOUNT_MAX`] markets together at most.
    pub positions: Vec<Position>,
    /// At most [`ORDERS_PER_ACCOUNT_MAX`].
    pub orders: Vec<OrderId>,
    /// Margin held for waiting orders: neither withdrawn nor counted for another order.
    pub margin_held: Amount,
    /// One at most for each market, in its order.
    pub claims: Vec<MarketClaim>,
    /// Block of `served`.
    pub served_height: u64,
    /// What was served at which round in that block: two prices of one block never both serve one account (R-36). At most one
    /// for each of [`crate::ids::MARKETS_MAX`]; forgotten with the block.
    pub served: Vec<ServedRound>,
    /// The market that lost most when closed epochs of sides left the account below zero: the deficit is that market's. Forgotten with
    /// the debt.
    pub lost_in: Option<MarketId>,
}

/// Everything of one market that a trade changes, under one key.
#[cw_serde]
#[derive(Eq)]
pub struct MarketState {
    pub long: Side,
    pub short: Side,
    /// Per day; positive: longs pay.
    pub funding_rate: SignedRatio,
    /// F3: daily, as the last touch found it; runs until the next.
    pub borrow_rate: Ratio,
    /// When funding was last accrued, seconds.
    pub accrued_at: u64,
    /// The price that the pool's equity last used: the mark.
    pub mark_price: Price,
    pub mark_round: u64,
    /// The skew when the mark last moved: until it moves again no trade makes anybody liquidatable (R-01).
    pub mark_skew: Size,
    /// Accumulators that the breaker reads raw: a trade pays nothing to be watched.
    pub traded_notional: Amount,
    pub liquidated_notional: Amount,
    /// Notional of both sides at the mark of the last trade: this market's part of [`Pool::open_notional`].
    pub open_notional: Amount,
    pub vesting: Vesting,
    /// The market is being settled (F18), or was: it never trades again.
    pub settlement: Option<MarketSettlement>,
    /// Number of the last order that waits for its account's health that a batch has looked at: the next batch goes on behind it.
    pub health_cursor: u64,
    /// What closed epochs of its sides are owed, and what others owe; each epoch on one of them.
    pub closed_owed: Amount,
    pub closed_due: Amount,
    /// While a freeze of the market is felt (R-47).
    pub freeze: Option<FreezeSnapshot>,
    /// Accounts that paid a fee or a penalty, each once in a block, and the notional that they traded: the first trade of an account in
    /// a block whole, the others up to the market's largest order together. So nobody makes flow by going to and fro, nor hides an
    /// order behind a smaller one, and this is what flow detectors may count. They saturate.
    pub flow_trades: u64,
    pub flow_notional: Amount,
}

/// What the positions of a market were worth when it was frozen: liquidation asks for it until the grace after the freeze is over.
#[cw_serde]
#[derive(Eq)]
pub struct FreezeSnapshot {
    /// End of the grace, seconds.
    pub ends_at: u64,
    pub mark_price: Price,
    /// Half-width of the band of that price; zero when nobody knows.
    pub band: Price,
    pub long: Side,
    pub short: Side,
}

impl Account {
    /// How many markets the account has something in, with this one: positions, claims, and orders that may open a position.
    pub fn markets_with(&self, market: MarketId) -> usize {
        let positions = self.positions.iter().map(|position| position.market);
        let claims = self.claims.iter().map(|held| held.market);
        let entries = self.orders.iter().filter(|order| !order.queue.reduces()).map(|order| order.market);
        let mut markets = vec![market];
        for other in positions.chain(claims).chain(entries) {
            if !markets.contains(&other) {
                markets.push(other);
            }
        }
        markets.len()
    }
}

/// The settlement of one market.
///
/// ```text
/// scheduled (reduce-only) --an hour before `at`--> window (nobody trades) --price--> settled: positions close when touched
///                                                    ^        | rounds covered too little
///                                                    +--------+ a new hour from then on; at the mark after SETTLEMENT_MISSES_MAX
/// ```
#[cw_serde]
#[derive(Eq)]
pub struct MarketSettlement {
    /// When it was scheduled, seconds.
    pub since: u64,
    /// End of the window, seconds.
    pub at: u64,
    /// Windows that rounds covered too little.
    pub misses: u8,
    /// What everybody closes at, once it is known.
    pub price: Option<Price>,
}

impl MarketState {
    /// Whether anybody has a position.
    pub fn has_open_interest(&self) -> RiskResult<bool> {
        Ok(!self.long.open_interest()?.is_zero() || !self.short.open_interest()?.is_zero())
    }

    /// Notional of the larger side at the mark, rounded up.
    pub fn larger_notional_at_mark(&self) -> RiskResult<Amount> {
        let long = self.long.open_interest()?.notional(self.mark_price, Rounding::Ceil)?;
        let short = self.short.open_interest()?.notional(self.mark_price, Rounding::Ceil)?;
        Ok(long.max(short))
    }

    /// Notional of both sides at the mark, each rounded up.
    pub fn notional_at_mark(&self) -> RiskResult<Amount> {
        let long = self.long.open_interest()?.notional(self.mark_price, Rounding::Ceil)?;
        let short = self.short.open_interest()?.notional(self.mark_price, Rounding::Ceil)?;
        long.plus(short)
    }
}

/// Cash of the pool and everything the vault owes, under one key.
#[cw_serde]
#[derive(Default, Eq)]
pub struct Pool {
    /// The pool's own: what it was paid in, won, lost. Includes losses realised but not collected (`receivable`).
    pub cash: SignedAmount,
    /// Sum of all accounts' cash, negative ones included.
    pub traders_cash: SignedAmount,
    /// Sum of what accounts with negative cash owe: part of `cash` that is not coins yet.
    pub receivable: Amount,
    /// Execution fees of waiting orders.
    pub escrow: Amount,
    /// Fees owed to the insurance fund.
    pub insurance_fees: Amount,
    /// Exits that the outflow limiter holds back: out of accounts and pool, and owed.
    pub parked: Amount,
    pub shares: PoolShares,
    /// Shares whose owners asked to leave; part of `shares`.
    pub shares_leaving: PoolShares,
    /// Notional of all markets' open interest, each at the mark of its last trade: what the pool's coins must back.
    pub open_notional: Amount,
    /// The next order's number, over all markets: placing an order writes this record anyway, and so not the market's.
    pub next_order: u64,
    /// Owed to claims of realised profit, all markets: what accounts have not collected, vested or not.
    pub unvested: Amount,
    /// What the insurance fund held when its fees were last swept or it last answered a cover: a trade must not ask it.
    pub insurance_size: Amount,
    /// Since when a check of the last frame is broken in stored state, as somebody reported it, seconds; 0: none is.
    pub breached_since: u64,
    /// Coins that were missing then: nothing may make it more, and nobody's exit waits for it to be less.
    pub shortfall: Amount,
}

/// A request to leave the pool.
#[cw_serde]
#[derive(Eq)]
pub struct LiquidityRequest {
    pub request: u64,
    pub shares: PoolShares,
    pub matures_at: u64,
    pub expires_at: u64,
    /// The number of its claim, once it is claimed: from then on it cannot be taken back.
    pub claim: Option<u64>,
}

/// What a reserve that was raised leaves to the requests from before (exit right).
#[cw_serde]
#[derive(Default, Eq)]
pub struct ExitReserve {
    /// The lower reserve, which claims leave behind until `until`, block time in seconds; both zero: none.
    pub ratio: Ratio,
    pub until: u64,
    /// The end of the last window of all requests that were made before the last configuration.
    pub asked_until: u64,
    /// When the last of the requests from before the raise matures: to them the lower reserve is left for good.
    pub matures_until: u64,
    /// When the last of all requests that were made before the last configuration matures.
    pub asked_matures: u64,
}

/// A claimed request that waits for its prices.
#[cw_serde]
#[derive(Eq)]
pub struct LiquidityClaim {
    pub provider: String,
    pub request: u64,
    pub shares: PoolShares,
    /// For all of the shares.
    pub amount_min: Amount,
    /// Block time and height of the placing.
    pub placed_at: u64,
    pub placed_height: u64,
    /// Escrowed for whoever executes it.
    pub execution_fee: Amount,
}

#[cw_serde]
#[derive(Default, Eq)]
pub struct LiquidityProvider {
    /// Without the requested ones.
    pub shares: PoolShares,
    /// At most [`LP_REQUESTS_MAX`].
    pub requests: Vec<LiquidityRequest>,
    pub next_request: u64,
    /// Height of the last deposit: no claim in the same block (R-35).
    pub last_deposit_height: u64,
    /// What it claimed and the outflow limiter holds back.
    pub parked: Parked,
}

/// Whose parked exit: an account's collateral, or, with `liquidity`, what its owner claimed from the pool (the subaccount is not
/// looked at).
#[cw_serde]
#[derive(Eq)]
pub struct ParkedId {
    pub account: AccountId,
    pub liquidity: bool,
}

/// Parameters of a market with where its cap started from.
#[cw_serde]
pub struct StoredMarketConfig {
    pub config: MarketConfig,
    pub ramp: CapRamp,
}

/// Where the settlement of the whole vault stands. Grows only at the end.
///
/// ```text
/// Open --SettleVault--> Settling (markets get their prices) --> Fixing (claims, by id) --> Paying (any order)
/// ```
#[cw_serde]
#[derive(Copy, Default, Eq, PartialOrd, Ord)]
pub enum VaultPhase {
    #[default]
    Open,
    Settling,
    Fixing,
    Paying,
}

/// Sums of the vault's settlement, under one key.
#[cw_serde]
#[derive(Default, Eq)]
pub struct VaultSettlement {
    /// When it was scheduled, seconds.
    pub since: u64,
    /// The last account whose claim is fixed.
    pub cursor: Option<AccountId>,
    pub accounts: u64,
    /// Claims of each class together; what was parked and what the accounts' cash was before the
    /// settlement, and what the settlement added to it.
    pub principal: Amount,
    pub profit: Amount,
    /// All shares of the pool when the claims were fixed.
    pub shares: PoolShares,
    /// What each class is paid together: `principal_payable / principal` is the fraction of every claim of the class. Zero until fixed.
    pub principal_payable: Amount,
    pub profit_payable: Amount,
    pub liquidity_payable: Amount,
    pub fees_payable: Amount,
    /// Paid out so far.
    pub paid: Amount,
}

/// Addresses and parameters of the vault.
#[cw_serde]
pub struct VaultConfig {
    pub owner: String,
    pub denom: String,
    pub oracle: String,
    pub circuit_breaker: String,
    pub insurance_fund: String,
    pub parameters: VaultParameters,
    /// Ascending. At most [`crate::ids::MARKETS_MAX`].
    pub markets: Vec<MarketId>,
    /// Here, because every message reads this record anyway.
    pub phase: VaultPhase,
}

/// Sums of losses, by who paid: `own + insurance + pool + unvested_profit + deleveraging + residual == deficit`, and by what was
/// lost: `uncollected + paid_out == deficit`.
#[cw_serde]
#[derive(Default, Eq)]
pub struct LossLedger {
    pub deficit: Amount,
    pub own: Amount,
    pub insurance: Amount,
    pub pool: Amount,
    pub unvested_profit: Amount,
    pub deleveraging: Amount,
    pub residual: Amount,
    /// Owed to the pool and never paid: its mark fell.
    pub uncollected: Amount,
    /// Had left as cash: fees.
    pub paid_out: Amount,
    /// Covers that the fund answered with an error, and since when in a row (seconds; 0 when it last succeeded).
    pub cover_failures: u64,
    pub cover_failing_since: u64,
}

impl LossLedger {
    /// One step of the waterfall.
    ///
    /// Errors: an overflow.
    pub fn book(&mut self, payer: Payer, amount: Amount) -> RiskResult<()> {
        let entry = match payer {
            Payer::Own => &mut self.own,
            Payer::Insurance => &mut self.insurance,
            Payer::Pool => &mut self.pool,
            Payer::UnvestedProfit => &mut self.unvested_profit,
            Payer::Deleveraging => &mut self.deleveraging,
            Payer::Residual => &mut self.residual,
        };
        *entry = entry.plus(amount)?;
        self.deficit = self.deficit.plus(amount)?;
        Ok(())
    }
}

/// One market's losses, and what the pool has used of its cap.
#[cw_serde]
#[derive(Default, Eq)]
pub struct MarketLosses {
    /// Without the fund's failures, which belong to no market.
    pub ledger: LossLedger,
    pub pool_used: Amount,
    pub pool_used_at: u64,
}

/// A side's epoch that was rolled with positions inside.
#[cw_serde]
#[derive(Eq)]
pub struct ClosedSide {
    pub epoch: ClosedEpoch,
    /// Of the stakes that have not settled.
    pub nominal: Nominal,
    /// What they are owed together; negative is due to the pool.
    pub owed: SignedAmount,
}

/// Keys that others may read raw.
pub mod layout {
    use super::{MarketState, Pool};
    use crate::packed::{PackedItem, PackedMap};

    /// market id -> its state. At most [`crate::ids::MARKETS_MAX`].
    pub const MARKETS: PackedMap<u16, MarketState> = PackedMap::new("market", 1);
    pub const POOL: PackedItem<Pool> = PackedItem::new("pool", 1);
}
