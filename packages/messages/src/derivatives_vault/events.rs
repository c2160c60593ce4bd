//! The vault's facts.

use super::*;
use firebreak_risk::Scale;

/// Why an order was not filled: dropped, or, where the order's kind or the reason says so, passed over for now.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum DropReason {
    /// The fill price was worse than the order's bound.
    BoundMissed,
    /// The owner asked to cancel before the price was published.
    Canceled,
    /// The posture does not take this order now.
    Restricted,
    /// The account would be below initial margin, or would reduce into insolvency.
    Margin,
    /// Open interest or order size above its cap.
    Cap,
    /// A reduce-only order without anything to reduce.
    NothingToReduce,
    /// The first eligible price has left the ring.
    RoundMissed,
    /// The order's figures cannot be computed (an overflow), or the last-frame equality refused it.
    Computation,
    /// Another market of the account has no valid price: its exposure cannot be judged.
    PriceUnusable,
    /// The market is settled: the execution fee went back to the account.
    Settled,
    /// The time after which it might only be dropped has come.
    Expired,
    /// The account has been served at another price of this market in this block. Passed over: the next block may fill it.
    AnotherPrice,
}
crate::enum_text!(DropReason {
    BoundMissed = "bound-missed",
    Canceled = "canceled",
    Restricted = "restricted",
    Margin = "margin",
    Cap = "cap",
    NothingToReduce = "nothing-to-reduce",
    RoundMissed = "round-missed",
    Computation = "computation",
    PriceUnusable = "price-unusable",
    Settled = "settled",
    Expired = "expired",
    AnotherPrice = "another-price",
});

/// Who paid a part of a loss.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Payer {
    Own,
    Insurance,
    Pool,
    UnvestedProfit,
    Deleveraging,
    Residual,
}
crate::enum_text!(Payer {
    Own = "own",
    Insurance = "insurance",
    Pool = "pool",
    UnvestedProfit = "unvested-profit",
    Deleveraging = "deleveraging",
    Residual = "residual",
});

