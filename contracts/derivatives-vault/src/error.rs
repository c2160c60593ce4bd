use cosmwasm_std::StdError;
use firebreak_messages::derivatives_vault::OrderId;
use firebreak_messages::oracle::Validity;
use firebreak_messages::{AccountId, Action, FeedId, MarketId, PackedError, Reason};
use firebreak_risk::{Amount, Level, PoolShares, Price, RiskError, SignedAmount, Size};
use thiserror::Error;

/// Every refusal says what was wanted and what was found. Nothing moves when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    #[error(transparent)]
    Std(#[from] StdError),
    #[error(transparent)]
    Packed(#[from] PackedError),
    #[error(transparent)]
    Risk(#[from] RiskError),

    #[error("only {wanted} may do this, the sender is {found}")]
    Unauthorized { wanted: String, found: String },
    #[error("this message takes no coins, {found} came with it")]
    UnexpectedFunds { found: String },
    #[error("coins of {wanted} only, and more than none of them, are accepted here: {found} came")]
    WrongFunds { wanted: String, found: String },
    #[error("{what} must be {wanted}, found {found}")]
    OutOfBounds { what: &'static str, wanted: String, found: String },

    /// level, cause, since, until, and what is still allowed.
    #[error(
        "{action} is not allowed at {level} (cause {reason}, since {since}, until {until}; 0 is open-ended); {allowed} stay allowed"
    )]
    Restricted { action: Action, level: Level, reason: Reason, since: u64, until: u64, allowed: &'static str },
    #[error("market {market}: {refusal}")]
    InMarket { market: MarketId, refusal: Box<ContractError> },
    #[error("{action} needs a valid price of market {market}: the latest is {found}, published at {published_at}, block time is {now}")]
    PriceUnusable { action: Action, market: MarketId, found: Validity, published_at: u64, now: u64 },

    #[error("there is no market {market}")]
    UnknownMarket { market: MarketId },
    #[error("at most {max} markets, this would be one more")]
    TooManyMarkets { max: usize },
    #[error("{what} of market {market} cannot change while it has open interest")]
    MarketInUse { market: MarketId, what: &'static str },
    #[error("market {market} follows feed {wanted} for good, {found} was given")]
    FeedFixed { market: MarketId, wanted: FeedId, found: FeedId },
    #[error("market {market} is being settled: its price is that of the hour until {at}")]
    SettlementScheduled { market: MarketId, at: u64 },
    #[error("market {market} has no settlement price yet, its window ends at {at}")]
    MarketNotSettled { market: MarketId, at: u64 },
    #[error("orders of market {market} come first: what the pool takes in or pays waits until they are executed")]
    OrdersFirst { market: MarketId },
    #[error("there is no order {order}")]
    UnknownOrder { order: OrderId },
    #[error("order {order} has been asked to be cancelled at {requested_at}")]
    AlreadyCanceled { order: OrderId, requested_at: u64 },
    #[error("account {account} has {max} orders waiting, that is the most")]
    TooManyOrders { account: AccountId, max: usize },
    #[error("an order of market {market} raises exposure by at most {wanted} now, this one is {found}")]
    OrderTooLarge { market: MarketId, wanted: Size, found: Size },
    #[error(
        "account {account} has no position in market {market} that {size} would reduce, nor an order that may open one"
    )]
    NothingToReduce { account: AccountId, market: MarketId, size: Size },

    #[error("account {account} holds {found}, {wanted} is needed")]
    InsufficientCash { account: AccountId, wanted: Amount, found: SignedAmount },
    #[error("equity {found} of account {account} would be below {wanted}, what its positions need")]
    MarginTooLow { account: AccountId, wanted: Amount, found: SignedAmount },

    #[error("one message takes at least {wanted} and at most {max} of these, found {found}")]
    BatchSize { wanted: usize, max: usize, found: usize },

    #[error("{found} shares are below the asked minimum {wanted}")]
    TooFewShares { wanted: PoolShares, found: PoolShares },
    #[error("{found} paid out is below the asked minimum {wanted}")]
    TooLittlePaid { wanted: Amount, found: Amount },
    #[error("{found} shares are held, {wanted} are asked for")]
    InsufficientShares { wanted: PoolShares, found: PoolShares },
    #[error("there is no withdrawal request {request}")]
    UnknownRequest { request: u64 },
    #[error("{max} withdrawal requests wait, that is the most")]
    TooManyRequests { max: usize },
    #[error("request {request} matures at {matures_at}, block time is {now}")]
    NotMatured { request: u64, matures_at: u64, now: u64 },
    #[error("request {request} expired at {expires_at}: its shares are active again")]
    RequestExpired { request: u64, expires_at: u64 },
    #[error("request {request} is claimed: the claim cannot be taken back")]
    AlreadyClaimed { request: u64 },
    #[error("liquidity deposited in this block cannot leave in it")]
    SameBlock,
    #[error("account {account} traded in this block: its owner provides and claims liquidity behind {found}")]
    TradedNow { account: AccountId, found: u64 },

    /// Profits beyond what the pool had: nothing more leaves before it is made whole, so nobody is paid with the collateral
    /// of those who come later.
    #[error("payments wait: the pool is short, {owed} is owed to traders and {held} would be held")]
    PoolShort { owed: Amount, held: Amount },
    /// The last frame: coins.
    #[error("refused by the solvency check: {owed} would be owed and {held} held")]
    CoinsMissing { owed: Amount, held: Amount },
    /// The last frame: F9.
    #[error("refused by the equity check: the pool's equity changed by {found}, the trade explains {wanted}")]
    EquityMismatch { wanted: SignedAmount, found: SignedAmount },

    /// Somebody reported that a check does not hold in stored state.
    #[error("{action} waits: a solvency check is broken since {since}")]
    Breached { action: Action, since: u64 },

    #[error("cannot migrate from {found}: this is {wanted}")]
    Migration { wanted: String, found: String },
    #[error("an entry of a shelf of market {market} cannot be read")]
    MalformedShelf { market: MarketId },
    #[error("there is no reply with id {id}")]
    UnknownReply { id: u64 },
    #[error("a price bound must be above 0 and at most {max}")]
    PriceBoundMissing { max: Price },
}