crate::facts! {
    OrderPlaced = "order_placed" {
        order: OrderId, account: AccountId, size: Size, price_bound: Price, execution_fee: Amount,
    }
    CancelRequested = "cancel_requested" { order: OrderId, requested_at: u64 }
    /// A fill; `size_after` is the account's position in the market, `insurance` the part of the fee that is the fund's.
    OrderFilled = "order_filled" {
        order: OrderId, account: AccountId, size: Size, size_after: Size, fill_price: Price, fee: Amount,
        insurance: Amount, realised_pnl: SignedAmount, round: u64,
    }
    OrderDropped = "order_dropped" { order: OrderId, account: AccountId, reason: DropReason, size: Size }
    /// An order that could not be filled at a round that is its own, and stays.
    OrderSkipped = "order_skipped" { order: OrderId, account: AccountId, reason: DropReason, round: u64 }
    /// An account is as thin as the order waited for: it is a market order now, placed in this block.
    OrderTriggered = "order_triggered" { order: OrderId, account: AccountId, becomes: OrderId }
    CollateralAdded = "collateral_added" { account: AccountId, amount: Amount, cash: SignedAmount }
    CollateralWithdrawn = "collateral_withdrawn" { account: AccountId, amount: Amount, cash: SignedAmount }
    /// What the outflow limiter does not allow now; with `liquidity` a claim on the pool.
    WithdrawalParked = "withdrawal_parked" { account: AccountId, liquidity: bool, amount: Amount }
    /// `left` is owed still.
    ParkedCollected = "parked_collected" { account: AccountId, liquidity: bool, amount: Amount, left: Amount }
    ParkedCanceled = "parked_canceled" { account: AccountId, liquidity: bool, amount: Amount, left: Amount }
    /// Parked collateral that paid a deficit of its own account.
    ParkedSeized = "parked_seized" { account: AccountId, amount: Amount }
    PositionLiquidated = "position_liquidated" {
        account: AccountId, market: MarketId, keeper: String, size_closed: Size, size_after: Size, price: Price,
        notional: Amount, penalty: Amount, keeper_fee: Amount, realised_pnl: SignedAmount,
    }
    /// Of a batch: the account's figures cannot be computed, or break an equality; everything of it is as it was.
    LiquidationFailed = "liquidation_failed" { account: AccountId, reason: DropReason }
    /// F7: a close of `wanted` got room for `granted` of it.
    LiquidationThrottled = "liquidation_throttled" { account: AccountId, market: MarketId, wanted: Size, granted: Size }
    /// What `ReportBreach` found; `breached_since` 0 is that every check holds.
    SolvencyReported = "solvency_reported" { held: Amount, owed: Amount, breached_since: u64 }
    /// Passed over by `Liquidate`.
    AccountHealthy = "account_healthy" { account: AccountId, equity: SignedAmount, maintenance_margin: Amount }
    /// One step of the waterfall. The steps of one deficit add up to it.
    LossBooked = "loss_booked" { market: MarketId, payer: Payer, amount: Amount }
    /// A side closed a share of all its positions, at one price; `scale` is what each nominal unit still holds.
    Deleveraged = "deleveraged" { market: MarketId, short: bool, size: Size, price: Price, amount: Amount, scale: Scale }
    /// The rest of all positions of a side closed; what they are owed waits for their accounts.
    SideRolled = "side_rolled" { market: MarketId, short: bool, epoch: u32, price: Price, owed: SignedAmount }
    /// An account's part of what `Deleveraged` and `SideRolled` did to its side since it was last touched, told when it is. The
    /// sizes of a side's accounts fall by what its events say, up to an atom for each account. `realised_pnl`: of a roll, which closes all of the
    /// position; else zero, as the proceeds stay in its value.
    PositionDeleveraged = "position_deleveraged" {
        account: AccountId, market: MarketId, size_before: Size, size_after: Size, realised_pnl: SignedAmount,
    }
    /// The fund did not answer a cover; the next payer pays.
    CoverFailed = "cover_failed" { callee: String, failing_since: u64, asked: Amount }
    FundingAccrued = "funding_accrued" { market: MarketId, rate_before: SignedRatio, rate: SignedRatio, per_unit: SignedRatio }
    PoolRecapitalized = "pool_recapitalized" { sender: String, amount: Amount, pool_cash: SignedAmount }
    LiquidityProvided = "liquidity_provided" { provider: String, amount: Amount, shares: PoolShares }
    LiquidityWithdrawalRequested = "liquidity_withdrawal_requested" {
        provider: String, request: u64, shares: PoolShares, matures_at: u64, expires_at: u64,
    }
    LiquidityWithdrawalCanceled = "liquidity_withdrawal_canceled" { provider: String, request: u64, shares: PoolShares }
    /// Waits for its prices. Again with `placed_at` of now when its prices left the ring before anybody executed it.
    LiquidityClaimed = "liquidity_claimed" { provider: String, request: u64, shares: PoolShares, placed_at: u64 }
    /// A claim that was not paid: its shares are active again.
    LiquidityClaimDropped = "liquidity_claim_dropped" {
        provider: String, request: u64, shares: PoolShares, reason: DropReason,
    }
    /// `shares` are those that left; where the pool's coins were needed, fewer than were claimed: the others stay
    /// a matured request for one more window.
    LiquidityWithdrawn = "liquidity_withdrawn" { provider: String, request: u64, shares: PoolShares, amount: Amount }
    /// The fund did not take the fees; they stay owed.
    SweepFailed = "sweep_failed" { callee: String, amount: Amount }
    FeesSwept = "fees_swept" { amount: Amount }
    MarketConfigured = "market_configured" { market: MarketId, symbol: String }
    /// Realised profit of the market does not vest until then.
    MarketContested = "market_contested" { market: MarketId, until: u64 }
    /// So much of the market's unvested profit went to the pool.
    ContestedCut = "contested_cut" { market: MarketId, amount: Amount }
    /// Nobody adds exposure from now on; the price is the median of the hour that ends at `at`.
    MarketSettlementScheduled = "market_settlement_scheduled" { market: MarketId, at: u64 }
    /// Rounds covered too little of the window; the next one ends at `at`.
    SettlementPostponed = "settlement_postponed" { market: MarketId, at: u64, covered_seconds: u64 }
    /// Everybody in the market closes at `price`. `skew` is what left in one step, `premium` what the pool kept of it.
    MarketSettled = "market_settled" { market: MarketId, price: Price, skew: Size, premium: Amount }
    /// A position closed at its market's settlement price.
    PositionSettled = "position_settled" { account: AccountId, market: MarketId, size: Size, realised_pnl: SignedAmount }
    /// An account's claims in the settlement of the vault.
    AccountSettled = "account_settled" { account: AccountId, principal: Amount, profit: Amount }
    /// What each class is paid together.
    SettlementFixed = "settlement_fixed" { principal: Amount, profit: Amount, liquidity: Amount, fees: Amount }
    SettlementPaid = "settlement_paid" { account: AccountId, claim: Amount, liquidity: Amount, amount: Amount }
}
